//! The cache: policy and storage together (RFC 9111 sections 3 and 4).
//!
//! The rule: every request is shown to [`look_up`](Cache::look_up) first, whatever its method, and every response of the origin
//! to [`received`](Cache::received); they say what to do. Between the two nothing is locked: what happened meanwhile, an
//! invalidation above all, is taken into account when the response comes.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::AtomicUsize;

use proto_core::End;

use super::hit::is_in_reach;
use super::policy::has_content;
use super::stored::{head_to_keep, index};
use super::storing::{Claim, parse_length};
use super::update::{agrees, merge};
use super::{
    Content, Decision, Directives, Exchange, Forward, Freshness, Hit, Key, Memory, NotStored, Policy, Rules,
    Storage, Stored, Storing, invalidates,
};
use crate::conditional::EntityTag;
use crate::date::HttpDate;
use crate::{FieldSection, Known, Method, ResponseBuilder, ResponseHead, StatusCode};

/// Keeps responses and answers requests with them.
///
/// ```
/// use http1::cache::{Ask, Cache, Key, LookUp, Memory, Reaction, Rules};
/// use http1::date::HttpDate;
/// use http1::proto_core::End;
/// use http1::{Fields, RequestHead, ResponseHead};
///
/// let now = HttpDate::from_unix(784_111_777).unwrap();
/// let mut cache = Cache::new(Memory::new(1 << 20), Rules::SHARED);
/// let (mut fields, mut more) = (Fields::new(), Fields::new());
/// let request = RequestHead::parse(b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", &mut fields)?.unwrap().0;
/// let key = Key::of(&request, false).unwrap();
/// let ask = Ask::of(&key, &request);
///
/// let LookUp::Forward(forwarding) = cache.look_up(&ask, now) else { panic!("nothing is stored yet") };
/// let text = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 5\r\n\r\n";
/// let response = ResponseHead::parse(text, &mut more)?.unwrap().0;
/// let Reaction::Forward(Ok(mut storing)) = cache.received(&ask, &forwarding, &response, now, now) else { panic!() };
/// storing.data(b"hello");
/// cache.finish(storing, End::Clean);
///
/// let LookUp::Hit(hit) = cache.look_up(&ask, now) else { panic!("it is fresh") };
/// let answer = hit.answer(&ask, "");
/// assert_eq!(answer.content, [&b"hello"[..]]);
/// # Ok::<(), http1::Error>(())
/// ```
#[derive(Debug)]
pub struct Cache<S = Memory> {
    storage: S,
    rules: Rules,
    limits: Limits,
    /// Counts what happens.
    tick: u64,
    /// What was invalidated when: a hash of the key, and the tick.
    invalidated: VecDeque<(u64, u64)>,
    /// What began no later than this may have been invalidated without trace.
    forgotten: u64,
    under_way: Arc<AtomicUsize>,
}

/// What can grow in a [`Cache`], its storage apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets of the content of one response. 8 MiB.
    pub response: u64,
    /// Octets of content that is being stored and not finished, all together. 64 MiB.
    pub under_way: usize,
    /// Responses under one key, chosen from by `Vary`. 16: an origin that varies by something unique fills no storage.
    pub variants: usize,
}

/// A request, as the cache sees it.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The URI it is for.
    pub key: &'a Key,
    /// Its method.
    pub method: Method<'a>,
    /// Its fields, as the client sent them.
    pub fields: FieldSection<'a>,
}

/// What to do with a request.
#[derive(Clone, Debug)]
pub enum LookUp {
    /// Answer it from the cache.
    Hit(Hit),
    /// Ask the origin.
    Forward(Forwarding),
    /// Answer 504: the client wants nothing but what is in the cache, and there is nothing (section 5.2.1.7).
    GatewayTimeout,
}

/// A request on its way to the origin.
#[derive(Clone, Debug)]
pub struct Forwarding {
    reason: Forward,
    /// What is to be validated.
    stored: Option<Stored>,
    /// When it began.
    tick: u64,
}

/// What to do with a response.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "the large one is the usual one, and it is taken apart at once"
)]
pub enum Reaction {
    /// Send it on to the client, and give its content to the [`Storing`], if it is stored.
    Forward(Result<Storing, NotStored>),
    /// Answer the client with this instead: it was validated just now, or the origin fails and it may be used stale.
    Serve(Hit),
    /// It is about something that is gone. Ask again, without conditions of the cache's own.
    AskAgain(Forwarding),
}

/// Invalidations that are remembered.
const REMEMBERED: usize = 1024;

impl Limits {
    /// The defaults.
    pub const DEFAULT: Limits = Limits { response: 8 << 20, under_way: 64 << 20, variants: 16 };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl<'a> Ask<'a> {
    /// The request with this head.
    #[must_use]
    pub fn of(key: &'a Key, head: &crate::RequestHead<'a>) -> Self {
        Ask { key, method: head.method(), fields: head.fields() }
    }

    /// It asks for a representation, and nothing that only the origin can decide on.
    fn bypass(&self) -> Option<Forward> {
        if !matches!(self.method, Method::Get | Method::Head) {
            return Some(Forward::Method);
        }
        // Section 4.3.2: "A cache MUST NOT evaluate conditional header fields that only apply to an origin server".
        let is_for_origin = self.fields.has(Known::IfMatch) || self.fields.has(Known::IfUnmodifiedSince);
        (is_for_origin || has_content(self.fields)).then_some(Forward::Bypass)
    }

    fn exchange(&self, requested: HttpDate, received: HttpDate) -> Exchange<'a> {
        Exchange { method: Method::Get, request: self.fields, requested, received }
    }
}

impl<S: Storage> Cache<S> {
    /// A cache over this storage, with the default [`Limits`].
    pub fn new(storage: S, rules: Rules) -> Self {
        Self::with_limits(storage, rules, Limits::DEFAULT)
    }

    /// A cache with limits of your own.
    pub fn with_limits(storage: S, rules: Rules, limits: Limits) -> Self {
        Cache {
            storage,
            rules,
            limits,
            tick: 0,
            invalidated: VecDeque::new(),
            forgotten: 0,
            under_way: Arc::default(),
        }
    }

    /// The storage.
    pub fn storage(&self) -> &S {
        &self.storage
    }

    /// What to do with this request (section 4).
    pub fn look_up(&mut self, ask: &Ask<'_>, now: HttpDate) -> LookUp {
        match self.find(ask, now) {
            LookUp::Forward(_) if Directives::of(ask.fields).only_if_cached => LookUp::GatewayTimeout,
            found => found,
        }
    }

    fn find(&mut self, ask: &Ask<'_>, now: HttpDate) -> LookUp {
        let tick = self.tick;
        let forward = |reason, stored| LookUp::Forward(Forwarding { reason, stored, tick });
        if let Some(reason) = ask.bypass() {
            return forward(reason, None);
        }
        let responses = self.storage.responses(ask.key);
        if responses.is_empty() {
            return forward(Forward::UriMiss, None);
        }
        // "When more than one suitable response is stored, a cache MUST use the most recent one".
        let fitting = responses.iter().filter(|stored| stored.policy().fits(ask.fields));
        let in_reach = fitting.clone().filter(|stored| is_in_reach(stored, ask));
        let Some(stored) = in_reach.max_by_key(|stored| stored.policy().date()) else {
            let reason = if fitting.count() == 0 { Forward::VaryMiss } else { Forward::Partial };
            return forward(reason, None);
        };
        let hit = |age, freshness| LookUp::Hit(Hit::new(stored.clone(), age, freshness, tick));
        match stored.policy().decide(ask.fields, now) {
            Decision::Fresh { age } => hit(age, Freshness::Fresh),
            Decision::Stale { age } => hit(age, Freshness::Stale),
            Decision::StaleWhileRevalidate { age } => hit(age, Freshness::StaleWhileRevalidate),
            Decision::Validate { age } if age < stored.policy().lifetime() => {
                forward(Forward::Request, Some(stored.clone()))
            }
            Decision::Validate { .. } => forward(Forward::Stale, Some(stored.clone())),
            Decision::GatewayTimeout => LookUp::GatewayTimeout,
        }
    }

    /// What to do with this response to a request that was forwarded: `sent` then, and answered `now`. Interim responses are
    /// none of the cache's business.
    pub fn received(
        &mut self,
        ask: &Ask<'_>,
        forwarding: &Forwarding,
        response: &ResponseHead<'_>,
        sent: HttpDate,
        now: HttpDate,
    ) -> Reaction {
        let status = response.status();
        if invalidates(ask.method, status) {
            self.invalidate(ask.key, response.fields());
        }
        let exchange = ask.exchange(sent, now);
        match ask.method {
            Method::Get | Method::Head if status == StatusCode::NOT_MODIFIED => {
                return self.not_modified(ask, forwarding, response, &exchange);
            }
            // RFC 5861 section 4: these are errors.
            Method::Get | Method::Head if matches!(status.code(), 500 | 502..=504) => {
                if let Some(hit) = self.unreachable(ask, forwarding, now) {
                    return Reaction::Serve(hit);
                }
            }
            Method::Head if status == StatusCode::OK => {
                self.update_by_head(ask, forwarding, response, &exchange)
            }
            _ => {}
        }
        match ask.method {
            Method::Get => Reaction::Forward(self.begin(ask, forwarding, response, &exchange)),
            _ => Reaction::Forward(Err(NotStored::Method)),
        }
    }

    /// The origin can't be reached, or fails: what may be used all the same, stale (RFC 5861 section 4). What was invalidated
    /// since the request was forwarded is not even good enough for that.
    pub fn unreachable(&self, ask: &Ask<'_>, forwarding: &Forwarding, now: HttpDate) -> Option<Hit> {
        let is_invalid = self.was_invalidated_since(ask.key, forwarding.tick);
        forwarding.after_error(ask, now).filter(|_| !is_invalid)
    }

    /// The content of a response has ended, as it should or not. What was stored of it, if anything.
    ///
    /// What is there of a response cut short is kept as a part, if a strong validator says of what (section 3.3).
    pub fn finish(&mut self, mut storing: Storing, end: End) -> Option<Stored> {
        let content = storing.content(end == End::Cut)?;
        let stored = if content.is_whole() && !storing.is_part() {
            self.tick += 1;
            Stored::new(self.tick, storing.head, storing.policy, content).ok()?
        } else {
            self.join(&mut storing, content)?
        };
        self.keep(&storing.key, storing.began, &stored, &storing.replaces).then_some(stored)
    }

    /// Section 4.4: what is stored for this URI is no longer good, nor what a response with these fields names: "a cache MUST
    /// invalidate the target URI [...] and it MAY invalidate the URIs in the Location and Content-Location".
    pub fn invalidate(&mut self, key: &Key, response: FieldSection<'_>) {
        self.forget(key);
        for name in [Known::Location, Known::ContentLocation] {
            if let Some(named) = response.first(name).and_then(|value| key.neighbour(value)) {
                self.forget(&named);
            }
        }
    }

    /// Forgets all that is stored under this key, and what is under way there.
    pub fn forget(&mut self, key: &Key) {
        self.storage.replace(key, Vec::new());
        self.tick += 1;
        self.invalidated.push_back((hash(key), self.tick));
        if self.invalidated.len() > REMEMBERED
            && let Some((_, tick)) = self.invalidated.pop_front()
        {
            self.forgotten = tick;
        }
    }

    fn was_invalidated_since(&self, key: &Key, began: u64) -> bool {
        let hash = hash(key);
        began < self.forgotten || self.invalidated.iter().any(|&(of, tick)| of == hash && tick > began)
    }

    /// Section 4.3.3 and 4.3.4.
    fn not_modified(
        &mut self,
        ask: &Ask<'_>,
        forwarding: &Forwarding,
        response: &ResponseHead<'_>,
        exchange: &Exchange<'_>,
    ) -> Reaction {
        let Some(stored) = forwarding.validated() else {
            // The condition was the client's own, and so is the answer.
            return Reaction::Forward(Err(NotStored::Status));
        };
        let tick = self.tick;
        if !is_about(stored, response.fields()) {
            self.drop_one(ask.key, stored.id());
            return Reaction::AskAgain(Forwarding { stored: None, tick, ..*forwarding });
        }
        let freshened = self.freshened(stored, response, exchange).ok();
        let Some((fresh, is_kept)) = freshened.filter(|(fresh, _)| is_in_reach(fresh, ask)) else {
            return Reaction::AskAgain(Forwarding { stored: None, tick, ..*forwarding });
        };
        match is_kept {
            Ok(()) => {
                self.keep(ask.key, forwarding.tick, &fresh, &[stored.id()]);
            }
            Err(reason) => self.drop_unless_personal(ask, response, stored, reason),
        }
        let age = fresh.policy().age(exchange.received);
        let hit = Hit::new(fresh, age, Freshness::Validated, tick);
        Reaction::Serve(hit.with_cookies(response.fields()))
    }

    /// What is stored, with the fields of a newer response to the same; and whether it may be kept.
    fn freshened(
        &mut self,
        stored: &Stored,
        response: &ResponseHead<'_>,
        exchange: &Exchange<'_>,
    ) -> Result<(Stored, Result<(), NotStored>), NotStored> {
        let newer = head_to_keep(response.status(), response.fields(), self.rules, exchange.received)?;
        let head = merged_head(stored, &newer)?;
        let of_head = index(&head)?;
        let fields = FieldSection::new(head.lines().as_bytes(), &of_head);
        let policy = Policy::of_any(exchange, stored.status(), fields, self.rules);
        let kept = policy.as_ref().map(|_| ()).map_err(|reason| *reason);
        let policy =
            policy.unwrap_or_else(|_| stored.policy().clone()).with_age_of(exchange, response.fields());
        self.tick += 1;
        Stored::new(self.tick, head, policy, stored.content().clone()).map(|stored| (stored, kept))
    }

    /// Section 4.3.5.
    fn update_by_head(
        &mut self,
        ask: &Ask<'_>,
        forwarding: &Forwarding,
        response: &ResponseHead<'_>,
        exchange: &Exchange<'_>,
    ) {
        for stored in self.fitting(ask).into_iter().filter(|stored| stored.status() == StatusCode::OK) {
            if !is_described(response.fields(), &stored) {
                self.drop_one(ask.key, stored.id());
            } else if let Ok((fresh, Ok(()))) = self.freshened(&stored, response, exchange) {
                self.keep(ask.key, forwarding.tick, &fresh, &[stored.id()]);
            }
        }
    }

    /// What may be chosen for this request.
    fn fitting(&mut self, ask: &Ask<'_>) -> Vec<Stored> {
        let responses = self.storage.responses(ask.key);
        responses.iter().filter(|stored| stored.policy().fits(ask.fields)).cloned().collect()
    }

    fn begin(
        &mut self,
        ask: &Ask<'_>,
        forwarding: &Forwarding,
        response: &ResponseHead<'_>,
        exchange: &Exchange<'_>,
    ) -> Result<Storing, NotStored> {
        let claim = Claim::new(&self.under_way, self.limits.under_way);
        let storing = Storing::new(ask.key, exchange, response, self.rules, (self.limits.response, claim));
        let fitting = self.fitting(ask);
        let mut storing = match (storing, &forwarding.stored) {
            (Ok(storing), _) => storing,
            // Section 4.3.3: a full response takes the place of what was validated, though it is not stored itself.
            (Err(reason), Some(stored)) if response.status().code() < 500 => {
                self.drop_unless_personal(ask, response, stored, reason);
                return Err(reason);
            }
            (Err(reason), _) => return Err(reason),
        };
        // RFC 9110 section 15.3.7: a 206 to a request with If-Range may leave out what the client knows already.
        let is_bare = storing.is_part() && ask.fields.has(Known::IfRange);
        if is_bare && !fitting.iter().any(|stored| storing.continues(stored)) {
            return Err(NotStored::Part);
        }
        storing.began = forwarding.tick;
        storing.replaces = fitting.iter().map(Stored::id).collect();
        Ok(storing)
    }

    /// Section 3.4: what came, put together with what is there of the same.
    fn join(&mut self, storing: &mut Storing, content: Content) -> Option<Stored> {
        if !storing.has_strong_validator() {
            return None;
        }
        let mut fitting =
            self.storage.responses(&storing.key).iter().filter(|stored| storing.is_rival_of(stored));
        let Some(other) = fitting.clone().find(|stored| storing.continues(stored)).cloned() else {
            // Half of something new is no reason to forget all of something old.
            let is_worse = !storing.is_part() && fitting.next().is_some();
            self.tick += 1;
            let (head, policy) = (storing.head.clone(), storing.policy.clone());
            return Stored::new(self.tick, head, policy, content).ok().filter(|_| !is_worse);
        };
        let content = other.content().joined(&content).unwrap_or(content);
        let head = merged_head(&other, &storing.head).ok()?;
        self.tick += 1;
        let stored = Stored::new(self.tick, head, storing.policy.clone(), content).ok()?;
        storing.replaces.push(other.id());
        Some(stored).filter(|stored| stored.content().stored_length() <= self.limits.response)
    }

    /// Keeps it, in place of those of these numbers and of those chosen by the same. `false`: there is something newer, or
    /// what is stored was invalidated since it was asked for.
    fn keep(&mut self, key: &Key, began: u64, stored: &Stored, replaces: &[u64]) -> bool {
        if self.was_invalidated_since(key, began) {
            return false;
        }
        let policy = stored.policy();
        let (rivals, others): (Vec<&Stored>, Vec<&Stored>) =
            self.storage.responses(key).iter().partition(|old| old.policy().is_selected_like(policy));
        if rivals.iter().any(|old| old.policy().date() > policy.date()) {
            return false;
        }
        let others = others.into_iter().filter(|old| !replaces.contains(&old.id()));
        let mut kept: Vec<Stored> = others.chain([stored]).cloned().collect();
        kept.drain(..kept.len().saturating_sub(self.limits.variants.max(1)));
        self.storage.replace(key, kept);
        true
    }

    /// What is stored was replaced by a response that is not. One that was not for all only because of who asked says nothing
    /// about what others get: they may still use what is stored, after asking.
    fn drop_unless_personal(
        &mut self,
        ask: &Ask<'_>,
        response: &ResponseHead<'_>,
        stored: &Stored,
        reason: NotStored,
    ) {
        let is_by_user = reason == NotStored::Private && ask.fields.has(Known::Authorization);
        if !is_by_user || Directives::of(response.fields()).private {
            self.drop_one(ask.key, stored.id());
        }
    }

    fn drop_one(&mut self, key: &Key, id: u64) {
        let kept = self.storage.responses(key).iter().filter(|stored| stored.id() != id).cloned().collect();
        self.storage.replace(key, kept);
    }
}

impl Forwarding {
    /// Why the cache does not answer it: for [`CacheStatus`](super::CacheStatus).
    #[must_use]
    pub fn reason(&self) -> Forward {
        self.reason
    }

    /// The fields to ask with, in place of the client's `If-None-Match` and `If-Modified-Since` (section 4.3.1). If there are
    /// none the client's stay.
    pub fn conditions(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        self.stored.iter().flat_map(|stored| stored.policy().validation())
    }

    /// A field of the client's that is not sent on, for the cache asks with its own.
    #[must_use]
    pub fn replaces(&self, name: &str) -> bool {
        let is_condition =
            ["If-None-Match", "If-Modified-Since"].iter().any(|field| name.eq_ignore_ascii_case(field));
        is_condition && self.validated().is_some()
    }

    /// The origin can't be reached: what may be used all the same, stale (RFC 5861 section 4). It knows nothing of what
    /// happened since: where the cache is at hand, ask it: [`Cache::unreachable`].
    #[must_use]
    pub fn after_error(&self, ask: &Ask<'_>, now: HttpDate) -> Option<Hit> {
        let stored = self.stored.as_ref()?;
        let policy = stored.policy();
        let hit = || Hit::new(stored.clone(), policy.age(now), Freshness::Stale, self.tick);
        policy.serves_after_error(ask.fields, now).then(hit)
    }

    /// What is asked about.
    fn validated(&self) -> Option<&Stored> {
        self.stored.as_ref().filter(|stored| stored.policy().validation().next().is_some())
    }

    pub(super) fn of(stored: Stored, tick: u64) -> Self {
        Forwarding { reason: Forward::Stale, stored: Some(stored), tick }
    }
}

/// Section 4.3.4: a 304 with these fields does not speak of another version.
fn is_about(stored: &Stored, not_modified: FieldSection<'_>) -> bool {
    let ours = stored.fields();
    match (not_modified.first(Known::ETag), ours.first(Known::ETag)) {
        (Some(theirs), Some(ours)) => match (EntityTag::parse(theirs), EntityTag::parse(ours)) {
            (Ok(theirs), Ok(ours)) => theirs.weak_eq(&ours),
            _ => theirs == ours,
        },
        (Some(_), None) => false,
        (None, _) => agrees(Known::LastModified, not_modified, ours),
    }
}

/// Section 4.3.5: nothing that a `HEAD` is answered with contradicts what is stored. A stored response has its length with its
/// content.
fn is_described(head: FieldSection<'_>, stored: &Stored) -> bool {
    let length = head.first(Known::ContentLength).and_then(parse_length);
    let complete = stored.content().complete_length();
    let has_length = length.zip(complete).is_none_or(|(length, complete)| length == complete);
    let validators = [Known::ETag, Known::LastModified];
    has_length && validators.into_iter().all(|name| agrees(name, head, stored.fields()))
}

/// Section 3.2.
fn merged_head(stored: &Stored, newer: &ResponseBuilder) -> Result<ResponseBuilder, NotStored> {
    let of_newer = index(newer)?;
    let newer = FieldSection::new(newer.lines().as_bytes(), &of_newer);
    let mut head = ResponseBuilder::new(stored.status());
    merge(head.fields(), stored.fields(), newer).map_err(|_| NotStored::Head)?;
    Ok(head)
}

/// FNV-1a. What collides is only not stored.
fn hash(key: &Key) -> u64 {
    let step = |hash: u64, octet| (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3);
    key.as_str().bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

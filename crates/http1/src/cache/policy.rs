//! May it be stored, is it fresh, does it fit: RFC 9111 sections 3 and 4, one pure function each.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::Directives;
use super::directives::seconds;
use crate::date::HttpDate;
use crate::{FieldSection, Known, Method, StatusCode};

/// For whom a cache keeps things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// For several users.
    pub is_shared: bool,
    /// Percent of the time since `Last-Modified` that a response without any word on it is fresh (section 4.2.2).
    pub heuristic: u8,
    /// But not longer than this, in seconds.
    pub heuristic_max: u32,
}

/// A request and when it and its response travelled.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// The method of the request.
    pub method: Method<'a>,
    /// Its fields.
    pub request: FieldSection<'a>,
    /// When it was sent.
    pub requested: HttpDate,
    /// When the head of the response came.
    pub received: HttpDate,
}

/// What to remember of a response besides itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    rules: Rules,
    said: Directives,
    received: HttpDate,
    /// What `Date` said.
    date: HttpDate,
    /// Section 4.2.3: `corrected_initial_age`.
    initial_age: u64,
    lifetime: u64,
    etag: Option<Box<[u8]>>,
    last_modified: Option<Box<[u8]>>,
    modified: Option<HttpDate>,
    /// By the names in `Vary`.
    selected_by: Vec<Selecting>,
}

/// A field that chose a response (section 4.1), and what the request said in it. Printing it does not tell: it may be
/// credentials.
#[derive(Clone, PartialEq, Eq)]
struct Selecting {
    name: Box<str>,
    known: Option<Known>,
    /// Each element of the list with a comma behind it.
    value: Vec<u8>,
}

/// Whether a stored response is an answer, given that it [fits](Policy::fits). Ages are in seconds, for the field `Age`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Answer with it.
    Fresh {
        /// How old it is.
        age: u64,
    },
    /// Answer with it, though it is stale: the client accepts that.
    Stale {
        /// How old it is.
        age: u64,
    },
    /// Answer with it, and validate it meanwhile (RFC 5861 section 3).
    StaleWhileRevalidate {
        /// How old it is.
        age: u64,
    },
    /// Ask the origin, with the fields of [`Policy::validation`].
    Validate {
        /// How old it is.
        age: u64,
    },
    /// Answer 504: the client wants nothing but what is in the cache, and this may not be used (section 5.2.1.7).
    GatewayTimeout,
}

/// Names in `Vary` that are compared at each look-up. A response that varies by more fits next to nobody.
const MAX_SELECTING: usize = 32;

/// Why a response is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum NotStored {
    /// Another method than `GET`.
    #[error("responses to this method are not stored")]
    Method,
    /// The request had content: who knows what it changed in the response.
    #[error("responses to requests with content are not stored")]
    Content,
    /// Nothing to find it by: the request is for no `http` or `https` URI.
    #[error("there is no URI to store it for")]
    NoKey,
    /// More than [`Limits`](super::Limits) allow.
    #[error("it is too large to be stored")]
    TooLarge,
    /// The head has fields that can't be sent on.
    #[error("its head can't be sent again")]
    Head,
    /// A part without `Content-Range` or strong validator, or with several ranges: it fits nothing.
    #[error("it is not known what it is a part of")]
    Part,
    /// Interim or 304, or about this one request: a failed condition, a range that does not exist.
    #[error("a response of this status is not stored")]
    Status,
    /// The client or the server forbids it.
    #[error("'no-store' forbids it")]
    NoStore,
    /// For one user, and this cache has several: `private`, credentials in the request, or a cookie set.
    #[error("it is for one user only")]
    Private,
    /// Nothing says for how long, and the status does not allow a guess.
    #[error("nothing says that it may be stored")]
    NotExplicit,
    /// `Vary: *`, what is no list of names, or a very long one.
    #[error("no other request can be told to get the same")]
    Vary,
}

impl Exchange<'_> {
    /// The request has content, or is about to have some.
    fn has_content(&self) -> bool {
        has_content(self.request)
    }
}

/// A request with these fields has content (RFC 9110 section 9.3.1: for a `GET` it has no meaning that is known).
pub(super) fn has_content(request: FieldSection<'_>) -> bool {
    let is_empty = |length: &[u8]| length.iter().all(|&digit| digit == b'0');
    request.has(Known::TransferEncoding) || !request.all(Known::ContentLength).all(is_empty)
}

impl Rules {
    /// A proxy's: a tenth of the time since it was modified, at most a day.
    pub const SHARED: Rules = Rules { is_shared: true, heuristic: 10, heuristic_max: 86_400 };
    /// A user's own.
    pub const PRIVATE: Rules = Rules { is_shared: false, ..Rules::SHARED };
}

impl Policy {
    /// Whether the response may be stored, and then what to remember (section 3).
    ///
    /// A body that was cut short is not to be stored as if it were whole (section 3.3): that the caller has to see to.
    ///
    /// # Errors
    /// Why it may not be stored.
    pub fn of(
        exchange: &Exchange<'_>,
        status: StatusCode,
        response: FieldSection<'_>,
        rules: Rules,
    ) -> Result<Self, NotStored> {
        if status == StatusCode::PARTIAL_CONTENT {
            return Err(NotStored::Status);
        }
        Self::of_any(exchange, status, response, rules)
    }

    /// The same, for parts too.
    pub(super) fn of_any(
        exchange: &Exchange<'_>,
        status: StatusCode,
        response: FieldSection<'_>,
        rules: Rules,
    ) -> Result<Self, NotStored> {
        let said = Directives::of(response);
        may_store(exchange, status, response, &said, rules)?;
        let names = response.elements(Known::Vary).take(MAX_SELECTING + 1);
        let selected_by = names.map(|name| Selecting::of(name, exchange.request)).collect::<Option<Vec<_>>>();
        let selected_by = selected_by.filter(|names| names.len() <= MAX_SELECTING).ok_or(NotStored::Vary)?;
        let date = read_date(response, Known::Date, exchange.received).unwrap_or(exchange.received);
        Ok(Policy {
            rules,
            said,
            received: exchange.received,
            date,
            initial_age: initial_age(exchange, response, date),
            lifetime: lifetime(status, response, &said, date, rules),
            etag: response.first(Known::ETag).map(Into::into),
            last_modified: response.first(Known::LastModified).map(Into::into),
            modified: read_date(response, Known::LastModified, date),
            selected_by,
        })
    }

    /// Section 4.1: the request has, for each name in `Vary`, what the one had that got this response.
    #[must_use]
    pub fn fits(&self, request: FieldSection<'_>) -> bool {
        self.selected_by.iter().all(|selecting| selecting.is_same_in(request))
    }

    /// What to do for a request with these fields (sections 4.2 and 5.2.1).
    #[must_use]
    pub fn decide(&self, request: FieldSection<'_>, now: HttpDate) -> Decision {
        let wants = Directives::of(request);
        let age = self.age(now);
        let decision = self.decide_by(&wants, is_pragma(request, &wants), age);
        match decision {
            Decision::Validate { .. } if wants.only_if_cached => Decision::GatewayTimeout,
            decision => decision,
        }
    }

    fn decide_by(&self, wants: &Directives, reload: bool, age: u64) -> Decision {
        let is_too_old = wants.max_age.is_some_and(|max| age > max.into());
        if self.said.no_cache || wants.no_cache || reload || is_too_old {
            return Decision::Validate { age };
        }
        if age.saturating_add(wants.min_fresh.unwrap_or(0).into()) < self.lifetime {
            return Decision::Fresh { age };
        }
        let stale_for = age.saturating_sub(self.lifetime);
        let is_stale = age >= self.lifetime;
        match () {
            () if !is_stale || !self.may_be_stale() => Decision::Validate { age },
            () if wants.max_stale.is_some_and(|max| max == u32::MAX || stale_for <= max.into()) => {
                Decision::Stale { age }
            }
            () if self.said.stale_while_revalidate.is_some_and(|max| stale_for < max.into()) => {
                Decision::StaleWhileRevalidate { age }
            }
            () => Decision::Validate { age },
        }
    }

    /// Validation failed, with a 5xx or no answer: it may be used all the same (RFC 5861 section 4; RFC 9111 section
    /// 4.2.4). The request may ask for it too.
    #[must_use]
    pub fn serves_after_error(&self, request: FieldSection<'_>, now: HttpDate) -> bool {
        let wants = Directives::of(request);
        let longest = self.said.stale_if_error.max(wants.stale_if_error);
        let stale_for = self.age(now).saturating_sub(self.lifetime);
        let is_wanted = !wants.no_cache && !is_pragma(request, &wants) && !self.said.no_cache;
        let is_too_old = wants.max_age.is_some_and(|max| self.age(now) > max.into());
        is_wanted && !is_too_old && self.may_be_stale() && longest.is_some_and(|max| stale_for < max.into())
    }

    /// Section 4.2.3: `current_age`, in seconds.
    #[must_use]
    pub fn age(&self, now: HttpDate) -> u64 {
        self.initial_age.saturating_add(since(self.received, now))
    }

    /// Section 4.2.1: for how many seconds it is fresh.
    #[must_use]
    pub fn lifetime(&self) -> u64 {
        self.lifetime
    }

    /// It does not change while it is fresh: not even a reload needs to ask (RFC 8246).
    #[must_use]
    pub fn is_immutable(&self, now: HttpDate) -> bool {
        self.said.immutable && self.age(now) < self.lifetime
    }

    /// The fields that ask whether it is still good (section 4.3.1); none if it can't be asked.
    pub fn validation(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        let tag = self.etag.as_deref().map(|tag| ("If-None-Match", tag));
        let date = self.last_modified.as_deref().map(|date| ("If-Modified-Since", date));
        tag.into_iter().chain(date)
    }

    /// The same, for what a later response has brought up to date: its age is that of the later one.
    pub(super) fn with_age_of(self, exchange: &Exchange<'_>, newer: FieldSection<'_>) -> Self {
        let date = read_date(newer, Known::Date, exchange.received).unwrap_or(exchange.received);
        Policy { date, received: exchange.received, initial_age: initial_age(exchange, newer, date), ..self }
    }

    /// When the origin made it, as far as it said so.
    pub(super) fn date(&self) -> HttpDate {
        self.date
    }

    /// `Last-Modified`, if it can be read.
    pub(super) fn last_modified(&self) -> Option<HttpDate> {
        self.modified
    }

    /// Octets that it takes beyond its own.
    pub(super) fn size(&self) -> usize {
        let of_tags = [&self.etag, &self.last_modified].into_iter().flatten().map(|tag| tag.len());
        let of_fields = self
            .selected_by
            .iter()
            .map(|field| size_of::<Selecting>() + field.name.len() + field.value.len());
        of_tags.chain(of_fields).sum()
    }

    /// Section 4.1: both were chosen by the same fields with the same values.
    pub(super) fn is_selected_like(&self, other: &Policy) -> bool {
        self.selected_by == other.selected_by
    }

    /// Section 4.2.4: nothing forbids to use it stale.
    fn may_be_stale(&self) -> bool {
        let forbids_shared = self.said.proxy_revalidate || self.said.s_maxage.is_some();
        let is_forbidden = self.said.must_revalidate || (self.rules.is_shared && forbids_shared);
        !is_forbidden
    }
}

/// Section 3, and section 3.5 on requests with credentials.
fn may_store(
    exchange: &Exchange<'_>,
    status: StatusCode,
    response: FieldSection<'_>,
    said: &Directives,
    rules: Rules,
) -> Result<(), NotStored> {
    if exchange.method != Method::Get {
        return Err(NotStored::Method);
    }
    if exchange.has_content() {
        return Err(NotStored::Content);
    }
    // Interim and 304 are about something else; the rest is about a condition, range or connection of this request.
    if status.is_interim() || matches!(status.code(), 304 | 407 | 408 | 412 | 416 | 417 | 421 | 425) {
        return Err(NotStored::Status);
    }
    let is_understood = said.must_understand && is_known(status);
    if said.must_understand && !is_understood {
        return Err(NotStored::Status);
    }
    if Directives::of(exchange.request).no_store || (said.no_store && !is_understood) {
        return Err(NotStored::NoStore);
    }
    let is_for_all = said.public || said.s_maxage.is_some();
    // "must-revalidate" lets credentials be shared too, but a cookie that is set is somebody's.
    let is_credential = exchange.request.has(Known::Authorization) && !is_for_all && !said.must_revalidate;
    let is_cookie = response.has(Known::SetCookie) && !is_for_all && !is_withheld(response, b"Set-Cookie");
    let is_personal = said.private || is_credential || is_cookie;
    if rules.is_shared && is_personal {
        return Err(NotStored::Private);
    }
    let is_timed = said.max_age.is_some() || (rules.is_shared && said.s_maxage.is_some());
    let is_explicit = is_timed || said.public || said.private || response.has(Known::Expires);
    if is_explicit || is_heuristic(status) { Ok(()) } else { Err(NotStored::NotExplicit) }
}

/// `private` or `no-cache` names this field: it is not stored with the rest.
fn is_withheld(response: FieldSection<'_>, field: &[u8]) -> bool {
    let named = |directive| Directives::fields_named_by(response, directive);
    named("private").into_iter().chain(named("no-cache")).any(|name| name.eq_ignore_ascii_case(field))
}

/// RFC 9110 section 15.1: statuses that are "heuristically cacheable".
fn is_heuristic(status: StatusCode) -> bool {
    matches!(status.code(), 200 | 203 | 204 | 206 | 300 | 301 | 308 | 404 | 405 | 410 | 414 | 501)
}

/// Statuses whose demands on caches are met here: all of RFC 9110 that are stored at all.
fn is_known(status: StatusCode) -> bool {
    matches!(status.code(), 200..=206 | 300..=303 | 305 | 307 | 308 | 400..=417 | 421 | 422 | 426 | 500..=505)
}

/// Section 4.2.1, in its order. A date that can't be read, "0" among them, is in the past (section 5.3).
fn lifetime(
    status: StatusCode,
    response: FieldSection<'_>,
    said: &Directives,
    date: HttpDate,
    rules: Rules,
) -> u64 {
    let shared = said.s_maxage.filter(|_| rules.is_shared);
    if let Some(seconds) = shared.or(said.max_age) {
        return seconds.into();
    }
    if response.has(Known::Expires) {
        return read_date(response, Known::Expires, date).map_or(0, |expires| since(date, expires));
    }
    // Section 4.2.2: "MUST NOT use heuristics [...] when an explicit expiration time is present".
    if !is_heuristic(status) && !said.public {
        return 0;
    }
    let modified = read_date(response, Known::LastModified, date);
    let guess = modified.map_or(0, |modified| since(modified, date) / 100 * u64::from(rules.heuristic));
    guess.min(rules.heuristic_max.into())
}

/// Section 4.2.3: `corrected_initial_age`.
fn initial_age(exchange: &Exchange<'_>, response: FieldSection<'_>, date: HttpDate) -> u64 {
    let apparent_age = since(date, exchange.received);
    // Section 5.1: of a list or several lines the first counts, and what is no number is ignored.
    let age = response.elements(Known::Age).next().and_then(seconds).unwrap_or(0);
    let response_delay = since(exchange.requested, exchange.received);
    apparent_age.max(u64::from(age).saturating_add(response_delay))
}

/// A date that is there once; several are none.
fn read_date(fields: FieldSection<'_>, name: Known, now: HttpDate) -> Option<HttpDate> {
    let mut lines = fields.all(name);
    let line = lines.next().filter(|_| lines.next().is_none())?;
    HttpDate::parse(line, now).ok()
}

/// Seconds from one to the other; 0 if it is the other way around.
fn since(earlier: HttpDate, later: HttpDate) -> u64 {
    u64::try_from(later.unix().saturating_sub(earlier.unix())).unwrap_or(0)
}

/// Section 5.4: `Pragma: no-cache` counts where there is no `Cache-Control`.
fn is_pragma(request: FieldSection<'_>, wants: &Directives) -> bool {
    !wants.is_given && request.has_token(Known::Pragma, "no-cache")
}

impl fmt::Debug for Selecting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Selecting {
    /// `None` for `*`, which no request matches (section 4.1), and for what is no name.
    fn of(name: &[u8], request: FieldSection<'_>) -> Option<Self> {
        let is_name = name != b"*" && crate::field_value::is_token(name);
        let name: Box<str> = core::str::from_utf8(name).ok().filter(|_| is_name)?.to_ascii_lowercase().into();
        let known = Known::find(name.as_bytes());
        let mut value = Vec::new();
        for element in request.all(&*name).flat_map(elements) {
            value.extend(element);
            value.push(b',');
        }
        Some(Selecting { name, known, value })
    }

    /// Section 4.1: field lines are combined, and the white space between elements does not count.
    fn is_same_in(&self, request: FieldSection<'_>) -> bool {
        match self.known {
            Some(known) => is_list(&self.value, request.all(known)),
            None => is_list(&self.value, request.all(&*self.name)),
        }
    }
}

/// `value` is what these lines say together.
fn is_list<'a>(value: &[u8], lines: impl Iterator<Item = &'a [u8]>) -> bool {
    let mut rest = Some(value);
    for element in lines.flat_map(elements) {
        rest = rest.and_then(|rest| rest.strip_prefix(element)?.strip_prefix(b","));
    }
    rest.is_some_and(<[u8]>::is_empty)
}

fn elements(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|&octet| octet == b',').map(<[u8]>::trim_ascii)
}

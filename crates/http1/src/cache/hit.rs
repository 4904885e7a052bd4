//! Answers out of the cache: the whole, the head alone, a part, or "not modified" (RFC 9111 sections 3.3 and 4.3.2).
//!
//! The rule: a client gets what the origin would have answered when it was asked, with an `Age` that says when that was.

use alloc::vec::Vec;

use bytes::Bytes;

use super::store::Forwarding;
use super::{Ask, Stored};
use crate::conditional::{Outcome, Preconditions};
use crate::range::{ByteRange, ByteRanges, ContentRange, Piece, Selection, select};
use crate::{Body, FieldSection, Known, Method, ResponseBuilder, StatusCode};

/// A stored response that is an answer.
#[derive(Clone, Debug)]
pub struct Hit {
    stored: Stored,
    age: u64,
    freshness: Freshness,
    tick: u64,
    /// Cookies that came with the validation: for this client and no other.
    cookies: Vec<Bytes>,
}

/// Why a stored response may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Freshness {
    /// It is fresh.
    Fresh,
    /// It is stale, which the client accepts, or the origin for as long as it fails.
    Stale,
    /// It is stale; ask the origin meanwhile (RFC 5861 section 3).
    StaleWhileRevalidate,
    /// The origin has said just now that it is still good.
    Validated,
}

/// A response to send.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its head, with `Age`; `Via`, `Cache-Status` and the like are still to be put in.
    pub head: ResponseBuilder,
    /// How long its content is, also where none is sent.
    pub body: Body,
    /// Its content; nothing for `HEAD`.
    pub content: Vec<Bytes>,
}

impl Hit {
    pub(super) fn new(stored: Stored, age: u64, freshness: Freshness, tick: u64) -> Self {
        Hit { stored, age, freshness, tick, cookies: Vec::new() }
    }

    /// With the cookies among these fields.
    pub(super) fn with_cookies(self, fields: FieldSection<'_>) -> Self {
        Hit { cookies: fields.all(Known::SetCookie).map(Bytes::copy_from_slice).collect(), ..self }
    }

    /// The response.
    #[must_use]
    pub fn stored(&self) -> &Stored {
        &self.stored
    }

    /// How old it is, in seconds.
    #[must_use]
    pub fn age(&self) -> u64 {
        self.age
    }

    /// For how many seconds it is fresh still; negative if it is stale.
    #[must_use]
    pub fn ttl(&self) -> i64 {
        let bounded = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
        bounded(self.stored.policy().lifetime()) - bounded(self.age)
    }

    /// Why it may be used.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.freshness
    }

    /// The request to make meanwhile, if it is used stale while it is revalidated.
    #[must_use]
    pub fn revalidation(&self) -> Option<Forwarding> {
        let is_wanted = self.freshness == Freshness::StaleWhileRevalidate;
        is_wanted.then(|| Forwarding::of(self.stored.clone(), self.tick))
    }

    /// The response to the request that was looked up: 304 if the client has it already, 206 or 416 if it asks for parts.
    ///
    /// `boundary` is needed where several parts were asked for: random text, or the stored content could have it inside. If it
    /// is no boundary, such a request is answered with the whole.
    #[must_use]
    pub fn answer(&self, ask: &Ask<'_>, boundary: &str) -> Answer {
        if self.stored.status() != StatusCode::OK {
            return self.whole(ask);
        }
        let conditions = conditions(&self.stored, ask);
        let validators = self.stored.validators();
        if conditions.evaluate(ask.method.as_str(), Some(&validators)) == Outcome::NotModified {
            return self.not_modified();
        }
        let length = self.stored.content().complete_length();
        match (selection(&self.stored, ask), length) {
            (Selection::Parts(ranges), Some(length)) => {
                self.parts(&ranges, length, boundary).unwrap_or_else(|| self.whole(ask))
            }
            (Selection::Unsatisfiable, Some(length)) => self.unsatisfiable(length),
            _ => self.whole(ask),
        }
    }

    fn whole(&self, ask: &Ask<'_>) -> Answer {
        let (status, content) = (self.stored.status(), self.stored.content());
        // Section 3.3: nothing incomplete is sent as if it were whole, not even by mistake.
        if !content.is_whole() {
            let head = ResponseBuilder::new(StatusCode::GATEWAY_TIMEOUT);
            return Answer { head, body: Body::Known(0), content: Vec::new() };
        }
        let body = if status.is_bodiless() { Body::Empty } else { Body::Known(content.stored_length()) };
        let is_sent = ask.method != Method::Head && !status.is_bodiless();
        let content = if is_sent { content.pieces().cloned().collect() } else { Vec::new() };
        Answer { head: self.with_age(self.stored.head().clone()), body, content }
    }

    /// RFC 9110 section 15.4.5: what a 200 would have said, without what describes the content.
    fn not_modified(&self) -> Answer {
        let is_about_content = |name: &str| {
            let starts = name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("Content-"));
            starts && !name.eq_ignore_ascii_case("Content-Location")
        };
        let head = self.head_with(StatusCode::NOT_MODIFIED, |name| !is_about_content(name));
        Answer { head, body: Body::Empty, content: Vec::new() }
    }

    /// RFC 9110 section 15.3.7; `None` if not all of it is there, or several parts can't be put into one.
    fn parts(&self, ranges: &[ByteRange], complete: u64, boundary: &str) -> Option<Answer> {
        let stored = self.stored.content();
        if let [range] = ranges {
            let mut head = self.head_with(StatusCode::PARTIAL_CONTENT, |_| true);
            let part = ContentRange::Part { range: *range, complete: Some(complete) };
            put(&mut head, Known::ContentRange, alloc::format!("{part}"));
            return Some(Answer { head, body: Body::Known(range.len()), content: stored.slice(*range)? });
        }
        let media_type = self.stored.fields().first(Known::ContentType).unwrap_or_default();
        let parts = ByteRanges::new(boundary, media_type, complete, ranges).ok()?;
        let is_kept = |name: &str| !name.eq_ignore_ascii_case("Content-Type");
        let mut head = self.head_with(StatusCode::PARTIAL_CONTENT, is_kept);
        put(&mut head, Known::ContentType, parts.media_type());
        let mut content = Vec::new();
        for piece in parts.pieces() {
            match piece {
                Piece::Text(text) => content.push(text.into()),
                Piece::Octets(range) => content.extend(stored.slice(range)?),
            }
        }
        Some(Answer { head, body: Body::Known(parts.content_length()), content })
    }

    /// RFC 9110 section 15.5.17.
    fn unsatisfiable(&self, complete: u64) -> Answer {
        let mut head = ResponseBuilder::new(StatusCode::RANGE_NOT_SATISFIABLE);
        put(&mut head, Known::ContentRange, alloc::format!("{}", ContentRange::Unsatisfied { complete }));
        Answer { head, body: Body::Known(0), content: Vec::new() }
    }

    fn head_with(&self, status: StatusCode, keep: impl Fn(&str) -> bool) -> ResponseBuilder {
        let mut head = ResponseBuilder::new(status);
        // What was stored was checked, so it can be sent.
        let _ = head.fields().extend(self.stored.fields(), keep);
        self.with_age(head)
    }

    /// Section 5.1.
    fn with_age(&self, mut head: ResponseBuilder) -> ResponseBuilder {
        let mut digits = [0; 20];
        put(&mut head, Known::Age, decimal(self.age, &mut digits));
        for cookie in &self.cookies {
            put(&mut head, Known::SetCookie, cookie);
        }
        head
    }
}

fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' | u8::try_from(number % 10).unwrap_or(0);
        (used, number) = (used + 1, number / 10);
        if number == 0 {
            break;
        }
    }
    digits.get(20 - used..).unwrap_or_default()
}

/// What is put in here is well-formed.
fn put(head: &mut ResponseBuilder, name: Known, value: impl AsRef<[u8]>) {
    let _ = head.field(name, value);
}

/// The conditions of a request that a cache may decide on.
fn conditions<'a>(stored: &Stored, ask: &Ask<'a>) -> Preconditions<'a> {
    let fields = ask.fields.iter().map(|line| (line.name, line.value));
    Preconditions::from_fields(fields, stored.policy().date())
}

/// Section 3.3, and RFC 9110 section 14.2: ranges have a meaning for `GET` only, and only of a 200.
fn selection(stored: &Stored, ask: &Ask<'_>) -> Selection {
    let mut lines = ask.fields.all(Known::Range);
    let (Some(range), None) = (lines.next(), lines.next()) else { return Selection::Whole };
    let Some(length) = stored.content().complete_length().filter(|_| ask.method == Method::Get) else {
        return Selection::Whole;
    };
    match conditions(stored, ask).range_applies(Some(&stored.validators())) {
        true => select(range, length),
        false => Selection::Whole,
    }
}

/// All is there that an answer to this request needs.
pub(super) fn is_in_reach(stored: &Stored, ask: &Ask<'_>) -> bool {
    let content = stored.content();
    if content.is_whole() {
        return true;
    }
    // Section 3.3: "A cache MUST NOT use an incomplete response to answer requests unless the response has been made
    // complete, or the request is partial and specifies a range wholly within the incomplete response."
    match selection(stored, ask) {
        Selection::Parts(ranges) => matches!(*ranges, [range] if content.has(range)),
        _ => false,
    }
}

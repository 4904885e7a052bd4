//! Conditional requests (RFC 9110 section 13): is what the client has, or thinks of, still what there is?
//!
//! The rule: one pure function decides, in the order of section 13.2.2, from the request's fields and the validators of
//! what the server has. A condition that can't be read never lets something be overwritten, and never hides something.
//!
//! ```
//! use http1::conditional::{EntityTag, Outcome, Preconditions, Validators};
//! use http1::date::HttpDate;
//!
//! let now = HttpDate::from_unix(1_700_000_000).unwrap();
//! let current = Validators { etag: Some(EntityTag::parse(br#""xyzzy""#)?), last_modified: None };
//! let asked = Preconditions::from_fields([("If-None-Match", &br#"W/"xyzzy""#[..])], now);
//! assert_eq!(asked.evaluate("GET", Some(&current)), Outcome::NotModified);
//! assert_eq!(asked.evaluate("PUT", Some(&current)), Outcome::PreconditionFailed);
//! # Ok::<(), http1::conditional::Error>(())
//! ```

use alloc::vec::Vec;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while};
use nom::character::complete::char;
use nom::combinator::{all_consuming, map, opt, success, value};
use nom::sequence::delimited;
use nom::{IResult, Parser};

use crate::date::HttpDate;
use crate::field_value::{ows, stopped_at, trim};
use crate::octets::ETAGC;

/// An entity tag (RFC 9110 section 8.8.3): a name for one state of one representation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EntityTag<'a> {
    is_weak: bool,
    opaque: &'a [u8],
}

/// Not an entity tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an entity tag such as '\"xyzzy\"' or 'W/\"xyzzy\"' (byte {offset})")]
pub struct Error {
    /// Where the text stops looking like one.
    pub offset: usize,
}

/// What the server knows about the representation it would send or change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validators<'a> {
    /// Its entity tag.
    pub etag: Option<EntityTag<'a>>,
    /// When it was last modified.
    pub last_modified: Option<HttpDate>,
}

/// What the conditions of a request come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// They hold: do what the method says.
    Proceed,
    /// Answer 304: what the client has is what there is.
    NotModified,
    /// Answer 412, and change nothing.
    PreconditionFailed,
}

/// The conditions of a request, all of them together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preconditions<'a> {
    if_match: Option<Tags<'a>>,
    if_none_match: Option<Tags<'a>>,
    if_modified_since: Option<HttpDate>,
    if_unmodified_since: Option<HttpDate>,
    if_range: Option<IfRange<'a>>,
    now: HttpDate,
}

/// The value of `If-Range` (RFC 9110 section 13.1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IfRange<'a> {
    /// "If this is still the entity tag."
    Tag(EntityTag<'a>),
    /// "If this is still, to the second, the date of the last modification."
    Date(HttpDate),
    /// Neither; no representation is like that.
    Malformed,
}

/// The values of `If-Match` or `If-None-Match`, one per field line, read when they are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tags<'a> {
    Any,
    Lines(Vec<&'a [u8]>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Yes,
    No,
    /// No, but something in the list could not be read.
    Unclear,
}

impl<'a> EntityTag<'a> {
    /// Reads an entity tag, quotes and all.
    ///
    /// # Errors
    /// The text is not one; old servers leave the quotes out, and such a tag is none.
    pub fn parse(text: &'a [u8]) -> Result<Self, Error> {
        match all_consuming(entity_tag).parse(text) {
            Ok((_, tag)) => Ok(tag),
            Err(error) => Err(Error { offset: stopped_at(text, &error) }),
        }
    }

    /// The strong tag with this between its quotes.
    ///
    /// # Errors
    /// An octet that can't stand there: white space, a quote, a control character.
    pub fn strong(opaque: &'a [u8]) -> Result<Self, Error> {
        match opaque.iter().position(|&octet| !ETAGC.has(octet)) {
            Some(offset) => Err(Error { offset }),
            None => Ok(EntityTag { is_weak: false, opaque }),
        }
    }

    /// The same tag, weak: it says "as good as", not "the same octets".
    #[must_use]
    pub fn weak(self) -> Self {
        EntityTag { is_weak: true, ..self }
    }

    /// It begins with `W/`.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.is_weak
    }

    /// What stands between the quotes.
    #[must_use]
    pub fn opaque(&self) -> &'a [u8] {
        self.opaque
    }

    /// RFC 9110 section 8.8.3.2: neither is weak, and they are the same.
    #[must_use]
    pub fn strong_eq(&self, other: &EntityTag<'_>) -> bool {
        !self.is_weak && !other.is_weak && self.opaque == other.opaque
    }

    /// RFC 9110 section 8.8.3.2: they are the same, weak or not.
    #[must_use]
    pub fn weak_eq(&self, other: &EntityTag<'_>) -> bool {
        self.opaque == other.opaque
    }

    /// The tag as a field value.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let prefix: &[u8] = if self.is_weak { b"W/\"" } else { b"\"" };
        [prefix, self.opaque, b"\""].concat()
    }
}

impl<'a> Validators<'a> {
    /// The fields that ask "has it changed since?" (RFC 9110 section 13.1.2 and 13.1.3), for a client or cache that has
    /// a copy with these validators.
    pub fn revalidation(&self) -> impl Iterator<Item = (&'static str, Vec<u8>)> {
        let tag = self.etag.map(|etag| ("If-None-Match", etag.to_bytes()));
        let date = self.last_modified.map(|date| ("If-Modified-Since", date.to_bytes().to_vec()));
        tag.into_iter().chain(date)
    }
}

impl<'a> IfRange<'a> {
    /// Reads the value of the field.
    #[must_use]
    pub fn parse(value: &'a [u8], now: HttpDate) -> Self {
        let value = trim(value);
        let tag = EntityTag::parse(value).map(IfRange::Tag);
        tag.unwrap_or_else(|_| HttpDate::parse(value, now).map_or(IfRange::Malformed, IfRange::Date))
    }

    /// The representation is still the one the client has a part of. `now` is the `Date` of the answer.
    #[must_use]
    pub fn holds(&self, current: Option<&Validators<'_>>, now: HttpDate) -> bool {
        let Some(current) = current else { return false };
        match self {
            // "A client MUST NOT generate an If-Range header field containing an entity tag that is marked as weak":
            // the comparison is the strong one.
            IfRange::Tag(tag) => current.etag.is_some_and(|etag| etag.strong_eq(tag)),
            IfRange::Date(date) => {
                current.last_modified.is_some_and(|modified| modified == *date && modified.is_strong_at(now))
            }
            IfRange::Malformed => false,
        }
    }
}

impl<'a> Preconditions<'a> {
    /// Picks the conditions out of the fields of a request. `now` is the `Date` the answer will have.
    #[must_use]
    pub fn from_fields<N: AsRef<[u8]>>(
        fields: impl IntoIterator<Item = (N, &'a [u8])>,
        now: HttpDate,
    ) -> Self {
        let mut conditions = Builder::default();
        for (name, value) in fields {
            conditions.add(name.as_ref(), trim(value));
        }
        conditions.build(now)
    }

    /// There are none: [`evaluate`](Self::evaluate) says [`Outcome::Proceed`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.if_match.is_none()
            && self.if_none_match.is_none()
            && self.if_modified_since.is_none()
            && self.if_unmodified_since.is_none()
    }

    /// What to do, given what there is now; `None` if there is nothing.
    ///
    /// To be asked last: only if the answer without conditions would be a 2xx (RFC 9110 section 13.2.1).
    #[must_use]
    pub fn evaluate(&self, method: &str, current: Option<&Validators<'_>>) -> Outcome {
        // Section 13.2.1: methods that neither select nor change a representation have no conditions.
        if matches!(method, "CONNECT" | "OPTIONS" | "TRACE") {
            return Outcome::Proceed;
        }
        let is_retrieval = matches!(method, "GET" | "HEAD");
        let last_modified = current.and_then(|current| current.last_modified);
        // Section 13.2.2, steps 1 and 2.
        let may_go_on = match &self.if_match {
            Some(tags) => tags.find(current, |one, other| one.strong_eq(other)) == Found::Yes,
            None => {
                is_none_or_both(self.if_unmodified_since, last_modified, |date, modified| modified <= date)
            }
        };
        if !may_go_on {
            return Outcome::PreconditionFailed;
        }
        // Steps 3 and 4.
        let is_new = match &self.if_none_match {
            Some(tags) => match tags.find(current, |one, other| one.weak_eq(other)) {
                Found::Yes => false,
                Found::No => true,
                Found::Unclear => is_retrieval,
            },
            None if !is_retrieval => true,
            None => is_none_or_both(self.if_modified_since, last_modified, |date, modified| modified > date),
        };
        match is_new {
            true => Outcome::Proceed,
            false if is_retrieval => Outcome::NotModified,
            false => Outcome::PreconditionFailed,
        }
    }

    /// RFC 9110 section 13.2.2, step 5: whether a `Range` field of the same request is to be heeded. If not, the whole
    /// representation is sent.
    #[must_use]
    pub fn range_applies(&self, current: Option<&Validators<'_>>) -> bool {
        self.if_range.as_ref().is_none_or(|if_range| if_range.holds(current, self.now))
    }
}

/// A condition that is absent, or whose date has nothing to be compared with, holds.
fn is_none_or_both(
    condition: Option<HttpDate>,
    modified: Option<HttpDate>,
    holds: impl Fn(HttpDate, HttpDate) -> bool,
) -> bool {
    condition.zip(modified).is_none_or(|(date, modified)| holds(date, modified))
}

impl Tags<'_> {
    fn find(
        &self,
        current: Option<&Validators<'_>>,
        eq: fn(&EntityTag<'_>, &EntityTag<'_>) -> bool,
    ) -> Found {
        let Some(current) = current else { return Found::No };
        let Tags::Lines(lines) = self else { return Found::Yes };
        let mut found = Found::No;
        for line in lines {
            match find_in(line, |tag| current.etag.is_some_and(|etag| eq(&etag, tag))) {
                Found::Yes => return Found::Yes,
                Found::Unclear => found = Found::Unclear,
                Found::No => {}
            }
        }
        found
    }
}

/// Reads a list of entity tags up to the one that is looked for, or the first fault.
fn find_in(line: &[u8], is_it: impl Fn(&EntityTag<'_>) -> bool) -> Found {
    let (mut rest, mut members) = (line, 0_usize);
    loop {
        // RFC 9110 section 5.6.1.2: empty list elements are to be ignored.
        while let [b' ' | b'\t' | b',', behind @ ..] = rest {
            rest = behind;
        }
        if rest.is_empty() {
            return if members == 0 { Found::Unclear } else { Found::No };
        }
        let member: IResult<&[u8], _> = (entity_tag, ows, opt(char(','))).parse(rest);
        match member {
            Ok((_, (tag, ..))) if is_it(&tag) => return Found::Yes,
            Ok((behind, (.., comma))) if comma.is_some() || behind.is_empty() => rest = behind,
            _ => return Found::Unclear,
        }
        members += 1;
    }
}

fn entity_tag(input: &[u8]) -> IResult<&[u8], EntityTag<'_>> {
    let weak = alt((value(true, tag("W/")), success(false)));
    let opaque = delimited(char('"'), take_while(|octet| ETAGC.has(octet)), char('"'));
    map((weak, opaque), |(is_weak, opaque)| EntityTag { is_weak, opaque }).parse(input)
}

/// Field lines with the conditions in them, gathered.
#[derive(Default)]
struct Builder<'a> {
    if_match: Vec<&'a [u8]>,
    if_none_match: Vec<&'a [u8]>,
    if_modified_since: Vec<&'a [u8]>,
    if_unmodified_since: Vec<&'a [u8]>,
    if_range: Vec<&'a [u8]>,
}

impl<'a> Builder<'a> {
    fn add(&mut self, name: &[u8], value: &'a [u8]) {
        let [b'i' | b'I', b'f' | b'F', b'-', ..] = name else { return };
        let lines = [
            (&b"If-Match"[..], &mut self.if_match),
            (b"If-None-Match", &mut self.if_none_match),
            (b"If-Modified-Since", &mut self.if_modified_since),
            (b"If-Unmodified-Since", &mut self.if_unmodified_since),
            (b"If-Range", &mut self.if_range),
        ];
        if let Some((_, lines)) = lines.into_iter().find(|(field, _)| name.eq_ignore_ascii_case(field)) {
            lines.push(value);
        }
    }

    fn build(self, now: HttpDate) -> Preconditions<'a> {
        // Sections 13.1.3 and 13.1.4: "MUST ignore [it] if the received field value is not a valid HTTP-date, the field
        // value has more than one member".
        let date = |lines: Vec<&[u8]>| match *lines {
            [line] => HttpDate::parse(line, now).ok(),
            _ => None,
        };
        Preconditions {
            if_match: tags(self.if_match),
            if_none_match: tags(self.if_none_match),
            if_modified_since: date(self.if_modified_since),
            if_unmodified_since: date(self.if_unmodified_since),
            if_range: match *self.if_range {
                [] => None,
                [line] => Some(IfRange::parse(line, now)),
                _ => Some(IfRange::Malformed),
            },
            now,
        }
    }
}

fn tags(lines: Vec<&[u8]>) -> Option<Tags<'_>> {
    match *lines {
        [] => None,
        [b"*"] => Some(Tags::Any),
        _ => Some(Tags::Lines(lines)),
    }
}

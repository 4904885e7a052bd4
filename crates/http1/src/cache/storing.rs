//! A response on its way into the cache, piece by piece.
//!
//! The rule: nothing is found before it is finished, a body cut short is never taken for whole (RFC 9111 section 3.3), and
//! what is under way counts: all of it together has a limit.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::content::Gathering;
use super::stored::{head_to_keep, index};
use super::{Content, Exchange, Key, NotStored, Policy, Stored};
use crate::conditional::{EntityTag, Validators};
use crate::field_value::trim;
use crate::range::ContentRange;
use crate::{FieldSection, Fields, Known, ResponseBuilder, ResponseHead, StatusCode};

use super::Rules;

/// A response that is to be stored and whose content is still coming. Give it each piece, then
/// [`finish`](super::Cache::finish) it; to drop it stores nothing.
#[derive(Debug)]
pub struct Storing {
    pub(super) key: Key,
    pub(super) policy: Policy,
    pub(super) head: ResponseBuilder,
    /// When it was asked for, in ticks of the cache.
    pub(super) began: u64,
    /// What it takes the place of.
    pub(super) replaces: Vec<u64>,
    gathering: Gathering,
    shape: Shape,
    most: u64,
    claim: Claim,
    is_too_large: bool,
}

/// Which octets are expected.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Position of the first.
    pub(super) first: u64,
    /// How many come, if that is known.
    pub(super) expected: Option<u64>,
    /// How long the whole is, if that is known.
    pub(super) complete: Option<u64>,
    /// Not the whole was sent.
    pub(super) is_part: bool,
}

/// Octets of content under way, of all [`Storing`]s of a cache together.
#[derive(Debug)]
pub(super) struct Claim {
    all: Arc<AtomicUsize>,
    most: usize,
    held: usize,
}

impl Claim {
    pub(super) fn new(all: &Arc<AtomicUsize>, most: usize) -> Self {
        Claim { all: Arc::clone(all), most, held: 0 }
    }

    /// Claims more; says whether there was room.
    fn grow(&mut self, by: usize) -> bool {
        let before = self.all.fetch_add(by, Ordering::Relaxed);
        self.held += by;
        before.saturating_add(by) <= self.most
    }

    fn release(&mut self) {
        self.all.fetch_sub(self.held, Ordering::Relaxed);
        self.held = 0;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.release();
    }
}

impl Shape {
    /// Of a response to a `GET`.
    pub(super) fn of(status: StatusCode, response: FieldSection<'_>) -> Result<Self, NotStored> {
        let length = response.first(Known::ContentLength).and_then(parse_length);
        let expected = length.filter(|_| !response.has(Known::TransferEncoding));
        if status != StatusCode::PARTIAL_CONTENT {
            return Ok(Shape { first: 0, expected, complete: expected, is_part: false });
        }
        // RFC 9110 section 15.3.7.2: several ranges come without Content-Range, as parts of the content.
        let is_multipart = response.first(Known::ContentType).is_some_and(is_byteranges);
        let content_range = response.first(Known::ContentRange).filter(|_| !is_multipart);
        let content_range = content_range.ok_or(NotStored::Part)?;
        match ContentRange::parse(content_range) {
            Ok(ContentRange::Part { range, complete }) => {
                Ok(Shape { first: range.first(), expected: Some(range.len()), complete, is_part: true })
            }
            _ => Err(NotStored::Part),
        }
    }
}

impl Storing {
    pub(super) fn new(
        key: &Key,
        exchange: &Exchange<'_>,
        response: &ResponseHead<'_>,
        rules: Rules,
        (most, claim): (u64, Claim),
    ) -> Result<Self, NotStored> {
        let (status, fields) = (response.status(), response.fields());
        let policy = Policy::of_any(exchange, status, fields, rules)?;
        let shape = Shape::of(status, fields)?;
        if shape.expected.is_some_and(|expected| expected > most) {
            return Err(NotStored::TooLarge);
        }
        let kept = if shape.is_part { StatusCode::OK } else { status };
        Ok(Storing {
            key: key.clone(),
            policy,
            head: head_to_keep(kept, fields, rules, exchange.received)?,
            began: 0,
            replaces: Vec::new(),
            gathering: Gathering::default(),
            shape,
            most,
            claim,
            is_too_large: false,
        })
    }

    /// Takes the next piece of the content. `false`: it became too large and will not be stored.
    pub fn data(&mut self, data: &[u8]) -> bool {
        let len = data.len() as u64;
        if self.is_too_large
            || self.gathering.len().saturating_add(len) > self.most
            || !self.claim.grow(data.len())
        {
            self.is_too_large = true;
            self.gathering = Gathering::default();
            self.claim.release();
        } else {
            self.gathering.push(data);
        }
        !self.is_too_large
    }

    /// The key it will be stored under.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// What came, once no more comes; `None` if it is of no use.
    pub(super) fn content(&mut self, is_cut: bool) -> Option<Content> {
        let gathering = core::mem::take(&mut self.gathering);
        let (len, shape) = (gathering.len(), self.shape);
        let is_short = is_cut || shape.expected.is_some_and(|expected| expected != len);
        let is_longer = shape.expected.is_some_and(|expected| len > expected);
        if self.is_too_large || is_longer || (is_short && self.head.status() != StatusCode::OK) {
            return None;
        }
        let complete = if is_short || shape.is_part { shape.complete } else { Some(len) };
        Some(gathering.into_content(shape.first, complete))
            .filter(|content| !is_short || content.stored_length() > 0)
    }

    /// It is a 206.
    pub(super) fn is_part(&self) -> bool {
        self.shape.is_part
    }

    /// It may be put together with others of the same version.
    pub(super) fn has_strong_validator(&self) -> bool {
        let Ok(fields) = index(&self.head) else { return false };
        let validators = self.validators(&fields);
        match validators.etag {
            Some(etag) => !etag.is_weak(),
            None => {
                validators.last_modified.is_some_and(|modified| modified.is_strong_at(self.policy.date()))
            }
        }
    }

    /// Both are parts of the same version.
    pub(super) fn continues(&self, stored: &Stored) -> bool {
        let Ok(fields) = index(&self.head) else { return false };
        stored.status() == StatusCode::OK && stored.is_same_as(&self.validators(&fields), self.policy.date())
    }

    /// Both are for the same requests.
    pub(super) fn is_rival_of(&self, stored: &Stored) -> bool {
        self.replaces.contains(&stored.id()) || stored.policy().is_selected_like(&self.policy)
    }

    fn validators<'a>(&'a self, fields: &'a Fields) -> Validators<'a> {
        let fields = FieldSection::new(self.head.lines().as_bytes(), fields);
        let etag = fields.first(Known::ETag).and_then(|tag| EntityTag::parse(trim(tag)).ok());
        Validators { etag, last_modified: self.policy.last_modified() }
    }
}

fn is_byteranges(media_type: &[u8]) -> bool {
    let name = b"multipart/byteranges";
    media_type.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
}

/// `1*DIGIT`
pub(super) fn parse_length(digits: &[u8]) -> Option<u64> {
    core::str::from_utf8(digits)
        .ok()
        .filter(|digits| !digits.starts_with('+'))
        .and_then(|digits| digits.parse().ok())
}

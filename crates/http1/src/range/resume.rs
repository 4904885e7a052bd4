//! Going on with a broken download (RFC 9110 sections 13.1.5, 14.2 and 15.3.7).
//!
//! The rule: octets are put together only if a strong validator says that they belong together.

use alloc::format;
use alloc::vec::Vec;

use super::{ByteRange, ContentRange};
use crate::conditional::{EntityTag, Validators};
use crate::date::HttpDate;

/// A download that broke off, with what is needed to go on with it.
///
/// ```
/// use http1::conditional::{EntityTag, Validators};
/// use http1::range::{Resume, Verdict};
///
/// let etag = EntityTag::parse(br#""v1""#).ok();
/// let resume = Resume::new(1000, &Validators { etag, last_modified: None }, None).unwrap();
/// let fields: Vec<_> = resume.fields().collect();
/// assert_eq!(fields, [("Range", b"bytes=1000-".to_vec()), ("If-Range", br#""v1""#.to_vec())]);
///
/// // It has changed: the answer is the whole, and what we have is worth nothing.
/// assert_eq!(resume.judge(200, None, None), Ok(Verdict::Replace));
/// let Ok(Verdict::Append { range, .. }) = resume.judge(206, Some(b"bytes 1000-1999/2000"), etag) else { panic!() };
/// assert_eq!(range.len(), 1000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resume<'a> {
    have: u64,
    validator: Validator<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Validator<'a> {
    Tag(EntityTag<'a>),
    Date(HttpDate),
}

/// What to do with a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The content goes behind what is there.
    Append {
        /// Which octets it has; the first is the one that is missing first.
        range: ByteRange,
        /// How long the whole is, if the server knows.
        complete: Option<u64>,
    },
    /// The content is the whole: throw away what is there.
    Replace,
    /// Nothing is missing.
    Complete,
    /// There is less than we have: ask again for the whole, without these fields.
    AskAgain,
    /// The response is about something else (an error, a redirect): keep what is there.
    Other,
}

/// Why a 206 can't be put together with what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResumeError {
    /// Without `Content-Range`, or with one that can't be read: several parts were not asked for.
    #[error("a partial answer without a Content-Range that says which part")]
    ContentRange,
    /// It has other octets than those asked for.
    #[error("a partial answer that starts at byte {first} where byte {wanted} was asked for")]
    OtherPart {
        /// Where it starts.
        first: u64,
        /// Where it should.
        wanted: u64,
    },
    /// It is a part of something else.
    #[error("a part of another version than the one at hand")]
    OtherVersion,
}

impl<'a> Resume<'a> {
    /// For `have` octets of a representation that came with these validators, in a message of this `Date`.
    ///
    /// `None` if there is nothing to go on with, or nothing to prove by that it is still the same: then the whole is to be
    /// asked for.
    #[must_use]
    pub fn new(have: u64, validators: &Validators<'a>, date: Option<HttpDate>) -> Option<Self> {
        if have == 0 {
            return None;
        }
        // RFC 9110 section 13.1.5: no weak entity tag, and no date "unless the client has no entity tag for the
        // corresponding representation and the date is a strong validator".
        let validator = match (validators.etag, validators.last_modified) {
            (Some(etag), _) => (!etag.is_weak()).then_some(Validator::Tag(etag)),
            (None, Some(modified)) => {
                date.filter(|&date| modified.is_strong_at(date)).map(|_| Validator::Date(modified))
            }
            (None, None) => None,
        };
        validator.map(|validator| Resume { have, validator })
    }

    /// The fields to ask with.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, Vec<u8>)> {
        let validator = match self.validator {
            Validator::Tag(etag) => etag.to_bytes(),
            Validator::Date(date) => date.to_bytes().to_vec(),
        };
        [("Range", format!("bytes={}-", self.have).into_bytes()), ("If-Range", validator)].into_iter()
    }

    /// What to do with a response of this status and with these fields.
    ///
    /// # Errors
    /// A 206 that is not what was asked for; nothing of it may be used.
    pub fn judge(
        &self,
        status: u16,
        content_range: Option<&[u8]>,
        etag: Option<EntityTag<'_>>,
    ) -> Result<Verdict, ResumeError> {
        let content_range = content_range.and_then(|value| ContentRange::parse(value).ok());
        match (status, content_range) {
            (200, _) => Ok(Verdict::Replace),
            (206, Some(ContentRange::Part { range, complete })) => self.judge_part(range, complete, etag),
            (206, _) => Err(ResumeError::ContentRange),
            // The condition was true, or this would be a 200: it is still the same.
            (416, Some(ContentRange::Unsatisfied { complete })) if complete == self.have => {
                Ok(Verdict::Complete)
            }
            (416, _) => Ok(Verdict::AskAgain),
            _ => Ok(Verdict::Other),
        }
    }

    fn judge_part(
        &self,
        range: ByteRange,
        complete: Option<u64>,
        etag: Option<EntityTag<'_>>,
    ) -> Result<Verdict, ResumeError> {
        if range.first != self.have {
            return Err(ResumeError::OtherPart { first: range.first, wanted: self.have });
        }
        // RFC 9110 section 15.3.7.3: parts are combined only if they share the same strong validator.
        match (self.validator, etag) {
            (Validator::Tag(ours), Some(theirs)) if !ours.strong_eq(&theirs) => {
                Err(ResumeError::OtherVersion)
            }
            _ => Ok(Verdict::Append { range, complete }),
        }
    }
}

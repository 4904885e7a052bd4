//! A message: what people ask of it, by name.
//!
//! The rule: parsing finds parts and fields and reads none of them; each question is answered when it is asked.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use crate::headers::Headers;
use crate::tree::{Part, Tree};
use crate::{Addresses, Bodies, DateTime, Defect, Limits};

/// An Internet message (RFC 5322) with all its parts (RFC 2045).
///
/// ```
/// let raw = b"From: Ann <ann@host.test>\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n\
///     Date: 1 Jul 2003 10:52:37 +0200\r\n\r\nHello!\r\n";
/// let message = mime::Message::parse(raw);
/// assert_eq!(message.subject().as_deref(), Some("café"));
/// assert_eq!(message.from().first().unwrap().address(), "ann@host.test");
/// assert_eq!(message.date().unwrap().to_string(), "2003-07-01T10:52:37+02:00");
/// assert_eq!(message.root().text(), "Hello!\r\n");
/// assert_eq!(message.defects().count(), 0);
/// ```
#[derive(Clone)]
pub struct Message<'a> {
    tree: Tree<'a>,
}

impl<'a> Message<'a> {
    /// Finds the parts and fields of a message. This never fails: [`defects`](Message::defects) tells what is wrong.
    #[must_use]
    pub fn parse(raw: &'a [u8]) -> Self {
        Self::parse_with(raw, &Limits::DEFAULT)
    }

    /// The same within `limits`.
    #[must_use]
    pub fn parse_with(raw: &'a [u8], limits: &Limits) -> Self {
        Message { tree: Tree::parse(raw, limits) }
    }

    /// The same, but reads all of it and takes nothing that is wrong.
    ///
    /// # Errors
    /// The first defect, by offset.
    pub fn parse_strict(raw: &'a [u8], limits: &Limits) -> Result<Self, Defect> {
        let message = Self::parse_with(raw, limits);
        match message.inspect().first() {
            Some(defect) => Err(*defect),
            None => Ok(message),
        }
    }

    /// The message as it stands.
    #[must_use]
    pub const fn raw(&self) -> &'a [u8] {
        self.tree.raw
    }

    /// The part that is the whole message.
    #[must_use]
    pub const fn root(&self) -> Part<'_> {
        Part::new(&self.tree, 0)
    }

    /// The part of this number, in the order parts begin; the whole message is 0.
    #[must_use]
    pub fn part(&self, index: usize) -> Option<Part<'_>> {
        (index < self.tree.len()).then(|| Part::new(&self.tree, index))
    }

    /// All parts, in the order they begin.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = Part<'_>> {
        (0..self.tree.len()).map(|index| Part::new(&self.tree, index))
    }

    /// Its fields.
    #[must_use]
    pub fn headers(&self) -> Headers<'_> {
        self.root().headers()
    }

    /// The subject, decoded (RFC 5322 section 3.6.5).
    #[must_use]
    pub fn subject(&self) -> Option<Cow<'_, str>> {
        const BLANKS: [char; 2] = [' ', '\t'];
        Some(match self.headers().first("subject")?.text() {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_matches(BLANKS)),
            // An encoded word may bring blanks of its own.
            Cow::Owned(text) if text.starts_with(BLANKS) || text.ends_with(BLANKS) => {
                Cow::Owned(text.trim_matches(BLANKS).into())
            }
            text => text,
        })
    }

    /// Who wrote it (RFC 5322 section 3.6.2).
    #[must_use]
    pub fn from(&self) -> Addresses<'_> {
        self.addresses("from")
    }

    /// Who sent it, if that is somebody else.
    #[must_use]
    pub fn sender(&self) -> Addresses<'_> {
        self.addresses("sender")
    }

    /// Where answers should go.
    #[must_use]
    pub fn reply_to(&self) -> Addresses<'_> {
        self.addresses("reply-to")
    }

    /// Whom it is for (RFC 5322 section 3.6.3).
    #[must_use]
    pub fn to(&self) -> Addresses<'_> {
        self.addresses("to")
    }

    /// Who else gets it.
    #[must_use]
    pub fn cc(&self) -> Addresses<'_> {
        self.addresses("cc")
    }

    /// Who gets it without the others being told.
    #[must_use]
    pub fn bcc(&self) -> Addresses<'_> {
        self.addresses("bcc")
    }

    /// The addresses in the first field of this name; none if there is no such field.
    #[must_use]
    pub fn addresses(&self, name: &str) -> Addresses<'_> {
        let value = self.headers().first(name).map_or(&[][..], |field| field.raw_value());
        Addresses::with_limits(value, self.tree.limits.clone())
    }

    /// When it was written (RFC 5322 section 3.6.1).
    #[must_use]
    pub fn date(&self) -> Option<DateTime> {
        self.headers().first("date")?.date()
    }

    /// Its identifier, without brackets (RFC 5322 section 3.6.4).
    #[must_use]
    pub fn message_id(&self) -> Option<Cow<'_, str>> {
        self.headers().first("message-id")?.message_ids().first()
    }

    /// Its text, its HTML and its attachments (RFC 8621 section 4.1.4).
    #[must_use]
    pub fn bodies(&self) -> Bodies<'_> {
        Bodies::of(self.root())
    }

    /// The part that a `cid:` URL names, `id` being what stands behind the colon, percent-decoded (RFC 2392).
    #[must_use]
    pub fn part_with_id(&self, id: &str) -> Option<Part<'_>> {
        self.parts().find(|part| part.content_id().is_some_and(|own| own == id))
    }

    /// What is wrong with the structure, in the order it was met.
    pub fn defects(&self) -> impl Iterator<Item = Defect> {
        self.tree.defects()
    }

    /// All that is wrong, in the order of offsets: [`defects`](Message::defects), every field that is known here, every body. This
    /// reads all of the message.
    #[must_use]
    pub fn inspect(&self) -> Vec<Defect> {
        let mut defects: Vec<Defect> = self.parts().flat_map(|part| part.inspect()).collect();
        defects.sort_unstable();
        defects
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.parts()).finish()
    }
}

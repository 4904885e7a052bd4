//! The content of a stored response: all of it, or the parts that came (RFC 9111 sections 3.3 and 3.4).
//!
//! The rule: it is whole only if its length is known and every octet is there. It is kept in pieces of its own, so that
//! what is counted is what is held, and handed out without a copy.

use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use crate::range::ByteRange;

/// Parts that are kept of one response. More of them are not worth their bookkeeping.
const MAX_PARTS: usize = 16;
/// Octets in a piece.
const PIECE: usize = 64 << 10;

/// The octets that are there of a representation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// In their order, with gaps between them.
    parts: Vec<Part>,
    complete: Option<u64>,
}

#[derive(Clone, PartialEq, Eq)]
struct Part {
    first: u64,
    len: u64,
    pieces: Vec<Bytes>,
}

/// Content that is coming, put into pieces.
#[derive(Default)]
pub(super) struct Gathering {
    pieces: Vec<Bytes>,
    piece: Vec<u8>,
    len: u64,
}

impl fmt::Debug for Gathering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0..{}", self.len)
    }
}

impl Gathering {
    pub(super) fn push(&mut self, mut data: &[u8]) {
        self.len += data.len() as u64;
        while !data.is_empty() {
            let (now, later) = data.split_at_checked(PIECE - self.piece.len()).unwrap_or((data, &[]));
            self.piece.extend_from_slice(now);
            data = later;
            if self.piece.len() == PIECE {
                self.cut();
            }
        }
    }

    fn cut(&mut self) {
        if !self.piece.is_empty() {
            self.pieces.push(core::mem::take(&mut self.piece).into_boxed_slice().into());
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// What came, as the octets from `first` on of so many.
    pub(super) fn into_content(mut self, first: u64, complete: Option<u64>) -> Content {
        self.cut();
        let part = Part { first, len: self.len, pieces: self.pieces };
        let parts = Vec::from_iter((part.len > 0).then_some(part));
        Content { parts, complete }
    }
}

impl Content {
    /// Every octet is there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        match (&*self.parts, self.complete) {
            ([], Some(complete)) => complete == 0,
            ([part], Some(complete)) => part.first == 0 && part.len == complete,
            _ => false,
        }
    }

    /// How long the whole is, if that is known.
    #[must_use]
    pub fn complete_length(&self) -> Option<u64> {
        self.complete
    }

    /// How many octets are there.
    #[must_use]
    pub fn stored_length(&self) -> u64 {
        self.parts.iter().map(|part| part.len).sum()
    }

    /// All that is there, in pieces; for what is whole that is the content.
    pub fn pieces(&self) -> impl Iterator<Item = &Bytes> {
        self.parts.iter().flat_map(|part| &part.pieces)
    }

    /// The octets of `range`; `None` if one of them is missing.
    #[must_use]
    pub fn slice(&self, range: ByteRange) -> Option<Vec<Bytes>> {
        let part = self.parts.iter().find(|part| part.has(range))?;
        Some(part.slice(range.first() - part.first, range.len()).collect())
    }

    /// All octets of `range` are there.
    #[must_use]
    pub fn has(&self, range: ByteRange) -> bool {
        self.parts.iter().any(|part| part.has(range))
    }

    /// Both together (section 3.4), of which a strong validator has said that they belong together. `None` if they
    /// contradict each other.
    pub(super) fn joined(&self, newer: &Content) -> Option<Content> {
        if self.complete.zip(newer.complete).is_some_and(|(one, other)| one != other) {
            return None;
        }
        let complete = newer.complete.or(self.complete);
        let mut parts: Vec<&Part> = self.parts.iter().chain(&newer.parts).collect();
        parts.sort_by_key(|part| part.first);
        let mut joined: Vec<Part> = Vec::new();
        for part in parts {
            match joined.last_mut() {
                Some(last) if part.first <= last.end() => last.extend(part),
                _ => joined.push(part.clone()),
            }
        }
        if complete.is_some_and(|complete| joined.last().is_some_and(|part| part.end() > complete)) {
            return None;
        }
        let parts = if joined.len() > MAX_PARTS { newer.parts.clone() } else { joined };
        Some(Content { parts, complete })
    }
}

/// Which octets, not what they are.
impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.first, self.end())
    }
}

impl Part {
    fn end(&self) -> u64 {
        self.first + self.len
    }

    fn has(&self, range: ByteRange) -> bool {
        self.first <= range.first() && range.last() < self.end()
    }

    /// Appends what `later`, which begins inside or right behind this, has more.
    fn extend(&mut self, later: &Part) {
        let known = self.end() - later.first;
        let Some(more) = later.len.checked_sub(known) else { return };
        for piece in later.slice(known, more) {
            self.append(&piece);
        }
        self.len += more;
    }

    /// A slice would hold all of what it is a slice of, and many small pieces cost more than they hold: it is copied, and put
    /// together with the last one if that is small too.
    fn append(&mut self, piece: &[u8]) {
        match self.pieces.last_mut() {
            Some(last) if last.len() + piece.len() <= PIECE => *last = [last, piece].concat().into(),
            _ => self.pieces.push(Bytes::copy_from_slice(piece)),
        }
    }

    /// `len` octets from `skip` on.
    fn slice(&self, skip: u64, len: u64) -> impl Iterator<Item = Bytes> {
        let mut at = 0_u64;
        self.pieces.iter().filter_map(move |piece| {
            let (begin, end) = (at, at + piece.len() as u64);
            at = end;
            let from = skip.clamp(begin, end) - begin;
            let to = (skip + len).clamp(begin, end) - begin;
            let (from, to) = (usize::try_from(from).ok()?, usize::try_from(to).ok()?);
            (from < to).then(|| piece.slice(from..to))
        })
    }
}

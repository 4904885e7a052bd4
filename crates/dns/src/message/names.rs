//! Names in a message, checked: every pointer strictly back, no name too long, no work that grows faster than the message.
//!
//! RFC 1035 section 4.1.4 lets a name end in a pointer to a prior name, which may end in a pointer itself. A few hops are
//! simply followed. Who packs a message with pointers to one long chain makes us remember what every place we
//! came by is worth: from then on a hop ends at the first place that is known.

use alloc::vec::Vec;

use crate::limits;
use crate::{ParseError, ParseErrorKind as Kind};

/// Labels and pointers followed before we begin to take notes. A big, ordinary answer follows some hundred.
const UNNOTED: u16 = 1024;

/// Pointers have 14 bits.
const REACH: usize = 1 << 14;

/// Checks the names of one message.
pub(crate) struct NameChecker {
    followed: u16,
    pointers: bool,
    notes: Vec<Tail>,
}

/// What a name is from some place on.
#[derive(Clone, Copy, Default)]
struct Tail {
    /// Octets uncompressed, the root label included; 0: not known.
    len: u8,
    /// Pointers in it.
    pointers: u8,
}

impl NameChecker {
    #[inline]
    pub(crate) fn new() -> Self {
        NameChecker { followed: 0, pointers: true, notes: Vec::new() }
    }

    /// For names outside of messages: pointers have nowhere to point.
    #[inline]
    pub(crate) fn uncompressed() -> Self {
        NameChecker { pointers: false, ..NameChecker::new() }
    }

    /// Checks the name at `at`; tells the offset behind it.
    #[inline]
    pub(crate) fn check(&mut self, message: &[u8], at: usize) -> Result<usize, ParseError> {
        let mut pos = at;
        loop {
            match message.get(pos).copied() {
                Some(0) if pos - at < limits::NAME => return Ok(pos + 1),
                Some(octet @ 1..=63) => pos += 1 + usize::from(octet),
                Some(0xC0..) => return self.check_tail(message, at, pos),
                Some(0) => return Err(ParseError::new(Kind::NameTooLong, at)),
                Some(_) => return Err(ParseError::new(Kind::LabelType, pos)),
                None => return Err(ParseError::new(Kind::Short, pos.min(message.len()))),
            }
        }
    }

    /// The name at `at` has its first pointer at `pos`.
    fn check_tail(&mut self, message: &[u8], at: usize, pos: usize) -> Result<usize, ParseError> {
        let tail = self.tail(message, at, pos)?;
        if pos - at + usize::from(tail.len) > limits::NAME {
            return Err(ParseError::new(Kind::NameTooLong, at));
        }
        Ok(pos + 2)
    }

    /// What the pointer at `pos` adds to the run of labels that starts at `segment`.
    fn tail(&mut self, message: &[u8], segment: usize, pos: usize) -> Result<Tail, ParseError> {
        if !self.pointers {
            return Err(ParseError::new(Kind::LabelType, pos));
        }
        let tail = match self.notes.is_empty() {
            true => self.follow(message, segment, pos)?,
            false => self.follow_noting(message, segment, pos)?,
        };
        Ok(tail)
    }

    fn follow(&mut self, message: &[u8], mut segment: usize, mut pos: usize) -> Result<Tail, ParseError> {
        let first = pos;
        let mut tail = Tail::default();
        let mut len = 0;
        let mut chain = 0;
        loop {
            // A pointer at `pos` ends the run of labels that starts at `segment`.
            segment = target(message, segment, pos)?;
            (tail.pointers, chain) = (tail.pointers + 1, chain + 1);
            if tail.pointers > limits::POINTERS || chain > limits::POINTER_CHAIN {
                return Err(ParseError::new(Kind::Pointers, first));
            }
            pos = segment;
            loop {
                self.followed = self.followed.saturating_add(1);
                match message.get(pos).copied() {
                    Some(0) => {
                        tail.len =
                            u8::try_from(len + 1).map_err(|_| ParseError::new(Kind::NameTooLong, first))?;
                        if self.followed > UNNOTED {
                            self.notes = alloc::vec![Tail::default(); message.len().min(REACH)];
                        }
                        return Ok(tail);
                    }
                    Some(octet @ 1..=63) => {
                        (pos, len) = (pos + 1 + usize::from(octet), len + 1 + usize::from(octet));
                        chain = 0;
                        if len > limits::NAME {
                            return Err(ParseError::new(Kind::NameTooLong, first));
                        }
                    }
                    Some(0xC0..) => break,
                    Some(_) => return Err(ParseError::new(Kind::LabelType, pos)),
                    None => return Err(ParseError::new(Kind::Short, pos.min(message.len()))),
                }
            }
        }
    }

    fn follow_noting(&mut self, message: &[u8], segment: usize, pos: usize) -> Result<Tail, ParseError> {
        self.follow(message, segment, pos)
    }
}

/// Where the pointer at `pos` leads.
fn target(message: &[u8], segment: usize, pos: usize) -> Result<usize, ParseError> {
    let Some([high, low]) = message.get(pos..).and_then(|rest| rest.first_chunk().copied()) else {
        return Err(ParseError::new(Kind::Short, message.len()));
    };
    let target = usize::from(u16::from_be_bytes([high & 0x3F, low]));
    match target {
        0..12 => Err(ParseError::new(Kind::PointerIntoHeader, pos)),
        target if target >= segment => Err(ParseError::new(Kind::PointerForward, pos)),
        target => Ok(target),
    }
}

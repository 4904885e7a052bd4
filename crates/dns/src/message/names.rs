//! Names in a message, checked: every pointer strictly back, no name too long, no work that grows faster than the message.
//!
//! RFC 1035 section 4.1.4 lets a name end in a pointer to a prior name, which may end in a pointer itself. What was found
//! out about a place that a pointer leads to is noted, so that the next pointer to it costs a look. The first notes have
//! room for what ordinary messages point to; who fills a message with ever other places gets a page for each of them,
//! and then no octet is walked over twice.

use alloc::vec::Vec;

use crate::Header;
use crate::limits;
use crate::{ParseError, ParseErrorKind as Kind};

/// How to get over a name.
pub(crate) trait Names {
    /// The offset behind the name at `at`.
    ///
    /// # Errors
    /// It is none.
    fn end(&mut self, message: &[u8], at: usize) -> Result<usize, ParseError>;
}

/// Names that have been checked.
pub(crate) struct Checked;

impl Names for Checked {
    #[inline]
    fn end(&mut self, message: &[u8], at: usize) -> Result<usize, ParseError> {
        Ok(super::sections::skip_name(message, at))
    }
}

/// Names outside of messages: pointers have nowhere to point.
pub(crate) struct Uncompressed;

impl Names for Uncompressed {
    fn end(&mut self, message: &[u8], at: usize) -> Result<usize, ParseError> {
        match labels(message, at)? {
            (end, Stop::Root) if end - at <= limits::NAME => Ok(end),
            (_, Stop::Root) => Err(ParseError::new(Kind::NameTooLong, at)),
            (end, Stop::Pointer(_)) => Err(ParseError::new(Kind::LabelType, end)),
        }
    }
}

const NOTES: usize = 32;

/// Steps of walking after which the big notes are worth their memory.
const WALKED: u16 = 512;

/// Pointers have 14 bits.
const REACH: usize = 1 << 14;

/// What a name is from a label on.
#[derive(Clone, Copy)]
struct Tail {
    /// Octets uncompressed, the root label included.
    len: usize,
    /// Pointers on the way to the root.
    pointers: usize,
}

/// A note: where the label stands (16 bits), octets from there on (8), a bit that is not set, and pointers (7).
///
/// Pointers count from 2, so that the bit would be set in a note about what can't take one more of them.
type Note = u32;

const FIRST_POINTER: Note = 2;
/// No note: nothing that a pointer can lead to is there.
const NONE: Note = Note::MAX;
/// Not a note: too many octets, or pointers.
const OVERFLOW: Note = !0xFF7F;

impl Tail {
    /// As a note about the label at `at`; none, if there can't be one.
    fn note(self, at: usize) -> Note {
        let number = |number| Note::try_from(number).unwrap_or(Note::MAX >> 16);
        let tail = number(self.len) << 8 | (number(self.pointers) + FIRST_POINTER);
        if tail & OVERFLOW == 0 && at < REACH { number(at) << 16 | tail } else { NONE }
    }

    /// From a note about the label at `at`, if it is that.
    fn noted(note: Note, at: usize) -> Option<Tail> {
        let note = note as usize;
        let pointers = (note & 0xFF).saturating_sub(FIRST_POINTER as usize);
        (note >> 16 == at && at < REACH).then_some(Tail { len: note >> 8 & 0xFF, pointers })
    }
}

/// Checks the names of one message.
pub(crate) struct NameChecker {
    /// Notes about labels, by the low bits of their offsets.
    notes: [Note; NOTES],
    /// Notes about all labels, once there is reason to.
    all: Vec<Note>,
    walked: u16,
}

impl NameChecker {
    #[inline]
    pub(crate) fn new() -> Self {
        NameChecker { notes: [NONE; NOTES], all: Vec::new(), walked: 0 }
    }

    fn take_note(&mut self, at: usize, tail: Tail) {
        if let Some(place) = self.notes.get_mut(slot(at)) {
            *place = tail.note(at);
        }
    }

    fn look_up(&self, at: usize) -> Option<Tail> {
        Tail::noted(self.notes.get(slot(at)).copied().unwrap_or(NONE), at)
    }

    /// What is noted about the label at `at`.
    #[inline]
    fn tail(&self, at: usize) -> Option<Note> {
        let note = self.notes.get(slot(at)).copied().unwrap_or(NONE);
        ((note >> 16) as usize == at).then_some(note & 0xFFFF)
    }

    /// The end of the name at `at`, if it is labels, and the root or a pointer to a place that is noted. All else is for
    /// [`any`](NameChecker::any).
    #[expect(clippy::cast_possible_truncation, reason = "offsets into a message: below 65536")]
    fn spelled(&mut self, message: &[u8], at: usize) -> Result<usize, ParseError> {
        let mut pos = at;
        let stop = loop {
            match message.get(pos).copied() {
                Some(octet @ 1..=63) => pos += 1 + usize::from(octet),
                Some(stop) => break stop,
                None => return self.any(message, at),
            }
        };
        let (tail, end) = match (stop, message.get(pos + 1)) {
            (0, _) => (1 << 8 | FIRST_POINTER, pos + 1),
            (0xC0.., Some(low)) => {
                let target = pointer(stop, *low);
                match self.tail(target).or_else(|| self.first_look(message, target, at)) {
                    Some(tail) => (tail + 1, pos + 2),
                    None => return self.any(message, at),
                }
            }
            _ => return self.any(message, at),
        };
        let tail = tail + ((pos - at) << 8) as Note;
        if tail & OVERFLOW != 0 {
            return self.any(message, at);
        }
        // A pointer alone is not worth a note: it is but one hop to a place that is.
        if pos > at {
            self.take(at, tail);
        }
        Ok(end)
    }

    /// What is now noted about the label at `at`, if it is labels, and the root or a pointer to a place that is noted.
    #[expect(clippy::cast_possible_truncation, reason = "offsets into a message: below 65536")]
    fn first_look(&mut self, message: &[u8], at: usize, before: usize) -> Option<Note> {
        let mut pos = at;
        if !(Header::LEN..before).contains(&at) || self.walked > WALKED {
            return None;
        }
        let stop = loop {
            self.walked += 1;
            match message.get(pos).copied()? {
                octet @ 1..=63 if pos < at + limits::NAME => pos += 1 + usize::from(octet),
                stop => break stop,
            }
        };
        let tail = match (stop, message.get(pos + 1)) {
            (0, _) => 1 << 8 | FIRST_POINTER,
            (0xC0.., Some(low)) => self.tail(pointer(stop, *low))? + 1,
            _ => return None,
        };
        let tail = Some(tail + ((pos - at) << 8) as Note).filter(|tail| pos > at && tail & OVERFLOW == 0)?;
        self.take(at, tail);
        Some(tail)
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "offsets into a message: below 65536")]
    fn take(&mut self, at: usize, tail: Note) {
        if let Some(place) = self.notes.get_mut(slot(at)) {
            *place = (at as Note) << 16 | tail;
        }
    }

    /// The end of the name at `at`, whatever it is.
    #[cold]
    fn any(&mut self, message: &[u8], at: usize) -> Result<usize, ParseError> {
        let (pos, stop) = labels(message, at)?;
        let (tail, end) = match stop {
            Stop::Root => (Tail { len: pos - at, pointers: 0 }, pos),
            Stop::Pointer(target) => {
                let Tail { len, pointers } = match self.look_up(target) {
                    Some(tail) => tail,
                    None => self.walk(message, (at, pos), target)?,
                };
                (Tail { len: pos - at + len, pointers: pointers + 1 }, pos + 2)
            }
        };
        if tail.len > limits::NAME {
            return Err(ParseError::new(Kind::NameTooLong, at));
        }
        // A pointer alone is not worth a note: it is but one hop to a place that is.
        if pos > at {
            self.take_note(at, tail);
        }
        Ok(end)
    }

    /// What the name at `segment` is from `target` on, to which its pointer at `pos` leads.
    fn walk(
        &mut self,
        message: &[u8],
        (segment, pos): (usize, usize),
        target: usize,
    ) -> Result<Tail, ParseError> {
        if self.walked > WALKED && self.all.is_empty() {
            self.all = alloc::vec![NONE; message.len().min(REACH)];
        }
        prior(target, segment, pos)?;
        let mut path = Path { at: target, segment: target, len: 0, pointers: 0, chain: 1 };
        let tail = loop {
            if let Some(tail) = self.known(path.at) {
                break Tail { len: path.len + tail.len, pointers: path.pointers + tail.pointers };
            }
            self.walked = self.walked.saturating_add(1);
            if !path.step(message, pos)? {
                break Tail { len: path.len + 1, pointers: path.pointers };
            }
        };
        // One more for the pointer that led here.
        if tail.pointers >= usize::from(limits::POINTERS) {
            return Err(ParseError::new(Kind::Pointers, pos));
        }
        if tail.len > limits::NAME {
            return Err(ParseError::new(Kind::NameTooLong, pos));
        }
        self.note_path(message, target, path.at, tail);
        Ok(tail)
    }

    fn known(&self, at: usize) -> Option<Tail> {
        let big = || self.all.get(at).and_then(|note| Tail::noted(*note, at));
        self.look_up(at).or_else(big)
    }

    /// Notes every label between `from` and `to`, of a walk that went well.
    fn note_path(&mut self, message: &[u8], from: usize, to: usize, tail: Tail) {
        let mut path = Path { at: from, segment: from, len: 0, pointers: 0, chain: 1 };
        while path.at != to {
            if message.get(path.at).is_some_and(|octet| *octet < 0xC0) {
                let rest = Tail { len: tail.len - path.len, pointers: tail.pointers - path.pointers };
                self.take_note(path.at, rest);
                if let Some(place) = self.all.get_mut(path.at) {
                    *place = rest.note(path.at);
                }
            }
            if !matches!(path.step(message, from), Ok(true)) {
                break;
            }
        }
    }
}

impl Names for NameChecker {
    #[inline]
    fn end(&mut self, message: &[u8], at: usize) -> Result<usize, ParseError> {
        match message.get(at..).and_then(|rest| rest.first_chunk()) {
            // Only places in front of this one are noted.
            Some([high @ 0xC0..=0xFF, low]) if self.tail(pointer(*high, *low)).is_some() => Ok(at + 2),
            Some([0, _]) => Ok(at + 1),
            _ => self.spelled(message, at),
        }
    }
}

/// Where a pointer leads: an offset in 14 bits (RFC 1035 section 4.1.4).
#[inline]
fn pointer(high: u8, low: u8) -> usize {
    usize::from(u16::from_be_bytes([high, low]) & 0x3FFF)
}

/// Names come at regular distances: the low bits alone would put them into few places.
#[inline]
fn slot(at: usize) -> usize {
    at.wrapping_mul(0x85EB_CA6B) >> 16 & (NOTES - 1)
}

/// What ends a run of labels.
enum Stop {
    Root,
    /// It leads there.
    Pointer(usize),
}

/// The labels at `at`: the offset behind the root label, or that of the pointer.
#[inline]
fn labels(message: &[u8], at: usize) -> Result<(usize, Stop), ParseError> {
    let mut pos = at;
    loop {
        match message.get(pos).copied() {
            Some(octet @ 1..=63) => pos += 1 + usize::from(octet),
            Some(0) => return Ok((pos + 1, Stop::Root)),
            Some(high @ 0xC0..) => match message.get(pos + 1) {
                Some(low) => return Ok((pos, Stop::Pointer(pointer(high, *low)))),
                None => return Err(ParseError::new(Kind::Short, message.len())),
            },
            Some(_) => return Err(ParseError::new(Kind::LabelType, pos)),
            None => return Err(ParseError::new(Kind::Short, message.len())),
        }
    }
}

/// A walk along labels and pointers.
struct Path {
    at: usize,
    /// Where the run of labels started: pointers lead before it.
    segment: usize,
    len: usize,
    pointers: usize,
    /// Pointers since the last label.
    chain: u8,
}

impl Path {
    /// A step over a label or through a pointer; false at the root. `first`: whom to blame.
    fn step(&mut self, message: &[u8], first: usize) -> Result<bool, ParseError> {
        match message.get(self.at).copied() {
            Some(0) => return Ok(false),
            Some(octet @ 1..=63) => {
                (self.at, self.len) = (self.at + 1 + usize::from(octet), self.len + 1 + usize::from(octet));
                self.chain = 0;
                if self.len >= limits::NAME {
                    return Err(ParseError::new(Kind::NameTooLong, first));
                }
            }
            Some(high @ 0xC0..) => {
                let Some(low) = message.get(self.at + 1) else {
                    return Err(ParseError::new(Kind::Short, message.len()));
                };
                self.at = prior(pointer(high, *low), self.segment, self.at)?;
                self.segment = self.at;
                (self.pointers, self.chain) = (self.pointers + 1, self.chain + 1);
                if self.chain > limits::POINTER_CHAIN {
                    return Err(ParseError::new(Kind::Pointers, first));
                }
            }
            Some(_) => return Err(ParseError::new(Kind::LabelType, self.at)),
            None => return Err(ParseError::new(Kind::Short, message.len())),
        }
        Ok(true)
    }
}

/// The pointer at `pos`, which ends the run of labels from `segment` on, leads to `target`.
#[inline]
fn prior(target: usize, segment: usize, pos: usize) -> Result<usize, ParseError> {
    match target {
        0..12 => Err(ParseError::new(Kind::PointerIntoHeader, pos)),
        target if target >= segment => Err(ParseError::new(Kind::PointerForward, pos)),
        target => Ok(target),
    }
}

//! The shape of a head: where its names, targets and lines end, found for 64 bytes at a time.
//!
//! The rule: it tells only what is certain and as it should be. Whatever is not, or not yet there, or longer than usual, is
//! left to those who read line by line, and who know what to say about it: they are the twin that the tests compare with.

use proto_core::scan::{self, BLOCK, Class, Classes};

use crate::Version;
use crate::known::{self, Slot};
use crate::syntax::{first_not_token, is_blank, is_plain_target, is_token, trim};

/// How many bytes are looked at in one go; lines that are longer are left to others.
pub(crate) const WINDOW: usize = BLOCKS * BLOCK;
const BLOCKS: usize = 16;

/// What ends a field's name.
const COLON: usize = 0;
/// What ends a line or must not be in it: control characters but HTAB (RFC 9110 section 5.5).
const CONTROL: usize = 1;

struct Head;

impl Classes<2> for Head {
    const CLASSES: [Class; 2] = [Class::of(b":"), Class::CTL.and(Class::of(b"\t").not())];
}

/// What ends a target, or begins a triplet in it: all but what RFC 3986 allows in paths and queries, and brackets.
const TARGET_END: Class = Class::ALPHA.or(Class::DIGIT).or(Class::of(b"-._~!$&'()*+,;=:@/?[]")).not();

/// Targets up to this length are looked at byte by byte.
const SHORT: usize = 16;

/// Room for the shape of [`WINDOW`] bytes.
pub(crate) struct Room([[u64; 2]; BLOCKS]);

/// The first [`WINDOW`] bytes of something, and where things end in them.
pub(crate) struct Shape<'b> {
    bytes: &'b [u8],
    /// For each [`BLOCK`] of them; nothing behind.
    masks: &'b [[u64; 2]; BLOCKS],
}

impl Room {
    pub(crate) const fn new() -> Self {
        Room([[0; 2]; BLOCKS])
    }
}

/// A line behind the start line.
pub(crate) enum Line {
    /// The one that ends the head.
    Empty,
    /// A well-formed field.
    Field(FieldShape),
    /// It takes a closer look, or its end is not there.
    Other,
}

/// Where the parts of a field line are, in the bytes that were looked at.
pub(crate) struct FieldShape {
    /// Which field it is.
    pub(crate) slot: &'static Slot,
    /// Where the name, a token, ends: at the colon.
    pub(crate) name_end: usize,
    /// Where the value begins, behind white space.
    pub(crate) value: usize,
    /// Where it ends, before white space.
    pub(crate) value_end: usize,
    /// The line's CRLF.
    pub(crate) end: usize,
}

/// Where the parts of a request line are, one space between each.
pub(crate) struct RequestShape {
    /// Where the method, a token, ends.
    pub(crate) method_end: usize,
    /// Where the target ends, which begins with a slash.
    pub(crate) target_end: usize,
    pub(crate) version: Version,
    /// The line's CRLF.
    pub(crate) end: usize,
}

impl<'b> Shape<'b> {
    /// Looks at the front of `bytes`.
    #[inline]
    pub(crate) fn of(bytes: &'b [u8], room: &'b mut Room) -> Self {
        let bytes = bytes.get(..WINDOW).unwrap_or(bytes);
        scan::index::<Head, 2>(bytes, &mut room.0);
        Shape { bytes, masks: &room.0 }
    }

    /// Some of the bytes.
    #[inline]
    pub(crate) fn slice(&self, start: usize, end: usize) -> &'b [u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// Nothing is behind.
    #[inline]
    pub(crate) fn ends_at(&self, at: usize) -> bool {
        at >= self.bytes.len()
    }

    /// The line that begins at `at`.
    #[inline(always)]
    pub(crate) fn field_line(&self, at: usize) -> Line {
        match self.line_end(at) {
            Some(end) if end == at => Line::Empty,
            Some(end) => self.field(at, end).map_or(Line::Other, Line::Field),
            None => Line::Other,
        }
    }

    /// The field of the line from `at` to `end`.
    #[inline(always)]
    fn field(&self, at: usize, end: usize) -> Option<FieldShape> {
        let name_end = self.next(at, COLON)?;
        let line = self.bytes.get(at..end)?;
        let (name, colon) = line.split_at_checked(name_end - at)?;
        // No control character is in the line, so that a name which is found is a token.
        let slot = match known::look_up(name) {
            Some(slot) => slot,
            None if is_unknown_name(name) => &known::UNKNOWN,
            None => return None,
        };
        let (value, value_end) = match colon {
            // No other control character than HTAB is in it: what is not above a space is blank.
            [_, b' ', first, .., last] if *first > b' ' && *last > b' ' => (name_end + 2, end),
            [_, b' ', only] if *only > b' ' => (name_end + 2, end),
            _ => trimmed(colon.get(1..)?, name_end + 1),
        };
        Some(FieldShape { slot, name_end, value, value_end, end })
    }

    /// The request line at the front, if its target begins with a slash and all of it is well-formed.
    #[inline]
    pub(crate) fn request_line(&self) -> Option<RequestShape> {
        let end = self.line_end(0)?;
        let (line, version) = self.bytes.get(..end)?.split_last_chunk()?;
        let version = match u64::from_le_bytes(*version) {
            HTTP_11 => Version::Http11,
            HTTP_10 => Version::Http10,
            _ => return None,
        };
        let method_end = match line {
            [b'G', b'E', b'T', b' ', ..] => 3,
            _ => first_not_token(line)?,
        };
        let [b' ', target @ .., b' '] = line.get(method_end..)? else { return None };
        let is_plain = method_end > 0 && target.starts_with(b"/") && is_target(target);
        is_plain.then_some(RequestShape { method_end, target_end: line.len() - 1, version, end })
    }

    /// Where the CRLF is that ends the line that `from` is in.
    #[inline(always)]
    pub(crate) fn line_end(&self, from: usize) -> Option<usize> {
        let end = self.next(from, CONTROL)?;
        (self.bytes.get(end..)?.first_chunk() == Some(b"\r\n")).then_some(end)
    }

    /// The first byte of a class from `from` on.
    #[inline(always)]
    fn next(&self, from: usize, class: usize) -> Option<usize> {
        let mut block = from / BLOCK;
        let mut mask = self.masks.get(block)?.get(class)? & (u64::MAX << (from % BLOCK));
        while mask == 0 {
            block += 1;
            mask = *self.masks.get(block)?.get(class)?;
        }
        Some(block * BLOCK + mask.trailing_zeros() as usize)
    }
}

const HTTP_11: u64 = u64::from_le_bytes(*b"HTTP/1.1");
const HTTP_10: u64 = u64::from_le_bytes(*b"HTTP/1.0");

/// Nothing but what may be in a target, each `%` followed by two digits.
#[inline(always)]
fn is_target(target: &[u8]) -> bool {
    (target.len() <= SHORT && target.iter().all(|&byte| is_plain_target(byte))) || is_long_target(target)
}

#[inline(never)]
fn is_long_target(target: &[u8]) -> bool {
    let mut rest = target;
    loop {
        let Some(stop) = scan::find(rest, &TARGET_END) else { return true };
        match rest.get(stop..) {
            Some([b'%', high, low, behind @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                rest = behind;
            }
            _ => return false,
        }
    }
}

/// A name that is not known may still be one.
#[inline(never)]
fn is_unknown_name(name: &[u8]) -> bool {
    is_token(name)
}

/// Where `raw`, which begins at `at`, begins and ends without the white space around it.
#[inline(never)]
fn trimmed(raw: &[u8], at: usize) -> (usize, usize) {
    let skipped = raw.iter().take_while(|&&byte| is_blank(byte)).count();
    (at + skipped, at + skipped + trim(raw).len())
}

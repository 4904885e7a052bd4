//! The shape of a head: where its names, targets and lines end, found for 64 bytes at a time.
//!
//! The rule: it tells only what is certain and as it should be. Whatever is not, or not yet there, or longer than usual, is
//! left to those who read line by line, and who know what to say about it: they are the twin that the tests compare with.

use core::ops::Range;

use proto_core::scan::{self, BLOCK, Class, Classes};

use crate::syntax::{is_blank, trim};

/// How many bytes are looked at in one go; lines that are longer are left to others.
pub(crate) const WINDOW: usize = BLOCKS * BLOCK;
const BLOCKS: usize = 16;

/// What ends a name or a method: all but `tchar` (RFC 9110 section 5.6.2).
const NAME_END: usize = 0;
/// What ends a line or must not be in it: control characters but HTAB (RFC 9110 section 5.5).
const LINE_END: usize = 1;
/// What ends a target, or begins a triplet: all but what RFC 3986 allows in paths and queries, and brackets.
const TARGET_END: usize = 2;

struct Head;

impl Classes<3> for Head {
    const CLASSES: [Class; 3] = [
        Class::ALPHA.or(Class::DIGIT).or(Class::of(b"!#$%&'*+-.^_`|~")).not(),
        Class::CTL.and(Class::of(b"\t").not()),
        Class::ALPHA.or(Class::DIGIT).or(Class::of(b"-._~!$&'()*+,;=:@/?[]")).not(),
    ];
}

/// The first [`WINDOW`] bytes of something, and where things end in them.
pub(crate) struct Shape<'b> {
    bytes: &'b [u8],
    masks: [[u64; 3]; BLOCKS],
}

/// Where the parts of a field line are, in the bytes that were looked at.
pub(crate) struct FieldShape {
    /// The name, a token.
    pub(crate) name: Range<usize>,
    /// The value, without white space at its ends.
    pub(crate) value: Range<usize>,
    /// The line's CRLF.
    pub(crate) end: usize,
}

/// Where the parts of a request line are: one space between each, then the version and the line's end.
pub(crate) struct RequestShape {
    /// Where the method, a token, ends.
    pub(crate) method_end: usize,
    /// Where the target ends, which begins with a slash.
    pub(crate) target_end: usize,
}

impl<'b> Shape<'b> {
    /// Looks at the front of `bytes`.
    pub(crate) fn of(bytes: &'b [u8]) -> Self {
        let bytes = bytes.get(..WINDOW).unwrap_or(bytes);
        let mut masks = [[0; 3]; BLOCKS];
        scan::index::<Head, 3>(bytes, &mut masks);
        Shape { bytes, masks }
    }

    /// From `at` to the end of what was looked at.
    pub(crate) fn behind(&self, at: usize) -> &'b [u8] {
        self.bytes.get(at..).unwrap_or_default()
    }

    /// These of the bytes.
    #[inline]
    pub(crate) fn slice(&self, span: &Range<usize>) -> &'b [u8] {
        self.bytes.get(span.start..span.end).unwrap_or_default()
    }

    /// The field line that begins at `at`, if it is well-formed and ends in here.
    #[inline]
    pub(crate) fn field_line(&self, at: usize) -> Option<FieldShape> {
        let colon = self.next::<NAME_END>(at)?;
        let end = self.line_end(colon)?;
        if colon == at || self.bytes.get(colon) != Some(&b':') {
            return None;
        }
        let raw = self.bytes.get(colon + 1..end)?;
        let value = match raw {
            [b' ', first, .., last] if !is_blank(*first) && !is_blank(*last) => colon + 2..end,
            _ => trimmed(raw, colon + 1),
        };
        Some(FieldShape { name: at..colon, value, end })
    }

    /// The request line at the front, if it is well-formed and its target begins with a slash.
    #[inline]
    pub(crate) fn request_line(&self) -> Option<RequestShape> {
        let method_end = self.next::<NAME_END>(0)?;
        let [b' ', b'/', ..] = self.behind(method_end) else { return None };
        let target_end = self.target_end(method_end + 2)?;
        (method_end > 0).then_some(RequestShape { method_end, target_end })
    }

    /// Where the CRLF is that ends the line that `from` is in.
    #[inline]
    pub(crate) fn line_end(&self, from: usize) -> Option<usize> {
        let end = self.next::<LINE_END>(from)?;
        (self.bytes.get(end..end + 2)? == b"\r\n").then_some(end)
    }

    /// Where the target ends that goes on at `from`, every `%` in it being followed by two digits.
    #[inline]
    fn target_end(&self, from: usize) -> Option<usize> {
        let mut end = self.next::<TARGET_END>(from)?;
        while let [b'%', high, low, ..] = self.behind(end) {
            if !high.is_ascii_hexdigit() || !low.is_ascii_hexdigit() {
                return None;
            }
            end = self.next::<TARGET_END>(end + 3)?;
        }
        Some(end)
    }

    /// The first byte of a class from `from` on.
    #[inline]
    fn next<const CLASS: usize>(&self, from: usize) -> Option<usize> {
        let mut block = from / BLOCK;
        let mut mask = self.masks.get(block)?.get(CLASS)? & (u64::MAX << (from % BLOCK));
        while mask == 0 {
            block += 1;
            mask = *self.masks.get(block)?.get(CLASS)?;
        }
        Some(block * BLOCK + mask.trailing_zeros() as usize)
    }
}

/// Where `raw`, which begins at `at`, is without the white space around it.
fn trimmed(raw: &[u8], at: usize) -> Range<usize> {
    let skipped = raw.iter().take_while(|&&byte| is_blank(byte)).count();
    let value = trim(raw);
    at + skipped..at + skipped + value.len()
}

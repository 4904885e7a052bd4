//! Which transfer coding a content gets: seen in one pass over it.

use alloc::vec::Vec;
use core::ops::ControlFlow;

use bytes::Bytes;
use proto_core::scan::{self, Class, Classes};

use crate::lexical::slice;

/// RFC 2045 section 6.1, from the least that a content needs to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Coding {
    SevenBit,
    EightBit,
    Binary,
    QuotedPrintable,
    Base64,
}

impl Coding {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Coding::SevenBit => "7bit",
            Coding::EightBit => "8bit",
            Coding::Binary => "binary",
            Coding::QuotedPrintable => "quoted-printable",
            Coding::Base64 => "base64",
        }
    }
}

/// RFC 5322 section 2.1.1: no line may be longer.
const LINE: usize = 998;

/// 0 line feeds, 1 carriage returns, 2 beyond US-ASCII, 3 what quoted-printable escapes besides.
struct Shape;

impl Classes<4> for Shape {
    const CLASSES: [Class; 4] = [
        Class::of(b"\n"),
        Class::of(b"\r"),
        Class::EIGHT_BIT,
        Class::CTL.or(Class::of(b"=")).and(Class::of(b"\t\r\n").not()),
    ];
}

/// What there is to know of a content.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    eight_bit: usize,
    others: usize,
    has_control: bool,
    /// CR or LF that are no line end together.
    has_bare: bool,
    longest: usize,
    len: usize,
}

impl Look {
    /// `is_text`: it matters how much has to be coded, not only that something has.
    pub(super) fn at(content: &[u8], is_text: bool) -> Look {
        let start = (Look::default(), 0, false);
        let step = |(mut look, mut line, mut was_cr): (Look, usize, bool), at: usize, masks: [u64; 4]| {
            let [lf, cr, high, others] = masks;
            look.eight_bit += high.count_ones() as usize;
            look.others += others.count_ones() as usize;
            // A LF stands behind each CR, and a CR before each LF.
            look.has_bare |= lf != (cr << 1 | u64::from(was_cr));
            was_cr = cr >> 63 == 1;
            for bit in scan::Bits(lf) {
                let end = at + bit as usize;
                look.longest = look.longest.max((end + 1).saturating_sub(line + 2));
                line = end + 1;
            }
            if !is_text && (look.has_bare || look.eight_bit > 0) {
                return ControlFlow::Break(look);
            }
            ControlFlow::Continue((look, line, was_cr))
        };
        let walked = scan::fold::<Shape, 4, _, Look>(content, start, step);
        let (mut look, line, was_cr) = match walked {
            ControlFlow::Continue(all) => all,
            ControlFlow::Break(look) => return look,
        };
        look.has_bare |= was_cr;
        look.len = content.len();
        look.longest = look.longest.max(content.len() - line);
        look.has_control = look.others > 0 && content.contains(&0);
        look
    }

    /// Lines of US-ASCII (RFC 2045 section 2.7), or of anything but NUL (section 2.8).
    fn are_lines(&self) -> bool {
        !self.has_bare && !self.has_control && self.longest <= LINE
    }

    /// For a leaf.
    pub(super) fn coding(&self, is_text: bool, eight_bit: bool) -> Coding {
        if self.are_lines() && self.eight_bit == 0 {
            return Coding::SevenBit;
        }
        if self.are_lines() && is_text && eight_bit {
            return Coding::EightBit;
        }
        // Two characters more for each escape, against a third of all.
        let escapes = self.eight_bit + self.others;
        if is_text && !self.has_bare && escapes * 6 <= self.len {
            return Coding::QuotedPrintable;
        }
        Coding::Base64
    }

    /// For a message within a message, which may not be coded (RFC 2046 section 5.2.1).
    pub(super) fn identity(&self) -> Coding {
        match (self.are_lines(), self.eight_bit) {
            (true, 0) => Coding::SevenBit,
            (true, _) => Coding::EightBit,
            (false, _) => Coding::Binary,
        }
    }
}

/// What lines end in: 0 line feeds, 1 carriage returns.
struct Ends;

impl Classes<2> for Ends {
    const CLASSES: [Class; 2] = [Class::of(b"\n"), Class::of(b"\r")];
}

/// Each CR has a LF behind it, and each LF a CR before it.
fn is_canonical(bytes: &[u8]) -> bool {
    let walked = scan::fold::<Ends, 2, _, ()>(bytes, false, |was_cr, _, [lf, cr]| {
        if lf != cr << 1 | u64::from(was_cr) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(cr >> 63 == 1)
    });
    walked == ControlFlow::Continue(false)
}

/// RFC 2046 section 4.1.1: a line of text ends in CRLF, whatever it ended in.
pub(super) fn canonical(text: &str) -> Bytes {
    let bytes = text.as_bytes();
    if is_canonical(bytes) {
        return Bytes::copy_from_slice(bytes);
    }
    let mut lines = Vec::with_capacity(bytes.len() + bytes.len() / 32);
    let mut at = 0;
    while let Some(end) = scan::find_either(b'\r', b'\n', slice(bytes, at, bytes.len())).map(|end| at + end) {
        lines.extend_from_slice(slice(bytes, at, end));
        lines.extend_from_slice(b"\r\n");
        at = end + if slice(bytes, end, end + 2) == b"\r\n" { 2 } else { 1 };
    }
    lines.extend_from_slice(slice(bytes, at, bytes.len()));
    Bytes::from(lines)
}

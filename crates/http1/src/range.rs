//! Ranges (RFC 9110 section 14): parts of a representation, asked for, picked, sent and put together again.
//!
//! The rule: what is sent is exactly the octets that were asked for, each once, or the whole. A request that makes no
//! sense, or that makes more work than it is worth, is answered with the whole, as if it had not asked for parts.
//!
//! | part | where |
//! |---|---|
//! | `Range`: read, compared with a length, coalesced | [`select`] |
//! | `Content-Range` (section 14.4) | [`ContentRange`] |
//! | `multipart/byteranges` (section 14.6), written | [`ByteRanges`] |
//! | going on with a broken download (sections 13.1.5 and 14.2) | [`Resume`] |

mod byteranges;
mod content_range;
mod resume;

use alloc::vec::Vec;

use nom::branch::alt;
use nom::bytes::complete::take_while1;
use nom::character::complete::char;
use nom::combinator::{all_consuming, map, opt, verify};
use nom::multi::many0_count;
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

use crate::field_value::{ows, token, trim};

pub use byteranges::{ByteRanges, Misuse, Piece};
pub use content_range::{ContentRange, Error};
pub use resume::{Resume, ResumeError, Verdict};

/// How many parts a request may have after coalescing before it is answered with the whole.
pub const MAX_RANGES: usize = 16;

/// Consecutive octets of a representation, at least one: from `first` to `last`, both included, as HTTP counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ByteRange {
    first: u64,
    last: u64,
}

/// What the `Range` field of a request comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Answer 200 with everything: there is no range to heed.
    Whole,
    /// Answer 206 with these: one as it is, several as [`ByteRanges`]. None overlap or touch; there are 1 to
    /// [`MAX_RANGES`], in the order in which they were asked for.
    Parts(Vec<ByteRange>),
    /// Answer 416 with [`ContentRange::Unsatisfied`].
    Unsatisfiable,
}

/// One `range-spec` (RFC 9110 section 14.1.2), positions too large for any file cut to what fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spec {
    From(u64),
    FromTo(u64, u64),
    Suffix(u64),
}

impl ByteRange {
    /// The octets from `first` to `last`, both included; `None` if that is none, or more than can be counted.
    #[must_use]
    pub fn new(first: u64, last: u64) -> Option<Self> {
        (first <= last && last < u64::MAX).then_some(ByteRange { first, last })
    }

    /// The position of the first octet.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.first
    }

    /// The position of the last octet.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.last
    }

    /// How many octets; never 0.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> u64 {
        self.last - self.first + 1
    }

    /// They share an octet, or one follows the other without a gap.
    fn touches(&self, later: &ByteRange) -> bool {
        later.first <= self.last + 1
    }
}

/// What to answer to a `GET` whose `Range` field has this value, for a representation of `length` octets.
///
/// Units other than bytes and ill-formed values are ignored (RFC 9110 section 14.2). Ask only if `If-Range` allows it
/// ([`Preconditions::range_applies`](crate::conditional::Preconditions::range_applies)).
///
/// ```
/// use http1::range::{ByteRange, Selection, select};
///
/// let range = |first, last| ByteRange::new(first, last).unwrap();
/// assert_eq!(select(b"bytes=0-499", 10_000), Selection::Parts(vec![range(0, 499)]));
/// assert_eq!(select(b"bytes=500-600,601-999", 10_000), Selection::Parts(vec![range(500, 999)]));
/// assert_eq!(select(b"bytes=-500", 10_000), Selection::Parts(vec![range(9_500, 9_999)]));
/// assert_eq!(select(b"bytes=10000-", 10_000), Selection::Unsatisfiable);
/// assert_eq!(select(b"lines=1-2", 10_000), Selection::Whole);
/// ```
#[must_use]
pub fn select(value: &[u8], length: u64) -> Selection {
    let Some(specs) = parse(trim(value)) else { return Selection::Whole };
    // RFC 9110 section 14.1.2: of nothing, a suffix is satisfiable and empty, for which there is no Content-Range.
    if length == 0 && specs.iter().any(|spec| matches!(spec, Spec::Suffix(1..))) {
        return Selection::Whole;
    }
    let ranges = coalesce(specs.iter().filter_map(|spec| spec.resolve(length)));
    match ranges.len() {
        0 => Selection::Unsatisfiable,
        // Section 14.2: "MAY ignore or reject a Range header field that contains [...] a set of many small ranges".
        1..=MAX_RANGES => Selection::Parts(ranges),
        _ => Selection::Whole,
    }
}

/// Joins ranges that overlap or touch (RFC 9110 section 15.3.7.2). The others keep their order, and a joined one stands
/// where its first part stood.
#[must_use]
pub fn coalesce(ranges: impl IntoIterator<Item = ByteRange>) -> Vec<ByteRange> {
    let mut asked: Vec<(usize, ByteRange)> = ranges.into_iter().enumerate().collect();
    asked.sort_unstable_by_key(|(_, range)| range.first);
    let mut joined: Vec<(usize, ByteRange)> = Vec::new();
    for (place, range) in asked {
        match joined.last_mut() {
            Some((earlier, last)) if last.touches(&range) => {
                last.last = last.last.max(range.last);
                *earlier = place.min(*earlier);
            }
            _ => joined.push((place, range)),
        }
    }
    joined.sort_unstable_by_key(|(place, _)| *place);
    joined.into_iter().map(|(_, range)| range).collect()
}

impl Spec {
    /// The octets meant of so many, if there are any.
    fn resolve(&self, length: u64) -> Option<ByteRange> {
        let end = length.checked_sub(1)?;
        match *self {
            Spec::From(first) => ByteRange::new(first, end),
            Spec::FromTo(first, last) => ByteRange::new(first, last.min(end)),
            Spec::Suffix(0) => None,
            Spec::Suffix(n) => ByteRange::new(length.saturating_sub(n), end),
        }
    }
}

/// `bytes=` and a list of specs; `None` if it is anything else.
fn parse(value: &[u8]) -> Option<Vec<Spec>> {
    let (set, _) = terminated(bytes_unit, char('=')).parse(value).ok()?;
    let mut specs = Vec::new();
    let mut rest = set;
    loop {
        rest = skip_separators(rest);
        if rest.is_empty() {
            return Some(specs).filter(|specs| !specs.is_empty());
        }
        let (behind, spec) = terminated(range_spec, ows).parse(rest).ok()?;
        if !behind.is_empty() && !behind.starts_with(b",") {
            return None;
        }
        specs.push(spec);
        rest = behind;
    }
}

/// RFC 9110 section 14.1: "Range units [...] are case-insensitive".
fn bytes_unit(input: &[u8]) -> IResult<&[u8], &[u8]> {
    verify(token, |unit: &[u8]| unit.eq_ignore_ascii_case(b"bytes")).parse(input)
}

fn range_spec(input: &[u8]) -> IResult<&[u8], Spec> {
    let from_to = verify((terminated(position, char('-')), opt(position)), |(first, last)| {
        last.is_none_or(|last| *first <= last) // "An int-range is invalid if the last-pos value is [...] less than first-pos."
    });
    alt((
        map(preceded(char('-'), position), Spec::Suffix),
        map(from_to, |(first, last)| last.map_or(Spec::From(first), |last| Spec::FromTo(first, last))),
    ))
    .parse(input)
}

/// `1*DIGIT`, cut to what fits: no file is that large.
fn position(input: &[u8]) -> IResult<&[u8], u64> {
    map(take_while1(|octet: u8| octet.is_ascii_digit()), |digits: &[u8]| {
        digits.iter().fold(0_u64, |n, digit| n.saturating_mul(10).saturating_add(u64::from(digit & 0xf)))
    })
    .parse(input)
}

/// RFC 9110 section 5.6.1.2: commas and the white space around them; empty elements are to be ignored.
fn skip_separators(input: &[u8]) -> &[u8] {
    let separators: IResult<&[u8], usize> = many0_count(terminated(char(','), ows)).parse(trim(input));
    separators.map_or(input, |(rest, _)| rest)
}

/// All of `input` by `grammar`.
fn whole<'a, T>(grammar: fn(&'a [u8]) -> IResult<&'a [u8], T>, input: &'a [u8]) -> IResult<&'a [u8], T> {
    all_consuming(grammar).parse(input)
}

//! `Content-Range` (RFC 9110 section 14.4): which part of what a message has.

use core::fmt;

use nom::branch::alt;
use nom::bytes::complete::take_while1;
use nom::character::complete::char;
use nom::combinator::{map, map_opt, value};
use nom::sequence::{preceded, separated_pair};
use nom::{IResult, Parser};

use super::{ByteRange, bytes_unit, whole};
use crate::field_value::{stopped_at, trim};

/// The value of a `Content-Range` field.
///
/// ```
/// use http1::range::{ByteRange, ContentRange};
///
/// let part = ContentRange::parse(b"bytes 42-1233/1234")?;
/// assert_eq!(part, ContentRange::Part { range: ByteRange::new(42, 1233).unwrap(), complete: Some(1234) });
/// assert_eq!(ContentRange::Unsatisfied { complete: 1234 }.to_string(), "bytes */1234");
/// # Ok::<(), http1::range::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContentRange {
    /// In a 206: these octets of so many, if it is known how many there are.
    Part {
        /// Which octets the message, or this part of it, has.
        range: ByteRange,
        /// The length of the whole; always more than the position of the last octet.
        complete: Option<u64>,
    },
    /// In a 416: there are so many, and none of those asked for is among them.
    Unsatisfied {
        /// The length of the whole.
        complete: u64,
    },
}

/// Not a `Content-Range` in bytes that makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a Content-Range such as 'bytes 42-1233/1234' (byte {offset})")]
pub struct Error {
    /// Where it stops making sense.
    pub offset: usize,
}

impl ContentRange {
    /// Reads the value of the field.
    ///
    /// # Errors
    /// Another unit, a number above `u64`, or what RFC 9110 section 14.4 calls invalid: a last position before the first,
    /// or not inside the complete length. "The recipient of an invalid Content-Range MUST NOT attempt to recombine the
    /// received content with a stored representation."
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        match whole(content_range, trim(text)) {
            Ok((_, content_range)) => Ok(content_range),
            Err(error) => Err(Error { offset: stopped_at(trim(text), &error) }),
        }
    }
}

impl fmt::Display for ContentRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ContentRange::Part { range, complete: Some(complete) } => {
                write!(f, "bytes {}-{}/{complete}", range.first, range.last)
            }
            ContentRange::Part { range, complete: None } => {
                write!(f, "bytes {}-{}/*", range.first, range.last)
            }
            ContentRange::Unsatisfied { complete } => write!(f, "bytes */{complete}"),
        }
    }
}

fn content_range(input: &[u8]) -> IResult<&[u8], ContentRange> {
    let range =
        map_opt(separated_pair(number, char('-'), number), |(first, last)| ByteRange::new(first, last));
    let complete = preceded(char('/'), alt((map(number, Some), value(None, char('*')))));
    let part = map_opt((range, complete), |(range, complete)| {
        let fits = complete.is_none_or(|complete| range.last < complete);
        fits.then_some(ContentRange::Part { range, complete })
    });
    let unsatisfied =
        map(preceded((char('*'), char('/')), number), |complete| ContentRange::Unsatisfied { complete });
    preceded((bytes_unit, char(' ')), alt((unsatisfied, part))).parse(input)
}

fn number(input: &[u8]) -> IResult<&[u8], u64> {
    map_opt(take_while1(|octet: u8| octet.is_ascii_digit()), |digits: &[u8]| {
        digits.iter().try_fold(0_u64, |n, digit| n.checked_mul(10)?.checked_add(u64::from(digit & 0xf)))
    })
    .parse(input)
}

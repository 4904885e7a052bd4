//! `multipart/byteranges` (RFC 9110 section 14.6), written. Reading multiparts is the business of MIME.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{ByteRange, ContentRange};
use crate::field_value::is_token;
use crate::octets::{ALPHANUMERIC, OctetSet, QUOTED_PAIR};

/// RFC 2046 section 5.1.1: `bcharsnospace`.
const BOUNDARY: OctetSet = ALPHANUMERIC.with(b"'()+_,-./:=?");

/// Several parts of one representation, as the content of a 206.
///
/// ```
/// use http1::range::{ByteRange, ByteRanges, Piece};
///
/// let ranges = [ByteRange::new(0, 3).unwrap(), ByteRange::new(8, 9).unwrap()];
/// let parts = ByteRanges::new("THIS_STRING", b"text/plain", 10, &ranges)?;
/// let representation = b"0123456789";
/// let mut content = Vec::new();
/// for piece in parts.pieces() {
///     match piece {
///         Piece::Text(text) => content.extend(text),
///         Piece::Octets(range) => {
///             content.extend(&representation[range.first() as usize..=range.last() as usize]);
///         }
///     }
/// }
/// assert_eq!(content.len() as u64, parts.content_length());
/// assert!(content.ends_with(b"Content-Range: bytes 8-9/10\r\n\r\n89\r\n--THIS_STRING--\r\n"));
/// # Ok::<(), http1::range::Misuse>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRanges<'a> {
    boundary: &'a str,
    content_type: &'a [u8],
    complete: u64,
    ranges: &'a [ByteRange],
}

/// What comes next of the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// This text.
    Text(Vec<u8>),
    /// These octets of the representation; the caller has them.
    Octets(ByteRange),
}

/// Why a multipart can't be made: the caller is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// RFC 2046 section 5.1.1.
    #[error("a boundary has 1 to 70 letters, digits or characters of '()+_,-./:=?")]
    Boundary,
    /// A control character in the media type.
    #[error("a media type can't have control characters in it")]
    ContentType,
    /// A range that reaches beyond the representation, or none at all.
    #[error("a range is needed, and inside the representation")]
    Range,
}

impl<'a> ByteRanges<'a> {
    /// These `ranges` of a representation of this media type that is `complete` octets long.
    ///
    /// `boundary` must not occur in the representation: let it be random. An empty `content_type` is left out.
    ///
    /// # Errors
    /// An argument that would make an ill-formed message.
    pub fn new(
        boundary: &'a str,
        content_type: &'a [u8],
        complete: u64,
        ranges: &'a [ByteRange],
    ) -> Result<Self, Misuse> {
        let is_boundary =
            (1..=70).contains(&boundary.len()) && boundary.bytes().all(|octet| BOUNDARY.has(octet));
        if !is_boundary {
            return Err(Misuse::Boundary);
        }
        if !content_type.iter().all(|&octet| QUOTED_PAIR.has(octet)) {
            return Err(Misuse::ContentType);
        }
        if ranges.is_empty() || ranges.iter().any(|range| range.last >= complete) {
            return Err(Misuse::Range);
        }
        Ok(ByteRanges { boundary, content_type, complete, ranges })
    }

    /// The value of the `Content-Type` field of the response.
    #[must_use]
    pub fn media_type(&self) -> String {
        let quote = if is_token(self.boundary.as_bytes()) { "" } else { "\"" };
        format!("multipart/byteranges; boundary={quote}{}{quote}", self.boundary)
    }

    /// How long the content is.
    #[must_use]
    pub fn content_length(&self) -> u64 {
        self.pieces().fold(0, |sum, piece| {
            sum.saturating_add(match piece {
                Piece::Text(text) => text.len() as u64,
                Piece::Octets(range) => range.len(),
            })
        })
    }

    /// The content, piece by piece.
    pub fn pieces(&self) -> impl Iterator<Item = Piece> {
        let parts =
            self.ranges.iter().enumerate().flat_map(|(index, range)| {
                [Piece::Text(self.part_head(index, range)), Piece::Octets(*range)]
            });
        parts.chain([Piece::Text(format!("\r\n--{}--\r\n", self.boundary).into_bytes())])
    }

    fn part_head(&self, index: usize, range: &ByteRange) -> Vec<u8> {
        let content_range = ContentRange::Part { range: *range, complete: Some(self.complete) };
        let mut head = Vec::with_capacity(128);
        // RFC 2046 section 5.1.1: the line end before a delimiter belongs to it.
        head.extend(if index == 0 { &b"--"[..] } else { b"\r\n--" });
        head.extend(self.boundary.as_bytes());
        if !self.content_type.is_empty() {
            head.extend(b"\r\nContent-Type: ");
            head.extend(self.content_type);
        }
        head.extend(format!("\r\nContent-Range: {content_range}\r\n\r\n").as_bytes());
        head
    }
}

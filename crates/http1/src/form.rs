//! `application/x-www-form-urlencoded`: the content of a form and the query of a search (WHATWG URL Standard, section 5). Forms
//! with files in them are in `multipart`, with the feature `forms`.
//!
//! The rule: reading never fails on what a browser could send; only a limit ends it. A stray `%` stays as it is and octets
//! that are not UTF-8 become U+FFFD, as the standard wants. What needs no decoding is borrowed.

#[cfg(feature = "forms")]
pub mod multipart;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::octets::{ALPHANUMERIC, OctetSet};
use crate::uri::percent::{push_triplet, triplet};

/// The `application/x-www-form-urlencoded percent-encode set`, the other way round: what stays as it is.
const KEEP: OctetSet = ALPHANUMERIC.with(b"*-._");

/// What may be in one form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many pairs: 1000 by default, more than any page has; each costs its reader an allocation or two.
    pub pairs: usize,
    /// How many octets a name and its value may have together, still encoded: 1 MiB by default.
    pub pair: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { pairs: 1000, pair: 1 << 20 }
    }
}

/// Why a form is not read further. The sender is wrong; the answer is 413.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (at byte {offset})")]
pub struct Error {
    /// Which limit.
    pub kind: ErrorKind,
    /// Where the pair begins that is one too many, or too large.
    pub offset: usize,
}

/// A limit that a form went beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// More pairs than [`Limits::pairs`].
    #[error("the form has too many fields")]
    TooManyPairs,
    /// A pair larger than [`Limits::pair`].
    #[error("a field of the form is too large")]
    PairTooLarge,
}

/// The pairs of a form, in their order; ends after the first error.
#[derive(Clone, Debug)]
pub struct Pairs<'a> {
    rest: Option<&'a [u8]>,
    limits: Limits,
    offset: usize,
}

/// A name and its value, decoded.
pub type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The pairs of `form`, within the default [`Limits`].
///
/// ```
/// let pairs: Vec<_> = http1::form::parse(b"name=J%C3%BCrgen+X&empty=&flag").collect::<Result<_, _>>()?;
/// assert_eq!(pairs, [("name".into(), "Jürgen X".into()), ("empty".into(), "".into()), ("flag".into(), "".into())]);
/// # Ok::<(), http1::form::Error>(())
/// ```
#[must_use]
pub fn parse(form: &[u8]) -> Pairs<'_> {
    parse_within(form, Limits::default())
}

/// The pairs of `form`, within `limits`.
#[must_use]
pub fn parse_within(form: &[u8], limits: Limits) -> Pairs<'_> {
    Pairs { rest: Some(form), limits, offset: 0 }
}

/// The form with these pairs.
///
/// ```
/// assert_eq!(http1::form::serialise([("q", "a b&c"), ("lang", "français")]), "q=a+b%26c&lang=fran%C3%A7ais");
/// ```
#[must_use]
pub fn serialise<N: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (N, V)>) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        append(&mut out, name.as_ref(), value.as_ref());
    }
    out
}

/// Appends a pair to the form in `out`, with an `&` if it is not the first.
pub fn append(out: &mut String, name: &str, value: &str) {
    if !out.is_empty() {
        out.push('&');
    }
    encode(out, name);
    out.push('=');
    encode(out, value);
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Result<Pair<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let offset = self.offset;
            let pair = self.next_piece()?;
            if pair.is_empty() {
                continue;
            }
            return Some(self.check(pair).map(decode_pair).map_err(|kind| {
                self.rest = None;
                Error { kind, offset }
            }));
        }
    }
}

impl<'a> Pairs<'a> {
    fn next_piece(&mut self) -> Option<&'a [u8]> {
        let (piece, rest) = split_at(self.rest?, b'&');
        self.rest = rest;
        self.offset += piece.len() + 1;
        Some(piece)
    }

    fn check(&mut self, pair: &'a [u8]) -> Result<&'a [u8], ErrorKind> {
        let Some(left) = self.limits.pairs.checked_sub(1) else { return Err(ErrorKind::TooManyPairs) };
        self.limits.pairs = left;
        if pair.len() > self.limits.pair { Err(ErrorKind::PairTooLarge) } else { Ok(pair) }
    }
}

fn decode_pair(pair: &[u8]) -> Pair<'_> {
    let (name, value) = split_at(pair, b'=');
    (decode(name), decode(value.unwrap_or_default()))
}

/// What is before the first `delimiter`, and behind it if there is one.
fn split_at(text: &[u8], delimiter: u8) -> (&[u8], Option<&[u8]>) {
    let mut parts = text.splitn(2, |&octet| octet == delimiter);
    (parts.next().unwrap_or_default(), parts.next())
}

fn decode(text: &[u8]) -> Cow<'_, str> {
    if !text.iter().any(|octet| matches!(octet, b'+' | b'%')) {
        return String::from_utf8_lossy(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, behind @ ..] = rest {
        let (octet, behind) = triplet(rest).unwrap_or((if *first == b'+' { b' ' } else { *first }, behind));
        out.push(octet);
        rest = behind;
    }
    Cow::Owned(
        String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
    )
}

fn encode(out: &mut String, text: &str) {
    for octet in text.bytes() {
        match octet {
            b' ' => out.push('+'),
            octet if KEEP.has(octet) => out.push(char::from(octet)),
            octet => push_triplet(out, octet),
        }
    }
}

//! Content negotiation (RFC 9110 section 12): which of what there is does the client like best?
//!
//! The rule: the server lists what it has, the best first; the answer is a place in that list. What the client ranks alike is
//! ranked by the server. An element that can't be read says nothing.
//!
//! ```
//! use http1::negotiation::{encoding, language, media_type};
//!
//! let accept = [&b"text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, */*;q=0.5"[..]];
//! assert_eq!(media_type(accept, &["text/html", "image/png", "text/plain"]), Some(2));
//! assert_eq!(encoding([&b"br, gzip;q=0.8"[..]], &["gzip", "identity"]), Some(0));
//! assert_eq!(language([&b"da, en-gb;q=0.8, en;q=0.7"[..]], &["en-US", "de"]), Some(0));
//! assert_eq!(language([&b"da"[..]], &["de"]), None, "answer 406, or with something all the same");
//! ```
//!
//! The response then has the field's name in `Vary`.

use nom::bytes::complete::take_while1;
use nom::character::complete::char;
use nom::combinator::{all_consuming, opt, verify};
use nom::multi::many0;
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use alloc::vec::Vec;

use crate::field_value::{Parameter, ows, token, token_or_quoted, trim};
use crate::fields::Elements;
use crate::octets::{OctetSet, TCHAR};

/// More elements than any client sends; what is behind them is not read.
const MAX_ELEMENTS: usize = 64;
/// A media range is two tokens with a slash between.
const RANGE: OctetSet = TCHAR.with(b"/");

/// Which media type to send, given the lines of `Accept` (section 12.5.1). Without any, the first.
///
/// What is offered may have parameters: `text/html;level=1`. A range with parameters is for what has them all, and the most
/// specific range decides.
#[must_use]
pub fn media_type<'a>(accept: impl IntoIterator<Item = &'a [u8]>, offers: &[&str]) -> Option<usize> {
    let Some(ranges) = read(accept) else { return first(offers) };
    best(offers, |offer| {
        let offer = range(offer.as_bytes())?;
        most_specific(&ranges, |range| media_range_fits(range, &offer)).filter(|quality| *quality > 0)
    })
}

/// Which coding to send, given the lines of `Accept-Encoding` (section 12.5.3). Without any, the first. `identity` is
/// acceptable unless it is ruled out, but less so than what was asked for.
#[must_use]
pub fn encoding<'a>(accept: impl IntoIterator<Item = &'a [u8]>, offers: &[&str]) -> Option<usize> {
    let Some(ranges) = read(accept) else { return first(offers) };
    best(offers, |offer| {
        let fits = |range: &Range<'_>| coding_fits(range.name, offer.as_bytes());
        match most_specific(&ranges, fits) {
            None if offer.eq_ignore_ascii_case("identity") => Some(0),
            quality => quality.filter(|quality| *quality > 0),
        }
    })
}

/// Which language to send, given the lines of `Accept-Language` (section 12.5.4), by basic filtering (RFC 4647 section
/// 3.3.1): `en` is for `en-GB`, but not the other way around. Without any, the first.
#[must_use]
pub fn language<'a>(accept: impl IntoIterator<Item = &'a [u8]>, offers: &[&str]) -> Option<usize> {
    let Some(ranges) = read(accept) else { return first(offers) };
    best(offers, |offer| {
        let fits = |range: &Range<'_>| language_fits(range.name, offer.as_bytes());
        most_specific(&ranges, fits).filter(|quality| *quality > 0)
    })
}

/// An element with its weight in thousandths (section 12.4.2).
struct Range<'a> {
    name: &'a [u8],
    params: Vec<Parameter<'a>>,
    quality: u16,
}

/// All lines; `None` if there are none.
fn read<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Option<Vec<Range<'a>>> {
    let mut lines = lines.into_iter().peekable();
    lines.peek()?;
    let elements = lines.flat_map(Elements::new).filter(|element| !element.is_empty());
    Some(elements.take(MAX_ELEMENTS).filter_map(range).collect())
}

/// `range *( OWS ";" OWS name "=" value )`; from `q` on they are not the range's.
fn range(element: &[u8]) -> Option<Range<'_>> {
    let name = take_while1(|octet| RANGE.has(octet));
    let param = (terminated(token, delimited(ows, opt(char('=')), ows)), opt(token_or_quoted));
    let params = many0(preceded(delimited(ows, char(';'), ows), verify(param, |(name, _)| !name.is_empty())));
    let whole: IResult<&[u8], _> = all_consuming((name, params)).parse(trim(element));
    let (_, (name, params)) = whole.ok()?;
    let mut range = Range { name, params: Vec::new(), quality: 1000 };
    for (name, value) in params {
        let value = value.unwrap_or_default();
        if name.eq_ignore_ascii_case(b"q") {
            range.quality = qvalue(&value)?;
            break;
        }
        range.params.push((name, value));
    }
    Some(range)
}

/// Section 12.4.2: `( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )`, in thousandths.
fn qvalue(text: &[u8]) -> Option<u16> {
    let (whole, digits) = match text {
        [whole @ (b'0' | b'1')] => (whole, &[][..]),
        [whole @ (b'0' | b'1'), b'.', digits @ ..] if digits.len() <= 3 => (whole, digits),
        _ => return None,
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let padded = digits.iter().chain(b"000").take(3);
    let part = padded.fold(0, |number, digit| number * 10 + u16::from(digit & 0xf));
    Some(u16::from(whole & 1) * 1000 + part).filter(|quality| *quality <= 1000)
}

/// The place of the offer that is liked best; of several the first. `None` of `quality`: not at all.
fn best(offers: &[&str], quality: impl Fn(&str) -> Option<u16>) -> Option<usize> {
    let liked = offers.iter().enumerate().filter_map(|(place, offer)| Some((place, quality(offer)?)));
    liked.reduce(|one, other| if other.1 > one.1 { other } else { one }).map(|(place, _)| place)
}

fn first(offers: &[&str]) -> Option<usize> {
    (!offers.is_empty()).then_some(0)
}

/// The weight of the range that fits closest; `None` if none fits. `fits` says how close.
fn most_specific(ranges: &[Range<'_>], fits: impl Fn(&Range<'_>) -> Option<usize>) -> Option<u16> {
    let fitting = ranges.iter().filter_map(|range| Some((fits(range)?, range.quality)));
    fitting.reduce(|one, other| if other.0 > one.0 { other } else { one }).map(|(_, quality)| quality)
}

/// Section 12.5.1: "Media ranges can be overridden by more specific media ranges".
fn media_range_fits(range: &Range<'_>, offer: &Range<'_>) -> Option<usize> {
    if range.name == b"*/*" {
        return range.params.is_empty().then_some(0);
    }
    if let Some(kind) = range.name.strip_suffix(b"*") {
        let start = offer.name.get(..kind.len())?;
        let is_kind = kind.ends_with(b"/") && start.eq_ignore_ascii_case(kind);
        return (is_kind && range.params.is_empty()).then_some(1);
    }
    let has = |(name, value): &Parameter<'_>| {
        let is_it = |(other, same): &Parameter<'_>| {
            name.eq_ignore_ascii_case(other) && value.eq_ignore_ascii_case(same)
        };
        offer.params.iter().any(is_it)
    };
    let fits = range.name.eq_ignore_ascii_case(offer.name) && range.params.iter().all(has);
    fits.then_some(2 + range.params.len())
}

/// Section 8.4.1: `x-gzip` and `x-compress` are other names of `gzip` and `compress`.
fn coding_fits(range: &[u8], offer: &[u8]) -> Option<usize> {
    let plain =
        range.strip_prefix(b"x-").filter(|name| matches!(*name, b"gzip" | b"compress")).unwrap_or(range);
    match range {
        b"*" => Some(0),
        _ => plain.eq_ignore_ascii_case(offer).then_some(1),
    }
}

/// The longer the range, the closer.
fn language_fits(range: &[u8], offer: &[u8]) -> Option<usize> {
    if range == b"*" {
        return Some(0);
    }
    let (start, rest) = offer.split_at_checked(range.len())?;
    (start.eq_ignore_ascii_case(range) && matches!(rest, [] | [b'-', ..])).then_some(range.len())
}

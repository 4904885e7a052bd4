//! What field values are made of (RFC 9110 section 5.6): tokens, quoted strings, white space, parameters.
//!
//! The rule: grammar only. What a value means is the business of the file named after its field.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::char;
use nom::combinator::{map, recognize, verify};
use nom::multi::many0_count;
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

use crate::octets::{QDTEXT, QUOTED_PAIR, TCHAR};

/// A name and its value.
pub(crate) type Parameter<'a> = (&'a [u8], Cow<'a, [u8]>);

/// Where a grammar stopped: how many octets of `whole` it had understood.
pub(crate) fn stopped_at(whole: &[u8], error: &nom::Err<nom::error::Error<&[u8]>>) -> usize {
    match error {
        nom::Err::Error(at) | nom::Err::Failure(at) => nom::Offset::offset(whole, at.input),
        nom::Err::Incomplete(_) => whole.len(),
    }
}

/// Section 5.6.2.
pub(crate) fn token(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while1(|octet| TCHAR.has(octet)).parse(input)
}

/// Section 5.6.3, `OWS`.
pub(crate) fn ows(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while(|octet| matches!(octet, b' ' | b'\t')).parse(input)
}

/// Section 5.6.4: what a quoted string stands for; borrowed if it has no `quoted-pair`.
pub(crate) fn quoted_string(input: &[u8]) -> IResult<&[u8], Cow<'_, [u8]>> {
    map(delimited(char('"'), quoted, char('"')), unescape).parse(input)
}

/// Section 5.6.6: the value of a parameter.
pub(crate) fn token_or_quoted(input: &[u8]) -> IResult<&[u8], Cow<'_, [u8]>> {
    alt((quoted_string, map(token, Cow::Borrowed))).parse(input)
}

/// `value` without the white space around it.
pub(crate) fn trim(value: &[u8]) -> &[u8] {
    let mut value = value;
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// `octets` is a token.
pub(crate) fn is_token(octets: &[u8]) -> bool {
    !octets.is_empty() && octets.iter().all(|&octet| TCHAR.has(octet))
}

/// Appends `text` as a quoted string. `None`, and nothing appended, if it has a control character in it.
pub(crate) fn push_quoted(out: &mut Vec<u8>, text: &[u8]) -> Option<()> {
    if !text.iter().all(|&octet| QUOTED_PAIR.has(octet)) {
        return None;
    }
    out.push(b'"');
    for &octet in text {
        if matches!(octet, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(octet);
    }
    out.push(b'"');
    Some(())
}

fn quoted(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let plain = take_while1(|octet| QDTEXT.has(octet));
    let pair = preceded(
        tag("\\"),
        verify(nom::bytes::complete::take(1_usize), |pair: &[u8]| {
            pair.iter().all(|&octet| QUOTED_PAIR.has(octet))
        }),
    );
    recognize(many0_count(alt((plain, pair)))).parse(input)
}

fn unescape(quoted: &[u8]) -> Cow<'_, [u8]> {
    if !quoted.contains(&b'\\') {
        return Cow::Borrowed(quoted);
    }
    let mut out = Vec::with_capacity(quoted.len());
    let mut rest = quoted;
    while let [b'\\', octet, behind @ ..] | [octet, behind @ ..] = rest {
        out.push(*octet);
        rest = behind;
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_strings_say_what_they_stand_for() {
        for (text, meaning) in [
            (&br#""""#[..], &b""[..]),
            (br#""a b""#, b"a b"),
            (br#""a\"b\\c""#, br#"a"b\c"#),
            (b"\"\\a\xff\t\"", b"a\xff\t"),
        ] {
            let (rest, value) = quoted_string(text).unwrap();
            assert_eq!((rest, &*value), (&b""[..], meaning));
            let mut again = Vec::new();
            push_quoted(&mut again, &value).unwrap();
            assert_eq!(&*quoted_string(&again).unwrap().1, meaning);
        }
        for wrong in
            [&b""[..], b"\"", b"\"a", b"\"a\\", b"\"a\\\"", b"\"\n\"", b"\"\\\n\"", b"a\"", b"\"\x7f\""]
        {
            assert!(quoted_string(wrong).is_err(), "{}", wrong.escape_ascii());
        }
        assert_eq!(push_quoted(&mut Vec::new(), b"a\r\nb"), None);
    }

    #[test]
    fn white_space_goes_from_both_ends_only() {
        assert_eq!(trim(b" \t a b\t "), b"a b");
        assert_eq!(trim(b"\t "), b"");
    }
}

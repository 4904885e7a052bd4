//! What a forwarder adds, and when it stops: `Forwarded` (RFC 7239), `Via` and `Max-Forwards` (RFC 9110 section 7.6).
//!
//! The rule: what others wrote is passed on as it is and believed by nobody but who knows them; what is added here can't be
//! read as more than one entry.
//!
//! ```
//! use http1::forwarded::{Element, Forwards, elements, forwards, is_loop, via};
//! use http1::{Method, Version};
//!
//! let seen = Element { client: Some("[2001:db8::1]:4711"), proto: Some("https"), ..Element::default() };
//! assert_eq!(seen.to_value()?, b"for=\"[2001:db8::1]:4711\";proto=https");
//! let lines = [&b"for=192.0.2.43, for=198.51.100.17;by=_proxy"[..]];
//! assert_eq!(elements(lines).next().unwrap()?.param("for"), Some(&b"192.0.2.43"[..]));
//!
//! let mine = via(Version::Http11, "proxy-7")?;
//! assert_eq!(mine, "1.1 proxy-7");
//! assert!(is_loop([&b"1.0 fred, 1.1 Proxy-7 (ours)"[..]], "proxy-7"));
//! assert_eq!(forwards(Method::Options, Some(b"0")), Forwards::Answer);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use nom::character::complete::char;
use nom::combinator::all_consuming;
use nom::multi::separated_list1;
use nom::sequence::{delimited, terminated};
use nom::{IResult, Parser};

use crate::field_value::{Parameter, is_token, ows, push_quoted, stopped_at, token, token_or_quoted};
use crate::fields::Elements;
use crate::{Method, Version};

/// What one forwarder says about the request it got (RFC 7239 section 4). To be appended behind what is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Element<'a> {
    /// `for`: who sent it. An address, that of IPv6 in brackets, perhaps with a port; `unknown`; or a name that begins with
    /// `_` (section 6).
    pub client: Option<&'a str>,
    /// `by`: where it arrived.
    pub by: Option<&'a str>,
    /// `host`: its `Host` field.
    pub host: Option<&'a str>,
    /// `proto`: its scheme.
    pub proto: Option<&'a str>,
}

/// An element as it was read. No name is there twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarded<'a>(Vec<Parameter<'a>>);

/// Not an element of `Forwarded`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not pairs such as 'for=192.0.2.43;proto=http' (byte {offset} of the element)")]
pub struct Error {
    /// Where it stops being one; 0 if a name is there twice.
    pub offset: usize,
}

/// What can't be said in these fields. The caller is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// A control character, or nothing to say.
    #[error("an element of Forwarded has at least one value, and no control characters")]
    Value,
    /// RFC 9110 section 7.6.3.
    #[error("a forwarder is called by a token, or a host and port")]
    Name,
}

/// What `Max-Forwards` demands (RFC 9110 section 7.6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Forwards {
    /// Forward; the field, if there is one, means nothing here and stays as it is.
    Unlimited,
    /// Forward with this value.
    Left(u32),
    /// Do not forward: answer as if this were the origin.
    Answer,
}

impl Element<'_> {
    /// The element as a value of the field.
    ///
    /// # Errors
    /// There is nothing to say, or a control character in it.
    pub fn to_value(&self) -> Result<Vec<u8>, Misuse> {
        let mut out = Vec::new();
        for (name, value) in
            [("for", self.client), ("by", self.by), ("host", self.host), ("proto", self.proto)]
        {
            let Some(value) = value else { continue };
            if !out.is_empty() {
                out.push(b';');
            }
            out.extend(name.bytes());
            out.push(b'=');
            // RFC 7239 section 4: "Note that as ":" and "[]" are not valid characters in "token", IPv6 addresses are
            // written as "quoted-string"."
            match is_token(value.as_bytes()) {
                true => out.extend(value.bytes()),
                false => push_quoted(&mut out, value.as_bytes()).ok_or(Misuse::Value)?,
            }
        }
        if out.is_empty() { Err(Misuse::Value) } else { Ok(out) }
    }
}

impl<'a> Forwarded<'a> {
    /// The value with this name, in any case.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&[u8]> {
        self.params().find(|(known, _)| known.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// All of them in their order, without quotes.
    pub fn params(&self) -> impl Iterator<Item = (&'a [u8], &[u8])> {
        self.0.iter().map(|(name, value)| (*name, &**value))
    }

    /// RFC 7239 section 4: `[ forwarded-pair ] *( ";" [ forwarded-pair ] )`, and "each parameter MUST NOT occur more than
    /// once per field-value".
    fn parse(element: &'a [u8]) -> Result<Self, Error> {
        let pair = (terminated(token, char('=')), token_or_quoted);
        let separator = delimited(ows, char(';'), ows);
        let whole: IResult<&[u8], _> = all_consuming(separated_list1(separator, pair)).parse(element);
        let pairs = match whole {
            Ok((_, pairs)) => pairs,
            Err(error) => return Err(Error { offset: stopped_at(element, &error) }),
        };
        let is_again = |(at, (name, _)): (usize, &Parameter<'_>)| {
            pairs.iter().take(at).any(|(before, _)| before.eq_ignore_ascii_case(name))
        };
        let is_twice = pairs.len() > MAX_PAIRS || pairs.iter().enumerate().any(is_again);
        if is_twice { Err(Error { offset: 0 }) } else { Ok(Forwarded(pairs)) }
    }
}

/// More than there are names of parameters.
const MAX_PAIRS: usize = 16;

/// The elements in the lines of `Forwarded`: the first is the client's own forwarder, the last the nearest one. Anybody could
/// have written them, up to the first that was added by somebody known.
pub fn elements<'a>(
    lines: impl IntoIterator<Item = &'a [u8]>,
) -> impl Iterator<Item = Result<Forwarded<'a>, Error>> {
    let elements = lines.into_iter().flat_map(Elements::new);
    elements.filter(|element| !element.is_empty()).map(Forwarded::parse)
}

/// What to append to `Via` (RFC 9110 section 7.6.3) when forwarding a message that came in this version.
///
/// # Errors
/// `name` is neither a token nor a host and port.
pub fn via(received: Version, name: &str) -> Result<String, Misuse> {
    if !is_received_by(name.as_bytes()) {
        return Err(Misuse::Name);
    }
    // Section 7.6.3: "The protocol-name can be omitted" when it is HTTP.
    let version = received.as_str();
    Ok(format!("{} {name}", version.strip_prefix("HTTP/").unwrap_or(version)))
}

/// The lines of `Via` have this name: the message was here before. Answer 508, or 502, and do not forward it.
#[must_use]
pub fn is_loop<'a>(lines: impl IntoIterator<Item = &'a [u8]>, name: &str) -> bool {
    let received_by = |element: &'a [u8]| {
        let mut words = element.split(|octet| matches!(octet, b' ' | b'\t')).filter(|word| !word.is_empty());
        words.nth(1).unwrap_or_default()
    };
    // A comment in parentheses may have a comma in it; what is behind it is at worst taken for one entry more.
    lines
        .into_iter()
        .flat_map(Elements::new)
        .map(received_by)
        .any(|by| by.eq_ignore_ascii_case(name.as_bytes()))
}

/// What to do, given the value of `Max-Forwards`, if there is one. "A recipient MAY ignore a Max-Forwards header field received
/// with any other request methods" than `TRACE` and `OPTIONS`; here it is ignored, and so is what is no number.
#[must_use]
pub fn forwards(method: Method<'_>, max_forwards: Option<&[u8]>) -> Forwards {
    let is_limited = matches!(method.as_str(), "TRACE" | "OPTIONS");
    let digits = max_forwards.filter(|digits| is_limited && !digits.is_empty());
    match digits.filter(|digits| digits.iter().all(u8::is_ascii_digit)) {
        None => Forwards::Unlimited,
        Some(digits) => match digits
            .iter()
            .fold(0_u32, |n, digit| n.saturating_mul(10).saturating_add(u32::from(digit & 0xf)))
        {
            0 => Forwards::Answer,
            // "the lesser of a) the received value decremented by one (1) or b) the recipient's maximum supported value"
            n => Forwards::Left(n - 1),
        },
    }
}

/// `pseudonym / uri-host [ ":" port ]`, without what some reader of a list might stumble over.
fn is_received_by(name: &[u8]) -> bool {
    let is_host = !name.is_empty() && crate::Authority::parse(name).is_some();
    is_token(name) || (is_host && !name.iter().any(|octet| matches!(octet, b',' | b'(' | b')' | b';')))
}

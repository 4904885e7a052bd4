//! Authentication (RFC 9110 section 11): what a server wants to see, and what a client shows.
//!
//! The rule: schemes are told apart by name only, and what one of them makes of its parameters is its own affair: [`Basic`]
//! (RFC 7617) is here, and with the feature `digest` also Digest (RFC 7616). Nothing here prints a password.
//!
//! ```
//! use http1::auth::{Basic, challenges};
//!
//! let wanted = br#"Digest realm="a, b", qop="auth", Basic realm="simple""#;
//! let schemes: Vec<_> = challenges(wanted).collect::<Result<_, _>>()?;
//! assert_eq!(schemes[1].param("realm"), Some(&b"simple"[..]));
//!
//! let basic = Basic::new("Aladdin", "open sesame")?;
//! assert_eq!(basic.to_value(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod basic;
#[cfg(feature = "digest")]
pub mod digest;

use alloc::borrow::Cow;
use alloc::vec::Vec;

use nom::branch::alt;
use nom::bytes::complete::take_while1;
use nom::character::complete::char;
use nom::combinator::{map, not, peek, recognize};
use nom::multi::many0_count;
use nom::sequence::{delimited, pair, preceded, terminated};
use nom::{IResult, Parser};

use crate::field_value::{Parameter, ows, stopped_at, token, token_or_quoted, trim};
use crate::octets::TOKEN68;

pub use basic::{Basic, BasicError, Misuse};

/// More parameters than any scheme has.
const MAX_PARAMETERS: usize = 32;

/// A scheme's name and what follows it: a challenge in `WWW-Authenticate` or `Proxy-Authenticate`, or the credentials in
/// `Authorization` or `Proxy-Authorization`, which have the same form (RFC 9110 sections 11.3 and 11.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheme<'a> {
    name: &'a [u8],
    token68: Option<&'a [u8]>,
    params: Vec<Parameter<'a>>,
}

/// Not a challenge, or not credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a scheme with its parameters, such as 'Basic realm=\"x\"' (byte {offset})")]
pub struct Error {
    /// Where it stops being one, or where there are too many parameters, or one for the second time.
    pub offset: usize,
}

/// The challenges of one field line, in their order; ends after the first error.
#[derive(Clone, Debug)]
pub struct Challenges<'a> {
    whole: &'a [u8],
    rest: &'a [u8],
}

/// The challenges in the value of a `WWW-Authenticate` or `Proxy-Authenticate` field (RFC 9110 section 11.6.1).
///
/// Commas stand between challenges and between the parameters of one; which is which, only what follows can tell.
#[must_use]
pub fn challenges(value: &[u8]) -> Challenges<'_> {
    Challenges { whole: value, rest: value }
}

/// All challenges of a response, of all its field lines (RFC 9110 section 11.6.1), but for what is ill-formed: a client picks
/// one, and nothing keeps it from answering those that it can read.
///
/// ```
/// let lines = [&b"Negotiate, Basic realm=\"a\""[..], b"Basic realm=\"", b"Digest realm=\"b\""];
/// let names: Vec<_> = http1::auth::offered(lines).map(|scheme| scheme.name()).collect();
/// assert_eq!(names, [&b"Negotiate"[..], b"Basic", b"Digest"]);
/// ```
pub fn offered<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> impl Iterator<Item = Scheme<'a>> {
    lines.into_iter().flat_map(challenges).filter_map(Result::ok)
}

impl<'a> Scheme<'a> {
    /// Reads the value of an `Authorization` or `Proxy-Authorization` field (RFC 9110 section 11.4).
    ///
    /// # Errors
    /// The value is something else, or more than one.
    pub fn parse_credentials(value: &'a [u8]) -> Result<Self, Error> {
        let mut schemes = challenges(value);
        let scheme = schemes.next().unwrap_or(Err(Error { offset: 0 }))?;
        if schemes.rest.is_empty() {
            Ok(scheme)
        } else {
            Err(Error { offset: value.len() - schemes.rest.len() })
        }
    }

    /// The name of the scheme, as it was written.
    #[must_use]
    pub fn name(&self) -> &'a [u8] {
        self.name
    }

    /// The scheme has this name, in any case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// What follows the name, if it is one piece of base64 or the like.
    #[must_use]
    pub fn token68(&self) -> Option<&'a [u8]> {
        self.token68
    }

    /// The value of the parameter with this name, in any case.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&[u8]> {
        self.params().find(|(known, _)| known.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// The parameters in their order, without quotes. No name is there twice.
    pub fn params(&self) -> impl Iterator<Item = (&'a [u8], &[u8])> {
        self.params.iter().map(|(name, value)| (*name, &**value))
    }
}

impl<'a> Iterator for Challenges<'a> {
    type Item = Result<Scheme<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rest = skip_commas(self.rest);
        if self.rest.is_empty() {
            return None;
        }
        let scheme = self.scheme();
        if scheme.is_err() {
            self.rest = &[];
        }
        Some(scheme)
    }
}

impl<'a> Challenges<'a> {
    /// RFC 9110 section 11.3: `auth-scheme [ 1*SP ( token68 / #auth-param ) ]`
    fn scheme(&mut self) -> Result<Scheme<'a>, Error> {
        let name = self.take(token)?;
        let mut scheme = Scheme { name, token68: None, params: Vec::new() };
        if !self.rest.starts_with(b" ") {
            return self.at_end_of_element().map(|()| scheme);
        }
        self.rest = trim(self.rest);
        if let Ok((rest, token68)) = token68(self.rest) {
            self.rest = rest;
            scheme.token68 = Some(token68);
            return self.at_end_of_element().map(|()| scheme);
        }
        if !is_param(self.rest) {
            self.at_end_of_element()?;
            self.rest = skip_commas(self.rest);
        }
        while is_param(self.rest) {
            let at = self.offset();
            let param = self.take(auth_param)?;
            let is_known = scheme.param(&lossy(param.0)).is_some();
            if is_known || scheme.params.len() == MAX_PARAMETERS {
                return Err(Error { offset: at });
            }
            scheme.params.push(param);
            self.at_end_of_element()?;
            self.rest = skip_commas(self.rest);
        }
        Ok(scheme)
    }

    fn take<T>(&mut self, grammar: fn(&'a [u8]) -> IResult<&'a [u8], T>) -> Result<T, Error> {
        let before = self.offset();
        let (rest, found) = grammar(self.rest)
            .map_err(|error| Error { offset: before.saturating_add(stopped_at(self.rest, &error)) })?;
        self.rest = rest;
        Ok(found)
    }

    /// Only a comma, or the end, may follow.
    fn at_end_of_element(&mut self) -> Result<(), Error> {
        self.rest = trim(self.rest);
        if matches!(self.rest, [] | [b',', ..]) { Ok(()) } else { Err(Error { offset: self.offset() }) }
    }

    /// White space at the end is never looked at, and counts as read.
    fn offset(&self) -> usize {
        trim_end(self.whole).len().saturating_sub(trim_end(self.rest).len())
    }
}

/// RFC 9110 section 5.6.1.2: empty list elements are to be ignored.
fn skip_commas(input: &[u8]) -> &[u8] {
    let commas: IResult<&[u8], _> = preceded(ows, many0_count(terminated(char(','), ows))).parse(input);
    commas.map_or(input, |(rest, _)| rest)
}

/// RFC 9110 section 11.2: `token68`, and nothing that could be a parameter.
fn token68(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let text = recognize(pair(take_while1(|octet| TOKEN68.has(octet)), many0_count(char('='))));
    terminated(text, peek((ows, alt((map(char(','), |_| ()), nom_end))))).parse(input)
}

fn nom_end(input: &[u8]) -> IResult<&[u8], ()> {
    not(nom::bytes::complete::take(1_usize)).parse(input)
}

/// What comes is a parameter and not the next scheme.
fn is_param(input: &[u8]) -> bool {
    let start: IResult<&[u8], _> = (token, ows, char('=')).parse(input);
    start.is_ok()
}

/// RFC 9110 section 11.2: `token BWS "=" BWS ( token / quoted-string )`
fn auth_param(input: &[u8]) -> IResult<&[u8], Parameter<'_>> {
    (terminated(token, delimited(ows, char('='), ows)), token_or_quoted).parse(input)
}

fn lossy(name: &[u8]) -> Cow<'_, str> {
    alloc::string::String::from_utf8_lossy(name)
}

fn trim_end(value: &[u8]) -> &[u8] {
    let mut value = value;
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

//! URIs (RFC 3986) as HTTP uses them: parsed, resolved, normalised, and as request targets.
//!
//! The rule: a value that exists is valid and borrows from the text it was parsed from. Nothing here decodes percents
//! on the way in, and nothing decodes them twice: [`percent::decode`] is called once, by whoever means the name and not
//! the reference.
//!
//! | part | where |
//! |---|---|
//! | reference, URI, components (RFC 3986 sections 3 and 4) | here |
//! | user information, host, port (3.2) and the `Host` field | [`Authority`] |
//! | dot segments (5.2.4), and paths as file names | [`path`] |
//! | percent-encoding (2.1) | [`percent`] |
//! | resolution (5), normalisation (6.2) | [`Uri::resolve`], [`Uri::normalise`] |
//! | request targets (RFC 9112 section 3.2) | [`Target`] |
//!
//! # Requests and URIs
//!
//! There are two readers of request targets and of authorities, for two uses:
//!
//! - [`http1::Target`](crate::Target) and [`http1::Authority`](crate::Authority) are what a request *was sent with*:
//!   [`RequestHead::target_form`](crate::RequestHead::target_form) has them at no cost, for the endpoint has checked the
//!   bytes. Servers and proxies decide by them, so that nobody reads a request in another way than the endpoint did. They
//!   let pass in paths and queries what every browser sends: `[` and `]`, which RFC 3986 has, but not there.
//! - [`Target`] and [`Authority`] are parts of URIs, by RFC 3986 to the letter, with typed hosts and user information: for
//!   who starts from a URI and *writes* requests, as clients do.
//!
//! From the second to the first leads `From` for authorities; from the first to a typed host,
//! [`Authority::typed_host`](crate::Authority::typed_host). Targets are one text in both.

mod authority;
mod origin;
pub mod path;
pub mod percent;
mod resolve;
mod target;

use core::fmt;

use nom::bytes::complete::{tag, take_till, take_while};
use nom::character::complete::{char, satisfy};
use nom::combinator::{opt, recognize, rest};
use nom::sequence::{pair, preceded, terminated};
use nom::{IResult, Offset, Parser};

pub use crate::octets::OctetSet;
use crate::octets::{PATH, QUERY, SCHEME};
pub use authority::{Authority, Host};
pub use origin::Origin;
pub use target::Target;

/// What is wrong with a URI, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (at byte {offset})")]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Where, in bytes from the start of the text that was parsed.
    pub offset: usize,
}

/// What is wrong with a URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An octet that this part of a URI does not admit; it has to be percent-encoded.
    #[error("character not allowed in this part of a URI")]
    Character,
    /// `%` without two hexadecimal digits.
    #[error("'%' must be followed by two hexadecimal digits")]
    Percent,
    /// RFC 3986 section 4.2: the first segment of a relative path has a colon.
    #[error("a colon in the first segment of a relative path (write './' before it)")]
    Colon,
    /// A whole URI was wanted, and there is no scheme.
    #[error("a URI must begin with a scheme and ':'")]
    Scheme,
    /// The brackets do not hold an IP address.
    #[error("not an IPv6 address in brackets")]
    IpLiteral,
    /// The port is not a number up to 65535.
    #[error("a port is a decimal number up to 65535")]
    Port,
    /// User information where none may be.
    #[error("user information is not allowed here")]
    UserInfo,
    /// RFC 9110 section 4.2.1: `http` and `https` need a host.
    #[error("a host is needed here")]
    Host,
    /// A fragment where none may be: it is never sent (RFC 9110 section 7.1).
    #[error("a fragment is not allowed here")]
    Fragment,
    /// RFC 9112 section 3.2: this form of request target does not go with this method.
    #[error("a request target of a form that does not go with the method")]
    Form,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, offset: usize) -> Self {
        Error { kind, offset }
    }

    /// The same error, for a text that began `by` bytes earlier.
    pub(crate) fn moved(self, by: usize) -> Self {
        Error { offset: self.offset.saturating_add(by), ..self }
    }
}

/// A URI or a relative reference (RFC 3986 section 4.1): what stands in a link or a `Location`.
///
/// ```
/// use http1::uri::Reference;
///
/// let reference = Reference::parse("../images/one.png?size=2#top")?;
/// assert_eq!(reference.scheme(), None);
/// assert_eq!(reference.path(), "../images/one.png");
/// assert_eq!(reference.query(), Some("size=2"));
/// assert_eq!(reference.fragment(), Some("top"));
/// # Ok::<(), http1::uri::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reference<'a> {
    scheme: Option<&'a str>,
    authority: Option<Authority<'a>>,
    path: &'a str,
    query: Option<&'a str>,
    fragment: Option<&'a str>,
}

/// A URI (RFC 3986 section 3): it names its scheme. It may carry a fragment.
///
/// ```
/// use http1::uri::Uri;
///
/// let uri = Uri::parse("http://www.example.org:8080/a/b?q")?;
/// assert_eq!(uri.scheme(), "http");
/// assert_eq!(uri.authority().map(|authority| authority.port()), Some(Some(8080)));
/// assert_eq!(uri.resolve(&"../c".try_into()?), "http://www.example.org:8080/c");
/// # Ok::<(), http1::uri::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Uri<'a> {
    scheme: &'a str,
    reference: Reference<'a>,
}

impl<'a> Reference<'a> {
    /// Reads a URI reference.
    ///
    /// # Errors
    /// The text is not one by RFC 3986; the error knows the first wrong byte.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        let reference = split(text)?;
        check(text, reference.path, &PATH)?;
        check(text, reference.query.unwrap_or(""), &QUERY)?;
        check(text, reference.fragment.unwrap_or(""), &QUERY)?;
        reference.check_first_segment()?;
        Ok(reference)
    }

    /// The scheme, in the case it was written in.
    #[must_use]
    pub fn scheme(&self) -> Option<&'a str> {
        self.scheme
    }

    /// What follows `//`: who is asked.
    #[must_use]
    pub fn authority(&self) -> Option<Authority<'a>> {
        self.authority
    }

    /// The path; may be empty.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// What follows `?`; `Some("")` for a question mark at the end.
    #[must_use]
    pub fn query(&self) -> Option<&'a str> {
        self.query
    }

    /// What follows `#`.
    #[must_use]
    pub fn fragment(&self) -> Option<&'a str> {
        self.fragment
    }

    // RFC 3986 section 4.2: "a path segment that contains a colon character [...] cannot be used as the first segment
    // of a relative-path reference, as it would be mistaken for a scheme name".
    fn check_first_segment(&self) -> Result<(), Error> {
        if self.scheme.is_some() || self.authority.is_some() {
            return Ok(());
        }
        let first = self.path.split('/').next().unwrap_or("");
        match first.find(':') {
            Some(offset) => Err(Error::new(ErrorKind::Colon, offset)),
            None => Ok(()),
        }
    }
}

impl<'a> Uri<'a> {
    /// Reads a URI.
    ///
    /// # Errors
    /// The text is not one by RFC 3986, or only a relative reference.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        Reference::parse(text)?.try_into()
    }

    /// The scheme, in the case it was written in.
    #[must_use]
    pub fn scheme(&self) -> &'a str {
        self.scheme
    }

    /// What follows `//`: who is asked.
    #[must_use]
    pub fn authority(&self) -> Option<Authority<'a>> {
        self.reference.authority
    }

    /// The path; may be empty.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.reference.path
    }

    /// What follows `?`; `Some("")` for a question mark at the end.
    #[must_use]
    pub fn query(&self) -> Option<&'a str> {
        self.reference.query
    }

    /// What follows `#`.
    #[must_use]
    pub fn fragment(&self) -> Option<&'a str> {
        self.reference.fragment
    }

    /// The same as a reference.
    #[must_use]
    pub fn as_reference(&self) -> &Reference<'a> {
        &self.reference
    }
}

impl<'a> TryFrom<&'a str> for Reference<'a> {
    type Error = Error;
    fn try_from(text: &'a str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl<'a> TryFrom<&'a str> for Uri<'a> {
    type Error = Error;
    fn try_from(text: &'a str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl<'a> TryFrom<Reference<'a>> for Uri<'a> {
    type Error = Error;
    fn try_from(reference: Reference<'a>) -> Result<Self, Error> {
        match reference.scheme {
            Some(scheme) => Ok(Uri { scheme, reference }),
            None => Err(Error::new(ErrorKind::Scheme, 0)),
        }
    }
}

/// RFC 3986 section 5.3: the components put together again, just as they were.
impl fmt::Display for Reference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scheme) = self.scheme {
            write!(f, "{scheme}:")?;
        }
        if let Some(authority) = self.authority {
            write!(f, "//{authority}")?;
        }
        f.write_str(self.path)?;
        if let Some(query) = self.query {
            write!(f, "?{query}")?;
        }
        match self.fragment {
            Some(fragment) => write!(f, "#{fragment}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Uri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reference.fmt(f)
    }
}

/// RFC 3986 appendix B: the five components by their delimiters alone, the authority already checked.
fn split(text: &str) -> Result<Reference<'_>, Error> {
    let grammar: IResult<&str, _> = (
        opt(terminated(scheme, char(':'))),
        opt(preceded(tag("//"), take_till(|c| matches!(c, '/' | '?' | '#')))),
        take_till(|c| matches!(c, '?' | '#')),
        opt(preceded(char('?'), take_till(|c| c == '#'))),
        opt(preceded(char('#'), rest)),
    )
        .parse(text);
    let Ok((_, (scheme, authority, path, query, fragment))) = grammar else {
        return Err(Error::new(ErrorKind::Character, 0)); // every part of it may be absent: it can't fail
    };
    let authority = authority
        .map(|part: &str| Authority::parse(part).map_err(|error| error.moved(text.offset(part))))
        .transpose()?;
    Ok(Reference { scheme, authority, path, query, fragment })
}

/// RFC 3986 section 3.1.
fn scheme(input: &str) -> IResult<&str, &str> {
    let rest = take_while(|c: char| u8::try_from(c).is_ok_and(|octet| SCHEME.has(octet)));
    recognize(pair(satisfy(|c| c.is_ascii_alphabetic()), rest)).parse(input)
}

/// `part`, a piece of `whole`, is made of `allowed` octets and percent-encoded triplets.
fn check(whole: &str, part: &str, allowed: &OctetSet) -> Result<(), Error> {
    percent::check(part.as_bytes(), allowed).map_err(|error| error.moved(whole.offset(part)))
}

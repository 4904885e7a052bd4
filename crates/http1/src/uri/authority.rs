//! The authority (RFC 3986 section 3.2): user information, host and port.

use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};

use nom::Offset;

use super::{Error, ErrorKind, percent};
use crate::octets::{REG_NAME, USERINFO};

/// `[userinfo "@"] host [":" port]`: who is asked.
///
/// Two of them are equal if their texts are; [`Origin`](super::Origin) knows better for HTTP.
///
/// ```
/// use http1::uri::{Authority, Host};
///
/// let authority = Authority::parse("[::1]:8080")?;
/// assert_eq!(authority.host(), Host::V6("::1".parse().unwrap()));
/// assert_eq!(authority.host_text(), "[::1]");
/// assert_eq!(authority.port(), Some(8080));
/// # Ok::<(), http1::uri::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Authority<'a> {
    text: &'a str,
    userinfo: Option<&'a str>,
    host_text: &'a str,
    host: Host<'a>,
    port: Option<u16>,
}

/// A host (RFC 3986 section 3.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Host<'a> {
    /// A name, as it was written; may be empty, and may have percent-encoded octets.
    Name(&'a str),
    /// Four decimal numbers.
    V4(Ipv4Addr),
    /// An address in brackets.
    V6(Ipv6Addr),
    /// `v1.x` in brackets: an address of a kind still to be invented, without the brackets.
    Future(&'a str),
}

impl<'a> Authority<'a> {
    /// Reads an authority.
    ///
    /// # Errors
    /// The text is not one by RFC 3986, or the port is above 65535.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        let (userinfo, host_port) = match text.split_once('@') {
            Some((userinfo, host_port)) => (Some(userinfo), host_port),
            None => (None, text),
        };
        percent::check(userinfo.unwrap_or("").as_bytes(), &USERINFO)?;
        let authority =
            Self::parse_host_port(host_port).map_err(|error| error.moved(text.offset(host_port)))?;
        Ok(Authority { text, userinfo, ..authority })
    }

    /// Reads the value of a `Host` field: `uri-host [":" port]` (RFC 9110 section 7.2). Empty is legal.
    ///
    /// # Errors
    /// The value is something else, for example has user information.
    pub fn parse_host_field(value: &'a [u8]) -> Result<Self, Error> {
        let text = core::str::from_utf8(value)
            .map_err(|error| Error::new(ErrorKind::Character, error.valid_up_to()))?;
        match text.find('@') {
            Some(offset) => Err(Error::new(ErrorKind::UserInfo, offset)),
            None => Self::parse_host_port(text),
        }
    }

    /// The whole, as it was written.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// What stands before `@`. Never to be shown, stored or sent on (RFC 9110 section 4.2.4).
    #[must_use]
    pub fn userinfo(&self) -> Option<&'a str> {
        self.userinfo
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> Host<'a> {
        self.host
    }

    /// The host as it was written, with the brackets of an IP literal.
    #[must_use]
    pub fn host_text(&self) -> &'a str {
        self.host_text
    }

    /// The port; `None` also if there is a colon with nothing behind it (RFC 3986 section 3.2.3).
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Host and port without user information, as a `Host` field wants it (RFC 9110 section 7.2).
    #[must_use]
    pub fn host_and_port(&self) -> &'a str {
        match self.text.split_once('@') {
            Some((_, host_port)) => host_port,
            None => self.text,
        }
    }

    pub(super) fn without_userinfo(self) -> Self {
        Authority { text: self.host_and_port(), userinfo: None, ..self }
    }

    fn parse_host_port(text: &'a str) -> Result<Self, Error> {
        let (host_text, port_text) = split_port(text)?;
        let host = parse_host(host_text)?;
        let port = parse_port(port_text).ok_or(Error::new(ErrorKind::Port, text.offset(port_text)))?;
        Ok(Authority { text, userinfo: None, host_text, host, port })
    }
}

impl fmt::Display for Authority<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

/// The host, and the port without its colon. The colons of an IP literal are behind its bracket.
fn split_port(text: &str) -> Result<(&str, &str), Error> {
    if !text.starts_with('[') {
        let none = (text, text.get(text.len()..).unwrap_or_default());
        return Ok(text.split_once(':').unwrap_or(none));
    }
    let end = text.find(']').ok_or(Error::new(ErrorKind::IpLiteral, text.len()))?;
    let (host, behind) = text.split_at_checked(end + 1).unwrap_or((text, ""));
    match behind.strip_prefix(':') {
        Some(port) => Ok((host, port)),
        None if behind.is_empty() => Ok((host, behind)),
        None => Err(Error::new(ErrorKind::Character, end + 1)),
    }
}

fn parse_host(text: &str) -> Result<Host<'_>, Error> {
    if let Some(literal) = text.strip_prefix('[') {
        let literal = literal.strip_suffix(']').unwrap_or(literal);
        return parse_ip_literal(literal).ok_or(Error::new(ErrorKind::IpLiteral, 1));
    }
    percent::check(text.as_bytes(), &REG_NAME)?;
    // RFC 3986 section 3.2.2, "first-match-wins": what looks like an IPv4 address is one.
    Ok(text.parse().map_or(Host::Name(text), Host::V4))
}

fn parse_ip_literal(text: &str) -> Option<Host<'_>> {
    if let Ok(address) = text.parse() {
        return Some(Host::V6(address));
    }
    // IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )
    let (version, address) = text.strip_prefix(['v', 'V'])?.split_once('.')?;
    let is_version = !version.is_empty() && version.bytes().all(|digit| digit.is_ascii_hexdigit());
    let is_address = !address.is_empty() && address.bytes().all(|octet| USERINFO.has(octet));
    (is_version && is_address).then_some(Host::Future(text))
}

/// `*DIGIT` up to 65535; nothing is no port.
fn parse_port(text: &str) -> Option<Option<u16>> {
    if text.is_empty() {
        return Some(None);
    }
    let is_number = text.bytes().all(|digit| digit.is_ascii_digit()); // `parse` alone would take a sign
    text.parse().ok().filter(|_| is_number).map(Some)
}

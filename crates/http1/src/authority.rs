//! `uri-host [":" port]`: what Host carries, CONNECT names, and an absolute target holds (RFC 9110 section 7.2,
//! RFC 9112 section 3.2.3). User info has no place in HTTP (RFC 9110 section 4.2.4).

use core::fmt;
use core::net::Ipv6Addr;

use crate::syntax::{bad_percent, is_host_char, slice, text};
use crate::uri::{self, Host};

/// A host with an optional port, as a request names them. Its relation to [`uri::Authority`] is told
/// [there](crate::uri#requests-and-uris).
///
/// ```
/// use http1::Authority;
/// let authority = Authority::parse(b"[2001:db8::7]:8080").unwrap();
/// assert_eq!((authority.host, authority.port), ("[2001:db8::7]", Some(8080)));
/// assert!(Authority::parse(b"user@example.com").is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Authority<'a> {
    /// As it was written: a name, an IPv4 address, or an IP literal in brackets. May be empty.
    pub host: &'a str,
    /// The port; `None` if there is none, or an empty one (RFC 3986 section 3.2.3).
    pub port: Option<u16>,
}

impl<'a> Authority<'a> {
    /// Reads it, all of `bytes`; `None` if it is not well-formed.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (host, port) = split(bytes)?;
        let port = match port {
            None | Some(b"") => None,
            Some(digits) => Some(parse_port(digits)?),
        };
        is_host(host).then_some(Authority { host: text(host), port })
    }

    /// What kind of host it is; `None` for a host that [`parse`](Authority::parse) would not have read.
    ///
    /// ```
    /// use http1::{Authority, uri::Host};
    /// let authority = Authority::parse(b"192.0.2.1:80").unwrap();
    /// assert_eq!(authority.typed_host(), Some(Host::V4([192, 0, 2, 1].into())));
    /// ```
    #[must_use]
    pub fn typed_host(&self) -> Option<Host<'a>> {
        uri::Authority::parse_host_field(self.host.as_bytes()).ok().map(|authority| authority.host())
    }
}

/// The user information stays behind (RFC 9110 section 4.2.4).
impl<'a> From<uri::Authority<'a>> for Authority<'a> {
    fn from(authority: uri::Authority<'a>) -> Self {
        Authority { host: authority.host_text(), port: authority.port() }
    }
}

/// As `Host` carries it.
impl fmt::Display for Authority<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// [`Authority::parse`] would read it. Plain names, which nearly all are, are seen at a glance.
#[inline]
pub(crate) fn is_well_formed(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| is_host_char(byte)) || has_port(bytes)
}

#[inline(never)]
fn has_port(bytes: &[u8]) -> bool {
    let name = bytes.iter().take_while(|&&byte| is_host_char(byte)).count();
    match slice(bytes, name, bytes.len()) {
        [b':', digits @ ..] if digits.len() < 5 && digits.iter().all(u8::is_ascii_digit) => true,
        _ => Authority::parse(bytes).is_some(),
    }
}

/// At the colon before the port, which an IP literal protects its own colons from with brackets.
fn split(bytes: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let from = match bytes.first() {
        Some(b'[') => bytes.iter().position(|&byte| byte == b']')?,
        _ => 0,
    };
    let colon = bytes.get(from..)?.iter().position(|&byte| byte == b':');
    let Some(colon) = colon.map(|at| from + at) else { return Some((bytes, None)) };
    let (host, port) = bytes.split_at_checked(colon)?;
    Some((host, port.get(1..)))
}

/// RFC 3986 section 3.2.2: IP-literal, `IPv4address` or reg-name.
fn is_host(host: &[u8]) -> bool {
    match host {
        [b'[', literal @ .., b']'] => is_ip_literal(literal),
        name => name.iter().all(|&byte| is_host_char(byte) || byte == b'%') && bad_percent(name).is_none(),
    }
}

/// `IPv6address`, or `"v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )`.
fn is_ip_literal(literal: &[u8]) -> bool {
    let Some(future) = literal.strip_prefix(b"v").or(literal.strip_prefix(b"V")) else {
        return text(literal).parse::<Ipv6Addr>().is_ok();
    };
    let Some(dot) = future.iter().position(|&byte| byte == b'.') else { return false };
    let (version, rest) = future.split_at_checked(dot).unwrap_or_default();
    !version.is_empty()
        && version.iter().all(u8::is_ascii_hexdigit)
        && rest.len() > 1
        && rest.iter().skip(1).all(|&byte| is_host_char(byte) || byte == b':')
}

fn parse_port(digits: &[u8]) -> Option<u16> {
    digits.iter().try_fold(0_u16, |port, &digit| {
        let digit = char::from(digit).to_digit(10)?;
        port.checked_mul(10)?.checked_add(u16::try_from(digit).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn hosts_and_ports_are_told_apart() {
        for (bytes, want) in [
            ("example.com", Some(("example.com", None))),
            ("example.com:80", Some(("example.com", Some(80)))),
            ("example.com:", Some(("example.com", None))),
            ("", Some(("", None))),
            ("192.0.2.1:65535", Some(("192.0.2.1", Some(65535)))),
            ("[::1]", Some(("[::1]", None))),
            ("[::1]:1", Some(("[::1]", Some(1)))),
            ("[v7.a:b]", Some(("[v7.a:b]", None))),
            ("a%20b", Some(("a%20b", None))),
            ("example.com:65536", None),
            ("example.com:+80", None),
            ("example.com:80:90", None),
            ("[::1", None),
            ("[::1]x", None),
            ("[::g]", None),
            ("[]", None),
            ("::1", None),
            ("a b", None),
            ("a/b", None),
            ("a?b", None),
            ("a,b", Some(("a,b", None))),
            ("user@example.com", None),
            ("a%2", None),
            ("caf\u{e9}", None),
        ] {
            let read = Authority::parse(bytes.as_bytes());
            assert_eq!(read.map(|authority| (authority.host, authority.port)), want, "{bytes}");
            // The other reader says the same, and so does what is written.
            let other = uri::Authority::parse_host_field(bytes.as_bytes()).ok();
            assert_eq!(other.map(Authority::from), read, "{bytes}");
            assert_eq!(other.map(|other| other.host()), read.and_then(|read| read.typed_host()), "{bytes}");
            assert_eq!(
                read.and_then(|read| Authority::parse(read.to_string().as_bytes()).map(|it| it == read)),
                read.map(|_| true)
            );
        }
    }
}

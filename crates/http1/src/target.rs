//! Request targets: four forms, each with the methods it goes with (RFC 9112 section 3.2).

use core::fmt;

use crate::syntax::{bad_percent, first_not_target, slice, text};
use crate::{Authority, Error, ErrorKind, Method};

/// A request target, taken apart. Its relation to [`uri::Target`](crate::uri::Target) is told
/// [there](crate::uri#requests-and-uris).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target<'a> {
    /// `/path?query`: to an origin server (RFC 9112 section 3.2.1).
    Origin {
        /// Starts with a slash.
        path: &'a str,
        /// What follows the first question mark.
        query: Option<&'a str>,
    },
    /// `http://host/path?query`: to a proxy, and to be understood by every server (RFC 9112 section 3.2.2). Its
    /// authority wins over Host. A URI without `//` is not taken for one: `host:80` would be.
    Absolute {
        /// The scheme, its case kept.
        scheme: &'a str,
        /// Host and port.
        authority: Authority<'a>,
        /// May be empty.
        path: &'a str,
        /// What follows the first question mark.
        query: Option<&'a str>,
    },
    /// `host:port`: only and always with CONNECT (RFC 9112 section 3.2.3).
    Authority(Authority<'a>),
    /// `*`: only with OPTIONS, about the server as a whole (RFC 9112 section 3.2.4).
    Asterisk,
}

impl<'a> Target<'a> {
    /// Reads the target of a request with this method.
    ///
    /// ```
    /// use http1::{Method, Target};
    /// let target = Target::parse(Method::Get, b"/where?q=now").unwrap();
    /// assert_eq!(target, Target::Origin { path: "/where", query: Some("q=now") });
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Target`] if it is not well-formed, [`ErrorKind::TargetForm`] if it does not go with the method.
    pub fn parse(method: Method<'_>, bytes: &'a [u8]) -> Result<Self, Error> {
        check(method, bytes, false)?;
        Self::split(method, bytes).ok_or_else(|| Error::peer(ErrorKind::Target, 0))
    }

    /// Takes apart what [`check`] has let pass; `None` where the form is not right.
    pub(crate) fn split(method: Method<'_>, bytes: &'a [u8]) -> Option<Self> {
        match (method, bytes) {
            (Method::Connect, bytes) => Authority::parse(bytes).map(Target::Authority),
            (_, [b'/', ..]) => {
                let (path, query) = split_query(bytes);
                Some(Target::Origin { path, query })
            }
            (_, b"*") => Some(Target::Asterisk),
            (_, bytes) => Self::split_absolute(bytes),
        }
    }

    /// `absolute-URI` (RFC 3986 section 4.3).
    fn split_absolute(bytes: &'a [u8]) -> Option<Self> {
        let colon = bytes.iter().position(|&byte| byte == b':')?;
        let scheme = slice(bytes, 0, colon);
        let rest = slice(bytes, colon + 1, bytes.len()).strip_prefix(b"//")?;
        let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
        let authority = Authority::parse(slice(rest, 0, end))?;
        let (path, query) = split_query(slice(rest, end, rest.len()));
        is_scheme(scheme).then_some(Target::Absolute { scheme: text(scheme), authority, path, query })
    }

    /// The same for the origin server itself: no scheme, no authority, and `*` or `/` for an empty path (RFC 9112 sections
    /// 3.2.1 and 3.2.4). For who forwards it.
    ///
    /// ```
    /// use http1::{Method, Target};
    /// let target = Target::parse(Method::Get, b"http://example.com?q").unwrap();
    /// assert_eq!(target.for_origin(Method::Get).to_string(), "/?q");
    /// ```
    #[must_use]
    pub fn for_origin(&self, method: Method<'_>) -> Self {
        match *self {
            Target::Absolute { path: "", query: None, .. } if method == Method::Options => Target::Asterisk,
            Target::Absolute { path: "", query, .. } => Target::Origin { path: "/", query },
            Target::Absolute { path, query, .. } => Target::Origin { path, query },
            target => target,
        }
    }

    /// Host and port, where the target names them.
    #[must_use]
    pub fn authority(&self) -> Option<Authority<'a>> {
        match self {
            Target::Authority(authority) | Target::Absolute { authority, .. } => Some(*authority),
            _ => None,
        }
    }
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, query) = match self {
            Target::Origin { path, query } => (path, query),
            Target::Absolute { scheme, authority, path, query } => {
                write!(f, "{scheme}://{authority}")?;
                (path, query)
            }
            Target::Authority(authority) => return authority.fmt(f),
            Target::Asterisk => return f.write_str("*"),
        };
        f.write_str(path)?;
        query.map_or(Ok(()), |query| write!(f, "?{query}"))
    }
}

/// The rules of the table: only RFC 3986 characters, no fragment, no user info, the form that goes with the method.
/// The error's offset counts from the target's first byte.
pub(crate) fn check(method: Method<'_>, bytes: &[u8], lenient: bool) -> Result<(), Error> {
    if bytes.is_empty() {
        return Err(Error::peer(ErrorKind::RequestLine, 0));
    }
    if let Some(at) = first_not_target(bytes, lenient).or_else(|| strict_percent(bytes, lenient)) {
        return Err(Error::peer(ErrorKind::Target, at));
    }
    match (method, bytes) {
        (Method::Connect, bytes) => check_connect(bytes),
        (_, [b'/', ..]) => Ok(()),
        (Method::Options, b"*") => Ok(()),
        (_, b"*") => Err(Error::peer(ErrorKind::TargetForm, 0)),
        (_, bytes) => check_absolute(bytes),
    }
}

fn strict_percent(bytes: &[u8], lenient: bool) -> Option<usize> {
    if lenient { None } else { bad_percent(bytes) }
}

/// RFC 9110 section 9.3.6: there is no default port, and an empty or invalid one is refused.
fn check_connect(bytes: &[u8]) -> Result<(), Error> {
    match Authority::parse(bytes) {
        Some(Authority { host, port: Some(1..) }) if !host.is_empty() => Ok(()),
        _ => Err(Error::peer(ErrorKind::TargetForm, 0)),
    }
}

/// RFC 9110 sections 4.2.1 and 4.2.2: an `http` or `https` URI has a host.
fn check_absolute(bytes: &[u8]) -> Result<(), Error> {
    let Some(Target::Absolute { scheme, authority, .. }) = Target::split_absolute(bytes) else {
        return Err(Error::peer(ErrorKind::Target, 0));
    };
    let http = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    if http && authority.host.is_empty() {
        return Err(Error::peer(ErrorKind::Target, scheme.len()));
    }
    Ok(())
}

/// RFC 3986 section 3.1.
fn is_scheme(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(u8::is_ascii_alphabetic)
        && bytes.iter().all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

fn split_query(bytes: &[u8]) -> (&str, Option<&str>) {
    match bytes.iter().position(|&byte| byte == b'?') {
        Some(mark) => (text(slice(bytes, 0, mark)), Some(text(slice(bytes, mark + 1, bytes.len())))),
        None => (text(bytes), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn each_form_goes_with_its_methods() {
        let ok = [
            ("GET", "/"),
            ("GET", "//a"),
            ("GET", "/a%20b;c=[1]?d[]=e@f:g/?"),
            ("OPTIONS", "*"),
            ("OPTIONS", "/"),
            ("GET", "http://example.com"),
            ("GET", "HTTP://[::1]:80/a?b"),
            ("GET", "ftp://host/a"),
            ("CONNECT", "example.com:443"),
            ("CONNECT", "[::1]:443"),
        ];
        for (method, target) in ok {
            let method = Method::parse(method.as_bytes()).unwrap();
            let read = Target::parse(method, target.as_bytes());
            assert_eq!(read.map(|read| read.to_string()).as_deref(), Ok(target), "{method:?}");
        }
        let bad = [
            ("GET", ""),
            ("GET", "*"),
            ("OPTIONS", "**"),
            ("GET", "a"),
            ("GET", "a/b"),
            ("GET", "/a#b"),
            ("GET", "/a b"),
            ("GET", "/a|b"),
            ("GET", "/\\"),
            ("GET", "/\u{e9}"),
            ("GET", "/%"),
            ("GET", "/%4"),
            ("GET", "/%zz"),
            ("GET", "example.com:80"),
            ("GET", "http://"),
            ("GET", "http:///a"),
            ("GET", "http:a"),
            ("GET", "urn:isbn:1"),
            ("GET", "http://:80/"),
            ("GET", "http://u@example.com/"),
            ("GET", "http://example.com:99999/"),
            ("GET", "1http://a/"),
            ("CONNECT", "/"),
            ("CONNECT", "*"),
            ("CONNECT", "example.com"),
            ("CONNECT", "example.com:"),
            ("CONNECT", "example.com:0"),
            ("CONNECT", ":80"),
            ("CONNECT", "http://example.com:80"),
        ];
        for (method, target) in bad {
            let method = Method::parse(method.as_bytes()).unwrap();
            assert!(Target::parse(method, target.as_bytes()).is_err(), "{method:?} {target}");
        }
    }
}

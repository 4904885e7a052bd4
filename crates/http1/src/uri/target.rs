//! Request targets (RFC 9112 section 3.2): the four things that may stand between method and version.

use alloc::format;
use alloc::string::String;
use core::fmt;

use super::origin::default_port;
use super::{Authority, Error, ErrorKind, Reference, Uri, percent};
use crate::octets::{PATH, QUERY};

/// What a request is for.
///
/// ```
/// use http1::uri::Target;
///
/// let target = Target::parse("GET", "/where?q=now")?;
/// assert_eq!(target, Target::Origin { path: "/where", query: Some("q=now") });
/// assert_eq!(Target::parse("OPTIONS", "*")?, Target::Asterisk);
/// assert!(Target::parse("GET", "*").is_err());
/// # Ok::<(), http1::uri::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target<'a> {
    /// Section 3.2.1: a path and a query, for the server that is spoken to.
    Origin {
        /// The path, from its first `/` on.
        path: &'a str,
        /// What follows `?`.
        query: Option<&'a str>,
    },
    /// Section 3.2.2: a whole URI, for a proxy. Its authority wins over `Host`.
    Absolute(Uri<'a>),
    /// Section 3.2.3: host and port, for `CONNECT` and nothing else.
    Authority(Authority<'a>),
    /// Section 3.2.4: `*`, the server as a whole, for `OPTIONS` and nothing else.
    Asterisk,
}

impl<'a> Target<'a> {
    /// Reads the target of a request with this method.
    ///
    /// Stricter than the grammar in one thing: an absolute form needs an authority, or `example.org:80` would be a URI of
    /// a scheme `example.org` to one reader and a host and port to another.
    ///
    /// # Errors
    /// No form fits both the text and the method, or there is user information (RFC 9110 section 4.2.4) or a fragment.
    pub fn parse(method: &str, text: &'a str) -> Result<Self, Error> {
        if method == "CONNECT" {
            return parse_authority_form(text).map(Target::Authority);
        }
        if text.starts_with('/') {
            return parse_origin_form(text);
        }
        if text == "*" {
            let form = Error::new(ErrorKind::Form, 0);
            return if method == "OPTIONS" { Ok(Target::Asterisk) } else { Err(form) };
        }
        parse_absolute_form(text).map(Target::Absolute)
    }

    /// The target to ask an origin server for `uri` (RFC 9112 section 3.2.1); the fragment stays at home.
    ///
    /// `OPTIONS` for a URI without path and query is `*`.
    #[must_use]
    pub fn for_origin(method: &str, uri: &Uri<'a>) -> Self {
        match (uri.path(), uri.query()) {
            ("", None) if method == "OPTIONS" => Target::Asterisk,
            ("", query) => Target::Origin { path: "/", query },
            (path, query) => Target::Origin { path, query },
        }
    }

    /// The target to ask a proxy for `uri` (RFC 9112 section 3.2.2), without fragment and user information.
    #[must_use]
    pub fn for_proxy(uri: &Uri<'a>) -> Self {
        let reference = *uri.as_reference();
        let authority = reference.authority.map(Authority::without_userinfo);
        let reference = Reference { authority, fragment: None, ..reference };
        Target::Absolute(Uri { reference, ..*uri })
    }

    /// The path: empty for `CONNECT` and `*`.
    #[must_use]
    pub fn path(&self) -> &'a str {
        match self {
            Target::Origin { path, .. } => path,
            Target::Absolute(uri) => uri.path(),
            Target::Authority(_) | Target::Asterisk => "",
        }
    }

    /// What follows `?`.
    #[must_use]
    pub fn query(&self) -> Option<&'a str> {
        match self {
            Target::Origin { query, .. } => *query,
            Target::Absolute(uri) => uri.query(),
            Target::Authority(_) | Target::Asterisk => None,
        }
    }

    /// Host and port, if the target itself names them; these win over the `Host` field (RFC 9112 section 3.2.2).
    #[must_use]
    pub fn authority(&self) -> Option<Authority<'a>> {
        match self {
            Target::Absolute(uri) => uri.authority(),
            Target::Authority(authority) => Some(*authority),
            Target::Origin { .. } | Target::Asterisk => None,
        }
    }

    /// The URI that a request with this target is for (RFC 9112 section 3.3), given the `Host` field and whether the
    /// connection is a secured one. For `CONNECT` there is none.
    #[must_use]
    pub fn uri(&self, host: &str, is_secure: bool) -> Option<String> {
        let scheme = if is_secure { "https" } else { "http" };
        match self {
            Target::Absolute(uri) => Some(format!("{uri}")),
            Target::Origin { .. } => Some(format!("{scheme}://{host}{self}")),
            Target::Asterisk => Some(format!("{scheme}://{host}")),
            Target::Authority(_) => None,
        }
    }
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Origin { path, query: Some(query) } => write!(f, "{path}?{query}"),
            Target::Origin { path, query: None } => f.write_str(path),
            Target::Absolute(uri) => uri.fmt(f),
            Target::Authority(authority) => authority.fmt(f),
            Target::Asterisk => f.write_str("*"),
        }
    }
}

fn parse_origin_form(text: &str) -> Result<Target<'_>, Error> {
    let (path, query) = match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (text, None),
    };
    check_part(path, &PATH, 0)?;
    check_part(query.unwrap_or(""), &QUERY, path.len() + 1)?;
    Ok(Target::Origin { path, query })
}

fn check_part(part: &str, allowed: &super::OctetSet, at: usize) -> Result<(), Error> {
    percent::check(part.as_bytes(), allowed).map_err(|error| {
        let is_fragment = part.as_bytes().get(error.offset) == Some(&b'#');
        let kind = if is_fragment { ErrorKind::Fragment } else { error.kind };
        Error { kind, ..error }.moved(at)
    })
}

fn parse_absolute_form(text: &str) -> Result<Uri<'_>, Error> {
    let uri = Uri::parse(text)?;
    if uri.fragment().is_some() {
        return Err(Error::new(ErrorKind::Fragment, text.find('#').unwrap_or(0)));
    }
    let Some(authority) = uri.authority() else { return Err(Error::new(ErrorKind::Form, 0)) };
    let at = uri.scheme().len() + 3;
    // RFC 9110 section 4.2.4: user information from an untrusted source is to be treated as an error.
    if authority.userinfo().is_some() {
        return Err(Error::new(ErrorKind::UserInfo, at));
    }
    // Section 4.2.1: an empty host is invalid.
    if default_port(uri.scheme()).is_some() && authority.host_text().is_empty() {
        return Err(Error::new(ErrorKind::Host, at));
    }
    Ok(uri)
}

/// RFC 9110 section 9.3.6: host and port, neither empty; no request can be for port 0.
fn parse_authority_form(text: &str) -> Result<Authority<'_>, Error> {
    let authority = Authority::parse_host_field(text.as_bytes())?;
    if authority.host_text().is_empty() {
        return Err(Error::new(ErrorKind::Host, 0));
    }
    match authority.port() {
        Some(1..) => Ok(authority),
        _ => Err(Error::new(ErrorKind::Port, text.len())),
    }
}

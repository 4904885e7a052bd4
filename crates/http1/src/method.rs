//! Request methods (RFC 9110 section 9): any token, its case kept; those with a meaning here have a name.

use crate::syntax::is_token;

/// A request method.
///
/// ```
/// use http1::Method;
/// assert_eq!(Method::parse(b"GET"), Some(Method::Get));
/// assert_eq!(Method::parse(b"get"), Some(Method::Other("get"))); // methods are case-sensitive
/// assert_eq!(Method::parse(b"G T"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method<'a> {
    /// RFC 9110 section 9.3.1.
    Get,
    /// RFC 9110 section 9.3.2: as GET, but the response has no content.
    Head,
    /// RFC 9110 section 9.3.3.
    Post,
    /// RFC 9110 section 9.3.4.
    Put,
    /// RFC 9110 section 9.3.5.
    Delete,
    /// RFC 9110 section 9.3.6: asks for a tunnel.
    Connect,
    /// RFC 9110 section 9.3.7.
    Options,
    /// RFC 9110 section 9.3.8.
    Trace,
    /// RFC 5789.
    Patch,
    /// A safe request with content (draft-ietf-httpbis-safe-method-w-body).
    Query,
    /// Any other token.
    Other(&'a str),
}

impl<'a> Method<'a> {
    /// The method with this name; `None` if it is not a token (RFC 9110 section 5.6.2).
    #[must_use]
    pub fn parse(name: &'a [u8]) -> Option<Self> {
        let method = Self::of_token(name);
        match method {
            Method::Other(_) if !is_token(name) => None,
            method => Some(method),
        }
    }

    /// The method with this name, which is known to be a token.
    pub(crate) fn of_token(name: &'a [u8]) -> Self {
        match name {
            b"GET" => Method::Get,
            b"HEAD" => Method::Head,
            b"POST" => Method::Post,
            b"PUT" => Method::Put,
            b"DELETE" => Method::Delete,
            b"CONNECT" => Method::Connect,
            b"OPTIONS" => Method::Options,
            b"TRACE" => Method::Trace,
            b"PATCH" => Method::Patch,
            b"QUERY" => Method::Query,
            other => Method::Other(core::str::from_utf8(other).unwrap_or_default()),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(self) -> &'a str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
            Method::Connect => "CONNECT",
            Method::Options => "OPTIONS",
            Method::Trace => "TRACE",
            Method::Patch => "PATCH",
            Method::Query => "QUERY",
            Method::Other(name) => name,
        }
    }

    /// Asks for nothing to be changed (RFC 9110 section 9.2.1).
    #[must_use]
    pub fn is_safe(self) -> bool {
        matches!(self, Method::Get | Method::Head | Method::Options | Method::Trace | Method::Query)
    }

    /// Twice is the same as once (RFC 9110 section 9.2.2): may be sent again after a failure.
    #[must_use]
    pub fn is_idempotent(self) -> bool {
        self.is_safe() || matches!(self, Method::Put | Method::Delete)
    }
}

/// What the rules of HTTP/1.1 need to remember of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MethodClass {
    /// Its responses have no content.
    pub(crate) head: bool,
    /// A success opens a tunnel.
    pub(crate) connect: bool,
    /// May be sent again.
    pub(crate) idempotent: bool,
    /// A request without content says so with `Content-Length: 0` (RFC 9110 section 8.6), as its meaning leads to
    /// expect some.
    pub(crate) has_content: bool,
    /// RFC 9110 sections 9.3.6 and 9.3.8: a request that must not have content.
    pub(crate) bodiless: bool,
}

impl MethodClass {
    pub(crate) fn of(method: Method<'_>) -> Self {
        MethodClass {
            head: matches!(method, Method::Head),
            connect: matches!(method, Method::Connect),
            idempotent: method.is_idempotent(),
            has_content: matches!(method, Method::Post | Method::Put | Method::Patch | Method::Query),
            bodiless: matches!(method, Method::Connect | Method::Trace),
        }
    }

    /// A method that frames responses in the same way.
    pub(crate) fn framing(self) -> Method<'static> {
        match self {
            MethodClass { head: true, .. } => Method::Head,
            MethodClass { connect: true, .. } => Method::Connect,
            _ => Method::Get,
        }
    }
}

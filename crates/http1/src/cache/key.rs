//! What stored responses are found by: the URI of the request (RFC 9111 section 2, "cache key").
//!
//! The rule: two requests share a key only if no server could tell their URIs apart. Scheme, host and port are brought into
//! one form; path and query are taken octet by octet, for what they mean is the origin's business: to guess that two of them
//! are the same would let one be answered with the other.

use alloc::format;
use alloc::string::String;

use crate::uri::{Reference, Uri};
use crate::{Authority, RequestHead, Target};

/// The URI that a request is for, in lower case as far as case does not matter, without the default port.
///
/// ```
/// use http1::{Fields, RequestHead, cache::Key};
///
/// let mut fields = Fields::new();
/// let (head, _) = RequestHead::parse(b"GET /a?b HTTP/1.1\r\nHost: Example.com:80\r\n\r\n", &mut fields)?.unwrap();
/// assert_eq!(Key::of(&head, false).unwrap().as_str(), "http://example.com/a?b");
/// # Ok::<(), http1::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

impl Key {
    /// Of a request that came over TLS or not. `None` if it is not for an `http` or `https` URI with a host: nothing is
    /// stored for `CONNECT` and `*`.
    #[must_use]
    pub fn of(head: &RequestHead<'_>, is_secure: bool) -> Option<Self> {
        let (is_secure, path, query) = match head.target_form() {
            Target::Origin { path, query } => (is_secure, path, query),
            Target::Absolute { scheme, path, query, .. } => (is_https(scheme)?, path, query),
            Target::Authority(_) | Target::Asterisk => return None,
        };
        Self::new(is_secure, head.authority()?, path, query)
    }

    /// Of these parts; `None` without a host.
    #[must_use]
    pub fn new(is_secure: bool, authority: Authority<'_>, path: &str, query: Option<&str>) -> Option<Self> {
        if authority.host.is_empty() {
            return None;
        }
        let mut key =
            String::with_capacity(24 + authority.host.len() + path.len() + query.map_or(0, str::len));
        key.push_str(if is_secure { "https://" } else { "http://" });
        let host = key.len();
        key.push_str(authority.host);
        if let Some(host) = key.get_mut(host..) {
            host.make_ascii_lowercase();
        }
        let default_port = if is_secure { 443 } else { 80 };
        if let Some(port) = authority.port.filter(|&port| port != default_port) {
            key.push_str(&format!(":{port}"));
        }
        // RFC 9110 section 4.2.3: an empty path is "/".
        key.push_str(if path.is_empty() { "/" } else { path });
        if let Some(query) = query {
            key.push('?');
            key.push_str(query);
        }
        Some(Key(key))
    }

    /// Of a URI; its fragment does not count. `None` for other schemes than `http` and `https`, or without a host.
    #[must_use]
    pub fn of_uri(uri: &Uri<'_>) -> Option<Self> {
        let authority = uri.authority()?;
        let host = Authority { host: authority.host_text(), port: authority.port() };
        Self::new(is_https(uri.scheme())?, host, uri.path(), uri.query())
    }

    /// The key as text: a URI.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Section 4.4: what `Location` or `Content-Location` in a response to a request for this URI names, if it is of "the
    /// same origin".
    pub(super) fn neighbour(&self, reference: &[u8]) -> Option<Key> {
        let reference = Reference::parse(core::str::from_utf8(reference).ok()?).ok()?;
        // Queries may have characters in them that no URI has.
        let base = self.0.split_once('?').map_or(self.as_str(), |(base, _)| base);
        let base = Uri::parse(base).or_else(|_| Uri::parse(self.origin())).ok()?;
        let key = Key::of_uri(&Uri::parse(&base.resolve(&reference)).ok()?)?;
        (key.origin() == self.origin()).then_some(key)
    }

    /// Scheme, host and port.
    fn origin(&self) -> &str {
        let authority = self.0.find("//").map_or(0, |at| at + 2);
        let path = self.0.get(authority..).and_then(|rest| rest.find('/'));
        path.and_then(|at| self.0.get(..authority + at)).unwrap_or(&self.0)
    }
}

fn is_https(scheme: &str) -> Option<bool> {
    let is_secure = scheme.eq_ignore_ascii_case("https");
    (is_secure || scheme.eq_ignore_ascii_case("http")).then_some(is_secure)
}

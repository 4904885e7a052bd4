//! Which request gets a cookie (RFC 6265bis sections 5.1.3 and 5.1.4).

use core::net::{Ipv4Addr, Ipv6Addr};

/// Section 5.1.3: `host` is `domain`, or a name below it. An address has no names below it.
///
/// ```
/// use http1::cookie::domain_matches;
///
/// assert!(domain_matches("www.Example.com", "example.com"));
/// assert!(!domain_matches("badexample.com", "example.com"));
/// assert!(!domain_matches("127.0.0.1", "0.0.1"));
/// ```
#[must_use]
pub fn domain_matches(host: &str, domain: &str) -> bool {
    if host.eq_ignore_ascii_case(domain) {
        return true;
    }
    let Some((above, name)) = host.len().checked_sub(domain.len()).and_then(|at| host.split_at_checked(at))
    else {
        return false;
    };
    !domain.is_empty() && above.ends_with('.') && name.eq_ignore_ascii_case(domain) && !is_address(host)
}

/// Section 5.1.4: a request for `path` gets a cookie for `cookie_path`.
///
/// ```
/// use http1::cookie::path_matches;
///
/// assert!(path_matches("/docs/a", "/docs") && path_matches("/docs/a", "/docs/"));
/// assert!(!path_matches("/documents", "/doc"));
/// ```
#[must_use]
pub fn path_matches(path: &str, cookie_path: &str) -> bool {
    match path.strip_prefix(cookie_path) {
        Some(rest) => rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'),
        None => false,
    }
}

/// Section 5.1.4: the path of a cookie that names none, from the path of the request.
///
/// ```
/// use http1::cookie::default_path;
///
/// assert_eq!((default_path("/a/b/c"), default_path("/a"), default_path("")), ("/a/b", "/", "/"));
/// ```
#[must_use]
pub fn default_path(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some((directory, _)) if directory.starts_with('/') => directory,
        _ => "/",
    }
}

pub(super) fn is_address(host: &str) -> bool {
    let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.parse::<Ipv4Addr>().is_ok() || literal.parse::<Ipv6Addr>().is_ok()
}

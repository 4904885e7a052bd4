//! Resolution of references (RFC 3986 section 5) and normalisation (section 6.2).

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;

use super::origin::default_port;
use super::path::remove_dot_segments;
use super::{Authority, Reference, Uri, percent};
use crate::octets::UNRESERVED;

impl Uri<'_> {
    /// What `reference` means when it stands in the document that this URI names (RFC 3986 section 5.2).
    ///
    /// Strict: a reference with the scheme of the base is still absolute (`http:g` is not `g`).
    #[must_use]
    pub fn resolve(&self, reference: &Reference<'_>) -> String {
        // RFC 3986 section 5.2.2, line by line.
        let (scheme, base) = (self.scheme(), self.as_reference());
        let target = if let Some(scheme) = reference.scheme {
            Parts { scheme, path: remove_dot_segments(reference.path), ..Parts::of(reference) }
        } else if reference.authority.is_some() {
            Parts { scheme, path: remove_dot_segments(reference.path), ..Parts::of(reference) }
        } else {
            let (path, query) = inherit(base, reference);
            Parts { scheme, authority: base.authority, path, query, fragment: reference.fragment }
        };
        target.recompose()
    }

    /// The same URI in the one way of writing that RFC 3986 section 6.2 and RFC 9110 section 4.2.3 make of it.
    ///
    /// Scheme and host in lower case, percent-encoding only where needed and in upper case, no dot segments; for `http`
    /// and `https` also no default port and no empty path.
    ///
    /// ```
    /// use http1::uri::Uri;
    ///
    /// let uri = Uri::parse("HTTP://EXAMPLE.com:80/%7Esmith/./home.html")?;
    /// assert_eq!(uri.normalise(), "http://example.com/~smith/home.html");
    /// # Ok::<(), http1::uri::Error>(())
    /// ```
    #[must_use]
    pub fn normalise(&self) -> String {
        let scheme = self.scheme().to_ascii_lowercase();
        let authority = self.authority().map(|authority| normalise_authority(&authority, &scheme));
        let path = normalise_percents(self.path());
        let is_http = default_port(&scheme).is_some() && authority.is_some();
        let path = match remove_dot_segments(&path) {
            path if path.is_empty() && is_http => Cow::Borrowed("/"),
            path => path,
        };
        let query = self.query().map(normalise_percents);
        let fragment = self.fragment().map(normalise_percents);
        let parts = Parts {
            scheme: &scheme,
            authority: authority.as_deref(),
            path,
            query: query.as_deref(),
            fragment: fragment.as_deref(),
        };
        parts.recompose()
    }
}

/// The components of a URI that is being made.
struct Parts<'a, A> {
    scheme: &'a str,
    authority: Option<A>,
    path: Cow<'a, str>,
    query: Option<&'a str>,
    fragment: Option<&'a str>,
}

impl<'a> Parts<'a, Authority<'a>> {
    fn of(reference: &Reference<'a>) -> Self {
        Parts {
            scheme: "",
            authority: reference.authority,
            path: Cow::Borrowed(""),
            query: reference.query,
            fragment: reference.fragment,
        }
    }
}

impl<A: core::fmt::Display> Parts<'_, A> {
    /// RFC 3986 section 5.3.
    fn recompose(&self) -> String {
        let mut out = format!("{}:", self.scheme);
        match &self.authority {
            Some(authority) => out.push_str(&format!("//{authority}")),
            // Section 3.3: without an authority a path can't begin with "//", or its first segment would become one.
            // "/." means nothing and keeps them apart.
            None if self.path.starts_with("//") => out.push_str("/."),
            None => {}
        }
        out.push_str(&self.path);
        for (delimiter, part) in [('?', self.query), ('#', self.fragment)] {
            if let Some(part) = part {
                out.push(delimiter);
                out.push_str(part);
            }
        }
        out
    }
}

/// The path and query of a reference that has neither scheme nor authority.
fn inherit<'a>(base: &Reference<'a>, reference: &Reference<'a>) -> (Cow<'a, str>, Option<&'a str>) {
    if reference.path.is_empty() {
        return (Cow::Borrowed(base.path), reference.query.or(base.query));
    }
    if reference.path.starts_with('/') {
        return (remove_dot_segments(reference.path), reference.query);
    }
    let merged = merge(base, reference.path);
    (Cow::Owned(remove_dot_segments(&merged).into_owned()), reference.query)
}

/// RFC 3986 section 5.2.3.
fn merge(base: &Reference<'_>, path: &str) -> String {
    if base.authority.is_some() && base.path.is_empty() {
        return format!("/{path}");
    }
    match base.path.rsplit_once('/') {
        Some((directory, _)) => format!("{directory}/{path}"),
        None => path.into(),
    }
}

/// RFC 3986 sections 6.2.2.1 and 6.2.3.
fn normalise_authority(authority: &Authority<'_>, scheme: &str) -> String {
    let mut out = String::new();
    if let Some(userinfo) = authority.userinfo() {
        out.push_str(&normalise_percents(userinfo));
        out.push('@');
    }
    // The digits of triplets go to upper case after the letters have gone to lower case.
    out.push_str(&normalise_percents(&normalise_percents(authority.host_text()).to_ascii_lowercase()));
    match authority.port() {
        Some(port) if default_port(scheme) != Some(port) => out.push_str(&format!(":{port}")),
        _ => {}
    }
    out
}

/// RFC 3986 sections 6.2.2.1 and 6.2.2.2: triplets in upper case, and none for what is unreserved.
fn normalise_percents(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let Some((octet, behind)) = percent::triplet(rest) else {
            out.push(char::from(*first));
            rest = behind;
            continue;
        };
        if UNRESERVED.has(octet) {
            out.push(char::from(octet));
        } else {
            percent::push_triplet(&mut out, octet);
        }
        rest = behind;
    }
    Cow::Owned(out)
}

//! Cookies kept between requests, and between runs in Netscape's file format.
//!
//! The rule: what belongs to whom is `http1::cookie`'s to say (RFC 6265bis section 5.7 and 5.8); here it is only kept. The
//! whole program knows three things of it: [`Jar::store`], [`Jar::header`] and the file.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use http1::cookie::{self, SetCookie, default_path, domain_matches, path_matches};
use http1::uri::Uri;

/// More cookies than this are not kept; the oldest go (RFC 6265bis section 6.1).
const MOST: usize = 3000;
/// More of one domain are not kept.
const MOST_OF_DOMAIN: usize = 180;

/// The cookies.
#[derive(Debug, Default)]
pub(crate) struct Jar {
    /// The oldest first.
    cookies: Vec<Cookie>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Cookie {
    name: String,
    value: String,
    domain: String,
    /// For this very host, not for those below it.
    host_only: bool,
    path: String,
    secure: bool,
    http_only: bool,
    /// Seconds since 1970; `None`: as long as the session lasts.
    expires: Option<i64>,
}

impl Jar {
    /// Reads a file of cookies: seven fields a line, tabs in between. What can't be read is left out.
    pub(crate) fn load(&mut self, path: &Path) -> io::Result<()> {
        for line in fs::read_to_string(path)?.lines() {
            if let Some(cookie) = Cookie::of_line(line) {
                self.put(cookie);
            }
        }
        Ok(())
    }

    /// Writes such a file.
    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        let mut text = String::from("# Netscape HTTP Cookie File\n\n");
        for cookie in self.cookies.iter().filter(|cookie| !cookie.has_ended(now())) {
            text.push_str(&cookie.to_line());
        }
        if path == Path::new("-") {
            print!("{text}");
            return Ok(());
        }
        fs::write(path, text)
    }

    /// A response from `uri` sets this cookie (section 5.7).
    pub(crate) fn store(&mut self, uri: &Uri<'_>, field: &[u8]) {
        if let Some(cookie) = Cookie::set(uri, field, now()) {
            self.put(cookie);
        }
    }

    /// The value of `Cookie` for a request to `uri` (section 5.8); `None`: there is none to send.
    pub(crate) fn header(&self, uri: &Uri<'_>) -> Option<Vec<u8>> {
        let origin = uri.origin().ok()?;
        let mut fit: Vec<&Cookie> = self
            .cookies
            .iter()
            .filter(|cookie| cookie.is_for(origin.host(), uri.path(), origin.is_secure(), now()))
            .collect();
        // Section 5.8.3, step 2: longer paths first, then older ones.
        fit.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let value = cookie::header(fit.iter().map(|cookie| (&cookie.name, &cookie.value)));
        (!value.is_empty()).then_some(value)
    }

    fn put(&mut self, cookie: Cookie) {
        self.cookies.retain(|held| !held.is_same(&cookie));
        if cookie.has_ended(now()) {
            return;
        }
        let of_domain = |held: &Cookie| held.domain == cookie.domain;
        if self.cookies.iter().filter(|held| of_domain(held)).count() >= MOST_OF_DOMAIN
            && let Some(oldest) = self.cookies.iter().position(of_domain)
        {
            self.cookies.remove(oldest);
        }
        if self.cookies.len() >= MOST {
            self.cookies.remove(0);
        }
        self.cookies.push(cookie);
    }
}

impl Cookie {
    fn set(uri: &Uri<'_>, field: &[u8], now: i64) -> Option<Self> {
        let set = SetCookie::parse(field)?;
        let origin = uri.origin().ok()?;
        let host = origin.host().to_ascii_lowercase();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        // Step 10: a server speaks for itself and those below its own domain, and for no whole registry.
        let (domain, host_only) = match set.domain() {
            None | Some(b"") => (host, true),
            Some(domain) => {
                let domain = text(domain)?.to_ascii_lowercase();
                let may = domain_matches(&host, &domain) && (domain.contains('.') || domain == host);
                (may.then_some(domain)?, false)
            }
        };
        if (set.is_secure() && !origin.is_secure()) || !set.keeps_its_promise() {
            return None;
        }
        let path = match set.path() {
            Some(path @ [b'/', ..]) => text(path)?,
            _ => default_path(uri.path()).to_owned(),
        };
        let expires = set.max_age().map(|age| now.saturating_add(age));
        Some(Cookie {
            name: text(set.name())?,
            value: text(set.value())?,
            domain,
            host_only,
            path,
            secure: set.is_secure(),
            http_only: set.is_http_only(),
            expires: expires.or_else(|| set.expires().map(|date| date.unix())),
        })
    }

    fn is_for(&self, host: &str, path: &str, secure: bool, now: i64) -> bool {
        let host = host.to_ascii_lowercase();
        let domain = if self.host_only { host == self.domain } else { domain_matches(&host, &self.domain) };
        let path = if path.is_empty() { "/" } else { path };
        domain && path_matches(path, &self.path) && (secure || !self.secure) && !self.has_ended(now)
    }

    fn is_same(&self, other: &Cookie) -> bool {
        self.name == other.name && self.domain == other.domain && self.path == other.path
    }

    fn has_ended(&self, now: i64) -> bool {
        self.expires.is_some_and(|at| at <= now)
    }

    fn of_line(line: &str) -> Option<Self> {
        let (http_only, line) = match line.strip_prefix("#HttpOnly_") {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let mut fields = line.split('\t');
        let mut next = || fields.next();
        let (domain, below, path, secure, expires) = (next()?, next()?, next()?, next()?, next()?);
        let (name, value) = (next()?, next().unwrap_or_default());
        if domain.starts_with('#') {
            return None;
        }
        let expires = expires.parse().ok()?;
        Some(Cookie {
            name: name.to_owned(),
            value: value.to_owned(),
            domain: domain.trim_start_matches('.').to_ascii_lowercase(),
            host_only: below != "TRUE",
            path: path.to_owned(),
            secure: secure == "TRUE",
            http_only,
            expires: (expires != 0).then_some(expires),
        })
    }

    fn to_line(&self) -> String {
        let truth = |it: bool| if it { "TRUE" } else { "FALSE" };
        format!(
            "{}{}{}\t{}\t{}\t{}\t{}\t{}\t{}\n",
            if self.http_only { "#HttpOnly_" } else { "" },
            if self.host_only { "" } else { "." },
            self.domain,
            truth(!self.host_only),
            self.path,
            truth(self.secure),
            self.expires.unwrap_or(0),
            self.name,
            self.value,
        )
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jar(sets: &[(&str, &str)]) -> Jar {
        let mut jar = Jar::default();
        for (uri, field) in sets {
            jar.store(&Uri::parse(uri).unwrap(), field.as_bytes());
        }
        jar
    }

    fn sent(jar: &Jar, uri: &str) -> String {
        String::from_utf8(jar.header(&Uri::parse(uri).unwrap()).unwrap_or_default()).unwrap()
    }

    #[test]
    fn cookies_go_back_where_they_belong() {
        let jar = jar(&[
            ("http://www.example.org/a/b", "host=1"),
            ("http://www.example.org/", "domain=2; Domain=example.org"),
            ("http://www.example.org/", "path=3; Path=/deep/er"),
            ("https://www.example.org/", "secure=4; Secure"),
            ("http://www.example.org/", "foreign=5; Domain=example.com"),
            ("http://www.example.org/", "registry=6; Domain=org"),
            ("http://www.example.org/", "gone=7; Max-Age=0"),
        ]);
        for (uri, cookies) in [
            ("http://www.example.org/a/c", "host=1; domain=2"),
            ("http://www.example.org/", "domain=2"),
            ("http://other.example.org", "domain=2"),
            ("http://www.example.org/deep/er/x", "path=3; domain=2"),
            ("https://www.example.org/", "domain=2; secure=4"),
            ("http://example.com/", ""),
        ] {
            assert_eq!(sent(&jar, uri), cookies, "{uri}");
        }
    }

    #[test]
    fn a_line_of_the_file_is_read_as_it_is_written() {
        let jar = jar(&[
            ("https://example.org/a/", "a=1; Secure; HttpOnly; Max-Age=1000"),
            ("http://example.org/", "b=\"2 3\"; Domain=example.org"),
        ]);
        for cookie in &jar.cookies {
            let line = cookie.to_line();
            assert_eq!(Cookie::of_line(line.trim_end_matches('\n')).as_ref(), Some(cookie));
        }
        assert_eq!(Cookie::of_line("# Netscape HTTP Cookie File"), None);
        assert_eq!(Cookie::of_line(""), None);
    }
}

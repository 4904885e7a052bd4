//! Cookies kept between requests, and between runs in Netscape's file format, as curl reads and writes it.
//!
//! The rule: what belongs to whom is `http1::cookie`'s to say (RFC 6265bis sections 5.7 and 5.8); here is the file. A line of it
//! is set again as its server would set it, so nothing gets into the jar by a file that no server could have put there.

use std::fs;
use std::io;
use std::path::Path;

use http1::cookie::{self, Cookie, Request, SetCookie};
use http1::date::HttpDate;
use http1::uri::Uri;

use crate::ear::today;

/// What a jar's file begins with: by this line others know the format.
const TITLE: &str = "# Netscape HTTP Cookie File";

/// The cookies.
#[derive(Debug, Default)]
pub(crate) struct Jar(cookie::Jar);

impl Jar {
    /// Reads a file of cookies: seven fields a line, tabs in between. What can't be read is left out.
    pub(crate) fn load(&mut self, path: &Path) -> io::Result<()> {
        for line in fs::read_to_string(path)?.lines() {
            if self.take_line(line, today()).is_none() && !is_comment(line) {
                tracing::info!(line, "not a cookie");
            }
        }
        Ok(())
    }

    /// Writes such a file.
    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        let text = self.to_text(today());
        if path == Path::new("-") {
            print!("{text}");
            return Ok(());
        }
        fs::write(path, text)
    }

    /// A response from `uri` sets this cookie.
    pub(crate) fn store(&mut self, uri: &Uri<'_>, field: &[u8]) {
        let (Some(cookie), Ok(origin)) = (SetCookie::parse(field), uri.origin()) else { return };
        let request = Request::new(origin.host(), path_of(uri), origin.is_secure());
        if let Err(reason) = self.0.set(&cookie, &request, today()) {
            tracing::info!(%reason, "a cookie is refused");
        }
    }

    /// The value of `Cookie` for a request to `uri`; `None`: there is none to send.
    pub(crate) fn header(&mut self, uri: &Uri<'_>) -> Option<Vec<u8>> {
        let origin = uri.origin().ok()?;
        self.0.header(&Request::new(origin.host(), path_of(uri), origin.is_secure()), today())
    }

    fn to_text(&self, now: HttpDate) -> String {
        let alive = |cookie: &&Cookie| cookie.expires().is_none_or(|end| end > now);
        let lines: String = self.0.iter().filter(alive).filter_map(line_of).collect();
        format!("{TITLE}\n\n{lines}")
    }

    /// `None`: it is no cookie, or one that nobody could have set.
    fn take_line(&mut self, line: &str, now: HttpDate) -> Option<()> {
        let (http_only, line) = match line.strip_prefix("#HttpOnly_") {
            Some(rest) => ("; HttpOnly", rest),
            None => ("", line),
        };
        let mut fields = line.split('\t');
        let mut next = || fields.next();
        let (domain, below, path, secure, expires) = (next()?, next()?, next()?, next()?, next()?);
        let (name, value) = (next()?, next().unwrap_or_default());
        let domain = domain.trim_start_matches('.');
        if line.starts_with('#') || [domain, path, name, value].iter().any(|text| text.contains(';')) {
            return None;
        }
        let below = if below == "TRUE" { format!("; Domain={domain}") } else { String::new() };
        let secure = if secure == "TRUE" { "; Secure" } else { "" };
        let expires = match expires.parse().ok()? {
            0 => String::new(),
            end => format!("; Max-Age={}", i64::saturating_sub(end, now.unix())),
        };
        let set = format!("{name}={value}; Path={path}{below}{secure}{http_only}{expires}");
        let set = SetCookie::parse(set.as_bytes())?;
        self.0.set(&set, &Request::new(domain, path, true), now).ok()
    }
}

/// RFC 9110 section 4.2.3: an empty path is `/`.
fn path_of<'a>(uri: &Uri<'a>) -> &'a str {
    if uri.path().is_empty() { "/" } else { uri.path() }
}

fn is_comment(line: &str) -> bool {
    line.trim().is_empty() || (line.starts_with('#') && !line.starts_with("#HttpOnly_"))
}

/// `None`: it has octets that are no text, or a tab.
fn line_of(cookie: &Cookie) -> Option<String> {
    let truth = |it: bool| if it { "TRUE" } else { "FALSE" };
    let text = |bytes| std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\t'));
    Some(format!(
        "{}{}{}\t{}\t{}\t{}\t{}\t{}\t{}\n",
        if cookie.is_http_only() { "#HttpOnly_" } else { "" },
        if cookie.is_host_only() { "" } else { "." },
        cookie.domain(),
        truth(!cookie.is_host_only()),
        cookie.path(),
        truth(cookie.is_secure()),
        cookie.expires().map_or(0, HttpDate::unix),
        text(cookie.name())?,
        text(cookie.value())?,
    ))
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

    fn sent(jar: &mut Jar, uri: &str) -> String {
        String::from_utf8(jar.header(&Uri::parse(uri).unwrap()).unwrap_or_default()).unwrap()
    }

    #[test]
    fn cookies_go_back_where_they_belong() {
        let mut jar = jar(&[
            ("http://www.example.org/a/b", "host=1"),
            ("http://www.example.org/", "domain=2; Domain=example.org"),
            ("http://www.example.org", "path=3; Path=/deep/er"),
            ("https://www.example.org/", "secure=4; Secure"),
            ("http://www.example.org/", "foreign=5; Domain=example.com"),
            ("http://www.example.org/", "registry=6; Domain=org"),
            ("http://www.example.org/", "gone=7; Max-Age=0"),
            ("http://www.example.org/", "__Host-broken=8; Path=/"),
        ]);
        for (uri, cookies) in [
            ("http://www.example.org/a/c", "host=1; domain=2"),
            ("http://www.example.org/", "domain=2"),
            ("http://other.example.org", "domain=2"),
            ("http://www.example.org/deep/er/x", "path=3; domain=2"),
            ("https://www.example.org/", "domain=2; secure=4"),
            ("http://example.com/", ""),
        ] {
            assert_eq!(sent(&mut jar, uri), cookies, "{uri}");
        }
    }

    #[test]
    fn a_file_is_read_as_it_is_written() {
        let jar = jar(&[
            ("https://example.org/a/", "a=1; Secure; HttpOnly; Max-Age=1000"),
            ("http://example.org/", "b=\"2 3\"; Domain=example.org"),
            ("http://127.0.0.1/", "c="),
        ]);
        let text = jar.to_text(today());
        let mut again = Jar::default();
        for line in text.lines() {
            let taken = again.take_line(line, today()).is_some();
            assert_eq!(taken, !is_comment(line), "{line}");
        }
        assert_eq!(again.to_text(today()), text);
        assert_eq!(again.0.len(), 3);
    }

    #[test]
    fn the_file_is_the_one_that_curl_writes() {
        let mut jar = Jar::default();
        for (line, taken) in [
            ("# Netscape HTTP Cookie File", false),
            ("", false),
            ("#HttpOnly_.example.org\tTRUE\t/\tFALSE\t0\tname\tvalue", true),
            ("www.example.org\tFALSE\t/a\tTRUE\t4102444800\tlong\t", true),
            ("www.example.org\tFALSE\t/a\tTRUE\t1\tlate\tx", true),
            // Nobody is below a registry; for the registry itself it is good (RFC 6265bis section 5.7, step 9).
            ("org\tTRUE\t/\tFALSE\t0\tregistry\tx", true),
            ("www.example.org\tFALSE\t/\tFALSE\tsoon\tname\tvalue", false),
            ("www.example.org FALSE / FALSE 0 name value", false),
        ] {
            assert_eq!(jar.take_line(line, today()).is_some(), taken, "{line}");
        }
        let text = jar.to_text(today());
        assert!(text.contains("\n#HttpOnly_.example.org\tTRUE\t/\tFALSE\t0\tname\tvalue\n"), "{text}");
        assert!(
            text.contains("\nwww.example.org\tFALSE\t/a\tTRUE\t") && text.contains("\tlong\t\n"),
            "{text}"
        );
        assert!(!text.contains("late") && text.contains("\norg\tFALSE\t"), "{text}");
    }
}

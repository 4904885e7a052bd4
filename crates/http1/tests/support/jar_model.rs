//! A jar as one would write it on a napkin, a list that is searched from end to end, beside the real one: both are told the same
//! and have to say the same.
//!
//! Driven by octets, so that a property test and a fuzzer tell the same stories.

use http1::cookie::{Jar, Request, SameSite, SetCookie, Site, default_path, domain_matches, path_matches};
use http1::date::HttpDate;

const HOSTS: &[&str] =
    &["a.example", "www.a.example", "x.www.a.example", "b.example", "example", "127.0.0.1", "WWW.A.example"];
const PATHS: &[&str] = &["/", "/docs", "/docs/", "/docs/a", "/documents", "/docs/a/b"];
const NAMES: &[&str] = &["a", "b", "A", "", "__Host-a", "__Secure-a", "__host-b"];
const DOMAINS: &[&str] =
    &["", "a.example", ".www.a.example", "b.example", "example", "0.0.1", "A.EXAMPLE", "."];
const SAME_SITE: &[&str] =
    &["", "; SameSite=Strict", "; SameSite=lax", "; SameSite=None", "; SameSite=later"];
const SITES: &[Site] = &[Site::Same, Site::Follow, Site::Submit, Site::Cross];
const AGES: &[i64] = &[0, -5, 3, 50, 1000, i64::MAX];

#[derive(Clone, Debug, PartialEq)]
struct Kept {
    name: Vec<u8>,
    value: Vec<u8>,
    domain: String,
    path: String,
    is_host_only: bool,
    is_secure: bool,
    is_http_only: bool,
    same_site: Option<SameSite>,
    ends: Option<i64>,
}

struct Napkin {
    /// The oldest first.
    cookies: Vec<Kept>,
    now: i64,
}

struct Octets<'a>(&'a [u8]);

impl Octets<'_> {
    fn next(&mut self, below: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first) % below
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.next(from.len())]
    }
}

/// Tells the story that these octets are.
pub(crate) fn tell(octets: &[u8]) {
    let mut octets = Octets(octets);
    let mut jar = Jar::new();
    let mut napkin = Napkin { cookies: Vec::new(), now: 1_700_000_000 };
    while !octets.0.is_empty() {
        let now = HttpDate::from_unix(napkin.now).unwrap();
        let (host, path) = (octets.pick(HOSTS), octets.pick(PATHS));
        let (is_secure, site, is_http) = (octets.next(3) > 0, octets.pick(SITES), octets.next(5) > 0);
        let asked = Asked { host, path, is_secure, is_http, site };
        let request = Request::new(host, path, is_secure).from_site(site);
        let request = if is_http { request } else { request.by_script() };
        match octets.next(4) {
            0 | 1 => {
                let field = field(&mut octets);
                if let Some(cookie) = SetCookie::parse(field.as_bytes()) {
                    let taken = jar.set(&cookie, &request, now).is_ok();
                    assert_eq!(taken, napkin.set(&cookie, &asked), "{field} for {asked:?}");
                }
            }
            2 => {
                let sent = jar.header(&request, now).unwrap_or_default();
                let sent = String::from_utf8(sent).unwrap();
                assert_eq!(sent, napkin.header(&asked), "{asked:?} {:?}", napkin.cookies);
            }
            _ => napkin.now += octets.next(60) as i64,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Asked<'a> {
    host: &'a str,
    path: &'a str,
    is_secure: bool,
    is_http: bool,
    site: Site,
}

fn field(octets: &mut Octets<'_>) -> String {
    let (name, number) = (octets.pick(NAMES), octets.next(100));
    let mut field = if name.is_empty() { format!("v{number}") } else { format!("{name}=v{number}") };
    let domain = octets.pick(DOMAINS);
    if !domain.is_empty() {
        field += &format!("; Domain={domain}");
    }
    if octets.next(2) == 0 {
        field += &format!("; Path={}", octets.pick(PATHS));
    }
    if octets.next(2) == 0 {
        field += &format!("; Max-Age={}", octets.pick(AGES));
    }
    field += ["", "; Secure"][octets.next(2)];
    field += ["", "", "; HttpOnly"][octets.next(3)];
    field + octets.pick(SAME_SITE)
}

impl Napkin {
    /// RFC 6265bis section 5.7, in its words.
    fn set(&mut self, cookie: &SetCookie<'_>, asked: &Asked<'_>) -> bool {
        let host = asked.host.to_ascii_lowercase();
        let mut domain =
            cookie.domain().map(|domain| String::from_utf8(domain.to_vec()).unwrap().to_ascii_lowercase());
        if let Some(suffix) = domain.as_deref().filter(|domain| !domain.trim_end_matches('.').contains('.')) {
            if suffix != host {
                return false;
            }
            domain = None;
        }
        if domain.as_deref().is_some_and(|domain| !domain_matches(&host, domain)) {
            return false;
        }
        let path = cookie.path().map(|path| String::from_utf8(path.to_vec()).unwrap());
        let kept = Kept {
            name: cookie.name().to_vec(),
            value: cookie.value().to_vec(),
            is_host_only: domain.is_none(),
            domain: domain.unwrap_or(host),
            path: path.unwrap_or_else(|| default_path(asked.path).to_owned()),
            is_secure: cookie.is_secure(),
            is_http_only: cookie.is_http_only(),
            same_site: cookie.same_site(),
            ends: cookie.max_age().map(|age| self.now.saturating_add(age).min(self.now + 400 * 86_400)),
        };
        let is_cross = asked.site == Site::Cross && kept.same_site != Some(SameSite::None);
        let is_refused = (kept.is_secure && !asked.is_secure)
            || (kept.is_http_only && !asked.is_http)
            || is_cross
            || (kept.same_site == Some(SameSite::None) && !kept.is_secure)
            || !cookie.keeps_its_promise()
            || (!asked.is_secure && self.cookies.iter().any(|old| self.hides(&kept, old)));
        let place = self.cookies.iter().position(|old| is_same(old, &kept));
        if is_refused || place.is_some_and(|place| self.cookies[place].is_http_only && !asked.is_http) {
            return false;
        }
        let has_ended =
            kept.ends.is_some_and(|ends| ends <= self.now) || cookie.max_age().is_some_and(|age| age <= 0);
        match place {
            Some(place) if has_ended => drop(self.cookies.remove(place)),
            Some(place) => self.cookies[place] = kept,
            None if has_ended => {}
            None => self.cookies.push(kept),
        }
        true
    }

    /// Step 16.
    fn hides(&self, new: &Kept, old: &Kept) -> bool {
        old.is_secure
            && old.ends.is_none_or(|ends| ends > self.now)
            && old.name.eq_ignore_ascii_case(&new.name)
            && (domain_matches(&old.domain, &new.domain) || domain_matches(&new.domain, &old.domain))
            && path_matches(&new.path, &old.path)
    }

    /// Section 5.8.3.
    fn header(&self, asked: &Asked<'_>) -> String {
        let mut found: Vec<&Kept> = self.cookies.iter().filter(|cookie| self.is_for(cookie, asked)).collect();
        found.sort_by_key(|cookie| usize::MAX - cookie.path.len());
        let pairs = found.iter().map(|cookie| {
            let (name, value) =
                (String::from_utf8_lossy(&cookie.name), String::from_utf8_lossy(&cookie.value));
            if name.is_empty() { value.into_owned() } else { format!("{name}={value}") }
        });
        pairs.collect::<Vec<_>>().join("; ")
    }

    fn is_for(&self, cookie: &Kept, asked: &Asked<'_>) -> bool {
        let is_domain = match cookie.is_host_only {
            true => cookie.domain.eq_ignore_ascii_case(asked.host),
            false => domain_matches(asked.host, &cookie.domain),
        };
        let is_site = match cookie.same_site {
            _ if asked.site == Site::Same => true,
            Some(SameSite::None) => true,
            Some(SameSite::Strict) => false,
            Some(SameSite::Lax) | None => asked.site == Site::Follow && asked.is_http,
        };
        is_domain
            && is_site
            && path_matches(asked.path, &cookie.path)
            && (asked.is_secure || !cookie.is_secure)
            && (asked.is_http || !cookie.is_http_only)
            && cookie.ends.is_none_or(|ends| ends > self.now)
    }
}

fn is_same(one: &Kept, other: &Kept) -> bool {
    (&one.name, &one.domain, &one.path, one.is_host_only)
        == (&other.name, &other.domain, &other.path, other.is_host_only)
}

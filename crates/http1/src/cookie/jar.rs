//! The jar (RFC 6265bis sections 5.7 and 5.8): what a client keeps of the cookies it is sent, and to whom it says them again.
//!
//! The rule: a cookie goes in only if whoever set it may set it, and comes out only for those it was meant for. Who asks,
//! over what, from which site and when are arguments; the jar looks nothing up.
//!
//! Cookies are kept by their domain. A look-up walks from the host up to its last label and asks once for each: what other
//! hosts have stored costs next to nothing.
//!
//! ```
//! use http1::cookie::{Jar, Request, SetCookie};
//! use http1::date::HttpDate;
//!
//! let now = HttpDate::from_unix(1_700_000_000).unwrap();
//! let mut jar = Jar::new();
//! let login = Request::new("www.example.com", "/login", true);
//! jar.set(&SetCookie::parse(b"SID=31d4; Domain=example.com; Path=/; Secure").unwrap(), &login, now)?;
//!
//! assert_eq!(jar.header(&Request::new("shop.example.com", "/", true), now).unwrap(), b"SID=31d4");
//! assert_eq!(jar.header(&Request::new("shop.example.com", "/", false), now), None, "it wants TLS");
//! assert_eq!(jar.header(&Request::new("example.org", "/", true), now), None);
//! # Ok::<(), http1::cookie::Refused>(())
//! ```

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::fmt;

use super::matching::is_address;
use super::{SameSite, SetCookie, default_path, domain_matches, path_matches, push_pair};
use crate::date::HttpDate;

/// Section 6.1: "at least 50 cookies per domain", and what browsers keep.
pub const MAX_PER_DOMAIN: usize = 180;
/// Section 6.1: "at least 3000 cookies total".
pub const MAX_COOKIES: usize = 3000;
/// Section 5.5: no cookie outlives 400 days, in seconds.
pub const MAX_AGE: i64 = 400 * 24 * 60 * 60;
/// RFC 1035 section 2.3.4, and the brackets of an address: no host is longer.
const MAX_HOST: usize = 255;

/// What a client keeps of the cookies it was sent. At most [`MAX_COOKIES`] of them, [`MAX_PER_DOMAIN`] for one domain; those
/// that were not asked for the longest make room.
///
/// `P` says which domains are public suffixes, such as `com` or `co.uk`: nobody sets cookies for all below those.
#[derive(Clone)]
pub struct Jar<P = fn(&str) -> bool> {
    /// By domain, in lower case. No list is empty, and each is in the [order](Cookie::order) of the field.
    domains: BTreeMap<Box<str>, Vec<Cookie>>,
    count: usize,
    /// Counts what is set and looked up: a clock for who came first.
    tick: u64,
    is_public_suffix: P,
}

/// A request that sets cookies with its response, or that is about to get some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    host: &'a str,
    path: &'a str,
    is_secure: bool,
    is_http: bool,
    site: Site,
}

/// From where a request comes (section 5.2). Without documents, as in a command-line tool, it is always [`Same`](Site::Same).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Site {
    /// From a document of the same site, or from the user.
    #[default]
    Same,
    /// From another site, and a document of this one takes its place; a method that changes nothing.
    Follow,
    /// As [`Follow`](Site::Follow), with a method that changes something.
    Submit,
    /// From a document of another site that stays: an image, a script, a frame.
    Cross,
}

/// A cookie in a [`Jar`].
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie {
    name: Box<[u8]>,
    value: Box<[u8]>,
    domain: Box<str>,
    path: Box<str>,
    expires: Option<HttpDate>,
    is_host_only: bool,
    is_secure: bool,
    is_http_only: bool,
    same_site: Option<SameSite>,
    created: u64,
    used: u64,
}

/// Why a cookie was not taken. The server is wrong, or tries something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// Section 5.7, steps 8 to 10: not a domain that the host is in.
    #[error("the host may not set cookies for that domain")]
    Domain,
    /// Section 5.7, step 9.
    #[error("the domain is a public suffix: many owners share it")]
    PublicSuffix,
    /// No request will ever have such a host or path.
    #[error("the host or path can't be part of a request")]
    Unreachable,
    /// Section 5.7, step 13.
    #[error("only a response over TLS sets a Secure cookie")]
    Insecure,
    /// Section 5.7, step 16.
    #[error("a response without TLS would hide a Secure cookie")]
    Overlay,
    /// Section 5.7, steps 15 and 23: a script and an `HttpOnly` cookie.
    #[error("scripts neither set nor replace an HttpOnly cookie")]
    HttpOnly,
    /// Section 5.7, step 18.
    #[error("a response to a request from another site does not set this cookie")]
    CrossSite,
    /// Section 5.7, step 19.
    #[error("SameSite=None goes with Secure")]
    NoneInsecure,
    /// Section 5.7, steps 20 to 22.
    #[error("the prefix of the name makes a promise that the attributes break")]
    Prefix,
}

impl<'a> Request<'a> {
    /// An HTTP request to `host`, without its port, with the path of its target, and over TLS or not.
    #[must_use]
    pub fn new(host: &'a str, path: &'a str, is_secure: bool) -> Self {
        Request { host, path, is_secure, is_http: true, site: Site::Same }
    }

    /// It comes from there.
    #[must_use]
    pub fn from_site(self, site: Site) -> Self {
        Request { site, ..self }
    }

    /// No request but a script that reads or writes the cookies of its document: a "non-HTTP" API.
    #[must_use]
    pub fn by_script(self) -> Self {
        Request { is_http: false, ..self }
    }
}

impl Jar {
    /// An empty jar that takes every name of one label for a public suffix, and no other.
    ///
    /// Enough for tools that visit few hosts; who visits many has a list of public suffixes and uses
    /// [`with_public_suffixes`](Jar::with_public_suffixes).
    #[must_use]
    pub fn new() -> Self {
        Self::with_public_suffixes(|domain| !domain.trim_end_matches('.').contains('.'))
    }
}

impl Default for Jar {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Fn(&str) -> bool> Jar<P> {
    /// An empty jar that asks `is_public_suffix` about the domains of cookies, which it gets in lower case.
    ///
    /// ```
    /// use http1::cookie::{Jar, Refused, Request, SetCookie};
    ///
    /// let mut jar = Jar::with_public_suffixes(|domain: &str| matches!(domain, "uk" | "co.uk"));
    /// let cookie = SetCookie::parse(b"a=b; Domain=co.uk").unwrap();
    /// let refused = jar.set(&cookie, &Request::new("shop.co.uk", "/", true), http1::date::HttpDate::MIN);
    /// assert_eq!(refused, Err(Refused::PublicSuffix));
    /// ```
    pub fn with_public_suffixes(is_public_suffix: P) -> Self {
        Jar { domains: BTreeMap::new(), count: 0, tick: 0, is_public_suffix }
    }

    /// Takes a cookie from the response to `request` (section 5.7). One that has ended takes away the one it replaces.
    ///
    /// # Errors
    /// Why it is ignored; the jar is as it was.
    pub fn set(
        &mut self,
        cookie: &SetCookie<'_>,
        request: &Request<'_>,
        now: HttpDate,
    ) -> Result<(), Refused> {
        let cookie = self.checked(cookie, request, now)?;
        // Step 23: "If the cookie store contains a cookie with the same name, domain, host-only-flag, and path".
        let old =
            self.domains.get(&cookie.domain).and_then(|list| list.iter().find(|old| old.is_same(&cookie)));
        let created = old.map(|old| old.created);
        if !request.is_http && old.is_some_and(|old| old.is_http_only) {
            return Err(Refused::HttpOnly);
        }
        if created.is_some() {
            self.retain_in(&cookie.domain.clone(), |old| !old.is_same(&cookie));
        }
        if !cookie.has_ended(now) {
            self.tick += 1;
            self.insert(Cookie { created: created.unwrap_or(self.tick), used: self.tick, ..cookie }, now);
        }
        Ok(())
    }

    /// The value of the `Cookie` field of this request (section 5.8.3): longer paths first, then older cookies; `None` if
    /// there is nothing to say.
    pub fn header(&mut self, request: &Request<'_>, now: HttpDate) -> Option<Vec<u8>> {
        let cookies = self.cookies_for(request, now);
        let room = cookies.iter().map(|cookie| cookie.name.len() + cookie.value.len() + 3).sum();
        let mut value = Vec::with_capacity(room);
        for cookie in cookies {
            if !value.is_empty() {
                value.extend(b"; ");
            }
            push_pair(&mut value, &cookie.name, &cookie.value);
        }
        Some(value).filter(|value| !value.is_empty())
    }

    /// The cookies for this request, in the order of [`header`](Self::header). They count as used.
    pub fn cookies_for(&mut self, request: &Request<'_>, now: HttpDate) -> Vec<&Cookie> {
        let host = canonical(request.host);
        self.tick += 1;
        for domain in domains_of(&host) {
            let Some(list) = self.domains.get_mut(domain) else { continue };
            let is_host = domain.len() == host.len();
            for cookie in list.iter_mut().filter(|cookie| cookie.is_for(request, is_host, now)) {
                cookie.used = self.tick;
            }
        }
        let lists = domains_of(&host).filter_map(|domain| self.domains.get(domain));
        let mut found: Vec<&Cookie> = lists.flatten().filter(|cookie| cookie.used == self.tick).collect();
        // Each list is in order already: nothing is left to do but where there are several.
        found.sort_unstable_by_key(|cookie| cookie.order());
        found
    }

    /// All that is kept, by domain.
    pub fn iter(&self) -> impl Iterator<Item = &Cookie> {
        self.domains.values().flatten()
    }

    /// How many are kept, those that have ended but were not taken out yet included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Keeps those of which `keep` says so. `jar.retain(|cookie| cookie.expires().is_some())` ends the session (section
    /// 5.7: "the user agent MUST remove all [...] persistent-flag set to false").
    pub fn retain(&mut self, keep: impl Fn(&Cookie) -> bool) {
        self.domains.retain(|_, list| {
            list.retain(&keep);
            !list.is_empty()
        });
        self.count = self.domains.values().map(Vec::len).sum();
    }

    /// Section 5.7, steps 5 to 22: the cookie as it is to be kept.
    fn checked(&self, set: &SetCookie<'_>, request: &Request<'_>, now: HttpDate) -> Result<Cookie, Refused> {
        let host = canonical(request.host);
        if host.is_empty() || host.len() > MAX_HOST {
            return Err(Refused::Unreachable);
        }
        let domain = self.domain_of(set, &host)?;
        let path = match set.path() {
            Some(path) => core::str::from_utf8(path).map_err(|_| Refused::Unreachable)?,
            None => default_path(request.path),
        };
        // Steps 13, 15 and 18 to 22.
        match () {
            () if set.is_secure() && !request.is_secure => return Err(Refused::Insecure),
            () if set.is_http_only() && !request.is_http => return Err(Refused::HttpOnly),
            () if set.same_site() != Some(SameSite::None) && request.site == Site::Cross => {
                return Err(Refused::CrossSite);
            }
            () if set.same_site() == Some(SameSite::None) && !set.is_secure() => {
                return Err(Refused::NoneInsecure);
            }
            () if !set.keeps_its_promise() => return Err(Refused::Prefix),
            () => {}
        }
        let cookie = Cookie {
            name: set.name().into(),
            value: set.value().into(),
            is_host_only: domain.is_none(),
            domain: domain.as_deref().unwrap_or(&host).into(),
            path: path.into(),
            expires: expiry(set, now),
            is_secure: set.is_secure(),
            is_http_only: set.is_http_only(),
            same_site: set.same_site(),
            created: 0,
            used: 0,
        };
        if !request.is_secure && self.is_overlay(&cookie, now) {
            return Err(Refused::Overlay);
        }
        Ok(cookie)
    }

    /// Steps 7 to 10: the domain, in lower case; `None`: the host alone.
    fn domain_of(&self, set: &SetCookie<'_>, host: &str) -> Result<Option<String>, Refused> {
        let Some(domain) = set.domain() else { return Ok(None) };
        let domain =
            core::str::from_utf8(domain).ok().filter(|domain| domain.is_ascii()).ok_or(Refused::Domain)?;
        let domain = domain.to_ascii_lowercase();
        if (self.is_public_suffix)(&domain) {
            // "If the domain-attribute is identical to the canonicalized request-host: Let the domain-attribute be the
            // empty string. Otherwise: Abort".
            return if domain == host { Ok(None) } else { Err(Refused::PublicSuffix) };
        }
        if domain_matches(host, &domain) { Ok(Some(domain)) } else { Err(Refused::Domain) }
    }

    /// Step 16: a cookie with `Secure` and this name is in reach, "and the path of the newly created cookie path-matches"
    /// its path. Domains match if one is in the other.
    fn is_overlay(&self, cookie: &Cookie, now: HttpDate) -> bool {
        let hides = |old: &Cookie| {
            old.is_secure
                && !old.has_ended(now)
                && old.name.eq_ignore_ascii_case(&cookie.name)
                && path_matches(&cookie.path, &old.path)
                && (domain_matches(&old.domain, &cookie.domain)
                    || domain_matches(&cookie.domain, &old.domain))
        };
        self.iter().any(hides)
    }

    fn insert(&mut self, cookie: Cookie, now: HttpDate) {
        let domain = cookie.domain.clone();
        let list = self.domains.entry(domain.clone()).or_default();
        list.insert(list.partition_point(|other| other.order() < cookie.order()), cookie);
        self.count += 1;
        // Section 5.7: what has ended goes first, then, in a domain that has too many, what is not Secure, then the rest;
        // "evict the cookie with the earliest last-access-time first".
        if self.domains.get(&domain).is_some_and(|list| list.len() > MAX_PER_DOMAIN) {
            self.make_room_in(&domain, now);
        }
        if self.count > MAX_COOKIES {
            self.retain(|cookie| !cookie.has_ended(now));
        }
        if self.count > MAX_COOKIES
            && let Some(oldest) = self.iter().min_by_key(|cookie| cookie.used)
        {
            let (domain, used) = (oldest.domain.clone(), (oldest.used, oldest.created));
            self.retain_in(&domain, |cookie| (cookie.used, cookie.created) != used);
        }
    }

    fn make_room_in(&mut self, domain: &str, now: HttpDate) {
        self.retain_in(domain, |cookie| !cookie.has_ended(now));
        let Some(list) = self.domains.get(domain).filter(|list| list.len() > MAX_PER_DOMAIN) else { return };
        let oldest = list.iter().map(|cookie| (cookie.is_secure, cookie.used, cookie.created)).min();
        self.retain_in(domain, |cookie| Some((cookie.is_secure, cookie.used, cookie.created)) != oldest);
    }

    fn retain_in(&mut self, domain: &str, keep: impl Fn(&Cookie) -> bool) {
        let Some(list) = self.domains.get_mut(domain) else { return };
        let before = list.len();
        list.retain(keep);
        self.count -= before - list.len();
        if list.is_empty() {
            self.domains.remove(domain);
        }
    }
}

impl<P> fmt::Debug for Jar<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jar").field("len", &self.count).finish_non_exhaustive()
    }
}

impl Cookie {
    /// Its name; may be empty.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Its value, with quotes if it has some.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// The host it is for, in lower case; those below it too if it is not [host-only](Self::is_host_only).
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The path it is for, and what is below.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// When it ends; `None`: with the session.
    #[must_use]
    pub fn expires(&self) -> Option<HttpDate> {
        self.expires
    }

    /// It is for no host below its domain.
    #[must_use]
    pub fn is_host_only(&self) -> bool {
        self.is_host_only
    }

    /// Over TLS only.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// Not for scripts.
    #[must_use]
    pub fn is_http_only(&self) -> bool {
        self.is_http_only
    }

    /// From which sites; `None`: it did not say, which is as good as [`Lax`](SameSite::Lax).
    #[must_use]
    pub fn same_site(&self) -> Option<SameSite> {
        self.same_site
    }

    /// The cookie as it would be set again: for a file. To read it back, [`set`](Jar::set) it for a request over TLS to its
    /// [`domain`](Self::domain).
    ///
    /// ```
    /// use http1::cookie::{Jar, Request, SetCookie};
    ///
    /// let (now, request) = (http1::date::HttpDate::MIN, Request::new("example.com", "/a/b", true));
    /// let mut jar = Jar::new();
    /// jar.set(&SetCookie::parse(b"a=b; Max-Age=60; HttpOnly").unwrap(), &request, now)?;
    /// let line = jar.iter().next().unwrap().as_set_cookie().to_bytes();
    /// assert_eq!(line, b"a=b; Expires=Sat, 01 Jan 0000 00:01:00 GMT; Path=/a; HttpOnly");
    /// # Ok::<(), http1::cookie::Refused>(())
    /// ```
    #[must_use]
    pub fn as_set_cookie(&self) -> SetCookie<'_> {
        SetCookie {
            name: &self.name,
            value: &self.value,
            expires: self.expires,
            max_age: None,
            domain: (!self.is_host_only).then_some(self.domain.as_bytes()),
            path: Some(self.path.as_bytes()),
            is_secure: self.is_secure,
            is_http_only: self.is_http_only,
            same_site: self.same_site,
        }
    }

    /// Section 5.8.3, step 2: longer paths first, then what is older.
    fn order(&self) -> (Reverse<usize>, u64) {
        (Reverse(self.path.len()), self.created)
    }

    fn has_ended(&self, now: HttpDate) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }

    fn is_same(&self, other: &Cookie) -> bool {
        self.is_host_only == other.is_host_only
            && self.name == other.name
            && self.path == other.path
            && self.domain == other.domain
    }

    /// Section 5.8.3, step 1, with a domain that the host is known to be in.
    fn is_for(&self, request: &Request<'_>, is_host: bool, now: HttpDate) -> bool {
        (is_host || !self.is_host_only)
            && path_matches(request.path, &self.path)
            && (request.is_secure || !self.is_secure)
            && (request.is_http || !self.is_http_only)
            && self.is_for_site(request)
            && !self.has_ended(now)
    }

    /// "If the cookie's same-site-flag is not "None" and the retrieval's same-site status is "cross-site", exclude the
    /// cookie unless" it is `Lax`, or says nothing, and the request replaces the document with a safe method.
    fn is_for_site(&self, request: &Request<'_>) -> bool {
        match (self.same_site, request.site) {
            (_, Site::Same) | (Some(SameSite::None), _) => true,
            (Some(SameSite::Lax) | None, Site::Follow) => request.is_http,
            _ => false,
        }
    }
}

impl fmt::Debug for Cookie {
    /// Without the value, which may be as good as a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Cookie");
        text.field("name", &self.name.escape_ascii().to_string());
        text.field("domain", &self.domain).field("path", &self.path).finish_non_exhaustive()
    }
}

/// Section 5.1.2, for a host that is in ASCII already: internationalised names are given as they are sent.
fn canonical(host: &str) -> Cow<'_, str> {
    match host.bytes().any(|octet| octet.is_ascii_uppercase()) {
        true => Cow::Owned(host.to_ascii_lowercase()),
        false => Cow::Borrowed(host),
    }
}

/// The host and the domains it is in, the nearest first.
fn domains_of(host: &str) -> impl Iterator<Item = &str> {
    let is_leaf = host.len() > MAX_HOST || is_address(host);
    core::iter::successors(Some(host), parent).take(if is_leaf { 1 } else { usize::MAX })
}

fn parent<'a>(domain: &&'a str) -> Option<&'a str> {
    domain.split_once('.').map(|(_, parent)| parent)
}

/// Step 6: `Max-Age` before `Expires`, and neither later than [`MAX_AGE`].
fn expiry(set: &SetCookie<'_>, now: HttpDate) -> Option<HttpDate> {
    let latest = HttpDate::from_unix(now.unix() + MAX_AGE).unwrap_or(HttpDate::MAX);
    let asked = match set.max_age() {
        Some(seconds) if seconds <= 0 => Some(HttpDate::MIN),
        Some(seconds) => {
            let end = HttpDate::from_unix(now.unix().saturating_add(seconds));
            Some(end.unwrap_or(HttpDate::MAX))
        }
        None => set.expires(),
    };
    asked.map(|end| end.min(latest))
}

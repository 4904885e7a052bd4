//! `Set-Cookie` (RFC 6265bis sections 4.1 and 5.6).

use alloc::format;
use alloc::vec::Vec;

use super::{MAX_ATTRIBUTE, MAX_NAME_AND_VALUE, is_cookie_text, name_and_value, parse_date, push_pair};
use crate::date::HttpDate;
use crate::field_value::is_token;
use crate::octets::{ALPHANUMERIC, OctetSet};

/// Section 4.1.1: `cookie-octet`.
const COOKIE_OCTET: OctetSet = OctetSet::range(0x21, 0x7e).without(b"\",;\\");
const DOMAIN: OctetSet = ALPHANUMERIC.with(b".-_");

/// A cookie as a server sets it.
///
/// ```
/// use http1::cookie::{SameSite, SetCookie};
///
/// let cookie = SetCookie::parse(b"SID=31d4d96e407aad42; Path=/; Secure; HttpOnly; SameSite=lax").unwrap();
/// assert_eq!((cookie.name(), cookie.value(), cookie.path()), (&b"SID"[..], &b"31d4d96e407aad42"[..], Some(&b"/"[..])));
/// assert_eq!(cookie.same_site(), Some(SameSite::Lax));
///
/// let cookie = SetCookie::new("lang", "en-US")?.with_path("/")?.with_max_age(3600);
/// assert_eq!(cookie.to_bytes(), b"lang=en-US; Max-Age=3600; Path=/");
/// # Ok::<(), http1::cookie::Misuse>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetCookie<'a> {
    pub(super) name: &'a [u8],
    pub(super) value: &'a [u8],
    pub(super) expires: Option<HttpDate>,
    pub(super) max_age: Option<i64>,
    pub(super) domain: Option<&'a [u8]>,
    pub(super) path: Option<&'a [u8]>,
    pub(super) is_secure: bool,
    pub(super) is_http_only: bool,
    pub(super) same_site: Option<SameSite>,
}

/// From which sites a request may come that gets the cookie (section 4.1.2.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SameSite {
    /// From the same site only.
    Strict,
    /// Also when the user follows a link from another one.
    Lax,
    /// From any.
    None,
}

/// A cookie that a server can't set: the caller is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// Section 4.1.1.
    #[error("the name of a cookie is a token")]
    Name,
    /// Section 4.1.1.
    #[error("the value of a cookie has no spaces, quotes, commas, semicolons or backslashes; encode it")]
    Value,
    /// Section 4.1.1.
    #[error("the path of a cookie begins with '/' and has no semicolons")]
    Path,
    /// Section 4.1.2.3.
    #[error("the domain of a cookie is a host name")]
    Domain,
    /// Section 5.6: clients ignore it.
    #[error("a cookie has at most 4096 octets of name and value, and 1024 in an attribute")]
    TooLarge,
}

impl<'a> SetCookie<'a> {
    /// Reads the value of a `Set-Cookie` field as all clients do (section 5.6). `None`: it is to be ignored.
    #[must_use]
    pub fn parse(field: &'a [u8]) -> Option<Self> {
        // Step 1: "%x00-08 / %x0A-1F / %x7F [...] Abort these steps and ignore the set-cookie-string entirely."
        if field.iter().any(|&octet| octet.is_ascii_control() && octet != b'\t') {
            return None;
        }
        let mut parts = field.split(|&octet| octet == b';');
        let (name, value) = name_and_value(parts.next()?);
        let size = name.len() + value.len();
        if size == 0 || size > MAX_NAME_AND_VALUE {
            return None;
        }
        let mut cookie = Self::bare(name, value);
        for attribute in parts {
            // An attribute without "=" is all name, where a cookie is all value.
            let (name, value) = match name_and_value(attribute) {
                (b"", name) if !attribute.contains(&b'=') => (name, &b""[..]),
                pair => pair,
            };
            if value.len() <= MAX_ATTRIBUTE {
                cookie.take(name, value);
            }
        }
        Some(cookie)
    }

    /// A cookie of the session, for the host that sets it. The value may be in quotes, which are part of it.
    ///
    /// # Errors
    /// It does not fit the grammar of section 4.1.1, or is larger than clients accept.
    pub fn new(name: &'a str, value: &'a str) -> Result<Self, Misuse> {
        let unquoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
        if !is_token(name.as_bytes()) {
            return Err(Misuse::Name);
        }
        if !unquoted.bytes().all(|octet| COOKIE_OCTET.has(octet)) {
            return Err(Misuse::Value);
        }
        if name.len() + value.len() > MAX_NAME_AND_VALUE {
            return Err(Misuse::TooLarge);
        }
        Ok(Self::bare(name.as_bytes(), value.as_bytes()))
    }

    /// For requests to this path and below.
    ///
    /// # Errors
    /// It does not begin with `/`, or has a `;` or a control character in it.
    pub fn with_path(self, path: &'a str) -> Result<Self, Misuse> {
        match path.as_bytes() {
            path if path.len() > MAX_ATTRIBUTE => Err(Misuse::TooLarge),
            [b'/', ..] if is_cookie_text(path.as_bytes()) && !path.ends_with(' ') => {
                Ok(SetCookie { path: Some(path.as_bytes()), ..self })
            }
            _ => Err(Misuse::Path),
        }
    }

    /// For requests to this host and those below it.
    ///
    /// # Errors
    /// It is no host name.
    pub fn with_domain(self, domain: &'a str) -> Result<Self, Misuse> {
        let domain = domain.strip_prefix('.').unwrap_or(domain).as_bytes();
        let is_name =
            !matches!(domain, [] | [b'.' | b'-', ..]) && domain.iter().all(|&octet| DOMAIN.has(octet));
        match is_name {
            _ if domain.len() > MAX_ATTRIBUTE => Err(Misuse::TooLarge),
            true => Ok(SetCookie { domain: Some(domain), ..self }),
            false => Err(Misuse::Domain),
        }
    }

    /// To be kept so many seconds; 0 or less: to be forgotten.
    #[must_use]
    pub fn with_max_age(self, seconds: i64) -> Self {
        SetCookie { max_age: Some(seconds), ..self }
    }

    /// To be kept until then. `Max-Age` wins if both are there.
    #[must_use]
    pub fn with_expires(self, date: HttpDate) -> Self {
        SetCookie { expires: Some(date), ..self }
    }

    /// Over TLS only.
    #[must_use]
    pub fn with_secure(self) -> Self {
        SetCookie { is_secure: true, ..self }
    }

    /// Not for scripts.
    #[must_use]
    pub fn with_http_only(self) -> Self {
        SetCookie { is_http_only: true, ..self }
    }

    /// For requests from these sites.
    #[must_use]
    pub fn with_same_site(self, same_site: SameSite) -> Self {
        SetCookie { same_site: Some(same_site), ..self }
    }

    /// Its name; may be empty.
    #[must_use]
    pub fn name(&self) -> &'a [u8] {
        self.name
    }

    /// Its value, with quotes if it has some.
    #[must_use]
    pub fn value(&self) -> &'a [u8] {
        self.value
    }

    /// When it ends, at the latest, if there is no [`max_age`](Self::max_age).
    #[must_use]
    pub fn expires(&self) -> Option<HttpDate> {
        self.expires
    }

    /// In how many seconds it ends, at the latest; 0 or less: it has ended.
    #[must_use]
    pub fn max_age(&self) -> Option<i64> {
        self.max_age
    }

    /// The domain it is for, without a dot in front, in the case it was written in; `None`: the very host that set it.
    #[must_use]
    pub fn domain(&self) -> Option<&'a [u8]> {
        self.domain
    }

    /// The path it is for; `None`: [`default_path`](super::default_path) of the request.
    #[must_use]
    pub fn path(&self) -> Option<&'a [u8]> {
        self.path
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

    /// From which sites; `None`: it does not say.
    #[must_use]
    pub fn same_site(&self) -> Option<SameSite> {
        self.same_site
    }

    /// Section 4.1.3 and step 20 of 5.7: what the name promises is so. A cookie for which it is not is to be ignored.
    ///
    /// `__Secure-` wants `Secure`; `__Host-` also the path `/` and no domain. A cookie without a name makes no promise.
    #[must_use]
    pub fn keeps_its_promise(&self) -> bool {
        let begins = |text: &[u8], prefix: &[u8]| {
            text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        if self.name.is_empty() {
            return !begins(self.value, b"__Secure-") && !begins(self.value, b"__Host-");
        }
        let is_of_host = self.is_secure && self.domain.is_none() && self.path == Some(b"/");
        (self.is_secure || !begins(self.name, b"__Secure-")) && (is_of_host || !begins(self.name, b"__Host-"))
    }

    /// The value of the field.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        push_pair(&mut out, self.name, self.value);
        if let Some(date) = self.expires {
            out.extend(b"; Expires=");
            out.extend(date.to_bytes());
        }
        if let Some(seconds) = self.max_age {
            out.extend(format!("; Max-Age={seconds}").as_bytes());
        }
        for (name, value) in [(&b"; Domain="[..], self.domain), (b"; Path=", self.path)] {
            if let Some(value) = value {
                out.extend(name);
                out.extend(value);
            }
        }
        if self.is_secure {
            out.extend(b"; Secure");
        }
        if self.is_http_only {
            out.extend(b"; HttpOnly");
        }
        out.extend(self.same_site.map_or(&b""[..], SameSite::attribute));
        out
    }

    fn bare(name: &'a [u8], value: &'a [u8]) -> Self {
        SetCookie {
            name,
            value,
            expires: None,
            max_age: None,
            domain: None,
            path: None,
            is_secure: false,
            is_http_only: false,
            same_site: None,
        }
    }

    /// Sections 5.6.1 to 5.6.7: the last attribute of each kind counts, unless it makes no sense.
    fn take(&mut self, name: &[u8], value: &'a [u8]) {
        let is = |attribute: &str| name.eq_ignore_ascii_case(attribute.as_bytes());
        if is("Expires") {
            self.expires = parse_date(value).or(self.expires);
        } else if is("Max-Age") {
            self.max_age = parse_max_age(value).or(self.max_age);
        } else if is("Domain") {
            let domain = value.strip_prefix(b".").unwrap_or(value);
            self.domain = Some(domain).filter(|domain| !domain.is_empty());
        } else if is("Path") {
            self.path = Some(value).filter(|path| path.starts_with(b"/"));
        } else if is("Secure") {
            self.is_secure = true;
        } else if is("HttpOnly") {
            self.is_http_only = true;
        } else if is("SameSite") {
            self.same_site = SameSite::parse(value);
        }
    }
}

impl SameSite {
    /// Section 5.6.7; anything else is as if nothing was said.
    fn parse(value: &[u8]) -> Option<Self> {
        let is = |name: &str| value.eq_ignore_ascii_case(name.as_bytes());
        match () {
            () if is("Strict") => Some(SameSite::Strict),
            () if is("Lax") => Some(SameSite::Lax),
            () if is("None") => Some(SameSite::None),
            () => None,
        }
    }

    fn attribute(self) -> &'static [u8] {
        match self {
            SameSite::Strict => b"; SameSite=Strict",
            SameSite::Lax => b"; SameSite=Lax",
            SameSite::None => b"; SameSite=None",
        }
    }
}

/// Section 5.6.2: `["-"] *DIGIT`, cut to what fits.
fn parse_max_age(value: &[u8]) -> Option<i64> {
    let (is_negative, digits) = match value {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number =
        digits.iter().fold(0_i64, |n, digit| n.saturating_mul(10).saturating_add(i64::from(digit & 0xf)));
    Some(if is_negative { -number } else { number })
}

//! Cookies (RFC 6265bis): what a server asks a client to remember, and how the client says it again.
//!
//! The rule: what is read is read by the forgiving algorithms of section 5, which all clients share, so that nobody takes a
//! cookie for another one; what is written is written by the strict grammar of section 4.
//!
//! | part | where |
//! |---|---|
//! | `Set-Cookie`, read and written | [`SetCookie`] |
//! | `Cookie`, read by a server | [`pairs`] |
//! | `Cookie`, written by a client | [`header`] |
//! | which request gets a cookie (sections 5.1.3 and 5.1.4) | [`domain_matches`], [`path_matches`], [`default_path`] |
//! | what a client keeps (sections 5.7 and 5.8) | [`Jar`] |
//! | dates of any shape (section 5.1.1) | [`parse_date`] |

mod date;
mod jar;
mod matching;
mod set_cookie;

use alloc::vec::Vec;

pub use date::parse_date;
pub use jar::{Cookie, Jar, MAX_AGE, MAX_COOKIES, MAX_PER_DOMAIN, Refused, Request, Site};
pub use matching::{default_path, domain_matches, path_matches};
pub use set_cookie::{Misuse, SameSite, SetCookie};

use crate::field_value::trim;

/// Section 5.6: octets that a name and its value may have together.
pub const MAX_NAME_AND_VALUE: usize = 4096;
/// Section 5.6: octets that the value of an attribute may have.
pub const MAX_ATTRIBUTE: usize = 1024;

/// The names and values in a `Cookie` field, in their order. A value keeps its quotes: they are part of it.
///
/// ```
/// let cookies: Vec<_> = http1::cookie::pairs(b"SID=31d4d96e407aad42; lang=en-US").collect();
/// assert_eq!(cookies, [(&b"SID"[..], &b"31d4d96e407aad42"[..]), (b"lang", b"en-US")]);
/// ```
pub fn pairs(value: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    value.split(|&octet| octet == b';').map(name_and_value).filter(|pair| *pair != (&[], &[]))
}

/// The value of a `Cookie` field with these names and values (section 5.8.3). What can't be part of one is left out: it has
/// a `;` or a control character in it.
///
/// ```
/// let value = http1::cookie::header([("SID", "31d4d96e407aad42"), ("lang", "en-US")]);
/// assert_eq!(value, b"SID=31d4d96e407aad42; lang=en-US");
/// ```
#[must_use]
pub fn header<N: AsRef<[u8]>, V: AsRef<[u8]>>(cookies: impl IntoIterator<Item = (N, V)>) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in cookies {
        let (name, value) = (name.as_ref(), value.as_ref());
        let is_nothing = name.is_empty() && value.is_empty();
        if is_nothing || !is_cookie_text(name) || !is_cookie_text(value) || name.contains(&b'=') {
            continue;
        }
        if !out.is_empty() {
            out.extend(b"; ");
        }
        push_pair(&mut out, name, value);
    }
    out
}

/// `name=value`. A cookie without a name is written without `=` (section 5.8.3), but where it would be read as having one.
fn push_pair(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend(name);
    if !name.is_empty() || value.contains(&b'=') {
        out.push(b'=');
    }
    out.extend(value);
}

/// Section 5.6, step 3: at the first `=`; without one it is all value.
fn name_and_value(pair: &[u8]) -> (&[u8], &[u8]) {
    let mut parts = pair.splitn(2, |&octet| octet == b'=');
    match (parts.next(), parts.next()) {
        (Some(name), Some(value)) => (trim(name), trim(value)),
        (value, _) => (&[], trim(value.unwrap_or_default())),
    }
}

/// Nothing that ends a cookie, and no control character.
fn is_cookie_text(text: &[u8]) -> bool {
    !text.iter().any(|&octet| octet == b';' || octet.is_ascii_control())
}

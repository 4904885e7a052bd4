//! Percent-encoding (RFC 3986 section 2.1).
//!
//! The rule: encode once, decode once. An [`OctetSet`] says which octets stay as they are; all others become `%XX` in
//! upper-case digits. Decoding is strict, because whatever is lenient about `%` is read in two ways by two programs.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

pub use crate::octets::OctetSet;
use crate::octets::{PCHAR, QUERY, SCHEME, UNRESERVED, USERINFO};

use super::{Error, ErrorKind};

/// What stays as it is in one value of whatever kind: unreserved characters only (RFC 3986 section 2.3).
pub const COMPONENT: OctetSet = UNRESERVED;
/// What stays as it is in one segment of a path (RFC 3986 section 3.3).
pub const SEGMENT: OctetSet = PCHAR;
/// What stays as it is in a whole path, slashes included.
pub const PATH: OctetSet = crate::octets::PATH;
/// What stays as it is in a query or a fragment (RFC 3986 sections 3.4 and 3.5).
pub const QUERY_OR_FRAGMENT: OctetSet = QUERY;
/// What stays as it is in a user name or password before `@`: the colon between them does not.
pub const USER: OctetSet = USERINFO.without(b":");

/// Encodes all octets but those of `keep`. Borrows if there is nothing to encode.
///
/// `keep` should be a set of US-ASCII; octets above are encoded whatever it says, and so is `%`.
///
/// ```
/// use http1::uri::percent::{encode, COMPONENT, PATH};
///
/// assert_eq!(encode("naïve/100%".as_bytes(), &PATH), "na%C3%AFve/100%25");
/// assert_eq!(encode(b"a/b", &COMPONENT), "a%2Fb");
/// ```
#[must_use]
pub fn encode<'a>(octets: &'a [u8], keep: &OctetSet) -> Cow<'a, str> {
    let stays = |octet: u8| octet.is_ascii() && octet != b'%' && keep.has(octet);
    if octets.iter().all(|&octet| stays(octet)) {
        return String::from_utf8_lossy(octets); // borrowed: all of it is US-ASCII
    }
    let mut out = String::with_capacity(octets.len().saturating_mul(2));
    for &octet in octets {
        if stays(octet) {
            out.push(char::from(octet));
        } else {
            push_triplet(&mut out, octet);
        }
    }
    Cow::Owned(out)
}

/// Encodes what has no place in a URI, is often left as it is, and can only be meant in one way: behind the authority spaces,
/// `[]^{|}` and octets above US-ASCII. People type such references, and servers write them into `Location`. What is left (quotes
/// and `<>`, a backslash, a control character, a `%` alone) is for the parser to refuse.
///
/// ```
/// use http1::uri::percent::encode_stray;
///
/// assert_eq!(encode_stray("http://[::1]/naïve name?a[]=1".as_bytes()), "http://[::1]/na%C3%AFve%20name?a%5B%5D=1");
/// assert_eq!(encode_stray(b"/a%20b"), "/a%20b");
/// ```
#[must_use]
pub fn encode_stray(reference: &[u8]) -> Cow<'_, str> {
    let is_stray = |octet: u8| !octet.is_ascii() || b" []^{|}".contains(&octet);
    let (authority, behind) =
        reference.split_at_checked(authority_end(reference)).unwrap_or((reference, b""));
    if !behind.iter().any(|&octet| is_stray(octet)) {
        return String::from_utf8_lossy(reference);
    }
    let mut out = String::from_utf8_lossy(authority).into_owned();
    for &octet in behind {
        if is_stray(octet) {
            push_triplet(&mut out, octet);
        } else {
            out.push(char::from(octet));
        }
    }
    Cow::Owned(out)
}

/// Where the authority of a reference ends, if it has one; else 0 (RFC 3986 sections 3.2 and 4.2).
fn authority_end(reference: &[u8]) -> usize {
    let scheme = reference.iter().take_while(|&&octet| SCHEME.has(octet)).count();
    let colon = scheme > 0 && reference.get(scheme) == Some(&b':');
    let start = if colon { scheme + 1 } else { 0 };
    match reference.get(start..).and_then(|rest| rest.strip_prefix(b"//")) {
        Some(rest) => {
            let end = rest.iter().position(|octet| b"/?#".contains(octet)).unwrap_or(rest.len());
            start + 2 + end
        }
        None => 0,
    }
}

/// Appends `%XX`.
pub(crate) fn push_triplet(out: &mut String, octet: u8) {
    out.push('%');
    out.extend([octet >> 4, octet & 0xf].map(upper_hex));
}

/// Decodes each triplet once: `%2541` is `%41`. Borrows if there is none.
///
/// # Errors
/// A `%` without two hexadecimal digits behind it.
///
/// ```
/// use http1::uri::percent::decode;
///
/// assert_eq!(&*decode(b"na%C3%AFve")?, "naïve".as_bytes());
/// assert_eq!(&*decode(b"%2541")?, b"%41");
/// assert_eq!(decode(b"100%").unwrap_err().offset, 3);
/// # Ok::<(), http1::uri::Error>(())
/// ```
pub fn decode(text: &[u8]) -> Result<Cow<'_, [u8]>, Error> {
    if !text.contains(&b'%') {
        return Ok(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, behind @ ..] = rest {
        if *first == b'%' {
            let Some((octet, behind)) = triplet(rest) else {
                return Err(Error::new(ErrorKind::Percent, text.len() - rest.len()));
            };
            out.push(octet);
            rest = behind;
        } else {
            out.push(*first);
            rest = behind;
        }
    }
    Ok(Cow::Owned(out))
}

/// The octet that a triplet in front stands for, and what is behind it.
pub(crate) fn triplet(text: &[u8]) -> Option<(u8, &[u8])> {
    let [b'%', high, low, behind @ ..] = text else { return None };
    let octet = hex(*high)? << 4 | hex(*low)?;
    Some((octet, behind))
}

/// `text` is made of `allowed` octets and triplets only.
pub(crate) fn check(text: &[u8], allowed: &OctetSet) -> Result<(), Error> {
    let mut rest = text;
    loop {
        let Some(stop) = rest.iter().position(|&octet| !allowed.has(octet)) else { return Ok(()) };
        rest = rest.get(stop..).unwrap_or_default();
        let offset = text.len() - rest.len();
        match triplet(rest) {
            Some((_, behind)) => rest = behind,
            None if rest.first() == Some(&b'%') => return Err(Error::new(ErrorKind::Percent, offset)),
            None => return Err(Error::new(ErrorKind::Character, offset)),
        }
    }
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn upper_hex(nibble: u8) -> char {
    char::from(if nibble < 10 { b'0' + nibble } else { b'A' - 10 + nibble })
}

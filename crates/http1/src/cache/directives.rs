//! `Cache-Control` (RFC 9111 section 5.2), of requests and responses, with `stale-*` (RFC 5861) and `immutable` (RFC 8246).

use alloc::vec::Vec;

use crate::field_value::{is_token, ows, token, token_or_quoted, trim};
use crate::{FieldSection, Known};

use nom::character::complete::char;
use nom::combinator::{all_consuming, opt};
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

/// Section 1.2.2: "If a cache receives a delta-seconds value greater than the greatest integer it can represent [...] the
/// cache MUST consider the value to be 2147483648".
const FOREVER: u32 = 1 << 31;

/// What `Cache-Control` says. Times are in seconds.
///
/// A time that can't be read, or is given twice with different values, is 0: section 4.2.1 has such a response "considered
/// stale". `no-cache` and `private` that name fields are about those fields only and set nothing here: see
/// [`fields_named_by`](Self::fields_named_by). What they name in a way that can't be read counts as everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a directive of the RFC")]
pub struct Directives {
    /// There was a field at all.
    pub is_given: bool,
    /// Not to be stored.
    pub no_store: bool,
    /// Not to be used without validation.
    pub no_cache: bool,
    /// For one user.
    pub private: bool,
    /// For all.
    pub public: bool,
    /// Never to be used stale.
    pub must_revalidate: bool,
    /// Never to be used stale by a shared cache.
    pub proxy_revalidate: bool,
    /// To be stored only by those who know the status; then `no_store` does not count.
    pub must_understand: bool,
    /// Content is not to be changed on the way.
    pub no_transform: bool,
    /// Only from the cache.
    pub only_if_cached: bool,
    /// Never changes while it is fresh (RFC 8246).
    pub immutable: bool,
    /// For how long it is fresh; of a request: how old it may be.
    pub max_age: Option<u32>,
    /// The same, for shared caches.
    pub s_maxage: Option<u32>,
    /// For how long it may have been stale; the largest number if it does not matter.
    pub max_stale: Option<u32>,
    /// For how long it has to be fresh still.
    pub min_fresh: Option<u32>,
    /// For how long it may be used stale while it is validated (RFC 5861 section 3).
    pub stale_while_revalidate: Option<u32>,
    /// For how long it may be used stale if validation fails (RFC 5861 section 4).
    pub stale_if_error: Option<u32>,
}

impl Directives {
    /// Of these fields.
    #[must_use]
    pub fn of(fields: FieldSection<'_>) -> Self {
        let mut directives =
            Directives { is_given: fields.has(Known::CacheControl), ..Directives::default() };
        for element in fields.elements(Known::CacheControl) {
            directives.take(element);
        }
        directives
    }

    /// The fields that this directive of a response names, in the case they are written in: `no-cache` and `private` have
    /// such a form (sections 5.2.2.4 and 5.2.2.7).
    #[must_use]
    pub fn fields_named_by(response: FieldSection<'_>, name: &str) -> Vec<Vec<u8>> {
        let directives = response.elements(Known::CacheControl).map(|element| directive(trim(element)));
        let named = directives.filter(|(directive, _)| directive.eq_ignore_ascii_case(name.as_bytes()));
        named.filter_map(|(_, argument)| field_names(&argument?)).flatten().collect()
    }

    fn take(&mut self, element: &[u8]) {
        let (name, argument) = directive(trim(element));
        let is_qualified = argument.as_deref().is_some_and(|argument| field_names(argument).is_some());
        let is = |directive: &str| name.eq_ignore_ascii_case(directive.as_bytes());
        for (directive, flag) in [
            ("no-store", &mut self.no_store),
            ("no-cache", &mut self.no_cache),
            ("private", &mut self.private),
            ("public", &mut self.public),
            ("must-revalidate", &mut self.must_revalidate),
            ("proxy-revalidate", &mut self.proxy_revalidate),
            ("must-understand", &mut self.must_understand),
            ("no-transform", &mut self.no_transform),
            ("only-if-cached", &mut self.only_if_cached),
            ("immutable", &mut self.immutable),
        ] {
            if is(directive) {
                *flag |= !(is_qualified && matches!(directive, "no-cache" | "private"));
                return;
            }
        }
        for (directive, time) in [
            ("max-age", &mut self.max_age),
            ("s-maxage", &mut self.s_maxage),
            ("min-fresh", &mut self.min_fresh),
            ("stale-while-revalidate", &mut self.stale_while_revalidate),
            ("stale-if-error", &mut self.stale_if_error),
        ] {
            if is(directive) {
                let seconds = argument.as_deref().and_then(seconds).unwrap_or(0);
                *time = Some(time.map_or(seconds, |before| if before == seconds { seconds } else { 0 }));
                return;
            }
        }
        if is("max-stale") {
            // Section 5.2.1.2: "If no value is assigned [...] then the client will accept a stale response of any age."
            self.max_stale = Some(argument.map_or(u32::MAX, |argument| seconds(&argument).unwrap_or(0)));
        }
    }
}

/// `token [ "=" ( token / quoted-string ) ]`. What is malformed behind the name has an argument that means nothing.
fn directive(element: &[u8]) -> (&[u8], Option<alloc::borrow::Cow<'_, [u8]>>) {
    let argument = opt(preceded(delimited(ows, char('='), ows), token_or_quoted));
    let whole: IResult<&[u8], _> = all_consuming((token, argument)).parse(element);
    match whole {
        Ok((_, directive)) => directive,
        Err(_) => {
            let end = element.iter().position(|&octet| octet == b'=').unwrap_or(element.len());
            (trim(element.get(..end).unwrap_or_default()), Some((&b"?"[..]).into()))
        }
    }
}

/// `#field-name`, at least one; `None` if it is anything else.
fn field_names(argument: &[u8]) -> Option<Vec<Vec<u8>>> {
    let names: Vec<&[u8]> = argument.split(|&octet| octet == b',').map(trim).collect();
    names.iter().all(|name| is_token(name)).then(|| names.iter().map(|name| name.to_vec()).collect())
}

/// `1*DIGIT`, cut to 2147483648.
pub(super) fn seconds(digits: &[u8]) -> Option<u32> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let fold = |n: u32, digit: &u8| n.saturating_mul(10).saturating_add(u32::from(digit & 0xf)).min(FOREVER);
    is_number.then(|| digits.iter().fold(0, fold))
}

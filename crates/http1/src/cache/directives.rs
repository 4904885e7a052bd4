//! `Cache-Control` (RFC 9111 section 5.2), of requests and responses, with `stale-*` (RFC 5861) and `immutable` (RFC 8246).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use nom::combinator::all_consuming;
use nom::{IResult, Parser};

use crate::field_value::{is_token, quoted_string, trim};
use crate::{FieldSection, Known};

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
        let directives = response.elements(Known::CacheControl).map(directive);
        let named = directives.filter(|(directive, _)| directive.eq_ignore_ascii_case(name.as_bytes()));
        named.filter_map(|(_, argument)| field_names(&meaning(argument?))).flatten().collect()
    }

    fn take(&mut self, element: &[u8]) {
        let (name, argument) = directive(element);
        let mut lower = [0; LONGEST];
        let Some(lower) = lower.get_mut(..name.len()) else { return };
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        match &*lower {
            b"no-store" => self.no_store = true,
            b"no-cache" => self.no_cache |= !is_qualified(argument),
            b"private" => self.private |= !is_qualified(argument),
            b"public" => self.public = true,
            b"must-revalidate" => self.must_revalidate = true,
            b"proxy-revalidate" => self.proxy_revalidate = true,
            b"must-understand" => self.must_understand = true,
            b"no-transform" => self.no_transform = true,
            b"only-if-cached" => self.only_if_cached = true,
            b"immutable" => self.immutable = true,
            b"max-age" => once(&mut self.max_age, argument),
            b"s-maxage" => once(&mut self.s_maxage, argument),
            b"min-fresh" => once(&mut self.min_fresh, argument),
            b"stale-while-revalidate" => once(&mut self.stale_while_revalidate, argument),
            b"stale-if-error" => once(&mut self.stale_if_error, argument),
            // Section 5.2.1.2: "If no value is assigned [...] then the client will accept a stale response of any age."
            b"max-stale" => {
                let told = argument.map_or(Some(u32::MAX), |argument| seconds(&meaning(argument)));
                self.max_stale = Some(told.unwrap_or(0));
            }
            _ => {}
        }
    }
}

/// `stale-while-revalidate`.
const LONGEST: usize = 22;

/// A time that is said twice is said once, or not at all.
fn once(time: &mut Option<u32>, argument: Option<&[u8]>) {
    let told = argument.and_then(|argument| seconds(&meaning(argument))).unwrap_or(0);
    *time = Some(time.map_or(told, |before| if before == told { told } else { 0 }));
}

fn is_qualified(argument: Option<&[u8]>) -> bool {
    argument.is_some_and(|argument| field_names(&meaning(argument)).is_some())
}

/// `token [ "=" ( token / quoted-string ) ]`: the name, and the argument as it is written.
fn directive(element: &[u8]) -> (&[u8], Option<&[u8]>) {
    match element.iter().position(|&octet| octet == b'=') {
        Some(end) => {
            let (name, argument) = element.split_at_checked(end).unwrap_or((element, &[]));
            (trim(name), Some(trim(argument.get(1..).unwrap_or_default())))
        }
        None => (trim(element), None),
    }
}

/// What an argument stands for. What is neither token nor quoted string stands for something that means nothing.
fn meaning(argument: &[u8]) -> Cow<'_, [u8]> {
    if is_token(argument) {
        return Cow::Borrowed(argument);
    }
    let quoted: IResult<&[u8], _> = all_consuming(quoted_string).parse(argument);
    quoted.map_or(Cow::Borrowed(b"?"), |(_, text)| text)
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

#[cfg(test)]
mod tests {
    use nom::character::complete::char;
    use nom::combinator::opt;
    use nom::sequence::{delimited, preceded};
    use proptest::prelude::*;

    use super::*;
    use crate::field_value::{ows, token, token_or_quoted};

    /// A name, and what its argument stands for.
    type Read<'a> = (&'a [u8], Option<Cow<'a, [u8]>>);

    /// The grammar as the RFC has it.
    fn readable(element: &[u8]) -> Option<Read<'_>> {
        let argument = opt(preceded(delimited(ows, char('='), ows), token_or_quoted));
        let whole: IResult<&[u8], _> = all_consuming((token, argument)).parse(trim(element));
        whole.ok().map(|(_, directive)| directive)
    }

    proptest! {
        #[test]
        fn a_directive_is_read_as_its_grammar_says(element in "[a-c=\" \\\\,\t-]{0,12}") {
            if let Some((name, argument)) = readable(element.as_bytes()) {
                let found = directive(element.as_bytes());
                prop_assert_eq!(found.0, name);
                prop_assert_eq!(found.1.map(meaning), argument);
            }
        }
    }
}

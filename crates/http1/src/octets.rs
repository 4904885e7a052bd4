//! Sets of octets, under the names that the RFCs' grammars give them.
//!
//! A grammar rule of one octet (`tchar`, `pchar`, `qdtext`) is a value here; a parser asks it. Sets are made at compile
//! time and asking is one load.

/// A set of octets.
#[derive(Clone, Copy)]
pub struct OctetSet([bool; 256]);

/// Letters and digits of US-ASCII.
pub(crate) const ALPHANUMERIC: OctetSet =
    OctetSet::of(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

/// RFC 9110 section 5.6.2: what a token is made of.
pub(crate) const TCHAR: OctetSet = ALPHANUMERIC.with(b"!#$%&'*+-.^_`|~");

/// RFC 9110 section 5.6.4: `quoted-string` without `"`, `\` and what needs neither.
pub(crate) const QDTEXT: OctetSet = OctetSet::range(0x20, 0xff).with(b"\t").without(b"\"\\\x7f");

/// RFC 9110 section 5.6.4: what may follow the backslash of a `quoted-pair`.
pub(crate) const QUOTED_PAIR: OctetSet = OctetSet::range(0x20, 0xff).with(b"\t").without(b"\x7f");

/// RFC 9110 section 8.8.3: what stands between the quotes of an entity tag.
pub(crate) const ETAGC: OctetSet = OctetSet::range(0x21, 0xff).without(b"\"\x7f");

/// RFC 9110 section 11.2: `token68`, the `=` at its end apart.
pub(crate) const TOKEN68: OctetSet = ALPHANUMERIC.with(b"-._~+/");

/// RFC 3986 section 2.3.
pub(crate) const UNRESERVED: OctetSet = ALPHANUMERIC.with(b"-._~");

/// RFC 3986 section 3.1: a scheme behind its first letter.
pub(crate) const SCHEME: OctetSet = ALPHANUMERIC.with(b"+-.");

/// RFC 3986 section 3.2.2: `reg-name`, percent-encoded triplets apart.
pub(crate) const REG_NAME: OctetSet = UNRESERVED.with(SUB_DELIMS);

/// RFC 3986 section 3.2.1, percent-encoded triplets apart; also the body of an `IPvFuture`.
pub(crate) const USERINFO: OctetSet = REG_NAME.with(b":");

/// RFC 3986 section 3.3: `pchar`, percent-encoded triplets apart.
pub(crate) const PCHAR: OctetSet = USERINFO.with(b"@");

/// RFC 3986 section 3.3: a path, percent-encoded triplets apart.
pub(crate) const PATH: OctetSet = PCHAR.with(b"/");

/// RFC 3986 sections 3.4 and 3.5: a query or fragment, percent-encoded triplets apart.
pub(crate) const QUERY: OctetSet = PATH.with(b"?");

/// RFC 8187 section 3.2.1: `attr-char`.
pub(crate) const ATTR_CHAR: OctetSet = ALPHANUMERIC.with(b"!#$&+-.^_`|~");

/// RFC 3986 section 2.2.
const SUB_DELIMS: &[u8] = b"!$&'()*+,;=";

impl OctetSet {
    /// The set of just these octets.
    #[must_use]
    pub const fn of(octets: &[u8]) -> Self {
        OctetSet([false; 256]).with(octets)
    }

    /// The set of the octets from `first` to `last`, both included.
    #[must_use]
    pub const fn range(first: u8, last: u8) -> Self {
        let mut set = OctetSet([false; 256]);
        let mut octet = first;
        while octet <= last {
            set = set.with(&[octet]);
            if octet == u8::MAX {
                break;
            }
            octet += 1;
        }
        set
    }

    /// This set and `octets`.
    #[must_use]
    pub const fn with(self, octets: &[u8]) -> Self {
        self.put(octets, true)
    }

    /// This set and `other`.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "both have 256 places")]
    pub const fn with_set(mut self, other: &OctetSet) -> Self {
        let mut octet = 0;
        while octet < 256 {
            self.0[octet] |= other.0[octet];
            octet += 1;
        }
        self
    }

    /// This set but for `octets`.
    #[must_use]
    pub const fn without(self, octets: &[u8]) -> Self {
        self.put(octets, false)
    }

    /// Whether the set holds `octet`.
    #[must_use]
    pub const fn has(&self, octet: u8) -> bool {
        #[expect(clippy::indexing_slicing, reason = "every u8 is an index of 256 places")]
        self.0[octet as usize]
    }

    #[expect(clippy::indexing_slicing, reason = "every u8 is an index of 256 places")]
    const fn put(mut self, mut octets: &[u8], member: bool) -> Self {
        while let [first, rest @ ..] = octets {
            self.0[*first as usize] = member;
            octets = rest;
        }
        self
    }
}

impl core::fmt::Debug for OctetSet {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_set().entries((0..=255u8).filter(|&octet| self.has(octet)).map(char::from)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sets_hold_what_the_grammars_name() {
        let size = |set: OctetSet| (0..=255u8).filter(|&octet| set.has(octet)).count();
        assert_eq!(size(TCHAR), 77);
        assert_eq!(size(UNRESERVED), 66);
        assert_eq!(size(PCHAR), 66 + 11 + 2);
        assert_eq!(size(QDTEXT), 256 - 32 - 1 - 2 + 1);
        assert_eq!(size(ETAGC), 256 - 33 - 2);
        assert!(QDTEXT.has(b'\t') && QDTEXT.has(0xff) && !QDTEXT.has(0x7f) && !QDTEXT.has(b'\n'));
    }
}

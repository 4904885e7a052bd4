//! RDATA of the types that the machinery of DNS itself looks into, field by field.

use core::net::{Ipv4Addr, Ipv6Addr};

use super::RdataRef;
use crate::{NameRef, RrType};

macro_rules! reading {
    ($(#[$doc:meta])* $id:ident $method:ident [$($rtype:ident)|+] { $($(#[$field_doc:meta])* $field:ident: $kind:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $id<'a> {
            $($(#[$field_doc])* pub $field: reading!(@type $kind 'a),)*
        }

        impl<'a> RdataRef<'a> {
            $(#[$doc])*
            ///
            /// `None` if it is of another type.
            #[must_use]
            pub fn $method(&self) -> Option<$id<'a>> {
                if !matches!(self.rtype, $(RrType::$rtype)|+) {
                    return None;
                }
                let mut fields = self.fields();
                $(let $field = reading!(@read $kind fields.next()?);)*
                Some($id { $($field),* })
            }
        }
    };
    (@type name $life:lifetime) => { NameRef<$life> };
    (@type octets $life:lifetime) => { &$life [u8] };
    (@type string $life:lifetime) => { &$life [u8] };
    (@type types $life:lifetime) => { TypeBitmap<$life> };
    (@type rtype $life:lifetime) => { RrType };
    (@type $number:ident $life:lifetime) => { $number };
    (@read name $part:expr) => { $part.name()? };
    (@read octets $part:expr) => { $part.octets() };
    (@read string $part:expr) => { $part.octets().get(1..)? };
    (@read types $part:expr) => { TypeBitmap { windows: $part.octets() } };
    (@read rtype $part:expr) => { RrType(u16::try_from($part.number()).ok()?) };
    (@read $number:ident $part:expr) => { $number::try_from($part.number()).ok()? };
}

reading! {
    /// The start of a zone of authority (RFC 1035 section 3.3.13).
    Soa soa [SOA] {
        /// The primary server.
        mname: name,
        /// The mailbox of who is responsible.
        rname: name,
        /// The version of the zone (RFC 1982).
        serial: u32,
        /// Seconds between two looks of a secondary.
        refresh: u32,
        /// Seconds until a failed look is repeated.
        retry: u32,
        /// Seconds after which a secondary that reaches nobody stops answering.
        expire: u32,
        /// The most seconds that a negative answer is kept (RFC 2308 section 4).
        minimum: u32,
    }
}

reading! {
    /// A mail exchange (RFC 1035 section 3.3.9).
    Mx mx [MX] {
        /// The lowest is tried first.
        preference: u16,
        /// The host.
        exchange: name,
    }
}

reading! {
    /// Where a service is (RFC 2782).
    Srv srv [SRV] {
        /// The lowest is tried first.
        priority: u16,
        /// The share among equals.
        weight: u16,
        /// The port.
        port: u16,
        /// The host.
        target: name,
    }
}

reading! {
    /// A delegation signer (RFC 4034 section 5), or its copy in CDS, DLV or TA.
    Ds ds [DS | CDS | DLV | TA] {
        /// Of the key.
        key_tag: u16,
        /// Of the key.
        algorithm: u8,
        /// Of the digest.
        digest_type: u8,
        /// Of the key's owner and RDATA.
        digest: octets,
    }
}

reading! {
    /// A key (RFC 4034 section 2), or its copy in CDNSKEY.
    Dnskey dnskey [DNSKEY | CDNSKEY] {
        /// 256: of a zone; 1: a secure entry point; 128: revoked (RFC 5011).
        flags: u16,
        /// 3.
        protocol: u8,
        /// RFC 4034 appendix A.1.
        algorithm: u8,
        /// As the algorithm has it.
        public_key: octets,
    }
}

reading! {
    /// A signature (RFC 4034 section 3).
    Rrsig rrsig [RRSIG | SIG] {
        /// The type of the RRset that is signed.
        type_covered: rtype,
        /// RFC 4034 appendix A.1.
        algorithm: u8,
        /// Labels of the owner that was signed, the root's and a leading `*` not counted.
        labels: u8,
        /// The TTL that was signed.
        original_ttl: u32,
        /// Seconds since 1970, modulo 2^32: the last of validity.
        expiration: u32,
        /// Seconds since 1970, modulo 2^32: the first of validity.
        inception: u32,
        /// Of the key.
        key_tag: u16,
        /// The zone.
        signer: name,
        /// As the algorithm has it.
        signature: octets,
    }
}

reading! {
    /// The next name (RFC 4034 section 4).
    Nsec nsec [NSEC] {
        /// In canonical order.
        next: name,
        /// Of this name.
        types: types,
    }
}

reading! {
    /// The next hashed name (RFC 5155 section 3).
    Nsec3 nsec3 [NSEC3] {
        /// 1: SHA-1.
        algorithm: u8,
        /// 1: opt-out.
        flags: u8,
        /// On top of the first.
        iterations: u16,
        /// Up to 255 octets.
        salt: string,
        /// Unencoded.
        next: string,
        /// Of this name.
        types: types,
    }
}

reading! {
    /// How names are hashed (RFC 5155 section 4).
    Nsec3Param nsec3param [NSEC3PARAM] {
        /// 1: SHA-1.
        algorithm: u8,
        /// 0.
        flags: u8,
        /// On top of the first.
        iterations: u16,
        /// Up to 255 octets.
        salt: string,
    }
}

impl<'a> RdataRef<'a> {
    /// The address of an A record.
    #[must_use]
    pub fn a(&self) -> Option<Ipv4Addr> {
        let octets: [u8; 4] = self.octets().try_into().ok()?;
        self.is_internet(RrType::A).then(|| octets.into())
    }

    /// The address of an AAAA record.
    #[must_use]
    pub fn aaaa(&self) -> Option<Ipv6Addr> {
        let octets: [u8; 16] = self.octets().try_into().ok()?;
        self.is_internet(RrType::AAAA).then(|| octets.into())
    }

    fn is_internet(&self, rtype: RrType) -> bool {
        self.rtype == rtype && self.class == crate::Class::IN
    }

    /// The character-strings of TXT and its like (RFC 1035 section 3.3): without their lengths.
    pub fn strings(&self) -> impl Iterator<Item = &'a [u8]> {
        let is_text = self.rtype.fields(self.class) == [super::Field::Strings];
        let mut rest = if is_text { self.octets() } else { &[] };
        core::iter::from_fn(move || {
            let (len, behind) = rest.split_first()?;
            let (string, behind) = behind.split_at_checked(usize::from(*len))?;
            rest = behind;
            Some(string)
        })
    }
}

/// The types of a name, as NSEC, NSEC3 and CSYNC list them (RFC 4034 section 4.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeBitmap<'a> {
    windows: &'a [u8],
}

impl<'a> TypeBitmap<'a> {
    pub(crate) fn of_valid(windows: &'a [u8]) -> Self {
        TypeBitmap { windows }
    }

    /// Whether `rtype` is among them.
    #[must_use]
    pub fn has(&self, rtype: RrType) -> bool {
        let [window, low] = rtype.0.to_be_bytes();
        let mut windows = windows(self.windows);
        let bits = windows.find(|(number, _)| *number == window).map(|(_, bits)| bits);
        let octet = bits.and_then(|bits| bits.get(usize::from(low / 8)));
        octet.is_some_and(|octet| octet & 0x80 >> (low % 8) != 0)
    }

    /// All of them, in order.
    pub fn types(&self) -> impl Iterator<Item = RrType> {
        windows(self.windows).flat_map(|(window, bits)| {
            set_bits(bits)
                .filter_map(move |bit| Some(RrType(u16::from_be_bytes([window, u8::try_from(bit).ok()?]))))
        })
    }
}

fn windows(mut rest: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    core::iter::from_fn(move || {
        let [window, len, behind @ ..] = rest else { return None };
        let (bits, behind) = behind.split_at_checked(usize::from(*len))?;
        rest = behind;
        Some((*window, bits))
    })
}

/// Which bits are set, from the most significant of the first octet.
pub(crate) fn set_bits(bits: &[u8]) -> impl Iterator<Item = usize> {
    let octets = bits.iter().enumerate();
    octets.flat_map(|(at, octet)| {
        (0..8).filter(move |bit| octet & 0x80 >> bit != 0).map(move |bit| at * 8 + bit)
    })
}

//! Record types, and the one table that says what their RDATA is made of.
//!
//! Everything that has to do with RDATA reads this table: the check of a message, text both ways, the canonical form,
//! which names may be compressed. Whoever adds a type adds a line. Types that are not in it are opaque octets (RFC 3597).

use core::fmt;
use core::str::FromStr;

use crate::rdata::Field::{
    self, AddressPrefixes, Algorithm, AtmAddress, Base32, Base64, Base64OrDash, Base64OrNone, CertType,
    Chain, Eui48, Eui64, Gateway, Hex, HexOrDash, Hip, Ipv4, Ipv6, Location, Locator, LongString, Lower,
    Moment, Name, Names, NsapHex, NxtTypes, Octets, OptionalString, Options, Period, Plain, Relay, Scheme,
    Services, Sized, String, Strings, SvcParams, Tag, Type, TypeBitmap, U8, U16, U32, U48, U64,
};
use crate::rdata::Shape;
use crate::{Class, TextError, TextErrorKind};

/// The type of a record or what a question asks for.
///
/// ```
/// use dns::RrType;
/// assert_eq!("aaaa".parse(), Ok(RrType::AAAA));
/// assert_eq!("TYPE28".parse(), Ok(RrType::AAAA));
/// assert_eq!(RrType(65280).to_string(), "TYPE65280"); // RFC 3597 section 5
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RrType(pub u16);

/// In which classes the RDATA has the fields of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// In all.
    Every,
    /// In class IN; elsewhere it is opaque.
    Internet,
    /// In none: asked for or made up on the way, never kept (RFC 6895 section 3.1).
    Meta,
}

/// A line of the table.
#[derive(Debug)]
pub(crate) struct Kind {
    code: u16,
    mnemonic: &'static str,
    scope: Scope,
    fields: &'static [Field],
}

static UNKNOWN: Kind = Kind { code: 0, mnemonic: "", scope: Scope::Every, fields: &[Octets] };

macro_rules! types {
    ($($(#[$doc:meta])* $id:ident = $code:literal $mnemonic:literal $scope:ident [$($field:expr),*];)*) => {
        impl RrType {
            $($(#[$doc])* pub const $id: RrType = RrType($code);)*
        }

        /// The table.
        static KINDS: &[Kind] = &[$(Kind {
            code: $code,
            mnemonic: $mnemonic,
            scope: Scope::$scope,
            fields: &[$($field),*],
        },)*];
    };
}

types! {
    /// RFC 1035: an IPv4 address.
    A = 1 "A" Internet [Ipv4];
    /// RFC 1035: an authoritative server.
    NS = 2 "NS" Every [Name];
    /// RFC 1035, obsolete: a mail destination.
    MD = 3 "MD" Every [Name];
    /// RFC 1035, obsolete: a mail forwarder.
    MF = 4 "MF" Every [Name];
    /// RFC 1035: the canonical name of an alias.
    CNAME = 5 "CNAME" Every [Name];
    /// RFC 1035: the start of a zone of authority.
    SOA = 6 "SOA" Every [Name, Name, U32, Period, Period, Period, Period];
    /// RFC 1035: a mailbox.
    MB = 7 "MB" Every [Name];
    /// RFC 1035: a mail group member.
    MG = 8 "MG" Every [Name];
    /// RFC 1035: a mail rename.
    MR = 9 "MR" Every [Name];
    /// RFC 1035: anything.
    NULL = 10 "NULL" Every [Octets];
    /// RFC 1035: well known services.
    WKS = 11 "WKS" Internet [Ipv4, Services];
    /// RFC 1035: a pointer to a name.
    PTR = 12 "PTR" Every [Name];
    /// RFC 1035: host information; RFC 8482: what is said instead of everything.
    HINFO = 13 "HINFO" Every [String, String];
    /// RFC 1035: mailbox or mail list information.
    MINFO = 14 "MINFO" Every [Name, Name];
    /// RFC 1035: a mail exchange.
    MX = 15 "MX" Every [U16, Name];
    /// RFC 1035: text.
    TXT = 16 "TXT" Every [Strings];
    /// RFC 1183: the responsible person.
    RP = 17 "RP" Every [Lower, Lower];
    /// RFC 1183: an AFS data base.
    AFSDB = 18 "AFSDB" Every [U16, Lower];
    /// RFC 1183: an X.25 address.
    X25 = 19 "X25" Every [String];
    /// RFC 1183: an ISDN address.
    ISDN = 20 "ISDN" Every [String, OptionalString];
    /// RFC 1183: route through.
    RT = 21 "RT" Every [U16, Lower];
    /// RFC 1706: an NSAP address.
    NSAP = 22 "NSAP" Internet [NsapHex];
    /// RFC 1706: a pointer from an NSAP address.
    NSAP_PTR = 23 "NSAP-PTR" Internet [Plain];
    /// RFC 2535: a signature, of a transaction since RFC 2931.
    SIG = 24 "SIG" Every [Type, Algorithm, U8, U32, Moment, Moment, U16, Lower, Base64];
    /// RFC 2535: a key.
    KEY = 25 "KEY" Every [U16, U8, Algorithm, Base64OrNone];
    /// RFC 2163: X.400 mail mapping.
    PX = 26 "PX" Internet [U16, Lower, Lower];
    /// RFC 1712: a geographical position.
    GPOS = 27 "GPOS" Every [String, String, String];
    /// RFC 3596: an IPv6 address.
    AAAA = 28 "AAAA" Internet [Ipv6];
    /// RFC 1876: a location.
    LOC = 29 "LOC" Every [Location];
    /// RFC 2535, obsolete: the next name.
    NXT = 30 "NXT" Every [Lower, NxtTypes];
    /// draft-ietf-nimrod-dns: an endpoint identifier.
    EID = 31 "EID" Internet [Hex];
    /// draft-ietf-nimrod-dns: a Nimrod locator.
    NIMLOC = 32 "NIMLOC" Internet [Hex];
    /// RFC 2782: where a service is.
    SRV = 33 "SRV" Internet [U16, U16, U16, Lower];
    /// ATM Forum af-dans-0152: an ATM address.
    ATMA = 34 "ATMA" Internet [AtmAddress];
    /// RFC 3403: a rule that rewrites.
    NAPTR = 35 "NAPTR" Internet [U16, U16, String, String, String, Lower];
    /// RFC 2230: a key exchanger.
    KX = 36 "KX" Internet [U16, Lower];
    /// RFC 4398: a certificate.
    CERT = 37 "CERT" Every [CertType, U16, Algorithm, Base64];
    /// RFC 2874, historic: a part of an IPv6 address.
    A6 = 38 "A6" Internet [Chain];
    /// RFC 6672: an alias of a subtree.
    DNAME = 39 "DNAME" Every [Lower];
    /// draft-eastlake-kitchen-sink: everything.
    SINK = 40 "SINK" Every [U8, U8, U8, Base64OrNone];
    /// RFC 6891: EDNS.
    OPT = 41 "OPT" Meta [Options];
    /// RFC 3123: address prefixes.
    APL = 42 "APL" Internet [AddressPrefixes];
    /// RFC 4034: a delegation signer.
    DS = 43 "DS" Every [U16, Algorithm, U8, Hex];
    /// RFC 4255: an SSH key's fingerprint.
    SSHFP = 44 "SSHFP" Every [U8, U8, Hex];
    /// RFC 4025: a key for IPsec.
    IPSECKEY = 45 "IPSECKEY" Internet [U8, U8, U8, Gateway, Base64OrNone];
    /// RFC 4034: a signature.
    RRSIG = 46 "RRSIG" Every [Type, Algorithm, U8, U32, Moment, Moment, U16, Lower, Base64];
    /// RFC 4034: the next name.
    NSEC = 47 "NSEC" Every [Plain, TypeBitmap];
    /// RFC 4034: a key.
    DNSKEY = 48 "DNSKEY" Every [U16, U8, Algorithm, Base64];
    /// RFC 4701: a DHCP client's identity.
    DHCID = 49 "DHCID" Internet [Base64];
    /// RFC 5155: the next hashed name.
    NSEC3 = 50 "NSEC3" Every [U8, U8, U16, HexOrDash, Base32, TypeBitmap];
    /// RFC 5155: how names are hashed.
    NSEC3PARAM = 51 "NSEC3PARAM" Every [U8, U8, U16, HexOrDash];
    /// RFC 6698: a TLS certificate's association.
    TLSA = 52 "TLSA" Every [U8, U8, U8, Hex];
    /// RFC 8162: an S/MIME certificate's association.
    SMIMEA = 53 "SMIMEA" Every [U8, U8, U8, Hex];
    /// RFC 8005: the host identity protocol.
    HIP = 55 "HIP" Every [Hip, Names];
    /// draft-reid-dnsext-zs: the status of a zone.
    NINFO = 56 "NINFO" Every [Strings];
    /// draft-reid-dnsext-rkey: a key to encrypt with.
    RKEY = 57 "RKEY" Every [U16, U8, Algorithm, Base64];
    /// draft-wijngaards-dnsop-trust-history: a link between trust anchors.
    TALINK = 58 "TALINK" Every [Plain, Plain];
    /// RFC 7344: the DS that the child wants.
    CDS = 59 "CDS" Every [U16, Algorithm, U8, Hex];
    /// RFC 7344: the DNSKEY that the child wants a DS of.
    CDNSKEY = 60 "CDNSKEY" Every [U16, U8, Algorithm, Base64];
    /// RFC 7929: an OpenPGP key.
    OPENPGPKEY = 61 "OPENPGPKEY" Every [Base64];
    /// RFC 7477: what the parent should copy from the child.
    CSYNC = 62 "CSYNC" Every [U32, U16, TypeBitmap];
    /// RFC 8976: a digest of the zone.
    ZONEMD = 63 "ZONEMD" Every [U32, U8, U8, Hex];
    /// RFC 9460: how to reach a service.
    SVCB = 64 "SVCB" Internet [U16, Plain, SvcParams];
    /// RFC 9460: how to reach a web site.
    HTTPS = 65 "HTTPS" Internet [U16, Plain, SvcParams];
    /// RFC 9859: where to send notifications.
    DSYNC = 66 "DSYNC" Every [Type, Scheme, U16, Plain];
    /// RFC 9886: a hierarchical host identity tag.
    HHIT = 67 "HHIT" Every [Base64];
    /// RFC 9886: a UAS broadcast remote identity.
    BRID = 68 "BRID" Every [Base64];
    /// RFC 7208, obsolete: a sender policy.
    SPF = 99 "SPF" Every [Strings];
    /// IANA-Reserved: user information.
    UINFO = 100 "UINFO" Every [Octets];
    /// IANA-Reserved: a user id.
    UID = 101 "UID" Every [Octets];
    /// IANA-Reserved: a group id.
    GID = 102 "GID" Every [Octets];
    /// IANA-Reserved: unspecified.
    UNSPEC = 103 "UNSPEC" Every [Octets];
    /// RFC 6742: a node identifier.
    NID = 104 "NID" Every [U16, Locator];
    /// RFC 6742: a 32-bit locator.
    L32 = 105 "L32" Every [U16, Ipv4];
    /// RFC 6742: a 64-bit locator.
    L64 = 106 "L64" Every [U16, Locator];
    /// RFC 6742: a pointer to locators.
    LP = 107 "LP" Every [U16, Plain];
    /// RFC 7043: a 48-bit extended unique identifier.
    EUI48 = 108 "EUI48" Every [Eui48];
    /// RFC 7043: a 64-bit extended unique identifier.
    EUI64 = 109 "EUI64" Every [Eui64];
    /// RFC 9824: the name does not exist; only ever in a bitmap.
    NXNAME = 128 "NXNAME" Meta [Octets];
    /// RFC 2930: a key to be agreed on.
    TKEY = 249 "TKEY" Meta [Plain, Moment, Moment, U16, U16, Sized, Sized];
    /// RFC 8945: a signature of a transaction.
    TSIG = 250 "TSIG" Meta [Plain, U48, U16, Sized, U16, Field::Rcode, Sized];
    /// RFC 1995: what changed in a zone.
    IXFR = 251 "IXFR" Meta [Octets];
    /// RFC 5936: a whole zone.
    AXFR = 252 "AXFR" Meta [Octets];
    /// RFC 1035: MB, MG or MR.
    MAILB = 253 "MAILB" Meta [Octets];
    /// RFC 1035, obsolete: mail agents.
    MAILA = 254 "MAILA" Meta [Octets];
    /// RFC 1035, RFC 8482: some or all records of a name.
    ANY = 255 "ANY" Meta [Octets];
    /// RFC 7553: a URI.
    URI = 256 "URI" Every [U16, U16, LongString];
    /// RFC 8659: who may issue certificates.
    CAA = 257 "CAA" Every [U8, Tag, LongString];
    /// Application visibility and control.
    AVC = 258 "AVC" Every [Strings];
    /// draft-durand-doa-over-dns: digital object architecture.
    DOA = 259 "DOA" Every [U32, U32, U8, String, Base64OrDash];
    /// RFC 8777: a relay of automatic multicast tunneling.
    AMTRELAY = 260 "AMTRELAY" Every [U8, Relay];
    /// RFC 9606: what a resolver can do.
    RESINFO = 261 "RESINFO" Every [Strings];
    /// A public wallet address.
    WALLET = 262 "WALLET" Every [Strings];
    /// draft-johnson-dns-ipn-cla: a bundle protocol convergence layer adapter.
    CLA = 263 "CLA" Every [Strings];
    /// draft-johnson-dns-ipn-cla: a bundle protocol node number.
    IPN = 264 "IPN" Every [U64];
    /// DNSSEC trust authorities.
    TA = 32768 "TA" Every [U16, Algorithm, U8, Hex];
    /// RFC 4431, obsolete: DNSSEC look-aside validation.
    DLV = 32769 "DLV" Every [U16, Algorithm, U8, Hex];
}

/// The first of all codes that have no place in [`INDEX`].
const DENSE: usize = 265;

/// Which line of the table has a code; 0xFF: none.
static INDEX: [u8; DENSE] = index();

#[expect(clippy::indexing_slicing, reason = "when compiled: no index depends on anything")]
#[expect(clippy::cast_possible_truncation, reason = "fewer than 255 lines")]
const fn index() -> [u8; DENSE] {
    let mut index = [0xFF; DENSE];
    let mut line = 0;
    while line < KINDS.len() {
        let code = KINDS[line].code as usize;
        if code < DENSE {
            index[code] = line as u8;
        }
        line += 1;
    }
    index
}

/// The shape of the RDATA of every code, where it has one.
static SHAPES: [Shape; DENSE] = shapes();

#[expect(clippy::indexing_slicing, reason = "when compiled: no index depends on anything")]
const fn shapes() -> [Shape; DENSE] {
    let mut shapes = [Shape::of(UNKNOWN.fields, false); DENSE];
    let mut line = 0;
    while line < KINDS.len() {
        let kind = &KINDS[line];
        if (kind.code as usize) < DENSE {
            shapes[kind.code as usize] = match kind.scope {
                Scope::Every => Shape::of(kind.fields, false),
                Scope::Internet => Shape::of(kind.fields, true),
                Scope::Meta => Shape::NONE,
            };
        }
        line += 1;
    }
    shapes
}

/// Places for mnemonics. 512: a fifth of them is taken, so that few have to stand elsewhere.
const PLACES: usize = 512;

/// Lines of the table by their mnemonics, one place further on where one is taken. 0: nobody, as the first line is first.
static NAMED: [u8; PLACES] = named();

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "when compiled: no index depends on anything"
)]
const fn named() -> [u8; PLACES] {
    assert!(KINDS.len() < u8::MAX as usize);
    let mut places = [0; PLACES];
    let mut line = 0;
    while line < KINDS.len() {
        let mut place = place_of(KINDS[line].mnemonic.as_bytes());
        while places[place] != 0 {
            place = (place + 1) % PLACES;
        }
        places[place] = line as u8 + 1;
        line += 1;
    }
    places
}

/// Where a mnemonic stands, in any case.
const fn place_of(mut text: &[u8]) -> usize {
    let mut hash = 0_usize;
    while let [octet, rest @ ..] = text {
        hash = hash.wrapping_mul(37).wrapping_add((*octet | 0x20) as usize);
        text = rest;
    }
    hash % PLACES
}

impl Kind {
    /// The line of this mnemonic, in any case.
    fn named(text: &[u8]) -> Option<&'static Kind> {
        let mut place = place_of(text.get(..text.len().min(16))?);
        loop {
            let line = usize::from(*NAMED.get(place)?).checked_sub(1)?;
            let kind = KINDS.get(line)?;
            if kind.mnemonic.as_bytes().eq_ignore_ascii_case(text) {
                return Some(kind);
            }
            place = (place + 1) % PLACES;
        }
    }

    #[inline]
    fn of(rtype: RrType) -> &'static Kind {
        match INDEX.get(usize::from(rtype.0)) {
            Some(line) => KINDS.get(usize::from(*line)).unwrap_or(&UNKNOWN),
            // The table is in order: but two lines are up there.
            None => match KINDS {
                [.., a, _] if a.code == rtype.0 => a,
                [.., b] if b.code == rtype.0 => b,
                _ => &UNKNOWN,
            },
        }
    }
}

impl RrType {
    /// The mnemonic, for those that have one.
    #[must_use]
    pub fn mnemonic(self) -> Option<&'static str> {
        Some(Kind::of(self).mnemonic).filter(|mnemonic| !mnemonic.is_empty())
    }

    /// All types with a mnemonic.
    pub fn all() -> impl Iterator<Item = RrType> {
        KINDS.iter().map(|kind| RrType(kind.code))
    }

    /// The type that a mnemonic or `TYPEnnn` stands for, in any case.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<RrType> {
        Kind::named(text)
            .map(|kind| RrType(kind.code))
            .or_else(|| (text == b"*").then_some(RrType::ANY))
            .or_else(|| crate::text::numbered(b"TYPE", text).map(RrType))
    }

    /// Only ever in questions or made for a single message (RFC 6895 section 3.1): OPT, TSIG, AXFR, ANY and their like.
    #[must_use]
    pub fn is_meta(self) -> bool {
        matches!(self.0, 0 | 41 | 128..=255)
    }

    /// The shape that RDATA of this type and class has, if it has one that is simple. None of those that belong to the
    /// message.
    #[inline]
    pub(crate) fn shape(self, class: Class) -> Option<Shape> {
        SHAPES.get(usize::from(self.0)).copied().filter(|shape| shape.is_of(class))
    }

    /// What the RDATA of this type and class is made of.
    #[inline]
    pub(crate) fn fields(self, class: Class) -> &'static [Field] {
        let kind = Kind::of(self);
        match kind.scope {
            // Updates name types with the classes ANY and NONE (RFC 2136 section 2.5).
            Scope::Internet if !matches!(class, Class::IN | Class::NONE | Class::ANY) => UNKNOWN.fields,
            _ => kind.fields,
        }
    }
}

impl fmt::Display for RrType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mnemonic() {
            Some(mnemonic) => f.pad(mnemonic),
            None => write!(f, "TYPE{}", self.0),
        }
    }
}

impl FromStr for RrType {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        RrType::parse(text.as_bytes()).ok_or(TextError::new(TextErrorKind::Unknown("record type")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn mnemonics_go_both_ways() {
        assert!(RrType::all().count() >= 90);
        for rtype in RrType::all() {
            assert_eq!(rtype.to_string().parse(), Ok(rtype));
            assert_eq!(rtype.to_string().to_lowercase().parse(), Ok(rtype));
        }
        for code in [54, 69, 98, 129, 265, 65280, 65535] {
            assert_eq!(RrType(code).to_string().parse(), Ok(RrType(code)));
        }
        assert_eq!("*".parse(), Ok(RrType::ANY));
        for text in ["", "TYPE", "TYPE65536", "TYPE 1", "AA", "A\0"] {
            assert!(text.parse::<RrType>().is_err(), "{text}");
        }
    }

    #[test]
    fn every_line_of_the_table_is_found() {
        assert!(KINDS.is_sorted_by_key(|kind| kind.code));
        for kind in KINDS {
            assert!(core::ptr::eq(Kind::of(RrType(kind.code)), kind), "{}", kind.mnemonic);
        }
        for code in [0, 54, 98, 248, 265, 32767, 32770, 65535] {
            assert!(core::ptr::eq(Kind::of(RrType(code)), &raw const UNKNOWN), "{code}");
        }
    }

    #[test]
    fn meta_types_of_the_table_are_meta() {
        for rtype in RrType::all() {
            assert_eq!(rtype.is_meta(), Kind::of(rtype).scope == Scope::Meta, "{rtype}");
        }
    }
}

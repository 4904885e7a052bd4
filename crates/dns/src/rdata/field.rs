//! The fields that RDATA is made of, and where each of them ends.

use crate::NameRef;
use crate::message::Checked;

/// A field of RDATA: how it is written on the wire and in text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// Decimal numbers, most significant octet first.
    U8,
    U16,
    U32,
    /// RFC 8945 section 4.2: seconds since 1970.
    U48,
    U64,
    /// 32 bits of seconds; text may have units.
    Period,
    /// 32 bits of seconds since 1970, modulo 2^32; text is a civil date (RFC 4034 section 3.2).
    Moment,
    /// A record type.
    Type,
    /// An algorithm of DNSSEC (RFC 4034 appendix A.1).
    Algorithm,
    /// A type of certificate (RFC 4398 section 2.1).
    CertType,
    /// RFC 9859 section 2.1.
    Scheme,
    /// A response code of 16 bits.
    Rcode,
    Ipv4,
    Ipv6,
    Eui48,
    Eui64,
    /// 64 bits as four groups (RFC 6742).
    Locator,
    /// A name of an RFC 1035 type: may be compressed (RFC 3597 section 4), small letters in canonical form.
    Name,
    /// A name of another type that RFC 4034 section 6.2 lists: not compressed, small letters in canonical form.
    Lower,
    /// A name of any other type: not compressed, its letters kept (RFC 6840 section 5.1).
    Plain,
    /// Names up to the end, as `Plain`.
    Names,
    /// A character-string (RFC 1035 section 3.3).
    String,
    /// One, or none.
    OptionalString,
    /// One or more, up to the end.
    Strings,
    /// Octets up to the end, quoted.
    LongString,
    /// A CAA property's name (RFC 8659 section 4.1).
    Tag,
    /// Octets up to the end, in hexadecimal digits.
    Hex,
    /// The same behind `0x` (RFC 1706 section 7).
    NsapHex,
    /// Octets behind one octet of length; `-` if there are none (RFC 5155 section 3.3).
    HexOrDash,
    /// Octets behind one octet of length, in base32 with the extended hexadecimal alphabet (RFC 5155 section 3.3).
    Base32,
    /// Octets up to the end, in base64.
    Base64,
    /// The same; no text if there are none.
    Base64OrNone,
    /// The same; `-` if there are none.
    Base64OrDash,
    /// Octets behind two octets of length: text has the length, then base64.
    Sized,
    /// Windows of types (RFC 4034 section 4.1.2).
    TypeBitmap,
    /// Types 1 to 127 (RFC 2535 section 5.2).
    NxtTypes,
    /// RFC 9460 section 2.2.
    SvcParams,
    /// RFC 3123 section 4.
    AddressPrefixes,
    /// RFC 1876 section 2.
    Location,
    /// A protocol and a bitmap of ports (RFC 1035 section 3.4.2).
    Services,
    /// By the second octet of the RDATA: nothing, an address or a name (RFC 4025 section 2.5).
    Gateway,
    /// Discovery bit, type and relay (RFC 8777 section 4.2).
    Relay,
    /// The numbers, tag and key of RFC 8005 section 5.
    Hip,
    /// Prefix length, suffix and prefix name (RFC 2874 section 3.1).
    Chain,
    /// A format and an address (ATM Forum af-dans-0152).
    AtmAddress,
    /// EDNS options (RFC 6891 section 6.1.2).
    Options,
    /// Octets up to the end, unknown (RFC 3597).
    Octets,
}

impl Field {
    /// Octets, if they are always as many.
    pub(crate) const fn size(self) -> Option<u8> {
        Some(match self {
            Field::U8 | Field::Algorithm | Field::Scheme => 1,
            Field::U16 | Field::Type | Field::CertType | Field::Rcode => 2,
            Field::Ipv4 | Field::U32 | Field::Period | Field::Moment => 4,
            Field::U48 | Field::Eui48 => 6,
            Field::U64 | Field::Eui64 | Field::Locator => 8,
            Field::Ipv6 => 16,
            _ => return None,
        })
    }

    /// A name, which may be compressed where it is read.
    pub(crate) const fn is_name(self) -> bool {
        matches!(self, Field::Name | Field::Lower | Field::Plain)
    }

    /// Any octets, up to the end.
    pub(crate) const fn is_open(self) -> bool {
        matches!(
            self,
            Field::Hex
                | Field::NsapHex
                | Field::Base64
                | Field::Base64OrNone
                | Field::Base64OrDash
                | Field::LongString
                | Field::Octets
        )
    }
}

/// A field of some RDATA.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    pub(crate) field: Field,
    message: &'a [u8],
    start: usize,
    end: usize,
}

impl<'a> Part<'a> {
    /// As it stands, pointers included.
    #[inline]
    pub(crate) fn octets(&self) -> &'a [u8] {
        self.message.get(self.start..self.end).unwrap_or_default()
    }

    /// If it is one name and nothing else.
    #[inline]
    pub(crate) fn name(&self) -> Option<NameRef<'a>> {
        self.field.is_name().then(|| NameRef::of_valid(self.message, self.start))
    }

    /// Of [`Field::Gateway`]: which kind it is (RFC 4025 section 2.3).
    pub(crate) fn gateway_type(&self) -> u8 {
        let before = self.start.checked_sub(2).and_then(|at| self.message.get(at));
        before.copied().unwrap_or_default()
    }

    /// A number of up to 64 bits, most significant octet first.
    pub(crate) fn number(&self) -> u64 {
        self.octets().iter().fold(0, |sum, octet| sum << 8 | u64::from(*octet))
    }

    /// RFC 3597 section 4: only names of RFC 1035 types.
    pub(crate) fn is_compressible(&self) -> bool {
        self.field == Field::Name
    }

    /// RFC 4034 section 6.2: small letters in canonical form.
    pub(crate) fn is_lower(&self) -> bool {
        matches!(self.field, Field::Name | Field::Lower)
    }
}

/// The fields of RDATA that has been checked.
#[derive(Clone)]
pub(crate) struct Fields<'a> {
    message: &'a [u8],
    start: usize,
    at: usize,
    end: usize,
    fields: core::slice::Iter<'static, Field>,
}

impl<'a> Fields<'a> {
    #[inline]
    pub(crate) fn new(message: &'a [u8], (start, end): (usize, usize), fields: &'static [Field]) -> Self {
        // RFC 2136 section 2.5: no RDATA at all, whatever the type.
        let fields = if start == end { &[] } else { fields };
        Fields { message, start, at: start, end, fields: fields.iter() }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let field = *self.fields.next()?;
        let (message, start) = (self.message, self.at);
        let end = super::check::field_end(field, &mut Checked, message, (self.start, start, self.end));
        self.at = end.unwrap_or(self.end);
        Some(Part { field, message, start, end: self.at })
    }
}

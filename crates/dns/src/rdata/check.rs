//! RDATA against the fields of its type: the second half of every parse.
//!
//! The rule: a field ends within the RDATA, the last one at its end, and holds nothing its RFC does not know how to say.
//! Where no field needs more than its place checked, all of them are done at one stroke; the walk from field to field is
//! the twin of that.

use super::field::Field;
use crate::message::{Names, Uncompressed};
use crate::{Class, ParseError, ParseErrorKind as Kind, RrType, edns, svcb};

type Place = (usize, usize, usize);

/// How RDATA starts: fields of a fixed size, names, fields of a fixed size. Mostly that is all there is, or octets follow
/// up to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    before: u8,
    names: u8,
    after: u8,
    /// How many fields that is.
    fields: u8,
    flags: u8,
}

/// Octets up to the end may follow.
const OPEN: u8 = 1;
/// Fields follow that must be looked at one by one.
const FIELDS: u8 = 2;
/// In class IN alone.
const INTERNET: u8 = 4;
/// This is no shape.
const NONE: u8 = 8;
/// There are names, here or in the fields that follow.
const NAMED: u8 = 16;
/// And they may be compressed.
const COMPRESSED: u8 = 32;

impl Shape {
    pub(crate) const NONE: Shape = Shape { before: 0, names: 0, after: 0, fields: 0, flags: NONE };

    /// The shape of these fields.
    pub(crate) const fn of(mut fields: &[Field], internet: bool) -> Shape {
        let flags = if internet { INTERNET } else { 0 };
        let mut shape = Shape { flags: flags | names(fields), ..Shape::NONE };
        while let [field, rest @ ..] = fields {
            match (field.size(), field.is_name()) {
                (Some(size), _) if shape.names == 0 => shape.before += size,
                (Some(size), _) => shape.after += size,
                (None, true) if shape.after == 0 => shape.names += 1,
                (None, false) if field.is_open() && rest.is_empty() => shape.flags |= OPEN,
                _ => {
                    shape.flags |= FIELDS;
                    break;
                }
            }
            shape.fields += 1;
            fields = rest;
        }
        shape
    }

    /// What a message has of RDATA with it.
    #[inline]
    pub(crate) fn parts(self) -> Parts {
        match self.flags & (NAMED | COMPRESSED) {
            0 => Parts::Octets,
            NAMED => Parts::Names,
            _ => Parts::Compressed { before: self.before.into(), names: self.names },
        }
    }

    /// Where the first name is, if only fields of a fixed size are in front of it.
    #[inline]
    pub(crate) fn first_name(self) -> Option<usize> {
        (self.names > 0).then_some(self.before.into())
    }

    /// Whether RDATA of this class has it.
    #[inline]
    pub(crate) fn is_of(self, class: Class) -> bool {
        let unfit = if class == Class::IN { NONE } else { NONE | INTERNET };
        self.flags & unfit == 0
    }

    /// Checks the RDATA between `start` and `end`, of this type.
    #[inline]
    pub(crate) fn check(
        self,
        names: &mut impl Names,
        message: &[u8],
        (start, end): (usize, usize),
        rtype: RrType,
    ) -> Result<(), ParseError> {
        let mut at = start + usize::from(self.before);
        for _ in 0..self.names {
            // Who borrows octets from the next record is too long below.
            at = names.end(message, at)?;
        }
        at += usize::from(self.after);
        if at == end && self.flags & FIELDS == 0 || at < end && self.flags & OPEN != 0 {
            return Ok(());
        }
        self.check_rest(names, message, (start, at, end), rtype)
    }

    /// The fields that are not part of the shape; or what is wrong.
    #[inline(never)]
    fn check_rest(
        self,
        names: &mut impl Names,
        message: &[u8],
        (start, mut at, end): Place,
        rtype: RrType,
    ) -> Result<(), ParseError> {
        if at > end {
            return Err(ParseError::new(Kind::RdataShort, end));
        }
        let fields = rtype.fields(Class::IN).get(usize::from(self.fields)..).unwrap_or_default();
        for field in fields {
            at = field_end(*field, names, message, (start, at, end))?;
        }
        if at == end { Ok(()) } else { Err(ParseError::new(Kind::RdataLong, at)) }
    }
}

/// What RDATA is for those who write messages.
pub(crate) enum Parts {
    /// Octets, whatever they say.
    Octets,
    /// There are names in it, never compressed where they are written.
    Names,
    /// Octets, then names to be compressed, then octets again.
    Compressed {
        /// How many octets.
        before: usize,
        /// How many names.
        names: u8,
    },
}

const fn names(mut fields: &[Field]) -> u8 {
    let mut flags = 0;
    while let [field, rest @ ..] = fields {
        if field.is_name() {
            flags |= NAMED;
        }
        if matches!(field, Field::Name) {
            flags |= COMPRESSED;
        }
        fields = rest;
    }
    flags
}

/// Checks the RDATA between `start` and `end`, field by field.
pub(crate) fn check(
    fields: &[Field],
    names: &mut impl Names,
    message: &[u8],
    (start, end): (usize, usize),
) -> Result<(), ParseError> {
    let mut at = start;
    for field in fields {
        at = field_end(*field, names, message, (start, at, end))?;
    }
    if at == end { Ok(()) } else { Err(ParseError::new(Kind::RdataLong, at)) }
}

/// Checks the field at `at` and tells where it ends.
#[inline]
pub(crate) fn field_end(
    field: Field,
    names: &mut impl Names,
    message: &[u8],
    (start, at, end): Place,
) -> Result<usize, ParseError> {
    let rest = message.get(at..end).unwrap_or_default();
    match field {
        Field::U8 | Field::Algorithm | Field::Scheme => fixed(at, 1, end),
        Field::U16 | Field::Type | Field::CertType | Field::Rcode => fixed(at, 2, end),
        Field::U32 | Field::Period | Field::Moment | Field::Ipv4 => fixed(at, 4, end),
        Field::U48 | Field::Eui48 => fixed(at, 6, end),
        Field::U64 | Field::Eui64 | Field::Locator => fixed(at, 8, end),
        Field::Ipv6 => fixed(at, 16, end),
        Field::Name | Field::Lower | Field::Plain => name(names, message, at, end),
        Field::Hex
        | Field::NsapHex
        | Field::Base64
        | Field::Base64OrNone
        | Field::Base64OrDash
        | Field::LongString
        | Field::Octets => Ok(end),
        Field::String | Field::HexOrDash => string(rest, at),
        Field::OptionalString if rest.is_empty() => Ok(end),
        Field::OptionalString => string(rest, at),
        Field::Strings => strings(rest, at, end),
        Field::Tag => tag(rest, at),
        Field::Base32 if rest.first() == Some(&0) => Err(ParseError::new(Kind::RdataValue, at)),
        Field::Base32 => string(rest, at),
        Field::Sized => sized(rest, at, end),
        Field::Names => names_to_end(message, at, end),
        Field::TypeBitmap => to_end(is_bitmap(rest), Kind::Bitmap, (at, end)),
        Field::NxtTypes => to_end(is_nxt_bitmap(rest), Kind::Bitmap, (at, end)),
        Field::SvcParams => svcb::check(message, (start, at, end)),
        Field::AddressPrefixes => to_end(is_prefixes(rest), Kind::RdataValue, (at, end)),
        Field::Location => to_end(is_location(rest), Kind::RdataValue, (at, end)),
        // A protocol and up to 65536 bits.
        Field::Services => to_end(matches!(rest.len(), 1..=8193), Kind::RdataValue, (at, end)),
        Field::AtmAddress => to_end(rest.len() >= 2, Kind::RdataShort, (at, end)),
        Field::Gateway => gateway(message, (start, at, end)),
        Field::Relay => relay(message, at, end),
        Field::Hip => hip(rest, at, end),
        Field::Chain => chain(message, at, end),
        Field::Options => edns::check_options(rest, at),
    }
}

#[inline]
fn to_end(fits: bool, kind: Kind, (at, end): (usize, usize)) -> Result<usize, ParseError> {
    if fits { Ok(end) } else { Err(ParseError::new(kind, at)) }
}

/// Octets behind two octets of length.
fn sized(rest: &[u8], at: usize, end: usize) -> Result<usize, ParseError> {
    let len = rest.first_chunk().map(|len| usize::from(u16::from_be_bytes(*len)));
    fixed(at, 2 + len.ok_or(ParseError::new(Kind::RdataShort, at))?, end)
}

#[inline]
fn fixed(at: usize, len: usize, end: usize) -> Result<usize, ParseError> {
    if at + len <= end { Ok(at + len) } else { Err(ParseError::new(Kind::RdataShort, at)) }
}

#[inline]
fn name(names: &mut impl Names, message: &[u8], at: usize, end: usize) -> Result<usize, ParseError> {
    let after = names.end(message, at)?;
    if after <= end { Ok(after) } else { Err(ParseError::new(Kind::RdataShort, at)) }
}

/// A name without pointers, as RFC 4025, 8005 and 8777 demand.
fn whole_name(message: &[u8], at: usize, end: usize) -> Result<usize, ParseError> {
    name(&mut Uncompressed, message, at, end)
}

fn names_to_end(message: &[u8], mut at: usize, end: usize) -> Result<usize, ParseError> {
    while at < end {
        at = whole_name(message, at, end)?;
    }
    Ok(at)
}

#[inline]
fn string(rest: &[u8], at: usize) -> Result<usize, ParseError> {
    let len = rest.first().map(|len| 1 + usize::from(*len));
    match len {
        Some(len) if len <= rest.len() => Ok(at + len),
        _ => Err(ParseError::new(Kind::RdataShort, at)),
    }
}

fn strings(rest: &[u8], at: usize, end: usize) -> Result<usize, ParseError> {
    let mut next = string(rest, at)?;
    while next < end {
        next = string(rest.get(next - at..).unwrap_or_default(), next)?;
    }
    Ok(next)
}

/// RFC 8659 section 4.1: at least one letter or digit.
fn tag(rest: &[u8], at: usize) -> Result<usize, ParseError> {
    let end = string(rest, at)?;
    match rest.get(1..end - at) {
        Some(tag) if !tag.is_empty() && tag.iter().all(u8::is_ascii_alphanumeric) => Ok(end),
        _ => Err(ParseError::new(Kind::RdataValue, at)),
    }
}

/// RFC 4034 section 4.1.2: windows in order, none empty, none with zeros at its end.
fn is_bitmap(mut rest: &[u8]) -> bool {
    let mut least = 0;
    while let [window, len, bits @ ..] = rest {
        let Some((bits, behind)) = bits.split_at_checked(usize::from(*len)) else { return false };
        if u16::from(*window) < least || !matches!(len, 1..=32) || bits.last() == Some(&0) {
            return false;
        }
        (least, rest) = (u16::from(*window) + 1, behind);
    }
    rest.is_empty()
}

/// RFC 2535 section 5.2: bit 0 says that it is something else altogether.
fn is_nxt_bitmap(rest: &[u8]) -> bool {
    match rest.first() {
        None => true,
        Some(first) if first & 0x80 != 0 => true,
        Some(_) => rest.len() <= 16 && rest.last() != Some(&0),
    }
}

/// RFC 3123 section 4: the address without zeros at its end, no longer than its family's.
fn is_prefixes(mut rest: &[u8]) -> bool {
    while let [family_0, family_1, prefix, len, address @ ..] = rest {
        let Some((address, behind)) = address.split_at_checked(usize::from(len & 0x7F)) else { return false };
        let bits: u8 = match (family_0, family_1) {
            (0, 1) => 32,
            (0, 2) => 128,
            _ => 255,
        };
        if *prefix > bits || address.len() > usize::from(bits / 8) || address.last() == Some(&0) {
            return false;
        }
        rest = behind;
    }
    rest.is_empty()
}

/// RFC 1876 section 2. A version other than 0 has other fields.
fn is_location(rest: &[u8]) -> bool {
    let [0, size, horizontal, vertical, coordinates @ ..] = rest else {
        return !rest.is_empty() && rest.first() != Some(&0);
    };
    let power = |octet: &u8| octet >> 4 <= 9 && octet & 0xF <= 9;
    let within = |degrees: u32, octets: &[u8]| {
        let coordinate = octets.first_chunk().map_or(0, |octets| u32::from_be_bytes(*octets));
        coordinate.abs_diff(1 << 31) <= degrees * 3_600_000
    };
    let [latitude @ .., _, _, _, _, _, _, _, _] = coordinates else { return false };
    let longitude = coordinates.get(4..8).unwrap_or_default();
    coordinates.len() == 12
        && [size, horizontal, vertical].into_iter().all(power)
        && within(90, latitude)
        && within(180, longitude)
}

/// RFC 4025 section 2.5.
fn gateway(message: &[u8], (start, at, end): Place) -> Result<usize, ParseError> {
    match message.get(start + 1) {
        Some(0) => Ok(at),
        Some(1) => fixed(at, 4, end),
        Some(2) => fixed(at, 16, end),
        Some(3) => whole_name(message, at, end),
        _ => Err(ParseError::new(Kind::RdataValue, start + 1)),
    }
}

/// RFC 8777 section 4.2.3: relays of unknown types are kept as they are.
fn relay(message: &[u8], at: usize, end: usize) -> Result<usize, ParseError> {
    let relay = fixed(at, 1, end)?;
    match message.get(at).map_or(0, |octet| octet & 0x7F) {
        0 => Ok(relay),
        1 => fixed(relay, 4, end),
        2 => fixed(relay, 16, end),
        3 => whole_name(message, relay, end),
        _ => Ok(end),
    }
}

/// RFC 8005 section 5: lengths of tag and key in front of both.
fn hip(rest: &[u8], at: usize, end: usize) -> Result<usize, ParseError> {
    let Some([tag_len, _, key_0, key_1]) = rest.first_chunk() else {
        return Err(ParseError::new(Kind::RdataShort, at));
    };
    let (tag_len, key_len) = (usize::from(*tag_len), usize::from(u16::from_be_bytes([*key_0, *key_1])));
    if tag_len == 0 || key_len == 0 {
        return Err(ParseError::new(Kind::RdataValue, at));
    }
    fixed(at, 4 + tag_len + key_len, end)
}

/// RFC 2874 section 3.1.1: the bits in front of the suffix are zero; no name if the prefix is empty.
fn chain(message: &[u8], at: usize, end: usize) -> Result<usize, ParseError> {
    let suffix = fixed(at, 1, end)?;
    let prefix = message.get(at).copied().unwrap_or_default();
    if prefix > 128 {
        return Err(ParseError::new(Kind::RdataValue, at));
    }
    let after = fixed(suffix, usize::from((128 - prefix).div_ceil(8)), end)?;
    let padding = !(0xFF_u8 >> (prefix % 8));
    if after > suffix && message.get(suffix).is_some_and(|octet| octet & padding != 0) {
        return Err(ParseError::new(Kind::RdataValue, suffix));
    }
    if prefix == 0 { Ok(after) } else { whole_name(message, after, end) }
}

//! RDATA against the fields of its type: the second half of every parse.
//!
//! The rule: a field ends within the RDATA, the last one at its end, and holds nothing its RFC does not know how to say.

use super::field::Field;
use crate::message::NameChecker;
use crate::{ParseError, ParseErrorKind as Kind, edns, svcb};

type Place = (usize, usize, usize);

/// Checks the RDATA between `start` and `end`.
#[inline]
pub(crate) fn check(
    fields: &[Field],
    names: &mut NameChecker,
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
    names: &mut NameChecker,
    message: &[u8],
    (start, at, end): Place,
) -> Result<usize, ParseError> {
    match field {
        Field::Ipv4 | Field::U32 | Field::Period | Field::Moment => fixed(at, 4, end),
        Field::Name | Field::Lower | Field::Plain => name(names, message, at, end),
        Field::Ipv6 => fixed(at, 16, end),
        Field::U8 | Field::Algorithm | Field::Scheme => fixed(at, 1, end),
        Field::U16 | Field::Type | Field::CertType | Field::Rcode => fixed(at, 2, end),
        Field::U48 | Field::Eui48 => fixed(at, 6, end),
        Field::U64 | Field::Eui64 | Field::Locator => fixed(at, 8, end),
        Field::Hex
        | Field::NsapHex
        | Field::Base64
        | Field::Base64OrNone
        | Field::Base64OrDash
        | Field::LongString
        | Field::Octets => Ok(end),
        _ => rare(field, message, (start, at, end)),
    }
}

fn rare(field: Field, message: &[u8], (start, at, end): Place) -> Result<usize, ParseError> {
    let rest = message.get(at..end).unwrap_or_default();
    let checked = |kind: Option<Kind>| kind.map_or(Ok(end), |kind| Err(ParseError::new(kind, at)));
    match field {
        Field::String | Field::HexOrDash => string(rest, at),
        Field::OptionalString if at == end => Ok(end),
        Field::OptionalString => string(rest, at),
        Field::Strings => strings(rest, at, end),
        Field::Tag => tag(rest, at),
        Field::Base32 => match rest.first() {
            Some(0) => Err(ParseError::new(Kind::RdataValue, at)),
            _ => string(rest, at),
        },
        Field::Sized => {
            let len = rest.first_chunk().map(|len| usize::from(u16::from_be_bytes(*len)));
            fixed(at, 2 + len.ok_or(ParseError::new(Kind::RdataShort, at))?, end)
        }
        Field::Names => names_to_end(message, at, end),
        Field::TypeBitmap => checked((!is_bitmap(rest)).then_some(Kind::Bitmap)),
        Field::NxtTypes => checked((!is_nxt_bitmap(rest)).then_some(Kind::Bitmap)),
        Field::SvcParams => svcb::check(message, (start, at, end)),
        Field::AddressPrefixes => checked((!is_prefixes(rest)).then_some(Kind::RdataValue)),
        Field::Location => checked((!is_location(rest)).then_some(Kind::RdataValue)),
        // A protocol and up to 65536 bits.
        Field::Services => checked((!matches!(rest.len(), 1..=8193)).then_some(Kind::RdataValue)),
        Field::AtmAddress => checked((rest.len() < 2).then_some(Kind::RdataShort)),
        Field::Gateway => gateway(message, (start, at, end)),
        Field::Relay => relay(message, at, end),
        Field::Hip => hip(rest, at, end),
        Field::Chain => chain(message, at, end),
        Field::Options => edns::check_options(rest, at),
        _ => Ok(end),
    }
}

#[inline]
fn fixed(at: usize, len: usize, end: usize) -> Result<usize, ParseError> {
    if at + len <= end { Ok(at + len) } else { Err(ParseError::new(Kind::RdataShort, at)) }
}

#[inline]
fn name(names: &mut NameChecker, message: &[u8], at: usize, end: usize) -> Result<usize, ParseError> {
    // A name ends with its RDATA: it can't borrow octets from the next record.
    let after =
        names.check(message.get(..end).unwrap_or_default(), at).map_err(|error| match error.kind {
            Kind::Short => ParseError::new(Kind::RdataShort, error.offset),
            _ => error,
        })?;
    Ok(after)
}

/// A name without pointers, as RFC 4025, 8005 and 8777 demand.
fn whole_name(message: &[u8], at: usize, end: usize) -> Result<usize, ParseError> {
    name(&mut NameChecker::uncompressed(), message, at, end)
}

fn names_to_end(message: &[u8], mut at: usize, end: usize) -> Result<usize, ParseError> {
    while at < end {
        at = whole_name(message, at, end)?;
    }
    Ok(at)
}

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

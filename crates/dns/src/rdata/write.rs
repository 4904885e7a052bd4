//! Fields of RDATA, written as text.

use core::fmt::{self, Write};
use core::net::{Ipv4Addr, Ipv6Addr};

use alloc::vec::Vec;

use proto_core::base64;
use proto_core::calendar::DateTime;

use super::field::{Field, Part};
use super::read::{TypeBitmap, set_bits};
use super::{RdataRef, base32, location, mnemonic, structure};
use crate::{NameRef, Rcode, RrType, svcb};

/// RFC 3597 section 5.
pub(super) fn generic(rdata: &RdataRef<'_>, out: &mut impl Write) -> fmt::Result {
    let mut wire = Vec::new();
    rdata.write_wire(&mut wire);
    write!(out, "\\# {}", wire.len())?;
    if wire.is_empty() { Ok(()) } else { hex(&wire, " ", out) }
}

/// Whether its text, read again, gives the same octets.
pub(super) fn has_text(part: &Part<'_>) -> bool {
    let octets = part.octets();
    match part.field {
        Field::Octets | Field::Options => false,
        // Text says nothing where nothing is, and then a field is missing.
        Field::Hex | Field::NsapHex | Field::Base64 => !octets.is_empty(),
        Field::NxtTypes => octets.first().is_none_or(|first| first & 0x80 == 0),
        Field::Services => octets.len() == 1 || octets.last() != Some(&0),
        Field::Location => location::has_text(octets),
        Field::AddressPrefixes => structure::prefixes_have_text(octets),
        Field::AtmAddress => structure::atm_address_has_text(octets),
        Field::Relay => octets.first().is_some_and(|first| first & 0x7F <= 3),
        _ => true,
    }
}

/// Whether there is nothing to be written.
pub(super) fn is_silent(part: &Part<'_>) -> bool {
    let empty_has_text = matches!(part.field, Field::Base64OrDash | Field::Gateway | Field::LongString);
    part.octets().is_empty() && !empty_has_text
}

pub(super) fn field(part: &Part<'_>, out: &mut impl Write) -> fmt::Result {
    let octets = part.octets();
    match part.field {
        Field::U8 | Field::U16 | Field::U32 | Field::U48 | Field::U64 | Field::Period | Field::Algorithm => {
            write!(out, "{}", part.number())
        }
        Field::Moment => moment(part.number(), out),
        Field::Type => write!(out, "{}", RrType(number_16(part))),
        Field::Rcode if part.number() == 16 => out.write_str("BADSIG"),
        Field::Rcode => write!(out, "{}", Rcode(number_16(part))),
        Field::CertType => mnemonic::write(mnemonic::CERTIFICATES, part.number(), out),
        Field::Scheme => mnemonic::write(mnemonic::SCHEMES, part.number(), out),
        Field::Ipv4 => ipv4(octets, out),
        Field::Ipv6 => ipv6(octets, out),
        Field::Eui48 | Field::Eui64 => groups(octets.chunks(1), "-", out),
        Field::Locator => groups(octets.chunks(2), ":", out),
        Field::Name | Field::Lower | Field::Plain => part.name().map_or(Ok(()), |name| write!(out, "{name}")),
        Field::Names => names(octets, out),
        Field::String | Field::OptionalString | Field::Strings => strings(octets, out),
        Field::LongString => quoted(octets, out),
        Field::Tag => octets.iter().skip(1).try_for_each(|octet| out.write_char(char::from(*octet))),
        _ => encoded(part, out),
    }
}

fn encoded(part: &Part<'_>, out: &mut impl Write) -> fmt::Result {
    let octets = part.octets();
    match part.field {
        Field::Base64OrDash if octets.is_empty() => out.write_str("-"),
        Field::Base64 | Field::Base64OrNone | Field::Base64OrDash => {
            out.write_str(&base64::STANDARD.encode(octets))
        }
        Field::Hex => hex(octets, "", out),
        Field::NsapHex => hex(octets, "0x", out),
        Field::HexOrDash if octets.len() < 2 => out.write_str("-"),
        Field::HexOrDash => hex(octets.get(1..).unwrap_or_default(), "", out),
        Field::Base32 => base32::write(octets.get(1..).unwrap_or_default(), out),
        Field::Sized => sized(octets, out),
        Field::TypeBitmap => types(TypeBitmap::of_valid(octets).types(), out),
        Field::NxtTypes => types(set_bits(octets).filter_map(|bit| u16::try_from(bit).ok()).map(RrType), out),
        Field::SvcParams => svcb::write(octets, out),
        Field::Location => location::write(octets, out),
        _ => structure::write(part, out),
    }
}

fn number_16(part: &Part<'_>) -> u16 {
    u16::try_from(part.number()).unwrap_or_default()
}

/// RFC 4034 section 3.2: `YYYYMMDDHHmmSS`.
fn moment(seconds: u64, out: &mut impl Write) -> fmt::Result {
    let Some(at) = i64::try_from(seconds).ok().and_then(DateTime::from_unix) else {
        return write!(out, "{seconds}");
    };
    let date = at.date();
    write!(out, "{:04}{:02}{:02}", date.year(), date.month(), date.day())?;
    write!(out, "{:02}{:02}{:02}", at.hour(), at.minute(), at.second())
}

pub(super) fn ipv4(octets: &[u8], out: &mut impl Write) -> fmt::Result {
    octets.try_into().map_or(Err(fmt::Error), |octets: [u8; 4]| write!(out, "{}", Ipv4Addr::from(octets)))
}

pub(super) fn ipv6(octets: &[u8], out: &mut impl Write) -> fmt::Result {
    octets.try_into().map_or(Err(fmt::Error), |octets: [u8; 16]| write!(out, "{}", Ipv6Addr::from(octets)))
}

fn groups<'a>(groups: impl Iterator<Item = &'a [u8]>, between: &str, out: &mut impl Write) -> fmt::Result {
    let mut before = "";
    for group in groups {
        out.write_str(before)?;
        group.iter().try_for_each(|octet| write!(out, "{octet:02x}"))?;
        before = between;
    }
    Ok(())
}

pub(super) fn names(mut octets: &[u8], out: &mut impl Write) -> fmt::Result {
    while !octets.is_empty() {
        let name = NameRef::of_valid(octets, 0);
        octets = octets.get(name.wire_len()..).unwrap_or_default();
        write!(out, "{name}{}", if octets.is_empty() { "" } else { " " })?;
    }
    Ok(())
}

fn strings(mut octets: &[u8], out: &mut impl Write) -> fmt::Result {
    while let Some((len, rest)) = octets.split_first() {
        let (string, behind) = rest.split_at_checked(usize::from(*len)).unwrap_or((rest, &[]));
        quoted(string, out)?;
        octets = behind;
        out.write_str(if octets.is_empty() { "" } else { " " })?;
    }
    Ok(())
}

/// RFC 1035 section 5.1: in quotes only these and what can't be seen need an escape.
pub(crate) fn quoted(octets: &[u8], out: &mut impl Write) -> fmt::Result {
    out.write_char('"')?;
    for octet in octets {
        match octet {
            b'"' | b'\\' => write!(out, "\\{}", char::from(*octet))?,
            b' '..=b'~' => out.write_char(char::from(*octet))?,
            _ => write!(out, "\\{octet:03}")?,
        }
    }
    out.write_char('"')
}

pub(super) fn hex(octets: &[u8], prefix: &str, out: &mut impl Write) -> fmt::Result {
    out.write_str(prefix)?;
    octets.iter().try_for_each(|octet| write!(out, "{octet:02X}"))
}

fn sized(octets: &[u8], out: &mut impl Write) -> fmt::Result {
    let data = octets.get(2..).unwrap_or_default();
    write!(out, "{}", data.len())?;
    if data.is_empty() { Ok(()) } else { write!(out, " {}", base64::STANDARD.encode(data)) }
}

fn types(mut types: impl Iterator<Item = RrType>, out: &mut impl Write) -> fmt::Result {
    types.next().map_or(Ok(()), |first| write!(out, "{first}"))?;
    types.try_for_each(|rtype| write!(out, " {rtype}"))
}

//! Fields with a structure of their own: prefixes, ports, gateways, tags with keys.

use alloc::vec::Vec;
use core::fmt::{self, Write};
use core::net::{Ipv4Addr, Ipv6Addr};

use proto_core::base64;

use super::field::{Field, Part};
use super::mnemonic;
use super::parse::{Scanner, from_str, hex_digits};
use super::read::set_bits;
use super::write::{hex, ipv4, ipv6, names};
use crate::text::decimal;
use crate::{TextError, TextErrorKind as Kind};

pub(super) fn write(part: &Part<'_>, out: &mut impl Write) -> fmt::Result {
    let octets = part.octets();
    match part.field {
        Field::AddressPrefixes => write_prefixes(octets, out),
        Field::Services => write_services(octets, out),
        Field::Gateway => write_gateway(octets, part.gateway_type(), out),
        Field::Relay => write_relay(octets, out),
        Field::Hip => write_hip(octets, out),
        Field::Chain => write_chain(octets, out),
        Field::AtmAddress => write_atm_address(octets, out),
        _ => Ok(()),
    }
}

pub(super) fn read(field: Field, scanner: &mut Scanner<'_, '_>) -> Result<(), TextError> {
    match field {
        Field::AddressPrefixes => read_prefixes(scanner),
        Field::Services => read_services(scanner),
        Field::Gateway => read_gateway(scanner),
        Field::Relay => read_relay(scanner),
        Field::Hip => read_hip(scanner),
        Field::Chain => read_chain(scanner),
        Field::AtmAddress => read_atm_address(scanner),
        _ => Err(TextError::new(Kind::NoText)),
    }
}

/// RFC 3123 section 4: family, prefix, negation and address of each item.
fn prefixes(mut rest: &[u8]) -> impl Iterator<Item = ([u8; 2], u8, bool, &[u8])> {
    core::iter::from_fn(move || {
        let [f0, f1, prefix, len, behind @ ..] = rest else { return None };
        let (address, behind) = behind.split_at_checked(usize::from(len & 0x7F))?;
        rest = behind;
        Some(([*f0, *f1], *prefix, len & 0x80 != 0, address))
    })
}

pub(super) fn prefixes_have_text(octets: &[u8]) -> bool {
    prefixes(octets).all(|(family, ..)| matches!(family, [0, 1 | 2]))
}

fn write_prefixes(octets: &[u8], out: &mut impl Write) -> fmt::Result {
    let mut between = "";
    for ([_, family], prefix, negated, octets) in prefixes(octets) {
        let mut address = [0; 16];
        if let Some(place) = address.get_mut(..octets.len()) {
            place.copy_from_slice(octets);
        }
        write!(out, "{between}{}{family}:", if negated { "!" } else { "" })?;
        match family {
            1 => ipv4(address.get(..4).unwrap_or_default(), out)?,
            _ => ipv6(&address, out)?,
        }
        write!(out, "/{prefix}")?;
        between = " ";
    }
    Ok(())
}

/// RFC 3123 section 5: `[!]afi:address/prefix`.
fn read_prefixes(scanner: &mut Scanner<'_, '_>) -> Result<(), TextError> {
    while !scanner.is_at_end() {
        let (head, mut address) = scanner.value("an address prefix, as in !1:192.0.2.0/24", prefix)?;
        let used = address.iter().rposition(|octet| *octet != 0).map_or(0, |last| last + 1);
        address.truncate(used);
        let [family, prefix, negated] = head;
        let len = u8::try_from(used).unwrap_or_default();
        scanner.put(&[0, family, prefix, negated | len]);
        scanner.put(&address);
    }
    Ok(())
}

fn prefix(text: &[u8]) -> Option<([u8; 3], Vec<u8>)> {
    let (negated, text) = text.strip_prefix(b"!").map_or((0, text), |text| (0x80, text));
    let colon = text.iter().position(|octet| *octet == b':')?;
    let slash = text.iter().rposition(|octet| *octet == b'/')?;
    let (address, bits) = (text.get(colon + 1..slash)?, decimal(text.get(slash + 1..)?)?);
    let (family, most, address) = match text.get(..colon)? {
        b"1" => (1, 32, from_str::<Ipv4Addr>(address)?.octets().to_vec()),
        b"2" => (2, 128, from_str::<Ipv6Addr>(address)?.octets().to_vec()),
        _ => return None,
    };
    let bits = u8::try_from(bits).ok().filter(|bits| *bits <= most)?;
    Some(([family, bits, negated], address))
}

/// RFC 1035 section 3.4.2: a protocol, then the ports whose bit is set.
fn write_services(octets: &[u8], out: &mut impl Write) -> fmt::Result {
    let Some((protocol, ports)) = octets.split_first() else { return Ok(()) };
    write!(out, "{protocol}")?;
    set_bits(ports).try_for_each(|port| write!(out, " {port}"))
}

fn read_services(scanner: &mut Scanner<'_, '_>) -> Result<(), TextError> {
    let byte = |text: &[u8]| u8::try_from(mnemonic::read(mnemonic::PROTOCOLS, text)?).ok();
    let protocol = scanner.value("a protocol", byte)?;
    scanner.put(&[protocol]);
    let start = scanner.out.len();
    while !scanner.is_at_end() {
        let port = |text: &[u8]| u16::try_from(mnemonic::read(mnemonic::SERVICES, text)?).ok();
        let port = scanner.value("a port or service", port)?;
        let at = start + usize::from(port / 8);
        let len = scanner.out.len().max(at + 1);
        scanner.out.resize(len, 0);
        if let Some(octet) = scanner.out.get_mut(at) {
            *octet |= 0x80 >> (port % 8);
        }
    }
    Ok(())
}

/// RFC 4025 section 3.1: a dot for none.
fn write_gateway(octets: &[u8], gateway_type: u8, out: &mut impl Write) -> fmt::Result {
    match gateway_type {
        1 => ipv4(octets, out),
        2 => ipv6(octets, out),
        3 => names(octets, out),
        _ => out.write_str("."),
    }
}

fn read_gateway(scanner: &mut Scanner<'_, '_>) -> Result<(), TextError> {
    // Precedence, type of gateway and algorithm are what was written last.
    match scanner.out.last_chunk::<3>().copied() {
        Some([_, 0, _]) => read_none(scanner),
        Some([_, 1, _]) => scanner.ipv4(),
        Some([_, 2, _]) => scanner.ipv6(),
        Some([_, 3, _]) => scanner.name(),
        _ => Err(scanner.wrong(Kind::Range("the types of gateways"))),
    }
}

fn read_none(scanner: &mut Scanner<'_, '_>) -> Result<(), TextError> {
    scanner.value("a dot, for none", |text| (text == b".").then_some(()))
}

/// RFC 8777 section 4.3.1.
fn write_relay(octets: &[u8], out: &mut impl Write) -> fmt::Result {
    let Some((head, relay)) = octets.split_first() else { return Ok(()) };
    write!(out, "{} {} ", head >> 7, head & 0x7F)?;
    write_gateway(relay, head & 0x7F, out)
}

fn read_relay(scanner: &mut Scanner<'_, '_>) -> Result<(), TextError> {
    let discovery = scanner.value("0 or 1", |text| decimal(text).filter(|bit| *bit <= 1))?;
    let relay_type = scanner.value("a type of relay", |text| u8::try_from(decimal(text)?).ok())?;
    scanner.put(&[if discovery == 1 { 0x80 } else { 0 } | relay_type]);
    match relay_type {
        0 => read_none(scanner),
        1 => scanner.ipv4(),
        2 => scanner.ipv6(),
        3 => scanner.name(),
        _ => Err(scanner.wrong(Kind::Range("the types of relays"))),
    }
}

/// RFC 8005 section 6: algorithm, tag, key. Servers follow in a field of their own.
fn write_hip(octets: &[u8], out: &mut impl Write) -> fmt::Result {
    let [tag_len, algorithm, _, _, rest @ ..] = octets else { return Ok(()) };
    let (tag, key) = rest.split_at_checked(usize::from(*tag_len)).unwrap_or((rest, &[]));
    write!(out, "{algorithm} ")?;
    hex(tag, "", out)?;
    write!(out, " {}", base64::STANDARD.encode(key))
}

fn read_hip(scanner: &mut Scanner<'_, '_>) -> Result<(), TextError> {
    let algorithm = scanner
        .value("an algorithm", |text| u8::try_from(mnemonic::read(mnemonic::ALGORITHMS, text)?).ok())?;
    let mut tag = Vec::new();
    scanner.value("a host identity tag in hexadecimal digits", |text| hex_digits(text, &mut tag))?;
    let key = scanner.value("a public key in base64", |text| base64::STANDARD.decode(text).ok())?;
    let (Ok(tag_len @ 1..), Ok(key_len @ 1..)) = (u8::try_from(tag.len()), u16::try_from(key.len())) else {
        return Err(scanner.wrong(Kind::Range("a host identity")));
    };
    let [key_0, key_1] = key_len.to_be_bytes();
    scanner.put(&[tag_len, algorithm, key_0, key_1]);
    scanner.put(&tag);
    scanner.put(&key);
    Ok(())
}

/// RFC 2874 section 3.1.1: no suffix behind 128 bits of prefix, no name in front of none.
fn write_chain(octets: &[u8], out: &mut impl Write) -> fmt::Result {
    let Some((prefix, rest)) = octets.split_first() else { return Ok(()) };
    let suffix_len = usize::from(128_u8.saturating_sub(*prefix).div_ceil(8));
    let (suffix, name) = rest.split_at_checked(suffix_len).unwrap_or((rest, &[]));
    let mut address = [0; 16];
    if let Some(place) = address.get_mut(16 - suffix.len()..) {
        place.copy_from_slice(suffix);
    }
    write!(out, "{prefix}")?;
    if !suffix.is_empty() {
        out.write_char(' ')?;
        ipv6(&address, out)?;
    }
    if name.is_empty() {
        return Ok(());
    }
    out.write_char(' ')?;
    names(name, out)
}

fn read_chain(scanner: &mut Scanner<'_, '_>) -> Result<(), TextError> {
    let short = |text: &[u8]| u8::try_from(decimal(text)?).ok().filter(|bits| *bits <= 128);
    let prefix = scanner.value("a prefix length of up to 128", short)?;
    scanner.put(&[prefix]);
    if prefix < 128 {
        let address: Ipv6Addr = scanner.value("an IPv6 address", from_str)?;
        let bits = address.to_bits() & u128::MAX.checked_shr(prefix.into()).unwrap_or(0);
        let from = 16 - usize::from((128 - prefix).div_ceil(8));
        scanner.put(bits.to_be_bytes().get(from..).unwrap_or_default());
    }
    if prefix == 0 { Ok(()) } else { scanner.name() }
}

/// ATM Forum af-dans-0152 section 5: format 0 is an end system address, 1 a telephone number.
pub(super) fn atm_address_has_text(octets: &[u8]) -> bool {
    match octets {
        [0, _, ..] => true,
        [1, digits @ ..] => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

fn write_atm_address(octets: &[u8], out: &mut impl Write) -> fmt::Result {
    match octets {
        [1, digits @ ..] => {
            out.write_char('+')?;
            digits.iter().try_for_each(|digit| out.write_char(char::from(*digit)))
        }
        [_, address @ ..] => hex(address, "", out),
        [] => Ok(()),
    }
}

fn read_atm_address(scanner: &mut Scanner<'_, '_>) -> Result<(), TextError> {
    let address = scanner.value("an ATM address: + and digits, or hexadecimal digits", |text| {
        let mut octets = Vec::new();
        match text.strip_prefix(b"+") {
            Some(digits) => {
                octets.push(1);
                octets.extend_from_slice(digits);
                digits.iter().all(u8::is_ascii_digit).then_some(())?;
            }
            None => {
                octets.push(0);
                let digits: Vec<u8> = text.iter().copied().filter(|octet| *octet != b'.').collect();
                hex_digits(&digits, &mut octets)?;
            }
        }
        Some(octets).filter(|octets| octets.len() > 1)
    })?;
    scanner.put(&address);
    Ok(())
}

//! Where things are (RFC 1876): degrees, minutes and seconds on the outside, thousandths of a second on the inside.

use core::fmt::{self, Write};

use super::parse::Scanner;
use crate::text::decimal;
use crate::{TextError, TextErrorKind as Kind};

/// The equator, the prime meridian.
const ZERO: u32 = 1 << 31;
/// Centimetres that the lowest altitude is below the sea.
const BELOW: u64 = 10_000_000;

/// Sizes of 0 have one form in text and ten on the wire; other versions are unknown.
pub(super) fn has_text(octets: &[u8]) -> bool {
    let [0, powers @ ..] = octets else { return false };
    powers.iter().take(3).all(|power| power >> 4 != 0 || *power == 0)
}

pub(super) fn write(octets: &[u8], out: &mut impl Write) -> fmt::Result {
    let [_, size, horizontal, vertical, rest @ ..] = octets else { return Ok(()) };
    let (numbers, _) = rest.as_chunks::<4>();
    let [latitude, longitude, altitude] = numbers else { return Ok(()) };
    coordinate(u32::from_be_bytes(*latitude), ["N", "S"], out)?;
    coordinate(u32::from_be_bytes(*longitude), ["E", "W"], out)?;
    let altitude = u64::from(u32::from_be_bytes(*altitude));
    let sign = if altitude < BELOW { "-" } else { "" };
    write!(out, "{sign}{}", Metres(altitude.abs_diff(BELOW)))?;
    for power in [size, horizontal, vertical] {
        write!(out, " {}", Metres(u64::from(power >> 4) * 10_u64.pow(u32::from(power & 0xF).min(9))))?;
    }
    Ok(())
}

fn coordinate(value: u32, [positive, negative]: [&str; 2], out: &mut impl Write) -> fmt::Result {
    let thousandths = value.abs_diff(ZERO);
    let (degrees, minutes) = (thousandths / 3_600_000, thousandths / 60_000 % 60);
    let (seconds, rest) = (thousandths / 1000 % 60, thousandths % 1000);
    let side = if value >= ZERO { positive } else { negative };
    write!(out, "{degrees} {minutes} {seconds}.{rest:03} {side} ")
}

/// Centimetres, written as metres.
struct Metres(u64);

impl fmt::Display for Metres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (metres, 0) => write!(f, "{metres}m"),
            (metres, centimetres) => write!(f, "{metres}.{centimetres:02}m"),
        }
    }
}

/// RFC 1876 section 3: minutes, seconds, size and precisions may be left out.
pub(super) fn read(scanner: &mut Scanner<'_, '_>) -> Result<(), TextError> {
    let latitude = read_coordinate(scanner, 90, [b"N", b"S"])?;
    let longitude = read_coordinate(scanner, 180, [b"E", b"W"])?;
    let altitude = scanner.value("an altitude in metres", |text| {
        let (below, text) = text.strip_prefix(b"-").map_or((false, text), |text| (true, text));
        let value = centimetres(text)?;
        let altitude = if below { BELOW.checked_sub(value)? } else { BELOW.checked_add(value)? };
        u32::try_from(altitude).ok()
    })?;
    let mut powers = [0x12, 0x16, 0x13];
    for power in &mut powers {
        if scanner.is_at_end() {
            break;
        }
        *power = scanner.value("a size in metres", |text| to_power(centimetres(text)?))?;
    }
    let [size, horizontal, vertical] = powers;
    scanner.put(&[0, size, horizontal, vertical]);
    for number in [latitude, longitude, altitude] {
        scanner.put(&number.to_be_bytes());
    }
    Ok(())
}

fn read_coordinate(
    scanner: &mut Scanner<'_, '_>,
    most: u32,
    [positive, negative]: [&[u8]; 2],
) -> Result<u32, TextError> {
    let mut thousandths = 0_u64;
    for unit in [3_600_000, 60_000, 1000] {
        let side = |text: &[u8]| text.eq_ignore_ascii_case(positive) || text.eq_ignore_ascii_case(negative);
        if unit < 3_600_000 && scanner.peek().is_some_and(|token| side(token.text)) {
            break;
        }
        let what = "degrees, minutes or seconds";
        let limit = if unit == 3_600_000 { u64::from(most) + 1 } else { 60 };
        let fits = |value: u64| (value < limit * unit).then_some(value);
        thousandths += scanner.value(what, |text| match unit {
            1000 => hundredths(text, 3).and_then(fits),
            _ => decimal(text).and_then(|value| value.checked_mul(unit)).and_then(fits),
        })?;
    }
    let thousandths = u32::try_from(thousandths).ok().filter(|value| *value <= most * 3_600_000);
    let offset = thousandths.ok_or_else(|| scanner.wrong(Kind::Range("a coordinate")))?;
    scanner.value("one of N, S, E and W", |text| {
        let east = text.eq_ignore_ascii_case(positive);
        (east || text.eq_ignore_ascii_case(negative))
            .then(|| if east { ZERO + offset } else { ZERO - offset })
    })
}

/// Metres with up to two decimals and perhaps an `m`, in centimetres.
fn centimetres(text: &[u8]) -> Option<u64> {
    hundredths(text.strip_suffix(b"m").or_else(|| text.strip_suffix(b"M")).unwrap_or(text), 2)
}

/// A decimal fraction with up to `places` places, in units of the last of them.
fn hundredths(text: &[u8], places: usize) -> Option<u64> {
    let point = text.iter().position(|octet| *octet == b'.').unwrap_or(text.len());
    let (whole, fraction) = text.split_at_checked(point)?;
    let unit = 10_u64.pow(u32::try_from(places).ok()?);
    let whole = decimal(whole)?.checked_mul(unit)?;
    let Some((_, digits)) = fraction.split_first() else { return Some(whole) };
    let missing = u32::try_from(places.checked_sub(digits.len())?).ok()?;
    whole.checked_add(decimal(digits)? * 10_u64.pow(missing))
}

/// RFC 1876 section 2: one digit and a power of ten. Smaller digits are dropped.
fn to_power(centimetres: u64) -> Option<u8> {
    let (mut digit, mut power) = (centimetres, 0);
    while digit > 9 {
        (digit, power) = (digit / 10, power + 1);
    }
    (power <= 9).then_some(u8::try_from(digit).ok()? << 4 | power)
}

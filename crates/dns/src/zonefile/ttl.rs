//! Times in zone files: seconds, or BIND's units.

use super::MAX_TTL;

/// Seconds of `3600`, `1h30m`, `2W`: units in any case and order; `None` if it is no such, or over 2^31-1 (RFC 2181
/// section 8).
///
/// ```
/// use dns::zonefile::parse_ttl;
/// assert_eq!(parse_ttl(b"1w2d3h4m5s"), Some(788_645));
/// assert_eq!(parse_ttl(b"2147483648"), None);
/// ```
#[must_use]
pub fn parse_ttl(text: &[u8]) -> Option<u32> {
    parse_seconds(text).filter(|seconds| *seconds <= MAX_TTL)
}

/// The same, as far as a field of 32 bits reaches.
pub(super) fn parse_seconds(text: &[u8]) -> Option<u32> {
    plain_seconds(text).or_else(|| any_ttl(text))
}

/// Up to nine digits, as most are: they can't be too many seconds.
fn plain_seconds(text: &[u8]) -> Option<u32> {
    if !matches!(text.len(), 1..=9) {
        return None;
    }
    let mut seconds = 0;
    for octet in text {
        let digit = u32::from(octet.wrapping_sub(b'0'));
        if digit > 9 {
            return None;
        }
        seconds = seconds * 10 + digit;
    }
    Some(seconds)
}

fn any_ttl(text: &[u8]) -> Option<u32> {
    let (mut total, mut rest) = (0_u64, text);
    while !rest.is_empty() {
        let digits = rest.iter().take_while(|octet| octet.is_ascii_digit()).count();
        let (number, behind) = rest.split_at_checked(digits)?;
        let number = crate::text::decimal(number)?;
        let Some((unit, behind)) = behind.split_first() else {
            // A number without a unit stands alone.
            return (digits == text.len()).then(|| u32::try_from(number).ok())?;
        };
        total = total.checked_add(number.checked_mul(seconds(*unit)?)?)?;
        rest = behind;
    }
    if text.is_empty() { None } else { u32::try_from(total).ok() }
}

fn seconds(unit: u8) -> Option<u64> {
    Some(match unit.to_ascii_lowercase() {
        b'w' => 604_800,
        b'd' => 86_400,
        b'h' => 3_600,
        b'm' => 60,
        b's' => 1,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_add_up() {
        for (text, seconds) in [
            ("0", Some(0)),
            ("3600", Some(3600)),
            ("1h", Some(3600)),
            ("1H30M", Some(5400)),
            ("1d1s", Some(86_401)),
            ("2147483647", Some(2_147_483_647)),
            ("2147483648", None),
            ("99999999999999999999w", None),
            ("", None),
            ("h", None),
            ("1h30", None),
            ("1y", None),
            ("-1", None),
            ("1 h", None),
        ] {
            assert_eq!(parse_ttl(text.as_bytes()), seconds, "{text}");
            let slow = any_ttl(text.as_bytes()).filter(|seconds| *seconds <= MAX_TTL);
            assert_eq!(slow, seconds, "{text}");
        }
    }
}

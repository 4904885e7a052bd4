//! Which bytes may stand where: tokens, field values, targets (RFC 9110 section 5.6, RFC 9112 sections 3.2 and 5).

/// `tchar` (RFC 9110 section 5.6.2).
const TOKEN: u8 = 1;
/// `field-vchar`, SP or HTAB (RFC 9110 section 5.5), `obs-text` included.
const VALUE: u8 = 2;
/// A character RFC 3986 knows, without `#`.
const URI: u8 = 4;
/// VCHAR without `#`: what a lenient target may hold.
const VISIBLE: u8 = 8;
/// `unreserved / sub-delims` (RFC 3986 sections 2.2 and 2.3): a host name, percent-encoding apart.
const HOST: u8 = 16;
/// What a target is made of, `%` apart: [`URI`] but for it.
const PLAIN_TARGET: u8 = 32;

static CLASSES: [u8; 256] = classes();

#[expect(clippy::indexing_slicing, reason = "evaluated when compiled: a wrong index would not build")]
#[expect(clippy::cast_possible_truncation, reason = "counts to 255")]
const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let byte = i as u8;
        let mut class = 0;
        if byte == b'\t' || (byte >= 0x20 && byte != 0x7f) {
            class |= VALUE;
        }
        if byte > 0x20 && byte < 0x7f && byte != b'#' {
            class |= VISIBLE;
        }
        if byte.is_ascii_alphanumeric() {
            class |= TOKEN | URI | HOST | PLAIN_TARGET;
        }
        if matches!(byte, b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_')
            || matches!(byte, b'`' | b'|' | b'~')
        {
            class |= TOKEN;
        }
        // unreserved, sub-delims, gen-delims without "#", and "%" (RFC 3986 sections 2.1 to 2.3).
        if matches!(byte, b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+')
            || matches!(byte, b',' | b';' | b'=' | b':' | b'/' | b'?' | b'[' | b']' | b'@' | b'%')
        {
            class |= URI;
            if byte != b'%' {
                class |= PLAIN_TARGET;
            }
            if !matches!(byte, b':' | b'/' | b'?' | b'[' | b']' | b'@' | b'%') {
                class |= HOST;
            }
        }
        table[i] = class;
        i += 1;
    }
    table
}

fn is(byte: u8, class: u8) -> bool {
    CLASSES.get(usize::from(byte)).is_some_and(|have| have & class != 0)
}

fn first_not(bytes: &[u8], class: u8) -> Option<usize> {
    bytes.iter().position(|&byte| !is(byte, class))
}

/// 1*tchar.
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && first_not_token(bytes).is_none()
}

pub(crate) fn first_not_token(bytes: &[u8]) -> Option<usize> {
    first_not(bytes, TOKEN)
}

/// The first byte that may not stand in a field value.
pub(crate) fn first_not_value(bytes: &[u8]) -> Option<usize> {
    first_not(bytes, VALUE)
}

/// A value without white space at its ends, and without any control character; sixteen or eight bytes at a time. `false`:
/// perhaps not.
#[inline]
pub(crate) fn is_plain_value(value: &[u8]) -> bool {
    let (Some(b'!'..), Some(b'!'..)) = (value.first(), value.last()) else { return false };
    match value.last_chunk::<16>() {
        Some(last) => is_plain_run(value, last),
        None => is_plain_word(value),
    }
}

#[inline]
fn is_plain_run(value: &[u8], last: &[u8; 16]) -> bool {
    let mut found = [0_u8; 16];
    // A loop without a way out, so that the compiler makes vectors of it.
    for chunk in value.as_chunks::<16>().0 {
        for (found, byte) in found.iter_mut().zip(chunk) {
            *found |= u8::from(*byte < b' ') | u8::from(*byte == 0x7f);
        }
    }
    u128::from_le_bytes(found) == 0 && is_plain_word(last)
}

#[inline]
fn is_plain_word(value: &[u8]) -> bool {
    const fn each(byte: u8) -> u64 {
        u64::from_le_bytes([byte; 8])
    }
    /// The top bit of the lowest byte below 0x20 or equal to 0x7F, and perhaps of some above it.
    const fn controls(word: u64) -> u64 {
        let deletes = word ^ each(0x7f);
        ((word.wrapping_sub(each(0x20)) & !word) | (deletes.wrapping_sub(each(1)) & !deletes)) & each(0x80)
    }
    if let (Some(first), Some(last)) = (value.first_chunk(), value.last_chunk()) {
        return controls(u64::from_le_bytes(*first)) | controls(u64::from_le_bytes(*last)) == 0;
    }
    match (value.first_chunk(), value.last_chunk()) {
        (Some(first), Some(last)) => {
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            controls(u64::from(first) | u64::from(last) << 32) == 0
        }
        _ => first_not_value(value).is_none(),
    }
}

/// The first byte that may not stand in a target.
pub(crate) fn first_not_target(bytes: &[u8], lenient: bool) -> Option<usize> {
    first_not(bytes, if lenient { VISIBLE } else { URI })
}

/// May stand in a target and is no `%`.
pub(crate) fn is_plain_target(byte: u8) -> bool {
    is(byte, PLAIN_TARGET)
}

/// A control character other than HTAB, or DEL.
pub(crate) fn is_control(byte: u8) -> bool {
    !is(byte, VALUE)
}

/// `unreserved / sub-delims` (RFC 3986 sections 2.2 and 2.3).
pub(crate) fn is_host_char(byte: u8) -> bool {
    is(byte, HOST)
}

/// OWS (RFC 9110 section 5.6.3).
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Without OWS at either end.
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let [first, tail @ ..] = rest
        && is_blank(*first)
    {
        rest = tail;
    }
    while let [head @ .., last] = rest
        && is_blank(*last)
    {
        rest = head;
    }
    rest
}

/// `bytes[start..end]`; nothing where that is out of range.
pub(crate) fn slice(bytes: &[u8], start: usize, end: usize) -> &[u8] {
    bytes.get(start..end).unwrap_or_default()
}

/// As text; nothing where it is not ASCII, which callers have ruled out.
pub(crate) fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or_default()
}

/// Each `%` is followed by two hexadecimal digits (RFC 3986 section 2.1). Gives the place of one that is not.
pub(crate) fn bad_percent(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = bytes.get(from..)?.iter().position(|&byte| byte == b'%') {
        let at = from + at;
        match bytes.get(at + 1..at + 3) {
            Some([a, b]) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => from = at + 3,
            _ => return Some(at),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_at_a_time_is_the_same_as_one_by_one() {
        for byte in 0..=255_u8 {
            for len in 1..50 {
                for at in 0..len {
                    let mut value = vec![b'a'; len];
                    value[at] = byte;
                    let blank = is_blank(byte) && (at == 0 || at == len - 1 || byte == b'\t' && len >= 4);
                    let plain = first_not_value(&value).is_none() && !blank;
                    assert_eq!(is_plain_value(&value), plain, "{}", value.escape_ascii());
                }
            }
        }
    }
}

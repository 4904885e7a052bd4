//! Service parameters (RFC 9460).

use crate::{ParseError, ParseErrorKind};

/// RFC 9460 section 2.2: keys strictly in order, values of the form that their key has.
pub(crate) fn check(message: &[u8], (start, at, end): (usize, usize, usize)) -> Result<usize, ParseError> {
    let params = message.get(at..end).unwrap_or_default();
    // RFC 9460 section 2.4.2: recipients of the alias form ignore parameters.
    let alias = message.get(start..start + 2) == Some(&[0, 0]);
    let mut offset = at;
    let mut least = 0;
    for (key, value) in pairs(params) {
        if u32::from(key) < least || !alias && !is_value(key, value, params) {
            return Err(ParseError::new(ParseErrorKind::SvcParams, offset));
        }
        least = u32::from(key) + 1;
        offset += 4 + value.len();
    }
    if offset == end { Ok(end) } else { Err(ParseError::new(ParseErrorKind::SvcParams, offset)) }
}

/// Keys and values, as far as they are whole.
pub(crate) fn pairs(mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    core::iter::from_fn(move || {
        let [k0, k1, l0, l1] = *rest.first_chunk()?;
        let len = usize::from(u16::from_be_bytes([l0, l1]));
        let (value, behind) = rest.get(4..)?.split_at_checked(len)?;
        rest = behind;
        Some((u16::from_be_bytes([k0, k1]), value))
    })
}

fn is_value(key: u16, value: &[u8], params: &[u8]) -> bool {
    match key {
        0 => is_mandatory(value, params),
        1 => is_alpn(value),
        2 | 8 => value.is_empty(),
        3 => value.len() == 2,
        4 => !value.is_empty() && value.len().is_multiple_of(4),
        6 => !value.is_empty() && value.len().is_multiple_of(16),
        7 => core::str::from_utf8(value).is_ok(),
        // RFC 9460 section 14.3: the key that no one may use.
        0xFFFF => false,
        _ => true,
    }
}

/// RFC 9460 section 8: keys in order, not itself, and all of them there.
fn is_mandatory(value: &[u8], params: &[u8]) -> bool {
    let (keys, rest) = value.as_chunks::<2>();
    let in_order = keys.is_sorted_by(|a, b| a < b);
    // Both lists are in order: one walk over the parameters meets all keys.
    let mut params = pairs(params);
    let mut present = keys.iter().map(|key| u16::from_be_bytes(*key));
    rest.is_empty()
        && !keys.is_empty()
        && in_order
        && present.all(|key| key != 0 && params.by_ref().any(|(present, _)| present == key))
}

/// RFC 9460 section 7.1.1: one protocol or more, none of them empty.
fn is_alpn(mut value: &[u8]) -> bool {
    if value.is_empty() {
        return false;
    }
    while let Some((len, rest)) = value.split_first() {
        match rest.split_at_checked(usize::from(*len)) {
            Some((protocol, behind)) if !protocol.is_empty() => value = behind,
            _ => return false,
        }
    }
    true
}

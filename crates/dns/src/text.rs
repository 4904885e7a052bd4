//! Text as zone files have it, in tokens (RFC 1035 section 5.1).

use alloc::vec::Vec;

use crate::{TextError, TextErrorKind};

/// A piece of text between white space, or within quotes; escapes are still in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// Without its quotes.
    pub text: &'a [u8],
    /// It stood within quotes.
    pub quoted: bool,
}

impl<'a> Token<'a> {
    /// A token without quotes.
    #[must_use]
    pub fn bare(text: &'a [u8]) -> Self {
        Token { text, quoted: false }
    }
}

/// Cuts a line of text into tokens: white space apart, from a semicolon on it is comment; parentheses only group. A quote
/// ends the token before it and starts one of its own, so that `alpn="h2"` is `alpn=` and then `h2`, quoted. For single records; zone files have a parser of their own.
///
/// # Errors
/// A quote that is not closed. The token's number says which one.
pub fn tokens(text: &[u8]) -> Result<Vec<Token<'_>>, TextError> {
    let (mut tokens, mut at) = (Vec::new(), 0);
    while let Some(octet) = text.get(at) {
        match octet {
            b' ' | b'\t' | b'\r' | b'\n' | b'(' | b')' => at += 1,
            b';' => at += text.iter().skip(at).take_while(|octet| **octet != b'\n').count(),
            b'"' => {
                let len = token_len(text, at + 1, |octet| octet == b'"');
                let quoted = text.get(at + 1..at + 1 + len).unwrap_or_default();
                at += len + 2;
                if at > text.len() {
                    return Err(TextError::new(TextErrorKind::Unclosed).in_token(tokens.len()));
                }
                tokens.push(Token { text: quoted, quoted: true });
            }
            _ => {
                let len = token_len(text, at, |octet| b" \t\r\n();\"".contains(&octet));
                tokens.push(Token::bare(text.get(at..at + len).unwrap_or_default()));
                at += len;
            }
        }
    }
    Ok(tokens)
}

/// How many octets there are up to an unescaped one that `ends` the token.
fn token_len(text: &[u8], start: usize, ends: impl Fn(u8) -> bool) -> usize {
    let mut at = start;
    while let Some(octet) = text.get(at).copied() {
        match octet {
            b'\\' => at += 1,
            octet if ends(octet) => break,
            _ => {}
        }
        at += 1;
    }
    at.min(text.len()) - start
}

/// A number behind a prefix, as in `TYPE731` (RFC 3597 section 5).
pub(crate) fn numbered(prefix: &[u8], text: &[u8]) -> Option<u16> {
    let (front, digits) = text.split_at_checked(prefix.len())?;
    front.eq_ignore_ascii_case(prefix).then(|| decimal(digits))?.and_then(|number| u16::try_from(number).ok())
}

/// A number in decimal digits and nothing else.
pub(crate) fn decimal(digits: &[u8]) -> Option<u64> {
    let add = |sum: u64, digit: &u8| {
        digit.is_ascii_digit().then(|| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0')))?
    };
    if digits.is_empty() { None } else { digits.iter().try_fold(0, add) }
}

/// Seconds, or numbers with the units of BIND: `1h30m`, `2W`.
pub(crate) fn period(text: &[u8]) -> Option<u64> {
    if let Some(seconds) = decimal(text) {
        return Some(seconds);
    }
    let mut sum = 0_u64;
    for part in text.split_inclusive(u8::is_ascii_alphabetic) {
        let (unit, digits) = part.split_last()?;
        let seconds = match unit.to_ascii_lowercase() {
            b's' => 1,
            b'm' => 60,
            b'h' => 3600,
            b'd' => 86_400,
            b'w' => 604_800,
            _ => return None,
        };
        sum = decimal(digits)?.checked_mul(seconds)?.checked_add(sum)?;
    }
    (!text.is_empty()).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_end_where_text_says() {
        let cut = |text: &'static str| -> Vec<(&str, bool)> {
            let tokens = tokens(text.as_bytes()).unwrap();
            tokens.iter().map(|token| (core::str::from_utf8(token.text).unwrap(), token.quoted)).collect()
        };
        assert_eq!(cut(""), []);
        assert_eq!(cut(" a  b\t( c\nd ) ; e"), [("a", false), ("b", false), ("c", false), ("d", false)]);
        assert_eq!(cut("\"a b;(\" c\"d\""), [("a b;(", true), ("c", false), ("d", true)]);
        assert_eq!(cut("a\\ b \"c\\\"d\" e\\"), [("a\\ b", false), ("c\\\"d", true), ("e\\", false)]);
        assert_eq!(cut("a ;b\nc"), [("a", false), ("c", false)]);
        assert_eq!(cut("\"\""), [("", true)]);
        let error = tokens(b"a \"b").unwrap_err();
        assert_eq!((error.kind, error.token), (TextErrorKind::Unclosed, 1));
    }

    #[test]
    fn periods_have_units() {
        for (text, seconds) in [
            ("0", Some(0)),
            ("86400", Some(86400)),
            ("1h30m", Some(5400)),
            ("1W2D3h4M5s", Some(788_645)),
            ("", None),
            ("h", None),
            ("1h30", None),
            ("1y", None),
            ("-1s", None),
            ("18446744073709551615w", None),
        ] {
            assert_eq!(period(text.as_bytes()), seconds, "{text}");
        }
    }

    #[test]
    fn numbers_are_digits() {
        assert_eq!(decimal(b"0012"), Some(12));
        assert_eq!(decimal(b"18446744073709551615"), Some(u64::MAX));
        for text in ["", "+1", "1 ", "18446744073709551616", "0x1"] {
            assert_eq!(decimal(text.as_bytes()), None);
        }
    }
}

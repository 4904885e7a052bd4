//! Base32 with the extended hexadecimal alphabet, without padding (RFC 4648 section 7, RFC 5155 section 3.3).

use alloc::vec::Vec;
use core::fmt::{self, Write};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHIJKLMNOPQRSTUV";

/// Writes the text of `octets`.
pub(crate) fn write(octets: &[u8], out: &mut impl Write) -> fmt::Result {
    for group in octets.chunks(5) {
        let bits =
            group.iter().fold(0, |bits, octet| bits << 8 | u64::from(*octet)) << (8 * (5 - group.len()));
        for at in 0..(group.len() * 8).div_ceil(5) {
            let value = usize::try_from(bits >> (35 - 5 * at) & 31).unwrap_or_default();
            out.write_char(ALPHABET.get(value).copied().map_or('0', char::from))?;
        }
    }
    Ok(())
}

/// Appends what `text` stands for, in any case; `None` if it is not what [`write`] gives.
pub(crate) fn read(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    for group in text.chunks(8) {
        let mut bits = 0_u64;
        for char in group {
            bits = bits << 5 | value(*char)?;
        }
        let octets = group.len() * 5 / 8;
        let spare = group.len() * 5 % 8;
        // A group of 1, 3 or 6 characters ends in one that says nothing.
        if spare >= 5 || bits & ((1 << spare) - 1) != 0 {
            return None;
        }
        let bytes = (bits >> spare).to_be_bytes();
        out.extend_from_slice(bytes.get(8 - octets..)?);
    }
    Some(())
}

fn value(char: u8) -> Option<u64> {
    match char.to_ascii_uppercase() {
        digit @ b'0'..=b'9' => Some(u64::from(digit - b'0')),
        letter @ b'A'..=b'V' => Some(u64::from(letter - b'A') + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    #[test]
    fn rfc_4648_section_10_without_padding() {
        for (octets, text) in [
            ("", ""),
            ("f", "CO"),
            ("fo", "CPNG"),
            ("foo", "CPNMU"),
            ("foob", "CPNMUOG"),
            ("fooba", "CPNMUOJ1"),
            ("foobar", "CPNMUOJ1E8"),
        ] {
            let mut written = String::new();
            write(octets.as_bytes(), &mut written).unwrap();
            assert_eq!(written, text);
            for text in [text, &text.to_lowercase()] {
                let mut back = Vec::new();
                read(text.as_bytes(), &mut back).unwrap();
                assert_eq!(back, octets.as_bytes());
            }
        }
    }

    #[test]
    fn every_other_text_is_refused() {
        for text in ["C", "CP1", "CPNMUO", "CP======", "CW", "C!", "CR"] {
            assert_eq!(read(text.as_bytes(), &mut Vec::new()), None, "{text}");
        }
    }
}

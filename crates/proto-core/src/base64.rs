//! Base64 of RFC 4648, strict and in whole: both alphabets, padding as stated, no junk, no spare bits.
//!
//! One value has one text: what [`Base64::decode`] accepts, [`Base64::encode`] gives back byte for byte (RFC 4648 sections 3.3
//! and 3.5 allow no less; a decoder that forgives lets two texts pass for the same credential). A lenient, incremental
//! codec can stand on [`Base64::decode_groups`].

#[cfg(feature = "simd")]
mod simd;

use alloc::string::String;
use alloc::vec::Vec;

#[cfg(feature = "simd")]
use fearless_simd::Level;
use thiserror::Error;

/// A flavour of base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base64 {
    alphabet: &'static Alphabet,
    padded: bool,
}

/// RFC 4648 section 4, padded: mail, HTTP, SASL.
pub const STANDARD: Base64 = Base64 { alphabet: &Alphabet::STANDARD, padded: true };
/// RFC 4648 section 5, padded.
pub const URL: Base64 = Base64 { alphabet: &Alphabet::URL, padded: true };
/// RFC 4648 section 5, without padding (section 3.2).
pub const URL_UNPADDED: Base64 = Base64 { alphabet: &Alphabet::URL, padded: false };

/// The text is not base64 of this flavour. Offsets count from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum Base64Error {
    /// A byte that is not in the alphabet, or padding where none belongs.
    #[error("byte {byte:#04x} at {at} is not base64")]
    Byte {
        /// What was seen.
        byte: u8,
        /// Where.
        at: usize,
    },
    /// The text ends within a group: one character alone, or the padding is missing.
    #[error("base64 is cut short at {at}")]
    Length {
        /// Where the text ends.
        at: usize,
    },
    /// The last character has bits that belong to no byte, and they are not zero.
    #[error("base64 has spare bits in the character at {at}")]
    SpareBits {
        /// Where that character stands.
        at: usize,
    },
}

impl Base64 {
    /// How long the text of `len` bytes is.
    #[must_use]
    pub const fn encoded_len(self, len: usize) -> usize {
        let tail = match len % 3 {
            0 => 0,
            _ if self.padded => 4,
            rest => rest + 1,
        };
        (len / 3).saturating_mul(4).saturating_add(tail)
    }

    /// The text of `bytes`.
    ///
    /// ```
    /// use proto_core::base64;
    /// assert_eq!(base64::STANDARD.encode(b"foob"), "Zm9vYg==");
    /// assert_eq!(base64::STANDARD.decode(b"Zm9vYg==").unwrap(), b"foob");
    /// ```
    #[must_use]
    pub fn encode(self, bytes: &[u8]) -> String {
        let mut text = Vec::new();
        self.encode_to(bytes, &mut text);
        String::from_utf8(text).unwrap_or_default()
    }

    /// Appends the text of `bytes`.
    pub fn encode_to(self, bytes: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.resize(start + self.encoded_len(bytes.len()), b'=');
        let text = out.get_mut(start..).unwrap_or_default();
        let (done, written) = self.alphabet.encode_long(bytes, text);
        let (groups, tail) = bytes.get(done..).unwrap_or_default().as_chunks::<3>();
        let (text, last) = text.get_mut(written..).unwrap_or_default().as_chunks_mut::<4>();
        for (group, text) in groups.iter().zip(&mut *text) {
            *text = self.alphabet.text(*group);
        }
        let last = text.get_mut(groups.len()).map_or(last, |padded| &mut padded[..]);
        match *tail {
            [a] => copy(&self.alphabet.text([a, 0, 0]), last, 2),
            [a, b] => copy(&self.alphabet.text([a, b, 0]), last, 3),
            _ => {}
        }
    }

    /// The bytes that `text` stands for.
    ///
    /// # Errors
    /// The first thing that makes it another text than [`encode`](Base64::encode) would give.
    pub fn decode(self, text: &[u8]) -> Result<Vec<u8>, Base64Error> {
        let mut bytes = Vec::new();
        self.decode_to(text, &mut bytes)?;
        Ok(bytes)
    }

    /// Appends the bytes that `text` stands for; nothing of them after an error.
    ///
    /// # Errors
    /// As [`decode`](Base64::decode).
    pub fn decode_to(self, text: &[u8], out: &mut Vec<u8>) -> Result<(), Base64Error> {
        let start = out.len();
        let read = self.decode_groups(text, out);
        let rest = text.get(read..).unwrap_or_default();
        let ended = self.end(rest, out).map_err(|error| error.moved(read));
        if ended.is_err() {
            out.truncate(start);
        }
        ended
    }

    /// Decodes as many whole groups of four characters as there are before the first byte that is not in the alphabet,
    /// padding included. Returns how much of `text` that was.
    pub fn decode_groups(self, text: &[u8], out: &mut Vec<u8>) -> usize {
        let start = out.len();
        out.resize(start + text.len() / 4 * 3, 0);
        let bytes = out.get_mut(start..).unwrap_or_default();
        let (mut read, written) = self.alphabet.decode_long(text, bytes);
        let groups = text.get(read..).unwrap_or_default().as_chunks::<4>().0;
        let places = bytes.get_mut(written..).unwrap_or_default().as_chunks_mut::<3>().0;
        for (group, place) in groups.iter().zip(places) {
            let Some(bytes) = self.alphabet.bytes(*group) else { break };
            *place = bytes;
            read += 4;
        }
        out.truncate(start + read / 4 * 3);
        read
    }

    /// The text of `bytes` in lines of 76 characters, each ended by CRLF, the last one too (RFC 2045 section 6.8).
    #[must_use]
    pub fn encode_lines(self, bytes: &[u8]) -> Vec<u8> {
        let (whole, last) = bytes.as_chunks::<LINE_BYTES>();
        // The last line is no longer than a whole one.
        let mut lines = Vec::with_capacity(whole.len() + usize::from(!last.is_empty()));
        self.alphabet.lines(whole, &mut lines);
        let mut text = lines.into_flattened();
        if !last.is_empty() {
            self.encode_to(last, &mut text);
            text.extend_from_slice(b"\r\n");
        }
        text
    }

    /// Decodes lines of 76 characters, each ended by CRLF or LF, as long as there is nothing else and no more than `most` of
    /// them. Appends the bytes of each; returns how much of `text` that was.
    pub fn decode_lines(self, text: &[u8], most: usize, out: &mut Vec<[u8; LINE_BYTES]>) -> usize {
        let (mut read, mut left, mut some) = (0, most, 4);
        loop {
            let rest = text.get(read..).unwrap_or_default();
            let few = some.min(left);
            let (len, lines) = match rest.get(LINE..) {
                Some([b'\r', b'\n', ..]) => {
                    (LINE + 2, self.alphabet.decode_lines::<{ LINE + 2 }>(rest, few, out))
                }
                Some([b'\n', ..]) => (LINE + 1, self.alphabet.decode_lines::<{ LINE + 1 }>(rest, few, out)),
                _ => return read,
            };
            (read, left) = (read + lines * len, left - lines);
            if lines == 0 || left == 0 {
                return read;
            }
            // What is tried in vain is no more than what went well before.
            some = if lines == few { (2 * some).min(128) } else { 4 };
        }
    }

    /// What follows the whole groups: nothing, or a last group that is not full.
    fn end(self, rest: &[u8], out: &mut Vec<u8>) -> Result<(), Base64Error> {
        let wrong = |at: usize| match rest.get(at) {
            Some(byte) => Base64Error::Byte { byte: *byte, at },
            None => Base64Error::Length { at },
        };
        let len = rest.iter().take(4).take_while(|byte| self.alphabet.value(**byte).is_some()).count();
        let padding: &[u8] = match len {
            2 if self.padded => b"==",
            3 if self.padded => b"=",
            0 | 2 | 3 => b"",
            _ => return Err(wrong(len)),
        };
        let behind = rest.get(len..).unwrap_or_default();
        if behind != padding {
            let same = behind.iter().zip(padding).take_while(|(seen, wanted)| seen == wanted).count();
            return Err(wrong(len + same));
        }
        self.last_group(rest.get(..len).unwrap_or_default(), out)
    }

    fn last_group(self, chars: &[u8], out: &mut Vec<u8>) -> Result<(), Base64Error> {
        let mut group = [b'A'; 4];
        copy(chars, &mut group, chars.len());
        let [a, b, c] = self.alphabet.bytes(group).unwrap_or_default();
        match (chars.len(), b, c) {
            (0, ..) => Ok(()),
            (2, 0, 0) => {
                out.push(a);
                Ok(())
            }
            (3, _, 0) => {
                out.extend_from_slice(&[a, b]);
                Ok(())
            }
            (len, ..) => Err(Base64Error::SpareBits { at: len - 1 }),
        }
    }
}

impl Base64Error {
    fn moved(self, by: usize) -> Self {
        match self {
            Base64Error::Byte { byte, at } => Base64Error::Byte { byte, at: at + by },
            Base64Error::Length { at } => Base64Error::Length { at: at + by },
            Base64Error::SpareBits { at } => Base64Error::SpareBits { at: at + by },
        }
    }
}

/// RFC 2045 section 6.8: characters of a line, and what they stand for.
const LINE: usize = 76;
const LINE_BYTES: usize = LINE / 4 * 3;

fn copy(from: &[u8], to: &mut [u8], len: usize) {
    for (from, to) in from.iter().zip(to).take(len) {
        *to = *from;
    }
}

/// 64 characters, and the way back.
#[derive(Debug, PartialEq, Eq)]
struct Alphabet {
    chars: [u8; 64],
    values: [u8; 256],
    #[cfg(feature = "simd")]
    tables: simd::Tables,
}

/// Not a value of six bits.
const NONE: u8 = 0xFF;

impl Alphabet {
    const STANDARD: Alphabet = Alphabet::new(b'+', b'/');
    const URL: Alphabet = Alphabet::new(b'-', b'_');

    #[expect(clippy::indexing_slicing, reason = "when compiled: no index depends on anything")]
    #[expect(clippy::cast_possible_truncation, reason = "below 64")]
    const fn new(char_62: u8, char_63: u8) -> Alphabet {
        let (mut chars, mut values) = ([0; 64], [NONE; 256]);
        let mut value = 0;
        while value < 64 {
            chars[value] = match value as u8 {
                upper @ 0..=25 => b'A' + upper,
                lower @ 26..=51 => b'a' + lower - 26,
                digit @ 52..=61 => b'0' + digit - 52,
                62 => char_62,
                _ => char_63,
            };
            values[chars[value] as usize] = value as u8;
            value += 1;
        }
        Alphabet {
            chars,
            values,
            #[cfg(feature = "simd")]
            tables: simd::Tables::new(chars),
        }
    }

    /// What vectors can do of an encoding: how much of `bytes` that was, and how much of `text` it has become.
    #[cfg(feature = "simd")]
    fn encode_long(&self, bytes: &[u8], text: &mut [u8]) -> (usize, usize) {
        let steps = simd::encode(Level::new(), self, bytes, text);
        (steps * 48, steps * 64)
    }

    /// What vectors can do of a decoding: how much of `text` that was, and how much of `bytes` it has become.
    #[cfg(feature = "simd")]
    fn decode_long(&self, text: &[u8], bytes: &mut [u8]) -> (usize, usize) {
        let steps = simd::decode(Level::new(), self, text, bytes);
        (steps * 64, steps * 48)
    }

    /// Lines with their ends. Each is written where it stays.
    fn lines(&self, bytes: &[[u8; LINE_BYTES]], out: &mut Vec<[u8; LINE + 2]>) {
        #[cfg(feature = "simd")]
        simd::lines(Level::new(), self, bytes, out);
        if out.is_empty() {
            out.extend(bytes.iter().map(|line| self.line(line)));
        }
    }

    /// Decodes lines of one length, of which the end is a part, up to the first that is different. How many.
    fn decode_lines<const LEN: usize>(
        &self,
        text: &[u8],
        most: usize,
        out: &mut Vec<[u8; LINE_BYTES]>,
    ) -> usize {
        let lines = text.as_chunks::<LEN>().0;
        let lines = lines.get(..most).unwrap_or(lines);
        #[cfg(feature = "simd")]
        if let Some(count) = simd::decode_lines(Level::new(), self, lines, out) {
            return count;
        }
        let before = out.len();
        out.extend(lines.iter().map_while(|line| self.line_bytes(line)));
        out.len() - before
    }

    /// What a line with its end stands for.
    fn line_bytes(&self, line: &[u8]) -> Option<[u8; LINE_BYTES]> {
        let mut bytes = [0; LINE_BYTES];
        let (chars, end) = line.split_first_chunk::<LINE>()?;
        for (group, place) in chars.as_chunks::<4>().0.iter().zip(bytes.as_chunks_mut::<3>().0) {
            *place = self.bytes(*group)?;
        }
        matches!(end, b"\r\n" | b"\n").then_some(bytes)
    }

    /// A line with its end.
    fn line(&self, bytes: &[u8; LINE_BYTES]) -> [u8; LINE + 2] {
        let mut line = *b"0123456789012345678901234567890123456789012345678901234567890123456789012345\r\n";
        for (group, text) in bytes.as_chunks::<3>().0.iter().zip(line.as_chunks_mut::<4>().0) {
            *text = self.text(*group);
        }
        line
    }

    #[cfg(not(feature = "simd"))]
    fn encode_long(&self, _: &[u8], _: &mut [u8]) -> (usize, usize) {
        (0, 0)
    }

    #[cfg(not(feature = "simd"))]
    fn decode_long(&self, _: &[u8], _: &mut [u8]) -> (usize, usize) {
        (0, 0)
    }

    fn value(&self, char: u8) -> Option<u8> {
        self.values.get(usize::from(char)).copied().filter(|value| *value != NONE)
    }

    fn text(&self, [a, b, c]: [u8; 3]) -> [u8; 4] {
        let group = u32::from_be_bytes([0, a, b, c]);
        [18, 12, 6, 0].map(|shift| {
            let value = (group >> shift & 0x3F) as usize;
            self.chars.get(value).copied().unwrap_or_default()
        })
    }

    fn bytes(&self, chars: [u8; 4]) -> Option<[u8; 3]> {
        let [a, b, c, d] = chars.map(|char| self.values.get(usize::from(char)).copied().unwrap_or(NONE));
        if (a | b | c | d) & 0xC0 != 0 {
            return None;
        }
        let group = u32::from(a) << 18 | u32::from(b) << 12 | u32::from(c) << 6 | u32::from(d);
        let [_, a, b, c] = group.to_be_bytes();
        Some([a, b, c])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rfc_4648_section_10() {
        let vectors = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (bytes, text) in vectors {
            assert_eq!(STANDARD.encode(bytes.as_bytes()), text);
            assert_eq!(STANDARD.decode(text.as_bytes()).as_deref(), Ok(bytes.as_bytes()));
            let unpadded = text.trim_end_matches('=');
            assert_eq!(URL_UNPADDED.encode(bytes.as_bytes()), unpadded);
            assert_eq!(URL_UNPADDED.decode(unpadded.as_bytes()).as_deref(), Ok(bytes.as_bytes()));
        }
        assert_eq!(STANDARD.encode(&[0xFB, 0xFF]), "+/8=");
        assert_eq!(URL.encode(&[0xFB, 0xFF]), "-_8=");
    }

    #[test]
    fn every_other_text_is_refused_where_it_goes_wrong() {
        use Base64Error::{Byte, Length, SpareBits};
        let byte = |byte, at| Byte { byte, at };
        for (text, error) in [
            ("Z", Length { at: 1 }),
            ("Zg", Length { at: 2 }),
            ("Zg=", Length { at: 3 }),
            ("Zm8", Length { at: 3 }),
            ("Zg===", byte(b'=', 4)),
            ("Zm9v=", byte(b'=', 4)),
            ("Zm9v====", byte(b'=', 4)),
            ("====", byte(b'=', 0)),
            ("Z===", byte(b'=', 1)),
            ("Zg=A", byte(b'A', 3)),
            ("Zg==Zg==", byte(b'Z', 4)),
            ("Zm9v\r\nZm9v", byte(b'\r', 4)),
            ("Zm 9v", byte(b' ', 2)),
            ("Zm9v-A==", byte(b'-', 4)),
            ("Zh==", SpareBits { at: 1 }),
            ("Zm9vZm9=", SpareBits { at: 6 }),
            ("\u{e9}AAA", byte(0xC3, 0)),
        ] {
            assert_eq!(STANDARD.decode(text.as_bytes()), Err(error), "{text}");
        }
        assert_eq!(URL_UNPADDED.decode(b"Zg=="), Err(byte(b'=', 2)));
        let mut out = b"kept".to_vec();
        assert!(STANDARD.decode_to(b"Zm9vZm9vZ", &mut out).is_err());
        assert_eq!(out, b"kept");
    }

    #[test]
    fn groups_end_at_the_first_foreign_byte() {
        for (text, read) in [("Zm9vYmFy", 8), ("Zm9vYmF", 4), ("Zm9vYm=y", 4), ("Zm9v\r\n", 4), ("=", 0)] {
            let mut out = Vec::new();
            assert_eq!(STANDARD.decode_groups(text.as_bytes(), &mut out), read);
            assert_eq!(out.len(), read / 4 * 3);
        }
    }

    #[cfg(feature = "simd")]
    #[test]
    fn vectors_and_the_plain_loop_agree() {
        let bytes: Vec<u8> = (0..700_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
        for (len, alphabet) in (0..600).flat_map(|len| [(len, &Alphabet::STANDARD), (len, &Alphabet::URL)]) {
            let plain: Vec<u8> =
                bytes[..len].as_chunks::<3>().0.iter().flat_map(|group| alphabet.text(*group)).collect();
            for level in crate::scan::vectors::levels() {
                let mut text = vec![0; plain.len()];
                let steps = simd::encode(level, alphabet, &bytes[..len], &mut text);
                assert!(steps == len / 48 || steps == 0);
                assert_eq!(text[..64 * steps], plain[..64 * steps]);
                let (lines, mut ended) = (bytes[..len].as_chunks::<57>().0, Vec::new());
                simd::lines(level, alphabet, lines, &mut ended);
                let all: Vec<_> = lines.iter().map(|line| alphabet.line(line)).collect();
                assert!(ended == all || ended.is_empty());
                let mut back = vec![0; len];
                let steps = simd::decode(level, alphabet, &plain, &mut back);
                assert!(steps == len / 48 || steps == 0);
                assert_eq!(back[..48 * steps], bytes[..48 * steps]);
            }
        }
    }

    #[cfg(feature = "simd")]
    #[test]
    fn vectors_know_a_foreign_byte_at_every_place() {
        for byte in 0..=u8::MAX {
            for at in 0..128 {
                let mut text = [b'x'; 128];
                text[at] = byte;
                let known = Alphabet::STANDARD.value(byte).is_some();
                for level in crate::scan::vectors::levels() {
                    let steps = simd::decode(level, &Alphabet::STANDARD, &text, &mut [0; 96]);
                    assert!(steps == if known { 2 } else { at / 64 } || steps == 0, "{byte} {at} {level:?}");
                }
            }
        }
    }

    #[test]
    fn lines_have_76_characters_and_an_end() {
        let bytes: Vec<u8> = (0..20_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
        for len in [0, 1, 2, 56, 57, 58, 113, 114, 115, 32 * 57, 32 * 57 + 1, 20_000] {
            let plain: String = bytes[..len].chunks(57).map(|line| STANDARD.encode(line) + "\r\n").collect();
            assert_eq!(STANDARD.encode_lines(&bytes[..len]), plain.as_bytes());
            for (text, most) in [(plain.clone(), 33), (plain.replace('\r', ""), usize::MAX)] {
                let mut out = vec![[1; 57]];
                let read = STANDARD.decode_lines(text.as_bytes(), most, &mut out);
                let whole = (len / 57).min(most);
                assert_eq!(read, whole * if text.contains('\r') { 78 } else { 77 });
                assert_eq!(out[1..].as_flattened(), &bytes[..whole * 57]);
            }
        }
    }

    #[test]
    fn a_line_that_is_any_different_ends_the_lines() {
        let line = "QUJD".repeat(19) + "\r\n";
        let bad = |at: usize, byte: &str| line[..at].to_owned() + byte + &line[at + 1..];
        let mut damaged: Vec<String> = (0..78).map(|at| bad(at, "*")).collect();
        damaged.extend([
            bad(75, "="),
            bad(30, "\n"),
            bad(76, " "),
            bad(77, "\r"),
            line[..77].into(),
            line[1..].into(),
        ]);
        damaged.push(format!("QUJD{line}"));
        for third in damaged {
            let mut out = Vec::new();
            let text = line.repeat(2) + &third + &line;
            assert_eq!(STANDARD.decode_lines(text.as_bytes(), 9, &mut out), 2 * 78, "{third:?}");
            assert_eq!(out.as_flattened(), b"ABC".repeat(38));
        }
    }

    proptest! {
        #[test]
        fn bytes_survive_and_a_text_is_the_only_one(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            for flavour in [STANDARD, URL, URL_UNPADDED] {
                let text = flavour.encode(&bytes);
                prop_assert_eq!(text.len(), flavour.encoded_len(bytes.len()));
                prop_assert_eq!(flavour.decode(text.as_bytes()), Ok(bytes.clone()));
            }
        }

        #[test]
        fn what_is_decoded_encodes_to_the_same(text in "[A-Ca-c0-1+/=]{0,12}") {
            if let Ok(bytes) = STANDARD.decode(text.as_bytes()) {
                prop_assert_eq!(STANDARD.encode(&bytes), text);
            }
        }
    }
}

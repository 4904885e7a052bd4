//! The transfer coding base64 (RFC 2045 section 6.8), as mail has it: wrapped, and read whatever has happened to it.
//!
//! The rule for reading: nothing fails. What is not of the alphabet is skipped, what can be decoded is, and each oddity is a
//! [`Defect`] with its offset; where the input was cut makes no difference. Whole lines go to the strict and fast codec of
//! `proto-core`; where that balks, the plain loop below takes over, which is also its oracle.

use alloc::vec::Vec;

use bytes::BufMut;
use proto_core::base64::STANDARD;
use proto_core::scan::{self, Class};

use crate::lexical::{note, slice};
use crate::{Defect, DefectKind};

/// RFC 2045 section 6.8: no line is longer.
const LINE: usize = 76;
/// How much is looked at in one go.
const BLOCK: usize = 4096;
/// As many bytes as fill a line.
const LINE_BYTES: usize = 57;

/// Decodes the whole of `text`, skipping what is not base64; what is wrong is appended to `defects`.
///
/// ```
/// let mut defects = Vec::new();
/// assert_eq!(mime::base64::decode(b"SGVs\r\nbG8h", &mut defects), b"Hello!");
/// assert!(defects.is_empty());
/// assert_eq!(mime::base64::decode(b"SGVs*bG8", &mut defects), b"Hello");
/// assert_eq!(defects.len(), 2, "a byte that is not base64, and no padding");
/// ```
#[must_use]
pub fn decode(text: &[u8], defects: &mut Vec<Defect>) -> Vec<u8> {
    // Room for all there can be: 76 characters stand for no more than 57 bytes, in whole lines and behind them.
    let mut lines = Vec::with_capacity(text.len() / LINE + 1);
    let whole = STANDARD.decode_lines(text, usize::MAX, &mut lines);
    let mut decoder =
        Base64Decoder { offset: whole as u64, bytes: lines.into_flattened(), ..Base64Decoder::new() };
    let mut rest = slice(text, whole, text.len());
    while !rest.is_empty() {
        let taken = decoder.advance(rest);
        rest = slice(rest, taken, rest.len());
    }
    decoder.end();
    defects.append(&mut decoder.defects);
    decoder.bytes
}

/// The text of `bytes` in lines of 76 characters, each ended by CRLF, the last one too.
#[must_use]
pub fn encode(bytes: &[u8]) -> Vec<u8> {
    STANDARD.encode_lines(bytes)
}

/// How long [`encode`] makes `len` bytes.
#[must_use]
pub const fn encoded_len(len: usize) -> usize {
    let characters = len.div_ceil(3).saturating_mul(4);
    characters.saturating_add(characters.div_ceil(LINE).saturating_mul(2))
}

/// Decodes base64 as it comes in.
///
/// Several padded texts behind each other are decoded one after the other, with a defect.
#[derive(Clone, Debug, Default)]
pub struct Base64Decoder {
    defects: Vec<Defect>,
    /// Of the next byte.
    offset: u64,
    /// Characters on this line so far.
    column: usize,
    /// The values of the `chars` characters of the group that is not full yet.
    group: u32,
    chars: u8,
    /// As many `=` are still due.
    due: u8,
    /// A padded group has been seen.
    ended: bool,
    /// The byte before was junk: one defect for a run of it.
    junk: bool,
    /// Lines put together, and what they stand for.
    text: Vec<u8>,
    bytes: Vec<u8>,
    lines: Vec<[u8; LINE_BYTES]>,
}

impl Base64Decoder {
    /// At the start of a body.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends what the next part of the text stands for; up to three characters are kept for the next call.
    pub fn push(&mut self, text: &[u8], out: &mut impl BufMut) {
        let mut rest = text;
        while !rest.is_empty() {
            self.bytes.clear();
            let taken = self.advance(slice(rest, 0, rest.len().min(4 * BLOCK)));
            out.put_slice(&self.bytes);
            rest = slice(rest, taken, rest.len());
        }
    }

    /// The end of the text: what is left of a group.
    pub fn finish(&mut self, out: &mut impl BufMut) {
        self.bytes.clear();
        self.end();
        out.put_slice(&self.bytes);
    }

    fn end(&mut self) {
        if self.chars > 0 || self.due > 0 {
            self.note(DefectKind::Base64Padding);
        }
        self.due = 0;
        self.flush();
    }

    /// What was wrong so far.
    #[must_use]
    pub fn defects(&self) -> &[Defect] {
        &self.defects
    }

    /// Takes what was wrong so far.
    pub fn take_defects(&mut self) -> Vec<Defect> {
        core::mem::take(&mut self.defects)
    }

    /// Decodes from the front of `text`, the fast way if that can be. How much that was.
    fn advance(&mut self, text: &[u8]) -> usize {
        let near = slice(text, 0, text.len().min(BLOCK));
        if self.column > 0 {
            let line = scan::find_byte(b'\n', near).map_or(near.len(), |end| end + 1);
            return self.piece(slice(near, 0, line));
        }
        let is_between = self.chars == 0 && self.due == 0;
        self.lines.clear();
        let whole =
            if is_between && !self.ended { STANDARD.decode_lines(text, 64, &mut self.lines) } else { 0 };
        if whole > 0 {
            self.bytes.extend_from_slice(self.lines.as_flattened());
            (self.offset, self.junk) = (self.offset + whole as u64, false);
            return whole;
        }
        let taken = self.gather(text);
        if taken > 0 && is_between && (!self.ended || self.text.is_empty()) && self.gathered() {
            self.offset += taken as u64;
            // A run of junk goes on behind blank lines.
            self.junk &= self.text.is_empty();
            return taken;
        }
        self.piece(slice(text, 0, taken.max(near.len())))
    }

    /// Decodes what was gathered, if nothing is wrong with it.
    fn gathered(&mut self) -> bool {
        let before = self.bytes.len();
        let read = STANDARD.decode_groups(&self.text, &mut self.bytes);
        let last = slice(&self.text, read, self.text.len());
        if !last.is_empty() && (last.len() != 4 || STANDARD.decode_to(last, &mut self.bytes).is_err()) {
            self.bytes.truncate(before);
            return false;
        }
        self.ended |= !last.is_empty();
        true
    }

    /// Puts lines together without their ends, as many as a block holds. How much of the input that was.
    fn gather(&mut self, input: &[u8]) -> usize {
        self.text.clear();
        let mut at = 0;
        while self.text.len() < BLOCK {
            let rest = slice(input, at, input.len());
            if let Some([line @ .., b'\r', b'\n']) = rest.first_chunk::<{ LINE + 2 }>() {
                self.text.extend_from_slice(line);
                at += LINE + 2;
                continue;
            }
            let Some(end) = scan::find_byte(b'\n', slice(rest, 0, rest.len().min(LINE + 2))) else { break };
            let line = slice(rest, 0, end);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.len() > LINE {
                break;
            }
            self.text.extend_from_slice(line);
            at += end + 1;
        }
        at
    }

    /// The slow way: any text, byte by byte but for a run of whole groups at its start. How much that was: all.
    fn piece(&mut self, text: &[u8]) -> usize {
        let mut done = 0;
        if self.chars == 0 && self.due == 0 && !self.ended {
            done = STANDARD.decode_groups(text, &mut self.bytes);
            if self.column <= LINE && self.column + done > LINE {
                self.note_at(DefectKind::Base64Line, self.offset + (LINE - self.column) as u64);
            }
            self.column += done;
            self.offset += done as u64;
            self.junk &= done == 0;
        }
        let mut at = done;
        while let Some(byte) = text.get(at) {
            self.step(*byte);
            self.offset += 1;
            at += 1;
            if self.junk {
                at += self.skip_junk(slice(text, at, text.len()));
            }
        }
        text.len()
    }

    /// More of a run of junk: how much.
    fn skip_junk(&mut self, text: &[u8]) -> usize {
        if text.first().is_none_or(|byte| !FOREIGN.contains(*byte)) {
            return 0;
        }
        let run = scan::find(text, &FOREIGN.not()).unwrap_or(text.len());
        if self.column <= LINE && self.column + run > LINE {
            self.note_at(DefectKind::Base64Line, self.offset + (LINE - self.column) as u64);
        }
        self.column += run;
        self.offset += run as u64;
        run
    }

    fn step(&mut self, byte: u8) {
        let value = VALUES.get(usize::from(byte)).copied().unwrap_or(JUNK);
        if value == LINE_END {
            self.column = if byte == b'\n' { 0 } else { self.column };
            return;
        }
        self.column += 1;
        if self.column == LINE + 1 {
            self.note(DefectKind::Base64Line);
        }
        let was_junk = core::mem::replace(&mut self.junk, value == JUNK);
        match value {
            JUNK if was_junk => {}
            JUNK => self.note(DefectKind::Base64Junk),
            PAD => self.padding(),
            value => self.character(value),
        }
    }

    fn character(&mut self, value: u8) {
        if self.ended {
            // Nothing comes behind padding: another text begins.
            self.note(DefectKind::Base64Padding);
            (self.ended, self.due) = (false, 0);
        }
        self.group = self.group << 6 | u32::from(value);
        self.chars += 1;
        if self.chars == 4 {
            let [_, bytes @ ..] = self.group.to_be_bytes();
            self.bytes.extend_from_slice(&bytes);
            (self.group, self.chars) = (0, 0);
        }
    }

    /// RFC 2045 section 6.8: `=` fills the last group up.
    fn padding(&mut self) {
        match self.chars {
            0 if self.due > 0 => self.due -= 1,
            2 | 3 => {
                self.due = 3 - self.chars;
                self.flush();
                self.ended = true;
            }
            _ => {
                self.note(DefectKind::Base64Padding);
                self.flush();
            }
        }
    }

    /// What a group that is not full stands for: nothing, one byte or two.
    fn flush(&mut self) {
        let [a, b, ..] = (self.group << (32 - 6 * u32::from(self.chars.max(1)))).to_be_bytes();
        match self.chars {
            2 => self.bytes.push(a),
            3 => self.bytes.extend_from_slice(&[a, b]),
            _ => {}
        }
        (self.group, self.chars) = (0, 0);
    }

    fn note(&mut self, kind: DefectKind) {
        self.note_at(kind, self.offset);
    }

    fn note_at(&mut self, kind: DefectKind, offset: u64) {
        note(&mut self.defects, kind, usize::try_from(offset).unwrap_or(usize::MAX));
    }
}

/// What is no base64, and no line end.
const FOREIGN: Class = Class::ALPHA.or(Class::DIGIT).or(Class::of(b"+/=\r\n")).not();

/// `=`, CR or LF, and what is skipped with a defect; all else is a value of six bits.
const PAD: u8 = 64;
const LINE_END: u8 = 65;
const JUNK: u8 = 66;

#[expect(clippy::indexing_slicing, reason = "when compiled: no index depends on anything")]
const VALUES: [u8; 256] = {
    let chars = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut values, mut value) = ([JUNK; 256], 0);
    while value < 64 {
        values[chars[value as usize] as usize] = value;
        value += 1;
    }
    values[b'=' as usize] = PAD;
    values[b'\r' as usize] = LINE_END;
    values[b'\n' as usize] = LINE_END;
    values
};

/// Encodes bytes as they come in: lines of 76 characters, each ended by CRLF.
#[derive(Clone, Debug, Default)]
pub struct Base64Encoder {
    /// Less than a line.
    held: Vec<u8>,
}

impl Base64Encoder {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends as many whole lines as there are; less than a line of bytes is kept for the next call.
    pub fn push(&mut self, bytes: &[u8], out: &mut impl BufMut) {
        let missing = (LINE_BYTES - self.held.len()).min(bytes.len());
        let (first, rest) = bytes.split_at_checked(missing).unwrap_or_default();
        let whole = if self.held.is_empty() { bytes } else { rest };
        if !self.held.is_empty() {
            self.held.extend_from_slice(first);
            if self.held.len() < LINE_BYTES {
                return;
            }
            self.finish(out);
        }
        let tail = whole.len() % LINE_BYTES;
        let (lines, tail) = whole.split_at_checked(whole.len() - tail).unwrap_or_default();
        for block in lines.chunks(LINE_BYTES * 256) {
            out.put_slice(&encode(block));
        }
        self.held.extend_from_slice(tail);
    }

    /// The last line, if there is one.
    pub fn finish(&mut self, out: &mut impl BufMut) {
        out.put_slice(&encode(&self.held));
        self.held.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DefectKind::{Base64Junk, Base64Line, Base64Padding};
    use alloc::{string::String, vec};
    use proptest::prelude::*;

    /// A text, what it stands for, and what is wrong with it.
    type Case = (&'static str, &'static str, &'static [(DefectKind, u64)]);

    /// The plain loop alone, one byte a call.
    fn plainly(text: &[u8]) -> (Vec<u8>, Vec<Defect>) {
        let (mut decoder, mut out) = (Base64Decoder::new(), Vec::new());
        for byte in text {
            decoder.bytes.clear();
            decoder.step(*byte);
            decoder.offset += 1;
            out.extend_from_slice(&decoder.bytes);
        }
        decoder.finish(&mut out);
        (out, decoder.take_defects())
    }

    fn in_pieces(text: &[u8], size: usize) -> (Vec<u8>, Vec<Defect>) {
        let (mut decoder, mut out) = (Base64Decoder::new(), Vec::new());
        text.chunks(size).for_each(|piece| decoder.push(piece, &mut out));
        decoder.finish(&mut out);
        (out, decoder.take_defects())
    }

    #[test]
    fn what_can_be_decoded_is_and_the_rest_is_named() {
        let cases: &[Case] = &[
            ("", "", &[]),
            ("Zm9vYmFy", "foobar", &[]),
            ("Zm9v\r\nYmFy\r\n", "foobar", &[]),
            ("Zm9v\nYmE=\n", "fooba", &[]),
            ("Z\r\nm9\nv", "foo", &[]),
            ("Zm9v!!YmFy", "foobar", &[(Base64Junk, 4)]),
            ("Zm9v!\r\n\n!YmFy", "foobar", &[(Base64Junk, 4)]),
            ("Zm9v YmFy", "foobar", &[(Base64Junk, 4)]),
            ("\u{e9}Zm9v", "foo", &[(Base64Junk, 0)]),
            ("Zm9vYg", "foob", &[(Base64Padding, 6)]),
            ("Zm9vYg=", "foob", &[(Base64Padding, 7)]),
            ("Zm9vYmE", "fooba", &[(Base64Padding, 7)]),
            ("Zm9vY", "foo", &[(Base64Padding, 5)]),
            ("Zg==Zm9v", "ffoo", &[(Base64Padding, 4)]),
            ("Zg=\r\nZm9v\r\n", "ffoo", &[(Base64Padding, 5)]),
            ("Zg===", "f", &[(Base64Padding, 4)]),
            ("====", "", &[(Base64Padding, 0), (Base64Padding, 1), (Base64Padding, 2), (Base64Padding, 3)]),
            ("Z===", "", &[(Base64Padding, 1), (Base64Padding, 2), (Base64Padding, 3)]),
        ];
        for (text, bytes, defects) in cases {
            let defects: Vec<_> = defects.iter().map(|(kind, at)| Defect::new(*kind, *at)).collect();
            for size in [1, 2, 3, 5, 100] {
                assert_eq!(
                    in_pieces(text.as_bytes(), size),
                    (bytes.as_bytes().to_vec(), defects.clone()),
                    "{text:?}"
                );
            }
            assert_eq!(plainly(text.as_bytes()), (bytes.as_bytes().to_vec(), defects), "{text:?}");
        }
    }

    #[test]
    fn a_long_line_is_a_defect_where_it_becomes_too_long() {
        for len in [76, 80, 8000] {
            let text = "QUJD".repeat(len / 4) + "\r\nQUJD\r\n";
            let (bytes, defects) = in_pieces(text.as_bytes(), 10_000);
            assert_eq!(bytes.len(), len / 4 * 3 + 3);
            let long: &[Defect] = if len > 76 { &[Defect::new(Base64Line, 76)] } else { &[] };
            assert_eq!(defects, long);
            assert_eq!(plainly(text.as_bytes()).1, long);
        }
    }

    #[test]
    fn a_line_of_the_encoder_has_76_characters_and_ends() {
        assert_eq!(encode(b""), b"");
        assert_eq!(encode(b"foob"), b"Zm9vYg==\r\n");
        let text = encode(&[7; 58]);
        let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
        assert_eq!(lines.iter().map(|line| line.len()).collect::<Vec<_>>(), [77, 5, 0]);
        for len in [0, 1, 56, 57, 58, 114, 115, 10_000] {
            assert_eq!(encode(&vec![7; len]).len(), encoded_len(len));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn bytes_survive_however_they_are_cut(
            bytes in prop::collection::vec(any::<u8>(), 0..6000), size in 1usize..300
        ) {
            let whole = encode(&bytes);
            let (mut encoder, mut text) = (Base64Encoder::new(), Vec::new());
            bytes.chunks(size).for_each(|piece| encoder.push(piece, &mut text));
            encoder.finish(&mut text);
            prop_assert_eq!(&text, &whole);
            prop_assert_eq!(in_pieces(&text, size), (bytes, vec![]));
        }

        #[test]
        fn any_text_is_read_alike_however_it_is_cut(
            text in "([A-Za-z0-9+/]{60,76}\r?\n|[A-Za-z0-9+/]{1,5}|=|[ *\r\n]){0,30}", size in 1usize..300
        ) {
            let text = String::into_bytes(text);
            let plain = plainly(&text);
            prop_assert_eq!(&in_pieces(&text, size), &plain);
            prop_assert_eq!(&in_pieces(&text, usize::MAX), &plain);
        }
    }
}

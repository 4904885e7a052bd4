//! Encoded words: text beyond US-ASCII in header fields, in both directions (RFC 2047, with the language of RFC 2231 section 5).
//!
//! The rule for reading: what looks like an encoded word is one, wherever it stands, for too many senders put them where none may
//! be; what is not well-formed is kept as it stands. Neighbours of one charset are joined as bytes before they become text,
//! so that a character may be cut in two. The rule for writing: words, never characters, are cut; a line with an
//! encoded word has at most 76 columns.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use proto_core::base64::STANDARD;
use proto_core::scan::{self, Class};

use crate::lexical::{ATEXT, BLANK, Cursor, Set, TOKEN, lossy, margin, note, slice, text, trim, unfold};
use crate::quoted_printable::digit;
use crate::{Charset, Defect, DefectKind, Misuse, MisuseKind, check_value};

/// The text of an unstructured value, such as a subject: unfolded, its encoded words decoded, blanks at its ends gone.
///
/// ```
/// let value = b"Keld =?ISO-8859-1?Q?J=F8rn?= =?ISO-8859-1?Q?_Simonsen?=";
/// assert_eq!(mime::word::decode(value), "Keld Jørn Simonsen");
/// ```
#[must_use]
pub fn decode(value: &[u8]) -> Cow<'_, str> {
    decode_with(value, &mut Vec::new())
}

/// The same; what is wrong is appended to `defects`, offsets counted from the start of `value`.
#[must_use]
pub fn decode_with<'a>(value: &'a [u8], defects: &mut Vec<Defect>) -> Cow<'a, str> {
    let trimmed = trim(value);
    let Some(first) = find_start(trimmed, 0) else {
        return text(unfold(trimmed));
    };
    let mut joiner = Joiner::new(margin(value));
    // Words alone become text where they are.
    if first == 0 {
        joiner.bytes.reserve(trimmed.len())
    } else {
        joiner.out.reserve(trimmed.len())
    }
    joiner.read(trimmed, first, defects);
    Cow::Owned(joiner.finish(defects))
}

/// Where the next `=?` is.
fn find_start(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += scan::find_byte(b'=', bytes.get(at..)?)?;
        if bytes.get(at + 1) == Some(&b'?') {
            return Some(at);
        }
        at += 1;
    }
}

/// Whether there may be an encoded word in `bytes`.
pub(crate) fn is_suspect(bytes: &[u8]) -> bool {
    find_start(bytes, 0).is_some()
}

/// `=?charset*language?encoding?text?=`, taken apart but not decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EncodedWord<'a> {
    charset: &'a [u8],
    is_base64: bool,
    text: &'a [u8],
    /// Bytes it takes.
    pub(crate) len: usize,
}

/// What may stand within an encoded word that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Blanks and folds are forgiven: nothing else has a meaning here.
    Text,
    /// No blanks, no angle brackets.
    Phrase,
}

impl<'a> EncodedWord<'a> {
    /// The encoded word that `bytes` begin with (RFC 2047 section 2).
    pub(crate) fn parse(bytes: &'a [u8], place: Place) -> Option<Self> {
        let rest = bytes.strip_prefix(b"=?")?;
        let charset_len = rest.iter().position(|byte| !TOKEN.contains(*byte))?;
        let [b'?', encoding, b'?', encoded @ ..] = rest.get(charset_len..)? else { return None };
        let is_base64 = match encoding {
            b'B' | b'b' => true,
            b'Q' | b'q' => false,
            _ => return None,
        };
        let end = end_of_text(encoded, place)?;
        let labels = slice(rest, 0, charset_len);
        let charset = labels.split(|byte| *byte == b'*').next().filter(|charset| !charset.is_empty())?;
        let word = EncodedWord { charset, is_base64, text: slice(encoded, 0, end), len: 0 };
        Some(EncodedWord { len: charset_len + end + 7, ..word })
    }

    /// Appends the bytes it stands for; whether it was well-formed.
    fn decode(&self, out: &mut Vec<u8>) -> bool {
        if self.is_base64 { decode_b(self.text, out) } else { decode_q(self.text, out) }
    }
}

/// Where the `?=` is. A question mark that ends nothing is forgiven, the start of another word is not.
fn end_of_text(encoded: &[u8], place: Place) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + scan::find_byte(b'?', encoded.get(from..)?)?;
        if encoded.get(at + 1) == Some(&b'=') {
            let barred = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'<' | b'>');
            return (place == Place::Text || !slice(encoded, 0, at).iter().any(barred)).then_some(at);
        }
        if at > 0 && encoded.get(at - 1) == Some(&b'=') {
            return None;
        }
        from = at + 1;
    }
}

/// RFC 2047 section 4.1: base64. Junk is skipped, missing padding forgiven.
fn decode_b(text: &[u8], out: &mut Vec<u8>) -> bool {
    let read = STANDARD.decode_groups(text, out);
    let rest = slice(text, read, text.len());
    // What is as it should be is padded at most.
    if rest.is_empty() || rest.len() == 4 && STANDARD.decode_to(rest, out).is_ok() {
        return true;
    }
    let clean = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let digits: Vec<u8> = rest.iter().filter(clean).copied().collect();
    let read = STANDARD.decode_groups(&digits, out);
    let mut last = [b'A'; 4];
    let left = slice(&digits, read, digits.len());
    for (place, digit) in last.iter_mut().zip(left) {
        *place = *digit;
    }
    // Two characters hold a byte, three hold two.
    let keep = out.len() + left.len().saturating_sub(1);
    if left.len() > 1 {
        STANDARD.decode_groups(&last, out);
        out.truncate(keep);
    }
    let padding = rest.iter().filter(|byte| **byte == b'=').count();
    digits.len() + padding == rest.len() && rest.len().is_multiple_of(4)
}

/// What has a meaning of its own in the text of an encoded word, or none there.
static MARKED: Set = Set::of(Class::of(b"=_? \t\r\n"));

/// RFC 2047 section 4.2: quoted-printable, with `_` for a space.
fn decode_q(text: &[u8], out: &mut Vec<u8>) -> bool {
    let (mut cursor, mut fine) = (Cursor::new(text), true);
    loop {
        out.extend_from_slice(cursor.until(&MARKED));
        let Some(byte) = cursor.peek() else { return fine };
        cursor.at += 1;
        let escaped = match byte {
            b'=' => escaped_byte(slice(text, cursor.at, cursor.at + 2)),
            _ => None,
        };
        match (byte, escaped) {
            (_, Some(byte)) => (cursor.at, _) = (cursor.at + 2, out.push(byte)),
            (b'_', _) => out.push(b' '),
            (b'\r' | b'\n', _) => fine = false,
            (byte, _) => {
                fine = false;
                out.push(byte);
            }
        }
    }
}

/// The byte that two hexadecimal digits, in either case, stand for.
pub(crate) fn escaped_byte(digits: &[u8]) -> Option<u8> {
    let [high, low] = digits else { return None };
    Some(digit(*high)? << 4 | digit(*low)?)
}

/// Puts text and encoded words together.
pub(crate) struct Joiner<'a> {
    out: String,
    /// What words have said that is not text yet, all in one charset.
    bytes: Vec<u8>,
    charset: &'a [u8],
    /// Where the word began that `bytes` begin with.
    began: usize,
    /// Added to every offset.
    base: usize,
}

impl<'a> Joiner<'a> {
    /// Offsets count from `base` on.
    pub(crate) fn new(base: usize) -> Self {
        Joiner { out: String::new(), bytes: Vec::new(), charset: b"", began: 0, base }
    }

    /// Reads unstructured text, the first word of which may begin at `first`.
    pub(crate) fn read(&mut self, value: &'a [u8], first: usize, defects: &mut Vec<Defect>) {
        // Up to where it was read, and where to look on.
        let (mut read, mut next) = (0, Some(first));
        // Behind the last `?=` there is none to look for.
        let ends = value.windows(2).rposition(|two| two == b"?=").unwrap_or(0);
        while let Some(at) = next.filter(|at| *at < ends) {
            let rest = slice(value, at, value.len());
            let Some(word) = EncodedWord::parse(rest, Place::Text) else {
                note(defects, DefectKind::Word, self.base + at);
                next = find_start(value, at + 2);
                continue;
            };
            self.text_before_word(slice(value, read, at), read > 0, defects);
            let end = at + word.len;
            let apart = |byte: Option<&u8>| byte.is_none_or(|byte| BLANK.contains(*byte));
            if !apart(at.checked_sub(1).and_then(|at| value.get(at))) || !apart(value.get(end)) {
                note(defects, DefectKind::WordPlace, self.base + at);
            }
            self.word(&word, at, defects);
            (read, next) = (end, find_start(value, end));
        }
        if let Some(at) = next {
            note(defects, DefectKind::Word, self.base + at);
        }
        self.text(slice(value, read, value.len()), defects);
    }

    /// RFC 2047 section 6.2: blanks between two encoded words are not displayed.
    fn text_before_word(&mut self, between: &[u8], behind_word: bool, defects: &mut Vec<Defect>) {
        if !behind_word || between.iter().any(|byte| !BLANK.contains(*byte)) {
            self.text(between, defects);
        }
    }

    /// Appends plain text.
    pub(crate) fn text(&mut self, bytes: &[u8], defects: &mut Vec<Defect>) {
        if !bytes.is_empty() {
            self.flush(defects);
            self.out.push_str(&text(unfold(bytes)));
        }
    }

    /// Appends an encoded word that stands at `at`.
    pub(crate) fn word(&mut self, word: &EncodedWord<'a>, at: usize, defects: &mut Vec<Defect>) {
        if !word.charset.eq_ignore_ascii_case(self.charset) {
            self.flush(defects);
        }
        if self.bytes.is_empty() {
            (self.charset, self.began) = (word.charset, at);
            self.bytes.reserve(word.text.len());
        }
        if !word.decode(&mut self.bytes) {
            note(defects, DefectKind::Word, self.base + at);
        }
    }

    fn flush(&mut self, defects: &mut Vec<Defect>) {
        if self.bytes.is_empty() {
            return;
        }
        if self.charset.eq_ignore_ascii_case(b"utf-8") && self.flush_utf8() {
            return;
        }
        let name = core::str::from_utf8(self.charset).unwrap_or_default();
        let at = self.base + self.began;
        match Charset::named(name) {
            Some(charset) => {
                let (text, fits) = charset.decode_value(&self.bytes);
                self.out.push_str(&text);
                if !fits {
                    note(defects, DefectKind::CharsetBytes, at);
                }
            }
            None => {
                note(defects, DefectKind::Charset, at);
                self.out.push_str(&lossy(&self.bytes));
            }
        }
        self.bytes.clear();
    }

    /// The charset that is text already, without a copy if nothing stands before it; whether it was.
    fn flush_utf8(&mut self) -> bool {
        match String::from_utf8(core::mem::take(&mut self.bytes)) {
            Ok(text) if self.out.is_empty() => self.out = text,
            Ok(text) => {
                self.out.push_str(&text);
                self.bytes = text.into_bytes();
                self.bytes.clear();
            }
            Err(error) => {
                self.bytes = error.into_bytes();
                return false;
            }
        }
        true
    }

    /// All of it.
    pub(crate) fn finish(mut self, defects: &mut Vec<Defect>) -> String {
        self.flush(defects);
        self.out
    }
}

/// What a line that has an encoded word in it may take (RFC 2047 section 2).
const LINE: usize = 76;
/// What any other line should (RFC 5322 section 2.1.1).
const PLAIN_LINE: usize = 78;
/// `=?utf-8?q?` and `?=`.
const FRAME: usize = 12;
/// An encoded word is at most 75 characters long (RFC 2047 section 2).
const WORD: usize = 75;
/// Longer words without a blank can't be folded and are encoded, so that no line passes 998 (RFC 5322 section 2.1.1).
const UNFOLDABLE: usize = 900;

/// Appends `value` as unstructured text: folded, with what is not US-ASCII in encoded words. The line already has `column`
/// columns; returns the column it ends in.
///
/// # Errors
/// CR, LF or NUL in the value. Nothing is appended then.
pub fn write_text(value: &str, out: &mut Vec<u8>, column: usize) -> Result<usize, Misuse> {
    check_value(value.as_bytes())?;
    let pieces = pieces(value);
    let (mut column, mut rest) = (column, pieces.as_slice());
    while let [first, ..] = rest {
        let len = rest.iter().take_while(|piece| piece.coded == first.coded).count();
        let (run, behind) = rest.split_at(len);
        let (mut from, mut to) = (first.word, run.last().map_or(first.end, |last| last.end));
        if first.coded && first.blank == 0 {
            from = 0;
        }
        if behind.is_empty() {
            to = value.len();
        }
        let [blank, text] = [first.blank..from, from..to].map(|range| value.get(range).unwrap_or_default());
        column = match first.coded {
            true => write_words(blank, text, out, column),
            false => fold_plain(value.get(first.blank..to).unwrap_or_default(), out, column),
        };
        rest = behind;
    }
    Ok(column)
}

/// Appends `name` as a phrase: as atoms, a quoted string or encoded words (RFC 5322 section 3.2.5, RFC 2047 section 5 (3)).
/// The line already has `column` columns; returns the column it ends in.
///
/// # Errors
/// CR, LF or NUL in the name. Nothing is appended then.
pub fn write_phrase(name: &str, out: &mut Vec<u8>, column: usize) -> Result<usize, Misuse> {
    check_value(name.as_bytes())?;
    let printable = name.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if !printable || is_suspect(name.as_bytes()) || name.len() > UNFOLDABLE {
        return Ok(write_words("", name, out, column));
    }
    let is_atom = |word: &str| !word.is_empty() && word.bytes().all(|byte| ATEXT.contains(byte));
    if name.split(' ').all(is_atom) {
        return Ok(fold_plain(name, out, column));
    }
    let quoted = quoted(name);
    let column = make_room(quoted.len(), "", out, column, PLAIN_LINE);
    out.extend_from_slice(quoted.as_bytes());
    Ok(column + quoted.len())
}

/// `text` in quotes (RFC 5322 section 3.2.4).
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

/// A field name as it is written.
///
/// # Errors
/// It is empty, or has something else in it than visible US-ASCII, or a colon (RFC 5322 section 2.2).
pub fn check_field_name(name: &str) -> Result<(), Misuse> {
    match name.bytes().position(|byte| !byte.is_ascii_graphic() || byte == b':') {
        None if !name.is_empty() => Ok(()),
        at => Err(Misuse::new(MisuseKind::FieldName, at.unwrap_or(0))),
    }
}

/// A word of the text with the blanks in front of it.
struct Piece {
    blank: usize,
    word: usize,
    end: usize,
    /// It goes into an encoded word.
    coded: bool,
}

/// The words of `text`. Besides those that need it, those are coded that blanks depend on: at the ends of the text, where they
/// are lost, and where they are too many for a line.
fn pieces(text: &str) -> Vec<Piece> {
    let (mut pieces, mut at) = (Vec::<Piece>::new(), 0);
    while at < text.len() {
        let (blank, rest) = split_blank(text.get(at..).unwrap_or_default());
        let len = rest.find([' ', '\t']).unwrap_or(rest.len());
        let word = at + blank.len();
        let too_blank = blank.len() >= UNFOLDABLE || (len == 0 || at == 0) && !blank.is_empty();
        if let Some(last) = pieces.last_mut() {
            last.coded |= too_blank;
        }
        if len > 0 || pieces.is_empty() {
            let coded = too_blank || needs_coding(rest.get(..len).unwrap_or_default());
            pieces.push(Piece { blank: at, word, end: word + len, coded });
        }
        at = word + len;
    }
    pieces
}

/// Text that would not be read as it stands.
fn needs_coding(word: &str) -> bool {
    !word.bytes().all(|byte| byte.is_ascii_graphic())
        || is_suspect(word.as_bytes())
        || word.len() > UNFOLDABLE
}

/// Blanks in front, and the rest.
fn split_blank(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c| !matches!(c, ' ' | '\t')).unwrap_or(text.len()))
}

/// Writes words with folds between them where a line would pass 78 columns (RFC 5322 section 2.2.3).
fn fold_plain(text: &str, out: &mut Vec<u8>, mut column: usize) -> usize {
    let mut rest = text;
    while !rest.is_empty() {
        let (blank, word) = split_blank(rest);
        let len = word.find([' ', '\t']).unwrap_or(word.len());
        let (word, behind) = word.split_at(len);
        if !blank.is_empty() {
            column = make_room(word.len(), blank, out, column, PLAIN_LINE);
        }
        out.extend_from_slice(word.as_bytes());
        column += len;
        rest = behind;
    }
    column
}

/// Writes `blank` so that `len` more columns fit on the line, on a new line if need be. Where no blank may be, none comes.
fn make_room(len: usize, blank: &str, out: &mut Vec<u8>, column: usize, line: usize) -> usize {
    let fits = column + blank.len() + len <= line;
    // Without a blank in front a line can be broken only behind the one that stands there.
    let foldable = !blank.is_empty() || out.last().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
    if fits || !foldable || column <= 1 {
        out.extend_from_slice(blank.as_bytes());
        return column + blank.len();
    }
    if blank.is_empty() {
        let blank = out.pop().unwrap_or(b' ');
        out.extend_from_slice(b"\r\n");
        out.push(blank);
        return 1;
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(blank.as_bytes());
    blank.len()
}

/// Writes `blank`, then all of `text` in encoded words.
fn write_words(blank: &str, text: &str, out: &mut Vec<u8>, column: usize) -> usize {
    let in_q: usize = text.chars().map(q_len).sum();
    // A text that is mostly US-ASCII stays legible (RFC 2047 section 4).
    let is_base64 = in_q > text.len() * 2;
    // Where less than this fits, a new line is better.
    let mut column = make_room(FRAME + 12, blank, out, column, LINE);
    let mut rest = text;
    while !rest.is_empty() {
        if rest.len() < text.len() {
            out.extend_from_slice(b"\r\n ");
            column = 1;
        }
        let room = LINE.saturating_sub(column).min(WORD).saturating_sub(FRAME).max(12);
        let (piece, behind) = rest.split_at(fitting(rest, is_base64, room));
        let from = out.len();
        push_word(piece, is_base64, out);
        column += out.len() - from;
        rest = behind;
    }
    column
}

/// How much of `text` fits into `room` characters of one encoded word: whole characters (RFC 2047 section 5), one at least.
fn fitting(text: &str, is_base64: bool, room: usize) -> usize {
    let (mut len, mut cost) = (0, 0);
    for character in text.chars() {
        let bytes = len + character.len_utf8();
        cost = if is_base64 { bytes.div_ceil(3) * 4 } else { cost + q_len(character) };
        if cost > room && len > 0 {
            break;
        }
        len = bytes;
    }
    len
}

/// RFC 2047 section 5 (3): what needs no escape even in a phrase.
fn is_q_safe(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'!' | b'*' | b'+' | b'-' | b'/')
}

fn q_len(character: char) -> usize {
    match u8::try_from(character) {
        Ok(byte) if byte == b' ' || is_q_safe(byte) => 1,
        _ => 3 * character.len_utf8(),
    }
}

fn push_word(text: &str, is_base64: bool, out: &mut Vec<u8>) {
    if is_base64 {
        out.extend_from_slice(b"=?utf-8?b?");
        STANDARD.encode_to(text.as_bytes(), out);
    } else {
        out.extend_from_slice(b"=?utf-8?q?");
        for byte in text.bytes() {
            match byte {
                b' ' => out.push(b'_'),
                byte if is_q_safe(byte) => out.push(byte),
                byte => out.extend_from_slice(&escaped(byte)),
            }
        }
    }
    out.extend_from_slice(b"?=");
}

/// `=` and two upper case hexadecimal digits.
fn escaped(byte: u8) -> [u8; 3] {
    let digit = |value: u8| if value < 10 { b'0' + value } else { b'A' + value - 10 };
    [b'=', digit(byte >> 4), digit(byte & 0xF)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    fn read(value: &str) -> (String, Vec<(DefectKind, u64)>) {
        let mut defects = Vec::new();
        let text = decode_with(value.as_bytes(), &mut defects).into_owned();
        (text, defects.iter().map(|defect| (defect.kind, defect.offset)).collect())
    }

    #[test]
    fn words_are_read_where_they_may_be() {
        for (value, meant) in [
            (" plain ", "plain"),
            ("folded\r\n text\n\tagain", "folded text\tagain"),
            ("=?utf-8?q?=C3=A9?= x =?utf-8?b?w6k=?=", "é x é"),
            ("=?utf-8?q?a?=\r\n =?UTF-8?Q?b?=", "ab"),
            ("=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "é"),
            ("=?utf-8?b?w?= =?utf-8?b?w6k=?=", "é"),
            ("=?utf-8*en?q?a_b?=", "a b"),
            ("=?utf-8?q??=", ""),
            ("1 =? 2 ?= 3", "1 =? 2 ?= 3"),
        ] {
            assert_eq!(read(value).0, meant, "{value:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_read_all_the_same_and_named() {
        use DefectKind::{Charset, CharsetBytes, Word, WordPlace};
        for (value, meant, defects) in [
            ("x=?utf-8?q?y?=", "xy", vec![(WordPlace, 1)]),
            ("=?utf-8?q?a?==?utf-8?q?b?=", "ab", vec![(WordPlace, 0), (WordPlace, 13)]),
            (" \"=?utf-8?q?a?=\"", "\"a\"", vec![(WordPlace, 2)]),
            ("=?x-no?q?a=FFb?=", "a\u{FFFD}b", vec![(Charset, 0)]),
            ("=?utf-8?q?=FF?=", "\u{FFFD}", vec![(CharsetBytes, 0)]),
            ("=?utf-8?q?=G1?=", "=G1", vec![(Word, 0)]),
            ("=?utf-8?q?a b?=", "a b", vec![(Word, 0)]),
            ("=?utf-8?q?what??=", "what?", vec![(Word, 0)]),
            ("=?utf-8?b?YQ?=", "a", vec![(Word, 0)]),
            ("=?utf-8?b?Y*Q==?=", "a", vec![(Word, 0)]),
            ("=?utf-8?x?a?=", "=?utf-8?x?a?=", vec![(Word, 0)]),
            ("=?utf-8?q?a =?utf-8?q?b?=", "=?utf-8?q?a b", vec![(Word, 0)]),
            ("=?utf-8?q?a", "=?utf-8?q?a", vec![(Word, 0)]),
            ("=??q?a?=", "=??q?a?=", vec![(Word, 0)]),
        ] {
            assert_eq!(read(value), (meant.to_string(), defects), "{value:?}");
        }
    }

    fn text_of(value: &str) -> String {
        let mut out = Vec::new();
        write_text(value, &mut out, 9).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn only_what_needs_it_is_encoded() {
        for (value, written) in [
            ("plain text", "plain text"),
            ("caf\u{e9} au lait", "=?utf-8?q?caf=C3=A9?= au lait"),
            ("un caf\u{e9} cr\u{e8}me fin", "un =?utf-8?q?caf=C3=A9_cr=C3=A8me?= fin"),
            ("\u{65e5}\u{672c}\u{8a9e}", "=?utf-8?b?5pel5pys6Kqe?="),
            ("=?utf-8?q?a?=", "=?utf-8?q?=3D=3Futf-8=3Fq=3Fa=3F=3D?="),
            (" blank", "=?utf-8?q?_blank?="),
            ("blank ", "=?utf-8?q?blank_?="),
            ("a blank ", "a =?utf-8?q?blank_?="),
            (" ", "=?utf-8?q?_?="),
            ("two  blanks", "two  blanks"),
            ("", ""),
        ] {
            assert_eq!(text_of(value), written);
        }
    }

    #[test]
    fn phrases_are_atoms_quotes_or_words() {
        for (name, written) in [
            ("John Doe", "John Doe"),
            ("John Q. Public", "\"John Q. Public\""),
            ("a\"b\\c", "\"a\\\"b\\\\c\""),
            ("J\u{f8}rn", "=?utf-8?q?J=C3=B8rn?="),
            ("", "\"\""),
            ("two  blanks", "\"two  blanks\""),
        ] {
            let mut out = Vec::new();
            write_phrase(name, &mut out, 0).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), written);
        }
    }

    #[test]
    fn line_ends_and_nul_are_refused() {
        let mut out = Vec::new();
        assert_eq!(write_text("a\nb", &mut out, 0), Err(Misuse::new(MisuseKind::LineBreak, 1)));
        assert_eq!(write_phrase("ab\r", &mut out, 0), Err(Misuse::new(MisuseKind::LineBreak, 2)));
        assert_eq!(write_text("\0", &mut out, 0), Err(Misuse::new(MisuseKind::Nul, 0)));
        assert!(out.is_empty());
    }

    proptest! {
        #[test]
        fn text_survives(value in "([ -~]|[ \t]|=\\?|é|日|😀|[a-z]{1,90}){0,60}") {
            let written = text_of(&value);
            for (number, line) in written.split("\r\n").enumerate() {
                prop_assert!(line.len() <= 998 && (number == 0 || line.starts_with([' ', '\t'])));
                prop_assert!(number == 0 || !line.trim().is_empty());
            }
            prop_assert_eq!(read(&written), (value, vec![]));
        }
    }
}

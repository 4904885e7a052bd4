//! The smallest things fields are made of: blanks and comments, tokens, quoted strings, in the raw bytes of a value, folds and
//! all.
//!
//! The rule: nothing fails and nothing recurses. What does not end ends with the value, and a defect says so; offsets count
//! from the start of the value.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use proto_core::scan::Class;

use crate::{Defect, DefectKind, Limits, Misuse, MisuseKind};

/// A set of bytes for loops that look at one byte at a time: a [`Class`] laid out as a table.
#[derive(Debug)]
pub(crate) struct Set([bool; 256]);

impl Set {
    pub(crate) const fn of(class: Class) -> Set {
        let (mut table, mut byte) = ([false; 256], 0_u8);
        loop {
            let (_, from) = table.split_at_mut(byte as usize);
            if let [place, ..] = from {
                *place = class.contains(byte);
            }
            if byte == u8::MAX {
                return Set(table);
            }
            byte += 1;
        }
    }

    #[inline]
    pub(crate) fn contains(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte)).is_some_and(|is_in| *is_in)
    }
}

/// RFC 5322 section 3.2.3 with RFC 6532 section 3.2: what an atom is made of.
pub(crate) const ATEXT_CLASS: Class =
    Class::ALPHA.or(Class::DIGIT).or(Class::of(b"!#$%&'*+-/=?^_`{|}~")).or(Class::EIGHT_BIT);
pub(crate) static ATEXT: Set = Set::of(ATEXT_CLASS);
/// RFC 2045 section 5.1: visible, and not one of `()<>@,;:\"/[]?=`.
pub(crate) const TOKEN_CLASS: Class = Class::VCHAR.and(Class::of(b"()<>@,;:\\\"/[]?=").not());
pub(crate) static TOKEN: Set = Set::of(TOKEN_CLASS);
/// Blanks and what folds are made of.
pub(crate) const BLANK_CLASS: Class = Class::of(b" \t\r\n");
pub(crate) static BLANK: Set = Set::of(BLANK_CLASS);

/// More defects than anybody reads. Beyond it they are not listed.
const MAX_DEFECTS: usize = 10_000;

/// Remembers a defect.
pub(crate) fn note(defects: &mut Vec<Defect>, kind: DefectKind, at: usize) {
    if defects.len() < MAX_DEFECTS {
        defects.push(Defect::new(kind, at as u64));
    }
}

/// Moves the defects from `first` on: they were counted from a place `by` bytes further on.
pub(crate) fn shift(defects: &mut [Defect], first: usize, by: u64) {
    for defect in defects.iter_mut().skip(first) {
        *defect = defect.moved(by);
    }
}

/// That `text` is one byte of `set` or more and nothing else.
pub(crate) fn check_token(text: &str, set: &Set) -> Result<(), Misuse> {
    match text.bytes().position(|byte| !set.contains(byte)) {
        None if !text.is_empty() => Ok(()),
        at => Err(Misuse::new(MisuseKind::Token, at.unwrap_or(0))),
    }
}

/// `bytes[from..to]`, empty where that does not exist.
#[inline]
pub(crate) fn slice(bytes: &[u8], from: usize, to: usize) -> &[u8] {
    bytes.get(from..to).unwrap_or_default()
}

/// A place in a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) at: usize,
}

/// A quoted string as it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quoted<'a> {
    /// What stands between the quotes.
    pub(crate) raw: &'a [u8],
    /// It has no backslash and no fold: it means what it says.
    pub(crate) plain: bool,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Cursor { bytes, at: 0 }
    }

    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// Steps over `byte` if it is next.
    #[inline]
    pub(crate) fn skip(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// What stands from `from` to here.
    pub(crate) fn since(&self, from: usize) -> &'a [u8] {
        slice(self.bytes, from, self.at)
    }

    /// As many bytes of `set` as come next.
    #[inline]
    pub(crate) fn run(&mut self, set: &Set) -> &'a [u8] {
        let from = self.at;
        let rest = slice(self.bytes, from, self.bytes.len());
        self.at += rest.iter().position(|byte| !set.contains(*byte)).unwrap_or(rest.len());
        self.since(from)
    }

    /// Up to the next byte of `set`, or the end.
    pub(crate) fn until(&mut self, set: &Set) -> &'a [u8] {
        let from = self.at;
        let rest = slice(self.bytes, from, self.bytes.len());
        self.at += rest.iter().position(|byte| set.contains(*byte)).unwrap_or(rest.len());
        self.since(from)
    }

    /// Blanks, folds and comments (RFC 5322 section 3.2.2).
    #[inline]
    pub(crate) fn skip_cfws(&mut self, limits: &Limits, defects: &mut Vec<Defect>) {
        loop {
            self.run(&BLANK);
            if self.peek() != Some(b'(') {
                return;
            }
            self.comment(limits, defects);
        }
    }

    /// A comment, comments within it included; the cursor is at its `(`. What stands between the outer parentheses.
    pub(crate) fn comment(&mut self, limits: &Limits, defects: &mut Vec<Defect>) -> &'a [u8] {
        let from = self.at;
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'(' => depth += 1,
                b')' => depth -= 1,
                b'\\' => self.at += 1,
                _ => continue,
            }
            if byte == b'(' && depth == limits.comment_depth.saturating_add(1) {
                note(defects, DefectKind::CommentDepth, self.at - 1);
            }
            if depth == 0 {
                return slice(self.bytes, from + 1, self.at - 1);
            }
        }
        self.at = self.bytes.len();
        note(defects, DefectKind::Comment, from);
        slice(self.bytes, from + 1, self.at)
    }

    /// A quoted string (RFC 5322 section 3.2.4); the cursor is at its opening quote.
    pub(crate) fn quoted_string(&mut self, defects: &mut Vec<Defect>) -> Quoted<'a> {
        let from = self.at;
        let mut plain = true;
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'"' => return Quoted { raw: slice(self.bytes, from + 1, self.at - 1), plain },
                b'\\' => (self.at, plain) = (self.at + 1, false),
                b'\r' | b'\n' => plain = false,
                _ => {}
            }
        }
        self.at = self.bytes.len();
        note(defects, DefectKind::Unterminated, from);
        Quoted { raw: slice(self.bytes, from + 1, self.at), plain }
    }
}

impl<'a> Quoted<'a> {
    /// What it means: without backslashes and line ends.
    pub(crate) fn value(self) -> Cow<'a, [u8]> {
        if self.plain {
            return Cow::Borrowed(self.raw);
        }
        let mut value = Vec::with_capacity(self.raw.len());
        let mut bytes = self.raw.iter();
        while let Some(byte) = bytes.next() {
            match byte {
                // A line end is never what is quoted: the fold goes, the backslash with it.
                b'\\' => value.extend(bytes.next().filter(|byte| !matches!(byte, b'\r' | b'\n'))),
                b'\r' | b'\n' => {}
                byte => value.push(*byte),
            }
        }
        Cow::Owned(value)
    }
}

/// How many blanks, folds among them, a value begins with; what is nothing but blanks ends with its first line.
pub(crate) fn margin(value: &[u8]) -> usize {
    let text = value.iter().position(|byte| !BLANK.contains(*byte));
    text.unwrap_or_else(|| value.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count())
}

/// Blanks at both ends gone.
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    let from = bytes.iter().position(|byte| !BLANK.contains(*byte)).unwrap_or(bytes.len());
    let to = bytes.iter().rposition(|byte| !BLANK.contains(*byte)).map_or(from, |last| last + 1);
    slice(bytes, from, to)
}

/// Without line ends: RFC 5322 section 2.2.3. A bare CR stays, it is no line end.
pub(crate) fn unfold(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !bytes.contains(&b'\n') {
        return Cow::Borrowed(bytes);
    }
    let mut unfolded = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
        unfolded.extend_from_slice(line);
    }
    Cow::Owned(unfolded)
}

/// Bytes as text: US-ASCII or UTF-8 (RFC 6532 section 3.1), U+FFFD for what is neither.
pub(crate) fn text(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }),
    }
}

/// UTF-8, U+FFFD for what is not. Owned only if something was replaced.
pub(crate) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    // The check of the whole is much faster than the search for what to replace.
    core::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

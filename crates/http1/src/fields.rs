//! Fields (RFC 9110 section 5): an index of spans over the bytes they came in, their order, case and repetition kept.
//!
//! [`Fields`] is the index alone and is used again for the next head; [`FieldSection`] is the index with its bytes, for
//! looking things up. Nothing is copied: a name or a value is always a slice of the head.

use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use crate::known;
use crate::shape::{Line, Shape};
use crate::syntax::{
    first_not_token, first_not_value, is_blank, is_control, is_plain_value, slice, text, trim,
};
use crate::{Error, ErrorKind, Known};

/// Entry number of a field that is not known.
const UNKNOWN: u8 = known::NONE;

/// Where one field line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The name's first byte.
    start: u32,
    /// The colon.
    name_end: u32,
    /// The value's first byte, behind white space.
    value: u32,
    /// Behind the value's last byte, before white space.
    value_end: u32,
    /// Its number, or [`UNKNOWN`].
    id: u8,
}

impl Entry {
    fn name(self, bytes: &[u8]) -> &[u8] {
        slice(bytes, self.start as usize, self.name_end as usize)
    }

    fn value(self, bytes: &[u8]) -> &[u8] {
        slice(bytes, self.value as usize, self.value_end as usize)
    }

    fn known(self) -> Option<Known> {
        Known::from_number(self.id)
    }

    fn line(self, bytes: &[u8]) -> FieldLine<'_> {
        FieldLine { known: self.known(), name: text(self.name(bytes)), value: self.value(bytes) }
    }
}

/// An index of field lines: spans and numbers, no bytes. Keep one and parse head after head with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    entries: Vec<Entry>,
    /// A [`Known::mark`] for each that is there.
    seen: u64,
    /// A [`Known::mark`] for each that is there more than once.
    repeated: u64,
}

impl Fields {
    /// An empty index. Allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Fields { entries: Vec::new(), seen: 0, repeated: 0 }
    }

    /// Forgets all fields, keeps the room.
    pub fn clear(&mut self) {
        self.entries.clear();
        (self.seen, self.repeated) = (0, 0);
    }

    /// How many field lines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// There is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// At least one of these is there (sets of [`Known::mark`]).
    #[inline]
    pub(crate) fn has_any(&self, marks: u64) -> bool {
        self.seen & marks != 0
    }

    /// At least one of these is there more than once.
    #[inline]
    pub(crate) fn repeats_any(&self, marks: u64) -> bool {
        self.repeated & marks != 0
    }

    /// Reads a field line, `line` being without its line end and beginning at `at` of the head.
    ///
    /// RFC 9112 section 5: `field-name ":" OWS field-value OWS`, no white space before the colon, no folding.
    pub(crate) fn push_line(&mut self, line: &[u8], at: usize) -> Result<(), Error> {
        let colon = end_of_name(line).map_err(|error| Error { offset: at + error.offset, ..error })?;
        let name = slice(line, 0, colon);
        let raw = slice(line, colon + 1, line.len());
        let (value, skipped) = match raw.strip_prefix(b" ") {
            Some(value) if is_plain_value(value) => (value, 1),
            _ => match first_not_value(raw) {
                Some(bad) => return Err(Error::peer(ErrorKind::ControlCharacter, at + colon + 1 + bad)),
                None => (trim(raw), raw.iter().take_while(|&&byte| is_blank(byte)).count()),
            },
        };
        let start = at + colon + 1 + skipped;
        let place = |at: usize| u32::try_from(at).map_err(|_| Error::peer(ErrorKind::FieldLineTooLong, at));
        let slot = known::look_up(name).unwrap_or(&known::UNKNOWN);
        self.add(
            slot.mark,
            Entry {
                start: place(at)?,
                name_end: place(at + colon)?,
                value: place(start)?,
                value_end: place(start + value.len())?,
                id: slot.number,
            },
        );
        Ok(())
    }

    /// Adds the lines of `shape` from `at` on that are there and as they should be, to no more than `most` in all.
    /// `base`, where its bytes begin in the head, and their length are within `u32`. Says where it stopped, and whether
    /// behind the empty line at the end.
    pub(crate) fn leap(&mut self, shape: &Shape<'_>, base: usize, at: usize, most: usize) -> (usize, bool) {
        #[expect(clippy::cast_possible_truncation, reason = "the caller has seen to it")]
        let place = |at: usize| (base + at) as u32;
        let (mut at, mut seen, mut repeated) = (at, self.seen, self.repeated);
        let ended = loop {
            if shape.ends_at(at) {
                break false;
            }
            let line = match shape.field_line(at) {
                Line::Field(line) if self.entries.len() < most => line,
                Line::Empty => break true,
                _ => break false,
            };
            repeated |= seen & line.slot.mark;
            seen |= line.slot.mark;
            self.entries.push(Entry {
                start: place(at),
                name_end: place(line.name_end),
                value: place(line.value),
                value_end: place(line.value_end),
                id: line.slot.number,
            });
            at = line.end + 2;
        };
        (self.seen, self.repeated) = (seen, repeated);
        (if ended { at + 2 } else { at }, ended)
    }

    #[inline]
    fn add(&mut self, mark: u64, entry: Entry) {
        self.repeated |= self.seen & mark;
        self.seen |= mark;
        self.entries.push(entry);
    }
}

/// Where the colon is, if all before it is a token.
fn end_of_name(line: &[u8]) -> Result<usize, Error> {
    let Some(end) = first_not_token(line) else {
        return Err(Error::peer(ErrorKind::NoColon, line.len()));
    };
    let kind = match line.get(end) {
        Some(b':') if end > 0 => return Ok(end),
        Some(&byte) if is_blank(byte) && end == 0 => ErrorKind::FoldedLine,
        Some(&byte) if is_control(byte) => ErrorKind::ControlCharacter,
        _ => ErrorKind::FieldName,
    };
    Err(Error::peer(kind, end))
}

/// One field line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FieldLine<'a> {
    /// Which known field this is, if one.
    pub known: Option<Known>,
    /// The name, its case kept.
    pub name: &'a str,
    /// The value, without white space at its ends. Bytes from 0x80 on are opaque (RFC 9110 section 5.5).
    pub value: &'a [u8],
}

impl<'a> FieldLine<'a> {
    /// The value as text, if it is ASCII or UTF-8.
    #[must_use]
    pub fn text(&self) -> Option<&'a str> {
        core::str::from_utf8(self.value).ok()
    }
}

impl fmt::Debug for FieldLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.value.escape_ascii())
    }
}

/// What a field can be looked up by: a [`Known`] number, or a name in any case.
pub trait FieldName: Copy {
    /// Which known field this is, if one.
    fn known(self) -> Option<Known>;
    /// The name.
    fn name(&self) -> &str;
    /// It is surely spelled as [`Known::as_str`] has it.
    fn is_usual(self) -> bool {
        false
    }
}

impl FieldName for Known {
    fn known(self) -> Option<Known> {
        Some(self)
    }

    fn name(&self) -> &str {
        self.as_str()
    }

    fn is_usual(self) -> bool {
        true
    }
}

impl FieldName for &str {
    fn known(self) -> Option<Known> {
        Known::find(self.as_bytes())
    }

    fn name(&self) -> &str {
        self
    }
}

/// Fields with the bytes they are in: a header or trailer section.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FieldSection<'a> {
    bytes: &'a [u8],
    fields: &'a Fields,
}

impl<'a> FieldSection<'a> {
    /// `fields` must be the index of `bytes`; of other bytes it tells nonsense, but nothing worse.
    pub(crate) fn new(bytes: &'a [u8], fields: &'a Fields) -> Self {
        FieldSection { bytes, fields }
    }

    /// How many field lines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// There is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// At least one of these is there (sets of [`Known::mark`]).
    #[inline]
    pub(crate) fn has_any(&self, marks: u64) -> bool {
        self.fields.has_any(marks)
    }

    /// At least one of these is there more than once.
    #[inline]
    pub(crate) fn repeats_any(&self, marks: u64) -> bool {
        self.fields.repeats_any(marks)
    }

    /// All field lines, in order.
    pub fn iter(&self) -> impl Iterator<Item = FieldLine<'a>> + use<'a> {
        let bytes = self.bytes;
        self.fields.entries.iter().map(move |entry| entry.line(bytes))
    }

    /// The values of all lines with this name, in order.
    pub fn all<N: FieldName>(&self, name: N) -> impl Iterator<Item = &'a [u8]> + use<'a, N> {
        let bytes = self.bytes;
        let known = name.known();
        let some = known.is_none_or(|known| self.fields.has_any(known.mark()));
        let entries = if some { self.fields.entries.as_slice() } else { &[] };
        entries
            .iter()
            .filter(move |entry| is_named(**entry, bytes, known, &name))
            .map(|entry| entry.value(bytes))
    }

    /// The value of the first line with this name.
    #[must_use]
    pub fn first(&self, name: impl FieldName) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// The value of the first line of this field.
    #[inline]
    pub(crate) fn first_known(&self, known: Known) -> Option<&'a [u8]> {
        let entry = self.fields.entries.iter().find(|entry| entry.id == known as u8)?;
        Some(entry.value(self.bytes))
    }

    /// The value of the first line with this name, as text; `None` also if it is not UTF-8.
    #[must_use]
    pub fn text(&self, name: impl FieldName) -> Option<&'a str> {
        core::str::from_utf8(self.first(name)?).ok()
    }

    /// There is a line with this name.
    #[must_use]
    pub fn has(&self, name: impl FieldName) -> bool {
        self.first(name).is_some()
    }

    /// The elements of a comma-separated list over all lines with this name, empty ones left out (RFC 9110 section
    /// 5.6.1). A comma inside a quoted string does not separate.
    pub fn elements<N: FieldName>(&self, name: N) -> impl Iterator<Item = &'a [u8]> + use<'a, N> {
        self.all(name).flat_map(Elements::new).filter(|element| !element.is_empty())
    }

    /// One of the elements is this token, in any case: `Connection: close`, `TE: trailers`.
    #[must_use]
    pub fn has_token(&self, name: impl FieldName, token: &str) -> bool {
        self.elements(name).any(|element| element.eq_ignore_ascii_case(token.as_bytes()))
    }
}

impl fmt::Debug for FieldSection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

fn is_named(entry: Entry, bytes: &[u8], known: Option<Known>, name: &impl FieldName) -> bool {
    match known {
        Some(known) => entry.id == known as u8,
        None => entry.id == UNKNOWN && entry.name(bytes).eq_ignore_ascii_case(name.name().as_bytes()),
    }
}

/// The elements of one line's list, trimmed, empty ones included.
pub(crate) struct Elements<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Elements<'a> {
    pub(crate) fn new(value: &'a [u8]) -> Self {
        Elements { rest: Some(value) }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let end = end_of_element(rest);
        self.rest = rest.get(end + 1..);
        Some(trim(slice(rest, 0, end)))
    }
}

/// Up to a comma outside a quoted string (RFC 9110 sections 5.6.1 and 5.6.4).
fn end_of_element(bytes: &[u8]) -> usize {
    let mut quoted = false;
    let mut escaped = false;
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => return at,
            _ => {}
        }
    }
    bytes.len()
}

/// An owned trailer section (RFC 9110 section 6.5): kept apart from the header section, never merged into it.
#[derive(Clone, PartialEq, Eq)]
pub struct Trailers {
    bytes: Bytes,
    fields: Fields,
}

impl Trailers {
    pub(crate) fn new(bytes: Bytes, fields: Fields) -> Self {
        Trailers { bytes, fields }
    }

    /// Its fields.
    #[must_use]
    pub fn fields(&self) -> FieldSection<'_> {
        FieldSection::new(&self.bytes, &self.fields)
    }
}

impl fmt::Debug for Trailers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fields().fmt(f)
    }
}

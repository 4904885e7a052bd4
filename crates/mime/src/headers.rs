//! Fields of a header section, found but not read: a value is taken apart when somebody asks for it.
//!
//! The rule: fields are listed in wire order, all of them, and where one may be there only once the first counts.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use crate::lexical::{lossy, note, shift, slice};
use crate::section::Entry;
use crate::{
    Addresses, DateTime, Defect, DefectKind, Disposition, Limits, MediaType, MessageIds, Received, word,
};

/// The header section of a message or part: an index over its bytes.
#[derive(Clone, Copy)]
pub struct Headers<'a> {
    bytes: &'a [u8],
    /// Where it begins in the message.
    base: u64,
    entries: &'a [Entry],
    limits: &'a Limits,
}

impl<'a> Headers<'a> {
    pub(crate) const fn new(bytes: &'a [u8], base: u64, entries: &'a [Entry], limits: &'a Limits) -> Self {
        Headers { bytes, base, entries, limits }
    }

    /// All fields, in wire order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Field<'a>> + use<'a> {
        let section = *self;
        self.entries.iter().map(move |entry| section.field(entry))
    }

    /// The first field of this name, in any case.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<Field<'a>> {
        let entry = self.entries.iter().find(|entry| self.is_named(entry, name))?;
        Some(self.field(entry))
    }

    /// All fields of this name, in any case, in wire order: of trace fields the newest is first.
    pub fn all<'n>(&self, name: &'n str) -> impl Iterator<Item = Field<'a>> + use<'a, 'n> {
        let section = *self;
        let named = move |entry: &&Entry| section.is_named(entry, name);
        self.entries.iter().filter(named).map(move |entry| section.field(entry))
    }

    /// There is a field of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// How many fields there are, those without a name among them.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// There is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The section as it stands, without the blank line behind it.
    #[must_use]
    pub const fn raw(&self) -> &'a [u8] {
        self.bytes
    }

    /// What is wrong with the fields is appended to `defects`, offsets counted from the start of the message: the values of
    /// those this crate knows, and what is there twice but may be there once (RFC 5322 section 3.6, RFC 2045 section 3).
    pub fn check(&self, defects: &mut Vec<Defect>) {
        let mut seen = 0_u32;
        for field in self.iter() {
            if let Some(bit) = singleton(field.name()) {
                if seen >> bit & 1 == 1 {
                    note(defects, DefectKind::DuplicateSingleton, 0);
                    let last = defects.len().saturating_sub(1);
                    shift(defects, last, field.offset());
                }
                seen |= 1 << bit;
            }
            field.check(self.limits, defects);
        }
    }

    #[inline]
    fn is_named(&self, entry: &Entry, name: &str) -> bool {
        // Most are of another length.
        entry.name_len as usize == name.len() && {
            let from = entry.start as usize;
            slice(self.bytes, from, from + name.len()).eq_ignore_ascii_case(name.as_bytes())
        }
    }

    fn field(&self, entry: &Entry) -> Field<'a> {
        let from = entry.start as usize;
        Field {
            raw: slice(self.bytes, from, entry.end as usize),
            name_len: entry.name_len as usize,
            value: (entry.value - entry.start) as usize,
            offset: self.base + u64::from(entry.start),
        }
    }
}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// RFC 5322 section 3.6, RFC 2045 section 3, RFC 2183 section 2: what may be there once at most.
const SINGLETONS: [&str; 18] = [
    "date",
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "bcc",
    "message-id",
    "in-reply-to",
    "references",
    "subject",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-id",
    "content-description",
    "content-disposition",
    "return-path",
];

fn singleton(name: &str) -> Option<usize> {
    SINGLETONS.iter().position(|known| known.eq_ignore_ascii_case(name))
}

/// What kind of value a field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Addresses,
    Date,
    Ids,
    MediaType,
    Disposition,
    Received,
    Other,
}

const KINDS: [(&str, Kind); 29] = [
    ("subject", Kind::Text),
    ("comments", Kind::Text),
    ("keywords", Kind::Text),
    ("content-description", Kind::Text),
    ("from", Kind::Addresses),
    ("to", Kind::Addresses),
    ("cc", Kind::Addresses),
    ("bcc", Kind::Addresses),
    ("sender", Kind::Addresses),
    ("reply-to", Kind::Addresses),
    ("resent-from", Kind::Addresses),
    ("resent-to", Kind::Addresses),
    ("resent-cc", Kind::Addresses),
    ("resent-bcc", Kind::Addresses),
    ("resent-sender", Kind::Addresses),
    ("disposition-notification-to", Kind::Addresses),
    ("mail-followup-to", Kind::Addresses),
    ("date", Kind::Date),
    ("resent-date", Kind::Date),
    ("delivery-date", Kind::Date),
    ("message-id", Kind::Ids),
    ("resent-message-id", Kind::Ids),
    ("content-id", Kind::Ids),
    ("references", Kind::Ids),
    ("content-type", Kind::MediaType),
    ("content-disposition", Kind::Disposition),
    ("received", Kind::Received),
    ("return-path", Kind::Other),
    ("in-reply-to", Kind::Other),
];

fn kind(name: &str) -> Kind {
    KINDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or(Kind::Other, |(_, kind)| *kind)
}

/// One field: its name, its value as it stands, and what that means for whoever asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    raw: &'a [u8],
    name_len: usize,
    value: usize,
    offset: u64,
}

impl<'a> Field<'a> {
    pub(crate) const fn new(raw: &'a [u8], name_len: usize, value: usize, offset: u64) -> Self {
        Field { raw, name_len, value, offset }
    }

    /// The name, its case kept; empty if the line has none.
    #[must_use]
    pub fn name(&self) -> &'a str {
        core::str::from_utf8(slice(self.raw, 0, self.name_len)).unwrap_or_default()
    }

    /// Whether it is called so, in any case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }

    /// The value as it stands, folds and all, without blanks in front and without the last line end.
    #[must_use]
    pub fn value(&self) -> &'a [u8] {
        let (from, to) = self.value_bounds();
        slice(self.raw, from, to)
    }

    fn value_bounds(&self) -> (usize, usize) {
        let value = slice(self.raw, self.value, self.raw.len());
        let blanks = value.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let line = value.strip_suffix(b"\n").map_or(value, |line| line.strip_suffix(b"\r").unwrap_or(line));
        (self.value + blanks.min(line.len()), self.value + line.len())
    }

    /// The whole field as it stands: name, colon, value, line ends.
    #[must_use]
    pub const fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// Where it begins in the message.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Where [`raw`](Field::raw) is in the message.
    #[must_use]
    pub const fn range(&self) -> Range<u64> {
        self.offset..self.offset + self.raw.len() as u64
    }

    /// Where [`value`](Field::value) begins in the message.
    #[must_use]
    pub fn value_offset(&self) -> u64 {
        self.offset + self.value_bounds().0 as u64
    }

    /// The value as unstructured text: unfolded, trimmed, encoded words decoded.
    #[must_use]
    pub fn text(&self) -> Cow<'a, str> {
        word::decode(self.value())
    }

    /// The value as text, unfolded and nothing else.
    #[must_use]
    pub fn unfolded(&self) -> Cow<'a, str> {
        crate::lexical::text(crate::lexical::unfold(self.value()))
    }

    /// The value as a list of addresses.
    #[must_use]
    pub const fn addresses_within(&self, limits: Limits) -> Addresses<'a> {
        Addresses::with_limits(self.raw_value(), limits)
    }

    /// The value as a list of addresses.
    #[must_use]
    pub const fn addresses(&self) -> Addresses<'a> {
        Addresses::new(self.raw_value())
    }

    /// The value as a date.
    #[must_use]
    pub fn date(&self) -> Option<DateTime> {
        DateTime::parse(self.raw_value())
    }

    /// The value as message identifiers.
    #[must_use]
    pub const fn message_ids(&self) -> MessageIds<'a> {
        MessageIds::new(self.raw_value())
    }

    /// The value as a media type.
    #[must_use]
    pub fn media_type(&self) -> Option<MediaType<'a>> {
        MediaType::parse(self.raw_value())
    }

    /// The value as a disposition.
    #[must_use]
    pub fn disposition(&self) -> Option<Disposition<'a>> {
        Disposition::parse(self.raw_value())
    }

    /// The value as a trace field.
    #[must_use]
    pub fn received(&self) -> Received<'a> {
        Received::parse(self.raw_value())
    }

    /// What is wrong with the value, if this crate knows what the field should be, is appended to `defects`, offsets counted
    /// from the start of the message.
    pub fn check(&self, limits: &Limits, defects: &mut Vec<Defect>) {
        let (value, first) = (self.raw_value(), defects.len());
        match kind(self.name()) {
            Kind::Text => _ = word::decode_with(value, defects),
            Kind::Addresses => Addresses::with_limits(value, limits.clone()).check(defects),
            Kind::Date => _ = DateTime::parse_with(value, limits, defects),
            Kind::Ids => MessageIds::new(value).check(defects),
            Kind::MediaType => _ = MediaType::parse_with(value, limits, defects),
            Kind::Disposition => _ = Disposition::parse_with(value, limits, defects),
            Kind::Received => _ = Received::parse_with(value, limits, defects),
            Kind::Other => {}
        }
        if core::str::from_utf8(value).is_err()
            && !defects.iter().skip(first).any(|defect| defect.kind == DefectKind::NotUtf8)
        {
            let at = core::str::from_utf8(value).map_or_else(|error| error.valid_up_to(), str::len);
            note(defects, DefectKind::NotUtf8, at);
        }
        shift(defects, first, self.raw_value_offset());
        self.check_lines(defects);
    }

    /// RFC 5322 section 2.1.1: no line is longer than 998.
    fn check_lines(&self, defects: &mut Vec<Defect>) {
        if self.raw.len() <= LINE {
            return;
        }
        let mut at = 0;
        for line in self.raw.split_inclusive(|byte| *byte == b'\n') {
            let bare = line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
            if bare.len() > LINE {
                let first = defects.len();
                note(defects, DefectKind::LongLine, at);
                shift(defects, first, self.offset);
            }
            at += line.len();
        }
    }

    /// Where [`raw_value`](Field::raw_value) begins in the message.
    pub(crate) const fn raw_value_offset(&self) -> u64 {
        self.offset + self.value as u64
    }

    /// All behind the colon.
    pub(crate) const fn raw_value(&self) -> &'a [u8] {
        match self.raw.split_at_checked(self.value) {
            Some((_, value)) => value,
            None => &[],
        }
    }
}

/// RFC 5322 section 2.1.1.
const LINE: usize = 998;

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name(), lossy(self.value()))
    }
}

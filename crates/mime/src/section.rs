//! The header section: where its fields begin, where their values do, and where it ends (RFC 5322 section 2.2).
//!
//! The rule: one pass over the bytes, 64 at a time, and nothing of a value is read. A line is judged once it is complete, so
//! that any cut of the input leads to the same index. What is no field is kept as one without a name; a section that has
//! no field at all is none, and its bytes are body.

use alloc::vec::Vec;
use core::ops::ControlFlow::{self, Break, Continue};

use proto_core::scan::{self, Class, Classes};

use crate::boundary::Boundaries;
use crate::lexical::slice;
use crate::{DefectKind, Limits};

/// Where one field is, counted from the start of its section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) start: u32,
    /// Behind the colon. `start` if there is no name.
    pub(crate) value: u32,
    /// Behind the line end.
    pub(crate) end: u32,
    pub(crate) name_len: u32,
}

/// How a section ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With a blank line of so many bytes.
    Blank(usize),
    /// At a delimiter, or with the input.
    Cut,
    /// Beyond the limit.
    Limit,
}

/// A section that was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Section {
    /// Bytes of its fields.
    pub(crate) len: usize,
    /// Bytes of the blank line behind them.
    pub(crate) blank: usize,
}

/// How far the reading of a section has got.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scan {
    /// Where the first line begins that was not judged.
    line: usize,
    /// Up to where a line end was looked for.
    seen: usize,
    /// Entries of earlier sections.
    first: usize,
    /// There is a NUL, or a CR that ends no line.
    odd: bool,
    /// Where the first field is that is not indexed, there being too many.
    over: Option<usize>,
}

/// The shape of a section.
struct Shape;
impl Classes<4> for Shape {
    /// 0: line ends; 1: what ends a field name; 2: CR; 3: NUL.
    const CLASSES: [Class; 4] = [Class::of(b"\n"), NAME.not(), Class::of(b"\r"), Class::of(b"\0")];
}

/// RFC 5322 section 2.2: visible US-ASCII but for the colon.
const NAME: Class = Class::VCHAR.and(Class::of(b":").not());

/// What goes from block to block.
#[derive(Clone, Copy)]
struct Walk {
    line: usize,
    /// Where the name of the line's field ends, once found.
    name_end: Option<usize>,
    /// The block before ended in a CR.
    cr: u64,
    odd: u64,
}

impl Scan {
    /// A new section; `first` entries are those of others.
    pub(crate) fn new(first: usize) -> Self {
        Scan { first, ..Scan::default() }
    }

    /// How many entries are those of others.
    pub(crate) fn first(&self) -> usize {
        self.first
    }

    /// Reads on in `bytes`, which begin with the section; `eof`: nothing will follow. `None` if more is needed.
    pub(crate) fn advance(
        &mut self,
        bytes: &[u8],
        eof: bool,
        limits: &Limits,
        boundaries: &Boundaries,
        entries: &mut Vec<Entry>,
    ) -> Option<End> {
        let limit = limits.header_block.min(u32::MAX as usize);
        let window = bytes.get(..limit).unwrap_or(bytes);
        if !eof
            && bytes.len() <= limit
            && scan::find_byte(b'\n', slice(window, self.seen, window.len())).is_none()
        {
            self.seen = window.len();
            return None;
        }
        self.seen = window.len();
        let mut judge =
            Judge { bytes: window, limits, boundaries, entries, first: self.first, over: self.over };
        let begun = self.line;
        let mut walk = Walk { line: begun, name_end: None, cr: 0, odd: 0 };
        let walked = scan::fold::<Shape, 4, _, _>(slice(window, begun, window.len()), (), |(), at, masks| {
            walk.block(begun + at, masks, &mut judge)
        });
        self.line = walk.line;
        // A CR in front of what is not there yet is not known to be a good one.
        self.odd |= walk.odd | walk.cr != 0;
        let end = match walked {
            Break(end) => Some(end),
            Continue(()) if bytes.len() > limit => Some(End::Limit),
            Continue(()) if eof => Some(judge.last_line(&mut self.line, window.len(), walk.name_end)),
            Continue(()) => None,
        };
        self.over = judge.over;
        end
    }

    /// What the section comes to once its end is known. Tells `note` of defects, counted from its start.
    pub(crate) fn finish(
        &self,
        bytes: &[u8],
        end: End,
        entries: &mut Vec<Entry>,
        mut note: impl FnMut(DefectKind, usize),
    ) -> Section {
        let own = entries.get(self.first..).unwrap_or_default();
        let named = own.iter().rposition(|entry| entry.name_len > 0).map_or(0, |last| last + 1);
        let blank = if let End::Blank(blank) = end { blank } else { 0 };
        let mut section = Section { len: self.line, blank };
        // Lines that are no fields are body if nothing but them would say where it begins.
        if named < own.len() && (named == 0 || blank == 0) {
            let cut = own.get(named).map_or(0, |entry| entry.start as usize);
            section = Section { len: cut, blank: 0 };
            entries.truncate(self.first + named);
        }
        match end {
            End::Limit => note(DefectKind::HeaderBlock, section.len),
            _ if section.blank == 0 && (self.line > 0) => note(DefectKind::NoBlankLine, section.len),
            _ => {}
        }
        if let Some(at) = self.over {
            note(DefectKind::Headers, at);
        }
        for entry in entries.iter().skip(self.first).filter(|entry| entry.name_len == 0) {
            let line = slice(bytes, entry.start as usize, entry.end as usize);
            note(nameless_kind(line), entry.start as usize);
        }
        if self.odd {
            odd_bytes(slice(bytes, 0, section.len), note);
        }
        section
    }
}

/// Why a line is no field.
fn nameless_kind(line: &[u8]) -> DefectKind {
    let name = line.iter().position(|byte| *byte <= b' ' || *byte == b':').unwrap_or(line.len());
    let colon = line.get(name) == Some(&b':') && name > 0;
    if colon { DefectKind::FieldName } else { DefectKind::NoColon }
}

/// Line ends, CR and NUL.
struct Odd;
impl Classes<3> for Odd {
    const CLASSES: [Class; 3] = [Class::of(b"\n"), Class::of(b"\r"), Class::of(b"\0")];
}

/// The places of NUL and of CR without LF.
fn odd_bytes(bytes: &[u8], mut note: impl FnMut(DefectKind, usize)) {
    let _ = scan::fold::<Odd, 3, (), ()>(bytes, (), |(), at, [ends, cr, nul]| {
        for bit in scan::Bits(nul | (cr & !(ends >> 1))) {
            let here = at + bit as usize;
            if nul >> bit & 1 == 1 {
                note(DefectKind::Nul, here);
            } else if bytes.get(here + 1) != Some(&b'\n') {
                note(DefectKind::BareCr, here);
            }
        }
        Continue(())
    });
}

impl Walk {
    /// Goes through 64 bytes from `at` on.
    #[inline(always)]
    fn block(
        &mut self,
        at: usize,
        [mut line_ends, name_ends, cr, nul]: [u64; 4],
        judge: &mut Judge<'_>,
    ) -> ControlFlow<End> {
        // A CR is bare unless the next byte is LF; the last one's is in the next block.
        self.odd |= nul | (cr & !(line_ends >> 1) & (u64::MAX >> 1)) | (self.cr & !line_ends & 1);
        self.cr = cr >> 63;
        loop {
            let name_end = match self.name_end {
                Some(name_end) => name_end,
                None => {
                    let from = self.line.saturating_sub(at);
                    let ends = if from < 64 { name_ends & (u64::MAX << from) } else { 0 };
                    if ends == 0 {
                        return Continue(());
                    }
                    at + ends.trailing_zeros() as usize
                }
            };
            if line_ends == 0 {
                self.name_end = Some(name_end);
                return Continue(());
            }
            let end = at + line_ends.trailing_zeros() as usize + 1;
            line_ends &= line_ends - 1;
            judge.line(self.line, name_end, end)?;
            (self.line, self.name_end) = (end, None);
        }
    }
}

/// Says what a line is.
struct Judge<'s> {
    bytes: &'s [u8],
    limits: &'s Limits,
    boundaries: &'s Boundaries,
    entries: &'s mut Vec<Entry>,
    first: usize,
    over: Option<usize>,
}

impl Judge<'_> {
    /// The line from `start` to `end`, its line end included; what begins it is a name up to `name_end`.
    #[inline(always)]
    fn line(&mut self, start: usize, name_end: usize, end: usize) -> ControlFlow<End> {
        let is_named = name_end > start && self.bytes.get(name_end) == Some(&b':');
        // A boundary may have a colon in it.
        if is_named && self.bytes.get(start) != Some(&b'-') && self.has_room() {
            self.entries.push(Entry::new(start, name_end - start, name_end + 1, end));
            return Continue(());
        }
        self.other_line(start, name_end, end)
    }

    fn has_room(&self) -> bool {
        self.entries.len() - self.first < self.limits.headers
    }

    /// Any other than `name:value`.
    fn other_line(&mut self, start: usize, name_end: usize, end: usize) -> ControlFlow<End> {
        let line = slice(self.bytes, start, end);
        match line {
            [b' ' | b'\t', ..] => self.continuation(start, end),
            [b'\n'] | [b'\r', b'\n'] => return Break(End::Blank(line.len())),
            // RFC 2046 section 5.1.1: a boundary delimiter ends whatever is above it.
            [b'-', b'-', ..] if self.boundaries.find(line, true).is_found() => return Break(End::Cut),
            _ => self.spaced_name(start, name_end, end),
        }
        Continue(())
    }

    /// RFC 5322 section 4.5: blanks before the colon. What has neither is no field.
    fn spaced_name(&mut self, start: usize, name_end: usize, end: usize) {
        let rest = slice(self.bytes, name_end, end);
        let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        if name_end > start && rest.get(blanks) == Some(&b':') {
            self.push(start, name_end - start, name_end + blanks + 1, end);
        } else {
            self.push(start, 0, start, end);
        }
    }

    /// RFC 5322 section 2.2.3: the line belongs to the field above.
    fn continuation(&mut self, start: usize, end: usize) {
        if self.over.is_some() {
            return;
        }
        match self.entries.get_mut(self.first..).and_then(<[Entry]>::last_mut) {
            Some(entry) => entry.end = place(end),
            None => self.push(start, 0, start, end),
        }
    }

    fn push(&mut self, start: usize, name_len: usize, value: usize, end: usize) {
        if self.has_room() {
            self.entries.push(Entry::new(start, name_len, value, end));
        } else {
            self.over = self.over.or(Some(start));
        }
    }

    /// The end of the input, with a line that has no end perhaps.
    fn last_line(&mut self, line: &mut usize, len: usize, name_end: Option<usize>) -> End {
        if *line < len {
            if let Break(end) = self.line(*line, name_end.unwrap_or(len), len) {
                return end;
            }
            *line = len;
        }
        End::Cut
    }
}

impl Entry {
    #[inline]
    fn new(start: usize, name_len: usize, value: usize, end: usize) -> Self {
        Entry { start: place(start), value: place(value), end: place(end), name_len: place(name_len) }
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "a section is never longer than this can hold")]
fn place(at: usize) -> u32 {
    at as u32
}

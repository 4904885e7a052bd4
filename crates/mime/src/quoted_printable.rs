//! The transfer coding quoted-printable (RFC 2045 section 6.7), in both directions.
//!
//! The rule for reading: what is no valid escape is kept as it stands, and a [`Defect`] says where; `=` at the end of a line,
//! blanks behind it or not, joins it to the next. Blanks at the end of a line stay, as all that is deployed has it; a strict
//! decoder deletes them (rule 3). The rule for writing: decoding gives back the same bytes, and no line has more than 76
//! characters.

use alloc::vec::Vec;
use core::ops::ControlFlow::Continue;

use bytes::BufMut;
use proto_core::scan::{self, Bits, Class, Classes};

use crate::lexical::{note, slice};
use crate::{Defect, DefectKind};

/// RFC 2045 section 6.7 rule 5: no line is longer, a `=` at its end included.
const LINE: usize = 76;
/// How much is looked at in one go.
const BLOCK: usize = 16 << 10;
/// How much is looked at byte by byte once there is something wrong.
const CLOSE: usize = 16;
/// As many blanks behind a `=`, or at the end of a line, are waited with.
const HELD: usize = 998;

/// Decodes the whole of `text`, keeping what is no escape; what is wrong is appended to `defects`.
///
/// ```
/// let mut defects = Vec::new();
/// assert_eq!(mime::quoted_printable::decode(b"caf=C3=A9 =\r\nau lait", &mut defects), "café au lait".as_bytes());
/// assert!(defects.is_empty());
/// assert_eq!(mime::quoted_printable::decode(b"1+1=two", &mut defects), b"1+1=two");
/// assert_eq!(defects[0].offset, 3);
/// ```
#[must_use]
pub fn decode(text: &[u8], defects: &mut Vec<Defect>) -> Vec<u8> {
    let mut decoder = QpDecoder::new();
    decoder.bytes.reserve(text.len() + 2 * scan::BLOCK);
    let mut rest = text;
    while !rest.is_empty() {
        let taken = decoder.advance(rest);
        rest = slice(rest, taken, rest.len());
    }
    decoder.close();
    defects.append(&mut decoder.defects);
    decoder.bytes
}

/// Encodes text: CRLF stays a line end, all else that has to be is escaped.
#[must_use]
pub fn encode(text: &[u8]) -> Vec<u8> {
    encode_with(QpEncoder::text(), text)
}

/// Encodes bytes that are no text: CR and LF are escaped wherever they are.
#[must_use]
pub fn encode_binary(bytes: &[u8]) -> Vec<u8> {
    encode_with(QpEncoder::binary(), bytes)
}

fn encode_with(mut encoder: QpEncoder, bytes: &[u8]) -> Vec<u8> {
    encoder.text.reserve(bytes.len() + bytes.len() / 8 + OUTPUT);
    let mut rest = bytes;
    while !rest.is_empty() {
        let taken = encoder.advance(rest);
        rest = slice(rest, taken, rest.len());
    }
    encoder.end();
    let QpEncoder { mut text, pen, .. } = encoder;
    text.truncate(pen.at);
    text
}

/// Decodes quoted-printable as it comes in.
#[derive(Clone, Debug, Default)]
pub struct QpDecoder {
    strict: bool,
    defects: Vec<Defect>,
    /// Of the next byte.
    offset: u64,
    /// Where this line begins.
    line: u64,
    /// The two bytes before.
    before: [u8; 2],
    /// What can't be decided yet: `=` and what follows, or blanks if they may have to go.
    held: Vec<u8>,
    bytes: Vec<u8>,
}

/// What is to become of what is held.
enum Verdict {
    More,
    Byte(u8),
    Join,
    /// It is kept as it stands.
    Keep,
}

/// 0 line ends, 1 what should have been escaped.
struct Shape;

impl Classes<2> for Shape {
    const CLASSES: [Class; 2] = [Class::of(b"\n"), UNESCAPED];
}

/// RFC 2045 section 6.7 rules 2 and 4: all but these has to be escaped.
const UNESCAPED: Class = Class::VCHAR.or(Class::of(b" \t\r\n")).not();

impl QpDecoder {
    /// At the start of a body.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, and blanks at the end of a line are deleted (RFC 2045 section 6.7 rule 3).
    #[must_use]
    pub fn strict() -> Self {
        QpDecoder { strict: true, ..Self::default() }
    }

    /// Appends what the next part of the text stands for; what can't be decided yet is kept for the next call, at most a
    /// line.
    pub fn push(&mut self, text: &[u8], out: &mut impl BufMut) {
        let mut rest = text;
        while !rest.is_empty() {
            self.bytes.clear();
            let taken = self.advance(rest);
            out.put_slice(&self.bytes);
            rest = slice(rest, taken, rest.len());
        }
    }

    /// The end of the text. A `=` there joins the last line to nothing.
    pub fn finish(&mut self, out: &mut impl BufMut) {
        self.bytes.clear();
        self.close();
        out.put_slice(&self.bytes);
    }

    fn close(&mut self) {
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r');
        if let [b'=', rest @ ..] = &*self.held
            && rest.iter().all(blank)
        {
            self.held.clear();
        }
        if !self.held.is_empty() {
            if self.held.first() == Some(&b'=') {
                self.keep_equals();
            } else {
                self.note_back(DefectKind::QuotedPrintableBlanks, 1);
                self.held.clear();
            }
        } else if matches!(self.before, [_, b' ' | b'\t']) {
            self.note_back(DefectKind::QuotedPrintableBlanks, 1);
        }
        self.check_length(self.offset);
        self.line = self.offset;
    }

    /// Decodes from the front of `text`. How much that was.
    fn advance(&mut self, text: &[u8]) -> usize {
        if self.strict {
            let some = slice(text, 0, text.len().min(BLOCK));
            some.iter().for_each(|byte| self.step(*byte));
            return some.len();
        }
        let mut taken = 0;
        if self.held.is_empty() {
            let block = slice(text, 0, text.len().min(BLOCK));
            taken = scan::unescape(block, b'=', &mut self.bytes);
            self.check(slice(block, 0, taken));
            if taken == block.len() {
                return taken;
            }
        }
        // A `=` that needs a closer look, and what is near it.
        for byte in slice(text, taken, text.len().min(taken + CLOSE)) {
            self.step(*byte);
            taken += 1;
        }
        // Until nothing is held.
        for byte in slice(text, taken, text.len().min(taken + LINE)) {
            if self.held.is_empty() {
                break;
            }
            self.step(*byte);
            taken += 1;
        }
        taken
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

    /// What is wrong in text all escapes of which are good. RFC 2045 section 6.7 rule 5 counts the `=` at the end of a line,
    /// so that all lines are alike.
    fn check(&mut self, text: &[u8]) {
        let start = self.offset;
        let line = self.line;
        let walked = scan::fold::<Shape, 2, _, ()>(text, line, |mut line, at, [ends, others]| {
            if others != 0 {
                return Continue(self.check_closely(text, at, (ends, others), line));
            }
            for bit in Bits(ends) {
                let at = at + bit as usize;
                let end = start + at as u64;
                // Most lines are short, and end in CRLF with something that can be seen before it.
                let fine = matches!(at.checked_sub(2).and_then(|from| text.get(from..at)), Some([before, b'\r']) if *before > b' ');
                if fine && end - line <= LINE as u64 + 1 {
                    line = end + 1;
                } else {
                    line = self.line_end(text, at, line);
                }
            }
            Continue(line)
        });
        if let Continue(line) = walked {
            self.line = line;
        }
        self.offset = start + text.len() as u64;
        self.before = match text {
            [.., a, b] => [*a, *b],
            [b] => [self.before[1], *b],
            [] => self.before,
        };
    }

    /// The same where there are bytes that should have been escaped. Where the last line begins.
    #[inline(never)]
    fn check_closely(&mut self, text: &[u8], at: usize, (ends, others): (u64, u64), mut line: u64) -> u64 {
        for bit in Bits(ends | others) {
            let at = at + bit as usize;
            if others >> bit & 1 == 1 {
                note(&mut self.defects, DefectKind::QuotedPrintableByte, place(self.offset + at as u64));
            } else {
                line = self.line_end(text, at, line);
            }
        }
        line
    }

    /// The end at `at` of the line that began at `line`: how long it was, and what it ended in. Where the next one begins.
    #[inline(never)]
    fn line_end(&mut self, text: &[u8], at: usize, line: u64) -> u64 {
        let byte = |back: usize| match at.checked_sub(back) {
            Some(at) => text.get(at).copied().unwrap_or_default(),
            None => self.before.get(at + 2 - back).copied().unwrap_or_default(),
        };
        let [last, before] = [byte(1), byte(2)];
        self.line = line;
        self.end(last, before, self.offset + at as u64);
        self.line
    }

    fn end(&mut self, last: u8, before: u8, at: u64) {
        let crlf = last == b'\r';
        let at_end = at - u64::from(crlf);
        if matches!(if crlf { before } else { last }, b' ' | b'\t') && at_end > self.line {
            note(&mut self.defects, DefectKind::QuotedPrintableBlanks, place(at_end - 1));
        }
        self.check_length(at_end);
        self.line = at + 1;
    }

    /// RFC 2045 section 6.7 rule 5.
    fn check_length(&mut self, end: u64) {
        if end - self.line > LINE as u64 {
            note(&mut self.defects, DefectKind::QuotedPrintableLine, place(self.line + LINE as u64));
        }
    }

    /// The slow way, and the oracle of the fast one.
    fn step(&mut self, byte: u8) {
        if !self.held.is_empty() || byte == b'=' || (self.strict && matches!(byte, b' ' | b'\t')) {
            self.hold(byte);
        } else {
            self.text(byte);
        }
    }

    fn hold(&mut self, byte: u8) {
        if self.held.first().is_some_and(|first| *first != b'=') {
            return self.hold_blank(byte);
        }
        self.held.push(byte);
        self.offset += 1;
        match verdict(&self.held) {
            Verdict::More => return,
            Verdict::Byte(byte) => self.bytes.push(byte),
            Verdict::Join => {
                let blanks = if self.held.ends_with(b"\r\n") { 2 } else { 1 };
                self.check_length(self.offset - blanks);
                self.line = self.offset;
            }
            Verdict::Keep => return self.keep_equals(),
        }
        self.before = [0, b'='];
        self.held.clear();
    }

    /// Blanks that have to go if the line ends behind them.
    fn hold_blank(&mut self, byte: u8) {
        match byte {
            b' ' | b'\t' if self.held.len() < HELD => {
                self.held.push(byte);
                self.offset += 1;
                return;
            }
            b'\r' | b'\n' => {
                self.before = [0, b' '];
                self.held.clear();
            }
            _ => {
                let held = core::mem::take(&mut self.held);
                self.bytes.extend_from_slice(&held);
                self.before = [0, b' '];
            }
        }
        self.step(byte);
    }

    /// What was held begins with a `=` that means nothing: that is kept, and the rest is looked at anew.
    fn keep_equals(&mut self) {
        let held = core::mem::take(&mut self.held);
        self.offset -= held.len() as u64;
        note(&mut self.defects, DefectKind::QuotedPrintable, place(self.offset));
        for (nth, byte) in held.iter().enumerate() {
            if nth == 0 {
                self.text(*byte);
            } else {
                self.step(*byte);
            }
        }
    }

    /// A byte that stands for itself.
    fn text(&mut self, byte: u8) {
        if byte == b'\n' {
            let [before, last] = self.before;
            self.end(last, before, self.offset);
        } else if UNESCAPED.contains(byte) {
            note(&mut self.defects, DefectKind::QuotedPrintableByte, place(self.offset));
        }
        self.bytes.push(byte);
        self.before = [self.before[1], byte];
        self.offset += 1;
    }

    fn note_back(&mut self, kind: DefectKind, back: u64) {
        note(&mut self.defects, kind, place(self.offset - back));
    }
}

fn place(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// RFC 2045 section 6.7 rules 1 and 5.
fn verdict(held: &[u8]) -> Verdict {
    let rest = slice(held, 1, held.len());
    if let [high, ..] = *rest
        && let Some(high) = digit(high)
    {
        return match rest.get(1).map(|low| digit(*low)) {
            None => Verdict::More,
            Some(Some(low)) => Verdict::Byte(high << 4 | low),
            Some(None) => Verdict::Keep,
        };
    }
    let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    match slice(rest, blanks, rest.len()) {
        [] if blanks < HELD => Verdict::More,
        [b'\r'] => Verdict::More,
        [b'\n'] | [b'\r', b'\n'] => Verdict::Join,
        _ => Verdict::Keep,
    }
}

/// The value of a hexadecimal digit in either case.
#[inline]
pub(crate) fn digit(byte: u8) -> Option<u8> {
    let value = DIGITS.get(usize::from(byte)).copied().unwrap_or(0xFF);
    (value < 16).then_some(value)
}

#[expect(clippy::indexing_slicing, reason = "when compiled: no index depends on anything")]
const DIGITS: [u8; 256] = {
    let (mut values, mut value) = ([0xFF; 256], 0);
    while value < 16 {
        values[b"0123456789ABCDEF"[value as usize] as usize] = value;
        values[b"0123456789abcdef"[value as usize] as usize] = value;
        value += 1;
    }
    values
};

/// Encodes bytes as they come in.
#[derive(Clone, Debug)]
pub struct QpEncoder {
    binary: bool,
    /// A blank or CR whose fate the next byte decides.
    held: Option<u8>,
    pen: Pen,
    /// What was written, and room behind it.
    text: Vec<u8>,
}

/// Where the next character goes.
#[derive(Clone, Copy, Debug, Default)]
struct Pen {
    at: usize,
    column: usize,
    /// Up to where the input was written.
    done: usize,
}

/// What may stand for itself; blanks not at the end of a line.
const LITERAL: Class = Class::VCHAR.or(Class::WSP).and(Class::of(b"=").not());
const HEX: [u8; 16] = *b"0123456789ABCDEF";

/// 0 what is always escaped, 1 what line ends are made of.
struct Marks;

impl Classes<2> for Marks {
    const CLASSES: [Class; 2] = [LITERAL.or(Class::of(b"\r\n")).not(), Class::of(b"\r\n")];
}

/// How much of the input is written in one go.
const INPUT: usize = 1024;
/// Copies are of so many bytes, of which not all count: in front of what follows they are written over.
const COPY: usize = scan::BLOCK;
/// Copies of what is short.
const SHORT: usize = COPY / 4;
/// The most that such an input becomes: all of it escaped, a soft break in each line.
const OUTPUT: usize = 3 * INPUT + 3 * (3 * INPUT / (LINE - 3) + 2) + 2 * COPY;

/// Each byte escaped; the last one of four does not count.
#[expect(clippy::indexing_slicing, reason = "when compiled: no index depends on anything")]
static ESCAPES: [[u8; 4]; 256] = {
    let (mut all, mut byte) = ([[b'='; 4]; 256], 0);
    while byte < 256 {
        (all[byte][1], all[byte][2]) = (HEX[byte >> 4], HEX[byte & 0xF]);
        byte += 1;
    }
    all
};

#[inline(always)]
fn escaped(byte: u8) -> [u8; 4] {
    ESCAPES.get(usize::from(byte)).copied().unwrap_or_default()
}

impl QpEncoder {
    /// For text: CRLF stays a line end; CR or LF alone is escaped.
    #[must_use]
    pub const fn text() -> Self {
        Self::new(false)
    }

    /// For bytes: CR and LF are escaped.
    #[must_use]
    pub const fn binary() -> Self {
        Self::new(true)
    }

    const fn new(binary: bool) -> Self {
        let pen = Pen { at: 0, column: 0, done: 0 };
        QpEncoder { binary, held: None, pen, text: Vec::new() }
    }

    /// Appends the text of the next bytes; one byte may be kept for the next call.
    pub fn push(&mut self, bytes: &[u8], out: &mut impl BufMut) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let taken = self.advance(rest);
            self.flush(out);
            rest = slice(rest, taken, rest.len());
        }
    }

    /// The end. A blank there is escaped; no line end is added.
    pub fn finish(&mut self, out: &mut impl BufMut) {
        self.end();
        self.flush(out);
    }

    fn end(&mut self) {
        self.make_room();
        if let Some(byte) = self.held.take() {
            self.pen.escape(byte, &mut self.text);
        }
        self.pen.column = 0;
    }

    /// For what a piece of the input becomes.
    fn make_room(&mut self) {
        let needed = self.pen.at + OUTPUT;
        if self.text.len() < needed {
            self.text.resize(needed, 0);
        }
    }

    fn flush(&mut self, out: &mut impl BufMut) {
        out.put_slice(slice(&self.text, 0, self.pen.at));
        self.pen.at = 0;
    }

    /// Writes from the front of `bytes`. How much that was.
    fn advance(&mut self, bytes: &[u8]) -> usize {
        self.make_room();
        let near = slice(bytes, 0, bytes.len().min(INPUT));
        let mut taken = 0;
        for byte in near {
            if self.held.is_none() {
                break;
            }
            self.step(*byte);
            taken += 1;
        }
        // What comes behind a blank or a CR decides what becomes of it: none may be the last.
        let last = near.iter().rposition(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
        match last.map_or(0, |last| last + 1) {
            len if len > taken => {
                self.block(slice(bytes, taken, bytes.len()), len - taken);
                len
            }
            _ => {
                slice(near, taken, near.len()).iter().for_each(|byte| self.step(*byte));
                near.len()
            }
        }
    }

    /// The fast way, over an index of the first `len` bytes.
    fn block(&mut self, bytes: &[u8], len: usize) {
        let mut masks = [[0; 2]; INPUT / scan::BLOCK];
        scan::index::<Marks, 2>(slice(bytes, 0, len), &mut masks);
        let (text, binary) = (&mut *self.text, self.binary);
        let mut pen = Pen { done: 0, ..self.pen };
        for (nth, [marks, ends]) in masks.iter().take(len.div_ceil(scan::BLOCK)).enumerate() {
            let at = nth * scan::BLOCK;
            let escapes = if binary { marks | ends } else { *marks };
            let mut events = (marks | ends) & u64::MAX << (pen.done - at).min(63);
            while events != 0 {
                let bit = events.trailing_zeros() as usize;
                let count = (escapes >> bit).trailing_ones() as usize;
                if count == 0 {
                    pen.literal(bytes, at + bit, text);
                    pen.line_end(bytes, text);
                } else if !pen.mixed(bytes, at + bit, count.min(4), text) {
                    pen.literal(bytes, at + bit, text);
                    pen.escapes(bytes, count, text);
                }
                let next = pen.done - at;
                events &= if next < 64 { u64::MAX << next } else { 0 };
            }
            pen.literal(bytes, len.min(at + 64), text);
        }
        self.pen = pen;
    }

    /// The slow way, and the oracle of the fast one.
    fn step(&mut self, byte: u8) {
        let (pen, text) = (&mut self.pen, &mut *self.text);
        match (self.held.take(), byte) {
            (Some(b'\r'), b'\n') => return pen.break_line(b"\r\n\0\0", 2, text),
            (Some(b'\r'), _) => pen.escape(b'\r', text),
            (Some(blank), b'\r') if !self.binary => pen.escape(blank, text),
            (Some(blank), _) => pen.byte(blank, text),
            (None, _) => {}
        }
        match byte {
            b' ' | b'\t' => self.held = Some(byte),
            b'\r' if !self.binary => self.held = Some(byte),
            byte if LITERAL.contains(byte) => pen.byte(byte, text),
            byte => pen.escape(byte, text),
        }
    }
}

/// Writes four escapes behind each other, of which not all may count.
#[inline(always)]
fn put_escapes(four: [u8; 4], places: &mut [u8; 16]) {
    for (nth, byte) in four.into_iter().enumerate() {
        if let Some(place) = places.get_mut(3 * nth..3 * nth + 4) {
            place.copy_from_slice(&escaped(byte));
        }
    }
}

impl Pen {
    /// A few bytes up to `end` that stand for themselves and so many, at most four, that have to be escaped: what most words
    /// with a letter beyond ASCII are made of. False if it is more than that, or more than fits on the line.
    #[inline(always)]
    fn mixed(&mut self, bytes: &[u8], end: usize, count: usize, text: &mut [u8]) -> bool {
        let len = end - self.done;
        let column = self.column + len + 3 * count;
        if len > SHORT || column > LINE - 1 {
            return false;
        }
        let read = bytes.get(self.done..).and_then(|rest| rest.first_chunk::<{ SHORT + 4 }>());
        let places = text.get_mut(self.at..).and_then(|rest| rest.first_chunk_mut::<{ SHORT + 16 }>());
        let (Some(read), Some(places)) = (read, places) else { return false };
        if let (Some(run), Some(place)) = (read.first_chunk::<SHORT>(), places.first_chunk_mut()) {
            *place = *run;
        }
        if let (Some(four), Some(places)) = (
            read.get(len..).and_then(|rest| rest.first_chunk()),
            places.get_mut(len..).and_then(|rest| rest.first_chunk_mut()),
        ) {
            put_escapes(*four, places);
        }
        self.at += len + 3 * count;
        self.column = column;
        self.done += len + count;
        true
    }

    /// Writes so many bytes that only the first `len` count.
    #[inline(always)]
    fn put<const N: usize>(&mut self, bytes: &[u8; N], len: usize, text: &mut [u8]) {
        if let Some(place) = text.get_mut(self.at..).and_then(|rest| rest.first_chunk_mut()) {
            *place = *bytes;
        }
        self.at += len;
    }

    /// A line end, or RFC 2045 section 6.7 rule 5: a line that goes on ends in `=`.
    #[inline(always)]
    fn break_line(&mut self, end: &[u8; 4], len: usize, text: &mut [u8]) {
        self.put(end, len, text);
        self.column = 0;
    }

    #[inline(always)]
    fn soft_break(&mut self, text: &mut [u8]) {
        self.break_line(b"=\r\n\0", 3, text);
    }

    /// Bytes up to `end`, at most 64, that stand for themselves.
    #[inline(always)]
    fn literal(&mut self, bytes: &[u8], end: usize, text: &mut [u8]) {
        let mut len = end.saturating_sub(self.done);
        if self.column + len > LINE - 1 {
            let room = LINE - 1 - self.column;
            self.copy(bytes, room, text);
            self.soft_break(text);
            len -= room;
        }
        self.copy(bytes, len, text);
    }

    #[inline(always)]
    fn copy(&mut self, bytes: &[u8], len: usize, text: &mut [u8]) {
        let rest = slice(bytes, self.done, bytes.len());
        match (rest.first_chunk::<COPY>(), rest.first_chunk::<SHORT>()) {
            (_, Some(run)) if len <= SHORT => self.put(run, len, text),
            (Some(run), _) => self.put(run, len, text),
            _ => self.copy_last(rest, len, text),
        }
        self.column += len;
        self.done += len;
    }

    /// Where less than that is left of the input.
    #[inline(never)]
    fn copy_last(&mut self, rest: &[u8], len: usize, text: &mut [u8]) {
        let places = text.get_mut(self.at..).unwrap_or_default();
        places.iter_mut().zip(rest).take(len).for_each(|(place, byte)| *place = *byte);
        self.at += len;
    }

    /// So many bytes that have to be escaped, four at a time where they fit on the line.
    #[inline(always)]
    fn escapes(&mut self, bytes: &[u8], count: usize, text: &mut [u8]) {
        let end = self.done + count;
        while self.done < end {
            let some = (end - self.done).min(4);
            let rest = slice(bytes, self.done, bytes.len());
            let Some(four) = rest.first_chunk() else {
                self.escape(rest.first().copied().unwrap_or_default(), text);
                self.done += 1;
                continue;
            };
            if let Some(places) = text.get_mut(self.at..).and_then(|rest| rest.first_chunk_mut()) {
                put_escapes(*four, places);
            }
            let fit = if self.column + 3 * some < LINE { some } else { (LINE - 1 - self.column) / 3 };
            self.at += 3 * fit;
            self.column += 3 * fit;
            self.done += fit;
            if fit < some {
                self.soft_break(text);
            }
        }
    }

    /// A CR or a LF of a text. A blank before it is escaped (RFC 2045 section 6.7 rule 3), and so is what is no line end.
    #[inline]
    fn line_end(&mut self, bytes: &[u8], text: &mut [u8]) {
        let blank = self.done.checked_sub(1).and_then(|before| bytes.get(before));
        let here = slice(bytes, self.done, bytes.len());
        let byte = here.first().copied().unwrap_or_default();
        if let (Some(blank @ (b' ' | b'\t')), b'\r') = (blank, byte) {
            // It was the last that was written.
            (self.at, self.column) = (self.at - 1, self.column - 1);
            self.escape(*blank, text);
        }
        if here.starts_with(b"\r\n") {
            self.break_line(b"\r\n\0\0", 2, text);
            self.done += 2;
        } else {
            self.escape(byte, text);
            self.done += 1;
        }
    }

    fn escape(&mut self, byte: u8, text: &mut [u8]) {
        if self.column + 3 > LINE - 1 {
            self.soft_break(text);
        }
        self.put(&escaped(byte), 3, text);
        self.column += 3;
    }

    /// One byte that stands for itself.
    fn byte(&mut self, byte: u8, text: &mut [u8]) {
        if self.column >= LINE - 1 {
            self.soft_break(text);
        }
        self.put(&[byte], 1, text);
        self.column += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DefectKind::{QuotedPrintable, QuotedPrintableBlanks, QuotedPrintableByte, QuotedPrintableLine};
    use alloc::string::String;
    use proptest::prelude::*;

    /// A text, what it stands for, and what is wrong with it.
    type Case = (&'static [u8], &'static [u8], &'static [(DefectKind, u64)]);

    fn in_pieces(mut decoder: QpDecoder, text: &[u8], size: usize) -> (Vec<u8>, Vec<Defect>) {
        let mut out = Vec::new();
        text.chunks(size).for_each(|piece| decoder.push(piece, &mut out));
        decoder.finish(&mut out);
        (out, decoder.take_defects())
    }

    fn plainly(text: &[u8]) -> (Vec<u8>, Vec<Defect>) {
        let (mut decoder, mut out) = (QpDecoder::new(), Vec::new());
        for byte in text {
            decoder.bytes.clear();
            decoder.step(*byte);
            out.extend_from_slice(&decoder.bytes);
        }
        decoder.finish(&mut out);
        (out, decoder.take_defects())
    }

    fn encoded_plainly(mut encoder: QpEncoder, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for byte in bytes {
            encoder.make_room();
            encoder.step(*byte);
            encoder.flush(&mut out);
        }
        encoder.finish(&mut out);
        out
    }

    #[test]
    fn what_is_no_escape_is_kept() {
        let cases: &[Case] = &[
            (b"", b"", &[]),
            (b"a=3Db", b"a=b", &[]),
            (b"=c3=A9", b"\xC3\xA9", &[]),
            (b"one =\r\ntwo", b"one two", &[]),
            (b"one =\ntwo", b"one two", &[]),
            (b"one = \t \r\ntwo", b"one two", &[]),
            (b"one=", b"one", &[]),
            (b"one= ", b"one", &[]),
            (b"one=\r", b"one", &[]),
            (b"a=b c", b"a=b c", &[(QuotedPrintable, 1)]),
            (b"a=4", b"a=4", &[(QuotedPrintable, 1)]),
            (b"a=4=41", b"a=4A", &[(QuotedPrintable, 1)]),
            (b"==41", b"=A", &[(QuotedPrintable, 0)]),
            (b"= =41", b"= A", &[(QuotedPrintable, 0)]),
            (b"=\rx", b"=\rx", &[(QuotedPrintable, 0)]),
            (b"caf\xE9\x01", b"caf\xE9\x01", &[(QuotedPrintableByte, 3), (QuotedPrintableByte, 4)]),
            (b"a \r\nb\t\nc", b"a \r\nb\t\nc", &[(QuotedPrintableBlanks, 1), (QuotedPrintableBlanks, 5)]),
            (b"a ", b"a ", &[(QuotedPrintableBlanks, 1)]),
            (b"a\r\nb\nc", b"a\r\nb\nc", &[]),
        ];
        for (text, bytes, defects) in cases {
            let defects: Vec<_> = defects.iter().map(|(kind, at)| Defect::new(*kind, *at)).collect();
            for size in [1, 2, 3, 100] {
                let read = in_pieces(QpDecoder::new(), text, size);
                assert_eq!(read, (bytes.to_vec(), defects.clone()), "{:?}", text.escape_ascii());
            }
            assert_eq!(plainly(text), (bytes.to_vec(), defects), "{:?}", text.escape_ascii());
        }
    }

    #[test]
    fn a_strict_decoder_deletes_blanks_at_the_end_of_a_line() {
        for (text, bytes) in [
            ("a \t\r\nb \nc ", "a\r\nb\nc"),
            ("a b =20\r\n", "a b  \r\n"),
            ("a =\r\nb", "a b"),
            ("  x", "  x"),
        ] {
            for size in [1, 2, 100] {
                assert_eq!(
                    in_pieces(QpDecoder::strict(), text.as_bytes(), size).0,
                    bytes.as_bytes(),
                    "{text:?}"
                );
            }
        }
    }

    #[test]
    fn a_line_of_77_is_too_long() {
        for (len, found) in [(76, false), (77, true), (5000, true)] {
            let text = "x".repeat(len) + "\r\n" + &"y".repeat(76) + "\r\n";
            let defects = in_pieces(QpDecoder::new(), text.as_bytes(), 999_999).1;
            assert_eq!(defects, [Defect::new(QuotedPrintableLine, 76)][..usize::from(found)]);
        }
    }

    #[test]
    fn escapes_what_has_to_be_and_no_more() {
        for (bytes, text) in [
            ("caf\u{e9}=", "caf=C3=A9=3D"),
            ("a \r\nb\t", "a=20\r\nb=09"),
            ("a b\tc", "a b\tc"),
            ("\r\n\r\n", "\r\n\r\n"),
            ("a\rb\nc\r", "a=0Db=0Ac=0D"),
            ("a \rb", "a=20=0Db"),
        ] {
            assert_eq!(String::from_utf8(encode(bytes.as_bytes())).unwrap(), text);
        }
        assert_eq!(encode_binary(b"a \r\n"), b"a =0D=0A");
        let long = String::from_utf8(encode("x".repeat(80).as_bytes())).unwrap();
        assert_eq!(long, "x".repeat(75) + "=\r\n" + "xxxxx");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn bytes_survive_in_lines_of_76(
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b' '), Just(b'\r'), Just(b'\n'), b'a'..=b'z'], 0..1000),
            size in 1usize..300
        ) {
            for encoder in [QpEncoder::text(), QpEncoder::binary()] {
                let whole = encode_with(encoder.clone(), &bytes);
                prop_assert_eq!(&encoded_plainly(encoder.clone(), &bytes), &whole);
                let (mut encoder, mut text) = (encoder, Vec::new());
                bytes.chunks(size).for_each(|piece| encoder.push(piece, &mut text));
                encoder.finish(&mut text);
                prop_assert_eq!(&text, &whole);
                prop_assert_eq!(in_pieces(QpDecoder::new(), &text, size), (bytes.clone(), vec![]));
                prop_assert_eq!(in_pieces(QpDecoder::strict(), &text, size), (bytes.clone(), vec![]));
                prop_assert!(text.split(|byte| *byte == b'\n').all(|line| line.len() <= 77));
            }
        }

        #[test]
        fn any_text_is_read_alike_however_it_is_cut(
            text in "([a-z ]{50,90}\r?\n|[a-z=]{1,5}|=[0-9A-F]{2}|=[ \t]{0,3}\r?\n|=|[ \t\r\n\u{e9}]){0,60}", size in 1usize..300
        ) {
            let text = String::into_bytes(text);
            let plain = plainly(&text);
            prop_assert_eq!(&in_pieces(QpDecoder::new(), &text, size), &plain);
            prop_assert_eq!(&in_pieces(QpDecoder::new(), &text, usize::MAX), &plain);
        }
    }
}

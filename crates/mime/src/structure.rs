//! The one machine that says what is what in a message: where parts begin, where their headers end, what is body, what lies
//! between parts (RFC 2045, RFC 2046 section 5.1).
//!
//! The rule: it sees bytes and says how many of them, from the front, are the next thing. It keeps no bytes and never goes back. The
//! tree asks it with the whole message, the reader with what has come; so both see the same.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use proto_core::scan;

use crate::boundary::{Boundaries, Delimiter, Search};
use crate::headers::{Field, Headers};
use crate::lexical::{BLANK, Cursor, margin, slice};
use crate::media_type::type_and_subtype;
use crate::parameter::raw_value;
use crate::section::{Entry, Scan, Section};
use crate::{Defect, DefectKind, Limits, TransferEncoding};

/// What a part is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PartKind {
    /// Bytes. So is a multipart without a boundary, or nested too deep; and a message that is coded.
    #[default]
    Leaf,
    /// Parts (RFC 2046 section 5.1). Perhaps none: then its body is like that of a leaf.
    Multipart,
    /// One part, a message (RFC 2046 section 5.2.1, RFC 6532 section 3.7).
    Message,
}

/// What a header says about the body below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head<'a> {
    pub(crate) kind: PartKind,
    pub(crate) encoding: TransferEncoding,
    /// Parts of it are messages unless they say otherwise.
    is_digest: bool,
    /// RFC 6532 section 3.7: message/global may be, other composite types may not.
    may_be_coded: bool,
    boundary: Cow<'a, [u8]>,
}

/// The next thing, and how many bytes it takes from the front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A part begins, within as many as are open.
    PartStart,
    /// Its header section; the entries are in `entries`, from that place on.
    Section { section: Section, first: usize, kind: PartKind, encoding: TransferEncoding, in_digest: bool },
    /// Body of the part that began last.
    Body(usize),
    /// What belongs to no part: an mbox line, delimiters, what stands before the first and behind the last.
    Outside(usize),
    /// The innermost part that is open ends.
    PartEnd,
    /// Nothing more will come.
    End,
}

impl Step {
    /// The header section of a part that is not gone into.
    fn unread(first: usize) -> Step {
        let (kind, encoding) = (PartKind::Leaf, TransferEncoding::Binary);
        Step::Section { section: Section::default(), first, kind, encoding, in_digest: false }
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    PartStart,
    /// A message may have a line of an mbox in front; its end is not among the first so many bytes.
    MessageStart {
        seen: usize,
    },
    Section,
    /// A body, or what stands around parts. `at_line`: a line begins here.
    Body {
        at_line: bool,
    },
    /// A delimiter comes next. Deeper parts end before it.
    Delimiter(Delimiter),
    /// Too many parts: all the rest is one, without a header.
    RestStart,
    Rest,
    /// The input is at its end.
    Ending,
    Done,
}

/// A part that began and has not ended.
#[derive(Clone, Copy, Debug)]
struct Open {
    id: usize,
    kind: PartKind,
    is_digest: bool,
    /// A delimiter was seen.
    has_parts: bool,
    /// Its last delimiter was seen.
    is_closed: bool,
    /// How many defects it has.
    defects: usize,
}

/// More defects of one part than anybody reads. Beyond it they are not listed.
const MAX_DEFECTS: usize = 1000;

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Structure {
    pub(crate) limits: Limits,
    state: State,
    open: Vec<Open>,
    boundaries: Boundaries,
    scan: Scan,
    /// Parts so far.
    parts: usize,
    /// Where the front of the input is in the message.
    offset: u64,
    ends_line: bool,
    /// Of the sections so far; who needs only the last clears it.
    pub(crate) entries: Vec<Entry>,
    /// With the number of the part each belongs to.
    pub(crate) defects: Vec<(usize, Defect)>,
}

impl Structure {
    pub(crate) fn new(limits: Limits) -> Self {
        Structure {
            limits,
            state: State::PartStart,
            open: Vec::with_capacity(4),
            boundaries: Boundaries::default(),
            scan: Scan::default(),
            parts: 0,
            offset: 0,
            ends_line: true,
            entries: Vec::with_capacity(32),
            defects: Vec::new(),
        }
    }

    /// How many parts are open, the one that began last among them.
    pub(crate) fn depth(&self) -> usize {
        self.open.len()
    }

    /// The number of the part that began last of those that are open.
    pub(crate) fn part(&self) -> usize {
        self.open.last().map_or(0, |open| open.id)
    }

    /// The next thing at the front of `input`; `eof`: nothing will follow. `None` if more is needed.
    pub(crate) fn step(&mut self, input: &[u8], eof: bool) -> Option<Step> {
        loop {
            return match self.state {
                State::PartStart => Some(self.start_part()),
                State::MessageStart { seen } => match self.mbox_line(input, seen, eof)? {
                    0 => continue,
                    len => Some(self.take(input, len, Step::Outside)),
                },
                State::Section => self.section(input, eof),
                State::Body { at_line } => match self.body(input, at_line, eof)? {
                    0 => continue,
                    len => Some(self.take(input, len, self.body_or_outside())),
                },
                State::Delimiter(delimiter) if self.open.len() > delimiter.depth + 1 => Some(self.end_part()),
                State::Delimiter(delimiter) => Some(self.delimiter(input, delimiter)),
                State::RestStart => {
                    self.state = State::Rest;
                    Some(Step::unread(self.entries.len()))
                }
                State::Rest => match input.len() {
                    0 if !eof => None,
                    0 => {
                        self.state = State::Ending;
                        continue;
                    }
                    len => Some(self.take(input, len, Step::Body)),
                },
                State::Ending if self.open.is_empty() => {
                    self.state = State::Done;
                    Some(Step::End)
                }
                State::Ending => Some(self.end_part()),
                State::Done => None,
            };
        }
    }

    fn take(&mut self, input: &[u8], len: usize, step: fn(usize) -> Step) -> Step {
        self.advance(input, len);
        step(len)
    }

    fn advance(&mut self, input: &[u8], len: usize) {
        if len > 0 {
            self.offset += len as u64;
            self.ends_line = slice(input, 0, len).ends_with(b"\n");
        }
    }

    /// Remembers a defect of the part that began last, so many bytes behind the front.
    fn note(&mut self, kind: DefectKind, by: usize) {
        let offset = self.offset + by as u64;
        if let Some(open) = self.open.last_mut().filter(|open| open.defects < MAX_DEFECTS) {
            open.defects += 1;
            self.defects.push((open.id, Defect::new(kind, offset)));
        }
    }

    fn start_part(&mut self) -> Step {
        let is_root_of_message = self.open.last().is_none_or(|outer| outer.kind == PartKind::Message);
        let is_one_too_many = self.parts >= self.limits.parts;
        let id = self.parts;
        self.parts += 1;
        self.open.push(Open {
            id,
            kind: PartKind::Leaf,
            is_digest: false,
            has_parts: false,
            is_closed: false,
            defects: 0,
        });
        self.scan = Scan::new(self.entries.len());
        self.state = if is_root_of_message { State::MessageStart { seen: 0 } } else { State::Section };
        if is_one_too_many {
            self.note(DefectKind::Parts, 0);
            self.state = State::RestStart;
        }
        Step::PartStart
    }

    /// RFC 4155: `From `, but not RFC 5322 section 4.5's `From :`. How many bytes the line has; 0 if there is none.
    fn mbox_line(&mut self, input: &[u8], seen: usize, eof: bool) -> Option<usize> {
        const FROM: &[u8] = b"From ";
        if !input.starts_with(FROM) {
            if !eof && FROM.starts_with(input) {
                return None;
            }
            self.state = State::Section;
            return Some(0);
        }
        let longest = FROM.len().saturating_add(self.limits.line);
        let near = slice(input, 0, input.len().min(longest));
        let end = scan::find_byte(b'\n', slice(near, seen, near.len()));
        if end.is_none() && !eof && input.len() < longest {
            self.state = State::MessageStart { seen: near.len() };
            return None;
        }
        self.state = State::Section;
        let name = near.iter().skip(FROM.len()).find(|byte| !matches!(byte, b' ' | b'\t'));
        Some(end.filter(|_| name != Some(&b':')).map_or(0, |end| seen + end + 1))
    }

    fn section(&mut self, input: &[u8], eof: bool) -> Option<Step> {
        let end = self.scan.advance(input, eof, &self.limits, &self.boundaries, &mut self.entries)?;
        let first = self.scan.first();
        let (scan, mut entries) = (core::mem::take(&mut self.scan), core::mem::take(&mut self.entries));
        let section = scan.finish(input, end, &mut entries, |kind, at| self.note(kind, at));
        let bytes = slice(input, 0, section.len);
        let own = entries.get(first..).unwrap_or_default();
        let limits = self.limits.clone();
        let head = self.head(&Headers::new(bytes, self.offset, own, &limits));
        let (kind, encoding, in_digest) = (head.kind, head.encoding, self.is_in_digest());
        self.enter(&head);
        self.entries = entries;
        self.advance(input, section.len + section.blank);
        Some(Step::Section { section, first, kind, encoding, in_digest })
    }

    /// What the fields say of the body, with all that is wrong in them.
    fn head<'a>(&mut self, headers: &Headers<'a>) -> Head<'a> {
        let by = |field: &Field<'_>| {
            usize::try_from(field.raw_value_offset() - self.offset).unwrap_or(0) + margin(field.raw_value())
        };
        let encoding = headers
            .first("content-transfer-encoding")
            .map(|field| (TransferEncoding::parse_alone(field.raw_value()), by(&field)));
        let content_type = headers.first("content-type").map(|field| (field.raw_value(), by(&field)));
        if let Some((_, at)) =
            encoding.filter(|((it, is_alone), _)| *it == TransferEncoding::Unknown || !is_alone)
        {
            self.note(DefectKind::TransferCoding, at);
        }
        let stated = encoding.map(|((it, _), _)| it);
        let mut head = Head { encoding: stated.unwrap_or_default(), ..Head::default() };
        let (value, at) = content_type.unwrap_or_default();
        match composite(value, &self.limits) {
            Err(()) => {
                if content_type.is_some() {
                    self.note(DefectKind::MediaType, at);
                }
                if self.is_in_digest() {
                    head.kind = PartKind::Message;
                }
            }
            Ok(Composite::None) => {}
            Ok(Composite::Message { is_global }) => {
                (head.kind, head.may_be_coded) = (PartKind::Message, is_global)
            }
            Ok(Composite::Multipart { is_digest }) => {
                (head.kind, head.is_digest) = (PartKind::Multipart, is_digest);
                head.boundary = self.boundary(value, at);
            }
        }
        self.restrict(&mut head, encoding.map_or(at, |(_, at)| at));
        head
    }

    /// RFC 2046 section 5.1.5: what is in a digest is a message unless it says otherwise.
    fn is_in_digest(&self) -> bool {
        self.open.iter().rev().nth(1).is_some_and(|outer| outer.is_digest)
    }

    /// RFC 2046 section 5.1.1: required, and it does not end in a blank.
    fn boundary<'a>(&mut self, value: &'a [u8], at: usize) -> Cow<'a, [u8]> {
        let mut cursor = Cursor::new(value);
        type_and_subtype(&mut cursor, &self.limits, &mut Vec::new());
        let boundary = raw_value(slice(value, cursor.at, value.len()), b"boundary", &self.limits);
        let mut boundary = boundary.unwrap_or_default();
        while boundary.last().is_some_and(|byte| BLANK.contains(*byte)) {
            boundary.to_mut().pop();
        }
        if boundary.is_empty() {
            self.note(DefectKind::NoBoundary, at);
        } else if boundary.len() > self.limits.boundary {
            self.note(DefectKind::LongBoundary, at);
            boundary = Cow::Borrowed(b"");
        }
        boundary
    }

    /// Makes a leaf of what can't be gone into.
    fn restrict(&mut self, head: &mut Head<'_>, at: usize) {
        if head.kind != PartKind::Leaf && !head.encoding.is_identity() {
            // RFC 2045 section 6.4: no coding of composite types. What is inside of a message can't be read without undoing it;
            // the delimiters of a multipart can be seen.
            if !head.may_be_coded {
                self.note(DefectKind::EncodedComposite, at);
            }
            if head.kind == PartKind::Message {
                head.kind = PartKind::Leaf;
            }
        }
        if head.kind == PartKind::Multipart && head.boundary.is_empty() {
            head.kind = PartKind::Leaf;
        }
        if head.kind != PartKind::Leaf && self.open.len() >= self.limits.depth {
            self.note(DefectKind::Depth, 0);
            head.kind = PartKind::Leaf;
        }
    }

    /// Goes to what is below a header.
    fn enter(&mut self, head: &Head<'_>) {
        let depth = self.open.len().saturating_sub(1);
        if let Some(open) = self.open.last_mut() {
            (open.kind, open.is_digest) = (head.kind, head.is_digest);
        }
        self.state = match head.kind {
            PartKind::Message => State::PartStart,
            PartKind::Leaf => State::Body { at_line: true },
            PartKind::Multipart => {
                self.boundaries.push(depth, &head.boundary);
                State::Body { at_line: true }
            }
        };
    }

    /// How many bytes of body come next; 0 if something else does.
    fn body(&mut self, input: &[u8], at_line: bool, eof: bool) -> Option<usize> {
        if input.is_empty() {
            if !eof {
                return None;
            }
            self.state = State::Ending;
            return Some(0);
        }
        if self.boundaries.is_empty() {
            self.state = State::Body { at_line: false };
            return Some(input.len());
        }
        match self.boundaries.search(input, at_line, eof) {
            Search::None { safe: 0 } => None,
            Search::None { safe } => {
                self.state = State::Body { at_line: false };
                Some(safe)
            }
            Search::Found { before, delimiter } => {
                self.state = State::Delimiter(delimiter);
                Some(before)
            }
        }
    }

    fn body_or_outside(&self) -> fn(usize) -> Step {
        match self.open.last() {
            Some(open) if open.kind == PartKind::Multipart => Step::Outside,
            _ => Step::Body,
        }
    }

    fn delimiter(&mut self, input: &[u8], delimiter: Delimiter) -> Step {
        if let Some(open) = self.open.last_mut() {
            (open.has_parts, open.is_closed) = (open.has_parts || !delimiter.is_last, delimiter.is_last);
        }
        self.state = if delimiter.is_last {
            self.boundaries.close(delimiter.depth);
            State::Body { at_line: true }
        } else {
            State::PartStart
        };
        self.take(input, delimiter.len, Step::Outside)
    }

    fn end_part(&mut self) -> Step {
        if let Some(open) = self.open.last().copied().filter(|open| open.kind == PartKind::Multipart) {
            if !open.has_parts {
                self.note(DefectKind::NoDelimiter, 0);
            } else if !open.is_closed {
                self.note(DefectKind::NotClosed, 0);
            }
        }
        if self.open.len() == 1 && !self.ends_line {
            self.note(DefectKind::NoFinalLineEnd, 0);
        }
        self.open.pop();
        self.boundaries.close(self.open.len());
        Step::PartEnd
    }
}

/// What a media type says about parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Composite {
    None,
    Message { is_global: bool },
    Multipart { is_digest: bool },
}

/// `Err` if it is no type and subtype.
fn composite(value: &[u8], limits: &Limits) -> Result<Composite, ()> {
    let mut cursor = Cursor::new(value);
    let (top, subtype) = type_and_subtype(&mut cursor, limits, &mut Vec::new()).ok_or(())?;
    let is = |token: &[u8], name: &[u8]| token.eq_ignore_ascii_case(name);
    Ok(if is(top, b"multipart") {
        Composite::Multipart { is_digest: is(subtype, b"digest") }
    } else if is(top, b"message") && (is(subtype, b"rfc822") || is(subtype, b"global")) {
        Composite::Message { is_global: is(subtype, b"global") }
    } else {
        Composite::None
    })
}

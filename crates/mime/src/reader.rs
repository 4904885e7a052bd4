//! A message as a stream: parts, fields and bodies as they come, in memory that does not grow with the message.
//!
//! The rule: it sees what the tree sees, however the bytes were cut. It holds back one header section, or one line that may be
//! a delimiter, and nothing else; all that it is given comes out again.

use alloc::vec::Vec;
use core::fmt;

use bytes::{Bytes, BytesMut};

use crate::headers::Field;
use crate::section::Entry;
use crate::structure::{PartKind, Step, Structure};
use crate::{Base64Decoder, Defect, Limits, QpDecoder, TransferEncoding};

/// What comes next in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A part begins, the message as a whole being the first, within as many as `depth` says.
    PartStart {
        /// 0 for the whole message.
        depth: usize,
    },
    /// A field of its header.
    Header(OwnedField),
    /// Its header is complete.
    HeadersEnd {
        /// What comes next: a body, or parts.
        kind: PartKind,
        /// How the body is coded.
        encoding: TransferEncoding,
    },
    /// Some of its body, never all of one by promise. Decoded if the reader was made so.
    Body(Bytes),
    /// What belongs to no part, as it stands: blank lines behind headers, delimiters, text before the first and behind the last, a
    /// line of an mbox. Of a multipart in which no delimiter ever comes it is the body.
    Outside(Bytes),
    /// The part that began last, of those that did not end, ends.
    PartEnd {
        /// What is wrong with its structure and, if it was decoded, its coding. Offsets count from the start of the message.
        defects: Vec<Defect>,
    },
    /// The message is over.
    End,
}

/// A field that owns its bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnedField {
    raw: Bytes,
    name_len: usize,
    value: usize,
    offset: u64,
}

impl OwnedField {
    /// It as any other.
    #[must_use]
    pub fn as_field(&self) -> Field<'_> {
        Field::new(&self.raw, self.name_len, self.value, self.offset)
    }

    /// All of it as it stands.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }
}

impl fmt::Debug for OwnedField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_field().fmt(f)
    }
}

/// What a body goes through.
#[derive(Debug)]
enum Decoder {
    None,
    Base64(Base64Decoder),
    QuotedPrintable(QpDecoder),
}

/// What is known of a header and was not taken yet.
#[derive(Debug, Default)]
struct Waiting {
    section: Bytes,
    /// Where it began.
    base: u64,
    /// Which field comes next, in the structure's entries.
    next: usize,
    end: Option<(PartKind, TransferEncoding)>,
    blank: Bytes,
}

/// Reads a message as it comes.
///
/// ```
/// use bytes::BytesMut;
/// use mime::{Event, Reader};
///
/// let mut input = BytesMut::from("Subject: hi\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n");
/// let (mut reader, mut text) = (Reader::decoding(), Vec::new());
/// while let Some(event) = reader.receive_eof(&mut input)? {
///     match event {
///         Event::Header(field) => assert!(field.as_field().is("subject") || field.as_field().value() == b"base64"),
///         Event::Body(bytes) => text.extend_from_slice(&bytes),
///         _ => {}
///     }
/// }
/// assert_eq!(text, b"hello");
/// # Ok::<(), mime::Defect>(())
/// ```
#[derive(Debug)]
pub struct Reader {
    structure: Structure,
    header: Waiting,
    /// A part ended with these, but for what its decoder still held.
    ended: Option<Vec<Defect>>,
    decodes: bool,
    decoder: Decoder,
    /// Where the body began that is being decoded.
    body: u64,
    offset: u64,
    strict: bool,
    failed: Option<Defect>,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    /// A reader that gives bodies as they stand.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(Limits::DEFAULT)
    }

    /// A reader that undoes transfer codings.
    #[must_use]
    pub fn decoding() -> Self {
        Reader { decodes: true, ..Self::new() }
    }

    /// A reader with other limits, that gives bodies as they stand.
    #[must_use]
    pub fn with_limits(limits: Limits) -> Self {
        Reader {
            structure: Structure::new(limits),
            header: Waiting::default(),
            ended: None,
            decodes: false,
            decoder: Decoder::None,
            body: 0,
            offset: 0,
            strict: false,
            failed: None,
        }
    }

    /// The same, but it undoes transfer codings, or it does not.
    #[must_use]
    pub fn with_decoding(self, decodes: bool) -> Self {
        Reader { decodes, ..self }
    }

    /// The same, but the first defect of a part is an error at the part's end. Of quoted-printable blanks at the end of
    /// a line are deleted (RFC 2045 section 6.7 rule 3).
    #[must_use]
    pub fn strict(self) -> Self {
        Reader { strict: true, ..self }
    }

    /// Takes the next thing off the front of `input`. `None` if more is needed.
    ///
    /// # Errors
    /// The first defect, if the reader is [`strict`](Reader::strict), and then always the same.
    pub fn receive(&mut self, input: &mut BytesMut) -> Result<Option<Event>, Defect> {
        self.next(input, false)
    }

    /// Instead of [`receive`](Reader::receive) once the end is known, with what is still unread; call until `None`.
    ///
    /// # Errors
    /// As [`receive`](Reader::receive).
    pub fn receive_eof(&mut self, input: &mut BytesMut) -> Result<Option<Event>, Defect> {
        self.next(input, true)
    }

    fn next(&mut self, input: &mut BytesMut, eof: bool) -> Result<Option<Event>, Defect> {
        if let Some(defect) = self.failed {
            return Err(defect);
        }
        loop {
            if let Some(event) = self.known() {
                return Ok(Some(event));
            }
            let part = self.structure.part();
            let Some(step) = self.structure.step(input, eof) else { return Ok(None) };
            match step {
                Step::PartStart => return Ok(Some(Event::PartStart { depth: self.structure.depth() - 1 })),
                Step::Section { section, first, kind, encoding, .. } => {
                    let base = self.offset;
                    let (bytes, blank) = (self.take(input, section.len), self.take(input, section.blank));
                    self.header =
                        Waiting { section: bytes, base, next: first, end: Some((kind, encoding)), blank };
                    self.begin_body(kind, encoding);
                }
                Step::Body(len) => {
                    let bytes = self.take(input, len);
                    let bytes = self.decode(bytes);
                    if !bytes.is_empty() {
                        return Ok(Some(Event::Body(bytes)));
                    }
                }
                Step::Outside(len) => return Ok(Some(Event::Outside(self.take(input, len)))),
                Step::PartEnd => {
                    let rest = self.end_part(part)?;
                    if !rest.is_empty() {
                        return Ok(Some(Event::Body(rest)));
                    }
                }
                Step::End => return Ok(Some(Event::End)),
            }
        }
    }

    fn take(&mut self, input: &mut BytesMut, len: usize) -> Bytes {
        self.offset += len as u64;
        input.split_to(len.min(input.len())).freeze()
    }

    /// What comes next of what is known already.
    fn known(&mut self) -> Option<Event> {
        let header = &mut self.header;
        if let Some((kind, encoding)) = header.end {
            if let Some(entry) = self.structure.entries.get(header.next) {
                header.next += 1;
                return Some(Event::Header(field(&header.section, header.base, entry)));
            }
            self.structure.entries.clear();
            (header.section, header.end) = (Bytes::new(), None);
            return Some(Event::HeadersEnd { kind, encoding });
        }
        if !header.blank.is_empty() {
            return Some(Event::Outside(core::mem::take(&mut header.blank)));
        }
        self.ended.take().map(|defects| Event::PartEnd { defects })
    }

    fn begin_body(&mut self, kind: PartKind, encoding: TransferEncoding) {
        let leaf = self.decodes && kind == PartKind::Leaf;
        self.body = self.offset;
        self.decoder = match encoding {
            TransferEncoding::Base64 if leaf => Decoder::Base64(Base64Decoder::new()),
            TransferEncoding::QuotedPrintable if leaf => {
                Decoder::QuotedPrintable(if self.strict { QpDecoder::strict() } else { QpDecoder::new() })
            }
            _ => Decoder::None,
        };
    }

    fn decode(&mut self, bytes: Bytes) -> Bytes {
        let mut out = Vec::new();
        match &mut self.decoder {
            Decoder::None => return bytes,
            Decoder::Base64(decoder) => decoder.push(&bytes, &mut out),
            Decoder::QuotedPrintable(decoder) => decoder.push(&bytes, &mut out),
        }
        Bytes::from(out)
    }

    /// The innermost part that is open ends, in what its decoder still held.
    fn end_part(&mut self, part: usize) -> Result<Bytes, Defect> {
        let (mut rest, mut coding) = (Vec::new(), Vec::new());
        match &mut self.decoder {
            Decoder::None => {}
            Decoder::Base64(decoder) => {
                decoder.finish(&mut rest);
                coding = decoder.take_defects();
            }
            Decoder::QuotedPrintable(decoder) => {
                decoder.finish(&mut rest);
                coding = decoder.take_defects();
            }
        }
        self.decoder = Decoder::None;
        // Only the innermost part gets any: its own are the last.
        let all = &mut self.structure.defects;
        let others = all.iter().rposition(|(owner, _)| *owner != part).map_or(0, |last| last + 1);
        let mut defects: Vec<Defect> = all.drain(others..).map(|(_, defect)| defect).collect();
        defects.extend(coding.iter().map(|defect| defect.moved(self.body)));
        defects.sort_unstable();
        if let Some(defect) = defects.first().filter(|_| self.strict) {
            self.failed = Some(*defect);
            return Err(*defect);
        }
        self.ended = Some(defects);
        Ok(Bytes::from(rest))
    }
}

fn field(section: &Bytes, base: u64, entry: &Entry) -> OwnedField {
    let (from, to) = (entry.start as usize, entry.end as usize);
    let raw = if to <= section.len() && from <= to { section.slice(from..to) } else { Bytes::new() };
    OwnedField {
        raw,
        name_len: entry.name_len as usize,
        value: (entry.value - entry.start) as usize,
        offset: base + u64::from(entry.start),
    }
}

impl Event {
    /// The bytes of the message that it stands for, if the reader does not decode: those of all events together are the
    /// message.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Event::Header(field) => &field.raw,
            Event::Body(bytes) | Event::Outside(bytes) => bytes,
            _ => &[],
        }
    }
}

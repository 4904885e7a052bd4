//! Forms as browsers send them: `multipart/form-data`, read and written as a stream (RFC 7578).
//!
//! The rule for reading: a delimiter is what it is in mail, by the same code; nothing is held but one header block and what may
//! become a delimiter. Other than in mail, what is not well-formed is an error: a form is a request, and its sender waits for
//! an answer (400). The rule for writing: a name can't break out of its line, and a value that has the boundary in it is refused.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};
use thiserror::Error;

use crate::boundary::{Boundaries, Search};
use crate::lexical::slice;
use crate::lines::fields;
use crate::{Disposition, MediaType, Misuse, MisuseKind, check_value};

/// What may be in one form. The size of values is for the caller to limit: they come in pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many fields: 1 000 by default, more than any page has.
    pub fields: usize,
    /// How many bytes the header block of one may have: 16 KiB by default, for long file names.
    pub header_block: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { fields: 1_000, header_block: 16 << 10 }
    }
}

/// The next thing in a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A field begins.
    Field(Field),
    /// A run of its value.
    Data(Bytes),
    /// Its value is complete.
    FieldEnd,
    /// The form is complete. What follows is no part of it.
    End,
}

/// What is said about a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name of the field.
    pub name: String,
    /// The name of the file, if it is one: as sent, never to be used as a path.
    pub filename: Option<String>,
    /// `text/plain` unless it says otherwise (RFC 7578 section 4.4).
    pub media_type: MediaType<'static>,
}

/// The sender is wrong; the answer is 400, or 413 where it says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind} (at byte {offset})")]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Where, from the start of the form.
    pub offset: u64,
}

/// What is wrong with a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// It ends before its closing delimiter.
    #[error("the form ends too early")]
    Cut,
    /// A field without a Content-Disposition of `form-data` and a name (RFC 7578 section 4.2).
    #[error("a field without a name")]
    NoName,
    /// The header block of a field is larger than the limit (413).
    #[error("the header block of a field is too large")]
    HeaderBlock,
    /// More fields than the limit (413).
    #[error("the form has too many fields")]
    Fields,
}

/// Reads a form as it comes in.
///
/// ```
/// use bytes::BytesMut;
/// use mime::form::{Event, Reader};
///
/// let form = "--x\r\nContent-Disposition: form-data; name=\"who\"\r\n\r\nBob\r\n--x--\r\n";
/// let (mut reader, mut input) = (Reader::new("x")?, BytesMut::from(form));
/// let Some(Event::Field(field)) = reader.receive(&mut input).unwrap() else { panic!() };
/// assert_eq!(field.name, "who");
/// assert_eq!(reader.receive(&mut input).unwrap(), Some(Event::Data("Bob".into())));
/// assert_eq!(reader.receive(&mut input).unwrap(), Some(Event::FieldEnd));
/// assert_eq!(reader.receive(&mut input).unwrap(), Some(Event::End));
/// # Ok::<(), mime::Misuse>(())
/// ```
#[derive(Clone, Debug)]
pub struct Reader {
    boundaries: Boundaries,
    limits: Limits,
    state: State,
    /// The input begins a line.
    at_line: bool,
    /// Of the input's first byte.
    offset: u64,
    fields: usize,
    failed: Option<Error>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Preamble,
    /// Up to here no end of the header block was found.
    Headers(usize),
    Body,
    /// The last delimiter has been seen; `End` is told next.
    Closed,
    Done,
}

impl Reader {
    /// For a form with this boundary, a parameter of the Content-Type that it came with.
    ///
    /// # Errors
    /// That is no boundary: 1 to 70 characters of a small set (RFC 2046 section 5.1.1).
    pub fn new(boundary: &str) -> Result<Self, Misuse> {
        Self::with_limits(boundary, Limits::default())
    }

    /// The same within `limits`.
    ///
    /// # Errors
    /// As [`new`](Reader::new).
    pub fn with_limits(boundary: &str, limits: Limits) -> Result<Self, Misuse> {
        check_boundary(boundary)?;
        let mut boundaries = Boundaries::default();
        boundaries.push(0, boundary.as_bytes());
        let state = State::Preamble;
        Ok(Reader { boundaries, limits, state, at_line: true, offset: 0, fields: 0, failed: None })
    }

    /// Takes the next thing off the front of `input`; `None`: more is needed, or all has been told.
    ///
    /// # Errors
    /// The form is not well-formed, or larger than allowed; every later call says the same.
    pub fn receive(&mut self, input: &mut BytesMut) -> Result<Option<Event>, Error> {
        self.advance(input, false)
    }

    /// Instead of [`receive`](Reader::receive) once nothing more will come; until `None`.
    ///
    /// # Errors
    /// As `receive`, and if the form is not complete.
    pub fn receive_eof(&mut self, input: &mut BytesMut) -> Result<Option<Event>, Error> {
        self.advance(input, true)
    }

    /// The form is complete.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    fn advance(&mut self, input: &mut BytesMut, eof: bool) -> Result<Option<Event>, Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        loop {
            let told = match self.state {
                State::Preamble | State::Body => self.content(input, eof),
                State::Headers(seen) => self.headers(input, seen)?,
                State::Closed => {
                    self.state = State::Done;
                    Some(Event::End)
                }
                State::Done => {
                    self.take(input, input.len());
                    return Ok(None);
                }
            };
            match told {
                Some(Event::Data(data)) if data.is_empty() => {}
                Some(event) => return Ok(Some(event)),
                None if eof => return Err(self.fail(ErrorKind::Cut, input.len())),
                None => return Ok(None),
            }
        }
    }

    fn take(&mut self, input: &mut BytesMut, len: usize) -> Bytes {
        self.offset += len as u64;
        input.split_to(len).freeze()
    }

    fn fail(&mut self, kind: ErrorKind, at: usize) -> Error {
        let error = Error { kind, offset: self.offset + at as u64 };
        self.failed = Some(error);
        error
    }

    /// A run of a value, or its end. An empty run says: look again.
    fn content(&mut self, input: &mut BytesMut, eof: bool) -> Option<Event> {
        let is_body = self.state == State::Body;
        let (len, found) = match self.boundaries.search(input, self.at_line, eof) {
            Search::None { safe } => (safe, None),
            Search::Found { before, delimiter } => (before, Some(delimiter)),
        };
        if len > 0 {
            self.at_line = input.get(len - 1) == Some(&b'\n');
            let data = self.take(input, len);
            return Some(Event::Data(if is_body { data } else { Bytes::new() }));
        }
        let delimiter = found?;
        self.take(input, delimiter.len);
        self.state = if delimiter.is_last { State::Closed } else { State::Headers(0) };
        Some(if is_body { Event::FieldEnd } else { Event::Data(Bytes::new()) })
    }

    fn headers(&mut self, input: &mut BytesMut, seen: usize) -> Result<Option<Event>, Error> {
        let Some(len) = block_end(input, seen) else {
            if input.len() > self.limits.header_block {
                return Err(self.fail(ErrorKind::HeaderBlock, self.limits.header_block));
            }
            self.state = State::Headers(input.len().saturating_sub(3));
            return Ok(None);
        };
        if len > self.limits.header_block {
            return Err(self.fail(ErrorKind::HeaderBlock, self.limits.header_block));
        }
        self.fields += 1;
        if self.fields > self.limits.fields {
            return Err(self.fail(ErrorKind::Fields, 0));
        }
        let Some(field) = Field::parse(slice(input, 0, len)) else {
            return Err(self.fail(ErrorKind::NoName, 0));
        };
        self.take(input, len);
        (self.state, self.at_line) = (State::Body, true);
        Ok(Some(Event::Field(field)))
    }
}

/// Behind the blank line; from `seen` on.
fn block_end(input: &[u8], seen: usize) -> Option<usize> {
    if seen == 0 {
        match input {
            [b'\r', b'\n', ..] => return Some(2),
            [b'\n', ..] => return Some(1),
            _ => {}
        }
    }
    let mut from = seen;
    loop {
        let end = from + proto_core::scan::find_byte(b'\n', input.get(from..)?)? + 1;
        match slice(input, end, input.len()) {
            [b'\n', ..] => return Some(end + 1),
            [b'\r', b'\n', ..] => return Some(end + 2),
            _ => from = end,
        }
    }
}

impl Field {
    fn parse(block: &[u8]) -> Option<Field> {
        let value = |name: &str| {
            fields(block)
                .find(|field| field.name.eq_ignore_ascii_case(name.as_bytes()))
                .map(|field| field.value)
        };
        let disposition = doubled(value("content-disposition")?);
        let disposition = Disposition::parse(&disposition)?;
        if !disposition.kind().eq_ignore_ascii_case("form-data") {
            return None;
        }
        let name = unescape(disposition.parameters.value("name")?);
        let media_type = value("content-type").and_then(MediaType::parse);
        Some(Field {
            name,
            filename: disposition.parameters.value("filename").map(unescape),
            media_type: media_type.unwrap_or(MediaType::TEXT_PLAIN).into_owned(),
        })
    }
}

/// Browsers and curl don't quote a backslash: one that quotes nothing is itself, and doubled here for those who read on.
fn doubled(value: &[u8]) -> Cow<'_, [u8]> {
    if !value.contains(&b'\\') {
        return Cow::Borrowed(value);
    }
    let mut out = Vec::with_capacity(value.len() + 8);
    let mut bytes = value.iter().peekable();
    while let Some(byte) = bytes.next() {
        out.push(*byte);
        if *byte == b'\\' {
            let quoted = bytes.next_if(|next| matches!(next, b'"' | b'\\'));
            out.push(*quoted.unwrap_or(&b'\\'));
        }
    }
    Cow::Owned(out)
}

/// What browsers write in place of what would end a quoted string (the WHATWG's HTML standard, "multipart form data").
const ESCAPES: [(&str, &str); 3] = [("%22", "\""), ("%0D", "\r"), ("%0A", "\n")];

fn unescape(value: &str) -> String {
    let mut value = Cow::Borrowed(value);
    for (escaped, meant) in ESCAPES {
        if value.contains(escaped) {
            value = Cow::Owned(value.replace(escaped, meant));
        }
    }
    value.into_owned()
}

/// RFC 2046 section 5.1.1: `bcharsnospace`, and blanks but at the end.
pub(crate) fn check_boundary(boundary: &str) -> Result<(), Misuse> {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    let wrong = |at| Err(Misuse::new(MisuseKind::Boundary, at));
    match boundary.bytes().position(|byte| !fine(byte)) {
        Some(at) => wrong(at),
        None if boundary.is_empty() || boundary.ends_with(' ') => wrong(boundary.len()),
        None if boundary.len() > 70 => wrong(70),
        None => Ok(()),
    }
}

/// Writes a form.
///
/// ```
/// use mime::form::Writer;
///
/// let (mut form, mut out) = (Writer::new("x")?, Vec::new());
/// form.field("who", b"Bob", &mut out)?;
/// form.finish(&mut out);
/// assert_eq!(out, b"--x\r\nContent-Disposition: form-data; name=\"who\"\r\n\r\nBob\r\n--x--\r\n");
/// # Ok::<(), mime::Misuse>(())
/// ```
#[derive(Clone, Debug)]
pub struct Writer {
    boundary: String,
    /// What is on the wire so far ends in this: a boundary may begin there.
    tail: Vec<u8>,
    begun: bool,
}

impl Writer {
    /// With this boundary. Random ones of some length are in no value but by ill luck; where they are, the value is refused.
    ///
    /// # Errors
    /// It is no boundary.
    pub fn new(boundary: &str) -> Result<Self, Misuse> {
        check_boundary(boundary)?;
        Ok(Writer { boundary: boundary.to_string(), tail: Vec::new(), begun: false })
    }

    /// The Content-Type of the form.
    #[must_use]
    pub fn media_type(&self) -> MediaType<'static> {
        let mut media_type = MediaType::known("multipart", "form-data");
        let _ = media_type.parameters.set("boundary", self.boundary.clone());
        media_type
    }

    /// A field with a short value.
    ///
    /// # Errors
    /// CR, LF or NUL in the name; the boundary in the value. Nothing is appended then.
    pub fn field(&mut self, name: &str, value: &[u8], out: &mut Vec<u8>) -> Result<(), Misuse> {
        let (before, start) = (self.clone(), out.len());
        let written = self.begin(name, None, None, out).and_then(|()| self.data(value, out));
        if written.is_err() {
            *self = before;
            out.truncate(start);
        }
        written
    }

    /// A file begins; its content follows through [`data`](Writer::data).
    ///
    /// # Errors
    /// CR, LF or NUL in a name. Nothing is appended then.
    pub fn file(
        &mut self,
        name: &str,
        filename: &str,
        media_type: &MediaType<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Misuse> {
        self.begin(name, Some(filename), Some(media_type), out)
    }

    /// More of the value.
    ///
    /// # Errors
    /// The boundary is in it. Nothing is appended then.
    pub fn data(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<(), Misuse> {
        let mark = [b"--", self.boundary.as_bytes()].concat();
        let seam = self.tail.len();
        let mut joint = self.tail.clone();
        joint.extend_from_slice(slice(data, 0, data.len().min(mark.len())));
        let found = find(&joint, &mark).map(|at| at.saturating_sub(seam)).or_else(|| find(data, &mark));
        if let Some(at) = found {
            return Err(Misuse::new(MisuseKind::BoundaryInContent, at));
        }
        if data.len() >= mark.len() {
            self.tail = slice(data, data.len() + 1 - mark.len(), data.len()).to_vec();
        } else {
            let keep = joint.len().min(mark.len() - 1);
            self.tail = slice(&joint, joint.len() - keep, joint.len()).to_vec();
        }
        out.extend_from_slice(data);
        Ok(())
    }

    /// The end of the form.
    pub fn finish(self, out: &mut Vec<u8>) {
        self.delimiter(b"--\r\n", out);
    }

    /// A field or a file begins, with a media type or without; its value follows through [`data`](Writer::data). Who sends a file
    /// without having it in memory sends it in place of that, and knows by other means that the boundary is not in it.
    ///
    /// # Errors
    /// CR, LF or NUL in a name. Nothing is appended then.
    pub fn begin(
        &mut self,
        name: &str,
        filename: Option<&str>,
        media_type: Option<&MediaType<'_>>,
        out: &mut Vec<u8>,
    ) -> Result<(), Misuse> {
        check_value(name.as_bytes())?;
        check_value(filename.unwrap_or_default().as_bytes())?;
        self.delimiter(b"\r\n", out);
        self.begun = true;
        self.tail.clear();
        put(out, "Content-Disposition: form-data; name=", name);
        if let Some(filename) = filename {
            put(out, "; filename=", filename);
        }
        if let Some(media_type) = media_type {
            out.extend_from_slice(alloc::format!("\r\nContent-Type: {media_type}").as_bytes());
        }
        out.extend_from_slice(b"\r\n\r\n");
        Ok(())
    }

    fn delimiter(&self, end: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(if self.begun { b"\r\n--" } else { b"--" });
        out.extend_from_slice(self.boundary.as_bytes());
        out.extend_from_slice(end);
    }
}

/// RFC 7578 section 5.1: UTF-8 as it is; a quote as browsers escape it, a backslash as in any quoted string (RFC 5322 section
/// 3.2.4).
fn put(out: &mut Vec<u8>, before: &str, value: &str) {
    out.extend_from_slice(before.as_bytes());
    out.push(b'"');
    out.extend_from_slice(value.replace('"', "%22").replace('\\', "\\\\").as_bytes());
    out.push(b'"');
}

/// Where `mark`, which begins with `--`, is.
fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    // A boundary has at most 70 characters: so many comparisons for each byte at worst, and hardly ever two.
    let last = bytes.len().checked_sub(mark.len())?;
    let mut at = 0;
    while at <= last {
        at += proto_core::scan::find_byte(b'-', slice(bytes, at, last + 1))?;
        if slice(bytes, at, at + mark.len()) == mark {
            return Some(at);
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    fn read(bytes: &[u8], size: usize) -> Result<Vec<(Field, Vec<u8>)>, ErrorKind> {
        let (mut reader, mut input, mut all) = (Reader::new("AaB03x").unwrap(), BytesMut::new(), Vec::new());
        let mut chunks = bytes.chunks(size.max(1));
        loop {
            let chunk = chunks.next();
            input.extend_from_slice(chunk.unwrap_or_default());
            loop {
                let event =
                    if chunk.is_some() { reader.receive(&mut input) } else { reader.receive_eof(&mut input) };
                match event.map_err(|error| error.kind)? {
                    Some(Event::Field(field)) => all.push((field, vec![])),
                    Some(Event::Data(data)) => all.last_mut().unwrap().1.extend_from_slice(&data),
                    Some(Event::FieldEnd | Event::End) => {}
                    None => break,
                }
            }
            if chunk.is_none() {
                return Ok(all);
            }
        }
    }

    #[test]
    fn reads_what_browsers_send() {
        let form = "ignored\r\n--AaB03x\r\ncontent-disposition: form-data; name=\"field1\"\r\n\
            content-type: text/plain;charset=UTF-8\r\n\r\nJoe owes \u{20ac}100.\r\n--AaB03x \t\r\n\
            Content-Disposition: form-data; name=\"pi%22cs\"; filename=\"f\u{e9}\u{4e2d}.txt\"\r\nContent-Type: image/png\r\n\r\n\
            \r\n--AaB03\r\n--AaB03xx\r\n\r\n--AaB03x\r\nContent-Disposition: form-data; name=empty\r\n\r\n\r\n--AaB03x--\r\nepilogue";
        for size in 1..form.len() {
            let read = read(form.as_bytes(), size).unwrap();
            assert_eq!(read.len(), 3);
            assert_eq!((&*read[0].0.name, &*read[0].1), ("field1", "Joe owes \u{20ac}100.".as_bytes()));
            assert_eq!(read[0].0.media_type.charset(), Some("UTF-8"));
            assert_eq!(
                (&*read[1].0.name, read[1].0.filename.as_deref()),
                ("pi\"cs", Some("f\u{e9}\u{4e2d}.txt"))
            );
            assert_eq!(read[1].1, b"\r\n--AaB03\r\n--AaB03xx\r\n");
            assert_eq!((&*read[2].0.name, &*read[2].1), ("empty", &b""[..]));
        }
    }

    #[test]
    fn what_is_no_form_is_an_error() {
        let big = "x".repeat(20_000);
        let cases = [
            (String::new(), ErrorKind::Cut),
            ("--AaB03x".into(), ErrorKind::Cut),
            ("--AaB03x\r\nContent-Disposition: form-data; name=a\r\n\r\nb".into(), ErrorKind::Cut),
            ("--AaB03x\r\nContent-Disposition: attachment; name=a\r\n\r\n".into(), ErrorKind::NoName),
            ("--AaB03x\r\nContent-Disposition: form-data\r\n\r\n".into(), ErrorKind::NoName),
            ("--AaB03x\r\n\r\n".into(), ErrorKind::NoName),
            (alloc::format!("--AaB03x\r\nX: {big}"), ErrorKind::HeaderBlock),
            (alloc::format!("--AaB03x\r\nX: {big}\r\n\r\n"), ErrorKind::HeaderBlock),
            (
                "--AaB03x\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n".repeat(1001),
                ErrorKind::Fields,
            ),
        ];
        for (form, error) in cases {
            for size in [1, 7, usize::MAX] {
                assert_eq!(read(form.as_bytes(), size).err(), Some(error));
            }
        }
        for boundary in ["", "a\r\n", "a ", "a\"", &"a".repeat(71)] {
            assert!(Reader::new(boundary).is_err() && Writer::new(boundary).is_err());
        }
    }

    #[test]
    fn a_boundary_in_a_value_is_refused_however_it_is_cut() {
        for cut in 0..10 {
            let (mut form, mut out) = (Writer::new("AaB03x").unwrap(), Vec::new());
            form.file("f", "f", &MediaType::OCTETS, &mut out).unwrap();
            let (first, second) = b"x--AaB03xyz".split_at(cut);
            let written = form.data(first, &mut out).and_then(|()| form.data(second, &mut out));
            assert_eq!(written.map_err(|misuse| misuse.kind), Err(MisuseKind::BoundaryInContent), "{cut}");
        }
        let (mut form, mut out) = (Writer::new("x").unwrap(), Vec::new());
        assert!(form.field("a\r\nb", b"", &mut out).is_err() && form.field("a", b"--x", &mut out).is_err());
        assert!(out.is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_written_is_read(
            name in "[ -~\u{e9}\u{4e2d}]{0,30}", filename in "[ -~\u{e9}]{0,30}",
            value in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'-'), Just(b'\r'), Just(b'\n')], 0..300),
            size in 1usize..50
        ) {
            let (mut form, mut out) = (Writer::new("AaB03x").unwrap(), Vec::new());
            form.field(&name, &value, &mut out).unwrap();
            form.file(&name, &filename, &MediaType::OCTETS, &mut out).unwrap();
            for piece in value.chunks(size) {
                form.data(piece, &mut out).unwrap();
            }
            form.finish(&mut out);
            let read = read(&out, size).unwrap();
            let (name, filename) = (name.replace("%22", "\""), filename.replace("%22", "\""));
            let (name, filename) = (unescape(&name), unescape(&filename));
            prop_assert_eq!(&read[0].0.name, &name);
            prop_assert_eq!(&read[0].1, &value);
            prop_assert_eq!(read[1].0.filename.as_deref(), Some(&*filename));
            prop_assert_eq!(&read[1].1, &value);
        }
    }
}

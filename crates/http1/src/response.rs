//! Responses: the head as it is parsed, borrowed or owned (RFC 9112 sections 2 and 4).

use alloc::sync::Arc;
use core::fmt;

use bytes::Bytes;

use crate::head::{Progress, StartLine};
use crate::shape::Shape;
use crate::syntax::{first_not_value, is_control, slice};
use crate::{
    Config, Error, ErrorKind, FieldLines, FieldName, FieldSection, Fields, Framing, Method, StatusCode,
    Version,
};

/// Where the parts of a status line are, and what they say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StatusLine {
    version: Version,
    status: StatusCode,
    reason: u32,
    reason_end: u32,
}

impl StartLine for StatusLine {
    const EMPTY_LINES: bool = false;

    /// `HTTP-version SP status-code SP [ reason-phrase ]` (RFC 9112 section 4). The reason and the space before it may
    /// be missing, as many servers leave them out.
    fn parse(line: &[u8], at: usize, _: &Config) -> Result<Self, Error> {
        let err = |kind, by: usize| Error::peer(kind, at + by);
        let version = Version::parse(slice(line, 0, 8)).map_err(|kind| version_error(kind, line, at))?;
        let (code, reason) = match slice(line, 8, line.len()) {
            [b' ', a, b, c] => ([*a, *b, *c], 12),
            [b' ', a, b, c, b' ', ..] => ([*a, *b, *c], 13),
            _ => return Err(err(ErrorKind::StatusLine, 8)),
        };
        let status = StatusCode::parse(code).ok_or_else(|| err(ErrorKind::StatusCode, 9))?;
        if let Some(bad) = first_not_value(slice(line, reason, line.len())) {
            return Err(err(ErrorKind::ControlCharacter, reason + bad));
        }
        let place = |n: usize| u32::try_from(at + n).map_err(|_| err(ErrorKind::StartLineTooLong, 0));
        let (reason, reason_end) = (place(reason)?, place(line.len())?);
        Ok(StatusLine { version, status, reason, reason_end })
    }

    #[inline]
    fn leap(shape: &Shape<'_>, at: usize, config: &Config) -> Option<(Self, usize)> {
        let end = shape.line_end(0)?;
        let line = match shape.slice(0, end).split_first_chunk() {
            // No control character is in the line.
            Some((b"HTTP/1.1 ", [a, b, c, b' ', ..])) => StatusLine {
                version: Version::Http11,
                status: StatusCode::parse([*a, *b, *c])?,
                reason: u32::try_from(at + 13).ok()?,
                reason_end: u32::try_from(at + end).ok()?,
            },
            _ => Self::parse(shape.slice(0, end), at, config).ok()?,
        };
        Some((line, end))
    }
}

impl StatusLine {
    pub(crate) fn status(self) -> StatusCode {
        self.status
    }
}

fn version_error(kind: ErrorKind, line: &[u8], at: usize) -> Error {
    match line.iter().position(|&byte| is_control(byte)) {
        Some(bad) => Error::peer(ErrorKind::ControlCharacter, at + bad),
        None => Error::peer(kind, at),
    }
}

/// The head of a response, borrowed from the bytes it came in.
///
/// ```
/// use http1::{Fields, Known, ResponseHead, StatusCode};
/// let mut fields = Fields::new();
/// let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
/// let (head, len) = ResponseHead::parse(bytes, &mut fields).unwrap().unwrap();
/// assert_eq!((head.status(), head.reason(), len), (StatusCode::OK, &b"OK"[..], 38));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ResponseHead<'a> {
    bytes: &'a [u8],
    line: StatusLine,
    fields: &'a Fields,
}

impl<'a> ResponseHead<'a> {
    /// Reads a head at the front of `bytes` with the default [`Config`]; says also how long it is. `None`: it is not
    /// complete.
    ///
    /// # Errors
    /// The first fault in the order of bytes. A folded line is one: call [`unfold`](crate::unfold) first, as a client
    /// does.
    #[inline]
    pub fn parse(bytes: &'a [u8], fields: &'a mut Fields) -> Result<Option<(Self, usize)>, Error> {
        Self::parse_with(bytes, fields, &Config::DEFAULT)
    }

    /// [`parse`](ResponseHead::parse) with limits and leniencies of your own.
    ///
    /// # Errors
    /// The first fault in the order of bytes.
    #[inline]
    pub fn parse_with(
        bytes: &'a [u8],
        fields: &'a mut Fields,
        config: &Config,
    ) -> Result<Option<(Self, usize)>, Error> {
        let head = Progress::at_once(bytes, fields, config).map_err(Error::without_reply)?;
        Ok(head.map(|(line, len)| (Self::new(slice(bytes, 0, len), line, fields), len)))
    }

    pub(crate) fn new(bytes: &'a [u8], line: StatusLine, fields: &'a Fields) -> Self {
        ResponseHead { bytes, line, fields }
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.line.status
    }

    /// The reason, for people only; often empty (RFC 9112 section 4).
    #[must_use]
    pub fn reason(&self) -> &'a [u8] {
        slice(self.bytes, self.line.reason as usize, self.line.reason_end as usize)
    }

    /// The version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.line.version
    }

    /// The fields.
    #[must_use]
    pub fn fields(&self) -> FieldSection<'a> {
        FieldSection::new(self.bytes, self.fields)
    }

    /// How the body is delimited, if it answers a request with this method.
    ///
    /// # Errors
    /// The faults of RFC 9112 section 6.3; see [`Framing::of_response`].
    pub fn framing(&self, method: Method<'_>) -> Result<Framing, Error> {
        Framing::of_response(self, method)
    }

    /// The head's bytes, as they came.
    #[must_use]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl fmt::Debug for ResponseHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = format_args!("{} {:?}", self.version().as_str(), self.status());
        f.debug_struct("ResponseHead").field("line", &line).field("fields", &self.fields()).finish()
    }
}

/// A response's head that owns its bytes: a slice of the input and an index.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    bytes: Bytes,
    line: StatusLine,
    fields: Arc<Fields>,
    framing: Framing,
}

impl Response {
    pub(crate) fn new(bytes: Bytes, line: StatusLine, fields: Arc<Fields>, framing: Framing) -> Self {
        Response { bytes, line, fields, framing }
    }

    /// The head, to be looked at.
    #[must_use]
    pub fn head(&self) -> ResponseHead<'_> {
        ResponseHead::new(&self.bytes, self.line, &self.fields)
    }

    /// How the body is delimited.
    #[must_use]
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.line.status
    }

    /// The version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.line.version
    }

    /// The fields.
    #[must_use]
    pub fn fields(&self) -> FieldSection<'_> {
        FieldSection::new(&self.bytes, &self.fields)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.head().fmt(f)
    }
}

/// The head of a response to be sent: valid as far as it goes, whatever was put in. Keep one that is sent often.
///
/// ```
/// use http1::{Known, ResponseBuilder, StatusCode};
/// let mut head = ResponseBuilder::new(StatusCode::OK);
/// head.field(Known::ContentType, "text/plain").unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseBuilder {
    lines: FieldLines,
    status: StatusCode,
}

impl ResponseBuilder {
    /// A response with this status and its usual reason.
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        let mut builder = ResponseBuilder { lines: FieldLines::new(), status };
        builder.restart(status);
        builder
    }

    /// A response with a reason of your own.
    ///
    /// # Errors
    /// [`ErrorKind::FieldValue`]: a control character in the reason.
    pub fn with_reason(status: StatusCode, reason: &str) -> Result<Self, Error> {
        if let Some(at) = first_not_value(reason.as_bytes()) {
            return Err(Error::caller_at(ErrorKind::FieldValue, at));
        }
        let mut builder = ResponseBuilder { lines: FieldLines::new(), status };
        builder.begin(reason);
        Ok(builder)
    }

    /// From the start again, the room being kept.
    pub fn restart(&mut self, status: StatusCode) {
        self.status = status;
        match status.line() {
            Some(line) => self.lines.begin(&[line.as_bytes()]),
            None => self.begin(""),
        }
    }

    /// RFC 9112 section 4: the space before the reason is sent even if the reason is empty.
    fn begin(&mut self, reason: &str) {
        let code = self.status.digits();
        self.lines.begin(&[b"HTTP/1.1 ", &code, b" ", reason.as_bytes(), b"\r\n"]);
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Appends a field.
    ///
    /// # Errors
    /// As [`FieldLines::push`].
    pub fn field(&mut self, name: impl FieldName, value: impl AsRef<[u8]>) -> Result<&mut Self, Error> {
        self.lines.push(name, value)?;
        Ok(self)
    }

    /// The fields, for more.
    pub fn fields(&mut self) -> &mut FieldLines {
        &mut self.lines
    }

    pub(crate) fn lines(&self) -> &FieldLines {
        &self.lines
    }
}

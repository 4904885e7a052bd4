//! Requests: the head as it is parsed, borrowed or owned (RFC 9112 sections 2 and 3).

use alloc::sync::Arc;
use core::fmt;

use bytes::Bytes;

use crate::head::{Progress, StartLine};
use crate::method::MethodClass;
use crate::shape::Shape;
use crate::syntax::{first_not_token, is_control, slice, text};
use crate::{
    Authority, Config, Error, ErrorKind, FieldLines, FieldName, FieldSection, Fields, Framing, Known, Method,
    Target, Version, authority, target,
};

/// Where the parts of a request line are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestLine {
    start: u32,
    method_end: u32,
    target_end: u32,
    version: Version,
}

impl StartLine for RequestLine {
    const EMPTY_LINES: bool = true;

    /// `method SP request-target SP HTTP-version` (RFC 9112 section 3), with exactly one SP between each.
    fn parse(line: &[u8], at: usize, config: &Config) -> Result<Self, Error> {
        let shift = |error: Error, by: usize| Error { offset: at + by + error.offset, ..error };
        let method_end = end_of_method(line).map_err(|error| shift(error, 0))?;
        let target = slice(line, method_end + 1, line.len());
        let target_len = target.iter().position(|&byte| byte == b' ').unwrap_or(target.len());
        let target_end = method_end + 1 + target_len;
        let version = match line.get(target_end + 1..) {
            Some(version) => Version::parse(version),
            None => Err(ErrorKind::RequestLine),
        };
        let version = version.map_err(|kind| shift(version_error(kind, line, target_end), 0))?;
        let method = Method::of_token(slice(line, 0, method_end));
        let target = slice(target, 0, target_len);
        target::check(method, target, config.lenient.target_characters)
            .map_err(|error| shift(error, method_end + 1))?;
        let place =
            |n: usize| u32::try_from(at + n).map_err(|_| Error::peer(ErrorKind::StartLineTooLong, at));
        let (start, method_end, target_end) = (place(0)?, place(method_end)?, place(target_end)?);
        Ok(RequestLine { start, method_end, target_end, version })
    }

    #[inline]
    fn leap(shape: &Shape<'_>, at: usize, _: &Config) -> Option<(Self, usize)> {
        let line = shape.request_line()?;
        if shape.slice(0, line.method_end) == b"CONNECT" {
            return None;
        }
        // The line is short: if its start has a place, all of it does.
        let start = u32::try_from(at).ok().filter(|&start| start < u32::MAX / 2)?;
        let place = |n: usize| start + u32::try_from(n).unwrap_or_default();
        let (method_end, target_end) = (place(line.method_end), place(line.target_end));
        Some((RequestLine { start, method_end, target_end, version: line.version }, line.end))
    }
}

fn end_of_method(line: &[u8]) -> Result<usize, Error> {
    let Some(end) = first_not_token(line) else {
        return Err(Error::peer(ErrorKind::RequestLine, line.len()));
    };
    match line.get(end) {
        Some(b' ') if end > 0 => Ok(end),
        Some(b' ') => Err(Error::peer(ErrorKind::RequestLine, end)),
        Some(&byte) if is_control(byte) => Err(Error::peer(ErrorKind::ControlCharacter, end)),
        _ => Err(Error::peer(ErrorKind::Method, end)),
    }
}

/// Names the fault more closely: a control character, or one space too many.
fn version_error(kind: ErrorKind, line: &[u8], target_end: usize) -> Error {
    if let Some(at) = line.iter().position(|&byte| is_control(byte)) {
        return Error::peer(ErrorKind::ControlCharacter, at);
    }
    let version = slice(line, target_end + 1, line.len());
    let kind = if version.contains(&b' ') { ErrorKind::RequestLine } else { kind };
    Error::peer(kind, target_end.saturating_add(1).min(line.len()))
}

/// The head of a request, borrowed from the bytes it came in.
///
/// ```
/// use http1::{Fields, Known, Method, RequestHead};
/// let mut fields = Fields::new();
/// let bytes = b"GET /a?b HTTP/1.1\r\nHost: example.com\r\n\r\nwhat follows";
/// let (head, len) = RequestHead::parse(bytes, &mut fields).unwrap().unwrap();
/// assert_eq!((head.method(), head.target(), len), (Method::Get, "/a?b", 40));
/// assert_eq!(head.fields().text(Known::Host), Some("example.com"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestHead<'a> {
    bytes: &'a [u8],
    line: RequestLine,
    fields: &'a Fields,
}

impl<'a> RequestHead<'a> {
    /// Reads a head at the front of `bytes` with the default [`Config`]; says also how long it is. `None`: it is not
    /// complete.
    ///
    /// # Errors
    /// The first fault in the order of bytes, with the status it is to be answered with.
    #[inline]
    pub fn parse(bytes: &'a [u8], fields: &'a mut Fields) -> Result<Option<(Self, usize)>, Error> {
        Self::parse_with(bytes, fields, &Config::DEFAULT)
    }

    /// [`parse`](RequestHead::parse) with limits and leniencies of your own.
    ///
    /// # Errors
    /// The first fault in the order of bytes, with the status it is to be answered with.
    #[inline]
    pub fn parse_with(
        bytes: &'a [u8],
        fields: &'a mut Fields,
        config: &Config,
    ) -> Result<Option<(Self, usize)>, Error> {
        let Some((line, len)) = Progress::at_once(bytes, fields, config)? else { return Ok(None) };
        let head = Self::new(slice(bytes, 0, len), line, fields);
        head.check(config)?;
        Ok(Some((head, len)))
    }

    pub(crate) fn new(bytes: &'a [u8], line: RequestLine, fields: &'a Fields) -> Self {
        RequestHead { bytes, line, fields }
    }

    /// What can only be judged of a whole head. RFC 9112 section 3.2: a request with HTTP/1.1 has Host, none has two,
    /// and each is well-formed; an empty one is legal.
    #[inline]
    pub(crate) fn check(&self, config: &Config) -> Result<(), Error> {
        match self.fault(config) {
            None => Ok(()),
            Some(kind) => Err(Error::peer(kind, self.bytes.len()).of_field(Known::Host)),
        }
    }

    #[inline]
    fn fault(&self, config: &Config) -> Option<ErrorKind> {
        let fields = self.fields();
        if fields.repeats_any(Known::Host.mark()) {
            return Some(ErrorKind::HostRepeated);
        }
        match fields.first_known(Known::Host) {
            Some(host) => (!authority::is_well_formed(host)).then_some(ErrorKind::HostInvalid),
            None if self.version() == Version::Http10 || config.lenient.missing_host => None,
            None => Some(ErrorKind::HostMissing),
        }
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> Method<'a> {
        Method::of_token(slice(self.bytes, self.line.start as usize, self.line.method_end as usize))
    }

    /// The target as it was sent.
    #[must_use]
    pub fn target(&self) -> &'a str {
        text(slice(self.bytes, self.line.method_end as usize + 1, self.line.target_end as usize))
    }

    /// The target, taken apart.
    #[must_use]
    pub fn target_form(&self) -> Target<'a> {
        let target = Target::split(self.method(), self.target().as_bytes());
        // A head that exists has a target that can be taken apart.
        target.unwrap_or(Target::Origin { path: self.target(), query: None })
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

    /// Whom the request is for: the authority of an absolute or authority-form target, else Host (RFC 9112 section
    /// 3.3). `None` if an HTTP/1.0 request does not say.
    #[must_use]
    pub fn authority(&self) -> Option<Authority<'a>> {
        let of_host = || self.fields().first(Known::Host).and_then(Authority::parse);
        self.target_form().authority().or_else(of_host)
    }

    /// How the body is delimited.
    ///
    /// # Errors
    /// The faults of RFC 9112 section 6.3; see [`Framing::of_request`].
    pub fn framing(&self) -> Result<Framing, Error> {
        Framing::of_request(self)
    }

    /// The head's bytes, as they came.
    #[must_use]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl fmt::Debug for RequestHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = format_args!("{} {} {}", self.method().as_str(), self.target(), self.version().as_str());
        f.debug_struct("RequestHead").field("line", &line).field("fields", &self.fields()).finish()
    }
}

/// A request's head that owns its bytes: a slice of the input and an index.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    bytes: Bytes,
    line: RequestLine,
    fields: Arc<Fields>,
    framing: Framing,
}

impl Request {
    pub(crate) fn new(bytes: Bytes, line: RequestLine, fields: Arc<Fields>, framing: Framing) -> Self {
        Request { bytes, line, fields, framing }
    }

    /// The head, to be looked at.
    #[must_use]
    pub fn head(&self) -> RequestHead<'_> {
        RequestHead::new(&self.bytes, self.line, &self.fields)
    }

    /// How the body is delimited.
    #[must_use]
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> Method<'_> {
        self.head().method()
    }

    /// The target as it was sent.
    #[must_use]
    pub fn target(&self) -> &str {
        self.head().target()
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

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.head().fmt(f)
    }
}

/// The head of a request to be sent: valid as far as it goes, whatever was put in.
///
/// ```
/// use http1::{Known, RequestBuilder, Method};
/// let mut head = RequestBuilder::new(Method::Get, "/").unwrap();
/// head.field(Known::Host, "example.com").unwrap().field(Known::Accept, "*/*").unwrap();
/// assert!(RequestBuilder::new(Method::Get, "/ HTTP/1.1\r\nHost: elsewhere").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestBuilder {
    lines: FieldLines,
    method: MethodClass,
    version: Version,
}

impl RequestBuilder {
    /// An HTTP/1.1 request.
    ///
    /// # Errors
    /// [`ErrorKind::Method`], [`ErrorKind::Target`] or [`ErrorKind::TargetForm`]: it could not be sent.
    pub fn new(method: Method<'_>, target: &str) -> Result<Self, Error> {
        Self::with_version(method, target, Version::Http11)
    }

    /// A request of this version. To HTTP/1.0 belong no chunks, and a connection ends with its first exchange unless
    /// `Connection: keep-alive` is put in.
    ///
    /// # Errors
    /// As [`new`](RequestBuilder::new).
    pub fn with_version(method: Method<'_>, target: &str, version: Version) -> Result<Self, Error> {
        let name = method.as_str();
        // `Other("GET")` is GET.
        let method = Method::parse(name.as_bytes()).ok_or_else(|| Error::caller(ErrorKind::Method))?;
        target::check(method, target.as_bytes(), false)
            .map_err(|error| Error::caller_at(error.kind, error.offset))?;
        let line = [name, " ", target, " ", version.as_str(), "\r\n"].map(str::as_bytes);
        Ok(RequestBuilder { lines: FieldLines::begun(&line), method: MethodClass::of(method), version })
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

    pub(crate) fn method(&self) -> MethodClass {
        self.method
    }

    pub(crate) fn version(&self) -> Version {
        self.version
    }
}

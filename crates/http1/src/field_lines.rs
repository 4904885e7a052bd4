//! Field lines on their way out: checked once, when they are put in, and then only copied.
//!
//! The rule: what exists can be sent. No CR, LF, NUL or other control character gets in; framing is not the caller's
//! to write, and Connection is put together by the endpoint from what is asked for here.

use alloc::vec::Vec;
use core::fmt;

mod head_bytes;

use head_bytes::HeadBytes;

use crate::fields::Elements;
use crate::syntax::{first_not_value, is_token, trim};
use crate::{Authority, Error, ErrorKind, FieldName, FieldSection, Known};

/// Fields to be sent: of a head being built, or a trailer section.
///
/// ```
/// use http1::{ErrorKind, FieldLines, Known};
/// let mut lines = FieldLines::new();
/// lines.push(Known::ContentType, "text/plain").unwrap();
/// lines.push("X-Answer", "42").unwrap();
/// assert_eq!(lines.as_bytes(), b"Content-Type: text/plain\r\nX-Answer: 42\r\n");
/// let smuggled = lines.push("X-Answer", "42\r\nSet-Cookie: a=b");
/// assert_eq!(smuggled.unwrap_err().kind, ErrorKind::FieldValue);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct FieldLines {
    bytes: HeadBytes,
    /// A bit for each [`Known`] field that was put in.
    seen: u128,
    /// What Connection shall say besides `close` and `keep-alive`: `, token` for each.
    options: Vec<u8>,
    /// `Connection: close` was asked for.
    close: bool,
    /// `Connection: keep-alive` was asked for.
    keep_alive: bool,
}

/// Fields that have no place in a trailer section, for they would change what was already acted upon: framing, routing,
/// credentials, conditions and what describes the content (RFC 9110 section 6.5.1).
const NOT_TRAILING: u128 = Known::ContentLength.bit()
    | Known::TransferEncoding.bit()
    | Known::Host.bit()
    | Known::Connection.bit()
    | Known::Upgrade.bit()
    | Known::Te.bit()
    | Known::Trailer.bit()
    | Known::KeepAlive.bit()
    | Known::ProxyConnection.bit()
    | Known::Expect.bit()
    | Known::MaxForwards.bit()
    | Known::CacheControl.bit()
    | Known::Pragma.bit()
    | Known::Range.bit()
    | Known::IfMatch.bit()
    | Known::IfNoneMatch.bit()
    | Known::IfModifiedSince.bit()
    | Known::IfUnmodifiedSince.bit()
    | Known::IfRange.bit()
    | Known::Authorization.bit()
    | Known::ProxyAuthorization.bit()
    | Known::WwwAuthenticate.bit()
    | Known::ProxyAuthenticate.bit()
    | Known::Cookie.bit()
    | Known::SetCookie.bit()
    | Known::Age.bit()
    | Known::Date.bit()
    | Known::Expires.bit()
    | Known::Location.bit()
    | Known::RetryAfter.bit()
    | Known::Vary.bit()
    | Known::Warning.bit()
    | Known::ContentEncoding.bit()
    | Known::ContentType.bit()
    | Known::ContentRange.bit();

impl Known {
    /// May stand in a trailer section: it doesn't frame, route, authenticate or describe the content (RFC 9110 section
    /// 6.5.1).
    #[must_use]
    pub fn may_trail(self) -> bool {
        self.bit() & NOT_TRAILING == 0
    }
}

impl FieldLines {
    /// None yet. Allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        FieldLines { bytes: HeadBytes::new(), seen: 0, options: Vec::new(), close: false, keep_alive: false }
    }

    /// A head that begins with this line.
    pub(crate) fn begun(line: &[&[u8]]) -> Self {
        let mut lines = Self::new();
        lines.begin(line);
        lines
    }

    /// From the start again, with this line; the room is kept.
    pub(crate) fn begin(&mut self, line: &[&[u8]]) {
        self.bytes.clear();
        self.options.clear();
        (self.seen, self.close, self.keep_alive) = (0, false, false);
        for part in line {
            self.bytes.extend(part);
        }
    }

    /// Appends a field line. Connection is remembered rather than written: the endpoint merges its options with its
    /// own.
    ///
    /// # Errors
    /// [`ErrorKind::FieldName`] for what is no token, [`ErrorKind::FieldValue`] for a control character,
    /// [`ErrorKind::FramingField`] for Content-Length and Transfer-Encoding, [`ErrorKind::HostInvalid`],
    /// [`ErrorKind::HostRepeated`], [`ErrorKind::Expectation`]. Nothing is appended then.
    #[inline]
    pub fn push(&mut self, name: impl FieldName, value: impl AsRef<[u8]>) -> Result<&mut Self, Error> {
        let value = value.as_ref();
        match name.known() {
            Some(known)
                if name.is_usual() && !is_special(known) && self.bytes.push_plain(known.prefix(), value) =>
            {
                self.seen |= known.bit();
            }
            known => self.push_checked(known, name.name(), trim(value))?,
        }
        Ok(self)
    }

    fn push_checked(&mut self, known: Option<Known>, name: &str, value: &[u8]) -> Result<(), Error> {
        if let Some(at) = first_not_value(value) {
            return Err(Error::caller_at(ErrorKind::FieldValue, at));
        }
        match known {
            Some(Known::Connection) => return self.push_options(value),
            Some(known) => {
                self.check(known, value).map_err(|kind| Error::caller(kind).of_field(known))?;
                self.seen |= known.bit();
            }
            None if !is_token(name.as_bytes()) => return Err(Error::caller(ErrorKind::FieldName)),
            None => {}
        }
        self.write(name, value);
        Ok(())
    }

    /// Appends all of a section that was received, but for what the endpoint writes itself and fields that `keep` does
    /// not want: for forwarding.
    ///
    /// # Errors
    /// As [`push`](FieldLines::push).
    pub fn extend(
        &mut self,
        fields: FieldSection<'_>,
        keep: impl Fn(&str) -> bool,
    ) -> Result<&mut Self, Error> {
        for line in fields.iter().filter(|line| keep(line.name)) {
            if !matches!(line.known, Some(Known::ContentLength | Known::TransferEncoding | Known::Connection))
            {
                self.push(line.name, line.value)?;
            }
        }
        Ok(self)
    }

    fn check(&self, known: Known, value: &[u8]) -> Result<(), ErrorKind> {
        match known {
            Known::ContentLength | Known::TransferEncoding => Err(ErrorKind::FramingField),
            Known::Host if self.has(Known::Host) => Err(ErrorKind::HostRepeated),
            Known::Host if Authority::parse(value).is_none() => Err(ErrorKind::HostInvalid),
            // RFC 9110 section 10.1.1: no other is defined.
            Known::Expect if !value.eq_ignore_ascii_case(b"100-continue") => Err(ErrorKind::Expectation),
            _ => Ok(()),
        }
    }

    fn write(&mut self, name: &str, value: &[u8]) {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            self.bytes.extend(part);
        }
    }

    /// `Connection = #connection-option` (RFC 9110 section 7.6.1).
    fn push_options(&mut self, value: &[u8]) -> Result<(), Error> {
        if !Elements::new(value).all(|option| option.is_empty() || is_token(option)) {
            return Err(Error::caller(ErrorKind::FieldValue).of_field(Known::Connection));
        }
        for option in Elements::new(value).filter(|option| !option.is_empty()) {
            self.option(option);
        }
        Ok(())
    }

    fn option(&mut self, option: &[u8]) {
        if option.eq_ignore_ascii_case(b"close") {
            self.close = true;
        } else if option.eq_ignore_ascii_case(b"keep-alive") {
            self.keep_alive = true;
        } else if !option.eq_ignore_ascii_case(b"upgrade") && !option.eq_ignore_ascii_case(b"te") {
            self.options.extend_from_slice(b", ");
            self.options.extend_from_slice(option);
        }
    }

    /// This field was put in.
    #[must_use]
    pub fn has(&self, known: Known) -> bool {
        match known {
            Known::Connection => self.close || self.keep_alive || !self.options.is_empty(),
            known => self.seen & known.bit() != 0,
        }
    }

    /// No field was put in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }

    /// The lines as they will be sent, each with its CRLF.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    /// `Connection: close` was asked for.
    pub(crate) fn wants_close(&self) -> bool {
        self.close
    }

    /// `Connection: keep-alive` was asked for.
    pub(crate) fn wants_keep_alive(&self) -> bool {
        self.keep_alive
    }

    /// All of them may stand in a trailer section.
    pub(crate) fn may_trail(&self) -> bool {
        self.seen & NOT_TRAILING == 0 && !self.has(Known::Connection)
    }

    /// What Connection shall say besides `close` and `keep-alive`: `, token` for each. RFC 9110 sections 7.8 and
    /// 10.1.4: who sends Upgrade or TE names it there.
    pub(crate) fn options(&self) -> [&[u8]; 3] {
        let named = |known, option: &'static [u8]| if self.has(known) { option } else { &[] };
        [named(Known::Upgrade, b", Upgrade"), named(Known::Te, b", TE"), &self.options]
    }
}

/// Fields with rules of their own; the first in the order of numbers, by no accident.
#[inline]
fn is_special(known: Known) -> bool {
    known <= Known::Expect
}

impl fmt::Debug for FieldLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_bytes().escape_ascii())
    }
}

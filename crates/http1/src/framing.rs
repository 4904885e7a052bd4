//! Where a body ends: one pure function from a head to its [`Framing`] (RFC 9112 section 6.3).
//!
//! The rule: what two readers could read differently is refused in a request, and in a response read the way that
//! can't be abused, the connection never to be used again.

use crate::fields::Elements;
use crate::syntax::{is_token, trim};
use crate::{Error, ErrorKind, FieldSection, Known, Lenient, Method, RequestHead, ResponseHead, Version};

/// How a body is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Framing {
    /// There is no body.
    #[default]
    None,
    /// As many bytes as Content-Length says.
    Length(u64),
    /// Chunks, then perhaps trailers (RFC 9112 section 7.1).
    Chunked,
    /// All that comes until the connection is closed; responses only.
    UntilClose,
}

const LENGTH: u64 = Known::ContentLength.mark();
const CODING: u64 = Known::TransferEncoding.mark();

impl Framing {
    /// Of a request.
    ///
    /// # Errors
    /// 400 for both framings together, a repeated or malformed length, codings that do not end in chunked, or any in
    /// HTTP/1.0; 501 for a coding this crate can't undo.
    #[inline]
    pub fn of_request(head: &RequestHead<'_>) -> Result<Framing, Error> {
        Self::of_request_with(head, &Lenient::NOTHING)
    }

    /// [`of_request`](Framing::of_request) with leniencies.
    ///
    /// # Errors
    /// As there.
    #[inline]
    pub fn of_request_with(head: &RequestHead<'_>, lenient: &Lenient) -> Result<Framing, Error> {
        match head.fields().has_any(LENGTH | CODING) {
            false => Ok(Framing::None),
            true => Self::of_content(head, lenient),
        }
    }

    /// Of a request that says something about its content.
    fn of_content(head: &RequestHead<'_>, lenient: &Lenient) -> Result<Framing, Error> {
        let fields = head.fields();
        let framing = match (fields.has_any(LENGTH), fields.has_any(CODING)) {
            // RFC 9112 section 6.1: an attempt at request smuggling, perhaps.
            (true, true) => Err(coding_error(ErrorKind::LengthAndEncoding)),
            (true, false) => content_length(fields, lenient.equal_lengths).map(Framing::Length),
            _ if head.version() == Version::Http10 => Err(coding_error(ErrorKind::CodingInHttp10)),
            _ => request_codings(fields).map(|()| Framing::Chunked),
        };
        framing.map_err(|error| Error { offset: head.as_bytes().len(), ..error })
    }

    /// Of a response to a request with this method.
    ///
    /// # Errors
    /// A malformed length, differing lengths, a malformed list of codings.
    pub fn of_response(head: &ResponseHead<'_>, method: Method<'_>) -> Result<Framing, Error> {
        let fields = head.fields();
        // RFC 9112 section 6.3, 1 and 2: whatever the fields say.
        let tunnel = method == Method::Connect && head.status().is_success();
        if head.status().is_bodiless() || method == Method::Head || tunnel {
            return Ok(Framing::None);
        }
        let framing = match (fields.has_any(CODING), fields.has_any(LENGTH)) {
            // RFC 9112 section 6.3, 3: Transfer-Encoding overrides Content-Length.
            (true, _) => response_codings(fields),
            (false, true) => content_length(fields, true).map(Framing::Length),
            (false, false) => Ok(Framing::UntilClose),
        };
        framing.map_err(|error| Error { offset: head.as_bytes().len(), ..error }.without_reply())
    }

    /// How many bytes are to come, where that is known.
    #[must_use]
    pub fn len(self) -> Option<u64> {
        match self {
            Framing::None => Some(0),
            Framing::Length(n) => Some(n),
            Framing::Chunked | Framing::UntilClose => None,
        }
    }

    /// Certainly no byte of content is to come.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == Some(0)
    }
}

fn coding_error(kind: ErrorKind) -> Error {
    Error::peer(kind, 0).of_field(Known::TransferEncoding)
}

/// `Content-Length = 1*DIGIT` (RFC 9110 section 8.6). `equal`: the same number several times counts as one.
fn content_length(fields: FieldSection<'_>, equal: bool) -> Result<u64, Error> {
    let err = |kind| Error::peer(kind, 0).of_field(Known::ContentLength);
    if !fields.repeats_any(LENGTH)
        && let Some(n) = fields.first_known(Known::ContentLength).and_then(decimal)
    {
        return Ok(n);
    }
    let mut length = None;
    for element in fields.all(Known::ContentLength).flat_map(Elements::new) {
        let n = decimal(element).ok_or(err(ErrorKind::LengthInvalid))?;
        match length {
            None => length = Some(n),
            Some(before) if equal && before == n => {}
            Some(_) => return Err(err(ErrorKind::LengthRepeated)),
        }
    }
    length.ok_or(err(ErrorKind::LengthInvalid))
}

/// 1*DIGIT that fits in 64 bits.
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    let mut n = 0_u64;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        n = n.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    Some(n)
}

/// One element of Transfer-Encoding (RFC 9112 section 6.1, RFC 9110 section 10.1.4).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Coding {
    Chunked,
    /// Registered, but nobody here undoes it: gzip, deflate, compress.
    Registered,
    Unknown,
}

impl Coding {
    /// `token *( OWS ";" OWS transfer-parameter )`; `None` if it is not that, or chunked with parameters.
    fn parse(element: &[u8]) -> Option<Coding> {
        let name_end = element.iter().position(|&byte| byte == b';').unwrap_or(element.len());
        let (name, parameters) = element.split_at_checked(name_end)?;
        let name = trim(name);
        if !is_token(name) {
            return None;
        }
        let is = |coding: &str| name.eq_ignore_ascii_case(coding.as_bytes());
        if is("chunked") {
            return parameters.is_empty().then_some(Coding::Chunked);
        }
        let registered =
            ["gzip", "x-gzip", "deflate", "compress", "x-compress"].iter().any(|coding| is(coding));
        Some(if registered { Coding::Registered } else { Coding::Unknown })
    }
}

/// Chunked and nothing else will do: once, alone, in one line.
fn request_codings(fields: FieldSection<'_>) -> Result<(), Error> {
    let mut lines = fields.all(Known::TransferEncoding);
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return Err(coding_error(ErrorKind::CodingList));
    };
    if line.eq_ignore_ascii_case(b"chunked") {
        return Ok(());
    }
    match codings(Elements::new(line))? {
        // Before chunked, or in its place, stands what nobody here can undo (RFC 9112 section 6.1).
        (Some(Coding::Chunked), _) | (_, true) => Err(coding_error(ErrorKind::CodingUnknown)),
        // RFC 9112 section 6.3, 4: chunked is not the last.
        _ => Err(coding_error(ErrorKind::CodingList)),
    }
}

/// The list may span lines; chunked, if it is there at all, comes last (RFC 9112 section 6.3, 4).
fn response_codings(fields: FieldSection<'_>) -> Result<Framing, Error> {
    let (last, _) = codings(fields.all(Known::TransferEncoding).flat_map(Elements::new))?;
    Ok(if last == Some(Coding::Chunked) { Framing::Chunked } else { Framing::UntilClose })
}

/// The last coding, and whether an unknown one is among them. Chunked twice, or any before something else, is an
/// error in requests; in responses just twice is.
fn codings<'a>(elements: impl Iterator<Item = &'a [u8]>) -> Result<(Option<Coding>, bool), Error> {
    let (mut last, mut unknown, mut chunked) = (None, false, false);
    for element in elements {
        let coding = Coding::parse(element).ok_or(coding_error(ErrorKind::CodingList))?;
        if coding == Coding::Chunked && chunked {
            return Err(coding_error(ErrorKind::CodingList));
        }
        chunked |= coding == Coding::Chunked;
        unknown |= coding == Coding::Unknown;
        last = Some(coding);
    }
    Ok((last, unknown && !(chunked && last != Some(Coding::Chunked))))
}

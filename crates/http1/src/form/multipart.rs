//! `multipart/form-data`: forms with files in them (RFC 7578), read as they come in and written with a length that is known
//! before. Needs the feature `forms`.
//!
//! The rule: what a multipart is, the crate `mime` knows; here is what HTTP adds: the Content-Type that goes with the form, limits
//! for whoever asks from anywhere, the status for a form that can't be read, and a [`Form`] to send whose files need not be in
//! memory.
//!
//! ```
//! use bytes::BytesMut;
//! use http1::form::multipart::{Event, reader};
//!
//! let mut reader = reader(b"multipart/form-data; boundary=x").unwrap();
//! let mut input = BytesMut::from("--x\r\nContent-Disposition: form-data; name=\"who\"\r\n\r\nBob\r\n--x--\r\n");
//! let Some(Event::Field(field)) = reader.receive(&mut input).unwrap() else { panic!() };
//! assert_eq!(field.name, "who");
//! assert_eq!(reader.receive(&mut input).unwrap(), Some(Event::Data("Bob".into())));
//! assert_eq!(reader.receive(&mut input).unwrap(), Some(Event::FieldEnd));
//! assert_eq!(reader.receive(&mut input).unwrap(), Some(Event::End));
//! ```

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;
pub use mime::form::{Error, ErrorKind, Event, Field, Limits, Reader, Writer};
pub use mime::{MediaType, Misuse, MisuseKind};

use crate::StatusCode;

/// What may be in one form, unless its reader says otherwise: 128 parts, whose heads have 16 KiB at most. How long their values
/// may be is for whoever keeps them to say; the whole has the limit of every body.
pub const LIMITS: Limits = Limits { fields: 128, header_block: 16 << 10 };

/// There is no form to be read in a body of this Content-Type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoForm {
    /// It is something else.
    #[error("the content is not multipart/form-data")]
    OtherType,
    /// It has no boundary, or one that is none: 1 to 70 characters of a small set (RFC 2046 section 5.1.1).
    #[error("a form without a valid boundary")]
    Boundary,
}

impl NoForm {
    /// The answer: 415 for something else (RFC 9110 section 15.5.16), 400 for a form that nobody could read.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            NoForm::OtherType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            NoForm::Boundary => StatusCode::BAD_REQUEST,
        }
    }
}

/// Reads the form that came with this Content-Type, within [`LIMITS`].
///
/// # Errors
/// It is no form, or has no boundary.
pub fn reader(content_type: &[u8]) -> Result<Reader, NoForm> {
    reader_within(content_type, LIMITS)
}

/// The same within `limits`.
///
/// # Errors
/// As [`reader`].
pub fn reader_within(content_type: &[u8], limits: Limits) -> Result<Reader, NoForm> {
    let media_type = MediaType::parse(content_type).filter(|it| it.is("multipart/form-data"));
    let media_type = media_type.ok_or(NoForm::OtherType)?;
    let boundary = media_type.boundary().ok_or(NoForm::Boundary)?;
    Reader::with_limits(boundary, limits).map_err(|_| NoForm::Boundary)
}

/// The answer to a form that can't be read: 413 where it is larger than allowed (RFC 9110 section 15.5.14), else 400.
#[must_use]
pub const fn status_of(error: ErrorKind) -> StatusCode {
    match error {
        ErrorKind::Fields | ErrorKind::HeaderBlock => StatusCode::CONTENT_TOO_LARGE,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// A piece of a form on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// These bytes.
    Bytes(Bytes),
    /// So many bytes that the caller has: the content of the part that began last.
    Content(u64),
}

impl Piece {
    /// How long it is.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Piece::Bytes(bytes) => bytes.len() as u64,
            Piece::Content(len) => *len,
        }
    }
}

/// A form to be sent: what stands between the contents, whose lengths are told and whose bytes stay where they are.
///
/// ```
/// use http1::form::multipart::{Form, Piece};
///
/// let mut form = Form::new("x")?;
/// form.field("a", b"1")?;
/// form.part("f", Some("f.bin"), None, 3_000_000_000)?;
/// assert_eq!(form.content_type(), "multipart/form-data; boundary=x");
/// let pieces = form.finish();
/// assert!(matches!(&pieces[..], [Piece::Bytes(_), Piece::Content(3_000_000_000), Piece::Bytes(_)]));
/// // What goes into Content-Length:
/// assert_eq!(pieces.iter().map(Piece::size).sum::<u64>(), 3_000_000_128);
/// # Ok::<(), http1::form::multipart::Misuse>(())
/// ```
#[derive(Clone, Debug)]
pub struct Form {
    boundary: String,
    writer: Writer,
    pieces: Vec<Piece>,
    out: Vec<u8>,
}

impl Form {
    /// With this boundary, which is in no content: the caller has made sure of that (RFC 7578 section 4.1).
    ///
    /// # Errors
    /// It is no boundary.
    pub fn new(boundary: &str) -> Result<Self, Misuse> {
        Ok(Form {
            boundary: boundary.into(),
            writer: Writer::new(boundary)?,
            pieces: Vec::new(),
            out: Vec::new(),
        })
    }

    /// A field with a short value.
    ///
    /// # Errors
    /// CR, LF or NUL in the name; the boundary in the value. Nothing is added then.
    pub fn field(&mut self, name: &str, value: &[u8]) -> Result<(), Misuse> {
        self.writer.field(name, value, &mut self.out)
    }

    /// A part whose content, `len` bytes of it, the caller sends.
    ///
    /// # Errors
    /// CR, LF or NUL in a name. Nothing is added then.
    pub fn part(
        &mut self,
        name: &str,
        filename: Option<&str>,
        media_type: Option<&MediaType<'_>>,
        len: u64,
    ) -> Result<(), Misuse> {
        self.writer.begin(name, filename, media_type, &mut self.out)?;
        self.flush();
        self.pieces.push(Piece::Content(len));
        Ok(())
    }

    /// What to send as Content-Type.
    #[must_use]
    pub fn content_type(&self) -> String {
        let is_token =
            self.boundary.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"'+-._".contains(&byte));
        match is_token {
            true => format!("multipart/form-data; boundary={}", self.boundary),
            false => format!("multipart/form-data; boundary=\"{}\"", self.boundary),
        }
    }

    /// All of it, in order.
    #[must_use]
    pub fn finish(mut self) -> Vec<Piece> {
        self.writer.clone().finish(&mut self.out);
        self.flush();
        self.pieces
    }

    fn flush(&mut self) {
        self.pieces.push(Piece::Bytes(core::mem::take(&mut self.out).into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;
    use alloc::vec;
    use bytes::BytesMut;

    fn read(content_type: &str, form: &[u8]) -> Result<Vec<(String, Option<String>, Vec<u8>)>, StatusCode> {
        let mut reader = reader(content_type.as_bytes()).map_err(NoForm::status)?;
        let (mut input, mut all) = (BytesMut::from(form), Vec::new());
        while let Some(event) =
            reader.receive_eof(&mut input).map_err(|error: Error| status_of(error.kind))?
        {
            match event {
                Event::Field(field) => all.push((field.name, field.filename, vec![])),
                Event::Data(data) => all.last_mut().unwrap().2.extend_from_slice(&data),
                Event::FieldEnd | Event::End => {}
            }
        }
        Ok(all)
    }

    #[test]
    fn what_is_sent_is_read() {
        let long = "0123456789".repeat(7);
        for boundary in ["x", "a b:c", "'()+_,-./:=?", &long] {
            let mut form = Form::new(boundary).unwrap();
            form.field("n\"1\"", "grün".as_bytes()).unwrap();
            form.part("f", Some("a\\b.txt"), Some(&MediaType::TEXT_PLAIN), 4).unwrap();
            form.part("e", None, None, 0).unwrap();
            let content_type = form.content_type();
            let mut out = Vec::new();
            for piece in form.finish() {
                match piece {
                    Piece::Bytes(bytes) => out.extend_from_slice(&bytes),
                    Piece::Content(len) => out.extend_from_slice(&b"\r\n--"[..len.try_into().unwrap()]),
                }
            }
            let expected = vec![
                ("n\"1\"".to_string(), None, "grün".as_bytes().to_vec()),
                ("f".into(), Some("a\\b.txt".into()), b"\r\n--".to_vec()),
                ("e".into(), None, vec![]),
            ];
            assert_eq!(read(&content_type, &out), Ok(expected), "{boundary}");
        }
    }

    #[test]
    fn a_form_that_can_not_be_read_has_its_status() {
        let type_of = |boundary: &str| format!("multipart/form-data; boundary={boundary}");
        let part = |name: &str| format!("--x\r\nContent-Disposition: form-data; name={name}\r\n\r\n\r\n");
        let table = [
            ("text/plain".into(), String::new(), 415),
            ("nothing".into(), String::new(), 415),
            ("multipart/mixed; boundary=x".into(), part("a") + "--x--", 415),
            ("multipart/form-data".into(), part("a") + "--x--", 400),
            (type_of(""), part("a") + "--x--", 400),
            (type_of("\"\""), part("a") + "--x--", 400),
            (type_of("\"a;b\""), String::new(), 400),
            (type_of(&"b".repeat(71)), String::new(), 400),
            (type_of("x"), String::new(), 400),
            (type_of("x"), part("a"), 400),
            (type_of("x"), "--x\r\n\r\nv\r\n--x--".into(), 400),
            (type_of("x"), "--x\r\nContent-Disposition: attachment; name=a\r\n\r\nv\r\n--x--".into(), 400),
            (type_of("x"), format!("--x\r\nX: {}", "y".repeat(16 << 10)), 413),
            (type_of("x"), part("a").repeat(129) + "--x--", 413),
        ];
        for (content_type, form, status) in table {
            let found = read(&content_type, form.as_bytes()).map_err(StatusCode::code);
            assert_eq!(found, Err(status), "{content_type} {form:.40}");
        }
        assert_eq!(read(&type_of("x"), (part("a").repeat(128) + "--x--").as_bytes()).unwrap().len(), 128);
    }

    #[test]
    fn no_name_begins_another_line() {
        let mut form = Form::new("x").unwrap();
        for name in ["a\r\nX: 1", "a\n", "a\0"] {
            assert!(form.field(name, b"").is_err() && form.part("a", Some(name), None, 0).is_err());
        }
        assert!(form.field("a", b"1\r\n--x--").is_err());
        assert_eq!(form.finish(), [Piece::Bytes("--x--\r\n".into())]);
    }
}

//! An answer before it is sent: a head, and where its body comes from.
//!
//! The rule: an answer knows its length. So it can be sent to any client, of whatever version, and be seen to be whole.

use std::fs::File;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http1::date::HttpDate;
use http1::{Error, Known, PreparedResponse, ResponseBuilder, StatusCode};
use proto_core::Time;

use super::hot::Content;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Its head, but for framing, which the endpoint writes.
    pub head: Head,
    /// Its body.
    pub body: Payload,
}

/// A head for one answer, or one that many have in common.
#[derive(Debug)]
pub enum Head {
    /// For this one.
    Own(ResponseBuilder),
    /// For many, until then: after that the disk has to be asked again.
    Shared {
        /// The head, with the body if that is in memory.
        answer: Arc<PreparedResponse>,
        /// Until when.
        until: Time,
    },
}

impl Head {
    /// To look at.
    #[must_use]
    pub fn builder(&self) -> &ResponseBuilder {
        match self {
            Head::Own(builder) => builder,
            Head::Shared { answer, .. } => answer.head(),
        }
    }
}

/// A part of a file.
#[derive(Clone, Debug)]
pub struct Extent {
    /// The file.
    pub file: Arc<File>,
    /// Where the part begins.
    pub at: u64,
    /// How long it is.
    pub len: u64,
}

/// A piece of a body.
#[derive(Clone, Debug)]
pub enum Piece {
    /// These bytes.
    Memory(Bytes),
    /// These of a file, for the owner of the socket to move.
    File(Extent),
}

/// Where a body comes from.
#[derive(Debug)]
pub enum Payload {
    /// There is none, not even an empty one: 204, 304.
    None,
    /// One piece.
    One(Piece),
    /// Several, one after the other.
    Several(Vec<Piece>),
}

impl Piece {
    /// The part of `content` from `at` on that is `len` long.
    #[must_use]
    pub fn of(content: &Content, at: u64, len: u64) -> Self {
        match content {
            Content::File(file) => Piece::File(Extent { file: Arc::clone(file), at, len }),
            Content::Memory(bytes) => {
                let place = |n: u64| usize::try_from(n).map_or(bytes.len(), |n| n.min(bytes.len()));
                Piece::Memory(bytes.slice(place(at)..place(at.saturating_add(len))))
            }
        }
    }

    /// How long it is.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Piece::Memory(bytes) => bytes.len() as u64,
            Piece::File(extent) => extent.len,
        }
    }
}

impl Payload {
    /// How long it is; `None`: there is none.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match self {
            Payload::None => None,
            Payload::One(piece) => Some(piece.size()),
            Payload::Several(pieces) => Some(pieces.iter().map(Piece::size).sum()),
        }
    }
}

impl Answer {
    /// An answer without a body.
    ///
    /// # Errors
    /// None: a date is a valid value.
    pub fn empty(status: StatusCode, date: HttpDate) -> Result<Self, Error> {
        Ok(Answer { head: Head::Own(head(status, date)?), body: Payload::None })
    }

    /// An answer with some text.
    ///
    /// # Errors
    /// `media_type` is no field value.
    pub fn text(
        status: StatusCode,
        media_type: impl AsRef<[u8]>,
        text: impl Into<Bytes>,
        date: HttpDate,
    ) -> Result<Self, Error> {
        let mut head = head(status, date)?;
        head.field(Known::ContentType, media_type)?;
        Ok(Answer { head: Head::Own(head), body: Payload::One(Piece::Memory(text.into())) })
    }

    /// An answer that says what its status says, for people.
    ///
    /// # Errors
    /// None: all of it is valid.
    pub fn status(status: StatusCode, date: HttpDate) -> Result<Self, Error> {
        let text = format!("{} {}\n", status.code(), status.reason());
        Self::text(status, "text/plain; charset=utf-8", text, date)
    }

    /// The same answer with one field more.
    ///
    /// # Errors
    /// `value` is no field value.
    pub fn with(mut self, name: Known, value: impl AsRef<[u8]>) -> Result<Self, Error> {
        if let Head::Shared { answer, .. } = &self.head {
            self.head = Head::Own(answer.head().clone());
        }
        if let Head::Own(head) = &mut self.head {
            head.field(name, value)?;
        }
        Ok(self)
    }
}

/// A head with its date: "An origin server with a clock MUST generate a Date" (RFC 9110 section 6.6.1).
///
/// # Errors
/// None: a date is a valid value.
pub fn head(status: StatusCode, date: HttpDate) -> Result<ResponseBuilder, Error> {
    let mut head = ResponseBuilder::new(status);
    head.field(Known::Date, date.to_bytes())?;
    Ok(head)
}

/// What to say when the disk says no: to somebody who wants to read.
#[must_use]
pub fn status_of_reading(error: &io::Error) -> StatusCode {
    match error.kind() {
        _ if net_core::listen::is_exhaustion(error) => StatusCode::SERVICE_UNAVAILABLE,
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename => {
            StatusCode::NOT_FOUND
        }
        io::ErrorKind::PermissionDenied => StatusCode::FORBIDDEN,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What to say when the disk says no: to somebody who wants to change something.
#[must_use]
pub fn status_of_writing(error: &io::Error) -> StatusCode {
    match error.kind() {
        _ if net_core::listen::is_exhaustion(error) => StatusCode::SERVICE_UNAVAILABLE,
        io::ErrorKind::NotFound => StatusCode::NOT_FOUND,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => StatusCode::FORBIDDEN,
        io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename => {
            StatusCode::CONFLICT
        }
        // RFC 4918 section 11.5
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            StatusCode::new(507).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        }
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

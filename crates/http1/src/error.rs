//! What went wrong, whose fault it is, where, and what to tell the peer.
//!
//! One error type for parsing, endpoints and misuse: the kind says what, [`Blame`] says who, [`Error::reply`] is the
//! status a server answers with, and [`Error::retry`] whether a client may send its request again.

use thiserror::Error as ThisError;

use crate::{Known, StatusCode};

/// Who is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The other end broke the protocol, a limit or a deadline.
    Peer,
    /// A command was refused: nothing was sent, nothing changed.
    Caller,
}

/// Whether the oldest unanswered request may be sent again (RFC 9110 section 9.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// Yes: it was not processed, or doing it twice is the same as doing it once.
    Safe,
    /// Perhaps it was processed, and doing it twice may matter: ask whoever wanted it.
    Unknown,
    /// No: it would fail in the same way, or there is nothing to send again.
    No,
}

/// An error: what, where, whose, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[error("{kind} (at byte {offset})")]
#[non_exhaustive]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Where: bytes from the start of the head, the chunk line or the trailer section at fault.
    pub offset: usize,
    /// The field at fault, if this crate knows it by name.
    pub field: Option<Known>,
    /// Whose fault it is.
    pub blame: Blame,
    /// What a server answers before it closes; `None`: nothing can or need be said.
    pub reply: Option<StatusCode>,
    /// Whether a client may send the request again.
    pub retry: Retry,
}

impl Error {
    /// The peer's fault, with the reply that goes with its kind.
    #[must_use]
    pub fn peer(kind: ErrorKind, offset: usize) -> Self {
        let reply = kind.reply();
        Error { kind, offset, field: None, blame: Blame::Peer, reply, retry: Retry::No }
    }

    /// The caller's fault: a command refused.
    #[must_use]
    pub fn caller(kind: ErrorKind) -> Self {
        Error { kind, offset: 0, field: None, blame: Blame::Caller, reply: None, retry: Retry::No }
    }

    pub(crate) fn caller_at(kind: ErrorKind, offset: usize) -> Self {
        Error { offset, ..Self::caller(kind) }
    }

    pub(crate) fn of_field(self, field: Known) -> Self {
        Error { field: Some(field), ..self }
    }

    pub(crate) fn with_retry(self, retry: Retry) -> Self {
        Error { retry, ..self }
    }

    /// As an error of a response: there is nobody to reply to.
    pub(crate) fn without_reply(self) -> Self {
        Error { reply: None, ..self }
    }
}

/// What is wrong, in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ThisError)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The first byte is that of a TLS record.
    #[error("this is a TLS hello, but the port speaks clear-text HTTP")]
    TlsHello,
    /// More empty lines before a request than allowed (RFC 9112 section 2.2).
    #[error("too many empty lines before the request")]
    EmptyLines,
    /// A line that ends in something else than CRLF.
    #[error("a line must end in CRLF, not in a bare LF")]
    BareLineFeed,
    /// A control character, DEL included, where none may be. A CR that is not part of a CRLF is one.
    #[error("a control character")]
    ControlCharacter,
    /// The start line is longer than its limit.
    #[error("the start line is too long")]
    StartLineTooLong,
    /// A field line is longer than its limit.
    #[error("a field line is too long")]
    FieldLineTooLong,
    /// The whole head is longer than its limit.
    #[error("the head is too large")]
    HeadTooLarge,
    /// More field lines than allowed.
    #[error("too many fields")]
    TooManyFields,
    /// Not `method SP target SP version` (RFC 9112 section 3).
    #[error("the request line is not a method, a target and a version with one space between each")]
    RequestLine,
    /// The method is not a token (RFC 9110 section 9.1).
    #[error("the method is not a token")]
    Method,
    /// A character in the target that RFC 3986 does not know, a bad percent-encoding, a fragment or user info.
    #[error("the request target is not well-formed")]
    Target,
    /// A form of target that does not go with the method (RFC 9112 section 3.2).
    #[error("the form of the request target does not go with the method")]
    TargetForm,
    /// Not `HTTP/` DIGIT `.` DIGIT (RFC 9112 section 2.3).
    #[error("the version is not well-formed")]
    Version,
    /// A major version other than 1.
    #[error("only major version 1 is spoken here")]
    MajorVersion,
    /// Not `version SP status SP [reason]` (RFC 9112 section 4).
    #[error("the status line is not a version, a status code and a reason")]
    StatusLine,
    /// A status that is not 100 to 599.
    #[error("the status code is not between 100 and 599")]
    StatusCode,
    /// The name of a field is not a token (RFC 9110 section 5.1); white space beside it counts.
    #[error("the name of a field is not a token, or has white space beside it")]
    FieldName,
    /// A field line without a colon.
    #[error("a field line without a colon")]
    NoColon,
    /// A line that starts with white space: folded, or before the first field (RFC 9112 sections 5.2 and 2.2).
    #[error("a folded line")]
    FoldedLine,
    /// An HTTP/1.1 request without Host (RFC 9112 section 3.2).
    #[error("Host is missing")]
    HostMissing,
    /// More than one Host.
    #[error("Host is there more than once")]
    HostRepeated,
    /// Host is not `uri-host [":" port]`.
    #[error("Host is not a host with an optional port")]
    HostInvalid,
    /// Content-Length and Transfer-Encoding together (RFC 9112 section 6.1).
    #[error("Content-Length and Transfer-Encoding in one message")]
    LengthAndEncoding,
    /// More than one Content-Length.
    #[error("more than one Content-Length")]
    LengthRepeated,
    /// Content-Length is not 1*DIGIT, or beyond 64 bits.
    #[error("Content-Length is not a number")]
    LengthInvalid,
    /// A transfer coding nobody here can undo.
    #[error("an unknown transfer coding")]
    CodingUnknown,
    /// Chunked is not there once, last and alone on its line.
    #[error("Transfer-Encoding is not a list that ends in chunked, once")]
    CodingList,
    /// Transfer-Encoding in an HTTP/1.0 message (RFC 9112 section 6.1).
    #[error("Transfer-Encoding in an HTTP/1.0 message")]
    CodingInHttp10,
    /// An expectation other than `100-continue` (RFC 9110 section 10.1.1).
    #[error("an unknown expectation")]
    Expectation,
    /// The body is larger than its limit.
    #[error("the body is too large")]
    BodyTooLarge,
    /// A chunk size that is not 1 to 16 hexadecimal digits followed by CRLF or an extension.
    #[error("a chunk size is not a plain hexadecimal number")]
    ChunkSize,
    /// Chunk data not followed by CRLF.
    #[error("chunk data is not followed by CRLF")]
    ChunkEnd,
    /// A chunk extension that is not well-formed (RFC 9112 section 7.1.1).
    #[error("a chunk extension is not well-formed")]
    ChunkExtension,
    /// Chunk extensions beyond their limits.
    #[error("chunk extensions are too long")]
    ChunkExtensionTooLong,
    /// Far more framing than data.
    #[error("the chunks are too small to be meant well")]
    ChunkOverhead,
    /// The trailer section is longer than its limit.
    #[error("the trailer section is too large")]
    TrailersTooLarge,
    /// The stream ended inside a message.
    #[error("the connection was closed before the message ended")]
    Truncated,
    /// The stream ended before the response began.
    #[error("the connection was closed before the response began")]
    Unanswered,
    /// The head was not complete in time.
    #[error("the head took too long")]
    HeadTimeout,
    /// No byte moved for too long, or too few.
    #[error("the peer is too slow")]
    Stalled,
    /// 101 to a request that did not ask for an upgrade (RFC 9110 section 15.2.2).
    #[error("the protocol was switched unasked")]
    SwitchUnasked,
    /// More interim responses to one request than allowed.
    #[error("too many interim responses")]
    InterimFlood,
    /// Bytes from the server while no request is under way.
    #[error("a response that nobody asked for")]
    ResponseUnasked,

    /// Caller: this command makes no sense in the present state.
    #[error("this command is not possible now")]
    NotNow,
    /// Caller: nothing can be sent on this connection any more.
    #[error("the connection can't be used any more")]
    Over,
    /// Caller: a field value with CR, LF, NUL or another control character.
    #[error("a field value with a control character")]
    FieldValue,
    /// Caller: Content-Length and Transfer-Encoding are written by the endpoint.
    #[error("the endpoint writes the framing fields itself")]
    FramingField,
    /// Caller: a body where there can't be one (1xx, 204, 304, HEAD, CONNECT).
    #[error("this message has no body")]
    NoBody,
    /// Caller: more or fewer bytes than declared.
    #[error("the length of the body is not the declared one")]
    LengthMismatch,
    /// Caller: chunked, trailers or an interim response to an HTTP/1.0 peer.
    #[error("an HTTP/1.0 peer does not understand this")]
    Http10Peer,
    /// Caller: as many requests are in flight as the limit allows.
    #[error("too many requests in flight")]
    PipelineFull,
    /// Caller: a status that does not go with this command.
    #[error("this status can't be sent by this command")]
    Status,
}

impl ErrorKind {
    /// What a server answers to a request with this fault.
    #[must_use]
    pub fn reply(self) -> Option<StatusCode> {
        use ErrorKind as K;
        Some(match self {
            K::StartLineTooLong => StatusCode::URI_TOO_LONG,
            K::FieldLineTooLong | K::HeadTooLarge | K::TooManyFields | K::TrailersTooLarge => {
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
            }
            K::MajorVersion => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            K::CodingUnknown => StatusCode::NOT_IMPLEMENTED,
            K::Expectation => StatusCode::EXPECTATION_FAILED,
            K::BodyTooLarge | K::ChunkExtensionTooLong => StatusCode::CONTENT_TOO_LARGE,
            K::HeadTimeout | K::Stalled => StatusCode::REQUEST_TIMEOUT,
            kind if kind.is_misuse() => return None,
            _ => StatusCode::BAD_REQUEST,
        })
    }

    /// Only a caller can be to blame for it.
    fn is_misuse(self) -> bool {
        use ErrorKind as K;
        matches!(
            self,
            K::NotNow
                | K::Over
                | K::FieldValue
                | K::FramingField
                | K::NoBody
                | K::LengthMismatch
                | K::Http10Peer
                | K::PipelineFull
                | K::Status
        )
    }
}

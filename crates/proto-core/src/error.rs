//! Errors by blame: what the peer sent wrong, and what the caller asked for that can't be put on the wire.
//!
//! Each says where: an offset in bytes from the start of the line, reply, data or text it speaks of.

use thiserror::Error;

use crate::LimitError;

/// The peer is wrong: what arrived is not a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum LineError {
    /// A LF without a CR before it (RFC 5321 section 2.3.8).
    #[error("bare LF at byte {at} of the line")]
    BareLf {
        /// Offset from the start of the line.
        at: usize,
    },
    /// A CR without a LF behind it (RFC 5321 section 2.3.8).
    #[error("bare CR at byte {at} of the line")]
    BareCr {
        /// Offset from the start of the line.
        at: usize,
    },
    /// A NUL.
    #[error("NUL at byte {at} of the line")]
    Nul {
        /// Offset from the start of the line.
        at: usize,
    },
    /// The line is longer than its limit.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// No line end came, far beyond the limit: there is no next line to go on with.
    #[error("no line end within {skipped} bytes behind a line in error")]
    Endless {
        /// How many bytes were dropped in search of it.
        skipped: usize,
    },
    /// The stream ended inside a line.
    #[error("the stream ended at byte {at} of a line")]
    Eof {
        /// How much of the line had arrived.
        at: usize,
    },
}

/// The peer is wrong: what arrived is not dot-stuffed data. Offsets count raw bytes from the start of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum DotError {
    /// A LF without a CR before it.
    #[error("bare LF at byte {at} of the data")]
    BareLf {
        /// Offset from the start of the data.
        at: u64,
    },
    /// A CR without a LF behind it.
    #[error("bare CR at byte {at} of the data")]
    BareCr {
        /// Offset from the start of the data.
        at: u64,
    },
    /// The stream ended before CRLF `.` CRLF.
    #[error("the stream ended at byte {at} of unfinished data")]
    Eof {
        /// How much of the data had arrived.
        at: u64,
    },
}

/// The peer is wrong: what arrived is not a reply. Offsets count from the start of the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum ReplyError {
    /// A line does not begin with three digits, 100 to 599, and then a space, a hyphen or the line's end.
    #[error("no reply code at byte {at} of the reply")]
    BadCode {
        /// Offset of the first byte that can't belong to a code.
        at: usize,
    },
    /// A line of a multi-line reply has another code than the first.
    #[error("reply code {seen} at byte {at} of a {first} reply")]
    Inconsistent {
        /// The first line's code.
        first: crate::Code,
        /// The other.
        seen: crate::Code,
        /// Where the other stands.
        at: usize,
    },
    /// A bare LF.
    #[error("bare LF at byte {at} of the reply")]
    BareLf {
        /// Offset from the start of the reply.
        at: usize,
    },
    /// A bare CR.
    #[error("bare CR at byte {at} of the reply")]
    BareCr {
        /// Offset from the start of the reply.
        at: usize,
    },
    /// A NUL.
    #[error("NUL at byte {at} of the reply")]
    Nul {
        /// Offset from the start of the reply.
        at: usize,
    },
    /// A line, the lines together, or their number exceed a limit.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The stream ended inside a reply.
    #[error("the stream ended at byte {at} of a reply")]
    Eof {
        /// How much of the reply had arrived.
        at: usize,
    },
}

/// The caller is wrong: this can't be put on the wire, and nothing of it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum EncodeError {
    /// CR, LF or NUL in text that is to fill a line.
    #[error("byte {byte:#04x} at {at} can't be part of a line")]
    Text {
        /// CR, LF or NUL.
        byte: u8,
        /// Offset from the start of the text.
        at: usize,
    },
    /// A bare CR or LF in data to be dot-stuffed, offset from the start of the data.
    #[error("bare CR or LF at byte {at} of the data")]
    BareNewline {
        /// Offset from the start of the data.
        at: u64,
    },
    /// A reply needs at least one line.
    #[error("a reply without lines")]
    NoLines,
}

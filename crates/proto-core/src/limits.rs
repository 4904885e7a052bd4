//! What can grow, how far, and why that far.
//!
//! Each limit is a default; the protocol crates pass their own. What exceeds one is refused before it is kept.

use thiserror::Error;

/// A whole line with its end, in bytes. RFC 5321 section 4.5.3.1.4 demands 512; the longest real path, or a line of
/// base64 in an authentication, fits in this.
pub const LINE: usize = 4096;

/// How many times a line's limit may be read and dropped behind a line that was too long.
pub const SKIPPED_LINES: usize = 16;

/// Unsent output in bytes. Kept by the driver, from [`Output::len`](crate::Output::len): the endpoint stays pure.
pub const OUTPUT: usize = 1 << 20;

/// What can grow in a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyLimits {
    /// One line with its end, in bytes. 8 KiB: more than any server's banner or help text.
    pub line: usize,
    /// All lines together, in bytes. 256 KiB: a long listing in a reply fits, reply spam does not.
    pub total: usize,
    /// How many lines. 1000, for the same reason.
    pub lines: usize,
}

impl Default for ReplyLimits {
    fn default() -> Self {
        ReplyLimits { line: 8 << 10, total: 256 << 10, lines: 1000 }
    }
}

/// Which limit was exceeded: one vocabulary for all protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum LimitError {
    /// A line is longer than its limit.
    #[error("the line is too long")]
    Line,
    /// A reply's lines together are longer than their limit.
    #[error("the reply is too long")]
    Reply,
    /// A reply or response has more lines than its limit.
    #[error("there are too many lines")]
    Lines,
    /// More output is waiting than its limit.
    #[error("too much output is waiting to be sent")]
    Output,
    /// More commands were sent ahead than their limit.
    #[error("too many commands were sent ahead of their replies")]
    Pipelined,
}

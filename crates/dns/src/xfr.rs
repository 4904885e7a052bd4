//! Zone transfers (RFC 5936, RFC 1995): a zone, or what changed in it, as a stream of messages.
//!
//! The rule: one message at a time into memory of the caller's, so that a zone of any size leaves without being copied. A
//! receiver changes nothing before the stream has come to its end.

mod incoming;
mod outgoing;

pub use incoming::{Incoming, Received, XfrError};
pub use outgoing::Outgoing;

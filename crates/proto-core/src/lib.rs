//! The ground under a family of protocol crates that do no I/O of their own.
//!
//! Bytes go in, events come out; commands go in, bytes come out. This crate holds the contract that says so
//! ([`Endpoint`], [`DatagramEndpoint`]), the queue that output waits in ([`Output`]), virtual time ([`Time`]) and the
//! rules of driving an endpoint, as code ([`Drive`]). And what text protocols share:
//!
//! | what | by | where |
//! |---|---|---|
//! | lines | RFC 5321 section 2.3.8, RFC 3501 section 2.2, RFC 959 section 5.3.1 | [`Lines`], [`split_line`] |
//! | dot-stuffed data | RFC 5321 section 4.5.2, RFC 1939 section 3 | [`DotDecoder`], [`DotEncoder`] |
//! | three-digit replies | RFC 5321 section 4.2, RFC 959 section 4.2 | [`Reply`], [`ReplyParser`], [`Code`] |
//! | base64 | RFC 4648 sections 4 and 5 | [`base64`] |
//! | the civil calendar | as in every RFC that writes a date | [`calendar`] |
//! | fast scanning | | [`scan`] |
//! | what can grow | | [`limits`], [`LimitError`] |

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(all(doctest, feature = "std"), doc = include_str!("../README.md"))]

extern crate alloc;

pub mod base64;
pub mod calendar;
mod dots;
mod drive;
mod endpoint;
mod error;
pub mod limits;
mod lines;
mod output;
mod reply;
pub mod scan;
mod time;

pub use dots::{BareNewline, DotDecoder, DotEncoder, Run};
pub use drive::{Drive, DriveLimits, Fault, Turn, Wait};
pub use endpoint::{DatagramEndpoint, End, Endpoint, Layer, Status, Transmit};
pub use error::{DotError, EncodeError, LineError, ReplyError};
pub use limits::{LimitError, ReplyLimits};
pub use lines::{BareCr, BareLf, Line, LineEnd, LinePolicy, Lines, Nul, split_line};
pub use output::Output;
pub use reply::{BadCode, Code, Continuation, LastLine, Reply, ReplyParser, ReplyPolicy, Severity};
pub use time::{Time, earliest};

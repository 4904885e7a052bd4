//! HTTP/1.0 and HTTP/1.1 without I/O.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod calendar;
pub mod conditional;
pub mod date;
mod field_value;
pub mod hop_by_hop;
mod octets;
pub mod range;
pub mod redirect;
pub mod uri;
mod authority;
mod chunked;
mod error;
mod fields;
mod framing;
mod head;
mod known;
mod limits;
mod method;
mod request;
mod response;
mod status;
mod syntax;
mod target;
mod version;

pub use authority::Authority;
pub use chunked::{Chunk, ChunkDecoder};
pub use error::{Blame, Error, ErrorKind, Retry};
pub use fields::{FieldLine, FieldName, FieldSection, Fields, Trailers};
pub use framing::Framing;
pub use head::unfold;
pub use known::Known;
pub use limits::{Config, Lenient, Limits, Timeouts, Unread};
pub use method::Method;
pub use request::{Request, RequestHead};
pub use response::{Response, ResponseHead};
pub use status::StatusCode;
pub use target::Target;
pub use version::Version;

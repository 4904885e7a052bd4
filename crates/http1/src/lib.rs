//! HTTP/1.0 and HTTP/1.1 without I/O.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod auth;
mod authority;
mod chunked;
pub mod client;
pub mod conditional;
pub mod content_disposition;
pub mod cookie;
pub mod date;
mod error;
mod field_value;
mod field_lines;
mod fields;
pub mod form;
mod framing;
mod head;
pub mod hop_by_hop;
mod incoming;
mod known;
mod limits;
mod method;
mod octets;
mod outgoing;
mod patience;
pub mod range;
pub mod redirect;
mod request;
mod response;
pub mod server;
mod state;
mod status;
mod syntax;
mod target;
pub mod uri;
mod version;

pub use authority::Authority;
pub use chunked::{Chunk, ChunkDecoder};
pub use client::Client;
pub use error::{Blame, Error, ErrorKind, Retry};
pub use field_lines::FieldLines;
pub use fields::{FieldLine, FieldName, FieldSection, Fields, Trailers};
pub use framing::Framing;
pub use head::unfold;
pub use known::Known;
pub use limits::{Config, Lenient, Limits, Timeouts, Unread};
pub use method::Method;
pub use outgoing::Body;
pub use request::{Request, RequestBuilder, RequestHead};
pub use response::{Response, ResponseBuilder, ResponseHead};
pub use server::Server;
pub use status::StatusCode;
pub use target::Target;
pub use version::Version;

/// The endpoint contract, the driver's core and time: what a program that depends on this crate alone needs beside it.
pub use proto_core;

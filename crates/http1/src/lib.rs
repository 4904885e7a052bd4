//! HTTP/1.0 and HTTP/1.1 as two state machines without I/O, and the vocabulary around them.
//!
//! Bytes go in, events come out; commands go in, bytes come out. There is no socket, clock, thread or global in here:
//! a server or client of any runtime, a proxy, a test tool or a fuzzer drives the same endpoint. A server in ten lines:
//!
//! ```
//! use bytes::BytesMut;
//! use http1::{ResponseBuilder, StatusCode, server::{Event, Server}};
//! use proto_core::{Endpoint, Time};
//!
//! let mut server = Server::default();
//! let mut input = BytesMut::from("GET /hello HTTP/1.1\r\nHost: example.com\r\n\r\n");
//! while let Some(event) = server.receive(&mut input, Time::ZERO).unwrap() {
//!     if let Event::Request(request) = event {
//!         assert_eq!(request.target(), "/hello");
//!         server.answer(&ResponseBuilder::new(StatusCode::OK), "hello".into()).unwrap();
//!     }
//! }
//! assert_eq!(server.output().slices().next().unwrap(), b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
//! ```
//!
//! # Three ways in
//!
//! - **Layer 0** parses and copies nothing: [`RequestHead::parse`] and [`ResponseHead::parse`] give a head whose names and
//!   values are slices of the input, [`Framing`] says where its body ends, [`ChunkDecoder`] finds the data in chunks.
//! - **Layer 1** is one end of a connection: [`Server`] and [`Client`]. They know what may come when, keep requests and
//!   responses in step, frame what is sent, and enforce every limit and deadline.
//! - **The vocabulary** is pure functions on the values of fields: URIs, dates, conditions, ranges, credentials, cookies,
//!   forms, redirects, structured fields, caching.
//!
//! # One message, one reading
//!
//! Where two parsers could read one message differently it is refused, with the status that says why, and nothing behind
//! it is read: that is what request smuggling lives on. [`Error`] says what, where and whose fault; each leniency that
//! somebody may need after all is a switch of its own in [`Lenient`]. How bytes were cut into reads never matters.
//!
//! # Where the rules live
//!
//! | RFC | what | where |
//! |-|-|-|
//! | 9112 §2, §5 | lines, fields, folding | [`FieldSection`], [`unfold`], [`Limits`] |
//! | 9112 §3 | request line, target, Host | [`RequestHead`], [`Target`], [`Authority`] |
//! | 9112 §4 | status line | [`ResponseHead`], [`StatusCode`] |
//! | 9112 §6 | where a body ends | [`Framing`], [`Body`] |
//! | 9112 §7.1 | chunks, extensions, trailers | [`ChunkDecoder`], [`Trailers`] |
//! | 9112 §8 | incomplete messages | [`ErrorKind::Truncated`], `receive_eof` of both ends |
//! | 9112 §9 | persistence, pipelining, closing | [`server`], [`client`] |
//! | 9110 §7.6.1, §7.8 | Connection, Upgrade | [`FieldLines`], [`Server::respond`] |
//! | 9110 §9 | methods, what may be sent again | [`Method`], [`Retry`] |
//! | 9110 §10.1.1, §15.2 | 100-continue and other interim responses | [`server::Event::ExpectContinue`], [`client::Event::Interim`] |
//! | 8297 | early hints | [`Server::interim`] |
//! | 9110 §5.6.7 | dates | [`date`] |
//! | 9110 §11, 7616, 7617 | authentication | [`auth`] |
//! | 9110 §12 | content negotiation | [`negotiation`] |
//! | 9110 §13 | conditional requests | [`conditional`] |
//! | 9110 §14 | ranges | [`range`] |
//! | 9111, 5861, 8246, 9211 | caching | [`cache`] |
//! | 9110 §15.4 | redirects | [`redirect`] |
//! | 9110 §7.6.1 | what a proxy takes out | [`hop_by_hop`] |
//! | 9110 §7.6.2, §7.6.3, 7239 | what a proxy adds | [`forwarded`] |
//! | 3986 | URIs | [`uri`] |
//! | 6265bis | cookies | [`cookie`] |
//! | 9651 | structured fields | [`structured`] |
//! | 6266, 8187 | names of downloads | [`content_disposition`] |
//! | 7578 | forms; those with files need the feature `forms` | [`form`] |

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod auth;
mod authority;
pub mod cache;
mod chunked;
pub mod client;
pub mod conditional;
pub mod content_disposition;
pub mod cookie;
pub mod date;
mod error;
mod field_lines;
mod field_value;
mod fields;
pub mod form;
pub mod forwarded;
mod framing;
mod head;
pub mod hop_by_hop;
mod incoming;
mod known;
mod limits;
mod method;
pub mod negotiation;
mod octets;
mod outgoing;
mod patience;
mod prepared;
pub mod range;
pub mod redirect;
mod request;
mod response;
pub mod server;
mod shape;
mod state;
mod status;
pub mod structured;
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
pub use prepared::PreparedResponse;
pub use request::{Request, RequestBuilder, RequestHead};
pub use response::{Response, ResponseBuilder, ResponseHead};
pub use server::Server;
pub use status::StatusCode;
pub use target::Target;
pub use version::Version;

/// The endpoint contract, the driver's core and time: what a program that depends on this crate alone needs beside it.
pub use proto_core;

/// What the README shows runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

//! Simulated networks for endpoints that do no I/O of their own.
//!
//! The twin of `net-core` without sockets, clocks and threads: links with rate, delay, loss and queue ([`Link`]), streams
//! that cost a round trip to open, datagrams, and virtual time. What a simulation does depends on its seed and on nothing
//! else: the same seed gives the same [trace](Sim::digest).
//!
//! | to | there is |
//! |---|---|
//! | test one client against one server | [`Pair`] |
//! | build a network of hosts and links | [`Sim`] |
//! | run an [`Endpoint`](proto_core::Endpoint) on a host | [`Driven`] as a client, [`Serve`] as a server, told what to do by a [`Role`] |
//! | run a [`DatagramEndpoint`](proto_core::DatagramEndpoint) | [`Datagrams`] |
//! | run anything else: a coordinator of many streams | a [`Process`] of your own |
//!
//! Endpoints are driven by [`proto_core::Drive`], like everywhere.
//!
//! ```
//! # use bytes::{Bytes, BytesMut};
//! # use proto_core::{End, Endpoint, Output, Status, Time};
//! # #[derive(Default)]
//! # struct Upper { output: Output, ended: bool }
//! # impl Endpoint for Upper {
//! #     type Event = Bytes;
//! #     type Error = core::convert::Infallible;
//! #     fn receive(&mut self, input: &mut BytesMut, _: Time) -> Result<Option<Bytes>, Self::Error> {
//! #         let Some(end) = input.iter().position(|&b| b == b'\n') else { return Ok(None) };
//! #         Ok(Some(input.split_to(end + 1).freeze()))
//! #     }
//! #     fn receive_eof(&mut self, input: &mut BytesMut, _: End, now: Time) -> Result<Option<Bytes>, Self::Error> {
//! #         let event = self.receive(input, now)?;
//! #         self.ended = event.is_none();
//! #         Ok(event)
//! #     }
//! #     fn output(&mut self) -> &mut Output { &mut self.output }
//! #     fn deadline(&self) -> Option<Time> { None }
//! #     fn handle_deadline(&mut self, _: Time) -> Result<Option<Bytes>, Self::Error> { Ok(None) }
//! #     fn status(&self) -> Status { if self.ended { Status::Finishing } else { Status::Open } }
//! # }
//! use std::time::Duration;
//! use net_sim::{Happening, Link, Pair};
//!
//! let mut answer = Bytes::new();
//! let outcome = Pair::new(Upper::default(), Upper::default())
//!     .link(Link::new().delay(Duration::from_millis(50)))
//!     .run(
//!         |client, happening| match happening {
//!             Happening::Opened => client.output.put(b"hello\n"),
//!             Happening::Event(line) => (answer, client.ended) = (line, true),
//!             _ => {}
//!         },
//!         |server, happening| {
//!             if let Happening::Event(line) = happening {
//!                 server.output.put(&line.to_ascii_uppercase());
//!             }
//!         },
//!     );
//! assert!(outcome.is_over() && answer == "HELLO\n");
//! ```

mod datagrams;
mod driven;
mod link;
mod pair;
mod random;
mod sim;
mod stream;
mod trace;

pub use datagrams::{DatagramRole, Datagrams};
pub use driven::{Driven, Happening, Role, Serve};
pub use link::{Link, Traffic};
pub use pair::{Outcome, Pair};
pub use random::Random;
pub use sim::{Addr, Context, Host, Input, LinkId, Process, ProcessId, Sim};
pub use stream::{Chunks, Gone, Read, Stream};

/// The README, so that its snippets compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

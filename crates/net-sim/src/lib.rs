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
//! | try a driver of your own | [`toy::Talk`], an endpoint that takes every turn |
//!
//! Endpoints are driven by [`proto_core::Drive`], like everywhere.
//!
//! ```
//! use std::time::Duration;
//! use net_sim::toy::{Event, Talk};
//! use net_sim::{Happening, Link, Pair};
//!
//! let mut answer = None;
//! let outcome = Pair::new(Talk::new(), Talk::new())
//!     .link(Link::new().delay(Duration::from_millis(50)))
//!     .run(
//!         |client, happening| match happening {
//!             Happening::Opened => client.say(b"hello"),
//!             Happening::Event(Event::Line(line)) => {
//!                 answer = Some(line);
//!                 client.say_bye();
//!             }
//!             _ => {}
//!         },
//!         |server, happening| {
//!             if let Happening::Event(Event::Line(line)) = happening {
//!                 server.say(&line.to_ascii_uppercase());
//!             }
//!         },
//!     );
//! assert!(outcome.is_over() && answer.is_some_and(|line| line == "HELLO"));
//! ```

mod datagrams;
mod driven;
mod link;
mod pair;
mod random;
mod sim;
mod stream;
pub mod toy;
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

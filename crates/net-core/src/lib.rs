//! Blocking sockets done once, and a driver for endpoints that do no I/O of their own.
//!
//! Everything that may take long obeys a [`Deadline`]: an absolute point in time that survives many calls, so that ten
//! reads of 30 s each can't become five minutes. A [`Clock`] translates between the system's clock and the
//! [`Time`](proto_core::Time) that endpoints are told.
//!
//! | to | see |
//! |---|---|
//! | connect to a name before a deadline | [`connect`], its race [`happy`], its names [`resolve`] |
//! | listen, and serve a bounded number of clients until told to stop | [`listen`], [`serve`], [`signals`] |
//! | run a protocol's endpoint over a connection | [`Connection`] over a [`Stream`], plain or TLS |
//! | exchange datagrams, many per call | [`udp`] |
//! | wait for many sockets and timers in one thread | [`poll`] |
//! | learn whom a load balancer speaks for | [`proxy`] |
//!
//! ```
//! use std::time::Duration;
//! use net_core::{Deadline, connect, serve::{Config, Server}};
//!
//! let server = Server::bind(Config::at("127.0.0.1:0".parse()?))?;
//! let (addr, handle) = (server.local_addr(), server.handle());
//! let running = std::thread::spawn(move || server.run(|_stream, _peer, _shutdown| { /* a session */ }));
//!
//! connect::connect(&addr.to_string(), Deadline::after(Duration::from_secs(30)))?;
//! handle.shutdown(Duration::from_secs(10));
//! assert_eq!(running.join().unwrap().accepted, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod clock;
pub mod connect;
mod connection;
mod deadline;
mod family;
pub mod happy;
pub mod listen;
mod payload;
pub mod poll;
pub mod proxy;
pub mod resolve;
pub mod serve;
pub mod signals;
mod stream;
#[cfg(feature = "tls")]
pub mod tls;
pub mod udp;

pub use clock::Clock;
pub use connection::{Connection, DriveError, Step, Turn};
pub use deadline::Deadline;
pub use family::Family;
pub use listen::{Accept, Listener};
pub use poll::Waker;
pub use serve::{Server, Shutdown};
pub use stream::{Patience, Socket, Stream, Transport};
#[cfg(feature = "tls")]
pub use tls::TlsRole;
pub use udp::Udp;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

//! Blocking sockets done once: resolve, connect, listen, serve, datagrams, waiting, signals.
//!
//! Everything that may take long obeys a [`Deadline`]: an absolute point in time that survives many calls, so that ten
//! reads of 30 s each can't become five minutes. A [`Clock`] translates between the system's clock and the
//! [`Time`](proto_core::Time) that sans-IO endpoints are told.

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

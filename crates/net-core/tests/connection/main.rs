//! `Connection`, `Stream` and payload, with a toy protocol over loopback and over memory.

mod memory;
mod payload;
#[cfg(feature = "tls")]
mod pipe;
mod sockets;
#[cfg(feature = "tls")]
mod tls;

//! `Connection`, `Stream` and payload, with a toy protocol over loopback and over memory.

mod memory;
mod payload;
mod sockets;
#[cfg(feature = "tls")]
mod tls;
mod toys;

//! `Connection`, `Stream` and payload, with a toy protocol over loopback and over memory.

mod memory;
mod sockets;
mod toys;

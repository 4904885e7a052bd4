//! The ground under a family of protocol crates that do no I/O of their own.
//!
//! Bytes go in, events come out; commands go in, bytes come out. This crate holds the contract that says so
//! ([`Endpoint`], [`DatagramEndpoint`]), the queue that output waits in ([`Output`]), virtual time ([`Time`]) and the
//! rules of driving an endpoint, as code ([`Drive`]).

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod drive;
mod endpoint;
mod output;
pub mod scan;
mod time;

pub use drive::{Drive, DriveLimits, Fault, Turn, Wait};
pub use endpoint::{DatagramEndpoint, End, Endpoint, Layer, Status, Transmit};
pub use output::Output;
pub use time::{Time, earliest};

//! HTTP/1.0 and 1.1 without I/O.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod calendar;
pub mod date;
mod octets;
pub mod uri;

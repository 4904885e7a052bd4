//! HTTP/1.0 and 1.1 without I/O.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod calendar;
pub mod conditional;
pub mod content_disposition;
pub mod cookie;
pub mod date;
mod field_value;
pub mod form;
pub mod hop_by_hop;
mod octets;
pub mod range;
pub mod redirect;
pub mod uri;

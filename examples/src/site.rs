//! A web site in a folder: what a request is answered with, without a socket in sight.
//!
//! `http_server` serves it on three runtimes, a proxy and the tour beside it; what they share is here.

pub mod hot;
pub mod kinds;
pub mod listing;
pub mod root;
pub mod spool;
pub mod target;

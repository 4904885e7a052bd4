//! The Domain Name System without I/O.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod authority;
pub mod cache;
mod class;
pub mod client;
pub mod cookie;
#[cfg(feature = "dnssec")]
pub mod dnssec;
pub mod edns;
mod error;
mod exchange;
mod header;
pub mod limits;
mod message;
mod name;
mod octets;
mod opcode;
mod question;
mod random;
mod rcode;
pub mod rdata;
mod record;
pub mod resolver;
pub mod rrl;
mod rrtype;
pub mod secondary;
pub mod server;
mod special;
pub mod svcb;
pub mod text;
pub mod tsig;
pub mod xfr;
pub mod zone;
pub mod zonefile;

pub use class::Class;
pub use client::StubResolver;
pub use edns::{Edns, EdnsHeader, EdnsOption};
pub use error::{
    BuildError, LimitKind, NameError, ParseError, ParseErrorKind, ResolveError, TextError, TextErrorKind,
};
pub use exchange::{Coordinator, Event, Input, PortId, Privacy, Socket, TcpId, Ticket, Trace, Transmit};
pub use header::{Flags, Header};
pub use message::{Builder, Message, Records, Section};
pub use name::{Labels, Name, NameRef, Suffixes};
pub use opcode::Opcode;
pub use question::{Question, QuestionRef};
pub use rcode::Rcode;
pub use rdata::{Rdata, RdataRef};
pub use record::{Record, RecordRef};
pub use resolver::Resolver;
pub use rrtype::RrType;
pub use secondary::Secondary;
pub use server::Server;
pub use special::pointer_name;

/// The endpoint contract, the driver's core and time: what a program that depends on this crate alone needs beside it.
pub use proto_core;

/// What the README shows runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

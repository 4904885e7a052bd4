//! Internet messages and MIME bodies, without I/O.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod address;
pub mod base64;
mod bodies;
mod boundary;
pub mod builder;
mod charset;
mod content;
mod date;
mod disposition;
mod editor;
mod encoding;
mod error;
pub mod flowed;
pub mod form;
mod headers;
mod lexical;
mod limits;
mod lines;
pub mod lint;
pub mod mbox;
mod media_type;
mod message;
mod message_id;
mod parameter;
pub mod quoted_printable;
mod reader;
pub mod report;
mod section;
mod structure;
mod trace;
mod tree;
pub mod word;

pub use address::{Address, Addresses, Mailbox};
pub use base64::{Base64Decoder, Base64Encoder};
pub use bodies::Bodies;
pub use builder::Builder;
pub use charset::Charset;
pub use date::DateTime;
pub use disposition::Disposition;
pub use editor::Editor;
pub use encoding::TransferEncoding;
pub use error::{Defect, DefectKind, Misuse, MisuseKind, check_value};
pub use headers::{Field, Headers};
pub use limits::Limits;
pub use media_type::MediaType;
pub use message::Message;
pub use message_id::{MessageIds, check_message_id};
pub use parameter::{Parameter, Parameters};
pub use proto_core::calendar;
pub use quoted_printable::{QpDecoder, QpEncoder};
pub use reader::{Event, OwnedField, Reader};
pub use structure::PartKind;
pub use trace::{Received, is_one_click, list_id, list_urls};
pub use tree::Part;

/// What the README shows runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

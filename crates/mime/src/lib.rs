//! Internet messages and MIME bodies, without I/O.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod address;
pub mod base64;
mod boundary;
pub mod builder;
mod charset;
mod date;
mod disposition;
mod error;
pub mod flowed;
pub mod form;
mod lexical;
mod limits;
mod lines;
pub mod mbox;
mod media_type;
mod message_id;
mod parameter;
pub mod quoted_printable;
pub mod report;
mod trace;
pub mod word;

pub use address::{Address, Addresses, Mailbox};
pub use base64::{Base64Decoder, Base64Encoder};
pub use builder::Builder;
pub use charset::Charset;
pub use date::DateTime;
pub use disposition::Disposition;
pub use error::{Defect, DefectKind, Misuse, MisuseKind, check_value};
pub use limits::Limits;
pub use media_type::MediaType;
pub use message_id::{MessageIds, check_message_id};
pub use parameter::{Parameter, Parameters};
pub use quoted_printable::{QpDecoder, QpEncoder};
pub use trace::{Received, is_one_click, list_id, list_urls};

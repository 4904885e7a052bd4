//! Internet messages and MIME bodies, without I/O.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod address;
mod charset;
mod date;
mod disposition;
mod error;
mod lexical;
mod limits;
mod media_type;
mod message_id;
mod parameter;
mod trace;
pub mod word;

pub use address::{Address, Addresses, Mailbox};
pub use charset::Charset;
pub use date::DateTime;
pub use disposition::Disposition;
pub use error::{Defect, DefectKind, Misuse, MisuseKind, check_value};
pub use limits::Limits;
pub use media_type::MediaType;
pub use message_id::{MessageIds, check_message_id};
pub use parameter::{Parameter, Parameters};
pub use trace::{Received, is_one_click, list_id, list_urls};

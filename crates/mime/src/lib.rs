//! Internet messages and MIME bodies, without I/O.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod base64;
mod charset;
mod error;
mod lexical;
mod limits;
mod media_type;
mod parameter;
pub mod quoted_printable;
pub mod word;

pub use base64::{Base64Decoder, Base64Encoder};
pub use charset::Charset;
pub use error::{Defect, DefectKind, Misuse, MisuseKind, check_value};
pub use limits::Limits;
pub use media_type::MediaType;
pub use parameter::{Parameter, Parameters};
pub use quoted_printable::{QpDecoder, QpEncoder};

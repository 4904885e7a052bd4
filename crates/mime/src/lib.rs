//! Internet messages and MIME bodies without I/O: read, built, edited, every defect named.
//!
//! A message is read lazily. Parsing finds where parts and fields are and reads none of them; each question is answered when it is
//! asked, and what needs no change is borrowed. It never fails: what is wrong is a [`Defect`] with its offset, and every byte
//! stays reachable.
//!
//! ```
//! use mime::Message;
//!
//! let message = Message::parse(b"From: Ann <ann@host.test>\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n\
//!     Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nHello!\r\n--x\r\n\
//!     Content-Disposition: attachment; filename=a.bin\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n--x--\r\n");
//! assert_eq!(message.subject().as_deref(), Some("caf\u{e9}"));
//! let bodies = message.bodies();
//! assert_eq!(bodies.text[0].text(), "Hello!");
//! assert_eq!(bodies.attachments[0].filename().as_deref(), Some("a.bin"));
//! assert_eq!(bodies.attachments[0].decoded(), &b"\0\x01\x02"[..]);
//! assert_eq!(message.inspect(), []);
//! ```
//!
//! # Ways in
//!
//! - [`Message`]: the whole message is in memory. [`Part`] is one node of a flat store of offsets, [`Headers`] an index of fields.
//! - [`Reader`]: the message comes in pieces, of any size; at most one header section and one line are held. It tells what the tree
//!   tells, however the bytes were cut.
//! - The values of fields by themselves: [`Addresses`], [`DateTime`], [`MessageIds`], [`MediaType`], [`Disposition`],
//!   [`Received`], [`word`]; and the codings of bodies: [`base64`], [`quoted_printable`], [`Charset`].
//! - [`Builder`] writes messages, [`Editor`] changes fields and leaves the rest byte for byte. CR, LF and NUL in a value are
//!   refused where they are given.
//! - [`form`], [`report`], [`mbox`], [`flowed`] and [`lint`] are what stands on these.
//!
//! # Bad input
//!
//! Lenient is the default; [`Message::parse_strict`] and [`Reader::strict`] take the first defect for an error. Nothing recurses, work
//! grows with the input and no faster, and everything that can grow has a limit in [`Limits`]: beyond one the rest is a leaf,
//! or is not indexed, and a defect says so.
//!
//! # Where the rules live
//!
//! | RFC | what | where |
//! |-|-|-|
//! | 5322 §2.2, 6532 §3.2 | fields, folds | [`Headers`], [`Field`] |
//! | 5322 §3.3, §4.3 | dates | [`DateTime`] |
//! | 5322 §3.4, §4.4 | addresses, groups | [`Addresses`], [`address`] |
//! | 5322 §3.6.4, 2045 §7, 2392 | identifiers | [`MessageIds`], [`Message::part_with_id`] |
//! | 5322 §3.6.7, 5321 §4.4 | trace fields | [`Received`] |
//! | 2369, 2919, 8058 | lists | [`list_urls`], [`list_id`], [`is_one_click`] |
//! | 2047, 2231 §5 | encoded words | [`word`] |
//! | 2045 §5, 6838 §4.2 | media types | [`MediaType`] |
//! | 2231 §3, §4 | parameters | [`Parameters`] |
//! | 2183 | dispositions | [`Disposition`] |
//! | 2045 §6 | transfer codings | [`TransferEncoding`], [`base64`], [`quoted_printable`] |
//! | 2046 §4.1.2 | charsets | [`Charset`], [`Part::text`] |
//! | 2046 §5.1 | multiparts, delimiters | [`Message`], [`Reader`] |
//! | 2046 §5.2.1, 6532 §3.7 | messages within messages | [`PartKind::Message`], [`Part::coded_message`] |
//! | 2387, 8621 §4.1.4 | what is text, HTML, attachment | [`Bodies`] |
//! | 3676 | text that flows | [`flowed`] |
//! | 7578 | forms | [`form`] |
//! | 6522, 3464, 8098 | reports | [`report`] |
//! | 4155 | many messages in a file | [`mbox`] |
//! | 5322, 2045 | what is forbidden | [`lint`] |

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

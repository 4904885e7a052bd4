//! Zone files (RFC 1035 section 5, RFC 2308 section 4, in BIND's dialect): records out of text ([`Parser`]) and text
//! out of records ([`Writer`]).
//!
//! The rule: a record comes out whole or an error says in which file, line and column it went wrong; the parser goes on
//! behind the entry, so that one look finds every fault. Files are opened by the caller, through a callback.

mod error;
mod generate;
mod lexer;
mod parser;
mod ttl;
mod writer;

pub use error::{ZoneError, ZoneErrorKind};
pub use parser::{Entry, Parser};
pub use ttl::parse_ttl;
pub use writer::Writer;

/// `$INCLUDE` within `$INCLUDE`. 10: more is a circle.
pub const INCLUDE_DEPTH: usize = 10;

/// Octets of a token. 64 KiB: no RDATA is longer.
pub const TOKEN: usize = 64 * 1024;

/// Tokens of an entry. More than a type bitmap of all 65536 types takes.
pub const TOKENS: usize = 66_000;

/// Records of one `$GENERATE`. A million: a few octets of text should not fill the memory.
pub const GENERATE: u32 = 1 << 20;

/// The longest time to live (RFC 2181 section 8).
pub const MAX_TTL: u32 = i32::MAX.unsigned_abs();

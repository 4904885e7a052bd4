//! What is wrong with a zone file, and where.

use alloc::string::String;

use thiserror::Error;

use crate::TextErrorKind;

/// A fault in a zone file: `FILE:LINE:COL: text`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}:{line}:{column}: {kind}{}", near(.token))]
pub struct ZoneError {
    /// From 1.
    pub line: usize,
    /// Octets from the start of the line, from 1.
    pub column: usize,
    /// The name under which the text was given.
    pub file: String,
    /// What is wrong.
    pub kind: ZoneErrorKind,
    /// The token that is wrong, the start of it if it is long; empty where something is missing.
    pub token: String,
}

fn near(token: &str) -> String {
    if token.is_empty() { String::new() } else { alloc::format!(" (at `{token}`)") }
}

/// What is wrong with a zone file, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ZoneErrorKind {
    /// A name, a mnemonic or a field of RDATA.
    #[error("{0}")]
    Text(TextErrorKind),
    /// A parenthesis that closes none.
    #[error("a closing parenthesis without its opening one")]
    Parenthesis,
    /// A line that starts with a blank, and nothing in front of it.
    #[error("no owner: the first record starts with a blank")]
    NoOwner,
    /// No TTL, no `$TTL`, and no record in front that has one (RFC 2308 section 4).
    #[error("no TTL: neither here nor by $TTL nor in a record before")]
    NoTtl,
    /// A time that is none, or does not fit into its field.
    #[error("a time is a number of seconds up to 4294967295, or numbers with the units w, d, h, m, s")]
    Ttl,
    /// An owner and nothing behind it, or no known type.
    #[error("a record type is missing")]
    NoType,
    /// TTL or class twice.
    #[error("the {0} stands here twice")]
    Twice(&'static str),
    /// ANY, AXFR and their like.
    #[error("a type or class of questions, not of records")]
    Meta,
    /// A word with a dollar sign that nobody knows.
    #[error("an unknown directive: there are $ORIGIN, $TTL, $INCLUDE and $GENERATE")]
    Directive,
    /// A directive with too few or too many words.
    #[error("{0}")]
    Usage(&'static str),
    /// Deeper than [`INCLUDE_DEPTH`](super::INCLUDE_DEPTH).
    #[error("$INCLUDE nested more than {} deep", super::INCLUDE_DEPTH)]
    IncludeDepth,
    /// The caller could not or would not open it.
    #[error("the included file can't be read: {0}")]
    Include(String),
    /// A range of `$GENERATE` that is none, or too long.
    #[error("a range is START-STOP or START-STOP/STEP with at most {} records", super::GENERATE)]
    Range,
    /// A modifier of `$GENERATE` that is none.
    #[error("a modifier is ${{OFFSET,WIDTH,BASE}} with the bases d, o, x, X, n, N")]
    Modifier,
    /// Longer than [`TOKEN`](super::TOKEN).
    #[error("a token longer than {} octets", super::TOKEN)]
    TokenTooLong,
    /// More than [`TOKENS`](super::TOKENS).
    #[error("an entry of more than {} tokens", super::TOKENS)]
    TooManyTokens,
}

impl From<TextErrorKind> for ZoneErrorKind {
    fn from(kind: TextErrorKind) -> Self {
        ZoneErrorKind::Text(kind)
    }
}

//! Transaction signatures (RFC 8945): who shares a key knows that a message is the other's and of now.
//!
//! The rule: nothing about a message is told before its MAC is right, and MACs are compared in constant time. The clock is
//! an argument: seconds since 1970.

mod algorithm;
mod record;
mod session;

use alloc::vec::Vec;
use core::fmt;

use thiserror::Error;

pub use algorithm::Algorithm;
pub use session::{Refusal, Session, verify_request};

use crate::{Name, Rcode};
use record::Tsig;

/// Seconds that two clocks may be apart (RFC 8945 section 10 recommends it).
pub const FUDGE: u16 = 300;

/// Messages of a stream that need not be signed between two that are (RFC 8945 section 5.3.1).
pub const UNSIGNED: u8 = 99;

/// A shared key.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    name: Name,
    algorithm: Algorithm,
    secret: Vec<u8>,
}

impl Key {
    /// A key by its name, by which both sides know it.
    #[must_use]
    pub fn new(name: Name, algorithm: Algorithm, secret: &[u8]) -> Self {
        Key { name, algorithm, secret: secret.to_vec() }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Octets that the TSIG record of a reply takes at most: to be left free in it.
    #[must_use]
    pub fn reserve(&self) -> usize {
        Tsig::len(
            self.name.as_wire().len(),
            self.algorithm.name().as_wire().len(),
            self.algorithm.mac_len(),
            6,
        )
    }
}

impl fmt::Debug for Key {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.algorithm, self.name)
    }
}

/// Why a signature does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum TsigError {
    /// No TSIG record where there must be one.
    #[error("the message is not signed")]
    Unsigned,
    /// Fields that can't be: a MAC shorter or longer than any, for one (RFC 8945 section 5.2.2.1).
    #[error("the TSIG record is not well-formed")]
    Form,
    /// RFC 8945 section 5.2.1.
    #[error("a key that nobody here knows")]
    BadKey,
    /// RFC 8945 section 5.2.2.
    #[error("the signature is wrong")]
    BadSig,
    /// RFC 8945 section 5.2.3.
    #[error("the signature is out of its time")]
    BadTime,
    /// RFC 8945 section 5.2.2.1.
    #[error("the signature is cut too short")]
    BadTrunc,
    /// The other side says that it can't use our signature, and which error it found (RFC 8945 section 5.4).
    #[error("the peer does not accept the signature: {0}")]
    Peer(Rcode),
    /// More than [`UNSIGNED`] messages without a signature.
    #[error("too many messages without a signature")]
    TooManyUnsigned,
}

impl TsigError {
    /// The response code to answer with (RFC 8945 section 5.2).
    #[must_use]
    pub fn rcode(self) -> Rcode {
        match self {
            TsigError::Form => Rcode::FORMERR,
            _ => Rcode::NOTAUTH,
        }
    }

    /// What the TSIG record of the answer says.
    #[must_use]
    pub fn tsig_error(self) -> Option<Rcode> {
        Some(match self {
            TsigError::BadKey => Rcode::BADKEY,
            TsigError::BadSig => Rcode::BADSIG,
            TsigError::BadTime => Rcode::BADTIME,
            TsigError::BadTrunc => Rcode::BADTRUNC,
            _ => return None,
        })
    }
}

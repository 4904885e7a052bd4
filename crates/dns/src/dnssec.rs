//! DNSSEC validation (RFC 4033 to 4035, 5155, 6840): whether an answer is what the owner of its zone signed.
//!
//! The rule: an answer is secure if every RRset in it, and everything it says is not there, is proven by a chain of
//! signatures that starts at a trust anchor; it is insecure if such a chain proves that nobody signs there; all else is
//! bogus. Cryptography is the caller's ([`Verifier`]), and so is asking: the [`Validator`] says what it has to know first,
//! and is told. [`Resolver::validating`](crate::Resolver::validating) makes a resolver that does the asking.
//!
//! Work is bounded whatever a zone holds: see [`limits`](crate::limits). Who signs with keys by the dozen that share
//! a tag, or hashes names a thousand times, is bogus or insecure, not expensive (CVE-2023-50387, CVE-2023-50868).

mod chain;
mod denial;
mod digest;
mod signature;

use alloc::boxed::Box;
use core::cell::Cell;

use crate::{Question, Rdata};

pub use chain::Validator;
pub(crate) use chain::{Said, Stop};
pub(crate) use denial::{Denied, denied, wildcard_between};
pub use digest::{ds_of, key_tag, matches_ds};
pub use signature::signed_data;

/// Signatures, checked by cryptography that the caller chooses.
pub trait Verifier {
    /// Signatures of this algorithm (the registry of RFC 4034 appendix A.1) can be checked. A zone that is signed with
    /// none of them is as good as unsigned (RFC 4035 section 5.2).
    fn knows(&self, algorithm: u8) -> bool;

    /// `signature` is that of `signed`, by the key. Key and signature are formatted as DNSKEY and RRSIG have them: for
    /// RSA RFC 3110, for ECDSA RFC 6605, for Ed25519 RFC 8080.
    fn verify(&self, algorithm: u8, public_key: &[u8], signed: &[u8], signature: &[u8]) -> bool;
}

impl<V: Verifier + ?Sized> Verifier for &V {
    fn knows(&self, algorithm: u8) -> bool {
        (**self).knows(algorithm)
    }

    fn verify(&self, algorithm: u8, public_key: &[u8], signed: &[u8], signature: &[u8]) -> bool {
        (**self).verify(algorithm, public_key, signed, signature)
    }
}

impl<V: Verifier + ?Sized> Verifier for Box<V> {
    fn knows(&self, algorithm: u8) -> bool {
        (**self).knows(algorithm)
    }

    fn verify(&self, algorithm: u8, public_key: &[u8], signed: &[u8], signature: &[u8]) -> bool {
        (**self).verify(algorithm, public_key, signed, signature)
    }
}

/// What may be thought of an answer (RFC 4035 section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Security {
    /// Proven from a trust anchor on: AD may be set.
    Secure,
    /// Proven to be out of reach of any anchor.
    Insecure,
    /// Should be proven, and is not: SERVFAIL.
    Bogus(Fault),
}

/// Why an answer is bogus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// No signature fits, though each was made with a key of the zone.
    #[error("no signature fits")]
    Signature,
    /// The signatures were valid once.
    #[error("the signatures have expired")]
    Expired,
    /// The signatures are not valid yet.
    #[error("the signatures are not valid yet")]
    NotYetValid,
    /// No key of the zone matches what the parent says or what signed.
    #[error("the zone has no such key")]
    DnskeyMissing,
    /// The zone signs, but this is not signed.
    #[error("there are no signatures")]
    RrsigsMissing,
    /// Nothing proves that what is denied is not there.
    #[error("there is no proof that it does not exist")]
    NsecMissing,
    /// Names hashed more often than anybody should.
    #[error("too many NSEC3 iterations")]
    Iterations,
    /// More signatures or hashes than are worth trying.
    #[error("proving it takes too much work")]
    Work,
}

impl Fault {
    /// The extended error to answer with (RFC 8914 section 4).
    #[must_use]
    pub fn info_code(self) -> u16 {
        match self {
            Fault::Signature | Fault::Work => 6,
            Fault::Expired => 7,
            Fault::NotYetValid => 8,
            Fault::DnskeyMissing => 9,
            Fault::RrsigsMissing => 10,
            Fault::NsecMissing => 12,
            Fault::Iterations => 27,
        }
    }
}

/// What comes of [`Validator::judge`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Ask this, with DO and CD set; tell the [`Validator`] what was answered, and let it judge again.
    Need(Question),
    /// The judgement, and the most seconds that it holds.
    Known(Security, u32),
}

/// Signatures and hashes that may still be tried for one question, all that it needs included.
#[derive(Debug)]
pub(crate) struct Effort(Cell<u32>);

impl Effort {
    pub(crate) fn new(left: u32) -> Self {
        Effort(Cell::new(left))
    }

    pub(crate) fn left(&self) -> u32 {
        self.0.get()
    }

    fn take(&self) -> Result<(), Fault> {
        self.0.set(self.0.get().checked_sub(1).ok_or(Fault::Work)?);
        Ok(())
    }
}

/// Work that one RRset or one proof may cost, out of a question's.
struct Work<'e> {
    signatures: u32,
    hashes: u32,
    effort: &'e Effort,
}

impl<'e> Work<'e> {
    fn new(effort: &'e Effort) -> Self {
        Work { signatures: crate::limits::SIGNATURES, hashes: crate::limits::HASHES, effort }
    }

    fn take_signature(&mut self) -> Result<(), Fault> {
        self.signatures = self.signatures.checked_sub(1).ok_or(Fault::Work)?;
        self.effort.take()
    }

    fn take_hash(&mut self) -> Result<(), Fault> {
        self.hashes = self.hashes.checked_sub(1).ok_or(Fault::Work)?;
        self.effort.take()
    }
}

/// What the DNSKEY of a zone are compared with: DS of the parent, or an anchor's DS or DNSKEY.
type Anchors = [Rdata];

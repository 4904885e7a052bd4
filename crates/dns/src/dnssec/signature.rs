//! RRsets and their signatures (RFC 4034 section 3, RFC 4035 section 5.3).

use alloc::vec::Vec;
use core::cell::Cell;

use super::{Fault, Verifier, Work, digest};
use crate::cache::RrSet;
use crate::rdata::Rrsig;
use crate::{Class, Name, NameRef, Rdata, RdataRef, RecordRef, RrType};

/// An RRset of a message, and what came with it to prove it.
pub(crate) struct Rrset<'m> {
    pub(super) owner: NameRef<'m>,
    pub(super) rtype: RrType,
    class: Class,
    pub(super) ttl: u32,
    pub(super) rdatas: Vec<RdataRef<'m>>,
    signatures: Vec<(RdataRef<'m>, u32)>,
    proven: Cell<Option<u32>>,
}

/// What a signature proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Proven {
    /// Seconds it may be kept (RFC 4035 section 5.3.3).
    pub(super) ttl: u32,
    /// Labels of the name whose wildcard it was expanded from, if it was (RFC 4035 section 5.3.4).
    pub(super) expanded: Option<usize>,
}

/// DNSKEY flags (RFC 4034 section 2.1.1, RFC 5011 section 7).
const ZONE_KEY: u16 = 0x0100;
const REVOKED: u16 = 0x0080;

impl<'m> Rrset<'m> {
    /// The RRsets of a section, in canonical order of their owners, with their signatures.
    pub(super) fn all(section: impl Iterator<Item = RecordRef<'m>>) -> Vec<Rrset<'m>> {
        let covered = |record: &RecordRef<'m>| match record.rdata.rrsig() {
            Some(rrsig) if record.rtype() == RrType::RRSIG => rrsig.type_covered,
            _ => record.rtype(),
        };
        let mut records: Vec<_> =
            section.map(|record| (record.owner.to_name(), covered(&record), record)).collect();
        records.sort_by(|(owner_a, type_a, a), (owner_b, type_b, b)| {
            let key = |record: &RecordRef<'_>| record.rtype() == RrType::RRSIG;
            owner_a.cmp(owner_b).then((type_a, a.class(), key(a)).cmp(&(type_b, b.class(), key(b))))
        });
        let groups = records.chunk_by(|(owner_a, type_a, a), (owner_b, type_b, b)| {
            owner_a == owner_b && (type_a, a.class()) == (type_b, b.class())
        });
        groups.filter_map(Rrset::of_group).collect()
    }

    /// `None` of signatures for what is not there.
    fn of_group(group: &[(Name, RrType, RecordRef<'m>)]) -> Option<Self> {
        let records = group.iter().map(|(_, _, record)| record);
        let (data, signatures): (Vec<&RecordRef<'m>>, Vec<_>) =
            records.partition(|record| record.rtype() != RrType::RRSIG);
        let first = data.first()?;
        Some(Rrset {
            owner: first.owner,
            rtype: first.rtype(),
            class: first.class(),
            ttl: data.iter().map(|record| record.effective_ttl()).min()?,
            rdatas: data.iter().map(|record| record.rdata).collect(),
            signatures: signatures.iter().map(|record| (record.rdata, record.effective_ttl())).collect(),
            proven: Cell::new(None),
        })
    }

    pub(crate) fn of_set(set: &'m RrSet) -> Self {
        Rrset {
            owner: set.owner().as_name_ref(),
            rtype: set.rtype(),
            class: set.class(),
            ttl: set.ttl,
            rdatas: set.rdatas().collect(),
            signatures: set.signatures().map(|rdata| (rdata, set.ttl)).collect(),
            proven: Cell::new(None),
        }
    }

    /// Seconds it may be kept, if it was proven.
    pub(crate) fn proven(&self) -> Option<u32> {
        self.proven.get()
    }

    /// The zone that claims to have signed it; `None` if nobody does who could have.
    pub(super) fn signer(&self) -> Option<Name> {
        let signers = self.signatures.iter().filter_map(|(rdata, _)| rdata.rrsig()).map(|rrsig| rrsig.signer);
        let mut fitting = signers.filter(|signer| {
            let above = self.rtype != RrType::DS || self.owner != *signer || self.owner.is_root();
            above && self.owner.is_subdomain_of(*signer)
        });
        fitting.next().map(|signer| signer.to_name())
    }

    /// Whether one of the signatures is `zone`'s, by one of its keys, and valid now (RFC 4035 section 5.3.1).
    pub(super) fn verify(
        &self,
        zone: &Name,
        keys: &[Rdata],
        now: u64,
        verifier: &impl Verifier,
        work: &mut Work<'_>,
    ) -> Result<Proven, Fault> {
        let mut fault = if self.signatures.is_empty() { Fault::RrsigsMissing } else { Fault::DnskeyMissing };
        for (rdata, ttl) in &self.signatures {
            // A zone has no wildcards above itself: labels are not fewer than its own.
            let fits =
                |rrsig: &Rrsig<'_>| rrsig.signer == *zone && usize::from(rrsig.labels) >= zone.label_count();
            let Some(rrsig) = rdata.rrsig().filter(fits) else { continue };
            let seconds = match seconds_left(&rrsig, now) {
                Ok(seconds) => seconds,
                Err(error) => {
                    fault = error;
                    continue;
                }
            };
            match self.verify_one(&rrsig, keys, verifier, work) {
                Ok(()) => {
                    let ttl = self.ttl.min(*ttl).min(rrsig.original_ttl).min(seconds);
                    self.proven.set(Some(ttl));
                    return Ok(Proven { ttl, expanded: self.expanded_from(&rrsig) });
                }
                Err(Fault::Work) => return Err(Fault::Work),
                Err(error) => fault = error,
            }
        }
        Err(fault)
    }

    fn verify_one(
        &self,
        rrsig: &Rrsig<'_>,
        keys: &[Rdata],
        verifier: &impl Verifier,
        work: &mut Work<'_>,
    ) -> Result<(), Fault> {
        let signed = signed_data(rrsig, self.owner, self.class, &self.rdatas).ok_or(Fault::Signature)?;
        let mut fault = Fault::DnskeyMissing;
        for key in keys.iter().filter(|key| digest::key_tag(&key.as_rdata_ref()) == rrsig.key_tag) {
            let key = key.as_rdata_ref();
            let Some(key) = key.dnskey().filter(|key| key.algorithm == rrsig.algorithm) else { continue };
            work.take_signature()?;
            if verifier.verify(key.algorithm, key.public_key, &signed, rrsig.signature) {
                return Ok(());
            }
            fault = Fault::Signature;
        }
        Err(fault)
    }

    fn expanded_from(&self, rrsig: &Rrsig<'_>) -> Option<usize> {
        let labels = usize::from(rrsig.labels);
        (labels < signed_labels(self.owner)).then_some(labels)
    }
}

/// A key that signs zones, and still may (RFC 4034 section 2.1.1, RFC 5011 section 2.1).
pub(super) fn is_zone_key(rdata: &RdataRef<'_>) -> bool {
    rdata
        .dnskey()
        .is_some_and(|key| key.protocol == 3 && key.flags & ZONE_KEY != 0 && key.flags & REVOKED == 0)
}

/// Seconds until the signature expires. Times are serial numbers (RFC 4034 section 3.1.5).
fn seconds_left(rrsig: &Rrsig<'_>, now: u64) -> Result<u32, Fault> {
    let now = u32::try_from(now & u64::from(u32::MAX)).unwrap_or_default();
    let is_before = |a: u32, b: u32| a != b && b.wrapping_sub(a) <= i32::MAX.unsigned_abs();
    if is_before(now, rrsig.inception) {
        return Err(Fault::NotYetValid);
    }
    if is_before(rrsig.expiration, now) {
        return Err(Fault::Expired);
    }
    Ok(rrsig.expiration.wrapping_sub(now))
}

/// Labels as RRSIG counts them: neither the root's nor a leading `*` (RFC 4034 section 3.1.3).
fn signed_labels(owner: NameRef<'_>) -> usize {
    owner.label_count() - usize::from(owner.is_wildcard())
}

/// What a signature is made of (RFC 4034 section 3.1.8.1): the fields of the RRSIG, then the RRset in canonical form
/// and order, without repetitions, with the name that was signed, which is a wildcard's if the answer was expanded from
/// one (RFC 4035 section 5.3.2). `None` if it has more labels than its owner.
#[must_use]
pub fn signed_data(
    rrsig: &Rrsig<'_>,
    owner: NameRef<'_>,
    class: Class,
    rdatas: &[RdataRef<'_>],
) -> Option<Vec<u8>> {
    let mut signed = Vec::new();
    signed.extend_from_slice(&rrsig.type_covered.0.to_be_bytes());
    signed.extend_from_slice(&[rrsig.algorithm, rrsig.labels]);
    for number in [rrsig.original_ttl, rrsig.expiration, rrsig.inception] {
        signed.extend_from_slice(&number.to_be_bytes());
    }
    signed.extend_from_slice(&rrsig.key_tag.to_be_bytes());
    signed.extend_from_slice(rrsig.signer.to_name().to_lowercase().as_wire());

    let mut head = signed_owner(owner, usize::from(rrsig.labels))?.as_wire().to_vec();
    head.extend_from_slice(&rrsig.type_covered.0.to_be_bytes());
    head.extend_from_slice(&class.0.to_be_bytes());
    head.extend_from_slice(&rrsig.original_ttl.to_be_bytes());
    for rdata in canonical(rdatas) {
        signed.extend_from_slice(&head);
        signed.extend_from_slice(&u16::try_from(rdata.len()).ok()?.to_be_bytes());
        signed.extend_from_slice(&rdata);
    }
    Some(signed)
}

fn canonical(rdatas: &[RdataRef<'_>]) -> Vec<Vec<u8>> {
    let mut all: Vec<_> = rdatas
        .iter()
        .map(|rdata| {
            let mut wire = Vec::new();
            rdata.write_canonical(&mut wire);
            wire
        })
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn signed_owner(owner: NameRef<'_>, labels: usize) -> Option<Name> {
    let name = owner.to_name().to_lowercase();
    let more = signed_labels(owner).checked_sub(labels)?;
    if more == 0 {
        return Some(name);
    }
    let encloser = Name::from_wire(name.suffixes().nth(name.label_count() - labels)?).ok()?;
    encloser.prepend(b"*").ok()
}

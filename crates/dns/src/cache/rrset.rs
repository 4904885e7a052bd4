//! RRsets as a cache keeps them: the records of one owner, type and class, in one piece, with their signatures.
//!
//! The rule: an RRset never changes once made, so that many may hold it; its octets are sorted, so that two that say the
//! same are the same (RFC 2181 section 5).

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::Status;
use crate::{Class, Name, RdataRef, Record, RecordRef, RrType};

/// The records of one owner, type and class, and the RRSIGs that cover them.
#[derive(Clone, PartialEq, Eq)]
pub struct RrSet {
    /// Seconds that it may be kept.
    pub ttl: u32,
    /// What DNSSEC says of it.
    pub status: Status,
    pub(crate) data: Arc<SetData>,
}

#[derive(PartialEq, Eq)]
pub(crate) struct SetData {
    pub(crate) owner: Name,
    pub(crate) rtype: RrType,
    pub(crate) class: Class,
    rdatas: Packed,
    signatures: Packed,
}

/// RDATA, each behind its length.
#[derive(PartialEq, Eq)]
struct Packed(Box<[u8]>);

impl Packed {
    fn of(mut rdatas: Vec<Vec<u8>>) -> Self {
        rdatas.sort_unstable();
        rdatas.dedup();
        let mut octets = Vec::with_capacity(rdatas.iter().map(|rdata| rdata.len() + 2).sum());
        for rdata in rdatas {
            let Ok(len) = u16::try_from(rdata.len()) else { continue };
            octets.extend_from_slice(&len.to_be_bytes());
            octets.extend_from_slice(&rdata);
        }
        Packed(octets.into())
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &*self.0;
        core::iter::from_fn(move || {
            let (len, behind) = rest.split_first_chunk::<2>()?;
            let (rdata, behind) = behind.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
            rest = behind;
            Some(rdata)
        })
    }
}

impl SetData {
    /// Octets that it takes on the heap.
    pub(crate) fn cost(&self) -> usize {
        size_of::<SetData>() + 16 + self.owner.heap_len() + self.rdatas.0.len() + self.signatures.0.len()
    }

    pub(crate) fn rdatas(&self) -> impl Iterator<Item = RdataRef<'_>> {
        let kind = (self.rtype, self.class);
        self.rdatas.iter().map(move |wire| RdataRef::of_valid(wire, (0, wire.len()), kind))
    }

    pub(crate) fn signatures(&self) -> impl Iterator<Item = RdataRef<'_>> {
        let kind = (RrType::RRSIG, self.class);
        self.signatures.iter().map(move |wire| RdataRef::of_valid(wire, (0, wire.len()), kind))
    }

    /// The same records, whatever their signatures.
    pub(crate) fn says_the_same(&self, other: &SetData) -> bool {
        self.rdatas == other.rdatas
    }
}

impl RrSet {
    /// The RRset of these records; those of another owner, type or class than the first are left out, RRSIGs that cover
    /// them are its signatures. The least TTL is that of all (RFC 2181 section 5.2). `None` without a record.
    #[must_use]
    pub fn of_records(records: &[Record]) -> Option<RrSet> {
        let first = records.iter().find(|record| record.rtype() != RrType::RRSIG)?;
        let mut set = SetBuilder::new(first.owner.clone(), first.rtype(), first.class());
        for record in records {
            set.take(&record.as_record_ref());
        }
        set.finish(usize::MAX, usize::MAX)
    }

    /// Whose records they are.
    #[must_use]
    pub fn owner(&self) -> &Name {
        &self.data.owner
    }

    /// Of which type.
    #[must_use]
    pub fn rtype(&self) -> RrType {
        self.data.rtype
    }

    /// In which class.
    #[must_use]
    pub fn class(&self) -> Class {
        self.data.class
    }

    /// What they say.
    pub fn rdatas(&self) -> impl Iterator<Item = RdataRef<'_>> {
        self.data.rdatas()
    }

    /// The RRSIGs that cover them.
    pub fn signatures(&self) -> impl Iterator<Item = RdataRef<'_>> {
        self.data.signatures()
    }

    /// As records, without signatures.
    pub fn records(&self) -> impl Iterator<Item = RecordRef<'_>> {
        let owner = self.data.owner.as_name_ref();
        self.rdatas().map(move |rdata| RecordRef { owner, ttl: self.ttl, rdata })
    }

    /// The same with another TTL.
    #[must_use]
    pub fn with_ttl(&self, ttl: u32) -> RrSet {
        RrSet { ttl, status: self.status, data: self.data.clone() }
    }

    /// The same, and this is what DNSSEC says of it.
    #[must_use]
    pub fn with_status(&self, status: Status) -> RrSet {
        RrSet { ttl: self.ttl, status, data: self.data.clone() }
    }

    /// It was made from a wildcard, by what one of its signatures says (RFC 4035 section 5.3.4): whoever is to believe
    /// it needs a proof that there is nothing closer.
    pub(crate) fn is_expanded(&self) -> bool {
        let owner = self.owner();
        let labels = owner.label_count() - usize::from(owner.as_name_ref().is_wildcard());
        self.signatures().filter_map(|rdata| rdata.rrsig()).any(|rrsig| usize::from(rrsig.labels) < labels)
    }
}

impl fmt::Debug for RrSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.records()).finish()
    }
}

/// An RRset in the making.
pub(crate) struct SetBuilder {
    owner: Name,
    rtype: RrType,
    class: Class,
    ttl: u32,
    rdatas: Vec<Vec<u8>>,
    signatures: Vec<Vec<u8>>,
}

impl SetBuilder {
    pub(crate) fn new(owner: Name, rtype: RrType, class: Class) -> Self {
        SetBuilder { owner, rtype, class, ttl: u32::MAX, rdatas: Vec::new(), signatures: Vec::new() }
    }

    /// Takes the record if it belongs here.
    pub(crate) fn take(&mut self, record: &RecordRef<'_>) -> bool {
        let list = match record.rtype() {
            rtype if rtype == self.rtype => &mut self.rdatas,
            RrType::RRSIG if covers(record) == Some(self.rtype) => &mut self.signatures,
            _ => return false,
        };
        if record.class() != self.class || record.owner != self.owner {
            return false;
        }
        let mut wire = Vec::new();
        record.rdata.write_wire(&mut wire);
        list.push(wire);
        self.ttl = self.ttl.min(record.effective_ttl());
        true
    }

    /// At most so many records and signatures, the first ones.
    pub(crate) fn finish(mut self, records: usize, signatures: usize) -> Option<RrSet> {
        if self.rdatas.is_empty() {
            return None;
        }
        self.rdatas.truncate(records);
        self.signatures.truncate(signatures);
        let data = SetData {
            owner: self.owner,
            rtype: self.rtype,
            class: self.class,
            rdatas: Packed::of(self.rdatas),
            signatures: Packed::of(self.signatures),
        };
        Some(RrSet { ttl: self.ttl, status: Status::Indeterminate, data: Arc::new(data) })
    }
}

fn covers(record: &RecordRef<'_>) -> Option<RrType> {
    record.rdata.rrsig().map(|rrsig| rrsig.type_covered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rdata;
    use alloc::string::ToString;

    fn record(owner: &str, ttl: u32, rtype: RrType, text: &str) -> Record {
        Record { owner: owner.parse().unwrap(), ttl, rdata: Rdata::of_text(rtype, text).unwrap() }
    }

    #[test]
    fn an_rrset_is_the_same_in_any_order_and_has_the_least_ttl() {
        let a = record("a.example.", 300, RrType::A, "192.0.2.1");
        let b = record("A.example.", 200, RrType::A, "192.0.2.2");
        let other = record("a.example.", 100, RrType::TXT, "x");
        let one = RrSet::of_records(&[a.clone(), b.clone(), other, a.clone()]).unwrap();
        let two = RrSet::of_records(&[b, a]).unwrap();
        assert!(one == two && one.ttl == 200);
        let text: Vec<_> = one.records().map(|record| record.to_string()).collect();
        assert_eq!(text, ["a.example. 200 IN A 192.0.2.1", "a.example. 200 IN A 192.0.2.2"]);
    }
}

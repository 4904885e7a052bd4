//! Zones out of records.

use alloc::vec::Vec;

use thiserror::Error;

use super::nodes::Nodes;
use super::{Node, Zone};
use crate::{Class, Name, RecordRef, RrType};

/// Why records make no zone.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BuildFault {
    /// A name that is not below the apex.
    #[error("{0} is not in the zone")]
    OutOfZone(Name),
    /// A class other than that of the zone (RFC 1035 section 5.2).
    #[error("{0} has another class than the zone")]
    Class(Name),
    /// RFC 1035 section 5.2: exactly one SOA, at the apex.
    #[error("a zone has exactly one SOA record, at its apex")]
    Soa,
    /// RFC 1034 section 3.6.2, RFC 2181 section 10.1.
    #[error("{0} has a CNAME and other records")]
    CnameAndOther(Name),
    /// More than one CNAME, DNAME or SOA (RFC 2181 section 10.1, RFC 6672 section 2.4).
    #[error("{0} has more than one {1}")]
    Singleton(Name, RrType),
}

/// Collects the records of a zone, in any order.
#[derive(Clone, Debug)]
pub struct ZoneBuilder {
    zone: Zone,
}

impl ZoneBuilder {
    /// A zone of class IN below `apex`.
    #[must_use]
    pub fn new(apex: Name) -> Self {
        Self::with(apex, Class::IN, 0)
    }

    /// A zone of any class. `seed`: of the hash by which names are found; one that is not known to those who may put names
    /// into the zone keeps them from slowing it down.
    #[must_use]
    pub fn with(apex: Name, class: Class, seed: u64) -> Self {
        let nodes = Nodes::new(apex, seed);
        ZoneBuilder { zone: Zone { class, nodes, nsec: Vec::new(), nsec3: Vec::new() } }
    }

    /// Puts a record in; one that is there already changes nothing. The TTL of an RRset is that of its first record (RFC
    /// 2181 section 5.2).
    ///
    /// # Errors
    /// Out of the zone, or of another class: the record is left out, and the zone may go on without it.
    pub fn push(&mut self, record: RecordRef<'_>) -> Result<(), BuildFault> {
        insert(&mut self.zone.nodes, self.zone.class, record, true)
    }

    /// The zone.
    ///
    /// # Errors
    /// What keeps it from being one.
    pub fn build(mut self) -> Result<Zone, BuildFault> {
        finish(&mut self.zone)?;
        Ok(self.zone)
    }
}

pub(super) fn insert(
    nodes: &mut Nodes,
    class: Class,
    record: RecordRef<'_>,
    first_ttl: bool,
) -> Result<(), BuildFault> {
    let owner = record.owner.to_name();
    if !owner.is_subdomain_of(&nodes.apex().name) {
        return Err(BuildFault::OutOfZone(owner));
    }
    if record.class() != class {
        return Err(BuildFault::Class(owner));
    }
    if record.rtype() == RrType::SOA && owner != nodes.apex().name {
        return Err(BuildFault::Soa);
    }
    nodes.insert(&owner, record.effective_ttl(), record.rdata, first_ttl);
    Ok(())
}

/// Looks for what no zone can have, and puts the names that deny others in order.
pub(super) fn finish(zone: &mut Zone) -> Result<(), BuildFault> {
    zone.nodes.deduplicate();
    match zone.nodes.apex().rrset(RrType::SOA) {
        Some(soa) if soa.rdatas.len() == 1 => {}
        _ => return Err(BuildFault::Soa),
    }
    zone.nodes.all().try_for_each(possible)?;
    zone.nsec = in_order(&zone.nodes, RrType::NSEC);
    zone.nsec3 = in_order(&zone.nodes, RrType::NSEC3);
    Ok(())
}

fn possible(node: &Node) -> Result<(), BuildFault> {
    let name = || node.name.clone();
    for rrset in node.rrsets.iter().filter(|rrset| rrset.rdatas.len() > 1) {
        if matches!(rrset.rtype, RrType::CNAME | RrType::DNAME) {
            return Err(BuildFault::Singleton(name(), rrset.rtype));
        }
    }
    // RFC 4034 section 3 and 4, RFC 3007 section 3.1.1: what may stand beside a CNAME.
    let beside = |rtype| matches!(rtype, RrType::CNAME | RrType::RRSIG | RrType::NSEC | RrType::KEY);
    let other = node.rrsets.iter().any(|rrset| !rrset.rdatas.is_empty() && !beside(rrset.rtype));
    if other && node.rrset(RrType::CNAME).is_some() {
        return Err(BuildFault::CnameAndOther(name()));
    }
    Ok(())
}

fn in_order(nodes: &Nodes, rtype: RrType) -> Vec<u32> {
    let mut owners: Vec<_> = nodes.ids().filter(|(_, node)| node.rrset(rtype).is_some()).collect();
    owners.sort_unstable_by(|(_, a), (_, b)| a.name.cmp(&b.name));
    owners.into_iter().map(|(id, _)| id).collect()
}

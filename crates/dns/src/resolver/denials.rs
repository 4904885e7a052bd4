//! Names that are not there by what is known already (RFC 8198): between two neighbours of a signed zone there is nobody.
//!
//! The rule: only NSEC that have been proven count, as long as the cache has them, and they are read exactly as if they had
//! come with the reply to the question. Who asks for random names below a signed zone asks nobody but us.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use proto_core::Time;

use super::task::Task;
use super::{Answer, Resolver};
use crate::cache::{Rank, Ranked, RrSet, Sections, Status};
use crate::dnssec::{Denied, denied, wildcard_between};
use crate::{Class, Name, Rcode, RrType};

/// Owners of proven NSEC, by zone and in canonical order.
#[derive(Debug, Default)]
pub(super) struct Denials {
    zones: BTreeMap<Name, BTreeSet<Name>>,
    count: usize,
}

impl Denials {
    /// Takes in an NSEC that a zone has proven. Of too many all are forgotten: they come again.
    pub(super) fn add(&mut self, zone: Name, set: &RrSet, limit: usize) {
        if self.count >= limit {
            *self = Denials::default();
        }
        let new = self.zones.entry(zone).or_default().insert(set.owner().clone());
        self.count += usize::from(new);
    }

    /// The closest zone of a name of which something is known.
    fn zone(&self, name: &Name) -> Option<Name> {
        let mut above = name.suffixes().filter_map(|suffix| Name::from_wire(suffix).ok());
        above.find(|name| self.zones.contains_key(name))
    }

    /// The name itself, or the last one before it.
    fn before(&self, zone: &Name, name: &Name) -> Option<Name> {
        self.zones.get(zone)?.range(..=name).next_back().cloned()
    }

    fn remove(&mut self, zone: &Name, owner: &Name) {
        let removed = self.zones.get_mut(zone).is_some_and(|owners| owners.remove(owner));
        self.count -= usize::from(removed);
        if self.zones.get(zone).is_some_and(BTreeSet::is_empty) {
            self.zones.remove(zone);
        }
    }
}

impl Resolver {
    /// The answer that there is no such name, or nothing of the type, if that follows from what is known.
    pub(super) fn deny(&mut self, task: &mut Task, now: Time) -> Option<Answer> {
        // DS is the parent's to deny.
        let any = matches!(task.question.rtype, RrType::DS | RrType::ANY | RrType::RRSIG);
        if any || !self.config.aggressive || !self.checks(task.purpose) {
            return None;
        }
        let (rcode, sections) = self.between(&task.name, task.question.rtype, now)?;
        Some(self.conclude(task, rcode, sections, now))
    }

    fn between(&mut self, name: &Name, rtype: RrType, now: Time) -> Option<(Rcode, Sections<Ranked>)> {
        let zone = self.denials()?.zone(name)?;
        let gap = self.gap(&zone, name, now)?;
        let next = gap.rdatas().next()?.nsec()?.next.to_name();
        let wildcard = wildcard_between(name, gap.owner(), &next)?;
        let mut proofs = Vec::from([gap]);
        let other = self.gap(&zone, &wildcard, now);
        proofs.extend(other.filter(|other| proofs.iter().all(|gap| gap.owner() != other.owner())));
        let rcode = match denied(&zone, &proofs, name, rtype)? {
            Denied::NoName => Rcode::NXDOMAIN,
            Denied::NoData => Rcode::NOERROR,
            Denied::OptOut => return None,
        };
        let soa = self.cache.denial(zone.as_name_ref(), now).filter(|soa| soa.status == Status::Secure)?;
        let sets = core::iter::once(soa).chain(proofs);
        let authority = sets.map(|set| Ranked { set, rank: Rank::Authority }).collect();
        Some((rcode, Sections { authority, ..Sections::new() }))
    }

    /// The proven NSEC at or before a name.
    fn gap(&mut self, zone: &Name, name: &Name, now: Time) -> Option<RrSet> {
        let owner = self.denials()?.before(zone, name)?;
        let known = self.cache.rrset(owner.as_name_ref(), RrType::NSEC, Class::IN, now);
        let known = known.map(|(set, _)| set).filter(|set| set.status == Status::Secure);
        let set = known.filter(|set| self.prover(set).as_ref() == Some(zone));
        if set.is_none() {
            self.denials()?.remove(zone, &owner);
        }
        set
    }
}

//! Proof that something is not there, of signed zones, for those who want it (RFC 4035 section 3.1.3, RFC 5155 section
//! 7.2).

use alloc::vec::Vec;

use super::reply::Reply;
use crate::zone::{Node, Zone};
use crate::{Name, RrType, Section};

impl Reply<'_> {
    /// The name is not there: it is covered, and so is the wildcard that could speak for it.
    pub(super) fn deny_name(&mut self, zone: &Zone, name: &Name, encloser: &Node) {
        if self.wants_nsec(zone) {
            let wildcard = encloser.name().prepend(b"*").ok();
            self.nsecs(zone, [Some(name), wildcard.as_ref()]);
        } else if self.dnssec {
            let wildcard = encloser.name().prepend(b"*").ok();
            self.closest_proof(zone, name, encloser, wildcard.as_ref());
        }
    }

    /// The name is there, the type is not.
    pub(super) fn deny_type(&mut self, zone: &Zone, node: &Node, name: &Name, wild: Option<&Node>) {
        if self.wants_nsec(zone) {
            self.nsecs(zone, [Some(node.name()), wild.map(|_| name)]);
        } else if let Some(encloser) = wild.filter(|_| self.dnssec) {
            self.closest_proof(zone, name, encloser, Some(node.name()));
        } else if self.dnssec {
            let matching = zone.nsec3_at(node.name());
            self.nsec3s([matching, None, None]);
        }
    }

    /// The answer came from a wildcard: the name itself is not there.
    pub(super) fn deny_expanded(&mut self, zone: &Zone, name: &Name, encloser: &Node) {
        if self.wants_nsec(zone) {
            self.nsecs(zone, [Some(name), None]);
        } else if self.dnssec {
            let covering = next_closer(name, encloser).and_then(|next| zone.nsec3_at(&next));
            self.nsec3s([covering, None, None]);
        }
    }

    /// RFC 4035 section 3.1.4: DS, or the proof that there is none.
    pub(super) fn delegation_signer(&mut self, zone: &Zone, cut: &Node) {
        if !self.dnssec {
            return;
        }
        if let Some(ds) = cut.rrset(RrType::DS) {
            self.push(Section::Authority, cut.name().into(), ds);
        } else if self.wants_nsec(zone) {
            self.nsecs(zone, [Some(cut.name()), None]);
        } else if let Some(matching) = zone.nsec3_at(cut.name()).filter(|_| zone.nsec3_matches(cut.name())) {
            self.nsec3s([Some(matching), None, None]);
        } else if let Some(parent) = cut.name().parent().and_then(|parent| zone.node(&parent)) {
            // RFC 5155 section 7.2.7: an opt-out span.
            self.closest_proof(zone, cut.name(), parent, None);
        }
    }

    fn wants_nsec(&self, zone: &Zone) -> bool {
        self.dnssec && zone.has_nsec()
    }

    fn nsecs(&mut self, zone: &Zone, names: [Option<&Name>; 2]) {
        let mut said: Option<&Node> = None;
        for node in names.into_iter().flatten().filter_map(|name| zone.nsec_of(name)) {
            if said.is_some_and(|said| core::ptr::eq(said, node)) {
                continue;
            }
            said = Some(node);
            if let Some(rrset) = node.rrset(RrType::NSEC) {
                self.push(Section::Authority, node.name().into(), rrset);
            }
        }
    }

    /// RFC 5155 section 7.2.1: the encloser is there, the next closer name is not.
    fn closest_proof(&mut self, zone: &Zone, name: &Name, encloser: &Node, wildcard: Option<&Name>) {
        let next = next_closer(name, encloser).and_then(|next| zone.nsec3_at(&next));
        let wildcard = wildcard.and_then(|wildcard| zone.nsec3_at(wildcard));
        self.nsec3s([zone.nsec3_at(encloser.name()), next, wildcard]);
    }

    fn nsec3s(&mut self, nodes: [Option<&Node>; 3]) {
        let mut said: Vec<&Node> = Vec::new();
        for node in nodes.into_iter().flatten() {
            if said.iter().any(|said| core::ptr::eq(*said, node)) {
                continue;
            }
            said.push(node);
            if let Some(rrset) = node.rrset(RrType::NSEC3) {
                self.push(Section::Authority, node.name().into(), rrset);
            }
        }
    }
}

/// The encloser and one more label of the name (RFC 5155 section 1.3).
fn next_closer(name: &Name, encloser: &Node) -> Option<Name> {
    let least = encloser.name().as_wire().len();
    name.suffixes()
        .take_while(|suffix| suffix.len() > least)
        .last()
        .and_then(|wire| Name::from_wire(wire).ok())
}

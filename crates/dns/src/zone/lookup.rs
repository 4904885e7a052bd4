//! Where a name leads (RFC 1034 section 4.3.2, step 3): to itself, to a cut, through a DNAME, to a wildcard, nowhere.

use super::{LabelHashes, Node, Zone};
use crate::name::is_below;
use crate::{Name, NameRef, RrType};

/// What a zone has for a name.
#[derive(Clone, Copy, Debug)]
pub enum Found<'z> {
    /// The name itself; an empty non-terminal has no RRsets.
    Exact(&'z Node),
    /// The name is at or below a zone cut: this one, the topmost.
    Cut(&'z Node),
    /// The name is below a DNAME (RFC 6672 section 3.2).
    Dname(&'z Node),
    /// The name is not there, and this wildcard speaks for it (RFC 4592 section 3.3.1).
    Wildcard {
        /// `*` and the closest encloser.
        node: &'z Node,
        /// The longest ancestor that exists.
        encloser: &'z Node,
    },
    /// The name is not there, nor a wildcard.
    Missing {
        /// The longest ancestor that exists.
        encloser: &'z Node,
    },
    /// Not of this zone.
    Outside,
}

impl Zone {
    /// Looks for a name: a look-up for each of its labels below the apex, down to the first that is not there.
    #[must_use]
    pub fn lookup(&self, name: NameRef<'_>) -> Found<'_> {
        self.lookup_wire(name.wire_in(&mut [0; 255]))
    }

    pub(crate) fn lookup_wire(&self, wire: &[u8]) -> Found<'_> {
        match is_below(wire, self.apex().as_wire()) {
            true => self.lookup_below(wire, &self.nodes.hashes(wire)),
            false => Found::Outside,
        }
    }

    /// The hashes of the name, which is below the apex, are known already: they are of use if they were made with this
    /// zone's seed.
    pub(crate) fn lookup_hashed(&self, wire: &[u8], hashes: &LabelHashes) -> Found<'_> {
        match hashes.seed() == self.nodes.seed() {
            true => self.lookup_below(wire, hashes),
            false => self.lookup_wire(wire),
        }
    }

    /// From the apex down: who asks for something below a cut need not wait for what is not kept below it.
    fn lookup_below(&self, wire: &[u8], hashes: &LabelHashes) -> Found<'_> {
        let (mut above, least) = (self.nodes.apex(), self.apex().as_wire().len());
        for (start, hash) in hashes.iter().rev().skip_while(|(start, _)| wire.len() - start <= least) {
            // RFC 6672 section 2.3: it is about what is below it, not about its owner.
            if above.rrset(RrType::DNAME).is_some() {
                return Found::Dname(above);
            }
            let suffix = wire.get(start..).unwrap_or_default();
            let Some(node) = self.nodes.find_hashed(suffix, hash).and_then(|id| self.nodes.at(id)) else {
                return self.missing_below(above);
            };
            // RFC 1034 section 4.2.1: what is at a cut or below it is another zone's.
            if node.rrset(RrType::NS).is_some() {
                return Found::Cut(node);
            }
            above = node;
        }
        Found::Exact(above)
    }

    /// RFC 4592 section 3.3.1: the wildcard of the closest encloser alone.
    fn missing_below<'z>(&'z self, encloser: &'z Node) -> Found<'z> {
        match encloser.wildcard.and_then(|id| self.nodes.at(id.get())) {
            Some(node) => Found::Wildcard { node, encloser },
            None => Found::Missing { encloser },
        }
    }

    /// The node whose NSEC matches the name or, if there is none, covers it (RFC 4034 section 4.1.1).
    #[must_use]
    pub fn nsec_of(&self, name: &Name) -> Option<&Node> {
        self.predecessor(&self.nsec, name)
    }

    /// The node whose NSEC3 matches the hashed owner or, if there is none, covers it (RFC 5155 section 7.2).
    #[must_use]
    pub fn nsec3_of(&self, hashed_owner: &Name) -> Option<&Node> {
        self.predecessor(&self.nsec3, hashed_owner)
    }

    fn predecessor(&self, order: &[u32], name: &Name) -> Option<&Node> {
        let behind = order.partition_point(|id| self.nodes.at(*id).is_some_and(|node| node.name <= *name));
        // The order is a circle: in front of the first is the last.
        let id = behind.checked_sub(1).map_or(order.last(), |at| order.get(at))?;
        self.nodes.at(*id)
    }
}

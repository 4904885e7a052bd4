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
    /// Looks for a name: a look-up for each label that is not there, one if all are.
    #[must_use]
    pub fn lookup(&self, name: NameRef<'_>) -> Found<'_> {
        self.lookup_wire(name.wire_in(&mut [0; 255]))
    }

    pub(crate) fn lookup_wire(&self, wire: &[u8]) -> Found<'_> {
        if !is_below(wire, self.apex().as_wire()) {
            return Found::Outside;
        }
        self.lookup_hashed(wire, &self.nodes.hashes(wire))
    }

    /// The hashes of the name are known already: they are of use if they were made with this zone's seed.
    pub(crate) fn lookup_hashed(&self, wire: &[u8], hashes: &LabelHashes) -> Found<'_> {
        if hashes.seed() != self.nodes.seed() {
            return self.lookup_wire(wire);
        }
        let Some((node, exact)) = self.deepest(wire, hashes) else { return Found::Outside };
        if let Some(above) = self.detour(node, exact) {
            return above;
        }
        if exact {
            return Found::Exact(node);
        }
        // RFC 4592 section 3.3.1: the wildcard of the closest encloser alone.
        match node.wildcard.and_then(|id| self.nodes.at(id)) {
            Some(wildcard) => Found::Wildcard { node: wildcard, encloser: node },
            None => Found::Missing { encloser: node },
        }
    }

    /// The node of the name, or of its closest encloser.
    fn deepest(&self, wire: &[u8], hashes: &LabelHashes) -> Option<(&Node, bool)> {
        let least = self.apex().as_wire().len();
        for (start, hash) in hashes.iter().take_while(|(start, _)| wire.len() - start >= least) {
            if let Some(id) = self.nodes.find_hashed(wire.get(start..)?, hash) {
                return Some((self.nodes.at(id)?, start == 0));
            }
        }
        None
    }

    /// The topmost cut or DNAME on the way.
    fn detour<'z>(&'z self, node: &'z Node, exact: bool) -> Option<Found<'z>> {
        let (mut at, mut found) = (node, None);
        loop {
            let apex = at.name.as_wire().len() == self.apex().as_wire().len();
            let itself = exact && core::ptr::eq(at, node);
            if !itself && at.rrset(RrType::DNAME).is_some() {
                found = Some(Found::Dname(at));
            }
            if apex {
                return found;
            }
            if at.rrset(RrType::NS).is_some() {
                found = Some(Found::Cut(at));
            }
            at = self.nodes.at(at.parent)?;
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

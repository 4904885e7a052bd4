//! The names of a zone, each knowing its parent; found by hash.

use alloc::vec::Vec;
use core::num::NonZeroU32;

use super::few::Few;
use super::index::{LabelHashes, NameIndex};
use super::{Node, Rrset};
use crate::{Name, Rdata, RdataRef, Record, RrType, name};

/// Records of an RRset up to which each new one is compared with all.
const SHORT: usize = 16;

/// The apex is number 0.
#[derive(Clone, Debug)]
pub(crate) struct Nodes {
    nodes: Vec<Option<Node>>,
    index: NameIndex,
    live: usize,
}

impl Nodes {
    pub(crate) fn new(apex: Name, seed: u64) -> Self {
        let mut nodes = Nodes { nodes: Vec::new(), index: NameIndex::new(seed), live: 0 };
        nodes.add(apex, 0);
        nodes
    }

    #[expect(clippy::indexing_slicing, reason = "there is an apex from the start, and it is never removed")]
    pub(crate) fn apex(&self) -> &Node {
        match &self.nodes[0] {
            Some(apex) => apex,
            None => const { &Node::new(Name::ROOT, 0) },
        }
    }

    pub(crate) fn at(&self, id: u32) -> Option<&Node> {
        self.nodes.get(usize::try_from(id).ok()?)?.as_ref()
    }

    fn at_mut(&mut self, id: u32) -> Option<&mut Node> {
        self.nodes.get_mut(usize::try_from(id).ok()?)?.as_mut()
    }

    pub(crate) fn len(&self) -> usize {
        self.live
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().flatten()
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = (u32, &Node)> {
        (0..).zip(&self.nodes).filter_map(|(id, node)| Some((id, node.as_ref()?)))
    }

    /// What names are hashed with.
    pub(crate) fn seed(&self) -> u64 {
        self.index.seed
    }

    pub(crate) fn hashes(&self, wire: &[u8]) -> LabelHashes {
        LabelHashes::of(wire, self.index.seed)
    }

    /// The node of the name with this wire form and hash.
    pub(crate) fn find_hashed(&self, wire: &[u8], hash: u64) -> Option<u32> {
        let is = |id| self.at(id).is_some_and(|node| name::same(node.name.as_wire(), wire));
        self.index.find(hash, is)
    }

    pub(crate) fn find(&self, wire: &[u8]) -> Option<u32> {
        self.find_hashed(wire, hash_in(wire, self.index.seed))
    }

    fn add(&mut self, name: Name, parent: u32) -> u32 {
        let id = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        let hash = self.hash_of(&name);
        let wildcard = name.is_wildcard();
        self.nodes.push(Some(Node::new(name, parent)));
        self.live += 1;
        let Nodes { nodes, index, .. } = self;
        let seed = index.seed;
        index.insert(hash, id, |id| {
            let node = usize::try_from(id).ok().and_then(|id| nodes.get(id)?.as_ref());
            node.map_or(0, |node| hash_in(node.name.as_wire(), seed))
        });
        // The apex alone has no parent.
        if let Some(child) = NonZeroU32::new(id)
            && let Some(parent) = self.at_mut(parent)
        {
            parent.children += 1;
            parent.youngest = Some(child);
            if wildcard {
                parent.wildcard = Some(child);
            }
        }
        id
    }

    fn hash_of(&self, name: &Name) -> u64 {
        hash_in(name.as_wire(), self.index.seed)
    }

    /// The node of `name`, which is within the zone; made if need be, and with it the empty non-terminals above (RFC
    /// 4592 section 2.2.2).
    pub(crate) fn ensure(&mut self, name: &Name) -> u32 {
        if let Some(id) = self.find(name.as_wire()) {
            return id;
        }
        let mut missing: Vec<Name> = Vec::new();
        let mut parent = 0;
        for suffix in name.suffixes() {
            let name = Name::of_valid(suffix);
            match self.find(name.as_wire()) {
                Some(id) => {
                    parent = id;
                    break;
                }
                None => missing.push(name),
            }
        }
        missing.into_iter().rev().fold(parent, |parent, name| self.add(name, parent))
    }

    /// Puts a record in. One that is there already changes the TTL alone (RFC 2136 section 3.4.2.2), unless the first
    /// one's TTL is to hold for all (RFC 2181 section 5.2). Long RRsets are looked through at the end, all at once.
    pub(crate) fn insert(&mut self, owner: &Name, ttl: u32, rdata: RdataRef<'_>, first_ttl: bool) {
        let id = self.ensure(owner);
        let Some(rrset) = self.at_mut(id).and_then(|node| rrset_of(node, rdata)) else { return };
        let signature = rdata.rtype() == RrType::RRSIG;
        let fresh = rrset.rdatas.is_empty() && (!signature || rrset.signatures.is_empty());
        if fresh || !signature && !first_ttl {
            rrset.ttl = ttl;
        }
        let known: &[Rdata] = if signature { &rrset.signatures } else { &rrset.rdatas };
        if known.len() <= SHORT && known.iter().any(|known| known.as_rdata_ref() == rdata) {
            return;
        }
        match signature {
            true => rrset.signatures.push(rdata.to_rdata()),
            false => rrset.rdatas.push(rdata.to_rdata()),
        }
    }

    /// No record twice, in long RRsets either.
    pub(crate) fn deduplicate(&mut self) {
        for rrset in self.nodes.iter_mut().flatten().flat_map(|node| &mut node.rrsets) {
            if rrset.rdatas.len() > SHORT {
                rrset.rdatas.sort_by_cached_key(canonical);
                rrset.rdatas.dedup();
            }
            if rrset.signatures.len() > SHORT {
                rrset.signatures.sort_by_cached_key(canonical);
                rrset.signatures.dedup();
            }
        }
    }

    /// Takes a record away, and names that then own nothing and have nothing below.
    pub(crate) fn remove(&mut self, record: &Record) {
        let Some(id) = self.find(record.owner.as_wire()) else { return };
        let Some(node) = self.at_mut(id) else { return };
        let signature = record.rtype() == RrType::RRSIG;
        let covered = covered(record.rdata.as_rdata_ref());
        let keep = |rdata: &Rdata| *rdata != record.rdata;
        for rrset in node.rrsets.iter_mut().filter(|rrset| rrset.rtype == covered) {
            if signature { rrset.signatures.retain(keep) } else { rrset.rdatas.retain(keep) }
        }
        node.rrsets.retain(|rrset| !rrset.rdatas.is_empty() || !rrset.signatures.is_empty());
        self.prune(id);
    }

    fn prune(&mut self, mut id: u32) {
        while id > 0 {
            let Some(node) = self.at(id).filter(|node| node.rrsets.is_empty() && node.children == 0) else {
                return;
            };
            let (hash, parent, wildcard) = (self.hash_of(&node.name), node.parent, node.name.is_wildcard());
            self.index.remove(hash, |found| found == id);
            if let Some(slot) = usize::try_from(id).ok().and_then(|id| self.nodes.get_mut(id)) {
                *slot = None;
                self.live -= 1;
            }
            if let Some(parent) = self.at_mut(parent) {
                parent.children -= 1;
                if wildcard {
                    parent.wildcard = None;
                }
            }
            id = parent;
        }
    }
}

fn canonical(rdata: &Rdata) -> Vec<u8> {
    let mut wire = Vec::new();
    rdata.as_rdata_ref().write_canonical(&mut wire);
    wire
}

fn hash_in(wire: &[u8], seed: u64) -> u64 {
    LabelHashes::of(wire, seed).iter().next().map_or(0, |(_, hash)| hash)
}

/// The type whose RRset a record belongs to: a signature's is what it covers.
fn covered(rdata: RdataRef<'_>) -> RrType {
    rdata.rrsig().filter(|_| rdata.rtype() == RrType::RRSIG).map_or(rdata.rtype(), |rrsig| rrsig.type_covered)
}

fn rrset_of<'n>(node: &'n mut Node, rdata: RdataRef<'_>) -> Option<&'n mut Rrset> {
    let rtype = covered(rdata);
    let at = node.rrsets.iter().position(|rrset| rrset.rtype == rtype).unwrap_or(node.rrsets.len());
    if at == node.rrsets.len() {
        node.rrsets.push(Rrset { rtype, ttl: 0, rdatas: Few::NONE, signatures: Vec::new() });
    }
    node.rrsets.get_mut(at)
}

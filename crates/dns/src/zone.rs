//! A zone in memory: names, the RRsets they own, and how to find what answers a question about one of them.
//!
//! The rule: a look-up costs as many steps as the name has labels, however many names there are. Names are found by their
//! hash, empty non-terminals are names too (RFC 4592 section 2.2.2), and canonical order is kept only of the names that
//! deny others (NSEC and NSEC3 owners).

mod build;
mod check;
mod few;
mod index;
mod lookup;
mod nodes;
mod nsec3;

use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::{Class, Name, Rdata, RdataRef, Record, RecordRef, RrType, name};

pub use build::{BuildFault, ZoneBuilder};
pub use check::{Finding, Severity, check};
use few::Few;
pub(crate) use index::{LabelHashes, NameIndex};
pub use lookup::Found;
use nodes::Nodes;

/// Records of one owner, type and class, with the signatures over them (RFC 2181 section 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rrset {
    rtype: RrType,
    ttl: u32,
    rdatas: Few<Rdata>,
    signatures: Vec<Rdata>,
}

impl Rrset {
    /// The type; of signatures without what they sign, the type they cover.
    #[must_use]
    pub fn rtype(&self) -> RrType {
        self.rtype
    }

    /// Seconds that all of them may be kept (RFC 2181 section 5.2).
    #[must_use]
    pub fn ttl(&self) -> u32 {
        self.ttl
    }

    /// What they say.
    #[must_use]
    pub fn rdatas(&self) -> &[Rdata] {
        &self.rdatas
    }

    /// RRSIG records that cover them.
    #[must_use]
    pub fn signatures(&self) -> &[Rdata] {
        &self.signatures
    }
}

/// How many of the last children are looked at before one is looked for.
const NEAR: u32 = 4;

/// A name and its RRsets: none at an empty non-terminal.
#[derive(Clone, Debug)]
pub struct Node {
    name: Name,
    rrsets: Few<Rrset>,
    parent: u32,
    children: u32,
    /// The child that was added last; perhaps it is no more.
    youngest: Option<NonZeroU32>,
    wildcard: Option<NonZeroU32>,
}

impl Node {
    const fn new(name: Name, parent: u32) -> Self {
        Node { name, rrsets: Few::NONE, parent, children: 0, youngest: None, wildcard: None }
    }

    /// The owner.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Its RRsets, those of signatures alone included.
    #[must_use]
    pub fn rrsets(&self) -> &[Rrset] {
        &self.rrsets
    }

    /// Its RRset of a type.
    #[must_use]
    pub fn rrset(&self, rtype: RrType) -> Option<&Rrset> {
        self.rrsets.iter().find(|rrset| rrset.rtype == rtype && !rrset.rdatas.is_empty())
    }

    /// The records, signatures behind what they sign.
    pub fn records(&self) -> impl Iterator<Item = RecordRef<'_>> {
        self.rrsets.iter().flat_map(|rrset| {
            let all = rrset.rdatas.iter().chain(&rrset.signatures);
            all.map(|rdata| RecordRef {
                owner: self.name.as_name_ref(),
                ttl: rrset.ttl,
                rdata: rdata.as_rdata_ref(),
            })
        })
    }
}

/// A zone of authority: everything from its apex down to the cuts.
///
/// ```
/// use dns::{RrType, zone::ZoneBuilder, zonefile::Parser};
/// let text = b"$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n";
/// let apex: dns::Name = "example.org".parse()?;
/// let mut parser = Parser::new(text, "zone").origin(apex.clone());
/// let mut builder = ZoneBuilder::new(apex);
/// while let Some(entry) = parser.next()? {
///     builder.push(entry.record)?;
/// }
/// let zone = builder.build()?;
/// assert_eq!(zone.serial(), 1);
/// assert!(zone.node(&"ns.example.org".parse()?).is_some_and(|node| node.rrset(RrType::A).is_some()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Zone {
    class: Class,
    nodes: Nodes,
    /// Owners of NSEC, or of NSEC3, in canonical order; kept apart because a zone on its way may have both.
    nsec: Vec<u32>,
    nsec3: Vec<u32>,
}

impl Zone {
    /// The name at the top.
    #[must_use]
    pub fn apex(&self) -> &Name {
        &self.nodes.apex().name
    }

    /// The class of all its records.
    #[must_use]
    pub fn class(&self) -> Class {
        self.class
    }

    /// The SOA record.
    #[must_use]
    pub fn soa(&self) -> Option<(&Rrset, RdataRef<'_>)> {
        let rrset = self.nodes.apex().rrset(RrType::SOA)?;
        rrset.rdatas.first().map(|rdata| (rrset, rdata.as_rdata_ref()))
    }

    /// The version (RFC 1982).
    #[must_use]
    pub fn serial(&self) -> u32 {
        self.soa().and_then(|(_, rdata)| rdata.soa().map(|soa| soa.serial)).unwrap_or(0)
    }

    /// The node of a name, an empty non-terminal's too.
    #[must_use]
    pub fn node(&self, name: &Name) -> Option<&Node> {
        self.node_of(name.as_wire())
    }

    /// The same, of the name with this wire form.
    pub(crate) fn node_of(&self, wire: &[u8]) -> Option<&Node> {
        self.nodes.find(wire).and_then(|id| self.nodes.at(id))
    }

    /// The same, where it is likely that `above` is its parent, and one of few children: as glue is of its cut. Children are
    /// mostly added one behind the other, and are then found without looking for them.
    pub(crate) fn node_below(&self, above: &Node, wire: &[u8]) -> Option<&Node> {
        let near = |back| self.nodes.at(above.youngest?.get().checked_sub(back)?);
        let is_it = |node: &&Node| name::same(node.name.as_wire(), wire);
        (0..above.children.min(NEAR)).filter_map(near).find(is_it).or_else(|| self.node_of(wire))
    }

    /// All nodes, the apex first, parents before their children.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.all()
    }

    /// All records as a transfer has them, between the SOA and its repetition (RFC 5936 section 2.2).
    pub fn records(&self) -> impl Iterator<Item = RecordRef<'_>> {
        let is_soa = |record: &RecordRef<'_>| record.rtype() == RrType::SOA;
        self.nodes.all().flat_map(Node::records).filter(move |record| !is_soa(record))
    }

    /// How many names there are, empty non-terminals included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Never: there is an apex.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.len() == 0
    }

    /// Takes records away and puts others in, then one more time knows the order of NSEC and NSEC3 owners if they changed.
    ///
    /// # Errors
    /// [`BuildFault`] if the outcome would be no zone; then nothing has changed.
    pub fn apply(&mut self, diff: &ZoneDiff) -> Result<(), BuildFault> {
        *self = self.with(diff)?;
        Ok(())
    }

    /// The zone as [`apply`](Zone::apply) would make it; this one stays as it is, for those who are being answered from it.
    ///
    /// # Errors
    /// As [`apply`](Zone::apply).
    pub fn with(&self, diff: &ZoneDiff) -> Result<Zone, BuildFault> {
        let mut next = self.clone();
        for record in &diff.removed {
            next.nodes.remove(record);
        }
        for record in &diff.added {
            build::insert(&mut next.nodes, next.class, record.as_record_ref(), false)?;
        }
        build::finish(&mut next)?;
        Ok(next)
    }
}

/// What changes from one version of a zone to another: the SOA records of both included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZoneDiff {
    /// What is no more.
    pub removed: Vec<Record>,
    /// What is new.
    pub added: Vec<Record>,
}

/// RFC 1982 section 3.2: whether serial `a` is newer than `b`. Of two that are half the circle apart neither is.
///
/// ```
/// assert!(dns::zone::serial_newer(1, u32::MAX));
/// assert!(!dns::zone::serial_newer(0, 1 << 31) && !dns::zone::serial_newer(1 << 31, 0));
/// ```
#[must_use]
pub fn serial_newer(a: u32, b: u32) -> bool {
    matches!(a.wrapping_sub(b), 1..0x8000_0000)
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn what_is_below_a_cut_is_found_as_everything_is() {
        let name = |text: &str| -> Name { text.parse().unwrap() };
        let mut builder = ZoneBuilder::new(name("org"));
        let mut push = |owner: &str, rtype, text: &str| {
            let rdata = Rdata::of_text(rtype, text).unwrap();
            builder.push(Record { owner: name(owner), ttl: 60, rdata }.as_record_ref()).unwrap();
        };
        push("org", RrType::SOA, "a.org b.org 1 2 3 4 5");
        push("org", RrType::NS, "ns0.cut.org");
        push("cut.org", RrType::NS, "ns0.cut.org");
        // More than are looked at first, names of others in between, and grandchildren.
        for at in 0..2 * NEAR {
            push(&format!("ns{at}.cut.org"), RrType::A, "192.0.2.1");
            push(&format!("other{at}.org"), RrType::A, "192.0.2.1");
            push(&format!("a.ns{at}.cut.org"), RrType::A, "192.0.2.1");
        }
        let mut zone = builder.build().unwrap();
        let rdata = Rdata::of_text(RrType::A, "192.0.2.1").unwrap();
        let last = Record { owner: name(&format!("a.ns{}.cut.org", 2 * NEAR - 1)), ttl: 60, rdata };
        for removed in [None, Some(&last), Some(&Record { owner: name("ns7.cut.org"), ..last.clone() })] {
            removed.into_iter().for_each(|record| zone.nodes.remove(record));
            let cut = zone.node(&name("cut.org")).unwrap();
            let owners =
                (0..3 * NEAR).flat_map(|at| [format!("NS{at}.cut.org"), format!("a.ns{at}.cut.org")]);
            for owner in owners {
                let owner = name(&owner);
                let found = [zone.node_below(cut, owner.as_wire()), zone.node_of(owner.as_wire())];
                let [near, far] = found.map(|node| node.map(Node::name));
                assert_eq!(near, far, "{owner}");
            }
        }
        assert!(zone.node(&name("ns7.cut.org")).is_none());
    }
}

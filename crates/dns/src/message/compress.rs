//! Which tail of a name is in the message already (RFC 1035 section 4.1.4).
//!
//! The labels written so far form a tree with the root name at its root: each remembers where it stands and who is above
//! it. A name is looked up from its last label to its first, so that each step compares one label and no more.

use alloc::vec::Vec;

/// Pointers have 14 bits.
const REACH: usize = 1 << 14;
/// Labels that one look-up compares before it gives up: who makes labels collide gets longer messages, not slower ones.
const PROBES: usize = 32;
const SLOTS: usize = 64;
const NONE: u16 = u16::MAX;

#[derive(Clone, Copy)]
struct Label {
    hash: u32,
    /// Its place in the tree.
    parent: u16,
    /// Where it stands.
    offset: u16,
    /// The next one in its slot.
    next: u16,
}

/// The labels of a message being written.
pub(crate) struct Compressor {
    labels: Vec<Label>,
    slots: Vec<u16>,
}

/// How a name is to be written.
pub(crate) struct Split {
    /// Octets that are written as they are.
    pub(crate) literal: usize,
    /// Where the rest stands; `None`: it is the root.
    pub(crate) target: Option<u16>,
}

impl Compressor {
    pub(crate) fn new() -> Self {
        Compressor { labels: Vec::new(), slots: alloc::vec![NONE; SLOTS] }
    }

    /// What is known now, to come back to.
    pub(crate) fn mark(&self) -> usize {
        self.labels.len()
    }

    /// Forgets what became known since, latest first.
    pub(crate) fn forget(&mut self, mark: usize) {
        while self.labels.len() > mark {
            let Some(label) = self.labels.pop() else { break };
            let slot = self.slot(label.hash);
            if let Some(first) = self.slots.get_mut(slot) {
                *first = label.next;
            }
        }
    }

    fn slot(&self, hash: u32) -> usize {
        usize::try_from(hash).unwrap_or_default() & (self.slots.len() - 1)
    }

    /// How to write the name with this wire form behind what is `written`; remembers where its labels will be.
    pub(crate) fn split(&mut self, written: &[u8], wire: &[u8]) -> Split {
        let mut starts = [0; 128];
        let (starts, end) = label_starts(wire, &mut starts);
        let mut starts = starts.iter().rev().copied().map(usize::from);
        let (mut known, mut literal) = (NONE, end);
        let missing = starts.by_ref().find(|start| {
            let found = self.find(written, known, label_at(wire, *start));
            if let Some(found) = found {
                (known, literal) = (found, *start);
            }
            found.is_none()
        });
        let target = self.labels.get(usize::from(known)).map(|label| label.offset);
        for start in missing.into_iter().chain(starts) {
            let Some(new) = self.insert(known, label_at(wire, start), written.len() + start) else { break };
            known = new;
        }
        Split { literal, target }
    }

    fn find(&self, written: &[u8], parent: u16, label: &[u8]) -> Option<u16> {
        let hash = mix(parent, label);
        let mut at = self.slots.get(self.slot(hash)).copied().unwrap_or(NONE);
        for _ in 0..PROBES {
            let known = self.labels.get(usize::from(at))?;
            if known.hash == hash
                && known.parent == parent
                && label_at(written, usize::from(known.offset)).eq_ignore_ascii_case(label)
            {
                return Some(at);
            }
            at = known.next;
        }
        None
    }

    fn insert(&mut self, parent: u16, label: &[u8], offset: usize) -> Option<u16> {
        let index = u16::try_from(self.labels.len()).ok()?;
        let offset = u16::try_from(offset).ok().filter(|offset| usize::from(*offset) < REACH)?;
        let hash = mix(parent, label);
        let slot = self.slot(hash);
        let first = self.slots.get_mut(slot)?;
        self.labels.push(Label { hash, parent, offset, next: *first });
        *first = index;
        Some(index)
    }
}

/// Where the labels start, and where the root's is.
fn label_starts<'s>(wire: &[u8], starts: &'s mut [u8; 128]) -> (&'s [u8], usize) {
    let (mut count, mut at) = (0, 0_u8);
    while let Some(len @ 1..) = wire.get(usize::from(at)).copied() {
        if let Some(start) = starts.get_mut(count) {
            *start = at;
        }
        (count, at) = (count + 1, at.saturating_add(len + 1));
    }
    (starts.get(..count).unwrap_or_default(), usize::from(at))
}

fn label_at(wire: &[u8], at: usize) -> &[u8] {
    let rest = wire.get(at..).unwrap_or_default();
    rest.split_first().and_then(|(len, rest)| rest.get(..usize::from(*len))).unwrap_or_default()
}

fn mix(parent: u16, label: &[u8]) -> u32 {
    let start = 0x811C_9DC5 ^ u32::from(parent);
    label
        .iter()
        .fold(start, |hash, octet| (hash ^ u32::from(octet.to_ascii_lowercase())).wrapping_mul(0x0100_0193))
}

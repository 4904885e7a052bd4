//! Names found by their hash: an open table of numbers, the names themselves are kept by whoever owns it.

use alloc::vec;
use alloc::vec::Vec;

use crate::name::words::{ANY, SHORT, SHORT_NAME, SmallName};

/// Labels, that of the root included, up to which no memory is taken. Names of the real world have three to six.
const FEW: usize = 10;
const EMPTY: u32 = u32::MAX;
const GONE: u32 = u32::MAX - 1;

/// The hashes of a name and of all names it is below, in one pass from the root: that of a name is that of its parent
/// and its first label.
pub(crate) struct LabelHashes {
    /// Offset in the wire form and hash, the whole name first, the root last.
    few: [(u8, u64); FEW],
    len: usize,
    /// In place of the few where there are more.
    many: Vec<(u8, u64)>,
    seed: u64,
}

impl LabelHashes {
    pub(crate) fn of(wire: &[u8], seed: u64) -> Self {
        if wire.len() <= SHORT_NAME {
            Self::of_small(wire, seed, SmallName::<SHORT>::root().set(wire))
        } else {
            Self::of_small(wire, seed, SmallName::<ANY>::root().set(wire))
        }
    }

    #[inline]
    fn of_small<const N: usize>(wire: &[u8], seed: u64, name: &SmallName<N>) -> Self {
        let starts = name.starts();
        // That of the root is the seed.
        let root = (u8::try_from(wire.len().saturating_sub(1)).unwrap_or(u8::MAX), seed);
        let mut hashes = LabelHashes { few: [root; FEW], len: starts.len() + 1, many: Vec::new(), seed };
        if hashes.len > FEW {
            hashes.many = vec![root; hashes.len];
        }
        let places = match hashes.few.get_mut(..hashes.len) {
            Some(few) => few,
            None => &mut hashes.many,
        };
        let mut hash = seed;
        for (place, start) in places.iter_mut().zip(starts).rev() {
            (_, hash) = name.mix_label(hash, *start);
            *place = (*start, hash);
        }
        hashes
    }

    /// The whole name first: where each suffix starts, and its hash.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (usize, u64)> {
        let few = self.few.get(..self.len).unwrap_or_default();
        let parts = if self.many.is_empty() { few } else { &self.many };
        parts.iter().map(|(at, hash)| (usize::from(*at), *hash))
    }

    /// What they were made with.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }
}

/// A table of numbers by hash, at most seven eighths full.
#[derive(Clone, Debug)]
pub(crate) struct NameIndex {
    slots: Vec<(u32, u32)>,
    used: usize,
    pub(crate) seed: u64,
}

impl NameIndex {
    pub(crate) fn new(seed: u64) -> Self {
        NameIndex { slots: vec![(0, EMPTY); 16], used: 0, seed: seed ^ 0x243F_6A88_85A3_08D3 }
    }

    fn tag(hash: u64) -> u32 {
        u32::try_from(hash >> 32).unwrap_or(0)
    }

    fn start(&self, hash: u64) -> usize {
        usize::try_from(hash & u64::from(u32::MAX)).unwrap_or(0) & (self.slots.len() - 1)
    }

    fn probe(&self, hash: u64) -> impl Iterator<Item = (usize, (u32, u32))> {
        let (start, mask) = (self.start(hash), self.slots.len() - 1);
        (0..self.slots.len()).filter_map(move |step| {
            let at = (start + step) & mask;
            self.slots.get(at).map(|slot| (at, *slot))
        })
    }

    /// The number put in under this hash for which `is` holds.
    pub(crate) fn find(&self, hash: u64, mut is: impl FnMut(u32) -> bool) -> Option<u32> {
        self.place(hash, &mut is).map(|(_, id)| id)
    }

    fn place(&self, hash: u64, is: &mut impl FnMut(u32) -> bool) -> Option<(usize, u32)> {
        let tag = Self::tag(hash);
        for (at, (found, id)) in self.probe(hash) {
            if id == EMPTY {
                return None;
            }
            if found == tag && id != GONE && is(id) {
                return Some((at, id));
            }
        }
        None
    }

    /// Puts a number in that is not there; `hash_of` tells the hashes of those that are, should the table grow.
    pub(crate) fn insert(&mut self, hash: u64, id: u32, hash_of: impl Fn(u32) -> u64) {
        if (self.used + 1) * 8 > self.slots.len() * 7 {
            self.grow(hash_of);
        }
        self.put(hash, id);
    }

    fn put(&mut self, hash: u64, id: u32) {
        let free = self.probe(hash).find(|(_, (_, id))| *id == EMPTY).map(|(at, _)| at);
        if let Some(slot) = free.and_then(|at| self.slots.get_mut(at)) {
            *slot = (Self::tag(hash), id);
            self.used += 1;
        }
    }

    fn grow(&mut self, hash_of: impl Fn(u32) -> u64) {
        let old = core::mem::take(&mut self.slots);
        self.slots = vec![(0, EMPTY); old.len() * 2];
        self.used = 0;
        for (_, id) in old.into_iter().filter(|(_, id)| *id < GONE) {
            self.put(hash_of(id), id);
        }
    }

    pub(crate) fn remove(&mut self, hash: u64, mut is: impl FnMut(u32) -> bool) {
        let place = self.place(hash, &mut is);
        if let Some(slot) = place.and_then(|(at, _)| self.slots.get_mut(at)) {
            *slot = (0, GONE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::words::mix;

    #[test]
    fn what_is_put_in_is_found_and_nothing_else() {
        let hash = |n: u32| mix(7, n.into());
        let mut index = NameIndex::new(0);
        for n in 0..10_000 {
            index.insert(hash(n), n, hash);
        }
        for n in (0..10_000).step_by(2) {
            index.remove(hash(n), |id| id == n);
        }
        for n in 0..10_000 {
            assert_eq!(index.find(hash(n), |id| id == n), (n % 2 == 1).then_some(n));
        }
        assert_eq!(index.find(hash(10_001), |id| id == 10_001), None);
    }

    /// The readable twin.
    fn plainly(wire: &[u8], seed: u64) -> Vec<(usize, u64)> {
        let (mut labels, mut at) = (vec![], 0);
        while wire[at] > 0 {
            labels.push(at);
            at += 1 + usize::from(wire[at]);
        }
        let mut hash = seed;
        let mut all = vec![(at, seed)];
        for at in labels.into_iter().rev() {
            for chunk in wire[at..=at + usize::from(wire[at])].to_ascii_lowercase().chunks(8) {
                let mut octets = [0; 8];
                octets[..chunk.len()].copy_from_slice(chunk);
                hash = mix(hash, u64::from_le_bytes(octets));
            }
            all.insert(0, (at, hash));
        }
        all
    }

    #[test]
    fn the_fast_hash_is_the_plain_one() {
        let mut names = vec![b"\0".to_vec(), [b"\x01a".repeat(127), b"\0".to_vec()].concat()];
        for len in 1..=63_u8 {
            for count in [1, 2, 3, 9, 10, 11] {
                let octets = (0..len).map(|n| n.wrapping_mul(67).wrapping_add(count));
                let label: Vec<u8> = core::iter::once(len).chain(octets).collect();
                let labels = usize::from(count).min(254 / label.len());
                names.push([label.repeat(labels), b"\0".to_vec()].concat());
            }
        }
        for wire in names {
            assert_eq!(LabelHashes::of(&wire, 5).iter().collect::<Vec<_>>(), plainly(&wire, 5), "{wire:?}");
        }
    }

    #[test]
    fn a_name_hashes_as_its_labels_in_any_case() {
        let hashes = |wire: &[u8]| LabelHashes::of(wire, 1).iter().collect::<Vec<_>>();
        let (a, b) = (hashes(b"\x03WWW\x07example\0"), hashes(b"\x03www\x07eXample\0"));
        assert_eq!(a, b);
        assert_eq!(a.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0, 4, 12]);
        assert_eq!(hashes(b"\x07example\0")[0].1, a[1].1);
        assert_ne!(a[0].1, a[1].1);
    }
}

//! Names found by their hash: an open table of numbers, the names themselves are kept by whoever owns it.

use alloc::vec;
use alloc::vec::Vec;

const LABELS: usize = 128;
const EMPTY: u32 = u32::MAX;
const GONE: u32 = u32::MAX - 1;

/// The hashes of a name and of all names it is below, in one pass from the root: that of a name is that of its parent
/// and its first label.
pub(crate) struct LabelHashes {
    /// Offset in the wire form and hash, the whole name first, the root last.
    parts: [(u8, u64); LABELS],
    len: usize,
}

impl LabelHashes {
    pub(crate) fn of(wire: &[u8], seed: u64) -> Self {
        let mut parts = [(0, 0); LABELS];
        let (mut at, mut len) = (0_usize, 0);
        for part in &mut parts {
            *part = (u8::try_from(at).unwrap_or(u8::MAX), 0);
            len += 1;
            match wire.get(at).copied() {
                Some(size @ 1..) => at += 1 + usize::from(size),
                _ => break,
            }
        }
        let mut hash = seed;
        for (at, place) in parts.iter_mut().take(len).rev() {
            let rest = wire.get(usize::from(*at)..).unwrap_or_default();
            let label = rest.get(..=usize::from(rest.first().copied().unwrap_or(0))).unwrap_or_default();
            hash = mix_label(hash, label);
            *place = hash;
        }
        LabelHashes { parts, len }
    }

    /// The whole name first: where each suffix starts, and its hash.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (usize, u64)> {
        self.parts.iter().take(self.len).map(|(at, hash)| (usize::from(*at), *hash))
    }
}

/// Multiply and fold, eight octets at a time, in small letters.
fn mix_label(hash: u64, label: &[u8]) -> u64 {
    label.chunks(8).fold(hash, |hash, chunk| {
        let mut octets = [0; 8];
        if let Some(place) = octets.get_mut(..chunk.len()) {
            place.copy_from_slice(chunk);
        }
        octets.make_ascii_lowercase();
        let product = u128::from(hash ^ u64::from_le_bytes(octets)) * u128::from(0x9E37_79B9_7F4A_7C15_u64);
        fold(product)
    })
}

fn fold(product: u128) -> u64 {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = product.to_le_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h]) ^ u64::from_le_bytes([i, j, k, l, m, n, o, p])
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

    #[test]
    fn what_is_put_in_is_found_and_nothing_else() {
        let hash = |n: u32| mix_label(7, &n.to_le_bytes());
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

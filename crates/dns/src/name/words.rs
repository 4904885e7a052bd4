//! Names in small letters (RFC 4343 section 3), their labels eight octets at a time: what names are found by.

use super::order::label_starts;
use crate::limits;

const WORD: usize = 8;
/// Octets of a [`SmallName`] that has room for any name.
pub(crate) const ANY: usize = limits::NAME + 1 + WORD;
/// The same, of names of up to [`SHORT_NAME`] octets: nearly all.
pub(crate) const SHORT: usize = SHORT_NAME + WORD;
pub(crate) const SHORT_NAME: usize = 64;

/// A name in small letters, and where its labels start.
pub(crate) struct SmallName<const N: usize> {
    /// Its wire form, and so many zeros that there is a word to read at each label.
    octets: [u8; N],
    starts: [u8; N],
    labels: usize,
}

impl<const N: usize> SmallName<N> {
    /// The root.
    #[inline]
    pub(crate) fn root() -> SmallName<N> {
        SmallName { octets: [0; N], starts: [0; N], labels: 0 }
    }

    /// Becomes the name with this wire form; from the root.
    #[inline]
    pub(crate) fn set(&mut self, wire: &[u8]) -> &Self {
        if let Some(place) = self.octets.get_mut(..wire.len()) {
            place.copy_from_slice(wire);
        }
        let (words, _) = self.octets.as_chunks_mut::<WORD>();
        for word in words.iter_mut().take(wire.len().div_ceil(WORD)) {
            *word = small(u64::from_le_bytes(*word)).to_le_bytes();
        }
        self.labels = label_starts(wire, &mut self.starts).len();
        self
    }

    /// Where the labels start, the root's left out.
    #[inline]
    pub(crate) fn starts(&self) -> &[u8] {
        self.starts.get(..self.labels).unwrap_or_default()
    }

    /// The length and the first seven octets of the label at `at`, and `hash` with all of the label mixed in.
    #[inline]
    pub(crate) fn mix_label(&self, hash: u64, at: u8) -> (u64, u64) {
        let mut at = usize::from(at);
        let [len, ..] = self.word(at).to_le_bytes();
        let mut left = usize::from(len) + 1;
        let head = front(self.word(at), left);
        let mut hash = mix(hash, head);
        while left > WORD {
            (at, left) = (at + WORD, left - WORD);
            hash = mix(hash, front(self.word(at), left));
        }
        (head, hash)
    }

    #[inline]
    fn word(&self, at: usize) -> u64 {
        let octets = self.octets.get(at..).and_then(|rest| rest.first_chunk());
        octets.map_or(0, |octets| u64::from_le_bytes(*octets))
    }
}

/// So many octets of a word, one at least, the others zero.
#[inline]
fn front(word: u64, octets: usize) -> u64 {
    if octets < WORD { word & !(u64::MAX << (8 * octets)) } else { word }
}

/// Multiply and fold.
#[inline]
pub(crate) fn mix(hash: u64, word: u64) -> u64 {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] =
        (u128::from(hash ^ word) * u128::from(0x9E37_79B9_7F4A_7C15_u64)).to_le_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h]) ^ u64::from_le_bytes([i, j, k, l, m, n, o, p])
}

/// Eight octets with their ASCII letters made small, all at once: the highest bit of each octet tells whether it is one.
#[inline]
pub(crate) fn small(word: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let low = word & (0x7F * EACH);
    let from_a = low + (0x80 - 0x41) * EACH;
    let behind_z = low + (0x80 - 0x5B) * EACH;
    let large = from_a & !behind_z & !word & (0x80 * EACH);
    word | large >> 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Name;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    /// The readable twin: octets in small letters, eight at a time.
    fn plainly(label: &[u8], hash: u64) -> (u64, u64) {
        let lower = label.to_ascii_lowercase();
        let words = lower
            .chunks(WORD)
            .map(|octets| octets.iter().rev().fold(0, |word: u64, octet| word << 8 | u64::from(*octet)));
        let words: Vec<u64> = words.collect();
        (words[0], words.iter().fold(hash, |hash, word| mix(hash, *word)))
    }

    proptest! {
        #[test]
        fn labels_are_octets_in_small_letters(labels in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..63), 1..4)) {
            let name = Name::from_labels(labels.iter().map(Vec::as_slice)).unwrap();
            let mut small = SmallName::<ANY>::root();
            let small = small.set(name.as_wire());
            prop_assert_eq!(small.starts().len(), labels.len());
            for at in small.starts() {
                let label = &name.as_wire()[usize::from(*at)..];
                let label = &label[..=usize::from(label[0])];
                prop_assert_eq!(small.mix_label(5, *at), plainly(label, 5));
            }
        }
    }

    #[test]
    fn letters_become_small_and_nothing_else_changes() {
        for octet in 0..=255_u8 {
            let word = u64::from_le_bytes([octet, b'Z', octet, b'[', b'@', octet, b'A', octet]);
            assert_eq!(small(word).to_le_bytes(), word.to_le_bytes().map(|octet| octet.to_ascii_lowercase()));
        }
    }
}

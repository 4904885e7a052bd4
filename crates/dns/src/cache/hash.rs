//! A keyed hash: who does not know the key can't choose names that meet in one place.
//!
//! `SipHash` with one round an input word and three at the end, over names in small letters.

/// The key: sixteen secret octets as two words.
#[derive(Clone, Copy)]
pub(super) struct HashKey(pub(super) u64, pub(super) u64);

impl core::fmt::Debug for HashKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("HashKey(..)")
    }
}

impl HashKey {
    /// The hash of a name's wire form, without regard to case, and of what else makes up the key of an entry.
    pub(super) fn hash(self, name: &[u8], rest: u64) -> u64 {
        let mut sip = Sip::new(self);
        let (words, tail) = name.as_chunks::<8>();
        for word in words {
            sip.word(u64::from_le_bytes(word.map(|octet| octet.to_ascii_lowercase())));
        }
        sip.word(last_word(tail, name.len()));
        sip.word(rest);
        sip.finish()
    }
}

/// The octets that fill no word, and the length above them.
fn last_word(tail: &[u8], len: usize) -> u64 {
    let mut octets = [0; 8];
    for (place, octet) in octets.iter_mut().zip(tail) {
        *place = octet.to_ascii_lowercase();
    }
    u64::from_le_bytes(octets) | u64::try_from(len).unwrap_or(0) << 56
}

struct Sip([u64; 4]);

impl Sip {
    fn new(HashKey(a, b): HashKey) -> Self {
        Sip([
            a ^ 0x736f_6d65_7073_6575,
            b ^ 0x646f_7261_6e64_6f6d,
            a ^ 0x6c79_6765_6e65_7261,
            b ^ 0x7465_6462_7974_6573,
        ])
    }

    #[inline]
    fn round(&mut self) {
        let [a, b, c, d] = &mut self.0;
        *a = a.wrapping_add(*b);
        *c = c.wrapping_add(*d);
        *b = b.rotate_left(13) ^ *a;
        *d = d.rotate_left(16) ^ *c;
        *a = a.rotate_left(32);
        *c = c.wrapping_add(*b);
        *a = a.wrapping_add(*d);
        *b = b.rotate_left(17) ^ *c;
        *d = d.rotate_left(21) ^ *a;
        *c = c.rotate_left(32);
    }

    #[inline]
    fn word(&mut self, word: u64) {
        self.0[3] ^= word;
        self.round();
        self.0[0] ^= word;
    }

    fn finish(mut self) -> u64 {
        self.0[2] ^= 0xFF;
        self.round();
        self.round();
        self.round();
        self.0.iter().fold(0, |all, word| all ^ word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hash_without_regard_to_case_and_by_their_key() {
        let key = HashKey(1, 2);
        assert_eq!(key.hash(b"\x03WWW\x07example\0", 1), key.hash(b"\x03www\x07EXAMPLE\0", 1));
        assert_ne!(key.hash(b"\x03www\0", 1), key.hash(b"\x03www\0", 2));
        assert_ne!(key.hash(b"\x03www\0", 1), HashKey(1, 3).hash(b"\x03www\0", 1));
        assert_ne!(key.hash(b"\x01a\0", 1), key.hash(b"\x01b\0", 1));
    }
}

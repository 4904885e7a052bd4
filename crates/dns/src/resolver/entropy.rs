//! Numbers that nobody can guess, out of a seed that the caller drew.
//!
//! SHA-256 over the seed and a counter: the same seed gives the same numbers, and who sees some of them can't tell the
//! others (RFC 5452 section 4.5 wants ids and ports unpredictable).

use sha2::{Digest, Sha256};

pub(super) struct Entropy {
    seed: [u8; 32],
    counter: u64,
    block: [u8; 32],
    used: usize,
}

impl Entropy {
    pub(super) fn new(seed: [u8; 32]) -> Self {
        Entropy { seed, counter: 0, block: [0; 32], used: 32 }
    }

    fn octets<const N: usize>(&mut self) -> [u8; N] {
        if self.used + N > self.block.len() {
            let hash = Sha256::new().chain_update(self.seed).chain_update(self.counter.to_be_bytes());
            self.block = hash.finalize().into();
            self.counter = self.counter.wrapping_add(1);
            self.used = 0;
        }
        let octets = self.block.get(self.used..self.used + N).and_then(|octets| octets.try_into().ok());
        self.used += N;
        octets.unwrap_or([0; N])
    }

    pub(super) fn u16(&mut self) -> u16 {
        u16::from_be_bytes(self.octets())
    }

    pub(super) fn u64(&mut self) -> u64 {
        u64::from_be_bytes(self.octets())
    }

    /// Less than `bound`; 0 if that is 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let number = usize::from(self.u16()) << 16 | usize::from(self.u16());
        number.checked_rem(bound).unwrap_or(0)
    }

    /// 0x20: every letter large or small by chance.
    pub(super) fn mix_case(&mut self, name: &mut [u8]) {
        let mut bits = 0;
        for (number, octet) in name.iter_mut().enumerate() {
            if number % 64 == 0 {
                bits = self.u64();
            }
            // Lengths are below 64: no letters.
            if octet.is_ascii_alphabetic() && bits >> (number % 64) & 1 == 1 {
                *octet ^= 0x20;
            }
        }
    }
}

impl core::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Entropy(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_another_seed_others() {
        let numbers = |seed| {
            let mut entropy = Entropy::new([seed; 32]);
            [entropy.u64(), entropy.u16().into(), entropy.u64(), entropy.u64(), entropy.u64()]
        };
        assert_eq!(numbers(1), numbers(1));
        assert_ne!(numbers(1), numbers(2));
        let mut name = *b"\x03www\x07example\x00";
        Entropy::new([7; 32]).mix_case(&mut name);
        assert!(name.eq_ignore_ascii_case(b"\x03www\x07example\x00") && &name != b"\x03www\x07example\x00");
    }
}

//! Numbers that nobody outside can guess: ids, case, which server comes first (RFC 5452 section 9.2).
//!
//! The rule: randomness is an argument. A seed of 32 octets makes them all: SHA-256 over the seed and a counter, so that
//! who has seen many ids knows nothing of the next one. The same seed gives the same numbers.

use sha2::{Digest, Sha256};

/// Where unpredictable numbers come from.
#[derive(Clone)]
pub(crate) struct Random {
    seed: [u8; 32],
    counter: u64,
    left: [u64; 4],
    used: usize,
}

impl Random {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Random { seed, counter: 0, left: [0; 4], used: 4 }
    }

    pub(crate) fn u64(&mut self) -> u64 {
        if self.used >= self.left.len() {
            self.refill();
        }
        let number = self.left.get(self.used).copied().unwrap_or_default();
        self.used += 1;
        number
    }

    pub(crate) fn u16(&mut self) -> u16 {
        let [a, b, ..] = self.u64().to_be_bytes();
        u16::from_be_bytes([a, b])
    }

    /// A number below `end`; 0 if there is none.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX);
        usize::try_from(self.u64().checked_rem(end).unwrap_or_default()).unwrap_or_default()
    }

    fn refill(&mut self) {
        let block = Sha256::new().chain_update(self.seed).chain_update(self.counter.to_be_bytes()).finalize();
        self.counter = self.counter.wrapping_add(1);
        for (number, octets) in self.left.iter_mut().zip(block.chunks_exact(8)) {
            *number = octets.try_into().map_or(0, u64::from_be_bytes);
        }
        self.used = 0;
    }
}

impl core::fmt::Debug for Random {
    /// Not the seed: who logs it gives the next id away.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Random").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_another_does_not() {
        let draw = |seed| {
            let mut random = Random::new([seed; 32]);
            core::array::from_fn::<u64, 9, _>(|_| random.u64())
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let numbers = draw(3);
        assert!((1..numbers.len()).all(|at| !numbers[..at].contains(&numbers[at])));
        let mut random = Random::new([0; 32]);
        assert!((0..100).all(|_| random.below(7) < 7));
        assert_eq!(random.below(0), 0);
    }
}

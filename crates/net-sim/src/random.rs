//! The one source of chance in a simulation.
//!
//! The rule: who has the seed has the run. It is a generator for simulations, not for secrets.

use core::time::Duration;

/// A generator of pseudo-random numbers: xoshiro256** (Blackman and Vigna, 2018), its state filled by splitmix64.
///
/// ```
/// use net_sim::Random;
/// let (mut one, mut same) = (Random::new(7), Random::new(7));
/// assert_eq!(one.number(), same.number());
/// assert!(one.below(6) < 6);
/// ```
#[derive(Clone, Debug)]
pub struct Random {
    state: [u64; 4],
}

impl Random {
    /// The generator that `seed` makes.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut at = seed;
        let mut split = || {
            at = at.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (at ^ (at >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        Random { state: [split(), split(), split(), split()] }
    }

    /// A generator of its own for a part of the simulation, so that what one part draws changes nothing elsewhere.
    #[must_use]
    pub fn fork(&mut self) -> Random {
        Random::new(self.number())
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let drawn = b.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        drawn
    }

    /// A number from 0 to `n - 1`; 0 if `n` is 0. All as likely as can be told.
    pub fn below(&mut self, n: u64) -> u64 {
        let wide = u128::from(self.number()) * u128::from(n);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// [`below`](Random::below) for lengths and places.
    pub fn index(&mut self, n: usize) -> usize {
        usize::try_from(self.below(n as u64)).unwrap_or(0)
    }

    /// A number from 0 up to, but not including, 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what a float holds")]
    pub fn fraction(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True with this probability. Draws nothing if the outcome is certain.
    pub fn chance(&mut self, probability: f64) -> bool {
        probability > 0.0 && (probability >= 1.0 || self.fraction() < probability)
    }

    /// The time to the next of events that come at random, `mean` apart on average (a Poisson process).
    pub fn exponential(&mut self, mean: Duration) -> Duration {
        let unlikely = 1.0 - self.fraction();
        mean.mul_f64(-unlikely.ln())
    }

    /// Puts `items` into any order, each as likely.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.index(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            [(); 100].map(|()| random.number())
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn a_die_is_fair() {
        let mut random = Random::new(3);
        let mut faces = [0u32; 6];
        (0..60_000).for_each(|_| faces[random.index(6)] += 1);
        assert!(faces.iter().all(|&count| (9_500..10_500).contains(&count)), "{faces:?}");
    }

    #[test]
    fn certain_outcomes_draw_nothing() {
        let mut random = Random::new(4);
        let before = random.clone().number();
        assert!(random.chance(1.0) && !random.chance(0.0));
        assert_eq!(random.number(), before);
    }

    #[test]
    fn gaps_of_a_poisson_process_have_their_mean() {
        let mut random = Random::new(5);
        let sum: Duration = (0..20_000).map(|_| random.exponential(Duration::from_millis(10))).sum();
        let mean = sum / 20_000;
        assert!((9_800..10_200).contains(&mean.as_micros()), "{mean:?}");
    }

    #[test]
    fn shuffling_loses_nothing() {
        let mut items: Vec<u32> = (0..50).collect();
        Random::new(6).shuffle(&mut items);
        assert_ne!(items, (0..50).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<_>>());
    }
}

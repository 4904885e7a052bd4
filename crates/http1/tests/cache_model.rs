//! Nothing stale is served as fresh, nothing cut short as whole, nothing of one user's to another: random stories of a world
//! with a naive memory, which knows why each answer was right.

#[path = "support/cache_model.rs"]
mod model;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn every_answer_has_a_reason(octets in prop::collection::vec(any::<u8>(), 0..2000)) {
        model::tell(&octets);
    }
}

#[test]
fn the_stories_are_worth_telling() {
    // A generator of no quality, but it answers from the cache now and then.
    let mut state = 1_u64;
    let mut octet = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    let hits: usize = (0..12).map(|_| model::tell(&Vec::from_iter((0..4000).map(|_| octet())))).sum();
    assert!(hits > 300, "{hits}");
}

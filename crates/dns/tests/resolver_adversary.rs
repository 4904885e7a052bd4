//! Against a server that answers anything, the resolver ends within its quotas (the fuzzer's target, by chance).

#![cfg(feature = "dnssec")]

#[path = "rpl/adversary.rs"]
mod adversary;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_question_ends_whatever_servers_say(data in prop::collection::vec(any::<u8>(), 0..4096)) {
        adversary::face(&data);
    }
}

#[test]
fn silence_ends_too() {
    adversary::face(&[]);
}

//! The cache in a world with a naive memory: whatever happens in whatever order, each answer has a reason.

#![no_main]

#[path = "../../crates/http1/tests/support/cache_model.rs"]
mod model;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    // What a story costs grows with its square: the log is searched for every answer.
    if octets.len() <= 4096 {
        model::tell(octets);
    }
});

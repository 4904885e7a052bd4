//! The jar beside a list that is searched from end to end: both keep the same cookies and give the same ones.

#![no_main]

#[path = "../../crates/http1/tests/support/jar_model.rs"]
mod model;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    if octets.len() <= 4096 {
        model::tell(octets);
    }
});

//! A server that answers anything against the resolver: every question ends within its quotas, once, and leaves nothing.

#![no_main]

#[path = "../../crates/dns/tests/rpl/adversary.rs"]
mod adversary;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| adversary::face(data));

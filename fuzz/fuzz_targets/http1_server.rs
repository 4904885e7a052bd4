//! The server's end: no panic, the same events and the same answer however the bytes are cut, with or without an end.

#![no_main]

#[path = "../../crates/http1/tests/support/account.rs"]
#[expect(dead_code, reason = "half of it is about clients")]
mod account;

use http1::{Config, Lenient, Limits};
use libfuzzer_sys::fuzz_target;
use proto_core::End;

fuzz_target!(|input: (&[u8], &[u8], u8)| {
    let (bytes, cuts, choice) = input;
    let lenient = Lenient {
        bare_lf: choice & 1 != 0,
        folded_lines: choice & 2 != 0,
        target_characters: choice & 4 != 0,
        equal_lengths: choice & 8 != 0,
        ..Lenient::NOTHING
    };
    let limits = Limits {
        start_line: 64,
        field_line: 64,
        head: 256,
        fields: 8,
        trailers: 4,
        drain: 16,
        ..Limits::DEFAULT
    };
    let limits = if choice & 16 != 0 { limits } else { Limits::DEFAULT };
    let config = Config { lenient, limits, chunk_extensions: choice & 32 != 0, ..Config::DEFAULT };
    let end = [None, Some(End::Clean), Some(End::Cut), Some(End::Clean)][usize::from(choice >> 6)];
    let whole = account::serve(bytes, end, &config, &mut account::whole);
    let mut turn = 0;
    let cut = account::serve(bytes, end, &config, &mut |_| {
        turn += 1;
        cuts.get(turn % cuts.len().max(1)).map_or(1, |&n| usize::from(n))
    });
    assert_eq!(cut, whole);
});

//! The client's end: no panic, the same events however the bytes are cut, and never a short body that looks like a
//! success.

#![no_main]

#[path = "../../crates/http1/tests/support/account.rs"]
#[expect(dead_code, reason = "half of it is about servers")]
mod account;

use http1::Config;
use libfuzzer_sys::fuzz_target;
use proto_core::End;

fuzz_target!(|input: (&[u8], &[u8], u8)| {
    let (bytes, cuts, choice) = input;
    let asks: &[account::Ask<'_>] = match choice & 7 {
        0 => &[],
        1 => &[("GET", "/")],
        2 => &[("HEAD", "/"), ("GET", "/")],
        3 => &[("GET", "/upgrade")],
        4 => &[("POST", "/"), ("CONNECT", "a:1")],
        _ => &[("GET", "/"), ("GET", "/"), ("HEAD", "/")],
    };
    let config = Config { chunk_extensions: choice & 8 != 0, ..Config::DEFAULT };
    let end = [None, Some(End::Clean), Some(End::Cut), Some(End::Clean)][usize::from(choice >> 6)];
    let whole = account::fetch(asks, bytes, end, &config, &mut account::whole);
    let mut turn = 0;
    let cut = account::fetch(asks, bytes, end, &config, &mut |_| {
        turn += 1;
        cuts.get(turn % cuts.len().max(1)).map_or(1, |&n| usize::from(n))
    });
    assert_eq!(cut, whole);
    let heads = whole.told.iter().filter(|told| told.starts_with("response")).count();
    let ends = whole.told.iter().filter(|told| told.starts_with("end") || *told == "switched").count();
    let failed = whole.told.iter().any(|told| told.starts_with("error"));
    assert!(heads == ends || failed || end.is_none(), "{whole:?}");
});

//! The chunked coding: the same data, extensions, end or fault however the bytes are cut.

#![no_main]

use http1::{Chunk, ChunkDecoder, ErrorKind, Limits};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Default, PartialEq)]
struct Account {
    data: Vec<u8>,
    extensions: Vec<Vec<u8>>,
    fault: Option<ErrorKind>,
    /// How many bytes were left when the last chunk was told.
    last: Option<usize>,
}

fn decode(bytes: &[u8], tell: bool, mut cut: impl FnMut() -> usize) -> Account {
    let limits = Limits { chunk_extension: 16, chunk_extensions: 40, chunk_overhead: 100, ..Limits::DEFAULT };
    let mut decoder = ChunkDecoder::with_limits(&limits, tell);
    let mut account = Account::default();
    let (mut start, mut end) = (0, 0);
    loop {
        let input = &bytes[start..end];
        match decoder.next(input) {
            Err(error) => {
                assert!(error.offset <= input.len());
                account.fault = Some(error.kind);
                return account;
            }
            Ok(Chunk::Incomplete) if end == bytes.len() => return account,
            Ok(Chunk::Incomplete) => end += cut().clamp(1, bytes.len() - end),
            Ok(Chunk::Data { start: from, end: to }) => {
                assert!(from < to);
                account.data.extend_from_slice(&input[from..to]);
                start += to;
            }
            Ok(Chunk::Extension { start: from, end: to, consumed }) => {
                account.extensions.push(input[from..to].to_vec());
                start += consumed;
            }
            Ok(Chunk::Last { consumed }) => {
                account.last = Some(bytes.len() - start - consumed);
                return account;
            }
        }
    }
}

fuzz_target!(|input: (Vec<u8>, Vec<u8>, bool)| {
    let (bytes, cuts, tell) = input;
    let whole = decode(&bytes, tell, || usize::MAX);
    let mut turn = 0;
    let cut = || {
        turn += 1;
        cuts.get(turn % cuts.len().max(1)).map_or(1, |&n| usize::from(n % 8))
    };
    assert_eq!(decode(&bytes, tell, cut), whole);
    assert!(whole.data.len() <= bytes.len());
});

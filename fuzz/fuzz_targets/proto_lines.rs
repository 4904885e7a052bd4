//! Lines at once and in pieces are the same lines, errors and all, and nothing is kept beyond the limit.

#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use proto_core::{BareCr, BareLf, Line, LineError, LinePolicy, Lines, Nul};

/// How each line came out, until the end or a line without one.
fn read(
    chunks: &mut dyn Iterator<Item = &[u8]>,
    policy: LinePolicy,
    max: usize,
) -> Vec<Result<Line, LineError>> {
    let (mut lines, mut buffer, mut events) = (Lines::new(policy, max), BytesMut::new(), Vec::new());
    for chunk in chunks {
        buffer.extend_from_slice(chunk);
        loop {
            match lines.next(&mut buffer) {
                Ok(None) => break,
                Ok(Some(line)) => events.push(Ok(line)),
                Err(error @ LineError::Endless { .. }) => {
                    events.push(Err(error));
                    return events;
                }
                Err(error) => events.push(Err(error)),
            }
        }
        assert!(buffer.len() <= max, "keeps more than a line");
    }
    let end = lines.finish(&buffer);
    events.extend(end.err().map(Err));
    events
}

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (choice, size, bytes) = input;
    let policy = LinePolicy {
        lf: if choice & 1 == 0 { BareLf::Reject } else { BareLf::Accept },
        cr: if choice & 2 == 0 { BareCr::Reject } else { BareCr::Keep },
        nul: if choice & 4 == 0 { Nul::Reject } else { Nul::Keep },
    };
    let max = usize::from(choice >> 3) + 1;
    let whole = read(&mut [bytes].into_iter(), policy, max);
    let pieces = read(&mut bytes.chunks(usize::from(size) + 1), policy, max);
    assert_eq!(whole, pieces);
});

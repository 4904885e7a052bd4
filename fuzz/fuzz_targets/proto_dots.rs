//! Data survives stuffing and unstuffing, the end is where a plain reading finds it, and cuts change nothing.

#![no_main]

use bytes::{Bytes, BytesMut};
use libfuzzer_sys::fuzz_target;
use proto_core::{BareNewline, DotDecoder, DotEncoder, DotError, Output, Run};

type Decoded = (Vec<u8>, Result<bool, DotError>, Vec<u8>);

fn unstuff(wire: &[u8], size: usize, bare: BareNewline) -> Decoded {
    let (mut decoder, mut data, mut buffer) = (DotDecoder::new(bare), Vec::new(), BytesMut::new());
    let mut chunks = wire.chunks(size);
    while let Some(chunk) = chunks.next() {
        buffer.extend_from_slice(chunk);
        loop {
            match decoder.next(&mut buffer) {
                Ok(None) => break,
                Ok(Some(Run::Bytes(run))) => data.extend_from_slice(&run),
                Ok(Some(Run::End)) => {
                    chunks.for_each(|chunk| buffer.extend_from_slice(chunk));
                    return (data, Ok(true), buffer.to_vec());
                }
                Err(error) => return (data, Err(error), Vec::new()),
            }
        }
    }
    (data, Ok(false), Vec::new())
}

fn stuff(data: &[u8], size: usize, bare: BareNewline) -> Option<Vec<u8>> {
    let (mut encoder, mut output) = (DotEncoder::new(bare), Output::new());
    for chunk in data.chunks(size) {
        encoder.push(Bytes::copy_from_slice(chunk), &mut output).ok()?;
    }
    encoder.end(&mut output).ok()?;
    Some(output.slices().flatten().copied().collect())
}

/// The data before CRLF `.` CRLF, and what is behind it.
fn plainly(wire: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (mut data, mut rest) = (Vec::new(), wire);
    loop {
        if let Some(behind) = rest.strip_prefix(b".\r\n") {
            return Some((data, behind));
        }
        let line = rest.windows(2).position(|pair| pair == b"\r\n")? + 2;
        data.extend_from_slice(rest[..line].strip_prefix(b".").unwrap_or(&rest[..line]));
        rest = &rest[line..];
    }
}

fuzz_target!(|input: (u8, &[u8])| {
    let (size, bytes) = (usize::from(input.0) + 1, input.1);
    for bare in [BareNewline::Reject, BareNewline::Normalize, BareNewline::Preserve] {
        let whole = unstuff(bytes, usize::MAX, bare);
        assert_eq!(whole, unstuff(bytes, size, bare));
        if bare == BareNewline::Preserve {
            let plain = plainly(bytes);
            assert_eq!(plain.is_some(), whole.1 == Ok(true));
            assert!(plain.is_none_or(|(data, behind)| data == whole.0 && behind == whole.2));
        }
        let Some(wire) = stuff(bytes, size, bare) else { continue };
        let (data, end, behind) = unstuff(&wire, size, bare);
        assert_eq!((end, behind), (Ok(true), Vec::new()));
        let complete = bytes.is_empty() || bytes.ends_with(b"\r\n");
        let same = data.starts_with(bytes) && (data.len() == bytes.len() + if complete { 0 } else { 2 });
        assert!(same || bare == BareNewline::Normalize);
        assert!(bare == BareNewline::Preserve || unstuff(&wire, size, BareNewline::Reject).1 == Ok(true));
    }
});

//! The output queue sends the bytes put, in order, under any partial writes, and counts right.

#![no_main]

use arbitrary::Arbitrary;
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use proto_core::Output;

#[derive(Arbitrary, Debug)]
enum Step<'a> {
    Put(&'a [u8]),
    Push(&'a [u8]),
    Reserve(u8),
    Append(&'a [u8], u8, &'a [u8]),
    Send(u16),
}

/// A byte of a gap is 256.
fn extend(expected: &mut Vec<u16>, bytes: &[u8]) {
    expected.extend(bytes.iter().map(|byte| u16::from(*byte)));
}

fuzz_target!(|steps: Vec<Step<'_>>| {
    let (mut output, mut expected, mut sent) = (Output::new(), Vec::<u16>::new(), 0_usize);
    let gap = |n: u8| std::iter::repeat_n(256, usize::from(n));
    for step in steps {
        match step {
            Step::Put(bytes) => {
                output.put(bytes);
                extend(&mut expected, bytes);
            }
            Step::Push(bytes) => {
                output.push(Bytes::copy_from_slice(bytes));
                extend(&mut expected, bytes);
            }
            Step::Reserve(n) => {
                output.reserve(u64::from(n));
                expected.extend(gap(n));
            }
            Step::Append(first, n, last) => {
                let mut other = Output::new();
                other.put(first);
                other.reserve(u64::from(n));
                other.put(last);
                output.append(&mut other);
                assert!(other.is_empty());
                extend(&mut expected, first);
                expected.extend(gap(n));
                extend(&mut expected, last);
            }
            Step::Send(n) => {
                let memory = output.slices().map(<[u8]>::len).sum::<usize>() as u64;
                let n = u64::from(n).min(if output.gap() > 0 { output.gap() } else { memory });
                output.advance(n);
                sent += n as usize;
            }
        }
        let left = &expected[sent..];
        let in_memory: Vec<u16> = output.slices().flatten().map(|byte| u16::from(*byte)).collect();
        let to_gap = left.iter().position(|byte| *byte == 256).unwrap_or(left.len());
        assert_eq!(in_memory, left[..to_gap]);
        let gaps = left.iter().filter(|byte| **byte == 256).count();
        assert_eq!(
            (output.gaps(), output.len(), output.sent()),
            (gaps as u64, left.len() - gaps, sent as u64)
        );
    }
});

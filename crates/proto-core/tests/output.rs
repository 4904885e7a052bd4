//! The output queue: the bytes put, in order, under any partial writes; and gaps where they were left.

use std::io::IoSlice;

use bytes::Bytes;
use proptest::prelude::*;
use proto_core::Output;

/// What is sent: a byte from memory, or one that somebody else puts into a gap.
const GAP: u8 = b'_';

#[derive(Clone, Debug)]
enum Step {
    Put(Vec<u8>),
    Push(Vec<u8>),
    Reserve(u64),
    Append(Vec<Step>),
    Send(u64),
}

fn step(depth: u32) -> BoxedStrategy<Step> {
    let bytes = || prop::collection::vec(b'a'..=b'z', 0..40);
    let large = prop::collection::vec(b'A'..=b'Z', 1000..1100);
    let leaf = prop_oneof![
        4 => bytes().prop_map(Step::Put),
        1 => large.prop_map(Step::Put),
        4 => bytes().prop_map(Step::Push),
        2 => (0..30_u64).prop_map(Step::Reserve),
        6 => (0..60_u64).prop_map(Step::Send),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    prop_oneof![8 => leaf, 1 => prop::collection::vec(step(depth - 1), 0..6).prop_map(Step::Append)].boxed()
}

/// Applies a step; `expected` is what the queue should send, `sent` what it has sent.
fn apply(step: &Step, output: &mut Output, expected: &mut Vec<u8>, sent: &mut Vec<u8>) {
    match step {
        Step::Put(bytes) => {
            output.put(bytes);
            expected.extend_from_slice(bytes);
        }
        Step::Push(bytes) => {
            output.push(Bytes::from(bytes.clone()));
            expected.extend_from_slice(bytes);
        }
        Step::Reserve(n) => {
            output.reserve(*n);
            expected.extend(std::iter::repeat_n(GAP, *n as usize));
        }
        Step::Append(steps) => {
            let mut other = Output::new();
            let (mut more, mut gone) = (Vec::new(), Vec::new());
            steps.iter().for_each(|step| apply(step, &mut other, &mut more, &mut gone));
            output.append(&mut other);
            expected.extend_from_slice(&more[gone.len()..]);
            assert_eq!((other.is_empty(), other.len(), other.gaps()), (true, 0, 0));
        }
        Step::Send(n) => send(*n, output, sent),
    }
}

/// A stream that takes `n` bytes at most.
fn send(n: u64, output: &mut Output, sent: &mut Vec<u8>) {
    let memory: Vec<u8> = output.slices().flatten().copied().collect();
    let n = if output.gap() > 0 {
        assert!(memory.is_empty(), "memory in front of a gap in front");
        let n = n.min(output.gap());
        sent.extend(std::iter::repeat_n(GAP, n as usize));
        n
    } else {
        let n = (n as usize).min(memory.len());
        sent.extend_from_slice(&memory[..n]);
        n as u64
    };
    output.advance(n);
}

fn assert_counts(output: &Output, expected: &[u8], sent: &[u8]) {
    let left = &expected[sent.len()..];
    let in_gaps = left.iter().filter(|byte| **byte == GAP).count();
    assert_eq!(output.sent(), sent.len() as u64);
    assert_eq!(output.gaps(), in_gaps as u64);
    assert_eq!(output.len(), left.len() - in_gaps);
    assert_eq!(output.is_empty(), left.is_empty());
    let first_gap = left.iter().position(|byte| *byte == GAP).unwrap_or(left.len());
    assert_eq!(output.slices().flatten().copied().collect::<Vec<_>>(), &left[..first_gap]);
    assert!(output.slices().all(|slice| !slice.is_empty()));
}

proptest! {
    #[test]
    fn the_bytes_put_leave_in_order_under_any_partial_writes(steps in prop::collection::vec(step(2), 0..40)) {
        let (mut output, mut expected, mut sent) = (Output::new(), Vec::new(), Vec::new());
        for step in &steps {
            apply(step, &mut output, &mut expected, &mut sent);
            assert_counts(&output, &expected, &sent);
        }
        while !output.is_empty() {
            send(7, &mut output, &mut sent);
        }
        prop_assert_eq!(sent, expected);
    }
}

#[test]
fn small_writes_gather_and_large_ones_keep_their_memory() {
    let mut output = Output::new();
    let body = Bytes::from(vec![b'x'; 100_000]);
    output.put(b"a");
    output.put(b"b");
    output.push(body.clone());
    output.buffer().extend_from_slice(b"c");
    let slices: Vec<&[u8]> = output.slices().collect();
    assert_eq!(slices, [b"ab", &body[..], b"c"]);
    assert_eq!(slices[1].as_ptr(), body.as_ptr(), "not copied");
}

#[test]
fn slices_stop_at_a_gap_and_gaps_in_a_row_are_one() {
    let mut output = Output::new();
    output.put(b"head");
    output.reserve(10);
    output.reserve(0);
    output.reserve(5);
    output.put(b"tail");
    assert!(output.slices().eq([b"head"]));
    assert_eq!((output.gap(), output.gaps()), (0, 15));
    output.advance(4);
    assert_eq!((output.gap(), output.slices().count()), (15, 0));
    output.advance(15);
    assert!(output.slices().eq([b"tail"]));
    assert_eq!(output.sent(), 19);
}

#[test]
fn as_many_io_slices_as_there_is_room_for() {
    let mut output = Output::new();
    for text in ["one", "two", "three"] {
        output.push(Bytes::from(text));
    }
    let mut slices = [IoSlice::new(b""); 2];
    assert_eq!(output.io_slices(&mut slices), 2);
    assert_eq!((&*slices[0], &*slices[1]), (&b"one"[..], &b"two"[..]));
    let mut slices = [IoSlice::new(b""); 8];
    assert_eq!(output.io_slices(&mut slices), 3);
}

#[test]
fn what_is_cleared_is_never_sent_and_does_not_count_as_sent() {
    let mut output = Output::new();
    output.put(b"one");
    output.reserve(9);
    output.put(b"two");
    output.advance(1);
    output.clear();
    assert!(output.is_empty());
    assert_eq!((output.len(), output.gaps(), output.sent()), (0, 0, 1));
}

#[test]
fn an_appended_queue_keeps_its_large_parts_where_they_are() {
    let (mut output, mut other) = (Output::new(), Output::new());
    output.put(b"first ");
    other.put(&[b'x'; 5000]);
    let place = other.slices().next().unwrap().as_ptr();
    output.append(&mut other);
    assert_eq!(output.slices().nth(1).unwrap().as_ptr(), place);
    other.put(b"still of use");
    assert_eq!(other.len(), 12);
}

#[test]
fn sizes_that_no_memory_holds_do_not_overflow() {
    let mut output = Output::new();
    output.reserve(u64::MAX);
    output.reserve(u64::MAX);
    assert_eq!((output.gap(), output.gaps()), (u64::MAX, u64::MAX));
    output.advance(u64::MAX);
    assert!(output.is_empty());
}

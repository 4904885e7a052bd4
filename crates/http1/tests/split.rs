//! How bytes were cut into reads never matters: every example cut at every point, byte by byte, in random pieces, and
//! with the end of the stream at every byte.

#[path = "support/account.rs"]
mod account;
#[path = "support/examples.rs"]
mod examples;

use account::{Account, serve, whole};
use examples::{VECTORS, Vector, run, run_until};
use http1::{Config, Limits};
use proptest::prelude::*;
use proto_core::End;

/// Requests that are wrong somewhere in the middle, alone and behind a right one.
const WRONG: &[&str] = &[
    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
    "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n folded\r\nbad name: y\r\n\r\n",
    "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /\u{7f} HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01",
    "GET / HTTP/3.0\r\nHost: a\r\n\r\n",
    "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
    "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;\"\r\nabc\r\n0\r\n\r\n",
    "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n00000000000000001\r\na\r\n0\r\n\r\n",
    "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nbad\r\n\r\n",
    "PUT / HTTP/1.1\r\nHost: a\r\nExpect: the unexpected\r\nContent-Length: 1\r\n\r\nx",
    "GET /a-target-that-is-too-long-for-the-limits HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX: a-value-that-is-too-long-for-the-limits-below\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nA: 12345678901234567890123456789012345\r\nB: 12345678901234567890123456789012345\r\n\r\n",
    "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;abcdefghijklmn\r\na\r\n0\r\n\r\n",
    "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;abcde\r\na\r\n1;abcde\r\na\r\n0\r\n\r\n",
    "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nA: 1234567890\r\nB: 1\r\n\r\n",
    "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nA:\r\nB:\r\nC:\r\n\r\n",
];

/// Limits small enough that the wrong ones are beyond them.
fn small() -> Config {
    let limits = Limits {
        start_line: 40,
        field_line: 40,
        head: 100,
        fields: 4,
        chunk_extension: 10,
        chunk_extensions: 10,
        trailers: 2,
        trailer_bytes: 20,
        ..Limits::DEFAULT
    };
    Config { limits, ..Config::DEFAULT }
}

fn at(point: usize) -> impl FnMut(usize) -> usize {
    move |given| if given < point { point - given } else { usize::MAX }
}

fn one(_: usize) -> usize {
    1
}

fn as_written(vector: &Vector) -> Account {
    Account { told: vector.told.iter().map(ToString::to_string).collect(), sent: vector.sent.into() }
}

fn serve_wrong(bytes: &str, mut cut: impl FnMut(usize) -> usize) -> Account {
    serve(bytes.as_bytes(), Some(End::Clean), &small(), &mut cut)
}

#[test]
fn every_example_cut_at_every_point_tells_the_same() {
    for vector in VECTORS {
        let want = as_written(vector);
        for point in 1..vector.bytes.len() {
            assert_eq!(run(vector, &mut at(point)), want, "{} cut at {point}", vector.section);
        }
    }
}

#[test]
fn every_example_byte_by_byte_tells_the_same() {
    for vector in VECTORS {
        assert_eq!(run(vector, &mut one), as_written(vector), "{}", vector.section);
    }
}

#[test]
fn every_fault_is_the_same_fault_however_it_is_cut() {
    let right = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for wrong in WRONG {
        for bytes in [(*wrong).to_string(), format!("{right}{wrong}")] {
            let want = serve_wrong(&bytes, whole);
            assert!(want.told.last().unwrap().starts_with("error"), "{bytes:?} {want:?}");
            assert_eq!(serve_wrong(&bytes, one), want, "{bytes:?}");
            for point in 1..bytes.len() {
                assert_eq!(serve_wrong(&bytes, at(point)), want, "{bytes:?} cut at {point}");
            }
        }
    }
}

/// What is told of a beginning is a beginning of what is told of all, but for the last word.
fn assert_begins(vector: &Vector, len: usize, part: &[String], all: &[String]) {
    let (last, before) = part.split_last().unwrap();
    for (at, line) in before.iter().enumerate() {
        let cut_data = line.starts_with("data ") && all[at].starts_with(line.as_str());
        // Without a length, the end of the stream is the end of the body.
        assert!(*line == all[at] || cut_data || line == "end", "{} ends at {len}: {part:?}", vector.section);
    }
    let ended = last.starts_with("error Truncated") || last.starts_with("error Unanswered");
    let closed = last.starts_with("closed") || last.starts_with("left") || all.contains(last);
    assert!(ended || closed, "{} ends at {len}: {part:?}", vector.section);
}

#[test]
fn the_end_of_the_stream_may_come_at_every_byte() {
    for vector in VECTORS {
        let all = run(vector, &mut whole).told;
        for end in [End::Clean, End::Cut] {
            for len in 0..vector.bytes.len() {
                let want = run_until(vector, len, end, &mut whole);
                assert_begins(vector, len, &want.told, &all);
                assert_eq!(run_until(vector, len, end, &mut one), want, "{} ends at {len}", vector.section);
            }
        }
    }
}

#[test]
fn a_short_body_is_never_a_success() {
    let example = VECTORS.iter().find(|vector| vector.section == "9110 3.9, response").unwrap();
    for end in [End::Clean, End::Cut] {
        for len in 1..example.bytes.len() {
            let told = run_until(example, len, end, &mut whole).told;
            assert!(told.last().unwrap().starts_with("error Truncated"), "{len}: {told:?}");
        }
    }
    let until_close = VECTORS.iter().find(|vector| vector.section.starts_with("1945")).unwrap();
    let told = run_until(until_close, until_close.bytes.len(), End::Cut, &mut whole).told;
    assert!(told.last().unwrap().starts_with("error Truncated"), "{told:?}");
}

proptest! {
    /// Noise made of what HTTP is made of, cut anyhow.
    #[test]
    fn any_bytes_tell_the_same_however_they_are_cut(
        parts in prop::collection::vec(prop::sample::select(PARTS), 0..30),
        pieces in prop::collection::vec(1_usize..40, 1..20),
    ) {
        let bytes = parts.concat();
        let want = serve_wrong(&bytes, whole);
        let mut turn = 0;
        let got = serve_wrong(&bytes, |_| {
            turn += 1;
            pieces[turn % pieces.len()]
        });
        prop_assert_eq!(got, want);
    }
}

const PARTS: &[&str] = &[
    "GET / HTTP/1.1\r\nHost: a\r\n",
    "POST /x HTTP/1.1\r\nHost: a\r\n",
    "GET / HTTP/1.0\r\n",
    "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\n",
    "Content-Length: 3\r\n",
    "Expect: 100-continue\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "Connection: upgrade\r\nUpgrade: x\r\n",
    "X: y\r\n",
    "\r\n",
    "\r",
    "\n",
    " ",
    "abc",
    "3\r\nabc\r\n",
    "2;a=b\r\nab\r\n",
    "0\r\n\r\n",
    "0\r\n",
    ":",
    "\x00",
    "\u{e9}",
];

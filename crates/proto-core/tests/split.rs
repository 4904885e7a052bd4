//! However the input is cut, and also byte by byte: the same events, the same errors, each byte taken once.

use bytes::{Bytes, BytesMut};
use proto_core::{
    BareCr, BareLf, BareNewline, Continuation, DotDecoder, DotEncoder, DotError, EncodeError, LastLine, Line,
    LineError, LinePolicy, Lines, Nul, Output, Reply, ReplyError, ReplyParser, ReplyPolicy, Run,
};

/// Feeds `input` in chunks; `turn` takes what it can after each.
fn feed(chunks: &[&[u8]], mut turn: impl FnMut(&mut BytesMut)) -> BytesMut {
    let mut buffer = BytesMut::new();
    for chunk in chunks {
        buffer.extend_from_slice(chunk);
        turn(&mut buffer);
    }
    buffer
}

/// Every way to cut `input` in two or three, and byte by byte.
fn cuts(input: &[u8]) -> Vec<Vec<&[u8]>> {
    let mut cuts = vec![input.chunks(1).collect::<Vec<_>>()];
    for first in 0..=input.len() {
        let (a, rest) = input.split_at(first);
        cuts.push(vec![a, rest]);
        let (b, c) = rest.split_at(rest.len() / 2);
        cuts.push(vec![a, b, c]);
    }
    cuts
}

type LineEvent = Result<Line, LineError>;

fn lines(chunks: &[&[u8]], policy: LinePolicy, max: usize) -> (Vec<LineEvent>, Result<(), LineError>) {
    let (mut lines, mut events) = (Lines::new(policy, max), Vec::new());
    let rest = feed(chunks, |buffer| {
        loop {
            match lines.next(buffer) {
                Ok(None) => break,
                Ok(Some(line)) => events.push(Ok(line)),
                Err(error @ LineError::Endless { .. }) => {
                    events.push(Err(error));
                    break;
                }
                Err(error) => events.push(Err(error)),
            }
        }
    });
    events.dedup_by(|a, b| a == b && matches!(a, Err(LineError::Endless { .. })));
    (events, lines.finish(&rest))
}

/// Every policy there is.
fn policies() -> Vec<LinePolicy> {
    let mut policies = Vec::new();
    for lf in [BareLf::Reject, BareLf::Accept] {
        for cr in [BareCr::Reject, BareCr::Keep] {
            for nul in [Nul::Reject, Nul::Keep] {
                policies.push(LinePolicy { lf, cr, nul });
            }
        }
    }
    policies
}

#[test]
fn lines_are_the_same_however_they_are_cut() {
    let inputs: &[&[u8]] = &[
        b"one\r\ntwo\r\n\r\nthree",
        b"a\nb\r\nc\rd\r\ne\0f\r\n\r\r\n\n\r",
        b"exactly8\r\nexactly10!\r\nthis one is far too long\r\nok\r\n",
        b"seven..\r\reight\r\n\n\n\r\n",
        b"\r\n\r\n\r\n\0",
    ];
    for input in inputs {
        for policy in policies() {
            let whole = lines(&[input], policy, 10);
            for chunks in cuts(input) {
                assert_eq!(lines(&chunks, policy, 10), whole, "{policy:?} {chunks:?}");
            }
        }
    }
}

#[test]
fn an_endless_line_is_endless_however_it_is_cut() {
    let input = [b"ok\r\n".to_vec(), vec![b'x'; 10 + 160 + 5], b"\r\nnever\r\n".to_vec()].concat();
    let whole = lines(&[&input], LinePolicy::STRICT, 10);
    assert_eq!(whole.0.len(), 3);
    assert_eq!(whole.0[2], Err(LineError::Endless { skipped: 160 }));
    for chunks in cuts(&input) {
        assert_eq!(lines(&chunks, LinePolicy::STRICT, 10).0, whole.0);
    }
}

type Decoded = (Vec<u8>, u64, u64, Option<Result<(), DotError>>, Vec<u8>);

fn unstuff(chunks: &[&[u8]], bare: BareNewline) -> Decoded {
    let (mut decoder, mut data, mut end) = (DotDecoder::new(bare), Vec::new(), None);
    let rest = feed(chunks, |buffer| {
        loop {
            match decoder.next(buffer) {
                Ok(None) => break,
                Ok(Some(Run::Bytes(bytes))) => {
                    assert!(!bytes.is_empty());
                    data.extend_from_slice(&bytes);
                }
                Ok(Some(Run::End)) => end = Some(Ok(())),
                Err(error) => {
                    assert!(end.is_none() || end == Some(Err(error)));
                    end = Some(Err(error));
                    break;
                }
            }
        }
    });
    (data, decoder.lines(), decoder.bare_newlines(), end, rest.to_vec())
}

#[test]
fn dots_are_the_same_however_they_are_cut() {
    let inputs: &[&[u8]] = &[
        b"one\r\n..two\r\n.three\r\n.\r\nQUIT\r\n",
        b".\r\nQUIT\r\n",
        b"..\r\n...\r\n.\r.\r\n.\r\n",
        b"a\n.\nb\r\n.\n.\r\r\n.\r\nrest",
        b"a\rb\nc\r\r\n\n\r\n.\r\n",
        b"\r\n.\r\n.\r\n",
        b".",
        b".\r",
        b"unfinished\r\n.\r",
        b"\n\r\n.\r\n",
        b"\r.\r\n.\r\n",
    ];
    for input in inputs {
        for bare in [BareNewline::Reject, BareNewline::Normalize, BareNewline::Preserve] {
            let whole = unstuff(&[input], bare);
            for chunks in cuts(input) {
                assert_eq!(unstuff(&chunks, bare), whole, "{bare:?} {chunks:?}");
            }
        }
    }
}

fn stuff(chunks: &[&[u8]], bare: BareNewline, shared: bool) -> (Vec<u8>, Result<(), EncodeError>) {
    let (mut encoder, mut output) = (DotEncoder::new(bare), Output::new());
    let mut put = |chunk: &[u8], output: &mut Output| {
        if shared { encoder.push(Bytes::copy_from_slice(chunk), output) } else { encoder.put(chunk, output) }
    };
    let done = chunks.iter().try_for_each(|chunk| put(chunk, &mut output));
    let done = done.and_then(|()| encoder.end(&mut output));
    (output.slices().flatten().copied().collect(), done)
}

#[test]
fn stuffing_is_the_same_however_it_is_cut() {
    let inputs: &[&[u8]] =
        &[b"", b".", b"..\r\n.a\r\n\r\n.\r\n", b"a\r\nb", b"a\n.b\r.c\r", b"\r", b"\n", b"\r\r\n.\n\r\n."];
    for input in inputs {
        for bare in [BareNewline::Reject, BareNewline::Normalize, BareNewline::Preserve] {
            let (whole, done) = stuff(&[input], bare, false);
            for chunks in cuts(input) {
                for shared in [false, true] {
                    let (pieces, end) = stuff(&chunks, bare, shared);
                    assert_eq!(end, done, "{bare:?} {chunks:?}");
                    assert!(end.is_err() || pieces == whole, "{bare:?} {chunks:?}");
                }
            }
        }
    }
}

fn replies(chunks: &[&[u8]], policy: ReplyPolicy) -> (Vec<Reply>, Result<(), ReplyError>) {
    let (mut parser, mut replies) = (ReplyParser::new(policy), Vec::new());
    let rest = feed(chunks, |buffer| {
        while let Ok(Some(reply)) = parser.next(buffer) {
            replies.push(reply);
        }
    });
    (replies, parser.finish(&rest))
}

#[test]
fn replies_are_the_same_however_they_are_cut() {
    let mut policy = ReplyPolicy::default();
    policy.limits.line = 20;
    policy.limits.total = 60;
    policy.limits.lines = 4;
    let inputs: &[&[u8]] = &[
        b"220 ready\r\n250-one\r\n250-two\r\n250 three\r\n250\r\n",
        b"250-one\r\n251 two\r\n",
        b"250-one\r\n251-two\r\n250 three\r\n",
        b"250-one\r\nfree text\r\n 251 x\r\n250 two\r\n",
        b"12\r\n",
        b"1234 x\r\n",
        b"220 a\nb\r\n",
        b"220 a\rb\r\n",
        b"220 a\0b\r\n",
        b"220 this line is too long\r\n",
        b"250-1\r\n250-2\r\n250-3\r\n250-4\r\n250 5\r\n",
        b"250-three times\r\n250-twenty bytes\r\n250-are just\r\n250 too much for it\r\n",
        b"220 unfinished",
    ];
    for input in inputs {
        for continuation in [Continuation::Coded, Continuation::Free] {
            for last_line in [LastLine::Strict, LastLine::AnyCode] {
                let policy = ReplyPolicy { continuation, last_line, ..policy };
                let whole = replies(&[input], policy);
                for chunks in cuts(input) {
                    assert_eq!(replies(&chunks, policy), whole, "{chunks:?}");
                }
            }
        }
    }
}

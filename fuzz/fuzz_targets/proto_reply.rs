//! Replies at once and in pieces are the same; what is read is written so that it reads the same.

#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use proto_core::{
    BareCr, BareLf, Continuation, LastLine, LinePolicy, Nul, Output, Reply, ReplyError, ReplyParser,
    ReplyPolicy,
};

fn read(bytes: &[u8], size: usize, policy: ReplyPolicy) -> (Vec<Reply>, Result<(), ReplyError>) {
    let (mut parser, mut buffer, mut replies) = (ReplyParser::new(policy), BytesMut::new(), Vec::new());
    for chunk in bytes.chunks(size) {
        buffer.extend_from_slice(chunk);
        loop {
            match parser.next(&mut buffer) {
                Ok(None) => break,
                Ok(Some(reply)) => replies.push(reply),
                Err(error) => {
                    assert_eq!(parser.next(&mut buffer), Err(error));
                    return (replies, Err(error));
                }
            }
        }
        assert!(buffer.len() <= policy.limits.total, "keeps more than a reply");
    }
    (replies, parser.finish(&buffer))
}

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (choice, size, bytes) = input;
    let mut policy = ReplyPolicy {
        line: LinePolicy {
            lf: if choice & 1 == 0 { BareLf::Reject } else { BareLf::Accept },
            cr: if choice & 2 == 0 { BareCr::Reject } else { BareCr::Keep },
            nul: if choice & 4 == 0 { Nul::Reject } else { Nul::Keep },
        },
        continuation: if choice & 8 == 0 { Continuation::Coded } else { Continuation::Free },
        last_line: if choice & 16 == 0 { LastLine::Strict } else { LastLine::AnyCode },
        ..ReplyPolicy::default()
    };
    (policy.limits.line, policy.limits.total, policy.limits.lines) = (40, 150, 8);
    let whole = read(bytes, usize::MAX, policy);
    assert_eq!(whole, read(bytes, usize::from(size) + 1, policy));
    let strict = ReplyPolicy { continuation: policy.continuation, ..ReplyPolicy::default() };
    for reply in whole.0 {
        assert_eq!(reply.lines().count(), reply.line_count());
        let mut output = Output::new();
        reply.encode(&mut output);
        let wire: Vec<u8> = output.slices().flatten().copied().collect();
        if policy.line == LinePolicy::STRICT && policy.last_line == LastLine::Strict {
            assert_eq!(Reply::parse(&wire, &strict), Ok(Some((reply, wire.len()))));
        } else if policy.last_line == LastLine::Strict {
            let (again, taken) = Reply::parse(&wire, &strict).unwrap().unwrap();
            assert_eq!((again.line_count(), taken), (reply.line_count(), wire.len()));
        }
    }
});

//! One test per attack class, with the right answer.

use bytes::BytesMut;
use proto_core::{
    BareNewline, Code, Continuation, DotDecoder, DotEncoder, DotError, EncodeError, LimitError, LineError,
    LinePolicy, Lines, Output, Reply, ReplyError, ReplyParser, ReplyPolicy, Run, limits,
};

#[test]
fn a_line_over_the_limit_is_told_once_and_skipped() {
    let mut lines = Lines::new(LinePolicy::STRICT, 512);
    let mut input = BytesMut::from(&b"x".repeat(511)[..]);
    assert_eq!(lines.next(&mut input), Ok(None), "it may still end in time");
    input.extend_from_slice(b"x");
    assert_eq!(lines.next(&mut input), Err(LimitError::Line.into()));
    for _ in 0..4 {
        input.extend_from_slice(&[b'x'; 1000]);
        assert_eq!(lines.next(&mut input), Ok(None));
        assert!(input.is_empty(), "nothing is kept of it");
    }
    input.extend_from_slice(b"\r\nQUIT\r\n");
    assert_eq!(lines.next(&mut input).unwrap().unwrap().text, "QUIT");
}

#[test]
fn a_line_that_never_ends_is_the_end() {
    let mut lines = Lines::new(LinePolicy::STRICT, 512);
    let mut input = BytesMut::from(&b"x".repeat(512)[..]);
    assert_eq!(lines.next(&mut input), Err(LimitError::Line.into()));
    let skipped = 512 * limits::SKIPPED_LINES;
    input.extend_from_slice(&vec![b'x'; skipped - 512 - 1]);
    assert_eq!(lines.next(&mut input), Ok(None));
    input.extend_from_slice(b"x\r\nQUIT\r\n");
    for _ in 0..3 {
        assert_eq!(lines.next(&mut input), Err(LineError::Endless { skipped }));
    }
    assert!(lines.finish(b"").is_err());
}

#[test]
fn a_bare_newline_never_makes_two_lines_of_one() {
    for (input, error) in [
        ("NOOP\nQUIT\r\nRSET\r\n", LineError::BareLf { at: 4 }),
        ("NOOP\rQUIT\r\nRSET\r\n", LineError::BareCr { at: 4 }),
        ("NOOP\r\r\nRSET\r\n", LineError::BareCr { at: 4 }),
        ("\nNOOP\r\nRSET\r\n", LineError::BareLf { at: 0 }),
        ("NO\0OP\r\nRSET\r\n", LineError::Nul { at: 2 }),
    ] {
        let (mut lines, mut input) = (Lines::new(LinePolicy::STRICT, 512), BytesMut::from(input));
        assert_eq!(lines.next(&mut input), Err(error));
        assert_eq!(lines.next(&mut input).unwrap().unwrap().text, "RSET", "the whole line is gone");
    }
}

#[test]
fn a_line_cut_short_by_the_end_is_no_line() {
    for cut in ["Q", "QUIT", "QUIT\r"] {
        let (mut lines, mut input) = (Lines::new(LinePolicy::STRICT, 512), BytesMut::from(cut));
        assert_eq!(lines.next(&mut input), Ok(None));
        assert_eq!(lines.finish(&input), Err(LineError::Eof { at: cut.len() }));
    }
    assert_eq!(Lines::new(LinePolicy::STRICT, 512).finish(b""), Ok(()));
}

/// Sequences that some receivers take for the end of data and others do not: how mail is smuggled.
const SMUGGLED: &[&str] = &[
    "\n.\n",
    "\n.\r\n",
    "\r\n.\n",
    "\r.\r",
    "\r\n.\r",
    "\r.\r\n",
    "\n.\r",
    "\r\r\n.\r\r\n",
    "\r\n.\r\r\n",
    "\r\n\0.\r\n",
    "\r\n.\0\r\n",
    "\r\n .\r\n",
    "\r\n. \r\n",
];

#[test]
fn nothing_but_crlf_dot_crlf_ends_data() {
    for sequence in SMUGGLED {
        let wire = format!("body{sequence}MAIL FROM:<evil>\r\n.\r\nQUIT\r\n");
        let (mut decoder, mut input, mut data) =
            (DotDecoder::new(BareNewline::Preserve), BytesMut::from(&wire[..]), Vec::new());
        while let Some(Run::Bytes(bytes)) = decoder.next(&mut input).unwrap() {
            data.extend_from_slice(&bytes);
        }
        assert_eq!(input, "QUIT\r\n", "{sequence:?}");
        assert!(data.ends_with(b"MAIL FROM:<evil>\r\n"), "{sequence:?} ends it");
    }
}

#[test]
fn under_reject_a_smuggling_newline_is_an_error_where_it_stands() {
    for (wire, error) in [
        ("a\n.\n", DotError::BareLf { at: 1 }),
        ("a\r\n.\nb", DotError::BareLf { at: 4 }),
        ("a\r\n.\r\r\nb", DotError::BareCr { at: 4 }),
        ("a\r.\r\n", DotError::BareCr { at: 1 }),
        ("\n.\r\n", DotError::BareLf { at: 0 }),
    ] {
        let (mut decoder, mut input) = (DotDecoder::new(BareNewline::Reject), BytesMut::from(wire));
        let found = loop {
            match decoder.next(&mut input) {
                Ok(Some(Run::Bytes(_))) => {}
                other => break other,
            }
        };
        assert_eq!(found, Err(error), "{wire:?}");
        assert_eq!(decoder.next(&mut input), Err(error), "it sticks");
        assert_eq!(decoder.finish(b""), Err(error));
    }
}

#[test]
fn who_reads_to_the_true_end_knows_how_many_newlines_were_bare() {
    let (mut decoder, mut input) =
        (DotDecoder::new(BareNewline::Preserve), BytesMut::from("a\nb\r\nc\rd\r\n\n.\r\n\r\n.\r\n"));
    while decoder.next(&mut input).unwrap() != Some(Run::End) {}
    assert_eq!((decoder.bare_newlines(), decoder.lines()), (3, 4));
}

#[test]
fn data_cut_short_by_the_end_is_no_data() {
    for cut in ["", "a", "a\r\n", "a\r\n.", "a\r\n.\r"] {
        let (mut decoder, mut input) = (DotDecoder::new(BareNewline::Reject), BytesMut::from(cut));
        while decoder.next(&mut input).unwrap().is_some() {}
        assert_eq!(decoder.finish(&input), Err(DotError::Eof { at: cut.len() as u64 }));
    }
    let (mut decoder, mut input) = (DotDecoder::new(BareNewline::Reject), BytesMut::from(".\r\nnext"));
    assert_eq!(decoder.next(&mut input), Ok(Some(Run::End)));
    assert_eq!((decoder.next(&mut input), decoder.finish(&input)), (Ok(None), Ok(())));
    assert_eq!(input, "next");
}

#[test]
fn a_bare_newline_to_send_is_misuse_and_nothing_of_the_piece_is_written() {
    for (pieces, at) in [
        (&["a\nb"][..], 1),
        (&["a\rb"], 1),
        (&["\n"], 0),
        (&["a\r\n.b\n"], 5),
        (&["a\r", "b"], 1),
        (&["a\r", "\r\n"], 1),
        (&["ab", "c\n"], 3),
    ] {
        let (mut encoder, mut output) = (DotEncoder::new(BareNewline::Reject), Output::new());
        let (last, before) = pieces.split_last().unwrap();
        before.iter().for_each(|piece| encoder.put(piece.as_bytes(), &mut output).unwrap());
        let written = output.len();
        assert_eq!(
            encoder.put(last.as_bytes(), &mut output),
            Err(EncodeError::BareNewline { at }),
            "{pieces:?}"
        );
        assert_eq!(output.len(), written);
    }
    let (mut encoder, mut output) = (DotEncoder::new(BareNewline::Reject), Output::new());
    encoder.put(b"a\r", &mut output).unwrap();
    assert_eq!(encoder.end(&mut output), Err(EncodeError::BareNewline { at: 1 }));
}

fn refused(wire: &str, policy: ReplyPolicy) -> ReplyError {
    let (mut parser, mut input) = (ReplyParser::new(policy), BytesMut::from(wire));
    let error = parser.next(&mut input).expect_err(wire);
    assert_eq!(parser.next(&mut input), Err(error), "it sticks");
    assert_eq!(parser.finish(b""), Err(error));
    assert_eq!(Reply::parse(wire.as_bytes(), &policy), Err(error));
    error
}

#[test]
fn what_is_no_reply_code_is_refused_where_it_goes_wrong() {
    for (wire, at) in [
        ("12\r\n", 2),
        ("12 text\r\n", 2),
        ("1234\r\n", 3),
        ("1234 text\r\n", 3),
        ("099 text\r\n", 0),
        ("600 text\r\n", 0),
        ("999\r\n", 0),
        ("abc text\r\n", 0),
        ("2x0 text\r\n", 1),
        ("250_text\r\n", 3),
        ("250\ttext\r\n", 3),
        ("\r\n", 0),
        ("-250 text\r\n", 0),
        ("250-one\r\ntwo\r\n250 three\r\n", 9),
        ("250-one\r\n25\r\n", 11),
    ] {
        assert_eq!(refused(wire, ReplyPolicy::default()), ReplyError::BadCode { at }, "{wire:?}");
    }
}

#[test]
fn codes_that_differ_inside_one_reply_are_refused() {
    let free = ReplyPolicy { continuation: Continuation::Free, ..ReplyPolicy::default() };
    let (first, seen) = (Code::new(250).unwrap(), Code::new(550).unwrap());
    for (wire, policy, at) in [
        ("250-one\r\n550 two\r\n", ReplyPolicy::default(), 9),
        ("250-one\r\n550-two\r\n", ReplyPolicy::default(), 9),
        ("250-one\r\n250-two\r\n550\r\n", ReplyPolicy::default(), 18),
        ("250-one\r\n550 two\r\n", free, 9),
    ] {
        assert_eq!(refused(wire, policy), ReplyError::Inconsistent { first, seen, at }, "{wire:?}");
    }
}

#[test]
fn replies_keep_to_their_limits() {
    let mut policy = ReplyPolicy::default();
    policy.limits.line = 100;
    policy.limits.total = 1000;
    policy.limits.lines = 20;
    assert_eq!(refused(&format!("250 {}", "x".repeat(96)), policy), LimitError::Line.into());
    assert_eq!(refused(&"250-x\r\n".repeat(20), policy), LimitError::Lines.into());
    assert_eq!(refused(&format!("250-{}\r\n", "x".repeat(94)).repeat(11), policy), LimitError::Reply.into());
    let endless = "250-spam\r\n".repeat(1 << 16);
    assert_eq!(refused(&endless, ReplyPolicy::default()), LimitError::Lines.into());
}

#[test]
fn control_bytes_in_a_reply_are_refused_where_they_stand() {
    for (wire, error) in [
        ("250 a\nb\r\n", ReplyError::BareLf { at: 5 }),
        ("250-a\r\n250 \rb\r\n", ReplyError::BareCr { at: 11 }),
        ("250 a\0\r\n", ReplyError::Nul { at: 5 }),
    ] {
        assert_eq!(refused(wire, ReplyPolicy::default()), error);
    }
}

#[test]
fn a_reply_cut_short_by_the_end_is_no_reply() {
    for cut in ["2", "250", "250 ok", "250 ok\r", "250-one\r\n", "250-one\r\n250 two"] {
        let (mut parser, mut input) = (ReplyParser::new(ReplyPolicy::default()), BytesMut::from(cut));
        assert_eq!(parser.next(&mut input), Ok(None));
        assert_eq!(parser.finish(&input), Err(ReplyError::Eof { at: cut.len() }));
    }
    assert_eq!(ReplyParser::new(ReplyPolicy::default()).finish(b""), Ok(()));
}

#[test]
fn nothing_can_be_smuggled_through_the_text_of_a_reply() {
    let (code, mut output) = (Code::new(250).unwrap(), Output::new());
    for (text, byte, at) in [("a\r\n550 no", b'\r', 1), ("\n", b'\n', 0), ("ab\0", 0, 2)] {
        let error = EncodeError::Text { byte, at };
        assert_eq!(Reply::new(code, text), Err(error));
        assert_eq!(code.put_line(text.as_bytes(), true, &mut output), Err(error));
    }
    assert_eq!(
        Reply::multi_line(code, Continuation::Coded, ["fine", "not\r"]).unwrap_err(),
        EncodeError::Text { byte: b'\r', at: 3 }
    );
    let none: [&str; 0] = [];
    assert_eq!(Reply::multi_line(code, Continuation::Coded, none), Err(EncodeError::NoLines));
    assert!(output.is_empty());
}

#[test]
fn a_free_line_can_not_end_the_reply_it_is_part_of() {
    let lines = ["start", "250 not the end", "250", "550 nor this", "end"];
    let reply = Reply::multi_line(Code::new(250).unwrap(), Continuation::Free, lines).unwrap();
    let shifted = ["start", " 250 not the end", " 250", " 550 nor this", "end"];
    assert!(reply.lines().eq(shifted.map(str::as_bytes)));
}

#[test]
fn limits_of_zero_refuse_everything_and_do_no_harm() {
    let mut lines = Lines::new(LinePolicy::STRICT, 0);
    let mut input = BytesMut::from("a\r\n");
    assert_eq!(lines.next(&mut input), Err(LimitError::Line.into()));
    assert_eq!(lines.next(&mut input), Err(LineError::Endless { skipped: 0 }));
    let mut policy = ReplyPolicy::default();
    (policy.limits.line, policy.limits.total, policy.limits.lines) = (0, 0, 0);
    assert_eq!(refused("250 x\r\n", policy), LimitError::Line.into());
}

//! Against naive references, and there and back: what is written reads the same, for any bytes and any cut.

use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;
use proto_core::{
    BareCr, BareLf, BareNewline, Code, Continuation, DotDecoder, DotEncoder, DotError, LineError, LinePolicy,
    Lines, Nul, Output, Reply, ReplyParser, ReplyPolicy, Run,
};

/// Bytes among which every neighbourhood that matters is likely.
fn tricky() -> impl Strategy<Value = Vec<u8>> {
    vec(
        prop_oneof![3 => Just(b'\r'), 4 => Just(b'\n'), 3 => Just(b'.'), 3 => Just(b'x'), 1 => Just(0)],
        0..300,
    )
}

/// Text with CRLF at its end, in lines of which many begin with dots.
fn crlf_text() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just(""),
        Just("."),
        Just(".."),
        Just("x."),
        Just(".x"),
        Just("a rather longer line of text")
    ];
    vec(line, 0..20)
        .prop_map(|lines| lines.iter().flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect())
}

fn policy() -> impl Strategy<Value = LinePolicy> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(lf, cr, nul)| LinePolicy {
        lf: if lf { BareLf::Accept } else { BareLf::Reject },
        cr: if cr { BareCr::Keep } else { BareCr::Reject },
        nul: if nul { Nul::Keep } else { Nul::Reject },
    })
}

/// What to do with one byte, knowing the next: the plainest reading of the rules. Stops at the first error.
fn naive_lines(input: &[u8], policy: LinePolicy) -> (Vec<Vec<u8>>, Option<LineError>) {
    let (mut lines, mut line, mut at) = (Vec::new(), Vec::new(), 0);
    while let Some(byte) = input.get(at) {
        match (byte, input.get(at + 1)) {
            (b'\r', None) => return (lines, None),
            (b'\r', Some(b'\n')) => (at, _) = (at + 1, lines.push(std::mem::take(&mut line))),
            (b'\r', _) if policy.cr == BareCr::Reject => {
                return (lines, Some(LineError::BareCr { at: line.len() }));
            }
            (b'\n', _) if policy.lf == BareLf::Reject => {
                return (lines, Some(LineError::BareLf { at: line.len() }));
            }
            (b'\n', _) => lines.push(std::mem::take(&mut line)),
            (0, _) if policy.nul == Nul::Reject => return (lines, Some(LineError::Nul { at: line.len() })),
            _ => line.push(*byte),
        }
        at += 1;
    }
    (lines, None)
}

/// The data before CRLF `.` CRLF with dots at line starts removed, and what is behind it. `None`: it has no end.
fn naive_unstuff(wire: &[u8]) -> Option<(Vec<u8>, &[u8])> {
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

fn first_bare(data: &[u8]) -> Option<usize> {
    (0..data.len()).find(|&at| match data[at] {
        b'\n' => at == 0 || data[at - 1] != b'\r',
        b'\r' => data.get(at + 1).is_some_and(|next| *next != b'\n'),
        _ => false,
    })
}

/// Feeds `wire` in pieces of the given sizes and collects the data.
fn unstuff(wire: &[u8], sizes: &[usize], bare: BareNewline) -> (Vec<u8>, Result<bool, DotError>, BytesMut) {
    let (mut decoder, mut data, mut buffer) = (DotDecoder::new(bare), Vec::new(), BytesMut::new());
    let mut rest = wire;
    let mut sizes = sizes.iter().copied().cycle();
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(sizes.next().unwrap_or(1).clamp(1, rest.len()));
        buffer.extend_from_slice(piece);
        rest = behind;
        loop {
            match decoder.next(&mut buffer) {
                Ok(Some(Run::Bytes(bytes))) => data.extend_from_slice(&bytes),
                Ok(Some(Run::End)) => {
                    buffer.extend_from_slice(rest);
                    return (data, Ok(true), buffer);
                }
                Ok(None) => break,
                Err(error) => return (data, Err(error), buffer),
            }
        }
    }
    (data, Ok(false), buffer)
}

fn stuff(data: &[u8], sizes: &[usize], bare: BareNewline) -> Vec<u8> {
    let (mut encoder, mut output) = (DotEncoder::new(bare), Output::new());
    let (mut rest, mut sizes) = (data, sizes.iter().copied().cycle());
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(sizes.next().unwrap_or(1).clamp(1, rest.len()));
        encoder.push(Bytes::copy_from_slice(piece), &mut output).unwrap();
        rest = behind;
    }
    encoder.end(&mut output).unwrap();
    output.slices().flatten().copied().collect()
}

fn normalized(data: &[u8]) -> Vec<u8> {
    let mut normal = Vec::new();
    for (at, byte) in data.iter().enumerate() {
        match byte {
            b'\r' => normal.extend_from_slice(b"\r\n"),
            b'\n' if at > 0 && data[at - 1] == b'\r' => {}
            b'\n' => normal.extend_from_slice(b"\r\n"),
            byte => normal.push(*byte),
        }
    }
    normal
}

fn reply_line() -> impl Strategy<Value = Vec<u8>> {
    let text = vec(any::<u8>().prop_filter("text", |byte| !b"\0\r\n".contains(byte)), 0..30);
    prop_oneof![4 => text, 1 => Just(b"250 x".to_vec()), 1 => Just(b"250-".to_vec()), 1 => Just(b"226".to_vec())]
}

proptest! {
    // Vectors are slow where nothing is optimised; the fuzzers do the long runs.
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn lines_are_those_of_the_naive_reading(input in tricky(), policy in policy()) {
        let (naive, naive_error) = naive_lines(&input, policy);
        let (mut lines, mut buffer) = (Lines::new(policy, 1000), BytesMut::from(&input[..]));
        for line in naive {
            prop_assert_eq!(lines.next(&mut buffer).unwrap().unwrap().text, line);
        }
        prop_assert_eq!(lines.next(&mut buffer), naive_error.map_or(Ok(None), Err));
    }

    #[test]
    fn data_is_that_of_the_naive_reading(wire in tricky(), sizes in vec(1..90_usize, 1..9)) {
        let (data, end, rest) = unstuff(&wire, &sizes, BareNewline::Preserve);
        match naive_unstuff(&wire) {
            Some((naive, behind)) => {
                prop_assert_eq!((data, end, &rest[..]), (naive, Ok(true), behind));
            }
            None => prop_assert_eq!(end, Ok(false)),
        }
    }

    #[test]
    fn a_bare_newline_is_seen_where_it_stands(wire in tricky(), sizes in vec(1..90_usize, 1..9)) {
        let until = naive_unstuff(&wire).map_or(wire.len(), |(_, behind)| wire.len() - behind.len());
        let error = match first_bare(&wire[..until]) {
            Some(at) if wire[at] == b'\n' => Some(DotError::BareLf { at: at as u64 }),
            Some(at) => Some(DotError::BareCr { at: at as u64 }),
            None => None,
        };
        prop_assert_eq!(unstuff(&wire, &sizes, BareNewline::Reject).1.err(), error);
    }

    #[test]
    fn normalized_data_is_the_same_but_for_its_newlines(wire in tricky(), sizes in vec(1..90_usize, 1..9)) {
        if let Some((naive, _)) = naive_unstuff(&wire) {
            prop_assert_eq!(unstuff(&wire, &sizes, BareNewline::Normalize).0, normalized(&naive));
        }
    }

    #[test]
    fn text_survives_stuffing(text in crlf_text(), cut in vec(1..200_usize, 1..9), again in vec(1..200_usize, 1..9)) {
        let wire = stuff(&text, &cut, BareNewline::Reject);
        prop_assert_eq!(unstuff(&wire, &again, BareNewline::Reject), (text, Ok(true), BytesMut::new()));
    }

    #[test]
    fn any_bytes_survive_stuffing(bytes in tricky(), cut in vec(1..90_usize, 1..9), again in vec(1..90_usize, 1..9)) {
        let wire = stuff(&bytes, &cut, BareNewline::Preserve);
        let (data, end, rest) = unstuff(&wire, &again, BareNewline::Preserve);
        let supplied: &[u8] = if bytes.is_empty() || bytes.ends_with(b"\r\n") { b"" } else { b"\r\n" };
        prop_assert_eq!((data, end, rest), ([&bytes[..], supplied].concat(), Ok(true), BytesMut::new()));
    }

    #[test]
    fn what_is_sent_normalized_is_never_refused(bytes in tricky(), cut in vec(1..90_usize, 1..9)) {
        let wire = stuff(&bytes, &cut, BareNewline::Normalize);
        let (data, end, _) = unstuff(&wire, &[1000], BareNewline::Reject);
        let mut wanted = normalized(&bytes);
        if !wanted.is_empty() && !wanted.ends_with(b"\r\n") {
            wanted.extend_from_slice(b"\r\n");
        }
        prop_assert_eq!((data, end), (wanted, Ok(true)));
    }

    #[test]
    fn stuffing_what_was_unstuffed_gives_the_same_wire(text in crlf_text()) {
        let wire = stuff(&text, &[1000], BareNewline::Reject);
        let data = unstuff(&wire, &[1000], BareNewline::Reject).0;
        prop_assert_eq!(stuff(&data, &[7], BareNewline::Reject), wire);
    }

    #[test]
    fn replies_survive(code in 100..600_u16, lines in vec(reply_line(), 1..9), free in any::<bool>()) {
        let continuation = if free { Continuation::Free } else { Continuation::Coded };
        let policy = ReplyPolicy { continuation, ..ReplyPolicy::default() };
        let reply = Reply::multi_line(Code::new(code).unwrap(), continuation, &lines).unwrap();
        prop_assert_eq!(reply.line_count(), lines.len());
        if !free {
            prop_assert!(reply.lines().eq(lines.iter().map(|line| &line[..])));
        }
        let mut output = Output::new();
        reply.encode(&mut output);
        let wire: Vec<u8> = output.slices().flatten().copied().collect();
        prop_assert_eq!(Reply::parse(&wire, &policy), Ok(Some((reply.clone(), wire.len()))));
        let mut input = BytesMut::from(&wire[..]);
        prop_assert_eq!(ReplyParser::new(policy).next(&mut input), Ok(Some(reply)));
        prop_assert!(input.is_empty());
    }

    #[test]
    fn what_is_read_with_leniency_is_written_strictly(
        lines in vec(vec(prop_oneof![Just(b'a'), Just(b'\r'), Just(0)], 0..9), 1..4),
    ) {
        let line = LinePolicy { lf: BareLf::Accept, cr: BareCr::Keep, nul: Nul::Keep };
        let policy = ReplyPolicy { line, ..ReplyPolicy::default() };
        let last = lines.len() - 1;
        let wire: Vec<u8> = lines.iter().enumerate().flat_map(|(at, text)| {
            [if at == last { b"250 " } else { b"250-" }, &text[..], b"\n"].concat()
        }).collect();
        let (reply, _) = Reply::parse(&wire, &policy).unwrap().unwrap();
        let mut output = Output::new();
        reply.encode(&mut output);
        let strict: Vec<u8> = output.slices().flatten().copied().collect();
        let again = Reply::parse(&strict, &ReplyPolicy::default()).unwrap().unwrap().0;
        prop_assert_eq!(again.line_count(), reply.line_count());
    }
}

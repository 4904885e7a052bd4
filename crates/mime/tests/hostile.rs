//! One test per class of bad input, each with the answer it gets; and attacks, which cost no more than their size.

#[path = "support/bombs.rs"]
mod bombs;

use std::process::Command;

use bombs::BOMBS;
use bytes::BytesMut;
use mime::{DefectKind as K, Event, Limits, Message, PartKind, Reader};

/// Type and body of each leaf, and the defects by kind and offset.
type Read = (Vec<(String, String)>, Vec<(K, u64)>);

fn read(raw: &str) -> Read {
    let message = Message::parse(raw.as_bytes());
    let leaves = message.parts().filter(|part| !part.has_children());
    let leaves = leaves.map(|part| {
        let kind = part.content_type();
        let body = String::from_utf8_lossy(part.body()).into_owned();
        (format!("{}/{}", kind.top(), kind.subtype()), body)
    });
    (leaves.collect(), message.inspect().iter().map(|defect| (defect.kind, defect.offset)).collect())
}

fn assert_read(raw: &str, leaves: &[(&str, &str)], defects: &[(K, u64)]) {
    let (own, wrong) = read(raw);
    let own: Vec<_> = own.iter().map(|(kind, body)| (&**kind, &**body)).collect();
    assert_eq!(own, leaves, "{raw:?}");
    assert_eq!(wrong, defects, "{raw:?}");
}

const MIXED: &str = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";

fn mixed(body: &str) -> String {
    format!("{MIXED}{body}")
}

#[test]
fn a_delimiter_is_a_line_of_its_own_and_the_line_end_before_belongs_to_it() {
    for line in ["--b", "--b ", "--b\t \t"] {
        assert_read(
            &mixed(&format!("{line}\r\n\r\none\r\n\r\n{line}\r\n\r\ntwo\r\n--b--\r\n")),
            &[("text/plain", "one\r\n"), ("text/plain", "two")],
            &[],
        );
    }
    for line in ["--bc", "--b x", " --b", "-b", "--B", "--b-", "--b--x", "x--b"] {
        let body = format!("one\r\n{line}\r\ntwo");
        assert_read(&mixed(&format!("--b\r\n\r\n{body}\r\n--b--\r\n")), &[("text/plain", &body)], &[]);
    }
    assert_read(&mixed("--b\n\na\r\n--b\r\n\nb\n--b--\n"), &[("text/plain", "a"), ("text/plain", "b")], &[]);
}

#[test]
fn the_innermost_delimiter_comes_first_and_an_outer_one_closes_what_is_within() {
    let inner = "Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\none\r\n";
    assert_read(
        &mixed(&format!("--b\r\n{inner}--b\r\n\r\ntwo\r\n--b--\r\n")),
        &[("text/plain", "one"), ("text/plain", "two")],
        &[(K::NotClosed, 105)],
    );
    // The same boundary twice: the inner one's until it is closed.
    let inner = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b--\r\n";
    assert_read(
        &mixed(&format!("--b\r\n{inner}--b\r\n\r\ntwo\r\n--b--\r\n")),
        &[("text/plain", "one"), ("text/plain", "two")],
        &[],
    );
}

#[test]
fn a_multipart_without_delimiters_is_a_leaf_of_its_type() {
    assert_read(&mixed("text\r\n"), &[("multipart/mixed", "text\r\n")], &[(K::NoDelimiter, 51)]);
    assert_read(
        &mixed("--b--\r\ntext\r\n"),
        &[("multipart/mixed", "--b--\r\ntext\r\n")],
        &[(K::NoDelimiter, 58)],
    );
    assert_read(&mixed("--b\r\n\r\ntext\r\n"), &[("text/plain", "text\r\n")], &[(K::NotClosed, 58)]);
    for value in ["multipart/mixed", "multipart/mixed; boundary=\"\"", "multipart/mixed; boundary=\" \""] {
        let raw = format!("Content-Type: {value}\r\n\r\n--\r\n\r\ntext\r\n");
        assert_read(&raw, &[("multipart/mixed", "--\r\n\r\ntext\r\n")], &[(K::NoBoundary, 14)]);
    }
}

#[test]
fn lines_of_a_header_are_kept_whatever_they_are() {
    let raw =
        "From: a@b\r\nno colon\r\n\u{e9}: name\r\n: nothing\r\nSubject : spaced\r\nTo: c@d\r\n\r\nbody\r\n";
    assert_read(
        raw,
        &[("text/plain", "body\r\n")],
        &[(K::NoColon, 11), (K::FieldName, 21), (K::NoColon, 31)],
    );
    let message = Message::parse(raw.as_bytes());
    let fields: Vec<_> = message.headers().iter().map(|field| (field.name(), field.raw().len())).collect();
    assert_eq!(fields, [("From", 11), ("", 10), ("", 10), ("", 11), ("Subject", 18), ("To", 9)]);
    assert_eq!(message.subject().as_deref(), Some("spaced"));
    let all: Vec<u8> = message.headers().iter().flat_map(|field| field.raw().to_vec()).collect();
    assert_eq!(all, message.headers().raw());
}

#[test]
fn a_header_that_does_not_end_in_a_blank_line() {
    assert_read("Subject: a\r\n", &[("text/plain", "")], &[(K::NoBlankLine, 12)]);
    assert_read("Subject: a", &[("text/plain", "")], &[(K::NoBlankLine, 10), (K::NoFinalLineEnd, 10)]);
    // What can't be a header is body.
    assert_read("Subject: a\r\njust text\r\n", &[("text/plain", "just text\r\n")], &[(K::NoBlankLine, 12)]);
    assert_read(
        "just text\r\n\r\nmore\r\n",
        &[("text/plain", "just text\r\n\r\nmore\r\n")],
        &[(K::NoBlankLine, 0)],
    );
    assert_read(
        &mixed("--b\r\nContent-Type: text/html\r\n--b\r\ntext\r\n--b\r\n--b--\r\n"),
        &[("text/html", ""), ("text/plain", "text"), ("text/plain", "")],
        &[(K::NoBlankLine, 75), (K::NoBlankLine, 80)],
    );
}

#[test]
fn nul_bare_cr_and_a_missing_line_end_are_kept_and_named() {
    assert_read(
        "Subject: a\0b\rc\r\n\r\nx\0\ry",
        &[("text/plain", "x\0\ry")],
        &[(K::Nul, 10), (K::BareCr, 12), (K::Nul, 19), (K::BareCr, 20), (K::NoFinalLineEnd, 22)],
    );
    assert_eq!(Message::parse(b"Subject: a\0b\rc\r\n\r\n").subject().as_deref(), Some("a\0b\rc"));
}

#[test]
fn of_fields_that_may_be_there_once_the_first_counts() {
    let raw = "From: a@b\r\nFrom: c@d\r\nContent-Type: text/html\r\nContent-Type: text/plain\r\n\r\n";
    assert_read(raw, &[("text/html", "")], &[(K::DuplicateSingleton, 11), (K::DuplicateSingleton, 47)]);
    let message = Message::parse(raw.as_bytes());
    assert_eq!(message.from().first().unwrap().local, "a");
    assert_eq!(message.headers().all("from").count(), 2);
    let raw = "Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n--a\r\n\r\nx\r\n--b\r\n--a--\r\n";
    assert_read(raw, &[("text/plain", "x\r\n--b")], &[(K::DuplicateParameter, 43)]);
}

#[test]
fn a_type_that_is_none_is_text_or_in_a_digest_a_message() {
    for (value, defects) in
        [("text", &[(K::MediaType, 14)][..]), ("", &[(K::MediaType, 14)]), ("a/b/c", &[(K::Parameter, 17)])]
    {
        let raw = format!("Content-Type: {value}\r\n\r\nx\r\n");
        let kind = if value == "a/b/c" { "a/b" } else { "text/plain" };
        assert_read(&raw, &[(kind, "x\r\n")], defects);
    }
    let raw = "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\nContent-Type: x\r\n\r\nSubject: a\r\n\r\nin\r\n--b--\r\n";
    assert_read(raw, &[("text/plain", "in")], &[(K::MediaType, 65)]);
}

#[test]
fn an_unknown_coding_leaves_the_body_and_the_type_alone() {
    let raw = "Content-Type: text/html\r\nContent-Transfer-Encoding: x-yenc\r\n\r\n=41\r\n";
    assert_read(raw, &[("text/html", "=41\r\n")], &[(K::TransferCoding, 52)]);
    assert_eq!(Message::parse(raw.as_bytes()).root().decoded(), &b"=41\r\n"[..]);
}

#[test]
fn a_coded_multipart_is_read_by_its_delimiters_and_a_coded_message_is_a_leaf() {
    let coded = |kind: &str, body: &str| {
        format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}")
    };
    let raw = coded("multipart/mixed; boundary=b", "--b\r\n\r\nQQ==\r\n--b--\r\n");
    assert_read(&raw, &[("text/plain", "QQ==")], &[(K::EncodedComposite, 70)]);
    let raw = coded("message/rfc822", "U3ViamVjdDogYQ0KDQo=\r\n");
    assert_read(&raw, &[("message/rfc822", "U3ViamVjdDogYQ0KDQo=\r\n")], &[(K::EncodedComposite, 57)]);
    let message = Message::parse(raw.as_bytes());
    let decoded = message.root().decoded();
    assert_eq!(message.root().coded_message(&decoded).unwrap().subject().as_deref(), Some("a"));
}

#[test]
fn messages_coded_within_each_other_have_a_limit() {
    let mut raw = b"Subject: innermost\r\n\r\n".to_vec();
    for _ in 0..5 {
        let text = mime::base64::encode(&raw);
        raw =
            [b"Content-Type: message/global\r\nContent-Transfer-Encoding: base64\r\n\r\n".as_slice(), &text]
                .concat();
    }
    let mut limits = Limits::DEFAULT;
    let mut depth = 0;
    loop {
        let message = Message::parse_with(&raw, &limits);
        let decoded = message.root().decoded().into_owned();
        if message.root().coded_message(&decoded).is_none() {
            break;
        }
        limits.nested_encoding -= 1;
        (raw, depth) = (decoded, depth + 1);
    }
    assert_eq!(depth, 3);
}

#[test]
fn damaged_codings_are_decoded_as_far_as_they_go() {
    let body = |coding: &str, body: &str| {
        let raw = format!("Content-Transfer-Encoding: {coding}\r\n\r\n{body}");
        let message = Message::parse(raw.as_bytes());
        let wrong: Vec<_> = message.inspect().iter().map(|defect| (defect.kind, defect.offset)).collect();
        (String::from_utf8_lossy(&message.root().decoded()).into_owned(), wrong)
    };
    let base64 = |text| body("base64", text);
    assert_eq!(base64("QU*JD\r\n"), ("ABC".into(), vec![(K::Base64Junk, 39)]));
    assert_eq!(base64("QUI\r\n"), ("AB".into(), vec![(K::Base64Padding, 42)]));
    assert_eq!(base64("QUI=QUI=\r\n").0, "ABAB");
    let qp = |text| body("quoted-printable", text);
    assert_eq!(qp("a=4x=\r\nb=\r\n"), ("a=4xb".into(), vec![(K::QuotedPrintable, 48)]));
    assert_eq!(qp("a= \r\nb \r\n").0, "ab \r\n");
    assert_eq!(qp("a\rb\r\n"), ("a\rb\r\n".into(), vec![(K::BareCr, 48)]));
    assert_eq!(base64("QU\rJD\r\n\r\r\n"), ("ABC".into(), vec![(K::BareCr, 39), (K::BareCr, 44)]));
}

#[test]
fn what_2045_forbids_in_a_field_is_overlooked_and_named() {
    let wrong = |field: &str| {
        let raw = format!("{field}\r\n\r\nQQ==\r\n");
        let message = Message::parse(raw.as_bytes());
        let wrong: Vec<_> = message.inspect().iter().map(|defect| (defect.kind, defect.offset)).collect();
        (String::from_utf8_lossy(&message.root().decoded()).into_owned(), wrong)
    };
    for coding in ["base64;", "\"base64\"", "base64, 7bit"] {
        let field = format!("Content-Transfer-Encoding: {coding}");
        assert_eq!(wrong(&field), ("A".into(), vec![(K::TransferCoding, 27)]), "{coding}");
    }
    assert_eq!(wrong("Content-Type: text/plain charset=utf-8").1, [(K::Parameter, 25)]);
    assert_eq!(wrong("Content-Type: text/plain (a) ; charset=utf-8").1, []);
    assert_eq!(wrong("Content-Disposition: attachment filename=a").1, [(K::Parameter, 32)]);
}

/// RFC 2231: what a multipart says its boundary is, and what its parts are found by, is one and the same.
#[test]
fn of_two_boundaries_the_extended_one_separates() {
    for (parameters, text, defect) in [
        ("boundary=a; boundary*=utf-8''b", "2", Some((K::DuplicateParameter, 31))),
        ("boundary*0=b; boundary=a", "2", Some((K::DuplicateParameter, 45))),
        ("boundary*1=b; boundary=a", "1", Some((K::ParameterGap, 31))),
        ("boundary*=utf-8''b", "2", None),
        ("boundary*0=\"\"; boundary*1*=%62", "2", None),
    ] {
        let raw = format!(
            "Content-Type: multipart/mixed; {parameters}\r\n\r\n--a\r\n\r\n1\r\n--a--\r\n--b\r\n\r\n2\r\n--b--\r\n"
        );
        assert_read(&raw, &[("text/plain", text)], defect.as_slice());
    }
}

/// Found by fuzzing: in a value U+FEFF is a character; only in front of a body it is a byte order mark.
#[test]
fn a_byte_order_mark_is_text_in_a_value_and_none_in_a_body() {
    let text = "\u{feff}a";
    let mut out = Vec::new();
    mime::word::write_text(text, &mut out, 0).unwrap();
    assert_eq!(mime::word::decode(&out), text);
    let kind = mime::MediaType::TEXT_PLAIN.with("name", text).unwrap();
    assert_eq!(mime::MediaType::parse(kind.to_string().as_bytes()), Some(kind));
    let raw =
        format!("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}");
    assert_eq!(Message::parse(raw.as_bytes()).root().text(), "a");
}

/// Found by fuzzing: a run of junk that line ends interrupt was one defect in whole and two in pieces.
#[test]
fn a_run_of_junk_is_one_defect_however_it_is_cut() {
    let text = b"\xF0\n\n\x99\r\n\r\n*\r\n";
    let mut whole = Vec::new();
    assert_eq!(mime::base64::decode(text, &mut whole), b"");
    assert_eq!(
        whole.iter().map(|defect| (defect.kind, defect.offset)).collect::<Vec<_>>(),
        [(K::Base64Junk, 0)]
    );
    for size in 1..text.len() {
        let (mut decoder, mut out) = (mime::Base64Decoder::new(), Vec::new());
        text.chunks(size).for_each(|piece| decoder.push(piece, &mut out));
        decoder.finish(&mut out);
        assert_eq!((out, decoder.take_defects()), (vec![], whole.clone()), "{size}");
    }
}

#[test]
fn each_part_has_its_own_defects_and_all_have_them_in_the_order_they_were_met() {
    let raw = "Content-Type: multipart/mixed; boundary=b\r\nno colon\r\n\r\n--b\r\nX: y\r\nnor here\r\n\r\n\r\n--b\r\n\r\nlast\r\n";
    let message = Message::parse(raw.as_bytes());
    let of =
        |part: mime::Part<'_>| part.defects().map(|defect| (defect.kind, defect.offset)).collect::<Vec<_>>();
    let [root, one, two] = [0, 1, 2].map(|index| of(message.part(index).unwrap()));
    assert_eq!(root, [(K::NoColon, 43), (K::NotClosed, 93)]);
    assert_eq!((one, two), (vec![(K::NoColon, 66)], vec![]));
    let all: Vec<_> = message.defects().map(|defect| defect.offset).collect();
    assert_eq!(all, [43, 66, 93]);
}

#[test]
fn a_wrong_or_unknown_charset_shows_replacements() {
    for (charset, kind) in [("utf-8", K::CharsetBytes), ("x-none", K::Charset), ("us-ascii", K::CharsetBytes)]
    {
        let raw = [
            format!("Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
                .as_bytes(),
            b"a\xE9\r\n",
        ]
        .concat();
        let message = Message::parse(&raw);
        assert_eq!(message.root().text(), "a\u{FFFD}\r\n");
        assert_eq!(
            message.inspect().iter().map(|defect| defect.kind).collect::<Vec<_>>(),
            [kind],
            "{charset}"
        );
    }
}

#[test]
fn strict_takes_the_first_defect_for_an_error() {
    let limits = Limits::DEFAULT;
    let wrong = |raw: &str| {
        Message::parse_strict(raw.as_bytes(), &limits)
            .map(|_| ())
            .map_err(|defect| (defect.kind, defect.offset))
    };
    assert_eq!(wrong("Subject: a\r\n\r\nb\r\n"), Ok(()));
    assert_eq!(wrong("Subject: =?x\r\nx\r\n\r\nb\0\r\n"), Err((K::Word, 9)));
    let mut reader = Reader::new().strict();
    let mut input = BytesMut::from("x\r\nSubject: a\r\n\r\n");
    let mut last = Ok(None);
    for _ in 0..9 {
        last = reader.receive_eof(&mut input);
        if last.is_err() {
            break;
        }
    }
    assert_eq!(last.map_err(|defect| defect.kind), Err(K::NoColon));
    assert_eq!(
        reader.receive_eof(&mut input).map_err(|defect| defect.kind),
        Err(K::NoColon),
        "and it stays so"
    );
}

#[test]
fn beyond_a_limit_the_rest_is_kept_unread() {
    let within = |limits: Limits, raw: &str| {
        let message = Message::parse_with(raw.as_bytes(), &limits);
        let shape: Vec<_> = message.parts().map(|part| (part.kind(), part.body().len())).collect();
        let wrong: Vec<_> = message.defects().map(|defect| (defect.kind, defect.offset)).collect();
        (shape, wrong)
    };
    let raw = mixed("--b\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b\r\n\r\n3\r\n--b--\r\n");
    let (shape, wrong) = within(Limits { parts: 2, ..Limits::DEFAULT }, &raw);
    assert_eq!(shape, [(PartKind::Multipart, 37), (PartKind::Leaf, 1), (PartKind::Leaf, 22)]);
    assert_eq!(wrong, [(K::Parts, 60), (K::NotClosed, 82)]);
    let (shape, wrong) = within(Limits { depth: 1, ..Limits::DEFAULT }, &raw);
    assert_eq!((shape.len(), wrong), (1, vec![(K::Depth, 0)]));
    let (shape, wrong) =
        within(Limits { header_block: 20, ..Limits::DEFAULT }, "Subject: a\r\nTo: b@c, d@e\r\n\r\nx\r\n");
    assert_eq!((shape, wrong), (vec![(PartKind::Leaf, 19)], vec![(K::HeaderBlock, 12)]));
    let (shape, wrong) =
        within(Limits { headers: 1, ..Limits::DEFAULT }, "Subject: a\r\nTo: b@c\r\n d\r\n\r\nx\r\n");
    assert_eq!((shape, wrong), (vec![(PartKind::Leaf, 3)], vec![(K::Headers, 12)]));
    let (shape, wrong) = within(Limits { boundary: 3, ..Limits::DEFAULT }, &raw.replace("=b", "=bbbb"));
    assert_eq!((shape.len(), wrong), (1, vec![(K::LongBoundary, 14)]));
}

/// All there is to do with a message.
fn work(raw: &[u8]) {
    let message = Message::parse(raw);
    let (mut chars, mut bodies) = (0, message.bodies());
    bodies.text.clear();
    for part in message.parts() {
        chars += if part.has_children() { 0 } else { part.text().len() };
        chars += part.filename().map_or(0, |name| name.len());
        chars += part.headers().iter().map(|field| field.text().len() + field.name().len()).sum::<usize>();
    }
    let wrong = message.inspect();
    let mut input = BytesMut::new();
    let mut reader = Reader::decoding();
    for piece in raw.chunks(61) {
        input.extend_from_slice(piece);
        while let Ok(Some(event)) = reader.receive(&mut input) {
            chars += event.bytes().len();
        }
    }
    while let Ok(Some(event)) = reader.receive_eof(&mut input) {
        chars += usize::from(event == Event::End);
    }
    assert!(chars < 12 * raw.len() + 10_000 && wrong.len() < raw.len() + 10, "{chars} {}", wrong.len());
}

/// In the square of this nothing would ever end.
#[test]
fn every_attack_is_survived() {
    for (_, bomb) in BOMBS {
        work(&bomb(60_000));
    }
}

/// A function of its own, for callgrind to count what is done in it.
#[inline(never)]
fn attack(bomb: &[u8]) {
    work(bomb);
}

/// The second has to cost no more than twice the first.
const SIZES: [usize; 2] = [50_000, 100_000];

#[test]
#[ignore = "what `twice_the_attack_is_twice_the_work` counts"]
fn all_attacks() {
    for (_, bomb) in BOMBS {
        SIZES.iter().for_each(|size| attack(&bomb(*size)));
    }
}

/// Instructions of each [`attack`] in turn: callgrind writes a file whenever one is over.
fn instructions() -> Vec<f64> {
    let folder = std::env::temp_dir().join(format!("mime-attacks-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let counted = Command::new("valgrind")
        .args(["--tool=callgrind", "--toggle-collect=hostile::attack", "--dump-after=hostile::attack"])
        .arg(format!("--callgrind-out-file={}/out", folder.display()))
        .arg(std::env::current_exe().expect("this test"))
        .args(["--exact", "all_attacks", "--ignored", "--test-threads=1"])
        .output()
        .expect("valgrind runs");
    assert!(counted.status.success(), "{}", String::from_utf8_lossy(&counted.stderr));
    let counts = (1..=SIZES.len() * BOMBS.len()).map(|nth| {
        let file = std::fs::read_to_string(folder.join(format!("out.{nth}"))).expect("what was counted");
        let (_, totals) = file.rsplit_once("\ntotals: ").expect("totals");
        totals.trim().parse().expect("a number")
    });
    let counts = counts.collect();
    std::fs::remove_dir_all(&folder).expect("it was there");
    counts
}

/// In a release build it takes seconds. A buffer that grows moves each byte once more now and then: that is no slope.
#[test]
#[ignore = "needs valgrind; .ci/run attacks"]
fn twice_the_attack_is_twice_the_work() {
    let moved = SIZES[1] as f64 / 4.0;
    for ((name, _), [one, two]) in BOMBS.iter().zip(instructions().as_chunks().0) {
        println!("{name}: {:.0} a byte, {:.2} times", two / SIZES[1] as f64, two / one);
        assert!(*two <= 2.1 * one + moved, "{name}: {one} for the half, {two} for the whole");
    }
}

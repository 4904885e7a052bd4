//! What this crate writes, this crate reads as the same; the RFCs' own examples of codings, forms, reports and flowed text;
//! and hostile input to each of them, with the answer it gets.

use bytes::BytesMut;
use mime::builder::{Attachment, Part, Piece, type_of_name};
use mime::report::{Action, DeliveryStatus, Original};
use mime::{
    Base64Decoder, Base64Encoder, Builder, DateTime, DefectKind, Editor, MediaType, Message, PartKind,
    QpDecoder, TransferEncoding, base64, flowed, form, mbox, quoted_printable,
};
use proptest::prelude::*;

const RANDOM: &[u8] = b"0123456789ab";

#[test]
fn a_letter_is_read_as_it_was_built() {
    let date = DateTime::parse(b"Fri, 21 Nov 1997 09:55:06 -0600").unwrap();
    let raw = Builder::new()
        .date(date)
        .from(("Zoë", "zoe@example.org"))
        .unwrap()
        .to(("Doe, \"J\" \\ John", "\"a b\"@example.org"))
        .unwrap()
        .to_group("Nobody", &[])
        .unwrap()
        .cc("c@[127.0.0.1]")
        .unwrap()
        .message_id("1@example.org")
        .unwrap()
        .references("0@example.org")
        .unwrap()
        .references("1@example.org")
        .unwrap()
        .subject("Grüße")
        .unwrap()
        .text("one\ntwo")
        .html("<img src=cid:i@x>")
        .attach(Attachment::inline("i@x", "i.png", type_of_name("i.png"), &b"\x89"[..]).unwrap())
        .attach(Attachment::new("ä.bin", MediaType::OCTETS, &b"\0\r"[..]).unwrap())
        .build(RANDOM)
        .to_vec();
    let message = Message::parse(&raw);
    assert_eq!(message.inspect(), []);
    assert_eq!((message.date(), message.subject().as_deref()), (Some(date), Some("Grüße")));
    let to = message.to();
    let to: Vec<_> = to.mailboxes().collect();
    assert_eq!((to[0].name.as_deref(), &*to[0].local), (Some("Doe, \"J\" \\ John"), "a b"));
    assert_eq!(message.cc().first().unwrap().address(), "c@[127.0.0.1]");
    let kinds: Vec<_> = message.parts().map(|part| part.content_type().to_string()).collect();
    let kinds: Vec<_> = kinds.iter().map(|kind| kind.split(';').next().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "multipart/mixed",
            "multipart/alternative",
            "text/plain",
            "multipart/related",
            "text/html",
            "image/png",
            "application/octet-stream"
        ]
    );
    assert_eq!(message.part(2).unwrap().text(), "one\r\ntwo");
    assert_eq!(message.part_with_id("i@x").unwrap().decoded(), &b"\x89"[..]);
    assert_eq!(message.part(6).unwrap().filename().as_deref(), Some("ä.bin"));
    assert_eq!(Editor::new(&raw).to_vec(), raw);
}

#[test]
fn the_least_coding_that_will_do_is_taken() {
    let coding = |content: &[u8], top: &'static str| {
        let part = Part::new(MediaType::new(top, "x").unwrap(), content.to_vec());
        let raw = Builder::new().body(Part::multipart("mixed", vec![part])).build(RANDOM).to_vec();
        let message = Message::parse(&raw);
        assert_eq!(message.part(1).unwrap().decoded(), content);
        message.part(1).unwrap().encoding()
    };
    use TransferEncoding::{Base64, QuotedPrintable, SevenBit};
    for (content, top, expected) in [
        (&b"plain\r\n"[..], "text", SevenBit),
        (b"", "text", SevenBit),
        (b"plain\r\n", "application", SevenBit),
        (b"a few \xC3\xA9 in a long text, then", "text", QuotedPrintable),
        (b"a few \xC3\xA9 in a long text, then", "application", Base64),
        (b"\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", "text", Base64),
        (b"lf\n", "text", Base64),
        (b"cr\r", "text", Base64),
        (b"nul\0", "application", Base64),
        (&[b'x'; 998], "text", SevenBit),
        (&[b'x'; 999], "text", QuotedPrintable),
        (&[b'x'; 999], "application", Base64),
    ] {
        assert_eq!(coding(content, top), expected, "{:?}", content.escape_ascii().to_string());
    }
    let raw =
        Builder::new().eight_bit().text("é\n").attach_message("A: \u{e9}\r\n\r\n").build(RANDOM).to_vec();
    let message = Message::parse(&raw);
    let codings: Vec<_> = message.parts().map(|part| part.encoding()).collect();
    assert_eq!(codings[..3], [TransferEncoding::EightBit; 3]);
}

#[test]
fn a_streamed_attachment_is_written_by_the_caller() {
    let streamed = Attachment::streamed("big.bin", MediaType::OCTETS).unwrap();
    let built = Builder::new().text("x").attach(streamed).build(RANDOM);
    let mut raw = Vec::new();
    for piece in built.into_pieces() {
        match piece {
            Piece::Bytes(bytes) => raw.extend_from_slice(&bytes),
            Piece::Streamed(nth) => {
                assert_eq!(nth, 0);
                let mut encoder = Base64Encoder::new();
                (0..100).for_each(|_| encoder.push(&[7; 1000], &mut raw));
                encoder.finish(&mut raw);
            }
        }
    }
    let message = Message::parse(&raw);
    assert_eq!(message.inspect(), []);
    assert_eq!(message.part(2).unwrap().decoded(), vec![7; 100_000]);
}

#[test]
fn utf8_is_written_as_it_is_where_that_was_asked_for() {
    let raw = Builder::utf8()
        .from(("Zoë", "zoë@exämple.org"))
        .unwrap()
        .subject("Grüße")
        .unwrap()
        .build(RANDOM)
        .to_vec();
    let text = String::from_utf8(raw.clone()).unwrap();
    assert!(text.contains("Subject: Grüße\r\n") && text.contains("<zoë@exämple.org>"), "{text}");
    assert_eq!(Message::parse(&raw).subject().as_deref(), Some("Grüße"));
    assert!(Builder::new().from("zoë@example.org").is_err());
}

#[test]
fn a_report_is_read_as_it_was_built() {
    let status = DeliveryStatus::parse(
        b"Reporting-MTA: dns; a\r\n\r\nFinal-Recipient: rfc822; b@c\r\nAction: failed\r\nStatus: 5.0.0\r\n",
    );
    let body = status.report("Sorry.\n", Original::Headers("From: a@b\r\n".into())).unwrap();
    let raw = Builder::new().body(body).build(RANDOM).to_vec();
    let message = Message::parse(&raw);
    assert_eq!(message.root().content_type().parameters.value("report-type"), Some("delivery-status"));
    let part = message.parts().find(|part| part.content_type().is("message/delivery-status")).unwrap();
    let read = DeliveryStatus::parse(&part.decoded());
    assert_eq!(read, status);
    assert_eq!(read.recipients[0].action, Some(Action::Failed));
    assert_eq!(message.parts().last().unwrap().content_type().to_string(), "text/rfc822-headers");
}

/// RFC 2045 section 6.7 and its rules.
#[test]
fn quoted_printable_as_rfc_2045_has_it() {
    let text = b"Now's the time =\r\nfor all folk to come=\r\n to the aid of their country.";
    let mut defects = Vec::new();
    let decoded = quoted_printable::decode(text, &mut defects);
    assert_eq!(decoded, b"Now's the time for all folk to come to the aid of their country.");
    assert_eq!(defects, []);
}

/// RFC 3676 section 4.5 and 5.
#[test]
fn flowed_text_is_quoted_without_new_breaks() {
    let text =
        ">> A long line that goes \r\n>> on here.\r\n> Answer \r\n> two.\r\n\r\nEnd.\r\n-- \r\nName\r\n";
    let read = flowed::decode(text, false);
    let read: Vec<_> = read.iter().map(|paragraph| (paragraph.depth, &*paragraph.text)).collect();
    assert_eq!(
        read,
        [
            (2, "A long line that goes on here."),
            (1, "Answer two."),
            (0, ""),
            (0, "End."),
            (0, "-- "),
            (0, "Name")
        ]
    );
}

#[test]
fn junk_is_named_once_for_a_run_and_never_without_end() {
    let junk = vec![0xFF; 1 << 20];
    let mut defects = Vec::new();
    assert_eq!(base64::decode(&junk, &mut defects), b"");
    let kinds: Vec<_> = defects.iter().map(|defect| defect.kind).collect();
    assert_eq!(kinds, [DefectKind::Base64Junk, DefectKind::Base64Line]);
    defects.clear();
    let spotted: Vec<u8> = b"*A".iter().copied().cycle().take(1 << 20).collect();
    defects.clear();
    assert_eq!(base64::decode(&spotted, &mut defects).len(), (1 << 19) / 4 * 3);
    assert!(defects.len() <= 10_000);
    defects.clear();
    assert_eq!(quoted_printable::decode(&junk, &mut defects), junk);
    assert!(defects.len() <= 10_000);
    assert_eq!(defects[0].kind, DefectKind::QuotedPrintableByte);
}

#[test]
fn what_is_held_back_is_bounded() {
    let (mut decoder, mut out) = (QpDecoder::new(), Vec::new());
    decoder.push(b"=", &mut out);
    for _ in 0..1000 {
        decoder.push(&[b' '; 100], &mut out);
    }
    assert!(out.len() > 98_000, "a soft break that never comes is text");
    let (mut decoder, mut out) = (QpDecoder::strict(), Vec::new());
    for _ in 0..1000 {
        decoder.push(&[b' '; 100], &mut out);
    }
    assert!(out.len() > 98_000);
    let (mut decoder, mut out) = (Base64Decoder::new(), Vec::new());
    for _ in 0..1000 {
        decoder.push(b"AAAA", &mut out);
    }
    assert_eq!(out.len(), 3000);
    let (mut reader, mut input) = (mbox::Reader::new(), BytesMut::new());
    for _ in 0..1000 {
        input.extend_from_slice(&[b'>'; 100]);
        while reader.receive(&mut input).is_some() {}
        assert!(input.len() < 5000);
    }
    let (mut reader, mut input) = (form::Reader::new("x").unwrap(), BytesMut::new());
    input.extend_from_slice(b"--x");
    for _ in 0..1000 {
        input.extend_from_slice(&[b' '; 100]);
        assert_eq!(reader.receive(&mut input), Ok(None));
        assert!(input.len() < 5000);
    }
}

#[test]
fn an_embedded_message_stays_byte_for_byte() {
    let inner = b"From: a@b\nSubject: lf only\n\nbody without end";
    let raw = Builder::new().text("x").attach_message(&inner[..]).build(RANDOM).to_vec();
    let message = Message::parse(&raw);
    let part = message.parts().find(|part| part.kind() == PartKind::Message).unwrap();
    assert_eq!((part.body(), part.encoding()), (&inner[..], TransferEncoding::Binary));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn parse_of_build_is_the_same(
        subject in "\\PC{0,120}", name in "\\PC{1,80}", filename in "\\PC{1,80}", text in "(\\PC|\r?\n){0,200}",
        content in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let raw = Builder::new()
            .from((&*name, "a@example.org")).unwrap()
            .subject(&subject).unwrap()
            .text(&text)
            .attach(Attachment::new(filename.clone(), MediaType::OCTETS, content.clone()).unwrap())
            .build(RANDOM).to_vec();
        let message = Message::parse(&raw);
        prop_assert_eq!(message.defects().collect::<Vec<_>>(), []);
        prop_assert_eq!(message.subject().unwrap_or_default(), subject.trim_matches([' ', '\t']));
        prop_assert_eq!(message.from().first().unwrap().name.unwrap_or_default(), name);
        prop_assert_eq!(message.part(2).unwrap().filename().unwrap_or_default(), filename);
        prop_assert_eq!(message.part(1).unwrap().text(), text.replace("\r\n", "\n").replace('\n', "\r\n"));
        prop_assert_eq!(message.part(2).unwrap().decoded(), content);
        prop_assert!(raw.split(|byte| *byte == b'\n').all(|line| line.len() <= 999));
    }

    #[test]
    fn an_edited_field_is_read_and_the_body_stays(value in "\\PC{0,100}", body in "(\\PC|\r?\n){0,60}") {
        let raw = format!("From: a@b\r\nSubject: old\r\n folded\r\nTo: c@d\r\n\r\n{body}");
        let mut editor = Editor::new(raw.as_bytes());
        editor.set("subject", &value).unwrap();
        let edited = editor.to_vec();
        let message = Message::parse(&edited);
        prop_assert_eq!(message.subject().unwrap_or_default(), value.trim_matches([' ', '\t']));
        prop_assert_eq!(message.root().body(), body.as_bytes());
        prop_assert_eq!(message.headers().len(), 3);
    }
}

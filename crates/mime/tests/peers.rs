//! What the builder writes, read by others: the same content, whoever reads it.

use bytes::Bytes;
use mail_parser::{MessageParser, MimeHeaders};
use mime::builder::{Attachment, Part, type_of_name};
use mime::{Builder, MediaType};
use proptest::prelude::*;

const RANDOM: &[u8] = b"not at all random";
const SUBJECT: &str =
    "Grüße aus Köln: ein Betreff, der so lang ist, dass er umbrochen werden muß, und noch etwas länger";
const TEXT: &str = "Hello!\r\n\r\nFrom me =20 to you.\r\n.\r\n--=_1_\r\nNaïve café\r\n";
const HTML: &str = "<p>Grüße <img src=\"cid:a@b\"></p>";

fn letter() -> Builder {
    Builder::new()
        .from(("Zoë \"Z\" O'Hara", "zoe@example.org"))
        .unwrap()
        .to(("Doe, John", "john.doe@example.org"))
        .unwrap()
        .to("\"a b\"@example.org")
        .unwrap()
        .to_group("Friends", &["x@example.org".into(), ("Ÿ", "y@example.org").into()])
        .unwrap()
        .subject(SUBJECT)
        .unwrap()
        .message_id("1.2.3@example.org")
        .unwrap()
        .in_reply_to("0@example.org")
        .unwrap()
        .text(TEXT)
        .html(HTML)
}

fn files() -> [(&'static str, Vec<u8>); 4] {
    [
        ("résumé — final.txt", b"plain\r\nlines\r\n".to_vec()),
        ("a\"b\\c;d.bin", (0..=255).cycle().take(3000).collect()),
        ("lf.txt", b"only\nline\nfeeds\n".to_vec()),
        (
            "a very long name that certainly does not fit on a line of seventy-eight characters, does it.png",
            vec![],
        ),
    ]
}

fn full() -> Vec<u8> {
    let image = Attachment::inline("a@b", "i.png", type_of_name("i.png"), &b"\x89PNG"[..]).unwrap();
    let mut builder = letter().attach(image).attach_message(letter().build(RANDOM).to_vec());
    for (name, content) in files() {
        builder = builder.attach(Attachment::new(name, type_of_name(name), content).unwrap());
    }
    builder.build(RANDOM).to_vec()
}

#[test]
fn mail_parser_reads_what_was_built() {
    let raw = full();
    let message = MessageParser::default().parse(&raw).unwrap();
    assert_eq!(message.subject(), Some(SUBJECT));
    assert_eq!(message.message_id(), Some("1.2.3@example.org"));
    let from = message.from().unwrap().first().unwrap();
    assert_eq!((from.name(), from.address()), (Some("Zoë \"Z\" O'Hara"), Some("zoe@example.org")));
    let to: Vec<_> = message.to().unwrap().iter().map(|to| to.address().unwrap().to_owned()).collect();
    assert_eq!(to[0], "john.doe@example.org");
    assert_eq!(to[2..], ["x@example.org", "y@example.org"]);
    assert_eq!(message.body_text(0).as_deref(), Some(TEXT));
    assert_eq!(message.body_html(0).as_deref(), Some(HTML));
    let found: Vec<_> = message.attachments().map(|part| (part.attachment_name(), part.contents())).collect();
    for (name, content) in files() {
        assert!(found.contains(&(Some(name), &*content)), "{name}");
    }
    assert!(found.contains(&(Some("i.png"), b"\x89PNG")));
    let inner = message.attachments().find_map(|part| part.message()).unwrap();
    assert_eq!(inner.subject(), Some(SUBJECT));
    assert_eq!(inner.body_text(0).as_deref(), Some(TEXT));
}

#[test]
fn mailparse_reads_what_was_built() {
    use mailparse::MailHeaderMap;
    let raw = full();
    let message = mailparse::parse_mail(&raw).unwrap();
    assert_eq!(message.headers.get_first_value("Subject").as_deref(), Some(SUBJECT));
    let parts: Vec<_> = message.parts().collect();
    let text = parts.iter().find(|part| part.ctype.mimetype == "text/plain").unwrap();
    assert_eq!(text.get_body().unwrap(), TEXT);
    // It ends a quoted string at a quote behind a backslash.
    for (name, content) in files().into_iter().filter(|(name, _)| !name.contains('"')) {
        let part = parts.iter().find(|part| {
            part.get_content_disposition().params.get("filename").is_some_and(|found| found == name)
        });
        assert_eq!(part.unwrap_or_else(|| panic!("{name}")).get_body_raw().unwrap(), content, "{name}");
    }
}

#[test]
fn every_line_is_short_and_ends_in_crlf() {
    let raw = full();
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        assert!(line.ends_with(b"\r\n") && line.len() <= 80, "{:?}", line.escape_ascii().to_string());
    }
}

#[test]
fn a_boundary_that_is_in_the_content_is_not_taken() {
    let random = "6e6f7420617420616c6c2072616e646f"; // What the random bytes become.
    let trap =
        format!("--=_1_{random}--\r\n--=_2_{random}\r\n--=_7_{random}\r\n=_999999999999999999999_\r\n");
    let raw = Builder::new()
        .text(&trap)
        .html("<p>")
        .attach(Attachment::new("a", MediaType::OCTETS, trap.clone()).unwrap())
        .build(RANDOM)
        .to_vec();
    let message = MessageParser::default().parse(&raw).unwrap();
    assert_eq!(message.body_text(0).as_deref(), Some(&*trap));
    assert_eq!(message.attachment(0).unwrap().contents(), trap.as_bytes());
    assert_eq!(message.attachment_count(), 1);
}

#[test]
fn nothing_is_smuggled_through_a_value() {
    let hostile = ["a\rb@c", "a\nb@c", "a\0b@c", "\r\nBcc: x@y"];
    for value in hostile {
        let at = value.find(['\r', '\n', '\0']).unwrap();
        let refused = [
            Builder::new().subject(value).err(),
            Builder::new().from(("x", value)).err(),
            Builder::new().from((value, "a@b")).err(),
            Builder::new().to_group(value, &[]).err(),
            Builder::new().field("X-A", value).err(),
            Builder::new().message_id(value).err(),
            Part::message("").with_field("X-A", value).err(),
            Attachment::new(value, MediaType::OCTETS, "").err(),
            Attachment::inline("a@b", value, MediaType::OCTETS, "").err(),
        ];
        for misuse in refused {
            assert_eq!(misuse.map(|misuse| misuse.offset), Some(at), "{value:?}");
        }
    }
    for name in ["", "a b", "a:", "a\r\nb", "é"] {
        assert!(Builder::new().field(name, "x").is_err(), "{name:?}");
    }
    for address in ["", "a", "@b", "a@", "a@b c", "a@b>", "a@[1.2", "é@example.org", "a@b\t"] {
        assert!(Builder::new().to(address).is_err(), "{address:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_content_comes_back(
        text in "[a-z=.\r\n \u{e9}\u{4e2d}\t-]{0,300}", name in "[ -~\u{e9}\u{4e2d}]{1,120}",
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(b'\r'), b'a'..=b'f'], 0..300),
        subject in "[ -~\u{e9}\u{4e2d}\u{1f600}]{0,200}",
    ) {
        let raw = Builder::new()
            .subject(&subject).unwrap()
            .text(&text)
            .attach(Attachment::new(name.clone(), MediaType::OCTETS, bytes.clone()).unwrap())
            .attach(Attachment::new("t", MediaType::TEXT_PLAIN, Bytes::from(bytes.clone())).unwrap())
            .build(RANDOM).to_vec();
        let message = mailparse::parse_mail(&raw).unwrap();
        let canonical = text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
        prop_assert_eq!(String::from_utf8(message.subparts[0].get_body_raw().unwrap()).unwrap(), canonical);
        prop_assert_eq!(&message.subparts[1].get_body_raw().unwrap(), &bytes);
        prop_assert_eq!(&message.subparts[2].get_body_raw().unwrap(), &bytes);
        prop_assert!(raw.split(|byte| *byte == b'\n').all(|line| line.len() < 999));
    }
}

//! What is written is read as the same, what was read can be written again, and what nobody touched stays byte for byte:
//! codings, values of fields, messages, forms, mailboxes. And the parts of any message tile it.

#[path = "support/messages.rs"]
mod messages;
#[path = "support/soup.rs"]
mod soup;

use bytes::BytesMut;
use mime::address::{write_group, write_mailbox};
use mime::builder::{Attachment, Part as Node};
use mime::{
    Address, Addresses, Base64Decoder, Base64Encoder, Builder, DateTime, Disposition, Editor, Limits,
    Mailbox, MediaType, Message, Part, PartKind, QpDecoder, QpEncoder, Reader, base64, calendar, form, mbox,
    quoted_printable, word,
};
use proptest::prelude::*;
use soup::soup;

fn config() -> ProptestConfig {
    ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() }
}

const RANDOM: &[u8] = b"random";

/// Bytes of which many have a meaning to one coding or the other.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        4 => any::<u8>(),
        6 => 0x20_u8..0x7f,
        3 => prop::sample::select(b"\r\n \t=-".to_vec()),
    ];
    prop_oneof![
        prop::collection::vec(byte, 0..700),
        // Text with lines of some length, as most content is.
        "([ -~\u{e9}]{0,90}(\r\n|\n)?){0,20}".prop_map(String::into_bytes),
    ]
}

/// One codec fed with pieces.
macro_rules! in_pieces {
    ($codec:expr, $bytes:expr, $size:expr) => {{
        let (mut codec, mut out) = ($codec, Vec::new());
        $bytes.chunks($size).for_each(|piece| codec.push(piece, &mut out));
        codec.finish(&mut out);
        out
    }};
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_encoded_is_decoded_as_the_same(bytes in content(), size in 1_usize..200) {
        let mut defects = Vec::new();
        let text = base64::encode(&bytes);
        prop_assert_eq!(&in_pieces!(Base64Encoder::new(), bytes, size), &text);
        prop_assert_eq!(&base64::decode(&text, &mut defects), &bytes);
        prop_assert_eq!(&in_pieces!(Base64Decoder::new(), text, size), &bytes);
        for (text, encoder) in [
            (quoted_printable::encode(&bytes), QpEncoder::text()),
            (quoted_printable::encode_binary(&bytes), QpEncoder::binary()),
        ] {
            prop_assert_eq!(&in_pieces!(encoder, bytes, size), &text);
            prop_assert_eq!(&quoted_printable::decode(&text, &mut defects), &bytes);
            prop_assert_eq!(&in_pieces!(QpDecoder::new(), text, size), &bytes);
            prop_assert_eq!(&in_pieces!(QpDecoder::strict(), text, size), &bytes);
            prop_assert!(text.split(|byte| *byte == b'\n').all(|line| line.len() <= 77));
        }
        prop_assert_eq!(defects, vec![]);
    }

    #[test]
    fn an_editor_that_edits_nothing_gives_the_same_bytes(raw in soup()) {
        prop_assert_eq!(Editor::new(&raw).to_vec(), raw);
    }

    #[test]
    fn the_parts_of_any_message_tile_it(raw in soup(), tight in any::<bool>()) {
        let limits = if tight { Limits { depth: 3, parts: 4, ..Limits::DEFAULT } } else { Limits::DEFAULT };
        let message = Message::parse_with(&raw, &limits);
        tiles(message.root());
        prop_assert_eq!(message.root().range().end, raw.len());
        let mbox_line = &raw[..message.root().range().start];
        prop_assert!(mbox_line.is_empty() || mbox_line.starts_with(b"From "));
    }

    #[test]
    fn what_a_reader_gives_out_is_what_went_in(raw in soup(), size in 1_usize..40) {
        let (mut reader, mut input, mut out) = (Reader::new(), BytesMut::new(), Vec::new());
        for piece in raw.chunks(size) {
            input.extend_from_slice(piece);
            while let Some(event) = reader.receive(&mut input).unwrap() {
                out.extend_from_slice(event.bytes());
            }
        }
        while let Some(event) = reader.receive_eof(&mut input).unwrap() {
            out.extend_from_slice(event.bytes());
        }
        prop_assert_eq!(out, raw);
    }

    #[test]
    fn addresses_are_read_as_they_were_written(list in prop::collection::vec(address(), 1..5), column in 0_usize..90) {
        let mut out = Vec::new();
        for (nth, address) in list.iter().enumerate() {
            out.extend_from_slice(if nth > 0 { b", " } else { b"" });
            match address {
                Address::Mailbox(mailbox) => write_mailbox(mailbox, &mut out, column).unwrap(),
                Address::Group { name, members } => write_group(name, members, &mut out, column).unwrap(),
            };
        }
        let read: Vec<_> = Addresses::new(&out).iter().collect();
        prop_assert_eq!(read, list, "{}", out.escape_ascii());
        let mut defects = Vec::new();
        Addresses::new(&out).check(&mut defects);
        prop_assert_eq!(defects, vec![]);
    }

    #[test]
    fn what_was_read_of_addresses_is_read_as_the_same_once_written(value in "[a-c \"\\\\@.,:;<>()=?\u{e9}-]{0,30}") {
        for address in Addresses::new(value.as_bytes()).iter() {
            let mut out = Vec::new();
            let written = match &address {
                Address::Mailbox(mailbox) => write_mailbox(mailbox, &mut out, 0),
                Address::Group { name, members } => write_group(name, members, &mut out, 0),
            };
            // What is no address, or would not be one, is refused.
            if written.is_ok() {
                prop_assert_eq!(Addresses::new(&out).iter().collect::<Vec<_>>(), vec![address], "{}", out.escape_ascii());
            } else {
                prop_assert_eq!(out, b"");
            }
        }
    }

    #[test]
    fn text_is_read_as_it_was_written(text in "(\\PC|[ \t=?_]){0,150}", column in 0_usize..80) {
        let mut out = Vec::new();
        word::write_text(&text, &mut out, column).unwrap();
        // Blanks at its ends are in encoded words, and come back.
        prop_assert_eq!(word::decode(&out), &*text, "{}", out.escape_ascii());
    }

    #[test]
    fn types_and_dispositions_are_read_as_they_were_written(
        parameters in prop::collection::vec(("[a-z-]{1,12}", "\\PC{0,120}"), 0..4), column in 0_usize..90
    ) {
        let mut kind = MediaType::new("application", "x-test").unwrap();
        let mut disposition = Disposition::new("attachment").unwrap();
        for (name, value) in &parameters {
            kind = kind.with(name.clone(), value.clone()).unwrap();
            disposition = disposition.with(name.clone(), value.clone()).unwrap();
        }
        let (mut out, mut defects) = (Vec::new(), Vec::new());
        kind.write(&mut out, column);
        prop_assert_eq!(MediaType::parse_with(&out, &Limits::DEFAULT, &mut defects), Some(kind));
        let mut out = Vec::new();
        disposition.write(&mut out, column);
        prop_assert_eq!(Disposition::parse_with(&out, &Limits::DEFAULT, &mut defects), Some(disposition));
        prop_assert_eq!(defects, vec![]);
    }

    #[test]
    fn dates_are_read_as_they_were_written(seconds in -60_000_000_000_i64..250_000_000_000, offset in -5999_i16..6000) {
        let local = calendar::DateTime::from_unix(seconds).unwrap();
        for date in [DateTime::new(local, offset).unwrap(), DateTime::without_zone(local)] {
            if local.date().year() >= 1900 {
                prop_assert_eq!(DateTime::parse(date.to_rfc5322().as_bytes()), Some(date));
            }
        }
    }

    #[test]
    fn what_is_built_is_parsed_as_the_same(tree in tree(), eight_bit in any::<bool>()) {
        let builder = Builder::new().from("a@example.org").unwrap().body(Node::multipart("mixed", vec![node(&tree)]));
        let builder = if eight_bit { builder.eight_bit() } else { builder };
        let raw = builder.build(RANDOM).to_vec();
        let message = Message::parse(&raw);
        prop_assert_eq!(message.defects().collect::<Vec<_>>(), vec![]);
        prop_assert_eq!(part_of(message.part(1).unwrap()), tree, "{}", raw.escape_ascii());
        prop_assert!(raw.split(|byte| *byte == b'\n').all(|line| line.len() <= 999));
        tiles(message.root());
    }

    #[test]
    fn a_form_is_read_as_it_was_written(values in prop::collection::vec(("[a-z \u{e9}\"]{0,12}", content()), 0..5), size in 1_usize..90) {
        let (mut writer, mut out) = (form::Writer::new("b0undary").unwrap(), Vec::new());
        for (name, value) in &values {
            writer.field(name, value, &mut out).unwrap();
        }
        writer.finish(&mut out);
        let (mut reader, mut input, mut read) = (form::Reader::new("b0undary").unwrap(), BytesMut::new(), Vec::new());
        for piece in out.chunks(size) {
            input.extend_from_slice(piece);
            while let Some(event) = reader.receive(&mut input).unwrap() {
                match event {
                    form::Event::Field(field) => read.push((field.name, Vec::new())),
                    form::Event::Data(data) => read.last_mut().unwrap().1.extend_from_slice(&data),
                    form::Event::FieldEnd | form::Event::End => {}
                }
            }
        }
        prop_assert!(reader.is_done());
        prop_assert_eq!(read, values);
    }

    #[test]
    fn a_mailbox_gives_back_its_messages(messages in prop::collection::vec("(>{0,3}From |[a-z ]{0,5}|\n){0,30}", 0..5), size in 1_usize..90) {
        let (mut writer, mut out) = (mbox::Writer::new(), Vec::new());
        for message in &messages {
            writer.message("a@b", calendar::DateTime::from_unix(0).unwrap(), &mut out).unwrap();
            message.as_bytes().chunks(size).for_each(|piece| writer.data(piece, &mut out));
            writer.end(&mut out);
        }
        let (mut reader, mut input, mut read) = (mbox::Reader::new(), BytesMut::new(), Vec::<Vec<u8>>::new());
        let mut tell = |event| match event {
            mbox::Event::Message(_) => read.push(Vec::new()),
            mbox::Event::Data(data) => read.last_mut().unwrap().extend_from_slice(&data),
            mbox::Event::MessageEnd => {}
        };
        for piece in out.chunks(size) {
            input.extend_from_slice(piece);
            while let Some(event) = reader.receive(&mut input) {
                tell(event);
            }
        }
        while let Some(event) = reader.receive_eof(&mut input) {
            tell(event);
        }
        // A message whose last line has no end gets one.
        let end = |message: &String| if message.is_empty() || message.ends_with('\n') { "" } else { "\n" };
        let written: Vec<_> = messages.iter().map(|message| format!("{message}{}", end(message)).into_bytes()).collect();
        prop_assert_eq!(read, written);
    }
}

#[test]
fn the_parts_of_every_example_tile_it() {
    for (_, raw) in messages::all() {
        tiles(Message::parse(raw).root());
        assert_eq!(Editor::new(raw).to_vec(), raw);
    }
}

/// Header, blank line, body; the parts of a body behind each other within it.
fn tiles(part: Part<'_>) {
    let (all, header, body) = (part.range(), part.header_range(), part.body_range());
    assert!(all.start == header.start && header.end <= body.start && body.end == all.end, "{part:?}");
    let fields: Vec<u8> = part.headers().iter().flat_map(|field| field.raw().to_vec()).collect();
    assert_eq!(fields, part.headers().raw(), "{part:?}");
    let mut at = body.start;
    for child in part.children() {
        assert!(child.range().start >= at && child.range().end <= body.end, "{part:?} {child:?}");
        at = child.range().end;
        tiles(child);
    }
}

/// An address that can be written.
fn address() -> impl Strategy<Value = Address<'static>> {
    let mailbox = (
        prop::option::of("[!-~\u{e9}\u{4e2d}]([ -~\u{e9}\u{4e2d}]{0,60}[!-~\u{e9}])?"),
        "[a-z.\"\\\\@ ()]{0,12}[a-z]",
        prop::sample::select(vec!["example.org", "x.test", "[127.0.0.1]"]),
    );
    let mailbox = mailbox.prop_map(|(name, local, domain)| Mailbox {
        name: name.map(Into::into),
        local: local.into(),
        domain: domain.into(),
    });
    let group = ("[A-Za-z\u{e9}]{1,30}", prop::collection::vec(mailbox.clone(), 0..3));
    prop_oneof![
        mailbox.prop_map(Address::Mailbox),
        group.prop_map(|(name, members)| Address::Group { name: name.into(), members }),
    ]
}

/// A tree of parts, leaves with a name and a content.
#[derive(Clone, Debug, PartialEq)]
enum Tree {
    Leaf(&'static str, Vec<u8>),
    Multipart(&'static str, Vec<Tree>),
    Message(Vec<u8>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        3 => (prop::sample::select(vec!["text/plain", "text/html", "image/png"]), content())
            .prop_map(|(kind, content)| Tree::Leaf(kind, content)),
        1 => content().prop_map(|body| Tree::Message([b"Subject: inner\r\n\r\n", &body[..]].concat())),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let subtype = prop::sample::select(vec!["mixed", "alternative", "related"]);
        (subtype, prop::collection::vec(inner, 1..4))
            .prop_map(|(subtype, parts)| Tree::Multipart(subtype, parts))
    })
}

fn node(tree: &Tree) -> Node {
    match tree {
        Tree::Leaf(kind, content) => {
            let (top, subtype) = kind.split_once('/').unwrap();
            Node::new(MediaType::new(top, subtype).unwrap(), content.clone())
        }
        Tree::Multipart(subtype, parts) => Node::multipart(subtype, parts.iter().map(node).collect()),
        Tree::Message(raw) => Node::message(raw.clone()),
    }
}

fn part_of(part: Part<'_>) -> Tree {
    let kind = part.content_type();
    match part.kind() {
        PartKind::Multipart => {
            let known = ["mixed", "alternative", "related"];
            let subtype = known.into_iter().find(|known| *known == kind.subtype()).unwrap();
            Tree::Multipart(subtype, part.children().map(part_of).collect())
        }
        PartKind::Message => Tree::Message(part.body().to_vec()),
        PartKind::Leaf => {
            let known = ["text/plain", "text/html", "image/png"];
            let name = known.into_iter().find(|known| kind.is(known)).unwrap();
            Tree::Leaf(name, part.decoded().into_owned())
        }
    }
}

#[test]
fn an_attachment_keeps_its_name_and_its_bytes() {
    let content: Vec<u8> = (0..=255).cycle().take(5000).collect();
    let name = "Übersicht \"neu\"; 100 %.bin";
    let attachment = Attachment::new(name, MediaType::OCTETS, content.clone()).unwrap();
    let raw = Builder::new().text("See there.\n").attach(attachment).build(RANDOM).to_vec();
    let message = Message::parse(&raw);
    let bodies = message.bodies();
    let [part] = bodies.attachments[..] else { panic!("one attachment") };
    assert_eq!((part.filename().as_deref(), part.decoded().into_owned()), (Some(name), content));
}

//! The same letters written by us and by others, read by us and by others: equal content, whoever writes and whoever reads.
//!
//! Writers: mime and mail-builder; readers: mime, mail-parser and mailparse. lettre writes in `.ci/outside/mime`, for what it depends on
//! has a crate of the name `mime` in it.

use mail_parser::MimeHeaders as _;
use mailparse::MailHeaderMap as _;
use mime::builder::{Attachment, type_of_name};
use mime::{Address, DateTime, Message, PartKind};

/// A name and an address.
type Person = (String, String);

/// What a letter says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Letter {
    subject: String,
    from: Vec<Person>,
    to: Vec<Person>,
    /// A group among the recipients.
    group: Option<(String, Vec<Person>)>,
    date: i64,
    text: String,
    html: String,
    files: Vec<(String, Vec<u8>)>,
}

fn person(name: &str, address: &str) -> Person {
    (name.to_owned(), address.to_owned())
}

fn letters() -> Vec<Letter> {
    let bytes: Vec<u8> = (0..=255).cycle().take(4000).collect();
    let plain = Letter {
        subject: "Hello".into(),
        from: vec![person("", "a@example.org")],
        to: vec![person("Bob", "b@example.org")],
        date: 1_000_000_000,
        text: "Hello,\r\n\r\n.\r\nFrom here to there = 1\r\n--x--\r\n".into(),
        html: "<p>Hello</p>\r\n".into(),
        ..Letter::default()
    };
    let western = Letter {
        subject: "Grüße aus Köln: ein Betreff, der so lang ist, dass er umbrochen werden muß, und dann noch ein wenig mehr".into(),
        from: vec![person("Zoë Müller-Lüdenscheidt", "zoe@example.org")],
        to: vec![person("Doe, John", "john.doe@example.org"), person("O'Hara", "o'hara@example.org")],
        text: format!("Naïve café\r\n{}\r\n", "ein langer Satz ohne Ende ".repeat(60)),
        html: "<p>Grüße = <b>ß</b></p>\r\n".into(),
        files: vec![("résumé.txt".into(), "plain\r\nlines\r\n".into()), ("a b.bin".into(), bytes.clone())],
        ..plain.clone()
    };
    let wide = Letter {
        subject: "件名がとても長いので何行かに分けなければならないメールです、そしてまだ続きます 🎉🎉".into(),
        from: vec![person("山田太郎", "taro@example.org")],
        to: vec![person("Ю", "yu@example.org")],
        text: "こんにちは\r\n".into(),
        html: "<p>こんにちは</p>".into(),
        files: vec![
            ("とても長い名前のファイルです、一行には収まりません、だから分けて書かれます.pdf".into(), bytes),
            ("empty.bin".into(), vec![]),
        ],
        ..plain.clone()
    };
    let grouped = Letter {
        group: Some((
            "Friends & Co".into(),
            vec![person("X, Y", "x@example.org"), person("", "y@example.org"), person("Ÿ", "z@example.org")],
        )),
        ..plain.clone()
    };
    let empty = Letter { to: vec![], group: Some(("undisclosed".into(), vec![])), ..plain.clone() };
    vec![plain, western, wide, grouped, empty]
}

/// The same characters, line ends being CRLF however they were written.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

fn ours_written(letter: &Letter) -> Vec<u8> {
    let mailbox = |(name, address): &Person| {
        let mailbox = mime::Mailbox::new(address).into_owned();
        if name.is_empty() { mailbox } else { mailbox.named(name.clone()) }
    };
    let mut builder = mime::Builder::new()
        .date(DateTime::without_zone(proto_core::calendar::DateTime::from_unix(letter.date).unwrap()));
    for from in &letter.from {
        builder = builder.from(mailbox(from)).unwrap();
    }
    for to in &letter.to {
        builder = builder.to(mailbox(to)).unwrap();
    }
    if let Some((name, members)) = &letter.group {
        builder = builder.to_group(name, &members.iter().map(mailbox).collect::<Vec<_>>()).unwrap();
    }
    builder = builder.subject(&letter.subject).unwrap().text(&letter.text).html(&letter.html);
    for (name, content) in &letter.files {
        let attachment = Attachment::new(name.clone(), type_of_name(name), content.clone()).unwrap();
        builder = builder.attach(attachment);
    }
    builder.build(b"seventeen bytes..").to_vec()
}

fn mail_builders(letter: &Letter) -> Vec<u8> {
    use mail_builder::headers::address::Address;
    let one = |(name, address): &Person| {
        Address::new_address((!name.is_empty()).then(|| name.clone()), address.clone())
    };
    let mut to: Vec<_> = letter.to.iter().map(one).collect();
    to.extend(
        letter
            .group
            .iter()
            .map(|(name, members)| Address::new_group(Some(name.clone()), members.iter().map(one).collect())),
    );
    let mut builder = mail_builder::MessageBuilder::new()
        .from(one(&letter.from[0]))
        .to(Address::new_list(to))
        .message_id("1@example.org")
        .date(letter.date)
        .subject(letter.subject.as_str())
        .text_body(letter.text.as_str())
        .html_body(letter.html.as_str());
    for (name, content) in &letter.files {
        builder = builder.attachment("application/octet-stream", name.as_str(), content.as_slice());
    }
    builder.write_to_vec().unwrap()
}

fn ours_read(raw: &[u8]) -> Letter {
    let message = Message::parse(raw);
    assert_eq!(message.inspect(), [], "{}", String::from_utf8_lossy(raw));
    let one = |one: &mime::Mailbox<'_>| {
        (one.name.clone().unwrap_or_default().into_owned(), one.address().into_owned())
    };
    let mut letter = Letter {
        subject: message.subject().unwrap().into_owned(),
        from: message.from().mailboxes().map(|from| one(&from)).collect(),
        date: message.date().unwrap().unix(),
        ..Letter::default()
    };
    for to in message.to().iter() {
        match to {
            Address::Mailbox(mailbox) => letter.to.push(one(&mailbox)),
            Address::Group { name, members } => {
                letter.group = Some((name.into_owned(), members.iter().map(one).collect()));
            }
        }
    }
    for part in message.parts().filter(|part| part.kind() == PartKind::Leaf) {
        match part.filename() {
            Some(name) => letter.files.push((name.into_owned(), part.decoded().into_owned())),
            None if part.content_type().is("text/html") => letter.html = lines(&part.text()),
            None => letter.text = lines(&part.text()),
        }
    }
    letter
}

fn mail_parsers(raw: &[u8]) -> Letter {
    let message = mail_parser::MessageParser::default().parse(raw).unwrap();
    let one = |one: &mail_parser::Addr<'_>| person(one.name().unwrap_or_default(), one.address().unwrap());
    let mut letter = Letter {
        subject: message.subject().unwrap().to_owned(),
        from: message.from().unwrap().iter().map(one).collect(),
        date: message.date().unwrap().to_timestamp(),
        text: lines(&message.body_text(0).unwrap()),
        html: lines(&message.body_html(0).unwrap()),
        ..Letter::default()
    };
    match message.to() {
        Some(mail_parser::Address::List(list)) => letter.to = list.iter().map(one).collect(),
        Some(mail_parser::Address::Group(groups)) => {
            for group in groups {
                match &group.name {
                    Some(name) => {
                        letter.group =
                            Some((name.clone().into_owned(), group.addresses.iter().map(one).collect()));
                    }
                    None => letter.to.extend(group.addresses.iter().map(one)),
                }
            }
        }
        None => {}
    }
    for part in message.attachments() {
        letter.files.push((part.attachment_name().unwrap().to_owned(), part.contents().to_vec()));
    }
    letter
}

fn mailparses(raw: &[u8]) -> Letter {
    use mailparse::{MailAddr, SingleInfo};
    let message = mailparse::parse_mail(raw).unwrap();
    let one = |one: &SingleInfo| person(&one.display_name.clone().unwrap_or_default(), &one.addr);
    let addresses = |name: &str| {
        let header = message.headers.get_first_header(name);
        header.map(|header| mailparse::addrparse_header(header).unwrap().into_inner()).unwrap_or_default()
    };
    let date = message.headers.get_first_value("Date").unwrap();
    let mut letter = Letter {
        subject: message.headers.get_first_value("Subject").unwrap(),
        date: mailparse::dateparse(&date).unwrap(),
        ..Letter::default()
    };
    for from in addresses("From") {
        let MailAddr::Single(from) = from else { panic!("a group") };
        letter.from.push(one(&from));
    }
    for to in addresses("To") {
        match to {
            MailAddr::Single(to) => letter.to.push(one(&to)),
            MailAddr::Group(group) => {
                letter.group = Some((group.group_name, group.addrs.iter().map(one).collect()));
            }
        }
    }
    for part in message.parts().filter(|part| part.subparts.is_empty()) {
        let disposition = part.get_content_disposition();
        match disposition.params.get("filename") {
            Some(name) => letter.files.push((name.clone(), part.get_body_raw().unwrap())),
            None if part.ctype.mimetype == "text/html" => letter.html = lines(&part.get_body().unwrap()),
            None => letter.text = lines(&part.get_body().unwrap()),
        }
    }
    letter
}

type Write = fn(&Letter) -> Vec<u8>;
type Read = fn(&[u8]) -> Letter;

const WRITERS: &[(&str, Write)] = &[("mime", ours_written), ("mail-builder", mail_builders)];
const READERS: &[(&str, Read)] =
    &[("mime", ours_read), ("mail-parser", mail_parsers), ("mailparse", mailparses)];

#[test]
fn letters_say_the_same_whoever_writes_and_whoever_reads() {
    for letter in letters() {
        for (writer, write) in WRITERS {
            let raw = write(&letter);
            for (reader, read) in READERS {
                let read = read(&raw);
                for (aspect, written, read) in aspects(&letter, &read) {
                    assert_eq!(written, read, "{aspect}: {writer} to {reader}");
                }
            }
        }
    }
}

fn aspects(one: &Letter, other: &Letter) -> Vec<(&'static str, String, String)> {
    let both = |aspect, what: &dyn Fn(&Letter) -> String| (aspect, what(one), what(other));
    vec![
        both("subject", &|letter| letter.subject.clone()),
        both("from", &|letter| format!("{:?}", letter.from)),
        both("to", &|letter| format!("{:?}", letter.to)),
        both("group", &|letter| format!("{:?}", letter.group)),
        both("date", &|letter| letter.date.to_string()),
        both("text", &|letter| letter.text.clone()),
        both("html", &|letter| letter.html.clone()),
        both("names", &|letter| format!("{:?}", letter.files.iter().map(|file| &file.0).collect::<Vec<_>>())),
        both("files", &|letter| format!("{:?}", letter.files.iter().map(|file| &file.1).collect::<Vec<_>>())),
    ]
}

//! What lettre builds is read with equal content.

use std::time::{Duration, SystemTime};

use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use mime::Message;

type Person = (&'static str, &'static str);

struct Letter {
    subject: &'static str,
    from: Person,
    to: Vec<Person>,
    text: String,
    html: &'static str,
    files: Vec<(&'static str, Vec<u8>)>,
}

fn letters() -> Vec<Letter> {
    let bytes: Vec<u8> = (0..=255).cycle().take(4000).collect();
    let plain = Letter {
        subject: "Hello",
        from: ("", "a@example.org"),
        to: vec![("Bob", "b@example.org")],
        text: "Hello,\r\n\r\n.\r\nFrom here to there = 1\r\n--x--\r\n".into(),
        html: "<p>Hello</p>\r\n",
        files: vec![],
    };
    let western = Letter {
        subject: "Grüße aus Köln: ein Betreff, der so lang ist, dass er umbrochen werden muß, und dann noch mehr",
        from: ("Zoë Müller-Lüdenscheidt", "zoe@example.org"),
        to: vec![("Doe, John", "john.doe@example.org"), ("O'Hara", "o'hara@example.org")],
        text: format!("Naïve café\r\n{}\r\n", "ein langer Satz ohne Ende ".repeat(60)),
        html: "<p>Grüße = <b>ß</b></p>\r\n",
        files: vec![("résumé.txt", b"plain\r\nlines\r\n".to_vec()), ("a b.bin", bytes.clone())],
    };
    let wide = Letter {
        subject: "件名がとても長いので何行かに分けなければならないメールです、そしてまだ続きます 🎉🎉",
        from: ("山田太郎", "taro@example.org"),
        to: vec![("Ю", "yu@example.org")],
        text: "こんにちは\r\n".into(),
        html: "<p>こんにちは</p>",
        files: vec![
            ("とても長い名前のファイルです、一行には収まりません、だから分けて書かれます.pdf", bytes),
            ("empty.bin", vec![]),
        ],
    };
    vec![plain, western, wide]
}

fn written(letter: &Letter) -> Vec<u8> {
    let one = |(name, address): &Person| {
        Mailbox::new((!name.is_empty()).then(|| name.to_string()), address.parse().unwrap())
    };
    let date = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let builder = lettre::Message::builder().subject(letter.subject).date(date).from(one(&letter.from));
    let builder = letter.to.iter().fold(builder, |builder, to| builder.to(one(to)));
    let both = MultiPart::alternative()
        .singlepart(SinglePart::plain(letter.text.clone()))
        .singlepart(SinglePart::html(letter.html.to_owned()));
    let whole = letter.files.iter().fold(MultiPart::mixed().multipart(both), |whole, (name, content)| {
        let octets = ContentType::parse("application/octet-stream").unwrap();
        whole.singlepart(Attachment::new(name.to_string()).body(content.clone(), octets))
    });
    builder.multipart(whole).unwrap().formatted()
}

#[test]
fn what_lettre_builds_is_read_with_equal_content() {
    for letter in letters() {
        let raw = written(&letter);
        let message = Message::parse(&raw);
        assert_eq!(message.inspect(), [], "{}", String::from_utf8_lossy(&raw));
        let people = |list: mime::Addresses<'_>| {
            let one = |one: mime::Mailbox<'_>| {
                (one.name.clone().unwrap_or_default().into_owned(), one.address().into_owned())
            };
            list.mailboxes().map(one).collect::<Vec<_>>()
        };
        let meant = |list: &[Person]| {
            list.iter().map(|(name, address)| (name.to_string(), address.to_string())).collect::<Vec<_>>()
        };
        assert_eq!(message.subject().as_deref(), Some(letter.subject));
        assert_eq!(people(message.from()), meant(&[letter.from]));
        assert_eq!(people(message.to()), meant(&letter.to));
        assert_eq!(message.date().unwrap().unix(), 1_000_000_000);
        let bodies = message.bodies();
        let lines = |text: &str| text.replace("\r\n", "\n");
        assert_eq!(lines(&bodies.text[0].text()), lines(&letter.text));
        assert_eq!(lines(&bodies.html[0].text()), lines(letter.html));
        assert_eq!(bodies.attachments.len(), letter.files.len());
        for (part, (name, content)) in bodies.attachments.iter().zip(&letter.files) {
            assert_eq!((part.filename().as_deref(), &*part.decoded()), (Some(*name), content.as_slice()));
        }
    }
}

//! The RFCs' own examples, cited by section: what they mean, and that what they mean is written so that it means the same.

#[path = "support/messages.rs"]
mod messages;

use bytes::BytesMut;
use mime::address::{write_group, write_mailbox};
use mime::lint::{Rule, lint};
use mime::report::{self, Action, DeliveryStatus, Original};
use mime::{
    Address, Addresses, Builder, DateTime, Defect, Disposition, Editor, Limits, MediaType, Message,
    Parameters, PartKind, TransferEncoding, flowed, form, word,
};

/// `type` of each part, indented by depth.
fn shape(message: &Message<'_>) -> Vec<String> {
    let depth = |index: usize| {
        message
            .parts()
            .filter(|outer| outer.index() < index && outer.descendants().any(|part| part.index() == index))
            .count()
    };
    message
        .parts()
        .map(|part| {
            let kind = part.content_type();
            format!("{}{}/{}", " ".repeat(depth(part.index())), kind.top(), kind.subtype()).to_lowercase()
        })
        .collect()
}

fn assert_clean(message: &Message<'_>) {
    assert_eq!(message.inspect(), vec![], "{:?}", String::from_utf8_lossy(message.raw()));
}

/// Reads the addresses, and writes them so that they are read as the same.
fn addresses(value: &str) -> Vec<String> {
    let list = Addresses::new(value.as_bytes());
    let mut written = Vec::new();
    for (index, address) in list.iter().enumerate() {
        if index > 0 {
            written.extend_from_slice(b", ");
        }
        match &address {
            Address::Mailbox(mailbox) => _ = write_mailbox(mailbox, &mut written, 0).unwrap(),
            Address::Group { name, members } => _ = write_group(name, members, &mut written, 0).unwrap(),
        }
    }
    assert!(Addresses::new(&written).iter().eq(list.iter()), "{}", written.escape_ascii());
    list.mailboxes().map(|mailbox| mailbox.to_string()).collect()
}

fn date(value: &str) -> String {
    let date = DateTime::parse(value.as_bytes()).unwrap();
    assert_eq!(DateTime::parse(date.to_rfc5322().as_bytes()), Some(date));
    date.to_string()
}

/// RFC 2045 section 5.1: two that are equivalent; section 5.2.
#[test]
fn types_of_rfc_2045() {
    for value in ["text/plain; charset=us-ascii (Plain text)", "text/plain; charset=\"us-ascii\""] {
        let mut defects = Vec::new();
        let kind = MediaType::parse_with(value.as_bytes(), &Limits::DEFAULT, &mut defects).unwrap();
        assert!(kind.is("text/plain") && defects.is_empty());
        assert_eq!(kind.charset(), Some("us-ascii"));
        assert_eq!(kind.to_string(), "text/plain; charset=us-ascii");
    }
    let message = Message::parse(b"Subject: no type\r\n\r\ntext\r\n");
    assert!(message.root().content_type().is("text/plain"));
    assert_clean(&message);
}

/// RFC 2045 section 4: comments are nothing; section 5.1: what is no token is quoted; section 6.2: the type and the coding of
/// one body; sections 7 and 8.
#[test]
fn headers_of_rfc_2045() {
    for version in [
        "1.0",
        "1.0 (produced by MetaSend Vx.x)",
        "(produced by MetaSend Vx.x) 1.0",
        "1.(produced by MetaSend Vx.x)0",
    ] {
        let raw = format!(
            "MIME-Version: {version}\r\nContent-Type: text/plain; charset=ISO-8859-1\r\n\
             Content-transfer-encoding: base64\r\nContent-ID: <id42@guppylake.bellcore.com>\r\n\
             Content-Description: a caf\u{e9}\r\n\r\nY2Fm6Q==\r\n"
        );
        let message = Message::parse(raw.as_bytes());
        assert_clean(&message);
        assert_eq!(
            (message.root().encoding(), &*message.root().text()),
            (TransferEncoding::Base64, "caf\u{e9}")
        );
        assert_eq!(message.root().content_id().as_deref(), Some("id42@guppylake.bellcore.com"));
        let lints: Vec<_> = lint(raw.as_bytes()).iter().map(|finding| finding.rule).collect();
        assert!(!lints.contains(&Rule::NoMimeVersion), "{lints:?}");
        // The other direction.
        let edited = Editor::new(raw.as_bytes());
        assert_eq!(edited.to_vec(), raw.as_bytes());
    }
}

/// RFC 2045 section 6.7.
#[test]
fn quoted_printable_of_rfc_2045() {
    let raw = b"Content-Type: text/plain; charset=ISO-8859-1\r\nContent-transfer-encoding: quoted-printable\r\n\r\n\
        Now's the time =\r\nfor all folk to come=\r\n to the aid of their country.";
    let message = Message::parse(raw);
    assert_eq!(message.root().encoding(), TransferEncoding::QuotedPrintable);
    assert_eq!(message.root().text(), "Now's the time for all folk to come to the aid of their country.");
}

/// RFC 2046 section 5.1.1: the sample message, its preamble and epilogue, and the line ends that belong to delimiters.
#[test]
fn multipart_of_rfc_2046() {
    let message = Message::parse(messages::MULTIPART.as_bytes());
    assert_eq!(shape(&message), ["multipart/mixed", " text/plain", " text/plain"]);
    assert_eq!(message.subject().as_deref(), Some("Sample message"));
    let texts: Vec<_> = message.root().children().map(|part| part.text().into_owned()).collect();
    assert_eq!(
        texts,
        [
            "This is implicitly typed plain US-ASCII text.\r\nIt does NOT end with a linebreak.",
            "This is explicitly typed plain US-ASCII text.\r\nIt DOES end with a linebreak.\r\n",
        ]
    );
    assert_clean(&message);
    let body = message.root().body();
    assert!(body.starts_with(b"This is the preamble.") && body.ends_with(b"also to be ignored.\r\n"));
}

/// RFC 2046 section 5.1.1: a colon has to be quoted, and is understood if it is not.
#[test]
fn boundaries_of_rfc_2046() {
    for (value, clean) in [
        ("multipart/mixed; boundary=gc0pJq0M:08jU534c0p", false),
        ("multipart/mixed; boundary=\"gc0pJq0M:08jU534c0p\"", true),
    ] {
        let mut defects = Vec::new();
        let kind = MediaType::parse_with(value.as_bytes(), &Limits::DEFAULT, &mut defects).unwrap();
        assert_eq!((kind.boundary(), defects.is_empty()), (Some("gc0pJq0M:08jU534c0p"), clean));
        assert!(kind.to_string().ends_with("boundary=\"gc0pJq0M:08jU534c0p\""));
    }
}

/// RFC 2046 section 5.1.2: a delimiter of the outer multipart ends the inner one.
#[test]
fn nesting_of_rfc_2046() {
    let message = Message::parse(messages::NESTED.as_bytes());
    assert_eq!(
        shape(&message),
        ["multipart/mixed", " multipart/alternative", "  text/plain", "  text/html", " image/png",]
    );
    let bodies = message.bodies();
    let text = |parts: &[mime::Part<'_>]| parts.iter().map(|part| part.index()).collect::<Vec<_>>();
    assert_eq!(
        (text(&bodies.text), text(&bodies.html), text(&bodies.attachments)),
        (vec![2], vec![3], vec![4])
    );
    assert_eq!(message.part(4).unwrap().filename().as_deref(), Some("a.png"));
    assert_eq!(message.part(4).unwrap().decoded(), &b"\x89PNG\r\n\x1a\n"[..]);
}

/// RFC 2046 section 5.1.4.
#[test]
fn alternative_of_rfc_2046() {
    let raw = b"From:  Nathaniel Borenstein <nsb@bellcore.com>\r\nTo: Ned Freed <ned@innosoft.com>\r\n\
        Date: Mon, 22 Mar 1993 09:41:09 -0800 (PST)\r\nSubject: Formatted text mail\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/alternative; boundary=boundary42\r\n\r\n--boundary42\r\n\
        Content-Type: text/plain; charset=us-ascii\r\n\r\n  ... plain text version of message goes here ...\r\n\r\n\
        --boundary42\r\nContent-Type: text/enriched\r\n\r\n\
        \x20 ... RFC 1896 text/enriched version of same message\r\n      goes here ...\r\n\r\n--boundary42\r\n\
        Content-Type: application/x-whatever\r\n\r\n  ... fanciest version of same message goes here ...\r\n\r\n\
        --boundary42--\r\n";
    let message = Message::parse(raw);
    assert_clean(&message);
    assert_eq!(
        shape(&message),
        ["multipart/alternative", " text/plain", " text/enriched", " application/x-whatever",]
    );
    let bodies = message.bodies();
    assert_eq!((bodies.text.len(), bodies.html.len(), bodies.attachments.len()), (1, 1, 2));
}

/// RFC 2046 section 5.1.5.
#[test]
fn digest_of_rfc_2046() {
    let message = Message::parse(messages::DIGEST.as_bytes());
    assert_eq!(
        shape(&message),
        [
            "multipart/mixed",
            " text/plain",
            " multipart/digest",
            "  message/rfc822",
            "   text/plain",
            "  message/rfc822",
            "   text/plain",
        ]
    );
    let subjects: Vec<_> =
        message.parts().filter_map(|part| Some(part.headers().first("subject")?.text())).collect();
    assert_eq!(subjects, ["Internet Digest, volume 42", "my opinion", "my different opinion"]);
    // Its From fields are only place holders for addresses.
    assert!(message.defects().next().is_none());
}

/// RFC 2046 sections 5.2.2 and 5.2.3: partial and external-body are leaves.
#[test]
fn messages_of_rfc_2046_that_are_elsewhere() {
    let partial = Message::parse(
        b"X-Weird-Header-1: Foo\r\nFrom: Bill@host.com\r\nTo: joe@otherhost.com\r\nDate: Fri, 26 Mar 1993 12:59:38 -0500 (EST)\r\n\
        Subject: Audio mail (part 1 of 2)\r\nMessage-ID: <id1@host.com>\r\nMIME-Version: 1.0\r\n\
        Content-type: message/partial; id=\"ABC@host.com\";\r\n             number=1; total=2\r\n\r\n\
        X-Weird-Header-1: Bar\r\nMessage-ID: <anotherid@foo.com>\r\nMIME-Version: 1.0\r\nContent-type: audio/basic\r\n\r\nabc\r\n",
    );
    assert_clean(&partial);
    let kind = partial.root().content_type();
    let values = ["id", "number", "total"].map(|name| kind.parameters.value(name).unwrap());
    assert_eq!((partial.root().kind(), values), (PartKind::Leaf, ["ABC@host.com", "1", "2"]));
    assert_eq!(date("Fri, 26 Mar 1993 12:59:38 -0500 (EST)"), "1993-03-26T12:59:38-05:00");

    let external = Message::parse(
        b"Content-type: message/external-body;\r\n             access-type=local-file;\r\n\
        \x20            name=\"/u/nsb/Me.jpeg\"\r\n\r\nContent-type: image/jpeg\r\nContent-ID: <id42@guppylake.bellcore.com>\r\n\
        Content-Transfer-Encoding: binary\r\n\r\nTHIS IS NOT REALLY THE BODY!\r\n",
    );
    assert_clean(&external);
    assert_eq!(external.root().content_type().parameters.value("name"), Some("/u/nsb/Me.jpeg"));
    assert_eq!(external.parts().len(), 1);
}

/// RFC 2046 section 5.2.3.7: a document in three places.
#[test]
fn the_document_of_rfc_2046_that_is_elsewhere() {
    let access = |kind: &str, rest: &str, inner: &str, id: &str| {
        format!(
            "--42\r\nContent-Type: message/external-body; name=\"BodyFormats.ps\";\r\n  {kind}\r\n{rest}\r\n\
             Content-type: application/postscript\r\nContent-ID: <{id}@guppylake.bellcore.com>\r\n\r\n{inner}"
        )
    };
    let raw = [
        "From: Whomever\r\nTo: Someone\r\nDate: Fri, 26 Mar 1993 12:59:38 -0500\r\nSubject: whatever\r\n\
         MIME-Version: 1.0\r\nMessage-ID: <id1@host.com>\r\n\
         Content-Type: multipart/alternative; boundary=42\r\nContent-ID: <id001@guppylake.bellcore.com>\r\n\r\n",
        &access(
            "site=\"thumper.bellcore.com\"; mode=\"image\";",
            "  access-type=ANON-FTP; directory=\"pub\";\r\n  expiration=\"Fri, 14 Jun 1991 19:13:14 -0400 (EST)\"\r\n",
            "",
            "id42",
        ),
        &access(
            "access-type=local-file;",
            "  name=\"/u/nsb/writing/rfcs/RFC-MIME.ps\"; site=\"thumper.bellcore.com\";\r\n  \
             expiration=\"Fri, 14 Jun 1991 19:13:14 -0400 (EST)\"\r\n",
            "",
            "id42",
        ),
        &access(
            "access-type=mail-server",
            "  ; server=\"listserv@bogus.bitnet\";\r\n  expiration=\"Fri, 14 Jun 1991 19:13:14 -0400 (EST)\"\r\n",
            "get RFC-MIME.DOC\r\n",
            "id42",
        ),
        "--42--\r\n",
    ]
    .concat();
    let message = Message::parse(raw.as_bytes());
    let one = "message/external-body";
    assert_eq!(
        shape(&message),
        ["multipart/alternative", &format!(" {one}"), &format!(" {one}"), &format!(" {one}")]
    );
    let value = |index: usize, name: &str| {
        let kind = message.part(index).unwrap().content_type();
        kind.parameters.value(name).unwrap().to_owned()
    };
    assert_eq!((value(1, "access-type"), value(1, "directory")), ("ANON-FTP".into(), "pub".into()));
    // Its name is there twice: the first counts.
    assert_eq!((value(2, "access-type"), value(2, "name")), ("local-file".into(), "BodyFormats.ps".into()));
    assert_eq!(value(3, "server"), "listserv@bogus.bitnet");
    let expires = DateTime::parse(value(3, "expiration").as_bytes()).unwrap();
    assert_eq!(expires.to_string(), "1991-06-14T19:13:14-04:00");
    // What the body is, says the message in it, which is not there.
    for (index, body) in [(1, ""), (2, ""), (3, "get RFC-MIME.DOC")] {
        let phantom = Message::parse(message.part(index).unwrap().body());
        assert!(phantom.root().content_type().is("application/postscript"));
        assert_eq!(
            (&*phantom.root().text(), phantom.root().content_id().as_deref()),
            (body, Some("id42@guppylake.bellcore.com"))
        );
    }
}

/// RFC 2047 section 8: what is displayed.
#[test]
fn the_table_of_rfc_2047() {
    for (words, displayed) in [
        ("=?ISO-8859-1?Q?a?=", "a"),
        ("=?ISO-8859-1?Q?a?= b", "a b"),
        ("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"),
        ("=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=", "ab"),
        ("=?ISO-8859-1?Q?a?=\r\n   =?ISO-8859-1?Q?b?=", "ab"),
        ("=?ISO-8859-1?Q?a_b?=", "a b"),
        ("=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"),
    ] {
        let mut defects = Vec::new();
        assert_eq!(word::decode_with(words.as_bytes(), &mut defects), displayed);
        assert_eq!(defects, vec![]);
        // In a comment, as the table has them.
        assert_eq!(addresses(&format!("a@b.test ({words})")), [format!("{displayed} <a@b.test>")]);
    }
}

/// RFC 2047 section 8: the headers.
#[test]
fn the_headers_of_rfc_2047() {
    let message = Message::parse(
        b"From: =?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>\r\nTo: =?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?= <keld@dkuug.dk>\r\n\
        CC: =?ISO-8859-1?Q?Andr=E9?= Pirard <PIRARD@vm1.ulg.ac.be>\r\n\
        Subject: =?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n    =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=\r\n\r\n",
    );
    assert_clean(&message);
    assert_eq!(message.subject().as_deref(), Some("If you can read this you understand the example."));
    let shown = |value: &str| addresses(value).join("; ");
    for (value, meant) in [
        ("=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>"),
        ("=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?= <keld@dkuug.dk>", "Keld Jørn Simonsen <keld@dkuug.dk>"),
        ("=?ISO-8859-1?Q?Andr=E9?= Pirard <PIRARD@vm1.ulg.ac.be>", "André Pirard <PIRARD@vm1.ulg.ac.be>"),
        ("=?ISO-8859-1?Q?Olle_J=E4rnefors?= <ojarnef@admin.kth.se>", "Olle Järnefors <ojarnef@admin.kth.se>"),
        (
            "ietf-822@dimacs.rutgers.edu, ojarnef@admin.kth.se",
            "ietf-822@dimacs.rutgers.edu; ojarnef@admin.kth.se",
        ),
        ("=?ISO-8859-1?Q?Patrik_F=E4ltstr=F6m?= <paf@nada.kth.se>", "Patrik Fältström <paf@nada.kth.se>"),
        (
            "Greg Vaudreuil <gvaudre@NRI.Reston.VA.US>, Ned Freed\r\n      <ned@innosoft.com>, Keith Moore <moore@cs.utk.edu>",
            "Greg Vaudreuil <gvaudre@NRI.Reston.VA.US>; Ned Freed <ned@innosoft.com>; Keith Moore <moore@cs.utk.edu>",
        ),
        (
            "Nathaniel Borenstein <nsb@thumper.bellcore.com>\r\n      (=?iso-8859-8?b?7eXs+SDv4SDs6Oj08A==?=)",
            "Nathaniel Borenstein <nsb@thumper.bellcore.com>",
        ),
    ] {
        assert_eq!(shown(value), meant);
    }
    assert_eq!(word::decode(b"=?iso-8859-8?b?7eXs+SDv4SDs6Oj08A==?="), "םולש ןב לטטפנ");
}

/// RFC 2231 sections 3, 4, 4.1 and 5.
#[test]
fn parameters_of_rfc_2231() {
    let clean = |value: &'static str| {
        let mut defects = Vec::<Defect>::new();
        let kind = MediaType::parse_with(value.as_bytes(), &Limits::DEFAULT, &mut defects).unwrap();
        assert_eq!(defects, vec![], "{value}");
        kind
    };
    let split = clean(
        "message/external-body; access-type=URL;\r\n URL*0=\"ftp://\";\r\n \
         URL*1=\"cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar\"",
    );
    let whole = clean(
        "message/external-body; access-type=URL;\r\n URL=\"ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar\"",
    );
    assert_eq!(split, whole);
    let fun = clean("application/x-stuff;\r\n title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A");
    let title = fun.parameters.find("title").unwrap();
    assert_eq!((&*title.value, title.language.as_deref()), ("This is ***fun***", Some("en-us")));
    let more = clean(
        "application/x-stuff\r\n ;title*0*=us-ascii'en'This%20is%20even%20more%20\r\n \
         ;title*1*=%2A%2A%2Afun%2A%2A%2A%20\r\n ;title*2=\"isn't it!\"",
    );
    let title = more.parameters.find("title").unwrap();
    assert_eq!(
        (&*title.value, title.language.as_deref()),
        ("This is even more ***fun*** isn't it!", Some("en"))
    );
    for kind in [split, fun, more] {
        let mut written = Vec::new();
        kind.write(&mut written, 14);
        assert_eq!(MediaType::parse(&written), Some(kind));
    }
    assert_eq!(
        addresses("=?US-ASCII*EN?Q?Keith_Moore?= <moore@cs.utk.edu>"),
        ["Keith Moore <moore@cs.utk.edu>"]
    );
}

/// RFC 2183 section 3.
#[test]
fn dispositions_of_rfc_2183() {
    let value =
        b" attachment; filename=genome.jpeg;\r\n  modification-date=\"Wed, 12 Feb 1997 16:29:51 -0500\";";
    let mut defects = Vec::new();
    let genome = Disposition::parse_with(value, &Limits::DEFAULT, &mut defects).unwrap();
    assert_eq!((genome.is_attachment(), genome.filename(), defects), (true, Some("genome.jpeg"), vec![]));
    assert_eq!(genome.date("modification-date").unwrap().to_string(), "1997-02-12T16:29:51-05:00");
    let mut written = Vec::new();
    genome.write(&mut written, 21);
    assert_eq!(Disposition::parse(&written), Some(genome));
}

/// RFC 2049 appendix A.
#[test]
fn the_complex_message_of_rfc_2049() {
    let message = Message::parse(messages::COMPLEX.as_bytes());
    assert_eq!(
        shape(&message),
        [
            "multipart/mixed",
            " text/plain",
            " text/plain",
            " multipart/parallel",
            "  audio/basic",
            "  image/jpeg",
            " text/enriched",
            " message/rfc822",
            "  text/plain",
        ]
    );
    assert!(message.defects().next().is_none());
    let inner = message.part(8).unwrap();
    assert_eq!(inner.headers().first("subject").unwrap().text(), "(subject in US-ASCII)");
    assert_eq!(inner.text(), "  ... Additional text in ISO-8859-1 goes here ...é\r\n");
    assert_eq!(inner.content_type().charset(), Some("ISO-8859-1"));
}

/// Whatever a message is like, one field of it is changed and nothing else.
#[test]
fn every_message_is_edited_and_the_rest_stays() {
    for (name, raw) in messages::all() {
        let before = Message::parse(raw);
        let mut editor = Editor::new(raw);
        editor.set("X-Mark", "here").unwrap();
        let edited = editor.to_vec();
        let after = Message::parse(&edited);
        assert_eq!(after.headers().first("x-mark").unwrap().text(), "here", "{name}");
        assert_eq!(after.root().body(), before.root().body(), "{name}");
        let others =
            after.headers().iter().filter(|field| !field.is("x-mark")).map(|field| field.raw().to_vec());
        assert!(others.eq(before.headers().iter().map(|field| field.raw().to_vec())), "{name}");
    }
}

/// RFC 5322 appendix A.
type Header =
    (&'static str, &'static str, &'static [&'static str], &'static [&'static str], Option<&'static str>);

const RFC_5322: &[Header] = &[
    (
        "A.1.1",
        "From: John Doe <jdoe@machine.example>\r\nTo: Mary Smith <mary@example.net>\r\nSubject: Saying Hello\r\n\
         Date: Fri, 21 Nov 1997 09:55:06 -0600\r\nMessage-ID: <1234@local.machine.example>\r\n\r\n\
         This is a message just to say hello.\r\nSo, \"Hello\".\r\n",
        &["John Doe <jdoe@machine.example>"],
        &["Mary Smith <mary@example.net>"],
        Some("1997-11-21T09:55:06-06:00"),
    ),
    (
        "A.1.1, sender",
        "From: John Doe <jdoe@machine.example>\r\nSender: Michael Jones <mjones@machine.example>\r\n\
         To: Mary Smith <mary@example.net>\r\nSubject: Saying Hello\r\nDate: Fri, 21 Nov 1997 09:55:06 -0600\r\n\
         Message-ID: <1234@local.machine.example>\r\n\r\nThis is a message just to say hello.\r\nSo, \"Hello\".\r\n",
        &["John Doe <jdoe@machine.example>"],
        &["Mary Smith <mary@example.net>"],
        Some("1997-11-21T09:55:06-06:00"),
    ),
    (
        "A.1.2",
        "From: \"Joe Q. Public\" <john.q.public@example.com>\r\nTo: Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>\r\n\
         Cc: <boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>\r\nDate: Tue, 1 Jul 2003 10:52:37 +0200\r\n\
         Message-ID: <5678.21-Nov-1997@example.com>\r\n\r\nHi everyone.\r\n",
        &["Joe Q. Public <john.q.public@example.com>"],
        &["Mary Smith <mary@x.test>", "jdoe@example.org", "Who? <one@y.test>"],
        Some("2003-07-01T10:52:37+02:00"),
    ),
    (
        "A.1.3",
        "From: Pete <pete@silly.example>\r\nTo: A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;\r\n\
         Cc: Undisclosed recipients:;\r\nDate: Thu, 13 Feb 1969 23:32:54 -0330\r\n\
         Message-ID: <testabcd.1234@silly.example>\r\n\r\nTesting.\r\n",
        &["Pete <pete@silly.example>"],
        &["Ed Jones <c@a.test>", "joe@where.test", "John <jdoe@one.test>"],
        Some("1969-02-13T23:32:54-03:30"),
    ),
    (
        "A.2, reply",
        "From: Mary Smith <mary@example.net>\r\nTo: John Doe <jdoe@machine.example>\r\n\
         Reply-To: \"Mary Smith: Personal Account\" <smith@home.example>\r\nSubject: Re: Saying Hello\r\n\
         Date: Fri, 21 Nov 1997 10:01:10 -0600\r\nMessage-ID: <3456@example.net>\r\n\
         In-Reply-To: <1234@local.machine.example>\r\nReferences: <1234@local.machine.example>\r\n\r\n\
         This is a reply to your hello.\r\n",
        &["Mary Smith <mary@example.net>"],
        &["John Doe <jdoe@machine.example>"],
        Some("1997-11-21T10:01:10-06:00"),
    ),
    (
        "A.2, reply to the reply",
        "To: \"Mary Smith: Personal Account\" <smith@home.example>\r\nFrom: John Doe <jdoe@machine.example>\r\n\
         Subject: Re: Saying Hello\r\nDate: Fri, 21 Nov 1997 11:00:00 -0600\r\nMessage-ID: <abcd.1234@local.machine.test>\r\n\
         In-Reply-To: <3456@example.net>\r\nReferences: <1234@local.machine.example> <3456@example.net>\r\n\r\n\
         This is a reply to your reply.\r\n",
        &["John Doe <jdoe@machine.example>"],
        &["Mary Smith: Personal Account <smith@home.example>"],
        Some("1997-11-21T11:00:00-06:00"),
    ),
    (
        "A.3",
        "Resent-From: Mary Smith <mary@example.net>\r\nResent-To: Jane Brown <j-brown@other.example>\r\n\
         Resent-Date: Mon, 24 Nov 1997 14:22:01 -0800\r\nResent-Message-ID: <78910@example.net>\r\n\
         From: John Doe <jdoe@machine.example>\r\nTo: Mary Smith <mary@example.net>\r\nSubject: Saying Hello\r\n\
         Date: Fri, 21 Nov 1997 09:55:06 -0600\r\nMessage-ID: <1234@local.machine.example>\r\n\r\nHello.\r\n",
        &["John Doe <jdoe@machine.example>"],
        &["Mary Smith <mary@example.net>"],
        Some("1997-11-21T09:55:06-06:00"),
    ),
    (
        "A.4",
        "Received: from x.y.test\r\n   by example.net\r\n   via TCP\r\n   with ESMTP\r\n   id ABC12345\r\n   \
         for <mary@example.net>;  21 Nov 1997 10:05:43 -0600\r\n\
         Received: from node.example by x.y.test; 21 Nov 1997 10:01:22 -0600\r\nFrom: John Doe <jdoe@node.example>\r\n\
         To: Mary Smith <mary@example.net>\r\nSubject: Saying Hello\r\nDate: Fri, 21 Nov 1997 09:55:06 -0600\r\n\
         Message-ID: <1234@local.node.example>\r\n\r\nHello.\r\n",
        &["John Doe <jdoe@node.example>"],
        &["Mary Smith <mary@example.net>"],
        Some("1997-11-21T09:55:06-06:00"),
    ),
    (
        "A.5",
        "From: Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>\r\nTo:A Group(Some people)\r\n     \
         :Chris Jones <c@(Chris's host.)public.example>,\r\n         joe@example.org,\r\n  \
         John <jdoe@one.test> (my dear friend); (the end of the group)\r\n\
         Cc:(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;\r\nDate: Thu,\r\n      13\r\n        Feb\r\n          \
         1969\r\n      23:32\r\n               -0330 (Newfoundland Time)\r\n\
         Message-ID:              <testabcd.1234@silly.test>\r\n\r\nTesting.\r\n",
        &["Pete <pete@silly.test>"],
        &["Chris Jones <c@public.example>", "joe@example.org", "John <jdoe@one.test>"],
        Some("1969-02-13T23:32:00-03:30"),
    ),
    (
        "A.6.1",
        "From: Joe Q. Public <john.q.public@example.com>\r\nTo: Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example\r\n\
         Date: Tue, 1 Jul 2003 10:52:37 +0200\r\nMessage-ID: <5678.21-Nov-1997@example.com>\r\n\r\nHi everyone.\r\n",
        &["Joe Q. Public <john.q.public@example.com>"],
        &["Mary Smith <mary@example.net>", "jdoe@test.example"],
        Some("2003-07-01T10:52:37+02:00"),
    ),
    (
        "A.6.2",
        "From: John Doe <jdoe@machine.example>\r\nTo: Mary Smith <mary@example.net>\r\nSubject: Saying Hello\r\n\
         Date: 21 Nov 97 09:55:06 GMT\r\nMessage-ID: <1234@local.machine.example>\r\n\r\nHello.\r\n",
        &["John Doe <jdoe@machine.example>"],
        &["Mary Smith <mary@example.net>"],
        Some("1997-11-21T09:55:06+00:00"),
    ),
    (
        "A.6.3",
        "From  : John Doe <jdoe@machine(comment).  example>\r\nTo    : Mary Smith\r\n\
         \x20 \r\n          <mary@example.net>\r\nSubject     : Saying Hello\r\nDate  : Fri, 21 Nov 1997 09(comment):   55  :  06 -0600\r\n\
         Message-ID  : <1234   @   local(blah)  .machine .example>\r\n\r\nHello.\r\n",
        &["John Doe <jdoe@machine.example>"],
        &["Mary Smith <mary@example.net>"],
        Some("1997-11-21T09:55:06-06:00"),
    ),
];

#[test]
fn every_message_of_rfc_5322() {
    for (section, raw, from, to, at) in RFC_5322 {
        let message = Message::parse(raw.as_bytes());
        let field = |name| message.headers().first(name).unwrap();
        let shown = |name| addresses(core::str::from_utf8(field(name).value()).unwrap());
        assert_eq!(shown("From"), *from, "{section}");
        assert_eq!(shown("To"), *to, "{section}");
        assert_eq!(
            Some(date(core::str::from_utf8(field("Date").value()).unwrap()).as_str()),
            *at,
            "{section}"
        );
        assert_clean(&message);
        assert_rebuilt(&message);
    }
}

/// The other direction: a message built of what was read is read as the same.
fn assert_rebuilt(message: &Message<'_>) {
    let mut builder = Builder::new().date(message.date().unwrap());
    for mailbox in message.from().mailboxes() {
        builder = builder.from(mailbox).unwrap();
    }
    for address in message.to().iter() {
        builder = match address {
            Address::Mailbox(mailbox) => builder.to(mailbox).unwrap(),
            Address::Group { name, members } => builder.to_group(&name, &members).unwrap(),
        };
    }
    for id in message.headers().first("References").iter().flat_map(|field| field.message_ids().iter()) {
        builder = builder.references(&id).unwrap();
    }
    builder = builder.message_id(&message.message_id().unwrap()).unwrap();
    if let Some(subject) = message.subject() {
        builder = builder.subject(&subject).unwrap();
    }
    let raw = builder.text(&message.root().text()).build(b"random").to_vec();
    let built = Message::parse(&raw);
    assert_clean(&built);
    assert_eq!((built.date(), built.subject()), (message.date(), message.subject()));
    assert!(built.from().mailboxes().eq(message.from().mailboxes()), "{}", raw.escape_ascii());
    assert!(built.to().iter().eq(message.to().iter()), "{}", raw.escape_ascii());
    assert_eq!(built.message_id(), message.message_id());
    let references = |of: &Message<'_>| {
        let field = of.headers().first("References");
        field
            .iter()
            .flat_map(|field| field.message_ids().iter())
            .map(|id| id.into_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(references(&built), references(message));
    assert_eq!(built.root().text(), message.root().text());
}

#[test]
fn the_rest_of_rfc_5322_a() {
    let of = |section: &str| {
        Message::parse(RFC_5322.iter().find(|(name, ..)| *name == section).unwrap().1.as_bytes())
    };
    let carbon = of("A.1.2").cc().mailboxes().map(|mailbox| mailbox.to_string()).collect::<Vec<_>>();
    assert_eq!(carbon, ["boss@nil.test", "Giant; \"Big\" Box <sysservices@example.net>"]);
    for section in ["A.1.3", "A.5"] {
        let message = of(section);
        assert!(
            matches!(message.cc().iter().next(), Some(Address::Group { members, .. }) if members.is_empty())
        );
        assert!(matches!(message.to().iter().next(), Some(Address::Group { name, .. }) if name == "A Group"));
    }
    let reply = of("A.2, reply");
    assert_eq!(
        reply.reply_to().first().unwrap().to_string(),
        "Mary Smith: Personal Account <smith@home.example>"
    );
    assert_eq!(
        of("A.1.1, sender").sender().first().unwrap().to_string(),
        "Michael Jones <mjones@machine.example>"
    );
    let again = of("A.3");
    let resent = |name| again.headers().first(name).unwrap();
    assert_eq!(
        resent("Resent-From").addresses().first().unwrap().to_string(),
        "Mary Smith <mary@example.net>"
    );
    assert_eq!(resent("Resent-Date").date().unwrap().to_string(), "1997-11-24T14:22:01-08:00");
    assert_eq!(resent("Resent-Message-ID").message_ids().first().as_deref(), Some("78910@example.net"));
    let reply = of("A.2, reply to the reply");
    let references = reply.headers().first("References").unwrap().message_ids();
    assert!(references.iter().eq(["1234@local.machine.example", "3456@example.net"]));
    let trace = of("A.4");
    let hops: Vec<_> =
        trace.headers().all("Received").map(|field| field.received().date.unwrap().to_string()).collect();
    assert_eq!(hops, ["1997-11-21T10:05:43-06:00", "1997-11-21T10:01:22-06:00"]);
    assert_eq!(of("A.6.3").message_id().as_deref(), Some("1234@local.machine.example"));
}

/// RFC 6532: UTF-8 wherever text stands.
#[test]
fn headers_of_rfc_6532() {
    let raw = "From: Jørn Ærø <jørn@blåbær.example>\r\nTo: 「東京」 <東京@例え.test>\r\nSubject: Grüße\r\n\
        Message-ID: <é@host.test>\r\nContent-Type: message/global; name=\"文書\"\r\nContent-Transfer-Encoding: base64\r\n\r\n\
        U3ViamVjdDogw6kNCg0KaGkNCg==\r\n";
    let message = Message::parse(raw.as_bytes());
    assert_clean(&message);
    assert_eq!(message.subject().as_deref(), Some("Grüße"));
    assert_eq!(addresses("Jørn Ærø <jørn@blåbær.example>"), ["Jørn Ærø <jørn@blåbær.example>"]);
    assert_eq!(message.to().first().unwrap().to_string(), "「東京」 <東京@例え.test>");
    assert_eq!(message.root().filename().as_deref(), Some("文書"));
    // Section 3.7: message/global may be coded.
    let decoded = message.root().decoded();
    let inner = message.root().coded_message(&decoded).unwrap();
    assert_eq!((inner.subject().as_deref(), &*inner.root().text()), (Some("é"), "hi\r\n"));
}

/// RFC 2387 section 5, RFC 2392: parts that name each other.
#[test]
fn related_parts_are_found_by_their_identifiers() {
    let raw = b"Content-Type: multipart/related; boundary=example-1;\r\n   start=\"<950120.aaCC@XIson.com>\";\r\n\
        \x20  type=\"Application/X-FixedRecord\"; start-info=\"-o ps\"\r\n\r\n--example-1\r\nContent-Type: Application/X-FixedRecord\r\n\
        Content-ID: <950120.aaCC@XIson.com>\r\n\r\n25\r\n10\r\n\r\n--example-1\r\nContent-Type: Application/octet-stream\r\n\
        Content-Description: The fixed length records\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <950120.aaCB@XIson.com>\r\n\r\n\
        T2xkIE1hY0RvbmFsZCBoYWQgYSBmYXJtCg==\r\n--example-1--\r\n";
    let message = Message::parse(raw);
    assert_clean(&message);
    let start = message.root().content_type().parameters.value("start").unwrap().to_owned();
    assert_eq!(message.part_with_id(start.trim_matches(['<', '>'])).unwrap().index(), 1);
    assert_eq!(
        message.part_with_id("950120.aaCB@XIson.com").unwrap().decoded(),
        &b"Old MacDonald had a farm\n"[..]
    );
    let parameters = Parameters::parse(b"; start=\"<950120.aaCC@XIson.com>\"; start-info=\"-o ps\"");
    assert_eq!(parameters.value("start-info"), Some("-o ps"));
}

/// The frame of RFC 6522 section 3 around what a machine says, as the examples of RFC 3464 appendix E and RFC 8098 appendix A
/// have it.
fn reported(kind: &str, status: &str) -> String {
    format!(
        "From: Mail Delivery Subsystem <MAILER-DAEMON@CS.UTK.EDU>\r\nSubject: Returned mail\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type={kind};\r\n      boundary=\"RAA14128.773615765/CS.UTK.EDU\"\r\n\r\n\
         --RAA14128.773615765/CS.UTK.EDU\r\n\r\nThe original message was received at Sat, 2 Jul 1994 17:10:28 -0400\r\n\
         from root@localhost\r\n\r\n--RAA14128.773615765/CS.UTK.EDU\r\ncontent-type: message/{kind}\r\n\r\n{status}\r\n\
         --RAA14128.773615765/CS.UTK.EDU\r\ncontent-type: message/rfc822\r\n\r\nSubject: original\r\n\r\n\
         [original message goes here]\r\n--RAA14128.773615765/CS.UTK.EDU--\r\n"
    )
}

/// What a recipient of RFC 3464 appendix E is told of: address, action, status, and what was said.
type Told = (&'static str, Action, &'static str, Option<&'static str>);

/// A section, the content of its delivery status, who reports, and what became of each recipient.
type Report = (&'static str, &'static str, (&'static str, &'static str), &'static [Told]);

/// RFC 3464 appendix E.
const RFC_3464: &[Report] = &[
    (
        "E.1",
        "Reporting-MTA: dns; cs.utk.edu\r\n\r\nOriginal-Recipient: rfc822;louisl@larry.slip.umd.edu\r\n\
         Final-Recipient: rfc822;louisl@larry.slip.umd.edu\r\nAction: failed\r\nStatus: 4.0.0\r\n\
         Diagnostic-Code: smtp; 426 connection timed out\r\nLast-Attempt-Date: Thu, 7 Jul 1994 17:15:49 -0400\r\n",
        ("dns", "cs.utk.edu"),
        &[("louisl@larry.slip.umd.edu", Action::Failed, "4.0.0", Some("426 connection timed out"))],
    ),
    (
        "E.2",
        "Reporting-MTA: dns; cs.utk.edu\r\n\r\nOriginal-Recipient: rfc822;arathib@vnet.ibm.com\r\n\
         Final-Recipient: rfc822;arathib@vnet.ibm.com\r\nAction: failed\r\nStatus: 5.0.0 (permanent failure)\r\n\
         Diagnostic-Code: smtp;  550 'arathib@vnet.IBM.COM' is not a\r\n registered gateway user\r\n\
         Remote-MTA: dns; vnet.ibm.com\r\n\r\nOriginal-Recipient: rfc822;johnh@hpnjld.njd.hp.com\r\n\
         Final-Recipient: rfc822;johnh@hpnjld.njd.hp.com\r\nAction: delayed\r\n\
         Status: 4.0.0 (hpnjld.njd.jp.com: host name lookup failure)\r\n\r\n\
         Original-Recipient: rfc822;wsnell@sdcc13.ucsd.edu\r\nFinal-Recipient: rfc822;wsnell@sdcc13.ucsd.edu\r\n\
         Action: failed\r\nStatus: 5.0.0\r\nDiagnostic-Code: smtp; 550 user unknown\r\nRemote-MTA: dns; sdcc13.ucsd.edu\r\n",
        ("dns", "cs.utk.edu"),
        &[
            (
                "arathib@vnet.ibm.com",
                Action::Failed,
                "5.0.0",
                Some("550 'arathib@vnet.IBM.COM' is not a registered gateway user"),
            ),
            ("johnh@hpnjld.njd.hp.com", Action::Delayed, "4.0.0", None),
            ("wsnell@sdcc13.ucsd.edu", Action::Failed, "5.0.0", Some("550 user unknown")),
        ],
    ),
    (
        "E.3",
        "Reporting-MTA: mailbus; SYS30\r\n\r\nFinal-Recipient: unknown; nair_s\r\n\
         Status: 5.0.0 (unknown permanent failure)\r\nAction: failed\r\n",
        ("mailbus", "SYS30"),
        &[("nair_s", Action::Failed, "5.0.0", None)],
    ),
    (
        "E.4",
        "Reporting-MTA: dns; sun2.nsfnet-relay.ac.uk\r\n\r\nFinal-Recipient: rfc822;thomas@de-montfort.ac.uk\r\n\
         Status: 4.0.0 (unknown temporary failure)\r\nAction: delayed\r\n",
        ("dns", "sun2.nsfnet-relay.ac.uk"),
        &[("thomas@de-montfort.ac.uk", Action::Delayed, "4.0.0", None)],
    ),
];

#[test]
fn every_report_of_rfc_3464() {
    for (section, status, (kind, mta), recipients) in RFC_3464 {
        let raw = reported("delivery-status", status);
        let message = Message::parse(raw.as_bytes());
        assert_clean(&message);
        assert_eq!(message.root().content_type().parameters.value("report-type"), Some("delivery-status"));
        let read = DeliveryStatus::parse(&message.part(2).unwrap().decoded());
        assert_eq!((&*read.reporting_mta.kind, &*read.reporting_mta.value), (*kind, *mta), "{section}");
        let told = read.recipients.iter().map(|told| {
            let said = told.diagnostic_code.as_ref().map(|said| said.value.as_str());
            (
                told.final_recipient.value.as_str(),
                told.action.unwrap(),
                told.status.unwrap().to_string(),
                said,
            )
        });
        let meant = recipients
            .iter()
            .map(|(address, action, code, said)| (*address, *action, (*code).to_owned(), *said));
        assert!(told.eq(meant), "{section}: {read:?}");
        // The other direction.
        let original = Original::Message(message.part(3).unwrap().body().to_vec().into());
        let body = read.report(&message.part(1).unwrap().text(), original).unwrap();
        let built = Builder::new().body(body).build(b"random").to_vec();
        let built = Message::parse(&built);
        assert_eq!(shape(&built), shape(&message), "{section}");
        assert_eq!(DeliveryStatus::parse(&built.part(2).unwrap().decoded()), read);
        for index in [1, 3] {
            assert_eq!(built.part(index).unwrap().decoded(), message.part(index).unwrap().decoded());
        }
    }
}

/// RFC 8098 appendix A.1.
#[test]
fn the_notice_of_rfc_8098() {
    let raw = reported(
        "disposition-notification",
        "Reporting-UA: joes-pc.cs.example.com; Foomail 97.1\r\nOriginal-Recipient: rfc822;Joe_Recipient@example.com\r\n\
         Final-Recipient: rfc822;Joe_Recipient@example.com\r\nOriginal-Message-ID: <199509192301.23456@example.org>\r\n\
         Disposition: manual-action/MDN-sent-manually; displayed\r\n",
    );
    let message = Message::parse(raw.as_bytes());
    assert_clean(&message);
    let notice = report::Disposition::parse(&message.part(2).unwrap().decoded());
    assert_eq!(notice.reporting_ua.as_deref(), Some("joes-pc.cs.example.com; Foomail 97.1"));
    assert_eq!(notice.final_recipient.value, "Joe_Recipient@example.com");
    assert_eq!(
        notice.disposition.as_ref().unwrap().to_string(),
        "manual-action/MDN-sent-manually; displayed"
    );
    let body = notice.report("It was displayed.", Original::None).unwrap();
    let built = Builder::new().body(body).build(b"random").to_vec();
    let built = Message::parse(&built);
    assert_eq!(report::Disposition::parse(&built.part(2).unwrap().decoded()), notice);
    assert_eq!(built.root().children().count(), 2);
}

/// The fields of a form: name, file name, type and value.
fn fields(boundary: &str, raw: &str) -> Vec<(String, Option<String>, String, String)> {
    let (mut reader, mut input) = (form::Reader::new(boundary).unwrap(), BytesMut::from(raw));
    let mut all = Vec::<(String, Option<String>, String, Vec<u8>)>::new();
    while let Some(event) = reader.receive_eof(&mut input).unwrap() {
        match event {
            form::Event::Field(field) => {
                all.push((field.name, field.filename, field.media_type.to_string(), Vec::new()))
            }
            form::Event::Data(data) => all.last_mut().unwrap().3.extend_from_slice(&data),
            form::Event::FieldEnd | form::Event::End => {}
        }
    }
    all.into_iter()
        .map(|(name, file, kind, value)| (name, file, kind, String::from_utf8(value).unwrap()))
        .collect()
}

/// RFC 7578 sections 4.1 to 4.6: a field with a charset, the field that names one, several files under one name.
#[test]
fn forms_of_rfc_7578() {
    let raw = "--AaB03x\r\ncontent-disposition: form-data; name=\"_charset_\"\r\n\r\niso-8859-1\r\n\
        --AaB03x--\r\n";
    let plain = || "text/plain".to_owned();
    assert_eq!(fields("AaB03x", raw), [("_charset_".into(), None, plain(), "iso-8859-1".into())]);
    let raw = "--AaB03x\r\ncontent-disposition: form-data; name=\"field1\"\r\n\
        content-type: text/plain;charset=UTF-8\r\n\r\nJoe owes \u{20ac}100.\r\n--AaB03x--\r\n";
    let kind = "text/plain; charset=UTF-8".to_owned();
    assert_eq!(fields("AaB03x", raw), [("field1".into(), None, kind, "Joe owes \u{20ac}100.".into())]);
    // Both directions: files under one name (section 4.3), names beyond US-ASCII as UTF-8 (section 5.1).
    let (mut writer, mut out) = (form::Writer::new("AaB03x").unwrap(), Vec::new());
    for (name, text) in [("file1.txt", "one\r\n"), ("\u{e4}.txt", "--AaB0\r\n")] {
        writer.file("files", name, &MediaType::TEXT_PLAIN, &mut out).unwrap();
        writer.data(text.as_bytes(), &mut out).unwrap();
    }
    writer.finish(&mut out);
    assert_eq!(
        fields("AaB03x", core::str::from_utf8(&out).unwrap()),
        [
            ("files".into(), Some("file1.txt".into()), plain(), "one\r\n".into()),
            ("files".into(), Some("\u{e4}.txt".into()), plain(), "--AaB0\r\n".into()),
        ]
    );
}

/// RFC 3676 section 4.1, 4.5 and 5: text that flows, quotes of every depth, what only looks like one.
#[test]
fn flowed_text_of_rfc_3676() {
    let cases: [(&str, &[(usize, &str)]); 3] = [
        (
            "`Take some more tea,' the March Hare said to Alice, very \r\nearnestly.\r\n\r\n\
             `I've had nothing yet,' Alice replied in an offended tone, `so \r\nI can't take more.'\r\n\r\n\
             `You mean you can't take LESS,' said the Hatter: `it's very \r\neasy to take MORE than nothing.'\r\n",
            &[
                (0, "`Take some more tea,' the March Hare said to Alice, very earnestly."),
                (0, ""),
                (0, "`I've had nothing yet,' Alice replied in an offended tone, `so I can't take more.'"),
                (0, ""),
                (
                    0,
                    "`You mean you can't take LESS,' said the Hatter: `it's very easy to take MORE than nothing.'",
                ),
            ],
        ),
        (
            ">>>Take some more tea.\r\n>>I've had nothing yet, so I can't take more.\r\n\
             >You mean you can't take LESS, it's very easy to take \r\n>MORE than nothing.\r\n",
            &[
                (3, "Take some more tea."),
                (2, "I've had nothing yet, so I can't take more."),
                (1, "You mean you can't take LESS, it's very easy to take MORE than nothing."),
            ],
        ),
        (
            ">> Take some more tea.\r\n>> T'is very, very good.\r\n> I've had nothing yet, so I can't take more.\r\n\
             \x20>You mean you can't\r\n From here on\r\n-- \r\nAlice\r\n",
            &[
                (2, "Take some more tea."),
                (2, "T'is very, very good."),
                (1, "I've had nothing yet, so I can't take more."),
                (0, ">You mean you can't"),
                (0, "From here on"),
                (0, "-- "),
                (0, "Alice"),
            ],
        ),
    ];
    for (text, paragraphs) in cases {
        let read = flowed::decode(text, false);
        let shown: Vec<_> = read.iter().map(|paragraph| (paragraph.depth, paragraph.text.as_str())).collect();
        assert_eq!(shown, paragraphs);
        assert_eq!(flowed::decode(&flowed::encode(&read, false), false), read);
    }
}

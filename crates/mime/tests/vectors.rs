//! The RFCs' own examples, cited by section: what they mean, and that what they mean is written so that it means the same.

#[path = "support/messages.rs"]
mod messages;

use mime::address::{write_group, write_mailbox};
use mime::{
    Address, Addresses, DateTime, Defect, Disposition, Limits, MediaType, Message, Parameters, PartKind,
    TransferEncoding, word,
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
    }
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

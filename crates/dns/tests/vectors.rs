//! The RFCs' own examples, in both directions where they have two.

use dns::client::Hosts;
use dns::text::tokens;
use dns::zone::ZoneBuilder;
use dns::{
    Builder, Class, Header, Message, Name, NameRef, Opcode, Question, Rdata, Record, RrType, Section,
    TextErrorKind,
};

fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u32> = digits.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

fn name(text: &str) -> Name {
    Name::parse_text(text.as_bytes(), Some(&Name::ROOT)).unwrap()
}

/// RFC 1035 section 4.1.4: F.ISI.ARPA at 20, FOO.F.ISI.ARPA at 40, ARPA at 64, the root at 92.
#[test]
fn rfc_1035_names_share_their_ends() {
    let mut message = vec![0; 93];
    message[20..32].copy_from_slice(b"\x01F\x03ISI\x04ARPA\0");
    message[40..46].copy_from_slice(b"\x03FOO\xC0\x14");
    message[64..66].copy_from_slice(b"\xC0\x1A");
    for (at, text, end) in
        [(20, "F.ISI.ARPA.", 32), (40, "FOO.F.ISI.ARPA.", 46), (64, "ARPA.", 66), (92, ".", 93)]
    {
        let (found, behind) = NameRef::parse(&message, at).unwrap();
        assert_eq!((found.to_string().as_str(), behind), (text, end));
        assert_eq!(found.to_name(), name(text));
    }
}

/// RFC 1034 section 6.2.1: the query for SRI-NIC.ARPA's addresses and its reply, as octets.
#[test]
fn rfc_1034_a_query_and_its_reply() {
    let mut out = [0; 512];
    let mut header = Header::query(0x0DE5, Opcode::QUERY);
    let question = Question::new(name("SRI-NIC.ARPA"), RrType::A);
    let mut query = Builder::new(&mut out, header);
    query.push_question(question.as_question_ref()).unwrap();
    let wire = hex("0DE5 0000 0001 0000 0000 0000 07 5352492D4E4943 04 41525041 00 0001 0001");
    assert_eq!(query.finish(), wire);
    header.flags = header.reply(dns::Rcode::NOERROR).flags.with(dns::Flags::AA);
    let mut reply = Builder::new(&mut out, header);
    reply.push_question(question.as_question_ref()).unwrap();
    for address in ["26.0.0.73", "10.0.0.51"] {
        let rdata = Rdata::of_text(RrType::A, address).unwrap();
        let record = Record { owner: name("SRI-NIC.ARPA."), ttl: 86_400, rdata };
        reply.push_record(Section::Answer, record.as_record_ref()).unwrap();
    }
    let wire = hex("0DE5 8400 0001 0002 0000 0000 07 5352492D4E4943 04 41525041 00 0001 0001 \
         C00C 0001 0001 00015180 0004 1A000049  C00C 0001 0001 00015180 0004 0A000033");
    let bytes = reply.finish();
    assert_eq!(bytes, wire);
    let message = Message::parse(&wire).unwrap();
    let records: Vec<_> = message.answer().map(|record| record.to_string()).collect();
    assert_eq!(records, ["SRI-NIC.ARPA. 86400 IN A 26.0.0.73", "SRI-NIC.ARPA. 86400 IN A 10.0.0.51"]);
}

/// Both directions: type, text, octets.
fn both_ways(rtype: &str, text: &str, wire: &str) {
    let rtype: RrType = rtype.parse().unwrap();
    let rdata = Rdata::of_text(rtype, text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(rdata.as_wire(), hex(wire), "{text}");
    let read = Rdata::from_wire(rtype, Class::IN, &hex(wire)).unwrap();
    assert_eq!(Rdata::of_text(rtype, &read.to_string()).unwrap().as_wire(), hex(wire), "{text}");
}

/// RFC 4034 section 4.3, RFC 3597 section 5, RFC 4034 section 5.4.
#[test]
fn records_of_rfc_3597_and_4034() {
    both_ways(
        "NSEC",
        "host.example.com. ( A MX RRSIG NSEC TYPE1234 )",
        "04 686f7374 07 6578616d706c65 03 636f6d 00 0006 400100000003 \
         041b 000000000000000000000000000000000000000000000000000020",
    );
    both_ways(
        "DS",
        "60485 5 1 ( 2BB183AF5F22588179A53B0A 98631FAD1A292118 )",
        "EC45 05 01 2BB183AF5F22588179A53B0A98631FAD1A292118",
    );
    both_ways("TYPE731", "\\# 6 abcdef ( 01 23 45 )", "abcdef012345");
    both_ways("TYPE62347", "\\# 0", "");
    both_ways("A", "\\# 4 0A000001", "0A000001");
    assert_eq!(Rdata::of_text(RrType::A, "\\# 4 0A000001").unwrap().to_string(), "10.0.0.1");
}

/// RFC 4034 section 6.1.
#[test]
fn rfc_4034_the_order_of_names() {
    let order = [
        "example.",
        "a.example.",
        "yljkjljk.a.example.",
        "Z.a.example.",
        "zABC.a.EXAMPLE.",
        "z.example.",
        "\\001.z.example.",
        "*.z.example.",
        "\\200.z.example.",
    ];
    let names = order.map(name);
    let mut shuffled = names.clone();
    shuffled.reverse();
    shuffled.sort();
    assert_eq!(shuffled, names);
}

/// RFC 9460 appendix D.1 and D.2.
#[test]
fn rfc_9460_service_bindings() {
    let com = "03666f6f 076578616d706c65 03636f6d 00";
    let org = "03666f6f 076578616d706c65 036f7267 00";
    both_ways("HTTPS", "0 foo.example.com.", &format!("0000 {com}"));
    for (text, wire) in [
        ("1 .", "0001 00".to_owned()),
        ("16 foo.example.com. port=53", format!("0010 {com} 0003 0002 0035")),
        ("1 foo.example.com. key667=hello", format!("0001 {com} 029b 0005 68656c6c6f")),
        (r#"1 foo.example.com. key667="hello\210qoo""#, format!("0001 {com} 029b 0009 68656c6c6fd2716f6f")),
        (
            r#"1 foo.example.com. ( ipv6hint="2001:db8::1,2001:db8::53:1" )"#,
            format!("0001 {com} 0006 0020 20010db8000000000000000000000001 20010db8000000000000000000530001"),
        ),
        (
            r#"1 example.com. ( ipv6hint="2001:db8:122:344::192.0.2.33" )"#,
            "0001 076578616d706c65 03636f6d 00 0006 0010 20010db8012203440000000 0c0000221".to_owned(),
        ),
        (
            "16 foo.example.org. ( alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1 )",
            format!("0010 {org} 0000 0004 0001 0004 0001 0009 026832 0568332d3139 0004 0004 c0000201"),
        ),
        (
            r#"16 foo.example.org. alpn="f\\\\oo\\,bar,h2""#,
            format!("0010 {org} 0001 000c 08665c6f6f2c626172 026832"),
        ),
        (
            r"16 foo.example.org. alpn=f\\\092oo\092,bar,h2",
            format!("0010 {org} 0001 000c 08665c6f6f2c626172 026832"),
        ),
    ] {
        both_ways("SVCB", text, &wire);
    }
}

/// RFC 9460 appendix D.3.
#[test]
fn rfc_9460_service_bindings_that_are_none() {
    for parameters in [
        "key123=abc key123=def",
        "mandatory",
        "alpn",
        "port",
        "ipv4hint",
        "ipv6hint",
        "no-default-alpn=abc",
        "mandatory=key123",
        "mandatory=mandatory",
        "mandatory=key123,key123 key123=abc",
    ] {
        let text = format!("1 foo.example.com. {parameters}");
        assert!(Rdata::of_text(RrType::SVCB, &text).is_err(), "{parameters}");
    }
}

/// RFC 5155 appendix A: the NSEC3 of the zone's names, found by their hashes.
#[test]
fn rfc_5155_hashed_names() {
    let mut zone = ZoneBuilder::new(name("example"));
    let mut push = |owner: &str, rtype: &str, text: &str| {
        let rdata = Rdata::of_text(rtype.parse().unwrap(), text).unwrap();
        let owner = if owner.is_empty() { name("example") } else { name(&format!("{owner}.example")) };
        zone.push(Record { owner, ttl: 3600, rdata }.as_record_ref()).unwrap();
    };
    push("", "SOA", "ns1.example. bugs.x.w.example. 1 3600 300 3600000 3600");
    push("", "NSEC3PARAM", "1 0 12 aabbccdd");
    let hashes = [
        ("example", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"),
        ("a.example", "35mthgpgcu1qg68fab165klnsnk3dpvl"),
        ("ai.example", "gjeqe526plbf1g8mklp59enfd789njgi"),
        ("ns1.example", "2t7b4g4vsa5smi47k61mv5bv1a22bojr"),
        ("ns2.example", "q04jkcevqvmu85r014c7dkba38o0ji5r"),
        ("w.example", "k8udemvp1j2f7eg6jebps17vp3n8i58h"),
        ("*.w.example", "r53bq7cc2uvmubfu5ocmm6pers9tk9en"),
        ("x.w.example", "b4um86eghhds6nea196smvmlo4ors995"),
        ("y.w.example", "ji6neoaepv8b5o6k4ev33abha8ht9fgc"),
        ("x.y.w.example", "2vptu5timamqttgl4luu9kg21e0aor3s"),
        ("xx.example", "t644ebqk9bibcna874givr6joj62mlhv"),
    ];
    for (at, (_, hash)) in hashes.iter().enumerate() {
        let (_, next) = hashes[(at + 1) % hashes.len()];
        push(hash, "NSEC3", &format!("1 1 12 aabbccdd ( {next} MX DNSKEY NS SOA NSEC3PARAM RRSIG )"));
    }
    let zone = zone.build().unwrap();
    for (plain, hash) in hashes {
        assert!(zone.nsec3_matches(&name(plain)), "{plain}");
        assert_eq!(zone.nsec3_at(&name(plain)).unwrap().name(), &name(&format!("{hash}.example")), "{plain}");
    }
    assert!(!zone.nsec3_matches(&name("c.x.w.example")));
}

/// RFC 8976 section 2.2 and appendix A.1: the record and its fields.
#[test]
fn rfc_8976_zone_digests() {
    let digest =
        "c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9a9713b3c9ae5cc27777f98b8e730044c";
    both_ways("ZONEMD", &format!("2018031900 1 1 ( {digest} )"), &format!("7848B91C 01 01 {digest}"));
}

/// RFC 1035 section 5.1: how text stands for octets.
#[test]
fn rfc_1035_tokens() {
    let found = tokens(b"a (b ; comment\n c) \"d e\" f\\ g").unwrap();
    let texts: Vec<_> = found.iter().map(|token| token.text).collect();
    assert_eq!(texts, [&b"a"[..], b"b", b"c", b"d e", b"f\\ g"]);
    assert_eq!(tokens(b"\"a").unwrap_err().kind, TextErrorKind::Unclosed);
}

/// RFC 3596 section 2.5, RFC 1035 section 3.5.
#[test]
fn pointer_names() {
    let v6 = dns::pointer_name("4321:0:1:2:3:4:567:89ab".parse().unwrap());
    let text = "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa.";
    assert_eq!(v6.to_string(), text);
    assert_eq!(dns::pointer_name("10.2.0.52".parse().unwrap()).to_string(), "52.0.2.10.in-addr.arpa.");
    assert_eq!(Hosts::default(), Hosts::parse(b""));
}

//! Questions and what an authority answers, one line each.

mod zones;

use std::net::IpAddr;
use std::sync::Arc;

use dns::authority::{Authority, ClientCtx, Verdict};
use dns::zone::Zone;
use dns::{
    Builder, EdnsHeader, EdnsOption, Flags, Header, Message, Opcode, Question, Rcode, RrType, Section,
};

const ORG: &str = r#"
$TTL 60
@ SOA ns host 7 1d 2h 4w 30
@ NS ns
@ NS ns.sub
@ MX 10 mail
ns A 192.0.2.1
mail A 192.0.2.25
mail AAAA 2001:db8::25
www CNAME web
web A 192.0.2.80
web A 192.0.2.81
web A 192.0.2.82
out CNAME else.net.
net CNAME host.example.net.
loop1 CNAME loop2
loop2 CNAME loop1
a.b.c A 192.0.2.3
*.wild TXT "wild"
x.y.wild TXT "x"
*.alias CNAME web
sub NS ns.sub
sub NS ns.other
ns.sub A 192.0.2.53
other NS ns.other
ns.other A 192.0.2.54
old DNAME new.example.org.
target.new A 192.0.2.9
long DNAME aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.net.
"#;

fn zone(apex: &str, text: &str) -> Arc<Zone> {
    Arc::new(zones::read(apex, text).unwrap())
}

fn authority() -> Authority {
    let mut authority = Authority::new().nsid(b"here");
    authority.add(zone("example.org", ORG));
    authority.add(zone(
        "example.net",
        "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.2\nhost A 192.0.2.4\n",
    ));
    authority
}

fn client() -> ClientCtx {
    ClientCtx::datagram("198.51.100.1".parse::<IpAddr>().unwrap(), 4000)
}

fn query(name: &str, rtype: RrType, edns: Option<EdnsHeader>) -> Vec<u8> {
    let mut bytes = [0; 512];
    let mut builder = Builder::new(&mut bytes, Header::query(7, Opcode::QUERY));
    builder.push_question(Question::new(name.parse().unwrap(), rtype).as_question_ref()).unwrap();
    if let Some(edns) = edns {
        builder.push_edns(&edns, &[EdnsOption::Nsid(b"")]).unwrap();
    }
    builder.finish().to_vec()
}

fn ask(authority: &Authority, query: &[u8], ctx: &ClientCtx) -> (Verdict, Vec<u8>) {
    let mut out = vec![0; 65_535];
    let verdict = authority.answer(query, ctx, &mut out);
    let len = match verdict {
        Verdict::Reply(len) | Verdict::Truncated(len) => len,
        _ => 0,
    };
    out.truncate(len);
    (verdict, out)
}

fn told(authority: &Authority, name: &str, rtype: RrType, ctx: &ClientCtx) -> String {
    let (_, reply) = ask(authority, &query(name, rtype, None), ctx);
    shown(&reply)
}

/// `RCODE aa | answer | authority | additional`.
fn shown(reply: &[u8]) -> String {
    let message = Message::parse(reply).unwrap();
    let mut text = message.rcode().to_string();
    if message.flags().has(Flags::AA) {
        text += " aa";
    }
    for section in Section::ALL {
        let records: Vec<_> = message.section(section).map(|record| record.to_string()).collect();
        text += &format!(" | {}", records.join(", "));
    }
    text.replace(".example.org.", "").replace("example.org.", "@").replace(" IN ", " ")
}

const SOA: &str = "@ 30 SOA ns host 7 86400 7200 2419200 30";

#[test]
fn every_kind_of_question_has_its_answer() {
    let authority = authority();
    let soa = |front: &str| format!("{front} | {SOA} | ");
    for (name, rtype, expected) in [
        ("ns", RrType::A, "NOERROR aa | ns 60 A 192.0.2.1 |  | ".to_owned()),
        ("NS", RrType::A, "NOERROR aa | NS 60 A 192.0.2.1 |  | ".to_owned()),
        ("ns", RrType::AAAA, soa("NOERROR aa | ")),
        ("nope", RrType::A, soa("NXDOMAIN aa | ")),
        ("b.c", RrType::A, soa("NOERROR aa | ")),
        ("c", RrType::ANY, soa("NOERROR aa | ")),
        ("z.b.c", RrType::A, soa("NXDOMAIN aa | ")),
        ("@", RrType::MX, "NOERROR aa | @ 60 MX 10 mail |  | mail 60 A 192.0.2.25, mail 60 AAAA 2001:db8::25".to_owned()),
        ("www", RrType::CNAME, "NOERROR aa | www 60 CNAME web |  | ".to_owned()),
        ("www", RrType::MX, soa("NOERROR aa | www 60 CNAME web")),
        ("out", RrType::A, "NOERROR aa | out 60 CNAME else.net. |  | ".to_owned()),
        ("net", RrType::A, "NOERROR aa | net 60 CNAME host.example.net., host.example.net. 60 A 192.0.2.4 |  | ".to_owned()),
        ("loop1", RrType::A, "NOERROR aa | loop1 60 CNAME loop2, loop2 60 CNAME loop1 |  | ".to_owned()),
        ("q.wild", RrType::TXT, "NOERROR aa | q.wild 60 TXT \"wild\" |  | ".to_owned()),
        ("r.q.wild", RrType::TXT, "NOERROR aa | r.q.wild 60 TXT \"wild\" |  | ".to_owned()),
        ("q.wild", RrType::A, soa("NOERROR aa | ")),
        ("y.wild", RrType::TXT, soa("NOERROR aa | ")),
        ("q.y.wild", RrType::TXT, soa("NXDOMAIN aa | ")),
        ("*.wild", RrType::TXT, "NOERROR aa | *.wild 60 TXT \"wild\" |  | ".to_owned()),
        ("a.sub", RrType::A, "NOERROR |  | sub 60 NS ns.sub, sub 60 NS ns.other | ns.sub 60 A 192.0.2.53, ns.other 60 A 192.0.2.54".to_owned()),
        ("sub", RrType::NS, "NOERROR |  | sub 60 NS ns.sub, sub 60 NS ns.other | ns.sub 60 A 192.0.2.53, ns.other 60 A 192.0.2.54".to_owned()),
        ("ns.sub", RrType::A, "NOERROR |  | sub 60 NS ns.sub, sub 60 NS ns.other | ns.sub 60 A 192.0.2.53, ns.other 60 A 192.0.2.54".to_owned()),
        ("sub", RrType::DS, soa("NOERROR aa | ")),
        ("target.old", RrType::A, "NOERROR aa | old 60 DNAME new, target.old 60 CNAME target.new, target.new 60 A 192.0.2.9 |  | ".to_owned()),
        ("old", RrType::A, soa("NOERROR aa | ")),
        ("ns", RrType::ANY, "NOERROR aa | ns 60 A 192.0.2.1 |  | ".to_owned()),
    ] {
        let full = if name == "@" { "example.org".to_owned() } else { format!("{name}.example.org") };
        assert_eq!(told(&authority, &full, rtype, &client()), expected, "{name} {rtype}");
    }
    assert!(told(&authority, "com", RrType::A, &client()).starts_with("REFUSED |"));
    let long = format!("{}.long.example.org", "b".repeat(63));
    let long = format!("{}.{long}", "b".repeat(10));
    assert!(told(&authority, &long, RrType::A, &client()).starts_with("YXDOMAIN aa | long 60 DNAME"));
}

#[test]
fn addresses_take_turns() {
    let authority = authority();
    for (turn, first) in [(0, "192.0.2.80"), (1, "192.0.2.81"), (2, "192.0.2.82"), (3, "192.0.2.80")] {
        let told = told(&authority, "web.example.org", RrType::A, &ClientCtx { turn, ..client() });
        assert!(told.starts_with(&format!("NOERROR aa | web 60 A {first},")), "{told}");
        assert_eq!(told.matches(" A ").count(), 3);
    }
}

#[test]
fn bad_input_gets_what_it_deserves() {
    let authority = authority();
    let good = query("ns.example.org", RrType::A, None);
    let edit = |at: usize, value: u8| {
        let mut query = good.clone();
        query[at] = value;
        query
    };
    let rcode = |query: &[u8]| {
        let (verdict, reply) = ask(&authority, query, &client());
        if verdict == Verdict::Drop { None } else { Some(Message::parse(&reply).unwrap().rcode()) }
    };
    let trailing = [&good[..], b"x"].concat();
    for (query, expected) in [
        (&good[..], Some(Rcode::NOERROR)),
        (&good[..11], None),
        (&edit(2, 0x80), None),
        (&edit(2, 0x31), Some(Rcode::NOTIMP)),
        (&edit(2, 0x08), Some(Rcode::NOTIMP)),
        (&good[..20], Some(Rcode::FORMERR)),
        (&edit(5, 2), Some(Rcode::FORMERR)),
        (&edit(5, 0), Some(Rcode::FORMERR)),
        (&edit(12, 0x41), Some(Rcode::FORMERR)),
        (&trailing, Some(Rcode::FORMERR)),
        (&query("example.org", RrType::AXFR, None), Some(Rcode::FORMERR)),
        (&query("example.org", RrType::OPT, None), Some(Rcode::FORMERR)),
        (&query("example.org", RrType::MAILB, None), Some(Rcode::NOTIMP)),
        (&query("example.org", RrType::NXNAME, None), Some(Rcode::FORMERR)),
        (&query("example.org", RrType::IXFR, None), Some(Rcode::NOERROR)),
        (
            &query("example.org", RrType::A, Some(EdnsHeader { version: 1, ..EdnsHeader::new(1232) })),
            Some(Rcode::BADVERS),
        ),
    ] {
        assert_eq!(rcode(query), expected, "{query:02x?}");
    }
    let (_, reply) = ask(&authority, &edit(2, 0x31), &client());
    let reply = Message::parse(&reply).unwrap();
    assert_eq!((reply.id(), reply.opcode(), reply.flags().has(Flags::RD)), (7, Opcode::new(6), true));
    for port in [0, 7, 19] {
        assert_eq!(ask(&authority, &good, &ClientCtx { port, ..client() }).0, Verdict::Drop);
    }
    assert_eq!(ask(&authority, &edit(2, 0x20), &client()).0, Verdict::Notify);
    assert_eq!(ask(&authority, &edit(2, 0x28), &client()).0, Verdict::Update);
}

#[test]
fn transfers_are_the_callers_by_stream_and_of_zones_that_are_here() {
    let authority = authority();
    let stream = ClientCtx::stream("198.51.100.1".parse().unwrap(), 4000);
    assert_eq!(ask(&authority, &query("example.org", RrType::AXFR, None), &stream).0, Verdict::Transfer);
    let (_, reply) = ask(&authority, &query("ns.example.org", RrType::AXFR, None), &stream);
    assert_eq!(Message::parse(&reply).unwrap().rcode(), Rcode::NOTAUTH);
}

#[test]
fn opt_answers_opt_and_nsid_those_who_ask() {
    let authority = authority();
    let (_, reply) =
        ask(&authority, &query("ns.example.org", RrType::A, Some(EdnsHeader::new(4096))), &client());
    let reply = Message::parse(&reply).unwrap();
    let edns = reply.edns().unwrap();
    assert_eq!((edns.header.udp_payload, edns.options().next()), (1232, Some(EdnsOption::Nsid(b"here"))));
    let (_, reply) = ask(&authority, &query("ns.example.org", RrType::A, None), &client());
    assert!(Message::parse(&reply).unwrap().edns().is_none());
}

#[test]
fn what_does_not_fit_is_left_out_whole_and_tc_set() {
    let text = String::from("$TTL 60\n@ SOA a b 1 2 3 4 5\n$GENERATE 1-100 many A 192.0.2.$\n");
    let mut authority = Authority::new();
    authority.add(zone("org", &text));
    let ask = |edns, ctx: &ClientCtx| {
        let (verdict, reply) = ask(&authority, &query("many.org", RrType::A, edns), ctx);
        let message = Message::parse(&reply).unwrap();
        (matches!(verdict, Verdict::Truncated(_)), message.flags().has(Flags::TC), message.answer().count())
    };
    assert_eq!(ask(None, &client()), (true, true, 0));
    assert_eq!(ask(Some(EdnsHeader::new(65_535)), &client()), (true, true, 0));
    assert_eq!(ask(None, &ClientCtx::stream([192, 0, 2, 1].into(), 1)), (false, false, 100));
}

#[test]
fn needed_glue_sets_tc_and_other_glue_does_not() {
    let delegation = |glue: &str| {
        let mut text = "$TTL 60\n@ SOA a b 1 2 3 4 5\n".to_owned();
        for n in 0..8 {
            text += &format!("child NS a-rather-long-name-of-a-server-{n}.{glue}\n");
            text += &format!("a-rather-long-name-of-a-server-{n}.{glue} AAAA 2001:db8::{n}\n");
        }
        text += "sibling NS x.sibling\nx.sibling A 192.0.2.1\n";
        let mut authority = Authority::new();
        authority.add(zone("org", &text));
        ask(&authority, &query("child.org", RrType::A, None), &client()).0
    };
    assert!(matches!(delegation("child"), Verdict::Truncated(_)));
    assert!(matches!(delegation("sibling"), Verdict::Reply(_)));
}

#[test]
fn a_client_sees_the_view_of_its_smallest_network() {
    let mut authority = Authority::new();
    let view = |address: &str| zone("org", &format!("$TTL 60\n@ SOA a b 1 2 3 4 5\n@ A {address}\n"));
    authority.add(view("192.0.2.1"));
    authority.add_view("10.0.0.0/8".parse().unwrap(), view("192.0.2.2"));
    authority.add_view("10.1.0.0/16".parse().unwrap(), view("192.0.2.3"));
    for (client, address) in
        [("198.51.100.1", "192.0.2.1"), ("10.9.9.9", "192.0.2.2"), ("10.1.9.9", "192.0.2.3")]
    {
        let ctx = ClientCtx::datagram(client.parse().unwrap(), 1000);
        assert!(told(&authority, "org", RrType::A, &ctx).contains(address), "{client}");
    }
    let mut authority = Authority::new();
    authority.add_view("10.0.0.0/8".parse().unwrap(), view("192.0.2.2"));
    assert!(told(&authority, "org", RrType::A, &client()).starts_with("REFUSED"));
}

#[test]
fn ds_is_asked_of_the_parent_and_everything_else_of_the_child() {
    let mut authority = Authority::new();
    authority.add(zone("org", "$TTL 60\n@ SOA a b 1 2 3 4 5\nc NS ns.c\nns.c A 192.0.2.1\nc DS 1 8 2 00\n"));
    authority.add(zone("c.org", "$TTL 60\n@ SOA a b 9 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n"));
    assert!(
        told(&authority, "c.org", RrType::DS, &client()).starts_with("NOERROR aa | c.org. 60 DS 1 8 2 00")
    );
    assert!(told(&authority, "c.org", RrType::SOA, &client()).contains("SOA a.c.org."));
}

#[test]
fn signed_zones_deny_with_proof_for_those_who_want_it() {
    let text = r#"$TTL 60
@ SOA a b 1 2 3 4 5
@ NS ns
@ NSEC a SOA NS NSEC
a A 192.0.2.1
a NSEC ns A NSEC
*.w TXT "w"
*.w NSEC @ TXT NSEC
ns A 192.0.2.1
ns RRSIG A 8 2 60 20300101000000 20200101000000 1 org. AAAA
ns NSEC *.w A RRSIG NSEC
"#;
    let mut authority = Authority::new();
    authority.add(zone("org", text));
    let dnssec = EdnsHeader { dnssec_ok: true, ..EdnsHeader::new(1232) };
    let owners = |name: &str, rtype| {
        let (_, reply) = ask(&authority, &query(name, rtype, Some(dnssec)), &client());
        let message = Message::parse(&reply).unwrap();
        let proofs = message.authority().filter(|record| record.rtype() == RrType::NSEC);
        proofs.map(|record| record.owner.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(owners("b.org", RrType::A), ["a.org.", "org."]);
    assert_eq!(owners("a.org", RrType::MX), ["a.org."]);
    assert_eq!(owners("x.w.org", RrType::TXT), ["*.w.org."]);
    assert_eq!(owners("w.org", RrType::TXT), ["ns.org."]);
    let (_, reply) = ask(&authority, &query("ns.org", RrType::A, Some(dnssec)), &client());
    let types: Vec<_> = Message::parse(&reply).unwrap().answer().map(|record| record.rtype()).collect();
    assert_eq!(types, [RrType::A, RrType::RRSIG]);
}

/// What a wildcard says may be an alias; the proof stands behind all that the alias leads to.
#[test]
fn wildcard_aliases_of_signed_zones_are_followed_before_they_are_proven() {
    let text = r#"$TTL 60
@ SOA a b 1 2 3 4 5
@ NS ns
@ NSEC *.m SOA NS NSEC
*.m CNAME mx
*.m NSEC mx CNAME NSEC
mx MX 10 ns
mx NSEC ns MX NSEC
ns A 192.0.2.1
ns NSEC s A NSEC
s NS ns.s
s NSEC *.v NS NSEC
ns.s A 192.0.2.2
*.v CNAME x.m
*.v NSEC *.w CNAME NSEC
*.w CNAME x.s
*.w NSEC @ CNAME NSEC
"#;
    let mut authority = Authority::new();
    authority.add(zone("org", text));
    let dnssec = EdnsHeader { dnssec_ok: true, ..EdnsHeader::new(1232) };
    for (name, rtype, wanted) in [
        ("x.m.org", RrType::MX, ["CNAME mx.org., MX 10 ns.org.", "NSEC mx.org. CNAME NSEC", "A 192.0.2.1"]),
        (
            "y.v.org",
            RrType::MX,
            [
                "CNAME x.m.org., CNAME mx.org., MX 10 ns.org.",
                "NSEC *.w.org. CNAME NSEC, NSEC mx.org. CNAME NSEC",
                "A 192.0.2.1",
            ],
        ),
        (
            "x.m.org",
            RrType::TXT,
            [
                "CNAME mx.org.",
                "SOA a.org. b.org. 1 2 3 4 5, NSEC ns.org. MX NSEC, NSEC mx.org. CNAME NSEC",
                "",
            ],
        ),
        (
            "x.w.org",
            RrType::A,
            ["CNAME x.s.org.", "NS ns.s.org., NSEC *.v.org. NS NSEC, NSEC org. CNAME NSEC", "A 192.0.2.2"],
        ),
    ] {
        let (verdict, reply) = ask(&authority, &query(name, rtype, Some(dnssec)), &client());
        assert!(matches!(verdict, Verdict::Reply(_)), "{name} {rtype}: {verdict:?}");
        let message = Message::parse(&reply).unwrap();
        let said = Section::ALL.map(|section| {
            let records = message.section(section).filter(|record| record.rtype() != RrType::OPT);
            records
                .map(|record| format!("{} {}", record.rtype(), record.rdata))
                .collect::<Vec<_>>()
                .join(", ")
        });
        assert_eq!(said, wanted, "{name} {rtype}");
    }
}

#[test]
fn a_zone_that_is_awaited_is_servfail_until_it_is_there() {
    let mut authority = authority();
    authority.suspend(&"example.net".parse().unwrap());
    for name in ["host.example.net", "example.net", "net.example.org"] {
        let text = told(&authority, name, RrType::A, &client());
        assert!(text.starts_with("SERVFAIL"), "{name}: {text}");
    }
    authority.suspend(&"sub.example.org".parse().unwrap());
    assert!(told(&authority, "x.sub.example.org", RrType::A, &client()).starts_with("SERVFAIL"));
    assert!(
        told(&authority, "sub.example.org", RrType::DS, &client()).starts_with("NOERROR"),
        "the parent's"
    );
    authority.remove(&"sub.example.org".parse().unwrap());
    assert!(
        told(&authority, "x.sub.example.org", RrType::A, &client()).starts_with("NOERROR"),
        "a referral again"
    );
    authority.add(zone("example.net", "$TTL 60\n@ SOA ns h 1 2 3 4 5\nhost A 192.0.2.5\n"));
    assert!(told(&authority, "host.example.net", RrType::A, &client()).contains("192.0.2.5"));
}

#[test]
fn a_signed_query_is_the_callers_first() {
    let key = dns::tsig::Key::new("key".parse().unwrap(), dns::tsig::Algorithm::HmacSha256, b"secret");
    let mut bytes = query("web.example.org", RrType::A, None);
    let len = bytes.len();
    bytes.resize(512, 0);
    let (_, len) = dns::tsig::Session::request(&key, &mut bytes, len, 1_700_000_000).unwrap();
    let authority = authority();
    assert_eq!(ask(&authority, &bytes[..len], &client()).0, Verdict::Signed);
    let ctx = ClientCtx { signed: true, reserve: key.reserve(), ..client() };
    let (_, reply) = ask(&authority, &bytes[..len], &ctx);
    assert_eq!(Message::parse(&reply).unwrap().answer().count(), 3);
}

#[test]
fn cookies_are_given_kept_and_turned_away() {
    let authority = authority().cookies(dns::cookie::Secrets::new([7; 16]));
    let with = |octets: &[u8]| {
        let mut bytes = [0; 512];
        let mut builder = Builder::new(&mut bytes, Header::query(7, Opcode::QUERY));
        builder
            .push_question(Question::new("web.example.org".parse().unwrap(), RrType::A).as_question_ref())
            .unwrap();
        let option = EdnsOption::Other { code: 10, data: octets };
        builder.push_edns(&EdnsHeader::new(1232), &[option]).unwrap();
        builder.finish().to_vec()
    };
    let at = |unix| ClientCtx { unix, ..client() };
    let cookie =
        |reply: &[u8]| Message::parse(reply).unwrap().edns().unwrap().cookie().unwrap().as_octets().to_vec();
    let (_, reply) = ask(&authority, &with(b"8 octets"), &at(1000));
    let own = cookie(&reply);
    assert_eq!((&own[..8], own.len()), (&b"8 octets"[..], 24));
    for (unix, same, rcode) in [
        (1000, true, Rcode::NOERROR),
        (2800, true, Rcode::NOERROR),
        (2801, false, Rcode::NOERROR),
        (4600, false, Rcode::NOERROR),
        (4601, false, Rcode::BADCOOKIE),
    ] {
        let (_, reply) = ask(&authority, &with(&own), &at(unix));
        assert_eq!((cookie(&reply) == own, Message::parse(&reply).unwrap().rcode()), (same, rcode), "{unix}");
    }
    let elsewhere = ClientCtx { unix: 1000, ..ClientCtx::datagram([192, 0, 2, 200].into(), 4000) };
    let (_, reply) = ask(&authority, &with(&own), &elsewhere);
    assert_eq!(Message::parse(&reply).unwrap().rcode(), Rcode::BADCOOKIE);
    let (_, reply) = ask(&authority, &with(&own), &ClientCtx { stream: true, ..elsewhere });
    assert_eq!(Message::parse(&reply).unwrap().rcode(), Rcode::NOERROR, "by TCP the address is true");
    let (_, reply) =
        ask(&authority, &query("web.example.org", RrType::A, Some(EdnsHeader::new(1232))), &at(1000));
    assert!(Message::parse(&reply).unwrap().edns().unwrap().cookie().is_none(), "to those who ask");
}

#[test]
fn garbage_never_panics() {
    let authority = authority();
    let good = query("www.example.org", RrType::A, Some(EdnsHeader::new(512)));
    for at in 0..good.len() {
        for value in [0, 1, 0x3F, 0x40, 0x80, 0xC0, 0xFF] {
            let mut bad = good.clone();
            bad[at] = value;
            ask(&authority, &bad, &client());
        }
        ask(&authority, &good[..at], &client());
    }
    for len in 0..64 {
        authority.answer(&good, &client(), &mut vec![0; len]);
    }
}

#[test]
fn an_opcode_that_nobody_knows_is_told_so_with_edns_for_those_who_speak_it() {
    for edns in [None, Some(EdnsHeader::new(1232))] {
        let mut asked = query("www.example.org", RrType::A, edns);
        asked[2] |= 3 << 3;
        let (_, reply) = ask(&authority(), &asked, &client());
        let message = Message::parse(&reply).unwrap();
        assert_eq!((message.rcode(), message.opcode()), (Rcode::NOTIMP, Opcode::new(3)));
        assert_eq!(message.edns().is_some(), edns.is_some(), "RFC 6891 section 6.1.1");
        // What is behind the header may be anything.
        asked.truncate(20);
        let (_, reply) = ask(&authority(), &asked, &client());
        assert_eq!((Message::parse(&reply).unwrap().rcode(), reply.len()), (Rcode::NOTIMP, 12));
    }
}

#[test]
fn the_wildcard_behind_a_name_is_known() {
    let authority = authority();
    for (name, rtype, wildcard) in [
        ("a.wild.example.org", RrType::TXT, Some("*.wild.example.org")),
        ("b.c.wild.example.org", RrType::A, Some("*.wild.example.org")),
        ("x.alias.example.org", RrType::A, Some("*.alias.example.org")),
        ("x.y.wild.example.org", RrType::TXT, None),
        ("z.y.wild.example.org", RrType::TXT, None),
        ("web.example.org", RrType::A, None),
        ("nothing.example.org", RrType::A, None),
        ("elsewhere.test", RrType::A, None),
    ] {
        let question = Question::new(name.parse().unwrap(), rtype);
        let found = authority.wildcard(question.as_question_ref(), client().address);
        assert_eq!(found, wildcard.map(|name| name.parse().unwrap()).as_ref(), "{name}");
    }
}

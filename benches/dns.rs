//! dns side by side with domain, hickory-proto, simple-dns, dns-parser and rustdns.
//!
//! Goals: a whole message checked and all its records walked in at most half of domain's time; composed with compression in
//! at most half of the best peer's; the worst 64 KiB that compression can do to a parser within 300 µs; a thousand names
//! compressed within 150 µs; zone text at 250 MB/s, three times domain's; an answer in 250 to 350 ns, from a million names in
//! at most 1.5 times the time that it takes from a thousand.

mod side_by_side;

use dns::authority::{Authority, ClientCtx, Verdict};
use dns::zone::{Zone, ZoneBuilder};
use dns::{Builder, EdnsHeader, Flags, Header, Message, Opcode, Question, Rdata, Record, RrType, Section};
use domain::base::message_builder::{HashCompressor, MessageBuilder, StaticCompressor, TreeCompressor};
use domain::rdata::AllRecordData;
use hickory_proto::serialize::binary::{BinDecodable, BinEncodable, BinEncoder};
use side_by_side::{OURS, SideBySide};

type DomainName = domain::base::Name<Vec<u8>>;
type DomainRecord = domain::base::Record<DomainName, AllRecordData<Vec<u8>, DomainName>>;

/// A message as its parts.
struct Parts {
    header: Header,
    question: Question,
    sections: [Vec<Record>; 3],
    edns: Option<EdnsHeader>,
}

fn record(owner: &str, rtype: &str, text: &str) -> Record {
    let rdata = Rdata::of_text(rtype.parse().unwrap(), text).unwrap();
    Record { owner: owner.parse().unwrap(), ttl: 172_800, rdata }
}

fn parts(name: &str, rtype: RrType, sections: [Vec<Record>; 3]) -> Parts {
    let mut header = Header::query(0x1234, Opcode::QUERY);
    header.flags = header.flags.with(Flags::RD);
    if sections.iter().any(|section| !section.is_empty()) {
        header.flags = header.flags.with(Flags::QR).with(Flags::RA);
    }
    let question = Question::new(name.parse().unwrap(), rtype);
    Parts { header, question, sections, edns: Some(EdnsHeader::new(1232)) }
}

fn query() -> Parts {
    parts("www.example.com", RrType::A, [vec![], vec![], vec![]])
}

fn answer() -> Parts {
    let answer = vec![record("www.example.com", "A", "192.0.2.1")];
    parts("www.example.com", RrType::A, [answer, vec![], vec![]])
}

/// 39 records, as the root has them of com.
fn referral() -> Parts {
    let servers: Vec<String> = ('a'..='m').map(|letter| format!("{letter}.gtld-servers.net")).collect();
    let ns = servers.iter().map(|server| record("com", "NS", server)).collect();
    let glue = servers.iter().enumerate().flat_map(|(at, server)| {
        [
            record(server, "A", &format!("192.5.6.{at}")),
            record(server, "AAAA", &format!("2001:503:a83e::2:{at:x}")),
        ]
    });
    parts("www.example.com", RrType::A, [vec![], ns, glue.collect()])
}

/// A name that does not exist, with the proof: SOA, three NSEC3 and a signature for each.
fn signed() -> Parts {
    let signature = "A".repeat(171) + "=";
    let signed = |owner: &str, rtype: &str, text: &str| {
        let covered =
            format!("{rtype} 13 2 3600 20300101000000 20290101000000 12345 example.com. {signature}");
        [record(owner, rtype, text), record(owner, "RRSIG", &covered)]
    };
    let hashes = [
        "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom",
        "2t7b4g4vsa5smi47k61mv5bv1a22bojr",
        "b4um86eghhds6nea196smvmlo4ors995",
    ];
    let soa = signed("example.com", "SOA", "ns1.example.com. admin.example.com. 1 7200 3600 1209600 3600");
    let nsec3 = hashes.iter().flat_map(|hash| {
        let text = "1 0 0 - gjeqe526plbf1g8mklp59enfd789njgi A NS SOA MX TXT RRSIG DNSKEY NSEC3PARAM";
        signed(&format!("{hash}.example.com"), "NSEC3", text)
    });
    let authority = soa.into_iter().chain(nsec3).collect();
    let mut parts = parts("nonexistent.example.com", RrType::A, [vec![], authority, vec![]]);
    parts.edns = Some(EdnsHeader { dnssec_ok: true, ..EdnsHeader::new(1232) });
    parts
}

fn compose<'b>(parts: &Parts, buffer: &'b mut [u8]) -> &'b [u8] {
    let mut builder = Builder::new(buffer, parts.header);
    builder.push_question(parts.question.as_question_ref()).unwrap();
    for (section, records) in Section::ALL.into_iter().zip(&parts.sections) {
        for record in records {
            builder.push_record(section, record.as_record_ref()).unwrap();
        }
    }
    if let Some(edns) = &parts.edns {
        builder.push_edns(edns, &[]).unwrap();
    }
    builder.finish()
}

fn wire(parts: &Parts) -> Vec<u8> {
    compose(parts, &mut [0; 65_535]).to_vec()
}

fn parse_ours(bytes: &[u8]) -> u32 {
    let message = Message::parse(bytes).unwrap();
    let records = message.answer().chain(message.authority()).chain(message.additional());
    records.map(|record| record.ttl).fold(0, u32::wrapping_add)
}

fn parse_domain(bytes: &[u8]) -> u32 {
    let message = domain::base::Message::from_octets(bytes).unwrap();
    for question in message.question() {
        question.unwrap();
    }
    let mut sum = 0_u32;
    let mut section = Some(message.answer().unwrap());
    while let Some(records) = section {
        let mut records = records;
        for record in &mut records {
            let record = record.unwrap().into_record::<AllRecordData<_, _>>().unwrap().unwrap();
            // What OPT has in place of a TTL is no record's.
            if record.rtype() != domain::base::Rtype::OPT {
                sum = sum.wrapping_add(record.ttl().as_secs());
            }
        }
        section = records.next_section().unwrap();
    }
    sum
}

fn domain_records(bytes: &[u8]) -> [Vec<DomainRecord>; 3] {
    use domain::base::name::FlattenInto;
    let message = domain::base::Message::from_octets(bytes.to_vec()).unwrap();
    let records = |section: domain::base::message::RecordSection<'_, Vec<u8>>| -> Vec<DomainRecord> {
        let records = section.limit_to::<AllRecordData<_, _>>();
        let records = records.map(|record| record.unwrap());
        let records = records.filter(|record| record.rtype() != domain::base::Rtype::OPT);
        records.map(|record| record.try_flatten_into().unwrap()).collect()
    };
    let (_, answer, authority, additional) = message.sections().unwrap();
    [records(answer), records(authority), records(additional)]
}

macro_rules! compose_domain {
    ($target:expr, $question:expr, $records:expr) => {{
        let mut builder = MessageBuilder::from_target($target).unwrap().question();
        builder.push($question).unwrap();
        let mut builder = builder.answer();
        for record in &$records[0] {
            builder.push(record).unwrap();
        }
        let mut builder = builder.authority();
        for record in &$records[1] {
            builder.push(record).unwrap();
        }
        let mut builder = builder.additional();
        for record in &$records[2] {
            builder.push(record).unwrap();
        }
        builder
            .opt(|opt| {
                opt.set_udp_payload_size(1232);
                Ok(())
            })
            .unwrap();
        builder.finish()
    }};
}

fn messages() -> [(&'static str, Parts); 4] {
    [("query", query()), ("answer", answer()), ("referral", referral()), ("signed", signed())]
}

fn parse(bench: &mut SideBySide) {
    for (name, parts) in messages() {
        let (name, bytes) = (format!("parse {name}"), wire(&parts));
        assert_eq!(parse_ours(&bytes), parse_domain(&bytes));
        bench.measure(&name, OURS, bytes.len(), || parse_ours(&bytes));
        bench.measure(&name, "ours, check alone", bytes.len(), || Message::parse(&bytes).unwrap().id());
        bench.measure(&name, "domain", bytes.len(), || parse_domain(&bytes));
        bench.measure(&name, "hickory-proto", bytes.len(), || {
            hickory_proto::op::Message::from_bytes(&bytes).unwrap()
        });
        bench.measure(&name, "simple-dns", bytes.len(), || simple_dns::Packet::parse(&bytes).is_ok());
        bench.measure(&name, "dns-parser", bytes.len(), || dns_parser::Packet::parse(&bytes).is_ok());
        bench.measure(&name, "rustdns", bytes.len(), || rustdns::Message::from_slice(&bytes).is_ok());
    }
}

fn composed(bench: &mut SideBySide) {
    for (name, parts) in messages() {
        let (name, bytes) = (format!("compose {name}"), wire(&parts));
        let mut buffer = [0; 4096];
        bench.measure(&name, OURS, bytes.len(), || compose(&parts, &mut buffer).len());
        compose_peers(bench, &name, &bytes);
    }
}

fn compose_peers(bench: &mut SideBySide, name: &str, bytes: &[u8]) {
    let records = domain_records(bytes);
    let message = domain::base::Message::from_octets(bytes.to_vec()).unwrap();
    let question = message.sole_question().unwrap();
    let question = (DomainName::from_chars(question.qname().to_string().chars()).unwrap(), question.qtype());
    let len = bytes.len();
    let target = || Vec::with_capacity(4096);
    bench.measure(name, "domain, static", len, || {
        compose_domain!(StaticCompressor::new(target()), question.clone(), records)
    });
    bench.measure(name, "domain, hash", len, || {
        compose_domain!(HashCompressor::new(target()), question.clone(), records)
    });
    bench.measure(name, "domain, tree", len, || {
        compose_domain!(TreeCompressor::new(target()), question.clone(), records)
    });
    let hickory = hickory_proto::op::Message::from_bytes(bytes).unwrap();
    bench.measure(name, "hickory-proto", len, || {
        let mut out = Vec::with_capacity(4096);
        hickory.emit(&mut BinEncoder::new(&mut out)).unwrap();
        out
    });
    if let Ok(packet) = simple_dns::Packet::parse(bytes) {
        bench.measure(name, "simple-dns", len, || packet.build_bytes_vec_compressed().unwrap());
    }
}

/// 64 KiB of what costs parsers most, each by its name.
fn worst_messages() -> [(&'static str, Vec<u8>); 3] {
    [("winding owners", winding()), ("longest names", longest()), ("roots", roots())]
}

fn push_record(bytes: &mut Vec<u8>, owner: &[u8], rtype: u8, rdata: &[u8]) {
    let len = u8::try_from(rdata.len()).unwrap();
    bytes.extend_from_slice(owner);
    bytes.extend_from_slice(&[0, rtype, 0, 1, 0, 0, 0, 60, 0, len]);
    bytes.extend_from_slice(rdata);
}

fn with_count(mut bytes: Vec<u8>, count: u16) -> Vec<u8> {
    bytes[6..8].copy_from_slice(&count.to_be_bytes());
    bytes
}

/// Each owner is a label and a pointer to the owner before, as deep as a name may be.
fn winding() -> Vec<u8> {
    let (mut bytes, mut count, mut target) = (vec![0; 12], 1, 12_u16);
    push_record(&mut bytes, b"\x01a\0", 1, &[0; 4]);
    while bytes.len() < 65_500 {
        let owner = [&b"\x01b"[..], &(0xC000 | target).to_be_bytes()].concat();
        target = u16::try_from(bytes.len()).ok().filter(|at| count % 120 != 0 && *at < 0x4000).unwrap_or(12);
        push_record(&mut bytes, &owner, 1, &[0; 4]);
        count += 1;
    }
    with_count(bytes, count)
}

/// Names of 255 octets, pointed to from owner and RDATA of every record.
fn longest() -> Vec<u8> {
    let (mut bytes, mut count) = (vec![0; 12], 1);
    let name = [b"\x01a".repeat(127), vec![0]].concat();
    push_record(&mut bytes, &name, 1, &[0; 4]);
    while bytes.len() < 65_500 {
        push_record(&mut bytes, b"\xC0\x0C", 5, b"\xC0\x0C");
        count += 1;
    }
    with_count(bytes, count)
}

/// As many records as there can be.
fn roots() -> Vec<u8> {
    let (mut bytes, mut count) = (vec![0; 12], 0);
    while bytes.len() < 65_500 {
        push_record(&mut bytes, b"\0", 10, b"");
        count += 1;
    }
    with_count(bytes, count)
}

fn worst(bench: &mut SideBySide) {
    for (what, bytes) in worst_messages() {
        let name = format!("worst 64 KiB, {what}");
        bench.measure(&name, OURS, bytes.len(), || Message::parse(&bytes).is_ok());
        bench.measure(&name, "ours, names walked", bytes.len(), || walk_ours(&bytes));
        bench.measure(&name, "domain", bytes.len(), || walk_domain(&bytes));
        bench.measure(&name, "hickory-proto", bytes.len(), || {
            hickory_proto::op::Message::from_bytes(&bytes).is_ok()
        });
        bench.measure(&name, "simple-dns", bytes.len(), || simple_dns::Packet::parse(&bytes).is_ok());
    }
}

fn walk_ours(bytes: &[u8]) -> usize {
    Message::parse(bytes).map_or(0, |message| message.answer().map(|record| record.owner.wire_len()).sum())
}

fn walk_domain(bytes: &[u8]) -> usize {
    use domain::base::name::ToLabelIter as _;
    let message = domain::base::Message::from_octets(bytes).unwrap();
    let answer = message.answer().unwrap();
    answer.map_while(Result::ok).map(|record| usize::from(record.owner().compose_len())).sum()
}

/// A thousand addresses of a thousand names in a hundred domains.
fn thousand() -> Parts {
    let answer =
        (0..1000).map(|at| record(&format!("host{at}.department{}.example.com", at % 100), "A", "192.0.2.1"));
    let mut parts = parts("example.com", RrType::ANY, [answer.collect(), vec![], vec![]]);
    parts.edns = None;
    parts
}

fn compressed(bench: &mut SideBySide) {
    let parts = thousand();
    let bytes = wire(&parts);
    let mut buffer = vec![0; 65_535];
    let name = format!("compress 1000 names ({} octets)", bytes.len());
    bench.measure(&name, OURS, bytes.len(), || compose(&parts, &mut buffer).len());
    let records = domain_records(&bytes);
    let question = (DomainName::from_chars("example.com".chars()).unwrap(), domain::base::Rtype::ANY);
    let target = || Vec::with_capacity(65_535);
    bench.measure(&name, "domain, hash", bytes.len(), || {
        compose_domain!(HashCompressor::new(target()), question.clone(), records)
    });
    bench.measure(&name, "domain, tree", bytes.len(), || {
        compose_domain!(TreeCompressor::new(target()), question.clone(), records)
    });
    let domain = compose_domain!(HashCompressor::new(target()), question.clone(), records);
    println!("1000 names: ours {} octets, domain {}", bytes.len(), domain.as_target().len());
}

/// A zone of `count` names: addresses, some mail, delegations and text, as a file.
fn zone_text(count: usize) -> String {
    use std::fmt::Write as _;
    let mut text = String::from(
        "$ORIGIN example.com.\n$TTL 3600\n@ IN SOA ns1 admin 1 7200 3600 1209600 300\n@ IN NS ns1\nns1 IN A 192.0.2.1\n*.wild IN A 192.0.2.2\n",
    );
    for at in 0..count {
        let (b, c) = (at / 250 % 250, at % 250);
        match at % 10 {
            0 => writeln!(text, "host{at}\t3600\tIN\tAAAA\t2001:db8::{:x}:{:x}", at >> 16, at & 0xFFFF),
            1 => writeln!(text, "host{at} 3600 IN MX 10 mail.example.com."),
            2 => writeln!(text, "host{at} 3600 IN TXT \"v=spf1 ip4:192.0.{b}.{c} -all\""),
            3 => writeln!(text, "host{at} 86400 IN NS ns{c}.provider.example.net."),
            4 => writeln!(text, "host{at} 3600 IN CNAME host{}.example.com.", at + 1),
            6 => writeln!(text, "host{at} 86400 IN NS ns.host{at}\nns.host{at} 86400 IN A 10.2.{b}.{c}"),
            _ => writeln!(text, "host{at}\t3600\tIN\tA\t10.1.{b}.{c}"),
        }
        .unwrap();
    }
    text
}

fn read_ours(text: &str) -> usize {
    let mut parser = dns::zonefile::Parser::new(text.as_bytes(), "zone");
    let mut count = 0;
    while parser.next().unwrap().is_some() {
        count += 1;
    }
    count
}

fn read_domain(text: &str) -> usize {
    let mut file = domain::zonefile::inplace::Zonefile::from(text);
    let mut count = 0;
    while let Some(entry) = file.next_entry().unwrap() {
        count += usize::from(matches!(entry, domain::zonefile::inplace::Entry::Record(_)));
    }
    count
}

fn zone_files(bench: &mut SideBySide) {
    let text = zone_text(10_000);
    assert_eq!(read_ours(&text), read_domain(&text));
    bench.measure("zone text", OURS, text.len(), || read_ours(&text));
    bench.measure("zone text", "domain", text.len(), || read_domain(&text));
}

fn zone_of(count: usize) -> Zone {
    let text = zone_text(count);
    let mut parser = dns::zonefile::Parser::new(text.as_bytes(), "zone");
    let mut builder = ZoneBuilder::new("example.com".parse().unwrap());
    while let Some(entry) = parser.next().unwrap() {
        builder.push(entry.record).unwrap();
    }
    builder.build().unwrap()
}

/// Queries for names spread over the whole zone, so that the caches of the machine count as well.
fn queries(kind: &str, count: usize) -> Vec<Vec<u8>> {
    let step = (count / 1000).max(1) / 10 * 10 + 10;
    let name = |at: usize| {
        let at = at * step % count / 10 * 10;
        match kind {
            "hit" => format!("host{}.example.com", at + 5),
            "NXDOMAIN" => format!("nohost{at}.example.com"),
            "referral" => format!("www.host{}.example.com", at + 3),
            "referral with glue" => format!("www.host{}.example.com", at + 6),
            _ => format!("n{at}.wild.example.com"),
        }
    };
    (0..1000).map(|at| wire(&parts(&name(at), RrType::A, [vec![], vec![], vec![]]))).collect()
}

fn answers(bench: &mut SideBySide) {
    // The ratio of the first is what a thousand times the names cost.
    for (who, count) in [("ours, of 1k names", 1_000), (OURS, 1_000_000)] {
        let mut authority = Authority::new();
        authority.add(std::sync::Arc::new(zone_of(count)));
        for kind in ["hit", "NXDOMAIN", "referral", "referral with glue", "wildcard"] {
            let queries = queries(kind, count);
            let (mut at, mut out) = (0, [0; 1232]);
            let ctx = ClientCtx::datagram([192, 0, 2, 77].into(), 4711);
            bench.measure(&format!("answer() {kind}, 1M names"), who, 100, || {
                at = (at + 1) % queries.len();
                let verdict = authority.answer(&queries[at], &ctx, &mut out);
                assert!(matches!(verdict, Verdict::Reply(_)), "{kind}: {verdict:?}");
            });
        }
    }
}

/// A workload without measuring, for those who count instructions: `dns ones WORKLOAD WHO ROUNDS`.
fn ones(workload: &str, who: &str, rounds: usize) {
    let messages = messages();
    let find = |name: &str| &messages.iter().find(|(known, _)| *known == name).unwrap().1;
    let mut sum = 0_usize;
    if let Some(name) = workload.strip_prefix("parse-") {
        let bytes = wire(find(name));
        for _ in 0..rounds {
            let bytes = std::hint::black_box(&bytes);
            sum += if who == OURS { parse_ours(bytes) } else { parse_domain(bytes) } as usize;
        }
    } else if let Some(name) = workload.strip_prefix("compose-") {
        let (parts, mut buffer) = (find(name), [0; 4096]);
        for _ in 0..rounds {
            sum += compose(std::hint::black_box(parts), &mut buffer).len();
        }
    } else if workload == "zone" {
        let text = zone_text(10_000);
        for _ in 0..rounds {
            sum += if who == OURS { read_ours(&text) } else { read_domain(&text) };
        }
    } else if let Some(kind) = workload.strip_prefix("answer-") {
        let mut authority = Authority::new();
        authority.add(std::sync::Arc::new(zone_of(1000)));
        let (queries, mut out) = (queries(kind, 1000), [0; 1232]);
        let ctx = ClientCtx::datagram([192, 0, 2, 77].into(), 4711);
        for at in 0..rounds {
            sum += usize::from(matches!(
                authority.answer(&queries[at % 1000], &ctx, &mut out),
                Verdict::Reply(_)
            ));
        }
    }
    println!("{workload} {who} {rounds}: {sum}");
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if let [first, workload, who, rounds] = words.as_slice()
        && first == "ones"
    {
        return ones(workload, who, rounds.parse().unwrap());
    }
    let mut bench = SideBySide::from_args();
    parse(&mut bench);
    composed(&mut bench);
    worst(&mut bench);
    compressed(&mut bench);
    zone_files(&mut bench);
    answers(&mut bench);
    bench.print();
}

//! dns side by side with domain, hickory-proto, simple-dns, dns-parser and rustdns.
//!
//! Goals: a whole message checked and all its records walked in at most half of domain's time; composed with compression in
//! at most half of the best peer's; the worst 64 KiB that compression can do to a parser within 300 µs; a thousand names
//! compressed within 150 µs.

mod side_by_side;

use dns::{
    Builder, EdnsHeader, Flags, Header, Message, Name, Opcode, Question, Rdata, Record, RrType, Section,
};
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
            sum = sum.wrapping_add(record.ttl().as_secs());
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

fn main() {
    let mut bench = SideBySide::from_args();
    parse(&mut bench);
    composed(&mut bench);
    bench.print();
    let _: Option<Name> = None;
}

//! Messages of ours read by domain and hickory-proto, and theirs by us: each is the other's oracle.
//!
//! The rule: what goes out through one codec and comes back through another says the same, record by record.

use dns::{
    Builder, Class, EdnsHeader, Flags, Header, Message, Name, Opcode, Question, Rcode, Rdata, Record, RrType,
    Section,
};
use domain::base::message_builder::{HashCompressor, MessageBuilder, StaticCompressor, TreeCompressor};
use domain::base::wire::Composer;
use domain::rdata::AllRecordData;
use hickory_proto::serialize::binary::{BinDecodable, BinEncodable};

/// A record of every type that both others know the fields of.
const RECORDS: &[(&str, &str)] = &[
    ("A", "192.0.2.1"),
    ("AAAA", "2001:db8::1"),
    ("NS", "ns1.example.org."),
    ("CNAME", "www.example.org."),
    ("PTR", "host.example.net."),
    ("MX", "10 mail.example.org."),
    ("SOA", "ns1.example.org. host.example.org. 7 7200 3600 1209600 300"),
    ("TXT", "\"one\" \"two three\" \"\\000\\255\""),
    ("SRV", "1 2 5060 sip.example.org."),
    ("NAPTR", "1 2 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" ."),
    ("HINFO", "\"PDP-11\" \"UNIX\""),
    ("DNAME", "old.example.org."),
    ("DS", "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118"),
    (
        "DNSKEY",
        "257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==",
    ),
    ("RRSIG", "A 13 3 3600 20300101000000 20290101000000 12345 example.org. AAECAwQFBgcICQ=="),
    ("NSEC", "b.example.org. A MX RRSIG NSEC TYPE1234"),
    ("NSEC3", "1 1 12 AABBCCDD 2t7b4g4vsa5smi47k61mv5bv1a22bojr A RRSIG"),
    ("NSEC3PARAM", "1 0 12 AABBCCDD"),
    ("TLSA", "3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
    ("SSHFP", "1 1 123456789abcdef67890123456789abcdef67890"),
    ("CAA", "0 issue \"ca.example.net\""),
    ("HTTPS", "1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.1"),
    ("SVCB", "16 svc.example.org. mandatory=alpn,port alpn=h2 port=53"),
    ("CDS", "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118"),
    ("OPENPGPKEY", "AAECAwQFBgcICQ=="),
    ("TYPE65280", "\\# 3 010203"),
];

fn record(owner: &str, rtype: &str, text: &str) -> Record {
    let rdata = Rdata::of_text(rtype.parse().unwrap(), text).unwrap();
    Record { owner: owner.parse().unwrap(), ttl: 3600, rdata }
}

fn compose(sections: &[Vec<Record>; 3]) -> Vec<u8> {
    let mut out = vec![0; 65_535];
    let mut header = Header::query(4711, Opcode::QUERY).reply(Rcode::NOERROR);
    header.flags = header.flags.with(Flags::AA).with(Flags::RD);
    let mut builder = Builder::new(&mut out, header);
    let question = Question::new("www.example.org".parse().unwrap(), RrType::ANY);
    builder.push_question(question.as_question_ref()).unwrap();
    for (section, records) in Section::ALL.into_iter().zip(sections) {
        for record in records {
            builder.push_record(section, record.as_record_ref()).unwrap();
        }
    }
    builder.push_edns(&EdnsHeader { dnssec_ok: true, ..EdnsHeader::new(1232) }, &[]).unwrap();
    builder.finish().to_vec()
}

/// Messages: one for each type, one with all of them, one with nothing but names that share their ends.
fn messages() -> Vec<[Vec<Record>; 3]> {
    let one = |(rtype, text): &(&str, &str)| [vec![record("www.example.org", rtype, text)], vec![], vec![]];
    let all = || RECORDS.iter().map(|(rtype, text)| record("all.example.org", rtype, text)).collect();
    let shared = (0..200).map(|at| {
        record(
            &format!("a{at}.b{}.example.org", at % 7),
            "NS",
            &format!("ns{}.b{}.example.org.", at % 3, at % 5),
        )
    });
    let mut messages: Vec<_> = RECORDS.iter().map(one).collect();
    messages.push([all(), all(), all()]);
    messages.push([vec![], shared.collect(), vec![]]);
    messages
}

/// All that a message says of records.
fn content(bytes: &[u8]) -> [Vec<Record>; 3] {
    let message = Message::parse(bytes).unwrap();
    assert_eq!(message.question().unwrap().to_string(), "www.example.org. IN ANY");
    assert_eq!(message.edns().map(|edns| edns.header.udp_payload), Some(1232));
    assert!(message.flags().has(Flags::AA) && message.id() == 4711);
    Section::ALL.map(|section| {
        let records = message.section(section).filter(|record| record.rtype() != RrType::OPT);
        records.map(|record| record.to_record()).collect()
    })
}

/// Read and written again by domain.
fn through_domain<T: Composer>(bytes: &[u8], target: T) -> Vec<u8>
where
    T::AppendError: std::fmt::Debug,
{
    let message = domain::base::Message::from_octets(bytes).unwrap();
    let mut header = MessageBuilder::from_target(target).unwrap();
    *header.header_mut() = message.header();
    let mut builder = header.question();
    for question in message.question() {
        builder.push(question.unwrap()).unwrap();
    }
    let mut builder = builder.answer();
    for found in message.answer().unwrap().limit_to::<AllRecordData<_, _>>() {
        builder.push(found.unwrap()).unwrap();
    }
    let mut builder = builder.authority();
    for found in message.authority().unwrap().limit_to::<AllRecordData<_, _>>() {
        builder.push(found.unwrap()).unwrap();
    }
    let mut builder = builder.additional();
    for found in message.additional().unwrap().limit_to::<AllRecordData<_, _>>() {
        builder.push(found.unwrap()).unwrap();
    }
    builder.finish().as_ref().to_vec()
}

#[test]
fn domain_reads_and_writes_the_same() {
    for sections in messages() {
        let bytes = compose(&sections);
        for again in [
            through_domain(&bytes, StaticCompressor::new(Vec::new())),
            through_domain(&bytes, TreeCompressor::new(Vec::new())),
            through_domain(&bytes, HashCompressor::new(Vec::new())),
            through_domain(&bytes, Vec::new()),
        ] {
            assert_eq!(content(&again), sections);
        }
        // Ours is no longer than theirs.
        let theirs = through_domain(&bytes, TreeCompressor::new(Vec::new()));
        assert!(bytes.len() <= theirs.len(), "{} {}", bytes.len(), theirs.len());
    }
}

#[test]
fn hickory_reads_and_writes_the_same() {
    for sections in messages() {
        let bytes = compose(&sections);
        let message = hickory_proto::op::Message::from_bytes(&bytes).unwrap();
        let again = message.to_bytes().unwrap();
        assert_eq!(content(&again), sections);
    }
}

/// What we refuse and they take is refused for a reason; what we take they can read.
#[test]
fn mutated_messages_are_read_alike() {
    let bytes = compose(&[
        vec![record("www.example.org", "MX", "10 mail.example.org.")],
        vec![record("example.org", "NS", "ns1.example.org.")],
        vec![record("ns1.example.org", "A", "192.0.2.1")],
    ]);
    let (mut both, mut ours_alone) = (0, 0);
    for at in 12..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            let Ok(message) = Message::parse(&changed) else { continue };
            let Ok(theirs) = domain::base::Message::from_octets(&changed[..]) else { continue };
            let count =
                Section::ALL.into_iter().map(|section| message.section(section).count()).sum::<usize>();
            let read = theirs
                .iter()
                .filter_map(Result::ok)
                .filter(|(record, _)| record.rtype() != domain::base::Rtype::OPT);
            match read.count() {
                found if found == count => both += 1,
                _ => ours_alone += 1,
            }
        }
    }
    assert!(both > 400 && ours_alone == 0, "{both} {ours_alone}");
}

#[test]
fn names_are_ordered_and_written_as_domain_does() {
    use domain::base::{CanonicalOrd as _, Name as Theirs, ToName as _};
    let texts = [
        "example.",
        "a.example.",
        "Z.a.example.",
        "\\001.z.example.",
        "*.z.example.",
        "\\200.z.example.",
        "b\\.c.example.",
    ];
    for a in texts {
        for b in texts {
            let (ours, other) = (a.parse::<Name>().unwrap(), b.parse::<Name>().unwrap());
            let theirs = Theirs::<Vec<u8>>::from_chars(a.chars()).unwrap();
            let their_other = Theirs::<Vec<u8>>::from_chars(b.chars()).unwrap();
            assert_eq!(ours.cmp(&other), theirs.canonical_cmp(&their_other), "{a} {b}");
            assert_eq!(ours.as_wire(), theirs.to_vec().as_slice());
        }
    }
    assert_eq!(Class::IN.0, domain::base::iana::Class::IN.to_int());
}

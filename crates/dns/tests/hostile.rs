//! Messages by people who mean no good: each is refused at the right octet, with the right answer, in time that grows with
//! its length and no faster.

use dns::{
    Builder, Class, EdnsHeader, Header, Message, Name, NameRef, Opcode, ParseErrorKind as Kind, Question,
    Rcode, Rdata, Record, RrType, Section,
};

/// A message of these counts and octets behind the header.
fn message(counts: [u8; 4], body: &[u8]) -> Vec<u8> {
    let [qd, an, ns, ar] = counts;
    [&[0x12, 0x34, 0, 0, 0, qd, 0, an, 0, ns, 0, ar], body].concat()
}

const QUESTION: &[u8] = b"\x01a\0\0\x01\0\x01";

fn record(owner: &[u8], rtype: u8, rdata: &[u8]) -> Vec<u8> {
    [owner, &[0, rtype, 0, 1, 0, 0, 0, 60, 0, rdata.len() as u8], rdata].concat()
}

fn opt(owner: &[u8], options: &[u8]) -> Vec<u8> {
    [owner, &[0, 41, 4, 0xD0, 0, 0, 0, 0, 0, options.len() as u8], options].concat()
}

#[test]
fn every_fault_is_named_and_answered() {
    let q = |rest: &[u8]| [QUESTION, rest].concat();
    let table: &[(&str, Vec<u8>, Kind)] = &[
        ("nothing", vec![], Kind::Header),
        ("eleven octets", vec![0; 11], Kind::Header),
        ("two questions", message([2, 0, 0, 0], &[QUESTION, QUESTION].concat()), Kind::Questions),
        ("a question that is not there", message([1, 0, 0, 0], b""), Kind::Short),
        ("a question cut short", message([1, 0, 0, 0], b"\x01a\0\0\x01\0"), Kind::Short),
        ("a record that is not there", message([1, 1, 0, 0], QUESTION), Kind::Short),
        ("octets behind the last record", message([1, 0, 0, 0], &q(b"\0")), Kind::Trailing),
        ("a label of type 01", message([1, 0, 0, 0], b"\x41a\0\0\x01\0\x01"), Kind::LabelType),
        ("a label of type 10", message([1, 0, 0, 0], b"\x81a\0\0\x01\0\x01"), Kind::LabelType),
        ("a pointer to itself", message([1, 0, 0, 0], b"\xC0\x0C\0\x01\0\x01"), Kind::PointerForward),
        ("a pointer forward", message([1, 0, 0, 0], b"\xC0\x20\0\x01\0\x01"), Kind::PointerForward),
        (
            "a pointer to its own labels",
            message([1, 0, 0, 0], b"\x01a\xC0\x0C\0\x01\0\x01"),
            Kind::PointerForward,
        ),
        (
            "a pointer into the header",
            message([1, 0, 0, 0], b"\xC0\x04\0\x01\0\x01"),
            Kind::PointerIntoHeader,
        ),
        ("a pointer to the id", message([1, 0, 0, 0], b"\xC0\x00\0\x01\0\x01"), Kind::PointerIntoHeader),
        (
            "an owner that is the id",
            message([1, 1, 0, 0], &q(&record(b"\xC0\0", 1, &[0; 4]))),
            Kind::PointerIntoHeader,
        ),
        (
            "labels and the id",
            message([1, 1, 0, 0], &q(&record(b"\x01b\xC0\0", 1, &[0; 4]))),
            Kind::PointerIntoHeader,
        ),
        (
            "RDATA that is the id",
            message([1, 1, 0, 0], &q(&record(b"\0", 2, b"\xC0\0"))),
            Kind::PointerIntoHeader,
        ),
        ("half a pointer", message([1, 0, 0, 0], b"\xC0"), Kind::Short),
        (
            "RDLENGTH past the end",
            message([1, 1, 0, 0], &q(b"\0\0\x01\0\x01\0\0\0\0\0\x05\x01\x02\x03\x04")),
            Kind::RdataLength,
        ),
        (
            "an address of three octets",
            message([1, 1, 0, 0], &q(&record(b"\0", 1, &[1, 2, 3]))),
            Kind::RdataShort,
        ),
        (
            "an address of five octets",
            message([1, 1, 0, 0], &q(&record(b"\0", 1, &[1, 2, 3, 4, 5]))),
            Kind::RdataLong,
        ),
        (
            "a name that leaves its RDATA",
            message([1, 1, 0, 1], &q(&[record(b"\0", 2, &[3]), record(b"\0", 1, &[0; 4])].concat())),
            Kind::RdataShort,
        ),
        (
            "a string that leaves its RDATA",
            message([1, 1, 0, 0], &q(&record(b"\0", 16, b"\x05abc"))),
            Kind::RdataShort,
        ),
        ("an empty TXT", message([1, 1, 0, 0], &q(&record(b"\0", 16, b""))), Kind::RdataShort),
        (
            "NSEC windows out of order",
            message([1, 1, 0, 0], &q(&record(b"\0", 47, b"\0\x01\x01\x40\x00\x01\x40"))),
            Kind::Bitmap,
        ),
        (
            "an NSEC window without types",
            message([1, 1, 0, 0], &q(&record(b"\0", 47, b"\0\0\0"))),
            Kind::Bitmap,
        ),
        (
            "an NSEC window too long",
            message([1, 1, 0, 0], &q(&record(b"\0", 47, &[&b"\0\0\x21"[..], &[1; 33]].concat()))),
            Kind::Bitmap,
        ),
        (
            "service parameters out of order",
            message(
                [1, 1, 0, 0],
                &q(&record(b"\0", 64, b"\0\x01\0\0\x04\0\x04\x01\x02\x03\x04\0\x03\0\x02\0\x35")),
            ),
            Kind::SvcParams,
        ),
        (
            "a service parameter twice",
            message([1, 1, 0, 0], &q(&record(b"\0", 64, b"\0\x01\0\0\x03\0\x02\0\x35\0\x03\0\x02\0\x35"))),
            Kind::SvcParams,
        ),
        (
            "OPT twice",
            message([1, 0, 0, 2], &q(&[opt(b"\0", b""), opt(b"\0", b"")].concat())),
            Kind::OptTwice,
        ),
        ("OPT in the answer", message([1, 1, 0, 0], &q(&opt(b"\0", b""))), Kind::OptSection),
        ("OPT not at the root", message([1, 0, 0, 1], &q(&opt(b"\x01a\0", b""))), Kind::OptOwner),
        (
            "an option past the end of OPT",
            message([1, 0, 0, 1], &q(&opt(b"\0", b"\0\x03\0\x05a"))),
            Kind::OptOption,
        ),
        ("half an option", message([1, 0, 0, 1], &q(&opt(b"\0", b"\0\x03\0"))), Kind::OptOption),
        (
            "a cookie of seven octets",
            message([1, 0, 0, 1], &q(&opt(b"\0", b"\0\x0A\0\x071234567"))),
            Kind::OptOption,
        ),
        (
            "a cookie of fifteen octets",
            message([1, 0, 0, 1], &q(&opt(b"\0", b"\0\x0A\0\x0F123456781234567"))),
            Kind::OptOption,
        ),
        (
            "a client subnet of too many octets",
            message([1, 0, 0, 1], &q(&opt(b"\0", b"\0\x08\0\x06\0\x01\x08\0\x0A\0"))),
            Kind::OptOption,
        ),
        (
            "TSIG that is not last",
            message([1, 0, 0, 2], &q(&[tsig(), record(b"\0", 1, &[0; 4])].concat())),
            Kind::TsigPlace,
        ),
        ("TSIG in the answer", message([1, 1, 0, 0], &q(&tsig())), Kind::TsigPlace),
        ("TSIG in class IN", message([1, 0, 0, 1], &q(&with_class(tsig(), 1))), Kind::TsigForm),
    ];
    for (what, bytes, kind) in table {
        let error = Message::parse(bytes).err().unwrap_or_else(|| panic!("{what} is taken"));
        assert_eq!(error.kind, *kind, "{what}: {error}");
        let answer = if *kind == Kind::Header { None } else { Some(Rcode::FORMERR) };
        assert_eq!(error.rcode(), answer, "{what}");
        assert!(error.offset <= bytes.len(), "{what}");
    }
}

/// A TSIG record of no algorithm, with an empty MAC.
fn tsig() -> Vec<u8> {
    let rdata = [&b"\0"[..], &[0; 6], &[1, 0x2C], &[0, 0], &[0; 6]].concat();
    [&b"\x01k\0"[..], &[0, 250, 0, 255, 0, 0, 0, 0, 0, rdata.len() as u8], &rdata].concat()
}

fn with_class(mut record: Vec<u8>, class: u8) -> Vec<u8> {
    record[6] = class;
    record
}

/// Every place in the header, from every place behind it: the id may well look like a pointer to itself.
#[test]
fn no_pointer_leads_into_the_header() {
    for target in 0..12 {
        for owner in [&[0xC0, target][..], &[1, b'a', 0xC0, target]] {
            let mut bytes = message([0, 1, 0, 0], &record(owner, 1, &[0; 4]));
            bytes[..2].copy_from_slice(b"\xC0\0");
            assert_eq!(Message::parse(&bytes).unwrap_err().kind, Kind::PointerIntoHeader, "{target}");
        }
    }
}

#[test]
fn names_end_at_255_octets_and_126_pointers() {
    let label = [&[63][..], &[b'a'; 63]].concat();
    let longest = [label.repeat(3), vec![61], vec![b'a'; 61], vec![0]].concat();
    assert_eq!(longest.len(), 255);
    let question = |name: &[u8]| message([1, 0, 0, 0], &[name, &[0, 1, 0, 1]].concat());
    assert!(Message::parse(&question(&longest)).is_ok());
    let longer = [label.repeat(3), vec![62], vec![b'a'; 62], vec![0]].concat();
    assert_eq!(Message::parse(&question(&longer)).unwrap_err().kind, Kind::NameTooLong);
    // By a pointer, too.
    let body = [QUESTION, &record(&longest, 2, b"\x01b\xC0\x13")].concat();
    assert_eq!(Message::parse(&message([1, 1, 0, 0], &body)).unwrap_err().kind, Kind::NameTooLong);
}

/// Pointers to pointers: each record's owner points to the one before.
fn chain(links: usize) -> Vec<u8> {
    let mut bytes = vec![0; 12];
    bytes[7] = links as u8;
    let mut target = bytes.len();
    bytes.extend_from_slice(&record(b"\x01a\0", 1, &[0; 4]));
    for _ in 1..links {
        let owner = (0xC000 | target as u16).to_be_bytes();
        target = bytes.len();
        bytes.extend_from_slice(&record(&owner, 1, &[0; 4]));
    }
    bytes
}

#[test]
fn a_chain_of_pointers_has_an_end() {
    assert!(Message::parse(&chain(17)).is_ok());
    assert_eq!(Message::parse(&chain(18)).unwrap_err().kind, Kind::Pointers);
}

/// 64 KiB in which every name is as long and as winding as can be.
fn worst() -> Vec<Vec<u8>> {
    let mut winding = vec![0; 12];
    // 127 labels of one octet, each a pointer to the one before, over and over.
    winding.extend_from_slice(&record(b"\x01a\0", 1, &[0; 4]));
    let mut targets = vec![12_u16];
    let mut count = 1_u16;
    while winding.len() < 65_000 {
        let deep = targets.len() % 15 != 0;
        let target = if deep { *targets.last().unwrap() } else { 12 };
        let at = winding.len() as u16;
        winding.extend_from_slice(&record(
            &[&b"\x01b"[..], &(0xC000 | target).to_be_bytes()].concat(),
            1,
            &[0; 4],
        ));
        targets.push(if at < 0x4000 { at } else { 12 });
        count += 1;
    }
    winding[6..8].copy_from_slice(&count.to_be_bytes());
    let mut names = message([0, 0, 0, 0], b"");
    let longest = [[&[63][..], &[b'a'; 63]].concat().repeat(3), vec![61], vec![b'a'; 61], vec![0]].concat();
    names.extend_from_slice(&record(&longest, 1, &[0; 4]));
    let mut count = 1_u16;
    while names.len() < 65_500 {
        names.extend_from_slice(&record(b"\xC0\x0C", 5, b"\xC0\x0C"));
        count += 1;
    }
    names[6..8].copy_from_slice(&count.to_be_bytes());
    let mut questions = message([0, 0, 0, 0], &[0xC0; 65_000]);
    questions[4] = 0xFF;
    let mut roots = message([0, 0, 0, 0], b"");
    roots.extend(record(b"\0", 10, b"").repeat(5_900));
    roots[6..8].copy_from_slice(&5_900_u16.to_be_bytes());
    vec![winding, names, questions, roots]
}

#[test]
fn the_worst_messages_are_told_from_good_ones_by_looking_once() {
    for bytes in worst() {
        if let Ok(message) = Message::parse(&bytes) {
            // What was taken can be walked, names and all.
            let labels: usize = message.answer().map(|record| record.owner.label_count()).sum();
            assert!(labels < 127 * 6_000);
        }
    }
}

#[test]
fn a_message_is_no_longer_than_a_length_can_say() {
    let mut bytes = vec![0; 65_536];
    assert_eq!(Message::parse(&bytes).unwrap_err().kind, Kind::TooLong);
    bytes.truncate(65_535);
    assert_eq!(Message::parse(&bytes).unwrap_err().kind, Kind::Trailing);
}

#[test]
fn a_broken_reply_never_gives_an_option_or_a_record_away() {
    let mut out = [0; 512];
    let mut builder = Builder::new(&mut out, Header::query(1, Opcode::QUERY));
    builder.push_question(Question::new("a.example".parse().unwrap(), RrType::A).as_question_ref()).unwrap();
    let record = Record {
        owner: "a.example".parse().unwrap(),
        ttl: 1,
        rdata: Rdata::of_text(RrType::MX, "1 b").unwrap(),
    };
    builder.push_record(Section::Answer, record.as_record_ref()).unwrap();
    builder.push_edns(&EdnsHeader::new(1232), &[]).unwrap();
    let good = builder.finish().to_vec();
    // Any octet of it may be any other: it is refused, or read to its end.
    for at in 0..good.len() {
        for octet in 0..=255 {
            let mut bytes = good.clone();
            bytes[at] = octet;
            if let Ok(message) = Message::parse(&bytes) {
                let _ = format!("{message:?} {:?}", message.rcode());
            }
        }
    }
}

#[test]
fn many_names_are_compressed_in_a_table_that_ends() {
    let mut out = vec![0; 65_535];
    let mut builder = Builder::new(&mut out, Header::default());
    let mut count = 0_u32;
    loop {
        let owner: Name = format!("n{count}.very.long.suffix.example").parse().unwrap();
        let rdata = Rdata::from_wire(RrType::A, Class::IN, &count.to_be_bytes()).unwrap();
        let record = Record { owner, ttl: 0, rdata };
        if builder.push_record(Section::Answer, record.as_record_ref()).is_err() {
            break;
        }
        count += 1;
    }
    let bytes = builder.finish();
    assert!(bytes.len() > 65_000 && count > 2_000, "{} {count}", bytes.len());
    let message = Message::parse(bytes).unwrap();
    let last = message.answer().last().unwrap();
    assert_eq!(last.owner.to_string(), format!("n{}.very.long.suffix.example.", count - 1));
}

#[test]
fn names_looked_at_alone_are_checked_as_well() {
    assert!(NameRef::parse(b"\x01a", 0).is_err());
    assert!(NameRef::parse(b"\xC0\0", 0).is_err());
    assert!(NameRef::parse(b"", 0).is_err());
    assert!(NameRef::parse(b"\0", 1).is_err());
}

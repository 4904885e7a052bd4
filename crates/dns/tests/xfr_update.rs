//! Transfers and updates: what leaves one side is what the other has.

mod zones;

use dns::authority::update;
use dns::xfr::{Incoming, Outgoing, Received, XfrError};
use dns::zone::{Zone, ZoneDiff};
use dns::{
    Builder, Class, Header, Message, Name, Opcode, Question, Rcode, Rdata, Record, RecordRef, RrType, Section,
};

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn zone(text: &str) -> Zone {
    zones::read("org", text).unwrap()
}

fn lines(zone: &Zone) -> Vec<String> {
    let mut lines: Vec<_> = zone.records().map(|record| record.to_string()).collect();
    lines.sort();
    lines.push(zone.serial().to_string());
    lines
}

fn record(owner: &str, ttl: u32, rtype: RrType, text: &str) -> Record {
    Record { owner: name(owner), ttl, rdata: Rdata::of_text(rtype, text).unwrap() }
}

fn soa(serial: u32) -> Record {
    record("org", 60, RrType::SOA, &format!("a.org. b.org. {serial} 2 3 4 5"))
}

fn query(rtype: RrType, serial: Option<u32>) -> Vec<u8> {
    let mut bytes = [0; 512];
    let mut builder = Builder::new(&mut bytes, Header::query(7, Opcode::QUERY));
    builder.push_question(Question::new(name("org"), rtype).as_question_ref()).unwrap();
    if let Some(serial) = serial {
        builder.push_record(Section::Authority, soa(serial).as_record_ref()).unwrap();
    }
    builder.finish().to_vec()
}

fn transfer(
    zone: &Zone,
    history: &[ZoneDiff],
    rtype: RrType,
    serial: Option<u32>,
) -> Result<Received, XfrError> {
    let query = query(rtype, serial);
    let query = Message::parse(&query).unwrap();
    let mut outgoing = Outgoing::new(&query, zone, history).unwrap();
    let mut incoming = Incoming::new(name("org"), serial, 100_000, 0);
    let mut out = [0; 600];
    let mut last = Err(XfrError::Form("nothing"));
    while let Some(len) = outgoing.next(&mut out, 50) {
        last = incoming.receive(&Message::parse(&out[..len]).unwrap());
        last.as_ref().map_err(Clone::clone).unwrap();
    }
    last
}

#[test]
fn a_zone_arrives_whole() {
    let zone = zone("@ SOA a b 7 2 3 4 5\n@ NS ns\n$GENERATE 1-500 n$ TXT \"some text\"\n");
    let Ok(Received::Whole(copy)) = transfer(&zone, &[], RrType::AXFR, None) else { panic!() };
    assert_eq!(lines(&copy), lines(&zone));
}

#[test]
fn changes_arrive_as_changes_if_there_is_a_history() {
    let old = zone("@ SOA a b 1 2 3 4 5\n@ NS ns\nx A 192.0.2.1\n");
    let diffs: Vec<_> = (1..4)
        .map(|serial| ZoneDiff {
            removed: vec![soa(serial)],
            added: vec![soa(serial + 1), record(&format!("n{serial}.org"), 60, RrType::A, "192.0.2.9")],
        })
        .collect();
    let mut new = old.clone();
    diffs.iter().for_each(|diff| new.apply(diff).unwrap());
    assert_eq!(new.serial(), 4);
    for serial in 1..4 {
        let Ok(Received::Changes(changes)) = transfer(&new, &diffs, RrType::IXFR, Some(serial)) else {
            panic!()
        };
        assert_eq!(changes, diffs[serial as usize - 1..]);
    }
    let unknown = transfer(&new, &diffs[1..], RrType::IXFR, Some(1));
    assert!(matches!(unknown, Ok(Received::Whole(copy)) if lines(&copy) == lines(&new)));
    assert!(matches!(transfer(&new, &diffs, RrType::IXFR, Some(4)), Ok(Received::Current)));
}

#[test]
fn a_stream_that_is_no_transfer_is_refused() {
    let message = |records: &[Record], rcode| {
        let mut bytes = [0; 512];
        let mut builder = Builder::new(&mut bytes, Header::query(7, Opcode::QUERY).reply(rcode));
        for record in records {
            builder.push_record(Section::Answer, record.as_record_ref()).unwrap();
        }
        builder.finish().to_vec()
    };
    let a = record("a.org", 60, RrType::A, "192.0.2.1");
    let out = record("a.net", 60, RrType::A, "192.0.2.1");
    for (records, rcode, most) in [
        (&[][..], Rcode::REFUSED, 10),
        (&[], Rcode::NOERROR, 10),
        (std::slice::from_ref(&a), Rcode::NOERROR, 10),
        (&[soa(1), a.clone(), soa(1), a.clone()], Rcode::NOERROR, 10),
        (&[soa(1), out, soa(1)], Rcode::NOERROR, 10),
        (&[soa(1), a.clone(), soa(1)], Rcode::NOERROR, 2),
    ] {
        let bytes = message(records, rcode);
        let mut incoming = Incoming::new(name("org"), None, most, 0);
        assert!(incoming.receive(&Message::parse(&bytes).unwrap()).is_err(), "{records:?}");
    }
}

/// Owner, class, TTL, type and RDATA as text; an empty text is no RDATA.
type Line<'a> = (&'a str, Class, u32, RrType, &'a str);

fn updated(zone: &Zone, prerequisites: &[Line<'_>], changes: &[Line<'_>]) -> Result<Vec<String>, Rcode> {
    let mut bytes = [0; 2048];
    let mut builder = Builder::new(&mut bytes, Header::query(7, Opcode::UPDATE));
    builder.push_question(Question::new(name("org"), RrType::SOA).as_question_ref()).unwrap();
    for (section, lines) in [(Section::Answer, prerequisites), (Section::Authority, changes)] {
        for (owner, class, ttl, rtype, text) in lines {
            let wire = if text.is_empty() {
                Vec::new()
            } else {
                Rdata::of_text(*rtype, text).unwrap().as_wire().to_vec()
            };
            push(&mut builder, section, &name(owner), (*class, *ttl, *rtype), &wire);
        }
    }
    let bytes = builder.finish().to_vec();
    let mut zone = zone.clone();
    let diff = update(&zone, &Message::parse(&bytes).unwrap())?;
    if diff != ZoneDiff::default() {
        zone.apply(&diff).unwrap();
    }
    Ok(lines(&zone))
}

/// RDATA that a type may lack in updates only is told as that of an unknown type, which has any.
fn push(
    builder: &mut Builder<'_>,
    section: Section,
    owner: &Name,
    (class, ttl, rtype): (Class, u32, RrType),
    wire: &[u8],
) {
    let whole = dns::RdataRef::from_wire(rtype, class, wire);
    match whole {
        Ok(rdata) => builder.push_record(section, RecordRef { owner: owner.into(), ttl, rdata }).unwrap(),
        Err(_) => {
            assert!(wire.is_empty());
            // The same record as it stands in a message that lacks it.
            let mut bytes = Header { answers: 1, ..Header::query(0, Opcode::UPDATE) }.encode().to_vec();
            bytes.extend_from_slice(owner.as_wire());
            bytes.extend_from_slice(&rtype.0.to_be_bytes());
            bytes.extend_from_slice(&class.0.to_be_bytes());
            bytes.extend_from_slice(&ttl.to_be_bytes());
            bytes.extend_from_slice(&[0, 0]);
            let message = Message::parse(&bytes).unwrap();
            builder.push_record(section, message.answer().next().unwrap()).unwrap();
        }
    }
}

#[test]
fn updates_ask_first_and_then_change_all_or_nothing() {
    use Class as C;
    use RrType as T;
    let zone = zone("@ SOA a b 1 2 3 4 5\n@ NS ns\nx A 192.0.2.1\nx A 192.0.2.2\nc CNAME x\n");
    let before = lines(&zone);
    let new: Line<'_> = ("n.org", C::IN, 60, T::A, "192.0.2.9");
    for (prerequisite, rcode) in [
        (("x.org", C::ANY, 0, T::ANY, ""), None),
        (("y.org", C::ANY, 0, T::ANY, ""), Some(Rcode::NXDOMAIN)),
        (("x.org", C::ANY, 0, T::A, ""), None),
        (("x.org", C::ANY, 0, T::MX, ""), Some(Rcode::NXRRSET)),
        (("x.org", C::NONE, 0, T::ANY, ""), Some(Rcode::YXDOMAIN)),
        (("y.org", C::NONE, 0, T::ANY, ""), None),
        (("x.org", C::NONE, 0, T::A, ""), Some(Rcode::YXRRSET)),
        (("x.org", C::IN, 0, T::A, "192.0.2.1"), Some(Rcode::NXRRSET)),
        (("x.org", C::ANY, 1, T::A, ""), Some(Rcode::FORMERR)),
        (("x.net", C::ANY, 0, T::A, ""), Some(Rcode::NOTZONE)),
        (("x.org", C::CH, 0, T::TXT, "x"), Some(Rcode::FORMERR)),
    ] {
        assert_eq!(updated(&zone, &[prerequisite], &[new]).err(), rcode, "{prerequisite:?}");
    }
    let both = [("x.org", C::IN, 0, T::A, "192.0.2.2"), ("X.org", C::IN, 0, T::A, "192.0.2.1")];
    assert!(updated(&zone, &both, &[new]).is_ok());
    for (change, gone, come) in [
        (new, vec![], vec!["n.org. 60 IN A 192.0.2.9"]),
        (("x.org", C::NONE, 0, T::A, "192.0.2.1"), vec!["x.org. 60 IN A 192.0.2.1"], vec![]),
        (
            ("x.org", C::ANY, 0, T::A, ""),
            vec!["x.org. 60 IN A 192.0.2.1", "x.org. 60 IN A 192.0.2.2"],
            vec![],
        ),
        (("c.org", C::ANY, 0, T::ANY, ""), vec!["c.org. 60 IN CNAME x.org."], vec![]),
        (
            ("c.org", C::IN, 60, T::CNAME, "y.org."),
            vec!["c.org. 60 IN CNAME x.org."],
            vec!["c.org. 60 IN CNAME y.org."],
        ),
    ] {
        let after = updated(&zone, &[], &[change]).unwrap();
        let mut expected: Vec<_> =
            before.iter().filter(|line| !gone.contains(&line.as_str())).cloned().collect();
        expected.pop();
        expected.extend(come.iter().map(ToString::to_string));
        expected.sort();
        expected.push("2".into());
        assert_eq!(after, expected, "{change:?}");
    }
    for nothing in [
        ("c.org", C::IN, 60, T::A, "192.0.2.1"),
        ("x.org", C::IN, 60, T::CNAME, "c.org."),
        ("org", C::ANY, 0, T::NS, ""),
        ("org", C::ANY, 0, T::SOA, ""),
        ("org", C::NONE, 0, T::NS, "ns.org."),
        ("x.org", C::IN, 60, T::A, "192.0.2.1"),
    ] {
        assert_eq!(updated(&zone, &[], &[nothing]).unwrap(), before, "{nothing:?}");
    }
    let late = updated(&zone, &[], &[new, ("x.net", C::IN, 60, T::A, "192.0.2.1")]);
    assert_eq!(late, Err(Rcode::NOTZONE));
}

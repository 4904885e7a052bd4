//! Dynamic updates: whatever is asked for, the outcome is a zone, of which the difference is what was said; the same by
//! IXFR as by AXFR.

#![no_main]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use dns::authority::update;
use dns::xfr::{Incoming, Outgoing, Received};
use dns::zone::{Zone, ZoneBuilder, serial_newer};
use dns::zonefile::Parser;
use dns::{Builder, Header, Message, Name, Opcode, Question, Rdata, Record, RrType, Section};
use libfuzzer_sys::fuzz_target;

const ZONE: &[u8] = b"$TTL 60\n@ SOA ns h 7 1 2 3 4\n@ NS ns\n@ NS ns2\nns A 192.0.2.1\na A 192.0.2.2\na A 192.0.2.3\nb CNAME a\n*.c TXT x\nd DNAME a\n";

fn apex() -> Name {
    "e".parse().unwrap()
}

static BEFORE: LazyLock<Zone> = LazyLock::new(|| {
    let mut parser = Parser::new(ZONE, "zone").origin(apex());
    let mut builder = ZoneBuilder::new(apex());
    while let Some(entry) = parser.next().unwrap() {
        builder.push(entry.record).unwrap();
    }
    builder.build().unwrap()
});

fn records(zone: &Zone) -> BTreeSet<String> {
    let soa = zone.soa().unwrap().1.to_string();
    zone.records().map(|record| record.to_string()).chain([soa]).collect()
}

/// The zone as a secondary has it that had `copy`.
fn transferred(zone: &Zone, history: &[dns::zone::ZoneDiff], copy: Option<&Zone>) -> Zone {
    let mut buffer = [0; 512];
    let mut query = Builder::new(&mut buffer, Header::query(1, Opcode::QUERY));
    let rtype = if copy.is_some() { RrType::IXFR } else { RrType::AXFR };
    query.push_question(Question::new(apex(), rtype).as_question_ref()).unwrap();
    if let Some(copy) = copy {
        let rdata = Rdata::of_text(RrType::SOA, &format!(". . {} 0 0 0 0", copy.serial())).unwrap();
        let soa = Record { owner: apex(), ttl: 0, rdata };
        query.push_record(Section::Authority, soa.as_record_ref()).unwrap();
    }
    let query = Message::parse(query.finish()).unwrap();
    let mut outgoing = Outgoing::new(&query, zone, history).unwrap();
    let mut incoming = Incoming::new(apex(), copy.map(Zone::serial), 100_000, 0);
    let mut out = vec![0; 65_535];
    loop {
        let len = outgoing.next(&mut out, 0).expect("a transfer has an end");
        match incoming.receive(&Message::parse(&out[..len]).unwrap()).unwrap() {
            Received::More => {}
            Received::Current => return copy.unwrap().clone(),
            Received::Whole(zone) => return *zone,
            Received::Changes(diffs) => {
                return diffs.iter().fold(copy.unwrap().clone(), |zone, diff| zone.with(diff).unwrap());
            }
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let Ok(message) = Message::parse(input) else { return };
    let before = &*BEFORE;
    let Ok(diff) = update(before, &message) else { return };
    if diff.removed.is_empty() && diff.added.is_empty() {
        return;
    }
    let Ok(after) = before.with(&diff) else { return };
    assert!(serial_newer(after.serial(), before.serial()), "the serial goes up");
    assert!(after.node(&apex()).unwrap().rrset(RrType::NS).is_some(), "the last NS stays");
    let history = [diff];
    assert_eq!(records(&transferred(&after, &history, None)), records(&after), "AXFR");
    assert_eq!(records(&transferred(&after, &history, Some(before))), records(&after), "IXFR");
});

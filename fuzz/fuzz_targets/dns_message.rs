//! A message is refused or can be read to its end, written again, and read as the same.

#![no_main]

use dns::{Builder, Header, Message, Record, RrType, Section};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let message = match Message::parse(bytes) {
        Ok(message) => message,
        Err(error) => {
            assert!(error.offset <= bytes.len());
            return;
        }
    };
    if bytes.len() < 2_000 {
        let _ = format!("{message:?} {}", message.rcode());
    }
    if let Some(edns) = message.edns() {
        edns.options().for_each(drop);
    }
    let sections = Section::ALL.map(|section| {
        let records =
            message.section(section).filter(|record| !matches!(record.rtype(), RrType::OPT | RrType::TSIG));
        records.map(|record| record.to_record()).collect::<Vec<Record>>()
    });
    let mut out = vec![0; 65_535];
    let header = Header { questions: 0, answers: 0, authorities: 0, additionals: 0, ..message.header() };
    let mut builder = Builder::new(&mut out, header);
    if let Some(question) = message.question() {
        builder.push_question(question).unwrap();
    }
    // Names that RFC 1035 does not know are written in full: there may be no room for them.
    for (section, records) in Section::ALL.into_iter().zip(&sections) {
        for record in records {
            if builder.push_record(section, record.as_record_ref()).is_err() {
                return;
            }
        }
    }
    let again = Message::parse(builder.finish()).expect("what was built is a message");
    for (section, records) in Section::ALL.into_iter().zip(&sections) {
        let found: Vec<Record> = again.section(section).map(|record| record.to_record()).collect();
        assert_eq!(found, *records);
    }
});

//! A zone file: every entry is a record or a fault with its place, the parser ends, and what the writer writes reads the same.

#![no_main]

use dns::zonefile::{Parser, Writer};
use dns::{Name, Record};
use libfuzzer_sys::fuzz_target;

/// `$GENERATE` may make a million records out of a line.
const MOST: usize = 5_000;

fuzz_target!(|text: &[u8]| {
    let lines = 1 + text.iter().filter(|octet| **octet == b'\n').count();
    let origin = || "example.".parse::<Name>().unwrap();
    let mut parser = Parser::new(text, "zone").origin(origin()).include(|_| Err("none".to_owned()));
    let mut records: Vec<Record> = Vec::new();
    let mut faults = 0;
    while records.len() < MOST {
        match parser.next() {
            Ok(Some(entry)) => {
                assert!(entry.line >= 1 && entry.line <= lines);
                records.push(entry.record.to_record());
            }
            Ok(None) => break,
            Err(fault) => {
                assert!(fault.line >= 1 && fault.line <= lines, "{fault}");
                faults += 1;
                // A fault for each entry, and an entry for each line at most; one more where the text ends within one.
                assert!(faults <= lines + MOST + 1, "{fault}");
            }
        }
    }
    let mut out = String::new();
    let mut writer = Writer::new(&mut out);
    for record in &records {
        writer.record(record.as_record_ref()).unwrap();
    }
    let mut parser = Parser::new(out.as_bytes(), "written").origin(origin());
    for record in &records {
        let entry =
            parser.next().unwrap_or_else(|fault| panic!("{fault} in {out}")).expect("as many records");
        assert_eq!(entry.record.to_record(), *record);
    }
    assert!(parser.next().unwrap().is_none());
});

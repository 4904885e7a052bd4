//! What nslookup prints: a name, a tab, what the type is in words, an equals sign, the value.

use std::fmt::Write as _;

use dns::{Message, Record, RecordRef, RrType};
use examples::as_bind;

/// A name as nslookup writes it: without the last dot, the root apart.
pub(crate) fn bare(name: impl ToString) -> String {
    let name = name.to_string();
    if name == "." { name } else { name.trim_end_matches('.').to_owned() }
}

/// What a record says, in words; an SOA on lines of its own.
fn words(record: &RecordRef<'_>) -> String {
    let rdata = as_bind::rdata(record, Some(as_bind::RUN));
    let what = match record.rtype() {
        RrType::A => "internet address",
        RrType::AAAA => return format!("has AAAA address {rdata}"),
        RrType::NS => "nameserver",
        RrType::CNAME => "canonical name",
        RrType::DNAME => "dname",
        RrType::PTR => "name",
        RrType::HINFO => "hinfo",
        RrType::MINFO => "minfo",
        RrType::MX => "mail exchanger",
        RrType::TXT => "text",
        RrType::RP => "rp",
        RrType::RT => "route",
        RrType::LOC => "loc",
        RrType::SRV => "service",
        RrType::NAPTR => "naptr",
        other => return format!("rdata_{} = {rdata}", other.0),
    };
    format!("{what} = {rdata}")
}

fn soa(record: &RecordRef<'_>) -> Option<String> {
    let text = record.rdata.to_string();
    let mut words = text.split(' ').filter(|_| record.rtype() == RrType::SOA);
    let (origin, mail) = (bare(words.next()?), bare(words.next()?));
    let mut out = format!("\torigin = {origin}\n\tmail addr = {mail}\n");
    for (what, number) in ["serial", "refresh", "retry", "expire", "minimum"].iter().zip(words) {
        let _ = writeln!(out, "\t{what} = {number}");
    }
    Some(out)
}

/// A record of an answer.
pub(crate) fn answer(record: &RecordRef<'_>) -> String {
    match record.rtype() {
        RrType::A | RrType::AAAA => format!("Name:\t{}\nAddress: {}\n", bare(record.owner), record.rdata),
        _ => other(record),
    }
}

/// A record of any other section.
fn other(record: &RecordRef<'_>) -> String {
    match soa(record) {
        Some(soa) => format!("{}\n{soa}", bare(record.owner)),
        None => format!("{}\t{}\n", bare(record.owner), words(record)),
    }
}

/// Where the answer comes from, if the one who gave it is not in charge.
pub(crate) fn authorities(message: &Message<'_>) -> String {
    let mut out = "\nAuthoritative answers can be found from:\n".to_owned();
    for record in message.authority().chain(message.additional()) {
        out.push_str(&other(&record));
    }
    out
}

/// Everything in a message (`-debug`).
pub(crate) fn debug(message: &Message<'_>) -> String {
    let mut out = "------------\n    QUESTIONS:\n".to_owned();
    if let Some(question) = message.question() {
        let (name, rtype, class) = (bare(question.name), question.rtype, question.class);
        let _ = writeln!(out, "\t{name}, type = {rtype}, class = {class}");
    }
    for (title, records) in [
        ("ANSWERS:", message.answer()),
        ("AUTHORITY RECORDS:", message.authority()),
        ("ADDITIONAL RECORDS:", message.additional()),
    ] {
        let _ = writeln!(out, "    {title}");
        for record in records {
            let _ = writeln!(out, "    ->  {}", bare(record.owner));
            out.push_str(&soa(&record).unwrap_or_else(|| format!("\t{}\n", words(&record))));
            let _ = writeln!(out, "\tttl = {}", record.ttl);
        }
    }
    out + "------------\n"
}

/// The records that this machine knew itself.
pub(crate) fn known(records: &[Record]) -> String {
    records.iter().map(|record| answer(&record.as_record_ref())).collect()
}

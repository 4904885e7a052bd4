//! Records as BIND's programs write them: what `dig` and `nslookup` have in common.
//!
//! The rule: the text means the same as that of [`dns::RdataRef`]; only where it may be broken, and what stands between
//! quotes, is as their users know it.

mod lines;

use dns::{RecordRef, RrType};

pub use lines::{LINE, multiline, remark};

/// How many digits of base64 or hexadecimal stand together.
pub const RUN: usize = 56;

/// What the record says. Long runs of base64 and hexadecimal digits are cut into pieces of `split`.
#[must_use]
pub fn rdata(record: &RecordRef<'_>, split: Option<usize>) -> String {
    let text = text_of(record);
    match (record.rtype(), split) {
        (rtype, Some(_)) if ends_in_run(rtype) || text.starts_with("\\# ") => split_last(&text, split),
        (RrType::SVCB | RrType::HTTPS, _) => text.split(' ').map(quoted).collect::<Vec<_>>().join(" "),
        (RrType::LOC, _) => location(&text),
        _ => text,
    }
}

/// Types whose text ends in a long run of digits.
fn ends_in_run(rtype: RrType) -> bool {
    matches!(
        rtype,
        RrType::DNSKEY
            | RrType::CDNSKEY
            | RrType::KEY
            | RrType::RRSIG
            | RrType::SIG
            | RrType::DS
            | RrType::CDS
            | RrType::SSHFP
            | RrType::TLSA
            | RrType::SMIMEA
            | RrType::CERT
            | RrType::OPENPGPKEY
            | RrType::DHCID
            | RrType::ZONEMD
            | RrType::IPSECKEY
    )
}

/// The text of the RDATA; the algorithm of a CERT has a name there (RFC 4398 section 2.2), that of a key a number.
fn text_of(record: &RecordRef<'_>) -> String {
    let text = record.rdata.to_string();
    match (record.rtype(), record.rdata.octets()) {
        (RrType::CERT, [_, _, _, _, number, ..]) => {
            let mut words: Vec<&str> = text.splitn(4, ' ').collect();
            let name = algorithm(*number);
            if let Some(word) = words.get_mut(2) {
                *word = &name;
            }
            words.join(" ")
        }
        _ => text,
    }
}

/// The name of a signature algorithm, or its number.
fn algorithm(number: u8) -> String {
    lines::algorithm_name(number).map_or_else(|| number.to_string(), str::to_owned)
}

/// A time as people say it: `1 week 2 days`.
#[must_use]
pub fn in_words(seconds: u32) -> String {
    let plural = |count| if count == 1 { "" } else { "s" };
    let parts = parts(seconds).map(|(count, unit)| format!("{count} {unit}{}", plural(count)));
    let parts: Vec<_> = parts.collect();
    if parts.is_empty() { "0 seconds".to_owned() } else { parts.join(" ") }
}

/// A time as zone files may say it: `1w2d`.
#[must_use]
pub fn units(seconds: u32) -> String {
    let parts: String =
        parts(seconds).map(|(count, unit)| format!("{count}{}", unit.get(..1).unwrap_or_default())).collect();
    if parts.is_empty() { "0s".to_owned() } else { parts }
}

fn parts(mut seconds: u32) -> impl Iterator<Item = (u32, &'static str)> {
    let units = [("week", 604_800), ("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)];
    let parts = units.into_iter().map(move |(unit, len)| {
        let count = seconds / len;
        seconds %= len;
        (count, unit)
    });
    parts.filter(|(count, _)| *count > 0)
}

/// An altitude has two decimals, and so has no size at all.
fn location(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let Some(altitude) = words.len().checked_sub(4) else { return text.to_owned() };
    let word = |(at, word): (usize, &&str)| match word.strip_suffix('m') {
        Some(metres) if (at == altitude && !metres.contains('.')) || metres == "0" => format!("{metres}.00m"),
        _ => (*word).to_owned(),
    };
    words.iter().enumerate().map(word).collect::<Vec<_>>().join(" ")
}

/// Lists of protocols stand between quotes.
fn quoted(parameter: &str) -> String {
    match parameter.split_once('=') {
        Some((key @ ("alpn" | "dohpath"), value)) if !value.starts_with('"') => format!("{key}=\"{value}\""),
        _ => parameter.to_owned(),
    }
}

fn split_last(text: &str, split: Option<usize>) -> String {
    let (front, last) = text.rsplit_once(' ').map_or(("", text), |(front, last)| (front, last));
    let pieces = pieces(last, split);
    if front.is_empty() { pieces.join(" ") } else { format!("{front} {}", pieces.join(" ")) }
}

fn pieces(run: &str, split: Option<usize>) -> Vec<String> {
    let digits: Vec<char> = run.chars().collect();
    digits.chunks(split.unwrap_or(usize::MAX).max(1)).map(|piece| piece.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_words_and_in_units() {
        for (seconds, words, short) in [
            (0, "0 seconds", "0s"),
            (1, "1 second", "1s"),
            (3600, "1 hour", "1h"),
            (694_861, "1 week 1 day 1 hour 1 minute 1 second", "1w1d1h1m1s"),
            (172_800, "2 days", "2d"),
        ] {
            assert_eq!((&*in_words(seconds), &*units(seconds)), (words, short));
        }
    }
}

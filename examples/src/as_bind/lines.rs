//! A record over several lines, in parentheses, with remarks for people behind it (`+multiline`, `+rrcomments`).
//!
//! The rule: what is cut are runs of base64 and hexadecimal digits; the lines together are the record's text again.

use std::fmt::Write as _;

use dns::dnssec::key_tag;
use dns::rdata::algorithm_names;
use dns::{RecordRef, RrType};

use super::{in_words, pieces, rdata, text_of};

/// How many digits stand on a line, unless something else is wanted.
pub const LINE: usize = 44;
/// The start of a line that goes on with a record.
const NEXT: &str = "\n\t\t\t\t";

/// What the record says, on as many lines as it takes; with remarks if they are wanted. Runs of digits are cut into pieces of
/// `split`.
#[must_use]
pub fn multiline(record: &RecordRef<'_>, split: Option<usize>, remarks: bool) -> String {
    let text = text_of(record);
    let words: Vec<&str> = text.split(' ').collect();
    let (all, last) = (words.len(), words.last().copied().unwrap_or_default());
    let part = |from, to| words.get(from..to).unwrap_or_default().join(" ");
    let run = |lines: &[String]| [lines, &pieces(last, split)].concat();
    let (head, lines) = match record.rtype() {
        RrType::SOA => return soa(&words, remarks),
        RrType::DNSKEY | RrType::CDNSKEY | RrType::KEY if remarks => {
            let remark = remark(record).unwrap_or_default();
            return format!("{} ({NEXT}{}{NEXT}){remark}", part(0, all - 1), run(&[]).join(NEXT));
        }
        RrType::RRSIG | RrType::SIG => (part(0, 4), run(&[part(4, all - 1)])),
        RrType::NSEC3 => (part(0, 4), vec![part(4, 5), part(5, all)]),
        RrType::HIP => return format!("( {}{NEXT}{}{NEXT}{} )", part(0, 2), part(2, 3), part(3, all)),
        RrType::IPSECKEY => return format!("( {}{NEXT}{} )", part(0, all - 1), run(&[]).join(NEXT)),
        RrType::DHCID => return format!("( {} ){}", run(&[]).join(NEXT), dhcid(record)),
        RrType::OPENPGPKEY => return format!("( {} )", run(&[]).join(NEXT)),
        _ if words.first() == Some(&"\\#") && all > 2 => {
            return format!("{} ( {} )", part(0, 2), run(&[]).join(NEXT));
        }
        rtype if super::ends_in_run(rtype) => (part(0, all - 1), run(&[])),
        _ => return rdata(record, split),
    };
    format!("{head} ({NEXT}{} )", lines.join(NEXT))
}

/// What a key is for, its algorithm and its tag, as it stands behind the closing parenthesis.
#[must_use]
pub fn remark(record: &RecordRef<'_>) -> Option<String> {
    let [high, low, _, algorithm, ..] = *record.rdata.octets() else { return None };
    let flags = u16::from_be_bytes([high, low]);
    let role = match (record.rtype(), flags & 0x0001 != 0, flags & 0x0080 != 0) {
        (RrType::KEY, ..) => "",
        (RrType::DNSKEY | RrType::CDNSKEY, false, _) => " ; ZSK",
        (RrType::DNSKEY | RrType::CDNSKEY, true, false) => " ; KSK",
        (RrType::DNSKEY | RrType::CDNSKEY, true, true) => " ; revoked KSK",
        _ => return None,
    };
    let algorithm = super::algorithm(algorithm);
    Some(format!("{role}; alg = {algorithm} ; key id = {}", key_tag(&record.rdata)))
}

/// RFC 4701 section 3.3: the type of the identifier, the digest's, and how long it is.
fn dhcid(record: &RecordRef<'_>) -> String {
    match record.rdata.octets() {
        [high, low, digest, rest @ ..] => {
            format!(" ; {} {digest} {}", u16::from_be_bytes([*high, *low]), rest.len())
        }
        _ => String::new(),
    }
}

fn soa(words: &[&str], remarks: bool) -> String {
    let [mname, rname, numbers @ ..] = words else { return words.join(" ") };
    if !remarks {
        return format!("{mname} {rname} ({NEXT}{})", numbers.join(NEXT));
    }
    let mut out = format!("{mname} {rname} (\n");
    for (number, what) in numbers.iter().zip(["serial", "refresh", "retry", "expire", "minimum"]) {
        let time = number.parse().ok().filter(|_| what != "serial").map(in_words);
        let time = time.map(|time| format!(" ({time})")).unwrap_or_default();
        let _ = writeln!(out, "\t\t\t\t{number:<10} ; {what}{time}");
    }
    out + "\t\t\t\t)"
}

/// The names of BIND's table: where there are two, the one without hyphens.
pub(super) fn algorithm_name(number: u8) -> Option<&'static str> {
    algorithm_names(number).filter(|_| number > 0).last()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dns::{Name, Rdata, Record};

    fn record(rtype: RrType, text: &str) -> Record {
        Record { owner: Name::ROOT, ttl: 60, rdata: Rdata::of_text(rtype, text).unwrap() }
    }

    const KEY: &str =
        "mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==";

    #[test]
    fn keys_with_and_without_remarks() {
        let key = record(RrType::DNSKEY, &format!("257 3 13 {KEY}"));
        let cut = "\n\t\t\t\tmdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+Gq\n\t\t\t\tJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==";
        assert_eq!(
            multiline(&key.as_record_ref(), Some(LINE), true),
            format!("257 3 13 ({cut}\n\t\t\t\t) ; KSK; alg = ECDSAP256SHA256 ; key id = 2371")
        );
        assert_eq!(multiline(&key.as_record_ref(), Some(LINE), false), format!("257 3 13 ({cut} )"));
        assert_eq!(
            multiline(&key.as_record_ref(), None, false),
            format!("257 3 13 (\n\t\t\t\t{KEY} )"),
            "+nosplit"
        );
        for (rtype, text, wanted) in [
            (RrType::DNSKEY, "385 3 13 ", " ; revoked KSK; alg = ECDSAP256SHA256 ; key id = 2499"),
            (RrType::CDNSKEY, "256 3 7 ", " ; ZSK; alg = NSEC3RSASHA1 ; key id = 2364"),
            (RrType::KEY, "512 3 99 ", "; alg = 99 ; key id = 2712"),
        ] {
            let key = record(rtype, &format!("{text}{KEY}"));
            assert_eq!(remark(&key.as_record_ref()).as_deref(), Some(wanted));
        }
        assert_eq!(remark(&record(RrType::A, "192.0.2.1").as_record_ref()), None);
    }

    #[test]
    fn the_lines_together_are_the_record() {
        for (rtype, text) in [
            (RrType::SOA, "a. b. 1 2 3 4 5".to_owned()),
            (RrType::A, "192.0.2.1".to_owned()),
            (RrType::DNSKEY, format!("256 3 13 {KEY}")),
            (RrType::RRSIG, format!("A 13 2 300 20300101000000 20200101000000 1234 test. {KEY}")),
            (RrType::DS, format!("1234 13 2 {}", "0123456789abcdef".repeat(4))),
            (RrType::NSEC3, "1 1 12 AABB 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR A RRSIG".to_owned()),
            (RrType::CERT, format!("PKIX 65535 RSASHA256 {KEY}")),
            (RrType::OPENPGPKEY, KEY.to_owned()),
            (RrType::DHCID, "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=".to_owned()),
            (RrType::IPSECKEY, format!("10 1 2 192.0.2.38 {KEY}")),
            (RrType::HIP, format!("2 200100107B1A74DF365639CC39F1D578 {KEY} rvs.example.com.")),
            (RrType(65_280), format!("\\# 40 {}", "0123456789ABCDEF".repeat(5))),
        ] {
            let record = record(rtype, &text);
            for (split, remarks) in [(Some(LINE), true), (Some(LINE), false), (Some(4), false), (None, false)]
            {
                let lines = multiline(&record.as_record_ref(), split, remarks);
                let bare: String = lines.lines().map(|line| line.split(';').next().unwrap()).collect();
                let bare: String = bare.chars().filter(|letter| !"() \t".contains(*letter)).collect();
                assert_eq!(bare.to_lowercase(), text.replace(' ', "").to_lowercase(), "{lines}");
            }
        }
    }
}

//! Names that are answered here: asking the world for them tells it what is nobody's business, or gets a stranger's word.
//!
//! `localhost`, the loopback addresses, `invalid` (RFC 6761 section 6), `onion` (RFC 7686 section 2) and the addresses of
//! private networks (RFC 6303 section 4).

use crate::{Name, NameRef, QuestionRef, RrType};

/// What is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Local {
    /// 127.0.0.1
    Address4,
    /// `::1`
    Address6,
    /// `localhost`
    Pointer,
    /// Nothing of that type.
    NoData,
    /// No such name.
    NxDomain,
}

/// The SOA of all these zones (RFC 6303 section 3), as text.
pub(super) const SOA: &str = "localhost. nobody.invalid. 1 3600 1200 604800 10800";
/// The TTL of everything in them.
pub(super) const TTL: u32 = 10_800;

/// Labels of the private networks' zones, from the right: below `in-addr.arpa` and `ip6.arpa`.
const PRIVATE_4: [&[&[u8]]; 8] = [
    &[b"10"],
    &[b"192", b"168"],
    &[b"169", b"254"],
    &[b"0"],
    &[b"192", b"0", b"2"],
    &[b"198", b"51", b"100"],
    &[b"203", b"0", b"113"],
    &[b"255", b"255", b"255", b"255"],
];
const PRIVATE_6: [&[&[u8]]; 6] = [
    &[b"d", b"f"],
    &[b"f", b"e", b"8"],
    &[b"f", b"e", b"9"],
    &[b"f", b"e", b"a"],
    &[b"f", b"e", b"b"],
    &[b"2", b"0", b"0", b"1", b"0", b"d", b"b", b"8"],
];

/// What is known here of a question, and how many labels the zone has that knows it.
pub(super) fn local(question: QuestionRef<'_>, private: bool) -> Option<(Local, usize)> {
    let mut labels: [&[u8]; 128] = [&[]; 128];
    let mut count = 0;
    for (place, label) in labels.iter_mut().zip(question.name.labels()) {
        *place = label;
        count += 1;
    }
    let labels = labels.get(..count)?;
    let from_right = |number: usize| labels.iter().rev().nth(number).copied().unwrap_or_default();
    let is = |number, text: &[u8]| from_right(number).eq_ignore_ascii_case(text);
    if is(0, b"localhost") {
        return Some((localhost(question.rtype), 1));
    }
    if is(0, b"invalid") || is(0, b"onion") {
        return Some((Local::NxDomain, 1));
    }
    if !is(0, b"arpa") || !(is(1, b"in-addr") || is(1, b"ip6")) {
        return None;
    }
    let below = labels.get(..count.checked_sub(2)?)?;
    let (known, zone) = reverse(below, is(1, b"in-addr"), question.rtype, private)?;
    // What the parent says of the zone is the parent's to say.
    let apex = below.len() == zone;
    (!(apex && question.rtype == RrType::DS)).then_some((if apex { Local::NoData } else { known }, zone + 2))
}

fn localhost(rtype: RrType) -> Local {
    match rtype {
        RrType::A => Local::Address4,
        RrType::AAAA => Local::Address6,
        _ => Local::NoData,
    }
}

/// `below`: the labels in front of `in-addr.arpa` or `ip6.arpa`.
fn reverse(below: &[&[u8]], ipv4: bool, rtype: RrType, private: bool) -> Option<(Local, usize)> {
    let starts = |zone: &[&[u8]]| {
        below.len() >= zone.len() && below.iter().rev().zip(zone).all(|(a, b)| a.eq_ignore_ascii_case(b))
    };
    let pointer = if rtype == RrType::PTR { Local::Pointer } else { Local::NoData };
    if ipv4 && starts(&[b"127"]) {
        let is_host = below == [&b"1"[..], b"0", b"0", b"127"];
        return Some((if is_host { pointer } else { Local::NxDomain }, 1));
    }
    if !ipv4 && below.len() == 32 && is_loopback(below) {
        // The zone is as long as the name: one label less, so that the name is in it.
        return Some((pointer, 31));
    }
    let zones: &[&[&[u8]]] = if ipv4 { &PRIVATE_4 } else { &PRIVATE_6 };
    let zone = zones.iter().find(|zone| starts(zone)).map(|zone| zone.len());
    let zone = zone.or((ipv4 && is_172(below)).then_some(2));
    zone.filter(|_| private).map(|zone| (Local::NxDomain, zone))
}

/// 172.16.0.0/12
fn is_172(below: &[&[u8]]) -> bool {
    let mut from_right = below.iter().rev();
    let first = from_right.next().is_some_and(|label| *label == b"172");
    let second = from_right.next().and_then(|label| core::str::from_utf8(label).ok()?.parse::<u8>().ok());
    first && second.is_some_and(|second| (16..32).contains(&second))
}

/// `::1`, nibble by nibble, the last first.
fn is_loopback(below: &[&[u8]]) -> bool {
    let zeros = |rest: &[&[u8]]| rest.iter().all(|label| *label == b"0");
    below.split_first().is_some_and(|(first, rest)| *first == b"1" && zeros(rest))
}

/// The last so many labels of a name.
pub(super) fn zone_of(name: NameRef<'_>, labels: usize) -> Name {
    let skip = name.label_count().saturating_sub(labels);
    let mut rest = Some(name);
    for _ in 0..skip {
        rest = rest.and_then(|name| name.parent());
    }
    rest.map(|name| name.to_name()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Question;

    #[test]
    fn what_stays_here() {
        let one = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa";
        for (name, rtype, known) in [
            ("localhost", RrType::A, Some((Local::Address4, 1))),
            ("a.LocalHost", RrType::AAAA, Some((Local::Address6, 1))),
            ("localhost", RrType::MX, Some((Local::NoData, 1))),
            ("localhost.example", RrType::A, None),
            ("x.invalid", RrType::A, Some((Local::NxDomain, 1))),
            ("x.onion", RrType::A, Some((Local::NxDomain, 1))),
            ("1.0.0.127.in-addr.arpa", RrType::PTR, Some((Local::Pointer, 3))),
            ("2.0.0.127.in-addr.arpa", RrType::PTR, Some((Local::NxDomain, 3))),
            ("127.in-addr.arpa", RrType::SOA, Some((Local::NoData, 3))),
            (one, RrType::PTR, Some((Local::Pointer, 33))),
            ("1.2.3.10.in-addr.arpa", RrType::PTR, Some((Local::NxDomain, 3))),
            ("10.in-addr.arpa", RrType::DS, None),
            ("1.2.20.172.in-addr.arpa", RrType::PTR, Some((Local::NxDomain, 4))),
            ("1.2.32.172.in-addr.arpa", RrType::PTR, None),
            ("4.3.2.1.in-addr.arpa", RrType::PTR, None),
            (".", RrType::NS, None),
        ] {
            let question = Question::new(name.parse().unwrap(), rtype);
            assert_eq!(local(question.as_question_ref(), true), known, "{name}");
        }
        let private = Question::new("1.2.3.10.in-addr.arpa".parse().unwrap(), RrType::PTR);
        assert_eq!(local(private.as_question_ref(), false), None);
        assert_eq!(zone_of(private.name.as_name_ref(), 3).to_string(), "10.in-addr.arpa.");
    }

    use alloc::string::ToString;
}

//! Names that are answered here: asking the world for them tells it what is nobody's business, or gets a stranger's word.
//!
//! `localhost`, the loopback addresses, `invalid` (RFC 6761 section 6), `onion` (RFC 7686 section 2) and the addresses of
//! private networks (RFC 6303 section 4).

use crate::special::{Special, special};
use crate::{Name, NameRef, QuestionRef, RrType};

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
pub(super) fn local(question: QuestionRef<'_>, private: bool) -> Option<(Special, usize)> {
    let mut labels: [&[u8]; 128] = [&[]; 128];
    let mut count = 0;
    for (place, label) in labels.iter_mut().zip(question.name.labels()) {
        *place = label;
        count += 1;
    }
    let labels = labels.get(..count)?;
    let is = |from_right: usize, text: &[u8]| {
        labels.iter().rev().nth(from_right).is_some_and(|label| label.eq_ignore_ascii_case(text))
    };
    if let Some(known) = special(question.name, question.rtype) {
        // A loopback address is in 127.in-addr.arpa, or in the zone one label above the name.
        let zone = if !is(0, b"arpa") {
            1
        } else if is(1, b"in-addr") {
            3
        } else {
            count - 1
        };
        return Some((known, zone));
    }
    if !is(0, b"arpa") || !(is(1, b"in-addr") || is(1, b"ip6")) {
        return None;
    }
    let below = labels.get(..count.checked_sub(2)?)?;
    let zone = reverse(below, is(1, b"in-addr"), private)?;
    // What the parent says of the zone is the parent's to say.
    let apex = below.len() == zone;
    let known = if apex { Special::NoData } else { Special::NxDomain };
    (!(apex && question.rtype == RrType::DS)).then_some((known, zone + 2))
}

/// How many of the labels in front of `in-addr.arpa` or `ip6.arpa` make the zone of a network that is nobody's outside.
fn reverse(below: &[&[u8]], ipv4: bool, private: bool) -> Option<usize> {
    let starts = |zone: &[&[u8]]| {
        below.len() >= zone.len() && below.iter().rev().zip(zone).all(|(a, b)| a.eq_ignore_ascii_case(b))
    };
    if ipv4 && starts(&[b"127"]) {
        return Some(1);
    }
    let zones: &[&[&[u8]]] = if ipv4 { &PRIVATE_4 } else { &PRIVATE_6 };
    let zone = zones.iter().find(|zone| starts(zone)).map(|zone| zone.len());
    zone.or((ipv4 && is_172(below)).then_some(2)).filter(|_| private)
}

/// 172.16.0.0/12
fn is_172(below: &[&[u8]]) -> bool {
    let mut from_right = below.iter().rev();
    let first = from_right.next().is_some_and(|label| *label == b"172");
    let second = from_right.next().and_then(|label| core::str::from_utf8(label).ok()?.parse::<u8>().ok());
    first && second.is_some_and(|second| (16..32).contains(&second))
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
            ("localhost", RrType::A, Some((Special::Address([127, 0, 0, 1].into()), 1))),
            ("a.LocalHost", RrType::AAAA, Some((Special::Address(core::net::Ipv6Addr::LOCALHOST.into()), 1))),
            ("localhost", RrType::MX, Some((Special::NoData, 1))),
            ("localhost.example", RrType::A, None),
            ("x.invalid", RrType::A, Some((Special::NxDomain, 1))),
            ("x.onion", RrType::A, Some((Special::NxDomain, 1))),
            ("1.0.0.127.in-addr.arpa", RrType::PTR, Some((Special::Localhost, 3))),
            ("2.0.127.in-addr.arpa", RrType::PTR, Some((Special::NxDomain, 3))),
            ("127.in-addr.arpa", RrType::SOA, Some((Special::NoData, 3))),
            (one, RrType::PTR, Some((Special::Localhost, 33))),
            ("1.2.3.10.in-addr.arpa", RrType::PTR, Some((Special::NxDomain, 3))),
            ("10.in-addr.arpa", RrType::DS, None),
            ("1.2.20.172.in-addr.arpa", RrType::PTR, Some((Special::NxDomain, 4))),
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

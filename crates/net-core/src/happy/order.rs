//! Which address of several to try first (RFC 6724 section 6).
//!
//! The rule: every comparison is by a key of the candidate alone, so that the order is a total one whatever the input.
//! Rules 3 (deprecated addresses), 4 (home addresses) and 7 (native transport) need what only the kernel knows, and are
//! left out. Rule 9 (longest matching prefix) is kept to IPv6: IPv4 addresses in one answer are turned around by name
//! servers to share the load, which it would undo.

use std::cmp::Reverse;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The address that packets to a destination would leave from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Nobody has asked the system.
    Unknown,
    /// The system has no way there.
    Unreachable,
    /// This one.
    From(IpAddr),
}

/// An address to connect to, and what is known about the way there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Candidate {
    /// The address.
    pub addr: SocketAddr,
    /// The address that packets would leave from.
    pub source: Source,
}

impl Candidate {
    /// A candidate whose source address nobody has asked for.
    #[must_use]
    pub fn new(addr: SocketAddr) -> Self {
        Candidate { addr, source: Source::Unknown }
    }
}

/// The candidate's place among others, the first rule first.
type Key = (bool, bool, bool, Reverse<u8>, u8, Reverse<u32>);

/// Sorts by RFC 6724 section 6; those that are equal to it keep their order (rule 10).
///
/// ```
/// use net_core::happy::{Candidate, Source, sort};
///
/// let reached_by = |addr: &str, source: &str| Candidate {
///     addr: addr.parse().unwrap(),
///     source: Source::From(source.parse().unwrap()),
/// };
/// let mut all = [reached_by("10.1.2.3:80", "10.1.2.4"), reached_by("[2001:db8:1::1]:80", "2001:db8:1::2")];
/// sort(&mut all);
/// assert!(all[0].addr.is_ipv6()); // of higher precedence
/// ```
pub fn sort(candidates: &mut [Candidate]) {
    candidates.sort_by_cached_key(key);
}

pub(super) fn key(candidate: &Candidate) -> Key {
    let to = candidate.addr.ip();
    let policy = policy(to);
    // Rules 1, 2, 5 and 9 speak of the source. As long as it is not known nothing is held against it.
    let (scope_differs, label_differs, matching) = match candidate.source {
        Source::From(from) => {
            (scope(to) != scope(from), policy.label != self::policy(from).label, common_prefix(to, from))
        }
        Source::Unknown | Source::Unreachable => (false, false, 0),
    };
    (
        candidate.source == Source::Unreachable, // rule 1
        scope_differs,                           // rule 2
        label_differs,                           // rule 5
        Reverse(policy.precedence),              // rule 6
        scope(to),                               // rule 8
        Reverse(matching),                       // rule 9
    )
}

struct Policy {
    prefix: Ipv6Addr,
    bits: u32,
    precedence: u8,
    label: u8,
}

const fn line(prefix: [u16; 8], bits: u32, precedence: u8, label: u8) -> Policy {
    let [a, b, c, d, e, f, g, h] = prefix;
    Policy { prefix: Ipv6Addr::new(a, b, c, d, e, f, g, h), bits, precedence, label }
}

/// RFC 6724 section 2.1: the default policy table, the longest prefix first. The last line matches everything.
const POLICIES: [Policy; 9] = [
    line([0, 0, 0, 0, 0, 0, 0, 1], 128, 50, 0),
    line([0, 0, 0, 0, 0, 0xffff, 0, 0], 96, 35, 4),
    line([0, 0, 0, 0, 0, 0, 0, 0], 96, 1, 3),
    line([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, 5, 5),
    line([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, 30, 2),
    line([0x3ffe, 0, 0, 0, 0, 0, 0, 0], 16, 1, 12),
    line([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, 1, 11),
    line([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, 3, 13),
    ELSEWHERE,
];

const ELSEWHERE: Policy = line([0; 8], 0, 40, 1);

fn policy(ip: IpAddr) -> &'static Policy {
    let bits = mapped(ip).to_bits();
    let matches = |policy: &&Policy| (bits ^ policy.prefix.to_bits()).leading_zeros() >= policy.bits;
    POLICIES.iter().find(matches).unwrap_or(&ELSEWHERE)
}

fn mapped(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}

const LINK_LOCAL: u8 = 0x2;
const SITE_LOCAL: u8 = 0x5;
const GLOBAL: u8 = 0xe;

/// RFC 6724 sections 3.1 to 3.4.
fn scope(ip: IpAddr) -> u8 {
    match ip.to_canonical() {
        IpAddr::V4(v4) => scope_v4(v4),
        IpAddr::V6(v6) => scope_v6(v6),
    }
}

fn scope_v4(ip: Ipv4Addr) -> u8 {
    if ip.is_loopback() || ip.is_link_local() { LINK_LOCAL } else { GLOBAL }
}

fn scope_v6(ip: Ipv6Addr) -> u8 {
    let [first, second, ..] = ip.octets();
    match (first, second) {
        (0xff, flags_and_scope) => flags_and_scope & 0xf,
        (0xfe, 0x80..=0xbf) => LINK_LOCAL,
        (0xfe, 0xc0..=0xff) => SITE_LOCAL,
        _ if ip.is_loopback() => LINK_LOCAL,
        _ => GLOBAL,
    }
}

/// RFC 6724 section 2.2: as far as a source's prefix may reach, 64 bits.
fn common_prefix(to: IpAddr, from: IpAddr) -> u32 {
    match (to, from) {
        (IpAddr::V6(to), IpAddr::V6(from)) => (to.to_bits() ^ from.to_bits()).leading_zeros().min(64),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached_by((addr, source): (&str, &str)) -> Candidate {
        Candidate {
            addr: SocketAddr::new(addr.parse().unwrap(), 80),
            source: source.parse().map_or(Source::Unreachable, Source::From),
        }
    }

    /// RFC 6724 section 10.2, by the destinations and the sources it chooses for them; the first is the preferred one.
    /// Two of its nine are left out, which turn on a deprecated and on a home address.
    #[test]
    fn the_examples_of_the_rfc_come_out_as_it_says_in_either_order() {
        for (rule, preferred, other) in [
            ("matching scope", ("2001:db8:1::1", "2001:db8:1::2"), ("198.51.100.121", "169.254.13.78")),
            ("matching scope", ("198.51.100.121", "198.51.100.117"), ("2001:db8:1::1", "fe80::1")),
            ("higher precedence", ("2001:db8:1::1", "2001:db8:1::2"), ("10.1.2.3", "10.1.2.4")),
            ("smaller scope", ("fe80::1", "fe80::2"), ("2001:db8:1::1", "2001:db8:1::2")),
            ("matching prefix", ("2001:db8:1::1", "2001:db8:1::2"), ("2001:db8:3ffe::1", "2001:db8:3f44::2")),
            (
                "matching label",
                ("2002:c633:6401::1", "2002:c633:6401::2"),
                ("2001:db8:1::1", "2002:c633:6401::2"),
            ),
            (
                "higher precedence",
                ("2001:db8:1::1", "2001:db8:1::2"),
                ("2002:c633:6401::1", "2002:c633:6401::2"),
            ),
        ] {
            let (preferred, other) = (reached_by(preferred), reached_by(other));
            for mut both in [[preferred, other], [other, preferred]] {
                sort(&mut both);
                assert_eq!(both, [preferred, other], "{rule}");
            }
        }
    }

    #[test]
    fn what_cannot_be_reached_comes_last() {
        let mut both = [reached_by(("2001:db8::1", "-")), reached_by(("192.0.2.1", "192.0.2.2"))];
        sort(&mut both);
        assert!(both[0].addr.is_ipv4());
    }

    #[test]
    fn ipv4_addresses_keep_the_order_the_name_server_gave_them() {
        let given =
            [("10.55.0.1", "10.99.0.2"), ("10.0.0.1", "10.0.0.2"), ("10.0.0.9", "10.0.0.2")].map(reached_by);
        let mut sorted = given;
        sort(&mut sorted);
        assert_eq!(sorted, given);
    }

    #[test]
    fn the_policy_table_is_looked_up_by_the_longest_prefix() {
        for (addr, precedence, label) in [
            ("::1", 50, 0),
            ("2001:db8::1", 40, 1),
            ("192.0.2.1", 35, 4),
            ("2002::1", 30, 2),
            ("2001::1", 5, 5),
            ("fd00::1", 3, 13),
            ("::192.0.2.1", 1, 3),
            ("fec0::1", 1, 11),
            ("3ffe::1", 1, 12),
        ] {
            let policy = policy(addr.parse().unwrap());
            assert_eq!((policy.precedence, policy.label), (precedence, label), "{addr}");
        }
    }
}

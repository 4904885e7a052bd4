//! Names that are nobody's to ask for (RFC 6761, RFC 7686): they are answered here and never leave.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::{Name, NameRef, RrType};

/// What is known of such a name without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Special {
    /// RFC 6761 section 6.3: the machine itself.
    Address(IpAddr),
    /// The name of a loopback address, which is `localhost`.
    Localhost,
    /// The name exists, this type of it does not.
    NoData,
    /// RFC 6761 section 6.4 and RFC 7686 section 2: it does not exist.
    NxDomain,
}

/// What to say to a question for `name`, if the name is special.
pub(crate) fn special(name: NameRef<'_>, rtype: RrType) -> Option<Special> {
    match last_label(name)? {
        label if label.eq_ignore_ascii_case(b"localhost") => Some(match rtype {
            RrType::A => Special::Address(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            RrType::AAAA => Special::Address(IpAddr::V6(Ipv6Addr::LOCALHOST)),
            _ => Special::NoData,
        }),
        label if [&b"invalid"[..], b"onion"].iter().any(|own| label.eq_ignore_ascii_case(own)) => {
            Some(Special::NxDomain)
        }
        label if label.eq_ignore_ascii_case(b"arpa") => loopback(name, rtype),
        _ => None,
    }
}

fn last_label(name: NameRef<'_>) -> Option<&[u8]> {
    name.labels().last()
}

/// RFC 6761 section 6.1 leaves `127.in-addr.arpa` to us; `::1` is alike.
fn loopback(name: NameRef<'_>, rtype: RrType) -> Option<Special> {
    let address = address_of_pointer(name)?;
    let found = if rtype == RrType::PTR { Special::Localhost } else { Special::NoData };
    address.is_loopback().then_some(found)
}

/// The address whose pointer name this is (RFC 1035 section 3.5, RFC 3596 section 2.5).
pub(crate) fn address_of_pointer(name: NameRef<'_>) -> Option<IpAddr> {
    let count = name.label_count();
    let is_below = |zone: [&[u8]; 2]| {
        name.labels()
            .skip(count.saturating_sub(2))
            .zip(zone)
            .all(|(label, own)| label.eq_ignore_ascii_case(own))
    };
    match count {
        6 if is_below([b"in-addr", b"arpa"]) => {
            let mut bits = 0_u32;
            for label in name.labels().take(4) {
                bits = bits >> 8 | u32::from(decimal_octet(label)?) << 24;
            }
            Some(IpAddr::V4(Ipv4Addr::from_bits(bits)))
        }
        34 if is_below([b"ip6", b"arpa"]) => {
            let mut bits = 0_u128;
            for label in name.labels().take(32) {
                let [digit] = *label else { return None };
                bits = bits >> 4 | u128::from(char::from(digit).to_digit(16)?) << 124;
            }
            Some(IpAddr::V6(Ipv6Addr::from_bits(bits)))
        }
        _ => None,
    }
}

/// As it is written: no sign, no zeros in front.
fn decimal_octet(label: &[u8]) -> Option<u8> {
    let plain = label.iter().all(u8::is_ascii_digit) && (label.len() == 1 || label.first() != Some(&b'0'));
    core::str::from_utf8(label).ok().filter(|_| plain)?.parse().ok()
}

/// The name under which the pointer of an address is kept: `1.2.0.192.in-addr.arpa.` of 192.0.2.1.
///
/// ```
/// let name = dns::pointer_name("192.0.2.1".parse().unwrap());
/// assert_eq!(name.to_string(), "1.2.0.192.in-addr.arpa.");
/// ```
#[must_use]
pub fn pointer_name(address: IpAddr) -> Name {
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;
    let mut labels: Vec<String> = match address {
        IpAddr::V4(v4) => v4.octets().iter().rev().map(ToString::to_string).collect(),
        IpAddr::V6(v6) => {
            let octets = v6.octets();
            let nibbles = octets.iter().rev().flat_map(|octet| [octet & 15, octet >> 4]);
            nibbles.map(|nibble| alloc::format!("{nibble:x}")).collect()
        }
    };
    labels.push(if address.is_ipv4() { "in-addr" } else { "ip6" }.into());
    labels.push("arpa".into());
    Name::from_labels(labels.iter().map(String::as_bytes)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_stay_here() {
        let v4 = Special::Address(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let v6 = Special::Address(IpAddr::V6(Ipv6Addr::LOCALHOST));
        for (name, rtype, said) in [
            ("localhost", RrType::A, Some(v4)),
            ("a.LocalHost", RrType::AAAA, Some(v6)),
            ("localhost", RrType::MX, Some(Special::NoData)),
            ("localhost.example", RrType::A, None),
            ("x.invalid", RrType::A, Some(Special::NxDomain)),
            ("expyuzz4wqqyqhjn.onion", RrType::AAAA, Some(Special::NxDomain)),
            ("1.0.0.127.in-addr.arpa", RrType::PTR, Some(Special::Localhost)),
            ("9.8.7.127.in-addr.arpa", RrType::PTR, Some(Special::Localhost)),
            ("1.2.0.192.in-addr.arpa", RrType::PTR, None),
            ("01.0.0.127.in-addr.arpa", RrType::PTR, None),
            (".", RrType::NS, None),
        ] {
            let name: Name = name.parse().unwrap();
            assert_eq!(special(name.as_name_ref(), rtype), said, "{name} {rtype}");
        }
    }

    #[test]
    fn pointer_names_and_back() {
        for address in ["192.0.2.1", "127.0.0.1", "::1", "2001:db8::abcd:ef01", "255.255.255.255"] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(address_of_pointer(pointer_name(address).as_name_ref()), Some(address));
        }
        let loopback = pointer_name(IpAddr::V6(Ipv6Addr::LOCALHOST));
        assert_eq!(special(loopback.as_name_ref(), RrType::PTR), Some(Special::Localhost));
    }
}

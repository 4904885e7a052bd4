//! Networks of clients.

use core::fmt;
use core::net::{IpAddr, Ipv6Addr};
use core::str::FromStr;

use crate::{TextError, TextErrorKind};

/// The addresses that begin with the same bits. An IPv4 address is the same written as IPv6 (`::ffff:192.0.2.1`).
///
/// ```
/// use dns::authority::Network;
/// let network: Network = "192.0.2.0/25".parse()?;
/// assert!(network.contains("192.0.2.127".parse()?) && !network.contains("192.0.2.128".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    address: IpAddr,
    /// Of the address as IPv6.
    bits: u32,
}

impl Network {
    /// Everybody.
    pub const ALL: Network = Network { address: IpAddr::V6(Ipv6Addr::UNSPECIFIED), bits: 0 };

    /// The network of `prefix` bits that `address` is in; `None` if the address has not so many.
    #[must_use]
    pub fn new(address: IpAddr, prefix: u8) -> Option<Self> {
        let (most, more) = match address {
            IpAddr::V4(_) => (32, 96),
            IpAddr::V6(_) => (128, 0),
        };
        (prefix <= most).then_some(Network { address, bits: u32::from(prefix) + more })
    }

    /// Whether the address is in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let differ = as_bits(self.address) ^ as_bits(address);
        self.bits == 0 || differ.leading_zeros() >= self.bits
    }

    /// More is smaller.
    pub(super) fn rank(&self) -> u32 {
        self.bits
    }
}

fn as_bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

impl FromStr for Network {
    type Err = TextError;

    /// `192.0.2.0/24`, `2001:db8::/32`, or a single address.
    fn from_str(text: &str) -> Result<Self, TextError> {
        let wrong = || TextError { kind: TextErrorKind::Expected("a network"), token: 0, offset: 0 };
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let prefix = match (prefix, address) {
            (Some(prefix), _) => prefix.parse().map_err(|_| wrong())?,
            (None, IpAddr::V4(_)) => 32,
            (None, IpAddr::V6(_)) => 128,
        };
        Network::new(address, prefix).ok_or_else(wrong)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = if self.address.is_ipv4() { self.bits.saturating_sub(96) } else { self.bits };
        write!(f, "{}/{prefix}", self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_addresses() {
        for (network, address, holds) in [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("0.0.0.0/0", "192.0.2.2", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("::/0", "192.0.2.2", true),
            ("192.0.2.0/24", "::ffff:192.0.2.7", true),
        ] {
            let network: Network = network.parse().unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), holds, "{network} {address}");
        }
        for wrong in ["", "192.0.2.0/33", "::/129", "x/3", "192.0.2.0/"] {
            assert!(wrong.parse::<Network>().is_err());
        }
    }
}

//! A list of networks, to tell who is trusted.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// An address and how many of its leading bits count (RFC 4632 section 3.1, RFC 4291 section 2.3).
///
/// ```
/// use net_core::proxy::Network;
///
/// let network: Network = "192.0.2.0/24".parse()?;
/// assert!(network.contains("192.0.2.77".parse().unwrap()));
/// assert!(network.contains("::ffff:192.0.2.77".parse().unwrap())); // the same address
/// assert!(!network.contains("192.0.3.1".parse().unwrap()));
/// # Ok::<(), net_core::proxy::NetworkError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    ip: IpAddr,
    bits: u8,
}

/// What was written is no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no network: write ADDRESS or ADDRESS/BITS, such as 192.0.2.0/24")]
pub struct NetworkError(String);

impl Network {
    /// Whether the address belongs to it. IPv4 addresses count as such also when written as IPv6.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        let differing = as_bits(ip) ^ as_bits(self.ip);
        ip.is_ipv4() == self.ip.is_ipv4() && differing.leading_zeros() >= u32::from(self.bits)
    }
}

/// The address's bits, from the top.
fn as_bits(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(ip.to_bits()) << 96,
        IpAddr::V6(ip) => Ipv6Addr::to_bits(ip),
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let wrong = || NetworkError(text.to_owned());
        let (ip, bits) = match text.split_once('/') {
            Some((ip, bits)) => (ip, Some(bits)),
            None => (text, None),
        };
        let ip = ip.parse::<IpAddr>().map_err(|_| wrong())?.to_canonical();
        let most = if ip.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => {
                bits.parse().map_err(|_| wrong())?
            }
            Some(_) => return Err(wrong()),
            None => most,
        };
        if bits > most { Err(wrong()) } else { Ok(Network { ip, bits }) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ip, self.bits)
    }
}

/// Several of them.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Networks(Vec<Network>);

impl Networks {
    /// Whether the address belongs to one of them.
    #[must_use]
    pub fn contain(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(ip))
    }
}

impl FromIterator<Network> for Networks {
    fn from_iter<I: IntoIterator<Item = Network>>(networks: I) -> Self {
        Networks(networks.into_iter().collect())
    }
}

impl FromStr for Networks {
    type Err = NetworkError;

    /// Reads a list with commas between.
    fn from_str(text: &str) -> Result<Self, NetworkError> {
        text.split(',').map(|network| network.trim().parse()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_what_its_bits_say() {
        for (network, ip, inside) in [
            ("0.0.0.0/0", "255.255.255.255", true),
            ("0.0.0.0/0", "::1", false),
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.2", false),
            ("::ffff:10.1.2.3/32", "10.1.2.3", true),
            ("2001:db8::/33", "2001:db8:7fff::1", true),
            ("2001:db8::/33", "2001:db8:8000::1", false),
            ("::/0", "::1", true),
            ("::/0", "192.0.2.1", false),
        ] {
            let network: Network = network.parse().unwrap();
            assert_eq!(network.contains(ip.parse().unwrap()), inside, "{network} and {ip}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in
            ["", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/+8", "::/129", "10.0.0/8", "name/8", "::/256"]
        {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
        assert!("10.0.0.0/8,,::1".parse::<Networks>().is_err());
    }
}

//! Names that this machine knows by itself: the file that hosts(5) describes.
//!
//! The rule: an address and its names a line; `#` begins a comment; what is not understood is passed over.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;

use crate::Name;

/// The machines of a hosts file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts {
    addresses: BTreeMap<Name, Vec<IpAddr>>,
    names: BTreeMap<IpAddr, Vec<Name>>,
}

impl Hosts {
    /// Reads hosts(5).
    ///
    /// ```
    /// use dns::client::Hosts;
    /// let hosts = Hosts::parse(b"192.0.2.7 printer.example printer # on the second floor\n");
    /// assert_eq!(hosts.addresses(&"PRINTER".parse().unwrap()), ["192.0.2.7".parse::<std::net::IpAddr>().unwrap()]);
    /// ```
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        let mut hosts = Hosts::default();
        for line in text.split(|octet| *octet == b'\n') {
            hosts.line(line.split(|octet| *octet == b'#').next().unwrap_or_default());
        }
        hosts
    }

    fn line(&mut self, line: &[u8]) -> Option<()> {
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let address: IpAddr = core::str::from_utf8(words.next()?).ok()?.parse().ok()?;
        for name in words.filter_map(|word| Name::parse_text(word, Some(&Name::ROOT)).ok()) {
            self.addresses.entry(name.clone()).or_default().push(address);
            self.names.entry(address).or_default().push(name);
        }
        Some(())
    }

    /// The addresses of a name, in the file's order.
    #[must_use]
    pub fn addresses(&self, name: &Name) -> &[IpAddr] {
        self.addresses.get(name).map_or(&[], Vec::as_slice)
    }

    /// The names of an address; the first is the canonical one.
    #[must_use]
    pub fn names(&self, address: IpAddr) -> &[Name] {
        self.names.get(&address).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_of_a_file() {
        let hosts = Hosts::parse(
            b"# comment\n127.0.0.1\tlocalhost\n::1 localhost ip6-localhost\n192.0.2.1 a.example a#b\n\
              192.0.2.2 A.example\nnot-an-address x\n192.0.2.3\n",
        );
        let addresses = |name: &str| hosts.addresses(&name.parse().unwrap()).to_vec();
        let parsed = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
        assert_eq!(addresses("localhost"), parsed(&["127.0.0.1", "::1"]));
        assert_eq!(addresses("a.example"), parsed(&["192.0.2.1", "192.0.2.2"]));
        assert!(addresses("b").is_empty());
        assert!(addresses("x").is_empty());
        let names = hosts.names("192.0.2.1".parse().unwrap());
        assert_eq!(names, ["a.example", "a"].map(|name| name.parse::<Name>().unwrap()));
    }
}

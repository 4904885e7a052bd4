//! Whom to ask and how: the file that resolv.conf(5) describes.
//!
//! The rule: like everybody's, this parser never fails: a line that it does not understand is passed over, a number that is
//! too large is cut to the largest.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};
use core::time::Duration;

use crate::{Name, limits};

/// How a server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Transport {
    /// By UDP, and by TCP what does not fit.
    #[default]
    Udp,
    /// By TCP (RFC 7766).
    Tcp,
    /// By TLS (RFC 7858).
    Tls,
}

/// What a [`StubResolver`](super::StubResolver) is told about the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Whom to ask, the first first.
    pub servers: Vec<SocketAddr>,
    /// How to speak to them.
    pub transport: Transport,
    /// Domains that a short name may be in.
    pub search: Vec<Name>,
    /// Dots in a name that make it likely to be a whole one. 1.
    pub ndots: u8,
    /// How long all servers together are waited for in one of the [`attempts`](Config::attempts). 5 s.
    pub timeout: Duration,
    /// How often each server is asked. 2.
    pub attempts: u8,
    /// Begin with another server each time.
    pub rotate: bool,
    /// AD is asked for (RFC 6840 section 5.7): the way to the server is trusted.
    pub trust_ad: bool,
    /// No questions for IPv6 addresses.
    pub no_aaaa: bool,
    /// EDNS is spoken (RFC 6891).
    pub edns: bool,
    /// Cookies are sent (RFC 7873), where EDNS is.
    pub cookies: bool,
    /// The case of letters is mixed: harder to forge.
    pub mix_case: bool,
    /// Servers are to find out what they don't know (RD, RFC 1035 section 4.1.1).
    pub recursion: bool,
}

impl Default for Config {
    /// What holds without a file: the server on this machine.
    fn default() -> Self {
        Config {
            servers: alloc::vec![SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 53)],
            transport: Transport::Udp,
            search: Vec::new(),
            ndots: 1,
            timeout: Duration::from_secs(5),
            attempts: 2,
            rotate: false,
            trust_ad: false,
            no_aaaa: false,
            edns: true,
            cookies: true,
            mix_case: true,
            recursion: true,
        }
    }
}

impl Config {
    /// These servers, everything else as without a file.
    #[must_use]
    pub fn with_servers(servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        let servers = servers.into_iter().take(limits::STUB_SERVERS).collect();
        Config { servers, ..Config::default() }
    }

    /// Reads resolv.conf(5).
    ///
    /// ```
    /// use dns::client::Config;
    /// let config = Config::of_resolv_conf(b"nameserver 192.0.2.53\nsearch example.org example.net\noptions ndots:2 rotate\n");
    /// assert_eq!(config.servers, ["192.0.2.53:53".parse().unwrap()]);
    /// assert_eq!((config.search.len(), config.ndots, config.rotate), (2, 2, true));
    /// ```
    #[must_use]
    pub fn of_resolv_conf(text: &[u8]) -> Self {
        let mut config = Config { servers: Vec::new(), ..Config::default() };
        for line in text.split(|octet| *octet == b'\n') {
            config.line(line);
        }
        if config.servers.is_empty() {
            config.servers = Config::default().servers;
        }
        config
    }

    /// Comments begin with `;` or `#` in the first column.
    fn line(&mut self, line: &[u8]) {
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        match words.next() {
            Some(b"nameserver") => self.servers.extend(words.next().and_then(server)),
            // The last one of both holds.
            Some(b"domain") => self.search = words.next().and_then(name).into_iter().collect(),
            Some(b"search") => self.search = words.filter_map(name).take(limits::STUB_SEARCH).collect(),
            Some(b"options") => words.for_each(|word| self.option(word)),
            _ => {}
        }
        self.servers.truncate(limits::STUB_SERVERS);
    }

    fn option(&mut self, word: &[u8]) {
        let (key, value) = match word.iter().position(|octet| *octet == b':') {
            Some(colon) => (word.get(..colon).unwrap_or_default(), word.get(colon + 1..).and_then(number)),
            None => (word, None),
        };
        match (key, value) {
            (b"ndots", Some(dots)) => self.ndots = dots.min(15),
            (b"timeout", Some(seconds)) => self.timeout = Duration::from_secs(seconds.clamp(1, 30).into()),
            (b"attempts", Some(count)) => self.attempts = count.clamp(1, 5),
            (b"rotate", None) => self.rotate = true,
            (b"trust-ad", None) => self.trust_ad = true,
            (b"no-aaaa", None) => self.no_aaaa = true,
            (b"edns0", None) => self.edns = true,
            (b"use-vc", None) => self.transport = Transport::Tcp,
            _ => {}
        }
    }
}

fn number(text: &[u8]) -> Option<u8> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let saturated = |sum: u8, digit: &u8| sum.saturating_mul(10).saturating_add(digit - b'0');
    digits.then(|| text.iter().fold(0, saturated))
}

fn name(text: &[u8]) -> Option<Name> {
    Name::parse_text(text, Some(&Name::ROOT)).ok()
}

/// An address, its zone as a number behind `%` (RFC 4007 section 11): names of interfaces are for the system to know.
fn server(text: &[u8]) -> Option<SocketAddr> {
    let text = core::str::from_utf8(text).ok()?;
    match text.split_once('%') {
        Some((address, zone)) => {
            Some(SocketAddrV6::new(address.parse().ok()?, 53, 0, zone.parse().ok()?).into())
        }
        None => Some(SocketAddr::new(text.parse().ok()?, 53)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_that_the_manual_names() {
        let text = b"; comment\n# comment\nnameserver 192.0.2.1\nnameserver\t2001:db8::1 trailing\nnameserver fe80::1%2\n\
            nameserver 192.0.2.4\ndomain a.example\nsearch b.example C.example.\n\
            options ndots:99 timeout:0 attempts:300 rotate edns0 use-vc trust-ad no-aaaa unknown inet6\n";
        let config = Config::of_resolv_conf(text);
        let servers = ["192.0.2.1:53", "[2001:db8::1]:53", "[fe80::1%2]:53"];
        assert_eq!(config.servers, servers.map(|server| server.parse::<SocketAddr>().unwrap()));
        assert_eq!(config.search, ["b.example", "c.example"].map(|name| name.parse::<Name>().unwrap()));
        assert_eq!((config.ndots, config.timeout.as_secs(), config.attempts), (15, 1, 5));
        assert!(config.rotate && config.trust_ad && config.no_aaaa);
        assert_eq!(config.transport, Transport::Tcp);
    }

    #[test]
    fn what_is_not_understood_is_passed_over() {
        for text in [
            &b""[..],
            b"nameserver\n",
            b"nameserver localhost\n",
            b"nameserver fe80::1%eth0\nsearch ..\ndomain\n",
            b" # not in the first column\n\0\xFF\n",
            b"options ndots timeout:x ndots: attempts:-1\n",
        ] {
            assert_eq!(Config::of_resolv_conf(text), Config::default(), "{text:?}");
        }
    }

    #[test]
    fn the_last_of_domain_and_search_holds() {
        let config = Config::of_resolv_conf(b"search a b\ndomain c\n");
        assert_eq!(config.search, ["c".parse::<Name>().unwrap()]);
        let many = [b"search".to_vec(), b" x".repeat(1000)].concat();
        assert_eq!(Config::of_resolv_conf(&many).search.len(), limits::STUB_SEARCH);
    }
}

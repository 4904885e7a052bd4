//! Whom to talk to: a host and a port, as people write them.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::str::FromStr;

/// A host and a port.
///
/// Written `host:port`, `192.0.2.1:80`, `[2001:db8::1]:80` or `[fe80::1%eth0]:80`; the port may be a service's name.
///
/// ```
/// use net_core::resolve::{Host, Target};
///
/// let target: Target = "www.networkutopia.test:http".parse()?;
/// assert_eq!(target.port, 80);
/// assert_eq!(target.to_string(), "www.networkutopia.test:80");
/// assert!(matches!("[::1]:25".parse::<Target>()?.host, Host::Address(..)));
/// assert!("www.networkutopia.test".parse::<Target>().is_err()); // no port
/// # Ok::<(), net_core::resolve::TargetError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Who.
    pub host: Host,
    /// At which port.
    pub port: u16,
}

/// An address or a name to be resolved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// An address, with the number of the interface it is reached through (RFC 4007 section 11) or 0.
    Address(IpAddr, u32),
    /// A name.
    Name(String),
}

/// What is wrong with a target as it was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// Nothing follows the host.
    #[error("{0:?} names no port: write HOST:PORT")]
    NoPort(String),
    /// The port is neither a number up to 65535 nor a service this system knows.
    #[error("{0:?} is no port: a number up to 65535 or a service's name is needed")]
    Port(String),
    /// The host is empty, or holds a character that no host has.
    #[error("{0:?} is no host")]
    Host(String),
    /// The interface behind `%` is not there.
    #[error("there is no network interface {0:?}")]
    Interface(String),
}

impl Target {
    /// A host, written without a port, and a port.
    ///
    /// # Errors
    /// It is no host.
    pub fn new(host: &str, port: u16) -> Result<Self, TargetError> {
        Ok(Target { host: host.parse()?, port })
    }

    /// The address, if that is what the host is.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.host {
            Host::Address(IpAddr::V6(ip), interface) => {
                Some(SocketAddrV6::new(*ip, self.port, 0, *interface).into())
            }
            Host::Address(ip, _) => Some(SocketAddr::new(*ip, self.port)),
            Host::Name(_) => None,
        }
    }
}

impl From<SocketAddr> for Target {
    fn from(addr: SocketAddr) -> Self {
        let interface = match addr {
            SocketAddr::V6(v6) => v6.scope_id(),
            SocketAddr::V4(_) => 0,
        };
        Target { host: Host::Address(addr.ip(), interface), port: addr.port() }
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let no_port = || TargetError::NoPort(text.to_owned());
        let (host, port) = match text.strip_prefix('[') {
            // RFC 3986 section 3.2.2: an IPv6 address stands in brackets before a port.
            Some(rest) => rest.split_once("]:").ok_or_else(no_port)?,
            None => text.rsplit_once(':').ok_or_else(no_port)?,
        };
        if text.starts_with('[') != host.contains(':') {
            return Err(TargetError::Host(host.to_owned()));
        }
        let port = service(port).ok_or_else(|| TargetError::Port(port.to_owned()))?;
        Ok(Target { host: host.parse()?, port })
    }
}

impl FromStr for Host {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        if let Ok(ip) = text.parse() {
            return Ok(Host::Address(ip, 0));
        }
        if let Some((ip, interface)) = text.split_once('%')
            && let Ok(ip) = ip.parse::<Ipv6Addr>()
        {
            return Ok(Host::Address(ip.into(), interface_number(interface)?));
        }
        // What a name may look like is the resolver's business; these would end up in logs and other people's lines.
        let is_odd = |c: char| c.is_whitespace() || c.is_control() || "/?#@[]:%\\".contains(c);
        if text.is_empty() || text.len() > 1024 || text.contains(is_odd) {
            return Err(TargetError::Host(text.to_owned()));
        }
        Ok(Host::Name(text.to_owned()))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.host, self.address()) {
            (_, Some(addr)) => addr.fmt(f),
            (host, None) => write!(f, "{host}:{}", self.port),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Address(ip, 0) => ip.fmt(f),
            Host::Address(ip, interface) => write!(f, "{ip}%{interface}"),
            Host::Name(name) => f.write_str(name),
        }
    }
}

/// RFC 4007 section 11.2: `%` and the interface's name or number.
fn interface_number(name: &str) -> Result<u32, TargetError> {
    if let Ok(number) = name.parse() {
        return Ok(number);
    }
    let number = nix::net::if_::if_nametoindex(name);
    number.map_err(|_| TargetError::Interface(name.to_owned()))
}

/// The services that this family of crates speaks, for systems without a list (RFC 6335 section 5).
const SERVICES: [(&str, u16); 18] = [
    ("ftp-data", 20),
    ("ftp", 21),
    ("smtp", 25),
    ("domain", 53),
    ("http", 80),
    ("pop3", 110),
    ("imap", 143),
    ("imap2", 143),
    ("https", 443),
    ("submissions", 465),
    ("smtps", 465),
    ("submission", 587),
    ("domain-s", 853),
    ("ftps-data", 989),
    ("ftps", 990),
    ("imaps", 993),
    ("pop3s", 995),
    ("bittorrent", 6881),
];

/// The port of that number or of the service of that name: as `/etc/services` has it for TCP, else as is commonly known.
#[must_use]
pub fn service(name: &str) -> Option<u16> {
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
        return name.parse().ok();
    }
    in_services_file(name)
        .or_else(|| SERVICES.iter().find(|(known, _)| *known == name).map(|&(_, port)| port))
}

fn in_services_file(name: &str) -> Option<u16> {
    let lines = BufReader::new(File::open("/etc/services").ok()?).lines();
    lines.map_while(Result::ok).find_map(|line| port_in(&line, name))
}

/// services(5): `name port/protocol aliases... # comment`.
fn port_in(line: &str, name: &str) -> Option<u16> {
    let mut words = line.split('#').next()?.split_whitespace();
    let official = words.next()?;
    let port = words.next()?.strip_suffix("/tcp")?;
    let is_named = official == name || words.any(|alias| alias == name);
    if is_named { port.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_understood() {
        for (text, host, port) in [
            ("www.networkutopia.test:80", "www.networkutopia.test", 80),
            ("localhost:imaps", "localhost", 993),
            ("192.0.2.1:0", "192.0.2.1", 0),
            ("[2001:db8::1]:65535", "2001:db8::1", 65535),
            ("[::ffff:192.0.2.1]:domain", "::ffff:192.0.2.1", 53),
            ("[fe80::1%7]:25", "fe80::1%7", 25),
            ("b\u{fc}cher.test:80", "b\u{fc}cher.test", 80),
        ] {
            let target: Target = text.parse().unwrap();
            assert_eq!((target.host.to_string().as_str(), target.port), (host, port), "{text}");
            assert_eq!(target.to_string().parse(), Ok(target));
        }
    }

    #[test]
    fn an_interface_is_kept() {
        let target: Target = "[fe80::1%7]:25".parse().unwrap();
        assert_eq!(target.address(), Some(SocketAddrV6::new("fe80::1".parse().unwrap(), 25, 0, 7).into()));
        assert_eq!(Target::from(target.address().unwrap()), target);
        let loopback: Target = "[fe80::1%lo]:25".parse().unwrap();
        assert!(matches!(loopback.host, Host::Address(_, 1..)));
    }

    #[test]
    fn what_is_wrong_is_named() {
        use TargetError as E;
        for (text, error) in [
            ("host", E::NoPort("host".into())),
            ("[::1]", E::NoPort("[::1]".into())),
            ("[::1", E::NoPort("[::1".into())),
            ("", E::NoPort(String::new())),
            ("host:", E::Port(String::new())),
            ("host:65536", E::Port("65536".into())),
            ("host:+80", E::Port("+80".into())),
            ("host:no-such-service", E::Port("no-such-service".into())),
            (":80", E::Host(String::new())),
            ("::1:80", E::Host("::1".into())),
            ("[name]:80", E::Host("name".into())),
            ("a b:80", E::Host("a b".into())),
            ("user@host:80", E::Host("user@host".into())),
            ("[fe80::1%no-such-interface]:80", E::Interface("no-such-interface".into())),
        ] {
            assert_eq!(text.parse::<Target>(), Err(error), "{text}");
        }
    }

    #[test]
    fn a_line_of_the_services_file_names_a_tcp_port() {
        for (line, name, port) in [
            ("http\t\t80/tcp\t\twww\t\t# WorldWideWeb HTTP", "http", Some(80)),
            ("http 80/tcp www # WorldWideWeb HTTP", "www", Some(80)),
            ("http 80/tcp www # WorldWideWeb HTTP", "HTTP", None),
            ("tftp 69/udp", "tftp", None),
            ("# http 81/tcp", "http", None),
            ("http 99999/tcp", "http", None),
            ("http", "http", None),
            ("", "http", None),
        ] {
            assert_eq!(port_in(line, name), port, "{line}");
        }
    }
}

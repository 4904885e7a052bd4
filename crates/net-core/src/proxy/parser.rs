//! The header, off the front of whatever pieces come in.
//!
//! The rule: a byte that can't belong to a header is refused when it comes, and none behind the header is touched; so it
//! makes no difference how the input was cut.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Header, Proxied};

/// The longest line of version 1, with its CR LF (the text's section 2.1).
pub const LONGEST_V1: usize = 107;
/// What every receiver of version 2 takes (an IPv4 datagram that need not be cut, less its headers)...
const LONGEST_V2: usize = 536;
/// ...and how much more may be extensions.
const EXTENSIONS: usize = 4096;
/// Section 2.2: the signature of version 2.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family and protocol, length.
const FIXED: usize = 16;
const V1: &[u8] = b"PROXY ";
/// Section 2.2.3: the type of a checksum.
const CRC32C: u8 = 3;

/// Why something is no PROXY header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// It begins in another way; at this byte.
    #[error("it begins like something else (byte {0})")]
    Signature(usize),
    /// A line of version 1 that does not end in CR LF after 107 bytes.
    #[error("no CR LF within 107 bytes")]
    LineTooLong,
    /// A CR or LF by itself; at this byte.
    #[error("a CR or LF by itself (byte {0})")]
    BareLineEnd(usize),
    /// A line of version 1 that names no protocol, address or port where it should.
    #[error("no valid {0} in the line")]
    Line(&'static str),
    /// Version 2 with a version, command, family or protocol that it does not have.
    #[error("{0} {1:#x} is unknown")]
    Unknown(&'static str, u8),
    /// Version 2 with a length that is too short for the addresses.
    #[error("{0} bytes are too short for the addresses")]
    TooShort(usize),
    /// Version 2 with more than the limit allows.
    #[error("{0} bytes are more than is accepted")]
    TooLong(usize),
    /// An extension that reaches beyond the header.
    #[error("an extension reaches beyond the header")]
    Extension,
    /// The checksum is wrong.
    #[error("the checksum is wrong")]
    Checksum,
}

/// A header on its way in.
///
/// ```
/// use net_core::proxy::Parser;
///
/// let mut parser = Parser::new();
/// assert_eq!(parser.feed(b"PROXY TCP4 192.168.0.1 192.168"), Ok((30, None))); // not all yet
/// let rest = b".0.11 56324 443\r\nGET / HTTP/1.1\r\n";
/// let (taken, header) = parser.feed(rest)?;
/// assert_eq!(&rest[taken..], b"GET / HTTP/1.1\r\n");
/// assert_eq!(header.unwrap().proxied.unwrap().source, "192.168.0.1:56324".parse().unwrap());
/// # Ok::<(), net_core::proxy::ProxyError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Parser {
    /// What has come of the header.
    seen: Vec<u8>,
}

impl Parser {
    /// Before the first byte.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what belongs to the header off the front of `input`: how many bytes, and the header once it is whole.
    ///
    /// All bytes are taken as long as it is not whole. Afterwards the parser is of no more use.
    ///
    /// # Errors
    /// It is no PROXY header: close the connection.
    pub fn feed(&mut self, input: &[u8]) -> Result<(usize, Option<Header>), ProxyError> {
        for (taken, &byte) in input.iter().enumerate() {
            self.push(byte)?;
            if let Some(header) = self.finish()? {
                return Ok((taken + 1, Some(header)));
            }
        }
        Ok((input.len(), None))
    }

    /// Takes a byte, if it can belong to a header.
    fn push(&mut self, byte: u8) -> Result<(), ProxyError> {
        let at = self.seen.len();
        let is_v1 = self.seen.first().unwrap_or(&byte) == &b'P';
        self.seen.push(byte);
        let expected = if is_v1 { V1.get(at) } else { SIGNATURE.get(at) };
        match expected {
            Some(&expected) if expected != byte => Err(ProxyError::Signature(at)),
            Some(_) => Ok(()),
            None if is_v1 => self.check_line(at, byte),
            None => self.check_fixed(at, byte),
        }
    }

    /// Section 2.1: a single CR or LF is not tolerated, nor a line without an end.
    fn check_line(&self, at: usize, byte: u8) -> Result<(), ProxyError> {
        let after_cr = at.checked_sub(1).and_then(|before| self.seen.get(before)) == Some(&b'\r');
        if after_cr != (byte == b'\n') {
            return Err(ProxyError::BareLineEnd(at));
        }
        if at + 1 >= LONGEST_V1 && byte != b'\n' { Err(ProxyError::LineTooLong) } else { Ok(()) }
    }

    /// Section 2.2: the byte of version and command, the byte of family and protocol, the length.
    fn check_fixed(&self, at: usize, byte: u8) -> Result<(), ProxyError> {
        let (high, low) = (byte >> 4, byte & 0xf);
        match at {
            12 if high != 2 => Err(ProxyError::Unknown("version", high)),
            12 if low > 1 => Err(ProxyError::Unknown("command", low)),
            13 if high > 3 => Err(ProxyError::Unknown("address family", high)),
            13 if low > 2 => Err(ProxyError::Unknown("protocol", low)),
            15 => self.check_length(),
            _ => Ok(()),
        }
    }

    fn check_length(&self) -> Result<(), ProxyError> {
        let (needed, length) = (self.address_block(), self.length());
        if length < needed {
            return Err(ProxyError::TooShort(length));
        }
        let most = LONGEST_V2 - FIXED + EXTENSIONS;
        if length > most { Err(ProxyError::TooLong(length)) } else { Ok(()) }
    }

    /// The bytes that follow the fixed part, as it says.
    fn length(&self) -> usize {
        match self.seen.get(14..FIXED) {
            Some(&[high, low]) => usize::from(u16::from_be_bytes([high, low])),
            _ => 0,
        }
    }

    /// The bytes that the addresses take, by family and protocol. `LOCAL` and unspecified ones have none.
    fn address_block(&self) -> usize {
        match (self.seen.get(12), self.seen.get(13)) {
            (Some(0x21), Some(0x11 | 0x12)) => 12,
            (Some(0x21), Some(0x21 | 0x22)) => 36,
            (Some(0x21), Some(0x31 | 0x32)) => 216,
            _ => 0,
        }
    }

    /// The header, if this was its last byte.
    fn finish(&mut self) -> Result<Option<Header>, ProxyError> {
        if let Some(line) = self.seen.strip_prefix(V1) {
            return line.strip_suffix(b"\r\n").map(header_v1).transpose();
        }
        if self.seen.len() < FIXED || self.seen.len() < FIXED + self.length() {
            return Ok(None);
        }
        self.header_v2().map(Some)
    }

    fn header_v2(&self) -> Result<Header, ProxyError> {
        let block = self.seen.get(FIXED..).unwrap_or_default();
        let (addresses, rest) = block.split_at_checked(self.address_block()).unwrap_or((block, &[]));
        if self.seen.get(12) == Some(&0x20) {
            // LOCAL: the rest is skipped, whatever it is.
            return Ok(Header { proxied: None, extensions: Vec::new() });
        }
        self.check_extensions(rest)?;
        Ok(Header { proxied: proxied_v2(addresses), extensions: rest.to_vec() })
    }

    /// Section 2.2.3: a checksum is that of the whole header with itself as zero.
    fn check_extensions(&self, all: &[u8]) -> Result<(), ProxyError> {
        let mut at = self.seen.len() - all.len();
        for extension in extensions(all) {
            let (kind, value) = extension?;
            at += 3;
            if kind == CRC32C && value != crc32c(&self.seen, at, value.len()).to_be_bytes() {
                return Err(ProxyError::Checksum);
            }
            at += value.len();
        }
        Ok(())
    }
}

/// Section 2.1: `TCP4 192.168.0.1 192.168.0.11 56324 443`.
fn header_v1(line: &[u8]) -> Result<Header, ProxyError> {
    let line = str::from_utf8(line).map_err(|_| ProxyError::Line("text"))?;
    let mut words = line.split(' ');
    let protocol = words.next();
    if protocol == Some("UNKNOWN") {
        return Ok(Header { proxied: None, extensions: Vec::new() });
    }
    let parse: fn(&str) -> Option<IpAddr> = match protocol {
        Some("TCP4") => |word| word.parse().ok().map(IpAddr::V4),
        // Sets of hexadecimal digits only: `::ffff:192.0.2.1` is no IPv6 address here.
        Some("TCP6") => |word| word.parse().ok().filter(|_| !word.contains('.')).map(IpAddr::V6),
        _ => return Err(ProxyError::Line("protocol")),
    };
    let mut address = || words.next().and_then(parse).ok_or(ProxyError::Line("address"));
    let (source, destination) = (address()?, address()?);
    let mut port = || words.next().and_then(port).ok_or(ProxyError::Line("port"));
    let (source, destination) = (SocketAddr::new(source, port()?), SocketAddr::new(destination, port()?));
    match words.next() {
        Some(_) => Err(ProxyError::Line("end")),
        None => Ok(Header { proxied: Some(Proxied { source, destination }), extensions: Vec::new() }),
    }
}

/// A decimal number without leading zeros or sign.
fn port(word: &str) -> Option<u16> {
    let plain = word.bytes().all(|byte| byte.is_ascii_digit()) && (word == "0" || !word.starts_with('0'));
    if plain { word.parse().ok() } else { None }
}

/// The addresses of version 2, told apart by how long they are.
fn proxied_v2(block: &[u8]) -> Option<Proxied> {
    let (source, rest, width) = match block.len() {
        12 => (v4(block)?, block.get(4..)?, 4),
        36 => (v6(block)?, block.get(16..)?, 16),
        _ => return None,
    };
    let destination = if width == 4 { v4(rest)? } else { v6(rest)? };
    let &[a, b, c, d] = rest.get(width..)?.first_chunk()?;
    Some(Proxied {
        source: SocketAddr::new(source, u16::from_be_bytes([a, b])),
        destination: SocketAddr::new(destination, u16::from_be_bytes([c, d])),
    })
}

fn v4(bytes: &[u8]) -> Option<IpAddr> {
    bytes.first_chunk::<4>().map(|octets| Ipv4Addr::from(*octets).into())
}

fn v6(bytes: &[u8]) -> Option<IpAddr> {
    bytes.first_chunk::<16>().map(|octets| Ipv6Addr::from(*octets).into())
}

/// Section 2.2.1: type, length, value, until the end.
pub(super) fn extensions(mut rest: &[u8]) -> impl Iterator<Item = Result<(u8, &[u8]), ProxyError>> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let next = split_extension(rest);
        rest = next.map_or(&[], |(_, _, after)| after);
        Some(next.map(|(kind, value, _)| (kind, value)).ok_or(ProxyError::Extension))
    })
}

fn split_extension(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[kind, high, low], rest) = bytes.split_first_chunk()?;
    let (value, after) = rest.split_at_checked(usize::from(u16::from_be_bytes([high, low])))?;
    Some((kind, value, after))
}

/// CRC-32C (RFC 9260 appendix A) of `bytes` with those from `zero` on, `len` of them, taken as zero.
fn crc32c(bytes: &[u8], zero: usize, len: usize) -> u32 {
    let mut crc = u32::MAX;
    for (at, &byte) in bytes.iter().enumerate() {
        let blanked = at >= zero && at - zero < len;
        crc ^= if blanked { 0 } else { u32::from(byte) };
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0x82f6_3b78 * (crc & 1));
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(crc32c(b"123456789", 0, 0), 0xe306_9283);
        assert_eq!(crc32c(b"12x456789", 2, 1), crc32c(b"12\x00456789", 0, 0));
    }
}

//! Service parameters (RFC 9460): keys in order, each with the value that goes with it, on the wire and in text.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt::{self, Write};
use core::net::{Ipv4Addr, Ipv6Addr};

use proto_core::base64;

use crate::name::text::unescape;
use crate::text::{decimal, numbered};
use crate::{ParseError, ParseErrorKind, RdataRef, RrType, TextError, TextErrorKind as Kind};

/// The key of a service parameter (RFC 9460 section 14.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SvcParamKey(pub u16);

impl SvcParamKey {
    /// RFC 9460 section 8: keys that whoever uses the record must understand.
    pub const MANDATORY: SvcParamKey = SvcParamKey(0);
    /// RFC 9460 section 7.1: protocols.
    pub const ALPN: SvcParamKey = SvcParamKey(1);
    /// RFC 9460 section 7.1: the scheme's own protocol is not among them.
    pub const NO_DEFAULT_ALPN: SvcParamKey = SvcParamKey(2);
    /// RFC 9460 section 7.2.
    pub const PORT: SvcParamKey = SvcParamKey(3);
    /// RFC 9460 section 7.3: addresses to try until A is known.
    pub const IPV4HINT: SvcParamKey = SvcParamKey(4);
    /// RFC 9848: encrypted client hello.
    pub const ECH: SvcParamKey = SvcParamKey(5);
    /// RFC 9460 section 7.3: addresses to try until AAAA is known.
    pub const IPV6HINT: SvcParamKey = SvcParamKey(6);
    /// RFC 9461 section 5: a URI template of DNS over HTTPS.
    pub const DOHPATH: SvcParamKey = SvcParamKey(7);
    /// RFC 9540: oblivious HTTP is spoken.
    pub const OHTTP: SvcParamKey = SvcParamKey(8);

    /// RFC 9460 section 2.1: a name, or `key` and a number in decimal without zeros in front.
    fn parse(text: &[u8]) -> Option<SvcParamKey> {
        let known = NAMES.iter().find(|(_, name)| name.as_bytes() == text);
        let number = || numbered(b"key", text).filter(|_| text.get(3) != Some(&b'0') || text.len() == 4);
        known.map(|(key, _)| SvcParamKey(*key)).or_else(|| number().map(SvcParamKey))
    }
}

const NAMES: [(u16, &str); 10] = [
    (0, "mandatory"),
    (1, "alpn"),
    (2, "no-default-alpn"),
    (3, "port"),
    (4, "ipv4hint"),
    (5, "ech"),
    (6, "ipv6hint"),
    (7, "dohpath"),
    (8, "ohttp"),
    (9, "tls-supported-groups"),
];

impl fmt::Display for SvcParamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(key, _)| *key == self.0) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "key{}", self.0),
        }
    }
}

/// What a SVCB or HTTPS record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Svcb<'a> {
    /// 0: an alias; otherwise the lowest is tried first.
    pub priority: u16,
    /// Who serves: the owner itself if it is the root (RFC 9460 section 2.5), unless it is an alias.
    pub target: crate::NameRef<'a>,
    params: &'a [u8],
}

impl<'a> Svcb<'a> {
    /// The parameters, in the order of their keys. None of an alias (RFC 9460 section 2.4.2).
    pub fn params(&self) -> impl Iterator<Item = (SvcParamKey, &'a [u8])> {
        let params = if self.priority == 0 { &[] } else { self.params };
        pairs(params).map(|(key, value)| (SvcParamKey(key), value))
    }

    /// The value of a parameter, as it is on the wire.
    #[must_use]
    pub fn param(&self, key: SvcParamKey) -> Option<&'a [u8]> {
        self.params().find(|(present, _)| *present == key).map(|(_, value)| value)
    }

    /// The protocols of `alpn`.
    pub fn alpn(&self) -> impl Iterator<Item = &'a [u8]> {
        strings(self.param(SvcParamKey::ALPN).unwrap_or_default())
    }

    /// The port, if it is not the usual one.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.param(SvcParamKey::PORT)?.try_into().ok().map(u16::from_be_bytes)
    }

    /// The addresses of `ipv4hint`.
    pub fn ipv4hint(&self) -> impl Iterator<Item = Ipv4Addr> {
        let (addresses, _) = self.param(SvcParamKey::IPV4HINT).unwrap_or_default().as_chunks::<4>();
        addresses.iter().map(|octets| Ipv4Addr::from(*octets))
    }

    /// The addresses of `ipv6hint`.
    pub fn ipv6hint(&self) -> impl Iterator<Item = Ipv6Addr> {
        let (addresses, _) = self.param(SvcParamKey::IPV6HINT).unwrap_or_default().as_chunks::<16>();
        addresses.iter().map(|octets| Ipv6Addr::from(*octets))
    }
}

impl<'a> RdataRef<'a> {
    /// How to reach a service (RFC 9460). `None` if it is of another type than SVCB and HTTPS.
    #[must_use]
    pub fn svcb(&self) -> Option<Svcb<'a>> {
        if !matches!(self.rtype(), RrType::SVCB | RrType::HTTPS) {
            return None;
        }
        let mut fields = self.fields();
        let priority = u16::try_from(fields.next()?.number()).ok()?;
        let target = fields.next()?.name()?;
        Some(Svcb { priority, target, params: fields.next()?.octets() })
    }
}

/// RFC 9460 section 2.2: keys strictly in order, values of the form that their key has.
pub(crate) fn check(message: &[u8], (start, at, end): (usize, usize, usize)) -> Result<usize, ParseError> {
    let params = message.get(at..end).unwrap_or_default();
    // RFC 9460 section 2.4.2: recipients of the alias form ignore parameters.
    let alias = message.get(start..start + 2) == Some(&[0, 0]);
    let mut offset = at;
    let mut least = 0;
    for (key, value) in pairs(params) {
        if u32::from(key) < least || !alias && !is_value(key, value, params) {
            return Err(ParseError::new(ParseErrorKind::SvcParams, offset));
        }
        least = u32::from(key) + 1;
        offset += 4 + value.len();
    }
    if offset == end { Ok(end) } else { Err(ParseError::new(ParseErrorKind::SvcParams, offset)) }
}

/// Keys and values, as far as they are whole.
fn pairs(mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    core::iter::from_fn(move || {
        let [k0, k1, l0, l1] = *rest.first_chunk()?;
        let len = usize::from(u16::from_be_bytes([l0, l1]));
        let (value, behind) = rest.get(4..)?.split_at_checked(len)?;
        rest = behind;
        Some((u16::from_be_bytes([k0, k1]), value))
    })
}

/// Octets behind their lengths, as far as they are whole.
fn strings(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    core::iter::from_fn(move || {
        let (len, behind) = rest.split_first()?;
        let (string, behind) = behind.split_at_checked(usize::from(*len))?;
        rest = behind;
        Some(string)
    })
}

fn is_value(key: u16, value: &[u8], params: &[u8]) -> bool {
    match key {
        0 => is_mandatory(value, params),
        1 => is_alpn(value),
        2 | 8 => value.is_empty(),
        3 => value.len() == 2,
        4 => !value.is_empty() && value.len().is_multiple_of(4),
        5 => !value.is_empty(),
        6 => !value.is_empty() && value.len().is_multiple_of(16),
        7 => core::str::from_utf8(value).is_ok(),
        9 => !value.is_empty() && value.len().is_multiple_of(2),
        // RFC 9460 section 14.3: the key that no one may use.
        0xFFFF => false,
        _ => true,
    }
}

/// RFC 9460 section 8: keys in order, not itself, and all of them there.
fn is_mandatory(value: &[u8], params: &[u8]) -> bool {
    let (keys, rest) = value.as_chunks::<2>();
    // Both lists are in order: one walk over the parameters meets all keys.
    let mut params = pairs(params);
    let mut keys_there = keys.iter().map(|key| u16::from_be_bytes(*key));
    rest.is_empty()
        && !keys.is_empty()
        && keys.is_sorted_by(|a, b| a < b)
        && keys_there.all(|key| key != 0 && params.by_ref().any(|(present, _)| present == key))
}

/// RFC 9460 section 7.1.1: one protocol or more, none of them empty.
fn is_alpn(value: &[u8]) -> bool {
    let whole = strings(value).map(|protocol| 1 + protocol.len()).sum::<usize>() == value.len();
    !value.is_empty() && whole && strings(value).all(|protocol| !protocol.is_empty())
}

/// Writes parameters as text: `alpn=h2,h3 port=8443`, with quotes where they are needed.
pub(crate) fn write(params: &[u8], out: &mut impl Write) -> fmt::Result {
    let mut between = "";
    for (key, value) in pairs(params) {
        // In an alias record anything may stand there.
        let known = is_value(key, value, params);
        out.write_str(between)?;
        if known { write!(out, "{}", SvcParamKey(key)) } else { write!(out, "key{key}") }?;
        match value {
            [] => {}
            value if known => write_value(key, value, out)?,
            value => write_octets(value, out)?,
        }
        between = " ";
    }
    Ok(())
}

fn write_value(key: u16, value: &[u8], out: &mut impl Write) -> fmt::Result {
    let numbers = || value.as_chunks::<2>().0.iter().map(|octets| u16::from_be_bytes(*octets));
    match key {
        0 => list(numbers().map(SvcParamKey), out),
        1 => write_alpn(value, out),
        3 | 9 => list(numbers(), out),
        4 => list(value.as_chunks::<4>().0.iter().map(|octets| Ipv4Addr::from(*octets)), out),
        5 => write!(out, "={}", base64::STANDARD.encode(value)),
        6 => list(value.as_chunks::<16>().0.iter().map(|octets| Ipv6Addr::from(*octets)), out),
        _ => write_octets(value, out),
    }
}

fn write_octets(value: &[u8], out: &mut impl Write) -> fmt::Result {
    out.write_char('=')?;
    crate::rdata::quoted(value, out)
}

fn list<T: fmt::Display>(items: impl Iterator<Item = T>, out: &mut impl Write) -> fmt::Result {
    let mut before = '=';
    for item in items {
        write!(out, "{before}{item}")?;
        before = ',';
    }
    Ok(())
}

/// RFC 9460 appendix A.1: commas and backslashes within a protocol are escaped, and then the whole is a
/// character-string.
fn write_alpn(value: &[u8], out: &mut impl Write) -> fmt::Result {
    let mut text = Vec::new();
    for (at, protocol) in strings(value).enumerate() {
        if at > 0 {
            text.push(b',');
        }
        for octet in protocol {
            if matches!(octet, b',' | b'\\') {
                text.push(b'\\');
            }
            text.push(*octet);
        }
    }
    let plain = text.iter().all(|octet| octet.is_ascii_alphanumeric() || b"-./,_".contains(octet));
    match core::str::from_utf8(&text) {
        Ok(text) if plain => write!(out, "={text}"),
        _ => write_octets(&text, out),
    }
}

/// Parameters being read from text, in any order.
pub(crate) struct Params {
    values: BTreeMap<u16, Vec<u8>>,
}

impl Params {
    pub(crate) fn new() -> Self {
        Params { values: BTreeMap::new() }
    }

    /// Reads `key`, `key=value`, or `key=` with the value that stood in quotes.
    pub(crate) fn read(&mut self, token: &[u8], quoted: Option<&[u8]>) -> Result<(), TextError> {
        let equals = token.iter().position(|octet| *octet == b'=').unwrap_or(token.len());
        let (name, behind) = token.split_at_checked(equals).unwrap_or((token, &[]));
        let key = SvcParamKey::parse(name).ok_or(TextError::new(Kind::Unknown("service parameter")))?;
        let text = quoted.unwrap_or(behind.get(1..).unwrap_or_default());
        let mut value = Vec::new();
        let mut at = 0;
        while let Some((octet, next)) = unescape(text, at)? {
            value.push(octet.value());
            at = next;
        }
        // RFC 9460 section 2.1: a key written as a number has its value written as octets.
        let numbered = name.starts_with(b"key");
        let wire = if numbered { Some(value) } else { to_wire(key, &value) };
        let wire = wire.ok_or(TextError::new(Kind::Expected("a value of this service parameter")))?;
        match self.values.insert(key.0, wire) {
            None => Ok(()),
            Some(_) => Err(TextError::new(Kind::SvcParams("a key is given twice"))),
        }
    }

    /// Appends the wire form.
    pub(crate) fn finish(self, alias: bool, out: &mut Vec<u8>) -> Result<(), TextError> {
        let start = out.len();
        for (key, value) in &self.values {
            out.extend_from_slice(&key.to_be_bytes());
            let len = u16::try_from(value.len()).map_err(|_| TextError::new(Kind::TooLong))?;
            out.extend_from_slice(&len.to_be_bytes());
            out.extend_from_slice(value);
        }
        let params = out.get(start..).unwrap_or_default();
        let wrong = pairs(params).find(|(key, value)| !alias && !is_value(*key, value, params));
        match wrong {
            None => Ok(()),
            Some((0, _)) => Err(TextError::new(Kind::SvcParams("a mandatory key is missing"))),
            Some(_) => Err(TextError::new(Kind::SvcParams("a value that its key can't have"))),
        }
    }
}

/// The wire form of a value in text, its escapes resolved.
fn to_wire(key: SvcParamKey, text: &[u8]) -> Option<Vec<u8>> {
    let items = || text.split(|octet| *octet == b',');
    let text_of = |item| core::str::from_utf8(item).ok();
    let number = |item| decimal(item).and_then(|number| u16::try_from(number).ok());
    Some(match key {
        SvcParamKey::MANDATORY => {
            let mut keys = items().map(SvcParamKey::parse).collect::<Option<Vec<_>>>()?;
            let count = keys.len();
            keys.sort_unstable();
            keys.dedup();
            let once = keys.len() == count;
            once.then(|| keys.iter().flat_map(|key| key.0.to_be_bytes()).collect())?
        }
        SvcParamKey::ALPN => alpn_to_wire(text)?,
        SvcParamKey::PORT => number(text)?.to_be_bytes().to_vec(),
        SvcParamKey::IPV4HINT => {
            let addresses = items().map(|item| text_of(item)?.parse::<Ipv4Addr>().ok());
            addresses.collect::<Option<Vec<_>>>()?.iter().flat_map(Ipv4Addr::octets).collect()
        }
        SvcParamKey::IPV6HINT => {
            let addresses = items().map(|item| text_of(item)?.parse::<Ipv6Addr>().ok());
            addresses.collect::<Option<Vec<_>>>()?.iter().flat_map(Ipv6Addr::octets).collect()
        }
        SvcParamKey::ECH => base64::STANDARD.decode(text).ok().filter(|ech| !ech.is_empty())?,
        SvcParamKey(9) => {
            let groups = items().map(number).collect::<Option<Vec<_>>>()?;
            groups.iter().flat_map(|group| group.to_be_bytes()).collect()
        }
        _ => text.to_vec(),
    })
}

/// RFC 9460 appendix A.1: a list in which `\,` is a comma and `\\` a backslash.
fn alpn_to_wire(text: &[u8]) -> Option<Vec<u8>> {
    let mut protocols = alloc::vec![Vec::new()];
    let mut octets = text.iter();
    while let Some(octet) = octets.next() {
        match octet {
            b',' => protocols.push(Vec::new()),
            b'\\' => protocols.last_mut()?.push(*octets.next()?),
            octet => protocols.last_mut()?.push(*octet),
        }
    }
    let mut wire = Vec::new();
    for protocol in protocols.iter().filter(|protocol| !protocol.is_empty() || !text.is_empty()) {
        wire.push(u8::try_from(protocol.len()).ok().filter(|len| *len > 0)?);
        wire.extend_from_slice(protocol);
    }
    Some(wire)
}

//! EDNS (RFC 6891): what both sides can take, and options.
//!
//! The rule: an option that is told is well-formed; a message with one that is not is refused (FORMERR), as RFC 7871
//! section 7.1.2 and RFC 7873 section 5.2.2 want it.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::cookie::Cookie;
use crate::{BuildError, Message, NameRef, ParseError, ParseErrorKind, Rcode, RrType, limits};

/// Octets whose multiples padded queries have (RFC 8467 section 4.1).
const QUERY_BLOCK: usize = 128;
/// Octets whose multiples padded replies have (the same section).
const REPLY_BLOCK: usize = 468;
/// Octets of OPTION-CODE and OPTION-LENGTH.
const OPTION_HEAD: usize = 4;

/// The fixed part of an OPT record (RFC 6891 section 6.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EdnsHeader {
    /// Octets of UDP payload that the sender can take; less than 512 means 512.
    pub udp_payload: u16,
    /// 0 is the only one there is.
    pub version: u8,
    /// DO (RFC 3225): the sender wants DNSSEC's records.
    pub dnssec_ok: bool,
}

impl EdnsHeader {
    /// Octets of an OPT record without options.
    pub const LEN: usize = 11;

    /// Version 0 and this payload.
    #[must_use]
    pub const fn new(udp_payload: u16) -> Self {
        EdnsHeader { udp_payload, version: 0, dnssec_ok: false }
    }

    /// Up to the TTL; RDLENGTH and options follow.
    pub(crate) fn encode(&self, rcode: Rcode) -> [u8; 9] {
        let [[t0, t1], [p0, p1]] = [RrType::OPT.0, self.udp_payload].map(u16::to_be_bytes);
        let [_, high] = (rcode.0 >> 4).to_be_bytes();
        [0, t0, t1, p0, p1, high, self.version, u8::from(self.dnssec_ok) << 7, 0]
    }
}

fn padding(len: usize, block: usize) -> u16 {
    let len = len + OPTION_HEAD;
    u16::try_from(len.next_multiple_of(block) - len).unwrap_or(0)
}

/// Whether whoever asks under encryption wants the reply padded, for his query was (RFC 7830 section 4).
#[must_use]
pub fn wants_padding(query: &Message<'_>) -> bool {
    query.edns().is_some_and(|edns| edns.options().any(|option| matches!(option, EdnsOption::Padding(_))))
}

/// Fills up the reply in the first `len` octets of `out` to a multiple of 468 octets (RFC 8467 section 4.1), as far as there is
/// room, and tells how long it is then. What does not end with its OPT record stays as it is: without EDNS, or signed.
#[must_use]
pub fn pad_reply(out: &mut [u8], len: usize) -> usize {
    let opt = out.get(..len).and_then(|reply| Message::parse(reply).ok()).and_then(|reply| reply.opt_at());
    let most = limits::MESSAGE.min(out.len()).saturating_sub(len + OPTION_HEAD);
    let count = usize::from(padding(len, REPLY_BLOCK)).min(most);
    let (Some(opt), Some(count)) = (opt, u16::try_from(count).ok()) else { return len };
    let end = len + OPTION_HEAD + usize::from(count);
    let Some([l0, l1]) = out.get(opt + 9..).and_then(|rest| rest.first_chunk::<2>()).copied() else {
        return len;
    };
    let rdlength = u16::from_be_bytes([l0, l1]);
    let last = opt + EdnsHeader::LEN + usize::from(rdlength) == len;
    let longer = u16::try_from(end - len).ok().and_then(|more| rdlength.checked_add(more));
    let (true, Some(longer), Some(place)) = (last, longer, out.get_mut(len..end)) else { return len };
    place.fill(0);
    let head = [EdnsOption::Padding(0).code(), count].map(u16::to_be_bytes);
    place.iter_mut().zip(head.as_flattened()).for_each(|(to, from)| *to = *from);
    out.iter_mut().skip(opt + 9).zip(longer.to_be_bytes()).for_each(|(to, from)| *to = from);
    end
}

/// What an OPT record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edns<'a> {
    /// The fixed part.
    pub header: EdnsHeader,
    /// The upper eight bits of the response code; see [`Message::rcode`](crate::Message::rcode).
    pub extended_rcode: u8,
    options: &'a [u8],
}

impl<'a> Edns<'a> {
    /// Of the OPT record at `at` of a checked message.
    pub(crate) fn of_record(message: &'a [u8], at: usize) -> Option<Edns<'a>> {
        let record = message.get(at..)?;
        let [_, _, _, p0, p1, extended_rcode, version, flags, _, l0, l1] = *record.first_chunk()?;
        let options = record.get(11..11 + usize::from(u16::from_be_bytes([l0, l1])))?;
        // Only of version 0 is known what options look like.
        let options = if version == 0 { options } else { &[] };
        let udp_payload = u16::from_be_bytes([p0, p1]);
        let header = EdnsHeader { udp_payload, version, dnssec_ok: flags & 0x80 != 0 };
        Some(Edns { header, extended_rcode, options })
    }

    /// The options, in their order.
    pub fn options(&self) -> impl Iterator<Item = EdnsOption<'a>> {
        pairs(self.options).filter_map(|(code, data)| EdnsOption::parse(code, data))
    }

    /// The first cookie (RFC 7873 section 5.2: others are ignored).
    #[must_use]
    pub fn cookie(&self) -> Option<Cookie<'a>> {
        self.options().find_map(|option| match option {
            EdnsOption::Cookie(cookie) => Some(cookie),
            _ => None,
        })
    }
}

fn pairs(mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    core::iter::from_fn(move || {
        let [c0, c1, l0, l1] = *rest.first_chunk()?;
        let len = usize::from(u16::from_be_bytes([l0, l1]));
        let (data, behind) = rest.get(4..)?.split_at_checked(len)?;
        rest = behind;
        Some((u16::from_be_bytes([c0, c1]), data))
    })
}

/// The options of an OPT record with this TTL. RFC 6891 section 6.1.3: nobody knows those of another version.
#[inline]
pub(crate) fn check(ttl: u32, options: &[u8], at: usize) -> Result<(), ParseError> {
    let [_, version, ..] = ttl.to_be_bytes();
    if version == 0 && !options.is_empty() { check_options(options, at).map(|_| ()) } else { Ok(()) }
}

/// The RDATA of an OPT record of version 0.
pub(crate) fn check_options(rdata: &[u8], at: usize) -> Result<usize, ParseError> {
    let mut end = at;
    for (code, data) in pairs(rdata) {
        if EdnsOption::parse(code, data).is_none() {
            return Err(ParseError::new(ParseErrorKind::OptOption, end));
        }
        end += 4 + data.len();
    }
    if end == at + rdata.len() { Ok(end) } else { Err(ParseError::new(ParseErrorKind::OptOption, end)) }
}

/// An EDNS option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EdnsOption<'a> {
    /// RFC 5001: who answers; empty in a query.
    Nsid(&'a [u8]),
    /// RFC 7871: on whose behalf.
    ClientSubnet(ClientSubnet),
    /// RFC 7314: seconds until the zone expires; `None` in a query.
    Expire(Option<u32>),
    /// RFC 7873.
    Cookie(Cookie<'a>),
    /// RFC 7828: in units of 100 milliseconds, how long a connection may idle; `None` in a query.
    Keepalive(Option<u16>),
    /// RFC 7830: that many octets of nothing.
    Padding(u16),
    /// RFC 8914: why.
    ExtendedError(ExtendedError<'a>),
    /// RFC 7901: the closest name that the sender has validated.
    Chain(NameRef<'a>),
    /// RFC 8145 section 4.1: key tags, two octets each.
    KeyTag(&'a [u8]),
    /// Any other, as it stands.
    Other {
        /// OPTION-CODE.
        code: u16,
        /// OPTION-DATA.
        data: &'a [u8],
    },
}

impl<'a> EdnsOption<'a> {
    /// What fills up a query of `len` octets, OPT included and this option not, so that those who see it pass under encryption
    /// learn little from its length: to a multiple of 128 octets (RFC 8467 section 4.1).
    #[must_use]
    pub fn padding(len: usize) -> EdnsOption<'a> {
        EdnsOption::Padding(padding(len, QUERY_BLOCK))
    }

    /// OPTION-CODE.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            EdnsOption::Nsid(_) => 3,
            EdnsOption::ClientSubnet(_) => 8,
            EdnsOption::Expire(_) => 9,
            EdnsOption::Cookie(_) => 10,
            EdnsOption::Keepalive(_) => 11,
            EdnsOption::Padding(_) => 12,
            EdnsOption::Chain(_) => 13,
            EdnsOption::KeyTag(_) => 14,
            EdnsOption::ExtendedError(_) => 15,
            EdnsOption::Other { code, .. } => *code,
        }
    }

    /// The option with this code and data; `None` if its data can't be.
    fn parse(code: u16, data: &'a [u8]) -> Option<EdnsOption<'a>> {
        Some(match code {
            3 => EdnsOption::Nsid(data),
            8 => EdnsOption::ClientSubnet(ClientSubnet::parse(data)?),
            9 if data.is_empty() => EdnsOption::Expire(None),
            9 => EdnsOption::Expire(Some(u32::from_be_bytes(data.try_into().ok()?))),
            10 => EdnsOption::Cookie(Cookie::parse(data)?),
            11 if data.is_empty() => EdnsOption::Keepalive(None),
            11 => EdnsOption::Keepalive(Some(u16::from_be_bytes(data.try_into().ok()?))),
            // RFC 7830 section 3: the octets should be zero, and may be anything.
            12 => EdnsOption::Padding(u16::try_from(data.len()).ok()?),
            13 => EdnsOption::Chain(NameRef::from_wire(data).ok()?),
            14 if data.len().is_multiple_of(2) => EdnsOption::KeyTag(data),
            14 => return None,
            15 => EdnsOption::ExtendedError(ExtendedError::parse(data)?),
            code => EdnsOption::Other { code, data },
        })
    }

    /// Octets on the wire, code and length included.
    #[must_use]
    pub fn wire_len(&self) -> usize {
        let mut len = 0;
        let _ = self.encode(&mut |octets| {
            len += octets.len();
            Ok(())
        });
        len
    }

    pub(crate) fn encode(
        &self,
        put: &mut impl FnMut(&[u8]) -> Result<(), BuildError>,
    ) -> Result<(), BuildError> {
        let mut with = |parts: [&[u8]; 2]| {
            let len = parts.iter().map(|part| part.len()).sum::<usize>();
            put(&self.code().to_be_bytes())?;
            put(&u16::try_from(len).map_err(|_| BuildError::Full)?.to_be_bytes())?;
            parts.into_iter().try_for_each(&mut *put)
        };
        match self {
            EdnsOption::Nsid(data) | EdnsOption::KeyTag(data) | EdnsOption::Other { data, .. } => {
                with([data, &[]])
            }
            EdnsOption::ClientSubnet(subnet) => subnet.encode(with),
            EdnsOption::Expire(None) | EdnsOption::Keepalive(None) => with([&[], &[]]),
            EdnsOption::Expire(Some(seconds)) => with([&seconds.to_be_bytes(), &[]]),
            EdnsOption::Keepalive(Some(time)) => with([&time.to_be_bytes(), &[]]),
            EdnsOption::Cookie(cookie) => with([cookie.client(), cookie.server()]),
            EdnsOption::ExtendedError(error) => with([&error.code.to_be_bytes(), error.text]),
            EdnsOption::Chain(name) => with([name.wire_in(&mut [0; 255]), &[]]),
            EdnsOption::Padding(len) => {
                put(&self.code().to_be_bytes())?;
                put(&len.to_be_bytes())?;
                let zeros = [0; 64];
                let (whole, rest) = (usize::from(*len) / 64, usize::from(*len) % 64);
                (0..whole).try_for_each(|_| put(&zeros))?;
                put(zeros.get(..rest).unwrap_or_default())
            }
        }
    }
}

/// A network on whose behalf is asked (RFC 7871 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientSubnet {
    address: IpAddr,
    source: u8,
    scope: u8,
}

impl ClientSubnet {
    /// The network of `source` bits that `address` is in; a reply says for how many bits it holds (`scope`), a query 0.
    /// `None`: more bits than an address has.
    #[must_use]
    pub fn new(address: IpAddr, source: u8, scope: u8) -> Option<Self> {
        let (bits, address) = match address {
            IpAddr::V4(v4) => (32, IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & high_bits(source, 32)))),
            IpAddr::V6(v6) => {
                let mask = u128::MAX.checked_shl(128_u32.saturating_sub(source.into())).unwrap_or(0);
                (128, IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask)))
            }
        };
        (source <= bits && scope <= bits).then_some(ClientSubnet { address, source, scope })
    }

    /// The network's address: its bits past [`source`](ClientSubnet::source) are zero.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// SOURCE PREFIX-LENGTH: bits of the address that count.
    #[must_use]
    pub fn source(&self) -> u8 {
        self.source
    }

    /// SCOPE PREFIX-LENGTH: bits for which the answer holds.
    #[must_use]
    pub fn scope(&self) -> u8 {
        self.scope
    }

    /// RFC 7871 section 6: just as many octets as the bits need, and zeros behind the last bit.
    fn parse(data: &[u8]) -> Option<Self> {
        let [f0, f1, source, scope, octets @ ..] = data else { return None };
        if octets.len() != usize::from(source.div_ceil(8)) {
            return None;
        }
        let mut address = [0; 16];
        address.get_mut(..octets.len())?.copy_from_slice(octets);
        let [a, b, c, d, ..] = address;
        let address = match (f0, f1) {
            (0, 1) => IpAddr::from([a, b, c, d]),
            (0, 2) => IpAddr::from(address),
            _ => return None,
        };
        ClientSubnet::new(address, *source, *scope).filter(|subnet| subnet.address == address)
    }

    fn encode(&self, mut with: impl FnMut([&[u8]; 2]) -> Result<(), BuildError>) -> Result<(), BuildError> {
        let octets = usize::from(self.source.div_ceil(8));
        match self.address {
            IpAddr::V4(v4) => {
                with([&[0, 1, self.source, self.scope], v4.octets().get(..octets).unwrap_or_default()])
            }
            IpAddr::V6(v6) => {
                with([&[0, 2, self.source, self.scope], v6.octets().get(..octets).unwrap_or_default()])
            }
        }
    }
}

fn high_bits(count: u8, of: u32) -> u32 {
    u32::MAX.checked_shl(of.saturating_sub(count.into())).unwrap_or(0)
}

/// Why an answer is what it is (RFC 8914).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExtendedError<'a> {
    /// INFO-CODE: see the constants.
    pub code: u16,
    /// EXTRA-TEXT: UTF-8 if the sender keeps to the rule.
    pub text: &'a [u8],
}

macro_rules! extended_errors {
    ($($id:ident = $code:literal $meaning:literal,)*) => {
        impl ExtendedError<'_> {
            $(#[doc = $meaning] pub const $id: u16 = $code;)*

            /// The meaning of the code, for those that have one.
            #[must_use]
            pub fn meaning(&self) -> Option<&'static str> {
                Some(match self.code {
                    $($code => $meaning,)*
                    _ => return None,
                })
            }
        }
    };
}

extended_errors! {
    OTHER = 0 "Other Error",
    UNSUPPORTED_DNSKEY_ALGORITHM = 1 "Unsupported DNSKEY Algorithm",
    UNSUPPORTED_DS_DIGEST_TYPE = 2 "Unsupported DS Digest Type",
    STALE_ANSWER = 3 "Stale Answer",
    FORGED_ANSWER = 4 "Forged Answer",
    DNSSEC_INDETERMINATE = 5 "DNSSEC Indeterminate",
    DNSSEC_BOGUS = 6 "DNSSEC Bogus",
    SIGNATURE_EXPIRED = 7 "Signature Expired",
    SIGNATURE_NOT_YET_VALID = 8 "Signature Not Yet Valid",
    DNSKEY_MISSING = 9 "DNSKEY Missing",
    RRSIGS_MISSING = 10 "RRSIGs Missing",
    NO_ZONE_KEY_BIT_SET = 11 "No Zone Key Bit Set",
    NSEC_MISSING = 12 "NSEC Missing",
    CACHED_ERROR = 13 "Cached Error",
    NOT_READY = 14 "Not Ready",
    BLOCKED = 15 "Blocked",
    CENSORED = 16 "Censored",
    FILTERED = 17 "Filtered",
    PROHIBITED = 18 "Prohibited",
    STALE_NXDOMAIN_ANSWER = 19 "Stale NXDomain Answer",
    NOT_AUTHORITATIVE = 20 "Not Authoritative",
    NOT_SUPPORTED = 21 "Not Supported",
    NO_REACHABLE_AUTHORITY = 22 "No Reachable Authority",
    NETWORK_ERROR = 23 "Network Error",
    INVALID_DATA = 24 "Invalid Data",
    SIGNATURE_EXPIRED_BEFORE_VALID = 25 "Signature Expired before Valid",
    TOO_EARLY = 26 "Too Early",
    UNSUPPORTED_NSEC3_ITERATIONS = 27 "Unsupported NSEC3 Iterations Value",
    UNABLE_TO_CONFORM_TO_POLICY = 28 "Unable to conform to policy",
    SYNTHESIZED = 29 "Synthesized",
    INVALID_QUERY_TYPE = 30 "Invalid Query Type",
}

impl<'a> ExtendedError<'a> {
    /// This code and no text.
    #[must_use]
    pub const fn new(code: u16) -> Self {
        ExtendedError { code, text: &[] }
    }

    fn parse(data: &'a [u8]) -> Option<Self> {
        let (code, text) = data.split_first_chunk()?;
        Some(ExtendedError { code: u16::from_be_bytes(*code), text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Builder, Header, Opcode};
    use alloc::vec::Vec;

    /// A reply of so many octets of NSID, if it has EDNS.
    fn reply(out: &mut [u8], nsid: Option<usize>) -> usize {
        let mut builder = Builder::new(out, Header::query(1, Opcode::QUERY).reply(Rcode::NOERROR));
        if let Some(octets) = nsid {
            builder.push_edns(&EdnsHeader::new(1232), &[EdnsOption::Nsid(&[7; 70_000][..octets])]).unwrap();
        }
        builder.finish().len()
    }

    #[test]
    fn replies_are_padded_to_their_block_behind_what_they_say() {
        for nsid in [0, 1, 436, 437, 438, 440, 2_000] {
            let mut out = [0; 4_096];
            let before = reply(&mut out, Some(nsid));
            let len = pad_reply(&mut out, before);
            assert!(len.is_multiple_of(468) && len - before < 468 + 4, "{nsid}: {len}");
            let message = Message::parse(&out[..len]).unwrap();
            let options: Vec<_> = message.edns().unwrap().options().collect();
            let padding = u16::try_from(len - before - 4).unwrap();
            assert_eq!(options, [EdnsOption::Nsid(&[7; 2_000][..nsid]), EdnsOption::Padding(padding)]);
        }
    }

    #[test]
    fn what_can_not_be_padded_stays_as_it_is() {
        let mut out = [0; 65_600];
        let len = reply(&mut out, None);
        assert_eq!(pad_reply(&mut out, len), len);
        // Short of room: as far as there is some.
        let len = reply(&mut out, Some(100));
        assert_eq!(pad_reply(&mut out[..len + 10], len), len + 10);
        assert!(Message::parse(&out[..len + 10]).is_ok());
        let len = reply(&mut out, Some(100));
        assert_eq!(pad_reply(&mut out[..len + 3], len), len);
        let len = reply(&mut out, Some(65_490));
        assert_eq!(pad_reply(&mut out, len), 65_535);
        assert_eq!(pad_reply(&mut [0; 3], 3), 3);
        assert_eq!(pad_reply(&mut [], 3), 3);
    }
}

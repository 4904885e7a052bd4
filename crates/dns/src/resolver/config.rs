//! What a resolver is told: where the root is, what to forward, how much of everything.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::time::Duration;

use crate::Name;
use crate::authority::Network;

/// How a resolver goes about its work.
#[derive(Clone, Debug)]
pub struct Config {
    /// Addresses of root servers: hints, asked once for the servers that there are now (RFC 8109).
    pub roots: Vec<SocketAddr>,
    /// Names whose questions take another way than from the root.
    pub zones: Vec<ZoneRule>,
    /// Servers that are spoken to by TLS alone (RFC 7858), each with the name that its certificate must be for.
    pub tls: BTreeMap<SocketAddr, Arc<str>>,
    /// The port of servers that are known by a name. 53.
    pub port: u16,
    /// Servers are asked by IPv4.
    pub ipv4: bool,
    /// Servers are asked by IPv6.
    pub ipv6: bool,
    /// Delegations may lead to loopback addresses. False: a stranger's zone has no business there.
    pub loopback: bool,
    /// A server is told no more of the name than it needs (RFC 9156).
    pub minimise: bool,
    /// Letters of the name go out large or small by chance, and must come back so (0x20).
    pub mix_case: bool,
    /// Cookies are sent, and expected back (RFC 7873).
    pub cookies: bool,
    /// An answer in the last tenth of its time that is wanted is asked for anew.
    pub prefetch: bool,
    /// A name between two that are proven to be neighbours is denied without a question (RFC 8198). Where answers are
    /// validated.
    pub aggressive: bool,
    /// For how long answers past their time are told where no new ones are to be had (RFC 8767). Zero: not at all.
    pub serve_stale: Duration,
    /// NS records and their addresses that come with an answer, unasked, are not believed.
    pub distrust_unasked: bool,
    /// Networks whose addresses nobody outside is to hand out (DNS rebinding).
    pub private: Vec<Network>,
    /// Names that may have such addresses nevertheless.
    pub private_names: Vec<Name>,
    /// Tell of every query and reply by [`Event::Trace`](super::Event::Trace).
    pub trace: bool,
    /// How much of everything.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            roots: root_hints().map(|address| SocketAddr::new(address, 53)).collect(),
            zones: Vec::new(),
            tls: BTreeMap::new(),
            port: 53,
            ipv4: true,
            ipv6: true,
            loopback: false,
            minimise: true,
            mix_case: true,
            cookies: true,
            prefetch: false,
            aggressive: true,
            serve_stale: Duration::ZERO,
            distrust_unasked: true,
            private: Vec::new(),
            private_names: Vec::new(),
            trace: false,
            limits: Limits::default(),
        }
    }
}

/// Names from this one down are not looked for from the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneRule {
    /// The highest of the names.
    pub name: Name,
    /// Whom to ask.
    pub servers: Vec<SocketAddr>,
    /// As what.
    pub way: Way,
}

/// What the servers of a [`ZoneRule`] are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Resolvers, which find the whole answer.
    Forward {
        /// If they fail, the answer is looked for without them.
        first: bool,
    },
    /// Authoritative servers of that zone.
    Stub,
}

/// Everything that can grow, its default, and the reason for that number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets of the cache. 4 MiB: some ten thousand answers.
    pub cache_bytes: usize,
    /// Seconds that anything is kept. A day: what is wrong is so no longer.
    pub max_ttl: u32,
    /// Seconds that everything is kept. 0: what its owner wants.
    pub min_ttl: u32,
    /// Seconds that "no such" is kept. An hour (RFC 2308 section 5 wants one to three).
    pub max_negative_ttl: u32,
    /// Seconds that "no such" is kept at least. 0.
    pub min_negative_ttl: u32,
    /// How long a failure is remembered. 5 seconds (RFC 9520 section 3.2 wants 1 second to 5 minutes).
    pub failure: Duration,
    /// How long it is remembered that an answer does not hold what its signatures promise. A minute: the zone's owner may
    /// mend it (RFC 4035 section 4.7).
    pub bogus: Duration,
    /// Records kept of an RRset. 100. What has more is not kept, and as an answer is a failure: a part of an RRset must not be
    /// told as if it were the whole (RFC 2181 section 5).
    pub records: usize,
    /// Signatures kept of an RRset. 8 (`KeyTrap`).
    pub signatures: usize,
    /// NS records of a referral. 20.
    pub delegation: usize,
    /// CNAMEs followed in a reply, and starts from another name. 11.
    pub restarts: u8,
    /// Queries sent for one name. 32.
    pub sends_per_name: u32,
    /// Queries sent for one question, for all names that it needs. 200.
    pub sends: u32,
    /// Proven NSEC that are found by the names between them. 10,000: a megabyte or two.
    pub denials: usize,
    /// Signatures and hashes tried for one question, for all names that it needs. 512 (`KeyTrap`).
    pub checks: u32,
    /// Bogus replies to one question, until it has no other answer. 3: a server may have an old copy.
    pub condemned: u8,
    /// Names of servers looked up for a delegation, by how deep in looking up such names (`NXNSAttack`).
    pub targets: [u8; 4],
    /// Names of servers that turn out not to exist, until the others are not looked up any more. 5.
    pub missing_targets: u8,
    /// Queries with a shortened name (RFC 9156 section 2.3). 10.
    pub minimise_steps: u8,
    /// Queries to one server for one name. 5.
    pub tries: u8,
    /// Replies that don't fit, until the query goes out by TCP. 100.
    pub mismatches: u16,
    /// Queries over one connection at the same time. 100: then another one is opened.
    pub pipelined: usize,
    /// How long a TLS connection is kept that nobody needs. 10 seconds.
    pub idle: Duration,
    /// UDP payload offered. 1232: never a fragment.
    pub udp_payload: u16,
    /// Questions at work, those of the clients. 1024.
    pub questions: usize,
    /// Half of those stay to the end, the others may be replaced if older than this. 200 ms.
    pub jostle: Duration,
    /// How long one question may take. 20 seconds: nobody waits for longer.
    pub patience: Duration,
    /// Servers whose speed is remembered. 4096.
    pub servers: usize,
    /// For how long a server that can't do EDNS is asked without. 15 minutes.
    pub no_edns: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            cache_bytes: 4 << 20,
            max_ttl: 86_400,
            min_ttl: 0,
            max_negative_ttl: 3_600,
            min_negative_ttl: 0,
            failure: Duration::from_secs(5),
            bogus: Duration::from_secs(60),
            records: 100,
            signatures: 8,
            delegation: 20,
            restarts: 11,
            sends_per_name: 32,
            sends: 200,
            denials: 10_000,
            checks: crate::limits::CHECKS,
            condemned: 3,
            targets: [3, 2, 1, 0],
            missing_targets: 5,
            minimise_steps: 10,
            tries: 5,
            mismatches: 100,
            pipelined: 100,
            idle: Duration::from_secs(10),
            udp_payload: crate::limits::UDP_PAYLOAD,
            questions: 1024,
            jostle: Duration::from_millis(200),
            patience: Duration::from_secs(20),
            servers: 4096,
            no_edns: Duration::from_secs(900),
        }
    }
}

/// The addresses of the root servers, a to m, as IANA lists them.
pub fn root_hints() -> impl Iterator<Item = IpAddr> {
    let v4 = [
        [198, 41, 0, 4],
        [170, 247, 170, 2],
        [192, 33, 4, 12],
        [199, 7, 91, 13],
        [192, 203, 230, 10],
        [192, 5, 5, 241],
        [192, 112, 36, 4],
        [198, 97, 190, 53],
        [192, 36, 148, 17],
        [192, 58, 128, 30],
        [193, 0, 14, 129],
        [199, 7, 83, 42],
        [202, 12, 27, 33],
    ];
    let v6 = [
        [0x2001, 0x503, 0xba3e, 0, 0, 0, 2, 0x30],
        [0x2801, 0x1b8, 0x10, 0, 0, 0, 0, 0xb],
        [0x2001, 0x500, 2, 0, 0, 0, 0, 0xc],
        [0x2001, 0x500, 0x2d, 0, 0, 0, 0, 0xd],
        [0x2001, 0x500, 0xa8, 0, 0, 0, 0, 0xe],
        [0x2001, 0x500, 0x2f, 0, 0, 0, 0, 0xf],
        [0x2001, 0x500, 0x12, 0, 0, 0, 0, 0xd0d],
        [0x2001, 0x500, 1, 0, 0, 0, 0, 0x53],
        [0x2001, 0x7fe, 0, 0, 0, 0, 0, 0x53],
        [0x2001, 0x503, 0xc27, 0, 0, 0, 2, 0x30],
        [0x2001, 0x7fd, 0, 0, 0, 0, 0, 1],
        [0x2001, 0x500, 0x9f, 0, 0, 0, 0, 0x42],
        [0x2001, 0xdc3, 0, 0, 0, 0, 0, 0x35],
    ];
    let v4 = v4.into_iter().map(|octets| IpAddr::V4(Ipv4Addr::from(octets)));
    v4.chain(v6.into_iter().map(|words| IpAddr::V6(Ipv6Addr::from(words))))
}

impl Config {
    /// Whether a server at this address, learned from others, may be asked.
    pub(super) fn may_ask(&self, address: IpAddr) -> bool {
        let family = match address {
            IpAddr::V4(_) => self.ipv4,
            IpAddr::V6(v6) => self.ipv6 && v6.to_ipv4_mapped().is_none(),
        };
        let special = address.is_unspecified() || address.is_multicast() || is_broadcast(address);
        family && !special && (self.loopback || !address.is_loopback())
    }

    /// The rule for a name: that of the longest suffix; of two for one name, the way forward.
    pub(super) fn rule(&self, name: &Name, forward: bool) -> Option<&ZoneRule> {
        let fits = |rule: &&ZoneRule| {
            (forward || rule.way == Way::Stub) && !rule.servers.is_empty() && name.is_subdomain_of(&rule.name)
        };
        let key = |rule: &&ZoneRule| (rule.name.label_count(), rule.way != Way::Stub);
        self.zones.iter().filter(fits).max_by_key(key)
    }

    /// Whether these addresses are not for the world to hand out, and this name none that may.
    pub(super) fn is_private(&self, owner: &Name, addresses: &[IpAddr]) -> bool {
        !self.private.is_empty()
            && addresses.iter().any(|address| self.private.iter().any(|network| network.contains(*address)))
            && !self.private_names.iter().any(|name| owner.is_subdomain_of(name))
    }
}

fn is_broadcast(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(v4) if v4.is_broadcast())
}

//! Everything that can grow, how far, and why that far.
//!
//! The rule: what exceeds a limit is refused before it is kept, and no limit depends on the order in which one looks.

/// Octets of a name on the wire, the root label included (RFC 1035 section 2.3.4).
pub const NAME: usize = 255;

/// Octets of a label (RFC 1035 section 2.3.4).
pub const LABEL: usize = 63;

/// Compression pointers in one name. 126: each useful one adds a label, and a name has no more than 127.
pub const POINTERS: u8 = 126;

/// Pointers that point to a pointer, one behind the other. 16: no encoder has a reason to write two.
pub const POINTER_CHAIN: u8 = 16;

/// Octets of a message (RFC 1035 section 4.2.2).
pub const MESSAGE: usize = 65_535;

/// Octets of a UDP answer to someone who does not say how much he takes (RFC 1035 section 2.3.4).
pub const UDP_WITHOUT_EDNS: usize = 512;

/// Octets of UDP payload offered and sent. 1232: never a fragment on any path of IPv6's least MTU.
pub const UDP_PAYLOAD: u16 = 1232;

/// Ports that no datagram is answered at: reserved, echo, chargen. It would start a conversation between services.
pub const SILENT_PORTS: [u16; 3] = [0, 7, 19];

/// Signatures that are checked for one RRset. 8: keys that share a tag are no reason to try them all (CVE-2023-50387).
pub const SIGNATURES: u32 = 8;

/// Signatures and hashes that are tried for one question, and for all that it needs. 512: an honest chain takes two
/// signatures a zone, and a proof by NSEC3 some hashes.
pub const CHECKS: u32 = 512;

/// Names that are hashed for one proof. 8: each costs as many hashes as the zone wants (CVE-2023-50868).
pub const HASHES: u32 = 8;

/// NSEC3 iterations beyond which a zone counts as unsigned (RFC 9276 section 3.2).
pub const ITERATIONS_SECURE: u16 = 50;

/// NSEC3 iterations beyond which a proof is none at all, and names are not hashed: more is work that somebody else makes us
/// do.
pub const ITERATIONS: u16 = 150;

/// DNSKEY that match no DS until a zone is given up.
pub const DS_FAILURES: usize = 4;

/// Zones that a validator remembers.
pub const LINKS: usize = 4096;

/// Servers of a stub resolver. 3, as everywhere resolv.conf(5) is read.
pub const STUB_SERVERS: usize = 3;

/// Domains that a stub resolver searches. 32: each may cost a question.
pub const STUB_SEARCH: usize = 32;

/// Queries of a stub resolver for one question. 32: three servers asked five times, and each of them twice in other ways.
pub const STUB_SENDS: u32 = 32;

/// Questions of a stub resolver that wait at the same time. 4096: each may hold a port.
pub const STUB_QUESTIONS: usize = 4096;

/// Replies that don't match their query, one by one; behind them it is asked by TCP. 100: a forger has to guess among
/// 2^32 (RFC 5452 section 9.3).
pub const MISMATCHED: u32 = 100;

/// Aliases behind one another in a reply. 11, as BIND has it.
pub const ALIASES: usize = 11;

/// Octets of a server's cookie (RFC 7873 section 4.2).
pub const SERVER_COOKIE: usize = 32;

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

/// Signatures that are checked for one RRset. 8: keys that share a tag are no reason to try them all (CVE-2023-50387).
pub const SIGNATURES: u32 = 8;

/// Names that are hashed for one proof. 8: each costs as many hashes as the zone wants (CVE-2023-50868).
pub const HASHES: u32 = 8;

/// NSEC3 iterations beyond which a zone counts as unsigned (RFC 9276 section 3.2).
pub const ITERATIONS_SECURE: u16 = 50;

/// NSEC3 iterations beyond which a proof is none at all.
pub const ITERATIONS: u16 = 150;

/// DNSKEY that match no DS until a zone is given up.
pub const DS_FAILURES: usize = 4;

/// Zones that a validator remembers.
pub const LINKS: usize = 4096;

//! The two kinds of Internet addresses.

use std::net::{IpAddr, SocketAddr};

/// IPv4 or IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// IPv4, whose addresses are found by DNS type A.
    V4,
    /// IPv6, whose addresses are found by DNS type AAAA (RFC 3596).
    V6,
}

impl Family {
    /// Both, in the order they are asked for (RFC 8305 section 3: AAAA first).
    pub const BOTH: [Family; 2] = [Family::V6, Family::V4];

    /// The family of an address.
    #[must_use]
    pub fn of(addr: SocketAddr) -> Self {
        Self::of_ip(addr.ip())
    }

    /// The family of an address.
    #[must_use]
    pub fn of_ip(ip: IpAddr) -> Self {
        if ip.is_ipv4() { Family::V4 } else { Family::V6 }
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Family::V4 => Family::V6,
            Family::V6 => Family::V4,
        }
    }
}

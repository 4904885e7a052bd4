//! Which address packets would leave from, as the order of RFC 6724 wants to know.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use crate::happy::{Candidate, Source};

/// The candidate with its source, as the system has it now.
pub(crate) fn candidate(addr: SocketAddr) -> Candidate {
    Candidate { addr, source: source(addr) }
}

/// Connecting a UDP socket sends nothing, and chooses the source.
fn source(addr: SocketAddr) -> Source {
    let any: IpAddr = match addr {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let local = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect(addr)?;
        socket.local_addr()
    });
    match local {
        Ok(local) => Source::From(local.ip()),
        Err(_) => Source::Unreachable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_of_a_way_is_found_without_sending() {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
        assert_eq!(source(loopback), Source::From(loopback.ip()));
    }
}

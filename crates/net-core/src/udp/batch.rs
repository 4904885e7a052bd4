//! A batch per call: recvmmsg(2) and sendmmsg(2), with packet info (ip(7), RFC 3542 section 6).

#![cfg(any(target_os = "linux", target_os = "android"))]

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::AsRawFd;

use nix::libc::{in_addr, in_pktinfo, in6_addr, in6_pktinfo};
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, MultiHeaders, RecvMsg, SockaddrIn, SockaddrIn6,
    SockaddrLike, recvmmsg, sendmmsg, setsockopt, sockopt,
};

use crate::Family;

use super::{Asked, Inbox, Item, Letter, Outbox, Udp};

/// A family's addresses, as the kernel writes them.
trait Address: SockaddrLike + Copy {
    /// As this family's sockets write it; `None` if they can't.
    fn of(addr: SocketAddr) -> Option<Self>;
    fn socket_addr(self) -> SocketAddr;
}

impl Address for SockaddrIn {
    fn of(addr: SocketAddr) -> Option<Self> {
        match addr {
            SocketAddr::V4(v4) => Some(v4.into()),
            SocketAddr::V6(_) => None,
        }
    }

    fn socket_addr(self) -> SocketAddr {
        SocketAddrV4::from(self).into()
    }
}

impl Address for SockaddrIn6 {
    fn of(addr: SocketAddr) -> Option<Self> {
        match addr {
            SocketAddr::V4(_) => None,
            SocketAddr::V6(v6) => Some(v6.into()),
        }
    }

    fn socket_addr(self) -> SocketAddr {
        SocketAddrV6::from(self).into()
    }
}

/// Asks the kernel to tell with each datagram which address it was sent to; whether it will.
pub(super) fn tell_asked(socket: &UdpSocket, family: Family) -> bool {
    match family {
        Family::V4 => setsockopt(socket, sockopt::Ipv4PacketInfo, &true).is_ok(),
        Family::V6 => setsockopt(socket, sockopt::Ipv6RecvPacketInfo, &true).is_ok(),
    }
}

/// Receives as many datagrams as are there and fit; waits for the first one if `wait` is set.
pub(super) fn receive(udp: &Udp, inbox: &mut Inbox, wait: bool) -> io::Result<()> {
    let control = udp.told.then(|| control_space(udp.family));
    match udp.family {
        Family::V4 => receive_from::<SockaddrIn>(udp, inbox, wait, control),
        Family::V6 => receive_from::<SockaddrIn6>(udp, inbox, wait, control),
    }
}

fn receive_from<A: Address>(
    udp: &Udp,
    inbox: &mut Inbox,
    wait: bool,
    control: Option<Vec<u8>>,
) -> io::Result<()> {
    // Made anew for each call: the kernel writes the lengths it used into the headers it was given.
    let mut headers = MultiHeaders::<A>::preallocate(inbox.letters.capacity(), control);
    let mut rooms: Vec<_> =
        inbox.memory.chunks_exact_mut(inbox.size).map(|room| [IoSliceMut::new(room)]).collect();
    let flags = if wait { MsgFlags::MSG_WAITFORONE } else { MsgFlags::MSG_DONTWAIT };
    let messages = recvmmsg(udp.socket.as_raw_fd(), &mut headers, rooms.iter_mut(), flags, None)?;
    inbox.letters.extend(messages.filter_map(|message| letter(&message)));
    Ok(())
}

/// Sends datagrams that all leave from the same address; returns how many did.
pub(super) fn send(udp: &Udp, outbox: &Outbox, items: &[Item]) -> io::Result<usize> {
    match udp.family {
        Family::V4 => send_to::<SockaddrIn>(udp, outbox, items),
        Family::V6 => send_to::<SockaddrIn6>(udp, outbox, items),
    }
}

fn send_to<A: Address>(udp: &Udp, outbox: &Outbox, items: &[Item]) -> io::Result<usize> {
    let from = items.first().and_then(|item| item.from);
    let info = from.map(|from| PacketInfo::new(from, udp.family)).transpose()?;
    let control: Vec<_> = info.iter().map(PacketInfo::message).collect();
    let to: Vec<_> = items.iter().map_while(|item| A::of(udp.mapped(item.to))).map(Some).collect();
    if to.is_empty() {
        return Err(wrong_family());
    }
    let slices: Vec<_> = items.iter().map(|item| [IoSlice::new(outbox.bytes(item))]).collect();
    let space = info.is_some().then(|| control_space(udp.family));
    let mut headers = MultiHeaders::preallocate(to.len(), space);
    let sent = sendmmsg(udp.socket.as_raw_fd(), &mut headers, &slices, to, control, MsgFlags::MSG_NOSIGNAL)?;
    Ok(sent.count())
}

/// Room for one packet info of that family, exactly: the kernel takes all of it for control messages.
fn control_space(family: Family) -> Vec<u8> {
    match family {
        Family::V4 => nix::cmsg_space!(in_pktinfo),
        Family::V6 => nix::cmsg_space!(in6_pktinfo),
    }
}

fn wrong_family() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "an IPv6 address can't be used on an IPv4 socket")
}

fn letter<A: Address>(message: &RecvMsg<'_, '_, A>) -> Option<Letter> {
    let from = message.address?.socket_addr();
    let asked = message.cmsgs().ok().and_then(|mut all| all.find_map(|control| asked(&control)));
    Some(Letter::new(from, asked, message.bytes, message.flags.contains(MsgFlags::MSG_TRUNC)))
}

fn asked(control: &ControlMessageOwned) -> Option<Asked> {
    match control {
        // Not the address in the packet's header: that may be a broadcast address.
        ControlMessageOwned::Ipv4PacketInfo(info) => {
            Asked::new(IpAddr::V4(Ipv4Addr::from(info.ipi_spec_dst.s_addr.to_ne_bytes())), 0)
        }
        ControlMessageOwned::Ipv6PacketInfo(info) => {
            Asked::new(IpAddr::V6(Ipv6Addr::from(info.ipi6_addr.s6_addr)), info.ipi6_ifindex)
        }
        _ => None,
    }
}

/// The address to send from, as the kernel wants to be told.
enum PacketInfo {
    V4(in_pktinfo),
    V6(in6_pktinfo),
}

impl PacketInfo {
    /// In the form that a socket of that family takes, and that [`control_space`] has room for.
    fn new(from: Asked, family: Family) -> io::Result<Self> {
        match (from.ip, family) {
            (IpAddr::V4(ip), Family::V4) => Ok(PacketInfo::V4(in_pktinfo {
                ipi_ifindex: 0,
                ipi_spec_dst: in_addr { s_addr: u32::from_ne_bytes(ip.octets()) },
                ipi_addr: in_addr { s_addr: 0 },
            })),
            (IpAddr::V4(ip), Family::V6) => Ok(Self::v6(ip.to_ipv6_mapped(), 0)),
            (IpAddr::V6(ip), Family::V6) => Ok(Self::v6(ip, from.interface)),
            (IpAddr::V6(_), Family::V4) => Err(wrong_family()),
        }
    }

    fn v6(ip: Ipv6Addr, interface: u32) -> Self {
        PacketInfo::V6(in6_pktinfo { ipi6_addr: in6_addr { s6_addr: ip.octets() }, ipi6_ifindex: interface })
    }

    fn message(&self) -> ControlMessage<'_> {
        match self {
            PacketInfo::V4(info) => ControlMessage::Ipv4PacketInfo(info),
            PacketInfo::V6(info) => ControlMessage::Ipv6PacketInfo(info),
        }
    }
}

//! A datagram per call: what every system can do, and the twin that batches are tested against.

use std::io::{self, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

use nix::sys::socket::{MsgFlags, SockaddrStorage, recvmsg};

use crate::Family;

use super::{Inbox, Item, Letter, Outbox, Udp};

/// Which address was asked stays unknown.
pub(super) fn tell_asked(_socket: &UdpSocket, _family: Family) -> bool {
    false
}

/// Receives as many datagrams as are there and fit; waits for the first one if `wait` is set.
pub(super) fn receive(udp: &Udp, inbox: &mut Inbox, wait: bool) -> io::Result<()> {
    let (count, size) = (inbox.letters.capacity(), inbox.size);
    for room in inbox.memory.chunks_exact_mut(size).take(count) {
        let wait = wait && inbox.letters.is_empty();
        match receive_one(udp, room, wait) {
            Ok(letter) => inbox.letters.push(letter),
            Err(_) if !inbox.letters.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Sends the first of these datagrams.
pub(super) fn send(udp: &Udp, outbox: &Outbox, items: &[Item]) -> io::Result<usize> {
    let Some(item) = items.first() else { return Ok(0) };
    udp.socket.send_to(outbox.bytes(item), udp.mapped(item.to)).map(|_| 1)
}

fn receive_one(udp: &Udp, room: &mut [u8], wait: bool) -> io::Result<Letter> {
    let flags = if wait { MsgFlags::empty() } else { MsgFlags::MSG_DONTWAIT };
    let mut slices = [IoSliceMut::new(room)];
    let message = recvmsg::<SockaddrStorage>(udp.socket.as_raw_fd(), &mut slices, None, flags)?;
    let from = message.address.and_then(|addr| socket_addr(&addr)).ok_or(io::ErrorKind::InvalidData)?;
    Ok(Letter::new(from, None, message.bytes, message.flags.contains(MsgFlags::MSG_TRUNC)))
}

fn socket_addr(addr: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = addr.as_sockaddr_in().map(|v4| SocketAddr::V4((*v4).into()));
    v4.or_else(|| addr.as_sockaddr_in6().map(|v6| SocketAddr::V6((*v6).into())))
}

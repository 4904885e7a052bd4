//! Datagrams, many per call.
//!
//! The rules: a reply leaves from the address that was asked (a resolver drops an answer from anywhere else), a datagram
//! that did not fit is seen to be cut, and nothing a peer sends or refuses ends the loop.
//!
//! On Linux one call receives or sends a whole batch; elsewhere each datagram takes one, and which address was asked is not
//! known.

mod batch;
#[cfg(any(test, not(any(target_os = "linux", target_os = "android"))))]
mod single;

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, SocketAddrV6, UdpSocket};
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd};

use socket2::{Domain, Protocol, Socket, Type};

#[cfg(any(target_os = "linux", target_os = "android"))]
use batch as system;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use single as system;

use crate::listen::{canonical, cant_listen};
use crate::{Deadline, Family, poll};

/// How many datagrams one call moves.
pub const BATCH: usize = 32;
/// The longest datagram there can be: a 16-bit length (RFC 768).
pub const LONGEST: usize = 65_535;

/// A UDP socket.
///
/// ```
/// use std::time::Duration;
/// use net_core::{Deadline, udp::{Inbox, Outbox, Udp}};
///
/// let server = Udp::bind("127.0.0.1:0".parse()?)?;
/// let client = Udp::bind("127.0.0.1:0".parse()?)?;
/// let (mut inbox, mut outbox) = (Inbox::new(), Outbox::new());
/// let soon = Deadline::after(Duration::from_secs(5));
///
/// outbox.push(b"hello", server.local_addr()?);
/// client.send(&mut outbox)?;
///
/// server.receive(&mut inbox, soon)?;
/// for datagram in inbox.iter() {
///     outbox.reply(&datagram, &datagram.bytes.to_ascii_uppercase());
/// }
/// server.send(&mut outbox)?;
///
/// client.receive(&mut inbox, soon)?;
/// assert_eq!(inbox.iter().next().unwrap().bytes, b"HELLO");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Udp {
    socket: UdpSocket,
    family: Family,
    /// The kernel tells which address was asked.
    #[cfg_attr(
        not(any(target_os = "linux", target_os = "android")),
        expect(dead_code, reason = "never told")
    )]
    told: bool,
}

/// The address a datagram was sent to, for the reply to leave from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Asked {
    /// The address; one of this machine's own.
    pub ip: IpAddr,
    /// The number of the interface it came in at, if the address alone does not say (RFC 4007 section 6); or 0.
    interface: u32,
}

/// A datagram that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Who sent it; IPv4 as such also on an IPv6 socket.
    pub from: SocketAddr,
    /// The address it was sent to, if the socket is bound to none in particular and the system says it.
    pub asked: Option<Asked>,
    /// What it says. May be empty.
    pub bytes: &'a [u8],
    /// It was longer than the inbox's datagrams may be, and `bytes` is only its beginning.
    pub truncated: bool,
}

/// Where received datagrams are kept: used again for each call.
#[derive(Debug)]
pub struct Inbox {
    memory: Vec<u8>,
    /// Bytes per datagram.
    size: usize,
    letters: Vec<Letter>,
}

#[derive(Clone, Copy, Debug)]
struct Letter {
    from: SocketAddr,
    asked: Option<Asked>,
    len: usize,
    truncated: bool,
}

/// Datagrams that wait to be sent, in one piece of memory.
#[derive(Debug, Default)]
pub struct Outbox {
    memory: Vec<u8>,
    items: Vec<Item>,
}

#[derive(Clone, Debug)]
struct Item {
    bytes: Range<usize>,
    to: SocketAddr,
    from: Option<Asked>,
}

/// What became of an outbox.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Sent {
    /// Datagrams that left.
    pub sent: usize,
    /// Datagrams that the system refused: too long, no route, an earlier one refused by the peer's machine (ICMP).
    pub failed: usize,
    /// The first refusal, and whom it concerned.
    pub error: Option<(SocketAddr, io::Error)>,
}

impl Udp {
    /// A socket at that address. Port 0 picks one; `[::]` hears IPv4, too, where the system allows it.
    ///
    /// # Errors
    /// The address is in use or not this machine's.
    pub fn bind(addr: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
        if addr.is_ipv6() && addr.ip().is_unspecified() {
            // Where the system forbids it, IPv6 alone is heard.
            let _ = socket.set_only_v6(false);
        }
        socket.bind(&addr.into()).map_err(|error| cant_listen(addr, &error))?;
        Self::new(socket.into())
    }

    /// Takes over a socket of the standard library's.
    ///
    /// # Errors
    /// It has no address.
    pub fn new(socket: UdpSocket) -> io::Result<Self> {
        let addr = socket.local_addr()?;
        let family = Family::of(addr);
        // A socket with an address of its own replies from it anyhow.
        let told = addr.ip().is_unspecified() && system::tell_asked(&socket, family);
        Ok(Udp { socket, family, told })
    }

    /// Talks with that peer only: others are not heard, and a refusal by its machine (ICMP) is an error of the next call.
    ///
    /// # Errors
    /// There is no route.
    pub fn connect(&self, peer: SocketAddr) -> io::Result<()> {
        self.socket.connect(self.mapped(peer))
    }

    /// The address it is bound to, with the port the system picked.
    ///
    /// # Errors
    /// The system's own.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// The socket itself, for options.
    #[must_use]
    pub fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// Waits for datagrams until the deadline, and takes as many as are there and fit. Returns how many; 0 only at the
    /// deadline.
    ///
    /// A deadline that has passed takes what is there without waiting.
    ///
    /// # Errors
    /// `ConnectionRefused` and others that the network reports, on a connected socket: go on, the next call may succeed.
    pub fn receive(&self, inbox: &mut Inbox, deadline: Deadline) -> io::Result<usize> {
        inbox.letters.clear();
        loop {
            match system::receive(self, inbox, deadline == Deadline::NEVER) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if !poll::wait_readable(&self.socket, deadline)? {
                        return Ok(0);
                    }
                }
                outcome => return outcome.map(|()| inbox.len()),
            }
        }
    }

    /// Sends what the outbox holds, in order, and empties it.
    ///
    /// A datagram that the system refuses is counted and skipped; the others leave. If there is no room in the socket's
    /// buffer, it is waited for.
    ///
    /// # Errors
    /// Waiting failed. What had not left yet is lost, as datagrams are.
    pub fn send(&self, outbox: &mut Outbox) -> io::Result<Sent> {
        let outcome = self.send_all(outbox);
        outbox.clear();
        outcome
    }

    /// Sends one datagram, without an outbox.
    ///
    /// # Errors
    /// The system refuses it.
    pub fn send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.socket.send_to(bytes, self.mapped(to))
    }

    fn send_all(&self, outbox: &Outbox) -> io::Result<Sent> {
        let mut report = Sent::default();
        let mut left = &outbox.items[..];
        while let [first, ..] = left {
            let run = run_of(left);
            let gone = match system::send(self, outbox, run) {
                Ok(n) => {
                    report.sent += n;
                    n.max(1)
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => 0,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    poll::wait([(self.as_fd(), poll::Interest::WRITE)], Deadline::NEVER)?;
                    0
                }
                Err(error) => {
                    report.failed += 1;
                    report.error.get_or_insert((first.to, error));
                    1
                }
            };
            left = left.get(gone..).unwrap_or_default();
        }
        Ok(report)
    }

    /// An address as this socket writes it: an IPv6 socket calls IPv4 addresses `::ffff:a.b.c.d`.
    fn mapped(&self, addr: SocketAddr) -> SocketAddr {
        match (addr, self.family) {
            (SocketAddr::V4(v4), Family::V6) => {
                SocketAddrV6::new(v4.ip().to_ipv6_mapped(), v4.port(), 0, 0).into()
            }
            _ => addr,
        }
    }
}

impl AsFd for Udp {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(any(test, target_os = "linux", target_os = "android"))]
impl Asked {
    fn new(ip: IpAddr, interface: u32) -> Option<Self> {
        let ip = ip.to_canonical();
        let one_of_ours = !ip.is_multicast() && !ip.is_unspecified();
        let link_local = matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local());
        one_of_ours.then_some(Asked { ip, interface: if link_local { interface } else { 0 } })
    }
}

impl Inbox {
    /// Room for [`BATCH`] datagrams of any length. Memory is used as far as datagrams fill it.
    #[must_use]
    pub fn new() -> Self {
        Self::with(BATCH, LONGEST)
    }

    /// Room for `count` datagrams (1 at least) of up to `size` bytes; longer ones are cut, and seen to be.
    #[must_use]
    pub fn with(count: usize, size: usize) -> Self {
        let (count, size) = (count.max(1), size.clamp(1, LONGEST));
        Inbox { memory: vec![0; count.saturating_mul(size)], size, letters: Vec::with_capacity(count) }
    }

    /// How many datagrams the last call received.
    #[must_use]
    pub fn len(&self) -> usize {
        self.letters.len()
    }

    /// The last call received none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// What the last call received, in order.
    pub fn iter(&self) -> impl Iterator<Item = Datagram<'_>> {
        self.letters.iter().zip(self.memory.chunks_exact(self.size)).map(|(letter, room)| Datagram {
            from: letter.from,
            asked: letter.asked,
            bytes: room.get(..letter.len).unwrap_or(room),
            truncated: letter.truncated,
        })
    }
}

impl Default for Inbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Letter {
    /// A datagram of `len` bytes, received into `room` of them.
    fn new(from: SocketAddr, asked: Option<Asked>, len: usize, truncated: bool) -> Self {
        Letter { from: canonical(from), asked, len, truncated }
    }
}

impl Outbox {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a datagram.
    pub fn push(&mut self, bytes: &[u8], to: SocketAddr) {
        self.push_from(bytes, to, None);
    }

    /// Appends the answer to a datagram: to its sender, from the address that was asked.
    pub fn reply(&mut self, to: &Datagram<'_>, bytes: &[u8]) {
        self.push_from(bytes, to.from, to.asked);
    }

    /// Appends a datagram that leaves from a particular address of this machine.
    pub fn push_from(&mut self, bytes: &[u8], to: SocketAddr, from: Option<Asked>) {
        let start = self.memory.len();
        self.memory.extend_from_slice(bytes);
        self.items.push(Item { bytes: start..self.memory.len(), to, from });
    }

    /// How many datagrams wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// None waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Drops what waits.
    pub fn clear(&mut self) {
        self.memory.clear();
        self.items.clear();
    }

    fn bytes(&self, item: &Item) -> &[u8] {
        self.memory.get(item.bytes.clone()).unwrap_or_default()
    }
}

/// The longest beginning that one call can send: up to [`BATCH`], all from the same address.
fn run_of(items: &[Item]) -> &[Item] {
    let Some(first) = items.first() else { return items };
    let len = items.iter().take(BATCH).take_while(|item| item.from == first.from).count();
    items.get(..len).unwrap_or(items)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(addr: &str) -> Udp {
        Udp::bind(addr.parse().unwrap()).unwrap()
    }

    fn soon() -> Deadline {
        Deadline::after(Duration::from_secs(20))
    }

    fn has_v6() -> bool {
        UdpSocket::bind("[::1]:0").is_ok()
    }

    /// Receives until `count` have come, over as many calls as it takes.
    fn collect(udp: &Udp, inbox: &mut Inbox, count: usize) -> Vec<(Vec<u8>, bool)> {
        let mut all = Vec::new();
        while all.len() < count {
            assert!(udp.receive(inbox, soon()).unwrap() > 0, "only {} of {count} came", all.len());
            all.extend(inbox.iter().map(|datagram| (datagram.bytes.to_vec(), datagram.truncated)));
        }
        all
    }

    #[test]
    fn more_than_a_batch_arrives_in_order() {
        let (server, client) = (at("127.0.0.1:0"), at("127.0.0.1:0"));
        let mut outbox = Outbox::new();
        (0..100_u8).for_each(|n| outbox.push(&[n], server.local_addr().unwrap()));
        assert_eq!(client.send(&mut outbox).unwrap().sent, 100);
        assert!(outbox.is_empty());
        let all = collect(&server, &mut Inbox::new(), 100);
        assert!(all.iter().map(|(bytes, _)| bytes[0]).eq(0..100));
    }

    #[test]
    fn a_batch_and_its_twin_do_the_same() {
        type Receive = fn(&Udp, &mut Inbox, bool) -> io::Result<()>;
        type Send = fn(&Udp, &Outbox, &[Item]) -> io::Result<usize>;
        let (server, client) = (at("0.0.0.0:0"), at("127.0.0.1:0"));
        assert!(server.told && !single::tell_asked(&server.socket, server.family));
        let to = SocketAddr::from(([127, 0, 0, 1], server.local_addr().unwrap().port()));
        let mut outbox = Outbox::new();
        for text in ["", "a", "0123456789", "01234567890"] {
            outbox.push(text.as_bytes(), to);
        }
        let mut results = Vec::new();
        for (send, receive) in
            [(system::send as Send, system::receive as Receive), (single::send, single::receive)]
        {
            let mut left = &outbox.items[..];
            while !left.is_empty() {
                left = &left[send(&client, &outbox, left).unwrap()..];
            }
            let mut inbox = Inbox::with(8, 10);
            receive(&server, &mut inbox, true).unwrap();
            let seen = inbox.iter().map(|seen| (seen.from, seen.bytes.to_vec(), seen.truncated));
            results.push(seen.collect::<Vec<_>>());
        }
        assert_eq!(results[0], results[1]);
        let cut: Vec<_> = results[0].iter().map(|(_, bytes, cut)| (bytes.len(), *cut)).collect();
        assert_eq!(cut, [(0, false), (1, false), (10, false), (10, true)]);
    }

    #[test]
    fn the_longest_datagram_fits() {
        let (server, client) = (at("127.0.0.1:0"), at("127.0.0.1:0"));
        let long = vec![7; 65_507];
        assert_eq!(client.send_to(&long, server.local_addr().unwrap()).unwrap(), 65_507);
        assert_eq!(collect(&server, &mut Inbox::new(), 1), [(long, false)]);
    }

    #[test]
    fn a_deadline_that_has_passed_takes_what_is_there() {
        let (server, client) = (at("127.0.0.1:0"), at("127.0.0.1:0"));
        let mut inbox = Inbox::new();
        let gone = Deadline::at(std::time::Instant::now());
        assert_eq!(server.receive(&mut inbox, gone).unwrap(), 0);
        client.send_to(b"x", server.local_addr().unwrap()).unwrap();
        assert_eq!(server.receive(&mut inbox, gone).unwrap(), 1);
    }

    fn reply_leaves_from(server: &str, asked: &str, client: &str) {
        let (server, client) = (at(server), at(client));
        let to = SocketAddr::new(asked.parse().unwrap(), server.local_addr().unwrap().port());
        let (mut inbox, mut outbox) = (Inbox::new(), Outbox::new());
        client.send_to(b"?", to).unwrap();
        server.receive(&mut inbox, soon()).unwrap();
        let question = inbox.iter().next().unwrap();
        assert_eq!(question.from, client.local_addr().unwrap(), "plain IPv4, not mapped");
        assert_eq!(question.asked.map(|asked| asked.ip), Some(to.ip()));
        outbox.reply(&question, b"!");
        assert_eq!(server.send(&mut outbox).unwrap().sent, 1);
        client.receive(&mut inbox, soon()).unwrap();
        assert_eq!(inbox.iter().next().unwrap().from, to);
    }

    #[test]
    fn a_reply_leaves_from_the_address_that_was_asked() {
        reply_leaves_from("0.0.0.0:0", "127.0.0.2", "127.0.0.1:0");
        if has_v6() {
            reply_leaves_from("[::]:0", "127.0.0.3", "127.0.0.1:0");
            reply_leaves_from("[::]:0", "::1", "[::1]:0");
        }
    }

    #[test]
    fn one_refused_datagram_does_not_stop_the_others() {
        let (server, client) = (at("127.0.0.1:0"), at("127.0.0.1:0"));
        let to = server.local_addr().unwrap();
        let mut outbox = Outbox::new();
        outbox.push(b"1", to);
        outbox.push(&[0; 65_535], to); // longer than IPv4 can carry
        outbox.push(b"2", "[::1]:9".parse().unwrap()); // not from here
        outbox.push(b"3", to);
        let report = client.send(&mut outbox).unwrap();
        assert_eq!((report.sent, report.failed), (2, 2));
        assert_eq!(report.error.unwrap().0, to);
        let texts: Vec<_> =
            collect(&server, &mut Inbox::new(), 2).into_iter().map(|(text, _)| text).collect();
        assert_eq!(texts, [b"1", b"3"]);
    }

    #[test]
    fn a_refusal_is_seen_and_the_socket_goes_on() {
        let client = at("127.0.0.1:0");
        let gone = at("127.0.0.1:0").local_addr().unwrap(); // closed at once
        client.connect(gone).unwrap();
        let mut outbox = Outbox::new();
        outbox.push(b"x", gone);
        client.send(&mut outbox).unwrap();
        let error = client.receive(&mut Inbox::new(), soon()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let server = at("127.0.0.1:0");
        client.connect(server.local_addr().unwrap()).unwrap();
        client.send_to(b"y", server.local_addr().unwrap()).unwrap();
        assert_eq!(collect(&server, &mut Inbox::new(), 1).len(), 1);
    }

    #[test]
    fn an_address_of_the_wrong_family_is_refused() {
        let udp = at("127.0.0.1:0");
        let asked = Asked::new("::1".parse().unwrap(), 0);
        let mut outbox = Outbox::new();
        outbox.push_from(b"x", udp.local_addr().unwrap(), asked);
        assert_eq!(udp.send(&mut outbox).unwrap().failed, 1);
    }

    #[test]
    fn a_group_is_no_address_to_reply_from() {
        assert_eq!(Asked::new("224.0.0.251".parse().unwrap(), 0), None);
        assert_eq!(Asked::new("ff02::1".parse().unwrap(), 3), None);
        assert_eq!(Asked::new("fe80::1".parse().unwrap(), 3).unwrap().interface, 3);
        assert_eq!(Asked::new("2001:db8::1".parse().unwrap(), 3).unwrap().interface, 0);
    }
}

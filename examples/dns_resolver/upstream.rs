//! The sockets towards servers: a fresh UDP port for every query, a TCP connection where one is asked for.
//!
//! The rule: what goes wrong is told to the resolver, never to the user: there is always another server.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;

use dns::proto_core::Time;
use dns::resolver::service::Service;
use dns::{Coordinator as _, Input, PortId, Socket, TcpId, Transmit};
use net_core::poll::{Interest, Poll};

/// Tokens of ports; the id is in the bits below.
pub(crate) const PORT: u64 = 1 << 60;
/// Tokens of connections.
pub(crate) const STREAM: u64 = 2 << 60;

struct Stream {
    stream: TcpStream,
    connected: bool,
    unsent: Vec<u8>,
}

/// See the top of the file.
#[derive(Default)]
pub(crate) struct Upstream {
    ports: HashMap<u64, (UdpSocket, SocketAddr)>,
    streams: HashMap<u64, Stream>,
    /// Where servers are reached instead of at their address.
    redirect: HashMap<IpAddr, SocketAddr>,
}

impl Upstream {
    pub(crate) fn new(redirect: HashMap<IpAddr, SocketAddr>) -> Self {
        Upstream { redirect, ..Upstream::default() }
    }

    fn reached_at(&self, server: SocketAddr) -> SocketAddr {
        self.redirect.get(&server.ip()).copied().unwrap_or(server)
    }

    /// Sends; what could not be sent is the resolver's to know.
    pub(crate) fn transmit(&mut self, transmit: &Transmit, poll: &mut Poll) -> Result<(), Socket> {
        let sent = match transmit.socket {
            Socket::FreshPort(PortId(id)) => self.datagram(id, transmit, poll),
            Socket::Tcp(TcpId(id)) => self.octets(id, &transmit.bytes, poll),
        };
        sent.map_err(|_| transmit.socket)
    }

    /// RFC 5452 section 9.2: a port of its own, and nobody else's datagrams: the socket is connected.
    fn datagram(&mut self, id: u64, transmit: &Transmit, poll: &mut Poll) -> io::Result<()> {
        let to = self.reached_at(transmit.to);
        let socket = UdpSocket::bind(any(to))?;
        socket.set_nonblocking(true)?;
        socket.connect(to)?;
        socket.send(&transmit.bytes)?;
        poll.add(&socket, PORT | id, Interest::READ)?;
        self.ports.insert(id, (socket, transmit.to));
        Ok(())
    }

    fn octets(&mut self, id: u64, bytes: &[u8], poll: &mut Poll) -> io::Result<()> {
        let stream = self.streams.get_mut(&id).ok_or(ErrorKind::NotConnected)?;
        stream.unsent.extend_from_slice(bytes);
        stream.flush()?;
        poll.change(&stream.stream, STREAM | id, stream.interest())
    }

    /// Begins to connect; the outcome is heard of later.
    pub(crate) fn open(&mut self, TcpId(id): TcpId, to: SocketAddr, poll: &mut Poll) -> io::Result<()> {
        let stream = begin_to_connect(self.reached_at(to))?;
        poll.add(&stream, STREAM | id, Interest::WRITE)?;
        self.streams.insert(id, Stream { stream, connected: false, unsent: Vec::new() });
        Ok(())
    }

    pub(crate) fn close_port(&mut self, PortId(id): PortId, poll: &mut Poll) {
        if let Some((socket, _)) = self.ports.remove(&id) {
            let _ = poll.remove(&socket, PORT | id);
        }
    }

    pub(crate) fn close(&mut self, TcpId(id): TcpId, poll: &mut Poll) {
        if let Some(stream) = self.streams.remove(&id) {
            let _ = poll.remove(&stream.stream, STREAM | id);
        }
    }

    /// A port has something.
    pub(crate) fn hear(&mut self, id: u64, service: &mut Service, now: Time, memory: &mut [u8]) {
        while let Some((socket, from)) = self.ports.get(&id) {
            let input = match socket.recv(memory) {
                Ok(len) => Input::Datagram { port: PortId(id), from: *from, bytes: &memory[..len] },
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                // The network says that nobody is there.
                Err(_) => Input::SendFailed(Socket::FreshPort(PortId(id))),
            };
            service.resolver().handle(input, now);
            // A reply mostly ends it, and then the port is closed before more is read.
            return;
        }
    }

    /// A connection is ready for something.
    pub(crate) fn attend(
        &mut self,
        id: u64,
        service: &mut Service,
        now: Time,
        memory: &mut [u8],
        poll: &mut Poll,
    ) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        if !stream.connected {
            let input = match stream.stream.take_error() {
                Ok(None) => {
                    stream.connected = true;
                    Input::TcpOpened(TcpId(id))
                }
                _ => Input::TcpClosed(TcpId(id)),
            };
            let _ = poll.change(&stream.stream, STREAM | id, stream.interest());
            return service.resolver().handle(input, now);
        }
        let written = stream.flush();
        let _ = poll.change(&stream.stream, STREAM | id, stream.interest());
        let input = match written.and_then(|()| stream.stream.read(memory)) {
            Ok(0) => Input::TcpClosed(TcpId(id)),
            Ok(len) => Input::TcpReceived { id: TcpId(id), bytes: &memory[..len] },
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return,
            Err(_) => Input::TcpClosed(TcpId(id)),
        };
        service.resolver().handle(input, now);
    }
}

impl Stream {
    fn flush(&mut self) -> io::Result<()> {
        while self.connected && !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(len) => drop(self.unsent.drain(..len)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn interest(&self) -> Interest {
        Interest { read: self.connected, write: !self.connected || !self.unsent.is_empty() }
    }
}

fn begin_to_connect(to: SocketAddr) -> io::Result<TcpStream> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with};
    let family = if to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket: OwnedFd = socket_with(family, SocketType::STREAM, flags, None)?;
    match connect(&socket, &to) {
        Ok(()) | Err(rustix::io::Errno::INPROGRESS) => {}
        Err(error) => return Err(error.into()),
    }
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn any(to: SocketAddr) -> SocketAddr {
    match to {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

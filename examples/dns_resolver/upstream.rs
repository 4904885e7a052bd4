//! The sockets towards servers: a fresh UDP port for every query, a TCP or TLS connection where one is asked for.
//!
//! The rule: what goes wrong is told to the resolver, never to the user: there is always another server.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use dns::proto_core::Time;
use dns::resolver::service::Service;
use dns::{Coordinator as _, Input, PortId, Privacy, Socket, TcpId, Transmit};
use net_core::poll::{Interest, Poll};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use tracing::warn;

use crate::line::Line;

/// Tokens of ports; the id is in the bits below.
pub(crate) const PORT: u64 = 1 << 60;
/// Tokens of connections.
pub(crate) const STREAM: u64 = 2 << 60;

/// See the top of the file.
#[derive(Default)]
pub(crate) struct Upstream {
    ports: HashMap<u64, (UdpSocket, SocketAddr)>,
    streams: HashMap<u64, Line>,
    /// Whom to believe that a server is the one it says.
    tls: Option<Arc<ClientConfig>>,
    /// Where servers are reached instead of at their address.
    redirect: HashMap<IpAddr, SocketAddr>,
}

impl Upstream {
    pub(crate) fn new(redirect: HashMap<IpAddr, SocketAddr>, tls: Option<Arc<ClientConfig>>) -> Self {
        Upstream { redirect, tls, ..Upstream::default() }
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
        stream.write(bytes)?;
        poll.change(&stream.stream, STREAM | id, stream.interest())
    }

    /// Begins to connect; the outcome is heard of later.
    pub(crate) fn open(
        &mut self,
        TcpId(id): TcpId,
        to: SocketAddr,
        privacy: &Privacy,
        poll: &mut Poll,
    ) -> io::Result<()> {
        let line = Line::open(self.reached_at(to), self.session(privacy)?)?;
        poll.add(&line.stream, STREAM | id, Interest::WRITE)?;
        self.streams.insert(id, line);
        Ok(())
    }

    fn session(&self, privacy: &Privacy) -> io::Result<Option<ClientConnection>> {
        let (config, name) = match (privacy, &self.tls) {
            (Privacy::Clear, _) => return Ok(None),
            (Privacy::Strict(name), Some(config)) => (Arc::clone(config), name),
            // Nobody has asked for that.
            (Privacy::Strict(_) | Privacy::Opportunistic, _) => return Err(ErrorKind::Unsupported.into()),
        };
        let name = ServerName::try_from(name.to_string()).map_err(io::Error::other)?;
        ClientConnection::new(config, name).map(Some).map_err(io::Error::other)
    }

    pub(crate) fn close_port(&mut self, PortId(id): PortId, poll: &mut Poll) {
        if let Some((socket, _)) = self.ports.remove(&id) {
            let _ = poll.remove(&socket, PORT | id);
        }
    }

    pub(crate) fn close(&mut self, TcpId(id): TcpId, poll: &mut Poll) {
        if let Some(mut stream) = self.streams.remove(&id) {
            stream.say_closed();
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
        let heard = stream.turn(memory);
        let _ = poll.change(&stream.stream, STREAM | id, stream.interest());
        let heard = match heard {
            Ok(heard) => heard,
            Err(error) => {
                if let Some(refusal) = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>())
                {
                    let peer = stream
                        .stream
                        .peer_addr()
                        .map_or_else(|_| "a server".to_owned(), |peer| peer.to_string());
                    warn!(%refusal, "{peer} was to be asked by TLS and is not asked");
                }
                return service.resolver().handle(Input::TcpClosed(TcpId(id)), now);
            }
        };
        if heard.opened {
            service.resolver().handle(Input::TcpOpened(TcpId(id)), now);
        }
        if !heard.octets.is_empty() {
            service.resolver().handle(Input::TcpReceived { id: TcpId(id), bytes: &heard.octets }, now);
        }
        if heard.ended {
            service.resolver().handle(Input::TcpClosed(TcpId(id)), now);
        }
    }
}

fn any(to: SocketAddr) -> SocketAddr {
    match to {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

//! Asking DNS servers from a program: a query and its reply over UDP, TCP or TLS, and the loop that drives a resolver without
//! sockets of its own ([`drive`]).
//!
//! The rule: what comes from elsewhere than where the query went, or under another id, is nobody's reply.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::os::fd::AsFd as _;
use std::time::Duration;

use dns::{Coordinator, Event, Header, Input, PortId, Privacy, Socket, TcpId, Ticket, Transmit};
use net_core::poll::{self, Interest};
use net_core::{Clock, Deadline, Stream, TlsRole};
use proto_core::earliest;

/// Octets that nobody can guess, from the system.
///
/// # Errors
/// The system has none.
pub fn seed() -> io::Result<[u8; 32]> {
    let mut seed = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut seed)?;
    Ok(seed)
}

/// An id for a query.
///
/// # Errors
/// As [`seed`].
pub fn id() -> io::Result<u16> {
    let [a, b, ..] = seed()?;
    Ok(u16::from_be_bytes([a, b]))
}

/// The address to send from, so that any port will do.
fn any(to: SocketAddr) -> SocketAddr {
    match to {
        SocketAddr::V4(_) => (IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0).into(),
        SocketAddr::V6(_) => (IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0).into(),
    }
}

/// Sends a query by UDP from a fresh port and waits for the reply under its id.
///
/// # Errors
/// Nothing came in time, or the system refuses.
pub fn by_udp(to: SocketAddr, query: &[u8], deadline: Deadline) -> io::Result<Vec<u8>> {
    let socket = UdpSocket::bind(any(to))?;
    socket.connect(to)?;
    socket.send(query)?;
    let mut buffer = vec![0; 65_535];
    loop {
        socket.set_read_timeout(deadline.timeout()?)?;
        let len = match socket.recv(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(io::ErrorKind::TimedOut.into());
            }
            other => other?,
        };
        let reply = buffer.get(..len).unwrap_or_default();
        if let (Ok(reply_header), Ok(header)) = (Header::parse(reply), Header::parse(query))
            && reply_header.id == header.id
            && reply_header.is_response()
        {
            return Ok(reply.to_vec());
        }
    }
}

/// A stream to a server (RFC 7766, RFC 7858).
#[derive(Debug)]
pub struct Line {
    stream: Stream,
}

impl Line {
    /// Connects; with TLS to whoever is there, whatever its certificate says: to be private, not to be sure.
    ///
    /// # Errors
    /// It could not be reached in time.
    pub fn open(to: SocketAddr, tls: bool, deadline: Deadline) -> io::Result<Line> {
        let tcp = match deadline.timeout()? {
            Some(left) => TcpStream::connect_timeout(&to, left)?,
            None => TcpStream::connect(to)?,
        };
        let mut stream = Stream::new(tcp)?;
        if tls {
            let config = net_core::tls::dangerous_client_without_verification(&[b"dot"]);
            let role = TlsRole::client(config.map_err(io::Error::other)?, &to.ip().to_string());
            stream.start_tls(role.map_err(io::Error::other)?)?;
            stream.handshake(deadline)?;
        }
        Ok(Line { stream })
    }

    /// Sends a message behind its length.
    ///
    /// # Errors
    /// The connection is gone, or the message longer than any can be.
    pub fn send(&mut self, message: &[u8], deadline: Deadline) -> io::Result<()> {
        let len = u16::try_from(message.len()).map_err(io::Error::other)?;
        self.stream.set_deadline(deadline);
        self.stream.write_all(&[&len.to_be_bytes(), message].concat())
    }

    /// The next message.
    ///
    /// # Errors
    /// The connection ended, or nothing came in time.
    pub fn receive(&mut self, deadline: Deadline) -> io::Result<Vec<u8>> {
        self.stream.set_deadline(deadline);
        let mut len = [0; 2];
        self.stream.read_exact(&mut len)?;
        let mut message = vec![0; u16::from_be_bytes(len).into()];
        self.stream.read_exact(&mut message)?;
        Ok(message)
    }
}

/// The sockets that a coordinator has asked for.
#[derive(Debug, Default)]
struct Sockets {
    ports: BTreeMap<PortId, UdpSocket>,
    streams: BTreeMap<TcpId, TcpStream>,
}

/// What is to be told to the coordinator.
enum Told {
    Datagram(PortId, SocketAddr, Vec<u8>),
    Opened(TcpId),
    Received(TcpId, Vec<u8>),
    Closed(TcpId),
    Failed(Socket),
}

/// Drives a coordinator until the question has its answer; `watch` sees every event. Streams are plain TCP.
///
/// # Errors
/// The system's own.
pub fn drive<C: Coordinator>(
    coordinator: &mut C,
    clock: Clock,
    ticket: Ticket,
    mut watch: impl FnMut(&Event<C::Answer>),
) -> io::Result<C::Answer> {
    let mut sockets = Sockets::default();
    loop {
        let mut told = Vec::new();
        while let Some(event) = coordinator.poll_event() {
            watch(&event);
            match event {
                Event::Done { ticket: done, answer } if done == ticket => return Ok(answer),
                Event::OpenTcp { id, to, privacy: Privacy::Clear } => told.push(sockets.open(id, to)),
                // Better not at all than in the clear.
                Event::OpenTcp { id, .. } => told.push(Told::Closed(id)),
                Event::CloseTcp(id) => drop(sockets.streams.remove(&id)),
                Event::ClosePort(id) => drop(sockets.ports.remove(&id)),
                _ => {}
            }
        }
        while let Some(transmit) = coordinator.poll_transmit(clock.now()) {
            if sockets.transmit(&transmit).is_err() {
                told.push(Told::Failed(transmit.socket));
            }
        }
        if told.is_empty() {
            let due = earliest(coordinator.deadline(), Some(clock.now() + Duration::from_secs(60)));
            told = sockets.wait(due.map_or(Deadline::NEVER, |due| clock.deadline(due)))?;
        }
        for told in told {
            tell(coordinator, &told, clock);
        }
        if coordinator.deadline().is_some_and(|due| due <= clock.now()) {
            coordinator.handle_deadline(clock.now());
        }
    }
}

fn tell(coordinator: &mut impl Coordinator, told: &Told, clock: Clock) {
    let input = match told {
        Told::Datagram(port, from, bytes) => Input::Datagram { port: *port, from: *from, bytes },
        Told::Opened(id) => Input::TcpOpened(*id),
        Told::Received(id, bytes) => Input::TcpReceived { id: *id, bytes },
        Told::Closed(id) => Input::TcpClosed(*id),
        Told::Failed(socket) => Input::SendFailed(*socket),
    };
    coordinator.handle(input, clock.now());
}

impl Sockets {
    /// A program that asks one question has nothing better to do than to wait for the connection.
    fn open(&mut self, id: TcpId, to: SocketAddr) -> Told {
        match TcpStream::connect_timeout(&to, Duration::from_secs(5)) {
            Ok(stream) => {
                self.streams.insert(id, stream);
                Told::Opened(id)
            }
            Err(_) => Told::Closed(id),
        }
    }

    fn transmit(&mut self, transmit: &Transmit) -> io::Result<()> {
        match transmit.socket {
            Socket::FreshPort(id) => {
                let socket = UdpSocket::bind(any(transmit.to))?;
                socket.connect(transmit.to)?;
                socket.send(&transmit.bytes)?;
                self.ports.insert(id, socket);
                Ok(())
            }
            Socket::Tcp(id) => {
                let stream = self.streams.get_mut(&id).ok_or(io::ErrorKind::NotConnected)?;
                stream.write_all(&transmit.bytes)
            }
        }
    }

    /// Until something can be read, or the time has come.
    fn wait(&mut self, deadline: Deadline) -> io::Result<Vec<Told>> {
        let ports = self.ports.values().map(|socket| (socket.as_fd(), Interest::READ));
        let streams = self.streams.values().map(|stream| (stream.as_fd(), Interest::READ));
        let sources: Vec<_> = ports.chain(streams).collect();
        let ready = poll::wait_any(&sources, deadline)?;
        let mut ready = ready.into_iter().map(poll::Ready::any).chain(std::iter::repeat(false));
        let mut told = Vec::new();
        let mut buffer = vec![0; 65_535];
        for ((id, socket), ready) in self.ports.iter().zip(ready.by_ref()) {
            if ready {
                told.push(read_port(*id, socket, &mut buffer));
            }
        }
        for ((id, stream), ready) in self.streams.iter_mut().zip(ready) {
            if ready {
                told.push(match stream.read(&mut buffer) {
                    Ok(0) | Err(_) => Told::Closed(*id),
                    Ok(len) => Told::Received(*id, buffer.get(..len).unwrap_or_default().to_vec()),
                });
            }
        }
        Ok(told)
    }
}

fn read_port(id: PortId, socket: &UdpSocket, buffer: &mut [u8]) -> Told {
    match socket.recv_from(buffer) {
        Ok((len, from)) => Told::Datagram(id, from, buffer.get(..len).unwrap_or_default().to_vec()),
        Err(_) => Told::Failed(Socket::FreshPort(id)),
    }
}

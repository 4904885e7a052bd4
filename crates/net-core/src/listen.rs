//! Listening for connections.
//!
//! The rule: accepting never blocks longer than its deadline, and another thread can end it at any moment. One
//! [`Listener`] holds as many sockets as its addresses need; `[::]` hears IPv4 as well, on one socket where the system
//! allows it and on two where it does not.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use crate::Deadline;
use crate::poll::{self, Interest, Waker};

/// How many connections the kernel keeps until they are accepted. 128, an old default, drops bursts.
pub const BACKLOG: i32 = 1024;

/// How often a free port is looked for that two sockets can share.
const SHARED_PORT_TRIES: usize = 16;

/// One or more listening sockets, and a bell to end a wait for connections.
///
/// ```
/// use std::net::TcpStream;
/// use std::time::Duration;
/// use net_core::{Deadline, Listener, Accept};
///
/// let listener = Listener::bind("127.0.0.1:0".parse()?)?;
/// let client = TcpStream::connect(listener.local_addr())?;
/// let Accept::Connection { stream, peer, .. } = listener.accept(Deadline::after(Duration::from_secs(5)))?
///     else { panic!("nobody came") };
/// assert_eq!(peer, client.local_addr()?);
/// # drop(stream);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Listener {
    sockets: Vec<Heard>,
    waker: Waker,
}

#[derive(Debug)]
struct Heard {
    socket: TcpListener,
    addr: SocketAddr,
    /// Which of the addresses asked for it belongs to.
    index: usize,
}

/// How waiting for a connection ended.
#[derive(Debug)]
pub enum Accept {
    /// Somebody came. The stream blocks, and sends small writes at once (`TCP_NODELAY`).
    Connection {
        /// The connection.
        stream: TcpStream,
        /// Who it is; an IPv4 address heard on an IPv6 socket as plain IPv4.
        peer: SocketAddr,
        /// Which of the listener's addresses it came in at, in the order they were given.
        listener: usize,
    },
    /// Another thread rang the [`waker`](Listener::waker). The bell is silent again.
    Woken,
    /// The deadline passed.
    TimedOut,
}

impl Listener {
    /// Listens at one address. Port 0 picks one; `[::]` hears IPv4, too.
    ///
    /// # Errors
    /// The address is in use, or not this machine's, or needs a privilege.
    pub fn bind(addr: SocketAddr) -> io::Result<Self> {
        Self::bind_all(&[addr], BACKLOG)
    }

    /// Listens at several addresses, with a backlog of the caller's choice.
    ///
    /// # Errors
    /// One of them can't be had; none is kept then. `InvalidInput` if there are none.
    pub fn bind_all(addrs: &[SocketAddr], backlog: i32) -> io::Result<Self> {
        if addrs.is_empty() {
            return Err(io::Error::new(ErrorKind::InvalidInput, "no address to listen at was given"));
        }
        let mut sockets = Vec::with_capacity(addrs.len());
        for (index, &addr) in addrs.iter().enumerate() {
            for socket in bind(addr, backlog)? {
                let addr = socket.local_addr()?;
                sockets.push(Heard { socket, addr, index });
            }
        }
        Ok(Listener { sockets, waker: Waker::new()? })
    }

    /// The first address listened at, with the port the system picked.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.sockets.first().map_or((Ipv4Addr::UNSPECIFIED, 0).into(), |heard| heard.addr)
    }

    /// The addresses listened at, one for each that was asked for and in that order.
    #[must_use]
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        let mut addrs: Vec<_> = self.sockets.iter().map(|heard| (heard.index, heard.addr)).collect();
        addrs.dedup_by_key(|(index, _)| *index);
        addrs.into_iter().map(|(_, addr)| addr).collect()
    }

    /// The listening sockets, for a wait of the caller's own; one that can be read from has a connection for
    /// [`try_accept`](Listener::try_accept).
    pub fn sockets(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.sockets.iter().map(|heard| heard.socket.as_fd())
    }

    /// The bell that ends a wait in [`accept`](Listener::accept), for other threads to ring.
    #[must_use]
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Waits for a connection until the deadline.
    ///
    /// A connection that is there already is preferred to a ring and to a deadline that has passed.
    ///
    /// # Errors
    /// Out of descriptors or memory ([`is_exhaustion`]). A connection that broke while it waited is none: the next is taken.
    pub fn accept(&self, deadline: Deadline) -> io::Result<Accept> {
        loop {
            if let Some(accepted) = self.try_accept()? {
                return Ok(accepted);
            }
            let ready = self.wait(deadline)?;
            if ready == Some(true) {
                continue;
            }
            return match ready {
                Some(_) => Ok(Accept::Woken),
                None => Ok(Accept::TimedOut),
            };
        }
    }

    /// Takes a connection that is there already; `None` if there is none.
    ///
    /// # Errors
    /// As [`accept`](Listener::accept).
    pub fn try_accept(&self) -> io::Result<Option<Accept>> {
        for heard in &self.sockets {
            if let Some((stream, peer)) = accept_one(&heard.socket)? {
                return Ok(Some(Accept::Connection { stream, peer: canonical(peer), listener: heard.index }));
            }
        }
        Ok(None)
    }

    /// Whether a connection came (`true`) or a ring (`false`); `None` at the deadline.
    fn wait(&self, deadline: Deadline) -> io::Result<Option<bool>> {
        if let [heard] = &self.sockets[..] {
            let sources = [(heard.socket.as_fd(), Interest::READ), (self.waker.as_fd(), Interest::READ)];
            let [connection, ring] = poll::wait(sources, deadline)?;
            return Ok(self.judge(connection.any(), ring.any()));
        }
        let sources: Vec<_> =
            self.sockets().chain([self.waker.as_fd()]).map(|fd| (fd, Interest::READ)).collect();
        let ready = poll::wait_any(&sources, deadline)?;
        let ring = ready.last().is_some_and(|ready| ready.any());
        let connection = ready.iter().rev().skip(1).any(|ready| ready.any());
        Ok(self.judge(connection, ring))
    }

    fn judge(&self, connection: bool, ring: bool) -> Option<bool> {
        if connection {
            return Some(true);
        }
        ring.then(|| {
            self.waker.clear();
            false
        })
    }
}

/// `error` says that the process or the system is out of descriptors or memory: waiting may help, closing something
/// will.
#[must_use]
pub fn is_exhaustion(error: &io::Error) -> bool {
    let exhausted = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|errno| exhausted.contains(&errno))
}

/// The address as IPv4 if that is what it is: an IPv6 socket that hears IPv4 calls 192.0.2.1 `::ffff:192.0.2.1`
/// (RFC 4291 section 2.5.5.2).
#[must_use]
pub fn canonical(addr: SocketAddr) -> SocketAddr {
    match addr {
        SocketAddr::V6(v6) => match v6.ip().to_ipv4_mapped() {
            Some(ip) => SocketAddr::new(IpAddr::V4(ip), v6.port()),
            None => addr,
        },
        SocketAddr::V4(_) => addr,
    }
}

fn accept_one(socket: &TcpListener) -> io::Result<Option<(TcpStream, SocketAddr)>> {
    loop {
        match socket.accept() {
            Ok((stream, peer)) => {
                prepare(&stream)?;
                return Ok(Some((stream, peer)));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) if is_about_the_connection(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

/// On Linux an accepted socket blocks although its listener does not, and inherits that it does not delay.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere there is something to do, which may fail")]
fn prepare(_stream: &TcpStream) -> io::Result<()> {
    Ok(())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    // A peer that is gone already makes this fail: reading will tell.
    let _ = stream.set_nodelay(true);
    Ok(())
}

/// accept(2): the errors of a connection that broke while it waited are to be treated like "try again".
fn is_about_the_connection(error: &io::Error) -> bool {
    const BROKEN: [Errno; 11] = [
        Errno::INTR,
        Errno::CONNABORTED,
        Errno::PROTO,
        Errno::PERM,
        Errno::NETDOWN,
        Errno::NOPROTOOPT,
        Errno::HOSTDOWN,
        Errno::HOSTUNREACH,
        Errno::OPNOTSUPP,
        Errno::NETUNREACH,
        Errno::TIMEDOUT,
    ];
    Errno::from_io_error(error).is_some_and(|errno| BROKEN.contains(&errno))
}

/// The sockets that `addr` needs.
fn bind(addr: SocketAddr, backlog: i32) -> io::Result<Vec<TcpListener>> {
    if addr.ip() != IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        return Ok(vec![listen_at(addr, true, backlog)?]);
    }
    match bind_dual(addr, backlog) {
        Ok(socket) => Ok(vec![socket]),
        Err(error) if is_without_v6(&error) => {
            Ok(vec![listen_at((Ipv4Addr::UNSPECIFIED, addr.port()).into(), false, backlog)?])
        }
        Err(error) if error.kind() == ErrorKind::AddrInUse => Err(error),
        Err(_) => bind_two(addr, backlog),
    }
}

/// One socket for both families (RFC 3493 sections 3.7 and 5.3).
fn bind_dual(addr: SocketAddr, backlog: i32) -> io::Result<TcpListener> {
    listen_at(addr, false, backlog)
}

/// A socket for each family, on one port.
fn bind_two(addr: SocketAddr, backlog: i32) -> io::Result<Vec<TcpListener>> {
    let mut tries = if addr.port() == 0 { SHARED_PORT_TRIES } else { 1 };
    loop {
        let v6 = listen_at(addr, true, backlog)?;
        let port = v6.local_addr()?.port();
        match listen_at((Ipv4Addr::UNSPECIFIED, port).into(), false, backlog) {
            Ok(v4) => return Ok(vec![v6, v4]),
            Err(error) if error.kind() == ErrorKind::AddrInUse && tries > 1 => tries -= 1,
            Err(error) => return Err(error),
        }
    }
}

fn listen_at(addr: SocketAddr, only_v6: bool, backlog: i32) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if addr.is_ipv6() {
        socket.set_only_v6(only_v6)?;
    }
    // A restart must not wait for the last run's connections to be forgotten (RFC 9293 section 3.4.2).
    socket.set_reuse_address(true)?;
    socket.bind(&addr.into()).map_err(|error| cant_listen(addr, &error))?;
    socket.listen(backlog).map_err(|error| cant_listen(addr, &error))?;
    socket.set_tcp_nodelay(true)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// What went wrong, and where.
pub(crate) fn cant_listen(addr: SocketAddr, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("can't listen at {addr}: {error}"))
}

fn is_without_v6(error: &io::Error) -> bool {
    error.kind() == ErrorKind::AddrNotAvailable || Errno::from_io_error(error) == Some(Errno::AFNOSUPPORT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::time::Duration;

    fn soon() -> Deadline {
        Deadline::after(Duration::from_secs(20))
    }

    fn connection(listener: &Listener) -> (TcpStream, SocketAddr, usize) {
        match listener.accept(soon()).unwrap() {
            Accept::Connection { stream, peer, listener } => (stream, peer, listener),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_deadline_ends_the_wait() {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let gone = Deadline::after(Duration::from_millis(2));
        assert!(matches!(listener.accept(gone).unwrap(), Accept::TimedOut));
    }

    #[test]
    fn another_thread_ends_the_wait_and_the_bell_is_silent_again() {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let waker = listener.waker();
        let thread = std::thread::spawn(move || waker.ring());
        assert!(matches!(listener.accept(soon()).unwrap(), Accept::Woken));
        thread.join().unwrap();
        let gone = Deadline::after(Duration::from_millis(1));
        assert!(matches!(listener.accept(gone).unwrap(), Accept::TimedOut));
    }

    #[test]
    fn a_waiting_connection_is_preferred_to_a_ring_and_a_passed_deadline() {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let _client = TcpStream::connect(listener.local_addr()).unwrap();
        listener.waker().ring();
        let gone = Deadline::at(std::time::Instant::now());
        assert!(matches!(listener.accept(gone).unwrap(), Accept::Connection { .. }));
        assert!(matches!(listener.accept(gone).unwrap(), Accept::Woken));
    }

    #[test]
    fn accepted_streams_block_and_do_not_delay() {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let client = TcpStream::connect(listener.local_addr()).unwrap();
        let (mut stream, ..) = connection(&listener);
        assert!(stream.nodelay().unwrap());
        stream.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        assert!(stream.read(&mut [0]).is_err()); // by the timeout, or it would be non-blocking
        drop(client);
    }

    fn hears_both_families(sockets: Vec<TcpListener>) {
        let port = sockets[0].local_addr().unwrap().port();
        let heard = sockets.into_iter().map(|socket| {
            let addr = socket.local_addr().unwrap();
            Heard { socket, addr, index: 0 }
        });
        let listener = Listener { sockets: heard.collect(), waker: Waker::new().unwrap() };
        assert_eq!(listener.local_addrs().len(), 1);
        for host in ["127.0.0.1", "::1"] {
            let ip: IpAddr = host.parse().unwrap();
            let client = TcpStream::connect((ip, port)).unwrap();
            let (_, peer, _) = connection(&listener);
            assert_eq!(peer, client.local_addr().unwrap(), "plain IPv4, not mapped");
        }
    }

    fn has_v6() -> bool {
        TcpListener::bind("[::1]:0").is_ok()
    }

    #[test]
    fn one_socket_or_two_hear_both_families() {
        if !has_v6() {
            return; // a machine without IPv6: `bind` falls back to IPv4, see below
        }
        hears_both_families(bind("[::]:0".parse().unwrap(), 16).unwrap());
        hears_both_families(bind_two("[::]:0".parse().unwrap(), 16).unwrap());
    }

    #[test]
    fn the_unspecified_address_works_with_and_without_v6() {
        let listener = Listener::bind("[::]:0".parse().unwrap()).unwrap();
        let client = TcpStream::connect(("127.0.0.1", listener.local_addr().port())).unwrap();
        assert_eq!(connection(&listener).1, client.local_addr().unwrap());
    }

    #[test]
    fn a_connection_knows_the_address_it_came_in_at() {
        let both: [SocketAddr; 2] = ["127.0.0.1:0".parse().unwrap(), "127.0.0.2:0".parse().unwrap()];
        let listener = Listener::bind_all(&both, BACKLOG).unwrap();
        for (index, addr) in listener.local_addrs().into_iter().enumerate() {
            let _client = TcpStream::connect(addr).unwrap();
            assert_eq!(connection(&listener).2, index);
        }
    }

    #[test]
    fn a_taken_port_is_named_in_the_error() {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let error = Listener::bind(listener.local_addr()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(error.to_string().contains(&listener.local_addr().to_string()));
    }
}

//! A byte stream between two hosts: plain TCP, or TLS over it.
//!
//! The rule: a write never blocks. What does not fit is the caller's to keep, and waiting is a call of its own that
//! watches for input as well, so that two ends which both have much to say can't lock each other up. A read may block,
//! on the socket itself, with a timeout that is set again only when a deadline has moved earlier or has nearly come.

use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use proto_core::End;
use rustix::event::{PollFd, PollFlags};
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, recv, send, sendmsg};

use crate::Deadline;
use crate::poll::{self, Interest, Ready};
#[cfg(feature = "tls")]
use crate::tls::{Session, TlsRole};

/// How much one read takes at most. A window's worth; it lies on the stack, so an idle connection does not pay for it.
const READ: usize = 64 << 10;
/// How many pieces one vectored write takes: more than a turn of any protocol here puts out.
pub(crate) const SLICES: usize = 16;
/// A deadline nearer than this is waited for exactly, a farther one in halves.
const NEAR: Duration = Duration::from_millis(20);

/// How long a call may wait. It may give up earlier; whoever has a deadline looks at the clock and calls again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Not at all.
    None,
    /// About this long.
    For(Duration),
    /// Until something happens.
    Forever,
}

impl Patience {
    /// As long as there is time until `deadline`.
    #[must_use]
    pub fn until(deadline: Deadline) -> Self {
        match deadline.left() {
            None => Patience::Forever,
            Some(Duration::ZERO) => Patience::None,
            Some(left) => Patience::For(left),
        }
    }

    /// No longer than `time`.
    #[must_use]
    pub fn at_most(self, time: Duration) -> Self {
        match self {
            Patience::Forever => Patience::For(time),
            Patience::For(longer) => Patience::For(longer.min(time)),
            Patience::None => Patience::None,
        }
    }

    fn timeout(self) -> Option<Duration> {
        match self {
            Patience::None => Some(Duration::ZERO),
            Patience::For(time) => Some(time),
            Patience::Forever => None,
        }
    }
}

/// What moves bytes below a [`Stream`]: a [`Socket`], or memory in a test.
///
/// Errors are std's: [`WouldBlock`](io::ErrorKind::WouldBlock) where nothing can be done within the patience given,
/// [`Interrupted`](io::ErrorKind::Interrupted) at will; both are retried by the stream's owner.
pub trait Transport {
    /// Reads into `buf`; 0 is the end.
    ///
    /// # Errors
    /// `WouldBlock`: nothing came in time.
    fn read(&mut self, buf: &mut [u8], patience: Patience) -> io::Result<usize>;

    /// Hands what has come in to `take`, without a buffer of the caller's; 0 is the end.
    ///
    /// # Errors
    /// As [`read`](Transport::read).
    fn receive(&mut self, patience: Patience, take: &mut dyn FnMut(&[u8])) -> io::Result<usize> {
        let mut buf = [0; 4096];
        let n = self.read(&mut buf, patience)?;
        take(buf.get(..n).unwrap_or_default());
        Ok(n)
    }

    /// Writes from the front of `slices` what fits now. Never waits.
    ///
    /// # Errors
    /// `WouldBlock`: nothing fits.
    fn send(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Sends up to `n` bytes of `file` from offset `at`, what fits now; 0 is the file's end.
    ///
    /// # Errors
    /// As [`send`](Transport::send), and the file's own.
    fn send_file(&mut self, file: &File, at: u64, n: usize) -> io::Result<usize> {
        let mut buf = [0; 16 << 10];
        let most = n.min(buf.len());
        let read = read_at(file, buf.get_mut(..most).unwrap_or_default(), at)?;
        match buf.get(..read) {
            None | Some([]) => Ok(0),
            Some(bytes) => self.send(&[IoSlice::new(bytes)]),
        }
    }

    /// Half-closes: the peer reads the end once it has read all that was sent.
    ///
    /// # Errors
    /// The connection is gone already.
    fn shut_write(&mut self) -> io::Result<()>;

    /// Waits until something of `interest` can be done, or one of the `bells` (at most two) can be read from; then it
    /// may be that nothing can be done.
    ///
    /// # Errors
    /// The system's; `Interrupted` is one.
    fn wait(&mut self, interest: Interest, patience: Patience, bells: &[BorrowedFd<'_>])
    -> io::Result<Ready>;
}

/// Reads from a place in a file without moving its cursor.
pub(crate) fn read_at(file: &File, buf: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buf, at)
}

/// A TCP socket, in blocking mode wherever it waits in a read.
#[derive(Debug)]
pub struct Socket {
    tcp: Arc<TcpStream>,
    /// The receive timeout that the kernel knows of.
    armed: Armed,
    /// It rang last time, so that the next one should be as long as can be.
    rang: bool,
    /// Left in non-blocking mode by a file transfer; put right before the next read that may block.
    nonblocking: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Armed {
    Unknown,
    Never,
    After(Duration),
}

impl Socket {
    /// Takes over a connected socket with its options: no-delay is on by default, for whole messages are written at
    /// once here, and Nagle's algorithm would only hold them back (RFC 896; RFC 1122 section 4.2.3.4).
    ///
    /// # Errors
    /// An option could not be set: the connection is gone already.
    pub fn new(tcp: impl Into<Arc<TcpStream>>) -> io::Result<Self> {
        let tcp = tcp.into();
        tcp.set_nodelay(true)?;
        tcp.set_nonblocking(false)?;
        Ok(Socket { tcp, armed: Armed::Unknown, rang: false, nonblocking: false })
    }

    /// The socket itself, for its options and addresses. Its timeouts and its blocking mode are not the caller's.
    #[must_use]
    pub fn tcp(&self) -> &TcpStream {
        &self.tcp
    }

    /// The socket, blocking and without timeouts.
    ///
    /// # Errors
    /// The options could not be set back.
    pub fn into_tcp(self) -> io::Result<Arc<TcpStream>> {
        self.tcp.set_nonblocking(false)?;
        self.tcp.set_read_timeout(None)?;
        Ok(self.tcp)
    }

    /// Sets the receive timeout, if the one that is set would ring too late. Half of what is left is asked for: so a
    /// deadline that moves on with every message needs no call again, and a fixed one a handful.
    fn arm(&mut self, wanted: Option<Duration>) -> io::Result<()> {
        let time = wanted.map(|left| if left > NEAR { left / 2 } else { left });
        let early_enough = match (self.armed, wanted) {
            (Armed::Unknown, _) | (Armed::Never, Some(_)) => false,
            (Armed::Never, None) => true,
            (Armed::After(_), None) => !self.rang,
            (Armed::After(time), Some(left)) => time <= left && !self.rang,
        };
        if early_enough {
            return Ok(());
        }
        self.rang = false;
        let armed = time.map_or(Armed::Never, Armed::After);
        if armed != self.armed {
            self.tcp.set_read_timeout(time)?;
            self.armed = armed;
        }
        Ok(())
    }

    /// Readies the socket for a read that waits so long; the flags that it is to be called with.
    fn ready_to_read(&mut self, patience: Patience) -> io::Result<RecvFlags> {
        let wanted = match patience {
            Patience::None | Patience::For(Duration::ZERO) => return Ok(RecvFlags::DONTWAIT),
            Patience::For(time) => Some(time),
            Patience::Forever => None,
        };
        if self.nonblocking {
            self.tcp.set_nonblocking(false)?;
            self.nonblocking = false;
        }
        self.arm(wanted)?;
        Ok(RecvFlags::empty())
    }

    fn note_ring(&mut self, flags: RecvFlags, error: rustix::io::Errno) -> io::Error {
        self.rang |= flags.is_empty() && error == rustix::io::Errno::AGAIN;
        error.into()
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.tcp.as_fd()
    }
}

#[cfg(not(target_vendor = "apple"))]
const SEND: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);
#[cfg(target_vendor = "apple")]
const SEND: SendFlags = SendFlags::DONTWAIT;

impl Transport for Socket {
    fn read(&mut self, buf: &mut [u8], patience: Patience) -> io::Result<usize> {
        let flags = self.ready_to_read(patience)?;
        let received = recv(&*self.tcp, buf, flags);
        Ok(received.map_err(|error| self.note_ring(flags, error))?.1)
    }

    fn receive(&mut self, patience: Patience, take: &mut dyn FnMut(&[u8])) -> io::Result<usize> {
        let flags = self.ready_to_read(patience)?;
        let mut room = [MaybeUninit::<u8>::uninit(); READ];
        match recv(&*self.tcp, &mut room, flags) {
            Ok(((bytes, _), n)) => {
                take(bytes);
                Ok(n)
            }
            Err(error) => Err(self.note_ring(flags, error)),
        }
    }

    fn send(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let sent = match slices {
            [one] => send(&*self.tcp, one, SEND),
            many => sendmsg(&*self.tcp, many, &mut SendAncillaryBuffer::default(), SEND),
        };
        Ok(sent?)
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn send_file(&mut self, file: &File, at: u64, n: usize) -> io::Result<usize> {
        // sendfile has no flag to go without waiting; the mode does it, and stays for the pieces to come
        if !self.nonblocking {
            self.tcp.set_nonblocking(true)?;
            self.nonblocking = true;
        }
        let mut at = at;
        Ok(rustix::fs::sendfile(&*self.tcp, file, Some(&mut at), n)?)
    }

    fn shut_write(&mut self) -> io::Result<()> {
        self.tcp.shutdown(Shutdown::Write)
    }

    fn wait(
        &mut self,
        interest: Interest,
        patience: Patience,
        bells: &[BorrowedFd<'_>],
    ) -> io::Result<Ready> {
        let events = poll::flags(interest);
        let timeout = patience.timeout().map(poll::timespec);
        let mut fds = [(); 3].map(|()| PollFd::new(&*self.tcp, events));
        // a hang-up that nobody asked for would ring for ever
        let first = usize::from(!events.is_empty());
        for (place, bell) in fds.iter_mut().skip(first).zip(bells) {
            *place = PollFd::from_borrowed_fd(*bell, PollFlags::IN);
        }
        let count = first + bells.len().min(2);
        rustix::event::poll(fds.get_mut(..count).unwrap_or_default(), timeout.as_ref())?;
        let [socket, ..] = fds;
        Ok(if first == 0 { Ready::default() } else { poll::ready(socket.revents()) })
    }
}

/// What a read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// Bytes were appended.
    Bytes,
    /// Nothing yet, look at the clock and call again.
    Nothing,
    End(End),
}

/// Why the byte layer failed.
#[derive(Debug)]
pub(crate) enum Failure {
    Io(io::Error),
    #[cfg(feature = "tls")]
    Tls(rustls::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Io(error)
    }
}

impl From<Failure> for io::Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Io(error) => error,
            #[cfg(feature = "tls")]
            Failure::Tls(error) => io::Error::new(io::ErrorKind::InvalidData, error),
        }
    }
}

/// A byte stream: plain, or TLS in either role; over a [`Socket`] unless said otherwise.
///
/// A [`Connection`](crate::Connection) drives an endpoint over it. Where there is none (a tunnel, a toy), it is a
/// [`Read`] and a [`Write`] that obey one absolute [`Deadline`].
#[derive(Debug)]
pub struct Stream<T = Socket> {
    transport: T,
    #[cfg(feature = "tls")]
    tls: Option<Box<Session>>,
    /// Read from below, and not yet by anybody.
    unread: BytesMut,
    deadline: Deadline,
    /// The incoming side's end, once it is known.
    end: Option<End>,
    /// A write met a reset: what comes in may be cut short, though it will look like an orderly end.
    reset: bool,
}

impl Stream {
    /// A stream over a connected socket, with no-delay.
    ///
    /// # Errors
    /// An option could not be set: the connection is gone already.
    pub fn new(tcp: impl Into<Arc<TcpStream>>) -> io::Result<Self> {
        Ok(Stream::over(Socket::new(tcp)?))
    }

    /// The socket below, for its options and addresses.
    #[must_use]
    pub fn tcp(&self) -> &TcpStream {
        self.transport.tcp()
    }

    /// Where the peer is.
    ///
    /// # Errors
    /// The connection is gone already.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.tcp().peer_addr()
    }

    /// Where we are.
    ///
    /// # Errors
    /// The connection is gone already.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp().local_addr()
    }

    /// Asks a silent peer for a sign of life after `idle`, and every tenth of that from then on (RFC 9293 section
    /// 3.8.4); `None`: never, which is the default.
    ///
    /// # Errors
    /// The system refuses.
    pub fn set_keep_alive(&self, idle: Option<Duration>) -> io::Result<()> {
        let socket = socket2::SockRef::from(self.tcp());
        let Some(idle) = idle else { return socket.set_keepalive(false) };
        let every = (idle / 10).max(Duration::from_secs(1));
        socket.set_tcp_keepalive(&socket2::TcpKeepalive::new().with_time(idle).with_interval(every))
    }

    /// Sends small writes at once (on by default), or lets them gather.
    ///
    /// # Errors
    /// The system refuses.
    pub fn set_no_delay(&self, on: bool) -> io::Result<()> {
        self.tcp().set_nodelay(on)
    }
}

impl<T: AsFd> AsFd for Stream<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.transport.as_fd()
    }
}

impl<T: Transport> Stream<T> {
    /// A stream over any mover of bytes.
    pub fn over(transport: T) -> Self {
        Stream {
            transport,
            #[cfg(feature = "tls")]
            tls: None,
            unread: BytesMut::new(),
            deadline: Deadline::NEVER,
            end: None,
            reset: false,
        }
    }

    /// What moves the bytes below.
    pub fn transport(&self) -> &T {
        &self.transport
    }

    /// What moves the bytes below, to take over; TLS on top of it is lost.
    pub fn into_transport(self) -> T {
        self.transport
    }

    /// By when [`Read`] and [`Write`] must be done, all calls together.
    pub fn set_deadline(&mut self, deadline: Deadline) {
        self.deadline = deadline;
    }

    /// Half-closes, once what was written has left: with TLS a close-notify goes first (RFC 8446 section 6.1).
    ///
    /// # Errors
    /// The deadline has passed, or the connection is gone.
    pub fn shut_write(&mut self) -> io::Result<()> {
        loop {
            match self.try_shut() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.await_room()?,
                done => return done,
            }
        }
    }

    /// TLS is spoken, or about to be.
    pub fn is_tls(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.tls.is_some();
        #[cfg(not(feature = "tls"))]
        false
    }

    /// Appends what comes in to `input`.
    pub(crate) fn receive(&mut self, patience: Patience, input: &mut BytesMut) -> Result<Received, Failure> {
        if !self.unread.is_empty() {
            input.unsplit(self.unread.split());
            return Ok(Received::Bytes);
        }
        if let Some(end) = self.end {
            return Ok(Received::End(end));
        }
        let received = self.receive_below(patience, input);
        match received {
            Ok(Received::End(end)) => {
                let end = if self.reset { End::Cut } else { end };
                self.end = Some(end);
                Ok(Received::End(end))
            }
            Err(Failure::Io(error)) if is_passing(&error) => Ok(Received::Nothing),
            Err(failure) => {
                self.end = Some(End::Cut);
                Err(failure)
            }
            other => other,
        }
    }

    fn receive_below(&mut self, patience: Patience, input: &mut BytesMut) -> Result<Received, Failure> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            return tls.receive(&mut self.transport, patience, input);
        }
        let n = self.transport.receive(patience, &mut |bytes| input.extend_from_slice(bytes))?;
        Ok(if n == 0 { Received::End(End::Clean) } else { Received::Bytes })
    }

    /// Reads straight into `buf` what is unread below; `None` where a layer is in between.
    pub(crate) fn read_direct(
        &mut self,
        buf: &mut [u8],
        patience: Patience,
    ) -> Option<Result<(Received, usize), Failure>> {
        if self.is_tls() || !self.unread.is_empty() || self.end.is_some() {
            return None;
        }
        Some(match self.transport.read(buf, patience) {
            Ok(0) => {
                let end = if self.reset { End::Cut } else { End::Clean };
                self.end = Some(end);
                Ok((Received::End(end), 0))
            }
            Ok(n) => Ok((Received::Bytes, n)),
            Err(error) if is_passing(&error) => Ok((Received::Nothing, 0)),
            Err(error) => {
                self.end = Some(End::Cut);
                Err(error.into())
            }
        })
    }

    /// Writes what fits now; `WouldBlock` if nothing does. Interruptions are retried.
    pub(crate) fn send(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let sent = loop {
            match self.send_below(slices) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                sent => break sent,
            }
        };
        self.note_reset(&sent);
        sent
    }

    fn send_below(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            return tls.send(&mut self.transport, slices);
        }
        self.transport.send(slices)
    }

    /// Sends a piece of a file, what fits now; 0 is the file's end.
    pub(crate) fn send_file(&mut self, file: &File, at: u64, n: usize) -> io::Result<usize> {
        let sent = loop {
            match self.send_file_below(file, at, n) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                sent => break sent,
            }
        };
        self.note_reset(&sent);
        sent
    }

    fn send_file_below(&mut self, file: &File, at: u64, n: usize) -> io::Result<usize> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            return tls.send_file(&mut self.transport, file, at, n);
        }
        self.transport.send_file(file, at, n)
    }

    /// The kernel tells of a reset once: if a write has heard of it, a read sees what looks like an orderly end.
    fn note_reset(&mut self, sent: &io::Result<usize>) {
        self.reset |= matches!(sent, Err(error) if error.kind() == io::ErrorKind::ConnectionReset);
    }

    /// Something accepted by [`send`](Stream::send) has not left yet.
    pub(crate) fn is_unsent(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.tls.as_ref().is_some_and(|tls| tls.is_unsent());
        #[cfg(not(feature = "tls"))]
        false
    }

    /// Lets leave what [`send`](Stream::send) has accepted; `WouldBlock` if not all of it did.
    pub(crate) fn flush_below(&mut self) -> io::Result<()> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            return tls.flush(&mut self.transport);
        }
        Ok(())
    }

    /// Half-closes now, or says `WouldBlock` while something is unsent.
    pub(crate) fn try_shut(&mut self) -> io::Result<()> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            tls.close(&mut self.transport)?;
        }
        self.transport.shut_write()
    }

    /// Tells a TLS peer that this is the end, as far as that goes without waiting.
    pub(crate) fn say_closed(&mut self) {
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            let _ = tls.close(&mut self.transport);
        }
    }

    pub(crate) fn wait(
        &mut self,
        interest: Interest,
        patience: Patience,
        bells: &[BorrowedFd<'_>],
    ) -> io::Result<Ready> {
        match self.transport.wait(interest, patience, bells) {
            Err(error) if is_passing(&error) => Ok(Ready::default()),
            ready => ready,
        }
    }

    /// Nothing can be written before a handshake is complete, and that needs reading.
    fn settle(&mut self) -> io::Result<()> {
        #[cfg(feature = "tls")]
        self.handshake(self.deadline)?;
        Ok(())
    }

    fn await_room(&mut self) -> io::Result<()> {
        self.deadline.timeout()?;
        self.wait(Interest::WRITE, Patience::until(self.deadline), &[])?;
        Ok(())
    }

    /// Fills `unread`; `false` at the end.
    fn fill(&mut self) -> io::Result<bool> {
        let mut fresh = BytesMut::new();
        self.settle()?;
        loop {
            self.deadline.timeout()?;
            if self.is_unsent() {
                self.wait(Interest::BOTH, Patience::until(self.deadline), &[])?;
            }
            match self.receive(Patience::until(self.deadline), &mut fresh)? {
                Received::Bytes => break,
                Received::Nothing => {}
                Received::End(End::Clean) => return Ok(false),
                Received::End(End::Cut) => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        self.unread = fresh;
        Ok(true)
    }
}

#[cfg(feature = "tls")]
impl<T: Transport> Stream<T> {
    /// Puts TLS on top of the stream. The handshake takes place with the first reads and writes, or in
    /// [`handshake`](Stream::handshake).
    ///
    /// # Errors
    /// TLS is there already, bytes of the clear stream are unread, or the configuration is refused.
    pub fn start_tls(&mut self, role: TlsRole) -> io::Result<()> {
        if self.tls.is_some() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the stream speaks TLS already"));
        }
        if !self.unread.is_empty() {
            let what = "clear text was waiting where TLS was to start";
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        self.tls = Some(Box::new(Session::new(role).map_err(Failure::Tls)?));
        Ok(())
    }

    /// Completes the TLS handshake, if there is one to complete.
    ///
    /// # Errors
    /// The peer fails it, or `deadline` passes.
    pub fn handshake(&mut self, deadline: Deadline) -> io::Result<()> {
        while self.is_handshaking() {
            deadline.timeout()?;
            self.shake(Patience::until(deadline))?;
        }
        Ok(())
    }

    /// A TLS handshake is not complete yet.
    pub fn is_handshaking(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.is_handshaking())
    }

    /// The TLS session: what was agreed on, the peer's certificates.
    pub fn session(&self) -> Option<&rustls::Connection> {
        self.tls.as_ref().map(|tls| tls.connection())
    }

    /// The protocol agreed on by ALPN (RFC 7301).
    pub fn alpn(&self) -> Option<&[u8]> {
        self.session()?.alpn_protocol()
    }

    /// A step of the handshake.
    fn shake(&mut self, patience: Patience) -> Result<(), Failure> {
        match self.flush_below() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.wait(Interest::BOTH, patience, &[])?;
            }
            done => done?,
        }
        if !self.is_handshaking() {
            return Ok(());
        }
        let patience = if self.is_unsent() { Patience::None } else { patience };
        let mut early = BytesMut::new();
        let received = self.receive(patience, &mut early)?;
        self.unread.unsplit(early);
        match received {
            Received::End(_) => Err(Failure::Io(io::ErrorKind::UnexpectedEof.into())),
            _ => Ok(()),
        }
    }
}

/// An interruption, or nothing to be done now.
fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock)
}

/// Blocks until something comes or the deadline passes. A TLS stream that ends without close-notify is an error, not
/// an end.
impl<T: Transport> Read for Stream<T> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() || (self.unread.is_empty() && !self.fill()?) {
            return Ok(0);
        }
        let n = buf.len().min(self.unread.len());
        self.unread.copy_to_slice(buf.get_mut(..n).unwrap_or_default());
        Ok(n)
    }
}

/// Blocks while there is no room, until the deadline passes.
impl<T: Transport> Write for Stream<T> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(buf)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        if slices.iter().all(|slice| slice.is_empty()) {
            return Ok(0);
        }
        self.settle()?;
        loop {
            match self.send(slices) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.await_room()?,
                sent => return sent,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.settle()?;
        loop {
            match self.flush_below() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.await_room()?,
                done => return done,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn pair() -> (Socket, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (Socket::new(near).unwrap(), listener.accept().unwrap().0)
    }

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn the_timeout_is_set_again_only_when_it_would_ring_too_late() {
        let (mut socket, _peer) = pair();
        // what is left until the deadline, and the timeout that the kernel then knows of
        let table = [
            (Some(MINUTE), Some(MINUTE / 2)),
            (Some(MINUTE), Some(MINUTE / 2)), // it has moved on: nothing to do
            (Some(MINUTE * 2 / 3), Some(MINUTE / 2)), // it has come nearer: still in time
            (None, Some(MINUTE / 2)),         // none any more: ringing early does no harm
            (Some(MINUTE / 3), Some(MINUTE / 6)), // too late: again
            (Some(NEAR), Some(NEAR)),         // near: exactly
        ];
        for (left, timeout) in table {
            socket.arm(left).unwrap();
            assert_eq!(socket.tcp.read_timeout().unwrap(), timeout, "{left:?} left");
        }
    }

    #[test]
    fn after_it_has_rung_the_timeout_is_as_long_as_can_be() {
        let (mut socket, _peer) = pair();
        let late = socket.read(&mut [0], Patience::For(Duration::from_millis(1))).unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::WouldBlock);
        socket.arm(None).unwrap();
        assert_eq!(socket.tcp.read_timeout().unwrap(), None);
    }

    #[test]
    fn no_patience_is_no_wait() {
        let (mut socket, mut peer) = pair();
        let nothing = socket.receive(Patience::None, &mut |_| panic!("nothing has come")).unwrap_err();
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
        assert_eq!(socket.armed, Armed::Unknown, "no option call for a look");
        peer.write_all(b"x").unwrap();
        let ready = socket.wait(Interest::READ, Patience::Forever, &[]).unwrap();
        assert!(ready.read);
        assert_eq!(socket.receive(Patience::None, &mut |bytes| assert_eq!(bytes, b"x")).unwrap(), 1);
    }

    #[test]
    fn a_write_finds_no_room_and_comes_back() {
        let (mut socket, mut peer) = pair();
        let piece = vec![b'x'; 1 << 20];
        let mut sent = 0;
        let full = loop {
            match socket.send(&[IoSlice::new(&piece), IoSlice::new(b"y")]) {
                Ok(n) => sent += n,
                Err(error) => break error,
            }
        };
        assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
        let none = socket.wait(Interest::WRITE, Patience::None, &[]).unwrap();
        assert!(!none.write);
        drop(socket);
        assert_eq!(io::copy(&mut peer, &mut io::sink()).unwrap(), sent as u64);
    }
}

//! A connection to a server that never waits: TCP, or TLS on top of it.
//!
//! The rule: every turn does what can be done now and tells what came of it. With TLS nothing is open before the server has
//! proven who it is.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;

use net_core::poll::Interest;
use rustls::ClientConnection;

/// See the top of the file.
pub(crate) struct Line {
    pub(crate) stream: TcpStream,
    connected: bool,
    tls: Option<Box<ClientConnection>>,
    /// What is not in the hands of TLS or the kernel yet.
    unsent: Vec<u8>,
}

/// What a turn has brought.
#[derive(Default)]
pub(crate) struct Heard {
    /// Now it can be written to.
    pub(crate) opened: bool,
    pub(crate) octets: Vec<u8>,
    pub(crate) ended: bool,
}

impl Line {
    /// Begins to connect; the outcome is heard of later.
    pub(crate) fn open(to: SocketAddr, tls: Option<ClientConnection>) -> io::Result<Line> {
        let stream = begin_to_connect(to)?;
        Ok(Line { stream, connected: false, tls: tls.map(Box::new), unsent: Vec::new() })
    }

    pub(crate) fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.unsent.extend_from_slice(octets);
        self.flush()
    }

    /// The socket is ready for something.
    pub(crate) fn turn(&mut self, memory: &mut [u8]) -> io::Result<Heard> {
        let mut heard = Heard::default();
        if !self.connected {
            if let Some(error) = self.stream.take_error()? {
                return Err(error);
            }
            self.connected = true;
            heard.opened = self.tls.is_none();
            self.flush()?;
            return Ok(heard);
        }
        self.flush()?;
        match self.stream.read(memory) {
            Ok(0) => heard.ended = true,
            Ok(len) => self.take(&memory[..len], &mut heard)?,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => return Err(error),
        }
        Ok(heard)
    }

    fn take(&mut self, mut octets: &[u8], heard: &mut Heard) -> io::Result<()> {
        let Some(tls) = &mut self.tls else {
            heard.octets.extend_from_slice(octets);
            return Ok(());
        };
        let opening = tls.is_handshaking();
        let mut outcome = Ok(());
        while outcome.is_ok() && !heard.ended && tls.read_tls(&mut octets)? > 0 {
            outcome = tls.process_new_packets().map(|state| heard.ended = state.peer_has_closed());
            // "Would block" says that this was all.
            let _ = tls.reader().read_to_end(&mut heard.octets);
        }
        heard.opened = opening && !tls.is_handshaking() && outcome.is_ok();
        // An answer of the handshake, or what went wrong with it.
        let flushed = self.flush();
        outcome.map_err(io::Error::other).and(flushed)
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.connected {
            return Ok(());
        }
        loop {
            let written = match &mut self.tls {
                Some(tls) => {
                    if !tls.is_handshaking() {
                        let taken = tls.writer().write(&self.unsent)?;
                        self.unsent.drain(..taken);
                    }
                    if !tls.wants_write() {
                        return Ok(());
                    }
                    tls.write_tls(&mut self.stream)
                }
                None if self.unsent.is_empty() => return Ok(()),
                None => self.stream.write(&self.unsent).inspect(|len| drop(self.unsent.drain(..*len))),
            };
            match written {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn interest(&self) -> Interest {
        let unsent = match &self.tls {
            Some(tls) => tls.wants_write(),
            None => !self.unsent.is_empty(),
        };
        Interest { read: self.connected, write: !self.connected || unsent }
    }

    /// RFC 8446 section 6.1: says that this is the end, as far as that goes without waiting.
    pub(crate) fn say_closed(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            let _ = self.flush();
        }
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

//! A socket that never waits, with what may lie on top of it: a PROXY header in front, TLS all along.
//!
//! The rule: every call does what can be done now and says [`WouldBlock`](io::ErrorKind::WouldBlock) where nothing can. Who
//! waits, and with what, is another file's business: mio's and tokio's sockets are the same here.

use std::fs::File;
use std::io::{self, BufRead as _, IoSlice, Write};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use bytes::BytesMut;
use net_core::proxy::Parser;
use proto_core::{End, Output};
use rustls::{ServerConfig, ServerConnection};

/// How many pieces one write takes.
const SLICES: usize = 16;
/// How much of a file one call moves, so that others get their turn.
const PIECE: u64 = 256 << 10;
/// How much of a file is put into TLS records at a time.
const RECORDS: usize = 32 << 10;

/// What a runtime's TCP stream has to be able to do. Nothing here waits.
pub(crate) trait Socket {
    /// Reads into `buf`; 0 is the end.
    fn receive(&mut self, buf: &mut [u8]) -> io::Result<usize>;
    /// The same, and the system itself is asked, whatever the runtime has heard of so far.
    fn receive_now(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.receive(buf)
    }
    /// Writes from the front of `slices` what fits.
    fn send(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize>;
    /// Sends a piece of `file` from `at` without it ever coming up here; 0 is the file's end.
    fn send_file(&mut self, file: &File, at: u64, n: usize) -> io::Result<usize>;
    /// Half-closes.
    fn shut(&mut self) -> io::Result<()>;
}

/// What a read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Got {
    /// So many bytes from the socket. Fewer than there was room for: it is empty now.
    Bytes(usize),
    /// The end.
    End(End),
}

/// A socket with its layers.
pub(crate) struct Wire<S> {
    socket: S,
    /// Reads the PROXY header, as long as it is not complete.
    proxy: Option<Parser>,
    tls: Option<Box<ServerConnection>>,
}

impl<S: Socket> Wire<S> {
    /// A socket at its first byte. `proxied`: a PROXY header comes first; `tls`: then a handshake.
    pub(crate) fn new(
        socket: S,
        proxied: bool,
        tls: Option<Arc<ServerConfig>>,
    ) -> Result<Self, rustls::Error> {
        let tls = tls.map(|config| ServerConnection::new(config).map(Box::new)).transpose()?;
        Ok(Wire { socket, proxy: proxied.then(Parser::new), tls })
    }

    /// The socket below.
    pub(crate) fn socket(&mut self) -> &mut S {
        &mut self.socket
    }

    /// Reads once, by way of `room`, and appends what it says to `input`.
    pub(crate) fn read(&mut self, room: &mut [u8], input: &mut BytesMut) -> io::Result<Got> {
        let received = self.socket.receive(room);
        self.hear(received, room, input)
    }

    /// The same, and what is in the socket is not missed because nobody has told the runtime yet.
    pub(crate) fn read_now(&mut self, room: &mut [u8], input: &mut BytesMut) -> io::Result<Got> {
        let received = self.socket.receive_now(room);
        self.hear(received, room, input)
    }

    fn hear(&mut self, received: io::Result<usize>, room: &[u8], input: &mut BytesMut) -> io::Result<Got> {
        let n = received?;
        if n == 0 {
            // RFC 8446 section 6.1: without a close-notify what came last may be cut short.
            return Ok(Got::End(if self.tls.is_some() { End::Cut } else { End::Clean }));
        }
        let fresh = room.get(..n).unwrap_or_default();
        let ended = self.take_proxied(fresh, input)?;
        Ok(if ended { Got::End(End::Clean) } else { Got::Bytes(n) })
    }

    /// Bytes behind which there is no PROXY header any more. Whether they say that TLS ends.
    fn take(&mut self, mut fresh: &[u8], input: &mut BytesMut) -> io::Result<bool> {
        let Some(tls) = &mut self.tls else {
            input.extend_from_slice(fresh);
            return Ok(false);
        };
        let mut ended = false;
        while !fresh.is_empty() && !ended {
            tls.read_tls(&mut fresh)?;
            match tls.process_new_packets() {
                Ok(state) => ended = state.peer_has_closed(),
                Err(error) => {
                    let _ = self.flush(); // the alert that says why
                    return Err(io::Error::new(io::ErrorKind::InvalidData, error));
                }
            }
            let mut reader = tls.reader();
            while let Ok(clear @ [_, ..]) = reader.fill_buf() {
                input.extend_from_slice(clear);
                let n = clear.len();
                reader.consume(n);
            }
        }
        match self.flush() {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(ended),
        }
    }

    fn take_proxied(&mut self, fresh: &[u8], input: &mut BytesMut) -> io::Result<bool> {
        let Some(parser) = &mut self.proxy else { return self.take(fresh, input) };
        let fed = parser.feed(fresh).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error));
        let (taken, header) = fed?;
        let Some(header) = header else { return Ok(false) };
        tracing::debug!(?header, "PROXY header");
        self.proxy = None;
        self.take(fresh.get(taken..).unwrap_or_default(), input)
    }

    /// Writes what fits of `output`, up to a gap. How much of it is off our hands.
    pub(crate) fn write(&mut self, output: &Output) -> io::Result<usize> {
        let mut pieces = output.slices();
        if let (Some(one), None) = (pieces.next(), pieces.next()) {
            return self.send(&[IoSlice::new(one)]);
        }
        let mut slices = [IoSlice::new(&[]); SLICES];
        let n = output.io_slices(&mut slices);
        self.send(slices.get(..n).unwrap_or_default())
    }

    fn send(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.flush()?;
        let Some(tls) = &mut self.tls else { return self.socket.send(slices) };
        let n = tls.writer().write_vectored(slices)?;
        match self.flush() {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(n),
        }
    }

    /// Sends up to `left` bytes of `file` from `at`; 0 is the file's end.
    pub(crate) fn write_file(&mut self, file: &File, at: u64, left: u64) -> io::Result<usize> {
        let piece = usize::try_from(left.min(PIECE)).unwrap_or(RECORDS);
        if self.tls.is_none() {
            return self.socket.send_file(file, at, piece);
        }
        self.flush()?;
        let mut room = [0; RECORDS];
        let room = room.get_mut(..piece.min(RECORDS)).unwrap_or_default();
        let n = file.read_at(room, at)?;
        match room.get(..n) {
            None | Some([]) => Ok(0),
            Some(bytes) => self.send(&[IoSlice::new(bytes)]),
        }
    }

    /// What is said can be sent: nothing has to be read before.
    pub(crate) fn is_open(&self) -> bool {
        self.proxy.is_none() && self.tls.as_ref().is_none_or(|tls| !tls.is_handshaking())
    }

    /// TLS has something to send, whoever started it.
    pub(crate) fn is_unsent(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.wants_write())
    }

    /// Sends what TLS holds.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let Some(tls) = &mut self.tls else { return Ok(()) };
        while tls.wants_write() {
            if tls.write_tls(&mut Below(&mut self.socket))? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        Ok(())
    }

    /// Half-closes, with TLS behind a close-notify (RFC 8446 section 6.1). Call it again if it would block.
    pub(crate) fn shut(&mut self) -> io::Result<()> {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
        }
        self.flush()?;
        self.socket.shut()
    }
}

/// A socket as rustls wants it.
struct Below<'a, S>(&'a mut S);

impl<S: Socket> Write for Below<'_, S> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.send(&[IoSlice::new(buf)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.send(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

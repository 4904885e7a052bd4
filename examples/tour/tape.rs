//! What crossed a socket, written down where the bytes pass: at the transport below everything else.
//!
//! The rule: the tape only listens. It notes what the system took from us and what it gave us, when it did.

use std::io::{self, IoSlice};
use std::net::TcpStream;
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use net_core::poll::{Interest, Ready};
use net_core::{Patience, Socket, Stream, Transport};

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

/// One side's speech, up to where the other one spoke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Take {
    pub(crate) side: Side,
    pub(crate) what: What,
}

impl Take {
    pub(crate) fn is_end(&self) -> bool {
        self.what == What::Done
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// These bytes.
    Said(Vec<u8>),
    /// The end of its side of the stream.
    Done,
}

/// A recording that goes on as long as somebody writes to it. Clones are the same tape.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tape(Arc<Mutex<Vec<Take>>>);

impl Tape {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn takes(&self) -> MutexGuard<'_, Vec<Take>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn said(&self, side: Side, bytes: &[u8]) {
        let mut takes = self.takes();
        match takes.last_mut() {
            Some(Take { side: last, what: What::Said(said) }) if *last == side => {
                said.extend_from_slice(bytes);
            }
            _ => takes.push(Take { side, what: What::Said(bytes.to_vec()) }),
        }
    }

    /// A datagram, which is a take of its own.
    pub(crate) fn datagram(&self, side: Side, bytes: &[u8]) {
        self.takes().push(Take { side, what: What::Said(bytes.to_vec()) });
    }

    fn done(&self, side: Side) {
        let mut takes = self.takes();
        let done = Take { side, what: What::Done };
        if !takes.contains(&done) {
            takes.push(done);
        }
    }

    /// What was recorded so far; the tape is empty then.
    pub(crate) fn take(&self) -> Vec<Take> {
        std::mem::take(&mut *self.takes())
    }

    /// All that one side has said so far.
    pub(crate) fn speech(&self, of: Side) -> Vec<u8> {
        let takes = self.takes();
        let speech = takes.iter().filter(|take| take.side == of).filter_map(|take| match &take.what {
            What::Said(bytes) => Some(&bytes[..]),
            What::Done => None,
        });
        speech.flatten().copied().collect()
    }
}

/// A client's socket with a tape running.
#[derive(Debug)]
pub(crate) struct Taped {
    socket: Socket,
    tape: Tape,
}

impl Taped {
    /// A stream over a connected client socket, on tape.
    pub(crate) fn stream(tcp: TcpStream, tape: &Tape) -> io::Result<Stream<Taped>> {
        Ok(Stream::over(Taped { socket: Socket::new(tcp)?, tape: tape.clone() }))
    }

    fn heard(&self, bytes: &[u8]) {
        match bytes {
            [] => self.tape.done(Side::Server),
            bytes => self.tape.said(Side::Server, bytes),
        }
    }
}

impl Transport for Taped {
    fn read(&mut self, buf: &mut [u8], patience: Patience) -> io::Result<usize> {
        let n = self.socket.read(buf, patience)?;
        self.heard(buf.get(..n).unwrap_or_default());
        Ok(n)
    }

    fn send(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let n = self.socket.send(slices)?;
        let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter()).copied().take(n).collect();
        self.tape.said(Side::Client, &all);
        Ok(n)
    }

    fn shut_write(&mut self) -> io::Result<()> {
        self.tape.done(Side::Client);
        self.socket.shut_write()
    }

    fn wait(
        &mut self,
        interest: Interest,
        patience: Patience,
        bells: &[BorrowedFd<'_>],
    ) -> io::Result<Ready> {
        self.socket.wait(interest, patience, bells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_take_lasts_until_the_other_one_speaks() {
        let tape = Tape::new();
        tape.said(Side::Client, b"a");
        tape.said(Side::Client, b"b");
        tape.said(Side::Server, b"c");
        tape.said(Side::Client, b"d");
        assert_eq!(tape.speech(Side::Client), b"abd");
        let takes = tape.take();
        assert_eq!(takes.len(), 3);
        assert_eq!(takes[0], Take { side: Side::Client, what: What::Said(b"ab".to_vec()) });
        assert!(tape.take().is_empty());
    }
}

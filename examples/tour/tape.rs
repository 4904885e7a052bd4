//! What crossed a socket, written down where the bytes pass: at the transport below everything else ([`Taped`]), and, for
//! what is protected on its way, at the endpoint ([`Inside`]).
//!
//! The rule: the tape only listens. It notes what was taken from us and what was given to us, when it was.

use std::io::{self, IoSlice};
use std::net::TcpStream;
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::BytesMut;
use net_core::poll::{Interest, Ready};
use net_core::{Patience, Socket, Stream, Transport};
use proto_core::{End, Endpoint, Output, Status, Time};

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

    /// These are a side's words, not the beginning or end of a connection.
    pub(crate) fn is_speech_of(&self, side: Side) -> bool {
        self.side == side && matches!(self.what, What::Said(_))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A connection is open.
    Connects,
    /// These bytes.
    Said(Vec<u8>),
    /// The end of its side of the stream.
    Done,
    /// The connection is closed.
    Closes,
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

    fn note(&self, side: Side, what: What) {
        self.takes().push(Take { side, what });
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
            _ => None,
        });
        speech.flatten().copied().collect()
    }
}

/// A client's socket with a tape running.
#[derive(Debug)]
pub(crate) struct Taped {
    socket: Socket,
    tape: Tape,
    /// The server's end was noted.
    over: bool,
}

impl Taped {
    /// A stream over a connected client socket, on tape.
    pub(crate) fn stream(tcp: TcpStream, tape: &Tape) -> io::Result<Stream<Taped>> {
        tape.note(Side::Client, What::Connects);
        Ok(Stream::over(Taped { socket: Socket::new(tcp)?, tape: tape.clone(), over: false }))
    }

    fn heard(&mut self, bytes: &[u8]) {
        match bytes {
            [] if !self.over => {
                self.over = true;
                self.tape.note(Side::Server, What::Done);
            }
            [] => {}
            bytes => self.tape.said(Side::Server, bytes),
        }
    }
}

/// Closes the socket, and says so.
impl Drop for Taped {
    fn drop(&mut self) {
        self.tape.note(Side::Client, What::Closes);
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
        self.tape.note(Side::Client, What::Done);
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

/// An endpoint with a tape running inside of what protects it: the clear text that it was given, and that was taken from
/// it.
#[derive(Debug)]
pub(crate) struct Inside<E> {
    endpoint: E,
    tape: Tape,
    /// How much of the unread input is on tape already.
    heard: usize,
}

impl<E: Endpoint> Inside<E> {
    pub(crate) fn of(endpoint: E, tape: &Tape) -> Self {
        Inside { endpoint, tape: tape.clone(), heard: 0 }
    }

    /// The endpoint, for commands.
    pub(crate) fn endpoint(&mut self) -> &mut E {
        &mut self.endpoint
    }

    fn listen(&mut self, input: &BytesMut) {
        match input.get(self.heard..) {
            None | Some([]) => {}
            Some(fresh) => self.tape.said(Side::Server, fresh),
        }
    }
}

impl<E: Endpoint> Endpoint for Inside<E> {
    type Event = E::Event;
    type Error = E::Error;

    fn receive(&mut self, input: &mut BytesMut, now: Time) -> Result<Option<E::Event>, E::Error> {
        self.listen(input);
        let received = self.endpoint.receive(input, now);
        self.heard = input.len();
        received
    }

    fn receive_eof(
        &mut self,
        input: &mut BytesMut,
        end: End,
        now: Time,
    ) -> Result<Option<E::Event>, E::Error> {
        self.listen(input);
        let received = self.endpoint.receive_eof(input, end, now);
        self.heard = input.len();
        received
    }

    fn output(&mut self) -> &mut Output {
        self.endpoint.output()
    }

    fn sent(&mut self, n: u64, now: Time) {
        let n_bytes = usize::try_from(n).unwrap_or(usize::MAX);
        let said: Vec<u8> = self.endpoint.output().slices().flatten().copied().take(n_bytes).collect();
        self.tape.said(Side::Client, &said);
        self.endpoint.sent(n, now);
    }

    fn deadline(&self) -> Option<Time> {
        self.endpoint.deadline()
    }

    fn handle_deadline(&mut self, now: Time) -> Result<Option<E::Event>, E::Error> {
        self.endpoint.handle_deadline(now)
    }

    fn upgraded(&mut self, now: Time) {
        self.endpoint.upgraded(now);
    }

    fn is_idle(&self) -> bool {
        self.endpoint.is_idle()
    }

    fn status(&self) -> Status {
        self.endpoint.status()
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

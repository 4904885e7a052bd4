//! A client's TCP connection: queries in, answers out, in whatever order they are found.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Shutdown, TcpStream};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dns::proto_core::{End, Endpoint as _, Status, Time, earliest};
use dns::server::{Event, Limits, QueryId, Server};
use net_core::poll::Interest;

/// Unsent octets above which no more queries are read.
const UNSENT: usize = 256 << 10;
/// How long a client may take to hang up once everything is said, and how long to take some more of what is being said.
const LINGER: Duration = Duration::from_secs(2);

/// See the top of the file.
pub(crate) struct Talk {
    pub(crate) stream: TcpStream,
    pub(crate) peer: IpAddr,
    endpoint: Server,
    input: BytesMut,
    /// There may be more in it, once there is room for what is said.
    held_back: bool,
    ended: Option<End>,
    /// Everything is said; the client's end is awaited.
    said: bool,
    /// On the way out: until when.
    lingers: Option<Time>,
    pub(crate) over: bool,
}

impl Talk {
    pub(crate) fn new(stream: TcpStream, peer: IpAddr) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let endpoint = Server::new(Limits::DEFAULT);
        Ok(Talk {
            stream,
            peer,
            endpoint,
            input: BytesMut::new(),
            held_back: false,
            ended: None,
            said: false,
            lingers: None,
            over: false,
        })
    }

    pub(crate) fn interest(&mut self) -> Interest {
        let full = self.endpoint.output().len() > UNSENT || self.endpoint.status() == Status::Paused;
        let read = self.ended.is_none() && (!full || self.lingers.is_some());
        Interest { read, write: !self.endpoint.output().is_empty() }
    }

    pub(crate) fn deadline(&self) -> Option<Time> {
        earliest(self.endpoint.deadline(), self.lingers)
    }

    /// Reads what is there.
    pub(crate) fn read(&mut self, memory: &mut [u8]) {
        if self.ended.is_some() {
            return;
        }
        match self.stream.read(memory) {
            Ok(0) => self.end(End::Clean),
            Ok(len) if self.lingers.is_none() => self.input.extend_from_slice(&memory[..len]),
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(_) => self.end(End::Cut),
        }
    }

    fn end(&mut self, end: End) {
        self.over |= self.said || end == End::Cut;
        self.ended = Some(end);
    }

    /// The next query that is here.
    pub(crate) fn query(&mut self, now: Time) -> Option<(QueryId, Bytes)> {
        loop {
            self.held_back = self.endpoint.output().len() > UNSENT;
            if self.held_back {
                return None;
            }
            let event = match self.ended {
                Some(end) => self.endpoint.receive_eof(&mut self.input, end, now),
                None => self.endpoint.receive(&mut self.input, now),
            };
            match event {
                Ok(Some(Event::Query { id, bytes, .. })) => return Some((id, bytes)),
                Ok(Some(_)) => {}
                Ok(None) => return None,
                // What is no stream of messages: there is nothing to say to it.
                Err(_) => {
                    self.over = true;
                    return None;
                }
            }
        }
    }

    /// There is room again for the answers to queries that are here already.
    pub(crate) fn goes_on(&mut self) -> bool {
        self.held_back && !self.over && self.endpoint.output().len() <= UNSENT
    }

    pub(crate) fn reply(&mut self, id: QueryId, message: &[u8]) {
        // Who went away meanwhile is not waited for.
        let _ = self.endpoint.reply(id, message);
    }

    pub(crate) fn ignore(&mut self, id: QueryId) {
        self.endpoint.ignore(id);
    }

    /// For an answer.
    pub(crate) fn waits(&self) -> bool {
        self.endpoint.waiting() > 0
    }

    pub(crate) fn leave(&mut self) {
        self.endpoint.shut_down();
    }

    pub(crate) fn handle_deadline(&mut self, now: Time) {
        self.over |= self.lingers.is_some_and(|until| until <= now);
        while self.endpoint.deadline().is_some_and(|due| due <= now) {
            if !matches!(self.endpoint.handle_deadline(now), Ok(Some(_))) {
                break;
            }
        }
    }

    /// Writes what can be written; says good-bye once that is due.
    pub(crate) fn write(&mut self, now: Time) {
        let unsent = self.endpoint.output().len();
        loop {
            let written = self.endpoint.output().slices().next().map(|slice| self.stream.write(slice));
            let Some(written) = written else { break };
            match written {
                Ok(len) => self.endpoint.sent(len as u64, now),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    self.over = true;
                    return;
                }
            }
        }
        match self.endpoint.status() {
            Status::Closed => self.over = true,
            Status::Finishing => self.finish(unsent, now),
            _ => {}
        }
    }

    /// The good-bye: what is left of the output, the half-close, the client's end. Each step of the way has its time.
    fn finish(&mut self, unsent: usize, now: Time) {
        let left = self.endpoint.output().len();
        let last = left == 0 && !self.said;
        if last {
            self.said = true;
            self.over = self.stream.shutdown(Shutdown::Write).is_err() || self.ended.is_some();
        }
        if last || left < unsent || self.lingers.is_none() {
            self.lingers = Some(now + LINGER);
        }
    }
}

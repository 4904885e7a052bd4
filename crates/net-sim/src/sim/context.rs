//! What a process can do.
//!
//! The rule: whatever it does takes effect after its own turn, also where no time passes.

use bytes::{Bytes, BytesMut};
use proto_core::Time;

use super::{Addr, Coming, Host, Input, Load, Process, ProcessId, Sim};
use crate::stream::{EndOf, Ends, Side, State};
use crate::{Gone, Random, Read, Stream};

/// The network, as one process sees it.
pub struct Context<'s, 'a> {
    pub(super) sim: &'s mut Sim<'a>,
    pub(super) me: ProcessId,
    pub(super) host: Host,
}

impl<'a> Context<'_, 'a> {
    /// The time.
    #[must_use]
    pub fn now(&self) -> Time {
        self.sim.now
    }

    /// The simulation's source of chance.
    pub fn random(&mut self) -> &mut Random {
        &mut self.sim.random
    }

    /// Where this process runs.
    #[must_use]
    pub fn host(&self) -> Host {
        self.host
    }

    /// Which process this is.
    #[must_use]
    pub fn me(&self) -> ProcessId {
        self.me
    }

    /// The network itself, to start processes elsewhere or to change links.
    pub fn sim(&mut self) -> &mut Sim<'a> {
        self.sim
    }

    /// Asks for [`Input::Timer`] at that time.
    pub fn wake_at(&mut self, at: Time, token: u64) {
        let at = at.max(self.sim.now);
        self.sim.plan(at, Coming::Tell(self.me, Input::Timer(token)));
    }

    /// Starts a process on this host.
    pub fn spawn(&mut self, process: impl Process + 'a) -> ProcessId {
        self.sim.spawn(self.host, process)
    }

    /// Makes another process look around.
    pub fn poke(&mut self, process: ProcessId) {
        self.sim.poke(process);
    }

    /// Takes the streams that are opened to a port of this host.
    pub fn listen(&mut self, port: u16) {
        self.sim.listening.insert(Addr::new(self.host, port), self.me);
    }

    /// Takes the datagrams that come to a port of this host.
    pub fn bind(&mut self, port: u16) {
        self.sim.bound.insert(Addr::new(self.host, port), self.me);
    }

    /// Gives a port up again, for datagrams and streams.
    pub fn unbind(&mut self, port: u16) {
        self.sim.bound.remove(&Addr::new(self.host, port));
        self.sim.listening.remove(&Addr::new(self.host, port));
    }

    /// A port of this host that was not given out before (until all were).
    pub fn fresh_port(&mut self) -> u16 {
        let Some(host) = self.sim.host_state(self.host) else { return 0 };
        let port = host.next_port;
        host.next_port = port.checked_add(1).unwrap_or(49_152);
        port
    }

    /// Sends a datagram from a port of this host.
    pub fn send(&mut self, from: u16, to: Addr, bytes: impl Into<Bytes>) {
        let route = self.sim.route_between(self.host, to.host);
        let load = Load::Datagram { from: Addr::new(self.host, from), to, bytes: bytes.into() };
        self.sim.send(load, route);
    }

    /// Opens a stream; [`Input::Opened`] or [`Input::Refused`] tells when it is there, one round trip later.
    pub fn connect(&mut self, to: Addr) -> Stream {
        let from = Addr::new(self.host, self.fresh_port());
        let there = self.sim.route_between(self.host, to.host);
        let back = self.sim.route_between(to.host, self.host);
        let opener = EndOf::new(self.me, from, there.clone());
        let acceptor = EndOf::new(self.me, to, back);
        let id = self.sim.streams.len();
        self.sim.streams.push(Some(Box::new(Ends { opener, acceptor })));
        self.sim.send(Load::Syn(id), there);
        Stream { id, side: Side::Opener }
    }

    /// How many bytes can be written now.
    ///
    /// # Errors
    /// The stream was closed here, or reset by the other end.
    pub fn room(&mut self, stream: Stream) -> Result<usize, Gone> {
        let window = self.sim.window;
        match self.sim.end(stream) {
            Some(end) if end.is_writable() => Ok(window.saturating_sub(end.in_flight)),
            Some(end) if end.state == State::Opening => Ok(0),
            _ => Err(Gone),
        }
    }

    /// Writes what there is room for; if that is not all, [`Input::Writable`] tells when there is more.
    ///
    /// # Errors
    /// The stream was closed here, or reset by the other end.
    pub fn write(&mut self, stream: Stream, bytes: &[u8]) -> Result<usize, Gone> {
        let n = self.room(stream)?.min(bytes.len());
        let mut left = Bytes::copy_from_slice(bytes.get(..n).unwrap_or_default());
        while !left.is_empty() {
            let piece = self.sim.piece(left.len());
            let piece = left.split_to(piece);
            self.put(stream, piece, false);
        }
        if n < bytes.len()
            && let Some(end) = self.sim.end(stream)
        {
            end.wants_room = true;
        }
        Ok(n)
    }

    /// Asks for [`Input::Writable`] when there is room again.
    pub fn want_room(&mut self, stream: Stream) {
        if let Some(end) = self.sim.end(stream) {
            end.wants_room = true;
        }
    }

    fn put(&mut self, stream: Stream, bytes: Bytes, fin: bool) {
        let Some(end) = self.sim.end(stream) else { return };
        let (segment, route) = (end.segment(bytes, fin), end.route.clone());
        self.sim.send(Load::Segment(stream.other(), segment), route);
    }

    /// Appends what has come, up to `most` bytes.
    pub fn read(&mut self, stream: Stream, into: &mut BytesMut, most: usize) -> Read {
        let Some(end) = self.sim.end(stream) else { return Read::Nothing };
        let read = end.read(into, most);
        if let Read::Bytes(n) = read {
            let route = end.route.clone();
            let back = self.sim.propagation(&route);
            self.sim.plan(self.sim.now + back, Coming::Credit(stream.other(), n));
        }
        read
    }

    /// Half-closes: the other end reads the end once it has read all that was written.
    pub fn shut(&mut self, stream: Stream) {
        if self.sim.end(stream).is_some_and(|end| end.is_writable()) {
            self.put(stream, Bytes::new(), true);
        }
    }

    /// Closes. If anything was unread, or comes later, the other end is reset.
    pub fn close(&mut self, stream: Stream) {
        let Some(end) = self.sim.end(stream) else { return };
        let rude = end.has_unread();
        if rude {
            self.sim.send_reset(stream);
        } else {
            self.shut(stream);
        }
        if let Some(end) = self.sim.end(stream) {
            end.state = State::Closed;
        }
        self.sim.bury(stream.id);
    }

    /// Resets: what the other end has not read is lost to it.
    pub fn abort(&mut self, stream: Stream) {
        self.sim.send_reset(stream);
        if let Some(end) = self.sim.end(stream) {
            end.state = State::Closed;
        }
        self.sim.bury(stream.id);
    }

    /// Asks for another layer (TLS). When both ends have, [`Input::Upgraded`] comes to both a round trip later. The
    /// bytes stay what they are.
    pub fn upgrade(&mut self, stream: Stream) {
        let Some(ends) = self.sim.ends(stream.id) else { return };
        ends.end(stream.side).upgrading = true;
        if !(ends.opener.upgrading && ends.acceptor.upgrading) {
            return;
        }
        (ends.opener.upgrading, ends.acceptor.upgrading) = (false, false);
        let (there, back) = (ends.opener.route.clone(), ends.acceptor.route.clone());
        let processes = [(Side::Opener, ends.opener.process), (Side::Acceptor, ends.acceptor.process)];
        let at = self.sim.now + self.sim.propagation(&there) + self.sim.propagation(&back);
        for (side, process) in processes {
            let stream = Stream { side, ..stream };
            self.sim.plan(at, Coming::Tell(process, Input::Upgraded(stream)));
        }
    }
}

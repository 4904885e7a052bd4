//! The one thread that does it all: it waits for every socket at once, and never for a single one.
//!
//! The rule: datagrams come and go in batches; what the cache knows is answered where it stands, without a copy of the
//! question.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use dns::Coordinator as _;
use dns::limits::SILENT_PORTS;
use dns::proto_core::{Time, earliest};
use dns::resolver::service::{Output, Service, Verdict};
use dns::server::QueryId;
use dns::{Event, Input, Privacy, TcpId};
use examples::Failure;
use examples::nameserver::unix;
use net_core::listen::{Accept, Listener, is_exhaustion};
use net_core::poll::{Interest, Poll, Ready, Timers};
use net_core::signals::Termination;
use net_core::udp::{Asked, BATCH, Inbox, Outbox};
use net_core::{Clock, Deadline, Udp};
use tracing::{debug, warn};

use crate::talk::Talk;
use crate::upstream::{PORT, STREAM, Upstream};

const UDP: u64 = 3 << 60;
const TCP: u64 = 4 << 60;
const TALK: u64 = 5 << 60;
const SIGNAL: u64 = 6 << 60;
const KIND: u64 = 15 << 60;

/// Octets of a query by UDP.
const QUERY: usize = 4096;
/// How long those who wait are waited for at the end.
const DRAIN: Duration = Duration::from_secs(3);
/// For how long nobody is let in when descriptors run out.
const PAUSE: Duration = Duration::from_millis(100);

/// Who waits for an answer.
#[derive(Clone, Copy)]
enum Asker {
    Datagram { socket: usize, from: SocketAddr, asked: Option<Asked> },
    Talk { talk: u64, query: QueryId },
}

/// An address, heard by UDP and TCP.
pub(crate) struct Door {
    pub(crate) udp: Udp,
    pub(crate) tcp: Listener,
}

/// See the top of the file.
pub(crate) struct Room {
    service: Service,
    upstream: Upstream,
    doors: Vec<Door>,
    outboxes: Vec<Outbox>,
    talks: HashMap<u64, Talk>,
    timers: Timers<u64>,
    askers: HashMap<u64, Asker>,
    poll: Poll,
    clock: Clock,
    last: u64,
    connections: usize,
    /// Until when nobody is let in.
    closed_until: Option<Time>,
    inbox: Inbox,
    memory: Vec<u8>,
    out: Vec<u8>,
}

impl Room {
    pub(crate) fn new(
        service: Service,
        upstream: Upstream,
        doors: Vec<Door>,
        connections: usize,
    ) -> io::Result<Self> {
        let mut poll = Poll::new()?;
        for (number, door) in doors.iter().enumerate() {
            poll.add(door.udp.as_fd(), UDP | number as u64, Interest::READ)?;
            for socket in door.tcp.sockets() {
                poll.add(socket, TCP | number as u64, Interest::READ)?;
            }
        }
        Ok(Room {
            service,
            upstream,
            outboxes: doors.iter().map(|_| Outbox::new()).collect(),
            doors,
            talks: HashMap::new(),
            timers: Timers::new(),
            askers: HashMap::new(),
            poll,
            clock: Clock::new(),
            last: 0,
            connections,
            closed_until: None,
            inbox: Inbox::with(BATCH, QUERY),
            memory: vec![0; 65_536],
            out: vec![0; 65_536],
        })
    }

    /// Serves until the signal comes, and then until those who wait have their answers.
    pub(crate) fn run(&mut self, termination: &Termination) -> Result<(), Failure> {
        self.poll.add(termination, SIGNAL, Interest::READ)?;
        let mut end = None;
        loop {
            let now = self.clock.now();
            if end.is_none() && termination.has_come() {
                end = Some(now + DRAIN);
                let _ = self.poll.remove(termination, SIGNAL);
                self.leave(now);
            }
            if end.is_some_and(|end| end <= now || (self.askers.is_empty() && self.talks.is_empty())) {
                return Ok(());
            }
            let due = earliest(self.service.resolver().deadline(), self.timers.next());
            let due = earliest(earliest(due, end), self.closed_until);
            self.poll.wait(due.map_or(Deadline::NEVER, |due| self.clock.deadline(due)))?;
            self.turn();
        }
    }

    fn leave(&mut self, now: Time) {
        for door in &self.doors {
            for socket in door.tcp.sockets() {
                let _ = self.poll.remove(socket, TCP);
            }
        }
        let talks: Vec<u64> = self.talks.keys().copied().collect();
        for talk in talks {
            if let Some(talk) = self.talks.get_mut(&talk) {
                talk.leave();
            }
            self.after(talk, now);
        }
    }

    /// Everything that is ready, once.
    fn turn(&mut self) {
        let now = self.clock.now();
        if self.service.resolver().validates() {
            // The machine may have slept since, or its clock been set.
            self.service.resolver().set_unix_time(unix(), now);
        }
        let ready: Vec<(u64, Ready)> = self.poll.ready().collect();
        for (token, ready) in ready {
            let id = token & !KIND;
            match token & KIND {
                UDP => self.datagrams(id as usize, now),
                TCP => self.accept(id as usize, now),
                TALK => self.talk(id, ready, now),
                PORT => self.upstream.hear(id, &mut self.service, now, &mut self.memory),
                STREAM => {
                    let (service, memory) = (&mut self.service, &mut self.memory[..]);
                    self.upstream.attend(id, service, now, memory, &mut self.poll);
                }
                _ => {}
            }
            self.settle(now);
        }
        self.overdue(now);
        self.settle(now);
        for (door, outbox) in self.doors.iter().zip(&mut self.outboxes) {
            if !outbox.is_empty()
                && let Err(error) = door.udp.send(outbox)
            {
                debug!(%error, "answers were not sent");
            }
        }
    }

    fn overdue(&mut self, now: Time) {
        if self.service.resolver().deadline().is_some_and(|due| due <= now) {
            self.service.resolver().handle_deadline(now);
        }
        while let Some(talk) = self.timers.pop_due(now) {
            if let Some(talk) = self.talks.get_mut(&talk) {
                talk.handle_deadline(now);
            }
            self.after(talk, now);
        }
        if self.closed_until.is_some_and(|until| until <= now) {
            self.closed_until = None;
            (0..self.doors.len()).for_each(|door| self.accept(door, now));
        }
    }

    /// Queries by UDP: as many as are there.
    fn datagrams(&mut self, door: usize, now: Time) {
        let udp = &self.doors[door].udp;
        let at_once = Deadline::at(self.clock.instant(now).unwrap_or_else(Instant::now));
        // Somebody's machine refused an answer: that is not ours to mind.
        let Ok(_) = udp.receive(&mut self.inbox, at_once) else { return };
        let outbox = &mut self.outboxes[door];
        for datagram in self.inbox.iter().filter(|datagram| !datagram.truncated) {
            if SILENT_PORTS.contains(&datagram.from.port()) {
                continue;
            }
            self.last += 1;
            let client = (self.last, datagram.from.ip());
            match self.service.query(client, false, datagram.bytes, now, &mut self.out) {
                Verdict::Reply(len) => outbox.reply(&datagram, &self.out[..len]),
                Verdict::Drop => {}
                Verdict::Wait => {
                    let (from, asked) = (datagram.from, datagram.asked);
                    self.askers.insert(self.last, Asker::Datagram { socket: door, from, asked });
                }
            }
        }
        // What is left comes with the next turn: others are ready, too.
    }

    fn accept(&mut self, door: usize, now: Time) {
        while self.talks.len() < self.connections && self.closed_until.is_none() {
            match self.doors[door].tcp.try_accept() {
                Ok(Some(Accept::Connection { stream, peer, .. })) => self.welcome(stream, peer, now),
                Ok(_) => return,
                Err(error) => {
                    if is_exhaustion(&error) {
                        warn!(%error, "nobody is let in for a moment");
                        self.closed_until = Some(now + PAUSE);
                    }
                    return;
                }
            }
        }
        // One too many waits in the kernel until another leaves.
        if self.talks.len() >= self.connections {
            self.closed_until = Some(now + PAUSE);
        }
    }

    fn welcome(&mut self, stream: std::net::TcpStream, peer: SocketAddr, now: Time) {
        let Ok(talk) = Talk::new(stream, peer.ip()) else { return };
        self.last += 1;
        let id = self.last;
        if self.poll.add(&talk.stream, TALK | id, Interest::READ).is_ok() {
            self.talks.insert(id, talk);
            self.queries(id, now);
        }
    }

    fn talk(&mut self, id: u64, ready: Ready, now: Time) {
        let Some(talk) = self.talks.get_mut(&id) else { return };
        if ready.read || ready.hang_up {
            talk.read(&mut self.memory);
        }
        self.queries(id, now);
    }

    /// The queries of a connection that are here, as long as their answers can be sent.
    fn queries(&mut self, id: u64, now: Time) {
        loop {
            self.take_queries(id, now);
            self.after(id, now);
            if !self.talks.get_mut(&id).is_some_and(Talk::goes_on) {
                return;
            }
        }
    }

    fn take_queries(&mut self, id: u64, now: Time) {
        while let Some(talk) = self.talks.get_mut(&id) {
            let Some((query, bytes)) = talk.query(now) else { break };
            self.last += 1;
            match self.service.query((self.last, talk.peer), true, &bytes, now, &mut self.out) {
                Verdict::Reply(len) => talk.reply(query, &self.out[..len]),
                Verdict::Drop => talk.ignore(query),
                Verdict::Wait => {
                    self.askers.insert(self.last, Asker::Talk { talk: id, query });
                }
            }
        }
    }

    /// What follows whatever happened to a connection.
    fn after(&mut self, id: u64, now: Time) {
        let Some(talk) = self.talks.get_mut(&id) else { return };
        talk.write(now);
        if talk.over {
            let waited = talk.waits();
            let _ = self.poll.remove(&talk.stream, TALK | id);
            self.talks.remove(&id);
            self.timers.cancel(&id);
            if waited {
                self.askers.retain(|_, asker| !matches!(asker, Asker::Talk { talk, .. } if *talk == id));
                let askers = &self.askers;
                self.service.forget(|client| !askers.contains_key(&client));
            }
            return;
        }
        self.timers.set_or_cancel(id, talk.deadline());
        let interest = talk.interest();
        let _ = self.poll.change(&talk.stream, TALK | id, interest);
    }

    /// What the resolver has found, and what it wants.
    fn settle(&mut self, now: Time) {
        loop {
            while let Some(output) = self.service.poll_event(&mut self.out) {
                match output {
                    Output::Reply { client, len } => self.answered(client, len, now),
                    Output::Silence { client } => self.unanswered(client, now),
                    Output::Resolver(event) => self.act(&event, now),
                }
            }
            let Some(transmit) = self.service.resolver().poll_transmit(now) else { return };
            if let Err(socket) = self.upstream.transmit(&transmit, &mut self.poll) {
                debug!(to = %transmit.to, "can't be reached");
                self.service.resolver().handle(Input::SendFailed(socket), now);
            }
        }
    }

    fn act<A>(&mut self, event: &Event<A>, now: Time) {
        match event {
            Event::OpenTcp { id, to, privacy } => self.open(*id, *to, privacy, now),
            Event::CloseTcp(id) => self.upstream.close(*id, &mut self.poll),
            Event::ClosePort(id) => self.upstream.close_port(*id, &mut self.poll),
            _ => {}
        }
    }

    fn open(&mut self, id: TcpId, to: SocketAddr, privacy: &Privacy, now: Time) {
        if self.upstream.open(id, to, privacy, &mut self.poll).is_err() {
            self.service.resolver().handle(Input::TcpClosed(id), now);
        }
    }

    fn answered(&mut self, client: u64, len: usize, now: Time) {
        match self.askers.remove(&client) {
            Some(Asker::Datagram { socket, from, asked }) => {
                self.outboxes[socket].push_from(&self.out[..len], from, asked);
            }
            Some(Asker::Talk { talk: id, query }) => {
                if let Some(talk) = self.talks.get_mut(&id) {
                    talk.reply(query, &self.out[..len]);
                    self.queries(id, now);
                }
            }
            None => {}
        }
    }

    fn unanswered(&mut self, client: u64, now: Time) {
        if let Some(Asker::Talk { talk: id, query }) = self.askers.remove(&client) {
            if let Some(talk) = self.talks.get_mut(&id) {
                talk.ignore(query);
            }
            self.queries(id, now);
        }
    }

    /// The resolver, for a look at what it knows.
    pub(crate) fn service(&mut self) -> (&mut Service, Time) {
        let now = self.clock.now();
        (&mut self.service, now)
    }
}

//! A resolver: it starts at the root and asks its way down, remembers what it hears, and believes no more than it must.
//!
//! The rule: it speaks in actions and owns no socket. Questions come in by [`Resolver::resolve`], datagrams and
//! connections by [`Resolver::handle`]; what to send comes out of [`Resolver::poll_transmit`], what happened out of
//! [`Resolver::poll_event`]. Whatever servers say, every question ends: each step costs something of which there is
//! [only so much](Limits).
//!
//! | what | by | where |
//! |---|---|---|
//! | the walk from the root | RFC 1034 section 5.3.3, RFC 8109 | `iterate` |
//! | names shortened on the way | RFC 9156 | `send` |
//! | ids, ports, letters that can't be guessed; TCP for what is cut short | RFC 5452, RFC 7766 | `send` |
//! | what is believed | RFC 2181 section 5.4.1, RFC 2308, RFC 6672 | `scrub`, [`cache`](crate::cache) |
//! | failures and answers past their time | RFC 9520, RFC 8767, RFC 8914 | `iterate` |
//! | questions of clients | RFC 1034 section 4.3.1, RFC 6303, RFC 6761 | [`service`] |
//!
//! ```
//! use dns::resolver::{Config, Event, Input, Resolver, Socket};
//! use dns::{proto_core::Time, Question, RrType};
//! let config = Config { roots: vec!["192.0.2.1:53".parse()?], ..Config::default() };
//! let mut resolver = Resolver::new(config, [7; 32]);
//! let ticket = resolver.resolve(Question::new("example.org".parse()?, RrType::A), Time::ZERO);
//! let query = resolver.poll_transmit().unwrap(); // asks that root server for the servers of the root
//! let Socket::FreshPort(port) = query.socket else { panic!() };
//! resolver.handle(Input::SendFailed { socket: query.socket }, Time::ZERO); // there is no network
//! # let _ = (ticket, port);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod config;
mod entropy;
mod iterate;
mod local;
mod reply;
mod scrub;
mod send;
mod servers;
pub mod service;
mod task;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use bytes::Bytes;
use proto_core::Time;

use crate::cache::{Cache, RrSet, Sections};
use crate::edns::ExtendedError;
use crate::{Class, Question, Rcode, RrType};

pub use config::{Config, Limits, Way, ZoneRule, root_hints};
use entropy::Entropy;
use send::{Connection, Outgoing};
use servers::Servers;
use task::{Purpose, TaskId, Tasks, Waiter};

/// A question that was asked, to know its answer by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

/// A query on its way, and the port that it left from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueryId(u64);

/// A TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(u64);

/// What a datagram or a run of octets leaves by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Socket {
    /// A UDP socket bound to a port drawn by chance, for this query and no other (RFC 5452 section 9.2).
    FreshPort(QueryId),
    /// This connection.
    Tcp(ConnectionId),
}

/// Octets to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Where to.
    pub to: SocketAddr,
    /// By what.
    pub socket: Socket,
    /// What.
    pub bytes: Bytes,
}

/// What came from outside.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// A datagram at the port of a query.
    Datagram {
        /// Whose port it is.
        query: QueryId,
        /// Who sent it.
        from: SocketAddr,
        /// What it says.
        bytes: &'a [u8],
    },
    /// The connection stands.
    TcpOpened {
        /// Which.
        connection: ConnectionId,
    },
    /// Octets from the other end, cut anywhere.
    TcpReceived {
        /// Which connection.
        connection: ConnectionId,
        /// The octets.
        bytes: &'a [u8],
    },
    /// It could not be opened, or the other end closed it.
    TcpClosed {
        /// Which.
        connection: ConnectionId,
    },
    /// What was to be sent could not be, or the network says that nobody is there.
    SendFailed {
        /// By what it was to leave.
        socket: Socket,
    },
}

/// What happened, and what is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A question has its answer.
    Done {
        /// Which question.
        ticket: Ticket,
        /// Its answer.
        answer: Arc<Answer>,
    },
    /// Open a connection; tell by [`Input::TcpOpened`] or [`Input::TcpClosed`].
    OpenTcp {
        /// What to call it.
        connection: ConnectionId,
        /// Where to.
        to: SocketAddr,
    },
    /// The connection is of no more use.
    CloseTcp {
        /// Which.
        connection: ConnectionId,
    },
    /// The query's port is of no more use.
    ClosePort {
        /// Which query's.
        query: QueryId,
    },
    /// What goes on, if [`Config::trace`] asks for it.
    Trace(Trace),
}

/// A step on the way to an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// What was asked on the way.
    pub question: Question,
    /// Whom.
    pub server: SocketAddr,
    /// What happened, in a word or two.
    pub what: &'static str,
}

/// The answer to a question, good or bad.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What was asked.
    pub question: Question,
    /// How it went.
    pub rcode: Rcode,
    /// The records.
    pub sections: Sections<RrSet>,
    /// Why it went so (RFC 8914).
    pub extended: Option<ExtendedError<'static>>,
    /// Why there are no records of the type asked for, if there are none.
    pub error: Option<ResolveError>,
}

impl Answer {
    /// The records of the answer section, if there are any of the type asked for.
    ///
    /// # Errors
    /// Why there are none.
    pub fn records(&self) -> Result<&[RrSet], ResolveError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(&self.sections.answer),
        }
    }
}

/// Why a question has no records for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// There is no such name.
    #[error("the name does not exist")]
    NxDomain,
    /// The name exists, without records of that type.
    #[error("the name has no records of that type")]
    NoData,
    /// No server could tell; the code says more (RFC 8914).
    #[error("no server could tell (extended error {0})")]
    ServFail(u16),
    /// It took longer than anybody waits.
    #[error("no answer in time")]
    Timeout,
    /// It is not answered here.
    #[error("the question is refused")]
    Refused,
    /// Signatures that are wrong or missing.
    #[error("the signatures don't hold")]
    Bogus,
    /// Finding it would have cost too much.
    #[error("a limit was hit: {0}")]
    LimitHit(LimitKind),
    /// Whoever asked does not want to know any more, or too much is being asked.
    #[error("cancelled")]
    Cancelled,
}

/// Of what there was too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum LimitKind {
    /// Aliases, or ways to begin anew.
    #[error("aliases")]
    Restarts,
    /// Queries for one name.
    #[error("queries for one name")]
    SendsPerName,
    /// Queries for the whole question.
    #[error("queries")]
    Sends,
}

/// See the top of the [module](self).
#[derive(Debug)]
pub struct Resolver {
    config: Config,
    cache: Cache,
    servers: Servers,
    entropy: Entropy,
    tasks: Tasks,
    ready: VecDeque<TaskId>,
    queries: BTreeMap<u64, Outgoing>,
    connections: BTreeMap<u64, Connection>,
    tickets: BTreeMap<u64, TaskId>,
    deadlines: BTreeSet<(Time, Due)>,
    transmits: VecDeque<Transmit>,
    events: VecDeque<Event>,
    last_id: u64,
    sent: u64,
}

/// What a deadline is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Query(u64),
    Task(TaskId),
}

impl Resolver {
    /// A resolver with an empty cache. `seed` must be drawn by chance: ids, letters, the choice of servers and the key of
    /// the cache come from it, and the same seed gives the same queries.
    #[must_use]
    pub fn new(config: Config, seed: [u8; 32]) -> Self {
        let mut entropy = Entropy::new(seed);
        Resolver {
            cache: Cache::new(config.limits.cache_bytes, [entropy.u64(), entropy.u64()]),
            servers: Servers::new(config.limits.servers),
            entropy,
            config,
            tasks: Tasks::default(),
            ready: VecDeque::new(),
            queries: BTreeMap::new(),
            connections: BTreeMap::new(),
            tickets: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            last_id: 0,
            sent: 0,
        }
    }

    /// How it goes about its work.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What it remembers.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Queries sent so far.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Questions at work: those asked, and those that they need answered.
    #[must_use]
    pub fn at_work(&self) -> usize {
        self.tasks.len()
    }

    /// Asks. The answer comes as [`Event::Done`], at once if it is known; a question that is at work already is not asked
    /// twice.
    pub fn resolve(&mut self, question: Question, now: Time) -> Ticket {
        let ticket = Ticket(self.next_id());
        if let Some(answer) = self.known(&question, now) {
            self.done(ticket, answer);
            return ticket;
        }
        let purpose = Purpose::Client;
        let id = match self.tasks.find(&question, purpose) {
            Some(id) => id,
            None if self.make_room(now) => self.start(question, purpose, now),
            None => {
                let error = ResolveError::Cancelled;
                self.done(ticket, Answer::failed(question, error, ExtendedError::NOT_READY));
                return ticket;
            }
        };
        self.tickets.insert(ticket.0, id);
        if let Some(task) = self.tasks.of_mut(id) {
            task.waiters.push(Waiter::Ticket(ticket));
        }
        self.run(now);
        ticket
    }

    /// The answer is not wanted any more: there will be no [`Event::Done`].
    pub fn cancel(&mut self, ticket: Ticket) {
        if let Some(id) = self.tickets.remove(&ticket.0) {
            if let Some(task) = self.tasks.of_mut(id) {
                task.waiters.retain(|waiter| *waiter != Waiter::Ticket(ticket));
            }
            self.abandon(id);
        }
    }

    /// Something came from outside.
    pub fn handle(&mut self, input: Input<'_>, now: Time) {
        match input {
            Input::Datagram { query, from, bytes } => self.datagram(query.0, from, bytes, now),
            Input::TcpOpened { connection } => self.opened(connection.0),
            Input::TcpReceived { connection, bytes } => self.received(connection.0, bytes, now),
            Input::TcpClosed { connection } => self.closed(connection.0, now),
            Input::SendFailed { socket: Socket::FreshPort(query) } => self.unreachable(query.0, now),
            Input::SendFailed { socket: Socket::Tcp(connection) } => self.closed(connection.0, now),
        }
        self.run(now);
    }

    /// The next thing to send. Call it until `None`.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next thing that happened. Call it until `None`.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`handle_deadline`](Resolver::handle_deadline) wants to be called; `None`: never.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// To be called when the deadline is due: what was not answered is asked again, elsewhere.
    pub fn handle_deadline(&mut self, now: Time) {
        while let Some((at, due)) = self.deadlines.first().copied() {
            if at > now {
                break;
            }
            self.deadlines.remove(&(at, due));
            match due {
                Due::Query(query) => self.overdue(query, now),
                Due::Task(task) => self.too_late(task, now),
            }
            self.run(now);
        }
    }

    /// Nobody will answer this query: as if its time were up. For drivers who know it sooner than the clock, and for
    /// simulations.
    pub fn give_up(&mut self, query: QueryId, now: Time) {
        self.overdue(query.0, now);
        self.run(now);
    }

    /// The answer out of the cache, and off to renew it if it is old.
    fn known(&mut self, question: &Question, now: Time) -> Option<Answer> {
        if question.class != Class::IN || question.rtype.is_meta() && question.rtype != RrType::ANY {
            let error = ResolveError::Refused;
            return Some(Answer::failed(question.clone(), error, ExtendedError::NOT_SUPPORTED));
        }
        let hit = self.cache.lookup(question.as_question_ref(), now, Duration::ZERO)?;
        let answer = Answer::new(question.clone(), hit.rcode(), hit.sections());
        let left = hit.worth_refreshing();
        self.renew(question, left, now);
        Some(answer)
    }

    /// Asks for what is in its last tenth, unless that failed a moment ago.
    fn renew(&mut self, question: &Question, left: Option<Duration>, now: Time) {
        let Some(left) = left.filter(|_| self.config.prefetch) else { return };
        let purpose = Purpose::Prefetch;
        let failed = self.cache.failure(question.as_question_ref(), now).is_some();
        let busy = self.tasks.find(question, purpose).is_some();
        if failed || busy || self.tasks.len() >= self.config.limits.questions {
            return;
        }
        let id = self.start(question.clone(), purpose, now);
        if let Some(task) = self.tasks.of_mut(id) {
            task.leeway = left + Duration::from_secs(60);
        }
        self.run(now);
    }

    /// Half the questions stay to the end; of the others the youngest gives way if it is older than a moment.
    fn make_room(&mut self, now: Time) -> bool {
        let limit = self.config.limits.questions;
        if self.tasks.len() < limit {
            return true;
        }
        let clients = self.tasks.clients();
        if clients.len() < limit {
            return true;
        }
        let keep = limit.div_ceil(2);
        let Some(oldest) = clients.get(keep..).and_then(<[TaskId]>::first).copied() else { return false };
        let old = self.tasks.of(oldest).is_some_and(|task| now - task.started > self.config.limits.jostle);
        if old {
            self.fail_with(oldest, ResolveError::Cancelled, ExtendedError::NOT_READY, now);
        }
        old
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    fn done(&mut self, ticket: Ticket, answer: Answer) {
        self.events.push_back(Event::Done { ticket, answer: Arc::new(answer) });
    }
}

impl Answer {
    fn new(question: Question, rcode: Rcode, sections: Sections<RrSet>) -> Self {
        let (any, rtype) = (question.rtype == RrType::ANY, question.rtype);
        let found = sections.answer.iter().any(|set| any || set.rtype() == rtype);
        let error = match rcode {
            Rcode::NXDOMAIN => Some(ResolveError::NxDomain),
            Rcode::NOERROR if found => None,
            Rcode::NOERROR => Some(ResolveError::NoData),
            Rcode::REFUSED => Some(ResolveError::Refused),
            _ => Some(ResolveError::ServFail(ExtendedError::OTHER)),
        };
        Answer { question, rcode, sections, extended: None, error }
    }

    fn failed(question: Question, error: ResolveError, extended: u16) -> Self {
        let rcode = match error {
            ResolveError::Refused => Rcode::REFUSED,
            _ => Rcode::SERVFAIL,
        };
        let extended = Some(ExtendedError::new(extended));
        Answer { question, rcode, sections: Sections::new(), extended, error: Some(error) }
    }
}

/// Addresses out of an answer.
fn addresses(answer: &Answer) -> Vec<core::net::IpAddr> {
    use core::net::IpAddr;
    let sets = answer.sections.answer.iter();
    sets.flat_map(|set| {
        set.rdatas().filter_map(|rdata| rdata.a().map(IpAddr::V4).or(rdata.aaaa().map(IpAddr::V6)))
    })
    .collect()
}

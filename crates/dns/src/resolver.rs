//! A resolver: it starts at the root and asks its way down, remembers what it hears, and believes no more than it must.
//!
//! The rule: it is a [`Coordinator`], speaks in actions and owns no socket. Questions come in by
//! [`Resolver::resolve`]; whatever servers say, every one of them ends: each step costs something of which there is
//! [only so much](Limits).
//!
//! | what | by | where |
//! |---|---|---|
//! | the walk from the root | RFC 1034 section 5.3.3, RFC 8109 | `iterate` |
//! | names shortened on the way | RFC 9156 | `send` |
//! | ids, ports, letters, cookies that can't be guessed; TCP for what is cut short | RFC 5452, RFC 7766, RFC 7873 | `send` |
//! | TLS to servers that are known to speak it | RFC 7858, RFC 8310, RFC 8467 | `streams` |
//! | what is believed | RFC 2181 section 5.4.1, RFC 2308, RFC 6672 | `scrub`, [`cache`](crate::cache) |
//! | failures and answers past their time | RFC 9520, RFC 8767, RFC 8914 | `iterate` |
//! | signatures, with feature `dnssec` | RFC 4035, RFC 6840 | `validate`, `dnssec` |
//! | what is not there by what is known, with it | RFC 8198 | `denials` |
//! | questions of clients | RFC 1034 section 4.3.1, RFC 6303, RFC 6761 | [`service`] |
//!
//! ```
//! use dns::resolver::{Config, Resolver};
//! use dns::{Coordinator, Event, Input, Question, ResolveError, RrType, proto_core::Time};
//! let config = Config { roots: vec!["192.0.2.1:53".parse()?], ..Config::default() };
//! let mut resolver = Resolver::new(config, [7; 32]);
//! let asked = resolver.resolve(Question::new("example.org".parse()?, RrType::A), Time::ZERO);
//! // That root server is to be asked for the servers of the root; but there is no network.
//! while let Some(query) = resolver.poll_transmit(Time::ZERO) {
//!     resolver.handle(Input::SendFailed(query.socket), Time::ZERO);
//! }
//! while let Some(event) = resolver.poll_event() {
//!     let Event::Done { ticket, answer } = event else { continue };
//!     assert_eq!(ticket, asked);
//!     assert!(matches!(answer.records(), Err(ResolveError::ServFail(_))));
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod config;
#[cfg(feature = "dnssec")]
mod denials;
mod iterate;
mod local;
mod reply;
mod scrub;
mod send;
mod servers;
pub mod service;
mod streams;
mod task;
#[cfg(feature = "dnssec")]
mod validate;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use proto_core::Time;

use crate::cache::{Cache, Hit, RrSet, Sections, Status};
use crate::edns::ExtendedError;
use crate::exchange::{Coordinator, Event, Input, PortId, Socket, TcpId, Ticket, Trace, Transmit};
use crate::random::Random;
use crate::{Class, LimitKind, Question, Rcode, ResolveError, RrType};

pub use config::{Config, Limits, Way, ZoneRule, root_hints};
use send::Outgoing;
use servers::Servers;
use streams::Streams;
use task::{Purpose, TaskId, Tasks, Waiter};
#[cfg(feature = "dnssec")]
pub use validate::BoxedVerifier;

/// The answer to a question, good or bad.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What was asked.
    pub question: Question,
    /// How it went.
    pub rcode: Rcode,
    /// The records.
    pub sections: Sections<RrSet>,
    /// What DNSSEC says of all that is in the answer and authority sections, and of what is not.
    pub status: Status,
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

/// See the top of the [module](self).
#[derive(Debug)]
pub struct Resolver {
    config: Config,
    cache: Cache,
    servers: Servers,
    random: Random,
    tasks: Tasks,
    ready: VecDeque<TaskId>,
    queries: BTreeMap<u64, Outgoing>,
    streams: Streams,
    tickets: BTreeMap<u64, TaskId>,
    deadlines: BTreeSet<(Time, Due)>,
    transmits: VecDeque<Transmit>,
    events: VecDeque<Event<Arc<Answer>>>,
    last_id: u64,
    sent: u64,
    #[cfg(feature = "dnssec")]
    chain: Option<validate::Chain>,
}

/// What a deadline is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Query(u64),
    Task(TaskId),
    /// A connection that nobody needs.
    Stream(u64),
}

impl Resolver {
    /// A resolver with an empty cache. `seed` must be drawn by chance: ids, letters, the choice of servers and the key of
    /// the cache come from it, and the same seed gives the same queries.
    #[must_use]
    pub fn new(config: Config, seed: [u8; 32]) -> Self {
        let mut random = Random::new(seed);
        let [cache_key, cookie_secret] = [(); 2].map(|()| [random.u64(), random.u64()]);
        Resolver {
            cache: Cache::new(config.limits.cache_bytes, cache_key),
            servers: Servers::new(config.limits.servers, cookie_secret),
            random,
            config,
            tasks: Tasks::default(),
            ready: VecDeque::new(),
            queries: BTreeMap::new(),
            streams: Streams::default(),
            tickets: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            last_id: 0,
            sent: 0,
            #[cfg(feature = "dnssec")]
            chain: None,
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
        self.resolve_for(Purpose::Client, question, now)
    }

    /// The same for who checks the answer himself: what is bogus is told as well (CD, RFC 4035 section 3.2.2).
    pub fn resolve_unchecked(&mut self, question: Question, now: Time) -> Ticket {
        let purpose = if self.validates() { Purpose::Unchecked } else { Purpose::Client };
        self.resolve_for(purpose, question, now)
    }

    fn resolve_for(&mut self, purpose: Purpose, question: Question, now: Time) -> Ticket {
        let ticket = Ticket(self.next_id());
        if let Some(answer) = self.known(&question, self.least(purpose), now) {
            self.done(ticket, answer);
            return ticket;
        }
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

    /// Nobody will answer this query: as if its time were up. For drivers who know it sooner than the clock, and for
    /// simulations.
    pub fn give_up(&mut self, port: PortId, now: Time) {
        self.overdue(port.0, now);
        self.run(now);
    }

    /// The answer out of the cache, and off to renew it if it is old.
    fn known(&mut self, question: &Question, least: Status, now: Time) -> Option<Answer> {
        if question.class != Class::IN || question.rtype.is_meta() && question.rtype != RrType::ANY {
            let error = ResolveError::Refused;
            return Some(Answer::failed(question.clone(), error, ExtendedError::NOT_SUPPORTED));
        }
        let hit = self.cache.lookup(question.as_question_ref(), now, Duration::ZERO);
        let hit = hit.filter(|hit| hit.status() >= least)?;
        let answer = Answer::of_hit(question.clone(), &hit);
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

    /// Replies to these questions are validated.
    fn checks(&self, purpose: Purpose) -> bool {
        self.validates() && matches!(purpose, Purpose::Client | Purpose::Prefetch)
    }

    /// What must be known of what the cache has, for it to be an answer.
    fn least(&self, purpose: Purpose) -> Status {
        match self.validates() && purpose != Purpose::Unchecked {
            true => Status::Insecure,
            false => Status::Indeterminate,
        }
    }

    /// What an answer can be at best.
    fn best(&self, purpose: Purpose) -> Status {
        if self.checks(purpose) { Status::Secure } else { Status::Indeterminate }
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    fn done(&mut self, ticket: Ticket, answer: Answer) {
        self.events.push_back(Event::Done { ticket, answer: Arc::new(answer) });
    }
}

impl Coordinator for Resolver {
    type Answer = Arc<Answer>;

    fn handle(&mut self, input: Input<'_>, now: Time) {
        match input {
            Input::Datagram { port, from, bytes } => self.datagram(port.0, from, bytes, now),
            Input::TcpOpened(TcpId(id)) => self.opened(id, now),
            Input::TcpReceived { id, bytes } => self.received(id.0, bytes, now),
            Input::SendFailed(Socket::FreshPort(port)) => self.unreachable(port.0, now),
            Input::TcpClosed(id) | Input::SendFailed(Socket::Tcp(id)) => self.closed(id.0, now),
        }
        self.run(now);
    }

    fn poll_transmit(&mut self, _now: Time) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    fn poll_event(&mut self) -> Option<Event<Arc<Answer>>> {
        self.events.pop_front()
    }

    fn deadline(&self) -> Option<Time> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// What was not answered is asked again, elsewhere.
    fn handle_deadline(&mut self, now: Time) {
        while let Some((at, due)) = self.deadlines.first().copied() {
            if at > now {
                break;
            }
            self.deadlines.remove(&(at, due));
            match due {
                Due::Query(query) => self.overdue(query, now),
                Due::Task(task) => self.too_late(task, now),
                Due::Stream(id) => self.idle_over(id),
            }
            self.run(now);
        }
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
            _ => Some(ResolveError::ServFail(None)),
        };
        Answer { question, rcode, sections, status: Status::Indeterminate, extended: None, error }
    }

    fn of_hit(question: Question, hit: &Hit<'_>) -> Self {
        Answer { status: hit.status(), ..Answer::new(question, hit.rcode(), hit.sections()) }
    }

    fn failed(question: Question, error: ResolveError, extended: u16) -> Self {
        let rcode = match error {
            ResolveError::Refused => Rcode::REFUSED,
            _ => Rcode::SERVFAIL,
        };
        let extended = Some(ExtendedError::new(extended));
        let (sections, status) = (Sections::new(), Status::Indeterminate);
        Answer { question, rcode, sections, status, extended, error: Some(error) }
    }
}

/// Without the feature there is nobody to judge.
#[cfg(not(feature = "dnssec"))]
impl Resolver {
    const fn validates(&self) -> bool {
        false
    }

    fn judge(&mut self, task: &mut task::Task, now: Time) -> Option<Answer> {
        let held = task.held.take()?;
        self.settle(task, held, now)
    }

    fn condemned(&mut self, _: &task::Task, _: Time) -> Option<Answer> {
        None
    }

    fn deny(&mut self, _: &mut task::Task, _: Time) -> Option<Answer> {
        None
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

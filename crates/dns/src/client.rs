//! The stub resolver (RFC 1123 section 6.1.3.1): asks servers that do the work, and knows what this machine knows itself.
//!
//! The rule: a dead server stalls nobody, a forged reply ends nothing. Servers are asked in the order of their measured
//! times; who takes longer than usual is waited for and the next one asked as well (`query`). What does not fit goes over
//! TCP. Names are completed as resolv.conf(5) says ([`Config`]), looked up in hosts(5) first ([`Hosts`]), and some never leave
//! the machine (RFC 6761).
//!
//! No socket is opened here: see [`Coordinator`] for how to drive it.

mod answer;
mod config;
mod hosts;
mod lookup;
mod query;
mod upstream;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use bytes::Bytes;

use crate::random::Random;
use crate::special::{Special, address_of_pointer, special};
use crate::{
    Class, Coordinator, Event, Input, LimitKind, Name, PortId, Privacy, Question, Rdata, Record,
    ResolveError, RrType, Socket, TcpId, TextError, Ticket, Trace, Transmit, limits,
};
use lookup::{Lookup, Step};
use proto_core::Time;
use query::{Outcome, Query};
use upstream::Upstream;

pub use answer::Answer;
pub use config::{Config, Transport};
pub use hosts::Hosts;

/// A resolver that lets others do the work.
///
/// ```
/// use dns::client::{Config, Hosts};
/// use dns::{Coordinator, Event, Question, RrType, StubResolver};
/// use proto_core::Time;
/// let config = Config::with_servers(["192.0.2.53:53".parse().unwrap()]);
/// let mut stub = StubResolver::new(config, Hosts::default(), [7; 32]);
/// let ticket = stub.resolve(Question::new("example.org".parse()?, RrType::A), Time::ZERO);
/// assert_eq!(stub.poll_event(), None);
/// let query = stub.poll_transmit(Time::ZERO).unwrap(); // to be sent from a fresh port
/// assert_eq!(query.to.port(), 53);
/// assert!(stub.deadline().is_some());
/// // What nobody needs to be asked for is known at once.
/// let local = stub.addresses("localhost", Time::ZERO)?;
/// let Some(Event::Done { ticket, answer: Ok(answer) }) = stub.poll_event() else { panic!() };
/// assert_eq!((ticket, answer.addresses().count()), (local, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct StubResolver {
    hosts: Hosts,
    lookups: BTreeMap<Ticket, Lookup>,
    queries: BTreeMap<u64, Query>,
    /// When which query wants to hear of time.
    timers: BTreeSet<(Time, u64)>,
    next_id: u64,
    net: Net,
}

/// What the queries share: servers, sockets, what is to be said to the outside.
#[derive(Debug)]
struct Net {
    config: Config,
    upstreams: Vec<Upstream>,
    random: Random,
    /// Which query a socket belongs to.
    owners: BTreeMap<Socket, u64>,
    next_socket: u64,
    transmits: VecDeque<Transmit>,
    events: VecDeque<Event<Result<Answer, ResolveError>>>,
    traced: bool,
}

impl StubResolver {
    /// A resolver that asks the servers of `config`. The seed must not be guessable: ids and cookies are drawn from it.
    #[must_use]
    pub fn new(config: Config, hosts: Hosts, seed: [u8; 32]) -> Self {
        let mut random = Random::new(seed);
        let upstreams = config.servers.iter().map(|server| Upstream::new(*server, &mut random)).collect();
        let net = Net {
            config,
            upstreams,
            random,
            owners: BTreeMap::new(),
            next_socket: 0,
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            traced: false,
        };
        let (lookups, queries, timers) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        StubResolver { hosts, lookups, queries, timers, next_id: 0, net }
    }

    /// Tells of every query and reply ([`Event::Trace`]).
    pub fn trace(&mut self, on: bool) {
        self.net.traced = on;
    }

    /// Asks for this name and no other.
    pub fn resolve(&mut self, question: Question, now: Time) -> Ticket {
        let Question { name, rtype, class } = question;
        self.look_up(alloc::vec![name], alloc::vec![rtype], class, now)
    }

    /// Asks for what a person typed, completed by the search list.
    ///
    /// # Errors
    /// It is no name.
    pub fn search(&mut self, typed: &str, rtype: RrType, now: Time) -> Result<Ticket, TextError> {
        let name = Name::parse_text(typed.as_bytes(), Some(&Name::ROOT))?;
        let names = lookup::names(typed, &name, &self.net.config);
        Ok(self.look_up(names, alloc::vec![rtype], Class::IN, now))
    }

    /// Asks for the addresses of a machine, of both kinds at once: an address itself, a name of the hosts file or any other,
    /// completed by the search list.
    ///
    /// # Errors
    /// It is no name.
    pub fn addresses(&mut self, host: &str, now: Time) -> Result<Ticket, TextError> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(self.known(Ok(of_addresses(&Name::ROOT, &[address]))));
        }
        let name = Name::parse_text(host.as_bytes(), Some(&Name::ROOT))?;
        let addresses = self.hosts.addresses(&name);
        if !addresses.is_empty() {
            let answer = of_addresses(&name, addresses);
            return Ok(self.known(Ok(answer)));
        }
        let names = lookup::names(host, &name, &self.net.config);
        let types = if self.net.config.no_aaaa { &[RrType::A][..] } else { &[RrType::A, RrType::AAAA] };
        Ok(self.look_up(names, types.to_vec(), Class::IN, now))
    }

    /// Takes a question back: its sockets are given back, its answer is [`ResolveError::Cancelled`].
    pub fn cancel(&mut self, ticket: Ticket) {
        if let Some(lookup) = self.lookups.remove(&ticket) {
            self.drop_queries(&lookup);
            self.net.events.push_back(Event::Done { ticket, answer: Err(ResolveError::Cancelled) });
        }
    }

    fn drop_queries(&mut self, lookup: &Lookup) {
        for id in &lookup.queries {
            if let Some(query) = self.take_query(*id) {
                query.close(&mut self.net);
            }
        }
    }

    fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Nobody needs to be asked.
    fn known(&mut self, answer: Result<Answer, ResolveError>) -> Ticket {
        let ticket = Ticket(self.new_id());
        self.net.events.push_back(Event::Done { ticket, answer });
        ticket
    }

    fn look_up(&mut self, names: Vec<Name>, types: Vec<RrType>, class: Class, now: Time) -> Ticket {
        if self.lookups.len() >= limits::STUB_QUESTIONS {
            return self.known(Err(ResolveError::LimitHit(LimitKind::Questions)));
        }
        let ticket = Ticket(self.new_id());
        let mut lookup = Lookup::new(names, types, class);
        let step = Step::Ask(lookup.questions());
        self.go_on(ticket, &mut lookup, step, now);
        ticket
    }

    /// Takes a question through all that can be said at once, and keeps it if it must wait.
    fn go_on(&mut self, ticket: Ticket, lookup: &mut Lookup, mut step: Step, now: Time) {
        loop {
            step = match step {
                Step::Done(answer) => {
                    self.drop_queries(lookup);
                    return self.net.events.push_back(Event::Done { ticket, answer });
                }
                Step::Wait => {
                    let empty = Lookup::new(Vec::new(), Vec::new(), Class::IN);
                    self.lookups.insert(ticket, core::mem::replace(lookup, empty));
                    return;
                }
                Step::Ask(questions) => self.ask(ticket, lookup, questions, now),
            }
        }
    }

    fn ask(&mut self, ticket: Ticket, lookup: &mut Lookup, questions: Vec<Question>, now: Time) -> Step {
        let mut step = Step::Wait;
        for question in questions {
            if let Some(known) = self.known_here(&question) {
                step = lookup.take(known);
                continue;
            }
            let id = self.new_id();
            let mut query = Query::new(id, ticket, question, &mut self.net, now);
            match query.ask_next(&mut self.net, now) {
                Some(result) => step = lookup.take(result),
                None => {
                    lookup.queries.push(id);
                    self.keep_query(id, query);
                }
            }
        }
        step
    }

    /// RFC 6761 and hosts(5).
    fn known_here(&self, question: &Question) -> Option<Result<Answer, ResolveError>> {
        let (name, rtype) = (&question.name, question.rtype);
        if rtype == RrType::PTR
            && let Some(address) = address_of_pointer(name.as_name_ref())
            && let [first, ..] = self.hosts.names(address)
        {
            return Some(Ok(of_pointer(name, first)));
        }
        Some(match special(name.as_name_ref(), rtype)? {
            Special::Address(address) => Ok(of_addresses(name, &[address])),
            Special::Localhost => {
                Ok(of_pointer(name, &Name::from_labels([&b"localhost"[..]]).unwrap_or_default()))
            }
            Special::NoData => Err(ResolveError::NoData),
            Special::NxDomain => Err(ResolveError::NxDomain),
        })
    }

    fn keep_query(&mut self, id: u64, query: Query) {
        self.timers.insert((query.deadline(), id));
        self.queries.insert(id, query);
    }

    fn take_query(&mut self, id: u64) -> Option<Query> {
        let query = self.queries.remove(&id)?;
        self.timers.remove(&(query.deadline(), id));
        Some(query)
    }

    /// Lets a query do something, and draws the conclusion.
    fn with_query(&mut self, id: u64, now: Time, work: impl FnOnce(&mut Query, &mut Net) -> Outcome) {
        let Some(mut query) = self.take_query(id) else { return };
        let Some(result) = work(&mut query, &mut self.net) else { return self.keep_query(id, query) };
        let ticket = query.ticket;
        query.close(&mut self.net);
        if let Some(mut lookup) = self.lookups.remove(&ticket) {
            let step = lookup.finished(id, result);
            self.go_on(ticket, &mut lookup, step, now);
        }
    }
}

/// Whatever this machine knows itself does not grow old.
const KNOWN_TTL: u32 = 0;

fn of_addresses(name: &Name, addresses: &[IpAddr]) -> Answer {
    let record = |address: &IpAddr| {
        let rdata = match address {
            IpAddr::V4(v4) => Rdata::from_wire(RrType::A, Class::IN, &v4.octets()),
            IpAddr::V6(v6) => Rdata::from_wire(RrType::AAAA, Class::IN, &v6.octets()),
        };
        Some(Record { owner: name.clone(), ttl: KNOWN_TTL, rdata: rdata.ok()? })
    };
    Answer { name: name.clone(), records: addresses.iter().filter_map(record).collect(), replies: Vec::new() }
}

fn of_pointer(name: &Name, target: &Name) -> Answer {
    let rdata = Rdata::from_wire(RrType::PTR, Class::IN, target.as_wire());
    let record = rdata.ok().map(|rdata| Record { owner: name.clone(), ttl: KNOWN_TTL, rdata });
    Answer { name: name.clone(), records: record.into_iter().collect(), replies: Vec::new() }
}

impl Coordinator for StubResolver {
    type Answer = Result<Answer, ResolveError>;

    fn handle(&mut self, input: Input<'_>, now: Time) {
        let socket = match input {
            Input::Datagram { port, .. } => Socket::FreshPort(port),
            Input::TcpOpened(id) | Input::TcpReceived { id, .. } | Input::TcpClosed(id) => Socket::Tcp(id),
            Input::SendFailed(socket) => socket,
        };
        if let Some(id) = self.net.owners.get(&socket).copied() {
            self.with_query(id, now, |query, net| query.handle(input, net, now));
        }
    }

    fn poll_transmit(&mut self, _now: Time) -> Option<Transmit> {
        self.net.transmits.pop_front()
    }

    fn poll_event(&mut self) -> Option<Event<Self::Answer>> {
        self.net.events.pop_front()
    }

    fn deadline(&self) -> Option<Time> {
        self.timers.first().map(|(due, _)| *due)
    }

    fn handle_deadline(&mut self, now: Time) {
        if let Some((_, id)) = self.timers.first().copied().filter(|(due, _)| *due <= now) {
            self.with_query(id, now, |query, net| query.due(net, now));
        }
    }
}

impl Net {
    /// Servers by their times; those that come first by chance or in turn, if that is wanted. Who is not the first grows
    /// younger.
    fn order(&mut self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.upstreams.len()).collect();
        if self.config.rotate {
            order.rotate_left(self.random.below(self.upstreams.len()));
        } else {
            order.sort_by_key(|at| self.upstreams.get(*at).map(Upstream::rank));
        }
        for at in order.iter().skip(1) {
            if let Some(server) = self.upstreams.get_mut(*at) {
                server.not_asked();
            }
        }
        order
    }

    fn patience(&self, server: usize) -> Duration {
        self.upstreams.get(server).map_or(self.config.timeout, Upstream::patience)
    }

    fn port(&mut self, owner: u64) -> Socket {
        self.next_socket += 1;
        let socket = Socket::FreshPort(PortId(self.next_socket));
        self.owners.insert(socket, owner);
        socket
    }

    fn open(&mut self, owner: u64, to: SocketAddr) -> Socket {
        self.next_socket += 1;
        let id = TcpId(self.next_socket);
        self.owners.insert(Socket::Tcp(id), owner);
        let privacy = match self.config.transport {
            Transport::Tls => Privacy::Opportunistic,
            Transport::Udp | Transport::Tcp => Privacy::Clear,
        };
        self.events.push_back(Event::OpenTcp { id, to, privacy });
        Socket::Tcp(id)
    }

    fn close(&mut self, socket: Socket) {
        self.owners.remove(&socket);
        self.transmits.retain(|transmit| transmit.socket != socket);
        self.events.push_back(match socket {
            Socket::FreshPort(port) => Event::ClosePort(port),
            Socket::Tcp(id) => Event::CloseTcp(id),
        });
    }

    fn transmit(&mut self, to: SocketAddr, socket: Socket, bytes: Bytes) {
        self.transmits.push_back(Transmit { to, socket, bytes });
    }

    fn trace_sent(&mut self, ticket: Ticket, to: SocketAddr, message: &Bytes) {
        if self.traced {
            self.events.push_back(Event::Trace(Trace::Sent { ticket, to, message: message.clone() }));
        }
    }

    fn trace_received(&mut self, ticket: Ticket, from: SocketAddr, message: &Bytes) {
        if self.traced {
            self.events.push_back(Event::Trace(Trace::Received { ticket, from, message: message.clone() }));
        }
    }
}

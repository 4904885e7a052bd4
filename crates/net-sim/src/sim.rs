//! The network: hosts, links between them, processes on them, and the queue of what is going to happen.
//!
//! The rule: one thing at a time, in the order of time, and in the order of cause where the time is the same. A process
//! is told something ([`Input`]) and acts on the network through its [`Context`]; nothing else touches anything.

mod context;

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use proto_core::Time;

pub use context::Context;

use crate::link::Wire;
use crate::stream::{EndOf, Ends, Segment, Side, State};
use crate::trace::Trace;
use crate::{Chunks, Link, Random, Stream, Traffic};

/// A host of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Host(u32);

impl Host {
    /// The host that was made as this one, counted from 0.
    #[must_use]
    pub fn number(n: u32) -> Self {
        Host(n)
    }
}

/// A port of a host. Turns into a socket address (hosts are 10.0.0.0 and up) and back, for endpoints that know of those.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Addr {
    /// The host.
    pub host: Host,
    /// The port.
    pub port: u16,
}

impl Addr {
    /// `port` of `host`.
    #[must_use]
    pub fn new(host: Host, port: u16) -> Self {
        Addr { host, port }
    }
}

impl From<Addr> for SocketAddr {
    fn from(addr: Addr) -> Self {
        let ip = Ipv4Addr::from_bits(0x0a00_0000 | (addr.host.0 & 0x00ff_ffff));
        SocketAddr::new(IpAddr::V4(ip), addr.port)
    }
}

impl From<SocketAddr> for Addr {
    /// An address that is no host's becomes one that nobody has.
    fn from(addr: SocketAddr) -> Self {
        let host = match addr.ip() {
            IpAddr::V4(ip) if ip.octets().first() == Some(&10) => ip.to_bits() & 0x00ff_ffff,
            _ => u32::MAX,
        };
        Addr { host: Host(host), port: addr.port() }
    }
}

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SocketAddr::from(*self).fmt(f)
    }
}

/// A link of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LinkId(usize);

/// A process on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ProcessId(usize);

/// What a process is told.
#[derive(Debug)]
pub enum Input {
    /// It has begun.
    Start,
    /// A stream that it asked for is open.
    Opened(Stream),
    /// A stream that it asked for is refused: nobody listens there.
    Refused(Stream),
    /// Somebody has opened a stream to one of its ports.
    Accepted {
        /// Its end of it.
        stream: Stream,
        /// Who.
        from: Addr,
        /// The port.
        port: u16,
    },
    /// Something has come, or the end; see [`Context::read`].
    Readable(Stream),
    /// There is room again after a write that was cut short.
    Writable(Stream),
    /// Both ends have changed the layer that they asked for by [`Context::upgrade`].
    Upgraded(Stream),
    /// A datagram has come to one of its ports.
    Datagram {
        /// Who sent it.
        from: Addr,
        /// The port.
        port: u16,
        /// What it says.
        bytes: Bytes,
    },
    /// A time that it had asked for by [`Context::wake_at`] has come.
    Timer(u64),
    /// Another process has poked it.
    Poked,
}

impl Input {
    /// As numbers and bytes, for the trace.
    fn summary(&self) -> ([u64; 2], &[u8]) {
        let of = |stream: &Stream| (stream.id as u64) << 1 | (stream.side == Side::Acceptor) as u64;
        match self {
            Input::Start => ([1, 0], &[]),
            Input::Opened(stream) => ([2, of(stream)], &[]),
            Input::Refused(stream) => ([3, of(stream)], &[]),
            Input::Accepted { stream, .. } => ([4, of(stream)], &[]),
            Input::Readable(stream) => ([5, of(stream)], &[]),
            Input::Writable(stream) => ([6, of(stream)], &[]),
            Input::Upgraded(stream) => ([7, of(stream)], &[]),
            Input::Datagram { from, bytes, .. } => ([8, u64::from(from.host.0)], bytes),
            Input::Timer(token) => ([9, *token], &[]),
            Input::Poked => ([10, 0], &[]),
        }
    }
}

/// Something that runs on a host.
pub trait Process {
    /// Something has happened.
    fn handle(&mut self, input: Input, context: &mut Context<'_, '_>);
}

/// A process that is looked at once the simulation is gone.
impl<P: Process + ?Sized> Process for &mut P {
    fn handle(&mut self, input: Input, context: &mut Context<'_, '_>) {
        (**self).handle(input, context);
    }
}

/// A process that others look at while it runs.
impl<P: Process> Process for Rc<RefCell<P>> {
    fn handle(&mut self, input: Input, context: &mut Context<'_, '_>) {
        self.borrow_mut().handle(input, context);
    }
}

/// The way from one host to another.
#[derive(Clone, Debug, Default)]
pub(crate) struct Route {
    links: Rc<[LinkId]>,
}

/// What travels.
#[derive(Clone, Debug)]
enum Load {
    Syn(usize),
    SynAck(usize),
    Ack(usize),
    Refusal(usize),
    /// To this end.
    Segment(Stream, Segment),
    Reset(Stream),
    Datagram {
        from: Addr,
        to: Addr,
        bytes: Bytes,
    },
}

impl Load {
    /// Control packets take no room on the wire: so L bits of payload take L/R, as in the textbook.
    fn bytes(&self) -> usize {
        match self {
            Load::Segment(_, segment) => segment.bytes.len(),
            Load::Datagram { bytes, .. } => bytes.len(),
            _ => 0,
        }
    }
}

#[derive(Debug)]
enum Coming {
    Tell(ProcessId, Input),
    /// Has come to the end of the route's first `usize` links.
    Hop(Load, Route, usize),
    /// The other end has read so much.
    Credit(Stream, usize),
}

struct Entry {
    at: Time,
    order: u64,
    what: Coming,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}

impl Eq for Entry {}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

#[derive(Default)]
struct HostState {
    up: Option<LinkId>,
    down: Option<LinkId>,
    next_port: u16,
}

/// A simulated network, and what runs on it.
///
/// Hosts reach each other through their access links ([`access`](Sim::access)) and the cloud between those
/// ([`cloud`](Sim::cloud)), unless there is a [`route`](Sim::route) for the two; without any of it at once.
pub struct Sim<'a> {
    now: Time,
    order: u64,
    coming: BinaryHeap<Reverse<Entry>>,
    random: Random,
    trace: Trace,
    hosts: Vec<HostState>,
    wires: Vec<Wire>,
    routes: BTreeMap<(Host, Host), Route>,
    streams: Vec<Option<Box<Ends>>>,
    listening: BTreeMap<Addr, ProcessId>,
    bound: BTreeMap<Addr, ProcessId>,
    processes: Vec<Option<Box<dyn Process + 'a>>>,
    places: Vec<Host>,
    window: usize,
    retransmit: Duration,
    chunks: Chunks,
    /// Steps since time moved on.
    idle_steps: u64,
}

/// The cloud between the access links is link number 0.
const CLOUD: LinkId = LinkId(0);

impl<'a> Sim<'a> {
    /// An empty network at time zero.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Sim {
            now: Time::ZERO,
            order: 0,
            coming: BinaryHeap::new(),
            random: Random::new(seed),
            trace: Trace::new(),
            hosts: Vec::new(),
            wires: vec![Wire::new(Link::new())],
            routes: BTreeMap::new(),
            streams: Vec::new(),
            listening: BTreeMap::new(),
            bound: BTreeMap::new(),
            processes: Vec::new(),
            places: Vec::new(),
            window: 1 << 20,
            retransmit: Duration::from_millis(200),
            chunks: Chunks::Whole,
            idle_steps: 0,
        }
    }

    /// A host more.
    pub fn host(&mut self) -> Host {
        self.hosts.push(HostState { up: None, down: None, next_port: 49_152 });
        Host(u32::try_from(self.hosts.len() - 1).unwrap_or(u32::MAX))
    }

    /// A link more, one way.
    pub fn link(&mut self, link: Link) -> LinkId {
        self.wires.push(Wire::new(link));
        LinkId(self.wires.len() - 1)
    }

    /// What all that goes between two hosts without a route of their own crosses. Its rate and queue are shared by all.
    pub fn cloud(&mut self, link: Link) {
        if let Some(cloud) = self.wires.first_mut() {
            *cloud = Wire::new(link);
        }
    }

    /// How a host is connected to the cloud, in both directions.
    pub fn access(&mut self, host: Host, up: Link, down: Link) -> (LinkId, LinkId) {
        let (up, down) = (self.link(up), self.link(down));
        if let Some(state) = self.host_state(host) {
            (state.up, state.down) = (Some(up), Some(down));
        }
        (up, down)
    }

    /// Sends all that goes from `a` to `b` over these links, one after another. None: there at once.
    pub fn route(&mut self, a: Host, b: Host, links: &[LinkId]) {
        self.routes.insert((a, b), Route { links: links.into() });
    }

    /// Connects two hosts by a link of their own in each direction.
    pub fn wire(&mut self, a: Host, b: Host, link: Link) -> (LinkId, LinkId) {
        let (there, back) = (self.link(link.clone()), self.link(link));
        self.route(a, b, &[there]);
        self.route(b, a, &[back]);
        (there, back)
    }

    /// How many bytes a stream may have under way and unread (1 MiB at first).
    pub fn window(&mut self, bytes: usize) {
        self.window = bytes.max(1);
    }

    /// How long a lost piece of a stream is missed before it is sent again (200 ms at first).
    pub fn retransmit_after(&mut self, time: Duration) {
        self.retransmit = time;
    }

    /// How streams are cut into packets (as they are written, at first).
    pub fn chunks(&mut self, chunks: Chunks) {
        self.chunks = chunks;
    }

    /// Starts a process on a host, at this time.
    pub fn spawn(&mut self, host: Host, process: impl Process + 'a) -> ProcessId {
        let id = ProcessId(self.processes.len());
        self.processes.push(Some(Box::new(process)));
        self.places.push(host);
        self.tell(id, Input::Start);
        id
    }

    /// Pokes a process, at this time.
    pub fn poke(&mut self, process: ProcessId) {
        self.tell(process, Input::Poked);
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// The simulation's source of chance.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// What has gone over a link.
    #[must_use]
    pub fn traffic(&self, link: LinkId) -> Traffic {
        self.wires.get(link.0).map(|wire| wire.traffic).unwrap_or_default()
    }

    /// All that has happened, as one number: equal for equal seeds.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.trace.digest()
    }

    /// Keeps a line for everything that happens from here on; see [`trace`](Sim::trace).
    pub fn keep_trace(&mut self) {
        self.trace.keep();
    }

    /// The lines kept.
    #[must_use]
    pub fn trace(&self) -> &[String] {
        self.trace.lines()
    }

    /// When the next thing will happen; `None`: nothing will.
    #[must_use]
    pub fn next_at(&self) -> Option<Time> {
        self.coming.peek().map(|Reverse(next)| next.at)
    }

    /// Lets the next thing happen; `false` if nothing will, or if time stands still: ten million things have happened
    /// at this one moment.
    pub fn step(&mut self) -> bool {
        if self.idle_steps > 10_000_000 {
            return false;
        }
        let Some(Reverse(entry)) = self.coming.pop() else { return false };
        self.idle_steps = if entry.at > self.now { 0 } else { self.idle_steps + 1 };
        self.now = entry.at;
        match entry.what {
            Coming::Tell(process, input) => self.dispatch(process, input),
            Coming::Hop(load, route, done) => self.hop(load, route, done),
            Coming::Credit(stream, n) => self.credit(stream, n),
        }
        true
    }

    /// Runs until nothing is left to happen.
    pub fn run(&mut self) {
        while self.step() {}
    }

    /// Runs until that time, and no further; whether anything is left to happen.
    pub fn run_until(&mut self, until: Time) -> bool {
        while self.next_at().is_some_and(|at| at <= until) && self.step() {}
        self.now = self.now.max(until);
        !self.coming.is_empty()
    }

    fn host_state(&mut self, host: Host) -> Option<&mut HostState> {
        self.hosts.get_mut(usize::try_from(host.0).ok()?)
    }

    fn plan(&mut self, at: Time, what: Coming) {
        self.order += 1;
        self.coming.push(Reverse(Entry { at, order: self.order, what }));
    }

    fn tell(&mut self, process: ProcessId, input: Input) {
        self.plan(self.now, Coming::Tell(process, input));
    }

    fn dispatch(&mut self, id: ProcessId, input: Input) {
        let Some(mut process) = self.processes.get_mut(id.0).and_then(Option::take) else { return };
        let ([kind, about], bytes) = input.summary();
        let numbers = [id.0 as u64, kind, about, bytes.len() as u64];
        self.trace.note(self.now, numbers, bytes, format_args!("process {}: {input:?}", id.0));
        let host = self.places.get(id.0).copied().unwrap_or_default();
        process.handle(input, &mut Context { sim: self, me: id, host });
        if let Some(place) = self.processes.get_mut(id.0) {
            *place = Some(process);
        }
    }

    fn route_between(&mut self, a: Host, b: Host) -> Route {
        if let Some(route) = self.routes.get(&(a, b)) {
            return route.clone();
        }
        if a == b {
            return Route::default();
        }
        let up = self.host_state(a).and_then(|host| host.up);
        let down = self.host_state(b).and_then(|host| host.down);
        Route { links: [up, Some(CLOUD), down].into_iter().flatten().collect() }
    }

    /// How long a bit needs along a route, without waiting anywhere.
    fn propagation(&self, route: &Route) -> Duration {
        let wires = route.links.iter().filter_map(|link| self.wires.get(link.0));
        wires.map(|wire| wire.link.propagation()).sum()
    }

    /// Never within the sender's own turn, even if the way is none.
    fn send(&mut self, load: Load, route: Route) {
        self.plan(self.now, Coming::Hop(load, route, 0));
    }

    /// Puts what has crossed `done` links on the next one, or hands it over at the end.
    fn hop(&mut self, load: Load, route: Route, done: usize) {
        let Some(link) = route.links.get(done) else { return self.arrive(load) };
        let Some(wire) = self.wires.get_mut(link.0) else { return };
        match wire.carry(load.bytes(), self.now, &mut self.random) {
            Some(at) => self.plan(at, Coming::Hop(load, route, done + 1)),
            None => self.lost(load, route),
        }
    }

    /// Datagrams stay lost; streams send again.
    fn lost(&mut self, load: Load, route: Route) {
        if !matches!(load, Load::Datagram { .. }) {
            self.plan(self.now + self.retransmit, Coming::Hop(load, route, 0));
        }
    }

    fn arrive(&mut self, load: Load) {
        match load {
            Load::Syn(id) => self.syn(id),
            Load::SynAck(id) => self.syn_ack(id),
            Load::Ack(id) => self.accept(id),
            Load::Refusal(id) => self.refused(id),
            Load::Segment(stream, segment) => self.segment(stream, segment),
            Load::Reset(stream) => self.reset(stream),
            Load::Datagram { from, to, bytes } => {
                if let Some(&process) = self.bound.get(&to) {
                    self.dispatch(process, Input::Datagram { from, port: to.port, bytes });
                }
            }
        }
    }

    fn ends(&mut self, id: usize) -> Option<&mut Ends> {
        self.streams.get_mut(id)?.as_deref_mut()
    }

    fn end(&mut self, stream: Stream) -> Option<&mut EndOf> {
        Some(self.ends(stream.id)?.end(stream.side))
    }

    fn syn(&mut self, id: usize) {
        let Some(ends) = self.ends(id) else { return };
        let (to, back) = (ends.acceptor.at, ends.acceptor.route.clone());
        match self.listening.get(&to) {
            Some(&process) => {
                if let Some(ends) = self.ends(id) {
                    ends.acceptor.process = process;
                }
                self.send(Load::SynAck(id), back);
            }
            None => self.send(Load::Refusal(id), back),
        }
    }

    fn syn_ack(&mut self, id: usize) {
        let Some(ends) = self.ends(id) else { return };
        if ends.opener.state != State::Opening {
            return;
        }
        ends.opener.state = State::Open;
        let (process, route) = (ends.opener.process, ends.opener.route.clone());
        self.send(Load::Ack(id), route);
        self.dispatch(process, Input::Opened(Stream { id, side: Side::Opener }));
    }

    /// The acceptor's end opens with the first thing that comes after the answer.
    fn accept(&mut self, id: usize) {
        let Some(ends) = self.ends(id) else { return };
        if ends.acceptor.state != State::Opening {
            return;
        }
        ends.acceptor.state = State::Open;
        let (process, from, port) = (ends.acceptor.process, ends.opener.at, ends.acceptor.at.port);
        let stream = Stream { id, side: Side::Acceptor };
        self.dispatch(process, Input::Accepted { stream, from, port });
    }

    fn refused(&mut self, id: usize) {
        let Some(ends) = self.ends(id) else { return };
        let process = ends.opener.process;
        self.dispatch(process, Input::Refused(Stream { id, side: Side::Opener }));
        if let Some(place) = self.streams.get_mut(id) {
            *place = None;
        }
    }

    fn segment(&mut self, stream: Stream, segment: Segment) {
        if stream.side == Side::Acceptor {
            self.accept(stream.id);
        }
        let Some(end) = self.end(stream) else { return };
        if end.state == State::Closed {
            if !segment.bytes.is_empty() {
                self.send_reset(stream);
            }
            return;
        }
        let numbers = [stream.id as u64, stream.side as u64, segment.seq, segment.bytes.len() as u64];
        if !end.reset && end.arrive(segment) {
            let process = end.process;
            self.trace.note(self.now, numbers, &[], format_args!("stream {numbers:?}"));
            self.dispatch(process, Input::Readable(stream));
        }
    }

    fn send_reset(&mut self, from: Stream) {
        let Some(end) = self.end(from) else { return };
        let route = end.route.clone();
        self.send(Load::Reset(from.other()), route);
    }

    fn reset(&mut self, stream: Stream) {
        let Some(end) = self.end(stream) else { return };
        if end.state == State::Closed || end.reset {
            return;
        }
        end.cut();
        let process = end.process;
        self.dispatch(process, Input::Readable(stream));
    }

    fn credit(&mut self, stream: Stream, n: usize) {
        let Some(end) = self.end(stream) else { return };
        end.in_flight = end.in_flight.saturating_sub(n);
        if std::mem::take(&mut end.wants_room) && end.is_writable() {
            let process = end.process;
            self.dispatch(process, Input::Writable(stream));
        }
    }

    fn piece(&mut self, left: usize) -> usize {
        match self.chunks {
            Chunks::Whole => left,
            Chunks::AtMost(most) => left.min(most.max(1)),
            Chunks::Random(most) => {
                let most = if self.random.below(4) == 0 { most.min(4) } else { most };
                left.min(1 + self.random.index(most))
            }
        }
    }

    /// Forgets a stream that both ends have closed.
    fn bury(&mut self, id: usize) {
        let closed =
            |ends: &mut Ends| ends.opener.state == State::Closed && ends.acceptor.state == State::Closed;
        if self.ends(id).is_some_and(closed)
            && let Some(place) = self.streams.get_mut(id)
        {
            *place = None;
        }
    }
}

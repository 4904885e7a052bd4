//! Endpoints on a host, driven by the same core as over real sockets.
//!
//! The rule: [`Drive`] decides, the [`Role`] is the program, and this file moves bytes between the two and a simulated
//! stream.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use proto_core::{Drive, DriveLimits, Endpoint, Fault, Status, Time, Turn, Wait};

use crate::{Addr, Context, Input, Process, Read, Stream};

/// What a [`Role`] is told.
#[derive(Debug)]
pub enum Happening<E: Endpoint> {
    /// The stream is open: the first word, if it is ours.
    Opened,
    /// The endpoint has an event.
    Event(E::Event),
    /// Nothing happens until the role commands something.
    Paused,
    /// Another process has poked this one.
    Poked,
    /// The session has failed; what explains it to the peer still leaves.
    Fault(Fault<E::Error>),
    /// The stream belongs to another protocol now, and this was unread. It closes after this.
    Switched(BytesMut),
    /// It is over. `false`: nobody listened there.
    Closed(bool),
}

/// The program around an endpoint.
///
/// Any `FnMut(&mut E, Happening<E>, &mut Context)` is one.
pub trait Role<E: Endpoint> {
    /// Something has happened: time for commands.
    fn handle(&mut self, endpoint: &mut E, happening: Happening<E>, context: &mut Context<'_, '_>);

    /// The next bytes of a gap of `left` bytes, `most` at most; none cuts the stream off. Zeros, if not said otherwise.
    fn fill(&mut self, endpoint: &mut E, left: u64, most: usize) -> Bytes {
        let _ = endpoint;
        BytesMut::zeroed(most.min(usize::try_from(left).unwrap_or(usize::MAX))).freeze()
    }
}

impl<E: Endpoint, F: FnMut(&mut E, Happening<E>, &mut Context<'_, '_>)> Role<E> for F {
    fn handle(&mut self, endpoint: &mut E, happening: Happening<E>, context: &mut Context<'_, '_>) {
        self(endpoint, happening, context);
    }
}

/// How much of a gap is filled at once.
const PIECE: usize = 64 << 10;

/// How the stream comes about.
#[derive(Clone, Copy, Debug)]
enum Begin {
    Connect(Addr),
    Listen(u16),
    /// Somebody else accepts it.
    Wait,
}

/// An endpoint with its role, over one stream.
#[derive(Debug)]
pub struct Driven<E, R> {
    drive: Drive<E>,
    role: R,
    begin: Begin,
    stream: Option<Stream>,
    /// Passed to timers, so that their owner knows whose they are.
    token: u64,
    /// The endpoint's deadline, as of the last turn,
    deadline: Option<Time>,
    /// and the earliest timer that was asked for.
    armed: Option<Time>,
    over: bool,
}

impl<E: Endpoint, R: Role<E>> Driven<E, R> {
    /// A client: opens a stream to `to` when it starts.
    pub fn client(to: Addr, endpoint: E, role: R) -> Self {
        Self::new(endpoint, role, DriveLimits::client(), Begin::Connect(to))
    }

    /// The end that answers the first stream that is opened to `port`, and no other; see [`Serve`] for many.
    pub fn once(port: u16, endpoint: E, role: R) -> Self {
        Self::new(endpoint, role, DriveLimits::server(), Begin::Listen(port))
    }

    /// The end that answers, on a stream that is open: for processes that accept streams themselves, and pass on what
    /// they are told of them to [`handle`](Process::handle), beginning with [`Input::Accepted`]. Timers carry `token`.
    pub fn server(endpoint: E, role: R, token: u64) -> Self {
        Driven { token, ..Self::new(endpoint, role, DriveLimits::server(), Begin::Wait) }
    }

    fn new(endpoint: E, role: R, limits: DriveLimits, begin: Begin) -> Self {
        let drive = Drive::new(endpoint, limits);
        Driven { drive, role, begin, stream: None, token: 0, deadline: None, armed: None, over: false }
    }

    /// With other limits.
    #[must_use]
    pub fn limits(self, limits: DriveLimits) -> Self {
        let (endpoint, _) = self.drive.into_parts();
        Driven { drive: Drive::new(endpoint, limits), ..self }
    }

    /// The endpoint.
    pub fn endpoint(&mut self) -> &mut E {
        self.drive.endpoint_mut()
    }

    /// The role.
    pub fn role(&mut self) -> &mut R {
        &mut self.role
    }

    /// It is over, and the stream closed.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// The endpoint and the role.
    pub fn into_parts(self) -> (E, R) {
        (self.drive.into_parts().0, self.role)
    }

    fn begin(&mut self, context: &mut Context<'_, '_>) {
        match self.begin {
            Begin::Connect(to) => drop(context.connect(to)),
            Begin::Listen(port) => context.listen(port),
            Begin::Wait => {}
        }
    }

    fn stop_listening(&self, context: &mut Context<'_, '_>) {
        if let Begin::Listen(port) = self.begin {
            context.unbind(port);
        }
    }

    fn tell(&mut self, happening: Happening<E>, context: &mut Context<'_, '_>) {
        self.role.handle(self.drive.endpoint_mut(), happening, context);
    }

    /// Drives on until nothing more can be done now.
    fn pump(&mut self, context: &mut Context<'_, '_>) {
        let Some(stream) = self.stream.filter(|_| !self.over) else { return };
        let mut told = None;
        loop {
            self.deadline = self.drive.endpoint().deadline();
            let go_on = match self.drive.poll(context.now()) {
                Ok(Turn::Event(event)) => {
                    told = None;
                    self.tell(Happening::Event(event), context);
                    true
                }
                Ok(Turn::Wait(wait)) => self.transfer(stream, wait, context),
                Ok(Turn::Paused(wait)) => {
                    self.pause(&mut told, context) || self.transfer(stream, wait, context)
                }
                Ok(Turn::Gap(left)) => self.fill(stream, left, context),
                Ok(Turn::Yours(status)) => self.hand_over(stream, status, context),
                Ok(Turn::Closed) => return self.close(stream, context),
                Err(fault) => {
                    self.tell(Happening::Fault(fault), context);
                    true
                }
            };
            if !go_on {
                return self.arm(context);
            }
        }
    }

    /// Tells the role that it is its turn, and again as long as it says something.
    fn pause(&mut self, told: &mut Option<u64>, context: &mut Context<'_, '_>) -> bool {
        let output = self.drive.output();
        let said = output.sent() + output.len() as u64 + output.gaps();
        if *told == Some(said) {
            return false;
        }
        *told = Some(said);
        self.tell(Happening::Paused, context);
        true
    }

    /// Writes, half-closes and reads what can be now; whether anything came of it.
    fn transfer(&mut self, stream: Stream, wait: Wait, context: &mut Context<'_, '_>) -> bool {
        self.deadline = wait.deadline;
        let wrote = wait.write && self.write(stream, context);
        if wait.shut {
            context.shut(stream);
            self.drive.shut();
        }
        wrote | wait.shut | (wait.read && self.read(stream, context))
    }

    fn write(&mut self, stream: Stream, context: &mut Context<'_, '_>) -> bool {
        let Ok(room) = context.room(stream) else {
            self.drive.unwritable();
            return true;
        };
        let mut together = Vec::new();
        for slice in self.drive.output().slices() {
            let part = slice.len().min(room - together.len());
            together.extend_from_slice(slice.get(..part).unwrap_or_default());
        }
        let written = context.write(stream, &together).unwrap_or(0);
        if written > 0 {
            self.drive.sent(written as u64, context.now());
        }
        if !self.drive.output().is_empty() {
            context.want_room(stream);
        }
        written > 0
    }

    fn read(&mut self, stream: Stream, context: &mut Context<'_, '_>) -> bool {
        match context.read(stream, self.drive.input(), usize::MAX) {
            Read::Bytes(_) => {}
            Read::End(end) => self.drive.lost(end),
            Read::Nothing => return false,
        }
        true
    }

    fn fill(&mut self, stream: Stream, left: u64, context: &mut Context<'_, '_>) -> bool {
        let Ok(room) = context.room(stream) else {
            self.drive.abandon();
            return true;
        };
        if room == 0 {
            context.want_room(stream);
            return false;
        }
        let bytes = self.role.fill(self.drive.endpoint_mut(), left, room.min(PIECE));
        match context.write(stream, &bytes) {
            Ok(n) if n > 0 => self.drive.sent(n as u64, context.now()),
            _ => self.drive.abandon(),
        }
        true
    }

    fn hand_over(&mut self, stream: Stream, status: Status, context: &mut Context<'_, '_>) -> bool {
        if status != Status::Switched {
            context.upgrade(stream);
            return false;
        }
        let unread = self.drive.input().split();
        self.tell(Happening::Switched(unread), context);
        self.drive.abandon();
        true
    }

    fn close(&mut self, stream: Stream, context: &mut Context<'_, '_>) {
        self.over = true;
        context.close(stream);
        self.tell(Happening::Closed(true), context);
    }

    /// Asks to be woken at the endpoint's deadline, unless it will be in time.
    fn arm(&mut self, context: &mut Context<'_, '_>) {
        let Some(at) = self.deadline else { return };
        if self.armed.is_none_or(|armed| at < armed) {
            self.armed = Some(at);
            context.wake_at(at, self.token);
        }
    }
}

impl<E: Endpoint, R: Role<E>> Process for Driven<E, R> {
    fn handle(&mut self, input: Input, context: &mut Context<'_, '_>) {
        match input {
            Input::Start => return self.begin(context),
            Input::Accepted { .. } if self.stream.is_some() => return,
            Input::Opened(stream) | Input::Accepted { stream, .. } => {
                self.stream = Some(stream);
                self.stop_listening(context);
                self.tell(Happening::Opened, context);
            }
            Input::Refused(_) => {
                self.over = true;
                return self.tell(Happening::Closed(false), context);
            }
            Input::Upgraded(_) => self.drive.upgraded(context.now()),
            Input::Poked if !self.over => self.tell(Happening::Poked, context),
            Input::Timer(_) => self.armed = self.armed.filter(|&at| at > context.now()),
            Input::Readable(_) | Input::Writable(_) | Input::Datagram { .. } | Input::Poked => {}
        }
        self.pump(context);
    }
}

/// A server: listens at a port, and has an endpoint and a role made for each stream.
#[derive(Debug)]
pub struct Serve<F, E, R> {
    port: u16,
    make: F,
    sessions: BTreeMap<Stream, Driven<E, R>>,
}

impl<E: Endpoint, R: Role<E>, F: FnMut(Addr) -> (E, R)> Serve<F, E, R> {
    /// Listens at `port`; `make` is told who has come.
    pub fn new(port: u16, make: F) -> Self {
        Serve { port, make, sessions: BTreeMap::new() }
    }

    /// How many streams are open.
    pub fn open(&self) -> usize {
        self.sessions.len()
    }

    fn accept(&mut self, stream: Stream, from: Addr) {
        let (endpoint, role) = (self.make)(from);
        self.sessions.insert(stream, Driven::server(endpoint, role, stream.id as u64));
    }
}

impl<E: Endpoint, R: Role<E>, F: FnMut(Addr) -> (E, R)> Process for Serve<F, E, R> {
    fn handle(&mut self, input: Input, context: &mut Context<'_, '_>) {
        let stream = match input {
            Input::Start => return context.listen(self.port),
            Input::Accepted { stream, from, .. } => {
                self.accept(stream, from);
                stream
            }
            Input::Timer(token) => Stream::accepted(token),
            Input::Readable(stream) | Input::Writable(stream) | Input::Upgraded(stream) => stream,
            Input::Poked => {
                self.sessions.values_mut().for_each(|session| session.handle(Input::Poked, context));
                return self.sessions.retain(|_, session| !session.is_over());
            }
            Input::Opened(_) | Input::Refused(_) | Input::Datagram { .. } => return,
        };
        let Some(session) = self.sessions.get_mut(&stream) else { return };
        session.handle(input, context);
        if session.is_over() {
            self.sessions.remove(&stream);
        }
    }
}

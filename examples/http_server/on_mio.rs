//! On mio: some threads, each with a loop that waits for all its connections at once.
//!
//! The rule: the first loop also accepts, and deals connections out in turn. A deadline is looked up when it may be due, so
//! that one which moves on with every request costs nothing.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, IoSlice, Read as _, Write as _};
use std::net::{Shutdown, TcpStream as StdStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use examples::Failure;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use net_core::Clock;
use proto_core::Time;

use crate::door::{Answer, Seat};
use crate::session::{Next, Ready, Room, Session};
use crate::wire::Socket;
use crate::{DRAIN, Shared};

const BELL: Token = Token(usize::MAX);
const DOOR: Token = Token(usize::MAX - 1);
/// How long accepting rests when the process is out of descriptors.
const REST: Duration = Duration::from_millis(50);

impl Socket for TcpStream {
    fn receive(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.read(buf)
    }

    fn send(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match slices {
            [one] => self.write(one),
            many => self.write_vectored(many),
        }
    }

    fn send_file(&mut self, file: &File, at: u64, n: usize) -> io::Result<usize> {
        let mut at = at;
        Ok(rustix::fs::sendfile(&*self, file, Some(&mut at), n)?)
    }

    fn shut(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

/// What the loops know of each other.
struct Common {
    shared: Shared,
    clock: Clock,
    stopping: AtomicBool,
    desks: Vec<Desk>,
}

/// How a loop is reached.
struct Desk {
    bell: Waker,
    /// Connections on their way to it; `None` once the loop has ended.
    arrivals: Mutex<Option<Vec<Arrival>>>,
}

/// A connection with its place, and whether it is welcome.
type Arrival = (StdStream, Seat, bool);

impl Desk {
    fn arrivals(&self) -> MutexGuard<'_, Option<Vec<Arrival>>> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves until `stop` says so.
pub(crate) fn run(
    listener: std::net::TcpListener,
    threads: usize,
    shared: Shared,
    when_to_stop: impl FnOnce(Box<dyn FnOnce() + Send>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let polls = (0..threads.max(1)).map(|_| Poll::new()).collect::<io::Result<Vec<_>>>()?;
    let desks = polls
        .iter()
        .map(|poll| {
            Ok(Desk { bell: Waker::new(poll.registry(), BELL)?, arrivals: Mutex::new(Some(Vec::new())) })
        })
        .collect::<io::Result<Vec<_>>>()?;
    let common = Arc::new(Common { shared, clock: Clock::new(), stopping: AtomicBool::new(false), desks });
    let told = Arc::clone(&common);
    when_to_stop(Box::new(move || told.stop()))?;

    listener.set_nonblocking(true)?;
    let mut door = Some(TcpListener::from_std(listener));
    let mut threads = Vec::new();
    for (number, poll) in polls.into_iter().enumerate() {
        let mut worker = Worker::new(number, poll, Arc::clone(&common), door.take())?;
        threads.push(std::thread::Builder::new().name(format!("mio {number}")).spawn(move || worker.run())?);
    }
    for thread in threads {
        thread.join().map_err(|_| "a loop has panicked")??;
    }
    Ok(())
}

impl Common {
    fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        for desk in &self.desks {
            let _ = desk.bell.wake();
        }
    }
}

/// One loop.
struct Worker {
    number: usize,
    poll: Poll,
    common: Arc<Common>,
    listener: Option<TcpListener>,
    /// Whose turn it is to get the next connection.
    next: usize,
    sessions: Vec<Option<Place>>,
    free: Vec<usize>,
    open: usize,
    /// Those who were interrupted for the sake of others.
    eager: Vec<usize>,
    timers: BinaryHeap<Reverse<(Time, usize)>>,
    /// Accepting rests until then.
    rest: Option<Time>,
    /// Stopping, and this is the end of it.
    drain: Option<Time>,
    now: Time,
    room: Room,
}

/// A session, and the earliest time that a timer is set for.
struct Place {
    session: Session<TcpStream>,
    armed: Time,
}

impl Worker {
    fn new(
        number: usize,
        poll: Poll,
        common: Arc<Common>,
        mut listener: Option<TcpListener>,
    ) -> io::Result<Self> {
        if let Some(listener) = &mut listener {
            poll.registry().register(listener, DOOR, Interest::READABLE)?;
        }
        Ok(Worker {
            number,
            poll,
            now: common.clock.now(),
            common,
            listener,
            next: 0,
            sessions: Vec::new(),
            free: Vec::new(),
            open: 0,
            eager: Vec::new(),
            timers: BinaryHeap::new(),
            rest: None,
            drain: None,
            room: Room::new(),
        })
    }

    fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(256);
        loop {
            match self.poll.poll(&mut events, self.patience()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            self.now = self.common.clock.now();
            // Before anything that came after it: another loop may have let its clients feel the end already.
            if self.drain.is_none() && self.common.stopping.load(Ordering::SeqCst) {
                self.answer_bell();
            }
            for event in &events {
                match event.token() {
                    BELL => self.answer_bell(),
                    DOOR => self.accept(),
                    Token(place) => {
                        let (read, write) = (event.is_readable(), event.is_writable());
                        self.attend(place, Ready { read, write, ended: event.is_read_closed() });
                    }
                }
            }
            for place in std::mem::take(&mut self.eager) {
                self.attend(place, Ready::default());
            }
            self.attend_the_late();
            if self.has_ended() {
                return Ok(());
            }
        }
    }

    /// How long to wait at most.
    fn patience(&self) -> Option<Duration> {
        if !self.eager.is_empty() {
            return Some(Duration::ZERO);
        }
        let timer = self.timers.peek().map(|&Reverse((at, _))| at);
        let until = [timer, self.rest, self.drain].into_iter().flatten().min()?;
        // A timer of the system's may ring a little early: one tick more, and it is due. The time is that of the turn's
        // beginning, for a turn is short.
        Some(until - self.now + Duration::from_millis(1))
    }

    fn attend_the_late(&mut self) {
        while let Some(&Reverse((at, place))) = self.timers.peek()
            && at <= self.now
        {
            self.timers.pop();
            if let Some(Some(due)) = self.sessions.get_mut(place)
                && due.armed == at
            {
                due.armed = Time::MAX;
                self.attend(place, Ready::default());
            }
        }
        if self.rest.is_some_and(|until| until <= self.now) {
            self.rest = None;
            self.accept();
        }
    }

    fn attend(&mut self, place: usize, ready: Ready) {
        let Some(Some(Place { session, armed })) = self.sessions.get_mut(place) else { return };
        session.note(ready);
        match session.advance(self.now, &mut self.room) {
            Next::Wait { deadline: Some(at), .. } if at < *armed => {
                *armed = at;
                self.arm(place, at);
            }
            Next::Wait { .. } => {}
            Next::Again => self.eager.push(place),
            Next::Over => self.close(place),
        }
    }

    fn arm(&mut self, place: usize, at: Time) {
        // Timers of sessions that are gone ring for nobody; when they are the most, they go.
        if self.timers.len() > 2 * self.sessions.len() + 64 {
            let sessions = &self.sessions;
            let armed = |place: usize| sessions.get(place)?.as_ref().map(|place| place.armed);
            self.timers.retain(|&Reverse((at, place))| armed(place) == Some(at));
        }
        self.timers.push(Reverse((at, place)));
    }

    fn close(&mut self, place: usize) {
        if let Some(Some(mut gone)) = self.sessions.get_mut(place).map(Option::take) {
            let _ = self.poll.registry().deregister(gone.session.socket());
            self.open -= 1;
            self.free.push(place);
        }
    }

    fn answer_bell(&mut self) {
        self.take_arrivals();
        if self.drain.is_none() && self.common.stopping.load(Ordering::SeqCst) {
            self.stop();
        }
    }

    /// (b) whom the kernel has let in is let in, (c) then nobody any more, (d) and all finish what they are at.
    fn stop(&mut self) {
        if self.listener.is_some() {
            self.accept();
            self.listener = None;
        }
        self.drain = Some(self.now + DRAIN);
        for place in 0..self.sessions.len() {
            if let Some(Some(Place { session, .. })) = self.sessions.get_mut(place) {
                session.stop(&mut self.room);
                self.attend(place, Ready::default());
            }
        }
    }

    /// Accepts all who wait. After the end of descriptors it rests a while.
    fn accept(&mut self) {
        while let Some(listener) = &self.listener {
            match listener.accept() {
                Ok((stream, peer)) => {
                    let (seat, welcome) = match self.common.shared.greet(peer) {
                        Answer::Welcome(seat) => (seat, true),
                        Answer::Full(seat) => (seat, false),
                        Answer::Away => continue,
                    };
                    self.deal(stream, seat, welcome);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    tracing::warn!(%error, "can't accept");
                    self.rest = Some(self.now + REST);
                    return;
                }
            }
        }
    }

    fn deal(&mut self, stream: TcpStream, seat: Seat, welcome: bool) {
        let to = self.next % self.common.desks.len();
        self.next = to + 1;
        let common = Arc::clone(&self.common);
        let desk = common.desks.get(to).filter(|_| to != self.number);
        // Whose loop has ended takes nobody any more.
        let mut arrivals = desk.map(Desk::arrivals);
        match (desk, arrivals.as_deref_mut()) {
            (Some(desk), Some(Some(arrivals))) => {
                arrivals.push((stream.into(), seat, welcome));
                let _ = desk.bell.wake();
            }
            _ => self.admit(stream, seat, welcome),
        }
    }

    fn take_arrivals(&mut self) {
        let common = Arc::clone(&self.common);
        let Some(desk) = common.desks.get(self.number) else { return };
        let arrivals = desk.arrivals().as_mut().map(std::mem::take);
        for (stream, seat, welcome) in arrivals.unwrap_or_default() {
            self.admit(TcpStream::from_std(stream), seat, welcome);
        }
    }

    /// All is drained, or it has taken long enough. Nobody was on the way.
    fn has_ended(&mut self) -> bool {
        let over = self.drain.is_some_and(|until| self.open == 0 || until <= self.now);
        let Some(desk) = self.common.desks.get(self.number).filter(|_| over) else { return over };
        let mut arrivals = desk.arrivals();
        let nobody = arrivals.as_ref().is_none_or(Vec::is_empty);
        if nobody {
            *arrivals = None;
        }
        nobody
    }

    fn admit(&mut self, mut stream: TcpStream, seat: Seat, welcome: bool) {
        let place = self.free.pop().unwrap_or(self.sessions.len());
        let registered = stream.set_nodelay(true).and_then(|()| {
            let both = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut stream, Token(place), both)
        });
        let session = registered
            .map_err(Failure::from)
            .and_then(|()| self.common.shared.session(stream, seat, welcome));
        let mut session = match session {
            Ok(session) => session,
            Err(error) => {
                tracing::warn!(%error, "can't serve a connection");
                self.free.push(place);
                return;
            }
        };
        if self.drain.is_some() {
            session.stop(&mut self.room);
        }
        if place >= self.sessions.len() {
            self.sessions.resize_with(place + 1, || None);
        }
        if let Some(empty) = self.sessions.get_mut(place) {
            *empty = Some(Place { session, armed: Time::MAX });
            self.open += 1;
        }
        // What has come already is reported by the next poll.
        self.attend(place, Ready::default());
    }
}

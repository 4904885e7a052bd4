//! Connecting to a name, before a deadline.
//!
//! The rules: one absolute deadline for the whole of it, name and all attempts together (and TLS, if the caller goes on
//! with the same one); the attempts race as RFC 8305 says ([`happy`]); and nothing that failed is forgotten,
//! so that the error can say what was tried.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;

use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use crate::happy::{self, Candidate, Input, Machine, Order, Output};
use crate::poll::{self, Interest, Ready, Waker};
use crate::resolve::{self, Answer, Host, Resolver, Target, TargetError};
use crate::{Clock, Deadline, Family};

/// How long connecting may take if the caller has no opinion: name, attempts and TLS.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Connects to `target` (`host:port`) with the system's resolver and the defaults.
///
/// The stream blocks and sends small writes at once (`TCP_NODELAY`).
///
/// ```
/// use std::time::Duration;
/// use net_core::{Deadline, connect};
///
/// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let target = listener.local_addr()?.to_string();
/// let stream = connect::connect(&target, Deadline::after(Duration::from_secs(30)))?;
/// assert!(stream.nodelay()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// See [`ConnectError`].
pub fn connect(target: &str, deadline: Deadline) -> Result<TcpStream, ConnectError> {
    let target = target.parse().map_err(|error| ConnectError::new(target, Reason::Target(error)))?;
    Connector::new().connect(&target, deadline)
}

/// How to connect.
#[derive(Clone, Debug, Default)]
pub struct Connector {
    /// What finds a name's addresses.
    pub resolver: Resolver,
    /// The race's delays and limits. Its order counts for a resolver of the caller's own; the system's sorts itself.
    pub happy: happy::Config,
    /// The address to connect from; only addresses of its family are tried then.
    pub local: Option<IpAddr>,
}

/// Why there is no connection, and what was tried.
#[derive(Debug)]
pub struct ConnectError {
    /// Whom it was about, as the caller wrote it.
    pub target: String,
    /// What ended it.
    pub reason: Reason,
    /// Each attempt that failed, in the order they did. Those still under way at the deadline are `TimedOut`.
    pub failures: Vec<Failure>,
}

/// What ended an attempt to connect.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reason {
    /// The target was written wrong.
    Target(TargetError),
    /// The name could not be resolved.
    Name(io::Error),
    /// The name has no address (of the family asked for).
    NoAddress,
    /// Every attempt failed.
    Refused,
    /// The deadline passed.
    Deadline,
    /// Waiting failed: the system is out of something.
    System(io::Error),
}

/// An attempt that failed.
#[derive(Debug)]
pub struct Failure {
    /// The address that was tried.
    pub addr: SocketAddr,
    /// What it answered.
    pub error: io::Error,
}

impl Connector {
    /// The system's resolver and the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Connects.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub fn connect(&self, target: &Target, deadline: Deadline) -> Result<TcpStream, ConnectError> {
        let mut race = Race::new(self, target.port);
        let outcome = race.begin(target, deadline).and_then(|()| race.run(deadline));
        outcome.map_err(|reason| race.error(target, reason))
    }
}

/// The machine and its sockets.
struct Race<'a> {
    connector: &'a Connector,
    port: u16,
    clock: Clock,
    machine: Machine,
    /// What the machine has not been told yet.
    news: VecDeque<Input>,
    attempts: Vec<Attempt>,
    failures: Vec<Failure>,
    names: Option<Names>,
    /// Why asking for one of the families failed.
    name_error: Option<io::Error>,
}

struct Attempt {
    id: usize,
    addr: SocketAddr,
    socket: Socket,
}

/// Answers on their way.
struct Names {
    answers: mpsc::Receiver<Answer>,
    /// How many are still to come.
    left: usize,
    /// Made when there is something else to wait for: with an attempt under way, answers have to ring.
    bell: Arc<OnceLock<Waker>>,
}

impl<'a> Race<'a> {
    fn new(connector: &'a Connector, port: u16) -> Self {
        let mut config = connector.happy.clone();
        if connector.resolver.sorts() {
            config.order = Order::AsGiven;
        }
        Race {
            connector,
            port,
            clock: Clock::new(),
            machine: Machine::new(config),
            news: VecDeque::new(),
            attempts: Vec::new(),
            failures: Vec::new(),
            names: None,
            name_error: None,
        }
    }

    /// Finds addresses, or sets out to.
    fn begin(&mut self, target: &Target, deadline: Deadline) -> Result<(), Reason> {
        let resolver = &self.connector.resolver;
        match &target.host {
            Host::Address(..) => {
                self.news.extend(target.address().map(|addr| Input::Found(vec![Candidate::new(addr)])));
                self.no_more();
            }
            Host::Name(name) if resolver.sorts() => {
                let addresses = resolver.ask_and_wait(name, deadline);
                let addresses = addresses.map_err(|error| match error.kind() {
                    ErrorKind::TimedOut => Reason::Deadline,
                    _ => Reason::Name(error),
                })?;
                self.found(addresses);
                self.no_more();
            }
            Host::Name(name) => {
                self.names = Some(Names::ask(resolver, name, deadline).map_err(Reason::Name)?);
            }
        }
        Ok(())
    }

    fn run(&mut self, deadline: Deadline) -> Result<TcpStream, Reason> {
        loop {
            let input = self.news.pop_front().unwrap_or(Input::Tick);
            match self.machine.process(input, self.clock.now()) {
                Output::Attempt { id, addr } => self.attempt(id, addr),
                Output::Cancel(id) => self.attempts.retain(|attempt| attempt.id != id),
                Output::Won(id) => return self.finish(id),
                Output::Failed => return Err(self.why_it_failed()),
                Output::Wait(until) if self.news.is_empty() => {
                    self.wait(self.clock.deadline(until).min(deadline))?;
                    if self.news.is_empty() && deadline.has_passed() {
                        return Err(Reason::Deadline);
                    }
                }
                Output::Wait(_) => {}
            }
        }
    }

    fn attempt(&mut self, id: usize, addr: SocketAddr) {
        match open(addr, self.connector.local) {
            Ok((socket, true)) => self.settle(Attempt { id, addr, socket }, Ready::default()),
            Ok((socket, false)) => self.attempts.push(Attempt { id, addr, socket }),
            Err(error) => self.fail(id, error),
        }
    }

    fn fail(&mut self, id: usize, error: io::Error) {
        self.failures.extend(self.machine.address(id).map(|addr| Failure { addr, error }));
        self.news.push_back(Input::Failed(id));
    }

    /// Waits for an attempt's outcome or for addresses.
    fn wait(&mut self, until: Deadline) -> Result<(), Reason> {
        if let Some(names) = self.names.as_mut().filter(|names| names.left > 0) {
            let heard = match self.attempts.is_empty() {
                true => names.next(until),
                false => names.heard_before_bell().map_err(Reason::System)?,
            };
            if let Some(answer) = heard {
                self.hear(answer);
                return Ok(());
            }
        }
        let attempts = self.attempts.iter().map(|attempt| (attempt.socket.as_fd(), Interest::WRITE));
        let bell = self.names.iter().filter_map(Names::bell).map(|bell| (bell.as_fd(), Interest::READ));
        let sources: Vec<_> = attempts.chain(bell).collect();
        let ready = poll::wait_any(&sources, until).map_err(Reason::System)?;
        for (place, ready) in (0..self.attempts.len()).zip(ready).rev().filter(|(_, ready)| ready.any()) {
            let attempt = self.attempts.swap_remove(place);
            self.settle(attempt, ready);
        }
        // Of those that connected at the same time the eldest wins.
        self.news.make_contiguous().reverse();
        Ok(())
    }

    fn settle(&mut self, attempt: Attempt, ready: Ready) {
        match outcome(&attempt, ready) {
            Ok(()) => {
                self.news.push_back(Input::Connected(attempt.id));
                self.attempts.push(attempt);
            }
            Err(error) => self.fail(attempt.id, error),
        }
    }

    fn hear(&mut self, answer: Answer) {
        match answer.addresses {
            Ok(addresses) => self.found(addresses),
            Err(error) => self.name_error = Some(error),
        }
        self.news.extend(answer.family.map(Input::NoMore));
    }

    fn found(&mut self, addresses: Vec<IpAddr>) {
        let local = self.connector.local.map(Family::of_ip);
        let fits = |ip: &IpAddr| local.is_none_or(|family| family == Family::of_ip(*ip));
        // With one address there is nothing to sort; whether it can be reached is seen by trying.
        let sources = !self.connector.resolver.sorts() && addresses.len() > 1;
        let candidates = addresses.into_iter().filter(fits).map(|ip| {
            let addr = SocketAddr::new(ip, self.port);
            if sources { resolve::candidate(addr) } else { Candidate::new(addr) }
        });
        // A name may have 500 addresses; asking for their sources takes a socket each.
        self.news.push_back(Input::Found(candidates.take(CONSIDERED).collect()));
    }

    fn no_more(&mut self) {
        self.news.extend(Family::BOTH.map(Input::NoMore));
    }

    fn finish(&mut self, id: usize) -> Result<TcpStream, Reason> {
        let won = self.attempts.iter().position(|attempt| attempt.id == id).ok_or(Reason::Refused)?;
        let won = self.attempts.swap_remove(won);
        rustix::io::ioctl_fionbio(&won.socket, false).map_err(|error| Reason::System(error.into()))?;
        // A peer that is gone already makes this fail: reading will tell.
        let _ = won.socket.set_tcp_nodelay(true);
        Ok(won.socket.into())
    }

    fn why_it_failed(&mut self) -> Reason {
        if !self.failures.is_empty() {
            return Reason::Refused;
        }
        self.name_error.take().map_or(Reason::NoAddress, Reason::Name)
    }

    fn error(&mut self, target: &Target, reason: Reason) -> ConnectError {
        let open: Vec<_> =
            self.attempts.drain(..).filter_map(|attempt| self.machine.address(attempt.id)).collect();
        let unfinished = open.into_iter().map(|addr| Failure { addr, error: ErrorKind::TimedOut.into() });
        let failures = self.failures.drain(..).chain(unfinished).collect();
        ConnectError { target: target.to_string(), reason, failures }
    }
}

/// How many addresses of one answer are looked at.
const CONSIDERED: usize = 64;

impl Names {
    fn ask(resolver: &Resolver, name: &str, deadline: Deadline) -> io::Result<Self> {
        let bell = Arc::new(OnceLock::<Waker>::new());
        let (sender, answers) = mpsc::channel();
        let rope = Arc::clone(&bell);
        let left = resolver.ask(name, deadline, move |answer| {
            let _ = sender.send(answer);
            if let Some(bell) = rope.get() {
                bell.ring();
            }
        })?;
        Ok(Names { answers, left, bell })
    }

    /// Waits for an answer; `None` at the deadline.
    fn next(&mut self, until: Deadline) -> Option<Answer> {
        let answer = resolve::receive(&self.answers, until).ok();
        self.left -= usize::from(answer.is_some());
        answer
    }

    /// An answer that is there already. If there is none, those to come will ring.
    fn heard_before_bell(&mut self) -> io::Result<Option<Answer>> {
        match self.bell.get() {
            Some(bell) => drop(bell.clear()),
            None => drop(self.bell.set(Waker::new()?)),
        }
        let answer = self.answers.try_recv().ok();
        self.left -= usize::from(answer.is_some());
        Ok(answer)
    }

    /// What rings with the next answer.
    fn bell(&self) -> Option<&Waker> {
        self.bell.get().filter(|_| self.left > 0)
    }
}

/// Begins to connect; whether that was all.
fn open(addr: SocketAddr, local: Option<IpAddr>) -> io::Result<(Socket, bool)> {
    let socket = non_blocking_socket(Domain::for_address(addr))?;
    if let Some(local) = local {
        socket.bind(&SocketAddr::new(local, 0).into())?;
    }
    match rustix::net::connect(&socket, &addr) {
        Ok(()) => Ok((socket, true)),
        // POSIX: an interrupted connect goes on by itself.
        Err(Errno::INPROGRESS | Errno::INTR) => Ok((socket, false)),
        Err(error) => Err(error.into()),
    }
}

/// In one system call where that can be had.
fn non_blocking_socket(domain: Domain) -> io::Result<Socket> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return Socket::new_raw(domain, Type::STREAM.cloexec().nonblocking(), Some(Protocol::TCP));
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    }
}

/// What came of an attempt that has ended. One that failed has hung up.
fn outcome(attempt: &Attempt, ready: Ready) -> io::Result<()> {
    if ready.hang_up
        && let Some(error) = attempt.socket.take_error()?
    {
        return Err(error);
    }
    // RFC 9293 section 3.5 allows two ends to open at once, and a socket that connects to a free local port can be both:
    // it would talk to itself.
    let talks_to_itself = attempt.socket.local_addr()? == attempt.addr.into();
    if talks_to_itself { Err(ErrorKind::ConnectionRefused.into()) } else { Ok(()) }
}

impl ConnectError {
    fn new(target: &str, reason: Reason) -> Self {
        ConnectError { target: target.to_owned(), reason, failures: Vec::new() }
    }

    /// The kind of what ended it, or of the last failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match &self.reason {
            Reason::Target(_) => ErrorKind::InvalidInput,
            Reason::NoAddress => ErrorKind::NotFound,
            Reason::Deadline => ErrorKind::TimedOut,
            Reason::Name(error) | Reason::System(error) => error.kind(),
            Reason::Refused => {
                self.failures.last().map_or(ErrorKind::ConnectionRefused, |failure| failure.error.kind())
            }
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "can't connect to {}: {}", self.target, self.reason)?;
        for failure in &self.failures {
            write!(f, "; {}: {}", failure.addr, failure.error)?;
        }
        Ok(())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Target(error) => error.fmt(f),
            Reason::Name(error) | Reason::System(error) => error.fmt(f),
            Reason::NoAddress => f.write_str("the name has no address that could be tried"),
            Reason::Refused => f.write_str("every attempt failed"),
            Reason::Deadline => f.write_str("the deadline passed"),
        }
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.reason {
            Reason::Target(error) => Some(error),
            Reason::Name(error) | Reason::System(error) => Some(error),
            Reason::Refused => self.failures.last().map(|failure| &failure.error as _),
            Reason::NoAddress | Reason::Deadline => None,
        }
    }
}

impl From<ConnectError> for io::Error {
    fn from(error: ConnectError) -> Self {
        io::Error::new(error.kind(), error)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_socket_that_talks_to_itself_is_no_connection() {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
        socket.connect(&socket.local_addr().unwrap()).unwrap(); // the system sees nothing wrong with it
        let addr = socket.local_addr().unwrap().as_socket().unwrap();
        let error = outcome(&Attempt { id: 0, addr, socket }, Ready::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
}

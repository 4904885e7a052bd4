//! A server that runs on a thread of its own, and the one way in which all of them are stopped.
//!
//! The rule: stopping is asked for first, of all services, and only then waited for; so one that drains slowly takes
//! nothing from the others' time.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use net_core::poll::{self, Interest};
use net_core::serve::{Peer, Server, Shutdown};
use net_core::signals::Termination;
use net_core::{Clock, Connection, Deadline, DriveError, Step, Stream, Waker};
use proto_core::Endpoint;

use crate::{Failure, announce};

/// What a server has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Tally {
    /// Conversations: connections, or datagrams answered.
    pub served: u64,
    /// Connections open at once, at most.
    pub peak: usize,
    /// Connections cut off because they did not end in time.
    pub cut: u64,
}

type Stop = Box<dyn Fn(Duration) + Send>;

/// A running server. Stopped, without patience, when dropped.
pub struct Service {
    scheme: &'static str,
    address: SocketAddr,
    stop: Stop,
    /// Rung when it has ended, for whatever reason.
    ended: Waker,
    thread: Option<JoinHandle<Result<Tally, Failure>>>,
}

impl Service {
    /// Runs `body` on a thread of its own until `stop` tells it to end within so much time.
    ///
    /// # Errors
    /// No thread can be had.
    pub fn start(
        scheme: &'static str,
        address: SocketAddr,
        stop: impl Fn(Duration) + Send + 'static,
        body: impl FnOnce() -> Result<Tally, Failure> + Send + 'static,
    ) -> io::Result<Self> {
        let ended = Waker::new()?;
        let bell = ended.clone();
        let run = move || {
            let outcome = body();
            bell.ring();
            outcome
        };
        let thread = thread::Builder::new().name(scheme.into()).spawn(run)?;
        Ok(Service { scheme, address, stop: Box::new(stop), ended, thread: Some(thread) })
    }

    /// Runs a server whose connections are each a call of `session`.
    ///
    /// # Errors
    /// No thread can be had.
    pub fn of(
        scheme: &'static str,
        server: Server,
        session: impl Fn(Arc<TcpStream>, Peer, &Shutdown) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (address, handle) = (server.local_addr(), server.handle());
        Self::start(
            scheme,
            address,
            move |drain| handle.shutdown(drain),
            move || {
                let stats = server.run(session);
                Ok(Tally { served: stats.served, peak: stats.peak, cut: stats.cut })
            },
        )
    }

    /// Says that it is ready, on standard output.
    ///
    /// # Errors
    /// Standard output is gone.
    pub fn announce(&self) -> Result<(), Failure> {
        announce(self.scheme, self.address)
    }

    /// The same under another name.
    #[must_use]
    pub fn called(mut self, scheme: &'static str) -> Self {
        self.scheme = scheme;
        self
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The name it is announced under.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// Asks it to end; whoever is still connected after `drain` is cut off.
    pub fn begin_to_stop(&self, drain: Duration) {
        (self.stop)(drain);
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// What it failed with.
    pub fn join(mut self) -> Result<Tally, Failure> {
        self.wait()
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    /// What it failed with.
    pub fn stop(self, drain: Duration) -> Result<Tally, Failure> {
        self.begin_to_stop(drain);
        self.join()
    }

    fn wait(&mut self) -> Result<Tally, Failure> {
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(outcome)) => outcome,
            Some(Err(_)) => Err(format!("the {} server has panicked", self.scheme).into()),
            None => Ok(Tally::default()),
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.begin_to_stop(Duration::ZERO);
            let _ = self.wait();
        }
    }
}

/// How long connections have to end once a program was told to. Service managers kill later than this.
pub const DRAIN: Duration = Duration::from_secs(10);

/// Says that all are ready, lets them run until the signal comes or one of them has ended, and stops all.
///
/// # Errors
/// What one of them failed with.
pub fn run(services: Vec<Service>, termination: &Termination) -> Result<Tally, Failure> {
    services.iter().try_for_each(Service::announce)?;
    let mut bells = vec![(termination.as_fd(), Interest::READ)];
    bells.extend(services.iter().map(|service| (service.ended.as_fd(), Interest::READ)));
    poll::wait_any(&bells, Deadline::NEVER)?;
    services.iter().for_each(|service| service.begin_to_stop(DRAIN));
    let mut whole = Tally::default();
    for service in services {
        let tally = service.join()?;
        whole.served += tally.served;
        whole.peak += tally.peak;
        whole.cut += tally.cut;
    }
    Ok(whole)
}

/// A session of an endpoint that never waits for its caller: `hear` is told of each event and commands what is to be
/// said. It ends when the endpoint says so or, once the server stops, between two messages.
///
/// # Errors
/// Why the session failed.
pub fn converse<E: Endpoint>(
    stream: Stream,
    endpoint: E,
    shutdown: &Shutdown,
    mut hear: impl FnMut(&mut E, E::Event),
) -> Result<(), DriveError<E::Error>> {
    let mut connection = Connection::new(stream, endpoint, Clock::new());
    connection.heed(shutdown);
    loop {
        match connection.next()? {
            Step::Event(event) => hear(connection.endpoint(), event),
            Step::Woken => {}
            Step::Closed | Step::Paused | Step::Gap(_) | Step::Yours(_) => return Ok(()),
        }
        if shutdown.is_stopping() {
            connection.set_deadline(shutdown.drain_deadline());
            connection.flush()?;
            if connection.is_idle() {
                return Ok(());
            }
        }
    }
}

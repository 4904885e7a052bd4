//! A server of bounded size that stops without losing anything.
//!
//! One worker thread per connection, reused, up to a cap; whoever comes beyond it is told so and sent away, never kept
//! hanging. The rules it lives by:
//!
//! - **Slots in use = connections open**, also after a handler has panicked: that connection is lost, nothing else.
//! - **Accepting never waits** for a session, for a refused peer, or for a slow one.
//! - **Without descriptors it goes on**: one is held in reserve to accept and close, then it waits 5 ms, doubling to
//!   1 s, until something has been closed.
//! - **Stopping has an order** ([`Handle::shutdown`]): (a) mark as stopping, (b) accept what the kernel has already queued,
//!   (c) close the listener, (d) sessions that are idle between messages end at once, those in the middle of one finish
//!   it, (e) at the drain deadline the rest is cut off and counted. A request whose last byte had reached the socket
//!   before is answered in full.
//!
//! For (d) a session waits with [`Shutdown::wait_readable`] between two messages, or puts the [`Shutdown`] beside its
//! socket in a wait of its own. For (e) the server keeps a weak reference to each connection; that is why the handler gets
//! an `Arc<TcpStream>`. (A clone of the socket would need a second descriptor for each connection and would keep it
//! open after the session's end.) All of `TcpStream`'s methods work on it; the connection is closed when the handler
//! drops it.

mod reject;
mod shutdown;
mod slots;

use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::Duration;

use reject::{OnReject, Rejector};
use slots::{House, Job};

pub use shutdown::{Shutdown, Wake};
pub use slots::Network;

use crate::Deadline;
use crate::listen::{Accept, BACKLOG, Listener};
use crate::poll::{self, Waker};

/// What can grow in a server, and where it listens.
#[derive(Clone, Debug)]
pub struct Config {
    /// The addresses to listen at. Port 0 picks one, `[::]` hears IPv4, too.
    pub listen: Vec<SocketAddr>,
    /// Connections the kernel keeps until they are accepted. 1024: 128 drops bursts.
    pub backlog: i32,
    /// Connections open at once. 1024: memory and descriptors are known beforehand.
    pub connections: usize,
    /// Threads that serve them. 1024: one each. With fewer than `connections`, those accepted wait for one.
    pub workers: usize,
    /// Connections that wait while all workers are busy, and connections that wait to be told that there is no room. 128.
    pub queue: usize,
    /// Connections from one IPv4 address or IPv6 /64. None: behind one address may sit a whole office.
    pub per_address: Option<usize>,
    /// How long writing to a refused peer may take, and how long it is listened to until it hangs up. 1 s.
    pub reject_time: Duration,
    /// Stack of a worker, in bytes. 1 MiB, touched as it is needed.
    pub stack: usize,
}

impl Config {
    /// The defaults, listening at one address.
    #[must_use]
    pub fn at(listen: SocketAddr) -> Self {
        Config {
            listen: vec![listen],
            backlog: BACKLOG,
            connections: 1024,
            workers: 1024,
            queue: 128,
            per_address: None,
            reject_time: Duration::from_secs(1),
            stack: 1 << 20,
        }
    }
}

/// Who is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
    /// Its address, IPv4 as such also when heard on an IPv6 socket.
    pub addr: SocketAddr,
    /// Which of [`Config::listen`] it came in at.
    pub listener: usize,
}

/// Why a connection was sent away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// All slots are taken, or too many wait for a worker.
    Full,
    /// This address has as many connections as one may have.
    PerAddress,
}

/// What a server has done so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Connections that were given a slot.
    pub accepted: u64,
    /// Connections open now.
    pub open: usize,
    /// Connections open at once, at most.
    pub peak: usize,
    /// Handlers that returned.
    pub served: u64,
    /// Handlers that panicked.
    pub panicked: u64,
    /// Connections sent away because all slots were taken.
    pub refused_full: u64,
    /// Connections sent away because their address had as many as it may.
    pub refused_per_address: u64,
    /// Connections closed without a word: no descriptor was left, or too many waited to be told.
    pub dropped: u64,
    /// How often accepting failed and was put off.
    pub put_off: u64,
    /// Connections cut off at the drain deadline.
    pub cut: u64,
}

#[derive(Default)]
struct Counters {
    accepted: AtomicU64,
    served: AtomicU64,
    panicked: AtomicU64,
    refused_full: AtomicU64,
    refused_per_address: AtomicU64,
    dropped: AtomicU64,
    put_off: AtomicU64,
    cut: AtomicU64,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// A server that listens and does not accept yet.
///
/// ```
/// use std::io::{Read, Write};
/// use std::net::TcpStream;
/// use std::time::Duration;
/// use net_core::serve::{Config, Server};
///
/// let server = Server::bind(Config::at("127.0.0.1:0".parse()?))?;
/// let (addr, handle) = (server.local_addr(), server.handle());
/// let running = std::thread::spawn(move || {
///     server.run(|stream, _peer, _shutdown| {
///         let mut letter = [0];
///         while matches!((&*stream).read(&mut letter), Ok(1)) {
///             let _ = (&*stream).write(&letter.to_ascii_uppercase());
///         }
///     })
/// });
///
/// let mut client = TcpStream::connect(addr)?;
/// client.write_all(b"hi")?;
/// client.shutdown(std::net::Shutdown::Write)?;
/// let mut answer = String::new();
/// client.read_to_string(&mut answer)?;
/// assert_eq!(answer, "HI");
///
/// handle.shutdown(Duration::from_secs(10));
/// assert_eq!(running.join().unwrap().served, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Server {
    config: Config,
    listener: Listener,
    on_reject: Arc<OnReject>,
    handle: Handle,
}

/// Stops a server, or looks at its counters, from anywhere.
#[derive(Clone)]
pub struct Handle {
    shutdown: Shutdown,
    /// Ends the wait for connections.
    bell: Waker,
    house: Arc<House>,
    counters: Arc<Counters>,
}

impl Handle {
    /// Begins to stop, and returns at once. Whoever is still connected after `drain` is cut off (10 s suits service
    /// managers, who kill later). Called again, the earlier deadline counts.
    pub fn shutdown(&self, drain: Duration) {
        self.shutdown.begin(Deadline::after(drain));
        self.bell.ring();
        self.house.look_again();
    }

    /// The news of it, for sessions that are none of the server's own.
    #[must_use]
    pub fn token(&self) -> Shutdown {
        self.shutdown.clone()
    }

    /// The counters as they are.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let (open, peak) = self.house.count();
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            accepted: read(&self.counters.accepted),
            open,
            peak,
            served: read(&self.counters.served),
            panicked: read(&self.counters.panicked),
            refused_full: read(&self.counters.refused_full),
            refused_per_address: read(&self.counters.refused_per_address),
            dropped: read(&self.counters.dropped),
            put_off: read(&self.counters.put_off),
            cut: read(&self.counters.cut),
        }
    }
}

impl Server {
    /// Listens. Connections wait in the kernel until [`run`](Server::run).
    ///
    /// # Errors
    /// An address can't be listened at, or the process is out of descriptors.
    pub fn bind(config: Config) -> io::Result<Self> {
        let listener = Listener::bind_all(&config.listen, config.backlog)?;
        let handle = Handle {
            shutdown: Shutdown::new()?,
            bell: listener.waker(),
            house: House::new(),
            counters: Arc::default(),
        };
        Ok(Server { config, listener, on_reject: Arc::new(|_, _, _| {}), handle })
    }

    /// What tells a refused connection so, by a short write: HTTP says 503, FTP and SMTP 421. Without it the connection
    /// is closed without a word.
    ///
    /// It runs on a thread of its own; writing has a deadline ([`Config::reject_time`]), and the reply is seen to arrive.
    #[must_use]
    pub fn on_reject(mut self, tell: impl Fn(&TcpStream, Peer, Refusal) + Send + Sync + 'static) -> Self {
        self.on_reject = Arc::new(tell);
        self
    }

    /// The first address it listens at, with the port the system picked.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.listener.local_addr()
    }

    /// The addresses it listens at, in the order of [`Config::listen`].
    #[must_use]
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        self.listener.local_addrs()
    }

    /// What stops it.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Serves until [`Handle::shutdown`], then drains, on the calling thread. Each connection is one call of `handler`
    /// on a worker thread.
    ///
    /// A handler that neither ends nor touches its socket after the drain deadline is left behind.
    pub fn run(self, handler: impl Fn(Arc<TcpStream>, Peer, &Shutdown) + Send + Sync + 'static) -> Stats {
        let Server { config, listener, on_reject, handle } = self;
        let most = config.backlog.max(0).unsigned_abs().saturating_add(1);
        let mut door = Door {
            handler: Arc::new(handler),
            spare: Spare::new(),
            back_off: BackOff::new(),
            rejector: None,
            on_reject,
            config,
            handle: handle.clone(),
        };
        door.accept_until_stopped(&listener);
        door.accept_what_is_queued(&listener, most);
        drop(listener);
        door.drain();
        handle.stats()
    }
}

/// How long a handler whose connection was cut off may take to notice.
const AFTER_THE_CUT: Duration = Duration::from_secs(1);
/// How long a worker waits for another connection before it goes home.
const WORKER_IDLE: Duration = Duration::from_secs(10);

/// The one who accepts.
struct Door<H> {
    config: Config,
    handler: Arc<H>,
    on_reject: Arc<OnReject>,
    /// Started for the first who is sent away.
    rejector: Option<Rejector>,
    spare: Spare,
    back_off: BackOff,
    handle: Handle,
}

impl<H: Fn(Arc<TcpStream>, Peer, &Shutdown) + Send + Sync + 'static> Door<H> {
    fn accept_until_stopped(&mut self, listener: &Listener) {
        while !self.handle.shutdown.is_stopping() {
            match listener.accept(Deadline::NEVER) {
                Ok(accepted) => self.take(accepted),
                Err(_) => self.put_off(listener),
            }
        }
    }

    /// Step (b): those whom the kernel has let in are let in, too. At the time of the signal there were no more than the
    /// backlog holds; others may keep coming.
    fn accept_what_is_queued(&mut self, listener: &Listener, most: u32) {
        let mut left = u64::from(most) * self.config.listen.len() as u64;
        while left > 0 {
            match listener.try_accept() {
                Ok(None) => return,
                Ok(Some(accepted)) => {
                    self.take(accepted);
                    left -= 1;
                }
                Err(_) if self.handle.shutdown.drain_deadline().has_passed() => return,
                // Nothing is dropped now: sessions are ending, and with each a descriptor comes free.
                Err(_) => thread::sleep(self.back_off.next()),
            }
        }
    }

    fn take(&mut self, accepted: Accept) {
        if let Accept::Connection { stream, peer, listener } = accepted {
            self.back_off = BackOff::new();
            self.admit(stream, Peer { addr: peer, listener });
        }
    }

    fn admit(&mut self, stream: TcpStream, peer: Peer) {
        let stream = Arc::new(stream);
        let Config { connections, per_address, .. } = self.config;
        let entered = self.handle.house.enter(&stream, peer, connections, per_address);
        let refused = match entered {
            Err(why) => Some((stream, why)),
            Ok(slot) => self.hand_on(Job { stream, peer, slot }).map(|job| (job.stream, Refusal::Full)),
        };
        match refused {
            None => count(&self.handle.counters.accepted),
            Some((stream, why)) => self.refuse(stream, peer, why),
        }
    }

    /// Gives the connection to a worker, an idle one or a new one. Gives it back if all are busy and too many wait.
    fn hand_on(&self, job: Job) -> Option<Job> {
        let house = &self.handle.house;
        let mut rooms = house.lock();
        if rooms.queue.len() < rooms.free() {
            rooms.queue.push_back(job);
            house.work.notify_one();
            return None;
        }
        if rooms.workers >= self.config.workers.max(1) {
            return rooms.wait_in_line(job, self.config.queue);
        }
        rooms.workers += 1;
        rooms.starting += 1;
        rooms.queue.push_back(job);
        drop(rooms);
        if self.hire().is_ok() {
            return None;
        }
        let mut rooms = house.lock();
        rooms.workers -= 1;
        rooms.starting -= 1;
        // Somebody will come for it, unless nobody is there.
        if rooms.workers == 0 { rooms.queue.pop_back() } else { None }
    }

    fn hire(&self) -> io::Result<()> {
        let worker = Worker { handler: Arc::clone(&self.handler), handle: self.handle.clone() };
        let builder = thread::Builder::new().name("net-core worker".into()).stack_size(self.config.stack);
        builder.spawn(move || worker.work()).map(drop)
    }

    fn refuse(&mut self, stream: Arc<TcpStream>, peer: Peer, why: Refusal) {
        let counters = &self.handle.counters;
        count(match why {
            Refusal::Full => &counters.refused_full,
            Refusal::PerAddress => &counters.refused_per_address,
        });
        if self.rejector.is_none() {
            let (tell, cap) = (Arc::clone(&self.on_reject), self.config.queue.max(1));
            self.rejector = Rejector::start(tell, cap, self.config.reject_time).ok();
        }
        let told = match (&self.rejector, Arc::into_inner(stream)) {
            (Some(rejector), Some(stream)) => rejector.refuse(stream, peer, why),
            _ => false,
        };
        if !told {
            count(&counters.dropped);
        }
    }

    /// Accepting failed, most likely for lack of descriptors: accept one on the spare and close it, then wait.
    fn put_off(&mut self, listener: &Listener) {
        count(&self.handle.counters.put_off);
        if self.spare.turn_away(listener) {
            count(&self.handle.counters.dropped);
        }
        let until = Deadline::after(self.back_off.next());
        // Ends early for a ring, which the next `accept` takes.
        let _ = poll::wait_readable(&self.handle.bell, until);
    }

    /// Steps (d) and (e).
    fn drain(self) {
        let Handle { shutdown, house, counters, .. } = &self.handle;
        house.close();
        if !house.wait_empty(|| shutdown.drain_deadline()) {
            counters.cut.fetch_add(house.cut_off(), Ordering::Relaxed);
            let patience = Deadline::after(AFTER_THE_CUT);
            house.wait_empty(|| patience);
        }
        if let Some(rejector) = self.rejector {
            rejector.finish(shutdown.drain_deadline());
        }
    }
}

/// A thread that serves one connection after the other.
struct Worker<H> {
    handler: Arc<H>,
    handle: Handle,
}

impl<H: Fn(Arc<TcpStream>, Peer, &Shutdown)> Worker<H> {
    fn work(&self) {
        self.handle.house.lock().starting -= 1;
        while let Some(Job { stream, peer, slot }) = self.next() {
            let session = || (self.handler)(stream, peer, &self.handle.shutdown);
            // What a handler shares with others is its own business; a lock it poisons says so itself.
            let outcome = catch_unwind(AssertUnwindSafe(session));
            let counters = &self.handle.counters;
            count(if outcome.is_ok() { &counters.served } else { &counters.panicked });
            drop(slot);
        }
    }

    /// Waits for a connection; `None`: go home.
    fn next(&self) -> Option<Job> {
        let house = &self.handle.house;
        let until = Deadline::after(WORKER_IDLE);
        let mut rooms = house.lock();
        loop {
            if let Some(job) = rooms.queue.pop_front() {
                return Some(job);
            }
            let left = until.left().unwrap_or(WORKER_IDLE);
            if rooms.closing || left.is_zero() {
                rooms.workers -= 1;
                return None;
            }
            rooms.idle += 1;
            rooms = house.work.wait_timeout(rooms, left).unwrap_or_else(PoisonError::into_inner).0;
            rooms.idle -= 1;
        }
    }
}

/// A descriptor held in reserve. Without it a process that is out of descriptors can't even close those who knock:
/// they would wait, and the listener would be ready for ever.
struct Spare(Option<File>);

impl Spare {
    fn new() -> Self {
        Spare(File::open("/dev/null").ok())
    }

    /// Accepts one connection in place of the spare and closes it; whether there was one.
    fn turn_away(&mut self, listener: &Listener) -> bool {
        self.0 = None;
        let turned_away = matches!(listener.try_accept(), Ok(Some(_)));
        *self = Spare::new();
        turned_away
    }
}

/// 5 ms doubling to 1 s.
struct BackOff(Duration);

impl BackOff {
    const FIRST: Duration = Duration::from_millis(5);
    const LAST: Duration = Duration::from_secs(1);

    fn new() -> Self {
        BackOff(Self::FIRST)
    }

    fn next(&mut self) -> Duration {
        let now = self.0;
        self.0 = (now * 2).min(Self::LAST);
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_back_off_doubles_from_5_ms_to_1_s() {
        let mut back_off = BackOff::new();
        let waits: Vec<_> = (0..10).map(|_| back_off.next().as_millis()).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
    }
}

//! Many clients at once, the second way: one thread and one loop, which waits for all of them.
//!
//! The rule: nothing in the loop waits for a single client. Each says what it is waiting for (to read, to write, a
//! deadline); the loop waits for the first of all these, gives that client one turn, and waits again.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use net_core::listen::is_exhaustion;
use net_core::poll::{self, Interest, Poll, Ready, Timers, Waker};
use net_core::serve::Network;
use net_core::{Accept, Clock, Connection, Deadline, DriveError, Listener, Step, Stream};
use tracing::{debug, info, warn};

use super::{House, Upper};
use crate::Caps;
use crate::Failure;
use crate::service::{Service, Tally};

const DOOR: u64 = 0;
const BELL: u64 = 1;
/// How long nobody is let in after the process ran out of descriptors.
const BREATH: Duration = Duration::from_millis(100);

/// Serves at `address`, all connections in one thread.
///
/// # Errors
/// The address can't be listened at, or the process is out of descriptors.
pub fn serve_by_waiting(address: SocketAddr, house: House) -> io::Result<Service> {
    let listener = Listener::bind(address)?;
    let address = listener.local_addr();
    let bell = Waker::new()?;
    let drain = Arc::new(Mutex::new(None));
    let crowd = Crowd::new(listener, house, bell.clone(), Arc::clone(&drain))?;
    let stop = move |time| {
        *drain.lock().unwrap_or_else(PoisonError::into_inner) = Some(Deadline::after(time));
        bell.ring();
    };
    Service::start("tcp", address, stop, move || crowd.run())
}

struct Client {
    connection: Connection<Upper>,
    address: SocketAddr,
    interest: Interest,
}

struct Crowd {
    poll: Poll,
    timers: Timers<u64>,
    clock: Clock,
    house: House,
    /// `None` once it is closed.
    door: Option<Listener>,
    bell: Waker,
    /// Set before the bell is rung: by when all must have ended.
    drain: Arc<Mutex<Option<Deadline>>>,
    clients: HashMap<u64, Client>,
    crowds: HashMap<Network, usize>,
    next: u64,
    tally: Tally,
}

impl Crowd {
    fn new(
        door: Listener,
        house: House,
        bell: Waker,
        drain: Arc<Mutex<Option<Deadline>>>,
    ) -> io::Result<Self> {
        let mut poll = Poll::new()?;
        for socket in door.sockets() {
            poll.add(socket, DOOR, Interest::READ)?;
        }
        poll.add(&bell, BELL, Interest::READ)?;
        Ok(Crowd {
            poll,
            timers: Timers::new(),
            clock: Clock::new(),
            house,
            door: Some(door),
            bell,
            drain,
            clients: HashMap::new(),
            crowds: HashMap::new(),
            next: BELL + 1,
            tally: Tally::default(),
        })
    }

    fn run(mut self) -> Result<Tally, Failure> {
        while self.door.is_some() || !self.clients.is_empty() {
            let until = self.timers.next().map_or(Deadline::NEVER, |at| self.clock.deadline(at));
            self.poll.wait(until)?;
            let ready: Vec<_> = self.poll.ready().collect();
            for (token, ready) in ready {
                match token {
                    DOOR => self.let_in(),
                    BELL => self.close_the_door(),
                    client => self.turn(client, ready),
                }
            }
            while let Some(token) = self.timers.pop_due(self.clock.now()) {
                match token {
                    DOOR => self.watch_the_door(Interest::READ)?,
                    client => self.turn(client, Ready::default()),
                }
            }
        }
        Ok(self.tally)
    }

    fn let_in(&mut self) {
        while let Some(door) = &self.door {
            match door.try_accept() {
                Ok(Some(Accept::Connection { stream, peer, .. })) => self.admit(stream, peer),
                Ok(_) => return,
                Err(error) if is_exhaustion(&error) => {
                    warn!(%error, "nobody is let in for a while");
                    let _ = self.watch_the_door(Interest::NONE);
                    return self.timers.set(DOOR, self.clock.now() + BREATH);
                }
                Err(error) => debug!(%error, "gone before it was let in"),
            }
        }
    }

    fn watch_the_door(&mut self, interest: Interest) -> io::Result<()> {
        let mut sockets = self.door.iter().flat_map(Listener::sockets);
        sockets.try_for_each(|socket| self.poll.change(socket, DOOR, interest))
    }

    /// Whoever comes beyond a cap is sent away at once, never kept waiting.
    fn admit(&mut self, tcp: TcpStream, address: SocketAddr) {
        let here = self.crowds.get(&Network::of(address.ip())).copied().unwrap_or(0);
        let Caps { max_connections, max_per_ip } = self.house.caps;
        if self.clients.len() >= max_connections || max_per_ip.is_some_and(|most| here >= most) {
            return info!(peer = %address, "no room");
        }
        if let Err(error) = self.seat(tcp, address) {
            info!(peer = %address, %error, "gone at once");
        }
    }

    fn seat(&mut self, tcp: TcpStream, address: SocketAddr) -> io::Result<()> {
        info!(peer = %address, "connected");
        let stream = Stream::new(tcp)?;
        let connection = Connection::new(stream, Upper::new(self.house.patience), self.clock);
        let (token, interest) = (self.next, Interest::READ);
        self.poll.add(connection.stream().tcp(), token, interest)?;
        self.next += 1;
        *self.crowds.entry(Network::of(address.ip())).or_default() += 1;
        self.clients.insert(token, Client { connection, address, interest });
        self.tally.peak = self.tally.peak.max(self.clients.len());
        self.turn(token, Ready::default());
        Ok(())
    }

    /// One client's turn: everything that can be done without waiting.
    fn turn(&mut self, token: u64, mut ready: Ready) {
        let stopping = self.door.is_none();
        let Some(client) = self.clients.get_mut(&token) else { return };
        loop {
            let turn = match client.connection.turn(ready) {
                Ok(turn) => turn,
                Err(error) => {
                    self.tally.cut += u64::from(matches!(error, DriveError::Deadline));
                    info!(peer = %client.address, %error, "shown out");
                    return self.see_off(token);
                }
            };
            ready = Ready::default();
            match turn.step {
                Some(Step::Event(line)) => {
                    debug!(peer = %client.address, bytes = line.len(), "answered");
                    continue;
                }
                None if stopping && client.connection.is_idle() => return self.see_off(token),
                None => {}
                Some(_) => return self.see_off(token),
            }
            if turn.interest != client.interest {
                client.interest = turn.interest;
                if self.poll.change(client.connection.stream().tcp(), token, turn.interest).is_err() {
                    return self.see_off(token);
                }
            }
            return self.timers.set_or_cancel(token, turn.deadline);
        }
    }

    fn see_off(&mut self, token: u64) {
        let Some(client) = self.clients.remove(&token) else { return };
        info!(peer = %client.address, "done");
        let _ = self.poll.remove(client.connection.stream().tcp(), token);
        self.timers.cancel(&token);
        self.tally.served += 1;
        let network = Network::of(client.address.ip());
        if let Some(crowd) = self.crowds.get_mut(&network) {
            *crowd -= 1;
            if *crowd == 0 {
                self.crowds.remove(&network);
            }
        }
    }

    /// Whoever the kernel has let in is let in, then the door closes; clients between two lines are seen off, those in
    /// the middle of one have until the drain deadline.
    fn close_the_door(&mut self) {
        self.bell.clear();
        let drain = *self.drain.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(drain) = drain else { return };
        self.let_in();
        for socket in self.door.iter().flat_map(Listener::sockets) {
            let _ = self.poll.remove(socket, DOOR);
        }
        self.door = None;
        let tokens: Vec<_> = self.clients.keys().copied().collect();
        for token in tokens {
            if let Some(client) = self.clients.get_mut(&token) {
                client.connection.set_deadline(drain);
                let waiting =
                    poll::wait_readable(client.connection.stream().tcp(), Deadline::after(Duration::ZERO));
                self.turn(token, Ready { read: waiting.unwrap_or(false), ..Ready::default() });
            }
        }
    }
}

//! Zones that come from other servers: a thread each carries what `dns::secondary` wants said, and waits for it.
//!
//! The rule: a thread waits for everything at once, its sockets, its clock, and the news that others bring it.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::fd::AsFd as _;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use dns::Name;
use dns::proto_core::Time;
use dns::secondary::{Event, Limits, Secondary, Via};
use dns::tsig::Key;
use net_core::poll::{self, Interest};
use net_core::{Clock, Deadline, Waker};
use tracing::{info, warn};

use super::catalog::Copy;
use super::desk::Desk;
use super::{seed, unix};
use crate::Failure;

/// How long a stream to a primary may take to open.
const CONNECT: Duration = Duration::from_secs(5);

enum Order {
    /// The primary says that there is this serial.
    Look(Option<u32>),
    Stop,
}

/// One zone's thread, as others see it.
struct Hand {
    origin: Name,
    orders: Sender<Order>,
    bell: Waker,
    thread: Option<JoinHandle<()>>,
}

/// All threads that keep zones fresh. They end when this is dropped.
#[derive(Default)]
pub struct Secondaries {
    hands: Mutex<Vec<Hand>>,
}

impl Secondaries {
    /// A thread for each zone of the desk that comes from elsewhere.
    ///
    /// # Errors
    /// No thread can be had.
    pub fn start(desk: &Arc<Desk>) -> Result<Self, Failure> {
        let zones: Vec<_> = desk
            .catalog()
            .secondaries()
            .map(|(origin, primaries, copy)| (origin.clone(), primaries.to_vec(), copy))
            .collect();
        let mut hands = Vec::new();
        for (origin, primaries, copy) in zones {
            let (orders, inbox) = channel();
            let bell = Waker::new()?;
            let keeper = Keeper::new(desk, origin.clone(), primaries, copy, bell.clone())?;
            let thread = thread::Builder::new().name("secondary".into()).spawn(move || keeper.run(&inbox))?;
            hands.push(Hand { origin, orders, bell, thread: Some(thread) });
        }
        Ok(Secondaries { hands: Mutex::new(hands) })
    }

    /// A primary says that a zone has changed.
    pub fn look(&self, origin: &Name, serial: Option<u32>) {
        let hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
        for hand in hands.iter().filter(|hand| hand.origin == *origin) {
            hand.order(Order::Look(serial));
        }
    }
}

impl Hand {
    fn order(&self, order: Order) {
        let _ = self.orders.send(order);
        self.bell.ring();
    }
}

impl Drop for Secondaries {
    fn drop(&mut self) {
        let mut hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
        hands.iter().for_each(|hand| hand.order(Order::Stop));
        for thread in hands.iter_mut().filter_map(|hand| hand.thread.take()) {
            let _ = thread.join();
        }
    }
}

struct Keeper {
    desk: Arc<Desk>,
    secondary: Secondary,
    primaries: Vec<(SocketAddr, Option<Key>)>,
    /// Which of them is asked.
    turn: usize,
    clock: Clock,
    bell: Waker,
    udp: Option<UdpSocket>,
    tcp: Option<(TcpStream, Vec<u8>)>,
}

impl Keeper {
    fn new(
        desk: &Arc<Desk>,
        origin: Name,
        primaries: Vec<(SocketAddr, Option<Key>)>,
        copy: Option<Copy>,
        bell: Waker,
    ) -> Result<Self, Failure> {
        let clock = Clock::new();
        // All primaries of a zone are asked under the first one's key.
        let key = primaries.first().and_then(|(_, key)| key.clone());
        let mut secondary = Secondary::new(origin, key, Limits::default(), unix(), seed()?);
        if let Some(copy) = copy {
            secondary = secondary.with_copy(&copy.zone, copy.age, clock.now());
        }
        Ok(Keeper {
            desk: Arc::clone(desk),
            secondary,
            primaries,
            turn: 0,
            clock,
            bell,
            udp: None,
            tcp: None,
        })
    }

    fn run(mut self, orders: &Receiver<Order>) {
        loop {
            while let Ok(order) = orders.try_recv() {
                match order {
                    Order::Stop => return,
                    Order::Look(serial) => self.secondary.notified(serial, self.clock.now()),
                }
            }
            let now = self.clock.now();
            if self.secondary.deadline().is_some_and(|at| at <= now) {
                self.secondary.handle_deadline(now);
            }
            while let Some(event) = self.secondary.poll_event() {
                self.act(event);
            }
            if let Err(error) = self.wait() {
                warn!(zone = %self.secondary.apex(), %error, "waiting failed");
                return;
            }
        }
    }

    fn primary(&self) -> Option<SocketAddr> {
        self.primaries.get(self.turn % self.primaries.len().max(1)).map(|(address, _)| *address)
    }

    fn act(&mut self, event: Event) {
        let now = self.clock.now();
        match event {
            Event::Send { via, bytes } => {
                if let Err(error) = self.send(via, &bytes) {
                    info!(zone = %self.secondary.apex(), %error, "the primary can't be reached");
                    self.lose(via, now);
                }
            }
            Event::Close => self.tcp = None,
            Event::Apply(change) => match self.desk.transferred(self.secondary.apex(), change) {
                Ok(serial) => info!(zone = %self.secondary.apex(), serial, "transferred"),
                Err(error) => {
                    let error = crate::sentence(error.as_ref());
                    warn!(zone = %self.secondary.apex(), error, "a transfer was not applied");
                    self.secondary.reject(now);
                }
            },
            Event::Fresh => self.desk.catalog().fresh(self.secondary.apex()),
            Event::Expired => {
                warn!(zone = %self.secondary.apex(), "expired");
                self.desk.expired(self.secondary.apex());
            }
        }
    }

    /// Who is next, if there are several.
    fn lose(&mut self, via: Via, now: Time) {
        self.turn = self.turn.wrapping_add(1);
        self.secondary.failed(via, now);
    }

    fn send(&mut self, via: Via, bytes: &[u8]) -> io::Result<()> {
        let primary = self.primary().ok_or(ErrorKind::AddrNotAvailable)?;
        match via {
            Via::Datagram => {
                let any: SocketAddr =
                    if primary.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
                let udp = UdpSocket::bind(any)?;
                udp.connect(primary)?;
                udp.send(bytes)?;
                udp.set_nonblocking(true)?;
                self.udp = Some(udp);
            }
            Via::Stream => {
                let mut tcp = TcpStream::connect_timeout(&primary, CONNECT)?;
                tcp.set_nodelay(true)?;
                let len = u16::try_from(bytes.len()).map_err(|_| ErrorKind::InvalidInput)?;
                tcp.write_all(&[&len.to_be_bytes(), bytes].concat())?;
                tcp.set_nonblocking(true)?;
                self.tcp = Some((tcp, Vec::new()));
            }
        }
        Ok(())
    }

    /// For an answer, an order or the clock.
    fn wait(&mut self) -> io::Result<()> {
        let deadline = self.secondary.deadline().map_or(Deadline::NEVER, |at| self.clock.deadline(at));
        let mut sources = vec![(self.bell.as_fd(), Interest::READ)];
        sources.extend(self.udp.iter().map(|udp| (udp.as_fd(), Interest::READ)));
        sources.extend(self.tcp.iter().map(|(tcp, _)| (tcp.as_fd(), Interest::READ)));
        let ready = poll::wait_any(&sources, deadline)?;
        drop(sources);
        self.bell.clear();
        if ready.iter().any(|ready| ready.any()) {
            self.hear_datagrams();
            self.hear_stream();
        }
        Ok(())
    }

    fn hear_datagrams(&mut self) {
        let mut datagram = vec![0; dns::limits::MESSAGE];
        while let Some(udp) = &self.udp {
            match udp.recv(&mut datagram) {
                Ok(len) => {
                    let bytes = datagram.get(..len).unwrap_or_default();
                    self.secondary.receive(Via::Datagram, bytes, self.clock.now());
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => {
                    self.udp = None;
                    self.lose(Via::Datagram, self.clock.now());
                }
            }
        }
    }

    /// What has come, up to the last whole message.
    fn hear_stream(&mut self) {
        let Some((tcp, input)) = &mut self.tcp else { return };
        let mut chunk = vec![0; 64 << 10];
        let ended = loop {
            match tcp.read(&mut chunk) {
                Ok(0) => break true,
                Ok(len) => input.extend_from_slice(chunk.get(..len).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break true,
            }
            // The next message may be waited for; memory is not.
            if input.len() > 1 << 20 {
                break false;
            }
        };
        let mut input = std::mem::take(input);
        let mut at = 0;
        while let Some(message) = message_at(&input, at) {
            at += 2 + message.len();
            self.secondary.receive(Via::Stream, message, self.clock.now());
        }
        input.drain(..at);
        if let Some((_, place)) = &mut self.tcp {
            *place = input;
        }
        if ended {
            self.tcp = None;
            self.lose(Via::Stream, self.clock.now());
        }
    }
}

/// The message whose length stands at `at`.
fn message_at(input: &[u8], at: usize) -> Option<&[u8]> {
    let (len, rest) = input.get(at..)?.split_first_chunk()?;
    rest.get(..usize::from(u16::from_be_bytes(*len)))
}

//! Where clients wait whose requests are answered out of the cache: a few loops for all of them.
//!
//! The rule: a thread of its own is for who has to wait for somebody else. A client whose last request was a hit waits for the
//! next one here, where a hit costs a read and a write and no change of threads; as soon as anything else is to be done, its
//! own thread, which sleeps meanwhile, gets the connection back.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use http1::Error;
use http1::server::Event;
use net_core::poll::{Interest, Poll, Ready, Waker};
use net_core::{Deadline, DriveError, Shutdown, Step};
use proto_core::Time;

use super::Proxy;
use super::files::Extent;
use super::forward::{Forwarded, hit_at_once};
use super::relay::Client;

const BELL: u64 = u64::MAX;
const NEWS: u64 = u64::MAX - 1;
/// How often deadlines are looked at. They are of seconds.
const SWEEP: Duration = Duration::from_secs(1);

/// The loops.
pub(super) struct Lobby {
    desks: Vec<Desk>,
    next: AtomicUsize,
}

/// How a loop is reached.
struct Desk {
    bell: Waker,
    /// On their way in; `None`: it has closed.
    arrivals: Mutex<Option<Vec<Guest>>>,
}

/// A client that waits here.
struct Guest {
    client: Client,
    address: IpAddr,
    shutdown: Shutdown,
    back: SyncSender<Back>,
    /// What the gaps in its output are filled from.
    extents: VecDeque<Extent>,
    interest: Interest,
    deadline: Option<Time>,
}

/// A client that is given back.
pub(super) struct Back {
    pub(super) client: Client,
    /// What is still to be sent, before anything else.
    pub(super) extents: VecDeque<Extent>,
    /// What is to be dealt with, if anything.
    pub(super) step: Option<Result<Step<Event>, DriveError<Error>>>,
}

impl Desk {
    fn arrivals(&self) -> MutexGuard<'_, Option<Vec<Guest>>> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lobby {
    /// With so many loops, for as long as the proxy lives.
    pub(super) fn open(loops: usize, proxy: &Weak<Proxy>) -> io::Result<Self> {
        let mut desks = Vec::new();
        for number in 0..loops {
            let bell = Waker::new()?;
            let mut poll = Poll::new()?;
            poll.add(&bell, BELL, Interest::READ)?;
            let (proxy, bell_of_loop) = (proxy.clone(), bell.clone());
            let attendant = move || Attendant::new(number, poll, bell_of_loop, proxy).run();
            thread::Builder::new().name(format!("lobby {number}")).spawn(attendant)?;
            desks.push(Desk { bell, arrivals: Mutex::new(Some(Vec::new())) });
        }
        Ok(Lobby { desks, next: AtomicUsize::new(0) })
    }

    /// Waits in the lobby until there is something that can't be done there.
    ///
    /// # Errors
    /// A loop has panicked, and the connection is gone with it.
    pub(super) fn wait(
        &self,
        client: Client,
        address: IpAddr,
        shutdown: &Shutdown,
    ) -> Result<Back, RecvError> {
        let at = self.next.fetch_add(1, Ordering::Relaxed) % self.desks.len().max(1);
        let (back, returned) = sync_channel(1);
        let guest = Guest {
            client,
            address,
            shutdown: shutdown.clone(),
            back,
            extents: VecDeque::new(),
            interest: Interest::NONE,
            deadline: None,
        };
        let Some(desk) = self.desks.get(at) else { return Ok(guest.turned_away()) };
        match desk.arrivals().as_mut() {
            Some(arrivals) => arrivals.push(guest),
            None => return Ok(guest.turned_away()),
        }
        desk.bell.ring();
        returned.recv()
    }
}

impl Guest {
    fn turned_away(self) -> Back {
        Back { client: self.client, extents: self.extents, step: None }
    }

    fn give_back(self, step: Option<Result<Step<Event>, DriveError<Error>>>) {
        let Guest { client, back, extents, .. } = self;
        // It waits for this and for nothing else.
        let _ = back.send(Back { client, extents, step });
    }

    /// Fills the gap in front. Whether anything moved.
    fn fill(&mut self) -> Result<bool, DriveError<Error>> {
        let Some(Extent { file, at, left }) = self.extents.front_mut() else {
            self.client.abandon();
            return Ok(true);
        };
        let sent = self.client.try_send_file(file, *at..*at + *left)?;
        (*at, *left) = (*at + sent, *left - sent);
        if *left == 0 {
            self.extents.pop_front();
        }
        Ok(sent > 0)
    }
}

/// One loop.
struct Attendant {
    number: usize,
    poll: Poll,
    bell: Waker,
    proxy: Weak<Proxy>,
    guests: Vec<Option<Guest>>,
    free: Vec<usize>,
    /// The server's news that it stops, once it is known; then nobody waits here any more.
    shutdown: Option<Shutdown>,
    swept: Instant,
}

impl Attendant {
    fn new(number: usize, poll: Poll, bell: Waker, proxy: Weak<Proxy>) -> Self {
        let (guests, free) = (Vec::new(), Vec::new());
        Attendant { number, poll, bell, proxy, guests, free, shutdown: None, swept: Instant::now() }
    }

    fn run(&mut self) {
        loop {
            let nobody = self.free.len() == self.guests.len();
            let deadline = if nobody { Deadline::NEVER } else { Deadline::at(self.swept + SWEEP) };
            if let Err(error) = self.poll.wait(deadline) {
                tracing::error!(%error, "the lobby can't wait");
                return;
            }
            let Some(proxy) = self.proxy.upgrade() else { return };
            let ready: Vec<_> = self.poll.ready().collect();
            for (token, ready) in ready {
                match token {
                    BELL => self.admit(&proxy),
                    NEWS => return self.close(&proxy),
                    place => self.attend(&proxy, usize::try_from(place).unwrap_or(usize::MAX), ready),
                }
            }
            if self.swept.elapsed() >= SWEEP {
                self.sweep(&proxy);
            }
        }
    }

    fn admit(&mut self, proxy: &Arc<Proxy>) {
        self.bell.clear();
        let Some(desk) = proxy.lobby.get().and_then(|lobby| lobby.desks.get(self.number)) else { return };
        let arrivals = desk.arrivals().as_mut().map(std::mem::take);
        for guest in arrivals.into_iter().flatten() {
            self.seat(proxy, guest);
        }
    }

    fn seat(&mut self, proxy: &Arc<Proxy>, mut guest: Guest) {
        if self.shutdown.is_none() && self.poll.add(&guest.shutdown, NEWS, Interest::READ).is_ok() {
            self.shutdown = Some(guest.shutdown.clone());
        }
        let place = self.free.pop().unwrap_or(self.guests.len());
        guest.interest = Interest::READ;
        if self.poll.add(&guest.client, place as u64, guest.interest).is_err() {
            self.free.extend((place < self.guests.len()).then_some(place));
            guest.give_back(None);
            return;
        }
        if place >= self.guests.len() {
            self.guests.resize_with(place + 1, || None);
        }
        if let Some(seat) = self.guests.get_mut(place) {
            *seat = Some(guest);
        }
        self.attend(proxy, place, Ready::default());
    }

    /// Answers what can be answered at once.
    fn attend(&mut self, proxy: &Arc<Proxy>, place: usize, mut ready: Ready) {
        loop {
            let Some(Some(guest)) = self.guests.get_mut(place) else { return };
            let turn = match guest.client.turn(std::mem::take(&mut ready)) {
                Ok(turn) => turn,
                Err(error) => return self.give_back(place, Some(Err(error))),
            };
            let waits = match turn.step {
                None => true,
                Some(Step::Event(Event::Request(request))) => {
                    match hit_at_once(proxy, &mut guest.client, &request, guest.address) {
                        None => return self.give_back(place, Some(Ok(Step::Event(Event::Request(request))))),
                        Some(Forwarded::Hit(extent)) => guest.extents.extend(extent),
                        Some(_) => guest.client.abandon(),
                    }
                    false
                }
                // The end of a request that was answered.
                Some(Step::Event(_)) => false,
                Some(Step::Gap(_)) => match guest.fill() {
                    Ok(moved) => !moved,
                    Err(error) => return self.give_back(place, Some(Err(error))),
                },
                Some(step) => return self.give_back(place, Some(Ok(step))),
            };
            if waits {
                guest.deadline = turn.deadline;
                if guest.interest != turn.interest {
                    guest.interest = turn.interest;
                    let _ = self.poll.change(&guest.client, place as u64, turn.interest);
                }
                return;
            }
        }
    }

    fn give_back(&mut self, place: usize, step: Option<Result<Step<Event>, DriveError<Error>>>) {
        if let Some(guest) = self.guests.get_mut(place).and_then(Option::take) {
            let _ = self.poll.remove(&guest.client, place as u64);
            self.free.push(place);
            guest.give_back(step);
        }
    }

    /// Those whose time is over hear of it.
    fn sweep(&mut self, proxy: &Arc<Proxy>) {
        self.swept = Instant::now();
        let now = proxy.clock.now();
        for place in 0..self.guests.len() {
            let guest = self.guests.get(place).and_then(Option::as_ref);
            if guest.is_some_and(|guest| guest.deadline.is_some_and(|at| at <= now)) {
                self.attend(proxy, place, Ready::default());
            }
        }
    }

    /// The server stops: everybody goes back to where the end in good order is seen to.
    fn close(&mut self, proxy: &Arc<Proxy>) {
        let desk = proxy.lobby.get().and_then(|lobby| lobby.desks.get(self.number));
        let late = desk.and_then(|desk| desk.arrivals().take());
        late.into_iter().flatten().for_each(|guest| guest.give_back(None));
        for place in 0..self.guests.len() {
            self.give_back(place, None);
        }
    }
}

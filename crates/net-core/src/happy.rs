//! Happy Eyeballs (RFC 8305): connecting to a name with several addresses, some of which may not work.
//!
//! A machine without sockets, names or clock: it is told what happened and when ([`Input`], [`Time`]), and says what to
//! do next ([`Output`]). So its tables are tested in virtual time, and anybody's sockets can run it; this crate's do in
//! [`connect`](crate::connect).
//!
//! The rules, by section:
//!
//! - 3: IPv6 answers are preferred; if IPv4's come first, IPv6's are given 50 ms to follow. Whatever comes later is merged
//!   into what has not been tried.
//! - 4: addresses in the order of RFC 6724, the families interleaved.
//! - 5: an attempt every 250 ms (10 ms at least, 2 s at most) until one succeeds; the others are cancelled then. An attempt
//!   that fails lets the next begin at once.

mod order;

use std::net::SocketAddr;
use std::time::Duration;

use proto_core::Time;

use crate::Family;

pub use order::{Candidate, Source, sort};

/// RFC 8305 section 8 and our own limits.
#[derive(Clone, Debug)]
pub struct Config {
    /// How long IPv4 waits for IPv6 to be resolved. 50 ms.
    pub resolution_delay: Duration,
    /// How long an attempt is given until the next begins. 250 ms; kept between 10 ms and 2 s.
    pub attempt_delay: Duration,
    /// How many addresses of the first family are tried before one of the other. 1.
    pub first_family_count: usize,
    /// How many addresses are tried at most. 16: a name may have 500.
    pub attempts: usize,
    /// In which order addresses are tried.
    pub order: Order,
}

/// In which order addresses are tried, before the families are interleaved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By RFC 6724 section 6.
    Sorted,
    /// As they come: the resolver has sorted them, as getaddrinfo does.
    AsGiven,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            resolution_delay: Duration::from_millis(50),
            attempt_delay: Duration::from_millis(250),
            first_family_count: 1,
            attempts: 16,
            order: Order::Sorted,
        }
    }
}

/// How many addresses of a family are kept that wait to be tried, for each attempt allowed.
const SPARE: usize = 4;
/// RFC 8305 section 8: the attempt delay's bounds.
const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(2);

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Addresses were found.
    Found(Vec<Candidate>),
    /// No more addresses of that family will come: all are there, there are none, or asking failed.
    NoMore(Family),
    /// An attempt has succeeded.
    Connected(usize),
    /// An attempt has failed.
    Failed(usize),
    /// Nothing but the time; also the answer to an output that leaves nothing to tell.
    Tick,
}

/// What to do next. After everything but `Wait` and the two ends the machine has more to say: call it with
/// [`Input::Tick`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Begin to connect to that address.
    Attempt {
        /// What the attempt is called from now on; they are counted from 0.
        id: usize,
        /// Where to.
        addr: SocketAddr,
    },
    /// Give that attempt up: another has won.
    Cancel(usize),
    /// Wait for something to happen, but not beyond that time ([`Time::MAX`]: as long as it takes).
    Wait(Time),
    /// The end: this attempt's connection is the one.
    Won(usize),
    /// The end: all that could be tried has failed.
    Failed,
}

/// The race of one connection.
///
/// ```
/// use net_core::Family;
/// use net_core::happy::{Candidate, Config, Input, Machine, Output};
/// use proto_core::Time;
///
/// let mut machine = Machine::new(Config::default());
/// let v4 = Candidate::new("192.0.2.1:80".parse()?);
/// let at = Time::from_millis;
/// // An IPv4 address: wait 50 ms for IPv6.
/// assert_eq!(machine.process(Input::Found(vec![v4]), at(0)), Output::Wait(at(50)));
/// assert_eq!(machine.process(Input::Tick, at(50)), Output::Attempt { id: 0, addr: v4.addr });
/// assert_eq!(machine.process(Input::Connected(0), at(70)), Output::Won(0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Machine {
    config: Config,
    /// Found and not tried, in the order they are to be.
    waiting: Vec<Candidate>,
    /// The first answer came then.
    answered: Option<Time>,
    v4_ended: bool,
    v6_ended: bool,
    /// Where each attempt went, by number.
    tried: Vec<SocketAddr>,
    in_flight: Vec<usize>,
    /// When the next attempt may begin beside those in flight.
    next: Time,
    winner: Option<usize>,
}

impl Machine {
    /// A race that has not begun.
    #[must_use]
    pub fn new(mut config: Config) -> Self {
        // RFC 8305 section 5: MUST NOT be under 10 ms; section 8: at most 2 s.
        config.attempt_delay = config.attempt_delay.clamp(SHORTEST, LONGEST);
        config.attempts = config.attempts.max(1);
        config.first_family_count = config.first_family_count.max(1);
        Machine {
            config,
            waiting: Vec::new(),
            answered: None,
            v4_ended: false,
            v6_ended: false,
            tried: Vec::new(),
            in_flight: Vec::new(),
            next: Time::ZERO,
            winner: None,
        }
    }

    /// Where an attempt goes.
    #[must_use]
    pub fn address(&self, id: usize) -> Option<SocketAddr> {
        self.tried.get(id).copied()
    }

    /// How many attempts are under way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Takes note of what happened, and says what to do next.
    pub fn process(&mut self, input: Input, now: Time) -> Output {
        match input {
            Input::Found(candidates) => self.merge(candidates, now),
            Input::NoMore(Family::V4) => self.v4_ended = true,
            Input::NoMore(Family::V6) => self.v6_ended = true,
            Input::Connected(id) => self.connected(id),
            Input::Failed(id) => self.failed(id, now),
            Input::Tick => {}
        }
        self.decide(now)
    }

    /// RFC 8305 section 3: answers that come later are inserted into the list of addresses not yet tried.
    fn merge(&mut self, candidates: Vec<Candidate>, now: Time) {
        let room = self.config.attempts.saturating_mul(SPARE);
        let count = |family| self.waiting.iter().filter(|other| Family::of(other.addr) == family).count();
        let (mut v4, mut v6) =
            (room.saturating_sub(count(Family::V4)), room.saturating_sub(count(Family::V6)));
        for candidate in candidates {
            let left = if candidate.addr.is_ipv4() { &mut v4 } else { &mut v6 };
            if *left > 0 && !self.is_known(candidate.addr) {
                *left -= 1;
                self.waiting.push(candidate);
            }
        }
        if self.config.order == Order::Sorted {
            sort(&mut self.waiting);
        }
        if !self.waiting.is_empty() {
            self.answered.get_or_insert(now);
        }
    }

    fn is_known(&self, addr: SocketAddr) -> bool {
        self.tried.contains(&addr) || self.waiting.iter().any(|other| other.addr == addr)
    }

    fn connected(&mut self, id: usize) {
        if self.winner.is_none() && self.land(id) {
            self.winner = Some(id);
        }
    }

    fn failed(&mut self, id: usize, now: Time) {
        // The delay is there for the youngest attempt to succeed in.
        if self.land(id) && id.saturating_add(1) == self.tried.len() {
            self.next = now;
        }
    }

    /// The attempt is no longer in flight; whether it was.
    fn land(&mut self, id: usize) -> bool {
        let before = self.in_flight.len();
        self.in_flight.retain(|&other| other != id);
        self.in_flight.len() < before
    }

    fn decide(&mut self, now: Time) -> Output {
        if let Some(winner) = self.winner {
            // RFC 8305 section 5: once one succeeds, all others SHOULD be cancelled, and addresses not tried ignored.
            return self.in_flight.pop().map_or(Output::Won(winner), Output::Cancel);
        }
        let may_try = self.tried.len() < self.config.attempts;
        let is_over = !may_try || (self.waiting.is_empty() && self.v4_ended && self.v6_ended);
        if self.in_flight.is_empty() && is_over {
            return Output::Failed;
        }
        if !may_try || self.waiting.is_empty() {
            return Output::Wait(Time::MAX);
        }
        let at = self.may_begin();
        if now < at { Output::Wait(at) } else { self.attempt(now) }
    }

    /// When the next attempt may begin.
    fn may_begin(&self) -> Time {
        if self.tried.is_empty() {
            return self.resolution_is_over();
        }
        if self.in_flight.is_empty() { Time::ZERO } else { self.next }
    }

    /// RFC 8305 section 3: with an AAAA answer, positive or negative, at once; with an A answer alone, after the
    /// resolution delay.
    fn resolution_is_over(&self) -> Time {
        let only_v4 = self.waiting.iter().all(|candidate| candidate.addr.is_ipv4());
        match self.answered {
            Some(answered) if only_v4 && !self.v6_ended => answered + self.config.resolution_delay,
            _ => Time::ZERO,
        }
    }

    fn attempt(&mut self, now: Time) -> Output {
        let wanted = self.next_family();
        let place = self.waiting.iter().position(|candidate| Family::of(candidate.addr) == wanted);
        let addr = self.waiting.remove(place.unwrap_or(0)).addr;
        let id = self.tried.len();
        self.tried.push(addr);
        self.in_flight.push(id);
        self.next = now + self.config.attempt_delay;
        Output::Attempt { id, addr }
    }

    /// RFC 8305 section 4: an address of the first family, or as many as configured, is followed by one of the other, and
    /// so on.
    fn next_family(&self) -> Family {
        let Some(first) = self.tried.first().map(|&addr| Family::of(addr)) else {
            return self.waiting.first().map_or(Family::V6, |candidate| Family::of(candidate.addr));
        };
        let run = self.tried.iter().take_while(|&&addr| Family::of(addr) == first).count();
        if run == self.tried.len() && run < self.config.first_family_count {
            return first;
        }
        self.tried.last().map_or(first, |&addr| Family::of(addr).other())
    }
}

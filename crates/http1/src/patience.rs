//! How long an endpoint waits for its peer: whole heads, bytes that are due, bodies at a least rate, idle connections.
//!
//! The rule: only time spent waiting for the peer counts. While the caller is busy, the clock of the incoming side
//! stands still; the clock of the outgoing side runs while there is something the peer has not taken.

use core::time::Duration;

use proto_core::{Time, earliest};

use crate::Timeouts;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// Nothing: it is the caller's turn.
    Nothing,
    /// The first byte of the first head: since the connection stands.
    First,
    /// The first byte of a later request.
    Idle,
    /// The rest of a head.
    Head,
    /// More of a body.
    Body,
    /// The first byte of a response.
    Answer,
    /// 100 Continue.
    Continue,
}

/// What took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overdue {
    Idle,
    Head,
    Continue,
    /// The peer sends nothing, or too little.
    Incoming,
    /// The peer takes nothing, or too little.
    Outgoing,
}

/// The clocks of an endpoint.
#[derive(Debug)]
pub(crate) struct Patience {
    waiting: Waiting,
    /// Since when, without a break.
    since: Time,
    body: Pace,
    /// What is to be sent, and since when.
    outgoing: Option<(Time, Pace)>,
}

/// How fast bytes move.
#[derive(Clone, Copy, Debug, Default)]
struct Pace {
    /// Time that counts.
    waited: Duration,
    /// Time without a byte.
    quiet: Duration,
    bytes: u64,
}

impl Pace {
    fn wait(&mut self, time: Duration) {
        self.waited = self.waited.saturating_add(time);
        self.quiet = self.quiet.saturating_add(time);
    }

    fn moved(&mut self, n: u64) {
        self.bytes = self.bytes.saturating_add(n);
        self.quiet = Duration::ZERO;
    }

    /// How much longer it may last without another byte.
    fn left(&self, timeouts: &Timeouts) -> Duration {
        let stall = timeouts.stall.saturating_sub(self.quiet);
        // Up to the first byte nothing else counts.
        if self.waited == self.quiet {
            return stall;
        }
        let Some(seconds) = self.bytes.checked_div(timeouts.rate) else { return stall };
        let allowed = timeouts.stall.saturating_add(Duration::from_secs(seconds));
        stall.min(allowed.saturating_sub(self.waited))
    }
}

impl Patience {
    pub(crate) const fn new() -> Self {
        let body = Pace { waited: Duration::ZERO, quiet: Duration::ZERO, bytes: 0 };
        Patience { waiting: Waiting::Nothing, since: Time::ZERO, body, outgoing: None }
    }

    pub(crate) fn waiting(&self) -> Waiting {
        self.waiting
    }

    /// The caller has made up its mind: nothing is waited for until the input is looked at again.
    pub(crate) fn stops(&mut self) {
        self.waiting = Waiting::Nothing;
    }

    /// Before the input is looked at.
    pub(crate) fn looks(&mut self, now: Time) {
        if matches!(self.waiting, Waiting::Body | Waiting::Answer) {
            self.body.wait(now.since(self.since));
            self.since = now;
        }
    }

    /// `n` bytes of a body came in.
    pub(crate) fn received(&mut self, n: u64) {
        self.body.moved(n);
    }

    /// A body, or the wait for an answer, begins.
    pub(crate) fn begins(&mut self) {
        self.body = Pace::default();
    }

    /// After the input was looked at: this is waited for now.
    pub(crate) fn waits(&mut self, waiting: Waiting, now: Time) {
        if waiting != self.waiting || matches!(waiting, Waiting::Body | Waiting::Answer) {
            self.waiting = waiting;
            self.since = now;
        }
    }

    /// There is something to be sent, or not.
    pub(crate) fn sends(&mut self, something: bool, now: Time) {
        match (something, self.outgoing) {
            (true, None) => self.outgoing = Some((now, Pace::default())),
            (false, Some(_)) => self.outgoing = None,
            _ => {}
        }
    }

    /// `n` bytes have left.
    pub(crate) fn sent(&mut self, n: u64, now: Time) {
        if n == 0 {
            return;
        }
        // As long as bytes leave, an answer is not due.
        self.body.quiet = Duration::ZERO;
        if self.waiting == Waiting::Answer {
            self.since = now;
        }
        if let Some((since, pace)) = &mut self.outgoing {
            pace.wait(now.since(*since));
            pace.moved(n);
            *since = now;
        }
    }

    /// When patience ends.
    pub(crate) fn deadline(&self, timeouts: &Timeouts) -> Option<Time> {
        let incoming = match self.waiting {
            Waiting::Nothing => None,
            Waiting::First | Waiting::Head => finite(self.since, timeouts.head),
            Waiting::Idle => finite(self.since, timeouts.idle),
            Waiting::Continue => finite(self.since, timeouts.expect),
            Waiting::Body => finite(self.since, self.body.left(timeouts)),
            // An answer may take its time, as long as the request is being taken.
            Waiting::Answer => finite(self.since, timeouts.stall.saturating_sub(self.body.quiet)),
        };
        earliest(incoming, self.outgoing_deadline(timeouts))
    }

    fn outgoing_deadline(&self, timeouts: &Timeouts) -> Option<Time> {
        let (since, pace) = self.outgoing?;
        finite(since, pace.left(timeouts))
    }

    /// What is overdue.
    pub(crate) fn overdue(&self, timeouts: &Timeouts, now: Time) -> Option<Overdue> {
        self.deadline(timeouts).filter(|at| *at <= now)?;
        if self.outgoing_deadline(timeouts).is_some_and(|at| at <= now) {
            return Some(Overdue::Outgoing);
        }
        match self.waiting {
            Waiting::Nothing => None,
            Waiting::First | Waiting::Idle => Some(Overdue::Idle),
            Waiting::Head => Some(Overdue::Head),
            Waiting::Continue => Some(Overdue::Continue),
            Waiting::Body | Waiting::Answer => Some(Overdue::Incoming),
        }
    }
}

/// A deadline that is not at the end of time.
fn finite(since: Time, wait: Duration) -> Option<Time> {
    since.checked_add(wait).filter(|at| *at != Time::MAX)
}

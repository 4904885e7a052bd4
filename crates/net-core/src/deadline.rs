//! A point in time by which something must be done.
//!
//! The rule: whoever gives a deadline gives it once, for the whole of a thing (name, attempts and TLS together), and every
//! call beneath only asks how much is left. A timeout that starts anew at each call is none: a peer that sends one byte
//! a minute would never meet it.

use std::cmp::Ordering;
use std::io;
use std::time::{Duration, Instant};

/// An absolute deadline, or [`NEVER`](Deadline::NEVER).
///
/// ```
/// use std::time::Duration;
/// use net_core::Deadline;
///
/// let whole = Deadline::after(Duration::from_secs(30));
/// let handshake = Deadline::after(Duration::from_secs(10)).min(whole);
/// assert!(handshake < whole && whole < Deadline::NEVER);
/// assert!(!whole.has_passed());
/// assert_eq!(Deadline::NEVER.left(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// No deadline. Later than all others.
    pub const NEVER: Deadline = Deadline(None);

    /// `time` from now; never if that is further away than the clock can count.
    #[must_use]
    pub fn after(time: Duration) -> Self {
        Deadline(Instant::now().checked_add(time))
    }

    /// At that moment.
    #[must_use]
    pub fn at(moment: Instant) -> Self {
        Deadline(Some(moment))
    }

    /// The moment it falls on; `None`: never.
    #[must_use]
    pub fn instant(self) -> Option<Instant> {
        self.0
    }

    /// What is left of it, zero once it has passed; `None`: it never will.
    #[must_use]
    pub fn left(self) -> Option<Duration> {
        self.0.map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// It is due. Asks no clock if it never will be.
    #[must_use]
    pub fn has_passed(self) -> bool {
        self.left() == Some(Duration::ZERO)
    }

    /// What is left for a call that takes a timeout (`None`: no end).
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`] if nothing is left.
    pub fn timeout(self) -> io::Result<Option<Duration>> {
        match self.left() {
            Some(Duration::ZERO) => Err(io::ErrorKind::TimedOut.into()),
            left => Ok(left),
        }
    }
}

impl From<Instant> for Deadline {
    fn from(moment: Instant) -> Self {
        Deadline::at(moment)
    }
}

impl Ord for Deadline {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.0, other.0) {
            (Some(a), Some(b)) => a.cmp(&b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        }
    }
}

impl PartialOrd for Deadline {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_is_later_than_any_moment() {
        let now = Instant::now();
        assert!(Deadline::at(now) < Deadline::NEVER);
        assert_eq!(Deadline::at(now).min(Deadline::NEVER), Deadline::at(now));
        assert_eq!(Deadline::NEVER.max(Deadline::at(now)), Deadline::NEVER);
    }

    #[test]
    fn a_moment_too_far_away_is_never() {
        assert_eq!(Deadline::after(Duration::MAX), Deadline::NEVER);
    }

    #[test]
    fn what_has_passed_leaves_no_timeout() {
        let gone = Deadline::at(Instant::now());
        assert!(gone.has_passed());
        assert_eq!(gone.timeout().unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(Deadline::NEVER.timeout().unwrap(), None);
    }
}

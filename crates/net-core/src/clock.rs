//! Between the system's clock and the [`Time`] that endpoints are told.
//!
//! The rule: one origin per clock, and whoever shares an endpoint's deadlines shares its clock.

use std::time::{Duration, Instant};

use proto_core::Time;

use crate::Deadline;

/// Counts from an origin: a program's start, or a connection's.
///
/// ```
/// use net_core::Clock;
/// use proto_core::Time;
///
/// let clock = Clock::new();
/// let now = clock.now();
/// assert!(clock.deadline(Time::MAX) > clock.deadline(now));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock whose origin is this moment.
    #[must_use]
    pub fn new() -> Self {
        Clock { origin: Instant::now() }
    }

    /// A clock that counts from `origin`.
    #[must_use]
    pub fn since(origin: Instant) -> Self {
        Clock { origin }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Time {
        self.time(Instant::now())
    }

    /// What an endpoint would call `moment`; the origin if it lies before that.
    #[must_use]
    pub fn time(&self, moment: Instant) -> Time {
        Time::ZERO + moment.saturating_duration_since(self.origin)
    }

    /// The moment an endpoint calls `time`; `None` if it is [`Time::MAX`] or further away than the system can count.
    #[must_use]
    pub fn instant(&self, time: Time) -> Option<Instant> {
        if time == Time::MAX {
            return None;
        }
        self.origin.checked_add(Duration::from_nanos(time.as_nanos()))
    }

    /// An endpoint's deadline as one for sockets; [`Time::MAX`] is never.
    #[must_use]
    pub fn deadline(&self, time: Time) -> Deadline {
        self.instant(time).map_or(Deadline::NEVER, Deadline::at)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_moments_translate_both_ways() {
        let origin = Instant::now();
        let clock = Clock::since(origin);
        let later = origin + Duration::from_millis(1500);
        assert_eq!(clock.time(later), Time::from_millis(1500));
        assert_eq!(clock.instant(Time::from_millis(1500)), Some(later));
        assert_eq!(clock.deadline(Time::MAX), Deadline::NEVER);
    }

    #[test]
    fn what_was_before_the_origin_is_the_origin() {
        let early = Instant::now();
        let clock = Clock::since(early + Duration::from_secs(1));
        assert_eq!(clock.time(early), Time::ZERO);
    }
}

//! What is known of a server: how fast it is, whether it speaks EDNS, its cookie.

use core::net::SocketAddr;
use core::time::Duration;

use crate::cookie::Acquaintance;
use crate::random::Random;
use proto_core::Time;

/// Until a server has been measured, its answers are expected within this time.
const UNKNOWN: Duration = Duration::from_millis(300);

/// Less is never waited for: a busy machine is not a dead server.
const LEAST: Duration = Duration::from_millis(50);

/// A server that does not speak EDNS is believed not to for that long (spec: 15 minutes).
const WITHOUT_EDNS: Duration = Duration::from_secs(15 * 60);

/// A server.
#[derive(Clone, Debug)]
pub(super) struct Upstream {
    pub(super) address: SocketAddr,
    /// Mean and mean deviation of its times, as TCP keeps them (RFC 6298 section 2).
    time: Option<(Duration, Duration)>,
    no_edns_until: Time,
    pub(super) cookies: Acquaintance,
}

impl Upstream {
    pub(super) fn new(address: SocketAddr, random: &mut Random) -> Self {
        Upstream {
            address,
            time: None,
            no_edns_until: Time::ZERO,
            // RFC 7873 section 4.1: one for each server, so that none can follow us elsewhere.
            cookies: Acquaintance::new(random.u64().to_be_bytes()),
        }
    }

    /// By which servers are put in order: what has not been measured is worth a try.
    pub(super) fn rank(&self) -> Duration {
        self.time.map_or(Duration::ZERO, |(mean, _)| mean)
    }

    /// How long an answer may take before the next server is asked too.
    pub(super) fn patience(&self) -> Duration {
        self.time.map_or(UNKNOWN, |(mean, deviation)| (mean * 2 + deviation * 4).max(LEAST))
    }

    /// RFC 6298 section 2.3.
    pub(super) fn answered(&mut self, within: Duration) {
        self.time = Some(match self.time {
            None => (within, within / 2),
            Some((mean, deviation)) => {
                (mean * 7 / 8 + within / 8, deviation * 3 / 4 + mean.abs_diff(within) / 4)
            }
        });
    }

    /// It kept silent: believed to be twice as slow.
    pub(super) fn silent(&mut self, most: Duration) {
        let (mean, deviation) = self.time.unwrap_or((UNKNOWN, UNKNOWN / 2));
        self.time = Some(((mean * 2).min(most), deviation));
    }

    /// Another one was asked: in time this one is worth a try again.
    pub(super) fn not_asked(&mut self) {
        if let Some((mean, _)) = &mut self.time {
            *mean = *mean * 98 / 100;
        }
    }

    pub(super) fn speaks_edns(&self, now: Time) -> bool {
        self.no_edns_until <= now
    }

    pub(super) fn lacks_edns(&mut self, now: Time) {
        self.no_edns_until = now + WITHOUT_EDNS;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upstream() -> Upstream {
        Upstream::new("192.0.2.1:53".parse().unwrap(), &mut Random::new([0; 32]))
    }

    #[test]
    fn times_are_smoothed_and_silence_counts_double() {
        let mut server = upstream();
        assert_eq!((server.rank(), server.patience()), (Duration::ZERO, UNKNOWN));
        server.answered(Duration::from_millis(8));
        assert_eq!((server.rank(), server.patience()), (Duration::from_millis(8), LEAST));
        server.answered(Duration::from_millis(16));
        assert_eq!(server.rank(), Duration::from_millis(9));
        server.silent(Duration::from_secs(5));
        assert_eq!(server.rank(), Duration::from_millis(18));
        server.not_asked();
        assert!(server.rank() < Duration::from_millis(18));
        for _ in 0..100 {
            server.silent(Duration::from_secs(5));
        }
        assert_eq!(server.rank(), Duration::from_secs(5));
    }

    #[test]
    fn edns_is_tried_again_after_a_quarter_of_an_hour() {
        let mut server = upstream();
        server.lacks_edns(Time::from_secs(10));
        assert!(!server.speaks_edns(Time::from_secs(10 + 899)));
        assert!(server.speaks_edns(Time::from_secs(10 + 900)));
    }
}

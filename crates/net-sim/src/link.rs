//! One direction of a wire: rate, delay, loss and a queue.
//!
//! The rule: store and forward. A packet of L bits waits until those before it have been put on the wire, takes L/R to
//! be put there itself, and arrives d later as a whole.

use core::time::Duration;

use proto_core::Time;

use crate::Random;

/// What a link is like. Starts as one that takes no time at all and loses nothing.
///
/// ```
/// use std::time::Duration;
/// use net_sim::Link;
/// let access = Link::new().rate(15_000_000).delay(Duration::from_millis(20)).queue(256 << 10);
/// assert_eq!(access.transmission(1_250), Duration::from_nanos(666_667)); // 10 000 bits, rounded up
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    rate: Option<u64>,
    delay: Duration,
    loss: f64,
    queue: Option<usize>,
}

impl Link {
    /// No delay, endless rate, endless queue, no loss.
    #[must_use]
    pub fn new() -> Self {
        Link { rate: None, delay: Duration::ZERO, loss: 0.0, queue: None }
    }

    /// How many bits a second are put on the wire; 0 counts as 1.
    #[must_use]
    pub fn rate(self, bits_per_second: u64) -> Self {
        Link { rate: Some(bits_per_second.max(1)), ..self }
    }

    /// How long a bit is on its way.
    #[must_use]
    pub fn delay(self, delay: Duration) -> Self {
        Link { delay, ..self }
    }

    /// The probability that a packet gets lost on the way, from 0 to 1.
    #[must_use]
    pub fn loss(self, probability: f64) -> Self {
        Link { loss: probability, ..self }
    }

    /// How many bytes may wait; a packet that finds more before it is dropped.
    #[must_use]
    pub fn queue(self, bytes: usize) -> Self {
        Link { queue: Some(bytes), ..self }
    }

    /// How long it takes to put so many bytes on the wire.
    #[must_use]
    pub fn transmission(&self, bytes: usize) -> Duration {
        let Some(rate) = self.rate else { return Duration::ZERO };
        let nanos = (bytes as u128 * 8 * 1_000_000_000).div_ceil(u128::from(rate));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How long a bit is on its way.
    #[must_use]
    pub fn propagation(&self) -> Duration {
        self.delay
    }
}

impl Default for Link {
    fn default() -> Self {
        Self::new()
    }
}

/// What has gone over a link so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Packets put on the wire.
    pub packets: u64,
    /// Bytes put on the wire.
    pub bytes: u64,
    /// Packets lost on the way.
    pub lost: u64,
    /// Packets that found the queue full.
    pub dropped: u64,
    /// How long the wire was busy, all in all.
    pub busy: Duration,
}

/// A link at work.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) link: Link,
    /// When what is queued will be on the wire.
    free_at: Time,
    pub(crate) traffic: Traffic,
}

impl Wire {
    pub(crate) fn new(link: Link) -> Self {
        Wire { link, free_at: Time::ZERO, traffic: Traffic::default() }
    }

    /// When a packet that comes now arrives at the other end; `None`: never.
    pub(crate) fn carry(&mut self, bytes: usize, now: Time, random: &mut Random) -> Option<Time> {
        let start = self.free_at.max(now);
        if self.link.queue.is_some_and(|most| self.waiting(start - now) > most as u128) {
            self.traffic.dropped += 1;
            return None;
        }
        let takes = self.link.transmission(bytes);
        self.free_at = start + takes;
        self.traffic.packets += 1;
        self.traffic.bytes = self.traffic.bytes.saturating_add(bytes as u64);
        self.traffic.busy = self.traffic.busy.saturating_add(takes);
        if random.chance(self.link.loss) {
            self.traffic.lost += 1;
            return None;
        }
        Some(self.free_at + self.link.delay)
    }

    /// How many bytes are put on the wire in that time: those that wait.
    fn waiting(&self, time: Duration) -> u128 {
        let rate = u128::from(self.link.rate.unwrap_or(0));
        time.as_nanos().saturating_mul(rate) / 8 / 1_000_000_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEGABIT: usize = 125_000;

    fn arrivals(link: Link, packets: &[(u64, usize)]) -> Vec<Option<u64>> {
        let (mut wire, mut random) = (Wire::new(link), Random::new(1));
        let at = |&(ms, bytes): &(u64, usize)| wire.carry(bytes, Time::from_millis(ms), &mut random);
        packets.iter().map(at).map(|time| time.map(|time| time.as_nanos() / 1_000_000)).collect()
    }

    #[test]
    fn n_bits_take_n_over_r_and_the_delay() {
        let link = Link::new().rate(10_000_000).delay(Duration::from_millis(50));
        assert_eq!(arrivals(link, &[(0, MEGABIT)]), [Some(150)]);
    }

    #[test]
    fn packets_wait_for_those_before_them() {
        let link = Link::new().rate(10_000_000).delay(Duration::from_millis(50));
        let packets = [(0, MEGABIT), (10, MEGABIT), (500, MEGABIT)];
        assert_eq!(arrivals(link, &packets), [Some(150), Some(250), Some(650)]);
    }

    #[test]
    fn a_full_queue_drops() {
        let link = Link::new().rate(10_000_000).queue(MEGABIT);
        let packets = [(0, MEGABIT), (0, MEGABIT), (0, MEGABIT), (100, MEGABIT)];
        assert_eq!(arrivals(link, &packets), [Some(100), Some(200), None, Some(300)]);
    }

    #[test]
    fn losses_are_as_many_as_said() {
        let (mut wire, mut random) = (Wire::new(Link::new().loss(0.1)), Random::new(2));
        let lost = (0..10_000).filter(|_| wire.carry(100, Time::ZERO, &mut random).is_none()).count();
        assert!((900..1_100).contains(&lost), "{lost}");
        assert_eq!(wire.traffic.lost, lost as u64);
    }
}

//! Many deadlines, of which the earliest matters.
//!
//! The rule: a key has one deadline at most; setting it again moves it. Time is an argument, as everywhere: sockets use
//! a [`Clock`](crate::Clock), tests count by hand.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use proto_core::Time;

/// Deadlines by key, in order of time; those at the same time in the order they were set.
///
/// Every operation takes time logarithmic in the number of deadlines, and a moved deadline leaves nothing behind.
///
/// ```
/// use net_core::poll::Timers;
/// use proto_core::Time;
///
/// let mut timers = Timers::new();
/// timers.set("idle", Time::from_secs(60));
/// timers.set("head", Time::from_secs(10));
/// timers.set("idle", Time::from_secs(5)); // moved
/// assert_eq!(timers.next(), Some(Time::from_secs(5)));
/// assert_eq!(timers.pop_due(Time::from_secs(7)), Some("idle"));
/// assert_eq!(timers.pop_due(Time::from_secs(7)), None);
/// ```
#[derive(Clone, Debug)]
pub struct Timers<K> {
    queue: BTreeMap<(Time, u64), K>,
    places: HashMap<K, (Time, u64)>,
    /// How many were ever set: what tells those at the same time apart.
    count: u64,
}

impl<K: Copy + Eq + Hash> Timers<K> {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Timers { queue: BTreeMap::new(), places: HashMap::new(), count: 0 }
    }

    /// Sets or moves the deadline of `key`. [`Time::MAX`] is as good as none.
    pub fn set(&mut self, key: K, at: Time) {
        if self.deadline(&key) == Some(at) {
            return;
        }
        self.cancel(&key);
        if at == Time::MAX {
            return;
        }
        self.count = self.count.wrapping_add(1);
        let place = (at, self.count);
        self.queue.insert(place, key);
        self.places.insert(key, place);
    }

    /// Sets the deadline of `key`, or takes it away: what an endpoint's `deadline()` says goes in here as it is.
    pub fn set_or_cancel(&mut self, key: K, at: Option<Time>) {
        self.set(key, at.unwrap_or(Time::MAX));
    }

    /// Takes the deadline of `key` away; whether it had one.
    pub fn cancel(&mut self, key: &K) -> bool {
        self.places.remove(key).and_then(|place| self.queue.remove(&place)).is_some()
    }

    /// The deadline of `key`.
    #[must_use]
    pub fn deadline(&self, key: &K) -> Option<Time> {
        self.places.get(key).map(|&(at, _)| at)
    }

    /// When the earliest is due: how long to wait.
    #[must_use]
    pub fn next(&self) -> Option<Time> {
        self.queue.first_key_value().map(|(&(at, _), _)| at)
    }

    /// Whose deadline is the earliest.
    #[must_use]
    pub fn earliest(&self) -> Option<K> {
        self.queue.first_key_value().map(|(_, &key)| key)
    }

    /// Takes out the earliest deadline that is due. Call it until `None`.
    pub fn pop_due(&mut self, now: Time) -> Option<K> {
        if self.next()? > now {
            return None;
        }
        let (_, key) = self.queue.pop_first()?;
        self.places.remove(&key);
        Some(key)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

impl<K: Copy + Eq + Hash> Default for Timers<K> {
    fn default() -> Self {
        Self::new()
    }
}

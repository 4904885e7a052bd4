//! Who is connected, and who may be.
//!
//! The rule: slots in use = connections open. A [`Slot`] is taken before a connection is handed on and given back when
//! its session is over, however that came about; there is no other way to count.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Shutdown as Direction, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

use super::{Peer, Refusal};
use crate::Deadline;

/// A connection that waits for a worker.
pub(super) struct Job {
    pub(super) stream: Arc<TcpStream>,
    pub(super) peer: Peer,
    pub(super) slot: Slot,
}

/// A place among the connections allowed. Given back when dropped.
pub(super) struct Slot {
    house: Arc<House>,
    id: u64,
    network: Network,
}

/// All connections, those that wait for a worker among them, and how many workers there are.
pub(super) struct House {
    rooms: Mutex<Rooms>,
    /// A connection waits for a worker, or no more will come.
    pub(super) work: Condvar,
    /// The last connection is gone, or the drain deadline has moved.
    empty: Condvar,
}

#[derive(Default)]
pub(super) struct Rooms {
    /// Weak, so that a session's end closes its connection at once, and strong enough to cut it off.
    open: HashMap<u64, Weak<TcpStream>>,
    by_network: HashMap<Network, usize>,
    next_id: u64,
    peak: usize,
    pub(super) queue: VecDeque<Job>,
    pub(super) workers: usize,
    /// Workers that wait for a connection.
    pub(super) idle: usize,
    /// Workers hired that have not come yet.
    pub(super) starting: usize,
    /// No more connections will come: idle workers go home.
    pub(super) closing: bool,
}

impl Rooms {
    /// How many of the queue are as good as served: a worker is on his way for each of them.
    pub(super) fn free(&self) -> usize {
        self.idle + self.starting
    }

    /// Keeps a connection until a worker has time for it. Gives it back if `most` are waiting so already.
    pub(super) fn wait_in_line(&mut self, job: Job, most: usize) -> Option<Job> {
        if self.queue.len() >= self.free().saturating_add(most) {
            return Some(job);
        }
        self.queue.push_back(job);
        None
    }
}

/// What counts as one address: an IPv4 address, however written, or an IPv6 /64, which one subscriber has to himself
/// (RFC 6177 section 2).
///
/// ```
/// use net_core::serve::Network;
///
/// let network = |text: &str| Network::of(text.parse().unwrap());
/// assert_eq!(network("192.0.2.1"), network("::ffff:192.0.2.1"));
/// assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Network {
    /// The address.
    V4(u32),
    /// The first 64 bits.
    V6(u64),
}

impl Network {
    /// The network of an address.
    #[must_use]
    pub fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => Network::V4(ip.to_bits()),
            IpAddr::V6(ip) => {
                let [a, b, c, d, ..] = ip.segments();
                Network::V6([a, b, c, d].iter().fold(0, |bits, &part| bits << 16 | u64::from(part)))
            }
        }
    }
}

impl House {
    pub(super) fn new() -> Arc<Self> {
        let rooms = Mutex::default();
        Arc::new(House { rooms, work: Condvar::new(), empty: Condvar::new() })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many connections are open, and were at most.
    pub(super) fn count(&self) -> (usize, usize) {
        let rooms = self.lock();
        (rooms.open.len(), rooms.peak)
    }

    /// Takes a slot for `stream`.
    pub(super) fn enter(
        self: &Arc<Self>,
        stream: &Arc<TcpStream>,
        peer: Peer,
        connections: usize,
        per_address: Option<usize>,
    ) -> Result<Slot, Refusal> {
        let network = Network::of(peer.addr.ip());
        let mut rooms = self.lock();
        if rooms.open.len() >= connections {
            return Err(Refusal::Full);
        }
        let here = rooms.by_network.get(&network).copied().unwrap_or(0);
        if per_address.is_some_and(|cap| here >= cap) {
            return Err(Refusal::PerAddress);
        }
        rooms.by_network.insert(network, here + 1);
        let id = rooms.next_id;
        rooms.next_id += 1;
        rooms.open.insert(id, Arc::downgrade(stream));
        rooms.peak = rooms.peak.max(rooms.open.len());
        drop(rooms);
        Ok(Slot { house: Arc::clone(self), id, network })
    }

    fn leave(&self, id: u64, network: Network) {
        let mut rooms = self.lock();
        rooms.open.remove(&id);
        if let Some(here) = rooms.by_network.get_mut(&network) {
            *here -= 1;
            if *here == 0 {
                rooms.by_network.remove(&network);
            }
        }
        if rooms.open.is_empty() {
            self.empty.notify_all();
        }
    }

    /// The drain deadline has moved: whoever waits for the end looks at it again.
    pub(super) fn look_again(&self) {
        let _rooms = self.lock();
        self.empty.notify_all();
    }

    /// Waits until nobody is connected: whether it was so before the deadline, which may move meanwhile.
    pub(super) fn wait_empty(&self, deadline: impl Fn() -> Deadline) -> bool {
        let mut rooms = self.lock();
        while !rooms.open.is_empty() {
            rooms = match deadline().timeout() {
                Err(_) => return false,
                Ok(None) => self.empty.wait(rooms).unwrap_or_else(PoisonError::into_inner),
                Ok(Some(left)) => {
                    self.empty.wait_timeout(rooms, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        true
    }

    /// Cuts off all who are connected, those without a worker first. Returns how many.
    pub(super) fn cut_off(&self) -> u64 {
        let mut rooms = self.lock();
        let open: Vec<_> = rooms.open.values().filter_map(Weak::upgrade).collect();
        let waiting = std::mem::take(&mut rooms.queue);
        let count = rooms.open.len() as u64;
        drop(rooms); // slots are given back under the same lock
        drop(waiting);
        for stream in open {
            let _ = stream.shutdown(Direction::Both);
        }
        count
    }

    /// No more connections will come: sends idle workers home.
    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.work.notify_all();
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.house.leave(self.id, self.network);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_subscriber_is_one_network() {
        let network = |text: &str| Network::of(text.parse().unwrap());
        for (a, b, same) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
            ("::1", "0.0.0.1", false),
        ] {
            assert_eq!(network(a) == network(b), same, "{a} and {b}");
        }
    }
}

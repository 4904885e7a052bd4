//! How many may be inside at once, and how many of one address: for the runtimes that have no `net_core::Server`.
//!
//! The rule: places taken = connections open. A [`Seat`] is taken when somebody comes in and given back when it is dropped;
//! there is no other way to count.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use examples::Caps;
use net_core::serve::Network;

/// Told that there is no room, at most so many at once; who comes beyond that is turned away without a word.
const REFUSED: usize = 256;

/// Who may come in.
#[derive(Debug)]
pub(crate) struct Door {
    caps: Caps,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    seats: usize,
    refused: usize,
    by_network: HashMap<Network, usize>,
}

/// What somebody who comes gets.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A place.
    Welcome(Seat),
    /// No place, but a chair to be told so.
    Full(Seat),
    /// Nothing.
    Away,
}

/// A place inside. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    door: Arc<Door>,
    /// `None`: just a chair by the door.
    network: Option<Network>,
}

impl Door {
    /// A door to so many seats.
    pub(crate) fn new(caps: Caps) -> Arc<Self> {
        Arc::new(Door { caps, taken: Mutex::default() })
    }

    /// Somebody comes from `address`.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr) -> Answer {
        let network = Network::of(address);
        let mut taken = self.taken();
        let here = taken.by_network.get(&network).copied().unwrap_or(0);
        let Caps { max_connections, max_per_ip } = self.caps;
        if taken.seats < max_connections && max_per_ip.is_none_or(|most| here < most) {
            taken.seats += 1;
            taken.by_network.insert(network, here + 1);
            return Answer::Welcome(Seat { door: Arc::clone(self), network: Some(network) });
        }
        if taken.refused < REFUSED {
            taken.refused += 1;
            return Answer::Full(Seat { door: Arc::clone(self), network: None });
        }
        Answer::Away
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.door.taken();
        let Some(network) = self.network else {
            taken.refused -= 1;
            return;
        };
        taken.seats -= 1;
        if let Some(here) = taken.by_network.get_mut(&network) {
            *here -= 1;
            if *here == 0 {
                taken.by_network.remove(&network);
            }
        }
    }
}

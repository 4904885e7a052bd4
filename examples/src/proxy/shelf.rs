//! The cache, shared by all clients, and who is asking for what just now.
//!
//! The rule: of those who want the same thing that is not there, one asks and the others wait for what comes of it (RFC 9111
//! section 4, "collapsed requests"). Whether somebody asks already is decided under the same lock as whether the thing is
//! there, so nobody slips through in between; nothing is sent or waited for under that lock.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http1::Response;
use http1::cache::{
    Ask, Cache, Forward, Forwarding, Hit, Key, Limits, LookUp, Memory, Reaction, Rules, Stored, Storing,
};
use http1::date::HttpDate;
use proto_core::End;

use super::reply::Reply;

/// So long those who wait do so once the one who asked is being answered: a slow answer is not worth more.
const PATIENCE: Duration = Duration::from_secs(10);

/// So often a request waits for others before it asks by itself.
pub(super) const ROUNDS: u32 = 8;

/// The cache.
pub(super) struct Shelf(Mutex<Inner>);

struct Inner {
    cache: Cache<Memory>,
    flights: HashMap<Key, Arc<Flight>>,
}

/// What a request finds.
pub(super) enum Found {
    /// An answer.
    Hit(Hit),
    /// Nothing: the origin is to be asked, by this request. The ticket tells the others what came of it; none if nobody is
    /// to wait.
    Ask(Forwarding, Option<Ticket>),
    /// Somebody is asking already.
    Wait(Forwarding, Arc<Flight>),
    /// Nothing, and the client wants nothing else.
    GatewayTimeout,
}

/// What came of a request that others wait for.
#[derive(Clone, Debug)]
pub(super) enum Landing {
    /// It is on the shelf.
    Stored,
    /// It was for the one who asked.
    Private,
    /// The origin failed.
    Failed(Reply),
    /// It broke off.
    Broken,
}

/// A request that others wait for.
#[derive(Debug, Default)]
pub(super) struct Flight {
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The answer has begun to come.
    begun: Option<Instant>,
    landing: Option<Landing>,
}

impl Flight {
    /// Waits for what comes of it; `None`: it takes too long.
    pub(super) fn wait(&self) -> Option<Landing> {
        let mut state = self.state();
        loop {
            if let Some(landing) = &state.landing {
                return Some(landing.clone());
            }
            let left = state.begun.map_or(PATIENCE, |begun| PATIENCE.saturating_sub(begun.elapsed()));
            if left.is_zero() {
                return None;
            }
            let waited = self.bell.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn land(&self, landing: Landing) {
        self.state().landing.get_or_insert(landing);
        self.bell.notify_all();
    }
}

/// Held by the one who asks. The others learn of it when it is dropped, if not before.
pub(super) struct Ticket {
    key: Key,
    flight: Arc<Flight>,
}

impl Shelf {
    /// For so many octets.
    pub(super) fn new(size: u64) -> Self {
        let limits = Limits { response: (size / 8).clamp(64 << 10, 64 << 20), ..Limits::DEFAULT };
        let cache = Cache::with_limits(Memory::new(size), Rules::SHARED, limits);
        Shelf(Mutex::new(Inner { cache, flights: HashMap::new() }))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What there is for this request, which has waited for others so often.
    pub(super) fn find(&self, ask: &Ask<'_>, now: HttpDate, waited: u32) -> Found {
        let mut inner = self.lock();
        let forwarding = match inner.cache.look_up(ask, now) {
            LookUp::Hit(hit) => return Found::Hit(hit),
            LookUp::GatewayTimeout => return Found::GatewayTimeout,
            LookUp::Forward(forwarding) => forwarding,
        };
        // What came for somebody else does not do: unless that was for want of a variant, waiting for the next one is vain.
        let is_variant = matches!(forwarding.reason(), Forward::UriMiss | Forward::VaryMiss);
        let alone = waited >= ROUNDS || (waited > 0 && !is_variant);
        if alone || !may_share(ask, &forwarding) {
            return Found::Ask(forwarding, None);
        }
        match inner.flights.get(ask.key) {
            Some(flight) => Found::Wait(forwarding, Arc::clone(flight)),
            None => {
                let ticket = inner.ticket(ask.key);
                Found::Ask(forwarding, Some(ticket))
            }
        }
    }

    /// Just an answer, if there is one.
    pub(super) fn peek(&self, ask: &Ask<'_>, now: HttpDate) -> Option<Hit> {
        match self.lock().cache.look_up(ask, now) {
            LookUp::Hit(hit) => Some(hit),
            LookUp::Forward(_) | LookUp::GatewayTimeout => None,
        }
    }

    /// To ask on nobody's behalf; `None` if somebody is asking already.
    pub(super) fn ticket(&self, key: &Key) -> Option<Ticket> {
        let mut inner = self.lock();
        (!inner.flights.contains_key(key)).then(|| inner.ticket(key))
    }

    /// A response has come. What was validated by it is on the shelf before anybody else looks.
    pub(super) fn received(
        &self,
        ask: &Ask<'_>,
        forwarding: &Forwarding,
        response: &Response,
        sent: HttpDate,
        now: HttpDate,
    ) -> Reaction {
        self.lock().cache.received(ask, forwarding, &response.head(), sent, now)
    }

    /// A response has ended, and with it the wait of the others.
    pub(super) fn finish(&self, storing: Storing, end: End, ticket: Option<Ticket>) -> Option<Stored> {
        let mut inner = self.lock();
        let stored = inner.cache.finish(storing, end);
        if let Some(ticket) = &ticket {
            inner.flights.remove(&ticket.key);
        }
        drop(inner);
        let landing = match (&stored, end) {
            (_, End::Cut) => Landing::Broken,
            (Some(_), End::Clean) => Landing::Stored,
            (None, End::Clean) => Landing::Private,
        };
        if let Some(ticket) = ticket {
            ticket.flight.land(landing);
        }
        stored
    }

    /// The others need not wait any longer.
    pub(super) fn land(&self, ticket: Ticket, landing: Landing) {
        self.lock().flights.remove(&ticket.key);
        ticket.flight.land(landing);
    }

    /// How many octets are kept, and for how many URIs.
    pub(super) fn size(&self) -> (u64, u64) {
        let inner = self.lock();
        let memory = inner.cache.storage();
        (memory.size(), memory.len() as u64)
    }
}

impl Inner {
    fn ticket(&mut self, key: &Key) -> Ticket {
        let flight = Arc::new(Flight::default());
        self.flights.insert(key.clone(), Arc::clone(&flight));
        Ticket { key: key.clone(), flight }
    }
}

impl Ticket {
    /// The answer has begun to come.
    pub(super) fn begins(&self) {
        self.flight.state().begun.get_or_insert_with(Instant::now);
    }
}

/// What comes for one of them does for others: a whole representation, asked for without conditions of the client's own.
fn may_share(ask: &Ask<'_>, forwarding: &Forwarding) -> bool {
    let fields = ask.fields;
    let is_own = |name: &str| fields.has(name) && !forwarding.replaces(name);
    ask.method == http1::Method::Get
        && !matches!(forwarding.reason(), Forward::Bypass | Forward::Method)
        && !["Range", "If-Range", "If-None-Match", "If-Modified-Since", "Authorization"]
            .into_iter()
            .any(is_own)
}

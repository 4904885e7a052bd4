//! What a proxy counts.
//!
//! The rule: a request is counted once, under what became of it; what was asked of origins is counted as the origins would
//! count it.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn one(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// One was counted that did not happen.
    pub(super) fn take_back(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The counters. Written as `stats name=value name=value ...`, in a line.
        #[derive(Debug, Default)]
        pub struct Stats { $($(#[$doc])* pub $name: Counter,)* }

        impl fmt::Display for Stats {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("stats")?;
                $(write!(f, " {}={}", stringify!($name), self.$name.count())?;)*
                Ok(())
            }
        }
    };
}

counters! {
    /// Connections of clients.
    connections,
    /// Requests of clients, tunnels among them.
    requests,
    /// Answered out of the cache, without asking.
    hits,
    /// Answered with what came of another client's request.
    collapsed,
    /// Asked, for nothing that is stored would do.
    misses,
    /// Asked whether what is stored is still good.
    revalidations,
    /// Of these: it was.
    validated,
    /// Asked, for it is nothing that a cache could answer.
    passes,
    /// Answers out of the cache that were stale, as the client or the origin allows.
    stale,
    /// Responses that were put into the cache.
    stored,
    /// Tunnels that were opened.
    tunnels,
    /// Requests that the proxy answered by itself: errors, and what was not to be forwarded.
    own_answers,
    /// Responses that were cut short, for the origin had cut them short.
    cut,
    /// Requests that went to origins.
    origin_requests,
    /// Connections to origins, without those of tunnels.
    origin_connections,
    /// Bytes of content that came from origins.
    bytes_from_origins,
    /// Bytes of content that went to clients.
    bytes_to_clients,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_every_counter_once() {
        let stats = Stats::default();
        stats.requests.add(3);
        let line = stats.to_string();
        assert!(line.starts_with("stats connections=0 requests=3 "), "{line}");
        let names: Vec<&str> = line.split(' ').skip(1).filter_map(|pair| pair.split('=').next()).collect();
        assert!((1..names.len()).all(|at| !names[..at].contains(&names[at])), "{line}");
    }
}

//! A proxy for HTTP/1.1: forward, with tunnels for what is not its business, or in front of one origin.
//!
//! `http_proxy` is it, and the tour has one in its act. It stands on the two endpoints of `http1` and one thread per
//! client; what it does with a message between them is one file each. The rules it lives by:
//!
//! - A message is passed on as it comes, run by run: nothing is kept whole, and who is slow is waited for.
//! - What was cut short on one side is cut short on the other, in a way that is seen: never a short success.
//! - What is about one connection stays on it (RFC 9110 section 7.6.1), and who was here before is not sent on again.
//!
//! | what | where |
//! |---|---|
//! | whom a request is for, and whether it is forwarded at all | `errand` |
//! | the heads as they are passed on | `rewrite` |
//! | connections to origins, kept for the next request | `origins` |
//! | one client's connection | `session` |
//! | where clients wait whose requests are hits | `lobby`, `files` |
//! | a request that is forwarded, out of the cache or from the origin | `forward` |
//! | the cache, and who is asking for what just now | `shelf`, `gather` |
//! | one exchange, both ways at once | `relay` |
//! | CONNECT | `tunnel` |
//! | answers of the proxy's own | `reply` |
//! | what it counts | [`stats`] |

mod errand;
mod files;
mod forward;
mod gather;
mod lobby;
mod origins;
mod relay;
mod reply;
mod rewrite;
mod session;
mod shelf;
pub mod stats;
mod tunnel;

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http1::cache::CacheStatus;
use http1::date::HttpDate;
use http1::{Config, Timeouts};
use net_core::serve::Peer;
use net_core::{Clock, Shutdown};

use crate::Failure;
use errand::Reverse;
use files::Files;
use lobby::Lobby;
use origins::Origins;
use session::Session;
use shelf::Shelf;
use stats::{Counter, Stats};

/// How a proxy is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The one origin that everything goes to; `None`: the client says where to.
    pub reverse: Option<String>,
    /// What it calls itself in `Via`; `None`: a name that nobody else has.
    pub name: Option<String>,
    /// How long an origin may take to accept a connection.
    pub connect: Duration,
    /// How long nothing may move while something is due.
    pub stall: Duration,
    /// How long a tunnel may be silent.
    pub silence: Duration,
    /// How many bytes the cache holds; 0: there is none.
    pub cache: u64,
    /// How many loops wait for those whose requests are answered out of the cache; 0: each client has its own thread only.
    pub loops: usize,
    /// Trust the certificates in this PEM file instead of the system's.
    pub roots: Option<PathBuf>,
}

impl Default for Options {
    /// A forward proxy with 64 MiB of cache; 10 s to connect, 60 s for something to move, 10 minutes of silence in a tunnel.
    fn default() -> Self {
        Options {
            reverse: None,
            name: None,
            connect: Duration::from_secs(10),
            stall: Duration::from_secs(60),
            silence: Duration::from_secs(600),
            cache: 64 << 20,
            loops: 0,
            roots: None,
        }
    }
}

/// A proxy, for any number of clients at once.
pub struct Proxy {
    name: String,
    reverse: Option<Reverse>,
    clock: Clock,
    origins: Origins,
    config: Config,
    options: Options,
    stats: Stats,
    /// `None`: nothing is kept.
    shelf: Option<Shelf>,
    /// Large contents, for the lobby to send.
    files: Option<Files>,
    /// None: hits are answered on the client's own thread.
    lobby: OnceLock<Lobby>,
    /// Revalidations under way on nobody's behalf.
    background: Counter,
    /// What `Via` says of answers out of the cache.
    via: String,
    /// `Cache-Status` of an answer out of the cache, up to its time to live.
    hit_mark: String,
}

impl Proxy {
    /// A proxy that has met nobody yet.
    ///
    /// # Errors
    /// The origin is no URL, or the name no token.
    pub fn new(options: Options) -> Result<Arc<Self>, Failure> {
        let name = options.name.clone().unwrap_or_else(some_name);
        let via = http1::forwarded::via(http1::Version::Http11, &name)?;
        // What stalls is judged where both sides are seen; the endpoint's own word is the last resort.
        let timeouts = Timeouts { stall: options.stall.saturating_mul(5), rate: 0, ..Timeouts::DEFAULT };
        let hit = CacheStatus { is_hit: true, ..CacheStatus::new(&*name) };
        let clock = Clock::new();
        let proxy = Arc::new(Proxy {
            clock,
            reverse: options.reverse.as_deref().map(Reverse::of).transpose()?,
            origins: Origins::new(&options, clock),
            config: Config { timeouts, ..Config::default() },
            stats: Stats::default(),
            shelf: (options.cache > 0).then(|| Shelf::new(options.cache)),
            files: (options.loops > 0).then(|| Files::new(options.cache / 4)),
            lobby: OnceLock::new(),
            background: Counter::default(),
            via,
            hit_mark: format!("{hit};ttl="),
            name,
            options,
        });
        if proxy.options.loops > 0 {
            let _ = proxy.lobby.set(Lobby::open(proxy.options.loops, &Arc::downgrade(&proxy))?);
        }
        Ok(proxy)
    }

    /// What it has done so far.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// What it has done so far and what it holds, in a line: `stats name=value name=value ...`.
    pub fn account(&self) -> String {
        let (bytes, uris) = self.shelf.as_ref().map_or((0, 0), Shelf::size);
        format!("{} cache_bytes={bytes} cache_uris={uris}", self.stats)
    }

    /// One client's connection, to its end.
    ///
    /// # Errors
    /// Why it ended early.
    pub fn serve(
        self: &Arc<Self>,
        stream: Arc<TcpStream>,
        peer: Peer,
        shutdown: &Shutdown,
    ) -> Result<(), Failure> {
        Session::new(self, stream, peer, shutdown)?.run()
    }
}

/// RFC 9110 section 7.6.3: a pseudonym, by which a loop is known.
fn some_name() -> String {
    format!("http_proxy-{:08x}", RandomState::new().build_hasher().finish() >> 32)
}

/// What the calendar says.
fn today() -> HttpDate {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).ok().and_then(HttpDate::from_unix).unwrap_or(HttpDate::MAX)
}

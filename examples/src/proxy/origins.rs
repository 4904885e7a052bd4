//! Connections to origins, kept for the next request to the same one.
//!
//! The rule: a connection is kept only if the endpoint says that it can be used again, and is looked at before it is: an
//! origin that has hung up meanwhile is not taken for one that fails.

use std::collections::HashMap;
use std::fmt;
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use http1::{Client, Config, StatusCode, Timeouts};
use net_core::connect::{ConnectError, Connector, Reason};
use net_core::resolve::Target;
use net_core::{Clock, Connection, Deadline, Stream, TlsRole};
use rustls::ClientConfig;

use super::Options;
use super::errand::Place;
use super::reply::Reply;
use crate::{Failure, sentence};

/// A connection with a client's endpoint.
pub(super) type Line = Connection<Client>;

/// So many are kept for one origin: as many as clients ask for at once, on a busy day.
const KEPT: usize = 128;
/// And so many altogether.
const KEPT_IN_ALL: usize = 512;
/// For so long: shorter than origins wait for the next request.
const KEEP: Duration = Duration::from_secs(30);

/// All of them.
pub(super) struct Origins {
    connector: Connector,
    clock: Clock,
    config: Config,
    patience: Duration,
    roots: Option<PathBuf>,
    tls: OnceLock<Result<Arc<ClientConfig>, String>>,
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    /// The one used last at the end.
    lines: HashMap<Place, Vec<(Line, Instant)>>,
    count: usize,
}

/// There is no connection to be had.
#[derive(Debug)]
pub(super) struct Unreachable {
    late: bool,
    why: String,
}

impl Unreachable {
    /// RFC 9110 sections 15.6.3 and 15.6.5.
    pub(super) fn reply(&self) -> Reply {
        let status = if self.late { StatusCode::GATEWAY_TIMEOUT } else { StatusCode::BAD_GATEWAY };
        Reply::new(status, self.why.clone())
    }
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl From<ConnectError> for Unreachable {
    fn from(error: ConnectError) -> Self {
        Unreachable { late: matches!(error.reason, Reason::Deadline), why: sentence(&error) }
    }
}

impl Origins {
    pub(super) fn new(options: &Options, clock: Clock) -> Self {
        // What stalls is judged where both sides are seen: an origin that is not listened to, for the client is slow, is
        // not to blame.
        let timeouts = Timeouts { stall: Duration::MAX, rate: 0, head: options.stall, ..Timeouts::DEFAULT };
        Origins {
            connector: Connector::new(),
            clock,
            config: Config { timeouts, ..Config::default() },
            patience: options.connect,
            roots: options.roots.clone(),
            tls: OnceLock::new(),
            idle: Mutex::default(),
        }
    }

    /// One that was used before, if there is any.
    pub(super) fn kept(&self, place: &Place) -> Option<Line> {
        while let Some((mut line, since)) = self.idle().take(place) {
            if since.elapsed() < KEEP && is_alive(&mut line) {
                return Some(line);
            }
        }
        None
    }

    /// A new one.
    pub(super) fn dial(&self, place: &Place) -> Result<Line, Unreachable> {
        let deadline = Deadline::after(self.patience);
        let tcp = self.connect(place, deadline)?;
        let failed = |error: &dyn fmt::Display| Unreachable { late: false, why: error.to_string() };
        let mut stream = Stream::new(tcp).map_err(|error| failed(&error))?;
        if place.secure {
            let secured = self.tls().and_then(|tls| {
                stream.start_tls(TlsRole::client(tls, bare(&place.host))?)?;
                Ok(stream.handshake(deadline)?)
            });
            secured.map_err(|error| failed(&format!("TLS with {}: {}", place.host, sentence(&*error))))?;
        }
        Ok(Connection::client(stream, Client::new(self.config.clone()), self.clock))
    }

    /// Just a socket.
    pub(super) fn connect(&self, place: &Place, deadline: Deadline) -> Result<TcpStream, Unreachable> {
        let target = Target::new(bare(&place.host), place.port);
        let target = target.map_err(|error| Unreachable { late: false, why: sentence(&error) })?;
        Ok(self.connector.connect(&target, deadline)?)
    }

    /// How long connecting may take.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// Keeps one for the next request, if it is good for one.
    pub(super) fn keep(&self, place: &Place, mut line: Line) {
        if line.endpoint().can_reuse() && line.is_idle() && line.end().is_none() {
            self.idle().put(place, line);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tls(&self) -> Result<Arc<ClientConfig>, Failure> {
        let make = || -> Result<Arc<ClientConfig>, Failure> {
            let roots = match &self.roots {
                Some(path) => net_core::tls::roots_from(path)?,
                None => net_core::tls::system_roots()?,
            };
            Ok(net_core::tls::client(roots, &[b"http/1.1"])?)
        };
        let tls = self.tls.get_or_init(|| make().map_err(|error| sentence(&*error)));
        tls.clone().map_err(Failure::from)
    }
}

impl Idle {
    fn take(&mut self, place: &Place) -> Option<(Line, Instant)> {
        let lines = self.lines.get_mut(place)?;
        let taken = lines.pop();
        if lines.is_empty() {
            self.lines.remove(place);
        }
        self.count -= usize::from(taken.is_some());
        taken
    }

    fn put(&mut self, place: &Place, line: Line) {
        if self.count >= KEPT_IN_ALL {
            self.drop_the_old();
        }
        let lines = self.lines.entry(place.clone()).or_default();
        if lines.len() >= KEPT {
            lines.remove(0);
            self.count -= 1;
        }
        lines.push((line, Instant::now()));
        self.count += 1;
    }

    /// Those that nobody will use again; if there are none, all.
    fn drop_the_old(&mut self) {
        for lines in self.lines.values_mut() {
            lines.retain(|(_, since)| since.elapsed() < KEEP);
        }
        self.lines.retain(|_, lines| !lines.is_empty());
        self.count = self.lines.values().map(Vec::len).sum();
        if self.count >= KEPT_IN_ALL {
            self.lines.clear();
            self.count = 0;
        }
    }
}

/// Nobody has hung up meanwhile, nor said something unasked.
fn is_alive(line: &mut Line) -> bool {
    let looked = line.attend(Deadline::after(Duration::ZERO)).is_ok();
    looked && line.end().is_none() && line.endpoint().can_reuse()
}

/// A host without the brackets of an IP literal.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

//! What is known of servers: how fast they are, whether they answer at all, whether they can do EDNS, their cookies.
//!
//! The rule: of the servers of a zone one is taken by chance among those not much slower than the fastest; who does not
//! answer is asked less and less, and never forgotten for good.

use alloc::collections::{BTreeMap, VecDeque};
use core::net::SocketAddr;
use core::time::Duration;

use proto_core::Time;

use crate::RrType;
use crate::cookie::{Acquaintance, Cookie, client_cookie};

/// Milliseconds that a server may be slower than the fastest.
const BAND: u32 = 400;
/// Milliseconds from which on a server that does not answer is tried with one query at a time.
const PROBE: u32 = 12_000;
const LEAST: u32 = 50;
const MOST: u32 = 120_000;
/// Times that a server did not answer questions of a type, while it is tried.
const SILENT: u8 = 3;
/// Seconds after which servers are shown another client cookie (RFC 7873 section 7.1). A day.
const PERIOD: u64 = 86_400;

#[derive(Clone, Debug)]
struct Server {
    /// Smoothed round trip time and its variation, and what follows for the time to wait: milliseconds (RFC 6298).
    smooth: u32,
    variation: u32,
    wait: u32,
    /// By kind of question: A, AAAA, others. Some servers never answer some types.
    silent: [u8; 3],
    next_probe: Time,
    no_edns_until: Time,
    cookies: Option<Acquaintance>,
}

impl Server {
    fn new() -> Self {
        let (variation, silent) = (94, [0; 3]);
        Server {
            smooth: 0,
            variation,
            wait: 4 * 94,
            silent,
            next_probe: Time::ZERO,
            no_edns_until: Time::ZERO,
            cookies: None,
        }
    }

    fn answered(&mut self, after: u32) {
        let differs = after.abs_diff(self.smooth);
        self.smooth = self.smooth.saturating_mul(7).saturating_add(after) / 8;
        self.variation = self.variation.saturating_mul(3).saturating_add(differs) / 4;
        self.wait = (self.smooth + 4 * self.variation).clamp(LEAST, MOST);
    }
}

/// See the top of the file.
#[derive(Debug)]
pub(super) struct Servers {
    known: BTreeMap<SocketAddr, Server>,
    order: VecDeque<SocketAddr>,
    limit: usize,
    secret: [u8; 16],
}

impl Servers {
    pub(super) fn new(limit: usize, [high, low]: [u64; 2]) -> Self {
        let secret = (u128::from(high) << 64 | u128::from(low)).to_be_bytes();
        Servers { known: BTreeMap::new(), order: VecDeque::new(), limit, secret }
    }

    fn of(&mut self, at: SocketAddr) -> &mut Server {
        if !self.known.contains_key(&at) {
            if self.known.len() >= self.limit
                && let Some(oldest) = self.order.pop_front()
            {
                self.known.remove(&oldest);
            }
            self.order.push_back(at);
        }
        self.known.entry(at).or_insert_with(Server::new)
    }

    /// How long an answer may take; `None` if the server is not worth asking for this type now.
    pub(super) fn wait(&self, at: SocketAddr, rtype: RrType, now: Time) -> Option<u32> {
        let Some(server) = self.known.get(&at) else { return Some(4 * 94) };
        let silent = server.silent.get(kind(rtype)).is_some_and(|times| *times >= SILENT);
        let blocked = server.wait >= PROBE && now < server.next_probe && silent;
        (!blocked).then_some(server.wait)
    }

    /// A query leaves: how long to wait for its answer.
    pub(super) fn sent(&mut self, at: SocketAddr, now: Time) -> Duration {
        let server = self.of(at);
        let wait = Duration::from_millis(server.wait.into());
        if server.wait >= PROBE {
            server.next_probe = now + wait;
        }
        wait
    }

    pub(super) fn answered(&mut self, at: SocketAddr, rtype: RrType, after: Duration) {
        let server = self.of(at);
        server.answered(u32::try_from(after.as_millis()).unwrap_or(MOST));
        if let Some(times) = server.silent.get_mut(kind(rtype)) {
            *times = 0;
        }
    }

    /// Nothing came in the time that was waited. Of many that were waited for at the same time the first one counts.
    pub(super) fn silent(&mut self, at: SocketAddr, rtype: RrType, waited: Duration, now: Time) {
        let server = self.of(at);
        let waited = u32::try_from(waited.as_millis()).unwrap_or(MOST);
        if server.wait <= waited {
            server.wait = waited.saturating_mul(2).min(MOST);
        }
        if server.wait >= PROBE {
            server.next_probe = now + Duration::from_millis(server.wait.into());
        }
        if let Some(times) = server.silent.get_mut(kind(rtype)) {
            *times = times.saturating_add(1);
        }
    }

    pub(super) fn no_edns(&mut self, at: SocketAddr, until: Time) {
        self.of(at).no_edns_until = until;
    }

    pub(super) fn has_edns(&self, at: SocketAddr, now: Time) -> bool {
        self.known.get(&at).is_none_or(|server| now >= server.no_edns_until)
    }

    /// The cookies that go to a server: what it gave us is of use only with that cookie of ours which it gave it for.
    pub(super) fn cookies(&self, at: SocketAddr, now: Time) -> Acquaintance {
        let period = (now - Time::ZERO).as_secs() / PERIOD;
        let fresh = Acquaintance::new(client_cookie(&self.secret, at, period));
        let known = self.known.get(&at).and_then(|server| server.cookies.as_ref());
        known.filter(|known| known.is_of(&fresh)).cloned().unwrap_or(fresh)
    }

    /// The reply to a query with these cookies came with that one; tells whether it holds a new one of the server's.
    pub(super) fn learn(
        &mut self,
        at: SocketAddr,
        mut sent: Acquaintance,
        cookie: Option<Cookie<'_>>,
    ) -> bool {
        let fresh = sent.learn(cookie);
        self.of(at).cookies = Some(sent);
        fresh
    }

    /// How many milliseconds of waiting count as being as fast as the fastest.
    pub(super) fn band(fastest: u32) -> u32 {
        fastest.saturating_add(BAND)
    }
}

fn kind(rtype: RrType) -> usize {
    match rtype {
        RrType::A => 0,
        RrType::AAAA => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_does_not_answer_is_tried_less_and_less_and_forgiven() {
        let at: SocketAddr = "192.0.2.1:53".parse().unwrap();
        let mut servers = Servers::new(2, [1, 2]);
        let mut now = Time::ZERO;
        for _ in 0..5 {
            assert!(servers.wait(at, RrType::AAAA, now).is_some());
            let waited = servers.sent(at, now);
            now = now + waited;
            servers.silent(at, RrType::AAAA, waited, now);
        }
        assert!(servers.wait(at, RrType::AAAA, now).is_none());
        assert!(servers.wait(at, RrType::A, now).is_some());
        assert!(servers.wait(at, RrType::AAAA, now + Duration::from_secs(15)).is_some());
        servers.answered(at, RrType::AAAA, Duration::from_millis(20));
        assert!(servers.wait(at, RrType::AAAA, now).is_some_and(|wait| wait < 1_000));
    }

    #[test]
    fn a_moment_of_silence_counts_once_however_many_waited() {
        let at: SocketAddr = "192.0.2.1:53".parse().unwrap();
        let mut servers = Servers::new(2, [1, 2]);
        let waited = servers.sent(at, Time::ZERO);
        for _ in 0..100 {
            servers.silent(at, RrType::A, waited, Time::ZERO + waited);
        }
        assert_eq!(servers.sent(at, Time::ZERO), waited * 2);
    }

    #[test]
    fn no_more_servers_are_remembered_than_may_be() {
        let mut servers = Servers::new(10, [1, 2]);
        for port in 0..100 {
            servers.sent(SocketAddr::from(([192, 0, 2, 1], port)), Time::ZERO);
        }
        assert_eq!((servers.known.len(), servers.order.len()), (10, 10));
    }

    #[test]
    fn cookies_are_kept_by_server_and_for_a_day() {
        let [one, other] = ["192.0.2.1:53", "192.0.2.2:53"].map(|at| at.parse::<SocketAddr>().unwrap());
        let mut servers = Servers::new(1, [1, 2]);
        let sent = servers.cookies(one, Time::ZERO);
        assert_ne!(sent, servers.cookies(other, Time::ZERO));
        let given = [&sent.octets()[..], b"serverone"].concat();
        assert!(servers.learn(one, sent.clone(), Cookie::parse(&given)));
        let later = Time::from_secs(PERIOD - 1);
        assert_eq!(servers.cookies(one, later).octets(), given);
        let tomorrow = servers.cookies(one, Time::from_secs(PERIOD)).octets();
        assert_eq!(tomorrow.len(), 8);
        assert_ne!(tomorrow, sent.octets());
        // Who is forgotten is shown the same cookie again.
        servers.sent(other, later);
        assert_eq!(servers.cookies(one, later), sent);
    }
}

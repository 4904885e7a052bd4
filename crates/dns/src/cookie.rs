//! DNS cookies (RFC 7873), those of servers made and checked as RFC 9018 says.
//!
//! The rule: a server keeps no list of its clients. Its cookie is a keyed hash of the client's cookie, address and the
//! time, so that whoever shares the secret knows it again, behind the same anycast address too.

use core::net::{IpAddr, SocketAddr};

use alloc::vec::Vec;

use crate::{Message, limits};

/// The COOKIE option: eight octets of the client's, none or 8 to 32 of the server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cookie<'a> {
    data: &'a [u8],
}

impl<'a> Cookie<'a> {
    /// RFC 7873 section 5.2.2: `None` unless 8 or 16 to 40 octets.
    #[must_use]
    pub fn parse(data: &'a [u8]) -> Option<Cookie<'a>> {
        matches!(data.len(), 8 | 16..=40).then_some(Cookie { data })
    }

    /// That of a message, if it has one.
    #[must_use]
    pub fn of(message: &Message<'a>) -> Option<Cookie<'a>> {
        message.edns()?.cookie()
    }

    /// The client cookie.
    #[must_use]
    pub fn client(&self) -> &'a [u8] {
        self.data.get(..8).unwrap_or_default()
    }

    /// The server cookie; empty if the client has none yet.
    #[must_use]
    pub fn server(&self) -> &'a [u8] {
        self.data.get(8..).unwrap_or_default()
    }

    /// Both, one behind the other.
    #[must_use]
    pub fn as_octets(&self) -> &'a [u8] {
        self.data
    }
}

/// Octets of a server cookie as RFC 9018 section 4 makes them.
pub const SERVER_LEN: usize = 16;

/// Seconds that a server cookie is good (RFC 9018 section 4.3).
const GOOD: u32 = 3600;
/// Seconds after which it is made anew.
const FRESH: u32 = 1800;
/// Seconds that it may be ahead of our clock.
const AHEAD: u32 = 300;

/// What a client's cookies say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It has no server cookie yet.
    Stranger,
    /// It was given this server cookie, lately and at this address.
    Known,
    /// The same a while ago: it is to have a new one.
    Old,
    /// Its server cookie is not of our making, too old, or another client's.
    Wrong,
}

/// The secret that server cookies are made with, and the one before.
///
/// ```
/// use dns::cookie::{Cookie, Secrets, Standing};
/// let secrets = Secrets::new([7; 16]);
/// let (client, address) = (*b"8 octets", [192, 0, 2, 1].into());
/// let mut both = [0; 24];
/// both[..8].copy_from_slice(&client);
/// both[8..].copy_from_slice(&secrets.make(&client, address, 1_700_000_000));
/// let cookie = Cookie::parse(&both).unwrap();
/// assert_eq!(secrets.judge(cookie, address, 1_700_000_060), Standing::Known);
/// assert_eq!(secrets.judge(cookie, [192, 0, 2, 2].into(), 1_700_000_060), Standing::Wrong);
/// ```
#[derive(Clone)]
pub struct Secrets {
    current: [u8; 16],
    previous: Option<[u8; 16]>,
}

impl Secrets {
    /// Just one. It has to be random.
    #[must_use]
    pub fn new(secret: [u8; 16]) -> Self {
        Secrets { current: secret, previous: None }
    }

    /// From now on cookies are made with this one; those made with the last one are still good (RFC 9018 section 5).
    pub fn roll(&mut self, secret: [u8; 16]) {
        self.previous = Some(core::mem::replace(&mut self.current, secret));
    }

    /// The server cookie for a client, at so many seconds since 1970 (modulo 2^32).
    #[must_use]
    pub fn make(&self, client: &[u8], address: IpAddr, unix: u32) -> [u8; SERVER_LEN] {
        make(&self.current, client, address, unix, [0; 3])
    }

    /// Both cookies for the reply to a client that shows this one: its own, and ours for it, which stays the same while it is
    /// fresh.
    #[must_use]
    pub fn answer(&self, shown: Cookie<'_>, address: IpAddr, unix: u32) -> [u8; 8 + SERVER_LEN] {
        if self.judge(shown, address, unix) == Standing::Known
            && let Ok(same) = shown.as_octets().try_into()
        {
            return same;
        }
        let mut both = [0; 8 + SERVER_LEN];
        let server = self.make(shown.client(), address, unix);
        both.iter_mut().zip(shown.client().iter().chain(&server)).for_each(|(place, octet)| *place = *octet);
        both
    }

    /// Whether a client is who it was.
    #[must_use]
    pub fn judge(&self, cookie: Cookie<'_>, address: IpAddr, unix: u32) -> Standing {
        let server = cookie.server();
        if server.is_empty() {
            return Standing::Stranger;
        }
        let Some([1, r0, r1, r2, t0, t1, t2, t3, ..]) = server.get(..SERVER_LEN) else {
            return Standing::Wrong;
        };
        // RFC 1982: the time is a serial number.
        let made = u32::from_be_bytes([*t0, *t1, *t2, *t3]);
        let age = unix.wrapping_sub(made);
        let ahead = made.wrapping_sub(unix) <= AHEAD;
        if server.len() != SERVER_LEN || age > GOOD && !ahead {
            return Standing::Wrong;
        }
        let is = |secret| make(secret, cookie.client(), address, made, [*r0, *r1, *r2]) == *server;
        match (is(&self.current), self.previous.as_ref().is_some_and(is)) {
            (true, _) if ahead || age <= FRESH => Standing::Known,
            (false, false) => Standing::Wrong,
            _ => Standing::Old,
        }
    }
}

impl core::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Secrets").field("previous", &self.previous.is_some()).finish_non_exhaustive()
    }
}

/// RFC 9018 section 4: version 1, reserved, time, and the hash over these, the client's cookie and its address.
fn make(secret: &[u8; 16], client: &[u8], address: IpAddr, unix: u32, reserved: [u8; 3]) -> [u8; SERVER_LEN] {
    let ([r0, r1, r2], [t0, t1, t2, t3]) = (reserved, unix.to_be_bytes());
    let head = [1, r0, r1, r2, t0, t1, t2, t3];
    let mut hash = SipHash::new(secret);
    hash.update(client);
    hash.update(&head);
    match address.to_canonical() {
        IpAddr::V4(v4) => hash.update(&v4.octets()),
        IpAddr::V6(v6) => hash.update(&v6.octets()),
    }
    let mut cookie = [0; SERVER_LEN];
    for (place, octet) in cookie.iter_mut().zip(head.into_iter().chain(hash.finish().to_le_bytes())) {
        *place = octet;
    }
    cookie
}

/// RFC 7873 section 4.1: a client's cookie for a server, another for each, so that none can follow it elsewhere; and another in
/// each `period`, for a secret is not for ever (section 7.1).
pub(crate) fn client_cookie(secret: &[u8; 16], server: SocketAddr, period: u64) -> [u8; 8] {
    let mut hash = SipHash::new(secret);
    match server.ip() {
        IpAddr::V4(v4) => hash.update(&v4.octets()),
        IpAddr::V6(v6) => hash.update(&v6.octets()),
    }
    hash.update(&server.port().to_be_bytes());
    hash.update(&period.to_be_bytes());
    hash.finish().to_le_bytes()
}

/// What a client keeps for one server: the cookie that it shows there, and the one that it was given (RFC 7873 section 5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Acquaintance {
    client: [u8; 8],
    server: Vec<u8>,
}

/// What the cookie of a reply says of the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Returned {
    /// It is what was to be expected.
    Right,
    /// There is none, though the server has given one before.
    Missing,
    /// It is not ours: somebody guessed.
    Wrong,
}

impl Acquaintance {
    pub(crate) fn new(client: [u8; 8]) -> Self {
        Acquaintance { client, server: Vec::new() }
    }

    /// Ours is the same in both.
    pub(crate) fn is_of(&self, other: &Acquaintance) -> bool {
        self.client == other.client
    }

    /// Both cookies as an option has them.
    pub(crate) fn octets(&self) -> Vec<u8> {
        [&self.client[..], &self.server].concat()
    }

    /// RFC 7873 section 5.3.
    pub(crate) fn returned(&self, cookie: Option<Cookie<'_>>) -> Returned {
        match cookie {
            Some(cookie) if cookie.client() == self.client => Returned::Right,
            Some(_) => Returned::Wrong,
            None if self.server.is_empty() => Returned::Right,
            None => Returned::Missing,
        }
    }

    /// Keeps the server's cookie of a reply for the next query; tells whether it is a new one. A server that has none any more
    /// is perhaps another machine behind the same address: it starts anew.
    pub(crate) fn learn(&mut self, cookie: Option<Cookie<'_>>) -> bool {
        let given =
            cookie.filter(|cookie| cookie.client() == self.client).map_or(&[][..], |cookie| cookie.server());
        let fresh = self.server != given;
        if fresh && given.len() <= limits::SERVER_COOKIE {
            self.server = given.to_vec();
        }
        fresh && !given.is_empty()
    }
}

/// SipHash-2-4.
struct SipHash {
    v: [u64; 4],
    /// Octets not mixed in yet, the first in the lowest bits, and how many there were in all.
    tail: u64,
    len: u64,
}

impl SipHash {
    fn new(secret: &[u8; 16]) -> Self {
        let [low, high] = [&secret[..8], &secret[8..]]
            .map(|half| half.first_chunk().map_or(0, |octets| u64::from_le_bytes(*octets)));
        let v = [
            low ^ 0x736f_6d65_7073_6575,
            high ^ 0x646f_7261_6e64_6f6d,
            low ^ 0x6c79_6765_6e65_7261,
            high ^ 0x7465_6462_7974_6573,
        ];
        SipHash { v, tail: 0, len: 0 }
    }

    fn update(&mut self, octets: &[u8]) {
        for octet in octets {
            self.tail |= u64::from(*octet) << (self.len % 8 * 8);
            self.len += 1;
            if self.len.is_multiple_of(8) {
                self.mix();
            }
        }
    }

    fn mix(&mut self) {
        let word = core::mem::take(&mut self.tail);
        self.v[3] ^= word;
        self.round();
        self.round();
        self.v[0] ^= word;
    }

    fn round(&mut self) {
        let [mut a, mut b, mut c, mut d] = self.v;
        a = a.wrapping_add(b);
        c = c.wrapping_add(d);
        (b, d) = (b.rotate_left(13) ^ a, d.rotate_left(16) ^ c);
        a = a.rotate_left(32);
        c = c.wrapping_add(b);
        a = a.wrapping_add(d);
        (b, d) = (b.rotate_left(17) ^ c, d.rotate_left(21) ^ a);
        c = c.rotate_left(32);
        self.v = [a, b, c, d];
    }

    fn finish(mut self) -> u64 {
        self.tail |= self.len << 56;
        self.mix();
        self.v[2] ^= 0xff;
        for _ in 0..4 {
            self.round();
        }
        self.v.iter().fold(0, |hash, v| hash ^ v)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets<const N: usize>(hex: &str) -> [u8; N] {
        core::array::from_fn(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap())
    }

    #[test]
    fn siphash_is_the_one_of_its_paper() {
        let mut hash = SipHash::new(&core::array::from_fn(|at| u8::try_from(at).unwrap()));
        hash.update(&core::array::from_fn::<u8, 15, _>(|at| u8::try_from(at).unwrap()));
        assert_eq!(hash.finish(), 0xa129_ca61_49be_45e5);
    }

    #[test]
    fn a_client_cookie_is_of_one_server_one_secret_and_one_period() {
        let at = |text: &str| -> SocketAddr { text.parse().unwrap() };
        let all = [
            client_cookie(&[1; 16], at("192.0.2.1:53"), 0),
            client_cookie(&[1; 16], at("192.0.2.2:53"), 0),
            client_cookie(&[1; 16], at("192.0.2.1:54"), 0),
            client_cookie(&[1; 16], at("[2001:db8::1]:53"), 0),
            client_cookie(&[1; 16], at("192.0.2.1:53"), 1),
            client_cookie(&[2; 16], at("192.0.2.1:53"), 0),
        ];
        assert_eq!(all[0], client_cookie(&[1; 16], at("192.0.2.1:53"), 0));
        assert!((1..all.len()).all(|n| !all[..n].contains(&all[n])));
    }

    #[test]
    fn what_a_server_gave_is_expected_back_until_it_gives_no_more() {
        let mut known = Acquaintance::new(*b"ourclien");
        let cookie = |octets: &'static [u8]| Cookie::parse(octets);
        assert_eq!(known.octets(), b"ourclien");
        // Nobody has given us anything yet.
        assert_eq!(known.returned(None), Returned::Right);
        assert_eq!(known.returned(cookie(b"anotherserverone")), Returned::Wrong);
        assert!(!known.learn(cookie(b"anotherserverone")), "of a cookie that is not ours nothing is learnt");
        assert!(known.learn(cookie(b"ourclienserverone")));
        assert!(!known.learn(cookie(b"ourclienserverone")));
        assert_eq!(known.octets(), b"ourclienserverone");
        assert_eq!(known.returned(cookie(b"ourclien")), Returned::Right);
        assert_eq!(known.returned(None), Returned::Missing);
        assert!(known.learn(cookie(b"ourclienservertwo")));
        assert!(!known.learn(None));
        assert_eq!(known.octets(), b"ourclien");
    }

    /// RFC 9018 appendix A.
    #[test]
    fn cookies_are_those_of_rfc_9018() {
        let secrets = Secrets::new(octets("e5e973e5a6b2a43f48e7dc849e37bfcf"));
        let client: [u8; 8] = octets("2464c4abcf10c957");
        let address = [198, 51, 100, 100].into();
        let first = secrets.make(&client, address, 1_559_731_985);
        assert_eq!(first, octets("010000005cf79f111f8130c3eee29480"));
        let both: [u8; 24] = octets("2464c4abcf10c957010000005cf79f111f8130c3eee29480");
        let cookie = Cookie::parse(&both).unwrap();
        for (after, standing) in [
            (0, Standing::Known),
            (1800, Standing::Known),
            (1801, Standing::Old),
            (3600, Standing::Old),
            (3601, Standing::Wrong),
        ] {
            assert_eq!(secrets.judge(cookie, address, 1_559_731_985 + after), standing, "{after}");
        }
        assert_eq!(secrets.judge(cookie, address, 1_559_731_985 - 300), Standing::Known);
        assert_eq!(secrets.judge(cookie, address, 1_559_731_985 - 301), Standing::Wrong);
    }

    /// RFC 9018 appendix A.3: reserved octets are part of what is hashed.
    #[test]
    fn reserved_octets_are_not_looked_at() {
        let secrets = Secrets::new(octets("e5e973e5a6b2a43f48e7dc849e37bfcf"));
        let both: [u8; 24] = octets("fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5");
        let cookie = Cookie::parse(&both).unwrap();
        assert_eq!(secrets.judge(cookie, [203, 0, 113, 203].into(), 1_559_727_985), Standing::Known);
    }

    /// RFC 9018 appendix A.4: IPv6, and a secret that was rolled.
    #[test]
    fn a_cookie_of_the_secret_before_is_made_anew() {
        let mut secrets = Secrets::new(octets("dd3bdf9344b678b185a6f5cb60fca715"));
        secrets.roll(octets("445536bcd2513298075a5d379663c962"));
        let both: [u8; 24] = octets("22681ab97d52c298010000005cf7c57926556bd0934c72f8");
        let address: IpAddr = "2001:db8:220:1:59de:d0f4:8769:82b8".parse().unwrap();
        let cookie = Cookie::parse(&both).unwrap();
        assert_eq!(secrets.judge(cookie, address, 1_559_741_961), Standing::Old);
        assert_eq!(
            secrets.make(cookie.client(), address, 1_559_741_961),
            octets("010000005cf7c609a6bb79d16625507a")
        );
    }
}

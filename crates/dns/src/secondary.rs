//! A secondary: one who keeps a copy of a zone, and keeps it fresh (RFC 1034 section 4.3.5, RFC 1995, RFC 1996, RFC 5936).
//!
//! The rule: the copy changes only by a whole transfer that has come to its end, and nothing but time takes it out of
//! service. What the primary is asked, and when, is decided here; whoever owns the sockets carries it there and back:
//! datagrams from a fresh port each, a stream for each transfer.

mod notify;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use proto_core::{Time, earliest};

pub use notify::{Notified, Notifier, NotifyFault};

use crate::rdata::Soa;
use crate::tsig::{Key, Session};
use crate::xfr::{Incoming, Received};
use crate::zone::{Zone, ZoneDiff, serial_newer};
use crate::{Builder, Flags, Header, Message, Name, Opcode, Question, Rcode, Record, RrType, Section};

/// How long things may take and how much may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long an answer by datagram is waited for. 2 s.
    pub answer: Duration,
    /// How often it is asked for before a stream is tried. 3.
    pub tries: u8,
    /// How long the next message of a transfer is waited for. 20 s.
    pub stall: Duration,
    /// How long a whole transfer may take. 1 h.
    pub transfer: Duration,
    /// Records of a transfer. 10 million: the largest zones but one or two.
    pub records: usize,
    /// A primary may not be asked more often than this, whatever the SOA says. 1 s.
    pub least: Duration,
    /// It is asked at least this often. 28 days.
    pub most: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            answer: Duration::from_secs(2),
            tries: 3,
            stall: Duration::from_secs(20),
            transfer: Duration::from_secs(3600),
            records: 10_000_000,
            least: Duration::from_secs(1),
            most: Duration::from_secs(28 * 86_400),
        }
    }
}

/// By what to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// A datagram, from a fresh port.
    Datagram,
    /// The first message of a new stream; one that is still open is of no more use.
    Stream,
}

/// What is to be done.
#[derive(Debug)]
pub enum Event {
    /// Send this to the primary.
    Send {
        /// By what.
        via: Via,
        /// The message.
        bytes: Vec<u8>,
    },
    /// The stream is of no more use.
    Close,
    /// The zone is another one now.
    Apply(Change),
    /// The copy is as good as new, for so long again.
    Fresh,
    /// The copy is too old to be used any more (RFC 1035 section 3.3.13).
    Expired,
}

/// How the zone has changed.
#[derive(Debug)]
pub enum Change {
    /// It is this one.
    Whole(Box<Zone>),
    /// These, one after the other.
    Diffs(Vec<ZoneDiff>),
}

/// The numbers of an SOA record that a secondary lives by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Timers {
    serial: u32,
    refresh: Duration,
    retry: Duration,
    expire: Duration,
}

#[derive(Debug)]
enum State {
    Waiting {
        until: Time,
    },
    /// Asked for the SOA.
    Asking {
        id: u16,
        session: Option<Box<Session>>,
        tries: u8,
        until: Time,
    },
    Transferring(Box<Transfer>),
}

#[derive(Debug)]
struct Transfer {
    id: u16,
    session: Option<Session>,
    incoming: Incoming,
    incremental: bool,
    until: Time,
    end: Time,
}

/// The copy of one zone, without the zone: its owner holds that.
///
/// ```
/// use dns::proto_core::Time;
/// use dns::secondary::{Event, Limits, Secondary, Via};
/// let mut secondary = Secondary::new("example.org".parse()?, None, Limits::default(), 1_700_000_000, 42);
/// // There is no copy yet: the whole zone is asked for at once.
/// secondary.handle_deadline(Time::ZERO);
/// assert!(matches!(secondary.poll_event(), Some(Event::Send { via: Via::Stream, .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Secondary {
    apex: Name,
    key: Option<Key>,
    limits: Limits,
    /// Seconds since 1970 at the origin of time.
    epoch: u64,
    random: u64,
    copy: Option<Timers>,
    expires: Option<Time>,
    state: State,
    /// Failures in a row without a copy.
    failures: u32,
    /// News came while something was under way.
    again: bool,
    /// The next transfer is to be a whole one.
    whole: bool,
    events: VecDeque<Event>,
}

impl Secondary {
    /// A secondary without a copy, asking under `key`, if there is one. `epoch`: seconds since 1970 at the origin of time;
    /// `seed`: random, ids are made of it.
    #[must_use]
    pub fn new(apex: Name, key: Option<Key>, limits: Limits, epoch: u64, seed: u64) -> Self {
        Secondary {
            apex,
            key,
            limits,
            epoch,
            random: seed,
            copy: None,
            expires: None,
            state: State::Waiting { until: Time::ZERO },
            failures: 0,
            again: false,
            whole: false,
            events: VecDeque::new(),
        }
    }

    /// There is a copy from before, last known to be fresh so long ago: it expires when it would have, and the primary is
    /// asked at once.
    #[must_use]
    pub fn with_copy(mut self, zone: &Zone, age: Duration, now: Time) -> Self {
        self.copy = zone.soa().and_then(|(_, rdata)| rdata.soa()).map(|soa| self.timers(&soa));
        self.expires = self.copy.map(|copy| now + copy.expire.saturating_sub(age));
        self
    }

    /// The name of the zone.
    #[must_use]
    pub fn apex(&self) -> &Name {
        &self.apex
    }

    /// What to do next. Call it until `None`.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`handle_deadline`](Secondary::handle_deadline) wants to be called.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        let until = match &self.state {
            State::Waiting { until } | State::Asking { until, .. } => *until,
            State::Transferring(transfer) => transfer.until.min(transfer.end),
        };
        earliest(Some(until), self.expires)
    }

    /// To be called when the deadline is due.
    pub fn handle_deadline(&mut self, now: Time) {
        if self.expires.is_some_and(|at| at <= now) {
            (self.expires, self.copy) = (None, None);
            self.events.push_back(Event::Expired);
        }
        match &self.state {
            State::Waiting { until } if *until <= now => self.begin(now),
            State::Asking { until, tries, .. } if *until <= now => match tries {
                // Datagrams may not get through: a stream asks the same (RFC 1995 section 2).
                tries if *tries >= self.limits.tries => self.transfer(now),
                tries => self.ask(tries + 1, now),
            },
            State::Transferring(transfer) if transfer.until.min(transfer.end) <= now => self.cut(now),
            _ => {}
        }
    }

    /// The primary says that the zone has changed (RFC 1996), to this serial if it told one. Whether it is the primary, the
    /// caller knows.
    pub fn notified(&mut self, serial: Option<u32>, now: Time) {
        let old = self.copy.zip(serial).is_some_and(|(copy, serial)| !serial_newer(serial, copy.serial));
        match self.state {
            _ if old => {}
            State::Waiting { .. } => self.begin(now),
            _ => self.again = true,
        }
    }

    /// A message came, by this.
    pub fn receive(&mut self, via: Via, bytes: &[u8], now: Time) {
        let Ok(message) = Message::parse(bytes) else {
            // RFC 5452 section 9: a datagram may be anybody's.
            return if via == Via::Stream {
                self.cut(now)
            };
        };
        let unix = self.unix(now);
        let id = message.id();
        if !message.header().is_response() || message.opcode() != Opcode::QUERY {
            return;
        }
        match (&mut self.state, via) {
            (State::Asking { id: own, session, .. }, Via::Datagram) if *own == id => {
                let proven = proven(session.as_deref_mut(), &message, unix);
                if proven == Some(true) && self.is_about_us(&message) {
                    self.told(&message, now);
                }
            }
            (State::Transferring(transfer), Via::Stream) if transfer.id == id => {
                match proven(transfer.session.as_mut(), &message, unix) {
                    None => self.cut(now),
                    Some(signed) => self.transferred(&message, signed, now),
                }
            }
            _ => {}
        }
    }

    /// The primary can't be reached by this, or the stream has ended.
    pub fn failed(&mut self, via: Via, now: Time) {
        match (&self.state, via) {
            (State::Asking { .. }, Via::Datagram) => self.give_up(now),
            (State::Transferring(_), Via::Stream) => self.cut(now),
            _ => {}
        }
    }
}

impl Secondary {
    fn unix(&self, now: Time) -> u64 {
        self.epoch.saturating_add((now - Time::ZERO).as_secs())
    }

    fn timers(&self, soa: &Soa<'_>) -> Timers {
        let time =
            |seconds: u32| Duration::from_secs(seconds.into()).clamp(self.limits.least, self.limits.most);
        let (refresh, retry) = (time(soa.refresh), time(soa.retry));
        Timers { serial: soa.serial, refresh, retry, expire: time(soa.expire) }
    }

    /// Not to be guessed by who does not know the seed (splitmix64).
    fn id(&mut self) -> u16 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.random ^ self.random >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        let [low, high, ..] = mixed.to_le_bytes();
        u16::from_le_bytes([low, high])
    }

    fn begin(&mut self, now: Time) {
        self.again = false;
        if self.copy.is_some() { self.ask(1, now) } else { self.transfer(now) }
    }

    /// A query, signed if there is a key.
    fn query(&mut self, rtype: RrType, now: Time) -> (u16, Option<Session>, Vec<u8>) {
        let (id, unix) = (self.id(), self.unix(now));
        let mut out = vec![0; 1024];
        let mut builder = Builder::new(&mut out, Header::query(id, Opcode::QUERY));
        // A question and a record are shorter than a KiB.
        let _ = builder.push_question(Question::new(self.apex.clone(), rtype).as_question_ref());
        if let (RrType::IXFR, Some(copy)) = (rtype, self.copy) {
            // RFC 1995 section 3: the version that is here; of its SOA, only the serial counts.
            let mut rdata = vec![0; 22];
            if let Some(place) = rdata.get_mut(2..6) {
                place.copy_from_slice(&copy.serial.to_be_bytes());
            }
            if let Ok(rdata) = crate::Rdata::from_wire(RrType::SOA, crate::Class::IN, &rdata) {
                let record = Record { owner: self.apex.clone(), ttl: 0, rdata };
                let _ = builder.push_record(Section::Authority, record.as_record_ref());
            }
        }
        let len = builder.finish().len();
        let signed = self.key.as_ref().and_then(|key| Session::request(key, &mut out, len, unix));
        let (session, len) = match signed {
            Some((session, len)) => (Some(session), len),
            None => (None, len),
        };
        out.truncate(len);
        (id, session, out)
    }

    fn ask(&mut self, tries: u8, now: Time) {
        let (id, session, bytes) = self.query(RrType::SOA, now);
        self.events.push_back(Event::Send { via: Via::Datagram, bytes });
        self.state =
            State::Asking { id, session: session.map(Box::new), tries, until: now + self.limits.answer };
    }

    fn transfer(&mut self, now: Time) {
        let incremental = self.copy.is_some() && !self.whole;
        let (id, session, bytes) = self.query(if incremental { RrType::IXFR } else { RrType::AXFR }, now);
        let serial = self.copy.filter(|_| incremental).map(|copy| copy.serial);
        let incoming = Incoming::new(self.apex.clone(), serial, self.limits.records, self.random);
        self.events.push_back(Event::Send { via: Via::Stream, bytes });
        let (until, end) = (now + self.limits.stall, now + self.limits.transfer);
        self.state =
            State::Transferring(Box::new(Transfer { id, session, incoming, incremental, until, end }));
    }

    fn is_about_us(&self, message: &Message<'_>) -> bool {
        message.question().is_some_and(|asked| asked.rtype == RrType::SOA && asked.name == self.apex)
    }

    /// The answer to the question for the SOA.
    fn told(&mut self, message: &Message<'_>, now: Time) {
        if message.flags().has(Flags::TC) {
            return self.transfer(now);
        }
        let own = |owner| owner == self.apex.as_name_ref();
        let mut soas =
            message.answer().filter(|record| own(record.owner)).filter_map(|record| record.rdata.soa());
        match (message.rcode(), soas.next(), self.copy) {
            (Rcode::NOERROR, Some(soa), Some(copy)) if !serial_newer(soa.serial, copy.serial) => {
                self.refreshed(copy, now);
            }
            (Rcode::NOERROR, Some(_), _) => self.transfer(now),
            _ => self.give_up(now),
        }
    }

    /// A message of a transfer. The last one must be signed, if one is (RFC 8945 section 5.3.1).
    fn transferred(&mut self, message: &Message<'_>, signed: bool, now: Time) {
        let State::Transferring(transfer) = &mut self.state else { return };
        let change = match transfer.incoming.receive(message) {
            Ok(Received::More) => {
                transfer.until = now + self.limits.stall;
                return;
            }
            Ok(_) if !signed => return self.cut(now),
            Err(_) => return self.cut(now),
            Ok(Received::Current) => None,
            Ok(Received::Whole(zone)) => Some(Change::Whole(zone)),
            Ok(Received::Changes(diffs)) => Some(Change::Diffs(diffs)),
        };
        self.events.push_back(Event::Close);
        let Some(change) = change else {
            return match self.copy {
                Some(copy) => self.refreshed(copy, now),
                None => self.give_up(now),
            };
        };
        match self.timers_after(&change) {
            Some(timers) => {
                self.events.push_back(Event::Apply(change));
                self.refreshed(timers, now);
            }
            None => self.give_up(now),
        }
    }

    fn timers_after(&self, change: &Change) -> Option<Timers> {
        let of = |rdata: crate::RdataRef<'_>| rdata.soa().map(|soa| self.timers(&soa));
        match change {
            Change::Whole(zone) => zone.soa().and_then(|(_, rdata)| of(rdata)),
            Change::Diffs(diffs) => {
                diffs.last()?.added.iter().find_map(|record| of(record.rdata.as_rdata_ref()))
            }
        }
    }

    fn refreshed(&mut self, copy: Timers, now: Time) {
        self.copy = Some(copy);
        self.expires = Some(now + copy.expire);
        (self.failures, self.whole) = (0, false);
        self.state = State::Waiting { until: now + copy.refresh };
        self.events.push_back(Event::Fresh);
        if self.again {
            self.begin(now);
        }
    }

    /// The transfer came to nothing. One of changes is tried as a whole one (RFC 1995 section 4).
    fn cut(&mut self, now: Time) {
        let State::Transferring(transfer) = &self.state else { return };
        let incremental = transfer.incremental;
        self.events.push_back(Event::Close);
        if incremental {
            self.whole = true;
            return self.transfer(now);
        }
        self.give_up(now);
    }

    /// Until the next time: RETRY, or without a copy twice as long each time, up to a minute.
    fn give_up(&mut self, now: Time) {
        let wait = match self.copy {
            Some(copy) => copy.retry,
            None => self.limits.least.saturating_mul(1 << self.failures.min(6)).min(Duration::from_secs(60)),
        };
        self.failures = self.failures.saturating_add(1);
        (self.again, self.whole) = (false, false);
        self.state = State::Waiting { until: now + wait };
    }

    /// The applied change was none that the copy takes: the next transfer is a whole one, at once.
    pub fn reject(&mut self, now: Time) {
        self.whole = true;
        self.transfer(now);
    }
}

/// Whether a message is signed, where that is agreed; `None`: it is not to be believed.
fn proven(session: Option<&mut Session>, message: &Message<'_>, unix: u64) -> Option<bool> {
    match session {
        Some(session) => session.verify(message, unix).ok(),
        None => Some(true),
    }
}

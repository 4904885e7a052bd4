//! The server's end of a stream (RFC 7766, by TLS RFC 7858): queries come in, replies go out, in whatever order.
//!
//! The rule: a query is handed over as soon as its last octet is here and answered whenever the caller can; what it
//! says is not looked at, that is [`Authority::answer`](crate::authority::Authority::answer)'s part. Who is slow, in
//! writing or in reading, is shown out; so many queries wait for an answer at most, and what comes behind them waits
//! unread.

use alloc::vec::Vec;
use core::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use proto_core::{End, Endpoint, Output, Status, Time};
use thiserror::Error;

use crate::{Header, limits};

/// How long things may take and how much may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a client may say nothing, or take nothing of what it asked for. 10 s: RFC 7766 section 6.2.3 wants it to
    /// be a matter of seconds.
    pub idle: Duration,
    /// How long a message may stall: less than [`PROGRESS`] octets more in this time. 2 s: who drips holds a place that
    /// others want.
    pub stall: Duration,
    /// Queries without an answer. 100: more is nobody's page.
    pub pipelined: usize,
    /// Unsent octets below which a reply of many messages goes on. 64 KiB: one message of the longest.
    pub ahead: usize,
}

/// Octets that count as progress of a message, if it is not complete before.
pub const PROGRESS: usize = 512;

impl Limits {
    /// As each says.
    pub const DEFAULT: Limits = Limits {
        idle: Duration::from_secs(10),
        stall: Duration::from_secs(2),
        pipelined: 100,
        ahead: 64 << 10,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A query of a connection. Each has another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueryId(u64);

/// What happens at a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message, not looked at beyond its length: at least as long as a header.
    Query {
        /// To answer it by.
        id: QueryId,
        /// The message.
        bytes: Bytes,
        /// It came by TLS.
        tls: bool,
    },
    /// There is room for the next message of a reply of many, see [`reply_more`](Server::reply_more).
    Room {
        /// Which.
        id: QueryId,
    },
    /// Nothing more will come, and nothing more can be said.
    Closed,
}

/// The client sent what is no stream of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[error("a message of {0} octets: a header alone has 12")]
pub struct TooShort(pub u16);

/// The caller is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Misuse {
    /// It was answered, or its connection is over: whoever took long to answer may well find it so.
    #[error("nobody waits for an answer to this query")]
    NobodyWaits,
    /// Shorter than a header or longer than a length field can say.
    #[error("a reply of {0} octets")]
    Length(usize),
}

/// A query without its (whole) answer.
#[derive(Debug)]
struct Open {
    id: QueryId,
    /// Its answer has many messages, and for the next one there was no call yet.
    wants_room: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Talking,
    /// No more queries are taken; those that are here are answered.
    Leaving,
    /// [`Event::Closed`] was told.
    Left(Status),
}

/// A server's end of a connection.
///
/// ```
/// use bytes::BytesMut;
/// use dns::proto_core::{Endpoint, Time};
/// use dns::server::{Event, Limits, Server};
///
/// let mut server = Server::new(Limits::DEFAULT);
/// let mut input = BytesMut::from(&b"\0\x0C\0\x07\0\0\0\0\0\0\0\0\0\0"[..]);
/// let Some(Event::Query { id, bytes, .. }) = server.receive(&mut input, Time::ZERO).unwrap() else { panic!() };
/// server.reply(id, &bytes).unwrap(); // an echo
/// assert_eq!(server.output().slices().next(), Some(&b"\0\x0C\0\x07\0\0\0\0\0\0\0\0\0\0"[..]));
/// ```
#[derive(Debug)]
pub struct Server {
    limits: Limits,
    tls: bool,
    output: Output,
    open: Vec<Open>,
    next: u64,
    phase: Phase,
    fault: Option<TooShort>,
    /// The client will send no more.
    ended: bool,
    /// Since when nothing was said; `None` before the first turn.
    quiet: Option<Time>,
    /// A message that is not complete: until when it must go on, and how much was there then.
    partial: Option<(Time, usize)>,
    /// Since when the client has taken nothing of what is unsent.
    untaken: Option<Time>,
}

/// What the caller says.
impl Server {
    /// A server at the start of a connection.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Server {
            limits,
            tls: false,
            output: Output::new(),
            open: Vec::new(),
            next: 0,
            phase: Phase::Talking,
            fault: None,
            ended: false,
            quiet: None,
            partial: None,
            untaken: None,
        }
    }

    /// The connection is one by TLS: queries will say so.
    #[must_use]
    pub fn over_tls(self) -> Self {
        Server { tls: true, ..self }
    }

    /// Answers a query.
    ///
    /// # Errors
    /// [`Misuse`]; nothing was sent.
    pub fn reply(&mut self, id: QueryId, message: &[u8]) -> Result<(), Misuse> {
        let at = self.position(id)?;
        self.put(message)?;
        self.open.swap_remove(at);
        Ok(())
    }

    /// Answers a query by a message that is not the last: when there is room for the next one, [`Event::Room`] tells.
    ///
    /// # Errors
    /// [`Misuse`]; nothing was sent.
    pub fn reply_more(&mut self, id: QueryId, message: &[u8]) -> Result<(), Misuse> {
        let at = self.position(id)?;
        self.put(message)?;
        if let Some(open) = self.open.get_mut(at) {
            open.wants_room = true;
        }
        Ok(())
    }

    /// Says nothing to a query, or nothing more.
    pub fn ignore(&mut self, id: QueryId) {
        self.open.retain(|open| open.id != id);
    }

    /// Takes no more queries; the end comes when those that are here are answered.
    pub fn shut_down(&mut self) {
        if self.phase == Phase::Talking {
            self.phase = Phase::Leaving;
        }
    }

    /// Queries without their whole answer.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.open.len()
    }

    fn position(&self, id: QueryId) -> Result<usize, Misuse> {
        self.open.iter().position(|open| open.id == id).ok_or(Misuse::NobodyWaits)
    }

    /// RFC 1035 section 4.2.2: two octets of length in front. RFC 7766 section 8: both in one piece.
    fn put(&mut self, message: &[u8]) -> Result<(), Misuse> {
        let wrong = Misuse::Length(message.len());
        let len = u16::try_from(message.len()).map_err(|_| wrong)?;
        if message.len() < Header::LEN {
            return Err(wrong);
        }
        let buffer = self.output.buffer();
        buffer.extend_from_slice(&len.to_be_bytes());
        buffer.extend_from_slice(message);
        Ok(())
    }
}

/// What the client does.
impl Server {
    fn is_full(&self) -> bool {
        self.open.len() >= self.limits.pipelined
    }

    /// The next whole message.
    fn take(&mut self, input: &mut BytesMut, now: Time) -> Result<Option<Bytes>, TooShort> {
        let Some(len) = input.first_chunk().map(|octets| u16::from_be_bytes(*octets)) else {
            self.look_at_partial(input.len(), now);
            return Ok(None);
        };
        let octets = usize::from(len);
        if octets < Header::LEN {
            (self.fault, self.partial) = (Some(TooShort(len)), None);
            return Err(TooShort(len));
        }
        if input.len() < 2 + octets {
            self.look_at_partial(input.len(), now);
            return Ok(None);
        }
        (self.partial, self.quiet) = (None, Some(now));
        input.advance(2);
        Ok(Some(input.split_to(octets).freeze()))
    }

    fn look_at_partial(&mut self, len: usize, now: Time) {
        let progress = self.partial.is_none_or(|(_, seen)| len >= seen.saturating_add(PROGRESS));
        if len == 0 {
            self.partial = None;
        } else if progress {
            self.partial = Some((now + self.limits.stall, len));
        }
    }

    /// Commands have no clock: what they have put out is seen here.
    fn look_at_output(&mut self, now: Time) {
        if self.output.is_empty() {
            self.untaken = None;
        } else {
            self.untaken.get_or_insert(now);
        }
    }

    /// The end, once nobody waits any more.
    fn leave(&mut self) -> Option<Event> {
        self.open.is_empty().then(|| self.close(Status::Finishing))
    }

    fn close(&mut self, status: Status) -> Event {
        self.phase = Phase::Left(status);
        self.open.clear();
        (self.partial, self.untaken) = (None, None);
        Event::Closed
    }

    /// A reply of many messages that can go on.
    fn ready(&self) -> Option<QueryId> {
        let room = self.output.len() < self.limits.ahead;
        self.open.iter().find(|open| room && open.wants_room).map(|open| open.id)
    }

    /// Whoever lets us wait, and until when.
    fn patience(&self) -> Option<Time> {
        if let Some(since) = self.untaken {
            return Some(since + self.limits.idle);
        }
        let idle = self.quiet.filter(|_| self.open.is_empty()).map(|since| since + self.limits.idle);
        self.partial.map(|(until, _)| until).or(idle)
    }
}

impl Endpoint for Server {
    type Event = Event;
    type Error = TooShort;

    fn receive(&mut self, input: &mut BytesMut, now: Time) -> Result<Option<Event>, TooShort> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        self.quiet.get_or_insert(now);
        self.look_at_output(now);
        match self.phase {
            Phase::Talking if self.is_full() => {
                // What is not looked at can't make progress.
                self.partial = None;
                return Ok(None);
            }
            Phase::Talking => {}
            Phase::Leaving => return Ok(self.leave()),
            Phase::Left(_) => return Ok(None),
        }
        let Some(bytes) = self.take(input, now)? else { return Ok(None) };
        let id = QueryId(self.next);
        self.next += 1;
        self.open.push(Open { id, wants_room: false });
        Ok(Some(Event::Query { id, bytes, tls: self.tls }))
    }

    /// RFC 7766 section 6.2.4: a client that half-closes gets its answers; a message that was cut gets none.
    fn receive_eof(&mut self, input: &mut BytesMut, end: End, now: Time) -> Result<Option<Event>, TooShort> {
        if matches!(self.phase, Phase::Left(_)) {
            return Ok(None);
        }
        if end == End::Cut {
            return Ok(Some(self.close(Status::Closed)));
        }
        if let Some(event) = self.receive(input, now)? {
            return Ok(Some(event));
        }
        if self.phase == Phase::Talking && self.is_full() {
            return Ok(None);
        }
        input.clear();
        (self.ended, self.partial) = (true, None);
        Ok(self.leave())
    }

    fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    fn sent(&mut self, n: u64, now: Time) {
        self.output.advance(n);
        self.quiet = Some(now);
        self.untaken = (!self.output.is_empty()).then_some(now);
        // Nothing may have been received while this had to leave.
        if let Some((until, _)) = &mut self.partial {
            *until = (now + self.limits.stall).max(*until);
        }
    }

    fn deadline(&self) -> Option<Time> {
        match self.phase {
            Phase::Left(_) => None,
            _ if self.fault.is_some() => None,
            // At once.
            _ if self.ready().is_some() => Some(Time::ZERO),
            _ => self.patience(),
        }
    }

    fn handle_deadline(&mut self, now: Time) -> Result<Option<Event>, TooShort> {
        if let Some(id) = self.ready() {
            self.open.iter_mut().filter(|open| open.id == id).for_each(|open| open.wants_room = false);
            return Ok(Some(Event::Room { id }));
        }
        if self.deadline().is_none_or(|at| at > now) {
            return Ok(None);
        }
        // Who is in the middle of something has no good-bye to read.
        let quiet = self.untaken.is_none() && self.partial.is_none();
        Ok(Some(self.close(if quiet { Status::Finishing } else { Status::Closed })))
    }

    fn is_idle(&self) -> bool {
        self.open.is_empty() && self.output.is_empty() && self.partial.is_none()
    }

    fn status(&self) -> Status {
        match self.phase {
            Phase::Left(status) => status,
            _ if self.is_full() || self.ended => Status::Paused,
            _ => Status::Open,
        }
    }
}

/// What a whole length field can say is what a message can have.
const _: () = assert!(limits::MESSAGE == 0xFFFF);

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    const SECOND: Time = Time::from_secs(1);

    fn message(id: u8, len: usize) -> Vec<u8> {
        let mut message = vec![0; len];
        message[1] = id;
        message
    }

    fn framed(messages: &[Vec<u8>]) -> BytesMut {
        let mut all = BytesMut::new();
        for message in messages {
            all.extend_from_slice(&u16::try_from(message.len()).unwrap().to_be_bytes());
            all.extend_from_slice(message);
        }
        all
    }

    fn query(server: &mut Server, input: &mut BytesMut, now: Time) -> Option<(QueryId, Bytes)> {
        match server.receive(input, now).unwrap() {
            Some(Event::Query { id, bytes, tls: false }) => Some((id, bytes)),
            None => None,
            other => panic!("{other:?}"),
        }
    }

    fn said(server: &mut Server) -> Vec<u8> {
        let all = server.output.slices().collect::<Vec<_>>().concat();
        server.sent(all.len() as u64, Time::ZERO);
        all
    }

    #[test]
    fn queries_come_in_order_and_are_answered_in_any() {
        let (mut server, mut input) =
            (Server::new(Limits::DEFAULT), framed(&[message(1, 12), message(2, 20)]));
        let (first, _) = query(&mut server, &mut input, Time::ZERO).unwrap();
        let (second, bytes) = query(&mut server, &mut input, Time::ZERO).unwrap();
        assert_eq!((bytes.len(), server.waiting()), (20, 2));
        server.reply(second, &message(2, 20)).unwrap();
        server.reply(first, &message(1, 12)).unwrap();
        assert_eq!(said(&mut server), framed(&[message(2, 20), message(1, 12)]));
        assert_eq!(server.reply(first, &message(1, 12)), Err(Misuse::NobodyWaits));
        assert!(server.is_idle());
    }

    #[test]
    fn an_octet_at_a_time_is_the_same() {
        let (mut server, mut input) = (Server::new(Limits::DEFAULT), BytesMut::new());
        let mut seen = Vec::new();
        for octet in framed(&[message(1, 12), message(2, 300)]) {
            input.extend_from_slice(&[octet]);
            seen.extend(query(&mut server, &mut input, Time::ZERO).map(|(_, bytes)| bytes.to_vec()));
        }
        assert_eq!(seen, [message(1, 12), message(2, 300)]);
    }

    #[test]
    fn less_than_a_header_is_the_end() {
        for len in 0..12 {
            let (mut server, mut input) = (Server::new(Limits::DEFAULT), BytesMut::from(&[0, len, 1, 2][..]));
            let short = Err(TooShort(len.into()));
            assert_eq!(server.receive(&mut input, Time::ZERO), short);
            assert_eq!(server.receive(&mut input, Time::ZERO), short, "it sticks");
            assert_eq!(server.deadline(), None);
        }
    }

    #[test]
    fn so_many_queries_wait_and_the_next_stays_unread() {
        let limits = Limits { pipelined: 2, ..Limits::DEFAULT };
        let (mut server, mut input) = (Server::new(limits), framed(&[1, 2, 3].map(|id| message(id, 12))));
        let (first, _) = query(&mut server, &mut input, Time::ZERO).unwrap();
        query(&mut server, &mut input, Time::ZERO).unwrap();
        assert_eq!((query(&mut server, &mut input, Time::ZERO), server.status()), (None, Status::Paused));
        assert_eq!(input.len(), 14);
        server.ignore(first);
        assert_eq!(query(&mut server, &mut input, Time::ZERO).unwrap().1, message(3, 12));
    }

    #[test]
    fn who_says_nothing_is_shown_out() {
        let (mut server, mut input) = (Server::new(Limits::DEFAULT), framed(&[message(1, 12)]));
        let (id, _) = query(&mut server, &mut input, SECOND).unwrap();
        assert_eq!(server.deadline(), None, "it is the caller who takes long");
        server.reply(id, &message(1, 12)).unwrap();
        said(&mut server);
        let due = server.deadline().unwrap();
        assert_eq!(due, Time::from_secs(10));
        assert_eq!(server.handle_deadline(due), Ok(Some(Event::Closed)));
        assert_eq!((server.status(), server.deadline()), (Status::Finishing, None));
    }

    #[test]
    fn who_drips_is_shown_out() {
        let (mut server, mut input) = (Server::new(Limits::DEFAULT), BytesMut::new());
        let whole = framed(&[message(1, 2000)]);
        for (count, at, due) in [(1, 0, 2), (100, 1, 2), (600, 1, 3), (700, 2, 3)] {
            input.clear();
            input.extend_from_slice(&whole[..count]);
            assert_eq!(query(&mut server, &mut input, Time::from_secs(at)), None);
            assert_eq!(server.deadline(), Some(Time::from_secs(due)), "{count} octets at {at} s");
        }
        assert_eq!(server.handle_deadline(Time::from_secs(3)), Ok(Some(Event::Closed)));
        assert_eq!(server.status(), Status::Closed);
    }

    #[test]
    fn who_takes_nothing_is_shown_out() {
        let (mut server, mut input) = (Server::new(Limits::DEFAULT), framed(&[message(1, 12)]));
        let (id, _) = query(&mut server, &mut input, Time::ZERO).unwrap();
        server.reply(id, &message(1, 12)).unwrap();
        assert_eq!(query(&mut server, &mut input, SECOND), None);
        assert_eq!(server.deadline(), Some(Time::from_secs(11)));
        server.sent(1, Time::from_secs(5));
        assert_eq!(server.deadline(), Some(Time::from_secs(15)));
        assert_eq!(server.handle_deadline(Time::from_secs(15)), Ok(Some(Event::Closed)));
        assert_eq!(server.status(), Status::Closed);
    }

    #[test]
    fn a_reply_of_many_messages_goes_on_when_there_is_room() {
        let limits = Limits { ahead: 20, ..Limits::DEFAULT };
        let (mut server, mut input) = (Server::new(limits), framed(&[message(1, 12)]));
        let (id, _) = query(&mut server, &mut input, Time::ZERO).unwrap();
        server.reply_more(id, &message(1, 12)).unwrap();
        assert_eq!(server.deadline(), Some(Time::ZERO));
        assert_eq!(server.handle_deadline(SECOND), Ok(Some(Event::Room { id })));
        server.reply_more(id, &message(1, 12)).unwrap();
        assert_eq!(query(&mut server, &mut input, SECOND), None);
        assert_eq!(server.deadline(), Some(Time::from_secs(11)), "28 octets are unsent");
        server.sent(14, SECOND);
        assert_eq!(server.handle_deadline(SECOND), Ok(Some(Event::Room { id })));
        server.reply(id, &message(1, 12)).unwrap();
        said(&mut server);
        assert_eq!((server.waiting(), server.deadline()), (0, Some(Time::from_secs(10))));
    }

    #[test]
    fn a_half_close_lets_what_was_asked_be_answered() {
        let (mut server, mut input) =
            (Server::new(Limits::DEFAULT), framed(&[message(1, 12), message(2, 12)]));
        input.truncate(20);
        let (id, _) = query(&mut server, &mut input, Time::ZERO).unwrap();
        assert_eq!(server.receive_eof(&mut input, End::Clean, Time::ZERO), Ok(None));
        assert_eq!(server.status(), Status::Paused);
        server.reply(id, &message(1, 12)).unwrap();
        assert_eq!(server.receive_eof(&mut input, End::Clean, Time::ZERO), Ok(Some(Event::Closed)));
        assert_eq!(server.receive_eof(&mut input, End::Clean, Time::ZERO), Ok(None));
        assert_eq!((server.status(), said(&mut server).len()), (Status::Finishing, 14));
    }

    #[test]
    fn a_reset_or_a_shutdown_ends_it() {
        let (mut server, mut input) = (Server::new(Limits::DEFAULT), framed(&[message(1, 12)]));
        let (id, _) = query(&mut server, &mut input, Time::ZERO).unwrap();
        assert_eq!(server.receive_eof(&mut input, End::Cut, Time::ZERO), Ok(Some(Event::Closed)));
        assert_eq!(
            (server.status(), server.reply(id, &message(1, 12))),
            (Status::Closed, Err(Misuse::NobodyWaits))
        );
        let mut server = Server::new(Limits::DEFAULT).over_tls();
        server.shut_down();
        assert_eq!(server.receive(&mut framed(&[message(1, 12)]), Time::ZERO), Ok(Some(Event::Closed)));
        assert_eq!(server.status(), Status::Finishing);
    }

    #[test]
    fn a_reply_has_the_length_of_a_message() {
        let (mut server, mut input) = (Server::new(Limits::DEFAULT), framed(&[message(1, 12)]));
        let (id, _) = query(&mut server, &mut input, Time::ZERO).unwrap();
        assert_eq!(server.reply(id, &[0; 11]), Err(Misuse::Length(11)));
        assert_eq!(server.reply(id, &[0; 65_536]), Err(Misuse::Length(65_536)));
        assert_eq!(server.reply(id, &[0; 65_535]), Ok(()));
    }
}

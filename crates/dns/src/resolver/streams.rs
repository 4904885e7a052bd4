//! Streams to servers: of TCP one for each query, of TLS one for each server, over which the queries go one behind the other.
//!
//! The rule (RFC 7858 section 3.4): a handshake is dear, so a TLS connection stays open for a while and is used again. Its end
//! is no fault of the queries on it, as long as something came over it; they are asked again (RFC 7766 section 6.2.4).

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use bytes::Bytes;
use proto_core::Time;

use super::send::Arrived;
use super::{Due, Event, Resolver, Socket, TcpId, Transmit};
use crate::edns::ExtendedError;
use crate::exchange::{Frames, Privacy, framed};
use crate::{Header, Message};

/// A connection.
#[derive(Debug)]
struct Stream {
    to: SocketAddr,
    /// Those that await their replies there.
    queries: Vec<u64>,
    /// What leaves once it is open; `None`: it is.
    unsent: Option<Vec<Bytes>>,
    received: Frames,
    /// When it was opened, or something came last.
    heard: Time,
    /// A whole message has come.
    proven: bool,
    /// Nobody needs it; until when it is kept nevertheless.
    idle: Option<Time>,
}

/// All connections.
#[derive(Debug, Default)]
pub(super) struct Streams {
    all: BTreeMap<u64, Stream>,
    /// Those that further queries may take, by server.
    shared: BTreeMap<SocketAddr, u64>,
}

impl Streams {
    /// From now on nobody else takes it.
    fn unshare(&mut self, to: SocketAddr, id: u64) {
        if self.shared.get(&to) == Some(&id) {
            self.shared.remove(&to);
        }
    }

    /// Queries on their way over the connection that another one would take, too.
    pub(super) fn neighbours(&self, to: SocketAddr) -> &[u64] {
        let stream = self.shared.get(&to).and_then(|id| self.all.get(id));
        stream.map_or(&[], |stream| &stream.queries)
    }
}

impl Resolver {
    /// The name that the certificate of this server must be for, if it is one that is spoken to by TLS alone.
    pub(super) fn tls(&self, to: SocketAddr) -> Option<&Arc<str>> {
        self.config.tls.get(&to)
    }

    /// The query leaves by a stream: one of its own, or by TLS that which is there.
    pub(super) fn by_stream(&mut self, number: u64, to: SocketAddr, message: &[u8], now: Time) {
        let id = self.stream_to(to, now);
        let Some(stream) = self.streams.all.get_mut(&id) else { return };
        stream.queries.push(number);
        if let Some(idle) = stream.idle.take() {
            self.deadlines.remove(&(idle, Due::Stream(id)));
        }
        let (bytes, socket) = (framed(message), Socket::Tcp(TcpId(id)));
        let opening = match &mut stream.unsent {
            Some(unsent) => {
                unsent.push(bytes);
                true
            }
            None => {
                self.transmits.push_back(Transmit { to, socket, bytes });
                false
            }
        };
        if let Some(query) = self.queries.get_mut(&number) {
            query.connection = Some(id);
            if opening {
                // A handshake takes a round trip more.
                let due = (query.due + Duration::from_secs(2)).max(query.sent + Duration::from_secs(3));
                self.deadlines.remove(&(query.due, Due::Query(number)));
                self.deadlines.insert((due, Due::Query(number)));
                query.due = due;
            }
        }
    }

    fn stream_to(&mut self, to: SocketAddr, now: Time) -> u64 {
        let room = self.streams.neighbours(to).len() < self.config.limits.pipelined;
        if let Some(id) = self.streams.shared.get(&to).filter(|_| room) {
            return *id;
        }
        let id = self.next_id();
        let privacy = match self.tls(to) {
            Some(name) => Privacy::Strict(Arc::clone(name)),
            None => Privacy::Clear,
        };
        if privacy != Privacy::Clear {
            self.streams.shared.insert(to, id);
        }
        let (unsent, received) = (Some(Vec::new()), Frames::default());
        let stream =
            Stream { to, queries: Vec::new(), unsent, received, heard: now, proven: false, idle: None };
        self.streams.all.insert(id, stream);
        self.events.push_back(Event::OpenTcp { id: TcpId(id), to, privacy });
        id
    }

    pub(super) fn opened(&mut self, id: u64, now: Time) {
        let Some(stream) = self.streams.all.get_mut(&id) else { return };
        stream.heard = now;
        let (to, socket) = (stream.to, Socket::Tcp(TcpId(id)));
        for bytes in stream.unsent.take().into_iter().flatten() {
            self.transmits.push_back(Transmit { to, socket, bytes });
        }
    }

    /// RFC 7766 section 8: two octets of length, then the message.
    pub(super) fn received(&mut self, id: u64, mut bytes: &[u8], now: Time) {
        while let Some(stream) = self.streams.all.get_mut(&id) {
            stream.heard = now;
            let Some(message) = stream.received.take(&mut bytes) else { return };
            stream.proven = true;
            self.message(id, &message, now);
        }
    }

    fn message(&mut self, id: u64, message: &[u8], now: Time) {
        let Some(number) = self.meant(id, message) else { return };
        let Some(query) = self.queries.get(&number) else { return };
        match query.arrived(message) {
            Arrived::Reply => match Message::parse(message) {
                Ok(parsed) => self.answered_by_stream(number, &parsed, now),
                Err(_) => self.fruitless(number, ExtendedError::INVALID_DATA, now),
            },
            Arrived::NoEdns => self.without_edns(number, now),
            // Cut short by TCP too, or somebody else's: there is no other way to get it from there.
            Arrived::Truncated | Arrived::Foreign => self.fruitless(number, ExtendedError::INVALID_DATA, now),
        }
    }

    /// Whose reply it is. What comes over a connection of many may be too late for anybody.
    fn meant(&self, id: u64, message: &[u8]) -> Option<u64> {
        let stream = self.streams.all.get(&id)?;
        if self.tls(stream.to).is_none() {
            return stream.queries.first().copied();
        }
        let found = Header::parse(message).ok()?.id;
        let mut queries = stream.queries.iter().copied();
        queries.find(|number| self.queries.get(number).is_some_and(|query| query.id == found))
    }

    /// It could not be opened, or has ended.
    pub(super) fn closed(&mut self, id: u64, now: Time) {
        let Some(stream) = self.close(id) else { return };
        for number in stream.queries {
            if stream.proven && self.tls(stream.to).is_some() {
                self.once_more(number);
            } else {
                self.fruitless(number, ExtendedError::NETWORK_ERROR, now);
            }
        }
    }

    fn close(&mut self, id: u64) -> Option<Stream> {
        let stream = self.streams.all.remove(&id)?;
        self.streams.unshare(stream.to, id);
        if let Some(idle) = stream.idle {
            self.deadlines.remove(&(idle, Due::Stream(id)));
        }
        self.events.push_back(Event::CloseTcp(TcpId(id)));
        Some(stream)
    }

    /// The query is over. Its connection too, unless others may need it.
    pub(super) fn leave_stream(&mut self, id: u64, number: u64) {
        let Some(stream) = self.streams.all.get_mut(&id) else { return };
        stream.queries.retain(|other| *other != number);
        if !stream.queries.is_empty() {
            return;
        }
        let until = stream.heard + self.config.limits.idle;
        if stream.unsent.is_none() && self.streams.shared.get(&stream.to) == Some(&id) {
            stream.idle = Some(until);
            self.deadlines.insert((until, Due::Stream(id)));
        } else {
            self.close(id);
        }
    }

    /// The query's time is up. If nothing has come since it left, its connection may be gone without a word.
    pub(super) fn doubt_stream(&mut self, number: u64) {
        let Some(query) = self.queries.get(&number) else { return };
        let Some(stream) = query.connection.and_then(|id| self.streams.all.get(&id)) else { return };
        if let Some(id) = query.connection.filter(|_| stream.heard <= query.sent) {
            self.streams.unshare(query.to, id);
        }
    }

    /// Nobody has needed the connection for a while.
    pub(super) fn idle_over(&mut self, id: u64) {
        self.close(id);
    }
}

//! Streams: bytes in order, over links that may lose them.
//!
//! The rule: what a real TCP costs at this level of detail, and no more. A stream costs one round trip to open, then its
//! bytes go at the links' rate, without slow start; a lost piece is sent again after a while and holds up those behind
//! it; a reader that doesn't read stops the writer at the window. A stream that is closed with bytes unread is reset, and
//! a reset destroys what the other end had not read yet.

use std::collections::{BTreeMap, VecDeque};

use bytes::{Buf, Bytes, BytesMut};
use proto_core::End;

use crate::sim::{Addr, ProcessId, Route};

/// One end of a stream, as its process knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stream {
    pub(crate) id: usize,
    pub(crate) side: Side,
}

impl Stream {
    /// The acceptor's end of the stream with this number.
    pub(crate) fn accepted(id: u64) -> Stream {
        Stream { id: usize::try_from(id).unwrap_or(usize::MAX), side: Side::Acceptor }
    }

    pub(crate) fn other(self) -> Stream {
        Stream { side: self.side.other(), ..self }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Side {
    Opener,
    Acceptor,
}

impl Side {
    pub(crate) fn other(self) -> Side {
        match self {
            Side::Opener => Side::Acceptor,
            Side::Acceptor => Side::Opener,
        }
    }
}

/// How a stream's bytes are cut into packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunks {
    /// What is written at once travels at once, however much it is.
    Whole,
    /// No more than so many bytes.
    AtMost(usize),
    /// From one byte to so many, at random, and every fourth of four bytes at most.
    Random(usize),
}

/// What a read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// So many bytes were appended.
    Bytes(usize),
    /// Nothing has come; [`Input::Readable`](crate::Input::Readable) tells when.
    Nothing,
    /// Nothing will come any more.
    End(End),
}

/// Nobody listens any more: the stream was closed here, or reset by the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stream is gone")]
pub struct Gone;

/// A piece of a stream on its way.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) seq: u64,
    pub(crate) bytes: Bytes,
    pub(crate) fin: bool,
}

impl Segment {
    /// The end of a stream takes a place of its own in the order.
    fn length(&self) -> u64 {
        self.bytes.len() as u64 + u64::from(self.fin)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Opening,
    Open,
    Closed,
}

/// What one end knows.
#[derive(Debug)]
pub(crate) struct EndOf {
    pub(crate) process: ProcessId,
    pub(crate) at: Addr,
    pub(crate) state: State,
    pub(crate) route: Route,
    next_seq: u64,
    /// Sent and not yet read by the other end.
    pub(crate) in_flight: usize,
    /// A write was cut short: the writer waits for room.
    pub(crate) wants_room: bool,
    pub(crate) fin_sent: bool,
    pub(crate) reset: bool,
    pub(crate) upgrading: bool,
    expected: u64,
    early: BTreeMap<u64, Segment>,
    ready: VecDeque<Bytes>,
    end: Option<End>,
}

impl EndOf {
    pub(crate) fn new(process: ProcessId, at: Addr, route: Route) -> Self {
        EndOf {
            process,
            at,
            state: State::Opening,
            route,
            next_seq: 0,
            in_flight: 0,
            wants_room: false,
            fin_sent: false,
            reset: false,
            upgrading: false,
            expected: 0,
            early: BTreeMap::new(),
            ready: VecDeque::new(),
            end: None,
        }
    }

    pub(crate) fn is_writable(&self) -> bool {
        self.state == State::Open && !self.fin_sent && !self.reset
    }

    /// Gives the next piece its place in the order.
    pub(crate) fn segment(&mut self, bytes: Bytes, fin: bool) -> Segment {
        let segment = Segment { seq: self.next_seq, bytes, fin };
        self.next_seq += segment.length();
        self.in_flight += segment.bytes.len();
        self.fin_sent |= fin;
        segment
    }

    /// Takes in what has arrived; whether that makes anything readable.
    pub(crate) fn arrive(&mut self, segment: Segment) -> bool {
        self.early.insert(segment.seq, segment);
        let mut fresh = false;
        while let Some(segment) = self.early.remove(&self.expected) {
            self.expected += segment.length();
            fresh = true;
            if segment.fin {
                self.end.get_or_insert(End::Clean);
            }
            if !segment.bytes.is_empty() {
                self.ready.push_back(segment.bytes);
            }
        }
        fresh
    }

    pub(crate) fn read(&mut self, into: &mut BytesMut, most: usize) -> Read {
        let mut n = 0;
        while n < most
            && let Some(front) = self.ready.front_mut()
        {
            let part = front.len().min(most - n);
            into.extend_from_slice(front.get(..part).unwrap_or_default());
            front.advance(part);
            n += part;
            if front.is_empty() {
                self.ready.pop_front();
            }
        }
        match (n, self.end) {
            (0, Some(end)) => Read::End(end),
            (0, None) => Read::Nothing,
            (n, _) => Read::Bytes(n),
        }
    }

    pub(crate) fn has_unread(&self) -> bool {
        !self.ready.is_empty()
    }

    /// The other end has reset the stream: what was not read is lost.
    pub(crate) fn cut(&mut self) {
        self.reset = true;
        self.ready.clear();
        self.early.clear();
        self.end = Some(End::Cut);
    }
}

/// Both ends.
#[derive(Debug)]
pub(crate) struct Ends {
    pub(crate) opener: EndOf,
    pub(crate) acceptor: EndOf,
}

impl Ends {
    pub(crate) fn end(&mut self, side: Side) -> &mut EndOf {
        match side {
            Side::Opener => &mut self.opener,
            Side::Acceptor => &mut self.acceptor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end() -> EndOf {
        EndOf::new(ProcessId::default(), Addr::default(), Route::default())
    }

    #[test]
    fn what_overtakes_waits_for_what_it_overtook() {
        let (mut sender, mut receiver) = (end(), end());
        let [a, b, c] = [b"one", b"two", b"six"].map(|text| sender.segment(Bytes::from_static(text), false));
        let fin = sender.segment(Bytes::new(), true);
        let mut heard = BytesMut::new();
        assert!(receiver.arrive(a) && !receiver.arrive(fin) && !receiver.arrive(c));
        assert_eq!(receiver.read(&mut heard, 100), Read::Bytes(3));
        assert_eq!(receiver.read(&mut heard, 100), Read::Nothing);
        assert!(receiver.arrive(b));
        assert_eq!(receiver.read(&mut heard, 4), Read::Bytes(4));
        assert_eq!(receiver.read(&mut heard, 4), Read::Bytes(2));
        assert_eq!(receiver.read(&mut heard, 4), Read::End(End::Clean));
        assert_eq!(heard, "onetwosix");
    }
}

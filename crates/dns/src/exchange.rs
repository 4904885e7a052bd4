//! The words in which [`StubResolver`](crate::StubResolver) and the iterative resolver speak with whoever owns the sockets.
//!
//! The rule: a coordinator does no I/O; it says what to send and from where ([`Transmit`]), which streams to open and which
//! ports to give back ([`Event`]), and is told what became of it ([`Input`]). One loop drives any [`Coordinator`].
//!
//! - [`PortId`] names a UDP socket on a port of its own that nobody can guess (RFC 5452 section 9.2): the first transmit with a
//!   new id binds it, port 0 and connected to `to`; it lives until [`Event::ClosePort`].
//! - [`TcpId`] names a stream: opened at [`Event::OpenTcp`] (told back by [`Input::TcpOpened`] or [`Input::TcpClosed`]),
//!   written to by transmits, closed at [`Event::CloseTcp`]. What is sent there carries its length in front already
//!   (RFC 1035 section 4.2.2); what is received is handed in as it comes, however cut.

use alloc::sync::Arc;
use core::net::SocketAddr;

use bytes::{Bytes, BytesMut};

use crate::{Message, NameRef, QuestionRef};
use proto_core::Time;

/// A question that waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// A UDP socket on a port of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortId(pub u64);

/// A stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TcpId(pub u64);

/// Who besides the server may read what goes over a stream (RFC 8310 section 5).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub enum Privacy {
    /// Whoever is in between: TCP.
    #[default]
    Clear,
    /// Whoever says to be the server: TLS, whatever its certificate says.
    Opportunistic,
    /// Nobody: TLS with a server whose certificate is good, and for this name. If there is none, there is no stream.
    Strict(Arc<str>),
}

/// From where something is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Socket {
    /// A UDP socket bound to a fresh port, if it is not there yet.
    FreshPort(PortId),
    /// A stream that is open.
    Tcp(TcpId),
}

/// Something to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Where to.
    pub to: SocketAddr,
    /// From where.
    pub socket: Socket,
    /// What: a datagram, or octets of a stream.
    pub bytes: Bytes,
}

/// What happened on the sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// A datagram came in.
    Datagram {
        /// On this socket.
        port: PortId,
        /// From there.
        from: SocketAddr,
        /// What it says.
        bytes: &'a [u8],
    },
    /// The stream is there (with TLS, once it is agreed on).
    TcpOpened(TcpId),
    /// Octets of a stream, cut anywhere.
    TcpReceived {
        /// Of this one.
        id: TcpId,
        /// The next of them.
        bytes: &'a [u8],
    },
    /// The stream could not be opened, or ended, however.
    TcpClosed(TcpId),
    /// It could not be sent: no route, an ICMP error, no socket left.
    SendFailed(Socket),
}

/// What whoever drives a coordinator has to do, or to know; `A` is what became of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<A> {
    /// A question has its answer; its ticket is worth nothing any more.
    Done {
        /// Which question.
        ticket: Ticket,
        /// Its answer.
        answer: A,
    },
    /// Open a stream.
    OpenTcp {
        /// By this name.
        id: TcpId,
        /// There.
        to: SocketAddr,
        /// In the clear or by TLS (RFC 7858).
        privacy: Privacy,
    },
    /// Close the stream: nothing more will be sent or read. Not answered by [`Input::TcpClosed`].
    CloseTcp(TcpId),
    /// Give the socket back: what comes in there is for nobody.
    ClosePort(PortId),
    /// Something that a person who watches wants to see.
    Trace(Trace),
}

/// What a coordinator tells of its work.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trace {
    /// A server was asked.
    Sent {
        /// For this question.
        ticket: Ticket,
        /// Which server.
        to: SocketAddr,
        /// The query.
        message: Bytes,
    },
    /// A reply was taken.
    Received {
        /// For this question.
        ticket: Ticket,
        /// From whom.
        from: SocketAddr,
        /// The reply.
        message: Bytes,
    },
}

/// Someone who asks over many sockets and owns none.
pub trait Coordinator {
    /// What becomes of a question.
    type Answer;

    /// Something happened on a socket.
    fn handle(&mut self, input: Input<'_>, now: Time);

    /// The next thing to send. Call it until `None`, behind every other call.
    fn poll_transmit(&mut self, now: Time) -> Option<Transmit>;

    /// The next thing to do or to know. Call it until `None`, before [`poll_transmit`](Coordinator::poll_transmit).
    fn poll_event(&mut self) -> Option<Event<Self::Answer>>;

    /// When [`handle_deadline`](Coordinator::handle_deadline) wants to be called; `None`: never.
    fn deadline(&self) -> Option<Time>;

    /// To be called when the deadline is due; each call moves it.
    fn handle_deadline(&mut self, now: Time);
}

/// What a query was, and so what its reply looks like.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) to: SocketAddr,
    pub(crate) id: u16,
    /// The question as it was sent, in the case in which it was sent.
    pub(crate) question: crate::Question,
}

impl Asked {
    /// RFC 5452 section 9.1: address, port, id, question; and the case of its letters, which a forger can't know. A reply
    /// without a question is one only where there was no telling (FORMERR of those that can't read).
    pub(crate) fn is_answered_by(&self, from: SocketAddr, message: &Message<'_>) -> bool {
        from == self.to && self.matches(message, |found, sent| found.eq_with_case(sent))
    }

    /// A stream is not forged so easily: there the case is free.
    pub(crate) fn is_answered_on_stream(&self, message: &Message<'_>) -> bool {
        self.matches(message, |found, sent| found == sent)
    }

    fn matches(&self, message: &Message<'_>, same: impl Fn(NameRef<'_>, NameRef<'_>) -> bool) -> bool {
        let (header, sent) = (message.header(), self.question.as_question_ref());
        let asks = |found: QuestionRef<'_>| {
            found.rtype == sent.rtype && found.class == sent.class && same(found.name, sent.name)
        };
        header.id == self.id
            && header.is_response()
            && header.opcode() == crate::Opcode::QUERY
            && message.question().map_or_else(|| header.rcode() == crate::Rcode::FORMERR, asks)
    }
}

/// The same name with letters in a case drawn from `bits` (0x20): the reply must mix them alike.
pub(crate) fn mix_case(name: NameRef<'_>, mut bits: impl FnMut() -> u64) -> crate::Name {
    let mut wire = [0; crate::limits::NAME];
    let len = name.wire_in(&mut [0; crate::limits::NAME]).len();
    let (mut word, mut left) = (0, 0_u32);
    for (to, from) in wire.iter_mut().zip(name.wire_in(&mut [0; crate::limits::NAME])) {
        if left == 0 {
            (word, left) = (bits(), 64);
        }
        let flip = from.is_ascii_alphabetic() && word & 1 == 1;
        // A length is at most 63: no letter.
        *to = if flip { from ^ 0x20 } else { *from };
        (word, left) = (word >> 1, left - 1);
    }
    crate::Name::of_valid(wire.get(..len).unwrap_or(&[0]))
}

/// Messages out of a stream: each behind its length in two octets (RFC 1035 section 4.2.2). Keeps one message at most.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    kept: BytesMut,
}

impl Frames {
    /// Takes octets off the front of `input`, up to the end of one message, which is told if it is whole.
    pub(crate) fn take(&mut self, input: &mut &[u8]) -> Option<Bytes> {
        self.fill(input, 2);
        let [a, b] = *self.kept.first_chunk()?;
        let len = 2 + usize::from(u16::from_be_bytes([a, b]));
        self.fill(input, len);
        if self.kept.len() < len {
            return None;
        }
        let whole = core::mem::take(&mut self.kept).freeze();
        Some(whole.slice(2..))
    }

    fn fill(&mut self, input: &mut &[u8], len: usize) {
        let missing = len.saturating_sub(self.kept.len()).min(input.len());
        let (front, rest) = input.split_at_checked(missing).unwrap_or_default();
        self.kept.extend_from_slice(front);
        *input = rest;
    }
}

/// A message with its length in front, as it goes over a stream.
pub(crate) fn framed(message: &[u8]) -> Bytes {
    let len = u16::try_from(message.len()).unwrap_or(u16::MAX);
    let mut bytes = BytesMut::with_capacity(2 + usize::from(len));
    bytes.extend_from_slice(&len.to_be_bytes());
    bytes.extend_from_slice(message.get(..usize::from(len)).unwrap_or(message));
    bytes.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn messages_come_out_of_a_stream_however_it_is_cut() {
        let stream = [framed(b"one").to_vec(), framed(b"").to_vec(), framed(b"three").to_vec()].concat();
        for cut in 1..=stream.len() {
            let (mut frames, mut found) = (Frames::default(), Vec::new());
            for mut piece in stream.chunks(cut) {
                while !piece.is_empty() {
                    found.extend(frames.take(&mut piece));
                }
            }
            assert_eq!(found, [&b"one"[..], b"", b"three"], "cut {cut}");
        }
    }

    #[test]
    fn case_is_mixed_in_letters_only() {
        let name: crate::Name = "www.Ex-4mple.".parse().unwrap();
        let mixed = mix_case(name.as_name_ref(), || u64::MAX);
        assert_eq!(mixed, name);
        assert_eq!(alloc::string::ToString::to_string(&mixed), "WWW.eX-4MPLE.");
        assert!(mix_case(name.as_name_ref(), || 0).eq_with_case(&name));
    }

    #[test]
    fn a_reply_is_one_only_by_address_id_and_question_in_its_case() {
        let to: SocketAddr = "192.0.2.1:53".parse().unwrap();
        let question = crate::Question::new("eXample.".parse().unwrap(), crate::RrType::A);
        let asked = Asked { to, id: 0x1234, question };
        let reply = b"\x12\x34\x81\x80\0\x01\0\0\0\0\0\0\x07eXample\0\0\x01\0\x01";
        let is = |from: SocketAddr, bytes: &[u8]| asked.is_answered_by(from, &Message::parse(bytes).unwrap());
        assert!(is(to, reply));
        assert!(!is("192.0.2.1:54".parse().unwrap(), reply));
        assert!(!is("192.0.2.2:53".parse().unwrap(), reply));
        for (at, octet) in [(1, 0x35), (2, 0x01), (2, 0x91), (13, b'E'), (22, 2), (24, 3)] {
            let mut other = reply.to_vec();
            other[at] = octet;
            assert!(!is(to, &other), "octet {at}");
        }
    }
}

//! The endpoint contract: one end of one conversation, without I/O.
//!
//! Bytes go in, events come out; commands go in, bytes come out. Whoever owns the socket follows these rules, which
//! are code once, in [`Drive`](crate::Drive):
//!
//! - The caller owns the input buffer and only appends to it. The endpoint takes things off its front and remembers
//!   how far it has looked.
//! - Commands only record. After every command `receive` is called, also with nothing new.
//! - Three exits, never mixed: need more (`Ok(None)`), the peer is wrong (an error, or an event that knows the right
//!   reply), the caller is wrong (misuse, returned by the command). The first fatal error sticks.
//! - [`Status`] says what `None` means: more bytes are needed, the caller must act, or the session is over.

use bytes::BytesMut;

use crate::{Output, Time};

/// How the incoming stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// In an orderly way: a FIN, and with TLS a close-notify before it.
    Clean,
    /// By a reset, a failed write, or a TLS stream that ends without close-notify: what came last may be cut short.
    Cut,
}

/// A byte layer that an endpoint asks for in place of the present one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layer {
    /// TLS over the same stream (STARTTLS, STLS, AUTH TLS).
    Tls,
    /// Back to clear text (RFC 4217 section 12.3, CCC).
    Clear,
    /// Compression (RFC 4978).
    Deflate,
}

/// What an endpoint's `None` means, and what whoever drives it does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// More bytes are needed, whatever cap the driver has in mind.
    Open,
    /// No event comes until the caller acts. The driver goes on reading up to a cap, so that a hang-up is seen.
    Paused,
    /// Flush, do not read, put the layer in place, call [`Endpoint::upgraded`].
    Upgrade(Layer),
    /// The stream belongs to another protocol now (CONNECT, 101): flush, then what is unread is the caller's.
    Switched,
    /// A good-bye that arrives: flush, half-close, read and drop a bounded amount for a bounded time, close.
    Finishing,
    /// Over; nothing is sent or read any more.
    Closed,
}

/// One end of one conversation over a byte stream.
///
/// A minimal one, which answers every line in upper case:
///
/// ```
/// use bytes::{Bytes, BytesMut};
/// use proto_core::{End, Endpoint, Output, Status, Time};
///
/// #[derive(Default)]
/// struct Upper { output: Output, ended: bool }
///
/// impl Endpoint for Upper {
///     type Event = Bytes;
///     type Error = core::convert::Infallible;
///     fn receive(&mut self, input: &mut BytesMut, _now: Time) -> Result<Option<Bytes>, Self::Error> {
///         let Some(end) = input.iter().position(|&b| b == b'\n') else { return Ok(None) };
///         let line = input.split_to(end + 1).freeze();
///         self.output.put(&line.to_ascii_uppercase());
///         Ok(Some(line))
///     }
///     fn receive_eof(&mut self, input: &mut BytesMut, _: End, now: Time) -> Result<Option<Bytes>, Self::Error> {
///         self.ended = true;
///         self.receive(input, now)
///     }
///     fn output(&mut self) -> &mut Output { &mut self.output }
///     fn deadline(&self) -> Option<Time> { None }
///     fn handle_deadline(&mut self, _: Time) -> Result<Option<Bytes>, Self::Error> { Ok(None) }
///     fn status(&self) -> Status { if self.ended { Status::Finishing } else { Status::Open } }
/// }
///
/// let (mut upper, mut input) = (Upper::default(), BytesMut::from("hello\nwor"));
/// assert_eq!(upper.receive(&mut input, Time::ZERO), Ok(Some(Bytes::from("hello\n"))));
/// assert_eq!(upper.receive(&mut input, Time::ZERO), Ok(None));
/// assert_eq!(upper.output().slices().next(), Some(&b"HELLO\n"[..]));
/// ```
pub trait Endpoint {
    /// What happened, with its bytes: slices of the input, not copies.
    type Event;
    /// What the peer did wrong. Fatal: it sticks, and what explains it to the peer still drains from `output`.
    type Error: core::error::Error + Clone;

    /// Takes the next thing off the front of `input`: a whole command or head, or a run of something large.
    ///
    /// # Errors
    /// The peer is wrong beyond repair; every later call returns the same error.
    fn receive(&mut self, input: &mut BytesMut, now: Time) -> Result<Option<Self::Event>, Self::Error>;

    /// Instead of `receive` once the end is known, with what is still unread. Call it until it returns `None`.
    ///
    /// # Errors
    /// As [`receive`](Endpoint::receive); a message cut short by the end is one.
    fn receive_eof(
        &mut self,
        input: &mut BytesMut,
        end: End,
        now: Time,
    ) -> Result<Option<Self::Event>, Self::Error>;

    /// What is to be sent: appended to by commands, drained by whoever owns the socket, who reports it with
    /// [`sent`](Endpoint::sent).
    fn output(&mut self) -> &mut Output;

    /// `n` bytes of the output's front have left.
    fn sent(&mut self, n: u64, now: Time) {
        let _ = now;
        self.output().advance(n);
    }

    /// When [`handle_deadline`](Endpoint::handle_deadline) wants to be called; `None`: never.
    fn deadline(&self) -> Option<Time>;

    /// To be repeated while a deadline is due. Each call moves the deadline.
    ///
    /// # Errors
    /// The peer was too slow, and the session ends with it.
    fn handle_deadline(&mut self, now: Time) -> Result<Option<Self::Event>, Self::Error>;

    /// How many opaque bytes come next that the caller may move itself instead of through `receive`, those at the
    /// front of the input first. `u64::MAX`: all to the end of the stream.
    fn payload(&self) -> u64 {
        0
    }

    /// `n` bytes of the payload were moved by the caller.
    fn payload_received(&mut self, n: u64, now: Time) {
        let _ = (n, now);
    }

    /// The byte layer asked for by [`Status::Upgrade`] is in place.
    fn upgraded(&mut self, now: Time) {
        let _ = now;
    }

    /// Between two exchanges: may be pooled, or closed at a shutdown without loss.
    fn is_idle(&self) -> bool {
        false
    }

    /// What `None` means just now.
    fn status(&self) -> Status;
}

/// A datagram to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit<P> {
    /// Where to.
    pub to: P,
    /// How many bytes were appended to the caller's buffer.
    pub len: usize,
}

/// One end of conversations over datagrams: the same idea for UDP.
pub trait DatagramEndpoint {
    /// What happened.
    type Event;
    /// What a peer did wrong; never fatal for the others.
    type Error: core::error::Error + Clone;
    /// A peer's address, in whatever form the caller's sockets use.
    type Peer: Copy + Eq;

    /// A datagram came in.
    ///
    /// # Errors
    /// It is not what this protocol allows; the endpoint goes on.
    fn handle(&mut self, from: Self::Peer, datagram: &[u8], now: Time) -> Result<(), Self::Error>;

    /// The next datagram to send, appended to `out`. Call it until `None`.
    fn poll_transmit(&mut self, now: Time, out: &mut BytesMut) -> Option<Transmit<Self::Peer>>;

    /// The next event. Call it until `None`.
    fn poll_event(&mut self) -> Option<Self::Event>;

    /// When [`handle_deadline`](DatagramEndpoint::handle_deadline) wants to be called; `None`: never.
    fn deadline(&self) -> Option<Time>;

    /// To be called when the deadline is due. Each call moves it.
    ///
    /// # Errors
    /// What the passing of time made wrong.
    fn handle_deadline(&mut self, now: Time) -> Result<(), Self::Error>;
}

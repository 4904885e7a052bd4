//! One name and one type, asked of one server after the other until one of them answers.
//!
//! The rule: nobody is waited for. Who does not answer in his usual time is not given up, but the next one is asked too, and
//! the first good reply wins; a bad one ends nothing.

use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;

use super::answer::{self, Answer};
use super::{Net, Transport};
use crate::cookie::{Cookie, Returned};
use crate::exchange::{Asked, Frames, framed, mix_case};
use crate::{
    Builder, EdnsHeader, EdnsOption, Flags, Header, Input, Message, Opcode, Question, Rcode, ResolveError,
    Socket, Ticket, limits,
};
use proto_core::Time;

/// A query that somebody may still answer.
#[derive(Debug)]
struct Attempt {
    socket: Socket,
    server: usize,
    asked: Asked,
    sent: Time,
    /// Its silence has been held against the server.
    overdue: bool,
    edns: bool,
    /// Of a stream that is not open yet.
    waiting: Option<Bytes>,
    frames: Frames,
}

/// One name and one type.
#[derive(Debug)]
pub(super) struct Query {
    id: u64,
    pub(super) ticket: Ticket,
    pub(super) question: Question,
    /// Servers in the order in which they are asked, each as often as attempts are allowed.
    turns: Vec<usize>,
    turn: usize,
    attempts: Vec<Attempt>,
    /// When the next one is asked too.
    next: Option<Time>,
    end: Time,
    sends: u32,
    mismatched: u32,
    /// Servers that return names in another case, or no cookie: they are asked by TCP.
    careless: Vec<usize>,
    /// What to say if nobody does better.
    worst: ResolveError,
}

/// What a reply, or the want of one, leads to.
pub(super) type Outcome = Option<Result<Answer, ResolveError>>;

impl Query {
    pub(super) fn new(id: u64, ticket: Ticket, question: Question, net: &mut Net, now: Time) -> Self {
        let attempts = usize::from(net.config.attempts.max(1));
        let order = net.order();
        let turns: Vec<usize> = (0..attempts).flat_map(|_| order.iter().copied()).collect();
        let end = now + net.config.timeout * u32::from(net.config.attempts.max(1));
        Query {
            id,
            ticket,
            question,
            turns,
            turn: 0,
            attempts: Vec::new(),
            next: None,
            end,
            sends: 0,
            mismatched: 0,
            careless: Vec::new(),
            worst: ResolveError::Timeout,
        }
    }

    /// When [`due`](Query::due) wants to be called.
    pub(super) fn deadline(&self) -> Time {
        self.next.map_or(self.end, |next| next.min(self.end))
    }

    /// Time has passed: the next server's turn, or the end.
    pub(super) fn due(&mut self, net: &mut Net, now: Time) -> Outcome {
        if now >= self.end {
            return Some(Err(self.worst));
        }
        match self.next {
            Some(next) if next <= now => {
                self.blame(net, now);
                self.ask_next(net, now)
            }
            _ => None,
        }
    }

    /// Whoever has not answered in his time is slower than was believed.
    fn blame(&mut self, net: &mut Net, now: Time) {
        for attempt in self.attempts.iter_mut().filter(|attempt| !attempt.overdue) {
            if let Some(server) = net.upstreams.get_mut(attempt.server)
                && now - attempt.sent >= server.patience()
            {
                attempt.overdue = true;
                server.silent(net.config.timeout);
            }
        }
    }

    /// The next server's turn; the end, if all had theirs and nobody is left who might answer.
    pub(super) fn ask_next(&mut self, net: &mut Net, now: Time) -> Outcome {
        let Some(server) = self.turns.get(self.turn).copied() else {
            self.next = None;
            return if self.attempts.is_empty() { Some(Err(self.worst)) } else { None };
        };
        let round = self.turn / net.upstreams.len().max(1);
        self.turn += 1;
        self.ask(server, net, now);
        let doubled = 1_u32.checked_shl(u32::try_from(round).unwrap_or(u32::MAX)).unwrap_or(u32::MAX);
        let patience = net.upstreams.get(server).map_or(Duration::ZERO, |server| server.patience());
        self.next = Some(now + patience.saturating_mul(doubled).min(net.config.timeout));
        None
    }

    /// Asks a server in the way that is due.
    fn ask(&mut self, server: usize, net: &mut Net, now: Time) {
        let by_stream = net.config.transport != Transport::Udp
            || self.careless.contains(&server)
            || self.mismatched >= limits::MISMATCHED;
        let edns = net.config.edns && net.upstreams.get(server).is_some_and(|server| server.speaks_edns(now));
        self.send(server, by_stream, edns, net, now);
    }

    fn send(&mut self, server: usize, by_stream: bool, edns: bool, net: &mut Net, now: Time) {
        let Some(to) = net.upstreams.get(server).map(|server| server.address) else { return };
        if self.sends >= limits::STUB_SENDS {
            return;
        }
        self.sends += 1;
        let asked = Asked { to, id: net.random.u16(), question: self.mixed(by_stream, net) };
        let message = net.query(&asked, edns.then_some(server));
        let socket = if by_stream { net.open(self.id, to) } else { net.port(self.id) };
        net.trace_sent(self.ticket, to, &message);
        let waiting = match socket {
            Socket::Tcp(_) => Some(framed(&message)),
            Socket::FreshPort(_) => {
                net.transmit(to, socket, message);
                None
            }
        };
        let frames = Frames::default();
        self.attempts.push(Attempt {
            socket,
            server,
            asked,
            sent: now,
            overdue: false,
            edns,
            waiting,
            frames,
        });
    }

    fn mixed(&self, by_stream: bool, net: &mut Net) -> Question {
        if by_stream || !net.config.mix_case {
            return self.question.clone();
        }
        let name = mix_case(self.question.name.as_name_ref(), || net.random.u64());
        Question { name, ..self.question.clone() }
    }

    /// Something happened on one of its sockets.
    pub(super) fn handle(&mut self, input: Input<'_>, net: &mut Net, now: Time) -> Outcome {
        match input {
            Input::Datagram { port, from, bytes } => {
                let at = self.at(Socket::FreshPort(port))?;
                self.datagram(at, from, bytes, net, now)
            }
            Input::TcpOpened(id) => {
                let at = self.at(Socket::Tcp(id))?;
                let attempt = self.attempts.get_mut(at)?;
                let message = attempt.waiting.take()?;
                net.transmit(attempt.asked.to, attempt.socket, message);
                None
            }
            Input::TcpReceived { id, bytes } => {
                let at = self.at(Socket::Tcp(id))?;
                self.stream(at, bytes, net, now)
            }
            Input::TcpClosed(id) => self.failed(self.at(Socket::Tcp(id))?, net, now),
            Input::SendFailed(socket) => self.failed(self.at(socket)?, net, now),
        }
    }

    fn at(&self, socket: Socket) -> Option<usize> {
        self.attempts.iter().position(|attempt| attempt.socket == socket)
    }

    fn datagram(
        &mut self,
        at: usize,
        from: core::net::SocketAddr,
        bytes: &[u8],
        net: &mut Net,
        now: Time,
    ) -> Outcome {
        let attempt = self.attempts.get(at)?;
        let message = Message::parse(bytes).ok();
        let fits = message.as_ref().filter(|message| attempt.asked.is_answered_by(from, message));
        match fits {
            Some(message) if self.cookie_is_right(at, message, net) => self.reply(at, message, net, now),
            _ => {
                // All but the case or the cookie is right: the server's carelessness, or a forger who knows all the rest.
                let almost = message.is_some_and(|message| {
                    from == attempt.asked.to && attempt.asked.is_answered_on_stream(&message)
                });
                self.mismatch(at, almost, net, now)
            }
        }
    }

    /// Waits on; behind the limit by TCP (RFC 5452 section 9.3), as in its next turn whoever keeps neither case nor cookie.
    fn mismatch(&mut self, at: usize, almost: bool, net: &mut Net, now: Time) -> Outcome {
        self.mismatched = self.mismatched.saturating_add(1);
        let server = self.attempts.get(at)?.server;
        if almost && !self.careless.contains(&server) {
            self.careless.push(server);
        }
        if self.mismatched == limits::MISMATCHED {
            self.send(server, true, self.attempts.get(at)?.edns, net, now);
        }
        None
    }

    fn cookie_is_right(&self, at: usize, message: &Message<'_>, net: &Net) -> bool {
        let Some(attempt) = self.attempts.get(at) else { return false };
        let Some(server) = net.upstreams.get(attempt.server) else { return false };
        let sent = attempt.edns && net.config.cookies;
        !sent || server.cookies.returned(Cookie::of(message)) == Returned::Right
    }

    fn stream(&mut self, at: usize, mut bytes: &[u8], net: &mut Net, now: Time) -> Outcome {
        let attempt = self.attempts.get_mut(at)?;
        let whole = attempt.frames.take(&mut bytes)?;
        match Message::parse(&whole) {
            Ok(message) if attempt.asked.is_answered_on_stream(&message) => {
                self.reply(at, &message, net, now)
            }
            // RFC 7766 section 7: a stream that says something else is of no use. What follows the reply is for nobody.
            _ => self.failed(at, net, now),
        }
    }

    /// A reply to this very query.
    fn reply(&mut self, at: usize, message: &Message<'_>, net: &mut Net, now: Time) -> Outcome {
        let attempt = self.attempts.get(at)?;
        let (server, edns, by_stream) =
            (attempt.server, attempt.edns, matches!(attempt.socket, Socket::Tcp(_)));
        let from = attempt.asked.to;
        if let Some(upstream) = net.upstreams.get_mut(server) {
            upstream.answered(now - attempt.sent);
        }
        let bytes = self.unmixed(message);
        let Ok(message) = &Message::parse(&bytes) else { return None };
        net.trace_received(self.ticket, from, &bytes);
        let new_cookie = net.learn_cookie(server, message);
        match message.rcode() {
            // RFC 6891 section 7, RFC 1035's servers.
            Rcode::FORMERR | Rcode::NOTIMP if edns => {
                if let Some(upstream) = net.upstreams.get_mut(server) {
                    upstream.lacks_edns(now);
                }
                self.instead(at, (by_stream, false), net, now)
            }
            // RFC 7873 section 5.3: with the new cookie; if that is not right either, by TCP.
            Rcode::BADCOOKIE if edns && !by_stream => self.instead(at, (!new_cookie, true), net, now),
            Rcode::NOERROR | Rcode::NXDOMAIN if message.flags().has(Flags::TC) && !by_stream => {
                self.instead(at, (true, edns), net, now)
            }
            Rcode::NOERROR | Rcode::NXDOMAIN => {
                self.attempts.swap_remove(at).close(net);
                Some(answer::of_reply(&self.question, message, from, bytes.clone()))
            }
            _ => {
                if let Err(error) = answer::of_reply(&self.question, message, from, bytes.clone()) {
                    self.worst = error;
                }
                self.failed(at, net, now)
            }
        }
    }

    /// The reply with the question in the case in which it was asked for: names that point to it get it back, too.
    fn unmixed(&self, message: &Message<'_>) -> Bytes {
        let (mut bytes, wire) = (message.bytes().to_vec(), self.question.name.as_wire());
        if message.question().is_some()
            && let Some(place) = bytes.get_mut(Header::LEN..Header::LEN + wire.len())
        {
            place.copy_from_slice(wire);
        }
        bytes.into()
    }

    /// The same server again, in another way.
    fn instead(&mut self, at: usize, (by_stream, edns): (bool, bool), net: &mut Net, now: Time) -> Outcome {
        let server = self.attempts.get(at)?.server;
        let before = self.sends;
        self.send(server, by_stream, edns, net, now);
        if self.sends == before {
            return self.failed(at, net, now);
        }
        self.attempts.swap_remove(at).close(net);
        // It is alive: a stream takes its time to open.
        self.next = Some(now + if by_stream { net.config.timeout } else { net.patience(server) });
        None
    }

    /// Nothing comes of this one: the next server's turn, at once.
    fn failed(&mut self, at: usize, net: &mut Net, now: Time) -> Outcome {
        if at < self.attempts.len() {
            self.attempts.swap_remove(at).close(net);
        }
        self.ask_next(net, now)
    }

    /// Gives everything back.
    pub(super) fn close(self, net: &mut Net) {
        for attempt in self.attempts {
            attempt.close(net);
        }
    }
}

impl Attempt {
    fn close(self, net: &mut Net) {
        net.close(self.socket);
    }
}

impl Net {
    /// The octets of a query; with EDNS as it is agreed on with this server.
    fn query(&self, asked: &Asked, edns: Option<usize>) -> Bytes {
        let mut out = [0; 512];
        let mut header = Header::query(asked.id, Opcode::QUERY);
        if self.config.recursion {
            header.flags = header.flags.with(Flags::RD);
        }
        if self.config.trust_ad {
            header.flags = header.flags.with(Flags::AD);
        }
        let mut builder = Builder::new(&mut out, header);
        // 12 octets, 259 of the longest question, 55 of OPT: they fit.
        let _ = builder.push_question(asked.question.as_question_ref());
        if let Some(server) = edns {
            let cookie = self
                .upstreams
                .get(server)
                .filter(|_| self.config.cookies)
                .map(|server| server.cookies.octets());
            let option = match self.config.transport {
                // Who has TLS needs no cookie (and is not to be told by it).
                Transport::Tls => Some(EdnsOption::padding(builder.len() + EdnsHeader::LEN)),
                _ => cookie.as_deref().and_then(Cookie::parse).map(EdnsOption::Cookie),
            };
            let _ = builder.push_edns(&EdnsHeader::new(limits::UDP_PAYLOAD), option.as_slice());
        }
        Bytes::copy_from_slice(builder.finish())
    }

    /// Whether the reply brought a cookie that was not known.
    fn learn_cookie(&mut self, server: usize, message: &Message<'_>) -> bool {
        self.upstreams.get_mut(server).is_some_and(|upstream| upstream.cookies.learn(Cookie::of(message)))
    }
}

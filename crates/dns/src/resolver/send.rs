//! Queries on their way: how they are made hard to guess, and how their replies are known.
//!
//! The rule (RFC 5452 section 9): a reply is one only if it comes from the address that was asked, to the port that asked,
//! with the id and the question, letter by letter. Whatever else arrives is not there: one forged reply never ends a
//! query, and many of them move it to TCP.

use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use bytes::Bytes;
use proto_core::Time;

use super::task::{Purpose, Stage, Task, TaskId, Waiter};
use super::{Due, Event, PortId, Resolver, Socket, Ticket, Trace, Transmit};
use crate::cookie::{Acquaintance, Cookie, Returned};
use crate::edns::{EdnsHeader, EdnsOption, ExtendedError};
use crate::exchange::mix_case;
use crate::{
    Builder, Class, Flags, Header, Message, Name, NameRef, Opcode, Question, QuestionRef, Rcode, RrType,
};

/// A query that awaits its reply.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) task: TaskId,
    pub(super) to: SocketAddr,
    /// As it was sent, letters mixed.
    pub(super) question: Question,
    pub(super) id: u16,
    pub(super) sent: Time,
    /// How long the server was given when it left; until when it is waited for.
    wait: Duration,
    pub(super) due: Time,
    pub(super) edns: bool,
    /// As they were sent, if they were.
    cookies: Option<Acquaintance>,
    /// The stream that it went by.
    pub(super) connection: Option<u64>,
    mismatches: u16,
}

/// What a message for a query is.
pub(super) enum Arrived {
    Reply,
    /// Cut short: TCP has the whole.
    Truncated,
    /// The server does not understand EDNS.
    NoEdns,
    Foreign,
}

impl Resolver {
    /// Sends the next query of a task to this one of its targets.
    pub(super) fn send(&mut self, task: &mut Task, target: usize, now: Time) {
        let question = self.next_question(task);
        let Some(target) = task.delegation.as_mut().and_then(|all| all.targets.get_mut(target)) else {
            return;
        };
        target.tries += 1;
        let (to, tcp) = (target.address, target.tcp);
        // Nothing goes to those in the clear.
        let by_stream = tcp || self.tls(to).is_some();
        let recursion = task.recursion || task.delegation.as_ref().is_some_and(|all| all.forward);
        let number = self.next_id();
        let query = self.compose(task.id, to, question, now);
        let bytes = self.encode(&query, recursion);
        self.sent += 1;
        task.query = Some(number);
        self.trace_query(&query, &bytes);
        self.deadlines.insert((query.due, Due::Query(number)));
        self.queries.insert(number, query);
        if by_stream {
            self.by_stream(number, to, &bytes, now);
        } else {
            let socket = Socket::FreshPort(PortId(number));
            self.transmits.push_back(Transmit { to, socket, bytes });
        }
    }

    fn compose(&mut self, task: TaskId, to: SocketAddr, question: Question, now: Time) -> Outgoing {
        let wait = self.servers.sent(to, now);
        let edns = self.servers.has_edns(to, now);
        // Who proves who it is by TLS needs no cookie, and it would tell who we are.
        let cookies = edns && self.config.cookies && self.tls(to).is_none();
        let cookies = cookies.then(|| self.servers.cookies(to, now));
        let (id, due) = (self.free_id(to), now + wait);
        let (connection, mismatches) = (None, 0);
        Outgoing { task, to, question, id, sent: now, wait, due, edns, cookies, connection, mismatches }
    }

    /// An id that no other query on the same connection has.
    fn free_id(&mut self, to: SocketAddr) -> u16 {
        loop {
            let id = self.random.u16();
            let mut neighbours =
                self.streams.neighbours(to).iter().filter_map(|number| self.queries.get(number));
            if neighbours.all(|query| query.id != id) {
                return id;
            }
        }
    }

    /// What this server is asked: no more of the name than it needs to know (RFC 9156 section 3), letters mixed.
    fn next_question(&mut self, task: &mut Task) -> Question {
        let mut question = self.shortened(task).unwrap_or_else(|| task.target());
        if self.config.mix_case {
            question.name = mix_case(question.name.as_name_ref(), || self.random.u64());
        }
        question
    }

    /// The name with a label or some more than the zone has, type A, which hides best.
    fn shortened(&self, task: &mut Task) -> Option<Question> {
        let delegation = task.delegation.as_ref()?;
        let steps = self.config.limits.minimise_steps;
        if !self.config.minimise || delegation.forward || task.whole_name || task.purpose == Purpose::Prime {
            return None;
        }
        let (all, zone) = (task.name.label_count(), delegation.zone.label_count());
        if zone + task.labels >= all || task.steps >= steps {
            task.whole_name = true;
            return None;
        }
        task.steps += 1;
        let wire = task.name.suffixes().nth(all - zone - task.labels)?;
        let name = Name::from_wire(wire).ok()?;
        Some(Question { name, rtype: RrType::A, class: Class::IN })
    }

    /// A server knew the shortened name: RFC 9156 section 2.3 has one label more at first, then several at a time.
    pub(super) fn lengthen(&self, task: &mut Task) {
        let zone = task.delegation.as_ref().map_or(0, |delegation| delegation.zone.label_count());
        let left = task.name.label_count().saturating_sub(zone + task.labels);
        let steps = usize::from(self.config.limits.minimise_steps.saturating_sub(task.steps));
        task.labels += if task.steps < 4 { 1 } else { left.div_ceil(steps.max(1)).max(1) };
    }

    fn encode(&self, query: &Outgoing, recursion: bool) -> Bytes {
        let mut header = Header::query(query.id, Opcode::QUERY);
        if recursion {
            header.flags = header.flags.with(Flags::RD);
            // RFC 6840 section 5.9: who validates wants all there is.
            if self.validates() {
                header.flags = header.flags.with(Flags::CD);
            }
        }
        let mut buffer = [0; 512];
        let mut builder = Builder::new(&mut buffer, header);
        // A name of 255 octets, a question and OPT with two cookies take 326, padded 384: there is room.
        let _ = builder.push_question(query.question.as_question_ref());
        if query.edns {
            let mut edns = EdnsHeader::new(self.config.limits.udp_payload);
            edns.dnssec_ok = true;
            let cookies = query.cookies.as_ref().map(Acquaintance::octets);
            let mut options: Vec<EdnsOption<'_>> =
                cookies.as_deref().and_then(Cookie::parse).map(EdnsOption::Cookie).into_iter().collect();
            if self.tls(query.to).is_some() {
                options.push(EdnsOption::padding(builder.len() + EdnsHeader::LEN));
            }
            let _ = builder.push_edns(&edns, &options);
        }
        Bytes::copy_from_slice(builder.finish())
    }

    /// A datagram at the port of a query.
    pub(super) fn datagram(&mut self, number: u64, from: SocketAddr, bytes: &[u8], now: Time) {
        let Some(query) = self.queries.get(&number).filter(|query| query.connection.is_none()) else {
            return;
        };
        let arrived = if from == query.to { query.arrived(bytes) } else { Arrived::Foreign };
        if matches!(arrived, Arrived::Foreign) {
            return self.mismatch(number, now);
        }
        let message = Message::parse(bytes).ok();
        let returned = message.as_ref().map(|message| returned(query, message));
        match (arrived, message) {
            _ if returned == Some(Returned::Wrong) => self.mismatch(number, now),
            // It had cookies before. RFC 7873 section 5.3 has this discarded; who it comes from, TCP tells.
            _ if returned == Some(Returned::Missing) => self.by_tcp(number, now),
            (Arrived::NoEdns, _) => self.without_edns(number, now),
            (Arrived::Truncated, _) => self.by_tcp(number, now),
            (Arrived::Reply, Some(message)) => self.answered_by_datagram(number, &message, now),
            _ => self.mismatch(number, now),
        }
    }

    fn answered_by_datagram(&mut self, number: u64, message: &Message<'_>, now: Time) {
        let fresh = self.learn_cookie(number, message);
        if message.rcode() == Rcode::BADCOOKIE {
            self.turned_away(number, fresh, now);
        } else {
            self.answered(number, message, now);
        }
    }

    /// A stream is proof enough of who we are: there is no reason to turn its cookie away.
    pub(super) fn answered_by_stream(&mut self, number: u64, message: &Message<'_>, now: Time) {
        let wrong =
            self.queries.get(&number).is_some_and(|query| returned(query, message) == Returned::Wrong);
        if wrong || message.rcode() == Rcode::BADCOOKIE {
            return self.fruitless(number, ExtendedError::INVALID_DATA, now);
        }
        self.learn_cookie(number, message);
        self.answered(number, message, now);
    }

    /// Whether the reply holds a cookie of the server's that was not known.
    fn learn_cookie(&mut self, number: u64, message: &Message<'_>) -> bool {
        let Some(query) = self.queries.get(&number) else { return false };
        let Some(sent) = query.cookies.clone() else { return false };
        self.servers.learn(query.to, sent, Cookie::of(message))
    }

    /// RFC 7873 section 5.3: once more with the fresh cookie; if that one is not right either, by TCP.
    fn turned_away(&mut self, number: u64, fresh: bool, now: Time) {
        let Some(query) = self.drop_query(number) else { return };
        self.servers.answered(query.to, query.question.rtype, now - query.sent);
        self.back_to(&query, |task| {
            task.mark(query.to, |target| {
                target.tcp = !fresh || target.fresh_cookie;
                (target.fresh_cookie, target.tries) = (true, target.tries.saturating_sub(1));
            });
        });
    }

    /// Something that is no reply: forged, it may be. So many, and TCP must tell.
    fn mismatch(&mut self, number: u64, now: Time) {
        let Some(query) = self.queries.get_mut(&number) else { return };
        query.mismatches += 1;
        if query.mismatches >= self.config.limits.mismatches {
            self.by_tcp(number, now);
        }
    }

    /// The same to the same server, by TCP (RFC 7766 section 5).
    fn by_tcp(&mut self, number: u64, now: Time) {
        let Some(query) = self.drop_query(number) else { return };
        self.servers.answered(query.to, query.question.rtype, now - query.sent);
        self.back_to(&query, |task| {
            task.mark(query.to, |target| (target.tcp, target.tries) = (true, target.tries.saturating_sub(1)));
        });
    }

    /// FORMERR or NOTIMP to a query with EDNS: once without (RFC 6891 section 7), and remembered.
    pub(super) fn without_edns(&mut self, number: u64, now: Time) {
        let Some(query) = self.drop_query(number) else { return };
        self.servers.no_edns(query.to, now + self.config.limits.no_edns);
        self.servers.answered(query.to, query.question.rtype, now - query.sent);
        self.back_to(&query, |task| {
            task.mark(query.to, |target| target.tries = target.tries.saturating_sub(1));
        });
    }

    /// Nothing came in time.
    pub(super) fn overdue(&mut self, number: u64, now: Time) {
        self.doubt_stream(number);
        let Some(query) = self.drop_query(number) else { return };
        self.servers.silent(query.to, query.question.rtype, query.wait, now);
        // Replies came, but none that fits: letters that a server does not keep, or forgeries.
        let doubtful = query.mismatches > 0;
        self.back_to(&query, |task| {
            task.mark(query.to, |target| target.tcp = doubtful && !target.tcp);
        });
    }

    /// Its connection has ended under it.
    pub(super) fn once_more(&mut self, number: u64) {
        let Some(query) = self.drop_query(number) else { return };
        self.back_to(&query, |_| {});
    }

    pub(super) fn unreachable(&mut self, number: u64, now: Time) {
        let Some(query) = self.drop_query(number) else { return };
        self.servers.silent(query.to, query.question.rtype, query.wait, now);
        self.back_to(&query, |task| task.extended = ExtendedError::NETWORK_ERROR);
    }

    /// This server won't do by this way.
    pub(super) fn fruitless(&mut self, number: u64, extended: u16, now: Time) {
        let Some(query) = self.drop_query(number) else { return };
        self.servers.silent(query.to, query.question.rtype, query.wait, now);
        self.back_to(&query, |task| {
            task.extended = extended;
            task.mark(query.to, |target| target.dead = true);
        });
    }

    /// The task goes on with another query.
    pub(super) fn back_to(&mut self, query: &Outgoing, change: impl Fn(&mut Task)) {
        let Some(task) = self.tasks.of_mut(query.task) else { return };
        change(task);
        (task.query, task.stage) = (None, Stage::Ask);
        self.ready.push_back(query.task);
    }

    /// The query is over: its port, its connection and its deadline too.
    pub(super) fn drop_query(&mut self, number: u64) -> Option<Outgoing> {
        let query = self.queries.remove(&number)?;
        self.deadlines.remove(&(query.due, Due::Query(number)));
        match query.connection {
            Some(stream) => self.leave_stream(stream, number),
            None => self.events.push_back(Event::ClosePort(PortId(number))),
        }
        Some(query)
    }

    fn trace_query(&mut self, query: &Outgoing, message: &Bytes) {
        if self.config.trace {
            let (ticket, to, message) = (self.ticket_of(query.task), query.to, message.clone());
            self.events.push_back(Event::Trace(Trace::Sent { ticket, to, message }));
        }
    }

    pub(super) fn trace_reply(&mut self, query: &Outgoing, message: &Message<'_>) {
        if self.config.trace {
            let (ticket, from) = (self.ticket_of(query.task), query.to);
            let message = Bytes::copy_from_slice(message.bytes());
            self.events.push_back(Event::Trace(Trace::Received { ticket, from, message }));
        }
    }

    /// One of the questions that a task works for; 0 if it works for none.
    fn ticket_of(&self, mut id: TaskId) -> Ticket {
        // As deep as tasks wait for one another.
        for _ in 0..16 {
            match self.tasks.of(id).and_then(|task| task.waiters.first()) {
                Some(Waiter::Ticket(ticket)) => return *ticket,
                Some(Waiter::Task(above)) => id = *above,
                None => break,
            }
        }
        Ticket(0)
    }
}

impl Outgoing {
    /// Whether the octets are the reply to the query, as far as their head tells.
    pub(super) fn arrived(&self, bytes: &[u8]) -> Arrived {
        let Ok(header) = Header::parse(bytes) else { return Arrived::Foreign };
        let query_opcode = header.opcode() == Opcode::QUERY;
        if header.id != self.id || !header.is_response() || !query_opcode {
            return Arrived::Foreign;
        }
        let not_understood = matches!(header.rcode(), Rcode::FORMERR | Rcode::NOTIMP) && self.edns;
        match header.questions {
            // RFC 6891 section 7: who does not know EDNS may send back nothing but a header.
            0 if not_understood && header.answers == 0 => return Arrived::NoEdns,
            1 if asks(self, bytes) => {}
            _ => return Arrived::Foreign,
        }
        match () {
            () if header.flags.has(Flags::TC) => Arrived::Truncated,
            () if not_understood => Arrived::NoEdns,
            () => Arrived::Reply,
        }
    }
}

/// What the reply's cookie says; nothing, if the query had none.
fn returned(query: &Outgoing, message: &Message<'_>) -> Returned {
    query.cookies.as_ref().map_or(Returned::Right, |cookies| cookies.returned(Cookie::of(message)))
}

/// The question is the query's, letter by letter; over a stream, where nobody can forge, in any letters: some servers don't keep
/// them.
fn asks(query: &Outgoing, bytes: &[u8]) -> bool {
    let Ok((name, end)) = NameRef::parse(bytes, Header::LEN) else { return false };
    let Some([a, b, c, d]) = bytes.get(end..).and_then(|rest| rest.first_chunk::<4>()) else { return false };
    let (rtype, class) = (RrType(u16::from_be_bytes([*a, *b])), Class(u16::from_be_bytes([*c, *d])));
    let QuestionRef { name: asked, .. } = query.question.as_question_ref();
    let same = name.eq_with_case(asked) || query.connection.is_some() && name == asked;
    rtype == query.question.rtype && class == query.question.class && same
}

//! A resolver's other side: what clients ask, and what they are told.
//!
//! The rule: a question out of the cache costs no task and no copy; one that is not for this server, or not one at all,
//! costs nobody else anything (RFC 1034 section 4.3.1, RFC 9619, RFC 6891).

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use proto_core::Time;

use super::local::{self, local};
use super::{Answer, Coordinator, Event, ResolveError, Resolver, Ticket};
use crate::authority::Network;
use crate::cache::{RrSet, SetData, Status};
use crate::cookie::{Cookie, SERVER_LEN, Secrets, Standing};
use crate::edns::{EdnsHeader, ExtendedError};
use crate::limits;
use crate::special::Special;
use crate::tsig::verify_request;
use crate::{
    BuildError, Builder, Class, EdnsOption, Flags, Header, Message, Name, NameRef, Opcode, Question,
    QuestionRef, Rcode, Rdata, RrType, Section,
};

/// What clients may and get.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Networks and what they may, the first that fits; others may ask.
    pub access: Vec<(Network, Access)>,
    /// Answers without authority and additional sections, denials with their SOA alone.
    pub minimal: bool,
    /// Records of an RRset in turn, so that load spreads.
    pub rotate: bool,
    /// Why an answer is as it is (RFC 8914).
    pub extended_errors: bool,
    /// Addresses of private networks have no names outside (RFC 6303).
    pub private_reverse: bool,
    /// Octets that a UDP answer has at most.
    pub udp_payload: u16,
    /// Clients that wait; who comes then is told nothing. 10000: they may all want the same.
    pub waiting: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            access: Vec::new(),
            minimal: true,
            rotate: true,
            extended_errors: true,
            private_reverse: true,
            udp_payload: limits::UDP_PAYLOAD,
            waiting: 10_000,
        }
    }
}

/// What a client may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Ask; without RD nothing is told, not even what is known.
    Allow,
    /// Ask; without RD what is known is told.
    Snoop,
    /// Nothing, and is told so.
    Refuse,
    /// Nothing.
    Deny,
}

/// What becomes of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Send these many octets of the buffer.
    Reply(usize),
    /// Say nothing.
    Drop,
    /// The answer comes later, as [`Output::Reply`].
    Wait,
}

/// What happened meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// The answer to a query: so many octets of the buffer.
    Reply {
        /// The client, as it was called in [`Service::query`].
        client: u64,
        /// Octets.
        len: usize,
    },
    /// There will be no answer: too much is being asked.
    Silence {
        /// The client.
        client: u64,
    },
    /// What the resolver wants done; never [`Event::Done`].
    Resolver(Event<Arc<Answer>>),
}

/// A query as far as its answer needs it.
#[derive(Clone, Copy, Debug)]
struct Head<'a> {
    header: Header,
    question: QuestionRef<'a>,
    edns: Option<EdnsHeader>,
    cookie: Option<Cookies>,
    stream: bool,
}

/// The client's and ours.
type Cookies = [u8; 8 + SERVER_LEN];

impl Head<'_> {
    /// RFC 6840 sections 5.7 and 5.8: AD is for who says that he understands it, by DO or by AD.
    fn flags(&self, status: Status) -> Flags {
        let understands = self.header.flags.has(Flags::AD) || self.edns.is_some_and(|edns| edns.dnssec_ok);
        match status == Status::Secure && understands {
            true => Flags::RA.with(Flags::AD),
            false => Flags::RA,
        }
    }
}

#[derive(Clone, Debug)]
struct Client {
    id: u64,
    header: Header,
    question: Question,
    edns: Option<EdnsHeader>,
    cookie: Option<Cookies>,
    stream: bool,
}

/// A [`Resolver`] that answers queries.
#[derive(Debug)]
pub struct Service {
    resolver: Resolver,
    policy: Policy,
    waiting: BTreeMap<Ticket, Client>,
    cookies: Option<Secrets>,
    turn: usize,
}

impl Service {
    /// Clients are answered by `resolver`, as `policy` says.
    #[must_use]
    pub fn new(resolver: Resolver, policy: Policy) -> Self {
        Service { resolver, policy, waiting: BTreeMap::new(), cookies: None, turn: 0 }
    }

    /// Gives cookies to clients that have one of their own, and turns away who shows a wrong one (RFC 7873 section 5.2).
    #[must_use]
    pub fn cookies(mut self, secrets: Secrets) -> Self {
        self.cookies = Some(secrets);
        self
    }

    /// The resolver, for what comes from servers and what goes to them. Its events come out of
    /// [`poll_event`](Service::poll_event).
    pub fn resolver(&mut self) -> &mut Resolver {
        &mut self.resolver
    }

    /// Clients that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// A query came in. `stream`: by TCP, and so the answer may be long.
    pub fn query(
        &mut self,
        (client, from): (u64, IpAddr),
        stream: bool,
        bytes: &[u8],
        now: Time,
        out: &mut [u8],
    ) -> Verdict {
        let Ok(header) = Header::parse(bytes) else { return Verdict::Drop };
        if header.is_response() {
            return Verdict::Drop;
        }
        let access = self.access(from);
        if access == Access::Deny {
            return Verdict::Drop;
        }
        let query = header.opcode() == Opcode::QUERY;
        let message = match Message::parse(bytes) {
            Ok(message) => message,
            Err(_) => return bare(&header, if query { Rcode::FORMERR } else { Rcode::NOTIMP }, out),
        };
        let edns = message.edns().map(|edns| edns.header);
        let shown = message.edns().and_then(|edns| edns.cookie());
        let (standing, cookie) = self.acquainted(shown, from, now);
        let payload = self.policy.udp_payload;
        let short = Short { header, question: message.question(), edns, cookie, payload };
        match edns {
            // RFC 6891 section 6.1.3.
            Some(edns) if edns.version > 0 => return short.reply(Rcode::BADVERS, out),
            _ if !query => return short.reply(Rcode::NOTIMP, out),
            _ => {}
        }
        // RFC 8945 section 5.2.1: there are no keys here.
        if let Err(refusal) = verify_request(&message, &[], 0) {
            return refusal.reply(&message, out, 0).map_or(Verdict::Drop, Verdict::Reply);
        }
        // RFC 7873 section 5.2.4; by TCP the address is known to be true.
        if !stream && standing == Some(Standing::Wrong) {
            return short.reply(Rcode::BADCOOKIE, out);
        }
        // RFC 7873 section 5.4: no question, if there is a cookie.
        if message.question().is_none() && cookie.is_some() {
            return short.reply(Rcode::NOERROR, out);
        }
        // A question brings no records along (RFC 1035 section 4.1.1 leaves the sections to answers).
        let Some(question) = message.question().filter(|_| header.answers == 0 && header.authorities == 0)
        else {
            return bare(&header, Rcode::FORMERR, out);
        };
        let head = Head { header, question, edns, cookie, stream };
        self.answer(client, &head, access, now, out)
    }

    /// What a client's cookie says, and the cookies for the reply. The time is ours alone: nobody shares the secret.
    fn acquainted(
        &self,
        shown: Option<Cookie<'_>>,
        from: IpAddr,
        now: Time,
    ) -> (Option<Standing>, Option<Cookies>) {
        let (Some(secrets), Some(shown)) = (&self.cookies, shown) else { return (None, None) };
        let seconds = u32::try_from((now - Time::ZERO).as_secs() & u64::from(u32::MAX)).unwrap_or(0);
        (Some(secrets.judge(shown, from, seconds)), Some(secrets.answer(shown, from, seconds)))
    }

    fn access(&self, from: IpAddr) -> Access {
        let fits = self.policy.access.iter().find(|(network, _)| network.contains(from));
        fits.map_or(Access::Snoop, |(_, access)| *access)
    }

    fn answer(&mut self, client: u64, head: &Head<'_>, access: Access, now: Time, out: &mut [u8]) -> Verdict {
        if access == Access::Refuse {
            return self.refuse(head, (Rcode::REFUSED, Flags(0)), Some(ExtendedError::PROHIBITED), out);
        }
        let (rtype, class) = (head.question.rtype, head.question.class);
        // RFC 6891 section 6.1.1, RFC 9824: neither is ever asked for.
        if matches!(rtype, RrType::OPT | RrType::NXNAME) {
            return self.refuse(head, (Rcode::FORMERR, Flags::RA), None, out);
        }
        if class != Class::IN || rtype.is_meta() && rtype != RrType::ANY {
            return self.refuse(head, (Rcode::REFUSED, Flags(0)), Some(ExtendedError::NOT_SUPPORTED), out);
        }
        if let Some(verdict) = self.local(head, out) {
            return verdict;
        }
        let recursive = head.header.flags.has(Flags::RD);
        if !recursive && access != Access::Snoop {
            let why = Some(ExtendedError::NOT_AUTHORITATIVE);
            return self.refuse(head, (Rcode::REFUSED, Flags::RA), why, out);
        }
        if let Some(verdict) = self.cached(head, now, out) {
            return verdict;
        }
        if !recursive {
            return self.refer(head, now, out);
        }
        if self.waiting.len() >= self.policy.waiting {
            return Verdict::Drop;
        }
        let question = head.question.to_question();
        let ticket = match head.header.flags.has(Flags::CD) {
            true => self.resolver.resolve_unchecked(question.clone(), now),
            false => self.resolver.resolve(question.clone(), now),
        };
        let Head { header, edns, cookie, stream, .. } = *head;
        self.waiting.insert(ticket, Client { id: client, header, question, edns, cookie, stream });
        Verdict::Wait
    }

    /// The next answer, or the next thing that the resolver wants. Call it until `None`.
    pub fn poll_event(&mut self, out: &mut [u8]) -> Option<Output> {
        loop {
            match self.resolver.poll_event()? {
                Event::Done { ticket, answer } => {
                    let Some(client) = self.waiting.remove(&ticket) else { continue };
                    if answer.error == Some(ResolveError::Cancelled) {
                        return Some(Output::Silence { client: client.id });
                    }
                    let len = self.tell(&client, &answer, out);
                    return Some(Output::Reply { client: client.id, len });
                }
                event => return Some(Output::Resolver(event)),
            }
        }
    }

    /// Forgets clients that went away, so that nothing is done for them any more.
    pub fn forget(&mut self, gone: impl Fn(u64) -> bool) {
        let tickets: Vec<Ticket> =
            self.waiting.iter().filter(|(_, client)| gone(client.id)).map(|(ticket, _)| *ticket).collect();
        for ticket in tickets {
            self.waiting.remove(&ticket);
            self.resolver.cancel(ticket);
        }
    }

    fn turn(&mut self) -> usize {
        self.turn = self.turn.wrapping_add(usize::from(self.policy.rotate));
        self.turn
    }

    fn cached(&mut self, head: &Head<'_>, now: Time, out: &mut [u8]) -> Option<Verdict> {
        let turn = self.turn();
        let validates = self.resolver.validates();
        let hit = self.resolver.cache.lookup(head.question, now, Duration::ZERO)?;
        let status = if validates { hit.status() } else { Status::Indeterminate };
        if validates && status == Status::Indeterminate && !head.header.flags.has(Flags::CD) {
            return None;
        }
        let mut writer = Writer::new(head, hit.rcode(), head.flags(status), (&self.policy, turn), out);
        writer.sections(hit.answer(), hit.authority(), hit.additional());
        let len = writer.finish(None);
        let left = hit.worth_refreshing();
        if left.is_some() {
            let question = head.question.to_question();
            self.resolver.renew(&question, left, now);
        }
        Some(Verdict::Reply(len))
    }

    fn tell(&mut self, client: &Client, answer: &Answer, out: &mut [u8]) -> usize {
        let turn = self.turn();
        let Client { header, edns, cookie, stream, .. } = *client;
        let head = Head { header, question: client.question.as_question_ref(), edns, cookie, stream };
        let flags = head.flags(answer.status);
        let mut writer = Writer::new(&head, answer.rcode, flags, (&self.policy, turn), out);
        let sections = &answer.sections;
        writer.sections(parts(&sections.answer), parts(&sections.authority), parts(&sections.additional));
        writer.finish(answer.extended)
    }

    /// RFC 1034 section 4.3.1: without RD, who is nearer to the answer, as far as is known.
    fn refer(&mut self, head: &Head<'_>, now: Time, out: &mut [u8]) -> Verdict {
        let mut rest = Some(head.question.name);
        while let Some(zone) = rest {
            if let Some((servers, _)) = self.resolver.cache.rrset(zone, RrType::NS, Class::IN, now) {
                let glue = self.glue(&servers, now);
                let turn = self.turn();
                let mut writer = Writer::new(head, Rcode::NOERROR, Flags::RA, (&self.policy, turn), out);
                writer.whole = true;
                writer.sections(parts(&[]), parts(core::slice::from_ref(&servers)), parts(&glue));
                return Verdict::Reply(writer.finish(None));
            }
            rest = zone.parent();
        }
        self.refuse(head, (Rcode::REFUSED, Flags::RA), Some(ExtendedError::NOT_AUTHORITATIVE), out)
    }

    fn glue(&mut self, servers: &RrSet, now: Time) -> Vec<RrSet> {
        let mut glue = Vec::new();
        for name in servers.rdatas().filter_map(|rdata| rdata.name()) {
            for rtype in [RrType::A, RrType::AAAA] {
                let known = self.resolver.cache.rrset(name, rtype, Class::IN, now);
                glue.extend(known.map(|(set, _)| set));
            }
        }
        glue
    }

    fn local(&mut self, head: &Head<'_>, out: &mut [u8]) -> Option<Verdict> {
        let (known, labels) = local(head.question, self.policy.private_reverse)?;
        let zone = local::zone_of(head.question.name, labels);
        // Who was told where to ask is not kept from asking.
        if self
            .resolver
            .config
            .zones
            .iter()
            .any(|rule| !rule.name.is_root() && zone.is_subdomain_of(&rule.name))
        {
            return None;
        }
        let rcode = if known == Special::NxDomain { Rcode::NXDOMAIN } else { Rcode::NOERROR };
        let mut writer = Writer::new(head, rcode, Flags::RA.with(Flags::AA), (&self.policy, 0), out);
        writer.local(known, head.question.name, &zone);
        Some(Verdict::Reply(writer.finish(None)))
    }

    fn refuse(
        &self,
        head: &Head<'_>,
        (rcode, flags): (Rcode, Flags),
        why: Option<u16>,
        out: &mut [u8],
    ) -> Verdict {
        let writer = Writer::new(head, rcode, flags, (&self.policy, 0), out);
        Verdict::Reply(writer.finish(why.map(ExtendedError::new)))
    }
}

fn parts(sets: &[RrSet]) -> impl Iterator<Item = (&SetData, u32)> {
    sets.iter().map(|set| (&*set.data, set.ttl))
}

/// A header alone.
fn bare(header: &Header, rcode: Rcode, out: &mut [u8]) -> Verdict {
    Verdict::Reply(Builder::new(out, header.reply(rcode)).finish().len())
}

/// All that there is in a reply that is little more than a response code.
struct Short<'a> {
    header: Header,
    question: Option<QuestionRef<'a>>,
    edns: Option<EdnsHeader>,
    cookie: Option<Cookies>,
    payload: u16,
}

impl Short<'_> {
    fn reply(self, rcode: Rcode, out: &mut [u8]) -> Verdict {
        let mut header = self.header.reply(Rcode::NOERROR);
        header.flags = header.flags.with(Flags::RA);
        let mut builder = Builder::new(out, header);
        builder.set_rcode(rcode);
        if let Some(question) = self.question {
            let _ = builder.push_question(question);
        }
        if self.edns.is_some() {
            let cookie = self.cookie.as_ref().and_then(|both| Cookie::parse(both)).map(EdnsOption::Cookie);
            let _ = builder.push_edns(&EdnsHeader::new(self.payload), cookie.as_slice());
        }
        Verdict::Reply(builder.finish().len())
    }
}

/// An answer in the making.
struct Writer<'b, 'p> {
    builder: Builder<'b>,
    policy: &'p Policy,
    edns: Option<EdnsHeader>,
    cookie: Option<Cookies>,
    turn: usize,
    rtype: RrType,
    rcode: Rcode,
    /// RRsets of the answer.
    most: usize,
    /// All sections, whatever the policy.
    whole: bool,
    full: bool,
}

impl<'b, 'p> Writer<'b, 'p> {
    fn new(
        head: &Head<'_>,
        rcode: Rcode,
        flags: Flags,
        (policy, turn): (&'p Policy, usize),
        out: &'b mut [u8],
    ) -> Self {
        let mut header = head.header.reply(Rcode::NOERROR);
        header.flags = Flags(header.flags.0 | flags.0);
        let offered = head.edns.map_or(limits::UDP_WITHOUT_EDNS, |edns| {
            usize::from(edns.udp_payload.min(policy.udp_payload)).max(limits::UDP_WITHOUT_EDNS)
        });
        let limit = if head.stream { limits::MESSAGE } else { offered };
        let cookie = head.cookie.map_or(0, |both| 4 + both.len());
        let reserve = if head.edns.is_some() { EdnsHeader::LEN + 6 + cookie } else { 0 };
        let mut builder = Builder::new(out, header).limit(limit).reserve(reserve);
        builder.set_rcode(rcode);
        let full = builder.push_question(head.question).is_err();
        Writer {
            builder,
            policy,
            edns: head.edns,
            cookie: head.cookie,
            turn,
            rtype: head.question.rtype,
            rcode,
            // RFC 8482 section 4.1: one of them is enough for an address that may be forged.
            most: if head.question.rtype == RrType::ANY && !head.stream { 1 } else { usize::MAX },
            whole: false,
            full,
        }
    }

    fn dnssec(&self) -> bool {
        self.edns.is_some_and(|edns| edns.dnssec_ok)
    }

    fn sections<'s>(
        &mut self,
        answer: impl Iterator<Item = (&'s SetData, u32)>,
        authority: impl Iterator<Item = (&'s SetData, u32)>,
        additional: impl Iterator<Item = (&'s SetData, u32)>,
    ) {
        let mut positive = false;
        for (set, ttl) in answer.take(self.most) {
            positive |= set.rtype != RrType::CNAME || self.rtype == RrType::CNAME;
            self.put(Section::Answer, set, ttl);
        }
        let minimal = self.policy.minimal && !self.whole;
        let answered = positive && self.rcode == Rcode::NOERROR;
        for (set, ttl) in authority {
            let proves = matches!(set.rtype, RrType::NSEC | RrType::NSEC3 | RrType::DS);
            let wanted = match set.rtype {
                // With an answer: what shows that a wildcard had to make it (RFC 4035 section 3.1.3.3).
                _ if proves => self.dnssec(),
                _ if minimal && answered => false,
                RrType::SOA => true,
                _ => !minimal,
            };
            if wanted {
                self.put(Section::Authority, set, ttl);
            }
        }
        if !minimal && !self.full {
            additional.for_each(|(set, ttl)| {
                let _ = self.push(Section::Additional, set, ttl);
            });
        }
    }

    /// An RRset that belongs there: if it has no room, the client must ask by TCP (RFC 2181 section 9).
    fn put(&mut self, section: Section, set: &SetData, ttl: u32) {
        if !self.full && self.push(section, set, ttl).is_err() {
            self.full = true;
            self.builder.set_truncated();
        }
    }

    fn push(&mut self, section: Section, set: &SetData, ttl: u32) -> Result<(), BuildError> {
        let owner = set.owner.as_name_ref();
        let count = set.rdatas().count();
        let start = self.turn.checked_rem(count).unwrap_or(0);
        let rotated = set.rdatas().skip(start).chain(set.rdatas().take(start));
        self.builder.try_push_rrset(section, owner, ttl, rotated)?;
        if self.dnssec() {
            self.builder.try_push_rrset(section, owner, ttl, set.signatures())?;
        }
        Ok(())
    }

    fn local(&mut self, known: Special, name: NameRef<'_>, zone: &Name) {
        let rdata = match known {
            Special::Address(IpAddr::V4(v4)) => Rdata::from_wire(RrType::A, Class::IN, &v4.octets()).ok(),
            Special::Address(IpAddr::V6(v6)) => Rdata::from_wire(RrType::AAAA, Class::IN, &v6.octets()).ok(),
            Special::Localhost => Rdata::of_text(RrType::PTR, "localhost.").ok(),
            Special::NoData | Special::NxDomain => Rdata::of_text(RrType::SOA, local::SOA).ok(),
        };
        let Some(rdata) = rdata else { return };
        let (section, owner) = match rdata.rtype() {
            RrType::SOA => (Section::Authority, zone.as_name_ref()),
            _ => (Section::Answer, name),
        };
        let _ = self.builder.try_push_rrset(section, owner, local::TTL, [rdata.as_rdata_ref()]);
    }

    fn finish(mut self, why: Option<ExtendedError<'_>>) -> usize {
        if let Some(edns) = self.edns {
            let mut header = EdnsHeader::new(self.policy.udp_payload);
            header.dnssec_ok = edns.dnssec_ok;
            let why = why.filter(|_| self.policy.extended_errors).map(EdnsOption::ExtendedError);
            let cookie = self.cookie.as_ref().and_then(|both| Cookie::parse(both)).map(EdnsOption::Cookie);
            let _ = match (cookie, why) {
                (Some(cookie), Some(why)) => self.builder.push_edns(&header, &[cookie, why]),
                (one, other) => self.builder.push_edns(&header, one.or(other).as_slice()),
            };
        }
        self.builder.finish().len()
    }
}

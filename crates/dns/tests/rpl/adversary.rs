//! A server that answers anything, and a resolver that must come to an end nevertheless.
//!
//! The octets of a test case choose what every reply is: referrals up, down and sideways to servers without addresses,
//! aliases in circles, forgeries, cuts, silence. What is checked holds against all of them: every question is answered
//! once, within its quotas; nothing stays behind; what is remembered fits.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use dns::proto_core::Time;
use dns::resolver::{Config, Resolver, Way, ZoneRule};
use dns::{
    Builder, Coordinator as _, EdnsHeader, Event, Flags, Header, Input, Message, Name, Opcode, Question,
    QuestionRef, Rcode, Rdata, Record, RrType, Section, Socket, TcpId, Ticket, Transmit,
};

/// Octets that decide, one choice at a time; nothing but zeros at the end.
struct Choices<'d>(&'d [u8]);

impl Choices<'_> {
    fn next(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    fn below(&mut self, bound: u8) -> u8 {
        self.next() % bound
    }

    fn one_in(&mut self, bound: u8) -> bool {
        self.below(bound) == 1
    }
}

const TYPES: [RrType; 8] =
    [RrType::A, RrType::AAAA, RrType::NS, RrType::CNAME, RrType::DNAME, RrType::SOA, RrType::MX, RrType::DS];

struct World<'d> {
    choices: Choices<'d>,
    resolver: Resolver,
    now: Time,
    asked: HashMap<Ticket, u32>,
    /// What was sent to whom, per stream.
    streams: HashMap<TcpId, SocketAddr>,
}

/// Plays one case.
pub(crate) fn face(data: &[u8]) {
    let mut choices = Choices(data);
    let mut config = Config { roots: vec!["192.0.2.1:53".parse().unwrap()], ..Config::default() };
    let options = choices.next();
    config.minimise = options & 1 == 0;
    config.mix_case = options & 2 == 0;
    config.prefetch = options & 4 != 0;
    config.distrust_unasked = options & 8 == 0;
    config.trace = options & 16 != 0;
    if options & 32 != 0 {
        config.serve_stale = Duration::from_secs(3600);
    }
    if options & 64 != 0 {
        let servers = vec!["192.0.2.9:53".parse().unwrap()];
        config.zones.push(ZoneRule {
            name: "a.".parse().unwrap(),
            servers,
            way: Way::Forward { first: options > 128 },
        });
    }
    config.limits.cache_bytes = 1 << (10 + options % 8);
    config.limits.mismatches = 10;
    let resolver = Resolver::new(config, [options; 32]);
    let now = Time::from_secs(1);
    World { choices, resolver, now, asked: HashMap::new(), streams: HashMap::new() }.play();
}

impl World<'_> {
    fn play(&mut self) {
        for _ in 0..=self.choices.below(4) {
            let question = Question::new(self.name(), self.rtype());
            let before = self.resolver.sent();
            let ticket = self.resolver.resolve(question, self.now);
            self.asked.insert(ticket, 0);
            self.run_out();
            // One question, and its prefetch: each has its quota. A prefetch may follow.
            let most = 3 * u64::from(self.resolver.config().limits.sends);
            assert!(self.resolver.sent() - before <= most, "more queries than there may be");
            assert!(self.resolver.cache().bytes() <= self.resolver.config().limits.cache_bytes);
            self.now = self.now + Duration::from_secs(u64::from(self.choices.next()));
        }
        for (ticket, times) in &self.asked {
            assert_eq!(*times, 1, "answers to {ticket:?}");
        }
        assert_eq!(self.resolver.at_work(), 0, "questions are left");
        assert_eq!(self.resolver.deadline(), None, "deadlines are left");
        assert!(self.streams.is_empty(), "streams are left");
    }

    /// Until nothing is left to do. The clock moves only when nobody says anything.
    fn run_out(&mut self) {
        for _ in 0..100_000 {
            let mut busy = false;
            while let Some(event) = self.resolver.poll_event() {
                busy = true;
                self.event(event);
            }
            while let Some(transmit) = self.resolver.poll_transmit(self.now) {
                busy = true;
                self.sent(&transmit);
            }
            if busy {
                continue;
            }
            let Some(deadline) = self.resolver.deadline() else { return };
            self.now = self.now.max(deadline);
            self.resolver.handle_deadline(self.now);
        }
        panic!("it does not end");
    }

    fn event<A>(&mut self, event: Event<A>) {
        match event {
            Event::Done { ticket, .. } => *self.asked.get_mut(&ticket).expect("nobody asked") += 1,
            Event::OpenTcp { id, to, .. } => {
                self.streams.insert(id, to);
                let input = if self.choices.one_in(4) { Input::TcpClosed(id) } else { Input::TcpOpened(id) };
                self.resolver.handle(input, self.now);
            }
            Event::CloseTcp(id) => drop(self.streams.remove(&id)),
            _ => {}
        }
    }

    fn sent(&mut self, transmit: &Transmit) {
        let bytes = match transmit.socket {
            Socket::FreshPort(_) => &transmit.bytes[..],
            Socket::Tcp(_) => &transmit.bytes[2..],
        };
        let query = Message::parse(bytes).expect("what is sent is a message");
        // Sometimes more than one reply, mostly one, sometimes none.
        let replies = [0, 1, 1, 1, 1, 2, 12][usize::from(self.choices.below(7))];
        for _ in 0..replies {
            let from = if self.choices.one_in(8) { "198.51.100.1:53".parse().unwrap() } else { transmit.to };
            let reply = self.reply(&query);
            match transmit.socket {
                Socket::FreshPort(port) => {
                    self.resolver.handle(Input::Datagram { port, from, bytes: &reply }, self.now);
                }
                Socket::Tcp(id) => {
                    let mut framed = (reply.len() as u16).to_be_bytes().to_vec();
                    framed.extend(reply);
                    let cut = usize::from(self.choices.next()).min(framed.len());
                    self.resolver.handle(Input::TcpReceived { id, bytes: &framed[..cut] }, self.now);
                    self.resolver.handle(Input::TcpReceived { id, bytes: &framed[cut..] }, self.now);
                }
            }
        }
        match self.choices.below(16) {
            1 => self.resolver.handle(Input::SendFailed(transmit.socket), self.now),
            2 => self.now = self.now + Duration::from_millis(u64::from(self.choices.next()) * 40),
            _ => {}
        }
    }

    fn name(&mut self) -> Name {
        let labels: Vec<&[u8]> = (0..self.choices.below(6))
            .map(|_| [&b"a"[..], b"b", b"c", b"ns", b"www"][usize::from(self.choices.below(5))])
            .collect();
        Name::from_labels(labels).unwrap()
    }

    fn rtype(&mut self) -> RrType {
        TYPES[usize::from(self.choices.below(8))]
    }

    fn record(&mut self, owner: Name) -> Record {
        let rtype = self.rtype();
        let text = match rtype {
            RrType::A => format!("192.0.2.{}", self.choices.below(16)),
            RrType::AAAA => format!("2001:db8::{}", self.choices.below(16)),
            RrType::SOA => format!("{} . 1 2 3 4 {}", self.name(), self.choices.next()),
            RrType::MX => format!("10 {}", self.name()),
            RrType::DS => "1 8 2 00112233".into(),
            _ => self.name().to_string(),
        };
        let ttl = [0, 1, 10, 3600, u32::MAX][usize::from(self.choices.below(5))];
        Record { owner, ttl, rdata: Rdata::of_text(rtype, &text).unwrap() }
    }

    /// Whose record it is: the name asked for, one above it, or any.
    fn owner(&mut self, asked: &Name) -> Name {
        match self.choices.below(4) {
            0 => asked.clone(),
            1 => self.name(),
            above => (2..above + 1).fold(asked.clone(), |name, _| name.parent().unwrap_or_default()),
        }
    }

    fn reply(&mut self, query: &Message<'_>) -> Vec<u8> {
        if self.choices.one_in(32) {
            let len = usize::from(self.choices.below(40));
            return (0..len).map(|_| self.choices.next()).collect();
        }
        let asked = query.question().unwrap().to_question();
        let rcodes = [0, 0, 0, 0, 0, 0, 3, 2, 5, 1, 4, 6];
        let rcode = Rcode(rcodes[usize::from(self.choices.below(12))]);
        let id = if self.choices.one_in(16) { 0 } else { query.id() };
        let mut header = Header::query(id, Opcode::QUERY).reply(rcode);
        for (flag, chance) in [(Flags::AA, 2), (Flags::TC, 16), (Flags::RA, 4)] {
            if self.choices.one_in(chance) {
                header.flags = header.flags.with(flag);
            }
        }
        let mut buffer = vec![0; 65_535];
        let mut builder = Builder::new(&mut buffer, header);
        match self.choices.below(24) {
            1 => {}
            2 => {
                let other = Question::new(self.name(), asked.rtype);
                builder.push_question(other.as_question_ref()).unwrap();
            }
            _ => builder.push_question(QuestionRef::from(&asked)).unwrap(),
        }
        for section in Section::ALL {
            let count = self.choices.below(if self.choices.0.len().is_multiple_of(7) { 40 } else { 4 });
            for _ in 0..count {
                let owner = self.owner(&asked.name);
                let record = self.record(owner);
                let _ = builder.push_record(section, record.as_record_ref());
            }
        }
        if self.choices.one_in(2) {
            let _ = builder.push_edns(&EdnsHeader::new(1232), &[]);
        }
        builder.finish().to_vec()
    }
}

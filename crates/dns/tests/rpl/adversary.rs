//! A server that answers anything, and a resolver that must come to an end nevertheless.
//!
//! The octets of a test case choose what every reply is: referrals up, down and sideways to servers without addresses,
//! aliases in circles, forgeries, cuts, silence. What is checked holds against all of them: every question is answered
//! once, within its quotas; nothing stays behind; what is remembered fits. Under a trust anchor the octets also choose
//! which signatures are good; if none is, nothing is told.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use dns::cache::Status;
use dns::cookie::Cookie;
use dns::dnssec::{Validator, Verifier, ds_of, key_tag};
use dns::proto_core::Time;
use dns::resolver::{Answer, Config, Resolver, Way, ZoneRule};
use dns::{
    BuildError, Builder, Coordinator as _, EdnsHeader, EdnsOption, Event, Flags, Header, Input, Message,
    Name, Opcode, Privacy, Question, QuestionRef, Rcode, Rdata, Record, RrType, Section, Socket, TcpId,
    Ticket, Transmit,
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

const TYPES: [RrType; 12] = [
    RrType::A,
    RrType::AAAA,
    RrType::NS,
    RrType::CNAME,
    RrType::DNAME,
    RrType::SOA,
    RrType::MX,
    RrType::DS,
    RrType::DNSKEY,
    RrType::RRSIG,
    RrType::NSEC,
    RrType::NSEC3,
];

/// The key of every zone, whose signatures are good or not as it comes.
const KEY: &str = "257 3 15 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn key() -> Rdata {
    Rdata::of_text(RrType::DNSKEY, KEY).unwrap()
}

/// How good signatures are: by the first octet of each, out of 256.
struct Doubtful {
    good: u8,
    tried: Arc<AtomicU32>,
}

impl Verifier for Doubtful {
    fn knows(&self, algorithm: u8) -> bool {
        algorithm == 15
    }

    fn verify(&self, _: u8, _: &[u8], _: &[u8], signature: &[u8]) -> bool {
        self.tried.fetch_add(1, Ordering::Relaxed);
        signature[0] < self.good
    }
}

struct World<'d> {
    choices: Choices<'d>,
    resolver: Resolver,
    now: Time,
    asked: HashMap<Ticket, u32>,
    /// Signatures tried; how many of 256 are good, if that matters.
    tried: Arc<AtomicU32>,
    good: Option<u8>,
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
        if options & 4 != 0 {
            config.tls.insert(servers[0], "dns.example".into());
        }
        config.zones.push(ZoneRule {
            name: "a.".parse().unwrap(),
            servers,
            way: Way::Forward { first: options > 128 },
        });
    }
    config.limits.cache_bytes = 1 << (10 + options % 8);
    config.limits.mismatches = 10;
    let now = Time::from_secs(1);
    let tried = Arc::new(AtomicU32::new(0));
    // Half of the cases have an anchor, some of them one that nothing is proven from.
    let good = (choices.one_in(2)).then(|| choices.next().saturating_mul(2));
    let resolver = match good {
        Some(good) => {
            let mut validator = Validator::new(Box::new(Doubtful { good, tried: tried.clone() }) as _);
            validator.trust(Name::ROOT, key());
            Resolver::validating(config, [options; 32], validator, (1_780_000_000, now))
        }
        None => Resolver::new(config, [options; 32]),
    };
    World { choices, resolver, now, asked: HashMap::new(), tried, good, streams: HashMap::new() }.play();
}

impl World<'_> {
    fn play(&mut self) {
        for _ in 0..=self.choices.below(4) {
            let question = Question::new(self.name(), self.rtype());
            let before = self.resolver.sent();
            let checks = self.choices.one_in(8);
            let ticket = match checks {
                true => self.resolver.resolve_unchecked(question, self.now),
                false => self.resolver.resolve(question, self.now),
            };
            self.asked.insert(ticket, 0);
            self.run_out(checks);
            // One question, and its prefetch: each has its quota. A prefetch may follow.
            let most = 3 * u64::from(self.resolver.config().limits.sends);
            assert!(self.resolver.sent() - before <= most, "more queries than there may be");
            let limits = &self.resolver.config().limits;
            let tried = self.tried.swap(0, Ordering::Relaxed);
            assert!(tried <= 3 * limits.checks, "{tried} signatures tried");
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
    fn run_out(&mut self, unchecked: bool) {
        for _ in 0..100_000 {
            let mut busy = false;
            while let Some(event) = self.resolver.poll_event() {
                busy = true;
                self.event(event, unchecked);
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

    fn event(&mut self, event: Event<Arc<Answer>>, unchecked: bool) {
        match event {
            Event::Done { ticket, answer } => {
                *self.asked.get_mut(&ticket).expect("nobody asked") += 1;
                self.weigh(&answer, unchecked);
            }
            Event::OpenTcp { id, to, privacy } => {
                assert_eq!(privacy != Privacy::Clear, self.resolver.config().tls.contains_key(&to));
                self.streams.insert(id, to);
                let input = if self.choices.one_in(4) { Input::TcpClosed(id) } else { Input::TcpOpened(id) };
                self.resolver.handle(input, self.now);
            }
            Event::CloseTcp(id) => drop(self.streams.remove(&id)),
            _ => {}
        }
    }

    /// What is told under an anchor is proven, or that nobody signs it is: by signatures, in either case.
    fn weigh(&self, answer: &Answer, unchecked: bool) {
        let told = answer.rcode == Rcode::NOERROR || answer.rcode == Rcode::NXDOMAIN;
        match self.good {
            None => assert_eq!(answer.status, Status::Indeterminate),
            Some(0) if !unchecked => {
                assert!(!told || answer.question.rtype == RrType::RRSIG, "{answer:?}");
            }
            Some(0) => assert_ne!(answer.status, Status::Secure),
            Some(_) if !unchecked => assert!(!told || answer.status != Status::Indeterminate, "{answer:?}"),
            Some(_) => {}
        }
    }

    fn sent(&mut self, transmit: &Transmit) {
        let bytes = match transmit.socket {
            Socket::FreshPort(_) => {
                assert!(!self.resolver.config().tls.contains_key(&transmit.to), "in the clear");
                &transmit.bytes[..]
            }
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
            3 => {
                if let Socket::Tcp(id) = transmit.socket {
                    self.resolver.handle(Input::TcpClosed(id), self.now);
                }
            }
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
        TYPES[usize::from(self.choices.below(12))]
    }

    fn record(&mut self, owner: Name) -> Record {
        let rtype = self.rtype();
        let text = match rtype {
            RrType::A => format!("192.0.2.{}", self.choices.below(16)),
            RrType::AAAA => format!("2001:db8::{}", self.choices.below(16)),
            RrType::SOA => format!("{} . 1 2 3 4 {}", self.name(), self.choices.next()),
            RrType::MX => format!("10 {}", self.name()),
            RrType::DS if self.choices.one_in(4) => "1 8 2 00112233".into(),
            RrType::DS => {
                let ds = ds_of(owner.as_name_ref(), &key().as_rdata_ref(), 2).unwrap();
                ds.as_rdata_ref().to_string()
            }
            RrType::DNSKEY => KEY.into(),
            RrType::RRSIG => {
                let (covers, signer) = (self.rtype(), self.owner(&owner));
                self.signature(&owner, covers, &signer)
            }
            RrType::NSEC => format!("{} A NS SOA", self.name()),
            RrType::NSEC3 => {
                let rounds = [0, 1, 60, 2000][usize::from(self.choices.below(4))];
                format!("1 {} {rounds} - 00000000000000000000000000000000 A NS", self.choices.below(3))
            }
            _ => self.name().to_string(),
        };
        let ttl = [0, 1, 10, 3600, u32::MAX][usize::from(self.choices.below(5))];
        Record { owner, ttl, rdata: Rdata::of_text(rtype, &text).unwrap() }
    }

    /// What was asked for, signed by who should: without that, hardly a chain would hold.
    fn honestly(&mut self, asked: &Question, builder: &mut Builder<'_>) {
        let text = match asked.rtype {
            RrType::DNSKEY => KEY.to_owned(),
            RrType::DS => {
                ds_of(asked.name.as_name_ref(), &key().as_rdata_ref(), 2).unwrap().as_rdata_ref().to_string()
            }
            RrType::A => "192.0.2.7".to_owned(),
            _ => return,
        };
        let signer = match asked.rtype {
            RrType::DNSKEY => asked.name.clone(),
            RrType::DS => asked.name.parent().unwrap_or_default(),
            _ => self.owner(&asked.name),
        };
        let rdata = Rdata::of_text(asked.rtype, &text).unwrap();
        let record = Record { owner: asked.name.clone(), ttl: 3600, rdata };
        let _ = builder.push_record(Section::Answer, record.as_record_ref());
        let text = self.signature(&asked.name, asked.rtype, &signer);
        let rdata = Rdata::of_text(RrType::RRSIG, &text).unwrap();
        let _ = builder.push_record(Section::Answer, Record { rdata, ..record }.as_record_ref());
    }

    /// Mostly of the right time and with the right number of labels.
    fn signature(&mut self, owner: &Name, covers: RrType, signer: &Name) -> String {
        let labels = owner.label_count() - usize::from(self.choices.one_in(8)).min(owner.label_count());
        let end = if self.choices.one_in(8) { 2021 } else { 2085 };
        let tag = key_tag(&key().as_rdata_ref());
        let first = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"[usize::from(self.choices.below(32))] as char;
        format!("{covers} 15 {labels} 3600 {end}0101000000 20200101000000 {tag} {signer} {first}AAA")
    }

    /// Whose record it is: the name asked for, one above it, or any.
    fn owner(&mut self, asked: &Name) -> Name {
        match self.choices.below(4) {
            0 => asked.clone(),
            1 => self.name(),
            above => (2..above + 1).fold(asked.clone(), |name, _| name.parent().unwrap_or_default()),
        }
    }

    /// Often with the query's cookie and one of four of its own, sometimes turned away, sometimes with another.
    fn edns(&mut self, query: &Message<'_>, builder: &mut Builder<'_>) -> Result<(), BuildError> {
        let asked = Cookie::of(query).map(|cookie| cookie.client().to_vec());
        let Some(mut cookie) = asked.filter(|_| !self.choices.one_in(4)) else {
            return builder.push_edns(&EdnsHeader::new(1232), &[]);
        };
        cookie[0] ^= u8::from(self.choices.one_in(16));
        cookie.extend([self.choices.below(4); 8]);
        if self.choices.one_in(4) {
            builder.set_rcode(Rcode::BADCOOKIE);
        }
        builder.push_edns(&EdnsHeader::new(1232), Cookie::parse(&cookie).map(EdnsOption::Cookie).as_slice())
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
        if self.good.is_some() && !self.choices.one_in(4) {
            self.honestly(&asked, &mut builder);
        }
        for section in Section::ALL {
            let count = self.choices.below(if self.choices.0.len().is_multiple_of(7) { 40 } else { 4 });
            for _ in 0..count {
                let owner = self.owner(&asked.name);
                let record = self.record(owner);
                let _ = builder.push_record(section, record.as_record_ref());
                if self.good.is_some() && self.choices.one_in(2) {
                    let signer = self.owner(&record.owner);
                    let text = self.signature(&record.owner, record.rtype(), &signer);
                    let rdata = Rdata::of_text(RrType::RRSIG, &text).unwrap();
                    let _ = builder.push_record(section, Record { rdata, ..record }.as_record_ref());
                }
            }
        }
        if self.choices.one_in(2) {
            let _ = self.edns(query, &mut builder);
        }
        builder.finish().to_vec()
    }
}

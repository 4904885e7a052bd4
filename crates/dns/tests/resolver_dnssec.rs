//! The resolver under a trust anchor: every server of a signed hierarchy in one room, and somebody in between who may change
//! what they say. `tests/dnssec/hierarchy.rs` tells of the zones.

#![cfg(feature = "dnssec")]

#[path = "dnssec/hierarchy.rs"]
mod hierarchy;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use dns::authority::{Authority, ClientCtx, Verdict as Reply};
use dns::cache::Status;
use dns::dnssec::Validator;
use dns::proto_core::Time;
use dns::resolver::service::{Output, Policy, Service, Verdict};
use dns::resolver::{Config, Resolver, Way, ZoneRule};
use dns::zone::Zone;
use dns::{
    Builder, Coordinator as _, EdnsHeader, EdnsOption, Event, Flags, Header, Input, Message, Name, Opcode,
    Question, Rcode, Rdata, RecordRef, RrType, Section, Socket, TcpId, Transmit,
};

use hierarchy::{NOW, Ring, root_key, zones};

/// Changes a reply of the server at that address.
type Change = Box<dyn Fn(IpAddr, &Message<'_>) -> Option<Vec<u8>>>;

struct World {
    service: Service,
    servers: BTreeMap<IpAddr, Authority>,
    change: Change,
    streams: BTreeMap<TcpId, IpAddr>,
    now: Time,
    asked: Vec<(IpAddr, Question, Flags)>,
}

/// What a client is told.
#[derive(Debug, PartialEq)]
struct Told {
    rcode: Rcode,
    flags: Flags,
    answer: Vec<String>,
    authority: Vec<RrType>,
    why: Option<u16>,
}

impl Told {
    fn is_secure(&self) -> bool {
        self.flags.has(Flags::AD)
    }
}

const DO: bool = true;

impl World {
    fn new() -> Self {
        World::of(zones(), &[(Name::ROOT, root_key())], |_| {})
    }

    fn of(zones: Vec<(u8, Arc<Zone>)>, anchors: &[(Name, Rdata)], change: impl FnOnce(&mut Config)) -> Self {
        let mut servers: BTreeMap<IpAddr, Authority> = BTreeMap::new();
        for (server, zone) in zones {
            servers.entry([192, 0, 2, server].into()).or_default().add(zone);
        }
        let mut validator = Validator::new(Box::new(Ring) as _);
        anchors.iter().cloned().for_each(|(zone, key)| validator.trust(zone, key));
        let mut config = Config { roots: vec!["192.0.2.2:53".parse().unwrap()], ..Config::default() };
        change(&mut config);
        let now = Time::from_secs(5_000);
        let resolver = Resolver::validating(config, [3; 32], validator, (NOW, now));
        let service = Service::new(resolver, Policy { rotate: false, ..Policy::default() });
        let change: Change = Box::new(|_, _| None);
        World { service, servers, change, streams: BTreeMap::new(), now, asked: Vec::new() }
    }

    fn changing(mut self, change: impl Fn(IpAddr, &Message<'_>) -> Option<Vec<u8>> + 'static) -> Self {
        self.change = Box::new(change);
        self
    }

    fn ask(&mut self, name: &str, rtype: RrType) -> Told {
        self.ask_with(name, rtype, Flags::RD, Some(DO))
    }

    /// A client's question and its answer, however long that takes.
    fn ask_with(&mut self, name: &str, rtype: RrType, flags: Flags, edns: Option<bool>) -> Told {
        let mut header = Header::query(0x1234, Opcode::QUERY);
        header.flags = flags;
        let mut buffer = [0; 512];
        let mut builder = Builder::new(&mut buffer, header);
        builder.push_question(Question::new(name.parse().unwrap(), rtype).as_question_ref()).unwrap();
        if let Some(dnssec_ok) = edns {
            builder.push_edns(&EdnsHeader { dnssec_ok, ..EdnsHeader::new(4096) }, &[]).unwrap();
        }
        let query = builder.finish().to_vec();
        let mut out = vec![0; 65_535];
        let client = (1, IpAddr::V4(Ipv4Addr::LOCALHOST));
        match self.service.query(client, true, &query, self.now, &mut out) {
            Verdict::Reply(len) => told(&out[..len]),
            Verdict::Wait => self.wait(&mut out),
            Verdict::Drop => panic!("no answer"),
        }
    }

    fn wait(&mut self, out: &mut [u8]) -> Told {
        loop {
            while let Some(output) = self.service.poll_event(out) {
                match output {
                    Output::Reply { len, .. } => return told(&out[..len]),
                    Output::Resolver(Event::OpenTcp { id, to, .. }) => {
                        self.streams.insert(id, to.ip());
                        self.service.resolver().handle(Input::TcpOpened(id), self.now);
                    }
                    _ => {}
                }
            }
            match self.service.resolver().poll_transmit(self.now) {
                Some(transmit) => self.serve(&transmit),
                None => {
                    self.now = self.service.resolver().deadline().expect("nothing to wait for");
                    self.service.resolver().handle_deadline(self.now);
                }
            }
        }
    }

    fn serve(&mut self, transmit: &Transmit) {
        let stream = matches!(transmit.socket, Socket::Tcp(_));
        let query = &transmit.bytes[if stream { 2 } else { 0 }..];
        let message = Message::parse(query).unwrap();
        assert!(message.edns().is_some_and(|edns| edns.header.dnssec_ok), "servers are asked with DO");
        let to = transmit.to.ip();
        let mut question = message.question().unwrap().to_question();
        question.name = question.name.to_lowercase();
        self.asked.push((to, question, message.flags()));
        let Some(server) = self.servers.get(&to) else { return };
        let ctx = match stream {
            true => ClientCtx::stream([127, 0, 0, 1].into(), 4000),
            false => ClientCtx::datagram([127, 0, 0, 1].into(), 4000),
        };
        let mut reply = vec![0; 65_535];
        let Reply::Reply(len) = server.answer(query, &ctx, &mut reply) else { panic!("{message:?}") };
        reply.truncate(len);
        let changed = (self.change)(to, &Message::parse(&reply).unwrap());
        let reply = changed.unwrap_or(reply);
        let resolver = self.service.resolver();
        match transmit.socket {
            Socket::FreshPort(port) => {
                resolver.handle(Input::Datagram { port, from: transmit.to, bytes: &reply }, self.now);
            }
            Socket::Tcp(id) => {
                let framed = [&(reply.len() as u16).to_be_bytes()[..], &reply].concat();
                resolver.handle(Input::TcpReceived { id, bytes: &framed }, self.now);
            }
        }
    }

    fn pass(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
        self.service.resolver().handle_deadline(self.now);
    }

    /// Queries sent since this was asked last.
    fn sent(&mut self) -> usize {
        self.asked.drain(..).count()
    }
}

fn told(bytes: &[u8]) -> Told {
    let message = Message::parse(bytes).unwrap();
    let why = message.edns().and_then(|edns| {
        edns.options().find_map(|option| match option {
            EdnsOption::ExtendedError(error) => Some(error.code),
            _ => None,
        })
    });
    let text = |record: RecordRef<'_>| format!("{} {} {}", record.owner, record.rtype(), record.rdata);
    let plain = message.answer().filter(|record| record.rtype() != RrType::RRSIG);
    Told {
        rcode: message.rcode(),
        flags: message.flags(),
        answer: plain.map(text).collect(),
        authority: message.authority().map(|record| record.rtype()).collect(),
        why,
    }
}

/// The message with each record as `change` has it, if at all.
fn rewritten(message: &Message<'_>, change: impl Fn(Section, &RecordRef<'_>) -> Option<Rdata>) -> Vec<u8> {
    let mut out = vec![0; 65_535];
    let mut builder = Builder::new(&mut out, Header { flags: message.flags(), ..message.header() });
    builder.push_question(message.question().unwrap()).unwrap();
    for section in Section::ALL {
        for record in message.section(section) {
            if let Some(rdata) = change(section, &record) {
                builder.push_record(section, RecordRef { rdata: rdata.as_rdata_ref(), ..record }).unwrap();
            }
        }
    }
    if message.edns().is_some() {
        builder.push_edns(&EdnsHeader { dnssec_ok: true, ..EdnsHeader::new(4096) }, &[]).unwrap();
    }
    builder.finish().to_vec()
}

fn same(record: &RecordRef<'_>) -> Option<Rdata> {
    Some(record.rdata.to_rdata())
}

#[test]
fn every_answer_is_told_as_it_deserves() {
    let secure = |rcode, answer: &[&str]| (rcode, true, answer.iter().map(|line| (*line).into()).collect());
    let insecure =
        |rcode, answer: &[&str]| (rcode, false, answer.iter().map(|line| (*line).into()).collect());
    let table: Vec<(&str, RrType, (Rcode, bool, Vec<String>))> = vec![
        (
            "www.test",
            RrType::A,
            secure(Rcode::NOERROR, &["www.test. A 192.0.2.22", "www.test. A 192.0.2.23"]),
        ),
        ("www.test", RrType::AAAA, secure(Rcode::NOERROR, &[])),
        ("nope.test", RrType::A, secure(Rcode::NXDOMAIN, &[])),
        ("er.test", RrType::A, secure(Rcode::NOERROR, &[])),
        ("x.wild.test", RrType::TXT, secure(Rcode::NOERROR, &["x.wild.test. TXT \"any\""])),
        ("x.wild.test", RrType::A, secure(Rcode::NOERROR, &[])),
        ("nonsense", RrType::A, secure(Rcode::NXDOMAIN, &[])),
        (
            "test",
            RrType::DS,
            secure(
                Rcode::NOERROR,
                &["test. DS 47705 15 2 1FC14168676C185290F051169056A797946017D2325B5C73B8F99E744C6D3106"],
            ),
        ),
        (
            "test",
            RrType::DNSKEY,
            secure(Rcode::NOERROR, &["test. DNSKEY 257 3 15 5YkrlgKLUuxK/XSpSUlNGftfhQgSnvOGZWsKU6CoYrQ="]),
        ),
        ("www.nsec3.test", RrType::A, secure(Rcode::NOERROR, &["www.nsec3.test. A 192.0.2.33"])),
        ("www.nsec3.test", RrType::MX, secure(Rcode::NOERROR, &[])),
        ("nope.nsec3.test", RrType::A, secure(Rcode::NXDOMAIN, &[])),
        ("x.y.wild.nsec3.test", RrType::TXT, secure(Rcode::NOERROR, &["x.y.wild.nsec3.test. TXT \"any\""])),
        (
            "alias.test",
            RrType::A,
            secure(Rcode::NOERROR, &["alias.test. CNAME www.nsec3.test.", "www.nsec3.test. A 192.0.2.33"]),
        ),
        ("alias.test", RrType::AAAA, secure(Rcode::NOERROR, &["alias.test. CNAME www.nsec3.test."])),
        ("lost.test", RrType::A, secure(Rcode::NXDOMAIN, &["lost.test. CNAME gone.nsec3.test."])),
        (
            "www.old.test",
            RrType::A,
            secure(
                Rcode::NOERROR,
                &[
                    "old.test. DNAME nsec3.test.",
                    "www.old.test. CNAME www.nsec3.test.",
                    "www.nsec3.test. A 192.0.2.33",
                ],
            ),
        ),
        (
            "away.test",
            RrType::A,
            insecure(Rcode::NOERROR, &["away.test. CNAME www.plain.test.", "www.plain.test. A 192.0.2.55"]),
        ),
        ("www.plain.test", RrType::A, insecure(Rcode::NOERROR, &["www.plain.test. A 192.0.2.55"])),
        ("nope.plain.test", RrType::A, insecure(Rcode::NXDOMAIN, &[])),
        ("plain.test", RrType::DS, secure(Rcode::NOERROR, &[])),
        ("ns.optout.test", RrType::A, secure(Rcode::NOERROR, &["ns.optout.test. A 192.0.2.4"])),
        ("nope.optout.test", RrType::A, insecure(Rcode::NXDOMAIN, &[])),
        (
            "www.child.optout.test",
            RrType::A,
            insecure(Rcode::NOERROR, &["www.child.optout.test. A 192.0.2.45"]),
        ),
        ("www.many.test", RrType::A, secure(Rcode::NOERROR, &["www.many.test. A 192.0.2.33"])),
        ("nope.many.test", RrType::A, insecure(Rcode::NXDOMAIN, &[])),
        ("www.unknown.test", RrType::A, insecure(Rcode::NOERROR, &["www.unknown.test. A 192.0.2.33"])),
    ];
    let mut remembering = World::new();
    for (name, rtype, expected) in &table {
        let look = |world: &mut World, which: &str| {
            let told = world.ask(name, *rtype);
            let said = (told.rcode, told.is_secure(), told.answer);
            assert_eq!(said, *expected, "{name} {rtype} {which}");
        };
        look(&mut World::new(), "anew");
        look(&mut remembering, "late");
        remembering.sent();
        look(&mut remembering, "known");
        assert_eq!(remembering.sent(), 0, "{name} {rtype} is known");
    }
}

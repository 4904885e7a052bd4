//! The resolver under a trust anchor: every server of a signed hierarchy in one room, and somebody in between who may change
//! what they say. `tests/dnssec/hierarchy.rs` tells of the zones.

#![cfg(feature = "dnssec")]

#[path = "dnssec/hierarchy.rs"]
mod hierarchy;
#[path = "dnssec/signer.rs"]
mod signer;

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
use signer::Signer;

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

/// Whether it is marked as secure stands between.
type Deserved = (Rcode, bool, Vec<String>);

#[test]
fn every_answer_is_told_as_it_deserves() {
    let secure = |rcode, answer: &[&str]| (rcode, true, answer.iter().map(|line| (*line).into()).collect());
    let insecure =
        |rcode, answer: &[&str]| (rcode, false, answer.iter().map(|line| (*line).into()).collect());
    let table: Vec<(&str, RrType, Deserved)> = vec![
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

fn is_signature(record: &RecordRef<'_>) -> bool {
    record.rtype() == RrType::RRSIG
}

fn is_proof(record: &RecordRef<'_>) -> bool {
    let covers = record.rdata.rrsig().map(|rrsig| rrsig.type_covered);
    let rtype = covers.unwrap_or(record.rtype());
    matches!(rtype, RrType::NSEC | RrType::NSEC3)
}

fn asks_for(message: &Message<'_>, name: &str) -> bool {
    message.question().unwrap().name == name.parse::<Name>().unwrap()
}

/// Another octet at the end of the RDATA.
fn spoilt(record: &RecordRef<'_>) -> Option<Rdata> {
    let mut wire = record.rdata.to_rdata().as_wire().to_vec();
    *wire.last_mut()? ^= 0x40;
    Some(Rdata::from_wire(record.rtype(), record.class(), &wire).unwrap())
}

#[test]
fn what_is_changed_on_the_way_is_never_told_and_the_error_says_why() {
    type Spoil = fn(Section, &RecordRef<'_>) -> Option<Rdata>;
    let address: Spoil = |_, record| if record.rtype() == RrType::A { spoilt(record) } else { same(record) };
    let signature: Spoil = |_, record| if is_signature(record) { spoilt(record) } else { same(record) };
    let unsigned: Spoil = |_, record| same(record).filter(|_| !is_signature(record));
    let unproven: Spoil = |_, record| same(record).filter(|_| !is_proof(record));
    let nothing: Spoil = |_, _| None;
    for (name, rtype, what, spoil, why) in [
        ("www.test", RrType::A, "address", address, 6),
        ("www.test", RrType::A, "signature", signature, 6),
        ("www.test", RrType::A, "unsigned", unsigned, 12),
        ("www.test", RrType::A, "nothing", nothing, 12),
        ("nope.test", RrType::A, "signature", signature, 6),
        ("nope.test", RrType::A, "unsigned", unsigned, 12),
        ("nope.test", RrType::A, "unproven", unproven, 12),
        ("www.test", RrType::AAAA, "unproven", unproven, 12),
        ("x.wild.test", RrType::TXT, "unproven", unproven, 12),
        ("alias.test", RrType::A, "unsigned", unsigned, 10),
        ("www.old.test", RrType::A, "unsigned", unsigned, 10),
        ("www.nsec3.test", RrType::A, "address", address, 6),
        ("nope.nsec3.test", RrType::A, "unproven", unproven, 12),
        ("x.y.wild.nsec3.test", RrType::TXT, "unproven", unproven, 12),
        ("ns.optout.test", RrType::A, "unsigned", unsigned, 12),
    ] {
        let mut world = World::new()
            .changing(move |_, message| asks_for(message, name).then(|| rewritten(message, spoil)));
        for _ in 0..2 {
            let told = world.ask(name, rtype);
            assert_eq!((told.rcode, told.why), (Rcode::SERVFAIL, Some(why)), "{name} {what}: {told:?}");
            assert!(told.answer.is_empty() && !told.is_secure(), "{name} {what}");
        }
        // Not even what is known is told to who does not ask for it as it is.
        let plain = world.ask_with(name, rtype, Flags::RD, None);
        assert_eq!((plain.rcode, plain.answer.len()), (Rcode::SERVFAIL, 0), "{name} {what}");
        // The zone mends it, and a minute later it is seen.
        world.change = Box::new(|_, _| None);
        world.pass(61);
        let told = world.ask(name, rtype);
        assert!(told.is_secure() || name.ends_with("optout.test"), "{name} {what}: {told:?}");
    }
}

#[test]
fn expired_zones_and_broken_chains_are_bogus() {
    let mut world = World::new();
    for name in ["www.expired.test", "nope.expired.test"] {
        let told = world.ask(name, RrType::A);
        assert_eq!((told.rcode, told.why), (Rcode::SERVFAIL, Some(7)), "{name}");
    }
    // Long after all of it, and long before.
    for (at, why) in [(NOW + 60 * 365 * 86_400, 7), (1_500_000_000, 8)] {
        let mut world = World::new();
        let now = world.now;
        world.service.resolver().set_unix_time(at, now);
        let told = world.ask("www.test", RrType::A);
        assert_eq!((told.rcode, told.why), (Rcode::SERVFAIL, Some(why)));
    }
    // Keys and digests that are not what they should be.
    for rtype in [RrType::DNSKEY, RrType::DS] {
        let mut world = World::new().changing(move |_, message| {
            let spoil = |_: Section, record: &RecordRef<'_>| {
                let hit = record.rtype() == rtype && record.owner.label_count() > 0;
                if hit { spoilt(record) } else { same(record) }
            };
            Some(rewritten(message, spoil))
        });
        let told = world.ask("www.test", RrType::A);
        assert_eq!(told.rcode, Rcode::SERVFAIL, "{rtype}");
        assert!(matches!(told.why, Some(6 | 9)), "{rtype}: {told:?}");
    }
    // A DS that is taken away, and nothing shows that it was none.
    let mut world = World::new().changing(|_, message| {
        let gone = |_: Section, record: &RecordRef<'_>| {
            let covers = record.rdata.rrsig().is_some_and(|rrsig| rrsig.type_covered == RrType::DS);
            same(record).filter(|_| record.rtype() != RrType::DS && !covers)
        };
        Some(rewritten(message, gone))
    });
    assert_eq!(world.ask("www.test", RrType::A).rcode, Rcode::SERVFAIL);
}

#[test]
fn who_checks_for_himself_gets_what_there_is() {
    let spoil = |_: IpAddr, message: &Message<'_>| {
        let change = |_: Section, record: &RecordRef<'_>| {
            if record.rtype() == RrType::A { spoilt(record) } else { same(record) }
        };
        asks_for(message, "www.test").then(|| rewritten(message, change))
    };
    let checking = Flags::RD.with(Flags::CD);
    for first in [Flags::RD, checking] {
        let mut world = World::new().changing(spoil);
        world.ask_with("www.test", RrType::A, first, Some(DO));
        for _ in 0..2 {
            let told = world.ask_with("www.test", RrType::A, checking, Some(DO));
            assert_eq!((told.rcode, told.answer.len(), told.is_secure()), (Rcode::NOERROR, 2, false));
            assert!(told.flags.has(Flags::CD));
            assert_eq!(world.ask("www.test", RrType::A).rcode, Rcode::SERVFAIL);
        }
    }
    // What was checked already is told as such, and what was not becomes no better by being known.
    let mut world = World::new();
    assert!(world.ask("www.test", RrType::A).is_secure());
    assert!(world.ask_with("www.test", RrType::A, checking, Some(DO)).is_secure());
    assert!(!world.ask_with("www.nsec3.test", RrType::A, checking, Some(DO)).is_secure());
    assert!(world.ask("www.nsec3.test", RrType::A).is_secure());
    // Nor is an answer made of good RRsets that say something else.
    let mut world = World::new();
    assert_eq!(world.ask("nope.test", RrType::A).rcode, Rcode::NXDOMAIN);
    let mut liar = world.changing(|_, message| {
        let asked = asks_for(message, "www.test") && message.question().unwrap().rtype == RrType::A;
        asked.then(|| denial_of("nope.test", message))
    });
    let told = liar.ask_with("www.test", RrType::A, checking, Some(DO));
    assert_eq!((told.rcode, told.is_secure()), (Rcode::NXDOMAIN, false));
    assert_eq!(liar.ask("www.test", RrType::A).rcode, Rcode::SERVFAIL);
}

/// The true denial of a name, as the reply to another question.
fn denial_of(name: &str, message: &Message<'_>) -> Vec<u8> {
    let mut servers = Authority::new();
    zones().into_iter().filter(|(server, _)| *server == 2).for_each(|(_, zone)| servers.add(zone));
    let mut buffer = [0; 512];
    let mut builder = Builder::new(&mut buffer, Header::query(message.id(), Opcode::QUERY));
    builder.push_question(Question::new(name.parse().unwrap(), RrType::A).as_question_ref()).unwrap();
    builder.push_edns(&EdnsHeader { dnssec_ok: true, ..EdnsHeader::new(4096) }, &[]).unwrap();
    let query = builder.finish().to_vec();
    let mut reply = vec![0; 65_535];
    let ctx = ClientCtx::stream([127, 0, 0, 1].into(), 4000);
    let Reply::Reply(len) = servers.answer(&query, &ctx, &mut reply) else { panic!() };
    let denial = Message::parse(&reply[..len]).unwrap();
    let mut out = vec![0; 65_535];
    let mut builder = Builder::new(&mut out, Header { flags: denial.flags(), ..message.header() });
    builder.push_question(message.question().unwrap()).unwrap();
    for record in denial.authority() {
        builder.push_record(Section::Authority, record).unwrap();
    }
    builder.finish().to_vec()
}

#[test]
fn without_do_there_are_no_signatures_and_ad_is_for_who_knows_it() {
    let mut world = World::new();
    for _ in 0..2 {
        for (flags, edns, ad) in [
            (Flags::RD, Some(DO), true),
            (Flags::RD, Some(false), false),
            (Flags::RD, None, false),
            (Flags::RD.with(Flags::AD), Some(false), true),
            (Flags::RD.with(Flags::AD), None, true),
        ] {
            for (name, rtype, authority) in [
                ("www.test", RrType::A, vec![]),
                ("nope.test", RrType::A, vec![RrType::SOA]),
                ("nope.nsec3.test", RrType::A, vec![RrType::SOA]),
                ("x.wild.test", RrType::TXT, vec![]),
            ] {
                let told = world.ask_with(name, rtype, flags, edns);
                assert_eq!(told.is_secure(), ad, "{name} {flags:?} {edns:?}");
                if edns == Some(DO) {
                    let proven =
                        told.authority.iter().any(|rtype| matches!(*rtype, RrType::NSEC | RrType::NSEC3));
                    assert_eq!(proven, name != "www.test", "{name}: {told:?}");
                } else {
                    assert_eq!(told.authority, authority, "{name} {flags:?} {edns:?}");
                }
            }
        }
    }
}

#[test]
fn a_server_with_a_bad_copy_does_not_matter_beside_a_good_one() {
    let good = Signer::new(1, (NOW - 1_000, NOW + 1_000_000));
    let root = format!(
        ". SOA a. h. 1 2 3 4 60\n. NS a.\n. NS b.\na. A 192.0.2.2\nb. A 192.0.2.3\nwww A 192.0.2.{}\n",
        80
    );
    let zone = good.zone(".", &root);
    for seed in 0..20 {
        let zones = vec![(2, zone.clone()), (3, zone.clone())];
        let mut world =
            World::of(zones, &[(Name::ROOT, good.dnskey())], |_| {}).changing(|server, message| {
                let bad = server == IpAddr::from([192, 0, 2, 2]);
                let change = |_: Section, record: &RecordRef<'_>| {
                    if record.rtype() == RrType::A { spoilt(record) } else { same(record) }
                };
                (bad && asks_for(message, "www")).then(|| rewritten(message, change))
            });
        for _ in 0..seed {
            world.ask("b", RrType::A);
            world.pass(400);
        }
        let told = world.ask("www", RrType::A);
        assert!(told.is_secure(), "{told:?}");
        assert_eq!(told.answer, ["www. A 192.0.2.80"]);
    }
}

/// One key for all zones of a test, valid for a while.
fn signer() -> Signer {
    Signer::new(1, (NOW - 1_000, NOW + 1_000_000))
}

fn soa(servers: &str) -> String {
    format!("@ SOA ns h 1 2 3 4 60\n@ NS ns\nns A 192.0.2.{servers}\n")
}

/// The root delegates to `one` and `two`, both signed, and to `bare`, which is not.
fn family(one: &str, two: &str) -> Vec<(u8, Arc<Zone>)> {
    let signer = signer();
    let mut root =
        ". SOA a.root. h. 1 2 3 4 60\n. NS a.root.\na.root. A 192.0.2.2\nbare. NS ns.bare.\n".to_owned();
    root +=
        "one. NS ns.one.\nns.one. A 192.0.2.3\ntwo. NS ns.two.\nns.two. A 192.0.2.4\nns.bare. A 192.0.2.5\n";
    root += &(signer.ds("one.") + &signer.ds("two."));
    vec![
        (2, signer.zone(".", &root)),
        (3, signer.zone("one", &(soa("3") + one))),
        (4, signer.zone("two", &(soa("4") + two))),
        (5, hierarchy::zone("bare", &format!("$TTL 300\n{}www A 192.0.2.55\n", soa("5")))),
    ]
}

fn root_anchor() -> [(Name, Rdata); 1] {
    [(Name::ROOT, signer().dnskey())]
}

#[test]
fn wildcards_bring_their_proofs_through_aliases_for_who_judges_again() {
    let zones = family("*.w CNAME www.two.\na.w TXT \"closer\"\n", "www A 192.0.2.80\n");
    let mut world = World::of(zones, &root_anchor(), |_| {});
    for _ in 0..2 {
        for (name, rtype) in [("x.y.w.one", RrType::A), ("x.w.one", RrType::AAAA), ("x.w.one", RrType::A)] {
            let told = world.ask(name, rtype);
            assert!(told.is_secure() && told.rcode == Rcode::NOERROR, "{name}: {told:?}");
            assert_eq!(told.answer[0], format!("{name}. CNAME www.two."));
            assert!(told.authority.contains(&RrType::NSEC), "{name}: {told:?}");
            let plain = world.ask_with(name, rtype, Flags::RD, None);
            assert!(!plain.authority.contains(&RrType::NSEC) && plain.answer == told.answer);
        }
    }
}

#[test]
fn a_wildcard_further_up_does_not_reach_below_a_closer_one() {
    let zones = family("* TXT \"far\"\n*.w TXT \"near\"\n", "");
    let far = zones[1].1.clone();
    let mut world = World::of(zones, &root_anchor(), |_| {}).changing(move |_, message| {
        let asked = asks_for(message, "x.w.one") && message.question().unwrap().rtype == RrType::TXT;
        asked.then(|| {
            let wild = far.node(&"*.one".parse().unwrap()).unwrap();
            let text = wild.rrset(RrType::TXT).unwrap().rdatas()[0].clone();
            rewritten(message, |section, record| match (section, record.rdata.rrsig()) {
                (Section::Answer, None) => Some(text.clone()),
                (Section::Answer, Some(_)) => Some(wild.rrset(RrType::TXT).unwrap().signatures()[0].clone()),
                _ => same(record),
            })
        })
    });
    let told = world.ask("x.w.one", RrType::TXT);
    assert_eq!((told.rcode, told.why), (Rcode::SERVFAIL, Some(12)), "{told:?}");
    assert_eq!(world.ask("x.one", RrType::TXT).answer, ["x.one. TXT \"far\""]);
}

/// Who may say anything about anything, as a forwarder may, does not make what is signed insecure.
#[test]
fn the_word_of_an_unsigned_zone_counts_for_nothing_elsewhere() {
    let record = |owner: &str, rtype: RrType, text: &str| dns::Record {
        owner: owner.parse().unwrap(),
        ttl: 300,
        rdata: Rdata::of_text(rtype, text).unwrap(),
    };
    let rrsig = |covers: &str, labels: u8, by: &str| {
        format!("{covers} 15 {labels} 300 20850101000000 20200101000000 1 {by} AAAA")
    };
    let lies = [
        vec![
            record("bare.", RrType::SOA, "ns.bare. h.bare. 1 2 3 4 60"),
            record("a.bare.", RrType::NSEC, "z.bare. A RRSIG NSEC"),
            record("a.bare.", RrType::RRSIG, &rrsig("NSEC", 2, "bare.")),
        ],
        vec![
            record("one.", RrType::SOA, "ns.one. h.one. 1 2 3 4 60"),
            record("one.", RrType::NSEC, "z.one. SOA NS RRSIG NSEC"),
            record("one.", RrType::RRSIG, &rrsig("NSEC", 1, "bare.")),
        ],
        vec![record(".", RrType::SOA, "a. h. 1 2 3 4 60")],
    ];
    for lie in lies {
        for flags in [Rcode::NXDOMAIN, Rcode::NOERROR] {
            let lie = lie.clone();
            let way = Way::Forward { first: false };
            let servers = vec!["192.0.2.9:53".parse().unwrap()];
            let mut world = World::of(family("www A 192.0.2.80\n", ""), &root_anchor(), |config| {
                config.zones.push(ZoneRule { name: Name::ROOT, servers, way });
            })
            .changing(move |_, message| {
                asks_for(message, "www.one").then(|| {
                    let mut out = vec![0; 65_535];
                    let mut builder = Builder::new(&mut out, message.header().reply(flags));
                    builder.push_question(message.question().unwrap()).unwrap();
                    for record in &lie {
                        builder.push_record(Section::Authority, record.as_record_ref()).unwrap();
                    }
                    builder.finish().to_vec()
                })
            });
            world.forwarder();
            let told = world.ask("www.one", RrType::A);
            assert_eq!(told.rcode, Rcode::SERVFAIL, "{told:?}");
            assert!(!world.ask("www.bare", RrType::A).is_secure());
            assert!(world.ask("one", RrType::SOA).is_secure());
        }
    }
}

impl World {
    /// All zones answered at 192.0.2.9, whoever delegates them.
    fn forwarder(&mut self) {
        let mut all = Authority::new();
        let apexes = [".", "one", "two", "bare"];
        for (server, apex) in [2, 3, 4, 5].into_iter().zip(apexes) {
            let apex: Name = apex.parse().unwrap();
            let server = &self.servers[&IpAddr::from([192, 0, 2, server])];
            all.add(server.zone(&apex, [127, 0, 0, 1].into()).unwrap().clone());
        }
        self.servers.insert([192, 0, 2, 9].into(), all);
    }
}

#[test]
fn forwarders_and_stubs_are_checked_like_everybody() {
    let spoil = |_: IpAddr, message: &Message<'_>| {
        let change = |_: Section, record: &RecordRef<'_>| {
            if record.rtype() == RrType::A { spoilt(record) } else { same(record) }
        };
        asks_for(message, "bad.one").then(|| rewritten(message, change))
    };
    for way in [Way::Forward { first: false }, Way::Stub] {
        let name = if way == Way::Stub { "one" } else { "." }.parse().unwrap();
        let zones = family("www A 192.0.2.80\nbad A 192.0.2.81\naway CNAME www.two.\n", "www A 192.0.2.82\n");
        let mut world = World::of(zones, &root_anchor(), |config| {
            config.zones.push(ZoneRule { name, servers: vec!["192.0.2.9:53".parse().unwrap()], way });
        })
        .changing(spoil);
        world.forwarder();
        for name in ["www.one", "away.one", "nope.one"] {
            assert!(world.ask(name, RrType::A).is_secure(), "{name} {way:?}");
        }
        assert_eq!(world.ask("bad.one", RrType::A).rcode, Rcode::SERVFAIL);
        let told = world.ask("www.bare", RrType::A);
        assert_eq!((told.rcode, told.is_secure()), (Rcode::NOERROR, false));
        for (_, question, flags) in world.asked.iter().filter(|(to, ..)| *to == IpAddr::from([192, 0, 2, 9]))
        {
            assert_eq!(flags.has(Flags::CD), way != Way::Stub, "{question}");
        }
    }
}

#[test]
fn an_island_is_secure_though_nothing_around_it_is() {
    let anchor = ("one".parse().unwrap(), signer().dnskey());
    let zones = || family("www A 192.0.2.80\n", "www A 192.0.2.81\n");
    let mut world = World::of(zones(), std::slice::from_ref(&anchor), |_| {});
    assert!(world.ask("www.one", RrType::A).is_secure());
    assert!(!world.ask("www.two", RrType::A).is_secure());
    assert!(!world.ask("one", RrType::DS).is_secure());
    // Signed by somebody above it, whom nobody trusts, says whoever changed it.
    let mut world = World::of(zones(), &[anchor], |_| {}).changing(|_, message| {
        let change = |_: Section, record: &RecordRef<'_>| match record.rdata.rrsig() {
            Some(rrsig) if rrsig.type_covered == RrType::A => {
                let wire = record.rdata.to_rdata().as_wire().to_vec();
                let by_root =
                    [&wire[..18], &[0], &wire[18 + rrsig.signer.to_name().as_wire().len()..]].concat();
                Some(Rdata::from_wire(RrType::RRSIG, record.class(), &by_root).unwrap())
            }
            _ => same(record),
        };
        asks_for(message, "www.one").then(|| rewritten(message, change))
    });
    assert_eq!(world.ask("www.one", RrType::A).rcode, Rcode::SERVFAIL);
}

#[test]
fn nothing_is_kept_for_longer_than_its_signature_is_valid() {
    let signer = Signer::new(1, (NOW - 1_000, NOW + 100));
    let zone = signer.zone(".", ". SOA a. h. 1 2 3 4 60\n. NS a.\na. A 192.0.2.2\nwww A 192.0.2.80\n");
    let mut world = World::of(vec![(2, zone)], &[(Name::ROOT, signer.dnskey())], |_| {});
    assert!(world.ask("www", RrType::A).is_secure());
    let resolver = world.service.resolver();
    let known: Vec<_> = resolver.cache().rrsets(world.now).map(|(set, _)| set).collect();
    let set = known.iter().find(|set| set.rtype() == RrType::A && set.status == Status::Secure).unwrap();
    assert_eq!(set.ttl, 100);
    world.pass(101);
    let told = world.ask("www", RrType::A);
    assert_eq!((told.rcode, told.why), (Rcode::SERVFAIL, Some(7)));
}

/// CVE-2023-50387: keys and signatures without number cost a question only so much.
#[test]
fn a_question_pays_for_all_the_work_that_it_makes() {
    use std::sync::atomic::{AtomicU32, Ordering};
    struct Counting(Arc<AtomicU32>);
    impl dns::dnssec::Verifier for Counting {
        fn knows(&self, _: u8) -> bool {
            true
        }
        fn verify(&self, algorithm: u8, key: &[u8], signed: &[u8], proof: &[u8]) -> bool {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ring.verify(algorithm, key, signed, proof)
        }
    }
    let tried = Arc::new(AtomicU32::new(0));
    // Each alias leads to another zone's, and each signature comes with seven that are none.
    let aliases: String = (0..11).map(|number| format!("a{number} CNAME a{}.two.\n", number + 1)).collect();
    let other: String = (0..11).map(|number| format!("a{number} CNAME a{}.one.\n", number + 1)).collect();
    let mut world = World::of(family(&aliases, &other), &root_anchor(), |config| config.limits.checks = 24)
        .changing(|_, message| {
            let mut out = vec![0; 65_535];
            let mut builder = Builder::new(&mut out, Header { flags: message.flags(), ..message.header() });
            builder.push_question(message.question().unwrap()).unwrap();
            for section in Section::ALL {
                for record in message.section(section) {
                    for bit in 0..if is_signature(&record) { 7 } else { 0 } {
                        let mut wire = record.rdata.to_rdata().as_wire().to_vec();
                        *wire.last_mut().unwrap() ^= 1 << bit;
                        let rdata = Rdata::from_wire(RrType::RRSIG, record.class(), &wire).unwrap();
                        let record = RecordRef { rdata: rdata.as_rdata_ref(), ..record };
                        builder.push_record(section, record).unwrap();
                    }
                    builder.push_record(section, record).unwrap();
                }
            }
            Some(builder.finish().to_vec())
        });
    let mut validator = Validator::new(Box::new(Counting(tried.clone())) as _);
    validator.trust(Name::ROOT, signer().dnskey());
    let config = world.service.resolver().config().clone();
    let resolver = Resolver::validating(config, [3; 32], validator, (NOW, world.now));
    world.service = Service::new(resolver, Policy::default());
    let told = world.ask("a0.one", RrType::A);
    assert_eq!((told.rcode, told.why), (Rcode::SERVFAIL, Some(6)));
    assert!((20..=24).contains(&tried.load(Ordering::Relaxed)), "{tried:?}");
    // It is nobody else's fault.
    world.change = Box::new(|_, _| None);
    assert!(world.ask("ns.one", RrType::A).is_secure());
}

#[test]
fn what_a_referral_says_is_not_asked_for_again() {
    let mut world = World::of(family("www A 192.0.2.80\n", ""), &root_anchor(), |_| {});
    for (name, secure) in [("www.bare", false), ("www.one", true)] {
        let told = world.ask(name, RrType::A);
        assert_eq!((told.rcode, told.is_secure()), (Rcode::NOERROR, secure));
    }
    let mut links: Vec<String> = world.asked.iter().map(|(_, question, _)| question.to_string()).collect();
    links.retain(|question| question.contains("DS") || question.contains("DNSKEY"));
    assert_eq!(links.len(), 2, "{links:?}");
    assert!(links.iter().all(|question| question.contains("DNSKEY")), "{links:?}");
}

#[test]
fn a_name_that_a_dname_makes_too_long_is_proven_to_be_so() {
    let label = "x".repeat(60);
    let long = format!("{label}.{label}.{label}");
    let zones = || family(&format!("old DNAME {label}.{label}.two.\n"), "");
    let mut world = World::of(zones(), &root_anchor(), |_| {});
    let told = world.ask(&format!("{long}.old.one"), RrType::A);
    assert_eq!((told.rcode, told.is_secure()), (Rcode::YXDOMAIN, true), "{told:?}");
    // Without the DNAME anybody could say so.
    let mut world = World::of(zones(), &root_anchor(), |_| {})
        .changing(|_, message| (message.rcode() == Rcode::YXDOMAIN).then(|| rewritten(message, |_, _| None)));
    assert_eq!(world.ask(&format!("{long}.old.one"), RrType::A).rcode, Rcode::SERVFAIL);
}

/// RFC 8198: nobody is asked for what lies between two neighbours, and what does not is asked for.
#[test]
fn a_name_between_two_neighbours_is_denied_without_a_question() {
    let one = "b A 192.0.2.80\nd.sub A 192.0.2.81\n*.wild TXT \"x\"\na.wild TXT \"a\"\ncut NS ns.cut\nns.cut A 192.0.2.9\nz A 192.0.2.82\n";
    let mut world = World::of(family(one, ""), &root_anchor(), |_| {});
    let mut queries = |name: &str, rtype: RrType, rcode: Rcode| {
        let told = world.ask(name, rtype);
        assert_eq!((told.rcode, told.is_secure()), (rcode, true), "{name} {rtype}: {told:?}");
        assert!(told.authority.contains(&RrType::NSEC) || !told.answer.is_empty(), "{name}: {told:?}");
        world.sent()
    };
    let (no_name, no_error) = (Rcode::NXDOMAIN, Rcode::NOERROR);
    assert!(queries("c.one", RrType::A, no_name) > 0);
    for (name, rtype, rcode, asked) in [
        // b.one. NSEC cut.one. and one. NSEC b.one. are known.
        ("bb.one", RrType::A, no_name, false),
        ("x.y.c.one", RrType::AAAA, no_name, false),
        ("a.one", RrType::A, no_name, false),
        ("b.one", RrType::MX, no_error, false),
        ("one", RrType::MX, no_error, false),
        // There, or perhaps.
        ("b.one", RrType::A, no_error, true),
        ("one", RrType::NS, no_error, true),
        ("cut.one", RrType::DS, no_error, true),
        ("e.one", RrType::A, no_name, false),
        ("pp.one", RrType::A, no_name, true),
        ("y.one", RrType::A, no_name, true),
        ("yy.one", RrType::A, no_name, false),
        // An empty non-terminal, and a wildcard.
        ("sub.one", RrType::A, no_error, false),
        ("q.wild.one", RrType::TXT, no_error, true),
        ("r.wild.one", RrType::TXT, no_error, true),
        ("q.wild.one", RrType::A, no_error, true),
        ("r.wild.one", RrType::A, no_error, false),
    ] {
        assert_eq!(queries(name, rtype, rcode) > 0, asked, "{name} {rtype}");
    }
    // Not for longer than it was said, nor by who asks not to.
    world.pass(61);
    world.ask("bb.one", RrType::A);
    assert!(world.sent() > 0);
    let mut plain = World::of(family(one, ""), &root_anchor(), |config| config.aggressive = false);
    for name in ["c.one", "bb.one"] {
        assert!(plain.ask(name, RrType::A).is_secure());
        assert!(plain.sent() > 0, "{name}");
    }
}

#[test]
fn with_what_is_known_denied_or_without_the_answers_are_the_same() {
    let one = "a A 192.0.2.80\nc TXT c\nb.c A 192.0.2.81\n*.d TXT x\nx.d A 192.0.2.82\ne.f.g A 192.0.2.83\nh CNAME a\ni DNAME \
               c.one.\ncut NS ns.cut\nns.cut A 192.0.2.9\n*.g.g TXT y\n";
    let labels = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "x", "*"];
    let mut names: Vec<String> = labels.map(|label| format!("{label}.one")).into();
    names.extend(labels.iter().flat_map(|a| labels.iter().map(move |b| format!("{a}.{b}.one"))));
    names.extend(labels.iter().flat_map(|a| labels.iter().map(move |b| format!("{a}.{b}.g.one"))));
    // Some order that is none, with each name for two types.
    let count = names.len() * 2;
    let questions = (0..count).map(|number| (number * 151) % count);
    let world = |aggressive: bool| {
        World::of(family(one, ""), &root_anchor(), |config| config.aggressive = aggressive)
    };
    let (mut with, mut without) = (world(true), world(false));
    for number in questions {
        let (name, rtype) = (&names[number / 2], [RrType::A, RrType::TXT][number % 2]);
        let (one, other) = (with.ask(name, rtype), without.ask(name, rtype));
        assert_eq!(
            (one.rcode, one.flags, &one.answer),
            (other.rcode, other.flags, &other.answer),
            "{name} {rtype}"
        );
    }
    let (with, without) = (with.sent(), without.sent());
    assert!(with * 2 < without, "{with} queries and {without}");
}

/// Who signs for his zone that nobody is there between him and the end of the world has not spoken for others, whatever
/// name he puts on a second signature.
#[test]
fn a_zone_denies_its_own_names_only() {
    let zones = family("", "mail A 192.0.2.80\nwww A 192.0.2.81\n");
    let mut world = World::of(zones, &root_anchor(), |_| {}).changing(|_, message| {
        let asked = asks_for(message, "x.one") && message.rcode() == Rcode::NXDOMAIN;
        asked.then(|| {
            let one: Name = "one".parse().unwrap();
            let rdata = Rdata::of_text(RrType::NSEC, "zzzz.two. NS SOA RRSIG NSEC DNSKEY").unwrap();
            let nsec = dns::Record { owner: one.clone(), ttl: 60, rdata };
            let signature = signer().sign(&one, &[&nsec]);
            let forged = "NSEC 1 1 60 20850101000000 20200101000000 1 two. AAAA";
            let rdata = Rdata::of_text(RrType::RRSIG, forged).unwrap();
            let forged = dns::Record { rdata, ..nsec.clone() };
            let mut out = vec![0; 65_535];
            let mut builder = Builder::new(&mut out, Header { flags: message.flags(), ..message.header() });
            builder.push_question(message.question().unwrap()).unwrap();
            for record in message.authority().filter(|record| !is_proof(record)) {
                builder.push_record(Section::Authority, record).unwrap();
            }
            for record in [nsec, forged, signature] {
                builder.push_record(Section::Authority, record.as_record_ref()).unwrap();
            }
            builder.finish().to_vec()
        })
    });
    assert!(world.ask("www.two", RrType::MX).is_secure());
    assert_eq!(world.ask("x.one", RrType::A).rcode, Rcode::NXDOMAIN);
    assert_eq!(world.ask("mail.two", RrType::A).answer, ["mail.two. A 192.0.2.80"]);
}

#[test]
fn what_was_proven_is_told_past_its_time_but_not_as_proven() {
    let mut world = World::of(family("www A 192.0.2.80\n", ""), &root_anchor(), |config| {
        config.serve_stale = Duration::from_secs(86_400);
    });
    assert!(world.ask("www.one", RrType::A).is_secure());
    world.pass(301);
    world.servers.clear();
    let told = world.ask("www.one", RrType::A);
    assert_eq!((told.rcode, told.is_secure(), told.why), (Rcode::NOERROR, false, Some(3)), "{told:?}");
    assert_eq!(told.answer, ["www.one. A 192.0.2.80"]);
}

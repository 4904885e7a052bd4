//! The resolver step by step, its sockets in the test's hands: what it sends, what it takes for a reply, what it costs.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use dns::cookie::Secrets;
use dns::proto_core::Time;
use dns::resolver::service::{Access, Output, Policy, Service, Verdict};
use dns::resolver::{Answer, Config, Resolver, Way, ZoneRule};
use dns::tsig::{Algorithm, Key, Session};
use dns::{
    Builder, Coordinator as _, EdnsHeader, EdnsOption, Event, Flags, Header, Input, LimitKind, Message, Name,
    Opcode, PortId, Privacy, Question, Rcode, Rdata, Record, ResolveError, RrType, Section, Socket, TcpId,
    Transmit,
};

const SERVER: &str = "192.0.2.1:53";

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn record(text: &str) -> Record {
    let mut words = text.splitn(4, ' ');
    let mut next = || words.next().unwrap();
    let (owner, ttl, rtype) = (name(next()), next().parse().unwrap(), next().parse().unwrap());
    Record { owner, ttl, rdata: Rdata::of_text(rtype, next()).unwrap() }
}

/// One that asks a single forwarder.
fn forwarding(change: impl FnOnce(&mut Config)) -> Resolver {
    let servers = vec![SERVER.parse().unwrap()];
    let rule = ZoneRule { name: Name::ROOT, servers, way: Way::Forward { first: false } };
    let mut config = Config { zones: vec![rule], ..Config::default() };
    change(&mut config);
    Resolver::new(config, [9; 32])
}

fn walking(change: impl FnOnce(&mut Config)) -> Resolver {
    let mut config = Config { roots: vec![SERVER.parse().unwrap()], ..Config::default() };
    change(&mut config);
    Resolver::new(config, [9; 32])
}

fn ask(resolver: &mut Resolver, text: &str, now: Time) {
    resolver.resolve(Question::new(name(text), RrType::A), now);
}

fn sent(resolver: &mut Resolver) -> Transmit {
    resolver.poll_transmit(Time::ZERO).expect("a query")
}

fn port(transmit: &Transmit) -> PortId {
    match transmit.socket {
        Socket::FreshPort(port) => port,
        Socket::Tcp(_) => panic!("by TCP"),
    }
}

/// A reply to the query, with these flags and records of the three sections.
fn reply(query: &[u8], flags: Flags, sections: [&[&str]; 3]) -> Vec<u8> {
    let query = Message::parse(query).unwrap();
    let mut header = query.header().reply(flags.rcode());
    header.flags = Flags(header.flags.0 | flags.0);
    let mut buffer = vec![0; 65_535];
    let mut builder = Builder::new(&mut buffer, header);
    builder.push_question(query.question().unwrap()).unwrap();
    for (section, records) in Section::ALL.into_iter().zip(sections) {
        for text in records {
            builder.push_record(section, record(text).as_record_ref()).unwrap();
        }
    }
    builder.finish().to_vec()
}

fn tell(resolver: &mut Resolver, transmit: &Transmit, bytes: &[u8], now: Time) {
    resolver.handle(Input::Datagram { port: port(transmit), from: transmit.to, bytes }, now);
}

fn done(resolver: &mut Resolver) -> Option<Arc<Answer>> {
    while let Some(event) = resolver.poll_event() {
        if let Event::Done { answer, .. } = event {
            return Some(answer);
        }
    }
    None
}

fn addresses(answer: &Answer) -> Vec<IpAddr> {
    let sets = answer.records().unwrap_or_default().iter();
    sets.flat_map(|set| set.rdatas().filter_map(|rdata| rdata.a().map(IpAddr::V4)).collect::<Vec<_>>())
        .collect()
}

#[test]
fn ids_and_letters_differ_from_query_to_query_and_come_from_the_seed() {
    let draw = || {
        let mut resolver = forwarding(|config| config.limits.questions = 64);
        let mut queries = Vec::new();
        for number in 0..32 {
            ask(&mut resolver, &format!("quite-a-long-name-{number}.example."), Time::ZERO);
            queries.push(sent(&mut resolver).bytes);
        }
        queries
    };
    let (one, two) = (draw(), draw());
    assert_eq!(one, two);
    let ids: std::collections::HashSet<u16> =
        one.iter().map(|bytes| Message::parse(bytes).unwrap().id()).collect();
    assert!(ids.len() > 28, "{}", ids.len());
    let mixed = one.iter().filter(|bytes| {
        let asked = Message::parse(bytes).unwrap().question().unwrap().name.to_name();
        !asked.eq_with_case(&asked.to_lowercase())
    });
    assert!(mixed.count() > 28);
}

#[test]
fn only_the_reply_of_the_server_asked_with_id_and_letters_counts() {
    let mut resolver = forwarding(|_| {});
    ask(&mut resolver, "www.example.", Time::ZERO);
    let query = sent(&mut resolver);
    let good = reply(&query.bytes, Flags::RA, [&["www.example. 60 A 192.0.2.7"], &[], &[]]);
    let elsewhere: SocketAddr = "192.0.2.2:53".parse().unwrap();
    resolver.handle(Input::Datagram { port: port(&query), from: elsewhere, bytes: &good }, Time::ZERO);
    for (at, flip) in [(0, 1), (2, 0x80), (2, 0x08), (5, 1), (13, 0x20), (13, 1), (22, 1)] {
        let mut forged = good.clone();
        forged[at] ^= flip;
        tell(&mut resolver, &query, &forged, Time::ZERO);
    }
    tell(&mut resolver, &query, &good[..good.len() - 1], Time::ZERO);
    tell(&mut resolver, &query, &[], Time::ZERO);
    assert!(done(&mut resolver).is_none());
    tell(&mut resolver, &query, &good, Time::ZERO);
    assert_eq!(addresses(&done(&mut resolver).unwrap()), ["192.0.2.7".parse::<IpAddr>().unwrap()]);
    // What comes behind it is for nobody.
    tell(&mut resolver, &query, &good, Time::ZERO);
    assert!(done(&mut resolver).is_none() && resolver.deadline().is_none());
}

#[test]
fn a_hundred_forgeries_move_the_query_to_tcp() {
    let mut resolver = forwarding(|_| {});
    ask(&mut resolver, "www.example.", Time::ZERO);
    let query = sent(&mut resolver);
    for _ in 0..100 {
        assert!(resolver.poll_transmit(Time::ZERO).is_none());
        tell(&mut resolver, &query, &[0; 40], Time::ZERO);
    }
    let opened = std::iter::from_fn(|| resolver.poll_event()).find_map(|event| match event {
        Event::OpenTcp { id, to, privacy } => Some((id, to, privacy)),
        _ => None,
    });
    let (id, to, privacy) = opened.unwrap();
    assert_eq!((to, privacy), (SERVER.parse().unwrap(), Privacy::Clear));
    resolver.handle(Input::TcpOpened(id), Time::ZERO);
    let query = sent(&mut resolver);
    assert_eq!(query.socket, Socket::Tcp(id));
    let bytes = reply(&query.bytes[2..], Flags::RA, [&["www.example. 60 A 192.0.2.7"], &[], &[]]);
    let framed = [&(bytes.len() as u16).to_be_bytes()[..], &bytes].concat();
    for octet in framed {
        resolver.handle(Input::TcpReceived { id, bytes: &[octet] }, Time::ZERO);
    }
    assert_eq!(addresses(&done(&mut resolver).unwrap()).len(), 1);
}

#[test]
fn one_question_asked_by_many_is_sent_once_and_answered_to_all() {
    let mut resolver = forwarding(|_| {});
    for _ in 0..10 {
        ask(&mut resolver, "WWW.example.", Time::ZERO);
    }
    let gone = resolver.resolve(Question::new(name("www.example."), RrType::A), Time::ZERO);
    resolver.cancel(gone);
    let query = sent(&mut resolver);
    assert!(resolver.poll_transmit(Time::ZERO).is_none());
    let bytes = reply(&query.bytes, Flags::RA, [&["www.example. 60 A 192.0.2.7"], &[], &[]]);
    tell(&mut resolver, &query, &bytes, Time::ZERO);
    assert_eq!(std::iter::from_fn(|| done(&mut resolver)).count(), 10);
}

#[test]
fn a_question_that_nobody_wants_any_more_stops() {
    let mut resolver = walking(|_| {});
    let ticket = resolver.resolve(Question::new(name("www.example."), RrType::A), Time::ZERO);
    let query = sent(&mut resolver);
    resolver.cancel(ticket);
    assert_eq!((resolver.at_work(), resolver.deadline()), (0, None));
    assert_eq!(resolver.poll_event(), Some(Event::ClosePort(port(&query))));
}

#[test]
fn time_runs_out_for_a_question_that_nobody_answers() {
    let mut resolver = forwarding(|config| config.limits.tries = 100);
    ask(&mut resolver, "www.example.", Time::ZERO);
    let mut now = Time::ZERO;
    while let Some(deadline) = resolver.deadline() {
        now = deadline;
        resolver.handle_deadline(now);
    }
    assert!(now <= Time::from_secs(20), "{now:?}");
    let answer = done(&mut resolver).unwrap();
    assert_eq!((answer.rcode, answer.error), (Rcode::SERVFAIL, Some(ResolveError::Timeout)));
    // For a while nobody is asked again (RFC 9520).
    ask(&mut resolver, "www.example.", now);
    std::iter::from_fn(|| resolver.poll_transmit(now)).count();
    assert_eq!(done(&mut resolver).unwrap().extended.unwrap().code, dns::edns::ExtendedError::CACHED_ERROR);
}

/// RFC 8020-like attacks apart, the best known: a referral to many servers without addresses (`NXNSAttack`).
#[test]
fn a_referral_to_many_names_costs_a_few_queries() {
    let mut resolver = walking(|config| config.minimise = false);
    ask(&mut resolver, "www.victim.example.", Time::ZERO);
    let mut asked: HashMap<Name, u32> = HashMap::new();
    for number in 0..1_000 {
        let Some(query) = resolver.poll_transmit(Time::ZERO) else { break };
        let question = Message::parse(&query.bytes).unwrap().question().unwrap().to_question();
        *asked.entry(question.name.clone()).or_default() += 1;
        let bytes = if question.name.is_root() {
            reply(&query.bytes, Flags::AA, [&[". 60 NS ns."], &[], &["ns. 60 A 192.0.2.1"]])
        } else {
            let zone = question.name.parent().unwrap();
            let servers: Vec<String> = (0..100)
                .map(|server| format!("{zone} 60 NS ns{number}-{server}.other{number}.example."))
                .collect();
            let servers: Vec<&str> = servers.iter().map(String::as_str).collect();
            reply(&query.bytes, Flags::default(), [&[], &servers, &[]])
        };
        tell(&mut resolver, &query, &bytes, Time::ZERO);
    }
    let answer = done(&mut resolver).unwrap();
    assert_eq!(answer.rcode, Rcode::SERVFAIL);
    assert!(resolver.sent() <= 60, "{} queries", resolver.sent());
    assert_eq!(resolver.at_work(), 0);
}

#[test]
fn a_question_has_so_many_queries_and_no_more() {
    let mut resolver = walking(|config| config.limits.sends = 7);
    ask(&mut resolver, "a.b.c.d.e.f.g.h.i.j.k.l.example.", Time::ZERO);
    while let Some(query) = resolver.poll_transmit(Time::ZERO) {
        let question = Message::parse(&query.bytes).unwrap().question().unwrap().to_question();
        let (owner, server) = (question.name.to_string(), "ns. 60 A 192.0.2.1");
        let bytes = if question.name.is_root() {
            reply(&query.bytes, Flags::AA, [&[". 60 NS ns."], &[], &[server]])
        } else {
            reply(
                &query.bytes,
                Flags::default(),
                [&[], &[&format!("{owner} 60 NS ns.{owner}")], &[&format!("ns.{owner} 60 A 192.0.2.1")]],
            )
        };
        tell(&mut resolver, &query, &bytes, Time::ZERO);
    }
    assert_eq!(resolver.sent(), 7);
    assert_eq!(done(&mut resolver).unwrap().error, Some(ResolveError::LimitHit(LimitKind::Sends)));
}

/// The octets with the question in lower case, as servers tell it that don't keep what they were asked.
fn careless(reply: &[u8]) -> Vec<u8> {
    let end = reply[12..].iter().position(|octet| *octet == 0).unwrap() + 12;
    let mut reply = reply.to_vec();
    reply[12..end].make_ascii_lowercase();
    reply
}

#[test]
fn a_server_that_keeps_no_letters_is_understood_by_tcp() {
    let mut resolver = forwarding(|_| {});
    ask(&mut resolver, "A-Quite-Long-Name-With-Many-Letters.example.", Time::ZERO);
    let query = sent(&mut resolver);
    let name = "A-Quite-Long-Name-With-Many-Letters.example.";
    let record = format!("{name} 60 A 192.0.2.1");
    let records = [&[record.as_str()][..], &[], &[]];
    tell(&mut resolver, &query, &careless(&reply(&query.bytes, Flags::RA, records)), Time::ZERO);
    assert!(done(&mut resolver).is_none(), "a datagram may be forged");
    let due = resolver.deadline().unwrap();
    resolver.handle_deadline(due);
    let id = loop {
        if let Event::OpenTcp { id, .. } = resolver.poll_event().expect("a connection is wanted") {
            break id;
        }
    };
    resolver.handle(Input::TcpOpened(id), due);
    let query = sent(&mut resolver);
    let answer = careless(&reply(&query.bytes[2..], Flags::RA, records));
    let framed = [&u16::try_from(answer.len()).unwrap().to_be_bytes()[..], &answer].concat();
    resolver.handle(Input::TcpReceived { id, bytes: &framed }, due);
    let answer = done(&mut resolver).unwrap();
    assert_eq!(addresses(&answer).len(), 1);
    let told = answer.sections.answer[0].owner();
    assert!(told.eq_with_case(&self::name(name)), "{told}: as it was asked for");
}

#[test]
fn clients_are_given_cookies_and_asked_for_them() {
    let mut service = Service::new(forwarding(|_| {}), Policy::default()).cookies(Secrets::new([3; 16]));
    let mut ask = |questions: u16, stream, cookie: &[u8], seconds| {
        let mut out = [0; 512];
        let mut builder = Builder::new(&mut out, Header::query(9, Opcode::QUERY));
        if questions == 1 {
            builder.push_question(Question::new(name("localhost."), RrType::A).as_question_ref()).unwrap();
        }
        builder.push_edns(&EdnsHeader::new(1232), &[EdnsOption::Other { code: 10, data: cookie }]).unwrap();
        let (query, client) = (builder.finish().to_vec(), (1, "192.0.2.9".parse().unwrap()));
        let verdict = service.query(client, stream, &query, Time::from_secs(seconds), &mut out);
        let Verdict::Reply(len) = verdict else { panic!("{verdict:?}") };
        let message = Message::parse(&out[..len]).unwrap();
        let cookie = message.edns().and_then(|edns| edns.cookie().map(|cookie| cookie.as_octets().to_vec()));
        (message.rcode(), message.answer().count(), cookie)
    };
    let (rcode, answers, cookie) = ask(1, false, &[7; 8], 10);
    let good = cookie.unwrap();
    assert_eq!((rcode, answers, good.len(), &good[..8]), (Rcode::NOERROR, 1, 24, &[7; 8][..]));
    assert_eq!(ask(1, false, &good, 20), (Rcode::NOERROR, 1, Some(good.clone())));
    let mut wrong = good.clone();
    wrong[23] ^= 1;
    let (rcode, answers, fresh) = ask(1, false, &wrong, 10);
    assert_eq!((rcode, answers, fresh), (Rcode::BADCOOKIE, 0, Some(good.clone())));
    assert_eq!(ask(1, true, &wrong, 10), (Rcode::NOERROR, 1, Some(good.clone())), "TCP is proof enough");
    assert_eq!(ask(1, false, &good, 10_000).0, Rcode::BADCOOKIE, "too old");
    assert_eq!(ask(0, false, &good, 10), (Rcode::NOERROR, 0, Some(good)), "RFC 7873 section 5.4");
    assert_eq!(ask(1, false, &[7; 9], 10), (Rcode::FORMERR, 0, None));
}

#[test]
fn what_clients_may_not_ask_is_told_with_edns_and_by_name() {
    let mut service = Service::new(forwarding(|_| {}), Policy::default());
    let mut ask = |opcode, version, rtype, signed: bool| {
        let mut out = [0; 512];
        let mut builder = Builder::new(&mut out, Header::query(9, opcode));
        builder.push_question(Question::new(name("www.example."), rtype).as_question_ref()).unwrap();
        builder.push_edns(&EdnsHeader { version, ..EdnsHeader::new(1232) }, &[]).unwrap();
        let mut len = builder.finish().len();
        if signed {
            let key = Key::new(name("key."), Algorithm::HmacSha256, b"secret");
            len = Session::request(&key, &mut out, len, 1_700_000_000).unwrap().1;
        }
        let (query, client) = (out[..len].to_vec(), (1, "192.0.2.9".parse().unwrap()));
        let Verdict::Reply(len) = service.query(client, false, &query, Time::ZERO, &mut out) else {
            panic!()
        };
        let message = Message::parse(&out[..len]).unwrap();
        (message.rcode(), message.edns().is_some(), message.tsig().is_some())
    };
    assert_eq!(ask(Opcode::QUERY, 1, RrType::A, false), (Rcode::BADVERS, true, false));
    assert_eq!(ask(Opcode::UPDATE, 0, RrType::SOA, false), (Rcode::NOTIMP, true, false));
    assert_eq!(ask(Opcode::QUERY, 0, RrType::OPT, false), (Rcode::FORMERR, true, false));
    assert_eq!(ask(Opcode::QUERY, 0, RrType::AXFR, false), (Rcode::REFUSED, true, false));
    assert_eq!(
        ask(Opcode::QUERY, 0, RrType::A, true),
        (Rcode::NOTAUTH, false, true),
        "RFC 8945 section 5.2.1"
    );
}

#[test]
fn an_rrset_is_told_as_a_whole_or_not_at_all() {
    for (count, twice, whole) in [(1, true, true), (100, false, true), (100, true, true), (101, false, false)]
    {
        let mut resolver = forwarding(|_| {});
        ask(&mut resolver, "www.example.", Time::ZERO);
        let query = sent(&mut resolver);
        let mut records: Vec<_> =
            (0..count).map(|last| format!("www.example. 60 A 192.0.2.{last}")).collect();
        records.extend(records.clone().into_iter().filter(|_| twice));
        let records: Vec<&str> = records.iter().map(String::as_str).collect();
        tell(&mut resolver, &query, &reply(&query.bytes, Flags::RA, [&records, &[], &[]]), Time::ZERO);
        let answer = done(&mut resolver).unwrap();
        if whole {
            assert_eq!((addresses(&answer).len(), answer.error), (count, None));
            continue;
        }
        assert_eq!(answer.error, Some(ResolveError::LimitHit(LimitKind::Records)));
        assert_eq!((answer.rcode, answer.sections.iter().count()), (Rcode::SERVFAIL, 0));
        let why = answer.extended.unwrap();
        assert_eq!((why.code, why.text), (0, &b"the name has more records of this type than are taken"[..]));
        ask(&mut resolver, "www.example.", Time::ZERO);
        assert_eq!((resolver.sent(), done(&mut resolver).unwrap().rcode), (1, Rcode::SERVFAIL), "remembered");
    }
}

#[test]
fn the_servers_that_come_with_an_answer_are_told_whole_or_not_at_all() {
    for (count, told) in [(21, 21), (101, 0)] {
        let mut resolver = forwarding(|config| config.distrust_unasked = false);
        ask(&mut resolver, "www.example.", Time::ZERO);
        let query = sent(&mut resolver);
        let servers: Vec<_> =
            (0..count).map(|number| format!("example. 60 NS ns{number}.example.")).collect();
        let servers: Vec<&str> = servers.iter().map(String::as_str).collect();
        let sections = [&["www.example. 60 A 192.0.2.1"][..], &servers, &[]];
        tell(&mut resolver, &query, &reply(&query.bytes, Flags::RA, sections), Time::ZERO);
        let answer = done(&mut resolver).unwrap();
        assert_eq!(answer.sections.authority.iter().flat_map(|set| set.rdatas()).count(), told);
    }
}

#[test]
fn a_server_is_told_no_more_of_the_name_than_it_needs() {
    let mut resolver = walking(|_| {});
    ask(&mut resolver, "www.secret.example.org.", Time::ZERO);
    let mut told = Vec::new();
    while let Some(query) = resolver.poll_transmit(Time::ZERO) {
        let question = Message::parse(&query.bytes).unwrap().question().unwrap().to_question();
        told.push(question.name.to_string().to_lowercase());
        let bytes = match told.last().unwrap().as_str() {
            "." => reply(&query.bytes, Flags::AA, [&[". 60 NS ns."], &[], &["ns. 60 A 192.0.2.1"]]),
            "org." => reply(
                &query.bytes,
                Flags::default(),
                [&[], &["org. 60 NS ns.org."], &["ns.org. 60 A 192.0.2.2"]],
            ),
            "www.secret.example.org." => {
                reply(&query.bytes, Flags::AA, [&["www.secret.example.org. 60 A 192.0.2.7"], &[], &[]])
            }
            zone => reply(&query.bytes, Flags::AA, [&[], &[&format!("{zone} 60 SOA ns. h. 1 2 3 4 5")], &[]]),
        };
        tell(&mut resolver, &query, &bytes, Time::ZERO);
    }
    assert_eq!(told, [".", "org.", "example.org.", "secret.example.org.", "www.secret.example.org."]);
    assert_eq!(addresses(&done(&mut resolver).unwrap()).len(), 1);
}

fn query(text: &str, rtype: RrType, flags: Flags, edns: Option<EdnsHeader>) -> Vec<u8> {
    let mut header = Header::query(7, Opcode::QUERY);
    header.flags = flags;
    let mut buffer = [0; 512];
    let mut builder = Builder::new(&mut buffer, header);
    builder.push_question(Question::new(name(text), rtype).as_question_ref()).unwrap();
    if let Some(edns) = edns {
        builder.push_edns(&edns, &[]).unwrap();
    }
    builder.finish().to_vec()
}

fn answered(service: &mut Service, from: &str, bytes: &[u8]) -> Option<(Rcode, Flags, usize)> {
    let mut out = [0; 4096];
    match service.query((1, from.parse().unwrap()), false, bytes, Time::ZERO, &mut out) {
        Verdict::Reply(len) => {
            let message = Message::parse(&out[..len]).unwrap();
            Some((message.rcode(), message.flags(), message.answer().count()))
        }
        Verdict::Drop => None,
        Verdict::Wait => panic!("it would be asked"),
    }
}

#[test]
fn clients_are_told_what_their_queries_deserve() {
    let policy = Policy {
        access: vec![
            ("192.0.2.0/24".parse().unwrap(), Access::Refuse),
            ("198.51.100.0/24".parse().unwrap(), Access::Deny),
            ("203.0.113.0/24".parse().unwrap(), Access::Allow),
        ],
        ..Policy::default()
    };
    let mut service = Service::new(forwarding(|_| {}), policy);
    let plain = query("localhost.", RrType::A, Flags::RD, None);
    let mut reply_to =
        |from: &str, bytes: &[u8]| answered(&mut service, from, bytes).map(|(rcode, ..)| rcode);
    assert_eq!(reply_to("127.0.0.1", &plain), Some(Rcode::NOERROR));
    assert_eq!(reply_to("192.0.2.1", &plain), Some(Rcode::REFUSED));
    assert_eq!(reply_to("198.51.100.1", &plain), None);
    let quiet = query("www.example.", RrType::A, Flags::default(), None);
    assert_eq!(reply_to("203.0.113.1", &quiet), Some(Rcode::REFUSED));
    assert_eq!(reply_to("127.0.0.1", &query("a.", RrType::AXFR, Flags::RD, None)), Some(Rcode::REFUSED));
    let newer = EdnsHeader { version: 1, ..EdnsHeader::new(1232) };
    assert_eq!(reply_to("127.0.0.1", &query("a.", RrType::A, Flags::RD, Some(newer))), Some(Rcode::BADVERS));
    for (at, octet, rcode) in [(2, 0x81, None), (2, 0x29, Some(Rcode::NOTIMP)), (5, 2, Some(Rcode::FORMERR))]
    {
        let mut other = plain.clone();
        other[at] = octet;
        assert_eq!(reply_to("127.0.0.1", &other), rcode, "octet {at}");
    }
    for len in 0..12 {
        assert_eq!(reply_to("127.0.0.1", &plain[..len]), None);
    }
    for len in 12..plain.len() {
        assert_eq!(reply_to("127.0.0.1", &plain[..len]), Some(Rcode::FORMERR), "{len} octets");
    }
}

#[test]
fn what_a_client_has_no_room_for_is_cut_and_says_so() {
    let mut service = Service::new(forwarding(|_| {}), Policy::default());
    let mut out = vec![0; 65_535];
    let client = (1, "127.0.0.1".parse().unwrap());
    let asked = query("big.example.", RrType::TXT, Flags::RD, None);
    assert_eq!(service.query(client, false, &asked, Time::ZERO, &mut out), Verdict::Wait);
    let sent = sent(service.resolver());
    let texts: Vec<String> = (0..20).map(|number| format!("big.example. 60 TXT {number:0>100}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let bytes = reply(&sent.bytes, Flags::RA, [&texts, &[], &[]]);
    tell(service.resolver(), &sent, &bytes, Time::ZERO);
    let len = std::iter::from_fn(|| service.poll_event(&mut out)).find_map(|output| match output {
        Output::Reply { client: 1, len } => Some(len),
        _ => None,
    });
    let cut = Message::parse(&out[..len.unwrap()]).unwrap();
    assert!(cut.flags().has(Flags::TC) && cut.answer().count() == 0 && cut.bytes().len() <= 512);
    let Verdict::Reply(len) = service.query(client, true, &asked, Time::ZERO, &mut out) else { panic!() };
    let whole = Message::parse(&out[..len]).unwrap();
    assert!(!whole.flags().has(Flags::TC) && whole.answer().count() == 20);
}

#[test]
fn whoever_asks_for_all_is_told_a_part_and_by_a_stream_what_there_is() {
    let mut service = Service::new(forwarding(|_| {}), Policy::default());
    let mut out = vec![0; 65_535];
    let mut ask = |service: &mut Service, rtype: RrType, stream: bool| {
        let query = query("www.example.", rtype, Flags::RD, Some(EdnsHeader::new(4096)));
        let verdict = service.query((1, "192.0.2.9".parse().unwrap()), stream, &query, Time::ZERO, &mut out);
        let Verdict::Reply(len) = verdict else { return None };
        let message = Message::parse(&out[..len]).unwrap();
        assert!(!message.flags().has(Flags::TC));
        assert_eq!(message.question().unwrap().rtype, rtype);
        Some(message.answer().map(|record| record.rtype()).collect::<Vec<_>>())
    };
    let tell_next = |service: &mut Service, records: &[&str]| {
        let query = sent(service.resolver());
        let bytes = reply(&query.bytes, Flags::RA, [records, &[], &[]]);
        tell(service.resolver(), &query, &bytes, Time::ZERO);
        let mut out = vec![0; 65_535];
        while let Some(output) = service.poll_event(&mut out) {
            if let Output::Reply { len, .. } = output {
                return Message::parse(&out[..len]).unwrap().answer().count();
            }
        }
        panic!("no reply")
    };
    // What is known of the name is enough: nobody is asked.
    assert_eq!(ask(&mut service, RrType::TXT, false), None);
    tell_next(&mut service, &["www.example. 60 TXT one"]);
    assert_eq!(ask(&mut service, RrType::ANY, false).unwrap(), [RrType::TXT]);
    assert!(service.resolver().poll_transmit(Time::ZERO).is_none());
    // What is not known is asked for, and one RRset of it is told by a datagram, the whole by a stream.
    let mut service = Service::new(forwarding(|_| {}), Policy::default());
    assert_eq!(ask(&mut service, RrType::ANY, false), None);
    let all = ["www.example. 60 A 192.0.2.7", "www.example. 60 A 192.0.2.8", "www.example. 60 TXT text"];
    assert_eq!(tell_next(&mut service, &all), 2);
    assert_eq!(ask(&mut service, RrType::ANY, false).unwrap(), [RrType::A; 2]);
    assert_eq!(ask(&mut service, RrType::ANY, true).unwrap(), [RrType::A, RrType::A, RrType::TXT]);
    // An alias is followed for nobody who asks for all.
    let mut service = Service::new(forwarding(|_| {}), Policy::default());
    assert_eq!(ask(&mut service, RrType::A, false), None);
    tell_next(&mut service, &["www.example. 60 CNAME web.example.", "web.example. 60 A 192.0.2.7"]);
    assert_eq!(ask(&mut service, RrType::ANY, false), None);
    assert_eq!(tell_next(&mut service, &["www.example. 60 CNAME web.example."]), 1);
}

#[test]
fn too_many_questions_are_not_answered_and_the_first_are() {
    let mut service = Service::new(forwarding(|config| config.limits.questions = 2), Policy::default());
    let mut out = vec![0; 4096];
    for number in 0..5_u64 {
        let asked = query(&format!("n{number}.example."), RrType::A, Flags::RD, None);
        service.query((number, "127.0.0.1".parse().unwrap()), false, &asked, Time::ZERO, &mut out);
    }
    let silent: Vec<u64> = std::iter::from_fn(|| service.poll_event(&mut out))
        .filter_map(|output| match output {
            Output::Silence { client } => Some(client),
            _ => None,
        })
        .collect();
    assert_eq!((silent, service.waiting()), (vec![2, 3, 4], 2));
}

#[test]
fn a_connection_that_fails_leaves_other_servers() {
    let mut resolver = forwarding(|config| config.zones[0].servers.push("192.0.2.2:53".parse().unwrap()));
    ask(&mut resolver, "www.example.", Time::ZERO);
    let query = sent(&mut resolver);
    let cut = reply(&query.bytes, Flags::TC, [&[], &[], &[]]);
    tell(&mut resolver, &query, &cut, Time::ZERO);
    let opened = |resolver: &mut Resolver| {
        std::iter::from_fn(|| resolver.poll_event()).find_map(|event| match event {
            Event::OpenTcp { id, .. } => Some(id),
            _ => None,
        })
    };
    // It may be tried by TCP at once or the other server by UDP; either way the question goes on.
    let mut rounds = 0;
    while rounds < 20 {
        rounds += 1;
        if let Some(TcpId(id)) = opened(&mut resolver) {
            resolver.handle(Input::TcpClosed(TcpId(id)), Time::ZERO);
        }
        let Some(next) = resolver.poll_transmit(Time::ZERO) else { continue };
        if next.to != query.to {
            let bytes = reply(&next.bytes, Flags::RA, [&["www.example. 60 A 192.0.2.7"], &[], &[]]);
            tell(&mut resolver, &next, &bytes, Time::ZERO + Duration::from_millis(1));
            break;
        }
    }
    assert_eq!(addresses(&done(&mut resolver).unwrap()).len(), 1);
}

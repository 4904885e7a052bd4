//! The stub resolver in virtual time: servers that are dead, slow, forged, old-fashioned or careless.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use dns::client::{Answer, Config, Hosts, Transport};
use dns::cookie::Cookie;
use dns::proto_core::Time;
use dns::{
    Builder, Coordinator, EdnsHeader, EdnsOption, Event, Flags, Input, Message, PortId, Privacy, Question,
    Rcode, Rdata, Record, ResolveError, RrType, Section, Socket, StubResolver, TcpId, Ticket, Transmit,
};

const MS: Duration = Duration::from_millis(1);

fn server(number: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, number], 53))
}

fn config(servers: &[u8]) -> Config {
    Config::with_servers(servers.iter().map(|number| server(*number)))
}

/// What came back for a query: after which time, and by whom.
struct Reply {
    after: Duration,
    from: SocketAddr,
    bytes: Vec<u8>,
}

/// The world around a resolver: a function that says how each query is answered.
struct World<F> {
    stub: StubResolver,
    now: Time,
    answer: F,
    /// On the way: when, where to, from whom.
    under_way: BTreeMap<(Time, u64), (Socket, SocketAddr, Vec<u8>)>,
    count: u64,
    sent: Vec<(Duration, SocketAddr, bool)>,
    open: BTreeSet<Socket>,
    done: BTreeMap<Ticket, (Duration, Result<Answer, ResolveError>)>,
}

impl<F: FnMut(&Message<'_>, SocketAddr, bool) -> Vec<Reply>> World<F> {
    fn new(config: Config, answer: F) -> Self {
        let stub = StubResolver::new(config, Hosts::default(), [1; 32]);
        let (under_way, open) = (BTreeMap::new(), BTreeSet::new());
        World {
            stub,
            now: Time::ZERO,
            answer,
            under_way,
            count: 0,
            sent: vec![],
            open,
            done: BTreeMap::new(),
        }
    }

    fn ask(&mut self, name: &str, rtype: RrType) -> Result<Answer, ResolveError> {
        let ticket = self.stub.resolve(Question::new(name.parse().unwrap(), rtype), self.now);
        self.run();
        self.done[&ticket].1.clone()
    }

    fn took(&self, ticket: Ticket) -> Duration {
        self.done[&ticket].0
    }

    /// Until nothing is left to wait for.
    fn run(&mut self) {
        for _ in 0..10_000 {
            self.settle();
            let arrival = self.under_way.keys().next().map(|(time, _)| *time);
            let deadline = self.stub.deadline();
            match (arrival, deadline) {
                (None, None) => {
                    assert!(self.open.is_empty(), "sockets that nobody gave back: {:?}", self.open);
                    return;
                }
                (Some(at), deadline) if deadline.is_none_or(|deadline| at <= deadline) => self.arrive(),
                (_, deadline) => {
                    self.now = self.now.max(deadline.unwrap());
                    self.stub.handle_deadline(self.now);
                }
            }
        }
        panic!("never at rest");
    }

    fn arrive(&mut self) {
        let ((at, _), (socket, from, bytes)) = self.under_way.pop_first().unwrap();
        self.now = at;
        if !self.open.contains(&socket) {
            return; // it was closed meanwhile
        }
        match socket {
            Socket::FreshPort(port) => {
                self.stub.handle(Input::Datagram { port, from, bytes: &bytes }, self.now);
            }
            Socket::Tcp(id) if bytes.is_empty() => self.stub.handle(Input::TcpOpened(id), self.now),
            Socket::Tcp(id) => {
                for bytes in bytes.chunks(7) {
                    self.stub.handle(Input::TcpReceived { id, bytes }, self.now);
                }
            }
        }
    }

    fn settle(&mut self) {
        loop {
            if let Some(event) = self.stub.poll_event() {
                self.event(event);
            } else if let Some(transmit) = self.stub.poll_transmit(self.now) {
                self.transmit(&transmit);
            } else {
                return;
            }
        }
    }

    fn event(&mut self, event: Event<Result<Answer, ResolveError>>) {
        match event {
            Event::Done { ticket, answer } => {
                assert!(self.done.insert(ticket, (self.now - Time::ZERO, answer)).is_none());
            }
            Event::OpenTcp { id, to, .. } => {
                self.open.insert(Socket::Tcp(id));
                self.send_back(MS, Socket::Tcp(id), to, Vec::new());
            }
            Event::CloseTcp(id) => assert!(self.open.remove(&Socket::Tcp(id))),
            Event::ClosePort(port) => {
                self.open.remove(&Socket::FreshPort(port));
            }
            _ => {}
        }
    }

    fn transmit(&mut self, transmit: &Transmit) {
        let stream = matches!(transmit.socket, Socket::Tcp(_));
        self.open.insert(transmit.socket);
        self.sent.push((self.now - Time::ZERO, transmit.to, stream));
        let bytes = if stream { &transmit.bytes[2..] } else { &transmit.bytes[..] };
        let query = Message::parse(bytes).unwrap();
        for Reply { after, from, mut bytes } in (self.answer)(&query, transmit.to, stream) {
            if stream {
                bytes.splice(0..0, u16::try_from(bytes.len()).unwrap().to_be_bytes());
            }
            self.send_back(after, transmit.socket, from, bytes);
        }
    }

    fn send_back(&mut self, after: Duration, socket: Socket, from: SocketAddr, bytes: Vec<u8>) {
        self.count += 1;
        self.under_way.insert((self.now + after, self.count), (socket, from, bytes));
    }
}

fn reply(
    query: &Message<'_>,
    rcode: Rcode,
    records: &[(&str, &str, &str)],
    options: &[EdnsOption<'_>],
) -> Vec<u8> {
    let mut out = [0; 1232];
    let mut builder = Builder::new(&mut out, query.header().reply(rcode));
    builder.push_question(query.question().unwrap()).unwrap();
    for (owner, rtype, text) in records {
        let rdata = Rdata::of_text(rtype.parse().unwrap(), text).unwrap();
        let record = Record { owner: owner.parse().unwrap(), ttl: 60, rdata };
        builder.push_record(Section::Answer, record.as_record_ref()).unwrap();
    }
    if query.edns().is_some() {
        builder.push_edns(&EdnsHeader::new(1232), options).unwrap();
    }
    builder.finish().to_vec()
}

/// An address for every name, after ten milliseconds.
fn good(query: &Message<'_>, from: SocketAddr) -> Reply {
    let name = query.question().unwrap().name.to_string();
    let records: &[(&str, &str, &str)] = match query.question().unwrap().rtype {
        RrType::A => &[(&name, "A", "198.51.100.1")],
        RrType::AAAA => &[(&name, "AAAA", "2001:db8::1")],
        _ => &[],
    };
    Reply { after: 10 * MS, from, bytes: reply(query, Rcode::NOERROR, records, &[]) }
}

fn bad(query: &Message<'_>, from: SocketAddr, rcode: Rcode) -> Reply {
    Reply { after: 10 * MS, from, bytes: reply(query, rcode, &[], &[]) }
}

#[test]
fn a_dead_server_stalls_nobody_and_is_asked_last_from_then_on() {
    let mut world = World::new(
        config(&[1, 2]),
        |query, to, _| {
            if to == server(1) { vec![] } else { vec![good(query, to)] }
        },
    );
    let ticket = world.stub.addresses("www.example.", world.now).unwrap();
    world.run();
    assert!(world.took(ticket) < 400 * MS, "{:?}", world.took(ticket));
    assert_eq!(world.done[&ticket].1.as_ref().unwrap().addresses().count(), 2);
    world.sent.clear();
    world.ask("www.example.", RrType::A).unwrap();
    assert_eq!(world.sent.len(), 1);
    assert_eq!(world.sent[0].1, server(2));
}

#[test]
fn the_faster_server_comes_first_and_with_rotation_none_does() {
    let after = |to| if to == server(1) { 80 * MS } else { 5 * MS };
    let answer = |query: &Message<'_>, to, _| vec![Reply { after: after(to), ..good(query, to) }];
    let mut world = World::new(config(&[1, 2]), answer);
    for _ in 0..10 {
        world.ask("a.example", RrType::A).unwrap();
    }
    let slow = world.sent.iter().filter(|(_, to, _)| *to == server(1)).count();
    assert!(slow <= 2, "{slow}");
    let rotating = Config { rotate: true, ..config(&[1, 2]) };
    let mut world = World::new(rotating, |query, to, _| vec![good(query, to)]);
    for _ in 0..40 {
        world.ask("a.example", RrType::A).unwrap();
    }
    let first = world.sent.iter().filter(|(_, to, _)| *to == server(1)).count();
    assert!((8..=32).contains(&first), "{first}");
}

#[test]
fn recursion_is_wanted_unless_it_is_not() {
    for recursion in [true, false] {
        let asked = std::rc::Rc::new(std::cell::Cell::new(None));
        let seen = std::rc::Rc::clone(&asked);
        let mut world = World::new(Config { recursion, ..config(&[1]) }, move |query, to, _| {
            seen.set(Some(query.flags().has(Flags::RD)));
            vec![good(query, to)]
        });
        world.ask("a.example", RrType::A).unwrap();
        assert_eq!(asked.get(), Some(recursion));
    }
}

#[test]
fn one_bad_reply_never_ends_a_query() {
    let forgeries: &[fn(&mut Vec<u8>, &mut SocketAddr)] = &[
        |bytes, _| bytes[0] ^= 1,                        // id
        |bytes, _| bytes[2] &= 0x7F,                     // QR
        |bytes, _| bytes[2] |= 0x10,                     // opcode
        |bytes, _| bytes[13] ^= 0x20,                    // case
        |bytes, _| bytes[13] = b'x',                     // question
        |bytes, _| bytes.truncate(bytes.len() - 1),      // cut
        |bytes, _| bytes.push(0),                        // trailing
        |bytes, _| bytes.clear(),                        // nothing
        |_, from| from.set_port(54),                     // port
        |_, from| *from = server(9),                     // address
        |bytes, _| bytes[4..6].copy_from_slice(&[0, 0]), // counts that lie
    ];
    for (at, forge) in forgeries.iter().enumerate() {
        let mut world = World::new(config(&[1]), |query, to, stream| {
            let mut forged = Reply { after: MS, ..bad(query, to, Rcode::NXDOMAIN) };
            if !stream {
                forge(&mut forged.bytes, &mut forged.from);
            }
            vec![forged, good(query, to)]
        });
        let answer = world.ask("www.example", RrType::A).unwrap_or_else(|error| panic!("{at}: {error}"));
        assert_eq!(answer.records.len(), 1, "{at}");
        assert_eq!(world.sent.len(), 1, "{at}");
    }
}

#[test]
fn a_flood_of_forgeries_leads_to_tcp() {
    let mut world = World::new(config(&[1]), |query, to, stream| {
        if stream {
            return vec![good(query, to)];
        }
        let forge = |number: u8| {
            let mut forged = Reply { after: MS, ..bad(query, to, Rcode::NXDOMAIN) };
            forged.bytes[0] ^= number;
            forged
        };
        (1..=100).map(forge).collect()
    });
    assert_eq!(world.ask("www.example", RrType::A).unwrap().records.len(), 1);
    assert_eq!(world.sent.iter().map(|(_, _, stream)| *stream).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn what_is_truncated_is_asked_again_by_tcp_and_none_of_it_used() {
    let mut world = World::new(config(&[1]), |query, to, stream| {
        let mut reply = good(query, to);
        if !stream {
            reply.bytes[2] |= 2;
            reply.bytes.truncate(reply.bytes.len());
        }
        vec![reply]
    });
    let answer = world.ask("www.example", RrType::A).unwrap();
    assert_eq!((answer.records.len(), answer.replies.len()), (1, 1));
    assert!(!Message::parse(&answer.replies[0].1).unwrap().flags().has(Flags::TC));
    assert_eq!(world.sent.len(), 2);
    let by_stream = Config { transport: Transport::Tcp, ..config(&[1]) };
    let mut world = World::new(by_stream, |query, to, stream| {
        assert!(stream);
        vec![good(query, to)]
    });
    world.ask("www.example", RrType::A).unwrap();
}

#[test]
fn who_does_not_know_edns_is_asked_without_it_for_a_quarter_of_an_hour() {
    for rcode in [Rcode::FORMERR, Rcode::NOTIMP] {
        let mut world = World::new(config(&[1]), |query, to, _| {
            let knows = query.edns().is_none();
            vec![if knows { good(query, to) } else { bad(query, to, rcode) }]
        });
        world.ask("a.example", RrType::A).unwrap();
        assert_eq!(world.sent.len(), 2);
        world.ask("a.example", RrType::A).unwrap();
        assert_eq!(world.sent.len(), 3);
        world.now = world.now + Duration::from_secs(900);
        world.ask("a.example", RrType::A).unwrap();
        assert_eq!(world.sent.len(), 5);
    }
}

#[test]
fn who_fails_or_refuses_is_passed_over_at_once() {
    for (rcode, error) in
        [(Rcode::SERVFAIL, ResolveError::ServFail(None)), (Rcode::REFUSED, ResolveError::Refused)]
    {
        let mut world = World::new(config(&[1, 2]), |query, to, _| {
            vec![if to == server(1) { bad(query, to, rcode) } else { good(query, to) }]
        });
        let ticket = world.stub.resolve(Question::new("a.example".parse().unwrap(), RrType::A), world.now);
        world.run();
        assert_eq!(world.took(ticket), 20 * MS);
        let mut world = World::new(config(&[1, 2]), |query, to, _| vec![bad(query, to, rcode)]);
        assert_eq!(world.ask("a.example", RrType::A), Err(error));
        assert_eq!(world.sent.len(), 4);
    }
    let mut world = World::new(config(&[1, 2, 3]), |_, _, _| vec![]);
    assert_eq!(world.ask("a.example", RrType::A), Err(ResolveError::Timeout));
    assert_eq!(world.now, Time::from_secs(10));
    assert_eq!(world.sent.len(), 6);
}

#[test]
fn cookies_are_learnt_and_wrong_ones_discarded() {
    let mut seen = Vec::new();
    let mut world = World::new(config(&[1]), |query, to, stream| {
        let edns = query.edns().unwrap();
        let cookie = edns.cookie().unwrap();
        seen.push((cookie.client().to_vec(), cookie.server().to_vec(), stream));
        let own = [cookie.client(), b"serverss"].concat();
        let cookies = [EdnsOption::Cookie(Cookie::parse(&own).unwrap())];
        if cookie.server() != b"serverss" {
            return vec![Reply { after: MS, from: to, bytes: reply(query, Rcode::BADCOOKIE, &[], &cookies) }];
        }
        let forged = [b"xxxxxxxx", &b"serverss"[..]].concat();
        let wrong = [EdnsOption::Cookie(Cookie::parse(&forged).unwrap())];
        let name = query.question().unwrap().name.to_string();
        let right = reply(query, Rcode::NOERROR, &[(&name, "A", "198.51.100.1")], &cookies);
        vec![
            Reply { after: MS, from: to, bytes: reply(query, Rcode::NXDOMAIN, &[], &wrong) },
            Reply { after: MS, from: to, bytes: reply(query, Rcode::NXDOMAIN, &[], &[]) },
            // Nor has a server that gave a cookie forgotten what EDNS is.
            Reply { after: MS, from: to, bytes: reply(query, Rcode::FORMERR, &[], &[]) },
            Reply { after: 2 * MS, from: to, bytes: right },
        ]
    });
    world.ask("a.example", RrType::A).unwrap();
    world.ask("b.example", RrType::A).unwrap();
    drop(world);
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|(client, _, stream)| *client == seen[0].0 && !stream));
    assert_eq!(seen.iter().map(|(_, server, _)| server.len()).collect::<Vec<_>>(), [0, 8, 8]);
}

#[test]
fn by_tls_queries_are_padded_and_bear_no_cookie() {
    let config = Config { transport: Transport::Tls, ..config(&[1]) };
    let mut stub = StubResolver::new(config, Hosts::default(), [7; 32]);
    stub.resolve(Question::new("www.example".parse().unwrap(), RrType::A), Time::ZERO);
    let Some(Event::OpenTcp { id, privacy, .. }) = stub.poll_event() else { panic!("no stream") };
    assert_eq!(privacy, Privacy::Opportunistic);
    assert_eq!(stub.poll_transmit(Time::ZERO), None);
    stub.handle(Input::TcpOpened(id), Time::ZERO);
    let query = stub.poll_transmit(Time::ZERO).unwrap().bytes;
    assert_eq!(query.len(), 2 + 128);
    let message = Message::parse(&query[2..]).unwrap();
    let edns = message.edns().unwrap();
    assert!(edns.cookie().is_none() && matches!(edns.options().next(), Some(EdnsOption::Padding(_))));
}

#[test]
fn who_does_not_keep_the_case_is_asked_by_tcp() {
    let mut world = World::new(config(&[1]), |query, to, _| {
        let mut reply = good(query, to);
        let len = query.question().unwrap().name.wire_len();
        reply.bytes[12..12 + len].make_ascii_lowercase();
        vec![reply]
    });
    let answer = world.ask("www.example.with.a.long.name", RrType::A).unwrap();
    assert_eq!(answer.records[0].owner.to_string(), "www.example.with.a.long.name.");
    assert_eq!(world.sent.iter().map(|(_, _, stream)| *stream).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn the_search_list_is_gone_through_until_something_is_found() {
    let with_search = Config { search: vec!["x".parse().unwrap(), "y".parse().unwrap()], ..config(&[1]) };
    let mut asked = Vec::new();
    let mut world = World::new(with_search, |query, to, _| {
        let name = query.question().unwrap().name.to_string().to_lowercase();
        asked.push(name.clone());
        vec![match name.as_str() {
            "host.y." | "exists." => good(query, to),
            "empty.x." => bad(query, to, Rcode::NOERROR),
            _ => bad(query, to, Rcode::NXDOMAIN),
        }]
    });
    let mut search = |name: &str| {
        let ticket = world.stub.search(name, RrType::A, world.now).unwrap();
        world.run();
        world.done[&ticket].1.clone().map(|answer| answer.name.to_string())
    };
    assert_eq!(search("host"), Ok("host.y.".to_owned()));
    assert_eq!(search("exists"), Ok("exists.".to_owned()));
    assert_eq!(search("none"), Err(ResolveError::NxDomain));
    assert_eq!(search("empty"), Err(ResolveError::NoData));
    assert_eq!(search("host."), Err(ResolveError::NxDomain));
    let first = ["host.x.", "host.y.", "exists.x.", "exists.y.", "exists."];
    assert_eq!(asked[..5], first);
}

#[test]
fn only_the_chain_that_was_asked_for_is_taken_from_a_reply() {
    let mut world = World::new(config(&[1]), |query, to, _| {
        let records = [
            ("evil.example", "A", "203.0.113.66"),
            ("b.example", "A", "198.51.100.1"),
            ("a.example", "CNAME", "b.example."),
        ];
        vec![Reply { after: MS, from: to, bytes: reply(query, Rcode::NOERROR, &records, &[]) }]
    });
    let answer = world.ask("a.example", RrType::A).unwrap();
    let lines: Vec<_> = answer.records.iter().map(ToString::to_string).collect();
    assert_eq!(lines, ["a.example. 60 IN CNAME b.example.", "b.example. 60 IN A 198.51.100.1"]);
    assert_eq!(answer.canonical().to_string(), "b.example.");
    let mut world = World::new(config(&[1]), |query, to, _| {
        let records = [("a.example", "CNAME", "b.example."), ("b.example", "CNAME", "a.example.")];
        vec![Reply { after: MS, from: to, bytes: reply(query, Rcode::NOERROR, &records, &[]) }]
    });
    assert!(matches!(world.ask("a.example", RrType::A), Err(ResolveError::LimitHit(_))));
    assert_eq!(world.ask("c.example", RrType::A), Err(ResolveError::NoData));
}

#[test]
fn what_this_machine_knows_is_not_asked_for() {
    let hosts = Hosts::parse(b"192.0.2.7 printer printer.example\n");
    let mut stub = StubResolver::new(config(&[1]), hosts, [0; 32]);
    let now = Time::ZERO;
    stub.addresses("printer", now).unwrap();
    stub.addresses("localhost", now).unwrap();
    stub.addresses("2001:db8::7", now).unwrap();
    stub.resolve(Question::new(dns::pointer_name("192.0.2.7".parse().unwrap()), RrType::PTR), now);
    stub.resolve(Question::new("x.invalid".parse().unwrap(), RrType::A), now);
    stub.resolve(Question::new("localhost".parse().unwrap(), RrType::MX), now);
    let mut told = Vec::new();
    while let Some(event) = stub.poll_event() {
        let Event::Done { answer, .. } = event else { panic!("{event:?}") };
        let text = |answer: Answer| {
            answer.records.iter().map(|record| record.rdata.to_string()).collect::<Vec<_>>().join(" ")
        };
        told.push(answer.map(text));
    }
    let known = |text: &str| Ok(text.to_owned());
    assert_eq!(
        told,
        [
            known("192.0.2.7"),
            known("127.0.0.1 ::1"),
            known("2001:db8::7"),
            known("printer."),
            Err(ResolveError::NxDomain),
            Err(ResolveError::NoData)
        ]
    );
    assert_eq!((stub.poll_transmit(now), stub.deadline()), (None, None));
    assert!(stub.addresses("a..b", now).is_err());
}

#[test]
fn a_question_taken_back_gives_back_its_sockets() {
    let mut stub = StubResolver::new(config(&[1]), Hosts::default(), [0; 32]);
    let ticket = stub.addresses("a.example", Time::ZERO).unwrap();
    let ports: Vec<_> = std::iter::from_fn(|| stub.poll_transmit(Time::ZERO)).collect();
    assert_eq!(ports.len(), 2);
    stub.cancel(ticket);
    let mut closed = 0;
    while let Some(event) = stub.poll_event() {
        match event {
            Event::ClosePort(_) => closed += 1,
            Event::Done { answer, .. } => assert_eq!(answer, Err(ResolveError::Cancelled)),
            event => panic!("{event:?}"),
        }
    }
    assert_eq!((closed, stub.deadline()), (2, None));
    // What comes in now is for nobody.
    stub.handle(Input::Datagram { port: PortId(1), from: server(1), bytes: b"" }, Time::ZERO);
    stub.handle(Input::TcpClosed(TcpId(1)), Time::ZERO);
    assert_eq!(stub.poll_event(), None);
}

#[test]
fn a_socket_that_can_not_send_is_the_next_servers_turn() {
    let mut stub = StubResolver::new(config(&[1, 2]), Hosts::default(), [0; 32]);
    stub.resolve(Question::new("a.example".parse().unwrap(), RrType::A), Time::ZERO);
    let first = stub.poll_transmit(Time::ZERO).unwrap();
    stub.handle(Input::SendFailed(first.socket), Time::ZERO);
    let second = stub.poll_transmit(Time::ZERO).unwrap();
    assert_eq!((first.to, second.to), (server(1), server(2)));
    assert_ne!(first.socket, second.socket);
    assert_ne!(first.bytes[..2], second.bytes[..2]);
}

#[test]
fn the_same_seed_and_script_send_the_same_octets() {
    let octets = |seed| {
        let mut stub = StubResolver::new(config(&[1, 2]), Hosts::default(), [seed; 32]);
        stub.resolve(Question::new("a.example".parse().unwrap(), RrType::A), Time::ZERO);
        stub.handle_deadline(stub.deadline().unwrap());
        std::iter::from_fn(|| stub.poll_transmit(Time::ZERO)).collect::<Vec<_>>()
    };
    assert_eq!(octets(1), octets(1));
    assert_ne!(octets(1), octets(2));
}

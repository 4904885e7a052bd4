//! How the resolver speaks with its servers: cookies, and streams under TLS, its sockets in the test's hands.

use std::net::SocketAddr;
use std::time::Duration;

use dns::cookie::Cookie;
use dns::proto_core::Time;
use dns::resolver::{Config, Resolver, Way, ZoneRule};
use dns::{
    Builder, Coordinator as _, EdnsHeader, EdnsOption, Event, Flags, Input, Message, Name, Privacy, Question,
    Rcode, Rdata, Record, RrType, Section, Socket, TcpId, Transmit,
};

const SERVER: &str = "192.0.2.1:53";

fn server() -> SocketAddr {
    SERVER.parse().unwrap()
}

/// One that asks a single forwarder.
fn forwarding(change: impl FnOnce(&mut Config)) -> Resolver {
    let rule = ZoneRule { name: Name::ROOT, servers: vec![server()], way: Way::Forward { first: false } };
    let mut config = Config { zones: vec![rule], ..Config::default() };
    change(&mut config);
    Resolver::new(config, [9; 32])
}

fn ask(resolver: &mut Resolver, name: &str, now: Time) {
    resolver.resolve(Question::new(name.parse().unwrap(), RrType::A), now);
}

/// A reply with one address, and EDNS with these options, if any.
fn reply(query: &[u8], rcode: Rcode, options: Option<&[EdnsOption<'_>]>) -> Vec<u8> {
    let query = Message::parse(query).unwrap();
    let mut header = query.header().reply(Rcode::NOERROR);
    header.flags = header.flags.with(Flags::RA);
    let mut buffer = vec![0; 65_535];
    let mut builder = Builder::new(&mut buffer, header);
    builder.set_rcode(rcode);
    let question = query.question().unwrap();
    builder.push_question(question).unwrap();
    if rcode == Rcode::NOERROR {
        let (owner, rdata) = (question.name.to_name(), Rdata::of_text(RrType::A, "192.0.2.7").unwrap());
        builder.push_record(Section::Answer, Record { owner, ttl: 60, rdata }.as_record_ref()).unwrap();
    }
    if let Some(options) = options {
        builder.push_edns(&EdnsHeader::new(1232), options).unwrap();
    }
    builder.finish().to_vec()
}

/// The same with the cookie that the query had and this one of the server's.
fn with_cookie(query: &[u8], rcode: Rcode, server: &[u8]) -> Vec<u8> {
    let both = [&cookie(query).unwrap()[..8], server].concat();
    reply(query, rcode, Some(&[EdnsOption::Cookie(Cookie::parse(&both).unwrap())]))
}

fn cookie(query: &[u8]) -> Option<Vec<u8>> {
    Some(Message::parse(query).unwrap().edns()?.cookie()?.as_octets().to_vec())
}

fn tell(resolver: &mut Resolver, to: &Transmit, bytes: &[u8], now: Time) {
    let Socket::FreshPort(port) = to.socket else { panic!("by a stream") };
    resolver.handle(Input::Datagram { port, from: to.to, bytes }, now);
}

fn sent(resolver: &mut Resolver) -> Transmit {
    resolver.poll_transmit(Time::ZERO).expect("a query")
}

/// Response codes of questions that are done.
fn done(resolver: &mut Resolver) -> Vec<Rcode> {
    let events = std::iter::from_fn(|| resolver.poll_event());
    events
        .filter_map(|event| if let Event::Done { answer, .. } = event { Some(answer.rcode) } else { None })
        .collect()
}

fn opened(resolver: &mut Resolver) -> Option<TcpId> {
    let events = std::iter::from_fn(|| resolver.poll_event());
    events.filter_map(|event| if let Event::OpenTcp { id, .. } = event { Some(id) } else { None }).last()
}

fn tell_stream(resolver: &mut Resolver, id: TcpId, message: &[u8], now: Time) {
    let bytes = [&(message.len() as u16).to_be_bytes()[..], message].concat();
    resolver.handle(Input::TcpReceived { id, bytes: &bytes }, now);
}

#[test]
fn a_server_is_shown_the_cookie_that_it_gave() {
    let mut resolver = forwarding(|_| {});
    let mut shown = Vec::new();
    for (name, given) in
        [("a.example.", b"serverone"), ("b.example.", b"servertwo"), ("c.example.", b"servertwo")]
    {
        ask(&mut resolver, name, Time::ZERO);
        let query = sent(&mut resolver);
        shown.push(cookie(&query.bytes).unwrap());
        tell(&mut resolver, &query, &with_cookie(&query.bytes, Rcode::NOERROR, given), Time::ZERO);
        assert_eq!(done(&mut resolver), [Rcode::NOERROR]);
    }
    assert_eq!(
        shown.iter().map(|cookie| &cookie[8..]).collect::<Vec<_>>(),
        [&b""[..], b"serverone", b"servertwo"]
    );
    assert!(shown.iter().all(|cookie| cookie[..8] == shown[0][..8]));
    let mut other = Resolver::new(resolver.config().clone(), [8; 32]);
    ask(&mut other, "a.example.", Time::ZERO);
    assert_ne!(cookie(&sent(&mut other).bytes).unwrap(), shown[0]);
}

#[test]
fn servers_are_shown_different_cookies_and_another_one_the_day_after() {
    let mut resolver = forwarding(|config| {
        config.zones[0].servers = vec![server(), "192.0.2.2:53".parse().unwrap()];
    });
    let mut shown = std::collections::BTreeMap::new();
    for number in 0..32 {
        ask(&mut resolver, &format!("name-{number}.example."), Time::ZERO);
        let query = sent(&mut resolver);
        shown.entry(query.to).or_insert_with(Vec::new).push(cookie(&query.bytes).unwrap());
    }
    assert_eq!(shown.len(), 2);
    assert!(shown.values().all(|all| all.iter().all(|cookie| *cookie == all[0])));
    let firsts: Vec<&Vec<u8>> = shown.values().map(|all| &all[0]).collect();
    assert_ne!(firsts[0], firsts[1]);
    ask(&mut resolver, "tomorrow.example.", Time::from_secs(86_400));
    let query = sent(&mut resolver);
    assert_ne!(cookie(&query.bytes).unwrap(), shown[&query.to][0]);
}

#[test]
fn a_wrong_cookie_is_nobodys_reply() {
    let mut resolver = forwarding(|_| {});
    ask(&mut resolver, "www.example.", Time::ZERO);
    let query = sent(&mut resolver);
    let wrong = Cookie::parse(b"not ours, and theirs").map(EdnsOption::Cookie);
    for rcode in [Rcode::NOERROR, Rcode::NXDOMAIN, Rcode::FORMERR, Rcode::BADCOOKIE] {
        tell(&mut resolver, &query, &reply(&query.bytes, rcode, Some(wrong.as_slice())), Time::ZERO);
    }
    let mut truncated = reply(&query.bytes, Rcode::NXDOMAIN, Some(wrong.as_slice()));
    truncated[2] |= 2;
    tell(&mut resolver, &query, &truncated, Time::ZERO);
    assert!(done(&mut resolver).is_empty() && resolver.poll_transmit(Time::ZERO).is_none());
    tell(&mut resolver, &query, &with_cookie(&query.bytes, Rcode::NOERROR, b"serverone"), Time::ZERO);
    assert_eq!(done(&mut resolver), [Rcode::NOERROR]);
    // A server that gave a cookie has not forgotten what EDNS is: TCP tells.
    ask(&mut resolver, "mail.example.", Time::ZERO);
    let query = sent(&mut resolver);
    tell(&mut resolver, &query, &reply(&query.bytes, Rcode::FORMERR, None), Time::ZERO);
    let id = opened(&mut resolver).unwrap();
    resolver.handle(Input::TcpOpened(id), Time::ZERO);
    let query = sent(&mut resolver).bytes.split_off(2);
    assert!(cookie(&query).is_some());
    tell_stream(&mut resolver, id, &with_cookie(&query, Rcode::NOERROR, b"serverone"), Time::ZERO);
    assert_eq!(done(&mut resolver), [Rcode::NOERROR]);
}

#[test]
fn who_has_no_cookies_needs_none_and_who_had_some_is_asked_by_tcp() {
    let mut resolver = forwarding(|_| {});
    for name in ["a.example.", "b.example."] {
        ask(&mut resolver, name, Time::ZERO);
        let query = sent(&mut resolver);
        tell(&mut resolver, &query, &reply(&query.bytes, Rcode::NOERROR, None), Time::ZERO);
        assert_eq!(done(&mut resolver), [Rcode::NOERROR]);
    }
    ask(&mut resolver, "c.example.", Time::ZERO);
    let query = sent(&mut resolver);
    tell(&mut resolver, &query, &with_cookie(&query.bytes, Rcode::NOERROR, b"serverone"), Time::ZERO);
    assert_eq!(done(&mut resolver), [Rcode::NOERROR]);
    ask(&mut resolver, "d.example.", Time::ZERO);
    let query = sent(&mut resolver);
    tell(&mut resolver, &query, &reply(&query.bytes, Rcode::NOERROR, Some(&[])), Time::ZERO);
    let id = opened(&mut resolver).unwrap();
    resolver.handle(Input::TcpOpened(id), Time::ZERO);
    let query = sent(&mut resolver).bytes.split_off(2);
    // Another machine behind the same address: it starts anew.
    tell_stream(&mut resolver, id, &reply(&query, Rcode::NOERROR, Some(&[])), Time::ZERO);
    assert_eq!(done(&mut resolver), [Rcode::NOERROR]);
    ask(&mut resolver, "e.example.", Time::ZERO);
    assert_eq!(cookie(&sent(&mut resolver).bytes).unwrap().len(), 8);
}

#[test]
fn a_cookie_turned_away_is_tried_again_fresh_and_then_by_tcp() {
    let mut resolver = forwarding(|_| {});
    ask(&mut resolver, "www.example.", Time::ZERO);
    let first = sent(&mut resolver);
    tell(&mut resolver, &first, &with_cookie(&first.bytes, Rcode::BADCOOKIE, b"serverone"), Time::ZERO);
    let second = sent(&mut resolver);
    assert_eq!(&cookie(&second.bytes).unwrap()[8..], b"serverone");
    tell(&mut resolver, &second, &with_cookie(&second.bytes, Rcode::BADCOOKIE, b"servertwo"), Time::ZERO);
    let id = opened(&mut resolver).unwrap();
    resolver.handle(Input::TcpOpened(id), Time::ZERO);
    let third = sent(&mut resolver).bytes.split_off(2);
    assert_eq!(&cookie(&third).unwrap()[8..], b"servertwo");
    tell_stream(&mut resolver, id, &with_cookie(&third, Rcode::NOERROR, b"servertwo"), Time::ZERO);
    assert_eq!(done(&mut resolver), [Rcode::NOERROR]);
    // The same one again: no use in trying it a second time.
    ask(&mut resolver, "mail.example.", Time::ZERO);
    let query = sent(&mut resolver);
    tell(&mut resolver, &query, &with_cookie(&query.bytes, Rcode::BADCOOKIE, b"servertwo"), Time::ZERO);
    let id = opened(&mut resolver).unwrap();
    // Nor by TCP, where nothing is left to prove.
    resolver.handle(Input::TcpOpened(id), Time::ZERO);
    let query = sent(&mut resolver).bytes.split_off(2);
    tell_stream(&mut resolver, id, &with_cookie(&query, Rcode::BADCOOKIE, b"serverten"), Time::ZERO);
    assert_eq!(done(&mut resolver), [Rcode::SERVFAIL]);
}

#[test]
fn without_edns_or_the_wish_there_are_no_cookies() {
    let mut resolver = forwarding(|config| config.cookies = false);
    ask(&mut resolver, "www.example.", Time::ZERO);
    let query = sent(&mut resolver);
    assert_eq!(cookie(&query.bytes), None);
    let unasked = Cookie::parse(b"whoever you may be").map(EdnsOption::Cookie);
    tell(&mut resolver, &query, &reply(&query.bytes, Rcode::NOERROR, Some(unasked.as_slice())), Time::ZERO);
    assert_eq!(done(&mut resolver), [Rcode::NOERROR]);
    let mut resolver = forwarding(|_| {});
    ask(&mut resolver, "www.example.", Time::ZERO);
    let query = sent(&mut resolver);
    tell(&mut resolver, &query, &reply(&query.bytes, Rcode::FORMERR, None), Time::ZERO);
    let query = sent(&mut resolver);
    assert!(Message::parse(&query.bytes).unwrap().edns().is_none());
    tell(&mut resolver, &query, &reply(&query.bytes, Rcode::NOERROR, None), Time::ZERO);
    assert_eq!(done(&mut resolver), [Rcode::NOERROR]);
}

/// One that asks a single forwarder by TLS.
fn private(change: impl FnOnce(&mut Config)) -> Resolver {
    forwarding(|config| {
        config.tls.insert(server(), "dns.example".into());
        change(config);
    })
}

/// All that is to be done with streams: opened (`+`) and closed (`-`).
fn doings(resolver: &mut Resolver) -> Vec<(char, TcpId)> {
    let mut doings = Vec::new();
    while let Some(event) = resolver.poll_event() {
        match event {
            Event::OpenTcp { id, to, privacy } => {
                assert_eq!((to, privacy), (server(), Privacy::Strict("dns.example".into())));
                doings.push(('+', id));
            }
            Event::CloseTcp(id) => doings.push(('-', id)),
            Event::ClosePort(_) => panic!("a datagram"),
            _ => {}
        }
    }
    doings
}

/// The queries that leave, each without its length in front.
fn queries(resolver: &mut Resolver, by: TcpId) -> Vec<Vec<u8>> {
    let all = std::iter::from_fn(|| resolver.poll_transmit(Time::ZERO));
    all.map(|query| {
        assert_eq!((query.to, query.socket), (server(), Socket::Tcp(by)));
        assert_eq!(usize::from(u16::from_be_bytes([query.bytes[0], query.bytes[1]])), query.bytes.len() - 2);
        query.bytes[2..].to_vec()
    })
    .collect()
}

#[test]
fn by_tls_queries_share_a_connection_that_stays_open_for_a_while() {
    let mut resolver = private(|_| {});
    ask(&mut resolver, "a.example.", Time::ZERO);
    ask(&mut resolver, "b.example.", Time::ZERO);
    let [('+', id)] = doings(&mut resolver)[..] else { panic!("one connection") };
    assert!(resolver.poll_transmit(Time::ZERO).is_none(), "before it is open nothing leaves");
    resolver.handle(Input::TcpOpened(id), Time::ZERO);
    let two = queries(&mut resolver, id);
    // In any order, and a message that nobody waits for in between.
    let mut late = reply(&two[0], Rcode::NXDOMAIN, None);
    late[0] ^= 0xFF;
    for message in [reply(&two[1], Rcode::NOERROR, None), late, reply(&two[0], Rcode::NOERROR, None)] {
        tell_stream(&mut resolver, id, &message, Time::from_secs(1));
    }
    assert_eq!(done(&mut resolver), [Rcode::NOERROR, Rcode::NOERROR]);
    ask(&mut resolver, "c.example.", Time::from_secs(5));
    assert_eq!(doings(&mut resolver), []);
    let third = queries(&mut resolver, id);
    tell_stream(&mut resolver, id, &reply(&third[0], Rcode::NOERROR, None), Time::from_secs(6));
    assert_eq!(done(&mut resolver), [Rcode::NOERROR]);
    // Nobody needs it any more.
    let due = resolver.deadline().unwrap();
    assert_eq!(due, Time::from_secs(16));
    resolver.handle_deadline(due);
    assert_eq!(doings(&mut resolver), [('-', id)]);
    assert_eq!(resolver.deadline(), None);
}

#[test]
fn queries_by_tls_are_padded_and_bear_no_cookie() {
    let mut resolver = private(|_| {});
    let names = ["a.example.", &"long-label.".repeat(10), &"a-label-of-thirty-octets-it-is.".repeat(8)[..]];
    for name in names {
        ask(&mut resolver, name, Time::ZERO);
    }
    let [('+', id)] = doings(&mut resolver)[..] else { panic!("one connection") };
    resolver.handle(Input::TcpOpened(id), Time::ZERO);
    let lengths: Vec<usize> = queries(&mut resolver, id)
        .iter()
        .map(|query| {
            let options: Vec<_> =
                Message::parse(query).unwrap().edns().unwrap().options().map(|o| o.code()).collect();
            assert_eq!(options, [12]);
            query.len()
        })
        .collect();
    assert_eq!(lengths, [128, 256, 384]);
}

#[test]
fn where_tls_is_wanted_nothing_goes_in_the_clear() {
    let mut resolver = private(|_| {});
    ask(&mut resolver, "www.example.", Time::ZERO);
    let [('+', id)] = doings(&mut resolver)[..] else { panic!("one connection") };
    resolver.handle(Input::TcpClosed(id), Time::ZERO);
    assert!(resolver.poll_transmit(Time::ZERO).is_none());
    let mut codes = Vec::new();
    let mut closed = Vec::new();
    while let Some(event) = resolver.poll_event() {
        match event {
            Event::Done { answer, .. } => codes.push(answer.rcode),
            Event::CloseTcp(id) => closed.push(id),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((codes, closed), (vec![Rcode::SERVFAIL], vec![id]));
}

#[test]
fn who_hangs_up_between_two_replies_is_asked_again() {
    let mut resolver = private(|_| {});
    ask(&mut resolver, "a.example.", Time::ZERO);
    ask(&mut resolver, "b.example.", Time::ZERO);
    let [('+', id)] = doings(&mut resolver)[..] else { panic!("one connection") };
    resolver.handle(Input::TcpOpened(id), Time::ZERO);
    let two = queries(&mut resolver, id);
    tell_stream(&mut resolver, id, &reply(&two[0], Rcode::NOERROR, None), Time::ZERO);
    assert_eq!(done(&mut resolver), [Rcode::NOERROR]);
    resolver.handle(Input::TcpClosed(id), Time::ZERO);
    let [('-', old), ('+', next)] = doings(&mut resolver)[..] else { panic!("another connection") };
    assert_eq!(old, id);
    // What is not even opened, or silent from the beginning, is no good.
    resolver.handle(Input::TcpOpened(next), Time::ZERO);
    assert_eq!(queries(&mut resolver, next).len(), 1);
    resolver.handle(Input::TcpClosed(next), Time::ZERO);
    assert_eq!(done(&mut resolver), [Rcode::SERVFAIL]);
    assert_eq!(resolver.deadline(), None);
}

#[test]
fn a_connection_that_went_silent_is_not_used_again() {
    let mut resolver = private(|_| {});
    ask(&mut resolver, "a.example.", Time::ZERO);
    let [('+', id)] = doings(&mut resolver)[..] else { panic!("one connection") };
    resolver.handle(Input::TcpOpened(id), Time::ZERO);
    let query = queries(&mut resolver, id);
    tell_stream(&mut resolver, id, &reply(&query[0], Rcode::NOERROR, None), Time::ZERO);
    assert_eq!(done(&mut resolver), [Rcode::NOERROR]);
    ask(&mut resolver, "b.example.", Time::from_secs(1));
    assert_eq!(queries(&mut resolver, id).len(), 1);
    let due = resolver.deadline().unwrap();
    assert!(due < Time::from_secs(2), "{due:?}");
    resolver.handle_deadline(due);
    let [('-', old), ('+', next)] = doings(&mut resolver)[..] else { panic!("another connection") };
    assert!(old == id && next != id);
}

#[test]
fn a_connection_takes_so_many_queries_and_another_one_more() {
    let mut resolver = private(|config| config.limits.pipelined = 3);
    for number in 0..4 {
        ask(&mut resolver, &format!("name-{number}.example."), Time::ZERO);
    }
    let [('+', first), ('+', second)] = doings(&mut resolver)[..] else { panic!("two connections") };
    resolver.handle(Input::TcpOpened(first), Time::ZERO);
    let three = queries(&mut resolver, first);
    assert_eq!(three.len(), 3);
    for query in three {
        tell_stream(&mut resolver, first, &reply(&query, Rcode::NOERROR, None), Time::ZERO);
    }
    // The one that was full is not kept; the younger one is.
    assert_eq!(doings(&mut resolver), [('-', first)]);
    resolver.handle(Input::TcpOpened(second), Time::ZERO);
    let query = queries(&mut resolver, second);
    tell_stream(&mut resolver, second, &reply(&query[0], Rcode::NOERROR, None), Time::ZERO);
    assert_eq!(doings(&mut resolver), []);
    assert_eq!(resolver.deadline(), Some(Time::ZERO + Duration::from_secs(10)));
}

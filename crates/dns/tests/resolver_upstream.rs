//! How the resolver speaks with its servers: cookies, and streams under TLS, its sockets in the test's hands.

use std::net::SocketAddr;

use dns::cookie::Cookie;
use dns::proto_core::Time;
use dns::resolver::{Config, Resolver, Way, ZoneRule};
use dns::{
    Builder, Coordinator as _, EdnsHeader, EdnsOption, Event, Flags, Input, Message, Name, Question, Rcode,
    Rdata, Record, RrType, Section, Socket, TcpId, Transmit,
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

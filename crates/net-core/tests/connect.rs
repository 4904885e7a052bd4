//! Connecting on loopback: to what answers, to what refuses, to what is silent.

use std::error::Error as _;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use net_core::connect::{ConnectError, Connector, Reason, connect};
use net_core::resolve::{Resolver, Target};
use net_core::{Deadline, Family, happy};

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(30))
}

fn name(port: u16) -> Target {
    Target::new("www.networkutopia.test", port).unwrap()
}

fn ips(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// A resolver that finds these for any name.
fn finds(texts: &[&str]) -> Connector {
    let all = ips(texts);
    let resolver = Resolver::by(move |_, family, _| {
        Ok(all.iter().copied().filter(|ip| Family::of_ip(*ip) == family).collect())
    });
    Connector { resolver, ..Connector::new() }
}

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// A port that refuses, and stays free as long as the socket lives: bound, but not listened at.
fn refusing() -> (socket2::Socket, u16) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)).into()).unwrap();
    let port = socket.local_addr().unwrap().as_socket().unwrap().port();
    (socket, port)
}

/// A listener whose queue is full, so that who knocks hears nothing; and those in the queue.
fn silent(addr: SocketAddr) -> (TcpListener, SocketAddr, Vec<TcpStream>) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.bind(&addr.into()).unwrap();
    socket.listen(0).unwrap();
    let addr = socket.local_addr().unwrap().as_socket().unwrap();
    let mut queue = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&addr, Duration::from_millis(100)) {
        queue.push(stream);
        assert!(queue.len() < 100, "the queue never fills");
    }
    (socket.into(), addr, queue)
}

fn failures(error: &ConnectError) -> Vec<(String, ErrorKind)> {
    error.failures.iter().map(|failure| (failure.addr.ip().to_string(), failure.error.kind())).collect()
}

#[test]
fn a_literal_address_is_connected_to() {
    let (listener, port) = listener();
    let mut stream = connect(&format!("127.0.0.1:{port}"), soon()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    assert!(stream.nodelay().unwrap());
    // It blocks: reading waits for what comes later.
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    });
    server.write_all(b"hello").unwrap();
    drop(server);
    assert_eq!(reader.join().unwrap(), "hello");
}

#[test]
fn the_system_resolves_a_name() {
    let (_listener, port) = listener();
    for deadline in [soon(), Deadline::NEVER] {
        connect(&format!("localhost:{port}"), deadline).unwrap();
    }
}

#[test]
fn a_refusal_names_everything_that_was_tried() {
    let (_keep, port) = refusing();
    let error = finds(&["127.0.0.1", "127.0.0.2"]).connect(&name(port), soon()).unwrap_err();
    assert!(matches!(error.reason, Reason::Refused));
    let refused = ErrorKind::ConnectionRefused;
    assert_eq!(failures(&error), [("127.0.0.1".to_owned(), refused), ("127.0.0.2".to_owned(), refused)]);
    assert_eq!(error.kind(), refused);
    assert!(error.source().is_some());
    let text = error.to_string();
    assert!(text.contains("www.networkutopia.test") && text.contains(&format!("127.0.0.2:{port}")), "{text}");
}

#[test]
fn the_next_address_is_tried_when_one_refuses() {
    let (listener, port) = listener();
    let stream = finds(&["127.0.0.2", "127.0.0.3", "127.0.0.1"]).connect(&name(port), soon()).unwrap();
    assert_eq!(stream.peer_addr().unwrap(), listener.local_addr().unwrap());
}

#[test]
fn a_silent_address_is_overtaken() {
    let (_silent, addr, _queue) = silent("127.0.0.2:0".parse().unwrap());
    let listener = TcpListener::bind(("127.0.0.1", addr.port())).unwrap();
    let happy = happy::Config { attempt_delay: Duration::from_millis(10), ..happy::Config::default() };
    let connector = Connector { happy, ..finds(&["127.0.0.2", "127.0.0.1"]) };
    let stream = connector.connect(&name(addr.port()), soon()).unwrap();
    assert_eq!(stream.peer_addr().unwrap(), listener.local_addr().unwrap());
}

#[test]
fn an_answer_that_comes_during_an_attempt_is_heard() {
    let (_silent, addr, _queue) = silent("127.0.0.2:0".parse().unwrap());
    let _listener = TcpListener::bind(("127.0.0.1", addr.port())).unwrap();
    for pause in [0, 30] {
        let resolver = Resolver::by(move |_, family, _| match family {
            Family::V6 => Ok(ips(&["127.0.0.2"])), // the first answer leads into silence
            Family::V4 => {
                std::thread::sleep(Duration::from_millis(pause));
                Ok(ips(&["127.0.0.1"]))
            }
        });
        let happy = happy::Config { attempt_delay: Duration::from_millis(10), ..happy::Config::default() };
        let connector = Connector { resolver, happy, local: None };
        let stream = connector.connect(&name(addr.port()), soon()).unwrap();
        assert_eq!(stream.peer_addr().unwrap().ip(), Ipv4Addr::LOCALHOST);
    }
}

#[test]
fn the_deadline_holds_for_silent_addresses() {
    let (_silent, addr, _queue) = silent("127.0.0.1:0".parse().unwrap());
    let error = connect(&addr.to_string(), Deadline::after(Duration::from_millis(20))).unwrap_err();
    assert!(matches!(error.reason, Reason::Deadline));
    assert_eq!(failures(&error), [("127.0.0.1".to_owned(), ErrorKind::TimedOut)]);
}

#[test]
fn the_deadline_holds_for_names_that_are_never_answered() {
    let (keep, never) = mpsc::channel::<()>();
    let never = Arc::new(Mutex::new(never));
    let resolver = Resolver::by(move |_, _, _| {
        let _ = never.lock().unwrap().recv();
        Ok(Vec::new())
    });
    let connector = Connector { resolver, ..Connector::new() };
    let error = connector.connect(&name(80), Deadline::after(Duration::from_millis(20))).unwrap_err();
    assert!(matches!(error.reason, Reason::Deadline) && error.failures.is_empty());
    drop(keep);
}

#[test]
fn ipv4_does_not_wait_for_ipv6_for_ever() {
    let (_listener, port) = listener();
    let (keep, never) = mpsc::channel::<()>();
    let never = Arc::new(Mutex::new(never));
    let resolver = Resolver::by(move |_, family, _| {
        if family == Family::V6 {
            let _ = never.lock().unwrap().recv();
        }
        Ok(ips(&["127.0.0.1"]))
    });
    let connector = Connector { resolver, ..Connector::new() };
    connector.connect(&name(port), soon()).unwrap();
    drop(keep);
}

#[test]
fn names_without_addresses_and_broken_resolvers_are_told_apart() {
    let error = finds(&[]).connect(&name(80), soon()).unwrap_err();
    assert!(matches!(error.reason, Reason::NoAddress));
    let resolver = Resolver::by(|_, _, _| Err(std::io::Error::other("SERVFAIL")));
    let error = Connector { resolver, ..Connector::new() }.connect(&name(80), soon()).unwrap_err();
    assert!(matches!(error.reason, Reason::Name(_)) && error.to_string().contains("SERVFAIL"));
    let error = connect("no port", soon()).unwrap_err();
    assert!(matches!(error.reason, Reason::Target(_)));
    assert_eq!(std::io::Error::from(error).kind(), ErrorKind::InvalidInput);
}

#[test]
fn of_500_addresses_16_are_tried() {
    let (_keep, port) = refusing();
    let resolver = Resolver::by(|_, family, _| match family {
        Family::V4 => Ok((1..=500).map(|n| Ipv4Addr::from_bits(0x7f00_0100 + n).into()).collect()),
        Family::V6 => Ok(Vec::new()),
    });
    let error = Connector { resolver, ..Connector::new() }.connect(&name(port), soon()).unwrap_err();
    assert_eq!(error.failures.len(), 16);
}

#[test]
fn a_local_address_is_connected_from_and_limits_the_family() {
    let (listener, port) = listener();
    let connector =
        Connector { local: Some(Ipv4Addr::new(127, 0, 0, 5).into()), ..finds(&["::1", "127.0.0.1"]) };
    connector.connect(&name(port), soon()).unwrap();
    assert_eq!(listener.accept().unwrap().1.ip(), Ipv4Addr::new(127, 0, 0, 5));
}

/// happy-eyeballs 0.2.1 on the same tables. It differs in what it does beyond them: it has no resolution delay (it
/// resolves first), no deadline and no limit of attempts, keeps the first error only, and waits for the connection to
/// become readable, so that it never sees one on which the client speaks first. Hence the server here says a word.
#[test]
fn another_implementation_gets_to_the_same_place() {
    let Ok(v6) = TcpListener::bind("[::1]:0") else { return };
    let port = v6.local_addr().unwrap().port();
    let v4 = TcpListener::bind(("127.0.0.1", port)).unwrap();
    for listener in [v4, v6] {
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = stream.and_then(|mut stream| stream.write_all(b"hello"));
            }
        });
    }
    for (table, winner) in [
        (&["127.0.0.1"][..], "127.0.0.1"),
        (&["::1"], "::1"),
        (&["127.0.0.1", "::1"], "::1"),
        (&["::1", "127.0.0.1"], "::1"),
        (&["127.0.0.2", "127.0.0.1"], "127.0.0.1"),
        (&["127.0.0.2", "127.0.0.3", "::1"], "::1"),
    ] {
        let addrs: Vec<_> = ips(table).into_iter().map(|ip| SocketAddr::new(ip, port)).collect();
        let theirs = happy_eyeballs::connect(&addrs[..]).unwrap().peer_addr().unwrap();
        let ours = finds(table).connect(&name(port), soon()).unwrap().peer_addr().unwrap();
        assert_eq!((ours, ours.ip().to_string().as_str()), (theirs, winner), "{table:?}");
    }
}

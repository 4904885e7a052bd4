//! The server under too many, too slow, too broken; and its end.

use std::io::{Read, Write};
use std::net::{Shutdown as Direction, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Barrier};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use net_core::Deadline;
use net_core::serve::{Config, Handle, Peer, Refusal, Server, Shutdown, Stats, Wake};
use proptest::prelude::*;

const LONG: Duration = Duration::from_secs(30);

struct Running {
    addr: SocketAddr,
    handle: Handle,
    thread: JoinHandle<Stats>,
}

impl Running {
    fn stop(self) -> Stats {
        self.handle.shutdown(LONG);
        self.thread.join().unwrap()
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.addr).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream
    }

    /// Waits until the counters say so; LONG at most.
    fn until(&self, what: impl Fn(&Stats) -> bool) {
        let deadline = Deadline::after(LONG);
        while !what(&self.handle.stats()) {
            assert!(!deadline.has_passed(), "{:?}", self.handle.stats());
            thread::yield_now();
        }
    }
}

fn local() -> Config {
    Config::at("127.0.0.1:0".parse().unwrap())
}

fn tell(mut stream: &TcpStream, _: Peer, why: Refusal) {
    let _ = writeln!(stream, "{why:?}");
}

fn start(
    config: Config,
    handler: impl Fn(Arc<TcpStream>, Peer, &Shutdown) + Send + Sync + 'static,
) -> Running {
    let server = Server::bind(config).unwrap().on_reject(tell);
    let (addr, handle) = (server.local_addr(), server.handle());
    Running { addr, handle, thread: thread::spawn(move || server.run(handler)) }
}

/// Answers every byte with its upper case, until the peer half-closes or the server stops between two bytes.
fn upper(stream: &TcpStream, shutdown: &Shutdown) -> std::io::Result<()> {
    let mut stream = stream;
    let mut byte = [0];
    while shutdown.wait_readable(stream, Deadline::after(LONG))? == Wake::Readable {
        if stream.read(&mut byte)? == 0 {
            break;
        }
        stream.write_all(&byte.to_ascii_uppercase())?;
    }
    Ok(())
}

fn upper_server(config: Config) -> Running {
    start(config, |stream, _, shutdown| upper(&stream, shutdown).unwrap_or_default())
}

fn ask(stream: &mut TcpStream) {
    stream.write_all(b"a").unwrap();
    let mut answer = [0];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"A");
}

fn rest(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn the_surplus_is_told_and_the_rest_goes_on() {
    let server = upper_server(Config { connections: 2, ..local() });
    let mut inside = [server.connect(), server.connect()];
    inside.iter_mut().for_each(ask);
    for _ in 0..20 {
        let mut surplus = server.connect();
        // Sent before it is refused: must not cost it the reply.
        surplus.write_all(&[b'x'; 10_000]).unwrap();
        assert_eq!(rest(&mut surplus), "Full\n");
    }
    inside.iter_mut().for_each(ask);
    drop(inside);
    server.until(|stats| stats.open == 0);
    ask(&mut server.connect());
    let stats = server.stop();
    assert_eq!((stats.refused_full, stats.dropped, stats.peak, stats.open), (20, 0, 2, 0));
}

#[test]
fn one_address_cannot_take_all_slots() {
    let server = upper_server(Config { per_address: Some(1), ..local() });
    let from = |ip: [u8; 4]| {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((ip, 0)).into()).unwrap();
        socket.connect(&server.addr.into()).unwrap();
        TcpStream::from(socket)
    };
    let mut first = from([127, 0, 0, 1]);
    ask(&mut first);
    assert_eq!(rest(&mut from([127, 0, 0, 1])), "PerAddress\n");
    ask(&mut from([127, 0, 0, 2]));
    ask(&mut first);
    assert_eq!(server.stop().refused_per_address, 1);
}

#[test]
fn a_silent_refused_peer_holds_up_nobody() {
    let server = upper_server(Config { connections: 1, queue: 2, reject_time: LONG, ..local() });
    let mut inside = server.connect();
    ask(&mut inside);
    // Told at once, though those before do not hang up; the eldest of them are closed to make room.
    let silent: Vec<_> = (0..10)
        .map(|_| {
            let mut surplus = server.connect();
            assert_eq!(rest(&mut surplus), "Full\n");
            surplus
        })
        .collect();
    ask(&mut inside);
    drop(silent);
    drop(inside);
    assert_eq!(server.stop().refused_full, 10);
}

#[test]
fn a_silent_refused_peer_does_not_outlast_the_drain() {
    let server = upper_server(Config { connections: 1, reject_time: LONG * 100, ..local() });
    let mut inside = server.connect();
    ask(&mut inside);
    let mut silent = server.connect();
    assert_eq!(rest(&mut silent), "Full\n");
    server.handle.shutdown(Duration::from_millis(20));
    assert_eq!(server.thread.join().unwrap().refused_full, 1); // or the test would take an hour
}

#[test]
fn fewer_workers_than_connections_take_turns() {
    let config = Config { workers: 1, connections: 4, queue: 4, ..local() };
    let server = start(config, |stream, _, _| {
        let mut byte = [0];
        let _ = (&*stream).read(&mut byte);
        let _ = (&*stream).write(&byte);
    });
    let mut clients: Vec<_> = (0..4).map(|_| server.connect()).collect();
    server.until(|stats| stats.accepted == 4);
    assert_eq!(rest(&mut server.connect()), "Full\n");
    for client in &mut clients {
        client.write_all(b"z").unwrap();
        assert_eq!(rest(client), "z");
    }
    assert_eq!(server.stop().served, 4);
}

#[test]
fn a_handler_that_panics_loses_its_connection_only() {
    let server = start(Config { connections: 2, per_address: Some(2), ..local() }, |stream, _, shutdown| {
        let mut byte = [0];
        (&*stream).read_exact(&mut byte).unwrap();
        assert_ne!(&byte, b"!", "as the test asked");
        let _ = (&*stream).write(b"A");
        upper(&stream, shutdown).unwrap();
    });
    let mut calm = server.connect();
    ask(&mut calm);
    for _ in 0..10 {
        let mut bad = server.connect();
        bad.write_all(b"!").unwrap();
        assert_eq!(rest(&mut bad), "");
        server.until(|stats| stats.open == 1);
    }
    ask(&mut calm);
    let stats = server.stop();
    assert_eq!((stats.panicked, stats.served, stats.open), (10, 1, 0));
}

#[test]
fn stopping_ends_the_idle_at_once_and_lets_the_busy_finish() {
    let (begun, has_begun) = mpsc::channel();
    let server = start(local(), move |stream, _, shutdown| {
        let mut byte = [0];
        // A message is two bytes long.
        while shutdown.wait_readable(&*stream, Deadline::NEVER).unwrap() == Wake::Readable {
            if !matches!((&*stream).read(&mut byte), Ok(1)) {
                return;
            }
            begun.send(()).unwrap();
            (&*stream).read_exact(&mut byte).unwrap();
            (&*stream).write_all(b"done").unwrap();
        }
    });
    let (mut idle, mut busy) = (server.connect(), server.connect());
    busy.write_all(b"1").unwrap();
    has_begun.recv().unwrap();
    server.until(|stats| stats.open == 2);
    server.handle.shutdown(LONG);
    assert_eq!(rest(&mut idle), "");
    let soon = Deadline::after(LONG);
    while TcpStream::connect(server.addr).is_ok() {
        assert!(!soon.has_passed(), "the listener stays open");
    }
    busy.write_all(b"2").unwrap();
    assert_eq!(rest(&mut busy), "done");
    let stats = server.thread.join().unwrap();
    // Those who knocked before the listener was closed are among the served.
    assert_eq!((stats.served, stats.panicked, stats.cut), (stats.accepted, 0, 0));
}

#[test]
fn what_is_left_at_the_drain_deadline_is_cut_off_and_counted() {
    let (inside, is_inside) = mpsc::channel();
    let server = start(local(), move |stream, _, _| {
        inside.send(()).unwrap();
        let _ = (&*stream).read(&mut [0]); // for ever, if nobody ends it
    });
    let mut stubborn = [server.connect(), server.connect()];
    stubborn.iter().for_each(|_| is_inside.recv().unwrap());
    server.handle.shutdown(LONG);
    server.handle.shutdown(Duration::from_millis(10)); // the earlier counts
    let stats = server.thread.join().unwrap();
    assert_eq!((stats.cut, stats.open), (2, 0));
    stubborn.iter_mut().for_each(|stream| assert_eq!(rest(stream), ""));
}

/// Clients send a request each, in full, and say so; at that moment the server is told to stop.
#[test]
fn stopping_under_load_loses_no_request_that_had_arrived() {
    for round in 0..20 {
        let gate = Arc::new(Barrier::new(2));
        let opened = Arc::clone(&gate);
        let first = AtomicUsize::new(0);
        let server = start(Config { workers: 4, ..local() }, move |stream, _, shutdown| {
            if first.fetch_add(1, Ordering::SeqCst) == 0 {
                opened.wait(); // the first one holds its worker until the signal has been given
            }
            upper(&stream, shutdown).unwrap_or_default();
        });
        let clients: Vec<TcpStream> = (0..64)
            .map(|_| {
                let mut client = server.connect();
                client.write_all(b"a").unwrap();
                client
            })
            .collect();
        server.handle.shutdown(LONG);
        gate.wait();
        let answers: Vec<_> = clients.into_iter().map(|mut client| rest(&mut client)).collect();
        assert!(answers.iter().all(|answer| answer == "A"), "round {round}: {answers:?}");
        let stats = server.thread.join().unwrap();
        assert_eq!((stats.accepted, stats.served, stats.cut), (64, 64, 0));
    }
}

#[test]
fn a_server_that_never_had_a_visitor_stops() {
    let stats = upper_server(local()).stop();
    assert_eq!(stats, Stats::default());
}

#[test]
fn a_session_can_stop_the_server() {
    let server = Server::bind(local()).unwrap();
    let (addr, handle) = (server.local_addr(), server.handle());
    let client = thread::spawn(move || rest(&mut TcpStream::connect(addr).unwrap()));
    let stats = server.run(move |stream, _, _| {
        handle.shutdown(LONG);
        let _ = (&*stream).write_all(b"nobody comes any more");
    });
    assert_eq!(client.join().unwrap(), "nobody comes any more");
    assert_eq!(stats.served, 1);
}

#[test]
fn a_half_closed_peer_still_gets_its_answer() {
    let server = upper_server(local());
    let mut client = server.connect();
    client.write_all(b"abc").unwrap();
    client.shutdown(Direction::Write).unwrap();
    assert_eq!(rest(&mut client), "ABC");
    server.stop();
}

#[test]
fn a_thousand_connections_at_once() {
    let server = upper_server(local());
    let mut clients: Vec<_> = (0..1000).map(|_| server.connect()).collect();
    clients.iter_mut().for_each(ask);
    assert_eq!(server.handle.stats().open, 1000);
    let stats = server.stop();
    assert_eq!((stats.peak, stats.served, stats.refused_full), (1000, 1000, 0));
}

#[test]
fn a_burst_is_not_taken_for_a_queue_while_workers_are_on_their_way() {
    let config = Config { connections: 100, workers: 100, queue: 1, ..local() };
    let server = upper_server(config);
    for _ in 0..5 {
        let mut clients: Vec<_> = (0..100).map(|_| server.connect()).collect();
        clients.iter_mut().for_each(ask);
        drop(clients);
        server.until(|stats| stats.open == 0);
    }
    let stats = server.stop();
    assert_eq!((stats.served, stats.refused_full), (500, 0));
}

/// How a session of the next test ends.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    ServerReturns,
    ServerPanics,
    ClientCloses,
    ClientResets,
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::ServerReturns),
        Just(Outcome::ServerPanics),
        Just(Outcome::ClientCloses),
        Just(Outcome::ClientResets),
    ]
}

fn sessions_end_as_told() -> (Running, Receiver<()>) {
    let (greeted, greetings) = mpsc::channel();
    let config = Config { connections: 6, workers: 6, per_address: Some(6), ..local() };
    let server = start(config, move |stream, _, _| {
        greeted.send(()).unwrap();
        let mut byte = [0];
        if matches!((&*stream).read(&mut byte), Ok(1)) && &byte == b"!" {
            std::panic::resume_unwind(Box::new("as the test asked")); // without the hook's noise
        }
    });
    (server, greetings)
}

fn end(mut client: TcpStream, outcome: Outcome) {
    match outcome {
        Outcome::ServerReturns => client.write_all(b".").unwrap(),
        Outcome::ServerPanics => client.write_all(b"!").unwrap(),
        Outcome::ClientCloses => return,
        Outcome::ClientResets => {
            return socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
        }
    }
    let _ = client.read(&mut [0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn slots_in_use_are_connections_open(script in proptest::collection::vec(
        prop_oneof![Just(None), outcome().prop_map(Some)], 1..40,
    )) {
        let (server, greetings) = sessions_end_as_told();
        let mut open = Vec::new();
        let mut refused = 0;
        for step in script {
            match step {
                None if open.len() == 6 => {
                    prop_assert_eq!(rest(&mut server.connect()), "Full\n");
                    refused += 1;
                }
                None => {
                    open.push(server.connect());
                    greetings.recv_timeout(LONG).unwrap();
                }
                Some(outcome) => {
                    if let Some(client) = open.pop() {
                        end(client, outcome);
                    }
                    server.until(|stats| stats.open == open.len());
                }
            }
            prop_assert_eq!(server.handle.stats().open, open.len());
        }
        drop(open);
        let stats = server.stop();
        prop_assert_eq!((stats.open, stats.refused_full), (0, refused));
        prop_assert_eq!(stats.accepted, stats.served + stats.panicked);
    }
}

//! `Connection` over real sockets on loopback, with a toy protocol at both ends or std at the other one.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use net_core::poll::Poll;
use net_core::serve::{Config, Server};
use net_core::{Clock, Connection, Deadline, DriveError, Step, Stream};
use net_sim::toy::{BadLine, Event, Talk};
use proto_core::{DriveLimits, End, Endpoint, Status};

/// Two ends of one connection.
pub(crate) fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

pub(crate) fn server(tcp: TcpStream, talk: Talk) -> Connection<Talk> {
    Connection::new(Stream::new(tcp).unwrap(), talk, Clock::new())
}

pub(crate) fn client(tcp: TcpStream, talk: Talk) -> Connection<Talk> {
    Connection::client(Stream::new(tcp).unwrap(), talk, Clock::new())
}

/// Answers every line in upper case until the end.
pub(crate) fn shout(mut connection: Connection<Talk>) -> Result<Vec<Event>, DriveError<BadLine>> {
    let mut events = Vec::new();
    loop {
        match connection.next()? {
            Step::Event(event) => {
                if let Event::Line(line) = &event {
                    connection.endpoint().say(&line.to_ascii_uppercase());
                }
                events.push(event);
            }
            Step::Closed => return Ok(events),
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn line(text: &'static str) -> Event {
    Event::Line(text.into())
}

#[test]
fn two_endpoints_talk() {
    let (near, far) = pair();
    let far = thread::spawn(move || shout(server(far, Talk::new())).unwrap());
    let mut near = client(near, Talk::new());
    for text in ["one", "two", "three"] {
        near.endpoint().say(text.as_bytes());
        let Step::Event(Event::Line(answer)) = near.next().unwrap() else { panic!() };
        assert_eq!(answer, text.to_uppercase());
    }
    drop(near);
    let heard = far.join().unwrap();
    assert_eq!(heard, [line("one"), line("two"), line("three"), Event::Ended(End::Clean)]);
}

#[test]
fn a_half_closed_peer_still_gets_its_answers() {
    let (mut near, far) = pair();
    let far = thread::spawn(move || shout(server(far, Talk::new())).unwrap());
    near.write_all(b"a\nb\nc\n").unwrap();
    near.shutdown(Shutdown::Write).unwrap();
    let mut answers = String::new();
    near.read_to_string(&mut answers).unwrap();
    assert_eq!(answers, "A\nB\nC\n");
    assert_eq!(far.join().unwrap().len(), 4);
}

#[test]
fn the_last_reply_is_not_lost_to_a_reset() {
    let (mut near, far) = pair();
    let far = thread::spawn(move || {
        let mut far = server(far, Talk::new());
        assert_eq!(far.next().unwrap(), Step::Event(line("big")));
        far.endpoint().say(&[b'x'; 100_000]);
        far.endpoint().say_bye();
        assert_eq!(far.next().unwrap(), Step::Closed);
    });
    // more than the far end ever asked for, and it is on its way while that closes
    near.write_all(b"big\n").unwrap();
    near.write_all(&[b'y'; 200_000]).unwrap();
    let mut answer = Vec::new();
    near.read_to_end(&mut answer).unwrap();
    drop(near);
    assert!(answer.ends_with(b"x\nBYE\n") && answer.len() == 100_005);
    far.join().unwrap();
}

#[test]
fn a_good_bye_does_not_wait_for_ever() {
    let (near, far) = pair();
    let limits = DriveLimits { linger_time: Duration::from_millis(20), ..DriveLimits::server() };
    let mut far = Connection::with_limits(Stream::new(far).unwrap(), Talk::new(), Clock::new(), limits);
    far.endpoint().say_bye();
    assert_eq!(far.next().unwrap(), Step::Closed);
    drop(near);
}

#[test]
fn two_ends_that_both_have_much_to_say_do_not_lock_up() {
    const LINES: usize = 3_000;
    let (near, far) = pair();
    let far = thread::spawn(move || shout(server(far, Talk::new())).unwrap());
    let mut near = client(near, Talk::new());
    (0..LINES).for_each(|_| near.endpoint().say(&[b'x'; 5_000]));
    for _ in 0..LINES {
        let Step::Event(Event::Line(answer)) = near.next().unwrap() else { panic!() };
        assert_eq!(answer.len(), 5_000);
    }
    drop(near);
    assert_eq!(far.join().unwrap().len(), LINES + 1);
}

#[test]
fn a_peer_that_never_reads_meets_the_deadline() {
    let (near, far) = pair();
    let mut far = server(far, Talk::patient_for(Duration::from_millis(30)));
    far.endpoint().say(&vec![b'x'; 50 << 20]);
    assert_eq!(far.next().unwrap(), Step::Event(Event::Late));
    assert!(far.endpoint().output().len() > 1 << 20);
    drop(near);
}

#[test]
fn a_deadline_that_moves_on_does_not_ring_and_one_that_stays_does() {
    let (mut near, far) = pair();
    let far = thread::spawn(move || {
        let mut far = server(far, Talk::patient_for(Duration::from_secs(1)));
        let mut lines = 0;
        loop {
            match far.next().unwrap() {
                Step::Event(Event::Line(_)) => lines += 1,
                Step::Event(Event::Late) => return lines,
                other => panic!("{other:?}"),
            }
            far.endpoint().say(b"ok");
        }
    });
    // all in all longer than the deadline
    for _ in 0..12 {
        near.write_all(b"x\n").unwrap();
        near.read_exact(&mut [0; 3]).unwrap();
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(far.join().unwrap(), 12);
}

#[test]
fn another_thread_wakes_a_connection() {
    let (mut near, far) = pair();
    let mut far = server(far, Talk::new());
    let bell = far.waker().unwrap();
    let ringer = thread::spawn(move || bell.ring());
    assert_eq!(far.next().unwrap(), Step::Woken);
    ringer.join().unwrap();
    // input comes before the bell, and the bell is not forgotten
    far.waker().unwrap().ring();
    near.write_all(b"x\n").unwrap();
    let steps = [far.next().unwrap(), far.next().unwrap()];
    assert_eq!(steps, [Step::Event(line("x")), Step::Woken]);
}

#[test]
fn attending_ends_when_somebody_rings() {
    let (_near, far) = pair();
    let mut far = server(far, Talk::new());
    let bell = far.waker().unwrap();
    let ringer = thread::spawn(move || bell.ring());
    far.attend(Deadline::NEVER).unwrap();
    ringer.join().unwrap();
    assert_eq!(far.next().unwrap(), Step::Woken);
}

#[test]
fn attending_with_no_time_looks_once() {
    let (mut near, far) = pair();
    let mut far = server(far, Talk::new());
    far.attend(Deadline::at(Instant::now())).unwrap();
    near.write_all(b"x\n").unwrap();
    net_core::poll::wait_readable(&far, Deadline::NEVER).unwrap();
    far.attend(Deadline::at(Instant::now())).unwrap();
    assert_eq!(far.next().unwrap(), Step::Event(line("x")));
}

#[test]
fn a_stopping_server_ends_idle_sessions_and_finishes_the_others() {
    let server = Server::bind(Config::at("127.0.0.1:0".parse().unwrap())).unwrap();
    let (addr, handle) = (server.local_addr(), server.handle());
    let (heard, hears) = mpsc::channel();
    let running = thread::spawn(move || {
        server.run(move |tcp, _, shutdown| {
            let mut session = Connection::new(Stream::new(tcp).unwrap(), Talk::new(), Clock::new());
            session.heed(shutdown);
            loop {
                match session.next().unwrap() {
                    Step::Event(Event::Line(line)) => {
                        session.endpoint().say(&line.to_ascii_uppercase());
                        let _ = heard.send(());
                    }
                    Step::Event(_) => {}
                    Step::Woken => session.endpoint().say_bye(),
                    Step::Closed => return,
                    other => panic!("{other:?}"),
                }
            }
        })
    });
    let mut clients = [(); 3].map(|()| TcpStream::connect(addr).unwrap());
    for client in &mut clients {
        client.write_all(b"x\n").unwrap();
        hears.recv().unwrap();
    }
    // the third is in the middle of a line when the news comes
    clients[2].write_all(b"unfini").unwrap();
    handle.shutdown(Duration::from_secs(30));
    let mut answers = [(); 3].map(|()| String::new());
    for i in 0..2 {
        clients[i].read_to_string(&mut answers[i]).unwrap();
    }
    clients[2].write_all(b"shed\n").unwrap();
    clients[2].read_to_string(&mut answers[2]).unwrap();
    assert_eq!(answers, ["X\nBYE\n", "X\nBYE\n", "X\nUNFINISHED\nBYE\n"]);
    drop(clients);
    let stats = running.join().unwrap();
    assert_eq!((stats.served, stats.cut, stats.panicked), (3, 0, 0));
}

#[test]
fn many_connections_take_turns_in_one_thread() {
    let mut poll = Poll::new().unwrap();
    let (mut near, mut far): (Vec<_>, Vec<_>) = (Vec::new(), Vec::new());
    for i in 0..20 {
        let (client, accepted) = pair();
        let connection = server(accepted, Talk::new());
        near.push(client);
        poll.add(&connection, i, net_core::poll::Interest::READ).unwrap();
        far.push(Some(connection));
    }
    let clients = thread::spawn(move || {
        for client in &mut near {
            client.write_all(&b"line\n".repeat(1_000)).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
        }
        let answer = |mut client: TcpStream| {
            let mut answer = Vec::new();
            client.read_to_end(&mut answer).unwrap();
            answer
        };
        near.into_iter().map(answer).collect::<Vec<_>>()
    });
    while far.iter().any(Option::is_some) {
        poll.wait(Deadline::NEVER).unwrap();
        let ready: Vec<_> = poll.ready().collect();
        for (token, ready) in ready {
            serve_turn(&mut poll, &mut far[token as usize], token, ready);
        }
    }
    assert!(clients.join().unwrap().iter().all(|answer| *answer == b"LINE\n".repeat(1_000)));
}

/// All that can be done for one connection now; takes it away when it is over.
fn serve_turn(
    poll: &mut Poll,
    place: &mut Option<Connection<Talk>>,
    token: u64,
    ready: net_core::poll::Ready,
) {
    let mut ready = ready;
    while let Some(connection) = place {
        let turn = connection.turn(std::mem::take(&mut ready)).unwrap();
        match turn.step {
            Some(Step::Event(Event::Line(line))) => connection.endpoint().say(&line.to_ascii_uppercase()),
            Some(Step::Event(_)) => {}
            Some(Step::Closed) => {
                poll.remove(&*connection, token).unwrap();
                *place = None;
            }
            Some(other) => panic!("{other:?}"),
            None => return poll.change(&*connection, token, turn.interest).unwrap(),
        }
    }
}

#[test]
fn a_tunnel_takes_over_the_stream() {
    let (mut near, far) = pair();
    let far = thread::spawn(move || {
        let mut far = server(far, Talk::new());
        assert_eq!(far.next().unwrap(), Step::Event(line("CONNECT")));
        far.endpoint().say(b"OK");
        far.endpoint().status = Status::Switched;
        assert_eq!(far.next().unwrap(), Step::Yours(Status::Switched));
        let (mut stream, _, mut unread) = far.into_parts();
        stream.set_deadline(Deadline::after(Duration::from_secs(60)));
        let mut rest = [0; 100];
        while !unread.ends_with(b".") {
            let n = stream.read(&mut rest).unwrap();
            unread.extend_from_slice(&rest[..n]);
        }
        stream.write_all(&unread).unwrap();
        stream.shut_write().unwrap();
    });
    near.write_all(b"CONNECT\nanother protocol").unwrap();
    let mut answer = [0; 3];
    near.read_exact(&mut answer).unwrap();
    near.write_all(b" and more.").unwrap();
    let mut echo = String::new();
    near.read_to_string(&mut echo).unwrap();
    assert_eq!(echo, "another protocol and more.");
    far.join().unwrap();
}

#[test]
fn a_streams_deadline_is_for_all_calls_together() {
    let (mut near, far) = pair();
    let mut far = Stream::new(far).unwrap();
    far.set_deadline(Deadline::after(Duration::from_millis(60)));
    let drip = thread::spawn(move || {
        while near.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(5));
        }
    });
    let late = far.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(late.kind(), std::io::ErrorKind::TimedOut);
    drop(far);
    drip.join().unwrap();
}

#[test]
fn options_are_those_asked_for() {
    let (near, _far) = pair();
    let stream = Stream::new(near).unwrap();
    assert!(stream.tcp().nodelay().unwrap());
    stream.set_keep_alive(Some(Duration::from_secs(60))).unwrap();
    stream.set_keep_alive(None).unwrap();
    stream.set_no_delay(false).unwrap();
    assert!(!stream.tcp().nodelay().unwrap());
    assert_ne!(stream.local_addr().unwrap(), stream.peer_addr().unwrap());
    assert!(stream.into_transport().into_tcp().unwrap().read_timeout().unwrap().is_none());
}

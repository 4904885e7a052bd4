//! `Connection` over real sockets on loopback, with a toy protocol at both ends or std at the other one.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use crate::toys::{BadLine, Event, Talk};
use net_core::{Clock, Connection, DriveError, Step, Stream};
use proto_core::End;

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

//! Files into the stream and the stream into files, past the endpoint.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;

use net_core::{Connection, DriveError, Step};
use proto_core::Endpoint;

use crate::sockets::{client, line, pair, server};
use net_sim::toy::{BadLine, Event, Talk};

/// A file of pseudo-random bytes, without a name.
fn file_of(bytes: usize) -> (File, Vec<u8>) {
    let path =
        std::env::temp_dir().join(format!("net-core-{}-{:?}", std::process::id(), thread::current().id()));
    let content: Vec<u8> = (0..bytes as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    std::fs::write(&path, &content).unwrap();
    let file = File::open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    (file, content)
}

/// Announces and sends the file, and says BYE.
fn put(connection: &mut Connection<Talk>, file: &File, len: u64) -> Result<u64, DriveError<BadLine>> {
    let talk = connection.endpoint();
    talk.say(format!("PUT {len}").as_bytes());
    talk.output.reserve(len);
    talk.say_bye();
    let mut at = 0;
    loop {
        match connection.next()? {
            Step::Gap(left) => {
                assert_eq!(left, len - at);
                at += connection.send_file(file, at..len)?;
            }
            Step::Closed => return Ok(at),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_file_leaves_between_what_is_queued_around_it() {
    let (near, mut far) = pair();
    let (file, content) = file_of(10_000_000);
    let near = thread::spawn(move || put(&mut server(near, Talk::new()), &file, 10_000_000));
    let mut heard = Vec::new();
    far.read_to_end(&mut heard).unwrap();
    drop(far);
    assert_eq!(near.join().unwrap().unwrap(), 10_000_000);
    assert!(heard == [b"PUT 10000000\n", &content[..], b"BYE\n"].concat());
}

#[test]
fn a_file_shorter_than_promised_cuts_the_stream_off() {
    let (near, mut far) = pair();
    let (file, content) = file_of(1_000);
    let near = thread::spawn(move || {
        let mut near = server(near, Talk::new());
        let result = put(&mut near, &file, 2_000);
        assert_eq!(near.endpoint().output().sent(), 9 + 1_000);
        assert_eq!(near.next().unwrap(), Step::Closed);
        result
    });
    let mut heard = Vec::new();
    far.read_to_end(&mut heard).unwrap();
    assert!(heard == [b"PUT 2000\n", &content[..]].concat());
    let Err(DriveError::Io(error)) = near.join().unwrap() else { panic!() };
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn a_reset_while_a_file_is_sent_is_an_error_and_the_count_is_known() {
    let (near, mut far) = pair();
    let (file, _) = file_of(20_000_000);
    far.write_all(b"never read").unwrap();
    let near = thread::spawn(move || {
        let mut near = server(near, Talk::new());
        near.endpoint().output.reserve(20_000_000);
        let error = loop {
            // comes back whenever the peer has said something
            let at = near.endpoint().output.sent();
            if let Err(error) = near.send_file(&file, at..20_000_000) {
                break error;
            }
        };
        (error, near.endpoint().output.sent())
    });
    far.read_exact(&mut [0; 100_000]).unwrap();
    drop(far); // with bytes unread: a reset
    let (error, sent) = near.join().unwrap();
    assert!(matches!(error, DriveError::Io(_)), "{error}");
    assert!((100_000..20_000_000).contains(&sent), "{sent}");
}

#[test]
fn a_peer_that_talks_while_a_file_is_sent_is_read() {
    let (near, far) = pair();
    let (file, _) = file_of(8_000_000);
    let near = thread::spawn(move || {
        let mut near = server(near, Talk::new());
        near.endpoint().output.reserve(8_000_000);
        let mut at = 0;
        let mut lines = 0;
        loop {
            match near.next().unwrap() {
                Step::Gap(_) => at += near.send_file(&file, at..8_000_000).unwrap(),
                Step::Event(Event::Line(_)) => lines += 1,
                Step::Event(Event::Ended(_)) => return (at, lines),
                other => panic!("{other:?}"),
            }
        }
    });
    // the peer writes all that it has to say before it reads anything
    let mut talker = far.try_clone().unwrap();
    let talker = thread::spawn(move || {
        talker.write_all(&b"noise\n".repeat(20_000)).unwrap();
        talker.shutdown(Shutdown::Write).unwrap();
    });
    let mut heard = Vec::new();
    (&far).take(8_000_000).read_to_end(&mut heard).unwrap();
    talker.join().unwrap();
    assert_eq!(near.join().unwrap(), (8_000_000, 20_000));
}

/// Sends `PUT n`, so many bytes and a line after them.
fn send_put(mut far: TcpStream, content: Vec<u8>) {
    far.write_all(format!("hi\nPUT {}\n", content.len()).as_bytes()).unwrap();
    far.write_all(&content).unwrap();
    far.write_all(b"after\n").unwrap();
    let mut rest = Vec::new();
    far.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"got it\nBYE\n");
}

#[test]
fn payload_goes_past_the_endpoint() {
    for len in [10, 50_000, 3_000_000] {
        let (near, far) = pair();
        let (_, content) = file_of(len);
        let expected = content.clone();
        let far = thread::spawn(move || send_put(far, content));
        let mut near = server(near, Talk::new());
        assert_eq!(near.next().unwrap(), Step::Event(line("hi")));
        assert!(matches!(near.next().unwrap(), Step::Event(Event::Line(_))));
        let mut sink = Vec::new();
        let mut left = len as u64;
        near.endpoint().say(b"got it");
        while left > 0 {
            left -= near.receive_into(&mut sink, left).unwrap();
        }
        assert!(sink == expected);
        assert_eq!(near.next().unwrap(), Step::Event(line("after")));
        near.endpoint().say_bye();
        assert_eq!(near.next().unwrap(), Step::Closed);
        far.join().unwrap();
    }
}

#[test]
fn payload_that_ends_early_is_told_by_the_endpoint() {
    let (near, mut far) = pair();
    far.write_all(b"PUT 1000000\nonly this").unwrap();
    far.shutdown(Shutdown::Write).unwrap();
    let mut near = server(near, Talk::new());
    assert!(matches!(near.next().unwrap(), Step::Event(Event::Line(_))));
    let mut sink = Vec::new();
    assert_eq!(near.receive_into(&mut sink, u64::MAX).unwrap(), 9);
    assert_eq!(sink, b"only this");
    assert!(matches!(near.next().unwrap(), Step::Event(Event::Ended(_))));
}

/// A disk that is full after so many bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0 = self.0.saturating_sub(buf.len());
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_the_callers_to_tell() {
    let (near, far) = pair();
    let (_, content) = file_of(1_000_000);
    let far = thread::spawn(move || send_put(far, content));
    let mut near = server(near, Talk::new());
    assert_eq!(near.next().unwrap(), Step::Event(line("hi")));
    assert!(matches!(near.next().unwrap(), Step::Event(Event::Line(_))));
    let Err(DriveError::Io(error)) = near.receive_into(&mut Full(300_000), u64::MAX) else { panic!() };
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    // what is left of it goes nowhere, and the session goes on
    while near.endpoint().payload() > 0 {
        near.receive_into(&mut io::sink(), u64::MAX).unwrap();
    }
    assert_eq!(near.next().unwrap(), Step::Event(line("after")));
    near.endpoint().say(b"got it");
    near.endpoint().say_bye();
    assert_eq!(near.next().unwrap(), Step::Closed);
    far.join().unwrap();
}

#[test]
fn a_client_may_send_files_too() {
    let (near, far) = pair();
    let (file, content) = file_of(2_000_000);
    let far = thread::spawn(move || {
        let mut far = server(far, Talk::new());
        let mut sink = Vec::new();
        loop {
            match far.next().unwrap() {
                Step::Event(Event::Line(_)) => drop(far.receive_into(&mut sink, u64::MAX).unwrap()),
                Step::Event(Event::Run(run)) => sink.extend_from_slice(&run),
                Step::Event(_) => {}
                Step::Closed => return sink,
                other => panic!("{other:?}"),
            }
        }
    });
    put(&mut client(near, Talk::new()), &file, 2_000_000).unwrap();
    assert!(far.join().unwrap() == content);
}

//! Ways to drive one endpoint. Each is the loop that a user of that runtime would write.

use std::io::{ErrorKind, IoSlice, Read as _, Seek as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Instant;

use bytes::BytesMut;
use net_core::{Clock, Connection, DriveError, Step, Stream};
use proto_core::{Drive, DriveLimits, End, Endpoint as _, Fault, Status, Time, Turn, Wait};

use crate::Peer;
use crate::toy::{Event, Toy};

/// What a dialogue came to: what the endpoint's owner saw, and what the peer got.
pub(crate) struct Outcome {
    /// In words.
    pub(crate) trace: Vec<String>,
    /// To the end of the stream.
    pub(crate) received: Vec<u8>,
}

/// Runs a dialogue.
pub(crate) type Driver = fn(&[Peer<'_>]) -> Outcome;

const FILL: [u8; 8192] = [b'f'; 8192];

pub(crate) fn word(event: &Event) -> String {
    match event {
        Event::Line(line) => line.clone(),
        Event::Ask => "ask".into(),
        Event::File(length) => format!("file {length}"),
        Event::Tick => "tick".into(),
        Event::End(end) => format!("end {end:?}"),
    }
}

/// What is left to do by the owner of the socket after a turn of the driver's core.
enum Todo {
    Wait(Wait),
    Fill(u64),
    TakeOver,
    Close,
}

/// The part that is the same for all who use the driver's core: events are noted, questions answered, layers put in place.
fn advance(drive: &mut Drive<Toy>, now: Time, trace: &mut Vec<String>, failed: &mut bool) -> Todo {
    loop {
        match drive.poll(now) {
            Ok(Turn::Event(event)) => trace.push(word(&event)),
            Ok(Turn::Paused(_)) => {
                trace.push("paused".into());
                drive.endpoint_mut().answer();
            }
            Ok(Turn::Wait(wait)) => return Todo::Wait(wait),
            Ok(Turn::Gap(length)) => return Todo::Fill(length),
            Ok(Turn::Yours(Status::Switched)) => {
                trace.push("yours Switched".into());
                return Todo::TakeOver;
            }
            Ok(Turn::Yours(status)) => {
                trace.push(format!("yours {status:?}"));
                drive.upgraded(now);
            }
            Ok(Turn::Closed) => {
                if !*failed {
                    trace.push("closed".into());
                }
                return Todo::Close;
            }
            Err(fault) => {
                *failed = true;
                trace.push(match fault {
                    Fault::Protocol(error) => format!("error {error}"),
                    Fault::PlaintextBuffered => "plaintext".into(),
                });
            }
        }
    }
}

pub(crate) fn left(bytes: &[u8]) -> String {
    format!("left {}", String::from_utf8_lossy(bytes))
}

/// Without any socket: the peer is a script, time stands still but for deadlines.
pub(crate) fn memory(dialogue: &[Peer<'_>]) -> Outcome {
    let mut drive = Drive::new(Toy::new(), DriveLimits::server());
    let (mut trace, mut received, mut failed) = (Vec::new(), Vec::new(), false);
    let mut pieces = dialogue.iter().flat_map(|step| match *step {
        Peer::Send(bytes) => vec![bytes],
        Peer::Drip(bytes) => bytes.chunks(1).collect(),
        Peer::Expect(_) => vec![],
    });
    let mut now = Time::ZERO;
    loop {
        match advance(&mut drive, now, &mut trace, &mut failed) {
            Todo::Wait(wait) if wait.write => {
                let bytes = drive.output().slices().collect::<Vec<_>>().concat();
                drive.sent(bytes.len() as u64, now);
                received.extend(bytes);
            }
            Todo::Wait(Wait { shut: true, .. }) => drive.shut(),
            Todo::Wait(Wait { deadline: Some(at), .. }) if drive.endpoint().deadline().is_some() => now = at,
            Todo::Wait(_) => match pieces.next() {
                Some(bytes) => drive.input().extend_from_slice(bytes),
                None => drive.lost(End::Clean),
            },
            Todo::Fill(length) => {
                received.extend(std::iter::repeat_n(b'f', length as usize));
                drive.sent(length, now);
            }
            Todo::TakeOver => {
                let (_, input) = drive.into_parts();
                trace.push(left(&[&input[..], &pieces.collect::<Vec<_>>().concat()].concat()));
                return Outcome { trace, received };
            }
            Todo::Close => return Outcome { trace, received },
        }
    }
}

/// A peer on a blocking socket, in a thread.
fn peer(address: SocketAddr, dialogue: &[Peer<'_>]) -> JoinHandle<Vec<u8>> {
    let steps: Vec<(u8, Vec<u8>)> = dialogue
        .iter()
        .map(|step| match *step {
            Peer::Send(bytes) => (0, bytes.to_vec()),
            Peer::Drip(bytes) => (1, bytes.to_vec()),
            Peer::Expect(bytes) => (2, bytes.to_vec()),
        })
        .collect();
    std::thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut received = Vec::new();
        for (kind, bytes) in steps {
            match kind {
                // the other end may be gone by now, which is what some dialogues are about
                0 => drop(stream.write_all(&bytes)),
                1 => bytes.chunks(1).for_each(|byte| drop(stream.write_all(byte))),
                _ => {
                    let mut expected = vec![0; bytes.len()];
                    stream.read_exact(&mut expected).unwrap();
                    assert_eq!(expected, bytes);
                    received.extend(expected);
                }
            }
        }
        let _ = stream.shutdown(Shutdown::Write);
        stream.read_to_end(&mut received).unwrap();
        received
    })
}

fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// `net_core::Connection`.
pub(crate) fn blocking(dialogue: &[Peer<'_>]) -> Outcome {
    let (listener, address) = listen();
    let peer = peer(address, dialogue);
    let stream = Stream::new(listener.accept().unwrap().0).unwrap();
    let mut trace = Vec::new();
    let mut connection = Connection::new(stream, Toy::new(), Clock::new());
    loop {
        match connection.next() {
            Ok(Step::Event(event)) => trace.push(word(&event)),
            Ok(Step::Paused) => {
                trace.push("paused".into());
                connection.endpoint().answer();
            }
            Ok(Step::Gap(length)) => {
                connection.send_file(&file(length), 0..length).unwrap();
            }
            Ok(Step::Yours(Status::Switched)) => {
                trace.push("yours Switched".into());
                let (stream, _, input) = connection.into_parts();
                let mut rest = input.to_vec();
                stream.tcp().read_to_end(&mut rest).unwrap();
                trace.push(left(&rest));
                break;
            }
            Ok(Step::Yours(status)) => {
                trace.push(format!("yours {status:?}"));
                connection.endpoint().upgraded(Time::ZERO);
            }
            Ok(Step::Closed) => {
                trace.push("closed".into());
                break drop(connection);
            }
            Ok(Step::Woken) => panic!("nobody rang"),
            Err(error) => {
                trace.push(match error {
                    DriveError::Protocol(error) => format!("error {error}"),
                    DriveError::PlaintextBuffered => "plaintext".into(),
                    other => panic!("{other}"),
                });
                break drop(connection);
            }
        }
    }
    Outcome { trace, received: peer.join().unwrap() }
}

fn file(length: u64) -> std::fs::File {
    let path = std::env::temp_dir().join(format!("contract-{}-{length}", std::process::id()));
    let mut file =
        std::fs::OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
    let mut left = length as usize;
    while left > 0 {
        left -= file.write(&FILL[..left.min(FILL.len())]).unwrap();
    }
    file.rewind().unwrap();
    let _ = std::fs::remove_file(path);
    file
}

/// A mio loop around the driver's core.
pub(crate) fn mio(dialogue: &[Peer<'_>]) -> Outcome {
    let (listener, address) = listen();
    let peer = peer(address, dialogue);
    let stream = listener.accept().unwrap().0;
    stream.set_nonblocking(true).unwrap();
    let mut stream = ::mio::net::TcpStream::from_std(stream);
    let mut poll = ::mio::Poll::new().unwrap();
    let both = ::mio::Interest::READABLE | ::mio::Interest::WRITABLE;
    poll.registry().register(&mut stream, ::mio::Token(0), both).unwrap();
    let mut events = ::mio::Events::with_capacity(8);

    let mut drive = Drive::new(Toy::new(), DriveLimits::server());
    let (mut trace, mut failed, start) = (Vec::new(), false, Instant::now());
    let clock = || Time::from_nanos(start.elapsed().as_nanos() as u64);
    loop {
        let blocked = match advance(&mut drive, clock(), &mut trace, &mut failed) {
            Todo::Close => break drop(stream),
            Todo::TakeOver => {
                let (_, input) = drive.into_parts();
                let mut rest = input.to_vec();
                let mut stream = std::net::TcpStream::from(stream);
                stream.set_nonblocking(false).unwrap();
                stream.read_to_end(&mut rest).unwrap();
                trace.push(left(&rest));
                break;
            }
            Todo::Fill(length) => {
                let piece = &FILL[..FILL.len().min(length as usize)];
                let blocked = written(&mut drive, stream.write(piece), clock());
                blocked.then_some(None)
            }
            Todo::Wait(wait) => turn(&mut drive, &mut stream, wait, clock()),
        };
        if let Some(deadline) = blocked {
            let patience = deadline.map(|at| at - clock());
            poll.poll(&mut events, patience).unwrap();
        }
    }
    Outcome { trace, received: peer.join().unwrap() }
}

/// Does what `wait` names as far as it goes; `Some` when only waiting is left.
fn turn(
    drive: &mut Drive<Toy>,
    stream: &mut ::mio::net::TcpStream,
    wait: Wait,
    now: Time,
) -> Option<Option<Time>> {
    let mut blocked = true;
    if wait.write {
        let mut slices = [IoSlice::new(&[]); 16];
        let filled = drive.output().io_slices(&mut slices);
        let result = stream.write_vectored(&slices[..filled]);
        blocked &= written(drive, result, now);
    }
    if wait.shut {
        let _ = stream.shutdown(Shutdown::Write);
        drive.shut();
        return None;
    }
    if wait.read {
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer) {
            Ok(0) => drive.lost(End::Clean),
            Ok(n) => drive.input().extend_from_slice(&buffer[..n]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return blocked.then_some(wait.deadline),
            Err(_) => drive.lost(End::Cut),
        }
        return None;
    }
    blocked.then_some(wait.deadline)
}

/// Books what a write has come to; `true` if there was no room.
fn written(drive: &mut Drive<Toy>, result: std::io::Result<usize>, now: Time) -> bool {
    match result {
        Ok(n) => drive.sent(n as u64, now),
        Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
        Err(_) => drive.unwritable(),
    }
    false
}

/// A tokio task around the driver's core.
pub(crate) fn tokio(dialogue: &[Peer<'_>]) -> Outcome {
    let (listener, address) = listen();
    let peer = peer(address, dialogue);
    let stream = listener.accept().unwrap().0;
    stream.set_nonblocking(true).unwrap();
    let runtime = ::tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let trace = runtime.block_on(task(stream));
    Outcome { trace, received: peer.join().unwrap() }
}

async fn task(stream: TcpStream) -> Vec<String> {
    use ::tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = ::tokio::net::TcpStream::from_std(stream).unwrap();
    let mut drive = Drive::new(Toy::new(), DriveLimits::server());
    let (mut trace, mut failed, start) = (Vec::new(), false, Instant::now());
    let clock = || Time::from_nanos(start.elapsed().as_nanos() as u64);
    loop {
        match advance(&mut drive, clock(), &mut trace, &mut failed) {
            Todo::Close => return trace,
            Todo::TakeOver => {
                let (_, input) = drive.into_parts();
                let mut rest = input.to_vec();
                stream.read_to_end(&mut rest).await.unwrap();
                trace.push(left(&rest));
                return trace;
            }
            Todo::Fill(length) => {
                let mut left = length;
                while left > 0 {
                    let piece = &FILL[..FILL.len().min(left as usize)];
                    stream.write_all(piece).await.unwrap();
                    left -= piece.len() as u64;
                    drive.sent(piece.len() as u64, clock());
                }
            }
            Todo::Wait(wait) => {
                if wait.shut {
                    let _ = stream.shutdown().await;
                    drive.shut();
                    continue;
                }
                let output = drive.output().slices().collect::<Vec<_>>().concat();
                let (mut reader, mut writer) = stream.split();
                let mut buffer = BytesMut::with_capacity(4096);
                let until = wait.deadline.map_or(std::time::Duration::MAX, |at| at - clock());
                ::tokio::select! {
                    sent = writer.write(&output), if wait.write => match sent {
                        Ok(n) => drive.sent(n as u64, clock()),
                        Err(_) => drive.unwritable(),
                    },
                    got = reader.read_buf(&mut buffer), if wait.read => match got {
                        Ok(0) => drive.lost(End::Clean),
                        Ok(_) => drive.input().extend_from_slice(&buffer),
                        Err(_) => drive.lost(End::Cut),
                    },
                    () = ::tokio::time::sleep(until.min(std::time::Duration::from_secs(3600))), if wait.deadline.is_some() => {}
                }
            }
        }
    }
}

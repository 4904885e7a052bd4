//! The driver side by side with std by hand, mio and tokio: what does an endpoint over a `Connection` cost?
//!
//! Goals, each against std by hand in the same run: a 64-byte ping-pong in at most 1.10 of its time, a file to a socket
//! with at most 1.03 of the processor time of plain `sendfile`, a socket to a file at 0.97 of the rate of a 256 KiB
//! read/write loop or more, connect + accept + 4 KiB + close in at most 1.1, 64 connections in a closed loop at 0.95 of
//! the rate or more.
//!
//! Times on a shared machine drift: contenders take turns within each round, and the medians over all rounds are compared.
//! `NET_CORE_BENCH_MIB` sets the size of the files (256). (polling is not among the contenders: registering a socket with
//! it is `unsafe`, which this workspace forbids.)

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use net_core::{Clock, Connection, Step, Stream};
use proto_core::{End, Endpoint, Output, Status, Time};
use rustix::time::{ClockId, clock_gettime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Messages of a fixed length; a deadline that moves on with each, if wanted. `payload` bytes go past it.
struct Fixed {
    output: Output,
    len: usize,
    idle: Option<Duration>,
    deadline: Option<Time>,
    payload: u64,
    status: Status,
}

impl Fixed {
    fn new(len: usize, idle: Option<Duration>) -> Self {
        Fixed { output: Output::new(), len, idle, deadline: None, payload: 0, status: Status::Open }
    }
}

impl Endpoint for Fixed {
    type Event = Bytes;
    type Error = std::convert::Infallible;

    fn receive(&mut self, input: &mut BytesMut, now: Time) -> Result<Option<Bytes>, Self::Error> {
        if self.payload > 0 || input.len() < self.len {
            return Ok(None);
        }
        self.deadline = self.idle.map(|idle| now + idle);
        Ok(Some(input.split_to(self.len).freeze()))
    }

    fn receive_eof(&mut self, _: &mut BytesMut, _: End, _: Time) -> Result<Option<Bytes>, Self::Error> {
        self.status = Status::Closed;
        Ok(None)
    }

    fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    fn deadline(&self) -> Option<Time> {
        self.deadline
    }

    fn handle_deadline(&mut self, _: Time) -> Result<Option<Bytes>, Self::Error> {
        self.deadline = None;
        Ok(None)
    }

    fn payload(&self) -> u64 {
        self.payload
    }

    fn payload_received(&mut self, n: u64, _: Time) {
        self.payload -= n;
    }

    fn status(&self) -> Status {
        self.status
    }
}

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let server = listener.accept().unwrap().0;
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    (client, server)
}

const MESSAGE: [u8; 64] = [7; 64];

/// How long each of `n` round trips takes, in the middle.
fn each(n: usize, mut round_trip: impl FnMut()) -> f64 {
    let mut times: Vec<_> = (0..n)
        .map(|_| {
            let start = Instant::now();
            round_trip();
            start.elapsed().as_nanos() as f64
        })
        .collect();
    median(&mut times)
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn std_echo(mut stream: TcpStream) {
    let mut message = MESSAGE;
    while stream.read_exact(&mut message).is_ok() && stream.write_all(&message).is_ok() {}
}

fn our_echo(stream: TcpStream, idle: Option<Duration>) {
    let mut connection = Connection::new(Stream::new(stream).unwrap(), Fixed::new(64, idle), Clock::new());
    while let Ok(Step::Event(message)) = connection.next() {
        connection.endpoint().output.put(&message);
    }
}

fn std_pings(mut stream: TcpStream, n: usize) -> f64 {
    let mut message = MESSAGE;
    each(n, || {
        stream.write_all(&message).unwrap();
        stream.read_exact(&mut message).unwrap();
    })
}

fn our_pings(stream: TcpStream, n: usize, idle: Option<Duration>) -> f64 {
    let mut connection = Connection::client(Stream::new(stream).unwrap(), Fixed::new(64, idle), Clock::new());
    each(n, || {
        connection.endpoint().output.put(&MESSAGE);
        let Ok(Step::Event(_)) = connection.next() else { panic!("no answer") };
    })
}

/// One end over mio: waits for readiness before each read.
struct Mio {
    poll: mio::Poll,
    events: mio::Events,
    stream: mio::net::TcpStream,
}

impl Mio {
    fn new(stream: TcpStream) -> Self {
        stream.set_nonblocking(true).unwrap();
        let mut stream = mio::net::TcpStream::from_std(stream);
        let poll = mio::Poll::new().unwrap();
        poll.registry().register(&mut stream, mio::Token(0), mio::Interest::READABLE).unwrap();
        Mio { poll, events: mio::Events::with_capacity(8), stream }
    }

    fn read(&mut self, message: &mut [u8]) -> bool {
        self.poll.poll(&mut self.events, None).unwrap();
        matches!(self.stream.read(message), Ok(64))
    }
}

fn mio_echo(stream: TcpStream) {
    let (mut end, mut message) = (Mio::new(stream), MESSAGE);
    while end.read(&mut message) && end.stream.write_all(&message).is_ok() {}
}

fn mio_pings(stream: TcpStream, n: usize) -> f64 {
    let (mut end, mut message) = (Mio::new(stream), MESSAGE);
    each(n, || {
        end.stream.write_all(&message).unwrap();
        assert!(end.read(&mut message));
    })
}

/// One end over tokio's runtime for one thread.
fn tokio_echo(stream: TcpStream) {
    runtime().block_on(async {
        let (mut stream, mut message) = (tokio_stream(stream), MESSAGE);
        while stream.read_exact(&mut message).await.is_ok() && stream.write_all(&message).await.is_ok() {}
    });
}

fn tokio_pings(stream: TcpStream, n: usize) -> f64 {
    let mut times = Vec::with_capacity(n);
    runtime().block_on(async {
        let (mut stream, mut message) = (tokio_stream(stream), MESSAGE);
        for _ in 0..n {
            let start = Instant::now();
            stream.write_all(&message).await.unwrap();
            stream.read_exact(&mut message).await.unwrap();
            times.push(start.elapsed().as_nanos() as f64);
        }
    });
    median(&mut times)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap()
}

fn tokio_stream(stream: TcpStream) -> tokio::net::TcpStream {
    stream.set_nonblocking(true).unwrap();
    tokio::net::TcpStream::from_std(stream).unwrap()
}

/// `pings` at one end, `echo` at the other.
fn ping_pong(echo: impl FnOnce(TcpStream) + Send + 'static, pings: impl FnOnce(TcpStream) -> f64) -> f64 {
    let (near, far) = pair();
    let echo = thread::spawn(move || echo(far));
    let time = pings(near);
    echo.join().unwrap();
    time
}

/// A file of so many bytes, that goes with the value.
struct Scratch {
    path: PathBuf,
    bytes: u64,
}

impl Scratch {
    fn new(name: &str) -> Self {
        let mib: u64 = std::env::var("NET_CORE_BENCH_MIB").ok().and_then(|n| n.parse().ok()).unwrap_or(256);
        let path = std::env::temp_dir().join(format!("net-core-bench-{}-{name}", std::process::id()));
        let mut file = File::create(&path).unwrap();
        (0..mib).for_each(|_| file.write_all(&[b'x'; 1 << 20]).unwrap());
        Scratch { path, bytes: mib << 20 }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// What this thread has used of the processor.
fn processor_time() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// The processor time of whoever sends the file; somebody else reads it.
fn send_file(scratch: &Scratch, send: impl FnOnce(TcpStream, &File, u64)) -> f64 {
    let (near, mut far) = pair();
    let reader = thread::spawn(move || {
        let mut room = vec![0; 256 << 10];
        while far.read(&mut room).unwrap() > 0 {}
    });
    let file = File::open(&scratch.path).unwrap();
    let start = processor_time();
    send(near, &file, scratch.bytes);
    let time = processor_time() - start;
    reader.join().unwrap();
    time
}

fn std_send_file(stream: TcpStream, file: &File, bytes: u64) {
    let mut at = 0;
    while at < bytes {
        let left = (bytes - at) as usize;
        rustix::fs::sendfile(&stream, file, Some(&mut at), left).unwrap();
    }
}

fn our_send_file(stream: TcpStream, file: &File, bytes: u64) {
    let mut connection = Connection::new(Stream::new(stream).unwrap(), Fixed::new(64, None), Clock::new());
    connection.endpoint().output.reserve(bytes);
    let mut at = 0;
    while at < bytes {
        at += connection.send_file(file, at..bytes).unwrap();
    }
}

/// How long it takes until all is in the file.
fn receive_file(scratch: &Scratch, receive: impl FnOnce(TcpStream, &mut File, u64)) -> f64 {
    let (mut near, far) = pair();
    let bytes = scratch.bytes;
    let mut file = File::options().write(true).open(&scratch.path).unwrap();
    let start = Instant::now();
    let writer = thread::spawn(move || {
        let piece = vec![b'y'; 256 << 10];
        (0..bytes / (256 << 10)).for_each(|_| near.write_all(&piece).unwrap());
    });
    receive(far, &mut file, bytes);
    let time = start.elapsed().as_nanos() as f64;
    writer.join().unwrap();
    time
}

fn std_receive(mut stream: TcpStream, file: &mut File, bytes: u64) {
    let (mut room, mut left) = (vec![0; 256 << 10], bytes);
    while left > 0 {
        let n = stream.read(&mut room).unwrap();
        file.write_all(&room[..n]).unwrap();
        left -= n as u64;
    }
}

fn our_receive(stream: TcpStream, file: &mut File, bytes: u64) {
    let endpoint = Fixed { payload: bytes, ..Fixed::new(64, None) };
    let mut connection = Connection::new(Stream::new(stream).unwrap(), endpoint, Clock::new());
    let mut left = bytes;
    while left > 0 {
        left -= connection.receive_into(file, left).unwrap();
    }
}

/// 64 connections, each with a thread at both ends, ask and answer as fast as they can: the time of all together.
fn closed_loop(echo: fn(TcpStream), pings: fn(TcpStream, usize) -> f64) -> f64 {
    let pairs: Vec<_> = (0..64).map(|_| pair()).collect();
    let start = Instant::now();
    let threads: Vec<_> = pairs
        .into_iter()
        .flat_map(|(near, far)| {
            [
                thread::spawn(move || echo(far)),
                thread::spawn(move || {
                    let _ = pings(near, 300);
                }),
            ]
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    start.elapsed().as_nanos() as f64
}

/// One way to do one workload, and its times.
struct Contender<'a> {
    workload: &'static str,
    who: &'static str,
    run: Box<dyn FnMut() -> f64 + 'a>,
    times: Vec<f64>,
}

fn contender<'a>(workload: &'static str, who: &'static str, run: impl FnMut() -> f64 + 'a) -> Contender<'a> {
    Contender { workload, who, run: Box::new(run), times: Vec::new() }
}

const BY_HAND: &str = "std by hand";
const PING: &str = "64-byte ping-pong, p50";
const SEND: &str = "file to socket, processor";
const RECEIVE: &str = "socket to file, wall";
const LOOP: &str = "64 connections, closed loop";

fn contenders(scratch: &Scratch) -> Vec<Contender<'_>> {
    const N: usize = 4_000;
    let idle = Some(Duration::from_secs(60));
    vec![
        contender(PING, BY_HAND, || ping_pong(std_echo, |s| std_pings(s, N))),
        contender(PING, "std, with timeouts", move || {
            let timed = move |s: TcpStream| s.set_read_timeout(idle).map(|()| s).unwrap();
            ping_pong(move |s| std_echo(timed(s)), |s| std_pings(timed(s), N))
        }),
        contender(PING, "ours, server", || ping_pong(|s| our_echo(s, None), |s| std_pings(s, N))),
        contender(PING, "ours, both ends", || ping_pong(|s| our_echo(s, None), |s| our_pings(s, N, None))),
        contender(PING, "ours, with deadlines", move || {
            ping_pong(move |s| our_echo(s, idle), |s| our_pings(s, N, idle))
        }),
        contender(PING, "mio", || ping_pong(mio_echo, |s| mio_pings(s, N))),
        contender(PING, "tokio", || ping_pong(tokio_echo, |s| tokio_pings(s, N))),
        contender(SEND, BY_HAND, || send_file(scratch, std_send_file)),
        contender(SEND, "ours", || send_file(scratch, our_send_file)),
        contender(RECEIVE, BY_HAND, || receive_file(scratch, std_receive)),
        contender(RECEIVE, "ours", || receive_file(scratch, our_receive)),
        contender(LOOP, BY_HAND, || closed_loop(std_echo, std_pings)),
        contender(LOOP, "ours", || closed_loop(|s| our_echo(s, None), |s, n| our_pings(s, n, None))),
    ]
}

fn main() {
    const ROUNDS: usize = 11;
    let scratch = Scratch::new("file");
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let mut contenders = contenders(&scratch);
    contenders
        .retain(|one| wanted.is_empty() || wanted.iter().any(|word| one.workload.contains(word.as_str())));
    for _ in 0..ROUNDS {
        for contender in &mut contenders {
            let time = (contender.run)();
            contender.times.push(time);
        }
    }
    println!("{:<30} {:<22} {:>12} {:>16}", "workload", "who", "us", "times by hand");
    let mut by_hand = 0.0;
    for contender in &mut contenders {
        let time = median(&mut contender.times);
        if contender.who == BY_HAND {
            by_hand = time;
        }
        let (workload, who) = (contender.workload, contender.who);
        println!("{workload:<30} {who:<22} {:>12.1} {:>16.3}", time / 1_000.0, time / by_hand);
    }
}

//! What concerns a whole process: signals, and running out of descriptors. Each test starts this program again, as a
//! child that does one thing.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use net_core::Deadline;
use net_core::serve::{Config, Server, Wake};
use net_core::signals::Termination;
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, setrlimit};

const LONG: Duration = Duration::from_secs(30);
const ROLE: &str = "NET_CORE_TEST_CHILD";

/// A child that runs one test of this program as its role.
struct Role {
    child: Child,
    said: BufReader<std::process::ChildStdout>,
}

impl Role {
    fn play(test: &str) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(ROLE, test)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        Role { child, said }
    }

    /// The rest of the next line the child says that holds `word`; it may stand behind the test program's own words.
    fn hear(&mut self, word: &str) -> String {
        let mut line = String::new();
        while self.said.read_line(&mut line).unwrap() > 0 {
            if let Some((_, rest)) = line.split_once(word) {
                return rest.trim().to_owned();
            }
            line.clear();
        }
        panic!("the child ended without saying {word}");
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn end(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

fn is_child(test: &str) -> bool {
    env::var(ROLE).is_ok_and(|role| role == test)
}

#[test]
fn waits_for_a_signal() {
    if !is_child("waits_for_a_signal") {
        return;
    }
    let termination = Termination::heed().unwrap();
    assert!(!termination.has_come());
    println!("child: ready");
    assert!(termination.wait(Deadline::after(LONG)).unwrap());
    assert!(termination.has_come());
    println!("child: heard");
    let _ = std::io::stdin().read(&mut [0]); // until told to end, or killed
}

#[test]
fn the_first_signal_is_heard_and_the_second_ends_the_process() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut child = Role::play("waits_for_a_signal");
        child.hear("child: ready");
        child.signal(signal);
        child.hear("child: heard");
        child.signal(Signal::TERM);
        assert_eq!(child.end().code(), Some(1));
    }
}

#[test]
fn a_single_signal_leaves_the_end_to_the_program() {
    let mut child = Role::play("waits_for_a_signal");
    child.hear("child: ready");
    child.signal(Signal::TERM);
    child.hear("child: heard");
    child.child.stdin.take(); // closed: go on
    assert!(child.end().success());
}

#[test]
fn serves_with_24_descriptors() {
    if !is_child("serves_with_24_descriptors") {
        return;
    }
    let limit = Rlimit { current: Some(24), maximum: Some(24) };
    setrlimit(Resource::Nofile, limit).unwrap();
    let server = Server::bind(Config::at("127.0.0.1:0".parse().unwrap())).unwrap();
    let handle = server.handle();
    Termination::heed().unwrap().then(move || handle.shutdown(LONG)).unwrap();
    println!("child: {}", server.local_addr());
    let stats = server.run(|stream, _, shutdown| {
        let mut byte = [0];
        while let Ok(Wake::Readable) = shutdown.wait_readable(&*stream, Deadline::NEVER) {
            match (&*stream).read(&mut byte) {
                Ok(1) => (&*stream).write_all(&byte).unwrap(),
                _ => return,
            }
        }
    });
    assert!(stats.put_off > 0 && stats.dropped > 0, "{stats:?}");
    assert_eq!((stats.open, stats.cut), (0, 0));
    println!("child: stopped");
}

/// Whether the server answers on it; `false` if it closed it.
fn answers(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(LONG)).unwrap();
    let mut byte = [0];
    stream.write_all(b"a").is_ok() && matches!(stream.read(&mut byte), Ok(1))
}

#[test]
fn a_server_without_descriptors_closes_those_who_knock_and_recovers() {
    let mut child = Role::play("serves_with_24_descriptors");
    let addr: SocketAddr = child.hear("child: ").parse().unwrap();
    let mut inside = Vec::new();
    let mut closed = 0;
    while closed < 8 {
        let mut stream = TcpStream::connect(addr).unwrap();
        if answers(&mut stream) {
            inside.push(stream)
        } else {
            closed += 1
        }
        assert!(inside.len() < 24, "more connections than descriptors");
    }
    assert!(inside.len() > 8, "those inside keep their place");
    assert!(inside.iter_mut().all(answers));
    inside.clear();
    // With descriptors free again it serves, by itself.
    let deadline = Deadline::after(LONG);
    while !answers(&mut TcpStream::connect(addr).unwrap()) {
        assert!(!deadline.has_passed(), "it never recovered");
    }
    child.signal(Signal::TERM);
    child.hear("child: stopped");
    assert!(child.end().success());
}

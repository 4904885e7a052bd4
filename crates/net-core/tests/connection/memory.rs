//! `Connection` over memory that reads and writes by halves, finds no room, and is interrupted, all at random: the same
//! events and the same bytes as if all had come at once.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;
use std::rc::Rc;
use std::time::Duration;

use bytes::BytesMut;
use net_core::poll::{Interest, Ready};
use net_core::{Clock, Connection, Deadline, DriveError, Patience, Step, Stream, Transport};
use proto_core::{DriveLimits, End, Endpoint, Status};

use net_sim::toy::{BadLine, Event, Talk};

/// A generator of Marsaglia's xorshift kind.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % n.max(1)
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// What the peer has said, and what was said to it.
#[derive(Default)]
struct Peer {
    says: VecDeque<u8>,
    resets: bool,
    heard: Vec<u8>,
    half_closed: bool,
    /// Takes no more than this.
    room: Option<usize>,
    reads: usize,
}

/// A stream to a peer, with bad luck unless there are no dice.
struct Memory {
    peer: Rc<RefCell<Peer>>,
    dice: Option<Dice>,
}

impl Memory {
    fn luck(&mut self, most: usize) -> io::Result<usize> {
        let Some(dice) = &mut self.dice else { return Ok(most) };
        if dice.one_in(8) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        if dice.one_in(4) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let most = if dice.one_in(3) { most } else { most.min(5) };
        Ok(1 + dice.below(most))
    }
}

impl Transport for Memory {
    fn read(&mut self, buf: &mut [u8], _: Patience) -> io::Result<usize> {
        let most = self.luck(buf.len())?.min(buf.len());
        let mut peer = self.peer.borrow_mut();
        peer.reads += 1;
        if peer.says.is_empty() && peer.resets {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let n = most.min(peer.says.len());
        for place in &mut buf[..n] {
            *place = peer.says.pop_front().unwrap();
        }
        Ok(n)
    }

    fn send(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        assert!(!all.is_empty(), "wrote nothing");
        let luck = self.luck(all.len())?;
        let mut peer = self.peer.borrow_mut();
        assert!(!peer.half_closed, "wrote after the end");
        let n = luck.min(all.len()).min(peer.room.unwrap_or(usize::MAX));
        if n == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        if let Some(room) = &mut peer.room {
            *room -= n;
        }
        peer.heard.extend_from_slice(&all[..n]);
        Ok(n)
    }

    fn shut_write(&mut self) -> io::Result<()> {
        self.peer.borrow_mut().half_closed = true;
        Ok(())
    }

    fn wait(&mut self, interest: Interest, patience: Patience, _: &[BorrowedFd<'_>]) -> io::Result<Ready> {
        let _ = self.luck(1)?;
        let room = self.peer.borrow().room != Some(0);
        assert!(interest.read || (interest.write && room) || patience != Patience::Forever, "stuck");
        Ok(Ready { read: interest.read, write: interest.write && room, hang_up: false })
    }
}

fn connect(says: &[u8], dice: Option<Dice>, talk: Talk) -> (Connection<Talk, Memory>, Rc<RefCell<Peer>>) {
    let peer = Rc::new(RefCell::new(Peer { says: says.iter().copied().collect(), ..Peer::default() }));
    let memory = Memory { peer: Rc::clone(&peer), dice };
    (Connection::new(Stream::over(memory), talk, Clock::new()), peer)
}

/// What a session came to.
#[derive(Debug, PartialEq, Eq)]
struct Story {
    events: Vec<Event>,
    payload: Vec<u8>,
    heard: Vec<u8>,
    half_closed: bool,
    failed: bool,
}

fn answer(connection: &mut Connection<Talk, Memory>, event: &Event) {
    if let Event::Line(line) = event {
        let talk = connection.endpoint();
        match &line[..] {
            b"BYE" => {}
            b"quit" => talk.say_bye(),
            other => talk.say(&other.to_ascii_uppercase()),
        }
    }
}

/// Drives until the end, by blocking calls or by turns, payload by runs or past the endpoint.
fn tell(says: &[u8], dice: Option<Dice>, pauses: bool, by_turns: bool, past: bool) -> Story {
    let talk = if pauses { Talk::pausing() } else { Talk::new() };
    let (mut connection, peer) = connect(says, dice, talk);
    let (mut events, mut payload) = (Vec::new(), Vec::new());
    let mut failed = false;
    loop {
        let step = if by_turns { turn(&mut connection) } else { connection.next() };
        match step {
            Ok(Step::Event(Event::Run(run))) => payload.extend_from_slice(&run),
            Ok(Step::Event(event)) => {
                answer(&mut connection, &event);
                events.push(event);
                while past && connection.endpoint().payload > 0 && connection.end().is_none() {
                    connection.receive_into(&mut payload, u64::MAX).unwrap();
                }
            }
            Ok(Step::Paused) => connection.endpoint().status = Status::Open,
            Ok(Step::Closed) => break,
            Ok(other) => panic!("{other:?}"),
            Err(DriveError::Protocol(BadLine)) => {
                failed = true;
                break;
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    let peer = peer.borrow();
    Story { events, payload, heard: peer.heard.clone(), half_closed: peer.half_closed, failed }
}

fn turn(connection: &mut Connection<Talk, Memory>) -> Result<Step<Event>, DriveError<BadLine>> {
    let mut ready = Ready::default();
    for _ in 0..100_000 {
        let turn = connection.turn(ready)?;
        if let Some(step) = turn.step {
            return Ok(step);
        }
        assert!(turn.interest != Interest::NONE, "waits for nothing");
        ready = Ready { read: turn.interest.read, write: turn.interest.write, hang_up: false };
    }
    panic!("stuck")
}

const SCRIPTS: [&[u8]; 5] = [
    b"one\ntwo\nthree\n",
    b"one\nPUT 10\n0123456789two\nPUT 3\nabcthree\n",
    b"one\nquit\nthis is not read\n",
    b"one\ntw\0o\nthree\n",
    b"PUT 100\nthe end comes early",
];

#[test]
fn chunks_blocks_and_interruptions_change_nothing() {
    for script in SCRIPTS {
        for (pauses, past) in [(false, false), (true, false), (false, true)] {
            let plain = tell(script, None, pauses, false, past);
            for seed in 0..200 {
                let story = tell(script, Some(Dice::new(seed)), pauses, seed % 2 == 0, past);
                assert_eq!(story, plain, "seed {seed}, script {:?}", String::from_utf8_lossy(script));
            }
        }
    }
}

#[test]
fn the_peer_of_a_failed_session_has_been_told_why() {
    for seed in 0..100 {
        let story = tell(b"a\n\0\nb\n", Some(Dice::new(seed)), false, false, false);
        assert!(story.failed && story.half_closed);
        assert_eq!(story.heard, b"A\nBAD\n");
    }
}

#[test]
fn a_failed_client_does_not_wait_for_the_server_to_close() {
    let (_, peer) = connect(b"a\0b\n", None, Talk::new());
    let silent = Silent(Memory { peer: Rc::clone(&peer), dice: None });
    let mut client = Connection::client(Stream::over(silent), Talk::new(), Clock::new());
    client.set_deadline(Deadline::after(Duration::from_secs(2)));
    assert!(matches!(client.next(), Err(DriveError::Protocol(BadLine))));
    assert!(peer.borrow().half_closed);
}

#[test]
fn a_reset_is_a_cut_end() {
    let (mut connection, peer) = connect(b"one\ntw", None, Talk::new());
    peer.borrow_mut().resets = true;
    assert_eq!(connection.next().unwrap(), Step::Event(Event::Line("one".into())));
    assert_eq!(connection.next().unwrap(), Step::Event(Event::Ended(End::Cut)));
    assert_eq!(connection.trouble().unwrap().kind(), io::ErrorKind::ConnectionReset);
}

/// Answers each line with a thousand times as much.
fn flood(connection: &mut Connection<Talk, Memory>) -> usize {
    let mut lines = 0;
    let mut ready = Ready::default();
    for _ in 0..10_000 {
        let turn = connection.turn(ready).unwrap();
        match turn.step {
            Some(Step::Event(Event::Line(_))) => {
                lines += 1;
                connection.endpoint().say(&[b'x'; 1000]);
            }
            Some(other) => panic!("{other:?}"),
            None if !turn.interest.read => return lines,
            None => {}
        }
        ready = Ready { read: turn.interest.read, write: false, hang_up: false };
    }
    panic!("never stops reading")
}

#[test]
fn a_peer_that_never_reads_stops_being_served_and_not_being_answered() {
    let says = b"a\n".repeat(100_000);
    let (mut server, peer) = connect(&says, None, Talk::new());
    peer.borrow_mut().room = Some(5000);
    let lines = flood(&mut server);
    // 1 MiB unsent, and the one answer that makes it more
    assert!((1000..1100).contains(&lines), "{lines}");
    assert!(server.endpoint().output().len() < (1 << 20) + 2000);
    // it reads again, and is served again
    peer.borrow_mut().room = None;
    server.flush().unwrap();
    assert_eq!(server.next().unwrap(), Step::Event(Event::Line("a".into())));
}

#[test]
fn the_end_that_asks_always_reads() {
    let peer = Rc::new(RefCell::new(Peer { says: b"news\n".repeat(10).into(), ..Peer::default() }));
    peer.borrow_mut().room = Some(0);
    let memory = Memory { peer: Rc::clone(&peer), dice: None };
    let mut client = Connection::client(Stream::over(memory), Talk::new(), Clock::new());
    client.endpoint().say(&vec![b'x'; 10 << 20]);
    for _ in 0..10 {
        assert_eq!(client.next().unwrap(), Step::Event(Event::Line("news".into())));
    }
    assert_eq!(client.endpoint().output().len(), (10 << 20) + 1);
}

#[test]
fn a_client_that_is_made_to_talk_by_one_who_does_not_listen_gives_up() {
    let peer = Rc::new(RefCell::new(Peer { says: b"ping\n".repeat(10_000).into(), ..Peer::default() }));
    peer.borrow_mut().room = Some(0);
    let memory = Memory { peer: Rc::clone(&peer), dice: None };
    let talk = Talk::echoing(500);
    let mut client = Connection::client(Stream::over(memory), talk, Clock::new());
    let lines = (0..).find(|_| client.next().is_err()).unwrap();
    assert!((4_000..5_000).contains(&lines), "{lines}");
    assert!(client.endpoint().output().len() < (2 << 20) + 10_000);
}

#[test]
fn a_flush_sends_all_there_is_room_for() {
    for seed in 0..50 {
        let (mut server, peer) = connect(b"", Some(Dice::new(seed)), Talk::new());
        server.endpoint().say(&[b'x'; 5_000]);
        server.flush().unwrap();
        assert_eq!(peer.borrow().heard.len(), 5_001);
    }
}

#[test]
fn a_paused_session_is_read_up_to_a_limit_only() {
    let says = b"a\n".repeat(100_000);
    let (mut server, peer) = connect(&says, None, Talk::pausing());
    assert_eq!(server.next().unwrap(), Step::Event(Event::Line("a".into())));
    assert_eq!(server.next().unwrap(), Step::Paused);
    let mut interest = Interest::READ;
    while interest.read {
        let turn = server.turn(Ready { read: true, ..Ready::default() }).unwrap();
        assert_eq!(turn.step, Some(Step::Paused));
        interest = turn.interest;
    }
    let unread = peer.borrow().says.len();
    assert!((200_000 - 2 * (64 << 10)..200_000 - (64 << 10)).contains(&unread), "{unread}");
}

#[test]
fn attending_sees_a_hang_up_and_keeps_what_was_said() {
    let (mut server, _) = connect(b"a\nb\n", None, Talk::pausing());
    assert_eq!(server.next().unwrap(), Step::Event(Event::Line("a".into())));
    assert_eq!(server.next().unwrap(), Step::Paused);
    assert_eq!(server.end(), None);
    server.attend(Deadline::NEVER).unwrap();
    assert_eq!(server.end(), Some(End::Clean));
    server.endpoint().say(b"A");
    assert_eq!(server.next().unwrap(), Step::Event(Event::Line("b".into())));
}

#[test]
fn an_event_that_comes_while_attending_is_kept() {
    let (mut server, _) = connect(b"a\nb\n", None, Talk::new());
    server.attend(Deadline::NEVER).unwrap();
    server.attend(Deadline::NEVER).unwrap();
    assert_eq!(server.next().unwrap(), Step::Event(Event::Line("a".into())));
    assert_eq!(server.next().unwrap(), Step::Event(Event::Line("b".into())));
}

#[test]
fn a_turn_of_answers_leaves_in_one_write() {
    let (mut server, peer) = connect(b"a\nb\nc\n", None, Talk::new());
    peer.borrow_mut().room = Some(1000);
    for text in ["a", "b", "c"] {
        assert_eq!(server.next().unwrap(), Step::Event(Event::Line(text.into())));
        server.endpoint().say(text.as_bytes());
        assert!(peer.borrow().heard.is_empty());
    }
    assert_eq!(server.next().unwrap(), Step::Event(Event::Ended(End::Clean)));
    server.flush().unwrap();
    assert_eq!(peer.borrow().heard, b"a\nb\nc\n");
}

#[test]
fn the_tunnel_gets_stream_and_unread_input() {
    let (mut server, _) = connect(b"CONNECT\nother protocol", None, Talk::new());
    assert_eq!(server.next().unwrap(), Step::Event(Event::Line("CONNECT".into())));
    server.endpoint().say(b"OK");
    server.endpoint().status = Status::Switched;
    assert_eq!(server.next().unwrap(), Step::Yours(Status::Switched));
    let (_, mut talk, input) = server.into_parts();
    assert_eq!(input, BytesMut::from("other protocol"));
    assert!(talk.output().is_empty());
}

#[test]
fn a_silent_peer_is_late_and_no_more() {
    let limits = DriveLimits::server();
    let peer = Rc::new(RefCell::new(Peer { says: b"hal".to_vec().into(), ..Peer::default() }));
    let silent = Silent(Memory { peer, dice: None });
    let talk = Talk::patient_for(Duration::from_millis(3));
    let mut server = Connection::with_limits(Stream::over(silent), talk, Clock::new(), limits);
    assert_eq!(server.next().unwrap(), Step::Event(Event::Late));
    server.set_deadline(Deadline::after(Duration::from_millis(1)));
    assert!(matches!(server.next(), Err(DriveError::Deadline) | Ok(Step::Event(Event::Late))));
}

/// Never ends; sleeps as long as it is let.
struct Silent(Memory);

impl Transport for Silent {
    fn read(&mut self, buf: &mut [u8], patience: Patience) -> io::Result<usize> {
        if self.0.peer.borrow().says.is_empty() {
            if let Patience::For(time) = patience {
                std::thread::sleep(time);
            }
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.0.read(buf, patience)
    }

    fn send(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.send(slices)
    }

    fn shut_write(&mut self) -> io::Result<()> {
        self.0.shut_write()
    }

    fn wait(
        &mut self,
        interest: Interest,
        patience: Patience,
        bells: &[BorrowedFd<'_>],
    ) -> io::Result<Ready> {
        self.0.wait(interest, patience, bells)
    }
}

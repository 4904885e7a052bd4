//! A connection over memory with bad luck (short reads and writes, no room, interruptions) tells the same events, leaves
//! the same bytes and ends in the same way as one with none.

#![no_main]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;
use std::rc::Rc;

use arbitrary::Arbitrary;
use bytes::{Bytes, BytesMut};
use libfuzzer_sys::fuzz_target;
use net_core::poll::{Interest, Ready};
use net_core::{Clock, Connection, Patience, Step, Stream, Transport};
use proto_core::{End, Endpoint, Output, Status, Time};

#[derive(Arbitrary, Debug)]
struct Case {
    says: Vec<u8>,
    luck: Vec<u8>,
    resets: bool,
    by_turns: bool,
    past: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Wrong;

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a NUL")
    }
}

impl std::error::Error for Wrong {}

/// Lines. What a line begins with says what it is: a digit, so much payload follows; `p`, it pauses; `q`, it leaves; a
/// NUL, it is wrong; anything else is answered.
#[derive(Default)]
struct Lines {
    output: Output,
    payload: u64,
    paused: bool,
    leaving: bool,
    told: bool,
    wrong: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Event {
    Line(Bytes),
    Run(Bytes),
    Ended(End),
}

impl Endpoint for Lines {
    type Event = Event;
    type Error = Wrong;

    fn receive(&mut self, input: &mut BytesMut, _: Time) -> Result<Option<Event>, Wrong> {
        if self.wrong {
            return Err(Wrong);
        }
        if self.paused || self.leaving || input.is_empty() {
            return Ok(None);
        }
        if self.payload > 0 {
            let n = input.len().min(self.payload as usize);
            self.payload -= n as u64;
            return Ok(Some(Event::Run(input.split_to(n).freeze())));
        }
        let Some(end) = input.iter().position(|&byte| byte == b'\n') else { return Ok(None) };
        let line = input.split_to(end + 1).freeze();
        match line[0] {
            digit @ b'0'..=b'9' => self.payload = u64::from(digit - b'0') * 100,
            b'p' => self.paused = true,
            b'q' => self.leaving = true,
            0 => {
                self.wrong = true;
                self.output.put(b"wrong\n");
                return Err(Wrong);
            }
            _ => self.output.put(&line),
        }
        Ok(Some(Event::Line(line)))
    }

    fn receive_eof(&mut self, input: &mut BytesMut, end: End, now: Time) -> Result<Option<Event>, Wrong> {
        if let Some(event) = self.receive(input, now)? {
            return Ok(Some(event));
        }
        if self.paused || self.leaving || std::mem::replace(&mut self.told, true) {
            return Ok(None);
        }
        self.leaving = true;
        Ok(Some(Event::Ended(end)))
    }

    fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    fn deadline(&self) -> Option<Time> {
        None
    }

    fn handle_deadline(&mut self, _: Time) -> Result<Option<Event>, Wrong> {
        Ok(None)
    }

    fn payload(&self) -> u64 {
        self.payload
    }

    fn payload_received(&mut self, n: u64, _: Time) {
        self.payload -= n;
    }

    fn status(&self) -> Status {
        match (self.leaving, self.paused) {
            (true, _) => Status::Finishing,
            (_, true) => Status::Paused,
            _ => Status::Open,
        }
    }
}

#[derive(Default)]
struct Peer {
    says: VecDeque<u8>,
    heard: Vec<u8>,
    resets: bool,
    half_closed: bool,
}

struct Memory {
    peer: Rc<RefCell<Peer>>,
    luck: Option<VecDeque<u8>>,
}

impl Memory {
    /// How much of `most` moves now. Bad luck runs out.
    fn luck(&mut self, most: usize) -> io::Result<usize> {
        match self.luck.as_mut().and_then(VecDeque::pop_front) {
            None => Ok(most),
            Some(0..=31) => Err(io::ErrorKind::Interrupted.into()),
            Some(32..=95) => Err(io::ErrorKind::WouldBlock.into()),
            Some(luck) => Ok(most.min(usize::from(luck - 95))),
        }
    }
}

impl Transport for Memory {
    fn read(&mut self, buf: &mut [u8], _: Patience) -> io::Result<usize> {
        let most = self.luck(buf.len())?;
        let mut peer = self.peer.borrow_mut();
        if peer.says.is_empty() && peer.resets {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let n = most.min(peer.says.len());
        buf.iter_mut().zip(peer.says.drain(..n)).for_each(|(place, byte)| *place = byte);
        Ok(n)
    }

    fn send(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        assert!(!all.is_empty());
        let n = self.luck(all.len())?;
        let mut peer = self.peer.borrow_mut();
        assert!(!peer.half_closed);
        peer.heard.extend_from_slice(&all[..n]);
        Ok(n)
    }

    fn shut_write(&mut self) -> io::Result<()> {
        self.peer.borrow_mut().half_closed = true;
        Ok(())
    }

    fn wait(&mut self, interest: Interest, _: Patience, _: &[BorrowedFd<'_>]) -> io::Result<Ready> {
        assert_ne!(interest, Interest::NONE, "waits for nothing");
        self.luck(1)?;
        Ok(Ready { read: interest.read, write: interest.write, hang_up: false })
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Story {
    events: Vec<Event>,
    payload: Vec<u8>,
    heard: Vec<u8>,
    half_closed: bool,
    failed: bool,
}

fn tell(case: &Case, luck: Option<VecDeque<u8>>) -> Story {
    let says = case.says.iter().copied().collect();
    let peer = Rc::new(RefCell::new(Peer { says, resets: case.resets, ..Peer::default() }));
    let memory = Memory { peer: Rc::clone(&peer), luck };
    let mut connection = Connection::new(Stream::over(memory), Lines::default(), Clock::new());
    let (mut events, mut payload) = (Vec::new(), Vec::new());
    let mut ready = Ready::default();
    let failed = loop {
        let step = if case.by_turns {
            match connection.turn(ready) {
                Ok(turn) => {
                    assert!(turn.step.is_some() || turn.interest != Interest::NONE, "waits for nothing");
                    ready = Ready { read: turn.interest.read, write: turn.interest.write, hang_up: false };
                    turn.step
                }
                Err(_) => break true,
            }
        } else {
            match connection.next() {
                Ok(step) => Some(step),
                Err(_) => break true,
            }
        };
        match step {
            Some(Step::Event(Event::Run(run))) => payload.extend_from_slice(&run),
            Some(Step::Event(event)) => events.push(event),
            Some(Step::Paused) => connection.endpoint().paused = false,
            Some(Step::Closed) => break false,
            Some(other) => panic!("{other:?}"),
            None => {}
        }
        while case.past && connection.endpoint().payload > 0 && connection.end().is_none() {
            connection.receive_into(&mut payload, u64::MAX).unwrap();
        }
    };
    let peer = peer.borrow();
    Story { events, payload, heard: peer.heard.clone(), half_closed: peer.half_closed, failed }
}

fuzz_target!(|case: Case| {
    let plain = tell(&case, None);
    let unlucky = tell(&case, Some(case.luck.iter().copied().collect()));
    assert_eq!(plain, unlucky);
});

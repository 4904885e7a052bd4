//! Two connections in one thread, by turns, over a narrow pipe with bad luck: TLS from the start, and TLS in place.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;
use std::rc::Rc;
use std::sync::Arc;

use net_core::poll::{Interest, Ready};
use net_core::{Clock, Connection, Patience, Step, Stream, TlsRole, Transport};
use proto_core::{End, Layer, Status};

use crate::memory::Dice;
use crate::sockets::line;
use crate::tls::Identity;
use net_sim::toy::{Event, Talk};

#[derive(Default)]
struct Lane {
    bytes: VecDeque<u8>,
    ended: bool,
}

struct Pipe {
    out: Rc<RefCell<Lane>>,
    input: Rc<RefCell<Lane>>,
    room: usize,
    dice: Dice,
}

impl Pipe {
    fn pair(room: usize, seed: u64) -> (Pipe, Pipe) {
        let (there, back) = (Rc::<RefCell<Lane>>::default(), Rc::<RefCell<Lane>>::default());
        let near = Pipe { out: Rc::clone(&there), input: Rc::clone(&back), room, dice: Dice::new(seed) };
        (near, Pipe { out: back, input: there, room, dice: Dice::new(seed + 1_000) })
    }

    fn luck(&mut self, most: usize) -> io::Result<usize> {
        match self.dice.below(8) {
            0 => Err(io::ErrorKind::Interrupted.into()),
            1 | 2 => Err(io::ErrorKind::WouldBlock.into()),
            _ => Ok(1 + self.dice.below(most)),
        }
    }
}

impl Transport for Pipe {
    fn read(&mut self, buf: &mut [u8], _: Patience) -> io::Result<usize> {
        let most = self.luck(buf.len())?;
        let mut lane = self.input.borrow_mut();
        if lane.bytes.is_empty() && !lane.ended {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let n = most.min(lane.bytes.len());
        buf.iter_mut().zip(lane.bytes.drain(..n)).for_each(|(place, byte)| *place = byte);
        Ok(n)
    }

    fn send(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let most = self.luck(slices.iter().map(|slice| slice.len()).sum())?;
        let mut lane = self.out.borrow_mut();
        let n = most.min(self.room - lane.bytes.len());
        if n == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        lane.bytes.extend(slices.iter().flat_map(|slice| slice.iter()).take(n));
        Ok(n)
    }

    fn shut_write(&mut self) -> io::Result<()> {
        self.out.borrow_mut().ended = true;
        Ok(())
    }

    fn wait(&mut self, _: Interest, _: Patience, _: &[BorrowedFd<'_>]) -> io::Result<Ready> {
        panic!("turns do not wait")
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.out.borrow_mut().ended = true;
    }
}

/// Takes turns until nothing more can be done now; hands each step to `act`. `false`: it is over.
fn take_turns(
    connection: &mut Connection<Talk, Pipe>,
    interest: &mut Interest,
    mut act: impl FnMut(&mut Connection<Talk, Pipe>, Step<Event>),
) -> bool {
    let mut ready = Ready { read: interest.read, write: interest.write, hang_up: false };
    loop {
        let turn = connection.turn(std::mem::take(&mut ready)).unwrap();
        *interest = turn.interest;
        match turn.step {
            None => return true,
            Some(Step::Closed) => return false,
            Some(step) => act(connection, step),
        }
    }
}

/// Asks for TLS if it isn't there, says `lines` lines of `len` bytes and counts the answers; what each end has seen.
fn talk(seed: u64, in_place: bool, lines: usize, len: usize) -> (usize, Vec<Event>) {
    let identity = Identity::new();
    let (asks, answers) = (identity.client(&[]), identity.server(&[]));
    let to_server = || TlsRole::client(Arc::clone(&asks), "localhost").unwrap();
    let to_client = || TlsRole::server(Arc::clone(&answers));
    let (near, far) = Pipe::pair(1_000, seed);
    let (mut near, mut far) = (Stream::over(near), Stream::over(far));
    if !in_place {
        near.start_tls(to_server()).unwrap();
        far.start_tls(to_client()).unwrap();
    }
    let mut near = Connection::client(near, Talk::new(), Clock::new());
    let mut far = Connection::new(far, Talk::new(), Clock::new());
    let say = |talk: &mut Talk| (0..lines).for_each(|_| talk.say(&vec![b'x'; len]));
    if in_place {
        near.endpoint().ask_for_tls()
    } else {
        say(near.endpoint())
    }
    let (mut count, mut seen) = (0, Vec::new());
    let (mut near_waits, mut far_waits) = (Interest::BOTH, Interest::BOTH);
    let (mut near_lives, mut far_lives) = (true, true);
    for _ in 0..1_000_000 {
        near_lives = near_lives
            && take_turns(&mut near, &mut near_waits, |near, step| match step {
                Step::Event(Event::Secured) => say(near.endpoint()),
                Step::Event(Event::Line(line)) if line != "GO" => {
                    assert_eq!(line, vec![b'X'; len]);
                    count += 1;
                    if count == lines {
                        near.endpoint().status = Status::Finishing;
                    }
                }
                Step::Event(_) => {}
                Step::Yours(Status::Upgrade(Layer::Tls)) => near.upgrade_tls(to_server()).unwrap(),
                other => panic!("{other:?}"),
            });
        far_lives = far_lives
            && take_turns(&mut far, &mut far_waits, |far, step| match step {
                Step::Event(event) => {
                    match &event {
                        Event::StartTls => far.endpoint().start_tls(),
                        Event::Line(line) => far.endpoint().say(&line.to_ascii_uppercase()),
                        _ => {}
                    }
                    seen.push(event);
                }
                Step::Yours(Status::Upgrade(Layer::Tls)) => far.upgrade_tls(to_client()).unwrap(),
                other => panic!("{other:?}"),
            });
        if !near_lives && !far_lives {
            return (count, seen);
        }
    }
    panic!("seed {seed}: stuck after {count} answers")
}

#[test]
fn tls_over_a_narrow_pipe_with_bad_luck_loses_nothing() {
    for seed in 0..20 {
        let (count, seen) = talk(seed, false, 20, 700);
        assert_eq!((count, seen.len()), (20, 21), "seed {seed}");
        assert_eq!(seen.last(), Some(&Event::Ended(End::Clean)), "seed {seed}");
    }
}

#[test]
fn tls_in_place_over_a_narrow_pipe_with_bad_luck_loses_nothing() {
    for seed in 0..20 {
        let (count, seen) = talk(seed, true, 3, 2);
        let lines = [line("xx"), line("xx"), line("xx")];
        let all = [&[Event::StartTls, Event::Secured], &lines[..], &[Event::Ended(End::Clean)]].concat();
        assert_eq!((count, seen), (3, all), "seed {seed}");
    }
}

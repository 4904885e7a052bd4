//! One connection on a runtime of readiness: the driver's core between a socket that never waits and the site.
//!
//! The rule: [`Session::advance`] does all that can be done now and says what it waits for. mio's loop and tokio's tasks
//! differ only in how they wait.

use std::io;
use std::sync::Arc;

use bytes::BytesMut;
use examples::site::{Site, Visit};
use http1::server::Server;
use proto_core::{Drive, DriveLimits, End, Time, Turn, Wait};

use crate::door::Seat;
use crate::wire::{Got, Socket, Wire};

/// How often one session reads or writes before the others get their turn.
const MOVES: usize = 16;

/// What a session is ready for, as far as is known. Readiness is edge-triggered: it holds until a call would block.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ready {
    /// There may be something to read.
    pub read: bool,
    /// There may be room to write.
    pub write: bool,
    /// The peer has ended its side: there is something to read until the end was read.
    pub ended: bool,
}

/// How much one read takes at most.
const READ: usize = 64 << 10;

/// Room to work in, which the sessions of a thread have in common: it stays warm, and who waits needs none.
pub(crate) struct Room {
    /// To read into.
    read: Box<[u8]>,
    /// What is read and not yet taken gathers in here,
    input: BytesMut,
    /// and what is to be sent in here.
    output: BytesMut,
}

impl Room {
    pub(crate) fn new() -> Self {
        Room { read: vec![0; READ].into(), input: BytesMut::new(), output: BytesMut::new() }
    }

    /// For a session that has nothing in hand.
    fn lend(&mut self, drive: &mut Drive<Server>) {
        if drive.input().is_empty() {
            *drive.input() = std::mem::take(&mut self.input);
        }
        if drive.output().is_empty() {
            *drive.output().buffer() = std::mem::take(&mut self.output);
        }
    }

    /// Once it has nothing in hand any more.
    fn take_back(&mut self, drive: &mut Drive<Server>) {
        if drive.input().is_empty() {
            self.input = std::mem::take(drive.input());
        }
        if drive.output().is_empty() {
            self.output = std::mem::take(drive.output().buffer());
        }
    }
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Call again when there is something to read (if that is wanted), or room to write, or at the deadline.
    Wait { read: bool, write: bool, deadline: Option<Time> },
    /// Call again once others had their turn.
    Again,
    /// Over: drop it.
    Over,
}

/// An endpoint with its site, its stream and its place.
pub(crate) struct Session<S> {
    drive: Drive<Server>,
    visit: Visit,
    wire: Wire<S>,
    ready: Ready,
    /// What was waited for last was something to read.
    reads: bool,
    /// It was refused, or nothing more will come: what can't be said now never will be.
    failed: bool,
    _seat: Seat,
}

impl<S: Socket> Session<S> {
    /// A session at its first byte.
    pub(crate) fn new(wire: Wire<S>, server: Server, site: &Arc<Site>, seat: Seat) -> Self {
        let drive = Drive::new(server, DriveLimits::server());
        let ready = Ready { write: true, ..Ready::default() };
        let visit = Visit::new(Arc::clone(site));
        Session { drive, visit, wire, ready, reads: false, failed: false, _seat: seat }
    }

    /// The socket below.
    pub(crate) fn socket(&mut self) -> &mut S {
        self.wire.socket()
    }

    /// Somebody has seen that these can be done.
    pub(crate) fn note(&mut self, ready: Ready) {
        self.ready.read |= ready.read || ready.ended;
        self.ready.write |= ready.write;
        self.ready.ended |= ready.ended;
    }

    /// The server stops: what has reached the socket is still answered, then this is over.
    pub(crate) fn stop(&mut self, room: &mut Room) {
        if self.drive.is_idle() {
            let got = self.wire.read_now(&mut room.read, self.drive.input());
            self.take(got);
        }
        self.drive.endpoint_mut().shut_down();
    }

    /// Does what can be done.
    pub(crate) fn advance(&mut self, now: Time, room: &mut Room) -> Next {
        room.lend(&mut self.drive);
        let next = self.go_on(now, room);
        room.take_back(&mut self.drive);
        next
    }

    fn go_on(&mut self, now: Time, room: &mut Room) -> Next {
        // What was waited for is there: to ask the endpoint before would be to hear the same once more.
        if self.reads && self.ready.read {
            self.read(room);
        }
        self.reads = false;
        let mut moves = 0;
        while moves < MOVES {
            let wait = match self.drive.poll(now) {
                Ok(Turn::Event(event)) => {
                    self.visit.event(self.drive.endpoint_mut(), event, now);
                    continue;
                }
                Ok(Turn::Gap(left)) => {
                    moves += 1;
                    match self.fill_gap(left, now, room) {
                        Some(next) => return next,
                        None => continue,
                    }
                }
                Ok(Turn::Wait(wait)) => match self.writes(wait, now) {
                    // All is said: what comes next is the peer's, and there is no need to ask the endpoint.
                    true => match self.drive.only_input(wait) {
                        Some(wait) => wait,
                        None => continue,
                    },
                    false => wait,
                },
                Ok(Turn::Paused(wait)) if self.writes(wait, now) => continue,
                Ok(Turn::Paused(wait)) => wait,
                Ok(Turn::Yours(_) | Turn::Closed) => {
                    let _ = self.wire.flush();
                    return Next::Over;
                }
                Err(fault) => {
                    tracing::info!(?fault, "refused");
                    self.visit.give_up();
                    self.failed = true;
                    continue;
                }
            };
            // A header or a handshake that went wrong, or never came, leaves no way to say so.
            if !self.wire.is_open() && (self.failed || wait.shut) {
                let _ = self.wire.flush();
                return Next::Over;
            }
            moves += 1;
            if !self.moves(wait, room) {
                let said = (wait.write || wait.shut) && self.wire.is_open();
                let write = said || self.wire.is_unsent();
                self.reads = wait.read;
                return Next::Wait { read: wait.read, write, deadline: wait.deadline };
            }
        }
        Next::Again
    }

    /// Writes before it reads: an answer is worth more than the next question. Whether anything was written.
    fn writes(&mut self, wait: Wait, now: Time) -> bool {
        wait.write && self.ready.write && self.wire.is_open() && self.write(now)
    }

    /// Whether anything else moved.
    fn moves(&mut self, wait: Wait, room: &mut Room) -> bool {
        if wait.shut && self.ready.write && self.wire.is_open() {
            return self.shut();
        }
        if self.wire.is_unsent() && self.ready.write {
            let flushed = self.wire.flush();
            self.note_write(&flushed);
        }
        wait.read && self.ready.read && self.read(room)
    }

    fn write(&mut self, now: Time) -> bool {
        let written = self.wire.write(self.drive.output());
        self.note_write(&written);
        match written {
            Ok(n) => self.drive.sent(n as u64, now),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => self.drive.unwritable(),
        }
        true
    }

    fn shut(&mut self) -> bool {
        let shut = self.wire.shut();
        self.note_write(&shut);
        match shut {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return true,
            Err(_) => self.drive.unwritable(),
            Ok(()) => {}
        }
        self.drive.shut();
        true
    }

    fn note_write<T>(&mut self, written: &io::Result<T>) {
        if written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
            self.ready.write = false;
        }
    }

    fn read(&mut self, room: &mut Room) -> bool {
        let got = self.wire.read(&mut room.read, self.drive.input());
        self.take(got)
    }

    /// What a read has brought. Whether it was anything.
    fn take(&mut self, got: io::Result<Got>) -> bool {
        match got {
            // A short read has emptied the socket: asking again would cost a call to hear just that.
            Ok(Got::Bytes(n)) => self.ready.read = n == READ || self.ready.ended,
            Ok(Got::End(end)) => self.lose(end),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.ready.read = false;
                return false;
            }
            Err(error) => {
                tracing::debug!(%error, "lost");
                self.lose(End::Cut);
            }
        }
        true
    }

    fn lose(&mut self, end: End) {
        self.failed = true;
        self.drive.lost(end);
    }

    /// Sends a piece of the file in front. What to do if that was not possible.
    fn fill_gap(&mut self, left: u64, now: Time, room: &mut Room) -> Option<Next> {
        let sent = match self.visit.gap() {
            _ if !self.ready.write => Err(io::ErrorKind::WouldBlock.into()),
            None => Ok(0),
            Some((file, at)) => self.wire.write_file(file, at, left),
        };
        self.note_write(&sent);
        match sent {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return self.attend_meanwhile(room),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // The file is shorter than promised: the client must not take it for whole.
            Ok(0) => self.drive.abandon(),
            Ok(n) => {
                self.visit.gap_filled(n as u64);
                self.drive.sent(n as u64, now);
            }
            Err(_) => self.drive.unwritable(),
        }
        None
    }

    /// There is no room for more of a file: the peer may still say something, or hang up.
    fn attend_meanwhile(&mut self, room: &mut Room) -> Option<Next> {
        let wait = self.drive.meanwhile();
        if wait.read && self.ready.read && self.read(room) {
            return None;
        }
        Some(Next::Wait { read: wait.read, write: true, deadline: wait.deadline })
    }
}

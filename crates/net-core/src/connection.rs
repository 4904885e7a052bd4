//! The driver: an endpoint over a stream.
//!
//! [`proto_core::Drive`] decides, this file moves the bytes. The rules it lives by:
//!
//! - What an endpoint puts out in one turn leaves in one vectored write.
//! - A write never blocks while there is something to read: it is tried, and where there is no room both directions
//!   are waited for. Where there is only reading to do, the read itself waits: a turn costs the two system calls that
//!   it would cost by hand.
//! - The clock is read once per turn and once per wait.
//! - An error is the last word. What explains it to the peer has been sent by then, as far as the peer takes it.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use bytes::BytesMut;
use proto_core::{Drive, DriveLimits, End, Endpoint, Fault, Status, Time, Wait, earliest};

use crate::poll::{Interest, Ready};
use crate::stream::{Failure, Patience, Received, SLICES};
#[cfg(feature = "tls")]
use crate::tls::TlsRole;
use crate::{Clock, Deadline, Shutdown, Socket, Stream, Transport, Waker};

/// How long a TLS handshake may take: a silent client holds no slot for longer.
#[cfg(feature = "tls")]
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long a peer has to be silent before waiting for it also watches for the server's end.
const LULL: Duration = Duration::from_millis(40);

/// Unsent output of an end that asks above which what the peer makes it say is counted, and how much of that is too
/// much.
const UNSENT: usize = 1 << 20;

/// What has come of driving a connection.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<E> {
    /// Something happened.
    Event(E),
    /// Nothing will, until the caller commands something: see [`attend`](Connection::attend) if that takes a while.
    Paused,
    /// Another thread rang.
    Woken,
    /// So many bytes are to be sent from elsewhere: [`send_file`](Connection::send_file), or
    /// [`abandon`](Connection::abandon).
    Gap(u64),
    /// All is sent, and the stream is the caller's: after `Upgrade(Tls)` call
    /// [`upgrade_tls`](Connection::upgrade_tls), after `Switched` [`into_parts`](Connection::into_parts).
    Yours(Status),
    /// Over. The stream closes when the connection is dropped.
    Closed,
}

/// What has come of a [`turn`](Connection::turn), and what the next one waits for.
#[derive(Debug, PartialEq, Eq)]
pub struct Turn<E> {
    /// `None`: nothing yet. Otherwise take another turn once it is dealt with, before waiting.
    pub step: Option<Step<E>>,
    /// Wait for these,
    pub interest: Interest,
    /// and until then.
    pub deadline: Option<Time>,
}

/// Why a connection failed.
#[derive(Debug, thiserror::Error)]
pub enum DriveError<P> {
    /// The peer broke the protocol. It was told, as far as there are words for it.
    #[error(transparent)]
    Protocol(P),
    /// The system refuses, or a file does. What a peer does to the stream is not here: the endpoint judges how it ended.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The caller's own deadline has passed; see [`set_deadline`](Connection::set_deadline).
    #[error("the deadline has passed")]
    Deadline,
    /// Clear text was waiting where TLS was to start (RFC 3207 section 6, CVE-2011-0411).
    #[error("clear text was waiting where TLS was to start")]
    PlaintextBuffered,
    /// The peer made us say more and more, and took none of it. Only at the end that asks: the other one stops
    /// listening instead.
    #[error("the peer does not take what it asks for")]
    OutputLimit,
    /// The peer can't be talked to in TLS, or is not who it should be.
    #[cfg(feature = "tls")]
    #[error("TLS failed: {0}")]
    Tls(#[from] rustls::Error),
}

impl<P> From<Fault<P>> for DriveError<P> {
    fn from(fault: Fault<P>) -> Self {
        match fault {
            Fault::Protocol(error) => DriveError::Protocol(error),
            Fault::PlaintextBuffered => DriveError::PlaintextBuffered,
        }
    }
}

impl<P> From<Failure> for DriveError<P> {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Io(error) => DriveError::Io(error),
            #[cfg(feature = "tls")]
            Failure::Tls(error) => DriveError::Tls(error),
        }
    }
}

/// Where driving stands when nothing more can be done without waiting or without the caller.
enum Stop<E> {
    Step(Step<E>),
    Paused(Wait),
    Wait(Wait),
}

/// An endpoint over a stream, with deadlines and TLS.
///
/// ```
/// # use bytes::{Bytes, BytesMut};
/// # use proto_core::{End, Endpoint, Output, Status, Time};
/// # #[derive(Default)]
/// # struct Lines { output: Output, ended: bool }
/// # impl Endpoint for Lines {
/// #     type Event = Bytes;
/// #     type Error = std::convert::Infallible;
/// #     fn receive(&mut self, input: &mut BytesMut, _: Time) -> Result<Option<Bytes>, Self::Error> {
/// #         let Some(end) = input.iter().position(|&b| b == b'\n') else { return Ok(None) };
/// #         Ok(Some(input.split_to(end + 1).freeze()))
/// #     }
/// #     fn receive_eof(&mut self, input: &mut BytesMut, _: End, now: Time) -> Result<Option<Bytes>, Self::Error> {
/// #         let event = self.receive(input, now)?;
/// #         self.ended = event.is_none();
/// #         Ok(event)
/// #     }
/// #     fn output(&mut self) -> &mut Output { &mut self.output }
/// #     fn deadline(&self) -> Option<Time> { None }
/// #     fn handle_deadline(&mut self, _: Time) -> Result<Option<Bytes>, Self::Error> { Ok(None) }
/// #     fn status(&self) -> Status { if self.ended { Status::Finishing } else { Status::Open } }
/// # }
/// use std::net::{Shutdown, TcpListener, TcpStream};
/// use std::io::{Read, Write};
/// use net_core::{Clock, Connection, Step, Stream};
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let mut client = TcpStream::connect(listener.local_addr()?)?;
/// client.write_all(b"hello\n")?;
/// client.shutdown(Shutdown::Write)?;
///
/// let stream = Stream::new(listener.accept()?.0)?;
/// let mut server = Connection::new(stream, Lines::default(), Clock::new());
/// # let reader = std::thread::spawn(move || { let mut all = String::new(); client.read_to_string(&mut all).map(|_| all) });
/// while let Step::Event(line) = server.next()? {
///     server.endpoint().output.put(&line.to_ascii_uppercase());
/// }
/// # assert_eq!(reader.join().unwrap()?, "HELLO\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Connection<E: Endpoint, T = Socket> {
    pub(crate) drive: Drive<E>,
    pub(crate) stream: Stream<T>,
    clock: Clock,
    /// What the clock said last.
    pub(crate) now: Time,
    pub(crate) limits: DriveLimits,
    /// There was no room for the last write: no use in trying before there is.
    pub(crate) blocked: bool,
    /// Writing has failed.
    pub(crate) deaf: bool,
    /// The incoming side has ended.
    pub(crate) end: Option<End>,
    /// How much was put out by receiving while too much was unsent.
    grown: usize,
    /// What the stream failed with, for those who want to say more than that it did.
    trouble: Option<io::Error>,
    /// Happened while the caller wanted something else.
    pending: Option<E::Event>,
    /// To be returned once the good-bye is said.
    fault: Option<Fault<E::Error>>,
    /// The caller's own deadline.
    pub(crate) limit: Option<Time>,
    /// A handshake is under way.
    #[cfg(feature = "tls")]
    settling: bool,
    /// It must be done by then.
    #[cfg(feature = "tls")]
    handshake: Option<Time>,
    /// The handshake is one that the endpoint asked for.
    #[cfg(feature = "tls")]
    upgrading: bool,
    /// The last turn's interest.
    interest: Interest,
    /// Rung by other threads.
    pub(crate) waker: Option<Waker>,
    /// The news that the server stops, until it was told.
    shutdown: Option<Shutdown>,
    /// A bell has rung.
    pub(crate) woken: bool,
}

impl<E: Endpoint, T: Transport> Connection<E, T> {
    /// An endpoint at the start of a stream, as the end that answers: it stops receiving while 1 MiB of its output is
    /// unsent. For the end that asks there is [`client`](Connection::client).
    pub fn new(stream: Stream<T>, endpoint: E, clock: Clock) -> Self {
        Self::with_limits(stream, endpoint, clock, DriveLimits::server())
    }

    /// An endpoint at the start of a stream, as the end that asks: it always receives, for two ends that both wait for
    /// the other one to take something would wait for ever.
    pub fn client(stream: Stream<T>, endpoint: E, clock: Clock) -> Self {
        Self::with_limits(stream, endpoint, clock, DriveLimits::client())
    }

    /// An endpoint at the start of a stream, with limits of the caller's.
    pub fn with_limits(stream: Stream<T>, endpoint: E, clock: Clock, limits: DriveLimits) -> Self {
        Connection {
            drive: Drive::new(endpoint, limits.clone()),
            #[cfg(feature = "tls")]
            settling: stream.is_handshaking(),
            stream,
            clock,
            now: clock.now(),
            limits,
            blocked: false,
            deaf: false,
            end: None,
            grown: 0,
            trouble: None,
            pending: None,
            fault: None,
            limit: None,
            #[cfg(feature = "tls")]
            handshake: None,
            #[cfg(feature = "tls")]
            upgrading: false,
            interest: Interest::NONE,
            waker: None,
            shutdown: None,
            woken: false,
        }
    }

    /// The endpoint, for commands. Call [`next`](Connection::next), [`turn`](Connection::turn) or
    /// [`flush`](Connection::flush) afterwards: commands only record.
    pub fn endpoint(&mut self) -> &mut E {
        self.drive.endpoint_mut()
    }

    /// The stream below, for its addresses, options and what TLS has agreed on.
    pub fn stream(&self) -> &Stream<T> {
        &self.stream
    }

    /// How the incoming side has ended, if it has: nobody may be there any more.
    pub fn end(&self) -> Option<End> {
        self.end
    }

    /// What the stream failed with, if it did.
    pub fn trouble(&self) -> Option<&io::Error> {
        self.trouble.as_ref()
    }

    /// The session can be put aside, or closed without loss.
    pub fn is_idle(&mut self) -> bool {
        self.pending.is_none() && self.drive.is_idle() && !self.stream.is_unsent()
    }

    /// The caller's own deadline, beside the endpoint's: once it has passed every wait fails with
    /// [`DriveError::Deadline`]. May be moved at any time.
    pub fn set_deadline(&mut self, deadline: Deadline) {
        self.limit = deadline.instant().map(|at| self.clock.time(at));
    }

    /// A bell that other threads ring to make [`next`](Connection::next) return [`Step::Woken`], or
    /// [`attend`](Connection::attend) return. A connection that has one pays a `poll` per wait.
    ///
    /// # Errors
    /// The process is out of descriptors.
    pub fn waker(&mut self) -> io::Result<Waker> {
        let waker = self.waker.take().map_or_else(Waker::new, Ok)?;
        Ok(self.waker.insert(waker).clone())
    }

    /// Makes the server's news that it stops end the wait for a next message, as [`Step::Woken`], once: when there is
    /// nothing to read and the session [is idle](Connection::is_idle), be that now or when it has finished what it is
    /// at. Then say good-bye.
    pub fn heed(&mut self, shutdown: &Shutdown) {
        self.shutdown = Some(shutdown.clone());
    }

    /// A gap can't be filled: the stream is cut off here, for the peer counts.
    pub fn abandon(&mut self) {
        self.drive.abandon();
    }

    /// The stream, the endpoint and what is unread, after `Yours(Switched)` (CONNECT, 101).
    pub fn into_parts(self) -> (Stream<T>, E, BytesMut) {
        let (endpoint, input) = self.drive.into_parts();
        (self.stream, endpoint, input)
    }

    /// Drives on until something happens; blocks while nothing does.
    ///
    /// # Errors
    /// The session is over, and the peer has been told; except for [`DriveError::Deadline`], after which a later
    /// deadline may be set.
    #[expect(clippy::should_implement_trait, reason = "an iterator would hide that errors are final")]
    pub fn next(&mut self) -> Result<Step<E::Event>, DriveError<E::Error>> {
        if let Some(event) = self.pending.take() {
            return Ok(Step::Event(event));
        }
        self.now = self.clock.now();
        loop {
            match self.advance()? {
                Stop::Step(step) => return Ok(step),
                Stop::Paused(_) => return Ok(Step::Paused),
                Stop::Wait(wait) if !self.woken => self.sleep(wait, self.limit)?,
                Stop::Wait(_) => {}
            }
            if std::mem::take(&mut self.woken) {
                return Ok(Step::Woken);
            }
        }
    }

    /// Looks after the peer while the caller is busy, until `until` or until [`next`](Connection::next) has something
    /// to say: sends what is unsent, and reads, so that a hang-up ([`end`](Connection::end)) and urgent commands are
    /// seen. A deadline that has passed makes it one look without waiting.
    ///
    /// # Errors
    /// As [`next`](Connection::next).
    pub fn attend(&mut self, until: Deadline) -> Result<(), DriveError<E::Error>> {
        self.now = self.clock.now();
        let until = until.instant().map(|at| self.clock.time(at));
        let mut looked = false;
        while self.pending.is_none() {
            let wait = match self.advance()? {
                Stop::Step(Step::Event(event)) => {
                    self.pending = Some(event);
                    return Ok(());
                }
                Stop::Step(_) => return Ok(()),
                Stop::Paused(wait) | Stop::Wait(wait) => wait,
            };
            let late = until.is_some_and(|at| at <= self.now);
            if self.woken || (late && looked) || (self.end.is_some() && !wait.write) {
                return Ok(());
            }
            looked = true;
            self.sleep(wait, earliest(self.limit, until.map(|at| at.max(self.now))))?;
        }
        Ok(())
    }

    /// A turn without waiting, for loops that wait for many things at once by readiness (level-triggered, as `poll` is):
    /// `ready` is what the last turn's interest has come to, nothing at first. Call it again after each step, and when
    /// the interest is met or the deadline due.
    ///
    /// # Errors
    /// As [`next`](Connection::next).
    pub fn turn(&mut self, ready: Ready) -> Result<Turn<E::Event>, DriveError<E::Error>> {
        self.now = self.clock.now();
        self.note_room(ready);
        if ready.read && self.interest.read && self.end.is_none() {
            self.receive(Patience::None)?;
        }
        if let Some(event) = self.pending.take() {
            return Ok(self.outcome(Some(Step::Event(event)), Wait::default()));
        }
        if self.limit.is_some_and(|at| at <= self.now) {
            return Err(DriveError::Deadline);
        }
        Ok(match self.advance()? {
            Stop::Step(Step::Gap(n)) => {
                let wait = self.meanwhile();
                self.outcome(Some(Step::Gap(n)), wait)
            }
            Stop::Step(step) => self.outcome(Some(step), Wait::default()),
            Stop::Paused(wait) => self.outcome(Some(Step::Paused), wait),
            Stop::Wait(wait) => self.outcome(None, wait),
        })
    }

    fn outcome(&mut self, step: Option<Step<E::Event>>, wait: Wait) -> Turn<E::Event> {
        self.interest = self.interest_of(wait);
        Turn { step, interest: self.interest, deadline: earliest(wait.deadline, self.limit) }
    }

    /// Sends what is unsent, up to a gap; blocks while there is no room, and reads meanwhile, up to the input's limit.
    /// Returns early if the session wants attention: the input is full, or a deadline is due. Then
    /// [`next`](Connection::next) goes on.
    ///
    /// # Errors
    /// As [`next`](Connection::next).
    pub fn flush(&mut self) -> Result<(), DriveError<E::Error>> {
        self.now = self.clock.now();
        while self.push()? && self.await_room()? {}
        Ok(())
    }

    /// Sends what fits, up to a gap; `true` if something is left for when there is room.
    pub(crate) fn push(&mut self) -> Result<bool, DriveError<E::Error>> {
        if !self.settle()? {
            return Ok(true);
        }
        while self.has_memory() && !self.blocked {
            self.write_out();
        }
        if !self.blocked {
            self.flush_below();
        }
        Ok(self.has_memory() || self.stream.is_unsent())
    }

    /// There is something to write, and somebody to take it.
    fn has_memory(&mut self) -> bool {
        let output = self.drive.output();
        !output.is_empty() && output.gap() == 0 && !self.deaf
    }

    /// Lets leave what the layer below holds back.
    fn flush_below(&mut self) {
        if let Err(error) = self.stream.flush_below() {
            self.write_failed(error);
        }
    }

    /// Waits for room and reads meanwhile, if there is place for it; `false` if the session wants attention.
    pub(crate) fn await_room(&mut self) -> Result<bool, DriveError<E::Error>> {
        let wait = self.meanwhile();
        if wait.deadline.is_some_and(|at| at <= self.now) {
            return Ok(false);
        }
        self.sleep(wait, self.limit)?;
        Ok(!self.woken && (wait.read || self.end.is_some()))
    }

    /// What a write that found no room waits for.
    pub(crate) fn meanwhile(&mut self) -> Wait {
        let wait = self.drive.meanwhile();
        let read = wait.read && self.end.is_none() && self.drive.input().len() < self.limits.input;
        Wait { read, ..wait }
    }

    /// Goes on until there is something to tell or to wait for.
    fn advance(&mut self) -> Result<Stop<E::Event>, DriveError<E::Error>> {
        loop {
            if !self.settle()? {
                return Ok(Stop::Wait(self.handshake_wait()));
            }
            let unsent = self.unsent_at_client();
            let turn = self.drive.poll(self.now);
            self.watch_growth(unsent)?;
            let (wait, paused) = match turn {
                Ok(proto_core::Turn::Event(event)) => return Ok(Stop::Step(Step::Event(event))),
                Ok(proto_core::Turn::Gap(n)) => return Ok(Stop::Step(Step::Gap(n))),
                Ok(proto_core::Turn::Yours(status)) => return self.hand_over(status),
                Ok(proto_core::Turn::Closed) => return self.close(),
                Ok(proto_core::Turn::Wait(wait)) => (wait, false),
                Ok(proto_core::Turn::Paused(wait)) => (wait, true),
                Err(fault) => {
                    self.fault = Some(fault);
                    continue;
                }
            };
            if wait.write && !self.blocked && self.write_out() {
                match self.drive.only_input(wait) {
                    Some(wait) if !paused => return Ok(Stop::Wait(wait)),
                    _ => continue,
                }
            }
            if wait.shut && self.shut() {
                continue;
            }
            return Ok(if paused { Stop::Paused(wait) } else { Stop::Wait(wait) });
        }
    }

    /// How much is unsent, if that is watched: more than the cap, at an end that receives all the same.
    fn unsent_at_client(&mut self) -> Option<usize> {
        if self.limits.output.is_some() {
            return None;
        }
        Some(self.drive.output().len()).filter(|&len| len > UNSENT)
    }

    /// Receiving has put out more, though nobody takes it.
    fn watch_growth(&mut self, before: Option<usize>) -> Result<(), DriveError<E::Error>> {
        let Some(before) = before else {
            self.grown = 0;
            return Ok(());
        };
        self.grown = self.grown.saturating_add(self.drive.output().len().saturating_sub(before));
        if self.grown > UNSENT {
            self.drive.abandon();
            return Err(DriveError::OutputLimit);
        }
        Ok(())
    }

    /// All is in the stream; with TLS it may not have left it.
    fn hand_over(&mut self, status: Status) -> Result<Stop<E::Event>, DriveError<E::Error>> {
        let deadline = self.drive.endpoint().deadline();
        Ok(match self.stream.flush_below() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Stop::Wait(Wait { read: false, write: true, shut: false, deadline })
            }
            _ => Stop::Step(Step::Yours(status)),
        })
    }

    fn close(&mut self) -> Result<Stop<E::Event>, DriveError<E::Error>> {
        self.stream.say_closed();
        match self.fault.take() {
            Some(fault) => Err(fault.into()),
            None => Ok(Stop::Step(Step::Closed)),
        }
    }

    /// Half-closes; `false` if something must leave first.
    fn shut(&mut self) -> bool {
        match self.stream.try_shut() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
            // whatever else it says, nothing more goes out
            _ => self.drive.shut(),
        }
        true
    }

    /// One vectored write; `false` if nothing has changed.
    pub(crate) fn write_out(&mut self) -> bool {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let output = self.drive.output();
        let filled = output.io_slices(&mut slices);
        let slices = slices.get(..filled).unwrap_or_default();
        let offered: usize = slices.iter().map(|slice| slice.len()).sum();
        match self.stream.send(slices) {
            Ok(n) => {
                self.blocked = n < offered;
                self.drive.sent(n as u64, self.now);
                true
            }
            Err(error) => self.write_failed(error),
        }
    }

    /// Takes note of a failed write; `false` if it only found no room.
    pub(crate) fn write_failed(&mut self, error: io::Error) -> bool {
        if error.kind() == io::ErrorKind::WouldBlock {
            self.blocked = true;
            return false;
        }
        self.trouble.get_or_insert(error);
        self.deaf = true;
        self.drive.unwritable();
        true
    }

    /// Appends what comes in to the input.
    pub(crate) fn receive(&mut self, patience: Patience) -> Result<(), DriveError<E::Error>> {
        match self.stream.receive(patience, self.drive.input()) {
            Ok(Received::Bytes | Received::Nothing) => Ok(()),
            Ok(Received::End(end)) => {
                self.lose(end);
                Ok(())
            }
            Err(Failure::Io(error)) => {
                self.read_failed(error);
                Ok(())
            }
            #[cfg(feature = "tls")]
            Err(failure) => {
                self.drive.abandon();
                Err(failure.into())
            }
        }
    }

    pub(crate) fn read_failed(&mut self, error: io::Error) {
        self.trouble.get_or_insert(error);
        self.lose(End::Cut);
    }

    /// How long a wait may be: until the endpoint's deadline or the caller's.
    pub(crate) fn patience(&self, deadline: Option<Time>) -> Patience {
        match deadline {
            None => Patience::Forever,
            Some(at) if at <= self.now => Patience::None,
            Some(at) => Patience::For(at - self.now),
        }
    }

    /// Looks at the clock.
    pub(crate) fn tick(&mut self) {
        self.now = self.clock.now();
    }

    pub(crate) fn lose(&mut self, end: End) {
        self.end = Some(end);
        self.drive.lost(end);
    }

    /// Waits for what `wait` names, until its deadline or `limit`, and reads what there is to read.
    pub(crate) fn sleep(&mut self, wait: Wait, limit: Option<Time>) -> Result<(), DriveError<E::Error>> {
        if self.limit.is_some_and(|at| at <= self.now) {
            return Err(DriveError::Deadline);
        }
        let interest = self.interest_of(wait);
        let patience = self.patience(earliest(wait.deadline, limit));
        if interest != Interest::READ || self.waker.is_some() {
            self.watch(interest, patience)?;
        } else if self.shutdown.is_none() || !self.is_idle() {
            self.receive(patience)?;
        } else {
            self.receive_or_heed(patience)?;
        }
        self.tick();
        Ok(())
    }

    /// Waits for both directions and for the bells. Input comes before the bells.
    fn watch(&mut self, interest: Interest, patience: Patience) -> Result<(), DriveError<E::Error>> {
        let idle = self.shutdown.is_some() && self.is_idle();
        let waker = self.waker.as_ref().map(AsFd::as_fd);
        let shutdown = self.shutdown.as_ref().filter(|_| idle).map(AsFd::as_fd);
        let ready = match (waker, shutdown) {
            (Some(waker), Some(shutdown)) => self.stream.wait(interest, patience, &[waker, shutdown])?,
            (Some(bell), None) | (None, Some(bell)) => self.stream.wait(interest, patience, &[bell])?,
            (None, None) => self.stream.wait(interest, patience, &[])?,
        };
        self.note_room(ready);
        if ready.read && interest.read {
            return self.receive(Patience::None);
        }
        if !ready.any() {
            self.woken = self.hear_bells(idle);
        }
        Ok(())
    }

    fn note_room(&mut self, ready: Ready) {
        if ready.write {
            self.blocked = false;
            self.flush_below();
        }
    }

    /// Silences what rings; whether anything did.
    fn hear_bells(&mut self, idle: bool) -> bool {
        let rung = self.waker.as_ref().is_some_and(Waker::clear);
        let stopping = self.shutdown.take_if(|shutdown| idle && shutdown.is_stopping()).is_some();
        if stopping {
            self.drive.leave_quietly();
        }
        stopping || rung
    }

    /// Reads, and heeds the news that the server stops. A peer that answers at once costs no `poll`: only after a lull
    /// is the bell waited for, too.
    fn receive_or_heed(&mut self, patience: Patience) -> Result<(), DriveError<E::Error>> {
        let before = self.drive.input().len();
        let stopping = self.shutdown.as_ref().is_some_and(Shutdown::is_stopping);
        self.receive(if stopping { Patience::None } else { patience.at_most(LULL) })?;
        if self.drive.input().len() > before || self.end.is_some() {
            return Ok(());
        }
        self.watch(Interest::READ, if stopping { Patience::None } else { patience })
    }

    /// The stream may have to write in order to read, and to read in order to write.
    fn interest_of(&self, wait: Wait) -> Interest {
        let unsent = self.stream.is_unsent();
        #[cfg(feature = "tls")]
        if self.stream.is_handshaking() {
            return Interest { read: true, write: unsent };
        }
        Interest { read: wait.read, write: wait.write || unsent }
    }
}

/// For a set of things to wait for.
impl<E: Endpoint, T: AsFd> AsFd for Connection<E, T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

#[cfg(feature = "tls")]
impl<E: Endpoint, T: Transport> Connection<E, T> {
    /// Puts TLS in place, as the endpoint asked for by `Yours(Upgrade(Tls))`. The handshake is a matter of the next
    /// calls; it may take 10 s, and nothing is sent or received in the clear from here on.
    ///
    /// # Errors
    /// [`PlaintextBuffered`](DriveError::PlaintextBuffered) if any input is left: it came before TLS and would be taken
    /// for protected (RFC 3207 section 6). rustls may refuse the configuration.
    pub fn upgrade_tls(&mut self, tls: TlsRole) -> Result<(), DriveError<E::Error>> {
        if !self.drive.input().is_empty() {
            self.drive.abandon();
            return Err(DriveError::PlaintextBuffered);
        }
        self.stream.start_tls(tls)?;
        (self.upgrading, self.settling) = (true, true);
        Ok(())
    }

    /// A step of the handshake, if one is under way; `true` once none is.
    fn settle(&mut self) -> Result<bool, DriveError<E::Error>> {
        if !self.settling {
            return Ok(true);
        }
        let until = *self.handshake.get_or_insert(self.now + HANDSHAKE);
        let flushed = self.stream.flush_below();
        if let Err(error) = flushed
            && error.kind() != io::ErrorKind::WouldBlock
        {
            self.drive.abandon();
            return Err(error.into());
        }
        if self.stream.is_handshaking() {
            return self.judge_handshake(until).map(|()| false);
        }
        (self.handshake, self.settling) = (None, false);
        if std::mem::take(&mut self.upgrading) {
            self.drive.upgraded(self.now);
        }
        Ok(true)
    }

    /// It goes on, unless the peer has gone or the time is over.
    fn judge_handshake(&mut self, until: Time) -> Result<(), DriveError<E::Error>> {
        if self.end.is_some() {
            self.drive.abandon();
            let gone =
                io::Error::new(io::ErrorKind::UnexpectedEof, "the peer hung up during the TLS handshake");
            return Err(self.trouble.take().unwrap_or(gone).into());
        }
        if until <= self.now {
            self.drive.abandon();
            let late = io::Error::new(io::ErrorKind::TimedOut, "the TLS handshake took too long");
            return Err(late.into());
        }
        Ok(())
    }

    fn handshake_wait(&self) -> Wait {
        Wait { read: true, write: self.stream.is_unsent(), shut: false, deadline: self.handshake }
    }
}

#[cfg(not(feature = "tls"))]
impl<E: Endpoint, T: Transport> Connection<E, T> {
    /// Nothing to settle without TLS.
    fn settle(&mut self) -> Result<bool, DriveError<E::Error>> {
        Ok(true)
    }

    fn handshake_wait(&self) -> Wait {
        Wait::default()
    }
}

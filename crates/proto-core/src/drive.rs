//! The rules of driving an endpoint, once, without I/O.
//!
//! Blocking sockets, mio, tokio and the simulator all run this core: they move bytes and sleep, it decides. A driver's
//! loop is
//!
//! 1. [`Drive::poll`]: hand the event to the caller and poll again, until it says wait;
//! 2. do what [`Wait`] names: write the output (then [`Drive::sent`]), half-close (then [`Drive::shut`]), read into
//!    [`Drive::input`] (or [`Drive::lost`] at the end), sleep until the deadline;
//! 3. again from 1.

use core::time::Duration;

use bytes::BytesMut;

use crate::{End, Endpoint, Layer, Output, Status, Time, limits};

/// What can grow in a driver, and how long a good-bye may take.
#[derive(Clone, Debug)]
pub struct DriveLimits {
    /// How many bytes a paused endpoint may leave unread before the driver stops reading. 64 KiB: a window's worth.
    pub input: usize,
    /// Unsent output in memory above which nothing more is received; for the end that answers (a server). `None` for the
    /// end that asks, for two capped ends dead-lock. 1 MiB.
    pub output: Option<usize>,
    /// How many bytes are read and dropped while a good-bye is on its way. 256 KiB: a peer that was sending a small body
    /// gets to the end of it and reads our answer.
    pub linger_bytes: u64,
    /// How long a good-bye may take from its last progress. 5 s: two lost packets and their retransmission.
    pub linger_time: Duration,
}

impl DriveLimits {
    /// For the end that asks: unsent output never stops it from receiving, and it does not wait for a peer that broke
    /// the protocol to hang up.
    #[must_use]
    pub fn client() -> Self {
        DriveLimits { output: None, ..Self::server() }
    }

    /// For the end that answers: it stops receiving while 1 MiB of its answers is unsent.
    #[must_use]
    pub fn server() -> Self {
        DriveLimits {
            input: 64 << 10,
            output: Some(limits::OUTPUT),
            linger_bytes: 256 << 10,
            linger_time: Duration::from_secs(5),
        }
    }
}

/// What whoever owns the socket waits for, all of it at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Wait {
    /// Bytes to read, or the stream's end.
    pub read: bool,
    /// Room to write: [`Drive::output`] has something.
    pub write: bool,
    /// Half-close the stream now and report it with [`Drive::shut`].
    pub shut: bool,
    /// Poll again at this time, whatever happened; `None`: no clock is needed.
    pub deadline: Option<Time>,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn<E> {
    /// Something happened. Poll again afterwards.
    Event(E),
    /// Wait for these, then poll again.
    Wait(Wait),
    /// It is the caller's turn to command. Meanwhile these may be attended to, so that a hang-up is seen and what is
    /// written leaves.
    Paused(Wait),
    /// The caller moves this many bytes into the stream from elsewhere and reports them with [`Drive::sent`].
    Gap(u64),
    /// Flushed. `Upgrade`: put the layer in place, then [`Drive::upgraded`]. `Switched`: stream and unread input are
    /// the caller's ([`Drive::into_parts`]).
    Yours(Status),
    /// Over: close the stream.
    Closed,
}

/// Why a session failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault<P> {
    /// The peer broke the protocol. What explains it to the peer is still sent: poll on.
    Protocol(P),
    /// Clear text was waiting behind the command that starts TLS (RFC 3207 section 6 and CVE-2011-0411): it would have
    /// been taken for protected. The session is over.
    PlaintextBuffered,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The endpoint talks.
    Running,
    /// Flush, half-close, linger. `until` moves with every byte that leaves.
    Finishing {
        until: Time,
        shut: bool,
    },
    Closed,
}

/// The driver's core: an endpoint with its unread input, and what is known of the stream.
#[derive(Debug)]
pub struct Drive<E> {
    endpoint: E,
    input: BytesMut,
    limits: DriveLimits,
    phase: Phase,
    /// The incoming side has ended.
    end: Option<End>,
    /// `receive_eof` has said all it had to say.
    drained: bool,
    /// Writing failed: what is put out from now on has nowhere to go.
    deaf: bool,
    /// How much more is read and dropped while finishing.
    linger: u64,
    /// How much had been sent when the session was idle and was told to leave.
    quiet: Option<u64>,
}

impl<E: Endpoint> Drive<E> {
    /// A driver's core for `endpoint` at the start of a stream.
    pub fn new(endpoint: E, limits: DriveLimits) -> Self {
        let linger = limits.linger_bytes;
        let input = BytesMut::new();
        let phase = Phase::Running;
        Drive { endpoint, input, limits, phase, end: None, drained: false, deaf: false, linger, quiet: None }
    }

    /// The endpoint, for looking at.
    pub fn endpoint(&self) -> &E {
        &self.endpoint
    }

    /// The endpoint, for commands. Poll after each, also with nothing new.
    pub fn endpoint_mut(&mut self) -> &mut E {
        &mut self.endpoint
    }

    /// What was read and not yet taken. The driver appends to it, and only that.
    pub fn input(&mut self) -> &mut BytesMut {
        &mut self.input
    }

    /// What is to be written. Report what left with [`sent`](Drive::sent).
    pub fn output(&mut self) -> &mut Output {
        self.endpoint.output()
    }

    /// What to attend to while a gap is being filled: a peer that answers early must be read, or both ends wait for each
    /// other, and deadlines pass meanwhile. Poll when one of these is met.
    pub fn meanwhile(&mut self) -> Wait {
        match self.phase {
            Phase::Running => {
                let read = self.endpoint.status() != Status::Paused || self.input.len() < self.limits.input;
                let read = read && !self.is_choked() && self.may_receive();
                Wait { write: true, ..self.wait(read) }
            }
            Phase::Finishing { until, .. } => {
                Wait { read: !self.heard_out(), write: true, shut: false, deadline: Some(until) }
            }
            Phase::Closed => Wait::default(),
        }
    }

    /// `n` bytes of the output, or of the gap in front, have left.
    pub fn sent(&mut self, n: u64, now: Time) {
        self.endpoint.sent(n, now);
        if n > 0
            && let Phase::Finishing { until, .. } = &mut self.phase
        {
            *until = now + self.limits.linger_time;
        }
    }

    /// What is left of `wait` once all that was to be written has been: to wait for input, which is most often so and saves
    /// a poll. `None`: poll.
    pub fn only_input(&mut self, wait: Wait) -> Option<Wait> {
        let talking = self.phase == Phase::Running && self.endpoint.status() == Status::Open;
        let quiet = talking && wait.read && self.end.is_none() && self.endpoint.output().is_empty();
        quiet.then(|| Wait { read: true, write: false, shut: false, deadline: self.endpoint.deadline() })
    }

    /// The outgoing side was half-closed, as [`Wait::shut`] asked.
    pub fn shut(&mut self) {
        if let Phase::Finishing { shut, .. } = &mut self.phase {
            *shut = true;
        }
    }

    /// The incoming stream has ended. Reported once; the first word counts.
    pub fn lost(&mut self, end: End) {
        self.end.get_or_insert(end);
    }

    /// A write failed: nothing can leave any more. What has come in is still read, for it may say why.
    pub fn unwritable(&mut self) {
        self.deaf = true;
    }

    /// A gap can't be filled (the file is shorter than promised): the stream is cut off here, for the peer counts.
    pub fn abandon(&mut self) {
        self.phase = Phase::Closed;
    }

    /// The layer asked for is in place.
    pub fn upgraded(&mut self, now: Time) {
        self.endpoint.upgraded(now);
    }

    /// The session can be put aside, or closed without loss: nothing is under way, unread or unsent.
    pub fn is_idle(&mut self) -> bool {
        self.endpoint.is_idle() && self.input.is_empty() && self.endpoint.output().is_empty()
    }

    /// Whoever stops a server says so before the endpoint is told to leave: if the session [is idle](Drive::is_idle) now and
    /// ends without another word, there is no last reply that closing could destroy, and the good-bye does not linger.
    pub fn leave_quietly(&mut self) {
        self.quiet = self.is_idle().then(|| self.endpoint.output().sent());
    }

    /// The endpoint and what is unread.
    pub fn into_parts(self) -> (E, BytesMut) {
        (self.endpoint, self.input)
    }

    /// How many bytes of payload the caller may take off the front of [`input`](Drive::input), and then out of the
    /// stream, by itself; each such move is reported with [`payload_received`](Drive::payload_received).
    pub fn payload(&self) -> u64 {
        match self.phase {
            Phase::Running => self.endpoint.payload(),
            _ => 0,
        }
    }

    /// `n` bytes of payload were moved by the caller.
    pub fn payload_received(&mut self, n: u64, now: Time) {
        self.endpoint.payload_received(n, now);
    }

    /// What to do next. Never blocks, never loops without progress.
    ///
    /// # Errors
    /// The peer's first fatal fault, once. Poll on: what explains it to the peer is flushed, then [`Turn::Closed`].
    pub fn poll(&mut self, now: Time) -> Result<Turn<E::Event>, Fault<E::Error>> {
        if self.phase == Phase::Running {
            match self.run(now) {
                Ok(Some(turn)) => return Ok(turn),
                Ok(None) => {}
                Err(fault) => {
                    if self.limits.output.is_none() {
                        // who asked has no reply that must arrive, and wants to know now rather than after a good-bye
                        self.linger = 0;
                    }
                    self.finish(now);
                    return Err(fault);
                }
            }
        }
        Ok(self.say_good_bye(now))
    }

    /// A turn of a running endpoint; `None` once it is finishing or closed.
    fn run(&mut self, now: Time) -> Result<Option<Turn<E::Event>>, Fault<E::Error>> {
        if self.endpoint.deadline().is_some_and(|at| at <= now)
            && let Some(event) = self.endpoint.handle_deadline(now).map_err(Fault::Protocol)?
        {
            return Ok(Some(Turn::Event(event)));
        }
        let choked = self.is_choked();
        if !choked
            && self.may_receive()
            && let Some(event) = self.receive(now).map_err(Fault::Protocol)?
        {
            return Ok(Some(Turn::Event(event)));
        }
        if self.deaf {
            self.endpoint.output().clear();
        }
        let status = self.endpoint.status();
        let gap = self.endpoint.output().gap();
        Ok(match status {
            Status::Finishing => {
                self.finish(now);
                None
            }
            Status::Closed => {
                self.phase = Phase::Closed;
                None
            }
            _ if self.is_over(status) => {
                self.finish(now);
                None
            }
            _ if gap > 0 => Some(Turn::Gap(gap)),
            Status::Upgrade(_) | Status::Switched => Some(self.hand_over(status)?),
            Status::Open => Some(Turn::Wait(self.wait(!choked))),
            Status::Paused => Some(Turn::Paused(self.wait(self.input.len() < self.limits.input))),
        })
    }

    /// Too much output is unsent for more to be received. An endpoint that is leaving adds no more.
    fn is_choked(&mut self) -> bool {
        let full = self.limits.output.is_some_and(|cap| self.endpoint.output().len() > cap);
        full && !self.deaf && !matches!(self.endpoint.status(), Status::Finishing | Status::Closed)
    }

    /// While a layer changes nothing is received; nor after the end was told.
    fn may_receive(&self) -> bool {
        let handing_over = matches!(self.endpoint.status(), Status::Upgrade(_) | Status::Switched);
        !handing_over && !self.drained
    }

    fn receive(&mut self, now: Time) -> Result<Option<E::Event>, E::Error> {
        let Some(end) = self.end else { return self.endpoint.receive(&mut self.input, now) };
        let event = self.endpoint.receive_eof(&mut self.input, end, now)?;
        // A paused endpoint may have more to say once the caller has acted.
        self.drained = event.is_none() && self.endpoint.status() != Status::Paused;
        Ok(event)
    }

    /// Nothing can come in any more, and nothing is on its way out: an endpoint that still waits, waits in vain.
    fn is_over(&mut self, status: Status) -> bool {
        match status {
            Status::Open => self.drained && self.endpoint.output().is_empty(),
            // What came before the end may be compressed and still to be read; a handshake has nobody to talk to.
            Status::Upgrade(Layer::Deflate) => self.deaf || self.end == Some(End::Cut),
            Status::Upgrade(_) => self.deaf || self.end.is_some(),
            _ => self.deaf && self.end == Some(End::Cut),
        }
    }

    fn hand_over(&mut self, status: Status) -> Result<Turn<E::Event>, Fault<E::Error>> {
        if status == Status::Upgrade(Layer::Tls) && !self.input.is_empty() {
            return Err(Fault::PlaintextBuffered);
        }
        if self.endpoint.output().is_empty() {
            return Ok(Turn::Yours(status));
        }
        let wait = self.wait(false);
        Ok(Turn::Wait(wait))
    }

    fn wait(&mut self, read: bool) -> Wait {
        Wait {
            read: read && self.end.is_none(),
            write: !self.endpoint.output().is_empty(),
            shut: false,
            deadline: self.endpoint.deadline(),
        }
    }

    fn finish(&mut self, now: Time) {
        let output = self.endpoint.output();
        if output.is_empty() && self.quiet == Some(output.sent()) {
            self.linger = 0;
        }
        self.phase = Phase::Finishing { until: now + self.limits.linger_time, shut: false };
    }

    /// Flush, half-close, read and drop. Closing at once would reset the connection and destroy the last reply.
    fn say_good_bye(&mut self, now: Time) -> Turn<E::Event> {
        let Phase::Finishing { until, shut } = self.phase else { return Turn::Closed };
        self.drop_input();
        let heard_out = self.heard_out();
        let output = self.endpoint.output();
        let unsent = !output.is_empty() && !self.deaf;
        let cut = self.end == Some(End::Cut) && self.deaf;
        if until <= now || cut || (!unsent && (shut || self.deaf) && heard_out) {
            self.phase = Phase::Closed;
            return Turn::Closed;
        }
        if unsent && output.gap() > 0 {
            return Turn::Gap(output.gap());
        }
        Turn::Wait(Wait { read: !heard_out, write: unsent, shut: !unsent && !shut, deadline: Some(until) })
    }

    /// Nothing more is read of a peer that is being left.
    fn heard_out(&self) -> bool {
        self.end.is_some() || self.linger == 0
    }

    fn drop_input(&mut self) {
        self.linger = self.linger.saturating_sub(self.input.len() as u64);
        self.input.clear();
    }
}

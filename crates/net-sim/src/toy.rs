//! A toy protocol that has every turn a real one takes: lines, replies, payload, a pause, STARTTLS, a good-bye, a
//! deadline. For tests of whatever drives endpoints: if a driver is right for this one, it keeps the contract.
//!
//! One endpoint, [`Talk`], plays both ends:
//!
//! | line | what it does |
//! |---|---|
//! | `PUT n` | the next n bytes are payload |
//! | `STARTTLS` | asks the other end for TLS |
//! | `GO` | is the answer to that: the next byte belongs to TLS |
//! | `BYE` | ends the conversation |
//! | any other | is told, and no more |

use core::time::Duration;

use bytes::{Bytes, BytesMut};
use proto_core::{End, Endpoint, Layer, Output, Status, Time};

/// What a [`Talk`] heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A line, without its end.
    Line(Bytes),
    /// A run of a payload that `receive` was given.
    Run(Bytes),
    /// The peer has nothing more to say.
    Ended(End),
    /// Nothing came, and nothing was sent, for as long as it is [patient](Talk::patient_for).
    Late,
    /// TLS was asked for.
    StartTls,
    /// TLS stands.
    Secured,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a line is too long, holds a NUL, or puts what is no number")]
pub struct BadLine;

/// The longest line, in bytes.
const LINE: usize = 1 << 20;

/// See the top of the [module](self).
#[derive(Debug)]
pub struct Talk {
    /// What it has to say.
    pub output: Output,
    /// Pauses after each line until it [`say`](Talk::say)s one.
    pub pauses: bool,
    /// Bytes of payload still to come.
    pub payload: u64,
    /// How long it waits for something to happen.
    pub idle: Option<Duration>,
    /// How much is put out for each line, unasked.
    pub echoes: usize,
    /// Ends its side when the other one does.
    pub polite: bool,
    /// Where it stands.
    pub status: Status,
    secured: bool,
    starting: bool,
    deadline: Option<Time>,
    told_end: bool,
    scanned: usize,
    poisoned: bool,
}

impl Talk {
    /// At the start of a stream: in no hurry, and polite.
    #[must_use]
    pub fn new() -> Self {
        Talk {
            output: Output::new(),
            pauses: false,
            payload: 0,
            idle: None,
            echoes: 0,
            polite: true,
            status: Status::Open,
            secured: false,
            starting: false,
            deadline: None,
            told_end: false,
            scanned: 0,
            poisoned: false,
        }
    }

    /// One that pauses after each line.
    #[must_use]
    pub fn pausing() -> Self {
        Talk { pauses: true, ..Talk::new() }
    }

    /// One that puts out so many bytes for each line.
    #[must_use]
    pub fn echoing(echoes: usize) -> Self {
        Talk { echoes, ..Talk::new() }
    }

    /// One that is [`Late`](Event::Late) after so long.
    #[must_use]
    pub fn patient_for(idle: Duration) -> Self {
        Talk { idle: Some(idle), ..Talk::new() }
    }

    /// Says a line, and takes the next one if it was waiting to.
    pub fn say(&mut self, line: &[u8]) {
        self.output.put(line);
        self.output.put(b"\n");
        if self.status == Status::Paused {
            self.status = Status::Open;
        }
    }

    /// Ends the conversation, once that is sent.
    pub fn say_bye(&mut self) {
        self.output.put(b"BYE\n");
        self.status = Status::Finishing;
    }

    /// Ends it at once.
    pub fn close(&mut self) {
        self.status = Status::Closed;
    }

    /// Agrees to TLS: said in the next `receive`, where the input is seen.
    pub fn start_tls(&mut self) {
        self.starting = true;
    }

    /// Asks the other end for TLS.
    pub fn ask_for_tls(&mut self) {
        self.output.put(b"STARTTLS\n");
    }

    fn take_line(&mut self, input: &mut BytesMut) -> Result<Option<Bytes>, BadLine> {
        let fresh = input.get(self.scanned..).unwrap_or_default();
        let Some(at) = fresh.iter().position(|&b| b == b'\n') else {
            self.scanned = input.len();
            return if self.scanned > LINE { Err(BadLine) } else { Ok(None) };
        };
        let end = self.scanned + at;
        self.scanned = 0;
        let mut line = input.split_to(end + 1);
        line.truncate(end);
        if line.contains(&0) {
            self.output.put(b"BAD\n");
            return Err(BadLine);
        }
        Ok(Some(line.freeze()))
    }

    fn obey(&mut self, line: Bytes) -> Result<Event, BadLine> {
        match &*line {
            [b'P', b'U', b'T', b' ', n @ ..] => self.payload = number(n)?,
            b"STARTTLS" => return Ok(Event::StartTls),
            b"GO" => self.status = Status::Upgrade(Layer::Tls),
            b"BYE" => self.status = Status::Closed,
            _ if self.pauses => self.status = Status::Paused,
            _ => {}
        }
        Ok(Event::Line(line))
    }
}

fn number(digits: &[u8]) -> Result<u64, BadLine> {
    core::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).ok_or(BadLine)
}

impl Default for Talk {
    fn default() -> Self {
        Talk::new()
    }
}

impl Endpoint for Talk {
    type Event = Event;
    type Error = BadLine;

    fn receive(&mut self, input: &mut BytesMut, now: Time) -> Result<Option<Event>, BadLine> {
        if self.poisoned {
            return Err(BadLine);
        }
        if self.starting {
            self.starting = false;
            self.output.put(b"GO\n");
            self.status = Status::Upgrade(Layer::Tls);
            return Ok(None);
        }
        if core::mem::take(&mut self.secured) {
            return Ok(Some(Event::Secured));
        }
        if self.deadline.is_none() {
            self.deadline = self.idle.map(|idle| now + idle);
        }
        if self.status != Status::Open {
            return Ok(None);
        }
        if self.payload > 0 {
            if input.is_empty() {
                return Ok(None);
            }
            let n = usize::try_from(self.payload).unwrap_or(usize::MAX).min(input.len());
            self.payload -= n as u64;
            return Ok(Some(Event::Run(input.split_to(n).freeze())));
        }
        let line = self.take_line(input).inspect_err(|_| self.poisoned = true)?;
        let Some(line) = line else { return Ok(None) };
        self.deadline = self.idle.map(|idle| now + idle);
        self.output.put(&vec![b'e'; self.echoes]);
        self.obey(line).inspect_err(|_| self.poisoned = true).map(Some)
    }

    fn receive_eof(&mut self, input: &mut BytesMut, end: End, now: Time) -> Result<Option<Event>, BadLine> {
        if let Some(event) = self.receive(input, now)? {
            return Ok(Some(event));
        }
        if self.told_end || self.status == Status::Paused {
            return Ok(None);
        }
        self.told_end = true;
        if self.polite {
            self.status = Status::Finishing;
        }
        Ok(Some(Event::Ended(end)))
    }

    fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    fn sent(&mut self, n: u64, now: Time) {
        self.output.advance(n);
        self.deadline = self.idle.map(|idle| now + idle);
    }

    fn deadline(&self) -> Option<Time> {
        self.deadline
    }

    fn handle_deadline(&mut self, now: Time) -> Result<Option<Event>, BadLine> {
        self.deadline = self.idle.map(|idle| now + idle);
        Ok(Some(Event::Late))
    }

    fn payload(&self) -> u64 {
        self.payload
    }

    fn payload_received(&mut self, n: u64, _now: Time) {
        self.payload -= n;
    }

    fn upgraded(&mut self, _now: Time) {
        self.status = Status::Open;
        self.secured = true;
    }

    fn is_idle(&self) -> bool {
        self.status == Status::Open && self.payload == 0 && self.scanned == 0
    }

    fn status(&self) -> Status {
        self.status
    }
}

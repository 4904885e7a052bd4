//! A toy protocol that has every turn a real one takes: lines, replies, payload, a pause, STARTTLS, a good-bye, a
//! deadline. One endpoint plays both ends.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use proto_core::{End, Endpoint, Layer, Output, Status, Time};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Line(Bytes),
    /// A run of a payload, by way of `receive`.
    Run(Bytes),
    Ended(End),
    Late,
    StartTls,
    Secured,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a line is too long, or holds a NUL")]
pub(crate) struct BadLine;

#[derive(Debug)]
pub(crate) struct Talk {
    pub(crate) output: Output,
    /// Pauses after each line until `answer`.
    pub(crate) pauses: bool,
    /// Handles payload as the rest of the input after this many bytes: `PUT n`.
    pub(crate) payload: u64,
    pub(crate) idle: Option<Duration>,
    /// How much is put out for each line, unasked.
    pub(crate) echoes: usize,
    /// Ends its side when the other one does.
    pub(crate) polite: bool,
    pub(crate) status: Status,
    secured: bool,
    starting: bool,
    deadline: Option<Time>,
    told_end: bool,
    scanned: usize,
    poisoned: bool,
}

impl Talk {
    pub(crate) fn new() -> Self {
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

    pub(crate) fn pausing() -> Self {
        Talk { pauses: true, ..Talk::new() }
    }

    pub(crate) fn echoing(echoes: usize) -> Self {
        Talk { echoes, ..Talk::new() }
    }

    pub(crate) fn patient_for(idle: Duration) -> Self {
        Talk { idle: Some(idle), ..Talk::new() }
    }

    /// Says a line, and takes the next one if it was waiting to.
    pub(crate) fn say(&mut self, line: &[u8]) {
        self.output.put(line);
        self.output.put(b"\n");
        if self.status == Status::Paused {
            self.status = Status::Open;
        }
    }

    pub(crate) fn say_bye(&mut self) {
        self.output.put(b"BYE\n");
        self.status = Status::Finishing;
    }

    #[cfg(feature = "tls")]
    pub(crate) fn close(&mut self) {
        self.status = Status::Closed;
    }

    /// The server agrees to TLS; answered in `receive`, where the input is seen.
    #[cfg(feature = "tls")]
    pub(crate) fn start_tls(&mut self) {
        self.starting = true;
    }

    #[cfg(feature = "tls")]
    pub(crate) fn ask_for_tls(&mut self) {
        self.output.put(b"STARTTLS\n");
    }

    fn take_line(&mut self, input: &mut BytesMut) -> Result<Option<Bytes>, BadLine> {
        let fresh = input.get(self.scanned..).unwrap_or_default();
        let Some(at) = fresh.iter().position(|&b| b == b'\n') else {
            self.scanned = input.len();
            return if self.scanned > 1 << 20 { Err(BadLine) } else { Ok(None) };
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
        if std::mem::take(&mut self.secured) {
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
            let n = (input.len() as u64).min(self.payload);
            self.payload -= n;
            return Ok(Some(Event::Run(input.split_to(n as usize).freeze())));
        }
        let line = self.take_line(input).inspect_err(|_| self.poisoned = true)?;
        let Some(line) = line else { return Ok(None) };
        self.deadline = self.idle.map(|idle| now + idle);
        self.output.put(&vec![b'e'; self.echoes]);
        if let Some(n) = line.strip_prefix(b"PUT ") {
            self.payload = std::str::from_utf8(n).unwrap().parse().unwrap();
        } else if &line[..] == b"STARTTLS" {
            return Ok(Some(Event::StartTls));
        } else if &line[..] == b"GO" {
            self.status = Status::Upgrade(Layer::Tls);
        } else if &line[..] == b"BYE" {
            self.status = Status::Closed;
        } else if self.pauses {
            self.status = Status::Paused;
        }
        Ok(Some(Event::Line(line)))
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

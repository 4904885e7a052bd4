//! The upper-case service: the course's first server, and the smallest whole protocol in this house.
//!
//! A client sends lines; each comes back with its ASCII letters in upper case and every other byte as it was. When the
//! client half-closes, the server answers what is left and closes. There is one endpoint, [`Upper`], without a socket
//! or a clock; that it runs under a thread per connection as well as under one waiting loop is the whole point.

mod client;
mod crowd;
mod datagrams;
mod threads;

use crate::Caps;
use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use proto_core::{
    BareCr, BareLf, End, Endpoint, Line, LineEnd, LinePolicy, Lines, Nul, Output, Status, Time,
};

pub use client::{Asker, Unanswered};
pub use crowd::serve_by_waiting;
pub use datagrams::{Crossed, TRIES, TRY, ask, serve_datagrams};
pub use threads::serve_by_threads;

/// How many clients a server has at once, and for how long each may be silent.
#[derive(Clone, Copy, Debug)]
pub struct House {
    /// Connections open at once.
    pub caps: Caps,
    /// See [`PATIENCE`].
    pub patience: Duration,
}

impl Default for House {
    fn default() -> Self {
        House { caps: Caps::default(), patience: PATIENCE }
    }
}

/// The longest line that is answered, its line end not counted. 64 KiB: more is no line, it is an attack on memory.
pub const LONGEST_LINE: usize = 64 << 10;

/// How long a client may be silent, or leave its answers unread, before it is shown out.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The serving end of one conversation. Its events are the lines that were answered, without their ends.
#[derive(Debug)]
pub struct Upper {
    output: Output,
    lines: Lines,
    patience: Duration,
    deadline: Option<Time>,
    status: Status,
    fault: Option<TooLong>,
}

/// Why a client is refused: a line of its is longer than [`LONGEST_LINE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a line is longer than {LONGEST_LINE} bytes")
    }
}

impl std::error::Error for TooLong {}

impl Upper {
    /// The serving end of a new connection, which gives up after `patience` without a whole line.
    #[must_use]
    pub fn new(patience: Duration) -> Self {
        // Any byte may stand in a line but a line feed.
        let policy = LinePolicy { lf: BareLf::Accept, cr: BareCr::Keep, nul: Nul::Keep };
        let lines = Lines::new(policy, LONGEST_LINE + 2);
        Upper { output: Output::new(), lines, patience, deadline: None, status: Status::Open, fault: None }
    }

    fn be_patient(&mut self, now: Time) {
        self.deadline = Some(now + self.patience);
    }

    fn refuse(&mut self) -> TooLong {
        (self.fault, self.deadline) = (Some(TooLong), None);
        TooLong
    }

    fn answer(&mut self, text: &[u8], end: &[u8], now: Time) {
        self.be_patient(now);
        let buffer = self.output.buffer();
        let start = buffer.len();
        buffer.extend_from_slice(text);
        buffer.get_mut(start..).unwrap_or_default().make_ascii_uppercase();
        buffer.extend_from_slice(end);
    }

    /// The first line, with the end that it came with.
    fn take_line(&mut self, input: &mut BytesMut) -> Result<Option<Line>, TooLong> {
        match self.lines.next(input) {
            Ok(Some(line)) if line.text.len() <= LONGEST_LINE => Ok(Some(line)),
            Ok(None) if unfinished(input) <= LONGEST_LINE => Ok(None),
            _ => Err(self.refuse()),
        }
    }
}

/// How long an unfinished line is at least. A CR may be half of its end.
fn unfinished(input: &[u8]) -> usize {
    input.strip_suffix(b"\r").unwrap_or(input).len()
}

impl Endpoint for Upper {
    type Event = Bytes;
    type Error = TooLong;

    fn receive(&mut self, input: &mut BytesMut, now: Time) -> Result<Option<Bytes>, TooLong> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        if self.deadline.is_none() {
            self.be_patient(now); // a connection's first turn
        }
        let Some(line) = self.take_line(input)? else { return Ok(None) };
        let end: &[u8] = if line.end == LineEnd::Lf { b"\n" } else { b"\r\n" };
        self.answer(&line.text, end, now);
        Ok(Some(line.text))
    }

    fn receive_eof(&mut self, input: &mut BytesMut, end: End, now: Time) -> Result<Option<Bytes>, TooLong> {
        if end == End::Cut {
            self.status = Status::Closed;
            return Ok(None);
        }
        if let Some(line) = self.receive(input, now)? {
            return Ok(Some(line));
        }
        if !input.is_empty() {
            let text = input.split().freeze(); // a last line without its line end
            self.answer(&text, b"", now);
            return Ok(Some(text));
        }
        self.status = Status::Finishing;
        Ok(None)
    }

    fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    fn sent(&mut self, n: u64, now: Time) {
        self.output.advance(n);
        self.be_patient(now);
    }

    fn deadline(&self) -> Option<Time> {
        self.deadline
    }

    /// To one who says nothing, or takes nothing, no good-bye is owed.
    fn handle_deadline(&mut self, _now: Time) -> Result<Option<Bytes>, TooLong> {
        (self.status, self.deadline) = (Status::Closed, None);
        Ok(None)
    }

    fn is_idle(&self) -> bool {
        self.output.is_empty()
    }

    fn status(&self) -> Status {
        self.status
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn hear(upper: &mut Upper, text: &[u8]) -> Result<Vec<u8>, TooLong> {
        let mut input = BytesMut::from(text);
        while upper.receive(&mut input, Time::ZERO)?.is_some() {}
        while upper.receive_eof(&mut input, End::Clean, Time::ZERO)?.is_some() {}
        Ok(upper.output.slices().collect::<Vec<_>>().concat())
    }

    #[test]
    fn ascii_letters_change_and_all_other_bytes_stay() {
        for (said, heard) in [
            (&b"hello\n"[..], &b"HELLO\n"[..]),
            (b"a\r\nb\n\n", b"A\r\nB\n\n"),
            (b"caf\xc3\xa9 \x00\xff\rx\n", b"CAF\xc3\xa9 \x00\xff\rX\n"),
            (b"no line end", b"NO LINE END"),
            (b"", b""),
        ] {
            assert_eq!(hear(&mut Upper::new(SECOND), said).as_deref(), Ok(heard));
        }
    }

    #[test]
    fn a_line_of_64_kib_is_answered_and_a_byte_more_is_refused() {
        let full = vec![b'x'; LONGEST_LINE];
        for (more, fine) in
            [("\n", true), ("\r\n", true), ("", true), ("x\n", false), ("x", false), ("\rx", false)]
        {
            let said = [&full[..], more.as_bytes()].concat();
            let answer = hear(&mut Upper::new(SECOND), &said);
            assert_eq!(answer.is_ok(), fine, "{more:?}");
        }
    }

    #[test]
    fn a_byte_at_a_time_says_the_same() {
        let (mut upper, mut input) = (Upper::new(SECOND), BytesMut::new());
        for byte in b"one\r\ntwo\n" {
            input.extend_from_slice(&[*byte]);
            while upper.receive(&mut input, Time::ZERO).unwrap().is_some() {}
        }
        assert_eq!(upper.output.slices().collect::<Vec<_>>().concat(), b"ONE\r\nTWO\n");
    }

    #[test]
    fn patience_starts_anew_with_each_line_but_not_with_each_byte() {
        let (mut upper, mut input) = (Upper::new(SECOND), BytesMut::new());
        upper.receive(&mut input, Time::ZERO).unwrap();
        assert_eq!(upper.deadline(), Some(Time::from_secs(1)));
        input.extend_from_slice(b"x");
        upper.receive(&mut input, Time::from_millis(500)).unwrap();
        assert_eq!(upper.deadline(), Some(Time::from_secs(1)));
        input.extend_from_slice(b"\n");
        upper.receive(&mut input, Time::from_millis(500)).unwrap();
        assert_eq!(upper.deadline(), Some(Time::from_millis(1500)));
        assert_eq!(upper.handle_deadline(Time::from_millis(1500)), Ok(None));
        assert_eq!((upper.status(), upper.deadline()), (Status::Closed, None));
    }
}

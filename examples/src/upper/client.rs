//! The asking end: a line goes out, its answer comes back, in order. It knows when it has heard everything.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use proto_core::{End, Endpoint, Output, Status, Time};

/// The asking end of one conversation. Its events are the answers, without their line ends.
#[derive(Debug)]
pub struct Asker {
    output: Output,
    /// How many bytes each answer still to come has, its line end included: as many as the line.
    waiting: VecDeque<usize>,
    patience: Duration,
    deadline: Option<Time>,
    status: Status,
    fault: Option<Unanswered>,
}

/// Why a line has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// The server closed the connection first.
    Closed,
    /// Nothing came for this long.
    Silent(Duration),
    /// What came is no answer to what was said.
    Different,
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unanswered::Closed => {
                f.write_str("the server closed the connection without an answer (is the line too long?)")
            }
            Unanswered::Silent(patience) => write!(f, "no answer within {patience:?}"),
            Unanswered::Different => {
                f.write_str("the answer does not end where the line ended: no upper-case server")
            }
        }
    }
}

impl std::error::Error for Unanswered {}

impl Asker {
    /// The asking end of a new connection, which gives up when an answer lets wait for `patience`.
    #[must_use]
    pub fn new(patience: Duration) -> Self {
        let (output, waiting, status) = (Output::new(), VecDeque::new(), Status::Paused);
        Asker { output, waiting, patience, deadline: None, status, fault: None }
    }

    /// Says `line`, which has no line end; what follows a line end in it would be a line of its own.
    pub fn say(&mut self, line: &[u8]) {
        self.output.put(line);
        self.output.put(b"\n");
        self.waiting.push_back(line.len() + 1);
        self.status = Status::Open;
    }

    /// Nothing more will be said: half-closes as soon as all is answered.
    pub fn finish(&mut self) {
        if self.waiting.is_empty() {
            self.status = Status::Finishing;
        }
    }

    fn fail(&mut self, fault: Unanswered) -> Unanswered {
        (self.fault, self.deadline) = (Some(fault), None);
        fault
    }

    fn take(&mut self, input: &mut BytesMut, now: Time) -> Result<Option<Bytes>, Unanswered> {
        let Some(&len) = self.waiting.front() else { return Ok(None) };
        if input.len() < len {
            self.deadline.get_or_insert(now + self.patience);
            return Ok(None);
        }
        let mut answer = input.split_to(len).freeze();
        if answer.split_off(len - 1) != b"\n"[..] {
            return Err(self.fail(Unanswered::Different));
        }
        self.waiting.pop_front();
        self.deadline = None;
        if self.waiting.is_empty() {
            self.status = Status::Paused;
        }
        Ok(Some(answer))
    }
}

impl Endpoint for Asker {
    type Event = Bytes;
    type Error = Unanswered;

    fn receive(&mut self, input: &mut BytesMut, now: Time) -> Result<Option<Bytes>, Unanswered> {
        match self.fault {
            Some(fault) => Err(fault),
            None => self.take(input, now),
        }
    }

    fn receive_eof(
        &mut self,
        input: &mut BytesMut,
        _end: End,
        now: Time,
    ) -> Result<Option<Bytes>, Unanswered> {
        match self.receive(input, now)? {
            None if !self.waiting.is_empty() => Err(self.fail(Unanswered::Closed)),
            answer => Ok(answer),
        }
    }

    fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    fn deadline(&self) -> Option<Time> {
        self.deadline
    }

    fn handle_deadline(&mut self, _now: Time) -> Result<Option<Bytes>, Unanswered> {
        Err(self.fail(Unanswered::Silent(self.patience)))
    }

    fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    fn status(&self) -> Status {
        self.status
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_order_and_the_caller_is_next_when_all_have_come() {
        let (mut asker, mut input) = (Asker::new(Duration::from_secs(1)), BytesMut::new());
        asker.say(b"one");
        asker.say(b"two");
        input.extend_from_slice(b"ONE\nTW");
        assert_eq!(asker.receive(&mut input, Time::ZERO), Ok(Some(Bytes::from("ONE"))));
        assert_eq!((asker.receive(&mut input, Time::ZERO), asker.status()), (Ok(None), Status::Open));
        input.extend_from_slice(b"O\n");
        assert_eq!(asker.receive(&mut input, Time::ZERO), Ok(Some(Bytes::from("TWO"))));
        assert_eq!(asker.status(), Status::Paused);
        asker.finish();
        assert_eq!(asker.status(), Status::Finishing);
    }

    #[test]
    fn an_end_before_the_answer_is_a_failure_that_sticks() {
        let (mut asker, mut input) = (Asker::new(Duration::from_secs(1)), BytesMut::from("ON"));
        asker.say(b"one");
        assert_eq!(asker.receive_eof(&mut input, End::Clean, Time::ZERO), Err(Unanswered::Closed));
        assert_eq!(asker.receive(&mut input, Time::ZERO), Err(Unanswered::Closed));
    }
}

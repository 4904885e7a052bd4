//! An endpoint that takes every status of the contract, told by lines which.

use std::time::Duration;

use bytes::BytesMut;
use proto_core::{End, Endpoint, Layer, Output, Status, Time};

/// What a line asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A line that needs nobody.
    Line(String),
    /// To be answered by [`Toy::answer`].
    Ask,
    /// A file of so many bytes goes out, moved by the owner of the socket.
    File(u64),
    /// The deadline was due.
    Tick,
    /// The peer has nothing more to say.
    End(End),
}

/// What the peer did wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// No such line.
    #[error("unknown command")]
    Unknown,
    /// The stream ended before the line did.
    #[error("cut inside a line")]
    Cut,
}

/// The endpoint.
#[derive(Debug)]
pub(crate) struct Toy {
    output: Output,
    status: Status,
    scanned: usize,
    deadline: Option<Time>,
    error: Option<Error>,
}

impl Toy {
    /// At the start of a stream.
    pub(crate) fn new() -> Self {
        Toy { output: Output::new(), status: Status::Open, scanned: 0, deadline: None, error: None }
    }

    /// Answers what was asked.
    pub(crate) fn answer(&mut self) {
        self.output.put(b"yes\n");
        self.status = Status::Open;
    }

    fn line(&mut self, input: &mut BytesMut) -> Option<String> {
        let Some(at) = input[self.scanned..].iter().position(|&b| b == b'\n') else {
            self.scanned = input.len();
            return None;
        };
        let line = input.split_to(self.scanned + at + 1);
        self.scanned = 0;
        Some(String::from_utf8_lossy(&line[..line.len() - 1]).into_owned())
    }

    fn obey(&mut self, line: String, now: Time) -> Result<Event, Error> {
        match line.split_once(' ').unwrap_or((&line, "")) {
            ("say", text) => self.output.put(format!("{text}\n").as_bytes()),
            ("ask", _) => {
                self.status = Status::Paused;
                return Ok(Event::Ask);
            }
            ("file", length) => {
                let length = length.parse().map_err(|_| Error::Unknown)?;
                self.output.put(b"<");
                self.output.reserve(length);
                self.output.put(b">\n");
                return Ok(Event::File(length));
            }
            ("tls", _) => self.upgrade(Layer::Tls),
            ("clear", _) => self.upgrade(Layer::Clear),
            ("deflate", _) => self.upgrade(Layer::Deflate),
            ("switch", _) => {
                self.output.put(b"go\n");
                self.status = Status::Switched;
            }
            ("bye", _) => {
                self.output.put(b"bye\n");
                self.status = Status::Finishing;
            }
            ("die", _) => self.status = Status::Closed,
            ("wait", _) => self.deadline = Some(now + Duration::from_millis(2)),
            _ => {
                self.output.put(b"? unknown command\n");
                return Err(Error::Unknown);
            }
        }
        Ok(Event::Line(line))
    }

    fn upgrade(&mut self, layer: Layer) {
        self.output.put(b"go\n");
        self.status = Status::Upgrade(layer);
    }

    fn stick<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &result {
            self.error = Some(error.clone());
            self.status = Status::Finishing;
        }
        result
    }
}

impl Endpoint for Toy {
    type Event = Event;
    type Error = Error;

    fn receive(&mut self, input: &mut BytesMut, now: Time) -> Result<Option<Event>, Error> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        if self.status != Status::Open {
            return Ok(None);
        }
        let Some(line) = self.line(input) else { return Ok(None) };
        let event = self.obey(line, now);
        self.stick(event).map(Some)
    }

    fn receive_eof(&mut self, input: &mut BytesMut, end: End, now: Time) -> Result<Option<Event>, Error> {
        if let Some(event) = self.receive(input, now)? {
            return Ok(Some(event));
        }
        if self.status != Status::Open {
            return Ok(None);
        }
        if !input.is_empty() {
            return self.stick(Err(Error::Cut));
        }
        self.status = Status::Finishing;
        Ok(Some(Event::End(end)))
    }

    fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    fn deadline(&self) -> Option<Time> {
        self.deadline
    }

    fn handle_deadline(&mut self, _: Time) -> Result<Option<Event>, Error> {
        self.deadline = None;
        self.output.put(b"tick\n");
        Ok(Some(Event::Tick))
    }

    fn upgraded(&mut self, _: Time) {
        self.status = Status::Open;
    }

    fn status(&self) -> Status {
        self.status
    }
}

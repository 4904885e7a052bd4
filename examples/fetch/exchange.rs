//! One request and its response over a line.
//!
//! The rule: the content is sent while the response is listened for, so that a refusal is heard before all of it is sent;
//! and no longer than a second is waited for permission to send it (RFC 9110 section 10.1.1).

use std::collections::VecDeque;
use std::io::{self, Read as _};
use std::time::Duration;

use bytes::Bytes;
use examples::Failure;
use examples::site::answer::{Extent, Piece};
use http1::client::{Client, Event};
use http1::{Body, Error, RequestBuilder, Response, Retry, StatusCode};
use net_core::poll::Ready;
use net_core::{Deadline, DriveError, Step};
use proto_core::Endpoint as _;

use crate::content::Content;
use crate::lines::Line;

/// How long a server may take to say 100 Continue.
const PERMISSION: Duration = Duration::from_secs(1);
/// Perhaps there is something to read.
const READABLE: Ready = Ready { read: true, write: false, hang_up: false };
/// How much of standard input is sent at a time.
const CHUNK: usize = 64 << 10;

/// Who hears what is said.
pub(crate) trait Hear {
    /// The request's head, as it is sent.
    fn asked(&mut self, head: &[u8]);
    /// An interim response.
    fn interim(&mut self, response: &Response);
    /// The final response's head.
    fn head(&mut self, response: &Response) -> Result<(), Failure>;
    /// A run of its content.
    fn data(&mut self, bytes: Bytes) -> Result<(), Failure>;
}

/// Why there is no whole response.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) failure: Failure,
    /// The server has certainly not acted on the request, or doing so twice is the same as once.
    pub(crate) safe: bool,
    /// It may be gone the next time.
    pub(crate) passing: bool,
}

impl Trouble {
    /// What another try won't change.
    pub(crate) fn lasting(failure: impl Into<Failure>) -> Self {
        Trouble { failure: failure.into(), safe: false, passing: false }
    }

    /// What another try may change: nobody was there, or it took too long.
    pub(crate) fn passing(failure: impl Into<Failure>) -> Self {
        Trouble { failure: failure.into(), safe: true, passing: true }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Trouble::lasting(error)
    }
}

impl From<DriveError<Error>> for Trouble {
    fn from(error: DriveError<Error>) -> Self {
        let (safe, passing) = match &error {
            DriveError::Protocol(error) => (error.retry == Retry::Safe, error.retry != Retry::No),
            DriveError::Io(_) => (false, true),
            _ => (false, false),
        };
        let failure = match error {
            DriveError::Deadline => "it takes longer than --max-time allows".into(),
            error => Failure::from(error),
        };
        Trouble { failure, safe, passing }
    }
}

/// Sends the request and hears the response.
pub(crate) fn exchange(
    line: &mut Line,
    head: &RequestBuilder,
    content: &Content,
    expects: bool,
    deadline: Deadline,
    hear: &mut dyn Hear,
) -> Result<(), Trouble> {
    let body = match content {
        Content::None => Body::Empty,
        Content::Pieces { .. } => Body::Known(content.len().unwrap_or(0)),
        Content::Stdin => Body::Chunked,
    };
    line.endpoint().request(head, body)?;
    hear.asked(&head_of(line.endpoint()));
    let mut sending = Sending::begin(line.endpoint(), content)?;
    // What has a length is held back by the endpoint; standard input is not even read.
    let mut waiting = expects && sending.stdin;
    loop {
        if sending.stdin && !waiting && !sending.feed(line)? {
            continue;
        }
        let limit = if waiting { deadline.min(Deadline::after(PERMISSION)) } else { deadline };
        line.set_deadline(limit);
        let step = match sending.stdin && !waiting {
            // Is there something to hear already?
            true => line.turn(READABLE)?.step,
            false => match line.next() {
                Err(DriveError::Deadline) if waiting && !deadline.has_passed() => {
                    waiting = false;
                    line.endpoint().continue_now()?;
                    continue;
                }
                step => Some(step?),
            },
        };
        match step {
            None | Some(Step::Woken) => {}
            Some(Step::Gap(left)) => sending.fill_gap(line, left)?,
            Some(Step::Event(Event::End { .. })) => return sending.finish(line),
            Some(Step::Event(event)) => {
                waiting &=
                    matches!(&event, Event::Interim(response) if response.status() != StatusCode::CONTINUE);
                sending.stdin &= heard(line.endpoint(), event, hear)?;
            }
            Some(Step::Paused | Step::Yours(_) | Step::Closed) => {
                return Err(Trouble::lasting("the server does not go on with the request"));
            }
        }
    }
}

/// The head that is about to be sent.
fn head_of(client: &mut Client) -> Vec<u8> {
    let said: Vec<u8> = client.output().slices().flatten().copied().collect();
    let end = memchr::memmem::find(&said, b"\r\n\r\n").map_or(said.len(), |at| at + 4);
    said.get(..end).unwrap_or_default().to_vec()
}

/// Whether the content is still wanted.
fn heard(client: &mut Client, event: Event, hear: &mut dyn Hear) -> Result<bool, Trouble> {
    match event {
        Event::Interim(response) => hear.interim(&response),
        Event::Response(response) => hear.head(&response).map_err(Trouble::lasting)?,
        Event::EarlyFinal(response) => {
            hear.head(&response).map_err(Trouble::lasting)?;
            // Refused or sent elsewhere: the rest of the content would be for nobody.
            if !response.status().is_success() {
                client.abort();
                return Ok(false);
            }
        }
        Event::Data(bytes) => hear.data(bytes).map_err(Trouble::lasting)?,
        Event::Closed { .. } => return Err(Trouble::passing("the server closed the connection")),
        _ => {}
    }
    Ok(true)
}

/// The content on its way.
struct Sending {
    /// Standard input is still to be sent.
    stdin: bool,
    /// What the gaps in the output are filled from.
    gaps: VecDeque<Extent>,
}

impl Sending {
    fn begin(client: &mut Client, content: &Content) -> Result<Self, Trouble> {
        let mut sending = Sending { stdin: false, gaps: VecDeque::new() };
        match content {
            Content::None => {}
            Content::Stdin => sending.stdin = true,
            Content::Pieces { pieces, .. } => {
                for piece in pieces.iter() {
                    match piece {
                        Piece::Memory(bytes) => client.data(bytes.clone())?,
                        Piece::File(extent) => {
                            client.reserve(extent.len)?;
                            sending.gaps.extend((extent.len > 0).then(|| extent.clone()));
                        }
                    }
                }
                client.end(None)?;
            }
        }
        Ok(sending)
    }

    /// Sends the next chunk of standard input. `false`: that was its end.
    fn feed(&mut self, line: &mut Line) -> Result<bool, Trouble> {
        let mut room = vec![0; CHUNK];
        let n = io::stdin().lock().read(&mut room).map_err(Trouble::lasting)?;
        if n == 0 {
            self.stdin = false;
            line.endpoint().end(None)?;
            return Ok(false);
        }
        room.truncate(n);
        line.endpoint().data(room.into())?;
        line.flush()?;
        Ok(true)
    }

    fn fill_gap(&mut self, line: &mut Line, left: u64) -> Result<(), Trouble> {
        let Some(extent) = self.gaps.front_mut() else {
            line.abandon();
            return Ok(());
        };
        let sent = line.send_file(&extent.file, extent.at..extent.at + left.min(extent.len))?;
        extent.at += sent;
        extent.len -= sent.min(extent.len);
        if extent.len == 0 {
            self.gaps.pop_front();
        }
        Ok(())
    }

    /// The response is complete: what is unsent then is not wanted.
    fn finish(&self, line: &mut Line) -> Result<(), Trouble> {
        if line.endpoint().in_flight() > 0 {
            line.endpoint().abort();
        }
        Ok(())
    }
}

//! One exchange, both ways at once: the request to the origin, the response to the client.
//!
//! The rule: both sides are waited for together, so neither can hold up the other; who is not taken from is not read from,
//! so little lies here in between; and what breaks off on one side ends on the other as something that broke off.

use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http1::{
    Body, ErrorKind, Known, Method, Request, Response, ResponseBuilder, Retry, Server, StatusCode, Trailers,
    Version, client, server,
};
use net_core::poll::{self, Interest, Ready};
use net_core::{Connection, Deadline, DriveError, Step};
use proto_core::{End, Endpoint as _, Status};

use super::Proxy;
use super::errand::Place;
use super::origins::Line;
use super::reply::Reply;
use super::rewrite;
use crate::sentence;

/// Unsent bytes on one side above which the other one is not read from.
const FULL: usize = 256 << 10;
/// How long a client that waits for leave waits for the origin to give it, before it is given here (RFC 9110 section
/// 10.1.1: no client has to wait for ever).
const PERMISSION: Duration = Duration::from_secs(1);
/// So much content of a response that goes nowhere is read, so that its connection can be used again.
const WORTH_READING: usize = 64 << 10;

/// A client's connection.
pub(super) type Client = Connection<Server>;

/// Listens to a response on its way: what a cache is made of.
pub(super) trait Keeper {
    /// The head has come. Whether the client gets to see this response, and with which fields in addition.
    fn head(&mut self, response: &Response) -> Heard;

    /// A run of its content.
    fn data(&mut self, data: &Bytes);

    /// It is complete.
    fn end(&mut self);

    /// All of it is wanted, as fast as it comes, also if the client goes.
    fn wants_all(&self) -> bool;
}

/// What becomes of a response.
pub(super) enum Heard {
    /// The client gets it.
    Pass,
    /// The client gets it, with this in `Cache-Status`.
    PassMarked(String),
    /// The client gets something else.
    Swallow,
}

/// Keeps nothing.
pub(super) struct Nobody;

impl Keeper for Nobody {
    fn head(&mut self, _: &Response) -> Heard {
        Heard::Pass
    }

    fn data(&mut self, _: &Bytes) {}

    fn end(&mut self) {}

    fn wants_all(&self) -> bool {
        false
    }
}

/// How it ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The response went through.
    Done,
    /// The response is complete, and the client has not seen it.
    Swallowed,
    /// The connection had been used before, and was closed just when it was used again.
    Stale,
    /// The client has heard nothing yet: it may be told this.
    Failed(Reply),
    /// The response broke off: so must the client's connection. `true`: by a reset, for the end of the connection would be
    /// the end of the content.
    Cut(bool),
    /// The client's session is over.
    Gone,
}

/// How far the response has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Awaited,
    /// The client gets it.
    Passing(Body),
    /// Nobody does; so much of it has come.
    Swallowing(usize),
}

/// What one side's turn has come to.
#[derive(Clone, Copy, Default)]
struct Turned {
    /// Something happened: turn again.
    acted: bool,
    interest: Interest,
    deadline: Option<Instant>,
}

/// An exchange under way.
pub(super) struct Relay<'a> {
    proxy: &'a Proxy,
    /// `None`: it has gone, or nobody has asked.
    client: Option<&'a mut Client>,
    line: Line,
    keeper: &'a mut dyn Keeper,
    method: Method<'a>,
    version: Version,
    /// The request's content is still to come.
    sending: bool,
    /// The line was used before, and the request can be sent again.
    again: bool,
    /// By then a client that waits is told to go on.
    permission: Option<Instant>,
    stage: Stage,
    /// When something moved last, and how much had moved then.
    moved: Instant,
    mark: u64,
    /// Events so far, and whether any of them was the origin's.
    heard: u64,
    answered: bool,
}

impl<'a> Relay<'a> {
    /// The request's head is on its way down `line`. `again`: if nothing comes of it, it can be sent again.
    pub(super) fn new(
        proxy: &'a Proxy,
        client: Option<&'a mut Client>,
        line: Line,
        request: &'a Request,
        keeper: &'a mut dyn Keeper,
        again: bool,
    ) -> Self {
        Relay {
            proxy,
            sending: client.is_some() && rewrite::request_body(request) != Body::Empty,
            client,
            line,
            keeper,
            method: request.method(),
            version: request.version(),
            again,
            permission: None,
            stage: Stage::Awaited,
            moved: Instant::now(),
            mark: 0,
            heard: 0,
            answered: false,
        }
    }

    /// To the end. The line goes back to the others if it is good for another request.
    pub(super) fn run(mut self, place: &Place) -> Outcome {
        let outcome = self.go();
        if matches!(outcome, Outcome::Done | Outcome::Swallowed | Outcome::Gone) {
            self.proxy.origins.keep(place, self.line);
        }
        outcome
    }

    fn go(&mut self) -> Outcome {
        let mut ready = (Ready::default(), Ready::default());
        loop {
            match self.turn_both(ready).and_then(|turned| self.wait_unless_acted(turned)) {
                Ok(now) => ready = now,
                Err(outcome) => return outcome,
            }
        }
    }

    /// Each side in turn says all it has to say, before the other one is written to: a head and its content leave together.
    fn turn_both(&mut self, ready: (Ready, Ready)) -> Result<(Turned, Turned), Outcome> {
        let mut client = self.turn_client(ready.0)?;
        let mut acted = false;
        while client.acted {
            acted = true;
            client = self.turn_client(Ready::default())?;
        }
        let mut origin = self.turn_origin(ready.1)?;
        while origin.acted {
            acted = true;
            origin = self.turn_origin(Ready::default())?;
        }
        self.note_progress();
        Ok((client, Turned { acted, ..origin }))
    }

    fn wait_unless_acted(&mut self, (client, origin): (Turned, Turned)) -> Result<(Ready, Ready), Outcome> {
        if origin.acted {
            return Ok((Ready::default(), Ready::default()));
        }
        self.wait(client, origin)
    }

    fn wait(&mut self, client: Turned, origin: Turned) -> Result<(Ready, Ready), Outcome> {
        let origin_full = self.line.endpoint().output().len() > FULL;
        let read = client.interest.read && !origin_full;
        let from_client = Interest { read, ..client.interest };
        let quiet = self.moved + self.proxy.options.stall;
        let own = [client.deadline, origin.deadline, self.permission].into_iter().flatten().min();
        let deadline = Deadline::at(own.map_or(quiet, |own| own.min(quiet)));
        // Who is not waited for is not asked for: a hang-up would ring all the time.
        let mut sources = Vec::with_capacity(2);
        let asks_client = self.client.is_some() && (from_client.read || from_client.write);
        if let Some(client) = self.client.as_ref().filter(|_| asks_client) {
            sources.push((client.as_fd(), from_client));
        }
        let asks_origin = origin.interest.read || origin.interest.write;
        if asks_origin {
            sources.push((self.line.as_fd(), origin.interest));
        }
        let ready = poll::wait_any(&sources, deadline);
        let mut ready = ready.map_err(|error| self.failed(StatusCode::BAD_GATEWAY, error.to_string()))?;
        let now = Instant::now();
        if now >= quiet && !ready.iter().any(|ready| ready.any()) {
            return Err(self.stalled());
        }
        if self.permission.is_some_and(|at| at <= now) {
            self.permission = None;
            self.with_client(|client| client.continue_now());
        }
        let of_origin = if asks_origin { ready.pop().unwrap_or_default() } else { Ready::default() };
        let of_client = ready.pop().unwrap_or_default();
        Ok((Ready { read: of_client.read && read, ..of_client }, of_origin))
    }

    fn with_client<T>(&mut self, act: impl FnOnce(&mut Server) -> T) -> Option<T> {
        self.client.as_mut().map(|client| act(client.endpoint()))
    }

    fn note_progress(&mut self) {
        let to_client = self.with_client(|client| client.output().sent()).unwrap_or(0);
        let mark = to_client.wrapping_add(self.line.endpoint().output().sent()).wrapping_add(self.heard);
        if mark != self.mark {
            (self.mark, self.moved) = (mark, Instant::now());
        }
    }

    /// Nothing has moved for too long: on whom is it?
    fn stalled(&mut self) -> Outcome {
        let unsent = self.with_client(|client| !client.output().is_empty()).unwrap_or(false);
        let sent = self.line.endpoint().output().is_empty();
        match self.stage {
            _ if unsent => self.cut(),
            Stage::Awaited if self.sending && sent => {
                // RFC 9110 section 15.5.9.
                self.with_client(|client| client.reject(StatusCode::REQUEST_TIMEOUT));
                Outcome::Gone
            }
            Stage::Awaited => {
                let text = "the origin did not answer in time";
                Outcome::Failed(Reply::new(StatusCode::GATEWAY_TIMEOUT, text))
            }
            _ => self.cut(),
        }
    }

    /// What an origin's failure is for the client.
    fn failed(&self, status: StatusCode, why: String) -> Outcome {
        match self.stage {
            Stage::Awaited => Outcome::Failed(Reply::new(status, why)),
            Stage::Passing(_) => self.cut(),
            Stage::Swallowing(_) => Outcome::Swallowed,
        }
    }

    fn cut(&self) -> Outcome {
        self.proxy.stats.cut.one();
        // RFC 9112 section 8: without a length, a connection that ends in order is a whole response.
        Outcome::Cut(self.version == Version::Http10 && self.stage == Stage::Passing(Body::Unknown))
    }
}

/// The client's side.
impl Relay<'_> {
    fn turn_client(&mut self, ready: Ready) -> Result<Turned, Outcome> {
        let Some(client) = &mut self.client else { return Ok(Turned::default()) };
        let Ok(turn) = client.turn(ready) else { return self.client_goes() };
        let over = matches!(client.endpoint().status(), Status::Finishing | Status::Closed);
        if over || client.end() == Some(End::Cut) || client.trouble().is_some() {
            return self.client_goes();
        }
        let deadline = turn.deadline.and_then(|at| self.proxy.clock.instant(at));
        match turn.step {
            Some(Step::Event(event)) => {
                self.hear_client(event);
                Ok(Turned { acted: true, ..Turned::default() })
            }
            Some(Step::Closed | Step::Yours(_)) => self.client_goes(),
            _ => Ok(Turned { acted: false, interest: turn.interest, deadline }),
        }
    }

    /// Nobody is there any more to take the response; perhaps it is wanted all the same.
    fn client_goes(&mut self) -> Result<Turned, Outcome> {
        if self.sending || !self.keeper.wants_all() {
            return Err(Outcome::Gone);
        }
        self.client = None;
        Ok(Turned::default())
    }

    fn hear_client(&mut self, event: server::Event) {
        self.heard += 1;
        match event {
            server::Event::ExpectContinue => self.permission = Some(Instant::now() + PERMISSION),
            server::Event::Data(data) if self.sending => {
                self.permission = None;
                self.sending = self.line.endpoint().data(data).is_ok();
            }
            server::Event::End { trailers } if self.sending => {
                self.sending = false;
                self.end_request(trailers.as_ref());
            }
            _ => {}
        }
    }

    fn end_request(&mut self, trailers: Option<&Trailers>) {
        let trailers = rewrite::trailers(trailers);
        if let Err(error) = self.line.endpoint().end(trailers.as_ref()) {
            tracing::debug!(%error, "the end of a request");
        }
    }
}

/// The origin's side.
impl Relay<'_> {
    fn turn_origin(&mut self, ready: Ready) -> Result<Turned, Outcome> {
        let unsent = self.with_client(|client| client.output().len()).unwrap_or(0);
        if unsent > FULL && !self.keeper.wants_all() {
            return Ok(Turned::default());
        }
        let turn = match self.line.turn(ready) {
            Ok(turn) => turn,
            Err(error) => return Err(self.origin_fails(error)),
        };
        let deadline = turn.deadline.and_then(|at| self.proxy.clock.instant(at));
        match turn.step {
            Some(Step::Event(event)) => {
                self.hear_origin(event)?;
                Ok(Turned { acted: true, ..Turned::default() })
            }
            Some(Step::Closed | Step::Yours(_)) => {
                Err(self.failed(StatusCode::BAD_GATEWAY, "the origin hung up".into()))
            }
            _ => Ok(Turned { acted: false, interest: turn.interest, deadline }),
        }
    }

    fn origin_fails(&mut self, error: DriveError<http1::Error>) -> Outcome {
        let DriveError::Protocol(protocol) = &error else {
            return self.failed(StatusCode::BAD_GATEWAY, format!("the origin: {}", sentence(&error)));
        };
        // RFC 9112 section 9.3.1: the connection was closed while the request was on its way.
        if self.again && !self.answered && protocol.retry == Retry::Safe {
            return Outcome::Stale;
        }
        let late = matches!(protocol.kind, ErrorKind::Stalled | ErrorKind::HeadTimeout);
        let status = if late { StatusCode::GATEWAY_TIMEOUT } else { StatusCode::BAD_GATEWAY };
        self.failed(status, format!("the origin's answer: {protocol}"))
    }

    fn hear_origin(&mut self, event: client::Event) -> Result<(), Outcome> {
        self.heard += 1;
        self.answered = true;
        match event {
            client::Event::Interim(response) => self.pass_interim(&response),
            client::Event::Response(response) => self.hear_head(&response)?,
            client::Event::EarlyFinal(response) => {
                self.hear_head(&response)?;
                if !response.status().is_success() {
                    // Refused or sent elsewhere: the rest of the content would be for nobody.
                    self.sending = false;
                    self.line.endpoint().abort();
                }
            }
            client::Event::Data(data) => self.pass_data(data)?,
            client::Event::End { trailers } => return Err(self.end(trailers.as_ref())),
            client::Event::Closed { .. } => {
                return Err(self.failed(StatusCode::BAD_GATEWAY, "the origin hung up".into()));
            }
            client::Event::ChunkExtension(_) | client::Event::Switched => {}
        }
        Ok(())
    }

    /// RFC 9110 section 15.2: interim responses are forwarded, but not to who does not know them.
    fn pass_interim(&mut self, response: &Response) {
        if response.status() == StatusCode::CONTINUE {
            self.permission = None;
        }
        if self.version == Version::Http11
            && self.stage == Stage::Awaited
            && let Ok(head) = rewrite::response(response, &self.proxy.name)
        {
            self.with_client(|client| client.interim(&head));
        }
    }

    fn hear_head(&mut self, response: &Response) -> Result<(), Outcome> {
        if !is_plain(response) {
            let text = "the origin's answer has a transfer coding that nobody asked for".to_owned();
            return Err(self.failed(StatusCode::BAD_GATEWAY, text));
        }
        let mark = match self.keeper.head(response) {
            Heard::Swallow => {
                self.stage = Stage::Swallowing(0);
                return Ok(());
            }
            Heard::Pass => None,
            Heard::PassMarked(mark) => Some(mark),
        };
        if self.client.is_none() && !self.keeper.wants_all() {
            return Err(Outcome::Gone);
        }
        let body = rewrite::response_body(response, self.method);
        let head = rewrite::response(response, &self.proxy.name).and_then(|mut head| {
            if let Some(mark) = mark {
                head.field(Known::CacheStatus, mark)?;
            }
            Ok(head)
        });
        let passed = head.and_then(|head| self.respond(&head, body));
        passed
            .map_err(|error| self.failed(StatusCode::BAD_GATEWAY, format!("the origin's answer: {error}")))?;
        self.stage = Stage::Passing(body);
        Ok(())
    }

    fn respond(&mut self, head: &ResponseBuilder, body: Body) -> Result<(), http1::Error> {
        self.with_client(|client| client.respond(head, body)).unwrap_or(Ok(()))
    }

    fn pass_data(&mut self, data: Bytes) -> Result<(), Outcome> {
        self.proxy.stats.bytes_from_origins.add(data.len() as u64);
        match &mut self.stage {
            Stage::Swallowing(seen) => {
                *seen += data.len();
                if *seen > WORTH_READING {
                    return Err(Outcome::Swallowed);
                }
            }
            Stage::Passing(Body::Empty) | Stage::Awaited => {}
            Stage::Passing(_) => {
                self.keeper.data(&data);
                let len = data.len() as u64;
                if let Some(Ok(())) = self.with_client(|client| client.data(data)) {
                    self.proxy.stats.bytes_to_clients.add(len);
                }
            }
        }
        Ok(())
    }

    fn end(&mut self, trailers: Option<&Trailers>) -> Outcome {
        let Stage::Passing(body) = self.stage else { return Outcome::Swallowed };
        self.keeper.end();
        if self.client.is_none() {
            return Outcome::Gone;
        }
        if body != Body::Empty {
            let trailers = rewrite::trailers(trailers);
            if let Some(Err(error)) = self.with_client(|client| client.end(trailers.as_ref())) {
                tracing::debug!(%error, "the end of a response");
                return self.cut();
            }
        }
        Outcome::Done
    }
}

/// Chunks are this connection's own; what else is done to a message for its way can't be undone here, nor was it asked for
/// (RFC 9110 section 10.1.4).
fn is_plain(response: &Response) -> bool {
    response.fields().elements(Known::TransferEncoding).all(|coding| coding.eq_ignore_ascii_case(b"chunked"))
}

//! The client's end of a connection: requests go out, pipelined if the caller likes, and responses come in, in order.
//!
//! The rule: every response is read as the answer to the oldest request without one, framed by that request's method
//! (RFC 9112 section 6.3), and never is a short body a success. Whatever could make the next response somebody else's
//! makes the connection unfit for reuse.

use alloc::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use proto_core::{End, Endpoint, Output, Status, Time};

use crate::incoming::{BodyReader, HeadReader, Piece, WholeHead};
use crate::outgoing::{Added, Body, BodyWriter, Connection, put_head};
use crate::patience::{Overdue, Patience, Waiting};
use crate::response::StatusLine;
use crate::state::{Exchange, Expect, Outcome, Side, Step, persists};
use crate::{
    Config, Error, ErrorKind, FieldLines, Framing, Known, RequestBuilder, Response, ResponseHead, Retry,
    StatusCode, Trailers, Version,
};

/// What happens at a client. All of it is about the oldest request not yet answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An interim response: the final one is still to come.
    Interim(Response),
    /// The head of the final response, 101 among them. An [`End`](Event::End) follows it, or
    /// [`Switched`](Event::Switched).
    Response(Response),
    /// The head of the final response, though the request's body is not complete. The caller goes on with it, or gives
    /// up with [`abort`](Client::abort).
    EarlyFinal(Response),
    /// A run of the response's body.
    Data(Bytes),
    /// The extensions of the chunk that follows; only if [`Config::chunk_extensions`] says so.
    ChunkExtension(Bytes),
    /// The response is complete.
    End {
        /// Fields that came behind a chunked body, kept apart from the head's.
        trailers: Option<Trailers>,
    },
    /// The connection speaks another protocol from here on: what is unread belongs to it.
    Switched,
    /// Nothing more will come.
    Closed {
        /// The end was in order: no bytes that nobody had asked for, no reset.
        clean: bool,
    },
}

/// Where the connection is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// [`Event::Closed`] is still to be told.
    Leaving {
        clean: bool,
    },
    Left,
    /// [`Event::Switched`] is still to be told.
    Switching,
    Switched,
}

/// A request under way.
#[derive(Clone, Copy, Debug)]
struct Pending {
    exchange: Exchange,
    /// How many bytes were to leave before its first.
    start: u64,
}

/// A client's end of a connection.
///
/// ```
/// use bytes::BytesMut;
/// use http1::{Body, Known, Method, RequestBuilder, client::{Client, Event}};
/// use proto_core::{Endpoint, Time};
///
/// let mut client = Client::default();
/// let mut head = RequestBuilder::new(Method::Get, "/").unwrap();
/// head.field(Known::Host, "example.com").unwrap();
/// client.request(&head, Body::Empty).unwrap();
/// // ... send what is in `client.output()`, and receive:
/// let mut input = BytesMut::from("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
/// assert!(matches!(client.receive(&mut input, Time::ZERO), Ok(Some(Event::Response(_)))));
/// assert_eq!(client.receive(&mut input, Time::ZERO), Ok(Some(Event::Data("hi".into()))));
/// assert_eq!(client.receive(&mut input, Time::ZERO), Ok(Some(Event::End { trailers: None })));
/// assert!(client.can_reuse());
/// ```
#[derive(Debug)]
pub struct Client {
    config: Config,
    output: Output,
    /// Content held back until the server says 100 Continue.
    held: Output,
    /// What is to follow the held content.
    held_end: bool,
    pending: VecDeque<Pending>,
    head: HeadReader<StatusLine>,
    body: BodyReader,
    writer: BodyWriter,
    phase: Phase,
    fault: Option<Error>,
    patience: Patience,
    /// No further request will be answered: one end has said close, or unasked bytes have come.
    spent: bool,
    /// Bytes have come that nobody asked for.
    soiled: bool,
}

impl Default for Client {
    fn default() -> Self {
        Self::new(Config::DEFAULT)
    }
}

/// What the caller says.
impl Client {
    /// A client at the start of a connection.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Client {
            config,
            output: Output::new(),
            held: Output::new(),
            held_end: false,
            pending: VecDeque::new(),
            head: HeadReader::new(),
            body: BodyReader::EMPTY,
            writer: BodyWriter::Nothing,
            phase: Phase::Open,
            fault: None,
            patience: Patience::new(),
            spent: false,
            soiled: false,
        }
    }

    /// Sends a request. The client adds Content-Length or Transfer-Encoding, and Connection. Unless the body is
    /// [`Body::Empty`], [`end`](Client::end) must follow before the next request; with `Expect: 100-continue` content is
    /// held back until the server asks for it or [`continue_now`](Client::continue_now) is called.
    ///
    /// # Errors
    /// [`ErrorKind::Over`] if the connection can't be used again, [`ErrorKind::NotNow`] while the last request is not
    /// complete or may switch protocols, [`ErrorKind::PipelineFull`], [`ErrorKind::HostMissing`], [`ErrorKind::NoBody`]
    /// for CONNECT or TRACE with one, [`ErrorKind::Http10Peer`] for chunks in HTTP/1.0, [`ErrorKind::Expectation`] for
    /// one that the client can't keep. Nothing is emitted then.
    pub fn request(&mut self, head: &RequestBuilder, body: Body) -> Result<(), Error> {
        self.may_request()?;
        let framing = frame(head, body)?;
        let exchange = self.exchange(head, body)?;
        let start = self.output.sent() + self.output.gaps() + self.output.len() as u64;
        let connection = match (head.version(), exchange.keep) {
            (Version::Http11, true) => Connection::Usual,
            (_, false) if head.lines().wants_close() => Connection::Close,
            (_, false) => Connection::Usual,
            (Version::Http10, true) => Connection::KeepAlive,
        };
        put_head(&mut self.output, head.lines(), Added { framing, connection });
        self.writer = if body == Body::Empty { BodyWriter::Nothing } else { BodyWriter::new(framing) };
        self.spent |= !exchange.keep;
        if self.pending.is_empty() {
            self.patience.begins();
        }
        self.pending.push_back(Pending { exchange, start });
        Ok(())
    }

    /// Sends the content that was held back, without waiting for 100 Continue any longer (RFC 9110 section 10.1.1: no
    /// client need wait forever).
    ///
    /// # Errors
    /// [`ErrorKind::NotNow`] if nothing is held back.
    pub fn continue_now(&mut self) -> Result<(), Error> {
        let sending = self.pending.back_mut().filter(|pending| pending.exchange.expect == Expect::Waiting);
        let pending = sending.ok_or_else(|| Error::caller(ErrorKind::NotNow))?;
        pending.exchange.expect = Expect::Nothing;
        self.output.append(&mut self.held);
        if core::mem::take(&mut self.held_end) {
            pending.exchange.step(Step::RequestEnd)?;
            self.settle();
        }
        Ok(())
    }

    /// Content of the request under way. What is large is not copied.
    ///
    /// # Errors
    /// [`ErrorKind::NotNow`] without a request under way, [`ErrorKind::NoBody`] if it has no content,
    /// [`ErrorKind::LengthMismatch`] for more than was declared. Nothing is emitted then.
    pub fn data(&mut self, bytes: Bytes) -> Result<(), Error> {
        let (writer, output) = self.sending()?;
        writer.push(bytes, output)
    }

    /// [`data`](Client::data) that is borrowed: copied, whatever its size.
    ///
    /// # Errors
    /// As there.
    pub fn copy(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let (writer, output) = self.sending()?;
        writer.put(bytes, output)
    }

    /// `n` bytes of content that the owner of the socket moves itself, as with `sendfile`: a gap in the output.
    ///
    /// # Errors
    /// As [`data`](Client::data).
    pub fn reserve(&mut self, n: u64) -> Result<(), Error> {
        let (writer, output) = self.sending()?;
        writer.reserve(n, output)
    }

    /// The request under way is complete. Trailers need chunks.
    ///
    /// # Errors
    /// [`ErrorKind::NotNow`] without a request under way, [`ErrorKind::LengthMismatch`] for less than was declared,
    /// [`ErrorKind::FramingField`] for a trailer that may not be one.
    pub fn end(&mut self, trailers: Option<&FieldLines>) -> Result<(), Error> {
        let (writer, output) = self.sending()?;
        writer.check_end(trailers)?;
        writer.end(trailers, output);
        let Some(pending) = self.pending.back_mut() else { return Ok(()) };
        if pending.exchange.expect == Expect::Waiting {
            self.held_end = true;
            return Ok(());
        }
        pending.exchange.step(Step::RequestEnd)?;
        self.settle();
        Ok(())
    }

    /// Gives up: the request under way is not completed, and the connection ends with the response that has begun, or
    /// at once if none has.
    pub fn abort(&mut self) {
        self.spent = true;
        self.held.clear();
        self.held_end = false;
        let begun = self.pending.len() == 1
            && self.pending.front().is_some_and(|pending| pending.exchange.response() != Side::Head);
        if begun {
            self.cut_request();
            self.settle();
        } else if self.phase == Phase::Open {
            self.output.clear();
            self.pending.clear();
            self.phase = Phase::Leaving { clean: true };
        }
    }

    /// Another request may be sent once the present one is complete: nobody has said close, and nothing has come that
    /// was not asked for (RFC 9112 section 9.3).
    #[must_use]
    pub fn can_reuse(&self) -> bool {
        self.phase == Phase::Open && self.fault.is_none() && !self.spent && !self.soiled
    }

    /// How many requests have no complete response.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.pending.len()
    }

    /// For each request without a complete response, the oldest first, whether it may be sent again on another
    /// connection (RFC 9110 section 9.2.2).
    pub fn retries(&self) -> impl Iterator<Item = Retry> + '_ {
        let left = self.output.sent();
        self.pending.iter().map(move |pending| pending.retry(left))
    }

    fn may_request(&self) -> Result<(), Error> {
        if !self.can_reuse() {
            return Err(Error::caller(ErrorKind::Over));
        }
        let last = self.pending.back().map(|pending| pending.exchange);
        match last {
            Some(last) if last.request() != Side::Done => Err(Error::caller(ErrorKind::NotNow)),
            // What follows would be read by whatever is spoken then.
            Some(last) if last.upgrade || last.method.connect => Err(Error::caller(ErrorKind::NotNow)),
            _ if self.pending.len() >= self.config.limits.pipeline => {
                Err(Error::caller(ErrorKind::PipelineFull))
            }
            _ => Ok(()),
        }
    }

    /// The exchange that this request begins.
    fn exchange(&self, head: &RequestBuilder, body: Body) -> Result<Exchange, Error> {
        let lines = head.lines();
        let mut exchange = Exchange::new(head.method(), head.version());
        exchange.keep = match head.version() {
            Version::Http11 => !lines.wants_close(),
            Version::Http10 => lines.wants_keep_alive() && !lines.wants_close(),
        };
        exchange.upgrade = lines.has(Known::Upgrade) && head.version() == Version::Http11;
        exchange.step(Step::RequestHead)?;
        if body == Body::Empty {
            exchange.step(Step::RequestEnd)?;
        }
        if lines.has(Known::Expect) {
            exchange.expect = Expect::Waiting;
        }
        Ok(exchange)
    }

    /// Where the content of the request under way goes.
    fn sending(&mut self) -> Result<(&mut BodyWriter, &mut Output), Error> {
        if self.phase != Phase::Open {
            return Err(Error::caller(ErrorKind::Over));
        }
        let exchange = self.pending.back().map(|pending| pending.exchange);
        match exchange {
            Some(exchange) if exchange.request() != Side::Body || self.held_end => {
                Err(Error::caller(ErrorKind::NotNow))
            }
            Some(exchange) if exchange.expect == Expect::Waiting => Ok((&mut self.writer, &mut self.held)),
            Some(_) => Ok((&mut self.writer, &mut self.output)),
            None => Err(Error::caller(ErrorKind::NotNow)),
        }
    }

    /// The request under way will not be completed.
    fn cut_request(&mut self) {
        if let Some(pending) = self.pending.back_mut()
            && pending.exchange.request() == Side::Body
        {
            pending.exchange.keep = false;
            // As far as we are concerned, it ends here.
            let _ = pending.exchange.step(Step::RequestEnd);
        }
    }

    /// What follows from where the oldest exchange has come to.
    fn settle(&mut self) {
        while let Some(pending) = self.pending.front() {
            match pending.exchange.outcome() {
                Outcome::Going => return,
                Outcome::Next => {}
                Outcome::Last => {
                    self.spent = true;
                    self.phase = Phase::Leaving { clean: true };
                }
                Outcome::Switched => self.phase = Phase::Switching,
            }
            self.pending.pop_front();
            self.patience.begins();
        }
    }
}

impl Pending {
    /// RFC 9110 section 9.2.2; what has not left our end can't have been processed.
    fn retry(&self, left: u64) -> Retry {
        if self.exchange.method.idempotent || left <= self.start { Retry::Safe } else { Retry::Unknown }
    }
}

/// How a request is framed (RFC 9112 section 6.3, RFC 9110 section 8.6).
fn frame(head: &RequestBuilder, body: Body) -> Result<Framing, Error> {
    let err = |kind| Err(Error::caller(kind));
    let http10 = head.version() == Version::Http10;
    if !http10 && !head.lines().has(Known::Host) {
        return err(ErrorKind::HostMissing);
    }
    // RFC 9110 section 10.1.1: no expectation without content.
    if head.lines().has(Known::Expect) && (http10 || matches!(body, Body::Empty | Body::Known(0))) {
        return err(ErrorKind::Expectation);
    }
    match body {
        Body::Empty if head.method().has_content => Ok(Framing::Length(0)),
        Body::Empty => Ok(Framing::None),
        _ if head.method().bodiless => err(ErrorKind::NoBody),
        Body::Known(n) => Ok(Framing::Length(n)),
        Body::Chunked | Body::Unknown if http10 => err(ErrorKind::Http10Peer),
        Body::Chunked | Body::Unknown => Ok(Framing::Chunked),
    }
}

/// What the peer says.
impl Client {
    fn look(&mut self, input: &mut BytesMut, end: Option<End>, now: Time) -> Result<Option<Event>, Error> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        self.patience.looks(now);
        let result = match (self.advance(input), end) {
            (Ok(None), Some(end)) => self.at_end(end),
            (result, _) => result,
        };
        match result {
            Ok(event) => {
                self.patience.waits(self.waiting(event.is_some()), now);
                self.patience.sends(!self.output.is_empty(), now);
                Ok(event)
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    fn advance(&mut self, input: &mut BytesMut) -> Result<Option<Event>, Error> {
        match self.phase {
            Phase::Open => {}
            Phase::Leaving { clean } => return self.leave(clean).map(Some),
            Phase::Switching => {
                self.phase = Phase::Switched;
                return Ok(Some(Event::Switched));
            }
            Phase::Left | Phase::Switched => return Ok(None),
        }
        match self.pending.front().map(|pending| pending.exchange.response()) {
            None => self.unasked(input),
            Some(Side::Head) => self.next_head(input),
            Some(Side::Body) => self.next_piece(input),
            // Our own end of the exchange is still under way.
            Some(Side::Done | Side::Switched) => Ok(None),
        }
    }

    /// Bytes while no request is under way: never reuse. A 408 is how some servers say that they were idle for too
    /// long (RFC 9110 section 15.5.9).
    fn unasked(&mut self, input: &mut BytesMut) -> Result<Option<Event>, Error> {
        if input.is_empty() && self.head.is_fresh() {
            return Ok(None);
        }
        self.soiled = true;
        let clean = match self.head.next(input, true, &self.config) {
            Ok(None) => return Ok(None),
            Ok(Some(head)) => head.line.status() == StatusCode::REQUEST_TIMEOUT,
            Err(_) => false,
        };
        self.leave(clean).map(Some)
    }

    /// The connection is over. Requests that were pipelined behind the last response were not processed (RFC 9112
    /// section 9.6).
    fn leave(&mut self, clean: bool) -> Result<Event, Error> {
        if !self.pending.is_empty() {
            return Err(Error::peer(ErrorKind::Unanswered, 0).with_retry(Retry::Safe));
        }
        self.phase = Phase::Left;
        Ok(Event::Closed { clean })
    }

    fn next_head(&mut self, input: &mut BytesMut) -> Result<Option<Event>, Error> {
        // RFC 9112 section 5.2: a user agent joins folded lines.
        let Some(WholeHead { bytes, line, fields }) = self.head.next(input, true, &self.config)? else {
            return Ok(None);
        };
        let Some(pending) = self.pending.front_mut() else { return Ok(None) };
        let exchange = &mut pending.exchange;
        let head = ResponseHead::new(&bytes, line, &fields);
        let status = head.status();
        let framing = Framing::of_response(&head, exchange.framing_method())?;
        let switch = status == StatusCode::SWITCHING_PROTOCOLS || exchange.opens_tunnel(status);
        let early = exchange.request() == Side::Body;
        if status == StatusCode::SWITCHING_PROTOCOLS && !exchange.upgrade {
            return Err(Error::peer(ErrorKind::SwitchUnasked, 0));
        }
        if switch {
            exchange.step(Step::Switch)?;
        } else if status.is_interim() {
            exchange.interim += 1;
            exchange.step(Step::Interim)?;
            if exchange.interim > self.config.limits.interim {
                return Err(Error::peer(ErrorKind::InterimFlood, 0));
            }
        } else {
            exchange.keep &= reusable(&head, framing);
            self.spent |= !exchange.keep;
            exchange.step(Step::Final)?;
            self.body = BodyReader::new(framing, &self.config);
        }
        self.patience.begins();
        let response = Response::new(bytes, line, fields, framing);
        if status.is_interim() && !switch {
            if status == StatusCode::CONTINUE {
                // Nobody may have waited for it: then it means nothing.
                let _ = self.continue_first();
            }
            return Ok(Some(Event::Interim(response)));
        }
        self.settle();
        Ok(Some(if early { Event::EarlyFinal(response) } else { Event::Response(response) }))
    }

    /// 100 Continue came for the oldest request: if that is the one held back, it goes on.
    fn continue_first(&mut self) -> Result<(), Error> {
        if self.pending.len() == 1 { self.continue_now() } else { Ok(()) }
    }

    fn next_piece(&mut self, input: &mut BytesMut) -> Result<Option<Event>, Error> {
        let Some(piece) = self.body.next(input, &self.config).map_err(Error::without_reply)? else {
            return Ok(None);
        };
        Ok(Some(match piece {
            Piece::Data(data) => {
                self.patience.received(data.len() as u64);
                Event::Data(data)
            }
            Piece::Extension(extension) => Event::ChunkExtension(extension),
            Piece::End(trailers) => self.end_response(trailers, !input.is_empty())?,
        }))
    }

    fn end_response(&mut self, trailers: Option<Trailers>, more: bool) -> Result<Event, Error> {
        if let Some(pending) = self.pending.front_mut() {
            pending.exchange.step(Step::ResponseEnd)?;
            if pending.exchange.expect == Expect::Waiting {
                // The final response came instead of 100 Continue: the content will never be sent.
                self.spent = true;
                self.held.clear();
                self.held_end = false;
                self.cut_request();
            }
        }
        self.settle();
        // RFC 9112 section 6.3: what follows the last response must not be taken for the next.
        self.soiled |= more && self.pending.is_empty() && self.phase == Phase::Open;
        Ok(Event::End { trailers })
    }

    /// The stream has ended, and all that came was looked at.
    fn at_end(&mut self, end: End) -> Result<Option<Event>, Error> {
        if self.phase != Phase::Open {
            return Ok(None);
        }
        let Some(pending) = self.pending.front() else {
            return self.leave(end == End::Clean && !self.soiled).map(Some);
        };
        let error = |kind| Err(Error::peer(kind, 0).with_retry(pending.retry(self.output.sent())));
        match pending.exchange.response() {
            Side::Head if self.head.is_fresh() => error(ErrorKind::Unanswered),
            Side::Head => error(ErrorKind::Truncated),
            // RFC 9112 section 8: without a length, the end of the connection is the end of the body; a reset is not.
            Side::Body if end == End::Clean && self.body.ends_with_stream() => {
                self.end_response(None, false).map(Some)
            }
            Side::Body => error(ErrorKind::Truncated),
            // The response is complete, the request never will be.
            Side::Done | Side::Switched => {
                self.pending.clear();
                self.leave(false).map(Some)
            }
        }
    }

    fn fail(&mut self, error: Error) -> Error {
        let retry = match error.kind {
            ErrorKind::Unanswered | ErrorKind::Truncated => error.retry,
            ErrorKind::Stalled | ErrorKind::HeadTimeout => self.retries().next().unwrap_or(Retry::No),
            // It would be answered in the same way.
            _ => Retry::No,
        };
        let error = error.without_reply().with_retry(retry);
        self.phase = Phase::Left;
        self.patience.stops();
        self.fault = Some(error.clone());
        error
    }

    /// What the peer's next move is, after the input was looked at.
    fn waiting(&self, told: bool) -> Waiting {
        let Some(pending) = self.pending.front() else { return Waiting::Nothing };
        match pending.exchange.response() {
            _ if self.phase != Phase::Open => Waiting::Nothing,
            Side::Head if !self.head.is_fresh() => Waiting::Head,
            Side::Head if pending.exchange.expect == Expect::Waiting => Waiting::Continue,
            // It is the caller who is not done.
            Side::Head if pending.exchange.request() == Side::Body => Waiting::Nothing,
            Side::Head => Waiting::Answer,
            Side::Body if !told => Waiting::Body,
            _ => Waiting::Nothing,
        }
    }
}

/// Whether another response may follow this one (RFC 9112 sections 6.3 and 9.3).
fn reusable(head: &ResponseHead<'_>, framing: Framing) -> bool {
    let fields = head.fields();
    let coded = fields.has_any(Known::TransferEncoding.mark());
    // RFC 9112 section 6.1: both framings, or a coding in HTTP/1.0, are faulty.
    let faulty = coded && (fields.has_any(Known::ContentLength.mark()) || head.version() == Version::Http10);
    persists(head.version(), fields) && framing != Framing::UntilClose && !faulty
}

impl Endpoint for Client {
    type Event = Event;
    type Error = Error;

    #[inline]
    fn receive(&mut self, input: &mut BytesMut, now: Time) -> Result<Option<Event>, Error> {
        if self.patience.waiting() == Waiting::Head && self.head.is_waiting(input) {
            return Ok(None);
        }
        self.look(input, None, now)
    }

    fn receive_eof(&mut self, input: &mut BytesMut, end: End, now: Time) -> Result<Option<Event>, Error> {
        self.look(input, Some(end), now)
    }

    fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    fn sent(&mut self, n: u64, now: Time) {
        self.output.advance(n);
        self.patience.sent(n, now);
        self.patience.sends(!self.output.is_empty(), now);
    }

    fn deadline(&self) -> Option<Time> {
        match self.fault {
            Some(_) => None,
            None => self.patience.deadline(&self.config.timeouts),
        }
    }

    fn handle_deadline(&mut self, now: Time) -> Result<Option<Event>, Error> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let kind = match self.patience.overdue(&self.config.timeouts, now) {
            None | Some(Overdue::Idle) => return Ok(None),
            Some(Overdue::Continue) => {
                // The first request is the one that waits: none follows it yet.
                self.patience.stops();
                return self.continue_now().map(|()| None);
            }
            Some(Overdue::Head) => ErrorKind::HeadTimeout,
            Some(Overdue::Incoming) => ErrorKind::Stalled,
            Some(Overdue::Outgoing) => {
                self.output.clear();
                ErrorKind::Stalled
            }
        };
        Err(self.fail(Error::peer(kind, 0)))
    }

    fn payload(&self) -> u64 {
        match self.pending.front() {
            Some(pending) if self.phase == Phase::Open && pending.exchange.response() == Side::Body => {
                self.body.payload()
            }
            _ => 0,
        }
    }

    fn payload_received(&mut self, n: u64, now: Time) {
        self.patience.looks(now);
        self.patience.received(n);
        self.body.skip(n);
    }

    fn is_idle(&self) -> bool {
        self.pending.is_empty() && self.can_reuse()
    }

    fn status(&self) -> Status {
        match self.phase {
            Phase::Leaving { .. } | Phase::Left => Status::Closed,
            Phase::Switched => Status::Switched,
            Phase::Switching => Status::Open,
            Phase::Open => match self.pending.front() {
                // Our own end is still under way: nothing comes until the caller acts.
                Some(pending) if matches!(pending.exchange.response(), Side::Done | Side::Switched) => {
                    Status::Paused
                }
                _ => Status::Open,
            },
        }
    }
}

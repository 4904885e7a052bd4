//! The server's end of a connection: requests come in, responses go out, one exchange after the other.
//!
//! The rule: the next request is taken only when the response to the one before has ended. What a client pipelines
//! behind it waits, unread, in the driver's input, so answers can't get out of order and memory can't grow; and as all
//! of that input is there when the time comes, sixteen pipelined requests still leave as one write.

use alloc::string::ToString;

use bytes::{Bytes, BytesMut};
use proto_core::{End, Endpoint, Output, Status, Time};

use crate::incoming::{BodyReader, HeadReader, Piece, WholeHead, check_size};
use crate::outgoing::{Added, Body, BodyWriter, Connection, put_head};
use crate::patience::{Overdue, Patience, Waiting};
use crate::request::RequestLine;
use crate::state::{Exchange, Expect, Outcome, Side, Step};
use crate::{
    Config, Error, ErrorKind, FieldLines, Framing, Known, PreparedResponse, Request, RequestHead,
    ResponseBuilder, StatusCode, Trailers, Unread, Version,
};

/// What happens at a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The head of a request. An [`End`](Event::End) follows it, with data in between if it has a body.
    Request(Request),
    /// The client waits before it sends the body: [`continue_now`](Server::continue_now) asks for it,
    /// [`respond`](Server::respond) or [`reject`](Server::reject) goes without (RFC 9110 section 10.1.1).
    ExpectContinue,
    /// A run of the body.
    Data(Bytes),
    /// The extensions of the chunk that follows; only if [`Config::chunk_extensions`] says so.
    ChunkExtension(Bytes),
    /// The request is complete.
    End {
        /// Fields that came behind a chunked body, kept apart from the head's.
        trailers: Option<Trailers>,
    },
    /// The connection speaks another protocol from here on: what is unread belongs to it.
    Switched,
    /// Nothing more will come: the client hung up between two requests or was idle for too long, or a response has
    /// ended the connection.
    Closed,
}

/// Where the connection is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// [`Event::Closed`] is still to be told.
    Leaving,
    Left,
    /// [`Event::Switched`] is still to be told.
    Switching,
    Switched,
}

/// A server's end of a connection.
///
/// ```
/// use bytes::BytesMut;
/// use http1::{ResponseBuilder, StatusCode, server::{Event, Server}};
/// use proto_core::{Endpoint, Time};
///
/// let mut server = Server::default();
/// let mut input = BytesMut::from("GET /hello HTTP/1.1\r\nHost: example.com\r\n\r\n");
/// while let Some(event) = server.receive(&mut input, Time::ZERO).unwrap() {
///     if let Event::End { .. } = event {
///         server.answer(&ResponseBuilder::new(StatusCode::OK), "hello".into()).unwrap();
///     }
/// }
/// let sent: Vec<u8> = server.output().slices().flatten().copied().collect();
/// assert_eq!(sent, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
/// ```
#[derive(Debug)]
pub struct Server {
    config: Config,
    output: Output,
    /// The exchange under way; `None` between two.
    exchange: Option<Exchange>,
    head: HeadReader<RequestLine>,
    /// What was made of the head that the reader remembers: a request without content.
    last: Option<(RequestLine, Exchange)>,
    body: BodyReader,
    writer: BodyWriter,
    phase: Phase,
    fault: Option<Error>,
    patience: Patience,
    /// A request has come before.
    greeted: bool,
    /// The present exchange, with those already waiting behind it, is to be the last.
    shutting_down: bool,
    /// Something was left in the input when it was last looked at.
    backlog: bool,
    /// Bytes of the present body that were dropped, for it was answered already.
    dropped: u64,
    /// The last word was said.
    refused: bool,
}

impl Default for Server {
    fn default() -> Self {
        Self::new(Config::DEFAULT)
    }
}

/// What the caller says.
impl Server {
    /// A server at the start of a connection.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Server {
            config,
            output: Output::new(),
            exchange: None,
            head: HeadReader::new(),
            last: None,
            body: BodyReader::EMPTY,
            writer: BodyWriter::Nothing,
            phase: Phase::Open,
            fault: None,
            patience: Patience::new(),
            greeted: false,
            shutting_down: false,
            backlog: false,
            dropped: 0,
            refused: false,
        }
    }

    /// Begins the final response. The server adds Content-Length or Transfer-Encoding, and Connection. Unless the body
    /// is [`Body::Empty`], [`end`](Server::end) must follow, also where [`wants_body`](Server::wants_body) says that no
    /// content is to be sent.
    ///
    /// It may come before the request's body has ended. Once both the response has ended and the request is not yet,
    /// what is left of the request is dropped, up to [`Limits::drain`](crate::Limits::drain).
    ///
    /// With 101, or a success to CONNECT, the connection is switched: [`Event::Switched`] follows.
    ///
    /// # Errors
    /// [`ErrorKind::NotNow`] if no request waits for a response; [`ErrorKind::Status`] for 1xx, or 101 to a request
    /// without Upgrade; [`ErrorKind::NoBody`] for a body where there can't be one; [`ErrorKind::Http10Peer`] for chunks
    /// to an HTTP/1.0 client. Nothing is emitted then.
    pub fn respond(&mut self, head: &ResponseBuilder, body: Body) -> Result<(), Error> {
        self.begin(head, body, body == Body::Empty)
    }

    /// `whole`: the response ends at once, and with it the interest in the request.
    fn begin(&mut self, head: &ResponseBuilder, body: Body, whole: bool) -> Result<(), Error> {
        let mut exchange = self.answering()?;
        let status = head.status();
        let switch = check_switch(&exchange, status)?;
        let framing = frame(&exchange, status, body)?;
        let drop_rest = whole && exchange.request() == Side::Body && self.is_too_much();
        exchange.keep = switch || (self.persists(&exchange, head, framing) && !drop_rest);
        let connection = connection(&exchange, switch);
        exchange.step(if switch { Step::Switch } else { Step::Final })?;
        put_head(&mut self.output, head.lines(), Added { framing, connection });
        let content = !exchange.method.head && !status.is_bodiless() && body != Body::Empty;
        self.writer = if content { BodyWriter::new(framing) } else { BodyWriter::Nothing };
        if body == Body::Empty && !switch {
            exchange.step(Step::ResponseEnd)?;
        }
        if exchange.keep {
            // If it was held back, it may come now, to be dropped.
            exchange.expect = Expect::Nothing;
        }
        self.exchange = Some(exchange);
        self.settle();
        Ok(())
    }

    /// A whole response. To HEAD, and with 304, just its head is sent, with the length of the content.
    ///
    /// # Errors
    /// As [`respond`](Server::respond).
    pub fn answer(&mut self, head: &ResponseBuilder, content: Bytes) -> Result<(), Error> {
        let bare = content.is_empty() && head.status().is_bodiless();
        self.begin(head, if bare { Body::Empty } else { Body::Known(content.len() as u64) }, true)?;
        if bare {
            return Ok(());
        }
        if self.wants_body() {
            self.writer.push(content, &mut self.output)?;
        }
        self.end(None)
    }

    /// A whole response that was put together before: the same as [`answer`](Server::answer) with its head and content, at
    /// the price of a copy.
    ///
    /// # Errors
    /// As [`respond`](Server::respond).
    pub fn answer_prepared(&mut self, response: &PreparedResponse) -> Result<(), Error> {
        match (response.usual(), self.exchange) {
            (Some(bytes), Some(mut exchange)) if self.is_usual(&exchange) => {
                exchange.step(Step::Final)?;
                exchange.step(Step::ResponseEnd)?;
                self.output.put(bytes);
                self.writer = BodyWriter::Nothing;
                self.exchange = Some(exchange);
                self.settle();
                Ok(())
            }
            _ => self.answer(response.head(), response.content().clone()),
        }
    }

    /// A response to it, unless that one wants to be the last, says nothing about the connection and has its content.
    fn is_usual(&self, exchange: &Exchange) -> bool {
        let plain =
            exchange.keep && exchange.version == Version::Http11 && exchange.expect == Expect::Nothing;
        let method = exchange.method;
        let last = self.shutting_down && !self.backlog;
        let open = self.phase == Phase::Open && self.fault.is_none();
        plain && open && !(method.head || method.connect || last || self.is_too_much())
    }

    /// The response under way has content: it doesn't answer HEAD, nor is it a 304.
    #[must_use]
    pub fn wants_body(&self) -> bool {
        self.writer != BodyWriter::Nothing
    }

    /// Sends an interim response: 103 Early Hints (RFC 8297), 102, another 100.
    ///
    /// # Errors
    /// [`ErrorKind::NotNow`] if no request waits for a response, [`ErrorKind::Status`] for what is not 1xx or is 101,
    /// [`ErrorKind::Http10Peer`]: an HTTP/1.0 client knows no interim responses (RFC 9110 section 15.2).
    pub fn interim(&mut self, head: &ResponseBuilder) -> Result<(), Error> {
        let mut exchange = self.answering()?;
        if !head.status().is_interim() || head.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Error::caller(ErrorKind::Status));
        }
        if exchange.version == Version::Http10 {
            return Err(Error::caller(ErrorKind::Http10Peer));
        }
        exchange.step(Step::Interim)?;
        if head.status() == StatusCode::CONTINUE {
            exchange.expect = Expect::Nothing;
        }
        put_head(
            &mut self.output,
            head.lines(),
            Added { framing: Framing::None, connection: Connection::Usual },
        );
        self.exchange = Some(exchange);
        Ok(())
    }

    /// Asks for the body the client holds back; does nothing if it does not, or no longer (RFC 9110 section 10.1.1).
    ///
    /// # Errors
    /// [`ErrorKind::NotNow`] if no request waits for a response.
    pub fn continue_now(&mut self) -> Result<(), Error> {
        let mut exchange = self.answering()?;
        if exchange.expect != Expect::Nothing {
            exchange.expect = Expect::Nothing;
            self.output.put(b"HTTP/1.1 100 Continue\r\n\r\n");
            self.exchange = Some(exchange);
        }
        Ok(())
    }

    /// Content of the response under way. What is large is not copied.
    ///
    /// # Errors
    /// [`ErrorKind::NotNow`] without a response under way, [`ErrorKind::NoBody`] if it has no content,
    /// [`ErrorKind::LengthMismatch`] for more than was declared. Nothing is emitted then.
    pub fn data(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.sending()?;
        self.writer.push(bytes, &mut self.output)
    }

    /// [`data`](Server::data) that is borrowed: copied, whatever its size.
    ///
    /// # Errors
    /// As there.
    pub fn copy(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.sending()?;
        self.writer.put(bytes, &mut self.output)
    }

    /// `n` bytes of content that the owner of the socket moves itself, as with `sendfile`: a gap in the output.
    ///
    /// # Errors
    /// As [`data`](Server::data).
    pub fn reserve(&mut self, n: u64) -> Result<(), Error> {
        self.sending()?;
        self.writer.reserve(n, &mut self.output)
    }

    /// The response under way is complete. Trailers need chunks; to an HTTP/1.0 client with [`Body::Unknown`] they are
    /// left out.
    ///
    /// # Errors
    /// [`ErrorKind::NotNow`] without a response under way, [`ErrorKind::LengthMismatch`] for less than was declared,
    /// [`ErrorKind::FramingField`] for a trailer that may not be one.
    pub fn end(&mut self, trailers: Option<&FieldLines>) -> Result<(), Error> {
        let mut exchange = self.sending()?;
        self.writer.check_end(trailers)?;
        exchange.step(Step::ResponseEnd)?;
        self.writer.end(trailers, &mut self.output);
        self.exchange = Some(exchange);
        self.settle();
        Ok(())
    }

    /// Refuses the request, or whatever came instead: this status, a sentence, and the end of the connection.
    ///
    /// # Errors
    /// [`ErrorKind::NotNow`] if a response is under way, [`ErrorKind::Status`] for a status that refuses nothing.
    pub fn reject(&mut self, status: StatusCode) -> Result<(), Error> {
        if status.code() < 300 || status.is_bodiless() {
            return Err(Error::caller(ErrorKind::Status));
        }
        if !self.may_refuse() {
            return Err(Error::caller(ErrorKind::NotNow));
        }
        self.refuse(status, status.reason());
        if self.phase == Phase::Open {
            self.phase = Phase::Leaving;
        }
        Ok(())
    }

    /// No more requests: an idle connection is closed, the present exchange, and what was already pipelined behind it,
    /// is finished first and its last response says `Connection: close`.
    pub fn shut_down(&mut self) {
        self.shutting_down = true;
    }

    /// The exchange, if its final response has not begun.
    fn answering(&self) -> Result<Exchange, Error> {
        let exchange = self.exchange.filter(|exchange| exchange.response() == Side::Head);
        self.possible(exchange)
    }

    /// The exchange, if its final response is under way.
    fn sending(&self) -> Result<Exchange, Error> {
        let exchange = self.exchange.filter(|exchange| exchange.response() == Side::Body);
        self.possible(exchange)
    }

    /// The peer's fault does not stop a response that was begun.
    fn possible(&self, exchange: Option<Exchange>) -> Result<Exchange, Error> {
        if self.phase == Phase::Open || self.fault.is_some() {
            exchange.ok_or_else(|| Error::caller(ErrorKind::NotNow))
        } else {
            Err(Error::caller(ErrorKind::Over))
        }
    }

    /// RFC 9112 section 9.3, and what makes the server end the connection by itself.
    fn persists(&self, exchange: &Exchange, head: &ResponseBuilder, framing: Framing) -> bool {
        let unwanted_body = exchange.expect != Expect::Nothing && self.config.unread == Unread::Close;
        // A client may have sent tunnel bytes early: they must not be read as requests.
        let refused_connect = exchange.method.connect && !self.config.lenient.refused_connect;
        let last = self.shutting_down && !self.backlog;
        let ended = framing == Framing::UntilClose || head.lines().wants_close();
        exchange.keep && self.fault.is_none() && !(unwanted_body || refused_connect || last || ended)
    }

    /// What follows from where the exchange has come to.
    fn settle(&mut self) {
        let Some(mut exchange) = self.exchange else { return };
        if self.fault.is_some() {
            return;
        }
        // Nothing of the request is to come, and who has answered it already is not told of its end.
        if exchange.response() == Side::Done && matches!(self.body, BodyReader::Length(0)) {
            // It may have ended before.
            let _ = exchange.step(Step::RequestEnd);
            self.exchange = Some(exchange);
        }
        match exchange.outcome() {
            Outcome::Going if exchange.response() == Side::Done && self.is_too_much() => {
                self.phase = Phase::Leaving;
            }
            Outcome::Going => {}
            Outcome::Next => self.exchange = None,
            Outcome::Last => self.phase = Phase::Leaving,
            Outcome::Switched => self.phase = Phase::Switching,
        }
    }

    /// More of the body is to come than is worth dropping.
    fn is_too_much(&self) -> bool {
        matches!(self.body, BodyReader::Length(left) if left > self.config.limits.drain)
    }

    /// Nothing of a final response has been emitted for what is before us.
    fn may_refuse(&self) -> bool {
        let begun = self.exchange.is_some_and(|exchange| exchange.response() != Side::Head);
        !begun && !self.refused && (self.phase == Phase::Open || self.fault.is_some())
    }

    /// Writes a whole response that ends the connection.
    fn refuse(&mut self, status: StatusCode, reason: &str) {
        let mut head = ResponseBuilder::new(status);
        // Both are known to be well-formed.
        let _ = head.field(Known::ContentType, "text/plain");
        let framing = Framing::Length(reason.len() as u64 + 1);
        put_head(&mut self.output, head.lines(), Added { framing, connection: Connection::Close });
        if !self.exchange.is_some_and(|exchange| exchange.method.head) {
            self.output.put(reason.as_bytes());
            self.output.put(b"\n");
        }
        self.exchange = None;
        self.refused = true;
        self.patience.stops();
    }
}

/// 101 needs a client that asked (RFC 9110 section 7.8); a success to CONNECT switches too. Other 1xx are not final.
fn check_switch(exchange: &Exchange, status: StatusCode) -> Result<bool, Error> {
    match status {
        StatusCode::SWITCHING_PROTOCOLS if exchange.upgrade => Ok(true),
        status if status.is_interim() => Err(Error::caller(ErrorKind::Status)),
        status => Ok(exchange.opens_tunnel(status)),
    }
}

/// How a response is framed: what its fields say, whether or not content follows (RFC 9112 section 6, RFC 9110 section
/// 8.6).
fn frame(exchange: &Exchange, status: StatusCode, body: Body) -> Result<Framing, Error> {
    let http10 = exchange.version == Version::Http10;
    let no_content = status.is_interim() || status == StatusCode::NO_CONTENT || exchange.opens_tunnel(status);
    match (status, body) {
        (StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED, Body::Empty) => Ok(Framing::None),
        _ if no_content && body == Body::Empty => Ok(Framing::None),
        _ if no_content => Err(Error::caller(ErrorKind::NoBody)),
        // RFC 9110 section 15.3.6.
        (StatusCode::RESET_CONTENT, Body::Known(1..) | Body::Chunked | Body::Unknown)
        | (StatusCode::NOT_MODIFIED, Body::Chunked | Body::Unknown) => Err(Error::caller(ErrorKind::NoBody)),
        (_, Body::Empty) => Ok(Framing::Length(0)),
        (_, Body::Known(n)) => Ok(Framing::Length(n)),
        (_, Body::Chunked) if http10 => Err(Error::caller(ErrorKind::Http10Peer)),
        (_, Body::Unknown) if http10 => Ok(Framing::UntilClose),
        (_, Body::Chunked | Body::Unknown) => Ok(Framing::Chunked),
    }
}

fn connection(exchange: &Exchange, switch: bool) -> Connection {
    match (exchange.keep, exchange.version) {
        _ if switch => Connection::Usual,
        (false, _) => Connection::Close,
        (true, Version::Http10) => Connection::KeepAlive,
        (true, Version::Http11) => Connection::Usual,
    }
}

/// What the peer says.
impl Server {
    /// What `receive` does beyond the shortest way.
    fn look(&mut self, input: &mut BytesMut, end: Option<End>, now: Time) -> Result<Option<Event>, Error> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        self.patience.looks(now);
        let result = match (self.advance(input), end) {
            (Ok(None), Some(end)) => self.at_end(end),
            (result, _) => result,
        };
        self.backlog = !input.is_empty();
        match result {
            Ok(event) => {
                self.patience.waits(self.waiting(event.is_some()), now);
                self.patience.sends(!self.output.is_empty(), now);
                Ok(event)
            }
            Err(error) => Err(self.fail(error, now)),
        }
    }

    fn advance(&mut self, input: &mut BytesMut) -> Result<Option<Event>, Error> {
        loop {
            match self.phase {
                Phase::Open => {}
                Phase::Leaving => return Ok(Some(self.tell_end())),
                Phase::Switching => {
                    self.phase = Phase::Switched;
                    return Ok(Some(Event::Switched));
                }
                Phase::Left | Phase::Switched => return Ok(None),
            }
            let Some(exchange) = &mut self.exchange else {
                if self.shutting_down && input.is_empty() && self.head.is_fresh() {
                    self.phase = Phase::Leaving;
                    continue;
                }
                return self.next_request(input);
            };
            if exchange.expect == Expect::Untold {
                exchange.expect = Expect::Waiting;
                return Ok(Some(Event::ExpectContinue));
            }
            match (exchange.request(), exchange.response()) {
                (Side::Body, Side::Done) => {
                    if !self.drop_piece(input)? {
                        return Ok(None);
                    }
                }
                (Side::Body, _) => return self.next_piece(input),
                _ => return Ok(None),
            }
        }
    }

    fn next_request(&mut self, input: &mut BytesMut) -> Result<Option<Event>, Error> {
        if let Some(request) = self.same_again(input) {
            return Ok(Some(Event::Request(request)));
        }
        let folds = self.config.lenient.folded_lines;
        let Some(WholeHead { bytes, line, fields }) = self.head.next(input, folds, &self.config)? else {
            return Ok(None);
        };
        let head = RequestHead::new(&bytes, line, &fields);
        let exchange = self.exchange.insert(Exchange::of(&head));
        exchange.step(Step::RequestHead)?;
        head.check(&self.config)?;
        let framing = Framing::of_request_with(&head, &self.config.lenient)?;
        exchange.expect = expectation(&head, framing)?;
        check_size(framing.len().unwrap_or(0), &self.config)?;
        self.body = BodyReader::new(framing, &self.config);
        let is_plain = framing == Framing::None && self.head.remember(&bytes);
        self.last = self.exchange.filter(|_| is_plain).map(|exchange| (line, exchange));
        self.begin_request();
        Ok(Some(Event::Request(Request::new(bytes, line, fields, framing))))
    }

    /// The request before once more, byte for byte, as a script in a loop sends it: it is known what that one means.
    fn same_again(&mut self, input: &mut BytesMut) -> Option<Request> {
        let (line, exchange) = self.last?;
        let (bytes, fields) = self.head.again(input)?;
        self.exchange = Some(exchange);
        self.body = BodyReader::EMPTY;
        self.begin_request();
        Some(Request::new(bytes, line, fields, Framing::None))
    }

    fn begin_request(&mut self) {
        self.dropped = 0;
        self.greeted = true;
        self.patience.begins();
    }

    fn next_piece(&mut self, input: &mut BytesMut) -> Result<Option<Event>, Error> {
        let Some(piece) = self.body.next(input, &self.config)? else { return Ok(None) };
        if let Some(exchange) = &mut self.exchange {
            // Whoever sends the body does not wait for leave.
            exchange.expect = Expect::Nothing;
        }
        Ok(Some(match piece {
            Piece::Data(data) => {
                self.patience.received(data.len() as u64);
                Event::Data(data)
            }
            Piece::Extension(extension) => Event::ChunkExtension(extension),
            Piece::End(trailers) => {
                self.end_request()?;
                Event::End { trailers }
            }
        }))
    }

    fn end_request(&mut self) -> Result<(), Error> {
        if let Some(exchange) = &mut self.exchange {
            exchange.step(Step::RequestEnd)?;
        }
        self.settle();
        Ok(())
    }

    /// Drops a piece of a body that was answered already. `false`: more bytes are needed.
    fn drop_piece(&mut self, input: &mut BytesMut) -> Result<bool, Error> {
        match self.body.next(input, &self.config)? {
            None => return Ok(false),
            Some(Piece::End(_)) => self.end_request()?,
            Some(Piece::Data(data)) => {
                self.patience.received(data.len() as u64);
                self.dropped = self.dropped.saturating_add(data.len() as u64);
            }
            Some(Piece::Extension(_)) => {}
        }
        if self.dropped > self.config.limits.drain {
            self.phase = Phase::Leaving;
        }
        Ok(true)
    }

    /// The stream has ended, and all that came was looked at.
    fn at_end(&mut self, end: End) -> Result<Option<Event>, Error> {
        if self.phase != Phase::Open {
            return Ok(None);
        }
        let truncated = || {
            let error = Error::peer(ErrorKind::Truncated, 0);
            // Who has reset the connection reads no reply.
            Err(if end == End::Cut { error.without_reply() } else { error })
        };
        match self.exchange {
            None if self.head.is_fresh() => Ok(Some(self.tell_end())),
            None => truncated(),
            // It was answered, and the rest was to be dropped.
            Some(exchange) if exchange.response() == Side::Done => Ok(Some(self.tell_end())),
            Some(exchange) if exchange.request() == Side::Body => truncated(),
            // A client that half-closes still gets its answer.
            Some(_) => Ok(None),
        }
    }

    fn tell_end(&mut self) -> Event {
        self.phase = Phase::Left;
        Event::Closed
    }

    /// From here on nothing is read. The fault is answered, unless a response was begun.
    fn fail(&mut self, error: Error, now: Time) -> Error {
        let may_refuse = self.may_refuse();
        let error = if may_refuse { error } else { error.without_reply() };
        if let Some(status) = error.reply
            && self.config.answer_faults
        {
            self.refuse(status, &error.kind.to_string());
        }
        self.phase = Phase::Left;
        self.patience.stops();
        self.patience.sends(!self.output.is_empty(), now);
        self.fault = Some(error.clone());
        error
    }

    /// What the peer's next move is, after the input was looked at.
    fn waiting(&self, told: bool) -> Waiting {
        match self.exchange {
            _ if self.phase != Phase::Open => Waiting::Nothing,
            None if !self.head.is_fresh() => Waiting::Head,
            // Who is still taking an answer is not idle.
            None if !self.output.is_empty() => Waiting::Nothing,
            None if self.greeted => Waiting::Idle,
            None => Waiting::First,
            // It is the caller who has not decided.
            Some(exchange) if exchange.expect != Expect::Nothing => Waiting::Nothing,
            Some(exchange) if exchange.request() == Side::Body && !told => Waiting::Body,
            Some(_) => Waiting::Nothing,
        }
    }
}

/// `Expect = #expectation`, of which only `100-continue` is known; in an HTTP/1.0 request that one is ignored, as it is
/// without content (RFC 9110 section 10.1.1).
fn expectation(head: &RequestHead<'_>, framing: Framing) -> Result<Expect, Error> {
    if !head.fields().has_any(Known::Expect.mark()) {
        return Ok(Expect::Nothing);
    }
    for expectation in head.fields().elements(Known::Expect) {
        if !expectation.eq_ignore_ascii_case(b"100-continue") {
            return Err(Error::peer(ErrorKind::Expectation, head.as_bytes().len()).of_field(Known::Expect));
        }
    }
    let asks = head.fields().elements(Known::Expect).next().is_some();
    let waits = asks && head.version() == Version::Http11 && !framing.is_empty();
    Ok(if waits { Expect::Untold } else { Expect::Nothing })
}

impl Endpoint for Server {
    type Event = Event;
    type Error = Error;

    #[inline]
    fn receive(&mut self, input: &mut BytesMut, now: Time) -> Result<Option<Event>, Error> {
        if self.patience.waiting() == Waiting::Head
            && (self.head.is_waiting(input) || self.head.takes_line(input, &self.config))
        {
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
        if self.exchange.is_none() {
            self.patience.waits(self.waiting(false), now);
        }
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
            None => return Ok(None),
            Some(Overdue::Idle) => {
                self.patience.stops();
                return Ok(Some(self.tell_end()));
            }
            Some(Overdue::Head) => ErrorKind::HeadTimeout,
            Some(Overdue::Incoming | Overdue::Continue) => ErrorKind::Stalled,
            Some(Overdue::Outgoing) => {
                // Who takes nothing would not take this either.
                self.output.clear();
                return Err(self.fail(Error::peer(ErrorKind::Stalled, 0).without_reply(), now));
            }
        };
        Err(self.fail(Error::peer(kind, 0), now))
    }

    fn payload(&self) -> u64 {
        match self.exchange {
            Some(exchange)
                if self.phase == Phase::Open
                    && exchange.request() == Side::Body
                    && exchange.response() != Side::Done
                    && exchange.expect != Expect::Untold =>
            {
                self.body.payload()
            }
            _ => 0,
        }
    }

    fn payload_received(&mut self, n: u64, now: Time) {
        self.patience.looks(now);
        self.patience.received(n);
        self.body.skip(n);
        if let Some(exchange) = &mut self.exchange {
            exchange.expect = Expect::Nothing;
        }
    }

    fn is_idle(&self) -> bool {
        self.phase == Phase::Open && self.exchange.is_none() && self.head.is_fresh()
    }

    fn status(&self) -> Status {
        match (self.phase, self.exchange) {
            (Phase::Leaving | Phase::Left, _) => Status::Finishing,
            (Phase::Switched, _) => Status::Switched,
            (Phase::Open, Some(exchange)) if exchange.request() == Side::Done => Status::Paused,
            (Phase::Open | Phase::Switching, _) => Status::Open,
        }
    }
}

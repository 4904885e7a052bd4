//! A client and a server talk to each other in memory, in virtual time, over a wire that cuts bytes anyhow: random
//! scripts, and never are they stuck, never do they disagree on where a message ends.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use http1::{
    Body, Client, Config, ErrorKind, FieldLines, Known, Method, RequestBuilder, ResponseBuilder, Server,
    StatusCode, client, server,
};
use proptest::prelude::*;
use proto_core::{Drive, DriveLimits, End, Endpoint, Status, Time, Turn, earliest};

/// How a body is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Empty,
    Known,
    /// Through a gap, as a file is.
    Gap,
    Chunked,
    Trailers,
    Unknown,
}

/// When and how the server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    AtTheHead,
    AtTheEnd,
    /// At the head it begins, at the end it ends.
    Between,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    No,
    /// The server says 100.
    Continue,
    /// The server says nothing: the client grows tired of waiting.
    Silence,
}

#[derive(Clone, Debug)]
struct Exchange {
    method: Method<'static>,
    request: (Way, usize),
    wait: Wait,
    when: When,
    interim: usize,
    status: StatusCode,
    response: (Way, usize),
}

/// How the conversation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    ClientCloses,
    ServerCloses,
    Tunnel,
    Upgrade,
}

fn way() -> impl Strategy<Value = (Way, usize)> {
    let ways = [Way::Empty, Way::Known, Way::Gap, Way::Chunked, Way::Trailers, Way::Unknown];
    (prop::sample::select(ways.to_vec()), prop_oneof![0_usize..40, 4000_usize..9000]).prop_map(
        |(way, len)| match way {
            Way::Empty => (way, 0),
            way => (way, len),
        },
    )
}

fn exchange() -> impl Strategy<Value = Exchange> {
    let methods = [Method::Get, Method::Head, Method::Post, Method::Put, Method::Other("BREW")];
    let statuses = [200, 204, 304, 404].map(|code| StatusCode::new(code).unwrap());
    let whens = [When::AtTheHead, When::AtTheEnd, When::AtTheEnd, When::Between];
    let waits = [Wait::No, Wait::No, Wait::Continue, Wait::Silence];
    let sample = (
        prop::sample::select(methods.to_vec()),
        way(),
        prop::sample::select(waits.to_vec()),
        prop::sample::select(whens.to_vec()),
        0_usize..3,
        prop::sample::select(statuses.to_vec()),
        way(),
    );
    sample.prop_map(|(method, request, wait, when, interim, status, response)| {
        // An expectation needs content, and an answer at the head is one instead of 100 Continue.
        let wait = if request.1 == 0 || when != When::AtTheEnd { Wait::No } else { wait };
        let response = if status.is_bodiless() { (Way::Empty, 0) } else { response };
        Exchange { method, request, wait, when, interim, status, response }
    })
}

/// Cuts bytes: a little generator of its own, so that a script is replayed by its seed.
struct Dice(u64);

impl Dice {
    fn up_to(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        1 + (self.0 as usize) % n
    }
}

/// Content that says whose it is.
fn letter(index: usize) -> u8 {
    b'a' + (index % 26) as u8
}

fn declared((way, len): (Way, usize)) -> Body {
    match way {
        Way::Empty => Body::Empty,
        Way::Known | Way::Gap => Body::Known(len as u64),
        Way::Chunked | Way::Trailers => Body::Chunked,
        Way::Unknown => Body::Unknown,
    }
}

/// What both ends can be told to send.
trait Sends {
    fn data(&mut self, bytes: Bytes);
    fn reserve(&mut self, n: u64);
    fn end(&mut self, trailers: Option<&FieldLines>);
}

macro_rules! sends {
    ($end:ty) => {
        impl Sends for $end {
            fn data(&mut self, bytes: Bytes) {
                <$end>::data(self, bytes).unwrap();
            }
            fn reserve(&mut self, n: u64) {
                <$end>::reserve(self, n).unwrap();
            }
            fn end(&mut self, trailers: Option<&FieldLines>) {
                <$end>::end(self, trailers).unwrap();
            }
        }
    };
}
sends!(Client);
sends!(Server);

/// Sends the body; `content` is false where none may follow.
fn send_body(
    to: &mut impl Sends,
    (way, len): (Way, usize),
    letter: u8,
    content: bool,
    gaps: &mut VecDeque<u8>,
) {
    let mut trailers = FieldLines::new();
    trailers.push("X-Length", len.to_string()).unwrap();
    match way {
        Way::Empty => return,
        _ if !content => {}
        Way::Gap => {
            to.reserve(len as u64);
            if len > 0 {
                gaps.push_back(letter);
            }
        }
        _ => {
            for part in vec![letter; len].chunks(len / 3 + 1) {
                to.data(Bytes::copy_from_slice(part));
            }
        }
    }
    to.end((way == Way::Trailers).then_some(&trailers));
}

/// One end of the wire.
struct Side<E> {
    drive: Drive<E>,
    gaps: VecDeque<u8>,
    /// The stream is ours: it was switched.
    raw: bool,
    closed: bool,
    shut: bool,
}

impl<E: Endpoint> Side<E> {
    fn new(endpoint: E, limits: DriveLimits) -> Self {
        let drive = Drive::new(endpoint, limits);
        Side { drive, gaps: VecDeque::new(), raw: false, closed: false, shut: false }
    }

    /// Moves some bytes to the other end's input. Whether any moved.
    fn give(&mut self, input: &mut BytesMut, dice: &mut Dice, now: Time) -> bool {
        let most = if dice.up_to(3) == 1 { 9000 } else { 20 };
        let n = dice.up_to(most);
        let output = self.drive.output();
        let gap = output.gap();
        let n = if gap > 0 {
            let n = n.min(gap as usize);
            input.extend(std::iter::repeat_n(*self.gaps.front().unwrap(), n));
            if n as u64 == gap {
                self.gaps.pop_front();
            }
            n
        } else {
            let Some(slice) = output.slices().next() else { return false };
            let n = n.min(slice.len());
            input.extend_from_slice(&slice[..n]);
            n
        };
        self.drive.sent(n as u64, now);
        true
    }
}

/// The conversation, seen from above.
struct Talk {
    script: Vec<Exchange>,
    last: Last,
    client: Side<Client>,
    server: Side<Server>,
    /// Requests sent, requests received, responses received.
    asked: usize,
    heard: usize,
    answered: usize,
    request_body: Vec<u8>,
    response_body: Vec<u8>,
    /// The server has begun to answer.
    begun: bool,
    interims: usize,
    early: bool,
}

impl Talk {
    fn new(script: Vec<Exchange>, last: Last) -> Self {
        Talk {
            script,
            last,
            client: Side::new(Client::default(), DriveLimits::client()),
            server: Side::new(Server::default(), DriveLimits::server()),
            asked: 0,
            heard: 0,
            answered: 0,
            request_body: Vec::new(),
            response_body: Vec::new(),
            begun: false,
            interims: 0,
            early: false,
        }
    }

    fn is_last(&self, index: usize) -> bool {
        index + 1 == self.script.len()
    }

    /// Sends as many requests as may be.
    fn ask(&mut self) {
        while let Some(exchange) = self.script.get(self.asked).cloned() {
            let last = self.is_last(self.asked);
            let tunnel = last && self.last == Last::Tunnel;
            let (method, target) = if tunnel { (Method::Connect, "a:1") } else { (exchange.method, "/") };
            let mut head = RequestBuilder::new(method, target).unwrap();
            head.field(Known::Host, "a").unwrap();
            head.field("X-Index", self.asked.to_string()).unwrap();
            if exchange.wait != Wait::No && !tunnel {
                head.field(Known::Expect, "100-continue").unwrap();
            }
            if last && self.last == Last::ClientCloses {
                head.field(Known::Connection, "close").unwrap();
            }
            if last && self.last == Last::Upgrade {
                head.field(Known::Upgrade, "x").unwrap();
            }
            let request = if tunnel { (Way::Empty, 0) } else { exchange.request };
            let client = self.client.drive.endpoint_mut();
            match client.request(&head, declared(request)) {
                Ok(()) => {}
                Err(error) if matches!(error.kind, ErrorKind::NotNow | ErrorKind::PipelineFull) => return,
                Err(error) => panic!("{error:?}"),
            }
            send_body(client, request, letter(self.asked), true, &mut self.client.gaps);
            self.asked += 1;
        }
    }

    fn at_server(&mut self, event: server::Event) {
        match event {
            server::Event::Request(request) => {
                let index = request.fields().text("X-Index").unwrap();
                assert_eq!(index, self.heard.to_string(), "the server sees all requests, in order");
                self.request_body.clear();
                (self.begun, self.early) = (false, false);
                if self.script[self.heard].when != When::AtTheEnd && !self.switches(self.heard) {
                    self.begin();
                }
            }
            server::Event::ExpectContinue => {
                if self.script[self.heard].wait == Wait::Continue {
                    self.server.drive.endpoint_mut().continue_now().unwrap();
                }
            }
            server::Event::Data(data) => self.request_body.extend_from_slice(&data),
            server::Event::End { trailers } => {
                let (way, len) = self.script[self.heard].request;
                let tunnel = self.is_last(self.heard) && self.last == Last::Tunnel;
                if !tunnel {
                    assert_eq!(self.request_body, vec![letter(self.heard); len]);
                    assert_eq!(trailers.is_some(), way == Way::Trailers);
                }
                if !self.begun {
                    self.begin();
                }
                self.finish();
            }
            server::Event::Switched | server::Event::Closed => {}
            server::Event::ChunkExtension(_) => panic!("not asked for"),
        }
    }

    fn switches(&self, index: usize) -> bool {
        self.is_last(index) && matches!(self.last, Last::Tunnel | Last::Upgrade)
    }

    /// The server begins to answer, and if it is to be an early answer also ends.
    fn begin(&mut self) {
        self.begun = true;
        let exchange = self.script[self.heard].clone();
        let last = self.is_last(self.heard);
        let server = self.server.drive.endpoint_mut();
        for _ in 0..exchange.interim {
            server.interim(&ResponseBuilder::new(StatusCode::EARLY_HINTS)).unwrap();
        }
        let mut head = ResponseBuilder::new(exchange.status);
        if last && self.last == Last::Upgrade {
            head.restart(StatusCode::SWITCHING_PROTOCOLS);
            head.field(Known::Upgrade, "x").unwrap();
        }
        if last && self.last == Last::Tunnel {
            head.restart(StatusCode::OK);
        }
        if last && self.last == Last::ServerCloses {
            head.field(Known::Connection, "close").unwrap();
        }
        let body = if self.switches(self.heard) { Body::Empty } else { declared(exchange.response) };
        self.server.drive.endpoint_mut().respond(&head, body).unwrap();
        // A response without a body ends where it begins, and what is left of the request is not told.
        let early = exchange.when == When::AtTheHead
            || (exchange.when == When::Between && exchange.response.0 == Way::Empty);
        if early && !self.switches(self.heard) {
            self.early = true;
            self.end_response();
        }
    }

    fn end_response(&mut self) {
        let switches = self.switches(self.heard);
        let response = self.script[self.heard].response;
        let server = self.server.drive.endpoint_mut();
        let content = server.wants_body();
        if !switches {
            send_body(server, response, letter(self.heard), content, &mut self.server.gaps);
        }
        self.heard += 1;
    }

    /// The request has ended; so does the response, if it has not.
    fn finish(&mut self) {
        if !self.early {
            self.end_response();
        }
    }

    fn at_client(&mut self, event: client::Event) {
        match event {
            client::Event::Interim(response) => {
                self.interims += usize::from(response.status() == StatusCode::EARLY_HINTS);
            }
            client::Event::Response(response) | client::Event::EarlyFinal(response) => {
                let exchange = &self.script[self.answered];
                assert_eq!(self.interims, exchange.interim);
                if !self.switches(self.answered) {
                    assert_eq!(response.status(), exchange.status);
                }
                self.interims = 0;
                self.response_body.clear();
            }
            client::Event::Data(data) => self.response_body.extend_from_slice(&data),
            client::Event::End { trailers } => {
                let exchange = &self.script[self.answered];
                let content = exchange.method != Method::Head && !exchange.status.is_bodiless();
                let len = if content { exchange.response.1 } else { 0 };
                assert_eq!(self.response_body, vec![letter(self.answered); len]);
                assert_eq!(trailers.is_some(), content && exchange.response.0 == Way::Trailers);
                self.answered += 1;
            }
            client::Event::Switched => self.answered += 1,
            client::Event::Closed { clean } => assert!(clean),
            client::Event::ChunkExtension(_) => panic!("not asked for"),
        }
    }

    /// Lets both ends act until they wait. Gives the next deadline.
    fn settle(&mut self, now: Time) -> Option<Time> {
        let mut deadline = None;
        while !self.client.raw && !self.client.closed {
            self.ask();
            match self.client.drive.poll(now).expect("the server does no wrong") {
                Turn::Event(event) => self.at_client(event),
                Turn::Wait(wait) | Turn::Paused(wait) => {
                    deadline = earliest(deadline, wait.deadline);
                    break;
                }
                Turn::Gap(_) => break,
                Turn::Yours(status) => self.client.raw = status == Status::Switched,
                Turn::Closed => self.client.closed = true,
            }
        }
        while !self.server.raw && !self.server.closed {
            match self.server.drive.poll(now).expect("the client does no wrong") {
                Turn::Event(event) => self.at_server(event),
                Turn::Wait(wait) | Turn::Paused(wait) => {
                    deadline = earliest(deadline, wait.deadline);
                    if wait.shut {
                        self.server.shut = true;
                        self.server.drive.shut();
                        continue;
                    }
                    break;
                }
                Turn::Gap(_) => break,
                Turn::Yours(status) => self.server.raw = status == Status::Switched,
                Turn::Closed => self.server.closed = true,
            }
        }
        deadline
    }

    fn run(&mut self, dice: &mut Dice) {
        let mut now = Time::ZERO;
        loop {
            let deadline = self.settle(now);
            let moved = self.client.give(self.server.drive.input(), dice, now)
                | self.server.give(self.client.drive.input(), dice, now);
            let over = self.answered == self.script.len();
            if moved {
                continue;
            }
            if over && (self.client.raw || self.client.closed || self.client.drive.is_idle()) {
                return;
            }
            now = deadline.expect("never stuck");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn client_and_server_agree_on_every_boundary(
        script in prop::collection::vec(exchange(), 1..8),
        last in prop::sample::select(&[Last::ClientCloses, Last::ServerCloses, Last::Tunnel, Last::Upgrade][..]),
        seed in 1_u64..,
    ) {
        let mut talk = Talk::new(script, last);
        let mut dice = Dice(seed);
        talk.run(&mut dice);
        prop_assert_eq!(talk.answered, talk.script.len());
        if talk.client.raw {
            // What the tunnel's first bytes are belongs to the tunnel.
            prop_assert!(talk.server.raw);
            prop_assert!(talk.client.drive.input().is_empty() && talk.server.drive.input().is_empty());
        } else {
            prop_assert!(talk.client.closed, "the last exchange was said to be the last");
            talk.server.drive.lost(End::Clean);
            talk.settle(Time::ZERO);
            prop_assert!(talk.server.closed);
        }
    }
}

/// A driver that feeds a server one request at a time and one that feeds it a pipeline see the same responses.
#[test]
fn sixteen_pipelined_requests_are_answered_in_one_piece() {
    let mut client = Client::default();
    let mut head = RequestBuilder::new(Method::Get, "/").unwrap();
    head.field(Known::Host, "a").unwrap();
    for _ in 0..16 {
        client.request(&head, Body::Empty).unwrap();
    }
    let mut server = Drive::new(Server::new(Config::DEFAULT), DriveLimits::server());
    for slice in client.output().slices() {
        server.input().extend_from_slice(slice);
    }
    let mut answered = 0;
    while let Turn::Event(event) = server.poll(Time::ZERO).unwrap() {
        if let server::Event::End { .. } = event {
            server.endpoint_mut().answer(&ResponseBuilder::new(StatusCode::OK), "hello".into()).unwrap();
            answered += 1;
        }
    }
    assert_eq!((answered, server.output().slices().count()), (16, 1));
    let mut input: BytesMut = server.output().slices().flatten().copied().collect();
    let mut ends = 0;
    while let Some(event) = client.receive(&mut input, Time::ZERO).unwrap() {
        ends += usize::from(matches!(event, client::Event::End { .. }));
    }
    assert_eq!((ends, client.in_flight(), client.can_reuse()), (16, 0, true));
}

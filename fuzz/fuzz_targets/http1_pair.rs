//! A client and a server told to do anything at any time: what they refuse they refuse without a byte, and what they
//! send the other end understands.

#![no_main]

use arbitrary::Arbitrary;
use bytes::BytesMut;
use http1::{
    Body, Client, Known, Method, RequestBuilder, ResponseBuilder, Server, StatusCode, client, server,
};
use libfuzzer_sys::fuzz_target;
use proto_core::{Endpoint, Status, Time};

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Size {
    Empty,
    Known(u8),
    Chunked,
    Unknown,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Move {
    Request { method: u8, body: Size, extra: u8 },
    Content(u8),
    Finish,
    ContinueNow,
    Respond { status: u16, body: Size, close: bool },
    Interim(u16),
    Answer(u8),
    Data(u8),
    End,
    Reject(u16),
    SayContinue,
    ToServer(u8),
    ToClient(u8),
}

fn body(size: Size) -> Body {
    match size {
        Size::Empty => Body::Empty,
        Size::Known(n) => Body::Known(u64::from(n)),
        Size::Chunked => Body::Chunked,
        Size::Unknown => Body::Unknown,
    }
}

fn request(method: u8, extra: u8) -> RequestBuilder {
    const METHODS: [Method<'_>; 5] =
        [Method::Get, Method::Head, Method::Post, Method::Connect, Method::Other("BREW")];
    let method = METHODS[usize::from(method) % METHODS.len()];
    let target = if method == Method::Connect { "a:1" } else { "/" };
    let mut head = RequestBuilder::new(method, target).unwrap();
    head.field(Known::Host, "a").unwrap();
    match extra % 8 {
        0 => drop(head.field(Known::Expect, "100-continue")),
        1 => drop(head.field(Known::Upgrade, "x")),
        2 => drop(head.field(Known::Connection, "close")),
        _ => {}
    }
    head
}

fn response(status: u16, close: bool) -> ResponseBuilder {
    let mut head = ResponseBuilder::new(StatusCode::new(100 + status % 500).unwrap());
    if close {
        head.field(Known::Connection, "close").unwrap();
    }
    head
}

/// A command that is refused emits nothing.
fn command<E: Endpoint>(end: &mut E, act: impl FnOnce(&mut E) -> Result<(), http1::Error>) {
    let before = end.output().len();
    if act(end).is_err() {
        assert_eq!(end.output().len(), before);
    }
}

fn give(from: &mut impl Endpoint, input: &mut BytesMut, most: usize) -> bool {
    let Some(slice) = from.output().slices().next() else { return false };
    let n = most.min(slice.len());
    input.extend_from_slice(&slice[..n]);
    from.sent(n as u64, Time::ZERO);
    n > 0
}

struct Talk {
    client: Client,
    server: Server,
    to_client: BytesMut,
    to_server: BytesMut,
    over: bool,
    /// The server may have spoken before it was asked.
    rejected: bool,
}

impl Talk {
    fn receive(&mut self) {
        while !self.over && self.server.status() != Status::Switched {
            match self.server.receive(&mut self.to_server, Time::ZERO).expect("the client does no wrong") {
                Some(server::Event::Closed | server::Event::Switched) | None => break,
                Some(_) => {}
            }
        }
        while !self.over && self.client.status() != Status::Switched {
            match self.client.receive(&mut self.to_client, Time::ZERO) {
                Ok(Some(client::Event::Closed { clean })) => {
                    assert!(clean || self.rejected);
                    self.over = true;
                }
                Ok(Some(client::Event::Switched)) | Ok(None) => break,
                Ok(Some(_)) => {}
                // The server may close while requests are in flight, and nothing else.
                Err(error) => {
                    assert_eq!(error.kind, http1::ErrorKind::Unanswered);
                    self.over = true;
                }
            }
        }
    }

    fn act(&mut self, step: Move) {
        const CONTENT: [u8; 256] = [b'x'; 256];
        let (client, server) = (&mut self.client, &mut self.server);
        match step {
            Move::Request { method, body: size, extra } => {
                command(client, |client| client.request(&request(method, extra), body(size)));
            }
            Move::Content(n) => command(client, |client| client.copy(&CONTENT[..usize::from(n)])),
            Move::Finish => command(client, |client| client.end(None)),
            Move::ContinueNow => command(client, Client::continue_now),
            Move::Respond { status, body: size, close } => {
                command(server, |server| server.respond(&response(status, close), body(size)));
            }
            Move::Interim(status) => command(server, |server| server.interim(&response(status, false))),
            Move::Answer(n) => command(server, |server| {
                server.answer(&response(100, false), CONTENT[..usize::from(n)].to_vec().into())
            }),
            Move::Data(n) => command(server, |server| server.copy(&CONTENT[..usize::from(n)])),
            Move::End => command(server, |server| server.end(None)),
            Move::Reject(status) => {
                self.rejected = true;
                command(server, |server| server.reject(response(status, false).status()));
            }
            Move::SayContinue => command(server, Server::continue_now),
            Move::ToServer(n) => drop(give(client, &mut self.to_server, usize::from(n))),
            Move::ToClient(n) => drop(give(server, &mut self.to_client, usize::from(n))),
        }
    }
}

fuzz_target!(|moves: Vec<Move>| {
    let mut talk = Talk {
        client: Client::default(),
        server: Server::default(),
        to_client: BytesMut::new(),
        to_server: BytesMut::new(),
        over: false,
        rejected: false,
    };
    let mut interims = 0;
    for step in moves {
        interims += usize::from(matches!(step, Move::Interim(_) | Move::SayContinue));
        if interims > 16 {
            return; // more are an error by design
        }
        talk.act(step);
        talk.receive();
        if talk.over {
            return;
        }
    }
    // Let all that was said arrive.
    loop {
        let moved = give(&mut talk.client, &mut talk.to_server, usize::MAX)
            | give(&mut talk.server, &mut talk.to_client, usize::MAX);
        talk.receive();
        if !moved || talk.over {
            return;
        }
    }
});

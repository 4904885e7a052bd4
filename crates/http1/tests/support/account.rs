//! An endpoint fed with bytes cut anyhow, and what it told, written down in lines that don't depend on the cuts.

use bytes::BytesMut;
use http1::{
    Body, Client, Config, Error, FieldSection, Known, Method, Request, RequestBuilder, Response,
    ResponseBuilder, Server, StatusCode, Trailers, client, server,
};
use proto_core::{End, Endpoint, Status, Time};

/// What an endpoint told, and what it had to say.
#[derive(Debug, PartialEq, Eq, Clone)]
pub(crate) struct Account {
    pub(crate) told: Vec<String>,
    pub(crate) sent: String,
}

fn fields(section: FieldSection<'_>) -> String {
    let lines: Vec<String> = section.iter().map(|line| format!("{line:?}")).collect();
    format!("[{}]", lines.join(" | "))
}

fn trailers(trailers: &Option<Trailers>) -> String {
    trailers.as_ref().map_or("end".into(), |trailers| format!("end {}", fields(trailers.fields())))
}

fn request(request: &Request) -> String {
    let head = request.head();
    let line = format!("{} {} {}", head.method().as_str(), head.target(), head.version().as_str());
    format!("{line} {:?} {}", request.framing(), fields(head.fields()))
}

fn response(what: &str, response: &Response) -> String {
    let head = response.head();
    let line = format!("{} {} {}", head.version().as_str(), head.status(), head.reason().escape_ascii());
    format!("{what} {line} {:?} {}", response.framing(), fields(head.fields()))
}

/// Runs of data that follow one another are one.
fn note(told: &mut Vec<String>, data: Option<&[u8]>, other: impl FnOnce() -> String) {
    match (data, told.last_mut()) {
        (Some(data), Some(last)) if last.starts_with("data ") => *last += &data.escape_ascii().to_string(),
        (Some(data), _) => told.push(format!("data {}", data.escape_ascii())),
        (None, _) => told.push(other()),
    }
}

pub(crate) fn drain(endpoint: &mut impl Endpoint) -> String {
    let mut sent = Vec::new();
    while !endpoint.output().is_empty() {
        let gap = endpoint.output().gap();
        if gap > 0 {
            sent.extend(std::iter::repeat_n(b'.', usize::try_from(gap).unwrap()));
            endpoint.sent(gap, Time::ZERO);
        }
        let part: Vec<u8> = endpoint.output().slices().flatten().copied().collect();
        endpoint.sent(part.len() as u64, Time::ZERO);
        sent.extend(part);
    }
    sent.escape_ascii().to_string()
}

/// A server that says 100 to who waits, tunnels and upgrades on demand, and answers all else with a word.
pub(crate) fn act(server: &mut Server, event: &server::Event, last: &mut Option<Request>) {
    match event {
        server::Event::Request(request) => *last = Some(request.clone()),
        server::Event::ExpectContinue => server.continue_now().unwrap(),
        server::Event::End { .. } => answer(server, last.as_ref().unwrap()),
        _ => {}
    }
}

fn answer(server: &mut Server, request: &Request) {
    let mut head = ResponseBuilder::new(StatusCode::OK);
    if request.method() == Method::Connect {
        return server.respond(&head, Body::Empty).unwrap();
    }
    if let Some(protocol) = request.fields().elements(Known::Upgrade).next() {
        head.restart(StatusCode::SWITCHING_PROTOCOLS);
        head.field(Known::Upgrade, protocol).unwrap();
        if server.respond(&head, Body::Empty).is_ok() {
            return;
        }
        head.restart(StatusCode::OK);
    }
    server.answer(&head, "ok".into()).unwrap();
}

fn tell(event: &server::Event, told: &mut Vec<String>) {
    use server::Event as E;
    let data = if let E::Data(data) = event { Some(&data[..]) } else { None };
    note(told, data, || match event {
        E::Request(head) => request(head),
        E::ExpectContinue => "expects 100-continue".into(),
        E::ChunkExtension(extension) => format!("extension {}", extension.escape_ascii()),
        E::End { trailers: fields } => trailers(fields),
        E::Switched => "switched".into(),
        E::Closed => "closed".into(),
        E::Data(_) => String::new(),
    });
}

fn tell_client(event: &client::Event, told: &mut Vec<String>) {
    use client::Event as E;
    let data = if let E::Data(data) = event { Some(&data[..]) } else { None };
    note(told, data, || match event {
        E::Interim(head) => response("interim", head),
        E::Response(head) => response("response", head),
        E::EarlyFinal(head) => response("early", head),
        E::ChunkExtension(extension) => format!("extension {}", extension.escape_ascii()),
        E::End { trailers: fields } => trailers(fields),
        E::Switched => "switched".into(),
        E::Closed { clean } => format!("closed{}", if *clean { "" } else { " uncleanly" }),
        E::Data(_) => String::new(),
    });
}

fn fault(error: &Error) -> String {
    let reply = error.reply.map_or("-".into(), |status| status.to_string());
    format!("error {:?} {reply} {:?}", error.kind, error.retry)
}

/// How much to give next, given how much has been given.
pub(crate) type Cut<'a> = &'a mut dyn FnMut(usize) -> usize;

/// Feeds an endpoint with `bytes` in pieces, then with the end of the stream, if any.
fn feed<E: Endpoint<Error = Error>>(
    endpoint: &mut E,
    bytes: &[u8],
    end: Option<End>,
    cut: Cut<'_>,
    told: &mut Vec<String>,
    mut on: impl FnMut(&mut E, &E::Event, &mut Vec<String>),
) {
    let mut input = BytesMut::new();
    let mut given = 0;
    loop {
        let over = given == bytes.len();
        let result = match end {
            Some(end) if over => endpoint.receive_eof(&mut input, end, Time::ZERO),
            _ => endpoint.receive(&mut input, Time::ZERO),
        };
        match result {
            Err(error) => {
                let again = endpoint.receive(&mut input, Time::ZERO).err();
                assert_eq!(again.as_ref(), Some(&error), "errors stick");
                return told.push(fault(&error));
            }
            Ok(Some(event)) => on(endpoint, &event, told),
            Ok(None) if matches!(endpoint.status(), Status::Finishing | Status::Closed) => return,
            Ok(None) if endpoint.status() == Status::Switched => {
                input.extend_from_slice(&bytes[given..]);
                return told.push(format!("left {}", input.escape_ascii()));
            }
            Ok(None) if over => return,
            Ok(None) => {
                let next = cut(given).clamp(1, bytes.len() - given);
                input.extend_from_slice(&bytes[given..given + next]);
                given += next;
            }
        }
    }
}

/// What a server makes of these bytes.
pub(crate) fn serve(bytes: &[u8], end: Option<End>, config: &Config, cut: Cut<'_>) -> Account {
    let mut server = Server::new(config.clone());
    let (mut told, mut last) = (Vec::new(), None);
    feed(&mut server, bytes, end, cut, &mut told, |server, event, told| {
        tell(event, told);
        act(server, event, &mut last);
    });
    Account { told, sent: drain(&mut server) }
}

/// A request to be sent: method, target and whether it asks for an upgrade.
pub(crate) type Ask<'a> = (&'a str, &'a str);

pub(crate) fn ask(client: &mut Client, (method, target): Ask<'_>) {
    let method = Method::parse(method.as_bytes()).unwrap();
    let mut head = RequestBuilder::new(method, target).unwrap();
    head.field(Known::Host, "a").unwrap();
    if target == "/upgrade" {
        head.field(Known::Upgrade, "x").unwrap();
    }
    client.request(&head, Body::Empty).unwrap();
}

/// What a client that sent these requests makes of these bytes.
pub(crate) fn fetch(
    asks: &[Ask<'_>],
    bytes: &[u8],
    end: Option<End>,
    config: &Config,
    cut: Cut<'_>,
) -> Account {
    let mut client = Client::new(config.clone());
    for request in asks {
        ask(&mut client, *request);
    }
    drain(&mut client);
    let mut told = Vec::new();
    feed(&mut client, bytes, end, cut, &mut told, |_, event, told| tell_client(event, told));
    if client.can_reuse() {
        told.push("reusable".into());
    }
    Account { told, sent: drain(&mut client) }
}

/// All at once.
pub(crate) fn whole(_: usize) -> usize {
    usize::MAX
}

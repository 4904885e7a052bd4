//! A client that fetches a page and then what the page names, in one of three ways.

use std::fmt;
use std::net::{SocketAddr, TcpStream};

use examples::Failure;
use http1::client::{Client, Event};
use http1::cookie::{self, SetCookie};
use http1::{Body, Known, Method, RequestBuilder, Response, Version};
use net_core::{Clock, Connection, Step};
use proto_core::Endpoint;

use crate::tape::{Tape, Taped};

/// How connections are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// HTTP/1.0: a connection for every object.
    NonPersistent,
    /// One connection; the next request follows the response to the one before.
    Persistent,
    /// One connection; requests follow each other, whether answered or not.
    Pipelined,
}

impl Way {
    pub(crate) const ALL: [Way; 3] = [Way::NonPersistent, Way::Persistent, Way::Pipelined];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Way::NonPersistent => "non-persistent",
            Way::Persistent => "persistent",
            Way::Pipelined => "pipelined",
        }
    }

    /// How many connections a page with so many images takes.
    pub(crate) fn connections(self, images: usize) -> usize {
        match self {
            Way::NonPersistent => 1 + images,
            Way::Persistent | Way::Pipelined => 1,
        }
    }

    /// How many round trips it takes, one object after the other: one to connect, one for each request that waits.
    pub(crate) fn round_trips(self, images: usize) -> usize {
        match self {
            Way::NonPersistent => 2 * (1 + images),
            Way::Persistent => 1 + 1 + images,
            Way::Pipelined => 1 + 1 + 1,
        }
    }

    /// A request for `path` in this way.
    pub(crate) fn request(self, path: &str, host: &str) -> Result<RequestBuilder, http1::Error> {
        let version = if self == Way::NonPersistent { Version::Http10 } else { Version::Http11 };
        let mut head = RequestBuilder::with_version(Method::Get, path, version)?;
        head.field(Known::Host, host)?;
        Ok(head)
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Way::NonPersistent => "Non-persistent connections (HTTP/1.0): a connection for every object.",
            Way::Persistent => "A persistent connection: all objects over one, one after the other.",
            Way::Pipelined => "A persistent connection with pipelining: all requests for images at once.",
        })
    }
}

/// The images that a page names.
pub(crate) fn images(page: &[u8]) -> Vec<String> {
    let page = String::from_utf8_lossy(page);
    let named = page.split("<img src=\"").skip(1);
    named.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
}

/// A response with all of its body.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) response: Response,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn is_ok(&self) -> bool {
        self.response.status().code() == 200
    }
}

type Line = Connection<Client, Taped>;

/// A client that keeps the cookie it was given, and a tape of what it says and hears.
#[derive(Debug)]
pub(crate) struct Browser {
    address: SocketAddr,
    tape: Tape,
    cookie: Option<(String, String)>,
}

impl Browser {
    pub(crate) fn at(address: SocketAddr, tape: &Tape) -> Self {
        Browser { address, tape: tape.clone(), cookie: None }
    }

    pub(crate) fn connect(&self) -> Result<Line, Failure> {
        let stream = Taped::stream(TcpStream::connect(self.address)?, &self.tape)?;
        Ok(Connection::client(stream, Client::default(), Clock::new()))
    }

    /// The page and all images it names, in the order in which they were asked for.
    pub(crate) fn load(&mut self, way: Way) -> Result<Vec<Reply>, Failure> {
        let host = self.address.to_string();
        let mut line = self.connect()?;
        line.endpoint().request(&way.request("/", &host)?, Body::Empty)?;
        let mut replies = vec![receive(&mut line)?];
        let named = replies.first().map(|page| images(&page.body)).unwrap_or_default();
        if way == Way::Pipelined {
            for path in &named {
                line.endpoint().request(&way.request(path, &host)?, Body::Empty)?;
            }
        }
        for path in &named {
            if way == Way::NonPersistent {
                hear_out(line)?;
                line = self.connect()?;
            }
            if way != Way::Pipelined {
                line.endpoint().request(&way.request(path, &host)?, Body::Empty)?;
            }
            replies.push(receive(&mut line)?);
        }
        Ok(replies)
    }

    /// One object over a connection that stays open.
    pub(crate) fn get(
        &mut self,
        line: &mut Line,
        path: &str,
        fields: &[(Known, String)],
    ) -> Result<Reply, Failure> {
        let mut head = Way::Persistent.request(path, &self.address.to_string())?;
        for (name, value) in fields {
            head.field(*name, value)?;
        }
        if let Some((name, value)) = &self.cookie {
            head.field(Known::Cookie, cookie::header([(name, value)]))?;
        }
        line.endpoint().request(&head, Body::Empty)?;
        let reply = receive(line)?;
        if let Some(cookie) = reply.response.fields().first(Known::SetCookie).and_then(SetCookie::parse) {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            self.cookie = Some((text(cookie.name()), text(cookie.value())));
        }
        Ok(reply)
    }

    /// Opens the page, over a connection of its own; the number that the site knows this visitor by.
    pub(crate) fn visit(&mut self) -> Result<Option<usize>, Failure> {
        let mut line = self.connect()?;
        self.get(&mut line, "/", &[])?;
        Ok(self.cookie.as_ref().and_then(|(_, number)| number.parse().ok()))
    }
}

/// The next whole response.
pub(crate) fn receive<E>(line: &mut Connection<E, Taped>) -> Result<Reply, Failure>
where
    E: Endpoint<Event = Event>,
    E::Error: Send + Sync + 'static,
{
    let mut reply = None;
    loop {
        match line.next()? {
            Step::Event(Event::Response(response)) => reply = Some(Reply { response, body: Vec::new() }),
            Step::Event(Event::Data(bytes)) => {
                if let Some(reply) = &mut reply {
                    reply.body.extend_from_slice(&bytes);
                }
            }
            Step::Event(Event::End { .. }) => return reply.ok_or_else(|| "an end without a response".into()),
            Step::Event(Event::Interim(_)) => {}
            other => return Err(format!("no response: {other:?}").into()),
        }
    }
}

/// The server closes after its response; so does the client then.
fn hear_out(mut line: Line) -> Result<(), Failure> {
    while !matches!(line.next()?, Step::Closed | Step::Paused) {}
    Ok(())
}

//! A client that fetches a page and then what the page names, in one of three ways.

use std::fmt;
use std::net::{SocketAddr, TcpStream};

use examples::Failure;
use http1::client::{Client, Event};
use http1::cookie::{self, Jar, SetCookie};
use http1::{Body, Known, Method, RequestBuilder, Response, Version};
use net_core::{Clock, Connection, Step};
use proto_core::Endpoint;

use super::site::today;
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

/// A client with a jar for the cookies it is given, and a tape of what it says and hears.
#[derive(Debug)]
pub(crate) struct Browser {
    address: SocketAddr,
    tape: Tape,
    jar: Jar,
    /// Who is asked in place of the site.
    proxy: Option<SocketAddr>,
    /// The site's name, if it is known by more than its address.
    name: Option<&'static str>,
}

impl Browser {
    pub(crate) fn at(address: SocketAddr, tape: &Tape) -> Self {
        Browser { address, tape: tape.clone(), jar: Jar::new(), proxy: None, name: None }
    }

    /// The same, through a proxy.
    pub(crate) fn through(self, proxy: SocketAddr) -> Self {
        Browser { proxy: Some(proxy), ..self }
    }

    /// The same, for a site of that name.
    pub(crate) fn of(self, name: &'static str) -> Self {
        Browser { name: Some(name), ..self }
    }

    fn host(&self) -> String {
        self.name.map_or_else(|| self.address.to_string(), str::to_owned)
    }

    /// What is asked for: of a proxy, a whole URL (RFC 9112 section 3.2.2).
    fn target(&self, path: &str) -> String {
        match self.proxy {
            Some(_) => format!("http://{}{path}", self.address),
            None => path.to_owned(),
        }
    }

    pub(crate) fn connect(&self) -> Result<Line, Failure> {
        let tcp = TcpStream::connect(self.proxy.unwrap_or(self.address))?;
        let stream = Taped::stream(tcp, &self.tape)?;
        Ok(Connection::client(stream, Client::default(), Clock::new()))
    }

    /// The page and all images it names, in the order in which they were asked for.
    pub(crate) fn load(&mut self, way: Way) -> Result<Vec<Reply>, Failure> {
        let host = self.host();
        let mut line = self.connect()?;
        line.endpoint().request(&way.request(&self.target("/"), &host)?, Body::Empty)?;
        let mut replies = vec![receive(&mut line)?];
        let named = replies.first().map(|page| images(&page.body)).unwrap_or_default();
        if way == Way::Pipelined {
            for path in &named {
                line.endpoint().request(&way.request(&self.target(path), &host)?, Body::Empty)?;
            }
        }
        for path in &named {
            if way == Way::NonPersistent {
                hear_out(line)?;
                line = self.connect()?;
            }
            if way != Way::Pipelined {
                line.endpoint().request(&way.request(&self.target(path), &host)?, Body::Empty)?;
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
        let mut head = Way::Persistent.request(&self.target(path), &self.host())?;
        for (name, value) in fields {
            head.field(*name, value)?;
        }
        let host = self.address.ip().to_string();
        let request = cookie::Request::new(&host, path, false);
        if let Some(cookies) = self.jar.header(&request, today()) {
            head.field(Known::Cookie, cookies)?;
        }
        line.endpoint().request(&head, Body::Empty)?;
        let reply = receive(line)?;
        for cookie in reply.response.fields().all(Known::SetCookie).filter_map(SetCookie::parse) {
            self.jar.set(&cookie, &request, today())?;
        }
        Ok(reply)
    }

    /// Opens the page, over a connection of its own; the number that the site knows this visitor by.
    pub(crate) fn visit(&mut self) -> Result<Option<usize>, Failure> {
        let mut line = self.connect()?;
        self.get(&mut line, "/", &[])?;
        let number =
            self.jar.iter().next().map(|cookie| String::from_utf8_lossy(cookie.value()).into_owned());
        Ok(number.and_then(|number| number.parse().ok()))
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

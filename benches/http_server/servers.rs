//! The servers that this bench is itself, as its own child: the two floors, and those by others.
//!
//! The rule: each by its own maker's example, with the content in memory and nothing switched on that it need not.

use std::convert::Infallible;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::child::{CONTENT, Failure};
use super::load::request;
use super::{MIO_FLOOR, THREADS_FLOOR};

/// Serves as the contender of this name.
pub(crate) fn serve(name: &str) -> Result<(), Failure> {
    match name {
        MIO_FLOOR => mio_floor(),
        THREADS_FLOOR => threads_floor(),
        "hyper 1.12.0" => hyper_server(),
        "tiny_http 0.12.0" => tiny_http_server(),
        "may_minihttp 0.1.11" => may_minihttp_server(),
        _ => Err(format!("no server called {name}").into()),
    }
}

fn announce(address: SocketAddr) {
    println!("listening on http://{address}");
}

/// An answer of the length that `http_server` gives.
fn canned() -> Vec<u8> {
    let head = "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: application/octet-stream\r\n\
                ETag: \"92f25d-6b0283cf.2c7bd5e9-400\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
                Accept-Ranges: bytes\r\nContent-Length: 1024\r\n\r\n";
    [head.as_bytes(), &CONTENT].concat()
}

/// Answers kept ready for up to so many requests in one read.
struct Canned {
    answers: Vec<u8>,
    answer: usize,
    request: usize,
}

impl Canned {
    const MOST: usize = 32;

    fn new() -> Self {
        let answer = canned();
        Canned { answers: answer.repeat(Self::MOST), answer: answer.len(), request: request().len() }
    }

    /// What to write for `n` bytes of requests; `rest` is what did not make a whole one.
    fn for_bytes(&self, n: usize, rest: &mut usize) -> &[u8] {
        let (requests, left) = ((*rest + n) / self.request, (*rest + n) % self.request);
        *rest = left;
        &self.answers[..requests.min(Self::MOST) * self.answer]
    }
}

/// Reads, parses nothing, writes.
fn mio_floor() -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    announce(listener.local_addr()?);
    let mut listener = mio::net::TcpListener::from_std(listener);
    let mut poll = Poll::new()?;
    const DOOR: Token = Token(usize::MAX);
    poll.registry().register(&mut listener, DOOR, Interest::READABLE)?;
    let (canned, mut room) = (Canned::new(), vec![0; 64 << 10]);
    let mut streams: Vec<Option<(TcpStream, usize)>> = Vec::new();
    let mut events = Events::with_capacity(256);
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == DOOR {
                while let Ok((mut stream, _)) = listener.accept() {
                    stream.set_nodelay(true)?;
                    let place = Token(streams.len());
                    poll.registry().register(&mut stream, place, Interest::READABLE | Interest::WRITABLE)?;
                    streams.push(Some((stream, 0)));
                }
                continue;
            }
            let place = &mut streams[event.token().0];
            let Some((stream, rest)) = place else { continue };
            match stream.read(&mut room) {
                Ok(n) if n > 0 => stream.write_all(canned.for_bytes(n, rest))?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                _ => *place = None,
            }
        }
    }
}

/// The same with a thread per connection.
fn threads_floor() -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    announce(listener.local_addr()?);
    for stream in listener.incoming() {
        let mut stream = stream?;
        stream.set_nodelay(true)?;
        thread::spawn(move || -> io::Result<()> {
            let (canned, mut room, mut rest) = (Canned::new(), vec![0; 64 << 10], 0);
            loop {
                match stream.read(&mut room)? {
                    0 => return Ok(()),
                    n => stream.write_all(canned.for_bytes(n, &mut rest))?,
                }
            }
        });
    }
    Ok(())
}

fn hyper_server() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        announce(listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .pipeline_flush(true)
                .serve_connection(TokioIo::new(stream), service_fn(hyper_answer));
            tokio::spawn(connection);
        }
    })
}

async fn hyper_answer(_: Request<hyper::body::Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::new(Bytes::from_static(&CONTENT)));
    let fields = response.headers_mut();
    for (name, value) in [
        ("content-type", "application/octet-stream"),
        ("etag", "\"92f25d-6b0283cf.2c7bd5e9-400\""),
        ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("accept-ranges", "bytes"),
    ] {
        fields.insert(name, hyper::header::HeaderValue::from_static(value));
    }
    Ok(response)
}

fn tiny_http_server() -> Result<(), Failure> {
    let server = tiny_http::Server::http("127.0.0.1:0").map_err(|error| error.to_string())?;
    announce(server.server_addr().to_ip().ok_or("not an address")?);
    for request in server.incoming_requests() {
        request.respond(tiny_http::Response::from_data(CONTENT))?;
    }
    Ok(())
}

#[derive(Clone)]
struct Mini;

impl may_minihttp::HttpService for Mini {
    fn call(
        &mut self,
        _: may_minihttp::Request<'_, '_, '_>,
        response: &mut may_minihttp::Response<'_>,
    ) -> io::Result<()> {
        response.header("Content-Type: application/octet-stream");
        response.header("ETag: \"92f25d-6b0283cf.2c7bd5e9-400\"");
        response.header("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT");
        response.header("Accept-Ranges: bytes");
        response.body_mut().extend_from_slice(&CONTENT);
        Ok(())
    }
}

fn may_minihttp_server() -> Result<(), Failure> {
    may::config().set_workers(1);
    // It does not say which port it got.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let server = may_minihttp::HttpServer(Mini).start(address)?;
    announce(address);
    server.join().map_err(|_| "may_minihttp has panicked")?;
    Ok(())
}

//! One client's connection: its requests, one after the other, and what is done for each.
//!
//! The rule: a request is judged, then forwarded, tunnelled or answered here; and a connection over which a response was
//! cut short ends with it.

use std::collections::VecDeque;
use std::net::{IpAddr, TcpStream};
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use http1::server::Event;
use http1::{Body, Request, ResponseBuilder, Server, StatusCode};
use net_core::poll::{self, Interest};
use net_core::serve::Peer;
use net_core::{Connection, Deadline, Shutdown, Step, Stream};
use rustix::net::sockopt::set_socket_linger;

use super::Proxy;
use super::errand::{Errand, Judgement, Place, judge};
use super::files::Extent;
use super::forward::{Forwarded, Forwarder};
use super::relay::Client;
use super::reply::Reply;
use super::tunnel;
use crate::Failure;

/// How long a client may take for what lies here of a response that is cut short.
const LAST: Duration = Duration::from_secs(5);

/// A client's connection.
pub(super) struct Session<'a> {
    proxy: &'a Arc<Proxy>,
    client: Client,
    tcp: Arc<TcpStream>,
    address: IpAddr,
    shutdown: &'a Shutdown,
    /// The last request was answered out of the cache: the next one may be, too.
    is_regular: bool,
    /// The other end of the tunnel that is about to begin.
    tunnel: Option<TcpStream>,
}

/// The session goes on, or it is over.
type Goes = Result<(), Over>;

/// Nothing more is said.
struct Over;

impl<'a> Session<'a> {
    pub(super) fn new(
        proxy: &'a Arc<Proxy>,
        tcp: Arc<TcpStream>,
        peer: Peer,
        shutdown: &'a Shutdown,
    ) -> Result<Self, Failure> {
        let stream = Stream::new(Arc::clone(&tcp))?;
        let mut client = Connection::new(stream, Server::new(proxy.config.clone()), proxy.clock);
        client.heed(shutdown);
        proxy.stats.connections.one();
        let address = peer.addr.ip();
        Ok(Session { proxy, client, tcp, address, shutdown, is_regular: false, tunnel: None })
    }

    /// To its end.
    pub(super) fn run(mut self) -> Result<(), Failure> {
        loop {
            let (session, step) = self.next()?;
            self = session;
            match step {
                Step::Event(Event::Request(request)) => {
                    if self.shutdown.is_stopping() {
                        self.client.endpoint().shut_down();
                    }
                    if self.serve(&request).is_err() {
                        return Ok(());
                    }
                }
                Step::Event(_) => {}
                // The server stops, and nothing was there to be read.
                Step::Woken => self.client.endpoint().shut_down(),
                Step::Yours(_) => return self.enter_tunnel(),
                Step::Closed => return Ok(()),
                Step::Paused | Step::Gap(_) => return Err("a request was left without an answer".into()),
            }
        }
    }

    /// Waits for what comes next: in the lobby, if that is likely to be a hit.
    fn next(mut self) -> Result<(Self, Step<Event>), Failure> {
        let lobby = self.proxy.lobby.get().filter(|_| self.is_regular && !self.shutdown.is_stopping());
        if let Some(lobby) = lobby {
            // Sees the last request to its end, and what may have come behind it.
            self.client.attend(Deadline::after(Duration::ZERO))?;
            self.client.flush()?;
            if self.client.is_idle() {
                let back = lobby.wait(self.client, self.address, self.shutdown)?;
                self = Session { client: back.client, ..self };
                self.fill(back.extents)?;
                if let Some(step) = back.step {
                    return Ok((self, step?));
                }
            }
        }
        let step = self.client.next()?;
        Ok((self, step))
    }

    /// Sends what the lobby has not got round to.
    fn fill(&mut self, extents: VecDeque<Extent>) -> Result<(), Failure> {
        for Extent { file, mut at, mut left } in extents {
            while left > 0 {
                let until = Deadline::after(self.proxy.options.stall);
                let [room] = poll::wait([(self.client.as_fd(), Interest::WRITE)], until)?;
                if !room.any() {
                    return Err("the client takes nothing any more".into());
                }
                let sent = self.client.send_file(&file, at..at + left)?;
                (at, left) = (at + sent, left - sent);
            }
        }
        Ok(())
    }

    fn serve(&mut self, request: &Request) -> Goes {
        self.proxy.stats.requests.one();
        self.is_regular = false;
        match judge(request, self.proxy) {
            Judgement::Answer(reply) => self.answer(&reply),
            Judgement::Tunnel(place) => self.open_tunnel(&place),
            Judgement::Forward(errand) => self.forward(request, &errand),
        }
    }

    fn answer(&mut self, reply: &Reply) -> Goes {
        self.proxy.stats.own_answers.one();
        tracing::info!(status = reply.status.code(), "answered here");
        reply.send(self.client.endpoint()).map_err(|error| {
            tracing::warn!(%error, "can't answer");
            Over
        })
    }

    fn forward(&mut self, request: &Request, errand: &Errand) -> Goes {
        let (proxy, address) = (self.proxy, self.address);
        match (Forwarder { proxy, request, errand, address, sends_files: false }).run(&mut self.client) {
            Forwarded::Hit(_) => {
                self.is_regular = true;
                Ok(())
            }
            Forwarded::Done => Ok(()),
            Forwarded::Answer(reply) => self.answer(&reply),
            Forwarded::Cut(by_reset) => {
                self.cut(by_reset);
                Err(Over)
            }
        }
    }

    /// Ends the connection in a way that nobody takes for the end of the response.
    fn cut(&mut self, by_reset: bool) {
        self.client.set_deadline(Deadline::after(LAST));
        let _ = self.client.flush();
        if by_reset {
            let _ = set_socket_linger(&*self.tcp, Some(Duration::ZERO));
        }
        self.client.abandon();
    }

    /// RFC 9110 section 9.3.6: the way is there before it is said to be.
    fn open_tunnel(&mut self, place: &Place) -> Goes {
        let deadline = Deadline::after(self.proxy.origins.patience());
        let tcp = match self.proxy.origins.connect(place, deadline) {
            Ok(tcp) => tcp,
            Err(unreachable) => return self.answer(&unreachable.reply()),
        };
        let opened = self.client.endpoint().respond(&ResponseBuilder::new(StatusCode::OK), Body::Empty);
        opened.map_err(|_| Over)?;
        self.proxy.stats.tunnels.one();
        self.tunnel = Some(tcp);
        Ok(())
    }

    fn enter_tunnel(self) -> Result<(), Failure> {
        let Some(origin) = self.tunnel else { return Err("switched to nothing".into()) };
        let (stream, _, unread): (_, _, BytesMut) = self.client.into_parts();
        drop(stream.into_transport().into_tcp()?);
        tunnel::run(&self.tcp, &unread, &origin, self.proxy.options.silence, self.shutdown)
            .map_err(Failure::from)
    }
}

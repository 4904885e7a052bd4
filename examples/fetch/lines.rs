//! Lines to servers: dialled, tunnelled through a proxy, kept for the next request.
//!
//! The rule: a line is kept only if the endpoint says that it can be used again, and belongs to one origin; through a
//! proxy, clear requests to whomever share the line to the proxy.

use std::io;
use std::path::Path;
use std::sync::Arc;

use examples::Failure;
use http1::auth::Basic;
use http1::client::{Client, Event};
use http1::uri::{Origin, Uri};
use http1::{Body, Config, Known, Method, RequestBuilder, Timeouts};
use net_core::connect::Connector;
use net_core::resolve::Target;
use net_core::{Clock, Connection, Deadline, Step, Stream, TlsRole};
use rustls::ClientConfig;

use crate::args::Args;

/// So many lines are kept.
const KEPT: usize = 8;

/// A connection with a client's endpoint.
pub(crate) type Line = Connection<Client>;

/// Where a line leads.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    host: String,
    port: u16,
    secure: bool,
    /// To the proxy itself, for clear requests to whomever.
    proxy: bool,
}

/// The proxy to go through.
#[derive(Debug)]
pub(crate) struct Proxy {
    target: Target,
    /// The value of `Proxy-Authorization`.
    pub(crate) credentials: Option<String>,
}

impl Proxy {
    /// `[http://][user:password@]host:port`
    fn of(args: &Args) -> Result<Option<Self>, Failure> {
        let Some(text) = args.proxy.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
        let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let uri = Uri::parse(&whole).map_err(|error| format!("-x {text}: {error}"))?;
        let origin = uri.origin().map_err(|error| format!("-x {text}: {error}"))?;
        if origin.is_secure() {
            return Err(
                format!("-x {text}: only proxies that are spoken to in clear text are known here").into()
            );
        }
        let named = uri.authority().is_some_and(|authority| authority.port().is_some());
        let port = if named { origin.port() } else { 1080 };
        let user = uri.authority().and_then(|authority| authority.userinfo());
        let credentials = args.proxy_user.as_deref().or(user).map(basic).transpose()?;
        Ok(Some(Proxy { target: Target::new(bare(origin.host()), port)?, credentials }))
    }
}

/// The value of `Authorization` for `user:password` (RFC 7617).
pub(crate) fn basic(text: &str) -> Result<String, Failure> {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    Ok(Basic::new(user, password)?.to_value())
}

/// A handshake failed for what the server has shown, not for want of an answer.
fn is_about_the_certificate(error: &io::Error) -> bool {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    matches!(cause, Some(rustls::Error::InvalidCertificate(_)))
}

/// A host without the brackets of an IP literal.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// All lines.
pub(crate) struct Lines {
    connector: Connector,
    clock: Clock,
    pub(crate) proxy: Option<Proxy>,
    tls: Option<Arc<ClientConfig>>,
    insecure: bool,
    roots: Option<std::path::PathBuf>,
    agent: String,
    idle: Vec<(Place, Line)>,
    /// How many were dialled.
    pub(crate) dialled: u32,
}

impl Lines {
    pub(crate) fn new(args: &Args, agent: &str) -> Result<Self, Failure> {
        Ok(Lines {
            connector: Connector::new(),
            clock: Clock::new(),
            proxy: Proxy::of(args)?,
            tls: None,
            insecure: args.insecure,
            roots: args.roots.clone(),
            agent: agent.to_owned(),
            idle: Vec::new(),
            dialled: 0,
        })
    }

    /// Clear requests to this origin go to the proxy, in absolute-form (RFC 9112 section 3.2.2).
    pub(crate) fn asks_proxy(&self, origin: &Origin<'_>) -> bool {
        self.proxy.is_some() && !origin.is_secure()
    }

    /// A line to `origin`, and whether it has been used before.
    pub(crate) fn line(
        &mut self,
        origin: &Origin<'_>,
        fresh: bool,
        deadline: Deadline,
    ) -> Result<(Line, bool), Failure> {
        let place = self.place(origin);
        while let Some(at) = self.idle.iter().position(|(to, _)| *to == place) {
            let (_, mut line) = self.idle.swap_remove(at);
            line.set_deadline(deadline);
            if !fresh && is_alive(&mut line) {
                return Ok((line, true));
            }
        }
        self.dialled += 1;
        Ok((self.dial(origin, deadline)?, false))
    }

    /// Keeps a line for the next request, if it is good for one.
    pub(crate) fn keep(&mut self, origin: &Origin<'_>, mut line: Line) {
        if line.endpoint().can_reuse() && line.is_idle() {
            if self.idle.len() >= KEPT {
                self.idle.remove(0);
            }
            self.idle.push((self.place(origin), line));
        }
    }

    fn place(&self, origin: &Origin<'_>) -> Place {
        if self.asks_proxy(origin) {
            return Place { host: String::new(), port: 0, secure: false, proxy: true };
        }
        let host = origin.host().to_ascii_lowercase();
        Place { host, port: origin.port(), secure: origin.is_secure(), proxy: false }
    }

    fn dial(&mut self, origin: &Origin<'_>, deadline: Deadline) -> Result<Line, Failure> {
        let whole = deadline.min(Deadline::after(net_core::connect::PATIENCE));
        let tls = if origin.is_secure() { Some(self.tls()?) } else { None };
        let mut stream = match &self.proxy {
            Some(proxy) => Stream::new(self.connector.connect(&proxy.target, whole)?)?,
            None => {
                let target = Target::new(bare(origin.host()), origin.port())?;
                Stream::new(self.connector.connect(&target, whole)?)?
            }
        };
        if let Some(config) = tls {
            if self.proxy.is_some() {
                stream = self.tunnel(stream, origin, whole)?;
            }
            stream.start_tls(TlsRole::client(config, bare(origin.host()))?)?;
            stream.handshake(whole).map_err(|error| {
                let hint = if is_about_the_certificate(&error) { "; -k takes any certificate" } else { "" };
                format!("TLS with {} failed: {error}{hint}", origin.host())
            })?;
        }
        let mut line = Connection::client(stream, Client::new(config()), self.clock);
        line.set_deadline(deadline);
        Ok(line)
    }

    /// CONNECT (RFC 9110 section 9.3.6).
    fn tunnel(&self, stream: Stream, origin: &Origin<'_>, deadline: Deadline) -> Result<Stream, Failure> {
        let target = format!("{}:{}", origin.host(), origin.port());
        let mut head = RequestBuilder::new(Method::Connect, &target)?;
        head.field(Known::Host, &target)?.field(Known::UserAgent, &self.agent)?;
        if let Some(credentials) = self.proxy.as_ref().and_then(|proxy| proxy.credentials.as_ref()) {
            head.field(Known::ProxyAuthorization, credentials)?;
        }
        let mut line = Connection::client(stream, Client::new(config()), self.clock);
        line.set_deadline(deadline);
        line.endpoint().request(&head, Body::Empty)?;
        loop {
            match line.next()? {
                Step::Event(Event::Response(response)) if !response.status().is_success() => {
                    let status = response.status().code();
                    return Err(format!("the proxy answers {status} to CONNECT {target}").into());
                }
                Step::Event(_) | Step::Woken => {}
                Step::Yours(_) => {
                    let (stream, _, unread) = line.into_parts();
                    if unread.is_empty() {
                        return Ok(stream);
                    }
                    return Err("the proxy spoke before the tunnel was asked to".into());
                }
                step => return Err(format!("the proxy does not open a tunnel: {step:?}").into()),
            }
        }
    }

    fn tls(&mut self) -> Result<Arc<ClientConfig>, Failure> {
        if let Some(config) = &self.tls {
            return Ok(Arc::clone(config));
        }
        let alpn: &[&[u8]] = &[b"http/1.1"];
        let config = if self.insecure {
            net_core::tls::dangerous_client_without_verification(alpn)?
        } else {
            let roots = match &self.roots {
                Some(path) => net_core::tls::roots_from(Path::new(path))?,
                None => net_core::tls::system_roots()?,
            };
            net_core::tls::client(roots, alpn)?
        };
        Ok(Arc::clone(self.tls.insert(config)))
    }
}

/// Nobody has hung up meanwhile, nor said something unasked.
fn is_alive(line: &mut Line) -> bool {
    let looked = line.attend(Deadline::after(std::time::Duration::ZERO)).is_ok();
    looked && line.end().is_none() && line.endpoint().can_reuse()
}

/// A person can press Ctrl-C, and has `--max-time`: only what has certainly stalled is given up.
fn config() -> Config {
    let long = std::time::Duration::from_secs(300);
    let timeouts = Timeouts { head: long, stall: long, idle: long, rate: 0, ..Timeouts::DEFAULT };
    Config { timeouts, ..Config::default() }
}

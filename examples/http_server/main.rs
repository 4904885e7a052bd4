//! A web server for a folder, on three runtimes: threads, mio and tokio.
//!
//! One endpoint (`http1::server::Server`) and one site (`examples::site`) throughout; the runtimes only differ in how they
//! wait. Start it and point curl or a browser at it:
//!
//! ```text
//! cargo run --release --example http_server -- --root . --dir-list
//! ```

mod door;
mod on_mio;
mod on_threads;
mod on_tokio;
mod session;
mod wire;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use examples::caps::elsewhere;
use examples::site::{Options, Site};
use examples::{Caps, Failure, Log, announce};
use http1::server::Server;
use http1::{Config, StatusCode};
use net_core::proxy::Networks;
use net_core::signals::Termination;
use rustls::ServerConfig;

use door::{Answer, Door, Seat};
use session::Session;
use wire::{Socket, Wire};

/// How long those who are connected may take to finish once the server stops.
const DRAIN: Duration = Duration::from_secs(10);

/// Serves a folder over HTTP/1.1
#[derive(Parser, Debug)]
#[command(name = "http_server")]
struct Args {
    /// The folder to serve
    #[arg(long, value_name = "DIR", required_unless_present_any = ["echo", "echo_info"])]
    root: Option<PathBuf>,
    /// Where to listen; port 0 picks one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// What waits for the connections
    #[arg(long, value_enum, default_value = "threads")]
    runtime: Runtime,
    /// How many threads mio and tokio use [default: one per processor]; `threads` uses one per connection
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// List folders that have no index.html
    #[arg(long)]
    dir_list: bool,
    /// Allow PUT, DELETE, and POST of forms
    #[arg(long)]
    allow_write: bool,
    /// Speak TLS, with this chain of certificates (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The key that goes with the certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    #[command(flatten)]
    caps: Caps,
    /// How long a request's head may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = examples::seconds)]
    head_timeout: Duration,
    /// How long a connection may be silent, between two requests or inside one
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = examples::seconds)]
    idle_timeout: Duration,
    /// How long a request's body may be
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 30)]
    max_body: u64,
    /// Answer every request with its own body
    #[arg(long, conflicts_with = "echo_info")]
    echo: bool,
    /// Answer every request with `METHOD PATH BODYLENGTH`
    #[arg(long)]
    echo_info: bool,
    /// Connections begin with a PROXY header (v1 or v2)
    #[arg(long)]
    proxy_protocol: bool,
    /// Networks that may speak for others by a PROXY header; everybody else is turned away
    #[arg(long, value_name = "NET,...", default_value = "0.0.0.0/0,::/0", requires = "proxy_protocol")]
    proxy_from: Networks,
    #[command(flatten)]
    log: Log,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Runtime {
    /// A thread per connection
    Threads,
    /// A few loops that wait for all
    Mio,
    /// A task per connection
    Tokio,
}

/// What every connection needs, on every runtime.
#[derive(Clone)]
struct Shared {
    site: Arc<Site>,
    config: Arc<Config>,
    tls: Option<Arc<ServerConfig>>,
    /// Who may, and must, begin with a PROXY header; `None`: it is not looked for.
    proxies: Option<Arc<Networks>>,
    door: Arc<Door>,
}

impl Shared {
    fn new(args: &Args) -> Result<Self, Failure> {
        let mut config = Config::default();
        config.timeouts.head = args.head_timeout;
        config.timeouts.stall = args.idle_timeout;
        config.timeouts.idle = args.idle_timeout;
        config.limits.body = Some(args.max_body);
        let tls = match (&args.tls_cert, &args.tls_key) {
            (Some(chain), Some(key)) => Some(net_core::tls::server(chain, key, &[b"http/1.1"])?),
            _ => None,
        };
        let site = match &args.root {
            Some(root) => Site::open(root, options(args))
                .map_err(|error| format!("can't serve {}: {error}", root.display()))?,
            None => Site::open(".".as_ref(), options(args))?,
        };
        Ok(Shared {
            site: Arc::new(site),
            config: Arc::new(config),
            tls,
            proxies: args.proxy_protocol.then(|| Arc::new(args.proxy_from.clone())),
            door: Door::new(args.caps),
        })
    }

    /// Who may come in, and on what terms.
    fn greet(&self, peer: SocketAddr) -> Answer {
        match &self.proxies {
            Some(proxies) if !proxies.contain(peer.ip()) => Answer::Away,
            _ => self.door.enter(peer.ip()),
        }
    }

    /// A session for a runtime of readiness. Who is not welcome is told so, and nothing else.
    fn session<S: Socket>(&self, socket: S, seat: Seat, welcome: bool) -> Result<Session<S>, Failure> {
        let wire = Wire::new(socket, self.proxies.is_some(), self.tls.clone())?;
        let mut server = Server::new((*self.config).clone());
        if !welcome {
            server.reject(StatusCode::SERVICE_UNAVAILABLE)?;
        }
        Ok(Session::new(wire, server, &self.site, seat))
    }
}

fn options(args: &Args) -> Options {
    Options {
        list_folders: args.dir_list,
        allow_write: args.allow_write,
        echo: args.echo,
        echo_info: args.echo_info,
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    args.log.start();
    examples::run("http_server", || serve(&args))
}

fn serve(args: &Args) -> Result<(), Failure> {
    let shared = Shared::new(args)?;
    raise_descriptor_limit();
    let termination = Termination::heed()?;
    let scheme = if shared.tls.is_some() { "https" } else { "http" };
    if args.runtime == Runtime::Threads {
        return on_threads::run(args, shared, scheme, &termination);
    }
    let listener = listen(args.listen)?;
    announce(scheme, listener.local_addr()?)?;
    let threads = args.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, Into::into));
    let when_to_stop = |stop: Box<dyn FnOnce() + Send>| Ok(termination.then(stop)?);
    match args.runtime {
        Runtime::Mio => on_mio::run(listener, threads, shared, when_to_stop),
        _ => on_tokio::run(listener, threads, shared, when_to_stop),
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .map_err(|error| elsewhere(format_args!("can't listen at {address}: {error}"), "--listen"))
}

/// Each connection is a descriptor: as many as the system lets us have.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
}

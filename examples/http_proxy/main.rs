//! A caching proxy for HTTP/1.1: forward, with CONNECT, or in front of one origin.
//!
//! The proxy itself is `examples::proxy`; here are its command line, its threads and its signals.
//!
//! ```text
//! cargo run --release --example http_proxy -- --listen 127.0.0.1:3128
//! cargo run --release --example http_proxy -- --reverse http://127.0.0.1:8080 --stats
//! ```

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use examples::caps::unavailable;
use examples::proxy::{Options, Proxy};
use examples::service::DRAIN;
use examples::{Caps, Failure, Log, announce};
use net_core::signals::Termination;

/// Passes HTTP/1.1 on, and keeps what may be kept
#[derive(Parser, Debug)]
#[command(name = "http_proxy", version)]
struct Args {
    /// Where to listen; port 0 picks one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:3128")]
    listen: SocketAddr,
    /// Send everything to this origin, instead of where the client says
    #[arg(long, value_name = "URL")]
    reverse: Option<String>,
    /// How much the cache holds; 0 switches it off
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 20)]
    cache_size: u64,
    /// What it calls itself in Via [default: a name that nobody else has]
    #[arg(long, value_name = "TOKEN")]
    name: Option<String>,
    /// Print what was counted, at the end and at SIGUSR1
    #[arg(long)]
    stats: bool,
    /// How long an origin may take to accept a connection
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = examples::seconds)]
    connect_timeout: Duration,
    /// How long nothing may move while an answer, or content, is due
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = examples::seconds)]
    timeout: Duration,
    /// How long a tunnel may be silent
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = examples::seconds)]
    tunnel_timeout: Duration,
    /// Trust the certificates in this PEM file instead of the system's
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,
    #[command(flatten)]
    caps: Caps,
    #[command(flatten)]
    log: Log,
}

fn main() -> ExitCode {
    let args = Args::parse();
    args.log.start();
    examples::run("http_proxy", || serve(&args))
}

fn serve(args: &Args) -> Result<(), Failure> {
    let proxy = Proxy::new(Options {
        reverse: args.reverse.clone(),
        name: args.name.clone(),
        connect: args.connect_timeout,
        stall: args.timeout,
        silence: args.tunnel_timeout,
        cache: args.cache_size,
        loops: std::thread::available_parallelism().map_or(1, Into::into),
        roots: args.cacert.clone(),
    })?;
    let server = args.caps.listen(args.listen, "--listen")?.on_reject(unavailable);
    let handle = server.handle();
    Termination::heed()?.then(move || handle.shutdown(DRAIN))?;
    let (counted, wanted) = (Arc::clone(&proxy), args.stats);
    // Without --stats the signal is heeded, too: it would end the process.
    at_each_signal(move || {
        if wanted {
            print(&counted);
        }
    })?;
    announce("http", server.local_addr())?;
    let inner = Arc::clone(&proxy);
    let stats = server.run(move |stream, peer, shutdown| {
        if let Err(error) = inner.serve(stream, peer, shutdown) {
            tracing::info!(peer = %peer.addr, error = examples::sentence(&*error), "ended");
        }
    });
    tracing::info!(?stats, "done");
    if args.stats {
        print(&proxy);
    }
    Ok(())
}

fn print(proxy: &Proxy) {
    let mut out = std::io::stdout().lock();
    // Who does not read it any more does not miss it.
    let _ = writeln!(out, "{}", proxy.account()).and_then(|()| out.flush());
}

/// Does something at each SIGUSR1, on a thread of its own.
fn at_each_signal(act: impl Fn() + Send + 'static) -> Result<(), Failure> {
    let (mut bell, rope) = UnixStream::pair()?;
    signal_hook::low_level::pipe::register(signal_hook::consts::SIGUSR1, rope)?;
    let wait = move || {
        let mut rung = [0];
        while matches!(bell.read(&mut rung), Ok(1)) {
            act();
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(wait)?;
    Ok(())
}

//! The upper-case server: every line, or every datagram, comes back in upper case.
//!
//! What it says is in `examples::upper`; here are the command line, and the two ways of having many clients at once.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::{ArgGroup, Parser, ValueEnum};
use examples::Caps;
use examples::caps::elsewhere;
use examples::upper::{House, serve_by_threads, serve_by_waiting, serve_datagrams};
use examples::{Failure, Log, seconds, service};
use net_core::signals::Termination;
use tracing::info;

/// Answers every line (TCP) or datagram (UDP) in ASCII upper case
#[derive(Parser, Debug)]
#[command(name = "upper_server", version)]
#[command(group(ArgGroup::new("listener").required(true).multiple(true).args(["tcp", "udp"])))]
struct Cli {
    /// Listen for connections here; port 0 picks one
    #[arg(long, value_name = "ADDR:PORT")]
    tcp: Option<SocketAddr>,
    /// Listen for datagrams here; port 0 picks one
    #[arg(long, value_name = "ADDR:PORT")]
    udp: Option<SocketAddr>,
    /// How many connections are served at once
    #[arg(long, value_enum, default_value = "thread")]
    model: Model,
    #[command(flatten)]
    caps: Caps,
    /// How long a connection may stay without a whole line, in seconds
    #[arg(long, value_name = "S", default_value = "60", value_parser = seconds)]
    idle_timeout: Duration,
    #[command(flatten)]
    log: Log,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Model {
    /// A thread for each
    Thread,
    /// One thread that waits for all of them
    Poll,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.log.start();
    examples::run("upper_server", || serve(&cli))
}

fn serve(cli: &Cli) -> Result<(), Failure> {
    let termination = Termination::heed()?;
    let house = House { caps: cli.caps, patience: cli.idle_timeout };
    let serve_lines = match cli.model {
        Model::Thread => serve_by_threads,
        Model::Poll => serve_by_waiting,
    };
    let mut services = Vec::new();
    if let Some(address) = cli.tcp {
        services.push(serve_lines(address, house).map_err(|error| elsewhere(error, "--tcp"))?);
    }
    if let Some(address) = cli.udp {
        services.push(serve_datagrams(address).map_err(|error| elsewhere(error, "--udp"))?);
    }
    let tally = service::run(services, &termination)?;
    info!(served = tally.served, peak = tally.peak, cut = tally.cut, "ended");
    Ok(())
}

//! The villagers: a server that gives up after some clients who cried for nothing.
//!
//! What a cry is, and when it was a false alarm, is in `examples::villagers`; here is the command line.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use examples::Caps;
use examples::caps::elsewhere;
use examples::villagers::{self, News, Village};
use examples::{Failure, Log, seconds, service};
use net_core::signals::Termination;
use tracing::{error, info, warn};

/// Answers clients who cry and say why; after too many who cry and stay silent, nobody comes any more
#[derive(Parser, Debug)]
#[command(name = "villagers", version)]
struct Cli {
    /// Listen here; port 0 picks one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// How long a client may take to say what the matter is, in seconds
    #[arg(long, value_name = "S", default_value = "10", value_parser = seconds)]
    patience: Duration,
    /// After so many false alarms the server ends
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    chances: u32,
    #[command(flatten)]
    caps: Caps,
    #[command(flatten)]
    log: Log,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.log.start();
    examples::run("villagers", || serve(&cli))
}

fn serve(cli: &Cli) -> Result<(), Failure> {
    let termination = Termination::heed()?;
    let village = Village { patience: cli.patience, chances: cli.chances, caps: cli.caps };
    let service =
        villagers::serve(cli.listen, village, tell).map_err(|error| elsewhere(error, "--listen"))?;
    service::run(vec![service], &termination)?;
    Ok(())
}

fn tell(peer: SocketAddr, news: News) {
    match news {
        News::True(cry) => info!(%peer, cry = %cry.escape_ascii(), "a true cry"),
        News::False(alarm, count) => warn!(%peer, count, "a false alarm: {alarm}"),
        News::NobodyComes => {
            let mut out = std::io::stdout().lock();
            if let Err(error) = writeln!(out, "nobody comes any more").and_then(|()| out.flush()) {
                error!(%error, "standard output is gone");
            }
        }
    }
}

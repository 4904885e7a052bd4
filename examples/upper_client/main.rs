//! The upper-case client: says a line, prints what comes back.
//!
//! Over TCP the connection does the worrying. Over UDP nobody does: a datagram may be lost, so the client asks again when
//! no answer came in time, and after three tries says that it got none.

use std::io::{self, BufRead, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::{ArgGroup, Parser};
use examples::upper::{Asker, LONGEST_LINE, TRIES, ask};
use examples::{Failure, Log};
use net_core::connect::Connector;
use net_core::resolve::{Resolver, Target};
use net_core::{Clock, Connection, Deadline, Step, Stream};
use tracing::{debug, info};

/// How long the server may take for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends lines to an upper-case server and prints the answers
#[derive(Parser, Debug)]
#[command(name = "upper_client", version)]
#[command(group(ArgGroup::new("server").required(true).args(["tcp", "udp"])))]
struct Cli {
    /// Ask the server at this address over a connection
    #[arg(long, value_name = "HOST:PORT")]
    tcp: Option<Target>,
    /// Ask the server at this address by datagrams
    #[arg(long, value_name = "HOST:PORT")]
    udp: Option<Target>,
    /// What to say; without it each line of standard input is said
    text: Option<String>,
    #[command(flatten)]
    log: Log,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.log.start();
    examples::run("upper_client", || {
        let mut lines: Box<dyn BufRead> = match &cli.text {
            Some(text) => Box::new(io::Cursor::new(if text.is_empty() { "\n" } else { text.as_str() })),
            None => Box::new(io::stdin().lock()),
        };
        match (&cli.tcp, &cli.udp) {
            (Some(server), _) => by_connection(server, &mut lines),
            (_, Some(server)) => by_datagrams(server, &mut lines),
            _ => Err("--tcp or --udp says where the server is".into()),
        }
    })
}

fn by_connection(server: &Target, lines: &mut dyn BufRead) -> Result<(), Failure> {
    let tcp = Connector::new().connect(server, Deadline::after(PATIENCE))?;
    let mut connection = Connection::client(Stream::new(tcp)?, Asker::new(PATIENCE), Clock::new());
    while let Some(line) = next_line(lines)? {
        connection.endpoint().say(&line);
        match connection.next()? {
            Step::Event(answer) => print(&answer)?,
            step => return Err(format!("tcp://{server} ended the conversation: {step:?}").into()),
        }
    }
    connection.endpoint().finish();
    while connection.next()? != Step::Closed {}
    info!("all is answered");
    Ok(())
}

fn by_datagrams(server: &Target, lines: &mut dyn BufRead) -> Result<(), Failure> {
    let address = resolve(server)?;
    while let Some(line) = next_line(lines)? {
        let answer = ask(address, &line, |datagram| debug!(?datagram))
            .map_err(|error| format!("can't ask udp://{server}: {error}"))?;
        let Some(answer) = answer else {
            return Err(format!("udp://{server} gave no answer to {TRIES} tries; is a server there?").into());
        };
        print(&answer)?;
    }
    Ok(())
}

/// The address to ask: datagrams can't be sent to a race of several.
fn resolve(server: &Target) -> Result<SocketAddr, Failure> {
    if let Some(address) = server.address() {
        return Ok(address);
    }
    let host = server.host.to_string();
    let found = Resolver::system()
        .addresses(&host, Deadline::after(PATIENCE))
        .map_err(|error| format!("can't find {host}: {error}"))?;
    let first = found.first().ok_or_else(|| format!("{host} has no address"))?;
    Ok(SocketAddr::new(*first, server.port))
}

/// The next line without its line end; longer ones than the server takes are refused here already.
fn next_line(lines: &mut dyn BufRead) -> Result<Option<Vec<u8>>, Failure> {
    let mut line = Vec::new();
    let most = LONGEST_LINE as u64 + 1;
    if io::Read::take(lines, most).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.len() > LONGEST_LINE {
        return Err(format!("a line is longer than the {LONGEST_LINE} bytes that the server takes").into());
    }
    Ok(Some(line))
}

fn print(answer: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(answer)?;
    out.write_all(b"\n")?;
    out.flush()
}

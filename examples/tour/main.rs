//! The tour: the chapter's protocols at work on one machine, on loopback, with nothing to install.
//!
//! Each act starts its own servers, talks to them over real sockets and prints what crossed those sockets, as the
//! dialogue a textbook would print. Nothing of it is text kept ready. What an act claims, it checks; the last table
//! shows every check, and the tour exits 0 only if all of them held.

mod acts;
mod certificates;
mod screen;
mod stage;
mod tape;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use clap::builder::PossibleValuesParser;
use examples::{Failure, Log};
use net_core::signals::Termination;

use crate::acts::ACTS;
use crate::stage::Stage;

/// The course's protocols at work on one machine: loopback only, nothing to install
#[derive(Parser, Debug)]
#[command(name = "tour", version)]
struct Cli {
    /// The acts to play; all of them if none is named
    #[arg(value_name = "ACT", value_parser = PossibleValuesParser::new(ACTS.iter().map(|act| act.name())))]
    acts: Vec<String>,
    /// Name the acts and what each shows
    #[arg(long, conflicts_with = "serve")]
    list: bool,
    /// Leave every server running afterwards, and print the addresses
    #[arg(long)]
    serve: bool,
    #[command(flatten)]
    log: Log,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.log.start();
    examples::run("tour", || if cli.list { list() } else { play(&cli) })
}

fn list() -> Result<(), Failure> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    for act in ACTS {
        writeln!(out, "{:10}{}", act.name(), act.title())?;
    }
    Ok(())
}

fn play(cli: &Cli) -> Result<(), Failure> {
    let (start, termination) = (Instant::now(), Termination::heed()?);
    let mut stage = Stage::new();
    let wanted = |name| cli.acts.is_empty() || cli.acts.iter().any(|act| act == name);
    for (number, act) in (1..).zip(ACTS).filter(|(_, act)| wanted(act.name())) {
        if termination.has_come() {
            return Err("stopped by a signal before all acts were played".into());
        }
        stage.open(act.name());
        stage.screen.heading(&format!("{number}. {}: {}", act.name(), act.title()));
        let outcome = act.play(&mut stage);
        stage.close(outcome);
    }
    stage.table(start.elapsed());
    if cli.serve {
        stage.serve(&termination)?;
    }
    stage.verdict()
}

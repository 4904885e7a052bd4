//! What the programs share: the habits that make them one family.
//!
//! A ready line per listener on standard output, logs on standard error, exit code 0 after a graceful end, 2 for wrong
//! usage (clap's own), 1 for a failure with a sentence that says what to do. Beside them stand the parts that
//! several programs are made of: a [`site`] turns requests into answers.

pub mod as_bind;
pub mod asking;
pub mod caps;
pub mod corpora;
pub mod nameserver;
pub mod program;
pub mod progress;
pub mod proxy;
pub mod scratch;
pub mod service;
pub mod site;
pub mod upper;
pub mod villagers;
pub mod zones;

use std::error::Error;
use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tracing::Level;

pub use caps::Caps;

/// A failure as the user reads it: what went wrong, and what it came from.
pub type Failure = Box<dyn Error + Send + Sync>;

/// `--log`, the same in every program.
#[derive(Args, Clone, Copy, Debug)]
pub struct Log {
    /// What is logged on standard error
    #[arg(long = "log", value_enum, default_value = "warn", value_name = "LEVEL")]
    level: LogLevel,
}

/// How much is logged.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Only what failed
    Error,
    /// And what looks wrong
    Warn,
    /// And what happens
    Info,
    /// And every step
    Debug,
}

impl Log {
    /// Starts logging to standard error. Once per process.
    pub fn start(self) {
        let level = match self.level {
            LogLevel::Error => Level::ERROR,
            LogLevel::Warn => Level::WARN,
            LogLevel::Info => Level::INFO,
            LogLevel::Debug => Level::DEBUG,
        };
        tracing_subscriber::fmt()
            .with_max_level(level)
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .init();
    }
}

/// Runs a program: its failure becomes a sentence on standard error and exit code 1.
#[must_use]
pub fn run(program: &str, body: impl FnOnce() -> Result<(), Failure>) -> ExitCode {
    match body() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{program}: {}", sentence(failure.as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// An error with all that it came from, in one line.
#[must_use]
pub fn sentence(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

/// The status of a program that nobody reads any more, as shells tell it.
const UNREAD: i32 = 128 + signal_hook::consts::SIGPIPE;

/// From now on the program ends, without a word, once whoever reads its standard output has seen enough: `| head` for one. Not
/// for servers, whose ready lines nobody may read.
///
/// # Errors
/// The system's own.
pub fn end_with_the_reader() -> std::io::Result<()> {
    let always = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    signal_hook::flag::register_conditional_shutdown(signal_hook::consts::SIGPIPE, UNREAD, always).map(drop)
}

/// Says on standard output that a listener is ready. Whoever started the program waits for this line.
///
/// # Errors
/// Standard output is gone.
pub fn announce(scheme: &str, address: impl Display) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening on {scheme}://{address}")?;
    out.flush()?;
    Ok(())
}

/// A time on the command line: seconds, with decimals if need be, more than none.
///
/// # Errors
/// It is no such number; the text says so.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.filter(|time| !time.is_zero()).ok_or_else(|| "a number of seconds above 0 is wanted".to_owned())
}

/// The README, so that its snippets compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_positive_numbers() {
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        for wrong in ["0", "-1", "NaN", "inf", "1e300", "ten", ""] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_sentence_names_the_cause_once() {
        let inner = std::io::Error::other("disk full");
        let outer = std::io::Error::other(inner);
        assert_eq!(sentence(&outer), "disk full");
    }
}

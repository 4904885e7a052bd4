//! Where the acts play: the screen, the checks, and the servers that stay until the end.

use std::time::{Duration, Instant};

use examples::scratch::Scratch;
use examples::service::Service;
use examples::{Failure, sentence};
use net_core::Deadline;
use net_core::signals::Termination;

use crate::screen::Screen;

/// How long a server may take to see its clients off.
const DRAIN: Duration = Duration::from_secs(5);

/// The stage, on which one act after the other is played.
pub(crate) struct Stage {
    pub(crate) screen: Screen,
    act: &'static str,
    checks: Vec<Check>,
    /// When the last check was made, or the act began.
    since: Instant,
    services: Vec<Service>,
    /// What the servers need as long as they run.
    folders: Vec<Scratch>,
    /// What somebody who wants to use them should know.
    hints: Vec<String>,
}

struct Check {
    act: &'static str,
    claim: String,
    outcome: Result<String, String>,
    time: Duration,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let (screen, since) = (Screen::new(), Instant::now());
        Stage {
            screen,
            act: "",
            checks: Vec::new(),
            since,
            services: Vec::new(),
            folders: Vec::new(),
            hints: Vec::new(),
        }
    }

    pub(crate) fn open(&mut self, act: &'static str) {
        (self.act, self.since) = (act, Instant::now());
    }

    /// The act is over. One that had to break off has failed.
    pub(crate) fn close(&mut self, outcome: Result<(), Failure>) {
        if let Err(failure) = outcome {
            self.note("the act is played to its end", Err(sentence(failure.as_ref())));
        }
    }

    /// Keeps a server running until the tour is over; with `--serve`, until it is told to end.
    pub(crate) fn keep(&mut self, service: Service) {
        self.services.push(service);
    }

    /// Keeps a folder as long as the servers.
    pub(crate) fn keep_folder(&mut self, folder: Scratch) {
        self.folders.push(folder);
    }

    /// Something that is good to know about the servers that are left running.
    pub(crate) fn hint(&mut self, hint: String) {
        self.hints.push(hint);
    }

    /// What the act claims; `seen` says what was seen instead if it does not hold.
    pub(crate) fn check(&mut self, claim: &str, holds: bool, seen: impl Into<String>) {
        let seen = seen.into();
        self.note(claim, if holds { Ok(seen) } else { Err(seen) });
    }

    fn note(&mut self, claim: &str, outcome: Result<String, String>) {
        self.screen.verdict(claim, &outcome);
        let time = self.since.elapsed();
        self.since = Instant::now();
        self.checks.push(Check { act: self.act, claim: claim.to_owned(), outcome, time });
    }

    /// The last table.
    pub(crate) fn table(&self, whole: Duration) {
        self.screen.heading("what was checked");
        let widest = |column: fn(&Check) -> usize| self.checks.iter().map(column).max().unwrap_or(0);
        let (act, claim) = (widest(|check| check.act.len()), widest(|check| check.claim.chars().count()));
        self.screen.row(true, &format!("{:act$}  {:claim$}  {:7}{:>8}", "act", "checked", "result", "time"));
        for check in &self.checks {
            let result = if check.outcome.is_ok() { "ok" } else { "FAILED" };
            let time = format!("{} ms", check.time.as_millis());
            let row = format!("{:act$}  {:claim$}  {result:7}{time:>8}", check.act, check.claim);
            self.screen.row(check.outcome.is_ok(), &row);
        }
        let good = self.checks.iter().filter(|check| check.outcome.is_ok()).count();
        let seconds = whole.as_secs_f64();
        self.screen.say(&format!("\n{good} of {} checks held, in {seconds:.1} s", self.checks.len()));
    }

    /// A failure that names what did not hold, if anything did not.
    pub(crate) fn verdict(&self) -> Result<(), Failure> {
        let failed: Vec<_> = self
            .checks
            .iter()
            .filter_map(|check| {
                let why = check.outcome.as_ref().err()?;
                Some(format!("{}: {} ({why})", check.act, check.claim))
            })
            .collect();
        if failed.is_empty() { Ok(()) } else { Err(failed.join("; ").into()) }
    }

    /// Announces all that runs, and waits for a signal.
    pub(crate) fn serve(&self, termination: &Termination) -> Result<(), Failure> {
        self.screen.say("");
        self.services.iter().try_for_each(Service::announce)?;
        self.hints.iter().for_each(|hint| self.screen.say(hint));
        termination.wait(Deadline::NEVER)?;
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for service in &self.services {
            service.begin_to_stop(DRAIN);
        }
        for service in self.services.drain(..) {
            let _ = service.join();
        }
    }
}

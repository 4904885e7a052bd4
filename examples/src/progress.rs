//! A progress bar for long transfers: on a terminal only, and on standard error, so that output can be piped.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Counts the bytes of one transfer.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar for `total` bytes (`None`: not known), starting at `done`. Invisible if `quiet` or without a terminal.
    #[must_use]
    pub fn new(total: Option<u64>, done: u64, quiet: bool) -> Self {
        let visible = !quiet && std::io::stderr().is_terminal();
        let target =
            if visible { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(total, target);
        let template = "{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.set_position(done);
        Progress(bar)
    }

    /// `n` more bytes went by.
    pub fn advance(&self, n: u64) {
        self.0.inc(n);
    }

    /// Done, one way or the other: the bar goes away.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}

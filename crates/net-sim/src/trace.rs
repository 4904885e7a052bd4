//! What has happened in a simulation, as one number and, if wanted, as lines of text.
//!
//! The rule: all that a process is told goes in, in order and with its time, and nothing that differs between two runs of
//! the same seed.

use core::fmt;

use proto_core::Time;

/// FNV-1a of 64 bits (Fowler, Noll, Vo), and the lines if they are kept.
#[derive(Debug)]
pub(crate) struct Trace {
    digest: u64,
    lines: Option<Vec<String>>,
}

impl Trace {
    pub(crate) fn new() -> Self {
        Trace { digest: 0xcbf2_9ce4_8422_2325, lines: None }
    }

    pub(crate) fn keep(&mut self) {
        self.lines.get_or_insert_default();
    }

    pub(crate) fn lines(&self) -> &[String] {
        self.lines.as_deref().unwrap_or_default()
    }

    pub(crate) fn digest(&self) -> u64 {
        self.digest
    }

    /// What happened to whom, as numbers, and how what was said begins; the words are made only if they are kept.
    pub(crate) fn note(&mut self, now: Time, numbers: [u64; 4], bytes: &[u8], words: impl fmt::Display) {
        self.add(now.as_nanos());
        numbers.into_iter().for_each(|number| self.add(number));
        bytes.iter().take(64).for_each(|&byte| self.step(byte));
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{now:?} {words}"));
        }
    }

    fn add(&mut self, number: u64) {
        number.to_le_bytes().into_iter().for_each(|byte| self.step(byte));
    }

    fn step(&mut self, byte: u8) {
        self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
}

//! What the audience sees: headings, narration, dialogue. Colour on a terminal only, and not if `NO_COLOR` is set.

use std::io::{self, IsTerminal as _, Write as _};

use crate::tape::{Side, Take, What};

/// Longer lines of a dialogue are cut, and say so.
const WIDTH: usize = 100;

/// Standard output. Whoever closes it (`tour | head`) does not want to see more; the checks go on.
#[derive(Debug)]
pub(crate) struct Screen {
    colour: bool,
}

#[derive(Clone, Copy)]
enum Ink {
    Plain,
    Bold,
    Dim,
    Blue,
    Green,
    Red,
}

impl Ink {
    fn code(self) -> &'static str {
        match self {
            Ink::Plain => "0",
            Ink::Bold => "1",
            Ink::Dim => "2",
            Ink::Blue => "36",
            Ink::Green => "32",
            Ink::Red => "31",
        }
    }
}

impl Screen {
    pub(crate) fn new() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Screen { colour: wanted && io::stdout().is_terminal() }
    }

    fn line(&self, ink: Ink, text: &str) {
        let mut out = io::stdout().lock();
        let _ = if self.colour {
            writeln!(out, "\x1b[{}m{text}\x1b[0m", ink.code())
        } else {
            writeln!(out, "{text}")
        };
    }

    pub(crate) fn heading(&self, text: &str) {
        self.line(Ink::Bold, &format!("\n=== {text}"));
    }

    /// What happens next.
    pub(crate) fn scene(&self, text: &str) {
        self.line(Ink::Plain, &format!("\n{text}"));
    }

    /// What the tour says about what is going on.
    pub(crate) fn say(&self, text: &str) {
        self.line(Ink::Plain, text);
    }

    pub(crate) fn verdict(&self, claim: &str, outcome: &Result<String, String>) {
        match outcome {
            Ok(seen) if seen.is_empty() => self.line(Ink::Green, &format!("  [ok] {claim}")),
            Ok(seen) => self.line(Ink::Green, &format!("  [ok] {claim}: {seen}")),
            Err(why) => self.line(Ink::Red, &format!("  [FAILED] {claim}: {why}")),
        }
    }

    pub(crate) fn row(&self, good: bool, text: &str) {
        self.line(if good { Ink::Plain } else { Ink::Red }, text);
    }

    /// What crossed a socket, as `shown` writes it. Of one side's uninterrupted speech at most `most` lines are shown.
    pub(crate) fn dialogue(&self, takes: &[Take], most: usize, shown: fn(&[u8]) -> Vec<String>) {
        for take in takes {
            let (letter, ink) = match take.side {
                Side::Client => ('C', Ink::Blue),
                Side::Server => ('S', Ink::Green),
            };
            match &take.what {
                What::Said(bytes) => {
                    let lines = shown(bytes);
                    for line in lines.iter().take(most) {
                        self.line(ink, format!("  {letter}: {line}").trim_end());
                    }
                    if let Some(left @ 1..) = lines.len().checked_sub(most) {
                        self.line(Ink::Dim, &format!("  {letter}: ... {left} more lines"));
                    }
                }
                What::Connects => self.line(Ink::Dim, &format!("  {letter}: (connects)")),
                What::Done => self.line(Ink::Dim, &format!("  {letter}: (has nothing more to say)")),
                What::Closes => self.line(Ink::Dim, &format!("  {letter}: (closes)")),
            }
        }
    }
}

/// So many of these, in words.
pub(crate) fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// Bytes as lines of text; what is no text is counted instead of shown.
pub(crate) fn lines(bytes: &[u8]) -> Vec<String> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.chars().all(is_shown) => text.split_inclusive('\n').map(shown).collect(),
        _ => vec![format!("({} bytes that are no text)", bytes.len())],
    }
}

/// Of HTTP messages only the start lines: what was asked, what was answered.
pub(crate) fn start_lines(bytes: &[u8]) -> Vec<String> {
    let is_start = |line: &String| {
        line.starts_with("HTTP/1.") || line.ends_with(" HTTP/1.0") || line.ends_with(" HTTP/1.1")
    };
    lines(bytes).into_iter().filter(is_start).collect()
}

/// Of TLS what somebody in between sees: kinds and lengths of records (RFC 8446 section 5.1).
pub(crate) fn records(mut bytes: &[u8]) -> Vec<String> {
    let mut records = Vec::new();
    while let [kind, _, _, high, low, rest @ ..] = bytes {
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        let name = match kind {
            20 => "change cipher spec",
            21 => "alert",
            22 => "handshake",
            23 => "application data",
            _ => "unknown",
        };
        records.push(format!("({name}, {len} bytes)"));
        bytes = rest.get(len..).unwrap_or_default();
    }
    records
}

fn is_shown(letter: char) -> bool {
    !letter.is_control() || matches!(letter, '\r' | '\n' | '\t')
}

fn shown(line: &str) -> String {
    let line = line.trim_end_matches(['\r', '\n']).replace('\r', "\\r");
    match line.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}... ({} bytes)", line.get(..end).unwrap_or_default(), line.len()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::{lines, records, start_lines};

    #[test]
    fn text_is_shown_by_lines_and_the_rest_is_counted() {
        assert_eq!(lines(b"GET / HTTP/1.1\r\n\r\n"), ["GET / HTTP/1.1", ""]);
        assert_eq!(start_lines(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), ["GET / HTTP/1.1"]);
        assert_eq!(
            records(b"\x16\x03\x01\x00\x01x\x17\x03\x03\x00\x00"),
            ["(handshake, 1 bytes)", "(application data, 0 bytes)"]
        );
        assert_eq!(lines(b"half"), ["half"]);
        assert_eq!(lines(b"\x16\x03\x01\xff"), ["(4 bytes that are no text)"]);
    }
}

//! What RFC 5322 and RFC 2045 forbid, found in a whole message, each with line and offset.
//!
//! The rule: what a reader can be misled by, or what the next hop may refuse or change, is an error; what is only asked for
//! ("SHOULD") is a warning. All that reading names as a [`Defect`](crate::Defect) is in it, and what only a writer has to keep.

use alloc::vec::Vec;
use core::fmt;

use proto_core::scan;

use crate::lexical::slice;
use crate::{DefectKind, Headers, Limits, Message};

/// Something that should not be there, or is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Bytes from the start of the message.
    pub offset: u64,
    /// Counted from 1.
    pub line: u64,
    /// What.
    pub rule: Rule,
}

/// A rule that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Rule {
    /// One that reading knows.
    Defect(DefectKind),
    /// There is no From field (RFC 5322 section 3.6).
    NoFrom,
    /// There is no Date field (RFC 5322 section 3.6).
    NoDate,
    /// There is no Message-ID field (RFC 5322 section 3.6.4: SHOULD).
    NoMessageId,
    /// Several authors and no Sender field (RFC 5322 section 3.6.2).
    NoSender,
    /// Content-... fields without a MIME-Version field (RFC 2045 section 4).
    NoMimeVersion,
    /// A LF without a CR before it (RFC 5322 section 2.3).
    BareLf,
    /// A CR without a LF behind it (RFC 5322 section 2.3).
    BareCr,
    /// A NUL (RFC 5322 section 4).
    Nul,
    /// A line of more than 998 bytes (RFC 5322 section 2.1.1).
    LineOver998,
    /// A line of more than 78 bytes (RFC 5322 section 2.1.1: SHOULD).
    LineOver78,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Not as it should be.
    Warning,
    /// Forbidden.
    Error,
}

impl Finding {
    /// How bad it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match self.rule {
            Rule::NoMessageId | Rule::LineOver78 | Rule::Defect(DefectKind::QuotedPrintableBlanks) => {
                Severity::Warning
            }
            _ => Severity::Error,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Rule::Defect(kind) => return kind.fmt(f),
            Rule::NoFrom => "no From field",
            Rule::NoDate => "no Date field",
            Rule::NoMessageId => "no Message-ID field",
            Rule::NoSender => "several authors and no Sender field",
            Rule::NoMimeVersion => "Content fields without a MIME-Version field",
            Rule::BareLf => "a LF without a CR before it",
            Rule::BareCr => "a CR without a LF behind it",
            Rule::Nul => "a NUL",
            Rule::LineOver998 => "a line of more than 998 bytes",
            Rule::LineOver78 => "a line of more than 78 bytes",
        };
        f.write_str(text)
    }
}

/// More than anybody reads.
const MOST: usize = 10_000;

/// What is wrong with `raw`, in the order of offsets; at most 10 000 findings.
///
/// ```
/// use mime::lint::{Rule, lint};
///
/// let found = lint(b"From: a@example.org\r\nSubject: x\n\r\nHello\r\n");
/// let rules: Vec<_> = found.iter().map(|finding| (finding.line, finding.rule)).collect();
/// assert_eq!(rules, [(1, Rule::NoDate), (1, Rule::NoMessageId), (2, Rule::BareLf)]);
/// ```
#[must_use]
pub fn lint(raw: &[u8]) -> Vec<Finding> {
    lint_with(raw, &Limits::DEFAULT)
}

/// The same within `limits`.
#[must_use]
pub fn lint_with(raw: &[u8], limits: &Limits) -> Vec<Finding> {
    let message = Message::parse_with(raw, limits);
    let mut found: Vec<(u64, Rule)> = Vec::new();
    for defect in message.inspect() {
        // The whole text is looked at for these below.
        let again = matches!(defect.kind, DefectKind::Nul | DefectKind::BareCr | DefectKind::LongLine);
        if !again && found.len() < MOST {
            found.push((defect.offset, Rule::Defect(defect.kind)));
        }
    }
    missing(&message, |rule| found.push((0, rule)));
    text(raw, |at, rule| {
        if found.len() < 2 * MOST {
            found.push((at as u64, rule));
        }
    });
    found.sort_unstable();
    found.dedup();
    found.truncate(MOST);
    number(raw, &found)
}

/// RFC 5322 section 3.6: what has to be there.
fn missing(message: &Message<'_>, mut found: impl FnMut(Rule)) {
    let headers = message.headers();
    let needed = [("from", Rule::NoFrom), ("date", Rule::NoDate), ("message-id", Rule::NoMessageId)];
    for (name, rule) in needed {
        if !headers.has(name) {
            found(rule);
        }
    }
    if !headers.has("sender") && message.from().mailboxes().nth(1).is_some() {
        found(Rule::NoSender);
    }
    if !headers.has("mime-version") && has_content_fields(&headers) {
        found(Rule::NoMimeVersion);
    }
}

fn has_content_fields(headers: &Headers<'_>) -> bool {
    ["content-type", "content-transfer-encoding", "content-disposition"].iter().any(|name| headers.has(name))
}

/// RFC 5322 sections 2.1.1, 2.3 and 4: lines.
fn text(raw: &[u8], mut found: impl FnMut(usize, Rule)) {
    let mut at = 0;
    while at < raw.len() {
        let end = scan::find_byte(b'\n', slice(raw, at, raw.len())).map_or(raw.len(), |end| at + end);
        let line = slice(raw, at, end);
        let (line, is_crlf) = line.strip_suffix(b"\r").map_or((line, false), |line| (line, end < raw.len()));
        match line.len() {
            0..=78 => {}
            79..=998 => found(at + 78, Rule::LineOver78),
            _ => found(at + 998, Rule::LineOver998),
        }
        let mut from = 0;
        while let Some(odd) = scan::find_either(b'\r', 0, slice(line, from, line.len())) {
            let is_nul = line.get(from + odd) == Some(&0);
            found(at + from + odd, if is_nul { Rule::Nul } else { Rule::BareCr });
            from += odd + 1;
        }
        if end < raw.len() && !is_crlf {
            found(end, Rule::BareLf);
        }
        at = end + 1;
    }
}

/// Finds out the lines, in one pass.
fn number(raw: &[u8], found: &[(u64, Rule)]) -> Vec<Finding> {
    let (mut line, mut at) = (1, 0);
    let numbered = found.iter().map(|(offset, rule)| {
        let to = usize::try_from(*offset).unwrap_or(raw.len()).clamp(at, raw.len());
        line += slice(raw, at, to).iter().filter(|byte| **byte == b'\n').count() as u64;
        at = to;
        Finding { offset: *offset, line, rule: *rule }
    });
    numbered.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "From: a@example.org\r\nDate: Fri, 21 Nov 1997 09:55:06 -0600\r\nMessage-ID: <1@example.org>\r\n";

    fn rules(raw: &str) -> Vec<(u64, Rule)> {
        lint(raw.as_bytes()).iter().map(|finding| (finding.line, finding.rule)).collect()
    }

    #[test]
    fn a_good_message_has_no_findings() {
        assert_eq!(rules(&alloc::format!("{GOOD}\r\nHello\r\n")), []);
    }

    #[test]
    fn every_rule_has_its_line() {
        for (tail, line, rule) in [
            ("Content-Type: text/plain\r\n\r\n", 1, Rule::NoMimeVersion),
            ("\r\na\rb\r\n", 5, Rule::BareCr),
            ("\r\na\r\nb\n", 6, Rule::BareLf),
            ("\r\n\0\r\n", 5, Rule::Nul),
            ("Subject: a\r\nSubject: b\r\n\r\n", 5, Rule::Defect(DefectKind::DuplicateSingleton)),
        ] {
            assert_eq!(rules(&alloc::format!("{GOOD}{tail}")), [(line, rule)], "{tail:?}");
        }
        for (len, rule) in [(79, Rule::LineOver78), (998, Rule::LineOver78), (999, Rule::LineOver998)] {
            assert_eq!(rules(&alloc::format!("{GOOD}\r\n{}\r\n", "x".repeat(len))), [(5, rule)]);
        }
        let two = GOOD.replace("From: ", "From: b@example.org, ");
        assert_eq!(rules(&alloc::format!("{two}\r\n")), [(1, Rule::NoSender)]);
    }
}

//! Lines: CRLF framing, with a choice for everything that real peers send instead.
//!
//! The rule (RFC 5321 section 2.3.8, RFC 3501 section 2.2, RFC 959 section 5.3.1): a line ends with CRLF and nothing else. A bare
//! LF, a bare CR and a NUL are each a stated policy, never merged in silence: two programs that disagree about where a
//! line ends are how mail and requests are smuggled. Every byte is looked at once, however the input was cut.

use bytes::{Buf, Bytes, BytesMut};

use crate::limits::SKIPPED_LINES;
use crate::scan;
use crate::{LimitError, LineError};

/// What a LF without a CR before it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum BareLf {
    /// An error.
    #[default]
    Reject,
    /// A line end; [`Line::end`] tells.
    Accept,
}

/// What a CR without a LF behind it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum BareCr {
    /// An error.
    #[default]
    Reject,
    /// A byte of the line like any other.
    Keep,
}

/// What a NUL is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Nul {
    /// An error.
    #[default]
    Reject,
    /// A byte of the line like any other.
    Keep,
}

/// What to do with all that is neither text nor CRLF. The default rejects all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct LinePolicy {
    /// LF without CR.
    pub lf: BareLf,
    /// CR without LF.
    pub cr: BareCr,
    /// NUL.
    pub nul: Nul,
}

impl LinePolicy {
    /// CRLF only; no bare CR or LF, no NUL.
    pub const STRICT: LinePolicy = LinePolicy { lf: BareLf::Reject, cr: BareCr::Reject, nul: Nul::Reject };
    /// A bare LF ends a line as well; no bare CR, no NUL.
    pub const ACCEPT_LF: LinePolicy = LinePolicy { lf: BareLf::Accept, ..LinePolicy::STRICT };
}

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineEnd {
    /// As it should.
    CrLf,
    /// With a bare LF, under [`BareLf::Accept`].
    Lf,
}

/// A line without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What stands before the end: a slice of the input, not a copy.
    pub text: Bytes,
    /// What the end was.
    pub end: LineEnd,
}

impl Line {
    /// Bytes on the wire, the end included.
    #[must_use]
    pub fn wire_len(&self) -> usize {
        self.text.len() + self.end.len()
    }
}

impl LineEnd {
    /// Bytes on the wire.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a line end is never empty")]
    pub const fn len(self) -> usize {
        match self {
            LineEnd::CrLf => 2,
            LineEnd::Lf => 1,
        }
    }
}

/// Layer 0: the first line of `input` without its end, and how many bytes it takes with its end. `None`: no end yet.
///
/// `scanned` is where the caller remembers, between calls with more and more of the same input, how much was looked at;
/// zero at the start of each line.
///
/// ```
/// use proto_core::{LinePolicy, split_line};
/// let mut scanned = 0;
/// assert_eq!(split_line(b"NOOP\r", LinePolicy::STRICT, &mut scanned), Ok(None));
/// assert_eq!(split_line(b"NOOP\r\nQUIT\r\n", LinePolicy::STRICT, &mut scanned), Ok(Some((&b"NOOP"[..], 6))));
/// ```
///
/// # Errors
/// The first byte that `policy` rejects, as soon as it is known to be one.
pub fn split_line<'a>(
    input: &'a [u8],
    policy: LinePolicy,
    scanned: &mut usize,
) -> Result<Option<(&'a [u8], usize)>, LineError> {
    Ok(find_end(input, policy, scanned)?
        .map(|(len, end)| (input.get(..len).unwrap_or_default(), len + end.len())))
}

/// Where a line's text ends, and how.
#[inline(always)]
pub(crate) fn find_end(
    input: &[u8],
    policy: LinePolicy,
    scanned: &mut usize,
) -> Result<Option<(usize, LineEnd)>, LineError> {
    loop {
        let Some(at) = find_special(input, *scanned, policy.nul) else {
            *scanned = input.len();
            return Ok(None);
        };
        *scanned = at;
        match (input.get(at), input.get(at + 1)) {
            (Some(b'\r'), None) => return Ok(None),
            (Some(b'\r'), Some(b'\n')) => return Ok(Some((at, LineEnd::CrLf))),
            (Some(b'\r'), _) if policy.cr == BareCr::Reject => return Err(LineError::BareCr { at }),
            (Some(b'\n'), _) if policy.lf == BareLf::Accept => return Ok(Some((at, LineEnd::Lf))),
            (Some(b'\n'), _) => return Err(LineError::BareLf { at }),
            (Some(0), _) if policy.nul == Nul::Reject => return Err(LineError::Nul { at }),
            _ => *scanned = at + 1,
        }
    }
}

/// The next byte that a line must be looked at for. Three bytes at most: memchr finds them sooner than a class is found,
/// and a plain loop is sooner still where input trickles in.
#[inline]
fn find_special(input: &[u8], from: usize, nul: Nul) -> Option<usize> {
    let rest = input.get(from..)?;
    let found = match nul {
        _ if rest.len() < 8 => rest.iter().position(|byte| matches!(byte, b'\r' | b'\n' | 0)),
        Nul::Reject => scan::find_any(b'\r', b'\n', 0, rest),
        Nul::Keep => scan::find_either(b'\r', b'\n', rest),
    };
    found.map(|at| from + at)
}

/// Takes lines off the front of an input, whatever way it arrives.
///
/// ```
/// use bytes::BytesMut;
/// use proto_core::{LinePolicy, Lines};
///
/// let mut lines = Lines::new(LinePolicy::STRICT, 512);
/// let mut input = BytesMut::from("HELO example.org\r\nQU");
/// assert_eq!(lines.next(&mut input)?.unwrap().text, "HELO example.org");
/// assert_eq!(lines.next(&mut input)?, None);
/// input.extend_from_slice(b"IT\r\n");
/// assert_eq!(lines.next(&mut input)?.unwrap().text, "QUIT");
/// # Ok::<(), proto_core::LineError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Lines {
    policy: LinePolicy,
    max: usize,
    /// How much of the input's first line was looked at.
    scanned: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    InLine,
    /// An error was told; what is left of its line is dropped, up to `left` bytes of it.
    Skipping {
        left: usize,
    },
    /// No line end was found to go on from.
    Lost,
}

impl Lines {
    /// A line reader. `max` is the length of a line with its end.
    #[must_use]
    pub fn new(policy: LinePolicy, max: usize) -> Self {
        Lines { policy, max, scanned: 0, state: State::InLine }
    }

    /// Another limit and policy from the next line on.
    pub fn set(&mut self, policy: LinePolicy, max: usize) {
        (self.policy, self.max, self.scanned) = (policy, max, 0);
    }

    /// The next whole line.
    ///
    /// # Errors
    /// What is wrong with the line, once. Calling on drops the rest of that line, up to the end that the policy knows, and
    /// then reads the next; after 16 times the limit without an end it is [`LineError::Endless`] for good.
    pub fn next(&mut self, input: &mut BytesMut) -> Result<Option<Line>, LineError> {
        if self.state != State::InLine && !self.skip(input)? {
            return Ok(None);
        }
        let window = input.get(..self.max).unwrap_or(input);
        match find_end(window, self.policy, &mut self.scanned) {
            Ok(Some((len, end))) => Ok(Some(self.take(input, len, end))),
            Ok(None) if input.len() < self.max => Ok(None),
            Ok(None) => self.give_up(LimitError::Line.into()),
            Err(error) => self.give_up(error),
        }
    }

    /// The stream has ended: fine between two lines, an error inside one.
    ///
    /// # Errors
    /// [`LineError::Eof`] if `input` holds the beginning of a line, or what is left of one in error.
    pub fn finish(&self, input: &[u8]) -> Result<(), LineError> {
        if input.is_empty() && self.state == State::InLine {
            return Ok(());
        }
        Err(LineError::Eof { at: input.len() })
    }

    #[inline]
    fn take(&mut self, input: &mut BytesMut, len: usize, end: LineEnd) -> Line {
        self.scanned = 0;
        let text = input.split_to(len).freeze();
        input.advance(end.len());
        Line { text, end }
    }

    fn give_up(&mut self, error: LineError) -> Result<Option<Line>, LineError> {
        self.state = State::Skipping { left: self.skip_limit() };
        self.scanned = 0;
        Err(error)
    }

    fn skip_limit(&self) -> usize {
        self.max.saturating_mul(SKIPPED_LINES)
    }

    /// Drops what is left of a line in error. `true` once its end is gone too.
    fn skip(&mut self, input: &mut BytesMut) -> Result<bool, LineError> {
        let State::Skipping { left } = self.state else {
            return Err(LineError::Endless { skipped: self.skip_limit() });
        };
        let window = input.get(..left).unwrap_or(input);
        if let Some(behind) = behind_line_end(window, self.policy.lf) {
            input.advance(behind);
            self.state = State::InLine;
            return Ok(true);
        }
        if window.len() == left {
            self.state = State::Lost;
            input.clear();
            return Err(LineError::Endless { skipped: self.skip_limit() });
        }
        // A CR at the end may be the first half of the line end.
        let drop = window.strip_suffix(b"\r").unwrap_or(window).len();
        input.advance(drop);
        self.state = State::Skipping { left: left - drop };
        Ok(false)
    }
}

/// Behind the first line end, text before it being of no interest.
fn behind_line_end(input: &[u8], lf: BareLf) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + scan::find_byte(b'\n', input.get(from..)?)?;
        if lf == BareLf::Accept || input.get(..at).is_some_and(|before| before.ends_with(b"\r")) {
            return Some(at + 1);
        }
        from = at + 1;
    }
}

//! Three-digit replies: `250-first`, `250 last`, as SMTP and FTP have them, for both roles.
//!
//! The rule (RFC 5321 section 4.2, RFC 959 section 4.2): a reply is done at a line with its code and a space. Where the RFCs differ
//! ([`Continuation`]) and where servers do ([`LastLine`]) is the caller's choice. A parsed reply is one slice of the
//! input; its lines are found again when they are asked for.

use core::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use crate::limits::ReplyLimits;
use crate::lines::find_end;
use crate::scan::{self, Class};
use crate::{EncodeError, LimitError, LineError, LinePolicy, Output, ReplyError};

/// A reply code, 100 to 599.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u16);

/// The meaning of a code's first digit (RFC 5321 section 4.2.1, RFC 959 section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// 1yz: begun; another reply follows.
    Preliminary,
    /// 2yz: done.
    Completion,
    /// 3yz: accepted; more is wanted from the client.
    Intermediate,
    /// 4yz: failed, may be tried again.
    Transient,
    /// 5yz: failed, and would again.
    Permanent,
}

impl Code {
    /// `None` unless it is from 100 to 599.
    #[must_use]
    pub const fn new(code: u16) -> Option<Code> {
        if code >= 100 && code <= 599 { Some(Code(code)) } else { None }
    }

    /// The code as a number.
    #[must_use]
    pub const fn as_u16(self) -> u16 {
        self.0
    }

    /// What the first digit says.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self.0 / 100 {
            1 => Severity::Preliminary,
            2 => Severity::Completion,
            3 => Severity::Intermediate,
            4 => Severity::Transient,
            _ => Severity::Permanent,
        }
    }

    /// No other reply to the same command follows: all but 1yz.
    #[must_use]
    pub const fn is_final(self) -> bool {
        self.0 >= 200
    }

    /// Appends one line of a reply with this code: `250 text` if it is the last, `250-text` if not. Nothing is allocated.
    ///
    /// # Errors
    /// CR, LF or NUL in `text`; then nothing is written.
    pub fn put_line(self, text: &[u8], is_last: bool, output: &mut Output) -> Result<(), EncodeError> {
        check(text)?;
        self.write(text, is_last, output.buffer());
        Ok(())
    }

    fn digits(self) -> [u8; 3] {
        let digit = |n: u16| b'0' + u8::try_from(n % 10).unwrap_or_default();
        [digit(self.0 / 100), digit(self.0 / 10), digit(self.0)]
    }

    fn write(self, text: &[u8], is_last: bool, out: &mut BytesMut) {
        let [a, b, c] = self.digits();
        out.reserve(text.len() + 6);
        out.put_slice(&[a, b, c, if is_last { b' ' } else { b'-' }]);
        out.put_slice(text);
        out.put_slice(b"\r\n");
    }
}

impl TryFrom<u16> for Code {
    type Error = BadCode;
    fn try_from(code: u16) -> Result<Code, BadCode> {
        Code::new(code).ok_or(BadCode)
    }
}

/// A number that is no reply code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reply code is from 100 to 599")]
pub struct BadCode;

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({})", self.0)
    }
}

/// What the lines between the first and the last of a reply look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Continuation {
    /// Each begins with the code and a hyphen (RFC 5321 section 4.2.1).
    #[default]
    Coded,
    /// Anything that can't be taken for the last line (RFC 959 section 4.2).
    Free,
}

/// What may end a multi-line reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LastLine {
    /// A line with the first line's code.
    #[default]
    Strict,
    /// A line with any code; that one is the reply's code then. Some servers do so.
    AnyCode,
}

/// How replies are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplyPolicy {
    /// Bare CR, bare LF and NUL.
    pub line: LinePolicy,
    /// The lines in between.
    pub continuation: Continuation,
    /// The last line.
    pub last_line: LastLine,
    /// What can grow.
    pub limits: ReplyLimits,
}

/// A whole reply.
///
/// ```
/// use proto_core::{Code, Reply, ReplyPolicy};
///
/// let wire = b"250-mx.example.org\r\n250-SIZE 1000000\r\n250 PIPELINING\r\n";
/// let (reply, taken) = Reply::parse(wire, &ReplyPolicy::default())?.unwrap();
/// assert_eq!(taken, wire.len());
/// assert_eq!(reply.code(), Code::new(250).unwrap());
/// assert!(reply.lines().eq([&b"mx.example.org"[..], b"SIZE 1000000", b"PIPELINING"]));
/// # Ok::<(), proto_core::ReplyError>(())
/// ```
#[derive(Clone)]
pub struct Reply {
    code: Code,
    /// As on the wire, line ends included.
    wire: Bytes,
    lines: usize,
    continuation: Continuation,
    /// It holds nothing that a strict parser refuses.
    strict: bool,
}

impl Reply {
    /// A reply of one line.
    ///
    /// # Errors
    /// CR, LF or NUL in `text`.
    pub fn new(code: Code, text: impl AsRef<[u8]>) -> Result<Reply, EncodeError> {
        Reply::multi_line(code, Continuation::Coded, [text])
    }

    /// A reply of these lines. With [`Continuation::Free`] a line in between that begins with a code is shifted by a
    /// space, as RFC 959 section 4.2 demands.
    ///
    /// # Errors
    /// CR, LF or NUL in a line, or no line at all.
    pub fn multi_line<T: AsRef<[u8]>>(
        code: Code,
        continuation: Continuation,
        lines: impl IntoIterator<Item = T>,
    ) -> Result<Reply, EncodeError> {
        let mut writer = Writer { code, continuation, wire: BytesMut::new(), lines: 0 };
        let mut lines = lines.into_iter().peekable();
        while let Some(text) = lines.next() {
            check(text.as_ref())?;
            writer.line(text.as_ref(), lines.peek().is_none());
        }
        if writer.lines == 0 {
            return Err(EncodeError::NoLines);
        }
        Ok(Reply { code, wire: writer.wire.freeze(), lines: writer.lines, continuation, strict: true })
    }

    /// Layer 0: the reply that `bytes` begins with, copied, and how many bytes it takes. `None`: it is not whole yet.
    ///
    /// # Errors
    /// What is wrong with it, as [`ReplyParser::next`].
    pub fn parse(bytes: &[u8], policy: &ReplyPolicy) -> Result<Option<(Reply, usize)>, ReplyError> {
        let mut parser = ReplyParser::new(*policy);
        let Some(code) = parser.find_end(bytes)? else { return Ok(None) };
        let wire = bytes.get(..parser.line_start).unwrap_or_default();
        Ok(Some((parser.reply(code, Bytes::copy_from_slice(wire)), wire.len())))
    }

    /// The code of all its lines; of the last, under [`LastLine::AnyCode`].
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// The texts of its lines, without codes and line ends. There is at least one.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &self.wire[..];
        (0..self.lines).map(move |at| {
            let line = next_line(&mut rest);
            let coded = at == 0 || at + 1 == self.lines || self.continuation == Continuation::Coded;
            if coded || has_code(line, self.code) { line.get(4..).unwrap_or_default() } else { line }
        })
    }

    /// How many lines it has.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.lines
    }

    /// The reply as it was read, or will be written, line ends included.
    #[must_use]
    pub fn wire(&self) -> &Bytes {
        &self.wire
    }

    /// Appends the reply. One that was read with leniency is written in strict form: CRLF ends every line, and a CR or NUL
    /// inside becomes a space.
    pub fn encode(&self, output: &mut Output) {
        if self.strict {
            return output.put(&self.wire);
        }
        let mut writer =
            Writer { code: self.code, continuation: self.continuation, wire: BytesMut::new(), lines: 0 };
        for (at, line) in self.lines().enumerate() {
            let clean: alloc::vec::Vec<u8> =
                line.iter().map(|byte| if NOT_TEXT.contains(*byte) { b' ' } else { *byte }).collect();
            writer.line(&clean, at + 1 == self.lines);
        }
        output.put(&writer.wire);
    }
}

impl PartialEq for Reply {
    fn eq(&self, other: &Reply) -> bool {
        self.code == other.code && self.lines().eq(other.lines())
    }
}

impl Eq for Reply {}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({:?})", self.wire)
    }
}

/// Takes replies off the front of an input, whatever way it arrives.
///
/// ```
/// use bytes::BytesMut;
/// use proto_core::{ReplyParser, ReplyPolicy};
///
/// let mut replies = ReplyParser::new(ReplyPolicy::default());
/// let mut input = BytesMut::from("220 mx.example.org\r\n250-mx");
/// assert_eq!(replies.next(&mut input)?.unwrap().code().as_u16(), 220);
/// assert_eq!(replies.next(&mut input)?, None);
/// # Ok::<(), proto_core::ReplyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ReplyParser {
    policy: ReplyPolicy,
    /// How much of the line was looked at.
    scanned: usize,
    line_start: usize,
    lines: usize,
    first: Option<Code>,
    failed: Option<ReplyError>,
}

impl ReplyParser {
    /// A parser between two replies.
    #[must_use]
    pub fn new(policy: ReplyPolicy) -> Self {
        ReplyParser { policy, scanned: 0, line_start: 0, lines: 0, first: None, failed: None }
    }

    /// The next whole reply.
    ///
    /// # Errors
    /// What is wrong with it. There is nothing to go on with: the same error comes again if called again.
    pub fn next(&mut self, input: &mut BytesMut) -> Result<Option<Reply>, ReplyError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        match self.find_end(input) {
            Ok(Some(code)) => {
                let wire = input.split_to(self.line_start).freeze();
                let reply = self.reply(code, wire);
                (self.line_start, self.lines, self.first) = (0, 0, None);
                Ok(Some(reply))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                self.failed = Some(error);
                Err(error)
            }
        }
    }

    /// The stream has ended: fine between two replies, an error inside one.
    ///
    /// # Errors
    /// [`ReplyError::Eof`] if `input` holds the beginning of a reply; or the error that was told before.
    pub fn finish(&self, input: &[u8]) -> Result<(), ReplyError> {
        match self.failed {
            Some(error) => Err(error),
            None if input.is_empty() => Ok(()),
            None => Err(ReplyError::Eof { at: input.len() }),
        }
    }

    fn reply(&self, code: Code, wire: Bytes) -> Reply {
        let ReplyPolicy { continuation, line, .. } = self.policy;
        Reply { code, wire, lines: self.lines, continuation, strict: line == LinePolicy::STRICT }
    }

    /// Goes on, line by line, until the last; then `line_start` is behind it.
    fn find_end(&mut self, input: &[u8]) -> Result<Option<Code>, ReplyError> {
        let limits = self.policy.limits;
        loop {
            let end = self.line_start.saturating_add(limits.line).min(limits.total).min(input.len());
            let window = input.get(self.line_start..end).unwrap_or_default();
            let found = find_end(window, self.policy.line, &mut self.scanned);
            let Some((len, line_end)) = found.map_err(|error| self.line_error(error))? else {
                return self.need_more(window.len(), input.len());
            };
            let last = self.judge(window.get(..len).unwrap_or_default())?;
            self.line_start += len + line_end.len();
            self.scanned = 0;
            self.lines += 1;
            if last.is_some() {
                return Ok(last);
            }
            if self.lines >= limits.lines {
                return Err(LimitError::Lines.into());
            }
        }
    }

    fn need_more(&self, window: usize, input: usize) -> Result<Option<Code>, ReplyError> {
        if window >= self.policy.limits.line {
            return Err(LimitError::Line.into());
        }
        if input >= self.policy.limits.total {
            return Err(LimitError::Reply.into());
        }
        Ok(None)
    }

    /// The reply's code if this line is its last.
    fn judge(&mut self, line: &[u8]) -> Result<Option<Code>, ReplyError> {
        let ReplyPolicy { continuation, last_line, .. } = self.policy;
        let parsed = parse_code(line).map_err(|at| ReplyError::BadCode { at: self.line_start + at });
        let Some(first) = self.first else {
            let (code, is_last) = parsed?;
            self.first = Some(code);
            return Ok(is_last.then_some(code));
        };
        let (seen, is_last) = match (parsed, continuation) {
            (Ok(parsed), _) => parsed,
            (Err(_), Continuation::Free) => return Ok(None),
            (Err(error), Continuation::Coded) => return Err(error),
        };
        if seen == first || (is_last && last_line == LastLine::AnyCode) {
            return Ok(is_last.then_some(seen));
        }
        // RFC 959 section 4.2: text in between may begin with any digits, but not look like a last line.
        if continuation == Continuation::Free && !(is_last && line.len() > 3) {
            return Ok(None);
        }
        Err(ReplyError::Inconsistent { first, seen, at: self.line_start })
    }

    fn line_error(&self, error: LineError) -> ReplyError {
        let from = self.line_start;
        match error {
            LineError::BareLf { at } => ReplyError::BareLf { at: from + at },
            LineError::BareCr { at } => ReplyError::BareCr { at: from + at },
            LineError::Nul { at } => ReplyError::Nul { at: from + at },
            LineError::Limit(limit) => ReplyError::Limit(limit),
            LineError::Endless { skipped: at } | LineError::Eof { at } => ReplyError::Eof { at: from + at },
        }
    }
}

/// Writes the lines of one reply.
struct Writer {
    code: Code,
    continuation: Continuation,
    wire: BytesMut,
    lines: usize,
}

impl Writer {
    fn line(&mut self, text: &[u8], is_last: bool) {
        if self.lines == 0 || is_last || self.continuation == Continuation::Coded {
            self.code.write(text, is_last, &mut self.wire);
        } else {
            if parse_code(text).is_ok() {
                self.wire.put_u8(b' ');
            }
            self.wire.put_slice(text);
            self.wire.put_slice(b"\r\n");
        }
        self.lines += 1;
    }
}

/// What can't be part of a line.
const NOT_TEXT: Class = Class::of(b"\0\r\n");

fn check(text: &[u8]) -> Result<(), EncodeError> {
    match scan::find(text, &NOT_TEXT) {
        Some(at) => Err(EncodeError::Text { byte: text.get(at).copied().unwrap_or_default(), at }),
        None => Ok(()),
    }
}

/// The code that a line begins with, and whether what follows makes it a last line. Else: where it goes wrong.
#[inline]
fn parse_code(line: &[u8]) -> Result<(Code, bool), usize> {
    let [a @ b'1'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] = line else {
        let digits = line.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
        return Err(if digits < 3 { digits } else { 0 });
    };
    let code = Code([a, b, c].into_iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0')));
    match rest {
        [] | [b' ', ..] => Ok((code, true)),
        [b'-', ..] => Ok((code, false)),
        _ => Err(3),
    }
}

fn has_code(line: &[u8], code: Code) -> bool {
    parse_code(line).is_ok_and(|(seen, _)| seen == code)
}

fn next_line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let end = scan::find_byte(b'\n', rest).unwrap_or(rest.len());
    let (line, behind) = rest.split_at(end);
    *rest = behind.get(1..).unwrap_or_default();
    line.strip_suffix(b"\r").unwrap_or(line)
}

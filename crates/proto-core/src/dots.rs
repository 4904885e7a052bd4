//! Dot-stuffing: data of any length between two lines of a protocol (RFC 5321 section 4.5.2, RFC 1939 section 3).
//!
//! The sender doubles a dot at the start of a line, the receiver drops it, and a line of one dot is the end. The rule: a
//! line starts at the start of the data or behind CRLF, and nowhere else. So the end is CRLF `.` CRLF and nothing else;
//! receivers who took LF `.` LF for one let mail be smuggled.
//!
//! One pass finds dots at line starts and bare CRs and LFs. Both directions hand out what lies between as it is, without
//! copying.

use core::ops::ControlFlow;

use bytes::{Buf, Bytes, BytesMut};

use crate::scan::{self, Class, Classes};
use crate::{DotError, EncodeError, Output};

/// What a CR or a LF alone is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum BareNewline {
    /// An error.
    #[default]
    Reject,
    /// It becomes CRLF. When decoding, only behind the dots: what follows is not the start of a line.
    Normalize,
    /// Data like any other, at the caller's risk.
    Preserve,
}

/// A piece of decoded data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// The next bytes: a slice of the input, not a copy.
    Bytes(Bytes),
    /// CRLF `.` CRLF was read; the CRLF belongs to the data. What follows in the input is the next command's.
    End,
}

/// Takes dot-stuffed data off the front of an input, up to its end.
///
/// ```
/// use bytes::BytesMut;
/// use proto_core::{BareNewline, DotDecoder, Run};
///
/// let mut decoder = DotDecoder::new(BareNewline::Reject);
/// let mut input = BytesMut::from("one\r\n..two\r\n.\r\nQUIT\r\n");
/// assert_eq!(decoder.next(&mut input)?, Some(Run::Bytes("one\r\n".into())));
/// assert_eq!(decoder.next(&mut input)?, Some(Run::Bytes(".two\r\n".into())));
/// assert_eq!(decoder.next(&mut input)?, Some(Run::End));
/// assert_eq!(input, "QUIT\r\n");
/// # Ok::<(), proto_core::DotError>(())
/// ```
#[derive(Clone, Debug)]
pub struct DotDecoder {
    bare: BareNewline,
    at_line_start: bool,
    /// Raw bytes taken so far.
    taken: u64,
    lines: u64,
    bare_newlines: u64,
    outcome: Option<Result<(), DotError>>,
}

impl DotDecoder {
    /// A decoder at the start of the data.
    #[must_use]
    pub fn new(bare: BareNewline) -> Self {
        DotDecoder { bare, at_line_start: true, taken: 0, lines: 0, bare_newlines: 0, outcome: None }
    }

    /// How many lines have ended, by CRLF.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// How many bare CRs and LFs there were; for who reads to the true end before refusing them.
    #[must_use]
    pub fn bare_newlines(&self) -> u64 {
        self.bare_newlines
    }

    /// The next run of data. `None`: more input is needed, or the end was told.
    ///
    /// # Errors
    /// A bare CR or LF under [`BareNewline::Reject`], after all that stands before it; the same again if called again.
    pub fn next(&mut self, input: &mut BytesMut) -> Result<Option<Run>, DotError> {
        if let Some(outcome) = self.outcome {
            return outcome.map(|()| None);
        }
        if self.at_line_start && input.first() == Some(&b'.') {
            match input.get(1..) {
                Some([b'\r', b'\n', ..]) => return Ok(Some(self.end(input))),
                None | Some([] | [b'\r']) => return Ok(None),
                Some(_) => self.drop_dot(input),
            }
        }
        self.run(input)
    }

    /// The stream has ended.
    ///
    /// # Errors
    /// [`DotError::Eof`] unless the data had ended before.
    pub fn finish(&self, input: &[u8]) -> Result<(), DotError> {
        self.outcome.unwrap_or(Err(DotError::Eof { at: self.taken + input.len() as u64 }))
    }

    fn end(&mut self, input: &mut BytesMut) -> Run {
        self.advance(input, 3);
        self.outcome = Some(Ok(()));
        Run::End
    }

    fn drop_dot(&mut self, input: &mut BytesMut) {
        self.advance(input, 1);
        self.at_line_start = false;
    }

    fn advance(&mut self, input: &mut BytesMut, n: usize) {
        input.advance(n);
        self.taken += n as u64;
    }

    fn run(&mut self, input: &mut BytesMut) -> Result<Option<Run>, DotError> {
        let stretch = Stretch::measure(input, self.at_line_start, self.bare != BareNewline::Preserve);
        if stretch.len == 0 {
            return match stretch.stop {
                Some(Stop::Bare) => self.bare_newline(input),
                _ => Ok(None),
            };
        }
        self.taken += stretch.len as u64;
        self.lines += stretch.lines;
        self.bare_newlines += stretch.bare;
        self.at_line_start = stretch.at_line_start;
        Ok(Some(Run::Bytes(input.split_to(stretch.len).freeze())))
    }

    /// The CR or LF in front is alone.
    fn bare_newline(&mut self, input: &mut BytesMut) -> Result<Option<Run>, DotError> {
        if self.bare == BareNewline::Reject {
            let at = self.taken;
            let is_cr = input.first() == Some(&b'\r');
            let error = if is_cr { DotError::BareCr { at } } else { DotError::BareLf { at } };
            self.outcome = Some(Err(error));
            return Err(error);
        }
        self.advance(input, 1);
        self.bare_newlines += 1;
        self.at_line_start = false;
        Ok(Some(Run::Bytes(Bytes::from_static(b"\r\n"))))
    }
}

/// From this size on a run is queued as it is; a smaller one is cheaper to copy.
const QUEUE_FROM: usize = 512;

/// Puts data on the wire, dots doubled, whatever way it comes in.
///
/// ```
/// use proto_core::{BareNewline, DotEncoder, Output};
///
/// let (mut encoder, mut output) = (DotEncoder::new(BareNewline::Reject), Output::new());
/// encoder.put(b"one\r\n.tw", &mut output)?;
/// encoder.put(b"o", &mut output)?;
/// encoder.end(&mut output)?;
/// assert_eq!(output.slices().next(), Some(&b"one\r\n..two\r\n.\r\n"[..]));
/// # Ok::<(), proto_core::EncodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct DotEncoder {
    bare: BareNewline,
    at_line_start: bool,
    /// A CR is held back until what follows it is known.
    held_cr: bool,
    taken: u64,
}

impl DotEncoder {
    /// An encoder at the start of the data.
    #[must_use]
    pub fn new(bare: BareNewline) -> Self {
        DotEncoder { bare, at_line_start: true, held_cr: false, taken: 0 }
    }

    /// Appends the next piece of the data. What is small is copied.
    ///
    /// # Errors
    /// A bare CR or LF under [`BareNewline::Reject`]; then nothing of this piece is written.
    pub fn put(&mut self, bytes: &[u8], output: &mut Output) -> Result<(), EncodeError> {
        self.encode(bytes, output, |range, output| output.put(bytes.get(range).unwrap_or_default()))
    }

    /// Appends the next piece of the data without copying its long runs.
    ///
    /// # Errors
    /// As [`put`](DotEncoder::put).
    #[expect(clippy::needless_pass_by_value, reason = "as `Output::push`: slices of it are kept")]
    pub fn push(&mut self, bytes: Bytes, output: &mut Output) -> Result<(), EncodeError> {
        self.encode(&bytes, output, |range, output| {
            if range.len() >= QUEUE_FROM {
                output.push(bytes.slice(range));
            } else {
                output.put(bytes.get(range).unwrap_or_default());
            }
        })
    }

    /// Ends the data: with the CRLF that its last line may lack (RFC 5321 section 4.1.1.4), then a dot and CRLF. The
    /// encoder is as new then.
    ///
    /// # Errors
    /// Under [`BareNewline::Reject`], if the last byte is a bare CR; then nothing is written.
    pub fn end(&mut self, output: &mut Output) -> Result<(), EncodeError> {
        if self.held_cr {
            match self.bare {
                BareNewline::Reject => return Err(EncodeError::BareNewline { at: self.taken - 1 }),
                BareNewline::Preserve => output.put(b"\r"),
                BareNewline::Normalize => {} // the CRLF below is what it becomes
            }
            self.at_line_start = false;
        }
        output.put(if self.at_line_start { b".\r\n" } else { b"\r\n.\r\n" });
        *self = DotEncoder::new(self.bare);
        Ok(())
    }

    fn encode(
        &mut self,
        bytes: &[u8],
        output: &mut Output,
        mut write: impl FnMut(core::ops::Range<usize>, &mut Output),
    ) -> Result<(), EncodeError> {
        if self.bare == BareNewline::Reject {
            self.check(bytes)?;
        }
        let mut at = 0;
        if self.held_cr && !bytes.is_empty() {
            at = self.release_cr(bytes, output);
        }
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let stretch = Stretch::measure(rest, self.at_line_start, self.bare != BareNewline::Preserve);
            write(at..at + stretch.len, output);
            at += stretch.len;
            self.at_line_start = stretch.at_line_start;
            at += self.stop(stretch.stop, output);
        }
        self.taken += bytes.len() as u64;
        Ok(())
    }

    /// What to do at the end of a stretch, and how many bytes of the data that takes.
    fn stop(&mut self, stop: Option<Stop>, output: &mut Output) -> usize {
        match stop {
            Some(Stop::Dot) => {
                output.put(b".");
                // The data's own dot is the first byte of the next stretch, and no longer at a line's start.
                self.at_line_start = false;
                0
            }
            Some(Stop::Bare) => {
                output.put(b"\r\n");
                self.at_line_start = true;
                1
            }
            Some(Stop::LastCr) => {
                self.held_cr = true;
                1
            }
            None => 0,
        }
    }

    /// Writes the CR held back, and the LF if one follows; returns how much of `bytes` that took.
    fn release_cr(&mut self, bytes: &[u8], output: &mut Output) -> usize {
        self.held_cr = false;
        if bytes.first() == Some(&b'\n') {
            output.put(b"\r\n");
            self.at_line_start = true;
            return 1;
        }
        let normalize = self.bare == BareNewline::Normalize;
        output.put(if normalize { b"\r\n" } else { b"\r" });
        self.at_line_start = normalize;
        0
    }

    /// Every CR has its LF and every LF its CR.
    fn check(&self, bytes: &[u8]) -> Result<(), EncodeError> {
        if self.held_cr && bytes.first().is_some_and(|next| *next != b'\n') {
            return Err(EncodeError::BareNewline { at: self.taken - 1 });
        }
        let from = usize::from(self.held_cr).min(bytes.len());
        match first_bare(bytes.get(from..).unwrap_or_default()) {
            Some(at) => Err(EncodeError::BareNewline { at: self.taken + (from + at) as u64 }),
            None => Ok(()),
        }
    }
}

/// What ends a stretch before the input does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// A dot at a line's start.
    Dot,
    /// A CR or a LF that is alone.
    Bare,
    /// A CR that is the last byte of all: what it is, is not known yet.
    LastCr,
}

/// Bytes from the front of some input that stand for themselves.
struct Stretch {
    len: usize,
    stop: Option<Stop>,
    /// Whether a line starts behind it.
    at_line_start: bool,
    /// CRLFs in it.
    lines: u64,
    /// Bare CRs and LFs in it.
    bare: u64,
}

impl Stretch {
    fn measure(input: &[u8], at_line_start: bool, stop_at_bare: bool) -> Stretch {
        let pass = Pass { line_before: u64::from(at_line_start), ..Pass::default() };
        let (len, stop, pass) =
            if stop_at_bare { pass.over::<true, true>(input) } else { pass.over::<true, false>(input) };
        let part = input.get(..len).unwrap_or_default();
        let at_line_start = part.ends_with(b"\r\n") || (at_line_start && part.is_empty());
        let last_cr = u64::from(stop == Some(Stop::LastCr));
        let bare = if stop_at_bare { 0 } else { pass.newlines - 2 * pass.lines - last_cr };
        Stretch { len, stop, at_line_start, lines: pass.lines, bare }
    }
}

/// Where the first CR or LF is that has no partner; a CR at the very end may get one.
fn first_bare(input: &[u8]) -> Option<usize> {
    match Pass::default().over::<false, true>(input) {
        (at, Some(Stop::Bare), _) => Some(at),
        _ => None,
    }
}

/// CR, LF and dot.
struct Shape;
impl Classes<3> for Shape {
    const CLASSES: [Class; 3] = [Class::of(b"\r"), Class::of(b"\n"), Class::of(b".")];
}

/// One pass over an input, 64 bytes a step.
#[derive(Clone, Copy, Default)]
struct Pass {
    /// Bit 0: the byte before the block is a CR.
    cr_before: u64,
    /// Bit 0: a line starts with the block.
    line_before: u64,
    lines: u64,
    /// CRs and LFs of any kind; not counted if bare ones stop the pass.
    newlines: u64,
}

impl Pass {
    /// How far it gets, what stops it, and what it has counted. Dots at line starts stop it or not, so do bare newlines.
    fn over<const DOTS: bool, const BARE: bool>(self, input: &[u8]) -> (usize, Option<Stop>, Pass) {
        let walked = scan::fold::<Shape, 3, _, _>(input, self, |pass, offset, masks| {
            pass.block::<DOTS, BARE>(masks).map_break(|(bit, stop, pass)| (offset + bit as usize, stop, pass))
        });
        match walked {
            ControlFlow::Break((at, Stop::Bare, pass)) => match input.get(at) {
                Some(b'\n') => (at, Some(Stop::Bare), pass),
                // A bare CR is noticed at the byte behind it.
                Some(_) => (at - 1, Some(Stop::Bare), pass),
                None => (at - 1, Some(Stop::LastCr), pass),
            },
            ControlFlow::Break((at, stop, pass)) => (at, Some(stop), pass),
            ControlFlow::Continue(pass) if input.ends_with(b"\r") => {
                (input.len() - 1, Some(Stop::LastCr), pass)
            }
            ControlFlow::Continue(pass) => (input.len(), None, pass),
        }
    }

    /// The next 64 bytes, from their masks: each bit is a byte, and a shift by one looks at the neighbour.
    #[inline(always)]
    fn block<const DOTS: bool, const BARE: bool>(
        mut self,
        [cr, lf, dot]: [u64; 3],
    ) -> ControlFlow<(u32, Stop, Pass), Pass> {
        let after_cr = cr << 1 | self.cr_before;
        // Where a bare LF stops the pass, every LF before the stop ends a line.
        let crlf = if BARE { lf } else { lf & after_cr };
        let bare = if BARE { lf ^ after_cr } else { 0 };
        let dots = if DOTS { (crlf << 1 | self.line_before) & dot } else { 0 };
        let stops = dots | bare;
        if stops == 0 {
            self.count::<BARE>(cr, lf, crlf);
            (self.cr_before, self.line_before) = (cr >> 63, crlf >> 63);
            return ControlFlow::Continue(self);
        }
        let bit = stops.trailing_zeros();
        let before = (1 << bit) - 1;
        self.count::<BARE>(cr & before, lf & before, crlf & before);
        let stop = if bare >> bit & 1 == 1 { Stop::Bare } else { Stop::Dot };
        ControlFlow::Break((bit, stop, self))
    }

    #[inline(always)]
    fn count<const BARE: bool>(&mut self, cr: u64, lf: u64, crlf: u64) {
        self.lines += u64::from(crlf.count_ones());
        if !BARE {
            self.newlines += u64::from(cr.count_ones() + lf.count_ones());
        }
    }
}

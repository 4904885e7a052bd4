//! The chunked transfer coding (RFC 9112 section 7.1): a decoder that gives spans and copies nothing.
//!
//! The rule: a size is plain hexadecimal, every line ends in CRLF, and what may grow is counted: extensions per chunk
//! and per body, and the share of framing in all that comes.

use crate::head::{Bound, split_line};
use crate::syntax::{first_not_token, is_blank, is_control, slice};
use crate::{Error, ErrorKind, Limits};

/// What is next in a chunked body. Offsets count from the front of the bytes that were given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk {
    /// More bytes are needed. Nothing is to be taken away: call again with the same bytes and more.
    Incomplete,
    /// A run of data from `start` to `end`: take all up to `end` away.
    Data {
        /// Before it is framing.
        start: usize,
        /// Behind it is what comes next.
        end: usize,
    },
    /// The extensions of the chunk that follows, from `start` to `end`, without the first semicolon; only told if
    /// wanted. Take `consumed` bytes away.
    Extension {
        /// Behind the semicolon.
        start: usize,
        /// Before the CRLF.
        end: usize,
        /// Up to the chunk's data.
        consumed: usize,
    },
    /// The last chunk. Take `consumed` bytes away: the trailer section follows, which may be just a CRLF.
    Last {
        /// Up to the trailer section.
        consumed: usize,
    },
}

/// Reads the chunked coding, run by run.
///
/// ```
/// use http1::{Chunk, ChunkDecoder};
/// let mut decoder = ChunkDecoder::new();
/// let body = b"5\r\nhello\r\n0\r\n\r\n";
/// assert_eq!(decoder.next(body).unwrap(), Chunk::Data { start: 3, end: 8 });
/// assert_eq!(decoder.next(&body[8..]).unwrap(), Chunk::Last { consumed: 5 });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkDecoder {
    state: State,
    /// Bytes of the present chunk still to come.
    left: u64,
    /// How far the present line was looked at.
    scanned: usize,
    /// Bytes of extensions so far.
    extensions: usize,
    /// Bytes of framing so far.
    framing: u64,
    /// Bytes of data so far, the present chunk's included.
    data: u64,
    /// The size on the line read last.
    size: u64,
    /// A line that is perhaps next.
    again: Familiar,
    /// Extensions are told.
    tell: bool,
    extension_limit: usize,
    extensions_limit: usize,
    overhead_limit: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A chunk line is next.
    Size,
    /// The chunk line of a chunk with extensions was told; its data is next.
    Data,
    /// A CRLF and a chunk line are next.
    End,
    /// The last chunk was told.
    Over,
}

/// A chunk size has at most this many digits: 64 bits.
const DIGITS: usize = 16;

impl Default for ChunkDecoder {
    fn default() -> Self {
        Self::with_limits(&Limits::DEFAULT, false)
    }
}

impl ChunkDecoder {
    /// With the default limits; extensions are checked and not told.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With these limits, telling extensions or not.
    #[must_use]
    pub fn with_limits(limits: &Limits, tell_extensions: bool) -> Self {
        ChunkDecoder {
            state: State::Size,
            left: 0,
            scanned: 0,
            extensions: 0,
            framing: 0,
            data: 0,
            size: 0,
            again: Familiar::NONE,
            tell: tell_extensions,
            extension_limit: limits.chunk_extension,
            extensions_limit: limits.chunk_extensions,
            overhead_limit: limits.chunk_overhead,
        }
    }

    /// What is at the front of `bytes`, which begin behind what was taken away. After [`Chunk::Last`] the same again,
    /// with nothing consumed.
    ///
    /// # Errors
    /// 400 for what is not the coding, 413 for extensions beyond their limits. The offset counts from `bytes`.
    #[inline]
    pub fn next(&mut self, bytes: &[u8]) -> Result<Chunk, Error> {
        match self.leap(bytes) {
            Some(run) => Ok(run),
            None => self.step(bytes),
        }
    }

    /// Nearly always next: a chunk without extensions, all of it there. `None`, and nothing is changed, if it is not.
    #[inline]
    fn leap(&mut self, bytes: &[u8]) -> Option<Chunk> {
        let line = match self.state {
            State::End if self.again.begins(bytes) => return self.take(self.again.line, bytes),
            State::End => Line::read(bytes, bytes.strip_prefix(b"\r\n")?)?,
            State::Size => Line::read(bytes, bytes)?,
            _ => return None,
        };
        // Twice the same: it may go on like that. The first line of a body has no CRLF before it.
        let is_familiar = self.state == State::End && line.size == self.size;
        let run = self.take(line, bytes)?;
        self.size = line.size;
        if is_familiar {
            self.again = Familiar::new(line, bytes);
        }
        Some(run)
    }

    /// The data behind the line that `bytes` begin with.
    #[inline]
    fn take(&mut self, Line { len, size }: Line, bytes: &[u8]) -> Option<Chunk> {
        let there = bytes.len().checked_sub(len)? as u64;
        let framing = self.framing.saturating_add(len as u64);
        let announced = self.data.saturating_add(size);
        if size == 0 || size > there || self.is_flood(framing, announced) {
            return None;
        }
        (self.framing, self.data, self.state) = (framing, announced, State::End);
        Some(Chunk::Data { start: len, end: len + usize::try_from(size).ok()? })
    }

    /// More than three quarters of all that came is framing.
    #[inline]
    fn is_flood(&self, framing: u64, data: u64) -> bool {
        framing > self.overhead_limit && framing > data.saturating_mul(3)
    }

    /// As [`next`](ChunkDecoder::next), whatever comes.
    fn step(&mut self, bytes: &[u8]) -> Result<Chunk, Error> {
        match self.state {
            State::Data => Ok(self.run(bytes, 0)),
            State::Size => self.line(bytes, 0),
            State::End => match slice(bytes, 0, 2) {
                b"\r\n" => self.line(bytes, 2),
                [] | b"\r" => Ok(Chunk::Incomplete),
                seen => Err(Error::peer(ErrorKind::ChunkEnd, usize::from(seen.first() == Some(&b'\r')))),
            },
            State::Over => Ok(Chunk::Last { consumed: 0 }),
        }
    }

    /// Bytes of the present chunk that are still to come and that the caller may take away without asking, once it
    /// tells so with [`skip`](ChunkDecoder::skip).
    #[must_use]
    pub fn left(&self) -> u64 {
        match self.state {
            State::Data => self.left,
            _ => 0,
        }
    }

    /// `n` bytes of the present chunk's data were taken away.
    pub fn skip(&mut self, n: u64) {
        self.left = self.left.saturating_sub(n);
        if self.left == 0 && self.state == State::Data {
            self.state = State::End;
        }
    }

    /// Bytes of data in all chunks announced so far.
    #[must_use]
    pub fn announced(&self) -> u64 {
        self.data
    }

    /// The last chunk was told: what follows is the trailer section.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// A run of data from `start` on, as long as it is there.
    fn run(&mut self, bytes: &[u8], start: usize) -> Chunk {
        let there = bytes.len().saturating_sub(start);
        let run = usize::try_from(self.left).map_or(there, |left| left.min(there));
        self.state = State::Data;
        if run == 0 {
            return Chunk::Incomplete;
        }
        self.skip(run as u64);
        Chunk::Data { start, end: start + run }
    }

    /// `chunk-size [ chunk-ext ] CRLF`, at `from`. Nothing is remembered of a line whose data has not begun to come.
    fn line(&mut self, bytes: &[u8], from: usize) -> Result<Chunk, Error> {
        let line = slice(bytes, from, bytes.len());
        let size = chunk_size(line).map_err(|at| Error::peer(ErrorKind::ChunkSize, from + at))?;
        let Some((size, digits)) = size else { return Ok(Chunk::Incomplete) };
        let start = from + digits;
        let Some(end) = self.end_of_line(bytes, start)? else { return Ok(Chunk::Incomplete) };
        let consumed = end + 2;
        let tell = self.tell && end > start;
        if size > 0 && bytes.len() == consumed && !tell {
            return Ok(Chunk::Incomplete);
        }
        self.count(end - start, consumed, size).map_err(|kind| Error::peer(kind, start))?;
        self.scanned = 0;
        self.left = size;
        self.state = if size == 0 { State::Over } else { State::Data };
        Ok(match size {
            _ if tell => Chunk::Extension { start: start + 1, end, consumed },
            0 => Chunk::Last { consumed },
            _ => self.run(bytes, consumed),
        })
    }

    /// Where the CRLF of the chunk line is whose extensions, if any, begin at `start`.
    fn end_of_line(&mut self, bytes: &[u8], start: usize) -> Result<Option<usize>, Error> {
        match slice(bytes, start, bytes.len()) {
            [] | [b'\r'] => Ok(None),
            [b'\r', b'\n', ..] => Ok(Some(start)),
            [b'\r', ..] => Err(Error::peer(ErrorKind::ControlCharacter, start)),
            [b'\n', ..] => Err(Error::peer(ErrorKind::BareLineFeed, start)),
            [b';', ..] => self.end_of_extensions(bytes, start),
            _ => Err(Error::peer(ErrorKind::ChunkSize, start)),
        }
    }

    fn end_of_extensions(&mut self, bytes: &[u8], start: usize) -> Result<Option<usize>, Error> {
        let bound = Bound { max: self.extension_limit, kind: ErrorKind::ChunkExtensionTooLong };
        self.scanned = self.scanned.max(start);
        let Some(extensions) = split_line(bytes, start, &mut self.scanned, bound, false)? else {
            return Ok(None);
        };
        let end = start + extensions.len();
        // Looked at again if the data has not begun to come.
        self.scanned = end;
        check_extensions(extensions)
            .map_err(|left| Error::peer(ErrorKind::ChunkExtension, end.saturating_sub(left)))?;
        Ok(Some(end))
    }

    /// Counts a chunk line with so many bytes of extensions, so many of framing and so many of data.
    fn count(&mut self, extensions: usize, framing: usize, data: u64) -> Result<(), ErrorKind> {
        self.extensions = self.extensions.saturating_add(extensions);
        self.framing = self.framing.saturating_add(framing as u64);
        self.data = self.data.saturating_add(data);
        if self.extensions > self.extensions_limit {
            return Err(ErrorKind::ChunkExtensionTooLong);
        }
        if self.is_flood(self.framing, self.data) { Err(ErrorKind::ChunkOverhead) } else { Ok(()) }
    }
}

/// A chunk line without extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Line {
    /// Bytes up to the data.
    len: usize,
    size: u64,
}

impl Line {
    /// The line in front of `bytes` whose size begins with `digits`.
    #[inline]
    fn read(bytes: &[u8], digits: &[u8]) -> Option<Line> {
        let (mut size, mut at) = (0, 0);
        while let value @ 0..16 = hex(*digits.get(at)?) {
            size = (size << 4) | u64::from(value);
            at += 1;
        }
        let data = digits.get(at..)?.strip_prefix(b"\r\n")?;
        (1..=DIGITS).contains(&at).then_some(Line { len: bytes.len() - data.len(), size })
    }
}

/// A chunk line that came twice. Senders cut nearly all chunks alike: a line that says what this one said is known without
/// its digits, so that the way to the next chunk doesn't wait for this one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Familiar {
    /// Its bytes, with the CRLF that ends the chunk before, as a number; what else belongs to a number is 0.
    front: u64,
    /// The bits of `front` that belong to the line.
    mask: u64,
    line: Line,
}

impl Familiar {
    /// Begins nothing.
    const NONE: Familiar = Familiar { front: u64::MAX, mask: 0, line: Line { len: 0, size: 0 } };

    /// The line in front of `bytes`, if it has eight at most.
    fn new(line: Line, bytes: &[u8]) -> Familiar {
        match bytes.first_chunk() {
            Some(front) if line.len <= size_of_val(front) => {
                let mask = u64::MAX >> (64 - 8 * line.len);
                Familiar { front: u64::from_le_bytes(*front) & mask, mask, line }
            }
            _ => Familiar::NONE,
        }
    }

    /// This very line is in front of `bytes`.
    #[inline]
    fn begins(&self, bytes: &[u8]) -> bool {
        bytes.first_chunk().is_some_and(|front| u64::from_le_bytes(*front) & self.mask == self.front)
    }
}

/// What a hexadecimal digit stands for; 16 or more if it is none.
#[inline]
fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        letter => match (letter | 0x20).wrapping_sub(b'a') {
            value @ 0..6 => value + 10,
            _ => u8::MAX,
        },
    }
}

/// 1 to 16 hexadecimal digits: the number and how many there were. `None`: there may be more. An error says where.
fn chunk_size(line: &[u8]) -> Result<Option<(u64, usize)>, usize> {
    let mut size = 0_u64;
    for (at, &byte) in line.iter().enumerate() {
        match char::from(byte).to_digit(16) {
            Some(digit) if at < DIGITS => size = (size << 4) | u64::from(digit),
            None if at > 0 => return Ok(Some((size, at))),
            _ => return Err(at),
        }
    }
    Ok(None)
}

/// `*( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )` (RFC 9112 section 7.1.1), the first semicolon being
/// there, without white space before it. An error says how many bytes were left.
fn check_extensions(extensions: &[u8]) -> Result<(), usize> {
    let mut rest = extensions;
    while !rest.is_empty() {
        let semicolon = skip_blanks(rest);
        let name = skip_blanks(semicolon.strip_prefix(b";").ok_or(semicolon.len())?);
        rest = behind_token(name)?;
        if let Some(value) = skip_blanks(rest).strip_prefix(b"=") {
            rest = match skip_blanks(value) {
                [b'"', quoted @ ..] => behind_quoted(quoted)?,
                token => behind_token(token)?,
            };
        }
    }
    Ok(())
}

fn skip_blanks(bytes: &[u8]) -> &[u8] {
    let blanks = bytes.iter().take_while(|&&byte| is_blank(byte)).count();
    slice(bytes, blanks, bytes.len())
}

fn behind_token(bytes: &[u8]) -> Result<&[u8], usize> {
    match first_not_token(bytes).unwrap_or(bytes.len()) {
        0 => Err(bytes.len()),
        end => Ok(slice(bytes, end, bytes.len())),
    }
}

/// Behind the closing quote of a quoted-string (RFC 9110 section 5.6.4).
fn behind_quoted(bytes: &[u8]) -> Result<&[u8], usize> {
    let mut rest = bytes;
    loop {
        rest = match rest {
            [b'"', tail @ ..] => return Ok(tail),
            [b'\\', byte, tail @ ..] | [byte, tail @ ..] if !is_control(*byte) => tail,
            _ => return Err(rest.len()),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &[u8]) -> Result<Chunk, ErrorKind> {
        ChunkDecoder::new().next(line).map_err(|error| error.kind)
    }

    #[test]
    fn chunk_lines() {
        let data = |start| Ok(Chunk::Data { start, end: start + 1 });
        for (line, want) in [
            (&b"1\r\nx"[..], data(3)),
            (b"a\r\nx", data(3)),
            (b"FFFFFFFFFFFFFFFF\r\nx", data(18)),
            (b"0000000000000001\r\nx", data(18)),
            (b"1;a\r\nx", data(5)),
            (b"1;a=b;c=\"d;\\\"e\" ; f = g\r\nx", data(25)),
            (b"0\r\n", Ok(Chunk::Last { consumed: 3 })),
            (b"000;a\r\n", Ok(Chunk::Last { consumed: 7 })),
            (b"", Ok(Chunk::Incomplete)),
            (b"1", Ok(Chunk::Incomplete)),
            (b"1\r", Ok(Chunk::Incomplete)),
            (b"1\r\n", Ok(Chunk::Incomplete)),
            (b"00000000000000001\r\nx", Err(ErrorKind::ChunkSize)),
            (b"0x1\r\nx", Err(ErrorKind::ChunkSize)),
            (b"+1\r\nx", Err(ErrorKind::ChunkSize)),
            (b"-1\r\nx", Err(ErrorKind::ChunkSize)),
            (b" 1\r\nx", Err(ErrorKind::ChunkSize)),
            (b"1 \r\nx", Err(ErrorKind::ChunkSize)),
            (b"1 ;a\r\nx", Err(ErrorKind::ChunkSize)),
            (b"\r\n", Err(ErrorKind::ChunkSize)),
            (b"1_0\r\nx", Err(ErrorKind::ChunkSize)),
            (b"1\nx", Err(ErrorKind::BareLineFeed)),
            (b"1\rx", Err(ErrorKind::ControlCharacter)),
            (b"1;a\nx", Err(ErrorKind::BareLineFeed)),
            (b"1;a\rb\r\nx", Err(ErrorKind::ChunkExtension)),
            (b"1;\r\nx", Err(ErrorKind::ChunkExtension)),
            (b"1;a \r\nx", Err(ErrorKind::ChunkExtension)),
            (b"1;a=\r\nx", Err(ErrorKind::ChunkExtension)),
            (b"1;a=\"\r\nx", Err(ErrorKind::ChunkExtension)),
            (b"1;a=\"\\\"\r\nx", Err(ErrorKind::ChunkExtension)),
            (b"1;a=\"\x00\"\r\nx", Err(ErrorKind::ChunkExtension)),
            (b"1;a b\r\nx", Err(ErrorKind::ChunkExtension)),
        ] {
            assert_eq!(one(line), want, "{}", line.escape_ascii());
        }
    }

    #[test]
    fn data_is_followed_by_crlf() {
        for (end, want) in [
            (&b"\r\n0\r\n"[..], Ok(Chunk::Last { consumed: 5 })),
            (b"\r", Ok(Chunk::Incomplete)),
            (b"\n0\r\n", Err(ErrorKind::ChunkEnd)),
            (b"\r0\r\n", Err(ErrorKind::ChunkEnd)),
            (b"x\r\n", Err(ErrorKind::ChunkEnd)),
        ] {
            let mut decoder = ChunkDecoder::new();
            assert_eq!(decoder.next(b"1\r\nx"), Ok(Chunk::Data { start: 3, end: 4 }));
            assert_eq!(decoder.next(end).map_err(|error| error.kind), want, "{}", end.escape_ascii());
        }
    }

    #[test]
    fn a_line_is_known_again_just_as_it_was() {
        let eight = Ok(Chunk::Data { start: 5, end: 13 });
        for (lines, want) in [
            ([&b"8\r\n"[..], b"\r\n8\r\n", b"\r\n8\r\n"], eight),
            ([b"8\r\n", b"\r\n8\r\n", b"\r\n9\r\n"], Ok(Chunk::Data { start: 5, end: 14 })),
            ([b"8\r\n", b"\r\n8\r\n", b"\r\n8;\r\n"], Err(ErrorKind::ChunkExtension)),
            ([b"8\r\n", b"\r\n8\r\n", b"8\r\n"], Err(ErrorKind::ChunkEnd)),
            // The first line has no CRLF before it: the others must have one.
            ([b"8\r\n", b"8\r\n", b""], Err(ErrorKind::ChunkEnd)),
            ([b"00008\r\n", b"00008\r\n", b""], Err(ErrorKind::ChunkEnd)),
        ] {
            let mut decoder = ChunkDecoder::new();
            let seen =
                lines.map(|line| decoder.next(&[line, b"123456789"].concat()).map_err(|error| error.kind));
            assert_eq!(*seen.iter().find(|seen| seen.is_err()).unwrap_or(&seen[2]), want, "{lines:?}");
        }
    }

    #[test]
    fn extensions_are_told_if_wanted() {
        let mut decoder = ChunkDecoder::with_limits(&Limits::DEFAULT, true);
        assert_eq!(decoder.next(b"1;a=b\r\n"), Ok(Chunk::Extension { start: 2, end: 5, consumed: 7 }));
        assert_eq!(decoder.next(b""), Ok(Chunk::Incomplete));
        assert_eq!(decoder.next(b"x\r\n"), Ok(Chunk::Data { start: 0, end: 1 }));
        assert_eq!(decoder.next(b"\r\n0;c\r\n"), Ok(Chunk::Extension { start: 4, end: 5, consumed: 7 }));
        assert_eq!(decoder.next(b"\r\n"), Ok(Chunk::Last { consumed: 0 }));
    }
}

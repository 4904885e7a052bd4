//! The way through a head, line by line: shared by requests, responses and trailer sections.
//!
//! The rule it lives by: lines are judged one after the other, each as soon as it is complete, and a limit is judged as
//! soon as it is passed. So the first fault in the order of bytes is the one reported, however they were cut into
//! reads, and a byte is looked at once, however slowly it came.

use proto_core::scan::{self, BLOCK};

use crate::shape::{Room, Shape, WINDOW};
use crate::syntax::slice;
use crate::{Config, Error, ErrorKind, Fields};

/// What a head begins with: a request line or a status line.
pub(crate) trait StartLine: Copy {
    /// Empty lines before it may be skipped.
    const EMPTY_LINES: bool;

    /// Reads `line`, which is without its line end and begins at `at`.
    fn parse(line: &[u8], at: usize, config: &Config) -> Result<Self, Error>;

    /// Reads the line that begins at `at` and whose bytes are at the front of `shape`; says also where its CRLF is.
    /// `None` if it takes a closer look.
    fn leap(shape: &Shape<'_>, at: usize, config: &Config) -> Option<(Self, usize)>;
}

/// How far the reading of a head has got: the state that makes it resumable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress<S> {
    /// Where the first line not yet read begins.
    line: usize,
    /// Up to where its end was looked for.
    scanned: usize,
    /// The line in question was begun, and it ends before here or is too long. Zero: it takes a closer look.
    window: usize,
    /// How far ahead is looked at first: about as far as the head is expected to reach.
    look: usize,
    /// Empty lines skipped.
    empty: usize,
    /// The start line, once read.
    pub(crate) start: Option<S>,
}

impl<S: StartLine> Progress<S> {
    /// At the first byte.
    pub(crate) const fn new() -> Self {
        Progress { line: 0, scanned: 0, window: 0, look: WINDOW, empty: 0, start: None }
    }

    /// At the first byte behind a head of this length. The heads of a connection are much alike: what else has come
    /// already is not looked at in vain.
    pub(crate) fn after(len: usize) -> Self {
        Progress { look: (len + SLACK).next_multiple_of(BLOCK).min(WINDOW), ..Self::new() }
    }

    /// Nothing has come yet, or empty lines at most.
    pub(crate) fn is_fresh(&self) -> bool {
        self.start.is_none() && self.scanned == self.line
    }

    /// A few new bytes came that neither end a line nor pass a limit. A head that trickles in costs no more than this.
    #[inline]
    pub(crate) fn is_waiting(&mut self, bytes: &[u8]) -> bool {
        if bytes.len() >= self.window {
            return false;
        }
        let Some((one, before)) = bytes.split_last() else { return false };
        let waiting = if before.len() == self.scanned {
            *one != b'\n'
        } else {
            bytes.get(self.scanned..).is_some_and(|few| few.len() <= FEW && !few.contains(&b'\n'))
        };
        if waiting {
            self.scanned = bytes.len();
        }
        waiting
    }

    /// One new byte came that ends a field line, and nothing is wrong with that line: it is read, and the next one is waited
    /// for. [`advance`](Self::advance) would do the same, and does all that is not done here.
    pub(crate) fn takes_line(&mut self, bytes: &[u8], fields: &mut Fields, config: &Config) -> bool {
        let is_one = self.scanned + 1 == bytes.len() && bytes.len() < self.window;
        let has_room = self.start.is_some() && fields.len() < config.limits.fields;
        if !(is_one && has_room) {
            return false;
        }
        let [line @ .., b'\r', b'\n'] = slice(bytes, self.line, bytes.len()) else { return false };
        if line.is_empty() || fields.push_line(line, self.line).is_err() {
            return false;
        }
        (self.line, self.scanned) = (bytes.len(), bytes.len());
        self.bound(config);
        true
    }

    /// Reads on in `bytes`, which begins as at the last call. The length of the head once it is complete.
    #[inline]
    pub(crate) fn advance(
        &mut self,
        bytes: &[u8],
        fields: &mut Fields,
        config: &Config,
    ) -> Result<Option<usize>, Error> {
        self.window = 0;
        match self.leap(bytes, fields, config) {
            true => Ok(Some(self.line)),
            false => self.walk(bytes, fields, config),
        }
    }

    /// All of a head, from its first byte: the start line and the length. Whatever can be read in one go is read here, with
    /// all that is known of it in registers.
    #[inline]
    pub(crate) fn at_once(
        bytes: &[u8],
        fields: &mut Fields,
        config: &Config,
    ) -> Result<Option<(S, usize)>, Error> {
        fields.clear();
        let mut progress = Self::new();
        if progress.leap(bytes, fields, config) {
            return Ok(progress.start.map(|start| (start, progress.line)));
        }
        Self::bit_by_bit(progress, bytes, fields, config)
    }

    #[inline(never)]
    fn bit_by_bit(
        mut progress: Self,
        bytes: &[u8],
        fields: &mut Fields,
        config: &Config,
    ) -> Result<Option<(S, usize)>, Error> {
        let len = progress.walk(bytes, fields, config)?;
        Ok(len.and_then(|len| progress.start.map(|start| (start, len))))
    }

    /// Line by line, as long as there is something in the way of the next leap.
    #[inline(never)]
    fn walk(&mut self, bytes: &[u8], fields: &mut Fields, config: &Config) -> Result<Option<usize>, Error> {
        loop {
            let at = self.line;
            if self.start.is_none() && bytes.get(at) == Some(&TLS_HANDSHAKE) {
                return Err(Error::peer(ErrorKind::TlsHello, at));
            }
            let Some(line) = self.next_line(bytes, config)? else {
                // The very first byte is looked at more closely, and starts a clock.
                if self.start.is_none() && self.scanned == self.line {
                    self.window = 0;
                }
                return Ok(None);
            };
            self.window = 0;
            match (line.is_empty(), self.start) {
                (true, Some(_)) => return Ok(Some(self.line)),
                (true, None) => self.skip_empty_line(at, config)?,
                (false, None) => self.start = Some(S::parse(line, at, config)?),
                (false, Some(_)) => {
                    if fields.len() >= config.limits.fields {
                        return Err(Error::peer(ErrorKind::TooManyFields, at));
                    }
                    fields.push_line(line, at)?;
                }
            }
            if self.leap_again(bytes, fields, config) {
                return Ok(Some(self.line));
            }
        }
    }

    #[inline(never)]
    fn leap_again(&mut self, bytes: &[u8], fields: &mut Fields, config: &Config) -> bool {
        self.leap(bytes, fields, config)
    }

    /// Reads all the lines in one go that are there and as they should be. Says whether the head ended with them.
    #[inline(always)]
    fn leap(&mut self, bytes: &[u8], fields: &mut Fields, config: &Config) -> bool {
        // What was looked at in vain is not looked at again before a line ends.
        if bytes.len() <= self.scanned || (self.scanned > self.line && !self.ends_line(bytes)) {
            return false;
        }
        loop {
            let before = self.line;
            let rest = slice(bytes, before, bytes.len());
            let look = core::mem::replace(&mut self.look, WINDOW);
            let ended = self.leap_window(rest.get(..look).unwrap_or(rest), fields, config);
            self.scanned = self.scanned.max(self.line);
            if ended || rest.len() <= look || (self.line == before && look == WINDOW) {
                return ended;
            }
        }
    }

    /// A line ends in what is new.
    #[inline(never)]
    fn ends_line(&self, bytes: &[u8]) -> bool {
        match slice(bytes, self.scanned, bytes.len()) {
            [one] => *one == b'\n',
            new => scan::find_byte(b'\n', new).is_some(),
        }
    }

    #[inline(always)]
    fn leap_window(&mut self, rest: &[u8], fields: &mut Fields, config: &Config) -> bool {
        let limits = &config.limits;
        // Near a limit, steps are short.
        let is_far = limits.start_line.min(limits.field_line) >= WINDOW
            && self.line + WINDOW <= limits.head.min(u32::MAX as usize);
        if !is_far {
            return false;
        }
        let (mut room, mut at) = (Room::new(), 0);
        let shape = Shape::of(rest, &mut room);
        if self.start.is_none() {
            let Some((start, end)) = S::leap(&shape, self.line, config) else { return false };
            self.start = Some(start);
            at = end + 2;
        }
        let (at, ended) = fields.leap(&shape, self.line, at, limits.fields);
        self.line += at;
        ended
    }

    /// RFC 9112 section 2.2: at least one CRLF before a request line is to be ignored.
    fn skip_empty_line(&mut self, at: usize, config: &Config) -> Result<(), Error> {
        self.empty += 1;
        let allowed = if S::EMPTY_LINES { config.limits.empty_lines } else { 0 };
        if self.empty > allowed { Err(Error::peer(ErrorKind::EmptyLines, at)) } else { Ok(()) }
    }

    /// How long the line in question may be.
    fn bound(&mut self, config: &Config) -> Bound {
        let limits = &config.limits;
        let (max, kind) = match self.start {
            None => (limits.start_line, ErrorKind::StartLineTooLong),
            Some(_) => (limits.field_line, ErrorKind::FieldLineTooLong),
        };
        let room = limits.head.saturating_sub(self.line + 2);
        let (max, kind) = if room < max { (room, ErrorKind::HeadTooLarge) } else { (max, kind) };
        self.window = self.line.saturating_add(max);
        Bound { max, kind }
    }

    /// The next line without its end, if it is complete.
    fn next_line<'b>(&mut self, bytes: &'b [u8], config: &Config) -> Result<Option<&'b [u8]>, Error> {
        let bound = self.bound(config);
        if bytes.len() == self.line {
            return Ok(None);
        }
        let line = split_line(bytes, self.line, &mut self.scanned, bound, config.lenient.bare_lf)?;
        Ok(line.inspect(|_| self.line = self.scanned))
    }
}

/// A handshake record (RFC 8446 section 5.1): the first byte of a TLS hello, and of no request.
const TLS_HANDSHAKE: u8 = 0x16;

/// By how much a head may be longer than the one before and still be found at the first look.
const SLACK: usize = 16;

/// So many new bytes are looked at one by one.
const FEW: usize = 16;

/// How long a line may be, and what is said of a longer one.
#[derive(Clone, Copy)]
pub(crate) struct Bound {
    /// Without the line end.
    pub(crate) max: usize,
    pub(crate) kind: ErrorKind,
}

/// The line that begins at `start`, without its CRLF; `scanned` is then behind that. `None` if it is not complete,
/// and `scanned` is where to look on.
pub(crate) fn split_line<'b>(
    bytes: &'b [u8],
    start: usize,
    scanned: &mut usize,
    bound: Bound,
    bare_lf: bool,
) -> Result<Option<&'b [u8]>, Error> {
    // A line of the greatest length ends within these many bytes.
    let window = start.saturating_add(bound.max).saturating_add(2);
    let too_long = || Error::peer(bound.kind, start + bound.max);
    let fresh = slice(bytes, *scanned, bytes.len().min(window));
    let Some(found) = scan::find_byte(b'\n', fresh) else {
        *scanned = bytes.len().min(window);
        return if bytes.len() >= window { Err(too_long()) } else { Ok(None) };
    };
    let feed = *scanned + found;
    *scanned = feed + 1;
    let line = slice(bytes, start, feed);
    let (line, bare) = line.strip_suffix(b"\r").map_or((line, true), |line| (line, false));
    if line.len() > bound.max {
        Err(too_long())
    } else if bare && !bare_lf {
        Err(Error::peer(ErrorKind::BareLineFeed, feed))
    } else {
        Ok(Some(line))
    }
}

/// Joins folded lines: each line end with the white space behind it becomes one SP (RFC 9112 section 5.2), and what
/// is saved becomes white space before the line's end, which no reader keeps. The length stays the same.
///
/// `head` is a whole head; what stands behind its empty line is left alone.
///
/// ```
/// let mut head = *b"HTTP/1.1 200 OK\r\nX: a\r\n\t b\r\n\r\n";
/// http1::unfold(&mut head);
/// assert_eq!(&head, b"HTTP/1.1 200 OK\r\nX: a b   \r\n\r\n");
/// ```
pub fn unfold(head: &mut [u8]) {
    // The start line is never continued.
    let mut read = head.iter().position(|&byte| byte == b'\n').map_or(head.len(), |end| end + 1);
    let mut write = read;
    while let Some(&byte) = head.get(read) {
        let line_begins = write.checked_sub(1).and_then(|last| head.get(last)) == Some(&b'\n');
        if line_begins && matches!(byte, b'\r' | b'\n') {
            return; // the empty line at the end
        }
        let end = fold_at(head, read);
        if end > read {
            put(head, &mut write, b' ');
            read = end;
        } else {
            if byte == b'\n' {
                pad_line(head, &mut write, read);
            }
            put(head, &mut write, byte);
            read += 1;
        }
    }
    while write < read {
        put(head, &mut write, b' ');
    }
}

/// The end of the fold that begins at `at`; `at` itself if none does.
fn fold_at(head: &[u8], at: usize) -> usize {
    let behind = |n: usize| head.get(at + n).copied();
    let width = match (behind(0), behind(1)) {
        (Some(b'\r'), Some(b'\n')) => 2,
        (Some(b'\n'), _) => 1,
        _ => return at,
    };
    let blanks =
        slice(head, at + width, head.len()).iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    if blanks == 0 { at } else { at + width + blanks }
}

/// Moves the end of the line that was just written to just before `read`, where it was, with spaces in between.
fn pad_line(head: &mut [u8], write: &mut usize, read: usize) {
    let crlf = write.checked_sub(1).and_then(|last| head.get(last)) == Some(&b'\r');
    if *write == read || !crlf {
        while *write < read {
            put(head, write, b' ');
        }
        return;
    }
    *write -= 1;
    while *write + 1 < read {
        put(head, write, b' ');
    }
    put(head, write, b'\r');
}

fn put(head: &mut [u8], write: &mut usize, byte: u8) {
    if let Some(place) = head.get_mut(*write) {
        *place = byte;
    }
    *write += 1;
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::unfold;

    #[test]
    fn folded_lines_are_joined_by_one_space_and_nothing_else_moves() {
        for (head, want) in [
            ("S\r\nX: a\r\n b\r\n\r\n", "S\r\nX: a b  \r\n\r\n"),
            ("S\r\nX: a\r\n \t b\r\n\tc\r\nY: d\r\n\r\n", "S\r\nX: a b c      \r\nY: d\r\n\r\n"),
            ("S\nX: a\n b\n\n", "S\nX: a b \n\n"),
            ("S\r\nX: a\r\n \r\n\r\n", "S\r\nX: a   \r\n\r\n"),
            ("S\r\nX: a\r\n\r\n behind", "S\r\nX: a\r\n\r\n behind"),
            ("S\r\n X: a\r\n\r\n", "S\r\n X: a\r\n\r\n"),
            ("S\r\nX: a\r\n b", "S\r\nX: a b  "),
            ("S", "S"),
            ("", ""),
        ] {
            let mut bytes: Vec<u8> = head.into();
            unfold(&mut bytes);
            assert_eq!(bytes, want.as_bytes(), "{head:?}");
        }
    }
}

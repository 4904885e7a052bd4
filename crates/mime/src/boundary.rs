//! Boundary delimiters: what separates the parts of a multipart (RFC 2046 section 5.1.1).
//!
//! The rule: a delimiter is a line of its own, `--`, the boundary, perhaps `--` again, blanks. A longer name that begins alike is
//! another one. The innermost multipart that is still open is asked first, and one further out closes all within.

use alloc::vec::Vec;
#[cfg(feature = "simd")]
use core::ops::ControlFlow::{Break, Continue};

use proto_core::scan;
#[cfg(feature = "simd")]
use proto_core::scan::{Class, Classes};

use crate::lexical::slice;

/// A line longer than this, blanks and all, is no delimiter: a reader of a stream has to hold it.
const LONGEST: usize = 1024;

/// The boundaries of the multiparts that are open, the innermost last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Boundaries {
    bytes: Vec<u8>,
    levels: Vec<Level>,
}

#[derive(Clone, Copy, Debug)]
struct Level {
    /// Where its boundary begins in `bytes`.
    from: usize,
    /// Which part it belongs to: as many are open outside of it.
    depth: usize,
}

/// Whether a line is a delimiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    No,
    /// It may become one.
    Unknown,
    Found(Delimiter),
}

/// A delimiter that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delimiter {
    /// The part whose delimiter it is.
    pub(crate) depth: usize,
    /// The one with `--` at the end.
    pub(crate) is_last: bool,
    /// Bytes of the line with its line end.
    pub(crate) len: usize,
}

/// What was found of the next delimiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Search {
    /// None in these bytes; so many of them, from the front, can be no part of one.
    None { safe: usize },
    /// One, behind so many bytes. The line end before it belongs to it, and `len` counts it.
    Found { before: usize, delimiter: Delimiter },
}

impl Verdict {
    pub(crate) fn is_found(self) -> bool {
        matches!(self, Verdict::Found(_))
    }
}

impl Boundaries {
    pub(crate) fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// A multipart at this depth is open.
    pub(crate) fn push(&mut self, depth: usize, boundary: &[u8]) {
        self.levels.push(Level { from: self.bytes.len(), depth });
        self.bytes.extend_from_slice(boundary);
    }

    /// Those of parts at `depth` and deeper are no longer open.
    pub(crate) fn close(&mut self, depth: usize) {
        while let Some(last) = self.levels.pop_if(|level| level.depth >= depth) {
            self.bytes.truncate(last.from);
        }
    }

    /// Whether `line`, which begins with `--` and may be followed by more lines, is a delimiter; `eof`: nothing will follow.
    pub(crate) fn find(&self, line: &[u8], eof: bool) -> Verdict {
        let (rest, mut to) = (line.get(2..).unwrap_or_default(), self.bytes.len());
        for level in self.levels.iter().rev() {
            let boundary = slice(&self.bytes, level.from, to);
            to = level.from;
            if let Some(tail) = rest.strip_prefix(boundary) {
                match end_of_line(tail, eof, LONGEST.saturating_sub(2 + boundary.len())) {
                    Tail::Not => {}
                    Tail::Unknown => return Verdict::Unknown,
                    Tail::End { len, is_last } => {
                        let len = 2 + boundary.len() + len;
                        return Verdict::Found(Delimiter { depth: level.depth, is_last, len });
                    }
                }
            } else if !eof && boundary.starts_with(rest) {
                return Verdict::Unknown;
            }
        }
        Verdict::No
    }

    /// The first delimiter in `bytes`. `at_line`: they begin a line; otherwise a delimiter can only follow a line end. With
    /// `eof` nothing will follow them.
    pub(crate) fn search(&self, bytes: &[u8], at_line: bool, eof: bool) -> Search {
        if at_line && bytes.starts_with(b"--") {
            match self.find(bytes, eof) {
                Verdict::Found(delimiter) => return Search::Found { before: 0, delimiter },
                Verdict::Unknown => return Search::None { safe: 0 },
                Verdict::No => {}
            }
        }
        let found =
            find_dashes(bytes, |line_end| match self.find(slice(bytes, line_end + 1, bytes.len()), eof) {
                Verdict::No => None,
                verdict => Some(verdict),
            });
        match found {
            None if eof => Search::None { safe: bytes.len() },
            None => Search::None { safe: bytes.len() - held_back(bytes, at_line) },
            Some((line_end, verdict)) => {
                let cr = line_end.checked_sub(1).is_some_and(|at| bytes.get(at) == Some(&b'\r'));
                let before = line_end - usize::from(cr);
                match verdict {
                    Verdict::Found(delimiter) => {
                        let len = delimiter.len + line_end + 1 - before;
                        Search::Found { before, delimiter: Delimiter { len, ..delimiter } }
                    }
                    _ => Search::None { safe: before },
                }
            }
        }
    }
}

/// Bytes at the end that may begin a delimiter: a line end, perhaps with one dash behind it.
fn held_back(bytes: &[u8], at_line: bool) -> usize {
    if at_line && bytes == b"-" {
        return 1;
    }
    [&b"\r\n-"[..], b"\n-", b"\r\n", b"\n", b"\r"]
        .into_iter()
        .find(|end| bytes.ends_with(end))
        .map_or(0, <[u8]>::len)
}

/// What follows a boundary.
enum Tail {
    /// Something that makes it another line.
    Not,
    Unknown,
    /// The end of the line, with all that stands before it.
    End {
        len: usize,
        is_last: bool,
    },
}

/// `--` perhaps, blanks, and a line end within `limit` bytes.
fn end_of_line(tail: &[u8], eof: bool, limit: usize) -> Tail {
    let is_last = tail.starts_with(b"--");
    if !is_last && tail == b"-" && !eof {
        return Tail::Unknown;
    }
    let dashes = if is_last { 2 } else { 0 };
    let rest = tail.get(dashes..).unwrap_or_default();
    let blanks = rest.iter().take(limit).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let len = dashes + blanks;
    if len > limit {
        return Tail::Not;
    }
    match rest.get(blanks..).unwrap_or_default() {
        [b'\n', ..] => Tail::End { len: len + 1, is_last },
        [b'\r', b'\n', ..] => Tail::End { len: len + 2, is_last },
        [] if eof => Tail::End { len, is_last },
        [] | [b'\r'] if !eof => Tail::Unknown,
        _ => Tail::Not,
    }
}

/// Line ends and dashes.
#[cfg(feature = "simd")]
struct Dashes;
#[cfg(feature = "simd")]
impl Classes<2> for Dashes {
    const CLASSES: [Class; 2] = [Class::of(b"\n"), Class::of(b"-")];
}

/// As many bytes are looked at closely once there is a dash.
#[cfg(feature = "simd")]
const CLOSE: usize = 4096;

/// The first LF with two dashes behind it for which `judge` has an answer.
#[cfg(feature = "simd")]
fn find_dashes<T>(bytes: &[u8], mut judge: impl FnMut(usize) -> Option<T>) -> Option<(usize, T)> {
    let mut from = 0;
    loop {
        // Base64 has no dashes at all, and nothing is faster than a search for one byte.
        let dash = from + scan::find_byte(b'-', bytes.get(from..)?)?;
        let start = dash.saturating_sub(1);
        let window = slice(bytes, start, bytes.len().min(start + CLOSE));
        let found = find_dashes_close(window, |line_end| judge(start + line_end));
        if let Some((line_end, answer)) = found {
            return Some((start + line_end, answer));
        }
        // A dash at the end of the window may be the first of two.
        from = (start + window.len() - 1).max(dash + 1);
    }
}

#[cfg(not(feature = "simd"))]
use plain_find_dashes as find_dashes;

/// The same over an index.
#[cfg(feature = "simd")]
#[inline]
fn find_dashes_close<T>(bytes: &[u8], mut judge: impl FnMut(usize) -> Option<T>) -> Option<(usize, T)> {
    // The last two of the block before: LFs, and whether the last was a dash.
    let before = (0_u64, 0_u64);
    let found =
        scan::fold::<Dashes, 2, _, _>(bytes, before, |(ends_before, dash_before), at, [ends, dashes]| {
            // Bits where a second dash is.
            let second = dashes & (dashes << 1 | dash_before) & (ends << 2 | ends_before);
            for bit in scan::Bits(second) {
                let line_end = (at + bit as usize).wrapping_sub(2);
                if let Some(answer) = judge(line_end) {
                    return Break((line_end, answer));
                }
            }
            Continue((ends >> 62, dashes >> 63))
        });
    match found {
        Break(found) => Some(found),
        Continue(_) => None,
    }
}

/// The same in few words; where there are no vectors it is also the faster.
#[cfg(any(test, not(feature = "simd")))]
fn plain_find_dashes<T>(bytes: &[u8], mut judge: impl FnMut(usize) -> Option<T>) -> Option<(usize, T)> {
    let mut from = 0;
    loop {
        let line_end = from + scan::find_byte(b'\n', bytes.get(from..)?)?;
        from = line_end + 1;
        if bytes.get(from..).is_some_and(|line| line.starts_with(b"--"))
            && let Some(answer) = judge(line_end)
        {
            return Some((line_end, answer));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A line, and the delimiter it is: depth, whether it is the last, length.
    type Case = (&'static str, Option<(usize, bool, usize)>);

    fn boundaries(names: &[&str]) -> Boundaries {
        let mut boundaries = Boundaries::default();
        for (depth, name) in names.iter().enumerate() {
            boundaries.push(depth, name.as_bytes());
        }
        boundaries
    }

    #[test]
    fn a_delimiter_is_a_line_of_its_own() {
        let open = boundaries(&["outer", "a"]);
        let cases: &[Case] = &[
            ("--a\r\n", Some((1, false, 5))),
            ("--a\nx", Some((1, false, 4))),
            ("--a", Some((1, false, 3))),
            ("--a--\r\n", Some((1, true, 7))),
            ("--a-- \t\r\n", Some((1, true, 9))),
            ("--a \t\n", Some((1, false, 6))),
            ("--outer--", Some((0, true, 9))),
            ("--ab\n", None),
            ("--a-\n", None),
            ("--a---\n", None),
            ("--a x\n", None),
            ("--a\rx\n", None),
            ("--a --\n", None),
            ("--\n", None),
            ("--A\n", None),
        ];
        for (line, found) in cases {
            let found = found.map_or(Verdict::No, |(depth, is_last, len)| {
                Verdict::Found(Delimiter { depth, is_last, len })
            });
            assert_eq!(open.find(line.as_bytes(), true), found, "{line:?}");
        }
    }

    #[test]
    fn the_innermost_is_asked_first() {
        let depth = |names: &[&str], line: &str| match boundaries(names).find(line.as_bytes(), true) {
            Verdict::Found(found) => Some((found.depth, found.is_last)),
            _ => None,
        };
        assert_eq!(depth(&["a", "a"], "--a"), Some((1, false)));
        assert_eq!(depth(&["a", "a--"], "--a--"), Some((1, false)));
        assert_eq!(depth(&["a--", "a"], "--a--"), Some((1, true)));
        assert_eq!(depth(&["ab", "a"], "--ab"), Some((0, false)));
        let mut open = boundaries(&["a", "b", "c"]);
        open.close(1);
        assert_eq!(open.find(b"--b", true), Verdict::No);
        assert!(open.find(b"--a", true).is_found());
    }

    #[test]
    fn what_may_become_a_delimiter_is_held_back() {
        let open = boundaries(&["abc"]);
        for (bytes, safe) in [
            ("text", 4),
            ("text\r", 4),
            ("text\r\n", 4),
            ("text\n-", 4),
            ("text\n--", 4),
            ("text\r\n--ab", 4),
            ("text\r\n--abc", 4),
            ("text\r\n--abc--  ", 4),
            ("text\r\n--abc\r", 4),
            ("text\r\n--abd", 11),
            ("text\r\n--abcd", 12),
            ("text\r\n-x", 8),
            ("--ab", 0),
            ("-", 0),
        ] {
            assert_eq!(open.search(bytes.as_bytes(), true, false), Search::None { safe }, "{bytes:?}");
            let len = bytes.len();
            if !bytes.contains("--abc") {
                assert_eq!(
                    open.search(bytes.as_bytes(), true, true),
                    Search::None { safe: len },
                    "{bytes:?}"
                );
            }
        }
        let endless = alloc::format!("\n--abc{}", " ".repeat(LONGEST));
        assert_eq!(open.search(endless.as_bytes(), false, false), Search::None { safe: endless.len() });
    }

    proptest! {
        #[test]
        fn vectors_and_the_plain_loop_agree(
            text in "[\n\\-a]{0,300}(\n--|a{4070,4100}){0,3}(\n--|-|a){0,9}",
            skip in 0_usize..20,
        ) {
            let answer = |count: &mut usize, _: usize| { *count += 1; (*count > skip).then_some(()) };
            let (mut one, mut two) = (0, 0);
            let fast = find_dashes(text.as_bytes(), |at| answer(&mut one, at));
            prop_assert_eq!(fast, plain_find_dashes(text.as_bytes(), |at| answer(&mut two, at)));
        }
    }
}

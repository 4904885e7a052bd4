//! Entries of a zone file, cut into tokens (RFC 1035 section 5.1): what belongs to one record, over as many lines as
//! its parentheses hold.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use proto_core::scan::{self, BLOCK, Class, Classes};

use super::{TOKEN, TOKENS, ZoneError, ZoneErrorKind as Kind};
use crate::TextErrorKind;
use crate::text::Token;

/// A token by its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    start: usize,
    end: usize,
    quoted: bool,
}

/// A text being read.
pub(super) struct Lexer<'t> {
    pub(super) file: String,
    text: Cow<'t, [u8]>,
    at: usize,
    line: usize,
    line_start: usize,
    stops: Stops,
    /// Where the entry starts: its offset, its line and the offset of that line.
    entry: (usize, usize, usize),
    pub(super) spans: Vec<Span>,
    /// The entry started with a blank: its owner is that of the one before.
    pub(super) blank: bool,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(file: String, text: Cow<'t, [u8]>) -> Self {
        let (stops, entry, spans) = (Stops::new(), (0, 1, 0), Vec::new());
        Lexer { file, text, at: 0, line: 1, line_start: 0, stops, entry, spans, blank: false }
    }

    pub(super) fn token(&self, span: &Span) -> Token<'_> {
        Token { text: self.text.get(span.start..span.end).unwrap_or_default(), quoted: span.quoted }
    }

    /// Reads the next entry that has tokens; `false` at the end of the text.
    pub(super) fn entry(&mut self) -> Result<bool, ZoneError> {
        loop {
            self.spans.clear();
            if self.at >= self.text.len() {
                return Ok(false);
            }
            self.blank = matches!(self.text.get(self.at), Some(b' ' | b'\t'));
            let read = self.tokens();
            if let Err(error) = read {
                self.skip_line();
                return Err(error);
            }
            if !self.spans.is_empty() {
                return Ok(true);
            }
        }
    }

    fn tokens(&mut self) -> Result<(), ZoneError> {
        self.entry = (self.at, self.line, self.line_start);
        if self.plain_line() {
            return Ok(());
        }
        (self.at, self.line, self.line_start) = self.entry;
        self.spans.clear();
        self.any_tokens()
    }

    /// The tokens of a line without parentheses, comments and escapes, as most are; `false` of any other.
    fn plain_line(&mut self) -> bool {
        let (from, mut start) = (self.at, self.at);
        self.stops.seek(&self.text, from);
        loop {
            let at = self.stops.next(&self.text);
            if at > start {
                self.spans.push(Span { start, end: at, quoted: false });
            }
            start = at + 1;
            match self.text.get(at) {
                Some(b' ' | b'\t' | b'\r') => {}
                Some(b'"') => {
                    let Some(end) = self.plain_quote() else { return false };
                    self.spans.push(Span { start, end, quoted: true });
                    start = end + 1;
                }
                Some(b'\n') => {
                    self.at = at;
                    self.newline();
                    return at - from <= TOKEN && self.spans.len() <= TOKENS;
                }
                _ => return false, // at the end of the text too
            }
        }
    }

    /// Where the quote that opened at the last stop is closed, if there is no escape within.
    fn plain_quote(&mut self) -> Option<usize> {
        loop {
            let at = self.stops.next(&self.text);
            match self.text.get(at)? {
                b'"' => return Some(at),
                b'\\' | b'\n' => return None,
                _ => {}
            }
        }
    }

    /// To the end of the line that is not within parentheses.
    fn any_tokens(&mut self) -> Result<(), ZoneError> {
        let mut open: Vec<(usize, usize)> = Vec::new();
        while let Some(octet) = self.text.get(self.at).copied() {
            match octet {
                b'\n' => {
                    self.newline();
                    if open.is_empty() {
                        return Ok(());
                    }
                }
                b' ' | b'\t' | b'\r' => self.at += 1,
                b';' => self.skip_comment(),
                b'(' => {
                    open.push((self.line, self.column()));
                    self.at += 1;
                }
                b')' if open.pop().is_some() => self.at += 1,
                b')' => return Err(self.error(Kind::Parenthesis)),
                b'"' => self.quoted()?,
                _ => self.bare()?,
            }
        }
        match open.pop() {
            None => Ok(()),
            Some((line, column)) => {
                Err(ZoneError { line, column, ..self.error(TextErrorKind::Unclosed.into()) })
            }
        }
    }

    fn newline(&mut self) {
        self.at += 1;
        self.line += 1;
        self.line_start = self.at;
    }

    fn column(&self) -> usize {
        self.at - self.line_start + 1
    }

    fn skip_comment(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += scan::find_byte(b'\n', rest).unwrap_or(rest.len());
    }

    fn skip_line(&mut self) {
        self.skip_comment();
        if self.at < self.text.len() {
            self.newline();
        }
    }

    fn quoted(&mut self) -> Result<(), ZoneError> {
        let len = self.len_until(self.at + 1, |octet| matches!(octet, b'"' | b'\n'));
        if self.text.get(self.at + 1 + len) != Some(&b'"') {
            return Err(self.error(TextErrorKind::Unclosed.into()));
        }
        self.push(self.at + 1, len, true)?;
        self.at += len + 2;
        Ok(())
    }

    fn bare(&mut self) -> Result<(), ZoneError> {
        let ends = |octet| matches!(octet, b' ' | b'\t' | b'\r' | b'\n' | b'(' | b')' | b';' | b'"');
        let len = self.len_until(self.at, ends);
        self.push(self.at, len, false)?;
        self.at += len;
        Ok(())
    }

    fn push(&mut self, start: usize, len: usize, quoted: bool) -> Result<(), ZoneError> {
        if len > TOKEN {
            return Err(self.error(Kind::TokenTooLong));
        }
        if self.spans.len() == TOKENS {
            return Err(self.error(Kind::TooManyTokens));
        }
        self.spans.push(Span { start, end: start + len, quoted });
        Ok(())
    }

    /// Octets from `start` up to one that `ends` and is not escaped. A line's end can't be escaped.
    fn len_until(&self, start: usize, ends: impl Fn(u8) -> bool) -> usize {
        let mut at = start;
        while let Some(octet) = self.text.get(at).copied() {
            match octet {
                b'\\' if !matches!(self.text.get(at + 1), None | Some(b'\n')) => at += 1,
                octet if ends(octet) => break,
                _ => {}
            }
            at += 1;
        }
        at - start
    }

    /// The line and column of a token of the entry: counted when asked for, as most never are.
    pub(super) fn position(&self, span: &Span) -> (usize, usize) {
        let (from, mut line, mut line_start) = self.entry;
        for (at, octet) in (from..).zip(self.text.get(from..span.start).unwrap_or_default()) {
            if *octet == b'\n' {
                (line, line_start) = (line + 1, at + 1);
            }
        }
        (line, span.start - line_start + 1)
    }

    /// A fault where the lexer stands.
    fn error(&self, kind: Kind) -> ZoneError {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let len = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
        let token = shown(rest.get(..len).unwrap_or_default());
        ZoneError { line: self.line, column: self.column(), file: self.file.clone(), kind, token }
    }

    /// A fault in a token of the entry, `offset` octets into it; behind the last one if there is no such token.
    pub(super) fn error_at(&self, number: usize, offset: usize, kind: Kind) -> ZoneError {
        let file = self.file.clone();
        match (self.spans.get(number), self.spans.last()) {
            (Some(span), _) => {
                let token = shown(self.token(span).text);
                let (line, column) = self.position(span);
                ZoneError { line, column: column + offset, file, kind, token }
            }
            (None, Some(last)) => {
                let (line, column) = self.position(last);
                let column = column + (last.end - last.start) + usize::from(last.quoted);
                ZoneError { line, column, file, kind, token: String::new() }
            }
            (None, None) => self.error(kind),
        }
    }
}

/// How many blocks are looked through at a time. 16, a kibibyte: enough that a call costs next to nothing.
const WINDOW: usize = 16;

/// Where in the text the octets are that may end a token, or mean something else within: a bit for each octet of a window that
/// moves along with the lexer. The text is the same in all calls.
struct Stops {
    /// The offset of the window, and of what is behind it.
    window: (usize, usize),
    masks: [[u64; 1]; WINDOW],
    /// The offset of the block at hand, and the stops in it that are to come.
    block: usize,
    left: u64,
}

impl Classes<1> for Stops {
    const CLASSES: [Class; 1] = [Class::of(b" \t\r\n();\"\\")];
}

impl Stops {
    fn new() -> Self {
        Stops { window: (0, 0), masks: [[0]; WINDOW], block: 0, left: 0 }
    }

    /// The next stop is the first at `at` or behind it.
    fn seek(&mut self, text: &[u8], at: usize) {
        self.block = at - at % BLOCK;
        self.left = self.mask(text) & (u64::MAX << (at % BLOCK));
    }

    /// The offset of the next stop; the length of the text if there is none.
    #[inline]
    fn next(&mut self, text: &[u8]) -> usize {
        while self.left == 0 {
            self.block += BLOCK;
            if self.block >= text.len() {
                return text.len();
            }
            self.left = self.mask(text);
        }
        let stop = self.block + self.left.trailing_zeros() as usize;
        self.left &= self.left - 1;
        stop
    }

    /// The stops of the block at hand; the window moves there if need be.
    fn mask(&mut self, text: &[u8]) -> u64 {
        let (start, end) = self.window;
        if self.block < start || self.block >= end {
            let rest = text.get(self.block..).unwrap_or_default();
            self.masks = [[0]; WINDOW];
            self.window = (self.block, self.block + scan::index::<Self, 1>(rest, &mut self.masks));
        }
        let number = (self.block - self.window.0) / BLOCK;
        self.masks.get(number).map_or(0, |[mask]| *mask)
    }
}

/// The start of a token, for people.
pub(super) fn shown(token: &[u8]) -> String {
    let start = token.get(..60.min(token.len())).unwrap_or_default();
    String::from_utf8_lossy(start).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Tokens with their places, what comes behind the entry, and whether there was an error, entry by entry.
    fn read<'t>(
        text: &'t str,
        read: fn(&mut Lexer<'t>) -> Result<(), ZoneError>,
    ) -> Vec<impl PartialEq + core::fmt::Debug> {
        let mut lexer = Lexer::new(String::new(), Cow::Borrowed(text.as_bytes()));
        let mut found = Vec::new();
        while lexer.at < text.len() {
            lexer.spans.clear();
            lexer.entry = (lexer.at, lexer.line, lexer.line_start);
            let result = read(&mut lexer);
            let spans = lexer.spans.iter();
            let spans = spans.map(|span| (span.start, span.end, span.quoted, lexer.position(span)));
            found.push((spans.collect::<Vec<_>>(), lexer.at, lexer.line, result.is_ok()));
            if result.is_err() {
                lexer.skip_line();
            }
        }
        found
    }

    /// The plain reading of a line is the careful one, faster.
    #[test]
    fn plain_lines_are_read_as_any_others() {
        for text in [
            "a b\tc\n",
            "  a\n",
            "a",
            "a b",
            "\n\na\n",
            "a  b  \n",
            "a\r\nb\r\n",
            "a (b\n c) d\ne",
            "a \"b c\" d\n",
            "a\"b;(\"c \"\"\n",
            "a;b\nc",
            "a\\ b c\n",
            "\t\n x",
            "a \"b\n",
            "a \"b\\\"\" c\n",
            ")",
            "a (",
            "",
        ] {
            assert_eq!(read(text, Lexer::tokens), read(text, Lexer::any_tokens), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_alike_on_both_ways(text in "([a-c]{0,70}[ \t\r\n();\"\\\\x]){0,60}") {
            prop_assert_eq!(read(&text, Lexer::tokens), read(&text, Lexer::any_tokens));
        }

        /// Also of those who go back, as the careful reading may.
        #[test]
        fn stops_are_found_wherever_the_window_is(
            text in "([a-z]{0,300}[ ;]){0,20}",
            places in proptest::collection::vec((0_usize..7000, 1_usize..20), 1..20),
        ) {
            let mut stops = Stops::new();
            for (at, count) in places {
                stops.seek(text.as_bytes(), at);
                let plain = text.bytes().enumerate().skip(at).filter(|(_, octet)| b" ;".contains(octet));
                let plain = plain.map(|(stop, _)| stop).chain(core::iter::repeat(text.len()));
                for stop in plain.take(count) {
                    prop_assert_eq!(stops.next(text.as_bytes()), stop);
                }
            }
        }
    }
}

//! Entries of a zone file, cut into tokens (RFC 1035 section 5.1): what belongs to one record, over as many lines as
//! its parentheses hold.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::{TOKEN, TOKENS, ZoneError, ZoneErrorKind as Kind};
use crate::TextErrorKind;
use crate::text::Token;

/// A token by its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    start: usize,
    end: usize,
    quoted: bool,
    pub(super) line: usize,
    pub(super) column: usize,
}

/// A text being read.
pub(super) struct Lexer<'t> {
    pub(super) file: String,
    text: Cow<'t, [u8]>,
    at: usize,
    line: usize,
    line_start: usize,
    pub(super) spans: Vec<Span>,
    /// The entry started with a blank: its owner is that of the one before.
    pub(super) blank: bool,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(file: String, text: Cow<'t, [u8]>) -> Self {
        Lexer { file, text, at: 0, line: 1, line_start: 0, spans: Vec::new(), blank: false }
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
        let start = (self.at, self.line, self.line_start);
        if self.plain_line() {
            return Ok(());
        }
        (self.at, self.line, self.line_start) = start;
        self.spans.clear();
        self.any_tokens()
    }

    /// The tokens of a line without parentheses, quotes, comments and escapes, as most are; `false` of any other.
    fn plain_line(&mut self) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let (from, line, before) = (self.at, self.line, self.at - self.line_start);
        let (mut start, mut end) = (0, rest.len());
        for (at, octet) in rest.iter().enumerate() {
            if !stops(*octet) {
                continue;
            }
            if at > start {
                let (column, place) = (before + start + 1, from + start);
                self.spans.push(Span { start: place, end: from + at, quoted: false, line, column });
            }
            start = at + 1;
            match octet {
                b' ' | b'\t' => {}
                b'\n' => {
                    end = at;
                    break;
                }
                _ => return false,
            }
        }
        if start < end {
            return false; // the last line, without an end
        }
        self.at += end;
        if self.at < self.text.len() {
            self.newline();
        }
        end <= TOKEN && self.spans.len() <= TOKENS
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
        self.at += rest.iter().position(|octet| *octet == b'\n').unwrap_or(rest.len());
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
        let (line, column) = (self.line, start - self.line_start + 1);
        self.spans.push(Span { start, end: start + len, quoted, line, column });
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
                ZoneError { line: span.line, column: span.column + offset, file, kind, token }
            }
            (None, Some(last)) => {
                let column = last.column + (last.end - last.start) + usize::from(last.quoted);
                ZoneError { line: last.line, column, file, kind, token: String::new() }
            }
            (None, None) => self.error(kind),
        }
    }
}

/// Octets that may end a token, or mean something else within.
static STOPS: [bool; 256] = listed(b" \t\r\n();\"\\");

#[expect(clippy::indexing_slicing, reason = "when compiled: an octet is below 256")]
const fn listed(mut list: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    while let [octet, rest @ ..] = list {
        table[*octet as usize] = true;
        list = rest;
    }
    table
}

#[inline]
fn stops(octet: u8) -> bool {
    STOPS.get(usize::from(octet)).copied().unwrap_or(true)
}

/// The start of a token, for people.
pub(super) fn shown(token: &[u8]) -> String {
    let start = token.get(..60.min(token.len())).unwrap_or_default();
    String::from_utf8_lossy(start).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

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
            "a;b\nc",
            "a\\ b c\n",
            "\t\n x",
            "a \"b\n",
            ")",
            "a (",
            "",
        ] {
            let read = |any: bool| {
                let mut lexer = Lexer::new(String::new(), Cow::Borrowed(text.as_bytes()));
                let mut found = Vec::new();
                while lexer.at < text.len() {
                    lexer.spans.clear();
                    let result = if any { lexer.any_tokens() } else { lexer.tokens() };
                    let spans = lexer
                        .spans
                        .iter()
                        .map(|span| (span.start, span.end, span.quoted, span.line, span.column));
                    found.push((spans.collect::<Vec<_>>(), lexer.at, lexer.line, result.is_ok()));
                    if result.is_err() {
                        lexer.skip_line();
                    }
                }
                found
            };
            assert_eq!(read(false), read(true), "{text:?}");
        }
    }
}

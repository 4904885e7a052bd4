//! Changing the fields of a message and nothing else: what is not touched stays byte for byte, faults and all.
//!
//! The rule: a new field is written as the builder writes it, with the line ends that the message has. A value that would
//! break out of its line is refused, with the offset, and then nothing has changed.

use alloc::vec::Vec;
use core::ops::Range;

use crate::lexical::slice;
use crate::word::{check_field_name, write_text};
use crate::{Limits, Message, Misuse};

/// A message whose fields are being changed.
///
/// ```
/// use mime::Editor;
///
/// let raw = b"Received: by a\nsubject:  Hello\n\nBody\n";
/// let mut editor = Editor::new(raw);
/// assert_eq!(editor.to_vec(), raw);
/// editor.set("Subject", "Good bye")?;
/// editor.prepend("Received", "by b")?;
/// assert_eq!(editor.to_vec(), b"Received: by b\nReceived: by a\nSubject: Good bye\n\nBody\n");
/// assert!(editor.set("Subject", "a\nBcc: b").is_err());
/// # Ok::<(), mime::Misuse>(())
/// ```
#[derive(Clone, Debug)]
pub struct Editor<'a> {
    raw: &'a [u8],
    /// In wire order, next to each other.
    fields: Vec<Field<'a>>,
    /// What comes before the first field and behind the last one.
    top: Vec<u8>,
    bottom: Vec<u8>,
    header: Range<usize>,
    crlf: bool,
}

#[derive(Clone, Debug)]
struct Field<'a> {
    name: &'a str,
    range: Range<usize>,
    /// What stands there now, if it is not what stood there.
    now: Option<Vec<u8>>,
}

impl<'a> Editor<'a> {
    /// Of this message.
    #[must_use]
    pub fn new(raw: &'a [u8]) -> Self {
        Self::with_limits(raw, &Limits::DEFAULT)
    }

    /// The same within `limits`: what is beyond them can't be changed.
    #[must_use]
    pub fn with_limits(raw: &'a [u8], limits: &Limits) -> Self {
        // The parts are of no interest here.
        let limits = Limits { parts: 1, depth: 0, ..limits.clone() };
        let message = Message::parse_with(raw, &limits);
        let header = message.root().header_range();
        let mut fields: Vec<Field<'a>> = Vec::new();
        for field in message.headers().iter() {
            let start = usize::try_from(field.offset()).unwrap_or(raw.len());
            let range = start..start + field.raw().len();
            let name = slice(raw, start, start + field.name().len());
            fields.push(Field { name: core::str::from_utf8(name).unwrap_or_default(), range, now: None });
        }
        let start = fields.first().map_or(header.start, |field| field.range.start);
        let end = fields.last().map_or(start, |field| field.range.end);
        let first_end = raw.iter().position(|byte| *byte == b'\n');
        let crlf = first_end.is_none_or(|at| at > 0 && raw.get(at - 1) == Some(&b'\r'));
        Editor { raw, fields, top: Vec::new(), bottom: Vec::new(), header: start..end, crlf }
    }

    /// Sets the field of this name: the first one is replaced, all others go. If there is none it is [appended](Editor::append).
    ///
    /// # Errors
    /// Not a field name; CR, LF or NUL in the value.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), Misuse> {
        let line = self.line(name, value)?;
        let mut same = self.fields.iter_mut().filter(|field| field.is(name) && field.is_there());
        let Some(first) = same.next() else {
            self.bottom.extend_from_slice(&line);
            return Ok(());
        };
        first.now = Some(line);
        same.for_each(|field| field.now = Some(Vec::new()));
        Ok(())
    }

    /// Adds a field behind all others.
    ///
    /// # Errors
    /// As [`set`](Editor::set).
    pub fn append(&mut self, name: &str, value: &str) -> Result<(), Misuse> {
        let line = self.line(name, value)?;
        self.bottom.extend_from_slice(&line);
        Ok(())
    }

    /// Adds a field in front of all others, where trace fields go (RFC 5321 section 4.4).
    ///
    /// # Errors
    /// As [`set`](Editor::set).
    pub fn prepend(&mut self, name: &str, value: &str) -> Result<(), Misuse> {
        let line = self.line(name, value)?;
        self.top.splice(0..0, line);
        Ok(())
    }

    /// Removes all fields of this name that the message came with. How many there were.
    pub fn remove(&mut self, name: &str) -> usize {
        let same = self.fields.iter_mut().filter(|field| field.is(name) && field.is_there());
        same.map(|field| field.now = Some(Vec::new())).count()
    }

    /// The message as it is now, in runs: what was not touched is borrowed.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        let kept = |from, to| slice(self.raw, from, to);
        let fields = self.fields.iter().map(move |field| match &field.now {
            Some(now) => &**now,
            None => kept(field.range.start, field.range.end),
        });
        let [before_bottom, behind_bottom] = self.seams();
        let front = [kept(0, self.header.start), &*self.top];
        let back = [before_bottom, &*self.bottom, behind_bottom, kept(self.header.end, self.raw.len())];
        front.into_iter().chain(fields).chain(back).filter(|chunk| !chunk.is_empty())
    }

    /// The message as it is now.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        self.chunks().fold(Vec::with_capacity(self.raw.len() + 256), |mut all, chunk| {
            all.extend_from_slice(chunk);
            all
        })
    }

    /// Line ends that are missing once there are new fields: that of the last one, and a blank line where there was no header.
    fn seams(&self) -> [&'static [u8]; 2] {
        let line_end: &[u8] = if self.crlf { b"\r\n" } else { b"\n" };
        let last = self.fields.last().filter(|field| field.now.is_none());
        let is_open = last.is_some_and(|field| !slice(self.raw, 0, field.range.end).ends_with(b"\n"));
        let body = slice(self.raw, self.header.end, self.raw.len());
        let is_blank = matches!(body, [] | [b'\n', ..] | [b'\r', b'\n', ..]);
        let has_new = !self.top.is_empty() || !self.bottom.is_empty();
        let needs_blank = self.fields.is_empty() && has_new && !is_blank;
        [
            if is_open && !self.bottom.is_empty() { line_end } else { b"" },
            if needs_blank { line_end } else { b"" },
        ]
    }

    fn line(&self, name: &str, value: &str) -> Result<Vec<u8>, Misuse> {
        check_field_name(name)?;
        let mut line = [name.as_bytes(), b": "].concat();
        let column = line.len();
        write_text(value, &mut line, column)?;
        line.extend_from_slice(b"\r\n");
        if !self.crlf {
            line.retain(|byte| *byte != b'\r');
        }
        Ok(line)
    }
}

impl Field<'_> {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// It has not been removed.
    fn is_there(&self) -> bool {
        self.now.as_ref().is_none_or(|now| !now.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use proptest::prelude::*;

    fn edited(raw: &str, edit: impl FnOnce(&mut Editor<'_>)) -> String {
        let mut editor = Editor::new(raw.as_bytes());
        edit(&mut editor);
        String::from_utf8(editor.to_vec()).unwrap()
    }

    #[test]
    fn a_field_is_changed_and_nothing_else() {
        let raw = "From x\r\nA: 1\r\n\tfolded\r\nB : 2\r\nnonsense\r\na: 3\r\n\r\nbody\nA: 4";
        assert_eq!(edited(raw, |_| {}), raw);
        let set = edited(raw, |editor| editor.set("a", "new").unwrap());
        assert!(set.contains("a: new\r\n") && !set.contains("folded") && !set.contains("a: 3"), "{set}");
        assert!(set.ends_with("\r\n\r\nbody\nA: 4"));
        assert_eq!(edited("A: 1\nB: 2\n\nx", |editor| assert_eq!(editor.remove("A"), 1)), "B: 2\n\nx");
        assert_eq!(
            edited("A: 1\n\nx", |editor| editor.append("B", "\u{e9}").unwrap()),
            "A: 1\nB: =?utf-8?b?w6k=?=\n\nx"
        );
        assert_eq!(edited("A: 1\n\nx", |editor| editor.set("B", "2").unwrap()), "A: 1\nB: 2\n\nx");
        let twice = edited("A: 1\n\n", |editor| {
            editor.prepend("T", "1").unwrap();
            editor.prepend("T", "2").unwrap();
        });
        assert_eq!(twice, "T: 2\nT: 1\nA: 1\n\n");
    }

    #[test]
    fn a_missing_line_end_is_made_good_only_where_it_has_to_be() {
        assert_eq!(edited("A: 1", |editor| editor.append("B", "2").unwrap()), "A: 1\r\nB: 2\r\n");
        assert_eq!(edited("\r\nbody", |editor| editor.append("B", "2").unwrap()), "B: 2\r\n\r\nbody");
        assert_eq!(edited("", |editor| editor.append("B", "2").unwrap()), "B: 2\r\n");
        assert_eq!(
            edited("no header here\n", |editor| editor.append("B", "2").unwrap()),
            "B: 2\n\nno header here\n"
        );
    }

    #[test]
    fn nothing_is_smuggled_through_a_value() {
        let mut editor = Editor::new(b"A: 1\r\n\r\n");
        for value in ["a\rb", "a\nb", "a\0b"] {
            assert_eq!(editor.set("A", value).map_err(|misuse| misuse.offset), Err(1));
            assert_eq!(editor.append("A", value).map_err(|misuse| misuse.offset), Err(1));
            assert_eq!(editor.prepend("A", value).map_err(|misuse| misuse.offset), Err(1));
        }
        assert!(editor.set("A:", "x").is_err() && editor.set("", "x").is_err());
        assert_eq!(editor.to_vec(), b"A: 1\r\n\r\n");
    }

    proptest! {
        #[test]
        fn what_is_not_edited_stays(raw in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(Editor::new(&raw).to_vec(), raw);
        }

        #[test]
        fn what_is_not_edited_stays_in_fields(raw in "([A-C ]{0,2}: ?[a-z]{0,3}\r?\n|[ \t\r\n\u{e9}:a-z])*") {
            prop_assert_eq!(Editor::new(raw.as_bytes()).to_vec(), raw.as_bytes());
        }
    }
}

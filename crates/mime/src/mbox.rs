//! Many messages in one file: mbox, read and written as a stream (RFC 4155 and, for its quoting, "mboxrd").
//!
//! The rule: a message begins at a line `From ` at the start of the file or behind a blank line, and that blank line belongs to
//! neither. When written, a line of a message that begins with `From `, any number of `>` before it, gets a `>` more;
//! when read, it loses one. So what is written is read back as the same, but for a line end added to a last line without one.

use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};
use proto_core::calendar::{DateTime, month_abbreviation};
use proto_core::scan;

use crate::lexical::slice;
use crate::{Misuse, MisuseKind, check_value};

/// A `From ` line of more bytes is taken as a line of the message; so are as many `>` before one.
const LINE: usize = 4096;

/// The next thing in a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message begins: what its `From ` line says, without that word and the line end. By custom a sender and a date as
    /// asctime writes it.
    Message(Bytes),
    /// A run of the message.
    Data(Bytes),
    /// The message is complete.
    MessageEnd,
}

/// Which lines lose a `>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quoting {
    /// Those that begin with one or more of them and `From `: "mboxrd".
    #[default]
    Rd,
    /// None: for files whose writer never quoted, or to keep every byte.
    None,
}

/// Reads a mailbox as it comes in.
///
/// ```
/// use bytes::BytesMut;
/// use mime::mbox::{Event, Reader};
///
/// let mut input = BytesMut::from("From a@b Thu Nov 24 18:22:48 1986\nA: b\n\n>From me\n\nFrom c\n");
/// let mut reader = Reader::new();
/// let mut events = Vec::new();
/// while let Some(event) = reader.receive_eof(&mut input) {
///     events.push(event);
/// }
/// assert_eq!(events[0], Event::Message("a@b Thu Nov 24 18:22:48 1986".into()));
/// assert_eq!(events[1], Event::Data("A: b\n".into()));
/// assert_eq!(events[2], Event::Data("\n".into()));
/// assert_eq!(events[3], Event::Data("From me\n".into()));
/// assert_eq!(events[4..], [Event::MessageEnd, Event::Message("c".into()), Event::MessageEnd]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Reader {
    quoting: Quoting,
    /// In the middle of a line.
    within: bool,
    /// A blank line that may belong to no message.
    blank: Option<Bytes>,
    in_message: bool,
    /// The next line may be a `From ` line of a message that is told of once the one before has ended.
    begun: bool,
    /// The `From ` line in front of the input is one.
    next: bool,
}

/// What a line begins with.
enum Start {
    /// More bytes are needed to tell.
    Unknown,
    /// `From `, and so long a line.
    From(usize),
    Quoted,
    /// Nothing but a line end, of so many bytes.
    Blank(usize),
    Other,
}

impl Reader {
    /// At the start of a file.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with another way of quoting.
    #[must_use]
    pub fn with_quoting(quoting: Quoting) -> Self {
        Reader { quoting, ..Self::default() }
    }

    /// Takes the next thing off the front of `input`; `None`: more is needed.
    pub fn receive(&mut self, input: &mut BytesMut) -> Option<Event> {
        self.advance(input, false)
    }

    /// Instead of [`receive`](Reader::receive) once nothing more will come; until `None`.
    pub fn receive_eof(&mut self, input: &mut BytesMut) -> Option<Event> {
        self.advance(input, true)
    }

    fn advance(&mut self, input: &mut BytesMut, eof: bool) -> Option<Event> {
        loop {
            if input.is_empty() {
                return self.end(eof);
            }
            if self.within {
                return Some(self.rest_of_line(input));
            }
            match self.start(input, eof) {
                Start::Unknown => return None,
                Start::From(len) if self.in_message => {
                    let _ = len;
                    (self.in_message, self.next, self.blank) = (false, true, None);
                    return Some(Event::MessageEnd);
                }
                Start::From(len) => return Some(self.message(input, len)),
                other => {
                    if !self.in_message {
                        // What stands before the first `From ` line is a message without one.
                        (self.in_message, self.begun) = (true, true);
                        return Some(Event::Message(Bytes::new()));
                    }
                    if let Some(blank) = self.blank.take() {
                        return Some(Event::Data(blank));
                    }
                    match other {
                        Start::Blank(len) => self.blank = Some(input.split_to(len).freeze()),
                        Start::Quoted => {
                            let _ = input.split_to(1);
                            self.within = true;
                        }
                        _ => return Some(self.run(input)),
                    }
                }
            }
        }
    }

    fn end(&mut self, eof: bool) -> Option<Event> {
        if !eof || !self.in_message {
            return None;
        }
        // A blank line at the end of the file separates the last message from nothing.
        (self.in_message, self.blank) = (false, None);
        Some(Event::MessageEnd)
    }

    fn message(&mut self, input: &mut BytesMut, len: usize) -> Event {
        let line = input.split_to(len).freeze();
        (self.in_message, self.begun, self.next) = (true, true, false);
        let text = slice(&line, 5, line.len());
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        Event::Message(line.slice_ref(text.strip_suffix(b"\r").unwrap_or(text)))
    }

    fn rest_of_line(&mut self, input: &mut BytesMut) -> Event {
        let end = scan::find_byte(b'\n', input);
        self.within = end.is_none();
        Event::Data(input.split_to(end.map_or(input.len(), |end| end + 1)).freeze())
    }

    /// As many ordinary lines as there are.
    fn run(&mut self, input: &mut BytesMut) -> Event {
        let mut len = 0;
        loop {
            match scan::find_byte(b'\n', slice(input, len, input.len())) {
                Some(end) => len += end + 1,
                None => {
                    (len, self.within) = (input.len(), true);
                    break;
                }
            }
            if matches!(input.get(len), None | Some(b'\r' | b'\n' | b'>')) {
                break;
            }
        }
        Event::Data(input.split_to(len).freeze())
    }

    fn start(&self, input: &[u8], eof: bool) -> Start {
        let may_begin = self.next || self.blank.is_some() || !self.begun;
        let marks = match self.quoting {
            Quoting::Rd => input.iter().take(LINE).take_while(|byte| **byte == b'>').count(),
            Quoting::None => 0,
        };
        let text = slice(input, marks, input.len());
        let is_whole = text.len() >= 5 || eof;
        match text {
            [b'F', b'r', b'o', b'm', b' ', ..] if marks > 0 && marks < LINE => Start::Quoted,
            [b'F', b'r', b'o', b'm', b' ', ..] if may_begin && marks == 0 => {
                match scan::find_byte(b'\n', slice(input, 0, input.len().min(LINE))) {
                    Some(end) => Start::From(end + 1),
                    None if input.len() >= LINE => Start::Other,
                    None if eof => Start::From(input.len()),
                    None => Start::Unknown,
                }
            }
            [b'\n', ..] if marks == 0 => Start::Blank(1),
            [b'\r', b'\n', ..] if marks == 0 => Start::Blank(2),
            [b'\r'] if marks == 0 && !eof => Start::Unknown,
            _ if !is_whole && b"From ".starts_with(text) && (marks > 0 || may_begin) && marks < LINE => {
                Start::Unknown
            }
            _ => Start::Other,
        }
    }
}

/// Writes a mailbox.
///
/// ```
/// use mime::mbox::Writer;
/// use proto_core::calendar::DateTime;
///
/// let (mut mailbox, mut out) = (Writer::new(), Vec::new());
/// mailbox.message("bob@example.org", DateTime::from_unix(0).unwrap(), &mut out)?;
/// mailbox.data(b"A: b\n\nFrom me", &mut out);
/// mailbox.end(&mut out);
/// assert_eq!(out, b"From bob@example.org Thu Jan  1 00:00:00 1970\nA: b\n\n>From me\n\n");
/// # Ok::<(), mime::Misuse>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Writer {
    /// The start of a line, as long as it may become `From `.
    held: Vec<u8>,
    /// In the middle of a line.
    within: bool,
    /// The message's lines end in CRLF.
    crlf: bool,
}

impl Writer {
    /// At the start of a file, or behind a message.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A message begins.
    ///
    /// # Errors
    /// The sender has a blank or a line end in it, or is empty (RFC 4155 appendix A: use `MAILER-DAEMON`).
    pub fn message(&mut self, sender: &str, date: DateTime, out: &mut Vec<u8>) -> Result<(), Misuse> {
        check_value(sender.as_bytes())?;
        let wrong = sender.bytes().position(|byte| byte <= b' ' || byte == 0x7F);
        if wrong.is_some() || sender.is_empty() {
            return Err(Misuse::new(MisuseKind::Address, wrong.unwrap_or(0)));
        }
        let day = date.date();
        let line = alloc::format!(
            "From {sender} {} {} {:2} {:02}:{:02}:{:02} {:04}\n",
            day.weekday().abbreviation(),
            month_abbreviation(day.month()).unwrap_or_default(),
            day.day(),
            date.hour(),
            date.minute(),
            date.second(),
            day.year(),
        );
        out.extend_from_slice(line.as_bytes());
        *self = Self::default();
        Ok(())
    }

    /// More of the message.
    pub fn data(&mut self, data: &[u8], out: &mut Vec<u8>) {
        let mut rest = data;
        while !rest.is_empty() {
            if !self.within {
                rest = self.start(rest, out);
                continue;
            }
            let len = scan::find_byte(b'\n', rest).map_or(rest.len(), |end| end + 1);
            let line = slice(rest, 0, len);
            self.within = !line.ends_with(b"\n");
            self.crlf = line.ends_with(b"\r\n");
            out.extend_from_slice(line);
            rest = slice(rest, len, rest.len());
        }
    }

    /// The message is complete: its last line ends, and a blank one follows.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        let crlf = self.crlf;
        if !self.held.is_empty() {
            self.within = true;
            out.append(&mut self.held);
        }
        let line_end: &[u8] = if crlf { b"\r\n" } else { b"\n" };
        if self.within {
            out.extend_from_slice(line_end);
        }
        out.extend_from_slice(line_end);
        *self = Self::default();
    }

    /// Decides what a line begins with. What is left.
    fn start<'a>(&mut self, data: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
        let mut rest = data;
        while let [byte, behind @ ..] = rest {
            let marks = self.held.iter().take_while(|byte| **byte == b'>').count();
            let text = self.held.len() - marks;
            let fits = b"From ".get(text) == Some(byte) || (text == 0 && *byte == b'>');
            if !fits || self.held.len() > LINE {
                break;
            }
            self.held.push(*byte);
            rest = behind;
            if text == 4 {
                out.push(b'>');
                break;
            }
        }
        let undecided = rest.is_empty() && !self.held.ends_with(b" ");
        if !undecided {
            out.append(&mut self.held);
            self.within = true;
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    fn read(mailbox: &[u8], size: usize) -> Vec<(Bytes, Vec<u8>)> {
        let (mut reader, mut input, mut all) = (Reader::new(), BytesMut::new(), Vec::new());
        let mut take = |event| match event {
            Event::Message(line) => all.push((line, vec![])),
            Event::Data(data) => all.last_mut().unwrap().1.extend_from_slice(&data),
            Event::MessageEnd => {}
        };
        for chunk in mailbox.chunks(size) {
            input.extend_from_slice(chunk);
            while let Some(event) = reader.receive(&mut input) {
                take(event);
            }
        }
        while let Some(event) = reader.receive_eof(&mut input) {
            take(event);
        }
        all
    }

    #[test]
    fn a_message_begins_at_a_from_line_behind_a_blank_one() {
        let cases: &[(&str, &[(&str, &str)])] = &[
            ("", &[]),
            ("From a\n", &[("a", "")]),
            ("From a\nx\n\nFrom b\ny\n\n", &[("a", "x\n"), ("b", "y\n")]),
            ("From a\r\nx\r\n\r\nFrom b\r\ny", &[("a", "x\r\n"), ("b", "y")]),
            ("From a\nx\nFrom b\n", &[("a", "x\nFrom b\n")]),
            ("From a\n\n\nFrom b\n", &[("a", "\n"), ("b", "")]),
            ("From a\n>From\n>From x\n>>From y\n> From\n", &[("a", ">From\nFrom x\n>From y\n> From\n")]),
            ("x\n\nFrom b\n", &[("", "x\n"), ("b", "")]),
            ("From a\n\nFrom", &[("a", "\nFrom")]),
            ("From a\n\n\n", &[("a", "\n")]),
        ];
        for (mailbox, messages) in cases {
            for size in 1..8 {
                let read = read(mailbox.as_bytes(), size);
                let read: Vec<_> = read
                    .iter()
                    .map(|(line, data)| {
                        (core::str::from_utf8(line).unwrap(), core::str::from_utf8(data).unwrap())
                    })
                    .collect();
                assert_eq!(read, *messages, "{mailbox:?} by {size}");
            }
        }
    }

    #[test]
    fn a_sender_can_not_break_out_of_its_line() {
        let date = DateTime::from_unix(0).unwrap();
        for sender in ["", "a b", "a\nb", "a\r", "a\0"] {
            assert!(Writer::new().message(sender, date, &mut Vec::new()).is_err(), "{sender:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            messages in prop::collection::vec("(From |>|F|rom|[a-z]|\r?\n|>From ){0,12}", 1..4), size in 1usize..20
        ) {
            let (mut mailbox, mut out) = (Writer::new(), Vec::new());
            for message in &messages {
                mailbox.message("a@b", DateTime::from_unix(0).unwrap(), &mut out).unwrap();
                message.as_bytes().chunks(size).for_each(|piece| mailbox.data(piece, &mut out));
                mailbox.end(&mut out);
            }
            let read = read(&out, size);
            prop_assert_eq!(read.len(), messages.len());
            for ((_, data), message) in read.iter().zip(&messages) {
                let added = if message.is_empty() || message.ends_with('\n') { "" } else { "\n" };
                let plain = |text: &str| text.replace("\r\n", "\n");
                prop_assert_eq!(plain(&String::from_utf8_lossy(data)), plain(&alloc::format!("{message}{added}")));
            }
        }
    }
    use alloc::string::String;
}

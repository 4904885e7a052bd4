//! The header section: fields in the order in which they were first given, folded as they are written.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::address::{Mailbox, write_group, write_mailbox};
use crate::word::{check_field_name, write_text};
use crate::{Misuse, MisuseKind, check_value};

/// RFC 5322 section 2.1.1: lines should not be longer.
const LINE: usize = 78;
/// What can't be folded has to leave room on a line of 998.
const LONGEST: usize = 450;

#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    list: Vec<Field>,
    utf8: bool,
}

#[derive(Clone, Debug)]
struct Field {
    name: Cow<'static, str>,
    /// `Name: value`, without the line end.
    line: Vec<u8>,
    /// Where its last line ends.
    column: usize,
    /// There is a value already; another one of a list comes behind it.
    begun: bool,
}

impl Fields {
    pub(super) fn utf8() -> Self {
        Fields { utf8: true, ..Self::default() }
    }

    /// All of them as they are written.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for field in &self.list {
            out.extend_from_slice(&field.line);
            out.extend_from_slice(b"\r\n");
        }
    }

    /// A value that needs no folding.
    pub(super) fn put(&mut self, name: &'static str, value: &[u8]) {
        self.edit(name, |field| field.push(value));
    }

    /// An item of a list, on a line of its own if the last one is full.
    pub(super) fn item(&mut self, name: &'static str, item: &[u8], separator: &[u8]) {
        self.edit(name, |field| {
            if field.begun {
                field.push(separator);
                field.blank(item.len());
            }
            field.push(item);
            field.begun = true;
        });
    }

    pub(super) fn text(&mut self, name: &str, value: &str) -> Result<(), Misuse> {
        check_field_name(name)?;
        check_value(value.as_bytes())?;
        let utf8 = self.utf8;
        let mut field = Field::new(Cow::Owned(name.into()));
        if utf8
            && value.split(' ').all(|word| word.len() < LONGEST)
            && value.trim() == value
            && !value.contains("  ")
        {
            field.words(value);
        } else {
            field.column = write_text(value, &mut field.line, field.column)?;
        }
        self.list.push(field);
        Ok(())
    }

    pub(super) fn mailbox(&mut self, name: &'static str, mailbox: &Mailbox<'_>) -> Result<(), Misuse> {
        self.check(mailbox)?;
        self.edit(name, |field| field.list(|line, column| write_mailbox(mailbox, line, column)))
    }

    pub(super) fn group(
        &mut self,
        name: &'static str,
        group: &str,
        members: &[Mailbox<'_>],
    ) -> Result<(), Misuse> {
        members.iter().try_for_each(|mailbox| self.check(mailbox))?;
        self.edit(name, |field| field.list(|line, column| write_group(group, members, line, column)))
    }

    /// RFC 6532 section 3.2: only a way that takes UTF-8 takes such an address.
    fn check(&self, mailbox: &Mailbox<'_>) -> Result<(), Misuse> {
        let parts = [(&mailbox.local, 0), (&mailbox.domain, mailbox.local.len() + 1)];
        for (part, start) in parts {
            if let Some(at) = part.bytes().position(|byte| !self.utf8 && !byte.is_ascii()) {
                return Err(Misuse::new(MisuseKind::Address, start + at));
            }
            if part.len() > LONGEST {
                return Err(Misuse::new(MisuseKind::TooLong, start + LONGEST));
            }
        }
        Ok(())
    }

    /// Changes the field of this name, which is there from then on.
    fn edit<T>(&mut self, name: &'static str, change: impl FnOnce(&mut Field) -> T) -> T {
        if let Some(field) = self.list.iter_mut().find(|field| field.name == name) {
            return change(field);
        }
        let mut field = Field::new(Cow::Borrowed(name));
        let done = change(&mut field);
        if field.line.len() > field.name.len() + 2 {
            self.list.push(field);
        }
        done
    }
}

impl Field {
    fn new(name: Cow<'static, str>) -> Self {
        let line = [name.as_bytes(), b": "].concat();
        Field { column: line.len(), name, line, begun: false }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.line.extend_from_slice(bytes);
        self.column += bytes.len();
    }

    /// A blank, or a fold if `len` more columns would be too many (RFC 5322 section 2.2.3).
    fn blank(&mut self, len: usize) {
        if self.column + 1 + len > LINE - 1 {
            self.push(b"\r\n");
            self.column = 0;
        }
        self.push(b" ");
    }

    fn words(&mut self, text: &str) {
        for (nth, word) in text.split(' ').enumerate() {
            // A line of blanks alone is none (RFC 5322 section 3.2.2).
            match nth {
                0 => {}
                _ if word.is_empty() => self.push(b" "),
                _ => self.blank(word.len()),
            }
            self.push(word.as_bytes());
        }
    }

    /// One more of a list. What can't be written leaves no trace.
    fn list(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>, usize) -> Result<usize, Misuse>,
    ) -> Result<(), Misuse> {
        let (before, column) = (self.line.len(), self.column);
        if self.begun {
            self.push(b", ");
        }
        match write(&mut self.line, self.column) {
            Ok(column) => (self.column, self.begun) = (column, true),
            Err(misuse) => {
                self.line.truncate(before);
                self.column = column;
                return Err(misuse);
            }
        }
        Ok(())
    }
}

//! The header section: fields in the order in which they were first given, folded as they are written.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::Person;
use crate::lexical::ATEXT;
use crate::word::{check_field_name, write_phrase, write_text};
use crate::{Misuse, MisuseKind, check_value};

/// RFC 5322 section 2.1.1: lines should not be longer.
const LINE: usize = 78;

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
        if utf8 && value.len() < 900 {
            field.words(value);
        } else {
            field.column = write_text(value, &mut field.line, field.column)?;
        }
        self.list.push(field);
        Ok(())
    }

    pub(super) fn person(&mut self, name: &'static str, person: Person<'_>) -> Result<(), Misuse> {
        let utf8 = self.utf8;
        check_person(&person, utf8)?;
        self.edit(name, |field| field.person(person, utf8, b","))
    }

    pub(super) fn group(
        &mut self,
        name: &'static str,
        group: &str,
        people: &[Person<'_>],
    ) -> Result<(), Misuse> {
        let utf8 = self.utf8;
        check_value(group.as_bytes())?;
        people.iter().try_for_each(|person| check_person(person, utf8))?;
        self.edit(name, |field| field.group(group, people, utf8))
    }

    /// Changes the field of this name, which is there from then on.
    fn edit<T>(&mut self, name: &'static str, change: impl FnOnce(&mut Field) -> T) -> T {
        if let Some(field) = self.list.iter_mut().find(|field| field.name == name) {
            return change(field);
        }
        let mut field = Field::new(Cow::Borrowed(name));
        let done = change(&mut field);
        self.list.push(field);
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

    fn phrase(&mut self, name: &str, utf8: bool) -> Result<(), Misuse> {
        let is_atom = |word: &str| !word.is_empty() && word.bytes().all(|byte| ATEXT.contains(byte));
        if utf8 && !name.is_ascii() && name.len() < 900 {
            if name.split(' ').all(is_atom) {
                self.words(name);
            } else {
                self.push(crate::word::quoted(name).as_bytes());
            }
            return Ok(());
        }
        self.column = write_phrase(name, &mut self.line, self.column)?;
        Ok(())
    }

    fn group(&mut self, name: &str, people: &[Person<'_>], utf8: bool) -> Result<(), Misuse> {
        if self.begun {
            self.push(b",");
            self.blank(name.len());
        }
        self.phrase(name, utf8)?;
        self.push(b":");
        self.begun = false;
        for person in people {
            self.person(*person, utf8, b",")?;
        }
        self.push(b";");
        self.begun = true;
        Ok(())
    }

    fn person(&mut self, person: Person<'_>, utf8: bool, separator: &[u8]) -> Result<(), Misuse> {
        if self.begun {
            self.push(separator);
            self.blank(person.name.len() + person.address.len() + 3);
        } else if self.line.ends_with(b":") {
            self.blank(person.name.len() + person.address.len() + 3);
        }
        self.begun = true;
        if person.name.is_empty() {
            self.push(person.address.as_bytes());
            return Ok(());
        }
        self.phrase(person.name, utf8)?;
        self.blank(person.address.len() + 2);
        self.push(b"<");
        self.push(person.address.as_bytes());
        self.push(b">");
        Ok(())
    }
}

fn check_person(person: &Person<'_>, utf8: bool) -> Result<(), Misuse> {
    check_value(person.name.as_bytes())?;
    check_address(person.address, utf8)
}

/// RFC 5322 section 3.4.1: `local@domain`, a dot-atom or a quoted string, and a dot-atom or a literal.
pub(super) fn check_address(address: &str, utf8: bool) -> Result<(), Misuse> {
    check_value(address.as_bytes())?;
    let wrong = |at: usize| Err(Misuse::new(MisuseKind::Address, at));
    // RFC 5321 section 4.5.3.1: 64 and 255; a line has to hold it in any case.
    if address.len() > 900 {
        return Err(Misuse::new(MisuseKind::TooLong, 900));
    }
    let Some((local, domain)) = address.rsplit_once('@') else { return wrong(address.len()) };
    let start = local.len() + 1;
    if let Some(at) = address.bytes().position(|byte| !utf8 && !byte.is_ascii()) {
        return wrong(at);
    }
    let local_fault = match local.strip_prefix('"') {
        Some(rest) => quoted_fault(rest).map(|at| at + 1),
        None => dot_atom_fault(local),
    };
    let domain_fault = match domain.strip_prefix('[') {
        Some(literal) => literal_fault(literal).map(|at| at + 1),
        None => dot_atom_fault(domain),
    };
    match local_fault.or(domain_fault.map(|at| start + at)) {
        Some(at) => wrong(at),
        None => Ok(()),
    }
}

/// Where it is no dot-atom (RFC 5322 section 3.2.3).
fn dot_atom_fault(text: &str) -> Option<usize> {
    let mut before = b'.';
    for (at, byte) in text.bytes().enumerate() {
        if !ATEXT.contains(byte) && (byte != b'.' || before == b'.') {
            return Some(at);
        }
        before = byte;
    }
    (before == b'.').then_some(text.len())
}

/// Where what stands behind a quote is not the rest of a quoted string.
fn quoted_fault(rest: &str) -> Option<usize> {
    let mut bytes = rest.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return (at + 1 < rest.len()).then_some(at + 1),
            b'\\' if bytes.next().is_some_and(|(_, byte)| byte == b' ' || byte.is_ascii_graphic()) => {}
            b'\\' => return Some(at),
            byte if byte < b' ' || byte == 0x7F => return Some(at),
            _ => {}
        }
    }
    Some(rest.len())
}

fn literal_fault(literal: &str) -> Option<usize> {
    let fine = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'[' | b']' | b'\\');
    match literal.bytes().position(|byte| !fine(byte)) {
        Some(at) if at + 1 == literal.len() && literal.ends_with(']') => None,
        at => Some(at.unwrap_or(literal.len())),
    }
}

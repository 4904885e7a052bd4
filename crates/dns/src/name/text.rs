//! Names as text (RFC 1035 section 5.1, RFC 4343 section 2.1): labels with dots between them, `\X` and `\DDD` for what
//! would be read as something else.

use core::fmt;
use core::str::FromStr;

use super::{Name, NameRef};
use crate::limits;
use crate::{NameError, TextError, TextErrorKind};

impl Name {
    /// The name that `text` stands for in a zone file: `@` is the origin, a name without a last dot is relative to it.
    ///
    /// # Errors
    /// Where the text goes wrong, as an offset into it; a relative name without an origin.
    pub fn parse_text(text: &[u8], origin: Option<&Name>) -> Result<Name, TextError> {
        let mut wire = [0; limits::NAME];
        let len = text_to_wire(text, origin.map(Name::as_wire), &mut wire)?;
        Ok(Name::of_valid(wire.get(..len).unwrap_or_default()))
    }
}

impl FromStr for Name {
    type Err = TextError;

    /// The name that `text` stands for, with or without a dot at its end.
    fn from_str(text: &str) -> Result<Self, TextError> {
        match text.as_bytes() {
            b"@" => Ok(Name::of_valid(b"\x01@\0")),
            text => Name::parse_text(text, Some(&Name::ROOT)),
        }
    }
}

/// Writes the uncompressed wire form of a name in text; returns its length.
pub(crate) fn text_to_wire(
    text: &[u8],
    origin: Option<&[u8]>,
    wire: &mut [u8; limits::NAME],
) -> Result<usize, TextError> {
    match text {
        b"" => Err(TextError::new(TextErrorKind::Empty)),
        b"." => put_tail(&[0], wire, 0),
        b"@" => put_tail(origin.ok_or(TextError::new(TextErrorKind::NoOrigin))?, wire, 0),
        text => {
            let (len, absolute) = put_labels(text, wire)?;
            let origin = if absolute { Some(&[0][..]) } else { origin };
            put_tail(origin.ok_or(TextError::new(TextErrorKind::NoOrigin))?, wire, len)
        }
    }
}

fn put_tail(tail: &[u8], wire: &mut [u8; limits::NAME], len: usize) -> Result<usize, TextError> {
    let end = len + tail.len();
    let place = wire.get_mut(len..end).ok_or(NameError::NameTooLong)?;
    place.copy_from_slice(tail);
    Ok(end)
}

/// Labels of `text` behind their lengths; how long they are together, and whether the last one ends in a dot.
fn put_labels(text: &[u8], wire: &mut [u8; limits::NAME]) -> Result<(usize, bool), TextError> {
    match put_plain_labels(text, wire) {
        Some(put) => Ok(put),
        None => put_any_labels(text, wire),
    }
}

/// The same where nothing is escaped and nothing wrong: each dot stands where the length of the next label belongs. Eight
/// octets at a time, and so not of the longest names.
fn put_plain_labels(text: &[u8], wire: &mut [u8; limits::NAME]) -> Option<(usize, bool)> {
    let end = text.len() + 1;
    wire.get_mut(1..end)?.copy_from_slice(text);
    let (mut label, mut at) = (0, 1);
    while at < end {
        let word = u64::from_le_bytes(*wire.get(at..)?.first_chunk()?);
        // What is behind the text is no concern of ours.
        let ours = u64::MAX >> (64 - 8 * (end - at).min(8));
        if octets_of(word, b'\\') & ours != 0 {
            return None;
        }
        let mut dots = octets_of(word, b'.') & ours;
        while dots != 0 {
            let dot = at + dots.trailing_zeros() as usize / 8;
            *wire.get_mut(label)? = label_len(dot - label - 1)?;
            label = dot;
            dots &= dots - 1;
        }
        at += 8;
    }
    let len = text.len() - label;
    if len == 0 {
        return Some((label, true));
    }
    *wire.get_mut(label)? = label_len(len)?;
    Some((end, false))
}

/// The highest bit of each octet of `word` that is `octet`.
fn octets_of(word: u64, octet: u8) -> u64 {
    const LOW: u64 = u64::from_le_bytes([0x7F; 8]);
    let differs = word ^ u64::from_le_bytes([octet; 8]);
    !(((differs & LOW) + LOW) | differs | LOW)
}

fn label_len(len: usize) -> Option<u8> {
    u8::try_from(len).ok().filter(|len| matches!(len, 1..=63))
}

/// The same of any text, and what is wrong with it.
fn put_any_labels(text: &[u8], wire: &mut [u8; limits::NAME]) -> Result<(usize, bool), TextError> {
    let too_long = |at| TextError::at(TextErrorKind::Name(NameError::NameTooLong), at);
    let (mut at, mut label, mut len) = (0, 0, 1);
    while let Some((octet, next)) = unescape(text, at)? {
        if octet == Octet::Plain(b'.') {
            close_label(wire, label, len, at)?;
            (label, len) = (len, len + 1);
        } else {
            *wire.get_mut(len).ok_or(too_long(at))? = octet.value();
            len += 1;
        }
        at = next;
    }
    if label + 1 == len {
        return Ok((label, true));
    }
    close_label(wire, label, len, at)?;
    Ok((len, false))
}

fn close_label(wire: &mut [u8; limits::NAME], label: usize, end: usize, at: usize) -> Result<(), TextError> {
    let wrong = |error| TextError::at(TextErrorKind::Name(error), at);
    let len = match u8::try_from(end - label - 1) {
        Ok(0) => return Err(wrong(NameError::LabelEmpty)),
        Ok(len @ 1..=63) => len,
        _ => return Err(wrong(NameError::LabelTooLong)),
    };
    *wire.get_mut(label).ok_or(wrong(NameError::NameTooLong))? = len;
    Ok(())
}

/// An octet of text: as it stands, or escaped and so without any meaning but itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Octet {
    Plain(u8),
    Escaped(u8),
}

impl Octet {
    pub(crate) fn value(self) -> u8 {
        match self {
            Octet::Plain(octet) | Octet::Escaped(octet) => octet,
        }
    }
}

/// The octet at `at` and the offset behind it; `None` at the end.
pub(crate) fn unescape(text: &[u8], at: usize) -> Result<Option<(Octet, usize)>, TextError> {
    let Some(octet) = text.get(at).copied() else { return Ok(None) };
    if octet != b'\\' {
        return Ok(Some((Octet::Plain(octet), at + 1)));
    }
    let wrong = TextError::at(TextErrorKind::Escape, at);
    match text.get(at + 1..) {
        Some([a @ b'0'..=b'9', rest @ ..]) => {
            let [b @ b'0'..=b'9', c @ b'0'..=b'9', ..] = rest else { return Err(wrong) };
            let [a, b, c] = [a, b, c].map(|digit| u16::from(digit - b'0'));
            let octet = u8::try_from(a * 100 + b * 10 + c).map_err(|_| wrong)?;
            Ok(Some((Octet::Escaped(octet), at + 4)))
        }
        Some([octet, ..]) => Ok(Some((Octet::Escaped(*octet), at + 2))),
        _ => Err(wrong),
    }
}

/// Writes a label so that it reads back as the same octets, in a zone file too.
pub(crate) fn write_label(label: &[u8], out: &mut impl fmt::Write) -> fmt::Result {
    for octet in label {
        match octet {
            b'.' | b'\\' | b'"' | b';' | b'(' | b')' | b'@' | b'$' => {
                out.write_char('\\')?;
                out.write_char(char::from(*octet))?;
            }
            b'!'..=b'~' => out.write_char(char::from(*octet))?,
            _ => write!(out, "\\{octet:03}")?,
        }
    }
    Ok(())
}

impl fmt::Display for NameRef<'_> {
    /// Absolute, with a dot at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            return f.write_str(".");
        }
        for label in self.labels() {
            write_label(label, f)?;
            f.write_str(".")?;
        }
        Ok(())
    }
}

impl fmt::Display for Name {
    /// Absolute, with a dot at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_name_ref().fmt(f)
    }
}

impl fmt::Debug for NameRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the plain reading takes, the careful one reads alike. It leaves alone no name without escapes that fits.
        #[test]
        fn plain_labels_are_put_as_any_others(text in "([a-z\\x80-\\xFF]{0,66}[.\\\\a0]){0,9}", stale: u8) {
            let (mut plain, mut any) = ([stale; limits::NAME], [stale; limits::NAME]);
            let careful = put_any_labels(text.as_bytes(), &mut any);
            match put_plain_labels(text.as_bytes(), &mut plain) {
                Some((len, absolute)) => {
                    prop_assert_eq!(careful, Ok((len, absolute)));
                    prop_assert_eq!(&plain[..len], &any[..len]);
                }
                None => prop_assert!(careful.is_err() || text.contains('\\') || text.is_empty() || text.len() > 240),
            }
        }
    }

    #[test]
    fn text_stands_for_wire() {
        for (text, wire, canonical) in [
            (".", &b"\0"[..], "."),
            ("a.", b"\x01a\0", "a."),
            ("a", b"\x01a\0", "a."),
            ("a.b.", b"\x01a\x01b\0", "a.b."),
            ("a\\.b.c", b"\x03a.b\x01c\0", "a\\.b.c."),
            ("\\000\\255x", b"\x03\0\xFFx\0", "\\000\\255x."),
            ("\\x\\ ", b"\x02x \0", "x\\032."),
            ("a\"b;(c)@$", b"\x09a\"b;(c)@$\0", "a\\\"b\\;\\(c\\)\\@\\$."),
            ("@", b"\x01@\0", "\\@."),
            ("\\@", b"\x01@\0", "\\@."),
            ("\u{fc}", b"\x02\xC3\xBC\0", "\\195\\188."),
        ] {
            let name: Name = text.parse().unwrap();
            assert_eq!(name.as_wire(), wire, "{text}");
            assert_eq!(name.to_string(), canonical);
            assert_eq!(canonical.parse::<Name>().unwrap().as_wire(), wire);
        }
    }

    #[test]
    fn relative_names_end_in_the_origin() {
        let origin: Name = "example.org".parse().unwrap();
        for (text, name) in [
            ("@", "example.org."),
            ("www", "www.example.org."),
            ("www.", "www."),
            (".", "."),
            ("\\@", "\\@.example.org."),
            ("www\\.", "www\\..example.org."),
        ] {
            assert_eq!(Name::parse_text(text.as_bytes(), Some(&origin)).unwrap().to_string(), name);
        }
        for text in ["@", "www"] {
            let error = Name::parse_text(text.as_bytes(), None).unwrap_err();
            assert_eq!(error.kind, TextErrorKind::NoOrigin);
        }
        assert!(Name::parse_text(b"www.", None).is_ok());
    }

    #[test]
    fn wrong_text_is_refused_where_it_goes_wrong() {
        use TextErrorKind as K;
        let long = |times: usize, text: &str| text.repeat(times);
        for (text, kind, offset) in [
            (String::new(), K::Empty, 0),
            ("..".into(), K::Name(NameError::LabelEmpty), 0),
            (".a".into(), K::Name(NameError::LabelEmpty), 0),
            ("a..b".into(), K::Name(NameError::LabelEmpty), 2),
            ("a..".into(), K::Name(NameError::LabelEmpty), 2),
            ("a\\".into(), K::Escape, 1),
            ("a\\1".into(), K::Escape, 1),
            ("a\\12x".into(), K::Escape, 1),
            ("a\\256".into(), K::Escape, 1),
            (long(64, "a"), K::Name(NameError::LabelTooLong), 64),
            (long(128, "a."), K::Name(NameError::NameTooLong), 254),
            (long(500, "a"), K::Name(NameError::NameTooLong), 254),
        ] {
            let error = text.parse::<Name>().unwrap_err();
            assert_eq!((error.kind, error.offset), (kind, offset), "{text}");
        }
        assert!(long(127, "a.").parse::<Name>().is_ok());
        assert!(long(63, "a").parse::<Name>().is_ok());
    }
}

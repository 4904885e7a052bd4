//! What is in a body: its bytes with the coding undone, its text, and what is wrong with either.
//!
//! The rule: bytes that were not coded are not copied, text that needs no conversion is not either.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::ControlFlow::Continue;

use proto_core::scan::{self, Class, Classes};

use crate::lexical::{lossy, note, slice};
use crate::{Charset, Defect, DefectKind, TransferEncoding, base64, quoted_printable};

/// The bytes that `body` stands for. What is wrong is appended to `defects`, offsets counted from the start of the body.
pub(crate) fn decode<'a>(
    body: &'a [u8],
    coding: TransferEncoding,
    defects: &mut Vec<Defect>,
) -> Cow<'a, [u8]> {
    match coding {
        TransferEncoding::Base64 => Cow::Owned(base64::decode(body, defects)),
        TransferEncoding::QuotedPrintable => Cow::Owned(quoted_printable::decode(body, defects)),
        _ => Cow::Borrowed(body),
    }
}

/// The text that `bytes` are in the charset of this name. RFC 2046 section 4.1.2: US-ASCII if none is named.
pub(crate) fn text<'a>(
    bytes: Cow<'a, [u8]>,
    charset: Option<&str>,
    defects: &mut Vec<Defect>,
) -> Cow<'a, str> {
    let charset = match charset.filter(|name| !name.is_empty()) {
        None => Charset::US_ASCII,
        Some(name) => match Charset::named(name) {
            Some(charset) => charset,
            None => {
                note(defects, DefectKind::Charset, 0);
                return unknown(bytes);
            }
        },
    };
    let (text, fits) = match bytes {
        Cow::Borrowed(bytes) => charset.decode(bytes),
        Cow::Owned(bytes) => decode_owned(charset, bytes),
    };
    if !fits {
        note(defects, DefectKind::CharsetBytes, 0);
    }
    text
}

/// What is in UTF-8 already is kept and not copied.
fn decode_owned(charset: Charset, bytes: Vec<u8>) -> (Cow<'static, str>, bool) {
    let is_ascii = bytes.is_ascii();
    if is_ascii && charset.is_ascii_compatible()
        || charset == Charset::UTF_8 && !bytes.starts_with(b"\xEF\xBB\xBF")
    {
        return match String::from_utf8(bytes) {
            Ok(text) => (Cow::Owned(text), true),
            Err(error) => (Cow::Owned(lossy(error.as_bytes()).into_owned()), false),
        };
    }
    let (text, fits) = charset.decode(&bytes);
    (Cow::Owned(text.into_owned()), fits)
}

/// Most charsets contain US-ASCII; of the rest nothing can be said.
fn unknown(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    crate::lexical::text(bytes)
}

/// What is wrong with a body. `charset`: that of a text, empty if it names none.
pub(crate) fn check(body: &[u8], coding: TransferEncoding, charset: Option<&str>, defects: &mut Vec<Defect>) {
    let decoded = decode(body, coding, defects);
    match coding {
        TransferEncoding::SevenBit | TransferEncoding::EightBit => check_lines(body, coding, defects),
        TransferEncoding::Base64 | TransferEncoding::QuotedPrintable => check_cr(body, defects),
        TransferEncoding::Binary | TransferEncoding::Unknown => {}
    }
    if let Some(charset) = charset {
        _ = text(decoded, Some(charset), defects);
    }
}

/// 0: line ends, 1: CR, 2: NUL, 3: beyond US-ASCII.
struct Shape;
impl Classes<4> for Shape {
    const CLASSES: [Class; 4] = [Class::of(b"\n"), Class::of(b"\r"), Class::of(b"\0"), Class::EIGHT_BIT];
}

/// RFC 2045 sections 2.7 and 2.8: lines of at most 998 bytes, CR and LF in pairs only, no NUL; and in 7bit nothing beyond
/// US-ASCII. A bare LF is how files end their lines.
fn check_lines(body: &[u8], coding: TransferEncoding, defects: &mut Vec<Defect>) {
    let is_7bit = coding == TransferEncoding::SevenBit;
    let (mut line, mut eight_bit) = (0, false);
    let _ = scan::fold::<Shape, 4, (), ()>(body, (), |(), at, [ends, cr, nul, high]| {
        for bit in scan::Bits(ends | cr | nul) {
            let here = at + bit as usize;
            match body.get(here) {
                Some(b'\n') => {
                    check_line(line, here, body, defects);
                    line = here + 1;
                }
                Some(0) => note(defects, DefectKind::Nul, here),
                _ if body.get(here + 1) != Some(&b'\n') => note(defects, DefectKind::BareCr, here),
                _ => {}
            }
        }
        if high != 0 && is_7bit && !eight_bit {
            eight_bit = true;
            note(defects, DefectKind::EightBit, at + high.trailing_zeros() as usize);
        }
        Continue(())
    });
    check_line(line, body.len(), body, defects);
}

/// RFC 2045 sections 6.7 and 6.8: what is coded has line ends too, and no CR for anything else.
fn check_cr(body: &[u8], defects: &mut Vec<Defect>) {
    let mut from = 0;
    while let Some(at) = scan::find_byte(b'\r', slice(body, from, body.len())).map(|at| from + at) {
        if body.get(at + 1) != Some(&b'\n') {
            note(defects, DefectKind::BareCr, at);
        }
        from = at + 1;
    }
}

/// RFC 5322 section 2.1.1.
const LINE: usize = 998;

fn check_line(from: usize, to: usize, body: &[u8], defects: &mut Vec<Defect>) {
    let cr = to.checked_sub(1).is_some_and(|last| last >= from && body.get(last) == Some(&b'\r'));
    if to - from - usize::from(cr) > LINE {
        note(defects, DefectKind::LongLine, from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn wrong(body: &[u8], coding: TransferEncoding, charset: Option<&str>) -> Vec<(DefectKind, u64)> {
        let mut defects = Vec::new();
        check(body, coding, charset, &mut defects);
        defects.iter().map(|defect| (defect.kind, defect.offset)).collect()
    }

    #[test]
    fn bodies_are_checked_against_what_they_say_they_are() {
        use DefectKind as K;
        use TransferEncoding::{Base64, Binary, EightBit, SevenBit};
        assert_eq!(wrong(b"plain\r\ntext\n", SevenBit, Some("")), vec![]);
        assert_eq!(
            wrong(b"a\xC3\xA9\0\rb\r", SevenBit, None),
            vec![(K::Nul, 3), (K::BareCr, 4), (K::BareCr, 6), (K::EightBit, 1)]
        );
        assert_eq!(wrong(b"a\xC3\xA9", EightBit, Some("utf-8")), vec![]);
        assert_eq!(wrong(b"a\xE9", EightBit, Some("utf-8")), vec![(K::CharsetBytes, 0)]);
        assert_eq!(wrong(b"a\xE9", EightBit, Some("")), vec![(K::CharsetBytes, 0)]);
        assert_eq!(wrong(b"a", EightBit, Some("x-none")), vec![(K::Charset, 0)]);
        assert_eq!(wrong(b"\0\xFF", Binary, None), vec![]);
        assert_eq!(wrong(b"YQ", Base64, None), vec![(K::Base64Padding, 2)]);
        let long =
            [b"ok\r\n".as_slice(), &[b'x'; 999], b"\r\n", &[b'x'; 998], b"\r\n", &[b'x'; 999]].concat();
        assert_eq!(wrong(&long, SevenBit, None), vec![(K::LongLine, 4), (K::LongLine, 2005)]);
    }

    #[test]
    fn text_is_converted_once_if_at_all() {
        let read = |bytes: &'static [u8], charset| text(Cow::Borrowed(bytes), charset, &mut Vec::new());
        assert!(matches!(read(b"plain", None), Cow::Borrowed("plain")));
        assert!(matches!(read(b"plain", Some("iso-8859-1")), Cow::Borrowed("plain")));
        assert_eq!(read(b"\xE9", Some("iso-8859-1")), "é");
        assert_eq!(read(b"\xE9", Some("x-none")), "\u{FFFD}");
        let owned = |bytes: &[u8], charset| text(Cow::Owned(bytes.to_vec()), charset, &mut Vec::new());
        assert_eq!(owned(b"\xEF\xBB\xBFx", Some("utf-8")), "x");
        assert_eq!(owned(b"\xC3\xA9", Some("utf-8")), "é");
        assert_eq!(owned(b"\xC3", Some("utf-8")), "\u{FFFD}");
    }
}

//! Charsets: from their names in mail to text.
//!
//! The rule: decoding never fails. What means nothing becomes U+FFFD, and the caller learns that it did. Names mean what the RFCs
//! say they mean: ISO-8859-1 is ISO-8859-1 here, and US-ASCII has 128 characters.

use alloc::borrow::Cow;

use crate::lexical::lossy;

/// A charset that can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charset(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Ascii,
    Latin1,
    Utf8,
    #[cfg(feature = "charsets")]
    Utf7,
    #[cfg(feature = "charsets")]
    Utf16,
    #[cfg(feature = "charsets")]
    Ibm850,
    #[cfg(feature = "charsets")]
    Other(&'static encoding_rs::Encoding),
}

/// The labels that other tables lack, or give another meaning.
const LABELS: &[(&str, Kind)] = &[
    ("us-ascii", Kind::Ascii),
    ("ascii", Kind::Ascii),
    ("ansi_x3.4-1968", Kind::Ascii),
    ("iso646-us", Kind::Ascii),
    ("utf-8", Kind::Utf8),
    ("utf8", Kind::Utf8),
    ("iso-8859-1", Kind::Latin1),
    ("iso8859-1", Kind::Latin1),
    ("iso_8859-1", Kind::Latin1),
    ("iso88591", Kind::Latin1),
    ("latin1", Kind::Latin1),
    ("l1", Kind::Latin1),
    ("cp819", Kind::Latin1),
    ("ibm819", Kind::Latin1),
    #[cfg(feature = "charsets")]
    ("utf-7", Kind::Utf7),
    #[cfg(feature = "charsets")]
    ("utf7", Kind::Utf7),
    #[cfg(feature = "charsets")]
    ("unicode-1-1-utf-7", Kind::Utf7),
    #[cfg(feature = "charsets")]
    ("unicode-2-0-utf-7", Kind::Utf7),
    #[cfg(feature = "charsets")]
    ("utf-16", Kind::Utf16),
    #[cfg(feature = "charsets")]
    ("ibm850", Kind::Ibm850),
    #[cfg(feature = "charsets")]
    ("cp850", Kind::Ibm850),
    #[cfg(feature = "charsets")]
    ("850", Kind::Ibm850),
    #[cfg(feature = "charsets")]
    ("cp-850", Kind::Ibm850),
    #[cfg(feature = "charsets")]
    ("cp932", Kind::Other(encoding_rs::SHIFT_JIS)),
    #[cfg(feature = "charsets")]
    ("cp936", Kind::Other(encoding_rs::GBK)),
    #[cfg(feature = "charsets")]
    ("cp949", Kind::Other(encoding_rs::EUC_KR)),
    #[cfg(feature = "charsets")]
    ("cp950", Kind::Other(encoding_rs::BIG5)),
];

impl Charset {
    /// RFC 3629.
    pub const UTF_8: Charset = Charset(Kind::Utf8);
    /// The default of text (RFC 2046 section 4.1.2).
    pub const US_ASCII: Charset = Charset(Kind::Ascii);
    /// Every byte is the character of its number.
    pub const ISO_8859_1: Charset = Charset(Kind::Latin1);

    /// The charset of this name, in any case; `None` if nobody here knows it.
    ///
    /// ```
    /// use mime::Charset;
    ///
    /// let latin = Charset::named("ISO-8859-1").unwrap();
    /// assert_eq!(latin.decode(b"na\xEFve"), ("naïve".into(), true));
    /// assert!(Charset::named("x-unknown").is_none());
    /// ```
    #[must_use]
    pub fn named(name: &str) -> Option<Charset> {
        let name = name.trim_matches(|c: char| c.is_ascii_whitespace() || matches!(c, '"' | '\''));
        let known = LABELS.iter().find(|(label, _)| label.eq_ignore_ascii_case(name));
        known.map(|(_, kind)| Charset(*kind)).or_else(|| Charset::other(name))
    }

    #[cfg(feature = "charsets")]
    fn other(name: &str) -> Option<Charset> {
        let encoding = encoding_rs::Encoding::for_label_no_replacement(name.as_bytes())?;
        // That table takes windows-1252 for what is called ISO-8859-1.
        Some(Charset(match encoding {
            encoding if encoding == encoding_rs::UTF_8 => Kind::Utf8,
            encoding if encoding == encoding_rs::WINDOWS_1252 && !name.contains("1252") => Kind::Latin1,
            encoding => Kind::Other(encoding),
        }))
    }

    #[cfg(not(feature = "charsets"))]
    fn other(_name: &str) -> Option<Charset> {
        None
    }

    /// The text that `bytes` are, and whether all of them mean something. A byte order mark is not text.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> (Cow<'_, str>, bool) {
        match self.0 {
            Kind::Ascii => {
                // What claims to have no such bytes has them in UTF-8, if in anything that can be told.
                (lossy(bytes), bytes.is_ascii())
            }
            Kind::Latin1 => (latin1(bytes), true),
            Kind::Utf8 => utf8(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)),
            #[cfg(feature = "charsets")]
            Kind::Utf7 => utf7::decode(bytes),
            #[cfg(feature = "charsets")]
            Kind::Ibm850 => ibm850(bytes),
            #[cfg(feature = "charsets")]
            Kind::Utf16 => utf16(bytes),
            #[cfg(feature = "charsets")]
            Kind::Other(encoding) => by_table(encoding, bytes),
        }
    }

    /// The same for the value of a field, where U+FEFF is a character like any other.
    pub(crate) fn decode_value(self, bytes: &[u8]) -> (Cow<'_, str>, bool) {
        match self.0 {
            Kind::Utf8 => utf8(bytes),
            _ => self.decode(bytes),
        }
    }

    /// Text in US-ASCII is the same text in it.
    pub(crate) fn is_ascii_compatible(self) -> bool {
        match self.0 {
            #[cfg(feature = "charsets")]
            Kind::Utf7 | Kind::Utf16 => false,
            #[cfg(feature = "charsets")]
            Kind::Other(encoding) => encoding.is_ascii_compatible(),
            _ => true,
        }
    }

    /// The name it is best known by in mail.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Ascii => "us-ascii",
            Kind::Latin1 => "iso-8859-1",
            Kind::Utf8 => "utf-8",
            #[cfg(feature = "charsets")]
            Kind::Utf7 => "utf-7",
            #[cfg(feature = "charsets")]
            Kind::Utf16 => "utf-16",
            #[cfg(feature = "charsets")]
            Kind::Ibm850 => "ibm850",
            #[cfg(feature = "charsets")]
            Kind::Other(encoding) => encoding.name(),
        }
    }
}

fn utf8(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    let text = lossy(bytes);
    // Only what was replaced is owned.
    let fits = matches!(text, Cow::Borrowed(_));
    (text, fits)
}

#[cfg(feature = "charsets")]
fn latin1(bytes: &[u8]) -> Cow<'_, str> {
    encoding_rs::mem::decode_latin1(bytes)
}

#[cfg(not(feature = "charsets"))]
fn latin1(bytes: &[u8]) -> Cow<'_, str> {
    match core::str::from_utf8(bytes) {
        Ok(text) if bytes.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect()),
    }
}

#[cfg(feature = "charsets")]
fn by_table<'a>(encoding: &'static encoding_rs::Encoding, bytes: &'a [u8]) -> (Cow<'a, str>, bool) {
    let (text, wrong) = encoding.decode_with_bom_removal(bytes);
    (text, !wrong)
}

/// RFC 2781 section 4.3: a byte order mark tells, and big-endian is the default.
#[cfg(feature = "charsets")]
fn utf16(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    let little = bytes.starts_with(b"\xFF\xFE");
    by_table(if little { encoding_rs::UTF_16LE } else { encoding_rs::UTF_16BE }, bytes)
}

/// 0x80 to 0xFF of code page 850.
#[cfg(feature = "charsets")]
const IBM850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
    └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{AD}±‗¾¶§÷¸°¨·¹³²■\u{A0}";

#[cfg(feature = "charsets")]
fn ibm850(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    let mut table = ['\0'; 128];
    for (place, character) in table.iter_mut().zip(IBM850.chars()) {
        *place = character;
    }
    let character = |byte: &u8| {
        let high = byte.checked_sub(0x80).and_then(|at| table.get(usize::from(at)));
        high.copied().unwrap_or(char::from(*byte))
    };
    (Cow::Owned(bytes.iter().map(character).collect()), true)
}

/// UTF-7 (RFC 2152).
#[cfg(feature = "charsets")]
mod utf7 {
    use alloc::borrow::Cow;
    use alloc::string::String;

    /// What a `+` began: base64 of UTF-16, six bits a character.
    #[derive(Default)]
    struct Shifted {
        /// Bits not yet used, the last ones lowest.
        bits: u32,
        count: u32,
        /// A high surrogate that waits for its other half.
        high: Option<u16>,
        /// At least one character of base64 was there.
        begun: bool,
    }

    pub(super) fn decode(bytes: &[u8]) -> (Cow<'_, str>, bool) {
        let mut text = String::with_capacity(bytes.len());
        let (mut shifted, mut fits) = (None::<Shifted>, true);
        for byte in bytes {
            if let Some(state) = &mut shifted {
                if let Some(six) = value(*byte) {
                    fits &= state.push(six, &mut text);
                    continue;
                }
                // `+-` is a plus; a minus that ends base64 is not text.
                let swallowed = *byte == b'-';
                if swallowed && !state.begun {
                    text.push('+');
                }
                fits &= state.end(&mut text);
                shifted = None;
                if swallowed {
                    continue;
                }
            }
            match byte {
                b'+' => shifted = Some(Shifted::default()),
                0..=0x7F => text.push(char::from(*byte)),
                _ => (fits, _) = (false, text.push('\u{FFFD}')),
            }
        }
        if let Some(mut state) = shifted {
            fits &= state.end(&mut text);
        }
        (Cow::Owned(text), fits)
    }

    fn value(byte: u8) -> Option<u32> {
        Some(u32::from(match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        }))
    }

    impl Shifted {
        fn push(&mut self, six: u32, text: &mut String) -> bool {
            self.begun = true;
            self.bits = self.bits << 6 | six;
            self.count += 6;
            if self.count < 16 {
                return true;
            }
            self.count -= 16;
            let unit = u16::try_from(self.bits >> self.count & 0xFFFF).unwrap_or_default();
            self.bits &= (1 << self.count) - 1;
            self.unit(unit, text)
        }

        fn unit(&mut self, unit: u16, text: &mut String) -> bool {
            let high = self.high.take();
            if (0xD800..0xDC00).contains(&unit) {
                self.high = Some(unit);
                return lone(high, text);
            }
            let units = high.into_iter().chain(Some(unit));
            char::decode_utf16(units).fold(true, |fits, character| {
                text.push(character.unwrap_or('\u{FFFD}'));
                fits & character_is(text)
            })
        }

        /// RFC 2152: fewer than six bits are left, and they are zero.
        fn end(&mut self, text: &mut String) -> bool {
            lone(self.high.take(), text) & (self.count < 6 && self.bits == 0)
        }
    }

    fn character_is(text: &str) -> bool {
        !text.ends_with('\u{FFFD}')
    }

    /// A high surrogate without the other half.
    fn lone(high: Option<u16>, text: &mut String) -> bool {
        if high.is_some() {
            text.push('\u{FFFD}');
        }
        high.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    fn decoded(name: &str, bytes: &[u8]) -> (String, bool) {
        let (text, fits) = Charset::named(name).unwrap().decode(bytes);
        (text.into_owned(), fits)
    }

    #[test]
    fn names_mean_what_the_rfcs_say() {
        let texts: &[(&str, &[u8], &str, bool)] = &[
            ("us-ascii", b"plain", "plain", true),
            ("US-ASCII", b"caf\xC3\xA9", "café", false),
            ("us-ascii", b"caf\xE9", "caf\u{FFFD}", false),
            ("ISO-8859-1", b"caf\xE9 \x80", "café \u{80}", true),
            ("latin1", b"\xFF", "ÿ", true),
            ("utf-8", b"\xEF\xBB\xBFcaf\xC3\xA9", "café", true),
            ("UTF8", b"caf\xE9", "caf\u{FFFD}", false),
        ];
        for (name, bytes, text, fits) in texts {
            assert_eq!(decoded(name, bytes), ((*text).into(), *fits), "{name} {bytes:?}");
        }
        assert_eq!(Charset::named("x-none"), None);
        assert_eq!(Charset::named(""), None);
    }

    #[cfg(feature = "charsets")]
    #[test]
    fn the_tables_are_those_of_the_world() {
        let texts: &[(&str, &[u8], &str, bool)] = &[
            ("windows-1252", b"\x80", "€", true),
            ("iso-8859-15", b"\xA4", "€", true),
            ("koi8-r", b"\xF0\xD2\xC9\xD7\xC5\xD4", "Привет", true),
            ("iso-2022-jp", b"\x1B$B$3\x1B(B", "こ", true),
            ("gb2312", b"\xC4\xE3", "你", true),
            ("cp936", b"\xC4\xE3", "你", true),
            ("big5", b"\xA7A", "你", true),
            ("euc-kr", b"\xB0\xA1", "가", true),
            ("shift_jis", b"\x82\xA0\xFF", "あ\u{FFFD}", false),
            ("cp850", b"\x81\xE1\xFF\x80", "üß\u{A0}Ç", true),
            ("utf-16", b"\xFF\xFEa\0", "a", true),
            ("utf-16", b"\0a\0b", "ab", true),
            ("utf-16le", b"a\0", "a", true),
        ];
        for (name, bytes, text, fits) in texts {
            assert_eq!(decoded(name, bytes), ((*text).into(), *fits), "{name} {bytes:?}");
        }
        assert_eq!(IBM850.chars().count(), 128);
        assert_eq!(Charset::named("iso-2022-kr"), None, "known, but nobody decodes it");
    }

    /// RFC 2152 section "Examples", and what is wrong.
    #[cfg(feature = "charsets")]
    #[test]
    fn utf_7_shifts_in_and_out() {
        let texts: &[(&[u8], &str, bool)] = &[
            (b"A+ImIDkQ.", "A≢Α.", true),
            (b"Hi Mom -+Jjo--!", "Hi Mom -☺-!", true),
            (b"+ZeVnLIqe-", "日本語", true),
            (b"Item 3 is +AKM-1.", "Item 3 is £1.", true),
            (b"1 +- 1 +AD0- 2", "1 + 1 = 2", true),
            (b"+2D3eAA-", "😀", true),
            (b"+2D0-", "\u{FFFD}", false),
            (b"+2D0AYQ-", "\u{FFFD}a", false),
            (b"+3gA-", "\u{FFFD}", false),
            (b"\xE9", "\u{FFFD}", false),
            (b"+A", "", false),
        ];
        for (bytes, text, fits) in texts {
            assert_eq!(decoded("utf-7", bytes), ((*text).into(), *fits), "{}", bytes.escape_ascii());
        }
    }
}

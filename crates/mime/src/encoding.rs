//! Transfer codings: how a body got through (RFC 2045 section 6).
//!
//! The rule: what nobody knows is left as it stands.

use core::fmt;

use crate::Limits;
use crate::lexical::{Cursor, TOKEN};

/// The value of a Content-Transfer-Encoding field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TransferEncoding {
    /// Lines of US-ASCII; what a body is unless it says otherwise.
    #[default]
    SevenBit,
    /// Lines of anything.
    EightBit,
    /// Anything.
    Binary,
    /// RFC 2045 section 6.8.
    Base64,
    /// RFC 2045 section 6.7.
    QuotedPrintable,
    /// One that this crate can't undo.
    Unknown,
}

impl TransferEncoding {
    /// Reads the value of the field, blanks and comments around it. Quotes, and what stands behind, are overlooked.
    #[must_use]
    pub fn parse(value: &[u8]) -> Self {
        Self::parse_alone(value).0
    }

    /// The same, and whether nothing was overlooked.
    pub(crate) fn parse_alone(value: &[u8]) -> (Self, bool) {
        let (mut cursor, mut ignored) = (Cursor::new(value), alloc::vec::Vec::new());
        cursor.skip_cfws(&Limits::DEFAULT, &mut ignored);
        let is_quoted = cursor.skip(b'"');
        let name = cursor.run(&TOKEN);
        cursor.skip_cfws(&Limits::DEFAULT, &mut ignored);
        let is_alone = !is_quoted && cursor.is_at_end();
        let all = [Self::SevenBit, Self::EightBit, Self::Binary, Self::Base64, Self::QuotedPrintable];
        let named = |coding: &Self| name.eq_ignore_ascii_case(coding.as_str().as_bytes());
        (all.into_iter().find(named).unwrap_or(Self::Unknown), is_alone)
    }

    /// The name; empty for one that nobody knows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SevenBit => "7bit",
            Self::EightBit => "8bit",
            Self::Binary => "binary",
            Self::Base64 => "base64",
            Self::QuotedPrintable => "quoted-printable",
            Self::Unknown => "",
        }
    }

    /// The body is what it is: nothing was coded.
    #[must_use]
    pub const fn is_identity(self) -> bool {
        matches!(self, Self::SevenBit | Self::EightBit | Self::Binary)
    }
}

impl fmt::Display for TransferEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case() {
        for (value, coding) in [
            ("7bit", TransferEncoding::SevenBit),
            (" 8BIT ", TransferEncoding::EightBit),
            ("(why) binary (not)", TransferEncoding::Binary),
            ("Base64;", TransferEncoding::Base64),
            ("\"quoted-printable\"", TransferEncoding::QuotedPrintable),
            ("x-uuencode", TransferEncoding::Unknown),
            ("", TransferEncoding::Unknown),
        ] {
            assert_eq!(TransferEncoding::parse(value.as_bytes()), coding, "{value}");
        }
        for (value, is_alone) in [
            (" (a) base64 (b)\r\n ", true),
            ("base64;", false),
            ("\"base64\"", false),
            ("base64, 7bit", false),
        ] {
            assert_eq!(TransferEncoding::parse_alone(value.as_bytes()), (TransferEncoding::Base64, is_alone));
        }
    }
}

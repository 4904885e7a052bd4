//! Content-Disposition: how a part wants to be shown, and under which name it was a file (RFC 2183).
//!
//! The rule: the name is a proposal by a stranger. It is given as it stands; who makes a file of it takes care.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::lexical::{Cursor, TOKEN, check_token, margin, note};
use crate::{DateTime, Defect, DefectKind, Limits, Misuse, Parameters};

/// The value of a Content-Disposition field.
///
/// ```
/// use mime::Disposition;
///
/// let value = b"attachment; filename*0*=utf-8''na%C3%AF; filename*1=\"ve.txt\"; size=12";
/// let disposition = Disposition::parse(value).unwrap();
/// assert!(disposition.is_attachment());
/// assert_eq!(disposition.filename(), Some("naïve.txt"));
/// assert_eq!(disposition.size(), Some(12));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disposition<'a> {
    kind: Cow<'a, str>,
    /// What is said beside: `filename`, `size`, dates.
    pub parameters: Parameters<'a>,
}

impl<'a> Disposition<'a> {
    /// A disposition to be written: `inline`, `attachment` or another token.
    ///
    /// # Errors
    /// It is no token.
    pub fn new(kind: impl Into<Cow<'a, str>>) -> Result<Self, Misuse> {
        let kind = kind.into();
        check_token(&kind, &TOKEN)?;
        Ok(Disposition { kind, parameters: Parameters::new() })
    }

    /// The same with this parameter set.
    ///
    /// # Errors
    /// As [`Parameters::set`].
    pub fn with(
        mut self,
        name: impl Into<Cow<'a, str>>,
        value: impl Into<Cow<'a, str>>,
    ) -> Result<Self, Misuse> {
        self.parameters.set(name, value)?;
        Ok(self)
    }

    /// Reads the value of the field; `None` if it has no type.
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        Self::parse_with(value, &Limits::DEFAULT, &mut Vec::new())
    }

    /// The same within `limits`; what is wrong is appended to `defects`, offsets counted from the start of `value`.
    #[must_use]
    pub fn parse_with(value: &'a [u8], limits: &Limits, defects: &mut Vec<Defect>) -> Option<Self> {
        let mut cursor = Cursor::new(value);
        cursor.skip_cfws(limits, defects);
        let kind = core::str::from_utf8(cursor.run(&TOKEN)).unwrap_or_default();
        // Some leave the type out and begin with a parameter.
        let is_name = cursor.peek() == Some(b'=');
        if kind.is_empty() || is_name {
            note(defects, DefectKind::Disposition, margin(value));
            return None;
        }
        let parameters = Parameters::at(&cursor, limits, defects);
        Some(Disposition { kind: Cow::Borrowed(kind), parameters })
    }

    /// The type, as written.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// To be shown with the rest of the message (RFC 2183 section 2.1).
    #[must_use]
    pub fn is_inline(&self) -> bool {
        self.kind.eq_ignore_ascii_case("inline")
    }

    /// To be shown when asked for. RFC 2183 section 2.8: so are types that nobody knows.
    #[must_use]
    pub fn is_attachment(&self) -> bool {
        !self.is_inline()
    }

    /// The name it proposes (RFC 2183 section 2.3), for people's eyes.
    #[must_use]
    pub fn filename(&self) -> Option<&str> {
        self.parameters.value("filename")
    }

    /// About how many bytes there are (RFC 2183 section 2.7).
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.parameters.value("size")?.parse().ok()
    }

    /// `creation-date`, `modification-date` or `read-date` (RFC 2183 sections 2.4 to 2.6).
    #[must_use]
    pub fn date(&self, name: &str) -> Option<DateTime> {
        DateTime::parse(self.parameters.value(name)?.as_bytes())
    }

    /// Appends the value of the field, folded so that no line passes 78 columns; the line already has `column` of them. Returns
    /// the column it ends in.
    pub fn write(&self, out: &mut Vec<u8>, column: usize) -> usize {
        out.extend_from_slice(self.kind.as_bytes());
        self.parameters.write(out, column + self.kind.len())
    }

    /// All borrowed text copied.
    #[must_use]
    pub fn into_owned(self) -> Disposition<'static> {
        Disposition { kind: Cow::Owned(self.kind.into_owned()), parameters: self.parameters.into_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_names_are_read() {
        let parse = |value: &'static str| Disposition::parse(value.as_bytes());
        for (value, kind, attachment, filename) in [
            ("inline", "inline", false, None),
            ("Attachment", "Attachment", true, None),
            ("x-other; filename=a", "x-other", true, Some("a")),
            ("attachment; FILENAME=\"a b\"", "attachment", true, Some("a b")),
            ("attachment filename=a.txt", "attachment", true, Some("a.txt")),
        ] {
            let disposition = parse(value).unwrap();
            let read = (disposition.kind(), disposition.is_attachment(), disposition.filename());
            assert_eq!(read, (kind, attachment, filename), "{value}");
        }
        assert_eq!(parse(""), None);
        assert_eq!(parse("filename=a.txt"), None);
        let dated = parse("attachment; modification-date=\"Wed, 12 Feb 1997 16:29:51 -0500\"").unwrap();
        assert_eq!(dated.date("modification-date").unwrap().unix(), 855_782_991);
    }

    #[test]
    fn it_is_written_as_it_is_read() {
        let disposition = Disposition::new("attachment").unwrap().with("filename", "é.txt").unwrap();
        let mut out = Vec::new();
        disposition.write(&mut out, 21);
        assert_eq!(out, b"attachment; filename*=utf-8''%C3%A9.txt");
        assert_eq!(Disposition::parse(&out), Some(disposition));
        assert!(Disposition::new("a b").is_err() && Disposition::new("").is_err());
    }
}

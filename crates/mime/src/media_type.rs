//! Media types: `type/subtype; parameters` (RFC 2045 section 5, RFC 6838 section 4.2).
//!
//! The rule: what is not a type and a subtype is none at all, and the default takes its place; parameters are read however they
//! are written.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use crate::lexical::{Cursor, TOKEN, check_token, margin, note};
use crate::{Defect, DefectKind, Limits, Misuse, Parameters};

/// The value of a Content-Type field.
///
/// ```
/// use mime::MediaType;
///
/// let html = MediaType::parse(b"Text/HTML; charset=\"utf-8\"").unwrap();
/// assert!(html.is("text/html"));
/// assert_eq!(html.charset(), Some("utf-8"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaType<'a> {
    top: Cow<'a, str>,
    subtype: Cow<'a, str>,
    /// What is said beside: `charset`, `boundary`, ...
    pub parameters: Parameters<'a>,
}

impl<'a> MediaType<'a> {
    /// `text/plain` without parameters: what a body is unless it says otherwise (RFC 2045 section 5.2).
    pub const TEXT_PLAIN: MediaType<'static> = MediaType::known("text", "plain");
    /// `message/rfc822`: what a part of a digest is unless it says otherwise (RFC 2046 section 5.1.5).
    pub const MESSAGE: MediaType<'static> = MediaType::known("message", "rfc822");
    /// `application/octet-stream`: bytes.
    pub const OCTETS: MediaType<'static> = MediaType::known("application", "octet-stream");

    pub(crate) const fn known(top: &'static str, subtype: &'static str) -> MediaType<'static> {
        MediaType { top: Cow::Borrowed(top), subtype: Cow::Borrowed(subtype), parameters: Parameters::new() }
    }

    /// A type to be written.
    ///
    /// # Errors
    /// One of them is no token.
    pub fn new(top: impl Into<Cow<'a, str>>, subtype: impl Into<Cow<'a, str>>) -> Result<Self, Misuse> {
        let (top, subtype) = (top.into(), subtype.into());
        check_token(&top, &TOKEN)?;
        check_token(&subtype, &TOKEN)?;
        Ok(MediaType { top, subtype, parameters: Parameters::new() })
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

    /// Reads the value of the field; `None` if it is not a type and a subtype.
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        Self::parse_with(value, &Limits::DEFAULT, &mut Vec::new())
    }

    /// The same within `limits`; what is wrong is appended to `defects`, offsets counted from the start of `value`.
    #[must_use]
    pub fn parse_with(value: &'a [u8], limits: &Limits, defects: &mut Vec<Defect>) -> Option<Self> {
        let mut cursor = Cursor::new(value);
        let Some((top, subtype)) = type_and_subtype(&mut cursor, limits, defects) else {
            note(defects, DefectKind::MediaType, margin(value));
            return None;
        };
        let parameters = Parameters::at(&cursor, limits, defects);
        let text = |token: &'a [u8]| Cow::Borrowed(core::str::from_utf8(token).unwrap_or_default());
        Some(MediaType { top: text(top), subtype: text(subtype), parameters })
    }

    /// The type, as written: `text`.
    #[must_use]
    pub fn top(&self) -> &str {
        &self.top
    }

    /// The subtype, as written: `html`.
    #[must_use]
    pub fn subtype(&self) -> &str {
        &self.subtype
    }

    /// Whether it is this `type/subtype`, in any case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        name.split_once('/').is_some_and(|(top, subtype)| {
            self.top.eq_ignore_ascii_case(top) && self.subtype.eq_ignore_ascii_case(subtype)
        })
    }

    /// Whether its type is this one, in any case.
    #[must_use]
    pub fn is_top(&self, top: &str) -> bool {
        self.top.eq_ignore_ascii_case(top)
    }

    /// The parameter `charset` (RFC 2046 section 4.1.2).
    #[must_use]
    pub fn charset(&self) -> Option<&str> {
        self.parameters.value("charset")
    }

    /// The parameter `boundary` (RFC 2046 section 5.1.1).
    #[must_use]
    pub fn boundary(&self) -> Option<&str> {
        self.parameters.value("boundary")
    }

    /// Appends the value of the field, folded so that no line passes 78 columns; the line already has `column` of them. Returns
    /// the column it ends in.
    pub fn write(&self, out: &mut Vec<u8>, column: usize) -> usize {
        let from = out.len();
        out.extend_from_slice(self.top.as_bytes());
        out.push(b'/');
        out.extend_from_slice(self.subtype.as_bytes());
        self.parameters.write(out, column + (out.len() - from))
    }

    /// All borrowed text copied.
    #[must_use]
    pub fn into_owned(self) -> MediaType<'static> {
        MediaType {
            top: Cow::Owned(self.top.into_owned()),
            subtype: Cow::Owned(self.subtype.into_owned()),
            parameters: self.parameters.into_owned(),
        }
    }
}

/// `type "/" subtype`, blanks and comments around each; the cursor is then behind them.
pub(crate) fn type_and_subtype<'a>(
    cursor: &mut Cursor<'a>,
    limits: &Limits,
    defects: &mut Vec<Defect>,
) -> Option<(&'a [u8], &'a [u8])> {
    cursor.skip_cfws(limits, defects);
    let top = cursor.run(&TOKEN);
    cursor.skip_cfws(limits, defects);
    if !cursor.skip(b'/') {
        return None;
    }
    cursor.skip_cfws(limits, defects);
    let subtype = cursor.run(&TOKEN);
    (!top.is_empty() && !subtype.is_empty()).then_some((top, subtype))
}

/// `type/subtype;name=value`, without folds.
impl fmt::Display for MediaType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}{}", self.top, self.subtype, self.parameters)
    }
}

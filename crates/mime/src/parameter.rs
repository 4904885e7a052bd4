//! Parameters of Content-Type and Content-Disposition, in both directions (RFC 2045 section 5.1, RFC 2231).
//!
//! The rule for reading: whatever is there gets a name and a value. A value that should have been quoted goes up to the next
//! semicolon; the sections of a long value are put together in the order of their numbers, up to a gap; `name*` wins over
//! `name`, and the first of two equals wins. The rule for writing: a value that needs it is encoded, and only then.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::{Defect, Limits, Misuse};

/// A parameter: its name and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter<'a> {
    /// As written, without the `*` of RFC 2231. Names are compared in any case.
    pub name: Cow<'a, str>,
    /// Unquoted, joined, decoded.
    pub value: Cow<'a, str>,
    /// The language of the value (RFC 2231 section 4), if it says so.
    pub language: Option<Cow<'a, str>>,
}

/// The parameters of one field, in wire order, each name once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters<'a> {
    list: Vec<Parameter<'a>>,
}

impl<'a> Parameters<'a> {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Parameters { list: Vec::new() }
    }

    /// Reads `;name=value` as often as it comes: what stands behind the type in a field.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Self {
        Self::parse_with(bytes, &Limits::DEFAULT, &mut Vec::new())
    }

    /// The same within `limits`; what is wrong is appended to `defects`, offsets counted from the start of `bytes`.
    #[must_use]
    pub fn parse_with(_bytes: &'a [u8], _limits: &Limits, _defects: &mut Vec<Defect>) -> Self {
        Parameters::new() // Follows with the next commit.
    }

    /// The value of the parameter with this name, in any case.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.find(name).map(|parameter| &*parameter.value)
    }

    /// The parameter with this name, in any case.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Parameter<'a>> {
        self.list.iter().find(|parameter| parameter.name.eq_ignore_ascii_case(name))
    }

    /// All of them, in wire order.
    pub fn iter(&self) -> core::slice::Iter<'_, Parameter<'a>> {
        self.list.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// There is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Sets a parameter; one of this name is replaced.
    ///
    /// # Errors
    /// The name is no token, or there is CR, LF or NUL in the value.
    pub fn set(
        &mut self,
        name: impl Into<Cow<'a, str>>,
        value: impl Into<Cow<'a, str>>,
    ) -> Result<(), Misuse> {
        let (name, value) = (name.into(), value.into());
        check_name(&name)?;
        crate::error::check_value(value.as_bytes())?;
        let parameter = Parameter { name, value, language: None };
        match self.list.iter_mut().find(|other| other.name.eq_ignore_ascii_case(&parameter.name)) {
            Some(other) => *other = parameter,
            None => self.list.push(parameter),
        }
        Ok(())
    }

    /// Appends `; name=value` for each, folded so that no line passes 78 columns; the line already has `column` of them. Returns
    /// the column it ends in.
    pub fn write(&self, out: &mut Vec<u8>, column: usize) -> usize {
        let _ = out;
        column // Follows with the next commit.
    }

    /// All borrowed text copied.
    #[must_use]
    pub fn into_owned(self) -> Parameters<'static> {
        let owned = |text: Cow<'a, str>| Cow::Owned::<'static, str>(text.into_owned());
        let parameter = |parameter: Parameter<'a>| Parameter {
            name: owned(parameter.name),
            value: owned(parameter.value),
            language: parameter.language.map(owned),
        };
        Parameters { list: self.list.into_iter().map(parameter).collect() }
    }
}

impl<'p, 'a> IntoIterator for &'p Parameters<'a> {
    type Item = &'p Parameter<'a>;
    type IntoIter = core::slice::Iter<'p, Parameter<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// RFC 2045 section 5.1: an attribute is a token; RFC 2231 section 7 keeps `*`, `'` and `%` for itself.
fn check_name(name: &str) -> Result<(), Misuse> {
    let fine = |byte: u8| crate::lexical::TOKEN.contains(byte) && !matches!(byte, b'*' | b'\'' | b'%');
    match name.bytes().position(|byte| !fine(byte)) {
        None if !name.is_empty() => Ok(()),
        at => Err(Misuse::new(crate::MisuseKind::Token, at.unwrap_or(0))),
    }
}

/// `;name=value` as text, without folds.
impl core::fmt::Display for Parameters<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut out = Vec::new();
        self.write(&mut out, 0);
        f.write_str(&String::from_utf8_lossy(&crate::lexical::unfold(&out)))
    }
}

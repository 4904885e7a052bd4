//! RDATA as text, from the same fields.

use core::fmt;

use crate::text::Token;
use crate::{Class, Name, Rdata, RdataRef, RrType, TextError, TextErrorKind};

impl Rdata {
    /// The RDATA that `tokens` stand for in a zone file; relative names end in `origin`. `\#`, a length and hexadecimal
    /// digits stand for RDATA of any type (RFC 3597 section 5).
    ///
    /// # Errors
    /// What is wrong, in which token and where in it.
    pub fn parse_text(
        rtype: RrType,
        class: Class,
        tokens: &[Token<'_>],
        origin: Option<&Name>,
    ) -> Result<Rdata, TextError> {
        let _ = (rtype, class, tokens, origin);
        Err(TextError::new(TextErrorKind::NoText))
    }
}

impl fmt::Display for RdataRef<'_> {
    /// As in a zone file, without line breaks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.a() {
            Some(a) => write!(f, "{a}"),
            None => write!(f, "\\# {}", self.octets().len()),
        }
    }
}

impl fmt::Display for Rdata {
    /// As in a zone file, without line breaks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_rdata_ref().fmt(f)
    }
}

//! RDATA as text (RFC 1035 section 5.1), field by field of the same table; octets in hexadecimal where there is no
//! text or it would not come back as it was (RFC 3597 section 5).

use alloc::vec::Vec;
use core::fmt::{self, Write};

use super::parse::Scanner;
use super::write;
use crate::octets::Octets;
use crate::text::{Token, tokens};
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
        let mut wire = Vec::new();
        text_to_wire(rtype, class, tokens, origin, &mut wire)?;
        Ok(Rdata { wire: Octets::of(&wire), rtype, class })
    }

    /// The RDATA of class IN that a line of text stands for; all names in it absolute, with or without a last dot.
    ///
    /// ```
    /// use dns::{Rdata, RrType};
    /// let mx = Rdata::of_text(RrType::MX, "10 mail.example.org.")?;
    /// assert_eq!(mx.as_wire(), b"\0\x0A\x04mail\x07example\x03org\0");
    /// assert_eq!(mx.to_string(), "10 mail.example.org.");
    /// # Ok::<(), dns::TextError>(())
    /// ```
    ///
    /// # Errors
    /// What is wrong, in which token and where in it.
    pub fn of_text(rtype: RrType, text: &str) -> Result<Rdata, TextError> {
        Rdata::parse_text(rtype, Class::IN, &tokens(text.as_bytes())?, Some(&Name::ROOT))
    }
}

/// Appends the uncompressed wire form of what `tokens` stand for; nothing of it after an error. As
/// [`Rdata::parse_text`], for those who keep RDATA in memory of their own.
///
/// # Errors
/// What is wrong, in which token and where in it.
pub fn text_to_wire(
    rtype: RrType,
    class: Class,
    tokens: &[Token<'_>],
    origin: Option<&Name>,
    wire: &mut Vec<u8>,
) -> Result<(), TextError> {
    let start = wire.len();
    let mut scanner = Scanner::new(tokens, origin, wire);
    let read = match tokens.first() {
        Some(Token { text: b"\\#", quoted: false }) => generic(rtype, class, &mut scanner),
        _ => fields(rtype, class, &mut scanner),
    };
    let fits = |()| match wire.len() - start <= usize::from(u16::MAX) {
        true => Ok(()),
        false => Err(TextError::new(TextErrorKind::TooLong)),
    };
    read.and_then(fits).inspect_err(|_| wire.truncate(start))
}

fn fields(rtype: RrType, class: Class, scanner: &mut Scanner<'_, '_>) -> Result<(), TextError> {
    for field in rtype.fields(class) {
        scanner.field(*field)?;
    }
    scanner.end()
}

/// RFC 3597 section 5: also of types that have a text of their own.
fn generic(rtype: RrType, class: Class, scanner: &mut Scanner<'_, '_>) -> Result<(), TextError> {
    let octets = scanner.generic()?;
    RdataRef::from_wire(rtype, class, octets)
        .map_err(|error| TextError::new(TextErrorKind::Generic(error.kind)).in_token(2))?;
    Ok(())
}

impl fmt::Display for RdataRef<'_> {
    /// As in a zone file, without line breaks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_text(f)
    }
}

impl RdataRef<'_> {
    /// Writes the text that stands for it in a zone file, without line breaks.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_text(&self, out: &mut impl Write) -> fmt::Result {
        if self.is_empty() || !self.fields().all(|part| write::has_text(&part)) {
            return write::generic(self, out);
        }
        let mut fields = self.fields().filter(|part| !write::is_silent(part));
        fields.next().map_or(Ok(()), |first| write::field(&first, out))?;
        fields.try_for_each(|part| {
            out.write_char(' ')?;
            write::field(&part, out)
        })
    }
}

impl fmt::Display for Rdata {
    /// As in a zone file, without line breaks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_rdata_ref().fmt(f)
    }
}

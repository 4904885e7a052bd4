//! What is wrong with a message, and where; and what a caller asked for that can't be written.
//!
//! The rule: reading never fails. What is wrong becomes a [`Defect`] with its offset, the bytes stay as they are, and the
//! reader goes on; who wants none of it takes the first defect as an error (`Strict`). Writing is the other way round: what
//! would break a message is a [`Misuse`], and nothing is written.

use thiserror::Error;

/// Something in a message that its RFC does not allow.
///
/// Two are equal if kind and offset are; they sort by offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Error)]
#[error("{kind} (at byte {offset})")]
pub struct Defect {
    /// Where: bytes from the start of what was parsed, a message or a field's value.
    pub offset: u64,
    /// What.
    pub kind: DefectKind,
}

impl Defect {
    /// `kind` at `offset`.
    #[must_use]
    pub const fn new(kind: DefectKind, offset: u64) -> Self {
        Defect { offset, kind }
    }

    /// The same, seen from `by` bytes further in front.
    #[must_use]
    pub const fn moved(self, by: u64) -> Self {
        Defect { offset: self.offset.saturating_add(by), ..self }
    }
}

/// What is wrong, in a sentence. `{:?}` gives the name of the variant, for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Error)]
#[non_exhaustive]
pub enum DefectKind {
    // Header sections
    /// A line of the header that has no field name and colon; it is kept as a field without a name (RFC 5322 section 2.2).
    #[error("a header line without a name and a colon")]
    NoColon,
    /// A field name with bytes beyond US-ASCII in it (RFC 5322 section 2.2, RFC 6532 section 3.2).
    #[error("a field name with bytes beyond US-ASCII")]
    FieldName,
    /// The header ends without a blank line (RFC 5322 section 2.1).
    #[error("no blank line between header and body")]
    NoBlankLine,
    /// A NUL (RFC 5322 section 4).
    #[error("a NUL")]
    Nul,
    /// A CR without a LF behind it (RFC 5322 section 2.3).
    #[error("a CR without a LF behind it")]
    BareCr,
    /// The message does not end in a line end.
    #[error("the last line does not end")]
    NoFinalLineEnd,
    /// A field that may be there once is there again; the first counts (RFC 5322 section 3.6).
    #[error("a field that may be there only once is repeated")]
    DuplicateSingleton,
    /// A header value that is neither US-ASCII nor UTF-8 (RFC 6532 section 3.1).
    #[error("bytes beyond US-ASCII that are not UTF-8")]
    NotUtf8,
    /// A line of more than 998 bytes (RFC 5322 section 2.1.1).
    #[error("a line of more than 998 bytes")]
    LongLine,

    // Structure
    /// A multipart without a boundary, or with an empty one; it is read as a leaf (RFC 2046 section 5.1.1).
    #[error("a multipart without a boundary")]
    NoBoundary,
    /// A boundary of more bytes than allowed; the multipart is read as a leaf.
    #[error("the boundary is too long")]
    LongBoundary,
    /// A multipart without any delimiter; it is read as a leaf.
    #[error("a multipart without a delimiter")]
    NoDelimiter,
    /// A multipart that is not closed.
    #[error("a multipart without its closing delimiter")]
    NotClosed,
    /// A transfer coding on a composite type, where only 7bit, 8bit and binary are allowed: that of a multipart is ignored, a
    /// message is read as a leaf (RFC 2045 section 6.4).
    #[error("a multipart or message with a transfer coding")]
    EncodedComposite,
    /// Nested deeper than the limit: the part is read as a leaf.
    #[error("parts are nested too deep")]
    Depth,
    /// More parts than the limit: the rest is one part, unread.
    #[error("too many parts")]
    Parts,
    /// The header section is larger than the limit: the rest is body.
    #[error("the header section is too large")]
    HeaderBlock,
    /// More fields than the limit: the rest of them are not indexed.
    #[error("too many fields")]
    Headers,

    // Fields
    /// Content-Type is not `type/subtype`; the default is taken (RFC 2045 section 5.2).
    #[error("the media type is not a type and a subtype")]
    MediaType,
    /// A transfer coding nobody knows: the body is left as it is (RFC 2045 section 6.4). Or one that has quotes around it or
    /// something behind it, which is overlooked (section 6.1).
    #[error("a transfer coding that is unknown, or more than a name")]
    TransferCoding,
    /// A Content-Disposition without a type.
    #[error("a disposition without a type")]
    Disposition,
    /// A parameter that is not `name=value` (RFC 2045 section 5.1).
    #[error("a parameter that is not a name and a value")]
    Parameter,
    /// A value that should have been quoted (RFC 2045 section 5.1).
    #[error("a parameter value that should have been quoted")]
    Unquoted,
    /// A quoted string that does not end.
    #[error("a quoted string that does not end")]
    Unterminated,
    /// A parameter that was there before; the first counts.
    #[error("a parameter that is repeated")]
    DuplicateParameter,
    /// A section of a parameter that is missing, or out of place; what is behind it is not read (RFC 2231 section 3).
    #[error("a gap between the sections of a parameter")]
    ParameterGap,
    /// An extended parameter that is not `charset'language'value` or has a bad percent escape (RFC 2231 section 4).
    #[error("an extended parameter that is not well-formed")]
    ExtendedParameter,
    /// More parameters, or sections of them, than the limit: the rest are not read.
    #[error("too many parameters")]
    Parameters,
    /// An encoded word that is not well-formed; it is kept as it stands (RFC 2047 section 2).
    #[error("an encoded word that is not well-formed")]
    Word,
    /// An encoded word where none may be: glued to other text, or in a quoted string; decoded all the same (RFC 2047
    /// section 5).
    #[error("an encoded word where none may be")]
    WordPlace,
    /// A charset that nobody knows here.
    #[error("an unknown charset")]
    Charset,
    /// Bytes that mean nothing in the charset they are said to be in.
    #[error("bytes that are not of the stated charset")]
    CharsetBytes,
    /// Something in an address list that is no address (RFC 5322 section 3.4).
    #[error("an address that is not well-formed")]
    Address,
    /// More addresses than the limit: the rest are not read.
    #[error("too many addresses")]
    Addresses,
    /// A comment that is not closed.
    #[error("a comment that does not end")]
    Comment,
    /// Comments nested deeper than the limit.
    #[error("comments are nested too deep")]
    CommentDepth,
    /// A date that can't be understood (RFC 5322 section 3.3).
    #[error("a date that is not well-formed")]
    Date,
    /// A message identifier that is not `<left@right>` (RFC 5322 section 3.6.4).
    #[error("a message identifier that is not well-formed")]
    MessageId,

    // Bodies
    /// A byte that is not base64; it is skipped (RFC 2045 section 6.8).
    #[error("a byte that is not base64")]
    Base64Junk,
    /// Padding that is missing, too early or too much (RFC 2045 section 6.8).
    #[error("base64 with wrong padding")]
    Base64Padding,
    /// A base64 line of more than 76 characters (RFC 2045 section 6.8).
    #[error("a base64 line of more than 76 characters")]
    Base64Line,
    /// `=` that is not followed by two hexadecimal digits or a line end; kept as it stands (RFC 2045 section 6.7).
    #[error("quoted-printable with a bad escape")]
    QuotedPrintable,
    /// A byte that quoted-printable should have escaped; kept as it stands (RFC 2045 section 6.7 rule 2).
    #[error("quoted-printable with a byte that should be escaped")]
    QuotedPrintableByte,
    /// A quoted-printable line of more than 76 characters (RFC 2045 section 6.7 rule 5).
    #[error("a quoted-printable line of more than 76 characters")]
    QuotedPrintableLine,
    /// Blanks at the end of a quoted-printable line; kept (RFC 2045 section 6.7 rule 3).
    #[error("quoted-printable with blanks at the end of a line")]
    QuotedPrintableBlanks,
    /// Bytes beyond US-ASCII in a body that says it is 7bit (RFC 2045 section 2.7).
    #[error("bytes beyond US-ASCII in a 7bit body")]
    EightBit,
}

/// The caller is wrong: this can't be written. Nothing was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[error("{kind} (at byte {offset})")]
pub struct Misuse {
    /// What is wrong.
    pub kind: MisuseKind,
    /// Where in the value that was given.
    pub offset: usize,
}

impl Misuse {
    /// `kind` at `offset` of what was given.
    #[must_use]
    pub const fn new(kind: MisuseKind, offset: usize) -> Self {
        Misuse { kind, offset }
    }
}

/// What can't be written, in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum MisuseKind {
    /// CR or LF in a value: it would begin another field.
    #[error("a CR or LF in a value")]
    LineBreak,
    /// NUL in a value.
    #[error("a NUL in a value")]
    Nul,
    /// Another control character where none may be.
    #[error("a control character in a value")]
    Control,
    /// Not a field name: visible US-ASCII without a colon (RFC 5322 section 2.2).
    #[error("not a field name")]
    FieldName,
    /// Not a token (RFC 2045 section 5.1).
    #[error("not a token")]
    Token,
    /// Not an address (RFC 5322 section 3.4.1).
    #[error("not an address")]
    Address,
    /// Not a message identifier (RFC 5322 section 3.6.4).
    #[error("not a message identifier")]
    MessageId,
    /// Not a boundary: 1 to 70 characters of a small set (RFC 2046 section 5.1.1).
    #[error("not a boundary")]
    Boundary,
    /// The boundary occurs in the content.
    #[error("the boundary occurs in the content")]
    BoundaryInContent,
    /// Longer than can be written.
    #[error("too long to be written")]
    TooLong,
}

/// That nothing in `value` would end the line it is to stand on, or is a NUL.
///
/// # Errors
/// [`MisuseKind::LineBreak`] or [`MisuseKind::Nul`], with the offset of the first.
pub fn check_value(value: &[u8]) -> Result<(), Misuse> {
    let wrong = value.iter().position(|byte| matches!(byte, b'\r' | b'\n' | 0));
    let Some(at) = wrong else { return Ok(()) };
    let kind = if value.get(at) == Some(&0) { MisuseKind::Nul } else { MisuseKind::LineBreak };
    Err(Misuse::new(kind, at))
}

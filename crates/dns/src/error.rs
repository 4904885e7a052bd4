//! What went wrong, where, and what to tell the peer.
//!
//! Three kinds, by who is wrong: [`ParseError`] is the peer's message, [`TextError`] and [`NameError`] are the text or
//! the octets that a person or the caller gave, [`BuildError`] is what does not fit into a message.

use thiserror::Error;

use crate::{Header, Rcode};

/// A message that is not one: what is wrong, and at which octet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[error("{kind} (at octet {offset})")]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// Where: octets from the start of the message, or of the RDATA where it was given alone.
    pub offset: usize,
}

impl ParseError {
    #[inline]
    pub(crate) fn new(kind: ParseErrorKind, offset: usize) -> Self {
        ParseError { kind, offset }
    }

    /// What a server answers: FORMERR (RFC 1035 section 4.1.1), or nothing at all where not even an id is known.
    ///
    /// An unknown opcode is told from the [`Header`] alone, before the rest is parsed: see [`Header::parse`].
    #[must_use]
    pub fn rcode(&self) -> Option<Rcode> {
        match self.kind {
            ParseErrorKind::Header => None,
            _ => Some(Rcode::FORMERR),
        }
    }
}

/// What is wrong with a message, in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// Shorter than a header (RFC 1035 section 4.1.1).
    #[error("a message is at least {} octets long", Header::LEN)]
    Header,
    /// Longer than a length field of TCP can say (RFC 1035 section 4.2.2).
    #[error("a message is at most 65535 octets long")]
    TooLong,
    /// More than one question (RFC 9619).
    #[error("more than one question")]
    Questions,
    /// The counts of the header promise more than there is.
    #[error("the message ends within a name or a record")]
    Short,
    /// Octets behind the last record.
    #[error("octets behind the last record")]
    Trailing,
    /// A label that starts with the bits 01 or 10 (RFC 6891 section 5, RFC 1035 section 4.1.4).
    #[error("a label of an unknown type")]
    LabelType,
    /// More than 255 octets (RFC 1035 section 3.1).
    #[error("a name longer than 255 octets")]
    NameTooLong,
    /// A pointer that does not point strictly before the run of labels it ends (RFC 1035 section 4.1.4: "prior").
    #[error("a compression pointer that does not point to a prior name")]
    PointerForward,
    /// A pointer into the header, where no name can be.
    #[error("a compression pointer into the header")]
    PointerIntoHeader,
    /// More pointers than [`limits::POINTERS`](crate::limits::POINTERS) or
    /// [`limits::POINTER_CHAIN`](crate::limits::POINTER_CHAIN) allow.
    #[error("too many compression pointers in a name")]
    Pointers,
    /// RDLENGTH reaches past the end.
    #[error("RDLENGTH reaches past the end of the message")]
    RdataLength,
    /// A field of the RDATA reaches past RDLENGTH.
    #[error("the RDATA ends within a field")]
    RdataShort,
    /// The fields of the RDATA end before RDLENGTH does.
    #[error("octets behind the last field of the RDATA")]
    RdataLong,
    /// A field with a value it can't have.
    #[error("a field of the RDATA has a value that its type does not know")]
    RdataValue,
    /// Windows of a type bitmap out of order, empty or too long (RFC 4034 section 4.1.2).
    #[error("a type bitmap that is not well-formed")]
    Bitmap,
    /// Service parameters out of order, twice, or with a value that is not one (RFC 9460 section 2.2).
    #[error("service parameters that are not well-formed")]
    SvcParams,
    /// More than one OPT (RFC 6891 section 6.1.1).
    #[error("more than one OPT record")]
    OptTwice,
    /// OPT outside the additional section (RFC 6891 section 6.1.1).
    #[error("an OPT record outside the additional section")]
    OptSection,
    /// The owner of OPT is not the root (RFC 6891 section 6.1.2).
    #[error("an OPT record whose owner is not the root")]
    OptOwner,
    /// An EDNS option of a wrong length or that reaches past the record.
    #[error("an EDNS option that is not well-formed")]
    OptOption,
    /// TSIG not last, twice, or outside the additional section (RFC 8945 section 5.1).
    #[error("a TSIG record that is not the last of the additional section")]
    TsigPlace,
    /// TSIG whose class is not ANY or whose TTL is not 0 (RFC 8945 section 4.2).
    #[error("a TSIG record with a class other than ANY or a TTL other than 0")]
    TsigForm,
}

/// Labels or octets that make no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum NameError {
    /// An empty label, where only the last may be (RFC 1035 section 3.1).
    #[error("an empty label within a name")]
    LabelEmpty,
    /// A label over 63 octets (RFC 1035 section 2.3.4).
    #[error("a label longer than 63 octets")]
    LabelTooLong,
    /// A name over 255 octets (RFC 1035 section 2.3.4).
    #[error("a name longer than 255 octets")]
    NameTooLong,
    /// Octets that end within the name.
    #[error("the name has no end")]
    Unfinished,
    /// Octets behind the name, a pointer included.
    #[error("octets behind the end of the name")]
    Trailing,
}

/// Text that stands for nothing: what is wrong, in which token and where in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[error("{kind}")]
pub struct TextError {
    /// What is wrong.
    pub kind: TextErrorKind,
    /// In which of the given tokens, from 0; their number if one more was expected.
    pub token: usize,
    /// Where in the token: octets from its start.
    pub offset: usize,
}

impl TextError {
    pub(crate) fn new(kind: TextErrorKind) -> Self {
        TextError { kind, token: 0, offset: 0 }
    }

    pub(crate) fn at(kind: TextErrorKind, offset: usize) -> Self {
        TextError { kind, token: 0, offset }
    }

    pub(crate) fn in_token(self, token: usize) -> Self {
        TextError { token, ..self }
    }
}

impl From<NameError> for TextError {
    fn from(error: NameError) -> Self {
        TextError::new(TextErrorKind::Name(error))
    }
}

/// What is wrong with a text, in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum TextErrorKind {
    /// A name that can't be.
    #[error("{0}")]
    Name(NameError),
    /// Nothing at all.
    #[error("an empty text where a name is expected")]
    Empty,
    /// A backslash followed by nothing, or by a number that is not three digits up to 255 (RFC 1035 section 5.1).
    #[error("an escape is a backslash and one character, or a backslash and three digits up to 255")]
    Escape,
    /// A relative name and no origin.
    #[error("a relative name, and no origin to complete it")]
    NoOrigin,
    /// The text ends where a field is due.
    #[error("a field is missing: {0}")]
    Missing(&'static str),
    /// Tokens behind the last field.
    #[error("more text than the record type has fields")]
    Trailing,
    /// A token that does not fit the field.
    #[error("this is not {0}")]
    Expected(&'static str),
    /// A number beyond its field.
    #[error("this number does not fit into {0}")]
    Range(&'static str),
    /// More than 255 octets in a character-string (RFC 1035 section 3.3).
    #[error("a character-string longer than 255 octets")]
    StringTooLong,
    /// RDATA over 65535 octets.
    #[error("more than 65535 octets of RDATA")]
    TooLong,
    /// `\#` with a length that is not that of its octets (RFC 3597 section 5).
    #[error("the octets are not as many as the length in front of them says")]
    GenericLength,
    /// `\#` with octets that are not RDATA of this type.
    #[error("these octets are not RDATA of the type: {0}")]
    Generic(ParseErrorKind),
    /// Types that have no text form, or are not for zones.
    #[error("a record of this type has no text form")]
    NoText,
    /// A mnemonic that nobody knows.
    #[error("an unknown {0}")]
    Unknown(&'static str),
    /// A service parameter given twice, or a list that must not be empty (RFC 9460 section 2.1).
    #[error("service parameters that contradict each other: {0}")]
    SvcParams(&'static str),
    /// An opening quote without its closing one, or a parenthesis without its other.
    #[error("a quote or parenthesis that is not closed")]
    Unclosed,
}

/// What could not be put into a message. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// It would go over the limit: truncate, or leave it out (RFC 2181 section 9).
    #[error("the message is full")]
    Full,
    /// Sections are written in their order.
    #[error("a section that comes before the one being written")]
    Order,
    /// 65535 records of a section, or the one question, are there already.
    #[error("a section has as many entries as it can count")]
    Count,
}

/// Why a question has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// The name does not exist (RFC 2308 section 2.1).
    #[error("the name does not exist")]
    NxDomain,
    /// The name exists, records of this type do not (RFC 2308 section 2.2).
    #[error("the name has no records of this type")]
    NoData,
    /// Every server that answered said that it can't; why, if it said so (RFC 8914).
    #[error("no server could answer")]
    ServFail(Option<u16>),
    /// Nobody answered in time.
    #[error("no server answered in time")]
    Timeout,
    /// The servers refuse to answer.
    #[error("the servers refuse to answer")]
    Refused,
    /// The answer does not hold what its signatures promise (RFC 4035 section 5.5).
    #[error("the answer is not validly signed")]
    Bogus,
    /// It would have taken more than is allowed.
    #[error("{0}")]
    LimitHit(LimitKind),
    /// Whoever asked does not want to know any more.
    #[error("the question was taken back")]
    Cancelled,
}

/// What there was too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[error("{}", self.text())]
#[non_exhaustive]
pub enum LimitKind {
    /// Queries sent for one question.
    Sends,
    /// Aliases behind one another.
    Aliases,
    /// Referrals and restarts of one question.
    Restarts,
    /// Records of one name and type.
    Records,
    /// Signatures and hashes tried for one question.
    Checks,
    /// Questions at the same time.
    Questions,
}

impl LimitKind {
    /// In a sentence, for people who wonder (RFC 8914 section 2).
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            LimitKind::Sends => "the question takes too many queries",
            LimitKind::Aliases => "too many aliases behind one another",
            LimitKind::Restarts => "the question starts over too often",
            LimitKind::Records => "the name has more records of this type than are taken",
            LimitKind::Checks => "validating the answer takes too much work",
            LimitKind::Questions => "too many questions at the same time",
        }
    }
}

//! The values of structured fields (RFC 9651 section 3.3). What can't be written can't be made.

use alloc::string::String;
use alloc::vec::Vec;

use crate::octets::{ALPHANUMERIC, OctetSet, TCHAR};

/// Section 3.1.2: `key`, behind its first character.
pub(super) const KEY: OctetSet = OctetSet::of(b"abcdefghijklmnopqrstuvwxyz0123456789_-.*");
/// Section 3.3.4: `sf-token`, behind its first character.
pub(super) const TOKEN: OctetSet = TCHAR.with(b":/").with_set(&ALPHANUMERIC);
/// Section 3.3.3: characters of a string, escapes apart.
pub(super) const VISIBLE: OctetSet = OctetSet::range(0x20, 0x7e);

/// A value without parameters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BareItem {
    /// `42` (section 3.3.1).
    Integer(Integer),
    /// `4.5` (section 3.3.2).
    Decimal(Decimal),
    /// `"hello world"` (section 3.3.3).
    String(Text),
    /// `foo123/456` (section 3.3.4).
    Token(Token),
    /// `:cHJldGVuZA==:` (section 3.3.5).
    Bytes(Vec<u8>),
    /// `?1` (section 3.3.6).
    Boolean(bool),
    /// `@1659578233`: seconds from 1970-01-01 00:00:00 UTC (section 3.3.7).
    Date(Integer),
    /// `%"This is intended for display to %c3%bcsers."` (section 3.3.8).
    DisplayString(String),
}

/// A whole number of at most 15 digits (section 3.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Integer(i64);

/// A number of at most 12 digits before the point and 3 behind it (section 3.3.2), kept in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(i64);

/// A string of visible ASCII and spaces (section 3.3.3).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(String);

/// A short word: a letter or `*`, then what a token may have, `:` and `/` (section 3.3.4).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(String);

/// The name of a parameter or a member: lower-case letters, digits and `_-.*` (section 3.1.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

/// A value that no structured field can have. The caller is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// Section 3.3.1, or 3.3.2.
    #[error("a number of a structured field has at most 15 digits")]
    Range,
    /// Section 3.3.3.
    #[error(
        "a string of a structured field is visible ASCII and spaces; a display string has what else there is"
    )]
    Text,
    /// Section 3.3.4.
    #[error("a token of a structured field begins with a letter or '*' and has no spaces or separators")]
    Token,
    /// Section 3.1.2.
    #[error(
        "a key of a structured field is lower-case letters, digits and '_-.*', and begins with a letter or '*'"
    )]
    Key,
}

/// The largest number of 15 digits.
const MAX: i64 = 999_999_999_999_999;

impl Integer {
    /// The smallest.
    pub const MIN: Integer = Integer(-MAX);
    /// The largest.
    pub const MAX: Integer = Integer(MAX);

    /// This number.
    ///
    /// # Errors
    /// It has more than 15 digits.
    pub fn new(number: i64) -> Result<Self, Misuse> {
        if (-MAX..=MAX).contains(&number) { Ok(Integer(number)) } else { Err(Misuse::Range) }
    }

    /// This number, or the nearest there is: for what counts and need not be exact when it is enormous.
    #[must_use]
    pub fn saturating(number: i64) -> Self {
        Integer(number.clamp(-MAX, MAX))
    }

    /// The number.
    #[must_use]
    pub fn value(self) -> i64 {
        self.0
    }
}

impl Decimal {
    /// So many thousandths.
    ///
    /// # Errors
    /// There are more than 12 digits before the point.
    pub fn from_thousandths(number: i64) -> Result<Self, Misuse> {
        if (-MAX..=MAX).contains(&number) { Ok(Decimal(number)) } else { Err(Misuse::Range) }
    }

    /// The number, times a thousand.
    #[must_use]
    pub fn thousandths(self) -> i64 {
        self.0
    }
}

impl Text {
    /// This text.
    ///
    /// # Errors
    /// It is not all visible ASCII and spaces.
    pub fn new(text: impl Into<String>) -> Result<Self, Misuse> {
        let text = text.into();
        if text.bytes().all(|octet| VISIBLE.has(octet)) { Ok(Text(text)) } else { Err(Misuse::Text) }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Token {
    /// This token.
    ///
    /// # Errors
    /// It is none.
    pub fn new(token: impl Into<String>) -> Result<Self, Misuse> {
        let token = token.into();
        let begins = token.bytes().next().is_some_and(begins_token);
        if begins && token.bytes().all(|octet| TOKEN.has(octet)) {
            Ok(Token(token))
        } else {
            Err(Misuse::Token)
        }
    }

    /// The token, in its case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Key {
    /// This key.
    ///
    /// # Errors
    /// It is none.
    pub fn new(key: impl Into<String>) -> Result<Self, Misuse> {
        let key = key.into();
        let begins = key.bytes().next().is_some_and(begins_key);
        if begins && key.bytes().all(|octet| KEY.has(octet)) { Ok(Key(key)) } else { Err(Misuse::Key) }
    }

    /// The key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `ALPHA / "*"`
pub(super) fn begins_token(octet: u8) -> bool {
    octet.is_ascii_alphabetic() || octet == b'*'
}

/// `lcalpha / "*"`
pub(super) fn begins_key(octet: u8) -> bool {
    octet.is_ascii_lowercase() || octet == b'*'
}

impl BareItem {
    /// The number, if it is an integer.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            BareItem::Integer(number) => Some(number.value()),
            _ => None,
        }
    }

    /// The text of a string or token: many fields take either.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            BareItem::String(text) => Some(text.as_str()),
            BareItem::Token(token) => Some(token.as_str()),
            _ => None,
        }
    }

    /// Yes or no, if it is a boolean.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            BareItem::Boolean(is_so) => Some(*is_so),
            _ => None,
        }
    }
}

macro_rules! from {
    ($($type:ty => $variant:ident),+) => {
        $(impl From<$type> for BareItem {
            fn from(value: $type) -> Self {
                BareItem::$variant(value.into())
            }
        })+
    };
}

from!(Integer => Integer, u32 => Integer, Decimal => Decimal, Text => String, Token => Token, Vec<u8> => Bytes, bool => Boolean);

impl From<u32> for Integer {
    fn from(number: u32) -> Self {
        Integer(number.into())
    }
}

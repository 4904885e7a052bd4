//! Classes (RFC 1035 section 3.2.4), those of queries and updates included.

use core::fmt;
use core::str::FromStr;

use crate::{TextError, TextErrorKind};

/// A class, or what stands in its place in a question or an update.
///
/// ```
/// use dns::Class;
/// assert_eq!("IN".parse(), Ok(Class::IN));
/// assert_eq!(Class(77).to_string(), "CLASS77"); // RFC 3597 section 5
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Class(pub u16);

impl Class {
    /// The Internet.
    pub const IN: Class = Class(1);
    /// Chaos: used for `version.bind` and its like.
    pub const CH: Class = Class(3);
    /// Hesiod.
    pub const HS: Class = Class(4);
    /// RFC 2136 section 2.4: "no such".
    pub const NONE: Class = Class(254);
    /// RFC 1035 section 3.2.5: any class.
    pub const ANY: Class = Class(255);

    /// The mnemonic, for those that have one.
    #[must_use]
    pub fn mnemonic(self) -> Option<&'static str> {
        MNEMONICS.iter().find(|(class, _)| *class == self).map(|(_, mnemonic)| *mnemonic)
    }

    /// The class that a mnemonic or `CLASSnnn` stands for, in any case.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Class> {
        // What nearly all say.
        if matches!(text, [b'I' | b'i', b'N' | b'n']) {
            return Some(Class::IN);
        }
        let known = MNEMONICS.iter().find(|(_, mnemonic)| mnemonic.as_bytes().eq_ignore_ascii_case(text));
        known.map(|(class, _)| *class).or_else(|| crate::text::numbered(b"CLASS", text).map(Class))
    }
}

const MNEMONICS: [(Class, &str); 5] =
    [(Class::IN, "IN"), (Class::CH, "CH"), (Class::HS, "HS"), (Class::NONE, "NONE"), (Class::ANY, "ANY")];

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mnemonic() {
            Some(mnemonic) => f.pad(mnemonic),
            None => write!(f, "CLASS{}", self.0),
        }
    }
}

impl FromStr for Class {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        Class::parse(text.as_bytes()).ok_or(TextError::new(TextErrorKind::Unknown("class")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_number_agree() {
        for (text, class) in [("IN", 1), ("CH", 3), ("HS", 4), ("NONE", 254), ("ANY", 255), ("CLASS2", 2)] {
            assert_eq!(text.parse(), Ok(Class(class)));
            assert_eq!(text.to_lowercase().parse(), Ok(Class(class)));
            assert_eq!(Class(class).to_string(), text);
        }
        assert_eq!("CLASS1".parse(), Ok(Class::IN));
        for text in ["", "CLASS", "CLASS65536", "CLASS-1", "CLASS+1", "INN", "CLASS1 "] {
            assert!(text.parse::<Class>().is_err(), "{text}");
        }
    }
}

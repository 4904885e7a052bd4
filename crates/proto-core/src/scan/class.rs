//! Sets of bytes, in the one form that the vector kernels and the plain loop both read.
//!
//! A vector looks a byte up by its low half (16 columns) and tests one bit of what it finds there, the one its high half
//! names. ASCII takes eight rows and fills one table of 16 bytes; the other half of all bytes has a table of its own.

/// A set of bytes, built in `const` code.
///
/// ```
/// use proto_core::scan::Class;
///
/// /// RFC 9110 section 5.6.2.
/// const TCHAR: Class = Class::ALPHA.or(Class::DIGIT).or(Class::of(b"!#$%&'*+-.^_`|~"));
/// assert!(TCHAR.contains(b'~') && !TCHAR.contains(b':'));
/// assert!(TCHAR.not().contains(0x80));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Class {
    /// ASCII: byte `column`, bit `row` stands for the byte `row << 4 | column`.
    pub(crate) low: u128,
    /// The same for 0x80 to 0xFF.
    pub(super) high: u128,
}

impl Class {
    /// No byte.
    pub const NONE: Class = Class { low: 0, high: 0 };
    /// Every byte.
    pub const ALL: Class = Class::NONE.not();
    /// RFC 5234 appendix B.1: letters.
    pub const ALPHA: Class = Class::range(b'A', b'Z').or(Class::range(b'a', b'z'));
    /// RFC 5234 appendix B.1: 0 to 9.
    pub const DIGIT: Class = Class::range(b'0', b'9');
    /// RFC 5234 appendix B.1: 0x00 to 0x1F and DEL.
    pub const CTL: Class = Class::range(0, 0x1F).or(Class::of(&[0x7F]));
    /// RFC 5234 appendix B.1: what leaves ink, 0x21 to 0x7E.
    pub const VCHAR: Class = Class::range(0x21, 0x7E);
    /// RFC 5234 appendix B.1: space and tab.
    pub const WSP: Class = Class::of(b" \t");
    /// Everything beyond ASCII: 0x80 to 0xFF.
    pub const EIGHT_BIT: Class = Class::range(0x80, 0xFF);

    /// The bytes that occur in `bytes`.
    #[must_use]
    pub const fn of(bytes: &[u8]) -> Class {
        let (mut class, mut rest) = (Class::NONE, bytes);
        while let [byte, tail @ ..] = rest {
            class = class.with(*byte);
            rest = tail;
        }
        class
    }

    /// The bytes from `first` to `last`, both included; none if `last` is less.
    #[must_use]
    pub const fn range(first: u8, last: u8) -> Class {
        let (mut class, mut byte) = (Class::NONE, first);
        while byte <= last {
            class = class.with(byte);
            if byte == u8::MAX {
                break;
            }
            byte += 1;
        }
        class
    }

    /// The bytes in either set.
    #[must_use]
    pub const fn or(self, other: Class) -> Class {
        Class { low: self.low | other.low, high: self.high | other.high }
    }

    /// The bytes in both sets.
    #[must_use]
    pub const fn and(self, other: Class) -> Class {
        Class { low: self.low & other.low, high: self.high & other.high }
    }

    /// The bytes that are not in this set.
    #[must_use]
    pub const fn not(self) -> Class {
        Class { low: !self.low, high: !self.high }
    }

    /// Whether `byte` is in the set.
    #[must_use]
    #[inline]
    pub const fn contains(self, byte: u8) -> bool {
        let table = if byte < 0x80 { self.low } else { self.high };
        table >> place(byte) & 1 == 1
    }

    /// The set as a table.
    #[expect(clippy::indexing_slicing, reason = "when compiled: no index depends on anything")]
    pub(super) const fn members(self) -> [bool; 256] {
        let (mut members, mut byte) = ([false; 256], 0);
        while byte < 256 {
            #[expect(clippy::cast_possible_truncation, reason = "below 256")]
            let is_member = self.contains(byte as u8);
            members[byte] = is_member;
            byte += 1;
        }
        members
    }

    const fn with(self, byte: u8) -> Class {
        let bit = 1 << place(byte);
        if byte < 0x80 {
            Class { low: self.low | bit, ..self }
        } else {
            Class { high: self.high | bit, ..self }
        }
    }

    /// The one byte of a set of one.
    #[cfg(feature = "simd")]
    #[inline(always)]
    pub(super) const fn only(self) -> Option<u8> {
        if self.low.count_ones() + self.high.count_ones() != 1 {
            return None;
        }
        let (table, top) = if self.low != 0 { (self.low, 0) } else { (self.high, 0x80) };
        let [place, ..] = table.trailing_zeros().to_le_bytes();
        Some(top | (place & 7) << 4 | place >> 3)
    }
}

/// Where a byte's bit is in its table.
const fn place(byte: u8) -> u32 {
    let (row, column) = (byte >> 4 & 7, byte & 0xF);
    (column * 8 + row) as u32
}

impl core::fmt::Debug for Class {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_set().entries((0..=u8::MAX).filter(|byte| self.contains(*byte)).map(char::from)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_holds_what_it_was_built_of() {
        let vowels = Class::of(b"aeiou\xFF");
        for byte in 0..=u8::MAX {
            assert_eq!(vowels.contains(byte), b"aeiou\xFF".contains(&byte));
            assert_eq!(vowels.not().contains(byte), !vowels.contains(byte));
            assert_eq!(Class::CTL.contains(byte), byte.is_ascii_control());
            assert_eq!(Class::VCHAR.contains(byte), byte.is_ascii_graphic());
            assert_eq!(Class::ALPHA.contains(byte), byte.is_ascii_alphabetic());
            assert_eq!(Class::EIGHT_BIT.contains(byte), !byte.is_ascii());
            assert!(Class::ALL.contains(byte) && !Class::NONE.contains(byte));
        }
        assert_eq!(Class::range(9, 3), Class::NONE);
        assert_eq!(Class::range(0, 255), Class::ALL);
    }

    #[cfg(feature = "simd")]
    #[test]
    fn a_set_of_one_byte_knows_which() {
        for byte in 0..=u8::MAX {
            assert_eq!(Class::of(&[byte]).only(), Some(byte));
        }
        assert_eq!(Class::NONE.only(), None);
        assert_eq!(Class::WSP.only(), None);
    }
}

//! Names where they stand: in a message, pointers and all.
//!
//! Whoever makes a [`NameRef`] has checked it: every pointer leads strictly back, the labels fit. Following them again
//! can neither fail nor go round in circles.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

use super::{Name, order};
use crate::limits;
use crate::message::{NameChecker, Names, skip_name};
use crate::{NameError, ParseError};

/// A name within a message (or within a [`Name`], or uncompressed RDATA), borrowed; pointers are followed on the way.
#[derive(Clone, Copy)]
pub struct NameRef<'a> {
    message: &'a [u8],
    offset: usize,
    /// It is labels alone, and its root is the last octet of `message`.
    last: bool,
}

impl<'a> NameRef<'a> {
    /// The name without labels.
    pub const ROOT: NameRef<'static> = NameRef::of_wire(&[0]);

    #[inline]
    pub(crate) fn of_valid(message: &'a [u8], offset: usize) -> Self {
        NameRef { message, offset, last: false }
    }

    /// The name with this wire form.
    #[inline]
    pub(crate) const fn of_wire(wire: &'a [u8]) -> Self {
        NameRef { message: wire, offset: 0, last: true }
    }

    /// The name at `offset` of a message, and the offset behind it. Within [`Message`](crate::Message) every name is
    /// checked already; this is for those who look into octets on their own.
    ///
    /// # Errors
    /// Labels or pointers that make no name (RFC 1035 sections 3.1 and 4.1.4).
    pub fn parse(message: &'a [u8], offset: usize) -> Result<(NameRef<'a>, usize), ParseError> {
        // Nothing that is longer is a message, and offsets behind that are none.
        let message = message.get(..limits::MESSAGE).unwrap_or(message);
        let end = NameChecker::new().end(message, offset)?;
        Ok((NameRef::of_valid(message, offset), end))
    }

    /// The name whose uncompressed wire form is `wire`.
    ///
    /// # Errors
    /// If it is not exactly one name.
    pub fn from_wire(wire: &'a [u8]) -> Result<NameRef<'a>, NameError> {
        match super::split_wire(wire)? {
            (name, []) => Ok(NameRef::of_wire(name)),
            _ => Err(NameError::Trailing),
        }
    }

    /// Octets where it stands, a pointer counting as two.
    #[inline]
    pub(crate) fn len_in_place(&self) -> usize {
        skip_name(self.message, self.offset) - self.offset
    }

    /// The labels from left to right, without the empty one of the root.
    #[inline]
    #[must_use]
    pub fn labels(&self) -> Labels<'a> {
        Labels { message: self.message, at: self.offset }
    }

    /// How many labels, the root's not counted.
    #[must_use]
    pub fn label_count(&self) -> usize {
        self.labels().count()
    }

    /// Octets of the uncompressed wire form.
    #[must_use]
    pub fn wire_len(&self) -> usize {
        self.labels().fold(1, |len, label| len + 1 + label.len())
    }

    /// The wire form, if no pointer is in it.
    #[inline]
    #[must_use]
    pub fn contiguous(&self) -> Option<&'a [u8]> {
        let rest = self.message.get(self.offset..)?;
        if self.last {
            return Some(rest);
        }
        let mut len = 0;
        loop {
            match *rest.get(len)? {
                0 => return rest.get(..=len),
                octet @ 1..=63 => len += 1 + usize::from(octet),
                _ => return None,
            }
        }
    }

    /// The uncompressed wire form, in `buffer` if it must be put together.
    #[inline]
    #[must_use]
    pub fn wire_in<'b>(&self, buffer: &'b mut [u8; limits::NAME]) -> &'b [u8]
    where
        'a: 'b,
    {
        match self.contiguous() {
            Some(wire) => wire,
            None => self.copy_to(buffer),
        }
    }

    fn copy_to<'b>(&self, buffer: &'b mut [u8; limits::NAME]) -> &'b [u8] {
        let mut len = 0;
        for octets in self.labels() {
            let size = u8::try_from(octets.len()).unwrap_or_default();
            if let Some([first, rest @ ..]) = buffer.get_mut(len..=len + octets.len()) {
                *first = size;
                rest.copy_from_slice(octets);
            }
            len += 1 + octets.len();
        }
        if let Some(root) = buffer.get_mut(len) {
            *root = 0;
        }
        buffer.get(..=len).unwrap_or_default()
    }

    /// The same name in one piece of its own.
    #[must_use]
    pub fn to_name(&self) -> Name {
        Name::of_valid(self.wire_in(&mut [0; limits::NAME]))
    }

    /// Without labels.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.labels().next().is_none()
    }

    /// The first label is `*` (RFC 4592 section 2.1.1).
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.labels().next() == Some(b"*")
    }

    /// The name without its first label; `None` of the root.
    #[must_use]
    pub fn parent(&self) -> Option<NameRef<'a>> {
        let mut labels = self.labels();
        labels.next()?;
        Some(NameRef { offset: labels.at, ..*self })
    }

    /// Equal to `other` or below it.
    #[must_use]
    pub fn is_subdomain_of(&self, other: NameRef<'_>) -> bool {
        if let (Some(wire), Some(above)) = (self.contiguous(), other.contiguous()) {
            return super::is_below(wire, above);
        }
        let deeper = self.label_count().checked_sub(other.label_count());
        deeper.is_some_and(|deeper| same(self.labels().skip(deeper), other.labels()))
    }

    /// Equal with regard to case, for those who mix it to be recognised (0x20).
    #[must_use]
    pub fn eq_with_case(&self, other: NameRef<'_>) -> bool {
        self.labels().eq(other.labels())
    }
}

fn same<'a, 'b>(a: impl Iterator<Item = &'a [u8]>, mut b: Labels<'b>) -> bool {
    for label in a {
        if !b.next().is_some_and(|other| label.eq_ignore_ascii_case(other)) {
            return false;
        }
    }
    b.next().is_none()
}

/// See [`NameRef::labels`].
#[derive(Clone)]
pub struct Labels<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Labels<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let octet = *self.message.get(self.at)?;
            match octet {
                0 => return None,
                1..=63 => {
                    let start = self.at + 1;
                    self.at = start + usize::from(octet);
                    return self.message.get(start..self.at);
                }
                _ => {
                    let low = *self.message.get(self.at + 1)?;
                    self.at = usize::from(u16::from_be_bytes([octet & 0x3F, low]));
                }
            }
        }
    }
}

impl fmt::Debug for Labels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        NameRef::of_valid(self.message, self.at).fmt(f)
    }
}

impl<'a> From<&'a Name> for NameRef<'a> {
    fn from(name: &'a Name) -> Self {
        name.as_name_ref()
    }
}

impl From<NameRef<'_>> for Name {
    fn from(name: NameRef<'_>) -> Self {
        name.to_name()
    }
}

impl PartialEq for NameRef<'_> {
    fn eq(&self, other: &NameRef<'_>) -> bool {
        same(self.labels(), other.labels())
    }
}

impl Eq for NameRef<'_> {}

impl PartialEq<Name> for NameRef<'_> {
    fn eq(&self, other: &Name) -> bool {
        *self == other.as_name_ref()
    }
}

impl PartialEq<NameRef<'_>> for Name {
    fn eq(&self, other: &NameRef<'_>) -> bool {
        self.as_name_ref() == *other
    }
}

impl Hash for NameRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        order::hash_lowercase(self.wire_in(&mut [0; limits::NAME]), state);
    }
}

impl PartialOrd for NameRef<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for NameRef<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut a, mut b) = ([0; limits::NAME], [0; limits::NAME]);
        order::canonical(self.wire_in(&mut a), other.wire_in(&mut b))
    }
}

//! Domain names (RFC 1035 section 3.1): owned and uncompressed ([`Name`]), or where they stand in a message
//! ([`NameRef`]).
//!
//! The rule: a name that exists is valid: labels of 1 to 63 octets, 255 in all. Names are compared without regard to the
//! case of ASCII letters and kept in the case they came in (RFC 4343); their order is that of RFC 4034 section 6.1.

pub(crate) mod hashed;
pub(crate) mod order;
mod reference;
pub(crate) mod text;
pub(crate) mod words;

use core::hash::{Hash, Hasher};

use crate::NameError;
use crate::limits;
use crate::octets::Octets;

pub use reference::{Labels, NameRef};

/// A domain name, absolute, in one piece: up to 30 octets without memory of its own.
///
/// ```
/// use dns::Name;
/// let name: Name = "www.Example.org.".parse()?;
/// assert_eq!(name, Name::from_labels([&b"WWW"[..], b"example", b"ORG"])?);
/// assert_eq!(name.parent().unwrap().to_string(), "Example.org.");
/// assert!(name.is_subdomain_of(&"org".parse()?));
/// assert_eq!(name.labels().next(), Some(&b"www"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Name {
    wire: Octets,
}

impl Name {
    /// The name without labels.
    pub const ROOT: Name = Name { wire: Octets::ZERO };

    /// A name that is already checked.
    #[inline]
    pub(crate) fn of_valid(wire: &[u8]) -> Name {
        Name { wire: Octets::of(wire) }
    }

    /// The name whose wire form, uncompressed and with the root label, is `wire`.
    ///
    /// # Errors
    /// If it is not exactly one name.
    pub fn from_wire(wire: &[u8]) -> Result<Name, NameError> {
        if wire.len() > limits::NAME {
            return Err(NameError::NameTooLong);
        }
        match split_wire(wire)? {
            (name, []) => Ok(Name::of_valid(name)),
            _ => Err(NameError::Trailing),
        }
    }

    /// The name made of `labels`, without the empty one of the root.
    ///
    /// # Errors
    /// If one is empty or too long, or all together are.
    pub fn from_labels<'l>(labels: impl IntoIterator<Item = &'l [u8]>) -> Result<Name, NameError> {
        let mut wire = WireName::new();
        for label in labels {
            wire.push_label(label)?;
        }
        wire.finish(&[0])
    }

    /// The wire form, uncompressed: labels behind their lengths, and a zero.
    #[inline]
    #[must_use]
    pub fn as_wire(&self) -> &[u8] {
        self.wire.as_slice()
    }

    /// The same name, borrowed.
    #[inline]
    #[must_use]
    pub fn as_name_ref(&self) -> NameRef<'_> {
        NameRef::of_wire(self.as_wire())
    }

    /// The labels from left to right, without the empty one of the root.
    #[must_use]
    pub fn labels(&self) -> Labels<'_> {
        self.as_name_ref().labels()
    }

    /// How many labels, the root's not counted (RFC 4034 section 3.1.3 counts the same, a leading `*` apart).
    #[must_use]
    pub fn label_count(&self) -> usize {
        self.labels().count()
    }

    /// Without labels.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.as_wire() == [0]
    }

    /// The first label is `*` (RFC 4592 section 2.1.1).
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.as_wire().starts_with(b"\x01*")
    }

    /// The name without its first label; `None` of the root.
    #[must_use]
    pub fn parent(&self) -> Option<Name> {
        self.suffixes().nth(1).map(Name::of_valid)
    }

    /// The wire forms of this name, its parent, ... down to the root's.
    #[must_use]
    pub fn suffixes(&self) -> Suffixes<'_> {
        Suffixes { rest: self.as_wire() }
    }

    /// Equal to `other` or below it.
    #[must_use]
    pub fn is_subdomain_of(&self, other: &Name) -> bool {
        is_below(self.as_wire(), other.as_wire())
    }

    /// The name with `label` in front.
    ///
    /// # Errors
    /// If the label is empty or too long, or the name then is.
    pub fn prepend(&self, label: &[u8]) -> Result<Name, NameError> {
        let mut wire = WireName::new();
        wire.push_label(label)?;
        wire.finish(self.as_wire())
    }

    /// The labels of this name in front of `suffix`.
    ///
    /// # Errors
    /// If they are too long together.
    pub fn concat(&self, suffix: &Name) -> Result<Name, NameError> {
        let mut wire = WireName::new();
        wire.push_wire(self.as_wire().split_last().map_or(&[], |(_, labels)| labels))?;
        wire.finish(suffix.as_wire())
    }

    /// What DNAME does (RFC 6672 section 2.2): the labels in front of `from`, in front of `to` instead. `None` if this
    /// name is not below `from`.
    ///
    /// # Errors
    /// If they are too long together: YXDOMAIN.
    pub fn substitute(&self, from: &Name, to: &Name) -> Option<Result<Name, NameError>> {
        let labels = self.as_wire().len().checked_sub(from.as_wire().len())?;
        if labels == 0 || !self.is_subdomain_of(from) {
            return None;
        }
        let mut wire = WireName::new();
        let pushed = wire.push_wire(self.as_wire().get(..labels)?);
        Some(pushed.and_then(|()| wire.finish(to.as_wire())))
    }

    /// The same name in small letters (RFC 4034 section 6.2).
    #[must_use]
    pub fn to_lowercase(&self) -> Name {
        let mut name = self.clone();
        // Lengths are at most 63: no letter.
        name.wire.as_mut_slice().make_ascii_lowercase();
        name
    }

    /// Equal with regard to case, for those who mix it to be recognised (0x20).
    #[must_use]
    pub fn eq_with_case(&self, other: &Name) -> bool {
        self.as_wire() == other.as_wire()
    }

    /// Octets that this name keeps on the heap.
    #[must_use]
    pub fn heap_len(&self) -> usize {
        self.wire.heap_len()
    }
}

/// Whether these are wire forms of the same name. Mostly they are the same octets.
#[inline]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    // Lengths are at most 63, no letters: they compare as they are.
    a == b || a.eq_ignore_ascii_case(b)
}

/// Whether the first wire form is of the name of the second, or of one below it.
pub(crate) fn is_below(wire: &[u8], above: &[u8]) -> bool {
    let tail = wire.len().checked_sub(above.len()).and_then(|start| wire.get(start..));
    // What looks like the name may start within a label.
    tail.is_some_and(|tail| same(tail, above))
        && Suffixes { rest: wire }.any(|suffix| suffix.len() == above.len())
}

/// The wire form of the name at the front of `wire`, and what is behind it.
pub(crate) fn split_wire(wire: &[u8]) -> Result<(&[u8], &[u8]), NameError> {
    let mut len = 0;
    loop {
        let octet = *wire.get(len).ok_or(NameError::Unfinished)?;
        len += 1 + usize::from(octet);
        match octet {
            _ if len > limits::NAME => return Err(NameError::NameTooLong),
            0 => return wire.split_at_checked(len).ok_or(NameError::Unfinished),
            1..=63 => {}
            64.. => return Err(NameError::LabelTooLong),
        }
    }
}

/// A name in the making: labels so far, then a tail that brings the root along.
pub(crate) struct WireName {
    octets: [u8; limits::NAME],
    len: usize,
}

impl WireName {
    pub(crate) fn new() -> Self {
        WireName { octets: [0; limits::NAME], len: 0 }
    }

    pub(crate) fn push_label(&mut self, label: &[u8]) -> Result<(), NameError> {
        let len = match u8::try_from(label.len()) {
            Ok(0) => return Err(NameError::LabelEmpty),
            Ok(len @ 1..=63) => len,
            _ => return Err(NameError::LabelTooLong),
        };
        self.push_wire(&[len])?;
        self.push_wire(label)
    }

    fn push_wire(&mut self, wire: &[u8]) -> Result<(), NameError> {
        let end = self.len + wire.len();
        let place = self.octets.get_mut(self.len..end).ok_or(NameError::NameTooLong)?;
        place.copy_from_slice(wire);
        self.len = end;
        Ok(())
    }

    pub(crate) fn finish(&mut self, tail: &[u8]) -> Result<Name, NameError> {
        self.push_wire(tail)?;
        Ok(Name::of_valid(self.octets.get(..self.len).unwrap_or_default()))
    }
}

/// See [`Name::suffixes`].
#[derive(Clone, Debug)]
pub struct Suffixes<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Suffixes<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let suffix = self.rest;
        let len = usize::from(*suffix.first()?);
        self.rest = if len == 0 { &[] } else { suffix.get(1 + len..).unwrap_or_default() };
        Some(suffix)
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        same(self.as_wire(), other.as_wire())
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        order::hash_lowercase(self.as_wire(), state);
    }
}

impl Default for Name {
    fn default() -> Self {
        Name::ROOT
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::borrow::ToOwned;
    use alloc::string::ToString;
    use alloc::vec::Vec;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn wire_form_and_nothing_behind_it() {
        for (wire, name) in [
            (&b"\0"[..], Ok(".")),
            (b"\x01a\0", Ok("a.")),
            (b"\x03www\x07example\0", Ok("www.example.")),
            (b"", Err(NameError::Unfinished)),
            (b"\x01a", Err(NameError::Unfinished)),
            (b"\x02a", Err(NameError::Unfinished)),
            (b"\x01a\0\0", Err(NameError::Trailing)),
            (b"\xC0\x0C", Err(NameError::LabelTooLong)),
            (b"\x40", Err(NameError::LabelTooLong)),
        ] {
            let parsed = Name::from_wire(wire).map(|name| name.to_string());
            assert_eq!(parsed, name.map(str::to_owned));
        }
    }

    #[test]
    fn a_name_has_255_octets_and_not_one_more() {
        let label = [b'a'; 63];
        let longest = Name::from_labels([&label[..], &label, &label, &label[..61]]).unwrap();
        assert_eq!(longest.as_wire().len(), 255);
        assert_eq!(longest.label_count(), 4);
        assert_eq!(Name::from_labels([&label[..]; 4]), Err(NameError::NameTooLong));
        assert_eq!(longest.prepend(b"a"), Err(NameError::NameTooLong));
        assert_eq!(Name::from_labels([&[b'a'; 64][..]]), Err(NameError::LabelTooLong));
        assert_eq!(Name::from_labels([&b"a"[..], b""]), Err(NameError::LabelEmpty));
        let many = Name::from_labels([&b"a"[..]; 127]).unwrap();
        assert_eq!((many.label_count(), many.as_wire().len()), (127, 255));
    }

    #[test]
    fn ancestors_are_found_at_label_boundaries_only() {
        for (below, above, is) in [
            ("a.b.c", "b.c", true),
            ("a.b.c", "B.C", true),
            ("a.b.c", "a.b.c", true),
            ("a.b.c", ".", true),
            (".", ".", true),
            ("b.c", "a.b.c", false),
            ("ab.c", "b.c", false),
            ("a.b.c", "b", false),
            // The tail looks like a name, but starts within a label.
            ("x\\001b.c", "b.c", false),
        ] {
            assert_eq!(name(below).is_subdomain_of(&name(above)), is, "{below} {above}");
            assert_eq!(name(below).as_name_ref().is_subdomain_of(name(above).as_name_ref()), is);
        }
    }

    #[test]
    fn labels_come_and_go() {
        let www = name("www.example.org");
        assert_eq!(www.labels().collect::<Vec<_>>(), [&b"www"[..], b"example", b"org"]);
        assert_eq!(www.parent(), Some(name("example.org")));
        assert_eq!(www.parent().unwrap().prepend(b"www"), Ok(www.clone()));
        assert_eq!(Name::ROOT.parent(), None);
        assert_eq!(www.suffixes().map(<[u8]>::len).collect::<Vec<_>>(), [17, 13, 5, 1]);
        assert_eq!(name("a.b").concat(&name("c.d")), Ok(name("a.b.c.d")));
        assert_eq!(www.substitute(&name("org"), &name("net")), Some(Ok(name("www.example.net"))));
        assert_eq!(www.substitute(&www, &name("net")), None);
        assert_eq!(www.substitute(&name("com"), &name("net")), None);
        let long = Name::from_labels([&[b'a'; 63][..]; 3]).unwrap();
        assert_eq!(
            www.substitute(&name("org"), &long.prepend(&[b'b'; 60]).unwrap()),
            Some(Err(NameError::NameTooLong))
        );
        assert!(name("*.org").is_wildcard() && !name("a*.org").is_wildcard());
        assert!(name("A.b").to_lowercase().eq_with_case(&name("a.b")));
        assert!(!name("A.b").eq_with_case(&name("a.b")));
    }

    #[test]
    fn equal_names_hash_alike() {
        use core::hash::BuildHasher;
        use std::collections::hash_map::RandomState;
        let state = RandomState::new();
        assert_eq!(state.hash_one(name("WWW.Example")), state.hash_one(name("www.example")));
        assert_eq!(state.hash_one(name("WWW.Example").as_name_ref()), state.hash_one(name("www.example")));
    }
}

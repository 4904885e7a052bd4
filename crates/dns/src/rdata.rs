//! RDATA: what a record says, of any type.
//!
//! The rule: RDATA that exists has the fields of its type. [`RdataRef`] is borrowed from a message, compressed names and
//! all; [`Rdata`] owns an uncompressed copy. Both read the table of [`RrType`] and nothing else.

pub(crate) mod base32;
mod check;
mod field;
mod location;
mod mnemonic;
mod parse;
mod read;
mod structure;
mod text;
mod write;

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

use alloc::vec::Vec;

use crate::message::Uncompressed;
use crate::octets::Octets;
use crate::{Class, NameRef, ParseError, ParseErrorKind, RrType};

pub(crate) use check::{Parts, Shape, check};
pub(crate) use field::{Field, Fields};
pub use mnemonic::algorithm_names;
pub use read::{Dnskey, Ds, Mx, Nsec, Nsec3, Nsec3Param, Rrsig, Soa, Srv, TypeBitmap};
pub use text::text_to_wire;
pub(crate) use write::quoted;

/// The RDATA of a record, borrowed: from a message, with its pointers, or from an [`Rdata`].
#[derive(Clone, Copy)]
pub struct RdataRef<'a> {
    message: &'a [u8],
    start: usize,
    end: usize,
    rtype: RrType,
    class: Class,
}

impl<'a> RdataRef<'a> {
    #[inline]
    pub(crate) fn of_valid(
        message: &'a [u8],
        (start, end): (usize, usize),
        (rtype, class): (RrType, Class),
    ) -> Self {
        RdataRef { message, start, end, rtype, class }
    }

    /// RDATA in its uncompressed wire form.
    ///
    /// # Errors
    /// If it has not the fields of its type; a name with a pointer is such.
    pub fn from_wire(rtype: RrType, class: Class, wire: &'a [u8]) -> Result<Self, ParseError> {
        let end = wire.len();
        if end > usize::from(u16::MAX) {
            return Err(ParseError::new(ParseErrorKind::RdataLength, 0));
        }
        check(rtype.fields(class), &mut Uncompressed, wire, (0, end))?;
        Ok(RdataRef { message: wire, start: 0, end, rtype, class })
    }

    /// The type whose fields these are.
    #[must_use]
    pub fn rtype(&self) -> RrType {
        self.rtype
    }

    /// The class of the record.
    #[must_use]
    pub fn class(&self) -> Class {
        self.class
    }

    /// The octets as they stand, pointers included: of use for types without names.
    #[inline]
    #[must_use]
    pub fn octets(&self) -> &'a [u8] {
        self.message.get(self.start..self.end).unwrap_or_default()
    }

    /// No octets at all: of some types, and in updates (RFC 2136 section 2.5.2).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The first name in it: of NS, CNAME, PTR, DNAME, MX, SRV, SVCB and their like, where they lead to.
    #[must_use]
    pub fn name(&self) -> Option<NameRef<'a>> {
        match self.rtype.shape(self.class).and_then(Shape::first_name) {
            Some(at) if !self.is_empty() => Some(self.name_at(at)),
            _ => self.names().next(),
        }
    }

    /// All names in it.
    pub fn names(&self) -> impl Iterator<Item = NameRef<'a>> {
        self.fields().filter_map(|part| part.name())
    }

    /// There is nothing but this RDATA, and so no pointer in it.
    #[inline]
    pub(crate) fn is_whole(&self) -> bool {
        self.start == 0
    }

    /// The name at this octet.
    #[inline]
    pub(crate) fn name_at(&self, at: usize) -> NameRef<'a> {
        NameRef::of_valid(self.message, self.start + at)
    }

    #[inline]
    pub(crate) fn fields(&self) -> Fields<'a> {
        Fields::new(self.message, (self.start, self.end), self.rtype.fields(self.class))
    }

    /// Appends the uncompressed wire form.
    pub fn write_wire(&self, out: &mut Vec<u8>) {
        self.write(out, false);
    }

    /// Appends the canonical form (RFC 4034 section 6.2): uncompressed, names of the old types in small letters.
    pub fn write_canonical(&self, out: &mut Vec<u8>) {
        self.write(out, true);
    }

    fn write(&self, out: &mut Vec<u8>, canonical: bool) {
        for part in self.fields() {
            let start = out.len();
            match part.name() {
                Some(name) => out.extend_from_slice(name.wire_in(&mut [0; 255])),
                None => out.extend_from_slice(part.octets()),
            }
            if canonical && part.is_lower() {
                out.get_mut(start..).unwrap_or_default().make_ascii_lowercase();
            }
        }
    }

    /// A copy of its own.
    #[must_use]
    pub fn to_rdata(&self) -> Rdata {
        let wire = if self.names().next().is_some() {
            let mut wire = Vec::new();
            self.write_wire(&mut wire);
            Octets::of(&wire)
        } else {
            Octets::of(self.octets())
        };
        Rdata { wire, rtype: self.rtype, class: self.class }
    }

    /// The order of records within an RRset (RFC 4034 section 6.3): the canonical forms compared as octets.
    #[must_use]
    pub fn canonical_cmp(&self, other: &RdataRef<'_>) -> Ordering {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        self.write_canonical(&mut a);
        other.write_canonical(&mut b);
        a.cmp(&b)
    }
}

/// Equal if type, class and canonical form are: names compare without regard to case where DNSSEC does so too.
impl PartialEq for RdataRef<'_> {
    fn eq(&self, other: &RdataRef<'_>) -> bool {
        self.rtype == other.rtype && self.class == other.class && self.canonical_cmp(other).is_eq()
    }
}

impl Eq for RdataRef<'_> {}

impl Hash for RdataRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut wire = Vec::new();
        self.write_canonical(&mut wire);
        (self.rtype, self.class, wire).hash(state);
    }
}

/// The RDATA of a record, owned and uncompressed: up to 30 octets without memory of their own.
#[derive(Clone)]
pub struct Rdata {
    wire: Octets,
    rtype: RrType,
    class: Class,
}

impl Rdata {
    /// RDATA from its uncompressed wire form.
    ///
    /// # Errors
    /// If it has not the fields of its type.
    pub fn from_wire(rtype: RrType, class: Class, wire: &[u8]) -> Result<Rdata, ParseError> {
        RdataRef::from_wire(rtype, class, wire)?;
        Ok(Rdata { wire: Octets::of(wire), rtype, class })
    }

    /// The same, borrowed: what can be read from RDATA is read from there.
    #[inline]
    #[must_use]
    pub fn as_rdata_ref(&self) -> RdataRef<'_> {
        let wire = self.as_wire();
        RdataRef::of_valid(wire, (0, wire.len()), (self.rtype, self.class))
    }

    /// The uncompressed wire form.
    #[inline]
    #[must_use]
    pub fn as_wire(&self) -> &[u8] {
        self.wire.as_slice()
    }

    /// The type whose fields these are.
    #[must_use]
    pub fn rtype(&self) -> RrType {
        self.rtype
    }

    /// The class of the record.
    #[must_use]
    pub fn class(&self) -> Class {
        self.class
    }

    /// Octets that it keeps on the heap.
    #[must_use]
    pub fn heap_len(&self) -> usize {
        self.wire.heap_len()
    }
}

impl<'a> From<&'a Rdata> for RdataRef<'a> {
    fn from(rdata: &'a Rdata) -> Self {
        rdata.as_rdata_ref()
    }
}

impl From<RdataRef<'_>> for Rdata {
    fn from(rdata: RdataRef<'_>) -> Self {
        rdata.to_rdata()
    }
}

impl PartialEq for Rdata {
    fn eq(&self, other: &Rdata) -> bool {
        self.as_rdata_ref() == other.as_rdata_ref()
    }
}

impl Eq for Rdata {}

impl Hash for Rdata {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_rdata_ref().hash(state);
    }
}

impl fmt::Debug for RdataRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:02x?}", self.rtype, self.octets())
    }
}

impl fmt::Debug for Rdata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_rdata_ref().fmt(f)
    }
}

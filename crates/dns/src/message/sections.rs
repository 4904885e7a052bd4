//! The records of a section, one behind the other.

use core::fmt;

use crate::{Class, NameRef, RdataRef, RecordRef, RrType};

/// What stands between owner and RDATA (RFC 1035 section 4.1.3).
#[derive(Clone, Copy)]
pub(crate) struct Fixed<'a>(&'a [u8; Fixed::LEN]);

impl<'a> Fixed<'a> {
    pub(crate) const LEN: usize = 10;

    #[inline]
    pub(crate) fn read(bytes: &'a [u8], at: usize) -> Option<Self> {
        bytes.get(at..)?.first_chunk().map(Fixed)
    }

    #[inline]
    pub(crate) fn rtype(self) -> RrType {
        let [a, b, ..] = *self.0;
        RrType(u16::from_be_bytes([a, b]))
    }

    #[inline]
    pub(crate) fn class(self) -> Class {
        let [_, _, a, b, ..] = *self.0;
        Class(u16::from_be_bytes([a, b]))
    }

    #[inline]
    pub(crate) fn ttl(self) -> u32 {
        let [_, _, _, _, a, b, c, d, ..] = *self.0;
        u32::from_be_bytes([a, b, c, d])
    }

    #[inline]
    pub(crate) fn rdlength(self) -> usize {
        let [.., a, b] = *self.0;
        usize::from(u16::from_be_bytes([a, b]))
    }
}

/// Where the name at `at` ends, which has been checked.
#[inline]
pub(crate) fn skip_name(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match bytes.get(at).copied() {
            Some(octet @ 1..=63) => at += 1 + usize::from(octet),
            Some(0xC0..) => return at + 2,
            _ => return at + 1,
        }
    }
}

/// The records of a section of a checked message.
#[derive(Clone)]
pub struct Records<'a> {
    bytes: &'a [u8],
    at: usize,
    left: u16,
    pseudo: bool,
}

impl<'a> Records<'a> {
    #[inline]
    pub(super) fn new(bytes: &'a [u8], at: usize, left: u16) -> Self {
        Records { bytes, at, left, pseudo: true }
    }

    /// Without those that belong to the message and not to anybody's data.
    pub(super) fn without_pseudo(self) -> Self {
        Records { pseudo: false, ..self }
    }

    #[inline]
    fn record(&mut self) -> Option<RecordRef<'a>> {
        self.left = self.left.checked_sub(1)?;
        let owner = NameRef::of_valid(self.bytes, self.at);
        let fixed_at = skip_name(self.bytes, self.at);
        let fixed = Fixed::read(self.bytes, fixed_at)?;
        let start = fixed_at + Fixed::LEN;
        self.at = start + fixed.rdlength();
        let rdata = RdataRef::of_valid(self.bytes, (start, self.at), (fixed.rtype(), fixed.class()));
        Some(RecordRef { owner, ttl: fixed.ttl(), rdata })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = RecordRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<RecordRef<'a>> {
        loop {
            let record = self.record()?;
            if self.pseudo || !matches!(record.rtype(), RrType::OPT | RrType::TSIG) {
                return Some(record);
            }
        }
    }
}

impl fmt::Debug for Records<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

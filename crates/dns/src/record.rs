//! Resource records (RFC 1035 section 4.1.3): owner, time to live, and what they say, which knows its type and class.

use core::fmt;

use crate::{Class, Name, NameRef, Rdata, RdataRef, RrType};

/// A record in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordRef<'a> {
    /// Whose record it is.
    pub owner: NameRef<'a>,
    /// Seconds it may be kept, as they stand: see [`RecordRef::effective_ttl`].
    pub ttl: u32,
    /// What it says.
    pub rdata: RdataRef<'a>,
}

impl RecordRef<'_> {
    /// What kind of record it is.
    #[must_use]
    pub fn rtype(&self) -> RrType {
        self.rdata.rtype()
    }

    /// In which class.
    #[must_use]
    pub fn class(&self) -> Class {
        self.rdata.class()
    }

    /// A copy of its own.
    #[must_use]
    pub fn to_record(&self) -> Record {
        Record { owner: self.owner.to_name(), ttl: self.ttl, rdata: self.rdata.to_rdata() }
    }

    /// Seconds it may be kept: 0 if the highest bit is set (RFC 2181 section 8).
    #[must_use]
    pub fn effective_ttl(&self) -> u32 {
        if self.ttl >> 31 == 0 { self.ttl } else { 0 }
    }
}

/// A record of one's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    /// Whose record it is.
    pub owner: Name,
    /// Seconds it may be kept.
    pub ttl: u32,
    /// What it says.
    pub rdata: Rdata,
}

impl Record {
    /// What kind of record it is.
    #[must_use]
    pub fn rtype(&self) -> RrType {
        self.rdata.rtype()
    }

    /// In which class.
    #[must_use]
    pub fn class(&self) -> Class {
        self.rdata.class()
    }

    /// The same, borrowed.
    #[must_use]
    pub fn as_record_ref(&self) -> RecordRef<'_> {
        RecordRef { owner: self.owner.as_name_ref(), ttl: self.ttl, rdata: self.rdata.as_rdata_ref() }
    }
}

impl<'a> From<&'a Record> for RecordRef<'a> {
    fn from(record: &'a Record) -> Self {
        record.as_record_ref()
    }
}

impl From<RecordRef<'_>> for Record {
    fn from(record: RecordRef<'_>) -> Self {
        record.to_record()
    }
}

impl fmt::Display for RecordRef<'_> {
    /// A line of a zone file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RecordRef { owner, ttl, rdata } = self;
        write!(f, "{owner} {ttl} {} {} {rdata}", rdata.class(), rdata.rtype())
    }
}

impl fmt::Display for Record {
    /// A line of a zone file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_record_ref().fmt(f)
    }
}

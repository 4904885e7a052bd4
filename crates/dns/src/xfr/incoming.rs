//! The side that wants the zone.

use alloc::boxed::Box;
use alloc::vec::Vec;

use thiserror::Error;

use crate::zone::{BuildFault, Zone, ZoneBuilder, ZoneDiff, serial_newer};
use crate::{Message, Name, Rcode, Record, RecordRef, RrType};

/// Why a transfer came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum XfrError {
    /// The primary says no.
    #[error("the primary refuses: {0}")]
    Refused(Rcode),
    /// Records that are no transfer (RFC 5936 section 2.2, RFC 1995 section 4).
    #[error("the records are no transfer: {0}")]
    Form(&'static str),
    /// What came is no zone.
    #[error("{0}")]
    Zone(#[from] BuildFault),
    /// More records than were allowed.
    #[error("more records than allowed")]
    TooMany,
}

/// What a transfer came to.
#[derive(Clone, Debug)]
pub enum Received {
    /// More messages are to come.
    More,
    /// The secondary has this version already.
    Current,
    /// The whole zone.
    Whole(Box<Zone>),
    /// Changes, to be applied one after the other.
    Changes(Vec<ZoneDiff>),
}

/// A transfer on its way in.
#[derive(Debug)]
pub struct Incoming {
    apex: Name,
    /// The version that is here; `None` for AXFR.
    serial: Option<u32>,
    left: usize,
    seed: u64,
    soa: Option<Record>,
    records: Vec<Record>,
    /// The new SOA came a second time.
    again: bool,
    done: bool,
}

impl Incoming {
    /// Waits for the zone with this apex, or for what changed since `serial`; `most` records at most. `seed`: see
    /// [`ZoneBuilder::with`].
    #[must_use]
    pub fn new(apex: Name, serial: Option<u32>, most: usize, seed: u64) -> Self {
        Incoming { apex, serial, left: most, seed, soa: None, records: Vec::new(), again: false, done: false }
    }

    /// Takes the next message of the stream, whose signature, if any, has been checked.
    ///
    /// # Errors
    /// The transfer is over, and nothing has changed.
    pub fn receive(&mut self, message: &Message<'_>) -> Result<Received, XfrError> {
        if message.rcode() != Rcode::NOERROR {
            return Err(XfrError::Refused(message.rcode()));
        }
        for record in message.answer() {
            if self.done {
                return Err(XfrError::Form("records behind the end"));
            }
            self.left = self.left.checked_sub(1).ok_or(XfrError::TooMany)?;
            self.record(record)?;
        }
        let Some(soa) = &self.soa else { return Err(XfrError::Form("an empty message")) };
        // RFC 1995 section 2: a single SOA that is no newer than ours.
        let newest = soa.rdata.as_rdata_ref().soa().map_or(0, |soa| soa.serial);
        if self.records.is_empty() && self.serial.is_some_and(|serial| !serial_newer(newest, serial)) {
            self.done = true;
            return Ok(Received::Current);
        }
        if self.done { self.finish() } else { Ok(Received::More) }
    }

    fn record(&mut self, record: RecordRef<'_>) -> Result<(), XfrError> {
        let Some(soa) = &self.soa else {
            if record.rtype() != RrType::SOA || record.owner != self.apex.as_name_ref() {
                return Err(XfrError::Form("the first record is not the zone's SOA"));
            }
            self.soa = Some(record.to_record());
            return Ok(());
        };
        let newest = record.rtype() == RrType::SOA && record.rdata == soa.rdata.as_rdata_ref();
        // The new SOA ends a whole zone where it comes again; of changes it starts the last additions, and ends them.
        let changes = self.is_incremental();
        self.done = newest && (!changes || self.again);
        self.again |= newest;
        if !self.done {
            self.records.push(record.to_record());
        }
        Ok(())
    }

    /// RFC 1995 section 4: the second record tells: of changes it is the SOA that we have.
    fn is_incremental(&self) -> bool {
        let second = self.records.first().and_then(|record| record.rdata.as_rdata_ref().soa());
        second.is_some_and(|soa| Some(soa.serial) == self.serial)
    }

    fn finish(&mut self) -> Result<Received, XfrError> {
        let records = core::mem::take(&mut self.records);
        let soa = self.soa.take().ok_or(XfrError::Form("no SOA"))?;
        let second =
            records.first().and_then(|record| record.rdata.as_rdata_ref().soa()).map(|soa| soa.serial);
        if second.is_some() && second == self.serial {
            return Ok(Received::Changes(changes(records)));
        }
        let mut builder = ZoneBuilder::with(self.apex.clone(), soa.class(), self.seed);
        builder.push(soa.as_record_ref())?;
        for record in records {
            builder.push(record.as_record_ref())?;
        }
        Ok(Received::Whole(Box::new(builder.build()?)))
    }
}

/// Every second SOA starts what comes, the others what goes.
fn changes(records: Vec<Record>) -> Vec<ZoneDiff> {
    let (mut diffs, mut adding): (Vec<ZoneDiff>, bool) = (Vec::new(), true);
    for record in records {
        if record.rtype() == RrType::SOA {
            adding = !adding;
            if !adding {
                diffs.push(ZoneDiff::default());
            }
        }
        let Some(diff) = diffs.last_mut() else { continue };
        if adding { diff.added.push(record) } else { diff.removed.push(record) }
    }
    diffs
}

//! The side that has the zone.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use crate::zone::{Zone, ZoneDiff, serial_newer};
use crate::{Builder, Flags, Header, Message, QuestionRef, Rcode, RecordRef, RrType, Section};

/// A transfer on its way out: the records in their order, cut into messages.
pub struct Outgoing<'z> {
    header: Header,
    question: QuestionRef<'z>,
    records: Box<dyn Iterator<Item = RecordRef<'z>> + 'z>,
    waiting: Option<RecordRef<'z>>,
    first: bool,
}

impl<'z> Outgoing<'z> {
    /// The answer to an AXFR or IXFR query about `zone`. `history`: the changes that led to it, the oldest first, each with
    /// both SOA records; where it does not reach back to the client's serial, the whole zone is sent (RFC 1995 section 4).
    ///
    /// `None` if the query asks for neither.
    #[must_use]
    pub fn new(query: &'z Message<'_>, zone: &'z Zone, history: &'z [ZoneDiff]) -> Option<Outgoing<'z>> {
        let question = query.question()?;
        let records = match question.rtype {
            RrType::AXFR => whole(zone),
            RrType::IXFR => incremental(zone, history, client_serial(query)?),
            _ => return None,
        };
        let mut header = query.header().reply(Rcode::NOERROR);
        header.flags = header.flags.with(Flags::AA);
        Some(Outgoing { header, question, records, waiting: None, first: true })
    }

    /// Writes the next message into `out`, at most as long as it is less `reserve` octets for a TSIG record; how long it is.
    /// `None` behind the last one, and if a record does not fit at all.
    pub fn next(&mut self, out: &mut [u8], reserve: usize) -> Option<usize> {
        let mut builder = Builder::new(out, self.header).reserve(reserve);
        // RFC 5936 section 2.2.1: the question in the first message; the others may be without.
        if self.first {
            builder.push_question(self.question).ok()?;
        }
        let mut count = 0_u32;
        while let Some(record) = self.waiting.take().or_else(|| self.records.next()) {
            if builder.push_record(Section::Answer, record).is_err() {
                self.waiting = Some(record);
                break;
            }
            count += 1;
        }
        self.first = false;
        (count > 0).then(|| builder.finish().len())
    }
}

impl core::fmt::Debug for Outgoing<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Outgoing").field("question", &self.question).finish_non_exhaustive()
    }
}

/// RFC 1995 section 3: the SOA in the authority section.
fn client_serial(query: &Message<'_>) -> Option<u32> {
    let mut soas = query.authority().filter_map(|record| record.rdata.soa());
    soas.next().map(|soa| soa.serial)
}

fn soa(zone: &Zone) -> impl Iterator<Item = RecordRef<'_>> {
    zone.soa().into_iter().map(|(rrset, rdata)| RecordRef {
        owner: zone.apex().into(),
        ttl: rrset.ttl(),
        rdata,
    })
}

/// RFC 5936 section 2.2: the SOA first and last.
fn whole(zone: &Zone) -> Box<dyn Iterator<Item = RecordRef<'_>> + '_> {
    Box::new(soa(zone).chain(zone.records()).chain(soa(zone)))
}

/// RFC 1995 section 4: the new SOA; of every change the old SOA and what goes, the new SOA and what comes; the new SOA. For
/// who has it already, a single SOA.
fn incremental<'z>(
    zone: &'z Zone,
    history: &'z [ZoneDiff],
    serial: u32,
) -> Box<dyn Iterator<Item = RecordRef<'z>> + 'z> {
    if !serial_newer(zone.serial(), serial) {
        return Box::new(soa(zone));
    }
    let Some(start) = history.iter().rposition(|diff| old_serial(diff) == Some(serial)) else {
        return whole(zone);
    };
    let Some(changes) = history.get(start..).filter(|changes| is_chain(changes, zone.serial())) else {
        return whole(zone);
    };
    let changes =
        changes.iter().flat_map(|diff| soa_first(&diff.removed).into_iter().chain(soa_first(&diff.added)));
    Box::new(soa(zone).chain(changes).chain(soa(zone)))
}

fn soa_first(records: &[crate::Record]) -> Vec<RecordRef<'_>> {
    let mut ordered = vec![];
    for wanted in [true, false] {
        let some = records.iter().filter(|record| (record.rtype() == RrType::SOA) == wanted);
        ordered.extend(some.map(crate::Record::as_record_ref));
    }
    ordered
}

fn serial_of(records: &[crate::Record]) -> Option<u32> {
    records.iter().find_map(|record| record.rdata.as_rdata_ref().soa().map(|soa| soa.serial))
}

fn old_serial(diff: &ZoneDiff) -> Option<u32> {
    serial_of(&diff.removed)
}

fn is_chain(changes: &[ZoneDiff], last: u32) -> bool {
    let linked = changes.windows(2).all(|pair| match pair {
        [a, b] => serial_of(&a.added).is_some() && serial_of(&a.added) == old_serial(b),
        _ => true,
    });
    linked && changes.last().and_then(|diff| serial_of(&diff.added)) == Some(last)
}

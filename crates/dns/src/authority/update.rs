//! Dynamic updates (RFC 2136): what a message asks for, as the difference it makes to a zone.
//!
//! The rule: all of an update or none of it. Who may is the caller's matter (RFC 3007), and so is keeping the outcome.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::zone::{Zone, ZoneDiff, serial_newer};
use crate::{Class, Message, Name, Rcode, Rdata, Record, RecordRef, RrType};

/// What an update changes in `zone`: both SOA records included, nothing at all if it leaves everything as it is. The
/// serial goes up by one unless the update sets it (RFC 2136 section 3.6).
///
/// # Errors
/// The response code to answer with: a prerequisite that does not hold, or records that can't be.
pub fn update(zone: &Zone, message: &Message<'_>) -> Result<ZoneDiff, Rcode> {
    let question = message.question().ok_or(Rcode::FORMERR)?;
    // RFC 2136 section 3.1.
    if question.rtype != RrType::SOA || question.class != zone.class() {
        return Err(Rcode::FORMERR);
    }
    if question.name != *zone.apex() {
        return Err(Rcode::NOTAUTH);
    }
    prerequisites(zone, message)?;
    message.authority().try_for_each(|record| possible(zone, &record))?;
    let mut work = Work { zone, names: BTreeMap::new() };
    message.authority().for_each(|record| work.apply(&record));
    Ok(work.diff())
}

fn in_zone(zone: &Zone, record: &RecordRef<'_>) -> Result<Name, Rcode> {
    let owner = record.owner.to_name();
    if owner.is_subdomain_of(zone.apex()) { Ok(owner) } else { Err(Rcode::NOTZONE) }
}

fn or(holds: bool, rcode: Rcode) -> Result<(), Rcode> {
    if holds { Ok(()) } else { Err(rcode) }
}

/// RFC 2136 section 3.2.
fn prerequisites(zone: &Zone, message: &Message<'_>) -> Result<(), Rcode> {
    let mut sets: BTreeMap<(Name, RrType), Vec<Rdata>> = BTreeMap::new();
    for record in message.answer() {
        or(record.ttl == 0, Rcode::FORMERR)?;
        let owner = in_zone(zone, &record)?;
        let (class, rtype) = (record.class(), record.rtype());
        if class == zone.class() {
            sets.entry((owner, rtype)).or_default().push(record.rdata.to_rdata());
            continue;
        }
        or(record.rdata.is_empty(), Rcode::FORMERR)?;
        let node = zone.node(&owner);
        let used = node.is_some_and(|node| !node.rrsets().is_empty());
        let there = node.is_some_and(|node| node.rrset(rtype).is_some());
        match (class, rtype) {
            (Class::ANY, RrType::ANY) => or(used, Rcode::NXDOMAIN)?,
            (Class::ANY, _) => or(there, Rcode::NXRRSET)?,
            (Class::NONE, RrType::ANY) => or(!used, Rcode::YXDOMAIN)?,
            (Class::NONE, _) => or(!there, Rcode::YXRRSET)?,
            _ => return Err(Rcode::FORMERR),
        }
    }
    sets.into_iter().try_for_each(|((owner, rtype), wanted)| {
        let rrset = zone.node(&owner).and_then(|node| node.rrset(rtype));
        let found = rrset.map(|rrset| rrset.rdatas().to_vec()).unwrap_or_default();
        or(canonical(wanted) == canonical(found), Rcode::NXRRSET)
    })
}

/// In canonical order, none twice.
fn canonical(mut rdatas: Vec<Rdata>) -> Vec<Rdata> {
    rdatas.sort_by(|a, b| a.as_rdata_ref().canonical_cmp(&b.as_rdata_ref()));
    rdatas.dedup();
    rdatas
}

/// RFC 2136 section 3.4.1: before anything is changed.
fn possible(zone: &Zone, record: &RecordRef<'_>) -> Result<(), Rcode> {
    in_zone(zone, record)?;
    let meta = record.rtype().is_meta();
    let holds = match record.class() {
        class if class == zone.class() => !meta,
        Class::ANY => record.ttl == 0 && record.rdata.is_empty() && (!meta || record.rtype() == RrType::ANY),
        Class::NONE => record.ttl == 0 && !meta,
        _ => false,
    };
    or(holds, Rcode::FORMERR)
}

/// The names an update touches, as they will be.
struct Work<'z> {
    zone: &'z Zone,
    names: BTreeMap<Name, Vec<Record>>,
}

fn records_of(zone: &Zone, name: &Name) -> Vec<Record> {
    zone.node(name).map(|node| node.records().map(|record| record.to_record()).collect()).unwrap_or_default()
}

impl Work<'_> {
    /// RFC 2136 section 3.4.2.
    fn apply(&mut self, record: &RecordRef<'_>) {
        let (zone, owner) = (self.zone, record.owner.to_name());
        let apex = owner == *zone.apex();
        let records = self.names.entry(owner.clone()).or_insert_with(|| records_of(zone, &owner));
        let kept = |rtype| apex && matches!(rtype, RrType::SOA | RrType::NS);
        let rtype = record.rtype();
        match record.class() {
            Class::ANY if rtype == RrType::ANY => records.retain(|known| kept(known.rtype())),
            Class::ANY if kept(rtype) => {}
            Class::ANY => records.retain(|known| known.rtype() != rtype),
            Class::NONE => remove(records, record, zone.class(), apex),
            _ => add(records, record, apex),
        }
    }

    fn diff(self) -> ZoneDiff {
        let Work { zone, names } = self;
        let mut diff = ZoneDiff::default();
        for (name, after) in names {
            let before = records_of(zone, &name);
            diff.removed.extend(before.iter().filter(|record| !after.contains(record)).cloned());
            diff.added.extend(after.into_iter().filter(|record| !before.contains(record)));
        }
        let is_soa = |record: &Record| record.rtype() == RrType::SOA;
        if (diff.removed.is_empty() && diff.added.is_empty()) || diff.added.iter().any(is_soa) {
            return diff;
        }
        if let Some((old, new)) = next_soa(zone) {
            diff.removed.insert(0, old);
            diff.added.insert(0, new);
        }
        diff
    }
}

/// RFC 2136 section 3.4.2.4: neither the SOA nor the last NS of the zone goes.
fn remove(records: &mut Vec<Record>, record: &RecordRef<'_>, class: Class, apex: bool) {
    let rtype = record.rtype();
    let last =
        apex && rtype == RrType::NS && records.iter().filter(|known| known.rtype() == rtype).count() == 1;
    let wire = record.rdata.to_rdata();
    let Ok(rdata) = Rdata::from_wire(rtype, class, wire.as_wire()) else { return };
    if rtype != RrType::SOA && !last {
        records.retain(|known| known.rdata != rdata);
    }
}

/// RFC 2136 section 3.4.2.2.
fn add(records: &mut Vec<Record>, record: &RecordRef<'_>, apex: bool) {
    let rtype = record.rtype();
    let beside = |rtype| matches!(rtype, RrType::CNAME | RrType::RRSIG | RrType::NSEC | RrType::KEY);
    let clash = match rtype {
        RrType::CNAME => records.iter().any(|known| !beside(known.rtype())),
        rtype if beside(rtype) => false,
        RrType::SOA => !apex || !records.iter().any(|known| is_older(known, record)),
        _ => records.iter().any(|known| known.rtype() == RrType::CNAME),
    };
    if clash {
        return;
    }
    if matches!(rtype, RrType::SOA | RrType::CNAME | RrType::DNAME) {
        records.retain(|known| known.rtype() != rtype);
    }
    // RFC 2181 section 5.2: one TTL for all of an RRset, the newest.
    let record = record.to_record();
    records.retain(|known| known.rdata != record.rdata);
    records.iter_mut().filter(|known| known.rtype() == rtype).for_each(|known| known.ttl = record.ttl);
    records.push(record);
}

fn is_older(known: &Record, new: &RecordRef<'_>) -> bool {
    match (known.rdata.as_rdata_ref().soa(), new.rdata.soa()) {
        (Some(known), Some(new)) => serial_newer(new.serial, known.serial),
        _ => false,
    }
}

/// The SOA, and the same with the next serial.
fn next_soa(zone: &Zone) -> Option<(Record, Record)> {
    let (rrset, rdata) = zone.soa()?;
    let mut wire = Vec::new();
    rdata.write_wire(&mut wire);
    let at = wire.len().checked_sub(20)?;
    wire.get_mut(at..at + 4)?.copy_from_slice(&zone.serial().wrapping_add(1).to_be_bytes());
    let new = Rdata::from_wire(RrType::SOA, zone.class(), &wire).ok()?;
    let record = |rdata| Record { owner: zone.apex().clone(), ttl: rrset.ttl(), rdata };
    Some((record(rdata.to_rdata()), record(new)))
}

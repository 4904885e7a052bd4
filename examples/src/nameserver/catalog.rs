//! The zones of a server: where they come from, how they came to be what they are, and how they change.
//!
//! The rule: a change is computed on a copy, written to the journal, and only then the zone. Whatever goes wrong on the
//! way, the zone in service stays what it was.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use dns::authority::{Authority, Network};
use dns::secondary::Change;
use dns::tsig::Key;
use dns::zone::{Zone, ZoneDiff, serial_newer};
use dns::{Message, Name, Rcode, Record, RrType};
use tracing::{info, warn};

use super::compaction::{self, Kept};
use super::journal::{Entry, Journal, whole};
use super::unix;
use crate::{Failure, zones};

/// Changes remembered for IXFR, and records in them.
const HISTORY: usize = 1000;
const HISTORY_RECORDS: usize = 100_000;

/// A server to ask, and the key to ask it under.
pub type Primary = (SocketAddr, Option<Key>);

/// Where a zone comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// Another server: one of these, and the key to ask under.
    Primaries(Vec<Primary>),
}

/// A zone as the command line names it.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Its name.
    pub origin: Name,
    /// Who sees it.
    pub view: Network,
    /// Where it comes from.
    pub source: Source,
}

/// Where changes are kept.
#[derive(Clone, Copy, Debug)]
pub struct Keeping<'a> {
    /// The folder.
    pub folder: &'a Path,
    /// Octets of a journal from which on it is made shorter.
    pub most: u64,
}

/// A zone's life so far.
#[derive(Debug)]
struct Life {
    wanted: Wanted,
    zone: Option<Arc<Zone>>,
    /// What led to it, the oldest first.
    history: Arc<Vec<ZoneDiff>>,
    journal: Option<Journal>,
    /// The serial of the file that it grew out of.
    base: u32,
    seed: u64,
    /// When the primary last said that the copy is good.
    fresh: u64,
}

/// All zones.
#[derive(Debug)]
pub struct Catalog {
    lives: Vec<Life>,
    seed: u64,
}

/// What a secondary starts with.
#[derive(Clone, Debug)]
pub struct Copy {
    /// The copy from before.
    pub zone: Arc<Zone>,
    /// How long ago it was last known to be good.
    pub age: Duration,
}

impl Catalog {
    /// Loads all zones; their journals are kept there, if anywhere. `seed`: see
    /// [`ZoneBuilder::with`](dns::zone::ZoneBuilder::with).
    ///
    /// # Errors
    /// A zone file with a fault, or a journal that does not go with its zone file.
    pub fn open(wanted: Vec<Wanted>, data: Option<Keeping<'_>>, seed: u64) -> Result<Catalog, Failure> {
        if let Some(Keeping { folder, .. }) = data {
            std::fs::create_dir_all(folder)
                .map_err(|error| format!("can't use {}: {error}", folder.display()))?;
        }
        let mut catalog = Catalog { lives: Vec::new(), seed };
        for wanted in wanted {
            let life = Life::open(wanted, data, seed)?;
            catalog.lives.push(life);
        }
        Ok(catalog)
    }

    /// All zones in service, put into `authority`; those that are still awaited, too.
    #[must_use]
    pub fn publish(&self, mut authority: Authority) -> Authority {
        for life in &self.lives {
            match &life.zone {
                Some(zone) => authority.add_view(life.wanted.view, Arc::clone(zone)),
                None => authority.suspend(&life.wanted.origin),
            }
        }
        authority
    }

    /// The zone that a client sees, and what led to it.
    #[must_use]
    pub fn snapshot(&self, zone: &Arc<Zone>) -> Arc<Vec<ZoneDiff>> {
        self.life_of(zone)
            .map(|at| self.lives.get(at).map(|life| Arc::clone(&life.history)))
            .unwrap_or_default()
            .unwrap_or_default()
    }

    fn life_of(&self, zone: &Arc<Zone>) -> Option<usize> {
        self.lives.iter().position(|life| life.zone.as_ref().is_some_and(|own| Arc::ptr_eq(own, zone)))
    }

    fn secondary(&mut self, origin: &Name) -> Option<&mut Life> {
        let is = |life: &&mut Life| {
            life.wanted.origin == *origin && matches!(life.wanted.source, Source::Primaries(_))
        };
        self.lives.iter_mut().find(is)
    }

    /// The zones in service.
    pub fn zones(&self) -> impl Iterator<Item = &Arc<Zone>> {
        self.lives.iter().filter_map(|life| life.zone.as_ref())
    }

    /// The zones that come from other servers, with what is here of them.
    pub fn secondaries(&self) -> impl Iterator<Item = (&Name, &[Primary], Option<Copy>)> {
        self.lives.iter().filter_map(|life| match &life.wanted.source {
            Source::Primaries(primaries) => {
                let age = Duration::from_secs(unix().saturating_sub(life.fresh));
                let copy = life.zone.clone().map(|zone| Copy { zone, age });
                Some((&life.wanted.origin, primaries.as_slice(), copy))
            }
            Source::File(_) => None,
        })
    }

    /// Whether `address` is a primary of this zone, or `key` the one that its primaries are asked under; `None`: no such zone
    /// comes from elsewhere.
    #[must_use]
    pub fn is_primary(&self, origin: &Name, address: IpAddr, key: Option<&Name>) -> Option<bool> {
        let mut found = None;
        for (name, primaries, _) in self.secondaries() {
            if name == origin {
                // A notification makes us ask, no more: the address is enough (RFC 1996 section 3.10).
                let is = primaries.iter().any(|(known, own)| {
                    let signed = own.as_ref().is_some_and(|own| key == Some(own.name()));
                    signed || known.ip().to_canonical() == address.to_canonical()
                });
                found = Some(found.unwrap_or(false) || is);
            }
        }
        found
    }

    /// Makes the update that `message` asks for to `zone`, which a client sees; the zone as it is then, if it changed.
    ///
    /// # Errors
    /// What to answer.
    pub fn update(&mut self, zone: &Arc<Zone>, message: &Message<'_>) -> Result<Option<Arc<Zone>>, Rcode> {
        let at = self.life_of(zone).ok_or(Rcode::SERVFAIL)?;
        let life = self.lives.get_mut(at).ok_or(Rcode::SERVFAIL)?;
        if !matches!(life.wanted.source, Source::File(_)) {
            // RFC 2136 section 6 would have us forward it.
            return Err(Rcode::REFUSED);
        }
        let diff = dns::authority::update(zone, message)?;
        if diff.removed.is_empty() && diff.added.is_empty() {
            return Ok(None);
        }
        life.change(vec![diff]).map(Some).map_err(|error| {
            warn!(zone = %life.wanted.origin, error = crate::sentence(error.as_ref()), "an update was not made");
            Rcode::SERVFAIL
        })
    }

    /// What a transfer has brought; the zone as it is then.
    ///
    /// # Errors
    /// The change does not go with the copy, or the disk does not take it.
    pub fn transferred(&mut self, origin: &Name, change: Change) -> Result<Arc<Zone>, Failure> {
        let life = self.secondary(origin).ok_or("no such secondary zone")?;
        life.fresh = unix();
        match change {
            Change::Diffs(diffs) => life.change(diffs),
            Change::Whole(zone) => {
                let zone = Arc::from(zone);
                if let Some(journal) = &mut life.journal {
                    journal.replace(&[whole(&zone), Entry::Fresh(life.fresh)])?;
                }
                life.put(Arc::clone(&zone));
                Ok(zone)
            }
        }
    }

    /// The primary has said that the copy is good.
    pub fn fresh(&mut self, origin: &Name) {
        let Some(life) = self.secondary(origin) else { return };
        life.fresh = unix();
        if let Some(journal) = &mut life.journal
            && let Err(error) = journal.append(&[Entry::Fresh(life.fresh)])
        {
            warn!(%origin, %error, "the journal is not written");
        }
        life.tidy();
    }

    /// The copy is too old.
    pub fn expired(&mut self, origin: &Name) {
        if let Some(life) = self.secondary(origin) {
            (life.zone, life.history) = (None, Arc::default());
        }
    }

    /// Reads the zone files again. One with a fault is told of, and its zone stays as it is. Those that changed.
    pub fn reload(&mut self) -> Vec<Arc<Zone>> {
        let mut changed = Vec::new();
        for life in &mut self.lives {
            match life.reload(self.seed) {
                Ok(Some(zone)) => changed.push(zone),
                Ok(None) => {}
                Err(error) => {
                    let error = crate::sentence(error.as_ref());
                    tracing::error!(zone = %life.wanted.origin, "{error}; the old zone stays in service");
                }
            }
        }
        changed
    }
}

impl Life {
    fn open(wanted: Wanted, data: Option<Keeping<'_>>, seed: u64) -> Result<Life, Failure> {
        let (mut journal, mut entries) = (None, Vec::new());
        if let Some(Keeping { folder, most }) = data {
            let path = folder.join(file_name(&wanted));
            let (opened, read) =
                Journal::open(&path, most).map_err(|error| format!("{}: {error}", path.display()))?;
            (journal, entries) = (Some(opened), read);
        }
        let history = Arc::default();
        let mut life = Life { wanted, zone: None, history, journal, base: 0, seed, fresh: 0 };
        match &life.wanted.source {
            Source::File(path) => {
                let zone = load(&life.wanted.origin, path, seed)?;
                life.replay(zone, entries)?;
            }
            Source::Primaries(_) => {
                let kept = Kept::read(&entries, &life.wanted.origin, seed)?;
                (life.zone, life.history) = (kept.zone.map(Arc::new), Arc::new(kept.diffs));
                life.fresh = kept.fresh;
            }
        }
        Ok(life)
    }

    /// The file's zone, and what came after. A file that was given a newer serial by hand has the last word.
    fn replay(&mut self, zone: Zone, entries: Vec<Entry>) -> Result<(), Failure> {
        let diffs: Vec<_> = entries.into_iter().filter_map(Entry::diff).collect();
        let serial = zone.serial();
        self.base = serial;
        let last = diffs.last().and_then(|diff| serial_of(&diff.added));
        let start = diffs.iter().rposition(|diff| serial_of(&diff.removed) == Some(serial));
        let behind = match (start, last) {
            (Some(start), _) => diffs.get(start..).unwrap_or_default(),
            (None, None) => &[],
            (None, Some(last)) if last == serial => &[],
            (None, Some(last)) if serial_newer(serial, last) => {
                info!(zone = %self.wanted.origin, serial, last, "the file is newer than its journal, which is dropped");
                if let Some(journal) = &mut self.journal {
                    journal.replace(&[])?;
                }
                &[]
            }
            (None, Some(last)) => {
                let origin = &self.wanted.origin;
                let text = format!(
                    "the zone file of {origin} has serial {serial}, its journal ends with {last} and does not know that \
                     one; give the file a newer serial"
                );
                return Err(text.into());
            }
        };
        let mut zone = zone;
        for diff in behind {
            zone.apply(diff)
                .map_err(|error| format!("{}: a journal that does not fit: {error}", self.wanted.origin))?;
        }
        self.zone = Some(Arc::new(zone));
        self.history = Arc::new(behind.to_vec());
        Ok(())
    }

    /// Applies changes, writes them down, and only then lets them count.
    fn change(&mut self, diffs: Vec<ZoneDiff>) -> Result<Arc<Zone>, Failure> {
        let old = self.zone.as_ref().ok_or("there is no zone to change")?;
        let mut zone = None::<Zone>;
        for diff in &diffs {
            zone = Some(zone.as_ref().unwrap_or(old).with(diff)?);
        }
        let zone = Arc::new(zone.ok_or("no change")?);
        if let Some(journal) = &mut self.journal {
            let mut entries: Vec<_> = diffs.iter().cloned().map(Entry::Diff).collect();
            if self.fresh > 0 {
                entries.push(Entry::Fresh(self.fresh));
            }
            journal.append(&entries)?;
        }
        let history = Arc::make_mut(&mut self.history);
        history.extend(diffs);
        forget(history);
        self.zone = Some(Arc::clone(&zone));
        self.tidy();
        Ok(zone)
    }

    /// Makes a journal shorter that has become long. If that fails it stays as it is, and nothing is lost.
    fn tidy(&mut self) {
        let Some(journal) = self.journal.as_mut().filter(|journal| journal.is_long()) else { return };
        let (origin, octets) = (&self.wanted.origin, journal.most() / 2);
        let entries = journal.entries().map_err(Failure::from);
        let short = entries.and_then(|entries| match self.wanted.source {
            Source::File(_) => compaction::of_file(entries, self.base, octets),
            Source::Primaries(_) => compaction::of_copy(&entries, origin, self.seed, octets),
        });
        if let Err(error) = short.and_then(|short| Ok(journal.replace(&short)?)) {
            warn!(zone = %origin, error = crate::sentence(error.as_ref()), "the journal stays as long as it is");
            journal.put_off();
        }
    }

    /// A zone that comes from elsewhere as a whole: secondaries of ours are told the difference, if it goes forward.
    fn put(&mut self, zone: Arc<Zone>) {
        let history = Arc::make_mut(&mut self.history);
        match &self.zone {
            Some(old) if serial_newer(zone.serial(), old.serial()) => {
                history.push(difference(old, &zone));
                forget(history);
            }
            Some(old) if old.serial() == zone.serial() => {}
            _ => history.clear(),
        }
        self.zone = Some(zone);
    }

    fn reload(&mut self, seed: u64) -> Result<Option<Arc<Zone>>, Failure> {
        let Source::File(path) = &self.wanted.source else { return Ok(None) };
        let zone = load(&self.wanted.origin, path, seed)?;
        let old = self.zone.clone();
        let within = self.history.iter().any(|diff| serial_of(&diff.removed) == Some(zone.serial()));
        let grown = zone.serial() == self.base && old.as_ref().is_some_and(|old| old.serial() != self.base);
        let known = within || grown;
        let same = old.as_ref().is_some_and(|old| old.serial() == zone.serial());
        let dynamic = self.journal.is_some() || known;
        // The file is what the zone grew out of by updates, which stay.
        if dynamic && (known || same && !self.history.is_empty()) {
            // The next start begins with it.
            self.base = zone.serial();
            return Ok(None);
        }
        if let (Some(old), true) = (&old, dynamic)
            && !self.history.is_empty()
            && !serial_newer(zone.serial(), old.serial())
        {
            let (serial, last) = (zone.serial(), old.serial());
            return Err(format!(
                "the file has serial {serial}, updates went on to {last}; give it a newer one"
            )
            .into());
        }
        if let Some(journal) = &mut self.journal {
            journal.replace(&[])?;
        }
        self.base = zone.serial();
        let zone = Arc::new(zone);
        self.put(Arc::clone(&zone));
        Ok(Some(zone))
    }
}

/// The oldest changes go.
fn forget(history: &mut Vec<ZoneDiff>) {
    let (mut records, mut kept) = (0, 0);
    for diff in history.iter().rev() {
        records += diff.removed.len() + diff.added.len();
        if kept == HISTORY || records > HISTORY_RECORDS {
            break;
        }
        kept += 1;
    }
    history.drain(..history.len().saturating_sub(kept));
}

/// The serial of the SOA among records.
pub(super) fn serial_of(records: &[Record]) -> Option<u32> {
    records.iter().find_map(|record| record.rdata.as_rdata_ref().soa().map(|soa| soa.serial))
}

/// What has to go and to come to make `new` of `old`.
pub(super) fn difference(old: &Zone, new: &Zone) -> ZoneDiff {
    let all = |zone: &Zone| -> Vec<Record> {
        let soa = zone.soa().map(|(rrset, rdata)| Record {
            owner: zone.apex().clone(),
            ttl: rrset.ttl(),
            rdata: rdata.to_rdata(),
        });
        soa.into_iter().chain(zone.records().map(|record| record.to_record())).collect()
    };
    let key = |record: &Record| {
        let mut rdata = Vec::new();
        record.rdata.as_rdata_ref().write_canonical(&mut rdata);
        (record.owner.to_lowercase(), record.rtype(), record.ttl, rdata)
    };
    let (before, after) = (all(old), all(new));
    let (known, wanted): (HashSet<_>, HashSet<_>) =
        (before.iter().map(key).collect(), after.iter().map(key).collect());
    ZoneDiff {
        removed: before.iter().filter(|record| !wanted.contains(&key(record))).cloned().collect(),
        added: after.iter().filter(|record| !known.contains(&key(record))).cloned().collect(),
    }
}

fn load(origin: &Name, path: &Path, seed: u64) -> Result<Zone, Failure> {
    let reading =
        zones::read(origin, path, seed).map_err(|error| format!("can't read {}: {error}", path.display()))?;
    let faults = reading.remarks.iter().filter(|remark| reading.zone.is_none() || !is_syntax(remark));
    for remark in faults {
        warn!("{remark}");
    }
    let syntax = reading.remarks.iter().find(|remark| is_syntax(remark));
    match (reading.zone, syntax) {
        (Some(zone), None) => Ok(zone),
        (_, Some(remark)) => Err(remark.to_string().into()),
        (None, None) => Err(format!("{}: no zone", path.display()).into()),
    }
}

/// Not of the records' meaning, which is judged when all have been read.
fn is_syntax(remark: &zones::Remark) -> bool {
    remark.severity == dns::zone::Severity::Error && !remark.about_meaning
}

/// One file a zone and view; names have nothing in them that a file name can't.
fn file_name(wanted: &Wanted) -> String {
    let plain = |text: String| -> String {
        let safe = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
        text.chars().map(|letter| if safe(letter) { letter } else { '~' }).collect()
    };
    let origin = plain(wanted.origin.to_lowercase().to_string());
    let origin = if wanted.origin.is_root() { "root".to_owned() } else { origin };
    let view = if wanted.view == Network::ALL { String::new() } else { plain(format!("@{}", wanted.view)) };
    let kind = if matches!(wanted.source, Source::File(_)) { "journal" } else { "copy" };
    format!("{origin}{view}.{kind}")
}

/// The SOA record of a zone, for notifications.
#[must_use]
pub fn soa_of(zone: &Zone) -> Option<Record> {
    let (rrset, rdata) = zone.soa()?;
    debug_assert_eq!(rdata.rtype(), RrType::SOA);
    Some(Record { owner: zone.apex().clone(), ttl: rrset.ttl(), rdata: rdata.to_rdata() })
}

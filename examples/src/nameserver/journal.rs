//! What outlives a kill: the changes of a zone, each written through to the disk before anybody is told of it.
//!
//! The rule: a file of entries that are only ever appended; each has its length and a checksum in front, so that one
//! that was cut by a crash is seen, and dropped: nobody was told of it. One that is broken and has whole ones behind it was
//! not cut by a crash, and what it and they said was acknowledged: such a file is left as it is, and not opened. What takes
//! the place of everything before (a whole zone, or the same in fewer words) is a new file that is renamed over the old one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use dns::zone::{Zone, ZoneDiff};
use dns::{Class, Name, Rdata, Record, RrType};
use sha2::{Digest as _, Sha256};

/// What every journal starts with.
const MAGIC: &[u8; 16] = b"dns journal v1\r\n";
/// Length and checksum.
const HEAD: usize = 12;
/// How many times its own length may be hashed to see whether entries stand behind a broken one. What looks like entries that
/// often holds some.
const SEARCH: usize = 16;

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The zone has changed.
    Diff(ZoneDiff),
    /// The zone is these records.
    Whole(Vec<Record>),
    /// The primary said at this time (seconds since 1970) that the copy is good.
    Fresh(u64),
}

impl Entry {
    /// The change, if it is one.
    #[must_use]
    pub fn diff(self) -> Option<ZoneDiff> {
        match self {
            Entry::Diff(diff) => Some(diff),
            _ => None,
        }
    }
}

/// A zone's journal, open for more.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Octets in it, and from how many on it is worth making it shorter.
    len: u64,
    long: u64,
    most: u64,
}

impl Journal {
    /// Opens the journal at `path`, made if need be, and reads what it holds. What was cut by a crash is dropped. With more
    /// than `most` octets it is long.
    ///
    /// # Errors
    /// The disk's own; a file that is no journal, or is damaged before its end: it stays as it is.
    pub fn open(path: &Path, most: u64) -> io::Result<(Journal, Vec<Entry>)> {
        let journal = |file, len| Journal { path: path.to_owned(), file, len: len as u64, long: most, most };
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut all = Vec::new();
        file.read_to_end(&mut all)?;
        if all.len() < MAGIC.len() && MAGIC.starts_with(&all) {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(MAGIC)?;
            file.sync_all()?;
            sync_folder(path)?;
            return Ok((journal(file, MAGIC.len()), Vec::new()));
        }
        let wrong = |text: String| io::Error::new(io::ErrorKind::InvalidData, text);
        let Some((entries, rest)) = take_entries(&all) else {
            return Err(wrong("this is no journal of this program; move it away".to_owned()));
        };
        let end = all.len() - rest.len();
        if is_damage(rest) {
            return Err(wrong(format!(
                "the journal is damaged at octet {end}, and changes that were acknowledged stand behind it; put a copy of \
                 the file in its place, or give up the {} octets from there on with: truncate -s {end} {}",
                rest.len(),
                path.display()
            )));
        }
        if !rest.is_empty() {
            tracing::warn!(journal = %path.display(), offset = end, octets = rest.len(), "a cut entry is dropped");
        }
        file.set_len(end as u64)?;
        file.seek(SeekFrom::Start(end as u64))?;
        Ok((journal(file, end), entries))
    }

    /// It has grown so much that it is worth making it shorter.
    #[must_use]
    pub fn is_long(&self) -> bool {
        self.len > self.long
    }

    /// Octets from which on it is long, if it can be as short as that.
    #[must_use]
    pub fn most(&self) -> u64 {
        self.most
    }

    /// All that it holds.
    ///
    /// # Errors
    /// The disk's own.
    pub fn entries(&self) -> io::Result<Vec<Entry>> {
        let all = fs::read(&self.path)?;
        let (entries, rest) = take_entries(&all).unwrap_or_default();
        if rest.is_empty() { Ok(entries) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    /// It stays as it is until it is twice as long: work in proportion to what is written.
    pub fn put_off(&mut self) {
        self.long = self.most.max(self.len * 2);
    }

    /// Appends entries, and returns once the disk has them.
    ///
    /// # Errors
    /// The disk's own; then nothing of them may count.
    pub fn append(&mut self, entries: &[Entry]) -> io::Result<()> {
        let mut octets = Vec::new();
        entries.iter().try_for_each(|entry| put_entry(entry, &mut octets))?;
        let written = self.file.write_all(&octets).and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => self.len += octets.len() as u64,
            Err(_) => {
                // Behind half an entry nothing would ever be read.
                let _ = self.file.set_len(self.len);
                let _ = self.file.seek(SeekFrom::Start(self.len));
            }
        }
        written
    }

    /// These entries in place of all that there are: whenever it is killed, the disk has the old ones or the new ones.
    ///
    /// # Errors
    /// The disk's own; then either may be there.
    pub fn replace(&mut self, entries: &[Entry]) -> io::Result<()> {
        let fresh = self.path.with_extension("new");
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&fresh)?;
        let mut octets = MAGIC.to_vec();
        entries.iter().try_for_each(|entry| put_entry(entry, &mut octets))?;
        file.write_all(&octets)?;
        file.sync_all()?;
        fs::rename(&fresh, &self.path)?;
        // From here on the old file is nobody's.
        (self.file, self.len) = (file, octets.len() as u64);
        self.put_off();
        sync_folder(&self.path)
    }
}

/// A zone as an entry.
#[must_use]
pub fn whole(zone: &Zone) -> Entry {
    let soa = zone.soa().map(|(rrset, rdata)| Record {
        owner: zone.apex().clone(),
        ttl: rrset.ttl(),
        rdata: rdata.to_rdata(),
    });
    Entry::Whole(soa.into_iter().chain(zone.records().map(|record| record.to_record())).collect())
}

/// A rename is on the disk when its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

fn checksum(octets: &[u8]) -> [u8; 8] {
    let hash = Sha256::digest(octets);
    hash.first_chunk().copied().unwrap_or_default()
}

fn number(n: usize) -> io::Result<[u8; 4]> {
    let too_long = |_| io::Error::new(io::ErrorKind::InvalidData, "more than a journal can hold");
    u32::try_from(n).map(u32::to_be_bytes).map_err(too_long)
}

fn put_entry(entry: &Entry, out: &mut Vec<u8>) -> io::Result<()> {
    let mut octets = Vec::new();
    match entry {
        Entry::Diff(diff) => {
            octets.push(1);
            put_records(&diff.removed, &mut octets)?;
            put_records(&diff.added, &mut octets)?;
        }
        Entry::Whole(records) => {
            octets.push(2);
            put_records(records, &mut octets)?;
        }
        Entry::Fresh(unix) => {
            octets.push(3);
            octets.extend_from_slice(&unix.to_be_bytes());
        }
    }
    out.extend_from_slice(&number(octets.len())?);
    out.extend_from_slice(&checksum(&octets));
    out.extend_from_slice(&octets);
    Ok(())
}

fn put_records(records: &[Record], out: &mut Vec<u8>) -> io::Result<()> {
    out.extend_from_slice(&number(records.len())?);
    for record in records {
        out.extend_from_slice(record.owner.as_wire());
        out.extend_from_slice(&record.rtype().0.to_be_bytes());
        out.extend_from_slice(&record.class().0.to_be_bytes());
        out.extend_from_slice(&record.ttl.to_be_bytes());
        let rdata = record.rdata.as_wire();
        out.extend_from_slice(&number(rdata.len())?);
        out.extend_from_slice(rdata);
    }
    Ok(())
}

/// Octets that a change takes in a journal.
#[must_use]
pub fn size(diff: &ZoneDiff) -> u64 {
    let records = diff.removed.iter().chain(&diff.added);
    let octets = |record: &Record| record.owner.as_wire().len() + 12 + record.rdata.as_wire().len();
    (HEAD + 9 + records.map(octets).sum::<usize>()) as u64
}

/// The entries of a journal, and what is behind them; `None`: it is none.
fn take_entries(all: &[u8]) -> Option<(Vec<Entry>, &[u8])> {
    let (mut rest, mut entries) = (all.strip_prefix(MAGIC)?, Vec::new());
    while let Some((entry, behind)) = take_entry(rest) {
        entries.push(entry);
        rest = behind;
    }
    Some((entries, rest))
}

/// The first entry, and what is behind it.
fn take_entry(octets: &[u8]) -> Option<(Entry, &[u8])> {
    let (octets, behind) = promised(octets)?;
    let octets = intact(octets)?;
    Some((read_entry(octets)?, behind))
}

/// Checksum and contents of the first entry, and what is behind it, if it is as long as it says.
fn promised(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = octets.split_first_chunk()?;
    let len = usize::try_from(u32::from_be_bytes(*len)).ok()?;
    rest.split_at_checked(len.checked_add(HEAD - 4)?)
}

/// The contents behind their checksum.
fn intact(octets: &[u8]) -> Option<&[u8]> {
    let (sum, octets) = octets.split_first_chunk()?;
    (checksum(octets) == *sum).then_some(octets)
}

fn read_entry(octets: &[u8]) -> Option<Entry> {
    let (kind, mut rest) = octets.split_first()?;
    let entry = match kind {
        1 => Entry::Diff(ZoneDiff { removed: take_records(&mut rest)?, added: take_records(&mut rest)? }),
        2 => Entry::Whole(take_records(&mut rest)?),
        3 => Entry::Fresh(u64::from_be_bytes(take(&mut rest)?)),
        _ => return None,
    };
    rest.is_empty().then_some(entry)
}

/// Whether what is left behind the last good entry is more than a write that did not get to its end: an entry stands in it
/// that is whole.
fn is_damage(rest: &[u8]) -> bool {
    let mut hashed = 0;
    (0..rest.len()).any(|at| {
        let Some((octets, _)) = rest.get(at..).and_then(promised) else { return false };
        // At the first place even what is of no known kind is an entry.
        if at > 0 && !matches!(octets.get(HEAD - 4), Some(1..=3)) {
            return false;
        }
        hashed += octets.len();
        hashed > SEARCH.saturating_mul(rest.len()) || intact(octets).is_some()
    })
}

fn take_records(rest: &mut &[u8]) -> Option<Vec<Record>> {
    let count = u32::from_be_bytes(take(rest)?);
    // No memory is taken for what is only promised.
    (0..count).map(|_| take_record(rest)).collect()
}

fn take_record(rest: &mut &[u8]) -> Option<Record> {
    let mut len = 0;
    while let Some(label) = rest.get(len).filter(|label| **label != 0) {
        len += 1 + usize::from(*label);
    }
    let (owner, behind) = rest.split_at_checked(len + 1)?;
    *rest = behind;
    let (rtype, class) = (RrType(u16::from_be_bytes(take(rest)?)), Class(u16::from_be_bytes(take(rest)?)));
    let ttl = u32::from_be_bytes(take(rest)?);
    let octets = usize::try_from(u32::from_be_bytes(take(rest)?)).ok()?;
    let (rdata, behind) = rest.split_at_checked(octets)?;
    *rest = behind;
    let rdata = Rdata::from_wire(rtype, class, rdata).ok()?;
    Some(Record { owner: Name::from_wire(owner).ok()?, ttl, rdata })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (octets, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(*octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    const MOST: u64 = 1 << 20;

    fn record(text: &str) -> Record {
        let rdata = Rdata::of_text(RrType::TXT, text).unwrap();
        Record { owner: "a.example.org".parse().unwrap(), ttl: 60, rdata }
    }

    fn entries() -> Vec<Entry> {
        let diff = ZoneDiff { removed: vec![record("old")], added: vec![record("new"), record("\"\"")] };
        vec![Entry::Whole(vec![record("whole")]), Entry::Diff(diff), Entry::Fresh(1_700_000_000)]
    }

    #[test]
    fn what_was_written_is_read_again() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().join("zone.journal");
        let (mut journal, read) = Journal::open(&path, MOST).unwrap();
        assert_eq!(read, []);
        journal.append(&entries()[..1]).unwrap();
        journal.append(&entries()[1..]).unwrap();
        let (mut journal, read) = Journal::open(&path, MOST).unwrap();
        assert_eq!(read, entries());
        journal.replace(&entries()[..1]).unwrap();
        journal.append(&entries()[2..]).unwrap();
        let (_, read) = Journal::open(&path, MOST).unwrap();
        assert_eq!(read, [entries()[0].clone(), entries()[2].clone()]);
    }

    #[test]
    fn a_journal_cut_anywhere_has_the_entries_before_the_cut_and_takes_more() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().join("zone.journal");
        Journal::open(&path, MOST).unwrap().0.append(&entries()).unwrap();
        let all = fs::read(&path).unwrap();
        let mut counts = Vec::new();
        for len in 0..=all.len() {
            fs::write(&path, &all[..len]).unwrap();
            let (mut journal, read) = Journal::open(&path, MOST).unwrap();
            assert_eq!(read, entries()[..read.len()]);
            counts.push(read.len());
            journal.append(&entries()[2..]).unwrap();
            assert_eq!(Journal::open(&path, MOST).unwrap().1.len(), read.len() + 1);
        }
        assert!(counts.is_sorted() && counts.last() == Some(&3));
        fs::write(&path, b"something else entirely").unwrap();
        assert!(Journal::open(&path, MOST).is_err());
    }

    #[test]
    fn an_octet_that_changed_ends_it() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().join("zone.journal");
        Journal::open(&path, MOST).unwrap().0.append(&entries()).unwrap();
        let mut all = fs::read(&path).unwrap();
        let at = all.len() - 5;
        all[at] ^= 1;
        fs::write(&path, &all).unwrap();
        assert_eq!(Journal::open(&path, MOST).unwrap().1.len(), 2);
    }

    #[test]
    fn damage_before_the_end_is_told_with_its_place_and_the_file_stays_as_it_is() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().join("zone.journal");
        Journal::open(&path, MOST).unwrap().0.append(&entries()).unwrap();
        let all = fs::read(&path).unwrap();
        let mut ends = vec![MAGIC.len()];
        for entry in entries() {
            let mut octets = Vec::new();
            put_entry(&entry, &mut octets).unwrap();
            ends.push(ends.last().unwrap() + octets.len());
        }
        // The checksum of the last entry is as good as its contents: from there on it is a torn end.
        for at in MAGIC.len()..ends[2] {
            let mut broken = all.clone();
            broken[at] ^= 0x41;
            fs::write(&path, &broken).unwrap();
            let error = Journal::open(&path, MOST).unwrap_err().to_string();
            let start = ends.iter().rfind(|end| **end <= at).unwrap();
            assert!(error.contains(&format!("damaged at octet {start}, ")), "{at}: {error}");
            assert!(error.ends_with(&format!("truncate -s {start} {}", path.display())), "{error}");
            assert_eq!(fs::read(&path).unwrap(), broken);
        }
    }

    #[test]
    fn an_entry_that_is_whole_and_not_understood_is_never_dropped() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().join("zone.journal");
        drop(Journal::open(&path, MOST).unwrap());
        for contents in [&b"\x03\0\0\0\0\0\0\0\x07more"[..], b"\x02\0\0\0\x01", b"\x09later", b""] {
            let mut all = MAGIC.to_vec();
            all.extend_from_slice(&number(contents.len()).unwrap());
            all.extend_from_slice(&checksum(contents));
            all.extend_from_slice(contents);
            fs::write(&path, &all).unwrap();
            assert!(Journal::open(&path, MOST).unwrap_err().to_string().contains("damaged at octet 16"));
        }
    }

    #[test]
    fn what_looks_like_entries_everywhere_is_searched_in_bounded_time() {
        // A length that fits, a checksum that does not and a kind, again and again.
        let rest: Vec<u8> = [0, 1, 1, 1, 1, 1, 1, 1].repeat(1 << 15);
        assert!(is_damage(&rest));
        assert!(!is_damage(&vec![0; 1 << 18]) && !is_damage(&vec![0xFF; 1 << 18]) && !is_damage(b""));
    }

    #[test]
    fn a_journal_is_long_when_it_is_and_after_that_when_it_has_doubled() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().join("zone.journal");
        let Entry::Diff(diff) = &entries()[1] else { panic!() };
        let mut journal = Journal::open(&path, 3 * size(diff)).unwrap().0;
        let (one, three) = (&entries()[1..2], &vec![entries()[1].clone(); 3]);
        let mut appended = 0;
        while !journal.is_long() {
            journal.append(one).unwrap();
            appended += 1;
        }
        assert_eq!(appended, 3, "with what every journal starts with");
        assert_eq!(journal.entries().unwrap().len(), 3);
        journal.replace(three).unwrap();
        assert!(!journal.is_long(), "it can't be shorter");
        journal.append(three).unwrap();
        assert!(!journal.is_long());
        journal.append(one).unwrap();
        assert!(journal.is_long());
        journal.replace(one).unwrap();
        assert!(!journal.is_long());
        assert_eq!(fs::metadata(&path).unwrap().len(), MAGIC.len() as u64 + size(diff));
    }

    #[test]
    fn a_kill_while_another_file_is_written_leaves_the_old_one() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().join("zone.journal");
        Journal::open(&path, MOST).unwrap().0.append(&entries()).unwrap();
        let old = fs::read(&path).unwrap();
        let mut journal = Journal::open(&path, MOST).unwrap().0;
        journal.replace(&entries()[1..]).unwrap();
        let new = fs::read(&path).unwrap();
        for len in 0..=new.len() {
            fs::write(&path, &old).unwrap();
            fs::write(path.with_extension("new"), &new[..len]).unwrap();
            let (mut journal, read) = Journal::open(&path, MOST).unwrap();
            assert_eq!(read, entries());
            journal.replace(&entries()[2..]).unwrap();
            journal.append(&entries()[..1]).unwrap();
            let (_, read) = Journal::open(&path, MOST).unwrap();
            assert_eq!(read, [entries()[2].clone(), entries()[0].clone()]);
        }
    }
}

//! A journal made short: what changed long ago becomes one change, or part of the whole zone; the last changes stay, for
//! secondaries that ask for them.
//!
//! The rule: whoever reads the short journal has the same zone as whoever read the long one.

use std::collections::HashMap;

use dns::zone::{Zone, ZoneBuilder, ZoneDiff};
use dns::{Class, Name, Rdata, Record};

use super::catalog::serial_of;
use super::journal::{Entry, size, whole};
use crate::Failure;

/// The journal of a zone whose file has the serial `base`. The last changes that together take no more than `octets` stay.
///
/// # Errors
/// The journal knows nothing of that serial.
pub fn of_file(entries: Vec<Entry>, base: u32, octets: u64) -> Result<Vec<Entry>, Failure> {
    let diffs: Vec<ZoneDiff> = entries.into_iter().filter_map(Entry::diff).collect();
    let start = diffs.iter().rposition(|diff| serial_of(&diff.removed) == Some(base));
    let start = start.ok_or("the journal knows nothing of the file's serial")?;
    let diffs = diffs.get(start..).unwrap_or_default();
    let (old, last) = diffs.split_at(cut(diffs, octets));
    let old = (!old.is_empty()).then(|| as_one(old));
    Ok(old.into_iter().chain(last.iter().cloned()).map(Entry::Diff).collect())
}

/// The journal of a copy of `origin`, the same way. `seed`: see [`ZoneBuilder::with`].
///
/// # Errors
/// There is no whole zone in it, or a change that does not go with it.
pub fn of_copy(entries: &[Entry], origin: &Name, seed: u64, octets: u64) -> Result<Vec<Entry>, Failure> {
    let Kept { diffs, fresh, .. } = Kept::read(entries, origin, seed)?;
    let last: Vec<Entry> = diffs.iter().skip(cut(&diffs, octets)).cloned().map(Entry::Diff).collect();
    // All but the last changes, in which there may be entries of another kind.
    let mut left = last.len();
    let mut old = entries.to_vec();
    while left > 0
        && let Some(entry) = old.pop()
    {
        left -= usize::from(matches!(entry, Entry::Diff(_)));
    }
    let zone = Kept::read(&old, origin, seed)?.zone.ok_or("there is no zone in it")?;
    Ok([whole(&zone)].into_iter().chain(last).chain([Entry::Fresh(fresh)]).collect())
}

/// What the journal of a copy leads to.
#[derive(Debug, Default)]
pub struct Kept {
    /// The zone.
    pub zone: Option<Zone>,
    /// What changed since it came as a whole.
    pub diffs: Vec<ZoneDiff>,
    /// When it was last known to be good.
    pub fresh: u64,
}

impl Kept {
    /// Reads entries. `seed`: see [`ZoneBuilder::with`].
    ///
    /// # Errors
    /// They don't go together.
    pub fn read(entries: &[Entry], origin: &Name, seed: u64) -> Result<Kept, Failure> {
        let mut kept = Kept::default();
        for entry in entries {
            match entry {
                Entry::Whole(records) => {
                    let mut builder = ZoneBuilder::with(origin.clone(), Class::IN, seed);
                    records.iter().try_for_each(|record| builder.push(record.as_record_ref()))?;
                    (kept.zone, kept.diffs) = (Some(builder.build()?), Vec::new());
                }
                Entry::Diff(diff) => {
                    if let Some(zone) = &mut kept.zone {
                        zone.apply(diff)?;
                        kept.diffs.push(diff.clone());
                    }
                }
                Entry::Fresh(unix) => kept.fresh = *unix,
            }
        }
        Ok(kept)
    }
}

/// How many changes come before the last ones that together take no more than `octets`.
fn cut(diffs: &[ZoneDiff], octets: u64) -> usize {
    let mut taken = 0;
    let fits = |diff: &&ZoneDiff| {
        taken += size(diff);
        taken <= octets
    };
    diffs.len() - diffs.iter().rev().take_while(fits).count()
}

/// A record that changes have touched: how it was at first, and how it is in the end.
struct Touched<'d> {
    order: usize,
    before: Option<&'d Record>,
    after: Option<&'d Record>,
}

/// Changes, one behind the other, as a single one. What came and went is not in it.
#[must_use]
pub fn as_one(diffs: &[ZoneDiff]) -> ZoneDiff {
    let mut all: HashMap<(&Name, &Rdata), Touched<'_>> = HashMap::new();
    for diff in diffs {
        for record in &diff.removed {
            let first = Touched { order: all.len(), before: Some(record), after: None };
            all.entry((&record.owner, &record.rdata)).or_insert(first).after = None;
        }
        for record in &diff.added {
            let first = Touched { order: all.len(), before: None, after: None };
            all.entry((&record.owner, &record.rdata)).or_insert(first).after = Some(record);
        }
    }
    let mut changed: Vec<_> = all.into_values().filter(|touched| touched.before != touched.after).collect();
    changed.sort_by_key(|touched| touched.order);
    ZoneDiff {
        removed: changed.iter().filter_map(|touched| touched.before.cloned()).collect(),
        added: changed.iter().filter_map(|touched| touched.after.cloned()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::catalog::difference;
    use super::*;

    const ORIGIN: &str = "example.org";

    fn zone(serial: u32, lines: &[String]) -> Zone {
        let origin: Name = ORIGIN.parse().unwrap();
        let text = format!("$TTL 60\n@ SOA ns host {serial} 1 2 3 4\n@ NS ns\n{}", lines.join("\n"));
        let mut parser = dns::zonefile::Parser::new(text.as_bytes(), "test").origin(origin.clone());
        let mut builder = ZoneBuilder::with(origin, Class::IN, 7);
        while let Some(entry) = parser.next().unwrap() {
            builder.push(entry.record).unwrap();
        }
        builder.build().unwrap()
    }

    /// Versions of a zone, each other than the one before in a few places, with records that come, go, return and change
    /// their TTL.
    fn versions(count: u32, mut random: u64) -> Vec<Zone> {
        let mut next = move |end: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % end
        };
        let mut ttls = [60; 4];
        let mut there = [[false; 4]; 4];
        let mut all = Vec::new();
        for serial in 1..=count {
            for _ in 0..=next(3) {
                let (name, address) = (next(4) as usize, next(4) as usize);
                there[name][address] = !there[name][address];
            }
            ttls[next(4) as usize] = 60 + next(3);
            let mut lines = Vec::new();
            for (name, addresses) in there.iter().enumerate() {
                for address in (0..4).filter(|address| addresses[*address]) {
                    lines.push(format!("host-{name} {} A 192.0.2.{address}", ttls[name]));
                }
            }
            all.push(zone(serial, &lines));
        }
        all
    }

    fn diffs(versions: &[Zone]) -> Vec<ZoneDiff> {
        versions.windows(2).map(|pair| difference(&pair[0], &pair[1])).collect()
    }

    fn text(zone: &Zone) -> Vec<String> {
        let Entry::Whole(records) = whole(zone) else { panic!() };
        let mut lines: Vec<String> = records.iter().map(ToString::to_string).collect();
        lines.sort();
        lines
    }

    #[test]
    fn many_changes_as_one_make_the_same_zone_and_say_nothing_twice() {
        for seed in 0..50 {
            let versions = versions(30, seed);
            let diffs = diffs(&versions);
            for end in 1..diffs.len() {
                let one = as_one(&diffs[..end]);
                assert_eq!(text(&versions[0].with(&one).unwrap()), text(&versions[end]), "seed {seed}");
                // As small as it can be: what a look at both zones finds.
                let least = difference(&versions[0], &versions[end]);
                assert_eq!((one.removed.len(), one.added.len()), (least.removed.len(), least.added.len()));
            }
        }
    }

    #[test]
    fn a_short_journal_leads_to_the_same_zone_with_the_last_changes_one_by_one() {
        let versions = versions(40, 1);
        let (diffs, last) = (diffs(&versions), text(&versions[39]));
        let origin: Name = ORIGIN.parse().unwrap();
        for octets in [0, 500, 2_000, 1 << 20] {
            let long: Vec<Entry> = diffs.iter().cloned().map(Entry::Diff).collect();
            // The file was given the third version by hand.
            let short = of_file(long.clone(), 3, octets).unwrap();
            let replayed = short.iter().cloned().filter_map(Entry::diff);
            let replayed = replayed.fold(versions[2].clone(), |zone, diff| zone.with(&diff).unwrap());
            assert_eq!(text(&replayed), last);
            let kept = short.iter().rev().zip(long.iter().rev()).take_while(|(a, b)| a == b).count();
            let taken: u64 = diffs.iter().rev().take(kept).map(size).sum();
            assert!(taken <= octets.max(size(&diffs[38])) && (kept > 0) == (octets > 0), "{octets}: {kept}");

            let copy = [vec![Entry::Fresh(1), whole(&versions[0])], long, vec![Entry::Fresh(2)]].concat();
            let short = of_copy(&copy, &origin, 7, octets).unwrap();
            let read = Kept::read(&short, &origin, 7).unwrap();
            assert_eq!((text(&read.zone.unwrap()), read.fresh), (last.clone(), 2));
            assert!(read.diffs.len() >= kept && read.diffs[..] == diffs[diffs.len() - read.diffs.len()..]);
        }
        assert!(of_file(vec![Entry::Diff(diffs[0].clone())], 7, 0).is_err());
        assert!(of_copy(&[Entry::Fresh(1)], &origin, 7, 0).is_err());
    }
}

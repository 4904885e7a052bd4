//! Entries found by their hash, within a budget of octets: what was wanted once makes room for what was wanted twice.
//!
//! New entries stand in a short queue. Who is asked for again before he gets to its front moves to the long queue, who is
//! not leaves: a scan through a million names passes by those in use. The long queue gives a second chance as often as
//! an entry was wanted. Who left and comes back soon is remembered by a tag, and starts in the long queue.

use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;

const EMPTY: u32 = u32::MAX;

/// An entry that was there: it may have left since, and its place be another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    slot: u32,
    generation: u32,
}

#[derive(Debug)]
struct Slot<T> {
    hash: u64,
    generation: u32,
    cost: u32,
    /// Times it was wanted since it was last looked at, up to 3.
    wanted: u8,
    long: bool,
    entry: Option<T>,
}

/// See the top of the file.
#[derive(Debug)]
pub(super) struct Table<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    /// Numbers of slots, by hash; a power of two, at most three quarters full.
    index: Vec<u32>,
    short: VecDeque<u32>,
    long: VecDeque<u32>,
    /// Tags of those who left the short queue.
    left: Vec<u32>,
    short_cost: usize,
    cost: usize,
    limit: usize,
}

impl<T> Table<T> {
    pub(super) fn new(limit: usize) -> Self {
        let left = (limit / 1024).next_power_of_two().clamp(64, 1 << 16);
        Table {
            slots: Vec::new(),
            free: Vec::new(),
            index: vec![EMPTY; 64],
            short: VecDeque::new(),
            long: VecDeque::new(),
            left: vec![0; left],
            short_cost: 0,
            cost: 0,
            limit,
        }
    }

    /// Entries.
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Octets in use.
    pub(super) fn cost(&self) -> usize {
        self.cost
    }

    /// The entry with this hash for which `is` holds.
    pub(super) fn find(&self, hash: u64, is: impl Fn(&T) -> bool) -> Option<Place> {
        let mask = self.index.len() - 1;
        let mut at = low(hash) & mask;
        loop {
            let slot = *self.index.get(at)?;
            if slot == EMPTY {
                return None;
            }
            let kept = self.slots.get(wide(slot))?;
            if kept.hash == hash && kept.entry.as_ref().is_some_and(&is) {
                return Some(Place { slot, generation: kept.generation });
            }
            at = (at + 1) & mask;
        }
    }

    /// The entry in this place, if it is still the same.
    pub(super) fn at(&self, place: Place) -> Option<&T> {
        let slot = self.slots.get(wide(place.slot))?;
        slot.entry.as_ref().filter(|_| slot.generation == place.generation)
    }

    /// Somebody asked for it.
    pub(super) fn want(&mut self, place: Place) {
        if let Some(slot) = self.slots.get_mut(wide(place.slot)) {
            slot.wanted = (slot.wanted + 1).min(3);
        }
    }

    /// Another entry in the same place, for those who know the place.
    pub(super) fn replace(&mut self, place: Place, entry: T, cost: usize) {
        let cost = narrow(cost);
        let Some(slot) = self.slots.get_mut(wide(place.slot)) else { return };
        let before = core::mem::replace(&mut slot.cost, cost);
        slot.entry = Some(entry);
        if !slot.long {
            self.short_cost = self.short_cost - wide(before) + wide(cost);
        }
        self.cost = self.cost - wide(before) + wide(cost);
        self.shrink();
    }

    /// A new entry. It may push out others, and itself if it is larger than all there may be.
    pub(super) fn insert(&mut self, hash: u64, entry: T, cost: usize) -> Place {
        let long = self.was_here(hash);
        let slot = Slot { hash, generation: 0, cost: narrow(cost), wanted: 0, long, entry: Some(entry) };
        let place = self.put(slot);
        self.enter(hash, place.slot);
        let queue = if long { &mut self.long } else { &mut self.short };
        queue.push_back(place.slot);
        self.cost += wide(narrow(cost));
        self.short_cost += if long { 0 } else { wide(narrow(cost)) };
        self.shrink();
        place
    }

    /// All entries, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|slot| slot.entry.as_ref())
    }

    fn put(&mut self, mut slot: Slot<T>) -> Place {
        if let Some(number) = self.free.pop()
            && let Some(kept) = self.slots.get_mut(wide(number))
        {
            slot.generation = kept.generation;
            let generation = slot.generation;
            *kept = slot;
            return Place { slot: number, generation };
        }
        let number = u32::try_from(self.slots.len()).unwrap_or(EMPTY);
        self.slots.push(slot);
        Place { slot: number, generation: 0 }
    }

    fn was_here(&self, hash: u64) -> bool {
        self.left.get(self.left_at(hash)) == Some(&tag(hash))
    }

    fn left_at(&self, hash: u64) -> usize {
        low(hash) & (self.left.len() - 1)
    }

    /// Makes room, front of the queues first. Every step takes an entry out, moves it to the long queue or takes a
    /// chance from it: it ends.
    fn shrink(&mut self) {
        while self.cost > self.limit {
            let short = self.short_cost > self.limit / 10 || self.long.is_empty();
            let queue = if short { &mut self.short } else { &mut self.long };
            let Some(number) = queue.pop_front() else { return };
            self.judge(number);
        }
    }

    fn judge(&mut self, number: u32) {
        let Some(slot) = self.slots.get_mut(wide(number)) else { return };
        if slot.wanted == 0 {
            return self.evict(number);
        }
        if slot.long {
            slot.wanted -= 1;
        } else {
            (slot.long, slot.wanted) = (true, 0);
            self.short_cost -= wide(slot.cost);
        }
        self.long.push_back(number);
    }

    fn evict(&mut self, number: u32) {
        let Some(slot) = self.slots.get_mut(wide(number)) else { return };
        let (hash, long, cost) = (slot.hash, slot.long, wide(slot.cost));
        slot.entry = None;
        slot.generation = slot.generation.wrapping_add(1);
        self.cost -= cost;
        if !long {
            self.short_cost -= cost;
            let at = self.left_at(hash);
            if let Some(place) = self.left.get_mut(at) {
                *place = tag(hash);
            }
        }
        self.leave(hash, number);
        self.free.push(number);
    }

    fn enter(&mut self, hash: u64, number: u32) {
        if self.len() * 4 > self.index.len() * 3 {
            self.grow();
        }
        let mask = self.index.len() - 1;
        let mut at = low(hash) & mask;
        while self.index.get(at).is_some_and(|slot| *slot != EMPTY) {
            at = (at + 1) & mask;
        }
        if let Some(place) = self.index.get_mut(at) {
            *place = number;
        }
    }

    /// Twice the room; the newest entry is not in it yet, and is entered by whoever called.
    fn grow(&mut self) {
        let numbers: Vec<u32> = self.index.iter().copied().filter(|slot| *slot != EMPTY).collect();
        let mask = self.index.len() * 2 - 1;
        self.index = vec![EMPTY; mask + 1];
        for number in numbers {
            let hash = self.slots.get(wide(number)).map_or(0, |slot| slot.hash);
            let mut at = low(hash) & mask;
            while self.index.get(at).is_some_and(|slot| *slot != EMPTY) {
                at = (at + 1) & mask;
            }
            if let Some(place) = self.index.get_mut(at) {
                *place = number;
            }
        }
    }

    /// Takes a number out of the index, and moves up those behind it that would no longer be found.
    fn leave(&mut self, hash: u64, number: u32) {
        let mask = self.index.len() - 1;
        let mut hole = low(hash) & mask;
        loop {
            match self.index.get(hole) {
                Some(slot) if *slot == number => break,
                Some(slot) if *slot != EMPTY => hole = (hole + 1) & mask,
                _ => return,
            }
        }
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let Some(slot) = self.index.get(at).copied().filter(|slot| *slot != EMPTY) else { break };
            let home = self.slots.get(wide(slot)).map_or(0, |kept| low(kept.hash) & mask);
            // It may move if its home is not behind the hole.
            if (at.wrapping_sub(home) & mask) >= (at.wrapping_sub(hole) & mask) {
                self.set(hole, slot);
                hole = at;
            }
        }
        self.set(hole, EMPTY);
    }

    fn set(&mut self, at: usize, number: u32) {
        if let Some(place) = self.index.get_mut(at) {
            *place = number;
        }
    }
}

fn wide(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn narrow(cost: usize) -> u32 {
    u32::try_from(cost).unwrap_or(u32::MAX)
}

fn low(hash: u64) -> usize {
    usize::try_from(hash & 0xFFFF_FFFF).unwrap_or(0)
}

fn tag(hash: u64) -> u32 {
    u32::try_from(hash >> 32).unwrap_or(0) | 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spreads, as a real hash would.
    fn hash(number: u64) -> u64 {
        (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17)
    }

    fn has(table: &Table<u64>, number: u64) -> bool {
        table.find(hash(number), |entry| *entry == number).is_some()
    }

    #[test]
    fn a_scan_does_not_push_out_what_is_in_use() {
        let mut table = Table::new(10_000);
        for number in 0..50 {
            let place = table.insert(hash(number), number, 100);
            table.want(place);
        }
        for number in 1_000..100_000 {
            table.insert(hash(number), number, 100);
            assert!(table.cost() <= 10_000);
        }
        let kept = (0..50).filter(|number| has(&table, *number)).count();
        assert!(kept >= 45, "{kept}");
    }

    #[test]
    fn everything_in_the_table_is_found_and_nothing_else() {
        let mut table = Table::new(40_000);
        for number in 0..2_000 {
            table.insert(hash(number), number, 100);
        }
        let all: Vec<u64> = table.iter().copied().collect();
        assert_eq!(all.len(), table.len());
        assert_eq!(table.cost(), all.len() * 100);
        for number in 0..2_000 {
            assert_eq!(has(&table, number), all.contains(&number), "{number}");
        }
    }

    #[test]
    fn a_place_that_was_given_away_is_known_as_such() {
        let mut table = Table::new(250);
        let first = table.insert(hash(1), 1, 100);
        for number in 2..10 {
            table.insert(hash(number), number, 100);
        }
        assert_eq!(table.at(first), None);
    }

    #[test]
    fn an_entry_larger_than_the_whole_does_not_stay() {
        let mut table = Table::new(100);
        let place = table.insert(hash(1), 1_u64, 101);
        assert_eq!((table.at(place), table.len(), table.cost()), (None, 0, 0));
    }
}

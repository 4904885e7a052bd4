//! Which tail of a name is in the message already (RFC 1035 section 4.1.4).
//!
//! Every tail that was written is remembered by its length and by where it stands; there it is compared, pointers and all.
//! While there are few, as in most answers, those of the same length are looked at one after the other. Many are found by
//! their hash. Tails that are forgotten are the latest: what did not fit leaves no trace.

use alloc::vec::Vec;

use crate::NameRef;
use crate::limits;
use crate::name;
use crate::name::words::{mix, small};

/// Pointers have 14 bits.
const REACH: u16 = 1 << 14;
/// Tails that are not worth a hash.
const FEW: usize = 24;
const SLOTS: usize = 4096;
/// Tails that one look-up compares before it gives up: who makes tails collide gets longer messages, not slower ones.
const PROBES: usize = 16;
/// Octets of a tail that its hash is of.
const KEPT: usize = 32;
/// The end of the tails in a slot.
const END: u16 = u16::MAX;

/// A name from one of its labels on.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tail {
    /// Where it stands in the message.
    pub(crate) offset: u16,
    mark: Mark,
}

impl Tail {
    /// None, if a pointer can't reach it.
    #[inline]
    pub(crate) fn new(offset: usize, wire: &[u8]) -> Option<Tail> {
        Self::marked(offset, Mark::of(wire))
    }

    #[inline]
    fn marked(offset: usize, mark: Mark) -> Option<Tail> {
        let offset = u16::try_from(offset).ok().filter(|offset| *offset < REACH)?;
        Some(Tail { offset, mark })
    }

    /// Whether it is the name with this wire form.
    #[inline]
    pub(crate) fn is(self, written: &[u8], wire: &[u8]) -> bool {
        self.mark == Mark::of(wire) && stands_at(written, self.offset, wire)
    }
}

/// What tells most tails apart at a glance: the length, and the first octets.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Mark(u16);

impl Mark {
    #[inline]
    fn of(wire: &[u8]) -> Mark {
        let short = || wire.iter().fold(0, |word, octet| word << 8 | u64::from(*octet));
        let word = wire.first_chunk().map_or_else(short, |first| u64::from_le_bytes(*first));
        // The letters small, and other octets whatever they become.
        let [.., first] = (word | 0x2020_2020_2020_2020).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes();
        let [len, ..] = wire.len().to_le_bytes();
        Mark(u16::from_le_bytes([len, first]))
    }

    /// One of 64 bits.
    #[inline]
    fn bit(self) -> u64 {
        1 << (self.0 >> 10)
    }
}

/// One of many tails.
struct Hashed {
    tail: Tail,
    hash: u16,
    /// The one before it in its slot.
    next: u16,
}

/// Octets of an owner that is kept; few are longer.
const OWNER: usize = 61;

/// The owner of a record, as it was told.
struct LastOwner {
    /// Where it stands.
    target: u16,
    /// 0: there is none.
    len: u8,
    octets: [u8; OWNER],
}

impl LastOwner {
    const NONE: LastOwner = LastOwner { target: 0, len: 0, octets: [0; OWNER] };

    /// Whether it is this one. Who spells it otherwise is looked for elsewhere.
    #[inline]
    fn is(&self, wire: &[u8]) -> bool {
        self.octets.get(..self.len.into()) == Some(wire)
    }

    #[inline]
    fn set(&mut self, wire: &[u8], target: u16) {
        if let (Some(place), Ok(len)) = (self.octets.get_mut(..wire.len()), u8::try_from(wire.len())) {
            place.copy_from_slice(wire);
            (self.len, self.target) = (len, target);
        }
    }
}

/// The tails of a message being written.
pub(crate) struct Compressor {
    few: [Tail; FEW],
    /// How many of the few there are: none once there are many.
    count: u8,
    /// The bits of the marks of the few, and of some that are forgotten.
    seen: u64,
    /// All of them, and the latest in each slot, when they have become many.
    many: Vec<Hashed>,
    slots: Vec<u16>,
    /// The tail behind the one that was asked for last: hosts come back in the order in which they were named.
    likely: usize,
    /// The owner of the last record, which mostly is that of the next one too.
    owner: LastOwner,
}

/// How a name is to be written.
pub(crate) struct Split {
    /// Octets that are written as they are.
    pub(crate) literal: usize,
    /// Where the rest stands; `None`: it is the root.
    pub(crate) target: Option<u16>,
}

impl Compressor {
    #[inline]
    pub(crate) fn new() -> Self {
        let (many, slots) = (Vec::new(), Vec::new());
        let owner = LastOwner::NONE;
        Compressor { few: [Tail::default(); FEW], count: 0, seen: 0, many, slots, likely: 0, owner }
    }

    /// Where the owner of the last record stands, if it is this.
    #[inline]
    pub(crate) fn owner(&self, wire: &[u8]) -> Option<u16> {
        self.owner.is(wire).then_some(self.owner.target)
    }

    /// Remembers where the owner of a record stands.
    #[inline]
    pub(crate) fn keep_owner(&mut self, wire: &[u8], target: u16) {
        self.owner.set(wire, target);
    }

    /// Forgets the tails from this octet of the message on, which are the latest.
    pub(crate) fn forget(&mut self, from: usize) {
        let gone = |tail: &Tail| usize::from(tail.offset) >= from;
        self.owner = LastOwner::NONE;
        while self.known_few().last().is_some_and(gone) {
            self.count -= 1;
        }
        while let Some(last) = self.many.pop_if(|last| gone(&last.tail)) {
            if let Some(slot) = self.slots.get_mut(usize::from(last.hash) % SLOTS) {
                *slot = last.next;
            }
        }
    }

    /// How to write the name with this wire form behind what is `written`; remembers where its tails will be.
    pub(crate) fn split(&mut self, written: &[u8], wire: &[u8]) -> Split {
        let likely = self.tail(self.likely).filter(|tail| tail.is(written, wire));
        if let Some(tail) = likely {
            self.likely += 1;
            return Split { literal: 0, target: Some(tail.offset) };
        }
        if self.slots.is_empty() {
            if let Some(split) = self.split_few(written, wire) {
                return split;
            }
            self.spread(written);
        }
        self.split_many(written, wire)
    }

    #[inline]
    fn tail(&self, number: usize) -> Option<Tail> {
        if self.slots.is_empty() {
            self.known_few().get(number).copied()
        } else {
            self.many.get(number).map(|hashed| hashed.tail)
        }
    }

    #[inline]
    fn known_few(&self) -> &[Tail] {
        self.few.get(..self.count.into()).unwrap_or_default()
    }

    /// None, and nothing is remembered, if its tails would be no more a few.
    #[inline]
    fn split_few(&mut self, written: &[u8], wire: &[u8]) -> Option<Split> {
        let (count, mut at) = (self.count, 0);
        while let Some(len @ 1..) = wire.get(at).copied() {
            let rest = wire.get(at..).unwrap_or_default();
            let mark = Mark::of(rest);
            if let Some(number) = self.find_few(written, rest, mark) {
                if at == 0 {
                    self.likely = number + 1;
                }
                return Some(Split {
                    literal: at,
                    target: self.known_few().get(number).map(|tail| tail.offset),
                });
            }
            if let Some(tail) = Tail::marked(written.len() + at, mark) {
                let Some(place) = self.few.get_mut(usize::from(self.count)) else {
                    self.count = count;
                    return None;
                };
                *place = tail;
                self.count += 1;
                self.seen |= mark.bit();
            }
            at += 1 + usize::from(len);
        }
        Some(Split { literal: at, target: None })
    }

    #[inline]
    fn find_few(&self, written: &[u8], wire: &[u8], mark: Mark) -> Option<usize> {
        if self.seen & mark.bit() == 0 {
            return None;
        }
        let is = |tail: &Tail| tail.mark == mark && stands_at(written, tail.offset, wire);
        self.known_few().iter().position(is)
    }

    /// From now on tails are found by their hash.
    #[cold]
    fn spread(&mut self, written: &[u8]) {
        self.slots = alloc::vec![END; SLOTS];
        let (few, count) = (self.few, core::mem::take(&mut self.count));
        for tail in few.into_iter().take(count.into()) {
            let mut place = [0; limits::NAME];
            let wire = NameRef::of_valid(written, tail.offset.into()).wire_in(&mut place);
            self.insert(hash(wire), tail);
        }
    }

    fn split_many(&mut self, written: &[u8], wire: &[u8]) -> Split {
        let mut at = 0;
        while let Some(len @ 1..) = wire.get(at).copied() {
            let rest = wire.get(at..).unwrap_or_default();
            let hash = hash(rest);
            if let Some(number) = self.find(hash, written, rest) {
                if at == 0 {
                    self.likely = number + 1;
                }
                return Split { literal: at, target: self.tail(number).map(|tail| tail.offset) };
            }
            if let Some(tail) = Tail::new(written.len() + at, rest) {
                self.insert(hash, tail);
            }
            at += 1 + usize::from(len);
        }
        Split { literal: at, target: None }
    }

    fn find(&self, hash: u16, written: &[u8], wire: &[u8]) -> Option<usize> {
        let mut number = usize::from(*self.slots.get(usize::from(hash) % SLOTS)?);
        for _ in 0..PROBES {
            let known = self.many.get(number)?;
            if known.hash == hash && known.tail.is(written, wire) {
                return Some(number);
            }
            number = known.next.into();
        }
        None
    }

    fn insert(&mut self, hash: u16, tail: Tail) {
        // There are fewer than a pointer can reach.
        let number = u16::try_from(self.many.len()).unwrap_or(END);
        if let Some(slot) = self.slots.get_mut(usize::from(hash) % SLOTS) {
            self.many.push(Hashed { tail, hash, next: core::mem::replace(slot, number) });
        }
    }
}

/// Of a tail, by its length and first octets in small letters: all octets of most names.
#[inline]
fn hash(wire: &[u8]) -> u16 {
    let kept = wire.get(..KEPT).unwrap_or(wire);
    let (words, rest) = kept.as_chunks::<8>();
    let mut hash = u64::try_from(wire.len()).unwrap_or_default();
    for word in words {
        hash = mix(hash, small(u64::from_le_bytes(*word)));
    }
    if !rest.is_empty() {
        let octets = || rest.iter().fold(0, |word, octet| word << 8 | u64::from(*octet));
        hash = mix(hash, small(kept.last_chunk().map_or_else(octets, |last| u64::from_le_bytes(*last))));
    }
    let [a, b, ..] = hash.to_le_bytes();
    u16::from_le_bytes([a, b])
}

/// Whether the name at an offset of what is written is this one.
#[inline]
pub(crate) fn stands_at(written: &[u8], at: u16, wire: &[u8]) -> bool {
    let (mut at, mut wire) = (usize::from(at), wire);
    loop {
        let end = run(written, at);
        match written.get(end..).and_then(|rest| rest.first_chunk()) {
            // A pointer leads strictly back: it was written here.
            Some([high @ 0xC0..=0xFF, low]) => {
                let Some((labels, rest)) = wire.split_at_checked(end - at) else { return false };
                if !written.get(at..end).is_some_and(|known| name::same(known, labels)) {
                    return false;
                }
                (at, wire) = (usize::from(u16::from_be_bytes([*high & 0x3F, *low])), rest);
            }
            _ => return written.get(at..=end).is_some_and(|known| name::same(known, wire)),
        }
    }
}

/// Where the labels that start there end.
#[inline]
fn run(written: &[u8], at: usize) -> usize {
    let mut end = at;
    while let Some(len @ 1..=63) = written.get(end).copied() {
        end += 1 + usize::from(len);
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Name;
    use alloc::collections::BTreeMap;
    use alloc::format;
    use proptest::prelude::*;

    fn write(written: &mut Vec<u8>, wire: &[u8], split: &Split) {
        written.extend_from_slice(&wire[..split.literal]);
        match split.target {
            Some(target) => written.extend_from_slice(&(0xC000 | target).to_be_bytes()),
            None => written.push(0),
        }
    }

    #[test]
    fn tails_that_did_not_fit_are_forgotten() {
        let mut names = Compressor::new();
        let mut written = alloc::vec![0; 12];
        let name = |number: usize| -> Name { format!("n{number}.example").parse().unwrap() };
        for number in 0..300 {
            let lost = format!("x{number}.lost.example").parse::<Name>().unwrap();
            names.split(&written, lost.as_wire());
            names.forget(written.len());
            let split = names.split(&written, name(number).as_wire());
            assert_eq!(split.target.is_some(), number > 0);
            write(&mut written, name(number).as_wire(), &split);
        }
        for number in 0..300 {
            assert_eq!(names.split(&written, name(number).as_wire()).literal, 0, "{number}");
        }
        assert_eq!(names.many.len(), 301);
    }

    #[test]
    fn tails_that_collide_are_not_compared_for_ever() {
        let mut names = Compressor::new();
        names.spread(&[]);
        for _ in 0..2000 {
            names.insert(7, Tail::new(12, b"\x01a\0").unwrap());
        }
        assert_eq!(names.find(7, &[0; 40], b"\x01a\0"), None);
    }

    fn names() -> impl Strategy<Value = Vec<Name>> {
        let label =
            prop::sample::select(&["a", "B", "b", "longlong", "longlonG", "longlongest", "longlongesu"][..]);
        let name = prop::collection::vec(label, 0..5);
        let name =
            name.prop_map(|labels| Name::from_labels(labels.iter().map(|label| label.as_bytes())).unwrap());
        prop::collection::vec(name, 0..40)
    }

    proptest! {
        /// The readable twin: a map from tails to where they stand.
        #[test]
        fn what_is_known_is_what_a_map_knows(all in names()) {
            let (mut names, mut written) = (Compressor::new(), alloc::vec![0; 12]);
            let mut known = BTreeMap::new();
            for name in all {
                let wire = name.as_wire();
                let tails = name.suffixes().filter(|tail| tail.len() > 1);
                let tails: Vec<_> = tails.map(|tail| (wire.len() - tail.len(), tail.to_ascii_lowercase())).collect();
                let expected = tails.iter().find_map(|(at, tail)| Some((*at, Some(*known.get(tail)?))));
                let split = names.split(&written, wire);
                prop_assert_eq!((split.literal, split.target), expected.unwrap_or((wire.len() - 1, None)));
                for (at, tail) in tails.into_iter().filter(|(at, _)| *at < split.literal) {
                    known.insert(tail, u16::try_from(written.len() + at).unwrap());
                }
                write(&mut written, wire, &split);
            }
        }
    }
}

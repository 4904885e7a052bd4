//! Which tail of a name is in the message already (RFC 1035 section 4.1.4).
//!
//! Most names end as the question's does: what both end in is seen where they lie. Every other tail that was written is
//! remembered by its length, its first octets, and by where it stands; there it is compared, pointers and all. While there
//! are few, as in most answers, those that look alike are found one after the other. Many are found by their hash. Tails
//! that are forgotten are the latest: what did not fit leaves no trace.

use alloc::vec::Vec;

use crate::limits;
use crate::name;
use crate::name::words::{mix, small};
use crate::{Header, NameRef};

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
struct Tail {
    /// Where it stands in the message.
    offset: u16,
    mark: Mark,
}

impl Tail {
    /// None, if a pointer can't reach it.
    #[inline]
    fn new(offset: usize, wire: &[u8]) -> Option<Tail> {
        Self::marked(offset, Mark::of(wire))
    }

    #[inline]
    fn marked(offset: usize, mark: Mark) -> Option<Tail> {
        let offset = u16::try_from(offset).ok().filter(|offset| *offset < REACH)?;
        Some(Tail { offset, mark })
    }

    /// Whether it is the name with this wire form.
    #[inline]
    fn is(self, written: &[u8], wire: &[u8]) -> bool {
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
#[derive(Clone, Copy)]
pub(crate) struct Split {
    /// Octets that are written as they are.
    pub(crate) literal: usize,
    /// Where the rest stands; `None`: it is the root.
    pub(crate) target: Option<u16>,
}

impl Split {
    /// As much of a name as the question's ends in, which stands behind the header; none, if there is no question.
    #[inline]
    pub(crate) fn of_question(question: &[u8], wire: &[u8]) -> Split {
        let alike = alike_at_end(question, wire);
        let (mut theirs, mut rest) = (question, wire);
        // What is alike may start within a label: both lose labels until as much is left of one as of the other. The root is
        // not worth a pointer.
        while rest.len() > 1 && alike > 1 {
            let (own, other) = (rest.len(), theirs.len());
            if own == other && own <= alike {
                let target = u16::try_from(Header::LEN + question.len() - other).ok();
                return Split { literal: wire.len() - own, target };
            }
            if own >= other {
                rest = behind_label(rest);
            }
            if other >= own {
                theirs = behind_label(theirs);
            }
        }
        Split { literal: wire.len().saturating_sub(1), target: None }
    }
}

/// How many octets these end in are the same, but for the case of letters.
#[inline]
fn alike_at_end(a: &[u8], b: &[u8]) -> usize {
    // Mostly one of them ends in the other.
    if a.ends_with(b) || b.ends_with(a) {
        return a.len().min(b.len());
    }
    let mut alike = 0;
    for (a, b) in a.rchunks(8).zip(b.rchunks(8)) {
        let (Ok(word_a), Ok(word_b)) = (a.try_into(), b.try_into()) else {
            let same = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a.eq_ignore_ascii_case(b));
            return alike + same.count();
        };
        let difference = small(u64::from_le_bytes(word_a)) ^ small(u64::from_le_bytes(word_b));
        if difference != 0 {
            return alike + difference.to_be_bytes().iter().take_while(|octet| **octet == 0).count();
        }
        alike += 8;
    }
    alike
}

/// Octets of the first label, its length included.
#[inline]
fn label_len(wire: &[u8]) -> usize {
    1 + usize::from(wire.first().copied().unwrap_or_default())
}

#[inline]
fn behind_label(wire: &[u8]) -> &[u8] {
    wire.get(label_len(wire)..).unwrap_or_default()
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

    /// Where a name stands whose turn it is, if the order is that of the last time.
    #[inline]
    pub(crate) fn in_turn(&mut self, written: &[u8], wire: &[u8]) -> Option<u16> {
        let tail = self.tail(self.likely).filter(|tail| tail.is(written, wire))?;
        self.likely += 1;
        Some(tail.offset)
    }

    /// How to write the name with this wire form behind what is `written`: as is `known` already, or with a pointer to more
    /// of it. Remembers where its tails will be.
    pub(crate) fn split(&mut self, written: &[u8], wire: &[u8], known: Split) -> Split {
        if self.slots.is_empty() {
            if let Some(split) = self.split_few(written, wire, known) {
                return split;
            }
            self.spread(written);
        }
        self.split_many(written, wire, known)
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
    fn split_few(&mut self, written: &[u8], wire: &[u8], known: Split) -> Option<Split> {
        let (count, mut at) = (self.count, 0);
        while at < known.literal {
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
            at += label_len(rest);
        }
        Some(known)
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

    fn split_many(&mut self, written: &[u8], wire: &[u8], known: Split) -> Split {
        let mut at = 0;
        while at < known.literal {
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
            at += label_len(rest);
        }
        known
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

    fn split(names: &mut Compressor, question: &[u8], written: &[u8], wire: &[u8]) -> Split {
        match names.in_turn(written, wire) {
            Some(target) => Split { literal: 0, target: Some(target) },
            None => names.split(written, wire, Split::of_question(question, wire)),
        }
    }

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
            split(&mut names, &[], &written, lost.as_wire());
            names.forget(written.len());
            let split = split(&mut names, &[], &written, name(number).as_wire());
            assert_eq!(split.target.is_some(), number > 0);
            write(&mut written, name(number).as_wire(), &split);
        }
        for number in 0..300 {
            assert_eq!(split(&mut names, &[], &written, name(number).as_wire()).literal, 0, "{number}");
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

    fn name() -> impl Strategy<Value = Name> {
        let label =
            prop::sample::select(&["a", "B", "b", "longlong", "longlonG", "longlongest", "longlongesu"][..]);
        let name = prop::collection::vec(label, 0..5);
        name.prop_map(|labels| Name::from_labels(labels.iter().map(|label| label.as_bytes())).unwrap())
    }

    #[test]
    fn what_the_question_ends_in_starts_where_labels_do() {
        let question = b"\x03x\x01b\x01c\0";
        for (name, literal, target) in [
            (&b"\x03x\x01b\x01c\0"[..], 0, Some(12)),
            (b"\x01c\0", 0, Some(16)),
            (b"\x01C\0", 0, Some(16)),
            (b"\x01b\x01c\0", 2, Some(16)), // within a label
            (b"\x01a\x03X\x01b\x01C\0", 2, Some(12)),
            (b"\x02cc\0", 3, None),
            (b"\0", 0, None),
        ] {
            let split = Split::of_question(question, name);
            assert_eq!((split.literal, split.target), (literal, target), "{name:?}");
        }
    }

    proptest! {
        /// The readable twin: a map from tails to where they stand.
        #[test]
        fn what_is_known_is_what_a_map_knows(question in name(), all in prop::collection::vec(name(), 0..40)) {
            let tails = |name: &Name| -> Vec<_> {
                let tails = name.suffixes().filter(|tail| tail.len() > 1);
                tails.map(|tail| (name.as_wire().len() - tail.len(), tail.to_ascii_lowercase())).collect()
            };
            let (mut names, mut written) = (Compressor::new(), [&[0; 12], question.as_wire()].concat());
            let known = tails(&question).into_iter().map(|(at, tail)| (tail, u16::try_from(12 + at).unwrap()));
            let mut known: BTreeMap<_, _> = known.collect();
            for name in all {
                let (wire, tails) = (name.as_wire(), tails(&name));
                let expected = tails.iter().find_map(|(at, tail)| Some((*at, Some(*known.get(tail)?))));
                let split = split(&mut names, question.as_wire(), &written, wire);
                prop_assert_eq!((split.literal, split.target), expected.unwrap_or((wire.len() - 1, None)));
                for (at, tail) in tails.into_iter().filter(|(at, _)| *at < split.literal) {
                    known.insert(tail, u16::try_from(written.len() + at).unwrap());
                }
                write(&mut written, wire, &split);
            }
        }
    }
}

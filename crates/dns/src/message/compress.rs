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
struct Tail {
    /// Where it stands in the message.
    offset: u16,
    /// Octets uncompressed, the root label included.
    len: u8,
    /// The first letter: mostly it tells tails of the same length apart.
    letter: u8,
}

impl Tail {
    /// None, if a pointer can't reach it.
    #[inline]
    fn new(offset: usize, wire: &[u8]) -> Option<Tail> {
        let offset = u16::try_from(offset).ok().filter(|offset| *offset < REACH)?;
        Some(Tail { offset, len: u8::try_from(wire.len()).ok()?, letter: letter(wire) })
    }

    /// Whether it is the name with this wire form.
    #[inline]
    fn is(self, written: &[u8], wire: &[u8]) -> bool {
        let alike = usize::from(self.len) == wire.len() && self.letter == letter(wire);
        alike && stands_at(written, self.offset, wire)
    }
}

/// One of many tails.
struct Hashed {
    tail: Tail,
    hash: u16,
    /// The one before it in its slot.
    next: u16,
}

/// The tails of a message being written.
pub(crate) struct Compressor {
    few: [Tail; FEW],
    /// How many of the few there are; of no meaning once there are many.
    count: u8,
    /// All of them, and the latest in each slot, when they have become many.
    many: Vec<Hashed>,
    slots: Vec<u16>,
    /// The tail behind the one that was asked for last: hosts come back in the order in which they were named.
    likely: usize,
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
        Compressor { few: [Tail::default(); FEW], count: 0, many, slots, likely: 0 }
    }

    /// What is known now, to come back to.
    #[inline]
    pub(crate) fn mark(&self) -> usize {
        if self.slots.is_empty() { self.count.into() } else { self.many.len() }
    }

    /// Forgets what became known since, latest first.
    pub(crate) fn forget(&mut self, mark: usize) {
        if self.slots.is_empty() {
            self.count = u8::try_from(mark).unwrap_or(self.count);
        }
        while self.many.len() > mark {
            let Some(last) = self.many.pop() else { break };
            if let Some(slot) = self.slots.get_mut(usize::from(last.hash) % SLOTS) {
                *slot = last.next;
            }
        }
    }

    /// How to write the name with this wire form behind what is `written`; remembers where its tails will be.
    pub(crate) fn split(&mut self, written: &[u8], wire: &[u8]) -> Split {
        if let Some(tail) = self.tail(self.likely).filter(|tail| tail.is(written, wire)) {
            self.likely += 1;
            return Split { literal: 0, target: Some(tail.offset) };
        }
        if self.slots.is_empty() {
            let split = self.find_few(written, wire);
            if self.remember_few(written.len(), wire, split.literal) {
                return split;
            }
            self.spread(written);
        }
        self.split_many(written, wire)
    }

    #[inline]
    fn tail(&self, number: usize) -> Option<Tail> {
        if self.slots.is_empty() {
            self.few.get(..self.count.into()).and_then(|few| few.get(number)).copied()
        } else {
            self.many.get(number).map(|hashed| hashed.tail)
        }
    }

    #[inline]
    fn find_few(&mut self, written: &[u8], wire: &[u8]) -> Split {
        let known = self.few.get(..self.count.into()).unwrap_or_default();
        let mut at = 0;
        while let Some(len @ 1..) = wire.get(at).copied() {
            let rest = wire.get(at..).unwrap_or_default();
            if let Some((number, tail)) = known.iter().enumerate().find(|(_, tail)| tail.is(written, rest)) {
                if at == 0 {
                    self.likely = number + 1;
                }
                return Split { literal: at, target: Some(tail.offset) };
            }
            at += 1 + usize::from(len);
        }
        Split { literal: at, target: None }
    }

    /// Remembers the tails that start in the octets written as they are; false if they would be no more a few.
    #[inline]
    fn remember_few(&mut self, offset: usize, wire: &[u8], literal: usize) -> bool {
        let (count, mut at) = (self.count, 0);
        while at < literal {
            let Some(place) = self.few.get_mut(usize::from(self.count)) else {
                self.count = count;
                return false;
            };
            let rest = wire.get(at..).unwrap_or_default();
            if let Some(tail) = Tail::new(offset + at, rest) {
                *place = tail;
                self.count += 1;
            }
            at += 1 + usize::from(rest.first().copied().unwrap_or_default());
        }
        true
    }

    /// From now on tails are found by their hash.
    #[cold]
    fn spread(&mut self, written: &[u8]) {
        self.slots = alloc::vec![END; SLOTS];
        let few = self.few;
        for tail in few.into_iter().take(self.count.into()) {
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

/// The first of the first label, as a small one.
#[inline]
fn letter(wire: &[u8]) -> u8 {
    wire.get(1).map_or(0, |letter| letter | 0x20)
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
            let mark = names.mark();
            let lost = format!("x{number}.lost.example").parse::<Name>().unwrap();
            names.split(&written, lost.as_wire());
            names.forget(mark);
            let split = names.split(&written, name(number).as_wire());
            assert_eq!(split.target.is_some(), number > 0);
            write(&mut written, name(number).as_wire(), &split);
        }
        for number in 0..300 {
            assert_eq!(names.split(&written, name(number).as_wire()).literal, 0, "{number}");
        }
        assert_eq!(names.mark(), 301);
    }

    #[test]
    fn tails_that_collide_are_not_compared_for_ever() {
        let mut names = Compressor::new();
        names.spread(&[]);
        for _ in 0..2000 {
            names.insert(7, Tail { offset: 12, len: 3, letter: b'a' });
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

//! Which tail of a name is in the message already (RFC 1035 section 4.1.4).
//!
//! Every tail that was written is remembered by its first 32 octets in small letters, which is all of most names: a name
//! is looked up from its first label on, at the same cost for each, and a find is certain without a look into the
//! message. Tails that are forgotten are the latest: what did not fit leaves no trace.

use alloc::vec::Vec;

use crate::NameRef;
use crate::limits;

/// Pointers have 14 bits.
const REACH: usize = 1 << 14;
/// Tails that one look-up compares before it gives up: who makes tails collide gets longer messages, not slower ones.
const PROBES: usize = 16;
/// Tails that need no memory of their own: most answers have no more.
const FEW: usize = 16;
/// Slots for few tails, and for many.
const SLOTS: usize = 64;
const MANY_SLOTS: usize = 4096;
/// With so many tails the slots become many.
const CROWD: u16 = 96;
/// No tail. They are numbered from 1.
const NONE: u16 = 0;
/// Octets of a tail that are kept.
const KEPT: usize = 32;

/// A name from one of its labels on.
#[derive(Clone, Copy)]
struct Tail {
    /// Its first octets in small letters; zeros if it has not as many.
    words: [u64; KEPT / 8],
    /// How many octets it has, the root label included.
    len: u8,
    /// Where it stands in the message.
    offset: u16,
    /// The one before it in its slot.
    next: u16,
}

impl Tail {
    const NOTHING: Tail = Tail { words: [0; KEPT / 8], len: 0, offset: 0, next: NONE };

    #[inline]
    fn hash(&self) -> usize {
        let [a, b, c, d] = self.words;
        let sum = (a ^ u64::from(self.len)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
            ^ b.wrapping_mul(0xC2B2_AE3D_27D4_EB4F)
            ^ c.wrapping_mul(0x1656_67B1_9E37_79F9)
            ^ d.wrapping_mul(0x85EB_CA77_C2B2_AE63);
        usize::try_from((sum ^ sum >> 32).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40).unwrap_or_default()
    }
}

/// The tails of a message being written.
pub(crate) struct Compressor {
    count: u16,
    few: [Tail; FEW],
    more: Vec<Tail>,
    slots: [u16; SLOTS],
    many_slots: Vec<u16>,
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
        let (few, slots) = ([Tail::NOTHING; FEW], [NONE; SLOTS]);
        Compressor { count: 0, few, more: Vec::new(), slots, many_slots: Vec::new() }
    }

    /// What is known now, to come back to.
    #[inline]
    pub(crate) fn mark(&self) -> u16 {
        self.count
    }

    /// Forgets what became known since, latest first.
    pub(crate) fn forget(&mut self, mark: u16) {
        while self.count > mark {
            let Some(tail) = self.tail(self.count).copied() else { break };
            if let Some(slot) = self.slot(tail.hash()) {
                *slot = tail.next;
            }
            self.count -= 1;
            self.more.truncate(usize::from(self.count).saturating_sub(FEW));
        }
    }

    #[inline]
    fn tail(&self, number: u16) -> Option<&Tail> {
        let index = usize::from(number).checked_sub(1)?;
        self.few.get(index).or_else(|| self.more.get(index - FEW))
    }

    #[inline]
    fn slot(&mut self, hash: usize) -> Option<&mut u16> {
        match self.many_slots.is_empty() {
            true => self.slots.get_mut(hash % SLOTS),
            false => self.many_slots.get_mut(hash % MANY_SLOTS),
        }
    }

    /// How to write the name with this wire form behind what is `written`; remembers where its tails will be.
    #[inline]
    pub(crate) fn split(&mut self, written: &[u8], wire: &[u8]) -> Split {
        if wire.len() <= KEPT {
            self.split_small(written, wire, &mut [0; 2 * KEPT])
        } else {
            self.split_small(written, wire, &mut [0; limits::NAME + 1 + KEPT])
        }
    }

    /// With zeroed memory for the name in small letters, and a tail's worth of zeros behind it.
    #[inline]
    fn split_small<const N: usize>(&mut self, written: &[u8], wire: &[u8], small: &mut [u8; N]) -> Split {
        lowercase_to(wire, small);
        let mut at = 0;
        while let Some(len @ 1..) = wire.get(at).copied() {
            let rest = wire.get(at..).unwrap_or_default();
            let tail = Tail { words: words(small, at), len: octets(rest), ..Tail::NOTHING };
            let hash = tail.hash();
            if let Some(target) = self.find(hash, &tail, written, rest) {
                return Split { literal: at, target: Some(target) };
            }
            self.insert(hash, tail, written.len() + at);
            at += 1 + usize::from(len);
        }
        Split { literal: at, target: None }
    }

    #[inline]
    fn find(&mut self, hash: usize, tail: &Tail, written: &[u8], wire: &[u8]) -> Option<u16> {
        let mut number = *self.slot(hash)?;
        for _ in 0..PROBES {
            let known = self.tail(number)?;
            let alike = known.words == tail.words && known.len == tail.len;
            if alike && (wire.len() <= KEPT || same(written, known.offset, wire)) {
                return Some(known.offset);
            }
            number = known.next;
        }
        None
    }

    /// Remembers a tail, if a pointer can reach it.
    #[inline]
    fn insert(&mut self, hash: usize, tail: Tail, offset: usize) {
        let Some(offset) = u16::try_from(offset).ok().filter(|offset| usize::from(*offset) < REACH) else {
            return;
        };
        if self.count == CROWD && self.many_slots.is_empty() {
            self.spread();
        }
        let number = self.count + 1;
        let Some(slot) = self.slot(hash) else { return };
        let tail = Tail { offset, next: core::mem::replace(slot, number), ..tail };
        match self.few.get_mut(usize::from(self.count)) {
            Some(place) => *place = tail,
            None => self.more.push(tail),
        }
        self.count = number;
    }

    /// Puts all tails into many slots.
    #[cold]
    fn spread(&mut self) {
        self.many_slots = alloc::vec![NONE; MANY_SLOTS];
        for (number, tail) in (1..).zip(self.few.iter_mut().chain(&mut self.more)) {
            if let Some(slot) = self.many_slots.get_mut(tail.hash() % MANY_SLOTS) {
                tail.next = core::mem::replace(slot, number);
            }
        }
    }
}

fn octets(wire: &[u8]) -> u8 {
    u8::try_from(wire.len()).unwrap_or(u8::MAX)
}

/// Whether the name at an offset of what is written is this one.
fn same(written: &[u8], offset: u16, wire: &[u8]) -> bool {
    NameRef::of_valid(written, offset.into()) == NameRef::of_valid(wire, 0)
}

/// The words from there on.
#[inline]
fn words(small: &[u8], at: usize) -> [u64; KEPT / 8] {
    let kept = small.get(at..).and_then(|rest| rest.first_chunk::<KEPT>()).unwrap_or(&[0; KEPT]);
    let word = |at: usize| {
        let octets = kept.get(at..at + 8).and_then(|octets| octets.try_into().ok());
        u64::from_le_bytes(octets.unwrap_or_default())
    };
    [word(0), word(8), word(16), word(24)]
}

#[inline]
fn lowercase_to(wire: &[u8], small: &mut [u8]) {
    let (words, rest) = wire.as_chunks::<8>();
    let (places, _) = small.as_chunks_mut::<8>();
    for (word, place) in words.iter().zip(&mut *places) {
        *place = lowercase(u64::from_le_bytes(*word)).to_le_bytes();
    }
    if let Some(place) = places.get_mut(words.len()) {
        let word = rest.iter().rev().fold(0, |word, octet| word << 8 | u64::from(*octet));
        *place = lowercase(word).to_le_bytes();
    }
}

/// Eight octets at a time (RFC 4343 section 3): 0x20 is added to those from A to Z.
#[inline]
fn lowercase(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xFF;
    let low = word & (ONES * 0x7F);
    let from_a = low + ONES * (0x80 - b'A' as u64);
    let beyond_z = low + ONES * (0x7F - b'Z' as u64);
    let upper = from_a & !beyond_z & !word & (ONES * 0x80);
    word | upper >> 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Name;
    use alloc::format;
    use proptest::prelude::*;

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
            written.extend_from_slice(&name(number).as_wire()[..split.literal]);
            written.extend_from_slice(&[0; 2]);
        }
        for number in 0..300 {
            assert_eq!(names.split(&written, name(number).as_wire()).literal, 0, "{number}");
        }
        assert_eq!(names.count, 301);
    }

    #[test]
    fn tails_that_collide_are_not_compared_for_ever() {
        let mut names = Compressor::new();
        let like = Tail { words: [7; 4], len: 99, ..Tail::NOTHING };
        for _ in 0..2000 {
            names.insert(like.hash(), like, 12);
        }
        let wire = [b"\x3F".as_slice(), &[b'a'; 63], b"\0"].concat();
        assert_eq!(names.find(like.hash(), &like, &[0; 40], &wire), None);
    }

    #[test]
    fn long_tails_are_compared_to_their_end() {
        let mut names = Compressor::new();
        let long = |last: &str| -> Name { format!("{}.{}", "a".repeat(40), last).parse().unwrap() };
        let mut written = alloc::vec![0; 12];
        assert_eq!(names.split(&written, long("bc").as_wire()).target, None);
        written.extend_from_slice(long("bc").as_wire());
        assert_eq!(names.split(&written, long("BC").as_wire()).target, Some(12));
        assert_eq!(names.split(&written, long("bd").as_wire()).target, None);
    }

    proptest! {
        #[test]
        fn letters_become_small_and_nothing_else_changes(octets in prop::array::uniform8(any::<u8>())) {
            let expected = u64::from_le_bytes(octets.map(|octet| octet.to_ascii_lowercase()));
            prop_assert_eq!(lowercase(u64::from_le_bytes(octets)), expected);
        }

        #[test]
        fn whole_names_become_small(octets in prop::collection::vec(any::<u8>(), 0..=255)) {
            let mut small = [0; limits::NAME + 1 + KEPT];
            lowercase_to(&octets, &mut small);
            let (front, behind) = small.split_at(octets.len());
            prop_assert_eq!(front, octets.to_ascii_lowercase());
            prop_assert!(behind.iter().all(|octet| *octet == 0));
        }
    }
}

//! Which tail of a name is in the message already (RFC 1035 section 4.1.4).
//!
//! A tail is a label in front of a tail that is known, or of the root. So a name is looked up from its last label on, and
//! each step compares one label alone: most of them whole at one stroke, the rest where they stand in the message. Tails
//! that are forgotten are the latest: what did not fit leaves no trace.

use alloc::vec::Vec;

use crate::name::order::{LABELS, label_starts};
use crate::name::words::{head, mix_label};

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
/// No tail, or that of the root alone. The others are numbered from 1.
const ROOT: u16 = 0;
/// Octets of a label that its head holds.
const HEAD: usize = 7;

/// A name from one of its labels on.
#[derive(Clone, Copy)]
struct Tail {
    /// The label's length and first octets, in small letters.
    head: u64,
    /// What is behind the label.
    parent: u16,
    hash: u16,
    /// Where it stands in the message.
    offset: u16,
    /// The one before it in its slot.
    next: u16,
}

impl Tail {
    const NOTHING: Tail = Tail { head: 0, parent: ROOT, hash: 0, offset: 0, next: ROOT };

    /// The tail that a label of this wire form starts, if `parent` is what is behind it.
    #[inline]
    fn new(wire: &[u8], at: usize, parent: u16) -> Tail {
        let [_, _, _, _, a, b, ..] = mix_label(u64::from(parent), wire, at).to_le_bytes();
        Tail { head: head(wire, at), parent, hash: u16::from_le_bytes([a, b]), ..Tail::NOTHING }
    }

    /// Whether these are the same tail. The label, in a wire form and where it stands in what is written.
    #[inline]
    fn is(&self, other: &Tail, label: &[u8], written: &[u8]) -> bool {
        let alike = self.head == other.head && self.parent == other.parent && self.hash == other.hash;
        alike
            && (label.len() <= HEAD || {
                let start = usize::from(self.offset) + 1;
                let known = written.get(start..start + label.len()).unwrap_or_default();
                known == label || known.eq_ignore_ascii_case(label)
            })
    }
}

/// The tails of a message being written.
pub(crate) struct Compressor {
    count: u16,
    few: [Tail; FEW],
    more: Vec<Tail>,
    slots: [u8; SLOTS],
    many_slots: Vec<u16>,
}

/// Whether the name at an offset of what is written is this one, in the same case as well.
#[inline]
pub(crate) fn stands_at(written: &[u8], at: u16, wire: &[u8]) -> bool {
    let (mut at, mut wire) = (usize::from(at), wire);
    loop {
        let mut end = at;
        while let Some(len @ 1..=63) = written.get(end).copied() {
            end += 1 + usize::from(len);
        }
        // A pointer leads strictly back: it was written here.
        let Some([high @ 0xC0..=0xFF, low]) = written.get(end..).and_then(|rest| rest.first_chunk()) else {
            return written.get(at..=end) == Some(wire);
        };
        let Some(rest) = written.get(at..end).and_then(|labels| wire.strip_prefix(labels)) else {
            return false;
        };
        wire = rest;
        at = usize::from(u16::from_be_bytes([*high & 0x3F, *low]));
    }
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
        let (few, slots) = ([Tail::NOTHING; FEW], [0; SLOTS]);
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
            self.put_first(tail.hash, tail.next);
            self.count -= 1;
            self.more.truncate(usize::from(self.count).saturating_sub(FEW));
        }
    }

    #[inline]
    fn tail(&self, number: u16) -> Option<&Tail> {
        let index = usize::from(number).checked_sub(1)?;
        self.few.get(index).or_else(|| self.more.get(index - FEW))
    }

    /// The latest tail of those whose hash leads to the same slot.
    #[inline]
    fn first(&self, hash: u16) -> u16 {
        match self.many_slots.get(usize::from(hash) % MANY_SLOTS) {
            Some(number) => *number,
            None => self.slots.get(usize::from(hash) % SLOTS).copied().unwrap_or_default().into(),
        }
    }

    #[inline]
    fn put_first(&mut self, hash: u16, number: u16) {
        if let Some(slot) = self.many_slots.get_mut(usize::from(hash) % MANY_SLOTS) {
            *slot = number;
        } else if let (Some(slot), Ok(number)) =
            (self.slots.get_mut(usize::from(hash) % SLOTS), number.try_into())
        {
            *slot = number;
        }
    }

    /// How to write the name with this wire form behind what is `written`; remembers where its tails will be.
    pub(crate) fn split(&mut self, written: &[u8], wire: &[u8]) -> Split {
        let mut split = Split { literal: wire.len().saturating_sub(1), target: None };
        let (mut parent, mut all_known) = (ROOT, true);
        for start in label_starts(wire, &mut [0; LABELS]).iter().rev() {
            let start = usize::from(*start);
            let tail = Tail::new(wire, start, parent);
            let label = wire.get(start + 1..split.literal).unwrap_or_default();
            let found = if all_known { self.find(&tail, label, written) } else { None };
            if let Some((number, offset)) = found {
                split = Split { literal: start, target: Some(offset) };
                parent = number;
            } else {
                all_known = false;
                let Some(number) = self.insert(tail, written.len() + start) else { break };
                parent = number;
            }
        }
        split
    }

    /// The number of a tail, and where it stands.
    #[inline]
    fn find(&self, tail: &Tail, label: &[u8], written: &[u8]) -> Option<(u16, u16)> {
        let mut number = self.first(tail.hash);
        for _ in 0..PROBES {
            let known = self.tail(number)?;
            if known.is(tail, label, written) {
                return Some((number, known.offset));
            }
            number = known.next;
        }
        None
    }

    /// Remembers a tail under the number returned, if a pointer can reach it.
    #[inline]
    fn insert(&mut self, tail: Tail, offset: usize) -> Option<u16> {
        let offset = u16::try_from(offset).ok().filter(|offset| usize::from(*offset) < REACH)?;
        if self.count == CROWD && self.many_slots.is_empty() {
            self.spread();
        }
        let (tail, number) = (Tail { offset, next: self.first(tail.hash), ..tail }, self.count + 1);
        self.put_first(tail.hash, number);
        match self.few.get_mut(usize::from(self.count)) {
            Some(place) => *place = tail,
            None => self.more.push(tail),
        }
        self.count = number;
        Some(number)
    }

    /// Puts all tails into many slots.
    #[cold]
    fn spread(&mut self) {
        self.many_slots = alloc::vec![ROOT; MANY_SLOTS];
        for (number, tail) in (1..).zip(self.few.iter_mut().chain(&mut self.more)) {
            if let Some(slot) = self.many_slots.get_mut(usize::from(tail.hash) % MANY_SLOTS) {
                tail.next = core::mem::replace(slot, number);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Name;
    use alloc::collections::BTreeMap;
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
        let like = Tail { hash: 7, ..Tail::NOTHING };
        for _ in 0..2000 {
            names.insert(like, 12);
        }
        assert_eq!(names.find(&Tail { head: 1, ..like }, b"a", &[0; 40]), None);
    }

    #[test]
    fn long_labels_are_compared_to_their_end() {
        let mut names = Compressor::new();
        let long = |last: &str| -> Name { format!("{}{last}.example", "a".repeat(40)).parse().unwrap() };
        let mut written = alloc::vec![0; 12];
        assert_eq!(names.split(&written, long("bc").as_wire()).target, None);
        written.extend_from_slice(long("bc").as_wire());
        assert_eq!(names.split(&written, long("BC").as_wire()).literal, 0);
        let alike = Tail::new(long("bd").as_wire(), 0, 1);
        let same_hash = Tail { hash: Tail::new(long("bc").as_wire(), 0, 1).hash, ..alike };
        assert_eq!(names.find(&same_hash, &long("bd").as_wire()[1..43], &written), None);
        assert!(names.find(&same_hash, &long("bc").as_wire()[1..43], &written).is_some());
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
                written.extend_from_slice(&wire[..split.literal]);
                written.extend_from_slice(&split.target.map_or([0, 0], |target| (0xC000 | target).to_be_bytes()));
            }
        }
    }
}

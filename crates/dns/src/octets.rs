//! Octets that are mostly few: up to 30 of them need no memory of their own.
//!
//! Names and RDATA are both of that kind: nine in ten names of the real world fit.

use alloc::boxed::Box;
use core::fmt;

const INLINE: usize = 30;

/// An immutable run of octets, in place or on the heap.
#[derive(Clone)]
pub(crate) enum Octets {
    Inline { len: u8, octets: [u8; INLINE] },
    Heap(Box<[u8]>),
}

impl Octets {
    /// A single zero: the root name.
    pub(crate) const ZERO: Octets = Octets::Inline { len: 1, octets: [0; INLINE] };

    #[inline]
    pub(crate) fn of(octets: &[u8]) -> Self {
        let mut inline = [0; INLINE];
        match (inline.get_mut(..octets.len()), u8::try_from(octets.len())) {
            (Some(place), Ok(len)) => {
                place.copy_from_slice(octets);
                Octets::Inline { len, octets: inline }
            }
            _ => Octets::Heap(octets.into()),
        }
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            Octets::Inline { len, octets } => octets.get(..usize::from(*len)).unwrap_or_default(),
            Octets::Heap(octets) => octets,
        }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        match self {
            Octets::Inline { len, octets } => octets.get_mut(..usize::from(*len)).unwrap_or_default(),
            Octets::Heap(octets) => octets,
        }
    }

    /// Octets of the heap in use.
    pub(crate) fn heap_len(&self) -> usize {
        match self {
            Octets::Inline { .. } => 0,
            Octets::Heap(octets) => octets.len(),
        }
    }
}

impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_octets_stay_in_place_and_many_move_out() {
        let many = [7; 400];
        for len in [0, 1, 29, 30, 31, 255, 256, 400] {
            let octets = Octets::of(&many[..len]);
            assert_eq!(octets.as_slice(), &many[..len]);
            assert_eq!(octets.heap_len(), if len <= 30 { 0 } else { len });
        }
        assert_eq!(size_of::<Octets>(), 32);
    }
}

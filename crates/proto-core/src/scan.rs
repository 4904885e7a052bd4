//! The one place for fast scanning: where is the next line end, and where in this block is all that has a meaning?
//!
//! - [`find_byte`], [`find_any`]: the next of one to three bytes (memchr).
//! - [`find`]: the next byte of a [`Class`].
//! - [`fold`] and [`index`]: a structural index. One pass over a block gives, for each 64 bytes and each class asked for, a `u64`
//!   whose bit `i` says that byte `i` is in the class. A parser then walks bits, not bytes.
//! - [`unescape`]: a copy with escapes of two hexadecimal digits undone.
//!
//! With feature `simd` the work is done by the widest registers of the running CPU, which is found out once; without it,
//! and on CPUs that have none, by [`plain`], the readable twin and the oracle of the tests. Nothing here allocates.
//!
//! ```
//! use proto_core::scan::{self, Bits, Class, Classes};
//!
//! /// What gives a header its shape: 0 line ends, 1 colons, 2 what must not occur in a value.
//! struct Header;
//! impl Classes<3> for Header {
//!     const CLASSES: [Class; 3] =
//!         [Class::of(b"\n"), Class::of(b":"), Class::CTL.and(Class::of(b"\t\r\n").not())];
//! }
//!
//! let head = b"Host: example.org\r\nAccept: */*\r\n\r\n";
//! let mut masks = [[0; 3]; 1];
//! assert_eq!(scan::index::<Header, 3>(head, &mut masks), head.len());
//! let [[line_ends, colons, forbidden]] = masks;
//! assert_eq!(Bits(line_ends).collect::<Vec<_>>(), [18, 31, 33]);
//! assert_eq!(Bits(colons).next(), Some(4));
//! assert_eq!(forbidden, 0);
//! ```

use core::ops::ControlFlow;

mod class;
mod escapes;
pub mod plain;
#[cfg(feature = "simd")]
mod simd;
#[cfg(feature = "simd")]
pub(crate) mod vectors;

#[cfg(feature = "simd")]
use fearless_simd::Level;

pub use class::Class;
pub use escapes::unescape;
pub use memchr::{
    memchr as find_byte, memchr2 as find_either, memchr3 as find_any, memrchr as find_last_byte,
};

/// How many bytes one mask stands for.
pub const BLOCK: usize = 64;

/// The classes of a structural index, fixed when the program is compiled, so that each index has a loop of its own.
pub trait Classes<const N: usize> {
    /// Bit masks come in this order.
    const CLASSES: [Class; N];
}

/// Walks over `bytes` and gives `step` the offset of each 64 of them with a mask per class: bit `i` of mask `c` is set if
/// byte `offset + i` is in class `c`. Bits behind the end are zero. The state goes from step to step by value, in registers;
/// `step` may break off.
///
/// To go on later with more of the same input, start again at a multiple of 64.
pub fn fold<C: Classes<N>, const N: usize, T, B>(
    bytes: &[u8],
    state: T,
    step: impl FnMut(T, usize, [u64; N]) -> ControlFlow<B, T>,
) -> ControlFlow<B, T> {
    #[cfg(feature = "simd")]
    return simd::fold::<C, N, T, B>(Level::new(), bytes, state, step);
    #[cfg(not(feature = "simd"))]
    return plain::fold::<C, N, T, B>(bytes, state, step);
}

/// [`fold`] with the masks kept: `masks[b][c]` is that of class `c` in the 64 bytes from `64 * b` on. Returns how many
/// bytes were indexed: all, or 64 for each of `masks`; masks beyond the end are left alone.
pub fn index<C: Classes<N>, const N: usize>(bytes: &[u8], masks: &mut [[u64; N]]) -> usize {
    let bytes = bytes.get(..masks.len().saturating_mul(BLOCK)).unwrap_or(bytes);
    let _ = fold::<C, N, _, ()>(bytes, masks.iter_mut(), |mut places, _, found| {
        if let Some(place) = places.next() {
            *place = found;
        }
        ControlFlow::Continue(places)
    });
    bytes.len()
}

/// Where the first byte of `class` is.
#[must_use]
pub fn find(bytes: &[u8], class: &Class) -> Option<usize> {
    #[cfg(feature = "simd")]
    return simd::find(Level::new(), bytes, class);
    #[cfg(not(feature = "simd"))]
    return plain::find(bytes, class);
}

/// The places of the ones in a mask, from the lowest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Bits(pub u64);

impl Iterator for Bits {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        let place = self.0.trailing_zeros();
        self.0 &= self.0.wrapping_sub(1);
        (place < u64::BITS).then_some(place)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let ones = self.0.count_ones() as usize;
        (ones, Some(ones))
    }
}

impl ExactSizeIterator for Bits {}

/// The places of all members of one class in an indexed block, in order.
pub fn places<const N: usize>(masks: &[[u64; N]], class: usize) -> impl Iterator<Item = usize> {
    masks.iter().enumerate().flat_map(move |(block, masks)| {
        Bits(masks.get(class).copied().unwrap_or(0)).map(move |bit| block * BLOCK + bit as usize)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One of each kind of class that a kernel treats in its own way.
    struct Kinds;
    impl Classes<7> for Kinds {
        const CLASSES: [Class; 7] = [
            Class::of(b"\n"),
            Class::of(b"\xFE"),
            Class::CTL,
            Class::VCHAR.not(),
            Class::EIGHT_BIT,
            Class::of(b"a\x80\x8F\xF0\xFF"),
            Class::NONE,
        ];
    }

    /// What is indexed, by whatever this CPU can do: the best first, the plain loop last.
    fn indexed(bytes: &[u8], blocks: usize) -> Vec<Vec<[u64; 7]>> {
        let mut all = vec![vec![[!0; 7]; blocks]];
        assert_eq!(index::<Kinds, 7>(bytes, &mut all[0]), bytes.len().min(64 * blocks));
        let bytes = bytes.get(..64 * blocks).unwrap_or(bytes);
        let keep = |mut kept: Vec<[u64; 7]>, at, masks| {
            kept[at / 64] = masks;
            ControlFlow::<(), _>::Continue(kept)
        };
        let empty = || vec![[!0; 7]; blocks];
        #[cfg(feature = "simd")]
        for level in vectors::levels() {
            all.extend(simd::fold::<Kinds, 7, _, _>(level, bytes, empty(), keep).continue_value());
        }
        all.extend(plain::fold::<Kinds, 7, _, _>(bytes, empty(), keep).continue_value());
        all
    }

    fn found(bytes: &[u8], class: &Class) -> Vec<Option<usize>> {
        let mut all = vec![find(bytes, class)];
        #[cfg(feature = "simd")]
        all.extend(vectors::levels().into_iter().map(|level| simd::find(level, bytes, class)));
        all.push(plain::find(bytes, class));
        all.push(bytes.iter().position(|byte| class.contains(*byte)));
        all
    }

    fn assert_same<T: PartialEq + core::fmt::Debug>(all: &[T], what: &str) {
        assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "{what}: {all:?}");
    }

    #[test]
    fn vectors_and_the_plain_loop_agree_at_every_length_and_offset() {
        let bytes: Vec<u8> = (0..400u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
        for offset in [0, 1, 31, 63] {
            for len in 0..300 {
                let bytes = &bytes[offset..offset + len];
                assert_same(&indexed(bytes, 5), "masks");
                for class in Kinds::CLASSES {
                    assert_same(&found(bytes, &class), "places");
                }
            }
        }
    }

    #[test]
    fn every_byte_is_classified_alike() {
        for byte in 0..=u8::MAX {
            for len in [1, 3, 7, 15, 16, 31, 33, 63, 64, 65] {
                let all = indexed(&vec![byte; len], 2);
                assert_same(&all, "masks");
                for (class, mask) in Kinds::CLASSES.iter().zip(all[0][0]) {
                    let whole = u64::MAX >> (64 - len.min(64));
                    assert_eq!(
                        mask,
                        if class.contains(byte) { whole } else { 0 },
                        "{byte:#04x} in {class:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn masks_too_few_or_too_many_are_no_harm() {
        let bytes = [b'\n'; 130];
        for blocks in 0..5 {
            assert_same(&indexed(&bytes, blocks), "masks");
        }
        assert_eq!(indexed(&bytes, 4)[0][3], [!0; 7], "a mask behind the end is left alone");
    }

    #[test]
    fn places_are_those_of_the_bytes() {
        let bytes = b"a\n".repeat(100);
        let mut masks = [[0; 7]; 4];
        index::<Kinds, 7>(&bytes, &mut masks);
        assert!(places(&masks, 0).eq((0..100).map(|i| 2 * i + 1)));
        assert_eq!(places(&masks, 9).count(), 0);
        assert_eq!(Bits(0b1010_0001).collect::<Vec<_>>(), [0, 5, 7]);
        assert_eq!(Bits(u64::MAX).len(), 64);
    }

    proptest! {
        #[test]
        fn vectors_and_the_plain_loop_agree(bytes in prop::collection::vec(any::<u8>(), 0..1000)) {
            assert_same(&indexed(&bytes, 16), "masks");
            assert_same(&found(&bytes, &Class::of(b"a\x80\x8F\xF0\xFF")), "places");
        }
    }
}

//! The one place for fast scanning: where is the next line end, and where in this block is all that has a meaning?
//!
//! - [`find_byte`], [`find_any`]: the next of one to three bytes (memchr).
//! - [`find`]: the next byte of a [`Class`].
//! - [`fold`] and [`index`]: a structural index. One pass over a block gives, for each 64 bytes and each class asked for, a `u64`
//!   whose bit `i` says that byte `i` is in the class. A parser then walks bits, not bytes.
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
pub mod plain;
#[cfg(feature = "simd")]
mod simd;

pub use class::Class;
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
    return simd::fold::<C, N, T, B>(bytes, state, step);
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
    return simd::find(bytes, class);
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

    fn both(bytes: &[u8], blocks: usize) -> [(usize, Vec<[u64; 7]>); 2] {
        let (mut fast, mut plain) = (vec![[!0; 7]; blocks], vec![[!0; 7]; blocks]);
        let indexed = index::<Kinds, 7>(bytes, &mut fast);
        let shown = bytes.get(..64 * blocks).unwrap_or(bytes);
        let _ = plain::fold::<Kinds, 7, (), ()>(shown, (), |(), at, masks| {
            plain[at / 64] = masks;
            ControlFlow::Continue(())
        });
        [(indexed, fast), (shown.len(), plain)]
    }

    #[test]
    fn vectors_and_the_plain_loop_agree_at_every_length_and_offset() {
        let bytes: Vec<u8> = (0..400u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
        for offset in 0..70 {
            for len in 0..300 {
                let bytes = &bytes[offset..offset + len];
                let [fast, plain] = both(bytes, 5);
                assert_eq!(fast, plain, "offset {offset}, length {len}");
                for class in Kinds::CLASSES {
                    assert_eq!(
                        find(bytes, &class),
                        plain::find(bytes, &class),
                        "offset {offset}, length {len}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_byte_is_classified_alike() {
        for byte in 0..=u8::MAX {
            for len in [1, 3, 7, 15, 16, 31, 33, 63, 64, 65] {
                let [fast, plain] = both(&vec![byte; len], 2);
                assert_eq!(fast, plain, "byte {byte:#04x}, length {len}");
            }
        }
    }

    #[test]
    fn masks_too_few_or_too_many_are_no_harm() {
        let bytes = [b'\n'; 130];
        for (blocks, indexed) in [(0, 0), (1, 64), (2, 128), (3, 130), (4, 130)] {
            let [fast, plain] = both(&bytes, blocks);
            assert_eq!(fast, plain);
            assert_eq!(fast.0, indexed);
        }
        assert_eq!(both(&bytes, 4)[0].1[3], [!0; 7], "a mask behind the end is left alone");
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
            let [fast, plain] = both(&bytes, 16);
            prop_assert_eq!(fast, plain);
        }
    }
}

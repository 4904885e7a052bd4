//! The vector kernels: 64 bytes a step, the widest registers of the running CPU.
//!
//! Dispatch happens once per call; each kernel is one loop that the compiler builds anew for every level. Nothing here
//! is `unsafe`: bytes come in by array chunks, and what is left over at the end by chunks that overlap.

use core::ops::ControlFlow;

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x16, u8x32, u8x64};

use super::vectors::{Block, has_look_up, table};
use super::{BLOCK, Class, Classes, plain};

pub(super) fn fold<C: Classes<N>, const N: usize, T, B>(
    level: Level,
    bytes: &[u8],
    state: T,
    step: impl FnMut(T, usize, [u64; N]) -> ControlFlow<B, T>,
) -> ControlFlow<B, T> {
    dispatch!(level, simd => fold_with::<_, C, N, T, B>(simd, bytes, state, step))
}

pub(super) fn find(level: Level, bytes: &[u8], class: &Class) -> Option<usize> {
    dispatch!(level, simd => find_with(simd, bytes, class))
}

#[inline(always)]
fn fold_with<S: Simd, C: Classes<N>, const N: usize, T, B>(
    simd: S,
    bytes: &[u8],
    mut state: T,
    mut step: impl FnMut(T, usize, [u64; N]) -> ControlFlow<B, T>,
) -> ControlFlow<B, T> {
    if !has_look_up(simd.level()) {
        return plain::fold::<C, N, T, B>(bytes, state, step);
    }
    let (blocks, tail) = bytes.as_chunks::<BLOCK>();
    for (at, block) in blocks.iter().enumerate() {
        let block = Block::of(u8x64::simd_from(simd, *block));
        state = step(state, at * BLOCK, masks::<S, C, N>(&block))?;
    }
    if tail.is_empty() {
        return ControlFlow::Continue(state);
    }
    let (vector, fold) = load_tail(simd, bytes, tail.len());
    let block = Block::of(vector);
    let mut masks = masks::<S, C, N>(&block);
    masks.iter_mut().for_each(|mask| *mask = fold.apply(*mask));
    step(state, blocks.len() * BLOCK, masks)
}

/// A mask for each class. A loop, for a closure might be compiled for itself, and then for a CPU without vectors.
#[inline(always)]
fn masks<S: Simd, C: Classes<N>, const N: usize>(block: &Block<S>) -> [u64; N] {
    let mut masks = [0; N];
    for (mask, class) in masks.iter_mut().zip(const { &C::CLASSES }) {
        *mask = block.members(*class);
    }
    masks
}

#[inline(always)]
fn find_with<S: Simd>(simd: S, bytes: &[u8], class: &Class) -> Option<usize> {
    if !has_look_up(simd.level()) {
        return plain::find(bytes, class);
    }
    let (low, high) = (table(simd, class.low), table(simd, class.high));
    let (blocks, tail) = bytes.as_chunks::<BLOCK>();
    for (at, block) in blocks.iter().enumerate() {
        let members = Block::of(u8x64::simd_from(simd, *block)).in_tables(low, high);
        if members != 0 {
            return Some(at * BLOCK + members.trailing_zeros() as usize);
        }
    }
    if tail.is_empty() {
        return None;
    }
    let (vector, fold) = load_tail(simd, bytes, tail.len());
    let members = fold.apply(Block::of(vector).in_tables(low, high));
    (members != 0).then(|| blocks.len() * BLOCK + members.trailing_zeros() as usize)
}

/// How the mask of a vector that [`load_tail`] put together becomes the mask of the tail.
#[derive(Clone, Copy)]
struct Fold {
    /// Where the first part's bits begin, and the second's.
    from: (usize, usize),
    /// Where the second part's bits go; the first part's go to the bottom.
    to: usize,
    /// As many ones as a part has bits.
    keep: u64,
}

impl Fold {
    /// Two parts of `size` bytes that overlap so much that they cover `len`.
    #[inline(always)]
    fn overlapping(size: usize, len: usize) -> Self {
        Fold { from: (0, size), to: len - size, keep: (1 << size) - 1 }
    }

    #[inline(always)]
    fn apply(self, mask: u64) -> u64 {
        (mask >> self.from.0 & self.keep) | (mask >> self.from.1 & self.keep) << self.to
    }
}

/// The last `tail` bytes (1 to 63) of `bytes`, without reading past the end and without copying: from a longer slice its
/// last 64 bytes, from a shorter one two chunks that overlap.
#[inline(always)]
fn load_tail<S: Simd>(simd: S, bytes: &[u8], tail: usize) -> (u8x64<S>, Fold) {
    if let Some(last) = bytes.last_chunk::<BLOCK>() {
        let before = BLOCK - tail;
        let fold = Fold { from: (before, before), to: 0, keep: u64::MAX >> before };
        return (u8x64::simd_from(simd, *last), fold);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<32>(), bytes.last_chunk::<32>()) {
        let vector = simd.combine_u8x32(u8x32::simd_from(simd, *first), u8x32::simd_from(simd, *last));
        return (vector, Fold::overlapping(32, tail));
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<16>(), bytes.last_chunk::<16>()) {
        let half = simd.combine_u8x16(u8x16::simd_from(simd, *first), u8x16::simd_from(simd, *last));
        return (simd.combine_u8x32(half, half), Fold::overlapping(16, tail));
    }
    let (short, fold) = load_short(bytes);
    (table(simd, short), fold)
}

/// Less than 16 bytes as a number.
#[inline(always)]
fn load_short(bytes: &[u8]) -> (u128, Fold) {
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        let (first, last) = (u64::from_le_bytes(*first), u64::from_le_bytes(*last));
        return (u128::from(first) | u128::from(last) << 64, Fold::overlapping(8, bytes.len()));
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return (u128::from(first) | u128::from(last) << 32, Fold::overlapping(4, bytes.len()));
    }
    let number = bytes.iter().rev().fold(0, |number, byte| number << 8 | u128::from(*byte));
    (number, Fold { from: (0, 0), to: 0, keep: (1 << bytes.len()) - 1 })
}

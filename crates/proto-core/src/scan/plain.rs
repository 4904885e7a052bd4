//! The plain loops: the twin that says what the vector kernels mean, and what runs where there are no vectors.

use core::ops::ControlFlow;

use super::{BLOCK, Class, Classes};

/// As [`scan::fold`](super::fold), one byte at a time.
pub fn fold<C: Classes<N>, const N: usize, T, B>(
    bytes: &[u8],
    state: T,
    mut step: impl FnMut(T, usize, [u64; N]) -> ControlFlow<B, T>,
) -> ControlFlow<B, T> {
    let mut blocks = bytes.chunks(BLOCK).enumerate();
    blocks.try_fold(state, |state, (at, block)| {
        step(state, at * BLOCK, C::CLASSES.map(|class| mask(block, class)))
    })
}

/// As [`scan::find`](super::find), one byte at a time.
#[must_use]
pub fn find(bytes: &[u8], class: &Class) -> Option<usize> {
    bytes.iter().position(|byte| class.contains(*byte))
}

fn mask(block: &[u8], class: Class) -> u64 {
    block.iter().rev().fold(0, |mask, byte| mask << 1 | u64::from(class.contains(*byte)))
}

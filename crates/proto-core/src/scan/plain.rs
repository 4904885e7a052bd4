//! The plain loops: the twin that says what the vector kernels mean, and what runs where there are no vectors.

use core::marker::PhantomData;
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
        step(state, at * BLOCK, Tables::<C, N>::MEMBERS.each_ref().map(|members| mask(block, members)))
    })
}

/// As [`scan::find`](super::find), one byte at a time.
#[must_use]
pub fn find(bytes: &[u8], class: &Class) -> Option<usize> {
    bytes.iter().position(|byte| class.contains(*byte))
}

/// Each class as a table, made when the program is compiled.
struct Tables<C, const N: usize>(PhantomData<C>);

impl<C: Classes<N>, const N: usize> Tables<C, N> {
    #[expect(clippy::indexing_slicing, reason = "when compiled: no index depends on anything")]
    const MEMBERS: [[bool; 256]; N] = {
        let (mut members, mut at) = ([[false; 256]; N], 0);
        while at < N {
            members[at] = C::CLASSES[at].members();
            at += 1;
        }
        members
    };
}

fn mask(block: &[u8], members: &[bool; 256]) -> u64 {
    let is_member = |byte: u8| members.get(usize::from(byte)).copied().unwrap_or(false);
    block.iter().enumerate().fold(0, |mask, (at, byte)| mask | u64::from(is_member(*byte)) << at)
}

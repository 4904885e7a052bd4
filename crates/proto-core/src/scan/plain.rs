//! The plain loops: the twin that says what the vector kernels mean, and what runs where there are no vectors.

use super::{BLOCK, Class, Classes};

/// As [`scan::index`](super::index), one byte at a time.
pub fn index<C: Classes<N>, const N: usize>(bytes: &[u8], masks: &mut [[u64; N]]) -> usize {
    let mut indexed = 0;
    for (block, masks) in bytes.chunks(BLOCK).zip(masks) {
        *masks = C::CLASSES.map(|class| mask(block, class));
        indexed += block.len();
    }
    indexed
}

/// As [`scan::find`](super::find), one byte at a time.
#[must_use]
pub fn find(bytes: &[u8], class: &Class) -> Option<usize> {
    bytes.iter().position(|byte| class.contains(*byte))
}

fn mask(block: &[u8], class: Class) -> u64 {
    block.iter().rev().fold(0, |mask, byte| mask << 1 | u64::from(class.contains(*byte)))
}

//! What vector kernels share: what the running CPU is good at, and classifying 64 bytes.

use fearless_simd::{Level, Simd, prelude::*, u8x16, u8x64};

use super::Class;

/// Table look-ups within a register: SSE2 and the scalar fallback have none, and the plain loop is faster there.
#[inline(always)]
pub(crate) fn has_look_up(level: Level) -> bool {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    return level.as_sse4_2().is_some();
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
    return !level.is_fallback();
}

/// Look-ups in 64 bytes at once, at the price of one in 16.
#[inline(always)]
pub(crate) fn has_long_look_up(level: Level) -> bool {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    return level.as_avx512().is_some();
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
    return false & level.is_fallback();
}

/// The four parts of 16 bytes.
#[inline(always)]
pub(crate) fn blocks<S: Simd>(bytes: u8x64<S>) -> [[u8; 16]; 4] {
    let simd = bytes.token();
    let (low, high) = simd.split_u8x64(bytes);
    let ((a, b), (c, d)) = (simd.split_u8x32(low), simd.split_u8x32(high));
    [a.into(), b.into(), c.into(), d.into()]
}

/// 64 bytes, taken apart for look-ups.
#[derive(Clone, Copy)]
pub(crate) struct Block<S: Simd> {
    bytes: u8x64<S>,
    /// The low halves: which column of a table.
    column: u8x64<S>,
    /// The high halves as a bit: which row of an ASCII table; zero beyond ASCII.
    pub(crate) row: u8x64<S>,
}

impl<S: Simd> Block<S> {
    #[inline(always)]
    pub(crate) fn of(bytes: u8x64<S>) -> Self {
        let rows =
            table(bytes.token(), u128::from_le_bytes([1, 2, 4, 8, 16, 32, 64, 128, 0, 0, 0, 0, 0, 0, 0, 0]));
        Block { bytes, column: bytes & 0x0F, row: rows.swizzle_dyn_within_blocks(bytes >> 4) }
    }

    /// The bits of the bytes that are in `class`, which is known when this is compiled.
    #[inline(always)]
    pub(super) fn members(&self, class: Class) -> u64 {
        if let Some(byte) = class.only() {
            return self.bytes.simd_eq(byte).to_bitmask();
        }
        let simd = self.bytes.token();
        let ascii = match class.low {
            0 => 0,
            low => self.in_rows(table(simd, low), self.row),
        };
        match class.high {
            0 => ascii,
            u128::MAX => ascii | self.bytes.simd_ge(0x80).to_bitmask(),
            high => ascii | self.in_rows(table(simd, high), self.high_row()),
        }
    }

    /// The same for a class known only now.
    #[inline(always)]
    pub(super) fn in_tables(&self, low: u8x64<S>, high: u8x64<S>) -> u64 {
        let found = low.swizzle_dyn_within_blocks(self.column) & self.row
            | high.swizzle_dyn_within_blocks(self.column) & self.high_row();
        !found.simd_eq(0).to_bitmask()
    }

    #[inline(always)]
    pub(crate) fn in_rows(&self, table: u8x64<S>, row: u8x64<S>) -> u64 {
        !(table.swizzle_dyn_within_blocks(self.column) & row).simd_eq(0).to_bitmask()
    }

    #[inline(always)]
    fn high_row(&self) -> u8x64<S> {
        let rows = table(
            self.bytes.token(),
            u128::from_le_bytes([0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128]),
        );
        rows.swizzle_dyn_within_blocks(self.bytes >> 4)
    }
}

/// The same 16 bytes in every part of a register.
#[inline(always)]
pub(crate) fn table<S: Simd>(simd: S, bytes: u128) -> u8x64<S> {
    let part = u8x16::simd_from(simd, bytes.to_le_bytes());
    let half = simd.combine_u8x16(part, part);
    simd.combine_u8x32(half, half)
}

/// All that this CPU can do, for tests.
#[cfg(test)]
pub(crate) fn levels() -> Vec<Level> {
    let best = Level::new();
    let mut levels = vec![best];
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    {
        levels.extend(best.as_avx2().map(Simd::level));
        levels.extend(best.as_sse4_2().map(Simd::level));
        levels.extend(best.as_sse2().map(Simd::level));
    }
    levels
}

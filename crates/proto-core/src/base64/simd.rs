//! Base64 by vectors: 64 characters for 48 bytes, a step at a time.
//!
//! A value is found from a character by the offset of its row (its high half), for each row of ASCII holds one stretch of
//! the alphabet; the last character of the alphabet stands alone. Four values of six bits become three bytes by shifts
//! within 32 bits, and a permutation packs them. The way back is the same, backwards. The plain loops in the parent
//! module say what this means, and do what is left over at the end.

use fearless_simd::{Level, Simd, dispatch, i16x32, prelude::*, u8x16, u8x32, u8x64, u16x32, u32x16};

use super::{Alphabet, LINE, LINE_BYTES, first_line};
use crate::scan::Class;
use crate::scan::vectors::{self, Block};

/// An alphabet as vectors want it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tables {
    chars: [u8; 64],
    /// The characters, by rows of ASCII.
    members: u128,
    /// What to add to a character of each row to get its value, but for the last character.
    value_offsets: [u8; 16],
    /// What to add to a value to get its character: 0 lower case, 1 to 10 digits, 11 and 12 the last two, 13 upper case.
    char_offsets: [u8; 16],
}

impl Tables {
    pub(super) const fn new(chars: [u8; 64]) -> Tables {
        let [.., char_62, char_63] = chars;
        let digit = b'0'.wrapping_sub(52);
        let mut char_offsets = [digit; 16];
        char_offsets[0] = b'a' - 26;
        char_offsets[11] = char_62.wrapping_sub(62);
        char_offsets[12] = char_63.wrapping_sub(63);
        char_offsets[13] = b'A';
        let (upper, lower) = (0_u8.wrapping_sub(b'A'), 26_u8.wrapping_sub(b'a'));
        let mut value_offsets = [0; 16];
        value_offsets[2] = 62_u8.wrapping_sub(char_62);
        value_offsets[3] = 52_u8.wrapping_sub(b'0');
        (value_offsets[4], value_offsets[5]) = (upper, upper);
        (value_offsets[6], value_offsets[7]) = (lower, lower);
        Tables { chars, members: Class::of(&chars).low, value_offsets, char_offsets }
    }
}

/// Decodes from the front of `text` as long as there are 64 characters of the alphabet and room for 48 bytes. Returns how
/// many steps that were.
pub(super) fn decode(level: Level, alphabet: &Alphabet, text: &[u8], out: &mut [u8]) -> usize {
    dispatch!(level, simd => decode_with(simd, &alphabet.tables, text, out))
}

/// Encodes from the front of `bytes` as long as there are 48 and room for 64 characters. Returns how many steps that were.
pub(super) fn encode(level: Level, alphabet: &Alphabet, bytes: &[u8], out: &mut [u8]) -> usize {
    dispatch!(level, simd => encode_with(simd, &alphabet.tables, bytes, out))
}

/// Encodes lines of 57 bytes, 76 characters and CRLF each. Returns how many: all of them, or none.
pub(super) fn encode_lines(
    level: Level,
    alphabet: &Alphabet,
    lines: &[[u8; LINE_BYTES]],
    out: &mut [[u8; LINE + 2]],
) -> usize {
    dispatch!(level, simd => encode_lines_with(simd, &alphabet.tables, lines, out))
}

/// Decodes whole lines as long as there are places for them: how much of `text` that was, and how many lines. `None` if vectors
/// can't.
pub(super) fn decode_lines(
    level: Level,
    alphabet: &Alphabet,
    text: &[u8],
    out: &mut [[u8; LINE_BYTES]],
) -> Option<(usize, usize)> {
    dispatch!(level, simd => decode_lines_with(simd, &alphabet.tables, text, out))
}

/// The lanes of 32 bits are read as little-endian numbers.
#[inline(always)]
fn is_worth_it(level: Level) -> bool {
    cfg!(target_endian = "little") && vectors::has_look_up(level)
}

#[inline(always)]
fn decode_with<S: Simd>(simd: S, tables: &Tables, text: &[u8], out: &mut [u8]) -> usize {
    if !is_worth_it(simd.level()) {
        return 0;
    }
    let decoder = Decoder::of(simd, tables);
    let mut steps = 0;
    for (chars, bytes) in text.as_chunks::<64>().0.iter().zip(out.as_chunks_mut::<48>().0) {
        let (values, members) = decoder.values(chars);
        if members != u64::MAX {
            break;
        }
        pack(values, bytes);
        steps += 1;
    }
    steps
}

/// The tables of a decoding, in registers.
#[derive(Clone, Copy)]
struct Decoder<S: Simd> {
    last: u8,
    offsets: u8x64<S>,
    members: u8x64<S>,
}

impl<S: Simd> Decoder<S> {
    #[inline(always)]
    fn of(simd: S, tables: &Tables) -> Self {
        Decoder {
            last: tables.chars.last().copied().unwrap_or_default(),
            offsets: vectors::table(simd, u128::from_le_bytes(tables.value_offsets)),
            members: vectors::table(simd, tables.members),
        }
    }

    /// Values of six bits, and which of the characters are in the alphabet.
    #[inline(always)]
    fn values(&self, chars: &[u8; 64]) -> (u8x64<S>, u64) {
        let simd = self.offsets.token();
        let chars = u8x64::simd_from(simd, *chars);
        let block = Block::of(chars);
        let values = self.offsets.swizzle_dyn_within_blocks(chars >> 4) + chars;
        let values = chars.simd_eq(self.last).select(u8x64::simd_from(simd, 63), values);
        (values, block.in_rows(self.members, block.row))
    }
}

/// A line takes two steps, of which the second begins 12 characters, 9 bytes, behind the first.
#[inline(always)]
fn decode_lines_with<S: Simd>(
    simd: S,
    tables: &Tables,
    text: &[u8],
    out: &mut [[u8; LINE_BYTES]],
) -> Option<(usize, usize)> {
    if !is_worth_it(simd.level()) {
        return None;
    }
    let decoder = Decoder::of(simd, tables);
    let (mut rest, mut lines) = (text, 0);
    for place in out {
        let Some((line, end)) = first_line(rest) else { break };
        let (Some(front), Some(back)) = (line.first_chunk(), line.last_chunk()) else { break };
        let ((front, one), (back, two)) = (decoder.values(front), decoder.values(back));
        if one & two != u64::MAX {
            break;
        }
        if let Some(place) = place.first_chunk_mut() {
            pack(front, place);
        }
        if let Some(place) = place.last_chunk_mut() {
            pack(back, place);
        }
        lines += 1;
        rest = rest.get(LINE + end..).unwrap_or_default();
    }
    Some((text.len() - rest.len(), lines))
}

/// Four values of six bits are three bytes.
#[inline(always)]
fn pack<S: Simd>(values: u8x64<S>, out: &mut [u8; 48]) {
    let simd = values.token();
    let pairs: u16x32<S> = values.bitcast();
    let pairs = ((pairs << 6) & 0x0FFF) | (pairs >> 8);
    // The low half of each 32 bits holds the first two values: 24 bits in all, by one multiplication and one sum.
    let weights: i16x32<S> = u32x16::simd_from(simd, 0x0001_1000_u32).bitcast();
    let groups: u8x64<S> = pairs.bitcast::<i16x32<S>>().pairwise_dot_product(weights).bitcast();
    if vectors::has_long_look_up(simd.level()) {
        let packed = groups.swizzle_dyn(u8x64::simd_from(simd, PACK_ALL));
        let (low, high) = simd.split_u8x64(packed);
        let (middle, _) = simd.split_u8x32(high);
        put(out, 0, &<[u8; 32]>::from(low));
        put(out, 32, &<[u8; 16]>::from(middle));
    } else {
        let packed = groups.swizzle_dyn_within_blocks(vectors::table(simd, u128::from_le_bytes(PACK_BLOCK)));
        for (block, at) in vectors::blocks(packed).into_iter().zip([0, 12, 24, 36]) {
            // The last four bytes of a block are of no worth, and the next one overwrites them.
            put(out, at, if at < 36 { &block } else { block.first_chunk::<12>().unwrap_or(&[0; 12]) });
        }
    }
}

#[inline(always)]
fn put(out: &mut [u8; 48], at: usize, bytes: &[u8]) {
    if let Some(place) = out.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

/// From each 32 bits the three low bytes, the highest first.
const PACK_BLOCK: [u8; 16] = [2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 0, 0, 0, 0];

#[expect(clippy::indexing_slicing, reason = "when compiled: no index depends on anything")]
#[expect(clippy::cast_possible_truncation, reason = "below 64")]
const PACK_ALL: [u8; 64] = {
    let (mut from, mut at) = ([0; 64], 0);
    while at < 48 {
        from[at] = (at / 3 * 4 + (2 - at % 3)) as u8;
        at += 1;
    }
    from
};

#[inline(always)]
fn encode_with<S: Simd>(simd: S, tables: &Tables, bytes: &[u8], out: &mut [u8]) -> usize {
    if !is_worth_it(simd.level()) {
        return 0;
    }
    let encoder = Encoder::of(simd, tables);
    let mut steps = 0;
    for (bytes, text) in bytes.as_chunks::<48>().0.iter().zip(out.as_chunks_mut::<64>().0) {
        *text = encoder.text(bytes);
        steps += 1;
    }
    steps
}

/// The tables of an encoding, in registers.
#[derive(Clone, Copy)]
struct Encoder<S: Simd> {
    chars: u8x64<S>,
    offsets: u8x64<S>,
}

impl<S: Simd> Encoder<S> {
    #[inline(always)]
    fn of(simd: S, tables: &Tables) -> Self {
        Encoder {
            chars: u8x64::simd_from(simd, tables.chars),
            offsets: vectors::table(simd, u128::from_le_bytes(tables.char_offsets)),
        }
    }

    #[inline(always)]
    fn text(&self, bytes: &[u8; 48]) -> [u8; 64] {
        let simd = self.chars.token();
        let values = spread(simd, bytes);
        if vectors::has_long_look_up(simd.level()) {
            return self.chars.swizzle_dyn(values).into();
        }
        let kind = values.saturating_sub(51);
        let kind = values.simd_lt(26).select(u8x64::simd_from(simd, 13), kind);
        (self.offsets.swizzle_dyn_within_blocks(kind) + values).into()
    }
}

/// As in [`decode_lines_with`]: two steps a line.
#[inline(always)]
fn encode_lines_with<S: Simd>(
    simd: S,
    tables: &Tables,
    lines: &[[u8; LINE_BYTES]],
    out: &mut [[u8; LINE + 2]],
) -> usize {
    if !is_worth_it(simd.level()) {
        return 0;
    }
    let encoder = Encoder::of(simd, tables);
    for (line, out) in lines.iter().zip(&mut *out) {
        let (Some(front), Some(back)) = (line.first_chunk(), line.last_chunk()) else { continue };
        let (text, end) = out.split_at_mut(LINE);
        if let Some(place) = text.first_chunk_mut() {
            *place = encoder.text(front);
        }
        if let Some(place) = text.last_chunk_mut() {
            *place = encoder.text(back);
        }
        end.copy_from_slice(b"\r\n");
    }
    lines.len().min(out.len())
}

/// Three bytes are four values of six bits.
#[inline(always)]
fn spread<S: Simd>(simd: S, bytes: &[u8; 48]) -> u8x64<S> {
    let groups: u32x16<S> = if vectors::has_long_look_up(simd.level()) {
        let (low, high) = (part::<32>(bytes, 0), u8x16::simd_from(simd, part::<16>(bytes, 32)));
        let all = simd.combine_u8x32(u8x32::simd_from(simd, low), simd.combine_u8x16(high, high));
        all.swizzle_dyn(u8x64::simd_from(simd, SPREAD_ALL)).bitcast()
    } else {
        let [a, b, c, d] = [0, 12, 24, 32].map(|at| u8x16::simd_from(simd, part::<16>(bytes, at)));
        let all = simd.combine_u8x32(simd.combine_u8x16(a, b), simd.combine_u8x16(c, d));
        all.swizzle_dyn_within_blocks(u8x64::simd_from(simd, SPREAD_BLOCKS)).bitcast()
    };
    let first_two = (groups >> 18 & 0x3F) | (groups >> 4 & 0x3F00);
    let last_two = (groups << 10 & 0x003F_0000) | (groups << 24 & 0x3F00_0000);
    (first_two | last_two).bitcast()
}

#[inline(always)]
fn part<const N: usize>(bytes: &[u8; 48], at: usize) -> [u8; N] {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}

/// Three bytes to each 32 bits, the first one highest.
const SPREAD_ALL: [u8; 64] = spread_from([0, 12, 24, 36]);
/// The same within blocks of 16 bytes, of which the last begins four bytes early.
const SPREAD_BLOCKS: [u8; 64] = spread_from([0, 0, 0, 4]);

#[expect(clippy::indexing_slicing, reason = "when compiled: no index depends on anything")]
#[expect(clippy::cast_possible_truncation, reason = "below 4")]
const fn spread_from(starts: [u8; 4]) -> [u8; 64] {
    let (mut from, mut at) = ([0; 64], 0);
    while at < 64 {
        let byte = match at % 4 {
            3 => 0,
            byte => 2 - byte as u8,
        };
        from[at] = starts[at / 16] + (at % 16 / 4 * 3) as u8 + byte;
        at += 1;
    }
    from
}

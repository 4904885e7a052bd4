//! Base64 by vectors: 64 characters for 48 bytes, a step at a time.
//!
//! A value is found from a character by the offset of its row (its high half), for each row of ASCII holds one stretch of
//! the alphabet; the last character of the alphabet stands alone. Four values of six bits become three bytes by shifts
//! within 32 bits, and a permutation packs them. The way back is the same, backwards. The plain loops in the parent
//! module say what this means, and do what is left over at the end.

use alloc::vec::Vec;
use fearless_simd::{Level, Simd, dispatch, i16x32, prelude::*, u8x16, u8x64, u16x32, u32x16};

use super::{Alphabet, LINE, LINE_BYTES};
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
    /// The values of the first 64 characters of ASCII and of the others; the highest bit is set where there is none.
    values: [[u8; 64]; 2],
    /// What to add to a value to get its character: 0 lower case, 1 to 10 digits, 11 and 12 the last two, 13 upper case.
    char_offsets: [u8; 16],
}

impl Tables {
    #[expect(clippy::indexing_slicing, reason = "when compiled: no index depends on anything")]
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
        let (mut values, mut value) = ([[0x80; 64]; 2], 0);
        while value < 64 {
            let char = chars[value as usize] as usize;
            values[char / 64][char % 64] = value;
            value += 1;
        }
        Tables { chars, members: Class::of(&chars).low, value_offsets, values, char_offsets }
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

/// Appends lines of 57 bytes, 76 characters and CRLF each: all of them, or none.
pub(super) fn lines(
    level: Level,
    alphabet: &Alphabet,
    bytes: &[[u8; LINE_BYTES]],
    out: &mut Vec<[u8; LINE + 2]>,
) {
    dispatch!(level, simd => lines_with(simd, &alphabet.tables, bytes, out));
}

/// Decodes lines of which the end is a part, up to the first that is different: how many. `None` if vectors can't.
pub(super) fn decode_lines<const LEN: usize>(
    level: Level,
    alphabet: &Alphabet,
    lines: &[[u8; LEN]],
    out: &mut Vec<[u8; LINE_BYTES]>,
) -> Option<usize> {
    dispatch!(level, simd => decode_lines_with(simd, &alphabet.tables, lines, out))
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
        put(pack(values), bytes);
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
    values: [u8x64<S>; 2],
}

impl<S: Simd> Decoder<S> {
    #[inline(always)]
    fn of(simd: S, tables: &Tables) -> Self {
        Decoder {
            last: tables.chars.last().copied().unwrap_or_default(),
            offsets: vectors::table(simd, u128::from_le_bytes(tables.value_offsets)),
            members: vectors::table(simd, tables.members),
            values: tables.values.map(|values| u8x64::simd_from(simd, values)),
        }
    }

    /// Values of six bits, and which of the characters are in the alphabet.
    #[inline(always)]
    fn values(&self, chars: &[u8; 64]) -> (u8x64<S>, u64) {
        let simd = self.offsets.token();
        let chars = u8x64::simd_from(simd, *chars);
        if vectors::has_long_look_up(simd.level()) {
            let [low, high] = self.values.map(|values| values.swizzle_dyn(chars & 0x3F));
            let values = chars.simd_lt(0x40).select(low, high);
            return (values, !(values | chars).simd_ge(0x80).to_bitmask());
        }
        let block = Block::of(chars);
        let values = self.offsets.swizzle_dyn_within_blocks(chars >> 4) + chars;
        let values = chars.simd_eq(self.last).select(u8x64::simd_from(simd, 63), values);
        (values, block.in_rows(self.members, block.row))
    }

    /// What a line stands for, and whether all of it is as it should be. It takes two steps, of which the first is for the first
    /// nine bytes.
    #[inline(always)]
    fn line<const LEN: usize>(&self, line: &[u8; LEN]) -> ([u8; LINE_BYTES], bool) {
        let mut bytes = [0; LINE_BYTES];
        let Some((chars, end)) = line.split_first_chunk::<LINE>() else { return (bytes, false) };
        let (Some(front), Some(back)) = (chars.first_chunk(), chars.last_chunk()) else {
            return (bytes, false);
        };
        let ((front, one), (back, two)) = (self.values(front), self.values(back));
        let [first, ..] = vectors::blocks(pack(front));
        for (place, byte) in bytes.iter_mut().zip(first).take(9) {
            *place = byte;
        }
        if let Some(place) = bytes.last_chunk_mut() {
            put(pack(back), place);
        }
        (bytes, one & two == u64::MAX && matches!(end, b"\r\n" | b"\n"))
    }
}

#[inline(always)]
fn decode_lines_with<S: Simd, const LEN: usize>(
    simd: S,
    tables: &Tables,
    lines: &[[u8; LEN]],
    out: &mut Vec<[u8; LINE_BYTES]>,
) -> Option<usize> {
    if !is_worth_it(simd.level()) {
        return None;
    }
    let decoder = Decoder::of(simd, tables);
    let (before, mut good) = (out.len(), lines.len());
    // Each is written where it stays, also those behind the first that is different.
    out.extend(lines.iter().enumerate().map(
        #[inline(always)]
        |(nth, line)| {
            let (bytes, is_good) = decoder.line(line);
            if !is_good {
                good = good.min(nth);
            }
            bytes
        },
    ));
    out.truncate(before + good);
    Some(good)
}

/// Four values of six bits are three bytes: 48 in front, or 12 in front of each 16.
#[inline(always)]
fn pack<S: Simd>(values: u8x64<S>) -> u8x64<S> {
    let simd = values.token();
    let pairs: u16x32<S> = values.bitcast();
    let pairs = ((pairs << 6) & 0x0FFF) | (pairs >> 8);
    // The low half of each 32 bits holds the first two values: 24 bits in all, by one multiplication and one sum.
    let weights: i16x32<S> = u32x16::simd_from(simd, 0x0001_1000_u32).bitcast();
    let groups: u8x64<S> = pairs.bitcast::<i16x32<S>>().pairwise_dot_product(weights).bitcast();
    if vectors::has_long_look_up(simd.level()) {
        return groups.swizzle_dyn(u8x64::simd_from(simd, PACK_ALL));
    }
    groups.swizzle_dyn_within_blocks(vectors::table(simd, u128::from_le_bytes(PACK_BLOCK)))
}

/// What was packed, without gaps. No byte is written twice: a line that is made of overlapping pieces is made in memory.
#[inline(always)]
fn put<S: Simd>(packed: u8x64<S>, out: &mut [u8; 48]) {
    let blocks = vectors::blocks(packed);
    if vectors::has_long_look_up(packed.token().level()) {
        for (place, block) in out.as_chunks_mut().0.iter_mut().zip(blocks) {
            *place = block;
        }
        return;
    }
    for (place, block) in out.as_chunks_mut::<12>().0.iter_mut().zip(blocks) {
        *place = *block.first_chunk().unwrap_or(&[0; 12]);
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
    let mut rest = bytes;
    let mut steps = 0;
    for text in out.as_chunks_mut::<64>().0.iter_mut().take(bytes.len() / 48) {
        *text = match rest.first_chunk() {
            Some(bytes) => encoder.text(bytes).into(),
            None => encoder.text(&padded(rest)).into(),
        };
        rest = rest.get(48..).unwrap_or_default();
        steps += 1;
    }
    steps
}

/// The same with zeros behind, or less of it.
#[inline(always)]
fn padded<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut all = [0; N];
    for (place, byte) in all.iter_mut().zip(bytes) {
        *place = *byte;
    }
    all
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

    /// The text of the first 48 bytes.
    #[inline(always)]
    fn text(&self, bytes: &[u8; 64]) -> u8x64<S> {
        let simd = self.chars.token();
        if vectors::has_long_look_up(simd.level()) {
            return self.chars.swizzle_dyn(spread_all(simd, bytes));
        }
        let values = spread_blocks(simd, bytes);
        let kind = values.saturating_sub(51);
        let kind = values.simd_lt(26).select(u8x64::simd_from(simd, 13), kind);
        self.offsets.swizzle_dyn_within_blocks(kind) + values
    }

    /// A line with its end. A line takes two steps, of which the second is for the last nine bytes.
    #[inline(always)]
    fn line(&self, bytes: &[u8; LINE_READ]) -> [u8; LINE + 2] {
        let mut line = *b"0123456789012345678901234567890123456789012345678901234567890123456789012345\r\n";
        if let (Some(front), Some(place)) = (bytes.first_chunk(), line.first_chunk_mut()) {
            *place = self.text(front).into();
        }
        if let (Some(back), Some(place)) = (bytes.last_chunk(), line.get_mut(64..LINE)) {
            let text: [u8; 64] = self.text(back).into();
            for (place, char) in place.iter_mut().zip(text) {
                *place = char;
            }
        }
        line
    }
}

/// As many bytes are looked at for a line.
const LINE_READ: usize = 48 + 64;

#[inline(always)]
fn lines_with<S: Simd>(simd: S, tables: &Tables, bytes: &[[u8; LINE_BYTES]], out: &mut Vec<[u8; LINE + 2]>) {
    if !is_worth_it(simd.level()) {
        return;
    }
    let encoder = Encoder::of(simd, tables);
    out.extend(bytes.windows(2).map(
        #[inline(always)]
        |two| encoder.line(two.as_flattened().first_chunk().unwrap_or(&[0; LINE_READ])),
    ));
    if let Some(last) = bytes.last() {
        out.push(encoder.line(&padded(last)));
    }
}

/// Three bytes are four values of six bits: 16 bits hold two of them each, with the byte that both have a part in.
#[inline(always)]
fn spread_all<S: Simd>(simd: S, bytes: &[u8; 64]) -> u8x64<S> {
    let each = |shifts: [u16; 2]| {
        let [first, second] = shifts.map(u32::from);
        u32x16::simd_from(simd, first | second << 16).bitcast::<u16x32<S>>()
    };
    let pairs: u16x32<S> =
        u8x64::simd_from(simd, *bytes).swizzle_dyn(u8x64::simd_from(simd, SPREAD_ALL)).bitcast();
    ((pairs >> each([10, 6])) & 0x003F | (pairs << each([4, 8])) & 0x3F00).bitcast()
}

/// The same where shifts and permutations are less free: 32 bits hold three bytes.
#[inline(always)]
fn spread_blocks<S: Simd>(simd: S, bytes: &[u8; 64]) -> u8x64<S> {
    let [a, b, c, d] = [0, 12, 24, 36].map(|at| {
        let part = bytes.get(at..).and_then(|rest| rest.first_chunk()).unwrap_or(&[0; 16]);
        u8x16::simd_from(simd, *part)
    });
    let all = simd.combine_u8x32(simd.combine_u8x16(a, b), simd.combine_u8x16(c, d));
    let groups = all.swizzle_dyn_within_blocks(vectors::table(simd, u128::from_le_bytes(SPREAD_BLOCK)));
    let groups: u32x16<S> = groups.bitcast();
    let first_two = (groups >> 18 & 0x3F) | (groups >> 4 & 0x3F00);
    let last_two = (groups << 10 & 0x003F_0000) | (groups << 24 & 0x3F00_0000);
    (first_two | last_two).bitcast()
}

/// Three bytes to each 32 bits, the first one highest.
const SPREAD_BLOCK: [u8; 16] = [2, 1, 0, 0, 5, 4, 3, 0, 8, 7, 6, 0, 11, 10, 9, 0];

/// The first two and the last two of three bytes, the first one higher.
#[expect(clippy::indexing_slicing, reason = "when compiled: no index depends on anything")]
#[expect(clippy::cast_possible_truncation, reason = "below 4")]
const SPREAD_ALL: [u8; 64] = {
    let (mut from, mut at) = ([0; 64], 0);
    while at < 64 {
        from[at] = (at / 4 * 3) as u8 + [1, 0, 2, 1][at % 4];
        at += 1;
    }
    from
};

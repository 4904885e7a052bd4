//! Escapes of two hexadecimal digits undone: `=` of quoted-printable (RFC 2045 section 6.7), `%` of URIs (RFC 3986 section 2.1).
//!
//! The rule: the text is copied, each escape as the byte it stands for, up to the first that is none. The kernel looks at 64
//! bytes at once and at the two behind each of them; what is left of a block is pushed together by eights, with a table that
//! says for each of their 256 possible sets where its members are. How many escapes there are makes no difference.

use alloc::vec::Vec;

#[cfg(feature = "simd")]
use fearless_simd::{Level, Simd, dispatch, mask8x64, prelude::*, u8x64};

#[cfg(feature = "simd")]
use super::{BLOCK, Class, vectors};

/// Appends `text` to `out` with escapes undone: `escape` and two hexadecimal digits, in either case, become the byte they stand
/// for; `escape` with CRLF behind it becomes nothing. Stops at the first that has neither behind it, the end of the text
/// included. Returns how much of `text` was read.
///
/// ```
/// let mut out = Vec::new();
/// assert_eq!(proto_core::scan::unescape(b"caf=C3=A9 =\r\nau lait", b'=', &mut out), 20);
/// assert_eq!(out, "café au lait".as_bytes());
/// assert_eq!(proto_core::scan::unescape(b"1+1=2", b'=', &mut Vec::new()), 3);
/// ```
pub fn unescape(text: &[u8], escape: u8, out: &mut Vec<u8>) -> usize {
    #[cfg(feature = "simd")]
    return unescape_at(Level::new(), text, escape, out);
    #[cfg(not(feature = "simd"))]
    return plain(text, escape, out);
}

/// The plain loop: what the kernel means, and what runs where there are no vectors.
fn plain(text: &[u8], escape: u8, out: &mut Vec<u8>) -> usize {
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let run = super::find_byte(escape, rest).unwrap_or(rest.len());
        let (run, behind) = rest.split_at_checked(run).unwrap_or_default();
        out.extend_from_slice(run);
        at += run.len();
        match *behind {
            [_, b'\r', b'\n', ..] => {}
            [_, high, low, ..] => match (digit(high), digit(low)) {
                (Some(high), Some(low)) => out.push(high << 4 | low),
                _ => return at,
            },
            _ => return at,
        }
        at += 3;
    }
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

#[cfg(feature = "simd")]
fn unescape_at(level: Level, text: &[u8], escape: u8, out: &mut Vec<u8>) -> usize {
    if !vectors::has_look_up(level) || cfg!(target_endian = "big") {
        return plain(text, escape, out);
    }
    let mut walk = Walk::default();
    while !walk.ended {
        let start = out.len();
        // Room for a few steps at a time, while it is near. What a step writes may be more than what counts of it.
        out.resize(start + ROOM, 0);
        let place = out.get_mut(start..).unwrap_or_default();
        let written = dispatch!(level, simd => unescape_with(simd, text, escape, place, &mut walk));
        out.truncate(start + written);
    }
    walk.read
}

/// Steps of 64 bytes between two looks at the room there is.
#[cfg(feature = "simd")]
const ROOM: usize = 30 * BLOCK;

/// How far it has got.
#[cfg(feature = "simd")]
#[derive(Clone, Copy, Default)]
struct Walk {
    read: usize,
    /// Which of the next 64 bytes belong to an escape before them.
    taken: u64,
    ended: bool,
}

/// What one step has in view.
#[cfg(feature = "simd")]
const VIEW: usize = BLOCK + 2;

/// Steps are 64 bytes apart, whatever is in them: none waits for the one before.
#[cfg(feature = "simd")]
#[inline(always)]
fn unescape_with<S: Simd>(simd: S, text: &[u8], escape: u8, out: &mut [u8], walk: &mut Walk) -> usize {
    let Walk { mut read, mut taken, .. } = *walk;
    let mut written = 0;
    while written + BLOCK <= out.len()
        && let Some(view) = text.get(read..).and_then(|rest| rest.first_chunk::<VIEW>())
    {
        let step = Step::of(simd, view, escape, taken);
        if let Some(end) = step.end {
            *walk = Walk { read: read + end, taken, ended: true };
            return written + pack(step.bytes, step.kept & ((1 << end) - 1), out, written);
        }
        written += pack(step.bytes, step.kept, out, written);
        (read, taken) = (read + BLOCK, step.taken);
    }
    // The last bytes: zeros behind them are neither digits nor line ends.
    while written + BLOCK <= out.len()
        && let Some(tail) = text.get(read..).filter(|tail| !tail.is_empty())
    {
        let mut view = [0; VIEW];
        view.iter_mut().zip(tail).for_each(|(place, byte)| *place = *byte);
        let step = Step::of(simd, &view, escape, taken);
        let end = step.end.unwrap_or(BLOCK).min(tail.len());
        let here = if end < BLOCK { (1 << end) - 1 } else { u64::MAX };
        written += pack(step.bytes, step.kept & here, out, written);
        (read, taken) = (read + end, step.taken);
        if step.end.is_some() {
            *walk = Walk { read, taken, ended: true };
            return written;
        }
    }
    *walk = Walk { read, taken, ended: read >= text.len() };
    written
}

/// What becomes of 64 bytes.
#[cfg(feature = "simd")]
struct Step<S: Simd> {
    /// Escapes are the bytes that they stand for.
    bytes: u8x64<S>,
    /// What is kept of them.
    kept: u64,
    /// Which of the next 64 belong to an escape in these.
    taken: u64,
    /// Where the first escape is that is none.
    end: Option<usize>,
}

#[cfg(feature = "simd")]
const DIGITS: Class = Class::DIGIT.or(Class::range(b'A', b'F')).or(Class::range(b'a', b'f'));

#[cfg(feature = "simd")]
impl<S: Simd> Step<S> {
    /// `taken`: what the step before has taken of these.
    #[inline(always)]
    fn of(simd: S, view: &[u8; VIEW], escape: u8, taken: u64) -> Self {
        let from = |at: usize| {
            let bytes = view.get(at..).and_then(|rest| rest.first_chunk::<BLOCK>()).copied();
            u8x64::simd_from(simd, bytes.unwrap_or([0; BLOCK]))
        };
        let bytes = from(0);
        let is_escape = bytes.simd_eq(escape);
        let escapes = is_escape.to_bitmask();
        if escapes == 0 {
            return Step { bytes, kept: !taken, taken: 0, end: None };
        }
        let (first, second) = (from(1), from(2));
        let digits = vectors::Block::of(first).members(DIGITS) & vectors::Block::of(second).members(DIGITS);
        let joins = first.simd_eq(b'\r').to_bitmask() & second.simd_eq(b'\n').to_bitmask();
        let bad = escapes & !(digits | joins);
        let bytes = is_escape.select(value(first) << 4 | value(second), bytes);
        Step {
            bytes,
            kept: !(escapes & joins | escapes << 1 | escapes << 2 | taken),
            taken: escapes >> 63 | escapes >> 62,
            end: (bad != 0).then_some(bad.trailing_zeros() as usize),
        }
    }
}

/// Writes those of `bytes` that are `kept` to `out` from `at` on. How many that were.
#[cfg(feature = "simd")]
#[inline(always)]
fn pack<S: Simd>(bytes: u8x64<S>, kept: u64, out: &mut [u8], at: usize) -> usize {
    let simd = bytes.token();
    let Some(place) = out.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<BLOCK>()) else { return 0 };
    if kept == u64::MAX {
        *place = bytes.into();
        return BLOCK;
    }
    if vectors::has_long_look_up(simd.level()) {
        *place = bytes.compress(mask8x64::from_bitmask(simd, kept)).into();
        return kept.count_ones() as usize;
    }
    let sets = kept.to_le_bytes();
    let mut from = [0; BLOCK];
    for ((from, set), base) in
        from.as_chunks_mut::<8>().0.iter_mut().zip(sets).zip([0, 8].into_iter().cycle())
    {
        let members = MEMBERS.get(usize::from(set)).copied().unwrap_or_default();
        *from = (members + base * 0x0101_0101_0101_0101).to_le_bytes();
    }
    let packed: [u8; BLOCK] = bytes.swizzle_dyn_within_blocks(u8x64::simd_from(simd, from)).into();
    let mut len = 0;
    for (eight, set) in packed.as_chunks::<8>().0.iter().zip(sets) {
        if let Some(place) = place.get_mut(len..).and_then(|rest| rest.first_chunk_mut::<8>()) {
            *place = *eight;
        }
        len += set.count_ones() as usize;
    }
    len
}

/// Of hexadecimal digits; of anything else, anything.
#[cfg(feature = "simd")]
#[inline(always)]
fn value<S: Simd>(digits: u8x64<S>) -> u8x64<S> {
    let simd = digits.token();
    let letters = digits.simd_ge(b'A').select(u8x64::simd_from(simd, 9), u8x64::simd_from(simd, 0));
    (digits & 0x0F) + letters
}

/// For each set of eight places: its members, from the lowest on.
#[cfg(feature = "simd")]
#[expect(clippy::indexing_slicing, reason = "when compiled: no index depends on anything")]
const MEMBERS: [u64; 256] = {
    let (mut all, mut set) = ([0; 256], 0);
    while set < 256 {
        let (mut place, mut count) = (0, 0);
        while place < 8 {
            if set >> place & 1 == 1 {
                all[set] |= place << (8 * count);
                count += 1;
            }
            place += 1;
        }
        set += 1;
    }
    all
};

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    fn all(text: &[u8]) -> Vec<(usize, Vec<u8>)> {
        let mut out = b"kept".to_vec();
        let mut found = vec![(unescape(text, b'=', &mut out), out)];
        let mut out = b"kept".to_vec();
        found.push((plain(text, b'=', &mut out), out));
        #[cfg(feature = "simd")]
        for level in vectors::levels() {
            let mut out = b"kept".to_vec();
            found.push((unescape_at(level, text, b'=', &mut out), out));
        }
        found
    }

    fn assert_all_agree(text: &[u8]) -> (usize, Vec<u8>) {
        let found = all(text);
        assert!(found.windows(2).all(|pair| pair[0] == pair[1]), "{}: {found:?}", text.escape_ascii());
        found[0].clone()
    }

    #[test]
    fn escapes_are_undone_and_lines_joined() {
        for (text, read, bytes) in [
            ("", 0, ""),
            ("plain", 5, "plain"),
            ("=41=4a=4A", 9, "AJJ"),
            ("one =\r\ntwo", 10, "one two"),
            ("a\r\nb =\nc", 5, "a\r\nb "),
            ("a=", 1, "a"),
            ("a=4", 1, "a"),
            ("a=\r", 1, "a"),
            ("a==41", 1, "a"),
            ("a=4G", 1, "a"),
            ("=00x", 4, "\0x"),
        ] {
            let (found, out) = assert_all_agree(text.as_bytes());
            assert_eq!((found, &out[4..]), (read, bytes.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn an_escape_may_stand_anywhere() {
        for escape in ["=41", "=\r\n", "=4", "=", "==", "=x1", "=1x"] {
            for before in 0..140 {
                for behind in [0, 1, 2, 3, 62, 63, 64, 65, 130] {
                    let text = "x".repeat(before) + escape + &"y".repeat(behind);
                    assert_all_agree(text.as_bytes());
                }
            }
        }
    }

    proptest! {
        #[test]
        fn vectors_and_the_plain_loop_agree(text in "([a-z]{0,20}|=[0-9A-Fa-f]{2}|=\r\n){0,60}", end in "(=|=4|=x|=\r)?[a-z]{0,70}") {
            assert_all_agree((text + &end).as_bytes());
        }
    }
}

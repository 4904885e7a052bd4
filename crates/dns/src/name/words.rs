//! Labels eight octets at a time, in small letters (RFC 4343 section 3): what names are found by.

/// Mixes the label at `at` of a wire form into a hash, its length first.
#[inline]
pub(crate) fn mix_label(hash: u64, wire: &[u8], at: usize) -> u64 {
    let len = usize::from(wire.get(at).copied().unwrap_or(0)) + 1;
    let (mut hash, mut done) = (mix(hash, head(wire, at)), 8);
    while done < len {
        hash = mix(hash, small(word_at(wire, at + done, (len - done).min(8))));
        done += 8;
    }
    hash
}

/// The length of the label at `at`, and its first seven octets.
#[inline]
pub(crate) fn head(wire: &[u8], at: usize) -> u64 {
    let len = usize::from(wire.get(at).copied().unwrap_or(0)) + 1;
    small(word_at(wire, at, len.min(8)))
}

/// Multiply and fold.
#[inline]
pub(crate) fn mix(hash: u64, word: u64) -> u64 {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] =
        (u128::from(hash ^ word) * u128::from(0x9E37_79B9_7F4A_7C15_u64)).to_le_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h]) ^ u64::from_le_bytes([i, j, k, l, m, n, o, p])
}

/// So many octets, 1 to 8, the first in the lowest bits.
#[inline]
fn word_at(wire: &[u8], at: usize, octets: usize) -> u64 {
    let rest = wire.get(at..).unwrap_or_default();
    let word = match (rest.first_chunk(), wire.last_chunk()) {
        (Some(whole), _) => u64::from_le_bytes(*whole),
        // Of the last eight octets those in front are not wanted.
        (None, Some(last)) => u64::from_le_bytes(*last).unbounded_shr(8 * missing(rest)),
        (None, None) => rest.iter().rev().fold(0, |word, octet| word << 8 | u64::from(*octet)),
    };
    word & u64::MAX >> (64 - 8 * octets)
}

/// How many of eight octets are not there.
#[inline]
fn missing(rest: &[u8]) -> u32 {
    u32::try_from(rest.len()).map_or(0, |len| 8_u32.saturating_sub(len))
}

/// Eight octets with their ASCII letters made small, all at once: the highest bit of each octet tells whether it is one.
#[inline]
pub(crate) fn small(word: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let low = word & (0x7F * EACH);
    let from_a = low + (0x80 - 0x41) * EACH;
    let behind_z = low + (0x80 - 0x5B) * EACH;
    let large = from_a & !behind_z & !word & (0x80 * EACH);
    word | large >> 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The readable twin: octet by octet.
    fn plainly(wire: &[u8], at: usize, octets: usize) -> u64 {
        let octets = wire[at..at + octets].iter().rev();
        octets.fold(0, |word, octet| word << 8 | u64::from(octet.to_ascii_lowercase()))
    }

    proptest! {
        #[test]
        fn words_are_octets_in_small_letters(wire in prop::collection::vec(any::<u8>(), 1..20), at in 0..20_usize, octets in 1..=8_usize) {
            let at = at % wire.len();
            let octets = octets.min(wire.len() - at);
            prop_assert_eq!(small(word_at(&wire, at, octets)), plainly(&wire, at, octets));
        }
    }

    #[test]
    fn letters_become_small_and_nothing_else_changes() {
        for octet in 0..=255_u8 {
            let word = u64::from_le_bytes([octet, b'Z', octet, b'[', b'@', octet, b'A', octet]);
            assert_eq!(small(word).to_le_bytes(), word.to_le_bytes().map(|octet| octet.to_ascii_lowercase()));
        }
    }
}

//! Which name comes first (RFC 4034 section 6.1): labels compared from the right, in small letters, as octets.

use core::cmp::Ordering;
use core::hash::Hasher;

use super::Name;

/// The most labels a name can have.
const LABELS: usize = 127;

/// Compares two uncompressed wire forms.
pub(crate) fn canonical(a: &[u8], b: &[u8]) -> Ordering {
    let (mut of_a, mut of_b) = ([0; LABELS], [0; LABELS]);
    let (starts_a, starts_b) = (label_starts(a, &mut of_a), label_starts(b, &mut of_b));
    let labels = starts_a.iter().rev().zip(starts_b.iter().rev());
    labels
        .map(|(at_a, at_b)| compare_labels(label(a, *at_a), label(b, *at_b)))
        .find(|order| order.is_ne())
        .unwrap_or_else(|| starts_a.len().cmp(&starts_b.len()))
}

/// Compares two labels in small letters as octets: "the absence of an octet sorts before a zero octet".
pub(crate) fn compare_labels(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (a.iter().map(u8::to_ascii_lowercase), b.iter().map(u8::to_ascii_lowercase));
    a.cmp(b)
}

fn label(wire: &[u8], at: u8) -> &[u8] {
    let rest = wire.get(usize::from(at)..).unwrap_or_default();
    rest.split_first().and_then(|(len, rest)| rest.get(..usize::from(*len))).unwrap_or_default()
}

/// Where the labels start, the root's left out.
pub(crate) fn label_starts<'s>(wire: &[u8], starts: &'s mut [u8]) -> &'s [u8] {
    let (mut at, mut count) = (0_u8, 0);
    for start in starts.iter_mut() {
        let Some(len @ 1..) = wire.get(usize::from(at)).copied() else { break };
        *start = at;
        count += 1;
        at = at.wrapping_add(len).wrapping_add(1);
    }
    starts.get(..count).unwrap_or_default()
}

/// Feeds a wire form in small letters, whole runs at a time.
pub(crate) fn hash_lowercase<H: Hasher>(wire: &[u8], state: &mut H) {
    for chunk in wire.chunks(32) {
        let mut lower = [0; 32];
        let lower = lower.get_mut(..chunk.len()).unwrap_or_default();
        lower.copy_from_slice(chunk);
        lower.make_ascii_lowercase();
        state.write(lower);
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        canonical(self.as_wire(), other.as_wire())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn rfc_4034_section_6_1() {
        let sorted = [
            "example.",
            "a.example.",
            "yljkjljk.a.example.",
            "Z.a.example.",
            "zABC.a.EXAMPLE.",
            "z.example.",
            "\\001.z.example.",
            "*.z.example.",
            "\\200.z.example.",
        ];
        let names: Vec<Name> = sorted.iter().map(|text| text.parse().unwrap()).collect();
        for (i, a) in names.iter().enumerate() {
            for (j, b) in names.iter().enumerate() {
                assert_eq!(a.cmp(b), i.cmp(&j), "{a} {b}");
                assert_eq!(a.as_name_ref().cmp(&b.as_name_ref()), i.cmp(&j));
            }
        }
    }

    #[test]
    fn the_root_is_first_and_depth_has_no_limit_but_its_own() {
        let deep = Name::from_labels([&b"a"[..]; 127]).unwrap();
        assert!(Name::ROOT < deep);
        assert_eq!(deep.cmp(&deep.clone()), Ordering::Equal);
        assert!(deep.parent().unwrap() < deep);
    }
}

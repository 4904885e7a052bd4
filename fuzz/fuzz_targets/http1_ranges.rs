//! Ranges: a selection never reaches outside, never overlaps, and is the same octets however often it is coalesced.

#![no_main]

use http1::range::{ContentRange, MAX_RANGES, Selection, coalesce, select};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u64, &[u8])| {
    let (length, value) = input;
    if let Selection::Parts(parts) = select(value, length) {
        assert!((1..=MAX_RANGES).contains(&parts.len()));
        assert!(parts.iter().all(|part| part.last() < length));
        for (i, one) in parts.iter().enumerate() {
            let apart =
                |other: &http1::range::ByteRange| one.last() < other.first() || other.last() < one.first();
            assert!(parts[i + 1..].iter().all(apart));
        }
        assert_eq!(coalesce(parts.clone()), parts);
    }
    if let Ok(content_range) = ContentRange::parse(value) {
        assert_eq!(ContentRange::parse(content_range.to_string().as_bytes()), Ok(content_range));
    }
});

//! Structured fields: what is read is written so that it reads the same, and a fault is where it is said to be.

#![no_main]

use http1::cache::CacheStatus;
use http1::structured::{Dictionary, Error, Item, List};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    if let Some(list) = good(List::parse(octets), octets) {
        assert_eq!(List::parse(list.to_string().as_bytes()).as_ref(), Ok(&list));
    }
    if let Some(dictionary) = good(Dictionary::parse(octets), octets) {
        assert_eq!(Dictionary::parse(dictionary.to_string().as_bytes()).as_ref(), Ok(&dictionary));
    }
    if let Some(item) = good(Item::parse(octets), octets) {
        assert_eq!(Item::parse(item.to_string().as_bytes()).as_ref(), Ok(&item));
        // A lone item is a list of one.
        assert_eq!(List::parse(octets).map(|list| list.to_string()), Ok(item.to_string()));
    }
    for status in CacheStatus::parse(octets).unwrap_or_default() {
        assert_eq!(CacheStatus::parse(status.to_string().as_bytes()), Ok(vec![status]));
    }
});

fn good<T>(parsed: Result<T, Error>, octets: &[u8]) -> Option<T> {
    if let Err(error) = &parsed {
        assert!(error.offset <= octets.len() && !error.expected.is_empty());
    }
    parsed.ok()
}

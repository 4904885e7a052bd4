//! Any bytes may be a date; what is one is written so that it is the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mime::{DateTime, Limits};

fuzz_target!(|value: &[u8]| {
    let mut defects = Vec::new();
    let date = DateTime::parse_with(value, &Limits::DEFAULT, &mut defects);
    assert!(date.is_some() || !defects.is_empty());
    assert!(defects.iter().all(|defect| defect.offset <= value.len() as u64));
    if let Some(date) = date {
        let mut defects = Vec::new();
        let again = DateTime::parse_with(date.to_rfc5322().as_bytes(), &Limits::DEFAULT, &mut defects);
        assert_eq!((again, defects), (Some(date), vec![]));
        let _ = (date.to_string(), date.unix());
    }
});

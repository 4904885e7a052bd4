//! Any bytes are text with encoded words; any text is written so that it reads the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mime::word;

fuzz_target!(|input: (u8, &[u8])| {
    let (column, value) = (usize::from(input.0), input.1);
    let mut defects = Vec::new();
    let text = word::decode_with(value, &mut defects);
    assert!(defects.iter().all(|defect| defect.offset <= value.len() as u64));
    assert!(text.len() <= 3 * value.len());
    let mut out = Vec::new();
    match word::write_text(&text, &mut out, column) {
        Ok(_) => assert_eq!(word::decode(&out), text, "{}", out.escape_ascii()),
        Err(_) => assert!(out.is_empty()),
    }
    if let Ok(text) = core::str::from_utf8(value) {
        let mut out = Vec::new();
        if word::write_text(text, &mut out, column).is_ok() {
            assert_eq!(word::decode(&out), text, "{}", out.escape_ascii());
            assert!(out.split(|byte| *byte == b'\n').all(|line| line.len() <= 999));
        }
    }
});

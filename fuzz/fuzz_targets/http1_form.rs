//! Forms and file names: what was read is written so that it reads the same, and a safe name stays safe.

#![no_main]

use http1::content_disposition::{ContentDisposition, attachment, safe_file_name};
use http1::form;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let pairs: Vec<_> = form::parse(bytes).map_while(Result::ok).collect();
    let again = form::serialise(pairs.iter().map(|(name, value)| (name, value)));
    assert!(form::parse(again.as_bytes()).map(Result::unwrap).eq(pairs.iter().cloned()));
    if let Ok(disposition) = ContentDisposition::parse(bytes)
        && let Some(name) = disposition.filename()
    {
        file_name(name);
    }
    file_name(&String::from_utf8_lossy(bytes));
});

fn file_name(name: &str) {
    if let Ok(value) = attachment(name) {
        assert_eq!(ContentDisposition::parse(value.as_bytes()).unwrap().filename(), Some(name));
    }
    if let Some(safe) = safe_file_name(name) {
        assert!(!safe.contains(['/', '\\', '\0']) && !safe.starts_with('.') && safe.len() <= 255);
        assert_eq!(safe_file_name(&safe), Some(safe));
    }
}

//! Reports: what was read and can be written reads the same again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mime::report::{DeliveryStatus, Disposition};

fuzz_target!(|bytes: &[u8]| {
    let status = DeliveryStatus::parse(bytes);
    if let Ok(written) = status.to_bytes() {
        let again = DeliveryStatus::parse(&written);
        assert_eq!(DeliveryStatus::parse(&again.to_bytes().unwrap()), again);
    }
    let notice = Disposition::parse(bytes);
    if let Ok(written) = notice.to_bytes() {
        let again = Disposition::parse(&written);
        assert_eq!(Disposition::parse(&again.to_bytes().unwrap()), again);
    }
});

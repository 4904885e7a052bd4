//! One value has one text: what is decoded encodes to the same, and any bytes survive.

#![no_main]

use libfuzzer_sys::fuzz_target;
use proto_core::base64::{STANDARD, URL, URL_UNPADDED};

fuzz_target!(|bytes: &[u8]| {
    for flavour in [STANDARD, URL, URL_UNPADDED] {
        if let Ok(decoded) = flavour.decode(bytes) {
            assert_eq!(flavour.encode(&decoded).as_bytes(), bytes);
        }
        let text = flavour.encode(bytes);
        assert_eq!(text.len(), flavour.encoded_len(bytes.len()));
        assert_eq!(flavour.decode(text.as_bytes()).as_deref(), Ok(bytes));
        let mut out = Vec::new();
        let read = flavour.decode_groups(bytes, &mut out);
        assert_eq!((read % 4, out.len()), (0, read / 4 * 3));
    }
});

//! Text is a name or is not; a name's own text is that name again, in every form.

#![no_main]

use dns::{Name, NameRef};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(name) = Name::from_wire(bytes) {
        let text = name.to_string();
        assert!(Name::parse_text(text.as_bytes(), None).unwrap().eq_with_case(&name), "{text}");
        assert_eq!(NameRef::from_wire(bytes).unwrap().to_name(), name);
    }
    if let Ok(name) = Name::parse_text(bytes, Some(&Name::ROOT)) {
        assert!(name.as_wire().len() <= 255);
        let again = Name::parse_text(name.to_string().as_bytes(), None).unwrap();
        assert!(again.eq_with_case(&name));
        assert_eq!(name.cmp(&again), std::cmp::Ordering::Equal);
        assert!(name.is_subdomain_of(&Name::ROOT));
    }
    for at in 0..bytes.len().min(64) {
        if let Ok((name, end)) = NameRef::parse(bytes, at) {
            assert!(end > at && end <= bytes.len() && name.wire_len() <= 255);
            assert_eq!(name.to_name().as_name_ref(), name);
        }
    }
});

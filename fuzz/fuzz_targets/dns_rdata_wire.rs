//! RDATA of any type: refused, or its text and its canonical form mean the same RDATA.

#![no_main]

use dns::{Class, Rdata, RrType};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, u16, &[u8])| {
    let (rtype, class, octets) = input;
    let (rtype, class) = (RrType(rtype), Class(class));
    let Ok(rdata) = Rdata::from_wire(rtype, class, octets) else { return };
    assert_eq!(rdata.as_wire(), octets);
    let view = rdata.as_rdata_ref();
    let mut canonical = Vec::new();
    view.write_canonical(&mut canonical);
    assert_eq!(canonical.len(), octets.len());
    assert_eq!(Rdata::from_wire(rtype, class, &canonical).unwrap(), rdata);
    let text = rdata.to_string();
    if class == Class::IN && !rtype.is_meta() {
        let again = Rdata::of_text(rtype, &text).unwrap_or_else(|error| panic!("{rtype} {text}: {error}"));
        assert_eq!(again.as_wire(), octets, "{rtype} {text}");
    }
    view.names().for_each(drop);
});

//! The text of RDATA of any type: refused at a token, or it is RDATA whose own text is the same RDATA.

#![no_main]

use dns::{Class, Rdata, RrType};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, &str)| {
    let (code, text) = input;
    // The types that have a text form come first, so that most attempts are worth something.
    let known: Vec<RrType> = RrType::all().collect();
    let rtype = known.get(usize::from(code)).copied().unwrap_or(RrType(code));
    let Ok(rdata) = Rdata::of_text(rtype, text) else { return };
    assert_eq!(Rdata::from_wire(rtype, Class::IN, rdata.as_wire()).unwrap(), rdata);
    if !rtype.is_meta() {
        let own = rdata.to_string();
        let again = Rdata::of_text(rtype, &own).unwrap_or_else(|error| panic!("{rtype} {own}: {error}"));
        assert_eq!(again.as_wire(), rdata.as_wire(), "{rtype} {own}");
    }
});

//! The vector kernels and the plain loop say the same of any bytes.

#![no_main]

use std::ops::ControlFlow;

use libfuzzer_sys::fuzz_target;
use proto_core::scan::{self, Class, Classes};

struct Kinds;
impl Classes<6> for Kinds {
    const CLASSES: [Class; 6] = [
        Class::of(b"\n"),
        Class::of(b"\xFE"),
        Class::CTL,
        Class::VCHAR.not(),
        Class::EIGHT_BIT,
        Class::of(b"a\x80\x8F\xF0\xFF"),
    ];
}

fuzz_target!(|bytes: &[u8]| {
    let (mut fast, mut plain) = ([[!0; 6]; 16], [[!0; 6]; 16]);
    let indexed = scan::index::<Kinds, 6>(bytes, &mut fast);
    let _ = scan::plain::fold::<Kinds, 6, (), ()>(&bytes[..indexed], (), |(), at, masks| {
        plain[at / 64] = masks;
        ControlFlow::Continue(())
    });
    assert_eq!(fast, plain);
    for class in Kinds::CLASSES {
        assert_eq!(scan::find(bytes, &class), scan::plain::find(bytes, &class));
    }
});

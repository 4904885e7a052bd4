//! The reader tells what the tree tells, however the message was cut.

#![no_main]

#[path = "../../crates/mime/tests/support/account.rs"]
mod account;

use account::{of_reader, of_tree};
use libfuzzer_sys::fuzz_target;
use mime::Limits;

fuzz_target!(|input: (bool, Vec<u8>, &[u8])| {
    let (tight, sizes, raw) = input;
    let limits = if tight {
        Limits { depth: 3, parts: 4, headers: 3, header_block: 120, ..Limits::DEFAULT }
    } else {
        Limits::DEFAULT
    };
    for decodes in [false, true] {
        let tree = of_tree(raw, &limits, decodes);
        let mut sizes = sizes.iter().cycle();
        let reader =
            of_reader(raw, &limits, decodes, &mut |_| sizes.next().map_or(1, |size| usize::from(*size)));
        assert!(reader == tree, "{}", reader.differs_from(&tree));
    }
});

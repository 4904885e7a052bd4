//! Any bytes are a list of addresses; what was read and can be written reads the same again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mime::address::{write_group, write_mailbox};
use mime::{Address, Addresses};

fuzz_target!(|input: (u8, &[u8])| {
    let (column, value) = (usize::from(input.0), input.1);
    let (list, mut defects) = (Addresses::new(value), Vec::new());
    list.check(&mut defects);
    assert!(defects.iter().all(|defect| defect.offset <= value.len() as u64));
    assert!(list.mailboxes().next() == list.first());
    for address in list.iter() {
        let mut out = Vec::new();
        let written = match &address {
            Address::Mailbox(mailbox) => write_mailbox(mailbox, &mut out, column),
            Address::Group { name, members } => write_group(name, members, &mut out, column),
        };
        match written {
            Ok(_) => assert_eq!(Addresses::new(&out).iter().collect::<Vec<_>>(), [address]),
            Err(_) => assert!(out.is_empty()),
        }
    }
});

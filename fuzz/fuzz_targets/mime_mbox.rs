//! A mailbox is read alike however it is cut; a message survives.

#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use mime::mbox::{Event, Reader, Writer};
use proto_core::calendar::DateTime;

fuzz_target!(|input: (u8, &[u8])| {
    let (size, bytes) = (usize::from(input.0).max(1), input.1);
    assert_eq!(read(bytes, size), read(bytes, bytes.len().max(1)));
    let (mut mailbox, mut out) = (Writer::new(), Vec::new());
    for _ in 0..2 {
        mailbox.message("a@b", DateTime::from_unix(0).unwrap(), &mut out).unwrap();
        bytes.chunks(size).for_each(|piece| mailbox.data(piece, &mut out));
        mailbox.end(&mut out);
    }
    let read = read(&out, size);
    assert_eq!(read.len(), 2);
    assert!(read.iter().all(|message| message.starts_with(bytes)));
});

fn read(bytes: &[u8], size: usize) -> Vec<Vec<u8>> {
    let (mut reader, mut input, mut all) = (Reader::new(), BytesMut::new(), Vec::new());
    let mut keep = |event| match event {
        Event::Message(_) => all.push(vec![]),
        Event::Data(data) => all.last_mut().unwrap().extend_from_slice(&data),
        Event::MessageEnd => {}
    };
    for piece in bytes.chunks(size) {
        input.extend_from_slice(piece);
        while let Some(event) = reader.receive(&mut input) {
            keep(event);
        }
    }
    while let Some(event) = reader.receive_eof(&mut input) {
        keep(event);
    }
    all
}

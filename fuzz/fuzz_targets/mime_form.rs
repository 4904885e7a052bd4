//! A form is read alike however it is cut; a value survives.

#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use mime::form::{Error, Event, Reader, Writer};

fuzz_target!(|input: (u8, &[u8])| {
    let (size, bytes) = (usize::from(input.0).max(1), input.1);
    assert_eq!(read(bytes, size), read(bytes, bytes.len().max(1)));
    let (mut form, mut out) = (Writer::new("x").unwrap(), Vec::new());
    if form.field("a", bytes, &mut out).is_ok() {
        form.finish(&mut out);
        assert_eq!(read(&out, size).unwrap(), [bytes.to_vec()]);
    }
});

fn read(bytes: &[u8], size: usize) -> Result<Vec<Vec<u8>>, Error> {
    let (mut reader, mut input, mut all) = (Reader::new("x").unwrap(), BytesMut::new(), Vec::new());
    let mut keep = |event| match event {
        Event::Field(_) => all.push(vec![]),
        Event::Data(data) => all.last_mut().unwrap().extend_from_slice(&data),
        Event::FieldEnd | Event::End => {}
    };
    for piece in bytes.chunks(size) {
        input.extend_from_slice(piece);
        while let Some(event) = reader.receive(&mut input)? {
            keep(event);
        }
    }
    while let Some(event) = reader.receive_eof(&mut input)? {
        keep(event);
    }
    Ok(all)
}

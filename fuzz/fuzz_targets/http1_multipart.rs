//! A form with files is read alike however it is cut and stays within its limits; what is written is read as the same.

#![no_main]

use bytes::BytesMut;
use http1::form::multipart::{Error, Event, Form, LIMITS, MediaType, Piece, reader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &str, Option<&str>, &[u8])| {
    let (size, name, filename, bytes) = input;
    let size = usize::from(size).max(1);
    assert_eq!(
        read(b"multipart/form-data; boundary=x", bytes, size),
        read(b"multipart/form-data; boundary=x", bytes, bytes.len().max(1))
    );
    let _ = reader(bytes);
    write(size, name, filename, bytes);
});

type Part = (String, Option<String>, Vec<u8>);

fn read(content_type: &[u8], bytes: &[u8], size: usize) -> Result<Vec<Part>, Error> {
    let mut reader = reader(content_type).unwrap();
    let (mut input, mut parts) = (BytesMut::new(), Vec::new());
    let mut keep = |event| match event {
        Event::Field(field) => parts.push((field.name, field.filename, vec![])),
        Event::Data(data) => parts.last_mut().unwrap().2.extend_from_slice(&data),
        Event::FieldEnd | Event::End => {}
    };
    for piece in bytes.chunks(size) {
        input.extend_from_slice(piece);
        while let Some(event) = reader.receive(&mut input)? {
            keep(event);
        }
        assert!(input.len() <= LIMITS.header_block + size + 300, "{} bytes are held", input.len());
    }
    while let Some(event) = reader.receive_eof(&mut input)? {
        keep(event);
    }
    assert!(parts.len() <= LIMITS.fields);
    Ok(parts)
}

/// The boundary is random enough to be in no input.
const BOUNDARY: &str = "------------------------5d1f9d0b7c3e4a21";

fn write(size: usize, name: &str, filename: Option<&str>, bytes: &[u8]) {
    let mut form = Form::new(BOUNDARY).unwrap();
    let written = form
        .field(name, bytes)
        .and_then(|()| form.part(name, filename, Some(&MediaType::OCTETS), bytes.len() as u64));
    if written.is_err() {
        return;
    }
    let content_type = form.content_type();
    let (mut out, mut len) = (Vec::new(), 0);
    for piece in form.finish() {
        len += piece.size();
        match piece {
            Piece::Bytes(text) => out.extend_from_slice(&text),
            Piece::Content(_) => out.extend_from_slice(bytes),
        }
    }
    assert_eq!(len, out.len() as u64);
    // A part's head has a limit, for writers too.
    if name.len() + filename.map_or(0, str::len) > LIMITS.header_block / 4 {
        return;
    }
    let read = read(content_type.as_bytes(), &out, size).unwrap();
    assert!(read.len() == 2 && read.iter().all(|part| part.2 == bytes));
    let plain =
        |text: &str| text.bytes().all(|byte| matches!(byte, b' '..=b'~' if byte != b'%' && byte != b'='));
    if plain(name) {
        assert_eq!(read[0].0, name);
    }
    if let Some(filename) = filename.filter(|filename| plain(filename)) {
        assert_eq!(read[1].1.as_deref(), Some(filename));
    }
}

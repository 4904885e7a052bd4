//! Response heads: what is accepted lies within the input and can be forwarded; joining folded lines keeps the length,
//! joins all there is, and harms no head without them.

#![no_main]

use http1::{ErrorKind, FieldLines, Fields, Known, Method, ResponseHead, unfold};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut index = Fields::new();
    let parsed = ResponseHead::parse(bytes, &mut index).map(|head| head.map(|(_, len)| len));
    let mut joined = bytes.to_vec();
    unfold(&mut joined);
    let mut again = joined.clone();
    unfold(&mut again);
    assert_eq!(joined, again);
    match parsed {
        Ok(Some(len)) => read(&bytes[..len], &joined),
        Err(error) if error.kind == ErrorKind::FoldedLine => {
            let after = ResponseHead::parse(&joined, &mut index)
                .map(drop)
                .map_err(|error| (error.kind, error.offset));
            let first = bytes.iter().position(|&byte| byte == b'\n').unwrap() + 1;
            assert!(after != Err((ErrorKind::FoldedLine, error.offset)) || error.offset == first);
        }
        _ => {}
    }
});

fn read(bytes: &[u8], joined: &[u8]) {
    let mut index = Fields::new();
    let (head, _) = ResponseHead::parse(bytes, &mut index).unwrap().unwrap();
    for method in [Method::Get, Method::Head, Method::Connect] {
        let _ = head.framing(method);
    }
    let mut lines = FieldLines::new();
    let own = [Known::Expect, Known::Host];
    lines
        .extend(head.fields(), |name| !Known::find(name.as_bytes()).is_some_and(|known| own.contains(&known)))
        .unwrap();
    // What follows the head may begin with a blank: that is no fold of its last line, which is empty.
    assert_eq!(&joined[..bytes.len() - 2], &bytes[..bytes.len() - 2]);
}

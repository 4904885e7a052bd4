//! What this crate accepts httparse accepts, with equal spans.

#![no_main]

use http1::{FieldSection, Fields, RequestHead, ResponseHead};
use libfuzzer_sys::fuzz_target;

/// Where a part is in the whole; that of an empty one is not worth comparing.
fn span(whole: &[u8], part: &[u8]) -> (usize, usize) {
    if part.is_empty() { (0, 0) } else { (part.as_ptr() as usize - whole.as_ptr() as usize, part.len()) }
}

fn assert_same(bytes: &[u8], ours: FieldSection<'_>, theirs: &[httparse::Header<'_>]) {
    assert_eq!(ours.len(), theirs.len());
    for (our, their) in ours.iter().zip(theirs) {
        assert_eq!(span(bytes, our.name.as_bytes()), span(bytes, their.name.as_bytes()));
        assert_eq!(span(bytes, our.value), span(bytes, their.value));
    }
}

/// A later minor version is 1.1 to us, and nothing to httparse.
fn is_later(head: &[u8]) -> bool {
    let line = head.split(|&byte| byte == b'\n').find(|line| line.len() > 1).unwrap();
    !(line.ends_with(b"HTTP/1.1\r") || line.ends_with(b"HTTP/1.0\r"))
}

fuzz_target!(|bytes: &[u8]| {
    let mut index = Fields::new();
    if let Ok(Some((head, len))) = RequestHead::parse(bytes, &mut index)
        && !is_later(head.as_bytes())
    {
        let mut headers = [httparse::EMPTY_HEADER; 128];
        let mut other = httparse::Request::new(&mut headers);
        assert_eq!(other.parse(bytes), Ok(httparse::Status::Complete(len)));
        assert_eq!(other.method, Some(head.method().as_str()));
        assert_eq!(span(bytes, other.path.unwrap().as_bytes()), span(bytes, head.target().as_bytes()));
        assert_same(bytes, head.fields(), other.headers);
    }
    if let Ok(Some((head, len))) = ResponseHead::parse(bytes, &mut index)
        && matches!(bytes.get(..8), Some(b"HTTP/1.1" | b"HTTP/1.0"))
    {
        let mut headers = [httparse::EMPTY_HEADER; 128];
        let mut other = httparse::Response::new(&mut headers);
        assert_eq!(other.parse(bytes), Ok(httparse::Status::Complete(len)));
        assert_eq!(other.code, Some(head.status().code()));
        assert_same(bytes, head.fields(), other.headers);
    }
});

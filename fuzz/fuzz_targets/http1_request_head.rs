//! Request heads: what is accepted lies within the input, is the same whatever follows it, frames as it says, and can
//! be forwarded; no beginning of it is taken for the whole.

#![no_main]

use http1::{Config, FieldLines, Fields, Known, Lenient, RequestHead, Target};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut index = Fields::new();
    let all = Lenient {
        bare_lf: true,
        folded_lines: true,
        target_characters: true,
        equal_lengths: true,
        missing_host: true,
        refused_connect: true,
    };
    let strict = RequestHead::parse(bytes, &mut index).map(|head| head.map(|(_, len)| len));
    let lenient = Config { lenient: all, ..Config::DEFAULT };
    let forgiven = RequestHead::parse_with(bytes, &mut index, &lenient).map(|head| head.map(|(_, len)| len));
    let Ok(Some(len)) = strict else { return };
    assert_eq!(forgiven, Ok(Some(len)), "leniency only adds");
    for cut in [0, len / 2, len - 1] {
        assert_eq!(RequestHead::parse(&bytes[..cut], &mut index), Ok(None));
    }
    let (head, same) = RequestHead::parse(&bytes[..len], &mut index).unwrap().unwrap();
    assert_eq!((same, head.as_bytes()), (len, &bytes[..len]));
    assert!(bytes[..len].ends_with(b"\r\n\r\n") || bytes[..len].ends_with(b"\n\r\n"));
    let _ = head.framing();
    if let Target::Authority(authority) = head.target_form() {
        assert!(authority.port.is_some());
    }
    let mut lines = FieldLines::new();
    lines.extend(head.fields(), |name| Known::find(name.as_bytes()) != Some(Known::Expect)).unwrap();
});

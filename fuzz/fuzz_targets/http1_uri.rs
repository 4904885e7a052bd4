//! URIs, targets and hosts: what parses is written back as it was, normalising and resolving come to rest, and no path
//! leads out of its root.

#![no_main]

use http1::uri::path::{FilePath, remove_dot_segments};
use http1::uri::{Reference, Uri, percent};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = http1::uri::Authority::parse_host_field(bytes);
    let encoded = percent::encode(bytes, &percent::COMPONENT);
    assert_eq!(&*percent::decode(encoded.as_bytes()).unwrap(), bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for method in ["GET", "OPTIONS", "CONNECT"] {
        if let Ok(target) = http1::uri::Target::parse(method, text) {
            assert_eq!(target.to_string(), text);
        }
    }
    if let Ok(path) = FilePath::of(text) {
        assert!(path.names.iter().all(|name| !matches!(&**name, b"" | b"." | b"..")));
        assert!(path.names.iter().flat_map(|name| name.iter()).all(|octet| !b"\0/\\".contains(octet)));
    }
    let (base, reference) = text.split_once(' ').unwrap_or((text, ""));
    if let Ok(uri) = Uri::parse(base) {
        let normal = uri.normalise();
        assert_eq!(Uri::parse(&normal).unwrap().normalise(), normal);
        resolve(&uri, reference);
    }
});

fn resolve(base: &Uri<'_>, reference: &str) {
    let Ok(reference) = Reference::parse(reference) else { return };
    assert_eq!(Reference::parse(&reference.to_string()), Ok(reference));
    let once = base.resolve(&reference);
    let absolute = Uri::parse(&once).unwrap();
    if !reference.path().is_empty() || remove_dot_segments(base.path()) == base.path() {
        assert_eq!(base.resolve(absolute.as_reference()), once);
    }
}

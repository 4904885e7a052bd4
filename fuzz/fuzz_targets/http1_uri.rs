//! URIs, targets and hosts: what parses is written back as it was, both readers of a request agree, normalising and resolving
//! come to rest, and no path leads out of its root.

#![no_main]

use http1::Method;
use http1::uri::path::{FilePath, remove_dot_segments};
use http1::uri::{Reference, Uri, percent};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let authority = http1::uri::Authority::parse_host_field(bytes).ok();
    assert_eq!(http1::Authority::parse(bytes), authority.map(Into::into));
    assert_eq!(http1::Authority::parse(bytes).and_then(|it| it.typed_host()), authority.map(|it| it.host()));
    let tidy = percent::encode_stray(bytes);
    assert_eq!(percent::encode_stray(tidy.as_bytes()), tidy);
    let encoded = percent::encode(bytes, &percent::COMPONENT);
    assert_eq!(&*percent::decode(encoded.as_bytes()).unwrap(), bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for method in [Method::Get, Method::Options, Method::Connect] {
        if let Ok(target) = http1::uri::Target::parse(method.as_str(), text) {
            assert_eq!(target.to_string(), text);
            let read = http1::Target::parse(method, bytes).unwrap();
            assert_eq!(read.authority(), target.authority().map(Into::into));
            assert_eq!(read.for_origin(method).to_string(), for_origin(method, target));
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

fn for_origin(method: Method<'_>, target: http1::uri::Target<'_>) -> String {
    match target {
        http1::uri::Target::Absolute(uri) => {
            http1::uri::Target::for_origin(method.as_str(), &uri).to_string()
        }
        http1::uri::Target::Authority(authority) => http1::Authority::from(authority).to_string(),
        target => target.to_string(),
    }
}

fn resolve(base: &Uri<'_>, reference: &str) {
    let Ok(reference) = Reference::parse(reference) else { return };
    assert_eq!(Reference::parse(&reference.to_string()), Ok(reference));
    let once = base.resolve(&reference);
    let absolute = Uri::parse(&once).unwrap();
    if !reference.path().is_empty() || remove_dot_segments(base.path()) == base.path() {
        assert_eq!(base.resolve(absolute.as_reference()), once);
    }
}

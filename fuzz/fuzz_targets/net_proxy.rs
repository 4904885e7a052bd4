//! A PROXY header means the same however it is cut, and not a byte behind it is touched.

#![no_main]

use libfuzzer_sys::fuzz_target;
use net_core::proxy::{Header, Parser, ProxyError};

/// The header and how many bytes it took, with `step` bytes at a time.
fn parse(bytes: &[u8], step: usize) -> Result<Option<(Header, usize)>, ProxyError> {
    let mut parser = Parser::new();
    let mut before = 0;
    for piece in bytes.chunks(step) {
        let (taken, header) = parser.feed(piece)?;
        assert!(taken <= piece.len());
        before += taken;
        if let Some(header) = header {
            return Ok(Some((header, before)));
        }
        assert_eq!(taken, piece.len());
    }
    Ok(None)
}

fuzz_target!(|bytes: &[u8]| {
    let whole = parse(bytes, bytes.len().max(1));
    for step in [1, 7] {
        assert_eq!(parse(bytes, step), whole);
    }
    let Ok(Some((header, taken))) = whole else { return };
    assert_eq!(parse(&bytes[..taken], taken), Ok(Some((header.clone(), taken))));
    assert_eq!(parse(&bytes[..taken - 1], taken), Ok(None));
    let extensions: usize = header.extensions().map(|(_, value)| 3 + value.len()).sum();
    assert!(extensions < taken);
});

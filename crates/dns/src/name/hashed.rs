//! Hashed names (RFC 5155 section 5), as they stand in the owners of NSEC3.

use alloc::string::String;

use sha1::{Digest, Sha1};

use super::Name;
use crate::rdata::base32;

/// The hash of a name in small letters: once, and `iterations` times more.
pub(crate) fn hash(name: &Name, salt: &[u8], iterations: u16) -> [u8; 20] {
    let first = Sha1::new().chain_update(name.to_lowercase().as_wire()).chain_update(salt).finalize();
    let again = |hash, _| Sha1::new().chain_update(hash).chain_update(salt).finalize();
    (0..iterations).fold(first, again).into()
}

/// The label that a hash makes, in small letters.
pub(crate) fn label(hash: &[u8]) -> String {
    let mut label = String::new();
    // Writing to a string can't fail.
    let _ = base32::write(hash, &mut label);
    label.make_ascii_lowercase();
    label
}

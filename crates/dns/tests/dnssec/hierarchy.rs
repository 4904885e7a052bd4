//! The signed zones of the tests, and who checks their signatures.
//!
//! The zones are ours, signed with other people's tool for the years 2020 to 2085 (`expired.test` until 2021): Ed25519 over
//! NSEC, ECDSA over NSEC3, RSA over NSEC3 with opt-out, one that hashes 100 times, one with an algorithm that the verifier
//! does not know. `plain.test` and `child.optout.test` are unsigned.

#[path = "../zones/mod.rs"]
mod text_zones;

use std::sync::Arc;

use dns::dnssec::Verifier;
use dns::zone::Zone;
use dns::{Name, Rdata, RrType};
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm};

const PLAIN: &str = "$TTL 300\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.5\nwww A 192.0.2.55\n";
const CHILD: &str = "$TTL 300\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.44\nwww A 192.0.2.45\n";

/// In 2026.
pub(crate) const NOW: u64 = 1_780_000_000;

pub(crate) struct Ring;

impl Verifier for Ring {
    fn knows(&self, algorithm: u8) -> bool {
        matches!(algorithm, 8 | 10 | 13 | 14 | 15)
    }

    fn verify(&self, algorithm: u8, key: &[u8], signed: &[u8], proof: &[u8]) -> bool {
        let point = [&[4], key].concat();
        let verified = |how: &'static dyn VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(how, key).verify(signed, proof).is_ok()
        };
        match algorithm {
            5 => rsa(key)
                .verify(&signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, signed, proof)
                .is_ok(),
            8 => rsa(key).verify(&signature::RSA_PKCS1_2048_8192_SHA256, signed, proof).is_ok(),
            13 => verified(&signature::ECDSA_P256_SHA256_FIXED, &point),
            14 => verified(&signature::ECDSA_P384_SHA384_FIXED, &point),
            15 => verified(&signature::ED25519, key),
            _ => false,
        }
    }
}

/// RFC 3110 section 2, with an exponent of less than 256 octets.
fn rsa(key: &[u8]) -> RsaPublicKeyComponents<&[u8]> {
    let (e, n) = key[1..].split_at(usize::from(key[0]));
    RsaPublicKeyComponents { n, e }
}

pub(crate) fn zone(apex: &str, text: &str) -> Arc<Zone> {
    Arc::new(text_zones::read(apex, text).unwrap())
}

/// All of them, with the last octet of their server's address in 192.0.2.0/24.
pub(crate) fn zones() -> Vec<(u8, Arc<Zone>)> {
    [
        (2, ".", include_str!("root.zone")),
        (2, "test", include_str!("test.zone")),
        (3, "nsec3.test", include_str!("nsec3.test.zone")),
        (4, "optout.test", include_str!("optout.test.zone")),
        (3, "many.test", include_str!("many.test.zone")),
        (3, "expired.test", include_str!("expired.test.zone")),
        (3, "unknown.test", include_str!("unknown.test.zone")),
        (5, "plain.test", PLAIN),
        (44, "child.optout.test", CHILD),
    ]
    .into_iter()
    .map(|(server, apex, text)| (server, zone(apex, text)))
    .collect()
}

/// The key of the root.
pub(crate) fn root_key() -> Rdata {
    let root = zone(".", include_str!("root.zone"));
    root.node(&Name::ROOT).unwrap().rrset(RrType::DNSKEY).unwrap().rdatas()[0].clone()
}

//! What is trusted: keys out of a file, and signatures checked by ring.
//!
//! The rule: a file that is not understood to the last line is no anchor; without one nothing would be validated and
//! nobody would know.

use std::path::Path;

use dns::dnssec::{Validator, Verifier};
use dns::resolver::BoxedVerifier;
use dns::zonefile;
use dns::{Class, Name, RrType};
use examples::Failure;
use ring::signature::{
    self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};

/// A validator that trusts the keys of a file: DS and DNSKEY records, one or more, in the form of zone files.
pub(crate) fn validator(file: &Path) -> Result<Validator<BoxedVerifier>, Failure> {
    let text = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut parser = zonefile::Parser::new(&text, &file.display().to_string()).origin(Name::ROOT).ttl(3_600);
    let mut validator: Validator<BoxedVerifier> = Validator::new(Box::new(Ring));
    let mut anchors = 0;
    while let Some(entry) = parser.next()? {
        let (rtype, class) = (entry.record.rtype(), entry.record.class());
        if !matches!(rtype, RrType::DS | RrType::DNSKEY) || class != Class::IN {
            let place = format!("{}:{}:{}", file.display(), entry.line, entry.column);
            return Err(format!("{place}: {rtype} is no trust anchor: DS or DNSKEY of class IN is").into());
        }
        validator.trust(entry.record.owner.to_name(), entry.record.rdata.to_rdata());
        anchors += 1;
    }
    if anchors == 0 {
        return Err(format!("{}: no DS or DNSKEY record is in it", file.display()).into());
    }
    Ok(validator)
}

/// Algorithms 8, 10, 13, 14 and 15 (RFC 8624 section 3.1). RSA with SHA-1 proves nothing any more (RFC 9905): zones
/// signed so are as good as unsigned.
struct Ring;

impl Verifier for Ring {
    fn knows(&self, algorithm: u8) -> bool {
        matches!(algorithm, 8 | 10 | 13 | 14 | 15)
    }

    fn verify(&self, algorithm: u8, key: &[u8], signed: &[u8], signature: &[u8]) -> bool {
        let by = |how: &'static dyn VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(how, key).verify(signed, signature).is_ok()
        };
        // Keys of zones are often shorter than ring recommends elsewhere: 1280 bits for a month.
        let rsa = |how: &'static RsaParameters| {
            rsa_key(key).is_some_and(|key| key.verify(how, signed, signature).is_ok())
        };
        // RFC 6605 section 4: the point without the octet that says that it is not compressed.
        let point = || [&[4], key].concat();
        match algorithm {
            8 => rsa(&signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
            10 => rsa(&signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
            13 => by(&signature::ECDSA_P256_SHA256_FIXED, &point()),
            14 => by(&signature::ECDSA_P384_SHA384_FIXED, &point()),
            15 => by(&signature::ED25519, key),
            _ => false,
        }
    }
}

/// RFC 3110 section 2: the length of the exponent in one octet or, behind a zero, in two; the exponent; the modulus.
fn rsa_key(key: &[u8]) -> Option<RsaPublicKeyComponents<&[u8]>> {
    let (len, rest) = match key {
        [0, high, low, rest @ ..] => (u16::from_be_bytes([*high, *low]), rest),
        [len, rest @ ..] => (u16::from(*len), rest),
        [] => return None,
    };
    let (e, n) = rest.split_at_checked(usize::from(len))?;
    // Zeros in front are not counted as part of a number.
    let trimmed = |number: &'_ [u8]| number.iter().take_while(|octet| **octet == 0).count();
    Some(RsaPublicKeyComponents { n: n.get(trimmed(n)..)?, e: e.get(trimmed(e)..)? })
}

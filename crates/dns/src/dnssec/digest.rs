//! What a parent says of its child's keys: tags and digests (RFC 4034 section 5 and appendix B, RFC 4509, RFC 6605).

use alloc::vec::Vec;

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384};

use crate::{NameRef, Rdata, RdataRef, RrType};

const SHA1: u8 = 1;
const SHA256: u8 = 2;
const SHA384: u8 = 4;

/// The tag by which a DNSKEY is named (RFC 4034 appendix B); not unique.
#[must_use]
pub fn key_tag(dnskey: &RdataRef<'_>) -> u16 {
    let octets = dnskey.octets();
    // RFC 4034 appendix B.1: RSA/MD5 has a way of its own.
    if let [_, _, _, 1, .., high, low, _] = octets {
        return u16::from_be_bytes([*high, *low]);
    }
    let words = octets.chunks(2).map(|pair| match *pair {
        [high, low] => u32::from(u16::from_be_bytes([high, low])),
        [high] => u32::from(high) << 8,
        _ => 0,
    });
    // At most 2^15 words of 16 bits each: they fit.
    let sum: u32 = words.sum();
    u16::try_from((sum + (sum >> 16)) & 0xFFFF).unwrap_or_default()
}

/// The digest of a key and its owner; `None` for a digest type that is not known.
fn digest(digest_type: u8, owner: NameRef<'_>, dnskey: &RdataRef<'_>) -> Option<Vec<u8>> {
    let owner = owner.to_name().to_lowercase();
    let (owner, key) = (owner.as_wire(), dnskey.octets());
    match digest_type {
        SHA1 => Some(Sha1::new().chain_update(owner).chain_update(key).finalize().to_vec()),
        SHA256 => Some(Sha256::new().chain_update(owner).chain_update(key).finalize().to_vec()),
        SHA384 => Some(Sha384::new().chain_update(owner).chain_update(key).finalize().to_vec()),
        _ => None,
    }
}

/// The DS of a key (RFC 4034 section 5.1); `None` if that is no DNSKEY, or the digest type is not one of 1, 2 and 4.
///
/// ```
/// use dns::{Rdata, RrType, dnssec};
/// // RFC 8080 section 6.1.
/// let key = Rdata::of_text(RrType::DNSKEY, "257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=")?;
/// let ds = "3613 15 2 3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b";
/// let example = "example.com".parse::<dns::Name>().unwrap();
/// assert_eq!(dnssec::ds_of((&example).into(), &(&key).into(), 2), Some(Rdata::of_text(RrType::DS, ds)?));
/// # Ok::<(), dns::TextError>(())
/// ```
#[must_use]
pub fn ds_of(owner: NameRef<'_>, dnskey: &RdataRef<'_>, digest_type: u8) -> Option<Rdata> {
    let key = dnskey.dnskey()?;
    let [high, low] = key_tag(dnskey).to_be_bytes();
    let mut wire = Vec::from([high, low, key.algorithm, digest_type]);
    wire.extend_from_slice(&digest(digest_type, owner, dnskey)?);
    Rdata::from_wire(RrType::DS, dnskey.class(), &wire).ok()
}

/// `ds` is that of the key.
#[must_use]
pub fn matches_ds(ds: &RdataRef<'_>, owner: NameRef<'_>, dnskey: &RdataRef<'_>) -> bool {
    let (Some(ds), Some(key)) = (ds.ds(), dnskey.dnskey()) else { return false };
    ds.algorithm == key.algorithm
        && ds.key_tag == key_tag(dnskey)
        && digest(ds.digest_type, owner, dnskey).is_some_and(|digest| digest == ds.digest)
}

/// Those DS that count: of digests that are known, and SHA-1 only if there is nothing better (RFC 4509 section 3).
pub(super) fn strongest(all: impl Iterator<Item = Rdata>) -> Vec<Rdata> {
    let digest_type = |ds: &Rdata| ds.as_rdata_ref().ds().map(|ds| ds.digest_type);
    let mut known: Vec<_> =
        all.filter(|ds| matches!(digest_type(ds), Some(SHA1 | SHA256 | SHA384))).collect();
    if known.iter().any(|ds| digest_type(ds) != Some(SHA1)) {
        known.retain(|ds| digest_type(ds) != Some(SHA1));
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Name;

    /// RFC 4034 section 5.4 and RFC 4509 section 2.3.
    #[test]
    fn the_examples_of_the_rfcs() {
        let key = "256 3 5 AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvx\
                   egXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==";
        let key = Rdata::of_text(RrType::DNSKEY, key).unwrap();
        let owner: Name = "dskey.example.com".parse().unwrap();
        assert_eq!(key_tag(&key.as_rdata_ref()), 60485);
        for (digest_type, text) in [
            (SHA1, "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118"),
            (SHA256, "60485 5 2 D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A"),
        ] {
            let ds = Rdata::of_text(RrType::DS, text).unwrap();
            assert_eq!(ds_of(owner.as_name_ref(), &key.as_rdata_ref(), digest_type), Some(ds.clone()));
            assert!(matches_ds(&ds.as_rdata_ref(), owner.as_name_ref(), &key.as_rdata_ref()));
            let other: Name = "example.com".parse().unwrap();
            assert!(!matches_ds(&ds.as_rdata_ref(), other.as_name_ref(), &key.as_rdata_ref()));
        }
        assert_eq!(ds_of(owner.as_name_ref(), &key.as_rdata_ref(), 3), None);
    }

    #[test]
    fn sha_1_counts_only_where_there_is_nothing_better() {
        let of = |digest_type: u8| {
            let octets = [1, 2, 8, digest_type, 9, 9];
            Rdata::from_wire(RrType::DS, crate::Class::IN, &octets).unwrap()
        };
        let types = |all: &[u8]| -> Vec<u8> {
            let strongest = strongest(all.iter().map(|digest_type| of(*digest_type)));
            strongest.iter().map(|ds| ds.as_rdata_ref().ds().unwrap().digest_type).collect()
        };
        assert_eq!(types(&[1, 2, 4, 7]), [2, 4]);
        assert_eq!(types(&[1, 7]), [1]);
        assert!(types(&[3, 7]).is_empty());
    }
}

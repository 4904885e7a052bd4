//! Numbers with names: small registries of IANA that text may use.

use core::fmt::{self, Write};

use crate::text::decimal;

type Registry = &'static [(u64, &'static str)];

/// RFC 4034 appendix A.1 and its successors.
pub(super) const ALGORITHMS: Registry = &[
    (0, "DELETE"),
    (1, "RSAMD5"),
    (2, "DH"),
    (3, "DSA"),
    (5, "RSASHA1"),
    (6, "DSA-NSEC3-SHA1"),
    (6, "NSEC3DSA"),
    (7, "RSASHA1-NSEC3-SHA1"),
    (7, "NSEC3RSASHA1"),
    (8, "RSASHA256"),
    (10, "RSASHA512"),
    (12, "ECC-GOST"),
    (12, "ECCGOST"),
    (13, "ECDSAP256SHA256"),
    (14, "ECDSAP384SHA384"),
    (15, "ED25519"),
    (16, "ED448"),
    (17, "SM2SM3"),
    (23, "ECC-GOST12"),
    (252, "INDIRECT"),
    (253, "PRIVATEDNS"),
    (254, "PRIVATEOID"),
];

/// RFC 4398 section 2.1.
pub(super) const CERTIFICATES: Registry = &[
    (1, "PKIX"),
    (2, "SPKI"),
    (3, "PGP"),
    (4, "IPKIX"),
    (5, "ISPKI"),
    (6, "IPGP"),
    (7, "ACPKIX"),
    (8, "IACPKIX"),
    (253, "URI"),
    (254, "OID"),
];

/// RFC 9859 section 6.2.
pub(super) const SCHEMES: Registry = &[(1, "NOTIFY")];

/// RFC 1035 section 3.4.2.
pub(super) const PROTOCOLS: Registry = &[(1, "ICMP"), (6, "TCP"), (17, "UDP")];

/// Ports of the time of WKS (RFC 1010) and some of ours.
pub(super) const SERVICES: Registry = &[
    (7, "ECHO"),
    (9, "DISCARD"),
    (13, "DAYTIME"),
    (20, "FTP-DATA"),
    (21, "FTP"),
    (22, "SSH"),
    (23, "TELNET"),
    (25, "SMTP"),
    (37, "TIME"),
    (43, "WHOIS"),
    (53, "DOMAIN"),
    (69, "TFTP"),
    (70, "GOPHER"),
    (79, "FINGER"),
    (80, "HTTP"),
    (101, "HOSTNAME"),
    (109, "POP2"),
    (110, "POP3"),
    (111, "SUNRPC"),
    (119, "NNTP"),
    (123, "NTP"),
    (143, "IMAP"),
    (161, "SNMP"),
    (443, "HTTPS"),
];

/// The names of a signature algorithm (RFC 4034 appendix A.1 and its successors): the one that IANA has for it first.
pub fn algorithm_names(number: u8) -> impl Iterator<Item = &'static str> {
    ALGORITHMS.iter().filter(move |(code, _)| *code == u64::from(number)).map(|(_, name)| *name)
}

/// The mnemonic, or else the number.
pub(super) fn write(registry: Registry, number: u64, out: &mut impl Write) -> fmt::Result {
    match registry.iter().find(|(code, _)| *code == number) {
        Some((_, name)) => out.write_str(name),
        None => write!(out, "{number}"),
    }
}

/// A number, or the number of a mnemonic.
pub(super) fn read(registry: Registry, text: &[u8]) -> Option<u64> {
    decimal(text).or_else(|| {
        let known = registry.iter().find(|(_, name)| name.as_bytes().eq_ignore_ascii_case(text));
        known.map(|(code, _)| *code)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    #[test]
    fn first_names_come_back() {
        for registry in [ALGORITHMS, CERTIFICATES, SCHEMES, PROTOCOLS, SERVICES] {
            for (code, name) in registry {
                assert_eq!(read(registry, name.to_lowercase().as_bytes()), Some(*code));
                let mut text = String::new();
                write(registry, *code, &mut text).unwrap();
                assert_eq!(read(registry, text.as_bytes()), Some(*code));
            }
        }
        assert_eq!(read(SCHEMES, b"nonsense"), None);
        assert!(algorithm_names(7).eq(["RSASHA1-NSEC3-SHA1", "NSEC3RSASHA1"]));
        assert_eq!(algorithm_names(99).next(), None);
    }
}

//! Certificates made on the spot: an authority of our own, valid as long as the tour, and what it signs.

use std::path::PathBuf;

use examples::Failure;
use examples::scratch::Scratch;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// Somebody who signs certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate: who trusts this file, trusts all it signs.
    pub(crate) root: PathBuf,
}

/// A certificate with its key, both as PEM files.
pub(crate) struct Certificate {
    pub(crate) chain: PathBuf,
    pub(crate) key: PathBuf,
}

impl Authority {
    pub(crate) fn new(name: &str, folder: &Scratch) -> Result<Self, Failure> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let root = folder.write(&format!("{name}.pem"), params.self_signed(&key)?.pem().as_bytes())?;
        Ok(Authority { issuer: Issuer::new(params, key), root })
    }

    /// A certificate for a server that goes by these names or addresses.
    pub(crate) fn sign(&self, names: &[&str], folder: &Scratch) -> Result<Certificate, Failure> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let first = names.first().copied().unwrap_or("nobody");
        params.distinguished_name.push(DnType::CommonName, first);
        let certificate = params.signed_by(&key, &self.issuer)?;
        let chain = folder.write(&format!("{first}.chain.pem"), certificate.pem().as_bytes())?;
        let key = folder.write(&format!("{first}.key.pem"), key.serialize_pem().as_bytes())?;
        Ok(Certificate { chain, key })
    }
}

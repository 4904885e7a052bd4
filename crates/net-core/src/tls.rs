//! TLS over a stream: rustls as one more layer, in both roles, and the two or three configurations that programs want.
//!
//! The rule: all that is read below goes through the session at once, so that nothing readable hides where a `poll` does
//! not see it; and nothing is accepted for sending that could not be protected, which is to say, before the handshake is
//! complete. The end of the stream is an orderly one only behind a close-notify (RFC 8446 section 6.1).

use std::env;
use std::fs::File;
use std::io::{self, BufRead, IoSlice, Write};
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::BytesMut;
use proto_core::End;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, Connection, DigitallySignedStruct, RootCertStore, ServerConfig,
    ServerConnection, SignatureScheme,
};

use crate::stream::{Failure, Patience, Received, Transport};

/// Which end of TLS we are, and how.
///
/// Sessions are resumed between streams that share one configuration (RFC 8446 section 2.2).
#[derive(Clone, Debug)]
pub enum TlsRole {
    /// We asked for the connection.
    Client {
        /// See [`client`].
        config: Arc<ClientConfig>,
        /// Whom we mean to talk to: it goes into the server name indication (RFC 6066 section 3), and the peer's
        /// certificate must be for it.
        name: ServerName<'static>,
    },
    /// We answer.
    Server {
        /// See [`server`].
        config: Arc<ServerConfig>,
    },
}

impl TlsRole {
    /// The client's end, towards `host`: a name, or an address without brackets.
    ///
    /// # Errors
    /// `host` is neither a name nor an address.
    pub fn client(config: Arc<ClientConfig>, host: &str) -> Result<Self, TlsSetupError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsSetupError::Name(host.to_owned()))?;
        Ok(TlsRole::Client { config, name })
    }

    /// The server's end.
    #[must_use]
    pub fn server(config: Arc<ServerConfig>) -> Self {
        TlsRole::Server { config }
    }
}

/// Why TLS could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsSetupError {
    /// Not a host name, and not an address.
    #[error("{0:?} is no host name that a certificate could be for")]
    Name(String),
    /// A PEM file can't be used.
    #[error("can't read certificates or key from {}: {source}", path.display())]
    Pem {
        /// Which.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// No file with the system's trusted roots was found.
    #[error("found no trusted root certificates; name a PEM file with them in SSL_CERT_FILE")]
    NoRoots,
    /// Key and certificate do not fit, or none of the algorithms are known.
    #[error("the TLS configuration is refused: {0}")]
    Refused(#[from] rustls::Error),
}

/// Where systems keep their trusted roots as one PEM file.
const ROOTS: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The system's trusted roots: from the file named by the environment's `SSL_CERT_FILE`, else from where systems
/// usually keep them. Certificates that can't be understood are passed over.
///
/// # Errors
/// There is no such file, or nothing useful in it.
pub fn system_roots() -> Result<RootCertStore, TlsSetupError> {
    if let Some(path) = env::var_os("SSL_CERT_FILE") {
        return roots_from(Path::new(&path));
    }
    let path = ROOTS.iter().map(Path::new).find(|path| path.exists());
    roots_from(path.ok_or(TlsSetupError::NoRoots)?)
}

/// The trusted roots of a PEM file.
///
/// # Errors
/// The file can't be read, or has no certificate that can be understood.
pub fn roots_from(path: &Path) -> Result<RootCertStore, TlsSetupError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates(path)?);
    if roots.is_empty() {
        return Err(TlsSetupError::NoRoots);
    }
    Ok(roots)
}

/// A client that trusts `roots` and offers the `alpn` protocols (RFC 7301), the dearest first; none: no offer.
///
/// # Errors
/// rustls refuses.
pub fn client(roots: RootCertStore, alpn: &[&[u8]]) -> Result<Arc<ClientConfig>, TlsSetupError> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = owned(alpn);
    Ok(Arc::new(config))
}

/// A client that takes anybody for whom it asked for: whoever sits in between reads and changes all. For tests on one
/// machine, and for people who say `--insecure`.
///
/// # Errors
/// rustls refuses.
pub fn dangerous_client_without_verification(alpn: &[&[u8]]) -> Result<Arc<ClientConfig>, TlsSetupError> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    config.alpn_protocols = owned(alpn);
    Ok(Arc::new(config))
}

/// A server with a chain of certificates (its own first) and a private key, both PEM files, that takes the first of its
/// `alpn` protocols which the client offers; none: it takes no notice of offers.
///
/// # Errors
/// A file can't be read, or certificate and key do not fit.
pub fn server(chain: &Path, key: &Path, alpn: &[&[u8]]) -> Result<Arc<ServerConfig>, TlsSetupError> {
    let chain = certificates(chain)?;
    let key = PrivateKeyDer::from_pem_file(key)
        .map_err(|source| TlsSetupError::Pem { path: key.to_owned(), source })?;
    server_with(chain, key, alpn)
}

/// As [`server`], with certificates and key from elsewhere.
///
/// # Errors
/// Certificate and key do not fit.
pub fn server_with(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    alpn: &[&[u8]],
) -> Result<Arc<ServerConfig>, TlsSetupError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = owned(alpn);
    Ok(Arc::new(config))
}

fn owned(alpn: &[&[u8]]) -> Vec<Vec<u8>> {
    alpn.iter().map(|name| name.to_vec()).collect()
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsSetupError> {
    let unusable = |source| TlsSetupError::Pem { path: path.to_owned(), source };
    CertificateDer::pem_file_iter(path).map_err(unusable)?.collect::<Result<_, _>>().map_err(unusable)
}

/// Takes every certificate; still checks that the peer holds its key.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// One TLS session over a transport.
#[derive(Debug)]
pub(crate) struct Session {
    rustls: Connection,
    /// The peer's close-notify has come.
    ended: bool,
    /// Ours was said.
    closed: bool,
    /// A write has failed below: nothing leaves any more.
    broken: bool,
}

impl Session {
    pub(crate) fn new(role: TlsRole) -> Result<Self, rustls::Error> {
        let rustls = match role {
            TlsRole::Client { config, name } => Connection::Client(ClientConnection::new(config, name)?),
            TlsRole::Server { config } => Connection::Server(ServerConnection::new(config)?),
        };
        Ok(Session { rustls, ended: false, closed: false, broken: false })
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.rustls
    }

    pub(crate) fn is_handshaking(&self) -> bool {
        self.rustls.is_handshaking()
    }

    pub(crate) fn is_unsent(&self) -> bool {
        !self.broken && self.rustls.wants_write()
    }

    /// Reads below once; appends what it says to `input`. Does not wait while something of ours is unsent, for the peer
    /// may be waiting for that.
    pub(crate) fn receive<T: Transport>(
        &mut self,
        below: &mut T,
        patience: Patience,
        input: &mut BytesMut,
    ) -> Result<Received, Failure> {
        if self.ended {
            return Ok(Received::End(End::Clean));
        }
        let before = input.len();
        let patience = if self.flush(below).is_ok() { patience } else { Patience::None };
        let mut taken = Ok(());
        let n = below.receive(patience, &mut |bytes| taken = self.take(bytes, input))?;
        // an alert, or an answer of the handshake: it leaves now, or with the next write
        let _ = self.flush(below);
        taken.map_err(Failure::Tls)?;
        Ok(match n {
            _ if input.len() > before => Received::Bytes,
            _ if self.ended => Received::End(End::Clean),
            0 => Received::End(End::Cut),
            _ => Received::Nothing,
        })
    }

    /// Takes in what came from below, all of it.
    fn take(&mut self, mut bytes: &[u8], input: &mut BytesMut) -> Result<(), rustls::Error> {
        while !bytes.is_empty() && !self.ended {
            let read = self.rustls.read_tls(&mut bytes);
            let state = self.rustls.process_new_packets()?;
            self.ended = state.peer_has_closed();
            self.drain(input);
            if !matches!(read, Ok(1..)) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn drain(&mut self, input: &mut BytesMut) {
        let mut reader = self.rustls.reader();
        while let Ok(plain @ [_, ..]) = reader.fill_buf() {
            let n = plain.len();
            input.extend_from_slice(plain);
            reader.consume(n);
        }
    }

    /// Protects and sends; what was accepted and does not fit below leaves with the next call.
    pub(crate) fn send<T: Transport>(&mut self, below: &mut T, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.make_room(below)?;
        let n = self.rustls.writer().write_vectored(slices)?;
        match self.flush(below) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(n),
        }
    }

    pub(crate) fn send_file<T: Transport>(
        &mut self,
        below: &mut T,
        file: &File,
        at: u64,
        n: usize,
    ) -> io::Result<usize> {
        self.make_room(below)?;
        let mut room = [MaybeUninit::<u8>::uninit(); 48 << 10];
        let most = n.min(room.len());
        let (bytes, _) = rustix::io::pread(file, room.get_mut(..most).unwrap_or_default(), at)?;
        if bytes.is_empty() {
            return Ok(0);
        }
        self.send(below, &[IoSlice::new(bytes)])
    }

    /// `WouldBlock` while what was accepted before is unsent, or the handshake is not complete.
    fn make_room<T: Transport>(&mut self, below: &mut T) -> io::Result<()> {
        self.flush(below)?;
        if self.is_handshaking() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(())
    }

    pub(crate) fn flush<T: Transport>(&mut self, below: &mut T) -> io::Result<()> {
        while self.rustls.wants_write() {
            if self.broken {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            match self.rustls.write_tls(&mut Below(below)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.broken = error.kind() != io::ErrorKind::WouldBlock;
                    return Err(error);
                }
                Ok(0) => return Err(io::ErrorKind::WouldBlock.into()),
                Ok(_) => {}
            }
        }
        Ok(())
    }

    /// Says close-notify, once.
    pub(crate) fn close<T: Transport>(&mut self, below: &mut T) -> io::Result<()> {
        if !self.closed {
            self.closed = true;
            self.rustls.send_close_notify();
        }
        self.flush(below)
    }
}

/// A transport as rustls wants it.
struct Below<'a, T>(&'a mut T);

impl<T: Transport> Write for Below<'_, T> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.send(&[IoSlice::new(buf)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.send(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

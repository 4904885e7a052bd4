//! TLS below a connection: rustls' own ends at the other side, certificates by rcgen.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use net_core::tls::{self, TlsSetupError};
use net_core::{Clock, Connection, Deadline, DriveError, Step, Stream, TlsRole};
use proto_core::{End, Layer, Status};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, HandshakeKind, RootCertStore, ServerConfig};

use crate::sockets::{client, line, pair, server, shout};
use net_sim::toy::{BadLine, Event, Talk};

/// A certificate for `localhost` and 127.0.0.1, signed by itself.
pub(crate) struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
    pem: String,
}

impl Identity {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
        Identity { chain: vec![certificate.der().clone()], pem: certificate.pem(), key }
    }

    fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.serialize_der()).unwrap()
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(self.chain.clone());
        roots
    }

    pub(crate) fn server(&self, alpn: &[&[u8]]) -> Arc<ServerConfig> {
        tls::server_with(self.chain.clone(), self.key(), alpn).unwrap()
    }

    pub(crate) fn client(&self, alpn: &[&[u8]]) -> Arc<ClientConfig> {
        tls::client(self.roots(), alpn).unwrap()
    }
}

fn over_tls(tcp: TcpStream, role: TlsRole) -> Stream {
    let mut stream = Stream::new(tcp).unwrap();
    stream.start_tls(role).unwrap();
    stream
}

fn to_localhost(config: Arc<ClientConfig>) -> TlsRole {
    TlsRole::client(config, "localhost").unwrap()
}

/// Our server at the far end, which shouts back.
fn shouting(tcp: TcpStream, role: TlsRole) -> thread::JoinHandle<Result<Vec<Event>, DriveError<BadLine>>> {
    thread::spawn(move || shout(Connection::new(over_tls(tcp, role), Talk::new(), Clock::new())))
}

fn rustls_client(
    tcp: TcpStream,
    identity: &Identity,
) -> rustls::StreamOwned<rustls::ClientConnection, TcpStream> {
    let name = "localhost".try_into().unwrap();
    rustls::StreamOwned::new(rustls::ClientConnection::new(identity.client(&[]), name).unwrap(), tcp)
}

#[test]
fn our_server_answers_rustls_client() {
    let (near, far) = pair();
    let identity = Identity::new();
    let far = shouting(far, TlsRole::server(identity.server(&[])));
    let mut near = rustls_client(near, &identity);
    near.write_all(b"one\ntwo\n").unwrap();
    let mut answers = [0; 8];
    near.read_exact(&mut answers).unwrap();
    assert_eq!(&answers, b"ONE\nTWO\n");
    near.conn.send_close_notify();
    near.flush().unwrap();
    assert_eq!(near.read(&mut answers).unwrap(), 0);
    assert_eq!(far.join().unwrap().unwrap(), [line("one"), line("two"), Event::Ended(End::Clean)]);
}

#[test]
fn our_client_asks_rustls_server() {
    let (near, far) = pair();
    let identity = Identity::new();
    let config = identity.server(&[]);
    let far = thread::spawn(move || {
        let mut far = rustls::StreamOwned::new(rustls::ServerConnection::new(config).unwrap(), far);
        let mut asked = [0; 4];
        far.read_exact(&mut asked).unwrap();
        far.write_all(b"yes\n").unwrap();
        far.conn.send_close_notify();
        far.flush().unwrap();
        asked
    });
    let role = to_localhost(identity.client(&[]));
    let mut near = Connection::client(over_tls(near, role), Talk::new(), Clock::new());
    near.endpoint().say(b"ask");
    assert_eq!(near.next().unwrap(), Step::Event(line("yes")));
    assert_eq!(near.next().unwrap(), Step::Event(Event::Ended(End::Clean)));
    assert_eq!(&far.join().unwrap(), b"ask\n");
}

#[test]
fn an_end_without_close_notify_is_a_cut() {
    let (near, far) = pair();
    let identity = Identity::new();
    let far = shouting(far, TlsRole::server(identity.server(&[])));
    let mut near = rustls_client(near, &identity);
    near.write_all(b"one\ntw").unwrap();
    near.read_exact(&mut [0; 4]).unwrap();
    near.sock.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(far.join().unwrap().unwrap(), [line("one"), Event::Ended(End::Cut)]);
}

#[test]
fn both_ends_agree_on_a_protocol_and_resume() {
    let identity = Identity::new();
    let (asks, answers) = (identity.client(&[b"h2", b"toy"]), identity.server(&[b"toy"]));
    let mut kinds = Vec::new();
    for _ in 0..2 {
        let (near, far) = pair();
        let far = shouting(far, TlsRole::server(Arc::clone(&answers)));
        let role = to_localhost(Arc::clone(&asks));
        let mut near = Connection::client(over_tls(near, role), Talk::new(), Clock::new());
        near.endpoint().say(b"x");
        assert_eq!(near.next().unwrap(), Step::Event(line("X")));
        assert_eq!(near.stream().alpn(), Some(&b"toy"[..]));
        kinds.push(near.stream().session().unwrap().handshake_kind().unwrap());
        near.endpoint().close();
        assert_eq!(near.next().unwrap(), Step::Closed);
        drop(near);
        assert_eq!(far.join().unwrap().unwrap(), [line("x"), Event::Ended(End::Clean)]);
    }
    assert_eq!(kinds, [HandshakeKind::Full, HandshakeKind::Resumed]);
}

#[test]
fn a_stranger_is_refused_and_told_so() {
    let (near, far) = pair();
    let far = shouting(far, TlsRole::server(Identity::new().server(&[])));
    let role = to_localhost(Identity::new().client(&[]));
    let mut near = Connection::client(over_tls(near, role), Talk::new(), Clock::new());
    near.endpoint().say(b"secret");
    assert!(matches!(near.next(), Err(DriveError::Tls(rustls::Error::InvalidCertificate(_)))));
    drop(near);
    let refused = far.join().unwrap();
    assert!(matches!(refused, Err(DriveError::Tls(rustls::Error::AlertReceived(_)))), "{refused:?}");
}

#[test]
fn another_hosts_certificate_is_refused() {
    let (near, far) = pair();
    let identity = Identity::new();
    let _far = shouting(far, TlsRole::server(identity.server(&[])));
    let role = TlsRole::client(identity.client(&[]), "elsewhere.example").unwrap();
    let mut near = Connection::client(over_tls(near, role), Talk::new(), Clock::new());
    assert!(matches!(near.next(), Err(DriveError::Tls(rustls::Error::InvalidCertificate(_)))));
}

#[test]
fn whoever_says_so_takes_anybody() {
    let (near, far) = pair();
    let far = shouting(far, TlsRole::server(Identity::new().server(&[])));
    let config = tls::dangerous_client_without_verification(&[]).unwrap();
    let mut near = Connection::client(
        over_tls(near, TlsRole::client(config, "127.0.0.1").unwrap()),
        Talk::new(),
        Clock::new(),
    );
    near.endpoint().say(b"x");
    assert_eq!(near.next().unwrap(), Step::Event(line("X")));
    drop(near);
    far.join().unwrap().unwrap();
}

#[test]
fn clear_text_to_a_tls_port_gets_an_alert_and_the_end() {
    let (mut near, far) = pair();
    let far = shouting(far, TlsRole::server(Identity::new().server(&[])));
    near.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut alert = Vec::new();
    near.read_to_end(&mut alert).unwrap();
    assert_eq!(alert.first(), Some(&21), "{alert:?}");
    assert!(matches!(far.join().unwrap(), Err(DriveError::Tls(_))));
}

#[test]
fn a_silent_client_does_not_wait_for_ever() {
    let (_near, far) = pair();
    let role = TlsRole::server(Identity::new().server(&[]));
    let mut far = Connection::new(over_tls(far, role), Talk::new(), Clock::new());
    far.set_deadline(Deadline::after(Duration::from_millis(30)));
    assert!(matches!(far.next(), Err(DriveError::Deadline)));
}

#[test]
fn a_hang_up_during_the_handshake_is_an_error() {
    let (near, far) = pair();
    let far = shouting(far, TlsRole::server(Identity::new().server(&[])));
    drop(near);
    assert!(matches!(far.join().unwrap(), Err(DriveError::Io(_))));
}

/// Asks for TLS and then says two lines.
fn upgrade(mut near: Connection<Talk>, config: Arc<ClientConfig>) -> Vec<Event> {
    let mut events = Vec::new();
    near.endpoint().ask_for_tls();
    loop {
        match near.next().unwrap() {
            Step::Event(Event::Secured) => near.endpoint().say(b"hidden"),
            Step::Event(Event::Line(text)) if text == "HIDDEN" => {
                assert!(near.stream().is_tls());
                return events;
            }
            Step::Event(event) => events.push(event),
            Step::Yours(Status::Upgrade(Layer::Tls)) => {
                near.upgrade_tls(to_localhost(Arc::clone(&config))).unwrap()
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Grants TLS to whoever asks; how the session ends.
fn grant(mut far: Connection<Talk>, config: Arc<ServerConfig>) -> Result<Vec<Event>, DriveError<BadLine>> {
    let mut events = Vec::new();
    loop {
        match far.next()? {
            Step::Event(event) => {
                match &event {
                    Event::StartTls => far.endpoint().start_tls(),
                    Event::Line(text) => far.endpoint().say(&text.to_ascii_uppercase()),
                    _ => {}
                }
                events.push(event);
            }
            Step::Yours(_) => far.upgrade_tls(TlsRole::server(Arc::clone(&config)))?,
            Step::Closed => return Ok(events),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn tls_starts_in_place() {
    let (near, far) = pair();
    let identity = Identity::new();
    let config = identity.server(&[]);
    let far = thread::spawn(move || grant(server(far, Talk::new()), config).unwrap());
    upgrade(client(near, Talk::new()), identity.client(&[]));
    let heard = far.join().unwrap();
    assert_eq!(heard, [Event::StartTls, Event::Secured, line("hidden"), Event::Ended(End::Cut)]);
}

#[test]
fn clear_text_behind_starttls_ends_the_session() {
    let (mut near, far) = pair();
    let config = Identity::new().server(&[]);
    let far = thread::spawn(move || grant(server(far, Talk::new()), config));
    near.write_all(b"STARTTLS\ninjected\n").unwrap();
    let mut rest = Vec::new();
    near.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"GO\n");
    drop(near);
    assert!(matches!(far.join().unwrap(), Err(DriveError::PlaintextBuffered)));
}

#[test]
fn clear_text_in_place_of_the_handshake_ends_the_session() {
    let (mut near, far) = pair();
    let config = Identity::new().server(&[]);
    let far = thread::spawn(move || grant(server(far, Talk::new()), config));
    near.write_all(b"STARTTLS\n").unwrap();
    near.read_exact(&mut [0; 3]).unwrap();
    near.write_all(b"injected\n").unwrap();
    assert!(matches!(far.join().unwrap(), Err(DriveError::Tls(_))));
}

#[test]
fn clear_text_behind_the_servers_consent_ends_the_session() {
    let (near, mut far) = pair();
    far.write_all(b"GO\ninjected\n").unwrap();
    let mut near = client(near, Talk::new());
    assert_eq!(near.next().unwrap(), Step::Event(line("GO")));
    far.shutdown(std::net::Shutdown::Write).unwrap();
    assert!(matches!(near.next(), Err(DriveError::PlaintextBuffered)));
}

#[test]
fn much_in_both_directions_at_once_does_not_lock_up() {
    const LINES: usize = 2_000;
    let (near, far) = pair();
    let identity = Identity::new();
    let far = shouting(far, TlsRole::server(identity.server(&[])));
    let role = to_localhost(identity.client(&[]));
    let mut near = Connection::client(over_tls(near, role), Talk::new(), Clock::new());
    (0..LINES).for_each(|_| near.endpoint().say(&[b'x'; 5_000]));
    for _ in 0..LINES {
        let Step::Event(Event::Line(answer)) = near.next().unwrap() else { panic!() };
        assert_eq!(answer, [b'X'; 5_000][..]);
    }
    near.endpoint().close();
    assert_eq!(near.next().unwrap(), Step::Closed);
    drop(near);
    assert_eq!(far.join().unwrap().unwrap().len(), LINES + 1);
}

#[test]
fn a_stream_alone_is_a_reader_and_a_writer() {
    let (near, far) = pair();
    let identity = Identity::new();
    let mut far = over_tls(far, TlsRole::server(identity.server(&[])));
    let far = thread::spawn(move || {
        let mut heard = String::new();
        far.read_to_string(&mut heard).unwrap();
        far.write_all(heard.to_uppercase().as_bytes()).unwrap();
        far.flush().unwrap();
        // and no close-notify
    });
    let mut near = over_tls(near, to_localhost(identity.client(&[])));
    near.set_deadline(Deadline::after(Duration::from_secs(60)));
    near.handshake(Deadline::NEVER).unwrap();
    assert!(!near.is_handshaking());
    near.write_all("word ".repeat(100_000).as_bytes()).unwrap();
    near.shut_write().unwrap();
    far.join().unwrap();
    let mut answer = String::new();
    let cut = near.read_to_string(&mut answer).unwrap_err();
    assert_eq!(cut.kind(), std::io::ErrorKind::UnexpectedEof);
}

#[test]
fn certificates_and_keys_come_from_files() {
    let identity = Identity::new();
    let folder = std::env::temp_dir().join(format!("net-core-tls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (chain, key) = (folder.join("chain.pem"), folder.join("key.pem"));
    std::fs::write(&chain, &identity.pem).unwrap();
    std::fs::write(&key, identity.key.serialize_pem()).unwrap();
    tls::server(&chain, &key, &[]).unwrap();
    assert_eq!(tls::roots_from(&chain).unwrap().len(), 1);
    assert!(matches!(tls::roots_from(&key), Err(TlsSetupError::NoRoots)));
    let missing = tls::server(&folder.join("none.pem"), &key, &[]).unwrap_err();
    assert!(missing.to_string().contains("none.pem"), "{missing}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_name_that_can_be_nobodys_is_refused() {
    let config = Identity::new().client(&[]);
    assert!(matches!(TlsRole::client(config, "not a name"), Err(TlsSetupError::Name(_))));
    assert!("127.0.0.1:1".to_socket_addrs().is_ok());
}

//! TLS: the same site where nobody can listen, and what keeps a client from talking to somebody else.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use examples::scratch::Scratch;
use examples::{Failure, sentence};
use http1::Body;
use http1::client::Client;
use net_core::{Clock, Connection, TlsRole, tls};

use super::Act;
use super::web::{Reply, Site, Way, receive, serve};
use crate::certificates::Authority;
use crate::screen::{lines, records};
use crate::stage::Stage;
use crate::tape::{Inside, Side, Tape, Taped};

/// The name that the certificate is for.
const HOST: &str = "localhost";
/// HTTP/1.1, as ALPN calls it (RFC 7301 section 6).
const ALPN: &[&[u8]] = &[b"http/1.1"];

pub(crate) struct Tls;

impl Act for Tls {
    fn name(&self) -> &'static str {
        "tls"
    }

    fn title(&self) -> &'static str {
        "HTTPS with a certificate made on the spot, and who is not talked to"
    }

    fn play(&self, stage: &mut Stage) -> Result<(), Failure> {
        let folder = Scratch::new()?;
        let ours = Authority::new("tour-authority", &folder)?;
        let other = Authority::new("other-authority", &folder)?;
        let certificate = ours.sign(&[HOST, "127.0.0.1"], &folder)?;
        let role = TlsRole::server(tls::server(&certificate.chain, &certificate.key, ALPN)?);
        let site = Site::new();
        let service = serve(&site, Some(role))?;
        let address = service.address();
        stage.keep(service);
        stage.hint(format!("https is signed by {}", ours.root.display()));
        protected(stage, address, &ours.root)?;
        refused(
            stage,
            address,
            &other.root,
            HOST,
            "an authority that the client does not trust",
            "UnknownIssuer",
        )?;
        refused(
            stage,
            address,
            &ours.root,
            "www.networkutopia.test",
            "a certificate for another name",
            "not valid for name",
        )?;
        stage.keep_folder(folder);
        Ok(())
    }
}

/// One conversation, as it was heard inside and as it could be heard on the way.
#[derive(Default)]
struct Overheard {
    inside: Tape,
    outside: Tape,
}

type Line = Connection<Inside<Client>, Taped>;

impl Overheard {
    /// Asks for the page; the client trusts `root` and believes to talk to `host`.
    fn ask(&self, address: SocketAddr, root: &Path, host: &str) -> Result<(Line, Reply), Failure> {
        let config = tls::client(tls::roots_from(root)?, ALPN)?;
        let mut stream = Taped::stream(TcpStream::connect(address)?, &self.outside)?;
        stream.start_tls(TlsRole::client(config, host)?)?;
        let client = Inside::of(Client::default(), &self.inside);
        let mut line = Connection::client(stream, client, Clock::new());
        line.endpoint().endpoint().request(&Way::Persistent.request("/", host)?, Body::Empty)?;
        let reply = receive(&mut line)?;
        Ok((line, reply))
    }
}

/// The right authority and the right name.
fn protected(stage: &mut Stage, address: SocketAddr, root: &Path) -> Result<(), Failure> {
    let overheard = Overheard::default();
    let (line, reply) = overheard.ask(address, root, HOST)?;
    let alpn = line.stream().alpn().map(|name| String::from_utf8_lossy(name).into_owned());
    let version = line.stream().session().and_then(|session| session.protocol_version());
    drop(line);
    let wire = [overheard.outside.speech(Side::Client), overheard.outside.speech(Side::Server)].concat();
    stage.screen.scene("What somebody on the way sees:");
    stage.screen.dialogue(&overheard.outside.take(), 8, records);
    stage.screen.scene("What the two ends say:");
    stage.screen.dialogue(&overheard.inside.take(), 10, lines);

    let agreed = format!(
        "{}, {}",
        version.map_or("?".into(), |version| format!("{version:?}")),
        alpn.as_deref().unwrap_or("?")
    );
    let holds = reply.is_ok() && alpn.as_deref() == Some("http/1.1") && agreed.starts_with("TLSv1_3");
    stage.check("a page comes over TLS from a server that proves its name", holds, agreed);

    let secret = [&b"GET / HTTP/1.1"[..], b"HTTP/1.1 200 OK", b"visitor", b"Ten images"];
    let leaked =
        secret.iter().filter(|words| wire.windows(words.len()).any(|window| window == **words)).count();
    let seen = format!("{} bytes on the wire, {} in the page", wire.len(), reply.body.len());
    stage.check("nothing of it can be read on the way", leaked == 0, seen);
    Ok(())
}

/// Somebody who can't prove to be who is meant: the client hangs up before it has said anything.
fn refused(
    stage: &mut Stage,
    address: SocketAddr,
    root: &Path,
    host: &str,
    what: &str,
    why: &str,
) -> Result<(), Failure> {
    let overheard = Overheard::default();
    let failure = match overheard.ask(address, root, host) {
        Ok(_) => "the page came all the same".to_owned(),
        Err(failure) => sentence(failure.as_ref()),
    };
    stage
        .screen
        .scene(&format!("The client meets {what}. Its last word is an alert, and even that is protected:"));
    stage.screen.dialogue(&overheard.outside.take(), 8, records);
    let silent = overheard.inside.take().is_empty();
    let claim = format!("{what} is refused before a word of HTTP is said");
    stage.check(&claim, silent && failure.contains(why), failure);
    Ok(())
}

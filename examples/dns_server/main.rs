//! An authoritative DNS server: zones from files and from other servers, by UDP, TCP and TLS.
//!
//! Views by client network, transfers out and in, notifications, updates that outlive a kill, TSIG, cookies, rate
//! limiting. Start it and ask:
//!
//! ```text
//! cargo run --release --example dns_server -- --zone example.org=example.org.zone --listen 127.0.0.1:5300
//! dig @127.0.0.1 -p 5300 www.example.org
//! ```

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use clap::Parser;
use dns::Name;
use dns::authority::{Authority, Network};
use dns::cookie::Secrets;
use dns::proto_core::base64;
use dns::rrl::{self, Rrl};
use dns::tsig::Key;
use examples::Caps;
use examples::caps::elsewhere;
use examples::nameserver::catalog::{Catalog, Keeping, Source, Wanted};
use examples::nameserver::desk::{Desk, Permit, Rules};
use examples::nameserver::notices::Notices;
use examples::nameserver::secondaries::Secondaries;
use examples::nameserver::{datagrams, random, seed, streams};
use examples::service::{self, Service};
use examples::{Failure, Log};
use net_core::Udp;
use net_core::signals::Termination;

/// How often a free port is looked for that UDP and TCP both have.
const PORTS: usize = 32;

/// Answers for zones, over UDP, TCP and TLS
#[derive(Parser, Debug)]
#[command(name = "dns_server")]
struct Args {
    /// A zone and its file; `.` is a zone, too
    #[arg(long, value_name = "ORIGIN=FILE", value_parser = zone)]
    zone: Vec<(Name, PathBuf)>,
    /// What clients of a network see instead
    #[arg(long, value_name = "NET:ORIGIN=FILE", value_parser = view)]
    view: Vec<(Network, Name, PathBuf)>,
    /// Where to listen, by UDP and TCP; port 0 picks one [default: 127.0.0.1:5300, unless there is --tls-listen]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Vec<SocketAddr>,
    /// Where updates and transferred zones are kept
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Octets of a zone's journal from which on old changes in it become one
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20)]
    max_journal_size: u64,
    /// A key for signed messages: hmac-sha256 and its kin
    #[arg(long, value_name = "NAME:ALG:BASE64", value_parser = key)]
    tsig: Vec<Key>,
    /// Who may have whole zones [default: nobody]
    #[arg(long, value_name = "NET|key:NAME", value_parser = permit)]
    allow_xfr: Vec<Permit>,
    /// Who may change zones [default: nobody]
    #[arg(long, value_name = "NET|key:NAME", value_parser = permit)]
    allow_update: Vec<Permit>,
    /// Who is told of changes, signed with the key NAME
    #[arg(long, value_name = "ADDR:PORT[,NAME]", value_parser = server)]
    notify: Vec<(SocketAddr, Option<Name>)>,
    /// A zone that comes from another server; given again with the same ORIGIN: one more server to ask
    #[arg(long, value_name = "ORIGIN=ADDR:PORT[,NAME]", value_parser = secondary)]
    secondary: Vec<(Name, SocketAddr, Option<Name>)>,
    /// How many times a second one network may be told the same by UDP [default: any number]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rrl: Option<u32>,
    /// Where to listen for DNS over TLS
    #[arg(long, value_name = "ADDR:PORT", requires = "tls_cert", requires = "tls_key")]
    tls_listen: Vec<SocketAddr>,
    /// The chain of certificates (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The key that goes with the certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// How many threads answer datagrams [default: one per processor]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    #[command(flatten)]
    caps: Caps,
    /// What those are told who ask who answers (RFC 5001)
    #[arg(long, value_name = "TEXT", default_value = "")]
    nsid: String,
    #[command(flatten)]
    log: Log,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.zone.is_empty() && args.view.is_empty() && args.secondary.is_empty() {
        eprintln!(
            "dns_server: no zone to serve; name one with --zone ORIGIN=FILE or --secondary ORIGIN=ADDR:PORT"
        );
        return ExitCode::from(2);
    }
    let zones = match wanted(&args).and_then(|zones| every_key_is_known(&args).map(|()| zones)) {
        Ok(zones) => zones,
        Err(error) => {
            eprintln!("dns_server: {error}\n\nFor more information, try '--help'.");
            return ExitCode::from(2);
        }
    };
    args.log.start();
    examples::run("dns_server", || serve(&args, zones))
}

fn serve(args: &Args, zones: Vec<Wanted>) -> Result<(), Failure> {
    let termination = Termination::heed()?;
    let mut hang_up = signal_hook::iterator::Signals::new([signal_hook::consts::SIGHUP])?;
    let hashing = seed()?;
    let most = args.max_journal_size;
    let keeping = args.data.as_deref().map(|folder| Keeping { folder, most });
    let catalog = Catalog::open(zones, keeping, hashing)?;
    let (news, heard) = channel();
    let blank = Authority::new().seed(hashing).nsid(args.nsid.as_bytes()).cookies(Secrets::new(random()?));
    let desk = Desk::new(catalog, blank, rules(args)?, news);
    let services = listen(args, &desk)?;

    let secondaries = Arc::new(Secondaries::start(&desk)?);
    let targets = args.notify.iter().map(|(target, name)| Ok((*target, known(args, name.as_ref())?)));
    let targets = targets.collect::<Result<Vec<_>, Failure>>()?;
    let own: Vec<_> = services.iter().map(Service::address).collect();
    let notices = Notices::new(targets, &own, Arc::clone(&secondaries))?;
    let (reader, closing) = (Arc::clone(&desk), hang_up.handle());
    thread::scope(|scope| {
        scope.spawn(move || notices.run(&heard));
        scope.spawn(|| hang_up.forever().for_each(|_| reader.reload()));
        desk.announce_all();
        let outcome = service::run(services, &termination);
        closing.close();
        desk.close();
        outcome.map(|_| ())
    })
}

/// UDP and TCP at the same port of each address; TLS at its own.
fn listen(args: &Args, desk: &Arc<Desk>) -> Result<Vec<Service>, Failure> {
    let threads = args.threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, Into::into));
    let mut services = Vec::new();
    let usual = [SocketAddr::from(([127, 0, 0, 1], 5300))];
    let plain = if args.listen.is_empty() && args.tls_listen.is_empty() { &usual[..] } else { &args.listen };
    for address in plain {
        let (udp, tcp) = pair(args, *address).map_err(|error| elsewhere(error, "--listen"))?;
        services.push(datagrams::serve(udp, desk, threads)?);
        services.push(streams::serve(tcp, desk, None)?);
    }
    if let (Some(chain), Some(key)) = (&args.tls_cert, &args.tls_key) {
        let tls = net_core::tls::server(chain, key, &[b"dot"])?;
        for address in &args.tls_listen {
            let server = args.caps.listen(*address, "--tls-listen")?;
            services.push(streams::serve(server, desk, Some(Arc::clone(&tls)))?);
        }
    }
    Ok(services)
}

fn pair(args: &Args, address: SocketAddr) -> std::io::Result<(Udp, net_core::Server)> {
    let mut tries = 0;
    loop {
        let tcp = net_core::Server::bind(args.caps.at(address))?;
        tries += 1;
        match Udp::bind(tcp.local_addr()) {
            Ok(udp) => return Ok((udp, tcp)),
            Err(_) if address.port() == 0 && tries < PORTS => thread::sleep(Duration::from_millis(1)),
            Err(error) => return Err(error),
        }
    }
}

fn wanted(args: &Args) -> Result<Vec<Wanted>, Failure> {
    let mut all = Vec::new();
    for (origin, file) in &args.zone {
        let (origin, source) = (origin.clone(), Source::File(file.clone()));
        all.push(Wanted { origin, view: Network::ALL, source });
    }
    for (view, origin, file) in &args.view {
        let (origin, source) = (origin.clone(), Source::File(file.clone()));
        all.push(Wanted { origin, view: *view, source });
    }
    for (origin, address, name) in &args.secondary {
        let primary = (*address, known(args, name.as_ref())?);
        let same = all.iter_mut().find_map(|wanted: &mut Wanted| match &mut wanted.source {
            Source::Primaries(primaries) if wanted.origin == *origin => Some(primaries),
            _ => None,
        });
        match same {
            Some(primaries) => primaries.push(primary),
            None => all.push(Wanted {
                origin: origin.clone(),
                view: Network::ALL,
                source: Source::Primaries(vec![primary]),
            }),
        }
    }
    for (at, wanted) in all.iter().enumerate() {
        let twice =
            all.iter().take(at).any(|other| other.origin == wanted.origin && other.view == wanted.view);
        if twice {
            return Err(format!("the zone {} is given twice", wanted.origin).into());
        }
    }
    Ok(all)
}

fn every_key_is_known(args: &Args) -> Result<(), Failure> {
    let permits = args.allow_xfr.iter().chain(&args.allow_update).filter_map(|permit| match permit {
        Permit::Key(name) => Some(name),
        Permit::Network(_) => None,
    });
    let targets = args.notify.iter().filter_map(|(_, name)| name.as_ref());
    permits.chain(targets).try_for_each(|name| known(args, Some(name)).map(drop))
}

fn rules(args: &Args) -> Result<Rules, Failure> {
    let rrl = match args.rrl {
        Some(rate) => Some(Rrl::new(rrl::Limits { rate, ..rrl::Limits::default() }, seed()?)),
        None => None,
    };
    Ok(Rules {
        keys: args.tsig.clone(),
        transfer: args.allow_xfr.clone(),
        update: args.allow_update.clone(),
        rrl,
    })
}

/// The key of this name.
fn known(args: &Args, name: Option<&Name>) -> Result<Option<Key>, Failure> {
    let Some(name) = name else { return Ok(None) };
    let found = args.tsig.iter().find(|key| key.name() == name);
    found.cloned().map(Some).ok_or_else(|| format!("there is no key {name}; give it with --tsig").into())
}

fn name(text: &str) -> Result<Name, String> {
    text.parse().map_err(|error| format!("{text:?} is no name: {error}"))
}

fn zone(text: &str) -> Result<(Name, PathBuf), String> {
    let (origin, file) = text.split_once('=').ok_or("ORIGIN=FILE is wanted")?;
    Ok((name(origin)?, file.into()))
}

/// Networks have colons in them when they are of IPv6; names have none.
fn view(text: &str) -> Result<(Network, Name, PathBuf), String> {
    let (front, file) = text.split_once('=').ok_or("NET:ORIGIN=FILE is wanted")?;
    let (network, origin) = front.rsplit_once(':').ok_or("NET:ORIGIN=FILE is wanted")?;
    let network = network.trim_start_matches('[').replace(']', "");
    Ok((network.parse().map_err(|_| format!("{network:?} is no network"))?, name(origin)?, file.into()))
}

fn key(text: &str) -> Result<Key, String> {
    let parts: Vec<_> = text.splitn(3, ':').collect();
    let [key, algorithm, secret] = parts[..] else { return Err("NAME:ALG:BASE64 is wanted".into()) };
    let algorithm =
        algorithm.trim_end_matches('.').parse().map_err(|_| format!("{algorithm:?} is no algorithm"))?;
    let secret = base64::STANDARD
        .decode(secret.as_bytes())
        .map_err(|error| format!("the secret is no base64: {error}"))?;
    Ok(Key::new(name(key)?, algorithm, &secret))
}

fn permit(text: &str) -> Result<Permit, String> {
    match text.strip_prefix("key:") {
        Some(key) => Ok(Permit::Key(name(key)?)),
        None => text
            .parse()
            .map(Permit::Network)
            .map_err(|_| format!("{text:?} is neither a network nor key:NAME")),
    }
}

fn server(text: &str) -> Result<(SocketAddr, Option<Name>), String> {
    let (address, key) = match text.split_once(',') {
        Some((address, key)) => (address, Some(name(key)?)),
        None => (text, None),
    };
    Ok((address.parse().map_err(|_| format!("{address:?} is no ADDR:PORT"))?, key))
}

fn secondary(text: &str) -> Result<(Name, SocketAddr, Option<Name>), String> {
    let (origin, primary) = text.split_once('=').ok_or("ORIGIN=ADDR:PORT[,NAME] is wanted")?;
    let (address, key) = server(primary)?;
    Ok((name(origin)?, address, key))
}

//! A resolver for everybody on the machine: from the root, or by way of others.
//!
//! ```text
//! cargo run --release --example dns_resolver -- --listen 127.0.0.1:5301
//! dig @127.0.0.1 -p 5301 www.example.org
//! ```
//!
//! Another resolver may do the work, by TLS where nobody is to look on: `--forward 192.0.2.1:853#dns.example`.
//!
//! With `--trust-anchor FILE` answers are validated: what is proven is told with AD, what should be and is not is SERVFAIL.
//! Without, nothing is.
//!
//! `localhost`, the loopback addresses, `invalid` and `onion` are answered here. A query without RD is told what is known
//! and sends nothing.

mod anchor;
mod line;
mod room;
mod talk;
mod upstream;

use std::collections::HashMap;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use dns::cookie::Secrets;
use dns::proto_core::Time;
use dns::resolver::service::{Policy, Service};
use dns::resolver::{Config, Resolver, Way, ZoneRule};
use dns::zonefile;
use dns::{Name, RrType};
use examples::caps::elsewhere;
use examples::nameserver::unix;
use examples::{Failure, Log, announce, asking};
use net_core::Udp;
use net_core::listen::Listener;
use net_core::signals::Termination;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;

use room::{Door, Room};
use upstream::Upstream;

/// How often a port is looked for that is free for both UDP and TCP.
const TRIES: usize = 16;

/// Resolves names for others, over UDP and TCP
#[derive(Parser, Debug)]
#[command(name = "dns_resolver")]
struct Args {
    /// Where to listen; port 0 picks one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:5301")]
    listen: Vec<SocketAddr>,
    /// The root's servers, as a zone file (named.root) [default: those of the Internet]
    #[arg(long, value_name = "FILE")]
    root_hints: Option<PathBuf>,
    /// Ask this resolver, and none from the root on; with #NAME by TLS alone, and only if its certificate is for NAME
    #[arg(long, value_name = "ADDR:PORT[#NAME]", value_parser = forwarder)]
    forward: Vec<(SocketAddr, Option<Arc<str>>)>,
    /// Who may sign such certificates (PEM) [default: whom the system trusts]
    #[arg(long, value_name = "FILE", requires = "forward")]
    tls_ca: Option<PathBuf>,
    /// Ask this server for a zone and what is below
    #[arg(long, value_name = "ZONE=ADDR:PORT", value_parser = stub)]
    stub: Vec<(Name, SocketAddr)>,
    /// Reach the server at IP there instead
    #[arg(long, value_name = "IP=IP:PORT", value_parser = redirect)]
    map_addr: Vec<(IpAddr, SocketAddr)>,
    /// The port that servers are asked at
    #[arg(long, value_name = "PORT", default_value_t = 53, value_parser = clap::value_parser!(u16).range(1..))]
    upstream_port: u16,
    /// Ask no server by IPv6
    #[arg(long)]
    no_ip6: bool,
    /// Validate: DS or DNSKEY records of keys that are trusted, as a zone file
    #[arg(long, value_name = "FILE")]
    trust_anchor: Option<PathBuf>,
    /// Octets that are remembered
    #[arg(long, value_name = "BYTES", default_value_t = 4 << 20)]
    cache_size: usize,
    /// Make the same choices every time; without it nobody can tell them
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Print what is remembered when it ends, as a zone file
    #[arg(long)]
    dump_cache: bool,
    /// Ask again for what is wanted before its time is up
    #[arg(long)]
    prefetch: bool,
    /// For how many seconds old answers are told where no new ones can be had
    #[arg(long, value_name = "SECONDS", default_value = "0", hide_default_value = true)]
    serve_stale: u64,
    /// TCP connections open at once
    #[arg(long, value_name = "N", default_value_t = 1024)]
    max_connections: usize,
    #[command(flatten)]
    log: Log,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.tls_ca.is_some() && !args.forward.iter().any(|(_, name)| name.is_some()) {
        eprintln!(
            "dns_resolver: --tls-ca is for resolvers that are asked by TLS; name one with --forward ADDR:PORT#NAME"
        );
        return ExitCode::from(2);
    }
    args.log.start();
    examples::run("dns_resolver", || serve(&args))
}

fn serve(args: &Args) -> Result<(), Failure> {
    let validator = args.trust_anchor.as_deref().map(anchor::validator).transpose()?;
    let termination = Termination::heed()?;
    let (config, seed) = (config(args)?, seed(args)?);
    let resolver = match validator {
        Some(validator) => Resolver::validating(config, seed, validator, (unix(), Time::ZERO)),
        None => Resolver::new(config, seed),
    };
    let policy = Policy { private_reverse: args.root_hints.is_none(), ..Policy::default() };
    let secret = asking::seed()?.first_chunk().copied().unwrap_or_default();
    let service = Service::new(resolver, policy).cookies(Secrets::new(secret));
    let upstream = Upstream::new(args.map_addr.iter().copied().collect::<HashMap<_, _>>(), tls(args)?);
    let doors = args.listen.iter().map(|address| listen(*address)).collect::<Result<Vec<_>, Failure>>()?;
    for door in &doors {
        announce("udp", door.udp.local_addr()?)?;
        announce("tcp", door.tcp.local_addr())?;
    }
    let mut room = Room::new(service, upstream, doors, args.max_connections)?;
    room.run(&termination)?;
    if args.dump_cache { dump(&mut room) } else { Ok(()) }
}

fn config(args: &Args) -> Result<Config, Failure> {
    let mut config = Config { port: args.upstream_port, ..Config::default() };
    config.limits.cache_bytes = args.cache_size;
    config.prefetch = args.prefetch;
    config.serve_stale = std::time::Duration::from_secs(args.serve_stale);
    config.ipv6 = !args.no_ip6 && (!args.map_addr.is_empty() || has_ipv6());
    match &args.root_hints {
        Some(file) => config.roots = hints(file, args.upstream_port)?,
        None => config.roots.iter_mut().for_each(|root| root.set_port(args.upstream_port)),
    }
    // Whoever has servers of his own on this machine says so by one of these.
    let own_roots = args.root_hints.is_some() && config.roots.iter().any(|root| root.ip().is_loopback());
    config.loopback = args.upstream_port != 53 || !args.map_addr.is_empty() || own_roots;
    if !args.forward.is_empty() {
        let way = Way::Forward { first: false };
        let servers = args.forward.iter().map(|(server, _)| *server).collect();
        config.zones.push(ZoneRule { name: Name::ROOT, servers, way });
    }
    let by_tls = args.forward.iter().filter_map(|(server, name)| Some((*server, name.clone()?)));
    config.tls.extend(by_tls);
    for (name, server) in &args.stub {
        match config.zones.iter_mut().find(|rule| rule.way == Way::Stub && rule.name == *name) {
            Some(rule) => rule.servers.push(*server),
            None => {
                let (name, servers) = (name.clone(), vec![*server]);
                config.zones.push(ZoneRule { name, servers, way: Way::Stub });
            }
        }
    }
    Ok(config)
}

/// How servers are known by TLS, if any are.
fn tls(args: &Args) -> Result<Option<Arc<ClientConfig>>, Failure> {
    if args.forward.iter().all(|(_, name)| name.is_none()) {
        return Ok(None);
    }
    let roots = match &args.tls_ca {
        Some(file) => net_core::tls::roots_from(file)?,
        None => net_core::tls::system_roots()?,
    };
    Ok(Some(net_core::tls::client(roots, &[b"dot"])?))
}

/// There is a route to the world by IPv6. Nothing is sent.
fn has_ipv6() -> bool {
    let socket = std::net::UdpSocket::bind("[::]:0");
    socket.is_ok_and(|socket| socket.connect("[2001:7fd::1]:53").is_ok())
}

fn seed(args: &Args) -> Result<[u8; 32], Failure> {
    let Some(number) = args.seed else { return Ok(asking::seed()?) };
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number.to_be_bytes());
    Ok(seed)
}

/// The addresses of the names that serve the root.
fn hints(file: &Path, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    let text = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut parser =
        zonefile::Parser::new(&text, &file.display().to_string()).origin(Name::ROOT).ttl(3_600_000);
    let (mut names, mut addresses) = (Vec::new(), Vec::new());
    while let Some(entry) = parser.next()? {
        let (owner, rdata) = (entry.record.owner.to_name(), entry.record.rdata);
        match entry.record.rtype() {
            RrType::NS if owner.is_root() => names.extend(rdata.name().map(|name| name.to_name())),
            RrType::A => addresses.extend(rdata.a().map(|ip| (owner, IpAddr::V4(ip)))),
            RrType::AAAA => addresses.extend(rdata.aaaa().map(|ip| (owner, IpAddr::V6(ip)))),
            _ => {}
        }
    }
    let roots = addresses.into_iter().filter(|(owner, _)| names.contains(owner));
    let roots: Vec<SocketAddr> = roots.map(|(_, ip)| SocketAddr::new(ip, port)).collect();
    if roots.is_empty() {
        return Err(format!("{}: no NS record of the root with an address is in it", file.display()).into());
    }
    Ok(roots)
}

/// UDP and TCP at one and the same port.
fn listen(address: SocketAddr) -> Result<Door, Failure> {
    let mut error = None;
    for _ in 0..if address.port() == 0 { TRIES } else { 1 } {
        let tcp = Listener::bind(address).map_err(|error| elsewhere(error, "--listen"))?;
        match Udp::bind(tcp.local_addr()) {
            Ok(udp) => return Ok(Door { udp, tcp }),
            Err(taken) => error = Some(taken),
        }
    }
    let error = error.map_or_else(String::new, |error| error.to_string());
    Err(elsewhere(error, "--listen"))
}

fn dump(room: &mut Room) -> Result<(), Failure> {
    let (service, now) = room.service();
    let mut out = std::io::stdout().lock();
    for (set, rank) in service.resolver().cache().rrsets(now) {
        for record in set.records() {
            writeln!(out, "{record} ; {rank:?}")?;
        }
    }
    out.flush()?;
    Ok(())
}

/// As unbound has it, behind its port: `192.0.2.1:853#dns.example`.
fn forwarder(text: &str) -> Result<(SocketAddr, Option<Arc<str>>), String> {
    let wrong =
        || format!("{text}: ADDR:PORT or ADDR:PORT#NAME is wanted, 192.0.2.1:853#dns.example for one");
    let (address, name) = match text.split_once('#') {
        Some((address, name)) => (address, Some(name)),
        None => (text, None),
    };
    if name.is_some_and(|name| ServerName::try_from(name).is_err()) {
        return Err(wrong());
    }
    Ok((address.parse().map_err(|_| wrong())?, name.map(Arc::from)))
}

fn stub(text: &str) -> Result<(Name, SocketAddr), String> {
    let wrong = || format!("{text}: ZONE=ADDR:PORT is wanted, example.org=127.0.0.1:5300 for one");
    let (zone, address) = text.split_once('=').ok_or_else(wrong)?;
    Ok((zone.parse().map_err(|_| wrong())?, address.parse().map_err(|_| wrong())?))
}

fn redirect(text: &str) -> Result<(IpAddr, SocketAddr), String> {
    let wrong = || format!("{text}: IP=IP:PORT is wanted, 192.0.2.1=127.0.0.1:5300 for one");
    let (from, to) = text.split_once('=').ok_or_else(wrong)?;
    Ok((from.parse().map_err(|_| wrong())?, to.parse().map_err(|_| wrong())?))
}

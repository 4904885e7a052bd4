//! Clients of the registry at our servers: hickory-resolver and domain's stub resolver ask `dns_server`, and ask
//! `dns_resolver`, which walks down from a root of ours.
//!
//! The rule: one table of questions and what is true of them; every client is to learn it, from every server.

use std::collections::BTreeSet;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};

use dns::{Class, Rdata, RrType};
use domain::base::iana::Rcode;
use domain::base::rdata::ComposeRecordData as _;
use domain::base::{Name, Rtype};
use domain::rdata::AllRecordData;
use domain::resolv::StubResolver;
use domain::resolv::stub::conf::{ResolvConf, ServerConf, Transport};
use examples::program::Program;
use examples::scratch::Scratch;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};

const ROOT: &str = "$TTL 60
. SOA a.root. host. 1 2 3 4 60
. NS a.root.
a.root. A 192.0.2.1
example.test. NS ns.example.test.
ns.example.test. A 192.0.2.3
other.test. NS ns.example.test.
2.0.192.in-addr.arpa. NS ns.example.test.
";

const EXAMPLE: &str = r#"$TTL 60
@ SOA ns host 7 7200 3600 1209600 60
@ NS ns
@ MX 10 mail
@ MX 20 mail.other.test.
ns A 192.0.2.3
www A 192.0.2.80
www A 192.0.2.81
www AAAA 2001:db8::80
mail A 192.0.2.25
one CNAME two
two CNAME three
three CNAME www
out CNAME www.other.test.
lost CNAME nothing
*.wild A 192.0.2.9
*.wild TXT "wild card"
here.wild TXT "tame"
a.b.c A 192.0.2.4
txt TXT "one" "two; \"three\""
old DNAME new
host.new A 192.0.2.5
_sip._tcp SRV 1 2 5060 mail
svc HTTPS 1 . alpn=h2 ipv4hint=192.0.2.80
caa CAA 0 issue "ca.example.net"
$GENERATE 1-100 big TXT number-$-of-many-strings-that-fill-a-message
$GENERATE 1-100 crowd A 198.51.100.$
"#;

const OTHER: &str = "$TTL 60\n@ SOA ns host 1 2 3 4 60\n@ NS ns.example.test.\nwww A 198.51.100.80\n";

const REVERSE: &str = "$TTL 60\n@ SOA ns host 1 2 3 4 60\n@ NS ns.example.test.\n80 PTR www.example.test.\n";

/// What is true of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Truth {
    /// The data of that type, at the end of whatever chain.
    Data(BTreeSet<String>),
    NoData,
    NoName,
}

fn data(all: &[&str]) -> Truth {
    Truth::Data(all.iter().map(|one| (*one).to_owned()).collect())
}

fn generated(count: usize, line: impl Fn(usize) -> String) -> Truth {
    Truth::Data((1..=count).map(line).collect())
}

fn table() -> Vec<(&'static str, &'static str, Truth)> {
    vec![
        ("www.example.test.", "A", data(&["192.0.2.80", "192.0.2.81"])),
        ("WWW.Example.TEST.", "A", data(&["192.0.2.80", "192.0.2.81"])),
        ("www.example.test.", "AAAA", data(&["2001:db8::80"])),
        ("example.test.", "MX", data(&["10 mail.example.test.", "20 mail.other.test."])),
        ("example.test.", "NS", data(&["ns.example.test."])),
        ("example.test.", "SOA", data(&["ns.example.test. host.example.test. 7 7200 3600 1209600 60"])),
        ("one.example.test.", "A", data(&["192.0.2.80", "192.0.2.81"])),
        ("one.example.test.", "CNAME", data(&["two.example.test."])),
        ("out.example.test.", "A", data(&["198.51.100.80"])),
        ("x.wild.example.test.", "A", data(&["192.0.2.9"])),
        ("x.y.wild.example.test.", "TXT", data(&["\"wild card\""])),
        ("host.old.example.test.", "A", data(&["192.0.2.5"])),
        ("txt.example.test.", "TXT", data(&[r#""one" "two; \"three\"""#])),
        ("_sip._tcp.example.test.", "SRV", data(&["1 2 5060 mail.example.test."])),
        ("caa.example.test.", "CAA", data(&["0 issue \"ca.example.net\""])),
        ("80.2.0.192.in-addr.arpa.", "PTR", data(&["www.example.test."])),
        // Too long for a datagram: cut, and asked for again by TCP.
        (
            "big.example.test.",
            "TXT",
            generated(100, |n| format!("\"number-{n}-of-many-strings-that-fill-a-message\"")),
        ),
        ("crowd.example.test.", "A", generated(100, |n| format!("198.51.100.{n}"))),
        ("mail.example.test.", "AAAA", Truth::NoData),
        ("here.wild.example.test.", "A", Truth::NoData),
        ("one.example.test.", "TXT", Truth::NoData),
        // Nothing but names below it.
        ("b.c.example.test.", "A", Truth::NoData),
        ("nothing.example.test.", "A", Truth::NoName),
        ("x.www.example.test.", "A", Truth::NoName),
        ("lost.example.test.", "A", Truth::NoName),
        ("81.2.0.192.in-addr.arpa.", "PTR", Truth::NoName),
    ]
}

/// A root, a server for all that is below it, and a resolver that knows the root only.
struct Servers {
    _root: Program,
    authority: Program,
    resolver: Program,
    _scratch: Scratch,
}

impl Servers {
    fn start() -> Self {
        let scratch = Scratch::new().unwrap();
        let server = |zones: &[(&str, &str)]| {
            let zone = |(origin, text): &(&str, &str)| {
                let path = scratch.write(&format!("zone-{origin}"), text.as_bytes()).unwrap();
                format!("--zone={origin}={}", path.display())
            };
            let mut args: Vec<String> = zones.iter().map(zone).collect();
            args.push("--listen=127.0.0.1:0".to_owned());
            Program::start("dns_server", args, 2).unwrap()
        };
        let root = server(&[(".", ROOT)]);
        let below = [("example.test", EXAMPLE), ("other.test", OTHER), ("2.0.192.in-addr.arpa", REVERSE)];
        let authority = server(&below);
        let hints = scratch.write("hints", b". 60 NS a.root.\na.root. 60 A 192.0.2.1\n").unwrap();
        let reached = |ip: &str, program: &Program| format!("{ip}={}", program.address("udp").unwrap());
        let resolver = Program::start(
            "dns_resolver",
            [
                "--listen=127.0.0.1:0",
                "--no-ip6",
                &format!("--root-hints={}", hints.display()),
                &format!("--map-addr={}", reached("192.0.2.1", &root)),
                &format!("--map-addr={}", reached("192.0.2.3", &authority)),
            ],
            2,
        );
        Servers { _root: root, authority, resolver: resolver.unwrap(), _scratch: scratch }
    }

    /// Whom clients may ask.
    fn places(&self) -> [(&'static str, SocketAddr); 2] {
        [
            ("dns_server", self.authority.address("udp").unwrap()),
            ("dns_resolver", self.resolver.address("udp").unwrap()),
        ]
    }
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn hickory(server: SocketAddr, tcp_only: bool) -> TokioResolver {
    let mut ways = if tcp_only {
        vec![ConnectionConfig::tcp()]
    } else {
        vec![ConnectionConfig::udp(), ConnectionConfig::tcp()]
    };
    ways.iter_mut().for_each(|way| way.port = server.port());
    let config =
        ResolverConfig::from_parts(None, vec![], vec![NameServerConfig::new(server.ip(), true, ways)]);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    let options = builder.options_mut();
    options.use_hosts_file = ResolveHosts::Never;
    options.case_randomization = true;
    options.edns0 = true;
    options.cache_size = 0;
    builder.build().unwrap()
}

/// As in a zone file; names that were compressed into the question are in the case that the question was asked in.
fn written(data: &RData) -> String {
    let quoted = |text: &[u8]| format!("{:?}", String::from_utf8_lossy(text));
    match data {
        RData::TXT(txt) => txt.txt_data.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(" "),
        data => data.to_string().to_lowercase(),
    }
}

/// What hickory-resolver makes of it.
async fn by_hickory(resolver: &TokioResolver, name: &str, rtype: &str) -> Truth {
    let rtype: RecordType = rtype.parse().unwrap();
    match resolver.lookup(name, rtype).await {
        Ok(lookup) => {
            let of_type = lookup.answers().iter().filter(|record| record.record_type() == rtype);
            Truth::Data(of_type.map(|record| written(&record.data)).collect())
        }
        Err(error) if error.is_nx_domain() => Truth::NoName,
        Err(error) if error.is_no_records_found() => Truth::NoData,
        Err(error) => panic!("{name} {rtype}: {error}"),
    }
}

fn domain(server: SocketAddr, transport: Transport) -> StubResolver {
    let mut conf = ResolvConf::new();
    conf.servers.push(ServerConf::new(server, transport));
    conf.finalize();
    StubResolver::from_conf(conf)
}

/// What domain's stub resolver makes of it.
async fn by_domain(resolver: &StubResolver, name: &str, rtype: &str) -> Truth {
    let (name, rtype): (Name<Vec<u8>>, Rtype) = (name.parse().unwrap(), rtype.parse().unwrap());
    let answer = resolver.query((name, rtype)).await.unwrap();
    let records = answer.answer().unwrap().limit_to::<AllRecordData<_, _>>().map(Result::unwrap);
    let of_type = records.filter(|record| record.rtype() == rtype);
    // Its own text leaves out the last dot here and there; ours is proven against its reading in `dns.rs`.
    let written = |data: &AllRecordData<_, _>| {
        let mut wire = Vec::new();
        data.compose_rdata(&mut wire).unwrap();
        Rdata::from_wire(RrType(rtype.to_int()), Class::IN, &wire).unwrap().to_string()
    };
    let data: BTreeSet<_> = of_type.map(|record| written(record.data())).collect();
    match answer.header().rcode() {
        Rcode::NXDOMAIN => Truth::NoName,
        Rcode::NOERROR if data.is_empty() => Truth::NoData,
        Rcode::NOERROR => Truth::Data(data),
        other => panic!("{rtype}: {other}"),
    }
}

#[test]
fn hickory_resolver_learns_what_is_true() {
    let servers = Servers::start();
    wait(async {
        for (who, server) in servers.places() {
            for tcp_only in [false, true] {
                let resolver = hickory(server, tcp_only);
                for (name, rtype, truth) in table() {
                    let learnt = by_hickory(&resolver, name, rtype).await;
                    assert_eq!(learnt, truth, "{who} (TCP only: {tcp_only}): {name} {rtype}");
                }
            }
        }
    });
}

#[test]
fn domains_stub_resolver_learns_what_is_true() {
    let servers = Servers::start();
    wait(async {
        for (who, server) in servers.places() {
            for transport in [Transport::UdpTcp, Transport::Tcp] {
                let resolver = domain(server, transport);
                for (name, rtype, truth) in table() {
                    let learnt = by_domain(&resolver, name, rtype).await;
                    assert_eq!(learnt, truth, "{who} by {transport:?}: {name} {rtype}");
                }
            }
        }
    });
}

/// What applications call: both address types at once, names of addresses, a service.
#[test]
fn hosts_addresses_and_services_are_looked_up_in_one_call() {
    let servers = Servers::start();
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    let wanted = BTreeSet::from([ip("192.0.2.80"), ip("192.0.2.81"), ip("2001:db8::80")]);
    wait(async {
        for (who, server) in servers.places() {
            let (hickory, domain) = (hickory(server, false), domain(server, Transport::UdpTcp));
            for name in ["www.example.test.", "one.example.test."] {
                let found = hickory.lookup_ip(name).await.unwrap();
                assert_eq!(found.iter().collect::<BTreeSet<_>>(), wanted, "{who}");
                let found = domain.lookup_host(name.parse::<Name<Vec<u8>>>().unwrap()).await.unwrap();
                assert_eq!(found.iter().collect::<BTreeSet<_>>(), wanted, "{who}");
            }
            let names = hickory.reverse_lookup(ip("192.0.2.80")).await.unwrap();
            let names: Vec<_> = names.answers().iter().map(|record| record.data.to_string()).collect();
            assert_eq!(names, ["www.example.test."], "{who}");
            let names = domain.lookup_addr(ip("192.0.2.80")).await.unwrap();
            let names: Vec<_> = names.iter().map(|name| name.to_string()).collect();
            assert_eq!(names, ["www.example.test"], "{who}");
        }
    });
}

/// A hundred questions at once, over whatever the client makes of them.
#[test]
fn many_questions_at_once_are_all_answered() {
    let servers = Servers::start();
    wait(async {
        for (who, server) in servers.places() {
            for tcp_only in [false, true] {
                let resolver = hickory(server, tcp_only);
                let mut asking = tokio::task::JoinSet::new();
                for (name, rtype, truth) in table().into_iter().cycle().take(100) {
                    let resolver = resolver.clone();
                    asking.spawn(async move { (by_hickory(&resolver, name, rtype).await, truth, name) });
                }
                while let Some(asked) = asking.join_next().await {
                    let (learnt, truth, name) = asked.unwrap();
                    assert_eq!(learnt, truth, "{who} (TCP only: {tcp_only}): {name}");
                }
            }
        }
    });
}

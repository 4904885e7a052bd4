//! A small Internet of our own: a root, a TLD and two operators' servers, each a `dns_server`; our `dns_resolver`, unbound and
//! named walk down it, and dig asks each of them.
//!
//! Ignored unless asked for (`.ci/run system`), for they need those programs. unbound and named ask nobody but port 53, so for
//! them the servers are there, on addresses of the loopback that each test has for itself.

#[expect(dead_code, reason = "shared by several tests, each of which needs another part")]
mod others;

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU8, Ordering};

use examples::program::{Program, free_place};
use examples::scratch::Scratch;
use others::names::{self, NameServer, dig};

/// Zones with their server's last octet; `NET` stands for the other three.
const ZONES: &[(u8, &str, &str)] = &[
    (
        1,
        ".",
        "$TTL 600\n. SOA a.root. host. 1 1800 900 604800 60\n. NS a.root.\na.root. A NET.1\ntest. NS ns.nic.test.\n\
         ns.nic.test. A NET.2\n",
    ),
    (
        2,
        "test",
        "$TTL 600\n@ SOA ns.nic host 1 1800 900 604800 60\n@ NS ns.nic\nns.nic A NET.2\nnetcinema NS dns.netcinema\n\
         dns.netcinema A NET.3\nkingcdn NS dns.kingcdn\ndns.kingcdn A NET.4\nlone NS dns.kingcdn\n",
    ),
    (
        3,
        "netcinema.test",
        "$TTL 600\n@ SOA dns host 1 1800 900 604800 60\n@ NS dns\n@ MX 10 mail\ndns A NET.3\nwww A 192.0.2.80\n\
         www AAAA 2001:db8::80\nmail A 192.0.2.25\nvideo CNAME a1105.kingcdn.test.\nlost CNAME nothing.kingcdn.test.\n\
         *.wild TXT \"wild card\"\nold DNAME new\nhost.new A 192.0.2.5\na.b.c A 192.0.2.4\nsub NS ns.sub\nns.sub A NET.4\n\
         $GENERATE 1-60 big TXT this-is-record-number-$-with-quite-some-text-in-it\n",
    ),
    (
        4,
        "sub.netcinema.test",
        "$TTL 600\n@ SOA ns host 1 1800 900 604800 60\n@ NS ns\nns A NET.4\ndeep A 192.0.2.53\n",
    ),
    (
        4,
        "kingcdn.test",
        "$TTL 600\n@ SOA dns host 1 1800 900 604800 60\n@ NS dns\ndns A NET.4\na1105 A 203.0.113.10\n",
    ),
    (
        4,
        "lone.test",
        "$TTL 600\n@ SOA ns host 1 1800 900 604800 60\n@ NS dns.kingcdn.test.\nwww A 192.0.2.99\n",
    ),
];

/// A question, its status and the answer's records.
const TRUTH: &[(&str, &str, &str, &[&str])] = &[
    ("www.netcinema.test", "A", "NOERROR", &["www.netcinema.test. A 192.0.2.80"]),
    ("www.netcinema.test", "AAAA", "NOERROR", &["www.netcinema.test. AAAA 2001:db8::80"]),
    ("netcinema.test", "MX", "NOERROR", &["netcinema.test. MX 10 mail.netcinema.test."]),
    // An alias into another operator's zone.
    (
        "video.netcinema.test",
        "A",
        "NOERROR",
        &["video.netcinema.test. CNAME a1105.kingcdn.test.", "a1105.kingcdn.test. A 203.0.113.10"],
    ),
    ("lost.netcinema.test", "A", "NXDOMAIN", &["lost.netcinema.test. CNAME nothing.kingcdn.test."]),
    (
        "host.old.netcinema.test",
        "A",
        "NOERROR",
        &[
            "old.netcinema.test. DNAME new.netcinema.test.",
            "host.old.netcinema.test. CNAME host.new.netcinema.test.",
            "host.new.netcinema.test. A 192.0.2.5",
        ],
    ),
    ("x.wild.netcinema.test", "TXT", "NOERROR", &["x.wild.netcinema.test. TXT \"wild card\""]),
    // One referral more, with glue; and one whose server's address is to be found elsewhere.
    ("deep.sub.netcinema.test", "A", "NOERROR", &["deep.sub.netcinema.test. A 192.0.2.53"]),
    ("www.lone.test", "A", "NOERROR", &["www.lone.test. A 192.0.2.99"]),
    ("test", "NS", "NOERROR", &["test. NS ns.nic.test."]),
    (".", "NS", "NOERROR", &[". NS a.root."]),
    // Nothing of that type, by three of the servers.
    ("mail.netcinema.test", "AAAA", "NOERROR", &[]),
    ("b.c.netcinema.test", "A", "NOERROR", &[]),
    ("deep.sub.netcinema.test", "MX", "NOERROR", &[]),
    ("kingcdn.test", "TXT", "NOERROR", &[]),
    // No such name, by each of the servers.
    ("nothing", "A", "NXDOMAIN", &[]),
    ("www.nothing.test", "A", "NXDOMAIN", &[]),
    ("nothing.netcinema.test", "A", "NXDOMAIN", &[]),
    ("nothing.sub.netcinema.test", "A", "NXDOMAIN", &[]),
    ("x.www.netcinema.test", "A", "NXDOMAIN", &[]),
];

/// The running servers, and the net of which they have the first addresses.
struct Internet {
    servers: Vec<Program>,
    net: String,
    scratch: Scratch,
}

impl Internet {
    fn start(port: u16) -> Self {
        static NEXT: AtomicU8 = AtomicU8::new(53);
        let net = format!("127.{}.{}", NEXT.fetch_add(1, Ordering::Relaxed), std::process::id() % 256);
        let scratch = Scratch::new().unwrap();
        let hints = format!(". 600 NS a.root.\na.root. 600 A {net}.1\n");
        scratch.write("hints", hints.as_bytes()).unwrap();
        let servers = (1..=4).map(|last| {
            let ip: Ipv4Addr = format!("{net}.{last}").parse().unwrap();
            let place = SocketAddr::from((ip, port));
            can_be_bound(place);
            let mut args = vec![format!("--listen={place}"), "--log=error".to_owned()];
            for (_, origin, text) in ZONES.iter().filter(|(server, ..)| *server == last) {
                let path = scratch.write(&format!("zone-{origin}"), text.replace("NET", &net).as_bytes());
                args.push(format!("--zone={origin}={}", path.unwrap().display()));
            }
            Program::start("dns_server", args, 2).unwrap()
        });
        Internet { servers: servers.collect(), net, scratch }
    }

    fn hints(&self) -> String {
        self.scratch.path().join("hints").to_str().unwrap().to_owned()
    }
}

/// Says what is missing where it is: the right to use port 53, or the port.
fn can_be_bound(place: SocketAddr) {
    let tried = UdpSocket::bind(place).map(drop).and_then(|()| TcpListener::bind(place).map(drop));
    let Err(error) = tried else { return };
    let hint = if place.port() == 53 {
        ". named and unbound ask no port but 53: run this test as root, or allow everybody that port (sysctl \
         net.ipv4.ip_unprivileged_port_start=53), and let nobody else listen there"
    } else {
        ""
    };
    panic!("{place} can't be bound ({error}){hint}");
}

/// Status, flags and the answer's records of a reply, as dig prints it.
struct Heard {
    status: String,
    flags: String,
    answer: BTreeSet<String>,
    whole: String,
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    text.split_once(start).and_then(|(_, rest)| rest.split_once(end)).map_or("", |(found, _)| found)
}

fn ask(server: SocketAddr, name: &str, rtype: &str) -> Heard {
    let whole = dig(server, &["+noall", "+comments", "+answer", "+time=20", "+tries=1", name, rtype]);
    let records = whole.lines().filter(|line| !line.is_empty() && !line.starts_with(';'));
    // Owner, TTL, class, type, data.
    let answer = records.map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        [&fields[..1], &fields[3..]].concat().join(" ")
    });
    Heard {
        status: between(&whole, "status: ", ",").to_owned(),
        flags: between(&whole, ";; flags: ", ";").to_owned(),
        answer: answer.collect(),
        whole: whole.clone(),
    }
}

/// Asks a resolver for everything, twice: the second time it is in its cache.
fn knows_the_truth(who: &str, resolver: SocketAddr) {
    for _ in 0..2 {
        for (name, rtype, status, answer) in TRUTH {
            let heard = ask(resolver, name, rtype);
            let expected: BTreeSet<String> = answer.iter().map(|record| (*record).to_owned()).collect();
            assert_eq!(
                (&*heard.status, &heard.answer),
                (*status, &expected),
                "{who}: {name} {rtype}\n{}",
                heard.whole
            );
            let flags: Vec<&str> = heard.flags.split(' ').collect();
            assert!(
                flags.contains(&"ra") && !flags.contains(&"aa"),
                "{who}: {name} {rtype}\n{}",
                heard.whole
            );
        }
        let large = ask(resolver, "big.netcinema.test", "TXT");
        assert_eq!((&*large.status, large.answer.len()), ("NOERROR", 60), "{who}: {}", large.whole);
        assert!(large.whole.contains("retrying in TCP mode"), "{who}: {}", large.whole);
    }
}

fn our_resolver(internet: &Internet, flags: &[&str]) -> Program {
    let hints = format!("--root-hints={}", internet.hints());
    let args = [&["--listen=127.0.0.1:0", "--no-ip6", "--log=error", &hints], flags].concat();
    Program::start("dns_resolver", args, 2).unwrap()
}

#[test]
#[ignore = "needs dig; .ci/run system installs it"]
fn our_resolver_walks_down_our_hierarchy() {
    // Any port will do for it.
    let port = free_place().unwrap().port();
    let internet = Internet::start(port);
    let resolver = our_resolver(&internet, &[&format!("--upstream-port={port}")]);
    knows_the_truth("dns_resolver", resolver.address("udp").unwrap());
}

#[test]
#[ignore = "needs dig, and port 53 of a loopback address; .ci/run system installs it"]
fn our_resolver_walks_down_our_hierarchy_at_the_usual_port() {
    let internet = Internet::start(53);
    let resolver = our_resolver(&internet, &[]);
    knows_the_truth("dns_resolver", resolver.address("udp").unwrap());
}

/// unbound, which knows our root only.
fn unbound(internet: &Internet) -> NameServer {
    // `test` is among the names that it answers by itself, unless it is told not to.
    let rest = format!(
        "  root-hints: \"{}\"\n  do-not-query-localhost: no\n  module-config: \"iterator\"\n  local-zone: \"test.\" nodefault\n  \
         access-control: 127.0.0.0/8 allow\n",
        internet.hints()
    );
    names::unbound(free_place().unwrap(), Scratch::new().unwrap(), &rest)
}

/// named, likewise.
fn named(internet: &Internet) -> NameServer {
    let zone = format!("zone \".\" {{ type hint; file \"{}\"; }};\n", internet.hints());
    let options = "recursion yes; allow-recursion { 127.0.0.0/8; }; empty-zones-enable no;";
    names::named(free_place().unwrap(), Scratch::new().unwrap(), options, &zone)
}

#[test]
#[ignore = "needs unbound, dig, and port 53 of a loopback address; .ci/run system installs them"]
fn unbound_walks_down_our_hierarchy() {
    let internet = Internet::start(53);
    let mut resolver = unbound(&internet);
    assert!(resolver.answers("www.netcinema.test", "A"), "unbound has ended");
    knows_the_truth("unbound", resolver.address);
}

#[test]
#[ignore = "needs named, dig, and port 53 of a loopback address; .ci/run system installs them"]
fn named_walks_down_our_hierarchy() {
    let internet = Internet::start(53);
    let mut resolver = named(&internet);
    assert!(resolver.answers("www.netcinema.test", "A"), "named has ended");
    knows_the_truth("named", resolver.address);
}

/// Each of our servers by itself: what it is the authority of, where it refers to, and with what glue.
#[test]
#[ignore = "needs dig; .ci/run system installs it"]
fn dig_is_referred_from_the_root_to_the_authority() {
    let port = free_place().unwrap().port();
    let internet = Internet::start(port);
    let net = &internet.net;
    let steps = [
        ("test.", "NS ns.nic.test.", format!("ns.nic.test. 600 IN A {net}.2")),
        ("netcinema.test.", "NS dns.netcinema.test.", format!("dns.netcinema.test. 600 IN A {net}.3")),
        (
            "sub.netcinema.test.",
            "NS ns.sub.netcinema.test.",
            format!("ns.sub.netcinema.test. 600 IN A {net}.4"),
        ),
    ];
    for (server, (owner, data, glue)) in internet.servers.iter().zip(steps) {
        let question = ["+norec", "deep.sub.netcinema.test"];
        let said = dig(server.address("udp").unwrap(), &question);
        let said = said.split(['\t', ' ']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        assert!(said.contains(";; flags: qr; QUERY: 1, ANSWER: 0, AUTHORITY: 1, ADDITIONAL: 2"), "{said}");
        assert!(said.contains(&format!("{owner} 600 IN {data}\n")), "{said}");
        assert!(said.contains(&glue), "{said}");
    }
}

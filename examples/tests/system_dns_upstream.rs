//! `dns_resolver` and `nslookup` towards servers by others: cookies with named, knotd and nsd, TLS with unbound and named;
//! and what others see who ask `dns_server` by TLS: kdig and unbound.
//!
//! Ignored unless asked for (`.ci/run system`), for they need those programs. Each test starts its servers on free ports,
//! with their configuration in a temporary folder, and stops them.

#[expect(dead_code, reason = "shared by several tests, each of which needs another part")]
mod others;

use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;

use examples::program::{Program, free_place, output};
use examples::scratch::Scratch;
use others::eventually;

const ZONE: &str =
    "$TTL 60\n@ SOA ns host 7 1d 2h 4w 30\n@ NS ns\nns A 192.0.2.1\nwww A 192.0.2.80\nmail A 192.0.2.25\n";

/// With more strings at one name than any datagram holds; knotd has no `$GENERATE`.
fn zone() -> String {
    let string = |number| format!("big TXT number-{number}-of-many-strings-that-fill-a-message\n");
    std::iter::once(ZONE.to_owned()).chain((1..=40).map(string)).collect()
}

/// A server by others, stopped when dropped.
struct Other {
    server: others::Other,
    address: SocketAddr,
    scratch: Scratch,
}

impl Other {
    fn log(&self) -> String {
        std::fs::read_to_string(self.scratch.path().join("log")).unwrap_or_default()
    }
}

/// Starts a server in the foreground and waits until it takes connections.
fn spawn(program: &str, args: &[&str], scratch: Scratch, address: SocketAddr) -> Other {
    let mut other = Other { server: others::Other::spawn(program, args, address.port()), address, scratch };
    eventually(program, || {
        assert!(!other.server.has_ended(), "{program} ended: {}", other.log());
        TcpStream::connect(address).is_ok()
    });
    other
}

/// named with example.test, every query in its log. `more` goes into its configuration: `options`, and statements.
fn named(listen: &str, address: SocketAddr, scratch: Scratch, more: (&str, &str)) -> Other {
    let folder = scratch.path().to_str().unwrap().to_owned();
    let (options, statements) = more;
    scratch.write("zone", zone().as_bytes()).unwrap();
    let config = format!(
        "options {{ directory \"{folder}\"; {listen} listen-on-v6 {{ none; }}; recursion no; querylog yes; pid-file none; \
         session-keyfile none; dnssec-validation no; {options} }};\ncontrols {{ }};\n{statements}\n\
         zone \"example.test\" {{ type primary; file \"zone\"; }};\n"
    );
    let path = scratch.write("named.conf", config.as_bytes()).unwrap();
    let args = ["-f", "-c", path.to_str().unwrap(), "-L", &format!("{folder}/log")];
    ready(spawn("named", &args, scratch, address), "all zones loaded")
}

/// It listens before it has its zone: then it says so.
fn ready(other: Other, said: &str) -> Other {
    eventually(said, || other.log().contains(said));
    other
}

fn plain_named(options: &str) -> Other {
    let address = free_place().unwrap();
    let listen = format!("listen-on port {} {{ 127.0.0.1; }};", address.port());
    named(&listen, address, Scratch::new().unwrap(), (options, ""))
}

fn knotd() -> Other {
    let (scratch, address) = (Scratch::new().unwrap(), free_place().unwrap());
    let folder = scratch.path().to_str().unwrap().to_owned();
    scratch.write("zone", zone().as_bytes()).unwrap();
    let config = format!(
        "server:\n  listen: 127.0.0.1@{}\n  rundir: {folder}\ndatabase:\n  storage: {folder}\nlog:\n  - target: {folder}/log\n    \
         any: info\nmod-cookies:\n  - id: cookies\n    badcookie-slip: 1\ntemplate:\n  - id: default\n    global-module: \
         mod-cookies/cookies\nzone:\n  - domain: example.test\n    storage: {folder}\n    file: zone\n",
        address.port(),
    );
    let path = scratch.write("knot.conf", config.as_bytes()).unwrap();
    ready(spawn("knotd", &["-c", path.to_str().unwrap()], scratch, address), "loaded, serial")
}

fn nsd() -> Other {
    let (scratch, address) = (Scratch::new().unwrap(), free_place().unwrap());
    let folder = scratch.path().to_str().unwrap().to_owned();
    scratch.write("zone", zone().as_bytes()).unwrap();
    let config = format!(
        "server:\n  ip-address: 127.0.0.1@{}\n  username: \"\"\n  zonesdir: \"{folder}\"\n  database: \"\"\n  pidfile: \"\"\n  \
         xfrdfile: \"{folder}/xfrd\"\n  xfrdir: \"{folder}\"\n  zonelistfile: \"{folder}/list\"\n  logfile: \"{folder}/log\"\n  \
         server-count: 1\n  answer-cookie: yes\nremote-control:\n  control-enable: no\nzone:\n  name: example.test\n  \
         zonefile: zone\n",
        address.port()
    );
    let path = scratch.write("nsd.conf", config.as_bytes()).unwrap();
    spawn("nsd", &["-d", "-c", path.to_str().unwrap()], scratch, address)
}

fn unbound(address: SocketAddr, scratch: Scratch, more: &str) -> Other {
    let folder = scratch.path().to_str().unwrap().to_owned();
    let config = format!(
        "server:\n  interface: 127.0.0.1@{}\n  do-daemonize: no\n  username: \"\"\n  chroot: \"\"\n  directory: \"{folder}\"\n  \
         pidfile: \"\"\n  use-syslog: no\n  logfile: \"{folder}/log\"\n  verbosity: 1\n  log-queries: yes\n  module-config: \
         \"iterator\"\n  do-not-query-localhost: no\n{more}",
        address.port()
    );
    let path = scratch.write("unbound.conf", config.as_bytes()).unwrap();
    spawn("unbound", &["-d", "-c", path.to_str().unwrap()], scratch, address)
}

/// A certificate for localhost, which is its own authority, and its key.
fn certificate(scratch: &Scratch) -> (PathBuf, PathBuf) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let cert = scratch.write("cert.pem", made.cert.pem().as_bytes()).unwrap();
    (cert, scratch.write("key.pem", made.signing_key.serialize_pem().as_bytes()).unwrap())
}

fn resolver(flags: &[&str]) -> Program {
    Program::start("dns_resolver", [&["--listen", "127.0.0.1:0"], flags].concat(), 2).unwrap()
}

/// What `dig` is told, in short.
fn dig(server: SocketAddr, name: &str, rtype: &str) -> String {
    let (at, port) = (format!("@{}", server.ip()), server.port().to_string());
    let output = Command::new("dig").args([&at, "-p", &port, "+short", "+tries=1", name, rtype]).output();
    let output = output.unwrap_or_else(|error| panic!("dig: {error}; .ci/run install"));
    String::from_utf8(output.stdout).unwrap()
}

fn through(resolver: &Program, name: &str, rtype: &str) -> String {
    dig(resolver.address("udp").unwrap(), name, rtype)
}

/// The queries in named's log, as far as the name and the flags go: `V` is a cookie that it gave, `K` one of the client alone.
fn flags(log: &str, name: &str) -> Vec<String> {
    let of_name = |line: &&str| line.contains(&format!("query: {name} "));
    let flags = |line: &str| line.split(" IN ").nth(1)?.split(' ').nth(1).map(str::to_owned);
    log.lines().filter(|line| of_name(&line.to_lowercase().as_str())).filter_map(flags).collect()
}

#[test]
#[ignore = "needs named and dig; .ci/run system installs them"]
fn named_gives_the_resolver_a_cookie_and_knows_it_again() {
    let server = plain_named("require-server-cookie yes;");
    let resolver = resolver(&["--stub", &format!("example.test={}", server.address)]);
    assert_eq!(through(&resolver, "www.example.test", "A"), "192.0.2.80\n");
    assert_eq!(through(&resolver, "mail.example.test", "A"), "192.0.2.25\n");
    eventually("the log", || flags(&server.log(), "mail.example.test").len() == 1);
    let log = server.log();
    let (first, second) = (flags(&log, "www.example.test"), flags(&log, "mail.example.test"));
    // Turned away, and taken with the fresh cookie; from then on known.
    assert!(first.len() == 2 && first[0].ends_with('K') && first[1].ends_with('V'), "{first:?}");
    assert!(second.len() == 1 && second[0].ends_with('V'), "{second:?}");
}

#[test]
#[ignore = "needs named; .ci/run system installs it"]
fn named_gives_the_stub_a_cookie_and_knows_it_again() {
    let server = plain_named("require-server-cookie yes;");
    let port = format!("-port={}", server.address.port());
    let said = output("nslookup", [port.as_str(), "-type=a", "www.example.test", "127.0.0.1"], b"").unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains("Address: 192.0.2.80"), "{said}");
    eventually("the log", || flags(&server.log(), "www.example.test").len() == 2);
    let seen = flags(&server.log(), "www.example.test");
    assert!(seen[0].contains('K') && seen[1].contains('V'), "{seen:?}");
}

#[test]
#[ignore = "needs knotd, nsd and dig; .ci/run system installs them"]
fn knotd_and_nsd_that_give_cookies_answer_the_resolver() {
    for server in [knotd(), nsd()] {
        eventually("its zone", || dig(server.address, "www.example.test", "A") == "192.0.2.80\n");
        let resolver = resolver(&["--stub", &format!("example.test={}", server.address)]);
        for (name, address) in [("www.example.test", "192.0.2.80\n"), ("mail.example.test", "192.0.2.25\n")] {
            assert_eq!(through(&resolver, name, "A"), address);
        }
    }
}

#[test]
#[ignore = "needs unbound and dig; .ci/run system installs them"]
fn unbound_is_asked_by_tls() {
    let (scratch, address) = (Scratch::new().unwrap(), free_place().unwrap());
    let (cert, key) = certificate(&scratch);
    let more = format!(
        "  tls-port: {}\n  tls-service-pem: \"{}\"\n  tls-service-key: \"{}\"\n  local-zone: \"example.test.\" static\n  \
         local-data: \"www.example.test. A 192.0.2.80\"\n  local-data: \"mail.example.test. A 192.0.2.25\"\n",
        address.port(),
        cert.display(),
        key.display()
    );
    let server = unbound(address, scratch, &more);
    let ca = cert.to_str().unwrap();
    let resolver = resolver(&["--forward", &format!("{}#localhost", server.address), "--tls-ca", ca]);
    assert_eq!(through(&resolver, "www.example.test", "A"), "192.0.2.80\n");
    assert_eq!(through(&resolver, "mail.example.test", "A"), "192.0.2.25\n");
    assert!(server.log().to_lowercase().contains("www.example.test. a in"), "{}", server.log());
    // Under another name it is not asked.
    let strict = self::resolver(&["--forward", &format!("{}#dns.example", server.address), "--tls-ca", ca]);
    assert_eq!(through(&strict, "www.example.test", "A"), "");
}

#[test]
#[ignore = "needs named and dig; .ci/run system installs them"]
fn named_is_asked_by_tls() {
    let (scratch, address) = (Scratch::new().unwrap(), free_place().unwrap());
    let (cert, key) = certificate(&scratch);
    let listen = format!("listen-on port {} tls own {{ 127.0.0.1; }};", address.port());
    let tls = format!("tls own {{ cert-file \"{}\"; key-file \"{}\"; }};", cert.display(), key.display());
    let server = named(&listen, address, scratch, ("", &tls));
    let ca = cert.to_str().unwrap();
    let resolver = resolver(&["--forward", &format!("{}#localhost", server.address), "--tls-ca", ca]);
    assert_eq!(through(&resolver, "www.example.test", "A"), "192.0.2.80\n");
    let port = resolver.address("tcp").unwrap().port().to_string();
    let big = Command::new("dig")
        .args(["@127.0.0.1", "-p", &port, "+tcp", "+short", "big.example.test", "TXT"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(big.stdout).unwrap().lines().count(), 40);
}

/// Our server with example.test by TLS, and its certificate.
fn private() -> (Program, PathBuf, Scratch) {
    let scratch = Scratch::new().unwrap();
    let (cert, key) = certificate(&scratch);
    let zone = scratch.write("zone", zone().as_bytes()).unwrap();
    let args = [
        format!("--zone=example.test={}", zone.display()),
        "--tls-listen=127.0.0.1:0".to_owned(),
        format!("--tls-cert={}", cert.display()),
        format!("--tls-key={}", key.display()),
    ];
    (Program::start("dns_server", &args, 1).unwrap(), cert, scratch)
}

#[test]
#[ignore = "needs kdig; .ci/run system installs it"]
fn kdig_asks_our_server_by_tls() {
    let (server, cert, _scratch) = private();
    let port = server.address("tls").unwrap().port().to_string();
    let (ca, at) = (format!("+tls-ca={}", cert.display()), ["@127.0.0.1", "-p", &port]);
    let ask = |more: &[&str]| {
        let args = [&at[..], &[ca.as_str(), "+padding"], more].concat();
        let output = Command::new("kdig").args(args).output();
        let output = output.unwrap_or_else(|error| panic!("kdig: {error}; .ci/run install"));
        String::from_utf8(output.stdout).unwrap()
    };
    let said = ask(&["+tls-hostname=localhost", "www.example.test", "A"]);
    assert!(said.contains("192.0.2.80") && said.contains("TLS session"), "{said}");
    assert!(said.contains("PADDING: ") && said.contains("Received 468 B"), "{said}");
    let said = ask(&["+tls-hostname=localhost", "big.example.test", "TXT"]);
    assert!(said.contains("ANSWER: 40"), "{said}");
    let said = ask(&["+tls-hostname=dns.example", "www.example.test", "A"]);
    assert!(!said.contains("192.0.2.80"), "{said}");
}

#[test]
#[ignore = "needs unbound and dig; .ci/run system installs them"]
fn unbound_forwards_to_our_server_by_tls() {
    let (server, cert, _scratch) = private();
    let to = server.address("tls").unwrap();
    let more = format!(
        "  tls-cert-bundle: \"{}\"\n  local-zone: \"test.\" nodefault\nforward-zone:\n  name: \".\"\n  forward-tls-upstream: yes\n  \
         forward-addr: 127.0.0.1@{}#localhost\n",
        cert.display(),
        to.port()
    );
    let unbound = unbound(free_place().unwrap(), Scratch::new().unwrap(), &more);
    assert_eq!(dig(unbound.address, "www.example.test", "A"), "192.0.2.80\n", "{}", unbound.log());
}

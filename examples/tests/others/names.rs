//! Servers of names by others: nsd, knotd, named and unbound, each with a configuration of its own in a folder of its own.
//!
//! The rule: what every test needs of them is said here once (where they listen, where they keep their files, that they
//! leave the machine's own alone); what one test needs more is text in their own language.

use std::net::SocketAddr;

use examples::scratch::Scratch;

use super::{Other, eventually, prints, says_in};

/// example.org, with something of everything.
pub(crate) const ZONE: &str = r#"
$TTL 60
@ SOA ns host 7 1d 2h 4w 30
@ NS ns
@ NS ns2
@ MX 10 mail
ns A 192.0.2.1
ns2 A 192.0.2.2
mail A 192.0.2.25
mail AAAA 2001:db8::25
www CNAME web
web A 192.0.2.80
out CNAME www.example.net.
loop1 CNAME loop2
loop2 CNAME loop1
a.b.c A 192.0.2.3
*.wild TXT "wild card"
x.y.wild TXT "x"
*.alias CNAME web
sub NS ns.sub
sub NS ns.other.net.
ns.sub A 192.0.2.53
old DNAME new
target.new A 192.0.2.9
_sip._tcp SRV 1 2 5060 mail
text TXT "one" "two; three" "\"quoted\""
svc HTTPS 1 . alpn=h2 ipv4hint=192.0.2.80
caa CAA 0 issue "ca.example.net"
odd TYPE65280 \# 3 010203
"#;

/// A running one. Stopped when dropped.
pub(crate) struct NameServer {
    pub(crate) server: Other,
    pub(crate) address: SocketAddr,
    pub(crate) scratch: Scratch,
}

impl NameServer {
    fn spawn(program: &str, args: &[&str], address: SocketAddr, scratch: Scratch) -> Self {
        NameServer { server: Other::spawn(program, args, address.port()), address, scratch }
    }

    /// Waits until it answers a question; `false`: it has ended, for somebody else may have taken the port meanwhile.
    pub(crate) fn answers(&mut self, name: &str, rtype: &str) -> bool {
        let mut running = true;
        eventually("an answer", || {
            running = !self.server.has_ended();
            let answer = short(self.address, &[name, rtype]);
            !running || !(answer.is_empty() || answer.starts_with(";;"))
        });
        running
    }
}

/// What the original `dig` prints, asking there.
pub(crate) fn dig(server: SocketAddr, args: &[&str]) -> String {
    let (at, port) = (format!("@{}", server.ip()), server.port().to_string());
    prints("dig", &[&[at.as_str(), "-p", &port], args].concat())
}

/// The data of the answer, a line each; or, behind `;;`, why there is none.
pub(crate) fn short(server: SocketAddr, args: &[&str]) -> String {
    dig(server, &[&["+short", "+time=1", "+tries=2"], args].concat())
}

/// A zone signed by ldns with a fresh key; `args`: how.
pub(crate) fn signed(origin: &str, zone: &str, args: &[&str]) -> String {
    let scratch = Scratch::new().unwrap();
    scratch.write("zone", zone.as_bytes()).unwrap();
    let key = says_in(scratch.path(), "ldns-keygen", &["-a", "ECDSAP256SHA256", "-k", origin], b"");
    let args = [args, &["-f", "signed", "-o", origin, "zone", key.trim()]].concat();
    says_in(scratch.path(), "ldns-signzone", &args, b"");
    std::fs::read_to_string(scratch.path().join("signed")).unwrap()
}

fn folder(scratch: &Scratch) -> String {
    scratch.path().to_str().unwrap().to_owned()
}

/// nsd at `address`, with its zones in `scratch`; `rest`: keys and zones, or more of its own.
pub(crate) fn nsd(address: SocketAddr, scratch: Scratch, rest: &str) -> NameServer {
    let folder = folder(&scratch);
    let config = format!(
        "server:\n  ip-address: {}@{}\n  username: \"\"\n  zonesdir: \"{folder}\"\n  database: \"\"\n  pidfile: \
         \"{folder}/pid\"\n  xfrdfile: \"{folder}/xfrd\"\n  xfrdir: \"{folder}\"\n  zonelistfile: \"{folder}/list\"\n  \
         logfile: \"{folder}/log\"\n  server-count: 1\n  rrl-ratelimit: 0\n  nsid: \"ascii_here\"\n\
         remote-control:\n  control-enable: no\n{rest}",
        address.ip(),
        address.port()
    );
    let path = scratch.write("nsd.conf", config.as_bytes()).unwrap();
    NameServer::spawn("nsd", &["-d", "-c", path.to_str().unwrap()], address, scratch)
}

/// knotd at `address`, likewise.
pub(crate) fn knotd(address: SocketAddr, scratch: Scratch, rest: &str) -> NameServer {
    let folder = folder(&scratch);
    let config = format!(
        "server:\n  listen: {}@{}\n  rundir: {folder}\ndatabase:\n  storage: {folder}\nlog:\n  - target: {folder}/log\n    \
         any: info\n{rest}",
        address.ip(),
        address.port()
    );
    let path = scratch.write("knot.conf", config.as_bytes()).unwrap();
    NameServer::spawn("knotd", &["-c", path.to_str().unwrap()], address, scratch)
}

/// named at `address`; `options` are more of these, `rest` are keys and zones.
pub(crate) fn named(address: SocketAddr, scratch: Scratch, options: &str, rest: &str) -> NameServer {
    let folder = folder(&scratch);
    let config = format!(
        "options {{ directory \"{folder}\"; listen-on port {} {{ {}; }}; listen-on-v6 {{ none; }}; pid-file \
         \"{folder}/pid\"; session-keyfile \"{folder}/session\"; dnssec-validation no; server-id \"here\"; {options} }};\n\
         controls {{ }};\n{rest}",
        address.port(),
        address.ip()
    );
    let path = scratch.write("named.conf", config.as_bytes()).unwrap();
    let log = format!("{folder}/log");
    NameServer::spawn("named", &["-f", "-c", path.to_str().unwrap(), "-L", &log], address, scratch)
}

/// unbound at `address`; `server` is more of that clause, and whatever follows it.
pub(crate) fn unbound(address: SocketAddr, scratch: Scratch, server: &str) -> NameServer {
    let folder = folder(&scratch);
    let config = format!(
        "server:\n  interface: {}\n  port: {}\n  username: \"\"\n  chroot: \"\"\n  directory: \"{folder}\"\n  pidfile: \
         \"{folder}/pid\"\n  logfile: \"{folder}/log\"\n  use-syslog: no\n  do-daemonize: no\n  do-ip6: no\n  num-threads: 1\n\
         {server}remote-control:\n  control-enable: no\n",
        address.ip(),
        address.port()
    );
    let path = scratch.write("unbound.conf", config.as_bytes()).unwrap();
    NameServer::spawn("unbound", &["-d", "-c", path.to_str().unwrap()], address, scratch)
}

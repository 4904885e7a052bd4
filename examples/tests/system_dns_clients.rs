//! Our `dig` and `nslookup` beside those of BIND, at the same servers: the same sections, line by line.
//!
//! Ignored unless asked for (`.ci/run system`), for it needs bind9-dnsutils, nsd and named.

#[expect(dead_code, reason = "shared by several tests, each of which needs another part")]
mod others;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use examples::program::{free_place, path};
use examples::scratch::Scratch;
use others::names::{self, NameServer};
use others::prints;

const ZONE: &str = r#"
$TTL 3600
@ SOA ns1 admin 1 7200 3600 1209600 300
@ NS ns1
@ NS ns2.other.test.
ns1 A 127.0.0.1
ns1 AAAA ::1
www A 192.0.2.1
alias CNAME www
txt TXT "hello world" "a\"b"
mx MX 10 www
_sip._tcp SRV 1 2 5060 www
sub NS ns.sub
ns.sub A 127.0.0.2
*.wild TXT wild
a.very.long.name.that.is.long A 192.0.2.9
key DNSKEY 257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==
sshfp SSHFP 1 1 123456789abcdef67890123456789abcdef67890
svc HTTPS 1 . alpn=h2,h3 ipv4hint=192.0.2.1
caa CAA 0 issue "ca.example.net"
naptr NAPTR 1 2 "u" "E2U+sip" "!^.*$!sip:a@b!" .
loc LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
tlsa TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
"#;

const DIG: &[&str] = &[
    "www.example",
    "alias.example A +norec +nocookie",
    "txt.example TXT +short",
    "nope.example",
    "a.sub.example +dnssec",
    "key.example DNSKEY",
    "a.very.long.name.that.is.long.example",
    "x.wild.example TXT",
    "example AXFR",
    "-x 192.0.2.1",
    "-x 2001:db8::1",
    "example SOA +multiline",
    "svc.example HTTPS +noall +answer",
    "sshfp.example SSHFP",
    "tlsa.example TLSA +nosplit",
    "caa.example CAA",
    "naptr.example NAPTR",
    "loc.example LOC",
    "_sip._tcp.example SRV +nottlid",
    "www.example +noclass",
    "www.example +tcp +short +identify",
    "www.example +qr",
    "www.other.test",
    "www.example +bufsize=512 +subnet=192.0.2.0/24 +nsid",
    "www.example +noedns",
    "mx.example MX +noadditional +nostats",
    "version.bind TXT CH +noall +comments",
    "WWW.ExAmple +cd +noad",
];

const NSLOOKUP: &[&str] = &[
    "www.example",
    "-type=mx mx.example",
    "-type=txt txt.example",
    "-type=soa example",
    "alias.example",
    "nope.example",
    "192.0.2.1",
    "-type=srv _sip._tcp.example",
    "-type=ns a.sub.example",
    "-debug www.example",
    "-type=ns example",
    "-type=caa caa.example",
    "-debug -type=mx mx.example",
    "-type=aaaa www.example",
    "ns1.example",
];

/// Starts a server with the zone, on another port if need be.
fn start(server: fn(SocketAddr, Scratch) -> NameServer) -> NameServer {
    let started = || {
        let scratch = Scratch::new().unwrap();
        scratch.write("zone", ZONE.as_bytes()).unwrap();
        let mut server = server(free_place().unwrap(), scratch);
        server.answers("example", "SOA").then_some(server)
    };
    (0..5).find_map(|_| started()).expect("a free port")
}

fn named(address: SocketAddr, scratch: Scratch) -> NameServer {
    let options = "recursion no; allow-transfer { any; }; rrset-order { order fixed; };";
    names::named(address, scratch, options, "zone \"example\" { type primary; file \"zone\"; };\n")
}

fn nsd(address: SocketAddr, scratch: Scratch) -> NameServer {
    let zone = "zone:\n  name: example\n  zonefile: zone\n  provide-xfr: 127.0.0.1 NOKEY\n";
    names::nsd(address, scratch, zone)
}

/// What `dig` or `nslookup` prints, by its path.
fn run(program: &str, server: &NameServer, question: &str) -> String {
    let port = server.address.port().to_string();
    let words = question.split(' ');
    let flag = format!("-port={port}");
    let args: Vec<&str> = if program.ends_with("dig") {
        ["@127.0.0.1", "-p", &port].into_iter().chain(words).collect()
    } else {
        std::iter::once(&*flag).chain(words).chain(["127.0.0.1"]).collect()
    };
    prints(program, &args)
}

/// Lines with what changes from run to run left out; records of a section in any order.
fn lines(text: &str) -> BTreeSet<String> {
    let changing = ["; <<>> DiG", "; COOKIE: ", ";; Query time: ", ";; WHEN: "];
    let line = |line: &str| {
        if let Some(start) = changing.iter().find(|start| line.starts_with(**start)) {
            return (*start).to_owned();
        }
        let line = line.split(", id: ").next().unwrap_or_default();
        line.split(" ms.").next().unwrap_or_default().split(" in ").next().unwrap_or_default().to_owned()
    };
    text.lines().map(line).collect()
}

fn sections(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with(";; ") && line.ends_with("SECTION:")).collect()
}

fn compare(server: &NameServer, program: &str, questions: &[&str]) {
    let ours = path(program).unwrap();
    let ours = ours.to_str().unwrap();
    for question in questions {
        let (theirs, own) = (run(program, server, question), run(ours, server, question));
        assert_eq!(lines(&own), lines(&theirs), "{question}:\n{own}\n{theirs}");
        assert_eq!(sections(&own), sections(&theirs), "{question}");
    }
}

#[test]
#[ignore = "needs bind9 and bind9-dnsutils"]
fn at_named_they_print_what_the_originals_print() {
    let server = start(named);
    compare(&server, "dig", DIG);
    compare(&server, "nslookup", NSLOOKUP);
}

#[test]
#[ignore = "needs nsd and bind9-dnsutils"]
fn at_nsd_they_print_what_the_originals_print() {
    let server = start(nsd);
    compare(&server, "dig", DIG);
    compare(&server, "nslookup", NSLOOKUP);
}

//! Our `dig` and `nslookup` beside those of BIND, at the same servers: the same sections, line by line.
//!
//! Ignored unless asked for (`.ci/run system`), for it needs bind9-dnsutils, nsd and named.

#[expect(dead_code, reason = "shared by several tests, each of which needs another part")]
mod others;

use std::net::SocketAddr;

use examples::program::{Program, free_place, path};
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
out CNAME www.other.test.
lost CNAME nothing
chain CNAME alias
loop1 CNAME loop2
loop2 CNAME loop1
old DNAME new
host.new A 192.0.2.10
signed NS ns.sub
signed DS 60485 13 2 2BB183AF5F22588179A53B0A986312D6D1C3A2C5B3D6C2C9BB6B9E1E2FD3A0E4
odd TYPE65280 \# 3 010203
hinfo HINFO "PDP-11" "UNIX"
rp RP admin txt
afs AFSDB 1 www
cert CERT 1 12345 200 AAECAwQFBgcICQ==
pkix CERT 1 12345 8 AAECAwQFBgcICQ==
revoked DNSKEY 385 3 8 AwEAAcNEU67LJI5GEgF9QLNqLO1SMq1EdoQ6E9f85ha0k0ewQGCblyW2836GiVsm6k8Kr5ECIoMJ6fZWf3CQSQ9ycWfT
long TYPE65280 \# 40 00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF0011223344556677
uri URI 10 1 "https://www.example/"
eui EUI48 00-00-5e-00-53-2a
csync CSYNC 66 3 A NS AAAA
smime SMIMEA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
pgp OPENPGPKEY AAECAwQFBgcICQ==
sig NSEC www A MX RRSIG NSEC TYPE1234
param NSEC3PARAM 1 0 12 AABBCCDD
4.3.2.1.e164 NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@example!" .
both A 192.0.2.11
both A 192.0.2.12
both AAAA 2001:db8::11
ptr PTR www
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
    "example SOA +multiline +norrcomments",
    "key.example DNSKEY +multiline",
    "key.example DNSKEY +multiline +norrcomments +split=16",
    "revoked.example DNSKEY +rrcomments",
    "revoked.example DNSKEY +short +rrcomments +nosplit",
    "signed.example DS +multiline",
    "tlsa.example TLSA +multiline +noclass",
    "pkix.example CERT",
    "pkix.example CERT +multiline +nottlid",
    "pgp.example OPENPGPKEY +multiline",
    "long.example TYPE65280",
    "long.example TYPE65280 +multiline +ttlunits",
    "www.example txt.example TXT key.example DNSKEY",
    "+short alias.example mx.example MX -x 192.0.2.1",
    "+noall +answer www.example nope.example +comments mx.example MX",
    "-t MX mx.example -q www.example",
    "www.example A MX",
    "www.example +qr +nocookie +ednsopt=65001:0102ff +ednsopt=nsid +ednsopt=65002 +ednsopt=14:00010002",
    "www.example +qr +nocookie +ednsopt=65001 +noednsopt",
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
    "big.example TXT",
    "big.example TXT +ignore",
    "big.example TXT +bufsize=512 +noall +comments",
    "big.example TXT +tcp +short",
    "out.example",
    "out.example +norec",
    "lost.example",
    "chain.example AAAA",
    "loop1.example",
    "host.old.example",
    "old.example DNAME",
    "nothing.old.example",
    "x.y.wild.example A",
    "wild.example TXT",
    "very.long.name.that.is.long.example",
    "signed.example DS +dnssec",
    "www.signed.example +dnssec",
    "sub.example NS +norec",
    "ns.sub.example",
    "odd.example TYPE65280",
    "hinfo.example HINFO",
    "rp.example RP",
    "afs.example AFSDB",
    "cert.example CERT",
    "uri.example URI",
    "eui.example EUI48",
    "csync.example CSYNC",
    "smime.example SMIMEA",
    "pgp.example OPENPGPKEY",
    "sig.example NSEC",
    "param.example NSEC3PARAM",
    "ptr.example PTR",
    "both.example A +noall +answer +authority +additional",
    "both.example AAAA",
    "example NS",
    "example NS +tcp",
    "example SOA +nocomments",
    "example MX",
    "nope.example SOA +multiline",
    "nope.example MX +dnssec +noall +authority",
    "www.example CH",
    "-c CH -t TXT id.server",
    "-q www.example +norec +aaflag",
    "www.example +nocomments +noquestion +nocmd +nostats",
    "www.example +noquestion",
    "www.example +comments +noall +stats",
    "www.example +expire",
    "example SOA +expire",
    "www.example +padding=128 +qr",
    "www.example +zflag +qr +noall +comments",
    "www.example +opcode=4",
    "www.example +edns=1",
    "www.example +ttlunits",
    "key.example DNSKEY +split=8",
    "a\\.b.example",
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
    "both.example",
    "-type=txt big.example",
    "out.example",
    "lost.example",
    "chain.example",
    "loop1.example",
    "host.old.example",
    "-type=dname old.example",
    "-type=txt x.y.wild.example",
    "a.sub.example",
    "-type=ds signed.example",
    "-type=hinfo hinfo.example",
    "-type=ptr ptr.example",
    "-type=naptr naptr.example",
    "-type=rp rp.example",
    "-type=uri uri.example",
    "-type=type65280 odd.example",
    "-type=cname alias.example",
    "-type=mx nope.example",
    "-type=any www.example",
    "-debug nope.example",
    "-debug -type=soa example",
    "-debug a.sub.example",
    "-debug both.example",
    "-vc www.example",
    "-class=ch -type=txt id.server",
    "www.other.test",
    "2001:db8::1",
];

/// Asked of a zone that is signed.
const SIGNED: &[&str] = &[
    "www.example +dnssec",
    "www.example RRSIG",
    "example DNSKEY +dnssec",
    "example SOA +dnssec +noall +answer",
    "example NSEC3PARAM +dnssec",
    "nope.example +dnssec",
    "www.example MX +dnssec",
    "alias.example +dnssec",
    "x.wild.example TXT +dnssec",
    "q.aliases.example +dnssec",
    "a.sub.example +dnssec",
    "safe.example DS +dnssec",
    "a.safe.example +dnssec",
    "host.old.example +dnssec",
    "www.example +dnssec +noall +answer +nottlid",
    "www.example +dnssec +noall +answer +noclass",
    "www.example +dnssec +nosplit",
    "www.example +dnssec +short",
    "nope.example +dnssec +noall +authority",
    "www.example +dnssec +cd +bufsize=512",
    "example ANY +dnssec",
];

const TO_SIGN: &str = "$TTL 3600
@ SOA ns1 admin 1 7200 3600 1209600 300
@ NS ns1
ns1 A 127.0.0.1
www A 192.0.2.1
alias CNAME www
*.wild TXT wild
*.aliases CNAME www
old DNAME new
host.new A 192.0.2.10
sub NS ns.sub
ns.sub A 127.0.0.2
safe NS ns.sub
safe DS 60485 13 2 2BB183AF5F22588179A53B0A986312D6D1C3A2C5B3D6C2C9BB6B9E1E2FD3A0E4
";

fn folder_with_zone() -> Scratch {
    let scratch = Scratch::new().unwrap();
    // Too large for a datagram; nsd has no `$GENERATE`.
    let large = (1..=60).map(|n| format!("big TXT this-is-record-number-{n}-with-quite-some-text-in-it\n"));
    let zone = ZONE.to_owned() + &large.collect::<String>();
    scratch.write("zone", zone.as_bytes()).unwrap();
    scratch
}

/// Starts a server with the zone, on another port if need be.
fn start(server: fn(SocketAddr, Scratch) -> NameServer, folder: fn() -> Scratch) -> NameServer {
    let started = || {
        let mut server = server(free_place().unwrap(), folder());
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
fn run(program: &str, server: SocketAddr, question: &str) -> String {
    let port = server.port().to_string();
    let words = question.split(' ');
    let flag = format!("-port={port}");
    let args: Vec<&str> = if program.ends_with("dig") {
        ["@127.0.0.1", "-p", &port].into_iter().chain(words).collect()
    } else {
        std::iter::once(&*flag).chain(words).chain(["127.0.0.1"]).collect()
    };
    prints(program, &args)
}

/// A line with what changes from run to run left out.
fn lasting(line: &str) -> String {
    let changing = ["; <<>> DiG", ";; Query time: ", ";; WHEN: "];
    if let Some(start) = changing.iter().find(|start| line.starts_with(**start)) {
        return (*start).to_owned();
    }
    if let Some(cookie) = line.strip_prefix("; COOKIE: ") {
        let verdict = cookie.split_once(' ').map_or("", |(_, verdict)| verdict);
        return format!("; COOKIE: {} octets {verdict}", cookie.len() - verdict.len());
    }
    let line = line.split(", id: ").next().unwrap_or_default();
    line.split(" ms.").next().unwrap_or_default().split(" in ").next().unwrap_or_default().to_owned()
}

/// The sections in their order (an empty line is between them), each with its lines: records are in any order.
fn sections(text: &str) -> Vec<Vec<String>> {
    let section = |section: &str| {
        let mut lines: Vec<String> = section.lines().map(lasting).collect();
        lines.sort();
        lines
    };
    text.split("\n\n").map(section).collect()
}

/// Lines of one that the other lacks in the same section.
fn lines_missing(from: &[Vec<String>], of: &[Vec<String>]) -> String {
    let lacks = |at: usize, line: &String| !from.get(at).is_some_and(|lines| lines.contains(line));
    let lines =
        of.iter().enumerate().flat_map(|(at, lines)| lines.iter().filter(move |line| lacks(at, line)));
    lines.map(|line| format!("\n    {line}")).collect()
}

fn compare(server: SocketAddr, program: &str, questions: &[&str]) {
    let ours = path(program).unwrap();
    let ours = ours.to_str().unwrap();
    let mut differences = Vec::new();
    for question in questions {
        let (theirs, own) = (run(program, server, question), run(ours, server, question));
        let (theirs, own) = (sections(&theirs), sections(&own));
        if own != theirs {
            let (more, less) = (lines_missing(&theirs, &own), lines_missing(&own, &theirs));
            differences.push(format!("{program} {question}\n  only ours:{more}\n  only theirs:{less}"));
        }
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

fn compare_all(server: SocketAddr) {
    compare(server, "nslookup", NSLOOKUP);
    compare(server, "dig", DIG);
}

#[test]
#[ignore = "needs bind9 and bind9-dnsutils"]
fn at_named_they_print_what_the_originals_print() {
    let server = start(named, folder_with_zone);
    compare_all(server.address);
}

#[test]
#[ignore = "needs nsd and bind9-dnsutils"]
fn at_nsd_they_print_what_the_originals_print() {
    let server = start(nsd, folder_with_zone);
    compare_all(server.address);
}

#[test]
#[ignore = "needs bind9-dnsutils"]
fn at_ours_they_print_what_the_originals_print() {
    let scratch = folder_with_zone();
    let zone = format!("--zone=example={}", scratch.path().join("zone").display());
    let args = [&*zone, "--listen=127.0.0.1:0", "--allow-xfr=127.0.0.1", "--nsid=here", "--log=error"];
    let server = Program::start("dns_server", args, 2).unwrap();
    compare_all(server.address("udp").unwrap());
}

fn nsec() -> Scratch {
    let scratch = Scratch::new().unwrap();
    scratch.write("zone", names::signed("example", TO_SIGN, &[]).as_bytes()).unwrap();
    scratch
}

fn nsec3() -> Scratch {
    let scratch = Scratch::new().unwrap();
    scratch
        .write("zone", names::signed("example", TO_SIGN, &["-n", "-t", "1", "-s", "aabb"]).as_bytes())
        .unwrap();
    scratch
}

#[test]
#[ignore = "needs bind9, nsd, ldnsutils and bind9-dnsutils"]
fn of_signed_zones_dig_prints_what_the_original_prints() {
    for folder in [nsec, nsec3] {
        for server in [start(named, folder), start(nsd, folder)] {
            compare(server.address, "dig", SIGNED);
        }
    }
}

//! `dns_server` against programs that everybody has: dig, kdig, drill, nslookup, nsupdate ask it; nsd, knotd and named
//! take zones from it and give it theirs; named-checkzone and `zone_check` have to agree.
//!
//! Ignored unless asked for (`.ci/run system`), for they need those programs. Each test starts its servers on free ports,
//! with their configuration in a temporary folder, and stops them.

#[expect(dead_code, reason = "shared by several tests, each of which needs another part")]
mod others;

use std::net::SocketAddr;

use examples::program::{Program, free_place, output};
use examples::scratch::Scratch;
use others::names::{self, NameServer, ZONE, short};
use others::{eventually, prints, run_with};

const SECRET: &str = "c2VjcmV0IG9mIHNvbWUgbGVuZ3Ro";

/// What another server is to do with example.org.
#[derive(Clone, Copy)]
enum Role {
    /// Take it from there.
    Secondary { of: SocketAddr },
    /// Have it in a file, and tell those there of changes.
    Primary { of: SocketAddr },
}

/// Starts a server by others at `address`.
type Start = fn(SocketAddr, Role) -> NameServer;

/// The folder of such a server; the zone is in it if it is to be had there.
fn folder_for(role: Role) -> Scratch {
    let scratch = Scratch::new().unwrap();
    if matches!(role, Role::Primary { .. }) {
        scratch.write("zone", ZONE.as_bytes()).unwrap();
    }
    scratch
}

fn nsd(address: SocketAddr, role: Role) -> NameServer {
    let zone = match role {
        Role::Secondary { of } => {
            format!("  allow-notify: 127.0.0.1 NOKEY\n  request-xfr: 127.0.0.1@{} key\n", of.port())
        }
        Role::Primary { of } => format!(
            "  provide-xfr: 127.0.0.1 key\n  notify: 127.0.0.1@{} NOKEY\n  store-ixfr: yes\n  create-ixfr: yes\n",
            of.port()
        ),
    };
    let rest = format!(
        "key:\n  name: key\n  algorithm: hmac-sha256\n  secret: \"{SECRET}\"\nzone:\n  name: \
         example.org\n  zonefile: zone\n{zone}"
    );
    names::nsd(address, folder_for(role), &rest)
}

fn knotd(address: SocketAddr, role: Role) -> NameServer {
    let (peer, zone) = match role {
        Role::Secondary { of } => (of, "    master: peer\n"),
        Role::Primary { of } => {
            (of, "    notify: plain\n    zonefile-load: difference\n    journal-content: changes\n")
        }
    };
    let scratch = folder_for(role);
    let rest = format!(
        "key:\n  - id: key\n    algorithm: hmac-sha256\n    secret: {SECRET}\nremote:\n  - id: \
         peer\n    address: 127.0.0.1@{peer}\n    key: key\n  - id: plain\n    address: 127.0.0.1@{peer}\nacl:\n  - id: \
         notify\n    address: 127.0.0.1\n    action: notify\n  - id: transfer\n    key: key\n    action: \
         transfer\nzone:\n  - domain: example.org\n    storage: {folder}\n    file: zone\n    acl: [notify, transfer]\n{zone}",
        folder = scratch.path().display(),
        peer = peer.port(),
    );
    names::knotd(address, scratch, &rest)
}

fn named(address: SocketAddr, role: Role) -> NameServer {
    let zone = match role {
        Role::Secondary { of } => format!(
            "type secondary; file \"zone\"; masterfile-format text; primaries {{ 127.0.0.1 port {} key \"key\"; }};",
            of.port()
        ),
        Role::Primary { of } => format!(
            "type primary; file \"zone\"; ixfr-from-differences yes; notify explicit; also-notify {{ 127.0.0.1 port {}; }};",
            of.port()
        ),
    };
    let rest = format!(
        "key \"key\" {{ algorithm hmac-sha256; secret \"{SECRET}\"; }};\nzone \"example.org\" {{ {zone} }};\n"
    );
    let options = "recursion no; notify no; allow-transfer { key \"key\"; };";
    names::named(address, folder_for(role), options, &rest)
}

/// Ours, with example.org out of a file.
fn ours(listen: SocketAddr, flags: &[&str]) -> (Program, Scratch) {
    let scratch = Scratch::new().unwrap();
    let zone = scratch.write("zone", ZONE.as_bytes()).unwrap();
    let zone = format!("--zone=example.org={}", zone.display());
    (start(listen, &[&[zone.as_str()], flags].concat()), scratch)
}

fn start(listen: SocketAddr, flags: &[&str]) -> Program {
    let (listen, key) = (format!("--listen={listen}"), format!("--tsig=key:hmac-sha256:{SECRET}"));
    let args = [&[listen.as_str(), &key], flags].concat();
    Program::start("dns_server", args, 2).unwrap()
}

fn nsupdate(server: SocketAddr, key: bool, script: &str) -> (bool, String) {
    let signed = format!("hmac-sha256:key:{SECRET}");
    let args = if key { vec!["-y", signed.as_str()] } else { Vec::new() };
    let text = format!("server {} {}\nzone example.org\n{script}\nsend\n", server.ip(), server.port());
    let output = run_with("nsupdate", &args, text.as_bytes());
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Every kind of answer, and what every program that asks prints about it.
const KINDS: &[(&str, &str, &str)] = &[
    ("web.example.org", "A", "192.0.2.80"),
    ("mail.example.org", "AAAA", "2001:db8::25"),
    ("www.example.org", "A", "192.0.2.80"),
    ("out.example.org", "A", "www.example.net."),
    ("example.org", "MX", "10 mail.example.org."),
    ("example.org", "SOA", "ns.example.org. host.example.org. 7"),
    ("x.wild.example.org", "TXT", "wild card"),
    ("q.alias.example.org", "A", "192.0.2.80"),
    ("target.old.example.org", "A", "192.0.2.9"),
    ("_sip._tcp.example.org", "SRV", "1 2 5060 mail.example.org."),
    ("no.example.org", "A", "NXDOMAIN"),
    ("mail.example.org", "TXT", "NOERROR"),
    ("b.c.example.org", "A", "NOERROR"),
    ("www.sub.example.org", "A", "192.0.2.53"),
    ("example.com", "A", "REFUSED"),
];

#[test]
#[ignore = "needs dig, kdig and drill; .ci/run system installs them"]
fn dig_kdig_and_drill_understand_every_answer() {
    let (program, _scratch) = ours(free_place().unwrap(), &["--allow-xfr=127.0.0.1"]);
    let server = program.address("udp").unwrap();
    let port = server.port().to_string();
    for (name, rtype, expected) in KINDS {
        for tcp in [false, true] {
            let by_tcp = if tcp { "+tcp" } else { "+notcp" };
            let dig = prints("dig", &["@127.0.0.1", "-p", &port, by_tcp, "+norec", name, rtype]);
            let kdig = prints("kdig", &["@127.0.0.1", "-p", &port, by_tcp, name, rtype]);
            let drill =
                prints("drill", &["-p", &port, if tcp { "-t" } else { "-u" }, name, "@127.0.0.1", rtype]);
            for (tool, text) in [("dig", dig), ("kdig", kdig), ("drill", drill)] {
                let text = text.replace(['\t'], " ");
                assert!(text.contains(expected), "{tool} {name} {rtype}: {text}");
                assert!(!text.contains("WARNING: Message") && !text.contains("malformed"), "{tool}: {text}");
            }
        }
    }
    let whole = prints("dig", &["@127.0.0.1", "-p", &port, "example.org", "AXFR", "+onesoa"]);
    assert!(whole.contains("TYPE65280") && whole.contains("XFR size: 28 records"), "{whole}");
    assert_eq!(short(server, &["text.example.org", "TXT"]).trim(), r#""one" "two; three" "\"quoted\"""#);
}

#[test]
#[ignore = "needs nslookup; .ci/run system installs it"]
fn nslookup_understands_every_answer() {
    let (program, _scratch) = ours(free_place().unwrap(), &[]);
    let port = format!("-port={}", program.address("udp").unwrap().port());
    for (name, rtype, expected) in [
        ("web.example.org", "a", "Address: 192.0.2.80"),
        ("mail.example.org", "aaaa", "Address: 2001:db8::25"),
        ("example.org", "mx", "mail exchanger = 10 mail.example.org."),
        ("www.example.org", "a", "canonical name = web.example.org."),
        ("no.example.org", "a", "NXDOMAIN"),
        ("mail.example.org", "txt", "No answer"),
    ] {
        let text = prints("nslookup", &[&port, &format!("-type={rtype}"), name, "127.0.0.1"]);
        assert!(text.contains(expected), "{name} {rtype}: {text}");
    }
}

#[test]
#[ignore = "needs nsupdate and dig; .ci/run system installs them"]
fn nsupdate_changes_a_zone_under_a_key() {
    let data = Scratch::new().unwrap();
    let flag = format!("--data={}", data.path().display());
    let flags = ["--allow-update=key:key", &flag, "--log=error"];
    let (program, scratch) = ours(free_place().unwrap(), &flags);
    let server = program.address("udp").unwrap();
    let add = "update add new.example.org 60 A 192.0.2.77";
    let (done, text) = nsupdate(server, false, add);
    assert!(!done && text.contains("REFUSED"), "{text}");
    assert_eq!(nsupdate(server, true, add), (true, String::new()));
    assert_eq!(short(server, &["new.example.org"]).trim(), "192.0.2.77");
    let (done, text) =
        nsupdate(server, true, "prereq nxdomain new.example.org\nupdate delete web.example.org");
    assert!(!done && text.contains("YXDOMAIN"), "{text}");
    assert_eq!(short(server, &["web.example.org"]).trim(), "192.0.2.80");
    assert!(nsupdate(server, true, "prereq yxdomain new.example.org\nupdate delete web.example.org").0);
    let many: String = (0..500).map(|n| format!("update add h{n}.example.org 60 TXT \"{n}\"\n")).collect();
    assert_eq!(nsupdate(server, true, &many), (true, String::new()));
    drop(program);
    let zone = format!("--zone=example.org={}", scratch.path().join("zone").display());
    let program = start(free_place().unwrap(), &[&[zone.as_str()], &flags[..]].concat());
    let server = program.address("udp").unwrap();
    assert_eq!(short(server, &["web.example.org"]), "");
    assert_eq!(short(server, &["new.example.org"]).trim(), "192.0.2.77");
    assert_eq!(short(server, &["h499.example.org", "TXT"]).trim(), "\"499\"");
}

/// Theirs takes the zone, then the changes, from ours.
fn gives(theirs: Start) {
    let address = free_place().unwrap();
    let (program, _scratch) = ours(
        free_place().unwrap(),
        &["--allow-xfr=key:key", "--allow-update=key:key", &format!("--notify={address}"), "--log=error"],
    );
    let primary = program.address("udp").unwrap();
    let other = theirs(address, Role::Secondary { of: primary });
    eventually("the zone", || short(other.address, &["web.example.org"]).trim() == "192.0.2.80");
    for (name, rtype, _) in KINDS.iter().take(10) {
        assert_eq!(short(other.address, &[name, rtype]), short(primary, &[name, rtype]), "{name} {rtype}");
    }
    for n in 0..3 {
        let script = format!(
            "update add n{n}.example.org 60 A 192.0.2.9{n}\nupdate delete web.example.org A\nupdate add web.example.org 60 A 192.0.2.10{n}"
        );
        assert_eq!(nsupdate(primary, true, &script), (true, String::new()));
        eventually("the change", || {
            short(other.address, &["web.example.org"]).trim() == format!("192.0.2.10{n}")
        });
        assert_eq!(short(other.address, &[&format!("n{n}.example.org")]).trim(), format!("192.0.2.9{n}"));
    }
}

/// Ours takes the zone, then the changes, from theirs.
fn takes(theirs: Start) {
    let listen = free_place().unwrap();
    let other = theirs(free_place().unwrap(), Role::Primary { of: listen });
    eventually("their zone", || short(other.address, &["web.example.org"]).trim() == "192.0.2.80");
    let data = Scratch::new().unwrap();
    let flags = [
        format!("--secondary=example.org={},key", other.address),
        format!("--data={}", data.path().display()),
    ];
    let program = start(listen, &[&flags[0], &flags[1], "--log=error"]);
    let copy = program.address("udp").unwrap();
    eventually("the zone", || short(copy, &["web.example.org"]).trim() == "192.0.2.80");
    for (name, rtype, _) in KINDS.iter().take(10) {
        assert_eq!(short(other.address, &[name, rtype]), short(copy, &[name, rtype]), "{name} {rtype}");
    }
    for n in 0..3 {
        let zone = ZONE
            .replace("host 7", &format!("host {}", 8 + n))
            .replace("192.0.2.80", &format!("192.0.2.20{n}"));
        other.scratch.write("zone", zone.as_bytes()).unwrap();
        other.server.reload();
        eventually("the change", || short(copy, &["web.example.org"]).trim() == format!("192.0.2.20{n}"));
    }
    drop(other);
    drop(program);
    let program = start(free_place().unwrap(), &[&flags[0], &flags[1], "--log=error"]);
    assert_eq!(
        short(program.address("udp").unwrap(), &["web.example.org"]).trim(),
        "192.0.2.202",
        "the copy is kept"
    );
}

#[test]
#[ignore = "needs nsd; .ci/run system installs it"]
fn nsd_is_our_secondary() {
    gives(nsd);
}

#[test]
#[ignore = "needs knotd; .ci/run system installs it"]
fn knotd_is_our_secondary() {
    gives(knotd);
}

#[test]
#[ignore = "needs named; .ci/run system installs it"]
fn named_is_our_secondary() {
    gives(named);
}

#[test]
#[ignore = "needs nsd; .ci/run system installs it"]
fn we_are_nsds_secondary() {
    takes(nsd);
}

#[test]
#[ignore = "needs knotd; .ci/run system installs it"]
fn we_are_knotds_secondary() {
    takes(knotd);
}

#[test]
#[ignore = "needs named; .ci/run system installs it"]
fn we_are_nameds_secondary() {
    takes(named);
}

/// What a zone is like, and its text.
fn zones() -> Vec<(&'static str, String)> {
    let head = "$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n";
    vec![
        ("nothing wrong", format!("{head}www CNAME ns\n")),
        ("the large one", ZONE.to_owned()),
        ("out of the zone", format!("{head}a.example.net. A 192.0.2.1\n")),
        ("an octet too large", format!("{head}a A 192.0.2.256\n")),
        ("too few fields", format!("{head}a MX 10\n")),
        ("too many fields", format!("{head}a A 192.0.2.1 192.0.2.2\n")),
        ("unknown type", format!("{head}a WHAT 1\n")),
        ("no SOA", "$TTL 60\n@ NS ns\nns A 192.0.2.1\n".to_owned()),
        ("two SOAs", format!("{head}@ SOA ns host 9 2 3 4 5\n")),
        ("SOA below", format!("{head}x SOA ns host 9 2 3 4 5\n")),
        ("no NS", "$TTL 60\n@ SOA ns host 1 2 3 4 5\nns A 192.0.2.1\n".to_owned()),
        ("server without address", format!("{head}@ NS ns2\n")),
        ("server is an alias", format!("{head}@ NS ns2\nns2 CNAME ns\n")),
        ("server elsewhere", format!("{head}@ NS ns.example.net.\n")),
        ("mail to nowhere", format!("{head}@ MX 10 mail\n")),
        ("mail to an alias", format!("{head}@ MX 10 mail\nmail CNAME ns\n")),
        ("mail to an address", format!("{head}@ MX 10 192.0.2.1\n")),
        ("service nowhere", format!("{head}_a._tcp SRV 1 2 3 gone\n")),
        ("alias and address", format!("{head}x CNAME ns\nx A 192.0.2.1\n")),
        ("two aliases", format!("{head}x CNAME ns\nx CNAME ns.example.net.\n")),
        ("alias twice", format!("{head}x CNAME ns\nx CNAME ns\n")),
        ("cut without glue", format!("{head}sub NS ns.sub\n")),
        ("cut with glue", format!("{head}sub NS ns.sub\nns.sub A 192.0.2.2\n")),
        ("cut to a missing name", format!("{head}sub NS gone\n")),
        ("cut to an alias", format!("{head}sub NS gone\ngone CNAME ns\n")),
        ("cut to the root", format!("{head}sub NS .\n")),
        ("server is the root", format!("{head}@ NS .\n")),
        ("server below another cut", format!("{head}@ NS x.sub\nsub NS ns\n")),
        ("server below a DNAME", format!("{head}@ NS x.d\nd DNAME ns\n")),
        ("server by a wildcard", format!("{head}@ NS x.w\n*.w A 192.0.2.1\n")),
        ("service to an alias", format!("{head}_a._tcp SRV 1 2 3 al\nal CNAME ns\n")),
        ("below a cut", format!("{head}sub NS ns.sub\nns.sub A 192.0.2.2\nx.sub TXT x\n")),
        ("below a DNAME", format!("{head}d DNAME ns\nx.d A 192.0.2.2\n")),
        ("two DNAMEs", format!("{head}d DNAME ns\nd DNAME ns.example.net.\n")),
        ("TTLs that differ", format!("{head}x 60 A 192.0.2.1\nx 70 A 192.0.2.2\n")),
        ("no TTL", "@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n".to_owned()),
        ("unbalanced", format!("{head}x TXT ( \"a\"\n")),
        ("open quote", format!("{head}x TXT \"a\n")),
        ("generated", format!("{head}$GENERATE 1-5 h$ A 192.0.2.$\n")),
        ("generated wrongly", format!("{head}$GENERATE 5-1 h$ A 192.0.2.$\n")),
        ("included from nowhere", format!("{head}$INCLUDE nowhere\n")),
        ("unknown directive", format!("{head}$WHAT 1\n")),
        ("a label too long", format!("{head}{} A 192.0.2.1\n", "x".repeat(64))),
        ("wildcard", format!("{head}* A 192.0.2.1\n")),
        ("null MX", format!("{head}@ MX 0 .\n")),
        ("class CH", format!("{head}x CH A 192.0.2.1\n")),
        ("generic", format!("{head}x TYPE1 \\# 4 C0000201\n")),
        ("generic too short", format!("{head}x TYPE1 \\# 3 C00002\n")),
        ("under_score in a host", format!("{head}under_score A 192.0.2.1\n")),
        ("alias at the top", format!("{head}@ CNAME www.example.net.\n")),
        (
            "DNAME at the top",
            format!("{head}@ DNAME example.net.\n").replace("@ NS ns\nns A", "@ NS ns.example.net.\n; A"),
        ),
        ("DS at the top", format!("{head}@ DS 1 8 2 {}\n", "00".repeat(32))),
        ("DS without a cut", format!("{head}x DS 1 8 2 {}\n", "00".repeat(32))),
        ("DS at a cut", format!("{head}x NS ns\nx DS 1 8 2 {}\n", "00".repeat(32))),
        ("DS with a digest too short", format!("{head}x NS ns\nx DS 1 8 2 0000\n")),
        ("alias beside NSEC", format!("{head}x CNAME ns\nx NSEC y CNAME NSEC\n")),
        ("NS at a wildcard", format!("{head}*.x NS ns\n")),
        ("DNAME at a wildcard", format!("{head}*.x DNAME ns\n")),
        ("the same record twice", format!("{head}x A 192.0.2.1\nx A 192.0.2.1\n")),
        ("the same SOA twice", format!("{head}@ SOA ns host 1 2 3 4 5\n")),
        ("a string of 255", format!("{head}x TXT \"{}\"\n", "a".repeat(255))),
        ("a string of 256", format!("{head}x TXT \"{}\"\n", "a".repeat(256))),
        ("a name of 255", format!("{head}{0}.{0}.{0}.{1} A 192.0.2.1\n", "x".repeat(63), "x".repeat(49))),
        ("a name of 256", format!("{head}{0}.{0}.{0}.{1} A 192.0.2.1\n", "x".repeat(63), "x".repeat(50))),
        ("an empty label", format!("{head}a..b A 192.0.2.1\n")),
        ("a dot in front", format!("{head}.a A 192.0.2.1\n")),
        ("escapes", format!("{head}a\\.b\\032\\255 A 192.0.2.1\n")),
        ("an escape too large", format!("{head}a\\256 A 192.0.2.1\n")),
        ("an escape cut short", format!("{head}a\\25 A 192.0.2.1\n")),
        (
            "class and TTL in any order",
            format!("{head}a IN 60 A 192.0.2.1\nb 60 IN A 192.0.2.1\nc 1h IN A 192.0.2.1\n"),
        ),
        ("class twice", format!("{head}a IN IN A 192.0.2.1\n")),
        ("a TTL that is the largest", format!("{head}a 2147483647 A 192.0.2.1\n")),
        ("a TTL too large", format!("{head}a 4294967296 A 192.0.2.1\n")),
        ("a TTL that is none", format!("{head}a 2147483648 A 192.0.2.1\n")),
        ("a TTL below zero", format!("{head}a -1 A 192.0.2.1\n")),
        ("units in the SOA", "$TTL 1h\n@ SOA ns host 1 1h 15m 4w 1d\n@ NS ns\nns A 192.0.2.1\n".to_owned()),
        (
            "a serial too large",
            "$TTL 60\n@ SOA ns host 4294967296 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n".to_owned(),
        ),
        ("an SOA too short", "$TTL 60\n@ SOA ns host 1 2 3 4\n@ NS ns\nns A 192.0.2.1\n".to_owned()),
        ("lines that end with CRLF", format!("{head}a A 192.0.2.2\n").replace('\n', "\r\n")),
        ("no end of the last line", format!("{head}a A 192.0.2.2")),
        ("types in lower case", format!("{head}a a 192.0.2.2\nb mx 10 a\n")),
        ("no owner", "$TTL 60\n SOA ns host 1 2 3 4 5\n NS ns\nns A 192.0.2.1\n".to_owned()),
        ("an origin inside", format!("{head}$ORIGIN sub\na A 192.0.2.2\n")),
        ("an origin elsewhere", format!("{head}$ORIGIN example.net.\na A 192.0.2.2\n")),
        ("an origin that is none", format!("{head}$ORIGIN a..b\n")),
        ("IPv6 with a zone", format!("{head}a AAAA fe80::1%eth0\n")),
        ("IPv6 with IPv4 inside", format!("{head}a AAAA ::ffff:192.0.2.1\n")),
        ("IPv6 with two gaps", format!("{head}a AAAA 2001::1::2\n")),
        ("IPv4 in three parts", format!("{head}a A 192.0.2\n")),
        ("a port too large", format!("{head}_a._tcp SRV 1 2 65536 ns\n")),
        ("a service that is not there", format!("{head}_a._tcp SRV 0 0 0 .\n")),
        ("CAA", format!("{head}a CAA 0 issue \"ca.example.net\"\n")),
        ("CAA with a flag too large", format!("{head}a CAA 256 issue \"ca.example.net\"\n")),
        ("HTTPS", format!("{head}a HTTPS 1 . alpn=h2 port=443 ipv4hint=192.0.2.1\n")),
        ("HTTPS with a key twice", format!("{head}a HTTPS 1 . port=443 port=444\n")),
        ("HTTPS with a mandatory key that lacks", format!("{head}a HTTPS 1 . mandatory=port\n")),
        ("HTTPS with a port that is none", format!("{head}a HTTPS 1 . port=x\n")),
        ("base64 that is none", format!("{head}a DNSKEY 256 3 8 !!!!\n")),
        ("base64 in pieces", format!("{head}a DNSKEY 256 3 8 ( AQPS\n mYC8 )\n")),
        ("hexadecimal of odd length", format!("{head}a SSHFP 1 1 123\n")),
        ("an NSEC with a type unknown", format!("{head}a NSEC b A WHAT\n")),
        ("a place on earth", format!("{head}a LOC 52 22 23.000 N 4 53 32.000 E -2m 0m 10000m 10m\n")),
        ("a place nowhere", format!("{head}a LOC 91 0 0 N 0 0 0 E 0m\n")),
        ("an alias chain", format!("{head}a CNAME b\nb CNAME c\nc A 192.0.2.1\n")),
        ("an alias loop", format!("{head}a CNAME b\nb CNAME a\n")),
        ("an alias to nowhere", format!("{head}a CNAME nowhere\n")),
        ("a pointer to nowhere", format!("{head}a PTR nowhere\n")),
        ("mail below a cut", format!("{head}@ MX 10 x.sub\nsub NS ns\n")),
        ("mail by a wildcard", format!("{head}@ MX 10 x.w\n*.w A 192.0.2.1\n")),
        ("mail by an alias of a wildcard", format!("{head}@ MX 10 x.w\n*.w CNAME ns\n")),
        ("a server with IPv6 only", format!("{head}@ NS six\nsix AAAA 2001:db8::1\n")),
        ("glue with IPv6 only", format!("{head}sub NS ns.sub\nns.sub AAAA 2001:db8::1\n")),
        ("a wildcard in the middle", format!("{head}a.*.b A 192.0.2.1\n")),
        ("a parenthesis too many", format!("{head}a A 192.0.2.1 )\n")),
        ("a record over three lines", format!("{head}a TXT ( one ; first\n two\n three )\n")),
        ("a nul", format!("{head}a TXT \"\0\"\n")),
        ("WKS and X25 and ISDN", format!("{head}a WKS 192.0.2.1 6 25\nb X25 123456\nc ISDN \"123\"\n")),
        ("a type by its number", format!("{head}a TYPE65280 \\# 0\n")),
        ("a class by its number", format!("{head}a CLASS1 A 192.0.2.1\n")),
        ("generated steps", format!("{head}$GENERATE 0-10/5 h${{0,3,x}} A 192.0.2.$\n")),
        ("generated aliases", format!("{head}$GENERATE 1-3 $ CNAME h$\n")),
        ("empty", String::new()),
        ("only comments", "; nothing\n\n".to_owned()),
    ]
}

#[test]
#[ignore = "needs named-checkzone; .ci/run system installs it"]
fn zone_check_and_named_checkzone_agree() {
    let scratch = Scratch::new().unwrap();
    let mut disagreed = Vec::new();
    for (what, text) in zones() {
        let path = scratch.write("zone", text.as_bytes()).unwrap();
        let args = ["example.org", path.to_str().unwrap()];
        let ours = output("zone_check", args, b"").unwrap();
        let theirs = run_with("named-checkzone", &[&["-i", "local"][..], &args].concat(), b"");
        if ours.status.code() != theirs.status.code() {
            let (ours, theirs) =
                (String::from_utf8_lossy(&ours.stdout), String::from_utf8_lossy(&theirs.stdout));
            disagreed.push(format!("{what}\nours: {ours}theirs: {theirs}"));
        }
    }
    assert!(disagreed.is_empty(), "{}", disagreed.join("\n"));
}

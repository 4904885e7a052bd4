//! `dns_resolver --trust-anchor` in front of zones that others have signed (ldns-signzone, dnssec-signzone), served by
//! `dns_server` and by nsd: dig sees AD, or SERVFAIL where somebody has changed something; delv and unbound, which validate
//! by themselves what our resolver tells them, come to the same.
//!
//! Ignored unless asked for (`.ci/run system`), for it needs those programs.

#[expect(dead_code, reason = "shared by several tests, each of which needs another part")]
mod others;

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use examples::program::{Program, free_place};
use examples::scratch::Scratch;
use others::Other;

/// Who signs a zone, and how.
#[derive(Clone, Copy)]
enum By {
    /// ldns-signzone, with these options.
    Ldns(&'static str, &'static [&'static str]),
    /// dnssec-signzone, with these options.
    Bind(&'static str, &'static [&'static str]),
    Nobody,
}

/// Zones, those below before those above: who signs, the last octet of the server's address, the records.
const ZONES: [(&str, By, u8, &str); 8] = [
    (
        "nsec.test",
        By::Ldns("ED25519", &[]),
        3,
        "www A 192.0.2.81\nout CNAME www.optout.test.\n*.wild TXT x\n",
    ),
    (
        "optout.test",
        By::Bind("ECDSAP256SHA256", &["-3", "-", "-A"]),
        4,
        "www A 192.0.2.82\nfree NS ns.free\nns.free A 192.0.2.5\n",
    ),
    ("free.optout.test", By::Nobody, 5, "www A 192.0.2.83\n"),
    ("rsa.test", By::Bind("RSASHA256", &["-3", "AABB"]), 4, "www A 192.0.2.84\n*.wild TXT x\n"),
    ("spoilt.test", By::Ldns("ECDSAP384SHA384", &["-n"]), 3, "www A 192.0.2.85\nok A 192.0.2.86\n"),
    ("plain.test", By::Nobody, 5, "www A 192.0.2.87\n"),
    ("test", By::Ldns("RSASHA512", &["-n", "-t", "3"]), 2, "www A 192.0.2.88\nold DNAME nsec.test.\n"),
    (".", By::Bind("ED25519", &[]), 2, "nothing.else TXT x\n"),
];

/// Names and types, and what is to come: the status, and whether it is proven.
const TABLE: [(&str, &str, &str, bool); 19] = [
    ("www.test", "A", "NOERROR", true),
    ("www.test", "AAAA", "NOERROR", true),
    ("no.test", "A", "NXDOMAIN", true),
    ("no.nsec.test", "A", "NXDOMAIN", true),
    ("www.nsec.test", "A", "NOERROR", true),
    ("www.nsec.test", "MX", "NOERROR", true),
    ("a.b.wild.nsec.test", "TXT", "NOERROR", true),
    ("a.wild.rsa.test", "TXT", "NOERROR", true),
    ("a.wild.rsa.test", "A", "NOERROR", true),
    ("www.rsa.test", "A", "NOERROR", true),
    ("no.rsa.test", "A", "NXDOMAIN", true),
    ("out.nsec.test", "A", "NOERROR", true),
    ("www.old.test", "A", "NOERROR", true),
    ("www.optout.test", "A", "NOERROR", true),
    ("www.free.optout.test", "A", "NOERROR", false),
    ("www.plain.test", "A", "NOERROR", false),
    ("no.plain.test", "A", "NXDOMAIN", false),
    ("ok.spoilt.test", "A", "NOERROR", true),
    ("www.spoilt.test", "A", "SERVFAIL", false),
];

fn run(folder: &Path, program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).current_dir(folder).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; .ci/run install"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// What its parent, or who trusts it, has to know of a zone: DS and, for delv, DNSKEY.
struct Signed {
    ds: String,
    dnskey: String,
}

fn signed(folder: &Path, zone: &str, by: By) -> Option<Signed> {
    let file = file_of(zone);
    let key = match by {
        By::Ldns(algorithm, _) => run(folder, "ldns-keygen", &["-a", algorithm, "-k", zone]),
        By::Bind(algorithm, _) => run(folder, "dnssec-keygen", &["-q", "-a", algorithm, "-f", "KSK", zone]),
        By::Nobody => return None,
    };
    let key = key.trim();
    let out = format!("{file}.signed");
    match by {
        By::Ldns(_, options) => {
            run(folder, "ldns-signzone", &[&["-f", &out], options, &[&file, key]].concat());
        }
        By::Bind(_, options) => {
            let dnskey = std::fs::read_to_string(folder.join(format!("{key}.key"))).unwrap();
            let text = std::fs::read_to_string(folder.join(&file)).unwrap();
            std::fs::write(folder.join(&file), text + &dnskey).unwrap();
            let args = [&["-z", "-P", "-o", zone, "-f", &out], options, &[&file, key]].concat();
            run(folder, "dnssec-signzone", &args);
        }
        By::Nobody => {}
    }
    std::fs::rename(folder.join(out), folder.join(&file)).unwrap();
    let ds = run(folder, "dnssec-dsfromkey", &["-2", &format!("{key}.key")]);
    let dnskey = std::fs::read_to_string(folder.join(format!("{key}.key"))).unwrap();
    Some(Signed { ds, dnskey })
}

fn file_of(zone: &str) -> String {
    if zone == "." { "root".into() } else { zone.into() }
}

/// Writes and signs all zones. Returns what is to be known of the root.
fn sign_all(folder: &Path) -> Signed {
    let mut delegations: Vec<(&str, String)> = Vec::new();
    for (zone, by, server, records) in ZONES {
        let own = if zone == "." { String::new() } else { format!(".{zone}") };
        let mut text = format!(
            "$ORIGIN {}.\n$TTL 300\n@ SOA ns{own}. host 1 3600 600 86400 60\n@ NS ns{own}.\nns{own}. A 192.0.2.{server}\n{records}",
            zone.trim_end_matches('.')
        );
        let depth = |zone: &str| zone.split('.').filter(|label| !label.is_empty()).count();
        let is_below =
            |child: &str| depth(child) == depth(zone) + 1 && (zone == "." || child.ends_with(&own));
        for (_, lines) in delegations.iter().filter(|(child, _)| is_below(child)) {
            text += lines;
        }
        std::fs::write(folder.join(file_of(zone)), text).unwrap();
        let known = signed(folder, zone, by);
        let ds = known.as_ref().map_or("", |known| &known.ds);
        let is_listed = records_of_parent(zone);
        let cut = format!("{zone}. NS ns.{zone}.\nns.{zone}. A 192.0.2.{server}\n{ds}");
        delegations.push((zone, if is_listed { String::new() } else { cut }));
        if let (".", Some(known)) = (zone, known) {
            return known;
        }
    }
    panic!("the root comes last")
}

/// The parent's own lines tell of it already.
fn records_of_parent(zone: &str) -> bool {
    zone == "free.optout.test"
}

/// nsd with these zones.
fn nsd(scratch: &Scratch, zones: &[&str], address: SocketAddr) -> Other {
    let folder = scratch.path().display();
    let mut config = format!(
        "server:\n  ip-address: 127.0.0.1@{}\n  username: \"\"\n  zonesdir: \"{folder}\"\n  database: \"\"\n  pidfile: \
         \"{folder}/pid\"\n  xfrdfile: \"{folder}/xfrd\"\n  xfrdir: \"{folder}\"\n  zonelistfile: \"{folder}/list\"\n  \
         logfile: \"{folder}/log\"\n  server-count: 1\n  rrl-ratelimit: 0\nremote-control:\n  control-enable: no\n",
        address.port()
    );
    for zone in zones {
        config += &format!("zone:\n  name: {zone}\n  zonefile: {}\n", file_of(zone));
    }
    let path = scratch.write("nsd.conf", config.as_bytes()).unwrap();
    Other::spawn("nsd", &["-d", "-c", path.to_str().unwrap()], address.port())
}

/// unbound, which asks our resolver for everything and checks what it hears.
fn unbound(scratch: &Scratch, address: SocketAddr, resolver: SocketAddr) -> Other {
    let folder = scratch.path().display();
    let config = format!(
        "server:\n  interface: 127.0.0.1@{}\n  username: \"\"\n  chroot: \"\"\n  directory: \"{folder}\"\n  pidfile: \"\"\n  \
         use-syslog: no\n  do-ip6: no\n  do-not-query-localhost: no\n  num-threads: 1\n  module-config: \"validator iterator\"\n  \
         trust-anchor-file: \"{folder}/anchor\"\n  local-zone: \"test.\" nodefault\nremote-control:\n  control-enable: \
         no\nforward-zone:\n  name: \".\"\n  forward-addr: 127.0.0.1@{}\n",
        address.port(),
        resolver.port()
    );
    let path = scratch.write("unbound.conf", config.as_bytes()).unwrap();
    Other::spawn("unbound", &["-d", "-c", path.to_str().unwrap()], address.port())
}

/// What dig says of a question: the status and the flags.
fn dig(server: SocketAddr, name: &str, rtype: &str, options: &[&str]) -> (String, Vec<String>) {
    let port = server.port().to_string();
    let args = [&["@127.0.0.1", "-p", &port, "+tries=1", "+time=15", name, rtype], options].concat();
    let output = Command::new("dig").args(args).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let behind = |mark: &str, end: char| {
        text.split_once(mark).and_then(|(_, rest)| rest.split_once(end)).map(|(word, _)| word.to_owned())
    };
    let flags = behind(";; flags:", ';').unwrap_or_default();
    (behind("status: ", ',').unwrap_or_default(), flags.split_whitespace().map(str::to_owned).collect())
}

fn wait_for(server: SocketAddr, zone: &str) {
    let end = Instant::now() + Duration::from_secs(20);
    while dig(server, zone, "SOA", &[]).0 != "NOERROR" {
        assert!(Instant::now() < end, "{server} does not answer for {zone}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The servers of all zones, and our resolver in front of them.
struct Internet {
    resolver: Program,
    scratch: Scratch,
    dnskey: String,
    _servers: Vec<Program>,
    _nsd: Other,
}

fn internet() -> Internet {
    let scratch = Scratch::new().unwrap();
    let folder = scratch.path();
    let root = sign_all(folder);
    scratch.write("anchor", root.ds.as_bytes()).unwrap();
    scratch.write("hints", b". 3600 NS ns.\nns. 3600 A 192.0.2.2\n").unwrap();
    // Somebody changes an address and can't sign it.
    let spoilt = std::fs::read_to_string(folder.join("spoilt.test")).unwrap();
    assert!(spoilt.contains("192.0.2.85"));
    std::fs::write(folder.join("spoilt.test"), spoilt.replace("192.0.2.85", "192.0.2.66")).unwrap();

    let at = |name: &str| folder.join(name).display().to_string();
    let mut args: Vec<String> =
        ["--listen", "127.0.0.1:0", "--no-ip6", "--root-hints"].map(str::to_owned).into();
    args.extend([at("hints"), "--trust-anchor".into(), at("anchor")]);
    let zones_at = |server: u8| ZONES.iter().filter(move |zone| zone.2 == server).map(|zone| zone.0);
    let mut servers = Vec::new();
    for server in [2, 3, 5] {
        let mut own: Vec<String> = vec!["--listen".into(), "127.0.0.1:0".into()];
        for zone in zones_at(server) {
            own.extend(["--zone".into(), format!("{zone}={}", at(&file_of(zone)))]);
        }
        let program = Program::start("dns_server", &own, 2).unwrap();
        args.extend(["--map-addr".into(), format!("192.0.2.{server}={}", program.address("udp").unwrap())]);
        servers.push(program);
    }
    let place = free_place().unwrap();
    let nsd = nsd(&scratch, &zones_at(4).collect::<Vec<_>>(), place);
    wait_for(place, "rsa.test");
    args.extend(["--map-addr".into(), format!("192.0.2.4={place}")]);
    let resolver = Program::start("dns_resolver", &args, 2).unwrap();
    Internet { resolver, scratch, dnskey: root.dnskey, _servers: servers, _nsd: nsd }
}

#[test]
#[ignore = "needs ldns-signzone, dnssec-signzone, nsd, unbound, dig, delv"]
fn zones_signed_by_others_are_proven_and_others_prove_what_we_tell() {
    let internet = internet();
    let resolver = internet.resolver.address("udp").unwrap();
    let place = free_place().unwrap();
    let _unbound = unbound(&internet.scratch, place, resolver);
    wait_for(place, "www.plain.test");
    for _ in 0..2 {
        for (name, rtype, status, secure) in TABLE {
            for (whose, server) in [("ours", resolver), ("unbound over ours", place)] {
                let (said, flags) = dig(server, name, rtype, &["+dnssec"]);
                let ad = flags.iter().any(|flag| flag == "ad");
                assert_eq!((&*said, ad), (status, secure), "{name} {rtype}: {whose}");
            }
        }
    }
    // RFC 6840 section 5.8: who does not say that he knows AD does not get it; CD gets what is bogus.
    let (status, flags) = dig(resolver, "www.test", "A", &["+noadflag"]);
    assert!(status == "NOERROR" && !flags.contains(&"ad".into()), "{flags:?}");
    let (status, flags) = dig(resolver, "www.spoilt.test", "A", &["+cd", "+dnssec"]);
    assert!(
        status == "NOERROR" && flags.contains(&"cd".into()) && !flags.contains(&"ad".into()),
        "{flags:?}"
    );
}

#[test]
#[ignore = "needs ldns-signzone, dnssec-signzone, nsd, dig, delv"]
fn delv_proves_what_our_resolver_tells() {
    let internet = internet();
    let port = internet.resolver.address("udp").unwrap().port().to_string();
    let key = internet.dnskey.lines().find(|line| !line.starts_with(';')).unwrap();
    let words: Vec<&str> = key.split_whitespace().skip_while(|word| *word != "DNSKEY").skip(1).collect();
    let (numbers, octets) = (words[..3].join(" "), words[3..].join(""));
    let anchors = format!("trust-anchors {{ . static-key {numbers} \"{octets}\"; }};\n");
    let anchors = internet.scratch.write("delv.keys", anchors.as_bytes()).unwrap();
    for (name, rtype, status, secure) in TABLE {
        let args = ["@127.0.0.1", "-p", &port, "-a", anchors.to_str().unwrap(), "+root=.", name, rtype];
        let output = Command::new("delv").args(args).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        let expected = match (status, secure) {
            ("SERVFAIL", _) => "resolution failed",
            (_, true) => "fully validated",
            (_, false) => "unsigned answer",
        };
        assert!(said.contains(expected), "{name} {rtype}: {said}");
    }
}

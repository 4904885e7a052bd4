//! One zone, unsigned and signed in every way, in `dns_server` and in nsd: the same answers, section by section.
//!
//! Ignored unless asked for (`.ci/run system`), for it needs nsd and ldnsutils. Where the two may differ, a table says why.

#[expect(dead_code, reason = "shared by several tests, each of which needs another part")]
mod others;

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use dns::{Builder, EdnsHeader, Header, Message, Opcode, Question, RrType, Section};
use examples::program::{Program, free_place};
use examples::scratch::Scratch;
use others::names::{self, ZONE};

/// What a server says: response code and flags, then each section, its records in any order.
fn ask(server: SocketAddr, name: &str, rtype: RrType, dnssec: bool) -> [String; 4] {
    let (mut out, mut reply) = ([0; 512], [0; 4096]);
    let mut builder = Builder::new(&mut out, Header::query(4711, Opcode::QUERY));
    builder.push_question(Question::new(name.parse().unwrap(), rtype).as_question_ref()).unwrap();
    builder.push_edns(&EdnsHeader { dnssec_ok: dnssec, ..EdnsHeader::new(1232) }, &[]).unwrap();
    let query = builder.finish();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    socket.send_to(query, server).unwrap();
    let len = socket.recv(&mut reply).unwrap();
    let message = Message::parse(&reply[..len]).unwrap();
    let section = |section: Section| {
        let records = message.section(section).filter(|record| record.rtype() != RrType::OPT);
        let mut all: Vec<_> = records.map(|record| record.to_string()).collect();
        all.sort();
        all.join("\n    ")
    };
    let [answer, authority, additional] = Section::ALL.map(section);
    [format!("{} {:?}", message.rcode(), message.flags()), answer, authority, additional]
}

/// A reason for which two servers may say a different thing, and whether it is what is seen: the name, ours, theirs.
type Difference = (&'static str, fn(&str, &[String; 4], &[String; 4]) -> bool);

/// All that there are. RFC 1034 section 4.3.2 step 6 and RFC 2181 section 9 leave what is beside the answer to the server.
const DIFFERENCES: &[Difference] = &[
    ("with minimal-responses nsd leaves out the addresses of what MX and SRV name", |_, ours, theirs| {
        let names_hosts = [" MX ", " SRV "].iter().any(|rtype| ours[1].contains(rtype));
        ours[..3] == theirs[..3] && names_hosts && theirs[3].is_empty()
    }),
    ("without it nsd says behind an answer which servers there are, and where", |_, ours, theirs| {
        let servers = "example.org. 60 IN NS ns.example.org.\n    example.org. 60 IN NS ns2.example.org.";
        let more = ours[3].lines().all(|record| theirs[3].contains(record.trim()));
        ours[..2] == theirs[..2] && !ours[1].is_empty() && ours[2].is_empty() && theirs[2] == servers && more
    }),
    ("asked for a wildcard by its own name, nsd proves by NSEC3 what nobody doubts", |name, ours, theirs| {
        let more = theirs[2].lines().filter(|record| !ours[2].contains(record.trim()));
        let same = [0, 1, 3].iter().all(|&at| ours[at] == theirs[at]);
        let kept = ours[2].lines().all(|record| theirs[2].contains(record.trim()));
        name.starts_with("*.") && same && kept && more.clone().all(|record| record.contains(" NSEC3 "))
    }),
];

/// Names whose answers are of every kind; below each of them every type is asked for.
const NAMES: &[&str] = &[
    "",
    "ns.",
    "ns2.",
    "mail.",
    "web.",
    "www.",
    "out.",
    "loop1.",
    "a.b.c.",
    "b.c.",
    "c.",
    "no.",
    "x.no.",
    "x.web.",
    "x.wild.",
    "y.wild.",
    "x.y.wild.",
    "z.y.wild.",
    "wild.",
    "*.wild.",
    "q.alias.",
    "a.q.alias.",
    "alias.",
    "safe.",
    "x.safe.",
    "sub.",
    "ns.sub.",
    "x.sub.",
    "y.x.sub.",
    "old.",
    "target.old.",
    "no.old.",
    "x.target.old.",
    "new.",
    "target.new.",
    "_sip._tcp.",
    "_tcp.",
    "odd.",
    "svc.",
    "caa.",
    "text.",
    "WEB.",
    "Q.Alias.",
];

const TYPES: &[&str] = &[
    "A",
    "AAAA",
    "NS",
    "MX",
    "TXT",
    "SOA",
    "CNAME",
    "DNAME",
    "SRV",
    "HTTPS",
    "CAA",
    "TYPE65280",
    "DS",
    "DNSKEY",
    "NSEC",
];

/// Asks both for everything. How often they say the same, and why else, is printed.
fn compare(what: &str, zone: &str, minimal: bool) {
    let (own_folder, folder) = (Scratch::new().unwrap(), Scratch::new().unwrap());
    let path = own_folder.write("zone", zone.as_bytes()).unwrap();
    folder.write("zone", zone.as_bytes()).unwrap();
    let flag = format!("--zone=example.org={}", path.display());
    let program = Program::start("dns_server", [&*flag, "--listen=127.0.0.1:0"], 2).unwrap();
    let minimal = if minimal { "yes" } else { "no" };
    let rest =
        format!("server:\n  minimal-responses: {minimal}\nzone:\n  name: example.org\n  zonefile: zone\n");
    let mut other = names::nsd(free_place().unwrap(), folder, &rest);
    assert!(other.answers("web.example.org", "A"), "nsd has ended");
    let own = program.address("udp").unwrap();
    let (mut counts, mut unexplained) = (BTreeMap::new(), Vec::new());
    for (name, rtype) in NAMES.iter().flat_map(|name| TYPES.iter().map(move |rtype| (name, rtype))) {
        let (name, rtype) = (format!("{name}example.org"), rtype.parse().unwrap());
        for dnssec in [false, true] {
            let (seen, expected) = (ask(own, &name, rtype, dnssec), ask(other.address, &name, rtype, dnssec));
            let known = DIFFERENCES.iter().find(|(_, applies)| applies(&name, &seen, &expected));
            let why = if seen == expected { "the same" } else { known.map_or("unexplained", |(why, _)| why) };
            *counts.entry(why).or_insert(0) += 1;
            if why == "unexplained" {
                let [seen, expected] = [seen, expected].map(|said| said.join("\n  | "));
                unexplained.push(format!("{name} {rtype} {dnssec}\n  ours:   {seen}\n  theirs: {expected}"));
            }
        }
    }
    println!("{what}, minimal-responses {minimal}: {counts:#?}");
    assert!(unexplained.is_empty(), "{} of {what}:\n{}", unexplained.len(), unexplained.join("\n"));
}

#[test]
#[ignore = "needs nsd; .ci/run system installs it"]
fn one_zone_in_ours_and_in_nsd_gives_the_same_answers() {
    for minimal in [true, false] {
        compare("unsigned", ZONE, minimal);
    }
}

#[test]
#[ignore = "needs nsd and ldnsutils; .ci/run system installs them"]
fn one_signed_zone_in_ours_and_in_nsd_gives_the_same_answers() {
    // With a delegation to a zone that is signed too.
    let zone = format!("{ZONE}safe NS ns.sub\nsafe DS 1 13 2 {}\n", "00".repeat(32));
    for (what, args) in [
        ("signed, NSEC", &[][..]),
        ("signed, NSEC3", &["-n", "-t", "0"]),
        ("signed, NSEC3 with salt and iterations", &["-n", "-t", "5", "-s", "aabbccdd"]),
        ("signed, NSEC3 with opt-out", &["-n", "-t", "0", "-p"]),
    ] {
        compare(what, &names::signed("example.org", &zone, args), true);
    }
}

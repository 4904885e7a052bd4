//! `dns_server` beside nsd, and `dns_resolver` beside unbound, under the same load by dnsperf: processor time per query, printed.
//! It asserts nothing about time.
//!
//! Ignored unless asked for (`.ci/run system`), for they need those programs. The figures mean something in a release build:
//!
//! ```text
//! cargo build --release -p examples --examples
//! DNSPERF_SECONDS=5 cargo test --release -p examples --test system_dns_load -- --ignored --nocapture --test-threads=1
//! ```

#[expect(dead_code, reason = "shared by several tests, each of which needs another part")]
mod others;

use std::fmt::Write as _;
use std::net::SocketAddr;

use examples::program::{Program, free_place};
use examples::scratch::Scratch;
use others::names::{self, ZONE, short};
use others::{eventually, prints, says};

/// Names that are there and names that are not, of every kind that needs no other server.
const QUESTIONS: &str = "\
web.example.org A
mail.example.org AAAA
www.example.org A
example.org MX
example.org SOA
x.wild.example.org TXT
q.alias.example.org A
target.old.example.org A
_sip._tcp.example.org SRV
no.example.org A
mail.example.org TXT
b.c.example.org A
";

/// Seconds of processor time that a process and its children have used.
fn cpu(id: u32) -> f64 {
    let children = prints("pgrep", &["-P", &id.to_string()]);
    let own = std::fs::read_to_string(format!("/proc/{id}/stat")).map_or(0.0, |stat| {
        let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
    });
    own + children.lines().map(|child| cpu(child.parse().unwrap())).sum::<f64>()
}

/// The number behind `title` in what dnsperf prints.
fn count(text: &str, title: &str) -> f64 {
    let rest = text.lines().find_map(|line| line.trim().strip_prefix(title));
    rest.and_then(|rest| rest.split_whitespace().next()).and_then(|n| n.parse().ok()).expect(text)
}

/// Microseconds of processor time per query.
fn microseconds(id: u32, address: SocketAddr, questions: &str) -> f64 {
    let seconds = std::env::var("DNSPERF_SECONDS").unwrap_or_else(|_| "2".to_owned());
    let (before, port) = (cpu(id), address.port().to_string());
    let args = ["-s", "127.0.0.1", "-p", &port, "-d", questions, "-l", &seconds, "-q", "100", "-T", "1"];
    let text = says("dnsperf", &args);
    (cpu(id) - before) * 1e6 / count(&text, "Queries completed:")
}

/// Three times in turn, and the mean of each.
fn compare(ours: (&str, u32, SocketAddr), theirs: (&str, u32, SocketAddr)) {
    let scratch = Scratch::new().unwrap();
    let file = scratch.write("questions", QUESTIONS.as_bytes()).unwrap();
    let (mut sums, questions) = ([0.0, 0.0], file.to_str().unwrap());
    for _ in 0..3 {
        for (sum, (_, id, address)) in sums.iter_mut().zip([ours, theirs]) {
            *sum += microseconds(id, address, questions) / 3.0;
        }
    }
    let mut line =
        format!("processor time per query: {} {:.2} us, {} {:.2} us", ours.0, sums[0], theirs.0, sums[1]);
    write!(line, ", ratio {:.2}", sums[0] / sums[1]).unwrap();
    let build = if cfg!(debug_assertions) { " (ours without optimisation)" } else { "" };
    println!("{line}{build}");
}

/// Our authority for example.org, on one thread.
fn authority() -> (Program, Scratch) {
    let scratch = Scratch::new().unwrap();
    let zone = scratch.write("zone", ZONE.as_bytes()).unwrap();
    let zone = format!("--zone=example.org={}", zone.display());
    (Program::start("dns_server", ["--listen=127.0.0.1:0", &zone, "--threads=1"], 2).unwrap(), scratch)
}

fn knows_it(who: &str, server: SocketAddr) {
    eventually(who, || short(server, &["web.example.org"]).trim() == "192.0.2.80");
}

#[test]
#[ignore = "needs nsd, dig and dnsperf; .ci/run system installs them"]
fn dns_server_beside_nsd() {
    let (program, _scratch) = authority();
    let scratch = Scratch::new().unwrap();
    scratch.write("zone", ZONE.as_bytes()).unwrap();
    let zone = "zone:\n  name: example.org\n  zonefile: zone\n";
    let other = names::nsd(free_place().unwrap(), scratch, zone);
    knows_it("nsd's zone", other.address);
    compare(
        ("dns_server", program.id(), program.address("udp").unwrap()),
        ("nsd", other.server.id(), other.address),
    );
}

/// Both ask our authority for what they do not know, which is next to nothing.
#[test]
#[ignore = "needs unbound, dig and dnsperf; .ci/run system installs them"]
fn dns_resolver_beside_unbound() {
    let (program, _scratch) = authority();
    let source = program.address("udp").unwrap();
    let forward = format!("--forward={source}");
    let resolver = Program::start("dns_resolver", ["--listen=127.0.0.1:0", &forward], 2).unwrap();
    let address = resolver.address("udp").unwrap();
    let config = format!(
        "  do-not-query-localhost: no\n  module-config: \"iterator\"\n  access-control: 127.0.0.0/8 allow\n\
         forward-zone:\n  name: \".\"\n  forward-addr: 127.0.0.1@{}\n",
        source.port()
    );
    let other = names::unbound(free_place().unwrap(), Scratch::new().unwrap(), &config);
    knows_it("dns_resolver", address);
    knows_it("unbound", other.address);
    compare(("dns_resolver", resolver.id(), address), ("unbound", other.server.id(), other.address));
}

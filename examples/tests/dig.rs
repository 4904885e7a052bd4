//! `dig` as its users see it: sections and columns of the original, and what it does about truncation, signatures, delegations.

mod hierarchy;

use std::process::Output;

use dns::tsig::{Algorithm, Key};
use examples::program::output;
use hierarchy::{NETCINEMA, Servers};

/// The hierarchy: a root on 127.0.0.1, `test` on 127.0.0.2, `netcinema.test` on 127.0.0.3.
const HIERARCHY: &[(u8, &str, &str)] = &[
    (
        1,
        ".",
        "$TTL 600\n. SOA a.root. host. 1 2 3 4 5\n. NS a.root.\na.root. A 127.0.0.1\ntest. NS ns.test.\nns.test. A 127.0.0.2\n",
    ),
    (
        2,
        "test.",
        "$TTL 600\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 127.0.0.2\nnetcinema NS ns.netcinema\nns.netcinema A 127.0.0.3\n",
    ),
    (3, "netcinema.test.", NETCINEMA),
];

fn servers() -> Servers {
    Servers::start(&[(1, "netcinema.test", NETCINEMA)], Some(&key()))
}

fn key() -> Key {
    Key::new("key".parse().unwrap(), Algorithm::HmacSha256, b"secret of some length")
}

fn run(servers: &Servers, args: &[&str]) -> Output {
    let port = servers.port.to_string();
    let args = [&["@127.0.0.1", "-p", &port], args].concat();
    output("dig", args, b"").unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What it prints, without what changes from run to run.
fn said(servers: &Servers, args: &[&str]) -> String {
    let output = run(servers, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    let changing = ["; <<>>", ";; WHEN", ";; Query time", "; COOKIE", ";; SERVER", ";; ->>HEADER<<-"];
    let text = text(&output);
    text.lines()
        .filter(|line| !changing.iter().any(|start| line.starts_with(start)))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_reply_in_sections_and_columns() {
    let servers = servers();
    assert_eq!(
        said(&servers, &["www.netcinema.test", "+nocookie"]),
        "
; (1 server found)
;; global options: +cmd
;; Got answer:
;; flags: qr aa rd; QUERY: 1, ANSWER: 2, AUTHORITY: 0, ADDITIONAL: 1
;; WARNING: recursion requested but not available

;; OPT PSEUDOSECTION:
; EDNS: version: 0, flags:; udp: 1232
;; QUESTION SECTION:
;www.netcinema.test.\t\tIN\tA

;; ANSWER SECTION:
www.netcinema.test.\t60\tIN\tCNAME\tweb.netcinema.test.
web.netcinema.test.\t60\tIN\tA\t192.0.2.80

;; MSG SIZE  rcvd: 81
"
    );
    let header = text(&run(&servers, &["nothing.netcinema.test", "MX"]));
    assert!(header.contains(";; ->>HEADER<<- opcode: QUERY, status: NXDOMAIN, id: "), "{header}");
    assert!(header.contains(";; AUTHORITY SECTION:\nnetcinema.test.\t\t60\tIN\tSOA\t"), "{header}");
    assert!(header.contains(&format!(";; SERVER: 127.0.0.1#{}(127.0.0.1) (UDP)", servers.port)), "{header}");
}

#[test]
fn only_what_is_wanted_is_printed() {
    let servers = servers();
    for (args, wanted) in [
        (&["+short", "www.netcinema.test"][..], "web.netcinema.test.\n192.0.2.80"),
        (&["+short", "-t", "mx", "netcinema.test"], "10 mail.netcinema.test."),
        (
            &["+short", "key.netcinema.test", "DNSKEY"],
            "257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+ KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==",
        ),
        (
            &["+noall", "+answer", "mail.netcinema.test", "AAAA"],
            "mail.netcinema.test.\t60\tIN\tAAAA\t2001:db8::25",
        ),
        (
            &["+noall", "+answer", "+nottlid", "mail.netcinema.test"],
            "mail.netcinema.test.\tIN\tA\t192.0.2.25",
        ),
        (
            &["+noall", "+answer", "+noclass", "mail.netcinema.test"],
            "mail.netcinema.test.\t60\tA\t192.0.2.25",
        ),
        (
            &["+noall", "+authority", "a.sub.netcinema.test"],
            "sub.netcinema.test.\t60\tIN\tNS\tns.sub.netcinema.test.",
        ),
        (
            &["+noall", "+answer", "+ttlunits", "mail.netcinema.test"],
            "mail.netcinema.test.\t1m\tIN\tA\t192.0.2.25",
        ),
        (&["+noall", "+question", "-x", "192.0.2.1"], ";1.2.0.192.in-addr.arpa.\t\tIN\tPTR"),
        (
            &["+noall", "+answer", "key.netcinema.test", "DNSKEY"],
            "key.netcinema.test.\t60\tIN\tDNSKEY\t257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+ \
             KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==",
        ),
        (
            &["+noall", "+answer", "+split=30", "key.netcinema.test", "DNSKEY"],
            "key.netcinema.test.\t60\tIN\tDNSKEY\t257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0d xCjjnopKl+GqJxpVXckHAeF+KkxLbxIL \
             fDLUT0rAK9iUzy1L53eKGQ==",
        ),
        (
            &["+noall", "+answer", "+multiline", "netcinema.test", "SOA"],
            "netcinema.test.\t\t60 IN SOA ns.netcinema.test. host.netcinema.test. (
\t\t\t\t7          ; serial
\t\t\t\t7200       ; refresh (2 hours)
\t\t\t\t3600       ; retry (1 hour)
\t\t\t\t1209600    ; expire (2 weeks)
\t\t\t\t300        ; minimum (5 minutes)
\t\t\t\t)",
        ),
        (
            &["+noall", "+answer", "+multiline", "key.netcinema.test", "DNSKEY"],
            "key.netcinema.test.\t60 IN DNSKEY 257 3 13 (
\t\t\t\tmdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+Gq
\t\t\t\tJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==
\t\t\t\t) ; KSK; alg = ECDSAP256SHA256 ; key id = 2371",
        ),
        (
            &["+noall", "+answer", "+multiline", "+norrcomments", "+nosplit", "key.netcinema.test", "DNSKEY"],
            "key.netcinema.test.\t60 IN DNSKEY 257 3 13 (
\t\t\t\tmdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ== )",
        ),
        (
            &["+short", "+rrcomments", "+nosplit", "key.netcinema.test", "DNSKEY"],
            "257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==  ; KSK; \
             alg = ECDSAP256SHA256 ; key id = 2371",
        ),
    ] {
        assert_eq!(said(&servers, args), wanted, "{args:?}");
    }
}

#[test]
fn flags_and_options_of_the_query_are_the_users() {
    let servers = servers();
    let shown = said(
        &servers,
        &[
            "+qr",
            "+norec",
            "+cd",
            "+dnssec",
            "+bufsize=4096",
            "+nocookie",
            "+subnet=192.0.2.0/24",
            "web.netcinema.test",
        ],
    );
    let query = shown.split(";; Got answer").next().unwrap();
    assert!(query.contains(";; flags: ad cd; QUERY: 1, ANSWER: 0, AUTHORITY: 0, ADDITIONAL: 1"), "{query}");
    assert!(
        query.contains("; EDNS: version: 0, flags: do; udp: 4096\n; CLIENT-SUBNET: 192.0.2.0/24/0"),
        "{query}"
    );
    let plain = said(&servers, &["+qr", "+noedns", "web.netcinema.test"]);
    assert!(!plain.contains("OPT PSEUDOSECTION"), "{plain}");
}

#[test]
fn options_that_nobody_knows_go_out_as_they_are() {
    let servers = servers();
    let ask = |options: &[&str]| {
        said(&servers, &[&["+qr", "+nocookie", "web.netcinema.test"], options].concat())
            .split(";; Got answer")
            .next()
            .unwrap()
            .to_owned()
    };
    let query = ask(&["+ednsopt=65001:0102ff", "+ednsopt=nsid", "+ednsopt=65002"]);
    assert!(query.contains("; OPT=65001: 01 02 ff (\"...\")\n; NSID:\n; OPT=65002:\n;;"), "{query}");
    let without = ask(&["+ednsopt=65001:0102ff", "+noednsopt"]);
    assert!(!without.contains("OPT=65001"), "{without}");
    for wrong in ["+ednsopt", "+ednsopt=nobody", "+ednsopt=65536", "+ednsopt=1:0", "+ednsopt=1:zz"] {
        assert_eq!(run(&servers, &[wrong, "web.netcinema.test"]).status.code(), Some(2), "{wrong}");
    }
}

#[test]
fn several_names_are_several_look_ups() {
    let servers = servers();
    for (args, wanted) in [
        (
            &["+noall", "+answer", "web.netcinema.test", "mail.netcinema.test", "AAAA"][..],
            "web.netcinema.test.\t60\tIN\tA\t192.0.2.80\nmail.netcinema.test.\t60\tIN\tAAAA\t2001:db8::25",
        ),
        (&["mail.netcinema.test", "netcinema.test", "MX", "+short"], "192.0.2.25\n10 mail.netcinema.test."),
        (
            &[
                "+noall",
                "+question",
                "-t",
                "mx",
                "a.test",
                "-x",
                "192.0.2.1",
                "-q",
                "b.test",
                "+noquestion",
                "c.test",
            ],
            ";a.test.\t\t\t\tIN\tMX\n;1.2.0.192.in-addr.arpa.\t\tIN\tMX\n;c.test.\t\t\t\tIN\tMX",
        ),
        (&["+short", "mail.netcinema.test", "A", "MX"], ""),
    ] {
        assert_eq!(said(&servers, args), wanted, "{args:?}");
    }
    let both = text(&run(&servers, &["web.netcinema.test", "mail.netcinema.test"]));
    assert_eq!((both.matches("<<>> DiG").count(), both.matches(";; Got answer:").count()), (1, 2), "{both}");
    let one_fails = run(&servers, &["bad..name", "+short", "web.netcinema.test"]);
    assert_eq!((one_fails.status.code(), text(&one_fails).as_str()), (Some(1), "192.0.2.80\n"));
}

#[test]
fn what_is_truncated_comes_by_tcp() {
    let servers = servers();
    let whole = text(&run(&servers, &["big.netcinema.test", "TXT"]));
    assert!(whole.starts_with(";; Truncated, retrying in TCP mode.\n\n; <<>> DiG "), "{whole}");
    assert!(whole.contains("(TCP)") && whole.contains("ANSWER: 60,"), "{whole}");
    let cut = text(&run(&servers, &["big.netcinema.test", "TXT", "+ignore"]));
    assert!(cut.contains(";; flags: qr aa tc rd;") && cut.contains("(UDP)"), "{cut}");
    let stream = text(&run(&servers, &["web.netcinema.test", "+tcp"]));
    assert!(stream.contains("(TCP)"), "{stream}");
}

#[test]
fn zones_come_whole() {
    let servers = servers();
    let zone = text(&run(&servers, &["netcinema.test", "AXFR"]));
    let records = zone.lines().filter(|line| line.contains("\tIN\t")).count();
    assert_eq!(records, 12 + 60 + 2);
    assert!(zone.contains(&format!(";; XFR size: {records} records (messages ")), "{zone}");
    let nothing = run(&servers, &["elsewhere.test", "AXFR"]);
    assert_eq!(nothing.status.code(), Some(1));
    assert!(text(&nothing).contains("; Transfer failed."));
}

#[test]
fn signatures_are_made_and_checked() {
    let servers = servers();
    let secret = proto_core::base64::STANDARD.encode(b"secret of some length");
    let signed = text(&run(&servers, &["-y", &format!("hmac-sha256:key:{secret}"), "web.netcinema.test"]));
    assert!(signed.contains(";; TSIG PSEUDOSECTION:\nkey.\t\t\t0\tANY\tTSIG\thmac-sha256. "), "{signed}");
    assert!(signed.contains("NOERROR 0 \n") && !signed.contains("WARNING -- Some TSIG"), "{signed}");
    let wrong = text(&run(&servers, &["-y", "hmac-sha256:key:AAAA", "web.netcinema.test"]));
    assert!(wrong.contains(";; Couldn't verify signature") && wrong.contains("BADSIG"), "{wrong}");
}

#[test]
fn a_trace_walks_down_from_the_root() {
    let servers = Servers::start(HIERARCHY, None);
    let trace = text(&run(&servers, &["+trace", "www.netcinema.test"]));
    let from = |address: &str, name: &str| format!("from {address}#{}({name})", servers.port);
    let steps = [
        ".\t\t\t600\tIN\tNS\ta.root.".to_owned(),
        from("127.0.0.1", "127.0.0.1"),
        "test.\t\t\t600\tIN\tNS\tns.test.".to_owned(),
        from("127.0.0.1", "a.root"),
        "netcinema.test.\t\t600\tIN\tNS\tns.netcinema.test.".to_owned(),
        from("127.0.0.2", "ns.test"),
        "web.netcinema.test.\t60\tIN\tA\t192.0.2.80".to_owned(),
        from("127.0.0.3", "ns.netcinema.test"),
    ];
    let mut rest = trace.as_str();
    for step in steps {
        let at = rest.find(&step).unwrap_or_else(|| panic!("{step} is missing in\n{trace}"));
        rest = &rest[at + step.len()..];
    }
}

#[test]
fn who_does_not_answer_is_named() {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port().to_string();
    let silent = output("dig", ["@127.0.0.1", "-p", &port, "+time=1", "+tries=2", "a.test"], b"").unwrap();
    assert_eq!(silent.status.code(), Some(1));
    let complaint = format!(";; communications error to 127.0.0.1#{port}: timed out\n");
    assert_eq!(text(&silent).matches(&complaint).count(), 2);
    assert!(text(&silent).ends_with(";; no servers could be reached\n"));
}

#[test]
fn wrong_usage_is_told_from_help() {
    for args in [&["+nonsense"][..], &["-p", "x"], &["--what"], &["-y", "key"]] {
        assert_eq!(output("dig", args, b"").unwrap().status.code(), Some(2), "{args:?}");
    }
    let help = output("dig", ["--help"], b"").unwrap();
    assert!(help.status.success() && text(&help).starts_with("Usage: dig"));
    let name = output("dig", ["@127.0.0.1", "a..b"], b"").unwrap();
    assert_eq!(name.status.code(), Some(1));
}

//! `nslookup` as its users see it, in the words of the original.

mod hierarchy;

use std::process::Output;

use examples::program::output;
use hierarchy::{NETCINEMA, Servers};

fn run(servers: &Servers, args: &[&str]) -> Output {
    let port = format!("-port={}", servers.port);
    output("nslookup", [&[port.as_str()], args, &["127.0.0.1"]].concat(), b"").unwrap()
}

#[test]
fn every_kind_of_record_in_words() {
    let servers = Servers::start(&[(1, "netcinema.test", NETCINEMA)], None);
    let head = format!("Server:\t\t127.0.0.1\nAddress:\t127.0.0.1#{}\n\n", servers.port);
    for (args, code, wanted) in [
        (&["web.netcinema.test"][..], 0, "Name:\tweb.netcinema.test\nAddress: 192.0.2.80\n\n"),
        (
            &["mail.netcinema.test."],
            0,
            "Name:\tmail.netcinema.test\nAddress: 192.0.2.25\nName:\tmail.netcinema.test\nAddress: 2001:db8::25\n\n",
        ),
        (
            &["www.netcinema.test"],
            0,
            "www.netcinema.test\tcanonical name = web.netcinema.test.\nName:\tweb.netcinema.test\nAddress: 192.0.2.80\n\n",
        ),
        (&["-qt=MX", "netcinema.test"], 0, "netcinema.test\tmail exchanger = 10 mail.netcinema.test.\n\n"),
        (&["-type=txt", "txt.netcinema.test"], 0, "txt.netcinema.test\ttext = \"one\" \"two\"\n\n"),
        (
            &["-query=soa", "netcinema.test"],
            0,
            "netcinema.test\n\torigin = ns.netcinema.test\n\tmail addr = host.netcinema.test\n\tserial = 7\n\
             \trefresh = 7200\n\tretry = 3600\n\texpire = 1209600\n\tminimum = 300\n\n",
        ),
        (
            &["-norecurse", "-novc", "-nod2", "-nofail", "-ndots=1", "-search", "web.netcinema.test"],
            0,
            "Name:\tweb.netcinema.test\nAddress: 192.0.2.80\n\n",
        ),
        (&["empty.netcinema.test"], 0, "*** Can't find empty.netcinema.test: No answer\n\n"),
        (&["none.netcinema.test"], 1, "** server can't find none.netcinema.test: NXDOMAIN\n\n"),
        (&["www.elsewhere.test"], 1, "** server can't find www.elsewhere.test: REFUSED\n\n"),
        (
            &["-type=ns", "a.sub.netcinema.test"],
            0,
            "Non-authoritative answer:\n*** Can't find a.sub.netcinema.test: No answer\n\nAuthoritative answers can be \
             found from:\nsub.netcinema.test\tnameserver = ns.sub.netcinema.test.\n\
             ns.sub.netcinema.test\tinternet address = 192.0.2.53\n\n",
        ),
    ] {
        let output = run(&servers, args);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text, format!("{head}{wanted}"), "{args:?}");
        assert_eq!(output.status.code(), Some(code), "{args:?}");
    }
}

/// Aliases that lead out of the zone or in circles, and a digest too long for one piece.
const ALIASES: &str = "$TTL 60
@ SOA ns host 7 7200 3600 1209600 300
@ NS ns
ns A 127.0.0.3
out CNAME www.elsewhere.test.
loop1 CNAME loop2
loop2 CNAME loop1
signed NS ns
signed DS 60485 13 2 2BB183AF5F22588179A53B0A986312D6D1C3A2C5B3D6C2C9BB6B9E1E2FD3A0E4
";

#[test]
fn aliases_are_shown_wherever_they_lead() {
    let servers = Servers::start(&[(1, "aliases.test", ALIASES)], None);
    for (args, code, wanted) in [
        (
            &["out.aliases.test"][..],
            1,
            "out.aliases.test\tcanonical name = www.elsewhere.test.\n\
             ** server can't find www.elsewhere.test: REFUSED\n\n",
        ),
        (
            &["loop1.aliases.test"],
            0,
            "loop1.aliases.test\tcanonical name = loop2.aliases.test.\nloop2.aliases.test\tcanonical name = \
             loop1.aliases.test.\nloop1.aliases.test\tcanonical name = loop2.aliases.test.\nloop2.aliases.test\tcanonical \
             name = loop1.aliases.test.\n\n",
        ),
        (
            &["-type=ds", "signed.aliases.test"],
            0,
            "signed.aliases.test\trdata_43 = 60485 13 2 \
             2BB183AF5F22588179A53B0A986312D6D1C3A2C5B3D6C2C9BB6B9E1E 2FD3A0E4\n\n",
        ),
    ] {
        let output = run(&servers, args);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.ends_with(&format!("\n\n{wanted}")), "{args:?}: {text}");
        assert_eq!(output.status.code(), Some(code), "{args:?}");
    }
}

#[test]
fn the_whole_reply_with_debug() {
    let servers = Servers::start(&[(1, "netcinema.test", NETCINEMA)], None);
    let output = run(&servers, &["-debug", "-type=mx", "netcinema.test"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let wanted = "------------\n    QUESTIONS:\n\tnetcinema.test, type = MX, class = IN\n    ANSWERS:\n    ->  netcinema.test\n\
        \tmail exchanger = 10 mail.netcinema.test.\n\tttl = 60\n";
    assert!(text.contains(wanted), "{text}");
    // Also if it says that there is nothing.
    let output = run(&servers, &["-debug", "none.netcinema.test"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let wanted = "\tttl = 60\n    ADDITIONAL RECORDS:\n------------\n** server can't find none.netcinema.test: NXDOMAIN\n\n";
    assert!(
        text.contains("    QUESTIONS:\n\tnone.netcinema.test, type = A, class = IN\n")
            && text.ends_with(wanted),
        "{text}"
    );
}

#[test]
fn truncated_replies_and_silent_servers() {
    let servers = Servers::start(&[(1, "netcinema.test", NETCINEMA)], None);
    let text = String::from_utf8(run(&servers, &["-type=txt", "big.netcinema.test"]).stdout).unwrap();
    assert!(text.starts_with(";; Truncated, retrying in TCP mode.\n"), "{text}");
    assert_eq!(text.matches("text = ").count(), 60);
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = format!("-port={}", socket.local_addr().unwrap().port());
    let silent = output("nslookup", [&port, "-timeout=1", "-retry=1", "a.test.", "127.0.0.1"], b"").unwrap();
    assert_eq!(silent.status.code(), Some(1));
    assert!(String::from_utf8(silent.stdout).unwrap().contains(";; no servers could be reached"));
    assert_eq!(output("nslookup", ["-nonsense", "a"], b"").unwrap().status.code(), Some(2));
    assert_eq!(output("nslookup", ["-port=1"], b"").unwrap().status.code(), Some(2));
}

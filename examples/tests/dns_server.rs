//! `dns_server` as its users see it: messages over UDP, TCP and TLS, files on the disk, signals.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

use dns::tsig::{Algorithm, Key, Session};
use dns::{
    Builder, EdnsHeader, EdnsOption, Flags, Header, Message, Name, Opcode, Question, Rcode, Rdata, Record,
    RrType, Section,
};
use examples::nameserver::unix;
use examples::program::{Program, path};
use examples::scratch::Scratch;

const ZONE: &str = r#"
$TTL 60
@ SOA ns host 7 1d 2h 4w 30
@ NS ns
@ MX 10 mail
ns A 192.0.2.1
mail A 192.0.2.25
www CNAME web
web A 192.0.2.80
*.wild TXT "wild"
sub NS ns.sub
ns.sub A 192.0.2.53
"#;

const KEY: &str = "key:hmac-sha256:c2VjcmV0IG9mIHNvbWUgbGVuZ3Ro";

fn tsig() -> Key {
    Key::new(name("key"), Algorithm::HmacSha256, b"secret of some length")
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

struct Site {
    program: Program,
    scratch: Scratch,
}

impl Site {
    /// A server of example.org at a free port.
    fn start(flags: &[&str]) -> Site {
        Site::over(Scratch::new().unwrap(), flags)
    }

    /// The same over files that may be there from before. `DIR` in a flag is their folder.
    fn over(scratch: Scratch, flags: &[&str]) -> Site {
        let zone = scratch.path().join("zone");
        if !zone.exists() {
            std::fs::write(&zone, ZONE).unwrap();
        }
        let folder = scratch.path().to_str().unwrap();
        let mut args = vec![format!("--zone=example.org={}", zone.display())];
        args.extend(["--listen=127.0.0.1:0".to_owned(), "--threads=2".to_owned()]);
        args.extend(flags.iter().map(|flag| flag.replace("DIR", folder)));
        let listeners = 2 + flags.iter().filter(|flag| flag.starts_with("--tls-listen")).count();
        Site { program: Program::start("dns_server", args, listeners).unwrap(), scratch }
    }

    fn address(&self) -> SocketAddr {
        self.program.address("udp").unwrap()
    }

    fn ask(&self, qname: &str, rtype: RrType) -> Vec<u8> {
        udp(self.address(), &query(qname, rtype, &[]))
    }

    /// What is answered, as `RCODE: record; record`.
    fn says(&self, qname: &str, rtype: RrType) -> String {
        said(&self.ask(qname, rtype))
    }

    /// Sends a signal by name.
    fn signal(&self, signal: &str) {
        let id = self.program.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
    }
}

fn said(reply: &[u8]) -> String {
    let message = Message::parse(reply).unwrap();
    let records: Vec<_> = message.answer().map(|record| record.to_string()).collect();
    format!("{}: {}", message.rcode(), records.join("; "))
}

fn query(qname: &str, rtype: RrType, options: &[EdnsOption<'_>]) -> Vec<u8> {
    let mut out = [0; 1024];
    let mut builder = Builder::new(&mut out, Header::query(4711, Opcode::QUERY));
    builder.push_question(Question::new(name(qname), rtype).as_question_ref()).unwrap();
    if !options.is_empty() {
        builder.push_edns(&EdnsHeader::new(1232), options).unwrap();
    }
    builder.finish().to_vec()
}

/// An update that adds a record, signed if there is a key.
fn update(owner: &str, address: &str, key: Option<&Key>) -> Vec<u8> {
    let mut out = [0; 1024];
    let mut builder = Builder::new(&mut out, Header::query(4712, Opcode::UPDATE));
    builder.push_question(Question::new(name("example.org"), RrType::SOA).as_question_ref()).unwrap();
    let rdata = Rdata::of_text(RrType::A, address).unwrap();
    let record = Record { owner: name(owner), ttl: 60, rdata };
    builder.push_record(Section::Authority, record.as_record_ref()).unwrap();
    let mut len = builder.finish().len();
    if let Some(key) = key {
        (_, len) = Session::request(key, &mut out, len, unix()).unwrap();
    }
    out[..len].to_vec()
}

fn udp_from(local: &str, server: SocketAddr, query: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind((local, 0)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut reply = [0; 65_535];
    for _ in 0..4 {
        socket.send_to(query, server).unwrap();
        if let Ok((len, from)) = socket.recv_from(&mut reply) {
            assert_eq!(from, server, "a reply leaves from the address that was asked");
            return reply[..len].to_vec();
        }
    }
    panic!("no answer");
}

fn udp(server: SocketAddr, query: &[u8]) -> Vec<u8> {
    udp_from("127.0.0.1", server, query)
}

fn send(stream: &mut impl std::io::Write, message: &[u8]) {
    stream.write_all(&[&u16::try_from(message.len()).unwrap().to_be_bytes(), message].concat()).unwrap();
}

fn hear(stream: &mut impl std::io::Read) -> Vec<u8> {
    let mut len = [0; 2];
    stream.read_exact(&mut len).unwrap();
    let mut message = vec![0; usize::from(u16::from_be_bytes(len))];
    stream.read_exact(&mut message).unwrap();
    message
}

fn tcp(server: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// All records of a transfer, until its SOA comes again.
fn transfer(stream: &mut TcpStream, query: &[u8]) -> Vec<String> {
    send(stream, query);
    let mut all: Vec<String> = Vec::new();
    while all.len() < 2 || all.first() != all.last() {
        let reply = hear(stream);
        let message = Message::parse(&reply).unwrap();
        assert_eq!(message.rcode(), Rcode::NOERROR);
        all.extend(message.answer().map(|record| record.to_string()));
    }
    all
}

/// Waits until something holds that another process brings about.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn udp_and_tcp_answer_alike_at_one_port() {
    let site = Site::start(&[]);
    assert_eq!(site.address(), site.program.address("tcp").unwrap());
    let mut stream = tcp(site.address());
    for (qname, rtype, answer) in [
        ("web.example.org", RrType::A, "NOERROR: web.example.org. 60 IN A 192.0.2.80"),
        (
            "www.example.org",
            RrType::A,
            "NOERROR: www.example.org. 60 IN CNAME web.example.org.; web.example.org. 60 IN A 192.0.2.80",
        ),
        ("x.wild.example.org", RrType::TXT, "NOERROR: x.wild.example.org. 60 IN TXT \"wild\""),
        ("no.example.org", RrType::A, "NXDOMAIN: "),
        ("mail.example.org", RrType::TXT, "NOERROR: "),
        ("a.sub.example.org", RrType::A, "NOERROR: "),
        ("example.com", RrType::A, "REFUSED: "),
    ] {
        assert_eq!(site.says(qname, rtype), answer);
        send(&mut stream, &query(qname, rtype, &[]));
        assert_eq!(said(&hear(&mut stream)), answer);
    }
}

#[test]
fn many_queries_on_one_connection_are_all_answered() {
    let site = Site::start(&[]);
    let mut stream = tcp(site.address());
    let mut writer = stream.try_clone().unwrap();
    let sender = std::thread::spawn(move || {
        for n in 0..2000 {
            send(&mut writer, &query(&format!("h{n}.wild.example.org"), RrType::TXT, &[]));
        }
        writer.shutdown(std::net::Shutdown::Write).unwrap();
    });
    for n in 0..2000 {
        assert_eq!(said(&hear(&mut stream)), format!("NOERROR: h{n}.wild.example.org. 60 IN TXT \"wild\""));
    }
    sender.join().unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "the end");
}

#[test]
fn clients_of_a_network_see_another_zone() {
    let scratch = Scratch::new().unwrap();
    scratch.write("near", ZONE.replace("192.0.2.80", "198.51.100.80").as_bytes()).unwrap();
    let site = Site::over(scratch, &["--view=127.0.0.2/32:example.org=DIR/near"]);
    let question = query("web.example.org", RrType::A, &[]);
    assert_eq!(
        said(&udp_from("127.0.0.1", site.address(), &question)),
        "NOERROR: web.example.org. 60 IN A 192.0.2.80"
    );
    assert_eq!(
        said(&udp_from("127.0.0.2", site.address(), &question)),
        "NOERROR: web.example.org. 60 IN A 198.51.100.80"
    );
}

#[test]
fn the_root_is_a_zone() {
    let scratch = Scratch::new().unwrap();
    scratch.write("root", b"$TTL 60\n. SOA ns.test. host.test. 1 2 3 4 5\n. NS ns.test.\nns.test. A 192.0.2.1\ntest. NS ns.test.\n").unwrap();
    let site = Site::over(scratch, &["--zone=.=DIR/root"]);
    assert_eq!(site.says(".", RrType::NS), "NOERROR: . 60 IN NS ns.test.");
    let reply = site.ask("www.test", RrType::A);
    let message = Message::parse(&reply).unwrap();
    assert_eq!(message.authority().next().unwrap().to_string(), "test. 60 IN NS ns.test.");
    assert!(!message.flags().has(Flags::AA));
    assert_eq!(site.says("web.example.org", RrType::A), "NOERROR: web.example.org. 60 IN A 192.0.2.80");
}

#[test]
fn updates_want_a_key_and_outlive_a_kill() {
    let flags = ["--data=DIR/data", &format!("--tsig={KEY}"), "--allow-update=key:key", "--log=error"];
    let mut site = Site::start(&flags);
    assert_eq!(said(&udp(site.address(), &update("new.example.org", "192.0.2.7", None))), "REFUSED: ");
    let other = Key::new(name("key"), Algorithm::HmacSha256, b"another secret");
    let refused = udp(site.address(), &update("new.example.org", "192.0.2.7", Some(&other)));
    assert_eq!(said(&refused), "NOTAUTH: ");
    assert_eq!(site.says("new.example.org", RrType::A), "NXDOMAIN: ");
    let made = udp(site.address(), &update("new.example.org", "192.0.2.7", Some(&tsig())));
    assert_eq!(said(&made), "NOERROR: ");
    assert!(Message::parse(&made).unwrap().tsig().is_some(), "the answer is signed");
    let mut stream = tcp(site.address());
    send(&mut stream, &update("two.example.org", "192.0.2.8", Some(&tsig())));
    assert_eq!(said(&hear(&mut stream)), "NOERROR: ");
    site.signal("-KILL");
    site.program.wait(Duration::from_secs(10)).unwrap();
    let site = Site::over(site.scratch, &flags);
    assert_eq!(site.says("new.example.org", RrType::A), "NOERROR: new.example.org. 60 IN A 192.0.2.7");
    assert_eq!(site.says("two.example.org", RrType::A), "NOERROR: two.example.org. 60 IN A 192.0.2.8");
    assert!(site.says("example.org", RrType::SOA).contains(" 9 86400 "), "the serial went up twice");
    assert_eq!(std::fs::read_to_string(site.scratch.path().join("zone")).unwrap(), ZONE);
}

/// An update that makes an alias of a name, whatever alias it was.
fn alias(owner: &str, target: &str) -> Vec<u8> {
    let mut out = [0; 512];
    let mut builder = Builder::new(&mut out, Header::query(4713, Opcode::UPDATE));
    builder.push_question(Question::new(name("example.org"), RrType::SOA).as_question_ref()).unwrap();
    let rdata = Rdata::of_text(RrType::CNAME, target).unwrap();
    let record = Record { owner: name(owner), ttl: 60, rdata };
    builder.push_record(Section::Authority, record.as_record_ref()).unwrap();
    builder.finish().to_vec()
}

#[test]
fn a_journal_is_made_shorter_and_a_kill_meanwhile_loses_nothing() {
    const ALIASES: usize = 8;
    const AHEAD: usize = 300;
    let flags = ["--data=DIR/data", "--max-journal-size=1500", "--allow-update=127.0.0.1", "--log=error"];
    let mut site = Site::start(&flags);
    let journal = site.scratch.path().join("data/example.org..journal");
    let alias_of = |number: usize| {
        alias(&format!("slot-{}.example.org", number % ALIASES), &format!("v-{number}.example.org."))
    };
    // Of each alias: the number of the last update that was confirmed.
    let (mut confirmed, mut number) = ([None; ALIASES], 0);
    let (mut longest, mut shorter) = (0, 0);
    for round in 0..8 {
        let mut stream = tcp(site.address());
        let numbers = number..number + 24 + round * 3;
        for ahead in numbers.start..numbers.start + AHEAD {
            send(&mut stream, &alias_of(ahead));
        }
        for confirmation in numbers {
            assert_eq!(said(&hear(&mut stream)), "NOERROR: ");
            confirmed[confirmation % ALIASES] = Some(confirmation);
            let len = std::fs::metadata(&journal).unwrap().len();
            shorter += usize::from(len < longest);
            longest = longest.max(len);
            // It always has something to do, so that the kill finds it at work.
            send(&mut stream, &alias_of(confirmation + AHEAD));
        }
        site.signal("-KILL");
        site.program.wait(Duration::from_secs(10)).unwrap();
        site = Site::over(site.scratch, &flags);
        for (slot, confirmed) in confirmed.iter().enumerate() {
            let said = site.says(&format!("slot-{slot}.example.org"), RrType::CNAME);
            let found = said.rsplit("v-").next().and_then(|rest| rest.strip_suffix(".example.org."));
            let found: usize = found.and_then(|found| found.parse().ok()).expect(&said);
            // More may have been made than could be confirmed.
            assert!(found >= confirmed.unwrap() && found % ALIASES == slot, "{said}, {confirmed:?}");
            number = number.max(found + 1);
        }
        number = number.next_multiple_of(ALIASES);
    }
    assert!(longest < 6_000 && shorter > 0, "{longest} octets, {shorter} times shorter");
    assert!(std::fs::read_to_string(site.scratch.path().join("zone")).unwrap() == ZONE);
}

#[test]
fn whole_zones_are_for_those_who_may() {
    let site = Site::start(&[]);
    let question = query("example.org", RrType::AXFR, &[]);
    let mut stream = tcp(site.address());
    send(&mut stream, &question);
    assert_eq!(said(&hear(&mut stream)), "REFUSED: ");
    assert_eq!(said(&udp(site.address(), &question)), "FORMERR: ");
    let site = Site::start(&["--allow-xfr=127.0.0.0/8"]);
    let all = transfer(&mut tcp(site.address()), &question);
    assert_eq!(all.len(), 11);
    assert!(all.contains(&"ns.sub.example.org. 60 IN A 192.0.2.53".to_owned()));
}

#[test]
fn a_large_zone_leaves_in_many_signed_messages_and_others_are_answered_meanwhile() {
    let scratch = Scratch::new().unwrap();
    let many: String = (0..50_000).map(|n| format!("host-{n} A 192.0.2.{}\n", n % 250)).collect();
    scratch.write("zone", format!("{ZONE}{many}").as_bytes()).unwrap();
    let site = Site::over(scratch, &[&format!("--tsig={KEY}"), "--allow-xfr=key:key"]);
    let mut out = [0; 512];
    let question = query("example.org", RrType::AXFR, &[]);
    out[..question.len()].copy_from_slice(&question);
    let (mut session, len) = Session::request(&tsig(), &mut out, question.len(), unix()).unwrap();
    let mut stream = tcp(site.address());
    send(&mut stream, &out[..len]);
    let mut other = query("web.example.org", RrType::A, &[]);
    other[..2].copy_from_slice(&[1, 2]);
    send(&mut stream, &other);
    let (mut records, mut messages, mut answered) = (0, 0, 0);
    while records < 50_011 {
        let reply = hear(&mut stream);
        let message = Message::parse(&reply).unwrap();
        if message.id() == 0x0102 {
            answered = messages;
            continue;
        }
        assert!(session.verify(&message, unix()).unwrap());
        records += message.answer().count();
        messages += 1;
    }
    assert_eq!(records, 50_011);
    assert!(messages > 10 && answered < messages, "answered behind {answered} of {messages}");
}

#[test]
fn cookies_are_given_and_asked_for() {
    let site = Site::start(&[]);
    let ask = |octets: &[u8]| {
        let cookie = EdnsOption::Other { code: 10, data: octets };
        udp(site.address(), &query("web.example.org", RrType::A, &[cookie]))
    };
    let reply = ask(b"8 octets");
    let message = Message::parse(&reply).unwrap();
    let cookie = message.edns().unwrap().cookie().unwrap();
    assert_eq!(
        (message.rcode(), cookie.client(), cookie.server().len()),
        (Rcode::NOERROR, &b"8 octets"[..], 16)
    );
    let again = ask(cookie.as_octets());
    assert_eq!(Message::parse(&again).unwrap().rcode(), Rcode::NOERROR);
    let mut wrong = cookie.as_octets().to_vec();
    wrong[20] ^= 1;
    let refused = ask(&wrong);
    let refused = Message::parse(&refused).unwrap();
    assert_eq!((refused.rcode(), refused.answer().count()), (Rcode::BADCOOKIE, 0));
    let fresh = refused.edns().unwrap().cookie().unwrap();
    assert_eq!(Message::parse(&ask(fresh.as_octets())).unwrap().rcode(), Rcode::NOERROR);
    assert_eq!(said(&ask(b"made up by me: no")), "BADCOOKIE: ");
    assert_eq!(said(&ask(b"nine octe")), "FORMERR: ");
}

#[test]
fn a_zone_is_read_again_and_one_with_a_fault_is_not() {
    let site = Site::start(&["--log=error"]);
    let file = site.scratch.path().join("zone");
    std::fs::write(&file, ZONE.replace("192.0.2.80", "192.0.2.81").replace("host 7", "host 8")).unwrap();
    site.signal("-HUP");
    eventually("the new zone", || site.says("web.example.org", RrType::A).ends_with("192.0.2.81"));
    std::fs::write(&file, "@ SOA what is this\n").unwrap();
    site.signal("-HUP");
    std::fs::write(&file, ZONE.replace("192.0.2.80", "192.0.2.82").replace("host 7", "host 9")).unwrap();
    assert!(site.says("web.example.org", RrType::A).starts_with("NOERROR: web"));
    site.signal("-HUP");
    eventually("the newest zone", || site.says("web.example.org", RrType::A).ends_with("192.0.2.82"));
}

fn copied(primary: &Site, more: &[&str]) -> Site {
    let flag = format!("--secondary=example.net={},key", primary.address());
    let key = format!("--tsig={KEY}");
    Site::start(&[&["--data=DIR/data", &flag, &key, "--log=error"], more].concat())
}

#[test]
fn a_secondary_follows_its_primary_and_outlives_both() {
    let scratch = Scratch::new().unwrap();
    scratch.write("net", ZONE.as_bytes()).unwrap();
    let key = format!("--tsig={KEY}");
    let flags = [
        "--zone=example.net=DIR/net",
        "--zone=example.com=DIR/net",
        &key,
        "--allow-xfr=key:key",
        "--allow-update=127.0.0.1",
    ];
    // Who is to be notified must be known beforehand: a port that is free now.
    let place = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let notify = format!("--notify={place}");
    let primary = Site::over(scratch, &[&flags[..], &[&notify]].concat());
    let listen = format!("--listen={place}");
    let mut secondary = copied(&primary, &[&listen]);
    let ask = |rtype| said(&udp(place, &query("new.example.net", rtype, &[])));
    eventually("the first copy", || ask(RrType::A) == "NXDOMAIN: ");
    let mut out = [0; 512];
    let mut builder = Builder::new(&mut out, Header::query(1, Opcode::UPDATE));
    builder.push_question(Question::new(name("example.net"), RrType::SOA).as_question_ref()).unwrap();
    let rdata = Rdata::of_text(RrType::A, "192.0.2.99").unwrap();
    let record = Record { owner: name("new.example.net"), ttl: 5, rdata };
    builder.push_record(Section::Authority, record.as_record_ref()).unwrap();
    let message = builder.finish().to_vec();
    assert_eq!(said(&udp(primary.address(), &message)), "NOERROR: ");
    let answer = "NOERROR: new.example.net. 5 IN A 192.0.2.99";
    eventually("the update, by NOTIFY and IXFR", || ask(RrType::A) == answer);
    assert_eq!(said(&udp(place, &message)), "REFUSED: ", "a copy is not changed");
    // Both end, and the copy is still there.
    secondary.signal("-KILL");
    secondary.program.wait(Duration::from_secs(10)).unwrap();
    let flags = [format!("--secondary=example.net={},key", primary.address())];
    drop(primary);
    let secondary = Site::over(secondary.scratch, &["--data=DIR/data", &flags[0], &key, "--log=error"]);
    assert_eq!(secondary.says("new.example.net", RrType::A), answer);
}

#[test]
fn a_zone_that_is_not_here_yet_is_servfail() {
    let gone = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let site = Site::start(&[&format!("--secondary=example.net={gone}"), "--log=error"]);
    assert_eq!(site.says("www.example.net", RrType::A), "SERVFAIL: ");
    assert_eq!(site.says("web.example.org", RrType::A), "NOERROR: web.example.org. 60 IN A 192.0.2.80");
}

/// How many of these queries are answered, and how many of those truncated.
fn flood(site: &Site, queries: impl Iterator<Item = Vec<u8>>) -> (usize, usize) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    queries.for_each(|query| assert!(socket.send_to(&query, site.address()).is_ok()));
    let (mut whole, mut cut) = (0, 0);
    socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut reply = [0; 512];
    while let Ok((len, _)) = socket.recv_from(&mut reply) {
        let message = Message::parse(&reply[..len]).unwrap();
        if message.flags().has(Flags::TC) { cut += 1 } else { whole += 1 }
    }
    (whole, cut)
}

#[test]
fn a_flood_is_answered_now_and_then() {
    let site = Site::start(&["--rrl=5"]);
    let same = |_| query("web.example.org", RrType::A, &[]);
    let wild = |number| query(&format!("n{number}.wild.example.org"), RrType::TXT, &[]);
    for (whole, cut) in [flood(&site, (0..200).map(same)), flood(&site, (0..200).map(wild))] {
        assert!((5..=15).contains(&whole), "{whole} whole answers");
        assert!((60..=100).contains(&cut), "{cut} truncated ones: half of the rest");
    }
}

#[test]
fn who_shows_a_good_cookie_is_no_flood() {
    let site = Site::start(&["--rrl=5"]);
    let with = |octets| query("web.example.org", RrType::A, &[EdnsOption::Other { code: 10, data: octets }]);
    let first = udp(site.address(), &with(&[7; 8]));
    let message = Message::parse(&first).unwrap();
    let cookie = message.edns().unwrap().cookie().unwrap().as_octets();
    assert_eq!(flood(&site, (0..100).map(|_| with(cookie))), (100, 0));
}

#[test]
fn wrong_usage_is_exit_code_2_and_told() {
    let scratch = Scratch::new().unwrap();
    let zone = scratch.path().join("zone");
    std::fs::write(&zone, ZONE).unwrap();
    let zone = format!("--zone=example.org={}", zone.display());
    for (flag, what) in [
        (zone.as_str(), "the zone example.org. is given twice"),
        ("--allow-update=key:nobody", "there is no key nobody.; give it with --tsig"),
        ("--allow-xfr=key:nobody", "there is no key nobody.; give it with --tsig"),
        ("--notify=127.0.0.1:1,nobody", "there is no key nobody.; give it with --tsig"),
        ("--secondary=example.net=127.0.0.1:1,nobody", "there is no key nobody.; give it with --tsig"),
        ("--rrl=0", "invalid value"),
        ("--view=10.0.0.0/8=x", "NET:ORIGIN=FILE is wanted"),
    ] {
        let output = examples::program::output("dns_server", [&zone, flag], b"").unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(what) && text.contains("--help"), "{text}");
    }
}

#[test]
fn garbage_is_survived() {
    let site =
        Site::start(&[&format!("--tsig={KEY}"), "--log=error", "--data=DIR/data", "--allow-update=key:key"]);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (mut random, whole) = (1_u32, update("a.example.org", "192.0.2.1", Some(&tsig())));
    for round in 0..3000 {
        let mut datagram =
            if round % 2 == 0 { whole.clone() } else { query("web.example.org", RrType::A, &[]) };
        for _ in 0..=round % 8 {
            random = random.wrapping_mul(1_103_515_245).wrapping_add(12_345);
            let at = usize::try_from(random >> 8).unwrap() % datagram.len();
            datagram[at] ^= u8::try_from(random >> 24).unwrap() | 1;
        }
        datagram.truncate(datagram.len() - round % 30);
        socket.send_to(&datagram, site.address()).unwrap();
    }
    for opening in [
        &b"\0\x05hello"[..],
        b"\xFF\xFFhello",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\0",
        b"\0\x0C\0\0\x80\0\0\0\0\0\0\0\0\0",
    ] {
        let mut stream = tcp(site.address());
        stream.write_all(opening).unwrap();
    }
    assert_eq!(site.says("web.example.org", RrType::A), "NOERROR: web.example.org. 60 IN A 192.0.2.80");
}

#[test]
fn what_is_no_query_gets_no_answer() {
    let site = Site::start(&[]);
    let mut stream = tcp(site.address());
    let mut response = query("web.example.org", RrType::A, &[]);
    response[2] |= 0x80;
    send(&mut stream, &response);
    send(&mut stream, &query("web.example.org", RrType::A, &[]));
    assert_eq!(said(&hear(&mut stream)), "NOERROR: web.example.org. 60 IN A 192.0.2.80");
    let mut status = query("web.example.org", RrType::A, &[]);
    status[2] = 0x10;
    send(&mut stream, &status);
    assert_eq!(said(&hear(&mut stream)), "NOTIMP: ");
}

#[test]
fn dns_over_tls_answers_too() {
    use net_core::{Stream, TlsRole};
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let scratch = Scratch::new().unwrap();
    let chain = scratch.write("cert.pem", made.cert.pem().as_bytes()).unwrap();
    scratch.write("key.pem", made.signing_key.serialize_pem().as_bytes()).unwrap();
    let site = Site::over(
        scratch,
        &["--tls-listen=127.0.0.1:0", "--tls-cert=DIR/cert.pem", "--tls-key=DIR/key.pem"],
    );
    let config = net_core::tls::client(net_core::tls::roots_from(&chain).unwrap(), &[b"dot"]).unwrap();
    let by_tls = |query: Vec<u8>| {
        let mut stream = Stream::new(tcp(site.program.address("tls").unwrap())).unwrap();
        stream.start_tls(TlsRole::client(config.clone(), "localhost").unwrap()).unwrap();
        let mut connection = net_core::Connection::client(stream, Once::new(query), net_core::Clock::new());
        let Ok(net_core::Step::Event(reply)) = connection.next() else { panic!() };
        reply
    };
    let found = "NOERROR: web.example.org. 60 IN A 192.0.2.80";
    assert_eq!(said(&by_tls(query("web.example.org", RrType::A, &[]))), found);
    // Whoever pads his query is answered in whole blocks (RFC 8467), if others could not see it anyway.
    let padded = query("web.example.org", RrType::A, &[EdnsOption::Padding(80)]);
    let reply = by_tls(padded.clone());
    assert_eq!((said(&reply).as_str(), reply.len()), (found, 468));
    let mut stream = tcp(site.address());
    send(&mut stream, &padded);
    assert!(hear(&mut stream).len() < 100);
}

/// A client that asks once.
struct Once(proto_core::Output);

impl Once {
    fn new(query: Vec<u8>) -> Self {
        let mut output = proto_core::Output::new();
        output.put(&u16::try_from(query.len()).unwrap().to_be_bytes());
        output.put(&query);
        Once(output)
    }
}

impl proto_core::Endpoint for Once {
    type Event = Vec<u8>;
    type Error = std::convert::Infallible;

    fn receive(
        &mut self,
        input: &mut bytes::BytesMut,
        _: proto_core::Time,
    ) -> Result<Option<Vec<u8>>, Self::Error> {
        let len = input.first_chunk().map(|len| usize::from(u16::from_be_bytes(*len)));
        Ok(len.filter(|len| input.len() >= 2 + len).map(|len| input.split_to(2 + len)[2..].to_vec()))
    }

    fn receive_eof(
        &mut self,
        input: &mut bytes::BytesMut,
        _: proto_core::End,
        now: proto_core::Time,
    ) -> Result<Option<Vec<u8>>, Self::Error> {
        self.receive(input, now)
    }

    fn output(&mut self) -> &mut proto_core::Output {
        &mut self.0
    }

    fn deadline(&self) -> Option<proto_core::Time> {
        None
    }

    fn handle_deadline(&mut self, _: proto_core::Time) -> Result<Option<Vec<u8>>, Self::Error> {
        Ok(None)
    }

    fn status(&self) -> proto_core::Status {
        proto_core::Status::Open
    }
}

#[test]
fn it_ends_well_when_told_to() {
    let mut site = Site::start(&[]);
    let mut idle = tcp(site.address());
    assert_eq!(site.says("web.example.org", RrType::A), "NOERROR: web.example.org. 60 IN A 192.0.2.80");
    site.program.terminate().unwrap();
    assert_eq!(site.program.wait(Duration::from_secs(20)).unwrap().code(), Some(0));
    assert_eq!(idle.read(&mut [0]).unwrap(), 0);
}

fn exit(args: &[&str]) -> (Option<i32>, String) {
    let output = std::process::Command::new(path("dns_server").unwrap()).args(args).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn wrong_usage_and_wrong_files_are_told_apart() {
    let scratch = Scratch::new().unwrap();
    scratch.write("bad", b"@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 192.0.2.256\n").unwrap();
    let bad = |at: &Path| format!("--zone=example.org={}", at.display());
    let wrong = bad(scratch.path().join("bad").as_path());
    assert_eq!(exit(&[]).0, Some(2));
    assert_eq!(exit(&["--zone=x"]).0, Some(2));
    assert_eq!(exit(&[&wrong, "--tsig=a:b:c"]).0, Some(2));
    let (code, text) = exit(&[&wrong, "--listen=127.0.0.1:0"]);
    assert_eq!(code, Some(1));
    assert!(text.contains("bad:3:6: "), "{text}");
    let (code, text) = exit(&["--zone=example.org=/nowhere", "--listen=127.0.0.1:0"]);
    assert!(code == Some(1) && text.contains("/nowhere"), "{text}");
}

#[test]
fn a_journal_that_is_damaged_before_its_end_is_not_served_from_and_left_as_it_is() {
    let flags = [&format!("--tsig={KEY}")[..], "--allow-update=key:key", "--data=DIR/data", "--log=error"];
    let site = Site::start(&flags);
    for number in 1..4 {
        let update = update(&format!("n{number}.example.org"), "192.0.2.1", Some(&tsig()));
        assert_eq!(Message::parse(&udp(site.address(), &update)).unwrap().rcode(), Rcode::NOERROR);
    }
    let Site { program, scratch } = site;
    drop(program);
    let journal = scratch.path().join("data/example.org..journal");
    let mut octets = std::fs::read(&journal).unwrap();
    octets[40] ^= 1;
    std::fs::write(&journal, &octets).unwrap();
    let folder = scratch.path().to_str().unwrap();
    let zone = format!("--zone=example.org={folder}/zone");
    let data = format!("--data={folder}/data");
    let (code, text) = exit(&[&zone, &data, "--listen=127.0.0.1:0"]);
    let told = format!("{}: the journal is damaged at octet 16, ", journal.display());
    assert!(code == Some(1) && text.contains(&told), "{text}");
    assert_eq!(std::fs::read(&journal).unwrap(), octets);
}

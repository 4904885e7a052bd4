//! `dns_resolver` as its users see it: a hierarchy of our own servers below it, forgers beside it, clients by UDP and TCP.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dns::{
    Builder, Class, EdnsHeader, Flags, Header, Message, Name, Opcode, Question, Rcode, Record, RrType,
};
use examples::program::{Program, free_place, path};
use examples::scratch::Scratch;

const ROOT: &str = "$TTL 60\n. SOA a.root. h. 1 2 3 4 60\n. NS a.root.\na.root. A 192.0.2.1\ntest. NS ns.test.\n\
                    ns.test. A 192.0.2.2\n";
const TEST: &str = "$TTL 60\n@ SOA ns h 1 2 3 4 60\n@ NS ns\nns A 192.0.2.2\nexample NS ns.example\n\
                    ns.example A 192.0.2.3\n";
const EXAMPLE: &str = "$TTL 60\n@ SOA ns h 1 2 3 4 60\n@ NS ns\nns A 192.0.2.3\nwww A 192.0.2.80\nalias CNAME www\n\
                       @ MX 10 mail\nmail A 192.0.2.25\n$GENERATE 1-40 big TXT number-$-of-many-strings-that-fill-a-message\n";
const HINTS: &str = ". 3600 NS a.root.\na.root. 3600 A 192.0.2.1\n";

fn question(name: &str, rtype: RrType) -> Vec<u8> {
    query(name, rtype, Flags::RD)
}

fn query(name: &str, rtype: RrType, flags: Flags) -> Vec<u8> {
    let mut header = Header::query(0x1234, Opcode::QUERY);
    header.flags = flags;
    let mut buffer = [0; 512];
    let mut builder = Builder::new(&mut buffer, header);
    let question = Question { name: name.parse().unwrap(), rtype, class: Class::IN };
    builder.push_question(question.as_question_ref()).unwrap();
    builder.push_edns(&EdnsHeader::new(1232), &[]).unwrap();
    builder.finish().to_vec()
}

/// Flags, response code and the answer's records as text.
fn told(bytes: &[u8]) -> (Flags, Rcode, Vec<String>) {
    let message = Message::parse(bytes).unwrap();
    assert_eq!(message.id(), 0x1234);
    let text =
        |record: Record| format!("{} {} {}", record.owner, record.rtype(), record.rdata.as_rdata_ref());
    (message.flags(), message.rcode(), message.answer().map(|record| text(record.to_record())).collect())
}

fn by_udp(to: SocketAddr, query: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket.connect(to).unwrap();
    socket.send(query).unwrap();
    let mut buffer = [0; 4096];
    let len = socket.recv(&mut buffer).unwrap();
    buffer[..len].to_vec()
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u16).to_be_bytes()[..], message].concat()
}

fn read_framed(stream: &mut TcpStream) -> Vec<u8> {
    let mut len = [0; 2];
    stream.read_exact(&mut len).unwrap();
    let mut message = vec![0; usize::from(u16::from_be_bytes(len))];
    stream.read_exact(&mut message).unwrap();
    message
}

fn by_tcp(to: SocketAddr, queries: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(&queries.iter().flat_map(|query| framed(query)).collect::<Vec<u8>>()).unwrap();
    queries.iter().map(|_| read_framed(&mut stream)).collect()
}

fn ask(resolver: &Program, name: &str, rtype: RrType) -> (Rcode, Vec<String>) {
    let (_, rcode, answer) = told(&by_udp(resolver.address("udp").unwrap(), &question(name, rtype)));
    (rcode, answer)
}

/// Root, `test.` and `example.test.`, each on a server of its own.
struct Hierarchy {
    servers: Vec<Program>,
    resolver: Program,
    _scratch: Scratch,
}

fn hierarchy(flags: &[&str]) -> Hierarchy {
    let scratch = Scratch::new().unwrap();
    let mut args: Vec<String> = vec!["--listen".into(), "127.0.0.1:0".into(), "--no-ip6".into()];
    let hints = scratch.path().join("hints");
    std::fs::write(&hints, HINTS).unwrap();
    args.extend(["--root-hints".into(), hints.to_str().unwrap().into()]);
    let mut servers = Vec::new();
    for (number, (zone, text)) in [(".", ROOT), ("test", TEST), ("example.test", EXAMPLE)].iter().enumerate()
    {
        let file = scratch.path().join(format!("zone{number}"));
        std::fs::write(&file, text).unwrap();
        let zone = format!("{zone}={}", file.display());
        let server = Program::start("dns_server", ["--zone", &zone, "--listen", "127.0.0.1:0"], 2).unwrap();
        let address = server.address("udp").unwrap();
        args.extend(["--map-addr".into(), format!("192.0.2.{}={address}", number + 1)]);
        servers.push(server);
    }
    args.extend(flags.iter().map(|flag| (*flag).to_owned()));
    let resolver = Program::start("dns_resolver", &args, 2).unwrap();
    Hierarchy { servers, resolver, _scratch: scratch }
}

#[test]
fn a_hierarchy_is_walked_and_remembered() {
    let mut all = hierarchy(&["--dump-cache"]);
    let resolver = &all.resolver;
    assert_eq!(resolver.address("udp").unwrap(), resolver.address("tcp").unwrap());
    let known = [
        ("www.example.test", RrType::A, Rcode::NOERROR, vec!["www.example.test. A 192.0.2.80"]),
        (
            "alias.example.test",
            RrType::A,
            Rcode::NOERROR,
            vec!["alias.example.test. CNAME www.example.test.", "www.example.test. A 192.0.2.80"],
        ),
        ("example.test", RrType::MX, Rcode::NOERROR, vec!["example.test. MX 10 mail.example.test."]),
        ("nowhere.example.test", RrType::A, Rcode::NXDOMAIN, vec![]),
        ("www.example.test", RrType::MX, Rcode::NOERROR, vec![]),
        ("nowhere", RrType::A, Rcode::NXDOMAIN, vec![]),
    ];
    for (name, rtype, rcode, answer) in &known {
        assert_eq!(
            ask(resolver, name, *rtype),
            (*rcode, answer.iter().map(|line| (*line).to_owned()).collect())
        );
    }
    // Longer than any datagram: by TCP from the server, and to the client.
    let to = resolver.address("udp").unwrap();
    let (flags, _, answer) = told(&by_udp(to, &question("big.example.test", RrType::TXT)));
    assert!(flags.has(Flags::TC) && answer.is_empty());
    let (flags, _, answer) = told(&by_tcp(to, &[question("big.example.test", RrType::TXT)])[0]);
    assert!(!flags.has(Flags::TC) && answer.len() == 40);
    // What is known needs nobody.
    all.servers.clear();
    for (name, rtype, rcode, answer) in &known {
        assert_eq!(
            ask(resolver, name, *rtype),
            (*rcode, answer.iter().map(|line| (*line).to_owned()).collect())
        );
    }
    all.resolver.terminate().unwrap();
    let text = all.resolver.rest().unwrap();
    assert!(all.resolver.wait(Duration::from_secs(10)).unwrap().success());
    assert!(
        text.contains("www.example.test. ") && text.contains(" IN A 192.0.2.80 ; AuthoritativeAnswer"),
        "{text}"
    );
}

/// A server of one address that does what a test wants.
fn forwarder() -> (UdpSocket, String) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let address = socket.local_addr().unwrap().to_string();
    (socket, address)
}

fn heard(server: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = [0; 4096];
    let (len, from) = server.recv_from(&mut buffer).unwrap();
    (buffer[..len].to_vec(), from)
}

fn answer(query: &[u8], address: &str) -> Vec<u8> {
    let message = Message::parse(query).unwrap();
    let asked = message.question().unwrap();
    let mut header = message.header().reply(Rcode::NOERROR);
    header.flags = header.flags.with(Flags::RA);
    let mut buffer = [0; 512];
    let mut builder = Builder::new(&mut buffer, header);
    builder.push_question(asked).unwrap();
    let rdata = dns::Rdata::of_text(RrType::A, address).unwrap();
    let record = Record { owner: asked.name.to_name(), ttl: 60, rdata };
    builder.push_record(dns::Section::Answer, record.as_record_ref()).unwrap();
    builder.finish().to_vec()
}

fn start(flags: &[&str]) -> Program {
    Program::start("dns_resolver", [&["--listen", "127.0.0.1:0"][..], flags].concat(), 2).unwrap()
}

#[test]
fn special_names_stay_here_and_without_rd_nothing_is_sent() {
    let (server, address) = forwarder();
    let resolver = start(&["--forward", &address]);
    let to = resolver.address("udp").unwrap();
    let pointer = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa";
    for (name, rtype, rcode, answer) in [
        ("localhost", RrType::A, Rcode::NOERROR, vec!["localhost. A 127.0.0.1"]),
        ("a.localhost", RrType::AAAA, Rcode::NOERROR, vec!["a.localhost. AAAA ::1"]),
        (
            "1.0.0.127.in-addr.arpa",
            RrType::PTR,
            Rcode::NOERROR,
            vec!["1.0.0.127.in-addr.arpa. PTR localhost."],
        ),
        (pointer, RrType::PTR, Rcode::NOERROR, vec![&*format!("{pointer}. PTR localhost.")]),
        ("x.invalid", RrType::A, Rcode::NXDOMAIN, vec![]),
        ("x.onion", RrType::A, Rcode::NXDOMAIN, vec![]),
    ] {
        assert_eq!(
            ask(&resolver, name, rtype),
            (rcode, answer.iter().map(|line| (*line).to_owned()).collect())
        );
    }
    let (_, rcode, _) = told(&by_udp(to, &query("unknown.test", RrType::A, Flags(0))));
    assert_eq!(rcode, Rcode::REFUSED);
    // The first query that the forwarder sees is the one that comes now.
    let client = std::thread::spawn(move || told(&by_udp(to, &question("known.test", RrType::A))));
    let (bytes, from) = heard(&server);
    let asked = Message::parse(&bytes).unwrap().question().unwrap().to_question();
    assert_eq!(asked.name, "known.test".parse::<Name>().unwrap());
    server.send_to(&answer(&bytes, "192.0.2.7"), from).unwrap();
    assert_eq!(client.join().unwrap().2, ["known.test. A 192.0.2.7"]);
    // What is known is told without RD, too.
    assert_eq!(told(&by_udp(to, &query("known.test", RrType::A, Flags(0)))).2, ["known.test. A 192.0.2.7"]);
}

#[test]
fn a_forged_answer_is_not_there() {
    let (server, address) = forwarder();
    let resolver = start(&["--forward", &address]);
    let to = resolver.address("udp").unwrap();
    let client = std::thread::spawn(move || told(&by_udp(to, &question("www.test", RrType::A))));
    let (bytes, from) = heard(&server);
    let truth = answer(&bytes, "192.0.2.7");
    let forged = answer(&bytes, "203.0.113.66");
    // From elsewhere, with another id, another case, another question, as a query, and cut.
    let elsewhere = UdpSocket::bind("127.0.0.1:0").unwrap();
    elsewhere.send_to(&forged, from).unwrap();
    for (at, octet) in [(1, forged[1] ^ 1), (13, forged[13] ^ 0x20), (13, b'x'), (2, 0x01)] {
        let mut other = forged.clone();
        other[at] = octet;
        server.send_to(&other, from).unwrap();
    }
    server.send_to(&forged[..forged.len() - 1], from).unwrap();
    server.send_to(&[], from).unwrap();
    server.send_to(&truth, from).unwrap();
    assert_eq!(client.join().unwrap().2, ["www.test. A 192.0.2.7"]);
}

#[test]
fn clients_that_send_garbage_or_leave_take_nothing_from_others() {
    let (server, address) = forwarder();
    let resolver = start(&["--forward", &address]);
    let to = resolver.address("tcp").unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for length in 0..64 {
        socket.send_to(&vec![0x5A; length], to).unwrap();
    }
    // A header that promises more, an answer where a query should be, an unknown opcode.
    let mut cut = question("www.test", RrType::A);
    cut.truncate(20);
    assert_eq!(Header::parse(&by_udp(to, &cut)).unwrap().rcode(), Rcode::FORMERR);
    let mut update = question("www.test", RrType::A);
    update[2] |= 5 << 3;
    assert_eq!(Header::parse(&by_udp(to, &update)).unwrap().rcode(), Rcode::NOTIMP);
    // Leaves with its question open; another drips; a third asks thrice in one breath.
    let mut gone = TcpStream::connect(to).unwrap();
    gone.write_all(&framed(&question("gone.test", RrType::A))).unwrap();
    let _ = heard(&server);
    drop(gone);
    let mut slow = TcpStream::connect(to).unwrap();
    slow.write_all(&[0]).unwrap();
    let local = ["localhost", "a.localhost", "b.localhost"].map(|name| question(name, RrType::A));
    let answers = by_tcp(to, &local);
    assert_eq!(answers.iter().flat_map(|answer| told(answer).2).count(), 3);
    // A message shorter than a header ends the connection.
    let mut short = TcpStream::connect(to).unwrap();
    short.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    short.write_all(&[0, 3, 1, 2, 3]).unwrap();
    let end = short.read(&mut [0; 16]);
    let reset = end.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset);
    assert!(reset || matches!(end, Ok(0)), "{end:?}");
}

#[test]
fn a_stub_is_asked_for_its_zone() {
    let (server, address) = forwarder();
    let resolver = start(&["--forward", "192.0.2.254:9", "--stub", &format!("example.test={address}")]);
    let to = resolver.address("udp").unwrap();
    let client = std::thread::spawn(move || told(&by_udp(to, &question("www.example.test", RrType::A))));
    let (bytes, from) = heard(&server);
    assert!(!Message::parse(&bytes).unwrap().flags().has(Flags::RD), "an authority is not asked to recurse");
    let mut reply = answer(&bytes, "192.0.2.7");
    reply[2] |= 4; // AA
    server.send_to(&reply, from).unwrap();
    assert_eq!(client.join().unwrap().2, ["www.example.test. A 192.0.2.7"]);
}

/// A `dns_server` with `example.test.` by TLS, as localhost, and the certificate that it is to be known by.
struct Private {
    server: Program,
    ca: String,
    scratch: Scratch,
}

fn private() -> Private {
    private_at("127.0.0.1:0".parse().unwrap(), Scratch::new().unwrap())
}

/// With what is in that folder from before, if it was one.
fn private_at(listen: SocketAddr, scratch: Scratch) -> Private {
    let [zone, cert, key] = ["zone", "cert.pem", "key.pem"].map(|name| scratch.path().join(name));
    if !zone.exists() {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        scratch.write("zone", EXAMPLE.as_bytes()).unwrap();
        scratch.write("cert.pem", made.cert.pem().as_bytes()).unwrap();
        scratch.write("key.pem", made.signing_key.serialize_pem().as_bytes()).unwrap();
    }
    let args = [
        format!("--zone=example.test={}", zone.display()),
        format!("--tls-listen={listen}"),
        format!("--tls-cert={}", cert.display()),
        format!("--tls-key={}", key.display()),
    ];
    let server = Program::start("dns_server", &args, 1).unwrap();
    Private { server, ca: cert.to_str().unwrap().to_owned(), scratch }
}

/// Passes connections on to a server, and counts them.
fn counting(to: SocketAddr) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, count) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for near in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
            let (near, far) = (near.unwrap(), TcpStream::connect(to).unwrap());
            for (mut from, mut to) in [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)] {
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Both);
                });
            }
        }
    });
    (address, count)
}

#[test]
fn a_forwarder_is_asked_by_tls_over_one_connection() {
    let private = private();
    let (relay, count) = counting(private.server.address("tls").unwrap());
    let resolver = start(&["--forward", &format!("{relay}#localhost"), "--tls-ca", &private.ca]);
    let expected = (Rcode::NOERROR, vec!["www.example.test. A 192.0.2.80".to_owned()]);
    assert_eq!(ask(&resolver, "www.example.test", RrType::A), expected);
    assert_eq!(ask(&resolver, "mail.example.test", RrType::A).1, ["mail.example.test. A 192.0.2.25"]);
    assert_eq!(ask(&resolver, "nowhere.example.test", RrType::A).0, Rcode::NXDOMAIN);
    // Longer than any datagram, in one piece.
    let (_, _, answer) =
        told(&by_tcp(resolver.address("tcp").unwrap(), &[question("big.example.test", RrType::TXT)])[0]);
    assert_eq!(answer.len(), 40);
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[test]
fn a_forwarder_that_was_started_anew_is_asked_over_another_connection() {
    let private = private_at(free_place().unwrap(), Scratch::new().unwrap());
    let to = private.server.address("tls").unwrap();
    let resolver = start(&["--forward", &format!("{to}#localhost"), "--tls-ca", &private.ca]);
    assert_eq!(ask(&resolver, "www.example.test", RrType::A).0, Rcode::NOERROR);
    let Private { server, scratch, .. } = private;
    drop(server);
    let _again = private_at(to, scratch);
    assert_eq!(ask(&resolver, "mail.example.test", RrType::A).1, ["mail.example.test. A 192.0.2.25"]);
}

#[test]
fn who_is_not_the_one_named_is_told_nothing() {
    let private = private();
    let to = private.server.address("tls").unwrap();
    // The certificate is for another name; it is signed by nobody who is known; there is no TLS at all.
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let stranger = private.scratch.write("other.pem", other.cert.pem().as_bytes()).unwrap();
    let clear = TcpListener::bind("127.0.0.1:0").unwrap();
    let in_clear = clear.local_addr().unwrap();
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = clear.accept().unwrap();
        let mut first = [0; 3];
        stream.read_exact(&mut first).unwrap();
        stream.write_all(&framed(&question("www.example.test", RrType::A))).unwrap();
        first
    });
    for (forward, ca) in [
        (format!("{to}#dns.example"), private.ca.as_str()),
        (format!("{to}#localhost"), stranger.to_str().unwrap()),
        (format!("{in_clear}#localhost"), private.ca.as_str()),
    ] {
        let resolver = start(&["--forward", &forward, "--tls-ca", ca, "--log", "error"]);
        assert_eq!(ask(&resolver, "www.example.test", RrType::A).0, Rcode::SERVFAIL, "{forward}");
    }
    // Nothing but the handshake (RFC 8446 section 5.1) was to be seen.
    assert_eq!(heard.join().unwrap()[..2], [22, 3]);
}

#[test]
fn wrong_usage_is_told() {
    let run = |args: &[&str]| {
        std::process::Command::new(path("dns_resolver").unwrap()).args(args).output().unwrap()
    };
    for args in [
        &["--stub", "nonsense"][..],
        &["--map-addr", "1.2.3.4"],
        &["--upstream-port", "0"],
        &["--forward", "127.0.0.1:853#"],
        &["--forward", "127.0.0.1#localhost"],
        &["--forward", "127.0.0.1:853", "--tls-ca", "ca.pem"],
    ] {
        assert_eq!(run(args).status.code(), Some(2), "{args:?}");
    }
    let output = run(&["--root-hints", "/nonexistent"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nonexistent"));
}

/// The signed zones of the crate's own tests: the root and `test` on one server, `nsec3.test` on another.
const SIGNED: [(u8, &str, &str); 3] = [
    (2, ".", include_str!("../../crates/dns/tests/dnssec/root.zone")),
    (2, "test", include_str!("../../crates/dns/tests/dnssec/test.zone")),
    (3, "nsec3.test", include_str!("../../crates/dns/tests/dnssec/nsec3.test.zone")),
];

/// The key of the root, on a line of its own.
fn anchor() -> &'static str {
    SIGNED[0].2.lines().find(|line| line.contains(" IN DNSKEY ")).unwrap()
}

#[test]
fn under_a_trust_anchor_what_is_proven_is_marked_and_what_is_spoilt_is_not_told() {
    let scratch = Scratch::new().unwrap();
    let hints = scratch.write("hints", b". 3600 NS ns.test.\nns.test. 3600 A 192.0.2.2\n").unwrap();
    let trust = scratch.write("anchor", anchor().as_bytes()).unwrap();
    let flag = |flag: &str, value: String| [flag.to_owned(), value];
    let mut args = vec!["--no-ip6".to_owned()];
    args.extend(flag("--listen", "127.0.0.1:0".into()));
    args.extend(flag("--root-hints", hints.display().to_string()));
    args.extend(flag("--trust-anchor", trust.display().to_string()));
    let mut servers = Vec::new();
    for server in [2, 3] {
        let mut own = flag("--listen", "127.0.0.1:0".into()).to_vec();
        for (number, (_, apex, text)) in SIGNED.iter().enumerate().filter(|(_, zone)| zone.0 == server) {
            // Somebody has changed an address, and can't sign it.
            let text =
                text.replace("www.nsec3.test. 300 IN A 192.0.2.33", "www.nsec3.test. 300 IN A 192.0.2.66");
            let file = scratch.write(&format!("zone{number}"), text.as_bytes()).unwrap();
            own.extend(flag("--zone", format!("{apex}={}", file.display())));
        }
        let program = Program::start("dns_server", &own, 2).unwrap();
        args.extend(flag("--map-addr", format!("192.0.2.{server}={}", program.address("udp").unwrap())));
        servers.push(program);
    }
    let resolver = Program::start("dns_resolver", &args, 2).unwrap();
    let to = resolver.address("udp").unwrap();
    let ask = |name: &str, rtype, flags: Flags| {
        let (flags, rcode, answer) = told(&by_udp(to, &query(name, rtype, Flags::RD.with(flags))));
        (rcode, flags.has(Flags::AD), answer.len())
    };
    for _ in 0..2 {
        for (name, rtype, flags, expected) in [
            ("www.test", RrType::A, Flags::AD, (Rcode::NOERROR, true, 2)),
            ("www.test", RrType::A, Flags(0), (Rcode::NOERROR, false, 2)),
            ("nope.test", RrType::A, Flags::AD, (Rcode::NXDOMAIN, true, 0)),
            ("nope.nsec3.test", RrType::A, Flags::AD, (Rcode::NXDOMAIN, true, 0)),
            ("www.nsec3.test", RrType::A, Flags::AD, (Rcode::SERVFAIL, false, 0)),
            ("www.nsec3.test", RrType::A, Flags::CD, (Rcode::NOERROR, false, 1)),
        ] {
            assert_eq!(ask(name, rtype, flags), expected, "{name} {rtype}");
        }
    }
}

#[test]
fn an_anchor_that_is_none_is_told_with_its_place() {
    let scratch = Scratch::new().unwrap();
    let ds = ". DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n";
    for (text, says) in [
        ("", "no DS or DNSKEY record is in it".to_owned()),
        ("; nothing\n", "no DS or DNSKEY record is in it".to_owned()),
        (&*format!("{ds}. NS a.root.\n"), ":2:1: NS is no trust anchor".to_owned()),
        (&*format!("{ds}\n. DS 20326 eight 2 00\n"), ":3:12: ".to_owned()),
        ("trusted-keys { };\n", ":1:".to_owned()),
        (". DNSKEY 257 3 8 ?\n", ":1:18: ".to_owned()),
    ] {
        let file = scratch.write("anchor", text.as_bytes()).unwrap();
        let file = file.to_str().unwrap();
        let args = ["--listen", "127.0.0.1:0", "--trust-anchor", file];
        let output = std::process::Command::new(path("dns_resolver").unwrap()).args(args).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{text}: {said}");
        assert!(said.contains(file) && said.contains(&says), "{text}: {said}");
    }
}

#[test]
fn a_client_that_takes_nothing_is_shown_out_and_one_that_said_all_is_answered() {
    let all = hierarchy(&[]);
    let to = all.resolver.address("tcp").unwrap();
    let query = framed(&question("big.example.test", RrType::TXT));
    by_tcp(to, &[question("big.example.test", RrType::TXT)]);
    // More than the system holds for it is asked for; then it half-closes, and only then does it read.
    let mut patient = TcpStream::connect(to).unwrap();
    patient.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    patient.write_all(&query.repeat(2000)).unwrap();
    patient.shutdown(std::net::Shutdown::Write).unwrap();
    for number in 0..2000 {
        assert_eq!(told(&read_framed(&mut patient)).2.len(), 40, "{number}");
    }
    assert_eq!(patient.read(&mut [0]).unwrap(), 0);
    // This one never reads.
    let mut greedy = TcpStream::connect(to).unwrap();
    greedy.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
    let start = std::time::Instant::now();
    let error = loop {
        match greedy.write(&query) {
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => break error.kind(),
        }
        assert!(start.elapsed() < Duration::from_secs(60), "it is still there");
    };
    assert!(matches!(error, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
}

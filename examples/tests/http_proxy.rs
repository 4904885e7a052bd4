//! `http_proxy` as its users see it: bytes over sockets on both sides, and an origin that counts what it is asked.

#[expect(dead_code, reason = "shared by several tests, each of which needs another part")]
mod raw;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use examples::program::Program;
use raw::Raw;

/// What an origin does with a request: says something, and whether it hangs up then.
type Answer = dyn Fn(&mut Asked<'_>) -> bool + Send + Sync;

/// A request at an origin.
struct Asked<'a> {
    head: String,
    line: &'a mut Raw,
}

impl Asked<'_> {
    fn says(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.line.try_send(bytes);
    }

    fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.head.split("\r\n").skip(1).find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// Its content, by length or in chunks.
    fn content(&mut self) -> Vec<u8> {
        if self.field("Transfer-Encoding").is_some() {
            // The trailers are up to who asks.
            return self.line.chunked().unwrap();
        }
        let length = self.field("Content-Length").map_or(0, |length| length.parse().unwrap());
        self.line.take(length).unwrap()
    }
}

/// An origin by hand, which notes what it is asked.
struct Origin {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
}

impl Origin {
    fn new(answer: impl Fn(&mut Asked<'_>) -> bool + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let origin = Origin { address, heads: Arc::default(), connections: Arc::default() };
        let (heads, connections) = (Arc::clone(&origin.heads), Arc::clone(&origin.connections));
        let answer: Arc<Answer> = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming() {
                *connections.lock().unwrap() += 1;
                let (answer, heads) = (Arc::clone(&answer), Arc::clone(&heads));
                thread::spawn(move || converse(Raw::over(stream.unwrap()), &*answer, &heads));
            }
        });
        origin
    }

    /// One that says the same to everybody.
    fn saying(answer: &'static str) -> Self {
        Origin::new(move |asked| {
            asked.content();
            asked.says(answer);
            false
        })
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

fn converse(mut line: Raw, answer: &Answer, heads: &Mutex<Vec<String>>) {
    while let Ok(head) = line.until(b"\r\n\r\n") {
        let head = String::from_utf8(head).unwrap();
        heads.lock().unwrap().push(head.clone());
        if answer(&mut Asked { head, line: &mut line }) {
            return;
        }
    }
}

/// The proxy, and what it is asked in front of which origin.
struct Proxy {
    program: Program,
}

impl Proxy {
    fn start(flags: &[&str]) -> Self {
        let args = [&["--listen", "127.0.0.1:0", "--name", "us"], flags].concat();
        Proxy { program: Program::start("http_proxy", args, 1).unwrap() }
    }

    fn before(origin: &Origin, flags: &[&str]) -> Self {
        let url = format!("http://{}", origin.address);
        Proxy::start(&[&["--reverse", &url], flags].concat())
    }

    fn connect(&self) -> Raw {
        Raw::connect(self.program.address("http").unwrap())
    }

    fn ask(&self, request: &str) -> raw::Reply {
        self.connect().ask(request)
    }

    /// What it counted under this name.
    fn count(&mut self, name: &str) -> u64 {
        self.program.signal("USR1").unwrap();
        let line = self.program.line().unwrap();
        let value = line.split(' ').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        value.unwrap_or_else(|| panic!("no {name} in {line}")).parse().unwrap()
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nCache-Control: no-store\r\n\r\nok";

/// More than fits into all buffers on the way.
fn large() -> Vec<u8> {
    (0..12_000_000).map(|at| (at % 251) as u8).collect()
}

#[test]
fn what_browsers_leave_as_it_is_is_passed_on_as_it_is() {
    let origin = Origin::saying(OK);
    let target = "/a[1];b?c[]=d";
    let url = format!("http://{}{target}", origin.address);
    assert_eq!(Proxy::start(&[]).ask(&get(&url, "")).status, 200);
    assert_eq!(Proxy::before(&origin, &[]).ask(&get(target, "")).status, 200);
    for head in origin.heads() {
        assert!(head.starts_with(&format!("GET {target} HTTP/1.1\r\n")), "{head}");
    }
}

#[test]
fn a_request_for_a_whole_url_is_asked_of_its_origin() {
    let origin = Origin::saying(OK);
    let proxy = Proxy::start(&[]);
    let target = format!("http://{}/a?b", origin.address);
    let reply = proxy.ask(&format!(
        "GET {target} HTTP/1.1\r\nHost: elsewhere.example\r\nProxy-Connection: keep-alive\r\nX-A: 1\r\n\
         Connection: X-B, close\r\nX-B: 2\r\nTE: trailers, gzip\r\nProxy-Authorization: Basic eA==\r\n\r\n"
    ));
    assert_eq!((reply.status, reply.text()), (200, "ok"));
    assert_eq!(reply.field("Via"), Some("1.1 us"));
    assert!(reply.field("Date").is_some());
    let heads = origin.heads();
    let head = &heads[0];
    assert!(head.starts_with("GET /a?b HTTP/1.1\r\n"), "{head}");
    // RFC 9112 section 3.2.2: the target wins over Host.
    assert!(head.contains(&format!("\r\nHost: {}\r\n", origin.address)), "{head}");
    assert!(head.contains("\r\nX-A: 1\r\n") && head.contains("\r\nVia: 1.1 us\r\n"), "{head}");
    assert!(head.contains("\r\nForwarded: for=127.0.0.1;host=elsewhere.example;proto=http\r\n"), "{head}");
    assert!(head.contains("\r\nTE: trailers\r\n") && head.contains("\r\nConnection: TE\r\n"), "{head}");
    for gone in ["elsewhere.example\r\n", "Proxy-", "X-B", "close", "gzip"] {
        assert!(!head.contains(gone), "{gone} in {head}");
    }
}

#[test]
fn in_front_of_one_origin_everything_goes_there_under_the_name_the_client_knows() {
    let origin = Origin::saying(OK);
    let proxy = Proxy::before(&origin, &[]);
    let mut raw = proxy.connect();
    assert_eq!(raw.ask("GET /x HTTP/1.1\r\nHost: www.example.org\r\n\r\n").text(), "ok");
    assert_eq!(raw.ask("GET http://other.example/y HTTP/1.1\r\nHost: www.example.org\r\n\r\n").text(), "ok");
    assert_eq!(raw.ask("OPTIONS * HTTP/1.1\r\nHost: www.example.org\r\n\r\n").text(), "ok");
    assert_eq!(raw.ask("GET /z HTTP/1.0\r\n\r\n").text(), "ok");
    let heads = origin.heads();
    let asked = |at: usize, line: &str, host: &str| {
        assert!(heads[at].starts_with(&format!("{line} HTTP/1.1\r\nHost: {host}\r\n")), "{}", heads[at]);
    };
    asked(0, "GET /x", "www.example.org");
    asked(1, "GET /y", "other.example");
    asked(2, "OPTIONS *", "www.example.org");
    asked(3, "GET /z", &origin.address.to_string());
    assert_eq!(proxy.ask("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n").status, 405);
}

#[test]
fn connections_persist_on_both_sides() {
    let origin = Origin::saying(OK);
    let mut proxy = Proxy::before(&origin, &["--stats"]);
    let mut raw = proxy.connect();
    let request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    // Pipelined, too.
    raw.send(request.repeat(3));
    for _ in 0..3 {
        assert_eq!(raw.reply().text(), "ok");
    }
    assert_eq!(proxy.connect().ask(request).text(), "ok");
    assert_eq!((origin.heads().len(), origin.connections()), (4, 1));
    assert_eq!((proxy.count("requests"), proxy.count("origin_requests")), (4, 4));
    assert_eq!((proxy.count("connections"), proxy.count("origin_connections")), (2, 1));
    assert_eq!(proxy.count("bytes_to_clients"), 8);
}

#[test]
fn an_origin_that_closed_a_kept_connection_is_asked_again() {
    let again = Mutex::new(false);
    let origin = Origin::new(move |asked| {
        let content = asked.content();
        let again = &mut *again.lock().unwrap();
        // It hangs up at the second request, before it answers: once.
        if asked.path() == "/second" && !std::mem::replace(again, true) {
            return true;
        }
        asked.says(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", content.len()));
        asked.says(content);
        false
    });
    let mut proxy = Proxy::before(&origin, &["--stats"]);
    let mut raw = proxy.connect();
    assert_eq!(raw.ask("GET /first HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
    assert_eq!(raw.ask("GET /second HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
    assert_eq!(origin.connections(), 2);
    assert_eq!(proxy.count("origin_requests"), 2);
    // What can't be sent twice goes over a connection of its own from the start.
    let post = "POST /third HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    assert_eq!(raw.ask(post).text(), "abc");
    assert_eq!(origin.connections(), 3);
}

#[test]
fn content_streams_both_ways_and_trailers_with_it() {
    let origin = Origin::new(|asked| {
        let content = asked.content();
        let trailer = asked.line.trailers();
        asked.says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n");
        for run in content.chunks(100_000) {
            asked.says(format!("{:x}\r\n", run.len()));
            asked.says(run);
            asked.says("\r\n");
        }
        asked.says(format!("0\r\nX-Sum: {trailer}\r\nContent-Length: 1\r\n\r\n"));
        false
    });
    let proxy = Proxy::before(&origin, &[]);
    let mut raw = proxy.connect();
    let large = large();
    raw.send("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for run in large.chunks(70_000) {
        raw.send(format!("{:x}\r\n", run.len()));
        raw.send(run);
        raw.send("\r\n");
    }
    raw.send("0\r\nX-Check: 7\r\nHost: y\r\n\r\n");
    let head = String::from_utf8(raw.until(b"\r\n\r\n").unwrap()).unwrap();
    assert!(head.contains("\r\nTransfer-Encoding: chunked\r\n"), "{head}");
    assert!(raw.chunked().unwrap() == large);
    // What may not be in a trailer is not passed on.
    assert_eq!(raw.trailers(), "X-Sum: X-Check: 7");
}

#[test]
fn a_client_that_reads_slowly_holds_up_the_origin_and_nothing_is_lost() {
    let large = Arc::new(large());
    let sent = Arc::clone(&large);
    let origin = Origin::new(move |asked| {
        asked.says(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\r\n",
            sent.len()
        ));
        asked.says(&*sent);
        false
    });
    let proxy = Proxy::before(&origin, &[]);
    let mut raw = proxy.connect();
    raw.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    raw.until(b"\r\n\r\n").unwrap();
    thread::sleep(Duration::from_millis(300));
    // Most of it is still at the origin: the proxy holds little more than the kernel's buffers.
    let memory = std::fs::read_to_string(format!("/proc/{}/status", proxy.program.id())).unwrap();
    let line = memory.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    let peak: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(peak < 12_000, "{line}");
    assert!(raw.take(large.len()).unwrap() == *large);
}

#[test]
fn head_and_what_has_no_content_keep_their_lengths() {
    let origin = Origin::new(|asked| {
        asked.says(match asked.path() {
            "/304" => "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n",
            "/204" => "HTTP/1.1 204 No Content\r\n\r\n",
            _ => "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n",
        });
        false
    });
    let proxy = Proxy::before(&origin, &[]);
    let mut raw = proxy.connect();
    let reply = raw.ask("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(reply.field("Content-Length"), Some("12345"));
    for path in ["/304", "/204"] {
        let reply = raw.ask(&format!("GET {path} HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"a\"\r\n\r\n"));
        assert_eq!((reply.status, reply.field("Content-Length")), (path[1..].parse().unwrap(), None));
    }
}

#[test]
fn what_the_origin_cuts_short_the_client_sees_cut_short() {
    let origin = Origin::new(|asked| {
        let head = "HTTP/1.1 200 OK\r\n";
        asked.says(match asked.path() {
            "/length" => format!("{head}Content-Length: 1000\r\n\r\nhalf"),
            "/chunks" => format!("{head}Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
            "/bad" => format!("{head}Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n"),
            _ => format!("{head}\r\nwhole"),
        });
        true
    });
    let mut proxy = Proxy::before(&origin, &["--stats"]);
    for path in ["/length", "/chunks", "/bad"] {
        let mut raw = proxy.connect();
        raw.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
        assert!(raw.read_reply(false).is_err(), "{path}");
    }
    // To HTTP/1.0 chunks end with the connection: there a reset says that it is not the end.
    let address = proxy.program.address("http").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /chunks HTTP/1.0\r\n\r\n").unwrap();
    let mut all = Vec::new();
    assert_eq!(stream.read_to_end(&mut all).unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    // What ends with the connection, in order, is whole.
    let reply = proxy.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(
        (reply.status, reply.text(), reply.field("Transfer-Encoding")),
        (200, "whole", Some("chunked"))
    );
    assert_eq!(proxy.ask("GET / HTTP/1.0\r\n\r\n").text(), "whole");
    assert_eq!(proxy.count("cut"), 4);
}

#[test]
fn an_origin_that_fails_is_a_bad_gateway_and_one_that_sleeps_a_timeout() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let origin = Origin::new(|asked| {
        match asked.path() {
            "/garbage" => asked.says("SSH-2.0-OpenSSH\r\n"),
            "/lengths" => asked.says("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
            "/coded" => asked.says("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
            "/switch" => asked.says("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
            "/smuggle" => asked.says("HTTP/1.1 200 OK\r\nX: a\nY: b\r\n\r\n"),
            "/huge" => asked.says(format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "a".repeat(100_000))),
            "/sleep" => asked.line.rest().clear(),
            _ => {}
        }
        true
    });
    let mut proxy = Proxy::start(&["--timeout", "0.3", "--stats"]);
    let mut ask = |address: SocketAddr, path: &str| {
        let reply = proxy.ask(&format!("GET http://{address}{path} HTTP/1.1\r\nHost: x\r\n\r\n"));
        assert_eq!(proxy.count("cut"), 0);
        reply.status
    };
    for path in ["/garbage", "/lengths", "/coded", "/switch", "/smuggle", "/huge", "/hang-up"] {
        assert_eq!(ask(origin.address, path), 502, "{path}");
    }
    assert_eq!(ask(origin.address, "/sleep"), 504);
    assert_eq!(ask(nobody, "/"), 502);
    assert_eq!(proxy.ask("GET http://no-such-name.invalid/ HTTP/1.1\r\nHost: x\r\n\r\n").status, 502);
    assert_eq!(proxy.ask("CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: x\r\n\r\n").status, 502);
}

#[test]
fn what_is_not_for_a_proxy_is_said_to_be_so() {
    let proxy = Proxy::start(&[]);
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        ("GET http://user@x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("CONNECT x HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET http://x/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("GET http://x/ HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        ("GET http://x/ HTTP/1.1\r\n\r\n", 400),
        ("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        ("GET http://x/ HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        ("GET http://x/ HTTP/1.1\r\nHost: x\nX: y\r\n\r\n", 400),
        ("GET http://x/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        ("GET http://x/ HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n", 417),
        ("GET http://x/ HTTP/2.0\r\nHost: x\r\n\r\n", 505),
    ] {
        assert_eq!(proxy.ask(request).status, status, "{request}");
    }
    let long = "a".repeat(20_000);
    assert_eq!(proxy.ask(&format!("GET http://x/{long} HTTP/1.1\r\nHost: x\r\n\r\n")).status, 414);
    assert_eq!(proxy.ask(&format!("GET http://x/ HTTP/1.1\r\nHost: x\r\nX: {long}\r\n\r\n")).status, 431);
}

#[test]
fn a_request_that_was_here_before_is_not_sent_on() {
    let proxy = Proxy::start(&[]);
    let address = proxy.program.address("http").unwrap();
    let reply = proxy.ask(&format!("GET http://{address}/ HTTP/1.1\r\nHost: x\r\n\r\n"));
    assert_eq!(reply.status, 508);
    let reply = proxy.ask("GET http://x/ HTTP/1.1\r\nHost: x\r\nVia: 1.0 them, 1.1 US (ours)\r\n\r\n");
    assert_eq!(reply.status, 508);
}

#[test]
fn max_forwards_counts_down_and_ends_here() {
    let origin = Origin::saying(OK);
    let proxy = Proxy::before(&origin, &[]);
    let trace = "TRACE / HTTP/1.1\r\nHost: x\r\nMax-Forwards: 0\r\nCookie: secret\r\nX-A: 1\r\n\r\n";
    let reply = proxy.ask(trace);
    assert_eq!((reply.status, reply.field("Content-Type")), (200, Some("message/http")));
    assert!(reply.text().starts_with("TRACE / HTTP/1.1\r\nHost: x\r\nMax-Forwards: 0\r\nX-A: 1\r\n"));
    let reply = proxy.ask("OPTIONS /a HTTP/1.1\r\nHost: x\r\nMax-Forwards: 0\r\n\r\n");
    assert!(reply.status == 200 && reply.field("Allow").is_some());
    assert!(origin.heads().is_empty());
    proxy.ask("OPTIONS /a HTTP/1.1\r\nHost: x\r\nMax-Forwards: 7\r\n\r\n");
    proxy.ask("GET /a HTTP/1.1\r\nHost: x\r\nMax-Forwards: 0\r\n\r\n");
    let heads = origin.heads();
    assert!(heads[0].contains("\r\nMax-Forwards: 6\r\n") && heads[1].contains("\r\nMax-Forwards: 0\r\n"));
}

#[test]
fn interim_responses_are_relayed_to_those_who_know_them() {
    let origin = Origin::new(|asked| {
        asked.says("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n");
        asked.says(OK);
        false
    });
    let proxy = Proxy::before(&origin, &[]);
    let mut raw = proxy.connect();
    let hints = raw.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!((hints.status, hints.field("Link")), (103, Some("</a.css>; rel=preload")));
    assert_eq!(raw.reply().text(), "ok");
    assert_eq!(proxy.ask("GET / HTTP/1.0\r\n\r\n").status, 200);
}

#[test]
fn who_waits_for_leave_gets_it_from_the_origin_or_its_refusal() {
    let origin = Origin::new(|asked| {
        assert_eq!(asked.field("Expect"), Some("100-continue"));
        if asked.path() == "/no" {
            asked.says("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
            return true;
        }
        if asked.path() == "/yes" {
            asked.says("HTTP/1.1 100 Continue\r\n\r\n");
        }
        let content = asked.content();
        asked.says(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", content.len()));
        asked.says(content);
        false
    });
    let proxy = Proxy::before(&origin, &[]);
    let put = |path: &str| {
        let mut raw = proxy.connect();
        let head = "HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
        let reply = raw.ask(&format!("PUT {path} {head}"));
        (raw, reply)
    };
    let (mut raw, reply) = put("/yes");
    assert_eq!(reply.status, 100);
    assert_eq!(raw.ask("abc").text(), "abc");
    let (mut raw, reply) = put("/no");
    assert_eq!((reply.status, reply.field("Connection")), (413, Some("close")));
    assert!(raw.is_over());
    // An origin that says nothing, as one before HTTP/1.1 does: the proxy gives leave after a while.
    let (mut raw, reply) = put("/silent");
    assert_eq!(reply.status, 100);
    assert_eq!(raw.ask("abc").text(), "abc");
}

#[test]
fn who_asks_for_leave_and_does_not_wait_for_it_is_not_kept_waiting() {
    let origin = Origin::new(|asked| {
        let content = asked.content();
        asked.says(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", content.len()));
        asked.says(content);
        false
    });
    let proxy = Proxy::before(&origin, &[]);
    let mut raw = proxy.connect();
    let head = "PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 12000000\r\n\r\n";
    raw.send([head.as_bytes(), &large()].concat());
    let mut reply = raw.reply();
    if reply.status == 100 {
        reply = raw.reply();
    }
    assert!(reply.body == large());
    assert!(origin.heads()[0].contains("\r\nExpect: 100-continue\r\n"));
}

/// A server at the far end of a tunnel, and what happens to its connection.
fn far_end(act: impl FnOnce(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || act(listener.accept().unwrap().0));
    address
}

fn tunnel(proxy: &Proxy, to: SocketAddr, early: &[u8]) -> Raw {
    let mut raw = proxy.connect();
    raw.send([format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n").as_bytes(), early].concat());
    let head = raw.until(b"\r\n\r\n").unwrap();
    assert!(head.starts_with(b"HTTP/1.1 200 "), "{}", head.escape_ascii());
    raw
}

#[test]
fn a_tunnel_carries_both_ways_and_half_closes() {
    let (tell, told): (Sender<Vec<u8>>, Receiver<_>) = channel();
    let address = far_end(move |mut stream| {
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        tell.send(all).unwrap();
        // After the other side has ended, this one still speaks.
        stream.write_all(&large()).unwrap();
    });
    let mut proxy = Proxy::start(&["--stats"]);
    let mut raw = tunnel(&proxy, address, b"early ");
    raw.send("late");
    raw.half_close();
    assert_eq!(told.recv().unwrap(), b"early late");
    assert!(raw.rest() == large());
    assert_eq!(proxy.count("tunnels"), 1);
}

#[test]
fn a_tunnel_that_breaks_breaks_on_both_sides() {
    let address = far_end(|stream| {
        rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
        let mut begun = [0; 5];
        (&stream).read_exact(&mut begun).unwrap();
    });
    let proxy = Proxy::start(&[]);
    let mut stream = TcpStream::connect(proxy.program.address("http").unwrap()).unwrap();
    stream
        .write_all(format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n\r\nhello").as_bytes())
        .unwrap();
    let mut all = Vec::new();
    let end = stream.read_to_end(&mut all);
    assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn a_client_that_goes_frees_the_origin() {
    let (tell, told) = channel();
    let origin = Origin::new(move |asked| {
        asked.says(
            "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        );
        tell.send(asked.line.is_over()).unwrap();
        true
    });
    let proxy = Proxy::before(&origin, &[]);
    let mut raw = proxy.connect();
    raw.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    raw.until(b"half").unwrap();
    raw.reset();
    assert_eq!(told.recv(), Ok(true));
}

#[test]
fn it_ends_gracefully_and_tells_what_it_counted() {
    let origin = Origin::saying(OK);
    let mut proxy = Proxy::before(&origin, &["--stats"]);
    let mut raw = proxy.connect();
    assert_eq!(raw.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
    proxy.program.signal("TERM").unwrap();
    assert!(proxy.program.wait(Duration::from_secs(9)).unwrap().success());
    assert!(raw.is_over());
    let rest = proxy.program.rest().unwrap();
    assert!(rest.starts_with("stats connections=1 requests=1 "), "{rest}");
}

/// An origin whose paths say how long what is there may be kept; each answer has the number of its request as content.
fn numbered() -> Origin {
    let count = Mutex::new(0);
    Origin::new(move |asked| {
        asked.content();
        let number = {
            let mut count = count.lock().unwrap();
            *count += 1;
            *count
        };
        let fields = match asked.path().split('?').next().unwrap() {
            "/fresh" => "Cache-Control: max-age=1000\r\nETag: \"1\"\r\n",
            "/stale" => "Cache-Control: max-age=0\r\nETag: \"1\"\r\n",
            "/vary" => "Cache-Control: max-age=1000\r\nVary: Accept-Language\r\n",
            "/private" => "Cache-Control: private, max-age=1000\r\n",
            "/cookie" => "Cache-Control: max-age=1000\r\nSet-Cookie: user=1\r\n",
            "/if-error" => "Cache-Control: max-age=0, stale-if-error=1000\r\n",
            "/if-error-not" => "Cache-Control: max-age=0, stale-if-error=1000, must-revalidate\r\n",
            "/while" => "Cache-Control: max-age=0, stale-while-revalidate=1000\r\n",
            _ => "",
        };
        let fails = asked.path().contains("if-error") && number > 1;
        let same = asked.path() == "/stale" && asked.field("If-None-Match") == Some("\"1\"");
        let (status, number) = match () {
            () if fails => ("503 Service Unavailable", number.to_string()),
            () if same => ("304 Not Modified", String::new()),
            () => ("200 OK", number.to_string()),
        };
        asked.says(format!("HTTP/1.1 {status}\r\n{fields}"));
        if !same {
            asked.says(format!("Content-Length: {}\r\n", number.len()));
        }
        asked.says(format!("\r\n{number}"));
        false
    })
}

fn get(path: &str, fields: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\n{fields}\r\n")
}

#[test]
fn what_is_fresh_is_answered_without_the_origin() {
    let origin = numbered();
    let mut proxy = Proxy::before(&origin, &["--stats"]);
    let mut raw = proxy.connect();
    let first = raw.ask(&get("/fresh", ""));
    assert_eq!((first.text(), first.field("Age")), ("1", None));
    assert_eq!(first.field("Cache-Status"), Some("us;fwd=uri-miss;fwd-status=200;stored"));
    for client in [&mut raw, &mut proxy.connect()] {
        let again = client.ask(&get("/fresh", ""));
        assert_eq!((again.status, again.text()), (200, "1"));
        assert!(again.field("Age").unwrap().parse::<u32>().unwrap() < 100);
        assert!(again.field("Cache-Status").unwrap().starts_with("us;hit;ttl="), "{}", again.head);
        assert_eq!((again.field("Via"), again.field("ETag")), (Some("1.1 us"), Some("\"1\"")));
    }
    // To HEAD, to a condition and to a range, too.
    assert_eq!(raw.ask("HEAD /fresh HTTP/1.1\r\nHost: x\r\n\r\n").field("Content-Length"), Some("1"));
    assert_eq!(raw.ask(&get("/fresh", "If-None-Match: \"1\"\r\n")).status, 304);
    let part = raw.ask(&get("/fresh", "Range: bytes=0-0\r\n"));
    assert_eq!((part.status, part.field("Content-Range"), part.text()), (206, Some("bytes 0-0/1"), "1"));
    assert_eq!(raw.ask(&get("/fresh", "Range: bytes=9-\r\n")).status, 416);
    assert_eq!(proxy.ask("GET /fresh HTTP/1.0\r\nHost: x\r\n\r\n").text(), "1");
    // Another URI is another thing, and so is another host.
    assert_eq!(raw.ask(&get("/fresh?2", "")).text(), "2");
    assert_eq!(raw.ask("GET /fresh HTTP/1.1\r\nHost: y\r\n\r\n").text(), "3");
    assert_eq!(raw.ask(&get("/none", "Cache-Control: only-if-cached\r\n")).status, 504);
    assert_eq!(origin.heads().len(), 3);
    let counts = ["requests", "hits", "misses", "stored", "origin_requests", "own_answers"];
    assert_eq!(counts.map(|name| proxy.count(name)), [11, 7, 3, 3, 3, 1]);
}

#[test]
fn what_is_stale_is_asked_after_and_sent_once() {
    let origin = numbered();
    let mut proxy = Proxy::before(&origin, &["--stats"]);
    let mut raw = proxy.connect();
    assert_eq!(raw.ask(&get("/stale", "")).text(), "1");
    let again = raw.ask(&get("/stale", ""));
    assert_eq!((again.status, again.text()), (200, "1"));
    assert!(again.field("Cache-Status").unwrap().starts_with("us;fwd=stale;fwd-status=304;ttl="));
    // The client's own condition is answered here, once the origin has said that nothing has changed.
    assert_eq!(raw.ask(&get("/stale", "If-None-Match: \"1\"\r\n")).status, 304);
    assert_eq!(raw.ask(&get("/stale", "If-None-Match: \"2\"\r\n")).text(), "1");
    let heads = origin.heads();
    assert!(heads[1..].iter().all(|head| head.matches("If-None-Match: \"1\"\r\n").count() == 1));
    assert!(heads[1..].iter().all(|head| !head.contains("\"2\"")), "{heads:?}");
    // A client that wants to be sure has what is fresh validated, too.
    assert_eq!(raw.ask(&get("/fresh", "")).text(), "5");
    assert_eq!(raw.ask(&get("/fresh", "Cache-Control: no-cache\r\n")).text(), "6");
    assert_eq!(raw.ask(&get("/fresh", "")).text(), "6");
    let counts = ["hits", "misses", "revalidations", "validated", "origin_requests"];
    assert_eq!(counts.map(|name| proxy.count(name)), [1, 2, 4, 3, 6]);
}

#[test]
fn who_asks_otherwise_gets_the_variant_that_fits() {
    let origin = numbered();
    let proxy = Proxy::before(&origin, &[]);
    let mut raw = proxy.connect();
    let mut ask = |language: &str| {
        raw.ask(&get("/vary", &format!("Accept-Language: {language}\r\n"))).text().to_owned()
    };
    assert_eq!([ask("de"), ask("en"), ask("de"), ask("en"), ask("fr")], ["1", "2", "1", "2", "3"]);
}

#[test]
fn a_change_makes_what_is_stored_invalid() {
    let origin = numbered();
    let proxy = Proxy::before(&origin, &[]);
    let mut raw = proxy.connect();
    for (method, then) in [("PUT", "3"), ("POST", "5"), ("DELETE", "7")] {
        raw.ask(&get("/fresh", ""));
        raw.ask(&format!("{method} /fresh HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na"));
        assert_eq!(raw.ask(&get("/fresh", "")).text(), then, "{method}");
        assert_eq!(raw.ask(&get("/fresh", "")).text(), then, "{method}");
    }
}

#[test]
fn what_is_one_users_is_not_given_to_another() {
    let origin = numbered();
    let proxy = Proxy::before(&origin, &[]);
    let mut raw = proxy.connect();
    for (path, fields, more) in [
        ("/private", "", ""),
        ("/fresh", "Authorization: Basic eA==\r\n", "Authorization: Basic eQ==\r\n"),
        ("/cookie", "", ""),
        ("/none", "", ""),
    ] {
        let one = raw.ask(&get(path, fields));
        let other = raw.ask(&get(path, more));
        assert_ne!(one.text(), other.text(), "{path}");
        assert_eq!(other.field("Age"), None);
    }
}

#[test]
fn what_is_stale_is_used_only_where_that_is_allowed() {
    let origin = numbered();
    let mut proxy = Proxy::before(&origin, &["--stats"]);
    let mut raw = proxy.connect();
    assert_eq!(raw.ask(&get("/if-error", "")).text(), "1");
    let stale = raw.ask(&get("/if-error", ""));
    assert_eq!((stale.status, stale.text()), (200, "1"));
    assert!(stale.field("Cache-Status").unwrap().starts_with("us;fwd=stale;fwd-status=503;ttl="));
    assert_eq!(proxy.count("stale"), 1);

    let origin = numbered();
    let proxy = Proxy::before(&origin, &[]);
    let mut raw = proxy.connect();
    assert_eq!(raw.ask(&get("/if-error-not", "")).text(), "1");
    assert_eq!(raw.ask(&get("/if-error-not", "")).status, 503);
}

#[test]
fn an_origin_that_is_gone_leaves_what_may_be_used_stale() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let once = thread::spawn(move || {
        let mut raw = Raw::over(listener.accept().unwrap().0);
        for control in ["max-age=0, stale-if-error=1000", "max-age=0"] {
            raw.until(b"\r\n\r\n").unwrap();
            let head = format!("HTTP/1.1 200 OK\r\nCache-Control: {control}\r\nContent-Length: 2\r\n\r\nok");
            raw.send(head);
        }
    });
    let proxy = Proxy::start(&["--reverse", &format!("http://{address}")]);
    let mut raw = proxy.connect();
    assert_eq!(raw.ask(&get("/a", "")).text(), "ok");
    assert_eq!(raw.ask(&get("/b", "")).text(), "ok");
    once.join().unwrap();
    assert_eq!(raw.ask(&get("/a", "")).text(), "ok");
    assert_eq!(raw.ask(&get("/b", "")).status, 502);
}

#[test]
fn what_is_used_while_it_is_revalidated_is_new_the_next_time() {
    let origin = numbered();
    let mut proxy = Proxy::before(&origin, &["--stats"]);
    let mut raw = proxy.connect();
    assert_eq!(raw.ask(&get("/while", "")).text(), "1");
    assert_eq!(raw.ask(&get("/while", "")).text(), "1");
    while proxy.count("stored") < 2 {
        thread::yield_now();
    }
    assert_eq!(raw.ask(&get("/while", "")).text(), "2");
}

#[test]
fn a_reply_cut_short_is_never_stored_as_whole() {
    let origin = Origin::new(|asked| {
        asked.says("HTTP/1.1 200 OK\r\nCache-Control: max-age=1000\r\nContent-Length: 10\r\n\r\nhalf");
        true
    });
    let mut proxy = Proxy::before(&origin, &["--stats"]);
    for _ in 0..2 {
        let mut raw = proxy.connect();
        raw.send(get("/", ""));
        assert!(raw.read_reply(false).is_err());
    }
    assert_eq!(["stored", "hits", "cut"].map(|name| proxy.count(name)), [0, 0, 2]);
    assert_eq!(origin.heads().len(), 2);
}

#[test]
fn parts_are_kept_and_put_together() {
    let origin = Origin::new(|asked| {
        let content = b"0123456789";
        let range = asked.field("Range").and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
        let fields = "ETag: \"1\"\r\nCache-Control: max-age=1000\r\n";
        match range {
            Some((first, last)) => {
                let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
                let part = &content[first..=last];
                asked.says(format!(
                    "HTTP/1.1 206 Partial Content\r\n{fields}Content-Range: bytes {first}-{last}/10\r\n\
                     Content-Length: {}\r\n\r\n",
                    part.len()
                ));
                asked.says(part);
            }
            None => asked.says(format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 10\r\n\r\n0123456789")),
        }
        false
    });
    let proxy = Proxy::before(&origin, &[]);
    let mut raw = proxy.connect();
    for (range, part, asked) in
        [("0-4", "01234", 1), ("1-3", "123", 1), ("3-6", "3456", 2), ("7-9", "789", 3), ("2-8", "2345678", 3)]
    {
        let reply = raw.ask(&get("/", &format!("Range: bytes={range}\r\n")));
        assert_eq!((reply.status, reply.text(), origin.heads().len()), (206, part, asked), "{range}");
    }
    let whole = raw.ask(&get("/", ""));
    assert_eq!((whole.status, whole.text(), origin.heads().len()), (200, "0123456789", 3));
}

#[test]
fn what_is_too_large_to_keep_goes_through_all_the_same() {
    let large = Arc::new(large());
    let sent = Arc::clone(&large);
    let origin = Origin::new(move |asked| {
        asked.says("HTTP/1.1 200 OK\r\nCache-Control: max-age=1000\r\nTransfer-Encoding: chunked\r\n\r\n");
        for run in sent.chunks(1 << 20) {
            asked.says(format!("{:x}\r\n", run.len()));
            asked.says(run);
            asked.says("\r\n");
        }
        asked.says("0\r\n\r\n");
        false
    });
    let mut proxy = Proxy::before(&origin, &["--cache-size", "4000000", "--stats"]);
    let mut raw = proxy.connect();
    for _ in 0..2 {
        assert!(raw.ask(&get("/", "")).body == *large);
    }
    assert_eq!(["stored", "origin_requests", "cache_bytes"].map(|name| proxy.count(name)), [0, 2, 0]);
}

/// An origin that answers only once it is told to, and how it is told.
fn held(answer: &'static str) -> (Origin, Sender<()>) {
    let (tell, told) = channel::<()>();
    let told = Mutex::new(told);
    let origin = Origin::new(move |asked| {
        told.lock().unwrap().recv().unwrap();
        asked.says(answer);
        false
    });
    (origin, tell)
}

/// So many clients that ask for the same at once; they are all inside before the origin may answer.
fn ask_at_once(proxy: &mut Proxy, clients: u64, tell: &Sender<()>, answers: usize) -> Vec<raw::Reply> {
    let mut asking = Vec::new();
    for _ in 0..clients {
        let mut raw = proxy.connect();
        raw.send(get("/", ""));
        asking.push(thread::spawn(move || raw.reply()));
    }
    while proxy.count("requests") < clients {
        thread::yield_now();
    }
    for _ in 0..answers {
        tell.send(()).unwrap();
    }
    asking.into_iter().map(|client| client.join().unwrap()).collect()
}

#[test]
fn a_hundred_who_ask_at_once_are_one_request_to_the_origin() {
    let (origin, tell) =
        held("HTTP/1.1 200 OK\r\nCache-Control: max-age=1000\r\nContent-Length: 2\r\n\r\nok");
    let mut proxy = Proxy::before(&origin, &["--stats"]);
    let replies = ask_at_once(&mut proxy, 100, &tell, 1);
    assert!(replies.iter().all(|reply| (reply.status, reply.text()) == (200, "ok")));
    let waited = replies.iter().filter(|reply| reply.field("Cache-Status").unwrap().ends_with(";collapsed"));
    assert_eq!(waited.count() as u64, proxy.count("collapsed"));
    assert_eq!(origin.heads().len(), 1);
    assert_eq!(["origin_requests", "misses", "stored"].map(|name| proxy.count(name)), [1, 1, 1]);
    assert_eq!(proxy.count("collapsed") + proxy.count("hits"), 99);
}

#[test]
fn who_waited_for_what_is_anothers_asks_for_its_own() {
    let (origin, tell) = held("HTTP/1.1 200 OK\r\nCache-Control: private\r\nContent-Length: 2\r\n\r\nok");
    let mut proxy = Proxy::before(&origin, &["--stats"]);
    let replies = ask_at_once(&mut proxy, 10, &tell, 10);
    assert!(replies.iter().all(|reply| reply.text() == "ok"));
    assert_eq!((origin.heads().len(), proxy.count("collapsed")), (10, 0));
}

#[test]
fn who_waits_for_an_origin_that_fails_learns_so_at_once() {
    let (origin, tell) = held("HTTP/1.1 BAD\r\n\r\n");
    let mut proxy = Proxy::before(&origin, &["--stats"]);
    let replies = ask_at_once(&mut proxy, 10, &tell, 1);
    assert!(replies.iter().all(|reply| reply.status == 502));
    assert_eq!(origin.heads().len(), 1);
}

#[test]
fn others_get_what_was_asked_for_by_one_who_went() {
    let (origin, tell) =
        held("HTTP/1.1 200 OK\r\nCache-Control: max-age=1000\r\nContent-Length: 2\r\n\r\nok");
    let mut proxy = Proxy::before(&origin, &["--stats"]);
    let mut first = proxy.connect();
    first.send(get("/", ""));
    while proxy.count("origin_requests") < 1 {
        thread::yield_now();
    }
    let mut second = proxy.connect();
    second.send(get("/", ""));
    while proxy.count("requests") < 2 {
        thread::yield_now();
    }
    first.reset();
    tell.send(()).unwrap();
    assert_eq!(second.reply().text(), "ok");
    assert_eq!(origin.heads().len(), 1);
}

#[test]
fn a_client_whose_requests_were_hits_is_served_in_everything_else_too() {
    let large = Arc::new(large()[..3_000_000].to_vec());
    let sent = Arc::clone(&large);
    let origin = Origin::new(move |asked| {
        let content = asked.content();
        let fresh = "HTTP/1.1 200 OK\r\nCache-Control: max-age=1000\r\n";
        match asked.path() {
            "/large" => {
                asked.says(format!("{fresh}Content-Length: {}\r\n\r\n", sent.len()));
                asked.says(&*sent);
            }
            "/echo" => {
                asked.says(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", content.len()));
                asked.says(content);
            }
            _ => asked.says(format!("{fresh}Content-Length: 2\r\n\r\nok")),
        }
        false
    });
    let mut proxy = Proxy::before(&origin, &["--stats"]);
    let mut raw = proxy.connect();
    for path in ["/", "/large"] {
        raw.ask(&get(path, ""));
    }
    for round in 0..3 {
        // Hits, pipelined, between them what only the origin can answer.
        raw.send(get("/", "").repeat(2) + "nonsense\r\n\r\n");
        let replies = [raw.reply(), raw.reply(), raw.reply()].map(|reply| reply.status);
        assert_eq!(replies, [200, 200, 400]);
        raw = proxy.connect();
        assert_eq!(raw.ask(&get("/", "")).text(), "ok");
        let post = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
        assert_eq!(raw.ask(post).text(), "abc");
        assert_eq!(raw.ask(&get(&format!("/new{round}"), "")).text(), "ok");
        // A slow reader of something large.
        raw.send(get("/large", "") + &get("/", ""));
        thread::sleep(Duration::from_millis(20));
        assert!(raw.reply().body == *large);
        assert_eq!(raw.reply().text(), "ok");
    }
    assert!(proxy.count("hits") >= 15);
    // Those who wait for nothing go when the server does, and at once.
    proxy.program.signal("TERM").unwrap();
    assert!(raw.is_over());
    assert!(proxy.program.wait(Duration::from_secs(9)).unwrap().success());
}

#[test]
fn a_client_that_half_closes_gets_its_answer() {
    let origin = numbered();
    let proxy = Proxy::before(&origin, &[]);
    for (path, expected) in [("/fresh", "1"), ("/fresh", "1"), ("/none", "2")] {
        let mut raw = proxy.connect();
        raw.send(get(path, ""));
        raw.half_close();
        assert_eq!(raw.reply().text(), expected, "{path}");
        assert!(raw.is_over());
    }
    // Also behind hits, where it waits for the next request elsewhere.
    let mut raw = proxy.connect();
    assert_eq!(raw.ask(&get("/fresh", "")).text(), "1");
    assert_eq!(raw.ask(&get("/fresh", "")).text(), "1");
    raw.send(get("/fresh", "") + &get("/none", ""));
    raw.half_close();
    assert_eq!((raw.reply().text(), raw.reply().text()), ("1", "3"));
    assert!(raw.is_over());
}

#[test]
fn who_stalls_is_told_so_or_cut_off() {
    let origin = Origin::new(|asked| {
        if asked.path() == "/half" {
            asked.says("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        }
        asked.line.rest().clear();
        true
    });
    let proxy = Proxy::before(&origin, &["--timeout", "0.3"]);
    let mut raw = proxy.connect();
    raw.send(get("/half", ""));
    assert!(raw.read_reply(false).is_err());
    let mut raw = proxy.connect();
    raw.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf");
    assert_eq!(raw.reply().status, 408);
    assert!(raw.is_over());
}

#[test]
fn who_waits_for_another_variant_waits_for_the_next_who_asks_for_it() {
    let (tell, told) = channel::<()>();
    let told = Mutex::new(told);
    let origin = Origin::new(move |asked| {
        told.lock().unwrap().recv().unwrap();
        let language = asked.field("Accept-Language").unwrap().to_owned();
        asked.says("HTTP/1.1 200 OK\r\nCache-Control: max-age=1000\r\nVary: Accept-Language\r\n");
        asked.says(format!("Content-Length: 2\r\n\r\n{language}"));
        false
    });
    let mut proxy = Proxy::before(&origin, &["--stats"]);
    let mut asking = Vec::new();
    for number in 0..20 {
        let mut raw = proxy.connect();
        let language = if number % 2 == 0 { "de" } else { "en" };
        raw.send(get("/", &format!("Accept-Language: {language}\r\n")));
        asking.push(thread::spawn(move || assert_eq!(raw.reply().text(), language)));
    }
    while proxy.count("requests") < 20 {
        thread::yield_now();
    }
    // They are inside; what they wait for is decided one after the other.
    for _ in 0..2 {
        tell.send(()).unwrap();
    }
    asking.into_iter().for_each(|client| client.join().unwrap());
    assert_eq!((origin.heads().len(), proxy.count("misses")), (2, 2));
}

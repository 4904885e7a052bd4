//! `http_server` and `fetch` against programs that everybody has: curl, wget, aria2, ab, h2load, wrk; nginx, lighttpd,
//! Python, squid, tinyproxy.
//!
//! Ignored unless asked for (`.ci/run system`), for they need those programs. Each test starts its servers on free ports,
//! with their configuration in a temporary folder, and stops them.

#[expect(dead_code, reason = "shared by several tests, each of which needs another part")]
mod others;
#[expect(dead_code, reason = "shared by several tests, each of which needs another part")]
mod raw;

use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use examples::program::{Program, free_place, output};
use examples::scratch::Scratch;
use others::{Other, curl, fetch, open_to_all, run_with, says, squid, status};
use raw::Raw;

const RUNTIMES: [&str; 3] = ["threads", "mio", "tokio"];

fn large() -> Vec<u8> {
    (0..5_000_000).map(|at| (at % 251) as u8).collect()
}

fn run(program: &str, args: &[&str]) -> Output {
    run_with(program, args, b"")
}

/// `http_server` over a folder of its own.
struct Site {
    program: Program,
    scratch: Scratch,
}

impl Site {
    fn start(runtime: &str, flags: &[&str]) -> Self {
        let scratch = Scratch::new().unwrap();
        scratch.write("root/a.txt", b"0123456789").unwrap();
        scratch.write("root/large.bin", &large()).unwrap();
        scratch.write("root/kb.bin", &[b'k'; 1024]).unwrap();
        let root = scratch.path().join("root");
        let mut args =
            vec!["--runtime", runtime, "--root", root.to_str().unwrap(), "--listen", "127.0.0.1:0"];
        args.extend(flags);
        Site { program: Program::start("http_server", args, 1).unwrap(), scratch }
    }

    fn address(&self) -> SocketAddr {
        self.program.address("http").unwrap()
    }

    fn url(&self, path: &str) -> String {
        match self.program.address("https") {
            Ok(address) => format!("https://{address}{path}"),
            Err(_) => format!("http://{}{path}", self.address()),
        }
    }

    fn path(&self, name: &str) -> String {
        self.scratch.path().join(name).to_str().unwrap().to_owned()
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }
}

#[test]
#[ignore = "needs curl"]
fn curl_gets_puts_deletes_and_posts() {
    for runtime in RUNTIMES {
        let site = Site::start(runtime, &["--allow-write"]);
        let file = site.path("root/large.bin");
        assert_eq!(curl(&[&site.url("/a.txt")]), "0123456789");
        assert!(curl(&["-I", &site.url("/a.txt")]).starts_with("HTTP/1.1 200 OK\r\n"));
        assert_eq!(status(&["-T", &file, &site.url("/copy.bin")]), "201");
        assert!(site.read("root/copy.bin") == large());
        let piped = run_with("curl", &["-sS", "-T", "-", &site.url("/piped.bin")], &large());
        assert!(piped.status.success());
        assert!(site.read("root/piped.bin") == large());
        assert_eq!(status(&["-X", "DELETE", &site.url("/copy.bin")]), "204");
        assert_eq!(status(&[&site.url("/copy.bin")]), "404");
        assert_eq!(curl(&["-d", "a=1", "--data-urlencode", "b=2 & 3", &site.url("/")]), "a=1\nb=2 & 3\n");
    }
}

#[test]
#[ignore = "needs curl"]
fn curl_sends_forms_with_files() {
    for runtime in RUNTIMES {
        let site = Site::start(runtime, &["--allow-write"]);
        let file = |name: &str| site.path(&format!("root/{name}"));
        let up = site.url("/up/");
        let large_one = format!("f=@{};type=text/csv", file("large.bin"));
        let small_one = format!("g=@{};filename=\"../q \\\"1\\\".txt\"", file("a.txt"));
        let text = format!("t=<{}", file("a.txt"));
        let told = curl(&["-F", "gr\u{fc}n=a;b\\c", "-F", &large_one, "-F", &small_one, "-F", &text, &up]);
        assert_eq!(told, "gr\u{fc}n=a\nf=large.bin\ng=q _1_.txt\nt=0123456789\n");
        assert!(site.read("root/up/large.bin") == large());
        assert_eq!(site.read("root/up/q _1_.txt"), b"0123456789");
        // In chunks, under the same names, which are taken.
        let chunked = ["-H", "Transfer-Encoding: chunked", "--form-string", "a=@x;y\\z"];
        let told = curl(&[&chunked[..], &["-F", &large_one, &up]].concat());
        assert_eq!(told, "a=@x;y\\z\nf=large-1.bin\n");
        assert!(site.read("root/up/large-1.bin") == large());
        for kind in ["multipart/form-data", "multipart/form-data; boundary=x"] {
            assert_eq!(status(&["-H", &format!("Content-Type: {kind}"), "-d", "--y", &up]), "400");
        }
        let many: Vec<String> = (0..300).flat_map(|n| ["-F".to_owned(), format!("n{n}=1")]).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(status(&[&many[..], &[&up]].concat()), "413");
    }
}

#[test]
#[ignore = "needs curl"]
fn curl_expects_to_continue_and_is_told_to() {
    for runtime in RUNTIMES {
        let site = Site::start(runtime, &["--allow-write", "--max-body", "10000000"]);
        let file = site.path("root/large.bin");
        let args = ["-sSv", "-H", "Expect: 100-continue", "--expect100-timeout", "60", "-T", &file];
        let output = run("curl", &[&args[..], &[&site.url("/copy.bin")]].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            said.contains("< HTTP/1.1 100 Continue") && said.contains("< HTTP/1.1 201 Created"),
            "{said}"
        );
        assert!(site.read("root/copy.bin") == large());
    }
}

#[test]
#[ignore = "needs curl"]
fn curl_asks_for_parts_and_under_conditions() {
    for runtime in RUNTIMES {
        let site = Site::start(runtime, &[]);
        let url = site.url("/a.txt");
        assert_eq!(curl(&["-r", "2-4", &url]), "234");
        let parts = curl(&["-i", "-r", "0-1,8-9", &url]);
        assert!(
            parts.contains("multipart/byteranges") && parts.contains("bytes 8-9/10\r\n\r\n89"),
            "{parts}"
        );
        let head = curl(&["-I", &url]);
        let field = |name: &str| {
            let line = head.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_once(": ").unwrap().1.trim().to_owned()
        };
        assert_eq!(status(&["-z", &field("Last-Modified"), &url]), "304");
        assert_eq!(status(&["-z", "Thu, 01 Jan 1970 00:00:00 GMT", &url]), "200");
        assert_eq!(status(&["-H", &format!("If-None-Match: {}", field("ETag")), &url]), "304");
        assert_eq!(status(&["-H", "If-None-Match: \"other\"", &url]), "200");
        assert_eq!(curl(&["--http1.0", &url]), "0123456789");
    }
}

#[test]
#[ignore = "needs curl"]
fn curl_asks_a_thousand_times_over_one_connection() {
    for runtime in RUNTIMES {
        let site = Site::start(runtime, &[]);
        let urls = format!("{}?[1-1000]", site.url("/a.txt"));
        let out = curl(&["-w", "%{num_connects}\n", "-o", "/dev/null", &urls]);
        let connects: u32 = out.lines().map(|line| line.parse::<u32>().unwrap()).sum();
        assert_eq!((out.lines().count(), connects), (1000, 1), "{runtime}");
    }
}

#[test]
#[ignore = "needs curl and openssl"]
fn curl_speaks_tls_and_the_proxy_protocol() {
    let keys = Scratch::new().unwrap();
    let (cert, key) = (keys.path().join("cert.pem"), keys.path().join("key.pem"));
    let (cert, key) = (cert.to_str().unwrap(), key.to_str().unwrap());
    says(
        "openssl",
        &[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            key,
            "-out",
            cert,
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
        ],
    );
    for runtime in RUNTIMES {
        let site = Site::start(runtime, &["--tls-cert", cert, "--tls-key", key, "--allow-write"]);
        assert_eq!(curl(&["-k", &site.url("/a.txt")]), "0123456789");
        let out = site.path("out");
        curl(&["-k", "-o", &out, &site.url("/large.bin")]);
        assert!(site.read("out") == large(), "{runtime}");
        curl(&["-k", "-T", &out, &site.url("/up.bin")]);
        assert!(site.read("root/up.bin") == large(), "{runtime}");
        let site = Site::start(runtime, &["--proxy-protocol"]);
        assert_eq!(curl(&["--haproxy-protocol", &site.url("/a.txt")]), "0123456789");
        let site = Site::start(runtime, &["--proxy-protocol", "--tls-cert", cert, "--tls-key", key]);
        assert_eq!(curl(&["-k", "--haproxy-protocol", &site.url("/a.txt")]), "0123456789");
    }
}

#[test]
#[ignore = "needs wget and aria2"]
fn wget_resumes_and_aria2_takes_it_in_pieces() {
    for runtime in RUNTIMES {
        let site = Site::start(runtime, &[]);
        let (part, whole) = (site.path("part"), site.path("whole"));
        std::fs::write(&part, &large()[..1_234_567]).unwrap();
        says("wget", &["-q", "-c", "-O", &part, &site.url("/large.bin")]);
        assert!(site.read("part") == large(), "{runtime}");
        let folder = site.scratch.path().to_str().unwrap();
        let args = ["-q", "-x8", "-k1M", "--min-split-size=1M", "-d", folder, "-o", "whole"];
        says("aria2c", &[&args[..], &[&site.url("/large.bin")]].concat());
        assert!(std::fs::read(&whole).unwrap() == large(), "{runtime}");
    }
}

#[test]
#[ignore = "needs ab, h2load and wrk"]
fn load_generators_see_no_failure() {
    for runtime in RUNTIMES {
        let site = Site::start(runtime, &[]);
        let url = site.url("/kb.bin");
        let report = says("ab", &["-q", "-k", "-n", "5000", "-c", "20", &url]);
        assert!(report.contains("Failed requests:        0\n"), "{report}");
        assert!(report.contains("Keep-Alive requests:    5000\n"), "{report}");
        let report = says("h2load", &["--h1", "-n", "5000", "-c", "20", "-m", "8", &url]);
        assert!(report.contains("5000 succeeded, 0 failed, 0 errored, 0 timeout"), "{report}");
        let report = says("wrk", &["-t1", "-c50", "-d1", &url]);
        assert!(!report.contains("Socket errors") && !report.contains("Non-2xx"), "{report}");
    }
}

/// A request that comes byte by byte, a byte a second.
fn crawl(address: SocketAddr, until: Instant) {
    let mut raw = Raw::connect(address);
    for byte in "GET /a.txt HTTP/1.1\r\nHost: x\r\nX: ".bytes().chain(std::iter::repeat(b'x')) {
        if raw.try_send([byte]).is_err() || Instant::now() > until {
            return;
        }
        thread::sleep(Duration::from_secs(1));
    }
}

#[test]
#[ignore = "needs curl"]
fn two_hundred_slow_clients_keep_nobody_waiting() {
    for runtime in RUNTIMES {
        let site = Site::start(runtime, &["--head-timeout", "5"]);
        let (address, until) = (site.address(), Instant::now() + Duration::from_secs(3));
        let slow: Vec<_> = (0..200).map(|_| thread::spawn(move || crawl(address, until))).collect();
        let start = Instant::now();
        for _ in 0..100 {
            assert_eq!(curl(&[&site.url("/a.txt")]), "0123456789");
        }
        // Each curl is a process of its own: what is compared with is a second per request.
        assert!(start.elapsed() < Duration::from_secs(50), "{runtime}: {:?}", start.elapsed());
        slow.into_iter().for_each(|client| client.join().unwrap());
    }
}

#[test]
#[ignore = "takes many descriptors"]
fn ten_times_the_connections_allowed_are_refused_cleanly() {
    for runtime in RUNTIMES {
        let site = Site::start(runtime, &["--max-connections", "50"]);
        let mut inside: Vec<Raw> = (0..50).map(|_| Raw::connect(site.address())).collect();
        let ask = "GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n";
        for raw in &mut inside {
            assert_eq!(raw.ask(ask).status, 200);
        }
        let (mut told, mut hung_up) = (0, 0);
        let outside: Vec<Raw> = (0..450).map(|_| Raw::connect(site.address())).collect();
        for mut raw in outside {
            // Each is either told, or hung up on; nobody hangs.
            match raw.read_reply(false) {
                Ok(reply) => {
                    assert_eq!(reply.status, 503);
                    told += 1;
                }
                Err(_) => hung_up += 1,
            }
        }
        assert!(told >= 100, "{runtime}: {told} were told, {hung_up} not");
        for raw in &mut inside {
            assert_eq!(raw.ask(ask).status, 200, "{runtime}");
        }
    }
}

#[test]
#[ignore = "needs wrk"]
fn a_signal_under_load_loses_no_accepted_request() {
    for runtime in RUNTIMES {
        let mut site = Site::start(runtime, &[]);
        let url = site.url("/kb.bin");
        let wrk = Command::new("wrk")
            .args(["-t1", "-c50", "-d4", &url])
            .stdout(Stdio::piped())
            .spawn()
            .expect("wrk; .ci/run install");
        // Beside it some clients who count for themselves.
        let address = site.address();
        let counting: Vec<_> = (0..8).map(|_| thread::spawn(move || ask_until_closed(address))).collect();
        thread::sleep(Duration::from_secs(2));
        site.program.terminate().unwrap();
        assert!(site.program.wait(Duration::from_secs(30)).unwrap().success(), "{runtime}");
        let (mut answered, mut lost) = (0, 0);
        for client in counting {
            let (yes, no) = client.join().unwrap();
            answered += yes;
            lost += no;
        }
        assert!(answered > 0, "{runtime}");
        assert_eq!(lost, 0, "{runtime}: of {answered}");
        let report = String::from_utf8(wrk.wait_with_output().unwrap().stdout).unwrap();
        assert!(!report.contains("Non-2xx"), "{report}");
    }
}

/// Asks until the server says that it was the last time, on connection after connection. How many requests were answered
/// in full, and how many of those that the server had accepted were not.
fn ask_until_closed(address: SocketAddr) -> (u32, u32) {
    let mut answered = 0;
    while let Ok(stream) = TcpStream::connect(address) {
        let mut raw = Raw::over(stream);
        loop {
            if raw.try_send("GET /kb.bin HTTP/1.1\r\nHost: x\r\n\r\n").is_err() {
                break;
            }
            match raw.read_reply(false) {
                Ok(reply) if reply.body == [b'k'; 1024] => answered += 1,
                Ok(_) => return (answered, 1),
                // Hung up between two requests, before this one was accepted: not a byte of an answer.
                Err(_) if raw.is_fresh() => break,
                Err(_) => return (answered, 1),
            }
        }
    }
    (answered, 0)
}

/// A folder that servers with fewer rights can read, with things to fetch.
fn folder() -> (Scratch, String) {
    let scratch = Scratch::new().unwrap();
    for name in ["a.txt", "large.bin", "sub/index.html", "up/x"] {
        let content = if name == "large.bin" { large() } else { name.as_bytes().to_vec() };
        scratch.write(&format!("root/{name}"), &content).unwrap();
    }
    open_to_all(&scratch, &["", "root", "root/sub", "root/up"]);
    let path = scratch.path().to_str().unwrap().to_owned();
    (scratch, path)
}

fn nginx(folder: &str) -> Other {
    let port = free_place().unwrap().port();
    let config = format!(
        "daemon off; pid {folder}/pid; error_log {folder}/log; worker_processes 1; events {{}}
         http {{
           access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/p;
           fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
           server {{
             listen 127.0.0.1:{port}; root {folder}/root; client_max_body_size 100m;
             location / {{ }}
             location /up/ {{ dav_methods PUT DELETE; }}
             location = /away {{ return 302 /a.txt; }}
             location = /set {{ add_header Set-Cookie 'sid=42; Path=/'; return 204; }}
             location = /cookies {{ return 200 $http_cookie; }}
           }}
         }}"
    );
    std::fs::write(format!("{folder}/nginx.conf"), config).unwrap();
    Other::start("nginx", &["-p", folder, "-c", &format!("{folder}/nginx.conf")], port)
}

fn lighttpd(folder: &str) -> Other {
    let port = free_place().unwrap().port();
    let config = format!(
        "server.document-root = \"{folder}/root\"\nserver.port = {port}\nserver.bind = \"127.0.0.1\"\n
         server.upload-dirs = ( \"{folder}\" )\nindex-file.names = ( \"index.html\" )\n
         mimetype.assign = ( \"\" => \"application/octet-stream\" )\n"
    );
    std::fs::write(format!("{folder}/lighttpd.conf"), config).unwrap();
    Other::start("lighttpd", &["-D", "-f", &format!("{folder}/lighttpd.conf")], port)
}

fn python(folder: &str) -> Other {
    let port = free_place().unwrap().port();
    let root = format!("{folder}/root");
    let args = ["-m", "http.server", "--bind", "127.0.0.1", "--directory", &root, &port.to_string()];
    Other::start("python3", &args, port)
}

#[test]
#[ignore = "needs nginx, lighttpd and python3"]
fn fetch_downloads_from_anybody_and_resumes() {
    let (scratch, folder) = folder();
    for (server, ranges) in [(nginx(&folder), true), (lighttpd(&folder), true), (python(&folder), false)] {
        let out = scratch.path().join("out");
        let name = out.to_str().unwrap();
        assert_eq!(fetch(&[&server.url("/a.txt")]), "a.txt");
        fetch(&["-s", "-o", name, &server.url("/large.bin")]);
        assert!(std::fs::read(&out).unwrap() == large());
        std::fs::write(&out, &large()[..3_000_000]).unwrap();
        let size = fetch(&["-s", "-C", "-", "-o", name, "-w", "%{size_download}", &server.url("/large.bin")]);
        assert!(std::fs::read(&out).unwrap() == large());
        // Python's server knows no ranges: then it is the whole again.
        assert_eq!(size, if ranges { "2000000" } else { "5000000" });
        assert_eq!(fetch(&["-s", "-L", &server.url("/sub")]), "sub/index.html");
        let two = [server.url("/a.txt"), server.url("/a.txt")];
        assert!(fetch(&["-s", "-w", " %{num_connects} ", &two[0], &two[1]]).starts_with("a.txt 1 a.txt"));
        let code = fetch(&["-s", "-o", "/dev/null", "-w", "%{http_code}", &server.url("/none")]);
        assert_eq!(code, "404");
        std::fs::remove_file(&out).unwrap();
    }
}

#[test]
#[ignore = "needs nginx"]
fn fetch_uploads_follows_and_keeps_cookies_with_nginx() {
    let (scratch, folder) = folder();
    let server = nginx(&folder);
    let code = ["-s", "-o", "/dev/null", "-w", "%{http_code}"];
    let status = |args: &[&str]| fetch(&[&code, args].concat());
    let from = format!("{folder}/root/large.bin");
    assert_eq!(status(&["-T", &from, &server.url("/up/copy.bin")]), "201");
    assert!(std::fs::read(scratch.path().join("root/up/copy.bin")).unwrap() == large());
    assert_eq!(status(&["-X", "DELETE", &server.url("/up/copy.bin")]), "204");
    let piped = output("fetch", ["-s", "-T", "-", &server.url("/up/piped.bin")], &large()).unwrap();
    assert!(piped.status.success());
    assert!(std::fs::read(scratch.path().join("root/up/piped.bin")).unwrap() == large());
    assert_eq!(fetch(&["-L", &server.url("/away")]), "a.txt");
    let jar = format!("{folder}/jar");
    assert_eq!(fetch(&["-c", &jar, &server.url("/set"), &server.url("/cookies")]), "sid=42");
    assert_eq!(fetch(&["-b", &jar, &server.url("/cookies")]), "sid=42");
    assert_eq!(fetch(&["-b", "a=1; b=2", &server.url("/cookies")]), "a=1; b=2");
}

#[test]
#[ignore = "needs squid and tinyproxy"]
fn fetch_goes_through_proxies_in_clear_and_by_tunnel() {
    let keys = Scratch::new().unwrap();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let cert = keys.write("cert.pem", made.cert.pem().as_bytes()).unwrap();
    let key = keys.write("key.pem", made.signing_key.serialize_pem().as_bytes()).unwrap();
    let (cert, key) = (cert.to_str().unwrap(), key.to_str().unwrap());
    let clear = Site::start("mio", &[]);
    let secure = Site::start("mio", &["--tls-cert", cert, "--tls-key", key]);
    let secure_port = secure.program.address("https").unwrap().port();
    let (_scratch, folder) = folder();
    for proxy in [squid(&folder, free_place().unwrap().port()), tinyproxy(&folder, secure_port)] {
        let at = proxy.proxy();
        assert_eq!(fetch(&["-s", "-x", &at, &clear.url("/a.txt")]), "0123456789");
        assert_eq!(fetch(&["-s", "-x", &at, "--cacert", cert, &secure.url("/a.txt")]), "0123456789");
        let out = format!("{folder}/out");
        fetch(&["-s", "-x", &at, "--cacert", cert, "-o", &out, &secure.url("/large.bin")]);
        assert!(std::fs::read(&out).unwrap() == large());
    }
}

fn tinyproxy(folder: &str, tunnel_to: u16) -> Other {
    let port = free_place().unwrap().port();
    let config =
        format!("Port {port}\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 60\nConnectPort {tunnel_to}\n");
    std::fs::write(format!("{folder}/tinyproxy.conf"), config).unwrap();
    Other::start("tinyproxy", &["-d", "-c", &format!("{folder}/tinyproxy.conf")], port)
}

//! `fetch` as its users see it: against `http_server`, and against servers by hand that do what no good server does.

#[expect(dead_code, reason = "shared by several tests, each of which needs another part")]
mod raw;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Output;
use std::thread::JoinHandle;

use examples::program::{Program, output};
use examples::scratch::Scratch;
use http1::auth::digest::{Algorithm, Challenge, Credentials, Hash, Qop, Request, User};
use raw::Raw;

fn fetch(args: &[&str]) -> Output {
    output("fetch", args, b"").unwrap()
}

fn text(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn succeeds(args: &[&str]) -> String {
    let output = fetch(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    text(&output).to_owned()
}

/// It fails with exit code 1 and a sentence.
fn fails(args: &[&str]) -> Output {
    let output = fetch(args);
    assert_eq!(output.status.code(), Some(1), "{args:?}");
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("fetch: "), "{args:?}");
    output
}

/// Larger than any buffer on the way.
fn large() -> Vec<u8> {
    (0..5_000_000).map(|at| (at % 251) as u8).collect()
}

struct Site {
    program: Program,
    scratch: Scratch,
}

impl Site {
    fn start(flags: &[&str]) -> Self {
        let scratch = Scratch::new().unwrap();
        scratch.write("root/a.txt", b"0123456789").unwrap();
        scratch.write("root/large.bin", &large()).unwrap();
        scratch.write("root/b/index.html", b"b").unwrap();
        let root = scratch.path().join("root");
        let mut args = vec!["--root", root.to_str().unwrap(), "--listen", "127.0.0.1:0", "--allow-write"];
        args.extend(flags);
        Site { program: Program::start("http_server", args, 1).unwrap(), scratch }
    }

    fn url(&self, path: &str) -> String {
        let scheme = if self.program.address("https").is_ok() { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.program.address(scheme).unwrap())
    }

    /// A path among the temporary files.
    fn path(&self, name: &str) -> String {
        self.scratch.path().join(name).to_str().unwrap().to_owned()
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }
}

/// A server by hand: for each connection its replies, one per request; then it hangs up. Returns the requests' heads and
/// what followed them.
struct Script {
    address: SocketAddr,
    thread: JoinHandle<Vec<String>>,
}

impl Script {
    fn new(connections: &[&[&str]]) -> Self {
        let connections: Vec<Vec<Vec<u8>>> = connections
            .iter()
            .map(|replies| replies.iter().map(|reply| reply.as_bytes().to_vec()).collect())
            .collect();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let thread = std::thread::spawn(move || {
            let mut requests = Vec::new();
            for replies in connections {
                let (stream, _) = listener.accept().unwrap();
                let mut raw = Raw::over(stream);
                for reply in replies {
                    let Ok(head) = raw.until(b"\r\n\r\n") else { break };
                    let head = String::from_utf8(head).unwrap();
                    let length =
                        head.split("\r\nContent-Length: ").nth(1).and_then(|rest| rest.lines().next());
                    let body = raw.take(length.map_or(0, |length| length.parse().unwrap())).unwrap();
                    requests.push(head + std::str::from_utf8(&body).unwrap());
                    let _ = raw.try_send(&reply);
                }
                raw.half_close();
                let rest = raw.rest();
                if let Some(last) = requests.last_mut() {
                    last.push_str(&String::from_utf8_lossy(&rest));
                }
            }
            requests
        });
        Script { address, thread }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn requests(self) -> Vec<String> {
        self.thread.join().unwrap()
    }
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn content_goes_to_standard_output_or_a_file() {
    let site = Site::start(&[]);
    let (one, two) = (site.path("one"), site.path("two"));
    assert_eq!(succeeds(&[&site.url("/a.txt")]), "0123456789");
    assert_eq!(succeeds(&["-o", &one, &site.url("/large.bin"), "-o", &two, &site.url("/a.txt")]), "");
    assert!(site.read("one") == large());
    assert_eq!(site.read("two"), b"0123456789");
    // Without a scheme it is http.
    let bare = site.url("/a.txt");
    assert_eq!(succeeds(&[bare.strip_prefix("http://").unwrap()]), "0123456789");
}

#[test]
fn a_file_is_named_as_the_url_ends() {
    let site = Site::start(&[]);
    let program = examples::program::path("fetch").unwrap();
    let here = site.scratch.path();
    let run = |url: &str| {
        std::process::Command::new(&program).args(["-s", "-O", url]).current_dir(here).status().unwrap()
    };
    assert!(run(&site.url("/a.txt?x=/y")).success());
    assert_eq!(site.read("a.txt"), b"0123456789");
    assert_eq!(run(&site.url("/")).code(), Some(1));
}

#[test]
fn heads_are_shown_when_asked_for() {
    let site = Site::start(&[]);
    let head = succeeds(&["-I", &site.url("/a.txt")]);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    let both = succeeds(&["-i", &site.url("/a.txt")]);
    assert!(both.starts_with("HTTP/1.1 200 OK\r\n") && both.ends_with("\r\n\r\n0123456789"));
    let output = fetch(&["-v", &site.url("/a.txt")]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("> GET /a.txt HTTP/1.1\n") && said.contains("< HTTP/1.1 200 OK\n"), "{said}");
}

#[test]
fn one_connection_serves_several_urls() {
    let site = Site::start(&[]);
    let format = "%{http_code} %{num_connects} %{size_download} %{url_effective}\\n";
    let (a, none) = (site.url("/a.txt"), site.url("/none"));
    let out = succeeds(&["-s", "-o", "/dev/null", "-o", "/dev/null", "-w", format, &a, &none]);
    assert_eq!(out, format!("200 1 10 {a}\n404 0 14 {none}\n"));
}

#[test]
fn parts_and_conditions_are_asked_for() {
    let site = Site::start(&[]);
    let url = site.url("/a.txt");
    assert_eq!(succeeds(&["-r", "2-4", &url]), "234");
    assert!(succeeds(&["-r", "0-1,8-", &url]).contains("Content-Range: bytes 8-9/10\r\n\r\n89"));
    let (kept, out) = (site.path("root/a.txt"), site.path("out"));
    std::fs::write(&out, "untouched").unwrap();
    assert_eq!(succeeds(&["-z", &kept, "-o", &out, "-w", "%{http_code}", &url]), "304");
    assert_eq!(site.read("out"), b"untouched");
    assert_eq!(succeeds(&["-z", "2001-01-01", &url]), "0123456789");
    assert_eq!(succeeds(&["-z", "-2001-01-01", "-o", "/dev/null", "-w", "%{http_code}", &url]), "412");
}

#[test]
fn things_are_sent() {
    let site = Site::start(&[]);
    let file = site.scratch.write("up.txt", b"from a file\n").unwrap();
    let file = file.to_str().unwrap();
    assert_eq!(succeeds(&["-d", "a=1", "-d", "b=%32", &site.url("/")]), "a=1\nb=2\n");
    assert_eq!(succeeds(&["-d", &format!("@{file}"), &site.url("/")]), "from a file=\n");
    succeeds(&["-T", file, &site.url("/")]);
    assert_eq!(site.read("root/up.txt"), b"from a file\n");
    let piped = output("fetch", ["-T", "-", &site.url("/piped.bin")], &large()).unwrap();
    assert!(piped.status.success());
    assert!(site.read("root/piped.bin") == large());
    // HTTP/1.0 knows no chunks.
    let old = output("fetch", ["--http1.0", "-T", "-", &site.url("/old.bin")], &large()).unwrap();
    assert!(old.status.success());
    assert!(site.read("root/old.bin") == large());
    succeeds(&["-X", "DELETE", &site.url("/up.txt")]);
    assert!(!site.scratch.path().join("root/up.txt").exists());
}

#[test]
fn a_large_file_is_sent_after_permission() {
    let site = Site::start(&[]);
    let from = site.path("root/large.bin");
    let output = fetch(&["-v", "-T", &from, &site.url("/copy.bin")]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("> Expect: 100-continue\n") && said.contains("< HTTP/1.1 100 Continue\n"),
        "{said}"
    );
    assert!(site.read("root/copy.bin") == large());
    // A server that never gives it gets the content all the same, after a second.
    let reply = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let mut raw = Raw::over(silent.accept().unwrap().0);
        let head = String::from_utf8(raw.until(b"\r\n\r\n").unwrap()).unwrap();
        let body = raw.take(large().len()).unwrap();
        raw.send(reply);
        (head, body)
    });
    succeeds(&["-T", &from, &url]);
    let (head, body) = thread.join().unwrap();
    assert!(head.contains("\r\nExpect: 100-continue\r\n"));
    assert!(body == large());
}

#[test]
fn a_form_has_its_parts() {
    let site = Site::start(&["--echo"]);
    let file = site.scratch.write("pic.png", b"not really").unwrap();
    let file = format!("f=@{};filename=other.png", file.to_str().unwrap());
    let url = site.url("/");
    let echoed = succeeds(&["-F", "a=1;2", "-F", &file, "-F", "t=x;type=text/csv", &url]);
    let boundary = echoed.lines().next().unwrap();
    let expected = format!(
        "{boundary}\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1;2\r\n\
         {boundary}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"other.png\"\r\n\
         Content-Type: image/png\r\n\r\nnot really\r\n\
         {boundary}\r\nContent-Disposition: form-data; name=\"t\"\r\nContent-Type: text/csv\r\n\r\nx\r\n\
         {boundary}--\r\n"
    );
    assert_eq!(echoed, expected);
}

#[test]
fn a_form_brings_its_files_to_the_server() {
    let site = Site::start(&[]);
    let large_one = format!("f=@{};type=application/x-thing", site.path("root/large.bin"));
    let small_one = format!("g=@{};filename=gr\u{fc}n \\ \"1\".txt", site.path("root/a.txt"));
    let text = format!("t=<{}", site.path("root/a.txt"));
    let url = site.url("/b/");
    let told = succeeds(&["-F", "a\"1\"=x\\y", "-F", &large_one, "-F", &small_one, "-F", &text, &url]);
    assert_eq!(told, "a\"1\"=x\\y\nf=large.bin\ng=_1_.txt\nt=0123456789\n");
    assert!(site.read("root/b/large.bin") == large());
    assert_eq!(site.read("root/b/_1_.txt"), b"0123456789");
}

#[test]
fn a_download_is_resumed_and_comes_out_whole() {
    let site = Site::start(&[]);
    let out = site.path("out");
    let url = site.url("/large.bin");
    let format = "%{http_code} %{size_download}";
    std::fs::write(&out, &large()[..3_000_000]).unwrap();
    assert_eq!(succeeds(&["-s", "-C", "-", "-o", &out, "-w", format, &url]), "206 2000000");
    assert!(site.read("out") == large());
    // There is nothing left to be fetched.
    assert_eq!(succeeds(&["-s", "-C", "-o", &out, "-w", format, &url]), "416 0");
    assert!(site.read("out") == large());
    // What was written before the server's version changed is no part of it.
    std::fs::write(&out, "older").unwrap();
    let past = std::time::SystemTime::now() - std::time::Duration::from_secs(1_000_000);
    std::fs::File::options().write(true).open(&out).unwrap().set_modified(past).unwrap();
    assert_eq!(succeeds(&["-s", "-C", "-", "-o", &out, "-w", format, &url]), "200 5000000");
    assert!(site.read("out") == large());
}

#[test]
fn a_broken_download_is_kept_with_what_it_takes_to_go_on() {
    let scratch = Scratch::new().unwrap();
    let out = scratch.path().join("out");
    let name = out.to_str().unwrap();
    let script = Script::new(&[
        &["HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 10\r\n\r\n01234"],
        &[
            "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes 5-9/10\r\nContent-Length: 5\r\n\r\n56789",
        ],
    ]);
    let url = script.url("/");
    fails(&["-C", "-", "-o", name, &url]);
    assert_eq!(std::fs::read(&out).unwrap(), b"01234");
    succeeds(&["-s", "-C", "-", "-o", name, &url]);
    assert_eq!(std::fs::read(&out).unwrap(), b"0123456789");
    let requests = script.requests();
    assert!(!requests[0].contains("Range"));
    assert!(requests[1].contains("\r\nRange: bytes=5-\r\nIf-Range: \"v1\"\r\n"), "{}", requests[1]);
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 1, "nothing else is left");
}

#[test]
fn a_part_of_another_version_is_never_put_behind_ours() {
    for answer in [
        // Another version, though it was not asked for.
        "HTTP/1.1 206 Partial Content\r\nETag: \"v2\"\r\nContent-Range: bytes 5-9/10\r\nContent-Length: 5\r\n\r\nxxxxx",
        // Another part.
        "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes 6-9/10\r\nContent-Length: 4\r\n\r\nxxxx",
        "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Length: 4\r\n\r\nxxxx",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nxxxx",
    ] {
        let scratch = Scratch::new().unwrap();
        let out = scratch.path().join("out");
        let name = out.to_str().unwrap();
        let script = Script::new(&[
            &["HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 10\r\n\r\n01234"],
            &[answer],
        ]);
        let url = script.url("/");
        fails(&["-C", "-", "-o", name, &url]);
        fails(&["-C", "-", "-o", name, &url]);
        assert_eq!(std::fs::read(&out).unwrap(), b"01234", "{answer}");
    }
}

#[test]
fn a_response_that_lies_is_an_error_and_leaves_no_file() {
    let head = "HTTP/1.1 200 OK\r\n";
    let table: &[(&str, String)] = &[
        ("cut short", format!("{head}Content-Length: 10\r\n\r\n01234")),
        ("cut in a chunk", format!("{head}Transfer-Encoding: chunked\r\n\r\n5\r\n012")),
        ("no last chunk", format!("{head}Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n")),
        ("a bad chunk size", format!("{head}Transfer-Encoding: chunked\r\n\r\n5x\r\n01234\r\n0\r\n\r\n")),
        (
            "no line end behind a chunk",
            format!("{head}Transfer-Encoding: chunked\r\n\r\n5\r\n01234xx0\r\n\r\n"),
        ),
        ("lengths that differ", format!("{head}Content-Length: 5\r\nContent-Length: 6\r\n\r\n012345")),
        ("a length that is none", format!("{head}Content-Length: five\r\n\r\n01234")),
        ("a control character", format!("{head}X: a\0b\r\nContent-Length: 1\r\n\r\n0")),
        ("bare line feeds", "HTTP/1.1 200 OK\nContent-Length: 1\n\n0".to_owned()),
        ("another protocol", "SSH-2.0-OpenSSH_9.9\r\n".to_owned()),
        ("no version", "01234\r\n".to_owned()),
        ("a status that is none", "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n".to_owned()),
        (
            "a switch that nobody asked for",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n".to_owned(),
        ),
        ("a flood of interim responses", "HTTP/1.1 100 Continue\r\n\r\n".repeat(1000)),
        ("nothing", String::new()),
        ("half a head", "HTTP/1.1 200 OK\r\nContent-Le".to_owned()),
    ];
    for (what, reply) in table {
        let scratch = Scratch::new().unwrap();
        let out = scratch.path().join("out");
        let script = Script::new(&[&[reply]]);
        fails(&["-o", out.to_str().unwrap(), &script.url("/")]);
        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0, "{what}");
        script.requests();
    }
}

#[test]
fn odd_responses_are_understood_as_they_are_meant() {
    let head = "HTTP/1.1 200 OK\r\n";
    for (reply, body) in [
        (format!("{head}\r\nuntil the end"), "until the end"),
        (format!("{head}Connection: close\r\nContent-Length: 5\r\n\r\n01234 and more"), "01234"),
        (
            format!(
                "{head}Transfer-Encoding: chunked\r\n\r\n2;x=\"y\"\r\n01\r\n3\r\n234\r\n0\r\nT: 1\r\n\r\n"
            ),
            "01234",
        ),
        (
            format!("{head}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n0\r\n\r\n"),
            "01234",
        ),
        (format!("{head}Content-Length: 5, 5\r\n\r\n01234"), "01234"),
        (format!("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n{head}Content-Length: 1\r\n\r\n0"), "0"),
        ("HTTP/1.0 200\r\n\r\nold".to_owned(), "old"),
        (format!("{head}X: folded\r\n  line\r\nContent-Length: 1\r\n\r\n0"), "0"),
        ("HTTP/1.1 204 No Content\r\n\r\n".to_owned(), ""),
    ] {
        let script = Script::new(&[&[&reply]]);
        assert_eq!(succeeds(&[&script.url("/")]), body, "{reply}");
        script.requests();
    }
}

#[test]
fn redirections_are_followed_if_asked_to() {
    let site = Site::start(&[]);
    let url = site.url("/b");
    assert_eq!(
        succeeds(&["-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", &url]),
        format!("301 {url}/")
    );
    let format = "%{http_code} %{url_effective} %{num_connects} %{num_redirects}";
    assert_eq!(succeeds(&["-s", "-L", "-w", format, &url]), format!("b200 {url}/ 1 1"));
}

#[test]
fn a_redirection_changes_the_method_as_it_must() {
    let see_other = "HTTP/1.1 303 See Other\r\nLocation: /done\r\nContent-Length: 0\r\n\r\n";
    let again = "HTTP/1.1 307 Temporary Redirect\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n";
    let script = Script::new(&[&[again, see_other, &ok("done")]]);
    assert_eq!(succeeds(&["-L", "-d", "a=1", &script.url("/")]), "done");
    let requests = script.requests();
    let begins = |at: usize, line: &str| requests[at].starts_with(&format!("{line} HTTP/1.1\r\n"));
    assert!(begins(0, "POST /") && requests[0].ends_with("\r\n\r\na=1"));
    assert!(begins(1, "POST /again") && requests[1].ends_with("\r\n\r\na=1"));
    assert!(begins(2, "GET /done") && !requests[2].contains("Content-"));
}

#[test]
fn a_circle_of_redirections_has_an_end() {
    let round = "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n";
    let script = Script::new(&[&[round; 4]]);
    fails(&["-L", "--max-redirs", "3", &script.url("/")]);
    assert_eq!(script.requests().len(), 4);
}

#[test]
fn what_proves_who_we_are_stays_with_whom_it_was_meant_for() {
    let other = Script::new(&[&[&ok("there")]]);
    let away = format!("HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", other.url("/x"));
    let here = Script::new(&[&[&away]]);
    let args = ["-L", "-u", "me:secret", "-b", "sid=1", "-H", "Authorization2: kept", &here.url("/")];
    assert_eq!(succeeds(&args), "there");
    let (here, other) = (here.requests(), other.requests());
    assert!(
        here[0].contains("\r\nAuthorization: Basic bWU6c2VjcmV0\r\n")
            && here[0].contains("\r\nCookie: sid=1\r\n")
    );
    assert!(!other[0].contains("secret") && !other[0].contains("Basic") && !other[0].contains("Cookie"));
    assert!(other[0].contains("\r\nAuthorization2: kept\r\n"));
}

#[test]
fn a_challenge_is_answered_by_digest_and_the_password_never_shown() {
    let challenge = |nonce: &str, stale: &str| {
        let fields = format!(
            "WWW-Authenticate: Basic realm=\"x\", Digest realm=\"a room\", nonce=\"{nonce}\", qop=\"auth\"{stale}"
        );
        format!("HTTP/1.1 401 Unauthorized\r\n{fields}\r\nContent-Length: 3\r\n\r\nwho")
    };
    let (first, stale, no) = (challenge("one", ""), challenge("two", ", stale=true"), challenge("three", ""));
    let away = "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n";
    let script = Script::new(&[&[&first, &stale, away, &first, &ok("in")]]);
    let args = ["--digest", "-u", "me:secret", "-L", "-d", "a=1", "-w", " %{http_code} %{num_redirects}"];
    assert_eq!(succeeds(&[&args[..], &[&script.url("/a?b")]].concat()), "in 200 1");
    let requests = script.requests();
    let user = User { name: "me", password: "secret" };
    for (at, method, uri, nonce) in
        [(1, "POST", "/a?b", "one"), (2, "POST", "/a?b", "two"), (4, "GET", "/there", "one")]
    {
        let shown = requests[at].split("\r\nAuthorization: ").nth(1).unwrap().split("\r\n").next().unwrap();
        // RFC 7616 section 3.3: "If not present, it is assumed to be MD5".
        let md5 = Algorithm { hash: Hash::Md5, is_session: false };
        let asked = Challenge::new("a room", nonce).unwrap().with_algorithm(md5).with_qops(&[Qop::Auth]);
        let request = Request { method, uri, body: None };
        Credentials::parse(shown.as_bytes()).unwrap().verify(&asked, &request, &user).unwrap();
    }
    assert!([0, 3].iter().all(|&at| !requests[at].contains("Authorization")));
    assert!(requests.iter().all(|request| !request.contains("secret") && !request.contains("Basic")));
    assert!(requests[..3].iter().all(|request| request.ends_with("\r\n\r\na=1")));
    // The same again means no.
    let script = Script::new(&[&[&first, &no]]);
    assert_eq!(
        succeeds(&["--digest", "-u", "me:secret", "-w", " %{http_code}", &script.url("/")]),
        "who 401"
    );
    script.requests();
}

#[test]
fn a_redirection_to_a_file_is_refused() {
    let away = "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n";
    let script = Script::new(&[&[away]]);
    fails(&["-L", &script.url("/")]);
    script.requests();
}

#[test]
fn cookies_are_kept_and_sent_again() {
    let scratch = Scratch::new().unwrap();
    let jar = scratch.path().join("jar");
    let jar = jar.to_str().unwrap();
    let set = "HTTP/1.1 200 OK\r\nSet-Cookie: sid=42; Path=/\r\nSet-Cookie: old=1; Max-Age=0\r\nContent-Length: 0\r\n\r\n";
    let script = Script::new(&[&[set, &ok("")], &[&ok("")]]);
    let url = script.url("/");
    succeeds(&["-b", "none", "-c", jar, &url, &url]);
    succeeds(&["-b", jar, &url]);
    let requests = script.requests();
    assert!(!requests[0].contains("Cookie"));
    assert!(requests[1].contains("\r\nCookie: sid=42\r\n"), "in the same run: {}", requests[1]);
    assert!(requests[2].contains("\r\nCookie: sid=42\r\n"), "out of the jar: {}", requests[2]);
}

#[test]
fn fields_can_be_added_replaced_and_left_out() {
    let script = Script::new(&[&[&ok("")]]);
    let args = [
        "-H",
        "X-One: 1",
        "-H",
        "Accept:",
        "-H",
        "X-Empty;",
        "-A",
        "me",
        "-H",
        "Host: other",
        &script.url("/"),
    ];
    succeeds(&args);
    let request = script.requests().remove(0);
    for (line, there) in [
        ("X-One: 1", true),
        ("Accept", false),
        ("X-Empty: ", true),
        ("User-Agent: me", true),
        ("Host: other", true),
        ("127.0.0.1", false),
    ] {
        assert_eq!(
            request.contains(&format!("\r\n{line}")) || request.contains(line) && !there,
            there,
            "{line}: {request}"
        );
    }
    // Nothing that an argument contains can add a line.
    fails(&["-H", "X: a\r\nY: b", "http://127.0.0.1:1/"]);
    fails(&["-A", "a\r\nY: b", "http://127.0.0.1:1/"]);
    fails(&["-X", "GET / HTTP/1.1\r\nX:", "http://127.0.0.1:1/"]);
}

#[test]
fn a_status_above_400_is_a_failure_only_with_f() {
    let site = Site::start(&[]);
    assert_eq!(succeeds(&["-w", "%{http_code}", &site.url("/none")]), "404 Not Found\n404");
    let out = site.path("out");
    fails(&["-f", "-o", &out, &site.url("/none")]);
    assert!(!site.scratch.path().join("out").exists());
}

#[test]
fn what_may_be_passing_is_tried_again() {
    let busy = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 4\r\n\r\nbusy";
    let script = Script::new(&[&[busy, busy, &ok("done")]]);
    assert_eq!(succeeds(&["-s", "--retry", "2", &script.url("/")]), "done");
    script.requests();
    let script = Script::new(&[&["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0"], &[&ok("done")]]);
    let again = ["-s", "--retry", "1", "--retry-delay", "0.01", &script.url("/")];
    assert!(succeeds(&again).ends_with("done"));
    script.requests();
    let script = Script::new(&[&[busy, busy]]);
    assert_eq!(succeeds(&["-s", "--retry", "1", &script.url("/")]), "busy", "the last try is the answer");
    script.requests();
}

#[test]
fn a_kept_connection_that_was_closed_is_replaced() {
    let script = Script::new(&[&[&ok("one")], &[&ok("two")]]);
    let url = script.url("/");
    assert_eq!(succeeds(&[&url, &url]), "onetwo");
    script.requests();
}

#[test]
fn time_has_a_limit() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let output = fails(&["--max-time", "0.2", &url]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("--max-time"));
}

#[test]
fn nobody_there_is_told_with_what_was_tried() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = fails(&["-w", "%{http_code}", &format!("http://{gone}/")]);
    assert!(String::from_utf8_lossy(&output.stderr).contains(&gone.to_string()));
    assert_eq!(text(&output), "000");
    assert_eq!(fetch(&["-s", &format!("http://{gone}/")]).stderr, b"");
}

#[test]
fn a_refusal_is_heard_before_all_is_sent() {
    let refused = "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno";
    let script = Script::new(&[&[refused]]);
    let endless = output("fetch", ["-T", "-", &script.url("/")], &vec![b'x'; 20 << 20]).unwrap();
    assert_eq!(text(&endless), "no");
    script.requests();
}

#[test]
fn a_proxy_is_asked_in_absolute_form() {
    let proxy = Script::new(&[&[&ok("a"), &ok("b")]]);
    let at = proxy.address.to_string();
    let args = [
        "-s",
        "-x",
        &at,
        "-U",
        "me:secret",
        "-w",
        "%{num_connects}",
        "http://one.test/x?y",
        "http://two.test:81/",
    ];
    assert_eq!(succeeds(&args), "a1b0");
    let requests = proxy.requests();
    assert!(
        requests[0].starts_with("GET http://one.test/x?y HTTP/1.1\r\nHost: one.test\r\n"),
        "{}",
        requests[0]
    );
    assert!(requests[0].contains("\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n"));
    assert!(requests[1].starts_with("GET http://two.test:81/ HTTP/1.1\r\nHost: two.test:81\r\n"));
}

#[test]
fn a_tunnel_is_asked_for_and_a_refusal_told() {
    let proxy = Script::new(&[&["HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"]]);
    let output = fails(&["-x", &proxy.address.to_string(), "https://secret.test/"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("403"));
    let request = proxy.requests().remove(0);
    assert!(
        request.starts_with("CONNECT secret.test:443 HTTP/1.1\r\nHost: secret.test:443\r\n"),
        "{request}"
    );
}

/// A certificate for 127.0.0.1, its key, and flags for a server.
fn certificate(scratch: &Scratch) -> (PathBuf, PathBuf) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let certificate = scratch.write("cert.pem", made.cert.pem().as_bytes()).unwrap();
    let key = scratch.write("key.pem", made.signing_key.serialize_pem().as_bytes()).unwrap();
    (certificate, key)
}

#[test]
fn tls_is_spoken_and_the_certificate_looked_at() {
    let scratch = Scratch::new().unwrap();
    let (certificate, key) = certificate(&scratch);
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    for runtime in ["threads", "mio", "tokio"] {
        let site = Site::start(&["--tls-cert", certificate, "--tls-key", key, "--runtime", runtime]);
        let url = site.url("/a.txt");
        fails(&["--cacert", key, &url]);
        let unknown = fails(&[&url]);
        assert!(String::from_utf8_lossy(&unknown.stderr).contains("-k"), "a hint is given");
        assert_eq!(succeeds(&["-k", &url]), "0123456789", "{runtime}");
        assert_eq!(succeeds(&["--cacert", certificate, &url, &url]), "01234567890123456789");
        let out = site.path("out");
        succeeds(&["-k", "-o", &out, &site.url("/large.bin")]);
        assert!(site.read("out") == large(), "{runtime}");
        succeeds(&["-k", "-T", &out, &site.url("/up.bin")]);
        assert!(site.read("root/up.bin") == large(), "{runtime}");
    }
}

#[test]
fn wrong_usage_is_told_with_a_hint() {
    for args in [&[][..], &["--bogus", "http://x/"], &["-d", "a", "-F", "b=c", "http://x/"]] {
        assert_eq!(fetch(args).status.code(), Some(2), "{args:?}");
    }
    for args in [
        &["ftp://x/"][..],
        &["http://"],
        &["http://a b/"],
        &["-H", "nothing", "http://x/"],
        &["-F", "x", "http://x/"],
    ] {
        fails(args);
    }
}

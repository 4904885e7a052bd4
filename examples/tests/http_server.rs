//! `http_server` as its users see it: bytes over a socket, on each of its three runtimes.
//!
//! Every test runs three times, once per runtime: one site and one endpoint, so one behaviour.

#[expect(dead_code, reason = "shared by several tests, each of which needs another part")]
mod raw;

use std::io::{self, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use examples::program::Program;
use examples::scratch::Scratch;
use raw::Raw;

/// A running server over a folder of its own.
struct Site {
    program: Program,
    scratch: Scratch,
}

/// Larger than what is held in memory.
const LARGE: usize = 3_000_000;

fn large() -> Vec<u8> {
    (0..LARGE).map(|at| (at % 251) as u8).collect()
}

impl Site {
    fn start(runtime: &str, flags: &[&str]) -> Self {
        let scratch = Scratch::new().unwrap();
        scratch.write("root/index.html", b"<h1>home</h1>").unwrap();
        scratch.write("root/a.txt", b"0123456789").unwrap();
        scratch.write("root/large.bin", &large()).unwrap();
        scratch.write("root/b/c.html", b"c").unwrap();
        scratch.write("root/empty.css", b"").unwrap();
        scratch.write("secret.txt", b"secret").unwrap();
        std::os::unix::fs::symlink("../secret.txt", scratch.path().join("root/out.txt")).unwrap();
        let root = scratch.path().join("root");
        let mut args =
            vec!["--runtime", runtime, "--root", root.to_str().unwrap(), "--listen", "127.0.0.1:0"];
        args.extend(flags);
        let program = Program::start("http_server", args, 1).unwrap();
        Site { program, scratch }
    }

    fn address(&self) -> SocketAddr {
        self.program.address("http").unwrap()
    }

    fn connect(&self) -> Raw {
        Raw::connect(self.address())
    }

    fn read(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.scratch.path().join("root").join(name)).ok()
    }
}

/// Each test as a function of the runtime's name.
macro_rules! on_every_runtime {
    ($($(#[$meta:meta])* fn $name:ident($runtime:ident) $body:block)*) => {
        $(fn $name($runtime: &str) $body)*
        mod threads { $(#[test] $(#[$meta])* fn $name() { super::$name("threads"); })* }
        mod mio { $(#[test] $(#[$meta])* fn $name() { super::$name("mio"); })* }
        mod tokio { $(#[test] $(#[$meta])* fn $name() { super::$name("tokio"); })* }
    };
}

on_every_runtime! {
    fn a_file_is_sent_with_what_is_known_of_it(runtime) {
        let site = Site::start(runtime, &[]);
        let reply = site.connect().ask("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!((reply.status, reply.text()), (200, "0123456789"));
        assert_eq!(reply.field("Content-Type"), Some("text/plain; charset=utf-8"));
        assert_eq!(reply.field("Content-Length"), Some("10"));
        assert_eq!(reply.field("Accept-Ranges"), Some("bytes"));
        for field in ["Date", "Last-Modified"] {
            assert!(reply.field(field).unwrap().ends_with(" GMT"), "{field}");
        }
        assert!(reply.field("ETag").unwrap().starts_with('"'));
    }

    fn head_is_get_without_the_body(runtime) {
        let site = Site::start(runtime, &[]);
        let mut raw = site.connect();
        for path in ["/a.txt", "/large.bin", "/", "/none"] {
            let head = raw.ask(&format!("HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
            let get = raw.ask(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
            let but_date = |head: &str| {
                head.split("\r\n").filter(|line| !line.starts_with("Date:")).collect::<Vec<_>>().join("\n")
            };
            assert_eq!(but_date(&head.head), but_date(&get.head), "{path}");
            assert!(head.body.is_empty());
        }
    }

    fn a_large_file_arrives_whole(runtime) {
        let site = Site::start(runtime, &[]);
        let mut raw = site.connect();
        for _ in 0..2 {
            let reply = raw.ask("GET /large.bin HTTP/1.1\r\nHost: x\r\n\r\n");
            assert_eq!(reply.status, 200);
            assert!(reply.body == large());
        }
    }

    fn a_folder_is_its_index_behind_a_slash(runtime) {
        let site = Site::start(runtime, &[]);
        let mut raw = site.connect();
        assert_eq!(raw.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n").text(), "<h1>home</h1>");
        let reply = raw.ask("GET /b?q=1 HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!((reply.status, reply.field("Location")), (301, Some("/b/?q=1")));
        // Without an index and without --dir-list there is nothing to see.
        assert_eq!(raw.ask("GET /b/ HTTP/1.1\r\nHost: x\r\n\r\n").status, 404);
        // A file is no folder.
        assert_eq!(raw.ask("GET /a.txt/ HTTP/1.1\r\nHost: x\r\n\r\n").status, 404);
    }

    fn a_redirect_never_names_another_host(runtime) {
        let site = Site::start(runtime, &[]);
        let reply = site.connect().ask("GET //b HTTP/1.1\r\nHost: x\r\n\r\n");
        let location = reply.field("Location").unwrap_or_default();
        assert!(!location.starts_with("//"), "{location}");
    }

    fn folders_are_listed_when_asked_to(runtime) {
        let site = Site::start(runtime, &["--dir-list"]);
        let reply = site.connect().ask("GET /b/ HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!((reply.status, reply.field("Content-Type")), (200, Some("text/html; charset=utf-8")));
        assert!(reply.text().contains("href=\"./c.html\""), "{}", reply.text());
    }

    fn nothing_outside_the_root_is_sent(runtime) {
        let site = Site::start(runtime, &["--dir-list"]);
        for path in ["/../secret.txt", "/%2e%2e/secret.txt", "/b/..%2f../secret.txt", "/out.txt", "/%00", "/a%zz"] {
            let reply = site.connect().ask(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
            assert!(matches!(reply.status, 400 | 404), "{path}: {}", reply.status);
            assert!(!reply.text().contains("secret"), "{path}");
        }
    }

    fn ranges_are_sent_alone_or_as_parts(runtime) {
        let site = Site::start(runtime, &[]);
        let mut raw = site.connect();
        let mut ask = |path: &str, range: &str| {
            raw.ask(&format!("GET {path} HTTP/1.1\r\nHost: x\r\nRange: {range}\r\n\r\n"))
        };
        for (range, content_range, body) in [
            ("bytes=0-3", "bytes 0-3/10", "0123"),
            ("bytes=7-", "bytes 7-9/10", "789"),
            ("bytes=-2", "bytes 8-9/10", "89"),
            ("bytes=8-99", "bytes 8-9/10", "89"),
        ] {
            let reply = ask("/a.txt", range);
            assert_eq!((reply.status, reply.text()), (206, body), "{range}");
            assert_eq!(reply.field("Content-Range"), Some(content_range));
        }
        let reply = ask("/a.txt", "bytes=10-");
        assert_eq!((reply.status, reply.field("Content-Range")), (416, Some("bytes */10")));
        assert_eq!(ask("/a.txt", "lines=1-2").status, 200);

        for (path, whole) in [("/a.txt", b"0123456789".to_vec()), ("/large.bin", large())] {
            let reply = ask(path, "bytes=0-1,5-7,-1");
            assert_eq!(reply.status, 206);
            let kind = reply.field("Content-Type").unwrap();
            let boundary = kind.strip_prefix("multipart/byteranges; boundary=").unwrap().trim_matches('"');
            let delimiter = format!("--{boundary}");
            let text: Vec<u8> = reply.body.clone();
            let last = whole.len() - 1;
            let mut at = 0;
            for (first, end) in [(0, 1), (5, 7), (last, last)] {
                let expected = format!("Content-Range: bytes {first}-{end}/{}", whole.len());
                let find = |what: &[u8], from: usize| {
                    from + text[from..].windows(what.len()).position(|window| window == what).unwrap()
                };
                at = find(delimiter.as_bytes(), at);
                find(expected.as_bytes(), at);
                at = find(b"\r\n\r\n", at) + 4;
                assert_eq!(text[at..=at + end - first], whole[first..=end]);
            }
            assert!(text.ends_with(format!("{delimiter}--\r\n").as_bytes()));
        }
    }

    fn conditions_are_heeded(runtime) {
        let site = Site::start(runtime, &[]);
        let mut raw = site.connect();
        let first = raw.ask("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n");
        let (etag, modified) = (first.field("ETag").unwrap(), first.field("Last-Modified").unwrap());
        let mut ask = |fields: &str| raw.ask(&format!("GET /a.txt HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\n"));
        for (fields, status) in [
            (format!("If-None-Match: {etag}"), 304),
            (format!("If-None-Match: \"other\", W/{etag}"), 304),
            ("If-None-Match: \"other\"".to_owned(), 200),
            (format!("If-Modified-Since: {modified}"), 304),
            ("If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT".to_owned(), 200),
            ("If-Match: \"other\"".to_owned(), 412),
            (format!("If-Match: {etag}"), 200),
            (format!("If-Range: {etag}\r\nRange: bytes=0-0"), 206),
            ("If-Range: \"other\"\r\nRange: bytes=0-0".to_owned(), 200),
        ] {
            let reply = ask(&fields);
            assert_eq!(reply.status, status, "{fields}");
            if status == 304 {
                // RFC 9110 section 15.4.5
                assert_eq!(reply.field("ETag"), Some(etag));
                assert!(reply.field("Date").is_some());
            }
        }
    }

    fn pipelined_requests_are_answered_in_order(runtime) {
        let site = Site::start(runtime, &[]);
        let mut raw = site.connect();
        let paths = ["/a.txt", "/large.bin", "/", "/none", "/b", "/a.txt"];
        let requests: String =
            paths.iter().cycle().take(60).map(|path| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")).collect();
        raw.send(requests);
        for path in paths.iter().cycle().take(60) {
            let reply = raw.reply();
            let status = match *path { "/none" => 404, "/b" => 301, _ => 200 };
            assert_eq!(reply.status, status, "{path}");
            if *path == "/large.bin" {
                assert!(reply.body == large());
            }
        }
    }

    fn a_thousand_requests_go_over_one_connection(runtime) {
        let site = Site::start(runtime, &[]);
        let mut raw = site.connect();
        for _ in 0..1000 {
            assert_eq!(raw.ask("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n").text(), "0123456789");
        }
    }

    fn an_older_client_is_answered_in_its_way(runtime) {
        let site = Site::start(runtime, &[]);
        let mut raw = site.connect();
        let reply = raw.ask("GET /a.txt HTTP/1.0\r\n\r\n");
        assert_eq!((reply.status, reply.text()), (200, "0123456789"));
        assert!(raw.is_over());
        let mut raw = site.connect();
        for _ in 0..2 {
            let reply = raw.ask("GET /a.txt HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
            assert_eq!((reply.status, reply.text()), (200, "0123456789"));
        }
    }

    fn close_is_closed_behind_the_answer(runtime) {
        let site = Site::start(runtime, &[]);
        let mut raw = site.connect();
        let reply = raw.ask("GET /a.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        assert_eq!((reply.status, reply.field("Connection")), (200, Some("close")));
        assert!(raw.is_over());
    }

    fn a_half_closed_client_is_answered(runtime) {
        let site = Site::start(runtime, &[]);
        let mut raw = site.connect();
        raw.send("GET /large.bin HTTP/1.1\r\nHost: x\r\n\r\n");
        raw.half_close();
        assert!(raw.reply().body == large());
        assert!(raw.is_over());
    }

    fn what_has_changed_is_seen_within_a_second(runtime) {
        let site = Site::start(runtime, &[]);
        let mut raw = site.connect();
        assert_eq!(raw.ask("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n").text(), "0123456789");
        site.scratch.write("root/a.txt", b"9876543210").unwrap();
        let start = Instant::now();
        while raw.ask("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n").text() != "9876543210" {
            assert!(start.elapsed() < Duration::from_secs(30), "never seen");
        }
        std::fs::remove_file(site.scratch.path().join("root/a.txt")).unwrap();
        while raw.ask("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n").status != 404 {
            assert!(start.elapsed() < Duration::from_secs(30), "never missed");
        }
    }

    fn files_are_put_and_deleted_when_allowed(runtime) {
        let site = Site::start(runtime, &["--allow-write"]);
        let mut raw = site.connect();
        let put = |path: &str, body: &str| {
            format!("PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        };
        assert_eq!(raw.ask(&put("/new.txt", "one")).status, 201);
        assert_eq!(raw.ask("GET /new.txt HTTP/1.1\r\nHost: x\r\n\r\n").text(), "one");
        assert_eq!(raw.ask(&put("/new.txt", "two")).status, 204);
        // What this server wrote it serves at once.
        assert_eq!(raw.ask("GET /new.txt HTTP/1.1\r\nHost: x\r\n\r\n").text(), "two");
        assert_eq!(raw.ask(&put("/deep/er/new.txt", "three")).status, 201);
        assert_eq!(site.read("deep/er/new.txt").unwrap(), b"three");
        assert!(matches!(raw.ask(&put("/b/", "x")).status, 409 | 405));
        assert!(matches!(raw.ask(&put("/b", "x")).status, 409 | 405));
        assert_eq!(raw.ask("DELETE /new.txt HTTP/1.1\r\nHost: x\r\n\r\n").status, 204);
        assert_eq!(raw.ask("GET /new.txt HTTP/1.1\r\nHost: x\r\n\r\n").status, 404);
        assert_eq!(raw.ask("DELETE /new.txt HTTP/1.1\r\nHost: x\r\n\r\n").status, 404);
        assert_eq!(site.read("../secret.txt").unwrap(), b"secret");
    }

    fn a_large_body_in_chunks_is_stored_whole(runtime) {
        let site = Site::start(runtime, &["--allow-write"]);
        let mut raw = site.connect();
        raw.send("PUT /big.bin HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        for chunk in large().chunks(70_000) {
            raw.send(format!("{:x}\r\n", chunk.len()));
            raw.send(chunk);
            raw.send("\r\n");
        }
        raw.send("0\r\n\r\n");
        assert_eq!(raw.reply().status, 201);
        assert!(site.read("big.bin").unwrap() == large());
    }

    fn an_upload_cut_short_leaves_nothing(runtime) {
        let site = Site::start(runtime, &["--allow-write"]);
        let mut raw = site.connect();
        raw.send("PUT /a.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nonly this");
        raw.half_close();
        raw.rest();
        assert_eq!(site.read("a.txt").unwrap(), b"0123456789");
        let is_temporary = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.unwrap().file_name().to_string_lossy().contains("upload")
        };
        let start = Instant::now();
        while std::fs::read_dir(site.scratch.path().join("root")).unwrap().any(is_temporary) {
            assert!(start.elapsed() < Duration::from_secs(30), "it stays");
        }
    }

    fn conditions_guard_what_is_written(runtime) {
        let site = Site::start(runtime, &["--allow-write"]);
        let mut raw = site.connect();
        let put = |path: &str, fields: &str| {
            format!("PUT {path} HTTP/1.1\r\nHost: x\r\n{fields}\r\nContent-Length: 3\r\n\r\nnew")
        };
        assert_eq!(raw.ask(&put("/a.txt", "If-None-Match: *")).status, 412);
        let mut raw = site.connect();
        assert_eq!(raw.ask(&put("/a.txt", "If-Match: \"other\"")).status, 412);
        let mut raw = site.connect();
        assert_eq!(raw.ask(&put("/none.txt", "If-Match: *")).status, 412);
        assert_eq!(site.read("a.txt").unwrap(), b"0123456789");
        let mut raw = site.connect();
        let etag = raw.ask("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n").field("ETag").unwrap().to_owned();
        assert_eq!(raw.ask(&put("/a.txt", &format!("If-Match: {etag}"))).status, 204);
    }

    fn of_many_who_create_the_same_file_one_does(runtime) {
        let site = Site::start(runtime, &["--allow-write"]);
        let head = "PUT /one.txt HTTP/1.1\r\nHost: x\r\nIf-None-Match: *\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n";
        let mut all: Vec<_> = (0..6).map(|_| site.connect()).collect();
        // All of them are told to go on, for nothing is there yet.
        all.iter_mut().for_each(|raw| assert_eq!(raw.ask(head).status, 100));
        let mut statuses: Vec<_> = all.iter_mut().map(|raw| raw.ask("x").status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 412, 412, 412, 412, 412]);
    }

    fn nothing_is_written_unless_allowed(runtime) {
        let site = Site::start(runtime, &[]);
        for request in [
            "PUT /a.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx",
            "DELETE /a.txt HTTP/1.1\r\nHost: x\r\n\r\n",
            "POST /a.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx",
            "PATCH /a.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx",
        ] {
            let reply = site.connect().ask(request);
            assert_eq!(reply.status, 405, "{request}");
            assert!(reply.field("Allow").unwrap().contains("GET"));
        }
        assert_eq!(site.read("a.txt").unwrap(), b"0123456789");
    }

    fn a_form_is_answered_with_its_fields(runtime) {
        let site = Site::start(runtime, &["--allow-write"]);
        let mut raw = site.connect();
        let body = "name=J%C3%BCrgen+K&empty=&x=1%262";
        let reply = raw.ask(&format!(
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        assert_eq!((reply.status, reply.text()), (200, "name=Jürgen K\nempty=\nx=1&2\n"));
    }

    fn the_files_of_a_form_are_stored_in_the_targets_folder(runtime) {
        let site = Site::start(runtime, &["--allow-write"]);
        let field = |name: &str| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"");
        let body = format!(
            "{}\r\n\r\n1\r\n{}; filename=\"../a.txt\"\r\n\r\nnew\r\n{}; filename=\"c.html\"\r\n\r\nd\r\n--b--\r\n",
            field("a"), field("f"), field("f")
        );
        let post = |target: &str, content_type: &str, body: &str| {
            site.connect().ask(&format!(
                "POST {target} HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            ))
        };
        let form = "multipart/form-data; boundary=\"b\"";
        let reply = post("/b/", form, &body);
        assert_eq!((reply.status, reply.text()), (200, "a=1\nf=a.txt\nf=c-1.html\n"));
        assert_eq!(site.read("a.txt").unwrap(), b"0123456789");
        assert_eq!((site.read("b/a.txt").unwrap(), site.read("b/c.html").unwrap()), (b"new".into(), b"c".into()));
        assert_eq!(site.connect().ask("GET /b/c-1.html HTTP/1.1\r\nHost: x\r\n\r\n").text(), "d");
        for (target, content_type, body, status) in [
            ("/", "multipart/mixed; boundary=b", &*body, 415),
            ("/", "multipart/form-data", &body, 400),
            ("/", "multipart/form-data; boundary=other", &body, 400),
            ("/", form, body.trim_end_matches("--b--\r\n"), 400),
            ("/../", form, &body, 400),
            ("/", form, &format!("--b\r\nX: {}", "x".repeat(20_000)), 413),
        ] {
            assert_eq!(post(target, content_type, body).status, status, "{target} {content_type}");
        }
        let mut names: Vec<_> = std::fs::read_dir(site.scratch.path().join("root"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["a.txt", "b", "empty.css", "index.html", "large.bin", "out.txt"]);
    }

    fn echo_answers_anything_with_its_body(runtime) {
        let site = Site::start(runtime, &["--echo"]);
        let mut raw = site.connect();
        for (request, body) in [
            ("GET /any HTTP/1.1\r\nHost: x\r\n\r\n", ""),
            ("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "abc"),
            ("FROB /../x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nT: 1\r\n\r\n", "abc"),
            ("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", ""),
            ("GET http://x/a HTTP/1.1\r\nHost: y\r\n\r\n", ""),
        ] {
            let reply = raw.ask(request);
            assert_eq!((reply.status, reply.text()), (200, body), "{request}");
        }
        let body = large();
        raw.send(format!("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len()));
        raw.send(&body);
        assert!(raw.reply().body == body);
    }

    fn echo_info_tells_what_was_understood(runtime) {
        let site = Site::start(runtime, &["--echo-info"]);
        let mut raw = site.connect();
        for (request, info) in [
            ("GET /a%20b?c=/../d HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a%20b?c=/../d 0"),
            ("GET http://example.com/a?b HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a?b 0"),
            ("GET http://example.com HTTP/1.1\r\nHost: x\r\n\r\n", "GET / 0"),
            ("POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "POST /x 3"),
            ("brew /x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab", "brew /x 2"),
        ] {
            let reply = raw.ask(request);
            assert_eq!((reply.status, reply.text()), (200, info), "{request}");
        }
    }

    fn a_tunnel_is_refused(runtime) {
        for flags in [&[][..], &["--echo"], &["--echo-info"]] {
            let site = Site::start(runtime, flags);
            let reply = site.connect().ask("CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n");
            assert_eq!(reply.status, 405);
        }
    }

    fn whoever_waits_for_continue_is_told_to(runtime) {
        let site = Site::start(runtime, &["--allow-write", "--max-body", "1000"]);
        let mut raw = site.connect();
        raw.send("PUT /c.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
        assert_eq!(raw.reply().status, 100);
        raw.send("abc");
        assert_eq!(raw.reply().status, 201);
        // Who would be refused anyway is told before sending.
        let mut raw = site.connect();
        raw.send("PUT /d.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 3000\r\nExpect: 100-continue\r\n\r\n");
        assert_eq!(raw.reply().status, 413);
        let mut raw = site.connect();
        raw.send("PUT /b/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
        assert_eq!(raw.reply().status, 409);
    }

    fn a_body_above_the_limit_is_refused(runtime) {
        let site = Site::start(runtime, &["--echo", "--max-body", "1000"]);
        let mut raw = site.connect();
        raw.send(format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n{}", "x".repeat(1001)));
        assert_eq!(raw.reply().status, 413);
        let mut raw = site.connect();
        raw.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        let chunk = format!("{:x}\r\n{}\r\n", 600, "x".repeat(600));
        raw.send(chunk.repeat(2));
        assert_eq!(raw.reply().status, 413);
    }

    fn a_fault_is_answered_and_the_connection_closed(runtime) {
        let site = Site::start(runtime, &["--echo-info"]);
        for (request, status) in [
            ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("GET / HTTP/1.1\nHost: x\n\n", 400),
            ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
            ("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: br, chunked\r\n\r\n", 501),
            ("GET / HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\n\r\n", 417),
            ("\x16\x03\x01\x02\x00\x01\x00", 400),
        ] {
            let mut raw = site.connect();
            raw.send(request);
            raw.send("GET /next HTTP/1.1\r\nHost: x\r\n\r\n");
            assert_eq!(raw.reply().status, status, "{request:?}");
            assert!(raw.is_over(), "{request:?}");
        }
        let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(9000));
        assert_eq!(site.connect().ask(&long).status, 414);
        let wide = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(20_000));
        assert_eq!(site.connect().ask(&wide).status, 431);
    }

    fn who_is_slow_is_cut_off_and_nobody_else(runtime) {
        let site = Site::start(runtime, &["--head-timeout", "1", "--idle-timeout", "1"]);
        let mut slow = site.connect();
        slow.send("GET / HTTP/1.1\r\n");
        let mut other = site.connect();
        assert_eq!(other.ask("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
        assert_eq!(slow.reply().status, 408);
        assert!(slow.is_over());
        // An idle connection is closed without a word.
        assert!(other.is_over());
    }

    fn a_body_that_stalls_is_cut_off(runtime) {
        let site = Site::start(runtime, &["--echo", "--idle-timeout", "1"]);
        let mut slow = site.connect();
        slow.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
        assert_eq!(slow.reply().status, 408);
        assert!(slow.is_over());
    }

    fn who_never_reads_is_cut_off(runtime) {
        let site = Site::start(runtime, &["--idle-timeout", "1", "--max-connections", "1"]);
        let mut deaf = site.connect();
        // More than all buffers on the way hold.
        deaf.send("GET /large.bin HTTP/1.1\r\nHost: x\r\n\r\n".repeat(16));
        // The place comes free although it neither reads nor hangs up.
        let start = Instant::now();
        while site.connect().ask("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n").status != 200 {
            assert!(start.elapsed() < Duration::from_secs(50), "it holds its place");
        }
        assert!(deaf.rest().len() < 16 * LARGE);
    }

    fn clear_text_where_tls_is_spoken_harms_nobody_else(runtime) {
        let keys = Scratch::new().unwrap();
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let cert = keys.write("cert.pem", made.cert.pem().as_bytes()).unwrap();
        let key = keys.write("key.pem", made.signing_key.serialize_pem().as_bytes()).unwrap();
        let (cert, key) = (cert.to_str().unwrap(), key.to_str().unwrap());
        let site = Site::start(runtime, &["--tls-cert", cert, "--tls-key", key, "--head-timeout", "1"]);
        let address = site.program.address("https").unwrap();
        let mut silent = Raw::connect(address);
        let mut garbage = Raw::connect(address);
        garbage.send("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(!garbage.rest().starts_with(b"HTTP/"), "an alert, if anything");
        let url = format!("https://{address}/a.txt");
        let fetched = examples::program::output("fetch", ["-k", &url], b"").unwrap();
        assert_eq!(fetched.stdout, b"0123456789");
        // Who never begins a handshake is cut off, too.
        silent.rest();
    }

    fn who_comes_above_the_cap_is_told_so(runtime) {
        let site = Site::start(runtime, &["--max-connections", "2"]);
        let mut inside = [site.connect(), site.connect()];
        for raw in &mut inside {
            assert_eq!(raw.ask("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
        }
        for _ in 0..20 {
            let mut raw = site.connect();
            let _ = raw.try_send("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n");
            let reply = raw.reply();
            assert_eq!((reply.status, reply.field("Connection")), (503, Some("close")));
            assert!(raw.is_over());
        }
        for raw in &mut inside {
            assert_eq!(raw.ask("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
        }
        drop(inside);
        // A place comes free once the server has seen them go.
        let start = Instant::now();
        while site.connect().ask("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n").status != 200 {
            assert!(start.elapsed() < Duration::from_secs(30), "no place came free");
        }
    }

    fn one_address_gets_no_more_than_its_share(runtime) {
        let site = Site::start(runtime, &["--max-per-ip", "1"]);
        let mut inside = site.connect();
        assert_eq!(inside.ask("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
        assert_eq!(site.connect().reply().status, 503);
        assert_eq!(inside.ask("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
    }

    fn a_client_behind_a_proxy_header_is_served(runtime) {
        let site = Site::start(runtime, &["--proxy-protocol"]);
        let mut raw = site.connect();
        raw.send("PROXY TCP4 192.0.2.1 192.0.2.2 5");
        raw.send("6324 443\r\nGET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(raw.reply().text(), "0123456789");
        assert_eq!(raw.ask("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
        let mut raw = site.connect();
        let v2 = [
            &b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"[..],
            &[192, 0, 2, 1, 192, 0, 2, 2, 0xdc, 4, 1, 0xbb],
            b"GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n",
        ];
        raw.send(v2.concat());
        assert_eq!(raw.reply().text(), "0123456789");
        let mut raw = site.connect();
        raw.send("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(raw.is_over(), "nothing is served without the header");
    }

    fn a_connection_whose_proxy_header_is_wrong_is_closed_before_one_that_is_slow(runtime) {
        let site = Site::start(runtime, &["--proxy-protocol", "--head-timeout", "1"]);
        let wrong: Vec<_> = ["GET / HTTP/1.1\r\n\r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n", "PROXY TCP4 192.0."]
            .into_iter()
            .map(|header| {
                let mut stream = TcpStream::connect(site.address()).unwrap();
                stream.write_all(header.as_bytes()).unwrap();
                if !header.ends_with('\n') {
                    stream.shutdown(Shutdown::Write).unwrap();
                }
                stream
            })
            .collect();
        let mut slow = site.connect();
        slow.send("PROXY UNKNOWN\r\nGET /");
        assert_eq!(slow.reply().status, 408);
        for stream in wrong {
            stream.set_nonblocking(true).unwrap();
            let seen = stream.peek(&mut [0]).map_err(|error| error.kind());
            assert!(matches!(seen, Ok(0) | Err(io::ErrorKind::ConnectionReset)), "closed by now: {seen:?}");
        }
    }

    fn a_signal_ends_it_after_what_is_under_way(runtime) {
        let mut site = Site::start(runtime, &["--allow-write"]);
        let mut idle = site.connect();
        assert_eq!(idle.ask("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
        let mut busy = site.connect();
        busy.send("PUT /late.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
        assert_eq!(busy.reply().status, 100);
        let mut waiting = site.connect();
        waiting.send("GET /large.bin HTTP/1.1\r\nHost: x\r\n\r\n");
        site.program.terminate().unwrap();
        assert!(idle.is_over());
        busy.send("late");
        let reply = busy.reply();
        assert_eq!((reply.status, reply.field("Connection")), (201, Some("close")));
        assert!(busy.is_over());
        assert!(waiting.reply().body == large());
        assert!(site.program.wait(Duration::from_secs(30)).unwrap().success());
        assert_eq!(site.read("late.txt").unwrap(), b"late");
    }

    fn what_reached_a_socket_before_the_signal_is_answered(runtime) {
        let mut site = Site::start(runtime, &[]);
        let request = "GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n";
        let mut kept: Vec<_> = (0..8).map(|_| site.connect()).collect();
        kept.iter_mut().for_each(|raw| assert_eq!(raw.ask(request).status, 200));
        // While it stands still, requests and the signal come in; it learns of all of them at the same time.
        site.program.signal("STOP").unwrap();
        kept.iter_mut().for_each(|raw| raw.send(request));
        let mut queued: Vec<_> = (0..8).map(|_| site.connect()).collect();
        queued.iter_mut().for_each(|raw| raw.send(request));
        site.program.signal("TERM").unwrap();
        site.program.signal("CONT").unwrap();
        for raw in kept.iter_mut().chain(&mut queued) {
            assert_eq!(raw.reply().text(), "0123456789");
            assert!(raw.is_over());
        }
        assert!(site.program.wait(Duration::from_secs(30)).unwrap().success());
    }

    fn a_second_signal_ends_it_at_once(runtime) {
        let mut site = Site::start(runtime, &["--allow-write"]);
        let mut busy = site.connect();
        busy.send("PUT /late.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
        assert_eq!(busy.reply().status, 100);
        let mut idle = site.connect();
        assert_eq!(idle.ask("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
        site.program.terminate().unwrap();
        assert!(idle.is_over(), "it is stopping");
        site.program.terminate().unwrap();
        assert_eq!(site.program.wait(Duration::from_secs(30)).unwrap().code(), Some(1));
    }
}

#[test]
fn an_address_that_is_taken_is_named_once_and_the_flag_with_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for runtime in ["threads", "mio", "tokio"] {
        let args = ["--echo", "--runtime", runtime, "--listen", &address];
        let output = examples::program::output("http_server", args, b"").unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{runtime}");
        assert_eq!(told.matches(&address).count(), 1, "{told}");
        assert!(told.ends_with("choose another address with --listen\n"), "{told}");
    }
}

#[test]
fn wrong_usage_is_told_with_a_hint() {
    for (args, code) in [
        (&["--bogus"][..], 2),
        (&["--root", "/", "--runtime", "fibers"], 2),
        (&["--root", "/", "--tls-cert", "a.pem"], 2),
        (&["--root", "/no/such/folder", "--listen", "127.0.0.1:0"], 1),
        (&["--root", "/", "--listen", "127.0.0.1:0", "--tls-cert", "/none", "--tls-key", "/none"], 1),
    ] {
        let output = examples::program::output("http_server", args, b"").unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}");
        assert!(!output.stderr.is_empty(), "{args:?}");
    }
}

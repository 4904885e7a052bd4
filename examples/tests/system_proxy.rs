//! `http_proxy` between programs that everybody has: nginx, apache2 and squid on the far side; curl, wget, Chromium and our
//! own `fetch` on the near one.
//!
//! Ignored unless asked for (`.ci/run system`), for they need those programs. Each test starts its servers on free ports,
//! with their configuration in a temporary folder, and stops them.

#[expect(dead_code, reason = "shared by several tests, each of which needs another part")]
mod others;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use examples::program::{Program, free_place};
use examples::scratch::Scratch;
use examples::service::{Service, converse};
use http1::auth::digest::{Algorithm, Challenge, Credentials, Hash, Qop, Request as Asked, User};
use http1::cookie::{SetCookie, pairs};
use http1::server::{Event, Server};
use http1::{Known, Request, ResponseBuilder, StatusCode};
use net_core::Stream;
use net_core::serve::Config;
use others::{Other, curl, fetch, open_to_all, run_with, says, squid, status};

/// Larger than what lies between, not too large for the cache.
fn large() -> Vec<u8> {
    (0..3_000_000).map(|at| (at % 251) as u8).collect()
}

/// nginx over a folder of its own, with a log of what it was asked.
struct Nginx {
    server: Other,
    scratch: Scratch,
    port: u16,
    secure: u16,
}

impl Nginx {
    fn start() -> Self {
        let scratch = Scratch::new().unwrap();
        for (name, content) in
            [("a.txt", &b"0123456789"[..]), ("slow.bin", &large()[..400_000]), ("b/x", b"x")]
        {
            scratch.write(&format!("root/{name}"), content).unwrap();
        }
        scratch.write("root/large.bin", &large()).unwrap();
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        scratch.write("cert.pem", made.cert.pem().as_bytes()).unwrap();
        scratch.write("key.pem", made.signing_key.serialize_pem().as_bytes()).unwrap();
        open_to_all(&scratch, &["", "root", "root/b"]);
        let (port, secure) = (free_place().unwrap().port(), free_place().unwrap().port());
        let folder = scratch.path().to_str().unwrap().to_owned();
        let config = format!(
            "daemon off; pid {folder}/pid; error_log {folder}/log; worker_processes 1; events {{}}
             http {{
               log_format short '$request_method $uri $status $http_if_none_match'; access_log {folder}/asked short;
               client_body_temp_path {folder}/body; proxy_temp_path {folder}/p;
               fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
               server {{
                 listen 127.0.0.1:{port}; listen 127.0.0.1:{secure} ssl;
                 ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
                 root {folder}/root; client_max_body_size 100m;
                 location / {{ expires 1h; }}
                 location = /slow.bin {{ expires 1h; limit_rate 400k; }}
                 location = /checked {{ alias {folder}/root/a.txt; add_header Cache-Control max-age=0; }}
                 location = /spare {{ alias {folder}/root/a.txt;
                                      add_header Cache-Control 'max-age=0, stale-if-error=600'; }}
                 location = /strict {{ alias {folder}/root/a.txt;
                                       add_header Cache-Control 'max-age=0, must-revalidate'; }}
                 location = /vary {{ add_header Vary Accept-Language; add_header Cache-Control max-age=600;
                                     return 200 $http_accept_language; }}
                 location /b/ {{ expires 1h; dav_methods PUT DELETE; }}
               }}
             }}"
        );
        scratch.write("nginx.conf", config.as_bytes()).unwrap();
        let server = Other::start("nginx", &["-p", &folder, "-c", &format!("{folder}/nginx.conf")], port);
        Nginx { server, scratch, port, secure }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn path(&self, name: &str) -> String {
        self.scratch.path().join(name).to_str().unwrap().to_owned()
    }

    /// What it was asked, a line for each request.
    fn asked(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.path("asked")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    fn asked_for(&self, path: &str) -> usize {
        self.asked().iter().filter(|line| line.split(' ').nth(1) == Some(path)).count()
    }
}

struct Proxy(Program);

impl Proxy {
    fn start(flags: &[&str]) -> Self {
        let args = [&["--listen", "127.0.0.1:0", "--name", "us", "--stats"], flags].concat();
        Proxy(Program::start("http_proxy", args, 1).unwrap())
    }

    fn before(nginx: &Nginx) -> Self {
        Proxy::start(&["--reverse", &nginx.url("/")])
    }

    fn at(&self) -> String {
        self.0.address("http").unwrap().to_string()
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at())
    }

    fn counts(&mut self) -> BTreeMap<String, u64> {
        says("kill", &["-s", "USR1", &self.0.id().to_string()]);
        let line = self.0.line().unwrap();
        let pairs = line.split(' ').filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect()
    }
}

#[test]
#[ignore = "needs nginx and curl"]
fn in_front_of_nginx_the_cache_does_what_it_says_and_its_counters_agree_with_the_log() {
    let mut nginx = Nginx::start();
    let mut proxy = Proxy::before(&nginx);
    // Fresh: not a word to the origin, to curl nor to fetch.
    for _ in 0..3 {
        assert_eq!(curl(&[&proxy.url("/a.txt")]), "0123456789");
        assert_eq!(fetch(&[&proxy.url("/a.txt")]), "0123456789");
    }
    assert_eq!(nginx.asked_for("/a.txt"), 1);
    let head = curl(&["-i", &proxy.url("/a.txt")]);
    assert!(head.contains("\r\nAge: ") && head.contains("\r\nCache-Status: us;hit;ttl="), "{head}");
    assert_eq!(curl(&["-r", "2-4", &proxy.url("/a.txt")]), "234");
    assert_eq!(curl(&["-H", "Host: other", &proxy.url("/a.txt")]), "0123456789");
    assert_eq!(nginx.asked_for("/a.txt"), 2);

    // Stale: asked after, and answered 304.
    for _ in 0..3 {
        assert_eq!(curl(&[&proxy.url("/checked")]), "0123456789");
    }
    let checked: Vec<String> = nginx.asked().into_iter().filter(|line| line.contains("/checked")).collect();
    assert!(checked[0].starts_with("GET /checked 200") && checked.len() == 3, "{checked:?}");
    assert!(checked[1..].iter().all(|line| line.starts_with("GET /checked 304 \\x22")), "{checked:?}");

    // One for each language, and no more.
    for language in ["de", "en", "de", "en"] {
        assert_eq!(curl(&["-H", &format!("Accept-Language: {language}"), &proxy.url("/vary")]), language);
    }
    assert_eq!(nginx.asked_for("/vary"), 2);

    // A change is seen at once.
    assert_eq!(curl(&[&proxy.url("/b/x")]), "x");
    assert_eq!(status(&["-T", &nginx.path("root/a.txt"), &proxy.url("/b/x")]), "204");
    assert_eq!(curl(&[&proxy.url("/b/x")]), "0123456789");
    assert_eq!(curl(&[&proxy.url("/b/x")]), "0123456789");
    assert_eq!(nginx.asked_for("/b/x"), 3);

    let asked = nginx.asked();
    let counts = proxy.counts();
    let of = |name: &str| counts[name] as usize;
    assert_eq!(of("origin_requests"), asked.len(), "{counts:?}");
    assert_eq!(of("validated"), asked.iter().filter(|line| line.contains(" 304 ")).count(), "{counts:?}");
    assert_eq!(of("requests"), of("hits") + asked.len(), "{counts:?}");
    assert_eq!(of("misses") + of("revalidations") + of("passes"), asked.len(), "{counts:?}");

    // Without its origin, what may be used stale is, and nothing else.
    for path in ["/spare", "/strict"] {
        assert_eq!(status(&[&proxy.url(path)]), "200");
    }
    nginx.server.stop();
    for (path, expected) in [("/a.txt", "200"), ("/spare", "200"), ("/strict", "502"), ("/checked", "502")] {
        assert_eq!(status(&[&proxy.url(path)]), expected, "{path}");
    }
    assert_eq!(proxy.counts()["stale"], 1);
}

#[test]
#[ignore = "needs nginx and curl"]
fn a_hundred_curls_at_once_are_one_request_to_nginx() {
    let nginx = Nginx::start();
    let mut proxy = Proxy::before(&nginx);
    // It takes nginx a second to send it: all are there by then.
    let url = proxy.url("/slow.bin");
    let mut args =
        vec!["-Z", "--parallel-immediate", "--parallel-max", "100", "-w", "%{http_code} %{size_download}\n"];
    for _ in 0..100 {
        args.extend(["-o", "/dev/null", &*url]);
    }
    let said = curl(&args);
    assert_eq!(said.lines().filter(|line| *line == "200 400000").count(), 100, "{said}");
    assert_eq!(nginx.asked_for("/slow.bin"), 1);
    let counts = proxy.counts();
    assert_eq!((counts["requests"], counts["origin_requests"], counts["misses"]), (100, 1, 1), "{counts:?}");
    assert!(counts["collapsed"] > 50, "{counts:?}");
}

#[test]
#[ignore = "needs nginx, curl and wget"]
fn curl_wget_and_fetch_go_through_it_in_clear_and_by_tunnel() {
    let nginx = Nginx::start();
    let mut proxy = Proxy::start(&[]);
    let (at, cert) = (proxy.at(), nginx.path("cert.pem"));
    let through = format!("http://{at}");
    let secure = |path: &str| format!("https://127.0.0.1:{}{path}", nginx.secure);
    for (clear, tunnelled) in [("/a.txt", "/a.txt"), ("/large.bin", "/large.bin")] {
        let (clear, tunnelled) = (nginx.url(clear), secure(tunnelled));
        let out = nginx.path("out");
        let env = |scheme: &str| format!("{scheme}_proxy={through}");
        let wget = ["-q", "-O", &out, "--ca-certificate", &cert];
        for url in [&clear, &tunnelled] {
            let expected = if url.ends_with("a.txt") { b"0123456789".to_vec() } else { large() };
            curl(&["-x", &at, "--cacert", &cert, "-o", &out, url]);
            assert!(std::fs::read(&out).unwrap() == expected, "curl {url}");
            let variables = [env("http"), env("https"), "no_proxy=".to_owned()];
            let args: Vec<&str> =
                variables.iter().map(String::as_str).chain(["wget"]).chain(wget).chain([&**url]).collect();
            says("env", &args);
            assert!(std::fs::read(&out).unwrap() == expected, "wget {url}");
            fetch(&["-s", "-x", &at, "--cacert", &cert, "-o", &out, url]);
            assert!(std::fs::read(&out).unwrap() == expected, "fetch {url}");
        }
    }
    // Uploads, refusals and old clients.
    let file = nginx.path("root/large.bin");
    assert_eq!(status(&["-x", &at, "-T", &file, &nginx.url("/b/copy")]), "201");
    assert!(std::fs::read(nginx.path("root/b/copy")).unwrap() == large());
    assert_eq!(status(&["-x", &at, "-T", &file, "--expect100-timeout", "5", &nginx.url("/b/copy")]), "204");
    let chunked = ["-x", &at, "-T", &file, "-H", "Transfer-Encoding: chunked", &nginx.url("/b/copy")];
    assert_eq!(status(&chunked), "204");
    assert_eq!(curl(&["-x", &at, "--http1.0", &nginx.url("/a.txt")]), "0123456789");
    assert_eq!(curl(&["-p", "-x", &at, &nginx.url("/a.txt")]), "0123456789");
    let counts = proxy.counts();
    assert_eq!(counts["tunnels"], 7, "{counts:?}");
    // In clear each of the two files was fetched once for all three.
    assert_eq!((nginx.asked_for("/a.txt"), nginx.asked_for("/large.bin")), (1 + 3 + 1, 1 + 3));
}

#[test]
#[ignore = "needs nginx and squid"]
fn fetch_goes_through_squid_and_squid_through_us() {
    let nginx = Nginx::start();
    let mut proxy = Proxy::before(&nginx);
    let port = free_place().unwrap().port();
    let _squid = squid(nginx.scratch.path().to_str().unwrap(), port);
    let at = format!("127.0.0.1:{port}");
    // fetch, squid, our proxy in front of nginx, nginx.
    for _ in 0..2 {
        assert_eq!(fetch(&["-s", "-x", &at, &proxy.url("/a.txt")]), "0123456789");
    }
    let head = fetch(&["-s", "-i", "-x", &at, &proxy.url("/a.txt")]);
    assert!(head.contains("Via: 1.1 us, 1.1 localhost (squid"), "{head}");
    assert!(head.contains("us;hit;ttl="), "{head}");
    let out = nginx.path("out");
    let secure = format!("https://127.0.0.1:{}/large.bin", nginx.secure);
    fetch(&["-s", "-x", &at, "--cacert", &nginx.path("cert.pem"), "-o", &out, &secure]);
    assert!(std::fs::read(&out).unwrap() == large());
    assert_eq!((nginx.asked_for("/a.txt"), proxy.counts()["hits"]), (1, 2));
}

/// A server by hand: what it answers to each request, which is given to it when it is complete.
fn server(
    answer: impl Fn(&Request) -> Result<(ResponseBuilder, Bytes), http1::Error> + Send + Sync + 'static,
) -> Service {
    let server = net_core::Server::bind(Config::at("127.0.0.1:0".parse().unwrap())).unwrap();
    Service::of("http", server, move |tcp, _, shutdown| {
        let mut asked = None;
        let session =
            converse(Stream::new(tcp).unwrap(), Server::default(), shutdown, |server, event| match event {
                Event::Request(request) => asked = Some(request),
                Event::End { .. } => {
                    let (head, body) = answer(&asked.take().unwrap()).unwrap();
                    server.answer(&head, body).unwrap();
                }
                _ => {}
            });
        if let Err(error) = session {
            eprintln!("a session has failed: {error}");
        }
    })
    .unwrap()
}

/// Host and path of a request, and the cookies that came with it.
type Seen = Arc<Mutex<BTreeMap<String, String>>>;

/// A shop with two hosts, which logs people in; it notes the cookies that each path of it gets to see.
fn shop(seen: &Seen) -> Service {
    let seen = Arc::clone(seen);
    server(move |request| {
        let host = request.fields().text(Known::Host).unwrap_or_default();
        let cookies = request.fields().text(Known::Cookie).unwrap_or_default().to_owned();
        seen.lock().unwrap().insert(format!("{host}{}", request.target()), cookies.clone());
        let mut head = ResponseBuilder::new(StatusCode::OK);
        head.field(Known::CacheControl, "no-store")?;
        let body = match request.target() {
            "/login" => {
                head = ResponseBuilder::new(StatusCode::SEE_OTHER);
                head.field(Known::Location, "/account/home")?;
                for cookie in LOGIN {
                    head.field(Known::SetCookie, cookie)?;
                }
                String::new()
            }
            "/account/home" => {
                head.field(Known::ContentType, "text/html")?;
                let user =
                    pairs(cookies.as_bytes()).find(|(name, _)| *name == b"user").map(|(_, value)| value);
                let images: String =
                    LOOKED_AT[2..].iter().map(|at| format!("<img src='http://{at}'>")).collect();
                format!("<p>hello {}</p>{images}", String::from_utf8_lossy(user.unwrap_or(b"stranger")))
            }
            "/account/renew" => {
                head.field(Known::SetCookie, "user=alice2; Max-Age=86400; Path=/")?;
                head.field(Known::SetCookie, "gone=; Max-Age=0; Path=/")?;
                String::new()
            }
            _ => String::new(),
        };
        Ok((head, body.into()))
    })
}

/// What the log-in sets: for this host, for both, deeper down, for a day; and what nobody should take.
const LOGIN: [&str; 12] = [
    "session=31d4d96e; Path=/; HttpOnly",
    "user=alice; Max-Age=86400; Path=/",
    "both=1; Domain=shop.test; Max-Age=86400; Path=/; SameSite=Lax",
    "deep=2; Max-Age=86400; Path=/deep",
    "default=3; Max-Age=86400",
    "gone=4; Max-Age=86400; Path=/",
    "quoted=\"5 6\"; Max-Age=86400; Path=/; SameSite=Strict; HttpOnly",
    "foreign=7; Domain=example.org; Max-Age=86400; Path=/",
    "registry=8; Domain=test; Max-Age=86400; Path=/",
    "__Host-broken=9; Max-Age=86400; Path=/",
    "__Secure-broken=10; Max-Age=86400; Path=/",
    "secure=11; Secure; Max-Age=86400; Path=/",
];

/// What is looked at, in this order.
const LOOKED_AT: [&str; 7] = [
    "www.shop.test/login",
    "www.shop.test/account/home",
    "www.shop.test/account/renew",
    "www.shop.test/deep/a.png",
    "www.shop.test/deeper/a.png",
    "other.shop.test/a.png",
    "other.shop.test/deep/a.png",
];

/// Of cookies with paths of the same length the RFC wants the oldest first; curl has an order of its own.
fn in_any_order(seen: BTreeMap<String, String>) -> BTreeMap<String, Vec<String>> {
    let sorted = |cookies: String| {
        let mut pairs: Vec<String> = cookies.split("; ").map(str::to_owned).collect();
        pairs.sort();
        pairs
    };
    seen.into_iter().map(|(at, cookies)| (at, sorted(cookies))).collect()
}

/// A jar's file, without what it says about the time.
fn jar_lines(path: &str) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let is_cookie =
        |line: &&str| !line.is_empty() && (!line.starts_with('#') || line.starts_with("#HttpOnly_"));
    let mut lines: Vec<String> = text
        .lines()
        .filter(is_cookie)
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let lasts = if fields[4] == "0" { "session" } else { "lasts" };
            [fields[0], fields[1], fields[2], fields[3], lasts, fields[5], fields[6]].join(" ")
        })
        .collect();
    lines.sort();
    lines
}

#[test]
#[ignore = "needs curl"]
fn a_jar_of_fetch_is_a_jar_of_curl() {
    let seen = Seen::default();
    let shop = shop(&seen);
    let proxy = Proxy::start(&["--reverse", &format!("http://{}", shop.address())]);
    let scratch = Scratch::new().unwrap();
    let path = |name: &str| scratch.path().join(name).to_str().unwrap().to_owned();
    let (at, ours, theirs) = (proxy.at(), path("fetch"), path("curl"));
    let urls = LOOKED_AT.map(|at| format!("http://{at}"));
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let sees = |run: &dyn Fn(&[&str]) -> String, jar: &str| {
        seen.lock().unwrap().clear();
        run(&[&["-s", "-L", "-x", &at, "-b", jar, "-c", jar], &urls[..]].concat());
        in_any_order(std::mem::take(&mut *seen.lock().unwrap()))
    };
    assert_eq!(sees(&fetch, &ours), sees(&curl, &theirs));
    assert_eq!(jar_lines(&ours), jar_lines(&theirs));
    assert!(jar_lines(&ours).len() > 5);
    // Each goes on with the other's.
    let again: Vec<&str> = urls[3..].to_vec();
    let sent = |run: &dyn Fn(&[&str]) -> String, jar: &str| {
        seen.lock().unwrap().clear();
        run(&[&["-s", "-x", &at, "-b", jar], &again[..]].concat());
        in_any_order(std::mem::take(&mut *seen.lock().unwrap()))
    };
    assert_eq!(sent(&fetch, &theirs), sent(&curl, &ours));
}

/// Chromium, if it is there: what it makes of a page, with its profile in `folder`.
fn chromium(folder: &str, proxy: &str, url: &str) -> Option<String> {
    let program = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(|program| Command::new("which").arg(program).stdout(Stdio::null()).status().unwrap().success());
    let Some(program) = program else {
        eprintln!("skipped: Chromium is not installed");
        return None;
    };
    let (profile, through) =
        (format!("--user-data-dir={folder}/profile"), format!("--proxy-server=http://{proxy}"));
    let args = [
        "90",
        program,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-default-apps",
        "--disable-extensions",
        "--disable-domain-reliability",
        "--disable-features=OptimizationHints,MediaRouter,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable",
        "--password-store=basic",
        "--ignore-certificate-errors",
        "--proxy-bypass-list=<-loopback>",
        &through,
        &profile,
        "--dump-dom",
        url,
    ];
    let output = run_with("timeout", &args, b"");
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(dom)
}

#[test]
#[ignore = "needs nginx and chromium"]
fn chromium_goes_through_it_in_clear_and_by_tunnel() {
    let nginx = Nginx::start();
    nginx
        .scratch
        .write("root/page.html", b"<p>clear</p><img src='/b/x'><script src='/s.js'></script>")
        .unwrap();
    nginx.scratch.write("root/s.js", b"document.title = 'script ran'").unwrap();
    let mut proxy = Proxy::start(&[]);
    let folder = nginx.scratch.path().to_str().unwrap().to_owned();
    let Some(dom) = chromium(&folder, &proxy.at(), &nginx.url("/page.html")) else { return };
    assert!(dom.contains("<p>clear</p>") && dom.contains("script ran"), "{dom}");
    let tunnelled = format!("https://127.0.0.1:{}/page.html", nginx.secure);
    let dom = chromium(&folder, &proxy.at(), &tunnelled).unwrap();
    assert!(dom.contains("script ran"), "{dom}");
    let counts = proxy.counts();
    assert!(counts["tunnels"] >= 1 && counts["origin_requests"] >= 3, "{counts:?}");
    assert_eq!((nginx.asked_for("/page.html"), nginx.asked_for("/s.js")), (2, 2));
    // A browser with an empty cache of its own gets it out of the proxy's.
    let fresh = Scratch::new().unwrap();
    let dom = chromium(fresh.path().to_str().unwrap(), &proxy.at(), &nginx.url("/page.html")).unwrap();
    assert!(dom.contains("script ran"), "{dom}");
    assert_eq!((nginx.asked_for("/page.html"), nginx.asked_for("/s.js")), (2, 2));
    assert!(proxy.counts()["hits"] >= 2);
}

#[test]
#[ignore = "needs chromium and python3"]
fn a_log_in_is_the_same_session_in_chromium_and_in_fetch() {
    let seen = Seen::default();
    let shop = shop(&seen);
    let proxy = Proxy::start(&["--reverse", &format!("http://{}", shop.address())]);
    let scratch = Scratch::new().unwrap();
    let folder = scratch.path().to_str().unwrap();
    let Some(dom) = chromium(folder, &proxy.at(), "http://www.shop.test/login") else { return };
    assert!(dom.contains("hello alice"), "{dom}");
    let by_browser = std::mem::take(&mut *seen.lock().unwrap());

    let jar = format!("{folder}/jar");
    let urls = LOOKED_AT.map(|at| format!("http://{at}"));
    let mut args = vec!["-s", "-L", "-x"];
    let at = proxy.at();
    args.extend([&*at, "-b", &jar, "-c", &jar, &urls[0]]);
    args.extend(urls[2..].iter().map(String::as_str));
    assert!(fetch(&args).contains("hello alice"));
    let by_fetch = std::mem::take(&mut *seen.lock().unwrap());

    // What each path got to see, of what was asked for before anything was renewed; images come in any order.
    for at in LOOKED_AT {
        let (browser, fetch) = (&by_browser[at], &by_fetch[at]);
        let names = |cookies: &str| {
            let mut names: Vec<String> =
                cookies.split("; ").filter_map(|pair| Some(pair.split_once('=')?.0.to_owned())).collect();
            names.sort();
            names.retain(|name| name != "gone");
            names
        };
        assert_eq!(names(browser), names(fetch), "{at}: {browser} / {fetch}");
    }
    // What lasts: the browser's own data base, and the jar. (What ends with the session may or may not be written down.)
    let script = "import sqlite3, sys\n\
        for row in sqlite3.connect(sys.argv[1]).execute('select is_httponly, host_key, path, is_secure, name from cookies where has_expires'):\n\
        \x20 print('#HttpOnly_' * row[0] + row[1], str(row[1][0] == '.').upper(), row[2], str(bool(row[3])).upper(), row[4])\n";
    let data_base = format!("{folder}/profile/Default/Cookies");
    let other = format!("{folder}/profile/Default/Network/Cookies");
    let data_base = if std::path::Path::new(&other).exists() { other } else { data_base };
    let kept = says("python3", &["-c", script, &data_base]);
    let mut kept: Vec<&str> = kept.lines().collect();
    kept.sort_unstable();
    let mut ours: Vec<String> = jar_lines(&jar)
        .into_iter()
        .filter(|line| line.contains(" lasts "))
        .map(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            [fields[0], fields[1], fields[2], fields[3], fields[5]].join(" ")
        })
        .collect();
    ours.sort();
    assert_eq!(kept, ours);
}

fn md5(text: &str) -> String {
    let output = run_with("md5sum", &[], text.as_bytes());
    String::from_utf8_lossy(&output.stdout).split(' ').next().unwrap().to_owned()
}

#[test]
#[ignore = "needs apache2 and curl"]
fn fetch_proves_who_it_is_to_apache_by_digest() {
    let scratch = Scratch::new().unwrap();
    scratch.write("root/a.txt", b"secret").unwrap();
    scratch.write("root/b c.txt", b"spaced").unwrap();
    open_to_all(&scratch, &["", "root"]);
    let user = format!("alice:a room:{}\n", md5("alice:a room:open sesame"));
    scratch.write("users", user.as_bytes()).unwrap();
    let (port, folder) = (free_place().unwrap().port(), scratch.path().to_str().unwrap());
    let modules = ["mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_digest"];
    let load: String = modules
        .iter()
        .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"))
        .collect();
    let config = format!(
        "{load}ServerName localhost\nListen 127.0.0.1:{port}\nPidFile {folder}/apache.pid\nErrorLog {folder}/log\n\
         User www-data\nGroup www-data\nDefaultRuntimeDir {folder}\nMutex posixsem\nDocumentRoot {folder}/root\n\
         <Directory {folder}/root>\nAuthType Digest\nAuthName 'a room'\nAuthDigestProvider file\n\
         AuthUserFile {folder}/users\nRequire valid-user\n</Directory>\n"
    );
    scratch.write("apache.conf", config.as_bytes()).unwrap();
    let conf = format!("{folder}/apache.conf");
    let _apache = Other::start("apache2", &["-X", "-f", &conf], port);
    let url = |path: &str| format!("http://127.0.0.1:{port}{path}");
    let proxy = Proxy::start(&[]);
    let at = proxy.at();
    for via in [&[][..], &["-x", &at]] {
        let with = |user: &str, path: &str| {
            let url = url(path);
            let code = ["-s", "-u", user, "--digest", "-w", " %{http_code}", &url];
            fetch(&[via, &code].concat())
        };
        assert_eq!(with("alice:open sesame", "/a.txt"), "secret 200");
        assert_eq!(with("alice:open sesame", "/b%20c.txt?q=1"), "spaced 200");
        assert!(with("alice:open", "/a.txt").ends_with(" 401"));
        assert!(with("bob:open sesame", "/a.txt").ends_with(" 401"));
        let basic = [
            &["-s", "-u", "alice:open sesame", "-o", "/dev/null", "-w", "%{http_code}"],
            via,
            &[&*url("/a.txt")],
        ];
        assert_eq!(fetch(&basic.concat()), "401");
    }
    // What one has proved to be is not kept for another.
    assert_eq!(status(&["-x", &at, &url("/a.txt")]), "401");
}

#[test]
#[ignore = "needs curl"]
fn curl_and_fetch_prove_who_they_are_to_us_by_digest() {
    let (user, at) = (User { name: "alice", password: "open sesame" }, |address: SocketAddr| {
        format!("http://{address}/a?b=c")
    });
    for hash in [Hash::Md5, Hash::Sha256] {
        let service = server(move |request| {
            let challenge = Challenge::new("a room", "0a4f113b").unwrap();
            let challenge = challenge.with_algorithm(Algorithm { hash, is_session: false });
            let challenge = challenge.with_opaque("5ccc069c").unwrap().with_qops(&[Qop::Auth]);
            let asked = Asked { method: request.method().as_str(), uri: request.target(), body: None };
            let shown = request.fields().first(Known::Authorization).map(Credentials::parse);
            let proved = shown.is_some_and(|shown| shown.unwrap().verify(&challenge, &asked, &user).is_ok());
            if proved {
                return Ok((ResponseBuilder::new(StatusCode::OK), Bytes::from_static(b"welcome")));
            }
            let mut head = ResponseBuilder::new(StatusCode::UNAUTHORIZED);
            head.field(Known::WwwAuthenticate, challenge.to_value())?;
            Ok((head, Bytes::from_static(b"who are you?")))
        });
        let url = at(service.address());
        for (run, name) in [(&curl as &dyn Fn(&[&str]) -> String, "curl"), (&fetch, "fetch")] {
            assert_eq!(
                run(&["--digest", "-s", "-u", "alice:open sesame", &url]),
                "welcome",
                "{name} {hash:?}"
            );
            assert_eq!(
                run(&["--digest", "-s", "-u", "alice:sesame", &url]),
                "who are you?",
                "{name} {hash:?}"
            );
            let post = ["--digest", "-s", "-u", "alice:open sesame", "-d", "x=1", &url];
            assert_eq!(run(&post), "welcome", "{name} {hash:?}");
        }
    }
}

#[test]
fn set_cookies_above_are_what_they_seem() {
    assert!(LOGIN.iter().all(|cookie| SetCookie::parse(cookie.as_bytes()).is_some()));
}

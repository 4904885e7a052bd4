//! A fresh hit beside nginx: the processor time that `http_proxy` needs to answer out of its cache, and that nginx needs to
//! serve the same file itself.
//!
//! Both are processes of their own; `wrk` asks each in turn over 64 connections, in many short rounds. What is compared is the
//! processor time that all threads of the process used, by the scheduler's own count, divided by the answers, in the round
//! that was cheapest: on a shared machine the others only ever add. nginx runs as it comes, with `sendfile` and without a log.
//!
//! Goal: a ratio of at most 1.
//!
//! ```text
//! cargo build --release -p examples --example http_proxy
//! cargo bench -p benches --bench http_proxy
//! ```
//!
//! `HTTP_PROXY_BENCH_ROUNDS` (5) sets how long it takes: 6 s each. Without nginx and wrk there is nothing to measure.

use std::error::Error;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

type Failure = Box<dyn Error>;

/// The files: name and length.
const FILES: [(&str, usize); 3] = [("1k.bin", 1 << 10), ("10k.bin", 10 << 10), ("100k.bin", 100 << 10)];

/// A running server, killed when dropped.
struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    fn nginx(folder: &Path) -> Result<Self, Failure> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let at = folder.display();
        let config = format!(
            "daemon off; master_process off; pid {at}/pid; error_log {at}/log; events {{}}
             http {{ access_log off; sendfile on; keepalive_requests 1000000000;
               client_body_temp_path {at}/b; proxy_temp_path {at}/p; fastcgi_temp_path {at}/f;
               uwsgi_temp_path {at}/u; scgi_temp_path {at}/s;
               server {{ listen {address}; root {at}; expires 1h; }} }}"
        );
        fs::write(folder.join("nginx.conf"), config)?;
        let config = folder.join("nginx.conf");
        let mut command = Command::new("nginx");
        let process = command.arg("-p").arg(folder).arg("-c").arg(config).stderr(Stdio::null()).spawn()?;
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if start.elapsed() > Duration::from_secs(10) {
                return Err("nginx does not listen".into());
            }
            sleep(Duration::from_millis(10));
        }
        Ok(Server { process, address })
    }

    fn proxy(program: &Path, origin: SocketAddr) -> Result<Self, Failure> {
        let mut process = Command::new(program)
            .args(["--listen", "127.0.0.1:0", "--reverse", &format!("http://{origin}")])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().ok_or("no standard output")?).read_line(&mut line)?;
        let address = line.trim_end().strip_prefix("listening on http://").ok_or("no ready line")?;
        Ok(Server { process, address: address.parse()? })
    }

    /// What its threads have used so far, those that have ended since included.
    fn processor_time(&self) -> Result<Duration, Failure> {
        let mut nanos = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
            nanos += text.split(' ').next().ok_or("no schedstat")?.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// Nanoseconds of processor time for an answer, and how many answers there were in a second.
    fn measure(&self, file: &str) -> Result<(f64, f64), Failure> {
        let url = format!("http://{}/{file}", self.address);
        // Whatever a first request does is done.
        wrk(&url, "1s", "2")?;
        let before = self.processor_time()?;
        let (answers, seconds) = wrk(&url, "1s", "64")?;
        let used = self.processor_time()?.saturating_sub(before);
        Ok((used.as_nanos() as f64 / answers, answers / seconds))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// How many answers came, in how many seconds.
fn wrk(url: &str, time: &str, connections: &str) -> Result<(f64, f64), Failure> {
    let said = Command::new("wrk").args(["-t1", "-c", connections, "-d", time, url]).output()?;
    let said = String::from_utf8(said.stdout)?;
    if said.contains("Non-2xx") {
        return Err(format!("not all was well: {said}").into());
    }
    let line = said.lines().find(|line| line.contains(" requests in ")).ok_or("wrk says nothing")?;
    let mut words = line.split_whitespace();
    let answers = words.next().ok_or("no number")?.parse()?;
    let seconds = words.nth(2).and_then(|word| word.strip_suffix("s,")).ok_or("no time")?.parse()?;
    Ok((answers, seconds))
}

fn program() -> Option<PathBuf> {
    let bench = std::env::current_exe().ok()?;
    let path = bench.ancestors().nth(2)?.join("examples").join("http_proxy");
    path.is_file().then_some(path)
}

fn is_there(program: &str) -> bool {
    let found = Command::new("which").arg(program).stdout(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}

fn main() -> Result<(), Failure> {
    let smoke = std::env::args().any(|arg| arg == "--test");
    let Some(program) = program().filter(|_| is_there("nginx") && is_there("wrk")) else {
        println!(
            "nginx, wrk or http_proxy is missing: cargo build --release -p examples --example http_proxy"
        );
        return Ok(());
    };
    let rounds = std::env::var("HTTP_PROXY_BENCH_ROUNDS").ok().and_then(|text| text.parse().ok());
    let rounds = if smoke { 1 } else { rounds.unwrap_or(5) };
    let folder = std::env::temp_dir().join(format!("http-proxy-bench-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let measured = compare(&program, &folder, rounds);
    fs::remove_dir_all(&folder)?;
    measured
}

fn compare(program: &Path, folder: &Path, rounds: usize) -> Result<(), Failure> {
    for (name, len) in FILES {
        fs::write(folder.join(name), vec![b'k'; len])?;
    }
    let nginx = Server::nginx(folder)?;
    let proxy = Server::proxy(program, nginx.address)?;
    println!(
        "{:9} {:>12} {:>12} {:>7}   {:>10} {:>10}",
        "file", "nginx", "http_proxy", "ratio", "nginx/s", "proxy/s"
    );
    for (name, _) in FILES {
        let mut least = [(f64::MAX, 0.0); 2];
        for _ in 0..rounds {
            for (server, least) in [&nginx, &proxy].into_iter().zip(&mut least) {
                let measured = server.measure(name)?;
                if measured.0 < least.0 {
                    *least = measured;
                }
            }
        }
        let [(theirs, their_rate), (ours, our_rate)] = least;
        let (in_micros, ratio) = (|nanos: f64| format!("{:.1} us", nanos / 1e3), ours / theirs);
        let (theirs, ours) = (in_micros(theirs), in_micros(ours));
        println!("{name:9} {theirs:>12} {ours:>12} {ratio:>7.2}   {their_rate:>10.0} {our_rate:>10.0}");
    }
    Ok(())
}

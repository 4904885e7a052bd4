//! Web servers side by side: the processor time that a request for a file of 1 KiB costs.
//!
//! Each server is a process of its own on one core; one thread on another core generates the load over 64 connections.
//! What is compared is the processor time that the server's threads used, by the scheduler's own count, divided by the
//! answers. The servers take turns in many short rounds, and what is compared is the cost that a tenth of the rounds stay
//! below: on a shared machine the others only ever add. The floor of each model does no more than any server must: a mio
//! loop and a thread per connection that read, parse nothing, and write an answer kept ready.
//!
//! Goals: `http_server --runtime mio` within 1.15 of the mio floor (16 requests pipelined: 1.4), `--runtime threads`
//! within 1.25 of the blocking floor.
//!
//! ```text
//! cargo build --release -p examples --example http_server
//! cargo bench -p benches --bench http_server
//! ```
//!
//! `HTTP_SERVER_BENCH_ROUNDS` (40) and `HTTP_SERVER_BENCH_MILLIS` (60) set how long it takes.

#[path = "http_server/child.rs"]
mod child;
#[path = "http_server/load.rs"]
mod load;
#[path = "http_server/servers.rs"]
mod servers;

use std::path::PathBuf;
use std::time::Duration;

use child::{Child, Failure};
use load::Load;

/// What one run of a workload is.
struct Workload {
    name: &'static str,
    connections: usize,
    /// Requests under way on each connection.
    depth: usize,
}

const WORKLOADS: [Workload; 2] = [
    Workload { name: "64 connections", connections: 64, depth: 1 },
    Workload { name: "64 connections, 16 pipelined", connections: 64, depth: 16 },
];

/// A contender: how it is started, and which floor it is compared with.
struct Contender {
    name: &'static str,
    floor: &'static str,
    /// `Some`: our program, with these flags; `None`: this bench itself as a child.
    flags: Option<&'static [&'static str]>,
    /// Answers pipelined requests fast enough to wait for; or at all.
    pipelines: bool,
}

const MIO_FLOOR: &str = "floor: mio loop";
const THREADS_FLOOR: &str = "floor: thread each";

const CONTENDERS: [Contender; 8] = [
    Contender { name: MIO_FLOOR, floor: MIO_FLOOR, flags: None, pipelines: true },
    Contender {
        name: "http_server mio",
        floor: MIO_FLOOR,
        flags: Some(&["--runtime", "mio", "--threads", "1"]),
        pipelines: true,
    },
    Contender {
        name: "http_server tokio",
        floor: MIO_FLOOR,
        flags: Some(&["--runtime", "tokio", "--threads", "1"]),
        pipelines: true,
    },
    Contender { name: "hyper 1.12.0", floor: MIO_FLOOR, flags: None, pipelines: true },
    Contender { name: "may_minihttp 0.1.11", floor: MIO_FLOOR, flags: None, pipelines: true },
    Contender { name: THREADS_FLOOR, floor: THREADS_FLOOR, flags: None, pipelines: true },
    Contender {
        name: "http_server threads",
        floor: THREADS_FLOOR,
        flags: Some(&["--runtime", "threads"]),
        pipelines: true,
    },
    Contender { name: "tiny_http 0.12.0", floor: THREADS_FLOOR, flags: None, pipelines: false },
];

/// A contender that runs, with what was measured of it.
struct Running {
    contender: &'static Contender,
    child: Child,
    /// For each workload, processor nanoseconds per answer and answers per second, round by round.
    samples: Vec<Vec<(f64, f64)>>,
    /// It hung or broke off; it is left alone from then on.
    failed: Option<String>,
}

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [word, name] = args.as_slice()
        && word == "child"
    {
        return servers::serve(name);
    }
    let smoke = args.iter().any(|arg| arg == "--test");
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let rounds = if smoke { 1 } else { number("HTTP_SERVER_BENCH_ROUNDS", 40) };
    let millis = if smoke { 20 } else { number("HTTP_SERVER_BENCH_MILLIS", 60) };
    let folder = child::folder_with_page()?;
    let Some(program) = http_server() else {
        println!("http_server is not built: cargo build --release -p examples --example http_server");
        return if smoke { Ok(()) } else { Err("nothing to measure".into()) };
    };
    let mut running = start_all(&program, folder.path())?;
    child::pin(child::LOAD_CORE);
    for round in 0..rounds {
        for (number, workload) in WORKLOADS.iter().enumerate() {
            for contender in &mut running {
                contender.measure(number, workload, Duration::from_millis(millis));
            }
        }
        if !smoke {
            eprint!("\rround {} of {rounds}", round + 1);
        }
    }
    eprintln!();
    WORKLOADS.iter().enumerate().for_each(|(number, workload)| print_table(number, workload, &running));
    for contender in &running {
        if let Some(error) = &contender.failed {
            println!("{} was measured until it failed: {error}", contender.contender.name);
        }
    }
    // Ours must not fail.
    match running.iter().find(|it| it.contender.flags.is_some() && it.failed.is_some()) {
        Some(it) => Err(format!("{} failed", it.contender.name).into()),
        None => Ok(()),
    }
}

/// Where `cargo build --release --example` puts it, seen from `cargo bench`.
fn http_server() -> Option<PathBuf> {
    let bench = std::env::current_exe().ok()?;
    let path = bench.ancestors().nth(2)?.join("examples").join("http_server");
    path.is_file().then_some(path)
}

fn start_all(program: &std::path::Path, root: &std::path::Path) -> Result<Vec<Running>, Failure> {
    let this = std::env::current_exe()?;
    let mut running = Vec::new();
    for contender in &CONTENDERS {
        let child = match contender.flags {
            None => Child::start(&this, &["child", contender.name])?,
            Some(flags) => {
                let root = root.to_str().ok_or("a folder without a name")?;
                let args = [&["--root", root, "--listen", "127.0.0.1:0"], flags].concat();
                Child::start(program, &args)?
            }
        };
        let samples = WORKLOADS.iter().map(|_| Vec::new()).collect();
        running.push(Running { contender, child, samples, failed: None });
    }
    Ok(running)
}

impl Running {
    fn measure(&mut self, number: usize, workload: &Workload, time: Duration) {
        let skipped = workload.depth > 1 && !self.contender.pipelines;
        if skipped || self.failed.is_some() {
            return;
        }
        match self.sample(workload, time) {
            Ok(sample) => self.samples[number].push(sample),
            Err(error) => self.failed = Some(error.to_string()),
        }
    }

    fn sample(&mut self, workload: &Workload, time: Duration) -> Result<(f64, f64), Failure> {
        let mut load = Load::connect(self.child.address(), workload.connections, workload.depth)?;
        load.run(time / 4)?;
        let before = self.child.processor_time()?;
        let (answers, took) = load.run(time)?;
        let used = self.child.processor_time()? - before;
        Ok((used.as_nanos() as f64 / answers as f64, answers as f64 / took.as_secs_f64()))
    }

    /// Microseconds per answer, so many hundredths of the rounds being better.
    fn cost(&self, number: usize, hundredths: usize) -> Option<f64> {
        let mut costs: Vec<f64> = self.samples[number].iter().map(|sample| sample.0 / 1000.0).collect();
        costs.sort_by(f64::total_cmp);
        costs.get(costs.len() * hundredths / 100).copied()
    }

    fn best_rate(&self, number: usize) -> f64 {
        self.samples[number].iter().map(|sample| sample.1).fold(0.0, f64::max)
    }
}

fn print_table(number: usize, workload: &Workload, running: &[Running]) {
    println!("\n{}", workload.name);
    println!("{:<22} {:>10} {:>10} {:>12} {:>8}", "server", "us/request", "median", "requests/s", "x floor");
    for it in running {
        let (Some(best), Some(median)) = (it.cost(number, 10), it.cost(number, 50)) else { continue };
        let floor = running.iter().find(|other| other.contender.name == it.contender.floor);
        let ratio = floor.and_then(|floor| floor.cost(number, 10)).map_or(f64::NAN, |floor| best / floor);
        let (name, rate) = (it.contender.name, it.best_rate(number));
        println!("{name:<22} {best:>10.2} {median:>10.2} {rate:>12.0} {ratio:>8.2}");
    }
}

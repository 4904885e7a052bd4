//! Ours and its peers in one run, and the ratios at the end.
//!
//! Times on a shared machine drift, so nothing is compared across runs: of each contender the best sample of this run
//! counts, and what is printed is ours divided by the peer's. Below 1 is faster.
//!
//! `COUNT='WORKLOAD|WHO|ROUNDS' cargo bench -p benches --bench NAME` does one piece of work so many times and nothing else, for
//! callgrind to count: the difference of two runs is the cost of the rounds between them.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};

/// Our own side of every comparison.
pub(crate) const OURS: &str = "ours";

struct Row {
    workload: String,
    who: String,
    nanos: f64,
    bytes: f64,
}

/// Measures by criterion and remembers the best of each; or does one thing so many times.
pub(crate) struct SideBySide {
    mode: Mode,
    rows: Vec<Row>,
}

enum Mode {
    Measure(Box<Criterion>),
    Count { workload: String, who: String, rounds: usize },
}

impl Mode {
    /// `COUNT`, or criterion's settings for a short run and its options on the command line.
    fn from_args() -> Self {
        let Ok(count) = std::env::var("COUNT") else {
            let criterion = Criterion::default()
                .sample_size(30)
                .warm_up_time(Duration::from_millis(200))
                .measurement_time(Duration::from_millis(700));
            return Mode::Measure(Box::new(criterion.configure_from_args()));
        };
        let parts: Vec<&str> = count.split('|').collect();
        let [workload, who, rounds] = parts[..] else { panic!("COUNT='WORKLOAD|WHO|ROUNDS'") };
        let rounds = rounds.parse().expect("a number of rounds");
        Mode::Count { workload: workload.into(), who: who.into(), rounds }
    }
}

impl SideBySide {
    /// As the command line and `COUNT` want it.
    pub(crate) fn from_args() -> Self {
        SideBySide { mode: Mode::from_args(), rows: Vec::new() }
    }

    /// One contender at one workload that handles `bytes` bytes.
    pub(crate) fn measure<T>(
        &mut self,
        workload: &str,
        who: &str,
        bytes: usize,
        mut work: impl FnMut() -> T,
    ) {
        self.measure_with(workload, who, (1, bytes), || (), |()| work());
    }

    /// The same for work that uses up its input: only the work is timed, and each turn does it `units` times over, on
    /// `bytes` bytes each.
    pub(crate) fn measure_with<I, T>(
        &mut self,
        workload: &str,
        who: &str,
        (units, bytes): (usize, usize),
        mut input: impl FnMut() -> I,
        mut work: impl FnMut(&mut I) -> T,
    ) {
        if let Mode::Count { workload: wanted, who: whom, rounds } = &self.mode {
            if workload == wanted && who == whom {
                eprintln!("{} bytes a round", bytes * units);
                for _ in 0..*rounds {
                    black_box(work(black_box(&mut input())));
                }
            }
            return;
        }
        self.sample(workload, who, bytes, units, |rounds| {
            // What needs no input is timed in one go: the clock costs more than a short piece of work.
            let at_once = if size_of::<I>() == 0 { rounds } else { 1 };
            let mut took = Duration::ZERO;
            for _ in 0..rounds / at_once {
                let mut inputs: Vec<I> = (0..at_once).map(|_| input()).collect();
                let start = Instant::now();
                for input in &mut inputs {
                    black_box(work(black_box(input)));
                }
                took += start.elapsed();
            }
            took
        });
    }

    fn sample(
        &mut self,
        workload: &str,
        who: &str,
        bytes: usize,
        units: usize,
        mut run: impl FnMut(u64) -> Duration,
    ) {
        let Mode::Measure(criterion) = &mut self.mode else { return };
        let mut best = f64::INFINITY;
        let mut group = criterion.benchmark_group(workload);
        group.throughput(Throughput::Bytes((bytes * units) as u64));
        group.bench_function(who, |bencher| {
            bencher.iter_custom(|rounds| {
                let took = run(rounds);
                best = best.min(took.as_nanos() as f64 / (rounds * units as u64) as f64);
                took
            });
        });
        group.finish();
        if best.is_finite() {
            let (workload, who) = (workload.to_owned(), who.to_owned());
            self.rows.push(Row { workload, who, nanos: best, bytes: bytes as f64 });
        }
    }

    /// The table of ratios.
    pub(crate) fn print(self) {
        if matches!(self.mode, Mode::Count { .. }) {
            return;
        }
        println!("\n{:<36} {:<18} {:>12} {:>8} {:>10}", "workload", "who", "ns", "GB/s", "ours / it");
        for row in &self.rows {
            let ours = self.rows.iter().find(|other| other.workload == row.workload && other.who == OURS);
            let ratio = ours.map(|ours| format!("{:.2}", ours.nanos / row.nanos)).unwrap_or_default();
            let speed = row.bytes / row.nanos;
            println!("{:<36} {:<18} {:>12.1} {speed:>8.2} {ratio:>10}", row.workload, row.who, row.nanos);
        }
    }
}

//! Servers as processes of their own: started on their core, asked for the processor time they used, stopped.

use std::error::Error;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::thread::{CpuSet, sched_setaffinity};

pub(crate) type Failure = Box<dyn Error>;

/// Where the servers run, and where the load comes from.
pub(crate) const SERVER_CORE: usize = 0;
pub(crate) const LOAD_CORE: usize = 1;

/// What is served: the name, and the content.
pub(crate) const PAGE: &str = "1k.bin";
pub(crate) const CONTENT: [u8; 1024] = [b'k'; 1024];

/// Keeps this thread, and whatever it starts, on one core. On a machine with a single one it does nothing.
pub(crate) fn pin(core: usize) {
    let mut set = CpuSet::new();
    set.set(core);
    let _ = sched_setaffinity(None, &set);
}

/// A folder with the page in it. Deleted when dropped.
pub(crate) struct Folder(PathBuf);

pub(crate) fn folder_with_page() -> Result<Folder, Failure> {
    let path = std::env::temp_dir().join(format!("http-server-bench-{}", std::process::id()));
    fs::create_dir_all(&path)?;
    fs::write(path.join(PAGE), CONTENT)?;
    Ok(Folder(path))
}

impl Folder {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A running server. Killed when dropped.
pub(crate) struct Child {
    process: std::process::Child,
    address: SocketAddr,
}

impl Child {
    /// Starts it and waits for its ready line.
    pub(crate) fn start(program: &Path, args: &[&str]) -> Result<Self, Failure> {
        pin(SERVER_CORE); // inherited
        let mut process = Command::new(program).args(args).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let stdout = process.stdout.take().ok_or("no standard output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim_end().strip_prefix("listening on http://").ok_or("no ready line")?;
        Ok(Child { process, address: address.parse()? })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What all its threads have used so far: the first number of the scheduler's statistics, nanoseconds on a processor.
    pub(crate) fn processor_time(&self) -> Result<Duration, Failure> {
        let mut nanos = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            // A thread may end meanwhile; those that serve do not.
            let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
            nanos += text.split(' ').next().ok_or("no schedstat")?.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanos))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

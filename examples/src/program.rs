//! Running a program of this house as a child process: for tests, which start it, wait for its ready lines and end it.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use crate::Failure;

/// A running program. Killed when dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    stdout: BufReader<ChildStdout>,
    listeners: Vec<(String, SocketAddr)>,
}

/// Where `cargo` puts the program called `name`, seen from a test of the same build.
///
/// # Errors
/// It was not built: `cargo build --examples` does it, and `cargo test` without `-p`.
pub fn path(name: &str) -> Result<PathBuf, Failure> {
    let test = std::env::current_exe()?;
    let profile = test.ancestors().nth(2).ok_or("a test outside of target/PROFILE/deps")?;
    let program = profile.join("examples").join(name);
    if program.is_file() {
        return Ok(program);
    }
    Err(format!("{} is not there; build it with: cargo build --examples", program.display()).into())
}

/// A place on the loopback for a program by others that can't choose its port by itself: free now, by UDP and by TCP, never
/// the same one twice, and not among those that the system gives away for port 0.
///
/// # Errors
/// Every port was taken.
pub fn free_place() -> Result<SocketAddr, Failure> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 100)? * 100;
    for _ in 0..1000 {
        let address = SocketAddr::from(([127, 0, 0, 1], first + NEXT.fetch_add(1, Ordering::Relaxed) % 1000));
        if UdpSocket::bind(address).is_ok() && TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    Err("every port is taken".into())
}

impl Program {
    /// Starts `name` and waits until it has announced `listeners` listeners.
    ///
    /// # Errors
    /// It is not built, or it ended before all of them were ready.
    pub fn start<A: AsRef<OsStr>>(
        name: &str,
        args: impl IntoIterator<Item = A>,
        listeners: usize,
    ) -> Result<Self, Failure> {
        let mut child = Command::new(path(name)?)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()?;
        let stdout = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        let mut program = Program { child, stdout, listeners: Vec::new() };
        while program.listeners.len() < listeners {
            let line = program.line()?;
            let ready = line.strip_prefix("listening on ").and_then(|rest| rest.split_once("://"));
            if let Some((scheme, address)) = ready {
                program.listeners.push((scheme.to_owned(), address.trim_end_matches('/').parse()?));
            }
        }
        Ok(program)
    }

    /// The address of the listener announced as `scheme://`.
    ///
    /// # Errors
    /// There is no such listener.
    pub fn address(&self, scheme: &str) -> Result<SocketAddr, Failure> {
        let found = self.listeners.iter().find(|(name, _)| name == scheme);
        found.map(|&(_, address)| address).ok_or_else(|| format!("no listener for {scheme}://").into())
    }

    /// The next line of its standard output, without the line end.
    ///
    /// # Errors
    /// It has ended.
    pub fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        if self.stdout.read_line(&mut line)? == 0 {
            return Err(format!("it ended early: {}", self.child.wait()?).into());
        }
        Ok(line.trim_end().to_owned())
    }

    /// The process id, for sending it signals.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGTERM by the system's `kill`, as a service manager would.
    ///
    /// # Errors
    /// It could not be sent.
    pub fn terminate(&self) -> Result<(), Failure> {
        self.signal("TERM")
    }

    /// Sends the signal called `name`: `STOP` makes it stand still, `CONT` go on.
    ///
    /// # Errors
    /// It could not be sent.
    pub fn signal(&self, name: &str) -> Result<(), Failure> {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status()?;
        if status.success() { Ok(()) } else { Err("kill failed".into()) }
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// It did not within `limit`.
    pub fn wait(&mut self, limit: Duration) -> Result<ExitStatus, Failure> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if start.elapsed() > limit {
                return Err("it did not end in time".into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What is left of its standard output, to the end.
    ///
    /// # Errors
    /// It can't be read.
    pub fn rest(&mut self) -> Result<String, Failure> {
        let mut text = String::new();
        self.stdout.read_to_string(&mut text)?;
        Ok(text)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `name` to its end, with `input` as its standard input, and returns what it printed.
///
/// # Errors
/// It is not built or can't be started.
pub fn output<A: AsRef<OsStr>>(
    name: &str,
    args: impl IntoIterator<Item = A>,
    input: &[u8],
) -> Result<Output, Failure> {
    let mut child = Command::new(path(name)?)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().ok_or("no standard input")?;
    let input = input.to_vec();
    // On a thread of its own, for the program may print more than a pipe holds before it has read everything.
    let writer = std::thread::spawn(move || {
        let _ = std::io::Write::write_all(&mut stdin, &input);
    });
    let output = child.wait_with_output()?;
    let _ = writer.join();
    Ok(output)
}

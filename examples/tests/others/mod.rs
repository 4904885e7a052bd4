//! Programs by others, as the ignored tests start, feed and stop them.
//!
//! The rule: one that is missing fails the test with a word on how to get it, and whatever was started is stopped.

pub(crate) mod names;

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use examples::scratch::Scratch;

/// Longer than anything here takes: whoever waits for it has failed.
const LONG: Duration = Duration::from_secs(60);

fn started(command: &mut Command) -> Child {
    let program = command.get_program().to_string_lossy().into_owned();
    command.spawn().unwrap_or_else(|error| panic!("{program}: {error}; .ci/run install"))
}

fn to_its_end(command: &mut Command, input: &[u8]) -> Output {
    let mut child = started(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // On a thread of its own, for it may print more than a pipe holds before it has read everything.
    let writer = thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn succeeded(program: &str, args: &[&str], output: Output) -> Vec<u8> {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?}: {} {error}", output.status);
    output.stdout
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs a program to its end, with `input` as its standard input.
pub(crate) fn run_with(program: &str, args: &[&str], input: &[u8]) -> Output {
    to_its_end(Command::new(program).args(args), input)
}

/// What it prints in `folder`, if it succeeds.
pub(crate) fn says_in(folder: &Path, program: &str, args: &[&str], input: &[u8]) -> String {
    let output = to_its_end(Command::new(program).args(args).current_dir(folder), input);
    text(&succeeded(program, args, output))
}

/// What it prints when it reads `input`, if it succeeds.
pub(crate) fn says_to(input: &[u8], program: &str, args: &[&str]) -> Vec<u8> {
    succeeded(program, args, run_with(program, args, input))
}

/// What it prints, if it succeeds.
pub(crate) fn says(program: &str, args: &[&str]) -> String {
    text(&says_to(b"", program, args))
}

/// What it prints, whether it succeeds or not.
pub(crate) fn prints(program: &str, args: &[&str]) -> String {
    text(&run_with(program, args, b"").stdout)
}

pub(crate) fn curl(args: &[&str]) -> String {
    says("curl", &[&["-sS", "--max-time", "60"], args].concat())
}

/// What curl is told of a response: its status code.
pub(crate) fn status(args: &[&str]) -> String {
    curl(&[&["-o", "/dev/null", "-w", "%{http_code}"], args].concat())
}

/// Our own `fetch`, which has to succeed.
pub(crate) fn fetch(args: &[&str]) -> String {
    let output = examples::program::output("fetch", args, b"").unwrap();
    text(&succeeded("fetch", args, output))
}

/// Waits for what takes another program a while.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < LONG, "{what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Lets servers that give up their rights into these folders of `scratch`.
pub(crate) fn open_to_all(scratch: &Scratch, folders: &[&str]) {
    for folder in folders {
        let path = scratch.path().join(folder);
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    }
}

/// A server by others, stopped when dropped.
pub(crate) struct Other {
    child: Child,
    pub(crate) port: u16,
}

impl Other {
    /// Starts it; it need not be ready.
    pub(crate) fn spawn(program: &str, args: &[&str], port: u16) -> Self {
        let command = &mut Command::new(program);
        let quiet = command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Other { child: started(quiet), port }
    }

    /// Starts it, and waits until it listens.
    pub(crate) fn start(program: &str, args: &[&str], port: u16) -> Self {
        let mut other = Other::spawn(program, args, port);
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < LONG, "{program} does not listen");
            assert!(!other.has_ended(), "{program} has ended");
            thread::sleep(Duration::from_millis(10));
        }
        other
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Where it is, for those who go through it.
    pub(crate) fn proxy(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Has it read its files again.
    pub(crate) fn reload(&self) {
        says("kill", &["-HUP", &self.id().to_string()]);
    }

    /// Asks it to end and waits until it has; one that does not heed is killed.
    pub(crate) fn stop(&mut self) {
        if self.has_ended() {
            return;
        }
        let _ = Command::new("kill").arg(self.id().to_string()).status();
        let start = Instant::now();
        while !self.has_ended() {
            if start.elapsed() > LONG / 6 {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A squid that keeps nothing, with its files in `folder`.
pub(crate) fn squid(folder: &str, port: u16) -> Other {
    let config = format!(
        "http_port 127.0.0.1:{port}\nhttp_access allow all\ncache deny all\npid_filename none\n\
         cache_log {folder}/squid.log\naccess_log none\ncoredump_dir {folder}\nshutdown_lifetime 1 seconds\n\
         netdb_filename none\npinger_enable off\nvisible_hostname localhost\nforwarded_for on\n"
    );
    fs::write(format!("{folder}/squid.conf"), config).unwrap();
    Other::start("squid", &["-N", "-f", &format!("{folder}/squid.conf")], port)
}

//! SIGINT and SIGTERM, as something to wait for.
//!
//! The rule: the first signal asks for a graceful end, a second one ends the process at once with status 1, whatever it
//! is doing.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

use crate::Deadline;
use crate::poll::{self, Waker};

/// What the process exits with at the second signal.
const AT_ONCE: i32 = 1;

/// The first SIGINT or SIGTERM, past or to come.
///
/// Its descriptor ([`AsFd`]) becomes readable with the signal and stays so: it can be waited for beside any socket.
///
/// ```no_run
/// use std::time::Duration;
/// use net_core::serve::{Config, Server};
/// use net_core::signals::Termination;
///
/// let server = Server::bind(Config::at("127.0.0.1:8080".parse()?))?;
/// let handle = server.handle();
/// Termination::heed()?.then(move || handle.shutdown(Duration::from_secs(10)))?;
/// println!("listening on tcp://{}", server.local_addr());
/// server.run(|stream, peer, shutdown| { /* a session */ });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Termination {
    bell: Waker,
    has_come: Arc<AtomicBool>,
}

impl Termination {
    /// Takes the two signals over from the system, which would end the process.
    ///
    /// # Errors
    /// Out of descriptors, or the system refuses.
    pub fn heed() -> io::Result<Self> {
        let (bell, rope) = Waker::pair()?;
        let has_come = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: at the first signal the flag is still down when it is looked at.
            flag::register_conditional_shutdown(signal, AT_ONCE, Arc::clone(&has_come))?;
            flag::register(signal, Arc::clone(&has_come))?;
            low_level::pipe::register(signal, rope.try_clone()?)?;
        }
        Ok(Termination { bell, has_come })
    }

    /// The signal has come.
    #[must_use]
    pub fn has_come(&self) -> bool {
        self.has_come.load(Ordering::SeqCst)
    }

    /// Waits for the signal; whether it came before the deadline.
    ///
    /// # Errors
    /// The system's own.
    pub fn wait(&self, deadline: Deadline) -> io::Result<bool> {
        poll::wait_readable(self, deadline)
    }

    /// Does something when the signal comes, on a thread of its own that waits for it.
    ///
    /// # Errors
    /// The thread can't be started.
    pub fn then(&self, act: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let signal = self.clone();
        let wait = move || {
            if matches!(signal.wait(Deadline::NEVER), Ok(true)) {
                act();
            }
        };
        thread::Builder::new().name("net-core signals".into()).spawn(wait).map(drop)
    }
}

impl AsFd for Termination {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

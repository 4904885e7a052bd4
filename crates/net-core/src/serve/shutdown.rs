//! How sessions learn that the server stops.
//!
//! The rule: who is between two messages ends at once, who is in the middle of one finishes it, and a request that has
//! reached the socket counts as begun. So input is always preferred to the news.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::Deadline;
use crate::poll::{self, Interest, Waker};

/// The news that the server stops, for sessions to look at and to wait for.
///
/// Its descriptor ([`AsFd`]) becomes readable when the server begins to stop, and stays so: it can be waited for beside
/// any socket, with [`poll::wait`] or in a [`Poll`](crate::poll::Poll).
#[derive(Clone, Debug)]
pub struct Shutdown {
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    stopping: AtomicBool,
    /// When what is still open is closed.
    drain: Mutex<Deadline>,
    /// Rung once, never silenced.
    bell: Waker,
}

/// What ended a session's wait for its next message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// There is something to read, or the peer has ended its side. This comes first, also while the server stops.
    Readable,
    /// The server stops and nothing is waiting to be read: say good-bye.
    Stopping,
    /// The deadline passed.
    TimedOut,
}

impl Shutdown {
    pub(super) fn new() -> io::Result<Self> {
        let state = State {
            stopping: AtomicBool::new(false),
            drain: Mutex::new(Deadline::NEVER),
            bell: Waker::new()?,
        };
        Ok(Shutdown { state: Arc::new(state) })
    }

    /// Begins. The earliest of several deadlines counts.
    pub(super) fn begin(&self, drain: Deadline) {
        let mut until = self.state.drain.lock().unwrap_or_else(PoisonError::into_inner);
        *until = drain.min(*until);
        drop(until);
        self.state.stopping.store(true, Ordering::SeqCst);
        self.state.bell.ring();
    }

    /// The server has begun to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.state.stopping.load(Ordering::SeqCst)
    }

    /// When connections that are still open will be closed; never, as long as the server isn't stopping.
    #[must_use]
    pub fn drain_deadline(&self) -> Deadline {
        *self.state.drain.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits between two messages: for the next one, for the news that the server stops, or for the deadline.
    ///
    /// # Errors
    /// The system's own.
    pub fn wait_readable(&self, stream: impl AsFd, deadline: Deadline) -> io::Result<Wake> {
        let sources = [(stream.as_fd(), Interest::READ), (self.as_fd(), Interest::READ)];
        let [input, news] = poll::wait(sources, deadline)?;
        if input.any() {
            return Ok(Wake::Readable);
        }
        Ok(if news.any() { Wake::Stopping } else { Wake::TimedOut })
    }
}

impl AsFd for Shutdown {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.state.bell.as_fd()
    }
}

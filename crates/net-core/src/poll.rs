//! Waiting: for several sockets, for timers, and for other threads.
//!
//! Two ways of waiting for sockets, both level-triggered: what is ready is reported again until it is dealt with, so that
//! nothing is lost by dealing with a part of it.
//!
//! - [`wait`] takes a handful of sockets per call (`poll(2)`): a control and a data connection, a socket and a [`Waker`].
//! - [`Poll`] keeps a set of many (`epoll(7)` on Linux): a thousand connections in one thread.
//!
//! [`Timers`] holds the deadlines of those connections; [`Waker`] lets another thread end a wait.

mod registry;
mod timers;
mod waker;

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;

pub use registry::Poll;
pub use timers::Timers;
pub use waker::Waker;

use crate::Deadline;

/// What to wait for on a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Interest {
    /// Bytes to read, a connection to accept, or the stream's end.
    pub read: bool,
    /// Room to write, or the outcome of a connection attempt.
    pub write: bool,
}

impl Interest {
    /// Bytes to read, or the end.
    pub const READ: Interest = Interest { read: true, write: false };
    /// Room to write.
    pub const WRITE: Interest = Interest { read: false, write: true };
    /// Either.
    pub const BOTH: Interest = Interest { read: true, write: true };
    /// Nothing but a hang-up, which is always reported.
    pub const NONE: Interest = Interest { read: false, write: false };
}

/// What a socket is ready for.
///
/// A socket that hung up or failed (reset, refused) counts as ready for everything: the next call on it tells which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Ready {
    /// Reading won't block.
    pub read: bool,
    /// Writing won't block.
    pub write: bool,
    /// The connection is gone in both directions, or failed.
    pub hang_up: bool,
}

impl Ready {
    /// Ready for anything at all.
    #[must_use]
    pub fn any(self) -> bool {
        self.read || self.write || self.hang_up
    }
}

/// Waits until one of `sources` is ready for what is asked of it, or the deadline passes.
///
/// Returns what each is ready for, in their order; nothing at all if the deadline passed first. For more than a few
/// sources [`Poll`] is faster.
///
/// ```
/// use std::os::fd::AsFd;
/// use net_core::{Deadline, poll::{self, Interest, Waker}};
///
/// let waker = Waker::new()?;
/// let distant = waker.clone();
/// let thread = std::thread::spawn(move || distant.ring());
/// let [ready] = poll::wait([(waker.as_fd(), Interest::READ)], Deadline::NEVER)?;
/// assert!(ready.read && waker.clear());
/// # thread.join().unwrap();
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// The system's own; an interruption by a signal is not one.
pub fn wait<const N: usize>(
    sources: [(BorrowedFd<'_>, Interest); N],
    deadline: Deadline,
) -> io::Result<[Ready; N]> {
    let mut fds = sources.map(|(fd, interest)| PollFd::from_borrowed_fd(fd, flags(interest)));
    poll_until(&mut fds, deadline)?;
    Ok(fds.map(|fd| ready(fd.revents())))
}

/// [`wait`] for a number of sources known only at run time.
///
/// # Errors
/// The system's own; an interruption by a signal is not one.
pub fn wait_any(sources: &[(BorrowedFd<'_>, Interest)], deadline: Deadline) -> io::Result<Vec<Ready>> {
    let mut fds: Vec<_> =
        sources.iter().map(|&(fd, interest)| PollFd::from_borrowed_fd(fd, flags(interest))).collect();
    poll_until(&mut fds, deadline)?;
    Ok(fds.iter().map(|fd| ready(fd.revents())).collect())
}

/// Waits until `source` can be read from, or has ended: whether it was so before the deadline.
///
/// # Errors
/// The system's own.
pub fn wait_readable(source: impl AsFd, deadline: Deadline) -> io::Result<bool> {
    let [ready] = wait([(source.as_fd(), Interest::READ)], deadline)?;
    Ok(ready.any())
}

fn poll_until(fds: &mut [PollFd<'_>], deadline: Deadline) -> io::Result<()> {
    loop {
        let left = deadline.left();
        match rustix::event::poll(fds, left.map(timespec).as_ref()) {
            Err(Errno::INTR) => {}
            // A timeout is rounded by the system; the deadline itself decides.
            Ok(0) if !deadline.has_passed() => {}
            outcome => return Ok(outcome.map(drop)?),
        }
    }
}

/// A timeout as the system takes it. What doesn't fit (300 billion years) is cut.
pub(crate) fn timespec(left: Duration) -> Timespec {
    let tv_sec = i64::try_from(left.as_secs()).unwrap_or(i64::MAX);
    Timespec { tv_sec, tv_nsec: left.subsec_nanos().into() }
}

pub(crate) fn flags(interest: Interest) -> PollFlags {
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, interest.read);
    flags.set(PollFlags::OUT, interest.write);
    flags
}

pub(crate) fn ready(events: PollFlags) -> Ready {
    let hang_up = events.intersects(PollFlags::ERR | PollFlags::NVAL | PollFlags::HUP);
    Ready {
        read: events.contains(PollFlags::IN) || hang_up,
        write: events.contains(PollFlags::OUT) || hang_up,
        hang_up,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    #[test]
    fn nothing_ready_by_the_deadline_is_no_error() {
        let (one, _other) = UnixStream::pair().unwrap();
        let [ready] =
            wait([(one.as_fd(), Interest::READ)], Deadline::after(Duration::from_millis(1))).unwrap();
        assert!(!ready.any());
    }

    #[test]
    fn each_source_is_told_apart() {
        let (quiet, _keep) = UnixStream::pair().unwrap();
        let (loud, mut other) = UnixStream::pair().unwrap();
        other.write_all(b"x").unwrap();
        let asked = [(quiet.as_fd(), Interest::READ), (loud.as_fd(), Interest::BOTH)];
        let [first, second] = wait(asked, Deadline::NEVER).unwrap();
        assert!(!first.any());
        assert_eq!(second, Ready { read: true, write: true, hang_up: false });
        assert_eq!(wait_any(&asked, Deadline::NEVER).unwrap(), [first, second]);
    }

    #[test]
    fn a_hang_up_is_ready_for_reading() {
        let (one, other) = UnixStream::pair().unwrap();
        drop(other);
        let [ready] = wait([(one.as_fd(), Interest::READ)], Deadline::NEVER).unwrap();
        assert!(ready.read && ready.hang_up);
    }
}

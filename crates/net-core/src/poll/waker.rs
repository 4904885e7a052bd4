//! Lets another thread end a wait.
//!
//! The rule: a ring is never lost. One that comes between two waits ends the next one, and any number of rings before a
//! [`clear`](Waker::clear) count as one.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

/// A bell that can be waited for like a socket: readable from [`ring`](Waker::ring) to [`clear`](Waker::clear).
///
/// Clones ring the same bell. Holds one descriptor on Linux, two elsewhere.
#[derive(Clone)]
pub struct Waker {
    bell: Arc<Bell>,
}

struct Bell {
    read: OwnedFd,
    /// The end that is written to, if it is another one.
    write: Option<OwnedFd>,
}

impl Waker {
    /// A bell that is silent.
    ///
    /// # Errors
    /// The process is out of descriptors.
    pub fn new() -> io::Result<Self> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            use rustix::event::{EventfdFlags, eventfd};
            let read = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
            Ok(Waker { bell: Arc::new(Bell { read, write: None }) })
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        Ok(Waker::pair()?.0)
    }

    /// A bell made of a socket pair, and the end that rings it when anything is written there.
    pub(crate) fn pair() -> io::Result<(Self, UnixStream)> {
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        write.set_nonblocking(true)?;
        let ringing = write.try_clone()?;
        let bell = Bell { read: read.into(), write: Some(write.into()) };
        Ok((Waker { bell: Arc::new(bell) }, ringing))
    }

    /// Ends the wait of whoever waits for this bell, now or next.
    pub fn ring(&self) {
        let end = self.bell.write.as_ref().unwrap_or(&self.bell.read);
        // The only failure is a bell that is full of rings already.
        let _ = rustix::io::retry_on_intr(|| rustix::io::write(end, &1u64.to_ne_bytes()));
    }

    /// Silences the bell; whether it had been rung.
    #[expect(clippy::must_use_candidate, reason = "most callers only want silence")]
    pub fn clear(&self) -> bool {
        let mut rung = false;
        let mut rings = [0; 64];
        while matches!(rustix::io::retry_on_intr(|| rustix::io::read(&self.bell.read, &mut rings)), Ok(1..)) {
            rung = true;
            if self.bell.write.is_none() {
                break; // an event counter is empty after one read
            }
        }
        rung
    }

    /// The bell is ringing. Does not silence it.
    #[must_use]
    pub fn is_ringing(&self) -> bool {
        let now = crate::Deadline::at(std::time::Instant::now());
        super::wait_readable(self, now).unwrap_or(false)
    }
}

impl AsFd for Waker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.read.as_fd()
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker").field("fd", &self.bell.read).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bells() -> [Waker; 2] {
        [Waker::new().unwrap(), Waker::pair().unwrap().0]
    }

    #[test]
    fn many_rings_count_as_one() {
        for waker in bells() {
            assert!(!waker.is_ringing() && !waker.clear());
            (0..100).for_each(|_| waker.clone().ring());
            assert!(waker.is_ringing() && waker.clear());
            assert!(!waker.is_ringing() && !waker.clear());
        }
    }

    #[test]
    fn a_ring_before_the_wait_ends_it() {
        for waker in bells() {
            waker.ring();
            assert!(super::super::wait_readable(&waker, crate::Deadline::NEVER).unwrap());
        }
    }

    #[test]
    fn a_full_bell_blocks_nobody() {
        let (waker, _) = Waker::pair().unwrap();
        (0..100_000).for_each(|_| waker.ring());
        assert!(waker.clear() && !waker.clear());
    }
}

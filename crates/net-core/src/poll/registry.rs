//! A set of many sockets to wait for.
//!
//! The rule: whoever adds a socket removes it before closing it. (On Linux closing is enough, unless the socket was
//! cloned; elsewhere the set holds a descriptor of its own.)

#[cfg(any(target_os = "linux", target_os = "android"))]
pub use epoll::Poll;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub use portable::Poll;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod epoll {
    use std::io;
    use std::mem::MaybeUninit;
    use std::os::fd::{AsFd, OwnedFd};

    use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
    use rustix::io::Errno;

    use crate::Deadline;
    use crate::poll::{Interest, Ready};

    /// How many sockets one call reports at most; the others come with the next.
    const REPORTS: usize = 256;

    /// A set of sockets, each under a number that the caller picks, and a wait for any of them.
    ///
    /// ```
    /// use std::time::Duration;
    /// use net_core::{Deadline, poll::{Interest, Poll, Waker}};
    ///
    /// let mut poll = Poll::new()?;
    /// let waker = Waker::new()?;
    /// poll.add(&waker, 7, Interest::READ)?;
    /// waker.ring();
    /// poll.wait(Deadline::after(Duration::from_secs(1)))?;
    /// let ready: Vec<_> = poll.ready().collect();
    /// assert_eq!(ready.len(), 1);
    /// assert_eq!(ready[0].0, 7);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[derive(Debug)]
    pub struct Poll {
        set: OwnedFd,
        ready: Vec<(u64, Ready)>,
    }

    impl Poll {
        /// An empty set.
        ///
        /// # Errors
        /// The process is out of descriptors.
        pub fn new() -> io::Result<Self> {
            let set = epoll::create(CreateFlags::CLOEXEC)?;
            Ok(Poll { set, ready: Vec::new() })
        }

        /// Adds a source under a number of the caller's choice.
        ///
        /// # Errors
        /// It is in the set already, or can't be waited for (a plain file).
        pub fn add(&mut self, source: impl AsFd, token: u64, interest: Interest) -> io::Result<()> {
            Ok(epoll::add(&self.set, source, EventData::new_u64(token), flags(interest))?)
        }

        /// Changes what is waited for on a source of the set.
        ///
        /// # Errors
        /// It is not in the set.
        pub fn change(&mut self, source: impl AsFd, token: u64, interest: Interest) -> io::Result<()> {
            Ok(epoll::modify(&self.set, source, EventData::new_u64(token), flags(interest))?)
        }

        /// Takes a source out of the set. Do so before it is closed.
        ///
        /// # Errors
        /// It is not in the set.
        pub fn remove(&mut self, source: impl AsFd, _token: u64) -> io::Result<()> {
            Ok(epoll::delete(&self.set, source)?)
        }

        /// Waits until something in the set is ready, or the deadline passes; then see [`ready`](Poll::ready).
        ///
        /// # Errors
        /// The system's own; an interruption by a signal is not one.
        pub fn wait(&mut self, deadline: Deadline) -> io::Result<()> {
            self.ready.clear();
            let mut reports = [MaybeUninit::<epoll::Event>::uninit(); REPORTS];
            loop {
                let left = deadline.left().map(super::super::timespec);
                match epoll::wait(&self.set, &mut reports, left.as_ref()) {
                    Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                    // A timeout is rounded by the system; the deadline itself decides.
                    Ok(([], _)) if !deadline.has_passed() => {}
                    Ok((events, _)) => {
                        let found = events.iter().map(|event| (event.data.u64(), ready(event.flags)));
                        self.ready.extend(found);
                        return Ok(());
                    }
                }
            }
        }

        /// What the last wait found: numbers, and what their sources are ready for.
        pub fn ready(&self) -> impl Iterator<Item = (u64, Ready)> + '_ {
            self.ready.iter().copied()
        }
    }

    fn flags(interest: Interest) -> EventFlags {
        let mut flags = EventFlags::empty();
        flags.set(EventFlags::IN, interest.read);
        flags.set(EventFlags::OUT, interest.write);
        flags
    }

    fn ready(events: EventFlags) -> Ready {
        let hang_up = events.intersects(EventFlags::ERR | EventFlags::HUP);
        Ready {
            read: events.contains(EventFlags::IN) || hang_up,
            write: events.contains(EventFlags::OUT) || hang_up,
            hang_up,
        }
    }
}

/// The same by `poll(2)`: slower with many sockets, at home everywhere, and the twin that the other is tested against.
#[cfg(any(test, not(any(target_os = "linux", target_os = "android"))))]
#[cfg_attr(
    any(target_os = "linux", target_os = "android"),
    expect(unreachable_pub, reason = "public on other systems, a test's twin on this one")
)]
mod portable {
    use std::collections::BTreeMap;
    use std::io;
    use std::os::fd::{AsFd, OwnedFd};

    use crate::Deadline;
    use crate::poll::{Interest, Ready, wait_any};

    /// A set of sockets, each under a number that the caller picks, and a wait for any of them.
    #[derive(Debug)]
    pub struct Poll {
        /// A clone of each source's descriptor, and what is waited for.
        sources: BTreeMap<u64, (OwnedFd, Interest)>,
        ready: Vec<(u64, Ready)>,
    }

    impl Poll {
        /// An empty set.
        ///
        /// # Errors
        /// None here.
        pub fn new() -> io::Result<Self> {
            Ok(Poll { sources: BTreeMap::new(), ready: Vec::new() })
        }

        /// Adds a source under a number of the caller's choice.
        ///
        /// # Errors
        /// The number is taken, or the process is out of descriptors.
        pub fn add(&mut self, source: impl AsFd, token: u64, interest: Interest) -> io::Result<()> {
            if self.sources.contains_key(&token) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            let fd = source.as_fd().try_clone_to_owned()?;
            self.sources.insert(token, (fd, interest));
            Ok(())
        }

        /// Changes what is waited for on a source of the set.
        ///
        /// # Errors
        /// It is not in the set.
        pub fn change(&mut self, _source: impl AsFd, token: u64, interest: Interest) -> io::Result<()> {
            let (_, asked) = self.sources.get_mut(&token).ok_or(io::ErrorKind::NotFound)?;
            *asked = interest;
            Ok(())
        }

        /// Takes a source out of the set. Do so before it is closed.
        ///
        /// # Errors
        /// It is not in the set.
        pub fn remove(&mut self, _source: impl AsFd, token: u64) -> io::Result<()> {
            self.sources.remove(&token).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
        }

        /// Waits until something in the set is ready, or the deadline passes; then see [`ready`](Poll::ready).
        ///
        /// # Errors
        /// The system's own; an interruption by a signal is not one.
        pub fn wait(&mut self, deadline: Deadline) -> io::Result<()> {
            let asked: Vec<_> = self.sources.values().map(|(fd, interest)| (fd.as_fd(), *interest)).collect();
            let found = wait_any(&asked, deadline)?;
            self.ready.clear();
            self.ready.extend(self.sources.keys().copied().zip(found).filter(|(_, ready)| ready.any()));
            Ok(())
        }

        /// What the last wait found: numbers, and what their sources are ready for.
        pub fn ready(&self) -> impl Iterator<Item = (u64, Ready)> + '_ {
            self.ready.iter().copied()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;
    use std::time::{Duration, Instant};

    use crate::Deadline;
    use crate::poll::Interest;

    /// Both kinds go through the same script and tell it as lines.
    macro_rules! script {
        ($poll:ty) => {{
            let mut poll = <$poll>::new().unwrap();
            let mut told = Vec::new();
            let now = Deadline::at(Instant::now());
            let (one, mut one_end) = UnixStream::pair().unwrap();
            let (two, two_end) = UnixStream::pair().unwrap();
            let mut tell = |poll: &mut $poll| {
                poll.wait(now).unwrap();
                let mut ready: Vec<_> = poll.ready().collect();
                ready.sort_by_key(|&(token, _)| token);
                told.push(format!("{ready:?}"));
            };
            poll.add(&one, 1, Interest::READ).unwrap();
            poll.add(&two, 2, Interest::NONE).unwrap();
            tell(&mut poll); // nothing
            one_end.write_all(b"xy").unwrap();
            tell(&mut poll); // one
            (&one).read_exact(&mut [0]).unwrap();
            tell(&mut poll); // level-triggered: still one
            poll.change(&two, 2, Interest::WRITE).unwrap();
            tell(&mut poll); // both
            poll.remove(&one, 1).unwrap();
            drop(two_end);
            tell(&mut poll); // hang-up
            poll.change(&two, 2, Interest::NONE).unwrap();
            tell(&mut poll); // is always told
            assert!(poll.add(&two, 2, Interest::READ).is_err());
            assert!(poll.remove(&one, 1).is_err());
            assert!(poll.change(&one, 1, Interest::READ).is_err());
            poll.remove(&two, 2).unwrap();
            let soon = Deadline::after(Duration::from_millis(2));
            poll.wait(soon).unwrap();
            assert!(soon.has_passed());
            told
        }};
    }

    #[test]
    fn both_kinds_tell_the_same() {
        let told = script!(Poll);
        assert_eq!(told, script!(portable::Poll));
        assert_eq!(told.iter().filter(|line| line.as_str() == "[]").count(), 1);
    }

    #[test]
    fn more_sources_than_one_call_reports_are_all_reported_in_time() {
        let mut poll = Poll::new().unwrap();
        let pairs: Vec<_> = (0..300).map(|_| UnixStream::pair().unwrap()).collect();
        for (token, (one, other)) in pairs.iter().enumerate() {
            poll.add(one, token as u64, Interest::READ).unwrap();
            (&*other).write_all(b"x").unwrap();
        }
        let mut seen = std::collections::HashSet::new();
        while seen.len() < pairs.len() {
            poll.wait(Deadline::NEVER).unwrap();
            for (token, _) in poll.ready() {
                let (one, _) = &pairs[usize::try_from(token).unwrap()];
                (&*one).read_exact(&mut [0]).unwrap();
                assert!(seen.insert(token), "told again although nothing was left");
            }
        }
    }
}

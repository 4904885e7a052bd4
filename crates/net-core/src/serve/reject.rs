//! Telling the surplus that there is no room.
//!
//! The rule: whoever accepts connections never waits for those he sends away. One thread does it: it lets the callback
//! write its short reply, half-closes, and drops what still comes in for a short while, because closing a socket with
//! unread bytes resets it and destroys the reply (RFC 9293 section 3.10.4). What it can't keep up with is closed without a
//! word.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Read};
use std::net::{Shutdown as Direction, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::{Peer, Refusal};
use crate::poll::{Interest, Poll, Timers, Waker};
use crate::{Clock, Deadline};

/// What tells a refused connection so: a short write on the stream.
pub(super) type OnReject = dyn Fn(&TcpStream, Peer, Refusal) + Send + Sync;

/// How much of what a refused peer still sends is read and dropped.
const LINGER_BYTES: usize = 64 << 10;
const BELL: u64 = u64::MAX;

/// The way to the thread that sends people away.
pub(super) struct Rejector {
    desk: Arc<Desk>,
    thread: JoinHandle<()>,
}

struct Desk {
    inbox: Mutex<Inbox>,
    bell: Waker,
    cap: usize,
    patience: Duration,
    on_reject: Arc<OnReject>,
}

#[derive(Default)]
struct Inbox {
    refused: VecDeque<(TcpStream, Peer, Refusal)>,
    /// No more will come, and by then all must be gone.
    closing: Option<Deadline>,
}

impl Rejector {
    /// Starts the thread. It holds at most `cap` connections that wait and as many that linger, for `patience` each.
    pub(super) fn start(on_reject: Arc<OnReject>, cap: usize, patience: Duration) -> io::Result<Self> {
        let desk = Arc::new(Desk { inbox: Mutex::default(), bell: Waker::new()?, cap, patience, on_reject });
        let mut clerk = Clerk::new(Arc::clone(&desk))?;
        let thread = thread::Builder::new().name("net-core reject".into()).spawn(move || clerk.work())?;
        Ok(Rejector { desk, thread })
    }

    /// Hands a connection over; `false` if there are too many already, and it was closed.
    pub(super) fn refuse(&self, stream: TcpStream, peer: Peer, why: Refusal) -> bool {
        let mut inbox = self.desk.inbox();
        if inbox.refused.len() >= self.desk.cap {
            return false;
        }
        inbox.refused.push_back((stream, peer, why));
        drop(inbox);
        self.desk.bell.ring();
        true
    }

    /// Tells those who wait, lets them linger until the deadline at most, and ends.
    pub(super) fn finish(self, deadline: Deadline) {
        self.desk.inbox().closing = Some(deadline);
        self.desk.bell.ring();
        let _ = self.thread.join();
    }
}

impl Desk {
    fn inbox(&self) -> std::sync::MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Clerk {
    desk: Arc<Desk>,
    poll: Poll,
    clock: Clock,
    timers: Timers<u64>,
    lingering: HashMap<u64, Leaving>,
    next_id: u64,
}

/// A connection that was told and half-closed.
struct Leaving {
    stream: TcpStream,
    /// How much more is read and dropped.
    left: usize,
}

impl Clerk {
    fn new(desk: Arc<Desk>) -> io::Result<Self> {
        let mut poll = Poll::new()?;
        poll.add(&desk.bell, BELL, Interest::READ)?;
        let (timers, lingering) = (Timers::new(), HashMap::new());
        Ok(Clerk { desk, poll, clock: Clock::new(), timers, lingering, next_id: 0 })
    }

    fn work(&mut self) {
        loop {
            let closing = self.take_inbox();
            let end = closing.unwrap_or(Deadline::NEVER);
            if end.has_passed() || (closing.is_some() && self.lingering.is_empty()) {
                return;
            }
            let next = self.timers.next().map_or(Deadline::NEVER, |at| self.clock.deadline(at));
            if self.poll.wait(next.min(end)).is_err() {
                return; // can't be; dropping the connections is all that is left to do
            }
            let ready: Vec<u64> = self.poll.ready().map(|(id, _)| id).collect();
            for id in ready {
                self.attend(id);
            }
            while let Some(id) = self.timers.pop_due(self.clock.now()) {
                self.close(id);
            }
        }
    }

    /// Tells those who wait. When all must be gone, if no more will come.
    fn take_inbox(&mut self) -> Option<Deadline> {
        loop {
            let mut inbox = self.desk.inbox();
            let Some((stream, peer, why)) = inbox.refused.pop_front() else { return inbox.closing };
            drop(inbox);
            self.tell(stream, peer, why);
        }
    }

    fn tell(&mut self, stream: TcpStream, peer: Peer, why: Refusal) {
        let _ = stream.set_write_timeout(Some(self.desk.patience));
        let told = catch_unwind(AssertUnwindSafe(|| (self.desk.on_reject)(&stream, peer, why)));
        if told.is_ok() {
            // A peer that is gone already makes these fail, and the stream is closed here.
            let _ = self.linger(stream);
        }
    }

    fn linger(&mut self, stream: TcpStream) -> io::Result<()> {
        stream.shutdown(Direction::Write)?;
        stream.set_nonblocking(true)?;
        if self.lingering.len() >= self.desk.cap
            && let Some(oldest) = self.timers.earliest()
        {
            self.close(oldest);
        }
        let id = self.next_id;
        self.next_id += 1;
        self.poll.add(&stream, id, Interest::READ)?;
        self.timers.set(id, self.clock.now() + self.desk.patience);
        self.lingering.insert(id, Leaving { stream, left: LINGER_BYTES });
        Ok(())
    }

    fn attend(&mut self, id: u64) {
        if id == BELL {
            self.desk.bell.clear();
        } else if self.lingering.get_mut(&id).is_some_and(|leaving| !leaving.drop_input()) {
            self.close(id);
        }
    }

    fn close(&mut self, id: u64) {
        self.timers.cancel(&id);
        if let Some(leaving) = self.lingering.remove(&id) {
            let _ = self.poll.remove(&leaving.stream, id);
        }
    }
}

impl Leaving {
    /// Whether more may come.
    fn drop_input(&mut self) -> bool {
        let mut waste = [0; 4096];
        loop {
            match (&self.stream).read(&mut waste) {
                Ok(0) => return false,
                Ok(n) => self.left = self.left.saturating_sub(n),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
            if self.left == 0 {
                return false;
            }
        }
    }
}

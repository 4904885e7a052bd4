//! On tokio: a task per connection.
//!
//! The rule: a task waits for readiness, not for bytes, and then lets the [`Session`] do all it can. So a task holds no
//! buffer while it waits, and what the endpoint and the site do is the same as everywhere.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::time::Duration;

use examples::Failure;
use net_core::Clock;
use proto_core::Time;
use tokio::io::Interest;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::door::Answer;
use crate::session::{Next, Ready, Room, Session};
use crate::wire::Socket;
use crate::{DRAIN, Shared};

/// How long accepting rests when the process is out of descriptors.
const REST: Duration = Duration::from_millis(50);
/// A time that never comes.
const NEVER: Duration = Duration::from_secs(1 << 30);

thread_local! {
    /// A thread's, not a task's.
    static SPACE: RefCell<Room> = RefCell::new(Room::new());
}

/// tokio's stream, called only when it is ready.
pub(crate) struct Stream(TcpStream);

impl Socket for Stream {
    fn receive(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buf)
    }

    /// The runtime would say that nothing is there until its own loop has come round to hear of it.
    fn receive_now(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(&self.0, buf)?)
    }

    fn send(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(slices)
    }

    fn send_file(&mut self, file: &File, at: u64, n: usize) -> io::Result<usize> {
        let mut at = at;
        self.0.try_io(Interest::WRITABLE, || Ok(rustix::fs::sendfile(&self.0, file, Some(&mut at), n)?))
    }

    fn shut(&mut self) -> io::Result<()> {
        Ok(rustix::net::shutdown(&self.0, rustix::net::Shutdown::Write)?)
    }
}

/// Serves until told to stop.
pub(crate) fn run(
    listener: std::net::TcpListener,
    threads: usize,
    shared: Shared,
    when_to_stop: impl FnOnce(Box<dyn FnOnce() + Send>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads.max(1)).enable_all().build()?;
    let (stop, stopping) = watch::channel(false);
    when_to_stop(Box::new(move || {
        let _ = stop.send(true);
    }))?;
    listener.set_nonblocking(true)?;
    runtime.block_on(async move {
        let listener = TcpListener::from_std(listener)?;
        serve(listener, shared, stopping).await;
        Ok(())
    })
}

async fn serve(listener: TcpListener, shared: Shared, mut stopping: watch::Receiver<bool>) {
    let clock = Clock::new();
    let mut tasks = JoinSet::new();
    let admit =
        |tasks: &mut JoinSet<()>, stopping: &watch::Receiver<bool>, stream, peer: std::net::SocketAddr| {
            let (seat, welcome) = match shared.greet(peer) {
                Answer::Welcome(seat) => (seat, true),
                Answer::Full(seat) => (seat, false),
                Answer::Away => return,
            };
            match shared.session(Stream(stream), seat, welcome) {
                Ok(session) => drop(tasks.spawn(attend(session, clock, stopping.clone()))),
                Err(error) => tracing::warn!(%error, "can't serve a connection"),
            }
        };
    loop {
        tokio::select! {
            biased;
            _ = stopping.changed() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let _ = stream.set_nodelay(true);
                    admit(&mut tasks, &stopping, stream, peer);
                }
                Err(error) => {
                    tracing::warn!(%error, "can't accept");
                    tokio::time::sleep(REST).await;
                }
            },
            Some(_) = tasks.join_next() => {}
        }
    }
    // Whom the kernel has let in is let in; then nobody any more.
    if let Ok(listener) = listener.into_std() {
        while let Ok((stream, peer)) = accept_now(&listener) {
            admit(&mut tasks, &stopping, stream, peer);
        }
    }
    let all = async { while tasks.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(DRAIN, all).await;
}

/// Somebody who waits at the door. The system is asked itself: the runtime would know only of those it has been told of.
fn accept_now(listener: &std::net::TcpListener) -> io::Result<(TcpStream, std::net::SocketAddr)> {
    let (stream, peer) = listener.accept()?;
    stream.set_nonblocking(true)?;
    stream.set_nodelay(true)?;
    Ok((TcpStream::from_std(stream)?, peer))
}

/// One connection, to its end.
async fn attend(mut session: Session<Stream>, clock: Clock, mut stopping: watch::Receiver<bool>) {
    let mut alarm = pin!(sleep_until(Instant::now() + NEVER));
    let (mut told, mut stopped) = (*stopping.borrow(), false);
    loop {
        // The channel wakes one after the other: who is woken by his client may not have been told yet.
        if !stopped && (told || !matches!(stopping.has_changed(), Ok(false))) {
            stopped = true;
            SPACE.with_borrow_mut(|room| session.stop(room));
        }
        let next = SPACE.with_borrow_mut(|room| session.advance(clock.now(), room));
        let (read, write, deadline) = match next {
            Next::Wait { read, write, deadline } => (read, write, deadline),
            Next::Again => {
                tokio::task::yield_now().await;
                continue;
            }
            Next::Over => return,
        };
        arm(alarm.as_mut(), clock, deadline);
        let interest = match (read, write) {
            (true, false) => Interest::READABLE,
            (false, true) => Interest::WRITABLE,
            _ => Interest::READABLE | Interest::WRITABLE,
        };
        told = tokio::select! {
            ready = session.socket().0.ready(interest), if read || write => {
                let Ok(ready) = ready else { return };
                let (read, write) = (ready.is_readable(), ready.is_writable());
                session.note(Ready { read, write, ended: ready.is_read_closed() });
                false
            }
            () = alarm.as_mut() => false,
            _ = stopping.changed(), if !stopped => true,
        };
    }
}

/// Sets the alarm, unless it rings earlier anyway: then it is set again when it has rung.
fn arm(alarm: Pin<&mut Sleep>, clock: Clock, deadline: Option<Time>) {
    let at = deadline.and_then(|at| clock.instant(at)).map(Instant::from_std);
    match at {
        Some(at) if alarm.is_elapsed() || at < alarm.deadline() => alarm.reset(at),
        None if alarm.is_elapsed() => alarm.reset(Instant::now() + NEVER),
        _ => {}
    }
}

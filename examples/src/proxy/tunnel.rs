//! A tunnel: bytes both ways, of which nothing is understood (RFC 9110 section 9.3.6).
//!
//! The rule: each way ends by itself, once all of it was delivered; and when one side breaks off, the other one is broken
//! off as well rather than ended.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown as Half, TcpStream};
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use net_core::poll::{self, Interest, Ready};
use net_core::{Deadline, Shutdown};
use rustix::net::sockopt::set_socket_linger;

/// So much is on its way in each direction.
const ROOM: usize = 64 << 10;
/// So long a tunnel may be silent once the server stops.
const LAST: Duration = Duration::from_secs(1);

/// One way.
struct Way<'a> {
    from: &'a TcpStream,
    to: &'a TcpStream,
    room: Vec<u8>,
    /// What is read and not yet written.
    start: usize,
    end: usize,
    /// `from` has ended.
    ended: bool,
    /// So was `to` told.
    over: bool,
}

/// Carries until both ways are over, or nothing has come for so long.
pub(super) fn run(
    client: &TcpStream,
    unread: &[u8],
    origin: &TcpStream,
    silence: Duration,
    shutdown: &Shutdown,
) -> io::Result<()> {
    for side in [client, origin] {
        side.set_nonblocking(true)?;
        side.set_nodelay(true)?;
    }
    let carried = carry(Way::new(client, origin, unread), Way::new(origin, client, &[]), silence, shutdown);
    if carried.is_err() {
        for side in [client, origin] {
            let _ = set_socket_linger(side, Some(Duration::ZERO));
        }
    }
    carried
}

fn carry(mut up: Way<'_>, mut down: Way<'_>, silence: Duration, shutdown: &Shutdown) -> io::Result<()> {
    let (mut stops, mut last) = (false, Instant::now());
    while !(up.over && down.over) {
        if up.carry()? | down.carry()? {
            last = Instant::now();
            continue;
        }
        let silence = if stops { silence.min(LAST) } else { silence };
        let ready = wait(&up, &down, Deadline::at(last + silence), (!stops).then_some(shutdown))?;
        if !stops && shutdown.is_stopping() {
            (stops, last) = (true, Instant::now());
        } else if !ready {
            // Nobody has said anything for a long time: as if both had said that they are done.
            return Ok(());
        }
    }
    Ok(())
}

/// Whether anything has happened.
fn wait(up: &Way<'_>, down: &Way<'_>, deadline: Deadline, shutdown: Option<&Shutdown>) -> io::Result<bool> {
    let client = Interest { read: up.reads(), write: down.writes() };
    let origin = Interest { read: down.reads(), write: up.writes() };
    let sides = [(up.from, client), (down.from, origin)];
    let asked = sides.into_iter().filter(|(_, interest)| *interest != Interest::NONE);
    let mut sources: Vec<_> = asked.map(|(side, interest)| (side.as_fd(), interest)).collect();
    sources.extend(shutdown.map(|shutdown| (shutdown.as_fd(), Interest::READ)));
    Ok(poll::wait_any(&sources, deadline)?.into_iter().any(Ready::any))
}

impl<'a> Way<'a> {
    fn new(from: &'a TcpStream, to: &'a TcpStream, unread: &[u8]) -> Self {
        let mut room = unread.to_vec();
        room.resize(ROOM.max(unread.len()), 0);
        Way { from, to, room, start: 0, end: unread.len(), ended: false, over: false }
    }

    fn reads(&self) -> bool {
        !self.ended && self.start == self.end
    }

    fn writes(&self) -> bool {
        self.start < self.end
    }

    /// Reads or writes once, if that goes without waiting. Whether it did.
    fn carry(&mut self) -> io::Result<bool> {
        if self.over {
            return Ok(false);
        }
        if self.writes() {
            let left = self.room.get(self.start..self.end).unwrap_or_default();
            let Some(n) = now((&mut &*self.to).write(left))? else { return Ok(false) };
            self.start += n;
            return Ok(n > 0);
        }
        if self.ended {
            self.over = true;
            // Who has gone meanwhile has said so in the other direction.
            let _ = self.to.shutdown(Half::Write);
            return Ok(true);
        }
        let Some(n) = now((&mut &*self.from).read(&mut self.room))? else { return Ok(false) };
        (self.start, self.end, self.ended) = (0, n, n == 0);
        Ok(true)
    }
}

/// `None`: it would have to wait.
fn now(done: io::Result<usize>) -> io::Result<Option<usize>> {
    match done {
        Ok(n) => Ok(Some(n)),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

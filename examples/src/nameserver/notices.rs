//! News between the desk and other servers: secondaries are told of changes, primaries' words are passed on.
//!
//! The rule: one thread, one socket for each family of addresses; who does not answer is told again, a while.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use bytes::BytesMut;
use dns::proto_core::DatagramEndpoint as _;
use dns::secondary::Notifier;
use dns::tsig::Key;
use net_core::Clock;
use net_core::Deadline;
use net_core::poll::{self, Interest};
use tracing::{debug, info, warn};

use super::catalog::soa_of;
use super::desk::News;
use super::secondaries::Secondaries;
use super::{seed, unix};

/// How often the answers of secondaries are looked for, while there are any to come.
const LOOK: Duration = Duration::from_millis(50);

/// Tells secondaries, and listens to what primaries say, until nobody has news any more.
pub struct Notices {
    clock: Clock,
    notifier: Notifier<SocketAddr>,
    targets: Vec<(SocketAddr, Option<Key>)>,
    sockets: Vec<UdpSocket>,
    secondaries: Arc<Secondaries>,
}

impl Notices {
    /// Notices for these secondaries of ours, sent from the addresses at which we listen.
    ///
    /// # Errors
    /// No socket can be had.
    pub fn new(
        targets: Vec<(SocketAddr, Option<Key>)>,
        listeners: &[SocketAddr],
        secondaries: Arc<Secondaries>,
    ) -> io::Result<Self> {
        let mut sockets = Vec::new();
        for v4 in [true, false] {
            if targets.iter().any(|(target, _)| target.is_ipv4() == v4) {
                let own = listeners.iter().find(|own| own.is_ipv4() == v4).map(SocketAddr::ip);
                let any = if v4 { [0, 0, 0, 0].into() } else { [0_u16; 8].into() };
                let socket = UdpSocket::bind((own.unwrap_or(any), 0))?;
                socket.set_nonblocking(true)?;
                sockets.push(socket);
            }
        }
        let notifier = Notifier::new(unix(), seed()?);
        Ok(Notices { clock: Clock::new(), notifier, targets, sockets, secondaries })
    }

    /// Until the desk is gone.
    pub fn run(mut self, news: &Receiver<News>) {
        loop {
            let patience = if self.notifier.waiting() > 0 { LOOK } else { Duration::from_secs(3600) };
            match news.recv_timeout(patience) {
                Ok(News::Changed(zone)) => {
                    let Some(soa) = soa_of(&zone) else { continue };
                    for (target, key) in &self.targets {
                        self.notifier.notify(*target, key.as_ref(), soa.as_record_ref(), self.clock.now());
                    }
                }
                Ok(News::Notified(origin, serial)) => self.secondaries.look(&origin, serial),
                Ok(News::End) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.turn();
        }
    }

    fn turn(&mut self) {
        let now = self.clock.now();
        self.hear();
        if self.notifier.deadline().is_some_and(|at| at <= now) {
            let _ = self.notifier.handle_deadline(now);
        }
        let mut out = BytesMut::new();
        while let Some(transmit) = self.notifier.poll_transmit(now, &mut out) {
            let bytes = out.split_to(transmit.len);
            let socket = self.sockets.iter().find(|socket| is_of(socket, transmit.to));
            if let Some(Err(error)) = socket.map(|socket| socket.send_to(&bytes, transmit.to)) {
                info!(secondary = %transmit.to, %error, "can't be notified");
            }
        }
        while let Some(event) = self.notifier.poll_event() {
            match event.answer {
                Some(rcode) => debug!(secondary = %event.peer, zone = %event.apex, %rcode, "notified"),
                None => warn!(secondary = %event.peer, zone = %event.apex, "does not answer notifications"),
            }
        }
    }

    fn hear(&mut self) {
        let sources: Vec<_> = self.sockets.iter().map(|socket| (socket.as_fd(), Interest::READ)).collect();
        let now = Deadline::after(Duration::ZERO);
        if !poll::wait_any(&sources, now).is_ok_and(|ready| ready.iter().any(|ready| ready.any())) {
            return;
        }
        drop(sources);
        let mut datagram = [0; 1500];
        for socket in &self.sockets {
            while let Ok((len, from)) = socket.recv_from(&mut datagram) {
                let bytes = datagram.get(..len).unwrap_or_default();
                let _ = self.notifier.handle(from, bytes, self.clock.now());
            }
        }
    }
}

fn is_of(socket: &UdpSocket, target: SocketAddr) -> bool {
    socket.local_addr().is_ok_and(|own| own.is_ipv4() == target.is_ipv4())
}

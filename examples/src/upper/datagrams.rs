//! The same service without connections: each datagram is answered by one, and what gets lost is the asker's to repeat.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsFd as _;
use std::time::Duration;

use net_core::poll::{self, Interest};
use net_core::udp::{Inbox, Outbox};
use net_core::{Deadline, Udp, Waker};
use tracing::debug;

use crate::Failure;
use crate::service::{Service, Tally};

/// How often a datagram is sent before the asker gives up,
pub const TRIES: u32 = 3;
/// and how long it waits each time. Nobody says that a datagram was lost; only the clock does.
pub const TRY: Duration = Duration::from_secs(1);

/// Serves datagrams at `address`.
///
/// # Errors
/// The address can't be had.
pub fn serve_datagrams(address: SocketAddr) -> io::Result<Service> {
    let udp = Udp::bind(address)?;
    let bell = Waker::new()?;
    let (address, rope) = (udp.local_addr()?, bell.clone());
    Service::start("udp", address, move |_| rope.ring(), move || answer_all(&udp, &bell))
}

fn answer_all(udp: &Udp, bell: &Waker) -> Result<Tally, Failure> {
    let (mut inbox, mut outbox) = (Inbox::new(), Outbox::new());
    let mut tally = Tally::default();
    loop {
        let [datagrams, ring] =
            poll::wait([(udp.as_fd(), Interest::READ), (bell.as_fd(), Interest::READ)], Deadline::NEVER)?;
        // What has come in before the ring is answered.
        if ring.read && !datagrams.read {
            return Ok(tally);
        }
        // A refusal by some asker's machine is reported here; the others are served.
        let Ok(count) = udp.receive(&mut inbox, Deadline::after(Duration::ZERO)) else { continue };
        for datagram in inbox.iter() {
            debug!(peer = %datagram.from, bytes = datagram.bytes.len(), "answered");
            outbox.reply(&datagram, &datagram.bytes.to_ascii_uppercase());
        }
        udp.send(&mut outbox)?;
        tally.served += count as u64;
    }
}

/// A datagram that crossed the asker's socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crossed<'a> {
    /// Outwards; whether it arrives, nobody says.
    Sent(&'a [u8]),
    /// Inwards.
    Received(&'a [u8]),
}

/// Asks the server at `server` about `text`; `None` if no answer came to any try. `crossed` is told of each datagram.
///
/// The socket is a fresh one, so that no late answer to an earlier question is taken for the answer to this one.
///
/// # Errors
/// The question can't be sent, for it is too long, or there is no route.
pub fn ask(
    server: SocketAddr,
    text: &[u8],
    mut crossed: impl FnMut(Crossed<'_>),
) -> io::Result<Option<Vec<u8>>> {
    let any = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let udp = Udp::bind(SocketAddr::new(any, 0))?;
    udp.connect(server)?;
    let mut inbox = Inbox::with(1, net_core::udp::LONGEST);
    for _ in 0..TRIES {
        let until = Deadline::after(TRY);
        match udp.send_to(text, server) {
            Err(error) if error.kind() != ErrorKind::ConnectionRefused => return Err(error),
            _ => crossed(Crossed::Sent(text)),
        }
        if let Some(answer) = hear(&udp, &mut inbox, until)? {
            crossed(Crossed::Received(&answer));
            return Ok(Some(answer));
        }
    }
    Ok(None)
}

/// Waits for an answer until the deadline; also if the machine says that nobody listens there, for somebody may soon.
fn hear(udp: &Udp, inbox: &mut Inbox, until: Deadline) -> io::Result<Option<Vec<u8>>> {
    loop {
        match udp.receive(inbox, until) {
            Ok(_) => return Ok(inbox.iter().next().map(|datagram| datagram.bytes.to_vec())),
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
            Err(error) => return Err(error),
        }
    }
}

//! On threads: one per connection, from `net_core::Server`, each driving a `net_core::Connection`.
//!
//! The rule: the handler reads like a conversation. Waiting, caps, refusals and the end in good order are the server's.

use std::net::TcpStream;
use std::sync::Arc;

use examples::caps::unavailable;
use examples::site::Visit;
use examples::{Failure, announce};
use http1::server::Server as Endpoint;
use net_core::serve::Peer;
use net_core::signals::Termination;
use net_core::{Clock, Connection, Deadline, Shutdown, Step, Stream, TlsRole, proxy};

use crate::{Args, DRAIN, Shared};

/// Serves until a signal comes.
pub(crate) fn run(
    args: &Args,
    shared: Shared,
    scheme: &str,
    termination: &Termination,
) -> Result<(), Failure> {
    let server = args.caps.listen(args.listen, "--listen")?;
    let server = if shared.tls.is_some() { server } else { server.on_reject(unavailable) };
    let handle = server.handle();
    termination.then(move || handle.shutdown(DRAIN))?;
    announce(scheme, server.local_addr())?;
    let stats = server.run(move |stream, peer, shutdown| {
        if let Err(error) = converse(&shared, stream, peer, shutdown) {
            tracing::info!(peer = %peer.addr, error = examples::sentence(&*error), "ended");
        }
    });
    tracing::info!(?stats, "done");
    Ok(())
}

/// One connection, to its end.
fn converse(shared: &Shared, stream: Arc<TcpStream>, peer: Peer, shutdown: &Shutdown) -> Result<(), Failure> {
    if let Some(proxies) = &shared.proxies {
        let header = proxy::read(&stream, peer.addr, proxies, Deadline::after(shared.config.timeouts.head))?;
        tracing::debug!(?header, "PROXY header");
    }
    let mut stream = Stream::new(stream)?;
    if let Some(tls) = &shared.tls {
        stream.start_tls(TlsRole::server(Arc::clone(tls)))?;
    }
    let clock = Clock::new();
    let server = Endpoint::new((*shared.config).clone());
    let mut connection = Connection::new(stream, server, clock);
    connection.heed(shutdown);
    let mut visit = Visit::new(Arc::clone(&shared.site));
    loop {
        match connection.next()? {
            Step::Event(event) => {
                // The news is looked for before an answer, so that this one can say that it is the last.
                if shutdown.is_stopping() {
                    connection.endpoint().shut_down();
                }
                visit.event(connection.endpoint(), event, clock.now());
            }
            Step::Gap(left) => fill_gap(&mut connection, &mut visit, left)?,
            // The server stops, and nothing was there to be read.
            Step::Woken => connection.endpoint().shut_down(),
            // Not a state of this conversation: every request is answered as soon as it is there.
            Step::Paused => return Err("nothing to wait for".into()),
            Step::Yours(_) | Step::Closed => return Ok(()),
        }
    }
}

/// Sends a file from where it lies.
fn fill_gap(connection: &mut Connection<Endpoint>, visit: &mut Visit, left: u64) -> Result<(), Failure> {
    let Some((file, at)) = visit.gap() else {
        connection.abandon();
        return Ok(());
    };
    let sent = connection.send_file(file, at..at + left)?;
    visit.gap_filled(sent);
    Ok(())
}

//! On threads: one per connection, from `net_core::Server`, each driving a `net_core::Connection`.
//!
//! The rule: the handler reads like a conversation. Waiting, caps, refusals and the end in good order are the server's.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;

use examples::site::Visit;
use examples::{Failure, announce};
use http1::server::Server as Endpoint;
use net_core::serve::{Config, Peer, Refusal, Server};
use net_core::signals::Termination;
use net_core::{Clock, Connection, DriveError, Shutdown, Step, Stream, TlsRole};

use crate::{Args, DRAIN, Shared};

/// Serves until a signal comes.
pub fn run(args: &Args, shared: Shared, scheme: &str, termination: &Termination) -> Result<(), Failure> {
    let config = Config {
        connections: args.max_connections,
        workers: args.max_connections,
        per_address: args.max_per_ip,
        ..Config::at(args.listen)
    };
    let server = Server::bind(config).map_err(|error| {
        format!("can't listen on {}: {error}; choose another address with --listen", args.listen)
    })?;
    let server = if shared.tls.is_some() { server } else { server.on_reject(refuse) };
    let handle = server.handle();
    termination.then(move || handle.shutdown(DRAIN))?;
    announce(scheme, server.local_addr())?;
    let stats = server.run(move |stream, peer, shutdown| {
        if let Err(error) = converse(&shared, stream, shutdown) {
            tracing::info!(peer = %peer.addr, error = examples::sentence(&*error), "ended");
        }
    });
    tracing::info!(?stats, "done");
    Ok(())
}

/// Tells somebody that there is no room.
fn refuse(mut stream: &TcpStream, _peer: Peer, _why: Refusal) {
    let _ = stream
        .write_all(b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}

/// One connection, to its end.
fn converse(shared: &Shared, stream: Arc<TcpStream>, shutdown: &Shutdown) -> Result<(), Failure> {
    let mut stream = Stream::new(stream)?;
    if let Some(tls) = &shared.tls {
        stream.start_tls(TlsRole::server(Arc::clone(tls)))?;
    }
    let server = Endpoint::new((*shared.config).clone());
    let mut connection = Connection::new(stream, server, Clock::new());
    connection.heed(shutdown);
    let mut visit = Visit::new(Arc::clone(&shared.site));
    loop {
        match connection.next() {
            Ok(Step::Event(event)) => visit.event(connection.endpoint(), event, connection.now()),
            Ok(Step::Gap(_)) => fill_gap(&mut connection, &mut visit)?,
            Ok(Step::Woken) if connection.is_idle() => connection.endpoint().shut_down(),
            Ok(Step::Woken | Step::Paused) => {}
            Ok(Step::Yours(_) | Step::Closed) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

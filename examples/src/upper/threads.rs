//! Many clients at once, the first way: a thread for each, which waits for nobody else.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use net_core::Stream;
use net_core::serve::{Config, Server};
use tracing::{debug, info};

use super::{House, Upper};
use crate::service::{Service, converse};

/// Serves at `address` with a thread per connection.
///
/// # Errors
/// The address can't be listened at.
pub fn serve_by_threads(address: SocketAddr, house: House) -> io::Result<Service> {
    let House { connections, per_address, patience } = house;
    // A burst may fill all places before the first thread has begun.
    let config = Config { connections, workers: connections, per_address, ..Config::at(address) };
    Service::of("tcp", Server::bind(config)?, move |tcp, peer, shutdown| {
        info!(peer = %peer.addr, "connected");
        let answered = |_: &mut Upper, line: Bytes| debug!(peer = %peer.addr, bytes = line.len(), "answered");
        let session = |tcp| converse(Stream::new(tcp)?, Upper::new(patience), shutdown, answered);
        match session(tcp) {
            Ok(()) => info!(peer = %peer.addr, "done"),
            Err(error) => info!(peer = %peer.addr, %error, "shown out"),
        }
    })
}

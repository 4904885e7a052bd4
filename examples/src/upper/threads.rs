//! Many clients at once, the first way: a thread for each, which waits for nobody else.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use net_core::Server;
use net_core::Stream;
use tracing::{debug, info};

use super::{House, Upper};
use crate::service::{Service, converse};

/// Serves at `address` with a thread per connection.
///
/// # Errors
/// The address can't be listened at.
pub fn serve_by_threads(address: SocketAddr, house: House) -> io::Result<Service> {
    let House { caps, patience } = house;
    Service::of("tcp", Server::bind(caps.at(address))?, move |tcp, peer, shutdown| {
        info!(peer = %peer.addr, "connected");
        let answered = |_: &mut Upper, line: Bytes| debug!(peer = %peer.addr, bytes = line.len(), "answered");
        let session = |tcp| converse(Stream::new(tcp)?, Upper::new(patience), shutdown, answered);
        match session(tcp) {
            Ok(()) => info!(peer = %peer.addr, "done"),
            Err(error) => info!(peer = %peer.addr, %error, "shown out"),
        }
    })
}

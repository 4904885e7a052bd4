//! What an act is. A new one is a file here and a line in [`ACTS`].

mod dns;
mod sockets;
mod tls;
mod web;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use examples::Failure;

use crate::stage::Stage;

/// A part of the tour: one protocol, or one idea, shown and checked.
pub(crate) trait Act: Sync {
    /// What it is called on the command line.
    fn name(&self) -> &'static str;

    /// What it shows, in a line.
    fn title(&self) -> &'static str;

    /// Starts its servers and hands them to the stage, which keeps them; talks to them; checks what it claims with
    /// [`Stage::check`].
    fn play(&self, stage: &mut Stage) -> Result<(), Failure>;
}

/// All of them, in the order in which they are played; later ones may use the servers of earlier ones.
pub(crate) const ACTS: &[&dyn Act] = &[&sockets::Sockets, &dns::Dns, &web::Web, &tls::Tls];

/// A free port of this machine, seen from nowhere else.
pub(crate) const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

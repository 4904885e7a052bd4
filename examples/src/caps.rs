//! How many may come at once, and what is said where nobody can come: the same flags and the same words in every server.

use std::fmt::Display;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};

use clap::Args;
use net_core::Server;
use net_core::serve::{Config, Peer, Refusal};

use crate::Failure;

/// `--max-connections` and `--max-per-ip`.
#[derive(Args, Clone, Copy, Debug)]
pub struct Caps {
    /// Connections open at once; who comes beyond that is turned away
    #[arg(long, value_name = "N", default_value_t = Caps::default().max_connections)]
    pub max_connections: usize,
    /// Connections open at once from one address (IPv6: one /64) [default: any number]
    #[arg(long, value_name = "N")]
    pub max_per_ip: Option<usize>,
}

impl Default for Caps {
    fn default() -> Self {
        Caps { max_connections: 1024, max_per_ip: None }
    }
}

impl Caps {
    /// So many, from wherever they come.
    #[must_use]
    pub fn of(max_connections: usize) -> Self {
        Caps { max_connections, max_per_ip: None }
    }

    /// A server for them at `address`, with a thread for each: a burst may fill all places before the first one has begun.
    #[must_use]
    pub fn at(self, address: SocketAddr) -> Config {
        let Caps { max_connections, max_per_ip } = self;
        let config = Config::at(address);
        Config { connections: max_connections, workers: max_connections, per_address: max_per_ip, ..config }
    }

    /// The same, listening; `flag` is how the user chose the address.
    ///
    /// # Errors
    /// The address can't be had; the text says by which flag another one is chosen.
    pub fn listen(self, address: SocketAddr, flag: &str) -> Result<Server, Failure> {
        Server::bind(self.at(address)).map_err(|error| elsewhere(error, flag))
    }
}

/// What goes wrong with an address, with the flag that chooses another one.
pub fn elsewhere(error: impl Display, flag: &str) -> Failure {
    format!("{error}; choose another address with {flag}").into()
}

/// Tells a client of HTTP that there is no room (RFC 9110 section 15.6.4).
pub fn unavailable(mut stream: &TcpStream, _: Peer, _: Refusal) {
    // Who does not stay to hear it needs no answer.
    let _ = stream
        .write_all(b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}

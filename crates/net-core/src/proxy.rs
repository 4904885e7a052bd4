//! The PROXY protocol, versions 1 and 2: whom a load balancer speaks for.
//!
//! Read as its text (haproxy's `proxy-protocol.txt`, "the text" below) says, by its rules: only from listed sources, only as
//! the first bytes of a connection, and never guessed at. A connection that should begin with a header and does not is
//! closed, with nothing passed on; one from elsewhere could claim any address it likes.
//!
//! [`Parser`] takes the header off the front of whatever pieces come in, and not a byte more; [`read`] runs it over a
//! socket.

mod networks;
mod parser;

use std::io::{self, Read};
use std::net::{SocketAddr, TcpStream};

pub use networks::{Network, NetworkError, Networks};
pub use parser::{LONGEST_V1, Parser, ProxyError};

use crate::{Deadline, poll};

/// What a PROXY header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whose connection it is; `None`: the connection is what it looks like, the proxy's own (`LOCAL`, a health check) or
    /// of a kind that has no such addresses (`UNKNOWN`, Unix sockets).
    pub proxied: Option<Proxied>,
    /// What follows the addresses in version 2, checked to be whole: see [`extensions`](Header::extensions).
    extensions: Vec<u8>,
}

/// The connection that the proxy accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Proxied {
    /// Who connected to the proxy.
    pub source: SocketAddr,
    /// The address connected to.
    pub destination: SocketAddr,
}

impl Header {
    /// What version 2 adds to the addresses, by type and value (the text's section 2.2: 1 is the ALPN protocol, 2 the name
    /// asked for, ...).
    pub fn extensions(&self) -> impl Iterator<Item = (u8, &[u8])> {
        parser::extensions(&self.extensions).map_while(Result::ok)
    }
}

/// Why a connection must be closed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Not from there.
    #[error("{0} is not a proxy that may speak for others")]
    Unlisted(SocketAddr),
    /// Not a PROXY header.
    #[error("not a PROXY header: {0}")]
    Malformed(#[from] ProxyError),
    /// The connection or the wait failed; `TimedOut` at the deadline, `UnexpectedEof` at the end.
    #[error("no PROXY header: {0}")]
    Io(#[from] io::Error),
}

/// Reads the header off the front of a connection, and not a byte more. A few seconds are a good deadline (the text asks
/// for 3 at least, for a retransmission).
///
/// # Errors
/// The connection is to be closed. Nothing was read if its source is not listed.
pub fn read(
    stream: &TcpStream,
    peer: SocketAddr,
    proxies: &Networks,
    deadline: Deadline,
) -> Result<Header, ReadError> {
    if !proxies.contain(peer.ip()) {
        return Err(ReadError::Unlisted(peer));
    }
    let mut parser = Parser::new();
    let mut piece = [0; 1024];
    loop {
        if !poll::wait_readable(stream, deadline)? {
            return Err(io::Error::from(io::ErrorKind::TimedOut).into());
        }
        // Looked at, and then taken as far as it belongs to the header.
        let seen = match stream.peek(&mut piece) {
            Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Err(error) if is_temporary(&error) => continue,
            seen => seen?,
        };
        let (taken, header) = parser.feed(piece.get(..seen).unwrap_or_default())?;
        let mut stream = stream;
        stream.read_exact(piece.get_mut(..taken).unwrap_or_default())?;
        if let Some(header) = header {
            return Ok(header);
        }
    }
}

fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::TcpListener;
    use std::time::Duration;

    fn soon() -> Deadline {
        Deadline::after(Duration::from_secs(20))
    }

    fn pair() -> (TcpStream, TcpStream, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, peer) = listener.accept().unwrap();
        (client, server, peer)
    }

    fn loopback() -> Networks {
        "127.0.0.0/8".parse().unwrap()
    }

    #[test]
    fn what_follows_the_header_stays_in_the_stream() {
        let (mut client, mut server, peer) = pair();
        client.write_all(b"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\nGET / HTTP/1.1\r\n").unwrap();
        let header = read(&server, peer, &loopback(), soon()).unwrap();
        assert_eq!(header.proxied.unwrap().source, "192.168.0.1:56324".parse().unwrap());
        let mut rest = [0; 14];
        server.read_exact(&mut rest).unwrap();
        assert_eq!(&rest, b"GET / HTTP/1.1");
    }

    #[test]
    fn a_header_may_come_byte_by_byte() {
        let (mut client, server, peer) = pair();
        let writer = std::thread::spawn(move || {
            for byte in b"PROXY UNKNOWN ignored\r\n" {
                client.write_all(&[*byte]).unwrap();
            }
            client
        });
        assert_eq!(read(&server, peer, &loopback(), soon()).unwrap().proxied, None);
        writer.join().unwrap();
    }

    #[test]
    fn nobody_else_speaks_for_others() {
        let (mut client, server, peer) = pair();
        client.write_all(b"PROXY UNKNOWN\r\n").unwrap();
        let elsewhere = "192.0.2.0/24, 2001:db8::/32".parse().unwrap();
        let error = read(&server, peer, &elsewhere, soon()).unwrap_err();
        assert!(matches!(error, ReadError::Unlisted(addr) if addr == peer));
    }

    #[test]
    fn an_end_a_silence_and_nonsense_are_errors() {
        let (client, server, peer) = pair();
        drop(client);
        assert!(matches!(read(&server, peer, &loopback(), soon()), Err(ReadError::Io(_))));
        let (mut client, server, peer) = pair();
        client.write_all(b"PROX").unwrap();
        let gone = Deadline::after(Duration::from_millis(5));
        assert!(matches!(read(&server, peer, &loopback(), gone), Err(ReadError::Io(_))));
        let (mut client, server, peer) = pair();
        client.write_all(b"GET / HTTP/1.1\r\n").unwrap();
        assert!(matches!(read(&server, peer, &loopback(), soon()), Err(ReadError::Malformed(_))));
    }
}

//! The other end of a conversation, by hand: bytes out as they are given, responses in by a reading of their own.
//!
//! Nothing of the house is used to read them, so that it can't be wrong twice in the same way.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// A response, read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Status line and fields, without the empty line.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The value of the first field with this name.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.split("\r\n").skip(1).find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// A connection by hand.
pub(crate) struct Raw {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Raw {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Raw::over(TcpStream::connect(address).unwrap())
    }

    pub(crate) fn over(stream: TcpStream) -> Self {
        // Far longer than anything here takes: a test that waits for it has failed.
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.set_nodelay(true).unwrap();
        Raw { stream, unread: Vec::new() }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// Sends what can be sent: the other end may have hung up already.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    pub(crate) fn half_close(&mut self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Ends in a way that is not in order.
    pub(crate) fn reset(self) {
        rustix::net::sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO)).unwrap();
    }

    /// A body in chunks, up to its trailers.
    pub(crate) fn chunked(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = String::from_utf8(self.until(b"\r\n")?).unwrap();
            let size = usize::from_str_radix(line.trim_end(), 16).unwrap();
            if size == 0 {
                return Ok(body);
            }
            body.extend(self.exactly(size)?);
            assert_eq!(self.until(b"\r\n")?, b"\r\n", "no CRLF behind a chunk");
        }
    }

    /// The trailers behind chunks, as lines.
    pub(crate) fn trailers(&mut self) -> String {
        let mut lines = Vec::new();
        loop {
            let line = String::from_utf8(self.until(b"\r\n").unwrap()).unwrap();
            match line.trim_end() {
                "" => return lines.join("\n"),
                line => lines.push(line.to_owned()),
            }
        }
    }

    /// The next response, to a request that was not HEAD.
    pub(crate) fn reply(&mut self) -> Reply {
        self.read_reply(false).unwrap()
    }

    /// The next response, to HEAD.
    pub(crate) fn reply_to_head(&mut self) -> Reply {
        self.read_reply(true).unwrap()
    }

    /// One request and its response.
    pub(crate) fn ask(&mut self, request: &str) -> Reply {
        self.send(request);
        self.read_reply(request.starts_with("HEAD ")).unwrap()
    }

    /// All that comes to the end.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        while self.fill().unwrap_or(0) > 0 {}
        std::mem::take(&mut self.unread)
    }

    /// The other end hung up, and said nothing more before.
    pub(crate) fn is_over(&mut self) -> bool {
        self.unread.is_empty() && self.fill().unwrap_or(0) == 0
    }

    /// Nothing of another response has come.
    pub(crate) fn is_fresh(&self) -> bool {
        self.unread.is_empty()
    }

    pub(crate) fn read_reply(&mut self, to_head: bool) -> io::Result<Reply> {
        let head = self.until(b"\r\n\r\n")?;
        let head = String::from_utf8(head).unwrap();
        let head = head.trim_end_matches("\r\n").to_owned();
        let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut reply = Reply { status, head, body: Vec::new() };
        if !(to_head || status < 200 || status == 204 || status == 304) {
            reply.body = self.body(&reply)?;
        }
        Ok(reply)
    }

    fn body(&mut self, reply: &Reply) -> io::Result<Vec<u8>> {
        if reply.field("Transfer-Encoding") == Some("chunked") {
            return self.chunks();
        }
        match reply.field("Content-Length") {
            Some(length) => self.exactly(length.parse().unwrap()),
            None => Ok(self.rest()),
        }
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.until(b"\r\n")?;
            let size = String::from_utf8(line).unwrap();
            let size = usize::from_str_radix(size.trim_end(), 16).unwrap();
            body.extend(self.exactly(size)?);
            let end = self.until(b"\r\n")?;
            assert_eq!(end, b"\r\n", "no CRLF behind a chunk");
            if size == 0 {
                return Ok(body);
            }
        }
    }

    /// The next `n` bytes.
    pub(crate) fn take(&mut self, n: usize) -> io::Result<Vec<u8>> {
        self.exactly(n)
    }

    fn exactly(&mut self, n: usize) -> io::Result<Vec<u8>> {
        while self.unread.len() < n {
            if self.fill()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.unread.drain(..n).collect())
    }

    /// All up to and with `end`.
    pub(crate) fn until(&mut self, end: &[u8]) -> io::Result<Vec<u8>> {
        let mut looked = 0;
        loop {
            if let Some(at) = self.unread[looked..].windows(end.len()).position(|window| window == end) {
                return Ok(self.unread.drain(..looked + at + end.len()).collect());
            }
            looked = self.unread.len().saturating_sub(end.len() - 1);
            if self.fill()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    fn fill(&mut self) -> io::Result<usize> {
        let mut room = vec![0; 64 << 10];
        let n = self.stream.read(&mut room)?;
        self.unread.extend_from_slice(&room[..n]);
        Ok(n)
    }
}

//! Responses that are sent often: put together once, to the byte, and then only copied.
//!
//! The rule: what is sent is what [`Server::answer`](crate::Server::answer) would send. Whoever can't be given the usual
//! bytes (HEAD, HTTP/1.0, the last exchange of a connection) gets a response made for the occasion.

use bytes::Bytes;
use proto_core::Output;

use crate::outgoing::{Added, COPY, Connection, put_head};
use crate::{Framing, ResponseBuilder, StatusCode};

/// A whole response that is sent often, by [`Server::answer_prepared`](crate::Server::answer_prepared).
///
/// ```
/// use http1::{PreparedResponse, ResponseBuilder, StatusCode, server::{Event, Server}};
/// use proto_core::{Endpoint, Time};
///
/// let hello = PreparedResponse::new(ResponseBuilder::new(StatusCode::OK), "hello".into());
/// let mut server = Server::default();
/// let mut input = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".into();
/// while let Some(event) = server.receive(&mut input, Time::ZERO).unwrap() {
///     if let Event::Request(_) = event {
///         server.answer_prepared(&hello).unwrap();
///     }
/// }
/// let sent: Vec<u8> = server.output().slices().flatten().copied().collect();
/// assert_eq!(sent, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello".repeat(2));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedResponse {
    head: ResponseBuilder,
    content: Bytes,
    /// All of it, as nearly everybody gets it; empty if it has to be put together each time.
    usual: Bytes,
}

impl PreparedResponse {
    /// A response with this head and this content.
    #[must_use]
    pub fn new(head: ResponseBuilder, content: Bytes) -> Self {
        let status = head.status();
        let unusual =
            status.is_bodiless() || status == StatusCode::RESET_CONTENT || head.lines().wants_close();
        // What is large is better sent from where it is.
        if unusual || content.len() > COPY {
            return PreparedResponse { head, content, usual: Bytes::new() };
        }
        let mut output = Output::new();
        let framing = Framing::Length(content.len() as u64);
        put_head(&mut output, head.lines(), Added { framing, connection: Connection::Usual });
        output.put(&content);
        let usual = output.buffer().split().freeze();
        PreparedResponse { head, content: usual.slice(usual.len() - content.len()..), usual }
    }

    /// Its head.
    #[must_use]
    pub fn head(&self) -> &ResponseBuilder {
        &self.head
    }

    /// Its content.
    #[must_use]
    pub fn content(&self) -> &Bytes {
        &self.content
    }

    /// All of it, as nearly everybody gets it, if that is ready.
    pub(crate) fn usual(&self) -> Option<&[u8]> {
        Some(&*self.usual).filter(|usual| !usual.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use bytes::BytesMut;
    use proto_core::{Endpoint as _, Time};

    use super::*;
    use crate::server::{Event, Server};
    use crate::{Error, Known};

    /// All that a server sends to `requests` if it answers each like this, at its head or at its end.
    fn sent(
        requests: &str,
        at_head: bool,
        answer: &dyn Fn(&mut Server) -> Result<(), Error>,
    ) -> (Vec<u8>, Vec<bool>) {
        let mut server = Server::default();
        let mut input = BytesMut::from(requests);
        let mut outcomes = Vec::new();
        while let Ok(Some(event)) = server.receive(&mut input, Time::ZERO) {
            let now = match event {
                Event::Request(_) => at_head,
                Event::End { .. } => !at_head,
                _ => false,
            };
            if now {
                outcomes.push(answer(&mut server).is_ok());
            }
        }
        (server.output().slices().flatten().copied().collect(), outcomes)
    }

    #[test]
    fn what_is_prepared_is_sent_as_if_it_were_not() {
        let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
        let requests = [
            get.repeat(3),
            [post, get].concat(),
            ["HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", get].concat(),
            ["GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", get].concat(),
            ["GET / HTTP/1.0\r\n\r\n", get].concat(),
            ["GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", get].concat(),
            ["CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", get].concat(),
            "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n".into(),
            "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n".into(),
        ];
        for status in [200, 204, 205, 304, 404, 101] {
            for content in [&b""[..], b"content", &[b'x'; COPY], &[b'x'; COPY + 1]] {
                for close in [false, true] {
                    let mut head = ResponseBuilder::new(StatusCode::new(status).unwrap());
                    head.field(Known::ETag, "\"1\"").unwrap();
                    if close {
                        head.field(Known::Connection, "close").unwrap();
                    }
                    let content = Bytes::from_static(content);
                    let prepared = PreparedResponse::new(head.clone(), content.clone());
                    assert_eq!((prepared.head(), prepared.content()), (&head, &content));
                    for (requests, at_head) in requests.iter().flat_map(|it| [(it, false), (it, true)]) {
                        let plain = sent(requests, at_head, &|server| server.answer(&head, content.clone()));
                        let copied = sent(requests, at_head, &|server| server.answer_prepared(&prepared));
                        assert_eq!(plain, copied, "{status} to {requests:?}");
                    }
                }
            }
        }
    }
}

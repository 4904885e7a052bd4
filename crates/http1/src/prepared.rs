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

//! Answers of the proxy's own: what was not forwarded, and what became of it.
//!
//! The rule: a status that says whose fault it was (4xx: the client's, 5xx: on the way), and a sentence for people.

use std::borrow::Cow;

use bytes::Bytes;
use http1::{Error, Known, Method, Request, ResponseBuilder, Server, StatusCode};

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    text: Cow<'static, str>,
    kind: &'static str,
    allow: Option<&'static str>,
}

impl Reply {
    pub(super) fn new(status: StatusCode, text: impl Into<Cow<'static, str>>) -> Self {
        Reply { status, text: text.into(), kind: "text/plain; charset=utf-8", allow: None }
    }

    /// The way has failed.
    pub(super) fn bad_gateway(text: impl Into<Cow<'static, str>>) -> Self {
        Reply::new(StatusCode::BAD_GATEWAY, text)
    }

    /// RFC 9110 section 15.5.6: a method that is not for here, and those that are.
    pub(super) fn not_allowed(allow: &'static str) -> Self {
        let text = "this method is not for here";
        Reply { allow: Some(allow), ..Reply::new(StatusCode::METHOD_NOT_ALLOWED, text) }
    }

    /// RFC 9110 section 9.3.7: what may be asked of here.
    pub(super) fn options() -> Self {
        let allow = Some("GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS, TRACE, CONNECT");
        Reply { allow, ..Reply::new(StatusCode::OK, "") }
    }

    /// RFC 9110 section 9.3.8: the request as it was received, but for "fields that are likely to contain sensitive data".
    pub(super) fn trace(request: &Request) -> Self {
        let mut text =
            format!("{} {} {}\r\n", request.method().as_str(), request.target(), request.version().as_str());
        for line in request.fields().iter().filter(|line| !is_secret(line.known)) {
            text.push_str(&format!("{}: {}\r\n", line.name, String::from_utf8_lossy(line.value)));
        }
        text.push_str("\r\n");
        Reply { kind: "message/http", ..Reply::new(StatusCode::OK, text) }
    }

    /// Says it. The session goes on, if it can.
    pub(super) fn send(&self, server: &mut Server) -> Result<(), Error> {
        let mut head = ResponseBuilder::new(self.status);
        let date = super::today().to_bytes();
        head.field(Known::Date, date)?;
        if !self.text.is_empty() {
            head.field(Known::ContentType, self.kind)?;
        }
        if let Some(allow) = self.allow {
            head.field(Known::Allow, allow)?;
        }
        let mut text = self.text.clone().into_owned().into_bytes();
        if self.kind.starts_with("text/") && !text.is_empty() {
            text.push(b'\n');
        }
        server.answer(&head, Bytes::from(text))
    }
}

fn is_secret(known: Option<Known>) -> bool {
    matches!(known, Some(Known::Authorization | Known::ProxyAuthorization | Known::Cookie))
}

/// What a request's method may be answered with when it is not to go further.
pub(super) fn as_if_origin(request: &Request) -> Reply {
    match request.method() {
        Method::Trace => Reply::trace(request),
        _ => Reply::options(),
    }
}

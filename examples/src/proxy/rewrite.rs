//! The heads as they are passed on (RFC 9110 section 7.6).
//!
//! The rule: what is about one connection is taken out, what says the way is added, and all else goes through as it came:
//! order, case and repetition kept.

use std::net::IpAddr;

use http1::cache::Forwarding;
use http1::forwarded::{Element, via};
use http1::hop_by_hop::HopByHop;
use http1::{
    Body, Error, FieldLines, Framing, Known, Method, Request, RequestBuilder, Response, ResponseBuilder,
    StatusCode, Trailers, Version,
};

use super::errand::Errand;
use crate::Failure;

/// The head that the origin gets: with the cache's own conditions, if it has any, in place of the client's.
pub(super) fn request(
    request: &Request,
    errand: &Errand,
    name: &str,
    client: IpAddr,
    forwarding: Option<&Forwarding>,
) -> Result<RequestBuilder, Failure> {
    let fields = request.fields();
    let mut head = RequestBuilder::new(request.method(), &errand.target)?;
    head.field(Known::Host, &errand.host)?;
    let hop_by_hop = HopByHop::of(fields.all(Known::Connection));
    let expects = waits(request);
    let is_ours = |name: &str| {
        // The credentials are for this proxy and nobody behind it (RFC 9110 section 11.7.2).
        let known = Known::find(name.as_bytes());
        matches!(known, Some(Known::Host | Known::ProxyAuthorization))
            || (known == Some(Known::MaxForwards) && errand.forwards.is_some())
            || (known == Some(Known::Expect) && !expects)
            || forwarding.is_some_and(|forwarding| forwarding.replaces(name))
    };
    head.fields().extend(fields, |name| !hop_by_hop.strips(name) && !is_ours(name))?;
    // RFC 9110 section 10.1.4: trailers are relayed; who takes them is told by each hop to the next.
    if fields.has_token(Known::Te, "trailers") {
        head.field(Known::Te, "trailers")?;
    }
    if let Some(left) = errand.forwards {
        head.field(Known::MaxForwards, left.to_string())?;
    }
    for (name, value) in forwarding.into_iter().flat_map(Forwarding::conditions) {
        head.field(name, value)?;
    }
    head.field(Known::Via, via(request.version(), name)?)?;
    head.field(Known::Forwarded, forwarded(request, client)?)?;
    Ok(head)
}

/// RFC 7239: who asked, and how.
fn forwarded(request: &Request, client: IpAddr) -> Result<Vec<u8>, Failure> {
    let client = match client.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    };
    let host = request.fields().text(Known::Host).filter(|host| !host.is_empty());
    let element = Element { client: Some(&client), proto: Some("http"), host, ..Element::default() };
    Ok(element.to_value()?)
}

/// The client waits for leave to send its content (RFC 9110 section 10.1.1).
pub(super) fn waits(request: &Request) -> bool {
    let asks = request.fields().has_token(Known::Expect, "100-continue");
    asks && request.version() == Version::Http11 && !request.framing().is_empty()
}

/// How the content of a request is passed on.
pub(super) fn request_body(request: &Request) -> Body {
    match request.framing() {
        Framing::None => Body::Empty,
        Framing::Length(n) => Body::Known(n),
        Framing::Chunked | Framing::UntilClose => Body::Chunked,
    }
}

/// The head that the client gets.
pub(super) fn response(response: &Response, name: &str) -> Result<ResponseBuilder, Error> {
    let (fields, status) = (response.fields(), response.status());
    let reason = std::str::from_utf8(response.head().reason()).ok().map(str::to_owned);
    let usual = || ResponseBuilder::new(status);
    let mut head =
        reason.and_then(|reason| ResponseBuilder::with_reason(status, &reason).ok()).unwrap_or_else(usual);
    let hop_by_hop = HopByHop::of(fields.all(Known::Connection));
    head.fields().extend(fields, |name| !hop_by_hop.strips(name))?;
    // RFC 9110 section 6.6.1: who receives a response without Date, and has a clock, notes when it came.
    if !fields.has(Known::Date) && !status.is_interim() {
        head.field(Known::Date, super::today().to_bytes())?;
    }
    if let Ok(via) = via(response.version(), name) {
        head.field(Known::Via, via)?;
    }
    Ok(head)
}

/// How the content of a response is passed on: with its length, if there is one.
pub(super) fn response_body(response: &Response, method: Method<'_>) -> Body {
    let declared = || {
        let length = response.fields().text(Known::ContentLength)?;
        length.parse().ok().map(Body::Known)
    };
    match (response.status(), response.framing()) {
        // RFC 9110 sections 15.3.5 and 15.3.6.
        (StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT, _) => Body::Empty,
        (StatusCode::NOT_MODIFIED, _) => declared().unwrap_or(Body::Empty),
        // RFC 9110 section 8.6: the length that the answer to GET would have.
        _ if method == Method::Head => declared().unwrap_or(Body::Unknown),
        (_, Framing::Length(n)) => Body::Known(n),
        (_, Framing::None) => Body::Empty,
        (_, Framing::Chunked | Framing::UntilClose) => Body::Unknown,
    }
}

/// RFC 9110 section 6.5: trailers are passed on, except those that have no place there.
pub(super) fn trailers(trailers: Option<&Trailers>) -> Option<FieldLines> {
    let mut lines = FieldLines::new();
    let hop_by_hop = HopByHop::of([]);
    let may =
        |name: &str| Known::find(name.as_bytes()).is_none_or(Known::may_trail) && !hop_by_hop.strips(name);
    lines.extend(trailers?.fields(), may).ok()?;
    (!lines.is_empty()).then_some(lines)
}

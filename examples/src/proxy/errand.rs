//! Whom a request is for, and whether it is forwarded at all.
//!
//! The rule: the target decides, and where it names an authority, `Host` is written anew from it (RFC 9112 section 3.2.2);
//! what the origin is asked then has one reading.

use http1::forwarded::{Forwards, forwards, is_loop};
use http1::uri::Uri;
use http1::{Authority, Known, Request, StatusCode, Target};

use super::Proxy;
use super::reply::{self, Reply};
use crate::Failure;

/// An origin: where a connection leads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    /// In lower case, an IP literal in brackets.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) secure: bool,
}

/// The one origin of a reverse proxy.
#[derive(Clone, Debug)]
pub(super) struct Reverse {
    place: Place,
    authority: String,
}

/// What is to be done for a request.
#[derive(Clone, Debug)]
pub(super) struct Errand {
    pub(super) place: Place,
    /// As the origin is asked (RFC 9112 section 3.2.1).
    pub(super) target: String,
    pub(super) host: String,
    /// `Max-Forwards` as it is passed on.
    pub(super) forwards: Option<u32>,
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub(super) enum Judgement {
    Forward(Errand),
    Tunnel(Place),
    Answer(Reply),
}

impl Reverse {
    pub(super) fn of(url: &str) -> Result<Self, Failure> {
        let whole = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let uri = Uri::parse(&whole).map_err(|error| format!("--reverse {url}: {error}"))?;
        let place = uri.authority().and_then(|authority| place(uri.scheme(), authority.into()));
        let place = place.ok_or_else(|| format!("--reverse {url}: neither http nor https"))?;
        let authority = uri.authority().map_or("", |authority| authority.host_and_port());
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(format!("--reverse {url}: an origin has no path; write {authority}").into());
        }
        Ok(Reverse { place, authority: authority.to_owned() })
    }
}

/// Looks at a request.
pub(super) fn judge(request: &Request, proxy: &Proxy) -> Judgement {
    match examine(request, proxy) {
        Ok(judgement) => judgement,
        Err(reply) => Judgement::Answer(reply),
    }
}

fn examine(request: &Request, proxy: &Proxy) -> Result<Judgement, Reply> {
    let fields = request.fields();
    // RFC 9110 section 7.6.3: our own name in Via means that it was here before.
    if is_loop(fields.all(Known::Via), &proxy.name) {
        return Err(Reply::new(StatusCode::LOOP_DETECTED, "the request has been here before"));
    }
    let limit = match forwards(request.method(), fields.first(Known::MaxForwards)) {
        Forwards::Answer => return Ok(Judgement::Answer(reply::as_if_origin(request))),
        Forwards::Left(n) => Some(n),
        Forwards::Unlimited => None,
    };
    let errand = match (&proxy.reverse, request.head().target_form()) {
        (Some(_), Target::Authority(_)) => {
            return Err(Reply::not_allowed("GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS, TRACE"));
        }
        (None, Target::Authority(authority)) => return tunnel(authority),
        (Some(reverse), target) => reverse.errand(request, &target),
        (None, Target::Absolute { scheme, authority, .. }) => errand(request, scheme, authority)?,
        (None, Target::Asterisk) => return Ok(Judgement::Answer(reply::as_if_origin(request))),
        (None, Target::Origin { .. }) => {
            let text = "this is a proxy: ask for a whole URL, as in GET http://host/path";
            return Err(Reply::new(StatusCode::BAD_REQUEST, text));
        }
    };
    Ok(Judgement::Forward(Errand { forwards: limit, ..errand }))
}

fn tunnel(Authority { host, port }: Authority<'_>) -> Result<Judgement, Reply> {
    // RFC 9110 section 9.3.6: "There is no default port".
    let port = port.filter(|&port| port != 0);
    let port = port.ok_or_else(|| Reply::new(StatusCode::BAD_REQUEST, "CONNECT needs a port"))?;
    Ok(Judgement::Tunnel(Place { host: host.to_ascii_lowercase(), port, secure: false }))
}

/// RFC 9112 section 3.2.2: "a proxy MUST ignore the received Host header field (if any) and instead replace it with the host
/// information of the request-target".
fn errand(request: &Request, scheme: &str, authority: Authority<'_>) -> Result<Errand, Reply> {
    let no_way = || Reply::new(StatusCode::NOT_IMPLEMENTED, "only http and https URLs are fetched here");
    let place = place(scheme, authority).ok_or_else(no_way)?;
    Ok(Errand { place, target: for_origin(request), host: authority.to_string(), forwards: None })
}

fn for_origin(request: &Request) -> String {
    request.head().target_form().for_origin(request.method()).to_string()
}

impl Reverse {
    /// The client's own `Host` is passed on: by that name it knows the origin, and so do the links in the answer.
    fn errand(&self, request: &Request, target: &Target<'_>) -> Errand {
        let of_target = target.authority().map(|authority| authority.to_string());
        let host = of_target.or_else(|| request.fields().text(Known::Host).map(str::to_owned));
        let host = host.filter(|host| Authority::parse(host.as_bytes()).is_some() && !host.is_empty());
        let host = host.unwrap_or_else(|| self.authority.clone());
        Errand { place: self.place.clone(), target: for_origin(request), host, forwards: None }
    }
}

/// Where an `http` or `https` URI leads (RFC 9110 sections 4.2.1 and 4.2.2).
fn place(scheme: &str, authority: Authority<'_>) -> Option<Place> {
    let secure = scheme.eq_ignore_ascii_case("https");
    let port = authority.port.unwrap_or(if secure { 443 } else { 80 });
    let known = secure || scheme.eq_ignore_ascii_case("http");
    let host = authority.host.to_ascii_lowercase();
    (known && !host.is_empty() && port != 0).then_some(Place { host, port, secure })
}

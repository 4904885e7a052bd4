//! A small site: a page with ten images, and a table of its visitors.
//!
//! The rule: HTTP remembers nothing. Who a visitor is, the site knows from the number that it gave out in a cookie and
//! that comes back with every request; what it knows about that number is in a table of its own.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use examples::service::{Service, converse};
use http1::conditional::{EntityTag, Outcome, Preconditions, Validators};
use http1::cookie::{self, SetCookie};
use http1::date::HttpDate;
use http1::server::{Event, Server};
use http1::{Known, Method, Request, ResponseBuilder, StatusCode};
use net_core::serve::Config;
use net_core::{Stream, TlsRole};
use tracing::{info, warn};

use crate::acts::ANY;

/// How many images the page has.
pub(crate) const IMAGES: usize = 10;
/// Where the film is, which changes so seldom that caches may keep it.
pub(crate) const FILM: &str = "/film.svg";
/// The name of the cookie, and the number of the first visitor.
const COOKIE: &str = "visitor";
const FIRST: usize = 1678;

/// The site, shared by all connections.
#[derive(Debug)]
pub(crate) struct Site {
    /// How often each visitor has opened the page, the first one at 0.
    visits: Mutex<Vec<u32>>,
    /// When the images were made.
    made: HttpDate,
    /// Connections so far.
    connections: AtomicUsize,
    /// Requests so far.
    requests: AtomicUsize,
}

/// Serves the site on loopback, over TLS if `tls` says so.
pub(crate) fn serve(site: &Arc<Site>, tls: Option<TlsRole>) -> io::Result<Service> {
    let (site, scheme) = (Arc::clone(site), if tls.is_some() { "https" } else { "http" });
    let server = net_core::Server::bind(Config::at(ANY))?;
    Service::of(scheme, server, move |tcp, _, shutdown| {
        let mut visit = Visit::new(&site);
        let session = || {
            let mut stream = Stream::new(tcp)?;
            if let Some(tls) = &tls {
                stream.start_tls(tls.clone())?;
            }
            converse(stream, Server::default(), shutdown, |server, event| visit.hear(server, event))
        };
        if let Err(error) = session() {
            info!(%error, "a connection has failed");
        }
    })
}

/// The date that a response bears.
pub(crate) fn today() -> HttpDate {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).ok().and_then(HttpDate::from_unix).unwrap_or(HttpDate::MAX)
}

/// Where the image with this number is, counted from 1.
pub(crate) fn image_path(number: usize) -> String {
    format!("/images/{number}.svg")
}

impl Site {
    pub(crate) fn new() -> Arc<Self> {
        // Long enough ago for the date to be a strong validator.
        let made = HttpDate::from_unix(today().unix() - 3600).unwrap_or(HttpDate::MIN);
        Arc::new(Site {
            visits: Mutex::new(Vec::new()),
            made,
            connections: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
        })
    }

    /// How many connections there were so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// How many requests there were so far.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// How often the visitor with that number has opened the page.
    pub(crate) fn visits(&self, visitor: usize) -> Option<u32> {
        let visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        visits.get(visitor.checked_sub(FIRST)?).copied()
    }

    /// Writes a visit into the table; the visitor's number, and how many visits that makes. Who has no number that the
    /// site gave out gets a new one.
    fn visit(&self, known: Option<usize>) -> (usize, u32) {
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        let place = known.and_then(|number| number.checked_sub(FIRST)).filter(|&place| place < visits.len());
        let place = place.unwrap_or_else(|| {
            visits.push(0);
            visits.len() - 1
        });
        let count = visits.get_mut(place).map_or(1, |count| {
            *count += 1;
            *count
        });
        (FIRST + place, count)
    }

    fn answer(&self, request: &Request) -> Result<(ResponseBuilder, Bytes), http1::Error> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if !matches!(request.method(), Method::Get | Method::Head) {
            let mut head = ResponseBuilder::new(StatusCode::METHOD_NOT_ALLOWED);
            head.field(Known::Allow, "GET, HEAD")?;
            return Ok((head, Bytes::new()));
        }
        match request.target() {
            "/" => self.page(request),
            FILM => film(),
            path => match (1..=IMAGES).find(|&number| path == image_path(number)) {
                Some(number) => self.image(request, number),
                None => not_found(),
            },
        }
    }

    fn page(&self, request: &Request) -> Result<(ResponseBuilder, Bytes), http1::Error> {
        let known = request.fields().all(Known::Cookie).flat_map(cookie::pairs).find_map(|(name, value)| {
            if name == COOKIE.as_bytes() { std::str::from_utf8(value).ok()?.parse().ok() } else { None }
        });
        let (visitor, visits) = self.visit(known);
        let mut head = ResponseBuilder::new(StatusCode::OK);
        head.field(Known::Date, today().to_bytes())?;
        head.field(Known::ContentType, "text/html; charset=utf-8")?;
        head.field(Known::CacheControl, "no-store")?;
        if known != Some(visitor) {
            let number = visitor.to_string();
            let cookie = SetCookie::new(COOKIE, &number).and_then(|cookie| cookie.with_path("/"));
            if let Ok(cookie) = cookie {
                head.field(Known::SetCookie, cookie.with_http_only().to_bytes())?;
            }
        }
        Ok((head, html(visitor, visits).into()))
    }

    /// An image, unless the client has it already: then 304, and not a byte of it.
    fn image(&self, request: &Request, number: usize) -> Result<(ResponseBuilder, Bytes), http1::Error> {
        let (content, name) = (svg(number), format!("polygon-{}", number + 2));
        let validators =
            Validators { etag: EntityTag::strong(name.as_bytes()).ok(), last_modified: Some(self.made) };
        let fields = request.fields();
        let asked = Preconditions::from_fields(fields.iter().map(|line| (line.name, line.value)), today());
        let status = match asked.evaluate(request.method().as_str(), Some(&validators)) {
            Outcome::Proceed => StatusCode::OK,
            Outcome::NotModified => StatusCode::NOT_MODIFIED,
            Outcome::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        };
        let mut head = ResponseBuilder::new(status);
        head.field(Known::Date, today().to_bytes())?;
        head.field(Known::LastModified, self.made.to_bytes())?;
        if let Some(etag) = validators.etag {
            head.field(Known::ETag, etag.to_bytes())?;
        }
        if status != StatusCode::OK {
            return Ok((head, Bytes::new()));
        }
        head.field(Known::ContentType, "image/svg+xml")?;
        Ok((head, content.into()))
    }
}

fn film() -> Result<(ResponseBuilder, Bytes), http1::Error> {
    let mut head = ResponseBuilder::new(StatusCode::OK);
    head.field(Known::Date, today().to_bytes())?;
    head.field(Known::ContentType, "image/svg+xml")?;
    head.field(Known::CacheControl, "max-age=3600")?;
    Ok((head, frames(240).into()))
}

fn not_found() -> Result<(ResponseBuilder, Bytes), http1::Error> {
    let mut head = ResponseBuilder::new(StatusCode::NOT_FOUND);
    head.field(Known::ContentType, "text/plain")?;
    Ok((head, Bytes::from_static(b"There is no such page here.\n")))
}

fn html(visitor: usize, visits: u32) -> String {
    let images: String =
        (1..=IMAGES).map(|number| format!("<img src=\"{}\" alt=\"\">\n", image_path(number))).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Ten images</title>\n\
         <h1>Ten images</h1>\n<p>You are visitor {visitor}, and this is your visit number {visits}.</p>\n{images}</html>\n"
    )
}

/// A regular polygon.
fn svg(number: usize) -> String {
    let corners = number + 2;
    let points: Vec<_> = (0..corners)
        .map(|corner| {
            let angle = std::f64::consts::TAU * corner as f64 / corners as f64;
            format!("{:.1},{:.1}", 50.0 + 45.0 * angle.sin(), 50.0 - 45.0 * angle.cos())
        })
        .collect();
    let hue = number * 36;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100\" height=\"100\"><polygon fill=\"hsl({hue} 70% 50%)\" points=\"{}\"/></svg>\n",
        points.join(" ")
    )
}

/// A ball that bounces, in so many pictures.
fn frames(pictures: usize) -> String {
    let heights: Vec<_> = (0..pictures)
        .map(|picture| {
            let angle = std::f64::consts::TAU * picture as f64 / pictures as f64;
            format!("{:.1}", 90.0 - 80.0 * angle.sin().abs())
        })
        .collect();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100\" height=\"100\">\n<circle cx=\"50\" r=\"10\">\n\
         <animate attributeName=\"cy\" dur=\"10s\" repeatCount=\"indefinite\" values=\"{}\"/>\n</circle>\n</svg>\n",
        heights.join(";")
    )
}

/// One connection to the site: a request is answered when it is complete.
#[derive(Debug)]
pub(crate) struct Visit {
    site: Arc<Site>,
    request: Option<Request>,
}

impl Visit {
    pub(crate) fn new(site: &Arc<Site>) -> Self {
        site.connections.fetch_add(1, Ordering::Relaxed);
        Visit { site: Arc::clone(site), request: None }
    }

    pub(crate) fn hear(&mut self, server: &mut Server, event: Event) {
        let answered = match event {
            Event::Request(request) => {
                self.request = Some(request);
                Ok(())
            }
            Event::End { .. } => match self.request.take() {
                Some(request) => {
                    self.site.answer(&request).and_then(|(head, body)| server.answer(&head, body))
                }
                None => Ok(()),
            },
            // No request here has a body worth waiting for.
            Event::ExpectContinue => server.reject(StatusCode::EXPECTATION_FAILED),
            _ => Ok(()),
        };
        if let Err(error) = answered {
            warn!(%error, "a request was left without its answer");
        }
    }
}

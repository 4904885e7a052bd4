//! A request that is forwarded: out of the cache if it is there, else from the origin.
//!
//! The rule: the cache is asked first and told of everything (RFC 9111 sections 4 and 4.4); without one, or for what has no
//! URI to be found by, the way leads straight to the origin.

use std::borrow::Cow;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::net::IpAddr;
use std::sync::Arc;

use http1::cache::{Ask, CacheStatus, Forward, Forwarding, Freshness, Hit, Key};
use http1::{Authority, Body, Error, Framing, Known, Method, Request, Server, StatusCode};

use super::Proxy;
use super::errand::{Errand, Judgement, Place, judge};
use super::files::{Extent, LARGE};
use super::gather::{Gatherer, Instead};
use super::origins::{Line, Unreachable};
use super::relay::{Client, Keeper, Nobody, Outcome, Relay};
use super::reply::Reply;
use super::rewrite;
use super::shelf::{Found, Landing, ROUNDS, Shelf, Ticket};
use crate::sentence;

/// So many answers are validated at once on nobody's behalf.
const BACKGROUND: u64 = 64;

/// What came of forwarding.
pub(super) enum Forwarded {
    /// The client was answered out of the cache: a gap in what is to be sent is to be filled with this.
    Hit(Option<Extent>),
    /// The client was answered by the origin, or has gone.
    Done,
    /// The client is to be told this.
    Answer(Reply),
    /// The client's connection is to be cut; see [`Outcome::Cut`].
    Cut(bool),
}

/// Answers out of the cache, if that needs nobody else: `Hit` then, or `Cut`. `None`: nothing was done.
pub(super) fn hit_at_once(
    proxy: &Arc<Proxy>,
    client: &mut Client,
    request: &Request,
    address: IpAddr,
) -> Option<Forwarded> {
    let is_plain =
        matches!(request.method(), Method::Get | Method::Head) && request.framing() == Framing::None;
    let shelf = proxy.shelf.as_ref().filter(|_| is_plain)?;
    let Judgement::Forward(errand) = judge(request, proxy) else { return None };
    let key = key(&errand)?;
    let head = request.head();
    let ask = Ask::of(&key, &head);
    let hit = shelf.peek(&ask, super::today())?;
    if hit.freshness() == Freshness::StaleWhileRevalidate {
        return None;
    }
    proxy.stats.requests.one();
    let forwarder = Forwarder { proxy, request, errand: &errand, address, sends_files: true };
    Some(match forwarder.hit(client, &ask, &hit, None) {
        Forwarded::Answer(reply) => {
            tracing::warn!(status = reply.status.code(), "what is stored can't be sent");
            Forwarded::Cut(false)
        }
        sent => sent,
    })
}

/// A request under way.
pub(super) struct Forwarder<'a> {
    pub(super) proxy: &'a Arc<Proxy>,
    pub(super) request: &'a Request,
    pub(super) errand: &'a Errand,
    pub(super) address: IpAddr,
    /// Whoever moves the client's bytes fills gaps from files.
    pub(super) sends_files: bool,
}

impl Forwarder<'_> {
    /// To its end.
    pub(super) fn run(&self, client: &mut Client) -> Forwarded {
        let kept = self.proxy.shelf.as_ref().zip(key(self.errand));
        let Some((shelf, key)) = kept else {
            self.proxy.stats.passes.one();
            return answered(self.ask_origin(Some(client), None, &mut Nobody));
        };
        let head = self.request.head();
        let ask = Ask::of(&key, &head);
        self.look(client, shelf, &ask)
    }

    /// Looks, waits for others who ask for the same, and looks again.
    fn look(&self, client: &mut Client, shelf: &Shelf, ask: &Ask<'_>) -> Forwarded {
        // How often it has waited for others, and why it had to.
        let (mut waited, mut joined) = (0, None);
        loop {
            let now = super::today();
            match shelf.find(ask, now, waited) {
                Found::Hit(hit) => return self.hit(client, ask, &hit, joined),
                Found::GatewayTimeout => {
                    return Forwarded::Answer(Reply::new(
                        StatusCode::GATEWAY_TIMEOUT,
                        "it is not in the cache",
                    ));
                }
                Found::Ask(forwarding, ticket) => {
                    self.count(&forwarding);
                    return self.ask(client, shelf, ask, forwarding, ticket, waited > 0);
                }
                Found::Wait(forwarding, flight) => {
                    joined.get_or_insert(forwarding.reason());
                    waited = match flight.wait() {
                        Some(Landing::Stored | Landing::Broken) => waited + 1,
                        Some(Landing::Private) | None => ROUNDS,
                        Some(Landing::Failed(reply)) => {
                            return match forwarding.after_error(ask, now) {
                                Some(hit) => self.hit(client, ask, &hit, joined),
                                None => Forwarded::Answer(reply),
                            };
                        }
                    };
                }
            }
        }
    }

    fn count(&self, forwarding: &Forwarding) {
        let stats = &self.proxy.stats;
        match forwarding.reason() {
            Forward::Bypass | Forward::Method => stats.passes.one(),
            _ if forwarding.conditions().next().is_some() => stats.revalidations.one(),
            _ => stats.misses.one(),
        }
    }

    /// Asks the origin, and answers with what comes or with what turns out to be still good.
    fn ask(
        &self,
        client: &mut Client,
        shelf: &Shelf,
        ask: &Ask<'_>,
        mut forwarding: Forwarding,
        mut ticket: Option<Ticket>,
        waited: bool,
    ) -> Forwarded {
        loop {
            let asked = forwarding.clone();
            let of = (shelf, &self.proxy.stats, &*self.proxy.name);
            let mut gatherer = Gatherer::new(of, *ask, &asked, ticket.take(), waited);
            let outcome = self.ask_origin(Some(client), Some(&asked), &mut gatherer);
            match (outcome, gatherer.instead.take()) {
                (Outcome::Swallowed, Some(Instead::AskAgain(again))) => {
                    ticket = gatherer.ticket.take();
                    forwarding = again;
                }
                (Outcome::Swallowed, Some(Instead::Hit(hit, status))) => {
                    return self.serve(client, ask, &hit, &asked, status);
                }
                (Outcome::Failed(reply), _) => {
                    gatherer.land(Landing::Failed(reply.clone()));
                    // RFC 5861 section 4: no answer is an error, too.
                    return match asked.after_error(ask, super::today()) {
                        Some(hit) => self.serve(client, ask, &hit, &asked, reply.status.code()),
                        None => Forwarded::Answer(reply),
                    };
                }
                (outcome, _) => return answered(outcome),
            }
        }
    }

    /// Out of the cache; `joined`: with what another one's request has brought there just now.
    fn hit(&self, client: &mut Client, ask: &Ask<'_>, hit: &Hit, joined: Option<Forward>) -> Forwarded {
        let stats = &self.proxy.stats;
        let mark = match joined {
            None => {
                stats.hits.one();
                format!("{}{}", self.proxy.hit_mark, hit.ttl())
            }
            Some(_) => {
                stats.collapsed.one();
                let mark = CacheStatus::new(&*self.proxy.name);
                let (ttl, collapsed) = (Some(hit.ttl()), Some(true));
                CacheStatus { forward: joined, ttl, collapsed, ..mark }.to_string()
            }
        };
        let served = self.send(client, ask, hit, &mark);
        if hit.freshness() == Freshness::StaleWhileRevalidate && ask.method == Method::Get {
            self.revalidate(hit);
        }
        served
    }

    /// Out of the cache, after the origin was asked.
    fn serve(
        &self,
        client: &mut Client,
        ask: &Ask<'_>,
        hit: &Hit,
        asked: &Forwarding,
        status: u16,
    ) -> Forwarded {
        let mut mark = CacheStatus::new(&*self.proxy.name);
        mark.forward = Some(asked.reason());
        mark.forward_status = Some(status);
        mark.ttl = Some(hit.ttl());
        self.send(client, ask, hit, &mark.to_string())
    }

    fn send(&self, client: &mut Client, ask: &Ask<'_>, hit: &Hit, mark: &str) -> Forwarded {
        let stats = &self.proxy.stats;
        if hit.ttl() <= 0 && hit.freshness() != Freshness::Validated {
            stats.stale.one();
        }
        match self.put(client.endpoint(), ask, hit, mark) {
            Ok((sent, extent)) => {
                stats.bytes_to_clients.add(sent);
                Forwarded::Hit(extent)
            }
            Err(error) => Forwarded::Answer(Reply::bad_gateway(error.to_string())),
        }
    }

    /// How much content that is, and what is to be sent of it from a file.
    fn put(
        &self,
        server: &mut Server,
        ask: &Ask<'_>,
        hit: &Hit,
        mark: &str,
    ) -> Result<(u64, Option<Extent>), Error> {
        let mut answer = hit.answer(ask, &boundary(ask));
        answer.head.field(Known::Via, &self.proxy.via)?.field(Known::CacheStatus, mark)?;
        server.respond(&answer.head, answer.body)?;
        if answer.body == Body::Empty {
            return Ok((0, None));
        }
        let size = answer.content.iter().map(|piece| piece.len() as u64).sum();
        let files = self.proxy.files.as_ref().filter(|_| self.sends_files && size >= LARGE);
        let file = files.and_then(|files| files.of(&answer.content, size));
        match &file {
            Some(_) => server.reserve(size)?,
            None => answer.content.into_iter().try_for_each(|piece| server.data(piece))?,
        }
        server.end(None)?;
        Ok((size, file.map(|file| Extent { file, at: 0, left: size })))
    }

    /// RFC 5861 section 3: asks whether what was used stale is still good, on nobody's behalf.
    fn revalidate(&self, hit: &Hit) {
        let (Some(forwarding), Some(key)) = (hit.revalidation(), key(self.errand)) else { return };
        let proxy = Arc::clone(self.proxy);
        let (request, errand, address) = (self.request.clone(), self.errand.clone(), self.address);
        let Some(ticket) = proxy.shelf.as_ref().and_then(|shelf| shelf.ticket(&key)) else { return };
        if proxy.background.count() >= BACKGROUND {
            return;
        }
        proxy.background.one();
        let work = move || {
            let (of, request, errand) = (&proxy, &request, &errand);
            let forwarder = Forwarder { proxy: of, request, errand, address, sends_files: false };
            forwarder.revalidate_now(&key, &forwarding, ticket);
            proxy.background.take_back();
        };
        if let Err(error) = std::thread::Builder::new().name("revalidation".into()).spawn(work) {
            tracing::warn!(%error, "no thread to revalidate on");
            self.proxy.background.take_back();
        }
    }

    fn revalidate_now(&self, key: &Key, forwarding: &Forwarding, ticket: Ticket) {
        let Some(shelf) = &self.proxy.shelf else { return };
        let head = self.request.head();
        let ask = Ask::of(key, &head);
        self.proxy.stats.revalidations.one();
        let of = (shelf, &self.proxy.stats, &*self.proxy.name);
        let mut gatherer = Gatherer::new(of, ask, forwarding, Some(ticket), false);
        let outcome = self.ask_origin(None, Some(forwarding), &mut gatherer);
        tracing::debug!(?outcome, key = key.as_str(), "revalidated");
    }

    /// The origin's answer, to the client if there is one.
    fn ask_origin(
        &self,
        mut client: Option<&mut Client>,
        forwarding: Option<&Forwarding>,
        keeper: &mut dyn Keeper,
    ) -> Outcome {
        let proxy = self.proxy;
        let head = match rewrite::request(self.request, self.errand, &proxy.name, self.address, forwarding) {
            Ok(head) => head,
            Err(error) => return Outcome::Failed(Reply::new(StatusCode::BAD_REQUEST, sentence(&*error))),
        };
        let body = rewrite::request_body(self.request);
        // RFC 9112 section 9.3.1: a connection may be closed just when it is used again. What can't be sent again goes over
        // a new one.
        let mut again = body == Body::Empty && self.request.method().is_idempotent();
        loop {
            let (mut line, used) = match self.line(&self.errand.place, again) {
                Ok(line) => line,
                Err(unreachable) => return Outcome::Failed(unreachable.reply()),
            };
            if let Err(error) = line.endpoint().request(&head, body) {
                return Outcome::Failed(Reply::new(StatusCode::BAD_REQUEST, error.to_string()));
            }
            proxy.stats.origin_requests.one();
            let relay = Relay::new(proxy, client.as_deref_mut(), line, self.request, keeper, used);
            match relay.run(&self.errand.place) {
                Outcome::Stale => {
                    proxy.stats.origin_requests.take_back();
                    again = false;
                }
                outcome => return outcome,
            }
        }
    }

    /// A connection to the origin, and whether it was used before.
    fn line(&self, place: &Place, kept: bool) -> Result<(Line, bool), Unreachable> {
        if kept && let Some(line) = self.proxy.origins.kept(place) {
            return Ok((line, true));
        }
        let line = self.proxy.origins.dial(place)?;
        self.proxy.stats.origin_connections.one();
        Ok((line, false))
    }
}

fn answered(outcome: Outcome) -> Forwarded {
    match outcome {
        Outcome::Done | Outcome::Gone => Forwarded::Done,
        Outcome::Failed(reply) => Forwarded::Answer(reply),
        Outcome::Cut(by_reset) => Forwarded::Cut(by_reset),
        Outcome::Stale | Outcome::Swallowed => Forwarded::Answer(Reply::bad_gateway("nothing came of it")),
    }
}

/// By what it is found.
fn key(errand: &Errand) -> Option<Key> {
    let (path, query) = match errand.target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (&*errand.target, None),
    };
    let authority = Authority::parse(errand.host.as_bytes())?;
    path.starts_with('/').then(|| Key::new(errand.place.secure, authority, path, query))?
}

/// What stands between several parts: nothing that could be among them (RFC 2046 section 5.1.1).
fn boundary(ask: &Ask<'_>) -> Cow<'static, str> {
    if !ask.fields.has(Known::Range) {
        return Cow::Borrowed("");
    }
    let random = || RandomState::new().build_hasher().finish();
    Cow::Owned(format!("{:016x}{:016x}", random(), random()))
}

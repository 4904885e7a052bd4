//! Listens to a response for the cache: stores it on its way, or finds that what is stored is still good.
//!
//! The rule: a response that ends otherwise than well is never stored as whole, and those who wait for it always learn how
//! it ended.

use bytes::Bytes;
use http1::Response;
use http1::cache::{Ask, CacheStatus, Forwarding, Freshness, Hit, Reaction, Storing};
use http1::date::HttpDate;
use proto_core::End;

use super::relay::{Heard, Keeper};
use super::reply::Reply;
use super::shelf::{Landing, Shelf, Ticket};
use super::stats::Stats;

/// One request to an origin, as the cache sees it.
pub(super) struct Gatherer<'a> {
    pub(super) shelf: &'a Shelf,
    pub(super) stats: &'a Stats,
    pub(super) name: &'a str,
    pub(super) ask: Ask<'a>,
    pub(super) forwarding: &'a Forwarding,
    pub(super) sent: HttpDate,
    pub(super) ticket: Option<Ticket>,
    /// It waited for another one before.
    pub(super) waited: bool,
    storing: Option<Storing>,
    headed: bool,
    /// What the client is to get instead.
    pub(super) instead: Option<Instead>,
}

/// What the client gets instead of the response.
pub(super) enum Instead {
    /// What is stored; the response had this status.
    Hit(Box<Hit>, u16),
    /// What comes of another request.
    AskAgain(Forwarding),
}

impl<'a> Gatherer<'a> {
    pub(super) fn new(
        (shelf, stats, name): (&'a Shelf, &'a Stats, &'a str),
        ask: Ask<'a>,
        forwarding: &'a Forwarding,
        ticket: Option<Ticket>,
        waited: bool,
    ) -> Self {
        let sent = super::today();
        Gatherer {
            shelf,
            stats,
            name,
            ask,
            forwarding,
            sent,
            ticket,
            waited,
            storing: None,
            headed: false,
            instead: None,
        }
    }

    /// Those who wait are told.
    pub(super) fn land(&mut self, landing: Landing) {
        if let Some(ticket) = self.ticket.take() {
            self.shelf.land(ticket, landing);
        }
    }

    /// RFC 9211: what the cache did.
    fn mark(&self, status: u16, is_stored: bool) -> Heard {
        let mut mark = CacheStatus::new(self.name);
        mark.forward = Some(self.forwarding.reason());
        mark.forward_status = Some(status);
        mark.stored = is_stored;
        mark.collapsed = self.waited.then_some(false);
        Heard::PassMarked(mark.to_string())
    }

    fn serve(&mut self, hit: Hit, response: &Response) {
        let status = response.status().code();
        if hit.freshness() == Freshness::Validated {
            self.stats.validated.one();
            self.land(Landing::Stored);
        } else {
            // Who waits has the same to fall back on.
            self.land(Landing::Failed(Reply::new(response.status(), "the origin fails")));
        }
        self.instead = Some(Instead::Hit(Box::new(hit), status));
    }
}

impl Keeper for Gatherer<'_> {
    fn head(&mut self, response: &Response) -> Heard {
        self.headed = true;
        let status = response.status().code();
        let now = super::today();
        match self.shelf.received(&self.ask, self.forwarding, response, self.sent, now) {
            Reaction::Forward(Ok(storing)) => {
                if let Some(ticket) = &self.ticket {
                    ticket.begins();
                }
                self.storing = Some(storing);
                self.mark(status, true)
            }
            Reaction::Forward(Err(reason)) => {
                tracing::debug!(%reason, key = self.ask.key.as_str(), "not stored");
                self.land(Landing::Private);
                self.mark(status, false)
            }
            Reaction::Serve(hit) => {
                self.serve(hit, response);
                Heard::Swallow
            }
            Reaction::AskAgain(forwarding) => {
                self.instead = Some(Instead::AskAgain(forwarding));
                Heard::Swallow
            }
        }
    }

    fn data(&mut self, data: &Bytes) {
        if self.storing.as_mut().is_some_and(|storing| !storing.data(data)) {
            self.storing = None;
            self.land(Landing::Private);
        }
    }

    fn end(&mut self) {
        if let Some(storing) = self.storing.take()
            && self.shelf.finish(storing, End::Clean, self.ticket.take()).is_some()
        {
            self.stats.stored.one();
        }
    }

    fn wants_all(&self) -> bool {
        self.storing.is_some() || (self.ticket.is_some() && !self.headed)
    }
}

/// It broke off, or the one who asked has gone.
impl Drop for Gatherer<'_> {
    fn drop(&mut self) {
        if let Some(storing) = self.storing.take() {
            self.shelf.finish(storing, End::Cut, self.ticket.take());
        }
        self.land(Landing::Broken);
    }
}

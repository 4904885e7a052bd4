//! The desk where messages are dealt with: who asks for what, whether he may, and what he is told.
//!
//! The rule: signatures first, then permission, then the matter itself. Nothing here waits for the network; what waits
//! for the disk (updates) is done by those who can.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use dns::authority::{Authority, ClientCtx, Network, Verdict};
use dns::rrl::Rrl;
use dns::secondary::Change;
use dns::tsig::{Key, Session, verify_request};
use dns::zone::{Zone, ZoneDiff};
use dns::{Message, Name, Rcode};
use tracing::{debug, info};

use super::catalog::Catalog;
use super::unix;
use crate::Failure;

/// Who may do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permit {
    /// Whoever asks from there.
    Network(Network),
    /// Whoever signs with this key.
    Key(Name),
}

/// What to say to a message.
#[derive(Debug)]
pub enum Considered {
    /// So many octets.
    Reply(usize),
    /// Nothing.
    Silence,
    /// A zone, message by message.
    Transfer(Box<Transfer>),
}

/// A transfer that was granted.
#[derive(Debug)]
pub struct Transfer {
    /// The zone as it is now.
    pub zone: Arc<Zone>,
    /// What led to it.
    pub history: Arc<Vec<ZoneDiff>>,
    /// What signs the answers.
    pub session: Option<Session>,
}

/// What others are to be told of.
#[derive(Clone, Debug)]
pub enum News {
    /// A zone is another one: its secondaries want to know.
    Changed(Arc<Zone>),
    /// A primary has said that this zone has changed, to this serial.
    Notified(Name, Option<u32>),
    /// That was all.
    End,
}

/// The rules that a server follows.
#[derive(Debug, Default)]
pub struct Rules {
    /// The keys that are known.
    pub keys: Vec<Key>,
    /// Who may have whole zones.
    pub transfer: Vec<Permit>,
    /// Who may change them.
    pub update: Vec<Permit>,
    /// How often the same may be said to one network.
    pub rrl: Option<Rrl>,
}

/// What all threads share.
#[derive(Debug)]
pub struct Desk {
    keys: Vec<Key>,
    transfer: Vec<Permit>,
    update: Vec<Permit>,
    pub(super) rrl: Option<Mutex<Rrl>>,
    catalog: Mutex<Catalog>,
    /// What is answered from, and how often it was another one.
    published: RwLock<Arc<Authority>>,
    generation: AtomicU64,
    news: Sender<News>,
}

/// A thread's view of what is answered from: looked at anew when it has changed.
#[derive(Debug)]
pub struct Window {
    desk: Arc<Desk>,
    authority: Arc<Authority>,
    generation: u64,
}

impl Desk {
    /// A desk that answers from these zones; `blank` is an authority without zones, with all its options.
    #[must_use]
    pub fn new(catalog: Catalog, blank: Authority, rules: Rules, news: Sender<News>) -> Arc<Desk> {
        let published = RwLock::new(Arc::new(catalog.publish(blank)));
        Arc::new(Desk {
            keys: rules.keys,
            transfer: rules.transfer,
            update: rules.update,
            rrl: rules.rrl.map(Mutex::new),
            catalog: Mutex::new(catalog),
            published,
            generation: AtomicU64::new(0),
            news,
        })
    }

    /// A view for a thread of its own.
    #[must_use]
    pub fn window(self: &Arc<Self>) -> Window {
        let generation = self.generation.load(Ordering::Acquire);
        Window { desk: Arc::clone(self), authority: self.authority(), generation }
    }

    /// What is answered from just now.
    #[must_use]
    pub fn authority(&self) -> Arc<Authority> {
        Arc::clone(&self.published.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The zones, for looking at and for changing.
    pub fn catalog(&self) -> MutexGuard<'_, Catalog> {
        self.catalog.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts the catalog's zones in place.
    fn publish(&self, catalog: &Catalog) {
        let mut published = self.published.write().unwrap_or_else(PoisonError::into_inner);
        *published = Arc::new(catalog.publish((**published).clone()));
        drop(published);
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// Lets whoever listens to the news go.
    pub fn close(&self) {
        self.tell(News::End);
    }

    fn tell(&self, news: News) {
        // Nobody may want to know.
        let _ = self.news.send(news);
    }

    /// Tells the secondaries of all zones what there is.
    pub fn announce_all(&self) {
        self.catalog().zones().for_each(|zone| self.tell(News::Changed(Arc::clone(zone))));
    }

    /// Reads the zone files again.
    pub fn reload(&self) {
        let mut catalog = self.catalog();
        let changed = catalog.reload();
        self.publish(&catalog);
        drop(catalog);
        info!(zones = changed.len(), "reloaded");
        changed.into_iter().for_each(|zone| self.tell(News::Changed(zone)));
    }

    /// What a transfer has brought.
    ///
    /// # Errors
    /// It does not go with the copy, or the disk does not take it.
    pub fn transferred(&self, origin: &Name, change: Change) -> Result<u32, Failure> {
        let mut catalog = self.catalog();
        let zone = catalog.transferred(origin, change)?;
        self.publish(&catalog);
        let serial = zone.serial();
        self.tell(News::Changed(zone));
        Ok(serial)
    }

    /// The copy of a zone is too old to be used.
    pub fn expired(&self, origin: &Name) {
        let mut catalog = self.catalog();
        catalog.expired(origin);
        self.publish(&catalog);
    }

    /// What to say to a message, whatever it is. May wait for the disk.
    pub fn consider(&self, query: &[u8], ctx: &ClientCtx, out: &mut [u8]) -> Considered {
        let authority = self.authority();
        match authority.answer(query, ctx, out) {
            Verdict::Reply(len) | Verdict::Truncated(len) => Considered::Reply(len),
            Verdict::Drop => Considered::Silence,
            verdict => {
                let Ok(message) = Message::parse(query) else { return Considered::Silence };
                self.special(&authority, &message, verdict, ctx, out)
            }
        }
    }

    fn special(
        &self,
        authority: &Authority,
        message: &Message<'_>,
        verdict: Verdict,
        ctx: &ClientCtx,
        out: &mut [u8],
    ) -> Considered {
        if verdict != Verdict::Signed {
            return self.act(authority, message, verdict, ctx, None, out);
        }
        match verify_request(message, &self.keys, unix()) {
            Err(refusal) => {
                info!(client = %ctx.address, error = %refusal.error, "a signature was refused");
                refusal.reply(message, out, unix()).map_or(Considered::Silence, Considered::Reply)
            }
            Ok(None) => Considered::Silence,
            Ok(Some(session)) => {
                let ctx = ClientCtx { signed: true, reserve: session.key().reserve(), ..*ctx };
                match authority.answer(message.bytes(), &ctx, out) {
                    Verdict::Reply(len) | Verdict::Truncated(len) => signed(Some(session), out, len),
                    Verdict::Drop | Verdict::Signed => Considered::Silence,
                    verdict => self.act(authority, message, verdict, &ctx, Some(session), out),
                }
            }
        }
    }

    /// A transfer, an update or a notification, signed or not.
    fn act(
        &self,
        authority: &Authority,
        message: &Message<'_>,
        verdict: Verdict,
        ctx: &ClientCtx,
        session: Option<Session>,
        out: &mut [u8],
    ) -> Considered {
        let key = session.as_ref().map(|session| session.key().name());
        let rcode = match verdict {
            Verdict::Transfer => match self.grant(authority, message, ctx, key) {
                Ok((zone, history)) => {
                    return Considered::Transfer(Box::new(Transfer { zone, history, session }));
                }
                Err(rcode) => rcode,
            },
            Verdict::Update => self.update(authority, message, ctx, key),
            Verdict::Notify => self.notified(authority, message, ctx, key),
            _ => return Considered::Silence,
        };
        debug!(client = %ctx.address, ?verdict, %rcode, "dealt with");
        match authority.refuse(message, ctx, rcode, out) {
            Verdict::Reply(len) | Verdict::Truncated(len) => signed(session, out, len),
            _ => Considered::Silence,
        }
    }

    fn grant(
        &self,
        authority: &Authority,
        message: &Message<'_>,
        ctx: &ClientCtx,
        key: Option<&Name>,
    ) -> Result<(Arc<Zone>, Arc<Vec<ZoneDiff>>), Rcode> {
        let apex = message.question().ok_or(Rcode::FORMERR)?.name.to_name();
        if !permitted(&self.transfer, ctx.address, key) {
            info!(zone = %apex, client = %ctx.address, "a transfer was refused");
            return Err(Rcode::REFUSED);
        }
        let zone = authority.zone(&apex, ctx.address).ok_or(Rcode::NOTAUTH)?;
        Ok((Arc::clone(zone), self.catalog().snapshot(zone)))
    }

    /// RFC 2136 section 3.3: permission comes before prerequisites here, for their answers would tell what is in the zone.
    fn update(
        &self,
        authority: &Authority,
        message: &Message<'_>,
        ctx: &ClientCtx,
        key: Option<&Name>,
    ) -> Rcode {
        let Some(question) = message.question() else { return Rcode::FORMERR };
        let apex = question.name.to_name();
        if !permitted(&self.update, ctx.address, key) {
            info!(zone = %apex, client = %ctx.address, "an update was refused");
            return Rcode::REFUSED;
        }
        if authority.zone(&apex, ctx.address).is_none() {
            return Rcode::NOTAUTH;
        }
        let mut catalog = self.catalog();
        // Others may have changed it meanwhile: what is in place now counts.
        let current = self.authority();
        let Some(zone) = current.zone(&apex, ctx.address) else { return Rcode::NOTAUTH };
        match catalog.update(zone, message) {
            Err(rcode) => rcode,
            Ok(None) => Rcode::NOERROR,
            Ok(Some(zone)) => {
                self.publish(&catalog);
                info!(zone = %apex, serial = zone.serial(), client = %ctx.address, "updated");
                self.tell(News::Changed(zone));
                Rcode::NOERROR
            }
        }
    }

    /// RFC 1996 section 3.10 and 3.11: only the primary's word counts.
    fn notified(&self, _: &Authority, message: &Message<'_>, ctx: &ClientCtx, key: Option<&Name>) -> Rcode {
        let Some(question) = message.question() else { return Rcode::FORMERR };
        let apex = question.name.to_name();
        match self.catalog().is_primary(&apex, ctx.address, key) {
            None => Rcode::NOTAUTH,
            Some(false) => Rcode::REFUSED,
            Some(true) => {
                let serial = message.answer().find_map(|record| record.rdata.soa().map(|soa| soa.serial));
                self.tell(News::Notified(apex, serial));
                Rcode::NOERROR
            }
        }
    }
}

impl Window {
    /// What to answer from now.
    pub fn authority(&mut self) -> &Authority {
        let generation = self.desk.generation.load(Ordering::Acquire);
        if generation != self.generation {
            (self.authority, self.generation) = (self.desk.authority(), generation);
        }
        &self.authority
    }

    /// The desk.
    #[must_use]
    pub fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }
}

fn signed(session: Option<Session>, out: &mut [u8], len: usize) -> Considered {
    match session {
        None => Considered::Reply(len),
        Some(mut session) => session.sign(out, len, unix()).map_or(Considered::Silence, Considered::Reply),
    }
}

fn permitted(permits: &[Permit], address: IpAddr, key: Option<&Name>) -> bool {
    permits.iter().any(|permit| match permit {
        Permit::Network(network) => network.contains(address),
        Permit::Key(name) => key == Some(name),
    })
}

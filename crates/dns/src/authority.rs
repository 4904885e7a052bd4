//! An authoritative server without its sockets: what is asked in, what is answered out (RFC 1034 section 4.3.2).
//!
//! The rule: a query leaves nothing behind. What differs from one answer to the next, the client's address and whose turn
//! it is, comes in with [`ClientCtx`].

mod denial;
mod network;
mod reply;
mod update;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;

pub use network::Network;
pub use update::update;

use crate::cookie::{SERVER_LEN, Secrets, Standing};
use crate::limits::{MESSAGE, SILENT_PORTS, UDP_PAYLOAD, UDP_WITHOUT_EDNS};
use crate::name;
use crate::zone::{Found, LabelHashes, NameIndex, Zone};
use crate::{
    Builder, Class, Edns, EdnsHeader, EdnsOption, Header, Message, Name, Opcode, QuestionRef, Rcode, RrType,
};
use reply::Reply;

/// Who asks, how, and what may vary between two answers.
#[derive(Clone, Copy, Debug)]
pub struct ClientCtx {
    /// Where the query is from: views are chosen by it.
    pub address: IpAddr,
    /// From which port. Datagrams from [some](crate::limits::SILENT_PORTS) are never answered.
    pub port: u16,
    /// By TCP or TLS, where answers have 65535 octets and the address is known to be true.
    pub stream: bool,
    /// Whose turn it is: addresses start with another one each time this number is another.
    pub turn: u32,
    /// Octets to leave free for the TSIG record that the caller will add.
    pub reserve: usize,
    /// The TSIG record of the query has been checked. One that has not is a [`Verdict::Signed`].
    pub signed: bool,
    /// Seconds since 1970, for [cookies](Authority::cookies).
    pub unix: u32,
}

impl ClientCtx {
    /// A datagram from this address; nothing in turn, nothing reserved.
    #[must_use]
    pub fn datagram(address: IpAddr, port: u16) -> Self {
        ClientCtx { address, port, stream: false, turn: 0, reserve: 0, signed: false, unix: 0 }
    }

    /// A query that came by a stream.
    #[must_use]
    pub fn stream(address: IpAddr, port: u16) -> Self {
        ClientCtx { stream: true, ..Self::datagram(address, port) }
    }
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Send that many octets.
    Reply(usize),
    /// Send that many octets: TC is set, and the client will come back by TCP.
    Truncated(usize),
    /// Say nothing.
    Drop,
    /// The query is signed (RFC 8945): check it by [`verify_request`](crate::tsig::verify_request) and ask again, with
    /// [`ClientCtx::signed`] and as much reserve as the key wants.
    Signed,
    /// A transfer of a zone that is here, by a stream: whether to grant it is the caller's decision, see
    /// [`Authority::refuse`].
    Transfer,
    /// A NOTIFY (RFC 1996): the caller's.
    Notify,
    /// An UPDATE (RFC 2136): the caller's.
    Update,
}

#[derive(Clone)]
struct Apex {
    name: Name,
    /// The one for everybody is the network of no bits.
    views: Vec<(Network, Arc<Zone>)>,
    /// It is ours to answer for, also while there is nothing to answer from.
    awaited: bool,
}

/// A zone is ours, and not here.
struct Awaited;

/// The zones that are served, and how.
///
/// ```
/// use dns::authority::{Authority, ClientCtx, Verdict};
/// # use dns::{Builder, Header, Message, Opcode, Question, RrType, zone::ZoneBuilder, zonefile::Parser};
/// # let apex: dns::Name = "example.org".parse()?;
/// # let mut parser = Parser::new(b"@ 60 SOA ns h 1 2 3 4 5\nwww A 192.0.2.1\n", "zone").origin(apex.clone());
/// # let mut builder = ZoneBuilder::new(apex);
/// # while let Some(entry) = parser.next()? {
/// #     builder.push(entry.record)?;
/// # }
/// # let zone = builder.build()?;
/// let mut authority = Authority::new();
/// authority.add(zone.into());
/// let (mut query, mut out) = ([0; 512], [0; 512]);
/// let mut query = Builder::new(&mut query, Header::query(7, Opcode::QUERY));
/// query.push_question(Question::new("www.example.org".parse()?, RrType::A).as_question_ref())?;
/// let ctx = ClientCtx::datagram([192, 0, 2, 9].into(), 5353);
/// let Verdict::Reply(len) = authority.answer(query.finish(), &ctx, &mut out) else { panic!() };
/// let reply = Message::parse(&out[..len])?;
/// assert_eq!(reply.answer().next().unwrap().to_string(), "www.example.org. 60 IN A 192.0.2.1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Authority {
    apexes: Vec<Apex>,
    index: NameIndex,
    nsid: Vec<u8>,
    payload: u16,
    cookies: Option<Secrets>,
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// No zones: everything is refused.
    #[must_use]
    pub fn new() -> Self {
        let (index, nsid) = (NameIndex::new(0), Vec::new());
        Authority { apexes: Vec::new(), index, nsid, payload: UDP_PAYLOAD, cookies: None }
    }

    /// Names are hashed with this, which has to be said before any zone is added. Zones made with the same seed are looked
    /// through without hashing the name again.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Authority { index: NameIndex::new(seed), ..self }
    }

    /// What those who ask for it (RFC 5001) are told about who answers.
    #[must_use]
    pub fn nsid(mut self, id: &[u8]) -> Self {
        self.nsid = id.get(..id.len().min(128)).unwrap_or_default().to_vec();
        self
    }

    /// Gives cookies to those who have one of their own, and turns away who shows a wrong one (RFC 7873 section 5.2). Then
    /// [`ClientCtx::unix`] must be told.
    #[must_use]
    pub fn cookies(mut self, secrets: Secrets) -> Self {
        self.cookies = Some(secrets);
        self
    }

    /// Octets of UDP payload sent at most; 1232 unless said here.
    #[must_use]
    pub fn payload(mut self, octets: u16) -> Self {
        self.payload = octets.max(512);
        self
    }

    /// Serves a zone to everybody who has no view of his own; in place of the one with this apex, if there is one.
    pub fn add(&mut self, zone: Arc<Zone>) {
        self.add_view(Network::ALL, zone);
    }

    /// Serves a zone to the clients of a network. The smallest network that a client is of counts.
    pub fn add_view(&mut self, network: Network, zone: Arc<Zone>) {
        let id = self.apex_id(zone.apex());
        let Some(apex) = self.apexes.get_mut(id) else { return };
        apex.awaited = false;
        apex.views.retain(|(other, _)| *other != network);
        apex.views.push((network, zone));
        apex.views.sort_by_key(|(network, _)| core::cmp::Reverse(network.rank()));
    }

    /// Serves a zone no more, in any view.
    pub fn remove(&mut self, apex: &Name) {
        if let Some(apex) = self.apexes.iter_mut().find(|known| known.name == *apex) {
            apex.views.clear();
            apex.awaited = false;
        }
    }

    /// Answers SERVFAIL for a zone, in all views, until it is added: it has not been transferred yet, or has expired (RFC
    /// 1034 section 4.3.5).
    pub fn suspend(&mut self, apex: &Name) {
        let id = self.apex_id(apex);
        if let Some(apex) = self.apexes.get_mut(id) {
            apex.views.clear();
            apex.awaited = true;
        }
    }

    fn apex_id(&mut self, name: &Name) -> usize {
        if let Some(id) = self.apexes.iter().position(|apex| apex.name == *name) {
            return id;
        }
        let id = self.apexes.len();
        self.apexes.push(Apex { name: name.clone(), views: Vec::new(), awaited: false });
        let (seed, apexes) = (self.index.seed, &self.apexes);
        let hash_of =
            |name: &Name| LabelHashes::of(name.as_wire(), seed).iter().next().map_or(0, |(_, hash)| hash);
        let of_id = |id| apexes.get(usize::try_from(id).unwrap_or(0)).map_or(0, |apex| hash_of(&apex.name));
        self.index.insert(hash_of(name), u32::try_from(id).unwrap_or(u32::MAX), of_id);
        id
    }

    /// The zone with this apex that a client sees.
    #[must_use]
    pub fn zone(&self, apex: &Name, client: IpAddr) -> Option<&Arc<Zone>> {
        let apex = self.apexes.iter().find(|known| known.name == *apex)?;
        view(apex, client)
    }

    /// The zone closest to a name (RFC 1034 section 4.3.2, step 2); what is asked about a DS lies above the cut (RFC 4035
    /// section 3.1.4.1).
    fn closest(
        &self,
        (wire, hashes): (&[u8], &LabelHashes),
        rtype: RrType,
        class: Class,
        client: IpAddr,
    ) -> Result<Option<&Arc<Zone>>, Awaited> {
        let mut own = None;
        for (start, hash) in hashes.iter() {
            let suffix = wire.get(start..).unwrap_or_default();
            let Some(apex) = self.apex_at(suffix, hash) else { continue };
            if apex.awaited && (rtype != RrType::DS || start > 0) {
                return Err(Awaited);
            }
            let fits = |zone: &&Arc<Zone>| zone.class() == class || class == Class::ANY;
            let Some(zone) = view(apex, client).filter(fits) else { continue };
            if rtype != RrType::DS || start > 0 {
                return Ok(Some(zone));
            }
            own = Some(zone);
        }
        Ok(own)
    }

    /// The wildcard that speaks for a name, if there is one: what a client may be told too often is what it says, under
    /// whatever name (see [`Rrl`](crate::rrl::Rrl::judge_wildcard)).
    #[must_use]
    pub fn wildcard(&self, question: QuestionRef<'_>, client: IpAddr) -> Option<&Name> {
        let mut place = [0; 255];
        let wire = question.name.wire_in(&mut place);
        let hashes = LabelHashes::of(wire, self.index.seed);
        let zone = self.closest((wire, &hashes), question.rtype, question.class, client).ok()??;
        match zone.lookup_hashed(wire, &hashes) {
            Found::Wildcard { node, .. } => Some(node.name()),
            _ => None,
        }
    }

    /// Whether the client shows a [cookie](Self::cookies) that it was given at its address: nobody else asks in its name.
    #[must_use]
    pub fn knows(&self, query: &Message<'_>, ctx: &ClientCtx) -> bool {
        matches!(self.standing(query, ctx), Some(Standing::Known | Standing::Old))
    }

    fn apex_at(&self, suffix: &[u8], hash: u64) -> Option<&Apex> {
        let at = |id: u32| self.apexes.get(usize::try_from(id).ok()?);
        let is = |id| at(id).is_some_and(|apex| name::same(apex.name.as_wire(), suffix));
        at(self.index.find(hash, is)?)
    }

    /// Answers a query into `out`, or says what else is to be done with it.
    pub fn answer(&self, query: &[u8], ctx: &ClientCtx, out: &mut [u8]) -> Verdict {
        let Ok(header) = Header::parse(query) else { return Verdict::Drop };
        if header.is_response() || !ctx.stream && SILENT_PORTS.contains(&ctx.port) {
            return Verdict::Drop;
        }
        if !matches!(header.opcode(), Opcode::QUERY | Opcode::NOTIFY | Opcode::UPDATE) {
            // RFC 6891 section 6.1.1: an OPT is answered with one, if it can be told that there is one.
            return match Message::parse(query) {
                Ok(message) if message.edns().is_some() => self.refuse(&message, ctx, Rcode::NOTIMP, out),
                _ => bare(header, Rcode::NOTIMP, out),
            };
        }
        let message = match Message::parse(query) {
            Ok(message) => message,
            Err(error) => return error.rcode().map_or(Verdict::Drop, |rcode| bare(header, rcode, out)),
        };
        // RFC 6891 section 6.1.3.
        if message.edns().is_some_and(|edns| edns.header.version > 0) {
            return self.refuse(&message, ctx, Rcode::BADVERS, out);
        }
        if message.tsig().is_some() && !ctx.signed {
            return Verdict::Signed;
        }
        // RFC 7873 section 5.2.4; by TCP the address is known to be true.
        if !ctx.stream && self.standing(&message, ctx) == Some(Standing::Wrong) {
            return self.refuse(&message, ctx, Rcode::BADCOOKIE, out);
        }
        let Some(question) = message.question() else {
            // RFC 7873 section 5.4: no question, if there is a cookie.
            let cookie = message.edns().and_then(|edns| edns.cookie()).is_some();
            let rcode = if cookie { Rcode::NOERROR } else { Rcode::FORMERR };
            return self.refuse(&message, ctx, rcode, out);
        };
        match message.opcode() {
            Opcode::NOTIFY => Verdict::Notify,
            Opcode::UPDATE => Verdict::Update,
            _ => self.query(&message, question, ctx, out),
        }
    }

    /// A reply that is nothing but a response code: to a transfer or update that may not be, for one.
    pub fn refuse(&self, query: &Message<'_>, ctx: &ClientCtx, rcode: Rcode, out: &mut [u8]) -> Verdict {
        let mut reply = self.reply(query, ctx, out);
        reply.builder.set_rcode(rcode);
        reply.finish(query.edns())
    }

    fn query(
        &self,
        query: &Message<'_>,
        question: QuestionRef<'_>,
        ctx: &ClientCtx,
        out: &mut [u8],
    ) -> Verdict {
        let refused = |rcode, out| self.refuse(query, ctx, rcode, out);
        match question.rtype {
            // RFC 5936 section 4.2: not by datagram. RFC 1995 section 2: there the SOA record answers.
            RrType::AXFR if !ctx.stream => return refused(Rcode::FORMERR, out),
            RrType::AXFR | RrType::IXFR if ctx.stream => {
                let zone = self.zone(&question.name.to_name(), ctx.address);
                return if zone.is_some() { Verdict::Transfer } else { refused(Rcode::NOTAUTH, out) };
            }
            RrType::IXFR | RrType::ANY => {}
            // RFC 9824: NXNAME stands in bitmaps, and nowhere else.
            RrType::OPT | RrType::NXNAME => return refused(Rcode::FORMERR, out),
            rtype if rtype.is_meta() => return refused(Rcode::NOTIMP, out),
            _ => {}
        }
        let mut reply = self.reply(query, ctx, out);
        reply.resolve(question);
        reply.finish(query.edns())
    }

    fn reply<'r>(&'r self, query: &Message<'_>, ctx: &'r ClientCtx, out: &'r mut [u8]) -> Reply<'r> {
        let edns = query.edns();
        let limit = match edns {
            _ if ctx.stream => MESSAGE,
            Some(edns) => usize::from(edns.header.udp_payload.clamp(512, self.payload)),
            None => UDP_WITHOUT_EDNS,
        };
        let cookie = self.cookie_of(query, ctx);
        let options = edns.and_then(|edns| self.nsid_of(&edns)).map_or(0, |nsid| nsid.wire_len())
            + cookie.map_or(0, |cookie| 4 + cookie.len());
        let opt = edns.map_or(0, |_| EdnsHeader::LEN + options);
        let header = query.header().reply(Rcode::NOERROR);
        let mut builder = Builder::new(out, header).limit(limit).reserve(opt + ctx.reserve);
        if let Some(question) = query.question() {
            // A question is shorter than 512 octets.
            let _ = builder.push_question(question);
        }
        let dnssec = edns.is_some_and(|edns| edns.header.dnssec_ok);
        Reply { authority: self, ctx, builder, dnssec, cookie, truncated: false, expanded: Vec::new() }
    }

    fn standing(&self, query: &Message<'_>, ctx: &ClientCtx) -> Option<Standing> {
        let secrets = self.cookies.as_ref()?;
        Some(secrets.judge(query.edns()?.cookie()?, ctx.address, ctx.unix))
    }

    fn cookie_of(&self, query: &Message<'_>, ctx: &ClientCtx) -> Option<[u8; 8 + SERVER_LEN]> {
        Some(self.cookies.as_ref()?.answer(query.edns()?.cookie()?, ctx.address, ctx.unix))
    }

    /// RFC 5001 section 2.1: only to those who ask.
    fn nsid_of(&self, edns: &Edns<'_>) -> Option<EdnsOption<'_>> {
        let asked = edns.options().any(|option| matches!(option, EdnsOption::Nsid(_)));
        (asked && !self.nsid.is_empty()).then_some(EdnsOption::Nsid(&self.nsid))
    }
}

impl core::fmt::Debug for Authority {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.apexes.iter().map(|apex| (&apex.name, apex.views.len()))).finish()
    }
}

fn view(apex: &Apex, client: IpAddr) -> Option<&Arc<Zone>> {
    apex.views.iter().find(|(network, _)| network.contains(client)).map(|(_, zone)| zone)
}

/// A header and nothing else, for what can't be understood any further.
fn bare(header: Header, rcode: Rcode, out: &mut [u8]) -> Verdict {
    match Builder::new(out, header.reply(rcode)).finish().len() {
        0 => Verdict::Drop,
        len => Verdict::Reply(len),
    }
}

//! One answer in the making.

use alloc::vec::Vec;

use super::{Authority, Awaited, ClientCtx, Verdict};
use crate::cookie::{Cookie, SERVER_LEN};
use crate::name::is_below;
use crate::zone::{Found, LabelHashes, Node, Rrset, Zone};
use crate::{
    BuildError, Builder, Edns, EdnsHeader, EdnsOption, Flags, Name, NameRef, QuestionRef, Rcode, Rdata,
    RrType, Section,
};

/// CNAME records followed, and names with additional addresses.
const ALIASES: usize = 11;
const ADDITIONAL: usize = 20;

/// What follows after a name.
enum Step {
    Done,
    /// The name is another one.
    Alias(Name),
}

pub(super) struct Reply<'r> {
    pub(super) authority: &'r Authority,
    pub(super) ctx: &'r ClientCtx,
    pub(super) builder: Builder<'r>,
    pub(super) dnssec: bool,
    pub(super) cookie: Option<[u8; 8 + SERVER_LEN]>,
    pub(super) truncated: bool,
    /// Names that a wildcard spoke for. That they are not there is proven behind the answer, which may go on elsewhere.
    pub(super) expanded: Vec<(Name, &'r Zone, &'r Node)>,
}

impl<'r> Reply<'r> {
    pub(super) fn resolve(&mut self, question: QuestionRef<'_>) {
        self.walk(question);
        self.prove_expanded();
    }

    /// RFC 1034 section 4.3.2, over all zones that are here.
    fn walk(&mut self, question: QuestionRef<'_>) {
        let authority = self.authority;
        // RFC 1995 section 2: by datagram, the SOA record is the answer to IXFR.
        let rtype = if question.rtype == RrType::IXFR { RrType::SOA } else { question.rtype };
        let (mut alias, mut seen) = (None::<Name>, Vec::new());
        let mut place = [0; 255];
        loop {
            // The name asked for stays where it is; one that it is an alias of is kept.
            let name = alias.as_ref().map_or(question.name, Name::as_name_ref);
            let wire = name.wire_in(&mut place);
            let hashes = LabelHashes::of(wire, authority.index.seed);
            let zone = authority.closest((wire, &hashes), rtype, question.class, self.ctx.address);
            let zone = match zone {
                Ok(Some(zone)) => zone,
                Err(Awaited) => return self.builder.set_rcode(Rcode::SERVFAIL),
                Ok(None) if seen.is_empty() => return self.builder.set_rcode(Rcode::REFUSED),
                Ok(None) => return,
            };
            let found = zone.lookup_hashed(wire, &hashes);
            let Step::Alias(target) = self.step(zone, name, found, rtype, seen.is_empty()) else { return };
            if seen.len() >= ALIASES || name == target || seen.contains(&target) {
                return;
            }
            seen.push(name.to_name());
            alias = Some(target);
        }
    }

    fn step(
        &mut self,
        zone: &'r Zone,
        name: NameRef<'_>,
        found: Found<'r>,
        rtype: RrType,
        first: bool,
    ) -> Step {
        let here = matches!(found, Found::Cut(cut) if rtype == RrType::DS && name == *cut.name());
        // RFC 1034 section 4.1.1: AA is about the name asked for.
        if first && (here || !matches!(found, Found::Cut(_))) {
            self.builder.set_flags(self.builder.header().flags.with(Flags::AA));
        }
        match found {
            Found::Exact(node) => self.at_node(zone, node, name, rtype, None),
            Found::Cut(node) if here => self.at_node(zone, node, name, rtype, None),
            Found::Cut(cut) => self.refer(zone, cut),
            Found::Dname(node) => match self.redirect(node, name) {
                // The CNAME that was made is what was asked for.
                Step::Alias(_) if rtype == RrType::CNAME => Step::Done,
                step => step,
            },
            Found::Wildcard { node, encloser } => self.at_node(zone, node, name, rtype, Some(encloser)),
            Found::Missing { encloser } => {
                self.builder.set_rcode(Rcode::NXDOMAIN);
                self.negative(zone);
                if self.dnssec {
                    self.deny_name(zone, &name.to_name(), encloser);
                }
                Step::Done
            }
            Found::Outside => Step::Done,
        }
    }

    /// Of a wildcard, the records are those of the name asked for (RFC 4592 section 3.3.1).
    fn at_node(
        &mut self,
        zone: &'r Zone,
        node: &Node,
        name: NameRef<'_>,
        rtype: RrType,
        wild: Option<&'r Node>,
    ) -> Step {
        if let Some(rrset) = chosen(node, rtype) {
            self.answer(zone, name, rrset, rtype);
            self.expand(zone, name, wild);
            self.prove_expanded();
            self.addresses_of(zone, rrset);
            return Step::Done;
        }
        if let Some(cname) = node.rrset(RrType::CNAME) {
            let target =
                cname.rdatas().first().and_then(|rdata| Some(rdata.as_rdata_ref().name()?.to_name()));
            self.answer(zone, name, cname, RrType::CNAME);
            self.expand(zone, name, wild);
            return target.filter(|_| !self.truncated).map_or(Step::Done, Step::Alias);
        }
        self.negative(zone);
        if self.dnssec {
            self.deny_type(zone, node, &name.to_name(), wild);
        }
        Step::Done
    }

    fn expand(&mut self, zone: &'r Zone, name: NameRef<'_>, wild: Option<&'r Node>) {
        if let Some(encloser) = wild.filter(|_| self.dnssec) {
            self.expanded.push((name.to_name(), zone, encloser));
        }
    }

    /// RFC 4035 section 3.1.3.3, for each name that has come from a wildcard so far.
    #[inline]
    fn prove_expanded(&mut self) {
        if self.expanded.is_empty() {
            return;
        }
        for (name, zone, encloser) in core::mem::take(&mut self.expanded) {
            self.deny_expanded(zone, &name, encloser);
        }
    }

    fn answer(&mut self, _: &Zone, owner: NameRef<'_>, rrset: &Rrset, rtype: RrType) {
        if rtype == RrType::RRSIG {
            let signatures = rrset.signatures().iter().map(Rdata::as_rdata_ref);
            let pushed = self.builder.try_push_rrset(Section::Answer, owner, rrset.ttl(), signatures);
            return self.required(pushed);
        }
        self.push(Section::Answer, owner, rrset);
    }

    /// RFC 6672 section 3.2: the DNAME, and a CNAME made of it.
    fn redirect(&mut self, node: &Node, name: NameRef<'_>) -> Step {
        let Some(dname) = node.rrset(RrType::DNAME) else { return Step::Done };
        self.push(Section::Answer, node.name().into(), dname);
        let target = dname.rdatas().first().and_then(|rdata| rdata.as_rdata_ref().name());
        let Some(target) =
            target.and_then(|target| name.to_name().substitute(node.name(), &target.to_name()))
        else {
            return Step::Done;
        };
        let Ok(target) = target else {
            self.builder.set_rcode(Rcode::YXDOMAIN);
            return Step::Done;
        };
        let class = dname.rdatas().first().map_or(crate::Class::IN, Rdata::class);
        if let Ok(cname) = Rdata::from_wire(RrType::CNAME, class, target.as_wire()) {
            let pushed =
                self.builder.try_push_rrset(Section::Answer, name, dname.ttl(), [cname.as_rdata_ref()]);
            self.required(pushed);
        }
        if self.truncated { Step::Done } else { Step::Alias(target) }
    }

    /// RFC 1034 section 4.3.2, step 3b; glue that is needed is never left out silently (RFC 9471 section 3).
    fn refer(&mut self, zone: &Zone, cut: &Node) -> Step {
        let Some(ns) = cut.rrset(RrType::NS) else { return Step::Done };
        // NS of a delegation are not signed: they are the child's (RFC 4035 section 2.2).
        let rdatas = ns.rdatas().iter().map(Rdata::as_rdata_ref);
        let pushed = self.builder.try_push_rrset(Section::Authority, cut.name().into(), ns.ttl(), rdatas);
        self.required(pushed);
        self.delegation_signer(zone, cut);
        self.prove_expanded();
        // RFC 1035 section 3.3.11: an NS record is the name of a host.
        let hosts = || ns.rdatas().iter().map(Rdata::as_wire);
        let below = |name: &Name, host: &[u8]| is_below(host, name.as_wire());
        if !hosts().any(|host| below(zone.apex(), host)) {
            return Step::Done;
        }
        for needed in [true, false] {
            for target in hosts().filter(|host| below(cut.name(), host) == needed).take(ADDITIONAL) {
                let node = if needed { zone.node_below(cut, target) } else { zone.node_of(target) };
                self.glue(node, needed);
            }
        }
        Step::Done
    }

    fn glue(&mut self, host: Option<&Node>, needed: bool) {
        let Some(node) = host else { return };
        for rtype in [RrType::A, RrType::AAAA] {
            let Some(rrset) = node.rrset(rtype).filter(|_| !self.truncated) else { continue };
            let pushed = self.try_push(Section::Additional, node.name().into(), rrset);
            if needed {
                self.required(pushed);
            }
        }
    }

    /// Addresses of the hosts that an answer names, as far as they fit (RFC 1035 section 3.3, RFC 2782).
    fn addresses_of(&mut self, zone: &Zone, rrset: &Rrset) {
        let hosts =
            matches!(rrset.rtype(), RrType::NS | RrType::MX | RrType::SRV | RrType::SVCB | RrType::HTTPS);
        if !hosts || self.truncated {
            return;
        }
        for target in rrset.rdatas().iter().filter_map(|rdata| rdata.as_rdata_ref().name()).take(ADDITIONAL) {
            let Found::Exact(node) = zone.lookup(target) else { continue };
            for rrset in [RrType::A, RrType::AAAA].into_iter().filter_map(|rtype| node.rrset(rtype)) {
                let _ = self.try_push(Section::Additional, node.name().into(), rrset);
            }
        }
    }

    /// RFC 2308 sections 3 and 5: the SOA, for as long as the negative answer may be kept.
    fn negative(&mut self, zone: &Zone) {
        let Some((rrset, rdata)) = zone.soa() else { return };
        // RFC 1035 section 3.3.13: MINIMUM is what it ends in.
        let minimum = rdata.octets().last_chunk().map_or(0, |minimum| u32::from_be_bytes(*minimum));
        let ttl = minimum.min(rrset.ttl());
        let signatures = if self.dnssec { rrset.signatures() } else { &[] };
        let all = core::iter::once(rdata).chain(signatures.iter().map(Rdata::as_rdata_ref));
        let pushed = self.builder.try_push_rrset(Section::Authority, zone.apex().into(), ttl, all);
        self.required(pushed);
    }

    /// An RRset that belongs here: if it does not fit, the whole answer is truncated.
    pub(super) fn push(&mut self, section: Section, owner: NameRef<'_>, rrset: &Rrset) {
        if !self.truncated {
            let pushed = self.try_push(section, owner, rrset);
            self.required(pushed);
        }
    }

    /// RFC 2181 section 9: TC for what is required and does not fit; never a part of an RRset.
    fn required(&mut self, pushed: Result<(), BuildError>) {
        if pushed.is_err() {
            self.truncated = true;
            self.builder.set_truncated();
        }
    }

    /// With its signatures for those who want them; addresses in turn.
    fn try_push(&mut self, section: Section, owner: NameRef<'_>, rrset: &Rrset) -> Result<(), BuildError> {
        let rdatas = rrset.rdatas();
        let turns = matches!(rrset.rtype(), RrType::A | RrType::AAAA) && rdatas.len() > 1;
        let turn = usize::try_from(self.ctx.turn).unwrap_or(0);
        let start = if turns { turn.checked_rem(rdatas.len()).unwrap_or(0) } else { 0 };
        let (last, first) = rdatas.split_at_checked(start).unwrap_or((&[], rdatas));
        let signatures = if self.dnssec { rrset.signatures() } else { &[] };
        let all = first.iter().chain(last).chain(signatures).map(Rdata::as_rdata_ref);
        self.builder.try_push_rrset(section, owner, rrset.ttl(), all)
    }

    /// OPT for those who sent one (RFC 6891 section 6.1.1), and the end.
    pub(super) fn finish(&mut self, edns: Option<Edns<'_>>) -> Verdict {
        if let Some(edns) = edns {
            let header =
                EdnsHeader { udp_payload: self.authority.payload, version: 0, dnssec_ok: self.dnssec };
            let nsid = self.authority.nsid_of(&edns);
            let cookie = self.cookie.as_ref().and_then(|both| Some(EdnsOption::Cookie(Cookie::parse(both)?)));
            let _ = match (nsid, cookie) {
                (Some(nsid), Some(cookie)) => self.builder.push_edns(&header, &[nsid, cookie]),
                (one, other) => self.builder.push_edns(&header, one.or(other).as_slice()),
            };
        }
        match (self.builder.message().len(), self.truncated) {
            (0, _) => Verdict::Drop,
            (len, true) => Verdict::Truncated(len),
            (len, false) => Verdict::Reply(len),
        }
    }
}

/// What a node answers with. To ANY, one RRset is enough (RFC 8482 section 4.1).
fn chosen(node: &Node, rtype: RrType) -> Option<&Rrset> {
    match rtype {
        RrType::ANY => node.rrsets().iter().find(|rrset| !rrset.rdatas().is_empty()),
        RrType::RRSIG => node.rrsets().iter().find(|rrset| !rrset.signatures().is_empty()),
        rtype => node.rrset(rtype),
    }
}

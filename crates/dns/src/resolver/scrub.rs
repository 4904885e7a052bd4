//! What of a reply is to be believed, and what it says.
//!
//! The rule: a server is believed for the names of the zone it was asked for, and only in what was asked: the records of
//! the name, the aliases that lead on from it, the delegation towards it with its glue, the SOA that says there is
//! nothing. All else is dropped before it reaches the cache (RFC 5452 section 6, RFC 2181 section 5.4.1).

use alloc::vec::Vec;
use core::net::IpAddr;

use super::config::Config;
use crate::cache::{Rank, Ranked, RrSet, Sections, SetBuilder};
use crate::{
    Flags, Message, Name, NameError, NameRef, Question, Rcode, RdataRef, RecordRef, Records, RrType,
};

/// For what, and of whom, a reply was asked.
pub(super) struct Asked<'a> {
    pub(super) question: &'a Question,
    /// The zone whose server it is: what is outside is none of its business.
    pub(super) zone: &'a Name,
    /// It is a resolver, which finds all of it by itself.
    pub(super) forward: bool,
    /// It is a hint of the root: what it says of the root's servers is taken.
    pub(super) priming: bool,
    /// It was asked to find it by itself, there being no better one.
    pub(super) recursion: bool,
}

/// What a reply says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The records, or aliases that a resolver followed to the end.
    Answer,
    /// Aliases that lead to this name.
    Alias(Name),
    /// A DNAME that makes the name too long (RFC 6672 section 2.2).
    TooLong,
    /// Aliases in a circle.
    Loop,
    /// More records of the type than are kept.
    TooMany,
    /// Servers of a zone further down.
    Referral(Name),
    /// No records of the type.
    NoData,
    /// No such name.
    NxDomain,
    /// Nothing at all.
    Empty,
    /// Not the server of that zone.
    Lame,
    /// A resolver where an authority should be.
    Recursive,
    /// It can't or does not want to.
    Refused(Rcode),
}

impl Verdict {
    /// What is told of it.
    pub(super) fn rcode(&self) -> Rcode {
        match self {
            Verdict::NxDomain => Rcode::NXDOMAIN,
            Verdict::TooLong => Rcode::YXDOMAIN,
            _ => Rcode::NOERROR,
        }
    }
}

/// What it says and what is left of it.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) verdict: Verdict,
    pub(super) sections: Sections<Ranked>,
}

impl Reply {
    fn only(verdict: Verdict) -> Self {
        Reply { verdict, sections: Sections::new() }
    }
}

/// See the top of the file.
pub(super) fn scrub(message: &Message<'_>, asked: &Asked<'_>, config: &Config) -> Reply {
    let rcode = message.rcode();
    if !matches!(rcode, Rcode::NOERROR | Rcode::NXDOMAIN | Rcode::YXDOMAIN) {
        return Reply::only(Verdict::Refused(rcode));
    }
    let mut scrub = Scrub { message, asked, config, authoritative: message.flags().has(Flags::AA) };
    let mut reply = scrub.read(rcode);
    let recursive = message.flags().has(Flags::RA) && !scrub.authoritative;
    let told =
        matches!(reply.verdict, Verdict::Answer | Verdict::Alias(_) | Verdict::NoData | Verdict::NxDomain);
    if recursive && told && !(asked.forward || asked.priming || asked.recursion) {
        reply.verdict = Verdict::Recursive;
    }
    reply
}

struct Scrub<'a, 'm> {
    message: &'a Message<'m>,
    asked: &'a Asked<'a>,
    config: &'a Config,
    authoritative: bool,
}

/// Where the answer section leads.
struct Chain {
    sets: Vec<RrSet>,
    /// The name at its end.
    end: Name,
    found: bool,
    broken: Option<Verdict>,
}

impl Scrub<'_, '_> {
    fn read(&mut self, rcode: Rcode) -> Reply {
        let chain = self.chain();
        if let Some(verdict) = chain.broken {
            let mut reply = Reply::only(verdict);
            if reply.verdict == Verdict::TooLong {
                reply.sections.answer = self.ranked(chain.sets, Rank::Answer, Rank::AuthoritativeAnswer);
            }
            return reply;
        }
        let aliased = chain.end != self.asked.question.name;
        let mut sections = Sections::new();
        // Only the first alias is this server's for sure: what is behind the last one is asked for anew, unless the
        // server is a resolver, whose word is all there is.
        let follow = aliased && !(self.asked.forward || self.asked.recursion);
        if chain.found && !follow {
            sections.answer = self.ranked(chain.sets, Rank::Answer, Rank::AuthoritativeAnswer);
            self.support(&mut sections, &chain.end);
            self.prove(&mut sections);
            return Reply { verdict: Verdict::Answer, sections };
        }
        if follow {
            let mut sets = chain.sets;
            sets.retain(|set| matches!(set.rtype(), RrType::CNAME | RrType::DNAME));
            sections.answer = self.ranked(sets, Rank::Answer, Rank::AuthoritativeAnswer);
            self.prove(&mut sections);
            return Reply { verdict: Verdict::Alias(chain.end), sections };
        }
        sections.answer = self.ranked(chain.sets, Rank::Answer, Rank::AuthoritativeAnswer);
        self.negative(sections, &chain.end, rcode)
    }

    /// The records asked for, or the aliases from that name on.
    fn chain(&self) -> Chain {
        let question = self.asked.question;
        let mut chain = Chain { sets: Vec::new(), end: question.name.clone(), found: false, broken: None };
        for _ in 0..=self.config.limits.restarts {
            let step = if chain.end.is_subdomain_of(self.asked.zone) { self.step(&mut chain) } else { None };
            match step {
                None => return chain,
                Some(Err(_)) => {
                    chain.broken = Some(Verdict::TooLong);
                    return chain;
                }
                Some(Ok(next)) => {
                    let seen =
                        chain.sets.iter().any(|set| set.rtype() == RrType::CNAME && *set.owner() == next);
                    chain.end = next;
                    if seen {
                        chain.broken = Some(Verdict::Loop);
                        return chain;
                    }
                }
            }
        }
        chain
    }

    /// Takes the records of the chain's end; tells the name it leads on to.
    fn step(&self, chain: &mut Chain) -> Option<Result<Name, NameError>> {
        let question = self.asked.question;
        let any = question.rtype == RrType::ANY;
        let types = if any { self.types_of(&chain.end) } else { [question.rtype].into() };
        for rtype in types {
            let Some(set) = self.all(self.message.answer(), &chain.end, rtype) else { continue };
            if self.is_too_many(&set) {
                chain.broken = Some(Verdict::TooMany);
                return None;
            }
            chain.found = true;
            chain.sets.extend(self.allowed(set));
        }
        if chain.found || any || question.rtype == RrType::CNAME {
            return None;
        }
        // The alias that a server makes of a DNAME is its word, the DNAME is the zone's.
        if let Some(redirected) = self.redirect(chain) {
            return Some(redirected);
        }
        let alias = self.collect_one(&chain.end, RrType::CNAME)?;
        let target = alias.rdatas().next()?.name()?.to_name();
        chain.sets.push(alias);
        Some(Ok(target))
    }

    /// RFC 6672 section 3.2: a DNAME makes an alias of every name below it.
    fn redirect(&self, chain: &mut Chain) -> Option<Result<Name, NameError>> {
        let above = self.message.answer().find(|record| {
            record.rtype() == RrType::DNAME
                && record.class() == self.asked.question.class
                && record.owner.is_subdomain_of(self.asked.zone.as_name_ref())
                && chain.end.as_name_ref().is_subdomain_of(record.owner)
                && record.owner != chain.end
        })?;
        let owner = above.owner.to_name();
        let dname = self.collect_one(&owner, RrType::DNAME)?;
        let to = dname.rdatas().next()?.name()?.to_name();
        let target = match chain.end.substitute(&owner, &to)? {
            Ok(target) => target,
            Err(error) => {
                chain.sets.push(dname);
                return Some(Err(error));
            }
        };
        let alias = alias(&chain.end, &target, dname.ttl)?;
        chain.sets.extend([dname, alias]);
        Some(Ok(target))
    }

    /// For questions of type ANY.
    fn types_of(&self, owner: &Name) -> Vec<RrType> {
        let mut types: Vec<RrType> = Vec::new();
        for record in self.message.answer().filter(|record| record.owner == *owner) {
            let rtype = record.rtype();
            if !types.contains(&rtype) && rtype != RrType::RRSIG && types.len() < self.config.limits.records {
                types.push(rtype);
            }
        }
        types
    }

    /// The RRset, if it may be kept: a part of it would be another one (RFC 2181 section 5).
    fn collect(&self, records: Records<'_>, owner: &Name, rtype: RrType) -> Option<RrSet> {
        self.all(records, owner, rtype).filter(|set| !self.is_too_many(set))
    }

    fn is_too_many(&self, set: &RrSet) -> bool {
        set.rdatas().nth(self.config.limits.records).is_some()
    }

    fn all(&self, records: Records<'_>, owner: &Name, rtype: RrType) -> Option<RrSet> {
        let mut builder = SetBuilder::new(owner.clone(), rtype, self.asked.question.class);
        for record in records {
            builder.take(&record);
        }
        let limits = &self.config.limits;
        let set = builder.finish(usize::MAX, limits.signatures)?;
        let ttl = set.ttl.min(limits.max_ttl).max(limits.min_ttl);
        Some(set.with_ttl(ttl))
    }

    /// Of types of which a name has one record (RFC 2181 section 10.1).
    fn collect_one(&self, owner: &Name, rtype: RrType) -> Option<RrSet> {
        let mut builder = SetBuilder::new(owner.clone(), rtype, self.asked.question.class);
        for record in self.message.answer() {
            builder.take(&record);
        }
        let limits = &self.config.limits;
        let set = builder.finish(1, limits.signatures)?;
        let ttl = set.ttl.min(limits.max_ttl).max(limits.min_ttl);
        Some(set.with_ttl(ttl))
    }

    /// Without addresses that a stranger is not to hand out; nothing may be left.
    fn allowed(&self, set: RrSet) -> Option<RrSet> {
        let private = |rdata: &RdataRef<'_>| self.config.is_private(set.owner(), &addresses(rdata));
        if self.config.private.is_empty() || !set.rdatas().any(|rdata| private(&rdata)) {
            return Some(set);
        }
        let owner = set.owner().as_name_ref();
        let mut builder = SetBuilder::new(set.owner().clone(), set.rtype(), set.class());
        for rdata in set.rdatas().filter(|rdata| !private(rdata)) {
            builder.take(&RecordRef { owner, ttl: set.ttl, rdata });
        }
        builder.finish(usize::MAX, 0)
    }

    fn ranked(&self, sets: Vec<RrSet>, plain: Rank, authoritative: Rank) -> Vec<Ranked> {
        let rank = if self.authoritative { authoritative } else { plain };
        sets.into_iter().map(|set| Ranked { set, rank }).collect()
    }

    /// What comes along with an answer: the zone's servers, and addresses of names that were told.
    fn support(&self, sections: &mut Sections<Ranked>, end: &Name) {
        if !self.config.distrust_unasked
            && let Some(servers) = self.servers(end)
        {
            let servers = self.collect(self.message.authority(), &servers, RrType::NS);
            sections.authority = self.ranked(servers.into_iter().collect(), Rank::Referral, Rank::Authority);
        }
        let named: Vec<Name> = sections.iter().flat_map(|ranked| targets(&ranked.set)).collect();
        let glue = self.glue(&named);
        sections.additional = self.ranked(glue, Rank::AdditionalGlue, Rank::Additional);
    }

    /// RFC 2308 section 2: there is nothing, or somebody else knows.
    fn negative(&self, mut sections: Sections<Ranked>, end: &Name, rcode: Rcode) -> Reply {
        let soa = self.denial();
        let denied = soa.iter().any(|set| set.rtype() == RrType::SOA);
        let servers = self.servers(end);
        let deeper =
            servers.as_ref().filter(|zone| *zone != self.asked.zone && zone.is_subdomain_of(self.asked.zone));
        let verdict = match (rcode, deeper) {
            (Rcode::NXDOMAIN, _) => Verdict::NxDomain,
            (Rcode::YXDOMAIN, _) => Verdict::TooLong,
            _ if denied => Verdict::NoData,
            (_, Some(zone)) if !self.asked.forward && self.asked.question.rtype != RrType::DS => {
                return self.referral(zone.clone());
            }
            (_, Some(zone)) if !self.asked.forward && *zone != self.asked.question.name => {
                return self.referral(zone.clone());
            }
            _ if self.asked.forward => self.forwarded(&sections),
            _ if servers.as_ref() == Some(self.asked.zone) && self.authoritative => Verdict::NoData,
            _ if self.message.authority().any(|record| record.rtype() == RrType::NS) => Verdict::Lame,
            _ if !sections.answer.is_empty() => Verdict::NoData,
            _ => Verdict::Empty,
        };
        sections.authority = self.ranked(soa, Rank::Referral, Rank::Authority);
        Reply { verdict, sections }
    }

    fn forwarded(&self, sections: &Sections<Ranked>) -> Verdict {
        let nothing = sections.answer.is_empty() && self.message.authority().next().is_none();
        if nothing { Verdict::Empty } else { Verdict::NoData }
    }

    /// The SOA of a zone that the name is in, its TTL no longer than its MINIMUM (RFC 2308 section 5), and what DNSSEC
    /// proves with.
    fn denial(&self) -> Vec<RrSet> {
        let mut sets = Vec::new();
        let inside = |owner: NameRef<'_>| owner.is_subdomain_of(self.asked.zone.as_name_ref());
        let above = |record: &RecordRef<'_>| {
            record.rtype() == RrType::SOA
                && inside(record.owner)
                && (self.asked.question.name.as_name_ref().is_subdomain_of(record.owner)
                    || self.asked.forward)
        };
        let Some(soa) = self.message.authority().find(above) else { return sets };
        let Some(set) = self.collect(self.message.authority(), &soa.owner.to_name(), RrType::SOA) else {
            return sets;
        };
        let limits = &self.config.limits;
        let minimum = set.rdatas().next().and_then(|rdata| rdata.soa().map(|soa| soa.minimum));
        let ttl = set.ttl.min(minimum.unwrap_or(0)).min(limits.max_negative_ttl);
        sets.push(
            set.with_ttl(ttl.max(limits.min_negative_ttl).max(limits.min_ttl.min(limits.max_negative_ttl))),
        );
        sets.extend(self.proofs());
        sets
    }

    /// What a wildcard has made needs a proof (RFC 4035 section 3.1.3.3).
    fn prove(&self, sections: &mut Sections<Ranked>) {
        if sections.answer.iter().any(|ranked| ranked.set.is_expanded()) {
            sections.authority.extend(self.ranked(self.proofs(), Rank::Referral, Rank::Authority));
        }
    }

    /// What DNSSEC proves with that something is not there.
    fn proofs(&self) -> Vec<RrSet> {
        let zone = self.asked.zone.as_name_ref();
        let proofs = self.message.authority().filter(|record| {
            matches!(record.rtype(), RrType::NSEC | RrType::NSEC3) && record.owner.is_subdomain_of(zone)
        });
        let mut owners: Vec<(Name, RrType)> = Vec::new();
        for record in proofs.take(16) {
            let key = (record.owner.to_name(), record.rtype());
            if !owners.contains(&key) {
                owners.push(key);
            }
        }
        let sets =
            owners.iter().filter_map(|(owner, rtype)| self.collect(self.message.authority(), owner, *rtype));
        sets.collect()
    }

    /// The owner of the first NS records that are about a zone of the name's: others are nobody's question.
    fn servers(&self, end: &Name) -> Option<Name> {
        let towards = |record: &RecordRef<'_>| {
            record.rtype() == RrType::NS
                && record.class() == self.asked.question.class
                && end.as_name_ref().is_subdomain_of(record.owner)
        };
        let record = self.message.authority().find(towards)?;
        let inside = record.owner.is_subdomain_of(self.asked.zone.as_name_ref());
        inside.then(|| record.owner.to_name())
    }

    /// Those of them that are asked: there is no end to the names of servers that a zone may have (`NXNSAttack`). What is told
    /// about them is not taken from here.
    fn servers_of(&self, zone: Name) -> Option<RrSet> {
        let set = self.all(self.message.authority(), &zone, RrType::NS)?;
        if set.rdatas().count() <= self.config.limits.delegation {
            return Some(set);
        }
        let mut builder = SetBuilder::new(zone, RrType::NS, set.class());
        for record in set.records() {
            builder.take(&record);
        }
        let limited = builder.finish(self.config.limits.delegation, self.config.limits.signatures)?;
        Some(limited.with_ttl(set.ttl))
    }

    fn referral(&self, zone: Name) -> Reply {
        let Some(servers) = self.servers_of(zone.clone()) else { return Reply::only(Verdict::Lame) };
        let named: Vec<Name> = targets(&servers).collect();
        let mut authority: Vec<RrSet> = [servers].into();
        authority.extend(self.collect(self.message.authority(), &zone, RrType::DS));
        if authority.len() == 1 {
            authority.extend(self.proofs());
        }
        let sections = Sections {
            answer: Vec::new(),
            authority: self.ranked(authority, Rank::Referral, Rank::Referral),
            additional: self.ranked(self.glue(&named), Rank::AdditionalGlue, Rank::AdditionalGlue),
        };
        Reply { verdict: Verdict::Referral(zone), sections }
    }

    /// Addresses of these names, as far as the server is in charge of them.
    fn glue(&self, named: &[Name]) -> Vec<RrSet> {
        let mut sets = Vec::new();
        for name in named.iter().take(self.config.limits.delegation) {
            if !name.is_subdomain_of(self.asked.zone) {
                continue;
            }
            for rtype in [RrType::A, RrType::AAAA] {
                let set = self.collect(self.message.additional(), name, rtype);
                sets.extend(set.and_then(|set| self.allowed(set)));
            }
        }
        sets
    }
}

/// The alias that a DNAME stands for.
fn alias(from: &Name, to: &Name, ttl: u32) -> Option<RrSet> {
    let class = crate::Class::IN;
    let rdata = RdataRef::from_wire(RrType::CNAME, class, to.as_wire()).ok()?;
    let mut builder = SetBuilder::new(from.clone(), RrType::CNAME, class);
    builder.take(&RecordRef { owner: from.as_name_ref(), ttl, rdata });
    builder.finish(1, 0)
}

/// Names whose addresses are worth sending along.
fn targets(set: &RrSet) -> impl Iterator<Item = Name> {
    let leads = matches!(set.rtype(), RrType::NS | RrType::MX | RrType::SRV);
    let names = set.rdatas().filter(move |_| leads);
    names.filter_map(|rdata| rdata.name().map(|name| name.to_name()))
}

/// The addresses in a record: its own, or those that a service is hinted at.
fn addresses(rdata: &RdataRef<'_>) -> Vec<IpAddr> {
    let own = rdata.a().map(IpAddr::V4).or(rdata.aaaa().map(IpAddr::V6));
    let mut all: Vec<IpAddr> = own.into_iter().collect();
    if let Some(service) = rdata.svcb() {
        all.extend(service.ipv4hint().map(IpAddr::V4));
        all.extend(service.ipv6hint().map(IpAddr::V6));
    }
    all
}

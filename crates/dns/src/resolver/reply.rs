//! What a reply means for the question at work: the end, another name, other servers, or the next of these.

use proto_core::Time;

use super::scrub::{Asked, Reply, Verdict, scrub};
use super::send::Outgoing;
use super::task::{Delegation, Held, Nameless, Purpose, Stage, Task};
use super::{Answer, LimitKind, ResolveError, Resolver};
use crate::cache::{Ranked, Sections};
use crate::edns::ExtendedError;
use crate::{Message, Name, Rcode, RrType};

impl Resolver {
    /// The reply to a query.
    pub(super) fn answered(&mut self, number: u64, message: &Message<'_>, now: Time) {
        let Some(query) = self.drop_query(number) else { return };
        self.servers.answered(query.to, query.question.rtype, now - query.sent);
        self.trace_reply(&query, message);
        let Some(mut task) = self.tasks.take(query.task) else { return };
        task.query = None;
        let reply = self.read(&task, &query, message);
        let id = task.id;
        match self.weigh(&mut task, &query, reply, now) {
            Some(answer) => self.finish(task, answer, now),
            None => {
                self.tasks.put_back(task);
                self.ready.push_back(id);
            }
        }
    }

    fn read(&self, task: &Task, query: &Outgoing, message: &Message<'_>) -> Reply {
        let root = Name::ROOT;
        let (zone, forward) = match &task.delegation {
            Some(delegation) => (&delegation.zone, delegation.forward),
            None => (&root, false),
        };
        // Names are told in the letters they were asked in, not in those that were mixed.
        let mut question = query.question.clone();
        if question.name == task.name {
            question.name = task.name.clone();
        }
        let priming = task.purpose == Purpose::Prime;
        // A resolver's word is all there is: it may tell of any zone.
        let zone = if forward || task.recursion { &root } else { zone };
        let asked = Asked { question: &question, zone, forward, priming, recursion: task.recursion };
        scrub(message, &asked, &self.config)
    }

    fn weigh(&mut self, task: &mut Task, query: &Outgoing, reply: Reply, now: Time) -> Option<Answer> {
        task.stage = Stage::Ask;
        let whole = query.question.name == task.name && query.question.rtype == task.question.rtype;
        let Reply { verdict, sections } = reply;
        match verdict {
            Verdict::Referral(zone) => {
                self.descend(task, zone, &sections, now);
                None
            }
            Verdict::Lame => {
                task.extended = ExtendedError::NO_REACHABLE_AUTHORITY;
                task.mark(query.to, |target| target.dead = true);
                None
            }
            Verdict::Recursive => {
                task.mark(query.to, |target| (target.dead, target.recursive) = (true, true));
                None
            }
            Verdict::Refused(rcode) => {
                task.extended = refusal(rcode);
                task.mark(query.to, |target| target.dead = true);
                None
            }
            Verdict::NxDomain if !whole => {
                // RFC 9156 section 2.3: some servers deny names that have others below them.
                task.whole_name = true;
                None
            }
            _ if !whole => {
                self.lengthen(task);
                None
            }
            // All servers of the zone would say the same, and a part of it is no answer.
            Verdict::TooMany => Some(self.limit_hit(task, LimitKind::Records)),
            Verdict::Empty => {
                task.mark(query.to, |target| target.dead = true);
                task.empty = Some(sections);
                None
            }
            verdict => {
                task.held = Some(Held { from: Some(query.to), verdict, sections });
                task.stage = Stage::Judge;
                None
            }
        }
    }

    /// What is found good ends it, or leads on.
    pub(super) fn settle(&mut self, task: &mut Task, held: Held, now: Time) -> Option<Answer> {
        let Held { verdict, sections, .. } = held;
        task.stage = Stage::Ask;
        match verdict {
            Verdict::Alias(target) => self.follow(task, target, sections, now),
            Verdict::Loop => {
                let error = ResolveError::ServFail(Some(ExtendedError::INVALID_DATA));
                Some(Answer::failed(task.question.clone(), error, ExtendedError::INVALID_DATA))
            }
            verdict => Some(self.conclude(task, verdict.rcode(), sections, now)),
        }
    }

    /// Aliases: kept, and the last name asked for anew.
    fn follow(
        &mut self,
        task: &mut Task,
        target: Name,
        sections: Sections<Ranked>,
        now: Time,
    ) -> Option<Answer> {
        let met =
            |name: &Name| *name == task.question.name || task.aliases_known().any(|set| set.owner() == name);
        if met(&target) {
            let error = ResolveError::ServFail(Some(ExtendedError::INVALID_DATA));
            return Some(Answer::failed(task.question.clone(), error, ExtendedError::INVALID_DATA));
        }
        for ranked in sections.answer {
            let set = self.cache.store_ranked(&ranked, now, task.leeway);
            task.aliases.push(Ranked { set, rank: ranked.rank });
        }
        task.proofs.extend(sections.authority);
        task.name = target;
        task.restart();
        None
    }

    /// One zone further down. What the reply says of its servers is taken as it is, whatever the cache knows better.
    fn descend(&mut self, task: &mut Task, zone: Name, sections: &Sections<Ranked>, now: Time) {
        for ranked in sections.iter().filter(|ranked| !is_proof(ranked.set.rtype())) {
            self.cache.store_rrset(&ranked.set, ranked.rank, now);
        }
        #[cfg(feature = "dnssec")]
        if self.validates() {
            task.trial.note(&zone, &sections.authority);
        }
        let mut delegation = Delegation::new(zone);
        let servers = sections.authority.iter().filter(|ranked| ranked.set.rtype() == RrType::NS);
        for name in servers.flat_map(|ranked| ranked.set.rdatas().filter_map(|rdata| rdata.name())) {
            let before = delegation.targets.len();
            let glue = sections.additional.iter().filter(|ranked| *ranked.set.owner() == name.to_name());
            for address in glue.flat_map(|ranked| ranked.set.rdatas()).filter_map(|rdata| {
                rdata.a().map(core::net::IpAddr::V4).or(rdata.aaaa().map(core::net::IpAddr::V6))
            }) {
                if self.config.may_ask(address) {
                    delegation.add((address, self.config.port).into());
                }
            }
            if delegation.targets.len() == before {
                delegation.names.push(Nameless { name: name.to_name(), asked: false });
            }
        }
        (task.delegation, task.empty) = (Some(delegation), None);
        (task.labels, task.whole_name) = (1, false);
    }
}

/// What is there for DNSSEC alone, and to be asked for again.
fn is_proof(rtype: RrType) -> bool {
    matches!(rtype, RrType::NSEC | RrType::NSEC3)
}

/// RFC 8914 for a server that did not do what it was asked.
fn refusal(rcode: Rcode) -> u16 {
    match rcode {
        Rcode::REFUSED | Rcode::NOTAUTH => ExtendedError::NO_REACHABLE_AUTHORITY,
        _ => ExtendedError::NETWORK_ERROR,
    }
}

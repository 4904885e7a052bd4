//! The walk (RFC 1034 section 5.3.3): from the nearest servers that are known, referral by referral, to those who know.
//!
//! The rule: one task does one step at a time and puts itself down; whoever has news for it makes it ready again. There is
//! no recursion: a task that needs the address of a server starts another task and waits for it, unless that one waits
//! for it already.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use proto_core::Time;

use super::scrub::Verdict;
use super::servers::Servers;
use super::task::{Delegation, Held, Nameless, Purpose, Stage, Task, TaskId, Waiter, address_types};
use super::{Answer, Due, Event, LimitKind, ResolveError, Resolver, Way, addresses};
use crate::cache::{Rank, Ranked, RrSet, Sections, Status};
use crate::edns::ExtendedError;
use crate::{Class, Name, NameRef, Question, Rcode, RrType};

impl Resolver {
    /// A new task, ready to run.
    pub(super) fn start(&mut self, question: Question, purpose: Purpose, now: Time) -> TaskId {
        let id = TaskId(self.next_id());
        let due = now + self.config.limits.patience;
        self.deadlines.insert((due, Due::Task(id)));
        self.ready.push_back(id);
        self.tasks.add(Task {
            id,
            name: question.name.clone(),
            question,
            purpose,
            waiters: Vec::new(),
            stage: Stage::Start,
            started: now,
            aliases: Vec::new(),
            delegation: None,
            depth: 0,
            awaited: Vec::new(),
            query: None,
            held: None,
            status: self.best(purpose),
            proofs: Vec::new(),
            #[cfg(feature = "dnssec")]
            trial: super::validate::Trial::default(),
            spent: Arc::default(),
            sends_for_name: 0,
            restarts: 0,
            missing_targets: 0,
            labels: 1,
            steps: 0,
            whole_name: false,
            primed: false,
            skip_forward: false,
            recursion: false,
            empty: None,
            leeway: Duration::ZERO,
            extended: ExtendedError::NO_REACHABLE_AUTHORITY,
        });
        id
    }

    /// Lets every task go as far as it can.
    pub(super) fn run(&mut self, now: Time) {
        while let Some(id) = self.ready.pop_front() {
            let Some(mut task) = self.tasks.take(id) else { continue };
            loop {
                let end = match task.stage {
                    Stage::Wait => break self.tasks.put_back(task),
                    Stage::Start => self.begin(&mut task, now),
                    Stage::Ask => self.ask(&mut task, now),
                    Stage::Judge => self.judge(&mut task, now),
                };
                if let Some(answer) = end {
                    self.finish(task, answer, now);
                    break;
                }
            }
        }
    }

    /// What is known already, and else where to start.
    fn begin(&mut self, task: &mut Task, now: Time) -> Option<Answer> {
        if task.restarts > self.config.limits.restarts {
            return Some(self.limit_hit(task, LimitKind::Restarts));
        }
        let first = task.aliases.is_empty();
        if !first || matches!(task.purpose, Purpose::Client | Purpose::Unchecked) {
            if let Some(answer) = self.known_answer(task, now) {
                return Some(answer);
            }
            if self.follow_known(task, now) {
                return None;
            }
            if let Some(answer) = self.deny(task, now) {
                return Some(answer);
            }
        }
        task.stage = Stage::Ask;
        task.sends_for_name = 0;
        if task.purpose == Purpose::Prime {
            task.delegation = Some(self.hints());
            return None;
        }
        task.delegation = self.nearest(task, now);
        if task.delegation.is_none() {
            return self.prime(task, now);
        }
        None
    }

    fn known_answer(&mut self, task: &mut Task, now: Time) -> Option<Answer> {
        let target = task.target();
        let least = self.least(task.purpose);
        let hit = self.cache.lookup(target.as_question_ref(), now, Duration::ZERO);
        if let Some(hit) = hit.filter(|hit| hit.status() >= least) {
            let (rcode, sections, status) = (hit.rcode(), hit.sections(), hit.status());
            task.status = task.status.min(status);
            return Some(self.complete(task, rcode, sections, now));
        }
        let extended = self.cache.failure(target.as_question_ref(), now)?;
        let (error, extended) = match is_bogus(extended) {
            true if task.purpose == Purpose::Unchecked => return None,
            true => (ResolveError::Bogus, extended),
            false => (ResolveError::ServFail(Some(extended)), ExtendedError::CACHED_ERROR),
        };
        Some(Answer::failed(task.question.clone(), error, extended))
    }

    /// An alias that is known from another question.
    fn follow_known(&mut self, task: &mut Task, now: Time) -> bool {
        let rtype = task.question.rtype;
        if matches!(rtype, RrType::CNAME | RrType::ANY | RrType::DS) {
            return false;
        }
        let known = self.cache.rrset(task.name.as_name_ref(), RrType::CNAME, Class::IN, now);
        let least = self.least(task.purpose);
        let usable = |set: &RrSet| {
            // What proves it came with the answer that it came with.
            let made =
                set.status == Status::Secure && (set.is_expanded() || set.signatures().next().is_none());
            set.status >= least && !made
        };
        let known = known.filter(|(set, rank)| *rank >= Rank::Answer && usable(set));
        let Some((set, rank)) = known else { return false };
        let Some(target) = set.rdatas().next().and_then(|rdata| rdata.name().map(|name| name.to_name()))
        else {
            return false;
        };
        task.status = task.status.min(set.status);
        task.aliases.push(Ranked { set, rank });
        task.name = target;
        task.restart();
        true
    }

    /// The servers nearest above the name: those of a rule, or the deepest delegation that is known and of use.
    fn nearest(&mut self, task: &Task, now: Time) -> Option<Delegation> {
        // RFC 4035 section 3.1.4.1: a DS record is the parent's.
        let from = match task.question.rtype {
            RrType::DS => task.name.parent().unwrap_or_default(),
            _ => task.name.clone(),
        };
        let rule = self.config.rule(&from, !task.skip_forward).cloned();
        if let Some(rule) = &rule
            && let Way::Forward { first } = rule.way
        {
            let mut delegation = Delegation::new(rule.name.clone());
            (delegation.forward, delegation.first) = (true, first);
            rule.servers.iter().for_each(|server| delegation.add(*server));
            return Some(delegation);
        }
        let above = rule.as_ref().map(|rule| rule.name.label_count());
        let suffixes: Vec<&[u8]> = from.suffixes().collect();
        let deeper = suffixes.len().saturating_sub(above.map_or(0, |labels| labels + 1));
        for suffix in suffixes.into_iter().take(deeper) {
            let Ok(zone) = NameRef::from_wire(suffix) else { continue };
            if let Some(delegation) = self.delegated(zone, now + task.leeway, task) {
                return Some(delegation);
            }
        }
        let rule = rule?;
        let mut delegation = Delegation::new(rule.name);
        rule.servers.iter().for_each(|server| delegation.add(*server));
        Some(delegation)
    }

    /// The delegation of a zone, as far as it is known and leads anywhere.
    fn delegated(&mut self, zone: NameRef<'_>, at: Time, task: &Task) -> Option<Delegation> {
        let (set, _) = self.cache.rrset(zone, RrType::NS, Class::IN, at)?;
        let mut delegation = Delegation::new(zone.to_name());
        let names = set.rdatas().filter_map(|rdata| rdata.name().map(|name| name.to_name()));
        for name in names.take(self.config.limits.delegation) {
            self.add_server(&mut delegation, name, at);
        }
        if zone.is_root() && delegation.targets.is_empty() {
            self.config.roots.iter().for_each(|root| delegation.add(*root));
        }
        // Names within the zone, without an address: only the parent can tell it.
        let elsewhere =
            |name: &Nameless| !name.name.is_subdomain_of(&delegation.zone) && name.name != task.name;
        let useful = !delegation.targets.is_empty() || delegation.names.iter().any(elsewhere);
        useful.then_some(delegation)
    }

    fn add_server(&mut self, delegation: &mut Delegation, name: Name, at: Time) {
        let before = delegation.targets.len();
        for rtype in address_types(self.config.ipv4, self.config.ipv6) {
            let known = self.cache.rrset(name.as_name_ref(), rtype, Class::IN, at);
            if let Some((set, _)) = known {
                let answer = Sections { answer: [set].into(), ..Sections::new() };
                let answer = Answer::new(Question::new(name.clone(), rtype), Rcode::NOERROR, answer);
                self.add_addresses(delegation, &answer);
            }
        }
        if delegation.targets.len() == before {
            delegation.names.push(Nameless { name, asked: false });
        }
    }

    fn add_addresses(&self, delegation: &mut Delegation, answer: &Answer) {
        for address in addresses(answer) {
            if self.config.may_ask(address) {
                delegation.add((address, self.config.port).into());
            }
        }
    }

    fn hints(&self) -> Delegation {
        let mut delegation = Delegation::new(Name::ROOT);
        let usable = |root: &&core::net::SocketAddr| match root {
            core::net::SocketAddr::V4(_) => self.config.ipv4,
            core::net::SocketAddr::V6(_) => self.config.ipv6,
        };
        self.config.roots.iter().filter(usable).for_each(|root| delegation.add(*root));
        delegation
    }

    /// RFC 8109 section 3: the hints are asked who the root's servers are. What they say is not awaited twice.
    fn prime(&mut self, task: &mut Task, now: Time) -> Option<Answer> {
        let root = Question::new(Name::ROOT, RrType::NS);
        if task.primed || task.target() == root || self.config.roots.is_empty() {
            task.delegation = Some(self.hints());
            return None;
        }
        task.primed = true;
        task.stage = Stage::Wait;
        if self.await_other(task, root, Purpose::Prime, now) { None } else { self.hints_instead(task) }
    }

    fn hints_instead(&self, task: &mut Task) -> Option<Answer> {
        (task.stage, task.delegation) = (Stage::Ask, Some(self.hints()));
        None
    }

    /// Waits for the answer to another question. False: it waits for this one.
    pub(super) fn await_other(
        &mut self,
        task: &mut Task,
        question: Question,
        purpose: Purpose,
        now: Time,
    ) -> bool {
        let id = match self.tasks.find(&question, purpose) {
            Some(id) if self.tasks.waits_for_itself(task, id) => return false,
            Some(id) => id,
            None => {
                let id = self.start(question, purpose, now);
                if let Some(other) = self.tasks.of_mut(id) {
                    (other.spent, other.depth) = (task.spent.clone(), task.depth + 1);
                }
                id
            }
        };
        if task.awaited.contains(&id) {
            return true;
        }
        if let Some(other) = self.tasks.of_mut(id) {
            other.waiters.push(Waiter::Task(task.id));
            task.awaited.push(id);
        }
        true
    }

    /// The next query, or the next server to look up, or the end.
    fn ask(&mut self, task: &mut Task, now: Time) -> Option<Answer> {
        if task.query.is_some() {
            task.stage = Stage::Wait;
            return None;
        }
        if let Some(target) = self.choose(task, now) {
            return self.send_next(task, target, now);
        }
        if task.awaited.is_empty() {
            self.look_up(task, now);
            if self.choose(task, now).is_some() {
                return None;
            }
        }
        if !task.awaited.is_empty() {
            task.stage = Stage::Wait;
            return None;
        }
        self.last_resort(task, now)
    }

    fn send_next(&mut self, task: &mut Task, target: usize, now: Time) -> Option<Answer> {
        if task.sends_for_name >= self.config.limits.sends_per_name {
            return Some(self.limit_hit(task, LimitKind::Sends));
        }
        if !task.spend(self.config.limits.sends) {
            return Some(self.limit_hit(task, LimitKind::Sends));
        }
        self.send(task, target, now);
        task.stage = Stage::Wait;
        None
    }

    /// One of those not much slower than the fastest, by chance.
    fn choose(&mut self, task: &Task, now: Time) -> Option<usize> {
        let delegation = task.delegation.as_ref()?;
        let tries = self.config.limits.tries;
        let wait = |target: &super::task::Target| {
            let usable = !target.dead && target.tries < tries;
            let waited = usable.then(|| self.servers.wait(target.address, task.question.rtype, now));
            // Who was asked in vain comes behind who was not.
            waited.flatten().map(|wait| wait.saturating_add(u32::from(target.tries) * 1_000))
        };
        let waits: Vec<Option<u32>> = delegation.targets.iter().map(wait).collect();
        let band = Servers::band(waits.iter().flatten().min().copied()?);
        let near = |(number, wait): (usize, &Option<u32>)| wait.filter(|wait| *wait <= band).map(|_| number);
        let near: Vec<usize> = waits.iter().enumerate().filter_map(near).collect();
        let chosen = self.random.below(near.len());
        near.get(chosen).copied()
    }

    /// Starts to look up the addresses of one more server, as long as there may be more (`NXNSAttack`).
    fn look_up(&mut self, task: &mut Task, now: Time) {
        let limits = &self.config.limits;
        let most = limits.targets.get(task.depth).copied().unwrap_or(0);
        let enough = task.missing_targets >= limits.missing_targets;
        let Some(mut delegation) = task.delegation.take() else { return };
        while task.awaited.is_empty() && delegation.looked_up < most && !enough {
            let chance = self.random.below(delegation.names.len());
            let rotated =
                (0..delegation.names.len()).map(|number| (number + chance) % delegation.names.len());
            let next = rotated
                .into_iter()
                .find(|number| delegation.names.get(*number).is_some_and(|name| !name.asked));
            let Some(next) = next.and_then(|number| delegation.names.get_mut(number)) else { break };
            next.asked = true;
            delegation.looked_up += 1;
            let name = next.name.clone();
            for rtype in address_types(self.config.ipv4, self.config.ipv6) {
                let question = Question::new(name.clone(), rtype);
                if !self.known_address(&mut delegation, &question, now) {
                    let unchecked = task.purpose == Purpose::Unchecked;
                    let purpose = if unchecked { Purpose::Unchecked } else { Purpose::Client };
                    self.await_other(task, question, purpose, now);
                }
            }
            if !delegation.targets.iter().all(|target| target.dead || target.tries > 0) {
                break;
            }
        }
        task.delegation = Some(delegation);
    }

    /// An answer that is known already makes no task.
    fn known_address(&mut self, delegation: &mut Delegation, question: &Question, now: Time) -> bool {
        let Some(hit) = self.cache.lookup(question.as_question_ref(), now, Duration::ZERO) else {
            return false;
        };
        let answer = Answer::new(question.clone(), hit.rcode(), hit.sections());
        self.add_addresses(delegation, &answer);
        true
    }

    /// No server is left: what is not as good as an answer, another way, or none.
    fn last_resort(&mut self, task: &mut Task, now: Time) -> Option<Answer> {
        let delegation = task.delegation.as_mut();
        let recursive = delegation.is_some_and(|delegation| {
            let targets = delegation.targets.iter_mut().filter(|target| target.recursive);
            targets.fold(false, |_, target| {
                (target.dead, target.tries, target.recursive) = (false, 0, false);
                true
            })
        });
        if recursive && !task.recursion {
            task.recursion = true;
            return None;
        }
        if let Some(sections) = task.empty.take() {
            task.held = Some(Held { from: None, verdict: Verdict::NoData, sections });
            task.stage = Stage::Judge;
            return None;
        }
        if task.delegation.as_ref().is_some_and(|delegation| delegation.first) {
            task.skip_forward = true;
            task.restart();
            return None;
        }
        if let Some(answer) = self.condemned(task, now) {
            return Some(answer);
        }
        let targets = || task.delegation.iter().flat_map(|delegation| &delegation.targets);
        let asked = targets().any(|target| target.tries > 0) && targets().all(|target| !target.dead);
        let silent = asked && task.extended == ExtendedError::NO_REACHABLE_AUTHORITY;
        let error = if silent { ResolveError::Timeout } else { ResolveError::ServFail(Some(task.extended)) };
        Some(Answer::failed(task.question.clone(), error, task.extended))
    }

    pub(super) fn limit_hit(&self, task: &Task, kind: LimitKind) -> Answer {
        let extended = Some(ExtendedError { code: ExtendedError::OTHER, text: kind.text().as_bytes() });
        let error = ResolveError::LimitHit(kind);
        Answer { extended, ..Answer::failed(task.question.clone(), error, ExtendedError::OTHER) }
    }

    /// The reply that ends it is taken into the cache, and the aliases put in front.
    pub(super) fn conclude(
        &mut self,
        task: &mut Task,
        rcode: Rcode,
        sections: Sections<Ranked>,
        now: Time,
    ) -> Answer {
        let known = self.cache.store(&task.target(), rcode, &sections, (now, task.leeway));
        self.complete(task, rcode, known, now)
    }

    fn complete(
        &mut self,
        task: &mut Task,
        rcode: Rcode,
        mut sections: Sections<RrSet>,
        now: Time,
    ) -> Answer {
        if !task.aliases.is_empty() {
            let mut all = Sections::new();
            sections.authority.extend(task.proofs.iter().map(|ranked| ranked.set.clone()));
            // They are known by now: the cache keeps the better ones. But the answer is worth no more than its parts.
            let low = |set: &RrSet| {
                let set = set.with_status(set.status.min(task.status));
                Ranked { set, rank: Rank::AdditionalGlue }
            };
            let aliases = task.aliases.iter().map(|alias| Ranked { rank: alias.rank, ..low(&alias.set) });
            all.answer = aliases.chain(sections.answer.iter().map(low)).collect();
            all.authority.extend(sections.authority.iter().map(low));
            all.additional.extend(sections.additional.iter().map(low));
            self.cache.store(&task.question, rcode, &all, (now, Duration::ZERO));
            sections.answer.splice(0..0, task.aliases_known().cloned());
        }
        Answer { status: task.status, ..Answer::new(task.question.clone(), rcode, sections) }
    }

    /// It is over: who waits is told.
    pub(super) fn finish(&mut self, task: Task, answer: Answer, now: Time) {
        self.tasks.forget(&task);
        self.deadlines.remove(&(task.started + self.config.limits.patience, Due::Task(task.id)));
        for awaited in &task.awaited {
            self.no_longer_awaited(*awaited, task.id);
        }
        let answer = Arc::new(self.or_stale(&task, answer, now));
        for waiter in &task.waiters {
            match waiter {
                Waiter::Ticket(ticket) => {
                    self.tickets.remove(&ticket.0);
                    self.events.push_back(Event::Done { ticket: *ticket, answer: answer.clone() });
                }
                Waiter::Task(above) => self.told(*above, task.id, &answer),
            }
        }
    }

    /// RFC 9520: a failure is remembered; RFC 8767: what was right a while ago is better than nothing.
    fn or_stale(&mut self, task: &Task, answer: Answer, now: Time) -> Answer {
        let failed = answer.rcode == Rcode::SERVFAIL && answer.error != Some(ResolveError::Cancelled);
        if !failed || task.purpose == Purpose::Prime {
            return answer;
        }
        let extended = answer.extended.map_or(ExtendedError::OTHER, |extended| extended.code);
        let bogus = answer.error == Some(ResolveError::Bogus);
        // What another question has spent is no failure of this one.
        let spent = task.depth > 0 && matches!(answer.error, Some(ResolveError::LimitHit(_)));
        let known = self.cache.failure(task.question.as_question_ref(), now) == Some(extended);
        if extended != ExtendedError::CACHED_ERROR && !spent && !known {
            let limits = &self.config.limits;
            let lasts = if bogus { limits.bogus } else { limits.failure };
            self.cache.store_failure(&task.question, extended, now, lasts);
        }
        let stale = self.config.serve_stale;
        let question = task.question.as_question_ref();
        let least = self.least(task.purpose);
        let hit = self.cache.lookup(question, now, stale);
        let Some(hit) = hit.filter(|hit| hit.stale && !bogus && hit.status() >= least) else {
            return answer;
        };
        let mut old = Answer::of_hit(task.question.clone(), &hit);
        // Its signatures may be past their time as well.
        old.status = old.status.min(Status::Insecure);
        let code = match old.rcode {
            Rcode::NXDOMAIN => ExtendedError::STALE_NXDOMAIN_ANSWER,
            _ => ExtendedError::STALE_ANSWER,
        };
        old.extended = Some(ExtendedError::new(code));
        old
    }

    /// A task hears of the answer it waits for.
    fn told(&mut self, above: TaskId, by: TaskId, answer: &Arc<Answer>) {
        let Some(mut task) = self.tasks.take(above) else { return };
        task.awaited.retain(|awaited| *awaited != by);
        match &mut task.delegation {
            _ if task.held.is_some() => task.stage = Stage::Judge,
            Some(delegation) => self.add_addresses(delegation, answer),
            // The root's servers are known now, or else the hints must do.
            None => task.stage = Stage::Start,
        }
        if answer.rcode == Rcode::NXDOMAIN {
            task.missing_targets = task.missing_targets.saturating_add(1);
        }
        if task.query.is_none() && task.stage == Stage::Wait {
            task.stage = Stage::Ask;
        }
        self.tasks.put_back(task);
        self.ready.push_back(above);
    }

    fn no_longer_awaited(&mut self, id: TaskId, by: TaskId) {
        if let Some(task) = self.tasks.of_mut(id) {
            task.waiters.retain(|waiter| *waiter != Waiter::Task(by));
        }
        self.abandon(id);
    }

    /// Nobody waits for it any more: it stops, and all that only it waits for.
    pub(super) fn abandon(&mut self, id: TaskId) {
        let mut idle: Vec<TaskId> = [id].into();
        while let Some(id) = idle.pop() {
            let wanted = |task: &Task| !task.waiters.is_empty() || task.purpose == Purpose::Prefetch;
            if self.tasks.of(id).is_none_or(wanted) {
                continue;
            }
            let Some(task) = self.tasks.remove(id) else { continue };
            self.deadlines.remove(&(task.started + self.config.limits.patience, Due::Task(id)));
            if let Some(query) = task.query {
                self.drop_query(query);
            }
            for awaited in task.awaited {
                if let Some(other) = self.tasks.of_mut(awaited) {
                    other.waiters.retain(|waiter| *waiter != Waiter::Task(id));
                }
                idle.push(awaited);
            }
        }
    }

    pub(super) fn too_late(&mut self, id: TaskId, now: Time) {
        self.fail_with(id, ResolveError::Timeout, ExtendedError::NO_REACHABLE_AUTHORITY, now);
    }

    /// Ends a task from outside.
    pub(super) fn fail_with(&mut self, id: TaskId, error: ResolveError, extended: u16, now: Time) {
        let Some(task) = self.tasks.take(id) else { return };
        if let Some(query) = task.query {
            self.drop_query(query);
        }
        let answer = Answer::failed(task.question.clone(), error, extended);
        self.finish(task, answer, now);
    }
}

/// The extended error of a failure that DNSSEC found (RFC 8914 sections 4.7 to 4.13 and 4.28).
pub(super) fn is_bogus(extended: u16) -> bool {
    matches!(
        extended,
        ExtendedError::DNSSEC_BOGUS
            ..=ExtendedError::NSEC_MISSING | ExtendedError::UNSUPPORTED_NSEC3_ITERATIONS
    )
}

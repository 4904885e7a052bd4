//! Replies on trial: what is under a trust anchor is believed when it is proven, and not before (RFC 4035 section 5).
//!
//! The rule: a reply is held until the keys are known that it must be signed with. Each DS and DNSKEY that is missing is
//! asked for by a task of its own, out of what the question may spend; none of them waits for another, so that nothing goes
//! round in circles. Bogus replies are asked for again elsewhere, some times, and are never in the cache as good.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;
use core::sync::atomic::Ordering;

use proto_core::Time;

use super::denials::Denials;
use super::iterate::is_bogus;
use super::scrub::Verdict;
use super::task::{Held, Purpose, Stage, Task};
use super::{Answer, Config, LimitKind, ResolveError, Resolver};
use crate::cache::{Ranked, RrSet, Sections, Status};
use crate::dnssec::{Effort, Fault, Said, Security, Stop, Validator, Verifier};
use crate::edns::ExtendedError;
use crate::{Class, Name, Question, Rcode, RrType};

/// Signatures checked by whatever the program has for it.
pub type BoxedVerifier = Box<dyn Verifier + Send + Sync>;

/// Trust and the time of day.
pub(super) struct Chain {
    validator: Validator<BoxedVerifier>,
    /// Seconds since 1970 at [`Time::ZERO`].
    zero: u64,
    denials: Denials,
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain").field("zero", &self.zero).finish_non_exhaustive()
    }
}

impl Chain {
    fn unix_time(&self, now: Time) -> u64 {
        self.zero.saturating_add((now - Time::ZERO).as_secs())
    }
}

/// Zones on the way of which it is remembered what their parents said. 8: names are seldom as deep.
const CUTS: usize = 8;

/// How far a task's replies have been judged.
#[derive(Debug, Default)]
pub(super) struct Trial {
    /// The link that was missing last.
    missing: Option<Question>,
    /// Why the last reply was bogus.
    fault: Option<Fault>,
    condemned: u8,
    /// What parents said of zones on the way, the last first: DS, or proofs that there is none.
    cuts: Vec<(Name, Vec<Ranked>)>,
}

impl Trial {
    /// A referral to a zone.
    pub(super) fn note(&mut self, zone: &Name, authority: &[Ranked]) {
        let links = authority.iter().filter(|ranked| ranked.set.rtype() != RrType::NS);
        self.cuts.truncate(CUTS - 1);
        self.cuts.insert(0, (zone.clone(), links.cloned().collect()));
    }
}

/// What is thought of a reply.
enum Judgement {
    Good(Worth),
    Bogus(Fault),
    /// The keys to it are not to be had, wherever it comes from.
    Lost,
    /// Another task has to find something out first.
    Later,
}

/// What a reply is worth.
struct Worth {
    status: Status,
    ttl: u32,
    /// Seconds that each RRset may be kept, if it was proven itself.
    answer: Vec<Option<u32>>,
    authority: Vec<Option<u32>>,
}

impl Worth {
    fn insecure() -> Self {
        Worth { status: Status::Insecure, ttl: u32::MAX, answer: Vec::new(), authority: Vec::new() }
    }

    fn new(security: Security, ttl: u32, said: &Said<'_>) -> Self {
        if security != Security::Secure {
            return Worth { ttl, ..Worth::insecure() };
        }
        let answer = said.answer.iter().map(|rrset| rrset.proven()).collect();
        let authority = said.authority.iter().map(|rrset| rrset.proven()).collect();
        Worth { status: Status::Secure, ttl, answer, authority }
    }

    /// RFC 4035 section 5.3.3: nothing is kept for longer than its signature is valid. What nobody has proven is not told
    /// with what is (section 3.2.3).
    fn write_on(self, sections: &mut Sections<Ranked>) {
        let Worth { status, ttl, answer, authority } = self;
        let mark = |ranked: &mut Ranked, proven: Option<u32>| {
            ranked.set.status = status;
            ranked.set.ttl = ranked.set.ttl.min(proven.unwrap_or(ttl));
        };
        let all = |proven: Vec<Option<u32>>| proven.into_iter().chain(core::iter::repeat(None));
        sections.answer.iter_mut().zip(all(answer)).for_each(|(ranked, proven)| mark(ranked, proven));
        let mut proven = all(authority);
        sections.authority.retain_mut(|ranked| {
            let proven = proven.next().flatten();
            mark(ranked, proven);
            proven.is_some() || status != Status::Secure
        });
    }
}

impl Resolver {
    /// A resolver that answers with what `validator` does not find bogus. `unix_time`: seconds since 1970, now.
    ///
    /// Servers are asked with DO, and resolvers with CD: it judges by itself. What comes unasked with an answer is not
    /// believed, whatever [`Config::distrust_unasked`] says.
    ///
    /// ```
    /// use dns::dnssec::{Validator, Verifier};
    /// use dns::resolver::{Config, Resolver};
    /// use dns::{Name, Rdata, RrType, proto_core::Time};
    ///
    /// struct Crypto; // the programs of this workspace have ring
    ///
    /// impl Verifier for Crypto {
    ///     fn knows(&self, _algorithm: u8) -> bool {
    ///         false
    ///     }
    ///     fn verify(&self, _: u8, _key: &[u8], _signed: &[u8], _signature: &[u8]) -> bool {
    ///         false
    ///     }
    /// }
    ///
    /// let anchor = "20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D";
    /// let mut validator = Validator::new(Box::new(Crypto) as _);
    /// validator.trust(Name::ROOT, Rdata::of_text(RrType::DS, anchor)?);
    /// let (unix_time, now) = (1_780_000_000, Time::ZERO); // what the calendar says, and what the clock says
    /// let resolver = Resolver::validating(Config::default(), [7; 32], validator, (unix_time, now));
    /// assert!(resolver.validates());
    /// # Ok::<(), dns::TextError>(())
    /// ```
    #[must_use]
    pub fn validating(
        config: Config,
        seed: [u8; 32],
        validator: Validator<BoxedVerifier>,
        (unix_time, now): (u64, Time),
    ) -> Self {
        let mut resolver = Resolver::new(Config { distrust_unasked: true, ..config }, seed);
        resolver.chain = Some(Chain { validator, zero: 0, denials: Denials::default() });
        resolver.set_unix_time(unix_time, now);
        resolver
    }

    /// The time of day, where it does not go with [`Time`]: after the machine slept, or its clock was set.
    pub fn set_unix_time(&mut self, unix_time: u64, now: Time) {
        if let Some(chain) = &mut self.chain {
            chain.zero = unix_time.saturating_sub((now - Time::ZERO).as_secs());
        }
    }

    /// Answers are validated.
    #[must_use]
    pub fn validates(&self) -> bool {
        self.chain.is_some()
    }

    /// A reply that would end a task or lead it on.
    pub(super) fn judge(&mut self, task: &mut Task, now: Time) -> Option<Answer> {
        let mut held = task.held.take()?;
        if task.purpose == Purpose::Link {
            return self.take_link(task, &held, now);
        }
        if !self.checks(task.purpose) || held.verdict == Verdict::Loop {
            return self.settle(task, held, now);
        }
        match self.judgement(task, &held, now) {
            Judgement::Good(worth) => {
                task.status = task.status.min(worth.status);
                (task.trial.fault, task.trial.missing) = (None, None);
                worth.write_on(&mut held.sections);
                self.note_denials(&held.sections);
                self.settle(task, held, now)
            }
            Judgement::Bogus(fault) => self.condemn(task, held.from, fault, now),
            Judgement::Lost => {
                let why = ExtendedError::DNSKEY_MISSING;
                Some(Answer::failed(task.question.clone(), ResolveError::ServFail(Some(why)), why))
            }
            Judgement::Later => {
                (task.held, task.stage) = (Some(held), Stage::Wait);
                None
            }
        }
    }

    fn note_denials(&mut self, sections: &Sections<Ranked>) {
        let Some(chain) = self.chain.as_mut().filter(|_| self.config.aggressive) else { return };
        for Ranked { set, .. } in &sections.authority {
            if set.status == Status::Secure && set.rtype() == RrType::NSEC && !set.is_expanded() {
                chain.denials.add(chain.validator.prover(set), set, self.config.limits.denials);
            }
        }
    }

    /// The zone that has proven an RRset.
    pub(super) fn prover(&self, proven: &RrSet) -> Option<Name> {
        Some(self.chain.as_ref()?.validator.prover(proven))
    }

    pub(super) fn denials(&mut self) -> Option<&mut Denials> {
        self.chain.as_mut().map(|chain| &mut chain.denials)
    }

    fn judgement(&mut self, task: &mut Task, held: &Held, now: Time) -> Judgement {
        // RFC 4035 section 2.2: signatures are not signed.
        if task.question.rtype == RrType::RRSIG {
            return Judgement::Good(Worth::insecure());
        }
        let question = task.target();
        let leads_on = matches!(held.verdict, Verdict::Alias(_));
        let said = Said::of_sections(&question, (held.verdict.rcode(), leads_on), &held.sections);
        loop {
            let weighed = self.with_effort(task, now, |chain, at, effort| chain.weigh(&said, at, effort));
            match weighed {
                Some(Ok((security, ttl))) => return Judgement::Good(Worth::new(security, ttl, &said)),
                Some(Err(Stop::Known(Security::Bogus(fault)))) => return Judgement::Bogus(fault),
                Some(Err(Stop::Need(link))) if self.is_at_hand(task, &said, &link, now) => {}
                Some(Err(Stop::Need(link))) => return self.send_for(task, link, now),
                Some(Err(Stop::Known(_))) | None => return Judgement::Good(Worth::insecure()),
            }
        }
    }

    /// Work that the question pays for.
    fn with_effort<T>(
        &self,
        task: &Task,
        now: Time,
        work: impl FnOnce(&Validator<BoxedVerifier>, u64, &Effort) -> T,
    ) -> Option<T> {
        let chain = self.chain.as_ref()?;
        let limit = self.config.limits.checks;
        let effort = Effort::new(limit.saturating_sub(task.spent.checks.load(Ordering::Relaxed)));
        let done = work(&chain.validator, chain.unix_time(now), &effort);
        task.spent.checks.store(limit - effort.left(), Ordering::Relaxed);
        Some(done)
    }

    /// The missing link is the reply itself, or came with a referral.
    fn is_at_hand(&mut self, task: &Task, said: &Said<'_>, link: &Question, now: Time) -> bool {
        if *link == task.target() && self.learn(task, said, link, now).is_ok() {
            return true;
        }
        if link.rtype != RrType::DS {
            return false;
        }
        let noted = task.trial.cuts.iter().filter(|(zone, _)| *zone == link.name);
        let noted = noted.map(|(_, sets)| sets.clone());
        let known = self.cache.rrset(link.name.as_name_ref(), RrType::DS, Class::IN, now);
        let known = known.map(|(set, rank)| Vec::from([Ranked { set, rank }]));
        noted.chain(known).filter(|sets| !sets.is_empty()).any(|sets| {
            let (answer, authority) = sets.into_iter().partition(|ranked| ranked.set.rtype() == RrType::DS);
            let sections = Sections { answer, authority, ..Sections::new() };
            let said = Said::of_sections(link, (Rcode::NOERROR, false), &sections);
            self.learn(task, &said, link, now).is_ok()
        })
    }

    fn learn(&mut self, task: &Task, said: &Said<'_>, link: &Question, now: Time) -> Result<(), Stop> {
        let learned = self.with_effort(task, now, |chain, at, effort| chain.link(link, said, at, effort));
        let Some(learned) = learned else { return Ok(()) };
        let learned = learned?;
        if let Some(chain) = &mut self.chain {
            chain.validator.remember(link, learned, chain.unix_time(now));
        }
        Ok(())
    }

    /// Has a link asked for, once.
    fn send_for(&mut self, task: &mut Task, link: Question, now: Time) -> Judgement {
        let under_way = self.tasks.find(&link, Purpose::Link);
        if under_way.is_some_and(|id| task.awaited.contains(&id)) {
            return Judgement::Later;
        }
        let failed = self.cache.failure(link.as_question_ref(), now);
        if task.trial.missing.as_ref() == Some(&link) || failed.is_some_and(|code| !is_bogus(code)) {
            return Judgement::Lost;
        }
        task.trial.missing = Some(link.clone());
        if self.await_other(task, link, Purpose::Link, now) { Judgement::Later } else { Judgement::Lost }
    }

    /// The reply to a question for a link. Whoever waits for it looks for himself what there is to know now.
    fn take_link(&mut self, task: &mut Task, held: &Held, now: Time) -> Option<Answer> {
        let question = task.question.clone();
        let rcode = held.verdict.rcode();
        let said = Said::of_sections(&question, (rcode, false), &held.sections);
        match self.learn(task, &said, &question, now) {
            Ok(()) => Some(Answer::new(question, rcode, Sections::new())),
            Err(Stop::Known(Security::Bogus(fault))) if self.can_pay(task) => {
                self.condemn(task, held.from, fault, now)
            }
            Err(_) => {
                let error = ResolveError::LimitHit(LimitKind::Checks);
                Some(Answer::failed(question, error, ExtendedError::DNSSEC_INDETERMINATE))
            }
        }
    }

    fn can_pay(&self, task: &Task) -> bool {
        task.spent.checks.load(Ordering::Relaxed) < self.config.limits.checks
    }

    /// A bogus reply: another server may have a better one.
    fn condemn(
        &mut self,
        task: &mut Task,
        from: Option<SocketAddr>,
        fault: Fault,
        now: Time,
    ) -> Option<Answer> {
        task.trial.fault = Some(fault);
        task.trial.condemned += 1;
        let Some(from) = from.filter(|_| task.trial.condemned < self.config.limits.condemned) else {
            return self.condemned(task, now);
        };
        task.mark(from, |target| target.dead = true);
        task.stage = Stage::Ask;
        None
    }

    /// There is nothing but bogus replies.
    pub(super) fn condemned(&mut self, task: &Task, now: Time) -> Option<Answer> {
        let fault = task.trial.fault?;
        if let Some(chain) = self.chain.as_mut().filter(|_| task.purpose == Purpose::Link) {
            chain.validator.break_off(&task.question, fault, chain.unix_time(now));
        }
        Some(Answer::failed(task.question.clone(), ResolveError::Bogus, fault.info_code()))
    }
}

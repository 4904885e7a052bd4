//! The chain from a trust anchor to the zone that signed (RFC 4035 section 5).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::denial::{Denied, Proofs, is_cut};
use super::signature::{Proven, Rrset, is_zone_key};
use super::{Anchors, Effort, Fault, Security, Verdict, Verifier, Work, digest};
use crate::cache::{Ranked, RrSet, Sections};
use crate::{Message, Name, Question, Rcode, Rdata, RrType, limits};

/// Judges answers, and remembers the keys of zones.
///
/// ```no_run
/// # struct Crypto;
/// # impl dns::dnssec::Verifier for Crypto {
/// #     fn knows(&self, _: u8) -> bool { false }
/// #     fn verify(&self, _: u8, _: &[u8], _: &[u8], _: &[u8]) -> bool { false }
/// # }
/// # fn ask(_: &dns::Question) -> Vec<u8> { Vec::new() }
/// # fn unix_time() -> u64 { 0 }
/// use dns::dnssec::{Validator, Verdict};
/// use dns::{Message, Name, Question, Rdata, RrType};
///
/// let anchor = "20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D";
/// let mut validator = Validator::new(Crypto);
/// validator.trust(Name::ROOT, Rdata::of_text(RrType::DS, anchor)?);
///
/// let question = Question::new("www.example.org".parse()?, RrType::A);
/// let answer = ask(&question); // with DO and CD
/// let security = loop {
///     match validator.judge(&question, &Message::parse(&answer)?, unix_time()) {
///         Verdict::Known(security, _ttl) => break security,
///         Verdict::Need(first) => validator.learn(&first, &Message::parse(&ask(&first))?, unix_time()),
///     }
/// };
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Validator<V> {
    verifier: V,
    anchors: BTreeMap<Name, Vec<Rdata>>,
    links: BTreeMap<Name, Link>,
}

/// What a reply says of a question, RRset by RRset.
pub(crate) struct Said<'m> {
    name: Name,
    rtype: RrType,
    rcode: Rcode,
    pub(crate) answer: Vec<Rrset<'m>>,
    pub(crate) authority: Vec<Rrset<'m>>,
    /// It ends with an alias, and what is behind that is asked for elsewhere.
    leads_on: bool,
}

impl<'m> Said<'m> {
    fn of_message(question: &Question, message: &Message<'m>) -> Self {
        Said {
            name: question.name.clone(),
            rtype: question.rtype,
            rcode: message.rcode(),
            answer: Rrset::all(message.answer()),
            authority: Rrset::all(message.authority()),
            leads_on: false,
        }
    }

    pub(crate) fn of_sections(
        question: &Question,
        (rcode, leads_on): (Rcode, bool),
        sections: &'m Sections<Ranked>,
    ) -> Self {
        let rrsets =
            |section: &'m [Ranked]| section.iter().map(|ranked| Rrset::of_set(&ranked.set)).collect();
        Said {
            name: question.name.clone(),
            rtype: question.rtype,
            rcode,
            answer: rrsets(&sections.answer),
            authority: rrsets(&sections.authority),
            leads_on,
        }
    }
}

/// What is known of a name on the way down, until when.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    state: State,
    until: u64,
}

#[derive(Clone, Debug)]
enum State {
    /// The parent says that there is a zone, and vouches for keys of these digests.
    Cut(Vec<Rdata>),
    /// The zone's keys.
    Keys(Vec<Rdata>),
    /// No zone starts here.
    Inside,
    /// From here on nobody signs.
    Insecure,
    /// From here on nothing can be believed.
    Bogus(Fault),
}

/// Where the chain leads.
enum Walk<'a> {
    /// To a zone whose keys are known: the one the name is in.
    Zone(&'a Name, &'a [Rdata]),
    /// Out of it.
    Known(Security),
    /// No further, without that.
    Need(Question),
}

/// What ends a judgement early.
pub(crate) enum Stop {
    Need(Question),
    Known(Security),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Stop::Known(Security::Bogus(fault))
    }
}

/// Seconds for which a fault is remembered: a zone may mend it (RFC 4035 section 4.7).
const FAULT: u32 = 5;

/// The most seconds that anything is remembered.
const DAY: u32 = 86_400;

impl<V: Verifier> Validator<V> {
    /// One that trusts nobody yet: to it everything is insecure.
    pub fn new(verifier: V) -> Self {
        Validator { verifier, anchors: BTreeMap::new(), links: BTreeMap::new() }
    }

    /// Trusts a key of a zone, given as DS or DNSKEY. A zone may have several (RFC 5011 is the caller's).
    pub fn trust(&mut self, zone: Name, anchor: Rdata) {
        self.links.remove(&zone);
        self.anchors.entry(zone).or_default().push(anchor);
    }

    /// What may be thought of `message`, as the answer to `question`, `now` in seconds since 1970; or what must be known
    /// before.
    ///
    /// If the caller has [`learn`](Validator::learn)ed each answer it was asked for, there is an end after twice as many
    /// questions as the name has labels.
    pub fn judge(&self, question: &Question, message: &Message<'_>, now: u64) -> Verdict {
        match self.weigh(&Said::of_message(question, message), now, &Effort::new(limits::CHECKS)) {
            Ok((security, ttl)) => Verdict::Known(security, ttl),
            Err(Stop::Need(question)) => Verdict::Need(question),
            Err(Stop::Known(security @ Security::Bogus(_))) => Verdict::Known(security, FAULT),
            Err(Stop::Known(security)) => Verdict::Known(security, DAY),
        }
    }

    /// The same of what is left of a reply, at the cost of a question that may not cost everything.
    pub(crate) fn weigh(&self, said: &Said<'_>, now: u64, effort: &Effort) -> Result<(Security, u32), Stop> {
        let last = end_of_chain(&said.name, said.rtype, &said.answer);
        let of_type = |rrset: &Rrset<'_>| rrset.rtype == said.rtype || said.rtype == RrType::ANY;
        let is_there = said.leads_on
            || (said.rcode == Rcode::YXDOMAIN && is_too_long(&last, &said.answer))
            || said.answer.iter().any(|rrset| rrset.owner == last && of_type(rrset));
        self.is_ready(said, (!is_there).then_some(&last), now)?;
        let (mut security, mut ttl) = (Security::Secure, DAY);
        for rrset in &said.answer {
            if is_synthesised(rrset, &said.answer) {
                continue;
            }
            let Some((zone, proven)) = self.proven(rrset, now, effort)? else {
                security = Security::Insecure;
                continue;
            };
            ttl = ttl.min(proven.ttl);
            if let Some(labels) = proven.expanded {
                let (proofs, least) = self.proofs(&zone, &said.authority, now, effort)?;
                let costly = proofs.are_too_costly()?;
                let work = &mut Work::new(effort);
                let gap = match costly {
                    true => Denied::OptOut,
                    false => proofs.allows_wildcard(&rrset.owner.to_name(), labels, work)?,
                };
                (security, ttl) = (worse(security, gap), ttl.min(least));
            }
        }
        if is_there || security == Security::Insecure {
            return Ok((security, ttl));
        }
        let (denied, least) = self.denial(&last, said, now, effort)?;
        Ok((worse(security, denied), ttl.min(least)))
    }

    /// Nothing is verified before all the keys are known: otherwise it would be for each of them again.
    fn is_ready(&self, said: &Said<'_>, denied: Option<&Name>, now: u64) -> Result<(), Stop> {
        let mut secure = true;
        for rrset in said.answer.iter().filter(|rrset| !is_synthesised(rrset, &said.answer)) {
            match self.walk(&self.zone_of(rrset), now) {
                Walk::Need(question) => return Err(Stop::Need(question)),
                Walk::Known(_) => secure = false,
                Walk::Zone(..) => {}
            }
        }
        let denier = denied.filter(|_| secure).map(|name| self.denier(name, said));
        match denier.map(|zone| self.walk(&zone, now)) {
            Some(Walk::Need(question)) => Err(Stop::Need(question)),
            _ => Ok(()),
        }
    }

    /// The zone that has signed an RRset, or would have to. Who signs above the closest anchor proves nothing below it.
    fn zone_of(&self, rrset: &Rrset<'_>) -> Name {
        let home = home(&rrset.owner.to_name(), rrset.rtype);
        let anchored = self.anchored(&home);
        rrset.signer().filter(|signer| signer.label_count() >= anchored).unwrap_or(home)
    }

    /// The zone that has proven an RRset, whatever other names stand on further signatures of it.
    pub(crate) fn prover(&self, proven: &RrSet) -> Name {
        self.zone_of(&Rrset::of_set(proven))
    }

    /// The zone that says that a name or its records are not there: one that the name is in, not a stranger's that
    /// nobody signs.
    fn denier(&self, name: &Name, said: &Said<'_>) -> Name {
        let home = home(name, said.rtype);
        let anchored = self.anchored(&home);
        let fits = |signer: &Name| home.is_subdomain_of(signer) && signer.label_count() >= anchored;
        let proofs = said.authority.iter().filter(|rrset| is_proof(rrset.rtype));
        let signer = proofs.filter_map(Rrset::signer).find(fits);
        signer.unwrap_or(home)
    }

    /// Labels of the closest name above that is trusted.
    fn anchored(&self, name: &Name) -> usize {
        let above = name.suffixes().filter_map(|suffix| Name::from_wire(suffix).ok());
        let anchor = above.into_iter().find(|name| self.anchors.contains_key(name));
        anchor.map_or(0, |name| name.label_count())
    }

    /// The zone that proves an RRset, and how; `None` if it is insecure.
    fn proven(&self, rrset: &Rrset<'_>, now: u64, effort: &Effort) -> Result<Option<(Name, Proven)>, Stop> {
        let below = self.zone_of(rrset);
        match self.walk(&below, now) {
            Walk::Need(question) => Err(Stop::Need(question)),
            Walk::Known(Security::Bogus(fault)) => Err(fault.into()),
            Walk::Known(_) => Ok(None),
            Walk::Zone(..) if rrset.signer().is_none() => Err(Fault::RrsigsMissing.into()),
            Walk::Zone(zone, _) if *zone != below => Err(Fault::DnskeyMissing.into()),
            Walk::Zone(zone, keys) => {
                let proven = rrset.verify(zone, keys, now, &self.verifier, &mut Work::new(effort))?;
                Ok(Some((zone.clone(), proven)))
            }
        }
    }

    /// What proves that `name` has no such records, and for how long.
    fn denial(&self, name: &Name, said: &Said<'_>, now: u64, effort: &Effort) -> Result<(Denied, u32), Stop> {
        let zone = match self.walk(&self.denier(name, said), now) {
            Walk::Need(question) => return Err(Stop::Need(question)),
            Walk::Known(security) => return Err(Stop::Known(security)),
            Walk::Zone(zone, _) => zone.clone(),
        };
        let (proofs, mut ttl) = self.proofs(&zone, &said.authority, now, effort)?;
        if !name.is_subdomain_of(&zone) || proofs.is_empty() {
            return Err(Fault::NsecMissing.into());
        }
        // It says for how long, so that it must be true as well.
        for soa in said.authority.iter().filter(|rrset| rrset.rtype == RrType::SOA) {
            let (_, proven) = self.proven(soa, now, effort)?.ok_or(Fault::RrsigsMissing)?;
            ttl = ttl.min(proven.ttl);
        }
        if proofs.are_too_costly()? {
            return Ok((Denied::OptOut, ttl));
        }
        let denied = proofs.denied(name, said.rtype, &mut Work::new(effort))?;
        // NXDOMAIN is not proven by a name that is there (RFC 4035 section 5.4).
        let fits = said.rcode != Rcode::NXDOMAIN || denied != Denied::NoData;
        if fits { Ok((denied, ttl)) } else { Err(Fault::NsecMissing.into()) }
    }

    /// The proofs in a section that a zone has signed.
    fn proofs<'m>(
        &self,
        zone: &Name,
        section: &[Rrset<'m>],
        now: u64,
        effort: &Effort,
    ) -> Result<(Proofs<'m>, u32), Stop> {
        let (mut proofs, mut ttl) = (Proofs::new(zone.clone()), DAY);
        for rrset in section {
            if !is_proof(rrset.rtype) || rrset.signer().as_ref() != Some(zone) {
                continue;
            }
            if let Some((_, proven)) = self.proven(rrset, now, effort)? {
                // An expanded one proves nothing but itself.
                if proven.expanded.is_none() {
                    proofs.add(&rrset.owner.to_name(), &rrset.rdatas);
                }
                ttl = ttl.min(proven.ttl);
            }
        }
        Ok((proofs, ttl))
    }

    /// From the closest anchor down to the zone of `name`.
    fn walk(&self, name: &Name, now: u64) -> Walk<'_> {
        let mut above: Vec<Name> =
            name.suffixes().filter_map(|suffix| Name::from_wire(suffix).ok()).collect();
        let Some(start) = above.iter().position(|name| self.anchors.contains_key(name)) else {
            return Walk::Known(Security::Insecure);
        };
        above.truncate(start + 1);
        let mut zone = None;
        for name in above.iter().rev() {
            let need = |rtype| Walk::Need(Question::new(name.clone(), rtype));
            let link = self.links.get_key_value(name).filter(|(_, link)| now < link.until);
            match link.map(|(name, link)| (name, &link.state)) {
                None if zone.is_none() => return need(RrType::DNSKEY),
                None => return need(RrType::DS),
                Some((_, State::Cut(_))) => return need(RrType::DNSKEY),
                Some((name, State::Keys(keys))) => zone = Some((name, keys.as_slice())),
                Some((_, State::Inside)) => {}
                Some((_, State::Insecure)) => return Walk::Known(Security::Insecure),
                Some((_, State::Bogus(fault))) => return Walk::Known(Security::Bogus(*fault)),
            }
        }
        zone.map_or(Walk::Known(Security::Insecure), |(zone, keys)| Walk::Zone(zone, keys))
    }

    /// What was answered to a question that [`judge`](Validator::judge) had. A question that could not be answered is
    /// [`unknown`](Validator::unknown).
    pub fn learn(&mut self, question: &Question, message: &Message<'_>, now: u64) {
        let effort = Effort::new(limits::CHECKS);
        match self.link(question, &Said::of_message(question, message), now, &effort) {
            Ok(link) => self.remember(question, link, now),
            Err(Stop::Known(Security::Bogus(fault))) => self.break_off(question, fault, now),
            Err(_) => {}
        }
    }

    /// What is to be [`remember`](Validator::remember)ed of an answer.
    pub(crate) fn link(
        &self,
        question: &Question,
        said: &Said<'_>,
        now: u64,
        effort: &Effort,
    ) -> Result<Link, Stop> {
        let learned = match question.rtype {
            RrType::DNSKEY => self.keys(&question.name, said, now, effort),
            _ => self.cut(&question.name, said, now, effort),
        };
        let (state, ttl) = match learned {
            Err(Stop::Known(Security::Secure | Security::Insecure)) => (State::Insecure, FAULT),
            learned => learned?,
        };
        Ok(Link { state, until: now.saturating_add(ttl.clamp(1, DAY).into()) })
    }

    /// No answer to a question that [`judge`](Validator::judge) had is to be had: what depends on it is bogus.
    pub fn unknown(&mut self, question: &Question, now: u64) {
        self.break_off(question, Fault::DnskeyMissing, now);
    }

    /// From that name on nothing can be believed for a moment.
    pub(crate) fn break_off(&mut self, question: &Question, fault: Fault, now: u64) {
        let until = now.saturating_add(FAULT.into());
        self.remember(question, Link { state: State::Bogus(fault), until }, now);
    }

    /// Of too many those that end first make room, but none on the way to the new one.
    pub(crate) fn remember(&mut self, question: &Question, link: Link, now: u64) {
        if !matches!(question.rtype, RrType::DNSKEY | RrType::DS) {
            return;
        }
        let name = &question.name;
        if self.links.len() >= limits::LINKS {
            self.links.retain(|_, link| now < link.until);
        }
        if self.links.len() >= limits::LINKS {
            let others = self.links.iter().filter(|(other, _)| !name.is_subdomain_of(other));
            let first = others.min_by_key(|(_, link)| link.until).map(|(other, _)| other.clone());
            first.map(|first| self.links.remove(&first));
        }
        self.links.insert(name.clone(), link);
    }

    /// The keys of a zone, vouched for by its parent or an anchor (RFC 4035 section 5.2).
    fn keys(&self, zone: &Name, said: &Said<'_>, now: u64, effort: &Effort) -> Result<(State, u32), Stop> {
        let trusted: &Anchors = match (self.anchors.get(zone), self.links.get(zone)) {
            (Some(anchors), _) => anchors,
            (None, Some(Link { state: State::Cut(ds), until })) if now < *until => ds,
            _ => return Err(Stop::Need(Question::new(zone.clone(), RrType::DS))),
        };
        let rrset = said.answer.iter().find(|rrset| rrset.rtype == RrType::DNSKEY && rrset.owner == *zone);
        let rrset = rrset.ok_or(Fault::DnskeyMissing)?;
        let keys: Vec<_> =
            rrset.rdatas.iter().filter(|key| is_zone_key(key)).map(|key| key.to_rdata()).collect();
        let vouched = vouched(zone, &keys, trusted);
        if !vouched.iter().any(|key| self.knows(key)) {
            let all_unknown = !vouched.is_empty();
            return if all_unknown {
                Ok((State::Insecure, rrset.ttl))
            } else {
                Err(Fault::DnskeyMissing.into())
            };
        }
        let proven = rrset.verify(zone, &vouched, now, &self.verifier, &mut Work::new(effort))?;
        Ok((State::Keys(keys), proven.ttl))
    }

    fn knows(&self, key: &Rdata) -> bool {
        let key = key.as_rdata_ref();
        let algorithm = key.dnskey().map(|key| key.algorithm).or_else(|| key.ds().map(|ds| ds.algorithm));
        algorithm.is_some_and(|algorithm| self.verifier.knows(algorithm))
    }

    /// Whether a zone starts at `name`, and whether its parent vouches for it.
    fn cut(&self, name: &Name, said: &Said<'_>, now: u64, effort: &Effort) -> Result<(State, u32), Stop> {
        let parent = name.parent().ok_or(Fault::NsecMissing)?;
        let zone = match self.walk(&parent, now) {
            Walk::Zone(zone, _) => zone.clone(),
            Walk::Known(security) => return Err(Stop::Known(security)),
            Walk::Need(question) => return Err(Stop::Need(question)),
        };
        let of_name =
            |rtype| said.answer.iter().find(move |rrset| rrset.rtype == rtype && rrset.owner == *name);
        if let Some(rrset) = of_name(RrType::DS) {
            let Some((_, proven)) = self.proven(rrset, now, effort)? else {
                return Ok((State::Insecure, rrset.ttl));
            };
            let known = rrset.rdatas.iter().map(|ds| ds.to_rdata()).filter(|ds| self.knows(ds));
            let ds = digest::strongest(known);
            let state = if ds.is_empty() { State::Insecure } else { State::Cut(ds) };
            return Ok((state, proven.ttl));
        }
        if let Some(alias) = of_name(RrType::CNAME) {
            // An alias is no delegation.
            if alias.signer().is_none() {
                return Err(Fault::RrsigsMissing.into());
            }
            let ttl = self.proven(alias, now, effort)?.map_or(0, |(_, proven)| proven.ttl);
            return Ok((State::Inside, ttl));
        }
        let (proofs, ttl) = self.proofs(&zone, &said.authority, now, effort)?;
        if proofs.is_empty() {
            return Err(Fault::NsecMissing.into());
        }
        if proofs.are_too_costly()? {
            return Ok((State::Insecure, ttl));
        }
        let work = &mut Work::new(effort);
        let state = match proofs.denied(name, RrType::DS, work)? {
            Denied::OptOut => State::Insecure,
            Denied::NoName => State::Inside,
            Denied::NoData => match proofs.types_at(name, work)? {
                Some(types) if is_cut(types) => State::Insecure,
                _ => State::Inside,
            },
        };
        Ok((state, ttl))
    }
}

/// Those keys that the trusted ones are, or are digests of.
fn vouched(zone: &Name, keys: &[Rdata], trusted: &Anchors) -> Vec<Rdata> {
    let (mut vouched, mut failures) = (Vec::new(), 0);
    for key in keys {
        let key_ref = key.as_rdata_ref();
        for anchor in trusted {
            let of_key = anchor.as_rdata_ref();
            if of_key == key_ref || digest::matches_ds(&of_key, zone.as_name_ref(), &key_ref) {
                vouched.push(key.clone());
                break;
            }
            let same_tag = of_key.ds().is_some_and(|ds| ds.key_tag == digest::key_tag(&key_ref));
            failures += usize::from(same_tag);
            if failures > limits::DS_FAILURES {
                return vouched;
            }
        }
    }
    vouched
}

/// The name whose zone would have to sign: DS belongs to the parent.
fn home(name: &Name, rtype: RrType) -> Name {
    match rtype {
        RrType::DS => name.parent().unwrap_or_default(),
        _ => name.clone(),
    }
}

/// A CNAME that a DNAME of the same answer makes (RFC 6672 section 5.3.1): nobody has signed it, and it follows.
fn is_synthesised(rrset: &Rrset<'_>, answer: &[Rrset<'_>]) -> bool {
    let [alias] = rrset.rdatas.as_slice() else { return false };
    let Some(target) = alias.name().filter(|_| rrset.rtype == RrType::CNAME && rrset.signer().is_none())
    else {
        return false;
    };
    let owner = rrset.owner.to_name();
    answer.iter().filter(|other| other.rtype == RrType::DNAME).any(|dname| {
        let to = dname.rdatas.first().and_then(|rdata| rdata.name());
        let made = to.and_then(|to| owner.substitute(&dname.owner.to_name(), &to.to_name()));
        matches!(made, Some(Ok(made)) if made == target)
    })
}

/// A DNAME makes a name of more than 255 octets of this one: there is no such name (RFC 6672 section 2.2).
fn is_too_long(name: &Name, answer: &[Rrset<'_>]) -> bool {
    answer.iter().filter(|rrset| rrset.rtype == RrType::DNAME).any(|dname| {
        let to = dname.rdatas.first().and_then(|rdata| rdata.name());
        let made = to.and_then(|to| name.substitute(&dname.owner.to_name(), &to.to_name()));
        matches!(made, Some(Err(_)))
    })
}

/// The name that aliases lead to.
fn end_of_chain(name: &Name, rtype: RrType, answer: &[Rrset<'_>]) -> Name {
    let mut name = name.clone();
    if matches!(rtype, RrType::CNAME | RrType::ANY) {
        return name;
    }
    // Each alias is followed once at most.
    for _ in answer {
        let alias = answer.iter().find(|rrset| rrset.rtype == RrType::CNAME && rrset.owner == name);
        match alias.and_then(|alias| alias.rdatas.first()?.name()) {
            Some(target) => name = target.to_name(),
            None => break,
        }
    }
    name
}

fn is_proof(rtype: RrType) -> bool {
    matches!(rtype, RrType::NSEC | RrType::NSEC3)
}

fn worse(security: Security, denied: Denied) -> Security {
    match denied {
        Denied::OptOut => Security::Insecure,
        Denied::NoData | Denied::NoName => security,
    }
}

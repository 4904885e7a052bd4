//! The chain from a trust anchor to the zone that signed (RFC 4035 section 5).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::denial::{Denied, Proofs, is_cut};
use super::signature::{Proven, Rrset, is_zone_key};
use super::{Anchors, Fault, Security, Verdict, Verifier, Work, digest};
use crate::{Message, Name, Question, Rcode, Rdata, RecordRef, RrType, limits};

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

/// What is known of a name on the way down, until when.
#[derive(Clone, Debug)]
struct Link {
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
enum Stop {
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
        match self.judged(question, message, now) {
            Ok((security, ttl)) => Verdict::Known(security, ttl),
            Err(Stop::Need(question)) => Verdict::Need(question),
            Err(Stop::Known(security @ Security::Bogus(_))) => Verdict::Known(security, FAULT),
            Err(Stop::Known(security)) => Verdict::Known(security, DAY),
        }
    }

    fn judged(&self, question: &Question, message: &Message<'_>, now: u64) -> Result<(Security, u32), Stop> {
        let answer = Rrset::all(message.answer());
        let (mut security, mut ttl) = (Security::Secure, DAY);
        for rrset in &answer {
            if is_synthesised(rrset, &answer) {
                continue;
            }
            let Some((zone, proven)) = self.proven(rrset, now)? else {
                security = Security::Insecure;
                continue;
            };
            ttl = ttl.min(proven.ttl);
            if let Some(labels) = proven.expanded {
                let (proofs, least) = self.proofs(&zone, message.authority(), now)?;
                let costly = proofs.are_too_costly()?;
                let work = &mut Work::new();
                let gap = match costly {
                    true => Denied::OptOut,
                    false => proofs.allows_wildcard(&rrset.owner.to_name(), labels, work)?,
                };
                (security, ttl) = (worse(security, gap), ttl.min(least));
            }
        }
        let last = end_of_chain(&question.name, question.rtype, &answer);
        let is_there = answer.iter().any(|rrset| {
            rrset.owner == last && (rrset.rtype == question.rtype || question.rtype == RrType::ANY)
        });
        if is_there || security == Security::Insecure {
            return Ok((security, ttl));
        }
        let (denied, least) = self.denial(&last, question.rtype, message, now)?;
        Ok((worse(security, denied), ttl.min(least)))
    }

    /// The zone that proves an RRset, and how; `None` if it is insecure.
    fn proven(&self, rrset: &Rrset<'_>, now: u64) -> Result<Option<(Name, Proven)>, Stop> {
        let signer = rrset.signer();
        let below = match &signer {
            Some(signer) => signer.clone(),
            None => home(&rrset.owner.to_name(), rrset.rtype),
        };
        match self.walk(&below, now) {
            Walk::Need(question) => Err(Stop::Need(question)),
            Walk::Known(Security::Bogus(fault)) => Err(fault.into()),
            Walk::Known(_) => Ok(None),
            Walk::Zone(..) if signer.is_none() => Err(Fault::RrsigsMissing.into()),
            Walk::Zone(zone, _) if *zone != below => Err(Fault::DnskeyMissing.into()),
            Walk::Zone(zone, keys) => {
                let proven = rrset.verify(zone, keys, now, &self.verifier, &mut Work::new())?;
                Ok(Some((zone.clone(), proven)))
            }
        }
    }

    /// What proves that `name` has no such records, and for how long.
    fn denial(
        &self,
        name: &Name,
        rtype: RrType,
        message: &Message<'_>,
        now: u64,
    ) -> Result<(Denied, u32), Stop> {
        let authority = Rrset::all(message.authority());
        let proof = authority.iter().find(|rrset| matches!(rrset.rtype, RrType::NSEC | RrType::NSEC3));
        let zone = proof.and_then(Rrset::signer).unwrap_or_else(|| home(name, rtype));
        let zone = match self.walk(&zone, now) {
            Walk::Need(question) => return Err(Stop::Need(question)),
            Walk::Known(security) => return Err(Stop::Known(security)),
            Walk::Zone(zone, _) => zone.clone(),
        };
        let (proofs, ttl) = self.proofs(&zone, message.authority(), now)?;
        if !name.is_subdomain_of(&zone) || proofs.is_empty() {
            return Err(Fault::NsecMissing.into());
        }
        if proofs.are_too_costly()? {
            return Ok((Denied::OptOut, ttl));
        }
        let denied = proofs.denied(name, rtype, &mut Work::new())?;
        // NXDOMAIN is not proven by a name that is there (RFC 4035 section 5.4).
        let fits = message.rcode() != Rcode::NXDOMAIN || denied != Denied::NoData;
        if fits { Ok((denied, ttl)) } else { Err(Fault::NsecMissing.into()) }
    }

    /// The proofs in a section that a zone has signed.
    fn proofs<'m>(
        &self,
        zone: &Name,
        section: impl Iterator<Item = RecordRef<'m>>,
        now: u64,
    ) -> Result<(Proofs<'m>, u32), Stop> {
        let (mut proofs, mut ttl) = (Proofs::new(zone.clone()), DAY);
        for rrset in Rrset::all(section) {
            if !matches!(rrset.rtype, RrType::NSEC | RrType::NSEC3) || rrset.signer().as_ref() != Some(zone) {
                continue;
            }
            if let Some((_, proven)) = self.proven(&rrset, now)? {
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
        let learned = match question.rtype {
            RrType::DNSKEY => self.keys(&question.name, message, now),
            RrType::DS => self.cut(&question.name, message, now),
            _ => return,
        };
        let (state, ttl) = match learned {
            Ok((state, ttl)) => (state, ttl.clamp(1, DAY)),
            Err(Stop::Known(Security::Bogus(fault))) => (State::Bogus(fault), FAULT),
            Err(Stop::Known(_)) => (State::Insecure, FAULT),
            Err(Stop::Need(_)) => return,
        };
        self.remember(question.name.clone(), Link { state, until: now.saturating_add(ttl.into()) }, now);
    }

    /// No answer to a question that [`judge`](Validator::judge) had is to be had: what depends on it is bogus.
    pub fn unknown(&mut self, question: &Question, now: u64) {
        let link =
            Link { state: State::Bogus(Fault::DnskeyMissing), until: now.saturating_add(FAULT.into()) };
        self.remember(question.name.clone(), link, now);
    }

    fn remember(&mut self, name: Name, link: Link, now: u64) {
        if self.links.len() >= limits::LINKS {
            self.links.retain(|_, link| now < link.until);
        }
        if self.links.len() >= limits::LINKS {
            self.links.pop_last();
        }
        self.links.insert(name, link);
    }

    /// The keys of a zone, vouched for by its parent or an anchor (RFC 4035 section 5.2).
    fn keys(&self, zone: &Name, message: &Message<'_>, now: u64) -> Result<(State, u32), Stop> {
        let trusted: &Anchors = match (self.anchors.get(zone), self.links.get(zone)) {
            (Some(anchors), _) => anchors,
            (None, Some(Link { state: State::Cut(ds), until })) if now < *until => ds,
            _ => return Err(Stop::Need(Question::new(zone.clone(), RrType::DS))),
        };
        let all = Rrset::all(message.answer());
        let rrset = all.iter().find(|rrset| rrset.rtype == RrType::DNSKEY && rrset.owner == *zone);
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
        let proven = rrset.verify(zone, &vouched, now, &self.verifier, &mut Work::new())?;
        Ok((State::Keys(keys), proven.ttl))
    }

    fn knows(&self, key: &Rdata) -> bool {
        let key = key.as_rdata_ref();
        let algorithm = key.dnskey().map(|key| key.algorithm).or_else(|| key.ds().map(|ds| ds.algorithm));
        algorithm.is_some_and(|algorithm| self.verifier.knows(algorithm))
    }

    /// Whether a zone starts at `name`, and whether its parent vouches for it.
    fn cut(&self, name: &Name, message: &Message<'_>, now: u64) -> Result<(State, u32), Stop> {
        let parent = name.parent().ok_or(Fault::NsecMissing)?;
        let zone = match self.walk(&parent, now) {
            Walk::Zone(zone, _) => zone.clone(),
            Walk::Known(security) => return Err(Stop::Known(security)),
            Walk::Need(question) => return Err(Stop::Need(question)),
        };
        let answer = Rrset::all(message.answer());
        let of_name = |rtype| answer.iter().find(move |rrset| rrset.rtype == rtype && rrset.owner == *name);
        if let Some(rrset) = of_name(RrType::DS) {
            let Some((_, proven)) = self.proven(rrset, now)? else { return Ok((State::Insecure, rrset.ttl)) };
            let known = rrset.rdatas.iter().map(|ds| ds.to_rdata()).filter(|ds| self.knows(ds));
            let ds = digest::strongest(known);
            let state = if ds.is_empty() { State::Insecure } else { State::Cut(ds) };
            return Ok((state, proven.ttl));
        }
        if let Some(alias) = of_name(RrType::CNAME) {
            // An alias is no delegation.
            let ttl = self.proven(alias, now)?.map_or(0, |(_, proven)| proven.ttl);
            return Ok((State::Inside, ttl));
        }
        let (proofs, ttl) = self.proofs(&zone, message.authority(), now)?;
        if proofs.is_empty() {
            return Err(Fault::NsecMissing.into());
        }
        if proofs.are_too_costly()? {
            return Ok((State::Insecure, ttl));
        }
        let work = &mut Work::new();
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

fn worse(security: Security, denied: Denied) -> Security {
    match denied {
        Denied::OptOut => Security::Insecure,
        Denied::NoData | Denied::NoName => security,
    }
}

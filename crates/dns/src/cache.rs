//! What a resolver remembers: RRsets by how far they can be trusted, and whole answers made of them.
//!
//! The rule (RFC 2181 section 5.4.1): what is known better is not replaced by what is known worse, and what is known as
//! well does not live longer for being heard again; before that, what DNSSEC proves is not replaced by what it does not
//! (RFC 4035 section 4.5). An answer holds no records of its own: it points to RRsets, and falls
//! with the first of them. Nothing is kept that does not fit the budget of octets, and who asks for a million names does
//! not push out those in use.

mod hash;
mod rrset;
mod table;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::time::Duration;

use proto_core::Time;

use crate::{Class, Name, NameRef, Question, QuestionRef, Rcode, RrType};
use hash::HashKey;
pub use rrset::RrSet;
pub(crate) use rrset::{SetBuilder, SetData};
use table::{Place, Table};

/// How far an RRset can be trusted (RFC 2181 section 5.4.1), the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// The additional section of a reply without authority: glue.
    AdditionalGlue,
    /// The authority section of a reply without authority: a referral.
    Referral,
    /// The additional section of an authoritative answer.
    Additional,
    /// The answer section of a reply without authority.
    Answer,
    /// The authority section of an authoritative answer.
    Authority,
    /// The answer section of an authoritative answer.
    AuthoritativeAnswer,
}

/// What DNSSEC says of what is known (RFC 4035 section 4.3), the least first. What is bogus is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Nobody has checked.
    #[default]
    Indeterminate,
    /// Nobody signs there, and that is proven.
    Insecure,
    /// Proven from a trust anchor on.
    Secure,
}

/// An RRset and how far it can be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranked {
    /// The records.
    pub set: RrSet,
    /// How they came.
    pub rank: Rank,
}

/// An answer as it came, or as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sections<S> {
    /// What was asked for, behind the aliases that lead there.
    pub answer: Vec<S>,
    /// Who is in charge, or the SOA that says how long nothing is nothing (RFC 2308).
    pub authority: Vec<S>,
    /// What may be of use.
    pub additional: Vec<S>,
}

impl<S> Sections<S> {
    /// No records.
    #[must_use]
    pub const fn new() -> Self {
        Sections { answer: Vec::new(), authority: Vec::new(), additional: Vec::new() }
    }

    /// All three, one behind the other.
    pub fn iter(&self) -> impl Iterator<Item = &S> {
        self.answer.iter().chain(&self.authority).chain(&self.additional)
    }
}

/// Under which key something is kept beside its name, type and class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    RrSet,
    /// The SOA of a negative answer: its TTL is another (RFC 2308 section 5).
    Negative,
    Message,
    /// NXDOMAIN, whatever the type (RFC 2308 section 5).
    NoSuchName,
    /// RFC 9520.
    Failure,
}

#[derive(Debug)]
enum Entry {
    Set { set: RrSet, negative: bool, rank: Rank, expires: Time },
    Message(Box<Message>),
}

#[derive(Debug)]
struct Message {
    kind: Kind,
    question: Question,
    rcode: Rcode,
    status: Status,
    expires: Time,
    /// From when on it is worth asking again before it is gone.
    refresh: Time,
    places: Box<[Place]>,
    /// Where the authority and the additional section start.
    starts: [usize; 2],
    /// Of a failure: the extended error (RFC 8914).
    extended: u16,
}

/// RRsets, answers and failures, within a number of octets.
///
/// ```
/// use dns::cache::{Cache, Rank, RrSet};
/// use dns::{proto_core::Time, Class, Rdata, Record, RrType};
/// let record = Record {
///     owner: "www.example.".parse()?,
///     ttl: 300,
///     rdata: Rdata::of_text(RrType::A, "192.0.2.1")?,
/// };
/// let mut cache = Cache::new(1 << 20, [1, 2]);
/// let set = RrSet::of_records(&[record]).unwrap();
/// cache.store_rrset(&set, Rank::AuthoritativeAnswer, Time::ZERO);
/// let name = set.owner().as_name_ref();
/// let (known, rank) = cache.rrset(name, RrType::A, Class::IN, Time::from_secs(100)).unwrap();
/// assert_eq!((known.ttl, rank), (200, Rank::AuthoritativeAnswer));
/// assert!(cache.rrset(name, RrType::A, Class::IN, Time::from_secs(300)).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Cache {
    table: Table<Entry>,
    key: HashKey,
}

impl Cache {
    /// An empty cache of at most `bytes` octets; `key` is secret, or names could be chosen to be slow.
    #[must_use]
    pub fn new(bytes: usize, key: [u64; 2]) -> Self {
        let [a, b] = key;
        Cache { table: Table::new(bytes), key: HashKey(a, b) }
    }

    /// Octets in use.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.table.cost()
    }

    /// Entries: RRsets, answers and failures.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes in an RRset, if it is better than what is known. Returns what is known now.
    pub fn store_rrset(&mut self, set: &RrSet, rank: Rank, now: Time) -> RrSet {
        self.put_set(set, rank, false, (now, now)).1
    }

    /// The same; what ends within `leeway` counts as gone already.
    pub(crate) fn store_ranked(&mut self, ranked: &Ranked, now: Time, leeway: Duration) -> RrSet {
        self.put_set(&ranked.set, ranked.rank, false, (now, now + leeway)).1
    }

    /// An RRset as it is known, its TTL run down, and how far it can be trusted.
    pub fn rrset(
        &mut self,
        owner: NameRef<'_>,
        rtype: RrType,
        class: Class,
        now: Time,
    ) -> Option<(RrSet, Rank)> {
        self.set_at(self.find_set(owner, rtype, class, false)?, now)
    }

    /// The SOA that says for how long nothing is nothing in a zone.
    #[cfg(feature = "dnssec")]
    pub(crate) fn denial(&mut self, zone: NameRef<'_>, now: Time) -> Option<RrSet> {
        let place = self.find_set(zone, RrType::SOA, Class::IN, true)?;
        self.set_at(place, now).map(|(set, _)| set)
    }

    fn set_at(&mut self, place: Place, now: Time) -> Option<(RrSet, Rank)> {
        self.table.want(place);
        let Entry::Set { set, rank, expires, .. } = self.table.at(place)? else { return None };
        (now < *expires).then(|| (set.with_ttl(seconds(*expires, now)), *rank))
    }

    /// Takes in an answer: its RRsets each by its rank, then what question they answer. Returns them as they are known
    /// now. Without a TTL, or with nothing that says how long it holds, it is not kept.
    ///
    /// `leeway`: what ends within this time counts as gone already. A prefetch sets it, others zero.
    pub fn store(
        &mut self,
        question: &Question,
        rcode: Rcode,
        sections: &Sections<Ranked>,
        (now, leeway): (Time, Duration),
    ) -> Sections<RrSet> {
        let negative = sections.authority.iter().any(|ranked| ranked.set.rtype() == RrType::SOA);
        let mut places = Vec::new();
        let mut ttl = u32::MAX;
        let mut store = |ranked: &Ranked| {
            let soa = negative && ranked.set.rtype() == RrType::SOA;
            let (place, known) = self.put_set(&ranked.set, ranked.rank, soa, (now, now + leeway));
            ttl = ttl.min(known.ttl).min(ranked.set.ttl);
            places.push(place);
            known
        };
        let known = Sections {
            answer: sections.answer.iter().map(&mut store).collect(),
            authority: sections.authority.iter().map(&mut store).collect(),
            additional: sections.additional.iter().map(&mut store).collect(),
        };
        // RFC 2308 section 5: without a SOA nobody knows for how long there is nothing.
        if (negative || is_positive(question.rtype, rcode, &known.answer))
            && ttl > 0
            && let Some(places) = places.into_iter().collect::<Option<Box<[Place]>>>()
        {
            let kind = match rcode {
                Rcode::NXDOMAIN if known.answer.is_empty() => Kind::NoSuchName,
                _ => Kind::Message,
            };
            let starts = [known.answer.len(), known.answer.len() + known.authority.len()];
            let lasts = Duration::from_secs(ttl.into());
            let (expires, refresh) = (now + lasts, now + lasts * 9 / 10);
            let question = question.clone();
            self.put_message(Message {
                kind,
                question,
                rcode,
                status: status_of(
                    sections.answer.iter().chain(&sections.authority).map(|ranked| &ranked.set),
                ),
                expires,
                refresh,
                places,
                starts,
                extended: 0,
            });
        }
        known
    }

    /// Remembers for `lasts` that no answer is to be had, and why (RFC 9520).
    pub fn store_failure(&mut self, question: &Question, extended: u16, now: Time, lasts: Duration) {
        let expires = now + lasts;
        self.put_message(Message {
            kind: Kind::Failure,
            question: question.clone(),
            rcode: Rcode::SERVFAIL,
            status: Status::Indeterminate,
            expires,
            refresh: expires,
            places: Box::default(),
            starts: [0, 0],
            extended,
        });
    }

    /// Why no answer was to be had a moment ago: the extended error's code.
    pub fn failure(&mut self, question: QuestionRef<'_>, now: Time) -> Option<u16> {
        let place = self.find_message(Kind::Failure, question)?;
        match self.table.at(place)? {
            Entry::Message(message) if now < message.expires => Some(message.extended),
            _ => None,
        }
    }

    /// The answer to a question. `stale`: for how long after its end it is still told (RFC 8767).
    pub fn lookup(&mut self, question: QuestionRef<'_>, now: Time, stale: Duration) -> Option<Hit<'_>> {
        let place = self.current(Kind::Message, question, now, stale);
        let place = place.or_else(|| self.current(Kind::NoSuchName, question, now, stale));
        let place = place.or_else(|| self.some(question, now))?;
        self.table.want(place);
        let Some(Entry::Message(message)) = self.table.at(place) else { return None };
        Some(Hit { table: &self.table, message, now, stale: now >= message.expires })
    }

    /// RFC 8482 section 4.1: to a question for ANY one RRset is enough; that one is of the name itself, no alias.
    fn some(&self, question: QuestionRef<'_>, now: Time) -> Option<Place> {
        let types = LIKELY.iter().filter(|_| question.rtype == RrType::ANY);
        types.map(|rtype| QuestionRef { rtype: *rtype, ..question }).find_map(|asked| {
            let place = self.current(Kind::Message, asked, now, Duration::ZERO)?;
            let Some(Entry::Message(message)) = self.table.at(place) else { return None };
            let first = self.table.at(*message.places.first()?)?;
            let found =
                matches!(first, Entry::Set { set, negative: false, .. } if set.data.rtype == asked.rtype);
            found.then_some(place)
        })
    }

    /// Everything that is known, an RRset at a time, with its rank and whether its time is up.
    pub fn rrsets(&self, now: Time) -> impl Iterator<Item = (RrSet, Rank)> {
        self.table.iter().filter_map(move |entry| match entry {
            Entry::Set { set, rank, expires, negative: false } if now < *expires => {
                Some((set.with_ttl(seconds(*expires, now)), *rank))
            }
            _ => None,
        })
    }

    /// The place of a message that holds, and all of whose RRsets do.
    fn current(&self, kind: Kind, question: QuestionRef<'_>, now: Time, stale: Duration) -> Option<Place> {
        let place = self.find_message(kind, question)?;
        let Some(Entry::Message(message)) = self.table.at(place) else { return None };
        let holds = |place: &Place| match self.table.at(*place) {
            Some(Entry::Set { expires, .. }) => now < *expires + stale,
            _ => false,
        };
        (now < message.expires + stale && message.places.iter().all(holds)).then_some(place)
    }

    /// Where the RRset stands and what is known of it now; no place if it has no time to stand there.
    fn put_set(
        &mut self,
        set: &RrSet,
        rank: Rank,
        negative: bool,
        (now, later): (Time, Time),
    ) -> (Option<Place>, RrSet) {
        let data = &set.data;
        let place = self.find_set(data.owner.as_name_ref(), data.rtype, data.class, negative);
        let mut expires = now + Duration::from_secs(set.ttl.into());
        if let Some(place) = place
            && let Some(Entry::Set { set: known, rank: known_rank, expires: until, .. }) =
                self.table.at(place)
            && later < *until
        {
            let same = known.data.says_the_same(data);
            // RFC 4035 section 4.5: what was checked does not give way to what was not.
            let worse = match set.status.cmp(&known.status) {
                Ordering::Less => true,
                Ordering::Equal => rank < *known_rank || (rank == *known_rank && same),
                Ordering::Greater => false,
            };
            if worse {
                return (Some(place), known.with_ttl(seconds(*until, now)));
            }
            // A child that tells its own delegation anew does not outlive what the parent said of it.
            if data.rtype == RrType::NS && !data.owner.is_root() {
                expires = expires.min(*until);
            }
        }
        let known = set.with_ttl(seconds(expires, now));
        if known.ttl == 0 {
            return (None, known);
        }
        let cost = size_of::<Entry>() + 48 + data.cost();
        let entry = Entry::Set { set: known.clone(), negative, rank, expires };
        (
            Some(self.put(
                place,
                hash_rest(kind_of(negative), data.rtype, data.class),
                &data.owner,
                entry,
                cost,
            )),
            known,
        )
    }

    fn put_message(&mut self, message: Message) {
        let place = self.find_message(message.kind, message.question.as_question_ref());
        let cost = size_of::<Entry>()
            + 48
            + size_of::<Message>()
            + message.question.name.heap_len()
            + message.places.len() * size_of::<Place>();
        let rtype = type_of(message.kind, message.question.rtype);
        let rest = hash_rest(message.kind, rtype, message.question.class);
        let name = message.question.name.clone();
        self.put(place, rest, &name, Entry::Message(Box::new(message)), cost);
    }

    fn put(&mut self, place: Option<Place>, rest: u64, name: &Name, entry: Entry, cost: usize) -> Place {
        match place {
            Some(place) => {
                self.table.replace(place, entry, cost);
                place
            }
            None => self.table.insert(self.key.hash(name.as_wire(), rest), entry, cost),
        }
    }

    fn find_set(&self, owner: NameRef<'_>, rtype: RrType, class: Class, soa: bool) -> Option<Place> {
        let mut buffer = [0; 255];
        let wire = owner.wire_in(&mut buffer);
        let hash = self.key.hash(wire, hash_rest(kind_of(soa), rtype, class));
        self.table.find(hash, |entry| match entry {
            Entry::Set { set, negative, .. } => {
                let data = &set.data;
                *negative == soa
                    && data.rtype == rtype
                    && data.class == class
                    && data.owner.as_wire().eq_ignore_ascii_case(wire)
            }
            Entry::Message(_) => false,
        })
    }

    fn find_message(&self, kind: Kind, question: QuestionRef<'_>) -> Option<Place> {
        let mut buffer = [0; 255];
        let wire = question.name.wire_in(&mut buffer);
        let rtype = type_of(kind, question.rtype);
        let hash = self.key.hash(wire, hash_rest(kind, rtype, question.class));
        self.table.find(hash, |entry| match entry {
            Entry::Message(message) => {
                message.kind == kind
                    && type_of(kind, message.question.rtype) == rtype
                    && message.question.class == question.class
                    && message.question.name.as_wire().eq_ignore_ascii_case(wire)
            }
            Entry::Set { .. } => false,
        })
    }
}

/// An answer that is known, where it lies.
#[derive(Debug)]
pub struct Hit<'c> {
    table: &'c Table<Entry>,
    message: &'c Message,
    now: Time,
    /// It is past its time (RFC 8767).
    pub stale: bool,
}

impl<'c> Hit<'c> {
    /// How it went.
    #[must_use]
    pub fn rcode(&self) -> Rcode {
        self.message.rcode
    }

    /// What DNSSEC says of it: of the answer when it came, and of each RRset now.
    #[must_use]
    pub fn status(&self) -> Status {
        let [_, end] = self.message.starts;
        let sets = status_of(self.known(0, end).map(|(set, _)| set));
        sets.min(self.message.status)
    }

    /// How long it still holds, if that is little enough to ask again before somebody needs it.
    #[must_use]
    pub fn worth_refreshing(&self) -> Option<Duration> {
        (self.now >= self.message.refresh).then(|| self.message.expires - self.now)
    }

    pub(crate) fn answer(&self) -> impl Iterator<Item = (&'c SetData, u32)> {
        let [end, _] = self.message.starts;
        self.sets(0, end)
    }

    pub(crate) fn authority(&self) -> impl Iterator<Item = (&'c SetData, u32)> {
        let [start, end] = self.message.starts;
        self.sets(start, end)
    }

    pub(crate) fn additional(&self) -> impl Iterator<Item = (&'c SetData, u32)> {
        let [_, start] = self.message.starts;
        self.sets(start, usize::MAX)
    }

    fn sets(&self, start: usize, end: usize) -> impl Iterator<Item = (&'c SetData, u32)> {
        self.known(start, end).map(|(set, ttl)| (&*set.data, ttl))
    }

    fn known(&self, start: usize, end: usize) -> impl Iterator<Item = (&'c RrSet, u32)> {
        let (table, now, stale) = (self.table, self.now, self.stale);
        let places = self.message.places.iter().take(end).skip(start);
        places.filter_map(move |place| match table.at(*place) {
            // RFC 8767 section 4: stale data is told with 30 seconds.
            Some(Entry::Set { set, .. }) if stale => Some((set, 30)),
            Some(Entry::Set { set, expires, .. }) => Some((set, seconds(*expires, now))),
            _ => None,
        })
    }

    /// The sections, for who keeps them longer.
    #[must_use]
    pub fn sections(&self) -> Sections<RrSet> {
        let [authority, additional] = self.message.starts;
        let collect = |start, end| self.known(start, end).map(|(set, ttl)| set.with_ttl(ttl)).collect();
        Sections {
            answer: collect(0, authority),
            authority: collect(authority, additional),
            additional: collect(additional, usize::MAX),
        }
    }
}

/// What a name probably has that somebody asks everything of.
const LIKELY: [RrType; 8] =
    [RrType::A, RrType::AAAA, RrType::MX, RrType::HTTPS, RrType::TXT, RrType::SRV, RrType::NS, RrType::SOA];

/// That of the least; nothing is no proof.
fn status_of<'s>(sets: impl Iterator<Item = &'s RrSet>) -> Status {
    sets.map(|set| set.status).min().unwrap_or_default()
}

/// There are records of the type asked for, not just aliases that lead nowhere.
fn is_positive(rtype: RrType, rcode: Rcode, answer: &[RrSet]) -> bool {
    let found = |set: &RrSet| set.rtype() != RrType::CNAME || matches!(rtype, RrType::CNAME | RrType::ANY);
    rcode == Rcode::NOERROR && answer.last().is_some_and(found)
}

fn kind_of(negative: bool) -> Kind {
    if negative { Kind::Negative } else { Kind::RrSet }
}

/// NXDOMAIN is kept once for all types.
fn type_of(kind: Kind, rtype: RrType) -> RrType {
    if kind == Kind::NoSuchName { RrType(0) } else { rtype }
}

fn hash_rest(kind: Kind, rtype: RrType, class: Class) -> u64 {
    let kind = match kind {
        Kind::RrSet => 0,
        Kind::Negative => 1,
        Kind::Message => 2,
        Kind::NoSuchName => 3,
        Kind::Failure => 4,
    };
    kind << 32 | u64::from(rtype.0) << 16 | u64::from(class.0)
}

/// Whole seconds that are left.
fn seconds(until: Time, now: Time) -> u32 {
    u32::try_from((until - now).as_secs()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Rdata, Record};
    use alloc::vec;

    fn set(owner: &str, ttl: u32, rtype: RrType, text: &str) -> RrSet {
        let rdata = Rdata::of_text(rtype, text).unwrap();
        RrSet::of_records(&[Record { owner: owner.parse().unwrap(), ttl, rdata }]).unwrap()
    }

    fn ask(name: &str, rtype: RrType) -> Question {
        Question::new(name.parse().unwrap(), rtype)
    }

    fn known(cache: &mut Cache, owner: &str, rtype: RrType, at: u64) -> Option<u32> {
        let name: Name = owner.parse().unwrap();
        cache.rrset(name.as_name_ref(), rtype, Class::IN, Time::from_secs(at)).map(|(set, _)| set.ttl)
    }

    #[test]
    fn what_is_known_better_is_kept_and_what_is_known_as_well_does_not_live_longer() {
        let mut cache = Cache::new(1 << 20, [1, 2]);
        let first = set("a.", 100, RrType::A, "192.0.2.1");
        cache.store_rrset(&first, Rank::Answer, Time::ZERO);
        let worse = set("a.", 900, RrType::A, "192.0.2.9");
        assert_eq!(cache.store_rrset(&worse, Rank::AdditionalGlue, Time::ZERO), first);
        cache.store_rrset(&first.with_ttl(900), Rank::Answer, Time::from_secs(50));
        assert_eq!(known(&mut cache, "A.", RrType::A, 60), Some(40));
        assert_eq!(cache.store_rrset(&worse, Rank::Answer, Time::ZERO), worse);
        assert_eq!(cache.store_rrset(&first, Rank::AuthoritativeAnswer, Time::ZERO), first);
        // What is over is no better than anything.
        assert_eq!(cache.store_rrset(&worse, Rank::AdditionalGlue, Time::from_secs(100)), worse);
    }

    #[test]
    fn a_delegation_told_by_the_child_does_not_outlive_the_parents() {
        let mut cache = Cache::new(1 << 20, [1, 2]);
        cache.store_rrset(&set("a.", 100, RrType::NS, "ns.a."), Rank::Referral, Time::ZERO);
        for second in [10, 50, 90] {
            let text = ["ns1.a.", "ns2.a.", "ns3.a."][second / 40];
            let child = set("a.", 1_000, RrType::NS, text);
            cache.store_rrset(&child, Rank::AuthoritativeAnswer, Time::from_secs(second as u64));
        }
        assert_eq!(known(&mut cache, "a.", RrType::NS, 99), Some(1));
        assert_eq!(known(&mut cache, "a.", RrType::NS, 100), None);
    }

    #[test]
    fn nxdomain_is_known_for_every_type_and_falls_with_its_soa() {
        let mut cache = Cache::new(1 << 20, [1, 2]);
        let soa = set("example.", 60, RrType::SOA, "a. b. 1 2 3 4 5");
        let authority = vec![Ranked { set: soa, rank: Rank::Authority }];
        let sections = Sections { authority, ..Sections::new() };
        cache.store(&ask("x.example.", RrType::A), Rcode::NXDOMAIN, &sections, (Time::ZERO, Duration::ZERO));
        let other = ask("X.example.", RrType::MX);
        let hit = cache.lookup(other.as_question_ref(), Time::from_secs(59), Duration::ZERO).unwrap();
        assert_eq!((hit.rcode(), hit.sections().authority[0].ttl), (Rcode::NXDOMAIN, 1));
        assert!(cache.lookup(other.as_question_ref(), Time::from_secs(60), Duration::ZERO).is_none());
        let hour = Duration::from_secs(3600);
        assert!(cache.lookup(other.as_question_ref(), Time::from_secs(60), hour).unwrap().stale);
        // The SOA of nothing is not an answer to who asks for the SOA.
        assert_eq!(known(&mut cache, "example.", RrType::SOA, 0), None);
    }

    #[test]
    fn an_answer_shows_its_rrsets_as_they_are_known_now() {
        let mut cache = Cache::new(1 << 20, [1, 2]);
        let a = Ranked { set: set("a.", 300, RrType::A, "192.0.2.1"), rank: Rank::AuthoritativeAnswer };
        let ns = Ranked { set: set(".", 100, RrType::NS, "ns."), rank: Rank::Authority };
        let sections = Sections { answer: vec![a], authority: vec![ns], additional: vec![] };
        let question = ask("a.", RrType::A);
        cache.store(&question, Rcode::NOERROR, &sections, (Time::ZERO, Duration::ZERO));
        let hit = cache.lookup(question.as_question_ref(), Time::from_secs(95), Duration::ZERO).unwrap();
        assert_eq!(hit.worth_refreshing(), Some(Duration::from_secs(5)));
        let sections = hit.sections();
        assert_eq!((sections.answer[0].ttl, sections.authority[0].ttl), (205, 5));
        assert!(cache.lookup(question.as_question_ref(), Time::from_secs(100), Duration::ZERO).is_none());
    }

    #[test]
    fn failures_are_remembered_beside_the_answer() {
        let mut cache = Cache::new(1 << 20, [1, 2]);
        let question = ask("a.", RrType::A);
        cache.store_failure(&question, 22, Time::ZERO, Duration::from_secs(5));
        assert_eq!(cache.failure(question.as_question_ref(), Time::from_secs(4)), Some(22));
        assert_eq!(cache.failure(question.as_question_ref(), Time::from_secs(5)), None);
        assert!(cache.lookup(question.as_question_ref(), Time::ZERO, Duration::ZERO).is_none());
    }
}

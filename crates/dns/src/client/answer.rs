//! What became of a question: the records that a reply holds for it, and nothing else of that reply.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use bytes::Bytes;

use crate::{LimitKind, Message, Name, Question, Rcode, Record, ResolveError, RrType, limits};

/// Records, and how they were come by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What was asked for in the end: with its domain, if one of the search list was put behind it.
    pub name: Name,
    /// The aliases on the way, and the records that were asked for.
    pub records: Vec<Record>,
    /// The replies they were found in, and who sent them; none if it was known here.
    pub replies: Vec<(SocketAddr, Bytes)>,
}

impl Answer {
    /// The addresses among the records.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.records.iter().filter_map(address)
    }

    /// The name that the aliases lead to.
    #[must_use]
    pub fn canonical(&self) -> Name {
        let mut aliases = self.records.iter().filter(|record| record.rtype() == RrType::CNAME);
        let target = aliases.next_back().and_then(|record| record.rdata.as_rdata_ref().name());
        target.map_or_else(|| self.name.clone(), |target| target.to_name())
    }

    /// Both answers as one: those of two types of the same name.
    pub(super) fn merge(mut self, other: Answer) -> Answer {
        // Aliases are the same in both; there are few.
        let aliases = self.records.iter().take_while(|record| record.rtype() == RrType::CNAME).count();
        for record in other.records {
            let known = self.records.iter().take(aliases).any(|alias| *alias == record);
            if record.rtype() != RrType::CNAME || !known {
                self.records.push(record);
            }
        }
        self.replies.extend(other.replies);
        self
    }
}

fn address(record: &Record) -> Option<IpAddr> {
    let wire = record.rdata.as_wire();
    match record.rtype() {
        RrType::A => <[u8; 4]>::try_from(wire).ok().map(|octets| Ipv4Addr::from(octets).into()),
        RrType::AAAA => <[u8; 16]>::try_from(wire).ok().map(|octets| Ipv6Addr::from(octets).into()),
        _ => None,
    }
}

/// What a reply says to the question: its rcode comes first.
pub(super) fn of_reply(
    question: &Question,
    message: &Message<'_>,
    from: SocketAddr,
    bytes: Bytes,
) -> Result<Answer, ResolveError> {
    match message.rcode() {
        Rcode::NOERROR => {
            let records = follow(question, message)?;
            Ok(Answer { name: question.name.clone(), records, replies: alloc::vec![(from, bytes)] })
        }
        Rcode::NXDOMAIN => Err(ResolveError::NxDomain),
        Rcode::REFUSED => Err(ResolveError::Refused),
        _ => Err(ResolveError::ServFail(extended_error(message))),
    }
}

/// RFC 8914: why.
fn extended_error(message: &Message<'_>) -> Option<u16> {
    message.edns()?.options().find_map(|option| match option {
        crate::EdnsOption::ExtendedError(error) => Some(error.code),
        _ => None,
    })
}

/// The aliases from the name that was asked for (RFC 1034 section 3.6.2), and what is at their end. What a reply holds of other
/// names was not asked for.
fn follow(question: &Question, message: &Message<'_>) -> Result<Vec<Record>, ResolveError> {
    let (mut name, mut found) = (question.name.clone(), Vec::new());
    for _ in 0..=limits::ALIASES {
        let of_name = || {
            let same = |record: &crate::RecordRef<'_>| {
                record.class() == question.class && record.owner == name.as_name_ref()
            };
            message.answer().filter(same)
        };
        let wanted = of_name().filter(|record| is_wanted(question.rtype, record.rtype()));
        let before = found.len();
        found.extend(wanted.map(|record| owned(&name, record)));
        if found.len() > before {
            return Ok(found);
        }
        let Some(alias) = of_name().find(|record| record.rtype() == RrType::CNAME) else {
            return Err(ResolveError::NoData);
        };
        found.push(owned(&name, alias));
        name = alias.rdata.name().map(|target| target.to_name()).unwrap_or_default();
    }
    Err(ResolveError::LimitHit(LimitKind::Aliases))
}

/// In the case in which it was asked for, not in the one that was mixed for the server.
fn owned(name: &Name, record: crate::RecordRef<'_>) -> Record {
    Record { owner: name.clone(), ttl: record.effective_ttl(), rdata: record.rdata.to_rdata() }
}

fn is_wanted(asked: RrType, found: RrType) -> bool {
    found == asked || asked == RrType::ANY
}

//! Response rate limiting: a server that is asked in somebody else's name does not become his flood.
//!
//! The rule: per network of clients and answer, so many a second; of what is over, one in so many is said truncated, so
//! that a real client comes back by TCP. A table of a fixed size with a keyed hash: it neither grows nor can be steered.

use alloc::vec;
use alloc::vec::Vec;
use core::net::IpAddr;

use proto_core::Time;

use crate::{Flags, Header, Message, Name, NameRef, Rcode, RecordRef, RrType};

/// What to do with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Send it.
    Send,
    /// Send it without its records, truncated: see [`truncate`].
    Slip,
    /// Send nothing.
    Drop,
}

/// How much is too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Answers of one kind a second to one network. 5: nobody asks the same more often who keeps the answer.
    pub rate: u32,
    /// One in so many of those over the rate is truncated; 0: none is. 2: half of them.
    pub slip: u32,
    /// Seconds that a debt lasts at most. 15: a flood pauses, its source stays quiet.
    pub window: u32,
    /// Networks and answers remembered. 65536 take 1.5 MiB.
    pub slots: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { rate: 5, slip: 2, window: 15, slots: 65_536 }
    }
}

#[derive(Clone, Copy)]
struct Slot {
    key: u64,
    /// Answers left; below zero: over the rate.
    balance: i64,
    second: u64,
    over: u32,
}

/// The answers of late.
///
/// ```
/// use dns::{proto_core::Time, rrl::{Action, Limits, Rrl}};
/// let mut rrl = Rrl::new(Limits { rate: 1, ..Limits::default() }, 42);
/// # let reply = b"\0\x07\x84\0\0\x01\0\0\0\0\0\0\x03org\0\0\x01\0\x01";
/// let client = [192, 0, 2, 1].into();
/// let now = Time::from_secs(100);
/// let actions = [(); 3].map(|()| rrl.judge(client, reply, now));
/// assert_eq!(actions, [Action::Send, Action::Drop, Action::Slip]);
/// assert_eq!(rrl.judge([198, 51, 100, 1].into(), reply, now), Action::Send);
/// ```
pub struct Rrl {
    limits: Limits,
    slots: Vec<Slot>,
    seed: u64,
}

impl Rrl {
    /// `seed`: random, so that nobody outside can tell which networks share a slot.
    #[must_use]
    pub fn new(limits: Limits, seed: u64) -> Self {
        let slot = Slot { key: 0, balance: 0, second: 0, over: 0 };
        Rrl { limits, slots: vec![slot; limits.slots.max(1)], seed }
    }

    /// What to do with a reply by datagram to this client.
    pub fn judge(&mut self, client: IpAddr, reply: &[u8], now: Time) -> Action {
        self.weigh(self.key(client, reply, None), now)
    }

    /// The same for a reply that a [wildcard](crate::authority::Authority::wildcard) has made: all the names that it has are
    /// one answer, or there would be no end of them.
    pub fn judge_wildcard(&mut self, client: IpAddr, reply: &[u8], wildcard: &Name, now: Time) -> Action {
        self.weigh(self.key(client, reply, Some(wildcard.as_name_ref())), now)
    }

    fn weigh(&mut self, key: u64, now: Time) -> Action {
        if self.limits.rate == 0 {
            return Action::Send;
        }
        let second = now.as_nanos() / 1_000_000_000;
        let (rate, window) = (i64::from(self.limits.rate), i64::from(self.limits.window));
        let len = u64::try_from(self.slots.len()).unwrap_or(1);
        let at = usize::try_from(key.checked_rem(len).unwrap_or(0)).unwrap_or(0);
        let Some(slot) = self.slots.get_mut(at) else { return Action::Send };
        if slot.key != key {
            *slot = Slot { key, balance: rate, second, over: 0 };
        }
        let passed = i64::try_from(second.saturating_sub(slot.second)).unwrap_or(i64::MAX);
        slot.balance = passed.saturating_mul(rate).saturating_add(slot.balance).min(rate);
        slot.second = second;
        slot.balance = (slot.balance - 1).max(-rate * window.max(1));
        if slot.balance >= 0 {
            slot.over = 0;
            return Action::Send;
        }
        slot.over = slot.over.wrapping_add(1);
        let slips = slot.over.checked_rem(self.limits.slip) == Some(0);
        if slips { Action::Slip } else { Action::Drop }
    }

    /// The network and what it is told: all names that a zone does not have are one answer, and so are all errors, all names
    /// below a cut or a DNAME, and an alias, whatever is asked about it.
    fn key(&self, client: IpAddr, reply: &[u8], wildcard: Option<NameRef<'_>>) -> u64 {
        let network = match client.to_canonical() {
            IpAddr::V4(v4) => u64::from(v4.to_bits() >> 8),
            IpAddr::V6(v6) => u64::try_from(v6.to_bits() >> 72).unwrap_or(0) | 1 << 63,
        };
        let mut hash = mix(self.seed, network);
        let Ok(message) = Message::parse(reply) else { return mix(hash, 1) };
        let kind = match message.rcode() {
            Rcode::NOERROR => 2,
            Rcode::NXDOMAIN => 3,
            _ => return mix(hash, 1),
        };
        hash = mix(hash, kind);
        let told = |record: &RecordRef<'_>| matches!(record.rtype(), RrType::SOA | RrType::NS);
        let name = match (message.answer().next(), message.authority().find(told), message.question()) {
            (Some(first), ..) => {
                hash = mix(hash, first.rtype().0.into());
                wildcard.unwrap_or(first.owner)
            }
            (None, Some(authority), _) => authority.owner,
            (None, None, Some(question)) => {
                hash = mix(hash, question.rtype.0.into());
                question.name
            }
            (None, None, None) => return hash,
        };
        for label in name.labels() {
            hash =
                label.iter().fold(mix(hash, 256), |hash, octet| mix(hash, octet.to_ascii_lowercase().into()));
        }
        hash
    }
}

impl core::fmt::Debug for Rrl {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Rrl").field("limits", &self.limits).finish_non_exhaustive()
    }
}

fn mix(hash: u64, value: u64) -> u64 {
    let hash = (hash ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    hash ^ hash >> 29
}

/// Makes of a reply the one that says nothing but "ask by TCP": header and question, TC set. How long it is then.
#[must_use]
pub fn truncate(reply: &mut [u8]) -> usize {
    let Ok(message) = Message::parse(reply) else { return 0 };
    let question = message.question().map_or(0, |question| question.name.wire_len() + 4);
    let header = message.header();
    let flags = header.flags.with(Flags::TC);
    let cut = Header { answers: 0, authorities: 0, additionals: 0, flags, ..header };
    if let Some(place) = reply.first_chunk_mut() {
        *place = cut.encode();
    }
    Header::LEN + question
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Builder, Question, Rdata, Record, Section};
    use alloc::format;

    const REPLY: &[u8] = b"\0\x07\x84\0\0\x01\0\x01\0\0\0\0\x03org\0\0\x01\0\x01\xC0\x0C\0\x01\0\x01\0\0\0\x3C\0\x04\xC0\0\x02\x01";

    #[test]
    fn the_rate_comes_back_and_a_debt_is_bounded() {
        let mut rrl = Rrl::new(Limits { rate: 2, slip: 0, window: 2, slots: 16 }, 1);
        let mut judge = |second| rrl.judge([192, 0, 2, 1].into(), REPLY, Time::from_secs(second));
        assert_eq!([judge(10), judge(10), judge(10)], [Action::Send, Action::Send, Action::Drop]);
        assert_eq!([judge(11), judge(11)], [Action::Send, Action::Drop]);
        for _ in 0..100 {
            assert_eq!(judge(11), Action::Drop);
        }
        assert_eq!([judge(13), judge(14), judge(14)], [Action::Drop, Action::Send, Action::Drop]);
    }

    /// A reply of one record to a question of this type.
    fn told(asked: (&str, u16), record: (&str, RrType, &str)) -> Vec<u8> {
        let (mut out, mut header) = ([0; 512], Header::default());
        header.flags = Flags::QR;
        let mut builder = Builder::new(&mut out, header);
        let question = Question::new(asked.0.parse().unwrap(), RrType(asked.1));
        builder.push_question(question.as_question_ref()).unwrap();
        let (owner, rtype, text) = record;
        let rdata = Rdata::of_text(rtype, text).unwrap();
        let record = Record { owner: owner.parse().unwrap(), ttl: 60, rdata };
        builder.push_record(Section::Answer, record.as_record_ref()).unwrap();
        builder.finish().to_vec()
    }

    #[test]
    fn what_is_made_up_as_it_is_asked_for_is_one_answer() {
        let (client, now, star) = ([192, 0, 2, 1].into(), Time::from_secs(1), "*.example".parse().unwrap());
        let mut rrl = Rrl::new(Limits { rate: 1, slip: 0, ..Limits::default() }, 1);
        for (at, action) in [(1, Action::Send), (2, Action::Drop), (3, Action::Drop)] {
            let name = format!("n{at}.example");
            let wild = told((&name, 1), (&name, RrType::A, "192.0.2.7"));
            assert_eq!(rrl.judge_wildcard(client, &wild, &star, now), action, "a wildcard");
            assert_eq!(rrl.judge(client, &wild, now), Action::Send, "names of their own");
            let redirected = told((&name, 1), ("dname.example", RrType::DNAME, "example.net."));
            assert_eq!(rrl.judge(client, &redirected, now), action, "a DNAME");
            let alias = told(("alias.example", at), ("alias.example", RrType::CNAME, "example.net."));
            assert_eq!(rrl.judge(client, &alias, now), action, "an alias");
        }
    }

    #[test]
    fn a_network_is_one_client() {
        let mut rrl = Rrl::new(Limits { rate: 1, slip: 0, ..Limits::default() }, 1);
        let mut judge = |client: &str| rrl.judge(client.parse().unwrap(), REPLY, Time::from_secs(1));
        assert_eq!([judge("192.0.2.1"), judge("192.0.2.254")], [Action::Send, Action::Drop]);
        assert_eq!([judge("2001:db8::1"), judge("2001:db8:0:ff::1")], [Action::Send, Action::Drop]);
        assert_eq!([judge("192.0.3.1"), judge("2001:db8:0:100::1")], [Action::Send, Action::Send]);
    }

    #[test]
    fn a_truncated_reply_is_a_question_with_tc() {
        let mut reply = REPLY.to_vec();
        let len = truncate(&mut reply);
        let message = Message::parse(&reply[..len]).unwrap();
        assert!(message.flags().has(Flags::TC.with(Flags::AA)));
        assert_eq!(
            (message.answer().count(), message.question().unwrap().to_string().as_str()),
            (0, "org. IN A")
        );
        assert_eq!(truncate(&mut [0; 5]), 0);
    }
}

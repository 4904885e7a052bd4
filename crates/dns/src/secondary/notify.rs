//! Telling secondaries that a zone has changed (RFC 1996).
//!
//! The rule: a notification is repeated until it is answered, at growing intervals and not for ever; a newer one about
//! the same zone takes the place of one that is under way.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::BytesMut;
use proto_core::{DatagramEndpoint, Time, Transmit};
use thiserror::Error;

use crate::tsig::{Key, Session};
use crate::{
    Builder, Flags, Header, Message, Name, Opcode, Question, Rcode, Record, RecordRef, RrType, Section,
};

/// How long the first answer is waited for; each time twice as long.
const WAIT: Duration = Duration::from_secs(2);
/// How often it is said. RFC 1996 section 3.6 proposes 5.
const TRIES: u8 = 5;

/// What has become of a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notified<P> {
    /// Who was told.
    pub peer: P,
    /// About which zone.
    pub apex: Name,
    /// What the answer says; `None`: there was none.
    pub answer: Option<Rcode>,
}

/// A datagram that is no answer to what was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no answer to a notification")]
pub struct NotifyFault;

struct Pending<P> {
    peer: P,
    key: Option<Key>,
    soa: Record,
    id: u16,
    session: Option<Session>,
    tries: u8,
    due: Time,
}

/// Notifies any number of secondaries of any number of zones.
///
/// ```
/// use bytes::BytesMut;
/// use dns::proto_core::{DatagramEndpoint as _, Time};
/// use dns::{Class, Message, Opcode, Rdata, Record, RrType, secondary::Notifier};
/// let rdata = Rdata::of_text(RrType::SOA, "ns.example.org. host.example.org. 7 1 2 3 4")?;
/// let soa = Record { owner: "example.org".parse()?, ttl: 60, rdata };
/// let mut notifier = Notifier::new(1_700_000_000, 42);
/// notifier.notify("the secondary", None, soa.as_record_ref(), Time::ZERO);
/// let mut out = BytesMut::new();
/// let transmit = notifier.poll_transmit(Time::ZERO, &mut out).unwrap();
/// assert_eq!(transmit.to, "the secondary");
/// assert_eq!(Message::parse(&out)?.opcode(), Opcode::NOTIFY);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Notifier<P> {
    epoch: u64,
    random: u64,
    pending: Vec<Pending<P>>,
    events: Vec<Notified<P>>,
}

impl<P: Copy + Eq> Notifier<P> {
    /// `epoch`: seconds since 1970 at the origin of time; `seed`: random, ids are made of it.
    #[must_use]
    pub fn new(epoch: u64, seed: u64) -> Self {
        Notifier { epoch, random: seed, pending: Vec::new(), events: Vec::new() }
    }

    /// Says to `peer` that the zone has this SOA record now, signed if there is a key.
    pub fn notify(&mut self, peer: P, key: Option<&Key>, soa: RecordRef<'_>, now: Time) {
        let soa = soa.to_record();
        self.pending.retain(|other| other.peer != peer || other.soa.owner != soa.owner);
        self.random = self.random.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        let [.., high, low] = (self.random >> 32).to_be_bytes();
        let id = u16::from_be_bytes([high, low]);
        self.pending.push(Pending { peer, key: key.cloned(), soa, id, session: None, tries: 0, due: now });
    }

    /// Notifications without an answer.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.pending.len()
    }

    fn unix(&self, now: Time) -> u64 {
        self.epoch.saturating_add((now - Time::ZERO).as_secs())
    }
}

impl<P: Copy + Eq> DatagramEndpoint for Notifier<P> {
    type Event = Notified<P>;
    type Error = NotifyFault;
    type Peer = P;

    /// RFC 1996 section 3.6 to 4.8: the answer has our id, QR and the opcode; of one that is not proven, nothing is known.
    fn handle(&mut self, from: P, datagram: &[u8], now: Time) -> Result<(), NotifyFault> {
        let unix = self.unix(now);
        let message = Message::parse(datagram).map_err(|_| NotifyFault)?;
        if !message.header().is_response() || message.opcode() != Opcode::NOTIFY {
            return Err(NotifyFault);
        }
        let is =
            |pending: &Pending<P>| pending.peer == from && pending.id == message.id() && pending.tries > 0;
        let at = self.pending.iter().position(is).ok_or(NotifyFault)?;
        let pending = self.pending.get_mut(at).ok_or(NotifyFault)?;
        if let Some(session) = &mut pending.session {
            session.verify(&message, unix).map_err(|_| NotifyFault)?;
        }
        let pending = self.pending.swap_remove(at);
        let (apex, answer) = (pending.soa.owner, Some(message.rcode()));
        self.events.push(Notified { peer: from, apex, answer });
        Ok(())
    }

    fn poll_transmit(&mut self, now: Time, out: &mut BytesMut) -> Option<Transmit<P>> {
        let unix = self.unix(now);
        let pending = self.pending.iter_mut().find(|pending| pending.due <= now && pending.tries < TRIES)?;
        pending.due = now + WAIT.saturating_mul(1 << pending.tries);
        pending.tries += 1;
        let mut buffer = vec![0; 1232];
        let len = pending.write(&mut buffer, unix);
        let bytes = buffer.get(..len).unwrap_or_default();
        out.extend_from_slice(bytes);
        Some(Transmit { to: pending.peer, len })
    }

    fn poll_event(&mut self) -> Option<Notified<P>> {
        self.events.pop()
    }

    fn deadline(&self) -> Option<Time> {
        self.pending.iter().map(|pending| pending.due).min()
    }

    /// Who has not answered the last try by now never will.
    fn handle_deadline(&mut self, now: Time) -> Result<(), NotifyFault> {
        let events = &mut self.events;
        self.pending.retain(|pending| {
            let over = pending.tries >= TRIES && pending.due <= now;
            if over {
                let apex = pending.soa.owner.clone();
                events.push(Notified { peer: pending.peer, apex, answer: None });
            }
            !over
        });
        Ok(())
    }
}

impl<P> Pending<P> {
    /// RFC 1996 section 3.7: the SOA record is a hint.
    fn write(&mut self, out: &mut [u8], unix: u64) -> usize {
        let header = Header::query(self.id, Opcode::NOTIFY);
        let header = Header { flags: header.flags.with(Flags::AA), ..header };
        let mut builder = Builder::new(out, header);
        // Two names and an SOA are shorter than 1232 octets.
        let question = Question::new(self.soa.owner.clone(), RrType::SOA);
        let _ = builder.push_question(question.as_question_ref());
        let _ = builder.push_record(Section::Answer, self.soa.as_record_ref());
        let len = builder.finish().len();
        let Some(key) = &self.key else { return len };
        let Some((session, len)) = Session::request(key, out, len, unix) else { return len };
        self.session = Some(session);
        len
    }
}

impl<P> core::fmt::Debug for Notifier<P> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Notifier").field("waiting", &self.pending.len()).finish_non_exhaustive()
    }
}

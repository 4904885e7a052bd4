//! A secondary against a primary of few lines, in memory: what is asked, when, and what becomes of the copy.

mod zones;

use std::time::Duration;

use bytes::BytesMut;
use dns::proto_core::{DatagramEndpoint as _, Time};
use dns::secondary::{Change, Event, Limits, Notified, Notifier, Secondary, Via};
use dns::tsig::{Algorithm, Key, verify_request};
use dns::xfr::Outgoing;
use dns::zone::{Zone, ZoneDiff};
use dns::{Builder, Flags, Header, Message, Name, Opcode, Rcode, Record, RrType, Section};

const UNIX: u64 = 1_700_000_000;

fn apex() -> Name {
    "example.org".parse().unwrap()
}

fn zone(serial: u32, more: &str) -> Zone {
    let text = format!("$TTL 60\n@ SOA ns host {serial} 100 20 1000 60\n@ NS ns\nns A 192.0.2.1\n{more}");
    zones::read("example.org", &text).unwrap()
}

fn records(zone: &Zone) -> Vec<String> {
    let soa = zone.soa().unwrap().1.to_string();
    let mut all: Vec<_> = zone.records().map(|record| record.to_string()).chain([soa]).collect();
    all.sort();
    all
}

/// Answers as a primary with this zone would, in messages of 512 octets.
fn primary(query: &[u8], zone: &Zone, history: &[ZoneDiff], key: Option<&Key>) -> Vec<Vec<u8>> {
    let message = Message::parse(query).unwrap();
    let mut session =
        key.map(|key| verify_request(&message, std::slice::from_ref(key), UNIX).unwrap().unwrap());
    let (mut replies, mut out) = (Vec::new(), [0; 512]);
    let mut sign = |out: &mut [u8], len: usize| {
        session.as_mut().map_or(len, |session| session.sign(out, len, UNIX).unwrap())
    };
    if message.question().unwrap().rtype == RrType::SOA {
        let mut builder = Builder::new(&mut out, message.header().reply(Rcode::NOERROR));
        builder.push_question(message.question().unwrap()).unwrap();
        let (rrset, rdata) = zone.soa().unwrap();
        builder.try_push_rrset(Section::Answer, zone.apex().into(), rrset.ttl(), [rdata]).unwrap();
        let len = builder.finish().len();
        let len = sign(&mut out, len);
        return vec![out[..len].to_vec()];
    }
    let mut transfer = Outgoing::new(&message, zone, history).unwrap();
    while let Some(len) = transfer.next(&mut out, 150) {
        let len = sign(&mut out, len);
        replies.push(out[..len].to_vec());
    }
    replies
}

fn secondary(key: Option<Key>) -> Secondary {
    Secondary::new(apex(), key, Limits::default(), UNIX, 42)
}

fn sent(secondary: &mut Secondary) -> (Via, Vec<u8>) {
    match secondary.poll_event() {
        Some(Event::Send { via, bytes }) => (via, bytes),
        other => panic!("{other:?}"),
    }
}

fn asked(bytes: &[u8]) -> RrType {
    Message::parse(bytes).unwrap().question().unwrap().rtype
}

/// Lets it ask until it waits; what it has applied.
fn refresh(
    secondary: &mut Secondary,
    zone: &Zone,
    history: &[ZoneDiff],
    key: Option<&Key>,
    now: Time,
) -> (Vec<RrType>, Vec<Change>) {
    let (mut questions, mut changes) = (Vec::new(), Vec::new());
    secondary.handle_deadline(now);
    while let Some(event) = secondary.poll_event() {
        match event {
            Event::Send { via, bytes } => {
                questions.push(asked(&bytes));
                for reply in primary(&bytes, zone, history, key) {
                    secondary.receive(via, &reply, now);
                }
            }
            Event::Apply(change) => changes.push(change),
            Event::Close | Event::Fresh => {}
            Event::Expired => panic!("expired"),
        }
    }
    (questions, changes)
}

fn whole(changes: Vec<Change>) -> Zone {
    match changes.into_iter().next() {
        Some(Change::Whole(zone)) => *zone,
        other => panic!("{other:?}"),
    }
}

fn change(from: &Zone, to: &Zone) -> ZoneDiff {
    let all = |zone: &Zone| -> Vec<Record> {
        let (rrset, rdata) = zone.soa().unwrap();
        let soa = Record { owner: apex(), ttl: rrset.ttl(), rdata: rdata.to_rdata() };
        std::iter::once(soa).chain(zone.records().map(|record| record.to_record())).collect()
    };
    let (old, new) = (all(from), all(to));
    ZoneDiff {
        removed: old.iter().filter(|record| !new.contains(record)).cloned().collect(),
        added: new.iter().filter(|record| !old.contains(record)).cloned().collect(),
    }
}

#[test]
fn the_first_copy_is_a_whole_one_and_the_next_are_changes() {
    for key in [None, Some(Key::new("key".parse().unwrap(), Algorithm::HmacSha256, b"secret"))] {
        let mut secondary = secondary(key.clone());
        let many: String = (0..100).map(|n| format!("h{n} A 192.0.2.{n}\n")).collect();
        let first = zone(1, &many);
        let (questions, changes) = refresh(&mut secondary, &first, &[], key.as_ref(), Time::ZERO);
        assert_eq!(questions, [RrType::AXFR]);
        let copy = whole(changes);
        assert_eq!(records(&copy), records(&first));
        assert_eq!(secondary.deadline(), Some(Time::from_secs(100)), "REFRESH");

        let (questions, changes) = refresh(&mut secondary, &first, &[], key.as_ref(), Time::from_secs(100));
        assert_eq!((questions, changes.len()), (vec![RrType::SOA], 0));

        let second = zone(2, "new A 192.0.2.9\n");
        let history = [change(&first, &second)];
        let (questions, changes) =
            refresh(&mut secondary, &second, &history, key.as_ref(), Time::from_secs(200));
        assert_eq!(questions, [RrType::SOA, RrType::IXFR]);
        let Some(Change::Diffs(diffs)) = changes.first() else { panic!("{changes:?}") };
        let copy = diffs.iter().fold(copy, |copy, diff| copy.with(diff).unwrap());
        assert_eq!(records(&copy), records(&second));
    }
}

#[test]
fn a_primary_that_does_not_answer_is_asked_again_and_at_last_the_copy_expires() {
    let mut secondary = secondary(None);
    let first = zone(1, "");
    refresh(&mut secondary, &first, &[], None, Time::ZERO);
    let mut log = Vec::new();
    loop {
        let now = secondary.deadline().unwrap();
        secondary.handle_deadline(now);
        while let Some(event) = secondary.poll_event() {
            match event {
                Event::Send { via: Via::Datagram, .. } => {}
                Event::Send { via: Via::Stream, bytes } => {
                    log.push((now.as_nanos() / 1_000_000_000, asked(&bytes)));
                    secondary.failed(Via::Stream, now);
                }
                Event::Expired => {
                    assert_eq!(now, Time::from_secs(1000));
                    assert_eq!(log.first(), Some(&(106, RrType::IXFR)), "three tries of 2 s by datagram");
                    assert_eq!(log.get(1), Some(&(106, RrType::AXFR)));
                    assert_eq!(log.get(2), Some(&(132, RrType::IXFR)), "RETRY and three tries later");
                    return;
                }
                _ => {}
            }
        }
    }
}

#[test]
fn a_copy_from_before_is_asked_about_at_once_and_is_as_old_as_it_is() {
    let now = Time::from_secs(5);
    let mut secondary = secondary(None).with_copy(&zone(7, ""), Duration::from_secs(900), now);
    secondary.handle_deadline(now);
    let (via, bytes) = sent(&mut secondary);
    assert_eq!((via, asked(&bytes)), (Via::Datagram, RrType::SOA));
    let mut expired = None;
    while expired.is_none() {
        let now = secondary.deadline().unwrap();
        secondary.handle_deadline(now);
        while let Some(event) = secondary.poll_event() {
            match event {
                Event::Expired => expired = Some(now),
                Event::Send { via, .. } => secondary.failed(via, now),
                _ => {}
            }
        }
    }
    assert_eq!(expired, Some(Time::from_secs(105)));
}

#[test]
fn news_are_looked_after_at_once_and_old_ones_are_not() {
    let mut secondary = secondary(None);
    let first = zone(5, "");
    refresh(&mut secondary, &first, &[], None, Time::ZERO);
    secondary.notified(Some(5), Time::from_secs(1));
    assert!(secondary.poll_event().is_none());
    secondary.notified(Some(6), Time::from_secs(1));
    let (via, bytes) = sent(&mut secondary);
    // More news come while the first are looked after.
    secondary.notified(Some(7), Time::from_secs(1));
    let reply = primary(&bytes, &first, &[], None);
    secondary.receive(via, &reply[0], Time::from_secs(1));
    assert!(matches!(secondary.poll_event(), Some(Event::Fresh)));
    assert_eq!(asked(&sent(&mut secondary).1), RrType::SOA);
}

#[test]
fn what_does_not_belong_here_is_not_believed() {
    let key = Key::new("key".parse().unwrap(), Algorithm::HmacSha256, b"secret");
    let other = Key::new("key".parse().unwrap(), Algorithm::HmacSha256, b"another");
    let mut secondary = secondary(Some(key.clone()));
    let first = zone(5, "");
    refresh(&mut secondary, &first, &[], Some(&key), Time::ZERO);
    let now = Time::from_secs(100);
    secondary.handle_deadline(now);
    let (via, bytes) = sent(&mut secondary);
    let newer = zone(6, "");
    let good = primary(&bytes, &newer, &[], Some(&key)).remove(0);
    let mut wrong_id = good.clone();
    wrong_id[1] ^= 1;
    let mut wrong_octet = good.clone();
    wrong_octet[60] ^= 1;
    for forged in [&wrong_id[..], &wrong_octet, &good[..30], b"", &bytes] {
        secondary.receive(via, forged, now);
        assert!(secondary.poll_event().is_none());
    }
    let _ = other;
    secondary.receive(via, &good, now);
    let (via, bytes) = sent(&mut secondary);
    assert_eq!((via, asked(&bytes)), (Via::Stream, RrType::IXFR));
    // A transfer by whoever has no key comes to nothing, the copy stays, a whole one is tried.
    let unsigned = Message::parse(&bytes).unwrap();
    let mut out = [0; 512];
    let len = Outgoing::new(&unsigned, &newer, &[]).unwrap().next(&mut out, 0).unwrap();
    secondary.receive(via, &out[..len], now);
    assert!(matches!(secondary.poll_event(), Some(Event::Close)));
    assert_eq!(asked(&sent(&mut secondary).1), RrType::AXFR);
}

#[test]
fn a_refused_transfer_is_tried_again_later() {
    let mut secondary = secondary(None);
    let mut waits = Vec::new();
    let mut now = Time::ZERO;
    for _ in 0..9 {
        secondary.handle_deadline(now);
        let (via, bytes) = sent(&mut secondary);
        let mut out = [0; 512];
        let query = Message::parse(&bytes).unwrap();
        let len = Builder::new(&mut out, query.header().reply(Rcode::REFUSED)).finish().len();
        secondary.receive(via, &out[..len], now);
        assert!(matches!(secondary.poll_event(), Some(Event::Close)));
        let next = secondary.deadline().unwrap();
        waits.push((next - now).as_secs());
        now = next;
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
}

fn answer(datagram: &[u8]) -> Vec<u8> {
    let message = Message::parse(datagram).unwrap();
    let mut out = [0; 512];
    let mut builder = Builder::new(&mut out, message.header().reply(Rcode::NOERROR));
    builder.push_question(message.question().unwrap()).unwrap();
    builder.finish().to_vec()
}

#[test]
fn a_notification_is_repeated_until_it_is_answered() {
    let zone = zone(5, "");
    let (rrset, rdata) = zone.soa().unwrap();
    let soa = dns::RecordRef { owner: zone.apex().into(), ttl: rrset.ttl(), rdata };
    let mut notifier = Notifier::new(UNIX, 1);
    let (mut now, mut out) = (Time::ZERO, BytesMut::new());
    notifier.notify(1, None, soa, now);
    notifier.notify(2, None, soa, now);
    let mut times = Vec::new();
    while notifier.waiting() > 0 {
        out.clear();
        while let Some(transmit) = notifier.poll_transmit(now, &mut out) {
            let datagram = &out[out.len() - transmit.len..];
            let message = Message::parse(datagram).unwrap();
            assert_eq!((message.opcode(), message.flags().has(Flags::AA)), (Opcode::NOTIFY, true));
            assert_eq!(message.answer().next().unwrap().rtype(), RrType::SOA);
            if transmit.to == 2 {
                assert!(notifier.handle(1, &answer(datagram), now).is_err(), "from somebody else");
                notifier.handle(2, &answer(datagram), now).unwrap();
            } else {
                times.push((now - Time::ZERO).as_secs());
            }
        }
        if let Some(next) = notifier.deadline() {
            now = next;
            notifier.handle_deadline(now).unwrap();
        }
    }
    assert_eq!(times, [0, 2, 6, 14, 30]);
    let mut outcomes = Vec::new();
    while let Some(Notified { peer, answer, .. }) = notifier.poll_event() {
        outcomes.push((peer, answer));
    }
    outcomes.sort_by_key(|(peer, _)| *peer);
    assert_eq!(outcomes, [(1, None), (2, Some(Rcode::NOERROR))]);
    assert_eq!(Header::query(0, Opcode::NOTIFY).opcode(), Opcode::NOTIFY);
}

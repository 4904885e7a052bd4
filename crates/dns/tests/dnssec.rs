//! Answers of signed zones, judged from the root's key on; `tests/dnssec/hierarchy.rs` tells of the zones.

#![cfg(feature = "dnssec")]

#[path = "dnssec/hierarchy.rs"]
mod hierarchy;

use std::cell::Cell;
use std::net::IpAddr;

use dns::authority::{Authority, ClientCtx, Verdict as Reply};
use dns::dnssec::{Fault, Security, Validator, Verdict, Verifier, ds_of};
use dns::zonefile::Parser;
use dns::{
    Builder, EdnsHeader, Header, Message, Name, Opcode, Question, Rcode, Rdata, Record, RecordRef, RrType,
    Section,
};

use hierarchy::{NOW, Ring, root_key, zones};

/// All of it on one server.
fn authority() -> (Authority, Rdata) {
    let mut authority = Authority::new();
    zones().into_iter().for_each(|(_, zone)| authority.add(zone));
    (authority, root_key())
}

fn ask(authority: &Authority, question: &Question) -> Vec<u8> {
    let mut bytes = [0; 512];
    let mut builder = Builder::new(&mut bytes, Header::query(7, Opcode::QUERY));
    builder.push_question(question.as_question_ref()).unwrap();
    builder.push_edns(&EdnsHeader { dnssec_ok: true, ..EdnsHeader::new(1232) }, &[]).unwrap();
    let query = builder.finish().to_vec();
    let mut out = vec![0; 65_535];
    let ctx = ClientCtx::stream("198.51.100.1".parse::<IpAddr>().unwrap(), 4000);
    match authority.answer(&query, &ctx, &mut out) {
        Reply::Reply(len) => out[..len].to_vec(),
        other => panic!("{other:?}"),
    }
}

fn question(name: &str, rtype: RrType) -> Question {
    Question::new(name.parse().unwrap(), rtype)
}

/// Asks for what is needed until it is known what to think of `answer`.
fn judged(
    authority: &Authority,
    validator: &mut Validator<impl Verifier>,
    question: &Question,
    answer: &[u8],
) -> Security {
    let answer = Message::parse(answer).unwrap();
    for _ in 0..20 {
        match validator.judge(question, &answer, NOW) {
            Verdict::Known(security, ttl) => {
                assert!(ttl <= 86_400);
                return security;
            }
            Verdict::Need(first) => {
                let reply = ask(authority, &first);
                validator.learn(&first, &Message::parse(&reply).unwrap(), NOW);
            }
        }
    }
    panic!("no end of questions about {question}");
}

fn validator(anchor: &Rdata) -> Validator<Ring> {
    let mut validator = Validator::new(Ring);
    validator.trust(Name::ROOT, ds_of(Name::ROOT.as_name_ref(), &anchor.as_rdata_ref(), 2).unwrap());
    validator
}

#[test]
fn every_kind_of_answer_is_judged_as_it_deserves() {
    let (authority, anchor) = authority();
    let mut remembering = validator(&anchor);
    for (name, rtype, expected) in [
        (".", RrType::SOA, Security::Secure),
        ("www.test", RrType::A, Security::Secure),
        ("WWW.Test", RrType::A, Security::Secure),
        ("www.test", RrType::AAAA, Security::Secure),
        ("nope.test", RrType::A, Security::Secure),
        ("a.nope.test", RrType::A, Security::Secure),
        ("er.test", RrType::TXT, Security::Secure),
        ("x.wild.test", RrType::TXT, Security::Secure),
        ("x.y.wild.test", RrType::TXT, Security::Secure),
        ("x.wild.test", RrType::A, Security::Secure),
        ("plain.test", RrType::DS, Security::Secure),
        ("nsec3.test", RrType::DS, Security::Secure),
        ("nonsense", RrType::A, Security::Secure),
        ("www.nsec3.test", RrType::A, Security::Secure),
        ("www.nsec3.test", RrType::MX, Security::Secure),
        ("nope.nsec3.test", RrType::A, Security::Secure),
        ("b.c.nsec3.test", RrType::A, Security::Secure),
        ("x.wild.nsec3.test", RrType::TXT, Security::Secure),
        ("x.wild.nsec3.test", RrType::A, Security::Secure),
        ("x.y.wild.nsec3.test", RrType::TXT, Security::Secure),
        ("alias.test", RrType::A, Security::Secure),
        ("alias.test", RrType::AAAA, Security::Secure),
        ("lost.test", RrType::A, Security::Secure),
        ("www.old.test", RrType::A, Security::Secure),
        ("away.test", RrType::A, Security::Insecure),
        ("www.plain.test", RrType::A, Security::Insecure),
        ("nope.plain.test", RrType::A, Security::Insecure),
        ("ns.optout.test", RrType::A, Security::Secure),
        ("ns.child.optout.test", RrType::A, Security::Insecure),
        ("nope.optout.test", RrType::A, Security::Insecure),
        ("www.many.test", RrType::A, Security::Secure),
        ("nope.many.test", RrType::A, Security::Insecure),
        ("www.unknown.test", RrType::A, Security::Insecure),
        ("www.expired.test", RrType::A, Security::Bogus(Fault::Expired)),
        ("nope.expired.test", RrType::A, Security::Bogus(Fault::Expired)),
    ] {
        let question = question(name, rtype);
        let answer = ask(&authority, &question);
        for validator in [&mut validator(&anchor), &mut remembering] {
            let security = judged(&authority, validator, &question, &answer);
            assert_eq!(security, expected, "{question}\n{:#?}", Message::parse(&answer).unwrap().answer());
        }
    }
}

/// The answer without the records that `keep` refuses.
fn without(answer: &[u8], keep: impl Fn(Section, &RecordRef<'_>) -> bool) -> Vec<u8> {
    let message = Message::parse(answer).unwrap();
    let mut out = vec![0; 65_535];
    let mut builder = Builder::new(&mut out, Header { flags: message.flags(), ..message.header() });
    builder.push_question(message.question().unwrap()).unwrap();
    for section in Section::ALL {
        for record in message.section(section).filter(|record| keep(section, record)) {
            builder.push_record(section, record).unwrap();
        }
    }
    builder.finish().to_vec()
}

#[test]
fn what_is_taken_away_or_changed_makes_an_answer_bogus() {
    let (authority, anchor) = authority();
    let is_proof = |record: &RecordRef<'_>| {
        let of_nsec =
            |rrsig: dns::rdata::Rrsig<'_>| matches!(rrsig.type_covered, RrType::NSEC | RrType::NSEC3);
        matches!(record.rtype(), RrType::NSEC | RrType::NSEC3) || record.rdata.rrsig().is_some_and(of_nsec)
    };
    for (name, rtype) in [
        ("www.test", RrType::A),
        ("nope.test", RrType::A),
        ("x.wild.test", RrType::TXT),
        ("nope.nsec3.test", RrType::A),
        ("x.wild.nsec3.test", RrType::TXT),
        ("ns.optout.test", RrType::A),
    ] {
        let question = question(name, rtype);
        let answer = ask(&authority, &question);
        let judge = |answer: &[u8]| judged(&authority, &mut validator(&anchor), &question, answer);
        assert_eq!(judge(&answer), Security::Secure);
        let unsigned = without(&answer, |_, record| record.rtype() != RrType::RRSIG);
        assert!(matches!(judge(&unsigned), Security::Bogus(_)), "{question} unsigned");
        let empty =
            without(&answer, |section, _| section != Section::Answer && section != Section::Authority);
        assert!(matches!(judge(&empty), Security::Bogus(_)), "{question} empty");
        let message = Message::parse(&answer).unwrap();
        if message.authority().any(|record| is_proof(&record)) {
            let unproven = without(&answer, |_, record| !is_proof(record));
            assert_eq!(judge(&unproven), Security::Bogus(Fault::NsecMissing), "{question} unproven");
        }
    }
}

/// Each octet of an answer changed: it is bogus, or says the same (letters of names that compare alike, a TTL, flags), or
/// is no message any more. Never is anything else secure.
#[test]
fn no_octet_can_be_changed_unnoticed() {
    let (authority, anchor) = authority();
    let said = |answer: &[u8]| {
        let message = Message::parse(answer).unwrap();
        let records = message.answer().filter(|record| record.rtype() != RrType::RRSIG);
        let mut said: Vec<_> =
            records.map(|record| (record.owner.to_name(), record.rdata.to_rdata())).collect();
        said.sort_by_key(|(owner, rdata)| (owner.clone(), rdata.as_wire().to_vec()));
        said
    };
    for (name, rtype) in [("www.test", RrType::A), ("x.wild.nsec3.test", RrType::TXT)] {
        let question = question(name, rtype);
        let answer = ask(&authority, &question);
        let mut validator = validator(&anchor);
        judged(&authority, &mut validator, &question, &answer);
        let question_end = 12 + question.name.as_wire().len() + 4;
        for at in question_end..answer.len() {
            let mut changed = answer.clone();
            changed[at] ^= 0x15;
            if Message::parse(&changed).is_err() {
                continue;
            }
            let message = Message::parse(&changed).unwrap();
            if let Verdict::Known(Security::Secure, _) = validator.judge(&question, &message, NOW) {
                assert_eq!(said(&changed), said(&answer), "octet {at} of {question}");
            }
        }
    }
}

#[test]
fn time_is_a_serial_number_and_a_signature_has_its_days() {
    let (authority, anchor) = authority();
    let question = question("www.test", RrType::A);
    let answer = ask(&authority, &question);
    let at = |now: u64| {
        let mut validator = validator(&anchor);
        loop {
            match validator.judge(&question, &Message::parse(&answer).unwrap(), now) {
                Verdict::Known(security, _) => return security,
                Verdict::Need(first) => {
                    validator.learn(&first, &Message::parse(&ask(&authority, &first)).unwrap(), now);
                }
            }
        }
    };
    assert_eq!(at(NOW), Security::Secure);
    assert_eq!(at(1_577_836_799), Security::Bogus(Fault::NotYetValid)); // the last second of 2019
    assert_eq!(at(1_577_836_800), Security::Secure);
    assert_eq!(at(NOW + (1 << 32)), Security::Secure); // 136 years on the same number comes again
    assert_eq!(at(3_700_000_000), Security::Bogus(Fault::Expired));
}

#[test]
fn who_trusts_nobody_or_the_wrong_key_proves_nothing() {
    let (authority, anchor) = authority();
    let question = question("www.test", RrType::A);
    let answer = ask(&authority, &question);
    assert_eq!(judged(&authority, &mut Validator::new(Ring), &question, &answer), Security::Insecure);

    let mut wrong = anchor.as_wire().to_vec();
    *wrong.last_mut().unwrap() ^= 1;
    let wrong = Rdata::from_wire(RrType::DNSKEY, dns::Class::IN, &wrong).unwrap();
    let security = judged(&authority, &mut validator(&wrong), &question, &answer);
    assert_eq!(security, Security::Bogus(Fault::DnskeyMissing));

    // The key itself is as good an anchor as its digest; one for a part of the tree leaves the rest insecure.
    let mut itself = Validator::new(Ring);
    itself.trust(Name::ROOT, anchor.clone());
    assert_eq!(judged(&authority, &mut itself, &question, &answer), Security::Secure);
    let mut elsewhere = Validator::new(Ring);
    elsewhere.trust("other".parse().unwrap(), anchor);
    assert_eq!(judged(&authority, &mut elsewhere, &question, &answer), Security::Insecure);
}

#[test]
fn an_answer_that_is_not_to_be_had_makes_what_depends_on_it_bogus() {
    let (authority, anchor) = authority();
    let question = question("www.test", RrType::A);
    let answer = ask(&authority, &question);
    let mut validator = validator(&anchor);
    let Verdict::Need(first) = validator.judge(&question, &Message::parse(&answer).unwrap(), NOW) else {
        panic!()
    };
    assert_eq!(first, Question::new(Name::ROOT, RrType::DNSKEY));
    validator.unknown(&first, NOW);
    let bogus = Verdict::Known(Security::Bogus(Fault::DnskeyMissing), 5);
    assert_eq!(validator.judge(&question, &Message::parse(&answer).unwrap(), NOW), bogus);
    // Not for ever.
    assert_eq!(judged(&authority, &mut validator, &question, &answer), Security::Bogus(Fault::DnskeyMissing));
    let later = validator.judge(&question, &Message::parse(&answer).unwrap(), NOW + 5);
    assert_eq!(later, Verdict::Need(first));
}

struct Counting(Cell<u32>);

impl Verifier for Counting {
    fn knows(&self, algorithm: u8) -> bool {
        Ring.knows(algorithm)
    }

    fn verify(&self, algorithm: u8, key: &[u8], signed: &[u8], proof: &[u8]) -> bool {
        self.0.set(self.0.get() + 1);
        Ring.verify(algorithm, key, signed, proof)
    }
}

/// CVE-2023-50387: a hundred signatures, all made with the right key by what they say.
#[test]
fn signatures_without_number_are_not_all_tried() {
    let (authority, anchor) = authority();
    let question = question("www.test", RrType::A);
    let answer = ask(&authority, &question);
    let counting = Counting(Cell::new(0));
    let mut validator = Validator::new(&counting);
    validator.trust(Name::ROOT, anchor);
    assert_eq!(judged(&authority, &mut validator, &question, &answer), Security::Secure);

    let message = Message::parse(&answer).unwrap();
    let mut out = vec![0; 65_535];
    let mut builder = Builder::new(&mut out, Header { flags: message.flags(), ..message.header() });
    builder.push_question(message.question().unwrap()).unwrap();
    for record in message.answer() {
        let mut wire = record.rdata.to_rdata().as_wire().to_vec();
        for n in 0..if record.rtype() == RrType::RRSIG { 100 } else { 1 } {
            if record.rtype() == RrType::RRSIG {
                *wire.last_mut().unwrap() = 100 + n; // never that of a valid one
            }
            let rdata = Rdata::from_wire(record.rtype(), record.class(), &wire).unwrap();
            let record = RecordRef { rdata: rdata.as_rdata_ref(), ..record };
            builder.push_record(Section::Answer, record).unwrap();
        }
    }
    let answer = builder.finish().to_vec();
    counting.0.set(0);
    let verdict = validator.judge(&question, &Message::parse(&answer).unwrap(), NOW);
    assert_eq!(verdict, Verdict::Known(Security::Bogus(Fault::Work), 5));
    assert_eq!(counting.0.get(), dns::limits::SIGNATURES);
}

/// RFC 8080 section 6.1.
#[test]
fn the_signature_of_an_rfc_is_that_of_its_record() {
    let rdata = |rtype, text: &str| Rdata::of_text(rtype, text).unwrap();
    let key = rdata(RrType::DNSKEY, "257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=");
    let mx = rdata(RrType::MX, "10 mail.example.com.");
    let rrsig = rdata(
        RrType::RRSIG,
        "MX 15 2 3600 1440021600 1438207200 3613 example.com. \
         oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg==",
    );
    let owner: Name = "Example.com".parse().unwrap();
    let rrsig = rrsig.as_rdata_ref();
    let rrsig = rrsig.rrsig().unwrap();
    let rdatas = [mx.as_rdata_ref()];
    let signed = dns::dnssec::signed_data(&rrsig, owner.as_name_ref(), dns::Class::IN, &rdatas).unwrap();
    assert!(Ring.verify(15, key.as_rdata_ref().dnskey().unwrap().public_key, &signed, rrsig.signature));
}

/// RSA with SHA-1 counts, as it did in 2004.
struct Then;

impl Verifier for Then {
    fn knows(&self, algorithm: u8) -> bool {
        algorithm == 5
    }

    fn verify(&self, algorithm: u8, key: &[u8], signed: &[u8], proof: &[u8]) -> bool {
        Ring.verify(algorithm, key, signed, proof)
    }
}

/// RFC 4035 appendix A, as far as its appendix B shows it.
fn example() -> Vec<Record> {
    let text = include_bytes!("dnssec/rfc4035.zone");
    let mut parser = Parser::new(text, "rfc4035.zone").origin(Name::ROOT);
    let mut records = Vec::new();
    while let Some(entry) = parser.next().unwrap() {
        records.push(entry.record.to_record());
    }
    records
}

/// A reply with these RRsets and their signatures: `OWNER TYPE`, or `NAME<OWNER TYPE` for what a wildcard made.
fn reply(question: &Question, rcode: Rcode, sections: [&[&str]; 2]) -> Vec<u8> {
    let records = example();
    let mut out = vec![0; 65_535];
    let mut builder = Builder::new(&mut out, Header::query(1, Opcode::QUERY).reply(rcode));
    builder.push_question(question.as_question_ref()).unwrap();
    for (section, rrsets) in [Section::Answer, Section::Authority].into_iter().zip(sections) {
        for rrset in rrsets {
            let (owner, rtype) = rrset.split_once(' ').unwrap();
            let (name, owner) = owner.split_once('<').unwrap_or((owner, owner));
            let (name, owner): (Name, Name) = (name.parse().unwrap(), owner.parse().unwrap());
            let rtype: RrType = rtype.parse().unwrap();
            let fits = |record: &&Record| {
                let covers = record.rdata.as_rdata_ref().rrsig().map(|rrsig| rrsig.type_covered);
                record.owner == owner && covers.unwrap_or(record.rtype()) == rtype
            };
            for record in records.iter().filter(fits) {
                let record = Record { owner: name.clone(), ..record.clone() };
                builder.push_record(section, record.as_record_ref()).unwrap();
            }
        }
    }
    builder.finish().to_vec()
}

/// RFC 4035 appendix B: its messages, with its signatures, by its keys.
#[test]
fn the_examples_of_rfc_4035_are_judged_as_it_says() {
    const MAY_2004: u64 = 1_083_412_800;
    let key = question("example", RrType::DNSKEY);
    let keys = reply(&key, Rcode::NOERROR, [&["example. DNSKEY"], &[]]);
    let ksk = Message::parse(&keys)
        .unwrap()
        .answer()
        .find(|record| record.rdata.dnskey().is_some_and(|dnskey| dnskey.flags == 257));
    let ksk = ksk.unwrap().rdata.to_rdata();
    assert_eq!(dns::dnssec::key_tag(&ksk.as_rdata_ref()), 9465);
    let learned = || {
        let mut validator = Validator::new(Then);
        validator.trust(key.name.clone(), ksk.clone());
        validator.learn(&key, &Message::parse(&keys).unwrap(), MAY_2004);
        validator
    };
    let (secure, missing) = (Security::Secure, Security::Bogus(Fault::NsecMissing));
    let nothing: &[&str] = &[];
    for (section, name, rtype, rcode, answer, authority, expected) in [
        ("B.1", "x.w.example", RrType::MX, 0, &["x.w.example. MX"][..], &["example. NS"][..], secure),
        ("B.1", "xx.example", RrType::A, 0, &["xx.example. A"], nothing, secure),
        ("B.1", "xx.example", RrType::AAAA, 0, &["xx.example. AAAA"], nothing, secure),
        ("B.1", "ns1.example", RrType::A, 0, &["ns1.example. A"], nothing, secure),
        ("B.1", "ns2.example", RrType::A, 0, &["ns2.example. A"], nothing, secure),
        (
            "B.2",
            "ml.example",
            RrType::A,
            3,
            nothing,
            &["example. SOA", "b.example. NSEC", "example. NSEC"],
            secure,
        ),
        ("B.2 cut", "ml.example", RrType::A, 3, nothing, &["example. SOA", "b.example. NSEC"], missing),
        ("B.2 cut", "ml.example", RrType::A, 3, nothing, &["example. SOA", "example. NSEC"], missing),
        ("B.3", "ns1.example", RrType::MX, 0, nothing, &["example. SOA", "ns1.example. NSEC"], secure),
        ("B.3 other", "ns1.example", RrType::A, 0, nothing, &["example. SOA", "ns1.example. NSEC"], missing),
        ("B.4", "a.example", RrType::DS, 0, &["a.example. DS"], nothing, secure),
        ("B.5", "b.example", RrType::DS, 0, nothing, &["b.example. NSEC"], secure),
        (
            "B.6",
            "a.z.w.example",
            RrType::MX,
            0,
            &["a.z.w.example.<*.w.example. MX"],
            &["x.y.w.example. NSEC"],
            secure,
        ),
        ("B.6 cut", "a.z.w.example", RrType::MX, 0, &["a.z.w.example.<*.w.example. MX"], nothing, missing),
        (
            "B.7",
            "a.z.w.example",
            RrType::AAAA,
            0,
            nothing,
            &["example. SOA", "x.y.w.example. NSEC", "*.w.example. NSEC"],
            secure,
        ),
        (
            "B.7 cut",
            "a.z.w.example",
            RrType::AAAA,
            0,
            nothing,
            &["example. SOA", "x.y.w.example. NSEC"],
            missing,
        ),
    ] {
        let question = question(name, rtype);
        let message = reply(&question, Rcode(rcode), [answer, authority]);
        let message = Message::parse(&message).unwrap();
        let validator = learned();
        match validator.judge(&question, &message, MAY_2004) {
            Verdict::Known(security, _) => assert_eq!(security, expected, "{section}"),
            Verdict::Need(question) => panic!("{section}: {question}"),
        }
        // A month later all of it is over.
        let later = validator.judge(&question, &message, MAY_2004 + 30 * 86_400);
        assert!(!matches!(later, Verdict::Known(Security::Secure, _)), "{section}");
    }
    // B.4, B.5: what the referral says of the child is a link of the chain.
    let mut validator = learned();
    let cut = question("b.example", RrType::DS);
    let referral = reply(&cut, Rcode::NOERROR, [&[], &["b.example. NSEC"]]);
    validator.learn(&cut, &Message::parse(&referral).unwrap(), MAY_2004);
    let below = question("mc.b.example", RrType::MX);
    let empty = reply(&below, Rcode::NOERROR, [&[], &[]]);
    let verdict = validator.judge(&below, &Message::parse(&empty).unwrap(), MAY_2004);
    assert!(matches!(verdict, Verdict::Known(Security::Insecure, _)), "{verdict:?}");
    // B.8: the child's server denies a DS that only the parent knows.
    let ds = question("example", RrType::DS);
    let denied = reply(&ds, Rcode::NOERROR, [&[], &["example. SOA", "example. NSEC"]]);
    let mut above = Validator::new(Then);
    above.trust(Name::ROOT, ksk.clone());
    let verdict = above.judge(&ds, &Message::parse(&denied).unwrap(), MAY_2004);
    assert_eq!(verdict, Verdict::Need(question(".", RrType::DNSKEY)));
}

//! What is written is read as it was, and what is read is written the same: names, RDATA of every type, messages.

use dns::{
    Builder, Class, EdnsHeader, Header, Message, Name, Opcode, Question, Rdata, Record, RrType, Section,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn label() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[a-zA-Z0-9-]{1,10}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 1..=63),
        1 => Just(b"*".to_vec()),
    ]
}

fn name() -> impl Strategy<Value = Name> {
    vec(label(), 0..6)
        .prop_filter_map("too long", |labels| Name::from_labels(labels.iter().map(Vec::as_slice)).ok())
}

/// Names that share their ends, so that there is something to compress.
fn related_name() -> impl Strategy<Value = Name> {
    let suffix =
        prop_oneof![Just("example.org"), Just("Example.ORG"), Just("a.example.org"), Just("net"), Just(".")];
    (vec("[abAB]{1,2}", 0..3), suffix).prop_map(|(labels, suffix)| {
        let suffix: Name = suffix.parse().unwrap();
        Name::from_labels(labels.iter().map(String::as_bytes)).unwrap().concat(&suffix).unwrap()
    })
}

fn every_type() -> Vec<RrType> {
    RrType::all().filter(|rtype| !rtype.is_meta()).collect()
}

/// RDATA with names in it, of types whose names are compressed and of others.
fn rdata() -> impl Strategy<Value = Rdata> {
    let of = |rtype: RrType, wire: &[u8]| Rdata::from_wire(rtype, Class::IN, wire).unwrap();
    prop_oneof![
        any::<[u8; 4]>().prop_map(move |octets| of(RrType::A, &octets)),
        any::<[u8; 16]>().prop_map(move |octets| of(RrType::AAAA, &octets)),
        related_name().prop_map(move |name| of(RrType::NS, name.as_wire())),
        related_name().prop_map(move |name| of(RrType::DNAME, name.as_wire())),
        (any::<u16>(), related_name()).prop_map(move |(number, name)| of(
            RrType::MX,
            &[&number.to_be_bytes(), name.as_wire()].concat()
        )),
        (any::<[u8; 6]>(), related_name())
            .prop_map(move |(numbers, name)| of(RrType::SRV, &[&numbers[..], name.as_wire()].concat())),
        (related_name(), related_name(), any::<[u8; 20]>()).prop_map(move |(mname, rname, numbers)| {
            of(RrType::SOA, &[mname.as_wire(), rname.as_wire(), &numbers].concat())
        }),
        vec(any::<u8>(), 0..40).prop_map(move |octets| of(RrType(65_280), &octets)),
    ]
}

fn record() -> impl Strategy<Value = Record> {
    (related_name(), any::<u32>(), rdata()).prop_map(|(owner, ttl, rdata)| Record { owner, ttl, rdata })
}

fn compose(header: Header, question: &Question, sections: &[Vec<Record>; 3], edns: bool) -> Vec<u8> {
    let mut out = vec![0; 65_535];
    let mut builder = Builder::new(&mut out, header);
    builder.push_question(question.as_question_ref()).unwrap();
    for (section, records) in Section::ALL.into_iter().zip(sections) {
        for record in records {
            builder.push_record(section, record.as_record_ref()).unwrap();
        }
    }
    if edns {
        builder.push_edns(&EdnsHeader::new(1232), &[]).unwrap();
    }
    builder.finish().to_vec()
}

/// Owner, TTL, type, class and RDATA of a record, as octets.
type Said = (Vec<u8>, u32, RrType, Class, Vec<u8>);

/// All that a message says, with regard to case.
fn content(message: &Message<'_>) -> Vec<Said> {
    let records = Section::ALL.into_iter().flat_map(|section| message.section(section));
    let parts = records.map(|record| {
        let mut wire = Vec::new();
        record.rdata.write_wire(&mut wire);
        (record.owner.to_name().as_wire().to_vec(), record.ttl, record.rtype(), record.class(), wire)
    });
    parts.collect()
}

proptest! {
    #[test]
    fn names_as_text_and_as_octets(name in name()) {
        let text = name.to_string();
        let read = Name::parse_text(text.as_bytes(), None).unwrap();
        prop_assert!(read.eq_with_case(&name), "{}", text);
        prop_assert!(Name::from_wire(name.as_wire()).unwrap().eq_with_case(&name));
    }

    #[test]
    fn messages_that_were_built(
        id: u16,
        name in related_name(),
        sections in [vec(record(), 0..8), vec(record(), 0..4), vec(record(), 0..8)],
        edns: bool,
    ) {
        let question = Question::new(name, RrType::ANY);
        let bytes = compose(Header::query(id, Opcode::QUERY), &question, &sections, edns);
        let message = Message::parse(&bytes).unwrap();
        prop_assert_eq!(message.id(), id);
        prop_assert_eq!(message.question().unwrap().to_question(), question);
        prop_assert_eq!(message.edns().is_some(), edns);
        let wanted = sections.concat();
        let found = content(&message);
        prop_assert_eq!(found.len(), wanted.len());
        for ((owner, ttl, rtype, class, wire), record) in found.into_iter().zip(&wanted) {
            // Compression compares without regard to case: names that were written first lend theirs.
            let owner = Name::from_wire(&owner).unwrap();
            prop_assert_eq!(&owner, &record.owner);
            prop_assert_eq!((ttl, rtype, class), (record.ttl, record.rtype(), record.class()));
            prop_assert_eq!(Rdata::from_wire(rtype, class, &wire).unwrap(), record.rdata.clone());
        }
    }

    /// What is read can be built, and what was built reads the same.
    #[test]
    fn messages_that_were_mutated(
        name in related_name(),
        sections in [vec(record(), 0..4), vec(record(), 0..2), vec(record(), 0..4)],
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let question = Question::new(name, RrType::A);
        let mut bytes = compose(Header::query(1, Opcode::QUERY), &question, &sections, true);
        for (at, octet) in changes {
            let at = at.index(bytes.len());
            bytes[at] = octet;
        }
        let Ok(message) = Message::parse(&bytes) else { return Ok(()) };
        let Some(question) = message.question() else { return Ok(()) };
        let owned = Section::ALL.map(|section| {
            let records = message.section(section).filter(|record| !matches!(record.rtype(), RrType::OPT | RrType::TSIG));
            records.map(|record| record.to_record()).collect::<Vec<_>>()
        });
        let again = compose(message.header(), &question.to_question(), &owned, false);
        let again = Message::parse(&again).unwrap();
        let found: Vec<_> = Section::ALL.into_iter().flat_map(|section| again.section(section)).map(|record| record.to_record()).collect();
        prop_assert_eq!(found, owned.concat());
    }

    #[test]
    fn rdata_of_every_type_as_text_and_as_octets(at in any::<prop::sample::Index>(), octets in vec(any::<u8>(), 0..80)) {
        let types = every_type();
        let rtype = types[at.index(types.len())];
        let Ok(rdata) = Rdata::from_wire(rtype, Class::IN, &octets) else { return Ok(()) };
        let text = rdata.to_string();
        let read = Rdata::of_text(rtype, &text);
        let read = read.map_err(|error| TestCaseError::fail(format!("{rtype} {text}: {error}")))?;
        prop_assert_eq!(read.as_wire(), &octets[..], "{} {}", rtype, text);
    }

    #[test]
    fn the_canonical_order_is_total(a in rdata(), b in rdata(), c in rdata()) {
        let order = |x: &Rdata, y: &Rdata| x.as_rdata_ref().canonical_cmp(&y.as_rdata_ref());
        prop_assert_eq!(order(&a, &b), order(&b, &a).reverse());
        if order(&a, &b).is_le() && order(&b, &c).is_le() {
            prop_assert!(order(&a, &c).is_le());
        }
        if a.rtype() == b.rtype() {
            prop_assert_eq!(order(&a, &b).is_eq(), a == b);
        }
    }

    #[test]
    fn the_order_of_names_is_total(a in name(), b in name(), c in name()) {
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a.cmp(&b).is_eq(), a == b);
        prop_assert_eq!(a.as_name_ref().cmp(&b.as_name_ref()), a.cmp(&b));
        if a <= b && b <= c {
            prop_assert!(a <= c);
        }
        if a.is_subdomain_of(&b) {
            prop_assert!(b <= a);
        }
    }

    #[test]
    fn any_octets_are_refused_or_read(octets in vec(any::<u8>(), 0..600)) {
        if let Ok(message) = Message::parse(&octets) {
            let _ = format!("{message:?}");
        }
    }
}

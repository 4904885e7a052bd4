//! Zones: what is found, what is no zone, and what a careful eye finds in one.

mod zones;

use dns::zone::{BuildFault, Found, Severity, Zone, ZoneDiff, check};
use dns::{Name, Rdata, Record, RrType};

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn build(text: &str) -> Result<Zone, BuildFault> {
    zones::read("org", text)
}

const SOA: &str = "@ SOA a b 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n";

#[test]
fn a_zone_is_no_zone_without_these() {
    for (text, fault) in [
        ("a A 192.0.2.1", BuildFault::Soa),
        ("@ SOA a b 1 2 3 4 5\n@ SOA a b 2 2 3 4 5", BuildFault::Soa),
        ("a SOA a b 1 2 3 4 5", BuildFault::Soa),
        ("@ SOA a b 1 2 3 4 5\nx.net. A 192.0.2.1", BuildFault::OutOfZone(name("x.net"))),
        ("@ SOA a b 1 2 3 4 5\nx CH A \\# 1 00", BuildFault::Class(name("x.org"))),
        ("@ SOA a b 1 2 3 4 5\nx CNAME a\nx A 192.0.2.1", BuildFault::CnameAndOther(name("x.org"))),
        ("@ SOA a b 1 2 3 4 5\nx CNAME a\nx CNAME b", BuildFault::Singleton(name("x.org"), RrType::CNAME)),
    ] {
        assert_eq!(build(text).err(), Some(fault), "{text}");
    }
}

#[test]
fn a_record_twice_is_one_in_long_rrsets_too() {
    let zone =
        build(&format!("{SOA}$GENERATE 0-199 a A 192.0.2.${{0}}\n$GENERATE 0-199 a A 192.0.2.$\n")).unwrap();
    assert_eq!(zone.node(&name("A.org")).unwrap().rrset(RrType::A).unwrap().rdatas().len(), 200);
}

#[test]
fn names_are_found_among_many() {
    let zone = build(&format!("{SOA}$GENERATE 0-9999 n$.sub$ A 192.0.2.1\n*.wild A 192.0.2.1\n")).unwrap();
    assert_eq!(zone.len(), 2 + 20_000 + 2);
    for n in (0..10_000).step_by(97) {
        assert!(
            matches!(zone.lookup((&name(&format!("N{n}.sub{n}.org"))).into()), Found::Exact(node) if !node.rrsets().is_empty())
        );
        assert!(
            matches!(zone.lookup((&name(&format!("sub{n}.org"))).into()), Found::Exact(node) if node.rrsets().is_empty())
        );
        assert!(
            matches!(zone.lookup((&name(&format!("x.sub{n}.org"))).into()), Found::Missing { encloser } if *encloser.name() == name(&format!("sub{n}.org")))
        );
    }
    assert!(matches!(zone.lookup((&name("a.b.wild.org")).into()), Found::Wildcard { .. }));
    assert!(matches!(zone.lookup((&name("a.net")).into()), Found::Outside));
}

#[test]
fn the_topmost_cut_or_dname_is_in_the_way() {
    let zone = build(&format!(
        "{SOA}cut NS ns.cut\nns.cut A 192.0.2.1\nlow.cut NS ns\nd DNAME x\nlow.d DNAME y\ncut.d NS ns\nboth NS ns\nboth DNAME x\nb.a A 192.0.2.1\n"
    ))
    .unwrap();
    for (asked, found) in [
        ("org", "exact org"),
        ("ns.org", "exact ns.org"),
        ("cut.org", "cut cut.org"),
        ("ns.cut.org", "cut cut.org"),
        ("x.low.cut.org", "cut cut.org"),
        ("d.org", "exact d.org"),
        ("x.d.org", "dname d.org"),
        ("low.d.org", "dname d.org"),
        ("x.low.d.org", "dname d.org"),
        ("cut.d.org", "dname d.org"),
        ("both.org", "cut both.org"),
        ("x.both.org", "cut both.org"),
        ("a.org", "exact a.org"),
        ("x.y.a.org", "missing below a.org"),
        ("x.b.a.org", "missing below b.a.org"),
        ("x.ns.cut.net", "outside"),
    ] {
        let text = match zone.lookup((&name(asked)).into()) {
            Found::Exact(node) => format!("exact {}", node.name()),
            Found::Cut(node) => format!("cut {}", node.name()),
            Found::Dname(node) => format!("dname {}", node.name()),
            Found::Missing { encloser } => format!("missing below {}", encloser.name()),
            Found::Wildcard { node, .. } => format!("wildcard {}", node.name()),
            Found::Outside => "outside".to_owned(),
        };
        assert_eq!(text.trim_end_matches('.'), found, "{asked}");
    }
}

#[test]
fn a_diff_adds_and_removes_and_leaves_no_empty_names() {
    let mut zone = build(&format!("{SOA}a.b.c A 192.0.2.1\n")).unwrap();
    let record = |owner: &str, rtype, text: &str| Record {
        owner: name(owner),
        ttl: 60,
        rdata: Rdata::of_text(rtype, text).unwrap(),
    };
    let soa = |serial: u32| record("org", RrType::SOA, &format!("a.org b.org {serial} 2 3 4 5"));
    let diff = ZoneDiff {
        removed: vec![soa(1), record("a.b.c.org", RrType::A, "192.0.2.1")],
        added: vec![soa(2), record("x.y.org", RrType::A, "192.0.2.2")],
    };
    zone.apply(&diff).unwrap();
    assert_eq!(zone.serial(), 2);
    assert!(zone.node(&name("c.org")).is_none() && zone.node(&name("b.c.org")).is_none());
    assert!(zone.node(&name("y.org")).is_some());
    let without = ZoneDiff { removed: vec![soa(2)], added: Vec::new() };
    assert_eq!(zone.apply(&without), Err(BuildFault::Soa));
    assert_eq!(zone.serial(), 2);
}

#[test]
fn the_checker_follows_names() {
    for (text, severity) in [
        ("", None),
        ("@ MX 10 mail", Some(Severity::Warning)),
        ("@ MX 10 mail.else.net.", None),
        ("@ MX 0 .", None),
        ("@ MX 10 m\nm CNAME ns", Some(Severity::Warning)),
        ("@ NS gone", Some(Severity::Error)),
        ("@ NS alias\nalias CNAME ns", Some(Severity::Error)),
        ("@ NS x.d\nd DNAME ns", Some(Severity::Error)),
        ("sub NS ns.sub", Some(Severity::Warning)),
        ("sub NS ns.sub\nns.sub AAAA 2001:db8::1", None),
        ("sub NS ns.sub\nns.sub AAAA 2001:db8::1\nx.sub TXT hidden", Some(Severity::Warning)),
        ("_x._tcp SRV 1 1 1 gone", Some(Severity::Warning)),
        ("*.w A 192.0.2.1\n@ MX 1 any.w", None),
        ("d DNAME else.net.\nx.d A 192.0.2.1", Some(Severity::Warning)),
    ] {
        let findings = check(&build(&format!("{SOA}{text}\n")).unwrap());
        assert_eq!(findings.first().map(|finding| finding.severity), severity, "{text}: {findings:?}");
    }
    assert_eq!(check(&build("@ SOA a b 1 2 3 4 5").unwrap()).len(), 1);
}

#[test]
fn the_checker_knows_where_delegations_stand() {
    let digest = |octets: usize| "00".repeat(octets);
    for (text, rtype) in [
        (format!("x NS ns\nx DS 1 8 2 {}", digest(32)), None),
        (format!("@ DS 1 8 2 {}", digest(32)), Some(RrType::DS)),
        (format!("x NS ns\nx DS 1 8 2 {}", digest(31)), Some(RrType::DS)),
        (format!("x NS ns\nx DS 1 8 1 {}", digest(20)), None),
        (format!("x NS ns\nx DS 1 8 4 {}", digest(32)), Some(RrType::DS)),
        // Of a type that nobody knows, anything goes.
        (format!("x NS ns\nx DS 1 8 99 {}", digest(1)), None),
        // RFC 8078 section 4: nothing more to delegate to.
        ("@ CDS 0 0 0 00".to_owned(), None),
        (format!("@ CDS 1 8 1 {}", digest(21)), Some(RrType::CDS)),
        ("*.x NS ns".to_owned(), Some(RrType::NS)),
    ] {
        let findings = check(&build(&format!("{SOA}{text}\n")).unwrap());
        let errors = findings.iter().find(|finding| finding.severity == Severity::Error);
        assert_eq!(errors.map(|finding| finding.rtype), rtype, "{text}: {findings:?}");
    }
}

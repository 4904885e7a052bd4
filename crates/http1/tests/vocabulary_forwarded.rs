//! `Forwarded` (RFC 7239), `Via` and `Max-Forwards`: the RFCs' examples in both directions, and what is refused.

use http1::forwarded::{Element, Forwards, Misuse, elements, forwards, is_loop, via};
use http1::{Method, Version};
use proptest::prelude::*;

/// RFC 7239 section 4, and 7.1.
#[test]
fn reads_the_examples() {
    for (line, pairs) in [
        ("for=\"_gazonk\"", &[&[("for", "_gazonk")][..]][..]),
        ("For=\"[2001:db8:cafe::17]:4711\"", &[&[("For", "[2001:db8:cafe::17]:4711")]]),
        (
            "for=192.0.2.60;proto=http;by=203.0.113.43",
            &[&[("for", "192.0.2.60"), ("proto", "http"), ("by", "203.0.113.43")]],
        ),
        ("for=192.0.2.43, for=198.51.100.17", &[&[("for", "192.0.2.43")], &[("for", "198.51.100.17")]]),
        ("for=\"a,b\" ; by=c,, ", &[&[("for", "a,b"), ("by", "c")]]),
    ] {
        let read: Vec<_> = elements([line.as_bytes()]).map(Result::unwrap).collect();
        assert_eq!(read.len(), pairs.len(), "{line}");
        for (element, pairs) in read.iter().zip(pairs) {
            let found = element.params().map(|(name, value)| (name.to_vec(), value.to_vec()));
            let wanted =
                pairs.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()));
            assert!(found.eq(wanted), "{line}");
        }
    }
}

#[test]
fn what_is_no_pair_is_refused() {
    let long = "a=b;".repeat(1000) + "c=d";
    for line in [
        "for",
        "for=",
        "=a",
        "for=[::1]",
        "for=a b",
        "for=a;for=b",
        "for=a;FOR=b",
        "for = a",
        "for=\"a",
        &long,
    ] {
        assert!(elements([line.as_bytes()]).any(|element| element.is_err()), "{line}");
    }
    for element in [
        Element::default(),
        Element { client: Some("a\r\nb"), ..Element::default() },
        Element { host: Some("\0"), ..Element::default() },
    ] {
        assert_eq!(element.to_value(), Err(Misuse::Value));
    }
}

#[test]
fn via_says_who_forwarded() {
    assert_eq!(via(Version::Http11, "fred").unwrap(), "1.1 fred");
    assert_eq!(via(Version::Http10, "p.example.net:8080").unwrap(), "1.0 p.example.net:8080");
    for name in ["", "a b", "a,b", "a\r\nb", "a/b", "(x)"] {
        assert_eq!(via(Version::Http11, name), Err(Misuse::Name), "{name:?}");
    }
}

#[test]
fn loops_are_seen() {
    for (lines, is) in [
        (&["1.0 fred, 1.1 p.example.net"][..], false),
        (&["1.0 fred, 1.1 me"], true),
        (&["1.0 fred", "HTTP/1.1\tME (Apache, or so), 1.1 x"], true),
        (&["1.0 fred (1.1 me)"], false),
        (&["me"], false),
        (&["me 1.1"], false),
        (&["1.1 me2, 1.1 not-me"], false),
        (&[""], false),
        (&[], false),
    ] {
        assert_eq!(is_loop(lines.iter().map(|line| line.as_bytes()), "me"), is, "{lines:?}");
    }
}

#[test]
fn max_forwards_counts_down() {
    for (method, value, answer) in [
        (Method::Trace, Some("0"), Forwards::Answer),
        (Method::Options, Some("000"), Forwards::Answer),
        (Method::Options, Some("1"), Forwards::Left(0)),
        (Method::Trace, Some("99999999999"), Forwards::Left(u32::MAX - 1)),
        (Method::Trace, None, Forwards::Unlimited),
        (Method::Trace, Some(""), Forwards::Unlimited),
        (Method::Trace, Some("-1"), Forwards::Unlimited),
        (Method::Get, Some("0"), Forwards::Unlimited),
    ] {
        assert_eq!(forwards(method, value.map(str::as_bytes)), answer, "{method:?} {value:?}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_one_element_and_the_same(client in "[ -~]{1,12}", host in "[ -~]{0,12}") {
        let element = Element { client: Some(&client), host: Some(&host), ..Element::default() };
        let value = element.to_value().unwrap();
        let read: Vec<_> = elements([&value[..]]).collect();
        prop_assert_eq!(read.len(), 1);
        let read = read[0].clone().unwrap();
        prop_assert_eq!((read.param("for"), read.param("host")), (Some(client.as_bytes()), Some(host.as_bytes())));
    }
}

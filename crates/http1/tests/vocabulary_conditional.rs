//! Conditional requests: the comparison table of RFC 9110 section 8.8.3.2, the order of section 13.2.2, and fields that
//! can't be read.

use http1::conditional::{EntityTag, IfRange, Outcome, Preconditions, Validators};
use http1::date::HttpDate;
use proptest::prelude::*;

use Outcome::{NotModified, PreconditionFailed, Proceed};

const OLD: &str = "Sat, 29 Oct 1994 19:43:30 GMT";
const SAME: &str = "Sat, 29 Oct 1994 19:43:31 GMT";
const NEW: &str = "Sat, 29 Oct 1994 19:43:32 GMT";

fn date(text: &str) -> HttpDate {
    HttpDate::parse(text.as_bytes(), HttpDate::MIN).unwrap()
}

fn now() -> HttpDate {
    date("Tue, 15 Nov 1994 08:12:31 GMT")
}

fn conditions<'a>(fields: &[(&'a str, &'a str)]) -> Preconditions<'a> {
    Preconditions::from_fields(fields.iter().map(|(name, value)| (name, value.as_bytes())), now())
}

/// What is there: `"xyzzy"`, last modified at `SAME`.
fn current() -> Validators<'static> {
    Validators { etag: Some(EntityTag::parse(br#""xyzzy""#).unwrap()), last_modified: Some(date(SAME)) }
}

#[test]
fn compares_as_the_table_of_section_8_8_3_2() {
    for (one, other, strong, weak) in [
        ("W/\"1\"", "W/\"1\"", false, true),
        ("W/\"1\"", "W/\"2\"", false, false),
        ("W/\"1\"", "\"1\"", false, true),
        ("\"1\"", "\"1\"", true, true),
    ] {
        let (one, other) =
            (EntityTag::parse(one.as_bytes()).unwrap(), EntityTag::parse(other.as_bytes()).unwrap());
        assert_eq!((one.strong_eq(&other), one.weak_eq(&other)), (strong, weak));
        assert_eq!((other.strong_eq(&one), other.weak_eq(&one)), (strong, weak));
    }
}

#[test]
fn reads_and_writes_entity_tags() {
    for (text, is_weak, opaque) in [
        (&br#""xyzzy""#[..], false, &b"xyzzy"[..]),
        (br#"W/"xyzzy""#, true, b"xyzzy"),
        (br#""""#, false, b""),
        (br#""a,b\""#, false, br"a,b\"),
        (b"\"\xff!\"", false, b"\xff!"),
    ] {
        let tag = EntityTag::parse(text).unwrap();
        assert_eq!((tag.is_weak(), tag.opaque(), &tag.to_bytes()[..]), (is_weak, opaque, text));
    }
    for (wrong, offset) in [
        (&b""[..], 0),
        (b"xyzzy", 0),
        (b"w/\"a\"", 0),
        (b"W/ \"a\"", 2),
        (b"\"a", 2),
        (b"\"a b\"", 2),
        (b"\"a\" ", 3),
        (b"\"\x7f\"", 1),
        (b"*", 0),
    ] {
        assert_eq!(EntityTag::parse(wrong).unwrap_err().offset, offset, "{}", wrong.escape_ascii());
    }
    assert!(EntityTag::strong(b"a\"b").is_err());
}

/// Fields, method, and what they come to when there is `current()`.
type Case = (&'static [(&'static str, &'static str)], &'static str, Outcome);

const CASES: &[Case] = &[
    (&[], "GET", Proceed),
    (&[("Host", "a"), ("If", "x"), ("If-X", "y")], "GET", Proceed),
    // Step 1: If-Match.
    (&[("If-Match", r#""xyzzy""#)], "PUT", Proceed),
    (&[("if-match", r#""xyzzy", "r2d2xxxx", "c3piozzzz""#)], "PUT", Proceed),
    (&[("If-Match", r#""r2d2xxxx" ,, "xyzzy""#)], "GET", Proceed),
    (&[("If-Match", r#""a""#), ("If-Match", r#""xyzzy""#)], "PUT", Proceed),
    (&[("If-Match", "*")], "PUT", Proceed),
    (&[("If-Match", r#"W/"xyzzy""#)], "PUT", PreconditionFailed),
    (&[("If-Match", r#""other""#)], "PUT", PreconditionFailed),
    (&[("If-Match", r#""other""#)], "GET", PreconditionFailed),
    (&[("If-Match", "xyzzy")], "PUT", PreconditionFailed),
    (&[("If-Match", "")], "PUT", PreconditionFailed),
    (&[("If-Match", r#""a" "xyzzy""#)], "PUT", PreconditionFailed),
    (&[("If-Match", r#"*, "xyzzy""#)], "PUT", PreconditionFailed),
    // Step 2: If-Unmodified-Since counts only without If-Match.
    (&[("If-Unmodified-Since", OLD)], "PUT", PreconditionFailed),
    (&[("If-Unmodified-Since", SAME)], "PUT", Proceed),
    (&[("If-Unmodified-Since", NEW)], "DELETE", Proceed),
    (&[("If-Unmodified-Since", "yesterday")], "PUT", Proceed),
    (&[("If-Unmodified-Since", OLD), ("If-Unmodified-Since", OLD)], "PUT", Proceed),
    (&[("If-Unmodified-Since", OLD), ("If-Match", r#""xyzzy""#)], "PUT", Proceed),
    (&[("If-Unmodified-Since", NEW), ("If-Match", r#""a""#)], "PUT", PreconditionFailed),
    // Step 3: If-None-Match.
    (&[("If-None-Match", r#""xyzzy""#)], "GET", NotModified),
    (&[("If-None-Match", r#"W/"xyzzy""#)], "HEAD", NotModified),
    (&[("If-None-Match", r#"W/"a", "xyzzy", W/"c""#)], "GET", NotModified),
    (&[("If-None-Match", r#""xyzzy""#)], "PUT", PreconditionFailed),
    (&[("If-None-Match", "*")], "PUT", PreconditionFailed),
    (&[("If-None-Match", "*")], "GET", NotModified),
    (&[("If-None-Match", r#""other""#)], "GET", Proceed),
    (&[("If-None-Match", r#""other""#)], "PUT", Proceed),
    (&[("If-None-Match", "xyzzy")], "GET", Proceed),
    (&[("If-None-Match", "xyzzy")], "PUT", PreconditionFailed),
    (&[("If-None-Match", r#""xyzzy"#)], "PUT", PreconditionFailed),
    (&[("If-None-Match", ",")], "GET", Proceed),
    // Step 4: If-Modified-Since counts only for GET and HEAD, and only without If-None-Match.
    (&[("If-Modified-Since", OLD)], "GET", Proceed),
    (&[("If-Modified-Since", SAME)], "GET", NotModified),
    (&[("If-Modified-Since", NEW)], "HEAD", NotModified),
    (&[("If-Modified-Since", "Saturday, 29-Oct-94 19:43:31 GMT")], "GET", NotModified),
    (&[("If-Modified-Since", "Sat Oct 29 19:43:31 1994")], "GET", NotModified),
    (&[("If-Modified-Since", SAME)], "POST", Proceed),
    (&[("If-Modified-Since", "0")], "GET", Proceed),
    (&[("If-Modified-Since", SAME), ("If-Modified-Since", SAME)], "GET", Proceed),
    (&[("If-Modified-Since", SAME), ("If-None-Match", r#""other""#)], "GET", Proceed),
    (&[("If-Modified-Since", OLD), ("If-None-Match", r#""xyzzy""#)], "GET", NotModified),
    // If-Match and If-None-Match in one request: both are heeded, in this order.
    (&[("If-Match", r#""xyzzy""#), ("If-None-Match", r#""xyzzy""#)], "GET", NotModified),
    (&[("If-Match", r#""a""#), ("If-None-Match", r#""xyzzy""#)], "GET", PreconditionFailed),
    // Section 13.2.1: methods without a representation have no conditions.
    (&[("If-Match", r#""other""#)], "OPTIONS", Proceed),
    (&[("If-None-Match", "*")], "TRACE", Proceed),
    (&[("If-Unmodified-Since", OLD)], "CONNECT", Proceed),
];

#[test]
fn evaluates_in_the_order_of_section_13_2_2() {
    for (fields, method, outcome) in CASES {
        assert_eq!(conditions(fields).evaluate(method, Some(&current())), *outcome, "{method} {fields:?}");
    }
}

#[test]
fn evaluates_against_nothing() {
    for (fields, method, outcome) in [
        (&[("If-Match", "*")], "PUT", PreconditionFailed),
        (&[("If-Match", r#""xyzzy""#)], "PUT", PreconditionFailed),
        (&[("If-None-Match", "*")], "PUT", Proceed),
        (&[("If-None-Match", r#""xyzzy""#)], "PUT", Proceed),
        (&[("If-Unmodified-Since", OLD)], "PUT", Proceed),
        (&[("If-Modified-Since", OLD)], "GET", Proceed),
    ] {
        assert_eq!(conditions(fields).evaluate(method, None), outcome, "{method} {fields:?}");
    }
}

#[test]
fn evaluates_against_what_has_no_validators() {
    let bare = Validators::default();
    for (fields, method, outcome) in [
        (&[("If-Match", "*")], "PUT", Proceed),
        (&[("If-Match", r#""xyzzy""#)], "PUT", PreconditionFailed),
        (&[("If-None-Match", r#""xyzzy""#)], "GET", Proceed),
        (&[("If-None-Match", "*")], "PUT", PreconditionFailed),
        (&[("If-Unmodified-Since", OLD)], "PUT", Proceed),
        (&[("If-Modified-Since", NEW)], "GET", Proceed),
    ] {
        assert_eq!(conditions(fields).evaluate(method, Some(&bare)), outcome, "{method} {fields:?}");
    }
}

#[test]
fn a_range_is_heeded_only_if_the_representation_is_still_the_same() {
    for (fields, applies) in [
        (&[][..], true),
        (&[("If-Range", r#""xyzzy""#)], true),
        (&[("If-Range", r#" "xyzzy" "#)], true),
        (&[("If-Range", r#"W/"xyzzy""#)], false),
        (&[("If-Range", r#""other""#)], false),
        (&[("If-Range", SAME)], true),
        (&[("If-Range", OLD)], false),
        (&[("If-Range", NEW)], false),
        (&[("If-Range", "")], false),
        (&[("If-Range", "*")], false),
        (&[("If-Range", r#""xyzzy", "b""#)], false),
        (&[("If-Range", r#""xyzzy""#), ("If-Range", r#""xyzzy""#)], false),
    ] {
        assert_eq!(conditions(fields).range_applies(Some(&current())), applies, "{fields:?}");
    }
    assert!(!conditions(&[("If-Range", SAME)]).range_applies(None));
}

#[test]
fn a_date_of_this_very_second_is_no_strong_validator() {
    let if_range = IfRange::parse(SAME.as_bytes(), now());
    assert!(!if_range.holds(Some(&current()), date(SAME)));
    assert!(if_range.holds(Some(&current()), date(NEW)));
}

#[test]
fn a_copy_is_revalidated_by_all_that_is_known_of_it() {
    let fields: Vec<_> = current().revalidation().collect();
    let expected =
        [("If-None-Match", br#""xyzzy""#.to_vec()), ("If-Modified-Since", SAME.as_bytes().to_vec())];
    assert_eq!(fields, expected);
    let asked = fields.iter().map(|(name, value)| (*name, &value[..]));
    assert_eq!(Preconditions::from_fields(asked, now()).evaluate("GET", Some(&current())), NotModified);
}

proptest! {
    #[test]
    fn tags_read_as_they_were_written(opaque in prop::collection::vec(any::<u8>(), 0..20), weak: bool) {
        if let Ok(tag) = EntityTag::strong(&opaque) {
            let tag = if weak { tag.weak() } else { tag };
            let text = tag.to_bytes();
            prop_assert_eq!(EntityTag::parse(&text), Ok(tag));
        }
    }

    #[test]
    fn nothing_is_overwritten_under_a_list_that_does_not_name_it(list in "[ ,\"W/xyz*]{0,20}") {
        let fields = [("If-Match", list.as_str())];
        let named = list == "*" || list.contains("\"xyzzy\"");
        let outcome = conditions(&fields).evaluate("PUT", Some(&current()));
        prop_assert!(outcome == PreconditionFailed || named || list.trim() == "*");
    }

    #[test]
    fn no_octets_panic(value in prop::collection::vec(any::<u8>(), 0..40)) {
        for name in ["If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range"] {
            let conditions = Preconditions::from_fields([(name, &value[..])], now());
            let _ = (conditions.evaluate("GET", Some(&current())), conditions.range_applies(Some(&current())));
        }
    }
}

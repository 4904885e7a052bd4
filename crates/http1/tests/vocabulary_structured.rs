//! Structured fields: the examples of RFC 9651 in both directions, what must fail, and that writing and reading agree.

use http1::structured::{
    BareItem, Decimal, Dictionary, InnerList, Integer, Item, Key, List, MAX_MEMBERS, MAX_PARAMETERS, Member,
    Misuse, Text, Token,
};
use proptest::prelude::*;

fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

fn int(number: i64) -> BareItem {
    BareItem::Integer(Integer::new(number).unwrap())
}

fn decimal(thousandths: i64) -> BareItem {
    Decimal::from_thousandths(thousandths).unwrap().into()
}

fn token(text: &str) -> BareItem {
    Token::new(text).unwrap().into()
}

fn string(text: &str) -> BareItem {
    Text::new(text).unwrap().into()
}

#[test]
fn lists_of_section_3_1() {
    let list = List::parse(b"sugar, tea, rum").unwrap();
    let members = ["sugar", "tea", "rum"].map(|text| Member::from(Item::from(token(text))));
    assert_eq!(list, members.into_iter().collect());

    let list = List::parse(br#"("foo" "bar"), ("baz"), ("bat" "one"), ()"#).unwrap();
    let sizes = list.0.iter().map(|member| match member {
        Member::InnerList(list) => list.items.len(),
        Member::Item(_) => 99,
    });
    assert_eq!(sizes.collect::<Vec<_>>(), [2, 1, 2, 0]);

    let list = List::parse(br#"("foo"; a=1;b=2);lvl=5, ("bar" "baz");lvl=1"#).unwrap();
    assert_eq!(list.0[0].params().value("lvl"), Some(&int(5)));
    let Member::InnerList(InnerList { items, .. }) = &list.0[0] else { panic!() };
    assert_eq!(
        items[0],
        Item::from(string("foo")).with(key("a"), Integer::from(1)).with(key("b"), Integer::from(2))
    );

    let list = List::parse(b"abc;a=1;b=2; cde_456, (ghi;jk=4 l);q=\"9\";r=w").unwrap();
    assert_eq!(list.0[0].params().value("cde_456"), Some(&BareItem::Boolean(true)));
    assert_eq!(list.to_string(), "abc;a=1;b=2;cde_456, (ghi;jk=4 l);q=\"9\";r=w");
    assert_eq!(List::parse(b"  ").unwrap().0, []);
}

#[test]
fn dictionaries_of_section_3_2() {
    for (field, written) in [
        (r#"en="Applepie", da=:w4ZibGV0w6ZydGU=:"#, r#"en="Applepie", da=:w4ZibGV0w6ZydGU=:"#),
        ("a=?0, b, c; foo=bar", "a=?0, b, c;foo=bar"),
        ("rating=1.5, feelings=(joy sadness)", "rating=1.5, feelings=(joy sadness)"),
        ("a=(1 2), b=3, c=4;aa=bb, d=(5 6);valid", "a=(1 2), b=3, c=4;aa=bb, d=(5 6);valid"),
        ("foo=1, bar=2", "foo=1, bar=2"),
        ("a=1,b=2;x=1;x=2,\t a=3", "a=3, b=2;x=2"),
        ("a=?1;b=?1", "a;b"),
        ("", ""),
    ] {
        assert_eq!(Dictionary::parse(field.as_bytes()).unwrap().to_string(), written);
    }
    let dictionary = Dictionary::parse(br#"en="Applepie", da=:w4ZibGV0w6ZydGU=:"#).unwrap();
    let da = dictionary.member("da").and_then(Member::as_item).unwrap();
    assert_eq!(da.value, BareItem::Bytes("Æbletærte".as_bytes().to_vec()));
    assert_eq!(dictionary.member("de"), None);
}

#[test]
fn items_of_section_3_3() {
    for (field, item) in [
        ("5", int(5)),
        ("42", int(42)),
        ("-0", int(0)),
        ("007", int(7)),
        ("-999999999999999", int(-999_999_999_999_999)),
        ("4.5", decimal(4500)),
        ("-0.005", decimal(-5)),
        ("999999999999.999", decimal(999_999_999_999_999)),
        ("\"hello world\"", string("hello world")),
        (r#""a \"b\" \\c""#, string(r#"a "b" \c"#)),
        ("foo123/456", token("foo123/456")),
        ("*a:b", token("*a:b")),
        (
            ":cHJldGVuZCB0aGlzIGlzIGJpbmFyeSBjb250ZW50Lg==:",
            BareItem::Bytes(b"pretend this is binary content.".to_vec()),
        ),
        ("::", BareItem::Bytes(Vec::new())),
        ("?1", BareItem::Boolean(true)),
        ("?0", BareItem::Boolean(false)),
        ("@1659578233", BareItem::Date(Integer::new(1_659_578_233).unwrap())),
        ("@-62135596800", BareItem::Date(Integer::new(-62_135_596_800).unwrap())),
        (
            "%\"This is intended for display to %c3%bcsers.\"",
            BareItem::DisplayString("This is intended for display to üsers.".into()),
        ),
        ("%\"%25%22\\\"", BareItem::DisplayString("%\"\\".into())),
    ] {
        let read = Item::parse(field.as_bytes()).unwrap();
        assert_eq!(read, Item::from(item.clone()), "{field}");
        assert_eq!(Item::parse(item.to_string().as_bytes()).unwrap().value, item, "{field}");
        if !matches!(field, "-0" | "007") {
            assert_eq!(item.to_string(), field);
        }
        assert_eq!(Item::parse(format!("  {field}  ").as_bytes()).unwrap().value, item);
    }
    let item = Item::parse(b"5; foourl=\"https://foo.example.com/\"").unwrap();
    assert_eq!(item.params.value("foourl").and_then(BareItem::as_str), Some("https://foo.example.com/"));
    assert_eq!(item.to_string(), "5;foourl=\"https://foo.example.com/\"");
}

#[test]
fn decimals_have_one_to_three_digits_behind_the_point() {
    for (thousandths, text) in [
        (0, "0.0"),
        (1, "0.001"),
        (10, "0.01"),
        (100, "0.1"),
        (1000, "1.0"),
        (-1230, "-1.23"),
        (-1, "-0.001"),
    ] {
        assert_eq!(decimal(thousandths).to_string(), text);
    }
}

#[test]
fn base64_may_lack_padding_and_have_odd_bits() {
    for (field, bytes) in [
        (":aGVsbG8:", &b"hello"[..]),
        (":aGVsbG9=:", b"hello"),
        (":iZ==:", b"\x89"),
        (":/+Ah:", b"\xff\xe0\x21"),
    ] {
        assert_eq!(Item::parse(field.as_bytes()).unwrap().value, BareItem::Bytes(bytes.to_vec()));
    }
    for field in [
        ":a:",
        ":aGVsbG8=",
        ":_-Ah:",
        ":aGVs bG8=:",
        ":aGVs=bG8=:",
        ":aGVsbG8==:",
        ":=:",
        ":====:",
        ":aGVs\n:",
    ] {
        assert!(Item::parse(field.as_bytes()).is_err(), "{field}");
    }
}

#[test]
fn what_fails_says_where() {
    for (field, offset) in [
        ("", 0),
        ("1 2", 2),
        ("1,", 1),
        ("-", 1),
        ("--1", 1),
        ("+1", 0),
        ("1.", 2),
        (".1", 0),
        ("1.2345", 6),
        ("1000000000000000", 16),
        ("1000000000000.0", 13),
        ("\"a", 2),
        ("\"\\a\"", 1),
        ("\"é\"", 1),
        ("\"a\tb\"", 2),
        ("\"\x7f\"", 1),
        ("?2", 1),
        ("?", 1),
        ("@1.5", 4),
        ("@", 1),
        ("%a", 1),
        ("%\"%C3%BC\"", 2),
        ("%\"%c3\"", 5),
        ("%\"%c3%28\"", 8),
        ("%\"%c\"", 2),
        ("%\"ü\"", 2),
        ("a;", 2),
        ("a;A=1", 2),
        ("a ;b", 2),
        ("a;\tb", 2),
        ("a;b=", 4),
        ("\ta", 0),
        ("(a)", 0),
        ("=", 0),
        ("'a'", 0),
        ("a\0", 1),
    ] {
        let error = Item::parse(field.as_bytes()).unwrap_err();
        assert_eq!(error.offset, offset, "{field:?}: {error}");
    }
    for field in [
        "a,",
        "a,,b",
        ",a",
        "a b",
        "(a",
        "(a,b)",
        "(a\tb)",
        "(a(b))",
        "(\"a\"\"b\")",
        "a, ",
        "(a)b",
        "((a))",
        "a;b, c;",
    ] {
        assert!(List::parse(field.as_bytes()).is_err(), "{field}");
    }
    for field in
        ["a=", "a= 1", "a =1", "A=1", "1=a", "a=1 b=2", "a=1;", "a,", "=", "-a=1", "a=(1", "a=1,\n b=2"]
    {
        assert!(Dictionary::parse(field.as_bytes()).is_err(), "{field}");
    }
}

#[test]
fn numbers_of_members_have_limits() {
    let many = |count: usize, separator: &str| vec!["a"; count].join(separator);
    assert_eq!(List::parse(many(MAX_MEMBERS, ",").as_bytes()).unwrap().0.len(), MAX_MEMBERS);
    assert!(List::parse(many(MAX_MEMBERS + 1, ",").as_bytes()).is_err());
    let inner = |count| format!("({})", many(count, " "));
    assert!(List::parse(inner(MAX_PARAMETERS).as_bytes()).is_ok());
    assert!(List::parse(inner(MAX_PARAMETERS + 1).as_bytes()).is_err());
    let params = |count: usize| (0..count).fold(String::from("a"), |text, n| format!("{text};k{n}"));
    assert!(Item::parse(params(MAX_PARAMETERS).as_bytes()).is_ok());
    assert!(Item::parse(params(MAX_PARAMETERS + 1).as_bytes()).is_err());
    assert!(Item::parse(format!("\"{}\"", "x".repeat(100_000)).as_bytes()).is_ok());
    assert!(List::parse("(".repeat(100_000).as_bytes()).is_err());
}

#[test]
fn what_can_not_be_written_can_not_be_made() {
    assert_eq!(Integer::new(1_000_000_000_000_000), Err(Misuse::Range));
    assert_eq!(Decimal::from_thousandths(i64::MIN), Err(Misuse::Range));
    assert_eq!(Integer::saturating(i64::MAX), Integer::MAX);
    for text in ["é", "a\r\nb", "\0", "\x7f"] {
        assert_eq!(Text::new(text), Err(Misuse::Text));
    }
    for text in ["", "1a", "a b", "a\"", "é", "a\r\n"] {
        assert_eq!(Token::new(text), Err(Misuse::Token));
    }
    for text in ["", "A", "1a", "a b", "a=b", "-a"] {
        assert_eq!(Key::new(text), Err(Misuse::Key));
    }
}

fn bare_item() -> impl Strategy<Value = BareItem> {
    let number = -999_999_999_999_999..=999_999_999_999_999_i64;
    prop_oneof![
        number.clone().prop_map(int),
        number.clone().prop_map(decimal),
        "[ -~]{0,12}".prop_map(|text| string(&text)),
        "[a-zA-Z*][!#$%&'*+.^_`|~0-9a-zA-Z:/-]{0,8}".prop_map(|text| token(&text)),
        prop::collection::vec(any::<u8>(), 0..9).prop_map(BareItem::Bytes),
        any::<bool>().prop_map(BareItem::Boolean),
        number.prop_map(|seconds| BareItem::Date(Integer::new(seconds).unwrap())),
        any::<String>().prop_map(BareItem::DisplayString),
    ]
}

fn item() -> impl Strategy<Value = Item> {
    let params = prop::collection::vec(("[a-z*][a-z0-9_.*-]{0,3}", bare_item()), 0..4);
    (bare_item(), params).prop_map(|(value, params)| {
        params.into_iter().fold(Item::from(value), |item, (name, value)| item.with(key(&name), value))
    })
}

fn member() -> impl Strategy<Value = Member> {
    let inner = (prop::collection::vec(item(), 0..4), item());
    prop_oneof![
        item().prop_map(Member::from),
        inner.prop_map(|(items, item)| InnerList { items, params: item.params }.into()),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(members in prop::collection::vec(member(), 0..5), keys in "[a-z]{5}") {
        let list: List = members.iter().cloned().collect();
        prop_assert_eq!(&List::parse(list.to_string().as_bytes()).unwrap(), &list);
        let mut dictionary = Dictionary::new();
        for (name, member) in keys.chars().zip(members) {
            dictionary.insert(key(&name.to_string()), member);
        }
        prop_assert_eq!(&Dictionary::parse(dictionary.to_string().as_bytes()).unwrap(), &dictionary);
    }

    #[test]
    fn what_is_read_is_written_stably(value in "[-a-c0-2 ;,=()\"?@%:.\\\\*]{0,16}") {
        if let Ok(list) = List::parse(value.as_bytes()) {
            let written = list.to_string();
            prop_assert_eq!(List::parse(written.as_bytes()).unwrap().to_string(), written);
        }
    }

    #[test]
    fn nothing_panics(value in prop::collection::vec(any::<u8>(), 0..40)) {
        for error in [List::parse(&value).err(), Dictionary::parse(&value).err(), Item::parse(&value).err()] {
            prop_assert!(error.is_none_or(|error| error.offset <= value.len()));
        }
    }
}

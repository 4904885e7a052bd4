//! Zone files: what people write, what it means, and where it goes wrong.

use dns::zonefile::{Parser, Writer, ZoneError, ZoneErrorKind as Kind};
use dns::{Name, TextErrorKind};
use proptest::prelude::*;

fn parser(text: &str) -> Parser<'_> {
    Parser::new(text.as_bytes(), "zone").origin("example.org".parse::<Name>().unwrap())
}

fn lines(mut parser: Parser<'_>) -> Vec<Result<String, ZoneError>> {
    let mut lines = Vec::new();
    loop {
        match parser.next() {
            Ok(None) => return lines,
            Ok(Some(entry)) => lines.push(Ok(entry.record.to_string())),
            Err(error) => lines.push(Err(error)),
        }
    }
}

fn records(text: &str) -> Vec<String> {
    lines(parser(text)).into_iter().collect::<Result<_, _>>().unwrap()
}

fn error(text: &str) -> ZoneError {
    lines(parser(text)).into_iter().find_map(Result::err).expect("an error")
}

#[test]
fn what_is_left_out_is_taken_from_before() {
    for (text, expected) in [
        ("a 60 IN A 192.0.2.1", &["a.example.org. 60 IN A 192.0.2.1"][..]),
        ("a IN 60 A 192.0.2.1", &["a.example.org. 60 IN A 192.0.2.1"]),
        (
            "a 1m A 192.0.2.1\n A 192.0.2.2",
            &["a.example.org. 60 IN A 192.0.2.1", "a.example.org. 60 IN A 192.0.2.2"],
        ),
        ("$TTL 1h\n@ A 192.0.2.1", &["example.org. 3600 IN A 192.0.2.1"]),
        (
            "$TTL 60\n$ORIGIN net.\na A 192.0.2.1\n$ORIGIN b\na A 192.0.2.1",
            &["a.net. 60 IN A 192.0.2.1", "a.b.net. 60 IN A 192.0.2.1"],
        ),
        ("a (\n 60 ; comment\n A\n 192.0.2.1 ) ; end\n\n;\n", &["a.example.org. 60 IN A 192.0.2.1"]),
        ("a 60 CH TXT x\nb TXT y", &["a.example.org. 60 CH TXT \"x\"", "b.example.org. 60 CH TXT \"y\""]),
        (
            "a\t60\tA\t192.0.2.1\r\nb A 192.0.2.2\r\n",
            &["a.example.org. 60 IN A 192.0.2.1", "b.example.org. 60 IN A 192.0.2.2"],
        ),
        ("in 60 in a 192.0.2.1", &["in.example.org. 60 IN A 192.0.2.1"]),
        ("a 60 TXT \"x;( y\" \"\"", &["a.example.org. 60 IN TXT \"x;( y\" \"\""]),
        ("a\\.b 60 MX 10 @", &["a\\.b.example.org. 60 IN MX 10 example.org."]),
        ("a 60 TYPE731 \\# 2 abCD", &["a.example.org. 60 IN TYPE731 \\# 2 ABCD"]),
        ("a 60 TYPE1 \\# 4 C0000201", &["a.example.org. 60 IN A 192.0.2.1"]),
    ] {
        let records: Vec<_> = records(text).iter().map(|line| line.replace("abcd", "ABCD")).collect();
        assert_eq!(records, expected, "{text}");
    }
}

#[test]
fn a_soa_without_ttl_has_its_minimum() {
    let soa = "@ SOA ns host ( 1 1d 2h\n 4w 5m ) ; over lines";
    assert_eq!(
        records(soa),
        ["example.org. 300 IN SOA ns.example.org. host.example.org. 1 86400 7200 2419200 300"]
    );
}

#[test]
fn generate_counts() {
    assert_eq!(
        records("$TTL 60\n$GENERATE 1-3/2 host-${0,2} A 192.0.2.$\nx A 192.0.2.9"),
        [
            "host-01.example.org. 60 IN A 192.0.2.1",
            "host-03.example.org. 60 IN A 192.0.2.3",
            "x.example.org. 60 IN A 192.0.2.9"
        ]
    );
    assert_eq!(
        records("$GENERATE 8-8 $ 60 IN MX \"$ mail-$\""),
        ["8.example.org. 60 IN MX 8 mail-8.example.org."]
    );
    assert_eq!(records("$GENERATE 5-5 a 60 TXT \"a b\" $"), ["a.example.org. 60 IN TXT \"a b\" \"5\""]);
}

#[test]
fn included_files_have_an_origin_of_their_own_and_give_it_back() {
    let open = |path: &str| match path {
        "sub" => Ok(b"a 60 A 192.0.2.1\n$ORIGIN else.\nb A 192.0.2.2\n".to_vec()),
        path => Err(format!("no {path}")),
    };
    let text =
        "x 60 A 192.0.2.7\n$INCLUDE sub sub\n A 192.0.2.8\ny A 192.0.2.9\n$INCLUDE none\nz A 192.0.2.1";
    let lines = lines(parser(text).include(open));
    let expected = [
        "x.example.org. 60 IN A 192.0.2.7",
        "a.sub.example.org. 60 IN A 192.0.2.1",
        "b.else. 60 IN A 192.0.2.2",
        "x.example.org. 60 IN A 192.0.2.8",
        "y.example.org. 60 IN A 192.0.2.9",
    ];
    for (line, expected) in lines.iter().zip(expected) {
        assert_eq!(line.as_deref(), Ok(expected));
    }
    let error = lines[5].clone().unwrap_err();
    assert_eq!(error.to_string(), "zone:5:10: the included file can't be read: no none (at `none`)");
    assert_eq!(lines[6].as_deref(), Ok("z.example.org. 60 IN A 192.0.2.1"));
}

#[test]
fn a_file_that_includes_itself_ends() {
    let again = |_: &str| Ok(b"$INCLUDE again\n".to_vec());
    let lines = lines(parser("$INCLUDE again").include(again));
    let kinds: Vec<_> = lines.into_iter().map(|line| line.unwrap_err().kind).collect();
    assert_eq!(kinds, [Kind::IncludeDepth]);
}

#[test]
fn errors_say_where() {
    use TextErrorKind as T;
    for (text, line, column, kind, token) in [
        (" A 192.0.2.1", 1, 2, Kind::NoOwner, "A"),
        ("a A 192.0.2.1", 1, 3, Kind::NoTtl, "A"),
        ("a 60 60 A 192.0.2.1", 1, 6, Kind::Twice("TTL"), "60"),
        ("a IN IN A 192.0.2.1", 1, 6, Kind::Twice("class"), "IN"),
        ("a 60", 1, 5, Kind::NoType, ""),
        ("a", 1, 2, Kind::NoType, ""),
        ("a 1x A 192.0.2.1", 1, 3, Kind::Ttl, "1x"),
        ("a 4294967296 A 192.0.2.1", 1, 3, Kind::Ttl, "4294967296"),
        ("a 60 AXFR", 1, 6, Kind::Meta, "AXFR"),
        ("a 60 ANY", 1, 6, Kind::Text(T::Unknown("x")), "ANY"),
        ("a 60 BOGUS x", 1, 6, Kind::Text(T::Unknown("record type")), "BOGUS"),
        ("$FOO x", 1, 1, Kind::Directive, "$FOO"),
        ("$TTL", 1, 5, Kind::Usage("$TTL takes a time"), ""),
        ("$TTL x", 1, 6, Kind::Ttl, "x"),
        ("$ORIGIN a b", 1, 11, Kind::Usage("$ORIGIN takes a name"), "b"),
        ("$GENERATE 3-1 a A 192.0.2.1", 1, 11, Kind::Range, "3-1"),
        ("a )", 1, 3, Kind::Parenthesis, ")"),
        ("\n\na (\n 60 A 192.0.2.1\n", 3, 3, Kind::Text(T::Unclosed), ""),
        ("a 60 TXT \"x\ny", 1, 10, Kind::Text(T::Unclosed), "\"x"),
        ("a..b 60 A 192.0.2.1", 1, 3, Kind::Text(T::Name(dns::NameError::LabelEmpty)), "a..b"),
        ("a 60 A 192.0.2.1 x", 1, 18, Kind::Text(T::Trailing), "x"),
        ("b 60 A 192.0.2.1\nc 60 MX (\n  x )", 3, 3, Kind::Text(T::Expected("x")), "x"),
    ] {
        let error = error(text);
        assert_eq!((error.line, error.column), (line, column), "{text}: {error}");
        if !matches!(kind, Kind::Text(T::Unknown("x") | T::Expected("x") | T::Unclosed)) {
            assert_eq!((&error.kind, error.token.as_str()), (&kind, token), "{text}");
        }
    }
}

#[test]
fn the_parser_goes_on_behind_a_fault() {
    let found = lines(parser("$TTL 60\na A x\nb A 192.0.2.1\nc )\nd A 192.0.2.2\n"));
    let good: Vec<_> = found.iter().filter_map(|line| line.as_ref().ok()).collect();
    assert_eq!(found.len(), 4);
    assert_eq!(good, ["b.example.org. 60 IN A 192.0.2.1", "d.example.org. 60 IN A 192.0.2.2"]);
}

#[test]
fn tokens_are_bounded() {
    let long = "a".repeat(70_000);
    assert_eq!(error(&long).kind, Kind::TokenTooLong);
    let many = format!("a 60 TXT {}", "x ".repeat(70_000));
    assert_eq!(error(&many).kind, Kind::TooManyTokens);
}

#[test]
fn garbage_ends() {
    for text in [
        "\\",
        "(",
        ")",
        "\"",
        "\\\n",
        "$",
        "$GENERATE",
        "$INCLUDE",
        "(((\n",
        "\0\u{ff}",
        "a 1 A (",
        "\"\"\"",
        ";",
    ] {
        let _ = lines(parser(text));
    }
}

#[test]
fn what_is_written_reads_back() {
    let text = "$TTL 60\n@ SOA ns h 1 2 3 4 5\n NS ns\nns A 192.0.2.1\n TXT \"a;b\" \"\"\n\\@ MX 1 a\\.b\n";
    let mut out = String::new();
    let mut writer = Writer::new(&mut out);
    writer.comment("one\ntwo").unwrap();
    let mut input = parser(text);
    while let Some(entry) = input.next().unwrap() {
        writer.record(entry.record).unwrap();
    }
    assert!(out.starts_with("; one two\n"));
    assert_eq!(lines(parser(&out)), lines(parser(text)));
}

/// Records with where they stand, and errors.
fn placed(text: &str) -> Vec<Result<(String, usize, usize), ZoneError>> {
    let (mut parser, mut found) = (parser(text), Vec::new());
    loop {
        match parser.next() {
            Ok(None) => return found,
            Ok(Some(entry)) => found.push(Ok((entry.record.to_string(), entry.line, entry.column))),
            Err(error) => found.push(Err(error)),
        }
    }
}

proptest! {
    /// A comment at the end of a line has it read with care: the records and the errors are those of the line without.
    #[test]
    fn a_comment_changes_neither_records_nor_errors(
        lines in proptest::collection::vec(
            (
                "(|[a-c.]{1,9}|@|[*][.]b|[a-z]{60,66}|([a-z]{50}[.]){5,6}|[$]TTL|[$]ORIGIN)",
                "([ \t]{1,2}([0-9]{1,11}|1h|IN|in|CH|ANY)){0,2}",
                "[ \t\r]{1,2}(A|aaaa|NS|MX|txt|TXT|SOA|TYPE7|nope|)",
                "([ \t]{1,2}([0-9]{1,3}[.]){3}[0-9]{1,3}|[ \t]([0-9a-f:]{0,9}|[a-c.]{1,20}|10|\"[^\"\\\\\n\r]{0,9}\"?|x\"y\")){0,3}",
            ),
            0..6,
        ),
    ) {
        let lines: Vec<String> = lines.into_iter().map(|(a, b, c, d)| [a, b, c, d].concat()).collect();
        let text = |end: &str| lines.iter().map(|line| format!("{line}{end}\n")).collect::<String>();
        prop_assert_eq!(placed(&text("")), placed(&text(" ;")));
    }
}

#[test]
fn a_ttl_beyond_the_largest_is_none() {
    let text = "@ 2147483647 NS a\n@ 2147483648 NS a\n@ 7101w NS a\n@ NS a\n@ 5 NS a\n$TTL 4294967295\n@ NS a\n@ 6 NS a\n";
    let mut parser = Parser::new(text.as_bytes(), "zone").origin("example".parse().unwrap());
    let mut seen = Vec::new();
    while let Some(entry) = parser.next().unwrap() {
        seen.push((entry.record.ttl, entry.ttl_too_large));
    }
    let (largest, none) = ((2_147_483_647, false), (0, true));
    assert_eq!(seen, [largest, none, none, none, (5, false), none, (6, false)], "RFC 2181 section 8");
}

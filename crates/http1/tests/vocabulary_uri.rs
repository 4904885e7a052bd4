//! URIs: the examples of RFC 3986, the request targets of RFC 9112 section 3.2, hostile text, and what must always hold.

use http1::Method;
use http1::uri::path::{FilePath, PathError, remove_dot_segments};
use http1::uri::percent::{self, decode, encode};
use http1::uri::{Authority, ErrorKind, Host, Reference, Target, Uri};
use proptest::prelude::*;

/// RFC 3986 section 5.4.1 and 5.4.2, all of it.
const RESOLVED: &[(&str, &str)] = &[
    ("g:h", "g:h"),
    ("g", "http://a/b/c/g"),
    ("./g", "http://a/b/c/g"),
    ("g/", "http://a/b/c/g/"),
    ("/g", "http://a/g"),
    ("//g", "http://g"),
    ("?y", "http://a/b/c/d;p?y"),
    ("g?y", "http://a/b/c/g?y"),
    ("#s", "http://a/b/c/d;p?q#s"),
    ("g#s", "http://a/b/c/g#s"),
    ("g?y#s", "http://a/b/c/g?y#s"),
    (";x", "http://a/b/c/;x"),
    ("g;x", "http://a/b/c/g;x"),
    ("g;x?y#s", "http://a/b/c/g;x?y#s"),
    ("", "http://a/b/c/d;p?q"),
    (".", "http://a/b/c/"),
    ("./", "http://a/b/c/"),
    ("..", "http://a/b/"),
    ("../", "http://a/b/"),
    ("../g", "http://a/b/g"),
    ("../..", "http://a/"),
    ("../../", "http://a/"),
    ("../../g", "http://a/g"),
    ("../../../g", "http://a/g"),
    ("../../../../g", "http://a/g"),
    ("/./g", "http://a/g"),
    ("/../g", "http://a/g"),
    ("g.", "http://a/b/c/g."),
    (".g", "http://a/b/c/.g"),
    ("g..", "http://a/b/c/g.."),
    ("..g", "http://a/b/c/..g"),
    ("./../g", "http://a/b/g"),
    ("./g/.", "http://a/b/c/g/"),
    ("g/./h", "http://a/b/c/g/h"),
    ("g/../h", "http://a/b/c/h"),
    ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
    ("g;x=1/../y", "http://a/b/c/y"),
    ("g?y/./x", "http://a/b/c/g?y/./x"),
    ("g?y/../x", "http://a/b/c/g?y/../x"),
    ("g#s/./x", "http://a/b/c/g#s/./x"),
    ("g#s/../x", "http://a/b/c/g#s/../x"),
    ("http:g", "http:g"),
];

#[test]
fn resolves_the_examples_of_rfc_3986_section_5_4() {
    let base = Uri::parse("http://a/b/c/d;p?q").unwrap();
    for (reference, meant) in RESOLVED {
        let parsed = Reference::parse(reference).unwrap();
        assert_eq!(base.resolve(&parsed), *meant, "{reference:?}");
        assert_eq!(parsed.to_string(), *reference);
    }
}

#[test]
fn resolves_against_bases_that_are_not_the_textbook_s() {
    for (base, reference, meant) in [
        ("http://a", "g", "http://a/g"),
        ("http://a", "?q", "http://a?q"),
        ("http://a?x", "g", "http://a/g"),
        ("mailto:x@y", "?subject=z", "mailto:x@y?subject=z"),
        ("urn:a:b", "c", "urn:c"),
        // What would be taken for an authority is kept a path.
        ("a:/b", ".//c", "a:/.//c"),
        ("a:/b", "/.//c", "a:/.//c"),
        ("a:b/c", "..//d", "a:/.//d"),
    ] {
        let resolved = Uri::parse(base).unwrap().resolve(&Reference::parse(reference).unwrap());
        assert_eq!(resolved, meant, "{reference:?} in {base:?}");
    }
}

#[test]
fn splits_the_examples_of_rfc_3986_section_1_1_2_and_3() {
    type Parts =
        (&'static str, Option<&'static str>, &'static str, Option<&'static str>, Option<&'static str>);
    let examples: &[(&str, Parts)] = &[
        ("ftp://ftp.is.co.za/rfc/rfc1808.txt", ("ftp", Some("ftp.is.co.za"), "/rfc/rfc1808.txt", None, None)),
        (
            "http://www.ietf.org/rfc/rfc2396.txt",
            ("http", Some("www.ietf.org"), "/rfc/rfc2396.txt", None, None),
        ),
        (
            "ldap://[2001:db8::7]/c=GB?objectClass?one",
            ("ldap", Some("[2001:db8::7]"), "/c=GB", Some("objectClass?one"), None),
        ),
        ("mailto:John.Doe@example.com", ("mailto", None, "John.Doe@example.com", None, None)),
        (
            "news:comp.infosystems.www.servers.unix",
            ("news", None, "comp.infosystems.www.servers.unix", None, None),
        ),
        ("tel:+1-816-555-1212", ("tel", None, "+1-816-555-1212", None, None)),
        ("telnet://192.0.2.16:80/", ("telnet", Some("192.0.2.16:80"), "/", None, None)),
        (
            "urn:oasis:names:specification:docbook:dtd:xml:4.1.2",
            ("urn", None, "oasis:names:specification:docbook:dtd:xml:4.1.2", None, None),
        ),
        (
            "foo://example.com:8042/over/there?name=ferret#nose",
            ("foo", Some("example.com:8042"), "/over/there", Some("name=ferret"), Some("nose")),
        ),
        ("x:?#", ("x", None, "", Some(""), Some(""))),
        ("file:///etc/motd", ("file", Some(""), "/etc/motd", None, None)),
    ];
    for (text, (scheme, authority, path, query, fragment)) in examples {
        let uri = Uri::parse(text).unwrap();
        assert_eq!(uri.scheme(), *scheme);
        assert_eq!(uri.authority().map(|authority| authority.as_str()), *authority);
        assert_eq!((uri.path(), uri.query(), uri.fragment()), (*path, *query, *fragment));
        assert_eq!(uri.to_string(), *text);
    }
}

#[test]
fn rejects_what_is_no_uri_and_says_where() {
    for (text, kind, offset) in [
        ("http://a/b c", ErrorKind::Character, 10),
        ("http://a/\u{e9}", ErrorKind::Character, 9),
        ("http://a/%4", ErrorKind::Percent, 9),
        ("http://a/%zz", ErrorKind::Percent, 9),
        ("http://a/?a[b]", ErrorKind::Character, 11),
        ("http://a/#b#c", ErrorKind::Character, 11),
        ("http://a:b/", ErrorKind::Port, 9),
        ("http://a:65536/", ErrorKind::Port, 9),
        ("http://a:+1/", ErrorKind::Port, 9),
        ("http://a:1:2/", ErrorKind::Port, 9),
        ("http://[::1/", ErrorKind::IpLiteral, 11),
        ("http://[::1]x/", ErrorKind::Character, 12),
        ("http://[:::1]/", ErrorKind::IpLiteral, 8),
        ("http://[fe80::1%25eth0]/", ErrorKind::IpLiteral, 8),
        ("http://[1.2.3.4]/", ErrorKind::IpLiteral, 8),
        ("http://[v1]/", ErrorKind::IpLiteral, 8),
        ("http://a@b@c/", ErrorKind::Character, 10),
        ("http://a\\b/", ErrorKind::Character, 8),
        ("//a", ErrorKind::Scheme, 0),
        ("a/b", ErrorKind::Scheme, 0),
        ("", ErrorKind::Scheme, 0),
        ("1a:b", ErrorKind::Colon, 2),
        (":b", ErrorKind::Colon, 0),
        ("http://a/\n", ErrorKind::Character, 9),
        ("http://a/\0", ErrorKind::Character, 9),
        ("http://a/\"<>^`{|}", ErrorKind::Character, 9),
    ] {
        let error = Uri::parse(text).unwrap_err();
        assert_eq!((error.kind, error.offset), (kind, offset), "{text:?}");
    }
}

#[test]
fn tells_the_kinds_of_hosts_apart() {
    for (text, host) in [
        ("", Host::Name("")),
        ("Example.ORG", Host::Name("Example.ORG")),
        ("a%20b", Host::Name("a%20b")),
        ("192.0.2.1", Host::V4([192, 0, 2, 1].into())),
        ("192.0.2.256", Host::Name("192.0.2.256")),
        ("192.0.2", Host::Name("192.0.2")),
        ("192.0.2.01", Host::Name("192.0.2.01")),
        ("[::]", Host::V6(0.into())),
        ("[::ffff:192.0.2.1]", Host::V6("::ffff:192.0.2.1".parse().unwrap())),
        ("[v1F.a:b!]", Host::Future("v1F.a:b!")),
    ] {
        assert_eq!(Authority::parse(text).unwrap().host(), host, "{text:?}");
    }
}

#[test]
fn reads_the_value_of_a_host_field() {
    for (value, host, port) in [
        (&b""[..], "", None),
        (b"www.example.org", "www.example.org", None),
        (b"www.example.org:8001", "www.example.org", Some(8001)),
        (b"www.example.org:", "www.example.org", None),
        (b"[::1]:443", "[::1]", Some(443)),
        (b"a:00080", "a", Some(80)),
        (b":80", "", Some(80)),
    ] {
        let authority = Authority::parse_host_field(value).unwrap();
        assert_eq!((authority.host_text(), authority.port()), (host, port));
    }
    for wrong in [
        &b"a b"[..],
        b"a,b",
        b"user@a",
        b"a:b",
        b"a:65536",
        b"a:-1",
        b"::1",
        b"[::1",
        b"[::1]80",
        b"a/",
        b"a?",
        b"a#",
        b"a\\b",
        b"http://a",
        b"\xe9",
        b"a\0",
        b"a:8 0",
        b"[]",
        b"[a]",
        b"a]",
        b"a%2",
    ] {
        let accepted = Authority::parse_host_field(wrong);
        // A comma is a sub-delim: legal in a name by RFC 3986, however odd.
        assert_eq!(accepted.is_ok(), wrong == b"a,b", "{}", wrong.escape_ascii());
    }
}

#[test]
fn reads_the_four_forms_of_a_request_target() {
    for (method, text) in [
        ("GET", "/"),
        ("GET", "/where?q=now"),
        ("GET", "//not/an/authority"),
        ("GET", "/?"),
        ("GET", "http://www.example.org/pub/WWW/TheProject.html"),
        ("OPTIONS", "http://www.example.org:8001"),
        ("CONNECT", "www.example.com:80"),
        ("CONNECT", "[::1]:443"),
        ("OPTIONS", "*"),
        ("OPTIONS", "/x"),
    ] {
        let target = Target::parse(method, text).unwrap();
        assert_eq!(target.to_string(), text);
    }
}

#[test]
fn rejects_targets_that_two_readers_could_take_for_two_things() {
    for (method, text, kind) in [
        ("GET", "*", ErrorKind::Form),
        ("options", "*", ErrorKind::Form),
        ("OPTIONS", "*x", ErrorKind::Scheme),
        ("GET", "", ErrorKind::Scheme),
        ("GET", "example.org:80", ErrorKind::Form),
        ("GET", "example.org", ErrorKind::Scheme),
        ("GET", "mailto:x@y", ErrorKind::Form),
        ("GET", "http:/a", ErrorKind::Form),
        ("GET", "http:///a", ErrorKind::Host),
        ("GET", "http://:80/a", ErrorKind::Host),
        ("GET", "http://user:pw@a/", ErrorKind::UserInfo),
        ("GET", "http://@a/", ErrorKind::UserInfo),
        ("GET", "/a#b", ErrorKind::Fragment),
        ("GET", "/a?b#c", ErrorKind::Fragment),
        ("GET", "http://a/#c", ErrorKind::Fragment),
        ("GET", "/a b", ErrorKind::Character),
        ("GET", "/\u{e9}", ErrorKind::Character),
        ("GET", "/a\\b", ErrorKind::Character),
        ("GET", "/a|b", ErrorKind::Character),
        ("GET", "/%", ErrorKind::Percent),
        ("CONNECT", "/", ErrorKind::Character),
        ("CONNECT", "*:80", ErrorKind::Form),
        ("CONNECT", "a", ErrorKind::Port),
        ("CONNECT", "a:", ErrorKind::Port),
        ("CONNECT", "a:00", ErrorKind::Port),
        ("CONNECT", "a:0x50", ErrorKind::Port),
        ("CONNECT", "a:65536", ErrorKind::Port),
        ("CONNECT", ":80", ErrorKind::Host),
        ("CONNECT", "u@a:80", ErrorKind::UserInfo),
        ("CONNECT", "http://a:80", ErrorKind::Port),
    ] {
        let parsed = Target::parse(method, text);
        if text == "*:80" {
            assert!(parsed.is_ok(), "'*' is a sub-delim, and so a legal name");
        } else {
            assert_eq!(parsed.unwrap_err().kind, kind, "{method} {text}");
        }
    }
}

#[test]
fn picks_the_target_for_an_origin_server_and_for_a_proxy() {
    let uri = Uri::parse("http://user@www.example.org:8001?a#b").unwrap();
    assert_eq!(Target::for_origin("GET", &uri).to_string(), "/?a");
    assert_eq!(Target::for_proxy(&uri).to_string(), "http://www.example.org:8001?a");
    // RFC 9112 section 3.2.4.
    let uri = Uri::parse("http://www.example.org:8001").unwrap();
    assert_eq!(Target::for_origin("OPTIONS", &uri), Target::Asterisk);
    assert_eq!(Target::for_proxy(&uri).to_string(), "http://www.example.org:8001");
}

#[test]
fn reconstructs_the_target_uri_of_rfc_9112_section_3_3() {
    let target = Target::parse("GET", "/pub/WWW/TheProject.html").unwrap();
    let uri = target.uri("www.example.org:8080", false).unwrap();
    assert_eq!(uri, "http://www.example.org:8080/pub/WWW/TheProject.html");
    assert_eq!(Target::Asterisk.uri("www.example.org", true).unwrap(), "https://www.example.org");
    let absolute = Target::parse("GET", "http://a/b").unwrap();
    assert_eq!(absolute.uri("ignored", true).unwrap(), "http://a/b");
}

#[test]
fn normalises_what_rfc_3986_section_6_2_and_rfc_9110_section_4_2_3_call_equal() {
    for (text, normal) in [
        ("example://a/b/c/%7Bfoo%7D", "example://a/b/c/%7Bfoo%7D"),
        ("eXAMPLE://a/./b/../b/%63/%7bfoo%7d", "example://a/b/c/%7Bfoo%7D"),
        ("http://example.com", "http://example.com/"),
        ("http://example.com/", "http://example.com/"),
        ("http://example.com:/", "http://example.com/"),
        ("http://example.com:80/", "http://example.com/"),
        ("https://example.com:80/", "https://example.com:80/"),
        ("https://example.com:443?q", "https://example.com/?q"),
        ("http://EXAMPLE.com/%7Esmith/home.html", "http://example.com/~smith/home.html"),
        ("http://EXAMPLE.com:/%7esmith/home.html", "http://example.com/~smith/home.html"),
        ("http://%45x%c3%a9/", "http://ex%C3%A9/"),
        ("http://a/%2e%2e/b", "http://a/b"),
        ("http://a/%2F", "http://a/%2F"),
        ("http://User%3a@A/", "http://User%3A@a/"),
    ] {
        assert_eq!(Uri::parse(text).unwrap().normalise(), normal);
    }
}

#[test]
fn names_files_without_ever_leaving_the_root() {
    let names = |path: &'static str| FilePath::of(path).map(|path| (path.names.concat(), path.is_directory));
    assert_eq!(names("/"), Ok((vec![], true)));
    assert_eq!(names("/a/b"), Ok((b"ab".to_vec(), false)));
    assert_eq!(names("/a//./b/"), Ok((b"ab".to_vec(), true)));
    assert_eq!(names("/a/."), Ok((b"a".to_vec(), true)));
    assert_eq!(names("/%252e%252e/x"), Ok((b"%2e%2ex".to_vec(), false)));
    assert_eq!(names("/..a/b..."), Ok((b"..ab...".to_vec(), false)));
    for (path, error) in [
        ("", PathError::Relative),
        ("a", PathError::Relative),
        ("/..", PathError::Parent),
        ("/a/../b", PathError::Parent),
        ("/%2e%2e/b", PathError::Parent),
        ("/.%2E", PathError::Parent),
        ("/a%2fb", PathError::Separator),
        ("/..%2f..", PathError::Separator),
        ("/a%5Cb", PathError::Separator),
        ("/a\\b", PathError::Separator),
        ("/a%00.txt", PathError::Separator),
        ("/a%", PathError::Percent),
        ("/a%2", PathError::Percent),
        ("/a%zz", PathError::Percent),
    ] {
        assert_eq!(FilePath::of(path), Err(error), "{path:?}");
    }
}

/// RFC 3986 section 5.2.4, to the letter: slow, and the oracle of the fast one.
fn remove_dot_segments_by_the_letter(path: &str) -> String {
    let (mut input, mut output) = (path.to_owned(), String::new());
    let cut = |output: &mut String| output.truncate(output.rfind('/').unwrap_or(0));
    while !input.is_empty() {
        if let Some(rest) = input.strip_prefix("../").or(input.strip_prefix("./")) {
            input = rest.to_owned();
        } else if input.starts_with("/./") {
            input = input[2..].to_owned();
        } else if input == "/." {
            input = "/".to_owned();
        } else if input.starts_with("/../") {
            input = input[3..].to_owned();
            cut(&mut output);
        } else if input == "/.." {
            input = "/".to_owned();
            cut(&mut output);
        } else if input == "." || input == ".." {
            input.clear();
        } else {
            let end = input[1..].find('/').map_or(input.len(), |at| at + 1);
            output.push_str(&input[..end]);
            input = input[end..].to_owned();
        }
    }
    output
}

#[test]
fn a_hundred_thousand_dot_segments_cost_a_hundred_thousand_steps() {
    let deep = "/a".repeat(100_000) + &"/..".repeat(100_000);
    assert_eq!(remove_dot_segments(&deep), "/");
    let base = Uri::parse("http://a/b").unwrap();
    assert_eq!(base.resolve(&Reference::parse(&"../".repeat(100_000)).unwrap()), "http://a/");
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop::sample::select(vec!["a", "b;c=1", "..", ".", "", "%41", "%2f", "x:y", "...", "@"]),
        0..8,
    )
    .prop_map(|segments| segments.join("/"))
}

fn suffix() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", "?", "?q=1/../x", "#f", "?a?b#c/d"]).prop_map(str::to_owned)
}

fn base() -> impl Strategy<Value = String> {
    let authority =
        prop::sample::select(vec!["http://A.b:80/", "http://[::1]/", "HTTPS://u:p@h", "x:", "x:/", "x://"]);
    (authority, path(), suffix()).prop_map(|(authority, path, suffix)| {
        let slash = if authority.ends_with(['/', ':']) { "" } else { "/" };
        format!("{authority}{slash}{path}{suffix}")
    })
}

proptest! {
    #[test]
    fn what_a_uri_has_is_what_a_request_was_sent_with(
        text in "(http://|/|//|)?[a-zA-C0-2:/?\\[\\]@!v.%\u{e9}-]{0,12}(:[0-9]{0,5})?(/[a-c%2?]{0,5})?",
        method in prop::sample::select(vec![Method::Get, Method::Options, Method::Connect]),
    ) {
        let authority = Authority::parse_host_field(text.as_bytes()).ok();
        let read = http1::Authority::parse(text.as_bytes());
        prop_assert_eq!(read, authority.map(Into::into));
        prop_assert_eq!(read.and_then(|read| read.typed_host()), authority.map(|authority| authority.host()));
        if let Ok(target) = Target::parse(method.as_str(), &text) {
            let read = http1::Target::parse(method, text.as_bytes()).unwrap();
            prop_assert_eq!(read.authority(), target.authority().map(Into::into));
            if let Target::Absolute(uri) = target {
                let asked = Target::for_origin(method.as_str(), &uri).to_string();
                prop_assert_eq!(read.for_origin(method).to_string(), asked);
            }
        }
        let tidy = percent::encode_stray(text.as_bytes());
        prop_assert_eq!(percent::encode_stray(tidy.as_bytes()), &*tidy);
    }

    #[test]
    fn what_parses_is_written_back_as_it_was(text in "[a-zA-Z0-9:/?#\\[\\]@!$&'()*+,;=._~%\u{e9} -]{0,40}") {
        if let Ok(reference) = Reference::parse(&text) {
            prop_assert_eq!(reference.to_string(), text);
        }
    }

    #[test]
    fn no_text_panics(text in ".{0,60}", method in "GET|CONNECT|OPTIONS", octets in prop::collection::vec(any::<u8>(), 0..40)) {
        if let Ok(uri) = Uri::parse(&text) {
            Uri::parse(&uri.normalise()).unwrap();
        }
        if let Ok(target) = Target::parse(&method, &text) {
            prop_assert_eq!(&target.to_string(), &text);
        }
        let _ = (Authority::parse_host_field(&octets), FilePath::of(&text), decode(&octets));
    }

    #[test]
    fn resolving_twice_is_resolving_once(base in base(), path in path(), suffix in suffix()) {
        let reference = format!("{path}{suffix}");
        let (Ok(base), Ok(reference)) = (Uri::parse(&base), Reference::parse(&reference)) else { return Ok(()) };
        let once = base.resolve(&reference);
        let parsed = Reference::parse(&once).unwrap();
        // An empty path takes over the base's own, dots and all (RFC 3986 section 5.2.2).
        if !reference.path().is_empty() || remove_dot_segments(base.path()) == base.path() {
            prop_assert_eq!(base.resolve(&parsed), once);
        }
    }

    #[test]
    fn normalising_twice_is_normalising_once(base in base()) {
        let Ok(uri) = Uri::parse(&base) else { return Ok(()) };
        let normal = uri.normalise();
        prop_assert_eq!(Uri::parse(&normal).unwrap().normalise(), normal);
    }

    #[test]
    fn dot_segments_go_as_the_rfc_s_algorithm_says(path in "[/.a]{0,24}") {
        prop_assert_eq!(remove_dot_segments(&path), remove_dot_segments_by_the_letter(&path));
    }

    #[test]
    fn decoding_undoes_encoding(octets in prop::collection::vec(any::<u8>(), 0..60)) {
        for keep in [percent::COMPONENT, percent::SEGMENT, percent::PATH, percent::QUERY_OR_FRAGMENT, percent::USER] {
            let text = encode(&octets, &keep);
            prop_assert_eq!(&*decode(text.as_bytes()).unwrap(), &octets[..]);
        }
    }

    #[test]
    fn every_file_path_stays_below_its_root(path in "/([a./\\\\]|%2[eEfF]|%00|%5c|%25){0,20}") {
        if let Ok(path) = FilePath::of(&path) {
            for name in path.names {
                prop_assert!(!name.is_empty() && &*name != b"." && &*name != b"..");
                prop_assert!(!name.iter().any(|octet| b"\0/\\".contains(octet)));
            }
        }
    }
}

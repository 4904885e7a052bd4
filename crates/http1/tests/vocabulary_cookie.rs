//! Cookies: the dialogues of RFC 6265 section 3.1, the algorithms of section 5, and what servers can't be made to send.

use http1::cookie::{
    Misuse, SameSite, SetCookie, default_path, domain_matches, header, pairs, parse_date, path_matches,
};
use http1::date::HttpDate;
use proptest::prelude::*;

fn date(text: &str) -> Option<HttpDate> {
    Some(HttpDate::parse(text.as_bytes(), HttpDate::MIN).unwrap())
}

#[test]
fn reads_and_writes_the_dialogues_of_section_3_1() {
    for field in [
        "SID=31d4d96e407aad42",
        "SID=31d4d96e407aad42; Path=/; Secure; HttpOnly",
        "SID=31d4d96e407aad42; Domain=site.example; Path=/",
        "lang=en-US; Domain=site.example; Path=/",
        "lang=en-US; Expires=Wed, 09 Jun 2021 10:18:14 GMT",
        "lang=; Expires=Sun, 06 Nov 1994 08:49:37 GMT",
        "a=\"b\"; Max-Age=-1; SameSite=Strict",
        "a=b; Secure; SameSite=None",
    ] {
        let cookie = SetCookie::parse(field.as_bytes()).unwrap();
        assert_eq!(cookie.to_bytes(), field.as_bytes());
    }
    let sent = pairs(b"SID=31d4d96e407aad42; lang=en-US");
    assert_eq!(header(sent), b"SID=31d4d96e407aad42; lang=en-US");
}

#[test]
fn reads_names_and_values_as_all_clients_do() {
    let long = |n: usize| format!("a={}", "x".repeat(n));
    for (field, pair) in [
        ("a=b", Some(("a", "b"))),
        ("  a  =  b  ; Path=/", Some(("a", "b"))),
        ("a=b=c", Some(("a", "b=c"))),
        ("a=\"b c\"", Some(("a", "\"b c\""))),
        ("a=", Some(("a", ""))),
        ("=b", Some(("", "b"))),
        ("b", Some(("", "b"))),
        ("=b=c", Some(("", "b=c"))),
        ("a,b=c d", Some(("a,b", "c d"))),
        ("a=\u{e9}", Some(("a", "\u{e9}"))),
        ("a=b\tc", Some(("a", "b\tc"))),
        ("", None),
        ("=", None),
        (" ; Path=/", None),
        ("a=b\0", None),
        ("a=b; Path=/\r\nX: y", None),
        ("a=b; Path=\x7f", None),
        (&long(4095), Some(("a", &long(4095)[2..]))),
        (&long(4096), None),
    ] {
        let cookie = SetCookie::parse(field.as_bytes());
        let read = cookie.map(|cookie| (cookie.name(), cookie.value()));
        assert_eq!(read, pair.map(|(name, value)| (name.as_bytes(), value.as_bytes())), "{field:?}");
    }
}

#[test]
fn reads_attributes_as_all_clients_do() {
    let read = |attributes: &str| {
        let field = format!("a=b;{attributes}");
        let cookie = SetCookie::parse(field.as_bytes()).unwrap();
        let text = |octets: Option<&[u8]>| octets.map(|octets| String::from_utf8_lossy(octets).into_owned());
        (
            text(cookie.domain()),
            text(cookie.path()),
            cookie.max_age(),
            cookie.is_secure(),
            cookie.is_http_only(),
        )
    };
    let some = |text: &str| Some(text.to_owned());
    for (attributes, meaning) in [
        ("", (None, None, None, false, false)),
        ("secure;HTTPONLY", (None, None, None, true, true)),
        ("Secure=no; HttpOnly=0", (None, None, None, true, true)),
        ("=Secure; xSecure; Secure2", (None, None, None, false, false)),
        (" Domain = .Example.ORG ; Path = /a b ", (some("Example.ORG"), some("/a b"), None, false, false)),
        ("Domain=a; Domain=b", (some("b"), None, None, false, false)),
        ("Domain=a; Domain=", (None, None, None, false, false)),
        ("Domain=.", (None, None, None, false, false)),
        ("Path=/a; Path=b", (None, None, None, false, false)),
        ("Path=/a;Path=/b", (None, some("/b"), None, false, false)),
        ("Max-Age=10", (None, None, Some(10), false, false)),
        ("Max-Age=-10", (None, None, Some(-10), false, false)),
        ("Max-Age=10; Max-Age=x", (None, None, Some(10), false, false)),
        ("Max-Age=+10", (None, None, None, false, false)),
        ("Max-Age=1.5", (None, None, None, false, false)),
        ("Max-Age=-", (None, None, None, false, false)),
        ("Max-Age=", (None, None, None, false, false)),
        ("Max-Age=99999999999999999999", (None, None, Some(i64::MAX), false, false)),
        (&format!("Path=/{}", "x".repeat(1024)), (None, None, None, false, false)),
    ] {
        assert_eq!(read(attributes), meaning, "{attributes:?}");
    }
    for (text, same_site) in [
        ("strict", Some(SameSite::Strict)),
        ("LAX", Some(SameSite::Lax)),
        ("None", Some(SameSite::None)),
        ("x", None),
    ] {
        let field = format!("a=b; SameSite={text}");
        assert_eq!(SetCookie::parse(field.as_bytes()).unwrap().same_site(), same_site);
    }
}

#[test]
fn finds_a_date_in_almost_any_text() {
    let nov = date("Sun, 06 Nov 1994 08:49:37 GMT");
    for (text, found) in [
        ("Sun, 06 Nov 1994 08:49:37 GMT", nov),
        ("Sunday, 06-Nov-94 08:49:37 GMT", nov),
        ("Sun Nov  6 08:49:37 1994", nov),
        ("6 november 1994 8:49:37", nov),
        ("1994/nov/6 08:49:37.5", nov), // four digits are no day
        ("08:49:37 6 Nov 94 and 95 and 12 Dec", nov),
        ("06th Nov 1994th 08:49:37pm", nov),
        ("Sun, 06 Nov 69 08:49:37", date("Sun, 06 Nov 2069 08:49:37 GMT")),
        ("Sun, 06 Nov 70 08:49:37", date("Sun, 06 Nov 1970 08:49:37 GMT")),
        ("Sun, 06 Nov 1600 08:49:37", None),
        ("Sun, 06 Nov 1601 08:49:37", date("Sun, 06 Nov 1601 08:49:37 GMT")),
        ("Sun, 31 Nov 1994 08:49:37", None),
        ("Sun, 00 Nov 1994 08:49:37", None),
        ("Sun, 06 Nov 1994 24:49:37", None),
        ("Sun, 06 Nov 1994 08:60:37", None),
        ("Sun, 06 Nov 1994 08:49:60", None),
        ("Sun, 06 Nov 1994 08:49", None),
        ("Sun, 06 Nov 08:49:37", None),
        ("Sun, 06 1994 08:49:37", None),
        ("Sun, 06 Nov 19945 08:49:37", None),
        ("Sun, 06 Nov 1994 008:49:37", None),
        ("0", None),
        ("", None),
    ] {
        assert_eq!(parse_date(text.as_bytes()), found, "{text}");
    }
}

#[test]
fn prefixes_promise_what_section_4_1_3_says() {
    for (field, holds) in [
        ("SID=1", true),
        ("__Secure-SID=1", false),
        ("__Secure-SID=1; Secure", true),
        ("__Secure-SID=1; Secure; Domain=site.example", true),
        ("__Host-SID=1", false),
        ("__Host-SID=1; Secure", false),
        ("__Host-SID=1; Secure; Path=/", true),
        ("__Host-SID=1; Secure; Path=/a", false),
        ("__Host-SID=1; Path=/", false),
        ("__Host-SID=1; Secure; Domain=site.example; Path=/", false),
        ("__hOST-SID=1", false),
        ("__SECURE-SID=1", false),
        ("=__Host-SID=1; Secure; Path=/", false),
        ("__Secure-SID", false),
        ("__Secure", true),
    ] {
        assert_eq!(SetCookie::parse(field.as_bytes()).unwrap().keeps_its_promise(), holds, "{field}");
    }
}

#[test]
fn a_server_reads_every_pair() {
    for (value, cookies) in [
        ("a=b; c=d", &[("a", "b"), ("c", "d")][..]),
        ("a=b;c=d;;", &[("a", "b"), ("c", "d")]),
        ("a=b; a=c", &[("a", "b"), ("a", "c")]),
        ("a = b", &[("a", "b")]),
        ("a", &[("", "a")]),
        ("a=\"b;c\"", &[("a", "\"b"), ("", "c\"")]),
        ("a=b,c=d", &[("a", "b,c=d")]),
        ("", &[]),
        (" ; ", &[]),
        ("a=;=", &[("a", "")]), // found by fuzzing: there is no way to write the second one
    ] {
        let read: Vec<_> = pairs(value.as_bytes()).collect();
        let meant: Vec<_> = cookies.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
        assert_eq!(read, meant, "{value:?}");
    }
}

#[test]
fn a_client_sends_nothing_that_could_be_taken_for_more() {
    assert_eq!(header([("", ""), ("a", ""), ("", "")]), b"a=");
    assert_eq!(header([("", "a"), ("b", ""), ("", "c=d")]), b"a; b=; =c=d");
    let smuggled = [("a\r\nX", "b"), ("a", "b; c=d"), ("a=b", "c"), ("a", "\0"), ("ok", "1")];
    assert_eq!(header(smuggled), b"ok=1");
}

#[test]
fn a_server_can_t_set_what_clients_would_read_differently() {
    for name in ["", "a b", "a=b", "a;b", "a\r\nb", "\u{e9}"] {
        assert_eq!(SetCookie::new(name, "x").unwrap_err(), Misuse::Name);
    }
    for value in ["a b", "a;b", "a,b", "a\"b", "\"", "a\\b", "a\nb", "\u{e9}"] {
        assert_eq!(SetCookie::new("a", value).unwrap_err(), Misuse::Value, "{value:?}");
    }
    assert!(SetCookie::new("a", "\"b\"").is_ok());
    assert_eq!(SetCookie::new("a", &"x".repeat(4096)).unwrap_err(), Misuse::TooLarge);
    let cookie = SetCookie::new("a", "b").unwrap();
    for path in ["", "a", "/a;b", "/a\r\nb", "/a "] {
        assert_eq!(cookie.with_path(path).unwrap_err(), Misuse::Path, "{path:?}");
    }
    for domain in ["", ".", "..a", "-a", "a b", "a;b", "a/b", "a\n"] {
        assert_eq!(cookie.with_domain(domain).unwrap_err(), Misuse::Domain, "{domain:?}");
    }
    let long = "/".repeat(1025);
    assert_eq!(cookie.with_path(&long).unwrap_err(), Misuse::TooLarge);
}

#[test]
fn cookies_go_where_section_5_1_says() {
    for (host, domain, matches) in [
        ("example.com", "example.com", true),
        ("EXAMPLE.com", "example.COM", true),
        ("www.example.com", "example.com", true),
        ("example.com", "www.example.com", false),
        ("badexample.com", "example.com", false),
        ("example.com", "", false),
        ("example.com.", "example.com", false),
        ("192.0.2.1", "192.0.2.1", true),
        ("192.0.2.1", "2.1", false),
        ("[::1]", "1]", false),
        ("\u{e9}.com", ".com", false),
    ] {
        assert_eq!(domain_matches(host, domain), matches, "{host} and {domain}");
    }
    for (path, cookie_path, matches) in [
        ("/", "/", true),
        ("/a", "/", true),
        ("/a", "/a", true),
        ("/a/", "/a", true),
        ("/a/b", "/a", true),
        ("/ab", "/a", false),
        ("/a", "/a/", false),
        ("/A", "/a", false),
        ("", "/", false),
    ] {
        assert_eq!(path_matches(path, cookie_path), matches, "{path} and {cookie_path}");
    }
    for (path, default) in
        [("", "/"), ("a/b", "/"), ("/", "/"), ("/a", "/"), ("/a/", "/a"), ("/a/b/c", "/a/b")]
    {
        assert_eq!(default_path(path), default);
    }
}

proptest! {
    #[test]
    fn what_was_read_is_written_so_that_it_reads_the_same(field in "(__Host-)?[a-c=\"; ]{0,8}(; ?(Path=/?[ab ]{0,3}|Domain=\\.?a|Max-Age=-?[0-9]{0,3}|Secure|SameSite=Lax|Expires=9 Jun 21 1:2:3)){0,4}") {
        if let Some(cookie) = SetCookie::parse(field.as_bytes()) {
            let text = cookie.to_bytes();
            prop_assert_eq!(SetCookie::parse(&text), Some(cookie));
        }
    }

    #[test]
    fn what_a_server_sets_is_what_a_client_sends(name in "[!-~]{1,6}", value in "[!-~]{0,8}") {
        if let Ok(cookie) = SetCookie::new(&name, &value) {
            let field = cookie.to_bytes();
            let stored = SetCookie::parse(&field).unwrap();
            let sent = header([(stored.name(), stored.value())]);
            prop_assert_eq!(pairs(&sent).collect::<Vec<_>>(), [(name.as_bytes(), value.as_bytes())]);
        }
    }

    #[test]
    fn no_octets_panic(octets in prop::collection::vec(any::<u8>(), 0..60), host in ".{0,12}", domain in ".{0,8}") {
        let _ = (SetCookie::parse(&octets), parse_date(&octets), pairs(&octets).count());
        let _ = (domain_matches(&host, &domain), path_matches(&host, &domain), default_path(&host));
    }
}

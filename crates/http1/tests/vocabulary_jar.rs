//! The cookie jar: who may set what, who gets what, in which order, and what has to make room.

#[path = "support/jar_model.rs"]
mod model;

use http1::cookie::{Jar, MAX_AGE, MAX_COOKIES, MAX_PER_DOMAIN, Refused, Request, SetCookie, Site};
use http1::date::HttpDate;
use proptest::prelude::*;

const fn at(seconds: i64) -> i64 {
    1_700_000_000 + seconds
}

fn now() -> HttpDate {
    date(0)
}

fn date(seconds: i64) -> HttpDate {
    HttpDate::from_unix(at(seconds)).unwrap()
}

fn request<'a>(host: &'a str, path: &'a str, is_secure: bool) -> Request<'a> {
    Request::new(host, path, is_secure)
}

fn home() -> Request<'static> {
    request("www.example.com", "/", true)
}

fn set(jar: &mut Jar, field: &str, from: &Request<'_>) -> Result<(), Refused> {
    jar.set(&SetCookie::parse(field.as_bytes()).unwrap(), from, now())
}

fn sent(jar: &mut Jar, to: &Request<'_>) -> String {
    String::from_utf8(jar.header(to, now()).unwrap_or_default()).unwrap()
}

#[test]
fn holds_the_dialogue_of_section_3_1() {
    let mut jar = Jar::new();
    let site = request("www.site.example", "/login", true);
    set(&mut jar, "SID=31d4d96e407aad42; Path=/; Secure; HttpOnly", &site).unwrap();
    set(&mut jar, "lang=en-US; Path=/; Domain=site.example", &site).unwrap();
    assert_eq!(sent(&mut jar, &site), "SID=31d4d96e407aad42; lang=en-US");
    assert_eq!(sent(&mut jar, &request("shop.site.example", "/", true)), "lang=en-US");
    set(&mut jar, "lang=; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Path=/; Domain=site.example", &site)
        .unwrap();
    assert_eq!(sent(&mut jar, &site), "SID=31d4d96e407aad42");
}

#[test]
fn only_hosts_of_a_domain_set_cookies_for_it() {
    for (host, field, result) in [
        ("www.example.com", "a=b", Ok(())),
        ("www.example.com", "a=b; Domain=example.com", Ok(())),
        ("www.example.com", "a=b; Domain=.Example.COM", Ok(())),
        ("WWW.EXAMPLE.COM", "a=b; Domain=www.example.com", Ok(())),
        ("www.example.com", "a=b; Domain=shop.example.com", Err(Refused::Domain)),
        ("www.example.com", "a=b; Domain=a.www.example.com", Err(Refused::Domain)),
        ("www.example.com", "a=b; Domain=ample.com", Err(Refused::Domain)),
        ("www.example.com", "a=b; Domain=example.org", Err(Refused::Domain)),
        ("www.example.com", "a=b; Domain=exämple.com", Err(Refused::Domain)),
        ("www.example.com", "a=b; Domain=com", Err(Refused::PublicSuffix)),
        ("www.example.com.", "a=b; Domain=com.", Err(Refused::PublicSuffix)),
        ("localhost", "a=b; Domain=localhost", Ok(())),
        ("127.0.0.1", "a=b; Domain=127.0.0.1", Ok(())),
        ("127.0.0.1", "a=b; Domain=0.0.1", Err(Refused::Domain)),
        ("[::1]", "a=b; Domain=[::1]", Ok(())),
        ("", "a=b", Err(Refused::Unreachable)),
        (&"a".repeat(256), "a=b", Err(Refused::Unreachable)),
    ] {
        let mut jar = Jar::new();
        assert_eq!(set(&mut jar, field, &request(host, "/", true)), result, "{host} {field}");
        assert_eq!(jar.len(), usize::from(result.is_ok()));
        assert_eq!(sent(&mut jar, &request(host, "/", true)), if result.is_ok() { "a=b" } else { "" });
    }
}

#[test]
fn a_public_suffix_that_is_a_host_keeps_its_cookies_to_itself() {
    let mut jar = Jar::with_public_suffixes(|domain: &str| matches!(domain, "example" | "pages.example"));
    let cookie = SetCookie::parse(b"a=b; Domain=pages.example").unwrap();
    jar.set(&cookie, &request("pages.example", "/", true), now()).unwrap();
    assert!(jar.iter().all(http1::cookie::Cookie::is_host_only));
    assert_eq!(jar.header(&request("mallory.pages.example", "/", true), now()), None);
    let mallory = request("mallory.pages.example", "/", true);
    assert_eq!(jar.set(&cookie, &mallory, now()), Err(Refused::PublicSuffix));
}

#[test]
fn each_gets_what_is_meant_for_it() {
    let mut jar = Jar::new();
    for field in [
        "host=1; Path=/",
        "all=2; Domain=example.com; Path=/",
        "docs=3; Path=/docs",
        "tls=4; Secure; Path=/",
        "quiet=5; HttpOnly; Path=/",
        "=nameless; Path=/",
    ] {
        set(&mut jar, field, &home()).unwrap();
    }
    for (to, cookies) in [
        (home(), "host=1; all=2; tls=4; quiet=5; nameless"),
        (home().by_script(), "host=1; all=2; tls=4; nameless"),
        (request("www.example.com", "/", false), "host=1; all=2; quiet=5; nameless"),
        (request("www.example.com", "/docs/a", false), "docs=3; host=1; all=2; quiet=5; nameless"),
        (request("www.example.com", "/documents", false), "host=1; all=2; quiet=5; nameless"),
        (request("a.www.example.com", "/docs", true), "all=2"),
        (request("example.com", "/", true), "all=2"),
        (request("badexample.com", "/", true), ""),
        (request("example.com.evil.example", "/", true), ""),
        (request("com", "/", true), ""),
        (request("", "", true), ""),
    ] {
        assert_eq!(sent(&mut jar, &to), cookies, "{to:?}");
    }
}

#[test]
fn longer_paths_come_first_and_then_older_cookies() {
    let mut jar = Jar::new();
    for field in ["c=1; Path=/", "b=2; Path=/a/b", "a=3; Path=/a", "d=4; Path=/; Domain=example.com"] {
        set(&mut jar, field, &home()).unwrap();
    }
    let deep = request("www.example.com", "/a/b/c", true);
    assert_eq!(sent(&mut jar, &deep), "b=2; a=3; c=1; d=4");
    // Step 23: what is replaced keeps the time of its creation.
    set(&mut jar, "c=5; Path=/", &home()).unwrap();
    assert_eq!(sent(&mut jar, &deep), "b=2; a=3; c=5; d=4");
    assert_eq!(jar.len(), 4);
}

#[test]
fn same_site_says_from_where() {
    let mut jar = Jar::new();
    for field in ["s=1; SameSite=Strict", "l=2; SameSite=Lax", "d=3", "n=4; SameSite=None; Secure"] {
        set(&mut jar, field, &home()).unwrap();
    }
    for (site, cookies) in [
        (Site::Same, "s=1; l=2; d=3; n=4"),
        (Site::Follow, "l=2; d=3; n=4"),
        (Site::Submit, "n=4"),
        (Site::Cross, "n=4"),
    ] {
        assert_eq!(sent(&mut jar, &home().from_site(site)), cookies, "{site:?}");
    }
    let cross = home().from_site(Site::Cross);
    for field in ["a=b", "a=b; SameSite=Lax", "a=b; SameSite=Strict"] {
        assert_eq!(set(&mut jar, field, &cross), Err(Refused::CrossSite));
        assert_eq!(set(&mut jar, field, &home().from_site(Site::Submit)), Ok(()));
    }
    assert_eq!(set(&mut jar, "a=b; SameSite=None; Secure", &cross), Ok(()));
    assert_eq!(set(&mut jar, "a=b; SameSite=None", &home()), Err(Refused::NoneInsecure));
}

#[test]
fn prefixes_are_promises() {
    for (field, is_kept) in [
        ("__Secure-a=b; Secure", true),
        ("__Secure-a=b", false),
        ("__secure-a=b", false),
        ("__Host-a=b; Secure; Path=/", true),
        ("__Host-a=b; Secure", false),
        ("__Host-a=b; Secure; Path=/a", false),
        ("__Host-a=b; Secure; Path=/; Domain=www.example.com", false),
        ("__HOST-a=b; Path=/", false),
        ("=__Host-a=b; Path=/; Secure", false),
        ("__Secure-; Secure", false),
    ] {
        let result = set(&mut Jar::new(), field, &home());
        assert_eq!(result, if is_kept { Ok(()) } else { Err(Refused::Prefix) }, "{field}");
    }
}

#[test]
fn without_tls_nothing_secure_is_set_or_hidden() {
    let mut jar = Jar::new();
    let plain = request("www.example.com", "/login/en", false);
    assert_eq!(set(&mut jar, "a=b; Secure", &plain), Err(Refused::Insecure));
    set(&mut jar, "sid=1; Secure; Path=/login", &home()).unwrap();
    for (field, result) in [
        ("sid=2; Path=/login", Err(Refused::Overlay)),
        ("sid=2; Path=/login/en", Err(Refused::Overlay)),
        ("sid=2; Path=/login; Domain=example.com", Err(Refused::Overlay)),
        ("SID=2; Path=/login", Err(Refused::Overlay)),
        ("sid=2; Path=/", Ok(())),
        ("sid=2; Path=/log", Ok(())),
        ("side=2; Path=/login", Ok(())),
    ] {
        assert_eq!(set(&mut jar, field, &plain), result, "{field}");
    }
    let elsewhere = request("shop.example.com", "/", false);
    assert_eq!(set(&mut jar, "sid=2; Path=/login", &elsewhere), Ok(()));
}

#[test]
fn scripts_neither_set_nor_replace_http_only_cookies() {
    let mut jar = Jar::new();
    assert_eq!(set(&mut jar, "a=b; HttpOnly", &home().by_script()), Err(Refused::HttpOnly));
    set(&mut jar, "a=b; HttpOnly", &home()).unwrap();
    assert_eq!(set(&mut jar, "a=c", &home().by_script()), Err(Refused::HttpOnly));
    assert_eq!(set(&mut jar, "a=; Max-Age=0", &home().by_script()), Err(Refused::HttpOnly));
    assert_eq!(sent(&mut jar, &home()), "a=b");
}

#[test]
fn cookies_end() {
    let mut jar = Jar::new();
    for (field, lasts) in [
        ("a=1; Max-Age=60", Some(60)),
        ("a=1; Max-Age=60; Expires=Sun, 06 Nov 1994 08:49:37 GMT", Some(60)),
        ("a=1; Expires=Tue, 14 Nov 2023 22:14:20 GMT", Some(60)),
        ("a=1; Max-Age=99999999999999999999", Some(MAX_AGE)),
        ("a=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT", Some(MAX_AGE)),
        ("a=1", None),
    ] {
        set(&mut jar, field, &home()).unwrap();
        assert_eq!(jar.iter().next().unwrap().expires(), lasts.map(date), "{field}");
        if let Some(seconds) = lasts {
            assert!(jar.header(&home(), date(seconds - 1)).is_some());
            assert!(jar.header(&home(), date(seconds)).is_none());
        }
    }
    for field in ["a=; Max-Age=0", "a=; Max-Age=-1", "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"] {
        set(&mut jar, "a=1", &home()).unwrap();
        set(&mut jar, field, &home()).unwrap();
        assert!(jar.is_empty() && jar.iter().next().is_none(), "{field}");
    }
    set(&mut jar, "session=1", &home()).unwrap();
    set(&mut jar, "kept=1; Max-Age=5", &home()).unwrap();
    jar.retain(|cookie| cookie.expires().is_some());
    assert_eq!((sent(&mut jar, &home()).as_str(), jar.len()), ("kept=1", 1));
}

#[test]
fn in_a_domain_the_unused_and_insecure_make_room() {
    let mut jar = Jar::new();
    set(&mut jar, "first=1; Secure", &home()).unwrap();
    set(&mut jar, "second=1; Path=/used", &home()).unwrap();
    for n in 2..MAX_PER_DOMAIN {
        set(&mut jar, &format!("a{n}=b; Path=/rest"), &home()).unwrap();
    }
    jar.header(&request("www.example.com", "/used", true), now());
    assert_eq!(jar.len(), MAX_PER_DOMAIN);
    set(&mut jar, "last=1", &home()).unwrap();
    assert_eq!(jar.len(), MAX_PER_DOMAIN);
    let has = |jar: &Jar, name: &str| jar.iter().any(|cookie| cookie.name() == name.as_bytes());
    assert!(has(&jar, "first") && has(&jar, "second") && has(&jar, "last") && !has(&jar, "a2"));
    // What has ended goes before anything else.
    set(&mut jar, "a2=b; Path=/rest; Max-Age=1", &home()).unwrap();
    let count = jar.len();
    let cookie = SetCookie::parse(b"new=1").unwrap();
    jar.set(&cookie, &home(), date(2)).unwrap();
    assert_eq!(jar.len(), count);
    assert!(has(&jar, "new") && !has(&jar, "a2"));
}

#[test]
fn the_jar_has_an_end() {
    let mut jar = Jar::new();
    for n in 0..MAX_COOKIES + 10 {
        let host = format!("h{}.example", n / 10);
        set(&mut jar, &format!("a{n}=b"), &request(&host, "/", true)).unwrap();
    }
    assert_eq!((jar.len(), jar.iter().count()), (MAX_COOKIES, MAX_COOKIES));
    assert_eq!(sent(&mut jar, &request("h0.example", "/", true)), "");
    assert!(!sent(&mut jar, &request("h1.example", "/", true)).is_empty());
}

#[test]
fn hosts_made_of_dots_cost_little() {
    let mut jar = Jar::new();
    set(&mut jar, "a=b", &home()).unwrap();
    assert_eq!(sent(&mut jar, &request(&".".repeat(100_000), "/", true)), "");
    assert_eq!(sent(&mut jar, &request(&"a.".repeat(127), "/", true)), "");
}

#[test]
fn nothing_prints_a_value() {
    let mut jar = Jar::new();
    set(&mut jar, "sid=secret", &home()).unwrap();
    assert!(!format!("{jar:?} {:?}", jar.iter().next()).contains("secret"));
}

proptest! {
    /// A list that is searched from end to end keeps the same cookies and gives the same ones.
    #[test]
    fn the_jar_is_as_good_as_a_list(octets in prop::collection::vec(any::<u8>(), 0..2000)) {
        model::tell(&octets);
    }
}

proptest! {
    /// What is written for a file and read back is the same jar.
    #[test]
    fn a_jar_survives_being_written(fields in prop::collection::vec(
        ("[a-c]{0,2}", "[x-z]{0,2}", prop::option::of("/[ab]?"), any::<[bool; 3]>(), 0..3_i64), 0..20,
    )) {
        let mut jar = Jar::new();
        for (name, value, path, [secure, http_only, domain], age) in fields {
            let mut field = format!("{name}={value}");
            for (text, is_there) in
                [("; Secure", secure), ("; HttpOnly", http_only), ("; Domain=example.com", domain)]
            {
                field.push_str(if is_there { text } else { "" });
            }
            field.push_str(&path.map(|path| format!("; Path={path}")).unwrap_or_default());
            field.push_str(&if age > 0 { format!("; Max-Age={age}") } else { String::new() });
            if let Some(cookie) = SetCookie::parse(field.as_bytes()) {
                jar.set(&cookie, &home(), now()).unwrap();
            }
        }
        let mut again = Jar::new();
        for cookie in jar.iter() {
            let line = cookie.as_set_cookie().to_bytes();
            again.set(&SetCookie::parse(&line).unwrap(), &request(cookie.domain(), "/", true), now()).unwrap();
        }
        let all = |jar: &Jar| {
            let mut all: Vec<_> = jar.iter().map(|it| (it.domain().to_owned(), it.as_set_cookie().to_bytes())).collect();
            all.sort();
            all
        };
        prop_assert_eq!(all(&jar), all(&again));
        prop_assert_eq!(jar.len(), again.len());
    }
}

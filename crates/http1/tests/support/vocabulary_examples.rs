//! The examples of the RFCs on caching, cookies, structured fields and Digest: each as it stands there, and what it means.

use http1::cache::{CacheStatus, Decision, Directives, Exchange, Forward, Policy, Rules};
use http1::cookie::{Jar, Request, SetCookie, default_path, domain_matches, path_matches};
use http1::date::HttpDate;
use http1::structured::{Dictionary, Item, List};
use http1::{Fields, Method, RequestHead, ResponseHead};

fn date(text: &str) -> HttpDate {
    HttpDate::parse(text.as_bytes(), HttpDate::from_unix(784_111_777).unwrap()).unwrap()
}

/// The policy of a 200 with this `Cache-Control` and these other lines, received when it was sent.
fn policy(cache_control: &str, lines: &str, now: HttpDate) -> Policy {
    let (mut fields, mut more) = (Fields::new(), Fields::new());
    let (request, _) =
        RequestHead::parse(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", &mut fields).unwrap().unwrap();
    let text = format!("HTTP/1.1 200 OK\r\nDate: {now}\r\nCache-Control: {cache_control}\r\n{lines}\r\n");
    let (response, _) = ResponseHead::parse(text.as_bytes(), &mut more).unwrap().unwrap();
    let exchange = Exchange { method: Method::Get, request: request.fields(), requested: now, received: now };
    Policy::of(&exchange, response.status(), response.fields(), Rules::SHARED).unwrap()
}

fn directives(value: &str) -> Directives {
    let text = format!("HTTP/1.1 200 OK\r\nCache-Control: {value}\r\n\r\n");
    let mut fields = Fields::new();
    let (response, _) = ResponseHead::parse(text.as_bytes(), &mut fields).unwrap().unwrap();
    Directives::of(response.fields())
}

fn decide(policy: &Policy, request: &str, now: HttpDate) -> Decision {
    let text = format!("GET / HTTP/1.1\r\nHost: a\r\n{request}\r\n");
    let mut fields = Fields::new();
    let (request, _) = RequestHead::parse(text.as_bytes(), &mut fields).unwrap().unwrap();
    policy.decide(request.fields(), now)
}

fn later(now: HttpDate, seconds: i64) -> HttpDate {
    HttpDate::from_unix(now.unix() + seconds).unwrap()
}

#[test]
fn directives_of_9111_5_2() {
    // Section 5.2: either form of argument has to be taken, whichever is to be sent.
    assert_eq!(directives("max-age=5"), directives("max-age=\"5\""));
    assert_eq!(directives("s-maxage=10").s_maxage, Some(10));
    // Section 5.2.3: an extension does not weaken what is known.
    let extended = directives("private, community=\"UCI\"");
    assert!(extended.private && extended == directives("private"));
    // Section 5.2.2.3.
    let understood = directives("must-understand, no-store");
    assert!(understood.must_understand && understood.no_store);
    // RFC 8246 section 2.
    let immutable = directives("max-age=31536000, immutable");
    assert!(immutable.immutable && immutable.max_age == Some(31_536_000));
}

#[test]
fn expires_of_9111_5_3() {
    let now = date("Thu, 01 Dec 1994 15:00:00 GMT");
    let policy = policy("", "Expires: Thu, 01 Dec 1994 16:00:00 GMT\r\n", now);
    assert_eq!(policy.lifetime(), 3600);
}

/// A stored response, what a request says, so many seconds later: what a cache does.
#[test]
fn stale_responses_of_5861_3_1_and_4_1() {
    let now = date("Thu, 01 Dec 1994 15:00:00 GMT");
    let kept = policy("max-age=600, stale-while-revalidate=30", "", now);
    for (seconds, decision) in [
        (599, Decision::Fresh { age: 599 }),
        (600, Decision::StaleWhileRevalidate { age: 600 }),
        (629, Decision::StaleWhileRevalidate { age: 629 }),
        (630, Decision::Validate { age: 630 }),
    ] {
        assert_eq!(decide(&kept, "", later(now, seconds)), decision);
    }
    // "Date: ...; Cache-Control: max-age=600, stale-if-error=1200": an error 900 seconds later is hidden, one 1800 seconds
    // later is not.
    let kept = policy("max-age=600, stale-if-error=1200", "", now);
    let mut fields = Fields::new();
    let (request, _) =
        RequestHead::parse(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", &mut fields).unwrap().unwrap();
    assert!(kept.serves_after_error(request.fields(), later(now, 900)));
    assert!(!kept.serves_after_error(request.fields(), later(now, 1800)));
}

/// RFC 9211 sections 2 and 3.
#[test]
fn cache_status_of_9211() {
    let base = || CacheStatus::new("ExampleCache");
    let forwarded = |reason| CacheStatus { forward: Some(reason), ..base() };
    for (written, status) in [
        ("ExampleCache;hit", CacheStatus { is_hit: true, ..base() }),
        ("ExampleCache;hit;ttl=376", CacheStatus { is_hit: true, ttl: Some(376), ..base() }),
        ("ExampleCache;hit;ttl=-412", CacheStatus { is_hit: true, ttl: Some(-412), ..base() }),
        ("ExampleCache;fwd=uri-miss", forwarded(Forward::UriMiss)),
        ("ExampleCache;fwd=vary-miss;stored", CacheStatus { stored: true, ..forwarded(Forward::VaryMiss) }),
        ("ExampleCache;fwd=bypass", forwarded(Forward::Bypass)),
        (
            "ExampleCache;fwd=stale;fwd-status=304",
            CacheStatus { forward_status: Some(304), ..forwarded(Forward::Stale) },
        ),
        (
            "ExampleCache;fwd=stale;fwd-status=304;collapsed",
            CacheStatus { forward_status: Some(304), collapsed: Some(true), ..forwarded(Forward::Stale) },
        ),
        (
            "ExampleCache;fwd=uri-miss;collapsed=?0;key=\"x\";detail=\"and more\"",
            CacheStatus {
                collapsed: Some(false),
                key: Some("x".into()),
                detail: Some("and more".into()),
                ..forwarded(Forward::UriMiss)
            },
        ),
    ] {
        assert_eq!(status.to_string(), written);
        assert_eq!(CacheStatus::parse(written.as_bytes()).unwrap(), std::slice::from_ref(&status));
        assert_eq!(CacheStatus::parse(written.replace(';', "; ").as_bytes()).unwrap(), [status]);
    }
    let way = b"ReverseProxyCache; hit, ForwardProxyCache; fwd=uri-miss; collapsed; stored, \"CDN Company Here\"; hit; ttl=545";
    let way = CacheStatus::parse(way).unwrap();
    let names: Vec<&str> = way.iter().map(|status| status.cache.as_str()).collect();
    assert_eq!(names, ["ReverseProxyCache", "ForwardProxyCache", "CDN Company Here"]);
    assert_eq!(
        (way[0].is_hit, way[1].collapsed, way[1].stored, way[2].ttl),
        (true, Some(true), true, Some(545))
    );
    assert_eq!(way[2].to_string(), "\"CDN Company Here\";hit;ttl=545");
    // What is not known, or of another type, is passed over; what is no list is nothing.
    let odd = CacheStatus::parse(b"A; fwd=later; ttl=soon; fwd-status=70000; x=1, (a b), 7; hit").unwrap();
    assert_eq!(odd, [CacheStatus::new("A")]);
    assert!(CacheStatus::parse(b"A; hit,").is_err());
}

/// RFC 6265bis section 3.1, both ends; and sections 5.1.3 and 5.1.4.
#[test]
fn cookies_of_6265bis() {
    let now = HttpDate::from_unix(1_600_000_000).unwrap();
    let mut jar = Jar::new();
    let home = Request::new("example.com", "/", true);
    let mut set = |field: &str| {
        jar.set(&SetCookie::parse(field.as_bytes()).unwrap(), &home, now).unwrap();
        jar.header(&home, now).map(|value| String::from_utf8(value).unwrap()).unwrap_or_default()
    };
    for (field, sent) in [
        ("SID=31d4d96e407aad42", "SID=31d4d96e407aad42"),
        ("SID=31d4d96e407aad42; Path=/; Domain=example.com", "SID=31d4d96e407aad42; SID=31d4d96e407aad42"),
        ("lang=en-US; Path=/; Domain=example.com", "SID=31d4d96e407aad42; SID=31d4d96e407aad42; lang=en-US"),
        (
            "lang=; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Domain=example.com; Path=/",
            "SID=31d4d96e407aad42; SID=31d4d96e407aad42",
        ),
    ] {
        assert_eq!(set(field), sent, "{field}");
    }
    // Section 4.1.3: rejected, rejected, taken; the same for __Host-.
    for (field, is_kept) in [
        ("__Secure-SID=12345; Domain=site.example", false),
        ("__Secure-SID=12345; Domain=site.example; Secure", true),
        ("__Host-SID=12345", false),
        ("__Host-SID=12345; Secure", false),
        ("__Host-SID=12345; Domain=site.example", false),
        ("__Host-SID=12345; Domain=site.example; Path=/", false),
        ("__Host-SID=12345; Secure; Domain=site.example; Path=/", false),
        ("__Host-SID=12345; Secure; Path=/", true),
    ] {
        let cookie = SetCookie::parse(field.as_bytes()).unwrap();
        assert_eq!(cookie.keeps_its_promise(), is_kept, "{field}");
        let mut jar = Jar::new();
        let site = Request::new("site.example", "/", true);
        assert_eq!(jar.set(&cookie, &site, now).is_ok(), is_kept, "{field}");
    }
    assert!(
        domain_matches("www.example.com", "example.com") && !domain_matches("example.com", "www.example.com")
    );
    assert!(path_matches("/a/b", "/a") && !path_matches("/ab", "/a"));
    assert_eq!(default_path("/a/b?"), "/a");
}

/// RFC 9651 section 3: as sent, and as it is written again.
#[test]
fn structured_fields_of_9651() {
    for (list, again) in [
        ("sugar, tea, rum", "sugar, tea, rum"),
        (r#"("foo" "bar"), ("baz"), ("bat" "one"), ()"#, r#"("foo" "bar"), ("baz"), ("bat" "one"), ()"#),
        (r#"("foo"; a=1;b=2);lvl=5, ("bar" "baz");lvl=1"#, r#"("foo";a=1;b=2);lvl=5, ("bar" "baz");lvl=1"#),
        (r#"abc;a=1;b=2; cde_456, (ghi;jk=4 l);q="9";r=w"#, r#"abc;a=1;b=2;cde_456, (ghi;jk=4 l);q="9";r=w"#),
    ] {
        assert_eq!(List::parse(list.as_bytes()).unwrap().to_string(), again);
    }
    for (dictionary, again) in [
        (r#"en="Applepie", da=:w4ZibGV0w6ZydGU=:"#, r#"en="Applepie", da=:w4ZibGV0w6ZydGU=:"#),
        ("a=?0, b, c; foo=bar", "a=?0, b, c;foo=bar"),
        ("rating=1.5, feelings=(joy sadness)", "rating=1.5, feelings=(joy sadness)"),
        ("a=(1 2), b=3, c=4;aa=bb, d=(5 6);valid", "a=(1 2), b=3, c=4;aa=bb, d=(5 6);valid"),
        ("foo=1, bar=2", "foo=1, bar=2"),
    ] {
        assert_eq!(Dictionary::parse(dictionary.as_bytes()).unwrap().to_string(), again);
    }
    for (item, again) in [
        ("5", "5"),
        ("5; foo=bar", "5;foo=bar"),
        ("1; a; b=?0", "1;a;b=?0"),
        ("42", "42"),
        ("4.5", "4.5"),
        (r#""hello world""#, r#""hello world""#),
        ("foo123/456", "foo123/456"),
        (":cHJldGVuZCB0aGlzIGlzIGJpbmFyeSBjb250ZW50Lg==:", ":cHJldGVuZCB0aGlzIGlzIGJpbmFyeSBjb250ZW50Lg==:"),
        ("?1", "?1"),
        ("@1659578233", "@1659578233"),
        (
            r#"%"This is intended for display to %c3%bcsers.""#,
            r#"%"This is intended for display to %c3%bcsers.""#,
        ),
    ] {
        assert_eq!(Item::parse(item.as_bytes()).unwrap().to_string(), again);
    }
}

/// RFC 7616 section 3.9.1: the answers to both challenges; and the hashed name of section 3.9.2 as its erratum has it.
#[cfg(feature = "digest")]
#[test]
fn digest_of_7616_3_9() {
    use http1::auth::digest::{Challenge, Hash, Request, User, user_hash};

    let user = User { name: "Mufasa", password: "Circle of Life" };
    let request = Request { method: "GET", uri: "/dir/index.html", body: None };
    for (algorithm, response) in [
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
    ] {
        let line = format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        );
        let challenge = Challenge::all([line.as_bytes()]).next().unwrap();
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let answer = String::from_utf8(challenge.answer(&user, &request, cnonce, 1).unwrap()).unwrap();
        assert!(answer.contains(&format!("response=\"{response}\"")), "{answer}");
    }
    let hashed = user_hash(Hash::Sha512_256, "J\u{e4}s\u{f8}n Doe", "api@example.org");
    assert_eq!(hashed, "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b");
}

//! Caching: what may be stored, how long it is fresh, what fits, and what later responses change (RFC 9111).

use http1::cache::{
    Decision, Directives, Exchange, NotStored, Policy, Rules, describes, invalidates, merged,
};
use http1::date::HttpDate;
use http1::{Fields, Method, RequestHead, ResponseHead, StatusCode};
use proptest::prelude::*;

/// Sun, 06 Nov 1994 08:49:37 GMT
const DATE: i64 = 784_111_777;

fn at(seconds: i64) -> HttpDate {
    HttpDate::from_unix(DATE + seconds).unwrap()
}

fn request<T>(lines: &str, with: impl Fn(RequestHead<'_>) -> T) -> T {
    let text = format!("GET / HTTP/1.1\r\nHost: example.com\r\n{lines}\r\n");
    let mut fields = Fields::new();
    with(RequestHead::parse(text.as_bytes(), &mut fields).unwrap().unwrap().0)
}

fn response<T>(lines: &str, with: impl Fn(ResponseHead<'_>) -> T) -> T {
    status(200, lines, with)
}

fn status<T>(code: u16, lines: &str, with: impl Fn(ResponseHead<'_>) -> T) -> T {
    let text = format!("HTTP/1.1 {code} X\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n{lines}\r\n");
    let mut fields = Fields::new();
    with(ResponseHead::parse(text.as_bytes(), &mut fields).unwrap().unwrap().0)
}

/// The policy for a response that came at once.
fn policy_by(rules: Rules, asked: &str, code: u16, lines: &str) -> Result<Policy, NotStored> {
    request(asked, |request| {
        status(code, lines, |head| {
            let exchange = Exchange {
                method: Method::Get,
                request: request.fields(),
                requested: at(0),
                received: at(0),
            };
            Policy::of(&exchange, head.status(), head.fields(), rules)
        })
    })
}

fn policy(lines: &str) -> Policy {
    policy_by(Rules::SHARED, "", 200, lines).unwrap()
}

fn decide(policy: &Policy, asked: &str, seconds: i64) -> Decision {
    request(asked, |request| policy.decide(request.fields(), at(seconds)))
}

#[test]
fn stores_what_may_be_stored() {
    for (asked, code, lines, shared, private) in [
        ("", 200, "", Ok(()), Ok(())),
        ("", 404, "", Ok(()), Ok(())),
        ("", 302, "", Err(NotStored::NotExplicit), Err(NotStored::NotExplicit)),
        ("", 302, "Cache-Control: max-age=1\r\n", Ok(()), Ok(())),
        ("", 302, "Expires: 0\r\n", Ok(()), Ok(())),
        ("", 302, "Cache-Control: private\r\n", Err(NotStored::Private), Ok(())),
        ("", 206, "Cache-Control: max-age=1\r\n", Err(NotStored::Status), Err(NotStored::Status)),
        ("", 304, "Cache-Control: max-age=1\r\n", Err(NotStored::Status), Err(NotStored::Status)),
        ("", 200, "Cache-Control: no-store, max-age=1\r\n", Err(NotStored::NoStore), Err(NotStored::NoStore)),
        ("", 200, "Cache-Control: no-store, must-understand\r\n", Ok(()), Ok(())),
        (
            "",
            299,
            "Cache-Control: must-understand, max-age=1\r\n",
            Err(NotStored::Status),
            Err(NotStored::Status),
        ),
        (
            "Cache-Control: no-store\r\n",
            200,
            "Cache-Control: max-age=1\r\n",
            Err(NotStored::NoStore),
            Err(NotStored::NoStore),
        ),
        ("", 200, "Cache-Control: PRIVATE, max-age=1\r\n", Err(NotStored::Private), Ok(())),
        ("", 200, "Cache-Control: private=\"x-a, x-b\", max-age=1\r\n", Ok(()), Ok(())),
        ("", 200, "Cache-Control: private=\"x-a x-b\", max-age=1\r\n", Err(NotStored::Private), Ok(())),
        ("", 200, "Cache-Control: private=, max-age=1\r\n", Err(NotStored::Private), Ok(())),
        ("", 200, "Set-Cookie: a=b\r\nCache-Control: max-age=1, private=set-cookie\r\n", Ok(()), Ok(())),
        (
            "Authorization: Basic YTpi\r\n",
            200,
            "Cache-Control: max-age=1\r\n",
            Err(NotStored::Private),
            Ok(()),
        ),
        ("Authorization: Basic YTpi\r\n", 200, "Cache-Control: max-age=1, public\r\n", Ok(()), Ok(())),
        ("Authorization: Basic YTpi\r\n", 200, "Cache-Control: s-maxage=1\r\n", Ok(()), Ok(())),
        (
            "Authorization: Basic YTpi\r\n",
            200,
            "Cache-Control: max-age=1, must-revalidate\r\n",
            Ok(()),
            Ok(()),
        ),
        ("", 200, "Set-Cookie: a=b\r\nCache-Control: max-age=1\r\n", Err(NotStored::Private), Ok(())),
        (
            "",
            200,
            "Set-Cookie: a=b\r\nCache-Control: max-age=1, must-revalidate\r\n",
            Err(NotStored::Private),
            Ok(()),
        ),
        ("", 200, "Set-Cookie: a=b\r\nCache-Control: max-age=1, public\r\n", Ok(()), Ok(())),
        ("", 200, "Vary: *\r\n", Err(NotStored::Vary), Err(NotStored::Vary)),
        ("", 200, "Vary: Accept, *\r\n", Err(NotStored::Vary), Err(NotStored::Vary)),
        ("", 200, "Vary: Accept, \"x\"\r\n", Err(NotStored::Vary), Err(NotStored::Vary)),
    ] {
        let stored = |rules| policy_by(rules, asked, code, lines).map(|_| ());
        assert_eq!(stored(Rules::SHARED), shared, "{asked} {code} {lines}");
        assert_eq!(stored(Rules::PRIVATE), private, "{asked} {code} {lines}");
    }
    request("", |request| {
        response("Cache-Control: max-age=1\r\n", |head| {
            for method in [Method::Head, Method::Post, Method::Put, Method::Options] {
                let exchange =
                    Exchange { method, request: request.fields(), requested: at(0), received: at(0) };
                let stored = Policy::of(&exchange, head.status(), head.fields(), Rules::PRIVATE);
                assert_eq!(stored, Err(NotStored::Method));
            }
        });
    });
}

#[test]
fn is_fresh_for_as_long_as_was_said() {
    for (lines, shared, private) in [
        ("Cache-Control: max-age=60\r\n", 60, 60),
        ("Cache-Control: max-age=60, s-maxage=10\r\n", 10, 60),
        ("Cache-Control: max-age=\"60\"\r\n", 60, 60),
        ("Cache-Control: max-age=60\r\nExpires: Sun, 06 Nov 1994 09:49:37 GMT\r\n", 60, 60),
        ("Expires: Sun, 06 Nov 1994 09:49:37 GMT\r\n", 3600, 3600),
        ("Expires: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 0, 0),
        ("Expires: 0\r\n", 0, 0),
        ("Expires: -1\r\nLast-Modified: Sun, 06 Nov 1993 08:49:37 GMT\r\n", 0, 0),
        ("Expires: Sun, 06 Nov 1994 09:49:37 GMT\r\nExpires: Sun, 06 Nov 1994 09:49:37 GMT\r\n", 0, 0),
        ("Last-Modified: Sun, 06 Nov 1994 08:39:37 GMT\r\n", 60, 60),
        ("Last-Modified: Sun, 06 Nov 1984 08:39:37 GMT\r\n", 86_400, 86_400),
        ("Last-Modified: Sun, 06 Nov 2044 08:39:37 GMT\r\n", 0, 0),
        ("", 0, 0),
        // What can't be read, or contradicts itself, is stale.
        ("Cache-Control: max-age=-1\r\n", 0, 0),
        ("Cache-Control: max-age=1.5\r\n", 0, 0),
        ("Cache-Control: max-age=\r\n", 0, 0),
        ("Cache-Control: max-age\r\n", 0, 0),
        ("Cache-Control: max-age=1 0\r\n", 0, 0),
        ("Cache-Control: max-age=60, max-age=10\r\n", 0, 0),
        ("Cache-Control: max-age=60\r\nCache-Control: max-age=60\r\n", 60, 60),
        ("Cache-Control: max-age=99999999999999999999\r\n", 1 << 31, 1 << 31),
        ("Cache-Control: x-max-age=60, ext=\"max-age=5\"\r\n", 0, 0),
    ] {
        for (rules, lifetime) in [(Rules::SHARED, shared), (Rules::PRIVATE, private)] {
            assert_eq!(policy_by(rules, "", 200, lines).unwrap().lifetime(), lifetime, "{lines}");
        }
    }
}

/// Section 4.2.3.
#[test]
fn age_counts_what_was_spent_on_the_way() {
    for (lines, requested, received, now, age) in [
        ("", 0, 0, 10, 10),
        ("", 2, 5, 10, 10),
        ("Age: 100\r\n", 2, 5, 10, 108),
        ("Age: 1\r\n", 2, 50, 60, 60),
        ("Age: x\r\n", 0, 0, 10, 10),
        ("Age: 7, 9\r\n", 0, 0, 10, 17),
        ("Age: -7\r\n", 0, 0, 10, 10),
        ("", -60, -50, -40, 20),
        ("", 0, 0, -10, 0),
        ("Age: 99999999999\r\n", 0, 0, 1, (1 << 31) + 1),
    ] {
        let found = request("", |request| {
            response(lines, |head| {
                let (requested, received) = (at(requested), at(received));
                let exchange =
                    Exchange { method: Method::Get, request: request.fields(), requested, received };
                Policy::of(&exchange, head.status(), head.fields(), Rules::SHARED).unwrap().age(at(now))
            })
        });
        assert_eq!(found, age, "{lines} {requested} {received} {now}");
    }
}

#[test]
fn decides_by_what_both_say() {
    use Decision::{Fresh, GatewayTimeout, Stale, StaleWhileRevalidate, Validate};
    for (lines, asked, now, decision) in [
        ("max-age=60", "", 0, Fresh { age: 0 }),
        ("max-age=60", "", 59, Fresh { age: 59 }),
        ("max-age=60", "", 60, Validate { age: 60 }),
        ("max-age=60, no-cache", "", 0, Validate { age: 0 }),
        ("max-age=60, no-cache=\"set-cookie\"", "", 0, Fresh { age: 0 }),
        ("max-age=60, no-cache=\"set cookie\"", "", 0, Validate { age: 0 }),
        ("max-age=60, no-cache=\"a\", no-cache", "", 0, Validate { age: 0 }),
        ("max-age=60", "Cache-Control: no-cache\r\n", 0, Validate { age: 0 }),
        ("max-age=60", "Pragma: no-cache\r\n", 0, Validate { age: 0 }),
        ("max-age=60", "Pragma: no-cache\r\nCache-Control: max-age=9\r\n", 0, Fresh { age: 0 }),
        ("max-age=60", "Cache-Control: max-age=9\r\n", 9, Fresh { age: 9 }),
        ("max-age=60", "Cache-Control: max-age=9\r\n", 10, Validate { age: 10 }),
        ("max-age=60", "Cache-Control: max-age=0\r\n", 1, Validate { age: 1 }),
        ("max-age=60", "Cache-Control: min-fresh=10\r\n", 49, Fresh { age: 49 }),
        ("max-age=60", "Cache-Control: min-fresh=10\r\n", 50, Validate { age: 50 }),
        ("max-age=60", "Cache-Control: max-stale\r\n", 9999, Stale { age: 9999 }),
        ("max-age=60", "Cache-Control: max-stale=5\r\n", 65, Stale { age: 65 }),
        ("max-age=60", "Cache-Control: max-stale=5\r\n", 66, Validate { age: 66 }),
        ("max-age=60", "Cache-Control: max-stale=x\r\n", 61, Validate { age: 61 }),
        ("max-age=60, must-revalidate", "Cache-Control: max-stale\r\n", 60, Validate { age: 60 }),
        ("max-age=60, proxy-revalidate", "Cache-Control: max-stale\r\n", 60, Validate { age: 60 }),
        ("s-maxage=60", "Cache-Control: max-stale\r\n", 60, Validate { age: 60 }),
        ("max-age=60, stale-while-revalidate=10", "", 69, StaleWhileRevalidate { age: 69 }),
        ("max-age=60, stale-while-revalidate=10", "", 70, Validate { age: 70 }),
        ("max-age=60, stale-while-revalidate=10, must-revalidate", "", 61, Validate { age: 61 }),
        ("max-age=60", "Cache-Control: only-if-cached\r\n", 0, Fresh { age: 0 }),
        ("max-age=60", "Cache-Control: only-if-cached\r\n", 60, GatewayTimeout),
        ("max-age=60", "Cache-Control: only-if-cached, max-stale\r\n", 60, Stale { age: 60 }),
    ] {
        let policy = policy(&format!("Cache-Control: {lines}\r\n"));
        assert_eq!(decide(&policy, asked, now), decision, "{lines} / {asked} / {now}");
    }
}

#[test]
fn errors_of_the_origin_are_hidden_only_where_allowed() {
    for (lines, asked, now, is_served) in [
        ("max-age=60, stale-if-error=10", "", 69, true),
        ("max-age=60, stale-if-error=10", "", 70, false),
        ("max-age=60", "", 60, false),
        ("max-age=60", "Cache-Control: stale-if-error=10\r\n", 61, true),
        ("max-age=60, stale-if-error=10, must-revalidate", "", 61, false),
        ("s-maxage=60, stale-if-error=10", "", 61, false),
        ("max-age=60, stale-if-error=10", "Cache-Control: no-cache\r\n", 61, false),
        ("max-age=60, stale-if-error=10", "Cache-Control: max-age=5\r\n", 61, false),
    ] {
        let policy = policy(&format!("Cache-Control: {lines}\r\n"));
        let served = request(asked, |request| policy.serves_after_error(request.fields(), at(now)));
        assert_eq!(served, is_served, "{lines} / {asked} / {now}");
    }
}

#[test]
fn another_request_fits_if_it_says_the_same() {
    let asked = "Accept-Language: de, en\r\nAccept: a\r\nAccept: b\r\nX-Other: 1\r\n";
    let policy =
        policy_by(Rules::SHARED, asked, 200, "Vary: accept-language, Accept\r\nVary: Accept-Encoding\r\n");
    let policy = policy.unwrap();
    for (other, fits) in [
        (asked, true),
        ("accept: a,\t b\r\nAccept-Language:de,en\r\n", true),
        ("Accept: b, a\r\nAccept-Language: de, en\r\n", false),
        ("Accept: a, b\r\n", false),
        ("Accept: a, b\r\nAccept-Language: de\r\n", false),
        ("Accept: a, b\r\nAccept-Language: de, en\r\nAccept-Encoding: gzip\r\n", false),
        ("Accept: a, b\r\nAccept-Language: de, en\r\nAccept-Encoding:\r\n", false),
        ("", false),
    ] {
        assert_eq!(request(other, |request| policy.fits(request.fields())), fits, "{other}");
    }
}

#[test]
fn asks_with_the_validators_it_has() {
    let all = policy("ETag: W/\"a\"\r\nLast-Modified: Sun, 06 Nov 1994 08:39:37 GMT\r\n");
    let asked: Vec<_> = all.validation().collect();
    let date = &b"Sun, 06 Nov 1994 08:39:37 GMT"[..];
    assert_eq!(asked, [("If-None-Match", &b"W/\"a\""[..]), ("If-Modified-Since", date)]);
    assert_eq!(policy("").validation().count(), 0);
    let immutable = policy("Cache-Control: max-age=60, immutable\r\n");
    assert!(immutable.is_immutable(at(59)) && !immutable.is_immutable(at(60)));
}

#[test]
fn a_304_brings_new_fields_and_leaves_what_describes_the_content() {
    let stored = "ETag: \"a\"\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nX-Old: 1\r\nX-Both: 1\r\n";
    let newer = "X-Both: 2\r\nx-both: 3\r\nContent-Type: text/html\r\nContent-Length: 0\r\nConnection: X-Hop\r\nX-Hop: 1\r\nCache-Control: max-age=9\r\n";
    let lines = response(stored, |stored| {
        status(304, newer, |newer| merged(stored.fields(), newer.fields()).unwrap())
    });
    let text = String::from_utf8(lines.as_bytes().to_vec()).unwrap();
    assert_eq!(
        text,
        "ETag: \"a\"\r\nContent-Type: text/plain\r\nX-Old: 1\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-Both: 2\r\nx-both: 3\r\nCache-Control: max-age=9\r\n"
    );
}

#[test]
fn a_head_that_contradicts_is_of_another_representation() {
    let stored = "ETag: \"a\"\r\nContent-Length: 5\r\nLast-Modified: Sun, 06 Nov 1994 08:39:37 GMT\r\n";
    for (head, is_same) in [
        ("", true),
        ("ETag: \"a\"\r\nX: y\r\n", true),
        ("ETag: \"b\"\r\n", false),
        ("ETag: W/\"a\"\r\n", false),
        ("Content-Length: 6\r\n", false),
        ("Last-Modified: Sun, 06 Nov 1994 08:39:38 GMT\r\n", false),
    ] {
        let found =
            response(stored, |stored| response(head, |head| describes(head.fields(), stored.fields())));
        assert_eq!(found, is_same, "{head}");
    }
}

#[test]
fn successful_changes_invalidate() {
    let is = |method, code| invalidates(method, StatusCode::new(code).unwrap());
    assert!(is(Method::Put, 204) && is(Method::Post, 303) && is(Method::Delete, 200));
    assert!(is(Method::parse(b"FROBNICATE").unwrap(), 200));
    assert!(
        !is(Method::Put, 404) && !is(Method::Post, 500) && !is(Method::Get, 200) && !is(Method::Query, 200)
    );
}

proptest! {
    /// Nothing stale is served as fresh, whatever the client says.
    #[test]
    fn nothing_stale_is_fresh(lifetime in 0..100_u32, now in 0..200_i64, wants in prop::sample::select(vec![
        "", "max-age=50", "max-stale", "max-stale=20", "min-fresh=10", "only-if-cached", "no-cache",
    ])) {
        let policy = policy(&format!("Cache-Control: max-age={lifetime}\r\n"));
        let decision = decide(&policy, &format!("Cache-Control: {wants}\r\n"), now);
        if let Decision::Fresh { age } = decision {
            prop_assert!(age < lifetime.into());
        }
    }

    #[test]
    fn nothing_panics(value in "[ -~]{0,40}") {
        let lines = format!("Cache-Control: {value}\r\nAge: {value}\r\nExpires: {value}\r\nVary: {value}\r\n");
        let _ = policy_by(Rules::SHARED, &lines, 200, &lines);
        response(&lines, |head| Directives::of(head.fields()));
    }
}

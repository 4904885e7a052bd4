//! http1's vocabulary side by side with cookie_store and http-cache-semantics.
//!
//! A look-up in a jar is asked for the cookies of one request, a cache whether what is stored answers it. Both have parsed
//! the request before the clock starts: theirs is an `http::Request` and a `url::Url`, ours a `RequestHead`.

mod side_by_side;

use std::hint::black_box;
use std::time::SystemTime;

use cookie_store::CookieStore;
use http_cache_semantics::{BeforeRequest, CacheOptions, CachePolicy};
use http1::cache::{Ask, Cache, Decision, Exchange, Key, LookUp, Memory, Policy, Reaction, Rules};
use http1::cookie::{Jar, Request, SetCookie};
use http1::date::HttpDate;
use http1::proto_core::End;
use http1::{Fields, Method, RequestHead, ResponseHead};
use side_by_side::{OURS, SideBySide};
use url::Url;

/// What a browser asks for a script.
const REQUEST: &str = "GET /assets/app.js?v=9 HTTP/1.1\r\n\
    Host: cdn.example.org\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
    Accept: */*\r\n\
    Accept-Language: en-GB,en;q=0.8,de;q=0.5,fr;q=0.3\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Referer: https://library.example.org/library/shelves/9?sort=title&page=3\r\n\
    DNT: 1\r\n\
    Connection: keep-alive\r\n\
    Sec-Fetch-Dest: script\r\n\
    Sec-Fetch-Mode: no-cors\r\n\
    Sec-Fetch-Site: same-site\r\n\
    Priority: u=2\r\n\r\n";

/// What it gets.
const RESPONSE: &str = "HTTP/1.1 200 OK\r\n\
    Date: Wed, 14 Jan 2026 09:26:53 GMT\r\n\
    Content-Type: text/javascript; charset=utf-8\r\n\
    Content-Length: 48217\r\n\
    Server: edge\r\n\
    Cache-Control: public, max-age=31536000, stale-while-revalidate=60\r\n\
    ETag: \"9d4e1a7f-bc59\"\r\n\
    Last-Modified: Mon, 01 Dec 2025 12:00:00 GMT\r\n\
    Vary: Accept-Encoding\r\n\
    Content-Encoding: br\r\n\
    Accept-Ranges: bytes\r\n\
    Access-Control-Allow-Origin: *\r\n\
    Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n\
    X-Content-Type-Options: nosniff\r\n\r\n";

/// The `Date` of it.
const DATE: i64 = 1_768_382_813;

/// A thousand cookies of so many sites, as many of each.
fn cookies(run: &mut SideBySide, sites: usize) {
    let name = format!("1000 cookies, {} for the site", 1000 / sites);
    let now = HttpDate::from_unix(DATE).expect("a date");
    let (mut jar, mut store) = (Jar::new(), CookieStore::new());
    for number in 0..1000 {
        let host = format!("www.site{}.example", number % sites);
        let line = format!("name{number}=value{number}abcdefghijklmnop; Path=/; Secure; Max-Age=99999");
        let cookie = SetCookie::parse(line.as_bytes()).expect("a cookie");
        jar.set(&cookie, &Request::new(&host, "/", true), now).expect("it is taken");
        store.parse(&line, &Url::parse(&format!("https://{host}/")).expect("a URL")).expect("it is taken");
    }
    assert_eq!((jar.len(), store.iter_any().count()), (1000, 1000));
    let request = Request::new("www.site7.example", "/library/shelves/9", true);
    let url = Url::parse("https://www.site7.example/library/shelves/9").expect("a URL");
    run.measure(&name, OURS, 1, || jar.cookies_for(black_box(&request), now).len());
    run.measure(&name, "cookie_store", 1, || store.matches(black_box(&url)).len());
    let name = format!("{name}, as a field");
    run.measure(&name, OURS, 1, || jar.header(black_box(&request), now));
    run.measure(&name, "cookie_store", 1, || {
        let pairs = store.get_request_values(black_box(&url)).map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    });
}

/// The same head as the peer has it.
fn headers(head: &str) -> http::HeaderMap {
    let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let header =
        |(name, value): (&str, &str)| (name.parse().expect("a name"), value.parse().expect("a value"));
    lines.map(header).collect::<Vec<(http::HeaderName, http::HeaderValue)>>().into_iter().collect()
}

fn cache(run: &mut SideBySide) {
    let now = HttpDate::from_unix(DATE + 100).expect("a date");
    let (mut fields, mut more) = (Fields::new(), Fields::new());
    let (request, _) = RequestHead::parse(REQUEST.as_bytes(), &mut fields).unwrap().unwrap();
    let (response, _) = ResponseHead::parse(RESPONSE.as_bytes(), &mut more).unwrap().unwrap();
    let exchange = Exchange { method: Method::Get, request: request.fields(), requested: now, received: now };
    let policy = Policy::of(&exchange, response.status(), response.fields(), Rules::SHARED).unwrap();

    let mut theirs = http::Request::get("https://cdn.example.org/assets/app.js?v=9").body(()).unwrap();
    *theirs.headers_mut() = headers(REQUEST);
    let mut answer = http::Response::new(());
    *answer.headers_mut() = headers(RESPONSE);
    let clock = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(DATE as u64 + 100);
    let options = CacheOptions { shared: true, ..CacheOptions::default() };
    let their_policy = CachePolicy::new_options(&theirs, &answer, clock, options);

    let name = "cache decision";
    run.measure(name, OURS, 1, || {
        let fits = policy.fits(black_box(request.fields()));
        let decision = policy.decide(black_box(request.fields()), now);
        assert!(fits && matches!(decision, Decision::Fresh { .. }));
    });
    let decide = || matches!(their_policy.before_request(black_box(&theirs), clock), BeforeRequest::Fresh(_));
    run.measure(name, "http-cache-sem.", 1, || assert!(decide()));

    // The same out of a store of a thousand, and with the head of the answer, which the peer makes in any case.
    let mut store = filled();
    let name = "cache look-up in 1000";
    run.measure(name, OURS, 1, || {
        let key = Key::of(black_box(&request), true).expect("it has a host");
        assert!(matches!(store.look_up(&Ask::of(&key, &request), now), LookUp::Hit(_)));
    });
    run.measure(name, "http-cache-sem.", 1, || assert!(decide()));
    let name = "cache look-up and answer";
    run.measure(name, OURS, 1, || {
        let key = Key::of(black_box(&request), true).expect("it has a host");
        let ask = Ask::of(&key, &request);
        let LookUp::Hit(hit) = store.look_up(&ask, now) else { panic!("it is fresh") };
        hit.answer(&ask, "")
    });
    run.measure(name, "http-cache-sem.", 1, || their_policy.before_request(black_box(&theirs), clock));
    let name = "cache policy of a response";
    run.measure(name, OURS, 1, || {
        Policy::of(&exchange, response.status(), black_box(response.fields()), Rules::SHARED).is_ok()
    });
    run.measure(name, "http-cache-sem.", 1, || {
        CachePolicy::new_options(&theirs, black_box(&answer), clock, options).is_storable()
    });
}

/// A cache with a thousand responses in it.
fn filled() -> Cache {
    let now = HttpDate::from_unix(DATE).expect("a date");
    let mut cache = Cache::new(Memory::new(1 << 30), Rules::SHARED);
    for number in 0..1000 {
        let text = REQUEST.replace("v=9", &format!("v={number}"));
        let (mut fields, mut more) = (Fields::new(), Fields::new());
        let (request, _) = RequestHead::parse(text.as_bytes(), &mut fields).unwrap().unwrap();
        let (response, _) = ResponseHead::parse(RESPONSE.as_bytes(), &mut more).unwrap().unwrap();
        let key = Key::of(&request, true).expect("it has a host");
        let ask = Ask::of(&key, &request);
        let LookUp::Forward(forwarding) = cache.look_up(&ask, now) else { panic!("it is new") };
        let reaction = cache.received(&ask, &forwarding, &response, now, now);
        let Reaction::Forward(Ok(mut storing)) = reaction else { panic!("it may be stored") };
        storing.data(&[b'x'; 48217]);
        cache.finish(storing, End::Clean).expect("it is whole");
    }
    cache
}

fn main() {
    let mut run = SideBySide::from_args();
    cookies(&mut run, 1000);
    cookies(&mut run, 100);
    cookies(&mut run, 10);
    cache(&mut run);
    run.print();
}

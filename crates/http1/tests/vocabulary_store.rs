//! The cache as a whole: a story of requests, and what it makes of each (RFC 9111 sections 3 and 4).

use std::fmt::Write as _;

use http1::cache::{Answer, Ask, Cache, Key, Limits, LookUp, Memory, Reaction, Rules, Storage as _};
use http1::date::HttpDate;
use http1::proto_core::End;
use http1::{Body, Fields, Method, RequestHead, ResponseHead};

/// Sun, 06 Nov 1994 08:49:37 GMT
const START: i64 = 784_111_777;

/// A cache and a clock.
struct World {
    cache: Cache,
    now: i64,
}

impl World {
    fn new(rules: Rules) -> Self {
        World { cache: Cache::new(Memory::new(1 << 20), rules), now: 0 }
    }

    fn date(&self) -> HttpDate {
        HttpDate::from_unix(START + self.now).unwrap()
    }

    /// A request, `METHOD TARGET` and fields separated by `|`, and the origin's answer if it is asked: status, fields and
    /// content, also by `|`; `!` at the end: cut short. What happens, in words.
    fn ask(&mut self, request: &str, response: &str) -> String {
        let text = request_text(request);
        let mut fields = Fields::new();
        let (head, _) = RequestHead::parse(text.as_bytes(), &mut fields).unwrap().unwrap();
        let key = Key::of(&head, false).unwrap();
        let ask = Ask::of(&key, &head);
        let forwarding = match self.cache.look_up(&ask, self.date()) {
            LookUp::Hit(hit) => {
                return format!("{:?}: {}", hit.freshness(), told(ask.method, &hit.answer(&ask, "B")));
            }
            LookUp::GatewayTimeout => return "504".into(),
            LookUp::Forward(forwarding) => forwarding,
        };
        let mut story = forwarding.reason().as_str().to_owned();
        for (name, value) in forwarding.conditions() {
            assert!(forwarding.replaces(&name.to_ascii_lowercase()));
            write!(story, ", {name}: {}", std::str::from_utf8(value).unwrap()).unwrap();
        }
        if response.is_empty() {
            return match forwarding.after_error(&ask, self.date()) {
                Some(hit) => format!(
                    "{story} -> error, {:?}: {}",
                    hit.freshness(),
                    told(ask.method, &hit.answer(&ask, "B"))
                ),
                None => format!("{story} -> error"),
            };
        }
        let (response, end) = match response.strip_suffix('!') {
            Some(response) => (response, End::Cut),
            None => (response, End::Clean),
        };
        let (head, content) = response_text(response, self.date());
        let mut fields = Fields::new();
        let (head, _) = ResponseHead::parse(head.as_bytes(), &mut fields).unwrap().unwrap();
        let (sent, now) = (self.date(), self.date());
        match self.cache.received(&ask, &forwarding, &head, sent, now) {
            Reaction::Forward(Ok(mut storing)) => {
                for octet in content.as_bytes() {
                    storing.data(&[*octet]);
                }
                let what = match self.cache.finish(storing, end) {
                    Some(stored) if stored.content().is_whole() => "stored",
                    Some(_) => "part stored",
                    None => "not stored",
                };
                format!("{story} -> {what}")
            }
            Reaction::Forward(Err(reason)) => format!("{story} -> {reason:?}"),
            Reaction::Serve(hit) => {
                format!("{story} -> {:?}: {}", hit.freshness(), told(ask.method, &hit.answer(&ask, "B")))
            }
            Reaction::AskAgain(again) => {
                format!("{story} -> again, {} conditions", again.conditions().count())
            }
        }
    }
}

fn request_text(request: &str) -> String {
    let mut parts = request.split('|');
    let line = parts.next().unwrap();
    let fields: String = parts.map(|field| format!("{field}\r\n")).collect();
    format!("{line} HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
}

/// Head and content; a Date is put in unless there is a `Date`, and a length unless the content begins with `~`.
fn response_text(response: &str, now: HttpDate) -> (String, String) {
    let mut parts: Vec<&str> = response.split('|').collect();
    let content = parts.pop().unwrap();
    let mut head = format!("HTTP/1.1 {} X\r\n", parts.remove(0));
    if !parts.iter().any(|field| field.starts_with("Date")) {
        write!(head, "Date: {now}\r\n").unwrap();
    }
    for field in parts {
        write!(head, "{field}\r\n").unwrap();
    }
    let sent = content.trim_start_matches('~');
    if content == sent && !head.contains("Content-Length") && !head.starts_with("HTTP/1.1 304") {
        write!(head, "Content-Length: {}\r\n", content.len()).unwrap();
    }
    (head + "\r\n", sent.to_owned())
}

/// Status, some fields, and the content.
fn told(method: Method<'_>, answer: &Answer) -> String {
    let mut head = answer.head.clone();
    let lines = String::from_utf8(head.fields().as_bytes().to_vec()).unwrap();
    let mut told = answer.head.status().code().to_string();
    for line in
        lines.lines().skip(1).filter(|line| !line.starts_with("Date") && !line.starts_with("Cache-Control"))
    {
        write!(told, " {line}").unwrap();
    }
    let content: Vec<u8> = answer.content.concat();
    if method != Method::Head {
        let length = match answer.body {
            Body::Known(length) => length,
            _ => 0,
        };
        assert_eq!(length, content.len() as u64, "{told}");
    }
    write!(told, " | {}", String::from_utf8(content).unwrap().replace("\r\n", "\\r\\n")).unwrap();
    told
}

/// Steps: seconds to wait, request, answer of the origin, what happens.
fn story(rules: Rules, steps: &[(i64, &str, &str, &str)]) {
    let mut world = World::new(rules);
    for (number, (wait, request, response, happens)) in steps.iter().enumerate() {
        world.now += wait;
        assert_eq!(world.ask(request, response), *happens, "step {number}: {request}");
    }
}

#[test]
fn a_fresh_response_answers_and_a_stale_one_is_validated() {
    story(
        Rules::SHARED,
        &[
            (0, "GET /", "200|Cache-Control: max-age=60|ETag: \"1\"|one", "uri-miss -> stored"),
            (5, "GET /", "", "Fresh: 200 ETag: \"1\" Age: 5 | one"),
            (0, "HEAD /", "", "Fresh: 200 ETag: \"1\" Age: 5 | "),
            (0, "GET /?", "200|two", "uri-miss -> stored"),
            (
                55,
                "GET /",
                "304|Cache-Control: max-age=10|X: y|",
                "stale, If-None-Match: \"1\" -> Validated: 200 ETag: \"1\" X: y Age: 0 | one",
            ),
            (9, "GET /", "", "Fresh: 200 ETag: \"1\" X: y Age: 9 | one"),
            (
                1,
                "GET /",
                "200|Cache-Control: max-age=60|ETag: \"2\"|two",
                "stale, If-None-Match: \"1\" -> stored",
            ),
            (0, "GET /", "", "Fresh: 200 ETag: \"2\" Age: 0 | two"),
            (
                0,
                "GET /|Cache-Control: no-cache",
                "304|Age: 7|",
                "request, If-None-Match: \"2\" -> Validated: 200 ETag: \"2\" Age: 7 | two",
            ),
            (3, "GET /", "", "Fresh: 200 ETag: \"2\" Age: 10 | two"),
            // What takes its place is not stored, and it is gone.
            (60, "GET /", "200|Cache-Control: no-store|three", "stale, If-None-Match: \"2\" -> NoStore"),
            (0, "GET /", "", "uri-miss -> error"),
        ],
    );
}

#[test]
fn a_validation_that_speaks_of_another_version_is_asked_again() {
    story(
        Rules::SHARED,
        &[
            (0, "GET /", "200|Cache-Control: max-age=0|ETag: \"1\"|one", "uri-miss -> stored"),
            (0, "GET /", "304|ETag: \"2\"|", "stale, If-None-Match: \"1\" -> again, 0 conditions"),
            (0, "GET /|If-None-Match: \"2\"", "304|ETag: \"2\"|", "uri-miss -> Status"),
        ],
    );
}

#[test]
fn the_conditions_of_a_client_are_answered_here_and_replaced_on_the_way() {
    story(
        Rules::SHARED,
        &[
            (
                0,
                "GET /|If-None-Match: \"x\"",
                "200|Cache-Control: max-age=9|ETag: \"1\"|Content-Type: a/b|one",
                "uri-miss -> stored",
            ),
            (0, "GET /|If-None-Match: \"x\", W/\"1\"", "", "Fresh: 304 ETag: \"1\" Age: 0 | "),
            (0, "GET /|If-None-Match: \"x\"", "", "Fresh: 200 ETag: \"1\" Content-Type: a/b Age: 0 | one"),
            (0, "GET /|If-Match: \"1\"", "200|Cache-Control: max-age=9|ETag: \"1\"|one", "bypass -> stored"),
            (
                9,
                "GET /|If-None-Match: \"1\"",
                "304||",
                "stale, If-None-Match: \"1\" -> Validated: 304 ETag: \"1\" Age: 0 | ",
            ),
        ],
    );
}

#[test]
fn variants_are_told_apart_by_what_vary_names() {
    let (de, en) = ("GET /|Accept-Language: de", "GET /|Accept-Language: en");
    story(
        Rules::SHARED,
        &[
            (0, de, "200|Cache-Control: max-age=60|Vary: Accept-Language|eins", "uri-miss -> stored"),
            (1, en, "200|Cache-Control: max-age=60|Vary: Accept-Language|one", "vary-miss -> stored"),
            (0, de, "", "Fresh: 200 Vary: Accept-Language Age: 1 | eins"),
            (0, en, "", "Fresh: 200 Vary: Accept-Language Age: 0 | one"),
            (0, "GET /", "200|Cache-Control: max-age=60|Vary: *|any", "vary-miss -> Vary"),
            // Without Vary it is for all, and the most recent counts.
            (1, "GET /", "200|Cache-Control: max-age=60|all", "vary-miss -> stored"),
            (0, de, "", "Fresh: 200 Age: 0 | all"),
        ],
    );
}

#[test]
fn only_the_last_variants_are_kept() {
    let mut world = World::new(Rules::SHARED);
    for language in 0..40 {
        let request = format!("GET /|Accept-Language: x-{language}");
        world.ask(&request, "200|Cache-Control: max-age=60|Vary: Accept-Language|text");
    }
    let left = (0..40).filter(|language| {
        world.ask(&format!("GET /|Accept-Language: x-{language}"), "").starts_with("Fresh")
    });
    assert_eq!(left.collect::<Vec<_>>(), Vec::from_iter(24..40));
    assert_eq!(Limits::DEFAULT.variants, 16);
}

#[test]
fn a_body_cut_short_is_never_taken_for_whole() {
    let part = "206|Cache-Control: max-age=60|ETag: \"1\"|Content-Range: bytes 4-9/10|456789";
    story(
        Rules::SHARED,
        &[
            // Nothing says what it is a part of.
            (
                0,
                "GET /a",
                "200|Cache-Control: max-age=60|Content-Length: 10|01234!",
                "uri-miss -> not stored",
            ),
            (
                0,
                "GET /a",
                "200|Cache-Control: max-age=60|ETag: W/\"1\"|Content-Length: 10|01234!",
                "uri-miss -> not stored",
            ),
            (
                0,
                "GET /a",
                "404|Cache-Control: max-age=60|ETag: \"1\"|Content-Length: 10|01234!",
                "uri-miss -> not stored",
            ),
            (
                0,
                "GET /a",
                "200|Cache-Control: max-age=60|ETag: \"1\"|Content-Length: 10|~01234!",
                "uri-miss -> part stored",
            ),
            (0, "GET /a", "", "partial -> error"),
            (0, "HEAD /a", "", "partial -> error"),
            (0, "GET /a|Range: bytes=3-5", "", "partial -> error"),
            (
                0,
                "GET /a|Range: bytes=3-4",
                "",
                "Fresh: 206 ETag: \"1\" Age: 0 Content-Range: bytes 3-4/10 | 34",
            ),
            // Section 3.4.
            (0, "GET /a|Range: bytes=4-", part, "partial -> stored"),
            (0, "GET /a", "", "Fresh: 200 ETag: \"1\" Age: 0 | 0123456789"),
            // A length that does not come true, and an end that nobody announced.
            (
                0,
                "GET /b",
                "200|Cache-Control: max-age=60|ETag: \"1\"|Content-Length: 10|~012345678901",
                "uri-miss -> not stored",
            ),
            (
                0,
                "GET /b",
                "200|Cache-Control: max-age=60|ETag: \"1\"|Content-Length: 10|~0123",
                "uri-miss -> part stored",
            ),
            (0, "GET /c", "200|Cache-Control: max-age=60|ETag: \"1\"|~0123!", "uri-miss -> part stored"),
            (0, "GET /c|Range: bytes=0-1", "", "partial -> error"),
        ],
    );
}

#[test]
fn parts_are_put_together_only_if_they_are_of_one_version() {
    let part = |etag: &str, range: &str, text: &str| {
        format!("206|Cache-Control: max-age=60|{etag}|Content-Range: bytes {range}|{text}")
    };
    let get = "GET /|Range: bytes=0-";
    story(
        Rules::SHARED,
        &[
            (0, get, &part("ETag: \"1\"", "0-3/10", "0123"), "uri-miss -> part stored"),
            (0, get, &part("ETag: \"1\"", "8-9/10", "89"), "partial -> part stored"),
            (0, get, &part("ETag: \"1\"", "3-6/10", "3456"), "partial -> part stored"),
            (
                0,
                "GET /|Range: bytes=2-6",
                "",
                "Fresh: 206 ETag: \"1\" Age: 0 Content-Range: bytes 2-6/10 | 23456",
            ),
            (0, get, &part("ETag: \"1\"", "6-8/10", "678"), "partial -> stored"),
            (0, "GET /", "", "Fresh: 200 ETag: \"1\" Age: 0 | 0123456789"),
            // Another version takes its place.
            (
                0,
                "GET /|Cache-Control: no-cache|Range: bytes=0-1",
                &part("ETag: \"2\"", "0-1/10", "AB"),
                "request, If-None-Match: \"1\" -> part stored",
            ),
            (
                0,
                "GET /|Range: bytes=0-1",
                "",
                "Fresh: 206 ETag: \"2\" Age: 0 Content-Range: bytes 0-1/10 | AB",
            ),
            (0, "GET /", "", "partial -> error"),
            // What can't be told apart is not kept.
            (0, "GET /w|Range: bytes=0-1", &part("ETag: W/\"1\"", "0-1/10", "AB"), "uri-miss -> not stored"),
            (0, "GET /w|Range: bytes=0-1", &part("X: y", "0-1/10", "AB"), "uri-miss -> not stored"),
            (0, "GET /w|Range: bytes=0-1", &part("ETag: \"1\"", "0-1/10", "A!"), "uri-miss -> part stored"),
            (
                0,
                "GET /v|Range: bytes=0-1|If-Range: \"1\"",
                &part("ETag: \"1\"", "0-1/10", "AB"),
                "uri-miss -> Part",
            ),
            (
                0,
                "GET /v|Range: bytes=0-1,4-5",
                "206|Cache-Control: max-age=60|ETag: \"1\"|Content-Type: multipart/byteranges|x",
                "uri-miss -> Part",
            ),
        ],
    );
}

#[test]
fn a_whole_response_answers_for_its_parts() {
    let whole = "200|Cache-Control: max-age=60|ETag: \"1\"|Content-Type: a/b|0123456789";
    story(
        Rules::SHARED,
        &[
            (0, "GET /", whole, "uri-miss -> stored"),
            (
                0,
                "GET /|Range: bytes=2-4",
                "",
                "Fresh: 206 ETag: \"1\" Content-Type: a/b Age: 0 Content-Range: bytes 2-4/10 | 234",
            ),
            (
                0,
                "GET /|Range: bytes=-1",
                "",
                "Fresh: 206 ETag: \"1\" Content-Type: a/b Age: 0 Content-Range: bytes 9-9/10 | 9",
            ),
            (0, "GET /|Range: bytes=10-", "", "Fresh: 416 Content-Range: bytes */10 | "),
            (0, "GET /|Range: lines=1-2", "", "Fresh: 200 ETag: \"1\" Content-Type: a/b Age: 0 | 0123456789"),
            (0, "HEAD /|Range: bytes=2-4", "", "Fresh: 200 ETag: \"1\" Content-Type: a/b Age: 0 | "),
            (
                0,
                "GET /|Range: bytes=2-4|If-Range: \"1\"",
                "",
                "Fresh: 206 ETag: \"1\" Content-Type: a/b Age: 0 Content-Range: bytes 2-4/10 | 234",
            ),
            (
                0,
                "GET /|Range: bytes=2-4|If-Range: \"2\"",
                "",
                "Fresh: 200 ETag: \"1\" Content-Type: a/b Age: 0 | 0123456789",
            ),
            (0, "GET /|Range: bytes=2-4|If-None-Match: \"1\"", "", "Fresh: 304 ETag: \"1\" Age: 0 | "),
            (
                0,
                "GET /|Range: bytes=0-0,9-9",
                "",
                "Fresh: 206 ETag: \"1\" Age: 0 Content-Type: multipart/byteranges; boundary=B | --B\\r\\nContent-Type: a/b\\r\\nContent-Range: bytes 0-0/10\\r\\n\\r\\n0\\r\\n--B\\r\\nContent-Type: a/b\\r\\nContent-Range: bytes 9-9/10\\r\\n\\r\\n9\\r\\n--B--\\r\\n",
            ),
        ],
    );
}

/// Section 4.4.
#[test]
fn unsafe_methods_invalidate_their_target_and_its_neighbours() {
    let get = "200|Cache-Control: max-age=60|text";
    story(
        Rules::SHARED,
        &[
            (0, "GET /a?x=[]", get, "uri-miss -> stored"),
            (0, "GET /b", get, "uri-miss -> stored"),
            (0, "GET /c", get, "uri-miss -> stored"),
            (0, "PUT /a?x=[]", "500|", "method -> Method"),
            (0, "GET /a?x=[]", "", "Fresh: 200 Age: 0 | text"),
            (0, "POST /a?x=[]", "201|Location: b#top|Content-Location: http://other/c|", "method -> Method"),
            (0, "GET /a?x=[]", "", "uri-miss -> error"),
            (0, "GET /b", "", "uri-miss -> error"),
            (0, "GET /c", "", "Fresh: 200 Age: 0 | text"),
            (0, "DELETE /x", "303|Location: http://A:80/c|", "method -> Method"),
            (0, "GET /c", "", "uri-miss -> error"),
        ],
    );
}

/// Section 4.3.5.
#[test]
fn a_head_brings_fields_up_to_date_or_drops_what_it_contradicts() {
    let get = "200|Cache-Control: max-age=60|ETag: \"1\"|text";
    story(
        Rules::SHARED,
        &[
            (0, "GET /", get, "uri-miss -> stored"),
            (
                50,
                "HEAD /|Cache-Control: no-cache",
                "200|Cache-Control: max-age=60|ETag: \"1\"|Content-Length: 4|X: y|",
                "request, If-None-Match: \"1\" -> Method",
            ),
            (50, "GET /", "", "Fresh: 200 ETag: \"1\" X: y Age: 50 | text"),
            (
                0,
                "HEAD /|Cache-Control: no-cache",
                "200|ETag: \"1\"|Content-Length: 5|",
                "request, If-None-Match: \"1\" -> Method",
            ),
            (0, "GET /", get, "uri-miss -> stored"),
            (
                0,
                "HEAD /|Cache-Control: no-cache",
                "200|ETag: \"2\"|Content-Length: 4|",
                "request, If-None-Match: \"1\" -> Method",
            ),
            (0, "GET /", "", "uri-miss -> error"),
        ],
    );
}

#[test]
fn what_is_one_users_never_reaches_another() {
    let me = "GET /|Authorization: Basic bWU6bWU=";
    story(
        Rules::SHARED,
        &[
            (0, me, "200|Cache-Control: max-age=60|mine", "uri-miss -> Private"),
            (0, "GET /", "200|Cache-Control: max-age=60, private|mine", "uri-miss -> Private"),
            (0, "GET /", "200|Cache-Control: max-age=60|Set-Cookie: me=1|mine", "uri-miss -> Private"),
            (
                0,
                "GET /",
                "200|Cache-Control: max-age=60, private=\"x-me\", no-cache=\"X-Now\"|X-Me: 1|x-now: 2|X: 3|ours",
                "uri-miss -> stored",
            ),
            (0, "GET /", "", "Fresh: 200 X: 3 Age: 0 | ours"),
            (
                0,
                "GET /p",
                "200|Cache-Control: max-age=60, public|Set-Cookie: me=1|ours",
                "uri-miss -> stored",
            ),
            (0, "GET /p", "", "Fresh: 200 Age: 0 | ours"),
            // The cookie that comes with a validation is for who asked.
            (0, "GET /v", "200|Cache-Control: max-age=0|ETag: \"1\"|ours", "uri-miss -> stored"),
            (
                0,
                "GET /v",
                "304|Cache-Control: max-age=9|Set-Cookie: me=1|",
                "stale, If-None-Match: \"1\" -> Validated: 200 ETag: \"1\" Age: 0 Set-Cookie: me=1 | ours",
            ),
            (0, "GET /v", "", "Fresh: 200 ETag: \"1\" Age: 0 | ours"),
            // A validation by somebody with credentials does not make it fresh for all.
            (
                9,
                "GET /v|Authorization: Basic bWU6bWU=",
                "304|Cache-Control: max-age=9|",
                "stale, If-None-Match: \"1\" -> Validated: 200 ETag: \"1\" Age: 0 | ours",
            ),
            (0, "GET /v", "", "stale, If-None-Match: \"1\" -> error"),
        ],
    );
    story(
        Rules::PRIVATE,
        &[
            (0, me, "200|Cache-Control: max-age=60, private|Set-Cookie: me=1|mine", "uri-miss -> stored"),
            (0, me, "", "Fresh: 200 Set-Cookie: me=1 Age: 0 | mine"),
        ],
    );
}

/// RFC 5861, and section 4.2.4.
#[test]
fn stale_answers_are_given_only_where_allowed() {
    story(
        Rules::SHARED,
        &[
            (
                0,
                "GET /",
                "200|Cache-Control: max-age=10, stale-while-revalidate=5, stale-if-error=20|ETag: \"1\"|one",
                "uri-miss -> stored",
            ),
            (14, "GET /", "", "StaleWhileRevalidate: 200 ETag: \"1\" Age: 14 | one"),
            (1, "GET /", "503|busy", "stale, If-None-Match: \"1\" -> Stale: 200 ETag: \"1\" Age: 15 | one"),
            (0, "GET /", "", "stale, If-None-Match: \"1\" -> error, Stale: 200 ETag: \"1\" Age: 15 | one"),
            (0, "GET /|Cache-Control: no-cache", "", "stale, If-None-Match: \"1\" -> error"),
            (15, "GET /", "503|busy", "stale, If-None-Match: \"1\" -> NotExplicit"),
            (0, "GET /|Cache-Control: max-stale=20", "", "Stale: 200 ETag: \"1\" Age: 30 | one"),
            (0, "GET /|Cache-Control: only-if-cached", "", "504"),
            (0, "GET /new|Cache-Control: only-if-cached", "", "504"),
        ],
    );
}

#[test]
fn what_is_asked_for_before_an_invalidation_is_not_kept_after_it() {
    let mut world = World::new(Rules::SHARED);
    let text = request_text("GET /");
    let mut fields = Fields::new();
    let (head, _) = RequestHead::parse(text.as_bytes(), &mut fields).unwrap().unwrap();
    let key = Key::of(&head, false).unwrap();
    let ask = Ask::of(&key, &head);
    let now = world.date();
    let store = |world: &mut World, invalidate: bool| {
        let LookUp::Forward(forwarding) = world.cache.look_up(&ask, now) else { panic!("nothing is stored") };
        let (text, content) = response_text("200|Cache-Control: max-age=60|old", now);
        let mut fields = Fields::new();
        let (response, _) = ResponseHead::parse(text.as_bytes(), &mut fields).unwrap().unwrap();
        let Reaction::Forward(Ok(mut storing)) = world.cache.received(&ask, &forwarding, &response, now, now)
        else {
            panic!("it may be stored")
        };
        storing.data(content.as_bytes());
        if invalidate {
            world.ask("PUT /", "204|");
        }
        world.cache.finish(storing, End::Clean).is_some()
    };
    assert!(!store(&mut world, true));
    assert!(store(&mut world, false));
}

#[test]
fn what_is_too_large_is_not_stored_and_what_is_under_way_has_a_limit() {
    let limits = Limits { response: 10, under_way: 15, ..Limits::DEFAULT };
    let mut world = World { cache: Cache::with_limits(Memory::new(1 << 20), Rules::SHARED, limits), now: 0 };
    for (request, response, happens) in [
        ("GET /", "200|Cache-Control: max-age=60|01234567890", "uri-miss -> TooLarge"),
        ("GET /", "200|Cache-Control: max-age=60|~01234567890", "uri-miss -> not stored"),
        ("GET /", "200|Cache-Control: max-age=60|~0123456789", "uri-miss -> stored"),
    ] {
        assert_eq!(world.ask(request, response), happens);
    }
    let mut fields = (Fields::new(), Fields::new());
    let text = request_text("GET /two");
    let (head, _) = RequestHead::parse(text.as_bytes(), &mut fields.0).unwrap().unwrap();
    let key = Key::of(&head, false).unwrap();
    let ask = Ask::of(&key, &head);
    let now = world.date();
    let (text, _) = response_text("200|Cache-Control: max-age=60|~", now);
    let (response, _) = ResponseHead::parse(text.as_bytes(), &mut fields.1).unwrap().unwrap();
    let mut begin = || {
        let LookUp::Forward(forwarding) = world.cache.look_up(&ask, now) else { panic!("nothing is stored") };
        let Reaction::Forward(Ok(storing)) = world.cache.received(&ask, &forwarding, &response, now, now)
        else {
            panic!("it may be")
        };
        storing
    };
    let (mut one, mut two) = (begin(), begin());
    assert!(one.data(b"0123456789") && two.data(b"01234") && !two.data(b"5"));
    assert!(!two.data(b""), "and it stays so");
    drop(one);
    assert!(begin().data(b"0123456789"), "what is dropped counts no more");
}

#[test]
fn nothing_prints_what_a_user_said_or_got() {
    let mut world = World::new(Rules::PRIVATE);
    let request = "GET /|Authorization: Basic c2VjcmV0";
    world.ask(request, "200|Cache-Control: max-age=60|Vary: Authorization|hush");
    assert!(world.ask(request, "").starts_with("Fresh"));
    let text = format!("{:?}", world.cache);
    assert!(!text.contains("c2VjcmV0") && !text.contains("hush"), "{text}");
}

#[test]
fn what_varies_by_half_the_world_is_not_stored() {
    for (names, happens) in [(32, "uri-miss -> stored"), (33, "uri-miss -> Vary")] {
        let names: Vec<String> = (0..names).map(|name| format!("x-{name}")).collect();
        let response = format!("200|Cache-Control: max-age=60|Vary: {}|text", names.join(", "));
        assert_eq!(World::new(Rules::SHARED).ask("GET /", &response), happens);
    }
}

#[test]
fn memory_forgets_what_was_not_asked_for() {
    let mut world = World::new(Rules::SHARED);
    world.cache = Cache::new(Memory::new(60_000), Rules::SHARED);
    let content = "x".repeat(1000);
    for number in 0..100 {
        world.ask(&format!("GET /{number}"), &format!("200|Cache-Control: max-age=60|{content}"));
        assert!(world.ask("GET /0", "").starts_with("Fresh"), "{number}: it is asked for all the time");
        assert!(world.cache.storage().size() <= 60_000);
    }
    let left = world.cache.storage().len();
    assert!((10..40).contains(&left), "{left}");
    assert!(world.ask("GET /99", "").starts_with("Fresh"));
    assert!(world.ask("GET /1", "").starts_with("uri-miss"));
}

#[test]
fn keys_tell_apart_what_servers_may_tell_apart() {
    let key = |target: &str, is_secure| {
        let text = format!("GET {target} HTTP/1.1\r\nHost: B:8080\r\n\r\n");
        let mut fields = Fields::new();
        let (head, _) = RequestHead::parse(text.as_bytes(), &mut fields).unwrap().unwrap();
        Key::of(&head, is_secure).map(|key| key.as_str().to_owned())
    };
    for (target, is_secure, want) in [
        ("/", false, Some("http://b:8080/")),
        ("/", true, Some("https://b:8080/")),
        ("/A/./b/../%7e?Q", false, Some("http://b:8080/A/./b/../%7e?Q")),
        ("/?", false, Some("http://b:8080/?")),
        ("HTTP://Example.com:80?q", true, Some("http://example.com/?q")),
        ("https://example.com:443", false, Some("https://example.com/")),
        ("https://example.com:80", false, Some("https://example.com:80/")),
        ("ftp://example.com/", false, None),
    ] {
        assert_eq!(key(target, is_secure).as_deref(), want, "{target}");
    }
}

#[test]
fn a_memory_that_is_told_to_replace_replaces() {
    let mut memory = Memory::new(1000);
    let mut fields = Fields::new();
    let (head, _) = RequestHead::parse(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", &mut fields).unwrap().unwrap();
    let key = Key::of(&head, false).unwrap();
    memory.replace(&key, Vec::new());
    assert!(memory.responses(&key).is_empty() && memory.is_empty());
}

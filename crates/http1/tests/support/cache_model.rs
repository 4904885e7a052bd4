//! A naive world around the cache: an origin that changes, users who ask, time that passes, and a log of all that the origin
//! ever said. Whatever the cache answers with is looked up in the log, and has to be what an honest cache could say.
//!
//! Driven by octets, so that a property test and a fuzzer tell the same stories.

use http1::cache::{
    Answer, Ask, Cache, Forwarding, Freshness, Hit, Key, Limits, LookUp, Memory, Reaction, Rules,
};
use http1::date::HttpDate;
use http1::proto_core::End;
use http1::{Authority, Body, Fields, RequestHead, ResponseHead};

const START: i64 = 1_700_000_000;
/// What an origin may say, and what a naive reader makes of it.
const SAYINGS: &[Saying] = &[
    saying("max-age=10", 10),
    saying("max-age=50, must-revalidate", 50).strict().shared(),
    saying("max-age=5, stale-while-revalidate=10", 5).while_revalidate(10),
    saying("max-age=5, stale-if-error=20", 5).if_error(20),
    saying("no-cache, max-age=99", 0).strict(),
    saying("no-store", 0).unkept(),
    saying("private, max-age=30", 30).unkept(),
    saying("s-maxage=20, max-age=1", 20).strict().shared(),
    saying("public, max-age=30", 30).shared(),
    saying("max-age=40, private=\"set-cookie\", no-cache=\"x-user\"", 40),
    saying("", 0),
];
const ASKED: &[(&str, Option<i64>, Option<i64>)] = &[
    // What the client says; the age it accepts, how stale it may be.
    ("", None, None),
    ("no-cache", Some(-1), None),
    ("max-age=3", Some(3), None),
    ("max-stale=7", None, Some(7)),
    ("max-stale", None, Some(i64::MAX)),
    ("only-if-cached", None, None),
    ("min-fresh=2", None, None),
];
const RANGES: &[&str] =
    &["", "bytes=0-9", "bytes=5-", "bytes=-7", "bytes=2-3,20-30", "bytes=9999-", "bytes=1-1"];

#[derive(Clone, Copy)]
struct Saying {
    text: &'static str,
    lifetime: i64,
    is_kept: bool,
    may_be_stale: bool,
    is_for_all: bool,
    while_revalidate: i64,
    if_error: i64,
}

const fn saying(text: &'static str, lifetime: i64) -> Saying {
    Saying {
        text,
        lifetime,
        is_kept: true,
        may_be_stale: true,
        is_for_all: false,
        while_revalidate: 0,
        if_error: 0,
    }
}

impl Saying {
    const fn strict(self) -> Self {
        Saying { may_be_stale: false, ..self }
    }
    const fn unkept(self) -> Self {
        Saying { is_kept: false, ..self }
    }
    const fn shared(self) -> Self {
        Saying { is_for_all: true, ..self }
    }
    const fn while_revalidate(self, seconds: i64) -> Self {
        Saying { while_revalidate: seconds, ..self }
    }
    const fn if_error(self, seconds: i64) -> Self {
        Saying { if_error: seconds, ..self }
    }
}

/// What the origin has for one path.
#[derive(Clone, Copy)]
struct Resource {
    version: u32,
    saying: Saying,
    varies: bool,
    is_weak: bool,
    length: usize,
}

/// Something the origin said: that this content is good from then on.
struct Said {
    path: usize,
    language: Option<usize>,
    user: usize,
    content: Vec<u8>,
    saying: Saying,
    /// When it was asked, and as which step of the story.
    at: i64,
    step: usize,
}

#[derive(Clone, Copy)]
struct Request {
    path: usize,
    language: usize,
    user: usize,
    asked: usize,
    range: usize,
    is_head: bool,
    if_none_match: bool,
}

/// A response on its way.
struct Pending {
    request: Request,
    forwarding: Forwarding,
    head: String,
    content: Vec<u8>,
    said: Said,
}

struct World<'a> {
    octets: &'a [u8],
    cache: Cache,
    now: i64,
    step: usize,
    origin: Vec<Resource>,
    log: Vec<Said>,
    /// The step of the last change by `PUT`, for each path.
    changed: Vec<usize>,
    pending: Vec<Pending>,
    /// How many answers came from the cache.
    hits: usize,
}

/// Tells the story that these octets are; says how often the cache answered.
pub(crate) fn tell(octets: &[u8]) -> usize {
    let resource = Resource { version: 0, saying: SAYINGS[0], varies: false, is_weak: false, length: 40 };
    let limits = Limits { variants: 3, ..Limits::DEFAULT };
    let mut world = World {
        octets,
        cache: Cache::with_limits(Memory::new(20_000), Rules::SHARED, limits),
        now: 0,
        step: 0,
        origin: vec![resource; 3],
        log: Vec::new(),
        changed: vec![0; 3],
        pending: Vec::new(),
        hits: 0,
    };
    while !world.octets.is_empty() {
        world.step += 1;
        world.take_step();
    }
    world.hits
}

fn key(path: usize) -> Key {
    let authority = Authority { host: "a", port: None };
    Key::new(false, authority, &format!("/{path}"), None).unwrap()
}

impl World<'_> {
    fn next(&mut self, below: usize) -> usize {
        let Some((first, rest)) = self.octets.split_first() else { return 0 };
        self.octets = rest;
        usize::from(*first) % below
    }

    fn date(&self) -> HttpDate {
        HttpDate::from_unix(START + self.now).unwrap()
    }

    fn take_step(&mut self) {
        match self.next(16) {
            0..=6 => self.ask(),
            7..=9 => self.deliver(),
            10 | 11 => self.now += self.next(12) as i64,
            12 => self.now += self.next(60) as i64,
            13 => self.put(),
            14 => {
                let path = self.next(3);
                self.origin[path].version += 1;
            }
            _ => {
                let path = self.next(3);
                let saying = SAYINGS[self.next(SAYINGS.len())];
                let (varies, is_weak) = (self.next(2) == 1, self.next(4) == 0);
                let length = [10, 40, 300, 3000][self.next(4)];
                let version = self.origin[path].version + 1;
                self.origin[path] = Resource { version, saying, varies, is_weak, length };
            }
        }
    }

    fn request(&mut self) -> Request {
        Request {
            path: self.next(3),
            language: self.next(3),
            user: self.next(3),
            asked: self.next(ASKED.len()),
            range: self.next(3 * RANGES.len()),
            is_head: self.next(8) == 0,
            if_none_match: self.next(4) == 0,
        }
    }

    fn request_text(&self, request: Request) -> String {
        let mut text = format!(
            "{} /{} HTTP/1.1\r\nHost: a\r\n",
            if request.is_head { "HEAD" } else { "GET" },
            request.path
        );
        let mut put = |name: &str, value: &str| text += &format!("{name}: {value}\r\n");
        if request.language > 0 {
            put("Accept-Language", ["", "de", "en"][request.language]);
        }
        if request.user > 0 {
            put("Authorization", &format!("Basic user{}", request.user));
        }
        if request.asked > 0 {
            put("Cache-Control", ASKED[request.asked].0);
        }
        if let Some(range) = RANGES.get(request.range).filter(|range| !range.is_empty()) {
            put("Range", range);
        }
        if request.if_none_match {
            put("If-None-Match", &self.etag(request));
        }
        text + "\r\n"
    }

    fn etag(&self, request: Request) -> String {
        let resource = self.origin[request.path];
        let language = if resource.varies { request.language } else { 0 };
        let weak = if resource.is_weak { "W/" } else { "" };
        format!("{weak}\"{}-{}-{language}-{}\"", request.path, resource.version, request.user)
    }

    /// What the origin has for this request: nobody else's content is like that.
    fn content(&self, request: Request) -> Vec<u8> {
        let resource = self.origin[request.path];
        let language = if resource.varies { request.language.to_string() } else { "any".into() };
        let unique = format!("{}/{}/{language}/{};", request.path, resource.version, request.user);
        unique.bytes().cycle().take(resource.length.max(unique.len())).collect()
    }

    fn ask(&mut self) {
        let request = self.request();
        let text = self.request_text(request);
        let mut fields = Fields::new();
        let (head, _) = RequestHead::parse(text.as_bytes(), &mut fields).unwrap().unwrap();
        let key = key(request.path);
        let ask = Ask::of(&key, &head);
        match self.cache.look_up(&ask, self.date()) {
            LookUp::Hit(hit) => {
                self.hits += 1;
                self.check_hit(request, &hit);
                self.check_answer(request, &hit.answer(&ask, "BOUNDARY"), false);
            }
            LookUp::GatewayTimeout => assert_eq!(ASKED[request.asked].0, "only-if-cached"),
            LookUp::Forward(forwarding) => {
                assert_ne!(ASKED[request.asked].0, "only-if-cached");
                self.origin_answers(request, forwarding);
            }
        }
    }

    /// The origin answers what it has now; when that arrives is another matter.
    fn origin_answers(&mut self, request: Request, forwarding: Forwarding) {
        let resource = self.origin[request.path];
        let content = self.content(request);
        let etag = self.etag(request);
        let is_failing = self.next(12) == 0;
        let sent_conditions: Vec<String> =
            forwarding.conditions().map(|(_, value)| String::from_utf8(value.to_vec()).unwrap()).collect();
        let is_current = match sent_conditions.is_empty() {
            false => sent_conditions.contains(&etag),
            true => request.if_none_match,
        };
        let is_part =
            RANGES.get(request.range) == Some(&"bytes=0-9") && !request.is_head && content.len() >= 10;
        let (status, more, sent) = match () {
            () if is_failing => (503, String::new(), &content[..0]),
            () if is_current => (304, String::new(), &content[..0]),
            () if is_part => (206, format!("Content-Range: bytes 0-9/{}\r\n", content.len()), &content[..10]),
            () if request.is_head => (200, format!("Content-Length: {}\r\n", content.len()), &content[..0]),
            () => (200, format!("Content-Length: {}\r\n", content.len()), &content[..]),
        };
        let mut head = format!("HTTP/1.1 {status} X\r\nDate: {}\r\n{more}", self.date());
        if status != 503 {
            head += &format!(
                "ETag: {etag}\r\nCache-Control: {}\r\nX-User: {}\r\n",
                resource.saying.text, request.user
            );
            if resource.varies {
                head += "Vary: Accept-Language\r\n";
            }
            if request.user > 0 {
                head += &format!("Set-Cookie: user={}\r\n", request.user);
            }
        }
        let sent = sent.to_vec();
        let said = Said {
            path: request.path,
            language: resource.varies.then_some(request.language),
            user: request.user,
            content,
            saying: resource.saying,
            at: self.now,
            step: self.step,
        };
        self.pending.push(Pending { request, forwarding, head: head + "\r\n", content: sent, said });
        if self.pending.len() > 3 || self.next(3) > 0 {
            self.deliver();
        }
    }

    /// One of the responses under way arrives.
    fn deliver(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let which = self.next(self.pending.len());
        let Pending { request, forwarding, head, content, said } = self.pending.swap_remove(which);
        let text = self.request_text(request);
        let (mut fields, mut more) = (Fields::new(), Fields::new());
        let (asked, _) = RequestHead::parse(text.as_bytes(), &mut fields).unwrap().unwrap();
        let (response, _) = ResponseHead::parse(head.as_bytes(), &mut more).unwrap().unwrap();
        let key = key(request.path);
        let ask = Ask::of(&key, &asked);
        let sent = HttpDate::from_unix(START + said.at).unwrap();
        if response.status().code() != 503 {
            self.log.push(said);
        }
        match self.cache.received(&ask, &forwarding, &response, sent, self.date()) {
            Reaction::Forward(Ok(mut storing)) => {
                let cut = if self.next(4) == 0 { self.next(content.len() + 1) } else { content.len() };
                for piece in content[..cut].chunks(self.next(50) + 1) {
                    storing.data(piece);
                }
                let end = if cut < content.len() || self.next(20) == 0 { End::Cut } else { End::Clean };
                self.cache.finish(storing, end);
            }
            Reaction::Forward(Err(_)) | Reaction::AskAgain(_) => {}
            Reaction::Serve(hit) => {
                if hit.freshness() == Freshness::Stale {
                    self.check_hit(request, &hit);
                }
                self.check_answer(request, &hit.answer(&ask, "BOUNDARY"), true);
            }
        }
    }

    fn put(&mut self) {
        let path = self.next(3);
        let is_done = self.next(4) > 0;
        let text = format!("PUT /{path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n");
        let (mut fields, mut more) = (Fields::new(), Fields::new());
        let (head, _) = RequestHead::parse(text.as_bytes(), &mut fields).unwrap().unwrap();
        let key = key(path);
        let ask = Ask::of(&key, &head);
        let LookUp::Forward(forwarding) = self.cache.look_up(&ask, self.date()) else {
            panic!("PUT is for the origin")
        };
        let text = if is_done { "HTTP/1.1 204 X\r\n\r\n" } else { "HTTP/1.1 409 X\r\n\r\n" };
        let (response, _) = ResponseHead::parse(text.as_bytes(), &mut more).unwrap().unwrap();
        let reaction = self.cache.received(&ask, &forwarding, &response, self.date(), self.date());
        assert!(matches!(reaction, Reaction::Forward(Err(_))));
        if is_done {
            self.origin[path].version += 1;
            self.changed[path] = self.step;
        }
    }

    /// The log has a reason to use this now.
    fn check_hit(&self, request: Request, hit: &Hit) {
        let (_, oldest, stalest) = ASKED[request.asked];
        let mut why = Vec::new();
        let is_reason = |said: &&Said| {
            let age = self.now - said.at;
            let stale_for = age - said.saying.lifetime;
            let allowed = match hit.freshness() {
                Freshness::Fresh => stale_for < 0,
                Freshness::Stale => {
                    let by_client = stalest.is_some_and(|stalest| stale_for <= stalest);
                    said.saying.may_be_stale && (by_client || stale_for < said.saying.if_error)
                }
                Freshness::StaleWhileRevalidate => {
                    said.saying.may_be_stale && stale_for < said.saying.while_revalidate
                }
                Freshness::Validated => false,
            };
            allowed
                && i64::try_from(hit.age()).is_ok_and(|told| told >= age)
                && oldest.is_none_or(|oldest| age <= oldest)
        };
        for said in self.log.iter().filter(|said| self.is_behind(request, hit, said)) {
            why.push((said.at, said.saying.text));
            if is_reason(&said) {
                return;
            }
        }
        panic!(
            "{:?} at {} with age {} for {}: {why:?}",
            hit.freshness(),
            self.now,
            hit.age(),
            ASKED[request.asked].0
        );
    }

    /// This saying may have led to that hit.
    fn is_behind(&self, request: Request, hit: &Hit, said: &Said) -> bool {
        let content = hit.stored().content();
        let pieces: Vec<u8> = content.pieces().flatten().copied().collect();
        let is_same = if content.is_whole() {
            pieces == said.content
        } else {
            content.complete_length() == Some(said.content.len() as u64) && said.content.starts_with(&pieces)
        };
        let is_mine = said.user == 0 || said.saying.is_for_all || said.user == request.user;
        let fits = said.language.is_none_or(|language| language == request.language);
        said.path == request.path
            && is_same
            && is_mine
            && fits
            && said.saying.is_kept
            && said.step > self.changed[said.path]
    }

    /// The answer is one that the origin could have given, whole or in parts, and has nothing of another user's.
    fn check_answer(&self, request: Request, answer: &Answer, is_validated: bool) {
        let mut head = answer.head.clone();
        let lines = String::from_utf8(head.fields().as_bytes().to_vec()).unwrap();
        if !is_validated {
            assert!(!lines.contains("Set-Cookie"), "{lines}");
        } else if let Some(cookie) = lines.lines().find(|line| line.starts_with("Set-Cookie")) {
            assert_eq!(cookie, format!("Set-Cookie: user={}", request.user));
        }
        let content = answer.content.concat();
        let Body::Known(length) = answer.body else {
            assert!(answer.head.status().code() == 304 && content.is_empty());
            return;
        };
        let mut possible = self.log.iter().filter(|said| said.path == request.path);
        if request.is_head {
            assert!(content.is_empty() && possible.any(|said| said.content.len() as u64 == length));
            return;
        }
        assert_eq!(length, content.len() as u64);
        let is_one = match answer.head.status().code() {
            200 => possible.any(|said| said.content == content),
            206 if lines.contains("multipart/byteranges") => {
                possible.any(|said| content.windows(2).any(|octets| Some(octets) == said.content.get(2..4)))
            }
            206 => possible.any(|said| is_part(&lines, &content, &said.content)),
            416 => content.is_empty(),
            _ => false,
        };
        assert!(is_one, "{lines}{}", content.escape_ascii());
    }
}

/// `Content-Range` tells the truth.
fn is_part(lines: &str, content: &[u8], whole: &[u8]) -> bool {
    let told = lines.lines().find_map(|line| line.strip_prefix("Content-Range: bytes ")).unwrap();
    let (range, complete) = told.split_once('/').unwrap();
    let (first, last) = range.split_once('-').unwrap();
    let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
    complete == whole.len().to_string() && whole.get(first..=last) == Some(content)
}

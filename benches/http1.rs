//! http1 side by side with httparse, the `http` types filled as hyper fills them, ureq-proto and milo.
//!
//! Ours is a head that is typed, validated and framed: `RequestHead::parse`, known fields numbered, Host and target
//! checked, `Framing::of_request`. httparse gives spans and leaves the rest to its caller.

mod side_by_side;

use std::hint::black_box;
use std::mem::MaybeUninit;

use bytes::{BufMut as _, Bytes, BytesMut};
use http1::{
    Chunk, ChunkDecoder, Fields, Framing, Known, Method, RequestHead, ResponseBuilder, ResponseHead, Server,
    StatusCode,
};
use proto_core::{Endpoint, Time};
use side_by_side::{OURS, SideBySide};

/// A request as a browser sends it to a site it has a session with: 966 bytes, 16 fields.
const BROWSER: &[u8] = b"GET /library/shelves/9/books?sort=title&page=4&lang=en-GB HTTP/1.1\r\n\
    Host: library.example.org\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n\
    Accept-Language: en-GB,en;q=0.8,de;q=0.5,fr;q=0.3\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Referer: https://library.example.org/library/shelves/9?sort=title&page=3\r\n\
    DNT: 1\r\n\
    Connection: keep-alive\r\n\
    Cookie: session=c2VydmVycyBrbm93IG1lIGJ5IHRoaXM; theme=dark; columns=title.author.year.place; seen=20260114; \
    consent=necessary.statistics; ab=14.3.9; region=north-west; _t=18b0f1c3a2d.7f3e5b1a94; last_read=9.41.2-chapter-7; \
    recommendations=off; basket=31337.40112.77; _sid=v2.8d1f0c6e4a3b.1768382813.550\r\n\
    Upgrade-Insecure-Requests: 1\r\n\
    Sec-Fetch-Dest: document\r\n\
    Sec-Fetch-Mode: navigate\r\n\
    Sec-Fetch-Site: same-origin\r\n\
    Sec-Fetch-User: ?1\r\n\
    If-None-Match: \"5f3a-61c2e9b04d7c1\"\r\n\
    Priority: u=0, i\r\n\r\n";

/// A request of a program behind two proxies: 2068 bytes, 30 fields.
const API: &[u8] = b"POST /v2/tenants/8f14e45f-ceea-467f-a9c1-3b4d2a1f0e77/orders/batch?validate=strict&return=ids HTTP/1.1\r\n\
    Host: api.shop.example.com\r\n\
    Content-Type: application/json; charset=utf-8\r\n\
    Content-Length: 18734\r\n\
    Accept: application/json, application/problem+json;q=0.9\r\n\
    Accept-Encoding: gzip, br\r\n\
    Accept-Language: en\r\n\
    Authorization: Bearer b25lIHBhcnQgb2YgYSB0b2tlbiB0aGF0IGlzIGxvbmcgYW5kIG1lYW5zIG5vdGhpbmc.dGhlIHNlY29uZCBwYXJ0IGlz\
    IGxvbmdlciBzdGlsbCwgYXMgc3VjaCBwYXJ0cyBhcmUgaW4gcHJhY3RpY2UsIHdoZXJlIGNsYWltcyBwaWxlIHVwIHdpdGggdGhlIHllYXJz.YW5kIG\
    EgdGhpcmQgb25lIHRvIHNpZ24gaXQgYWxsLCBhcyBpcyB0aGUgY3VzdG9t\
    LCBsb25nIGFmdGVyIHRoZSBwb2ludCB3aGVyZSBhIHNob3J0ZXIgb25lIHdvdWxkIGhhdmUgZG9uZSBhcyB3ZWxsLCBidXQgbm9ib2R5IGFza2Vk\r\n\
    User-Agent: order-import/4.11.2 (linux; amd64) http-client/2.7\r\n\
    Connection: keep-alive\r\n\
    Cache-Control: no-cache\r\n\
    Pragma: no-cache\r\n\
    Origin: https://console.shop.example.com\r\n\
    Referer: https://console.shop.example.com/imports/2026-01-14/run/77\r\n\
    X-Request-ID: 01JH8Z6V3Q9M4T2X7C5B1N0KRD\r\n\
    X-Correlation-ID: import-2026-01-14-run-77-batch-0012\r\n\
    Idempotency-Key: 5b8c2d1e-7f60-4a93-8e21-90ab34cd56ef\r\n\
    X-Api-Version: 2025-11-01\r\n\
    X-Client-Region: eu-west-3\r\n\
    X-Forwarded-For: 203.0.113.77, 198.51.100.14\r\n\
    X-Forwarded-Host: api.shop.example.com\r\n\
    X-Forwarded-Proto: https\r\n\
    X-Forwarded-Port: 443\r\n\
    X-Real-IP: 203.0.113.77\r\n\
    Via: 1.1 edge-17.example.net, 1.1 gateway-3.example.com\r\n\
    Forwarded: for=203.0.113.77;host=api.shop.example.com;proto=https, for=198.51.100.14\r\n\
    Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\
    Tracestate: shop=t61rcWkgMzE,congo=t61rcWkgMzE\r\n\
    Baggage: tenant=8f14e45f,plan=enterprise,run=77,source=warehouse-import,priority=low,retries=0,window=2026-\
    01-14T09,operator=night-shift,shard=eu-west-3b,trace=sampled,budget=90s,origin=console,batch=0012,of=0400,format=json,no\r\n\
    Cookie: affinity=gateway-3.b7; console_session=ZmFyIGZyb20gYmVpbmcgc2hvcnQsIHRoaXMgY29va2llIGNhcnJpZXMgYSBzdGF0ZSB0aG\
    F0IG5vYm9keSByZWFkcyBhbnkgbW9yZSwgYnV0IGV2ZXJ5Ym9keSBzZW5kcyBhbG9uZyB3aXRoIGFsbCByZXF1ZXN0cyBvZiB0aGUgZGF5; locale=en\r\n\
    Expect: 100-continue\r\n\r\n";

/// A response as a content delivery network sends it: 801 bytes.
const CDN: &[u8] = b"HTTP/1.1 200 OK\r\n\
    Date: Wed, 14 Jan 2026 09:26:53 GMT\r\n\
    Content-Type: text/javascript; charset=utf-8\r\n\
    Content-Length: 48217\r\n\
    Connection: keep-alive\r\n\
    Server: edge\r\n\
    Cache-Control: public, max-age=31536000, immutable\r\n\
    ETag: \"9d4e1a7f-bc59\"\r\n\
    Last-Modified: Mon, 01 Dec 2025 12:00:00 GMT\r\n\
    Vary: Accept-Encoding\r\n\
    Content-Encoding: br\r\n\
    Accept-Ranges: bytes\r\n\
    Age: 86143\r\n\
    Via: 1.1 varnish, 1.1 varnish\r\n\
    X-Served-By: cache-ams12731-AMS, cache-lcy-egml8630062-LCY\r\n\
    X-Cache: HIT, HIT\r\n\
    X-Cache-Hits: 12, 8841\r\n\
    X-Timer: S1768382813.441871,VS0,VE1\r\n\
    Access-Control-Allow-Origin: *\r\n\
    Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n\
    X-Content-Type-Options: nosniff\r\n\
    NEL: {\"report_to\":\"edge\",\"max_age\":604800,\"success_fraction\":0.01}\r\n\
    Server-Timing: cdn-cache;desc=HIT, edg\r\n\
    Alt-Svc: h3=\":443\"; ma=86400\r\n\r\n";

/// What a load generator sends: 50 bytes.
const SMALL_50: &[u8] = b"GET /ab HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: x/*\r\n\r\n";

/// What a command-line client sends: 84 bytes.
const SMALL_84: &[u8] =
    b"GET /index.html HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: fetch/2\r\nAccept: */*\r\n\r\n";

/// The `http` types as hyper fills them: httparse first, then names, values and the map.
fn http_request(head: &Bytes) -> http::Request<()> {
    let mut headers = [const { MaybeUninit::uninit() }; 100];
    let mut request = httparse::Request::new(&mut []);
    request.parse_with_uninit_headers(head, &mut headers).expect("a request");
    let mut map = http::HeaderMap::with_capacity(request.headers.len());
    for header in request.headers.iter() {
        let name = http::HeaderName::from_bytes(header.name.as_bytes()).expect("a name");
        let value = http::HeaderValue::from_maybe_shared(head.slice_ref(header.value)).expect("a value");
        map.append(name, value);
    }
    let target = head.slice_ref(request.path.expect("a target").as_bytes());
    let mut typed = http::Request::new(());
    *typed.method_mut() =
        http::Method::from_bytes(request.method.expect("a method").as_bytes()).expect("a method");
    *typed.uri_mut() = http::Uri::from_maybe_shared(target).expect("a target");
    *typed.headers_mut() = map;
    typed
}

fn httparse_request(head: &[u8]) -> usize {
    let mut headers = [const { MaybeUninit::uninit() }; 100];
    let mut request = httparse::Request::new(&mut []);
    let status = request.parse_with_uninit_headers(head, &mut headers).expect("a request");
    black_box(&request);
    status.unwrap()
}

fn httparse_response(head: &[u8]) -> usize {
    let mut headers = [const { MaybeUninit::uninit() }; 100];
    let mut response = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    let parsed = config.parse_response_with_uninit_headers(&mut response, head, &mut headers);
    black_box(&response);
    parsed.expect("a response").unwrap()
}

/// milo, telling the same spans.
fn milo(is_request: bool) -> milo_parser::Parser {
    use milo_parser as m;
    let mut parser = m::Parser::new();
    parser.autodetect = false;
    parser.is_request = is_request;
    parser.suspend_after_headers = true;
    parser.active_events = m::EVENT_ACTIVE_ON_HEADER_NAME | m::EVENT_ACTIVE_ON_HEADER_VALUE;
    parser
}

fn request_heads(run: &mut SideBySide) {
    for (name, head) in [
        ("browser head, 966 B", BROWSER),
        ("API head, 2068 B", API),
        ("request of 50 B", SMALL_50),
        ("request of 84 B", SMALL_84),
    ] {
        let (mut fields, len, shared) = (Fields::new(), head.len(), Bytes::from_static(head));
        run.measure(name, OURS, len, || {
            let (head, _) = RequestHead::parse(black_box(head), &mut fields).unwrap().unwrap();
            black_box(&head);
            Framing::of_request(&head).unwrap()
        });
        run.measure(name, "httparse", len, || httparse_request(black_box(head)));
        run.measure(name, "http, as hyper", len, || http_request(black_box(&shared)));
        run.measure(name, "ureq-proto", len, || {
            ureq_proto::parser::try_parse_request::<100>(black_box(head)).unwrap()
        });
        let mut parser = milo(true);
        run.measure(name, "milo", len, || {
            parser.reset(false);
            parser.position = 0;
            parser.parse(black_box(head).as_ptr(), head.len())
        });
        assert_eq!(parser.error_code, milo_parser::ERROR_NONE, "{}", parser.error_description_str());
    }
}

fn response_head(run: &mut SideBySide) {
    let (name, len, mut fields) = ("CDN response, 801 B", CDN.len(), Fields::new());
    run.measure(name, OURS, len, || {
        let (head, _) = ResponseHead::parse(black_box(CDN), &mut fields).unwrap().unwrap();
        black_box(&head);
        Framing::of_response(&head, Method::Get).unwrap()
    });
    run.measure(name, "httparse", len, || httparse_response(black_box(CDN)));
    run.measure(name, "ureq-proto", len, || {
        ureq_proto::parser::try_parse_response::<100>(black_box(CDN)).unwrap()
    });
    let mut parser = milo(false);
    run.measure(name, "milo", len, || {
        parser.reset(false);
        parser.position = 0;
        parser.parse(black_box(CDN).as_ptr(), CDN.len())
    });
    assert_eq!(parser.error_code, milo_parser::ERROR_NONE, "{}", parser.error_description_str());
}

/// A body of chunks of so many bytes.
fn chunked(sizes: &[usize]) -> Vec<u8> {
    let chunk = |size: &usize| [format!("{size:x}\r\n").as_bytes(), &vec![b'x'; *size], b"\r\n"].concat();
    [&sizes.iter().flat_map(chunk).collect::<Vec<u8>>()[..], b"0\r\n\r\n"].concat()
}

/// A chunk's end and the line of the next one are 8 bytes with 16 KiB. Where the body starts says whether they always share a
/// cache line, or lie astride of two one time in eight: that shows where each is far from the one before. Senders cut alike
/// what they have; the last row is one that doesn't.
fn chunk_lines(run: &mut SideBySide) {
    let alike = |size: usize| [size; 64];
    let unlike: Vec<usize> = (0..64).map(|n| 256 + n * 2477 % 3800).collect();
    for (name, sizes, start) in [
        ("64 chunks of 16 KiB", &alike(16 * 1024)[..], 2),
        ("64 chunks of 16 KiB, astride", &alike(16 * 1024), 0),
        ("64 chunks of 1 KiB", &alike(1024), 0),
        ("64 chunks of 64 B", &alike(64), 0),
        ("64 chunks of 8 B", &alike(8), 0),
        ("64 chunks of 256 to 4000 B", &unlike, 0),
    ] {
        let shifted = [&b"  "[..start], &chunked(sizes)].concat();
        let body = &shifted[start..];
        run.measure(name, OURS, 64, || {
            let (mut decoder, mut rest, mut sum) = (ChunkDecoder::new(), black_box(body), 0);
            loop {
                match decoder.next(rest).unwrap() {
                    Chunk::Data { start, end } => {
                        sum += end - start;
                        rest = &rest[end..];
                    }
                    _ => return sum,
                }
            }
        });
        run.measure(name, "httparse", 64, || httparse_chunks(black_box(body), |rest| rest.get(2..)));
        run.measure(name, "httparse + CRLF", 64, || {
            httparse_chunks(black_box(body), |rest| rest.strip_prefix(b"\r\n"))
        });
    }
}

/// The data of a body: httparse reads the chunk lines, the caller goes behind the data and, if it looks, its CRLF.
fn httparse_chunks(body: &[u8], skip: impl Fn(&[u8]) -> Option<&[u8]>) -> usize {
    let (mut rest, mut sum) = (body, 0);
    loop {
        let (line, size) = httparse::parse_chunk_size(rest).unwrap().unwrap();
        let size = size as usize;
        if size == 0 {
            return sum;
        }
        sum += size;
        rest = skip(&rest[line + size..]).unwrap();
    }
}

/// A server takes a head in: in one piece, and in pieces of one byte.
fn trickle(run: &mut SideBySide) {
    let name = "server, browser head by bytes";
    let begin = || (Server::default(), BytesMut::with_capacity(1024));
    run.measure_with(name, OURS, (1, BROWSER.len()), begin, |(server, input)| by_bytes(server, input));
    run.measure_with(name, "ours, at once", (1, BROWSER.len()), begin, |(server, input)| {
        input.extend_from_slice(black_box(BROWSER));
        server.receive(input, Time::ZERO).unwrap()
    });
}

/// By itself, so that putting a byte in costs the same wherever the loop that calls this stands.
#[inline(never)]
fn by_bytes(server: &mut Server, input: &mut BytesMut) -> usize {
    let mut events = 0;
    for byte in black_box(BROWSER) {
        input.put_u8(*byte);
        if let Some(event) = server.receive(input, Time::ZERO).unwrap() {
            black_box(event);
            events += 1;
        }
    }
    events
}

/// The 19 fields of an answer, as a program has them at hand.
const WRITTEN: [(Known, &str); 19] = [
    (Known::Date, "Wed, 14 Jan 2026 09:26:53 GMT"),
    (Known::Server, "example"),
    (Known::ContentType, "text/html; charset=utf-8"),
    (Known::ContentLanguage, "en"),
    (Known::ContentEncoding, "br"),
    (Known::CacheControl, "private, max-age=0, must-revalidate"),
    (Known::ETag, "\"5f3a-61c2e9b04d7c1\""),
    (Known::LastModified, "Mon, 01 Dec 2025 12:00:00 GMT"),
    (Known::Expires, "Wed, 14 Jan 2026 09:26:53 GMT"),
    (Known::Vary, "Accept-Encoding, Cookie"),
    (Known::AcceptRanges, "bytes"),
    (Known::SetCookie, "session=c2VydmVycyBrbm93IG1l; Path=/; Secure; HttpOnly"),
    (Known::StrictTransportSecurity, "max-age=31536000"),
    (Known::XContentTypeOptions, "nosniff"),
    (Known::XFrameOptions, "DENY"),
    (Known::ContentSecurityPolicy, "default-src 'self'; img-src *"),
    (Known::Link, "</style.css>; rel=preload; as=style"),
    (Known::XRequestId, "01JH8Z6V3Q9M4T2X7C5B1N0KRD"),
    (Known::AltSvc, "h3=\":443\"; ma=86400"),
];

fn write_fields(run: &mut SideBySide) {
    let (name, bytes) =
        ("write 19 fields", WRITTEN.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum());
    let mut response = ResponseBuilder::new(StatusCode::OK);
    run.measure(name, OURS, bytes, || {
        response.restart(StatusCode::OK);
        for (name, value) in black_box(&WRITTEN) {
            response.field(*name, value).unwrap();
        }
    });
    let mut out = BytesMut::with_capacity(2048);
    let headers = WRITTEN.map(|(name, value)| (lower(name), http::HeaderValue::from_static(value)));
    let mut map = http::HeaderMap::with_capacity(WRITTEN.len());
    for (name, value) in &headers {
        map.append(name.clone(), value.clone());
    }
    run.measure(name, "http, as hyper", bytes, || write_map(black_box(&map), &mut out));
    run.measure(name, "http, map filled", bytes, || {
        map.clear();
        for (name, value) in black_box(&headers) {
            map.append(name.clone(), value.clone());
        }
        write_map(&map, &mut out)
    });
}

/// As hyper writes them.
fn write_map(map: &http::HeaderMap, out: &mut BytesMut) {
    out.clear();
    for (name, value) in map {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

fn lower(name: Known) -> http::HeaderName {
    http::HeaderName::from_bytes(name.as_str().as_bytes()).expect("a name")
}

fn check_sizes() {
    let fields = |head: &[u8]| head.windows(2).filter(|pair| pair == b"\r\n").count() - 2;
    assert_eq!((BROWSER.len(), fields(BROWSER)), (966, 16));
    assert_eq!((API.len(), fields(API)), (2068, 30));
    assert_eq!(CDN.len(), 801);
    assert_eq!((SMALL_50.len(), SMALL_84.len()), (50, 84));
}

fn main() {
    check_sizes();
    let mut run = SideBySide::from_args();
    request_heads(&mut run);
    response_head(&mut run);
    chunk_lines(&mut run);
    trickle(&mut run);
    write_fields(&mut run);
    run.print();
}

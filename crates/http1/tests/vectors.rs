//! The examples of RFC 9110, 9112 and 8297, cited by section: what a server or a client makes of them, and the same
//! messages written by the other end. Those of the vocabulary (9111, 9211, 5861, 6265bis, 9651, 7616) are in a module.

#[path = "support/account.rs"]
mod account;
#[path = "support/examples.rs"]
mod examples;
#[path = "support/vocabulary_examples.rs"]
mod vocabulary;

use account::{drain, whole};
use bytes::Bytes;
use examples::{VECTORS, run};
use http1::{
    Body, Client, FieldLines, Fields, Framing, Known, Method, RequestBuilder, RequestHead, ResponseBuilder,
    ResponseHead, Server, StatusCode, Target, Version,
};
use proto_core::{Endpoint, Time};

#[test]
fn every_example_is_understood_and_answered() {
    for vector in VECTORS {
        let account = run(vector, &mut whole);
        assert_eq!(account.told, vector.told, "{}", vector.section);
        assert_eq!(account.sent, vector.sent, "{}", vector.section);
    }
}

#[test]
fn the_request_of_9110_3_9_is_written() {
    let mut client = Client::default();
    let mut head = RequestBuilder::new(Method::Get, "/hello.txt").unwrap();
    head.field(Known::UserAgent, "curl/7.64.1").unwrap();
    head.field(Known::Host, "www.example.com").unwrap();
    head.field("Accept-Language", "en, mi").unwrap();
    client.request(&head, Body::Empty).unwrap();
    let example = VECTORS.iter().find(|vector| vector.section == "9110 3.9, request").unwrap();
    assert_eq!(drain(&mut client), example.bytes.as_bytes().escape_ascii().to_string());
}

/// A server that has received this request.
fn server_after(request: &str) -> Server {
    let mut server = Server::default();
    let mut input = request.into();
    while server.receive(&mut input, Time::ZERO).unwrap().is_some() {}
    server
}

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const GET10: &str = "GET / HTTP/1.0\r\n\r\n";

#[test]
fn the_response_of_9110_3_9_is_written() {
    let mut server = server_after(GET);
    let mut head = ResponseBuilder::new(StatusCode::OK);
    head.field(Known::Date, "Mon, 27 Jul 2009 12:28:53 GMT").unwrap().field(Known::Server, "Apache").unwrap();
    head.field(Known::ETag, "\"34aa387-d-1568eb00\"").unwrap();
    let content = Bytes::from_static(b"Hello World! My content includes a trailing CRLF.\r\n");
    server.answer(&head, content).unwrap();
    assert_eq!(
        drain(&mut server),
        concat!(
            r"HTTP/1.1 200 OK\r\nDate: Mon, 27 Jul 2009 12:28:53 GMT\r\nServer: Apache\r\n",
            r#"ETag: \"34aa387-d-1568eb00\"\r\nContent-Length: 51\r\n\r\n"#,
            r"Hello World! My content includes a trailing CRLF.\r\n"
        )
    );
}

#[test]
fn chunks_and_trailers_are_written_as_in_9112_7_1() {
    let mut server = server_after(GET);
    server.respond(&ResponseBuilder::new(StatusCode::OK), Body::Chunked).unwrap();
    server.copy(b"Wiki").unwrap();
    server.data(Bytes::new()).unwrap(); // not the last chunk
    server.reserve(17).unwrap();
    let mut trailers = FieldLines::new();
    trailers.push("X-Sum", "1").unwrap();
    server.end(Some(&trailers)).unwrap();
    assert_eq!(
        drain(&mut server),
        r"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\n11\r\n.................\r\n0\r\nX-Sum: 1\r\n\r\n"
    );
}

#[test]
fn a_body_of_unknown_length_is_framed_as_the_peer_understands() {
    for (request, want) in [
        (GET, r"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"),
        (GET10, r"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhi"),
    ] {
        let mut server = server_after(request);
        server.respond(&ResponseBuilder::new(StatusCode::OK), Body::Unknown).unwrap();
        server.copy(b"hi").unwrap();
        server.end(None).unwrap();
        assert_eq!(drain(&mut server), want);
    }
}

#[test]
fn responses_without_content_say_what_their_status_allows() {
    for (status, body, want) in [
        (StatusCode::OK, Body::Empty, r"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        (StatusCode::NO_CONTENT, Body::Empty, r"HTTP/1.1 204 No Content\r\n\r\n"),
        (StatusCode::NOT_MODIFIED, Body::Empty, r"HTTP/1.1 304 Not Modified\r\n\r\n"),
        (StatusCode::RESET_CONTENT, Body::Empty, r"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n"),
        (StatusCode::new(599).unwrap(), Body::Empty, r"HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n"),
    ] {
        let mut server = server_after(GET);
        server.respond(&ResponseBuilder::new(status), body).unwrap();
        assert_eq!(drain(&mut server), want);
        assert!(server.is_idle());
    }
}

#[test]
fn head_is_answered_with_the_length_and_without_the_content() {
    let mut server = server_after("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    server.answer(&ResponseBuilder::new(StatusCode::OK), "hello".into()).unwrap();
    assert_eq!(drain(&mut server), r"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    let mut server = server_after(GET);
    server.answer(&ResponseBuilder::new(StatusCode::NOT_MODIFIED), "hello".into()).unwrap();
    assert_eq!(drain(&mut server), r"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
}

#[test]
fn early_hints_of_8297_come_before_the_response() {
    let mut server = server_after(GET);
    let mut hints = ResponseBuilder::new(StatusCode::EARLY_HINTS);
    hints.field(Known::Link, "</style.css>; rel=preload; as=style").unwrap();
    server.interim(&hints).unwrap();
    server.answer(&ResponseBuilder::new(StatusCode::OK), Bytes::new()).unwrap();
    assert_eq!(
        drain(&mut server),
        concat!(
            r"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\n\r\n",
            r"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        )
    );
}

#[test]
fn requests_are_framed_as_9110_8_6_wants() {
    for (method, body, want) in [
        (Method::Get, Body::Empty, r"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        (Method::Post, Body::Empty, r"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
        (Method::Put, Body::Known(2), r"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"),
        (
            Method::Post,
            Body::Unknown,
            r"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        ),
    ] {
        let mut client = Client::default();
        let mut head = RequestBuilder::new(method, "/").unwrap();
        head.field(Known::Host, "a").unwrap();
        client.request(&head, body).unwrap();
        if body != Body::Empty {
            client.copy(b"hi").unwrap();
            client.end(None).unwrap();
        }
        assert_eq!(drain(&mut client), want);
    }
}

#[test]
fn connection_says_what_the_endpoint_and_the_caller_mean() {
    let mut client = Client::default();
    let mut head = RequestBuilder::new(Method::Get, "/").unwrap();
    head.field(Known::Host, "a").unwrap().field(Known::Te, "trailers").unwrap();
    head.field(Known::Upgrade, "x").unwrap().field(Known::Connection, "Upgrade, close, x-hop").unwrap();
    client.request(&head, Body::Empty).unwrap();
    assert_eq!(
        drain(&mut client),
        r"GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nUpgrade: x\r\nConnection: close, Upgrade, TE, x-hop\r\n\r\n"
    );
    assert!(!client.can_reuse());
}

#[test]
fn keep_alive_is_asked_for_in_http10() {
    let mut client = Client::default();
    let mut head = RequestBuilder::with_version(Method::Get, "/", Version::Http10).unwrap();
    head.field(Known::Connection, "keep-alive").unwrap();
    client.request(&head, Body::Empty).unwrap();
    assert_eq!(drain(&mut client), r"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
}

#[test]
fn targets_and_authorities_are_taken_apart() {
    let mut fields = Fields::new();
    let bytes = b"GET http://example.com:81/a?b HTTP/1.1\r\nHost: other\r\n\r\n";
    let (head, _) = RequestHead::parse(bytes, &mut fields).unwrap().unwrap();
    let Target::Absolute { scheme, path, query, .. } = head.target_form() else { panic!("absolute") };
    assert_eq!((scheme, path, query), ("http", "/a", Some("b")));
    // RFC 9112 section 3.2.2: the target's authority wins over Host.
    assert_eq!(
        head.authority().map(|authority| (authority.host, authority.port)),
        Some(("example.com", Some(81)))
    );
}

#[test]
fn framing_of_responses_by_9112_6_3() {
    let cases = [
        ("200 OK", "Content-Length: 3", Method::Get, Framing::Length(3)),
        ("200 OK", "Content-Length: 3, 3\r\nContent-Length: 3", Method::Get, Framing::Length(3)),
        ("200 OK", "Content-Length: 3", Method::Head, Framing::None),
        ("200 OK", "Content-Length: 3", Method::Connect, Framing::None),
        ("404 No", "Content-Length: 3", Method::Connect, Framing::Length(3)),
        ("204 No", "Content-Length: 3", Method::Get, Framing::None),
        ("304 No", "Transfer-Encoding: chunked", Method::Get, Framing::None),
        ("100 Go", "Content-Length: 3", Method::Get, Framing::None),
        ("200 OK", "Transfer-Encoding: chunked\r\nContent-Length: 3", Method::Get, Framing::Chunked),
        ("200 OK", "Transfer-Encoding: gzip, chunked", Method::Get, Framing::Chunked),
        ("200 OK", "Transfer-Encoding: gzip\r\nTransfer-Encoding: Chunked", Method::Get, Framing::Chunked),
        ("200 OK", "Transfer-Encoding: gzip", Method::Get, Framing::UntilClose),
        ("200 OK", "Transfer-Encoding: chunked, gzip", Method::Get, Framing::UntilClose),
        ("200 OK", "X: y", Method::Get, Framing::UntilClose),
    ];
    for (status, lines, method, want) in cases {
        let bytes = format!("HTTP/1.1 {status}\r\n{lines}\r\n\r\n");
        let mut fields = Fields::new();
        let (head, _) = ResponseHead::parse(bytes.as_bytes(), &mut fields).unwrap().unwrap();
        assert_eq!(head.framing(method), Ok(want), "{status} {lines} {method:?}");
    }
}

//! What is written is read as it was meant, what is read can be written again, and what this crate accepts another
//! parser accepts with equal spans.

use bytes::BytesMut;
use http1::{
    Body, Client, FieldLines, Fields, Framing, Known, Method, RequestBuilder, RequestHead, ResponseBuilder,
    ResponseHead, Server, StatusCode,
};
use proptest::prelude::*;
use proto_core::{Endpoint, Time};

fn config() -> ProptestConfig {
    ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() }
}

/// Fields that an endpoint does not write or judge by itself.
fn fields() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let name = prop_oneof![
        "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}",
        prop::sample::select(vec!["Accept", "cookie", "User-Agent", "SERVER", "etag", "Content-Type"])
            .prop_map(String::from),
    ];
    let own = ["host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "te"];
    let name =
        name.prop_filter("the endpoint's own", move |name| !own.contains(&name.to_lowercase().as_str()));
    let byte = prop_oneof![Just(b'\t'), 0x20_u8..0x7f, 0x80_u8..=0xff];
    let value = prop::collection::vec(byte, 0..40);
    prop::collection::vec((name, value), 0..12)
}

fn trimmed(value: &[u8]) -> Vec<u8> {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = value.iter().position(|byte| !blank(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !blank(byte)).map_or(start, |last| last + 1);
    value[start..end].to_vec()
}

fn body() -> impl Strategy<Value = Body> {
    prop_oneof![
        Just(Body::Empty),
        any::<u64>().prop_map(Body::Known),
        Just(Body::Chunked),
        Just(Body::Unknown)
    ]
}

fn sent(endpoint: &mut impl Endpoint) -> Vec<u8> {
    endpoint.output().slices().flatten().copied().collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_request_is_read_as_it_was_written(
        method in "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}",
        target in "/([!$&'()*+,./0-9:;=?@A-Z_a-z~\\[\\]-]|%[0-9A-Fa-f]{2}){0,60}",
        fields in fields(),
        body in body(),
    ) {
        let method = Method::parse(method.as_bytes()).unwrap();
        prop_assume!(!matches!(method, Method::Connect | Method::Trace));
        let mut builder = RequestBuilder::new(method, &target).unwrap();
        builder.field(Known::Host, "example.com:80").unwrap();
        for (name, value) in &fields {
            builder.field(name.as_str(), value).unwrap();
        }
        let mut client = Client::default();
        client.request(&builder, body).unwrap();
        let bytes = sent(&mut client);
        let mut index = Fields::new();
        let (head, len) = RequestHead::parse(&bytes, &mut index).unwrap().unwrap();
        prop_assert_eq!((head.method(), head.target(), len), (method, target.as_str(), bytes.len()));
        let read: Vec<_> = head.fields().iter().map(|line| (line.name.to_string(), line.value.to_vec())).collect();
        let written: Vec<_> = fields.iter().map(|(name, value)| (name.clone(), trimmed(value))).collect();
        prop_assert_eq!(&read[1..=written.len()], &written[..]);
        // The encoder picks the framing that the pure function reads.
        let content = matches!(method, Method::Post | Method::Put | Method::Patch | Method::Query);
        let want = match body {
            Body::Empty if content => Framing::Length(0),
            Body::Empty => Framing::None,
            Body::Known(n) => Framing::Length(n),
            Body::Chunked | Body::Unknown => Framing::Chunked,
        };
        prop_assert_eq!(head.framing(), Ok(want));
    }

    #[test]
    fn a_response_is_read_as_it_was_written(
        method in prop::sample::select(vec!["GET", "HEAD", "POST"]),
        version in prop::sample::select(vec!["HTTP/1.0", "HTTP/1.1"]),
        status in 200_u16..600,
        reason in "[ -~]{0,20}",
        fields in fields(),
        body in body(),
    ) {
        let mut server = Server::default();
        let mut input = BytesMut::from(format!("{method} / {version}\r\nHost: a\r\n\r\n").as_str());
        while server.receive(&mut input, Time::ZERO).unwrap().is_some() {}
        let status = StatusCode::new(status).unwrap();
        let mut builder = ResponseBuilder::with_reason(status, &reason).unwrap();
        for (name, value) in &fields {
            builder.field(name.as_str(), value).unwrap();
        }
        if server.respond(&builder, body).is_err() {
            prop_assert!(server.output().is_empty());
            return Ok(());
        }
        let bytes = sent(&mut server);
        let mut index = Fields::new();
        let (head, len) = ResponseHead::parse(&bytes, &mut index).unwrap().unwrap();
        prop_assert_eq!((head.status(), head.reason(), len), (status, reason.as_bytes(), bytes.len()));
        let read: Vec<_> = head.fields().iter().map(|line| (line.name.to_string(), line.value.to_vec())).collect();
        let written: Vec<_> = fields.iter().map(|(name, value)| (name.clone(), trimmed(value))).collect();
        prop_assert_eq!(&read[..written.len()], &written[..]);
        let http10 = version == "HTTP/1.0";
        let want = match body {
            _ if method == "HEAD" || status.is_bodiless() => Framing::None,
            Body::Empty => Framing::Length(0),
            Body::Known(n) => Framing::Length(n),
            Body::Unknown if http10 => Framing::UntilClose,
            Body::Chunked | Body::Unknown => Framing::Chunked,
        };
        prop_assert_eq!(head.framing(Method::parse(method.as_bytes()).unwrap()), Ok(want));
    }

    #[test]
    fn what_was_read_can_be_forwarded_and_is_read_the_same(fields in fields()) {
        let mut first = FieldLines::new();
        for (name, value) in &fields {
            first.push(name.as_str(), value).unwrap();
        }
        let bytes = [b"HTTP/1.1 200 OK\r\n", first.as_bytes(), b"\r\n"].concat();
        let mut index = Fields::new();
        let (head, _) = ResponseHead::parse(&bytes, &mut index).unwrap().unwrap();
        let mut second = FieldLines::new();
        second.extend(head.fields(), |_| true).unwrap();
        prop_assert_eq!(first.as_bytes(), second.as_bytes());
    }

    #[test]
    fn a_body_comes_out_as_it_went_in(
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..6000), 0..4),
        chunked in any::<bool>(),
        trailer in prop::option::of("[a-z]{1,9}"),
    ) {
        let content = parts.concat();
        let mut client = Client::default();
        let mut head = RequestBuilder::new(Method::Put, "/").unwrap();
        head.field(Known::Host, "a").unwrap();
        let body = if chunked { Body::Chunked } else { Body::Known(content.len() as u64) };
        client.request(&head, body).unwrap();
        for part in &parts {
            client.data(part.clone().into()).unwrap();
        }
        let mut lines = FieldLines::new();
        if let Some(value) = &trailer {
            lines.push("X-Trailer", value).unwrap();
        }
        client.end(chunked.then_some(&lines)).unwrap();
        let mut input: BytesMut = client.output().slices().flatten().copied().collect();
        let (mut server, mut got, mut ends) = (Server::default(), Vec::new(), 0);
        while let Some(event) = server.receive(&mut input, Time::ZERO).unwrap() {
            match event {
                http1::server::Event::Data(data) => got.extend_from_slice(&data),
                http1::server::Event::End { trailers } => {
                    let told = trailers.and_then(|lines| lines.fields().text("x-trailer").map(String::from));
                    prop_assert_eq!(told, trailer.clone().filter(|_| chunked));
                    ends += 1;
                }
                _ => {}
            }
        }
        prop_assert_eq!((got, ends, input.len()), (content, 1, 0));
    }
}

// The differential: httparse as oracle.

/// Heads that are nearly right: pieces of right ones, with a byte here and there replaced.
fn nearly(start: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let lines = prop::sample::select(vec![
        "Host: a\r\n",
        "host: b.example:80\r\n",
        "X:\r\n",
        "Y: \t z \t\r\n",
        "A-b_c: d\te\u{e9}\r\n",
        "E: f: g\r\n",
        "Content-Length: 5\r\n",
        "X: \r\n",
        "bad line\r\n",
        "X : y\r\n",
        " fold\r\n",
        "X: y\n",
        "\r\n",
        "\r",
    ]);
    let noise = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    (prop::sample::select(start.to_vec()), prop::collection::vec(lines, 0..8), noise).prop_map(
        |(start, lines, noise)| {
            let mut bytes = [start, &lines.concat(), "\r\n"].concat().into_bytes();
            for (index, byte) in noise {
                let at = index.index(bytes.len());
                bytes[at] = byte;
            }
            bytes
        },
    )
}

/// Where a part is in the whole.
fn span(whole: &[u8], part: &[u8]) -> (usize, usize) {
    (part.as_ptr() as usize - whole.as_ptr() as usize, part.len())
}

type Spans = Vec<((usize, usize), (usize, usize))>;

fn header_spans(bytes: &[u8], headers: &[httparse::Header<'_>]) -> Spans {
    headers.iter().map(|header| (span(bytes, header.name.as_bytes()), span(bytes, header.value))).collect()
}

fn field_spans(bytes: &[u8], fields: http1::FieldSection<'_>) -> Spans {
    fields.iter().map(|line| (span(bytes, line.name.as_bytes()), span(bytes, line.value))).collect()
}

/// An empty value has no place worth comparing.
fn comparable(spans: Spans) -> Spans {
    spans.into_iter().map(|(name, value)| (name, if value.1 == 0 { (0, 0) } else { value })).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn requests_accepted_here_are_accepted_by_httparse_with_equal_spans(
        bytes in nearly(&["GET / HTTP/1.1\r\n", "POST /a%20b?c=d HTTP/1.0\r\n", "\r\nX http://a/ HTTP/1.1\r\n", "CONNECT a:1 HTTP/1.1\r\n"]),
    ) {
        let mut index = Fields::new();
        let Ok(Some((head, len))) = RequestHead::parse(&bytes, &mut index) else { return Ok(()) };
        // A later minor version is 1.1 to us.
        prop_assume!(head.as_bytes().windows(9).any(|part| part == b"HTTP/1.1\r" || part == b"HTTP/1.0\r"));
        let mut headers = [httparse::EMPTY_HEADER; 128];
        let mut other = httparse::Request::new(&mut headers);
        prop_assert_eq!(other.parse(&bytes), Ok(httparse::Status::Complete(len)));
        prop_assert_eq!(other.method, Some(head.method().as_str()));
        prop_assert_eq!(span(&bytes, other.path.unwrap().as_bytes()), span(&bytes, head.target().as_bytes()));
        prop_assert_eq!(
            comparable(header_spans(&bytes, other.headers)),
            comparable(field_spans(&bytes, head.fields()))
        );
    }

    #[test]
    fn responses_accepted_here_are_accepted_by_httparse_with_equal_spans(
        bytes in nearly(&["HTTP/1.1 200 OK\r\n", "HTTP/1.0 404\r\n", "HTTP/1.1 503 \r\n", "HTTP/1.1 200 a \tb\r\n"]),
    ) {
        let mut index = Fields::new();
        let Ok(Some((head, len))) = ResponseHead::parse(&bytes, &mut index) else { return Ok(()) };
        prop_assume!(matches!(bytes.get(..8), Some(b"HTTP/1.1" | b"HTTP/1.0")));
        let mut headers = [httparse::EMPTY_HEADER; 128];
        let mut other = httparse::Response::new(&mut headers);
        prop_assert_eq!(other.parse(&bytes), Ok(httparse::Status::Complete(len)));
        prop_assert_eq!(other.code, Some(head.status().code()));
        prop_assert_eq!(
            comparable(header_spans(&bytes, other.headers)),
            comparable(field_spans(&bytes, head.fields()))
        );
    }
}

//! One test per class of bad input, each with the answer it gets, and one per limit.
//!
//! A server answers with the status, says `Connection: close`, reads nothing after the fault and lets its driver linger;
//! a client reports an error, or never uses the connection again.

#[path = "support/account.rs"]
mod account;

use account::{Account, fetch, serve, whole};
use bytes::{Bytes, BytesMut};
use http1::{
    Blame, Body, Client, Config, ErrorKind, FieldLines, Known, Lenient, Limits, Method, RequestBuilder,
    ResponseBuilder, Retry, Server, StatusCode, Timeouts, Unread, Version, client, server,
};
use proto_core::{Drive, DriveLimits, End, Endpoint, Status, Time, Turn};

/// What a server says to these bytes: the account, and the status of its last response.
fn told(bytes: &[u8], config: &Config) -> (Account, Option<u16>) {
    let account = serve(bytes, None, config, &mut whole);
    let last = account.sent.rfind("HTTP/1.1 ").map(|at| account.sent[at + 9..at + 12].parse().unwrap());
    (account, last)
}

fn assert_refused_with(bytes: &[u8], status: u16, config: &Config) {
    let (account, last) = told(bytes, config);
    let shown = bytes[..bytes.len().min(200)].escape_ascii().to_string();
    assert!(account.told.last().is_some_and(|told| told.starts_with("error")), "{shown}: {account:?}");
    assert_eq!(last, Some(status), "{shown}: {account:?}");
    assert!(account.sent.contains(r"Connection: close\r\n"), "{shown}: {account:?}");
}

fn assert_refused(cases: &[(&str, u16)]) {
    for (bytes, status) in cases {
        assert_refused_with(bytes.as_bytes(), *status, &Config::DEFAULT);
    }
}

/// With these field lines behind Host.
fn post(lines: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\nabcde")
}

fn assert_fields_refused(cases: &[(&str, u16)]) {
    for (lines, status) in cases {
        assert_refused_with(post(lines).as_bytes(), *status, &Config::DEFAULT);
    }
}

fn assert_accepted(bytes: &str, config: &Config) {
    let (account, last) = told(bytes.as_bytes(), config);
    assert_eq!(last, Some(200), "{bytes:?}: {account:?}");
    assert!(!account.told.iter().any(|told| told.starts_with("error")), "{bytes:?}: {account:?}");
}

#[test]
fn rejects_both_framings_and_more_than_one_length() {
    assert_fields_refused(&[
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", 400),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5", 400),
        ("Transfer-Encoding: xyz\r\ncontent-length: 5", 400),
        ("Content-Length: 5\r\nContent-Length: 5", 400),
        ("Content-Length: 5\r\nContent-Length: 6", 400),
        ("Content-Length: 5, 5", 400),
        ("Content-Length: 5, 6", 400),
    ]);
}

#[test]
fn rejects_a_length_that_is_no_plain_number() {
    assert_fields_refused(&[
        ("Content-Length: +5", 400),
        ("Content-Length: -5", 400),
        ("Content-Length: 0x5", 400),
        ("Content-Length: 5_0", 400),
        ("Content-Length: 5 0", 400),
        ("Content-Length: 5.", 400),
        ("Content-Length:", 400),
        ("Content-Length: ,", 400),
        ("Content-Length: 5,", 400),
        ("Content-Length: ,5", 400),
        ("Content-Length: five", 400),
        ("Content-Length: \u{665}", 400),
        ("Content-Length: 18446744073709551616", 400),
        ("Content-Length: 99999999999999999999999999999999", 400),
    ]);
}

#[test]
fn accepts_leading_zeros_blanks_and_a_body_on_any_method() {
    for method in ["GET", "DELETE", "OPTIONS", "HEAD", "PROPFIND", "get"] {
        let bytes = format!(
            "{method} / HTTP/1.1\r\nHost: a\r\nContent-Length: \t0000000000000000000000005 \t\r\n\r\nabcde"
        );
        assert_accepted(&bytes, &Config::DEFAULT);
    }
    let bytes = "TRACE / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n";
    assert_accepted(bytes, &Config::DEFAULT);
}

#[test]
fn rejects_codings_it_has_no_handler_for_with_501() {
    assert_fields_refused(&[
        ("Transfer-Encoding: gzip, chunked", 501),
        ("Transfer-Encoding: identity", 501),
        ("Transfer-Encoding: xchunked", 501),
        ("Transfer-Encoding: chunked1", 501),
        ("Transfer-Encoding: foo;q=\"a,b\", chunked", 501),
    ]);
}

#[test]
fn rejects_chunked_that_is_not_last_alone_and_once() {
    assert_fields_refused(&[
        ("Transfer-Encoding: chunked, gzip", 400),
        ("Transfer-Encoding: chunked, foo", 400),
        ("Transfer-Encoding: gzip", 400),
        ("Transfer-Encoding: chunked, chunked", 400),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400),
        ("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", 400),
        ("Transfer-Encoding: chunked;a=b", 400),
        ("Transfer-Encoding: ,chunked", 400),
        ("Transfer-Encoding: chunked,", 400),
        ("Transfer-Encoding: \"chunked\"", 400),
        ("Transfer-Encoding: chu nked", 400),
        ("Transfer-Encoding:", 400),
        ("Transfer-Encoding: ,", 400),
    ]);
    let bytes = "POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding:\t ChUnKeD\t\r\n\r\n0\r\n\r\n";
    assert_accepted(bytes, &Config::DEFAULT);
}

#[test]
fn rejects_transfer_encoding_in_http10() {
    assert_refused(&[("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)]);
}

#[test]
fn rejects_line_ends_other_than_crlf_anywhere() {
    assert_refused(&[
        ("GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\n\n", 400),
        ("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", 400),
        ("GET / HTTP/1.1\rHost: a\r\n\r\n", 400),
    ]);
    let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for body in ["1\na\r\n0\r\n\r\n", "1\r\na\n0\r\n\r\n", "1\r\na\r\n0\n\r\n", "1;a\na\r\n0\r\n\r\n"] {
        assert_refused(&[(&format!("{chunked}{body}"), 400)]);
    }
    for body in
        ["0\r\n\n", "0\r\nX: y\n\r\n", "0\r\nX: y\r\r\n\r\n", "1\ra\r\n0\r\n\r\n", "1\r\na\r0\r\n\r\n"]
    {
        assert_refused(&[(&format!("{chunked}{body}"), 400)]);
    }
}

#[test]
fn rejects_control_characters_anywhere_and_keeps_tabs_in_values() {
    for byte in (0..0x20).chain([0x7f]).filter(|byte| ![b'\t', b'\n', b'\r'].contains(byte)) {
        let bad = char::from(byte);
        assert_refused(&[
            (&format!("GET / HTTP/1.1\r\nHost: a\r\nX: a{bad}b\r\n\r\n"), 400),
            (&format!("GET / HTTP/1.1\r\nHost: a\r\nX:{bad}\r\n\r\n"), 400),
            (&format!("GET / HTTP/1.1\r\nHost: a\r\nX{bad}: b\r\n\r\n"), 400),
            (&format!("GET /{bad} HTTP/1.1\r\nHost: a\r\n\r\n"), 400),
            (&format!("GET{bad} / HTTP/1.1\r\nHost: a\r\n\r\n"), 400),
            (&format!("GET / HTTP/1.1{bad}\r\nHost: a\r\n\r\n"), 400),
        ]);
    }
    assert_accepted("GET / HTTP/1.1\r\nHost: a\r\nX: a\tb\r\n\r\n", &Config::DEFAULT);
}

#[test]
fn accepts_high_bytes_in_values_as_opaque() {
    let bytes = b"GET / HTTP/1.1\r\nHost: a\r\nX: \x80\xc3\x28\xff\r\n\r\n";
    let (account, last) = told(bytes, &Config::DEFAULT);
    assert_eq!(last, Some(200));
    assert!(account.told[0].contains(r"X: \x80\xc3(\xff"), "{account:?}");
}

#[test]
fn rejects_field_lines_that_are_none() {
    assert_refused(&[
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost\t: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\n \r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nnocolon\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX(: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\n\"X\": b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX\u{e9}: b\r\n\r\n", 400),
    ]);
}

fn chunked(body: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}")
}

fn assert_chunks_refused(cases: &[(&str, u16)]) {
    for (body, status) in cases {
        assert_refused_with(chunked(body).as_bytes(), *status, &Config::DEFAULT);
    }
}

#[test]
fn rejects_chunk_sizes_that_are_not_plain_hexadecimal() {
    assert_chunks_refused(&[
        ("0x1\r\na\r\n0\r\n\r\n", 400),
        ("+1\r\na\r\n0\r\n\r\n", 400),
        ("-1\r\na\r\n0\r\n\r\n", 400),
        ("\r\na\r\n0\r\n\r\n", 400),
        ("g\r\na\r\n0\r\n\r\n", 400),
        (" 1\r\na\r\n0\r\n\r\n", 400),
        ("1 \r\na\r\n0\r\n\r\n", 400),
        ("1\t\r\na\r\n0\r\n\r\n", 400),
        ("1 ;a=b\r\na\r\n0\r\n\r\n", 400),
        ("00000000000000001\r\na\r\n0\r\n\r\n", 400),
        ("10000000000000000\r\na\r\n0\r\n\r\n", 400),
        ("1\r\nab\r\n0\r\n\r\n", 400),
        ("2\r\na\r\n0\r\n\r\n", 400),
    ]);
    assert_accepted(&chunked("0000000000000001\r\na\r\n0000000000000000\r\n\r\n"), &Config::DEFAULT);
}

#[test]
fn ignores_good_chunk_extensions_and_rejects_the_others() {
    for good in [";a", ";a=b", ";a=\"b;\\\"c\"", "; a = b ;c", ";a;b;c=d"] {
        assert_accepted(&chunked(&format!("1{good}\r\na\r\n0{good}\r\n\r\n")), &Config::DEFAULT);
    }
    for bad in [";", ";;a", ";=b", ";a=", ";a=\"b", ";a b", ";a=b\"", ";a=b ", ";a=\"\u{1}\"", ";\u{0}"] {
        assert_chunks_refused(&[(&format!("1{bad}\r\na\r\n0\r\n\r\n"), 400)]);
    }
    let long = "x".repeat(1024);
    assert_chunks_refused(&[
        (&format!("1;{long}\r\na\r\n0\r\n\r\n"), 413),
        (&format!("1;{long}{long}"), 413),
    ]);
    let many = format!("1;{}\r\na\r\n", "x".repeat(1000)).repeat(17);
    assert_chunks_refused(&[(&format!("{many}0\r\n\r\n"), 413)]);
}

#[test]
fn tells_chunk_extensions_to_who_wants_them() {
    let config = Config { chunk_extensions: true, ..Config::DEFAULT };
    let (account, _) = told(chunked("1;a=b\r\nx\r\n0;c\r\n\r\n").as_bytes(), &config);
    assert_eq!(account.told[1..], ["extension a=b", "data x", "extension c", "end"]);
}

#[test]
fn rejects_floods_of_tiny_chunks() {
    // 83 % of it is framing: accepted up to 100 KiB, refused beyond.
    assert_accepted(&chunked(&format!("{}0\r\n\r\n", "1\r\na\r\n".repeat(20_000))), &Config::DEFAULT);
    let flood = chunked(&"1\r\na\r\n".repeat(21_000));
    assert_refused_with(flood.as_bytes(), 400, &Config::DEFAULT);
    // A third of it is framing.
    assert_accepted(
        &chunked(&format!("{}0\r\n\r\n", "a\r\n0123456789\r\n".repeat(30_000))),
        &Config::DEFAULT,
    );
}

#[test]
fn rejects_bad_trailers_and_keeps_the_others_apart() {
    assert_chunks_refused(&[
        ("0\r\nno colon\r\n\r\n", 400),
        ("0\r\nX : y\r\n\r\n", 400),
        ("0\r\n X: y\r\n\r\n", 400),
        ("0\r\nX: y\r\n z\r\n\r\n", 400),
        ("0\r\nX: \u{0}\r\n\r\n", 400),
        (&format!("0\r\n{}\r\n", "X: y\r\n".repeat(33)), 431),
        (&format!("0\r\nX: {}\r\n\r\n", "y".repeat(8192)), 431),
    ]);
    let bytes = chunked("1\r\na\r\n0\r\nContent-Length: 9\r\nHost: b\r\nAuthorization: c\r\n\r\n");
    let (account, _) = told(bytes.as_bytes(), &Config::DEFAULT);
    assert!(!account.told[0].contains("Authorization"), "{account:?}");
    assert_eq!(account.told[2], "end [Content-Length: 9 | Host: b | Authorization: c]");
}

#[test]
fn rejects_request_lines_that_are_not_three_words() {
    assert_refused(&[
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
        (" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / http/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/0.9\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTQ/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1x\r\nHost: a\r\n\r\n", 400),
        ("GET /\r\n\r\n", 400),
        ("GET\r\n\r\n", 400),
        ("GET \r\n\r\n", 400),
        ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ]);
}

#[test]
fn rejects_other_major_versions_with_505_and_reads_later_minors_as_1() {
    assert_refused(&[
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        ("GET / HTTP/9.9\r\nHost: a\r\n\r\n", 505),
    ]);
    let (account, last) = told(b"GET / HTTP/1.9\r\nHost: a\r\n\r\n", &Config::DEFAULT);
    assert_eq!((last, account.told[0].starts_with("GET / HTTP/1.1")), (Some(200), true));
}

#[test]
fn delivers_any_token_as_a_method_and_rejects_the_others() {
    for method in ["get", "M-SEARCH", "!#$%&'*+-.^_`|~", "X"] {
        let bytes = format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n");
        let (account, _) = told(bytes.as_bytes(), &Config::DEFAULT);
        assert!(account.told[0].starts_with(&format!("{method} /")), "{account:?}");
    }
    for method in ["G(T", "G,T", "\"GET\"", "GE\u{e9}T", "G:T", ""] {
        assert_refused(&[(&format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n"), 400)]);
    }
}

#[test]
fn rejects_targets_that_are_no_uri_or_the_wrong_form() {
    for target in [
        "/a#b",
        "/a|b",
        "/a\\b",
        "/<a>",
        "/\"",
        "/{a}",
        "/^",
        "/`",
        "/\u{e9}",
        "/%",
        "/%4",
        "/%4g",
        "*",
        "a",
        "a/b",
        "example.com",
        "example.com:80",
        "http://u:p@a/",
        "http://u@a/",
        "http:///",
        "http://",
        "http:/a",
        "://a/",
        "http://a:b/",
        "http://[::1/",
        "?a",
    ] {
        assert_refused(&[(&format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"), 400)]);
    }
    for target in ["/", "*", "a", "a:", "a:0", "a:65536", ":1", "a:1/", "http://a:1", "u@a:1"] {
        assert_refused(&[(&format!("CONNECT {target} HTTP/1.1\r\nHost: a\r\n\r\n"), 400)]);
    }
    assert_refused(&[("OPTIONS ** HTTP/1.1\r\nHost: a\r\n\r\n", 400)]);
}

#[test]
fn rejects_hosts_that_are_missing_repeated_or_malformed() {
    assert_refused(&[
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n", 400),
        ("GET http://a/ HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: http://a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: \u{e9}\r\n\r\n", 400),
    ]);
    for good in ["", "a", "a:", "a:80", "[::1]:80", "192.0.2.1", "a_b", "a.", "xn--a"] {
        assert_accepted(&format!("GET / HTTP/1.1\r\nHost: {good}\r\n\r\n"), &Config::DEFAULT);
    }
    assert_accepted("GET / HTTP/1.0\r\n\r\n", &Config::DEFAULT);
}

#[test]
fn rejects_unknown_expectations_with_417() {
    assert_fields_refused(&[
        ("Expect: more\r\nContent-Length: 5", 417),
        ("Expect: 100-continue, more\r\nContent-Length: 5", 417),
        ("Expect: 100-continue=1\r\nContent-Length: 5", 417),
    ]);
    assert_accepted(
        "POST / HTTP/1.0\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\na",
        &Config::DEFAULT,
    );
    let (account, _) = told(b"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", &Config::DEFAULT);
    assert!(!account.sent.contains("100 Continue"), "nothing is held back: {account:?}");
}

#[test]
fn tells_a_tls_hello_what_it_is() {
    for len in 1..6 {
        let (account, last) = told(&b"\x16\x03\x01\x02\x00\x01"[..len], &Config::DEFAULT);
        assert_eq!(last, Some(400));
        assert!(account.sent.contains("TLS"), "{account:?}");
    }
}

#[test]
fn rejects_what_is_beyond_its_limit_while_it_is_incomplete() {
    let long = |n: usize| "a".repeat(n);
    let head = "GET / HTTP/1.1\r\nHost: a\r\n";
    assert_refused(&[
        (&format!("GET /{}", long(8192)), 414),
        (&long(8194), 414),
        (&format!("GET /{} HTTP/1.1\r\n", long(8192 - 13)), 414),
        (&format!("{head}X: {}", long(16 << 10)), 431),
        (&format!("{head}X: {}\r\n\r\n", long((16 << 10) - 2)), 431),
        (&format!("{head}{}", format!("X: {}\r\n", long(15 << 10)).repeat(5)), 431),
        (&format!("{head}{}\r\n", "X: y\r\n".repeat(100)), 431),
    ]);
    assert_accepted(&format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", long(8192 - 14)), &Config::DEFAULT);
    assert_accepted(&format!("{head}X: {}\r\n\r\n", long((16 << 10) - 3)), &Config::DEFAULT);
    assert_accepted(&format!("{head}{}\r\n", "X: y\r\n".repeat(99)), &Config::DEFAULT);
}

#[test]
fn rejects_bodies_beyond_the_knob_with_413() {
    let config = Config { limits: Limits { body: Some(4), ..Limits::DEFAULT }, ..Config::DEFAULT };
    assert_refused_with(post("Content-Length: 5").as_bytes(), 413, &config);
    assert_refused_with(chunked("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").as_bytes(), 413, &config);
}

#[test]
fn every_leniency_is_a_switch_and_forgives_one_thing() {
    let with = |lenient: Lenient| Config { lenient, ..Config::DEFAULT };
    let nothing = Lenient::NOTHING;
    for (lenient, bytes) in [
        (Lenient { bare_lf: true, ..nothing.clone() }, "GET / HTTP/1.1\nHost: a\r\n\n"),
        (
            Lenient { folded_lines: true, ..nothing.clone() },
            "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n  c\r\n\r\n",
        ),
        (Lenient { target_characters: true, ..nothing.clone() }, "GET /a|b\"%zz HTTP/1.1\r\nHost: a\r\n\r\n"),
        (
            Lenient { equal_lengths: true, ..nothing.clone() },
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1, 01\r\n\r\na",
        ),
        (Lenient { missing_host: true, ..nothing.clone() }, "GET / HTTP/1.1\r\n\r\n"),
    ] {
        assert_refused_with(bytes.as_bytes(), 400, &Config::DEFAULT);
        assert_accepted(bytes, &with(lenient));
    }
}

// Responses.

fn answered(bytes: &str, end: Option<End>) -> Vec<String> {
    fetch(&[("GET", "/")], bytes.as_bytes(), end, &Config::DEFAULT, &mut whole).told
}

fn last(bytes: &str) -> String {
    answered(bytes, Some(End::Clean)).last().unwrap().clone()
}

#[test]
fn a_response_with_both_framings_is_chunked_and_the_last() {
    let told = answered(
        "HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        None,
    );
    assert_eq!(told[1..], ["data a", "end", "closed"]);
}

#[test]
fn bad_responses_are_errors() {
    for (bytes, kind) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "LengthInvalid"),
        ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "LengthInvalid"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "LengthRepeated"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "ChunkSize"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", "CodingList"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\n", "CodingList"),
        ("HTTP/1.1 099 OK\r\n\r\n", "StatusCode"),
        ("HTTP/1.1 600 OK\r\n\r\n", "StatusCode"),
        ("HTTP/1.1 2x0 OK\r\n\r\n", "StatusCode"),
        ("HTTP/1.1 20 OK\r\n\r\n", "StatusLine"),
        ("HTTP/1.1 2000 OK\r\n\r\n", "StatusLine"),
        ("HTTP/1.1  200 OK\r\n\r\n", "StatusLine"),
        ("HTTP/2.0 200 OK\r\n\r\n", "MajorVersion"),
        ("<html>hello</html>\r\n\r\n", "Version"),
        ("ICY 200 OK\r\n\r\n", "Version"),
        ("\r\nHTTP/1.1 200 OK\r\n\r\n", "EmptyLines"),
        ("HTTP/1.1 200 OK\n\r\n", "BareLineFeed"),
        ("HTTP/1.1 200 OK\r\nX: y\n\r\n", "BareLineFeed"),
        ("HTTP/1.1 200 O\rK\r\n\r\n", "ControlCharacter"),
        ("HTTP/1.1 200 OK\r\nX : y\r\n\r\n", "FieldName"),
        ("HTTP/1.1 200 OK\r\nX\r\n\r\n", "NoColon"),
        ("HTTP/1.1 200 OK\r\n X: y\r\n\r\n", "FoldedLine"),
        ("HTTP/1.1 200 OK\r\nX: \u{0}\r\n\r\n", "ControlCharacter"),
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "SwitchUnasked"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", "Truncated"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n", "Truncated"),
        ("HTTP/1.1 200 OK\r\n", "Truncated"),
        ("", "Unanswered"),
    ] {
        let last = last(bytes);
        assert!(last.starts_with(&format!("error {kind} - ")), "{bytes:?}: {last}");
    }
}

#[test]
fn a_flood_of_interim_responses_is_an_error() {
    let flood = "HTTP/1.1 102 Processing\r\n\r\n".repeat(16);
    assert_eq!(
        answered(&format!("{flood}HTTP/1.1 204 No\r\n\r\n"), None)[16..],
        ["response HTTP/1.1 204 No None []", "end", "reusable"]
    );
    assert!(last(&format!("{flood}HTTP/1.1 102 Processing\r\n\r\n")).starts_with("error InterimFlood"));
}

#[test]
fn without_framing_a_body_lasts_until_the_close() {
    for head in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"] {
        let bytes = format!("{head}hello");
        assert_eq!(answered(&bytes, Some(End::Clean))[1..], ["data hello", "end", "closed"]);
        assert!(answered(&bytes, Some(End::Cut)).last().unwrap().starts_with("error Truncated"));
    }
}

#[test]
fn bytes_nobody_asked_for_spoil_the_connection() {
    let told = answered("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc\r\n\r\n", None);
    assert_eq!(told[1..], ["data a", "end", "closed uncleanly"]);
    let told = answered("HTTP/1.1 204 No\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", None);
    assert_eq!(told[1..], ["end", "closed uncleanly"]);
    // Also while what came is not complete.
    let told = answered("HTTP/1.1 204 No\r\n\r\nHTTP/1.", None);
    assert_eq!(told[1..], ["end"]);
    // A server that was idle for too long may say so.
    let told = answered("HTTP/1.1 204 No\r\n\r\nHTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n", None);
    assert_eq!(told[1..], ["end", "closed"]);
}

#[test]
fn retries_are_advised_by_method_and_by_what_has_left() {
    let unanswered = |method: &str, sent: bool| {
        let mut client = Client::default();
        account::ask(&mut client, (method, "/"));
        if sent {
            account::drain(&mut client);
        }
        client.receive_eof(&mut BytesMut::new(), End::Cut, Time::ZERO).unwrap_err().retry
    };
    assert_eq!(unanswered("GET", true), Retry::Safe);
    assert_eq!(unanswered("PUT", true), Retry::Safe);
    assert_eq!(unanswered("POST", true), Retry::Unknown);
    assert_eq!(unanswered("POST", false), Retry::Safe);
}

#[test]
fn requests_behind_the_last_response_were_not_processed() {
    let asks = [("POST", "/1"), ("POST", "/2")];
    let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let told = fetch(&asks, bytes, None, &Config::DEFAULT, &mut whole).told;
    assert_eq!(told[1..], ["end", "error Unanswered - Safe"]);
}

// Misuse: refused, and nothing emitted.

fn refused<T: core::fmt::Debug>(result: Result<T, http1::Error>, kind: ErrorKind) {
    let error = result.unwrap_err();
    assert_eq!((error.kind, error.blame, error.reply), (kind, Blame::Caller, None));
}

fn server_after(request: &str) -> Server {
    let mut server = Server::default();
    let mut input = BytesMut::from(request);
    while server.receive(&mut input, Time::ZERO).unwrap().is_some() {}
    server
}

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn nothing_can_be_smuggled_through_a_head() {
    for value in ["a\r\nb", "a\nb", "a\rb", "a\0b", "\u{7f}", "a\u{b}"] {
        refused(ResponseBuilder::new(StatusCode::OK).field("X", value), ErrorKind::FieldValue);
        refused(FieldLines::new().push("X", value), ErrorKind::FieldValue);
        refused(ResponseBuilder::with_reason(StatusCode::OK, value), ErrorKind::FieldValue);
        refused(RequestBuilder::new(Method::Get, &format!("/{value}")), ErrorKind::Target);
        refused(RequestBuilder::new(Method::Other(value), "/"), ErrorKind::Method);
        refused(FieldLines::new().push(value, "x"), ErrorKind::FieldName);
    }
    for name in ["", "a b", "a:", "a\u{e9}"] {
        refused(FieldLines::new().push(name, "x"), ErrorKind::FieldName);
    }
    refused(FieldLines::new().push("content-length", "1"), ErrorKind::FramingField);
    refused(FieldLines::new().push(Known::TransferEncoding, "chunked"), ErrorKind::FramingField);
    refused(FieldLines::new().push(Known::Host, "a b"), ErrorKind::HostInvalid);
    refused(FieldLines::new().push(Known::Connection, "a b"), ErrorKind::FieldValue);
    refused(FieldLines::new().push(Known::Expect, "more"), ErrorKind::Expectation);
}

#[test]
fn a_response_can_only_be_what_it_declares() {
    let ok = ResponseBuilder::new(StatusCode::OK);
    let mut server = server_after(GET);
    for (status, body, kind) in [
        (204, Body::Known(1), ErrorKind::NoBody),
        (204, Body::Chunked, ErrorKind::NoBody),
        (304, Body::Chunked, ErrorKind::NoBody),
        (205, Body::Known(1), ErrorKind::NoBody),
        (100, Body::Empty, ErrorKind::Status),
        (103, Body::Empty, ErrorKind::Status),
        (101, Body::Empty, ErrorKind::Status),
    ] {
        let head = ResponseBuilder::new(StatusCode::new(status).unwrap());
        refused(server.respond(&head, body), kind);
    }
    refused(server.interim(&ok), ErrorKind::Status);
    refused(server.data("a".into()), ErrorKind::NotNow);
    refused(server.end(None), ErrorKind::NotNow);
    assert!(server.output().is_empty());

    server.respond(&ok, Body::Known(2)).unwrap();
    let before = server.output().len();
    refused(server.respond(&ok, Body::Empty), ErrorKind::NotNow);
    refused(server.reject(StatusCode::BAD_REQUEST), ErrorKind::NotNow);
    refused(server.data("abc".into()), ErrorKind::LengthMismatch);
    refused(server.reserve(3), ErrorKind::LengthMismatch);
    refused(server.end(None), ErrorKind::LengthMismatch);
    assert_eq!(server.output().len(), before);
    server.copy(b"ab").unwrap();
    refused(server.copy(b"c"), ErrorKind::LengthMismatch);
    server.end(None).unwrap();
    refused(server.end(None), ErrorKind::NotNow);
}

#[test]
fn content_where_there_is_none_is_refused() {
    let ok = ResponseBuilder::new(StatusCode::OK);
    let mut server = server_after("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    server.respond(&ok, Body::Known(2)).unwrap();
    assert!(!server.wants_body());
    refused(server.copy(b"ab"), ErrorKind::NoBody);
    server.end(None).unwrap();
    let mut server = server_after(GET);
    server.respond(&ResponseBuilder::new(StatusCode::NOT_MODIFIED), Body::Known(2)).unwrap();
    refused(server.reserve(2), ErrorKind::NoBody);
    server.end(None).unwrap();
    assert!(server.is_idle());
}

#[test]
fn trailers_that_may_not_be_any_are_refused() {
    let mut server = server_after(GET);
    server.respond(&ResponseBuilder::new(StatusCode::OK), Body::Chunked).unwrap();
    for name in ["Host", "Content-Type", "Authorization", "Set-Cookie", "Trailer", "Connection"] {
        let mut lines = FieldLines::new();
        lines.push(name, "a").unwrap();
        refused(server.end(Some(&lines)), ErrorKind::FramingField);
    }
}

#[test]
fn an_http10_client_gets_neither_chunks_nor_interim_responses() {
    let mut server = server_after("GET / HTTP/1.0\r\n\r\n");
    refused(server.respond(&ResponseBuilder::new(StatusCode::OK), Body::Chunked), ErrorKind::Http10Peer);
    refused(server.interim(&ResponseBuilder::new(StatusCode::EARLY_HINTS)), ErrorKind::Http10Peer);
    assert!(server.output().is_empty());
}

#[test]
fn a_request_can_only_be_what_it_declares() {
    let head = |method| {
        let mut head = RequestBuilder::new(method, "/").unwrap();
        head.field(Known::Host, "a").unwrap();
        head
    };
    let mut client = Client::default();
    refused(
        client.request(&RequestBuilder::new(Method::Get, "/").unwrap(), Body::Empty),
        ErrorKind::HostMissing,
    );
    refused(client.request(&head(Method::Trace), Body::Known(1)), ErrorKind::NoBody);
    let mut expecting = head(Method::Put);
    expecting.field(Known::Expect, "100-continue").unwrap();
    refused(client.request(&expecting, Body::Empty), ErrorKind::Expectation);
    let old = RequestBuilder::with_version(Method::Post, "/", Version::Http10).unwrap();
    refused(client.request(&old, Body::Chunked), ErrorKind::Http10Peer);
    refused(client.end(None), ErrorKind::NotNow);
    refused(client.continue_now(), ErrorKind::NotNow);
    assert!(client.output().is_empty());

    client.request(&head(Method::Put), Body::Known(2)).unwrap();
    let before = client.output().len();
    refused(client.request(&head(Method::Get), Body::Empty), ErrorKind::NotNow);
    refused(client.data("abc".into()), ErrorKind::LengthMismatch);
    refused(client.end(None), ErrorKind::LengthMismatch);
    assert_eq!(client.output().len(), before);
    client.copy(b"ab").unwrap();
    client.end(None).unwrap();
    for _ in 1..16 {
        client.request(&head(Method::Get), Body::Empty).unwrap();
    }
    refused(client.request(&head(Method::Get), Body::Empty), ErrorKind::PipelineFull);
}

#[test]
fn nothing_follows_a_request_that_may_switch_or_close() {
    let mut client = Client::default();
    account::ask(&mut client, ("GET", "/upgrade"));
    let mut head = RequestBuilder::new(Method::Get, "/").unwrap();
    head.field(Known::Host, "a").unwrap();
    refused(client.request(&head, Body::Empty), ErrorKind::NotNow);
    let mut client = Client::default();
    head.field(Known::Connection, "close").unwrap();
    client.request(&head, Body::Empty).unwrap();
    assert!(!client.can_reuse());
    refused(client.request(&head, Body::Empty), ErrorKind::Over);
}

// Slow peers.

fn secs(n: u64) -> Time {
    Time::from_secs(n)
}

/// Lets the clock run until something is due.
fn due(server: &mut Server) -> Result<Option<server::Event>, http1::Error> {
    let at = server.deadline().expect("something is waited for");
    server.handle_deadline(at)
}

#[test]
fn a_head_has_ten_seconds_from_its_first_byte_however_it_trickles() {
    let mut server = Server::default();
    let mut input = BytesMut::from("GET / HTTP/1.1\r\nX: ");
    for n in 3..12 {
        server.receive(&mut input, secs(n)).unwrap();
        assert_eq!(server.deadline(), Some(secs(13)));
        input.extend_from_slice(b"a");
    }
    let error = due(&mut server).unwrap_err();
    assert_eq!((error.kind, error.reply), (ErrorKind::HeadTimeout, Some(StatusCode::REQUEST_TIMEOUT)));
    assert!(account::drain(&mut server).starts_with("HTTP/1.1 408 "));
    assert_eq!((server.status(), server.deadline()), (Status::Finishing, None));
}

#[test]
fn a_silent_connection_is_closed_without_a_word() {
    let mut server = Server::default();
    server.receive(&mut BytesMut::new(), secs(1)).unwrap();
    assert_eq!(server.deadline(), Some(secs(11)));
    assert_eq!(due(&mut server), Ok(Some(server::Event::Closed)));
    assert!(server.output().is_empty());

    let mut server = server_after(GET);
    assert_eq!(server.deadline(), None, "it is the server's turn");
    server.answer(&ResponseBuilder::new(StatusCode::OK), Bytes::new()).unwrap();
    server.receive(&mut BytesMut::new(), secs(5)).unwrap();
    let n = server.output().len() as u64;
    server.sent(n, secs(5));
    server.receive(&mut BytesMut::new(), secs(9)).unwrap();
    assert_eq!(server.deadline(), Some(secs(65)));
    assert_eq!(due(&mut server), Ok(Some(server::Event::Closed)));
}

#[test]
fn a_body_must_move_and_keep_the_least_rate() {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n";
    let mut server = server_after(head);
    assert_eq!(server.deadline(), Some(secs(60)));
    assert_eq!(due(&mut server).unwrap_err().kind, ErrorKind::Stalled);
    assert!(account::drain(&mut server).starts_with("HTTP/1.1 408 "));

    // A byte per second moves, but not at 240 per second: the grace of 60 s runs out.
    let mut server = server_after(head);
    for n in 1..60 {
        let mut input = BytesMut::from("a");
        assert!(server.receive(&mut input, secs(n)).unwrap().is_some());
        assert!(server.receive(&mut input, secs(n)).unwrap().is_none());
    }
    assert_eq!(server.deadline(), Some(secs(60)));
    // 240 bytes buy a second.
    let mut input = BytesMut::from(&[b'a'; 240][..]);
    while server.receive(&mut input, secs(59)).unwrap().is_some() {}
    assert_eq!(server.deadline(), Some(secs(61)));
}

#[test]
fn the_time_the_caller_takes_is_not_the_peers_fault() {
    let mut server = server_after("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
    let mut input = BytesMut::from("a");
    assert!(server.receive(&mut input, secs(1)).unwrap().is_some());
    assert_eq!(server.deadline(), None);
    // A minute passes until the caller comes back.
    server.receive(&mut input, secs(61)).unwrap();
    assert_eq!(server.deadline(), Some(secs(120)));
}

#[test]
fn a_peer_that_takes_nothing_is_given_up() {
    let mut server = server_after(GET);
    server.answer(&ResponseBuilder::new(StatusCode::OK), Bytes::from(vec![b'a'; 100_000])).unwrap();
    server.receive(&mut BytesMut::new(), secs(10)).unwrap();
    assert_eq!(server.deadline(), Some(secs(70)));
    server.sent(48_000, secs(20));
    assert_eq!(server.deadline(), Some(secs(80)));
    assert_eq!(due(&mut server).unwrap_err().kind, ErrorKind::Stalled);
    assert!(server.output().is_empty());
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let mut client = Client::default();
    account::ask(&mut client, ("GET", "/"));
    account::drain(&mut client);
    client.receive(&mut BytesMut::new(), secs(1)).unwrap();
    assert_eq!(client.deadline(), Some(secs(61)));
    let error = client.handle_deadline(secs(61)).unwrap_err();
    assert_eq!((error.kind, error.retry), (ErrorKind::Stalled, Retry::Safe));
    let never = Config { timeouts: Timeouts::NEVER, ..Config::DEFAULT };
    let mut client = Client::new(never);
    account::ask(&mut client, ("GET", "/"));
    client.receive(&mut BytesMut::new(), secs(1)).unwrap();
    assert_eq!(client.deadline(), None);
}

// Rejections that arrive.

#[test]
fn after_a_rejection_the_driver_flushes_half_closes_and_lingers() {
    let mut drive = Drive::new(Server::default(), DriveLimits::server());
    drive.input().extend_from_slice(
        b"GET / HTTP/1.1\r\nContent-Length: 1, 1\r\nHost: a\r\n\r\nGET /never HTTP/1.1\r\n",
    );
    assert!(drive.poll(Time::ZERO).is_err());
    let Turn::Wait(wait) = drive.poll(Time::ZERO).unwrap() else { panic!("flush") };
    assert!(wait.write && wait.read && !wait.shut);
    let n = drive.output().len() as u64;
    drive.sent(n, Time::ZERO);
    let Turn::Wait(wait) = drive.poll(Time::ZERO).unwrap() else { panic!("half-close") };
    assert!(wait.shut && wait.read && !wait.write);
    drive.shut();
    drive.input().extend_from_slice(b"what the peer was still sending");
    assert!(matches!(drive.poll(Time::ZERO), Ok(Turn::Wait(_))));
    drive.lost(End::Clean);
    assert_eq!(drive.poll(Time::ZERO), Ok(Turn::Closed));
}

#[test]
fn an_early_answer_drops_the_rest_of_the_body_up_to_a_bound() {
    let not_found = ResponseBuilder::new(StatusCode::NOT_FOUND);
    // Little is left: it is dropped, and the next request is taken.
    let mut server = Server::default();
    let mut input = BytesMut::from("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
    assert!(matches!(server.receive(&mut input, Time::ZERO), Ok(Some(server::Event::Request(_)))));
    server.answer(&not_found, Bytes::new()).unwrap();
    assert_eq!(server.receive(&mut input, Time::ZERO), Ok(None));
    input.extend_from_slice(b"abcdeGET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    let Ok(Some(server::Event::Request(next))) = server.receive(&mut input, Time::ZERO) else {
        panic!("next")
    };
    assert_eq!(next.target(), "/next");
    // Much is left: the response says close, and that is that.
    let mut input = BytesMut::from("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n");
    let mut server = Server::default();
    server.receive(&mut input, Time::ZERO).unwrap();
    server.answer(&not_found, Bytes::new()).unwrap();
    assert!(account::drain(&mut server).contains("Connection: close"));
    assert_eq!(server.receive(&mut input, Time::ZERO), Ok(Some(server::Event::Closed)));
    assert_eq!(server.status(), Status::Finishing);
    // How much is left is not known: so much is dropped, and no more.
    let mut input = BytesMut::from(chunked("").as_str());
    let mut server = Server::default();
    server.receive(&mut input, Time::ZERO).unwrap();
    server.answer(&not_found, Bytes::new()).unwrap();
    for _ in 0..3 {
        assert_eq!(server.receive(&mut input, Time::ZERO), Ok(None));
        input.extend_from_slice(b"18000\r\n");
        input.extend_from_slice(&[b'a'; 0x18000]);
        input.extend_from_slice(b"\r\n");
    }
    assert_eq!(server.receive(&mut input, Time::ZERO), Ok(Some(server::Event::Closed)));
}

#[test]
fn an_answer_instead_of_100_continue_closes_or_drains_as_configured() {
    let bytes = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    for unread in [Unread::Close, Unread::Drain] {
        let mut server = Server::new(Config { unread, ..Config::DEFAULT });
        let mut input = BytesMut::from(bytes);
        server.receive(&mut input, Time::ZERO).unwrap();
        assert_eq!(server.receive(&mut input, Time::ZERO), Ok(Some(server::Event::ExpectContinue)));
        server.answer(&ResponseBuilder::new(StatusCode::FORBIDDEN), Bytes::new()).unwrap();
        let sent = account::drain(&mut server);
        assert_eq!(sent.contains("Connection: close"), unread == Unread::Close, "{sent}");
        input.extend_from_slice(b"abcde");
        input.extend_from_slice(GET.as_bytes());
        let next = server.receive(&mut input, Time::ZERO).unwrap().unwrap();
        assert_eq!(next == server::Event::Closed, unread == Unread::Close, "{next:?}");
    }
}

#[test]
fn a_refused_connect_ends_the_connection_lest_tunnel_bytes_be_read_as_requests() {
    let bytes = "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut server = Server::default();
    let mut input = BytesMut::from(bytes);
    while server.receive(&mut input, Time::ZERO).unwrap().is_some() {}
    server.answer(&ResponseBuilder::new(StatusCode::METHOD_NOT_ALLOWED), Bytes::new()).unwrap();
    assert!(account::drain(&mut server).contains("Connection: close"));
    assert_eq!(server.receive(&mut input, Time::ZERO), Ok(Some(server::Event::Closed)));
    // Unless its switch says otherwise.
    let lenient = Lenient { refused_connect: true, ..Lenient::NOTHING };
    let mut server = Server::new(Config { lenient, ..Config::DEFAULT });
    let mut input = BytesMut::from(bytes);
    while server.receive(&mut input, Time::ZERO).unwrap().is_some() {}
    server.answer(&ResponseBuilder::new(StatusCode::METHOD_NOT_ALLOWED), Bytes::new()).unwrap();
    assert!(matches!(server.receive(&mut input, Time::ZERO), Ok(Some(server::Event::Request(_)))));
}

#[test]
fn the_peers_fault_does_not_stop_a_response_that_was_begun() {
    let mut server = Server::default();
    let mut input = BytesMut::from(chunked("1\r\na\r\n").as_str());
    server.receive(&mut input, Time::ZERO).unwrap();
    server.respond(&ResponseBuilder::new(StatusCode::OK), Body::Known(2)).unwrap();
    input.extend_from_slice(b"no size");
    while let Ok(Some(_)) = server.receive(&mut input, Time::ZERO) {}
    assert_eq!(server.receive(&mut input, Time::ZERO).unwrap_err().reply, None);
    server.copy(b"ok").unwrap();
    server.end(None).unwrap();
    assert_eq!(account::drain(&mut server), r"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(server.status(), Status::Finishing);
}

#[test]
fn faults_may_be_left_to_the_caller_to_answer() {
    let mut server = Server::new(Config { answer_faults: false, ..Config::DEFAULT });
    let error = server.receive(&mut BytesMut::from("GET\r\n"), Time::ZERO).unwrap_err();
    assert!(server.output().is_empty());
    server.reject(error.reply.unwrap()).unwrap();
    assert!(account::drain(&mut server).starts_with("HTTP/1.1 400 "));
    refused(server.reject(StatusCode::BAD_REQUEST), ErrorKind::NotNow);
}

// Ends.

#[test]
fn a_shutdown_closes_what_is_idle_and_finishes_what_is_not() {
    let ok = ResponseBuilder::new(StatusCode::OK);
    let mut server = Server::default();
    server.shut_down();
    assert_eq!(server.receive(&mut BytesMut::new(), Time::ZERO), Ok(Some(server::Event::Closed)));
    // A request that was there is answered, and the answer says that it is the last.
    let mut server = Server::default();
    server.shut_down();
    let mut input = BytesMut::from([GET, GET].concat().as_str());
    for _ in 0..2 {
        assert!(matches!(server.receive(&mut input, Time::ZERO), Ok(Some(server::Event::Request(_)))));
        assert!(matches!(server.receive(&mut input, Time::ZERO), Ok(Some(server::Event::End { .. }))));
        server.answer(&ok, Bytes::new()).unwrap();
    }
    let sent = account::drain(&mut server);
    assert_eq!(sent.matches("Connection: close").count(), 1);
    assert!(sent.ends_with(r"Connection: close\r\n\r\n"));
    assert_eq!(server.receive(&mut input, Time::ZERO), Ok(Some(server::Event::Closed)));
    assert_eq!(server.status(), Status::Finishing);
}

#[test]
fn a_half_closed_client_still_gets_its_answer() {
    let mut server = Server::default();
    let mut input = BytesMut::from(GET);
    while server.receive_eof(&mut input, End::Clean, Time::ZERO).unwrap().is_some() {}
    assert_eq!(server.status(), Status::Paused);
    server.answer(&ResponseBuilder::new(StatusCode::OK), Bytes::new()).unwrap();
    assert_eq!(server.receive_eof(&mut input, End::Clean, Time::ZERO), Ok(Some(server::Event::Closed)));
    assert_eq!(server.receive_eof(&mut input, End::Clean, Time::ZERO), Ok(None));
    assert_eq!(server.status(), Status::Finishing);
}

#[test]
fn an_early_final_response_lets_the_client_go_on_or_give_up() {
    for give_up in [false, true] {
        let mut client = Client::default();
        let mut head = RequestBuilder::new(Method::Post, "/").unwrap();
        head.field(Known::Host, "a").unwrap();
        client.request(&head, Body::Known(4)).unwrap();
        client.copy(b"ab").unwrap();
        let mut input = BytesMut::from("HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno");
        assert!(matches!(client.receive(&mut input, Time::ZERO), Ok(Some(client::Event::EarlyFinal(_)))));
        if give_up {
            client.abort();
        } else {
            client.copy(b"cd").unwrap();
            client.end(None).unwrap();
        }
        assert!(matches!(client.receive(&mut input, Time::ZERO), Ok(Some(client::Event::Data(_)))));
        assert!(matches!(client.receive(&mut input, Time::ZERO), Ok(Some(client::Event::End { .. }))));
        assert_eq!(client.can_reuse(), !give_up);
        assert_eq!(client.is_idle(), !give_up);
    }
}

#[test]
fn content_waits_for_100_continue_or_for_a_second() {
    let expecting = || {
        let mut client = Client::default();
        let mut head = RequestBuilder::new(Method::Put, "/").unwrap();
        head.field(Known::Host, "a").unwrap().field(Known::Expect, "100-continue").unwrap();
        client.request(&head, Body::Known(2)).unwrap();
        client.copy(b"hi").unwrap();
        client.end(None).unwrap();
        assert!(account::drain(&mut client).ends_with(r"\r\n\r\n"));
        client.receive(&mut BytesMut::new(), secs(1)).unwrap();
        client
    };
    let mut client = expecting();
    let mut input = BytesMut::from("HTTP/1.1 100 Continue\r\n\r\n");
    assert!(matches!(client.receive(&mut input, secs(1)), Ok(Some(client::Event::Interim(_)))));
    assert_eq!(account::drain(&mut client), "hi");

    let mut client = expecting();
    assert_eq!(client.deadline(), Some(secs(2)));
    assert_eq!(client.handle_deadline(secs(2)), Ok(None));
    assert_eq!(account::drain(&mut client), "hi");

    // A final response instead: the content is never sent, and the connection can't be used again.
    let mut client = expecting();
    let mut input = BytesMut::from("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
    assert!(matches!(client.receive(&mut input, secs(1)), Ok(Some(client::Event::EarlyFinal(_)))));
    assert!(matches!(client.receive(&mut input, secs(1)), Ok(Some(client::Event::End { .. }))));
    assert_eq!(client.receive(&mut input, secs(1)), Ok(Some(client::Event::Closed { clean: true })));
    assert_eq!(account::drain(&mut client), "");
}

#[test]
fn payload_may_be_moved_by_the_caller() {
    let mut server = server_after("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
    assert_eq!(server.payload(), 9);
    server.payload_received(4, Time::ZERO);
    let mut input = BytesMut::from("abcde");
    assert_eq!(server.receive(&mut input, Time::ZERO), Ok(Some(server::Event::Data("abcde".into()))));
    assert_eq!(server.receive(&mut input, Time::ZERO), Ok(Some(server::Event::End { trailers: None })));
    assert_eq!(server.payload(), 0);

    let mut client = Client::default();
    account::ask(&mut client, ("GET", "/"));
    let mut input = BytesMut::from("HTTP/1.0 200 OK\r\n\r\n");
    client.receive(&mut input, Time::ZERO).unwrap();
    assert_eq!(client.payload(), u64::MAX);
    client.payload_received(1 << 40, Time::ZERO);
    assert!(matches!(
        client.receive_eof(&mut input, End::Clean, Time::ZERO),
        Ok(Some(client::Event::End { .. }))
    ));
}

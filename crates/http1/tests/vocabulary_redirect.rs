//! Redirections, and what a forwarder leaves out: tables of RFC 9110 sections 15.4 and 7.6.1.

use http1::hop_by_hop::HopByHop;
use http1::redirect::{Error, MAX_REDIRECTS, Redirects, Step};
use http1::uri::Uri;
use proptest::prelude::*;

fn follow(
    method: &'static str,
    uri: &str,
    status: u16,
    location: &str,
) -> Result<Option<Step<'static>>, Error> {
    let uri = Uri::parse(uri).unwrap();
    Redirects::default().follow(method, &uri, status, Some(location.as_bytes()))
}

#[test]
fn the_next_method_is_as_section_15_4_says() {
    for (status, method, next) in [
        (301, "GET", Some("GET")),
        (301, "HEAD", Some("HEAD")),
        (301, "POST", Some("GET")),
        (301, "PUT", Some("PUT")),
        (302, "POST", Some("GET")),
        (302, "DELETE", Some("DELETE")),
        (303, "GET", Some("GET")),
        (303, "HEAD", Some("HEAD")),
        (303, "POST", Some("GET")),
        (303, "PUT", Some("GET")),
        (307, "POST", Some("POST")),
        (307, "GET", Some("GET")),
        (308, "POST", Some("POST")),
        (308, "QUERY", Some("QUERY")),
        (300, "GET", None),
        (304, "GET", None),
        (305, "GET", None),
        (306, "GET", None),
        (200, "GET", None),
        (201, "POST", None),
        (404, "GET", None),
    ] {
        let step = follow(method, "http://a/", status, "/b").unwrap();
        assert_eq!(step.as_ref().map(|step| &*step.method), next, "{status} to {method}");
        assert_eq!(step.is_some_and(|step| step.keeps_content), next == Some(method));
    }
}

#[test]
fn without_a_location_the_redirection_is_the_answer() {
    let uri = Uri::parse("http://a/").unwrap();
    assert_eq!(Redirects::default().follow("GET", &uri, 302, None), Ok(None));
}

#[test]
fn the_next_uri_is_relative_to_this_one_and_inherits_its_fragment() {
    for (uri, location, next) in [
        ("http://a/b/c", "d", "http://a/b/d"),
        ("http://a/b/c?q", "/d?r", "http://a/d?r"),
        ("http://a/b#x", "/d", "http://a/d#x"),
        ("http://a/b", "/x[1]?y[]={z}|^", "http://a/x%5B1%5D?y%5B%5D=%7Bz%7D%7C%5E"),
        ("http://a/b", "//[::1]/[", "http://[::1]/%5B"),
        ("http://a/b", "?[", "http://a/b?%5B"),
        ("http://a/b#x", "/d#y", "http://a/d#y"),
        ("http://a/b#x", "/d#", "http://a/d#"),
        ("http://a/b#x", "", "http://a/b#x"),
        ("https://a/b", "//c/d", "https://c/d"),
        ("http://a/b", "https://c", "https://c"),
        ("http://a/b", "/na\u{ef}ve file", "http://a/na%C3%AFve%20file"),
        // RFC 9110 section 10.2.2.
        ("http://www.example.org/~tim", "/People.html#tim", "http://www.example.org/People.html#tim"),
        (
            "http://www.example.org/index.html#larry",
            "http://www.example.net/index.html",
            "http://www.example.net/index.html#larry",
        ),
    ] {
        assert_eq!(follow("GET", uri, 302, location).unwrap().unwrap().uri, next);
    }
}

#[test]
fn a_redirection_leads_to_nothing_but_http() {
    for location in
        ["file:///etc/passwd", "javascript:alert(1)", "ftp://a/b", "mailto:x@y", "http:///a", "http:a"]
    {
        assert_eq!(follow("GET", "http://a/", 302, location), Err(Error::Scheme), "{location}");
    }
    for location in ["/a\tb", "http://a:b/", "/%", "/<script>", "http://a\\b/"] {
        assert!(matches!(follow("GET", "http://a/", 302, location), Err(Error::Location(_))), "{location}");
    }
}

#[test]
fn credentials_stay_with_the_origin_they_were_meant_for() {
    for (uri, location, keeps, is_downgrade) in [
        ("http://a/", "/b", true, false),
        ("http://a/", "http://A:80/b", true, false),
        ("http://a/", "http://a:81/b", false, false),
        ("http://a/", "http://b/", false, false),
        ("http://a/", "http://a.b/", false, false),
        ("http://a/", "https://a/", false, false),
        ("https://a/", "http://a/", false, true),
        ("https://a/", "https://a:443/", true, false),
        ("https://a/", "http://b/", false, true),
        ("https://u:p@a/", "/b", true, false),
    ] {
        let step = follow("GET", uri, 307, location).unwrap().unwrap();
        assert_eq!((step.keeps_credentials, step.is_downgrade), (keeps, is_downgrade), "{uri} to {location}");
        assert_eq!((step.keeps("authorization"), step.keeps("Cookie")), (keeps, keeps));
    }
}

#[test]
fn credentials_once_dropped_stay_dropped() {
    let mut redirects = Redirects::default();
    let mut at = String::from("http://a/");
    for (location, keeps) in [("/1", true), ("http://b/", false), ("http://a/", false), ("/2", false)] {
        let uri = Uri::parse(&at).unwrap();
        let step = redirects.follow("GET", &uri, 302, Some(location.as_bytes())).unwrap().unwrap();
        assert_eq!(step.keeps_credentials, keeps, "{location}");
        at = step.uri;
    }
}

#[test]
fn fields_about_the_old_request_are_left_out() {
    let same = follow("PUT", "http://a/", 307, "/b").unwrap().unwrap();
    let turned = follow("POST", "http://a/", 303, "/b").unwrap().unwrap();
    for (name, kept, kept_without_content) in [
        ("Accept", true, true),
        ("User-Agent", true, true),
        ("X-Custom", true, true),
        ("Range", true, true),
        ("Authorization", true, true),
        ("Content-Type", true, false),
        ("content-language", true, false),
        ("Content-Length", false, false),
        ("Transfer-Encoding", false, false),
        ("Host", false, false),
        ("Referer", false, false),
        ("If-None-Match", false, false),
        ("if-range", false, false),
    ] {
        assert_eq!((same.keeps(name), turned.keeps(name)), (kept, kept_without_content), "{name}");
    }
}

#[test]
fn a_circle_comes_to_an_end() {
    let uri = Uri::parse("http://a/").unwrap();
    let mut redirects = Redirects::default();
    for _ in 0..MAX_REDIRECTS {
        assert!(redirects.follow("GET", &uri, 302, Some(b"/")).unwrap().is_some());
    }
    assert_eq!(redirects.follow("GET", &uri, 302, Some(b"/")), Err(Error::TooMany));
    assert_eq!(redirects.follow("GET", &uri, 200, None), Ok(None));
}

#[test]
fn a_forwarder_strips_what_connection_names_and_what_is_known() {
    let hop_by_hop = HopByHop::of([&b"close, ,x-a"[..], b"\tX-B ,,\"x-c\", x d, a-last, Z-first"]);
    for (name, strips) in [
        ("Connection", true),
        ("keep-alive", true),
        ("Proxy-Connection", true),
        ("TE", true),
        ("Transfer-Encoding", true),
        ("UPGRADE", true),
        ("X-A", true),
        ("x-b", true),
        ("A-Last", true),
        ("z-first", true),
        ("x-c", false),
        ("x", false),
        ("", false),
        ("Accept", false),
        ("Authorization", false),
        ("Proxy-Authorization", false),
    ] {
        assert_eq!(hop_by_hop.strips(name), strips, "{name}");
    }
    assert!(hop_by_hop.has("Close") && !hop_by_hop.has("keep-alive"));
}

#[test]
fn connection_does_not_get_to_strip_what_the_message_means() {
    let named =
        "Host, Content-Length, content-type, Content-Encoding, Content-Range, Cache-Control, Trailer, Via";
    let hop_by_hop = HopByHop::of([named.as_bytes()]);
    for name in named.split(", ") {
        assert!(!hop_by_hop.strips(name), "{name}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(location in prop::collection::vec(any::<u8>(), 0..40), status: u16, value in prop::collection::vec(any::<u8>(), 0..40)) {
        let uri = Uri::parse("http://a/b?c#d").unwrap();
        if let Ok(Some(step)) = Redirects::default().follow("POST", &uri, status, Some(&location)) {
            Uri::parse(&step.uri).unwrap().origin().unwrap();
        }
        let _ = HopByHop::of([&value[..]]).strips(&value[..]);
    }
}

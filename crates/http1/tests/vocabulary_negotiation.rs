//! Content negotiation: the examples of RFC 9110 section 12.5, ties, what is ruled out, and what can't be read.

use http1::negotiation::{encoding, language, media_type};
use proptest::prelude::*;

/// The table of section 12.5.1, each quality told by what else it beats and what it doesn't.
#[test]
fn the_most_specific_range_decides() {
    let accept =
        "text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, text/plain;format=fixed;q=0.4, */*;q=0.5";
    for (better, worse) in [
        ("text/plain;format=flowed", "text/plain"),
        ("text/plain", "image/jpeg"),
        ("image/jpeg", "text/plain;format=fixed"),
        ("text/plain;format=fixed", "text/html"),
    ] {
        assert_eq!(media_type([accept.as_bytes()], &[worse, better]), Some(1), "{better} {worse}");
        assert_eq!(media_type([accept.as_bytes()], &[better, worse]), Some(0), "{better} {worse}");
    }
}

#[test]
fn media_types_are_chosen() {
    for (accept, offers, chosen) in [
        (None, &["a/b", "c/d"][..], Some(0)),
        (None, &[], None),
        (Some("*/*"), &["a/b", "c/d"], Some(0)),
        (Some("audio/*; q=0.2, audio/basic"), &["audio/mp3", "audio/basic"], Some(1)),
        (
            Some("text/plain; q=0.5, text/html, text/x-dvi; q=0.8, text/x-c"),
            &["text/x-dvi", "text/x-c", "text/html"],
            Some(1),
        ),
        (Some("TEXT/HTML"), &["text/html"], Some(0)),
        (Some("text/html;level=\"1\""), &["text/html", "text/html;level=1"], Some(1)),
        (Some("text/html;q=0, */*"), &["text/html", "a/b"], Some(1)),
        (Some("text/html;q=0"), &["text/html"], None),
        (Some("text/html"), &["a/b"], None),
        (Some(""), &["a/b"], None),
        (Some("te*"), &["text/html"], None),
        (Some("a/b;q=2, c/d;q=0.1"), &["a/b", "c/d"], Some(1)),
        (Some("a/b;q=0.0001, a b, /, c/d;q=x, ;q=1"), &["a/b", "c/d"], None),
        (Some("a/b;x=\",;q=0\", c/d;q=0.5"), &["c/d", "a/b;x=\",;q=0\""], Some(1)),
        (Some("a/b;q=1.000;ext=1"), &["a/b"], Some(0)),
    ] {
        assert_eq!(media_type(accept.map(str::as_bytes), offers), chosen, "{accept:?} {offers:?}");
    }
}

#[test]
fn codings_are_chosen() {
    let offers = ["br", "gzip", "identity"];
    for (accept, chosen) in [
        (None, Some(0)),
        (Some("compress, gzip"), Some(1)),
        (Some(""), Some(2)),
        (Some("*"), Some(0)),
        (Some("compress;q=0.5, gzip;q=1.0"), Some(1)),
        (Some("gzip;q=1.0, identity; q=0.5, *;q=0"), Some(1)),
        (Some("x-gzip"), Some(1)),
        (Some("gzip;q=0.5, br;q=0.9"), Some(0)),
        (Some("zstd"), Some(2)),
        (Some("zstd, identity;q=0"), None),
        (Some("zstd, *;q=0"), None),
        (Some("*;q=0, identity"), Some(2)),
    ] {
        assert_eq!(encoding(accept.map(str::as_bytes), &offers), chosen, "{accept:?}");
    }
}

#[test]
fn languages_are_chosen() {
    for (accept, offers, chosen) in [
        ("da, en-gb;q=0.8, en;q=0.7", &["en-US", "en-GB", "da-DK"][..], Some(2)),
        ("da, en-gb;q=0.8, en;q=0.7", &["en-US", "en-GB"], Some(1)),
        ("en-GB", &["en"], None),
        ("en", &["eng", "en-x"], Some(1)),
        ("de, *;q=0.1", &["fr"], Some(0)),
        ("de-CH;q=0, de", &["de-CH", "de-AT"], Some(1)),
        ("*;q=0", &["de"], None),
    ] {
        assert_eq!(language([accept.as_bytes()], offers), chosen, "{accept}");
    }
    assert_eq!(language([&b"fr"[..], b"de"], &["de"]), Some(0), "lines are one list");
}

#[test]
fn long_lists_cost_little() {
    let accept = "a/b;q=0.1,".repeat(10_000) + "c/d";
    assert_eq!(media_type([accept.as_bytes()], &["c/d", "a/b"]), Some(1));
}

proptest! {
    #[test]
    fn nothing_panics_and_places_exist(accept in "[a-b*/;=q0-9. ,\"-]{0,30}", offers in prop::collection::vec("[a-b]{1,2}/[a-b]", 0..4)) {
        let offers: Vec<&str> = offers.iter().map(String::as_str).collect();
        let accept = [accept.as_bytes()];
        for place in [media_type(accept, &offers), encoding(accept, &offers), language(accept, &offers)] {
            prop_assert!(place.is_none_or(|place| place < offers.len()));
        }
    }
}

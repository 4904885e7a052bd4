//! Ranges: the examples of RFC 9110 sections 14 and 15.3.7, floods, and what must hold of every set of ranges.

use std::collections::BTreeSet;

use http1::conditional::{EntityTag, Validators};
use http1::date::HttpDate;
use http1::range::{
    ByteRange, ByteRanges, ContentRange, MAX_RANGES, Misuse, Piece, Resume, ResumeError, Selection, Verdict,
    coalesce, select,
};
use proptest::prelude::*;

fn range(first: u64, last: u64) -> ByteRange {
    ByteRange::new(first, last).unwrap()
}

fn parts(ranges: &[(u64, u64)]) -> Selection {
    Selection::Parts(ranges.iter().map(|&(first, last)| range(first, last)).collect())
}

#[test]
fn picks_the_examples_of_section_14_1_2() {
    for (value, ranges) in [
        ("bytes=0-499", &[(0, 499)][..]),
        ("bytes=500-999", &[(500, 999)]),
        ("bytes=-500", &[(9500, 9999)]),
        ("bytes=9500-", &[(9500, 9999)]),
        ("bytes=0-0,-1", &[(0, 0), (9999, 9999)]),
        ("bytes= 0-999, 4500-5499, -1000", &[(0, 999), (4500, 5499), (9000, 9999)]),
        ("bytes=500-600,601-999", &[(500, 999)]),
        ("bytes=500-700,601-999", &[(500, 999)]),
    ] {
        assert_eq!(select(value.as_bytes(), 10_000), parts(ranges), "{value}");
    }
}

#[test]
fn picks_what_exists_of_what_is_asked_for() {
    for (value, length, selection) in [
        ("bytes=0-", 1, parts(&[(0, 0)])),
        ("bytes=0-99999", 10, parts(&[(0, 9)])),
        ("bytes=-99999", 10, parts(&[(0, 9)])),
        ("bytes=5-,0-1", 10, parts(&[(5, 9), (0, 1)])),
        ("bytes=8-9,0-1,7-7", 10, parts(&[(7, 9), (0, 1)])),
        ("bytes=0-1,20-30,4-5", 10, parts(&[(0, 1), (4, 5)])),
        ("BYTES=0-1", 10, parts(&[(0, 1)])),
        ("  bytes=0-1\t", 10, parts(&[(0, 1)])),
        ("bytes=,0-1 ,, 3-4,", 10, parts(&[(0, 1), (3, 4)])),
        ("bytes=0-99999999999999999999999999", 10, parts(&[(0, 9)])),
        ("bytes=-18446744073709551616", 10, parts(&[(0, 9)])),
        ("bytes=0-", u64::MAX, parts(&[(0, u64::MAX - 1)])),
        ("bytes=10-", 10, Selection::Unsatisfiable),
        ("bytes=99999999999999999999-", 10, Selection::Unsatisfiable),
        ("bytes=10-20,30-", 10, Selection::Unsatisfiable),
        ("bytes=-0", 10, Selection::Unsatisfiable),
        ("bytes=0-", 0, Selection::Unsatisfiable),
        ("bytes=-0", 0, Selection::Unsatisfiable),
        ("bytes=-5", 0, Selection::Whole),
    ] {
        assert_eq!(select(value.as_bytes(), length), selection, "{value} of {length}");
    }
}

#[test]
fn ignores_what_is_no_range_in_bytes() {
    for value in [
        "",
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=a-b",
        "bytes=5-2",
        "bytes=0-1,5-2",
        "bytes=0",
        "bytes=0-1x",
        "bytes=0-1 2-3",
        "bytes=0 - 1",
        "bytes =0-1",
        "bytes=--1",
        "bytes=+1-2",
        "bytes=0x1-2",
        "lines=1-2",
        "bytes:0-1",
        "bytes=0-1;2-3",
        "bytes=0-1\0",
        "none=",
        "=0-1",
        "bytes=1-2-3",
    ] {
        assert_eq!(select(value.as_bytes(), 10), Selection::Whole, "{value:?}");
    }
}

#[test]
fn a_flood_of_ranges_gets_the_whole() {
    let list = |n: u64, step: u64| {
        let specs: Vec<String> = (0..n).map(|i| format!("{}-{}", i * step, i * step)).collect();
        format!("bytes={}", specs.join(","))
    };
    let Selection::Parts(most) = select(list(MAX_RANGES as u64, 2).as_bytes(), 1000) else { panic!() };
    assert_eq!(most.len(), MAX_RANGES);
    assert_eq!(select(list(MAX_RANGES as u64 + 1, 2).as_bytes(), 1000), Selection::Whole);
    assert_eq!(select(list(1000, 1).as_bytes(), 1000), parts(&[(0, 999)])); // they are one
    let overlapping = format!("bytes=0-{}", ",0-".repeat(5000));
    assert_eq!(select(overlapping.as_bytes(), 1000), parts(&[(0, 999)]));
}

#[test]
fn reads_and_writes_the_content_ranges_of_section_14_4() {
    let part = |first, last, complete| ContentRange::Part { range: range(first, last), complete };
    for (text, meaning) in [
        ("bytes 42-1233/1234", part(42, 1233, Some(1234))),
        ("bytes 42-1233/*", part(42, 1233, None)),
        ("bytes */1234", ContentRange::Unsatisfied { complete: 1234 }),
        ("bytes 0-499/1234", part(0, 499, Some(1234))),
        ("bytes 500-999/1234", part(500, 999, Some(1234))),
        ("bytes 500-1233/1234", part(500, 1233, Some(1234))),
        ("bytes 734-1233/1234", part(734, 1233, Some(1234))),
        ("bytes */0", ContentRange::Unsatisfied { complete: 0 }),
    ] {
        assert_eq!(ContentRange::parse(text.as_bytes()), Ok(meaning));
        assert_eq!(meaning.to_string(), text);
    }
    for (wrong, offset) in [
        ("", 0),
        ("lines 1-2/3", 0),
        ("bytes=1-2/3", 5),
        ("bytes 2-1/3", 6),
        ("bytes 0-3/3", 6),
        ("bytes */*", 6),
        ("bytes 0-1", 9),
        ("bytes 0-1/", 10),
        ("bytes 0-1/2,", 11),
        ("bytes 0-18446744073709551616/*", 8),
        ("bytes 0-18446744073709551615/*", 6),
        ("bytes -1/2", 6),
        ("bytes  0-1/2", 6),
    ] {
        assert_eq!(
            ContentRange::parse(wrong.as_bytes()).map_err(|error| error.offset),
            Err(offset),
            "{wrong:?}"
        );
    }
}

/// The content of the example in RFC 9110 section 15.3.7.2, the parts' octets left out.
const MULTIPART: &str = "--THIS_STRING_SEPARATES\r\n\
    Content-Type: application/pdf\r\n\
    Content-Range: bytes 500-999/8000\r\n\
    \r\n\
    <500-999>\r\n\
    --THIS_STRING_SEPARATES\r\n\
    Content-Type: application/pdf\r\n\
    Content-Range: bytes 7000-7999/8000\r\n\
    \r\n\
    <7000-7999>\r\n\
    --THIS_STRING_SEPARATES--\r\n";

#[test]
fn writes_the_multipart_of_section_15_3_7_2() {
    let ranges = [range(500, 999), range(7000, 7999)];
    let parts = ByteRanges::new("THIS_STRING_SEPARATES", b"application/pdf", 8000, &ranges).unwrap();
    assert_eq!(parts.media_type(), "multipart/byteranges; boundary=THIS_STRING_SEPARATES");
    let content: String = parts
        .pieces()
        .map(|piece| match piece {
            Piece::Text(text) => String::from_utf8(text).unwrap(),
            Piece::Octets(range) => format!("<{}-{}>", range.first(), range.last()),
        })
        .collect();
    assert_eq!(content, MULTIPART);
    let placeholders = "<500-999><7000-7999>".len() as u64;
    assert_eq!(parts.content_length(), MULTIPART.len() as u64 - placeholders + 1500);
}

#[test]
fn writes_no_multipart_that_could_not_be_read() {
    let ranges = [range(0, 9)];
    let new = |boundary: &str, content_type: &[u8]| {
        ByteRanges::new(boundary, content_type, 10, &ranges).map(|_| ())
    };
    assert_eq!(new(&"x".repeat(70), b""), Ok(()));
    for boundary in ["", "a b", "a\r\nb", "a\"b", "\u{e9}", &"x".repeat(71)] {
        assert_eq!(new(boundary, b"text/plain"), Err(Misuse::Boundary), "{boundary:?}");
    }
    assert_eq!(new("a", b"text/plain\r\nX: y"), Err(Misuse::ContentType));
    assert_eq!(ByteRanges::new("a", b"", 9, &ranges), Err(Misuse::Range));
    assert_eq!(ByteRanges::new("a", b"", 9, &[]), Err(Misuse::Range));
    let quoted = ByteRanges::new("a/b", b"", 10, &ranges).unwrap();
    assert_eq!(quoted.media_type(), "multipart/byteranges; boundary=\"a/b\"");
}

fn tag(text: &'static str) -> Option<EntityTag<'static>> {
    EntityTag::parse(text.as_bytes()).ok()
}

#[test]
fn a_download_goes_on_only_under_a_strong_validator() {
    let date = |seconds| HttpDate::from_unix(seconds);
    let can =
        |have, etag, last_modified, at| Resume::new(have, &Validators { etag, last_modified }, at).is_some();
    assert!(can(1, tag("\"a\""), None, None));
    assert!(can(1, None, date(100), date(101)));
    assert!(!can(0, tag("\"a\""), None, None));
    assert!(!can(1, tag("W/\"a\""), None, None));
    assert!(!can(1, tag("W/\"a\""), date(100), date(1000)));
    assert!(!can(1, None, date(100), date(100)));
    assert!(!can(1, None, date(100), None));
    assert!(!can(1, None, None, date(100)));
    let dated = Resume::new(7, &Validators { etag: None, last_modified: date(0) }, date(1)).unwrap();
    let fields: Vec<_> =
        dated.fields().map(|(name, value)| (name, String::from_utf8(value).unwrap())).collect();
    let expected = [("Range", "bytes=7-"), ("If-Range", "Thu, 01 Jan 1970 00:00:00 GMT")];
    assert_eq!(fields, expected.map(|(name, value)| (name, value.to_owned())));
}

#[test]
fn a_download_goes_on_only_with_the_octets_that_are_missing() {
    let resume = Resume::new(1000, &Validators { etag: tag("\"a\""), last_modified: None }, None).unwrap();
    let append = |first, last, complete| Ok(Verdict::Append { range: range(first, last), complete });
    for (status, content_range, etag, verdict) in [
        (206, Some("bytes 1000-1999/2000"), tag("\"a\""), append(1000, 1999, Some(2000))),
        (206, Some("bytes 1000-1999/*"), None, append(1000, 1999, None)),
        (206, Some("bytes 1000-1500/2000"), None, append(1000, 1500, Some(2000))),
        (206, Some("bytes 1000-1999/2000"), tag("\"b\""), Err(ResumeError::OtherVersion)),
        (206, Some("bytes 1000-1999/2000"), tag("W/\"a\""), Err(ResumeError::OtherVersion)),
        (206, Some("bytes 999-1999/2000"), None, Err(ResumeError::OtherPart { first: 999, wanted: 1000 })),
        (206, Some("bytes 0-1999/2000"), None, Err(ResumeError::OtherPart { first: 0, wanted: 1000 })),
        (206, Some("bytes */2000"), None, Err(ResumeError::ContentRange)),
        (206, Some("nonsense"), None, Err(ResumeError::ContentRange)),
        (206, None, None, Err(ResumeError::ContentRange)),
        (200, None, tag("\"b\""), Ok(Verdict::Replace)),
        (200, Some("bytes 1000-1999/2000"), None, Ok(Verdict::Replace)),
        (416, Some("bytes */1000"), None, Ok(Verdict::Complete)),
        (416, Some("bytes */999"), None, Ok(Verdict::AskAgain)),
        (416, Some("bytes */1001"), None, Ok(Verdict::AskAgain)),
        (416, None, None, Ok(Verdict::AskAgain)),
        (404, None, None, Ok(Verdict::Other)),
        (304, None, None, Ok(Verdict::Other)),
        (503, None, None, Ok(Verdict::Other)),
    ] {
        let judged = resume.judge(status, content_range.map(str::as_bytes), etag);
        assert_eq!(judged, verdict, "{status} {content_range:?}");
    }
}

fn set(ranges: &[ByteRange]) -> BTreeSet<u64> {
    ranges.iter().flat_map(|range| range.first()..=range.last()).collect()
}

proptest! {
    #[test]
    fn coalesced_ranges_are_the_same_octets_each_once(pairs in prop::collection::vec((0..200_u64, 0..20_u64), 0..30)) {
        let asked: Vec<ByteRange> = pairs.iter().map(|&(first, more)| range(first, first + more)).collect();
        let joined = coalesce(asked.clone());
        prop_assert_eq!(set(&joined), set(&asked));
        prop_assert_eq!(joined.iter().map(ByteRange::len).sum::<u64>(), set(&asked).len() as u64);
        for (i, one) in joined.iter().enumerate() {
            for other in &joined[i + 1..] {
                prop_assert!(one.last() + 1 < other.first() || other.last() + 1 < one.first(), "they touch");
            }
        }
        // Nothing to join: nothing is moved.
        prop_assert!(joined.len() < asked.len() || joined == asked);
        prop_assert_eq!(coalesce(joined.clone()), joined);
    }

    #[test]
    fn a_selection_is_what_the_specs_say(specs in prop::collection::vec((0..3, 0..40_u64, 0..40_u64), 1..6), length in 0..30_u64) {
        let mut wanted = BTreeSet::new();
        let mut texts = Vec::new();
        for (form, a, b) in specs {
            let (first, last) = (a.min(b), a.max(b));
            match form {
                0 => (texts.push(format!("{first}-{last}")), wanted.extend(first..=last)),
                1 => (texts.push(format!("{first}-")), wanted.extend(first..length)),
                _ => (texts.push(format!("-{a}")), wanted.extend(length.saturating_sub(a)..length)),
            };
        }
        wanted.retain(|&at| at < length);
        match select(format!("bytes={}", texts.join(", ")).as_bytes(), length) {
            Selection::Parts(parts) => prop_assert_eq!(set(&parts), wanted),
            Selection::Unsatisfiable => prop_assert!(wanted.is_empty()),
            Selection::Whole => prop_assert_eq!(length, 0),
        }
    }

    #[test]
    fn content_ranges_read_as_they_were_written(first: u64, last: u64, complete: Option<u64>) {
        if let Some(range) = ByteRange::new(first, last)
            && complete.is_none_or(|complete| last < complete)
        {
            let part = ContentRange::Part { range, complete };
            prop_assert_eq!(ContentRange::parse(part.to_string().as_bytes()), Ok(part));
        }
        let unsatisfied = ContentRange::Unsatisfied { complete: first };
        prop_assert_eq!(ContentRange::parse(unsatisfied.to_string().as_bytes()), Ok(unsatisfied));
    }

    #[test]
    fn no_octets_panic(value in prop::collection::vec(any::<u8>(), 0..40), text in "bytes[= ][0-9, */-]{0,30}", length: u64) {
        let _ = (select(&value, length), select(text.as_bytes(), length));
        let _ = (ContentRange::parse(&value), ContentRange::parse(text.as_bytes()));
    }
}

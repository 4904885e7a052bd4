//! Dates: the three formats of RFC 9110 section 5.6.7, both directions.

use http1::date::HttpDate;
use proptest::prelude::*;

fn unix(seconds: i64) -> HttpDate {
    HttpDate::from_unix(seconds).unwrap()
}

/// 2023-11-14 22:13:20.
fn now() -> HttpDate {
    unix(1_700_000_000)
}

#[test]
fn reads_what_the_three_formats_say() {
    for (text, seconds) in [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
        ("Sun Nov  6 08:49:37 1994", 784_111_777),
        ("Sun Nov 06 08:49:37 1994", 784_111_777),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Thu Jan  1 00:00:00 1970", 0),
        ("Wed, 31 Dec 1969 23:59:59 GMT", -1),
        ("Tue, 29 Feb 2000 00:00:00 GMT", 951_782_400),
        ("Thu, 29 Feb 2024 12:00:00 GMT", 1_709_208_000),
        ("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800), // a leap second
        ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
        ("Sat, 01 Jan 0000 00:00:00 GMT", -62_167_219_200),
        ("Mon, 06 Nov 1994 08:49:37 GMT", 784_111_777), // it was a Sunday; nobody is confused
    ] {
        assert_eq!(HttpDate::parse(text.as_bytes(), now()).map(HttpDate::unix), Ok(seconds), "{text}");
    }
}

#[test]
fn two_digit_years_are_never_more_than_fifty_years_ahead() {
    for (text, now, year) in [
        ("Sunday, 06-Nov-94 08:49:37 GMT", "Tue, 14 Nov 2023 22:13:20 GMT", "1994"),
        ("Sunday, 06-Nov-73 08:49:37 GMT", "Tue, 14 Nov 2023 22:13:20 GMT", "2073"),
        ("Sunday, 14-Nov-73 22:13:20 GMT", "Tue, 14 Nov 2023 22:13:20 GMT", "2073"),
        ("Sunday, 14-Nov-73 22:13:21 GMT", "Tue, 14 Nov 2023 22:13:20 GMT", "1973"),
        ("Sunday, 06-Nov-74 08:49:37 GMT", "Tue, 14 Nov 2023 22:13:20 GMT", "1974"),
        ("Sunday, 06-Nov-00 08:49:37 GMT", "Tue, 14 Nov 2023 22:13:20 GMT", "2000"),
        ("Sunday, 06-Nov-05 08:49:37 GMT", "Sun, 14 Nov 1999 22:13:20 GMT", "2005"),
        ("Sunday, 06-Nov-99 08:49:37 GMT", "Sun, 01 Jan 0001 00:00:00 GMT", "0000"),
    ] {
        let now = HttpDate::parse(now.as_bytes(), unix(0)).unwrap();
        match HttpDate::parse(text.as_bytes(), now) {
            Ok(date) => assert_eq!(&date.to_string()[12..16], year, "{text}"),
            Err(_) => assert_eq!(year, "0000", "there is no year before 0"),
        }
    }
}

#[test]
fn rejects_what_is_no_date() {
    for (text, offset) in [
        ("", 0),
        ("0", 0),
        ("Sun", 3),
        ("sun, 06 Nov 1994 08:49:37 GMT", 0),
        ("Sun, 6 Nov 1994 08:49:37 GMT", 5),
        ("Sun, 06 nov 1994 08:49:37 GMT", 8),
        ("Sun, 06 Nov 94 08:49:37 GMT", 12),
        ("Sun, 06 Nov 1994 8:49:37 GMT", 17),
        ("Sun, 06 Nov 1994 08:49 GMT", 22),
        ("Sun, 06 Nov 1994 08:49:37 UTC", 25),
        ("Sun, 06 Nov 1994 08:49:37", 25),
        ("Sun, 06 Nov 1994 08:49:37 GMT ", 29),
        ("Sun, 06 Nov 1994 08:49:37 +0000", 25),
        ("Sun, 00 Nov 1994 08:49:37 GMT", 0),
        ("Sun, 31 Nov 1994 08:49:37 GMT", 0),
        ("Thu, 29 Feb 1900 08:49:37 GMT", 0),
        ("Sun, 06 Nov 1994 24:00:00 GMT", 0),
        ("Sun, 06 Nov 1994 08:60:37 GMT", 0),
        ("Sun, 06 Nov 1994 08:49:61 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:60 GMT", 0),
        ("Sun, 06-Nov-94 08:49:37 GMT", 7),
        ("Sunday, 06-Nov-1994 08:49:37 GMT", 17),
        ("1994-11-06T08:49:37Z", 0),
    ] {
        assert_eq!(
            HttpDate::parse(text.as_bytes(), now()).map_err(|error| error.offset),
            Err(offset),
            "{text}"
        );
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_the_same(seconds in HttpDate::MIN.unix()..=HttpDate::MAX.unix()) {
        let date = unix(seconds);
        prop_assert_eq!(HttpDate::parse(&date.to_bytes(), now()), Ok(date));
        let (text, bytes) = (date.to_string(), date.to_bytes());
        prop_assert_eq!(text.as_bytes(), bytes);
    }

    #[test]
    fn days_of_the_week_follow_each_other(seconds in HttpDate::MIN.unix()..HttpDate::MAX.unix() - 86_400) {
        const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let place = |seconds| DAYS.iter().position(|day| unix(seconds).to_string().starts_with(day)).unwrap();
        prop_assert_eq!((place(seconds) + 1) % 7, place(seconds + 86_400));
    }

    #[test]
    fn no_text_panics(text in "(Sun|Sunday)[, ]{1,2}[0-9 A-Za-z:-]{0,30}", octets in prop::collection::vec(any::<u8>(), 0..32)) {
        let _ = (HttpDate::parse(text.as_bytes(), now()), HttpDate::parse(&octets, HttpDate::MAX));
        let _ = HttpDate::parse(b"Sunday, 06-Nov-94 08:49:37 GMT", HttpDate::MIN);
    }
}

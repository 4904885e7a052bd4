//! Cookies, challenges, dates and conditions: no octets do harm, and what was read is written so that it reads the same.

#![no_main]

use http1::auth::{Basic, challenges};
use http1::conditional::{Preconditions, Validators};
use http1::cookie::{SetCookie, header, pairs, parse_date};
use http1::date::HttpDate;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(cookie) = SetCookie::parse(bytes) {
        assert_eq!(SetCookie::parse(&cookie.to_bytes()), Some(cookie));
    }
    let sent = header(pairs(bytes));
    let again = header(pairs(&sent));
    assert_eq!(sent, again);
    let now = HttpDate::from_unix(1_700_000_000).unwrap();
    for date in [HttpDate::parse(bytes, now).ok(), parse_date(bytes)].into_iter().flatten() {
        assert_eq!(HttpDate::parse(&date.to_bytes(), now), Ok(date));
    }
    if let Ok(basic) = Basic::parse(bytes) {
        assert_eq!(Basic::parse(basic.to_value().as_bytes()), Ok(basic));
    }
    let _ = challenges(bytes).count();
    for name in ["If-Match", "If-None-Match", "If-Modified-Since", "If-Range"] {
        let conditions = Preconditions::from_fields([(name, bytes)], now);
        let _ = (conditions.evaluate("PUT", Some(&Validators::default())), conditions.range_applies(None));
    }
});

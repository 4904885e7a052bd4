//! Dates in cookies (RFC 6265bis section 5.1.1): found in almost any text that has the parts of one.

use proto_core::calendar::month_named;

use crate::date::{Civil, Clock, HttpDate};
use crate::octets::{ALPHANUMERIC, OctetSet};

/// What is not a delimiter: `%x00-08 / %x0A-1F / DIGIT / ":" / ALPHA / %x7F-FF`.
const TOKEN: OctetSet = OctetSet::range(0x7f, 0xff)
    .with(b":")
    .with_set(&ALPHANUMERIC)
    .with_set(&OctetSet::range(0, 0x1f))
    .without(b"\t");

/// Reads a cookie-date. Years of two digits are 1970 to 2069.
///
/// ```
/// use http1::cookie::parse_date;
///
/// let date = parse_date(b"Wed, 09 Jun 2021 10:18:14 GMT").unwrap();
/// assert_eq!(parse_date(b"9-jun-21 10:18:14 and whatever"), Some(date));
/// assert_eq!(parse_date(b"tomorrow"), None);
/// ```
#[must_use]
pub fn parse_date(text: &[u8]) -> Option<HttpDate> {
    let mut found = Found::default();
    for token in text.split(|&octet| !TOKEN.has(octet)).filter(|token| !token.is_empty()) {
        found.take(token);
    }
    found.date()
}

/// Section 5.1.1: the first token of each kind counts.
#[derive(Default)]
struct Found {
    time: Option<Clock>,
    day: Option<u8>,
    month: Option<u8>,
    year: Option<u16>,
}

impl Found {
    fn take(&mut self, token: &[u8]) {
        if self.time.is_none()
            && let Some(time) = parse_time(token)
        {
            self.time = Some(time);
        } else if self.day.is_none()
            && let Some(day) = parse_small(token)
        {
            self.day = Some(day);
        } else if self.month.is_none()
            && let Some(month) = parse_month(token)
        {
            self.month = Some(month);
        } else if self.year.is_none() {
            self.year = parse_number(token, 2, 4);
        }
    }

    fn date(self) -> Option<HttpDate> {
        let year = match self.year? {
            year @ 70..=99 => year + 1900,
            year @ 0..=69 => year + 2000,
            year => year,
        };
        let time = self.time?;
        // Section 5.1.1, step 5: no year before 1601, and no leap second.
        if year < 1601 || time.2 > 59 {
            return None;
        }
        HttpDate::from_civil(Civil { year, month: self.month?, day: self.day?, time })
    }
}

/// `hms-time [ non-digit *OCTET ]`
fn parse_time(token: &[u8]) -> Option<Clock> {
    let mut parts = token.splitn(3, |&octet| octet == b':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    let exact = |digits: &[u8]| parse_small(digits).filter(|_| digits.iter().all(u8::is_ascii_digit));
    Some((exact(hour)?, exact(minute)?, parse_small(second)?))
}

/// `1*2DIGIT [ non-digit *OCTET ]`
fn parse_small(token: &[u8]) -> Option<u8> {
    parse_number(token, 1, 2).and_then(|number| u8::try_from(number).ok())
}

/// `least*most DIGIT [ non-digit *OCTET ]`, at most four digits.
fn parse_number(token: &[u8], least: usize, most: usize) -> Option<u16> {
    let digits = token.iter().take_while(|octet| octet.is_ascii_digit());
    let count = digits.clone().count();
    (least..=most)
        .contains(&count)
        .then(|| digits.fold(0, |number, digit| number * 10 + u16::from(digit & 0xf)))
}

/// `( "jan" / "feb" / ... ) *OCTET`
fn parse_month(token: &[u8]) -> Option<u8> {
    month_named(token.get(..3)?)
}

//! Dates (RFC 9110 section 5.6.7): three ways of writing are read, one is written.
//!
//! The rule: a date is a number of seconds, and what time it is now is an argument. Only the two-digit year of RFC 850
//! needs to know.

use core::fmt;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while_m_n};
use nom::character::complete::char;
use nom::combinator::{all_consuming, map, value};
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Offset, Parser};

use crate::calendar::{civil_from_days, days_from_civil, days_in_month};

const SECONDS_PER_DAY: i64 = 86_400;
const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
const DAYS: [&[u8; 3]; 7] = [b"Thu", b"Fri", b"Sat", b"Sun", b"Mon", b"Tue", b"Wed"];

/// A point in time as HTTP knows it: whole seconds of UTC, in the years 0 to 9999.
///
/// ```
/// use http1::date::HttpDate;
///
/// let now = HttpDate::from_unix(1_700_000_000).unwrap();
/// let date = HttpDate::parse(b"Sun, 06 Nov 1994 08:49:37 GMT", now)?;
/// assert_eq!(date.unix(), 784_111_777);
/// assert_eq!(HttpDate::parse(b"Sunday, 06-Nov-94 08:49:37 GMT", now)?, date);
/// assert_eq!(HttpDate::parse(b"Sun Nov  6 08:49:37 1994", now)?, date);
/// assert_eq!(date.to_string(), "Sun, 06 Nov 1994 08:49:37 GMT");
/// # Ok::<(), http1::date::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpDate(i64);

/// A text that is no date, or a date that no calendar has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a date such as 'Sun, 06 Nov 1994 08:49:37 GMT' (byte {offset})")]
pub struct Error {
    /// How far the text looked like a date.
    pub offset: usize,
}

/// A date and time taken apart, as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Civil {
    pub(crate) year: u32,
    pub(crate) month: u32,
    pub(crate) day: u32,
    pub(crate) time: Clock,
}

/// Hours, minutes, seconds.
pub(crate) type Clock = (u32, u32, u32);

impl HttpDate {
    /// The first second of the year 0.
    pub const MIN: HttpDate = HttpDate(-62_167_219_200);
    /// The last second of the year 9999.
    pub const MAX: HttpDate = HttpDate(253_402_300_799);

    /// So many seconds from 1970-01-01 00:00:00 UTC; `None` outside the years 0 to 9999, which can't be written.
    #[must_use]
    pub fn from_unix(seconds: i64) -> Option<Self> {
        let date = HttpDate(seconds);
        (Self::MIN..=Self::MAX).contains(&date).then_some(date)
    }

    /// Seconds from 1970-01-01 00:00:00 UTC.
    #[must_use]
    pub fn unix(self) -> i64 {
        self.0
    }

    /// Reads an HTTP-date in any of its three formats. The name of the day has to be one, but is not checked against the
    /// date.
    ///
    /// `now` decides the century of a two-digit year.
    ///
    /// # Errors
    /// The text is in none of the formats, or the date does not exist.
    pub fn parse(text: &[u8], now: HttpDate) -> Result<Self, Error> {
        let civil = whole(imf_fixdate, text).map(Some).or_else(|one| {
            let rfc850 = whole(rfc850_date, text).map(|civil| with_century(civil, now));
            rfc850.or_else(|two| whole(asctime_date, text).map(Some).map_err(|three| one.max(two).max(three)))
        });
        civil.map_err(|offset| Error { offset })?.and_then(Self::from_civil).ok_or(Error { offset: 0 })
    }

    /// The 29 octets of an IMF-fixdate.
    ///
    /// ```
    /// assert_eq!(&http1::date::HttpDate::from_unix(0).unwrap().to_bytes(), b"Thu, 01 Jan 1970 00:00:00 GMT");
    /// ```
    #[must_use]
    pub fn to_bytes(self) -> [u8; 29] {
        let (days, seconds) = (self.0.div_euclid(SECONDS_PER_DAY), self.0.rem_euclid(SECONDS_PER_DAY));
        let (year, month, day) = civil_from_days(days);
        let [n1, n2, n3] = pick(&DAYS, days.rem_euclid(7));
        let [m1, m2, m3] = pick(&MONTHS, month - 1);
        let ([d1, d2], [y1, y2], [y3, y4]) = (two(day), two(year / 100), two(year));
        let ([h1, h2], [i1, i2], [s1, s2]) =
            (two(seconds / 3600), two(seconds % 3600 / 60), two(seconds % 60));
        [
            n1, n2, n3, b',', b' ', d1, d2, b' ', m1, m2, m3, b' ', y1, y2, y3, y4, b' ', h1, h2, b':', i1,
            i2, b':', s1, s2, b' ', b'G', b'M', b'T',
        ]
    }

    /// RFC 9110 section 8.8.2.2: whether a `Last-Modified` of this date is a strong validator in a message with that
    /// `Date`: if it is at least one second older, what it names had no second to change twice in.
    #[must_use]
    pub fn is_strong_at(self, date: HttpDate) -> bool {
        self < date
    }

    /// `None` if there is no such day or time.
    pub(crate) fn from_civil(civil: Civil) -> Option<Self> {
        let Civil { year, month, day, time: (hour, minute, second) } = civil;
        let year = i64::from(year);
        let is_day = (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
        // A leap second (RFC 9110 section 5.6.7, "second ; 00 - 60") is the one after it.
        let is_time = hour < 24 && minute < 60 && second <= 60;
        if !is_day || !is_time {
            return None;
        }
        let time = i64::from(hour * 3600 + minute * 60 + second);
        Self::from_unix(days_from_civil(year, month, day) * SECONDS_PER_DAY + time)
    }

    fn civil(self) -> Civil {
        let (year, month, day) = civil_from_days(self.0.div_euclid(SECONDS_PER_DAY));
        let seconds = self.0.rem_euclid(SECONDS_PER_DAY);
        let small = |n: i64| u32::try_from(n).unwrap_or(0); // all of them are at most 9999
        let time = (small(seconds / 3600), small(seconds % 3600 / 60), small(seconds % 60));
        Civil { year: small(year), month: small(month), day: small(day), time }
    }
}

impl fmt::Display for HttpDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_bytes().iter().try_for_each(|&octet| fmt::Write::write_char(f, char::from(octet)))
    }
}

/// RFC 9110 section 5.6.7: "MUST interpret a timestamp that appears to be more than 50 years in the future as
/// representing the most recent year in the past that had the same last two digits." `None`: before the year 0.
fn with_century(civil: Civil, now: HttpDate) -> Option<Civil> {
    let now = now.civil();
    let latest = Civil { year: now.year + 50, ..now };
    let year = latest.year.checked_sub((latest.year + 100 - civil.year) % 100)?;
    let dated = Civil { year, ..civil };
    if dated <= latest { Some(dated) } else { Some(Civil { year: year.checked_sub(100)?, ..civil }) }
}

/// What `format` makes of all of `text`, or how far it came.
fn whole<'a>(format: fn(&'a [u8]) -> IResult<&'a [u8], Civil>, text: &'a [u8]) -> Result<Civil, usize> {
    match all_consuming(format).parse(text) {
        Ok((_, civil)) => Ok(civil),
        Err(nom::Err::Error(at) | nom::Err::Failure(at)) => Err(text.offset(at.input)),
        Err(nom::Err::Incomplete(_)) => Err(text.len()),
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
fn imf_fixdate(input: &[u8]) -> IResult<&[u8], Civil> {
    let day = delimited((day_name, tag(&b", "[..])), number(2), char(' '));
    let date = (day, terminated(month, char(' ')), terminated(number(4), char(' ')), time);
    map(terminated(date, tag(&b" GMT"[..])), |(day, month, year, time)| Civil { year, month, day, time })
        .parse(input)
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`
fn rfc850_date(input: &[u8]) -> IResult<&[u8], Civil> {
    let day = delimited((day_name_l, tag(&b", "[..])), number(2), char('-'));
    let date = (day, terminated(month, char('-')), terminated(number(2), char(' ')), time);
    map(terminated(date, tag(&b" GMT"[..])), |(day, month, year, time)| Civil { year, month, day, time })
        .parse(input)
}

/// `Sun Nov  6 08:49:37 1994`
fn asctime_date(input: &[u8]) -> IResult<&[u8], Civil> {
    let month = delimited((day_name, char(' ')), month, char(' '));
    let day = terminated(alt((preceded(char(' '), number(1)), number(2))), char(' '));
    let date = (month, day, time, preceded(char(' '), number(4)));
    map(date, |(month, day, time, year)| Civil { year, month, day, time }).parse(input)
}

fn time(input: &[u8]) -> IResult<&[u8], Clock> {
    (number(2), preceded(char(':'), number(2)), preceded(char(':'), number(2))).parse(input)
}

fn number<'a>(digits: usize) -> impl Parser<&'a [u8], Output = u32, Error = nom::error::Error<&'a [u8]>> {
    map(take_while_m_n(digits, digits, |octet: u8| octet.is_ascii_digit()), |digits: &[u8]| {
        digits.iter().fold(0, |number, &digit| number * 10 + u32::from(digit & 0xf))
    })
}

fn day_name(input: &[u8]) -> IResult<&[u8], &[u8]> {
    alt([tag("Mon"), tag("Tue"), tag("Wed"), tag("Thu"), tag("Fri"), tag("Sat"), tag("Sun")]).parse(input)
}

fn day_name_l(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    alt(days.map(tag)).parse(input)
}

fn month(input: &[u8]) -> IResult<&[u8], u32> {
    let mut number = 0;
    let months = MONTHS.map(|name| {
        number += 1;
        value(number, tag(&name[..]))
    });
    alt(months).parse(input)
}

/// The last two digits of a number that is not negative.
fn two(number: i64) -> [u8; 2] {
    [number / 10 % 10, number % 10].map(|digit| b'0' + u8::try_from(digit).unwrap_or(0))
}

fn pick<const N: usize>(names: &[&[u8; 3]; N], index: i64) -> [u8; 3] {
    usize::try_from(index).ok().and_then(|index| names.get(index)).map_or(*b"???", |name| **name)
}

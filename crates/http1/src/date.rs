//! Dates (RFC 9110 section 5.6.7): three ways of writing are read, one is written.
//!
//! The rule: a date is a number of seconds, and what time it is now is an argument. Only the two-digit year of RFC 850
//! needs to know.

use core::fmt;

use nom::branch::alt;
use nom::bytes::complete::{tag, take, take_while_m_n};
use nom::character::complete::{alpha1, char};
use nom::combinator::{all_consuming, map, map_opt};
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Offset, Parser};
use proto_core::calendar::{DateTime, Weekday, month_abbreviation, month_named};

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
    pub(crate) year: u16,
    pub(crate) month: u8,
    pub(crate) day: u8,
    pub(crate) time: Clock,
}

/// Hours, minutes, seconds.
pub(crate) type Clock = (u8, u8, u8);

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
        let (weekday, civil) = self.civil();
        let [n1, n2, n3] = three(weekday.abbreviation());
        let [m1, m2, m3] = three(month_abbreviation(civil.month).unwrap_or_default());
        let ([d1, d2], [y1, y2], [y3, y4]) = (two(civil.day.into()), two(civil.year / 100), two(civil.year));
        let (hour, minute, second) = civil.time;
        let ([h1, h2], [i1, i2], [s1, s2]) = (two(hour.into()), two(minute.into()), two(second.into()));
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
        let time = DateTime::new(year, month, day, hour, minute, second)?;
        Self::from_unix(time.unix())
    }

    fn civil(self) -> (Weekday, Civil) {
        let epoch = (Weekday::Thursday, Civil { year: 1970, month: 1, day: 1, time: (0, 0, 0) });
        DateTime::from_unix(self.0).map_or(epoch, |at| {
            let (date, time) = (at.date(), (at.hour(), at.minute(), at.second()));
            (date.weekday(), Civil { year: date.year(), month: date.month(), day: date.day(), time })
        })
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
    let (_, now) = now.civil();
    let latest = Civil { year: now.year + 50, ..now }; // a year of 10049 at most
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
    let day = delimited((day_name, tag(&b", "[..])), small(2), char(' '));
    let date = (day, terminated(month, char(' ')), terminated(number(4), char(' ')), time);
    map(terminated(date, tag(&b" GMT"[..])), |(day, month, year, time)| Civil { year, month, day, time })
        .parse(input)
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`
fn rfc850_date(input: &[u8]) -> IResult<&[u8], Civil> {
    let day = delimited((day_name_l, tag(&b", "[..])), small(2), char('-'));
    let date = (day, terminated(month, char('-')), terminated(number(2), char(' ')), time);
    map(terminated(date, tag(&b" GMT"[..])), |(day, month, year, time)| Civil { year, month, day, time })
        .parse(input)
}

/// `Sun Nov  6 08:49:37 1994`
fn asctime_date(input: &[u8]) -> IResult<&[u8], Civil> {
    let month = delimited((day_name, char(' ')), month, char(' '));
    let day = terminated(alt((preceded(char(' '), small(1)), small(2))), char(' '));
    let date = (month, day, time, preceded(char(' '), number(4)));
    map(date, |(month, day, time, year)| Civil { year, month, day, time }).parse(input)
}

fn time(input: &[u8]) -> IResult<&[u8], Clock> {
    (small(2), preceded(char(':'), small(2)), preceded(char(':'), small(2))).parse(input)
}

/// So many digits.
fn number<'a>(digits: usize) -> impl Parser<&'a [u8], Output = u16, Error = nom::error::Error<&'a [u8]>> {
    map(take_while_m_n(digits, digits, |octet: u8| octet.is_ascii_digit()), |digits: &[u8]| {
        digits.iter().fold(0, |number, &digit| number * 10 + u16::from(digit & 0xf))
    })
}

/// One or two digits.
fn small<'a>(digits: usize) -> impl Parser<&'a [u8], Output = u8, Error = nom::error::Error<&'a [u8]>> {
    map_opt(number(digits), |number| u8::try_from(number).ok())
}

/// Three letters, in the case of the RFC.
fn day_name(input: &[u8]) -> IResult<&[u8], Weekday> {
    let named = |name: &[u8]| Weekday::named(name).filter(|day| day.abbreviation().as_bytes() == name);
    map_opt(take(3_usize), named).parse(input)
}

/// The whole name, in the case of the RFC.
fn day_name_l(input: &[u8]) -> IResult<&[u8], Weekday> {
    let named = |name: &[u8]| Weekday::named(name).filter(|day| day.name().as_bytes() == name);
    map_opt(alpha1, named).parse(input)
}

fn month(input: &[u8]) -> IResult<&[u8], u8> {
    let named = |name: &[u8]| {
        month_named(name).filter(|&month| month_abbreviation(month).map(str::as_bytes) == Some(name))
    };
    map_opt(take(3_usize), named).parse(input)
}

/// The last two digits of a number.
fn two(number: u16) -> [u8; 2] {
    [number / 10 % 10, number % 10].map(|digit| b'0' + u8::try_from(digit).unwrap_or(0))
}

fn three(letters: &str) -> [u8; 3] {
    letters.as_bytes().first_chunk().copied().unwrap_or_default()
}

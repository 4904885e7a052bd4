//! Dates of messages, with the offset they were written in (RFC 5322 sections 3.3 and 4.3).
//!
//! The rule for reading: a day, a month and a year, in the order of RFC 5322 or those of asctime and ISO 8601, and a time if there is
//! one. What stands beside them (weekday, comments) is not asked. The rule for writing: RFC 5322 and nothing else.

use alloc::vec::Vec;
use core::fmt;

use proto_core::calendar::{self, Date, month_abbreviation, month_named};
use proto_core::scan::Class;

use crate::lexical::{Cursor, Set, margin, note};
use crate::{Defect, DefectKind, Limits};

/// A date and time as its writer's clock showed it, and how far that was from UTC.
///
/// ```
/// use mime::DateTime;
///
/// let date = DateTime::parse(b"Fri, 21 Nov 1997 09:55:06 -0600").unwrap();
/// assert_eq!(date.to_string(), "1997-11-21T09:55:06-06:00");
/// assert_eq!(date.unix(), 880_127_706);
/// assert_eq!(date.to_rfc5322().as_str(), "Fri, 21 Nov 1997 09:55:06 -0600");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DateTime {
    local: calendar::DateTime,
    offset: i16,
    has_zone: bool,
}

impl DateTime {
    /// `local` is what the clock shows, `offset` how many minutes it is ahead of UTC. `None` if that is more than 99:59.
    #[must_use]
    pub fn new(local: calendar::DateTime, offset: i16) -> Option<Self> {
        (offset.abs() < 100 * 60).then_some(DateTime { local, offset, has_zone: true })
    }

    /// UTC, by someone who does not tell where they are: `-0000` (RFC 5322 section 3.3).
    #[must_use]
    pub const fn without_zone(utc: calendar::DateTime) -> Self {
        DateTime { local: utc, offset: 0, has_zone: false }
    }

    /// Reads the value of a Date field; `None` if it can't be understood.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        Self::parse_with(value, &Limits::DEFAULT, &mut Vec::new())
    }

    /// The same; what is wrong is appended to `defects`, offsets counted from the start of `value`.
    #[must_use]
    pub fn parse_with(value: &[u8], limits: &Limits, defects: &mut Vec<Defect>) -> Option<Self> {
        let mut reader = Reader { cursor: Cursor::new(value), limits, defects, clean: true, zone: None };
        let date = reader.date_time();
        if date.is_none() || !reader.clean {
            note(defects, DefectKind::Date, margin(value));
        }
        date
    }

    /// What the writer's clock showed.
    #[must_use]
    pub const fn local(self) -> calendar::DateTime {
        self.local
    }

    /// Minutes ahead of UTC; negative in the west.
    #[must_use]
    pub const fn offset(self) -> i16 {
        self.offset
    }

    /// The offset was told. `-0000` and zones that mean nothing to others do not (RFC 5322 sections 3.3 and 4.3).
    #[must_use]
    pub const fn has_zone(self) -> bool {
        self.has_zone
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn unix(self) -> i64 {
        self.local.unix() - self.offset as i64 * 60
    }

    /// As a Date field has it.
    #[must_use]
    pub fn to_rfc5322(self) -> alloc::string::String {
        let (local, date) = (self.local, self.local.date());
        let (sign, minutes) = self.sign_and_minutes();
        alloc::format!(
            "{}, {} {} {:04} {:02}:{:02}:{:02} {}{:02}{:02}",
            date.weekday().abbreviation(),
            date.day(),
            month_abbreviation(date.month()).unwrap_or_default(),
            date.year(),
            local.hour(),
            local.minute(),
            local.second(),
            sign,
            minutes / 60,
            minutes % 60,
        )
    }

    fn sign_and_minutes(self) -> (char, i16) {
        let sign = if self.offset < 0 || !self.has_zone { '-' } else { '+' };
        (sign, self.offset.abs())
    }
}

/// As RFC 3339 writes it, `-00:00` for an unknown offset (its section 4.3).
impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (local, (sign, minutes)) = (self.local, self.sign_and_minutes());
        write!(f, "{}T{:02}:{:02}:{:02}", local.date(), local.hour(), local.minute(), local.second())?;
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

static ALPHA: Set = Set::of(Class::ALPHA);
static DIGIT: Set = Set::of(Class::DIGIT);

/// Reads what has digits and letters.
struct Reader<'v, 'd> {
    cursor: Cursor<'v>,
    limits: &'d Limits,
    defects: &'d mut Vec<Defect>,
    /// It is as RFC 5322 has it, obsolete forms included.
    clean: bool,
    /// A zone stood in front of the year.
    zone: Option<(i16, bool)>,
}

/// Digits and how many there were.
#[derive(Clone, Copy)]
struct Number {
    value: u32,
    len: usize,
}

impl Reader<'_, '_> {
    fn date_time(&mut self) -> Option<DateTime> {
        self.blank();
        let weekday = self.weekday();
        let (date, time) = match self.cursor.peek()? {
            byte if byte.is_ascii_alphabetic() => self.asctime()?,
            _ => self.date_and_time()?,
        };
        let (offset, has_zone) = match self.zone {
            Some(zone) => zone,
            None => self.zone(),
        };
        // RFC 5322 section 3.3: the day of the week is that of the date.
        self.clean &= weekday.is_none_or(|weekday| weekday == date.weekday());
        let local =
            calendar::DateTime::new(date.year(), date.month(), date.day(), time[0], time[1], time[2])?;
        self.blank();
        self.clean &= self.cursor.is_at_end();
        Some(DateTime { local, offset, has_zone })
    }

    fn blank(&mut self) {
        if self.cursor.peek().is_some_and(|byte| byte <= b' ' || byte == b'(') {
            self.cursor.skip_cfws(self.limits, self.defects);
        }
    }

    /// `Fri,`: which day it was the date tells.
    fn weekday(&mut self) -> Option<calendar::Weekday> {
        let start = self.cursor;
        let name = self.letters();
        if name.is_empty() || month(name).is_some() {
            self.cursor = start;
            return None;
        }
        let (weekday, is_short) = (calendar::Weekday::named(name), name.len() == 3);
        self.clean &= weekday.is_some() && is_short;
        self.blank();
        let comma = self.cursor.skip(b',');
        // RFC 5322 has one, asctime none; some write a full stop.
        let stop = !comma && self.cursor.skip(b'.');
        self.clean &= comma && !stop;
        self.cursor.skip(b',');
        self.blank();
        weekday
    }

    fn letters(&mut self) -> &[u8] {
        self.cursor.run(&ALPHA)
    }

    fn number(&mut self) -> Option<Number> {
        let digits = self.cursor.run(&DIGIT);
        let value = digits.iter().fold(0_u32, |value, digit| {
            value.saturating_mul(10).saturating_add(u32::from(digit.wrapping_sub(b'0')))
        });
        (!digits.is_empty()).then_some(Number { value, len: digits.len() })
    }

    /// `21 Nov 1997 09:55:06`, or `1997-11-21 09:55:06`.
    fn date_and_time(&mut self) -> Option<(Date, [u8; 3])> {
        let first = self.number()?;
        if first.len == 4 {
            return self.iso(first);
        }
        self.separator();
        let month = self.month()?;
        self.separator();
        let year = self.number()?;
        let date = date(year, month, first)?;
        self.blank();
        self.clean &= !self.cursor.skip(b',');
        self.blank();
        Some((date, self.time()?))
    }

    fn separator(&mut self) {
        self.blank();
        if self.cursor.peek().is_some_and(|byte| matches!(byte, b'-' | b'/' | b'.' | b',')) {
            self.clean = false;
            self.cursor.at += 1;
            self.blank();
        }
    }

    /// A name or, on clocks without English, a number.
    fn month(&mut self) -> Option<u8> {
        if self.cursor.peek()?.is_ascii_digit() {
            self.clean = false;
            return u8::try_from(self.number()?.value).ok();
        }
        let name = self.letters();
        let (found, short) = (month(name), name.len() == 3);
        self.clean &= short;
        found
    }

    /// `1997-11-21` and `T` or a blank.
    fn iso(&mut self, year: Number) -> Option<(Date, [u8; 3])> {
        self.clean = false;
        self.separator();
        let month = self.month()?;
        self.separator();
        let day = self.number()?;
        if !self.cursor.skip(b'T') {
            self.blank();
        }
        Some((date(year, month, day)?, self.time()?))
    }

    /// `Nov 21 09:55:06 1997`, or `Nov 21, 1997 09:55:06`.
    fn asctime(&mut self) -> Option<(Date, [u8; 3])> {
        self.clean = false;
        let month = self.month()?;
        self.blank();
        let day = self.number()?;
        self.separator();
        let start = self.cursor;
        let first = self.number()?;
        if matches!(self.cursor.peek(), Some(b':')) {
            self.cursor = start;
            let time = self.time()?;
            self.blank();
            // Between the two a zone may stand, as the shell's `date` writes it.
            if self.cursor.peek().is_some_and(|byte| !byte.is_ascii_digit()) {
                self.zone = Some(self.zone());
                self.blank();
            }
            return Some((date(self.number()?, month, day)?, time));
        }
        self.separator();
        Some((date(first, month, day)?, self.time()?))
    }

    /// RFC 5322 section 3.3: `hour ":" minute [":" second]`, blanks in between by section 4.3. No time is midnight.
    fn time(&mut self) -> Option<[u8; 3]> {
        if !self.cursor.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.clean = false;
            return Some([0; 3]);
        }
        let mut time = [0; 3];
        for (index, place) in time.iter_mut().enumerate() {
            if index > 0 && !self.time_separator() {
                self.clean &= index == 2;
                break;
            }
            *place = u8::try_from(self.number()?.value).ok()?;
        }
        // Fractions are nothing a message knows.
        if self.cursor.skip(b'.') {
            self.clean = false;
            self.number();
        }
        self.half_day(&mut time);
        Some(time)
    }

    fn time_separator(&mut self) -> bool {
        let start = self.cursor;
        self.blank();
        let found = match self.cursor.peek() {
            Some(b':') => true,
            Some(b'.') => {
                self.clean = false;
                true
            }
            _ => false,
        };
        if found {
            self.cursor.at += 1;
            self.blank();
        } else {
            self.cursor = start;
        }
        found
    }

    /// `PM`, as no RFC has it.
    fn half_day(&mut self, time: &mut [u8; 3]) {
        let start = self.cursor;
        self.blank();
        let name = self.letters();
        let pm = name.eq_ignore_ascii_case(b"PM");
        if !pm && !name.eq_ignore_ascii_case(b"AM") {
            self.cursor = start;
            return;
        }
        self.clean = false;
        let [hour, ..] = time;
        *hour = if pm { (*hour % 12) + 12 } else { *hour % 12 };
    }

    /// Minutes ahead of UTC, and whether that was told.
    fn zone(&mut self) -> (i16, bool) {
        self.blank();
        match self.cursor.peek() {
            Some(b'+' | b'-') => self.numeric_zone(),
            Some(byte) if byte.is_ascii_alphabetic() => self.named_zone(),
            _ => {
                self.clean = false;
                (0, false)
            }
        }
    }

    /// RFC 5322 section 3.3: `+hhmm`. Also read: `+hh:mm`, `+hh`, `+hmm`.
    fn numeric_zone(&mut self) -> (i16, bool) {
        let sign = if self.cursor.skip(b'-') { -1 } else { 1 };
        self.cursor.skip(b'+');
        let Some(number) = self.number() else {
            self.clean = false;
            return (0, false);
        };
        let (mut hours, mut minutes) = (number.value / 100, number.value % 100);
        if number.len <= 2 {
            (hours, minutes) = (number.value, 0);
            if self.cursor.skip(b':') {
                minutes = self.number().map_or(0, |number| number.value);
            }
        }
        self.clean &= number.len == 4;
        let told = sign > 0 || number.value > 0 || minutes > 0;
        match i16::try_from(hours.saturating_mul(60).saturating_add(minutes)) {
            Ok(offset) if offset < 100 * 60 && minutes < 60 => (sign * offset, told),
            _ => {
                self.clean = false;
                (0, false)
            }
        }
    }

    /// RFC 5322 section 4.3. Of military and unknown zones nobody knows what they meant.
    fn named_zone(&mut self) -> (i16, bool) {
        let name = self.letters();
        let known = ZONES.iter().find(|(zone, _)| name.eq_ignore_ascii_case(zone.as_bytes()));
        let military = matches!(name, [letter] if !letter.eq_ignore_ascii_case(&b'J'));
        let utc = known.is_some_and(|(_, hours)| *hours == 0);
        if utc && matches!(self.cursor.peek(), Some(b'+' | b'-')) {
            self.clean = false;
            return self.numeric_zone();
        }
        self.clean &= known.is_some() || military;
        known.map_or((0, false), |(_, hours)| (hours * 60, true))
    }
}

/// RFC 5322 section 4.3, and what else stands for Greenwich and, in mail, for one place only.
const ZONES: &[(&str, i16)] = &[
    ("UT", 0),
    ("GMT", 0),
    ("UTC", 0),
    ("Z", 0),
    ("EST", -5),
    ("EDT", -4),
    ("CST", -6),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
    ("CET", 1),
    ("CEST", 2),
    ("MET", 1),
    ("MEST", 2),
    ("MEZ", 1),
    ("EET", 2),
    ("EEST", 3),
    ("BST", 1),
    ("JST", 9),
];

/// Three letters or more of an English name.
fn month(name: &[u8]) -> Option<u8> {
    let [first, second, third, rest @ ..] = name else { return None };
    let month = month_named(&[*first, *second, *third])?;
    let whole = LONG_MONTHS.get(usize::from(month).checked_sub(1)?)?;
    let long = whole.get(3..).unwrap_or_default().as_bytes();
    (rest.is_empty() || rest.eq_ignore_ascii_case(long) || rest == b"t").then_some(month)
}

const LONG_MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// RFC 5322 section 4.3: two digits are 1950 to 2049, three count from 1900.
fn date(year: Number, month: u8, day: Number) -> Option<Date> {
    let year_of = match (year.len, year.value) {
        (0..=2, value @ 0..50) => value + 2000,
        (0..=3, value) => value + 1900,
        (_, value) => value,
    };
    Date::new(u16::try_from(year_of).ok()?, month, u8::try_from(day.value).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    fn read(value: &str) -> (Option<String>, bool) {
        let mut defects = Vec::new();
        let date = DateTime::parse_with(value.as_bytes(), &Limits::DEFAULT, &mut defects);
        (date.map(|date| date.to_string()), defects.is_empty())
    }
    use alloc::string::String;

    #[test]
    fn dates_of_the_standard_and_obsolete_ones() {
        for (value, meant) in [
            ("Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T09:55:06-06:00"),
            ("21 Nov 1997 09:55 +0100", "1997-11-21T09:55:00+01:00"),
            (
                " Thu,\r\n      13\r\n        Feb\r\n 1969\r\n 23:32\r\n -0330 (Newfoundland Time)",
                "1969-02-13T23:32:00-03:30",
            ),
            ("Fri, 21 Nov 97 09(comment):   55  :  06 -0600", "1997-11-21T09:55:06-06:00"),
            ("21 Nov 49 00:00:00 GMT", "2049-11-21T00:00:00+00:00"),
            ("21 Nov 50 00:00:00 UT", "1950-11-21T00:00:00+00:00"),
            ("21 Nov 102 00:00:00 EST", "2002-11-21T00:00:00-05:00"),
            ("1 Jan 2000 00:00:60 PDT", "2000-01-01T00:00:60-07:00"),
            ("1 Jan 2000 00:00:00 -0000", "2000-01-01T00:00:00-00:00"),
            ("1 Jan 2000 00:00:00 A", "2000-01-01T00:00:00-00:00"),
            ("1 jan 2000 00:00:00 z", "2000-01-01T00:00:00+00:00"),
        ] {
            assert_eq!(read(value), (Some(meant.to_string()), true), "{value}");
        }
    }

    #[test]
    fn other_dates_are_understood_and_named() {
        for (value, meant) in [
            ("Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37-00:00"),
            ("Sun Nov  6 08:49:37 CET 1994", "1994-11-06T08:49:37+01:00"),
            ("Sun Nov  6 08:49:37 XYZ 1994", "1994-11-06T08:49:37-00:00"),
            ("Sun Nov 06 08:49:37 -0800 1994", "1994-11-06T08:49:37-08:00"),
            ("Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37+00:00"),
            ("Nov 6, 1994 08:49:37 GMT", "1994-11-06T08:49:37+00:00"),
            ("1994-11-06T08:49:37Z", "1994-11-06T08:49:37+00:00"),
            ("1994-11-06 08:49:37.123 +01:00", "1994-11-06T08:49:37+01:00"),
            ("6 November 1994 08:49:37 +0000", "1994-11-06T08:49:37+00:00"),
            ("6 Nov 1994 08.49.37 +0000", "1994-11-06T08:49:37+00:00"),
            ("6 Nov 1994 08:49:37", "1994-11-06T08:49:37-00:00"),
            ("6 Nov 1994", "1994-11-06T00:00:00-00:00"),
            ("6 Nov 1994 8:49 PM +0000", "1994-11-06T20:49:00+00:00"),
            ("6 Nov 1994 08:49:37 GMT+0200", "1994-11-06T08:49:37+02:00"),
            ("6 Nov 1994 08:49:37 +1", "1994-11-06T08:49:37+01:00"),
            ("6 Nov 1994 08:49:37 XYZ", "1994-11-06T08:49:37-00:00"),
            ("6 Nov 1994 08:49:37 +9999", "1994-11-06T08:49:37-00:00"),
            ("Fri 21 Nov 1997 09:55:06 -0600", "1997-11-21T09:55:06-06:00"),
            ("Fri, 21 Nov 1997 09:55:06 -0600 junk", "1997-11-21T09:55:06-06:00"),
            ("Mon, 21 Nov 1997 09:55:06 -0600", "1997-11-21T09:55:06-06:00"),
        ] {
            assert_eq!(read(value), (Some(meant.to_string()), false), "{value}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for value in [
            "",
            "yesterday",
            "31 Feb 2000 00:00:00 GMT",
            "1 Xyz 2000",
            "99999999999999999999 Jan 2000",
            "1 Jan 99999",
            "1 Jan 2000 25:00:00 GMT",
            "1 Jan",
            "0 Jan 2000",
        ] {
            assert_eq!(read(value), (None, false), "{value}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(unix in -62_135_596_800_i64..253_402_300_800, offset in -5999_i16..=5999) {
            let local = calendar::DateTime::from_unix(unix).unwrap();
            let date = DateTime::new(local, offset).unwrap();
            // Two digits of a year mean something else.
            prop_assume!(local.date().year() >= 1000);
            let mut defects = Vec::new();
            let read = DateTime::parse_with(date.to_rfc5322().as_bytes(), &Limits::DEFAULT, &mut defects);
            prop_assert_eq!((read, defects), (Some(date), vec![]));
        }
    }
}

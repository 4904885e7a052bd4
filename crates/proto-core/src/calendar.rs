//! The civil calendar: dates from seconds, and back.
//!
//! Protocols write dates, endpoints know no clock: a date is an argument, and this is how a caller's clock becomes one. The
//! calendar is the proleptic Gregorian one in UTC, seconds count from 1970-01-01T00:00:00Z and know no leap seconds
//! (POSIX). The names are those of RFC 5322 section 3.3, which RFC 9110 section 5.6.7 and RFC 3501's `date-month` share.

use core::fmt;

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "their names say it")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

const WEEKDAYS: [(Weekday, &str); 7] = [
    (Weekday::Monday, "Monday"),
    (Weekday::Tuesday, "Tuesday"),
    (Weekday::Wednesday, "Wednesday"),
    (Weekday::Thursday, "Thursday"),
    (Weekday::Friday, "Friday"),
    (Weekday::Saturday, "Saturday"),
    (Weekday::Sunday, "Sunday"),
];

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Weekday {
    /// Its English name.
    #[must_use]
    pub fn name(self) -> &'static str {
        WEEKDAYS.iter().find(|(day, _)| *day == self).map_or("", |(_, name)| name)
    }

    /// The first three letters of its name, as dates carry them.
    #[must_use]
    pub fn abbreviation(self) -> &'static str {
        self.name().get(..3).unwrap_or_default()
    }

    /// The day that `name` means: whole or its first three letters, in any case.
    #[must_use]
    pub fn named(name: &[u8]) -> Option<Weekday> {
        let fits = |day: &Weekday| {
            let names = [day.name(), day.abbreviation()];
            names.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
        };
        WEEKDAYS.iter().map(|(day, _)| *day).find(fits)
    }
}

/// The three letters that stand for month 1 to 12.
#[must_use]
pub fn month_abbreviation(month: u8) -> Option<&'static str> {
    MONTHS.get(usize::from(month).checked_sub(1)?).copied()
}

/// The month, 1 to 12, that three letters in any case stand for.
#[must_use]
pub fn month_named(name: &[u8]) -> Option<u8> {
    let at = MONTHS.iter().position(|known| name.eq_ignore_ascii_case(known.as_bytes()))?;
    u8::try_from(at + 1).ok()
}

/// A day of the calendar, from year 0 to 9999: what a four-digit year can write.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// `None` if there is no such day.
    #[must_use]
    pub const fn new(year: u16, month: u8, day: u8) -> Option<Date> {
        if year > 9999 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) {
            return None;
        }
        Some(Date { year, month, day })
    }

    /// 0 to 9999.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.year
    }

    /// 1 to 12.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// 1 to 31.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.day
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub const fn days(self) -> i64 {
        // A year that begins in March has its leap day at the end: month lengths repeat every five months.
        let month = self.month as i64;
        let year = self.year as i64 - if month <= 2 { 1 } else { 0 };
        let month_from_march = (month + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + self.day as i64 - 1;
        let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        year * 365 + leap_days + day_of_year - DAYS_TO_1970
    }

    /// The day that comes so many days after 1970-01-01. `None` outside the years 0 to 9999.
    #[must_use]
    pub fn from_days(days: i64) -> Option<Date> {
        let days = days.checked_add(DAYS_TO_1970)?;
        // 146097 days are 400 years, 36524 are 100 but for the last, 1461 are 4, 365 are one but for the last.
        let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = (month_from_march + 2) % 12 + 1;
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        Date::new(u16::try_from(year).ok()?, u8::try_from(month).ok()?, u8::try_from(day).ok()?)
    }

    /// Which day of the week it is.
    #[must_use]
    pub fn weekday(self) -> Weekday {
        let since_thursday = usize::try_from(self.days().rem_euclid(7)).unwrap_or_default();
        WEEKDAYS.get((since_thursday + 3) % 7).map_or(Weekday::Thursday, |(day, _)| *day)
    }
}

/// From 0000-03-01 to 1970-01-01.
const DAYS_TO_1970: i64 = 719_468;

/// Every fourth year but for three centuries in four.
#[must_use]
pub const fn is_leap_year(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// 28 to 31; 0 if there is no such month.
#[must_use]
pub const fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        2 if is_leap_year(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

/// A second of a day, in UTC.
///
/// ```
/// use proto_core::calendar::{DateTime, Weekday};
///
/// // RFC 9110 section 5.6.7: Sun, 06 Nov 1994 08:49:37 GMT
/// let then = DateTime::new(1994, 11, 6, 8, 49, 37).unwrap();
/// assert_eq!(then.date().weekday(), Weekday::Sunday);
/// assert_eq!(then.unix(), 784_111_777);
/// assert_eq!(DateTime::from_unix(784_111_777), Some(then));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime {
    date: Date,
    hour: u8,
    minute: u8,
    second: u8,
}

impl DateTime {
    /// `None` if there is no such second. 60 is one, for a leap second; [`unix`](DateTime::unix) counts it as the next.
    #[must_use]
    pub const fn new(year: u16, month: u8, day: u8, hour: u8, minute: u8, second: u8) -> Option<DateTime> {
        match Date::new(year, month, day) {
            Some(date) if hour < 24 && minute < 60 && second <= 60 => {
                Some(DateTime { date, hour, minute, second })
            }
            _ => None,
        }
    }

    /// The day.
    #[must_use]
    pub const fn date(self) -> Date {
        self.date
    }

    /// 0 to 23.
    #[must_use]
    pub const fn hour(self) -> u8 {
        self.hour
    }

    /// 0 to 59.
    #[must_use]
    pub const fn minute(self) -> u8 {
        self.minute
    }

    /// 0 to 60.
    #[must_use]
    pub const fn second(self) -> u8 {
        self.second
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn unix(self) -> i64 {
        let minutes = (self.date.days() * 24 + self.hour as i64) * 60 + self.minute as i64;
        minutes * 60 + self.second as i64
    }

    /// The date and time so many seconds after 1970-01-01T00:00:00Z. `None` outside the years 0 to 9999.
    #[must_use]
    pub fn from_unix(seconds: i64) -> Option<DateTime> {
        let date = Date::from_days(seconds.div_euclid(86_400))?;
        let of_day = seconds.rem_euclid(86_400);
        let part = |n: i64| u8::try_from(n).unwrap_or_default();
        Some(DateTime {
            date,
            hour: part(of_day / 3600),
            minute: part(of_day / 60 % 60),
            second: part(of_day % 60),
        })
    }
}

/// As RFC 3339 writes it.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// As RFC 3339 writes it.
impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{:02}:{:02}:{:02}Z", self.date, self.hour, self.minute, self.second)
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_days_and_seconds() {
        let known = [
            (-62_167_219_200, "0000-01-01T00:00:00Z", Weekday::Saturday),
            (-62_162_035_201, "0000-02-29T23:59:59Z", Weekday::Tuesday),
            (-1, "1969-12-31T23:59:59Z", Weekday::Wednesday),
            (0, "1970-01-01T00:00:00Z", Weekday::Thursday),
            (951_782_400, "2000-02-29T00:00:00Z", Weekday::Tuesday),
            (951_868_800, "2000-03-01T00:00:00Z", Weekday::Wednesday),
            (4_107_542_400, "2100-03-01T00:00:00Z", Weekday::Monday),
            (253_402_300_799, "9999-12-31T23:59:59Z", Weekday::Friday),
        ];
        for (seconds, text, weekday) in known {
            let time = DateTime::from_unix(seconds).unwrap();
            assert_eq!((time.to_string().as_str(), time.date().weekday()), (text, weekday));
            assert_eq!(time.unix(), seconds);
        }
        for outside in [-62_167_219_201, 253_402_300_800, i64::MIN, i64::MAX] {
            assert_eq!(DateTime::from_unix(outside), None);
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let (mut year, mut month, mut day) = (0, 1, 1);
        for days in -719_528..=2_932_896 {
            let date = Date::new(year, month, day).unwrap();
            assert_eq!((date.days(), Date::from_days(days)), (days, Some(date)));
            day += 1;
            if day > days_in_month(year, month) {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
        assert_eq!((year, Date::from_days(2_932_897)), (10_000, None));
    }

    #[test]
    fn there_are_no_other_days_and_seconds() {
        for (year, month, day) in [
            (2001, 2, 29),
            (1900, 2, 29),
            (2000, 0, 1),
            (2000, 13, 1),
            (2000, 4, 31),
            (2000, 1, 0),
            (10_000, 1, 1),
        ] {
            assert_eq!(Date::new(year, month, day), None);
        }
        for (hour, minute, second) in [(24, 0, 0), (0, 60, 0), (0, 0, 61)] {
            assert_eq!(DateTime::new(2000, 1, 1, hour, minute, second), None);
        }
        let leap = DateTime::new(2016, 12, 31, 23, 59, 60).unwrap();
        assert_eq!(DateTime::from_unix(leap.unix()), DateTime::new(2017, 1, 1, 0, 0, 0));
    }

    #[test]
    fn names_are_read_in_any_case_and_nothing_else() {
        for month in 1..=12 {
            let name = month_abbreviation(month).unwrap();
            assert_eq!(month_named(name.to_ascii_uppercase().as_bytes()), Some(month));
        }
        assert_eq!((month_abbreviation(0), month_abbreviation(13)), (None, None));
        assert_eq!((month_named(b""), month_named(b"Janu")), (None, None));
        assert_eq!(Weekday::named(b"sun"), Some(Weekday::Sunday));
        assert_eq!(Weekday::named(b"Wednesday"), Some(Weekday::Wednesday));
        assert_eq!((Weekday::named(b"We"), Weekday::Friday.abbreviation()), (None, "Fri"));
    }

    proptest! {
        #[test]
        fn seconds_survive(seconds in -62_167_219_200_i64..253_402_300_800) {
            prop_assert_eq!(DateTime::from_unix(seconds).unwrap().unix(), seconds);
        }
    }
}

//! Dates, times of day and durations, which the standard library has none of (its `Duration` has no sign).

use crate::{fail, Error, Result};
use std::fmt;
use std::str::FromStr;

pub(crate) const SECOND: i64 = 1_000_000_000;
pub(crate) const DAY: i64 = 86_400 * SECOND;

/// A day of the calendar that is in use since 1582, which is also counted back to before that.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct Date(i32);

impl Date {
    /// Panics if there is no such day.
    #[track_caller]
    pub fn new(year: i32, month: u32, day: u32) -> Date {
        match Date::of(year, month, day) {
            Some(date) => date,
            None => panic!("there is no day {}-{}-{}", year, month, day),
        }
    }

    fn of(year: i32, month: u32, day: u32) -> Option<Date> {
        if !(-9999..=99_999).contains(&year) || !(1..=12).contains(&month) || day < 1 {
            return None;
        }
        let date = Date((days(year, month) + i64::from(day) - 1) as i32);
        if date.parts() == (year, month, day) {
            Some(date)
        } else {
            None
        }
    }

    pub fn from_days(since_1970: i32) -> Date {
        Date(since_1970)
    }

    /// Days since 1970-01-01.
    pub fn days(self) -> i32 {
        self.0
    }

    pub fn year(self) -> i32 {
        self.parts().0
    }

    pub fn month(self) -> u32 {
        self.parts().1
    }

    pub fn day(self) -> u32 {
        self.parts().2
    }

    fn parts(self) -> (i32, u32, u32) {
        // The average year has 365.2425 days; the guess is at most one year off.
        let mut year = 1970 + (f64::from(self.0) / 365.2425).floor() as i32;
        while days(year + 1, 1) <= self.0.into() {
            year += 1;
        }
        while days(year, 1) > self.0.into() {
            year -= 1;
        }
        let month = (1..=12).rev().find(|&month| days(year, month) <= self.0.into()).unwrap_or(1);
        (year, month, (i64::from(self.0) - days(year, month) + 1) as u32)
    }

    pub(crate) fn text(self) -> Result<String> {
        match self.year() {
            1..=9999 => Ok(self.to_string()),
            year => fail(format!("it is a date in the year {}, and only 1 to 9999 can be said", year)),
        }
    }
}

/// Days from 1970-01-01 to the first of a month.
fn days(year: i32, month: u32) -> i64 {
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = i64::from(year) - 1;
    let leaps = last.div_euclid(4) - last.div_euclid(100) + last.div_euclid(400) - 477;
    let before = BEFORE[month as usize - 1] + i64::from(is_leap && month > 2);
    (i64::from(year) - 1970) * 365 + leaps + before
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.parts();
        write!(f, "{:04}-{:02}-{:02}", year, month, day)
    }
}

impl FromStr for Date {
    type Err = Error;
    fn from_str(text: &str) -> Result<Date> {
        let mut parts = text.splitn(3, '-');
        let mut next = |width| parts.next().filter(|part| part.len() == width).and_then(number);
        let found = (|| Date::of(next(4)? as i32, next(2)?, next(2)?))();
        found.ok_or_else(|| Error::new(format!("`{}` is no date such as 2026-11-24", text)))
    }
}

/// Digits as a number.
pub(crate) fn number(text: &str) -> Option<u32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

/// A time of day, without a date.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(i64);

impl Time {
    /// Panics if a day has no such time.
    #[track_caller]
    pub fn new(hour: u32, minute: u32, second: u32, nanosecond: u32) -> Time {
        match Time::of(hour, minute, second, nanosecond) {
            Some(time) => time,
            None => panic!("there is no time {}:{}:{}.{:09}", hour, minute, second, nanosecond),
        }
    }

    fn of(hour: u32, minute: u32, second: u32, nanosecond: u32) -> Option<Time> {
        let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
        if hour < 24 && minute < 60 && second < 60 && nanosecond < SECOND as u32 {
            Some(Time(seconds * SECOND + i64::from(nanosecond)))
        } else {
            None
        }
    }

    /// `nanoseconds` since midnight, less than a day.
    pub(crate) fn since_midnight(nanoseconds: i64) -> Time {
        Time(nanoseconds)
    }

    /// Since midnight.
    pub fn nanoseconds(self) -> i64 {
        self.0
    }

    pub fn hour(self) -> u32 {
        (self.0 / SECOND / 3600) as u32
    }

    pub fn minute(self) -> u32 {
        (self.0 / SECOND / 60 % 60) as u32
    }

    pub fn second(self) -> u32 {
        (self.0 / SECOND % 60) as u32
    }

    pub fn nanosecond(self) -> u32 {
        (self.0 % SECOND) as u32
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.hour(), self.minute(), self.second())?;
        fraction(f, self.nanosecond())
    }
}

/// A fraction of a second, as short as it can be.
fn fraction(f: &mut fmt::Formatter<'_>, nanosecond: u32) -> fmt::Result {
    if nanosecond == 0 {
        return Ok(());
    }
    write!(f, ".{}", format!("{:09}", nanosecond).trim_end_matches('0'))
}

impl FromStr for Time {
    type Err = Error;
    fn from_str(text: &str) -> Result<Time> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let mut parts = whole.splitn(3, ':');
        let mut next = || parts.next().filter(|part| part.len() == 2).and_then(number);
        let found = (|| {
            let nanosecond = if fraction.len() < 10 { number(&format!("{:0<9}", fraction)) } else { None };
            Time::of(next()?, next()?, next()?, nanosecond?)
        })();
        found.ok_or_else(|| Error::new(format!("`{}` is no time such as 18:30:00", text)))
    }
}

/// How long something takes; it can be negative, other than the standard library's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration {
    seconds: i64,
    nanoseconds: u32,
}

impl Duration {
    /// `seconds`, and `nanoseconds` to add to them. Panics if they are a second or more.
    #[track_caller]
    pub fn new(seconds: i64, nanoseconds: u32) -> Duration {
        assert!(nanoseconds < SECOND as u32, "{} nanoseconds are a second or more", nanoseconds);
        Duration { seconds, nanoseconds }
    }

    /// Panics beyond what 64 bits of seconds can say.
    #[track_caller]
    pub fn from_nanoseconds(total: i128) -> Duration {
        let seconds = i64::try_from(total.div_euclid(SECOND.into())).expect("a duration that is too long");
        Duration { seconds, nanoseconds: total.rem_euclid(SECOND.into()) as u32 }
    }

    pub fn from_millis(total: i64) -> Duration {
        Duration::from_nanoseconds(i128::from(total) * 1_000_000)
    }

    /// Whole seconds, rounded down.
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// What is to be added to `seconds`.
    pub fn subsec_nanos(self) -> u32 {
        self.nanoseconds
    }

    pub fn nanoseconds(self) -> i128 {
        i128::from(self.seconds) * i128::from(SECOND) + i128::from(self.nanoseconds)
    }

    pub fn as_secs_f64(self) -> f64 {
        self.seconds as f64 + f64::from(self.nanoseconds) / SECOND as f64
    }

    /// The same as the standard library says it; `None` if it is negative.
    pub fn to_std(self) -> Option<std::time::Duration> {
        let seconds = u64::try_from(self.seconds).ok()?;
        Some(std::time::Duration::new(seconds, self.nanoseconds))
    }
}

impl From<std::time::Duration> for Duration {
    fn from(other: std::time::Duration) -> Duration {
        Duration::from_nanoseconds(other.as_nanos() as i128)
    }
}

/// As ISO 8601 writes it, in seconds: `PT1.5S`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.nanoseconds().unsigned_abs();
        write!(f, "{}PT{}", if self.seconds < 0 { "-" } else { "" }, total / SECOND as u128)?;
        fraction(f, (total % SECOND as u128) as u32)?;
        f.write_str("S")
    }
}

macro_rules! debug_as_text {
    ($($kind:ty),*) => {$(
        impl fmt::Debug for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}

debug_as_text!(Date, Time, Duration);

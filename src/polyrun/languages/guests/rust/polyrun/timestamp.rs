//! Moments, with or without a zone.

use crate::calendar::{number, DAY, SECOND};
use crate::{Date, Error, Result, Time};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A date and a time, and perhaps how far from UTC and in which zone that is, as RFC 9557 writes it:
/// `2026-11-24T18:30:00+01:00[Europe/Berlin]`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Timestamp {
    date: Date,
    time: Time,
    /// All that stands behind the time.
    suffix: Cow<'static, str>,
}

impl Timestamp {
    /// A moment in UTC.
    pub fn utc(date: Date, time: Time) -> Timestamp {
        Timestamp { date, time, suffix: Cow::Borrowed("Z") }
    }

    /// A date and a time that are not tied to any zone.
    pub fn plain(date: Date, time: Time) -> Timestamp {
        Timestamp { date, time, suffix: Cow::Borrowed("") }
    }

    /// A moment so many nanoseconds after 1970-01-01T00:00:00, in UTC.
    pub fn from_unix(nanoseconds: i128) -> Timestamp {
        Timestamp::wall(nanoseconds, Cow::Borrowed("Z"))
    }

    /// What a clock shows so many nanoseconds after it showed 1970-01-01T00:00:00.
    pub(crate) fn wall(nanoseconds: i128, suffix: Cow<'static, str>) -> Timestamp {
        let day = i128::from(DAY);
        let date = Date::from_days(nanoseconds.div_euclid(day) as i32);
        Timestamp { date, time: Time::since_midnight(nanoseconds.rem_euclid(day) as i64), suffix }
    }

    /// The date that a clock there shows.
    pub fn date(&self) -> Date {
        self.date
    }

    /// The time that a clock there shows.
    pub fn time(&self) -> Time {
        self.time
    }

    /// How many minutes that clock is ahead of UTC; `None` if it is not said.
    pub fn offset_minutes(&self) -> Option<i32> {
        let text = self.suffix.split('[').next().unwrap_or("");
        match text {
            "" if self.zone() == Some("UTC") => Some(0),
            "" => None,
            "Z" => Some(0),
            _ => offset(text),
        }
    }

    /// The zone, such as `Europe/Berlin`, if it is said.
    pub fn zone(&self) -> Option<&str> {
        self.suffix.split('[').nth(1).map(|zone| zone.trim_end_matches(']'))
    }

    /// Nanoseconds since 1970-01-01T00:00:00 in UTC; `None` if it is not said how far from UTC it is.
    pub fn unix(&self) -> Option<i128> {
        Some(self.wall_nanoseconds() - i128::from(self.offset_minutes()?) * 60 * i128::from(SECOND))
    }

    pub(crate) fn wall_nanoseconds(&self) -> i128 {
        i128::from(self.date.days()) * i128::from(DAY) + i128::from(self.time.nanoseconds())
    }

    pub(crate) fn suffix(&self) -> &str {
        &self.suffix
    }

    pub fn to_system_time(&self) -> Option<SystemTime> {
        let since = self.unix()?;
        let whole = u64::try_from(since.unsigned_abs() / SECOND as u128).ok()?;
        let distance = Duration::new(whole, (since.unsigned_abs() % SECOND as u128) as u32);
        if since < 0 {
            UNIX_EPOCH.checked_sub(distance)
        } else {
            UNIX_EPOCH.checked_add(distance)
        }
    }

    pub(crate) fn text(&self) -> Result<String> {
        Ok(format!("{}T{}{}", self.date.text()?, self.time, self.suffix))
    }
}

/// `+01:00` in minutes.
pub(crate) fn offset(text: &str) -> Option<i32> {
    let sign = match text.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = text[1..].split_once(':').filter(|parts| parts.0.len() == 2 && parts.1.len() == 2)?;
    Some(sign * (number(hours)? * 60 + number(minutes)?) as i32)
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Timestamp {
        Timestamp::from_unix(match time.duration_since(UNIX_EPOCH) {
            Ok(since) => since.as_nanos() as i128,
            Err(before) => -(before.duration().as_nanos() as i128),
        })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{}{}", self.date, self.time, self.suffix)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = Error;
    fn from_str(text: &str) -> Result<Timestamp> {
        let found = (|| {
            let (date, rest) = text.split_once('T')?;
            let end = rest.find(|c| matches!(c, 'Z' | '+' | '-' | '[')).unwrap_or(rest.len());
            let (time, suffix) = rest.split_at(end);
            let (before, zone) = suffix.split_once('[').unwrap_or((suffix, "?]"));
            let is_zone = zone.len() > 1 && zone.find(']') == Some(zone.len() - 1);
            if !is_zone || !(before.is_empty() || before == "Z" || offset(before).is_some()) {
                return None;
            }
            let suffix = if suffix == "Z" { Cow::Borrowed("Z") } else { Cow::Owned(suffix.to_string()) };
            Some(Timestamp { date: date.parse().ok()?, time: time.parse().ok()?, suffix })
        })();
        found.ok_or_else(|| Error::new(format!("`{}` is no timestamp such as 2026-11-24T18:30:00+01:00", text)))
    }
}

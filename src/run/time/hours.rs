//! Working hours: when do people work?
//! Deadlines and reminders may count in those hours only. Executed inside workflows: events keep the deadline that people were told, but a
//! workflow that is replayed computes its own again, so a worker built with a newer table of the world's clocks may hold another one.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike as _, Days, NaiveTime, TimeDelta, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::zone::instant;
use crate::run::IdError;

/// `Mon-Fri 09:00-17:00 Europe/Berlin`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hours {
    first: Weekday,
    last: Weekday,
    from: NaiveTime,
    to: NaiveTime,
    zone: Tz,
}

/// As many days are looked at: a deadline is at most thirty working days away.
const MOST_DAYS: u64 = 400;

impl Hours {
    /// `at` itself where it is in them; else when they next begin.
    #[must_use]
    pub fn opening(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        self.windows(at).find(|(_, end)| *end > at).map_or(at, |(start, _)| start.max(at))
    }

    /// When so many seconds of them are over, counted from `from`.
    #[must_use]
    pub fn after(&self, from: DateTime<Utc>, seconds: u64) -> DateTime<Utc> {
        let mut left = TimeDelta::seconds(u32::try_from(seconds).unwrap_or(u32::MAX).into());
        let mut reached = from;
        for (start, end) in self.windows(from).filter(|(_, end)| *end > from) {
            let start = start.max(from);
            if start + left <= end {
                return start + left;
            }
            left -= end - start;
            reached = end;
        }
        reached + left
    }

    /// The working hours of each day from that of `at` on.
    fn windows(&self, at: DateTime<Utc>) -> impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>)> {
        let today = at.with_timezone(&self.zone).date_naive();
        let days = (0..MOST_DAYS).filter_map(move |n| today.checked_add_days(Days::new(n)));
        days.filter(|day| self.works_on(day.weekday()))
            .map(|day| (instant(&self.zone, day, self.from), instant(&self.zone, day, self.to)))
    }

    fn works_on(&self, day: Weekday) -> bool {
        let from_first =
            |d: Weekday| (d.num_days_from_monday() + 7 - self.first.num_days_from_monday()) % 7;
        from_first(day) <= from_first(self.last)
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}-{} {}-{} {}",
            self.first,
            self.last,
            self.from.format("%H:%M"),
            self.to.format("%H:%M"),
            self.zone
        )
    }
}

impl FromStr for Hours {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        parsed(text).ok_or_else(|| IdError::Hours(text.to_owned()))
    }
}

fn parsed(text: &str) -> Option<Hours> {
    let [days, times, zone] = text.split_whitespace().collect::<Vec<_>>().try_into().ok()?;
    let (first, last) = days.split_once('-').unwrap_or((days, days));
    let (from, to) = times.split_once('-')?;
    let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").ok();
    let (from, to) = (time(from)?, time(to)?);
    (from < to).then_some(Hours {
        first: first.parse().ok()?,
        last: last.parse().ok()?,
        from,
        to,
        zone: zone.parse().ok()?,
    })
}

impl TryFrom<String> for Hours {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<Hours> for String {
    fn from(hours: Hours) -> Self {
        hours.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn berlin() -> Hours {
        "Mon-Fri 09:00-17:00 Europe/Berlin".parse().expect("hours")
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn a_weekend_does_not_count() {
        // Friday, 16:00 in Berlin.
        assert_eq!(
            berlin().after(at("2026-03-06T15:00:00Z"), 2 * 3_600),
            at("2026-03-09T09:00:00Z")
        );
    }

    #[test]
    fn clocks_that_change_over_a_weekend_change_nothing_for_people() {
        // Summer time begins on Sunday, 2026-03-29: nine o'clock is an hour earlier in UTC.
        assert_eq!(berlin().opening(at("2026-03-27T18:00:00Z")), at("2026-03-30T07:00:00Z"));
    }

    #[test]
    fn within_the_hours_nothing_is_put_off() {
        assert_eq!(berlin().opening(at("2026-03-03T09:30:00Z")), at("2026-03-03T09:30:00Z"));
    }

    #[test]
    fn nonsense_is_no_hours() {
        for text in [
            "",
            "always",
            "Mon-Fri 17:00-09:00 Europe/Berlin",
            "Mon-Fri 09:00-17:00 Mars/Base",
            "Fun 09:00-17:00 UTC",
            "Mon 9-5 UTC",
        ] {
            assert!(text.parse::<Hours>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn time_only_goes_forward_and_ends_within_the_hours(from in 1_700_000_000..1_800_000_000_i64, seconds in 1..500_000_u64, more in 0..100_000_u64) {
            let (hours, from) = (berlin(), DateTime::from_timestamp(from, 0).expect("a time"));
            let end = hours.after(from, seconds);
            prop_assert!(end >= from && hours.after(from, seconds + more) >= end);
            prop_assert_eq!(hours.opening(end - TimeDelta::seconds(1)), end - TimeDelta::seconds(1));
            prop_assert_eq!(hours.to_string().parse::<Hours>().expect("the same"), hours);
        }
    }
}

//! How much more time does somebody ask for?
//! Hours, or until tomorrow on their own clock; working time where the gate counts in it.

use std::str::FromStr;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::Misunderstood;
use crate::run::{Hours, Zone};

/// Beyond this a number of hours is a slip; a question stays open no longer than 30 days anyway.
const MOST_HOURS: u16 = 30 * 24;
/// When a working day begins.
const MORNING: NaiveTime = NaiveTime::from_hms_opt(9, 0, 0).expect("nine o'clock is a time of day");

/// How much more time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum More {
    Hours(u16),
    /// Tomorrow, 9:00 on the clock of whoever says it.
    Tomorrow,
}

impl FromStr for More {
    type Err = Misunderstood;

    /// Nothing said is an hour.
    fn from_str(said: &str) -> Result<Self, Misunderstood> {
        let said = said.trim().trim_start_matches('+').to_lowercase();
        if said.is_empty() {
            return Ok(Self::Hours(1));
        }
        if said == "tomorrow" {
            return Ok(Self::Tomorrow);
        }
        let hours = said
            .strip_suffix('h')
            .and_then(|n| n.trim().parse().ok())
            .filter(|n| (1..=MOST_HOURS).contains(n));
        hours.map(Self::Hours).ok_or_else(|| {
            Misunderstood::wrong(
                "How much more time? Say `extend 1h`, `extend 8h` or `extend tomorrow`.",
            )
        })
    }
}

impl More {
    /// The new deadline, for somebody on this clock: hours are added to what is left. Where a gate counts in working hours, these do too, and
    /// tomorrow is when they next begin.
    #[must_use]
    pub fn until(
        self,
        deadline: DateTime<Utc>,
        now: DateTime<Utc>,
        zone: Zone,
        working: Option<&Hours>,
    ) -> DateTime<Utc> {
        match (self, working) {
            (Self::Hours(hours), None) => deadline.max(now) + TimeDelta::hours(hours.into()),
            (Self::Hours(hours), Some(working)) => {
                working.after(deadline.max(now), u64::from(hours) * 3_600)
            }
            (Self::Tomorrow, None) => zone.tomorrow(now, MORNING),
            (Self::Tomorrow, Some(working)) => working.opening(zone.tomorrow(now, MORNING)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn more_time_is_read() {
        let read = |said: &str| said.parse::<More>();
        assert_eq!(
            (read(""), read("8h"), read("+2h"), read("Tomorrow")),
            (Ok(More::Hours(1)), Ok(More::Hours(8)), Ok(More::Hours(2)), Ok(More::Tomorrow))
        );
        for said in ["0h", "h", "a week", "-1h", "99999h"] {
            assert!(read(said).is_err(), "{said}");
        }
    }

    #[test]
    fn hours_are_added_to_what_is_left_or_to_now() {
        let now = at("2026-03-02T12:00:00Z");
        assert_eq!(
            More::Hours(1).until(at("2026-03-02T12:30:00Z"), now, Zone::UTC, None),
            at("2026-03-02T13:30:00Z")
        );
        assert_eq!(
            More::Hours(8).until(at("2026-03-02T09:00:00Z"), now, Zone::UTC, None),
            at("2026-03-02T20:00:00Z")
        );
    }

    #[test]
    fn tomorrow_is_nine_on_the_clock_of_whoever_says_it() {
        let now = at("2026-03-02T20:00:00Z");
        assert_eq!(
            More::Tomorrow.until(now, now, Zone::new("Asia/Kolkata", 0), None),
            at("2026-03-04T03:30:00Z"),
            "it is the 3rd already"
        );
    }

    #[test]
    fn more_time_is_working_time_where_the_gate_counts_in_it() {
        let hours: Hours = "Mon-Fri 09:00-17:00 UTC".parse().expect("hours");
        // A Friday.
        let (now, deadline) = (at("2026-03-06T16:00:00Z"), at("2026-03-06T16:30:00Z"));
        let until = |more: More| more.until(deadline, now, Zone::UTC, Some(&hours));
        assert_eq!(until(More::Hours(1)), at("2026-03-09T09:30:00Z"));
        assert_eq!(until(More::Tomorrow), at("2026-03-09T09:00:00Z"));
    }
}

//! Time zones: when is nine o'clock somewhere?
//! Clocks change twice a year. A time that is skipped counts as an hour later; of a time that comes twice, the first counts.

use chrono::{
    DateTime, Days, FixedOffset, LocalResult, NaiveDate, NaiveTime, Offset as _, TimeDelta,
    TimeZone, Utc,
};
use chrono_tz::Tz;

/// The clock that somebody lives by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// `Europe/Berlin`, with its summers and winters.
    Named(Tz),
    /// All that is known is how far it is from UTC today.
    Offset(FixedOffset),
}

impl Zone {
    /// UTC: where nothing better is known.
    pub const UTC: Self = Self::Named(Tz::UTC);

    /// By its name; where that is not known, by how many seconds it is ahead of UTC now.
    #[must_use]
    pub fn new(name: &str, ahead_seconds: i32) -> Self {
        let offset = || FixedOffset::east_opt(ahead_seconds).map_or(Self::UTC, Self::Offset);
        name.parse().map_or_else(|_| offset(), Self::Named)
    }

    /// How far it is from UTC at that moment.
    #[must_use]
    pub fn offset(self, at: DateTime<Utc>) -> FixedOffset {
        match self {
            Self::Named(zone) => zone.offset_from_utc_datetime(&at.naive_utc()).fix(),
            Self::Offset(offset) => offset,
        }
    }

    /// That time of the day after `now`.
    #[must_use]
    pub fn tomorrow(self, now: DateTime<Utc>, time: NaiveTime) -> DateTime<Utc> {
        match self {
            Self::Named(zone) => tomorrow(&zone, now, time),
            Self::Offset(zone) => tomorrow(&zone, now, time),
        }
    }
}

fn tomorrow(zone: &impl TimeZone, now: DateTime<Utc>, time: NaiveTime) -> DateTime<Utc> {
    let today = now.with_timezone(zone).date_naive();
    instant(zone, today.checked_add_days(Days::new(1)).unwrap_or(today), time)
}

/// That time of that day.
pub(super) fn instant(zone: &impl TimeZone, day: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
    let local = day.and_time(time);
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.to_utc(),
        LocalResult::None => zone
            .from_local_datetime(&(local + TimeDelta::hours(1)))
            .earliest()
            .map_or_else(|| local.and_utc(), |at| at.to_utc()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    const NINE: NaiveTime = NaiveTime::from_hms_opt(9, 0, 0).expect("a time of day");

    #[test]
    fn tomorrow_is_nine_by_the_clock_on_the_wall() {
        let now = at("2026-03-02T20:00:00Z");
        assert_eq!(
            Zone::new("Asia/Kolkata", 0).tomorrow(now, NINE),
            at("2026-03-04T03:30:00Z"),
            "it is the 3rd already"
        );
        assert_eq!(
            Zone::new("America/Los_Angeles", 0).tomorrow(now, NINE),
            at("2026-03-03T17:00:00Z")
        );
        assert_eq!(
            Zone::new("Mars/Olympus", -28_800).tomorrow(now, NINE),
            at("2026-03-03T17:00:00Z"),
            "what is not known by name"
        );
    }

    #[test]
    fn tomorrow_is_nine_in_the_night_when_clocks_change() {
        let berlin = Zone::new("Europe/Berlin", 3_600);
        assert_eq!(berlin.tomorrow(at("2026-03-28T12:00:00Z"), NINE), at("2026-03-29T07:00:00Z"));
        assert_eq!(berlin.tomorrow(at("2026-10-24T12:00:00Z"), NINE), at("2026-10-25T08:00:00Z"));
    }
}

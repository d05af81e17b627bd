//! The retry policy: why does a thread not agree yet, and when is it worth another look?

use chrono::{DateTime, TimeDelta, Utc};

use crate::slack::SlackError;
use crate::store::{KnownMessage, StoreError};

/// How long after a call whose answer was lost Slack may still do it.
pub(super) const SETTLE: TimeDelta = TimeDelta::seconds(15);
/// The longest that one call takes, from before the wait for the rate limit on.
const CALL: TimeDelta = TimeDelta::seconds(15);
/// Between two tries of a drawing that Slack refused, at first; and after how long it is let go.
const REFUSED_PAUSE: TimeDelta = TimeDelta::minutes(10);
const REFUSED_FOR: TimeDelta = TimeDelta::days(7);
/// Longest pause after a thread that cannot be drawn.
pub(super) const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(5);
/// After a call that never left this machine, or that nobody answered.
pub(super) const MOMENT: TimeDelta = TimeDelta::seconds(2);

/// Why something was not done.
#[derive(Debug)]
pub(super) enum Late {
    /// It waits; other things may be done.
    Held(Held),
    /// Nothing more can be done now.
    Abort(Abort),
}

/// Why one thing waits.
#[derive(Debug)]
pub(super) enum Held {
    /// Slack wants us to wait, or its answer was lost: again then.
    Until(DateTime<Utc>),
    /// Slack said no.
    Refused(SlackError),
}

/// Why a look at a thread ends at once.
#[derive(Debug)]
pub(super) enum Abort {
    /// Another writer has the thread.
    FencedOff,
    Store(StoreError),
}

impl Late {
    pub(super) fn of(error: SlackError, now: DateTime<Utc>) -> Self {
        Self::Held(match error {
            SlackError::RateLimited { retry_after, .. } => {
                Held::Until(now + TimeDelta::from_std(retry_after).unwrap_or(LONGEST_PAUSE))
            }
            SlackError::NotSent { .. } | SlackError::Unknown { .. } => Held::Until(now + MOMENT),
            refused @ SlackError::Refused { .. } => Held::Refused(refused),
        })
    }

    pub(super) const fn until(at: DateTime<Utc>) -> Self {
        Self::Held(Held::Until(at))
    }

    pub(super) const fn fenced_off() -> Self {
        Self::Abort(Abort::FencedOff)
    }
}

impl From<StoreError> for Late {
    fn from(error: StoreError) -> Self {
        Self::Abort(error.into())
    }
}

impl From<Abort> for Late {
    fn from(abort: Abort) -> Self {
        Self::Abort(abort)
    }
}

impl From<StoreError> for Abort {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What became of one thing of several.
#[derive(Debug)]
pub(super) enum Tried<T> {
    Done(T),
    Held(Held),
}

/// Tells one thing that has to wait, while the others go on, from what ends the whole look.
pub(super) fn split_held<T>(done: Result<T, Late>) -> Result<Tried<T>, Abort> {
    match done {
        Ok(done) => Ok(Tried::Done(done)),
        Err(Late::Held(held)) => Ok(Tried::Held(held)),
        Err(Late::Abort(abort)) => Err(abort),
    }
}

/// The first of two times, where there are any.
pub(super) fn earliest(
    one: Option<DateTime<Utc>>,
    other: Option<DateTime<Utc>>,
) -> Option<DateTime<Utc>> {
    one.into_iter().chain(other).min()
}

/// Exponential back-off after so many failures in a row.
pub(super) fn pause(failures: i32) -> TimeDelta {
    let doubled = TimeDelta::seconds(1 << failures.clamp(0, 9));
    doubled.min(LONGEST_PAUSE)
}

/// From when on a post whose answer was lost surely shows: after it was given up, or, where its writer died, after it can have been sent.
pub(super) fn settled(lost: &KnownMessage) -> DateTime<Utc> {
    lost.doubtful_until.unwrap_or(lost.claimed_at + CALL + SETTLE)
}

/// When a drawing that Slack refused is worth another try: the later, the longer it is there.
pub(super) fn after_refusal(since: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let age = now - since;
    (age < REFUSED_FOR).then(|| now + age.max(REFUSED_PAUSE))
}

/// What a person can do about a refusal.
pub(super) fn remedy(refused: &SlackError) -> &'static str {
    let SlackError::Refused { error, .. } = refused else { return "it will be tried again" };
    match error.as_str() {
        "not_in_channel" | "channel_not_found" => "say `/invite @signoff` in the channel",
        "is_archived" | "channel_is_archived" => {
            "unarchive the channel, or give the project another one"
        }
        restricted if restricted.starts_with("restricted_action") => {
            "let this app post there, in the channel's settings"
        }
        _ if refused.is_about_us() => {
            "install the app again; `signoff doctor` says what is missing"
        }
        _ => "`signoff doctor` may know more",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(error: &str) -> SlackError {
        SlackError::Refused {
            method: "chat.postMessage",
            error: error.to_owned(),
            detail: String::new(),
        }
    }

    #[test]
    fn what_slack_refused_is_tried_again_less_and_less_often() {
        let at = |minutes: i64| DateTime::from_timestamp(minutes * 60, 0).expect("a time");
        assert_eq!(after_refusal(at(0), at(0)), Some(at(10)));
        assert_eq!(after_refusal(at(0), at(10)), Some(at(20)));
        assert_eq!(after_refusal(at(0), at(70)), Some(at(140)));
        assert_eq!(after_refusal(at(0), at(60 * 24 * 7)), None);
    }

    #[test]
    fn pauses_double_up_to_five_minutes() {
        assert_eq!([0, 1, 5, 20, -1].map(|n| pause(n).num_seconds()), [1, 2, 32, 300, 1]);
    }

    #[test]
    fn every_refusal_comes_with_what_to_do() {
        assert!(remedy(&refused("not_in_channel")).contains("/invite"));
        assert!(remedy(&refused("is_archived")).contains("unarchive"));
        assert!(remedy(&refused("restricted_action_read_only_channel")).contains("settings"));
        assert!(remedy(&refused("missing_scope")).contains("install the app again"));
        assert!(remedy(&refused("fatal")).contains("doctor"));
    }
}

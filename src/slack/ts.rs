//! Message timestamps (`ts`): how is a Slack message named?

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A message's name in its channel, and when Slack got it: seconds and microseconds, `1795340936.000022`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ts(pub String);

impl Ts {
    /// The name a message of that moment would have; for asking Slack what was said since.
    #[must_use]
    pub fn at(moment: DateTime<Utc>) -> Self {
        Self(format!("{}.{:06}", moment.timestamp(), moment.timestamp_subsec_micros()))
    }

    /// The moment it names; none where it is no timestamp.
    #[must_use]
    pub fn moment(&self) -> Option<DateTime<Utc>> {
        let (seconds, micros) = self.0.split_once('.')?;
        let nanos = micros.parse::<u32>().ok()?.checked_mul(1_000)?;
        DateTime::from_timestamp(seconds.parse().ok()?, nanos)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Ts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Ts {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_a_moment() {
        let ts = Ts::from("1795340936.000022");
        assert_eq!(ts.moment().map(Ts::at), Some(ts));
        assert!(["", "1", "x.y", "1.9999999999"].iter().all(|it| Ts::from(*it).moment().is_none()));
    }
}

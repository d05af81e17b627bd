//! A provider's limit: for how long does it take nothing more?
//! A short wait is left to the agent, which tries again by itself. A long one is told to it as the end, so that its attempt waits instead.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, Utc};
use tokio::time::Instant;

/// Too many requests, and Anthropic's word for too many of everybody's.
const BUSY: [u16; 2] = [429, 529];
/// Each says with `-remaining` how much is left, and with `-reset` when there is more.
const KINDS: [&str; 4] = ["requests", "tokens", "input-tokens", "output-tokens"];

/// Until when a provider takes nothing, as far as it said.
#[derive(Debug, Default)]
pub(super) struct ProviderLimit(Mutex<Option<Instant>>);

impl ProviderLimit {
    /// Remembers what a refusal says; how long that is, where it is longer than `short`.
    pub fn refused(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        short: Duration,
    ) -> Option<Duration> {
        let busy = BUSY.contains(&status.as_u16());
        let wait = wait(headers, clock()).filter(|wait| busy && *wait > short)?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now().checked_add(wait);
        Some(wait)
    }

    /// How long it still is; none where nothing is in the way.
    pub fn left(&self) -> Option<Duration> {
        let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until
            .map(|until| until.saturating_duration_since(Instant::now()))
            .filter(|left| !left.is_zero())
    }
}

/// As the provider says it: in seconds, or as the moment at which what is used up comes back.
fn wait(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let seconds = text("retry-after").and_then(|seconds| seconds.parse().ok());
    if let Some(seconds) = seconds {
        return Some(Duration::from_secs(seconds));
    }
    let unified = text("anthropic-ratelimit-unified-reset")
        .and_then(|epoch| DateTime::from_timestamp(epoch.parse().ok()?, 0));
    let used_up = KINDS
        .iter()
        .filter(|kind| text(&format!("anthropic-ratelimit-{kind}-remaining")) == Some("0"));
    let resets = used_up.filter_map(|kind| {
        let reset = text(&format!("anthropic-ratelimit-{kind}-reset"))?;
        Some(DateTime::parse_from_rfc3339(reset).ok()?.to_utc())
    });
    let until = unified.or_else(|| resets.max())?;
    (until - now).to_std().ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a moment that a header names is as far away as our own clock says"
)]
fn clock() -> DateTime<Utc> {
    Utc::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(headers: &[(&'static str, &str)]) -> Option<u64> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().expect("a header"));
        }
        let now = "2026-03-02T09:00:00Z".parse().expect("a moment");
        wait(&map, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn a_wait_is_what_the_provider_says_it_is() {
        assert_eq!(waits(&[("retry-after", "7200")]), Some(7_200));
        assert_eq!(waits(&[("anthropic-ratelimit-unified-reset", "1772449200")]), Some(7_200));
        let tokens = [
            ("anthropic-ratelimit-requests-remaining", "9"),
            ("anthropic-ratelimit-requests-reset", "2026-03-02T19:00:00Z"),
            ("anthropic-ratelimit-tokens-remaining", "0"),
            ("anthropic-ratelimit-tokens-reset", "2026-03-02T09:30:00Z"),
        ];
        assert_eq!(waits(&tokens), Some(1_800));
        for odd in ["", "soon", "-5", "99999999999999999999999"] {
            assert_eq!(waits(&[("retry-after", odd)]), None, "{odd}");
        }
        assert_eq!(waits(&[("anthropic-ratelimit-unified-reset", "1")]), None, "it is over");
    }

    #[test]
    fn only_a_long_wait_is_in_the_way() {
        let limit = ProviderLimit::default();
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "60".parse().expect("a header"));
        let told = |limit: &ProviderLimit, short: u64, status| {
            limit.refused(status, &headers, Duration::from_secs(short)).is_some()
        };
        assert!(!told(&limit, 120, StatusCode::TOO_MANY_REQUESTS) && limit.left().is_none());
        assert!(!told(&limit, 10, StatusCode::UNAUTHORIZED) && limit.left().is_none());
        assert!(told(&limit, 10, StatusCode::TOO_MANY_REQUESTS));
        assert!(limit.left().is_some_and(|left| left > Duration::from_secs(50)));
    }
}

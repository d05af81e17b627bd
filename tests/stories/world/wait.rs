//! How does a story wait for what sends no word: a database, a process, a page?
//! It looks, again and again, until it is so. What Slack shows is waited for by `FakeSlack::until`, which is woken.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::{MissedTickBehavior, interval, timeout};

/// Long, because machines that run tests are busy; nobody waits for it when all is well.
const PATIENCE: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Waits until it is so. In vain, it ends the story.
pub async fn until(what: &str, so: impl AsyncFn() -> Result<bool>) -> Result<()> {
    until_within(PATIENCE, what, so).await
}

/// The same, for what takes longer.
pub async fn until_within(
    patience: Duration,
    what: &str,
    so: impl AsyncFn() -> Result<bool>,
) -> Result<()> {
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let looking = async {
        loop {
            looks.tick().await;
            if so().await? {
                return Ok(());
            }
        }
    };
    timeout(patience, looking).await.with_context(|| format!("waited in vain for {what}"))?
}

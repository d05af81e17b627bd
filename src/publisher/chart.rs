//! The chart at a run's end: is it in the thread?
//! Sent once. Where Slack will not have it, the thread is whole without it, and the run page has the same chart.

use chrono::{DateTime, Utc};

use super::Publisher;
use super::look::Look;
use super::retry::{Abort, Held, Late, Tried, remedy, split_held};
use crate::run::Run;
use crate::slack::{Picture, SlackError, Ts};
use crate::store::{Claim, GivenUp, Posted, Shown};
use crate::thread::{MessageKey, StageChart, Theme};

impl Publisher {
    /// Returns when to look again where it has to wait.
    pub(super) async fn show_chart(&self, look: &Look<'_>) -> Result<Option<DateTime<Utc>>, Abort> {
        // One that was begun may be there already: two are worse than none.
        if look.known.contains_key(&MessageKey::Chart) {
            return Ok(None);
        }
        let (Some(chart), Some(root)) = (StageChart::of(look.run), &look.thread.root_ts) else {
            return Ok(None);
        };
        match split_held(self.send_chart(look, &chart, &Ts(root.clone())).await)? {
            Tried::Done(()) => Ok(None),
            Tried::Held(Held::Until(at)) => Ok(Some(at)),
            Tried::Held(Held::Refused(refused)) => {
                tracing::warn!(run.id = %look.thread.run, error = %refused, "a thread has no chart: {}", remedy(&refused));
                self.give_up_chart(look, &refused.to_string()).await?;
                Ok(None)
            }
        }
    }

    async fn send_chart(
        &self,
        look: &Look<'_>,
        chart: &StageChart<'_>,
        root: &Ts,
    ) -> Result<(), Late> {
        let Some(png) = drawn(look.run).await else { return Ok(()) };
        let key = MessageKey::Chart.to_string();
        self.renew_lease(look.thread).await?;
        if !self.store.claim_message(look.thread, Claim { key: &key, channel: None }).await? {
            return Err(Late::fenced_off());
        }
        let picture = Picture {
            channel: &look.thread.channel.channel,
            thread_ts: root,
            file_name: &format!("{}.png", look.thread.run),
            title: "Cost and time by stage",
            description: &chart.words(),
            png: &png,
        };
        let file = match self.slack.show_picture(picture).await {
            Ok(file) => file,
            Err(error) => {
                if matches!(error, SlackError::NotSent { .. } | SlackError::RateLimited { .. }) {
                    self.store.unclaim_message(look.thread, &key).await?;
                }
                return Err(Late::of(error, look.thread.now()));
            }
        };
        let shown = Shown::Drawing("chart".to_owned());
        let (doubtful_until, step, is_root) = (None, None, false);
        let posted = Posted { key: &key, ts: &file, shown: &shown, doubtful_until, step, is_root };
        Ok(self.store.message_posted(&look.thread.run, posted).await?)
    }

    async fn give_up_chart(&self, look: &Look<'_>, why: &str) -> Result<(), Abort> {
        let key = MessageKey::Chart.to_string();
        let shown = Shown::Drawing("chart".to_owned());
        let given_up = GivenUp { key: &key, shown: &shown, why, again_at: None };
        Ok(self.store.give_up_message(look.thread, given_up).await?)
    }
}

/// Beside everything else: it takes tens of milliseconds.
#[expect(clippy::disallowed_methods, reason = "drawing starts no process")]
async fn drawn(run: &Run) -> Option<Vec<u8>> {
    let of = run.clone();
    let draw = move || StageChart::of(&of).map(|chart| chart.png(Theme::Light));
    match tokio::task::spawn_blocking(draw).await {
        Ok(Some(Ok(png))) => Some(png),
        Ok(Some(Err(error))) => {
            tracing::error!(run.id = %run.id(), %error, "a chart cannot be drawn");
            None
        }
        Ok(None) | Err(_) => None,
    }
}

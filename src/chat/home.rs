//! The Home tab: what waits for somebody, and for others?
//! Nobody of another workspace sees anything of a run.

use super::Actor;
use crate::commands::{Asker, Moment};
use crate::metrics;
use crate::run::{Channel, Via};
use crate::slack::{HomeOpened, SlackBlock, SlackError, plainer};
use crate::thread;

impl Actor {
    /// Draws somebody's Home tab.
    pub(super) async fn show_home(&self, at: &HomeOpened) {
        if self.may_read(&at.person(), &at.team).await.is_err() {
            return;
        }
        let now = (self.clock)();
        let asker = self.with_sight(asker(at, Moment::now(now))).await;
        let waiting = match self.waiting(&asker).await {
            Ok(seen) => seen.all.into_iter().map(|it| (it.run, it.mine)).collect::<Vec<_>>(),
            Err(e) => return tracing::warn!(error = %e, "could not ask what waits for somebody"),
        };
        let blocks = thread::home(&waiting, now, &self.render);
        if let Err(e) = self.publish_home(&at.user, blocks).await {
            tracing::warn!(error = %e, "could not draw somebody's Home tab");
        }
    }

    /// Once more, drawn plainly, if Slack does not take it as it is drawn.
    async fn publish_home(&self, user: &str, blocks: Vec<SlackBlock>) -> Result<(), SlackError> {
        let drawn = self.slack.publish_home(user, blocks.clone()).await;
        let Some(refused) = drawn.as_ref().err().filter(|e| e.is_invalid_blocks()) else {
            return drawn;
        };
        metrics::message_drawn_plainly();
        tracing::error!(error = %refused, "Slack does not take somebody's Home tab as it is drawn; it is drawn more plainly");
        // Each by itself, or the words of the last questions would be cut away above their buttons.
        let plain = blocks.chunks(1).flat_map(plainer).collect();
        self.slack.publish_home(user, plain).await
    }
}

/// The tab is in no channel, but in a workspace.
fn asker(at: &HomeOpened, moment: Moment) -> Asker {
    let channel = Channel { team: at.team.clone(), channel: String::new() };
    Asker { channel: Some(channel), ..Asker::new(at.person(), Via::Home, moment) }
}

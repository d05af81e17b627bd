//! What may somebody of Slack look at?
//! Slack alone knows who is in which channel. What it does not say is not shown.

use std::collections::BTreeSet;

use futures::future::join_all;

use super::Actor;
use crate::commands::{Asker, Sight};
use crate::run::{PersonId, Run};
use crate::slack::SlackError;

impl Actor {
    /// The same person, and what they may look at besides the channel they speak in.
    pub(super) async fn with_sight(&self, asker: Asker) -> Asker {
        match self.services.store.thread_channels().await {
            Ok(ours) => self.seeing(asker, ours).await,
            Err(e) => {
                tracing::warn!(error = %e, "could not ask which channels runs are in");
                Asker { sight: Sight { doubt: true, ..Sight::default() }, ..asker }
            }
        }
    }

    /// The same as far as this run goes: of many channels Slack would not tell in time for a form.
    pub(super) async fn with_sight_of(&self, run: &Run, asker: Asker) -> Asker {
        let channel = run.request.channel.iter().map(|home| home.channel.clone());
        self.seeing(asker, channel.collect()).await
    }

    async fn seeing(&self, asker: Asker, ours: Vec<String>) -> Asker {
        let PersonId::Slack { user, .. } = &asker.person else { return asker };
        let sight = self.sight(user, ours).await.unwrap_or_else(|e| {
            tracing::warn!(error = %e, "could not ask which channels somebody is in, so they see only this one");
            Sight { doubt: true, ..Sight::default() }
        });
        Asker { sight, ..asker }
    }

    /// What somebody sees of these channels.
    async fn sight(&self, user: &str, ours: Vec<String>) -> Result<Sight, SlackError> {
        let member = self.slack.member(user).await?;
        let theirs = match self.slack.channels_of(user).await {
            Ok(theirs) => theirs,
            // An emulator has no private channels to hide.
            Err(e) if e.is_unknown_method() => ours.clone(),
            Err(e) => return Err(e),
        };
        let theirs: BTreeSet<String> = theirs.into_iter().collect();
        if member.guest {
            return Ok(Sight { channels: theirs, ..Sight::default() });
        }
        let others = ours.into_iter().filter(|channel| !theirs.contains(channel));
        let asked = join_all(others.map(async |channel| {
            let public = self.slack.is_public(&channel).await;
            (channel, public)
        }));
        let mut sight = Sight { channels: theirs.clone(), without_channel: true, doubt: false };
        for (channel, public) in asked.await {
            match public {
                Ok(true) => drop(sight.channels.insert(channel)),
                Ok(false) => {}
                Err(e) => sight.doubt |= is_doubt(&e),
            }
        }
        Ok(sight)
    }
}

/// Whether a channel may be public for all that Slack said.
fn is_doubt(why: &SlackError) -> bool {
    !why.is_permanent_for_channel() || why.is_about_us()
}

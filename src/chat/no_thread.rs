//! The channel of a new run: can its thread be there?
//! Asked when a run was started, so that its starter knows at once, and how to mend it.

use std::time::Duration;

use tokio::time::timeout;

use super::Actor;
use crate::commands::{Reply, ReplyKind};
use crate::run::Channel;
use crate::slack::SlackError;

/// Slack waits three seconds for all of the answer.
const PATIENCE: Duration = Duration::from_millis(1_200);
const NOT_IN_CHANNEL: &str = "I am not in this channel, so the run has *no thread* here: say `/invite @signoff`, and it appears. Until then, questions reach people directly.";
const NO_CHANNEL: &str = "I cannot post in this conversation, so the run has *no thread*, and questions reach people directly. Start runs in a channel that I am in; in a private one, say `/invite @signoff` first.";
const ARCHIVED: &str = "This channel is archived, so the run has *no thread*, and questions reach people directly. Start runs in another channel.";

impl Actor {
    /// The reply to whoever started a run, and that it has no thread where that is so.
    pub(super) async fn with_thread_note(&self, mut reply: Reply, home: Option<&Channel>) -> Reply {
        let Some(home) = home.filter(|_| reply.kind == ReplyKind::Done) else { return reply };
        if let Ok(Err(refused)) = timeout(PATIENCE, self.slack.can_read(&home.channel)).await
            && let Some(note) = note(&refused)
        {
            reply.text = format!("{} {note}", reply.text);
        }
        reply
    }
}

/// None where Slack refuses for another reason, or does not say.
fn note(refused: &SlackError) -> Option<&'static str> {
    let SlackError::Refused { error, .. } = refused else { return None };
    match error.as_str() {
        "not_in_channel" => Some(NOT_IN_CHANNEL),
        "channel_not_found" => Some(NO_CHANNEL),
        "is_archived" | "channel_is_archived" => Some(ARCHIVED),
        _ => None,
    }
}

//! Channels: who is in which, and which are public?
//! At most five minutes old; errors are not remembered, and say nothing about anybody.

use serde_json::Value;
use tokio::time::Instant;

use super::{SlackApi, promised};
use crate::slack::error::SlackError;
use crate::slack::rate_limit::{ApiCall, Priority};

/// Most pages of channels that are asked for one person.
const MOST_PAGES: usize = 20;

impl SlackApi {
    /// The channels that a person is in, public ones and those private ones that we are in too.
    pub async fn channels_of(&self, user: &str) -> Result<Vec<String>, SlackError> {
        let now = Instant::now();
        if let Some(channels) = self.inner.channels.get(user, now) {
            return Ok(channels);
        }
        let (mut channels, mut cursor) = (Vec::new(), String::new());
        for _ in 0..MOST_PAGES {
            let page = self.channels_page(user, &cursor).await?;
            let ids = page.get("channels").and_then(Value::as_array).into_iter().flatten();
            channels.extend(ids.filter_map(|it| it.get("id")?.as_str()).map(ToOwned::to_owned));
            let next = page.pointer("/response_metadata/next_cursor").and_then(Value::as_str);
            match next.filter(|next| !next.is_empty()) {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        self.inner.channels.insert(user, channels.clone(), now);
        Ok(channels)
    }

    async fn channels_page(&self, user: &str, cursor: &str) -> Result<Value, SlackError> {
        let call = ApiCall::new("users.conversations", Priority::Call);
        let mut asked =
            vec![("user", user), ("types", "public_channel,private_channel"), ("limit", "999")];
        if !cursor.is_empty() {
            asked.push(("cursor", cursor));
        }
        self.read(call, &asked).await
    }

    /// Whether everybody of the workspace may look into this channel.
    pub async fn is_public(&self, channel: &str) -> Result<bool, SlackError> {
        let now = Instant::now();
        if let Some(public) = self.inner.public.get(channel, now) {
            return Ok(public);
        }
        let method = "conversations.info";
        let answer =
            self.read(ApiCall::new(method, Priority::Call), &[("channel", channel)]).await?;
        promised(method, &answer, "/channel/id")?;
        let is = |name: &str| answer["channel"].get(name).and_then(Value::as_bool);
        // What it does not say is not public.
        let public = is("is_private") == Some(false)
            && !["is_im", "is_mpim", "is_group"].iter().any(|kind| is(kind) == Some(true));
        self.inner.public.insert(channel, public, now);
        Ok(public)
    }
}

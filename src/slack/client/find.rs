//! Finds a message of ours by its key: did that post happen?
//! Reads what is in the channel or thread, because Slack knows no idempotency key.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::SlackApi;
use super::messages::{METADATA_TYPE, block_key};
use crate::slack::error::SlackError;
use crate::slack::rate_limit::{ApiCall, Priority};
use crate::slack::ts::Ts;

const PAGE: &str = "200";
/// Looking further back than this would cost more than asking a person.
const MOST_PAGES: usize = 20;

/// Where to look, and since when.
struct History<'a> {
    channel: &'a str,
    thread_ts: Option<&'a Ts>,
    oldest: Ts,
}

impl History<'_> {
    const fn method(&self) -> &'static str {
        if self.thread_ts.is_some() { "conversations.replies" } else { "conversations.history" }
    }

    /// An empty `cursor` is the first page.
    fn parameters<'b>(&'b self, cursor: &'b str) -> Vec<(&'b str, &'b str)> {
        let mut parameters = vec![
            ("channel", self.channel),
            ("oldest", self.oldest.as_str()),
            ("inclusive", "true"),
            ("limit", PAGE),
            ("include_all_metadata", "true"),
        ];
        parameters.extend(self.thread_ts.map(|root| ("ts", root.as_str())));
        parameters.extend((!cursor.is_empty()).then_some(("cursor", cursor)));
        parameters
    }
}

impl SlackApi {
    /// Our message with that key in the channel or thread, posted at `oldest` or later.
    /// `None` means: it is surely not there (yet).
    pub async fn find(
        &self,
        channel: &str,
        thread_ts: Option<&Ts>,
        key: &str,
        oldest: DateTime<Utc>,
    ) -> Result<Option<Ts>, SlackError> {
        let us = self.identity().await?;
        let history = History { channel, thread_ts, oldest: Ts::at(oldest) };
        let mut cursor = String::new();
        for _ in 0..MOST_PAGES {
            let page = self.page(&history, &cursor).await?;
            let found = messages(&page).iter().find(|it| us.wrote(it) && has_key(it, key));
            if let Some(found) = found {
                return Ok(found.get("ts").and_then(Value::as_str).map(Ts::from));
            }
            match next_cursor(&page) {
                Some(next) => next.clone_into(&mut cursor),
                None => return Ok(None),
            }
        }
        let what = "more was said since than we read".to_owned();
        Err(SlackError::Unknown { method: history.method(), what })
    }

    async fn page(&self, history: &History<'_>, cursor: &str) -> Result<Value, SlackError> {
        let call = ApiCall::new(history.method(), Priority::Milestone).to(history.channel);
        self.read(call, &history.parameters(cursor)).await
    }

    /// Whether anything is left of a thread. Where only its root was deleted, Slack keeps a tombstone in its place and the replies under it.
    pub async fn has_thread(&self, channel: &str, root: &Ts) -> Result<bool, SlackError> {
        let call = ApiCall::new("conversations.replies", Priority::Milestone).to(channel);
        match self.read(call, &[("channel", channel), ("ts", root.as_str()), ("limit", "1")]).await
        {
            Ok(page) => Ok(!messages(&page).is_empty()),
            Err(gone) if gone.is_message_gone() => Ok(false),
            Err(e) => Err(e),
        }
    }
}

fn messages(page: &Value) -> &[Value] {
    page.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn next_cursor(page: &Value) -> Option<&str> {
    let next = page.pointer("/response_metadata/next_cursor")?.as_str();
    next.filter(|next| !next.is_empty())
}

fn has_key(message: &Value, key: &str) -> bool {
    let metadata = message
        .get("metadata")
        .filter(|it| it.get("event_type").and_then(Value::as_str) == Some(METADATA_TYPE));
    let in_metadata =
        metadata.and_then(|it| it.pointer("/event_payload/key")?.as_str()) == Some(key);
    let block_key = block_key(key);
    let mut blocks = message.get("blocks").and_then(Value::as_array).into_iter().flatten();
    in_metadata
        || blocks.any(|block| block.get("block_id").and_then(Value::as_str) == Some(&block_key))
}

//! Messages: how is one posted, updated, or shown to one person only (ephemeral)?

use serde_json::{Value, json};
use slack_morphism::errors::SlackClientError;
use slack_morphism::prelude::{SlackBlock, SlackClientApiCallContext, SlackClientHttpConnector};
use tracing::Span;

use super::{SlackApi, promised};
use crate::slack::blocks::MESSAGE_TEXT;
use crate::slack::error::SlackError;
use crate::slack::rate_limit::{ApiCall, Priority, Turn};
use crate::slack::response_url::ResponseUrl;
use crate::slack::truncate::truncate;
use crate::slack::ts::Ts;

/// Under this type our messages carry their key as metadata. Everybody who can read a message can read that too.
pub(super) const METADATA_TYPE: &str = "signoff";

/// A new message.
#[derive(Clone, Copy, Debug)]
pub struct Post<'a> {
    pub channel: &'a str,
    /// The root to answer to; none for a new root.
    pub thread_ts: Option<&'a Ts>,
    /// For notifications, screen readers and old clients; Slack's markup, so escape what people said. Cut at 4,000 characters.
    pub text: &'a str,
    pub blocks: &'a [SlackBlock],
    /// Names this message for [`SlackApi::find`]. Short and no secret.
    pub key: &'a str,
    pub priority: Priority,
}

/// A message as it should be now.
#[derive(Clone, Copy, Debug)]
pub struct Edit<'a> {
    pub channel: &'a str,
    pub ts: &'a Ts,
    pub text: &'a str,
    /// None at all takes the old ones away, so that the text shows.
    pub blocks: &'a [SlackBlock],
    pub priority: Priority,
    /// Where it has to wait: what for, and since when.
    pub turn: Turn,
}

impl SlackApi {
    /// Not repeatable: after `Unknown`, [`SlackApi::find`] the key before posting again.
    pub async fn post(&self, post: Post<'_>) -> Result<Ts, SlackError> {
        let method = "chat.postMessage";
        let mut body = json!({
            "channel": post.channel, "text": bounded(post.text), "blocks": with_key(post.blocks, post.key),
            "unfurl_links": false, "unfurl_media": false,
            "metadata": { "event_type": METADATA_TYPE, "event_payload": { "key": post.key } },
        });
        if let Some(root) = post.thread_ts {
            body["thread_ts"] = json!(root);
        }
        let answer = self.call(ApiCall::new(method, post.priority).to(post.channel), &body).await?;
        promised(method, &answer, "/ts").map(Ts)
    }

    /// Repeatable: the newest one wins. Notifies nobody. Keeps the message's key.
    pub async fn update(&self, edit: Edit<'_>) -> Result<(), SlackError> {
        let body = json!({ "channel": edit.channel, "ts": edit.ts, "text": bounded(edit.text), "blocks": edit.blocks });
        let message = format!("{}/{}", edit.channel, edit.ts.as_str());
        let call = ApiCall::new("chat.update", edit.priority).to(edit.channel);
        self.call(call.of(&message, edit.turn), &body).await?;
        Ok(())
    }

    /// Told to one person in a channel, gone when they reload; so never the only copy of anything.
    pub async fn ephemeral(
        &self,
        channel: &str,
        user: &str,
        thread_ts: Option<&Ts>,
        text: &str,
    ) -> Result<(), SlackError> {
        let mut body = json!({ "channel": channel, "user": user, "text": bounded(text) });
        if let Some(root) = thread_ts {
            body["thread_ts"] = json!(root);
        }
        self.call(ApiCall::new("chat.postEphemeral", Priority::Call).to(channel), &body).await?;
        Ok(())
    }

    /// Asked of one person in a channel or thread, with buttons that only they see.
    pub async fn ask_privately(
        &self,
        (channel, thread_ts): (&str, Option<&Ts>),
        user: &str,
        (text, blocks): (&str, &Value),
    ) -> Result<(), SlackError> {
        let mut body =
            json!({ "channel": channel, "user": user, "text": bounded(text), "blocks": blocks });
        if let Some(root) = thread_ts {
            body["thread_ts"] = json!(root);
        }
        self.call(ApiCall::new("chat.postEphemeral", Priority::Call).to(channel), &body).await?;
        Ok(())
    }

    /// Told to the person who typed or clicked; works where we are no member. Five times within 30 minutes.
    pub async fn respond(
        &self,
        to: &ResponseUrl,
        thread_ts: Option<&Ts>,
        text: &str,
    ) -> Result<(), SlackError> {
        let method = "response_url";
        if !to.is_at_home(self.inner.emulator.as_ref()) {
            let (error, detail) = ("not_slack".to_owned(), String::new());
            return Err(SlackError::Refused { method, error, detail });
        }
        let mut body = json!({ "text": bounded(text), "response_type": "ephemeral", "replace_original": false });
        if let Some(root) = thread_ts {
            body["thread_ts"] = json!(root);
        }
        let request = async { accepted(self.post_without_token(to, &body).await) };
        self.send(ApiCall::new(method, Priority::Call), request).await?;
        Ok(())
    }

    /// The address is the permission; our token is not for it, and must not appear in a log.
    async fn post_without_token(
        &self,
        to: &ResponseUrl,
        body: &Value,
    ) -> Result<Value, SlackClientError> {
        let context = SlackClientApiCallContext {
            rate_control_params: None,
            token: None,
            tracing_span: &Span::none(),
            is_sensitive_url: true,
        };
        self.inner.client.http_api.connector.http_post_uri(to.url().clone(), body, context).await
    }

    /// Answers a message with an emoji, by its name (`eyes`); notifies nobody. Repeatable: one that is there already is fine.
    pub async fn react(&self, channel: &str, ts: &Ts, emoji: &str) -> Result<(), SlackError> {
        let body = json!({ "channel": channel, "timestamp": ts, "name": emoji.trim_matches(':') });
        match self.call(ApiCall::new("reactions.add", Priority::Milestone).to(channel), &body).await
        {
            Err(SlackError::Refused { error, .. }) if error == "already_reacted" => Ok(()),
            other => other.map(|_| ()),
        }
    }
}

/// Slack refuses an edit whose text is longer, and would cut a post.
fn bounded(text: &str) -> String {
    truncate(text, MESSAGE_TEXT)
}

/// The key once more, as the name of a block: some emulators keep no metadata.
fn with_key(blocks: &[SlackBlock], key: &str) -> Value {
    let mut blocks = json!(blocks);
    let nameless =
        blocks.as_array_mut().into_iter().flatten().find(|block| block.get("block_id").is_none());
    if let Some(block) = nameless {
        block["block_id"] = json!(block_key(key));
    }
    blocks
}

pub(super) fn block_key(key: &str) -> String {
    format!("{METADATA_TYPE}:{key}")
}

/// A response address answers `ok`, `{"ok":true}` or nothing at all, each with 200.
fn accepted(answer: Result<Value, SlackClientError>) -> Result<Value, SlackClientError> {
    match answer {
        Ok(answer) if answer.get("ok").is_none() => Ok(json!({ "ok": true })),
        Err(SlackClientError::ProtocolError(error))
            if error.json_body.as_deref().is_some_and(|body| matches!(body.trim(), "" | "ok")) =>
        {
            Ok(json!({ "ok": true }))
        }
        other => other,
    }
}

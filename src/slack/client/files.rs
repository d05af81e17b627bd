//! Files: how does a picture come into a thread?
//! In three steps: an address is asked for, the bytes go there, and then Slack shows them. Scope `files:write`.

use serde_json::{Value, json};
use slack_morphism::errors::SlackClientError;
use url::Url;

use super::{SlackApi, promised};
use crate::slack::error::SlackError;
use crate::slack::rate_limit::{ApiCall, Priority};
use crate::slack::ts::Ts;

const ADDRESS: &str = "files.getUploadURLExternal";
/// Slack takes no longer description.
const DESCRIPTION: usize = 1_000;

/// A picture for a thread.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    pub channel: &'a str,
    pub thread_ts: &'a Ts,
    /// With its ending.
    pub file_name: &'a str,
    pub title: &'a str,
    /// What it shows, for those who do not see it.
    pub description: &'a str,
    pub png: &'a [u8],
}

impl SlackApi {
    /// The id of the file. Not repeatable: twice is two pictures.
    pub async fn show_picture(&self, picture: Picture<'_>) -> Result<String, SlackError> {
        let description: String = picture.description.chars().take(DESCRIPTION).collect();
        let length = picture.png.len().to_string();
        let parameters =
            [("filename", picture.file_name), ("length", &length), ("alt_txt", &description)];
        let file = self.upload(&parameters, picture.png).await.map_err(nothing_is_seen)?;
        let body = json!({
            "files": [{ "id": file, "title": picture.title }],
            "channel_id": picture.channel, "thread_ts": picture.thread_ts,
        });
        let complete = ApiCall::new("files.completeUploadExternal", Priority::Milestone);
        self.call(complete.to(picture.channel), &body).await?;
        Ok(file)
    }

    /// The id of a file that nobody sees yet.
    async fn upload(&self, said: &[(&str, &str)], bytes: &[u8]) -> Result<String, SlackError> {
        let address = self.read(ApiCall::new(ADDRESS, Priority::Milestone), said).await?;
        self.put(&promised(ADDRESS, &address, "/upload_url")?, bytes).await?;
        promised(ADDRESS, &address, "/file_id")
    }

    async fn put(&self, address: &str, bytes: &[u8]) -> Result<(), SlackError> {
        let method = "upload";
        let url = Url::parse(address).map_err(|e| SlackError::Unknown {
            method,
            what: format!("no address to upload to: {e}"),
        })?;
        let session = self.inner.client.open_session(&self.inner.token);
        let api = &session.http_session_api;
        let sent = async {
            stored(api.http_post_uri_binary(url, "image/png".to_owned(), bytes, None).await)
        };
        self.send(ApiCall::new(method, Priority::Milestone), sent).await?;
        Ok(())
    }
}

/// Whatever became of a file: before the last step there is no picture.
fn nothing_is_seen(error: SlackError) -> SlackError {
    match error {
        SlackError::Unknown { method, what } => SlackError::NotSent { method, what },
        other => other,
    }
}

/// The address answers `OK - <bytes>` with 200.
fn stored(answer: Result<Value, SlackClientError>) -> Result<Value, SlackClientError> {
    let is_stored = |body: &str| body.trim_start().starts_with("OK");
    match answer {
        Err(SlackClientError::ProtocolError(error))
            if error.json_body.as_deref().is_some_and(is_stored) =>
        {
            Ok(json!({ "ok": true }))
        }
        Ok(answer) if answer.get("ok").is_none() => Ok(json!({ "ok": true })),
        other => other,
    }
}

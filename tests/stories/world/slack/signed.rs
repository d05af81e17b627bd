//! How does Slack knock at the bot's door?
//! Every request is signed; the last one can be sent again, also wrongly.

use std::time::Duration;

use anyhow::{Context, Result};
use futures::future::join_all;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use sha2::Sha256;
use tokio::time::Instant;

use super::state::now;
use super::{FakeSlack, SIGNING_SECRET};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
/// Slack waits no longer for an acknowledgement.
pub(super) const ACK: Duration = Duration::from_secs(3);

/// A request, as it can be sent again.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    content_type: &'static str,
    pub(super) body: String,
}

impl Sent {
    pub(super) fn form(fields: &[(&str, &str)]) -> Self {
        Self {
            content_type: FORM,
            body: url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(fields)
                .finish(),
        }
    }

    pub(super) fn json(body: &Value) -> Self {
        Self { content_type: JSON, body: body.to_string() }
    }

    pub(super) fn is_json(&self) -> bool {
        self.content_type == JSON
    }
}

/// How a request is signed.
#[derive(Clone, Copy, Debug)]
pub enum Signing {
    Right,
    /// Rightly, but so long ago: a replay.
    SecondsAgo(i64),
    With(&'static str),
    Wrong,
    Missing,
}

/// What the bot answered.
#[derive(Clone, Debug)]
pub struct Heard {
    pub status: u16,
    pub body: String,
    pub took: Duration,
}

impl Heard {
    /// Nothing was sent, as a dialog asks first, or was answered with no.
    pub(super) const fn nothing() -> Self {
        Self { status: 0, body: String::new(), took: Duration::ZERO }
    }

    pub fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }
}

impl FakeSlack {
    /// Sends the last request again, as Slack does when it is unsure: the same body, freshly signed; so many times at once.
    pub async fn again(&self, times: usize) -> Result<Vec<Heard>> {
        let sent = self.last_sent()?;
        join_all((1..=times).map(|retry| self.knock(&sent, Signing::Right, Some(retry))))
            .await
            .into_iter()
            .collect()
    }

    /// Sends the last request again, signed like that.
    pub async fn again_signed(&self, signing: Signing) -> Result<Heard> {
        self.knock(&self.last_sent()?, signing, None).await
    }

    /// Sends anything at all to the bot's door.
    pub async fn sends(&self, body: &str, signing: Signing) -> Result<Heard> {
        self.knock(&Sent { content_type: FORM, body: body.to_owned() }, signing, None).await
    }

    /// What was sent last, as JSON: an event, or the payload of what was pressed.
    pub fn sent_last(&self) -> Option<Value> {
        let sent = self.last_sent().ok()?;
        let mut fields = url::form_urlencoded::parse(sent.body.as_bytes());
        let payload = fields
            .find(|(name, _)| sent.content_type == FORM && name == "payload")
            .map(|(_, payload)| payload.into_owned());
        serde_json::from_str(&payload.unwrap_or(sent.body.clone())).ok()
    }

    pub(super) async fn deliver(&self, sent: Sent) -> Result<Heard> {
        self.shared.lock().last_sent = Some(sent.clone());
        self.knock(&sent, Signing::Right, None).await
    }

    fn last_sent(&self) -> Result<Sent> {
        self.shared.lock().last_sent.clone().context("nothing was sent yet")
    }

    async fn knock(&self, sent: &Sent, signing: Signing, retry: Option<usize>) -> Result<Heard> {
        if self.peek(|state| state.sockets.used) {
            return self.by_socket(sent, retry).await;
        }
        let bot = self
            .shared
            .lock()
            .bot
            .clone()
            .context("nobody said where the bot listens: call delivers_to")?;
        let mut request = self
            .shared
            .http
            .post(bot)
            .header(CONTENT_TYPE, sent.content_type)
            .body(sent.body.clone());
        for (name, value) in signature(&sent.body, signing) {
            request = request.header(name, value);
        }
        if let Some(retry) = retry {
            request = request
                .header("x-slack-retry-num", retry)
                .header("x-slack-retry-reason", "http_timeout");
        }
        let started = Instant::now();
        let answer = request.send().await.context("the bot does not answer")?;
        let (status, body) = (answer.status().as_u16(), answer.text().await?);
        let took = started.elapsed();
        if took > ACK {
            self.shared.lock().late_acks.push(format!(
                "{} ms for {}",
                took.as_millis(),
                sent.body.chars().take(80).collect::<String>()
            ));
        }
        Ok(Heard { status, body, took })
    }
}

fn signature(body: &str, signing: Signing) -> Vec<(&'static str, String)> {
    let seconds_ago = if let Signing::SecondsAgo(seconds) = signing { seconds } else { 0 };
    let secret = if let Signing::With(secret) = signing { secret } else { SIGNING_SECRET };
    let timestamp = (now().timestamp() - seconds_ago).to_string();
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("v0:{timestamp}:{body}").as_bytes());
    let right = hex::encode(mac.finalize().into_bytes());
    let signature = match signing {
        Signing::Missing => return vec![],
        Signing::Wrong => format!("v0={}", right.chars().rev().collect::<String>()),
        Signing::Right | Signing::SecondsAgo(_) | Signing::With(_) => format!("v0={right}"),
    };
    vec![("x-slack-request-timestamp", timestamp), ("x-slack-signature", signature)]
}

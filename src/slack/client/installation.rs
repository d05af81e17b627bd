//! The installation: which scopes were granted, which app are we, and which channels can we read?
//! For a person who sets Signoff up; nothing here is asked while it works.

use axum::body::{Body, to_bytes};
use axum::http::response::Parts;
use axum::http::{Request, Response, header};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use slack_morphism::prelude::{SlackApiToken, SlackApiTokenValue};
use tokio::time::timeout;

use super::{SlackApi, connector, promised};
use crate::slack::error::SlackError;
use crate::slack::rate_limit::{ApiCall, Priority};

const SLACK: &str = "https://slack.com/api";
/// Where Slack says what a token may do.
const SCOPES: &str = "x-oauth-scopes";
/// An answer is a few hundred bytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// The app that we are installed as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// `A…`, as in the address of its page.
    pub id: String,
    pub name: String,
}

impl SlackApi {
    /// The scopes that our token was granted; none where whoever answers does not say, as emulators do.
    pub async fn granted_scopes(&self) -> Result<Option<Vec<String>>, SlackError> {
        let method = "auth.test";
        self.inner.rate_limiter.acquire(ApiCall::new(method, Priority::Milestone)).await?;
        let answer = timeout(self.inner.timeout, self.ask_with_headers(method))
            .await
            .map_err(|_| self.timed_out(method))?;
        let (head, body) = answer?;
        self.checked(method, SlackError::read_response(method, &head, &body))?;
        Ok(head.headers.get(SCOPES).and_then(|scopes| scopes.to_str().ok()).map(scopes))
    }

    /// The crate gives away bodies only.
    async fn ask_with_headers(&self, method: &'static str) -> Result<(Parts, String), SlackError> {
        let base =
            self.inner.emulator.as_ref().map_or(SLACK, |base| base.as_str().trim_end_matches('/'));
        let bearer = format!("Bearer {}", self.inner.token.token_value.0);
        let request = Request::post(format!("{base}/{method}"))
            .header(header::AUTHORIZATION, bearer)
            .body(String::new());
        let request = request.map_err(|_| SlackError::NotSent {
            method,
            what: "the token is no text for a header".to_owned(),
        })?;
        let client = Client::builder(TokioExecutor::new()).build::<_, String>(connector());
        let answer: Response<Body> =
            client.request(request).await.map_err(|e| SlackError::lost(method, &e))?.map(Body::new);
        let (head, body) = answer.into_parts();
        let body =
            to_bytes(body, LONGEST_ANSWER).await.map_err(|e| SlackError::lost(method, &e))?;
        Ok((head, String::from_utf8_lossy(&body).into_owned()))
    }

    /// Which app we are; for the address of the page where it is changed.
    pub async fn app(&self) -> Result<App, SlackError> {
        let method = "bots.info";
        let us = self.identity().await?;
        let bot = us.bot.as_deref().ok_or_else(|| SlackError::Unknown {
            method,
            what: "the token is not a bot's".to_owned(),
        })?;
        let answer = self.read(ApiCall::new(method, Priority::Milestone), &[("bot", bot)]).await?;
        let name =
            answer.pointer("/bot/name").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(App { id: promised(method, &answer, "/bot/app_id")?, name })
    }

    /// Whether an app-level token opens sockets. The address that comes back is thrown away: it is a permission.
    pub async fn can_open_socket(&self, app_token: &SecretString) -> Result<(), SlackError> {
        let token = SlackApiToken::new(SlackApiTokenValue(app_token.expose_secret().to_owned()));
        let method = "apps.connections.open";
        let answer =
            self.call_as(&token, ApiCall::new(method, Priority::Milestone), &json!({})).await?;
        promised(method, &answer, "/url").map(|_| ())
    }

    /// Whether we can read a channel, so are in it; `not_in_channel` and `channel_not_found` come as `Refused`.
    pub async fn can_read(&self, channel: &str) -> Result<(), SlackError> {
        let call = ApiCall::new("conversations.history", Priority::Milestone).to(channel);
        self.read(call, &[("channel", channel), ("limit", "1")]).await.map(|_| ())
    }
}

fn scopes(header: &str) -> Vec<String> {
    header
        .split(',')
        .map(str::trim)
        .filter(|scope| !scope.is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

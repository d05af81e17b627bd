//! The client of Slack's Web API: how do we call Slack?
//! Every call goes through one function: within the rate limits, with a time-out, and with errors that tell what to do next.

mod cache;
mod channels;
mod connections;
mod files;
mod find;
mod groups;
mod installation;
mod messages;
mod people;
#[cfg(test)]
mod tests;
mod views;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::crypto::ring;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use slack_morphism::errors::SlackClientError;
use slack_morphism::prelude::{
    SlackApiToken, SlackApiTokenValue, SlackClient, SlackClientHyperConnector,
};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout};
use url::Url;

use cache::Cache;
pub use files::Picture;
pub use installation::App;
pub use messages::{Edit, Post};
pub use people::{Identity, Member};

use super::error::SlackError;
use super::rate_limit::{ApiCall, RateLimiter, RateLimits};

/// Slack answers within a second or not at all; well under any lease that somebody holds around a call.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Somebody who was removed from the workspace or from a group may decide for at most this long afterwards.
const PEOPLE_STAY_KNOWN: Duration = Duration::from_mins(5);
/// A direct conversation keeps its id; asked again now and then all the same.
const CONVERSATION_STAYS: Duration = Duration::from_hours(24);

/// How to reach Slack in one workspace.
#[derive(Clone, Debug)]
pub struct SlackApiConfig {
    /// Slack's own where there is none; an emulator's ends in `/api`.
    pub api_url: Option<Url>,
    pub token: SecretString,
    pub rate_limits: RateLimits,
    pub timeout: Duration,
}

impl SlackApiConfig {
    #[must_use]
    pub fn new(api_url: Option<Url>, token: SecretString) -> Self {
        Self { api_url, token, rate_limits: RateLimits::slack(), timeout: CALL_TIMEOUT }
    }
}

/// Slack's API in one workspace. Make one per installation and clone it: clones share connections, rate limits and what is known of people.
#[derive(Clone)]
pub struct SlackApi {
    inner: Arc<Inner>,
}

struct Inner {
    client: SlackClient<Connector>,
    token: SlackApiToken,
    emulator: Option<Url>,
    timeout: Duration,
    rate_limiter: RateLimiter,
    identity: OnceCell<Identity>,
    members: Cache<Member>,
    groups: Cache<Vec<String>>,
    channels: Cache<Vec<String>>,
    public: Cache<bool>,
    conversations: Cache<String>,
}

type Connector = SlackClientHyperConnector<HttpsConnector<HttpConnector>>;

impl fmt::Debug for SlackApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SlackApi")
    }
}

impl SlackApi {
    #[must_use]
    pub fn new(config: SlackApiConfig) -> Self {
        let connector = SlackClientHyperConnector::with_connector(connector());
        let connector = match &config.api_url {
            Some(base) => connector.with_slack_api_url(base.as_str().trim_end_matches('/')),
            None => connector,
        };
        let inner = Inner {
            client: SlackClient::new(connector),
            token: SlackApiToken::new(SlackApiTokenValue(config.token.expose_secret().to_owned())),
            emulator: config.api_url,
            timeout: config.timeout,
            rate_limiter: RateLimiter::new(config.rate_limits),
            identity: OnceCell::new(),
            members: Cache::with_ttl(PEOPLE_STAY_KNOWN),
            groups: Cache::with_ttl(PEOPLE_STAY_KNOWN),
            channels: Cache::with_ttl(PEOPLE_STAY_KNOWN),
            public: Cache::with_ttl(PEOPLE_STAY_KNOWN),
            conversations: Cache::with_ttl(CONVERSATION_STAYS),
        };
        Self { inner: Arc::new(inner) }
    }

    /// A method that takes JSON.
    async fn call(&self, call: ApiCall<'_>, body: &Value) -> Result<Value, SlackError> {
        self.call_as(&self.inner.token, call, body).await
    }

    async fn call_as(
        &self,
        token: &SlackApiToken,
        call: ApiCall<'_>,
        body: &Value,
    ) -> Result<Value, SlackError> {
        let session = self.inner.client.open_session(token);
        self.send(call, session.http_session_api.http_post(call.method, body, None)).await
    }

    /// A method that reads; those take no JSON.
    async fn read(
        &self,
        call: ApiCall<'_>,
        parameters: &[(&str, &str)],
    ) -> Result<Value, SlackError> {
        let session = self.inner.client.open_session(&self.inner.token);
        let parameters: Vec<(&str, Option<&str>)> =
            parameters.iter().map(|(name, value)| (*name, Some(*value))).collect();
        self.send(call, session.http_session_api.http_get(call.method, &parameters, None)).await
    }

    /// Within the rate limit, and within the time that a call may take.
    async fn send(
        &self,
        call: ApiCall<'_>,
        request: impl Future<Output = Result<Value, SlackClientError>>,
    ) -> Result<Value, SlackError> {
        self.inner.rate_limiter.acquire(call).await?;
        let answer = timeout(self.inner.timeout, request).await;
        let answer = answer.map_err(|_| self.timed_out(call.method))?;
        self.checked(call.method, answer.map_err(|e| SlackError::from_client(call.method, e)))
    }

    /// A 200 without `ok: true` comes from a proxy, so nobody knows whether the call happened. A 429 closes the method for a while.
    fn checked(
        &self,
        method: &'static str,
        answer: Result<Value, SlackError>,
    ) -> Result<Value, SlackError> {
        if let Err(SlackError::RateLimited { retry_after, .. }) = &answer {
            let retry_after_s = retry_after.as_secs();
            tracing::warn!(method, retry_after_s, "Slack wants {method} to wait {retry_after_s} s");
            self.inner.rate_limiter.retry_after(method, *retry_after, Instant::now());
        }
        let answer = answer?;
        if answer.get("ok").and_then(Value::as_bool) == Some(true) {
            Ok(answer)
        } else {
            Err(SlackError::Unknown { method, what: "the answer was not Slack's".to_owned() })
        }
    }

    fn timed_out(&self, method: &'static str) -> SlackError {
        SlackError::Unknown {
            method,
            what: format!("no answer within {} s", self.inner.timeout.as_secs_f32()),
        }
    }
}

/// The crate's own connector refuses plain HTTP, so emulators too; and it never gives up connecting.
fn connector() -> HttpsConnector<HttpConnector> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_connect_timeout(Some(CONNECT_TIMEOUT));
    http.set_nodelay(true);
    HttpsConnectorBuilder::new()
        .with_provider_and_webpki_roots(ring::default_provider())
        .expect("ring knows the default protocol versions")
        .https_or_http()
        .enable_http1()
        .enable_http2()
        .wrap_connector(http)
}

/// A field that Slack promises. Without it the call was done, but we cannot tell with what result.
fn promised(method: &'static str, answer: &Value, pointer: &str) -> Result<String, SlackError> {
    let missing = || SlackError::Unknown { method, what: format!("the answer has no {pointer}") };
    answer.pointer(pointer).and_then(Value::as_str).map(ToOwned::to_owned).ok_or_else(missing)
}

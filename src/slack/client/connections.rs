//! `apps.connections.open`: where may a web socket be opened?

use serde_json::json;
use url::Url;

use super::{SlackApi, promised};
use crate::slack::error::SlackError;
use crate::slack::rate_limit::{ApiCall, Priority};

const METHOD: &str = "apps.connections.open";

impl SlackApi {
    /// An address for one connection of Socket Mode. Takes an app-level token; whoever has the address hears what we hear, so it is never printed.
    ///
    /// # Errors
    /// Also where the address is not Slack's: without TLS, and we were told of no emulator.
    pub(in crate::slack) async fn open_connection(&self) -> Result<Url, SlackError> {
        let call = ApiCall::new(METHOD, Priority::Call);
        let answer = self.call(call, &json!({})).await?;
        let url = Url::parse(&promised(METHOD, &answer, "/url")?).ok();
        let emulated = self.inner.emulator.is_some();
        let good = url.filter(|it| {
            it.has_host() && (it.scheme() == "wss" || emulated && it.scheme() == "ws")
        });
        good.ok_or_else(|| SlackError::Unknown {
            method: METHOD,
            what: "the answer has no address of a web socket".to_owned(),
        })
    }
}

//! Views: how is a modal opened or updated, and the Home tab published?

use serde_json::{Value, json};
use slack_morphism::prelude::SlackBlock;

use super::{SlackApi, promised};
use crate::slack::blocks::fit_view;
use crate::slack::error::SlackError;
use crate::slack::rate_limit::{ApiCall, Priority};

impl SlackApi {
    /// Opens a form and returns its id. A trigger lives three seconds and works once, so this goes before all else.
    pub async fn open_view(&self, trigger_id: &str, view: &Value) -> Result<String, SlackError> {
        let method = "views.open";
        let call = ApiCall::new(method, Priority::Call);
        let answer = self.call(call, &json!({ "trigger_id": trigger_id, "view": view })).await?;
        promised(method, &answer, "/view/id")
    }

    /// Draws an open form anew. With the `hash` of what was seen, only if nothing changed it since ([`SlackError::is_view_moved_on`]).
    pub async fn update_view(
        &self,
        view_id: &str,
        hash: Option<&str>,
        view: &Value,
    ) -> Result<(), SlackError> {
        let mut body = json!({ "view_id": view_id, "view": view });
        if let Some(hash) = hash {
            body["hash"] = json!(hash);
        }
        self.call(ApiCall::new("views.update", Priority::Call), &body).await?;
        Ok(())
    }

    /// Draws a person's Home tab. The newest one wins; what is more than Slack takes is left out.
    pub async fn publish_home(
        &self,
        user: &str,
        blocks: Vec<SlackBlock>,
    ) -> Result<(), SlackError> {
        let call = ApiCall::new("views.publish", Priority::Milestone);
        self.call(
            call,
            &json!({ "user_id": user, "view": { "type": "home", "blocks": fit_view(blocks) } }),
        )
        .await?;
        Ok(())
    }
}

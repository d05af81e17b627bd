//! How is a form opened, and the Home tab drawn?

use serde_json::{Value, json};

use super::{SlackApi, promised};
use crate::slack::error::SlackError;
use crate::slack::pacing::{Call, Priority};

impl SlackApi {
    /// Opens a form and returns its id. A trigger lives three seconds and works once, so this goes before all else.
    pub async fn open_view(&self, trigger_id: &str, view: &Value) -> Result<String, SlackError> {
        let method = "views.open";
        let call = Call { method, channel: None, priority: Priority::Gate };
        let answer = self.call(call, &json!({ "trigger_id": trigger_id, "view": view })).await?;
        promised(method, &answer, "/view/id")
    }

    /// Draws a person's Home tab.
    pub async fn publish_home(&self, user: &str, view: &Value) -> Result<(), SlackError> {
        let call = Call { method: "views.publish", channel: None, priority: Priority::Milestone };
        self.call(call, &json!({ "user_id": user, "view": view })).await?;
        Ok(())
    }
}

//! User groups: who belongs to one?
//! An error means that Slack could not be asked: it says nothing about who belongs there, so whoever asks has to refuse.

use serde_json::Value;
use tokio::time::Instant;

use super::SlackApi;
use crate::slack::error::SlackError;
use crate::slack::rate_limit::{ApiCall, Priority};

const METHOD: &str = "usergroups.users.list";

impl SlackApi {
    /// The ids of the people in a user group (`S…`), at most five minutes old. Nobody is an answer; a group that is not there is an error
    /// ([`SlackError::is_group_gone`]), and so is a missing scope ([`SlackError::is_about_us`]). Errors are not remembered.
    pub async fn group_members(&self, group: &str) -> Result<Vec<String>, SlackError> {
        let now = Instant::now();
        if let Some(members) = self.inner.groups.get(group, now) {
            return Ok(members);
        }
        let call = ApiCall::new(METHOD, Priority::Call);
        let members = users(&self.read(call, &[("usergroup", group)]).await?)?;
        self.inner.groups.insert(group, members.clone(), now);
        Ok(members)
    }
}

fn users(answer: &Value) -> Result<Vec<String>, SlackError> {
    let users = answer.get("users").and_then(Value::as_array);
    let users = users.ok_or_else(|| SlackError::Unknown {
        method: METHOD,
        what: "the answer has no /users".to_owned(),
    })?;
    Ok(users.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect())
}

//! Users: who are we, and who are they?

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{SlackApi, promised};
use crate::run::Zone;
use crate::slack::error::SlackError;
use crate::slack::rate_limit::{ApiCall, Priority};

/// What our token makes us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub team: String,
    pub team_name: String,
    /// Our user id, as people mention us.
    pub bot_user: String,
    /// Our id as the author of messages.
    pub bot: Option<String>,
    /// The workspace's address.
    pub url: String,
}

impl Identity {
    fn read(method: &'static str, answer: &Value) -> Result<Self, SlackError> {
        let maybe = |field| answer.get(field).and_then(Value::as_str).map(ToOwned::to_owned);
        Ok(Self {
            team: promised(method, answer, "/team_id")?,
            team_name: maybe("team").unwrap_or_default(),
            bot_user: promised(method, answer, "/user_id")?,
            bot: maybe("bot_id"),
            url: maybe("url").unwrap_or_default(),
        })
    }

    /// True for a message of ours: another app could carry our metadata.
    pub(super) fn wrote(&self, message: &Value) -> bool {
        let by = |field| message.get(field).and_then(Value::as_str);
        by("user") == Some(&self.bot_user)
            || (self.bot.is_some() && by("bot_id") == self.bot.as_deref())
    }
}

/// A person, as Slack knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub id: String,
    /// The short one, `ana`.
    pub name: String,
    /// What they want to be called.
    pub display: String,
    /// Let in as a guest of the workspace, or a stranger from another one.
    pub guest: bool,
    pub bot: bool,
    pub deactivated: bool,
    /// The workspace of their account; in an organisation, one of several they are in.
    pub team: String,
    /// In an organisation (Enterprise Grid): all its workspaces that they are in, and the organisation itself.
    pub organisation: Vec<String>,
    /// Their clock; UTC where Slack does not say.
    pub zone: Zone,
}

impl Member {
    /// Whether Slack says that they are of this workspace. An organisation's people have one account, and requests name any of its workspaces.
    #[must_use]
    pub fn is_of(&self, team: &str) -> bool {
        self.team == team || self.organisation.iter().any(|known| known == team)
    }
}

impl SlackApi {
    /// Asks Slack every time: the answer says whether the token is still good.
    pub async fn auth_test(&self) -> Result<Identity, SlackError> {
        let method = "auth.test";
        let answer = self.call(ApiCall::new(method, Priority::Milestone), &json!({})).await?;
        Identity::read(method, &answer)
    }

    /// The same, asked once.
    pub async fn identity(&self) -> Result<&Identity, SlackError> {
        self.inner.identity.get_or_try_init(|| self.auth_test()).await
    }

    /// What Slack knows of a person, at most five minutes old.
    pub async fn member(&self, user: &str) -> Result<Member, SlackError> {
        let now = Instant::now();
        if let Some(member) = self.inner.members.get(user, now) {
            return Ok(member);
        }
        let method = "users.info";
        let answer = self.read(ApiCall::new(method, Priority::Call), &[("user", user)]).await?;
        promised(method, &answer, "/user/id")?;
        let member = member(&answer["user"]);
        self.inner.members.insert(user, member.clone(), now);
        Ok(member)
    }

    /// The channel of the direct conversation with a person, opened if it was not. Nothing is said in it yet.
    pub async fn direct(&self, user: &str) -> Result<String, SlackError> {
        let now = Instant::now();
        if let Some(channel) = self.inner.conversations.get(user, now) {
            return Ok(channel);
        }
        let method = "conversations.open";
        let answer =
            self.call(ApiCall::new(method, Priority::Call), &json!({ "users": user })).await?;
        let channel = promised(method, &answer, "/channel/id")?;
        self.inner.conversations.insert(user, channel.clone(), now);
        Ok(channel)
    }
}

/// Field by field: one odd profile must not make a person unknown.
fn member(user: &Value) -> Member {
    let text =
        |pointer: &str| user.pointer(pointer).and_then(Value::as_str).filter(|it| !it.is_empty());
    let is = |name: &str| user.get(name).and_then(Value::as_bool).unwrap_or(false);
    let id = text("/id").unwrap_or_default().to_owned();
    let name = text("/name").unwrap_or(&id).to_owned();
    let mut names = ["/profile/display_name", "/profile/real_name", "/real_name"].into_iter();
    Member {
        display: names.find_map(text).unwrap_or(&name).to_owned(),
        guest: is("is_restricted") || is("is_ultra_restricted") || is("is_stranger"),
        // Slackbot says of itself that it is none.
        bot: is("is_bot") || id == "USLACKBOT",
        deactivated: is("deleted"),
        team: text("/team_id").unwrap_or_default().to_owned(),
        organisation: organisation(user),
        zone: zone(user),
        id,
        name,
    }
}

/// `enterprise_user`, where there is one.
fn organisation(user: &Value) -> Vec<String> {
    let teams = user.pointer("/enterprise_user/teams").and_then(Value::as_array);
    let itself = ["/enterprise_user/enterprise_id", "/enterprise_id"].into_iter();
    let named = teams.into_iter().flatten().chain(itself.filter_map(|at| user.pointer(at)));
    named.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

fn zone(user: &Value) -> Zone {
    let name = user.get("tz").and_then(Value::as_str).unwrap_or_default();
    Zone::new(name, user.get("tz_offset").and_then(Value::as_i64).and_then(offset).unwrap_or(0))
}

/// No place on earth is a day ahead of UTC.
fn offset(seconds: i64) -> Option<i32> {
    i32::try_from(seconds).ok().filter(|seconds| seconds.abs() < 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_odd_profile_still_is_a_person() {
        let it = member(
            &json!({"id": "U1", "profile": {"fields": [], "display_name": ""}, "is_restricted": "yes", "tz": 5, "tz_offset": "x"}),
        );
        assert_eq!(
            (it.name.as_str(), it.display.as_str(), it.guest, it.zone),
            ("U1", "U1", false, Zone::new("", 0))
        );
        let it = member(
            &json!({"id": "U2", "name": "gus", "real_name": "Gus", "is_ultra_restricted": true, "deleted": true, "tz": "America/St_Johns", "tz_offset": -9_000}),
        );
        assert_eq!(
            (it.display.as_str(), it.guest, it.deactivated, it.bot),
            ("Gus", true, true, false)
        );
        assert_eq!(it.zone, Zone::new("America/St_Johns", 0));
        assert_eq!(member(&json!({"id": "U3", "tz_offset": -9_000})).zone, Zone::new("", -9_000));
        assert_eq!(
            member(&json!({"id": "U4", "tz_offset": 9_000_000_000_i64})).zone,
            Zone::new("", 0)
        );
    }

    #[test]
    fn an_organisations_people_are_of_all_its_workspaces_that_they_are_in() {
        let it = member(&json!({
            "id": "W012A3CDE", "team_id": "T0HOME", "name": "ana", "is_bot": false,
            "enterprise_user": {
                "id": "W012A3CDE", "enterprise_id": "E0ACME", "enterprise_name": "Acme", "is_admin": false, "is_owner": false,
                "teams": ["T0HOME", "T0WORK"],
            },
        }));
        assert!(["T0HOME", "T0WORK", "E0ACME"].iter().all(|team| it.is_of(team)));
        assert!(!it.is_of("T0OTHER") && !it.is_of(""));
        let alone = member(&json!({"id": "U1", "team_id": "T1"}));
        assert!(alone.is_of("T1") && !alone.is_of("E0ACME"));
    }

    #[test]
    fn another_app_with_our_metadata_is_not_us() {
        let us = Identity {
            team: "T1".to_owned(),
            team_name: String::new(),
            bot_user: "U0".to_owned(),
            bot: Some("B0".to_owned()),
            url: String::new(),
        };
        assert!(us.wrote(&json!({"user": "U0"})) && us.wrote(&json!({"bot_id": "B0"})));
        assert!(!us.wrote(&json!({"bot_id": "B9", "user": "U9"})) && !us.wrote(&json!({})));
    }
}

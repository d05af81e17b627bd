//! The doctor's look at Slack: is the app what the manifest asks for, and where we need it?
//! Asks Slack with the tokens that are configured; says nothing in any channel.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::Finding;
use crate::app::parts;
use crate::config::{Config, Project, SlackConfig};
use crate::local;
use crate::run::{Approver, Channel, GateSpec, GroupId};
use crate::slack::{App, Identity, RateLimits, SlackApi, SlackApiConfig, SlackError, asked_scopes};

/// A person waits, and a slow answer is better than none.
const TIMEOUT: Duration = Duration::from_mins(1);
/// The scope for pictures of what a run cost.
const CHARTS: &str = "files:write";
const APPS: &str = "api.slack.com/apps";

/// What is to be said about Slack.
pub(super) async fn look(config: &Config) -> Vec<Finding> {
    let Some(slack) = &config.slack else { return vec![not_configured(config)] };
    let rate_limits = RateLimits { patience: TIMEOUT, ..RateLimits::slack() };
    let api = SlackApi::new(SlackApiConfig {
        rate_limits,
        ..SlackApiConfig::new(slack.api_url.clone(), slack.bot_token.clone())
    });
    match api.identity().await {
        Ok(us) => {
            let app = api.app().await.ok();
            Looker { config, slack, app, us, api: &api }.findings().await
        }
        Err(e) => {
            let remedy = "Is SLACK_BOT_TOKEN the Bot User OAuth Token (xoxb-…), and SLACK_API_URL right where it is set?";
            vec![Finding::missing("slack", format!("{e}. {remedy}"))]
        }
    }
}

fn not_configured(config: &Config) -> Finding {
    match local::UpFile::read_live(&config.home).and_then(|up| up.slack_page) {
        Some(page) => {
            Finding::ok("slack", format!("the local one of the running `signoff up`: {page}"))
        }
        None => Finding::less(
            "slack",
            "not configured. `signoff slack manifest` prints an app for your workspace; `signoff up` brings a local Slack.",
        ),
    }
}

struct Looker<'a> {
    config: &'a Config,
    slack: &'a SlackConfig,
    api: &'a SlackApi,
    us: &'a Identity,
    /// Unknown without `users:read`, and to emulators.
    app: Option<App>,
}

impl Looker<'_> {
    async fn findings(&self) -> Vec<Finding> {
        let mut findings =
            vec![self.installation(), self.scopes().await, self.events().await, self.links()];
        findings.extend(self.channels().await);
        findings.extend(self.groups().await);
        findings
    }

    fn installation(&self) -> Finding {
        let app = self
            .app
            .as_ref()
            .map(|app| format!(" as {} ({})", app.name, app.id))
            .unwrap_or_default();
        Finding::ok("slack", format!("we are installed in {}{app}", self.us.team_name))
    }

    /// Where the app is changed: `<page> → <click>`.
    fn page(&self) -> String {
        self.app
            .as_ref()
            .map_or_else(|| format!("{APPS} → your app"), |app| format!("{APPS}/{}", app.id))
    }

    async fn scopes(&self) -> Finding {
        match self.api.granted_scopes().await {
            Ok(Some(granted)) => self.missing_scopes(&granted),
            Ok(None) => {
                Finding::less("scopes", "Slack did not say which we have; emulators do not")
            }
            Err(e) => Finding::missing("scopes", format!("{e}. Try again.")),
        }
    }

    fn missing_scopes(&self, granted: &[String]) -> Finding {
        let asked = asked_scopes();
        let missing: Vec<&str> =
            asked.iter().filter(|scope| !granted.contains(scope)).map(String::as_str).collect();
        if missing.is_empty() {
            return Finding::ok("scopes", format!("all {} of the manifest", asked.len()));
        }
        if missing == [CHARTS] {
            let says =
                format!("{CHARTS} missing: threads have no chart at their end, all else works");
            return Finding::less("scopes", says);
        }
        let (missing, page) = (missing.join(", "), self.page());
        let says = format!(
            "{missing} missing. {page} → OAuth & Permissions → Bot Token Scopes: add {missing} → Reinstall."
        );
        Finding::missing("scopes", says)
    }

    /// How Slack tells us things: Socket Mode where there is a token for it.
    async fn events(&self) -> Finding {
        match &self.slack.app_token {
            Some(token) => self.socket(token).await,
            None => self.http(),
        }
    }

    async fn socket(&self, token: &SecretString) -> Finding {
        let generate = format!(
            "{} → Basic Information → App-Level Tokens: Generate one with connections:write.",
            self.page()
        );
        if let (Some(theirs), Some(app)) = (app_of(token), &self.app)
            && theirs != app.id
        {
            let ours = &app.id;
            let says = format!(
                "SLACK_APP_TOKEN is of the app {theirs}, SLACK_BOT_TOKEN of {ours}. {generate}"
            );
            return Finding::missing("events", says);
        }
        match self.api.can_open_socket(token).await {
            Ok(()) => Finding::ok("events", "by Socket Mode: SLACK_APP_TOKEN opens connections"),
            Err(e) => Finding::missing("events", self.why_no_socket(&e, &generate)),
        }
    }

    fn why_no_socket(&self, error: &SlackError, generate: &str) -> String {
        match error {
            e if e.is_about_us() => format!("SLACK_APP_TOKEN is no good: {e}. {generate}"),
            e @ SlackError::Refused { .. } => {
                format!("{e}. {} → Socket Mode: Enable. Then: {generate}", self.page())
            }
            e => format!("{e}. Try again."),
        }
    }

    fn http(&self) -> Finding {
        let secret = self.slack.signing_secret.clone();
        let find =
            format!("{} → Basic Information → App Credentials: Signing Secret.", self.page());
        let Some(secret) = secret else {
            return Finding::missing(
                "events",
                format!("neither SLACK_SIGNING_SECRET nor SLACK_APP_TOKEN is set. {find}"),
            );
        };
        if !is_signing_secret(&secret) && self.slack.api_url.is_none() {
            return Finding::missing(
                "events",
                format!("SLACK_SIGNING_SECRET is not 32 hexadecimal digits. {find}"),
            );
        }
        match self.config.public_url.as_ref().filter(|url| url.scheme() == "https") {
            Some(url) => Finding::ok(
                "events",
                format!("by HTTP: Slack has to reach {url}slack, as the app's manifest says"),
            ),
            None => Finding::less(
                "events",
                "by HTTP: Slack has to reach POST /slack of `serve` by https; SIGNOFF_PUBLIC_URL does not say where that is",
            ),
        }
    }

    /// Where *View diff* and *Run page* lead to.
    fn links(&self) -> Finding {
        match (parts::linked_from_slack(self.config), &self.config.public_url) {
            (Some(url), Some(_)) => {
                Finding::ok("links", format!("View diff and Run page lead to {url}"))
            }
            (Some(url), None) => Finding::less(
                "links",
                format!("View diff and Run page lead to {url}, which opens on this machine alone"),
            ),
            (None, _) => Finding::less(
                "links",
                "View diff opens in Slack, and there is no Run page: set SIGNOFF_PUBLIC_URL to where people's browsers reach `serve`",
            ),
        }
    }

    /// One for each project with a channel of its own.
    async fn channels(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for project in self.config.projects.all() {
            let Some(channel) = &project.channel else { continue };
            let name = &project.name;
            findings.push(match self.channel(channel).await {
                Ok(()) => Finding::ok("channel", format!("{name}: we are in {}", channel.channel)),
                Err(why) => Finding::missing("channel", format!("{name}: {why}")),
            });
        }
        findings
    }

    async fn channel(&self, channel: &Channel) -> Result<(), String> {
        let id = &channel.channel;
        self.ours(&channel.team, id)?;
        self.api.can_read(id).await.map_err(|e| match &e {
            SlackError::Refused { error, .. } if error == "not_in_channel" => format!("we are not in {id}. Type there: /invite @signoff"),
            SlackError::Refused { error, .. } if error == "channel_not_found" => {
                format!("no channel {id}, or a private one that we are not in. Type there: /invite @signoff; or correct signoff.toml")
            }
            _ => format!("{id} could not be read: {e}."),
        })
    }

    /// One for each user group that may answer something.
    async fn groups(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (group, named_by) in named_groups(self.config) {
            findings.push(self.group_finding(group, &named_by.join(", ")).await);
        }
        findings
    }

    async fn group_finding(&self, group: &GroupId, by: &str) -> Finding {
        let id = &group.group;
        match self.group(group).await {
            Ok(0) => Finding::less(
                "group",
                format!("{by}: nobody is in {id}. Slack → People → User groups: add people."),
            ),
            Ok(1) => Finding::ok("group", format!("{by}: {id} has 1 person")),
            Ok(people) => Finding::ok("group", format!("{by}: {id} has {people} people")),
            Err(why) => Finding::missing("group", format!("{by}: {why}")),
        }
    }

    async fn group(&self, id: &GroupId) -> Result<usize, String> {
        let GroupId { team, group } = id;
        self.ours(team, group)?;
        self.api.group_members(group).await.map(|members| members.len()).map_err(|e| match &e {
            e if e.is_group_gone() => format!("no user group {group}. Slack → People → User groups → ⋯ → Copy group ID; then correct the name"),
            _ => format!("who is in {group} could not be asked: {e}. Until it can, nobody answers for it."),
        })
    }

    fn ours(&self, team: &str, what: &str) -> Result<(), String> {
        if team == self.us.team {
            Ok(())
        } else {
            Err(format!(
                "{what} is in the workspace {team}, and we are installed in {}",
                self.us.team
            ))
        }
    }
}

fn is_signing_secret(secret: &SecretString) -> bool {
    let secret = secret.expose_secret();
    secret.len() == 32 && secret.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The app that an app-level token belongs to: `xapp-1-<app>-…`.
fn app_of(token: &SecretString) -> Option<String> {
    let app = token.expose_secret().strip_prefix("xapp-1-")?.split('-').next()?;
    app.starts_with('A').then(|| app.to_owned())
}

/// The user groups that may answer something, and what names each.
fn named_groups(config: &Config) -> BTreeMap<&GroupId, Vec<String>> {
    let policy = config.projects.policy.approvers.iter();
    let by_policy = policy.map(|approver| ("the policy".to_owned(), approver));
    let by_project = config
        .projects
        .all()
        .flat_map(|project| named_in(project).map(|approver| (project.name.to_string(), approver)));
    let mut groups: BTreeMap<&GroupId, Vec<String>> = BTreeMap::new();
    for (by, approver) in by_policy.chain(by_project) {
        if let Approver::Group(group) = approver {
            groups.entry(group).or_default().push(by);
        }
    }
    groups.values_mut().for_each(Vec::dedup);
    groups
}

/// Everybody whom a project names as an approver, by itself or in its pipelines.
fn named_in(project: &Project) -> impl Iterator<Item = &Approver> {
    let gates = project.stages().filter_map(|stage| stage.gate.as_ref());
    project.approvers.iter().chain(gates.flat_map(GateSpec::named))
}

#[cfg(test)]
mod tests;

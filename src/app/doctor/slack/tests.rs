//! Tests of the look at Slack: does it say what is missing, and the click that mends it?

use std::collections::HashMap;
use std::fs;

use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::routing::any;
use axum::{Json, Router};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::*;

const PROJECTS: &str = r#"
[project.web]
pipeline = "llm-wrapper"
channel = "slack:T1:C1"
approvers = ["slack:T1:U1", "slack:T1:S1"]
"#;

/// A Slack where all is well, but for what a test says.
struct Workspace {
    answers: HashMap<&'static str, Value>,
    scopes: String,
}

impl Workspace {
    fn good() -> Self {
        let answers = [
            (
                "auth.test",
                json!({"ok": true, "team_id": "T1", "team": "Acme", "user_id": "U0", "bot_id": "B0"}),
            ),
            (
                "bots.info",
                json!({"ok": true, "bot": {"id": "B0", "app_id": "A1", "name": "Signoff"}}),
            ),
            ("conversations.history", json!({"ok": true, "messages": []})),
            ("usergroups.users.list", json!({"ok": true, "users": ["U1", "U2"]})),
            ("apps.connections.open", json!({"ok": true, "url": "wss://example.com/"})),
        ];
        Self { answers: answers.into(), scopes: asked_scopes().join(",") }
    }

    fn refuses(mut self, method: &'static str, error: &str) -> Self {
        self.answers.insert(method, json!({"ok": false, "error": error}));
        self
    }

    /// What doctor says of it.
    async fn seen(self, environment: &[(&str, &str)]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api = format!("http://{}/api", listener.local_addr().unwrap());
        let router =
            Router::new().route("/api/{method}", any(answer)).with_state(std::sync::Arc::new(self));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("signoff.toml"), PROJECTS).unwrap();
        let always = [
            ("SLACK_BOT_TOKEN", "xoxb-1"),
            ("SLACK_SIGNING_SECRET", "0123456789abcdef0123456789abcdef"),
            ("SLACK_API_URL", api.as_str()),
        ];
        let environment: HashMap<&str, &str> =
            always.into_iter().chain(environment.iter().copied()).collect();
        let config =
            Config::read(|name| environment.get(name).map(ToString::to_string), folder.path())
                .unwrap();
        look(&config).await.iter().map(Finding::line).collect::<Vec<_>>().join("\n")
    }
}

async fn answer(
    State(workspace): State<std::sync::Arc<Workspace>>,
    Path(method): Path<String>,
) -> impl IntoResponse {
    (
        [("x-oauth-scopes", workspace.scopes.clone())],
        Json(workspace.answers[method.as_str()].clone()),
    )
}

#[tokio::test]
async fn a_workspace_that_is_ready_is_said_to_be() {
    insta::assert_snapshot!(Workspace::good().seen(&[("SIGNOFF_PUBLIC_URL", "https://signoff.acme.example/x")]).await, @r"
    ✓ slack     we are installed in Acme as Signoff (A1)
    ✓ scopes    all 13 of the manifest
    ✓ events    by HTTP: Slack has to reach https://signoff.acme.example/x/slack, as the app's manifest says
    ✓ links     View diff and Run page lead to https://signoff.acme.example/x/
    ✓ channel   web: we are in C1
    ✓ group     web: S1 has 2 people
    ");
    insta::assert_snapshot!(Workspace::good().seen(&[("SLACK_APP_TOKEN", "xapp-1-A1-2-3")]).await.lines().nth(2).unwrap(), @"✓ events    by Socket Mode: SLACK_APP_TOKEN opens connections");
    insta::assert_snapshot!(Workspace::good().seen(&[("SIGNOFF_LISTEN", "0.0.0.0:8480")]).await.lines().nth(3).unwrap(), @"~ links     View diff opens in Slack, and there is no Run page: set SIGNOFF_PUBLIC_URL to where people's browsers reach `serve`");
}

#[tokio::test]
async fn what_is_missing_comes_with_the_click_that_mends_it() {
    let mut poor = Workspace::good()
        .refuses("conversations.history", "not_in_channel")
        .refuses("usergroups.users.list", "no_such_subteam");
    poor.scopes = poor.scopes.replace("im:write,", "").replace(",usergroups:read", "");
    insta::assert_snapshot!(poor.seen(&[]).await, @r"
    ✓ slack     we are installed in Acme as Signoff (A1)
    ✗ scopes    im:write, usergroups:read missing. api.slack.com/apps/A1 → OAuth & Permissions → Bot Token Scopes: add im:write, usergroups:read → Reinstall.
    ~ events    by HTTP: Slack has to reach POST /slack of `serve` by https; SIGNOFF_PUBLIC_URL does not say where that is
    ~ links     View diff and Run page lead to http://127.0.0.1:8480/, which opens on this machine alone
    ✗ channel   web: we are not in C1. Type there: /invite @signoff
    ✗ group     web: no user group S1. Slack → People → User groups → ⋯ → Copy group ID; then correct the name
    ");
}

#[tokio::test]
async fn what_could_not_be_asked_is_not_said_to_be_gone() {
    let barred = Workspace::good()
        .refuses("usergroups.users.list", "missing_scope")
        .refuses("conversations.history", "channel_not_found");
    insta::assert_snapshot!(barred.refuses("bots.info", "missing_scope").seen(&[]).await.lines().rev().take(2).collect::<Vec<_>>().join("\n"), @r"
    ✗ group     web: who is in S1 could not be asked: Slack refused usergroups.users.list: missing_scope. Until it can, nobody answers for it.
    ✗ channel   web: no channel C1, or a private one that we are not in. Type there: /invite @signoff; or correct signoff.toml
    ");
}

#[tokio::test]
async fn a_token_that_is_no_good_is_told_first_and_alone() {
    insta::assert_snapshot!(Workspace::good().refuses("auth.test", "invalid_auth").seen(&[]).await, @"✗ slack     Slack refused auth.test: invalid_auth. Is SLACK_BOT_TOKEN the Bot User OAuth Token (xoxb-…), and SLACK_API_URL right where it is set?");
}

#[tokio::test]
async fn a_socket_that_does_not_open_says_why() {
    let events = async |workspace: Workspace, token| {
        workspace.seen(&[("SLACK_APP_TOKEN", token)]).await.lines().nth(2).unwrap().to_owned()
    };
    insta::assert_snapshot!(events(Workspace::good().refuses("apps.connections.open", "invalid_auth"), "xapp-1-A1-2-3").await, @"✗ events    SLACK_APP_TOKEN is no good: Slack refused apps.connections.open: invalid_auth. api.slack.com/apps/A1 → Basic Information → App-Level Tokens: Generate one with connections:write.");
    insta::assert_snapshot!(events(Workspace::good().refuses("apps.connections.open", "internal_error"), "xapp-1-A1-2-3").await, @"✗ events    apps.connections.open may or may not have happened: internal_error. Try again.");
    insta::assert_snapshot!(events(Workspace::good().refuses("apps.connections.open", "socket_mode_off"), "xapp-1-A1-2-3").await, @"✗ events    Slack refused apps.connections.open: socket_mode_off. api.slack.com/apps/A1 → Socket Mode: Enable. Then: api.slack.com/apps/A1 → Basic Information → App-Level Tokens: Generate one with connections:write.");
    insta::assert_snapshot!(events(Workspace::good(), "xapp-1-A9-2-3").await, @"✗ events    SLACK_APP_TOKEN is of the app A9, SLACK_BOT_TOKEN of A1. api.slack.com/apps/A1 → Basic Information → App-Level Tokens: Generate one with connections:write.");
}

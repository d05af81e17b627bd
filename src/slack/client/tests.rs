//! Does the client ask Slack in the right words, and believe it only what it says?
//! Against a small Slack of its own that answers as it is told; what a whole workspace does is the stories' business.

use std::collections::{HashMap, VecDeque};
use std::slice::from_ref;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::{Map, json};
use tokio::net::TcpListener;

use super::*;
use crate::slack::{Ts, section};

/// Status and body, one call after the other.
type Answers = VecDeque<(u16, String)>;

/// A Slack with a list of answers for each method; the last one stays.
#[derive(Clone, Default)]
struct Told {
    answers: Arc<Mutex<HashMap<&'static str, Answers>>>,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
    scopes: Option<&'static str>,
}

impl Told {
    fn answers(self, method: &'static str, answers: &[Value]) -> Self {
        let answers = answers.iter().map(|answer| (200, answer.to_string())).collect();
        self.answers.lock().unwrap().insert(method, answers);
        self
    }

    fn breaks(self, method: &'static str, status: u16, body: &str) -> Self {
        self.answers.lock().unwrap().insert(method, VecDeque::from([(status, body.to_owned())]));
        self
    }

    fn asked(&self, method: &str) -> Vec<Value> {
        self.asked
            .lock()
            .unwrap()
            .iter()
            .filter(|(name, _)| name == method)
            .map(|(_, asked)| asked.clone())
            .collect()
    }

    async fn api(&self) -> SlackApi {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/api", listener.local_addr().unwrap()).parse().unwrap();
        let router = Router::new().route("/api/{method}", any(answer)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let config = SlackApiConfig::new(Some(base), SecretString::from("xoxb-ours"));
        SlackApi::new(SlackApiConfig { timeout: Duration::from_secs(2), ..config })
    }
}

async fn answer(
    State(told): State<Told>,
    Path(method): Path<String>,
    query: RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut asked = Map::from_iter(
        headers.get("authorization").map(|it| ("token".to_owned(), json!(it.to_str().unwrap()))),
    );
    let query = url::form_urlencoded::parse(query.0.unwrap_or_default().as_bytes())
        .into_owned()
        .collect::<Vec<_>>();
    asked.extend(query.into_iter().map(|(name, value)| (name, json!(value))));
    asked.extend(serde_json::from_slice::<Map<String, Value>>(&body).unwrap_or_default());
    told.asked.lock().unwrap().push((method.clone(), Value::Object(asked)));
    let mut answers = told.answers.lock().unwrap();
    let list = answers
        .get_mut(method.as_str())
        .unwrap_or_else(|| panic!("nobody said what {method} answers"));
    let (status, body) = if list.len() > 1 { list.pop_front().unwrap() } else { list[0].clone() };
    let scopes = told.scopes.map(|scopes| ("x-oauth-scopes", scopes));
    let kind = ("content-type", "application/json");
    (
        StatusCode::from_u16(status).unwrap(),
        scopes.into_iter().chain([kind]).map(named).collect::<HeaderMap>(),
        body,
    )
        .into_response()
}

fn named(
    (name, value): (&'static str, &'static str),
) -> (axum::http::HeaderName, axum::http::HeaderValue) {
    (name.parse().unwrap(), value.parse().unwrap())
}

#[tokio::test]
async fn a_group_is_asked_about_once_in_five_minutes() {
    let told = Told::default()
        .answers("usergroups.users.list", &[json!({"ok": true, "users": ["U1", "U2"]})]);
    let api = told.api().await;
    assert_eq!(api.group_members("S1").await, Ok(vec!["U1".to_owned(), "U2".to_owned()]));
    assert_eq!(api.clone().group_members("S1").await.map(|it| it.len()), Ok(2));
    assert_eq!(told.asked("usergroups.users.list").len(), 1);
    api.group_members("S2").await.unwrap();
    assert_eq!(told.asked("usergroups.users.list")[1]["usergroup"], "S2");
}

#[tokio::test]
async fn an_empty_group_is_an_answer_and_a_group_that_was_not_told_is_none() {
    let told = Told::default()
        .answers("usergroups.users.list", &[json!({"ok": true, "users": []}), json!({"ok": true})]);
    let api = told.api().await;
    assert_eq!(api.group_members("S1").await, Ok(vec![]));
    assert!(matches!(api.group_members("S2").await, Err(SlackError::Unknown { .. })));
}

#[tokio::test]
async fn what_could_not_be_asked_is_told_apart_and_asked_again() {
    let told = Told::default().answers(
        "usergroups.users.list",
        &[
            json!({"ok": false, "error": "no_such_subteam"}),
            json!({"ok": false, "error": "missing_scope", "needed": "usergroups:read", "provided": "chat:write"}),
            json!({"ok": true, "users": ["U1"]}),
        ],
    );
    let api = told.api().await;
    let gone = api.group_members("S1").await.unwrap_err();
    assert!(gone.is_group_gone() && !gone.is_about_us());
    let barred = api.group_members("S1").await.unwrap_err();
    assert!(barred.is_about_us() && !barred.is_group_gone());
    assert_eq!(
        barred.to_string(),
        "Slack refused usergroups.users.list: missing_scope: needs the scope usergroups:read"
    );
    assert_eq!(api.group_members("S1").await, Ok(vec!["U1".to_owned()]));
}

#[tokio::test]
async fn a_direct_conversation_is_opened_once() {
    let told = Told::default().answers(
        "conversations.open",
        &[
            json!({"ok": false, "error": "user_disabled"}),
            json!({"ok": true, "channel": {"id": "D1"}}),
        ],
    );
    let api = told.api().await;
    assert!(
        matches!(api.direct("U1").await, Err(SlackError::Refused { error, .. }) if error == "user_disabled")
    );
    assert_eq!(api.direct("U1").await.as_deref(), Ok("D1"));
    assert_eq!(api.direct("U1").await.as_deref(), Ok("D1"));
    assert_eq!(told.asked("conversations.open").len(), 2);
    assert_eq!(told.asked("conversations.open")[1]["users"], "U1");
}

#[tokio::test]
async fn a_reaction_that_is_there_already_is_fine() {
    let refused = |error: &str| json!({"ok": false, "error": error});
    let told = Told::default().answers(
        "reactions.add",
        &[json!({"ok": true}), refused("already_reacted"), refused("message_not_found")],
    );
    let api = told.api().await;
    let ts = Ts::from("1.2");
    assert_eq!(api.react("C1", &ts, ":eyes:").await, Ok(()));
    assert_eq!(api.react("C1", &ts, "eyes").await, Ok(()));
    assert!(api.react("C1", &ts, "eyes").await.unwrap_err().is_message_gone());
    let asked = &told.asked("reactions.add")[0];
    assert_eq!(
        (&asked["name"], &asked["timestamp"], &asked["channel"]),
        (&json!("eyes"), &json!("1.2"), &json!("C1"))
    );
}

#[tokio::test]
async fn a_home_tab_is_published_for_one_person() {
    let told =
        Told::default().answers("views.publish", &[json!({"ok": true, "view": {"id": "V1"}})]);
    told.api().await.publish_home("U1", vec![section("Nothing waits for you.")]).await.unwrap();
    let asked = &told.asked("views.publish")[0];
    assert_eq!(
        (&asked["user_id"], &asked["view"]["type"], &asked["view"]["blocks"][0]["type"]),
        (&json!("U1"), &json!("home"), &json!("section"))
    );
}

#[tokio::test]
async fn a_form_is_changed_only_if_it_is_what_was_seen() {
    let told = Told::default().answers(
        "views.update",
        &[json!({"ok": true, "view": {}}), json!({"ok": false, "error": "hash_conflict"})],
    );
    let api = told.api().await;
    let view = json!({"type": "modal"});
    api.update_view("V1", None, &view).await.unwrap();
    let late = api.update_view("V1", Some("h1"), &view).await.unwrap_err();
    assert!(late.is_view_moved_on());
    let asked = told.asked("views.update");
    assert_eq!(
        (asked[0].get("hash"), &asked[1]["hash"], &asked[1]["view_id"]),
        (None, &json!("h1"), &json!("V1"))
    );
}

#[tokio::test]
async fn bad_blocks_are_told_apart_from_a_bad_channel() {
    let bad = json!({"ok": false, "error": "invalid_arguments", "response_metadata": {"messages": ["[ERROR] too long [json-pointer:/view/blocks/0]"]}});
    let other = json!({"ok": false, "error": "invalid_arguments", "response_metadata": {"messages": ["[ERROR] missing required field: user_id"]}});
    let told = Told::default().answers("views.publish", &[bad, other]).answers(
        "reactions.add",
        &[
            json!({"ok": false, "error": "invalid_blocks"}),
            json!({"ok": false, "error": "channel_not_found"}),
        ],
    );
    let api = told.api().await;
    assert!(api.publish_home("U1", vec![]).await.unwrap_err().is_invalid_blocks());
    assert!(!api.publish_home("U1", vec![]).await.unwrap_err().is_invalid_blocks());
    assert!(api.react("C1", &Ts::from("1.1"), "x").await.unwrap_err().is_invalid_blocks());
    assert!(!api.react("C1", &Ts::from("1.1"), "x").await.unwrap_err().is_invalid_blocks());
}

#[tokio::test]
async fn scopes_are_what_slack_says_beside_its_answer() {
    let us = json!({"ok": true, "team_id": "T1", "user_id": "U0"});
    let told = Told { scopes: Some("commands,chat:write, users:read"), ..Told::default() }
        .answers("auth.test", from_ref(&us));
    let scopes = ["commands", "chat:write", "users:read"].map(ToOwned::to_owned).to_vec();
    assert_eq!(told.api().await.granted_scopes().await, Ok(Some(scopes)));
    assert_eq!(told.asked("auth.test")[0]["token"], "Bearer xoxb-ours");
    assert_eq!(
        Told::default().answers("auth.test", &[us]).api().await.granted_scopes().await,
        Ok(None)
    );
}

#[tokio::test]
async fn scopes_of_a_token_that_is_no_good_are_an_error() {
    let told =
        Told::default().answers("auth.test", &[json!({"ok": false, "error": "invalid_auth"})]);
    assert!(told.api().await.granted_scopes().await.unwrap_err().is_about_us());
    for (status, body) in [(500, "oops"), (200, "<html>"), (200, "{}"), (200, "[]")] {
        let told = Told::default().breaks("auth.test", status, body);
        assert!(
            matches!(told.api().await.granted_scopes().await, Err(SlackError::Unknown { .. })),
            "{status} {body}"
        );
    }
    let busy = Told::default().breaks("auth.test", 429, "").api().await;
    assert!(matches!(busy.granted_scopes().await, Err(SlackError::RateLimited { .. })));
    let nobody = SlackApi::new(SlackApiConfig::new(
        Some("http://127.0.0.1:9/api".parse().unwrap()),
        SecretString::from("xoxb-ours"),
    ));
    assert!(matches!(nobody.granted_scopes().await, Err(SlackError::NotSent { .. })));
}

#[tokio::test]
async fn the_app_behind_the_bot_is_known() {
    let told = Told::default()
        .answers(
            "auth.test",
            &[json!({"ok": true, "team_id": "T1", "user_id": "U0", "bot_id": "B0"})],
        )
        .answers(
            "bots.info",
            &[json!({"ok": true, "bot": {"id": "B0", "app_id": "A1", "name": "Signoff"}})],
        );
    assert_eq!(
        told.api().await.app().await,
        Ok(App { id: "A1".to_owned(), name: "Signoff".to_owned() })
    );
    assert_eq!(told.asked("bots.info")[0]["bot"], "B0");
}

#[tokio::test]
async fn a_socket_is_asked_for_with_the_apps_own_token() {
    let told = Told::default().answers(
        "apps.connections.open",
        &[
            json!({"ok": true, "url": "wss://example.com/link"}),
            json!({"ok": false, "error": "not_allowed_token_type"}),
        ],
    );
    let api = told.api().await;
    let token = SecretString::from("xapp-1-A1-2-3");
    assert_eq!(api.can_open_socket(&token).await, Ok(()));
    assert_eq!(told.asked("apps.connections.open")[0]["token"], "Bearer xapp-1-A1-2-3");
    assert!(api.can_open_socket(&token).await.unwrap_err().is_about_us());
}

#[tokio::test]
async fn a_channel_we_are_not_in_says_so() {
    let told = Told::default().answers(
        "conversations.history",
        &[json!({"ok": true, "messages": []}), json!({"ok": false, "error": "not_in_channel"})],
    );
    let api = told.api().await;
    assert_eq!(api.can_read("C1").await, Ok(()));
    assert!(api.can_read("C1").await.unwrap_err().is_permanent_for_channel());
    assert_eq!(told.asked("conversations.history")[0]["limit"], "1");
}

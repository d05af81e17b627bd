//! How does a call reach the workspace, and its answer the caller?

use std::future::pending;
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, RawQuery, State as With};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep};
use url::form_urlencoded;

use super::calls::Call;
use super::faults::{self, Fault};
use super::state::State;
use super::wire::Cutter;
use super::{APP_TOKEN, BOT_TOKEN, Shared, files, messages, reads, scopes, socket, views};

/// The arguments of a call, wherever they stood.
pub(super) struct Arguments(pub Map<String, Value>);

/// What a method answers: Slack's JSON without `ok`, or why not.
pub(super) type Answer = Result<Value, Refusal>;

/// An error as Slack answers it.
#[derive(Debug)]
pub(super) struct Refusal {
    pub error: &'static str,
    /// What is wrong, each in a sentence.
    pub because: Vec<String>,
}

impl From<&'static str> for Refusal {
    fn from(error: &'static str) -> Self {
        Self { error, because: vec![] }
    }
}

impl Refusal {
    fn json(&self) -> Value {
        let mut answer = json!({ "ok": false, "error": self.error });
        if !self.because.is_empty() {
            answer["response_metadata"] = json!({ "messages": self.because });
        }
        answer
    }
}

impl Arguments {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn number(&self, name: &str) -> Option<usize> {
        let value = self.0.get(name)?;
        value
            .as_u64()
            .and_then(|it| usize::try_from(it).ok())
            .or_else(|| value.as_str()?.parse().ok())
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        self.0
            .get(name)
            .is_some_and(|value| value == &json!(true) || value == "true" || value == "1")
    }
}

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/api/{method}", any(called))
        .route("/respond/{id}", post(responded))
        .route("/upload/{id}", post(uploaded))
        .with_state(shared)
}

/// Who is calling, beside what.
struct Caller {
    cutter: Cutter,
    authorised: Option<&'static str>,
}

async fn called(
    With(shared): With<Arc<Shared>>,
    ConnectInfo(cutter): ConnectInfo<Cutter>,
    Path(method): Path<String>,
    RawQuery(query): RawQuery,
    request: (HeaderMap, Bytes),
) -> Response {
    let (headers, body) = request;
    let arguments = arguments(&headers, query.as_deref().unwrap_or_default(), &body);
    answer(
        &shared,
        Caller { cutter, authorised: authorised(&headers, &method) },
        &method,
        arguments,
    )
    .await
}

async fn uploaded(With(shared): With<Arc<Shared>>, Path(id): Path<String>, bytes: Bytes) -> String {
    shared.change(|state| files::upload(state, &id, bytes))
}

async fn responded(
    With(shared): With<Arc<Shared>>,
    ConnectInfo(cutter): ConnectInfo<Cutter>,
    Path(id): Path<String>,
    request: (HeaderMap, Bytes),
) -> Response {
    let (headers, body) = request;
    let mut arguments = arguments(&headers, "", &body);
    arguments.0.insert("response_id".to_owned(), json!(id));
    let token_leaked = headers.contains_key(header::AUTHORIZATION);
    if token_leaked {
        shared.lock().violations.push("response_url: the token was sent along".to_owned());
    }
    answer(&shared, Caller { cutter, authorised: None }, "response_url", arguments).await
}

async fn answer(
    shared: &Arc<Shared>,
    caller: Caller,
    method: &str,
    arguments: Arguments,
) -> Response {
    let (number, fault) = shared.change(|state| {
        state.calls.push(Call {
            method: method.to_owned(),
            arguments: Value::Object(arguments.0.clone()),
            at: Instant::now(),
            answer: None,
        });
        (state.calls.len() - 1, faults::next(state, method, &arguments))
    });
    if let Some(Fault::DoesLate(time)) = fault {
        let (shared, method) = (Arc::clone(shared), method.to_owned());
        tokio::spawn(async move {
            sleep(time).await;
            shared.change(|state| drop(allowed(state, &caller, &method, &arguments)));
        });
        return pending().await;
    }
    let act = || shared.change(|state| allowed(state, &caller, method, &arguments));
    let plain = |answer: Value| {
        let scopes = shared.change(|state| {
            state.calls[number].answer = Some(answer.clone());
            state.scopes.iter().copied().collect::<Vec<_>>().join(",")
        });
        ([("x-oauth-scopes", scopes)], Json(answer)).into_response()
    };
    let server_error = || (StatusCode::INTERNAL_SERVER_ERROR, "oops").into_response();
    match fault {
        None => plain(act()),
        Some(Fault::Refuses(error)) => plain(json!({ "ok": false, "error": error })),
        Some(Fault::RateLimited { seconds }) => {
            let body = Json(json!({ "ok": false, "error": "ratelimited" }));
            (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds.to_string())], body)
                .into_response()
        }
        Some(Fault::ServerError) => server_error(),
        Some(Fault::Hangs | Fault::DoesLate(_)) => pending().await,
        Some(Fault::HangsUp) => hang_up(&caller),
        Some(Fault::DoesThenServerError) => {
            act();
            server_error()
        }
        Some(Fault::DoesThenHangs) => {
            act();
            pending().await
        }
        Some(Fault::DoesThenHangsUp) => {
            act();
            hang_up(&caller)
        }
        Some(Fault::DoesSlowly(time)) => {
            let answer = act();
            sleep(time).await;
            plain(answer)
        }
    }
}

/// The answer to a caller whom we know, and who may.
fn allowed(state: &mut State, caller: &Caller, method: &str, arguments: &Arguments) -> Value {
    if let Some(error) = caller.authorised {
        return json!({ "ok": false, "error": error });
    }
    if let Some(needed) = scopes::needed(method, arguments).filter(|it| !state.scopes.contains(it))
    {
        let provided = state.scopes.iter().copied().collect::<Vec<_>>().join(",");
        return json!({ "ok": false, "error": "missing_scope", "needed": needed, "provided": provided });
    }
    match act(state, method, arguments) {
        Ok(mut answer) => {
            answer["ok"] = json!(true);
            answer
        }
        Err(refusal) => refusal.json(),
    }
}

fn hang_up(caller: &Caller) -> Response {
    caller.cutter.cut();
    StatusCode::OK.into_response()
}

fn act(state: &mut State, method: &str, arguments: &Arguments) -> Answer {
    match method {
        "apps.connections.open" => socket::open(state),
        "auth.test" => Ok(reads::auth_test()),
        "users.info" => reads::users_info(state, arguments),
        "conversations.replies" => reads::replies(state, arguments),
        "conversations.history" => reads::history(state, arguments),
        "conversations.info" => reads::channel_info(state, arguments),
        "users.conversations" => reads::channels_of(state, arguments),
        "conversations.open" => reads::open(state, arguments),
        "chat.postMessage" => messages::post(state, arguments),
        "chat.update" => messages::update(state, arguments),
        "chat.delete" => messages::delete(state, arguments),
        "chat.postEphemeral" => messages::ephemeral(state, arguments),
        "files.getUploadURLExternal" => files::address(state, arguments),
        "files.completeUploadExternal" => files::complete(state, arguments),
        "reactions.add" => messages::react(state, arguments),
        "response_url" => messages::respond(state, arguments),
        "views.open" => views::open(state, arguments),
        "views.update" => views::update(state, arguments),
        "views.push" => views::push(state, arguments),
        "views.publish" => views::publish(state, arguments),
        "usergroups.users.list" => reads::group_members(state, arguments),
        _ => Err("unknown_method".into()),
    }
}

/// Why the caller may not; none if it may.
fn authorised(headers: &HeaderMap, method: &str) -> Option<&'static str> {
    let token = if method == "apps.connections.open" { APP_TOKEN } else { BOT_TOKEN };
    match headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok()) {
        None => Some("not_authed"),
        Some(value) if value.strip_prefix("Bearer ") == Some(token) => None,
        Some(_) => Some("invalid_auth"),
    }
}

/// From the query, and from a body that is JSON or a form. In a form, what looks like JSON is.
fn arguments(headers: &HeaderMap, query: &str, body: &[u8]) -> Arguments {
    let pairs = |bytes: &[u8]| -> Map<String, Value> {
        let value = |text: &str| {
            let structured = text.starts_with(['[', '{']);
            serde_json::from_str(text).ok().filter(|_| structured).unwrap_or_else(|| json!(text))
        };
        form_urlencoded::parse(bytes)
            .map(|(name, text)| (name.into_owned(), value(&text)))
            .collect()
    };
    let mut arguments = pairs(query.as_bytes());
    let kind =
        headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/json") {
        if let Ok(Value::Object(fields)) = serde_json::from_slice(body) {
            arguments.extend(fields);
        }
    } else {
        arguments.extend(pairs(body));
    }
    Arguments(arguments)
}

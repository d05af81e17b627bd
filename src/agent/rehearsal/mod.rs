//! Rehearsal: how can the real CLI be driven without a key?
//! A scripted model speaks the Messages API over a Unix socket. It remembers nothing: the conversation it is sent says what comes next.

mod conversation;
mod messages_api;
mod reply;
mod scenario;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::UnixListener;

use conversation::Conversation;
use reply::ModelReply;
pub use scenario::{
    Fault, FaultKind, Scenario, ScenarioError, Scene, ScriptedCall, ScriptedTurn, Usage,
};

/// Whole conversations are sent with every request.
const LARGEST_REQUEST_BYTES: usize = 64 * 1024 * 1024;

struct ScriptedModel {
    scenario: Arc<Scenario>,
    /// How often each turn's fault has happened, by scene and turn: a conversation does not show that.
    faults: Mutex<BTreeMap<(usize, usize), u32>>,
}

/// Answers as the scenario says, until dropped.
pub async fn serve(listener: UnixListener, scenario: Arc<Scenario>) {
    let model = Arc::new(ScriptedModel { scenario, faults: Mutex::default() });
    let router = Router::new()
        .route("/v1/messages", post(message))
        .route("/v1/messages/count_tokens", post(count_tokens))
        .route("/v1/models", get(models))
        .fallback(elsewhere)
        .layer(DefaultBodyLimit::max(LARGEST_REQUEST_BYTES))
        .with_state(model);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the rehearsal model stopped serving");
    }
}

async fn message(
    State(scripted): State<Arc<ScriptedModel>>,
    Json(request): Json<Value>,
) -> Response {
    let scenario = &scripted.scenario;
    let reply = reply::next_reply(scenario, &Conversation::read(&request))
        .within(request["max_tokens"].as_u64());
    let streamed = request["stream"] == json!(true);
    let fault = scripted.fault(&reply).filter(|kind| streamed || *kind != FaultKind::Cut);
    if let Some(FaultKind::Refused { status, retry_after }) = fault {
        return messages_api::refusal(status, retry_after);
    }
    tokio::time::sleep(reply.pause).await;
    let model = request["model"].as_str().unwrap_or(&scenario.model);
    match (streamed, fault) {
        (true, None) => messages_api::as_stream(&reply, model, scenario.chunk),
        (true, Some(_)) => messages_api::as_half_a_stream(&reply, model, scenario.chunk),
        (false, _) => messages_api::as_json(&reply, model),
    }
}

impl ScriptedModel {
    /// The fault that is sent instead of this reply, as often as the scenario says.
    fn fault(&self, reply: &ModelReply) -> Option<FaultKind> {
        let fault = reply.fault?;
        let mut struck = self.faults.lock().expect("nobody panics while holding it");
        let times = struck.entry(reply.place?).or_default();
        *times += 1;
        (*times <= fault.times).then_some(fault.kind)
    }
}

/// Four bytes a token is near enough for a rehearsal.
async fn count_tokens(Json(request): Json<Value>) -> Json<Value> {
    Json(json!({"input_tokens": request.to_string().len() / 4}))
}

async fn models(State(scripted): State<Arc<ScriptedModel>>) -> Json<Value> {
    let id = &scripted.scenario.model;
    Json(
        json!({"data": [{"type": "model", "id": id, "display_name": id, "created_at": "2026-01-01T00:00:00Z"}], "has_more": false}),
    )
}

async fn elsewhere(method: Method) -> Response {
    if method == Method::HEAD {
        StatusCode::OK.into_response()
    } else {
        messages_api::refusal(StatusCode::NOT_FOUND, None)
    }
}

//! How can the real CLI be driven without a key?
//! A scripted model speaks the Messages API over a Unix socket. It remembers nothing: the conversation it is sent says what comes next.

mod conversation;
mod play;
mod scenario;
mod wire;

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
use play::ModelReply;
pub use scenario::{Call, Fault, Scenario, ScenarioError, Scene, Turn, Usage};

/// Whole conversations are sent with every request.
const LARGEST_REQUEST_BYTES: usize = 64 * 1024 * 1024;

struct Stage {
    scenario: Arc<Scenario>,
    /// How often a fault struck, by scene and turn: the one thing a conversation cannot say.
    faults: Mutex<BTreeMap<(usize, usize), u32>>,
}

/// Answers as the scenario says, until dropped.
pub async fn serve(listener: UnixListener, scenario: Arc<Scenario>) {
    let stage = Arc::new(Stage { scenario, faults: Mutex::default() });
    let router = Router::new()
        .route("/v1/messages", post(message))
        .route("/v1/messages/count_tokens", post(count_tokens))
        .route("/v1/models", get(models))
        .fallback(elsewhere)
        .layer(DefaultBodyLimit::max(LARGEST_REQUEST_BYTES))
        .with_state(stage);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the rehearsal model stopped serving");
    }
}

async fn message(State(stage): State<Arc<Stage>>, Json(request): Json<Value>) -> Response {
    let conversation = Conversation::read(&request);
    let answer = play::answer(&stage.scenario, &conversation);
    if let Some(status) = stage.fault(&answer) {
        return wire::fault(status);
    }
    tokio::time::sleep(answer.pause).await;
    let model = request["model"].as_str().unwrap_or(&stage.scenario.model);
    if request["stream"] == json!(true) {
        wire::stream(&answer, model, stage.scenario.chunk)
    } else {
        wire::whole(&answer, model)
    }
}

impl Stage {
    fn fault(&self, answer: &ModelReply) -> Option<StatusCode> {
        let fault = answer.fault?;
        let mut struck = self.faults.lock().expect("nobody panics while holding it");
        let times = struck.entry(answer.place?).or_default();
        *times += 1;
        (*times <= fault.times).then_some(fault.status)
    }
}

/// Four bytes a token is near enough for a rehearsal.
async fn count_tokens(Json(request): Json<Value>) -> Json<Value> {
    Json(json!({"input_tokens": request.to_string().len() / 4}))
}

async fn models(State(stage): State<Arc<Stage>>) -> Json<Value> {
    let id = &stage.scenario.model;
    Json(
        json!({"data": [{"type": "model", "id": id, "display_name": id, "created_at": "2026-01-01T00:00:00Z"}], "has_more": false}),
    )
}

async fn elsewhere(method: Method) -> Response {
    if method == Method::HEAD {
        StatusCode::OK.into_response()
    } else {
        wire::fault(StatusCode::NOT_FOUND)
    }
}

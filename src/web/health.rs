//! Health checks and metrics: is it alive, can it work, and how much does it do?

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::Web;
use crate::metrics;
use crate::slack::SocketHealth;

const PATIENCE: Duration = Duration::from_millis(2_500);

/// The process answers.
pub async fn live() -> &'static str {
    "alive\n"
}

/// What `serve` depends on answers. By HTTP, Slack being away does not make it unready: its requests could not reach us anyway.
/// Before anything answers here it was proven that people who may not decide are refused ([`crate::chat::Proven`]).
/// With Socket Mode we call Slack: a process without a connection for a minute is of no use, so it is not ready.
pub async fn ready(State(web): State<Web>) -> (StatusCode, Json<Value>) {
    let (database, temporal) = tokio::join!(
        timeout(PATIENCE, web.services.store.ping()),
        timeout(PATIENCE, web.services.engine.ping())
    );
    let (database, temporal) = (matches!(database, Ok(Ok(()))), matches!(temporal, Ok(Ok(_))));
    let mut answer = json!({ "refusals_proven": true, "database": database, "temporal": temporal, "slack": transport(&web) });
    if let Some(health) = socket(&web) {
        answer["socket"] = json!({ "connections": health.connections(), "hello_age_seconds": health.hello_age().map(|age| age.as_secs()) });
    }
    let ready = database && temporal && socket(&web).is_none_or(SocketHealth::is_well);
    (if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(answer))
}

fn socket(web: &Web) -> Option<&SocketHealth> {
    web.slack.as_ref()?.socket.as_ref()
}

fn transport(web: &Web) -> Option<&'static str> {
    web.slack.as_ref().map(|slack| if slack.socket.is_some() { "socket" } else { "http" })
}

/// Prometheus's text.
pub async fn metrics(State(web): State<Web>) -> impl IntoResponse {
    if let Some(health) = socket(&web) {
        metrics::slack_socket(health.connections(), health.hello_age());
    }
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], metrics::text())
}

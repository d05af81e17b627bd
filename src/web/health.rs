//! Is it alive, and can it work?

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::Web;

const PATIENCE: Duration = Duration::from_millis(2_500);

/// The event loop turns.
pub async fn live() -> &'static str {
    "alive\n"
}

/// What `serve` depends on answers. Slack being away does not make it unready: its requests could not reach us anyway.
pub async fn ready(State(web): State<Web>) -> (StatusCode, Json<Value>) {
    let (database, temporal) = tokio::join!(timeout(PATIENCE, web.doors.store.ping()), timeout(PATIENCE, web.doors.engine.ping()));
    let (database, temporal) = (matches!(database, Ok(Ok(()))), matches!(temporal, Ok(Ok(_))));
    let status = if database && temporal { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "database": database, "temporal": temporal })))
}

//! The HTTP server: which requests are answered, and where? Nothing but HTTP.
//! One router: Slack's requests, pages for people, probes for machines.

mod connections;
mod health;
mod pages;
mod slack;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use chrono::{DateTime, Utc};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::chat::Proven;
use crate::commands::Services;
use crate::slack::{SlackApi, SocketHealth, Verifier};
use crate::thread::RenderContext;

pub use connections::serve;

/// Slack sends a few kilobytes; more than this is somebody else.
const BODY_BYTES: usize = 1 << 20;

/// What the routes need. Without Slack, only pages and probes answer.
#[derive(Clone)]
pub struct Web {
    /// Nothing answers before it was proven that people who may not decide are refused.
    pub proven: Proven,
    pub services: Services,
    /// What pages know of the world around a run.
    pub render: RenderContext,
    pub slack: Option<SlackEndpoint>,
    pub clock: fn() -> DateTime<Utc>,
}

/// How requests come from Slack, and how answers go back.
#[derive(Clone)]
pub struct SlackEndpoint {
    /// None where Slack uses Socket Mode alone, so that no request comes by HTTP.
    pub verifier: Option<Arc<Verifier>>,
    /// The health of Socket Mode, where it is used.
    pub socket: Option<SocketHealth>,
    pub api: SlackApi,
    /// Where an emulator's answers go; Slack's own are known.
    pub api_url: Option<url::Url>,
    /// What drawings in Slack know of the world around a run: their links lead where people of Slack are.
    pub render: RenderContext,
}

/// All routes.
pub fn router(web: Web) -> Router {
    // A diff of half a megabyte is a tenth of that on its way to a phone.
    let pages = Router::new()
        .route("/runs/{run}", get(pages::run))
        .route("/runs/{run}/diff/{stage}", get(pages::diff))
        .route("/runs/{run}/diff/{stage}/{work}", get(pages::diff))
        .route("/runs/{run}/diff/{stage}/{work}/{part}", get(pages::diff))
        .route("/runs/{run}/logs/{stage}/{attempt}", get(pages::logs))
        .route("/style.css", get(pages::style))
        .layer(CompressionLayer::new());
    Router::new()
        .route("/slack", post(slack::receive))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .merge(pages)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(CatchPanicLayer::new())
        .with_state(web)
}

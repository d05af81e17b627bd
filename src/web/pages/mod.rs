//! Web pages: which are there, and who may open them?

mod diff;
mod layout;
mod run;

use std::collections::BTreeMap;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use maud::Markup;
use serde::Deserialize;
use url::Url;

use super::Web;
use crate::commands::shown_patch;
use crate::run::{Run, RunId, StageName};
use crate::store::StoreError;
use crate::thread::LinkError;
use crate::workspace::Patch;
use diff::{DiffPage, diff_page};
use layout::{CSP, CSS, link_page};
use run::{RunPage, run_page};

/// What a signed link carries.
#[derive(Debug, Deserialize)]
pub struct Signed {
    /// When it expires, and an HMAC over path and expiry.
    s: String,
}

type Signature = Result<Query<Signed>, QueryRejection>;

pub async fn style() -> Response {
    (
        [
            (header::CONTENT_TYPE, "text/css; charset=utf-8"),
            (header::CACHE_CONTROL, "max-age=3600"),
        ],
        CSS,
    )
        .into_response()
}

pub async fn run(State(web): State<Web>, Path(run): Path<RunId>, signed: Signature) -> Response {
    let path = format!("/runs/{run}");
    let expires_at = match opens(&web, &path, signed) {
        Ok(expires_at) => expires_at,
        Err(refused) => return refused,
    };
    match tokio::join!(web.services.store.run(&run), web.services.store.progress(&run)) {
        (Ok(Some(run)), Ok(progress)) => page(run_page(&RunPage {
            run: &run,
            progress: progress.as_ref(),
            render: &web.render,
            names: &BTreeMap::new(),
            expires_at,
        })),
        (Ok(None), Ok(_)) => gone(&path),
        (Err(e), _) | (_, Err(e)) => away(&e),
    }
}

pub async fn diff(
    State(web): State<Web>,
    Path((run, stage)): Path<(RunId, StageName)>,
    signed: Signature,
) -> Response {
    let path = format!("/runs/{run}/diff/{stage}");
    let expires_at = match opens(&web, &path, signed) {
        Ok(expires_at) => expires_at,
        Err(refused) => return refused,
    };
    match shown_diff(&web, &run, &stage).await {
        Ok(Some((run, shown))) => page(diff_page(&DiffPage {
            run: &run,
            stage: &stage,
            files: &shown.files,
            truncated: shown.truncated,
            expires_at,
            run_page: run_link(&web, &run).as_ref(),
            clock_zone: web.render.clock_zone,
        })),
        Ok(None) => gone(&path),
        Err(e) => away(&e),
    }
}

/// The run and what one of its stages changed; none where either is not there.
async fn shown_diff(
    web: &Web,
    run: &RunId,
    stage: &StageName,
) -> Result<Option<(Run, Patch)>, StoreError> {
    let store = &web.services.store;
    let Some(run) = store.run(run).await? else { return Ok(None) };
    Ok(shown_patch(store, &run, stage).await?.map(|patch| (run, patch)))
}

fn run_link(web: &Web, run: &Run) -> Option<Url> {
    Some(web.render.links.as_ref()?.run(run.id(), run.started_at?))
}

/// Until when the page opens; else the answer instead of it.
#[expect(clippy::result_large_err, reason = "the refusal is the page")]
fn opens(web: &Web, path: &str, signed: Signature) -> Result<DateTime<Utc>, Response> {
    let (Some(links), Ok(Query(Signed { s }))) = (&web.render.links, signed) else {
        return Err(gone(path));
    };
    links.verify(path, &s, (web.clock)()).map_err(|why| match why {
        LinkError::Expired => (StatusCode::GONE, link_page(why, &way_home(path))).into_response(),
        LinkError::Wrong => gone(path),
    })
}

fn page(markup: Markup) -> Response {
    let mut response = markup.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}

/// From a page to the folder of `style.css`; relative, because we may be served below a path.
fn way_home(path: &str) -> String {
    "../".repeat(path.matches('/').count().saturating_sub(1))
}

fn gone(path: &str) -> Response {
    (StatusCode::NOT_FOUND, link_page(LinkError::Wrong, &way_home(path))).into_response()
}

fn away(error: &StoreError) -> Response {
    tracing::error!(error = %error, "could not read a page's data");
    (
        StatusCode::SERVICE_UNAVAILABLE,
        "Signoff's database does not answer. Please try again in a minute.\n",
    )
        .into_response()
}

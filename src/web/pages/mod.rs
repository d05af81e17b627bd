//! Web pages: which are there, and who may open them?

mod diff;
mod layout;
mod logs;
mod names;
mod run;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use maud::Markup;
use serde::Deserialize;

use super::Web;
use crate::commands::patch_of;
use crate::run::{RunId, StageName};
use crate::store::StoreError;
use crate::thread::{BadDiffAddress, DiffAddress, FeatureRow, LinkError, logs_path};
use diff::{DiffPage, diff_page};
use layout::{CSP, CSS, link_page};
use logs::{AttemptLogs, LogsPage, logs_page};
use run::{Relatives, RunPage, run_page};

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
    match run_markup(&web, &run, expires_at).await {
        Ok(Some(markup)) => page(markup),
        Ok(None) => gone(&path),
        Err(e) => away(&e),
    }
}

/// None where there is no such run.
async fn run_markup(
    web: &Web,
    run: &RunId,
    expires_at: DateTime<Utc>,
) -> Result<Option<Markup>, StoreError> {
    let store = &web.services.store;
    let (run, progress) = tokio::try_join!(store.run(run), store.progress(run))?;
    let Some(run) = run else { return Ok(None) };
    let before = match run.request.does_again() {
        Some(again) => store.run(&again.run).await?,
        None => None,
    };
    let whole = match &run.request.part_of {
        Some(member) => store.run(&member.batch).await?,
        None => None,
    };
    let children = store.children_of(&run).await?;
    let rows = FeatureRow::all(&run, &children, (web.clock)());
    // A row without a run is one that was never begun.
    let features = rows.into_iter().filter_map(|row| {
        let run = children.iter().find(|run| *run.id() == row.run)?.clone();
        Some((row, run))
    });
    let features: Vec<_> = features.collect();
    let beside = if run.request.batch.is_some() { Vec::new() } else { children };
    let after = store.runs_that_do_again(run.id()).await?;
    let relatives = Relatives { before, after, whole, features, beside };
    let pruned_at = store.pruned_at(run.id()).await?;
    Ok(Some(run_page(&RunPage {
        run: &run,
        progress: progress.as_ref(),
        render: &web.render,
        names: &names::names(web.slack.as_ref(), &run).await,
        relatives: &relatives,
        pruned_at,
        logged: &web.services.archive.of(&run).attempts_with_files().await,
        expires_at,
    })))
}

/// What the address of a page of logs says.
#[derive(Debug, Deserialize)]
pub struct LogsPath {
    run: RunId,
    stage: StageName,
    attempt: u32,
}

pub async fn logs(
    State(web): State<Web>,
    Path(LogsPath { run, stage, attempt }): Path<LogsPath>,
    signed: Signature,
) -> Response {
    let path = logs_path(&run, &stage, attempt);
    let expires_at = match opens(&web, &path, signed) {
        Ok(expires_at) => expires_at,
        Err(refused) => return refused,
    };
    let run = match web.services.store.run(&run).await {
        Ok(Some(run)) => run,
        Ok(None) => return gone(&path),
        Err(e) => return away(&e),
    };
    let Some((stage, attempt)) =
        run.stage(&stage).and_then(|stage| Some((stage, stage.attempt(attempt)?)))
    else {
        return gone(&path);
    };
    let files = web.services.archive.of(&run).attempt(stage.name(), attempt).await;
    let logs = AttemptLogs::read(&files).await;
    let pruned_at = match web.services.store.pruned_at(run.id()).await {
        Ok(pruned_at) => pruned_at,
        Err(e) => return away(&e),
    };
    let (run, render, logs) = (&run, &web.render, &logs);
    page(logs_page(&LogsPage { run, stage, attempt, logs, pruned_at, render, expires_at }))
}

/// What the address of a diff's page says.
#[derive(Debug, Deserialize)]
pub struct DiffPath {
    run: RunId,
    stage: StageName,
    work: Option<String>,
    part: Option<String>,
}

impl TryFrom<DiffPath> for DiffAddress {
    type Error = BadDiffAddress;

    fn try_from(path: DiffPath) -> Result<Self, BadDiffAddress> {
        let work = path.work.map(|work| work.parse()).transpose()?;
        let part = path.part.map(|part| part.parse()).transpose()?.unwrap_or_default();
        Ok(Self { run: path.run, stage: path.stage, work, part })
    }
}

pub async fn diff(
    State(web): State<Web>,
    Path(path): Path<DiffPath>,
    signed: Signature,
) -> Response {
    let depth = 4 + [&path.work, &path.part].into_iter().flatten().count();
    let Ok(address) = DiffAddress::try_from(path) else { return gone(&"/".repeat(depth)) };
    let path = address.path();
    let expires_at = match opens(&web, &path, signed) {
        Ok(expires_at) => expires_at,
        Err(refused) => return refused,
    };
    match diff_markup(&web, &address, expires_at).await {
        Ok(Some(markup)) => page(markup),
        Ok(None) => gone(&path),
        Err(e) => away(&e),
    }
}

/// None where the run, the stage, or the diff of exactly that work is not there.
async fn diff_markup(
    web: &Web,
    address: &DiffAddress,
    expires_at: DateTime<Utc>,
) -> Result<Option<Markup>, StoreError> {
    let store = &web.services.store;
    let Some(run) = store.run(&address.run).await? else { return Ok(None) };
    let Some(stage) = run.stage(&address.stage) else { return Ok(None) };
    let named = address.work.as_ref();
    let attempt = named.map_or_else(|| run.shown(&address.stage), |work| work.find(stage));
    let Some(attempt) = attempt else { return Ok(None) };
    let Some(patch) = patch_of(store, (&run, stage), attempt).await? else { return Ok(None) };
    let (part, bound) = (address.part, named.is_some());
    let since = patch.since_round.as_deref().filter(|_| part.since_round);
    if part.since_round && since.is_none() {
        return Ok(None);
    }
    let patch = since.unwrap_or(&patch);
    let (run, render) = (&run, &web.render);
    Ok(Some(diff_page(&DiffPage { run, stage, attempt, patch, part, bound, expires_at, render })))
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

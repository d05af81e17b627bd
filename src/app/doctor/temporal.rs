//! The doctor's look at Temporal: does it answer, is it ours, and does anybody work there?

use super::Finding;
use crate::app::parts;
use crate::config::Config;
use crate::engine::{Engine, Examination};
use crate::run::RunId;
use crate::store::Store;

const WHAT: &str = "temporal";
const REMEDY: &str = "Start `signoff up`, or set TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.";

/// What is to be said about Temporal.
pub(super) async fn look(config: &Config) -> Finding {
    let engine = Engine::new(parts::temporal_address(config), config.task_queue.clone());
    let found = match engine.examine().await {
        Ok(found) => found,
        Err(e) => return Finding::missing(WHAT, format!("{e}. {REMEDY}")),
    };
    let tried = format!(
        "server {}, namespace {}, task queue {}",
        found.server_version, config.temporal_namespace, config.task_queue
    );
    let unknown = unknown_runs(config, &found).await;
    if let Some(stranger) = unknown.first() {
        let says = format!(
            "{tried}: {} of its open runs are not in our database ({stranger}). Somebody else uses this task queue: set TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE or SIGNOFF_TASK_QUEUE, or the DATABASE_URL that belongs to it.",
            unknown.len()
        );
        return Finding::missing(WHAT, says);
    }
    let open = match found.open_runs.len() {
        0 => "no open runs".to_owned(),
        n => format!("{n} open, all in our database"),
    };
    match found.workers {
        0 => Finding::less(
            WHAT,
            format!("{tried}: {open}; no worker takes runs there. Start `signoff worker`."),
        ),
        1 => Finding::ok(WHAT, format!("{tried}: 1 worker, {open}")),
        n => Finding::ok(WHAT, format!("{tried}: {n} workers, {open}")),
    }
}

/// Open runs that our database has never heard of. Without a database nothing can be said.
async fn unknown_runs(config: &Config, found: &Examination) -> Vec<RunId> {
    let Some(url) = &config.database_url else { return Vec::new() };
    let Ok(store) = Store::connect(url).await else { return Vec::new() };
    let mut unknown = Vec::new();
    for run in &found.open_runs {
        if matches!(store.run(run).await, Ok(None)) {
            unknown.push(run.clone());
        }
    }
    unknown
}

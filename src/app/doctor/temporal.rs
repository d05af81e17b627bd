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
    let found = match Box::pin(engine.examine()).await {
        Ok(found) => found,
        Err(e) => return Finding::missing(WHAT, format!("{e}. {REMEDY}")),
    };
    let tried = format!(
        "server {}, namespace {}, task queue {}",
        found.server_version, found.namespace, config.task_queue
    );
    if !found.lacking.is_empty() {
        let lacking = found.lacking.join(", ");
        let says = format!(
            "{tried}: it lacks the search attributes {lacking}, so no run starts. Add each: `temporal operator search-attribute create --type Keyword --name …`, or on your provider's page."
        );
        return Finding::missing(WHAT, says);
    }
    let unknown = match unknown_runs(config, &found).await {
        Ok(unknown) => unknown,
        Err(why) => {
            let open = found.open_runs.len();
            let says =
                format!("{tried}: {open} open; whether they are ours could not be asked: {why}");
            return Finding::less(WHAT, says);
        }
    };
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

/// Open runs that our database has never heard of; or why it cannot be asked, for people.
async fn unknown_runs(config: &Config, found: &Examination) -> Result<Vec<RunId>, String> {
    if found.open_runs.is_empty() {
        return Ok(Vec::new());
    }
    let url = config.database_url.as_ref().ok_or("there is no database")?;
    let store = Store::connect(url).await.map_err(|e| e.to_string())?;
    let mut unknown = Vec::new();
    for run in &found.open_runs {
        if store.run(run).await.map_err(|e| e.to_string())?.is_none() {
            unknown.push(run.clone());
        }
    }
    Ok(unknown)
}

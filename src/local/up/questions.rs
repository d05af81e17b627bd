//! The questions that are open: what becomes of them when everything starts again?
//! They are shown anew, because a new local Slack knows nothing, and are told of at the start.

use secrecy::SecretString;

use crate::local::local_slack::TEAM;
use crate::local::up_file::UpFile;
use crate::store::Store;

/// Most questions that are told of.
const MOST: i64 = 20;

/// What waits for an answer: `<run> · <stage>`.
pub(super) async fn waiting(file: &UpFile) -> Vec<String> {
    let Some(store) = store(file).await else { return Vec::new() };
    let runs = store.waiting_runs(None, MOST).await.unwrap_or_default();
    let asked = runs.iter().filter_map(|run| Some((run.id(), &run.gate.as_ref()?.id.stage)));
    asked.map(|(run, stage)| format!("{run} · {stage}")).collect()
}

/// Has the threads of open runs posted again. On a new database there are none, and not even tables.
pub(super) async fn show_anew(file: &UpFile) {
    if let Some(store) = store(file).await
        && let Ok(shown @ 1..) = store.show_open_runs_anew(TEAM).await
    {
        tracing::info!("the local Slack is new: the threads of {shown} open runs are posted again");
    }
}

async fn store(file: &UpFile) -> Option<Store> {
    Store::connect(&SecretString::from(file.database_url.clone())).await.ok()
}

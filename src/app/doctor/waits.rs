//! The doctor's look at runs that no worker can go on with: what do the workers lack, on whatever machine they are?
//! What this machine lacks stands in the other findings.

use super::Finding;
use crate::config::Config;
use crate::run::{Run, WorkerWait};
use crate::store::Store;

/// Most runs that are told of.
const MOST: i64 = 10;

/// A line for each; none where none waits, or where the database does not answer, which is said elsewhere.
pub(super) async fn look(config: &Config) -> Vec<Finding> {
    let Some(url) = &config.database_url else { return Vec::new() };
    let Ok(store) = Store::connect(url).await else { return Vec::new() };
    let runs = store.runs_without_worker(None, MOST).await.unwrap_or_default();
    runs.iter().filter_map(says).collect()
}

fn says(run: &Run) -> Option<Finding> {
    let WorkerWait { stage, why, since, .. } = run.waits_for_worker()?;
    let since = since.format("%Y-%m-%d %H:%M");
    let says = format!(
        "{} waits since {since} UTC for a worker that can go on with {stage}: {why}. Mend that or start a worker that has it, and the run goes on by itself",
        run.id()
    );
    Some(Finding::less("waits", says))
}

//! Which runs are there?

use std::collections::BTreeMap;

use super::queue::all_queued;
use super::{Asker, Reply, ReplyKind, Services, Sight, is_visible_to};
use crate::run::{QueuedAttempt, Run, Usd};
use crate::store::StoreError;
use crate::thread;

/// So many runs are looked at, to find as many as are listed.
const LOOKED_AT: i64 = 200;

/// The newest runs, a line each, and what each spent so far.
pub async fn list(
    services: &Services,
    asker: &Asker,
    limit: i64,
) -> Result<(Vec<(Run, Usd)>, Reply), StoreError> {
    // Those of channels that they do not see must not crowd out the others.
    let newest = services.store.newest_runs(limit.max(LOOKED_AT)).await?;
    let seen = newest.into_iter().filter(|run| is_visible_to(run, asker));
    let mut runs: Vec<(Run, Usd)> = Vec::new();
    for run in seen.take(usize::try_from(limit).unwrap_or(0)) {
        let spent = spent(services, &run).await?;
        runs.push((run, spent));
    }
    let waits = runs.iter().any(|(run, _)| run.request.queued && run.outcome.is_none());
    let queued = if waits { all_queued(services).await? } else { BTreeMap::new() };
    let lines: Vec<String> = runs.iter().map(|it| line(it, queued.get(it.0.id()))).collect();
    let mut text = if lines.is_empty() {
        "No runs yet. `/develop PROJECT` starts one.".to_owned()
    } else {
        lines.join("\n")
    };
    if asker.sight.doubt {
        text.push_str(Sight::DOUBT);
    }
    Ok((runs, Reply::new(ReplyKind::Done, text)))
}

/// With what the runs spent so far that are part of it.
async fn spent(services: &Services, run: &Run) -> Result<Usd, StoreError> {
    if run.children_under_way().is_empty() {
        return Ok(run.spent());
    }
    Ok(run.spent_with(&services.store.children_of(run).await?))
}

fn line((run, spent): &(Run, Usd), queued: Option<&QueuedAttempt>) -> String {
    let queued = queued.filter(|it| run.wants_slot(it));
    let phase = if queued.is_some() { "queued" } else { thread::phase(run) };
    let of = run.budget().map(|b| format!(" of {b}")).unwrap_or_default();
    let developing = run.features_over().filter(|(over, all)| over < all);
    let at = match run.current() {
        _ if let Some((over, all)) = developing.filter(|_| run.outcome.is_none()) => {
            format!(" · {over} of {all} features are over")
        }
        Some((n, stage)) if run.outcome.is_none() => {
            format!(" · stage {n} of {} · {}", run.stages.len(), stage.name())
        }
        _ => String::new(),
    };
    format!("`{}` · {phase}{at} · {spent}{of}", run.id())
}

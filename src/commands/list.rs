//! Which runs are there?

use std::collections::BTreeMap;

use super::queue::all_queued;
use super::{Asker, Reply, ReplyKind, Services, Sight, is_visible_to};
use crate::run::{QueuedAttempt, Run};
use crate::store::StoreError;
use crate::thread;

/// So many runs are looked at, to find as many as are listed.
const LOOKED_AT: i64 = 200;

/// The newest runs, a line each.
pub async fn list(
    services: &Services,
    asker: &Asker,
    limit: i64,
) -> Result<(Vec<Run>, Reply), StoreError> {
    // Those of channels that they do not see must not crowd out the others.
    let newest = services.store.newest_runs(limit.max(LOOKED_AT)).await?;
    let seen = newest.into_iter().filter(|run| is_visible_to(run, asker));
    let runs: Vec<Run> = seen.take(usize::try_from(limit).unwrap_or(0)).collect();
    let waits = runs.iter().any(|run| run.request.queued && run.outcome.is_none());
    let queued = if waits { all_queued(services).await? } else { BTreeMap::new() };
    let lines: Vec<String> = runs.iter().map(|run| line(run, queued.get(run.id()))).collect();
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

fn line(run: &Run, queued: Option<&QueuedAttempt>) -> String {
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
    format!("`{}` · {phase}{at} · {}{of}", run.id(), run.spent())
}

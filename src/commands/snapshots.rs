//! What can a run go back to?

use serde_json::{Value, json};

use super::pruned::pruned_line;
use super::{Reply, ReplyKind, Services};
use crate::run::Run;
use crate::store::StoreError;
use crate::thread::snapshot_lines;

/// Most lines in a private answer.
const MOST: usize = 40;

/// The snapshots of a run, a line each; and whether they are still there.
pub async fn snapshots(services: &Services, run: &Run) -> Result<Reply, StoreError> {
    let reply = listed(run);
    let pruned_at = services.store.pruned_at(run.id()).await?;
    Ok(match pruned_at {
        Some(at) => reply.and(&pruned_line(run.id(), at)),
        None => reply,
    })
}

fn listed(run: &Run) -> Reply {
    let lines = snapshot_lines(run);
    let folded = lines.len().saturating_sub(MOST);
    let shown = lines[folded..].iter().map(|it| format!("`{}` · {}", it.name, it.about));
    let more = (folded > 0).then(|| format!("… {folded} before"));
    let text = more.into_iter().chain(shown).collect::<Vec<_>>().join("\n");
    let how = match run.outcome {
        None => format!("`/develop rollback {} SNAPSHOT` goes back to one of them", run.id()),
        Some(_) if run.beginnings().next().is_none() => {
            format!("The run is over: `/develop again {}` does it anew", run.id())
        }
        Some(_) => format!("The run is over: `/develop again {} from STAGE` takes it up", run.id()),
    };
    Reply::new(ReplyKind::Done, format!("{text}\n{how}")).about(run.id())
}

/// `snapshots --json`.
#[must_use]
pub fn snapshots_json(run: &Run) -> Value {
    let entries = run.snapshots().map(|it| {
        json!({
            "name": it.to().to_string(),
            "stage": it.stage.name(),
            "attempt": it.attempt.n,
            "fate": it.fate,
            "commit": it.snapshot.commit,
            "tree": it.snapshot.tree,
            "tests": it.attempt.tests,
            "cost_usd": it.attempt.cost_usd,
            "seconds": it.attempt.seconds,
            "at": it.attempt.started_at,
        })
    });
    entries.collect()
}

//! Which runs are there?

use super::find::is_visible_to;
use super::{Asker, Reply, ReplyKind, Services};
use crate::run::Run;
use crate::store::StoreError;
use crate::thread;

/// The newest runs, a line each.
pub async fn list(
    services: &Services,
    asker: &Asker,
    limit: i64,
) -> Result<(Vec<Run>, Reply), StoreError> {
    let runs: Vec<Run> = services
        .store
        .newest_runs(limit)
        .await?
        .into_iter()
        .filter(|run| is_visible_to(run, asker))
        .collect();
    let lines: Vec<String> = runs.iter().map(line).collect();
    let text = if lines.is_empty() {
        "No runs yet. `/develop &lt;project&gt;` starts one.".to_owned()
    } else {
        lines.join("\n")
    };
    Ok((runs, Reply::new(ReplyKind::Done, text)))
}

fn line(run: &Run) -> String {
    let of = run.request.budget_usd.map(|b| format!(" of {b}")).unwrap_or_default();
    let at = match run.current() {
        Some((n, stage)) if run.outcome.is_none() => {
            format!(" · stage {n} of {} · {}", run.stages.len(), stage.name())
        }
        _ => String::new(),
    };
    format!("`{}` · {}{at} · {}{of}", run.id(), thread::phase(run), run.spent())
}

//! Which work is fetched, and what is said of it?
//! Kept, rejected, stopped and failed work alike; nothing here changes a run.

use super::elsewhere::no_repository;
use super::misunderstood::code_safe;
use super::{Reply, ReplyKind};
use crate::run::{RollbackTo, Run};
use crate::thread;
use crate::workspace::ArchivedRun;

/// The work that is meant, by the names that a rollback takes; the newest, where none is said. Else what they are told.
pub fn work_to_fetch(run: &Run, wanted: Option<&str>) -> Result<RollbackTo, Reply> {
    let found = match wanted {
        Some(word) => run.find_snapshot(word),
        None => run.snapshots().last().map(|newest| newest.to()),
    };
    found.ok_or_else(|| {
        let id = run.id();
        let text = wanted.map_or_else(
            || format!("`{id}` has no work that could be fetched: no attempt of it left any yet."),
            |word| {
                let word = code_safe(word);
                format!("`{id}` has no work `{word}`. `signoff snapshots {id}` lists what it has.")
            },
        );
        Reply::new(ReplyKind::Unknown, text).about(id)
    })
}

/// It is on this branch now.
pub fn fetched(run: &Run, work: &RollbackTo, branch: &str) -> Reply {
    let text = format!("`{work}` is on branch `{branch}`. To look at it: `git switch {branch}`");
    Reply::new(ReplyKind::Done, text).about(run.id())
}

/// Its repository is on the disk of a worker elsewhere, and not in the artifact store.
pub fn work_elsewhere(archived: ArchivedRun<'_>, work: &RollbackTo) -> Reply {
    let run = archived.run();
    let attempt = match work {
        RollbackTo::Attempt { stage, attempt } => run.attempt(stage, *attempt),
        RollbackTo::Start => None,
    };
    let id = run.id();
    let text = match attempt.and_then(|attempt| thread::fetch_of_pushed(run, attempt)) {
        Some(fetch) => format!(
            "The repository of `{id}` is not on this machine, but the work was pushed: `{fetch}`"
        ),
        None => no_repository(archived),
    };
    Reply::new(ReplyKind::Refused, text).about(id)
}

/// git would not; why, with what mends it.
pub fn not_fetched(run: &Run, why: &str) -> Reply {
    Reply::new(ReplyKind::Refused, format!("Nothing was fetched: {why}.")).about(run.id())
}

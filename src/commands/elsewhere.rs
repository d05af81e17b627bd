//! What is said where something of a run can be read neither here nor in the artifact store? Where it is, and what to set.

use super::{Reply, ReplyKind};
use crate::run::{Attempt, RunId};
use crate::workspace::{ArchivedRun, AttemptFiles};

/// Its files cannot be read here.
#[must_use]
pub fn logs_elsewhere(archived: ArchivedRun<'_>, attempt: &Attempt, files: &AttemptFiles) -> Reply {
    let (id, folder) = (archived.id(), files.path().display());
    let what = match archived.store_address() {
        Some(store) => {
            format!("Neither {folder} nor the artifact store {store} has anything of it")
        }
        None => format!("This machine has no {folder}, and knows no artifact store"),
    };
    let text = if attempt.is_over() {
        format!("{what}. {}", set_both(id))
    } else {
        format!(
            "{what}: it is at work on another machine, and its logs come to the store when its agent is done, and when its checks are. Ask again then; or set SIGNOFF_HOME to that of the worker of `{id}`, or ask there."
        )
    };
    Reply::new(ReplyKind::Away, text)
}

/// Its repository cannot be read here; sentences.
pub(super) fn no_repository(archived: ArchivedRun<'_>) -> String {
    let folder = archived.folder();
    let folder = folder.path().display();
    let what = match archived.store_address() {
        Some(store) => {
            format!("Neither {folder} nor the artifact store {store} has a repository of it.")
        }
        None => {
            format!(
                "There is no repository of it in {folder}, and no artifact store is known here."
            )
        }
    };
    format!("{what} {}", set_both(archived.id()))
}

fn set_both(run: &RunId) -> String {
    format!(
        "Set SIGNOFF_ARTIFACTS to what the workers share, or set SIGNOFF_HOME to that of the worker of `{run}`, or ask there."
    )
}

//! `signoff prune`, at a shell: what old runs left is thrown away, or only told.

use chrono::TimeDelta;

use super::Talk;
use crate::app::cli::PruneArgs;
use crate::app::{Failure, parts, retention};
use crate::commands::{PruneError, PruneLimits, PruneOutcome, Pruner, Reply, ReplyKind};

impl Talk<'_> {
    pub(super) async fn prune(&mut self, args: PruneArgs) -> Result<u8, Failure> {
        let now = parts::now();
        let limits = match (args.older_than, args.keep_bytes) {
            (None, None) => retention::limits(self.services.projects.current().retention, now),
            (days, bytes) => PruneLimits {
                ended_before: days.map(|days| now - TimeDelta::days(days.into())),
                bytes: bytes.map(|bytes| bytes.0),
                only_copies: true,
            },
        };
        let pruner = Pruner { store: &self.services.store, archive: &self.services.archive };
        let report = if args.dry_run {
            pruner.look(limits).await?
        } else {
            match pruner.prune(limits, now).await? {
                PruneOutcome::Pruned(report) => report,
                PruneOutcome::Busy => {
                    let text = "A worker, or another `prune`, is at it. Try again in a minute.";
                    return self.reply(&Reply::new(ReplyKind::Away, text));
                }
            }
        };
        if self.json {
            self.document(&report.json())
        } else {
            self.reply(&Reply::new(ReplyKind::Done, report.text()))
        }
    }
}

impl From<PruneError> for Failure {
    fn from(error: PruneError) -> Self {
        match error {
            PruneError::Store(error) => error.into(),
            PruneError::Workspace(error) => {
                anyhow::Error::from(error).context("throwing away what runs left").into()
            }
        }
    }
}

//! Risks of a change: what deserves a second look?
//! Read from the two snapshots alone, by our own code: nothing that an agent wrote is run, asked or followed.
//! Bounded: what was too much to look through is reported as large, so that nothing is left out silently.

mod added;
mod assertions;
mod blobs;
mod change;
mod check_settings;
mod dependencies;
mod findings;
mod manifest;
pub(super) mod paths;
mod secrets;
mod test_blocks;
mod weakened;

use super::diff::{DIFF, NumstatEntry};
use super::{Result, Shadow};
use crate::run::{Flag, Risk, Snapshot};
use change::Change;
use check_settings::called_paths;
pub(super) use findings::RiskFindings;
use findings::is_large;
pub(super) use secrets::masked;

/// Of these files, which a reader is not shown whole: those that hold code.
pub(super) fn not_shown<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<Flag> {
    let mut findings = RiskFindings::default();
    paths.filter(|path| paths::is_code(path)).for_each(|path| findings.add(Risk::NotShown, path));
    findings.flags()
}

/// What is looked through: what git counted between the two snapshots, and the commands that judge the work.
#[derive(Clone, Copy)]
pub(super) struct RisksOf<'a> {
    pub files: &'a [NumstatEntry],
    pub commands: &'a [String],
}

impl Shadow {
    /// What a reader should look at twice, each risk at most once, in their order.
    pub(super) async fn risks(
        &self,
        from: &Snapshot,
        to: &Snapshot,
        of: RisksOf<'_>,
    ) -> Result<Vec<Flag>> {
        let changes = self.changes(from, to, of.files).await?;
        let sizes = self.sizes(changes.iter().flat_map(Change::files)).await?;
        let mut findings = RiskFindings::default();
        for change in &changes {
            findings.add_by_name(change);
            findings.add_by_size(change, &sizes);
        }
        // Where nothing was before, nothing could be forged.
        if !from.is_empty() {
            let called = called_paths(of.commands);
            for change in &changes {
                findings.add_check_settings(change, &called);
            }
            self.look_for_lost_tests(&changes, &sizes, &mut findings).await?;
        }
        self.look_into_manifests(&changes, &sizes, &mut findings).await?;
        let unread = self.look_for_secrets(from, to, &changes, &mut findings).await?;
        for change in unread.iter().filter(|change| !is_large(change, &sizes)) {
            findings.add(Risk::Large, &change.path);
        }
        Ok(findings.flags())
    }

    async fn changes(
        &self,
        from: &Snapshot,
        to: &Snapshot,
        files: &[NumstatEntry],
    ) -> Result<Vec<Change>> {
        let (ids, options) =
            ([from.commit.as_str(), to.commit.as_str()], ["--raw", "--no-abbrev", "-z"]);
        let raw = self.git().args(DIFF).args(options).args(ids).bytes().await?;
        Ok(change::parse_raw(&raw, files))
    }
}

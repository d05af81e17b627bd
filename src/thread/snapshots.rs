//! The snapshots of a run in words: what can it go back to?
//! The same lines in the form, in a private answer and at a shell.

use super::figures;
use crate::run::{RollbackTo, Run, Snapshot, SnapshotEntry, SnapshotFate};
use crate::slack::{Mrkdwn, one_line};

/// How much of a commit's name tells it apart.
const COMMIT: usize = 12;

/// A snapshot by the name that a rollback takes, and what is known of it in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotLine {
    pub name: String,
    pub about: String,
}

/// All of them, the newest stage's last; before them what the run began with.
#[must_use]
pub fn snapshot_lines(run: &Run) -> Vec<SnapshotLine> {
    let start =
        SnapshotLine { name: RollbackTo::Start.to_string(), about: "as the run began".to_owned() };
    let all =
        run.snapshots().map(|it| SnapshotLine { name: it.to().to_string(), about: about(&it) });
    [start].into_iter().chain(all).collect()
}

/// A snapshot's commit, as much of its name as tells it apart.
pub(super) fn commit(snapshot: &Snapshot) -> Mrkdwn {
    let commit = one_line(&snapshot.commit, COMMIT).trim_end_matches('…').to_owned();
    Mrkdwn::code(&commit, COMMIT)
}

/// `kept · 50/50 tests · 3 files +156 −12 · $0.22 · 40s`.
fn about(it: &SnapshotEntry<'_>) -> String {
    let tests = it.attempt.tests.map(figures::tests);
    let diff = it.attempt.diff.as_ref().map(figures::diff);
    let spent = [it.attempt.cost_usd.to_string(), figures::span(it.attempt.seconds)];
    let parts = [fate(it.fate).to_owned()].into_iter().chain(tests).chain(diff).chain(spent);
    parts.collect::<Vec<_>>().join(" · ")
}

/// What became of the work in a snapshot, in a word or two.
const fn fate(fate: SnapshotFate) -> &'static str {
    match fate {
        SnapshotFate::Kept => "kept",
        SnapshotFate::Asked => "asked about",
        SnapshotFate::Good => "good",
        SnapshotFate::ThrownAway => "thrown away",
        SnapshotFate::Unchecked => "unchecked",
        SnapshotFate::LeftBehind => "left behind",
    }
}

//! Added lines: which lines are new, and does one of them look like a credential?
//! As much of them as a reader could ever be shown is looked at; the rest is named.

use std::time::Duration;

use super::change::Change;
use super::findings::RiskFindings;
use super::secrets::LineScanner;
use crate::run::{Risk, Snapshot};
use crate::workspace::diff::DIFF;
use crate::workspace::hunks::{hunks, sections, sections_of};
use crate::workspace::{Result, Shadow, WorkspaceError};

/// How much of a difference is looked through.
const MOST_BYTES: u64 = 8 << 20;
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// After so many lines, other tasks have their turn, such as the heartbeat.
const LINES_BETWEEN_YIELDS: usize = 1_000;

/// A difference without context.
struct AddedText {
    text: String,
    /// Not cut anywhere.
    whole: bool,
}

impl Shadow {
    /// Adds each line that looks like a credential to the findings, by its place and never by its words. Returns the files that were
    /// too much to look through.
    pub(super) async fn look_for_secrets<'a>(
        &self,
        from: &Snapshot,
        to: &Snapshot,
        changes: &'a [Change],
        findings: &mut RiskFindings,
    ) -> Result<Vec<&'a Change>> {
        let added = self.added_text(from, to).await?;
        let mut sections = sections(&added.text).into_iter();
        let mut unread = vec![];
        for change in changes.iter().filter(|change| !change.is_gone()) {
            let of_file: Vec<_> = sections.by_ref().take(sections_of(change.letter)).collect();
            let is_cut = !added.whole && sections.len() == 0;
            if is_cut && change.adds_lines() {
                unread.push(change);
            }
            scan(change, &of_file, findings).await;
        }
        Ok(unread)
    }

    async fn added_text(&self, from: &Snapshot, to: &Snapshot) -> Result<AddedText> {
        let options = ["-U0", "--diff-filter=d", &from.commit, &to.commit];
        let asked = self.git().args(DIFF).args(options).within(READ_TIMEOUT);
        let (text, whole) = match asked.output(MOST_BYTES).await {
            Ok(output) if output.out.len() as u64 >= MOST_BYTES => (output.out, false),
            Ok(output) => (output.success("diff")?, true),
            Err(WorkspaceError::Slow { .. }) => (Vec::new(), false),
            Err(error) => return Err(error),
        };
        Ok(AddedText { text: String::from_utf8_lossy(&text).into_owned(), whole })
    }
}

async fn scan(change: &Change, sections: &[&str], findings: &mut RiskFindings) {
    let scanner = LineScanner::of(&change.path);
    for (at, (number, line)) in sections.iter().flat_map(|section| added(section)).enumerate() {
        if scanner.finds_secret_in(line) {
            findings.add(Risk::Secret, &format!("{}:{number}", change.path));
        }
        if at % LINES_BETWEEN_YIELDS == 0 {
            tokio::task::yield_now().await;
        }
    }
}

/// The added lines of one file's section without context, with their numbers.
fn added(section: &str) -> impl Iterator<Item = (u64, &str)> {
    let mut number = 0;
    hunks(section).split('\n').filter_map(move |line| {
        if let Some(head) = line.strip_prefix("@@ ") {
            number = first_number(head);
            return None;
        }
        let text = line.strip_prefix('+')?;
        number += 1;
        Some((number - 1, text))
    })
}

/// The new file's line in `-1,2 +3,4 @@`.
fn first_number(head: &str) -> u64 {
    let new = head.split(' ').find_map(|word| word.strip_prefix('+')).unwrap_or_default();
    new.split(',').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn added_lines_are_numbered() {
        let section = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1,2 @@ fn @@ +9\n-a\n+b\n++c\n@@ -9,0 +11 @@\n+@@ d\n\\ No newline at end of file\n";
        assert_eq!(added(section).collect::<Vec<_>>(), [(1, "b"), (2, "+c"), (11, "@@ d")]);
        assert_eq!(added("diff --git a/x b/y\nrename from x\n").count(), 0);
    }
}

//! Which lines are new, and does one of them look like a credential?
//! As much of them as a reader could ever be shown is looked at; the rest is named.

use std::time::Duration;

use super::change::Change;
use super::{Found, secrets};
use crate::run::{Risk, Snapshot};
use crate::workspace::diff::PLAIN;
use crate::workspace::patch::sections;
use crate::workspace::{Shadow, WorkspaceError};

/// How much of a difference is looked through.
const MOST_BYTES: u64 = 8 << 20;
const READING: Duration = Duration::from_secs(30);
/// After as many lines others have their turn, such as who tells that we live.
const BREATH: usize = 1_000;

impl Shadow {
    /// Notes each added line that looks like a credential by its place, never by its words. What it could not look through comes back.
    pub(super) async fn look_for_secrets<'a>(
        &self,
        from: &Snapshot,
        to: &Snapshot,
        (changes, found): (&'a [Change], &mut Found),
    ) -> Result<Vec<&'a Change>, WorkspaceError> {
        let asked = self
            .git()
            .args(PLAIN)
            .args(["-U0", "--diff-filter=d", &from.commit, &to.commit])
            .within(READING);
        let (text, whole) = match asked.said(MOST_BYTES).await {
            Ok(said) if said.out.len() as u64 >= MOST_BYTES => (said.out, false),
            Ok(said) if said.status.success() => (said.out, true),
            Ok(said) => {
                return Err(WorkspaceError::Git {
                    what: "diff".to_owned(),
                    why: said.err.trim().to_owned(),
                });
            }
            Err(WorkspaceError::Slow { .. }) => (Vec::new(), false),
            Err(error) => return Err(error),
        };
        let text = String::from_utf8_lossy(&text);
        let mut sections = sections(&text).into_iter();
        let mut unread = vec![];
        for change in changes.iter().filter(|change| !change.is_gone()) {
            // A file that became a link, or the other way round, is told in two sections: gone and new.
            let told: Vec<_> =
                sections.by_ref().take(if change.letter == 'T' { 2 } else { 1 }).collect();
            if !whole && sections.len() == 0 && change.lines.is_some_and(|(added, _)| added > 0) {
                unread.push(change);
            }
            let reader = secrets::Reader::of(&change.path);
            for (at, (number, line)) in told.iter().flat_map(|section| added(section)).enumerate() {
                if reader.is_struck_by(line) {
                    found.note(Risk::Secret, &format!("{}:{number}", change.path));
                }
                if at % BREATH == 0 {
                    tokio::task::yield_now().await;
                }
            }
        }
        Ok(unread)
    }
}

/// The added lines of one file's section without context, with their numbers.
fn added(section: &str) -> impl Iterator<Item = (u64, &str)> {
    let hunks = section.find("\n@@ ").map_or("", |at| &section[at + 1..]);
    let mut number = 0;
    hunks.split('\n').filter_map(move |line| {
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

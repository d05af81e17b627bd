//! What in a change deserves a second look?
//! Read from the two snapshots alone, by our own code: nothing that an agent wrote is run, asked or followed.
//! Bounded: what was too much to look through is told as large, never passed over in silence.

mod added;
mod blobs;
mod change;
mod manifest;
mod paths;
mod secrets;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::diff::{Counted, PLAIN};
use super::{Shadow, WorkspaceError};
use crate::run::{Flag, Risk, Snapshot};
use change::Change;
use manifest::Manifest;

/// More added lines than this in one file are not read by anybody.
const LONG_LINES: u64 = 2_000;
/// Nor is a file larger than this.
const LARGE_BYTES: u64 = 1 << 20;
/// A manifest larger than this is no manifest that people write.
const MANIFEST_BYTES: u64 = 256 << 10;
/// As many manifests are compared; each further one counts as changed.
const MANIFESTS: usize = 50;
/// Longest example, in characters: it travels in history. A path's end says more than its beginning.
const EXAMPLE: usize = 160;

impl Shadow {
    /// What a reader should look at twice, each risk at most once, in their order. `files` is what git counted between the two.
    pub(super) async fn risks(
        &self,
        from: &Snapshot,
        to: &Snapshot,
        files: &[Counted],
    ) -> Result<Vec<Flag>, WorkspaceError> {
        let raw = self
            .git()
            .args(PLAIN)
            .args(["--raw", "--no-abbrev", "-z", &from.commit, &to.commit])
            .bytes()
            .await?;
        let changes = change::read(&raw, files);
        let sizes = self.sizes(changes.iter().flat_map(Change::files)).await?;
        let mut found = Found::default();
        for change in &changes {
            found.by_name(change);
            found.by_size(change, &sizes);
        }
        self.look_into_manifests(&changes, &sizes, &mut found).await?;
        let unread = self.look_for_secrets(from, to, (&changes, &mut found)).await?;
        for change in unread.iter().filter(|change| !large(change, &sizes)) {
            found.note(Risk::Large, &change.path);
        }
        Ok(found.flags())
    }

    async fn look_into_manifests(
        &self,
        changes: &[Change],
        sizes: &HashMap<String, u64>,
        found: &mut Found,
    ) -> Result<(), WorkspaceError> {
        let small = |id: &&str| sizes.get(*id).is_some_and(|bytes| *bytes <= MANIFEST_BYTES);
        let manifests: Vec<_> = changes
            .iter()
            .filter_map(|change| Some((change, Manifest::of(&change.path)?, change.after()?)))
            .collect();
        let looked_at = manifests.iter().take(MANIFESTS);
        let texts =
            self.texts(looked_at.flat_map(|(change, ..)| change.files()).filter(small)).await?;
        let mut known = BTreeSet::new();
        for (change, manifest, after) in manifests {
            let was_manifest =
                Manifest::of(change.old_path.as_deref().unwrap_or(&change.path)) == Some(manifest);
            let before = change
                .before()
                .filter(|_| was_manifest)
                .and_then(|id| texts.get(id))
                .map_or("", String::as_str);
            let Some((before, now)) =
                texts.get(after).and_then(|now| Some((manifest.read(before), manifest.read(now)?)))
            else {
                // Whoever installs from it may understand what we do not.
                found.note(Risk::Dependency, &change.path);
                continue;
            };
            let before = before.unwrap_or_default();
            for new in now.declared.iter().filter(|new| !before.declared.contains(new)) {
                if known.insert(new.name.clone()) {
                    found.note(Risk::Dependency, &new.name);
                }
            }
            for hook in now.hooks.iter().filter(|hook| !before.hooks.contains(hook)) {
                found.note(Risk::Automation, &format!("{} ({})", change.path, hook.name));
            }
        }
        Ok(())
    }
}

fn large(change: &Change, sizes: &HashMap<String, u64>) -> bool {
    let long = change.lines.is_some_and(|(added, _)| added > LONG_LINES)
        && !paths::is_lock_file(&change.path);
    long || change.after().and_then(|id| sizes.get(id)).is_some_and(|bytes| *bytes > LARGE_BYTES)
}

/// What was found so far.
#[derive(Default)]
struct Found(BTreeMap<Risk, (u32, String)>);

impl Found {
    /// The first of a kind is its example.
    fn note(&mut self, risk: Risk, example: &str) {
        self.0.entry(risk).or_insert_with(|| (0, shown(example))).0 += 1;
    }

    fn by_name(&mut self, change: &Change) {
        let old = change.old_path.as_deref().unwrap_or(&change.path);
        if [old, &change.path].into_iter().any(paths::is_automation) {
            self.note(Risk::Automation, &change.path);
        }
        if paths::is_lock_file(&change.path) {
            self.note(Risk::LockFile, &change.path);
        }
        let lost = change.is_gone() || !paths::is_test(&change.path);
        if change.before().is_some() && paths::is_test(old) && (lost || change.is_rewritten()) {
            self.note(Risk::Tests, old);
        }
    }

    fn by_size(&mut self, change: &Change, sizes: &HashMap<String, u64>) {
        if change.is_gone() || !change.is_rewritten() {
            return;
        }
        if change.lines.is_none() {
            self.note(Risk::Binary, &change.path);
        }
        if large(change, sizes) {
            self.note(Risk::Large, &change.path);
        }
    }

    fn flags(self) -> Vec<Flag> {
        self.0.into_iter().map(|(risk, (count, example))| Flag { risk, count, example }).collect()
    }
}

/// Fit to be shown: one line, not too long, and without what looks like a secret, also where that is in a name.
fn shown(example: &str) -> String {
    let plain: String = secrets::masked(example)
        .chars()
        .map(|letter| if is_steering(letter) { '\u{fffd}' } else { letter })
        .collect();
    let letters = plain.chars().count();
    if letters <= EXAMPLE {
        plain
    } else {
        std::iter::once('…').chain(plain.chars().skip(letters - EXAMPLE + 1)).collect()
    }
}

/// Control characters, and those that turn the direction of the text around them.
fn is_steering(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_short_and_steer_nothing() {
        assert_eq!(shown("src/a.js:3"), "src/a.js:3");
        assert_eq!(shown("a\nb\u{202e}c"), "a\u{fffd}b\u{fffd}c");
        let long = shown(&format!("{}/end.js", "x".repeat(5_000)));
        assert!(
            long.chars().count() == EXAMPLE && long.starts_with('…') && long.ends_with("x/end.js")
        );
    }

    #[test]
    fn a_secret_in_a_name_is_not_shown() {
        assert_eq!(shown(concat!("keys/AK", "IA2E5Q7ZK3LMNTP4WX.txt")), "keys/….txt");
    }
}

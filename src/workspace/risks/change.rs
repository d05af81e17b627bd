//! Changed files: what became of each?
//! From `git diff --raw -z`: names of files are data here, whatever they look like.

use crate::workspace::diff::NumstatEntry;
use crate::workspace::records::records;

/// One changed file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// A, D, M, R or T, as git says it.
    pub letter: char,
    old: Blob,
    new: Blob,
    pub path: String,
    /// Its name before, where it was renamed.
    pub old_path: Option<String>,
    /// Added and removed; none where the file is binary.
    pub lines: Option<(u64, u64)>,
}

/// One side of a change.
#[derive(Debug, PartialEq, Eq)]
struct Blob {
    mode: String,
    id: String,
}

impl Blob {
    /// Its id, where it is a regular file: what a link leads to is none of ours.
    fn file(&self) -> Option<&str> {
        self.mode.starts_with("100").then_some(self.id.as_str())
    }
}

impl Change {
    /// `head` is `:<mode> <mode> <id> <id> M`.
    fn new(head: &str, entry: &NumstatEntry) -> Self {
        let mut words = head.trim_start_matches(':').split(' ').map(str::to_owned);
        let mut word = || words.next().unwrap_or_default();
        let (old_mode, new_mode, old_id, new_id) = (word(), word(), word(), word());
        Self {
            letter: word().chars().next().unwrap_or('M'),
            old: Blob { mode: old_mode, id: old_id },
            new: Blob { mode: new_mode, id: new_id },
            path: entry.path.clone(),
            old_path: entry.old_path.clone(),
            lines: entry.lines,
        }
    }

    /// Its name before: the same, where it was not renamed.
    pub fn old_name(&self) -> &str {
        self.old_path.as_deref().unwrap_or(&self.path)
    }

    pub fn adds_lines(&self) -> bool {
        self.lines.is_some_and(|(added, _)| added > 0)
    }

    /// The regular file before.
    pub fn before(&self) -> Option<&str> {
        self.old.file()
    }

    /// The regular file now.
    pub fn after(&self) -> Option<&str> {
        self.new.file()
    }

    /// The regular files before and now.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.before().into_iter().chain(self.after())
    }

    pub const fn is_gone(&self) -> bool {
        self.letter == 'D'
    }

    /// Whether its contents changed; a new name or mode alone does not count.
    pub fn is_rewritten(&self) -> bool {
        self.old.id != self.new.id
    }
}

/// Reads `:<mode> <mode> <id> <id> M\0path\0`, a rename with two paths; `entries` are the same files in the same order.
pub(super) fn parse_raw(raw: &[u8], entries: &[NumstatEntry]) -> Vec<Change> {
    let mut fields = records(raw).into_iter();
    let mut changes = vec![];
    for entry in entries {
        let Some(head) = fields.next() else { break };
        let change = Change::new(&head, entry);
        fields.nth(usize::from(matches!(change.letter, 'R' | 'C')));
        changes.push(change);
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renames_and_links_are_read() {
        let entry = |path: &str, old: Option<&str>| NumstatEntry {
            path: path.into(),
            old_path: old.map(Into::into),
            lines: Some((1, 0)),
        };
        let raw = b":100644 100755 a1 b2 R090\0old\0:new\0:000000 120000 00 c3 A\0link\0";
        let changes = parse_raw(raw, &[entry(":new", Some("old")), entry("link", None)]);
        assert_eq!(
            (changes[0].letter, changes[0].before(), changes[0].after()),
            ('R', Some("a1"), Some("b2"))
        );
        assert_eq!(
            (changes[1].letter, changes[1].path.as_str(), changes[1].after()),
            ('A', "link", None)
        );
    }
}

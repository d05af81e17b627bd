//! Unified diffs: how does a patch read to git, and how many lines of which files are in it?
//! What was kept whole can be applied by `git apply`; what is missing is said in front of its file.

use std::fmt::Write as _;

use super::{Became, FileModes, FilePatch, FileStatus, Patch};

/// How the one hunk of a new file begins.
const NEW_FILE: &str = "@@ -0,0 ";
/// Widest bar of `--stat`.
const BAR: u64 = 40;

impl Patch {
    /// As `git diff` prints it.
    #[must_use]
    pub fn unified(&self) -> String {
        self.files.iter().map(unified).collect()
    }

    /// As `git diff --stat` prints it.
    #[must_use]
    pub fn stat(&self) -> String {
        let name = |file: &FilePatch| match &file.old_path {
            Some(old) if *old != file.path => format!("{} => {}", quoted(old), quoted(&file.path)),
            _ => quoted(&file.path),
        };
        let widest = self.files.iter().map(|file| name(file).chars().count()).max().unwrap_or(0);
        let most = self.files.iter().map(FilePatch::changed).max().unwrap_or(0);
        let mut text = String::new();
        for file in &self.files {
            let lines = if file.binary {
                "Bin".to_owned()
            } else {
                format!("{} {}", file.changed(), bar(file, most))
            };
            let _ = writeln!(text, " {:<widest$} | {}", name(file), lines.trim_end());
        }
        let (added, removed) = self.lines();
        let _ = writeln!(
            text,
            " {} files changed, {added} insertions(+), {removed} deletions(-)",
            self.files.len()
        );
        text
    }

    /// Lines that were added, and removed.
    #[must_use]
    pub fn lines(&self) -> (u64, u64) {
        let sum =
            |of: fn(&FilePatch) -> u64| self.files.iter().map(of).fold(0, u64::saturating_add);
        (sum(|file| file.added), sum(|file| file.removed))
    }
}

fn bar(file: &FilePatch, most: u64) -> String {
    let scaled = |n: u64| if most > BAR { (n * BAR).div_ceil(most) } else { n };
    let signs = |sign: &str, n| sign.repeat(usize::try_from(scaled(n)).unwrap_or(0));
    signs("+", file.added) + &signs("-", file.removed)
}

fn unified(file: &FilePatch) -> String {
    let mut text = String::new();
    if file.not_kept() > 0 {
        let _ = writeln!(
            text,
            "# {} changed lines of {} are not kept here",
            file.not_kept(),
            quoted(&file.path)
        );
    }
    match gone_and_new(file) {
        Some(both) => text.extend(both.iter().map(section)),
        None => text.push_str(&section(file)),
    }
    text
}

/// A file that became a link, or the other way round: git tells of that in two sections.
fn gone_and_new(file: &FilePatch) -> Option<[FilePatch; 2]> {
    const NONE: &str = "000000";
    let (before, after) = modes(file);
    // The first three digits say what it is, the others who may do what with it.
    let is_other_kind = file.status == FileStatus::Modified && before.get(..3) != after.get(..3);
    is_other_kind.then(|| {
        let (gone, new) = file.text.split_at(beginning_of_new(&file.text));
        let part = |status, before: &str, after: &str, text: &str| FilePatch {
            status,
            modes: Some(FileModes { before: before.to_owned(), after: after.to_owned() }),
            text: text.to_owned(),
            ..file.clone()
        };
        [part(FileStatus::Deleted, before, NONE, gone), part(FileStatus::Added, NONE, after, new)]
    })
}

/// Every line of what is gone begins with its sign, so that none reads like this.
fn beginning_of_new(text: &str) -> usize {
    let starts = text.match_indices(NEW_FILE).map(|(at, _)| at);
    let mut of_lines = starts.filter(|at| *at == 0 || text.as_bytes()[at - 1] == b'\n');
    of_lines.next().unwrap_or(text.len())
}

fn section(file: &FilePatch) -> String {
    let old = file.old_path.as_deref().unwrap_or(&file.path);
    let (before, after) = (quoted(&format!("a/{old}")), quoted(&format!("b/{}", file.path)));
    let mut text = String::new();
    let _ = writeln!(text, "diff --git {before} {after}");
    text.push_str(&extended_header(file, old));
    if file.binary {
        let _ = writeln!(text, "Binary files {before} and {after} differ");
    } else if !file.text.is_empty() {
        let none = "/dev/null".to_owned();
        let is = |status| file.status == status;
        let from = if is(FileStatus::Added) { &none } else { &before };
        let to = if is(FileStatus::Deleted) { &none } else { &after };
        let _ = writeln!(text, "--- {from}\n+++ {to}");
        text.push_str(&file.text);
        if !file.text.ends_with('\n') {
            text.push('\n');
        }
    }
    text
}

fn extended_header(file: &FilePatch, old: &str) -> String {
    let (before, after) = modes(file);
    let other_mode = if before == after {
        String::new()
    } else {
        format!("old mode {before}\nnew mode {after}\n")
    };
    match file.status {
        FileStatus::Added => format!("new file mode {after}\n"),
        FileStatus::Deleted => format!("deleted file mode {before}\n"),
        FileStatus::Renamed => {
            other_mode + &format!("rename from {}\nrename to {}\n", quoted(old), quoted(&file.path))
        }
        FileStatus::Modified => other_mode,
    }
}

/// Before and after; the likeliest ones, where an older version did not keep them.
fn modes(file: &FilePatch) -> (&str, &str) {
    match (&file.modes, file.became) {
        (Some(modes), _) => (&modes.before, &modes.after),
        (None, Some(Became::Executable)) => ("100644", "100755"),
        (None, Some(Became::NotExecutable)) => ("100755", "100644"),
        (None, Some(Became::Link)) => ("100644", "120000"),
        (None, Some(Became::Submodule)) => ("100644", "160000"),
        (None, Some(Became::File)) => ("120000", "100644"),
        (None, None) => ("100644", "100644"),
    }
}

/// A name as git writes it: between quotes where it holds what would end a line or look like an end.
fn quoted(path: &str) -> String {
    let plain = |c: char| !c.is_control() && c != '"' && c != '\\';
    if path.chars().all(plain) {
        return path.to_owned();
    }
    let mut text = String::from("\"");
    for c in path.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(text, "\\{:03o}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, status: FileStatus, text: &str) -> FilePatch {
        FilePatch {
            path: path.to_owned(),
            old_path: None,
            status,
            became: None,
            modes: None,
            added: text.lines().filter(|line| line.starts_with('+')).count() as u64,
            removed: text.lines().filter(|line| line.starts_with('-')).count() as u64,
            binary: false,
            text: text.to_owned(),
            left_out: 0,
        }
    }

    #[test]
    fn what_an_older_version_kept_reads_as_likely_as_can_be() {
        let became = Some(Became::Link);
        let text = "@@ -1 +0,0 @@\n-@@ -0,0 +1 @@\n@@ -0,0 +1 @@\n+to\n";
        let old = FilePatch { became, ..file("a", FileStatus::Modified, text) };
        insta::assert_snapshot!(unified(&old), @r#"
        diff --git a/a b/a
        deleted file mode 100644
        --- a/a
        +++ /dev/null
        @@ -1 +0,0 @@
        -@@ -0,0 +1 @@
        diff --git a/a b/a
        new file mode 120000
        --- /dev/null
        +++ b/a
        @@ -0,0 +1 @@
        +to
        "#);
    }

    #[test]
    fn it_reads_as_git_prints_it() {
        let patch = Patch {
            files: vec![
                file("new.txt", FileStatus::Added, "@@ -0,0 +1 @@\n+once\n"),
                file("a \"b\".txt", FileStatus::Deleted, "@@ -1 +0,0 @@\n-twice\n"),
                FilePatch {
                    old_path: Some("old.js".into()),
                    ..file("x.js", FileStatus::Renamed, "")
                },
                FilePatch { binary: true, ..file("x.png", FileStatus::Modified, "") },
                FilePatch {
                    left_out: 7,
                    ..file("long.csv", FileStatus::Modified, "@@ -1 +1 @@\n-a\n+b\n")
                },
            ],
            ..Patch::default()
        };
        insta::assert_snapshot!(patch.unified(), @r#"
        diff --git a/new.txt b/new.txt
        new file mode 100644
        --- /dev/null
        +++ b/new.txt
        @@ -0,0 +1 @@
        +once
        diff --git "a/a \"b\".txt" "b/a \"b\".txt"
        deleted file mode 100644
        --- "a/a \"b\".txt"
        +++ /dev/null
        @@ -1 +0,0 @@
        -twice
        diff --git a/old.js b/x.js
        rename from old.js
        rename to x.js
        diff --git a/x.png b/x.png
        Binary files a/x.png and b/x.png differ
        # 7 changed lines of long.csv are not kept here
        diff --git a/long.csv b/long.csv
        --- a/long.csv
        +++ b/long.csv
        @@ -1 +1 @@
        -a
        +b
        "#);
        insta::assert_snapshot!(patch.stat(), @r#"
         new.txt        | 1 +
         "a \"b\".txt"  | 1 -
         old.js => x.js | 0
         x.png          | Bin
         long.csv       | 2 +-
         5 files changed, 2 insertions(+), 2 deletions(-)
        "#);
    }
}

//! Unified diffs: how does a patch read to git, and how many lines of which files are in it?
//! What was kept whole can be applied by `git apply`; what is missing is said in front of its file.

use std::fmt::Write as _;

use super::{Became, FilePatch, FileStatus, Patch};

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
    let old = file.old_path.as_deref().unwrap_or(&file.path);
    let (before, after) = (quoted(&format!("a/{old}")), quoted(&format!("b/{}", file.path)));
    let mut text = String::new();
    if file.not_kept() > 0 {
        let _ = writeln!(
            text,
            "# {} changed lines of {} are not kept here",
            file.not_kept(),
            quoted(&file.path)
        );
    }
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
    let mode = match file.became {
        Some(Became::Executable) => "100755",
        Some(Became::Link) => "120000",
        Some(Became::Submodule) => "160000",
        Some(Became::NotExecutable | Became::File) | None => "100644",
    };
    match (file.status, file.became) {
        (FileStatus::Added, _) => format!("new file mode {mode}\n"),
        (FileStatus::Deleted, _) => "deleted file mode 100644\n".to_owned(),
        (FileStatus::Renamed, _) => {
            format!("rename from {}\nrename to {}\n", quoted(old), quoted(&file.path))
        }
        (FileStatus::Modified, Some(Became::Executable)) => {
            "old mode 100644\nnew mode 100755\n".to_owned()
        }
        (FileStatus::Modified, Some(Became::NotExecutable)) => {
            "old mode 100755\nnew mode 100644\n".to_owned()
        }
        (FileStatus::Modified, _) => String::new(),
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
            added: text.lines().filter(|line| line.starts_with('+')).count() as u64,
            removed: text.lines().filter(|line| line.starts_with('-')).count() as u64,
            binary: false,
            text: text.to_owned(),
            left_out: 0,
        }
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

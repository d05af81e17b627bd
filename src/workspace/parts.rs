//! The parts of a task: into what does an agent say that it split it?
//! It writes them into a file of its clone, which no snapshot holds. Whoever reads it comes after the agent has ended.

use std::path::Path;

use crate::files::read_regular;
use crate::run::TaskPart;

/// More is no list of a few lines.
const LONGEST_BYTES: u64 = 16 << 10;

/// What is in the file, a line each; nothing where there is none that can be read.
#[must_use]
pub fn read_parts(worktree: &Path) -> Vec<String> {
    let said = read_regular(&worktree.join(TaskPart::FILE), LONGEST_BYTES).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let lines = said.lines().map(without_mark).filter(|line| !line.is_empty());
    lines.take(TaskPart::MOST).map(str::to_owned).collect()
}

/// `2. write it` and `- write it` are both a list's.
fn without_mark(line: &str) -> &str {
    let line = line.trim();
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = digits.strip_prefix(['.', ')']).filter(|_| digits.len() < line.len());
    numbered.or_else(|| line.strip_prefix(['-', '*'])).unwrap_or(line).trim()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_list_is_read_however_it_is_marked() {
        let clone = tempfile::tempdir().expect("a folder");
        assert_eq!(read_parts(clone.path()), Vec::<String>::new());
        let list = "1. read the stream\n\n- count it\n* 2 tests\n3) close it\n2nd thoughts\n";
        fs::write(clone.path().join(TaskPart::FILE), list).expect("written");
        let parts = ["read the stream", "count it", "2 tests", "close it", "2nd thoughts"];
        assert_eq!(read_parts(clone.path()), parts);
    }

    #[test]
    fn what_is_no_short_file_is_no_list_and_nobody_waits_for_it() {
        let clone = tempfile::tempdir().expect("a folder");
        let file = clone.path().join(TaskPart::FILE);
        for target in ["/etc/hostname", "/dev/zero"] {
            symlink(target, &file).expect("a link");
            assert_eq!(read_parts(clone.path()), Vec::<String>::new());
            fs::remove_file(&file).expect("removed");
        }
        assert!(Command::new("mkfifo").arg(&file).status().expect("mkfifo").success());
        assert_eq!(read_parts(clone.path()), Vec::<String>::new());
        fs::remove_file(&file).expect("removed");
        fs::write(&file, "x\n".repeat(10_000)).expect("written");
        assert_eq!(read_parts(clone.path()), Vec::<String>::new());
    }
}
